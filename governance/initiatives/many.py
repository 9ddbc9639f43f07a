"""Explaining many initiatives at once: every fact the rules read is brought in a few queries, whatever their number.

The rules stay the one place that says what is missing; here they only find their facts at hand.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from governance.core import kept
from governance.core.rules import Blocker
from governance.initiatives import queries, steps
from governance.initiatives.models import Initiative
from governance.outcomes.models import Measurement
from governance.people.models import Person, Unit
from governance.proof.models import ControlCheck, SignOff
from governance.raci.models import Assignment
from governance.raci.queries import Matrix

#: What comes along with the initiatives themselves.
JOINED = ("outcome", "budget", "retirement", "registrant")


def brought(rows: QuerySet, *, units: dict[int, Unit] | None = None) -> list[Initiative]:
    """Return the initiatives of `rows` with every fact at hand that their rules read.

    Eight queries, seven where the caller has the units (by id, with their leaders).
    """
    found = list(rows.select_related(*JOINED))
    bring(found, Initiative.objects.filter(pk__in=rows.order_by().values("pk")), units=units)
    return found


def bring(
    initiatives: Iterable[Initiative],
    within: QuerySet,
    *,
    units: dict[int, Unit] | None = None,
    decisions: Iterable[Any] | None = None,
) -> None:
    """Put every fact the rules read at hand of `initiatives`, which were loaded with JOINED and lie in `within`.

    `within` is asked for in every statement, so that none grows with their number. Seven queries, one
    less for each of `units` and `decisions` (open ones) that the caller has.
    """
    initiatives = list(initiatives)
    ids = within.order_by().values("pk")
    units = units_by_id() if units is None else units
    groups = _groups()
    matrices = _by_initiative(
        Assignment.objects.filter(initiative__in=ids, ended_at=None)
        .select_related("person", "group")
        .order_by("row", "role", "pk")
    )
    figures = _by_initiative(
        Measurement.objects.filter(initiative__in=ids)
        .select_related("supplied_by", "confirmed_by")
        .order_by("-ends_on", "-pk")
    )
    checks = _by_initiative(ControlCheck.objects.filter(initiative__in=ids))
    sign_offs = _by_initiative(
        SignOff.objects.filter(initiative__in=ids, decision__closed="").select_related("decision")
    )
    if decisions is None:
        asked: Any = Initiative._meta.get_field("decisions").related_model  # kept by the gates, a room above
        decisions = asked.objects.filter(initiative__in=ids, closed="").order_by("asked_at", "pk")
    open_decisions = _by_initiative(decisions)
    for one in initiatives:
        for field in ("unit", "receiving_unit", "building_unit"):
            if pk := getattr(one, f"{field}_id"):
                setattr(one, field, units[pk])
        rows = matrices[one.pk]
        for assignment in rows:
            if assignment.person is not None:
                _place(assignment.person, units, groups)
        if one.registrant is not None:
            _place(one.registrant, units, groups)
        one.__dict__.update(
            _matrix=Matrix(tuple(rows)),
            _outcome=getattr(one, "outcome", None),
            _budget=getattr(one, "budget", None),
            _measurements=figures[one.pk],
            _brought_checks=checks[one.pk],
            _brought_sign_offs=sign_offs[one.pk],
            _brought_decisions=open_decisions[one.pk],
        )


def units_by_id() -> dict[int, Unit]:
    """Return every unit by id, each with its parent and its leader at hand. One query."""
    units = {unit.pk: unit for unit in Unit.objects.select_related("leader")}
    for unit in units.values():
        if unit.parent_id:
            unit.parent = units[unit.parent_id]
    return units


def _groups() -> dict[int, frozenset[str]]:
    """Return the groups of everybody who is in any, by person. One query."""
    found: dict[int, set[str]] = defaultdict(set)
    for person, name in Person.groups.through.objects.values_list("person_id", "group__name"):
        found[person].add(name)
    return {person: frozenset(names) for person, names in found.items()}


def _place(person: Person, units: dict[int, Unit], groups: dict[int, frozenset[str]]) -> None:
    """Give a person their unit and their functions, as `functions.of` keeps them."""
    if person.unit_id:
        person.unit = units[person.unit_id]
    if person.is_active:
        person.__dict__.setdefault("_functions", groups.get(person.pk, frozenset()))


def _by_initiative(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.initiative_id].append(row)
    return found


# --- Explaining them --------------------------------------------------------------------------


def blockers(initiative: Initiative, at: datetime) -> list[Blocker]:
    """Return what blocks the step people work towards. No query for one that was brought, inside `kept.asking_once`."""
    name = natural_step(initiative)
    step = steps.step_out(initiative, name) if name else None
    return [blocker for rule in step.custom["rules"] for blocker in rule.blockers(initiative, at)] if step else []


def natural_step(initiative: Initiative) -> str:
    """Return the step people work towards from here. A restart is worked towards once it is asked for. No query."""
    name = queries.next_step(initiative)
    if name == "restart" and not any(d.kind == "restart" for d in initiative.__dict__.get("_brought_decisions", ())):
        return ""
    return name


def blocked_by_rule(initiatives: Iterable[Initiative], at: datetime) -> Counter[str]:
    """Return how many of these brought initiatives each rule keeps from their next step, by the rule's class name.

    At most a query for each function, and one to count heads.
    """
    counted: Counter[str] = Counter()
    with kept.asking_once():
        for initiative in initiatives:
            step = steps.step_out(initiative, natural_step(initiative)) if natural_step(initiative) else None
            for rule in step.custom["rules"] if step else ():
                if next(iter(rule.blockers(initiative, at)), None) is not None:
                    counted[type(rule).__name__] += 1
    return counted
