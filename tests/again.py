"""What was built once is built again from its statements: the same start and the same words give the same rows.

Nearly every test begins with the same company and a story at some stage, and walking there through the real
actions takes some hundreds of queries. Here the statements of each step are kept, and a step that starts from
the same state of the database is not walked but written.

A state is known by the steps that led to it from the empty database a test begins with. Whatever a test writes
in between makes it unknown, and from then on every step is walked. On PostgreSQL keys go on counting after a
rollback, so there the counters are put back where they stood when a test begins.
"""

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction

#: Statements that write nothing.
READS = ("SELECT", "PRAGMA", "EXPLAIN", "WITH")
#: Statements that write nothing by themselves, and that what is written again needs.
FRAMES = ("SAVEPOINT", "RELEASE")


class Unknown(Exception):
    """Words that have no place in a key."""


@dataclass
class Kept:
    """What a step wrote, whom it asked to be called on commit, and what it left in the hands of its caller."""

    statements: list[tuple[str, Any, bool]]
    on_commit: list[tuple[Callable, bool]]
    left: Any


@dataclass
class Memory:
    """The steps seen so far in this process, and where the database of the running test stands."""

    kept: dict[Hashable, Kept] = field(default_factory=dict)
    states: dict[Hashable, int] = field(default_factory=dict)
    state: int | None = None
    walking: list[Hashable] = field(default_factory=list)
    statements: list[tuple[str, Any, bool]] = field(default_factory=list)
    outermost: transaction.Atomic | None = None
    counters: list[tuple[str, int | None]] = field(default_factory=list)

    def forget(self) -> None:
        """Forget every step: what an empty database holds has changed."""
        self.kept.clear()
        self.counters.clear()
        self.state = None

    def look(self) -> bool:
        """Return whether a test's own transaction is open; begin when it is another one than before."""
        outermost = connection.atomic_blocks[0] if connection.atomic_blocks else None
        in_a_test = outermost is not None and outermost._from_testcase
        if outermost is not self.outermost:
            self.outermost = outermost
            if in_a_test:
                self.begin()
        return in_a_test

    def begin(self) -> None:
        """Note that the database is as every test finds it."""
        self.state, self.walking, self.statements = 0, [], []
        if connection.vendor == "postgresql":
            self._put_counters_back()

    def _put_counters_back(self) -> None:
        with connection.connection.cursor() as cursor:
            if self.counters:
                names, last = zip(*self.counters, strict=True)
                cursor.execute(
                    "SELECT setval(name::regclass, coalesce(last, 1), last IS NOT NULL)"
                    " FROM unnest(%s::text[], %s::bigint[]) AS counter (name, last)",
                    [list(names), list(last)],
                )
            else:
                cursor.execute("SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences")
                self.counters = cursor.fetchall()

    def watch(self, execute, sql, params, many, context):
        """Note what is written; an execute wrapper of the connection."""
        word = sql.lstrip().split(None, 1)[0].upper()
        self.look()
        if word not in READS:
            self.statements.append((sql, params, many))
            if word not in FRAMES:
                # What a step writes itself is known by its words; what a test writes is not.
                self.state = self.numbered((self.walking[-1], self.state)) if self.walking else None
        return execute(sql, params, many, context)

    def standing(self) -> int | None:
        """Return the state the database is in; None where it is unknown."""
        in_a_test = self.look()
        return self.state if in_a_test and self.watch in connection.execute_wrappers else None

    def numbered(self, key: Hashable) -> int:
        """Return the number of the state that `key` leads to."""
        return self.states.setdefault(key, len(self.states) + 1)

    def tell(self, key: Hashable, walk: Callable[[], Any]) -> Any:
        """Do what `walk` does and return what it returns, from memory where `key` was walked from here before."""
        before = self.standing()
        if before is None:
            return walk()
        key = (before, key)
        if kept := self.kept.get(key):
            self._write(kept)
            left = kept.left
        else:
            began, asked = len(self.statements), len(connection.run_on_commit)
            self.walking.append(key)
            try:
                left = walk()
            except BaseException:
                self.state = None
                raise
            finally:
                self.walking.pop()
            on_commit = [(call, robust) for _ids, call, robust in connection.run_on_commit[asked:]]
            self.kept[key] = Kept(self.statements[began:], on_commit, copy.deepcopy(left))
            self.state = self.numbered(key)
            return left
        self.state = self.numbered(key)
        return copy.deepcopy(left)

    def _write(self, kept: Kept) -> None:
        with connection.cursor() as cursor:
            for sql, params, many in kept.statements:
                # Past the wrappers: a test that counts queries counts its own.
                (cursor.cursor.executemany if many else cursor.cursor.execute)(sql, params)
        self.statements += kept.statements
        for call, robust in kept.on_commit:
            transaction.on_commit(call, robust=robust)


memory = Memory()


def key_of(value: Any) -> Hashable:
    """Return something that is equal for what is the same to a step. Raises Unknown."""
    if isinstance(value, models.Model):
        return value._meta.label, value.pk
    if isinstance(value, dict):
        return tuple((name, key_of(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(key_of, value))
    if not isinstance(value, Hashable):
        raise Unknown(repr(value))
    return type(value), value
