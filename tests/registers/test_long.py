"""A hundred thousand rows made from the real ones: killed five times on the way and gone on with, they come to the same as in one go."""

import csv
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from portal.embedded_pg import Server
from tests.registers.conftest import REAL
from tests.running import ROOT, outside

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not REAL.exists(), reason=f"the real inventory is not at {REAL}")]

ROWS, KILLS = 100_000, 5
#: What an import may hold in memory, whatever its length: a streamed one, and not the list.
MOST_MB = 400

BEGIN = """
import sys, django; django.setup()
from datetime import UTC, datetime
from django.core.management import call_command
call_command("migrate", verbosity=0)
from governance.core.models import Installation
from governance.people.models import Person
from django.contrib.auth.models import Group
from governance.registers import bringing
at = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
Installation.objects.get_or_create(pk=1, defaults={"kind": "real", "company": "Examples", "time_zone": "UTC", "made_at": at})
office = Person.objects.create_user("office@example.org", "Olga", "long-enough-for-tests", joined_at=at)
office.groups.add(Group.objects.get(name="portfolio-office"))
with open(sys.argv[1], "rb") as file:
    bringing.receive(iter(lambda: file.read(1 << 20), b""), "long.csv", "omb-2025", by=office, at=at)
"""
#: A worker: it takes over whatever lies there at once, as if the minute of the last one were over.
GO_ON = """
import sys, django; django.setup()
from datetime import UTC, datetime
from governance.people.models import Person
from governance.registers import bringing
from governance.registers.models import Batch, State
at = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
Batch.objects.update(worked_at=None)
bringing.go_on(at, pause=0)
batch = Batch.objects.get()
if batch.state == State.READY:
    bringing.begin(batch, by=Person.objects.get(name="Olga"), at=at)
    bringing.go_on(at, pause=0)
    batch.refresh_from_db()
highest = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(batch.state, int(highest.split()[1]) // 1024)
"""
#: How far it is: each row is read, and then made.
WAY = "SELECT COUNT(*) FROM governance_staged UNION ALL SELECT COUNT(*) FROM governance_origin"
#: All that an import makes, without what differs by the run.
SAME = (
    "SELECT i.number, i.name, i.purpose, i.vendor, i.stage, u.name, o.identity, o.occurrence, o.raw_sha256, o.stated"
    " FROM governance_initiative i JOIN governance_origin o ON o.initiative_id = i.id"
    " LEFT JOIN governance_unit u ON u.id = i.unit_id ORDER BY i.number"
)


@pytest.fixture(scope="module")
def long_list(tmp_path_factory) -> Path:
    """The real rows, again and again under other numbers and names."""
    file = tmp_path_factory.mktemp("long") / "long.csv"
    with REAL.open(encoding="utf-8-sig", newline="") as there, file.open("w", encoding="utf-8", newline="") as here:
        titles, *rows = csv.reader(there)
        number, name, write = titles.index("id"), titles.index("use_case_name"), csv.writer(here).writerow
        write(titles)
        for n in range(ROWS):
            turn, row = n // len(rows), list(rows[n % len(rows)])
            row[number] = row[number] and f"{row[number]}-{turn}"
            row[name] = row[name] and f"{row[name]} {turn}"
            write(row)
    return file


def run(place: dict[str, str], code: str, *words: str, **how) -> subprocess.Popen:
    """Run Python with the settings of an installation."""
    env = outside(DJANGO_SETTINGS_MODULE="portal.settings", **place)
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


def come_in(place: dict[str, str], ask: Callable[[str], list], long_list: Path, kills: int) -> int:
    """Import the list, with so many workers killed, each in its own part of the way; return the most memory that the last one held, in MB."""
    begun = run(place, BEGIN, str(long_list))
    _out, error = begun.communicate(timeout=300)
    assert begun.returncode == 0, error
    chance = random.Random(kills)
    for kill in range(kills):
        worker, far = run(place, GO_ON), int(2 * ROWS * (kill + chance.uniform(0.1, 0.9)) / kills)
        while sum(n for (n,) in ask(WAY)) < far:
            assert worker.poll() is None, worker.communicate()
            time.sleep(0.2)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    worker = run(place, GO_ON)
    out, error = worker.communicate(timeout=1800)
    assert worker.returncode == 0, error
    state, memory = out.split()
    assert state == "done", error
    return int(memory)


@contextmanager
def installation(db: str, home: Path) -> Iterator[tuple[dict[str, str], Callable[[str], list]]]:
    """Yield the variables of an empty installation on its own database, and what asks that."""
    home.mkdir()
    if db == "sqlite":
        with closing(sqlite3.connect(home / "mandate.sqlite3")) as there:
            yield {"MANDATE_HOME": str(home)}, lambda sql: there.execute(sql).fetchall()
        return
    server = Server()
    try:
        with psycopg.connect(server.url, autocommit=True) as there:
            yield {"MANDATE_HOME": str(home), "DATABASE_URL": server.url}, lambda sql: there.execute(sql).fetchall()
    finally:
        server.stop()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("db", ["sqlite", "postgres"])
def test_a_hundred_thousand_rows_killed_on_the_way_come_to_the_same(long_list, tmp_path, db):
    made, counts, memory = [], [], []
    for kills in (0, KILLS):
        with installation(db, tmp_path / f"{kills} kills") as (place, ask):
            memory.append(come_in(place, ask, long_list, kills))
            made.append([hash(repr(row)) for row in ask(SAME)])
            said = ask("SELECT counts FROM governance_batch")[0][0]
            counts.append(said if isinstance(said, dict) else json.loads(said))

    print(f"{db}, {ROWS} rows: {counts[0]}; {memory[0]} MB in one go, {memory[1]} MB in the last of {KILLS + 1}")
    assert counts[0] == counts[1]
    assert counts[0]["records"] == ROWS == counts[0]["created"]
    assert made[0] == made[1]
    assert max(memory) < MOST_MB
