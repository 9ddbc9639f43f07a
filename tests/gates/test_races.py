"""Races: many hands on one question at the same instant. One outcome, no deadlock, the stop always wins."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, connections

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.gates import actions, snapshot, stop
from governance.gates.models import Decision, Stop
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people.models import Person
from tests import make

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.waits,
    pytest.mark.long(8),
    pytest.mark.parametrize("rounds", [10, pytest.param(50, marks=pytest.mark.ci)]),
]


class Round:
    """One question that can be raced for again and again: the rows are put back by plain SQL in between."""

    def __init__(self, cast: make.Cast):
        self.tale = make.make_initiative(cast, "funding")
        self.cast = cast
        self.decision = self.tale.decision("funding")
        self.rows = {
            table: self._read(table, where)
            for table, where in (
                ("governance_initiative", self.tale.initiative.pk),
                ("governance_decision", self.decision.pk),
            )
        }

    def _read(self, table: str, pk: int) -> dict:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [pk])
            return dict(zip([c[0] for c in cursor.description], cursor.fetchone(), strict=True))

    def again(self) -> None:
        """Put the question back as it was asked."""
        Stop.objects.all().delete()
        Decision.objects.filter(number__gt=self.decision.number).delete()
        with connection.cursor() as cursor:
            for table, row in self.rows.items():
                names = [name for name in row if name not in ("id", "row")]  # the database works out `row` itself
                cursor.execute(
                    f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in names)} WHERE id = %s",
                    [*(row[name] for name in names), row["id"]],
                )
        self.seen = snapshot.shown(
            Decision.objects.get(pk=self.decision.pk), Initiative.objects.get(pk=self.tale.initiative.pk), self.tale.at
        )

    def answer(self, outcome: str, at=None):
        """Answer as the one Accountable, from a session of its own."""
        owner = Person.objects.get(pk=self.cast.owner.pk)
        decision = Decision.objects.select_related("initiative").get(pk=self.decision.pk)
        return actions.decide(
            decision,
            outcome,
            by=owner,
            at=at or self.tale.at,
            proof=make.prove(owner),
            seen=self.seen,
            reason="Because.",
        )

    def stop(self):
        """Stop it as the Escalation owner."""
        escalation = Person.objects.get(pk=self.cast.escalation.pk)
        return stop.stop(
            Initiative.objects.get(pk=self.tale.initiative.pk),
            reason="harm",
            by=escalation,
            at=self.tale.at,
            proof=make.prove(escalation),
        )

    def withdraw(self):
        """Take the question back as who asked."""
        lead = Person.objects.get(pk=self.cast.lead.pk)
        decision = Decision.objects.select_related("initiative").get(pk=self.decision.pk)
        return actions.withdraw(decision, by=lead, at=self.tale.at, because="Not now.")

    def now(self) -> tuple[Decision, Initiative]:
        """Return the question and the initiative as they are."""
        return Decision.objects.get(pk=self.decision.pk), Initiative.objects.get(pk=self.tale.initiative.pk)


def together(*acts) -> list:
    """Run every act in a thread and connection of its own, started at once; return results or what was raised."""
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        try:
            barrier.wait(10)
            results[index] = act()
        except (Refused, Blocked, Conflict) as refusal:
            results[index] = refusal
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i, act)) for i, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.fixture
def race(transactional_db):
    """A question at the funding gate, ready to be passed."""
    from governance import furnish

    furnish.after_migrate()
    return Round(make.make_cast())


def outcomes(results) -> Counter:
    return Counter(type(r).__name__ for r in results)


def test_eight_sessions_of_the_one_accountable_leave_one_answer(race, rounds):
    for number in range(rounds):
        race.again()
        before = LedgerEntry.objects.filter(verb="decision.answered").count()

        results = together(*[lambda o=("pass" if (i + number) % 2 else "no_pass"): race.answer(o) for i in range(8)])

        decision, initiative = race.now()
        assert set(outcomes(results)) <= {"Decision", "Conflict"}, results
        assert decision.closed == "decided"
        assert initiative.stage == ("build" if decision.outcome == "pass" else "pilot")
        assert {r.outcome for r in results if isinstance(r, Decision)} == {decision.outcome}
        assert all("Priya Nair" in str(r) for r in results if isinstance(r, Conflict))
        assert LedgerEntry.objects.filter(verb="decision.answered").count() == before + 1


def test_a_stop_against_an_answer_always_ends_stopped(race, rounds):
    for _number in range(rounds):
        race.again()

        results = together(race.stop, lambda: race.answer("pass"), lambda: race.answer("no_pass"), race.stop)

        decision, initiative = race.now()
        assert isinstance(results[0], Stop), results
        assert isinstance(results[3], Stop), results
        assert set(outcomes(results)) <= {"Stop", "Decision", "Conflict"}, results
        assert initiative.stage == "stopped"
        assert decision.closed in ("overtaken", "decided")
        assert Stop.objects.count() == 1


def test_a_withdrawal_against_an_answer_leaves_one_of_them(race, rounds):
    for _number in range(rounds):
        race.again()

        results = together(race.withdraw, lambda: race.answer("pass"), race.withdraw, lambda: race.answer("pass"))

        decision, initiative = race.now()
        assert set(outcomes(results)) <= {"Decision", "Conflict"}, results
        assert decision.closed in ("withdrawn", "decided")
        assert initiative.stage == ("build" if decision.closed == "decided" else "pilot")


def test_an_answer_at_the_instant_of_the_lapse_is_late(race, rounds):
    for _number in range(rounds):
        race.again()
        final = race.decision.final_at

        results = together(
            lambda at=final - timedelta(seconds=1): race.answer("pass", at),
            lambda at=final: race.answer("pass", at),
            lambda at=final: actions.settle(race.tale.initiative, at=at),
            lambda at=final: actions.settle(race.tale.initiative, at=at),
        )

        decision, initiative = race.now()
        assert set(outcomes(results)) <= {"Decision", "Conflict", "int"}, results
        assert decision.closed in ("lapsed", "decided")
        assert initiative.stage == ("build" if decision.closed == "decided" else "pilot")
        if decision.closed == "lapsed":
            assert decision.closed_at == final
