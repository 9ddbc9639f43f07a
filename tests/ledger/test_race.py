"""Sixteen processes record at once: nothing lost, no gap, no deadlock, every entry in its place."""

import multiprocessing
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connections

from governance import ledger
from governance.ledger.models import LedgerEntry
from governance.ledger.verbs import Verb
from governance.ledger.verify import verify
from tests.ledger.conftest import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

WRITERS = 16

#: Processes, not threads: a thread would wait for Python's own lock and prove nothing about ours.
processes = multiprocessing.get_context("fork")


def together(work, many: int) -> list:
    """Run `work(number, barrier, answers)` in `many` processes that start as one; return what they answered."""
    connections.close_all()
    barrier, answers = processes.Barrier(many), processes.SimpleQueue()
    children = [processes.Process(target=work, args=(number, barrier, answers)) for number in range(many)]
    for child in children:
        child.start()
    found = [answers.get() for _ in children]
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * many
    return found


def write(number, barrier, answers, acts):
    """Record `acts` acts, one entry each, then every tenth time three at once."""
    said = 0
    try:
        barrier.wait(60)
        for n in range(acts):
            with ledger.act(by=f"import:{number}", at=AT) as say:
                for _ in range(3 if n % 10 == 9 else 1):
                    say(Verb.RECORD_UPDATED, Group(pk=number + 1), n=n, text={"name": f"writer {number}"})
                    said += 1
        answers.put(said)
    except BaseException as error:
        answers.put(repr(error))
        raise
    finally:
        connections.close_all()


def race(acts: int) -> None:
    """Sixteen writers, `acts` acts each; what they said is what is on record."""
    answers = together(lambda number, barrier, answers: write(number, barrier, answers, acts), WRITERS)

    each = acts + 2 * (acts // 10)
    assert answers == [each] * WRITERS
    assert list(LedgerEntry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, WRITERS * each + 1))
    assert {LedgerEntry.objects.filter(actor=f"import:{number}").count() for number in range(WRITERS)} == {each}
    recorded_at = list(LedgerEntry.objects.order_by("seq").values_list("recorded_at", flat=True))
    assert recorded_at == sorted(recorded_at)
    assert verify().ok


def test_sixteen_writers_lose_nothing():
    race(acts=30)


@pytest.mark.slow
def test_sixteen_writers_of_five_hundred_acts_lose_nothing():
    race(acts=500)


ROUNDS = 20


def refuse(number, barrier, answers):
    """Record the same refusal as everybody else, in twenty minutes of the record's time."""
    written = []
    try:
        for n in range(ROUNDS):
            barrier.wait(60)
            at = AT + timedelta(minutes=n)
            written.append(ledger.refused(by="person:17", at=at, what="decide", subject=Group(pk=1)))
        answers.put(written)
    except BaseException as error:
        answers.put(repr(error))
        raise
    finally:
        connections.close_all()


def test_the_same_refusal_from_eight_sessions_is_recorded_once():
    answers = together(refuse, 8)

    assert [sorted(each) for each in zip(*answers, strict=True)] == [[False] * 7 + [True]] * ROUNDS
    assert LedgerEntry.objects.count() == ROUNDS
    assert verify().ok
