"""Reading the whole record and saying whether it is what was written, naming every entry that is not.

Every column is compared, byte by byte, with what its leaf says; every leaf with its hash; every hash
with the subtrees that later entries completed over it; the last root with the head, and the root at
each checkpoint with what was signed then. One pass in batches: the memory it takes grows with the
checkpoints and the problems, not with the record. An entry that is wrong casts no shadow: the tree
goes on from the hashes stored after it, so that only what was touched is named.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.ledger import checkpoint, guards, tree
from governance.ledger.append import LEAF
from governance.ledger.verbs import Verb

#: So many rows are read at a time.
BATCH = 2000

#: So many problems are listed; `Verdict.more` counts the rest.
LISTED = 10_000

COLUMNS = "seq, at, recorded_at, actor, verb, subject_kind, subject_id, initiative_id, detail, text_digest, text, text_salt, leaf, leaf_hash, nodes"
HEAD_SQL = (
    "SELECT size, root, frontier, chain, (SELECT MIN(seq) FROM governance_ledgerentry), (SELECT MAX(seq) FROM governance_ledgerentry)"
    " FROM governance_ledgerhead WHERE id = 1"
)
# A range of numbers, not a LIMIT: a database without statistics yet sorts the whole rest for a LIMIT.
ROWS_SQL = f"SELECT {COLUMNS} FROM governance_ledgerentry WHERE seq > %s AND seq <= %s ORDER BY seq"
NEXT_SQL = "SELECT MIN(seq) FROM governance_ledgerentry WHERE seq > %s AND seq <= %s"

_LEAF = LEAF.encode()
_MADE = Verb.CHECKPOINT_MADE.value.encode()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was written. `seq` is the entry, or None when it is about the head, a guard or a sink."""

    seq: int | None
    what: str

    def __str__(self):
        return self.what if self.seq is None else _("Entry %(seq)s %(what)s") % {"seq": self.seq, "what": self.what}


@dataclass(slots=True)
class Verdict:
    """What a verification found. `more` counts problems beyond those listed, `checkpoints` the signed lines that agreed.

    `beyond` is the checkpoint over the most entries, when it counts more of them than the head: the ledger was rolled back.
    """

    size: int
    root: str
    ok: bool = True
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    checkpoints: int = 0
    beyond: checkpoint.Line | None = None

    def add(self, seq: int | None, what: str) -> None:
        """Note a problem."""
        self.ok = False
        if len(self.problems) < LISTED:
            self.problems.append(Problem(seq, what))
        else:
            self.more += 1

    @property
    def first(self) -> Problem | None:
        """Return the problem of the earliest entry; when no entry is wrong, the first about anything else; None when whole."""
        return min(self.problems, key=lambda problem: (problem.seq is None, problem.seq or 0), default=None)

    @property
    def seqs(self) -> list[int]:
        """Return the numbers of the entries that are wrong, each once, in order."""
        return sorted({problem.seq for problem in self.problems if problem.seq is not None})

    def __str__(self):
        if self.first is None:
            counted = ngettext("%(n)s entry", "%(n)s entries", self.size) % {"n": self.size}
            signed = ngettext("%(n)s signed checkpoint agrees", "%(n)s signed checkpoints agree", self.checkpoints) % {
                "n": self.checkpoints
            }
            return _("The ledger is whole: %(counted)s, root %(root)s, %(signed)s.") % {
                "counted": counted,
                "root": self.root[:16],
                "signed": signed,
            }
        if self.beyond is not None:
            what = _(
                "The ledger was rolled back: it ends at entry %(size)s, and the checkpoint of %(at)s was signed over %(signed)s"
            ) % {"size": self.size, "at": self.beyond.at, "signed": self.beyond.size}
            others = len(self.problems) + self.more - (self.beyond.size - self.size)
        else:
            what = _("The ledger is not whole. %(first)s") % {"first": self.first}
            others = len(self.problems) + self.more - 1
        if not others:
            return f"{what}."
        counted = ngettext("%(n)s more problem", "%(n)s more problems", others) % {"n": others}
        return f"{what}. {counted}."


class Source(Protocol):
    """Where the rows come from: the live database, or a copy of it."""

    def head(self) -> tuple[Any, ...] | None:
        """Return size, root, frontier, chain, the lowest and the highest seq there is; None without a head row."""

    def rows(self, after: int, upto: int) -> Sequence[tuple[Any, ...]]:
        """Return the entries with `after` < seq <= `upto`, in order, their text as UTF-8 bytes."""

    def next(self, after: int, upto: int) -> int | None:
        """Return the lowest seq with `after` < seq <= `upto`, or None."""

    def guards(self) -> list[str]:
        """Return the names of the guards that are missing."""


