"""Reminders with real processes: killed in the middle, the queue emptied, three beats at once. Nothing lost, nothing twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from governance.core import clock
from governance.ledger.models import LedgerEntry
from governance.ledger.verify import verify
from governance.notices.models import Channel, Message, Notice
from tests import make
from tests.running import ROOT, outside

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.waits, pytest.mark.long(40)]

#: Longer than any message takes on a busy machine, shorter than anybody waits.
LEASE = 4


class Crew:
    """Processes of one test: `start` begins one, `kill` ends it as a crash would, `end` ends them all."""

    def __init__(self, home: Path, port: int, broker: str):
        self.running: dict[subprocess.Popen, str] = {}
        settings = connection.settings_dict
        self.environment = outside(
            MANDATE_HOME=str(home),
            TEST_DATABASE=str(settings["NAME"]),
            TEST_LEASE=str(LEASE),
            EMAIL_URL=f"smtp://127.0.0.1:{port}",
            CELERY_BROKER_URL=broker,
            SWEEP_SECONDS="1",
            **({"DATABASE_URL": os.environ["DATABASE_URL"]} if "DATABASE_URL" in os.environ else {}),
        )

    def start(self, *kind: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.notices.worker", *kind],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.running[process] = kind[0]
        return process

    def kill(self, kind: str) -> bool:
        """Kill -9 one process of this kind, if one runs."""
        for process, what in list(self.running.items()):
            if what == kind and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                del self.running[process]
                return True
        return False

    def end(self) -> None:
        for process in self.running:
            process.kill()
        for process in self.running:
            process.wait(10)

    def said(self) -> str:
        """Return what processes that ended by themselves complained of."""
        return "".join(process.stderr.read().decode()[-2000:] for process in self.running if process.poll() is not None)


@pytest.fixture
def crew(tmp_path, sink):
    """Return a function that makes the processes of this test; they end with it."""
    made = []

    def begin(broker: str = "memory://") -> Crew:
        made.append(Crew(tmp_path, sink.port, broker))
        return made[-1]

    yield begin
    for one in made:
        one.end()


def until(true, crew: Crew, seconds: float = 90) -> None:
    """Wait until something is true; fail with what the processes said."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, f"still waiting after {seconds} s. {crew.said()}"
        time.sleep(0.1)


def all_stopped(pid: int) -> bool:
    """Return whether every thread of a process stands still; elsewhere than on Linux, nobody can say."""
    tasks = Path(f"/proc/{pid}/task")
    return (
        all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.glob("*/stat"))
        if tasks.exists()
        else True
    )


def all_sent() -> bool:
    return not Notice.objects.filter(channel=Channel.EMAIL, sent_at=None).exists()


def a_lapsed_gate() -> make.Story:
    """Make a funding gate whose time is up, so that time has something to settle."""
    return make.Story(make.make_cast(), at=clock.wall() - timedelta(days=70)).to_funding()


def check_nothing_lost_and_nothing_twice(sink, story: make.Story, wire_repeats: int) -> None:
    """Every notice sent and kept once; what time settles happened once; the wire repeated no more than there were kills."""
    wire, kept = Counter(sink.ids), Counter(Message.objects.values_list("message_id", flat=True))
    assert not Notice.objects.filter(sent_at=None).exists()
    assert set(kept.values()) == {1}
    assert set(wire) == set(kept)
    repeats = sum(wire.values()) - len(wire)
    assert repeats <= wire_repeats, wire.most_common(5)
    assert Message.objects.exclude(failed_at=None).count() == 0
    gate = story.decision("funding")
    assert (gate.closed, story.fresh.stage) == ("lapsed", "pilot")
    assert (
        Counter(
            LedgerEntry.objects.filter(
                initiative_id=story.initiative.pk, verb__in=["decision.lapsed", "initiative.moved"]
            ).values_list("verb", flat=True)
        )["decision.lapsed"]
        == 1
    )
    assert Notice.objects.filter(occasion="lapsed").count() == 3 * 2
    assert verify().ok


def run_with_kills(crew: Crew, kind: str, sink, kills: int, owed: int) -> int:
    """Owe `owed` notices, kill the worker at `kills` random messages, in different moments of each. Returns how often."""
    chosen, done, lock = random.Random(kills), [], threading.Lock()
    places = sorted(chosen.sample(range(2, owed - 5), kills))

    def kill_at(place_is_odd: bool) -> None:
        with lock:
            if places and len(sink.arrived) >= places[0] and places[0] % 2 == place_is_odd and crew.kill(kind):
                done.append(places.pop(0))

    # With the message in hand and no answer given yet, or just answered: between the server's OK and the mark.
    sink.before, sink.after = lambda one: kill_at(True), lambda one: kill_at(False)
    crew.start(kind)
    until(lambda: _restart_when_gone(crew, kind) or all_sent(), crew, seconds=60 + 15 * kills)
    assert len(done) == kills
    return kills


def _restart_when_gone(crew: Crew, kind: str) -> bool:
    """Start a worker again where the last one was killed, as a supervisor does. Never true."""
    if kind not in crew.running.values():
        crew.start(kind)
    return False


