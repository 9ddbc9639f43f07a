"""Every list of Mandate: search, facets with counts, order, columns, pages. (The same list as a file: export.py.)

A room declares a `Listing`: which rows somebody may see, what may be filtered, sorted and shown. `show` reads
the address and returns everything the templates need. What the declaration does not name does not
exist: unknown parameters, fields and lookups are ignored, values are capped, and nothing that came with
a request is ever used as the name of a field.

Costs three queries: how many there are (none where the caller knows), all counts in one (two above 10,000 rows), and
the rows (two where the list fetches them); one or two more where a page found by key, beyond page 20, would be empty. Counts are
shown on demand above 10,000 rows, and where a list says so: those of the catalog take longer than all the rest of
its page, and stand in menus that are closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import parse_qsl

from django.db.models import Count, F, IntegerField, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import formats
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from governance.core.asking import LONGEST, Chosen, address, called, choose, known_in, offered, question, with_values
from governance.core.listing import Column, Facet, Listing, Option, Sort

#: What rooms import from here: the declaration stands in listing.py, what an address asks in asking.py.
__all__ = ["Chosen", "Column", "Facet", "Listing", "Option", "Sort", "address", "choose", "question", "show"]

#: Pages that have a number; further on a page is found by the key of its neighbour (OFFSET reads what it skips).
NUMBERED = 20
#: Totals are exact up to here, and facets are counted without being asked where the list does not say otherwise.
EXACT = 10_000


# --- Asking the database ----------------------------------------------------------------------


def _narrowing(listing: Listing, chosen: Chosen) -> list[Facet]:
    """Return the facets that are shown: those of a column only with it, or where they are chosen."""
    shown = {column.name for column in on_page(listing, chosen)}
    return [f for f in listing.facets if not f.column or f.column in shown or f.name in chosen.values]


def _where(facet: Facet, values: Sequence[str]) -> Q:
    return reduce(or_, (option.where for option in called(facet, values)))


def searched(listing: Listing, chosen: Chosen) -> QuerySet:
    """Return the visible rows that hold the words searched for. No query."""
    return listing.search(listing.rows, chosen.q) if chosen.q and listing.search else listing.rows


def narrowed(listing: Listing, chosen: Chosen) -> QuerySet:
    """Return the rows that the search and every filter let through, in no order. No query."""
    asked = [facet for facet in listing.facets if facet.name in chosen.values]
    rows = _bearing(searched(listing, chosen), asked)
    for facet in asked:
        rows = rows.filter(_where(facet, chosen.values[facet.name]))
    return rows


def _bearing(rows: QuerySet, facets: Sequence[Facet]) -> QuerySet:
    """Return `rows` with everything the options of these facets ask about. No query."""
    return rows.annotate(**{f"asked_{facet.name}": facet.adds() for facet in facets if facet.adds is not None})


def _ordering(listing: Listing, chosen: Chosen) -> tuple[Sort | None, bool]:
    """Return the order in force and whether it descends."""
    name = chosen.sort or listing.sort
    sort = listing.sort_called(name)
    return sort, name.startswith("-")


def _terms(listing: Listing, chosen: Chosen, *, backwards: bool) -> list[tuple[Any, bool]]:
    """Return what one query orders by and whether each descends: who comes last anyway, the order asked for, the key."""
    sort, descending = _ordering(listing, chosen)
    down = descending != backwards
    terms: list[tuple[Any, bool]] = [(F(listing.key), down)]
    if sort is not None:
        terms.insert(0, (_made(sort.by), down))
        if sort.last is not None:
            terms.insert(0, (_made(sort.last), backwards))
    return terms


def _made(by: Any) -> Any:
    """Return what an order goes by as an expression of its own."""
    return by() if callable(by) else F(by) if isinstance(by, str) else by


def ordered(listing: Listing, chosen: Chosen, rows: QuerySet, *, backwards: bool = False) -> QuerySet:
    """Return `rows` in the order asked for, the key breaking ties, or the whole of it backwards. No query."""
    terms = _terms(listing, chosen, backwards=backwards)
    return rows.order_by(*(by.desc() if down else by.asc() for by, down in terms))


def _beyond(listing: Listing, chosen: Chosen, rows: QuerySet, there: QuerySet, *, backwards: bool) -> QuerySet:
    """Return the rows that come after the one in `there` (before it, backwards); none where it holds nothing. No query."""
    terms, its = (_terms(listing, chosen, backwards=backwards) for _both in range(2))
    rows = rows.alias(**{f"term_{place}": by for place, (by, _down) in enumerate(terms)})
    beyond, same = Q(pk__in=[]), Q()
    for place, (by, down) in enumerate(its):
        value = Subquery(there.annotate(term=by).values("term")[:1])
        beyond |= same & Q(**{f"term_{place}__{'lt' if down else 'gt'}": value})
        same &= Q(**{f"term_{place}": value})
    return rows.filter(beyond)


def gone(listing: Listing, data: QueryDict) -> list[Any]:
    """Return the titles of what `data` asks for and the list no longer has. No query."""
    asked = {data.get("sort", "")[:LONGEST].lstrip("-"), *known_in(data, "columns", set(listing.gone)), *data}
    return [title for name, title in listing.gone.items() if name in asked]


def _asks(where: Q) -> set[str]:
    """Return the fields and annotations a condition speaks of; "" for what is more than a comparison."""
    found: set[str] = set()
    for child in where.children:
        found |= _asks(child) if isinstance(child, Q) else {child[0].partition("__")[0] if type(child) is tuple else ""}
    return found


def _of(where: Any) -> Any:
    """Return a condition on rows as one on their kinds, whose every field is called of_<its name>."""
    if not isinstance(where, Q):
        name, value = where
        return f"of_{name}", value
    return Q(*map(_of, where.children), _connector=where.connector, _negated=where.negated)


def _tally(listing: Listing, chosen: Chosen, *, many: bool = False) -> tuple[int, dict[tuple[str, str], int]]:
    """Return how many rows the list has, and how many each option would show with the other facets as they are.

    One query; two where `many`: rows that hold the same in the list's `kinds` are then counted together first, so that
    what an option asks of those is asked of a few thousand kinds and not of a hundred thousand rows. Only what it asks
    of anything else is asked of each row.
    """
    facets = _narrowing(listing, chosen)
    rows = _bearing(searched(listing, chosen), facets)
    kinds = [*listing.kinds, *(f"asked_{facet.name}" for facet in facets if facet.few)] if many else []
    asked = {facet.name: _where(facet, chosen.values[facet.name]) for facet in facets if facet.name in chosen.values}
    by_row = {name for name, where in asked.items() if not _asks(where).issubset(kinds)}
    of_kinds: dict[str, list[Q]] = {"total": [where for name, where in asked.items() if name not in by_row]}
    of_rows: dict[str, list[Q]] = {}
    names: dict[str, tuple[str, str]] = {}
    for place, facet in enumerate(facets):
        rest = {name: where for name, where in asked.items() if name != facet.name}
        for number, option in enumerate(offered(facet, chosen)):
            name = f"n{place}_{number}"
            names[name] = (facet.name, option.value)
            if facet.name not in by_row and _asks(option.where).issubset(kinds):
                of_kinds[name] = [option.where, *(where for other, where in rest.items() if other not in by_row)]
            else:
                of_rows[name] = [option.where, *rest.values()]
    found: dict[str, int | None] = {}
    if kinds:
        alike = rows.filter(*(asked[name] for name in by_row)).order_by().values(**{f"of_{k}": F(k) for k in kinds})
        alike = alike.annotate(n=Cast(Count("*"), IntegerField()))
        sums = {name: Sum("n", filter=Q(*map(_of, where))) for name, where in of_kinds.items()}
        found |= alike.aggregate(**sums)
    else:
        of_rows["total"] = list(asked.values())
    if of_rows:
        each = rows.order_by()
        if any(facet.adds is not None for facet in facets):
            each = each[: 2**40]  # one inner query, whose columns are counted by name: each is worked out once
        found |= each.aggregate(**{name: Count("pk", filter=Q(*where)) for name, where in of_rows.items()})
    return found.pop("total") or 0, {names[name]: count or 0 for name, count in found.items()}


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
    gone: list[Any] = field(default_factory=list)

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
    if chosen.counts or (listing.counted and size <= EXACT):
        total, counts = _tally(listing, chosen, many=size > EXACT)
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
        facets=_facets(listing, chosen, counts) if size else [],
        applied=applied(listing, chosen),
        columns={sort.name: _column(listing, chosen, sort) for sort in listing.sorts},
        shows=on_page(listing, chosen),
        pager=_pager(listing, chosen, rows, total, capped, more),
        clear_url=address(listing, Chosen(sort=chosen.sort, columns=chosen.columns)) if chosen.narrows else "",
        counts_url=address(listing, chosen, counts=True) if counts is None else "",
        gone=gone(listing, data),
    )


def _page(listing: Listing, chosen: Chosen, total: int) -> tuple[list[Any], Chosen, tuple[bool, bool]]:
    """Return the rows of one page, what was really asked, and whether there are rows before and after it."""
    if not total:
        return [], replace(chosen, page=1, after=None, before=None, last=False), (False, False)
    rows, per = narrowed(listing, chosen), listing.per_page
    key = chosen.after or chosen.before
    if key is not None:
        there = listing.rows.filter(**{listing.key: key}).order_by()
        found = _by_key(listing, chosen, _beyond(listing, chosen, rows, there, backwards=chosen.before is not None))
        if found[0]:
            return found
        chosen = replace(chosen, after=None, before=None)  # nothing is beyond, or nobody may see that row
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
    keys = ordered(listing, chosen, rows, backwards=backwards).values("pk")[: per + 1]
    found = _dressed(listing, chosen, keys, backwards=backwards)
    more = len(found) > per
    if backwards:
        return found[-per:], chosen, (more, not chosen.last)
    return found[:per], chosen, (True, more)


def _dressed(listing: Listing, chosen: Chosen, keys: QuerySet, *, backwards: bool = False) -> list[Any]:
    """Return the rows of `keys`, which may come backwards, dressed and in order.

    One query: the keys are chosen inside, so that only the rows shown are dressed. Two where the list fetches them.
    """
    columns = on_page(listing, chosen)
    if listing.fetch is None or any(column.adds for column in columns):
        rows = listing.rows.model._default_manager.filter(pk__in=keys)
        return list(dressed(listing, chosen, rows, columns))
    places = {row["pk"]: place for place, row in enumerate(keys)}
    found = listing.fetch(tuple(places), _left(listing, columns))
    return sorted(found, key=lambda row: places[row.pk], reverse=backwards)


def dressed(listing: Listing, chosen: Chosen, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
    """Return `rows` with what `columns` say of them, in order. No query."""
    rows = listing.dress(rows)
    rows = rows.annotate(**{column.name: column.adds() for column in columns if column.adds is not None})
    left = _left(listing, columns)
    return ordered(listing, chosen, rows.defer(*left) if left else rows)


def _left(listing: Listing, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the fields that stay in the database: those that only columns read which are not among these, or no column at all."""
    said = {column.reads for column in columns}
    left = (column.reads for column in listing.columns if column.reads and column.reads not in said)
    return (*left, *listing.unread)


