"""Putting a question to the one person who decides, and what stands in the way of asking it."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core.errors import Conflict, Refused
from governance.core.moments import day
from governance.core.rules import Blocked, Blocker
from governance.core.words import mid_sentence
from governance.gates import queries, signoffs
from governance.gates.models import Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.gates.settling import overtake, settle
from governance.initiatives import actions as initiatives
from governance.initiatives import roles, rules, steps
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import calendars
from governance.raci import queries as raci
from governance.raci.models import Row


def ask(
    initiative: Initiative, kind: str, *, by, at: datetime, recommendation: str = "", particulars: dict | None = None
) -> Decision:
    """Put a question of `kind` to the row's Accountable, with a deadline in their working days.

    Raises Refused for who may not ask (the Accountable of the row decides, so somebody else must ask),
    Blocked when it cannot be asked now (every reason), Conflict when it is open already.
    """
    settle(initiative, at=at)
    question = QUESTIONS[kind]
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        told = dict(particulars or {})
        if again := _asked_already(initiative, kind, by, recommendation, told):
            return again
        draft = Decision(
            initiative=initiative, kind=kind, asked_by=by, asked_at=at, recommendation=recommendation, particulars=told
        )
        decides = require_ask(draft, initiative, by=by, at=at)
        if kind == Kind.TIER_CHANGE:
            _check_tier_change(initiative, told)
        decision = open_question(initiative, draft, decides, at=at, say=say)
        if question.step_asked:
            initiative = steps.move(initiative, question.step_asked, by=by, at=at, say=say, because=recommendation)
        if kind == Kind.FUNDING:
            overtake(initiative, at=at, say=say, because=_("Funding was asked for."), kinds=[Kind.DAY_90])
        if kind == Kind.TIER_CHANGE and told["to"] > told["from"]:
            initiatives.set_tier(initiative, told["to"], by=by, at=at)
            roles.stand_in_functions(initiative, by=by, at=at, say=say)
        signoffs.ask_for(decision, initiative, by=by, at=at, say=say)
    return decision


def _asked_already(initiative, kind: str, by, recommendation: str, told: dict) -> Decision | None:
    """Return the open question that is this one, asked again by the same person in the same words."""
    rows = Decision.objects.open().filter(initiative=initiative, kind=kind, asked_by=by, recommendation=recommendation)
    return next((d for d in rows if all(d.particulars.get(name) == value for name, value in told.items())), None)


def require_ask(draft: Decision, initiative, *, by, at: datetime):
    """Return who will decide `draft` (None while the row is vacant), or raise what stands in the way of asking.

    Refused for who may not ask, Conflict when it is open already, Blocked with every other reason.
    """
    question = QUESTIONS[draft.kind]
    if question.kind is Kind.DAY_90:
        raise Refused(
            _("Nobody asks this: the clock does, once, %(days)s days after the pilot go.")
            % {"days": policy.current().windows["pilot_d"]}
        )
    decides, names = queries.decider(draft, initiative), askers(initiative, question)
    if decides is not None and decides.pk == by.pk:
        raise Refused(
            _("You will decide this, so someone else must ask: %(names)s.")
            % {"names": names or _("name a Responsible")}
        )
    who_can = _("%(names)s can ask this.") % {"names": names} if names else ""
    initiatives.require(by, initiative, question.asks, at, who_can)
    _refuse_out_of_turn(initiative, question, at)
    return decides


def askers(initiative, question) -> str:
    """Return the names of the Responsible who may ask, or "" where nobody is named. No query beyond the matrix."""
    matrix = raci.matrix(initiative)
    rows = {"ask_funding": (Row.PILOT, Row.GO_LIVE)}.get(question.asks, (question.row,))
    return ", ".join(sorted({p.name for row in rows for p in matrix.responsible(row)}))


def _refuse_out_of_turn(initiative, question, at: datetime) -> None:
    """Raise Blocked when a question cannot be asked from where the initiative stands."""
    reasons: list[Blocker] = []
    if initiative.stage not in question.stages:
        words = {"what": question.kind.label, "stage": initiative.stage_label}
        reasons.append(Blocker("stage", _("%(what)s cannot be asked while it is at %(stage)s.") % words))
    elif initiative.is_retiring:
        reasons.append(Blocker("retiring", _("It is retiring. Only a stop, the postmortem and a correction are left.")))
    elif question.kind is Kind.PILOT_GO and initiative.stage == "idea":
        reasons += rules.RolesNamed().blockers(initiative, at)
    elif question.kind is Kind.TIER_CHANGE and initiative.tier is None:
        reasons.append(_no_tier(initiative))
    same = Decision.objects.open().filter(initiative=initiative, kind=question.kind)
    if same.exclude(kind=Kind.MODIFICATION).exists():
        raise Conflict(_("%(what)s is asked already.") % {"what": question.kind.label})
    if reasons:
        raise Blocked(reasons)


def _no_tier(initiative) -> Blocker:
    """Return why a tier cannot be changed that nobody confirmed."""
    return Blocker(
        "tier.none",
        _("No tier is confirmed yet. Propose one; it does not need a decision."),
        url=reverse("initiatives:tier", args=[initiative.key]),
        action=_("Propose a tier"),
    )


def _check_tier_change(initiative, told: dict) -> None:
    """Complete what a change of tier asks about, or say why it cannot be asked."""
    if initiative.tier is None:
        raise Blocked([_no_tier(initiative)])
    told["from"] = initiative.tier
    if told.get("to") == initiative.tier or told.get("to") not in policy.current().tiers:
        raise Blocked([Blocker("tier.same", _("Choose a tier other than %(tier)s.") % {"tier": initiative.tier})])


def open_question(initiative, decision: Decision, decides, *, at: datetime, say, known: bool = False) -> Decision:
    """Number, date and save a question, and tell whoever decides, unless they were told of this one before."""
    question, windows = QUESTIONS[decision.kind], policy.current().windows
    calendar = calendars.of_person(decides)
    if decision.kind == Kind.DAY_90:
        last_day = (at + timedelta(days=windows["pilot_d"])).astimezone(calendar.zone).date()
        decision.due_at = decision.final_at = decision.due_at or calendar.end_of_day(last_day)
    else:
        decision.due_at = decision.final_at = calendar.working_days_after(at, windows[question.window])
        if question.hands_over:
            can_harm = initiative.can_act and (initiative.tier or 0) >= 2
            extra = windows["escalation_can_act_wd" if can_harm else "escalation_wd"]
            decision.final_at = calendar.working_days_after(decision.due_at, extra)
    decision.number = initiative.next_number
    initiative.next_number += 1
    Initiative.objects.filter(pk=initiative.pk).update(next_number=initiative.next_number)
    decision.save(force_insert=True)
    say(
        Verb.DECISION_ASKED,
        decision,
        kind=decision.kind,
        number=decision.number,
        due_at=decision.due_at,
        final_at=decision.final_at,
        decider=decides.pk if decides else None,
        text={"recommendation": decision.recommendation} if decision.recommendation else None,
    )
    silent = {"silent": mid_sentence(question.if_silent)}
    notices.owe(
        None if known else decides,
        thing=decision,
        occasion="asked",
        initiative=initiative,
        at=at,
        binding=decision.kind != Kind.DAY_90,
        due=decision.due_at,
        action=_("Review and decide"),
        subject=lambda: (
            _("Decide by %(day)s: %(verb)s, %(key)s %(name)s")
            % {"day": day(decision.due_at), "verb": str(question.verb), "key": initiative.key, "name": initiative.name}
        ),
        body=_("You are the one person who decides. If you do not answer in time: %(silent)s") % silent,
        path=decision.get_absolute_url(),
        why=_("You are Accountable for %(row)s.") % {"row": queries.row_of(decision).label},
    )
    return decision


def count_to_day_90(initiative, *, at: datetime, say, back_at: datetime | None = None) -> None:
    """Open the day-90 question with a pilot go: it is counted once, from the first.

    Where something overtook it and the pilot goes on before its deadline (`back_at` says since when, where
    that was no pilot go), it is open again until the same one: asking for money stops no clock.
    """
    before = Decision.objects.filter(initiative=initiative, kind=Kind.DAY_90).order_by("-number").first()
    draft = Decision(initiative=initiative, kind=Kind.DAY_90, asked_by=None, asked_at=at)
    if before is None:
        if back_at is not None:
            return  # A register brought it in as a pilot: nobody decided a pilot go here.
    elif before.closed != Closed.OVERTAKEN or before.due_at <= (back_at or at):
        return
    else:
        draft.due_at = draft.final_at = before.due_at
        draft.extended_by, draft.extended_because = before.extended_by, before.extended_because
    open_question(initiative, draft, queries.decider(draft, initiative), at=at, say=say, known=before is not None)
