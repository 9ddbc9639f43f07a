"""Deciding: who may, what it needs, what it does."""

from datetime import timedelta

import pytest

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.gates import actions, snapshot
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from tests.make import prove


def test_an_initiative_walks_from_idea_to_retirement(story):
    tale = story("production", tier_proposed=4)
    assert tale.fresh.stage == "production"
    assert tale.fresh.review_due_at is not None

    tale.stop()
    assert tale.fresh.stage == "stopped"
    tale.restart()
    assert tale.fresh.stage == "production"
    tale.retire()
    assert tale.fresh.stage == "retired"


@pytest.mark.parametrize("stage", ["idea", "pilot", "funding", "build", "production", "stopped", "retired"])
def test_every_stage_is_reached_through_the_real_actions(story, stage):
    assert story(stage).fresh.stage == stage


def test_a_pass_with_an_open_requirement_is_refused_with_every_reason_and_nothing_moves(story, cast):
    tale = story()
    tale.to_funding(ready=False)
    decision = tale.decision("funding")
    seen = snapshot.shown(decision, tale.fresh, tale.at)

    with pytest.raises(Blocked) as refusal:
        actions.decide(decision, "pass", by=cast.owner, at=tale.at, proof=prove(cast.owner), seen=seen)

    assert {b.code for b in refusal.value.blockers} == {"funding.confirmed", "budget.open"}
    decision.refresh_from_db()
    assert (decision.closed, tale.fresh.stage) == ("", "funding")
    assert LedgerEntry.objects.filter(verb="refused").count() == 1


@pytest.mark.parametrize("who", ["lead", "escalation", "finance", "compliance", "office", "cto", "admin", "staff"])
def test_only_the_accountable_answers(story, cast, who):
    tale = story("funding")
    decision = tale.decision("funding")
    person = getattr(cast, who)

    with pytest.raises(Refused, match="Priya Nair"):
        actions.decide(
            decision,
            "pass",
            by=person,
            at=tale.at,
            proof=prove(person),
            seen=snapshot.shown(decision, tale.fresh, tale.at),
        )

    assert tale.fresh.stage == "funding"


def test_the_same_answer_again_is_the_receipt_and_another_answer_is_a_conflict(story, cast):
    tale = story("funding")
    decision = tale.decision("funding")
    seen = snapshot.shown(decision, tale.fresh, tale.at)
    first = actions.decide(decision, "pass", by=cast.owner, at=tale.at, proof=prove(cast.owner), seen=seen)
    entries = LedgerEntry.objects.count()

    again = actions.decide(decision, "pass", by=cast.owner, at=tale.at, proof=prove(cast.owner), seen=seen)

    assert (again.pk, again.signature_id) == (first.pk, first.signature_id)
    assert LedgerEntry.objects.count() == entries
    with pytest.raises(Conflict, match="Priya Nair answered this already"):
        actions.decide(decision, "no_pass", by=cast.owner, at=tale.at, proof=prove(cast.owner), seen=seen)


def test_facts_that_moved_since_the_page_was_shown_refuse_the_signature(story, cast):
    tale = story("funding")
    decision = tale.decision("funding")

    with pytest.raises(Conflict, match="changed since"):
        actions.decide(decision, "pass", by=cast.owner, at=tale.at, proof=prove(cast.owner), seen="0" * 64)

    assert tale.fresh.stage == "funding"


def test_silence_is_no_pass_on_a_working_day_and_the_pilot_runs_on(story):
    tale = story("funding")
    decision = tale.decision("funding")

    tale.at = decision.due_at
    assert actions.settle(tale.fresh, at=tale.at) == 1
    decision.refresh_from_db()
    assert (decision.closed, decision.handed_over_at) == ("", decision.due_at)

    assert actions.settle(tale.fresh, at=decision.final_at) == 1
    decision.refresh_from_db()
    assert (decision.closed, decision.outcome, tale.fresh.stage) == ("lapsed", "no_pass", "pilot")
    assert decision.final_at.weekday() < 5


def no_pass(tale):
    tale.answer("funding", "no_pass")


def lapse(tale):
    tale.at = tale.decision("funding").final_at
    actions.settle(tale.fresh, at=tale.at)


def withdraw(tale):
    actions.withdraw(tale.decision("funding"), by=tale.cast.lead, at=tale.at, because="Too early.")


def stop_and_restart(tale):
    tale.stop().restart()


@pytest.mark.parametrize("goes_back", [no_pass, lapse, withdraw, stop_and_restart])
def test_day_90_is_counted_once_and_asking_for_money_does_not_end_it(story, goes_back):
    tale = story("pilot")
    due = tale.decision("day_90").due_at
    tale.measure().ask_budget()
    actions.ask(tale.fresh, "funding", by=tale.cast.lead, at=tale.at)
    assert tale.decision("day_90").closed == "overtaken"

    goes_back(tale)

    assert tale.fresh.stage == "pilot"
    again = tale.decision("day_90")
    assert (again.closed, again.due_at, again.final_at) == ("", due, due)
    assert actions.settle(tale.fresh, at=due) == 1
    assert (tale.fresh.stage, tale.fresh.is_retiring) == ("stopped", True)


def test_a_pilot_that_is_back_after_day_90_is_not_ended_by_it(story):
    tale = story("pilot")
    due = tale.decision("day_90").due_at
    tale.measure().ask_budget()
    tale.at = due - timedelta(days=3)
    actions.ask(tale.fresh, "funding", by=tale.cast.lead, at=tale.at)

    lapse(tale)

    assert tale.at > due
    assert (tale.fresh.stage, tale.decision("day_90").closed) == ("pilot", "overtaken")


def test_a_stop_overtakes_every_open_question(story, cast):
    from governance.gates import stop

    tale = story("funding")
    stop.stop(tale.fresh, reason="harm", by=cast.escalation, at=tale.at, proof=prove(cast.escalation))

    assert tale.decision("funding").closed == "overtaken"
    assert tale.fresh.stage == "stopped"
    assert Initiative.objects.get(pk=tale.initiative.pk).stopped_from == "funding"
