"""What an address asks of a list, read and written: search, filters, order, columns, page. (The list itself: lists.py.)"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from governance.core.listing import Facet, Listing, Option

#: What one request may ask for, whatever it sends.
MOST_VALUES, LONGEST = 100, 200


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
        if kept := _values(facet, data):
            values[facet.name] = kept
    sort = data.get("sort", "")[:LONGEST]
    if listing.sort_called(sort) is None or sort.startswith("--") or sort == listing.sort:
        sort = ""
    after, before = _whole(data.get("after", ""), 2**62), _whole(data.get("before", ""), 2**62)
    return Chosen(
        q=one_line(data.get("q", "")),
        values=values,
        sort=sort,
        columns=known_in(data, "columns", {column.name for column in listing.columns}),
        page=_whole(data.get("page", ""), 10**12) or 1,
        after=after,
        before=None if after else before,
        last=not (after or before) and data.get("last") == "1",
        counts=data.get("counts") == "1",
    )


def _values(facet: Facet, data: QueryDict) -> tuple[str, ...]:
    """Return what is asked of a facet: a range, which stands alone, or the options that are known."""
    ends = [data.get(f"{facet.name}-{end}", "")[:LONGEST] for end in ("from", "to")]
    texts = ["..".join(ends)] if any(ends) else [text[:LONGEST] for text in data.getlist(facet.name)[:MOST_VALUES]]
    ranges = [option.value for text in texts if (option := _range(facet, text))]
    return tuple(ranges[:1]) or known_in(data, facet.name, {option.value for option in facet.options})


def _range(facet: Facet, text: str) -> Option | None:
    """Return the option that "10..50" asks of a facet which can be asked for a range, else None."""
    first, dots, last = text.partition("..")
    return facet.reads(first, last) if dots and facet.reads is not None else None


def known_in(data: QueryDict, name: str, known: set[str]) -> tuple[str, ...]:
    """Return the values of one parameter that are known, each once, in the order they came; at most MOST_VALUES."""
    parameters = data.getlist(name)[:MOST_VALUES]
    sent = [part for text in parameters for part in text[: LONGEST * 10].split(",")[:MOST_VALUES]]
    return tuple(value for value in dict.fromkeys(sent) if value in known)[:MOST_VALUES]


def one_line(text: str) -> str:
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


def with_values(chosen: Chosen, name: str, values: Iterable[str]) -> dict[str, Any]:
    """Return the change that gives facet `name` these values."""
    rest = {key: kept for key, kept in chosen.values.items() if key != name}
    kept = tuple(values)
    return {"values": {**rest, name: kept} if kept else rest}


def offered(facet: Facet, chosen: Chosen) -> list[Option]:
    """Return the options to show: the listed ones, and what is chosen."""
    mine = called(facet, chosen.values.get(facet.name, ()))
    ranges = [option for option in mine if option not in facet.options]
    return [*(option for option in facet.options if option.listed or option in mine), *ranges]


def called(facet: Facet, values: Sequence[str]) -> list[Option]:
    """Return the options of these values, and the range where one stands among them."""
    ranges = [option for value in values if (option := _range(facet, value))]
    return [*(option for option in facet.options if option.value in values), *ranges]
