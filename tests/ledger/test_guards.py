"""The database itself refuses to change the record."""

from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance.ledger import guards
from governance.ledger.models import LedgerEntry, LedgerHead
from governance.ledger.verify import COLUMNS, verify

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ON_SQLITE = connection.vendor == "sqlite"

COPY_OF_ONE = COLUMNS.replace("seq", "seq + {}", 1)


def run(sql: str) -> None:
    """Run one statement the way a console would."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def everything() -> list[tuple]:
    """Every byte of the record."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM governance_ledgerentry ORDER BY seq")
        return [tuple(map(bytes_of, row)) for row in cursor.fetchall()]


def bytes_of(value):
    """BLOBs compare as bytes on both databases."""
    return bytes(value) if isinstance(value, memoryview) else value


REFUSED = [
    *[
        f"UPDATE governance_ledgerentry SET {column} = 'x'"
        for column in ("at", "recorded_at", "actor", "verb", "subject_kind", "detail", "text_digest")
    ],
    *[f"UPDATE governance_ledgerentry SET {column} = 77" for column in ("subject_id", "initiative_id")],
    "UPDATE governance_ledgerentry SET subject_id = NULL, initiative_id = NULL",
    "UPDATE governance_ledgerentry SET seq = seq + 100",
    *[
        f"UPDATE governance_ledgerentry SET {column} = leaf_hash || leaf_hash"
        for column in ("leaf", "leaf_hash", "nodes")
    ],
    "UPDATE governance_ledgerentry SET text = '{}'",
    "UPDATE governance_ledgerentry SET text_salt = 'x'",
    "UPDATE governance_ledgerentry SET text = NULL WHERE seq = 2",
    "UPDATE governance_ledgerentry SET text_salt = NULL WHERE seq = 2",
    "UPDATE governance_ledgerentry SET text = NULL, text_salt = NULL, actor = 'withheld' WHERE seq = 2",
    "DELETE FROM governance_ledgerentry",
    "DELETE FROM governance_ledgerentry WHERE seq = 3",
    "DELETE FROM governance_ledgerhead",
    "UPDATE governance_ledgerhead SET size = size - 1",
    "UPDATE governance_ledgerhead SET chain = 'another'",
    "INSERT INTO governance_ledgerhead (id, size, root, frontier, chain) SELECT id, 0, root, frontier, chain FROM governance_ledgerhead",
    f"INSERT INTO governance_ledgerentry ({COLUMNS}) SELECT {COLUMNS} FROM governance_ledgerentry WHERE seq = 3",
    *(
        [
            f"INSERT OR REPLACE INTO governance_ledgerentry ({COLUMNS}) SELECT {COLUMNS.replace('actor', repr('x'))} FROM governance_ledgerentry WHERE seq = 3",
            f"INSERT INTO governance_ledgerentry ({COLUMNS}) SELECT {COPY_OF_ONE.format(10)} FROM governance_ledgerentry WHERE seq = 3",
            f"REPLACE INTO governance_ledgerentry ({COLUMNS}) SELECT {COLUMNS} FROM governance_ledgerentry WHERE seq = 3",
            "REPLACE INTO governance_ledgerhead (id, size, root, frontier, chain) SELECT id, 0, root, frontier, chain FROM governance_ledgerhead",
            "UPDATE OR REPLACE governance_ledgerentry SET seq = 1 WHERE seq = 2",
        ]
        if ON_SQLITE
        else [
            "TRUNCATE governance_ledgerentry",
            "TRUNCATE governance_ledgerentry, governance_ledgerhead CASCADE",
            "TRUNCATE governance_ledgerhead",
            f"INSERT INTO governance_ledgerentry ({COLUMNS}) SELECT {COLUMNS} FROM governance_ledgerentry WHERE seq = 3"
            " ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
            # What a superuser would try first: the session that pretends to be a replica.
            "SET LOCAL session_replication_role = 'replica'; DELETE FROM governance_ledgerentry",
        ]
    ),
]


@pytest.mark.parametrize("sql", REFUSED)
def test_the_database_refuses(sql, fill):
    fill(5)
    before, head = everything(), LedgerHead.objects.values().get()

    with pytest.raises(IntegrityError):
        run(sql)

    assert everything() == before
    assert LedgerHead.objects.values().get() == head


