"""Every list of Mandate: search, facets with counts, order, columns, pages. (The same list as a file: export.py.)

A room declares a `Listing`: which rows somebody may see, what may be filtered, sorted and shown. `show` reads
the address and returns everything the templates need. What the declaration does not name does not
exist: unknown parameters, fields and lookups are ignored, values are capped, and nothing that came with
a request is ever used as the name of a field.

Costs two queries up to 10,000 visible rows (all counts in one, the rows in one) and three above, where
counts are shown on demand; one more on pages that are found by key, beyond page 20.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.http import QueryDict
from django.utils import formats
from django.utils.text import Truncator
from django.utils.translation import gettext as _

#: Rows on a page.
PER_PAGE = 40
#: Pages that have a number; further on a page is found by the key of its neighbour (OFFSET reads what it skips).
NUMBERED = 20
#: Totals are exact up to here, and facets are counted without being asked.
EXACT = 10_000
#: What one request may ask for, whatever it sends.
MOST_VALUES, LONGEST = 50, 200

#: Names in the address that belong to the engine; no facet may take one.
RESERVED = frozenset({"q", "sort", "columns", "view", "page", "after", "before", "last", "counts"})


# --- Declaring a list -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a facet. `where` names fields and annotations of the rows, never a joined table.

    One that is not `listed` is known to the address and shown only when it is chosen.
    """

    value: str
    label: Any
    where: Q
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing a list can be narrowed by; several of its options together mean any of them."""

    name: str
    label: Any
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """One order. `by` is an expression that is never null; `descending` is the direction people mean first."""

    name: str
    label: Any
    by: Any
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One thing a list can say of a row, on its page and in its files.

    `name` stands in addresses and files and never changes; `label` is the title people read, `short` what
    the page puts above it, where that is less. `value` says it of a dressed row, and `kind` how the page's
    template draws that. `sort` is the order its title asks for. `reads` is a field that stays in the
    database unless the column is shown. `editable` says whether a list coming in may change it; `width`
    is what a spreadsheet gives it, in characters.
    """

    name: str
    label: Any
    value: Callable[[Any], Any]
    kind: str = "text"
    short: Any = ""
    sort: str = ""
    reads: str = ""
    editable: bool = False
    width: int = 16


@dataclass(frozen=True)
class Listing:
    """What a list shows and how it may be asked.

    `rows` holds what this person may see, and nothing else can be reached through it. `dress` adds what
    a shown row needs (joins, annotations); it never runs for counting. `bring` gets some hundred rows at most
    and brings what they need by a query of its own. `key` is a unique field: it
    breaks ties, and stands in the address of pages found by key. `size` is the number of rows when the
    caller knows it already. The first of `columns` tells rows apart in a file; `usual` are those the page
    shows when nobody chose, and `heading` is the one it never goes without.
    `everything` is the address that asks for nothing, where `path` alone opens with something else.
    """

    path: str
    rows: QuerySet
    facets: Sequence[Facet] = ()
    sorts: Sequence[Sort] = ()
    sort: str = ""
    search: Callable[[QuerySet, str], QuerySet] | None = None
    key: str = "pk"
    dress: Callable[[QuerySet], QuerySet] = lambda rows: rows
    bring: Callable[[list[Any]], None] = lambda rows: None
    per_page: int = PER_PAGE
    size: int | None = None
    columns: Sequence[Column] = ()
    usual: Sequence[str] = ()
    heading: str = ""
    everything: str = ""

    def __post_init__(self):
        if clash := RESERVED & {facet.name for facet in self.facets}:
            raise ValueError(f"A facet cannot be called {', '.join(sorted(clash))}: that is a word of the list itself.")

    def sort_called(self, name: str) -> Sort | None:
        """Return the order of that name, with or without its minus."""
        return next((sort for sort in self.sorts if sort.name == name.lstrip("-")), None)

    def columns_called(self, names: Iterable[str]) -> list[Column]:
        """Return the columns of these names, in their order."""
        known = {column.name: column for column in self.columns}
        return [known[name] for name in names if name in known]


