"""How a list is declared: what may be filtered, sorted and shown. (Asking and showing it: lists.py.)"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

#: Rows on a page.
PER_PAGE = 40

#: Names in the address that belong to the engine; no facet may take one.
RESERVED = frozenset({"q", "sort", "columns", "view", "page", "after", "before", "last", "counts"})


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
    """One thing a list can be narrowed by; several of its options together mean any of them.

    `adds` makes what its options ask about as asked_<name>: rows carry it only where it is asked or counted; `few` says
    that it is one of few values. One that belongs to a `column` is shown where that is, and where it
    is chosen. One that `reads` can be asked for a range too: of what two inputs of the kind `between` say ("" for an
    open end) it makes the option, or None where they say nothing of the kind.
    """

    name: str
    label: Any
    options: tuple[Option, ...]
    adds: Callable[[], Any] | None = None
    few: bool = False
    column: str = ""
    between: str = ""
    reads: Callable[[str, str], Option | None] | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """One order. `by` is an expression that is never null; `descending` is the direction people mean first.

    `last` is an expression too: 1 for the rows that come last whichever way the order goes, 0 for the others.
    What holds a subquery is given as a function that makes it: Django resolves the subquery of an expression in
    place, for the first query that asks, so that it cannot stand in a second one.
    """

    name: str
    label: Any
    by: Any
    descending: bool = False
    last: Any = None


@dataclass(frozen=True, slots=True)
class Column:
    """One thing a list can say of a row, on its page and in its files.

    `name` stands in addresses and files and never changes; `label` is the title people read, `short` what
    the page puts above it, where that is less. `value` says it of a dressed row, and `kind` how the page's
    template draws that. `sort` is the order its title asks for. `reads` is a field that stays in the
    database unless the column is shown; `adds` makes an expression that a row carries under the column's name
    where it is. `editable` says whether a list coming in may change it; `width`
    is what a spreadsheet gives it, in characters.
    """

    name: str
    label: Any
    value: Callable[[Any], Any]
    kind: str = "text"
    short: Any = ""
    sort: str = ""
    reads: str = ""
    adds: Callable[[], Any] | None = None
    editable: bool = False
    width: int = 16


@dataclass(frozen=True)
class Listing:
    """What a list shows and how it may be asked.

    `rows` holds what this person may see, and nothing else can be reached through it. `dress` makes
    of them the rows that are shown, with all they need (joins, annotations), by the same primary keys; it never runs
    for counting. `fetch`, where there is one, takes the primary keys of a page's rows and the fields to
    leave, and brings them dressed, in any order, by a query that is kept; it is not asked where a column adds
    something of its own. `bring` gets some hundred rows at most and brings what they need by a query of its own.
    `key` is a unique field: it breaks ties, and stands in the address of pages found by key. `size` is the number of
    rows when the caller knows it already. The first of `columns` tells rows apart in a file; `usual` are those the page
    shows when nobody chose, and `heading` is the one it never goes without.
    `kinds` are fields that hold few different values: rows that hold the same in all of them are counted together.
    `counted` says whether the options of its facets show how many they find, or only once somebody turns to them.
    `unread` are fields that no column says anything of: they stay in the database.
    `everything` is the address that asks for nothing, where `path` alone opens with something else. `gone` are
    the names of columns, orders and filters that there once were, each with its title.
    """

    path: str
    rows: QuerySet
    facets: Sequence[Facet] = ()
    sorts: Sequence[Sort] = ()
    sort: str = ""
    search: Callable[[QuerySet, str], QuerySet] | None = None
    key: str = "pk"
    dress: Callable[[QuerySet], QuerySet] = lambda rows: rows
    fetch: Callable[[Sequence[int], Sequence[str]], list[Any]] | None = None
    bring: Callable[[list[Any]], None] = lambda rows: None
    per_page: int = PER_PAGE
    size: int | None = None
    columns: Sequence[Column] = ()
    usual: Sequence[str] = ()
    heading: str = ""
    kinds: Sequence[str] = ()
    counted: bool = True
    unread: Sequence[str] = ()
    everything: str = ""
    gone: Mapping[str, Any] = field(default_factory=dict)

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