def kill_and_check(crew: Crew, kind: str, sink, kills: int, owed: int) -> None:
    story = a_lapsed_gate()
    reader = make.make_person("Rea Der", time_zone="UTC")
    Notice.objects.bulk_create(
        Notice(
            person=reader,
            about=f"thing:{n}",
            occasion="asked",
            channel=Channel.EMAIL,
            subject=f"No {n}",
            why="You.",
            is_binding=True,
            owed_at=clock.wall(),
            send_at=clock.wall() - timedelta(days=80),
        )
        for n in range(owed)
    )

    done = run_with_kills(crew, kind, sink, kills, owed)

    check_nothing_lost_and_nothing_twice(sink, story, wire_repeats=done)


@pytest.mark.redis
def test_a_worker_killed_three_times_in_the_middle_of_sending_loses_and_doubles_nothing_on_redis(
    crew, sink, redis_server
):
    ours = crew(redis_server)
    ours.start("beat")

    kill_and_check(ours, "worker", sink, kills=3, owed=40)


@pytest.mark.ci
def test_a_worker_killed_three_times_loses_and_doubles_nothing_on_the_embedded_queue(crew, sink):
    kill_and_check(crew(), "embedded", sink, kills=3, owed=40)


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(900)
def test_a_worker_killed_twenty_times_loses_and_doubles_nothing_on_redis(crew, sink, redis_server):
    ours = crew(redis_server)
    ours.start("beat")

    kill_and_check(ours, "worker", sink, kills=20, owed=400)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_worker_killed_twenty_times_loses_and_doubles_nothing_on_the_embedded_queue(crew, sink):
    kill_and_check(crew(), "embedded", sink, kills=20, owed=400)


@pytest.mark.redis
def test_a_queue_that_is_emptied_loses_nothing(crew, sink, redis_server):
    import redis

    queue = redis.Redis.from_url(redis_server)
    make.make_person("Rea Der", time_zone="UTC")
    ours = crew(redis_server)
    assert ours.start("owe", "30").wait(60) == 0
    assert queue.llen("celery") == 30  # "look now", once an act
    queue.flushall()
    assert queue.llen("celery") == 0

    ours.start("beat")
    ours.start("worker")
    until(lambda: len(sink.ids) == 30, ours)
    until(all_sent, ours)

    assert len(set(sink.ids)) == 30
    assert Message.objects.filter(attempt=1).count() == 30


@pytest.mark.redis
def test_three_beats_and_three_workers_at_once_do_everything_once(crew, sink, redis_server):
    story = a_lapsed_gate()
    reader = make.make_person("Rea Der", time_zone="UTC")
    Notice.objects.bulk_create(
        Notice(
            person=reader,
            about=f"thing:{n}",
            occasion="asked",
            channel=Channel.EMAIL,
            subject=f"No {n}",
            why="You.",
            is_binding=True,
            owed_at=clock.wall(),
            send_at=clock.wall() - timedelta(days=80),
        )
        for n in range(60)
    )
    # Each with a queue of its own, so that nothing but the database stands between them.
    crews = [crew(redis_server), crew(), crew()]
    for kind in ("beat", "worker"):
        crews[0].start(kind)
    crews[1].start("embedded")
    crews[2].start("embedded")

    until(lambda: all_sent() and story.decision("funding").closed == "lapsed", crews[0])
    time.sleep(2.5)  # two more sweeps of everybody

    check_nothing_lost_and_nothing_twice(sink, story, wire_repeats=0)
    assert set(Message.objects.values_list("attempt", flat=True)) == {1}


@pytest.mark.ci
def test_a_worker_frozen_beyond_its_lease_marks_nothing_when_it_wakes(crew, sink):
    reader = make.make_person("Rea Der", time_zone="UTC")
    Notice.objects.create(
        person=reader,
        about="thing:1",
        occasion="asked",
        channel=Channel.EMAIL,
        subject="No 1",
        why="You.",
        is_binding=True,
        owed_at=clock.wall(),
        send_at=clock.wall(),
    )
    ours = crew()

    def freeze(one):
        if len(sink.arrived) == 0 and not frozen:
            frozen.append(process)
            process.send_signal(signal.SIGSTOP)
            until(lambda: all_stopped(process.pid), ours)  # a busy machine stops a thread later than it answers one
        return None

    frozen: list[subprocess.Popen] = []
    sink.before = freeze
    process = ours.start("embedded")
    until(lambda: len(sink.ids) == 1, ours)  # it arrived, and whoever sent it is frozen
    assert Message.objects.get().sent_at is None

    other = ours.start("embedded")
    until(lambda: Message.objects.get().sent_at is not None, ours)
    sent_at = Message.objects.get().sent_at
    other.kill()
    process.send_signal(signal.SIGCONT)
    time.sleep(2)

    message = Message.objects.get()
    assert (message.attempt, message.sent_at) == (2, sent_at)
    assert len(sink.ids) == 2
    assert len(set(sink.ids)) == 1
