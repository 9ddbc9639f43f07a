"""A backup: the database, the signed checkpoints and the keys they are checked with, in one file, made while people work.

Nobody waits for it. SQLite is copied inside one read transaction, and a writer does not wait for a reader
(WAL); on PostgreSQL `pg_dump` and our own questions share one exported snapshot. So the copy is the database
of one moment, and the ledger's head, its entries and what they tell of agree.

The file gets its name when the copy has been checked and read again; before that, it stands in a hidden folder.
Sessions are left out, because whoever finds a backup must not find a way in; so is, unless asked for, the key
that signs checkpoints, because whoever finds it could sign a ledger that never was.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from governance.core.models import Installation
from governance.ledger import checkpoint
from governance.ledger.verify import Live, Verdict, verify
from portal import archive, database, postgres
from portal.archive import CHECKPOINTS, DATABASE, KEY, PUBLIC_KEYS, Manifest

#: So many pages of a SQLite file are copied at a time; in between, Ctrl-C is heard.
PAGES = 4096

#: The alias of a SQLite copy while it is looked at.
_COPY = "copy"


class Failed(Exception):
    """No backup was made, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: the file, its SHA-256, what it says about itself, and what is wrong with what it holds."""

    path: Path
    sha256: str
    manifest: Manifest
    verdict: Verdict
    problems: list[str]


def make(target: Path, *, at: datetime, with_key: bool = False) -> Made:
    """Back up this installation into the folder `target` and return what was made.

    Reads every row once for the copy and the ledger once more to verify it. A ledger that does not verify is
    backed up all the same: its data may be all there is. Raises Failed, and leaves nothing, when it cannot.
    """
    if not target.is_dir():
        raise Failed(
            f"There is no folder {target}. Make it or mount it first; backups go into it under names of their own."
        )
    final = target.absolute() / f"mandate-{at:%Y%m%dT%H%M%SZ}.tar.gz"
    if final.exists():
        raise Failed(f"{final} is there already, made this very second. Wait a second and run it again.")
    try:
        with archive.workshop(target) as folder:
            return _make(final, folder, at, with_key)
    except (archive.Unfit, postgres.Failed) as error:
        raise Failed(str(error)) from error
    except (OSError, sqlite3.Error, DatabaseError) as error:
        if archive.is_full(error):
            raise Failed(
                f"There is no space left in {target}. Nothing was kept there; the backup needs about as much as the database."
            ) from error
        if isinstance(error, OSError):
            raise Failed(f"{error.filename or target} cannot be read or written ({error.strerror}).") from error
        why = str(error).strip().splitlines()[0].rstrip(".")
        raise Failed(f"Nothing was backed up: {database.named()} does not answer ({why}).") from error


def _make(final: Path, folder: Path, at: datetime, with_key: bool) -> Made:
    if not {"django_migrations", "governance_ledgerhead"} <= database.tables():
        raise Failed(f"There is nothing to back up: {database.named()} is empty or was not made by Mandate.")
    _copy_keys(folder, with_key)
    before = checkpoint.lengths()
    with {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor](folder) as (using, server):
        # Whatever is asked of `using` in here is answered by the very moment that was copied.
        head = Live(using).head()
        (folder / CHECKPOINTS).write_bytes(checkpoint.gathered(head[0] if head else 0, before))
        verdict = verify(using, checkpoints=[folder / CHECKPOINTS])
        broken = database.broken_references(using)
        manifest = Manifest(
            mandate=our_version(),
            at=at.isoformat(timespec="seconds"),
            vendor=connection.vendor,
            server=server,
            kind=Installation.objects.using(using).values_list("kind", flat=True).first() or "",
            migrations=sorted(
                f"{app}.{name}" for app, name in MigrationRecorder(connections[using]).applied_migrations()
            ),
            size=verdict.size,
            root=verdict.root,
            whole=verdict.ok,
        )
    making = folder / "making"
    archive.write(making, manifest, folder)
    sha256 = archive.unpack(making, None)
    making.rename(final)
    with suppress(OSError):  # not every file system can
        _sync(final.parent)
    problems = [] if verdict.ok else [str(verdict)]
    problems += [f"Rows of {table} name rows that are not there." for table in broken]
    return Made(final, sha256, manifest, verdict, problems)


def our_version() -> str:
    """Return Mandate's version, or an empty text where it runs without being installed."""
    try:
        return version("mandate")
    except PackageNotFoundError:
        return ""


def _copy_keys(folder: Path, with_key: bool) -> None:
    """Copy the public keys, and the signing key if asked for. Raises Failed when that is not in a file."""
    for name, source in (PUBLIC_KEYS, checkpoint.PUBLIC), (KEY, checkpoint.PRIVATE):
        path = Path(settings.MANDATE_HOME) / source
        if name == KEY and not with_key:
            continue
        if name == KEY and settings.MANDATE_CHECKPOINT_KEY:
            raise Failed(
                "--with-key: the key that signs checkpoints stands in MANDATE_CHECKPOINT_KEY. Keep it where you keep your variables."
            )
        if path.exists():
            (folder / name).write_bytes(path.read_bytes())
        elif name == KEY:
            raise Failed(f"--with-key: there is no key {path} yet; the first checkpoint makes it.")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- SQLite -----------------------------------------------------------------------------------


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[str, str]]:
    """Copy the file and yield the alias under which the copy is asked, and SQLite's version. Raises Failed for a damaged file."""
    path = folder / DATABASE["sqlite"]
    live = f"{database.file().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(live, uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(path, isolation_level=None)) as copy,
    ):
        # One read transaction around all steps: without it, every write in between begins the copy anew.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(copy, pages=PAGES)
        source.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute("DELETE FROM django_session")
        (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise Failed(
            f"Nothing was backed up: {database.named()} is damaged ({said.splitlines()[-1]}). Keep the last good backup, and restore it."
        )
    connections.settings[_COPY] = {**connection.settings_dict, "NAME": path, "OPTIONS": {}}
    try:
        yield _COPY, sqlite3.sqlite_version
    finally:
        connections[_COPY].close()
        del connections[_COPY]
        del connections.settings[_COPY]


# --- PostgreSQL -------------------------------------------------------------------------------


@contextmanager
def _postgresql(folder: Path) -> Iterator[tuple[str, str]]:
    """Dump the database and yield the alias that still reads the dumped moment, and the server's version."""
    serves = postgres.server_version()
    dump, look = postgres.fitting("pg_dump", serves), postgres.fitting("pg_restore", serves)
    path = folder / DATABASE["postgresql"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it stands by while pg_dump works
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        postgres.run(
            dump,
            "--format=custom",
            f"--snapshot={snapshot}",
            "--exclude-table-data=*.django_session",
            f"--file={path}",
        )
        postgres.run(look, f"--file={os.devnull}", str(path), there=False)  # reads the dump to its end
        yield connection.alias, str(serves)
