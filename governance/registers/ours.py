"""Our own export coming in again: what somebody changed in a spreadsheet, cell by cell.

A cell is changed when its text is not the one the same export would hold now. Where something here was changed
after the file was made, the record says what the file held: what nobody touched in the file is left as it is
here, and what was touched on both sides is said and not applied. Every row is an ordinary amendment by whoever
brought the file, with their own permission; nothing else can come in this way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from governance import ledger
from governance.core import export
from governance.core.errors import Conflict, Refused
from governance.core.lists import Column
from governance.core.models import Installation
from governance.core.rules import Blocked
from governance.initiatives import actions, catalog, material, own, own_listed, roles, tags
from governance.initiatives.models import Capability, Exposure, Initiative, OwnChoice, OwnColumn
from governance.ledger import Verb, queries
from governance.people.models import Unit
from governance.raci.grants import May
from governance.registers import formats
from governance.registers.columns import called, kept, titled
from governance.registers.layout import laid_out
from governance.registers.models import Batch, Before, Staged
from governance.registers.profile import CSV, DESCRIPTIVE, JSON, NUMBERS, OWN, XLSX, Shape, Unreadable, same
from governance.registers.read import Record, Source
from governance.registers.stage import NOTED, REFUSED, TRIAGE, problem

#: What tells rows apart: the hidden column of a workbook, or the first one of a CSV.
KEY = "mandate_key"
#: The list that can come in again, as its file calls it.
LIST = "catalog"
#: Shown in the file, and changed on the initiative's own pages: a change there is said.
SHOWN = ("stage", "tier", "business_owner", "workflow_owner", "restricted")
#: Cells of a row that can be mended before it comes in: what a list may change, and whose it is.
MENDABLE = (*DESCRIPTIVE, "unit", KEY)
#: What records a change of a field together with what was there before.
CHANGING = (Verb.INITIATIVE_AMENDED, Verb.RECORD_UPDATED, Verb.RECORD_RESTATED)
#: Amendments in one transaction: a stop must never wait for an import.
CHUNK = 10
#: How the cells of each kind of file are written, and become text again.
_CELL: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    XLSX: (export.in_sheet, export.bare_in_sheet),
    CSV: (export.neutral, export.bare),
}
_CHOICES: dict[str, Any] = {"capability": Capability, "exposure": Exposure}


def _words(name: str) -> dict[str, str]:
    """Return the labels of a choice by their values, in the language that is on; nothing for any other field."""
    return {value: str(label) for value, label in _CHOICES[name].choices} if name in _CHOICES else {}


@dataclass
class Edit:
    """What one row of the file asks for. `values` are what to amend; `changes` are those in words, `problems` what cannot be."""

    row: Staged
    initiative: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    @property
    def how(self) -> str:
        """Return what becomes of the row."""
        if any(one["weight"] == REFUSED for one in self.problems):
            return "refused"
        return "updated" if self.values else "unchanged"


# --- The file ---------------------------------------------------------------------------------


def look_through(path: Path, encoding: str, at: datetime) -> tuple[Source, datetime | None]:
    """Return the file, ready to be read to its end, and when it was made where it says so.

    `places` of the Source are by the names of the catalog's columns, and KEY. Raises Unreadable: no file we read,
    no export of the catalog, or one of another company's. One query.
    """
    shape, digest = laid_out(path, Shape(encoding=encoding, header=1), (KEY,))
    titles = titled(next(formats.rows(path, shape), (1, []))[1])
    names, known = _described(path, shape)
    _must_be_ours(path, known)
    labels = {same(str(column.label)): column.name for column in columns_of(at)}
    names = {**labels, **names}
    places: dict[str, int] = {}
    for place, title in enumerate(titles):
        name = title if title in labels.values() or title == KEY else names.get(same(title), "")
        if name in places:
            raise Unreadable(
                _("%(file)s has the column “%(title)s” twice. Expected each once.")
                % {"file": path.name, "title": title}
            )
        if name:
            places[name] = place
    key = places.pop("key", None)
    places.setdefault(KEY, -1 if key is None else key)
    if places[KEY] < 0:
        raise Unreadable(
            _(
                "%(file)s is no export of the catalog: it has no column “Key”. Expected the file as it was downloaded, with its cells changed."
            )
            % {"file": path.name}
        )
    count = sum(1 for _row in formats.rows(path, shape)) - 1
    if count < 1:
        raise Unreadable(_("%(file)s holds a header and no records.") % {"file": path.name})
    made = parse_datetime(known.get("at", ""))
    return Source(path, shape, (), digest, titles, places, count), made if made and timezone.is_aware(made) else None


def _described(path: Path, shape: Shape) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a workbook's sheet `mandate`, or the head of a JSON file, says: column names by their titles, and what is known of it."""
    if shape.kind == XLSX and "mandate" in formats.sheets(path, hidden=True):
        names, known = {}, {}
        for _number, cells in formats.rows(path, replace(shape, sheet="mandate")):
            name, title, _editable, _nothing, word, value = (*cells, *[""] * 6)[:6]
            if name and name != "format":
                names[same(export.bare_in_sheet(title))] = name
            if word:
                known[word] = export.bare_in_sheet(value)
        return names, known
    return {}, formats.head(path, ("list", "company", "at")) if shape.kind == JSON else {}


