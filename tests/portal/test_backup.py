"""Backups made while people work, brought back elsewhere: the same rows, a record that verifies, and nothing else touched."""

import errno
import multiprocessing
import os
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, connections

from governance.initiatives.models import Initiative
from governance.ledger import checkpoint, guards
from governance.ledger.models import LedgerEntry
from governance.ledger.verbs import Verb
from governance.ledger.verify import Live, verify
from governance.people.models import Person
from portal import archive, backup, database, postgres, restore
from tests import make
from tests.portal.places import postgres_only, sqlite_only
from tests.running import ROOT, copy_of_the_demo, manage, outside

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long(6)]

NOW = datetime(2026, 11, 29, 10, 15, tzinfo=UTC)

#: Processes, not threads: a thread would wait for Python's own lock.
processes = multiprocessing.get_context("fork")


def everything(upto: int) -> dict[str, list]:
    """Return every row of every table, but sessions, what was recorded after entry `upto`, and the head over it."""
    rows = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table not in ("django_session", "governance_ledgerhead") and "_fts" not in table:
                where = f" WHERE seq <= {upto}" if table == "governance_ledgerentry" else ""
                cursor.execute(f"SELECT * FROM {table}{where}")
                rows[table] = sorted(map(repr, (tuple(map(_plain, row)) for row in cursor.fetchall())))
    return rows


def _plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


def names(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()


# --- There and back ---------------------------------------------------------------------------


@pytest.mark.postgres
def test_what_comes_back_is_what_was_there_and_work_goes_on(story, target, elsewhere, capsys):
    Session.objects.create(session_key="k" * 32, session_data="whoever finds this is Priya", expire_date=NOW)
    size, root, *_ = Live().head()
    rows = everything(size)

    call_command("backup", str(target))

    (path,) = target.iterdir()
    assert re.fullmatch(r"mandate-\d{8}T\d{6}Z\.tar\.gz", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    part = "database.sqlite3" if connection.vendor == "sqlite" else "database.dump"
    assert names(path) == ["manifest.json", part, "checkpoints.log", "checkpoint_key.pub"]
    said = capsys.readouterr().out
    assert f"The ledger is whole: {size} entries, root {root[:16]}, 1 signed checkpoint agrees." in said
    assert "Not in it, so keep elsewhere:" in said
    assert str(story.initiative.name) not in said

    with elsewhere() as home:
        call_command("restore", str(path))

        said = capsys.readouterr().out
        assert f"The ledger is whole: {size} entries, root {root[:16]}, 1 signed checkpoint agrees." in said
        assert everything(size) == rows
        assert Session.objects.count() == 0
        assert guards.missing() == []
        assert database.broken_references() == []
        entry = LedgerEntry.objects.get(seq=size + 1)
        assert (entry.actor, entry.verb, entry.detail["size"]) == ("system:restore", "installation.restored", size)
        assert stat.S_IMODE((home / "checkpoints.log").stat().st_mode) == 0o644
        assert sorted(one.name for one in home.iterdir() if "sqlite3" not in one.name) == [
            "checkpoint_key.pub",
            "checkpoints.log",
            "running.lock",
        ]
        # Keys go on from where they were, and the record goes on over the restore.
        story.cast.lead = Person.objects.get(pk=story.cast.lead.pk)
        assert make.Story(story.cast, story.at, name="After the restore").initiative.pk > story.initiative.pk
        story.measure().ask_budget()
        assert verify().ok


@pytest.mark.postgres
def test_the_head_that_was_copied_is_the_head_of_what_was_copied(story, target, elsewhere, monkeypatch):
    class Busy(Live):
        def head(self):
            found = super().head()
            worker = threading.Thread(target=_work_and_sign, args=(story,))
            worker.start()
            worker.join(60)
            return found

    monkeypatch.setattr(backup, "Live", Busy)
    size, *_ = Live().head()

    made = backup.make(target, at=NOW)

    assert verify().checkpoints == 2 * 2
    assert (made.manifest.size, made.verdict.ok, made.verdict.checkpoints) == (size, True, 1)
    with elsewhere():
        assert restore.restore(made.path).problems == []


def _work_and_sign(story: make.Story) -> None:
    try:
        make.Story(story.cast, story.at, name="While it is copied")
        checkpoint.make(story.at)
    finally:
        connections.close_all()


# --- Under load -------------------------------------------------------------------------------


def write(number: int, story: make.Story, done, answers) -> None:
    """Register initiatives, say what they have to prove and have their tiers confirmed, until `done`; answer how many."""
    count = 0
    try:
        while not done.is_set():
            made = make.Story(story.cast, story.at, name=f"Writer {number}, {count}")
            made.set_outcome().confirm_tier()
            count += 1
        answers.put(count)
    except BaseException as error:
        answers.put(repr(error))
        raise
    finally:
        connections.close_all()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("writers", "backups"), [(3, 2), pytest.param(6, 12, marks=[pytest.mark.ci, pytest.mark.timeout(600)])]
)
def test_a_backup_under_load_holds_every_act_whole_or_not_at_all(
    story, target, elsewhere, writers, backups, monkeypatch
):
    monkeypatch.setattr(backup, "PAGES", 8)  # so that a small file takes many steps
    connections.close_all()
    done, answers = processes.Event(), processes.SimpleQueue()
    crew = [processes.Process(target=write, args=(number, story, done, answers)) for number in range(writers)]
    for one in crew:
        one.start()
    try:
        found = []
        for number in range(backups):
            _wait_for_more(found[-1].manifest.size if found else Live().head()[0])
            found.append(backup.make(target, at=NOW + timedelta(seconds=number)))
    finally:
        done.set()
        counts = [answers.get() for _ in crew]
        for one in crew:
            one.join(60)

    assert all(type(count) is int and count > 0 for count in counts), counts
    assert [made.problems for made in found] == [[]] * backups
    for made in found[-3:]:
        with elsewhere():
            back = restore.restore(made.path)

            assert back.problems == []
            registered = LedgerEntry.objects.filter(verb=Verb.INITIATIVE_REGISTERED)
            assert set(registered.values_list("initiative_id", flat=True)) == set(
                Initiative.objects.values_list("pk", flat=True)
            )
            for verb, rows in (
                (Verb.OUTCOME_SET, Initiative.objects.filter(outcome__isnull=False)),
                (Verb.INITIATIVE_TIER_CONFIRMED, Initiative.objects.exclude(tier=None)),
            ):
                assert LedgerEntry.objects.filter(verb=verb).values("initiative_id").distinct().count() == (
                    rows.distinct().count()
                )
    assert verify().ok


def _wait_for_more(size: int) -> None:
    """Wait until the record is longer than that, so that somebody is at work."""
    ends = time.monotonic() + 60
    while Live().head()[0] <= size:
        assert time.monotonic() < ends, "nobody writes"
        time.sleep(0.01)


@pytest.mark.postgres
def test_nobody_waits_for_a_backup(story, target, monkeypatch):
    """Somebody who would rather fail than wait works all through it."""
    connections.close_all()
    monkeypatch.setattr(backup, "PAGES", 1)
    done, acts, refused = threading.Event(), [], []

    def impatient() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "PRAGMA busy_timeout = 0" if connection.vendor == "sqlite" else "SET lock_timeout = '1ms'"
                )
            while not done.is_set():
                acts.append(make.Story(story.cast, story.at, name=f"Impatient {len(acts)}"))
        except Exception as error:
            refused.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=impatient)
    worker.start()
    try:
        _wait_for_more(Live().head()[0])
        backup.make(target, at=NOW)
    finally:
        done.set()
        worker.join(60)

    assert refused == []
    assert len(acts) > 1