def on_page(listing: Listing, chosen: Chosen) -> list[Column]:
    """Return the columns of the page's table: the chosen ones in their order, else the usual ones; never without its heading."""
    names = chosen.columns or tuple(listing.usual)
    return listing.columns_called(names if listing.heading in names else (listing.heading, *names))


def in_file(listing: Listing, chosen: Chosen) -> list[Column]:
    """Return the columns of the list as a file: the chosen ones in their order, else all there are."""
    return listing.columns_called(chosen.columns) or list(listing.columns)


def _facets(listing: Listing, chosen: Chosen, counts: dict[tuple[str, str], int] | None) -> list[dict[str, Any]]:
    """Return the facets as `core/_facets.html` reads them."""
    return [shown for facet in _narrowing(listing, chosen) if (shown := _facet(listing, chosen, facet, counts))]


def _facet(
    listing: Listing, chosen: Chosen, facet: Facet, counts: dict[tuple[str, str], int] | None
) -> dict[str, Any] | None:
    """Return a facet as `core/_facets.html` reads it, or None when it has nothing to offer.

    Options nobody would find are left out; a facet that was there before it was counted stays.
    """
    mine = chosen.values.get(facet.name, ())
    options = []
    for option in offered(facet, chosen):
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
                "url": address(listing, chosen, **with_values(chosen, facet.name, values)),
            }
        )
    if not options and (listing.counted or not facet.options):
        return None
    return {
        "name": facet.name,
        "label": facet.label,
        "chosen": ", ".join(str(option["label"]) for option in options if option["on"]),
        "options": options,
        "between": facet.between,
        "kept": _kept(listing, chosen, facet) if facet.between else [],
    }


def _kept(listing: Listing, chosen: Chosen, facet: Facet) -> list[tuple[str, str]]:
    """Return what the form of a range has to send along, so that everything but its own facet stays: (name, value)."""
    rest = question(listing, replace(chosen, **with_values(chosen, facet.name, ())))
    return parse_qsl(rest.removeprefix("?"))


def applied(listing: Listing, chosen: Chosen) -> list[dict[str, Any]]:
    """Return what narrows the list, each with the address that takes it away."""
    found = []
    if chosen.q:
        label = _("“%(words)s”") % {"words": Truncator(chosen.q).chars(40)}
        found.append({"label": label, "url": address(listing, chosen, q="")})
    for facet in listing.facets:
        mine = chosen.values.get(facet.name, ())
        for option in called(facet, mine):
            rest = [value for value in mine if value != option.value]
            label = _("%(facet)s: %(option)s") % {"facet": facet.label, "option": option.label}
            found.append({"label": label, "url": address(listing, chosen, **with_values(chosen, facet.name, rest))})
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