def _must_be_ours(path: Path, known: dict[str, str]) -> None:
    """Raise Unreadable for another list, or another company's. One query where the file says whose it is."""
    if known.get("list", LIST) != LIST:
        raise Unreadable(
            _("%(file)s is the list “%(list)s”. Expected an export of the catalog: only initiatives come in again.")
            % {"file": path.name, "list": known["list"]}
        )
    company = Installation.objects.get().company
    if known.get("company", company) != company:
        raise Unreadable(
            _("%(file)s was made by “%(theirs)s” and this is “%(ours)s”: its keys mean something else here.")
            % {"file": path.name, "theirs": known["company"], "ours": company}
        )


def columns_of(at: datetime) -> list[Column]:
    """Return every column an export of the catalog may have. One query."""
    return [*catalog.columns(at), *own_listed.as_columns(own.columns())]


def columns_read(source: Source, at: datetime) -> list[Column]:
    """Return the columns of the catalog that the file has and that are compared. One query."""
    return [c for c in columns_of(at) if c.name in source.places and (c.editable or c.name in SHOWN)]


def unread(source: Source, at: datetime) -> list[dict[str, Any]]:
    """Return a problem for every column that is nothing of ours."""
    known, names = set(source.places.values()), called(source.titles)
    titles = {same(str(column.label)) for column in columns_of(at)}
    return [
        problem(1, names[place], title, _("a column of the catalog"), NOTED)
        for place, title in enumerate(source.titles)
        if title and place not in known and same(title) not in titles
    ]


class Reader:
    """Turns the records of one file into rows to stage. It counts keys, so one reader reads one file once."""

    def __init__(self, source: Source):
        self._source = source
        self._seen: Counter[str] = Counter()

    def rows(self) -> Iterator[Staged]:
        """Yield a row for every record, in the file's order, not saved and without a batch."""
        yield from self.read(self._source.records())

    def read(self, records: Iterable[Record]) -> Iterator[Staged]:
        """Yield a row for each of these records, as `rows`."""
        place = self._source.places[KEY]
        for record in records:
            cells = [kept(_unlabelled(cell, self._source.shape.kind)) for cell in record.cells]
            key = cells[place].strip().upper() if place < len(cells) else ""
            self._seen[key] += 1
            yield Staged(
                record=record.number,
                identity=key if len(key) <= 400 else f"#{sha256(key.encode()).hexdigest()}",
                occurrence=self._seen[key],
                raw_sha256=record.raw_sha256,
                cells=cells,
                values={},
            )


def _unlabelled(cell: str, kind: str) -> str:
    """Return the text a cell was made from, its line breaks LF."""
    text = _CELL[kind][1](cell) if kind in _CELL else cell
    return text.replace("\r\n", "\n").replace("\r", "\n")


# --- What becomes of each row -----------------------------------------------------------------


