"""An import among other people: a stop never waits for it, a kill leaves nothing half done, two at once are one."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter

import pytest
from django.db import connections

from governance.gates import stop
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.ledger.verify import verify
from governance.notices.models import Notice
from governance.people.models import Unit
from governance.registers import apply
from governance.registers.models import Batch, Origin, Staged
from tests.make import prove
from tests.registers.conftest import AT, record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.waits, pytest.mark.long(12)]

#: Processes, as in life: an import is a command, and whoever stops sits at a web server.
processes = multiprocessing.get_context("fork")


def import_it(path, begun, ended) -> None:
    """Import a file in a process of its own, with the pauses an import makes."""
    try:
        begun.set()
        apply.bring_in(path, "omb-2025", by=apply.NOBODY, at=AT)
        ended.put("done")
    except BaseException as error:
        ended.put(repr(error))
        raise
    finally:
        connections.close_all()


def start(path):
    """Start an import; return its process and how it ended, to be asked for."""
    connections.close_all()
    begun, ended = processes.Event(), processes.SimpleQueue()
    child = processes.Process(target=import_it, args=(path, begun, ended))
    child.start()
    begun.wait(30)
    return child, ended


def finish(child, ended) -> None:
    """Wait for an import to end well."""
    assert ended.get() == "done"
    child.join(60)
    assert child.exitcode == 0


# A stop


def stops_during_imports(cast, bring, file, rounds: int) -> None:
    """Send one stop during each of `rounds` imports, at any moment of it; each commits before its import ends."""
    bring([record(n, agency="RUN", development_stage="Deployed") for n in range(rounds)])
    running = list(Initiative.objects.order_by("pk"))
    dice = random.Random(20260303)
    during = 0
    for number, initiative in enumerate(running):
        path = file(
            [record(n, agency=f"A{number}") for n in range(600)]
            + [record(n, agency="RUN", development_stage="Deployed") for n in range(rounds)]
        )
        child, ended = start(path)
        applied, at_least = (
            Initiative.objects.filter(origin__identity__startswith=f"a{number} |"),
            dice.randrange(1, 400),
        )
        while applied.count() < at_least and child.is_alive():
            time.sleep(0.002)

        made = stop.stop(initiative, reason="harm", by=cast.office, at=AT, proof=prove(cast.office))

        finish(child, ended)
        stopped = LedgerEntry.objects.get(verb="stop.asked", subject_id=made.pk).seq
        finished = LedgerEntry.objects.filter(verb="import.finished").order_by("-seq")[0].seq
        assert stopped < finished
        during += LedgerEntry.objects.filter(verb="record.created", seq__gt=stopped).exists()
        assert Initiative.objects.get(pk=initiative.pk).stage == "stopped"
    # Most of them must have come while records were still being applied, or nothing was tried.
    assert during >= rounds * 0.6
    assert verify().ok


def test_a_stop_sent_during_an_import_commits_before_the_import_ends(cast, bring, file):
    stops_during_imports(cast, bring, file, rounds=5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_stops_sent_during_fifty_imports_commit_before_they_end(cast, bring, file):
    stops_during_imports(cast, bring, file, rounds=50)


# A kill


def outcome() -> dict[str, object]:
    """Return what an import left, without keys and numbers."""
    return {
        "initiatives": sorted(
            Initiative.objects.values_list(
                "name",
                "purpose",
                "vendor",
                "stage",
                "unit__name",
                "unit__parent__name",
                "unowned_since",
                "evidence_due_on",
                "version",
            )
        ),
        "origins": sorted(
            (o.identity, o.occurrence, o.raw_sha256, str(o.stated), o.gone_at) for o in Origin.objects.all()
        ),
        "units": sorted(Unit.objects.values_list("name", "parent__name", "leader__name"), key=str),
        "told": sorted(Notice.objects.values_list("person__name", "subject", "channel", "body")),
        "entries": Counter(
            LedgerEntry.objects.filter(verb__in=["record.created", "record.gone", "unit.added"]).values_list(
                "verb", flat=True
            )
        ),
    }


def everything() -> list[dict[str, str]]:
    """Return a file of 900 records in every stage, in 30 bureaus of 3 agencies, some without a number."""
    stages = ("Pre-deployment", "Pilot", "Deployed", "Retired", "")
    return [
        record(
            n,
            agency=f"A{n % 3}",
            agency_name=f"Agency {n % 3}",
            agency_bureau=f"Bureau {n % 30}",
            id="" if n % 7 == 0 else f"X-{n}",
            development_stage=stages[n % 5],
        )
        for n in range(900)
    ]


def killed_imports(cast, file, kills: int) -> None:
    """Kill an import `kills` times somewhere in the middle, then let it run, and compare with one that was left alone."""
    path = file(everything())
    dice = random.Random(7)
    for _kill in range(kills):
        there = Initiative.objects.count()
        child, _ended = start(path)
        while Initiative.objects.count() < there + dice.randrange(100, 250) and child.is_alive() and there < 500:
            time.sleep(0.005)
        if there >= 500:
            time.sleep(dice.random() * 0.6)  # while rows are being staged, applied, or people told
        if child.pid:
            os.kill(child.pid, signal.SIGKILL)
        child.join(30)

    apply.bring_in(path, "omb-2025", by=apply.NOBODY, at=AT, pause=0)

    killed = outcome()
    again = apply.bring_in(path, "omb-2025", by=apply.NOBODY, at=AT, pause=0)
    assert (again.created, again.updated, again.unchanged, again.gone) == (0, 0, 900, 0)
    assert outcome() == killed
    assert len(killed["initiatives"]) == len(set(Initiative.objects.values_list("number", flat=True))) == 900
    assert killed["entries"] == {"record.created": 900, "unit.added": 33}
    assert set(Counter(Notice.objects.values_list("person", "subject", "channel")).values()) == {1}
    assert len(killed["told"]) == 3 * 2 * 2
    assert Batch.objects.filter(finished_at=None).count() == 0
    assert verify().ok


def test_an_import_killed_on_its_way_ends_the_same_when_it_is_run_again(cast, file):
    killed_imports(cast, file, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_killed_twenty_times_ends_the_same(cast, file):
    killed_imports(cast, file, kills=20)


def test_an_import_killed_before_people_were_told_tells_them_when_it_is_run_again(cast, file, monkeypatch):
    path = file(everything())

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(apply, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            apply.bring_in(path, "omb-2025", by=apply.NOBODY, at=AT, pause=0)
    assert not Notice.objects.exists()

    report = apply.bring_in(path, "omb-2025", by=apply.NOBODY, at=AT, pause=0)

    assert (report.created, report.unchanged) == (0, 900)
    assert Notice.objects.count() == 3 * 2 * 2
    assert Notice.objects.first().body.startswith("300 uses of AI are new or were changed")


# Two at once


def test_an_import_that_another_one_finished_tells_nobody_twice(cast, file, monkeypatch):
    records, really, waiting = everything(), apply.finish, []
    with monkeypatch.context() as during:
        during.setattr(apply, "finish", lambda *args, **kwargs: waiting.append((args, kwargs)))
        for many in (600, 900):
            apply.bring_in(file(records[:many]), "omb-2025", by=apply.NOBODY, at=AT, pause=0)

    for args, kwargs in waiting:
        really(*args, **kwargs)

    assert set(Counter(Notice.objects.values_list("person", "subject", "channel")).values()) == {1}
    assert Notice.objects.count() == 3 * 2 * 2
    assert Batch.objects.filter(finished_at=None).count() == 0


def test_two_imports_of_one_file_at_once_are_as_one(cast, file):
    path = file(everything())

    first, second = start(path), start(path)
    finish(*first)
    finish(*second)

    assert Initiative.objects.count() == Origin.objects.count() == 900
    assert Unit.objects.filter(initiatives__isnull=False).distinct().count() == 30
    assert LedgerEntry.objects.filter(verb="record.created").count() == 900
    assert LedgerEntry.objects.filter(verb="import.finished").count() == 2
    assert set(Counter(Notice.objects.values_list("person", "subject", "channel")).values()) == {1}
    assert not Staged.objects.filter(applied=False).exists()
    assert verify().ok
