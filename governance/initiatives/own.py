"""Own columns: what only this organisation wants said of its initiatives, and what each of them says there.

A value is a row of its own, in the field of its kind (text, number, day or choice): so both databases compare,
order and index it as what it is, and refuse what is not. A JSON field would do none of that, and a field for
each column would need a migration, which the Portfolio office cannot run. Nothing said is no row: emptying a
value takes its row away, and the record keeps what it was. What a retired column or choice says stays where it
stands, and is no longer offered. (Keeping the columns: own_keeping.py. In the catalog: own_listed.py.)
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F
from django.utils.translation import gettext as _

from governance.core.forms import came
from governance.core.prepared import Prepared
from governance.core.rules import Blocked, Blocker
from governance.initiatives.models import OwnChoice, OwnColumn, OwnKind, OwnValue

#: So many characters hold a text and a link.
LONGEST = {OwnKind.TEXT: 300, OwnKind.LINK: 500}
#: Digits of a number before the point and after it: fifteen in all, which both databases keep exactly.
WHOLE, PLACES = 11, 4

_NUMBER = re.compile(rf"[+-]?[0-9]{{1,{WHOLE}}}(\.[0-9]{{1,{PLACES}}})?", re.ASCII)
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00)?)?", re.ASCII)
#: A host and whatever follows. No name and password before the host, and nothing that browsers read as another host.
_LINK = re.compile(r"https?://[^\s\\@/?#<>\"]+([/?#][^\s\\<>\"]*)?", re.IGNORECASE)


class Unreadable(ValueError):
    """What came is no value of its column. `expected` says what would be, `message` all of it in a sentence."""

    def __init__(self, column: OwnColumn, text: str, expected: str):
        self.expected = expected
        said = {"column": column.title, "came": came(text), "expected": expected}
        self.message = _("%(column)s is “%(came)s”. Enter %(expected)s.") % said
        super().__init__(self.message)


# --- The columns ------------------------------------------------------------------------------


def same(title: str) -> str:
    """Return a title as titles are compared: single-spaced, without case."""
    return " ".join(title.split()).casefold()


def columns(*, retired: bool = False) -> list[OwnColumn]:
    """Return the own columns in use, in their order, each with its choices at hand; with `retired` those come last. One query."""
    found: dict[int, OwnColumn] = {}
    for row in _COLUMNS.ask():
        pk, values, choice = row[0], row[1 : len(_MINE) + 1], row[len(_MINE) + 1 :]
        if pk not in found:
            found[pk] = OwnColumn.from_db(DEFAULT_DB_ALIAS, _MINE, values)
            found[pk].__dict__["_choices"] = []
        if choice[0] is not None:
            found[pk].all_choices.append(OwnChoice.from_db(DEFAULT_DB_ALIAS, _THEIRS, choice))
    return [column for column in found.values() if retired or not column.is_retired]


_MINE, _THEIRS = ([field.attname for field in model._meta.concrete_fields] for model in (OwnColumn, OwnChoice))
_COLUMNS: Prepared[tuple] = Prepared(
    lambda: OwnColumn.objects.order_by(
        F("retired_at").asc(nulls_first=True), "position", "pk", "choices__position", "choices"
    ).values_list("pk", *_MINE, *(f"choices__{name}" for name in _THEIRS))
)


def offered(column: OwnColumn, standing: Any = None) -> list[OwnChoice]:
    """Return the choices somebody may choose, in their order, and the retired one that stands there. Queries as all_choices."""
    return [choice for choice in column.all_choices if choice.retired_at is None or choice == standing]


# --- Reading what came ------------------------------------------------------------------------


def read(column: OwnColumn, text: str) -> Any:
    """Return what `text` says in `column`: a text, a Decimal, a date or an OwnChoice; None for nothing.

    Raises Unreadable rather than guess. A number is digits with a point at most, a date is ISO (with midnight, as
    spreadsheets write it), a choice one of the titles, whatever its case; a retired one is read too, because a file may
    bring back what stands there (`put` refuses it anywhere else). No query for one of `columns`.
    """
    text = text.strip()
    if not text:
        return None
    return _READERS[OwnKind(column.kind)](column, text)


def _text(column: OwnColumn, text: str) -> str:
    most = LONGEST[OwnKind.TEXT]
    if len(text) > most or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise Unreadable(column, text, _("one line of at most %(most)d characters") % {"most": most})
    return text


def _number(column: OwnColumn, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        expected = _(
            "a number of at most %(whole)d digits, with a point before at most %(places)d more and nothing between the thousands, for example 1204.50"
        )
        raise Unreadable(column, text, expected % {"whole": WHOLE, "places": PLACES})
    return Decimal(text).quantize(Decimal(1).scaleb(-PLACES)) + 0  # minus nothing is nothing


def _day(column: OwnColumn, text: str) -> date:
    found = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise Unreadable(column, text, _("a date, for example 2026-11-20")) from None


def _choice(column: OwnColumn, text: str) -> OwnChoice:
    for choice in column.all_choices:
        if choice.folded == same(text):
            return choice
    titles = ", ".join(choice.title for choice in offered(column)) or "–"
    raise Unreadable(column, text, _("one of the choices: %(choices)s") % {"choices": titles})


def _link(column: OwnColumn, text: str) -> str:
    most = LONGEST[OwnKind.LINK]
    odd = any(unicodedata.category(c)[0] == "C" for c in text)
    if odd or len(text) > most or not _LINK.fullmatch(text) or not host(text):
        expected = _(
            "an address that starts with https:// or http://, of at most %(most)d characters, without spaces and without a name or password"
        )
        raise Unreadable(column, text, expected % {"most": most})
    return text


_READERS = {
    OwnKind.TEXT: _text,
    OwnKind.NUMBER: _number,
    OwnKind.DATE: _day,
    OwnKind.CHOICE: _choice,
    OwnKind.LINK: _link,
}


def host(link: str) -> str:
    """Return whose address a link is: "wiki.example.org", with its port where one is named; "" where it is none."""
    try:
        parts = urlsplit(link)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return ""
    return f"{parts.hostname}{port}" if parts.hostname else ""


# --- What initiatives say ---------------------------------------------------------------------


def plain(value: Any) -> str:
    """Return a value as text that `read` reads again: a number without trailing zeros, an ISO date, the title of a choice."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize(), "f")
    if isinstance(value, OwnChoice):
        return value.title
    return value.isoformat() if isinstance(value, date) else str(value)


