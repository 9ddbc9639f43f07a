"""A backup is brought back into an empty place only, and only when it is what it was; what it is older than is said."""

import dataclasses
import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, ManagementUtility, call_command
from django.db import IntegrityError, connection
from django.db.migrations.recorder import MigrationRecorder

from governance.ledger import checkpoint, guards
from governance.ledger.verify import Live, verify
from governance.people.models import Person
from portal import archive, backup, database, postgres, restore
from portal.health import pending_migrations
from tests import make
from tests.ledger.conftest import Attacker
from tests.portal.places import postgres_only, sqlite_only

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long(6)]

NOW = datetime(2026, 11, 29, 10, 15, tzinfo=UTC)


# --- What a restore refuses -------------------------------------------------------------------


def refusal(path: Path) -> str:
    """Return the one sentence with which a restore refuses."""
    with pytest.raises(CommandError) as why:
        call_command("restore", str(path))
    assert why.value.returncode == 1
    return str(why.value)


def changed(path: Path, into: Path, **said) -> Path:
    """Return a copy of a backup whose manifest says something else."""
    with archive.workshop(into) as folder:
        archive.unpack(path, folder)
        manifest = dataclasses.replace(archive.read(path), **said)
        if manifest.vendor != connection.vendor:
            (folder / archive.DATABASE[connection.vendor]).rename(folder / archive.DATABASE[manifest.vendor])
        archive.write(into / "changed.tar.gz", manifest, folder)
    return into / "changed.tar.gz"


def test_a_place_that_holds_anybody_is_left_alone(made, story, elsewhere):
    count, seq = Person.objects.count(), Live().head()[0]

    said = refusal(made.path)

    assert re.fullmatch(
        rf"Nothing was restored: the database \S+ holds {count} people, and nothing is ever overwritten\."
        r" Name (another folder in MANDATE_HOME|an empty one in DATABASE_URL)\.",
        said,
    )
    assert (Person.objects.count(), Live().head()[0]) == (count, seq)


@pytest.mark.ci
def test_a_place_with_tables_and_nobody_is_left_alone(made, elsewhere):
    with elsewhere():
        call_command("migrate", verbosity=0)

        assert "holds tables, though nobody is in them, and nothing is ever overwritten." in refusal(made.path)


def test_an_altered_backup_leaves_the_place_empty(made, elsewhere):
    # In what the file holds: a bit of the packed bytes can be changed without a change to what they unpack to.
    held = bytearray(gzip.decompress(made.path.read_bytes()))
    held[len(held) // 2] ^= 1
    made.path.write_bytes(gzip.compress(held))

    with elsewhere() as home:
        assert re.match(rf"{made.path} is damaged or was altered: database\.\w+ is not", refusal(made.path))
        assert database.tables() == set()
        assert not list(home.glob("*checkpoint*"))
        assert not list(home.glob(".mandate-*"))


def test_a_record_that_is_not_the_manifests_is_refused(made, target, elsewhere):
    path = changed(made.path, target, root="ab" * 32)

    with elsewhere():
        said = refusal(path)
        assert said.startswith(f"The ledger in {path} is not the one its manifest names.")
        if connection.vendor == "sqlite":
            assert database.tables() == set()
        else:
            assert said.endswith("must not be used: drop that database.")


def test_a_record_that_was_whole_and_is_not_is_refused(story, target, elsewhere):
    with guards.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_ledgerentry SET verb = 'stop.lifted' WHERE seq = 4")
    path = changed(backup.make(target, at=NOW).path, target, whole=True)

    with elsewhere():
        assert "is not what it was when the backup was made. The ledger is not whole. Entry 4" in refusal(path)


def test_a_backup_of_a_newer_mandate_is_refused(made, target, elsewhere):
    known = made.manifest.migrations
    with elsewhere():
        path = changed(made.path, target, migrations=[*known, "governance.0099_more"], mandate="0.1.0")
        assert refusal(path) == (
            f"{path} was made by a newer Mandate (0.1.0, with governance.0099_more). Restore it with that version."
        )
        path.unlink()
        path = changed(made.path, target, mandate="99.1")
        assert refusal(path) == f"{path} was made by a newer Mandate (99.1). Restore it with that version."


def test_a_backup_of_the_other_kind_of_database_is_refused(made, target, elsewhere):
    other = "postgresql" if connection.vendor == "sqlite" else "sqlite"
    path = changed(made.path, target, vendor=other, server="15")

    with elsewhere():
        assert re.search(
            r"holds a \w+ database, and here is \w+\. (Name an empty PostgreSQL database in DATABASE_URL|Restore it without DATABASE_URL)",
            refusal(path),
        )


def test_a_place_somebody_runs_in_is_left_alone(made, elsewhere):
    with elsewhere() as home, database.lock(home):
        assert refusal(made.path).startswith(f"Mandate is running on the folder {home}. Stop it first")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path, elsewhere):
    with elsewhere():
        assert (
            refusal(tmp_path / "no.tar.gz")
            == f"{tmp_path}/no.tar.gz cannot be read or written (No such file or directory)."
        )


