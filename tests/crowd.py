"""A crowd of initiatives in every stage, made at once, for lists, counts and query budgets.

Written straight into the tables, because 3,600 walks through the real actions take minutes. Every row is
one that the actions could have made, but for what a list never reads.
"""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from governance.gates.models import Decision, Stop
from governance.initiatives import search
from governance.initiatives.models import Initiative, KeyCounter
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people.models import Person, Unit
from governance.raci import grants
from governance.raci.models import Assignment, Role, Row
from tests.make import Cast, at_stage, make_person

STAGES = (
    ["production"] * 9
    + ["idea"] * 12
    + ["pilot"] * 5
    + ["retired"] * 3
    + ["triage"] * 2
    + ["discovered"] * 2
    + ["build"] * 2
    + ["funding"] * 2
    + ["stopped"] * 2
)
WHAT = [
    "refunds",
    "claims",
    "invoices",
    "leave",
    "bids",
    "quality",
    "tickets",
    "contracts",
    "payroll",
    "shifts",
    "translation",
    "search",
    "routing",
    "forecast",
    "deploys",
    "reviews",
    "onboarding",
    "fraud",
]
WHERE = [
    "Customer",
    "Internal",
    "Field",
    "Regional",
    "Legal",
    "Clinical",
    "Fleet",
    "Benefits",
    "Passport",
    "Records",
    "Grants",
    "Travel",
    "Warehouse",
    "Energy",
    "Water",
    "Harbour",
]


def make_crowd(cast: Cast, count: int, at: datetime, seed: int = 1) -> list[Initiative]:
    """Return `count` new initiatives with owners, figures, budgets, questions and stops; one in twenty is restricted."""
    dice = random.Random(seed)
    people = list(Person.objects.filter(email__startswith="crowd.").order_by("pk")) or [
        make_person(f"Crowd {n}", unit=cast.sales) for n in range(12)
    ]
    units = [cast.support, cast.sales, cast.engineering, *_units(6)]
    first = KeyCounter.take(count)
    Initiative.objects.bulk_create(
        (_initiative(first + n, dice, at, people, units) for n in range(count)), batch_size=400
    )
    made = list(Initiative.objects.filter(number__gte=first).select_related("unit").order_by("number"))
    search.index(made)
    owners = [cast.owner, cast.other_owner, *people[:4]]
    rows: dict[type, list] = {Assignment: [], Outcome: [], Measurement: [], Budget: [], Decision: [], Stop: []}
    unowned = []
    for one in made:
        rows[Assignment].append(
            Assignment(
                initiative=one,
                row=Row.PILOT,
                role=Role.RESPONSIBLE,
                person=one.registrant,
                assigned_at=at,
                accepted_at=at,
            )
        )
        if dice.random() < 0.6:
            owner, paged = dice.choice(owners), dice.choice(people[4:])
            cells = [(row, Role.ACCOUNTABLE, owner) for row in (Row.PILOT, Row.GO_LIVE, Row.HALT)] + [
                (row, Role.ESCALATION, paged) for row in Row
            ]
            rows[Assignment] += [
                Assignment(initiative=one, row=row, role=role, person=person, assigned_at=at, accepted_at=at)
                for row, role, person in cells
            ]
        elif one.is_in_use:
            unowned.append(one.pk)
        _facts(rows, one, dice, at, cast, people)
    for model, found in rows.items():
        model.objects.bulk_create(found, batch_size=400)
    Initiative.objects.filter(pk__in=unowned).update(unowned_since=at - timedelta(days=12))
    for one in made:
        if one.restricted:
            grants.rebuild(one)
    return made


def _units(count: int) -> list[Unit]:
    """Return departments that stand at the top, each with an office below it."""
    tops = [
        Unit.objects.get_or_create(slug=f"department-{n}", defaults={"name": f"Department {n}"})[0]
        for n in range(count)
    ]
    return tops + [
        Unit.objects.get_or_create(slug=f"office-{n}", defaults={"name": f"Office {n}", "parent": top})[0]
        for n, top in enumerate(tops)
    ]