def weigh(batch: Batch, source: Source, rows: list[Staged], *, at: datetime) -> list[Edit]:
    """Return what each row asks for, for whoever brought the file, given what is here now. Writes nothing.

    Five queries; three more for each row that changes something, and two where any does.
    """
    compared = columns_read(source, at)
    numbers = {number for row in rows if (number := catalog.key_in(row.identity)) is not None}
    there = catalog.dressed(_seen_by(batch.person, at).filter(number__in=numbers))
    there = there.annotate(**{column.name: column.adds() for column in compared if column.adds is not None})
    here = {i.number: i for i in there}
    mine = {column.name: column for column in own.columns()}
    edits = [_edit(row, here.get(catalog.key_in(row.identity) or 0), source, compared, mine) for row in rows]
    asked = [edit for edit in edits if edit.values or edit.problems]
    _leave_what_changed_here(asked, _made_at(batch))
    for edit in asked:
        if edit.values and edit.how != "refused":
            _must_be_allowed(edit, batch.person, at)
    return edits


def _seen_by(person: Any, at: datetime) -> Any:
    """Return what `person` may see, with the parts a row needs. No query."""
    return Initiative.objects.visible_to(person, at).select_related("unit", "workflow_owner")


def _made_at(batch: Batch) -> datetime | None:
    made = batch.layout.get("made_at")
    return parse_datetime(made) if made else None


def _edit(row: Staged, initiative: Any, source: Source, compared: list[Column], mine: dict[str, OwnColumn]) -> Edit:
    """Return what one row asks for, compared cell by cell with what is here."""
    edit = Edit(row, initiative)
    if row.occurrence > 1 and row.identity:
        edit.problems.append(
            problem(row.record, _("Key"), row.identity, _("a key that no earlier row of this file has"), REFUSED)
        )
    elif initiative is None:
        expected = (
            _("the key of an initiative you can see")
            if row.identity
            else _("a key: what is new is registered as an idea, or comes with a list of its own")
        )
        edit.problems.append(problem(row.record, _("Key"), row.identity, expected, REFUSED))
    else:
        for column in compared:
            _compare(edit, column, source, mine)
    return edit


def _compare(edit: Edit, column: Column, source: Source, mine: dict[str, OwnColumn]) -> None:
    """Note what one cell asks for, where it is not what the same file would hold now."""
    place = source.places[column.name]
    came = (edit.row.cells[place] if place < len(edit.row.cells) else "").strip()
    here = text_here(column.value(edit.initiative), source.shape.kind)
    # What reads a workbook takes every "x005F_" out of texts that cells share; nobody types one.
    if came == here or came.replace("x005F_", "") == here.replace("x005F_", ""):
        return
    if not column.editable:
        expected = _("“%(here)s”, which is changed on its own page and by no list") % {"here": here or "–"}
        edit.problems.append(problem(edit.row.record, str(column.label), came, expected, NOTED))
        return
    try:
        value = own.read(mine[column.name], came) if column.name in mine else _value(column.name, came)
    except own.Unreadable as wrong:
        edit.problems.append(problem(edit.row.record, str(column.label), came, wrong.expected, REFUSED))
        return
    except ValueError as wrong:
        edit.problems.append(problem(edit.row.record, str(column.label), came, str(wrong), REFUSED))
        return
    if _as_kept(value) != _as_kept(getattr(edit.initiative, column.name)):
        edit.values[column.name] = value
        change = {"field": column.name, "label": str(column.label), "here": here, "says": came, "applied": True}
        edit.changes.append(change)


def text_here(value: Any, kind: str) -> str:
    """Return what a cell of this kind of file would say of a value, as a cell that came in is read."""
    if isinstance(value, bool):
        yes, no = ("true", "false") if kind == JSON else ("yes", "no")
        return yes if value else no
    text = "" if value is None else str(value)
    if kind in _CELL:
        write, read = _CELL[kind]
        text = read(write(text))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _value(name: str, text: str) -> Any:
    """Return what a field becomes. Raises ValueError saying what was expected. A query for a unit."""
    if export.LOST in text:
        raise ValueError(_("text that is whole: a spreadsheet could not keep this cell, change it on its page"))
    if name in _CHOICES:
        return _word(name, text)
    if name in NUMBERS:
        return _number(text)
    if name == "unit":
        return _unit(text)
    if name == "tags":
        return _tags(text)
    if name == "name" and not text:
        raise ValueError(_("a name"))
    most = Initiative._meta.get_field(name).max_length
    if most:
        text = " ".join(text.split("\n"))
        if len(text) > most:
            raise ValueError(_("%(most)d characters at most") % {"most": most})
    return text


