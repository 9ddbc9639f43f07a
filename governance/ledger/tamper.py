"""Showing what the record is worth: one byte of history changed, on a copy, and the verification that names it.

The live ledger is only read. The copy lives in a folder that is gone when this returns.
"""

import secrets
import sqlite3
import tempfile
from pathlib import Path

from governance.ledger.verify import COLUMNS, Copy, Live, Verdict, batches, verify_source


def change_one_byte_on_a_copy(seq: int | None = None, using: str = "default") -> tuple[Verdict, int]:
    """Copy the ledger, change one byte of the leaf of entry `seq` (default: any) there, verify the copy.

    Returns the verdict on the copy and the entry that was changed. Reads the ledger once. Raises
    LookupError when there is no such entry.
    """
    with tempfile.TemporaryDirectory(prefix="mandate-copy-") as folder:
        connection = sqlite3.connect(Path(folder) / "copy.sqlite3")
        try:
            size = _copy(Live(using), connection)
            chosen = seq if seq is not None else secrets.randbelow(size) + 1 if size else 0
            found = connection.execute("SELECT leaf FROM governance_ledgerentry WHERE seq = ?", (chosen,)).fetchone()
            if found is None:
                raise LookupError(f"The ledger holds {size} entries; there is no entry {chosen}.")
            leaf = bytearray(found[0])
            leaf[secrets.randbelow(len(leaf))] ^= 1
            connection.execute("UPDATE governance_ledgerentry SET leaf = ? WHERE seq = ?", (bytes(leaf), chosen))
            connection.commit()
            return verify_source(Copy(connection)), chosen
        finally:
            connection.close()


def _copy(live: Live, into: sqlite3.Connection) -> int:
    """Copy head and entries as they are now; return how many entries."""
    names = COLUMNS.split(", ")
    into.execute(f"CREATE TABLE governance_ledgerentry (seq INTEGER PRIMARY KEY, {', '.join(names[1:])})")
    into.execute("CREATE TABLE governance_ledgerhead (id INTEGER PRIMARY KEY, size, root, frontier, chain)")
    head = live.head()
    if head is None:
        return 0
    size, root, frontier, chain, lowest, highest = head
    into.execute("INSERT INTO governance_ledgerhead VALUES (1, ?, ?, ?, ?)", (size, root, bytes(frontier), chain))
    for rows in batches(live, (lowest or 1) - 1, highest or 0):
        into.executemany(f"INSERT INTO governance_ledgerentry VALUES ({', '.join('?' * len(names))})", rows)
    return size
