"""Reading decisions, stops and wishes: who decides, what blocks, what waits for whom."""

from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.db.models.fields.json import KT

from governance.core.rules import Blocker
from governance.gates.models import DECIDED_BY, WIDENS, Decision, Kind, Stop, StopWish
from governance.gates.questions import QUESTIONS
from governance.initiatives import steps
from governance.initiatives.rules import LowerTierSigned
from governance.raci import queries as raci
from governance.raci.models import Role, Row


def row_of(decision: Decision) -> Row:
    """Return the row whose Accountable answers, also of a draft; what is stored says the same (`Decision.row`)."""
    if decision.kind == Kind.MODIFICATION and decision.particulars.get(WIDENS):
        return Row.GO_LIVE
    return DECIDED_BY[Kind(decision.kind)]


def decider(decision: Decision, initiative=None):
    """Return who answers, looked up now: the row's accepted Accountable, for a pilot go also one still offered.

    None while the row is vacant.
    """
    matrix = raci.matrix(initiative or decision.initiative)
    found = matrix.accountable(row_of(decision))
    if found is None and decision.kind == "pilot_go":
        offer = matrix.offer(Row.PILOT, Role.ACCOUNTABLE)
        found = offer.person if offer is not None and offer.person.is_active else None
    return found


def escalation_owner(decision: Decision, initiative=None):
    """Return who gets it decided when its time is up, or None."""
    return raci.matrix(initiative or decision.initiative).escalation(row_of(decision))


def requirements(decision: Decision, initiative, at: datetime) -> list[tuple]:
    """Return (rule, its blockers) for everything a Pass needs, in the rules' own order. Costs the rules' queries."""
    question = QUESTIONS[decision.kind]
    name = "request_funding" if decision.kind == "day_90" else question.step(initiative)
    step = steps.step_out(initiative, name) if name else None
    rows = [(rule, list(rule.blockers(initiative, at))) for rule in step.custom["rules"]] if step else []
    if decision.kind == "tier_change" and decision.particulars.get("to", 9) < decision.particulars.get("from", 0):
        rows.append((LowerTierSigned(), list(LowerTierSigned().blockers(initiative, at))))
    return rows


def blockers(decision: Decision, initiative, at: datetime) -> list[Blocker]:
    """Return every reason a Pass is refused at `at`; empty when it may pass."""
    return [blocker for _rule, found in requirements(decision, initiative, at) for blocker in found]


def open_decisions(initiative) -> list[Decision]:
    """Return the open decisions of one initiative, oldest first. One query."""
    return list(
        Decision.objects.open().filter(initiative=initiative).select_related("asked_by").order_by("asked_at", "pk")
    )


def current_stop(initiative) -> Stop | None:
    """Return the stop that is in force, or None. One query."""
    return Stop.objects.filter(initiative=initiative, lifted_at=None).select_related("asked_by", "confirmed_by").first()


def open_wishes(initiative) -> list[StopWish]:
    """Return the wishes to stop nobody answered yet, oldest first. One query."""
    return list(
        StopWish.objects.filter(initiative=initiative, answered_at=None).select_related("person").order_by("at", "pk")
    )


def _named(person: Any) -> Q:
    """Return the condition that `person` is named on the row that decides; what follows in one filter is of that assignment.

    It stands before every "or", so that a database can begin at the person's few roles and not at every open question.
    """
    return Q(
        initiative__assignments__person=person,
        initiative__assignments__role__in=[Role.ACCOUNTABLE, Role.ESCALATION],
        initiative__assignments__row=F("row"),
        initiative__assignments__ended_at=None,
    )


_IS_ACCOUNTABLE, _IS_ESCALATION = (
    Q(initiative__assignments__role=role) for role in (Role.ACCOUNTABLE, Role.ESCALATION)
)
_STANDS = Q(initiative__assignments__accepted_at__isnull=False)
_HANDED_OVER = [kind for kind, question in QUESTIONS.items() if question.hands_over]


def _to_answer(at: Any) -> Q:
    """Return the condition that whoever is named is to answer: its time runs, and they are Accountable, or offered a pilot."""
    return _IS_ACCOUNTABLE & (_STANDS | Q(kind=Kind.PILOT_GO)) & Q(final_at__gt=at)


def _to_get_decided(at: Any) -> Q:
    """Return the condition that its time is up and whoever is named must get it decided as Escalation owner."""
    late = Q(kind__in=_HANDED_OVER, due_at__lte=at, due_at__lt=F("final_at"), final_at__gt=at)
    return _IS_ESCALATION & _STANDS & late


def waiting_for(person, at: datetime):
    """Return the open decisions `person` is to answer at `at`, the next due first. One query."""
    return (
        Decision.objects.open()
        .filter(_named(person), _to_answer(at))
        .select_related("initiative", "asked_by")
        .distinct()
        .order_by("due_at", "pk")
    )


def handed_over_to(person, at: datetime):
    """Return the open decisions whose time is up and which `person` must get decided as Escalation owner. One query."""
    return (
        Decision.objects.open()
        .filter(_named(person), _to_get_decided(at))
        .select_related("initiative")
        .distinct()
        .order_by("final_at", "pk")
    )


def waiting(person: Any, at: Any):
    """Return the open decisions that wait for `person` at `at` (or their holes): to answer, or to get decided. Lazy; one may come twice."""
    return Decision.objects.open().filter(_named(person), _to_answer(at) | _to_get_decided(at))


def with_person(person, at: datetime):
    """Return the keys of the open decisions that wait for `person`: to answer, or to get decided. Lazy; one query."""
    return waiting(person, at).values_list("pk", flat=True).distinct()


def decisions_of(initiative, limit: int = 100) -> list[Decision]:
    """Return the decisions of one initiative, the newest first, without what they stored. One query.

    `stage_then` is the stage the initiative stood at when it was signed, or None.
    """
    rows = Decision.objects.filter(initiative=initiative).select_related("asked_by", "decided_by").defer("snapshot")
    found = list(rows.annotate(stage_then=KT("snapshot__initiative__stage")).order_by("-number")[:limit])
    for decision in found:
        decision.initiative = initiative
    return found  # type: ignore[return-value]


def may_withdraw(decision: Decision, initiative, person) -> bool:
    """Return whether `person` may take an open question back: who asked it, or, when they left, another Responsible. No query beyond the matrix."""
    if decision.asked_by is None:
        return False
    return decision.asked_by_id == person.pk or (
        not decision.asked_by.is_active and person in raci.matrix(initiative).responsible(QUESTIONS[decision.kind].row)
    )


def may_extend(decision: Decision, part: str, state: str) -> bool:
    """Return whether somebody who is `part` of a question (see actions.roles_for) may give it more time in `state`. No query."""
    if decision.extended_by_id:
        return False
    if decision.kind == "day_90":
        return part == "decider" and state == "open"
    return part == "escalation" and state == "handed_over"
