"""The page of one initiative: where it stands, what blocks it, who answers, whether one may use it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import policy
from governance.core import kept
from governance.core.forms import named
from governance.core.http import Request
from governance.gates import queries as gates
from governance.gates import stuck
from governance.gates.models import Decision, Kind
from governance.gates.questions import GATES, QUESTIONS
from governance.initiatives import badcall, history, queries, steps
from governance.initiatives.finding import find
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Exposure
from governance.ledger import queries as ledger
from governance.outcomes import queries as outcomes
from governance.outcomes import words
from governance.people.functions import Function
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import OFFERED, Role, Row
from governance.reviews.queries import answering
from governance.templatetags.mandate import moment


@require_safe
def show(request: Request, number: int) -> HttpResponse:
    """Show the whole initiative on one page. Writes nothing; at most 20 queries."""
    initiative, me, at = _with_facts(find(request, number, *JOINED)), request.user, request.at
    held = grants.held_by(me, initiative, at)
    decisions = gates.decisions_of(initiative)
    initiative.__dict__["_brought_decisions"] = [d for d in decisions if d.is_open]
    with kept.asking_once():
        context = _context(initiative, decisions, me, held, at)
    return render(request, "initiatives/show.html", context)


#: What comes along with the initiative itself.
JOINED = ("origin", "retirement", "outcome", "budget__asked_by", "budget__approved_by")


def _with_facts(initiative):
    """Put outcome and budget, which came along, where the rules look for them, and units where they are the same one."""
    initiative.__dict__.update(
        _outcome=getattr(initiative, "outcome", None), _budget=getattr(initiative, "budget", None)
    )
    units = {
        unit.pk: unit
        for unit in (initiative.building_unit, initiative.unit, initiative.receiving_unit)
        if unit is not None
    }
    for assignment in raci.matrix(initiative).rows:
        if assignment.person is not None and assignment.person.unit_id in units:
            assignment.person.unit = units[assignment.person.unit_id]
    return initiative


def _context(initiative, decisions: list[Decision], me, held, at: datetime) -> dict[str, Any]:
    """Return what the page shows."""
    return {
        "initiative": initiative,
        "badges": badges(initiative, at),
        "may_use": may_i_use_it(initiative),
        "ask_whom": ask_whom(initiative),
        "badcall": badcall.parts(initiative, may_amend=May.AMEND in held, may_propose=May.PROPOSE in held)
        if initiative.stage != Stage.RETIRED
        else None,
        "rail": rail(initiative, decisions, at),
        "rail_summary": rail_summary(initiative, decisions, at),
        "next": what_is_next(initiative, decisions, me, held, at),
        "stuck": stuck.diagnose(initiative, at),
        "open": open_questions(initiative, decisions, me, at),
        "people": people(initiative, at),
        "money": numbers(initiative),
        "decisions": [decision_line(d) for d in decisions if not d.is_open][:5],
        "reviews": reviews(initiative),
        "next_review": initiative.review_due_at
        if initiative.stage == Stage.PRODUCTION and not initiative.is_retiring
        else None,
        "days": history.days(history.lines(ledger.for_initiative(initiative.pk, limit=10), initiative)),
        **standing(initiative, held),
        **to_do(initiative, decisions, me, held),
    }


# What it says at the top


def badges(initiative, at: datetime) -> list[dict]:
    """Return the badges after stage, tier and capability. No query."""
    found = []
    if initiative.exposure == Exposure.CUSTOMERS:
        found.append({"label": _("Customer-facing"), "tone": "plain", "icon": ""})
    if initiative.restricted:
        found.append({"label": _("Restricted"), "tone": "plain", "icon": "lock"})
    if initiative.evidence_due_on:
        late = at.date() > initiative.evidence_due_on
        words = _("Evidence missing, was due %(day)s") if late else _("Evidence missing, due %(day)s")
        found.append(
            {
                "label": words % {"day": moment(initiative.evidence_due_on, at)},
                "tone": "bad" if late else "warn",
                "icon": "not-measured",
            }
        )
    if initiative.is_rollout_paused():
        found.append(
            {
                "label": _("Rollout paused since %(day)s")
                % {"day": moment(timezone.localtime(initiative.rollout_paused_at).date(), at)},
                "tone": "warn",
                "icon": "pause",
            }
        )
    if initiative.is_retiring:
        found.append(
            {
                "label": _("Retiring since %(day)s")
                % {"day": moment(timezone.localtime(initiative.retiring_since).date(), at)},
                "tone": "warn",
                "icon": "not-needed",
            }
        )
    return found


def may_i_use_it(initiative) -> dict:
    """Return the answer to "May I use it?" in one line, and how sure a yes it is. No query."""
    who = initiative.scope_who or _("those who were told so")
    stage = Stage(initiative.stage)
    if stage == Stage.PRODUCTION and initiative.is_rollout_paused():
        return {
            "state": "waiting",
            "answer": _("Only if you use it already."),
            "more": _("Its rollout is paused, so nobody new starts."),
        }
    if initiative.is_retiring and initiative.is_in_use:
        return {
            "state": "waiting",
            "answer": _("Only if you use it already."),
            "more": _("It is being retired. Ask what replaces it before you rely on it."),
        }
    answers = {
        Stage.TRIAGE: ("not_measured", _("Ask first."), _("Nobody has said yet where it stands.")),
        Stage.DISCOVERED: (
            "waiting",
            _("Ask before you go on."),
            _("It is in use, and nobody has taken responsibility for it yet."),
        ),
        Stage.IDEA: ("waiting", _("Not yet."), _("It is an idea; nothing runs.")),
        Stage.PILOT: (
            "waiting",
            _("Only if you take part in the pilot."),
            _("Taking part: %(who)s.") % {"who": named(who.rstrip("."))},
        ),
        Stage.FUNDING: (
            "waiting",
            _("Only if you take part in the pilot."),
            _("Taking part: %(who)s. Whether it goes further is being decided.") % {"who": named(who.rstrip("."))},
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
    return (
        _("What replaces it: %(what)s") % {"what": retirement.replaced_by}
        if retirement and retirement.replaced_by
        else ""
    )


def ask_whom(initiative):
    """Return the person to ask about it: workflow owner, lead, business owner; None where nobody is named."""
    matrix = raci.matrix(initiative)
    lead = matrix.responsible(Row.GO_LIVE) or matrix.responsible(Row.PILOT)
    return initiative.workflow_owner or (lead[0] if lead else None) or matrix.owner


def standing(initiative, held) -> dict:
    """Return what stands over the page: the stop in force, wishes to stop, one banner. One query at most."""
    stopped = gates.current_stop(initiative) if initiative.stage == Stage.STOPPED else None
    wishes = gates.open_wishes(initiative) if initiative.is_in_use else []
    stop_url = reverse("gates:stop", args=[initiative.key])
    banner: dict[str, Any] | None = None
    if stopped is not None:
        who = stopped.asked_by.name if stopped.asked_by else _("The clock")
        said = {"who": who, "reason": named(stopped.get_reason_display())}
        if stopped.confirmed_at is None:
            banner = {
                "tone": "stop",
                "icon": "warning",
                "title": _("Stop asked, not confirmed: it may still be running."),
                "text": _("%(who)s asked: %(reason)s.") % said,
            }
            if May.CONFIRM_STOP in held:
                banner |= {
                    "url": reverse("gates:confirm_stop", args=[initiative.key]),
                    "action": _("Confirm that it stopped"),
                }
            else:
                banner |= {"url": stop_url, "action": _("See the stop")}
        else:
            text = _("%(who)s asked: %(reason)s. %(confirmer)s confirmed that it stopped.") % {
                **said,
                "confirmer": stopped.confirmed_by.name,
            }
            banner = {
                "tone": "stop",
                "icon": "square",
                "title": _("It is stopped."),
                "text": text,
                "url": stop_url,
                "action": _("See the stop"),
            }
    elif wishes:
        first = wishes[0]
        banner = {
            "tone": "bad",
            "icon": "warning",
            "title": _("%(who)s asks to stop it.") % {"who": first.person.name},
            "text": first.saw,
        }
        if May.STOP in held:
            banner |= {
                "url": reverse("gates:answer_wish", args=[initiative.key, first.pk]),
                "action": _("Answer, or stop it"),
            }
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


def _register_says(initiative) -> str:
    origin = getattr(initiative, "origin", None)
    if origin is None:
        return ""
    if origin.gone_at:
        return _("It is no longer in the register it came from.")
    return " ".join(str(one.get("text", one)) if isinstance(one, dict) else str(one) for one in origin.says)


# Where it stands


def rail(initiative, decisions: list[Decision], at: datetime) -> list[dict]:
    """Return the stages and gates with their dates, for `core/_rail.html`. Nothing is claimed that was not recorded here. No query."""
    passed = {d.kind: d for d in reversed(decisions) if d.outcome == "pass"}
    asked = {d.kind: d for d in decisions if d.is_open}
    here = initiative.stopped_from if initiative.stage == Stage.STOPPED else initiative.stage
    if here == Stage.TRIAGE:
        return []
    begun = _beginning(initiative, passed)
    places: list[tuple[str, str, str, Any]] = [
        ("stage", here if here in (Stage.IDEA, Stage.DISCOVERED) else "begun", begun, initiative.registered_at),
        ("gate", Kind.PILOT_GO, _("Pilot go"), None),
        ("stage", Stage.PILOT, str(Stage.PILOT.label), initiative.pilot_since),
        ("gate", Kind.FUNDING, str(Stage.FUNDING.label), None),
        ("stage", Stage.BUILD, str(Stage.BUILD.label), None),
        ("gate", Kind.GO_LIVE, _("Go-live"), None),
        ("stage", Stage.PRODUCTION, str(Stage.PRODUCTION.label), initiative.live_since),
    ]
    if initiative.stage == Stage.RETIRED or initiative.is_retiring:
        places.append(("stage", Stage.RETIRED, str(Stage.RETIRED.label), initiative.retired_at))
    order = [name for _kind, name, _label, _since in places]
    now = order.index(here) if here in order else 0
    if here == Stage.RETIRED:
        now = len(order) - 1
    steps_: list[dict] = []
    for place, (kind, name, label, since) in enumerate(places):
        gate = passed.get(name) if kind == "gate" else None
        if kind == "stage" and name == Stage.BUILD and Kind.FUNDING in passed:
            since = passed[Kind.FUNDING].closed_at
        step: dict[str, Any] = {"kind": kind, "label": label, "state": "", "date": "", "note": "", "url": ""}
        if place == now:
            step["state"] = "halted" if initiative.stage == Stage.STOPPED else "here"
        elif gate is not None or (kind == "stage" and since is not None and place < now):
            step["state"] = "done"
        elif place > now:
            step["state"] = "next" if place == now + 1 else ""
        if gate is not None:
            step |= {"date": _day(gate.closed_at, at), "url": gate.get_absolute_url()}
        elif kind == "stage" and since is not None and place <= now:
            step["date"] = _day(since, at)
        elif place < now and initiative.stage != Stage.RETIRED:
            step["note"] = _("not recorded here")
        if name in asked:
            step |= {
                "url": asked[name].get_absolute_url(),
                "note": _("due %(day)s") % {"day": _day(asked[name].due_at, at)},
            }
        elif name == Kind.FUNDING and place > now and initiative.gate_on and gate is None:
            step["note"] = _("planned for %(day)s") % {"day": moment(initiative.gate_on, at)}
        if name == Stage.PILOT and (counted := _day_of_pilot(initiative, decisions, at)):
            step["note"] = counted
        steps_.append(step)
    return steps_


def _beginning(initiative, passed: dict) -> str:
    """Return what the first place on the rail is called: how it came to us."""
    if getattr(initiative, "origin", None) is not None and initiative.stage != Stage.IDEA:
        return _("From a register")
    pilot = passed.get(Kind.PILOT_GO)
    found = (
        initiative.stage == Stage.DISCOVERED
        or initiative.stopped_from == Stage.DISCOVERED
        or (pilot is not None and pilot.stage_then == Stage.DISCOVERED)
    )
    return str(Stage.DISCOVERED.label) if found else str(Stage.IDEA.label)


def _day(instant: datetime, at: datetime) -> str:
    return moment(timezone.localtime(instant).date(), at)


def _day_of_pilot(initiative, decisions: list[Decision], at: datetime) -> str:
    """Return "day 73 of 90" while a pilot runs; an extension moves the second number."""
    if initiative.stage not in (Stage.PILOT, Stage.FUNDING) or initiative.pilot_since is None:
        return ""
    asked = next((d for d in decisions if d.kind == Kind.DAY_90 and d.is_open), None)
    longest = policy.current().windows["pilot_d"] + (
        policy.current().windows["day_90_extension_d"] if asked and asked.extended_by_id else 0
    )
    return _("day %(day)s of %(all)s") % {"day": (at - initiative.pilot_since).days + 1, "all": longest}


def rail_summary(initiative, decisions: list[Decision], at: datetime) -> str:
    """Return the rail in one line, for phones: "Pilot, day 73 of 90. Next: Funding gate by Thu 20 Nov". No query."""
    counted = _day_of_pilot(initiative, decisions, at)
    now = f"{initiative.stage_label}, {counted}." if counted else f"{initiative.stage_label}."
    gate = next((d for d in decisions if d.is_open and d.kind in GATES), None)
    if gate is not None:
        return _("%(now)s Waiting for %(gate)s by %(day)s") % {
            "now": now,
            "gate": gate.get_kind_display(),
            "day": _day(gate.due_at, at),
        }
    following = {
        Stage.IDEA: _("Pilot go"),
        Stage.DISCOVERED: _("Pilot go"),
        Stage.PILOT: _("Funding gate"),
        Stage.BUILD: _("Go-live"),
        Stage.STOPPED: _("Restart"),
    }.get(Stage(initiative.stage))
    if not following or initiative.is_retiring:
        return now
    if initiative.stage == Stage.PILOT and initiative.gate_on:
        return _("%(now)s Next: %(gate)s by %(day)s") % {
            "now": now,
            "gate": following,
            "day": moment(initiative.gate_on, at),
        }
    return _("%(now)s Next: %(gate)s") % {"now": now, "gate": following}


# What blocks the next step


def what_is_next(initiative, decisions: list[Decision], me, held, at: datetime) -> dict | None:
    """Return the box "What blocks the next step": of the open gate, else of the step people work towards. Costs the rules' queries.

    None where nothing has to happen next.
    """
    gate = next((d for d in decisions if d.is_open and d.kind in GATES and d.state_at(at) != "lapsed"), None)
    if gate is not None:
        rows, label = gates.requirements(gate, initiative, at), gate.get_kind_display()
    else:
        name = queries.next_step(initiative)
        rows, label = queries.step_rules(initiative, name, at), _step_words(name)
    if not rows:
        return None
    blockers = [
        reachable(b, initiative, held)
        for b in queries.claimed(queries.once(b for _rule, found in rows for b in found), me)
    ]
    expired = [b for b in blockers if b.code.endswith(".expired")]
    blockers = [b for b in blockers if not b.code.endswith(".expired")]
    decider = gates.decider(gate, initiative) if gate is not None else None
    return {
        "step": label,
        "blockers": blockers,
        "expired": expired,
        "met": [{"title": rule.title, "detail": ""} for rule, found in rows if not found],
        "clear": _clear(initiative, gate, decider, at),
        "decides": _who(gate, decider, [*blockers, *expired], me),
        "gate_url": gate.get_absolute_url() if gate is not None else "",
    }


def reachable(blocker, initiative, held):
    """Return a blocker whose link leads the reader to what they may do there, or only to what they may read."""
    read = {
        "initiatives:amend": (May.AMEND, ""),
        "initiatives:matrix": (May.PROPOSE, _("See who decides")),
        "initiatives:outcome": (May.AMEND, _("See the figures")),
        "initiatives:budget": (May.AMEND, _("See the budget")),
        "initiatives:tier": (May.AMEND, _("See the tiers")),
        "initiatives:controls": (May.AMEND, _("See the controls")),
        "gates:ask": (May.ASK_HALT, ""),
        "gates:postmortem": (May.AMEND, _("See the postmortem")),
    }
    for name, (may, label) in read.items():
        address = reverse(name, args=[initiative.key])
        if blocker.url.partition("?")[0].partition("#")[0] != address or may in held or _confirms(blocker, held):
            continue
        return replace(
            blocker, url=address + blocker.url[len(address) :].partition("?")[0] if label else "", action=label
        )
    return blocker


def _confirms(blocker, held) -> bool:
    """Return whether a blocker waits for a function's look or signature, and the reader gives such."""
    mine = {"funding.confirmed": May.CONFIRM, "budget.open": May.APPROVE_BUDGET, "tier.confirmed": May.CONFIRM_TIER}
    return (
        mine.get(
            blocker.code,
            May.CONFIRM
            if blocker.code.startswith("control.")
            else May.SIGN_OFF
            if blocker.code.startswith("sign_off.")
            else None,
        )
        in held
    )