class Live:
    """The database behind a connection alias, read in batches: no long transaction, and writers go on meanwhile."""

    def __init__(self, using: str = "default"):
        self._using, self._connection = using, connections[using]

    def head(self):
        with self._connection.cursor() as cursor:
            cursor.execute(HEAD_SQL)
            return cursor.fetchone()

    def rows(self, after, upto):
        with self._connection.cursor() as cursor:
            if self._connection.vendor != "sqlite":
                cursor.execute(ROWS_SQL, (after, upto))
                return [
                    (
                        seq,
                        at.encode(),
                        recorded_at.encode(),
                        actor.encode(),
                        verb.encode(),
                        kind.encode(),
                        subject_id,
                        initiative_id,
                        detail.encode(),
                        digest.encode(),
                        None if text is None else text.encode(),
                        None if salt is None else salt.encode(),
                        leaf,
                        leaf_hash,
                        nodes,
                    )
                    for seq, at, recorded_at, actor, verb, kind, subject_id, initiative_id, detail, digest, text, salt, leaf, leaf_hash, nodes in cursor.fetchall()
                ]
            raw = self._connection.connection
            kept = raw.text_factory
            raw.text_factory = bytes  # As they are: altered bytes may not even be UTF-8.
            try:
                cursor.execute(ROWS_SQL, (after, upto))
                return cursor.fetchall()
            finally:
                raw.text_factory = kept

    def next(self, after, upto):
        with self._connection.cursor() as cursor:
            cursor.execute(NEXT_SQL, (after, upto))
            return cursor.fetchone()[0]

    def guards(self):
        return guards.missing(self._using)


class Copy:
    """A copy in a SQLite file of its own, see tamper.py. It has no guards to miss."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection

    def head(self):
        return self._connection.execute(HEAD_SQL).fetchone()

    def rows(self, after, upto):
        return self._connection.execute(ROWS_SQL.replace("%s", "?"), (after, upto)).fetchall()

    def next(self, after, upto):
        return self._connection.execute(NEXT_SQL.replace("%s", "?"), (after, upto)).fetchone()[0]

    def guards(self):
        return []


def verify(using: str = "default", *, checkpoints: Iterable[Path | str] | None = None) -> Verdict:
    """Verify the record of database `using` against itself and the sinks `checkpoints` (default: those in the settings).

    Reads every entry once, in batches of 2,000; writes nothing.
    """
    return verify_source(Live(using), settings.MANDATE_CHECKPOINT_SINKS if checkpoints is None else checkpoints)


def verify_source(source: Source, checkpoints: Iterable[Path | str] = ()) -> Verdict:
    """Verify the record that `source` reads, as `verify` does."""
    # The sinks first: a checkpoint signed while we read must not look like one the ledger fell short of.
    signed = _Signed(checkpoints)
    head = source.head()
    if head is None:
        verdict = Verdict(0, tree.EMPTY_ROOT.hex())
        verdict.add(None, _("The head row is missing"))
        return verdict
    size, root, frontier, chain, lowest, highest = head
    verdict = Verdict(size, root)
    walk = _Walk(verdict, size, root, bytes(frontier), chain.encode(), signed)
    for first, last in ((lowest or 1) - 1, 0), (0, highest or 0):
        for rows in batches(source, first, last):
            walk.over(rows)
    walk.end()
    for name in source.guards():
        verdict.add(None, _("The guard %(name)s is missing; `manage.py migrate` puts it back") % {"name": name})
    return verdict


def batches(source: Source, after: int, upto: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the entries with `after` < seq <= `upto` in batches, stepping over gaps of any width."""
    while after < upto:
        if rows := source.rows(after, min(after + BATCH, upto)):
            yield rows
            after += BATCH
        else:
            found = source.next(after, upto)
            after = upto if found is None else found - 1


class _Signed:
    """What the sinks say: the root at each size that was signed."""

    def __init__(self, sinks: Iterable[Path | str]):
        self.sinks = [Path(sink) for sink in sinks]
        self.roots: dict[int, list[checkpoint.Line]] = {}
        self.unfit: list[checkpoint.Line] = []
        for sink in self.sinks:
            for line in self._lines(sink):
                if line.problem:
                    self.unfit.append(line)
                else:
                    self.roots.setdefault(line.size, []).append(line)

    def _lines(self, sink: Path):
        try:
            yield from checkpoint.lines(sink)
        except OSError as error:
            if sink.exists():
                yield checkpoint.Line(str(sink), 0, problem=_("cannot be opened (%(why)s)") % {"why": error.strerror})

    def lost(self, made: dict[str, Any]) -> list[Path]:
        """Return the sinks that took the checkpoint which the ledger's entry `made` tells of, and no longer hold it."""
        took = [sink for sink in self.sinks if checkpoint.sink_id(sink) in made["took"]]
        return [
            sink
            for sink in took
            if not any((line.size, line.root) == (made["size"], made["root"]) for line in self._lines(sink))
        ]