def _word(name: str, text: str) -> str:
    """Return the stored value of a choice by its label. Raises ValueError."""
    found = {same(label): value for value, label in _words(name).items()}
    if text and same(text) not in found:
        raise ValueError(_("one of %(words)s, or nothing") % {"words": ", ".join(_words(name).values())})
    return found.get(same(text), "")


def _number(text: str) -> int | None:
    """Return a whole number from 1 to a million, None for nothing. Raises ValueError."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= 1_000_000):
        raise ValueError(_("a whole number from 1 on"))
    return int(text) if text else None


def _tags(text: str) -> str:
    """Return tags as they are kept. Raises ValueError saying which is none."""
    try:
        return tags.keep(tags.read(text))
    except ValidationError as wrong:
        raise ValueError(_("tags: %(why)s") % {"why": " ".join(wrong.messages)}) from wrong


def _unit(text: str) -> Unit | None:
    """Return the unit of that name. Raises ValueError where there is none, or more than one. One query."""
    if not text:
        return None
    found = list(Unit.objects.active().filter(name__iexact=text)[:2])
    if len(found) > 1:
        raise ValueError(_("the name of one unit; several are called so: choose it on the initiative's page"))
    if not found:
        raise ValueError(_("the name of a unit; the Portfolio office adds one"))
    return found[0]


def _leave_what_changed_here(edits: list[Edit], made_at: datetime | None) -> None:
    """Take out of `edits` what the file never changed, or what both sides did. One query where the file says when it was made."""
    ids = [edit.initiative.pk for edit in edits if edit.initiative is not None]
    if made_at is None or not ids:
        return
    held: dict[tuple[int, str], str | None] = {}
    for entry in queries.since(ids, CHANGING, made_at):
        before = (entry.text or {}).get("before", {})
        for name in entry.detail.get("fields", []):
            held.setdefault((entry.initiative_id or 0, name), before.get(name) if entry.text else None)
    for edit in edits:
        for change in list(edit.changes):
            at_first = (edit.initiative.pk, change["field"])
            if at_first in held:
                _settle(edit, change, held[at_first])


def _settle(edit: Edit, change: dict[str, Any], held: str | None) -> None:
    """Deal with one cell whose field was changed here after the file was made, when it held `held`; None where nobody knows any more."""
    name = change["field"]
    del edit.values[name]
    file_held = None if held is None else _words(name).get(str(held), str(held))
    if file_held is not None and file_held.replace("\r\n", "\n").strip() == change["says"]:
        edit.changes.remove(change)
        return
    change["applied"] = False
    expected = _("“%(here)s”, as somebody wrote after this file was made; export again to change that") % {
        "here": change["here"] or "–"
    }
    edit.problems.append(problem(edit.row.record, change["label"], change["says"], expected, TRIAGE))


def _asked_for(edit: Edit, names: Iterable[str]) -> list[str]:
    """Return what the fields that change are called."""
    wanted = set(names)
    return [change["label"] for change in edit.changes if change["field"] in wanted]


def _must_be_allowed(edit: Edit, person: Any, at: datetime) -> None:
    """Note why whoever brought the file may not make this change. Three queries, four where an open gate may lock it."""
    came = ", ".join(_asked_for(edit, edit.values))
    try:
        actions.require(person, edit.initiative, May.AMEND, at)
        if locked := sorted(set(edit.values) & set(material.LOCKED)):
            actions.refuse_while_gate_open(edit.initiative, _asked_for(edit, locked))
        if void := roles.void_by(edit.initiative, edit.values):
            words = _("This cancels the acceptance of %(names)s.") % {"names": ", ".join(void)}
            edit.problems.append(said(edit.row, came, words, NOTED))
    except (Refused, Blocked) as why:
        edit.problems.append(said(edit.row, came, str(why), REFUSED))


def said(row: Staged, came: str, words: str, weight: str) -> dict[str, Any]:
    """Return something to say of a row that is a sentence already."""
    return {**problem(row.record, "", came, "", weight), "because": words}


def foresee(batch: Batch, source: Source, rows: list[Staged], at: datetime) -> None:
    """Say of each row what would become of it now, and whether somebody has to look at it. Writes nothing."""
    for edit in weigh(batch, source, rows, at=at):
        row, initiative = edit.row, edit.initiative
        row.how, row.changes, row.problems = edit.how, edit.changes, edit.problems
        row.needs = any(one["weight"] in (REFUSED, TRIAGE) for one in edit.problems)
        if initiative is not None:
            row.values = {
                "fields": {"name": initiative.name},
                "unit": [initiative.unit_name] if initiative.unit_name else [],
                "stage": str(initiative.stage),
            }


# --- Writing it -------------------------------------------------------------------------------


def applied(batch: Batch, source: Source, *, by: Any, at: datetime) -> Iterator[list[Staged]]:
    """Amend what the rows ask for, some a transaction, and yield each lot. May be killed and run again.

    Each row is weighed again: what became different meanwhile is left, with its sentence.
    """
    while True:
        with ledger.act(by=by, at=at):
            rows = list(batch.rows.filter(applied=False).order_by("record")[:CHUNK])
            # Locked in the order of their keys, as everybody who locks several does.
            for edit in sorted(weigh(batch, source, rows, at=at), key=lambda e: e.initiative.pk if e.initiative else 0):
                _amend(edit, batch, by=by, at=at)
            if rows:
                Staged.objects.bulk_update(rows, ["how", "problems", "changes", "needs", "applied"])
        if not rows:
            return
        yield rows


def _amend(edit: Edit, batch: Batch, *, by: Any, at: datetime) -> None:
    """Amend one initiative as its row asks, and keep what was there before."""
    row, initiative = edit.row, edit.initiative
    row.how, row.changes, row.problems, row.applied = edit.how, edit.changes, edit.problems, True
    if row.how == "updated":
        before = {name: _as_kept(getattr(initiative, name)) for name in edit.values}
        values, mine = _apart(edit.values)
        try:
            seen = initiative.version
            actions.amend(initiative, values, own=mine, by=by, at=at, seen_version=seen, batch=batch.pk)
            Before.objects.create(batch=batch, initiative_id=initiative.pk, fields=before, origin={})
        except (Refused, Conflict, Blocked) as why:
            row.how = "refused"
            came = ", ".join(_asked_for(edit, edit.values))
            row.problems = [*row.problems, said(row, came, str(why), REFUSED)]
    row.needs = any(one["weight"] in (REFUSED, TRIAGE) for one in row.problems)


def _apart(values: dict[str, Any]) -> tuple[dict[str, Any], dict[OwnColumn, Any]]:
    """Return what is amended in fields, and what in own columns. A query where there are any of these."""
    mine = {name: value for name, value in values.items() if name.startswith(OWN)}
    columns = {column.name: column for column in own.columns(retired=True)} if mine else {}
    fields = {name: value for name, value in values.items() if name not in mine}
    return fields, {columns[name]: value for name, value in mine.items() if name in columns}


def _as_kept(value: Any) -> Any:
    """Return a value as it is compared, and kept to go back to: a unit by its number, what an own column says as text."""
    if isinstance(value, Unit):
        return value.pk
    return own.plain(value) or None if isinstance(value, (Decimal, date, OwnChoice)) else value


def take_back(before: Before, batch: Batch, *, at: datetime) -> bool:
    """Amend an initiative back to what it said before the file came; returns whether that was possible."""
    initiative = before.initiative
    values = dict(before.fields)
    if values.get("unit") is not None:
        values["unit"] = Unit.objects.get(pk=values["unit"])
    values, mine = _apart(values)
    mine = {column: own.read(column, text or "") for column, text in mine.items()}
    seen = initiative.version
    try:
        actions.amend(initiative, values, own=mine, by=batch.person, at=at, seen_version=seen, batch=batch.pk)
    except (Refused, Conflict, Blocked):
        return False
    return True
