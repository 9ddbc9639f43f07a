"""Own columns in the catalog: each is a column, an order and a filter of the list, called own_<key>.

However many there are, a list asks no more queries, and reads only what it is asked: what its rows say comes with
the rows, where the column is shown, and only the order and the filters in force read a value for every row. A filter tells apart what is filled and what is not;
that of a choice names each, and those of a number and a date take a range.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateField,
    DecimalField,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower
from django.utils import formats
from django.utils.translation import gettext as _

from governance.core.lists import Column, Facet, Option, Sort
from governance.core.words import plain
from governance.initiatives import own
from governance.initiatives.models import OwnColumn, OwnKind, OwnValue

#: How the page draws a value of each kind.
_DRAWN = {OwnKind.NUMBER: "amount", OwnKind.DATE: "when", OwnKind.LINK: "link"}
_WIDE = {OwnKind.TEXT: 36, OwnKind.LINK: 44, OwnKind.CHOICE: 24}


def _values(column: OwnColumn) -> QuerySet:
    """Return, for a subquery on initiatives, what each says in `column`: one row at most, found by its unique index."""
    return OwnValue.objects.filter(initiative=OuterRef("pk"), column=column.pk)


# --- Narrowing --------------------------------------------------------------------------------


def facets(columns: Iterable[OwnColumn]) -> list[Facet]:
    """Return a filter for each column: that of a choice always, any other where its column is shown. No query."""
    return [
        Facet(
            column.name,
            column.title,
            _options(column),
            partial(_asked, column),
            few=column.kind not in _BETWEEN,
            column="" if column.kind == OwnKind.CHOICE else column.name,
            between=_BETWEEN.get(OwnKind(column.kind), ""),
            reads=partial(_range, column) if column.kind in _BETWEEN else None,
        )
        for column in columns
    ]


#: Of what one can ask for a range, with the kind of its inputs.
_BETWEEN = {OwnKind.NUMBER: "number", OwnKind.DATE: "date"}
#: What the options of a filter ask about, by kind; of the rest only whether anything is said.
_ASKS = {OwnKind.CHOICE: "choice", OwnKind.NUMBER: "number", OwnKind.DATE: "day"}


def _asked(column: OwnColumn) -> Subquery | Exists:
    """Return what the options of a filter ask: which choice, which number or day, or whether anything is said."""
    values, asks = _values(column), _ASKS.get(OwnKind(column.kind))
    return Subquery(values.values(asks)[:1]) if asks else Exists(values)


def _range(column: OwnColumn, first: str, last: str) -> Option | None:
    """Return the option of a range of numbers or days, both ends in it; None where an end is none, or both are open."""
    try:
        low, high = (own.read(column, text) for text in (first, last))
    except own.Unreadable:
        return None
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        low, high = high, low
    asked, where = f"asked_{column.name}", Q()
    where &= Q() if low is None else Q(**{f"{asked}__gte": low})
    where &= Q() if high is None else Q(**{f"{asked}__lte": high})
    (low_text, low_words), (high_text, high_words) = _end(low), _end(high)
    if high is None:
        label = _("from %(low)s") % {"low": low_words}
    elif low is None:
        label = _("up to %(high)s") % {"high": high_words}
    else:
        label = _("%(low)s to %(high)s") % {"low": low_words, "high": high_words}
    return Option(f"{low_text}..{high_text}", label, where, listed=False)


def _end(value: Decimal | date | None) -> tuple[str, str]:
    """Return one end of a range as an address has it, and in words."""
    if value is None:
        return "", ""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f"), plain(value)
    return value.isoformat(), formats.date_format(value, "j M Y")


def _options(column: OwnColumn) -> tuple[Option, ...]:
    asked = f"asked_{column.name}"
    if column.kind != OwnKind.CHOICE:
        there = Q(**{f"{asked}__isnull": False}) if column.kind in _ASKS else Q(**{asked: True})
        return (Option("filled", _("Filled"), there), Option("none", _("Empty"), ~there))
    choices = [
        Option(
            choice.key,
            choice.title if choice.retired_at is None else _("%(choice)s (retired)") % {"choice": choice.title},
            Q(**{asked: choice.pk}),
        )
        for choice in sorted(column.all_choices, key=lambda choice: choice.retired_at is not None)
    ]
    return (*choices, Option("none", _("Empty"), Q(**{asked: None})))


# --- Ordering ---------------------------------------------------------------------------------


def sorts(columns: Iterable[OwnColumn]) -> list[Sort]:
    """Return an order for each column; whoever says nothing comes last, whichever way it goes. No query."""
    return [Sort(c.name, c.title, partial(_by, c), last=partial(_empty, c)) for c in columns]


def _by(column: OwnColumn) -> Any:
    """Return what a column is ordered by, never null: a number and a day as such, a choice by its place, text without case."""
    rows = _values(column)
    kind = OwnKind(column.kind)
    if kind == OwnKind.NUMBER:
        nothing = Value(Decimal(0), output_field=DecimalField(max_digits=15, decimal_places=4))
        return Coalesce(Subquery(rows.values("number")[:1]), nothing)
    if kind == OwnKind.DATE:
        return Coalesce(Subquery(rows.values("day")[:1]), Value(date.min, output_field=DateField()))
    if kind == OwnKind.CHOICE:
        place = Subquery(rows.values("choice__position")[:1], output_field=IntegerField())
        return Coalesce(place, Value(0, output_field=IntegerField()))
    return Lower(Coalesce(Subquery(rows.values("text")[:1]), Value("", output_field=CharField())))


def _empty(column: OwnColumn) -> Case:
    return Case(When(Exists(_values(column)), then=Value(0)), default=Value(1), output_field=IntegerField())


# --- Saying -----------------------------------------------------------------------------------


def as_columns(columns: Iterable[OwnColumn]) -> list[Column]:
    """Return what the list says in these columns, of rows that carry it. No query."""
    return [
        Column(
            column.name,
            column.title,
            _teller(column),
            kind=_DRAWN.get(OwnKind(column.kind), "text"),
            sort=column.name,
            adds=partial(_said, column),
            editable=True,
            width=_WIDE.get(OwnKind(column.kind), 16),
        )
        for column in columns
    ]


def _said(column: OwnColumn) -> Subquery:
    """Return what each row says in `column`; null for nothing."""
    field = {OwnKind.NUMBER: "number", OwnKind.DATE: "day", OwnKind.CHOICE: "choice__title"}
    return Subquery(_values(column).values(field.get(OwnKind(column.kind), "text"))[:1])


def _teller(column: OwnColumn) -> Callable[[Any], Any]:
    """Return what reads a column from a row: a number as files hold numbers, a day, the rest as text; None for nothing."""
    name = column.name

    def tell(row: Any) -> Any:
        value = getattr(row, name, None)
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        return value

    return tell