def _step_words(name: str) -> str:
    """Return what people call the step they work towards."""
    return {
        "start_pilot": _("Pilot go / no-go"),
        "adopt": _("Taking it over as a pilot"),
        "request_funding": _("Asking for the funding gate"),
        "go_live": _("Production go-live"),
        "restart": _("Restart"),
        "retire": _("Retirement"),
        "fund": _("Funding gate"),
    }.get(name, "")


def _clear(initiative, gate, decider, at: datetime) -> str:
    """Return what can happen now that nothing is missing."""
    if gate is not None:
        if decider is None:
            return _("Everything is in place, and nobody is Accountable to decide it.")
        return _("Everything is in place. %(name)s can pass it now.") % {"name": decider.name}
    kind = {
        "idea": Kind.PILOT_GO,
        "discovered": Kind.PILOT_GO,
        "pilot": Kind.FUNDING,
        "build": Kind.GO_LIVE,
        "stopped": Kind.RESTART,
    }.get(initiative.stage)
    asks = _askers(initiative, kind)
    return (
        _("Everything is in place. %(names)s can ask for the decision now.") % {"names": asks}
        if asks
        else _("Everything is in place. Somebody Responsible can ask for the decision now.")
    )


def _askers(initiative, kind) -> str:
    if kind is None:
        return ""
    matrix = raci.matrix(initiative)
    rows = (Row.PILOT, Row.GO_LIVE) if kind == Kind.FUNDING else (QUESTIONS[kind].row,)
    return ", ".join(sorted({p.name for row in rows for p in matrix.responsible(row)}))


