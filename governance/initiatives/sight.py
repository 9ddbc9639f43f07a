"""What somebody sees of the catalog: how many there are, at which stage, and the rows, by the fewest steps through the database."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Exists, QuerySet, Value

from governance.core import lists
from governance.core.prepared import KEY, Hole, Prepared
from governance.initiatives import tags
from governance.initiatives.models import CatalogRow
from governance.people import functions
from governance.raci import grants


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody sees of the catalog: how many, at which stage, which tags are kept together how often, and their rows.

    Beyond `lists.EXACT` nobody counts on unless asked to: `size` is more than that, `stages` and `tags` are None.
    """

    size: int
    stages: Counter[str] | None
    tags: Counter[str] | None
    rows: QuerySet


#: So few are found sooner one by one than along the order of all names.
FEW = 500


def seen(person, at: datetime, *, counted: bool = False) -> Seen:
    """Return what `person` sees at `at`, counted through where `counted`. One query, and those of `visible_to`.

    The rows are still to be asked for.
    """
    eyes = looking(person, at)
    stages: Counter[str] = Counter()
    tagged: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for part, stage, together, n in _counting(len(eyes), None if counted else lists.EXACT).ask(**eyed(eyes)):
        if stage:
            stages[stage] += n
            sizes[part] += n
        if together:
            tagged[together] += n
    if not sizes:
        rows = CatalogRow.objects.none()
    elif sizes.keys() == {_GRANTED} and sizes.total() <= FEW:
        rows = CatalogRow.objects.filter(restricted=True, pk__in=grants.seen_by(eyes))
    else:
        rows = CatalogRow.objects.visible_to(person, at)
    exact = not sizes[_MORE]
    return Seen(sizes.total(), stages if exact else None, tagged if exact else None, rows)


def looking(person, at: datetime) -> Sequence[int]:
    """Return the ids of those whose grants `person` looks with; none where they see everything. Queries as `visible_to`."""
    return () if functions.has(person, *functions.SEES_ALL) else grants.eyes(person, at)


#: What is restricted and what is not; and that there is more of the latter than anybody counts.
_GRANTED, _OPEN, _MORE = "granted", "open", "more"


def eyed(eyes: Sequence[Any]) -> dict[str, Any]:
    """Return them by the names of their holes."""
    return {f"eye_{place}": one for place, one in enumerate(eyes)}


@lru_cache
def _counting(eyes: int, most: int | None) -> Prepared[tuple]:
    """Return the query for so many whose grants count; 0 for those who see everything. Its rows: (part, stage, tags, n).

    What is open to all is counted only where it is not more than `most`.
    Stages and tags of what is open to all are counted by themselves, so that each runs along an index: together
    they would read every row. Those of what was granted are read one by one anyway.
    """

    def make(**people: Hole) -> QuerySet:
        rows = CatalogRow.objects.order_by()
        open_to_all, said = rows.filter(restricted=Value(False)) if eyes else rows, []
        if most is not None:
            beyond = open_to_all.values("pk")[most : most + 1]
            more = rows.filter(pk__in=beyond).annotate(n=Value(most + 1))
            said.append(more.values_list(Value(_MORE), "stage", Value(""), "n"))
            open_to_all = open_to_all.filter(~Exists(beyond))
        staged = open_to_all.values("restricted", "stage").annotate(n=Count("pk"))  # as an index has them
        said.append(staged.values_list(Value(_OPEN), "stage", Value(""), "n"))
        said.append(tags.grouped(open_to_all).values_list(Value(_OPEN), Value(""), "tags", "n"))
        if eyes:
            granted = rows.filter(restricted=True, pk__in=grants.seen_by(list(people.values())))
            both = granted.values("stage", "tags").annotate(n=Count("pk"))
            said.append(both.values_list(Value(_GRANTED), "stage", "tags", "n"))
        return said[0].union(*said[1:], all=True)

    return Prepared(make, **dict.fromkeys(eyed(range(eyes)), KEY))
