"""A hundred thousand rows made from the real ones: killed five times on the way and gone on with, they come to the same as in one go."""

import csv
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
import resource, sys, django; django.setup()
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
print(batch.state, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
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


def run(home: Path, code: str, *words: str, **how) -> subprocess.Popen:
    """Run Python with this installation's settings."""
    env = outside(MANDATE_HOME=str(home), DJANGO_SETTINGS_MODULE="portal.settings")
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


def come_in(home: Path, long_list: Path, kills: int) -> tuple[list, dict, int]:
    """Import the list, with so many workers killed; return all it made, its counts, and the most memory in MB."""
    home.mkdir()
    begun = run(home, BEGIN, str(long_list))
    _out, error = begun.communicate(timeout=300)
    assert begun.returncode == 0, error
    chance = random.Random(kills)
    for _kill in range(kills):
        worker = run(home, GO_ON)
        time.sleep(chance.uniform(8, 45))
        assert worker.poll() is None, worker.communicate()
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    worker = run(home, GO_ON)
    out, error = worker.communicate(timeout=1800)
    assert worker.returncode == 0, error
    state, memory = out.split()
    assert state == "done", error
    with sqlite3.connect(home / "mandate.sqlite3") as there:
        (counts,) = there.execute("SELECT counts FROM governance_batch").fetchone()
        return there.execute(SAME).fetchall(), json.loads(counts), int(memory)


@pytest.mark.timeout(3600)
def test_a_hundred_thousand_rows_killed_on_the_way_come_to_the_same(long_list, tmp_path):
    whole, counts, memory = come_in(tmp_path / "whole", long_list, 0)
    again, counts_again, memory_again = come_in(tmp_path / "killed", long_list, KILLS)

    print(f"{ROWS} rows: {counts}; {memory} MB in one go, {memory_again} MB in the last of {KILLS + 1}")
    assert counts == counts_again
    assert counts["records"] == ROWS == counts["created"]
    assert whole == again
    assert max(memory, memory_again) < MOST_MB
