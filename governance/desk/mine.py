"""Everything that concerns one person at one moment, brought in a few queries whatever they hold.

`home.py` turns it into rows, with to_decide.py, to_sign.py, to_do.py and waiting.py. What a function sees
(figures, budgets, controls, tiers, reassignments) is asked for only where the person is in that function,
and never more than MOST of a kind.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery

from governance import policy
from governance.gates import triage
from governance.gates.models import Decision, Kind, Stop, StopWish
from governance.gates.queries import row_of
from governance.gates.questions import QUESTIONS
from governance.initiatives import catalog, many
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import CatalogRow, Initiative
from governance.outcomes.models import Budget, Measurement
from governance.people import deputies, functions
from governance.people.functions import Function
from governance.people.models import Unit
from governance.proof import queries as proof
from governance.proof.models import ControlCheck, SignOff
from governance.raci.models import OFFERED, Assignment, Role, Row

#: Rows of one kind that a page can hold; what lies beyond is counted with a plus.
MOST = 60


@dataclass
class Mine:
    """What the database knows about one person's work. Lists hold instances with everything a row says at hand."""

    person: Any
    at: datetime
    functions: frozenset[str]
    visible: QuerySet
    units: dict[int, Unit]
    company: str = ""
    roles: list[Assignment] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    offers_made: list[Assignment] = field(default_factory=list)
    workflows: list[Initiative] = field(default_factory=list)
    deputised: list[Assignment] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    wishes: list[StopWish] = field(default_factory=list)
    wishes_made: list[StopWish] = field(default_factory=list)
    sign_offs: list[SignOff] = field(default_factory=list)
    figures: list[Measurement] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    checks: list[ControlCheck] = field(default_factory=list)
    tiers: list[Initiative] = field(default_factory=list)
    leavers: list[Assignment] = field(default_factory=list)
    unowned: list[tuple[int | None, int, datetime | None]] = field(default_factory=list)
    triage: int = 0

    def is_in(self, function: Function) -> bool:
        """Whether this person is in a function. No query."""
        return function.value in self.functions

    def role(self, initiative_id: int, row: Row, role: Role) -> Assignment | None:
        """Return this person's assignment in one cell, accepted or offered. No query."""
        return next(
            (a for a in self.roles if a.initiative_id == initiative_id and a.row == row and a.role == role), None
        )

    def accepted(self, row: Row, role: Role) -> list[Assignment]:
        """Return this person's accepted assignments of one cell. No query."""
        return [a for a in self.roles if a.row == row and a.role == role and a.accepted_at is not None]

    @property
    def led(self) -> list[Unit]:
        """Return the active units this person leads. No query."""
        return [unit for unit in self.units.values() if unit.leader_id == self.person.pk and unit.is_active]

    # What waits

    def to_decide(self) -> list[Decision]:
        """Return the open decisions this person answers: those of `gates.queries.waiting_for`. No query."""
        return [d for d in self.decisions if d.final_at > self.at and self._answers(d)]

    def _answers(self, decision: Decision) -> bool:
        found = self.role(decision.initiative_id, row_of(decision), Role.ACCOUNTABLE)
        return found is not None and (found.accepted_at is not None or decision.kind == "pilot_go")

    def to_get_decided(self) -> list[Decision]:
        """Return the decisions this person must get decided: those of `gates.queries.handed_over_to`. No query."""
        return [
            d
            for d in self.decisions
            if d.state_at(self.at) == "handed_over" and QUESTIONS[d.kind].hands_over and self._escalates(d)
        ]

    def _escalates(self, decision: Decision) -> bool:
        found = self.role(decision.initiative_id, row_of(decision), Role.ESCALATION)
        return found is not None and found.accepted_at is not None

    def asked(self) -> list[Decision]:
        """Return the open decisions this person asked for. No query."""
        return [d for d in self.decisions if d.asked_by_id == self.person.pk and d.final_at > self.at]

    def offers(self) -> list[Assignment]:
        """Return the offers this person still has to answer: those of `raci.queries.offers_to`. No query."""
        offered = [a for a in self.roles if a.accepted_at is None and a.role in OFFERED]
        running = [a for a in offered if a.answer_by and a.answer_by > self.at]
        return sorted(running, key=lambda a: (a.answer_by, a.pk))

    def moved(self) -> list[Initiative]:
        """Return what this person moves or answers for, once each: R or accepted A of any row. No query."""
        found = {
            a.initiative_id: a.initiative
            for a in self.roles
            if a.role == Role.RESPONSIBLE or (a.role == Role.ACCOUNTABLE and a.accepted_at is not None)
        }
        return sorted(found.values(), key=lambda one: one.number)

    def holds_something_stopped(self) -> bool:
        """Whether something this person answers for is stopped. No query."""
        return any(a.initiative.stage == Stage.STOPPED for a in self.accepted(Row.HALT, Role.ACCOUNTABLE))


