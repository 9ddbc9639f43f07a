"""Bringing a backup back, into an empty place only: nothing that is there is ever overwritten or deleted.

The archive is held against its manifest; the database is brought in, led forward where it is older, its guards put
back, and its ledger verified by itself: on SQLite beside the final name, so that what is refused leaves nothing. Then
everything is verified against the checkpoints of this place, what is found is said, and the restore goes on record.

A backup is older than the newest checkpoints elsewhere, so a restore in earnest is a rollback, and is said to be one:
whoever keeps those files decides what becomes of them, never this command.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from governance import furnish, ledger
from governance.core import clock
from governance.core.models import Installation
from governance.core.secret import once
from governance.initiatives import catalog_keeping
from governance.ledger import checkpoint
from governance.ledger.verbs import Verb
from governance.ledger.verify import Live, Verdict, verify
from governance.raci import grants
from portal import archive, database, postgres
from portal.archive import CHECKPOINTS, DATABASE, KEY, PUBLIC_KEYS, Manifest
from portal.backup import our_version
from portal.health import pending_migrations

_WHAT = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Refused(Exception):
    """The backup was not brought back, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was brought back: what it says about itself, how its ledger verifies here, and what is not as it should be."""

    manifest: Manifest
    verdict: Verdict
    problems: list[str]


def restore(path: Path) -> Restored:
    """Bring the backup `path` into the database and the folder this process is set up for, and return what came of it.

    Raises Refused, and leaves both as they were, when the place is not empty or the backup is not what it was; a
    PostgreSQL database that was filled by then is named as one to drop.
    """
    home = Path(settings.MANDATE_HOME)
    try:
        manifest = archive.read(path)
        _fits_this_code(path, manifest)
        _fits_this_database(path, manifest)
        with database.lock(home), archive.workshop(home) as folder:
            _is_empty()
            sha256 = archive.unpack(path, folder)
            with database.whole_or_not_at_all():
                _bring_in(path, manifest, folder)
            _keep_files(folder, home)
            return _look(manifest, home, sha256)
    except (archive.Unfit, postgres.Failed) as error:
        raise Refused(str(error)) from error
    except database.Busy as error:
        raise Refused(
            f"Mandate is running on the folder {home}. Stop it first, or name another folder: MANDATE_HOME."
        ) from error
    except (OSError, DatabaseError, sqlite3.Error) as error:
        if archive.is_full(error):
            raise Refused(f"There is no space left in {home} or in the database. Nothing was restored.") from error
        if isinstance(error, OSError):
            raise Refused(f"{error.filename or path} cannot be read or written ({error.strerror}).") from error
        why = str(error).strip().splitlines()[0].rstrip(".")
        raise Refused(f"Nothing was restored: {database.named()} does not answer or refused it ({why}).") from error


# --- May it be --------------------------------------------------------------------------------


def _fits_this_code(path: Path, manifest: Manifest) -> None:
    """Raise Refused for a backup of a newer Mandate: this one would not know what to do with its tables."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    ahead = sorted(name for name in set(manifest.migrations) - known if name.startswith("governance."))
    if ahead or _numbers(manifest.mandate) > _numbers(our_version()):
        why = f", with {ahead[0]}" if ahead else ""
        raise Refused(f"{path} was made by a newer Mandate ({manifest.mandate}{why}). Restore it with that version.")


def _numbers(version: str) -> list[int]:
    """Return a version as numbers to compare; an unknown one is as old as can be."""
    return [int(part) for part in version.split(".") if part.isdigit()]


def _fits_this_database(path: Path, manifest: Manifest) -> None:
    """Raise Refused for a backup of the other kind of database, or of a newer server."""
    if manifest.vendor != connection.vendor:
        todo = (
            "Name an empty PostgreSQL database in DATABASE_URL."
            if manifest.vendor == "postgresql"
            else "Restore it without DATABASE_URL, into a folder of its own: MANDATE_HOME."
        )
        raise Refused(
            f"{path} holds a {_WHAT[manifest.vendor]} database, and here is {_WHAT[connection.vendor]}. {todo}"
        )
    if manifest.vendor == "postgresql" and int(manifest.server) > (here := postgres.server_version()):
        raise Refused(
            f"{path} comes from PostgreSQL {manifest.server}, and the server here is {here}. Use one that is as new."
        )


