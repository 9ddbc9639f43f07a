"""The database as whoever runs it sees it: where it is, what it holds, whether its references lead somewhere.

A SQLite database is made beside its final name and moved there when it is whole, so that what was cut off
leaves nothing half-made. PostgreSQL makes its own.
"""

import fcntl
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import DatabaseError, connection, connections


class Busy(Exception):
    """Another process of ours holds this folder."""


def file() -> Path:
    """Return the file of a SQLite database."""
    return Path(connection.settings_dict["NAME"])


def named() -> str:
    """Return what a sentence calls the database: never with a password."""
    return f"the database {connection.settings_dict['NAME']}"


def tables() -> set[str]:
    """Return the names of the tables there are. A SQLite file is neither made nor changed by asking. Raises DatabaseError."""
    if connection.vendor != "sqlite":
        return set(connection.introspection.table_names())
    if not file().exists():
        return set()
    try:
        with closing(sqlite3.connect(f"{file().as_uri()}?mode=ro", uri=True)) as database:
            return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise DatabaseError(str(error)) from error


def lock(home: Path) -> io.TextIOWrapper:
    """Return the open lock of the folder `home`, made if needed; whoever starts or restores there holds it alone.

    Raises Busy when somebody holds it, and OSError when the folder cannot be written.
    """
    home.mkdir(parents=True, exist_ok=True)
    held = open(home / "running.lock", "w", encoding="ascii")  # noqa: SIM115  (the caller closes it)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise Busy from error
    return held


@contextmanager
def whole_or_not_at_all() -> Iterator[None]:
    """Make a SQLite database under another name and give it its own when the block has ended well."""
    if connection.vendor != "sqlite":
        yield
        return
    final = file()
    making = final.with_name(final.name + ".new")
    _remove(making)  # of a start that was cut off
    connections.close_all()
    connection.settings_dict["NAME"] = making
    try:
        yield
    except BaseException:
        connections.close_all()
        _remove(making)
        raise
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = final
    # Everything into the one file, so that there is one thing to move.
    with closing(sqlite3.connect(making)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    making.rename(final)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


# --- References -------------------------------------------------------------------------------

_REFERENCES = """
    SELECT c.conrelid::regclass::text, quote_ident(a.attname), c.confrelid::regclass::text, quote_ident(b.attname)
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace
    ORDER BY 1, 2
"""


def broken_references(using: str = "default") -> list[str]:
    """Return the tables that hold a row whose reference leads nowhere, each once, in order; every row is looked at."""
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "sqlite":
            cursor.execute("PRAGMA foreign_key_check")
            return sorted({row[0] for row in cursor.fetchall()})
        cursor.execute(_REFERENCES)
        looks = [
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table} AS one WHERE one.{column} IS NOT NULL"
            f" AND NOT EXISTS (SELECT FROM {other} AS other WHERE other.{key} = one.{column}))"
            for table, column, other, key in cursor.fetchall()
        ]
        cursor.execute(" UNION ".join(looks))
        return sorted(table for (table,) in cursor.fetchall())