def _who(gate, decider, blockers: Iterable, me) -> str:
    """Return who decides and who can unblock, in one line."""
    unblock: list[str] = []
    for blocker in blockers:
        mine, names = me.pk in blocker.person_ids, [n for n in blocker.who.split(", ") if n]
        if mine:  # Where a function is asked for, "you" says it already.
            names = [_("you"), *(n for n in names if n != me.name and me.name in names)]
        for name in names:
            if name not in unblock:
                unblock.append(name)
    said = []
    if gate is not None:
        who = _("you") if decider is not None and decider.pk == me.pk else decider.name if decider else _("nobody yet")
        said.append(
            _("Who decides: %(name)s (Accountable).") % {"name": who} if decider else _("Who decides: nobody yet.")
        )
    if unblock:
        said.append(_("Who can unblock: %(names)s.") % {"names": ", ".join(unblock)})
    return " ".join(said)


def open_questions(initiative, decisions: list[Decision], me, at: datetime) -> list[dict]:
    """Return the open questions as rows, the reader's first. No query beyond the matrix."""
    rows = []
    for decision in decisions:
        if not decision.is_open:
            continue
        decider, state, question = gates.decider(decision, initiative), decision.state_at(at), QUESTIONS[decision.kind]
        mine = decider is not None and decider.pk == me.pk
        facts = [
            _("Decides: %(name)s") % {"name": decider.name} if decider else _("Nobody is Accountable to decide it")
        ]
        if decision.asked_by:
            facts.append(_("Asked by %(name)s") % {"name": decision.asked_by.name})
        if state == "handed_over":
            owner = gates.escalation_owner(decision, initiative)
            facts.append(
                _("Its time is up; %(name)s gets it decided") % {"name": owner.name} if owner else _("Its time is up")
            )
        rows.append(
            {
                "title": decision.get_kind_display(),
                "url": decision.get_absolute_url(),
                "icon": "diamond-open",
                "facts": facts,
                "whose": "overdue" if mine and at >= decision.due_at else "mine" if mine else "theirs",
                "due": decision.due_at,
                "consequence": _("If nobody answers: %(what)s") % {"what": named(question.if_silent)},
                "action": _("Review and decide") if mine else _("See the question"),
            }
        )
    return sorted(rows, key=lambda row: (row["whose"] == "theirs", row["due"]))