def _initiative(number: int, dice: random.Random, at: datetime, people: list[Person], units: list[Unit]) -> Initiative:
    stage, since = dice.choice(STAGES), at - timedelta(days=dice.randint(0, 200))
    tier = None if stage == "triage" else dice.choice([None, 0, 1, 2, 3, 4])
    return at_stage(
        stage,
        number=number,
        name=f"{dice.choice(WHERE)} {dice.choice(WHAT)}",
        purpose="Does some of the work.",
        tags=("", "", " voice ", " hr voice ")[number % 4],
        capability=dice.choice(["", "draft_only", "can_act"]),
        tier=tier,
        tier_proposed=dice.choice([tier, tier, 2]),
        tier_confirmed_at=None if tier is None else at,
        unit=dice.choice([*units, None]),
        registrant=dice.choice(people),
        registered_at=since,
        stage_since=since,
        restricted=dice.random() < 0.05,
        stopped_from="production" if stage == "stopped" else "",
        retired_at=since if stage == "retired" else None,
        pilot_since=since if stage in ("pilot", "funding") else None,
        live_since=since if stage == "production" else None,
        review_due_at=at + timedelta(days=dice.randint(-20, 60))
        if stage == "production" and tier is not None
        else None,
        gate_on=(at + timedelta(days=dice.randint(-9, 40))).date() if stage == "pilot" else None,
        rollback_how=dice.choice(["", "Switch it off"]),
        rollback_minutes=dice.choice([None, 10]),
    )


def _facts(
    rows: dict[type, list], one: Initiative, dice: random.Random, at: datetime, cast: Cast, people: list[Person]
) -> None:
    if dice.random() < 0.5:
        rows[Outcome].append(
            Outcome(
                initiative=one,
                metric="Cost per case",
                kind="money",
                unit="€ per case",
                baseline=Decimal(4),
                baseline_kind="measured",
                baseline_source="GL",
                baseline_on=date(2026, 1, 1),
                target=dice.choice([None, Decimal(3)]),
                threshold=Decimal("3.5"),
                threshold_set_at=at,
            )
        )
    if dice.random() < 0.4:
        seen = {"confirmed_by": cast.finance, "confirmed_at": at} if dice.random() < 0.5 else {}
        rows[Measurement].append(
            Measurement(
                initiative=one,
                number=1,
                value=Decimal(3),
                starts_on=date(2026, 1, 1),
                ends_on=date(2026, 2, 1),
                cases=10,
                source="GL",
                supplied_by=people[0],
                supplied_at=at,
                **seen,
            )
        )
    if dice.random() < 0.4:
        given = (
            {
                "approved": Decimal(5000),
                "approved_by": cast.finance,
                "approved_at": at,
                "cost_centre": "CC",
                "reference": "B",
            }
            if dice.random() < 0.5
            else {}
        )
        rows[Budget].append(
            Budget(
                initiative=one,
                asked=Decimal(dice.randint(5, 90) * 1000),
                currency=dice.choice(["EUR", "USD"]),
                months=12,
                asked_by=people[1],
                asked_at=at,
                **given,
            )
        )
    if one.stage == "funding":
        due = at + timedelta(days=dice.choice([-1, 3, 9]))
        rows[Decision].append(
            Decision(
                initiative=one,
                number=1,
                kind="funding",
                asked_by=people[0],
                asked_at=due - timedelta(days=14),
                due_at=due,
                final_at=due + timedelta(days=2),
            )
        )
    if one.stage == "stopped":
        seen = (
            {"confirmed_by": cast.lead, "confirmed_at": at, "confirmed_how": "Saw it."} if dice.random() < 0.5 else {}
        )
        rows[Stop].append(Stop(initiative=one, asked_at=at, asked_by=cast.owner, reason="harm", **seen))
