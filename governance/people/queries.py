"""Reading people for pages: the directory, functions with their members, the tree of units."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from governance.people import functions
from governance.people.functions import Function
from governance.people.models import Person, Unit


def holding(text: str) -> Q:
    """Return the condition that somebody's name, address, title or unit holds every word of `text`; at most six words count."""
    found = Q()
    for word in text.split()[:6]:
        found &= (
            Q(name__icontains=word)
            | Q(email__icontains=word)
            | Q(title__icontains=word)
            | Q(unit__name__icontains=word)
        )
    return found


def searched(people: QuerySet, text: str) -> QuerySet:
    """Narrow `people` to those that hold every word of `text`. Lazy; a subquery, so that what is counted joins nothing."""
    return people.filter(pk__in=Person.objects.filter(holding(text)).values("pk"))


def memberships() -> dict[str, list[int]]:
    """Return the ids of the active people in each function. One query."""
    found: dict[str, list[int]] = {slug: [] for slug in Function.values}
    for slug, pk in (
        Person.objects.active()
        .filter(groups__name__in=Function.values)
        .order_by("name", "pk")
        .values_list("groups__name", "pk")
    ):
        found[slug].append(pk)
    return found


def labels(found: dict[str, list[int]], person: Person) -> list[str]:
    """Return what functions `person` is in, in words, from `memberships`. No query."""
    return [str(functions.label(slug)) for slug, pks in found.items() if person.pk in pks]


@dataclass(frozen=True)
class Branch:
    """One unit in its tree: how deep it stands, and how many people work in it and below it."""

    unit: Unit
    depth: int
    people: int
    below: int


def tree() -> list[Branch]:
    """Return every unit under the one it belongs to, by name; retired ones last among their siblings. Two queries."""
    rows = list(Unit.objects.select_related("leader").order_by("-is_active", "name", "pk"))
    counts = dict(
        Person.objects.active().filter(unit__isnull=False).order_by().values_list("unit").annotate(n=Count("pk"))
    )
    children: dict[int | None, list[Unit]] = {}
    for unit in rows:
        children.setdefault(unit.parent_id, []).append(unit)
    out: list[Branch] = []

    def grow(units: Iterable[Unit], depth: int) -> int:
        """Add these units and what stands below them, and return how many people that is."""
        total = 0
        for unit in units:
            place = len(out)
            out.append(Branch(unit, depth, counts.get(unit.pk, 0), 0))
            below = grow(children.get(unit.pk, ()), depth + 1)
            out[place] = Branch(unit, depth, counts.get(unit.pk, 0), below)
            total += counts.get(unit.pk, 0) + below
        return total

    grow(children.get(None, ()), 0)
    return out
