"""Staging: what each record states in our words, what could not be read, and what makes it the same next time.

Nothing is guessed: a word the profile does not list, a date in no known layout, a cell that is too long are
kept as they came, and the field stays unknown.
"""

import ast
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from governance.core import export
from governance.gates.triage import NAMELESS
from governance.initiatives import own
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative, OwnColumn
from governance.people.models import Unit
from governance.registers.columns import called, kept, place
from governance.registers.models import Batch, Staged
from governance.registers.profile import CHOICES, NUMBERS, OWN, Field, Gap, Profile, State, same
from governance.registers.read import Record, Source

#: Rows in one transaction, and the pause after it in seconds: a stop must never wait for an import (SQLite's lock is not fair).
CHUNK = 100
PAUSE = 0.02

#: Weights of a problem.
REFUSED, TRIAGE, NOTED = "refused", "triage", "noted"

_BREAKS = re.compile(r"[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]+")
_IDENTITY = Staged._meta.get_field("identity").max_length or 400
_UNIT = Unit._meta.get_field("name").max_length or 200
#: How much text each descriptive field holds; None where there is no limit. One with a limit is one line.
_MOST = {field.name: field.max_length for field in Initiative._meta.fields}


class Reader:
    """Turns the records of one file into rows to stage. It counts identities, so one reader reads one file once."""

    def __init__(self, profile: Profile, source: Source, *, keep: bool = False):
        """`keep` has each row carry its cells as they came, so that they can be mended."""
        self._profile, self._source, self._keep = profile, source, keep
        self._seen: Counter[str] = Counter()
        self._columns = called(source.titles)
        self._own = own_columns_of(profile)

    def rows(self) -> Iterator[Staged]:
        """Yield a row for every record, in the file's order, not saved and without a batch."""
        yield from self.read(self._source.records())

    def read(self, records: Iterable[Record]) -> Iterator[Staged]:
        """Yield a row for each of these records, as `rows`."""
        for record in records:
            row = self._row(record)
            if self._keep:
                row.cells = [kept(cell) for cell in record.cells]
            yield row

    def unread(self) -> list[dict[str, Any]]:
        """Return a problem for every column that the profile neither reads nor ignores."""
        titles = self._source.titles
        there = ", ".join(self._own) or "–"
        strange = [
            problem(1, field.name, "", _("an own column that is in use: %(names)s") % {"names": there}, NOTED)
            for field in self._profile.fields
            if field.name.startswith(OWN) and field.name not in self._own
        ]
        known = {*self._source.places.values(), *(place(column, titles) for column in self._profile.ignore)}
        ignored = {same(column) for column in self._profile.ignore}
        expected = _("a column that the profile %(name)s reads or ignores") % {"name": self._profile.name}
        return strange + [
            problem(self._source.shape.header or 1, self._columns[where], title, expected, NOTED)
            for where, title in enumerate(titles)
            if title and where not in known and same(title) not in ignored
        ]

    def _row(self, record: Record) -> Staged:
        """Return the row of one record."""
        raw = record.raw_sha256
        if reason := self._refusal(record):
            return Staged(
                record=record.number,
                identity="",
                occurrence=self._next(""),
                raw_sha256=raw,
                values={},
                problems=[reason],
            )
        places = self._source.places
        cells = {
            column: export.as_meant(record.cells[places[column]].strip()) if column in places else ""
            for column in self._profile.columns
        }
        identity, by_number = self._identity(cells)
        if not identity:
            columns = ", ".join(dict.fromkeys([*self._profile.identity, *self._profile.identity_else]))
            came = problem(record.number, columns, "", _("something that tells this record from others"), REFUSED)
            return Staged(
                record=record.number, identity="", occurrence=self._next(""), raw_sha256=raw, values={}, problems=[came]
            )
        occurrence = self._next(identity)
        statement = _Statement(self._profile, record.number, cells, self._own)
        if occurrence > 1:
            column = (
                self._profile.identity[-1] if by_number else (self._profile.identity_else or self._profile.identity)[-1]
            )
            statement.note(
                column, cells[column], _("something no earlier record has; told apart by their order"), keep=False
            )
        return Staged(
            record=record.number,
            identity=identity,
            occurrence=occurrence,
            raw_sha256=raw,
            values=statement.values(),
            problems=statement.problems,
        )

    def _next(self, identity: str) -> int:
        self._seen[identity] += 1
        return self._seen[identity]

    def _refusal(self, record: Record) -> dict[str, Any] | None:
        """Return why this record cannot be read at all, or None."""
        titles = len(self._source.titles)
        if len(record.cells) < titles or any(cell.strip() for cell in record.cells[titles:]):
            came = _("%(n)d cells") % {"n": len(record.cells)}
            return problem(record.number, "", came, _("%(n)d cells, as the header has") % {"n": titles}, REFUSED)
        for column, cell in zip(self._columns, record.cells, strict=False):
            if "\0" in cell:
                return problem(
                    record.number,
                    column,
                    kept(cell),
                    _("text without zero characters, which no database keeps"),
                    REFUSED,
                )
        return None

    def _identity(self, cells: dict[str, str]) -> tuple[str, bool]:
        """Return what makes the record the same next time, and whether its first columns say so; empty when nothing does."""
        profile = self._profile
        parts = [same(cells[column]) for column in profile.identity]
        whole = all(part and part not in profile.unknown for part in parts)
        if not whole and profile.identity_else:
            parts = [same(cells[column]) for column in profile.identity_else]
        if not any(parts):
            return "", whole
        text = " | ".join(parts)
        if len(text) > _IDENTITY:
            text = f"{text[: _IDENTITY - 66]} #{sha256(text.encode()).hexdigest()}"
        return text, whole