def _number(value: Any, absent: bytes) -> bytes:
    """Return a key as a leaf spells it. SQLite keeps 1.5 or a word in a column of keys, if told to."""
    return absent if value is None else b"%d" % value if type(value) is int else b"?"


class _Walk:
    """One pass over the entries. `stack` holds the roots of the perfect subtrees so far, None where one is in doubt."""

    def __init__(self, verdict: Verdict, size: int, root: str, frontier: bytes, chain: bytes, signed: _Signed):
        self.verdict, self.signed = verdict, signed
        self.size, self.root, self.frontier, self.chain = size, root, frontier, chain
        self.stack: list[bytes | None] = []
        self.position = 0
        self.made: bytes | None = None
        self.marks = {size, *signed.roots}
        if 0 in self.marks:
            self._mark()

    def over(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Check a batch of entries, in order. The loop is flat because it runs for every entry there is."""
        add, stack, marks = self.verdict.add, self.stack, self.marks
        chain, position = self.chain, self.position
        if position == 0 and rows[0][0] == 1:
            chain = self.chain = self._chain_of(rows[0])
        for row in rows:
            (
                seq,
                at,
                recorded_at,
                actor,
                verb,
                kind,
                subject_id,
                initiative_id,
                detail,
                digest,
                text,
                salt,
                leaf,
                leaf_hash,
                nodes,
            ) = row
            if seq != position + 1:
                if seq <= 0:
                    add(seq, _("has a number no entry can have"))
                    continue
                self._gap(position + 1, seq - 1)
                stack = self.stack
            position = seq
            node: bytes | None
            try:
                subject, initiative = _number(subject_id, b""), _number(initiative_id, b"null")
                expected = _LEAF % (actor, at, chain, detail, initiative, recorded_at, seq, kind, subject, digest, verb)
                node = sha256(b"\x00" + leaf).digest()
            except TypeError:  # SQLite keeps a number in a column of bytes, if told to.
                expected, node = b"", None
            if type(nodes) is not bytes:
                add(seq, _("carries hashes that are not its own"))
                nodes = b""
            if leaf != expected or node != leaf_hash:
                add(seq, self._how(row, expected, node))
                node = None
            if digest:
                if text is not None and salt is not None:
                    if sha256(salt + text).hexdigest().encode() != digest:
                        add(seq, _("has a text that is not the one it was written with"))
                elif text is not None or salt is not None:
                    add(seq, _("has lost half of its text; an erasure takes the text and its salt"))
            elif text is not None or salt is not None:
                add(seq, _("has a text, though it was written without one"))
            # The subtrees this entry completes, from the smallest up, as in tree.grow.
            below, start = seq - 1, 0
            while below & 1:
                left, stored = stack.pop(), nodes[start : start + 32]
                if left is None or node is None:
                    node = stored if len(stored) == 32 else None
                else:
                    node = sha256(b"\x01" + left + node).digest()
                    if node != stored:
                        what = _("closes a part of the tree that is not as it was (from entry %(first)s)")
                        add(seq, what % {"first": seq - (2 << start // 32) + 1})
                start += 32
                below >>= 1
            stack.append(node)
            if len(nodes) != start:
                add(seq, _("carries hashes that are not its own"))
            if verb == _MADE:
                self.made = detail
            if seq > self.size:
                add(seq, _("is not among the %(size)s entries the head counts") % {"size": self.size})
            if seq in marks:
                self.position = position
                self._mark()
        self.position = position

    def end(self) -> None:
        """Say what is missing at the end, and what the sinks hold that does not belong there."""
        verdict, signed = self.verdict, self.signed
        owed, verdict.beyond = self._owed()
        self._missing(self.position + 1, owed)
        for lines in signed.roots.values():
            for line in lines:
                if line.chain.encode() != self.chain:
                    what = _("Line %(n)s of %(sink)s is a checkpoint of another ledger")
                    verdict.add(None, what % {"n": line.number, "sink": line.sink})
        for line in signed.unfit:
            verdict.add(
                None,
                _("Line %(n)s of %(sink)s %(problem)s")
                % {"n": line.number, "sink": line.sink, "problem": line.problem},
            )
        try:
            lost = [] if self.made is None else signed.lost(json.loads(self.made))
        except (ValueError, KeyError, TypeError):
            lost = []  # That entry has been altered, and named.
        for sink in lost:
            verdict.add(None, _("%(sink)s no longer holds the last checkpoint written to it") % {"sink": sink})

    def _mark(self) -> None:
        """Compare the tree as it stands with the head, when this is its size, and with every checkpoint of this size."""
        whole = None not in self.stack
        root = tree.root([node for node in self.stack if node]).hex() if whole else None
        if self.position == self.size:
            stored = tree.unpacked(self.frontier)
            same = len(stored) == len(self.stack) and all(
                mine in (None, theirs) for mine, theirs in zip(self.stack, stored, strict=True)
            )
            if not same or self.root != tree.root(stored).hex():
                self.verdict.add(
                    None, _("The head's root is not the root of its %(size)s entries") % {"size": self.size}
                )
        for line in self.signed.roots.get(self.position, ()):
            if line.chain.encode() != self.chain:
                continue  # Said once, at the end.
            if root == line.root:
                self.verdict.checkpoints += 1
            elif root is not None:
                what = _("or one before it was rewritten after the checkpoint of %(at)s was signed") % {"at": line.at}
                self.verdict.add(self.position or None, what)

    def _gap(self, first: int, last: int) -> None:
        """Go on after a gap: name what is missing, and keep the subtrees that end before it."""
        self._missing(first, last)
        before, after, kept = first - 1, last, []
        heights = [h for h in range(before.bit_length(), -1, -1) if before >> h & 1]
        height_of = dict(zip(heights, self.stack, strict=True))
        for height in range(after.bit_length(), -1, -1):
            if after >> height & 1:
                same = before >> height == after >> height
                kept.append(height_of[height] if same else None)
        self.stack = kept

    def _owed(self) -> tuple[int, checkpoint.Line | None]:
        """Return how many entries there must be, and the checkpoint that says so when it says more than the head."""
        ours = (line for lines in self.signed.roots.values() for line in lines if line.chain.encode() == self.chain)
        largest = max(ours, key=lambda line: line.size, default=None)
        return (largest.size, largest) if largest and largest.size > self.size else (self.size, None)

    def _missing(self, first: int, last: int) -> None:
        """Name every entry from `first` to `last` that there must be, as many as are listed."""
        owed, line = self._owed()
        last = min(last, owed)
        for seq in range(first, min(last, first + LISTED) + 1):
            if line is None or seq <= self.size:
                self.verdict.add(seq, _("is missing"))
            else:
                what = _("is missing: the checkpoint of %(at)s was signed over %(size)s entries")
                self.verdict.add(seq, what % {"at": line.at, "size": line.size})
        self.verdict.more += max(0, last - first - LISTED)

    def _chain_of(self, row: tuple[Any, ...]) -> bytes:
        """Return the chain to hold entries against: the head's, unless entry 1 is sound and says another."""
        leaf, leaf_hash = row[12], row[13]
        try:
            said = json.loads(leaf)["chain"].encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.chain
        if said == self.chain or sha256(b"\x00" + leaf).digest() != leaf_hash:
            return self.chain
        self.verdict.add(None, _("The head names another ledger than the entries do"))
        return said

    def _how(self, row: tuple[Any, ...], expected: bytes, node: bytes | None) -> str:
        """Return what is wrong with an entry whose columns, leaf and hash do not agree."""
        leaf, leaf_hash = row[12], row[13]
        if leaf != expected and sha256(b"\x00" + expected).digest() == leaf_hash:
            return _("has an altered leaf")
        if leaf == expected:
            return _("has an altered hash, or was altered together with its leaf")
        if node == leaf_hash:
            return _("has columns that are not what its leaf says: %(columns)s") % {
                "columns": ", ".join(self._differing(row)) or "?"
            }
        return _("is altered, its leaf too")

    def _differing(self, row: tuple[Any, ...]) -> list[str]:
        """Return the names of the columns that say something else than the leaf."""
        try:
            said = json.loads(row[12])
            kind, _colon, key = said["subject"].partition(":")
            leaf = {
                "at": said["at"],
                "recorded_at": said["recorded_at"],
                "actor": said["actor"],
                "verb": said["verb"],
                "subject_kind": kind,
                "subject_id": int(key) if key else None,
                "initiative_id": said["initiative"],
                "text_digest": said["text"],
                "seq": said["seq"],
            }
            stored = dict(zip(COLUMNS.split(", "), row, strict=True))
            differing = [
                name
                for name, value in leaf.items()
                if (value.encode() if isinstance(value, str) else value) != stored[name]
            ]
            canonical = json.dumps(said["detail"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            return differing + (["detail"] if canonical != stored["detail"] else [])
        except (ValueError, KeyError, TypeError, AttributeError):
            return []