# Who answers, and the numbers


def people(initiative, at: datetime) -> dict:
    """Return the people strip: who answers, who moves it, who is paged, and offers nobody answered. No query beyond the matrix."""
    matrix = raci.matrix(initiative)
    leads = list({p.pk: p for row in (Row.PILOT, Row.GO_LIVE) for p in matrix.responsible(row)}.values())
    offers: dict[tuple, Any] = {}
    for offer in matrix.offers:
        if Role(offer.role) in OFFERED:
            owner = offer.role == Role.ACCOUNTABLE and offer.row in (Row.GO_LIVE, Row.HALT)
            words = (
                _("business owner")
                if owner
                else _("%(role)s for %(row)s") % {"role": offer.get_role_display(), "row": offer.get_row_display()}
            )
            offers.setdefault(
                (offer.person_id, words),
                {"offer": offer, "words": words, "late": offer.answer_by is not None and at >= offer.answer_by},
            )
    return {
        "owner": matrix.owner,
        "workflow_owner": initiative.workflow_owner,
        "leads": leads,
        "escalation": matrix.escalation(Row.HALT),
        "offers": list(offers.values()),
        "left": [a.person for a in matrix.standing if a.person and not a.person.is_active],
    }


def numbers(initiative) -> dict:
    """Return outcome and money as the page says them. Three queries, kept on the instance."""
    outcome, budget = outcomes.outcome(initiative), outcomes.budget(initiative)
    figures = [m for m in outcomes.measurements(initiative) if not m.returned_because] if outcome else []
    newest = figures[0] if figures else None
    values = [m.value for m in reversed(figures)]
    if outcome is not None and outcome.baseline is not None:
        values.insert(0, outcome.baseline)
    return {
        "baseline": words.figure(outcome, outcome.baseline) if outcome else "",
        "now": words.figure(outcome, newest.value) if newest else "",
        "target": words.figure(outcome, outcome.target) if outcome else "",
        "threshold": words.figure(outcome, outcome.threshold) if outcome else "",
        "outcome": outcome,
        "budget": budget,
        "newest": newest,
        "values": values,
        "trend": trend(outcome, values),
        "meets": outcome.meets(newest.value) if outcome and newest else None,
    }


