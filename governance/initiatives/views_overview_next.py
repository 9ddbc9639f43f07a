"""What comes next on the page of one initiative: what blocks it, the open questions, what the reader may do."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.core.words import mid_sentence
from governance.gates import queries as gates
from governance.gates.asking import askers
from governance.gates.models import Decision, Kind
from governance.gates.questions import GATES, QUESTIONS
from governance.initiatives import queries, steps
from governance.initiatives.lifecycle import Stage
from governance.people.functions import Function
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.reviews.queries import answering


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
    missing = queries.claimed(queries.once(b for _rule, found in rows for b in found), me)
    reached = [reachable(b, initiative, held) for b in missing]
    expired = [b for b in reached if b.code.endswith(".expired")]
    blockers = [b for b in reached if not b.code.endswith(".expired")]
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
        read_only = address + blocker.url[len(address) :].partition("?")[0]
        return replace(blocker, url=read_only if label else "", action=label)
    return blocker


def _confirms(blocker, held) -> bool:
    """Return whether a blocker waits for a function's look or signature, and the reader gives such."""
    if blocker.code.startswith("control."):
        return May.CONFIRM in held
    if blocker.code.startswith("sign_off."):
        return May.SIGN_OFF in held
    mine = {"funding.confirmed": May.CONFIRM, "budget.open": May.APPROVE_BUDGET, "tier.confirmed": May.CONFIRM_TIER}
    return mine.get(blocker.code) in held


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
    names = askers(initiative, QUESTIONS[kind]) if kind else ""
    if not names:
        return _("Everything is in place. Somebody Responsible can ask for the decision now.")
    return _("Everything is in place. %(names)s can ask for the decision now.") % {"names": names}


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
    if gate is not None and decider is None:
        said.append(_("Who decides: nobody yet."))
    elif gate is not None:
        who = _("you") if decider.pk == me.pk else decider.name
        said.append(_("Who decides: %(name)s (Accountable).") % {"name": who})
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
        decides = _("Decides: %(name)s") % {"name": decider.name} if decider else ""
        facts = [decides or _("Nobody is Accountable to decide it")]
        if decision.asked_by:
            facts.append(_("Asked by %(name)s") % {"name": decision.asked_by.name})
        if state == "handed_over":
            owner = gates.escalation_owner(decision, initiative)
            handed = _("Its time is up; %(name)s gets it decided") % {"name": owner.name} if owner else ""
            facts.append(handed or _("Its time is up"))
        whose = "theirs"
        if mine:
            whose = "overdue" if at >= decision.due_at else "mine"
        rows.append(
            {
                "title": decision.get_kind_display(),
                "url": decision.get_absolute_url(),
                "icon": "diamond-open",
                "facts": facts,
                "whose": whose,
                "due": decision.due_at,
                "consequence": _("If nobody answers: %(what)s") % {"what": mid_sentence(question.if_silent)},
                "action": _("Review and decide") if mine else _("See the question"),
            }
        )
    return sorted(rows, key=lambda row: (row["whose"] == "theirs", row["due"]))


# What the reader may do


def to_do(initiative, decisions: list[Decision], me, held) -> dict:
    """Return what the reader may do: the one next thing, questions to ask, other acts. No query beyond the matrix."""
    key, stage, retiring = initiative.key, Stage(initiative.stage), initiative.is_retiring
    acts: list[dict] = []

    def offer(label: str, name: str) -> None:
        acts.append({"label": label, "url": reverse(name, args=[key])})

    asks, instead = questions_to_ask(initiative, decisions, me, held)
    if May.AMEND in held and stage != Stage.RETIRED:
        offer(_("Amend what it says"), "initiatives:amend")
    if May.PROPOSE in held and stage != Stage.RETIRED:
        offer(_("Name people"), "initiatives:matrix")
    if initiative.is_in_use and not retiring and {May.PAUSE, May.STOP} & held:
        paused = initiative.is_rollout_paused()
        offer(_("Resume the rollout…") if paused else _("Pause the rollout…"), "initiatives:pause")
    is_reviewed = stage == Stage.PRODUCTION and initiative.review_due_at and not retiring
    if is_reviewed and me.pk in {p.pk for p in answering(initiative)}:
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
        lift = initiative.restricted
        offer(_("Lift the restriction…") if lift else _("Restrict who sees it…"), "initiatives:restrict")
    if May.RESTRICT in held:
        offer(_("What people outside read…"), "public:one")
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
    asks, instead = [], ""
    if initiative.is_retiring:
        return asks, instead
    open_kinds = {d.kind for d in decisions if d.is_open and d.kind != Kind.MODIFICATION}
    for kind, question in QUESTIONS.items():
        if kind == Kind.DAY_90 or kind in open_kinds or initiative.stage not in question.stages:
            continue
        if kind == Kind.TIER_CHANGE and initiative.tier is None:
            continue
        decider = gates.decider(Decision(initiative=initiative, kind=kind), initiative)
        if decider is not None and decider.pk == me.pk:
            if kind in GATES and not instead and (names := askers(initiative, question)):
                words = {"what": str(question.verb), "names": names}
                instead = _("You will decide “%(what)s”, so somebody else must ask: %(names)s.") % words
            continue
        if question.asks in held:
            asks.append(
                {
                    "label": _("Ask: %(what)s…") % {"what": mid_sentence(question.verb)},
                    "url": f"{reverse('gates:ask', args=[initiative.key])}?kind={kind}",
                    "primary": kind in GATES and kind != Kind.BACK_TO_PILOT,
                }
            )
    return asks, instead
