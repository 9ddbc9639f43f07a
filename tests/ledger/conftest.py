"""What the tests of the record share: a moment, a person, a small ledger, and an attacker with raw SQL."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, transaction

from governance import ledger
from governance.ledger import append, guards, tree
from governance.ledger.models import LedgerHead
from governance.ledger.verify import COLUMNS

AT = datetime(2026, 11, 20, 9, 30, 0, 125, tzinfo=UTC)

NAMES = COLUMNS.split(", ")


@pytest.fixture
def at() -> datetime:
    """The moment at which everything in a test happens, unless it says otherwise."""
    return AT


@pytest.fixture
def person():
    """Somebody who acts. The record keeps only the key, so nobody has to be saved."""
    return get_user_model()(pk=17)


@pytest.fixture(autouse=True)
def _a_home_of_its_own(settings, tmp_path):
    """Keys and checkpoints of one test are not those of the next."""
    settings.MANDATE_HOME = tmp_path
    settings.MANDATE_CHECKPOINT_KEY = ""
    settings.MANDATE_CHECKPOINT_SINKS = [tmp_path / "checkpoints.log"]


@pytest.fixture
def fill(db, person, at):
    """Return a function that records `n` entries of several shapes, some in one act, some alone."""

    def fill(n: int) -> None:
        subject = Group(pk=5)
        for i in range(n):
            with ledger.act(by=person if i % 3 else "system:sweep", at=at) as say:
                if i % 2:
                    text = {"reason": f"Because of reason {i}: naïve, “quoted”, \\ and \x00 ✓"}
                    say(
                        ledger.Verb.DECISION_ANSWERED,
                        subject,
                        initiative=40 + i % 2,
                        outcome="pass",
                        on=at,
                        n=i,
                        text=text,
                    )
                else:
                    say(ledger.Verb.POLICY_SET, None, version=i, codes=["é", "b"])

    return fill


@pytest.fixture
def attacker(db):
    """Somebody with the database and the source."""
    return Attacker()


class Attacker:
    """Somebody with the database, the source and no respect: raw SQL, to be used while the guards are lowered."""

    @contextmanager
    def at_work(self):
        """Lower the guards, and undo whatever was done when the block ends."""
        with transaction.atomic():
            with guards.lowered():
                yield self
            transaction.set_rollback(True)

    def run(self, sql: str, *params) -> None:
        """Run one statement, whatever it does."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)

    def read(self, seq: int) -> dict:
        """Return one entry as a dict of its columns."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {COLUMNS} FROM governance_ledgerentry WHERE seq = %s", [seq])
            return dict(zip(NAMES, cursor.fetchone(), strict=True))

    def write(self, row: dict) -> None:
        """Insert an entry as it is given."""
        self.run(
            f"INSERT INTO governance_ledgerentry ({COLUMNS}) VALUES ({', '.join(['%s'] * len(NAMES))})",
            *[row[name] for name in NAMES],
        )

    def rebuild(self, change=lambda row: row, upto: int | None = None) -> None:
        """Rewrite the whole ledger so that it agrees with itself: `change` each entry, keep those up to `upto`."""
        head = LedgerHead.objects.get()
        rows = [self.read(seq) for seq in range(1, (upto if upto is not None else head.size) + 1)]
        self.run("DELETE FROM governance_ledgerentry")
        frontier: list[bytes] = []
        for size, row in enumerate(map(change, rows)):
            row["leaf"] = leaf_of(row, head.chain)
            row["leaf_hash"] = tree.leaf_hash(row["leaf"])
            row["nodes"] = tree.packed(tree.grow(frontier, size, row["leaf_hash"]))
            self.write(row)
        self.run(
            "UPDATE governance_ledgerhead SET size = %s, frontier = %s, root = %s",
            len(rows),
            tree.packed(frontier),
            tree.root(frontier).hex(),
        )


def leaf_of(row: dict, chain: str) -> bytes:
    """Return the leaf that says what the columns of `row` say."""
    subject = "" if row["subject_id"] is None else row["subject_id"]
    initiative = "null" if row["initiative_id"] is None else row["initiative_id"]
    parts = (
        row["actor"],
        row["at"],
        chain,
        row["detail"],
        initiative,
        row["recorded_at"],
        row["seq"],
        row["subject_kind"],
        subject,
        row["text_digest"],
        row["verb"],
    )
    return (append.LEAF % parts).encode()