def trend(outcome, values: list) -> str:
    """Return what the little picture says in words."""
    if outcome is None or len(values) < 2:
        return ""
    first, last = values[0], values[-1]
    said = {"metric": outcome.metric, "first": words.figure(outcome, first), "last": words.figure(outcome, last)}
    if last < first:
        return _("%(metric)s fell from %(first)s to %(last)s") % said
    if last > first:
        return _("%(metric)s rose from %(first)s to %(last)s") % said
    return _("%(metric)s stayed at %(last)s") % said


def decision_line(decision: Decision) -> dict:
    """Return one closed decision as the list says it."""
    words = decision.get_outcome_display() if decision.closed == "decided" else decision.get_closed_display()
    return {
        "kind": decision.get_kind_display(),
        "words": words,
        "url": decision.get_absolute_url(),
        "at": decision.closed_at,
        "who": decision.decided_by.name if decision.decided_by else "",
        "state": "met"
        if decision.outcome == "pass"
        else "not_needed"
        if decision.closed in ("withdrawn", "overtaken")
        else "not_met",
    }


def reviews(initiative) -> list:
    """Return the last three reviews. One query, none before it was ever live or due."""
    if initiative.live_since is None and initiative.review_due_at is None:
        return []
    return list(initiative.reviews.select_related("done_by").order_by("-number")[:3])