def current(initiatives: Iterable[Any]) -> dict[int, dict[str, Any]]:
    """Return what these initiatives (or their ids) say, by id and by the column's key; retired columns too. One query.

    An initiative that says nothing is in it with nothing.
    """
    found: dict[int, dict[str, Any]] = {getattr(one, "pk", one): {} for one in initiatives}
    rows = OwnValue.objects.filter(initiative__in=list(found)).select_related("column", "choice")
    for row in rows.order_by("column__position", "column"):
        found[row.initiative_id][row.column.key] = row.value
    return found


def standing(initiative) -> dict[OwnColumn, Any]:
    """Return what an initiative says in each column in use, in their order; None for nothing. Two queries at most."""
    there = columns()
    said = current([initiative])[initiative.pk] if there else {}
    return {column: said.get(column.key) for column in there}


@dataclass(frozen=True, slots=True)
class Statement:
    """What an initiative says in one own column, as its page shows it."""

    column: OwnColumn
    value: Any

    @property
    def shown(self) -> str:
        """Return a text, a link or a choice as text."""
        return plain(self.value)


def said_of(initiative) -> list[Statement]:
    """Return what an initiative says, in the order of the columns, those that are retired last. One query."""
    rows = initiative.statements.select_related("column", "choice").order_by("column__position", "column")
    return sorted((Statement(row.column, row.value) for row in rows), key=lambda said: said.column.is_retired)