# --- Killed, full, damaged --------------------------------------------------------------------


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(story, target):
    def half(path, manifest, folder) -> None:
        path.write_bytes(b"half of it")
        os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        archive.write = half
        backup.make(target, at=NOW)

    connections.close_all()
    child = processes.Process(target=run)
    child.start()
    child.join(60)

    assert child.exitcode == -signal.SIGKILL
    (left,) = target.iterdir()
    assert left.name.startswith(".")
    made = backup.make(target, at=NOW)
    assert list(target.iterdir()) == [made.path]


@pytest.mark.ci
@sqlite_only
def test_a_backup_that_is_killed_at_any_moment_is_whole_or_is_not_there(target, tmp_path):
    home = copy_of_the_demo(tmp_path / "demo")
    chosen = random.Random(25)
    for _ in range(20):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "backup", str(target)], cwd=ROOT, env=outside(MANDATE_HOME=str(home))
        )
        time.sleep(chosen.uniform(0.5, 2.5))
        process.kill()
        process.wait(10)
        assert all(archive.unpack(path, None) for path in target.glob("mandate-*"))
    assert manage("backup", str(target), MANDATE_HOME=str(home)).returncode == 0
    assert not list(target.glob(".*"))


def test_a_disk_that_is_full_is_one_sentence_and_leaves_nothing(story, target, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive, "write", full)

    with pytest.raises(CommandError, match=rf"^There is no space left in {target}\. Nothing was kept there"):
        call_command("backup", str(target))

    assert list(target.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_sentence(story, tmp_path):
    with pytest.raises(CommandError, match=rf"^There is no folder {tmp_path}/nowhere\. Make it or mount it first"):
        call_command("backup", str(tmp_path / "nowhere"))

    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to the administrator")
def test_a_read_only_folder_is_one_sentence(story, target):
    target.chmod(0o500)

    with pytest.raises(CommandError, match=r"cannot be read or written \(Permission denied\)\.$"):
        call_command("backup", str(target))


def test_an_empty_database_is_no_backup(target, elsewhere):
    with elsewhere(), pytest.raises(CommandError, match=r"^There is nothing to back up: the database "):
        call_command("backup", str(target))

    assert list(target.iterdir()) == []


def test_a_record_that_is_not_whole_is_backed_up_and_said_to_be_so(story, target, elsewhere, capsys):
    with guards.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_ledgerentry SET verb = 'stop.lifted' WHERE seq = 4")

    with pytest.raises(SystemExit) as ended:
        call_command("backup", str(target))

    assert ended.value.code == 1
    said = "The ledger is not whole. Entry 4 has columns that are not what its leaf says: verb."
    assert f"But what it holds is not as it should be. {said}" in capsys.readouterr().out
    with elsewhere(), pytest.raises(SystemExit):
        call_command("restore", str(next(target.iterdir())))
    assert said in capsys.readouterr().out


@sqlite_only
def test_a_damaged_file_is_no_backup(story, target):
    connections.close_all()
    with closing(sqlite3.connect(database.file())) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = raw.execute(
            "SELECT rootpage FROM sqlite_master WHERE name LIKE 'sqlite_autoindex_governance_unit%'"
        ).fetchone()
    with open(database.file(), "r+b") as file:
        file.seek((page - 1) * 4096 + 8)
        file.write(b"\xff" * 4088)

    with pytest.raises(backup.Failed, match=r"is damaged \(.*\)\. Keep the last good backup, and restore it\.$"):
        backup.make(target, at=NOW)

    assert list(target.iterdir()) == []


# --- Keys -------------------------------------------------------------------------------------


def test_the_signing_key_is_in_it_only_when_asked_for_and_is_put_back(story, target, elsewhere, settings):
    key = (Path(settings.MANDATE_HOME) / "checkpoint_key").read_text()
    without = backup.make(target, at=NOW)
    made = backup.make(target, at=NOW + timedelta(seconds=1), with_key=True)

    assert "checkpoint_key" not in names(without.path)
    assert "checkpoint_key" in names(made.path)
    with elsewhere() as home:
        assert restore.restore(made.path).problems == []
        assert (home / "checkpoint_key").read_text() == key
        assert stat.S_IMODE((home / "checkpoint_key").stat().st_mode) == 0o600


def test_what_this_place_has_already_stays_as_it_is(made, elsewhere):
    with elsewhere() as home:
        (home / "checkpoint_key").write_text("mine\n")
        (home / "checkpoint_key.pub").write_text("mine too\n")
        (home / "checkpoints.log").write_text("")

        restore.restore(made.path)

        assert (home / "checkpoint_key").read_text() == "mine\n"
        assert (home / "checkpoint_key.pub").read_text().splitlines()[0] == "mine too"
        assert (home / "checkpoints.log").read_text() == ""


def test_a_key_that_is_not_in_a_file_is_not_put_in(story, target, settings):
    settings.MANDATE_CHECKPOINT_KEY = "A" * 43 + "="

    with pytest.raises(
        CommandError, match=r"^--with-key: the key that signs checkpoints stands in MANDATE_CHECKPOINT_KEY"
    ):
        call_command("backup", str(target), "--with-key")


# --- PostgreSQL's programs --------------------------------------------------------------------


@pytest.mark.postgres
@postgres_only
def test_the_password_is_on_no_command_line(story, target, monkeypatch):
    ran = []
    run = subprocess.run

    def watched(words, **options):
        ran.append((list(map(str, words)), options.get("env") or {}))
        return run(words, **options)

    connections.close_all()
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "correct horse")
    monkeypatch.setattr(postgres.subprocess, "run", watched)

    backup.make(target, at=NOW)

    dumped = [(words, env) for words, env in ran if any("--snapshot=" in word for word in words)]
    assert len(dumped) == 1
    assert dumped[0][1]["PGPASSWORD"] == "correct horse"
    assert not [word for words, _env in ran for word in words if "correct" in word]


@pytest.mark.postgres
@postgres_only
def test_a_program_that_is_missing_or_too_old_is_one_sentence(story, target, made, elsewhere, monkeypatch):
    version = postgres.server_version()
    install = f"Install PostgreSQL's client programs, version {version} or newer (Debian: postgresql-client)."
    with monkeypatch.context() as older:
        older.setattr(postgres, "_version", lambda program: version - 1)
        with pytest.raises(CommandError) as why:
            call_command("backup", str(target))
        assert str(why.value) == f"pg_dump is version {version - 1}, older than the {version} it has to read. {install}"
    with monkeypatch.context() as nowhere:
        nowhere.setattr(postgres, "folders", lambda program: iter(()))
        with pytest.raises(CommandError) as why:
            call_command("backup", str(target))
        assert str(why.value) == f"pg_dump was not found. {install}"
        with elsewhere():
            with pytest.raises(CommandError) as why:
                call_command("restore", str(made.path))
            assert str(why.value) == f"pg_restore was not found. {install}"
            assert database.tables() == set()
    assert list(target.iterdir()) == []