def test_a_text_can_be_erased_together_with_its_salt_and_the_record_still_proves(fill):
    fill(5)

    run("UPDATE governance_ledgerentry SET text = NULL, text_salt = NULL WHERE seq = 2")

    assert verify().ok
    erased, kept = LedgerEntry.objects.get(seq=2), LedgerEntry.objects.get(seq=4)
    assert (erased.is_erased, erased.text) == (True, None)
    assert (kept.is_erased, set(kept.text)) == (False, {"reason"})
    assert not LedgerEntry.objects.get(seq=1).is_erased


def test_an_erased_text_stays_erased(fill):
    fill(2)
    run("UPDATE governance_ledgerentry SET text = NULL, text_salt = NULL WHERE seq = 2")

    with pytest.raises(IntegrityError):
        run("UPDATE governance_ledgerentry SET text = '{}', text_salt = 'x' WHERE seq = 2")


def test_no_guard_is_missing_and_installing_them_again_changes_nothing(fill):
    fill(1)
    assert guards.missing() == []

    guards.install()

    assert guards.missing() == []
    with pytest.raises(IntegrityError):
        run("DELETE FROM governance_ledgerentry")


def each_guard() -> list[str]:
    """The guards of this database."""
    return list(guards._SQLITE if ON_SQLITE else guards._POSTGRESQL)


@pytest.mark.parametrize("name", each_guard())
def test_a_missing_guard_is_named_and_put_back(name):
    table = guards.HEAD if "head" in name else guards.ENTRY
    run(f"DROP TRIGGER {name}" if ON_SQLITE else f"DROP TRIGGER {name} ON {table}")

    assert guards.missing() == [name]
    assert [problem.what for problem in verify().problems] == [
        f"The guard {name} is missing; `manage.py migrate` puts it back"
    ]

    guards.install()
    assert guards.missing() == []


@pytest.mark.parametrize("name", each_guard())
def test_a_guard_that_was_made_harmless_is_named_and_put_back(name):
    table = guards.HEAD if "head" in name else guards.ENTRY
    if ON_SQLITE:
        run(f"DROP TRIGGER {name}")
        run(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} BEGIN SELECT 1; END")
    else:
        run(f"ALTER TABLE {table} DISABLE TRIGGER {name}")

    assert guards.missing() == [name]

    guards.install()
    assert guards.missing() == []


@pytest.mark.skipif(ON_SQLITE, reason="SQLite has no functions of its own")
def test_a_guard_function_that_was_emptied_takes_every_guard_with_it():
    run("CREATE OR REPLACE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    assert guards.missing() == each_guard()

    guards.install()

    assert guards.missing() == []


@pytest.mark.skipif(
    not ON_SQLITE, reason="PostgreSQL alters a table in place, and refuses while a guard looks at the column"
)
@pytest.mark.django_db(transaction=True)
def test_when_django_remakes_the_table_the_loss_is_seen_and_mended(fill):
    fill(3)
    old = LedgerEntry._meta.get_field("actor")
    new = old.clone()
    new.max_length = 61
    new.set_attributes_from_name("actor")
    new.model = LedgerEntry
    with connection.schema_editor() as editor:
        editor.alter_field(LedgerEntry, old, new)
    try:
        assert guards.missing() == [name for name in each_guard() if "entry" in name]
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(LedgerEntry, new, old)

    guards.install()

    assert guards.missing() == []
    assert verify().ok
    with pytest.raises(IntegrityError):
        run("DELETE FROM governance_ledgerentry")


def test_lowered_guards_are_back_when_the_block_ends(fill):
    fill(2)

    with guards.lowered():
        run("DELETE FROM governance_ledgerentry WHERE seq = 2")

    assert guards.missing() == []
    with pytest.raises(IntegrityError):
        run("DELETE FROM governance_ledgerentry")


def test_lowered_guards_are_back_when_the_block_fails(fill):
    fill(2)

    with pytest.raises(DatabaseError), guards.lowered():
        run("DELETE FROM governance_ledgerentry WHERE no_such_column = 2")

    assert guards.missing() == []
    assert verify().ok


def test_nothing_in_the_product_lowers_the_guards_and_no_other_room_names_the_tables():
    root = Path(guards.__file__).parents[2]
    product = [path for folder in ("governance", "portal") for path in (root / folder).rglob("*.py")]
    others = [path for path in product if path.parent.name not in {"ledger", "migrations"}]

    assert len(others) > 10
    assert [path for path in product if "lowered(" in path.read_text() and path.name != "guards.py"] == []
    assert [path for path in others if guards.ENTRY in path.read_text()] == []
