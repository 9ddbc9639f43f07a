"""What stands over the page of one initiative: badges, whether one may use it, a stop or another banner."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.core.words import mid_sentence
from governance.gates import queries as gates
from governance.gates.models import Stop, StopWish
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Exposure
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Row
from governance.templatetags.mandate import moment


def badges(initiative, at: datetime) -> list[dict]:
    """Return the badges after stage, tier and capability. No query."""
    found: list[dict] = []

    def badge(label: str, tone: str, icon: str) -> None:
        found.append({"label": label, "tone": tone, "icon": icon})

    def since(instant: datetime) -> dict[str, str]:
        return {"day": moment(timezone.localtime(instant).date(), at)}

    if initiative.exposure == Exposure.CUSTOMERS:
        badge(_("Customer-facing"), "plain", "")
    if initiative.restricted:
        badge(_("Restricted"), "plain", "lock")
    if initiative.evidence_due_on:
        late = at.date() > initiative.evidence_due_on
        says = _("Evidence missing, was due %(day)s") if late else _("Evidence missing, due %(day)s")
        badge(says % {"day": moment(initiative.evidence_due_on, at)}, "bad" if late else "warn", "not-measured")
    if initiative.is_rollout_paused():
        badge(_("Rollout paused since %(day)s") % since(initiative.rollout_paused_at), "warn", "pause")
    if initiative.is_retiring:
        badge(_("Retiring since %(day)s") % since(initiative.retiring_since), "warn", "not-needed")
    return found


def may_i_use_it(initiative) -> dict:
    """Return the answer to "May I use it?" in one line, and how sure a yes it is. No query."""
    who = {"who": mid_sentence((initiative.scope_who or _("those who were told so")).rstrip("."))}
    stage = Stage(initiative.stage)
    already, partaking = _("Only if you use it already."), _("Only if you take part in the pilot.")
    if stage == Stage.PRODUCTION and initiative.is_rollout_paused():
        return {"state": "waiting", "answer": already, "more": _("Its rollout is paused, so nobody new starts.")}
    if initiative.is_retiring and initiative.is_in_use:
        more = _("It is being retired. Ask what replaces it before you rely on it.")
        return {"state": "waiting", "answer": already, "more": more}
    answers = {
        Stage.TRIAGE: ("not_measured", _("Ask first."), _("Nobody has said yet where it stands.")),
        Stage.DISCOVERED: (
            "waiting",
            _("Ask before you go on."),
            _("It is in use, and nobody has taken responsibility for it yet."),
        ),
        Stage.IDEA: ("waiting", _("Not yet."), _("It is an idea; nothing runs.")),
        Stage.PILOT: ("waiting", partaking, _("Taking part: %(who)s.") % who),
        Stage.FUNDING: (
            "waiting",
            partaking,
            _("Taking part: %(who)s. Whether it goes further is being decided.") % who,
        ),
        Stage.BUILD: (
            "waiting",
            _("Not yet."),
            _("It is funded and being built. The pilot’s people use it as before."),
        ),
        Stage.PRODUCTION: ("met", _("Yes, for what it is for."), ""),
        Stage.STOPPED: (
            "not_met",
            _("No. It is stopped."),
            initiative.fallback or _("Nobody has written down what to do instead; ask."),
        ),
        Stage.RETIRED: ("not_needed", _("No. It is retired."), _replacement(initiative)),
    }
    state, answer, more = answers[stage]
    return {"state": state, "answer": answer, "more": more}


def _replacement(initiative) -> str:
    retirement = getattr(initiative, "retirement", None)
    if retirement is None or not retirement.replaced_by:
        return ""
    return _("What replaces it: %(what)s") % {"what": retirement.replaced_by}


def ask_whom(initiative):
    """Return the person to ask about it: workflow owner, lead, business owner; None where nobody is named."""
    matrix = raci.matrix(initiative)
    lead = matrix.responsible(Row.GO_LIVE) or matrix.responsible(Row.PILOT)
    return initiative.workflow_owner or (lead[0] if lead else None) or matrix.owner


def over_all(initiative, held) -> dict:
    """Return what stands over the page: the stop in force, wishes to stop, one banner. One query at most."""
    stopped = gates.current_stop(initiative) if initiative.stage == Stage.STOPPED else None
    wishes = gates.open_wishes(initiative) if initiative.is_in_use else []
    banner: dict[str, Any] | None = None
    if stopped is not None:
        banner = _stop_banner(initiative, stopped, held)
    elif wishes:
        banner = _wish_banner(initiative, wishes[0], held)
    elif initiative.is_retiring and initiative.stage != Stage.STOPPED:
        banner = {
            "tone": "quiet",
            "icon": "info",
            "title": _("It is being retired."),
            "text": initiative.retirement.reason,
            "url": reverse("gates:postmortem", args=[initiative.key]),
            "action": _("Open the postmortem"),
        }
    elif initiative.is_rollout_paused():
        banner = {
            "tone": "warn",
            "icon": "pause",
            "title": _("The rollout is paused. It runs on and must not expand."),
            "text": initiative.rollout_paused_because,
        }
        if {May.PAUSE, May.STOP} & held:
            banner |= {"url": reverse("initiatives:pause", args=[initiative.key]), "action": _("Resume the rollout…")}
    elif says := _register_says(initiative):
        banner = {"tone": "quiet", "icon": "info", "title": _("Its register says something else."), "text": says}
    return {"banner": banner, "stopped": stopped, "wishes": wishes}


def _stop_banner(initiative, stopped: Stop, held) -> dict[str, Any]:
    """Return the banner of a stop: asked, or confirmed too."""
    who = stopped.asked_by.name if stopped.asked_by else _("The clock")
    said = {"who": who, "reason": mid_sentence(stopped.get_reason_display())}
    url, action = reverse("gates:stop", args=[initiative.key]), _("See the stop")
    if stopped.confirmed_at is not None:
        icon, title = "square", _("It is stopped.")
        said["confirmer"] = stopped.confirmed_by.name
        text = _("%(who)s asked: %(reason)s. %(confirmer)s confirmed that it stopped.") % said
    else:
        icon, title = "warning", _("Stop asked, not confirmed: it may still be running.")
        text = _("%(who)s asked: %(reason)s.") % said
        if May.CONFIRM_STOP in held:
            url, action = reverse("gates:confirm_stop", args=[initiative.key]), _("Confirm that it stopped")
    return {"tone": "stop", "icon": icon, "title": title, "text": text, "url": url, "action": action}


def _wish_banner(initiative, wish: StopWish, held) -> dict[str, Any]:
    """Return the banner of a wish to stop that nobody answered."""
    title = _("%(who)s asks to stop it.") % {"who": wish.person.name}
    banner = {"tone": "bad", "icon": "warning", "title": title, "text": wish.saw}
    if May.STOP in held:
        url = reverse("gates:answer_wish", args=[initiative.key, wish.pk])
        banner |= {"url": url, "action": _("Answer, or stop it")}
    return banner


def _register_says(initiative) -> str:
    origin = getattr(initiative, "origin", None)
    if origin is None:
        return ""
    if origin.gone_at:
        return _("It is no longer in the register it came from.")
    return " ".join(str(one.get("text", one)) if isinstance(one, dict) else str(one) for one in origin.says)