@sqlite_only
def test_the_log_of_a_lost_database_is_never_taken_for_that_of_the_one_that_comes(made, elsewhere):
    with elsewhere() as home:
        (home / "mandate.sqlite3-wal").write_bytes(b"left")

        assert refusal(made.path).startswith(
            f"{home}/mandate.sqlite3-wal is left of another database. Move it away first"
        )


@pytest.mark.parametrize("words", [("backup",), ("backup", "/tmp", "--everything"), ("restore", "a", "b")])
def test_words_it_does_not_know_are_one_sentence(words, tmp_path, capfd):
    with pytest.raises(SystemExit) as ended:
        ManagementUtility(["manage.py", *words]).execute()

    assert re.fullmatch(r"CommandError: .*\. For what there is: manage\.py help \w+", str(ended.value.code))
    assert capfd.readouterr() == ("", "")


# --- Older than now ---------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_backup_older_than_the_checkpoints_outside_is_told_as_a_rollback(story, outside, target, elsewhere, capsys):
    made = backup.make(target, at=NOW)
    size = made.manifest.size
    story.measure().ask_budget()
    checkpoint.make(story.at)
    signed = json.loads(outside.read_text().splitlines()[-1])
    assert signed["size"] > size + 2

    with elsewhere(outside):
        with pytest.raises(SystemExit) as ended:
            call_command("restore", str(made.path))
        assert ended.value.code == 1
        assert (
            f"The ledger was rolled back: it ends at entry {size}, and the checkpoint of {signed['at']} was signed over {signed['size']}.\n"
            in capsys.readouterr().out
        )
        # The command that looks every night says so too, until somebody decides.
        with pytest.raises(SystemExit) as ended:
            call_command("verify_ledger", "--json")
        assert ended.value.code == 1
        assert json.loads(capsys.readouterr().out)["rolled_back"] is True
        # And work that goes on past that place does not hide it.
        while Live().head()[0] <= signed["size"]:
            make.Story(story.cast, story.at, name="Later")
        assert f"was rewritten after the checkpoint of {signed['at']} was signed" in str(verify())

        # What the README says: put the file aside and keep it; a new one begins.
        outside.rename(outside.with_suffix(".before"))
        checkpoint.make(story.at)
        assert (verify().ok, verify().checkpoints) == (True, 3)
        assert len(outside.read_text().splitlines()) == 1


def test_a_backup_of_an_older_mandate_is_led_forward_and_its_guards_are_put_back(story, target, elsewhere):
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("governance", "0002_guards")
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON governance_ledgerentry"
        cursor.execute(f"DROP TRIGGER ledger_entry_stays{on}")
    try:
        made = backup.make(target, at=NOW)
    finally:
        recorder.record_applied("governance", "0002_guards")
        guards.install()

    assert "governance.0002_guards" not in made.manifest.migrations
    assert "The guard ledger_entry_stays is missing" in made.problems[0]
    with elsewhere():
        assert restore.restore(made.path).problems == []
        assert pending_migrations() == []
        assert guards.missing() == []
        with pytest.raises(IntegrityError, match="The ledger only grows"):
            Attacker().run("DELETE FROM governance_ledgerentry")


def test_guards_that_were_missing_are_put_back(story, target, elsewhere):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER ledger_head_grows{'' if connection.vendor == 'sqlite' else f' ON {guards.HEAD}'}")
    made = backup.make(target, at=NOW)

    with elsewhere():
        assert restore.restore(made.path).problems == []
        assert guards.missing() == []


def test_permissions_that_are_not_the_matrixs_are_said(story, target, elsewhere, capsys):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM governance_initiativeuserpermission")
    made = backup.make(target, at=NOW)

    with elsewhere(), pytest.raises(SystemExit):
        call_command("restore", str(made.path))
    assert "The stored permissions differ from the matrix: " in capsys.readouterr().out


def test_a_reference_that_leads_nowhere_is_named(story, target):
    with guards.lowered(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute("COMMIT")
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("BEGIN")
        cursor.execute("UPDATE governance_assignment SET person_id = 999999 WHERE person_id IS NOT NULL")
    made = backup.make(target, at=NOW)

    assert made.problems == ["Rows of governance_assignment name rows that are not there."]


@postgres_only
def test_a_server_that_is_older_than_the_backup_is_refused(made, target, elsewhere):
    path = changed(made.path, target, server="99")

    with elsewhere():
        assert f"comes from PostgreSQL 99, and the server here is {postgres.server_version()}." in refusal(path)


@postgres_only
def test_a_dump_that_breaks_off_leaves_the_database_empty(made, target, elsewhere):
    with archive.workshop(target) as folder:
        archive.unpack(made.path, folder)
        dump = folder / "database.dump"
        dump.write_bytes(dump.read_bytes()[:-300])
        archive.write(target / "short.tar.gz", archive.read(made.path), folder)

    with elsewhere():
        assert refusal(target / "short.tar.gz").startswith("pg_restore failed: ")
        assert database.tables() == set()