# --- Reading the address ----------------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """What an address asks of a list, reduced to what the list knows."""

    q: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    page: int = 1
    after: int | None = None
    before: int | None = None
    last: bool = False
    counts: bool = False

    @property
    def narrows(self) -> bool:
        """Whether anything is searched for or filtered."""
        return bool(self.q or self.values)


def _whole(text: str, most: int) -> int | None:
    """Return a whole number of at most `most` that stands in an address, or None."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text or "") and 1 <= int(text) <= most else None


def choose(listing: Listing, data: QueryDict) -> Chosen:
    """Return what `data` asks, reduced to what `listing` knows. Never fails, whatever was sent; no query.

    Several values of a facet, and several columns, stand in one parameter with commas, or in several of that name.
    """
    values = {}
    for facet in listing.facets:
        if kept := _sent(data, facet.name, {option.value for option in facet.options}):
            values[facet.name] = kept
    sort = data.get("sort", "")[:LONGEST]
    if listing.sort_called(sort) is None or sort.startswith("--") or sort == listing.sort:
        sort = ""
    after, before = _whole(data.get("after", ""), 2**62), _whole(data.get("before", ""), 2**62)
    return Chosen(
        q=_one_line(data.get("q", "")),
        values=values,
        sort=sort,
        columns=_sent(data, "columns", {column.name for column in listing.columns}),
        page=_whole(data.get("page", ""), 10**12) or 1,
        after=after,
        before=None if after else before,
        last=not (after or before) and data.get("last") == "1",
        counts=data.get("counts") == "1",
    )


def _sent(data: QueryDict, name: str, known: set[str]) -> tuple[str, ...]:
    """Return the values of one parameter that are known, each once, in the order they came; at most MOST_VALUES."""
    parameters = data.getlist(name)[:MOST_VALUES]
    sent = [part for text in parameters for part in text[: LONGEST * 10].split(",")[:MOST_VALUES]]
    return tuple(value for value in dict.fromkeys(sent) if value in known)[:MOST_VALUES]


def _one_line(text: str) -> str:
    """Return what somebody searched for as one line without control characters, cut at LONGEST."""
    printed = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[: LONGEST * 10])
    return " ".join(printed.split())[:LONGEST]


def address(listing: Listing, chosen: Chosen, **changes: Any) -> str:
    """Return the address of the list as `chosen` with `changes`; it starts at the first page unless they name another."""
    query = _asked(listing, replace(chosen, **{"page": 1, "after": None, "before": None, "last": False, **changes}))
    return f"{listing.path}{query}" if query else listing.everything or listing.path


def question(listing: Listing, chosen: Chosen) -> str:
    """Return what stands after the path of the list for `chosen`, whatever the page: "?tier=4" or ""."""
    return _asked(listing, replace(chosen, counts=False, page=1, after=None, before=None, last=False))


def _asked(listing: Listing, chosen: Chosen) -> str:
    said: list[tuple[str, Any]] = [
        ("q", chosen.q),
        *((facet.name, ",".join(chosen.values.get(facet.name, ()))) for facet in listing.facets),
        ("sort", chosen.sort),
        ("columns", ",".join(chosen.columns)),
        ("counts", "1" if chosen.counts else ""),
        ("after", chosen.after),
        ("before", chosen.before),
        ("last", "1" if chosen.last else ""),
        ("page", chosen.page if chosen.page > 1 else ""),
    ]
    query = urlencode([(name, value) for name, value in said if value], safe=",")
    return f"?{query}" if query else ""


def _with(chosen: Chosen, name: str, values: Iterable[str]) -> dict[str, Any]:
    """Return the change that gives facet `name` these values."""
    rest = {key: kept for key, kept in chosen.values.items() if key != name}
    kept = tuple(values)
    return {"values": {**rest, name: kept} if kept else rest}


def _offered(facet: Facet, chosen: Chosen) -> list[Option]:
    """Return the options to show: the listed ones, and what is chosen."""
    return [option for option in facet.options if option.listed or option.value in chosen.values.get(facet.name, ())]


# --- Asking the database ----------------------------------------------------------------------


def _where(facet: Facet, values: Sequence[str]) -> Q:
    return reduce(or_, (option.where for option in facet.options if option.value in values))


def searched(listing: Listing, chosen: Chosen) -> QuerySet:
    """Return the visible rows that hold the words searched for. No query."""
    return listing.search(listing.rows, chosen.q) if chosen.q and listing.search else listing.rows


def narrowed(listing: Listing, chosen: Chosen) -> QuerySet:
    """Return the rows that the search and every filter let through, in no order. No query."""
    rows = searched(listing, chosen)
    for facet in listing.facets:
        if facet.name in chosen.values:
            rows = rows.filter(_where(facet, chosen.values[facet.name]))
    return rows


def _ordering(listing: Listing, chosen: Chosen) -> tuple[Sort | None, bool]:
    """Return the order in force and whether it descends."""
    name = chosen.sort or listing.sort
    sort = listing.sort_called(name)
    return sort, name.startswith("-")


def ordered(listing: Listing, chosen: Chosen, rows: QuerySet, *, backwards: bool = False) -> QuerySet:
    """Return `rows` in the order asked for, the key breaking ties, or the whole of it backwards. No query."""
    sort, descending = _ordering(listing, chosen)
    down = descending != backwards
    expressions = [F(listing.key).desc() if down else F(listing.key).asc()]
    if sort is not None:
        by = F(sort.by if isinstance(sort.by, str) else "ordered_by")
        if not isinstance(sort.by, str):
            # Resolved here, where the table still bears its own name: a subquery first read inside another one would
            # keep the name it had there, and be of no use to the next request.
            rows = rows.alias(ordered_by=sort.by)
        expressions.insert(0, by.desc() if down else by.asc())
    return rows.order_by(*expressions)


def _beyond(listing: Listing, chosen: Chosen, rows: QuerySet, key: int, *, backwards: bool) -> QuerySet | None:
    """Return the rows that come after the row called `key` (before it, backwards); None when nobody may see that row. One query."""
    sort, descending = _ordering(listing, chosen)
    way = "lt" if descending != backwards else "gt"
    if sort is None:
        return rows.filter(**{f"{listing.key}__{way}": key})
    by = F(sort.by) if isinstance(sort.by, str) else sort.by
    there = listing.rows.filter(**{listing.key: key}).values_list(by).first()
    if there is None:
        return None
    rows = rows.alias(sorted_by=by)
    return rows.filter(Q(**{f"sorted_by__{way}": there[0]}) | Q(sorted_by=there[0], **{f"{listing.key}__{way}": key}))


def _tally(listing: Listing, chosen: Chosen) -> tuple[int, dict[tuple[str, str], int]]:
    """Return how many rows the list has, and how many each option would show with the other facets as they are. One query.

    Each row carries one number that says which of the chosen facets it fails (a bit each): an option
    counts the rows that fail none but its own facet.
    """
    rows, bits = searched(listing, chosen), {}
    fails: Any = Value(0)
    for place, facet in enumerate(listing.facets):
        if facet.name in chosen.values:
            bits[facet.name] = 2**place
            holds = When(_where(facet, chosen.values[facet.name]), then=Value(0))
            fails = fails + Case(holds, default=Value(2**place), output_field=IntegerField())
    wanted: dict[str, Any] = {"total": Count("pk", filter=Q(fails=0))}
    names: dict[str, tuple[str, str]] = {}
    for place, facet in enumerate(listing.facets):
        if facet.name in bits:
            others = Q(fails__in=[0, bits[facet.name]])
        else:
            others = Q(fails=0) if bits else Q()
        for number, option in enumerate(_offered(facet, chosen)):
            names[f"n{place}_{number}"] = (facet.name, option.value)
            wanted[f"n{place}_{number}"] = Count("pk", filter=option.where & others)
    # The slice makes it one inner query, whose columns are then counted by name: the statement stays short.
    found = rows.annotate(fails=fails).order_by()[: 2**40].aggregate(**wanted)
    return found.pop("total"), {names[name]: count for name, count in found.items()}


# --- Showing it -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A list as its page reads it; the names are those of templates/core/_facets.html, _sort.html and _pager.html."""

    listing: Listing
    chosen: Chosen
    rows: list[Any]
    total: int
    capped: bool
    facets: list[dict[str, Any]]
    applied: list[dict[str, Any]]
    columns: dict[str, dict[str, Any]]
    shows: list[Column]
    pager: dict[str, Any]
    clear_url: str
    counts_url: str

    @property
    def total_words(self) -> str:
        """Return how many rows there are: "3,611", or "10,000+" where nobody counts on."""
        return in_digits(EXACT) + "+" if self.capped else in_digits(self.total)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return what a search form has to send along so that filters and order stay: (name, value)."""
        return self.kept_by_columns + ([("columns", ",".join(self.chosen.columns))] if self.chosen.columns else [])

    @property
    def kept_by_columns(self) -> list[tuple[str, str]]:
        """Return what the form that chooses columns has to send along besides the words searched for: (name, value)."""
        said = [(name, ",".join(values)) for name, values in self.chosen.values.items()]
        return said + ([("sort", self.chosen.sort)] if self.chosen.sort else [])

    @property
    def headings(self) -> list[dict[str, Any]]:
        """Return the titles above the columns shown, as `core/_sort.html` reads them."""
        return [_heading(self.listing, self.chosen, column) for column in self.shows]

    @property
    def offered(self) -> list[tuple[Column, bool]]:
        """Return every column and whether it is shown: those that are in their order, then the rest."""
        rest = [column for column in self.listing.columns if column not in self.shows]
        return [*((column, True) for column in self.shows), *((column, False) for column in rest)]

    @property
    def usual_url(self) -> str:
        """Return the address of this list with the columns it has when nobody chose, or "" when those are shown."""
        return address(self.listing, self.chosen, columns=()) if self.chosen.columns else ""

    @property
    def query(self) -> str:
        """Return the question of this list without its page, for links to the same list in another form: "?tier=4" or ""."""
        return question(self.listing, self.chosen)

    @property
    def everything_url(self) -> str:
        """Return the address of the whole list, as it is when nothing is asked."""
        return address(self.listing, Chosen())

    def only(self, **values: str) -> str:
        """Return the address of the list with these facet values, its columns, and nothing else: only(owner="none")."""
        only = {name: (value,) for name, value in values.items()}
        return address(self.listing, Chosen(values=only, columns=self.chosen.columns))


def show(listing: Listing, data: QueryDict) -> Shown:
    """Return the page of `listing` that `data` asks for. Queries as the module says, whatever its size."""
    chosen = choose(listing, data)
    size = listing.size if listing.size is not None else listing.rows.order_by().values("pk")[: EXACT + 1].count()
    counts: dict[tuple[str, str], int] | None = None
    if size <= EXACT or chosen.counts:
        total, counts = _tally(listing, chosen)
        capped = total > EXACT
    else:
        total = narrowed(listing, chosen).order_by().values("pk")[: EXACT + 1].count() if chosen.narrows else size
        capped = total > EXACT
    rows, chosen, more = _page(listing, chosen, total)
    listing.bring(rows)
    return Shown(
        listing=listing,
        chosen=chosen,
        rows=rows,
        total=total,
        capped=capped,
        facets=[shown for facet in listing.facets if (shown := _facet(listing, chosen, facet, counts))],
        applied=applied(listing, chosen),
        columns={sort.name: _column(listing, chosen, sort) for sort in listing.sorts},
        shows=on_page(listing, chosen),
        pager=_pager(listing, chosen, rows, total, capped, more),
        clear_url=address(listing, Chosen(sort=chosen.sort, columns=chosen.columns)) if chosen.narrows else "",
        counts_url=address(listing, chosen, counts=True) if counts is None else "",
    )


def _page(listing: Listing, chosen: Chosen, total: int) -> tuple[list[Any], Chosen, tuple[bool, bool]]:
    """Return the rows of one page, what was really asked, and whether there are rows before and after it."""
    if not total:
        return [], replace(chosen, page=1, after=None, before=None, last=False), (False, False)
    rows, per = narrowed(listing, chosen), listing.per_page
    key = chosen.after or chosen.before
    if key is not None:
        beyond = _beyond(listing, chosen, rows, key, backwards=chosen.before is not None)
        if beyond is None:
            chosen = replace(chosen, after=None, before=None)
        else:
            return _by_key(listing, chosen, beyond)
    if chosen.last:
        return _by_key(listing, chosen, rows)
    pages = max(-(-min(total, EXACT + 1) // per), 1)
    chosen = replace(chosen, page=min(chosen.page, pages, NUMBERED))
    start = (chosen.page - 1) * per
    keys = ordered(listing, chosen, rows).values("pk")[start : start + per]
    return _dressed(listing, chosen, keys), chosen, (chosen.page > 1, chosen.page < pages)


def _by_key(listing: Listing, chosen: Chosen, rows: QuerySet) -> tuple[list[Any], Chosen, tuple[bool, bool]]:
    """Return a page found by key: the rows next to it, or the last ones."""
    backwards = chosen.before is not None or chosen.last
    per = listing.per_page
    found = _dressed(listing, chosen, ordered(listing, chosen, rows, backwards=backwards).values("pk")[: per + 1])
    more = len(found) > per
    if backwards:
        return found[-per:], chosen, (more, not chosen.last)
    return found[:per], chosen, (True, more)


def _dressed(listing: Listing, chosen: Chosen, keys: QuerySet) -> list[Any]:
    """Return the rows of `keys`, dressed and in order. One query: the keys are chosen inside, so that only the rows shown are dressed."""
    rows = listing.rows.model._default_manager.filter(pk__in=keys)
    return list(dressed(listing, chosen, rows, on_page(listing, chosen)))


def dressed(listing: Listing, chosen: Chosen, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
    """Return `rows` with what `columns` say of them, in order. No query."""
    rows = listing.dress(rows)
    said = {column.reads for column in columns}
    left = [column.reads for column in listing.columns if column.reads and column.reads not in said]
    return ordered(listing, chosen, rows.defer(*left) if left else rows)


def on_page(listing: Listing, chosen: Chosen) -> list[Column]:
    """Return the columns of the page's table: the chosen ones in their order, else the usual ones; never without its heading."""
    names = chosen.columns or tuple(listing.usual)
    return listing.columns_called(names if listing.heading in names else (listing.heading, *names))