def of(person, at: datetime, *, company: str = "") -> Mine:
    """Return everything that concerns `person` at `at`, in the installation of `company`.

    Seven queries for somebody named nowhere, five more to explain what they move, one for people they are
    deputy for, and one for each kind of thing a function looks after (three at most for one function).
    """
    mine = Mine(
        person, at, functions.of(person), Initiative.objects.visible_to(person, at), many.units_by_id(), company
    )
    _roles(mine)
    _stopping(mine)
    _functions(mine)
    _office(mine)
    return mine


def _roles(mine: Mine) -> None:
    """Bring what this person is named on, the questions about it, and what they asked of others."""
    me, joined = mine.person, [f"initiative__{name}" for name in many.JOINED]
    running = Assignment.objects.filter(ended_at=None).exclude(initiative__stage=Stage.RETIRED)
    standing = running.filter(person=me)
    offered_by_me = Q(assigned_by=me, accepted_at=None, role__in=OFFERED, answer_by__gt=mine.at)
    rows = running.filter(Q(person=me) | offered_by_me)
    rows = rows.select_related("assigned_by", "person", "initiative", *joined)
    found = list(rows.order_by("initiative__number", "row", "role", "pk"))
    mine.roles = [a for a in found if a.person_id == me.pk]
    mine.offers_made = [a for a in found if a.person_id != me.pk][:MOST]
    once = {a.initiative_id: a.initiative for a in mine.roles}  # one instance of each, with its facts at hand
    for assignment in mine.roles:
        assignment.initiative = once[assignment.initiative_id]
    questions = (
        Decision.objects.open()
        .filter(Q(initiative__in=standing.values("initiative_id")) | Q(asked_by=me))
        .defer("snapshot")
    )
    mine.decisions = list(questions.select_related("initiative", "asked_by").order_by("due_at", "pk"))
    for decision in mine.decisions:
        decision.initiative = once.get(decision.initiative_id, decision.initiative)
    mine.workflows = [
        once.get(one.pk, one)
        for one in Initiative.objects.filter(workflow_owner=me).exclude(stage=Stage.RETIRED).order_by("number")
    ]
    if once:
        many.bring(
            once.values(),
            Initiative.objects.filter(pk__in=standing.values("initiative_id")),
            units=mine.units,
            decisions=mine.decisions,
        )


def _stopping(mine: Mine) -> None:
    """Bring the stops, the wishes to stop, and what this person may stop as a deputy."""
    me = mine.person
    named = Assignment.objects.filter(person=me, ended_at=None, role__in=[Role.RESPONSIBLE, *OFFERED])
    held = named.filter(row=Row.HALT, role__in=OFFERED).values("initiative_id")
    stops = Q(initiative__in=named.values("initiative_id")) | Q(initiative__workflow_owner=me)
    wishes = (
        Q(initiative__in=held)
        | Q(initiative__workflow_owner=me, initiative__stage__in=[Stage.PILOT, Stage.FUNDING])
        | Q(person=me)
    )
    if mine.is_in(Function.COMPLIANCE):
        stops |= Q(
            confirmed_at=None, asked_at__lte=mine.at - timedelta(hours=policy.current().windows["ask_to_stop_h"])
        )
    if mine.is_in(Function.COMPLIANCE) or mine.is_in(Function.PORTFOLIO):
        owned = Assignment.objects.standing().filter(
            initiative=OuterRef("initiative"), row=Row.HALT, role=Role.ACCOUNTABLE, person__is_active=True
        )
        wishes |= ~Q(Exists(owned))
    mine.stops = list(
        Stop.objects.filter(stops, lifted_at=None)
        .exclude(initiative__stage=Stage.RETIRED)
        .select_related("initiative", "asked_by")
        .order_by("asked_at", "pk")[:MOST]
    )
    found = list(
        StopWish.objects.filter(wishes, answered_at=None, initiative__in=mine.visible.values("pk"))
        .select_related("initiative", "person")
        .order_by("at", "pk")[:MOST]
    )
    mine.wishes, mine.wishes_made = (
        [w for w in found if w.person_id != me.pk],
        [w for w in found if w.person_id == me.pk],
    )
    if away := deputies.active_for(me, mine.at):
        rows = Assignment.objects.standing().filter(
            person__in=away, row=Row.HALT, role=Role.ACCOUNTABLE, initiative__stage__in=[*Stage.in_use(), Stage.STOPPED]
        )
        mine.deputised = list(rows.select_related("person", "initiative").order_by("initiative__number")[:MOST])