# What the reader may do


def to_do(initiative, decisions: list[Decision], me, held) -> dict:
    """Return what the reader may do: the one next thing, questions to ask, other acts. No query beyond the matrix."""
    key, stage, retiring = initiative.key, Stage(initiative.stage), initiative.is_retiring
    acts: list[dict] = []

    def offer(label: str, name: str, *, query: str = "") -> None:
        acts.append({"label": label, "url": reverse(name, args=[key]) + query})

    asks, instead = questions_to_ask(initiative, decisions, me, held)
    if May.AMEND in held and stage != Stage.RETIRED:
        offer(_("Amend what it says"), "initiatives:amend")
    if May.PROPOSE in held and stage != Stage.RETIRED:
        offer(_("Name people"), "initiatives:matrix")
    if initiative.is_in_use and not retiring and {May.PAUSE, May.STOP} & held:
        offer(
            _("Resume the rollout…") if initiative.is_rollout_paused() else _("Pause the rollout…"), "initiatives:pause"
        )
    if (
        stage == Stage.PRODUCTION
        and initiative.review_due_at
        and not retiring
        and me.pk in {p.pk for p in answering(initiative)}
    ):
        offer(_("Review it"), "reviews:do")
    if retiring and May.AMEND in held:
        offer(_("Write the postmortem"), "gates:postmortem")
    if not retiring and May.RETIRE in held and steps.step_out(initiative, "retire"):
        offer(_("Retire it…"), "gates:retire")
    if May.CLOSE in held and steps.step_out(initiative, "close"):
        offer(_("Close it…"), "gates:close")
    if May.PLACE in held and stage == Stage.TRIAGE:
        offer(_("Say where it stands…"), "gates:place")
    if May.CORRECT in held and steps.step_out(initiative, "correct") and not raci.matrix(initiative).is_named(me):
        offer(_("Correct its stage…"), "gates:correct")
    if (May.UNRESTRICT if initiative.restricted else May.RESTRICT) in held:
        offer(
            _("Lift the restriction…") if initiative.restricted else _("Restrict who sees it…"), "initiatives:restrict"
        )
    stop = None
    if initiative.is_running:
        may = May.STOP in held
        stop = {"url": reverse("gates:stop" if may else "gates:ask_to_stop", args=[key]), "ask": not may}
    return {
        "acts": acts,
        "asks": asks,
        "instead": instead,
        "stop": stop,
        "may_amend": May.AMEND in held,
        "office": str(Function.PORTFOLIO.label),
    }