def in_file(listing: Listing, chosen: Chosen) -> list[Column]:
    """Return the columns of the list as a file: the chosen ones in their order, else all there are."""
    return listing.columns_called(chosen.columns) or list(listing.columns)


def _facet(
    listing: Listing, chosen: Chosen, facet: Facet, counts: dict[tuple[str, str], int] | None
) -> dict[str, Any] | None:
    """Return a facet as `core/_facets.html` reads it, or None when it has nothing to offer. Options nobody would find are left out."""
    mine = chosen.values.get(facet.name, ())
    options = []
    for option in _offered(facet, chosen):
        on = option.value in mine
        count = None if counts is None else counts[facet.name, option.value]
        if count == 0 and not on:
            continue
        values = [value for value in mine if value != option.value] if on else [*mine, option.value]
        options.append(
            {
                "label": option.label,
                "value": option.value,
                "count": count,
                "on": on,
                "url": address(listing, chosen, **_with(chosen, facet.name, values)),
            }
        )
    if not options:
        return None
    return {
        "name": facet.name,
        "label": facet.label,
        "chosen": ", ".join(str(option["label"]) for option in options if option["on"]),
        "options": options,
    }


def applied(listing: Listing, chosen: Chosen) -> list[dict[str, Any]]:
    """Return what narrows the list, each with the address that takes it away."""
    found = []
    if chosen.q:
        label = _("“%(words)s”") % {"words": Truncator(chosen.q).chars(40)}
        found.append({"label": label, "url": address(listing, chosen, q="")})
    for facet in listing.facets:
        mine = chosen.values.get(facet.name, ())
        for option in facet.options:
            if option.value in mine:
                rest = [value for value in mine if value != option.value]
                label = _("%(facet)s: %(option)s") % {"facet": facet.label, "option": option.label}
                found.append({"label": label, "url": address(listing, chosen, **_with(chosen, facet.name, rest))})
    return found


