"""One row of the home page: verb and object, facts, a deadline, what happens if nobody acts, one button."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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


def section(label: Any, items: list[Item], *, most: int) -> Section:
    """Return a section in order of deadline, things without one last, cut at `most`."""
    ordered = sorted(items, key=_when)
    return Section(label, ordered[:most], len(ordered) > most)