def questions_to_ask(initiative, decisions: list[Decision], me, held) -> tuple[list[dict], str]:
    """Return the questions the reader may put, and who must ask where the reader would decide it themselves."""
    open_kinds = {d.kind for d in decisions if d.is_open and d.kind != Kind.MODIFICATION}
    asks, instead = [], ""
    for kind, question in QUESTIONS.items():
        if (
            kind == Kind.DAY_90
            or initiative.stage not in question.stages
            or kind in open_kinds
            or initiative.is_retiring
        ):
            continue
        if kind == Kind.TIER_CHANGE and initiative.tier is None:
            continue
        decider = gates.decider(Decision(initiative=initiative, kind=kind), initiative)
        if decider is not None and decider.pk == me.pk:
            if kind in GATES and not instead and (names := _askers(initiative, kind)):
                instead = _("You will decide “%(what)s”, so somebody else must ask: %(names)s.") % {
                    "what": str(question.verb),
                    "names": names,
                }
            continue
        if question.asks in held:
            asks.append(
                {
                    "label": _("Ask: %(what)s…") % {"what": named(question.verb)},
                    "url": f"{reverse('gates:ask', args=[initiative.key])}?kind={kind}",
                    "primary": kind in GATES and kind != Kind.BACK_TO_PILOT,
                }
            )
    return asks, instead
