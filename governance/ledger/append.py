"""Writing to the record: three SQL statements, whatever the number of entries.

1. Lock the head and read the database's clock. 2. Insert the entries. 3. Move the head on.
The caller holds the transaction and locks nothing afterwards.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db import connections

from governance.ledger import tree

#: The canonical bytes of an entry: JSON with its keys in order and every column inside. Actor, verb, subject
#: and chain come from closed alphabets, so nothing needs escaping; detail is canonical JSON already.
LEAF = (
    '{"actor":"%s","at":"%s","chain":"%s","detail":%s,"initiative":%s,"recorded_at":"%s",'
    '"seq":%d,"subject":"%s:%s","text":"%s","verb":"%s"}'
)

INSERT = (
    "INSERT INTO governance_ledgerentry (seq, at, recorded_at, actor, verb, subject_kind, subject_id, initiative_id,"
    " detail, text_digest, text, text_salt, leaf, leaf_hash, nodes)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)

LOCK = {
    "postgresql": "SELECT size, frontier, chain, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    " FROM governance_ledgerhead WHERE id = 1 FOR UPDATE",
    # A transaction takes the only write lock as it begins (transaction_mode=IMMEDIATE).
    "sqlite": "SELECT size, frontier, chain, strftime('%%Y-%%m-%%dT%%H:%%M:%%f000Z', 'now') FROM governance_ledgerhead WHERE id = 1",
}

MOVE_ON = "UPDATE governance_ledgerhead SET size = %s, frontier = %s, root = %s WHERE id = 1"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded, spelled as the record spells it: `at` from `models.instant`, `detail` and `text` canonical JSON."""

    at: str
    actor: str
    verb: str
    subject_kind: str
    subject_id: int | None
    initiative_id: int | None
    detail: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """The head as it was when this transaction locked it, and the database's clock at that moment."""

    size: int
    frontier: bytes
    chain: str
    recorded_at: str


def lock(using: str = "default") -> Head:
    """Lock the head until this transaction ends and return it. One query. Nothing may be locked after it."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(LOCK[connection.vendor], ())
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError(
            "The ledger has no head row, so nothing can be recorded. Run `manage.py migrate`, which makes it."
        )
    return Head(row[0], bytes(row[1]), row[2], row[3])


def append(entries: Sequence[Entry], *, using: str = "default", head: Head | None = None) -> int:
    """Write `entries` in their order and return the seq of the last. Two queries, and one to lock the head unless given.

    Must run inside a transaction; raises what the database raises, which rolls the act back.
    """
    head = head or lock(using)
    size, frontier, chain, recorded_at = head.size, tree.unpacked(head.frontier), head.chain, head.recorded_at
    rows = []
    for entry in entries:
        digest = salt = None
        if entry.text is not None:
            salt = secrets.token_hex(16)
            digest = text_digest(salt, entry.text)
        initiative = "null" if entry.initiative_id is None else entry.initiative_id
        subject = "" if entry.subject_id is None else entry.subject_id
        leaf = (
            LEAF
            % (
                entry.actor,
                entry.at,
                chain,
                entry.detail,
                initiative,
                recorded_at,
                size + 1,
                entry.subject_kind,
                subject,
                digest or "",
                entry.verb,
            )
        ).encode()
        leaf_hash = tree.leaf_hash(leaf)
        nodes = tree.packed(tree.grow(frontier, size, leaf_hash))
        size += 1
        rows.append(
            (
                size,
                entry.at,
                recorded_at,
                entry.actor,
                entry.verb,
                entry.subject_kind,
                entry.subject_id,
                entry.initiative_id,
                entry.detail,
                digest or "",
                entry.text,
                salt,
                leaf,
                leaf_hash,
                nodes,
            )
        )
    with connections[using].cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(INSERT, rows[0])
        else:
            cursor.executemany(INSERT, rows)
        cursor.execute(MOVE_ON, (size, tree.packed(frontier), tree.root(frontier).hex()))
    return size


def text_digest(salt: str, text: str) -> str:
    """Return what a leaf holds of a text: SHA-256 over the salt (as it is spelled) and the canonical text, in hexadecimal."""
    return sha256((salt + text).encode()).hexdigest()
