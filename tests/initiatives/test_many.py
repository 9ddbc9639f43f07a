"""Explaining many at once says exactly what explaining each alone says, in the same few queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core import kept
from governance.gates import actions as gates
from governance.initiatives import actions, many, queries, steps
from governance.initiatives.models import Initiative
from governance.people import functions
from governance.people.models import Person
from tests.crowd import make_crowd
from tests.make import AT, make_initiative

LATER = AT + timedelta(days=120)


def alone(pk: int) -> list:
    """Return what blocks the next step of one initiative, with every fact asked for freshly."""
    one = Initiative.objects.get(pk=pk)
    name = queries.next_step(one)
    if name == "restart" and not one.decisions.filter(kind="restart", closed="").exists():
        return []
    step = steps.step_out(one, name) if name else None
    return [b for rule in step.custom["rules"] for b in rule.blockers(one, LATER)] if step else []


@pytest.fixture
def everything(cast):
    """Stories at every stage, some with something missing, and a crowd."""
    for stage in ("idea", "pilot", "build", "production", "stopped", "retired"):
        make_initiative(cast, stage)
    make_initiative(cast, "idea", tier_proposed=4, capability="")
    make_initiative(cast, "build", tier_proposed=4).supply_controls(confirmed=False)
    make_initiative(cast, "build", tier_proposed=3).ask_go_live()
    unready = make_initiative(cast, "idea")
    unready.to_funding(ready=False)
    stopped = make_initiative(cast, "stopped", tier_proposed=3)
    gates.ask(
        stopped.fresh,
        "restart",
        by=cast.lead,
        at=stopped.at,
        particulars={"cause": "A retry.", "fix": "", "evidence": ""},
    )
    actions.report_found({"name": "ChatSumm", "unit": cast.support}, by=cast.staff, at=AT)
    make_crowd(cast, 60, AT)
    cast.owner.is_functional_lead, cast.owner.grade = True, "manager"
    cast.owner.save()
    return cast


def test_every_blocker_is_the_same_as_when_it_is_asked_for_alone(everything):
    brought = many.brought(Initiative.objects.all())

    with kept.asking_once():
        together = {one.pk: many.blockers(one, LATER) for one in brought}

    assert together == {one.pk: alone(one.pk) for one in brought}
    assert sum(map(len, together.values())) > 60


def test_the_counts_are_of_initiatives_each_rule_holds_up(everything):
    brought = many.brought(Initiative.objects.all())
    counted = many.blocked_by_rule(brought, LATER)

    held: dict[str, set[int]] = {}
    for one in brought:
        fresh = Initiative.objects.get(pk=one.pk)
        name = many.natural_step(one)
        for rule in steps.step_out(fresh, name).custom["rules"] if name else ():
            if any(rule.blockers(fresh, LATER)):
                held.setdefault(type(rule).__name__, set()).add(one.pk)
    assert counted == {name: len(pks) for name, pks in held.items()}


def test_the_number_of_queries_does_not_follow_the_number_of_initiatives(everything):
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            many.blocked_by_rule(many.brought(Initiative.objects.all()), LATER)
        return len(found)

    few = asked()
    make_crowd(everything, 150, AT, seed=2)

    assert asked() == few <= 14


def test_nothing_is_kept_outside_the_block(cast):
    with kept.asking_once():
        first = functions.members("finance")
        assert functions.members("finance") is first
        cast.finance.is_active, cast.finance.left_on = False, AT.date()
        cast.finance.save()
        assert cast.finance in functions.members("finance")

    assert cast.finance not in functions.members("finance")
    assert kept.answer("heads", Person.objects.active().count) == Person.objects.active().count()


def test_only_a_restart_that_was_asked_for_is_worked_towards(cast):
    story = make_initiative(cast, "stopped")
    rows = Initiative.objects.filter(pk=story.initiative.pk)
    before = many.natural_step(many.brought(rows)[0])
    gates.ask(story.fresh, "restart", by=cast.lead, at=story.at, particulars={"cause": "", "fix": "", "evidence": ""})

    assert (before, many.natural_step(many.brought(rows)[0])) == ("", "restart")