def _functions(mine: Mine) -> None:
    """Bring what the functions of this person look at: sign-offs, figures and money, controls, tiers."""
    me, visible = mine.person, mine.visible.exclude(stage=Stage.RETIRED).values("pk")
    rules = policy.current()
    if signs := mine.functions & {slug for tier in rules.tiers.values() for slug in tier.sign_offs}:
        rows = (
            proof.sign_offs_open_for(signs, mine.at)
            .filter(initiative__in=visible, decision__final_at__gt=mine.at)
            .exclude(asked_by=me)
            .exclude(decision__asked_by=me)
        )
        mine.sign_offs = list(
            rows.exclude(
                Exists(ControlCheck.objects.filter(initiative=OuterRef("initiative"), supplied_by=me))
            ).select_related("asked_by")[:MOST]
        )
    if mine.is_in(Function.FINANCE):
        involved = Assignment.objects.filter(
            Q(role=Role.RESPONSIBLE) | Q(role=Role.ACCOUNTABLE, row__in=[Row.PILOT, Row.GO_LIVE]),
            initiative=OuterRef("initiative"),
            person=me,
            ended_at=None,
        )
        figures = (
            Measurement.objects.filter(initiative__in=visible, confirmed_at=None, returned_because="")
            .exclude(supplied_by=me)
            .exclude(Exists(involved))
        )
        mine.figures = list(
            figures.annotate(gate_due_at=_due(Kind.FUNDING))
            .select_related("initiative", "supplied_by")
            .order_by("supplied_at", "pk")[:MOST]
        )
        budgets = Budget.objects.filter(initiative__in=visible, approved_at=None).exclude(asked_by=me)
        mine.budgets = list(
            budgets.annotate(gate_due_at=_due(Kind.FUNDING))
            .select_related("initiative", "asked_by")
            .order_by("asked_at", "pk")[:MOST]
        )
    if refs := [c.ref for c in rules.controls.values() if c.function in mine.functions]:
        consulted = Assignment.objects.standing().filter(
            Q(group__name__in=mine.functions) | Q(person=me),
            initiative=OuterRef("initiative"),
            row=Row.GO_LIVE,
            role=Role.CONSULTED,
        )
        checks = ControlCheck.objects.filter(
            Exists(consulted),
            initiative__in=visible,
            ref__in=refs,
            confirmed_at=None,
            returned_because="",
            waived_by=None,
        ).exclude(supplied_by=me)
        found = (
            checks.annotate(gate_due_at=_due(Kind.GO_LIVE))
            .select_related("initiative", "supplied_by")
            .order_by("supplied_at", "pk")[: MOST * 4]
        )
        mine.checks = [
            c
            for c in found
            if any(asked.ref == c.ref for asked in rules.controls_for(c.initiative.tier, c.initiative.capability))
        ]
    if tiers := [t.tier for t in rules.tiers.values() if set(t.tier_confirmed_by) & mine.functions]:
        on_it = Assignment.objects.filter(
            initiative=OuterRef("pk"), person=me, role__in=[Role.RESPONSIBLE, Role.ACCOUNTABLE], ended_at=None
        )
        proposed = (
            mine.visible.filter(tier=None, tier_proposed__in=tiers)
            .exclude(stage__in=[Stage.RETIRED, Stage.TRIAGE])
            .exclude(Exists(on_it))
        )
        mine.tiers = list(proposed.order_by("registered_at", "number")[: MOST + 1])


def _due(kind: Kind) -> Subquery:
    """Return, for rows about an initiative, when its open question of `kind` is due."""
    return Subquery(Decision.objects.open().filter(initiative=OuterRef("initiative"), kind=kind).values("due_at")[:1])


def _office(mine: Mine) -> None:
    """Bring what the Portfolio office and the leaders of units keep moving: leavers, owners, unknown stages."""
    office = mine.is_in(Function.PORTFOLIO)
    if office:
        left = Assignment.objects.filter(ended_at=None, role__in=OFFERED, person__is_active=False).exclude(
            initiative__stage=Stage.RETIRED
        )
        mine.leavers = list(
            left.select_related("person", "initiative").order_by("initiative__number", "row", "role")[:MOST]
        )
        mine.triage = triage.waiting(mine.visible, mine.at).count()
    if office or mine.led:
        unowned = CatalogRow.objects.visible_to(mine.person, mine.at).filter(catalog.waits(mine.at)["owner"][1])
        if not office:
            unowned = unowned.filter(unit_id__in=sorted(pk for pk in mine.units if nearest_led(mine, pk)))
        mine.unowned = list(
            unowned.order_by().values_list("unit_id").annotate(n=Count("pk"), first=Min("unowned_since"))
        )


def _line(unit: Unit) -> list[Unit]:
    found: list[Unit] = []
    while unit is not None and unit not in found:
        found.append(unit)
        unit = unit.parent if unit.parent_id else None
    return found


def nearest_led(mine: Mine, unit_id: int | None) -> Unit | None:
    """Return the unit whose leader answers for `unit_id`, where that is this person: the nearest one above that has an active leader. No query."""
    line = _line(mine.units[unit_id]) if unit_id is not None else []
    led = next((unit for unit in line if unit.leader_id and unit.leader.is_active), None)
    return led if led is not None and led.leader_id == mine.person.pk else None