def _is_empty() -> None:
    """Raise Refused unless the database is absent or holds no table."""
    other = "another folder in MANDATE_HOME" if connection.vendor == "sqlite" else "an empty one in DATABASE_URL"
    if tables := database.tables():
        held = _people() if "governance_person" in tables else "tables of something else"
        raise Refused(
            f"Nothing was restored: {database.named()} holds {held}, and nothing is ever overwritten. Name {other}."
        )
    if connection.vendor == "sqlite":
        # SQLite would take the log of a lost database for that of the one we bring; an empty log says nothing.
        for left in (Path(f"{database.file()}{ending}") for ending in ("-wal", "-journal")):
            if left.exists() and left.stat().st_size:
                raise Refused(f"{left} is left of another database. Move it away first, or name {other}.")


def _people() -> str:
    from governance.people.models import Person

    count = Person.objects.count()
    return f"{count:,} {'person' if count == 1 else 'people'}" if count else "tables, though nobody is in them"


# --- Bringing it in ---------------------------------------------------------------------------


def _bring_in(path: Path, manifest: Manifest, folder: Path) -> None:
    """Fill the database from the parts in `folder`, lead it forward, put its guards back, and hold it against the manifest."""
    part = folder / DATABASE[manifest.vendor]
    if manifest.vendor == "sqlite":
        part.rename(database.file())
        with closing(sqlite3.connect(database.file())) as raw:
            (said,) = raw.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise Refused(f"The database in {path} is damaged ({said.splitlines()[-1]}).")
    else:
        restores = postgres.fitting("pg_restore", int(manifest.server))
        postgres.run(restores, "--single-transaction", "--no-owner", "--no-privileges", str(part))
    used = (
        ""
        if manifest.vendor == "sqlite"
        else f" What is in {database.named()} now must not be used: drop that database."
    )
    head = Live().head()
    if head is None or (head[0], head[1]) != (manifest.size, manifest.root):
        raise Refused(f"The ledger in {path} is not the one its manifest names.{used}")
    if pending_migrations():
        call_command("migrate", interactive=False, verbosity=0)
    furnish.after_migrate()
    verdict = verify(checkpoints=[])
    if manifest.whole and not verdict.ok:
        raise Refused(f"The ledger in {path} is not what it was when the backup was made. {verdict}{used}")


def _keep_files(folder: Path, home: Path) -> None:
    """Add the public keys to those known here, and put checkpoints and signing key where this installation has none."""
    if (brought := folder / PUBLIC_KEYS).exists():
        checkpoint.know(brought.read_text(encoding="ascii").split())
    if (brought := folder / KEY).exists():
        once(home / checkpoint.PRIVATE, lambda: brought.read_text(encoding="ascii").strip())
    if (lines := folder / CHECKPOINTS).exists() and not (home / CHECKPOINTS).exists():
        lines.chmod(0o644)
        os.replace(lines, home / CHECKPOINTS)


# --- Looking at it ----------------------------------------------------------------------------


def _look(manifest: Manifest, home: Path, sha256: str) -> Restored:
    """Verify what was brought back against the checkpoints kept here, put the restore on record, and say what is wrong."""
    sinks = dict.fromkeys([*map(Path, settings.MANDATE_CHECKPOINT_SINKS), home / CHECKPOINTS])
    verdict = verify(checkpoints=sinks)
    problems = [] if verdict.ok else [str(verdict)]
    problems += [f"Rows of {table} name rows that are not there." for table in database.broken_references()]
    if different := grants.differences():
        problems.append(f"The stored permissions differ from the matrix: {different[0]} Run: manage.py check_grants")
    if stale := catalog_keeping.differences():
        problems.append(f"Rows of the catalog are not what they follow from: {stale[0]} Run: manage.py check_catalog")
    with ledger.act(by="system:restore", at=clock.now()) as say:
        say(
            Verb.INSTALLATION_RESTORED,
            Installation.objects.first(),
            made_at=manifest.made_at,
            size=manifest.size,
            root=manifest.root,
            file=sha256,
        )
    return Restored(manifest, verdict, problems)