def _column(listing: Listing, chosen: Chosen, sort: Sort) -> dict[str, Any]:
    """Return a column that sorts, as `core/_sort.html` reads it: a second press turns the order round."""
    now, descending = _ordering(listing, chosen)
    first = f"-{sort.name}" if sort.descending else sort.name
    if now is not None and now.name == sort.name:
        asked = sort.name if descending else f"-{sort.name}"
        state = "descending" if descending else "ascending"
    else:
        asked, state = first, ""
    return {
        "label": sort.label,
        "url": address(listing, chosen, sort="" if asked == listing.sort else asked),
        "sorted": state,
    }


def _heading(listing: Listing, chosen: Chosen, column: Column) -> dict[str, Any]:
    """Return the title of a column, as `core/_sort.html` reads it."""
    sort = listing.sort_called(column.sort) if column.sort else None
    said = _column(listing, chosen, sort) if sort else {}
    return said | {"label": column.short or column.label, "kind": column.kind}


def _pager(
    listing: Listing, chosen: Chosen, rows: list[Any], total: int, capped: bool, more: tuple[bool, bool]
) -> dict[str, Any]:
    """Return the pages as `core/_pager.html` reads them."""
    words = {"total": in_digits(EXACT) + "+" if capped else in_digits(total)}
    pages = max(-(-min(total, EXACT + 1) // listing.per_page), 1)
    by_key = bool(chosen.after or chosen.before or chosen.last)
    first, last = (getattr(rows[0], listing.key), getattr(rows[-1], listing.key)) if rows else (None, None)
    if by_key:
        range_words = _("The last %(n)s of %(total)s") if chosen.last else _("%(n)s further on, of %(total)s")
        return {
            "words": range_words % {**words, "n": in_digits(len(rows))},
            "pages": [{"number": 1, "url": address(listing, chosen), "current": False}, {"number": None}],
            "previous_url": address(listing, chosen, before=first) if more[0] and first else address(listing, chosen),
            "next_url": address(listing, chosen, after=last) if more[1] and last else "",
            "last_url": "" if chosen.last or not more[1] else address(listing, chosen, last=True),
        }
    start = (chosen.page - 1) * listing.per_page
    range_words = ""
    if rows:
        words |= {"first": in_digits(start + 1), "last": in_digits(start + len(rows))}
        range_words = _("%(first)s–%(last)s of %(total)s") % words
    numbered = min(pages, NUMBERED)
    if chosen.page < numbered:
        next_url = address(listing, chosen, page=chosen.page + 1)
    else:
        next_url = address(listing, chosen, after=last) if more[1] and last else ""
    shown: list[dict[str, Any]] = []
    for number in sorted({1, numbered, *range(max(chosen.page - 2, 1), min(chosen.page + 2, numbered) + 1)}):
        if shown and number - shown[-1]["number"] > 1:
            shown.append({"number": None})
        shown.append({"number": number, "url": address(listing, chosen, page=number), "current": number == chosen.page})
    if pages > numbered:
        shown.append({"number": None})
    return {
        "words": range_words,
        "pages": shown,
        "previous_url": address(listing, chosen, page=chosen.page - 1) if chosen.page > 1 else "",
        "next_url": next_url,
        "last_url": address(listing, chosen, last=True) if pages > numbered else "",
    }


def in_digits(number: int) -> str:
    """Return a whole number in the reader's format: "3,611"."""
    return formats.number_format(number, 0, use_l10n=True, force_grouping=True)