def own_columns_of(profile: Profile) -> dict[str, OwnColumn]:
    """Return the own columns in use, by name, where a profile fills any. One query then."""
    fills = any(field.name.startswith(OWN) for field in profile.fields)
    return {column.name: column for column in own.columns()} if fills else {}


def in_one_line(text: str) -> str:
    """Return `text` with a space for each run of line breaks and tabs and for what stands around it."""
    return " ".join(part for line in _BREAKS.split(text) if (part := line.strip()))


def problem(record: int, field: str, came: str, expected: str, weight: str) -> dict[str, Any]:
    """Return one thing that is wrong with a record: where, what came (its first 200 characters), what was expected."""
    return {
        "record": record,
        "field": field,
        "came": came if len(came) <= 200 else came[:199] + "…",
        "expected": str(expected),
        "weight": weight,
    }


def _a_word(words: Iterable[str]) -> str:
    """Return what is expected where only some words mean anything."""
    known = ", ".join(words)
    return _("one of %(words)s") % {"words": known} if known else _("a word its profile gives a meaning")


class _Statement:
    """What one record states. Cells that cannot be read are kept as they came, under their column's title."""

    def __init__(self, profile: Profile, number: int, cells: dict[str, str], mine: dict[str, OwnColumn]):
        self._profile, self._number, self._cells, self._mine = profile, number, cells, mine
        self.problems: list[dict[str, Any]] = []
        self._kept: dict[str, str] = {}

    def values(self) -> dict[str, Any]:
        """Return the statement as it is staged."""
        stage = self._stage()
        states = {
            state.name: value for state in self._profile.states if (value := self._state(state)) not in ("", None, [])
        }
        return {
            "stage": stage,
            "stage_said": self._cells.get(self._profile.stage_column, ""),
            "fields": {field.name: self._field(field) for field in self._profile.fields},
            "unit": self._unit(),
            "states": states,
            "reference": self._reference,
            "gaps": {gap.name: self._gap(gap) for gap in self._profile.gaps},
            "kept": self._kept,
        }

    def note(self, column: str, came: str, expected: str, *, weight: str = NOTED, keep: bool = True) -> None:
        """Write down that a cell was not what was expected, and keep it."""
        self.problems.append(problem(self._number, column, came, expected, weight))
        if keep and came:
            self._kept[column] = came

    @property
    def _reference(self) -> str:
        """Return what the register itself calls this record; without that, where it stands in the file."""
        own = self._cells.get(self._profile.reference, "")
        return own if own and same(own) not in self._profile.unknown else ""

    def _stage(self) -> str:
        """Return the stage stated: one of ours, SKIP for what is no initiative, "triage" where none is known."""
        profile = self._profile
        said = self._cells.get(profile.stage_column, "")
        stated = profile.stage_of(said) or (profile.stage_of_all if not said else "")
        if not stated:
            nowhere = _("a column that states the stage")
            expected = _a_word([*profile.stages, *profile.skip]) if profile.stage_column else nowhere
            self.note(profile.stage_column, said, expected, weight=TRIAGE)
        return stated or Stage.TRIAGE.value

    def _field(self, field: Field) -> str | int | None:
        """Return what a descriptive field says, in the shape it has here."""
        if field.name in CHOICES:
            return self._word(field)
        if field.name.startswith(OWN):
            return self._own_of(field)
        return self._number_of(field) if field.name in NUMBERS else self._text_of(field)

    def _word(self, field: Field) -> str:
        """Return our word for the first of a field's cells that says anything; empty where the profile knows none."""
        for column in field.columns:
            cell = self._cells[column]
            if cell and same(cell) not in self._profile.unknown:
                if same(cell) in field.words:
                    return field.words[same(cell)]
                self.note(column, cell, _a_word(field.words))
        return ""

    def _own_of(self, field: Field) -> str:
        """Return what the first of a field's cells that says anything says in an own column, as its text; empty where it says nothing."""
        for title in field.columns:
            cell = self._cells[title]
            if not cell or same(cell) in self._profile.unknown:
                continue
            column = self._mine.get(field.name)
            try:
                if column is not None:
                    return own.plain(own.read(column, field.words.get(same(cell)) or self._day(column, cell)))
                expected = _("an own column that is in use")
            except own.Unreadable as wrong:
                expected = wrong.expected
            self.note(title, cell, expected)
        return ""

    def _day(self, column: OwnColumn, cell: str) -> str:
        """Return a cell as it came; where days are wanted, as ISO when it is written in one of the profile's ways."""
        found = self._dated(cell) if column.kind == "date" else None
        return found[0].isoformat() if found else in_one_line(cell)

    def _dated(self, cell: str) -> tuple[date, str] | None:
        """Return the day a cell is and how exact it is, in the first of the profile's ways that reads it; None where none does."""
        for row in self._profile.dates:
            try:
                # A day without an hour or a zone: nothing here is an instant.
                return datetime.strptime(cell, row.layout).date(), row.precision  # noqa: DTZ007
            except ValueError:
                continue
        return None

    def _number_of(self, field: Field) -> int | None:
        """Return the whole number, from 1 to a million, in the first of a field's cells that says anything."""
        for column in field.columns:
            cell = self._cells[column]
            if cell and same(cell) not in self._profile.unknown:
                if cell.isascii() and cell.isdigit() and 1 <= int(cell[:9]) <= 1_000_000 and len(cell) < 9:
                    return int(cell)
                self.note(column, cell, _("a whole number from 1 on"))
        return None

    def _text_of(self, field: Field) -> str:
        """Return the text of a descriptive field: its columns' cells, each once, a paragraph each."""
        name, columns = field.name, field.columns
        most = _MOST[name]
        parts = dict.fromkeys(
            cell
            for column in columns
            if (cell := self._cells[column]) and (name == "name" or same(cell) not in self._profile.unknown)
        )
        text = "\n\n".join(parts)
        if most:
            text = in_one_line(text)
        if name == "name" and not text:
            reference = in_one_line(self._reference) or _("record %(n)d") % {"n": self._number}
            text = NAMELESS % {"reference": reference}
            self.note(columns[0], "", _("a name"), keep=False)
        if most and len(text) > most:
            self.note(columns[0], self._cells[columns[0]], _("%(most)d characters at most") % {"most": most})
            text = text[: most - 1] + "…"
        return text

    def _gap(self, gap: Gap) -> bool | None:
        """Return what a record answers to a question of the gap report; None where it does not say."""
        cell = same(self._cells[gap.column])
        said = bool(cell) and cell not in self._profile.unknown
        if not gap.words:
            return said and cell not in self._profile.no
        return cell in gap.words if said else None

    def _unit(self) -> list[str]:
        """Return the names of the units from the top down, a name that repeats the one above left out."""
        path: list[str] = []
        for column in self._profile.unit:
            name = self._profile.our_unit(in_one_line(self._cells[column]))
            if not name or same(name) in self._profile.unknown or (path and same(name) == same(path[-1])):
                continue
            if len(name) > _UNIT:
                self.note(column, self._cells[column], _("%(most)d characters at most") % {"most": _UNIT})
                continue
            path.append(name)
        return path

    def _state(self, state: State) -> Any:
        """Return what a cell states, in the shape of its kind; empty where it states nothing."""
        cell = self._cells[state.column]
        if not cell or (state.kind not in ("choice", "list") and same(cell) in self._profile.unknown):
            return ""
        return getattr(self, f"_{state.kind}")(state, cell)

    def _text(self, state: State, cell: str) -> str:
        return cell

    def _choice(self, state: State, cell: str) -> str:
        if cell in state.values:
            return cell
        if same(cell) not in self._profile.unknown:
            self.note(state.column, cell, _a_word(state.values))
        return ""

    def _yes_no(self, state: State, cell: str) -> str:
        word = same(cell)
        if word in self._profile.yes:
            return "yes"
        if word in self._profile.no:
            return "no"
        self.note(state.column, cell, _("yes or no"))
        return ""

    def _date(self, state: State, cell: str) -> dict[str, str] | str:
        if found := self._dated(cell):
            return {"on": found[0].isoformat(), "precision": found[1]}
        self.note(
            state.column,
            cell,
            _("a date such as %(examples)s")
            % {"examples": ", ".join(date(2025, 7, 31).strftime(row.layout) for row in self._profile.dates[:4])},
        )
        return ""

    def _list(self, state: State, cell: str) -> list[str]:
        if state.style != "bracketed":
            return [part.strip() for part in cell.split(state.style or ";") if part.strip()]
        try:
            found = ast.literal_eval(cell) if cell.startswith("[") and cell.endswith("]") else None
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self.note(state.column, cell, _("a list such as ['Sex', 'Age']"))
            return []
        return [item.strip() for item in found if item.strip()]


def in_chunks(items: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Yield `items` in lists of `size`, the last one shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def stage(batch: Batch, rows: Iterable[Staged], *, pause: float = PAUSE) -> Iterator[Staged]:
    """Save the rows of a batch, a chunk a transaction, and yield each once it is saved. A query or two per chunk."""
    for chunk in in_chunks(rows):
        for row in chunk:
            row.batch = batch
        with transaction.atomic():
            Staged.objects.bulk_create(chunk)
        # Half a pause: reading the next rows, outside the transaction, is the other half.
        time.sleep(pause / 2)
        yield from chunk


def sweep_out(batch_ids: Iterable[int], *, pause: float = PAUSE) -> None:
    """Delete the staged rows of these batches, a chunk a transaction."""
    batch_ids = list(batch_ids)
    while pks := list(Staged.objects.filter(batch_id__in=batch_ids).values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            Staged.objects.filter(pk__in=pks).delete()
        time.sleep(pause)
