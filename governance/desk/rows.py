"""One row of the home page: verb and object, facts, a deadline, what happens if nobody acts, one button; its sections."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.initiatives.models import Initiative


@dataclass(frozen=True)
class Item:
    """A row as `core/_spine_row.html` reads it. `whose` is mine, theirs, overdue or "".

    `since` orders a row that has no deadline because it was wanted at once.
    """

    title: str
    url: str
    icon: str = ""
    whose: str = "mine"
    stage: str = ""
    has_tier: bool = False
    tier: int | None = None
    capability: str = ""
    facts: list[Any] = field(default_factory=list)
    due: datetime | None = None
    due_word: Any = ""
    since: datetime | None = None
    consequence: Any = ""
    action: Any = ""


#: Rows a section shows at once; the rest is folded away.
SHOWN = 12


@dataclass(frozen=True)
class Section:
    """Rows under one word, the next due first. `more` says that there are more than could be brought."""

    label: Any
    items: list[Item]
    more: bool = False

    @property
    def first(self) -> list[Item]:
        """Return the rows shown at once."""
        return self.items[:SHOWN]

    @property
    def rest(self) -> list[Item]:
        """Return the rows folded away."""
        return self.items[SHOWN:]


def _when(item: Item) -> tuple[bool, float]:
    wanted = item.due or item.since
    return wanted is None, wanted.timestamp() if wanted else 0.0


def section(label: Any, items: Iterable[Item], *, most: int) -> Section:
    """Return a section in order of deadline, things without one last, cut at `most`."""
    ordered = sorted(items, key=_when)
    return Section(label, ordered[:most], len(ordered) > most)


# What rows say


def named(initiative: Initiative) -> str:
    """Return what a row calls an initiative."""
    return f"{initiative.key} {initiative.name}"


def about(initiative: Initiative) -> dict[str, Any]:
    """Return the badges of a row about an initiative."""
    return {
        "stage": str(initiative.stage),
        "has_tier": True,
        "tier": initiative.tier,
        "capability": initiative.capability,
    }


def page(name: str, initiative: Initiative, anchor: str = "") -> str:
    """Return the address of a page about an initiative, at a place on it."""
    return reverse(name, args=[initiative.key]) + (f"#{anchor}" if anchor else "")


def whose(due: datetime | None, at: datetime) -> str:
    """Return whether a row is this person's in time or late."""
    return "overdue" if due is not None and due <= at else "mine"


def asks(person: Any) -> str:
    """Return who asks, in words."""
    return _("%(name)s asks.") % {"name": person.name} if person else _("The clock asks.")


def grouped(rows: Iterable[Any]) -> list[list[Any]]:
    """Return rows about one initiative together, in the order they came."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.initiative_id].append(row)
    return list(found.values())
