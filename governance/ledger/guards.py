"""The guards: triggers that refuse changes to the record, on both databases.

One change is permitted: an entry's text and its salt become NULL, both at once (erasure). Entries are
never updated otherwise, deleted or truncated; the head is never deleted, never shrinks and never takes
another chain. On PostgreSQL the triggers are "always": a session in replica mode meets them too.
On SQLite an INSERT OR REPLACE would slip past a delete trigger, so an insert must bring the next seq.
SQLite drops triggers silently when Django remakes a table; `install` runs after every migrate.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

ENTRY, HEAD = "governance_ledgerentry", "governance_ledgerhead"

#: Every column of an entry that nobody may change.
FIXED = (
    "seq",
    "at",
    "recorded_at",
    "actor",
    "verb",
    "subject_kind",
    "subject_id",
    "initiative_id",
    "detail",
    "text_digest",
    "leaf",
    "leaf_hash",
    "nodes",
)

SAYS = "The ledger only grows: this change to it is refused."

_FUNCTION = "ledger_guard"
_BODY = f"BEGIN RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END"


def _old_and_new(joined_by: str, differs: str) -> str:
    return joined_by.join(f"NEW.{column} {differs} OLD.{column}" for column in FIXED)


_NOT_AN_ERASURE = "NEW.text IS NOT NULL OR NEW.text_salt IS NOT NULL OR "

#: PostgreSQL: name -> (table, when and under which condition).
_POSTGRESQL = {
    "ledger_entry_fixed": (
        ENTRY,
        f"BEFORE UPDATE ON {ENTRY} FOR EACH ROW WHEN ({_NOT_AN_ERASURE}{_old_and_new(' OR ', 'IS DISTINCT FROM')})",
    ),
    "ledger_entry_stays": (ENTRY, f"BEFORE DELETE OR TRUNCATE ON {ENTRY} FOR EACH STATEMENT"),
    "ledger_head_grows": (
        HEAD,
        f"BEFORE UPDATE ON {HEAD} FOR EACH ROW WHEN (NEW.size < OLD.size OR NEW.chain <> OLD.chain OR NEW.id <> OLD.id)",
    ),
    "ledger_head_stays": (HEAD, f"BEFORE DELETE OR TRUNCATE ON {HEAD} FOR EACH STATEMENT"),
}

#: SQLite: name -> the whole statement, kept by SQLite word for word.
_SQLITE = {
    name: f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
    for name, when in {
        "ledger_entry_fixed": f"BEFORE UPDATE ON {ENTRY} WHEN {_NOT_AN_ERASURE}{_old_and_new(' OR ', 'IS NOT')}",
        "ledger_entry_stays": f"BEFORE DELETE ON {ENTRY}",
        "ledger_entry_next": f"BEFORE INSERT ON {ENTRY} WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM {ENTRY})",
        "ledger_head_grows": f"BEFORE UPDATE ON {HEAD} WHEN NEW.size < OLD.size OR NEW.chain <> OLD.chain OR NEW.id <> OLD.id",
        "ledger_head_stays": f"BEFORE DELETE ON {HEAD}",
        "ledger_head_is_one": f"BEFORE INSERT ON {HEAD} WHEN EXISTS (SELECT 1 FROM {HEAD})",
    }.items()
}


def missing(using: str = "default") -> list[str]:
    """Return the names of the guards that are absent, switched off or altered. One query (two on PostgreSQL)."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            stored = dict(cursor.fetchall())
            return [name for name, sql in _SQLITE.items() if stored.get(name) != sql]
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = %s AND pronamespace = current_schema()::regnamespace",
            [_FUNCTION],
        )
        body = cursor.fetchone()
        cursor.execute(
            "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE c.relname IN (%s, %s) AND c.relnamespace = current_schema()::regnamespace AND p.proname = %s AND t.tgenabled = 'A'",
            [ENTRY, HEAD, _FUNCTION],
        )
        there = {name for (name,) in cursor.fetchall()} if body == (_BODY,) else set()
    return [name for name in _POSTGRESQL if name not in there]


def install(using: str = "default") -> None:
    """Put the guards that are missing in place. Safe to run any number of times."""
    absent = missing(using)
    if not absent:
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if connections[using].vendor == "sqlite":
            for name in absent:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(_SQLITE[name])
            return
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $guard${_BODY}$guard$"
        )
        for name in absent:
            table, when = _POSTGRESQL[name]
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            cursor.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {_FUNCTION}()")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


@contextmanager
def lowered(using: str = "default") -> Iterator[None]:
    """Lower the guards for the length of one transaction. For the tests, which empty their database between two of them."""
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            if connections[using].vendor == "sqlite":
                for name in _SQLITE:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            else:
                for name, (table, _) in _POSTGRESQL.items():
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        yield
        with connections[using].cursor() as cursor:
            if connections[using].vendor != "sqlite":
                for name, (table, _) in _POSTGRESQL.items():
                    cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        install(using)