@dataclass(frozen=True, slots=True)
class Changed:
    """What `put` changed: for each own_<key> what was there and what is, as text, and the column's title."""

    before: dict[str, str]
    after: dict[str, str]
    titles: dict[str, str]

    def on_record(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text of an entry that tells this beside other fields; titles are kept with it as they are now."""
        text: dict[str, Any] = {"before": {**before, **self.before}, "after": {**after, **self.after}}
        return {**text, "titles": self.titles} if self.titles else text


def put(initiative, values: Mapping[OwnColumn, Any]) -> Changed:
    """Write what a locked initiative says, inside the caller's act, and return what changed.

    `values` holds what `read` returned; None takes a value away, a column that is not in it stays as it is. The
    caller says it on the record and renews the index of search. Raises Blocked, before anything is written,
    for a column or a choice that is retired, unless it says so already, and for a value of another kind.
    Three queries at most, none without `values`.
    """
    rows = initiative.statements.filter(column__in=list(values)).select_related("choice") if values else ()
    there = {row.column_id: row for row in rows}
    before = {column: there[column.pk].value if column.pk in there else None for column in values}
    changed = {column: value for column, value in values.items() if value != before[column]}
    if reasons := [reason for column, value in changed.items() if (reason := _refusal(column, value))]:
        raise Blocked(reasons)
    if gone := [there[column.pk].pk for column, value in changed.items() if value is None]:
        OwnValue.objects.filter(pk__in=gone).delete()
    if made := [_row(initiative, column, value) for column, value in changed.items() if value is not None]:
        OwnValue.objects.bulk_create(
            made,
            update_conflicts=True,
            unique_fields=["initiative", "column"],
            update_fields=["text", "number", "day", "choice"],
        )
    return Changed(
        {column.name: plain(before[column]) for column in changed},
        {column.name: plain(value) for column, value in changed.items()},
        {column.name: column.title for column in changed},
    )


def write(said: Iterable[tuple[Any, OwnColumn, str]]) -> None:
    """Write what initiatives that came from a register say: whose, in which column, as `plain` text; "" takes it away.

    Inside the caller's act, which says it on the record and renews the index of search. One query, and one for each taken away.
    """
    values = [(initiative, column, read(column, text)) for initiative, column, text in said]
    for initiative, column, value in values:
        if value is None:
            OwnValue.objects.filter(initiative=initiative, column=column).delete()
    OwnValue.objects.bulk_create(
        [_row(initiative, column, value) for initiative, column, value in values if value is not None],
        update_conflicts=True,
        unique_fields=["initiative", "column"],
        update_fields=["text", "number", "day", "choice"],
    )


def _refusal(column: OwnColumn, value: Any) -> Blocker | None:
    """Return why this cannot be said in this column, or None."""
    if column.is_retired:
        words = _("%(column)s is retired. What it says stays as it is, until the Portfolio office brings it back.")
        return Blocker("own.retired", words % {"column": column.title})
    if isinstance(value, OwnChoice) and value.retired_at is not None:
        words = _("%(choice)s is retired in %(column)s. Choose another one.")
        return Blocker("own.choice", words % {"choice": value.title, "column": column.title})
    if value is None or _fits(column, value):
        return None
    expected = _("%(column)s holds a value of another kind: %(kind)s.")
    return Blocker("own.kind", expected % {"column": column.title, "kind": column.get_kind_display()})


def _fits(column: OwnColumn, value: Any) -> bool:
    if column.kind == OwnKind.CHOICE:
        return isinstance(value, OwnChoice) and value.column_id == column.pk
    wanted = {OwnKind.NUMBER: Decimal, OwnKind.DATE: date}.get(OwnKind(column.kind), str)
    return isinstance(value, wanted) and value != ""


def _row(initiative, column: OwnColumn, value: Any) -> OwnValue:
    field = {"number": "number", "date": "day", "choice": "choice"}.get(column.kind, "text")
    return OwnValue(initiative=initiative, column=column, kind=column.kind, **{field: value})
