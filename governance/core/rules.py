"""One reason something cannot happen yet, and the object that finds such reasons."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason something cannot happen yet: in words, whose it is, and where to go.

    `code` is stable and goes into snapshots; `who` names people or functions in words; `url` leads to
    the place where it can be cleared; `since` is when the wait began; `person_ids` are those who can
    clear it, so that a page can put "yours" first.
    """

    code: str
    message: str
    who: str = ""
    url: str = ""
    since: datetime | None = None
    person_ids: frozenset[int] = frozenset()
    action: str = ""


class Blocked(Exception):
    """Refused for now. `blockers` holds every reason, not just the first."""

    def __init__(self, blockers: Iterable[Blocker]):
        self.blockers = tuple(blockers)
        super().__init__(" ".join(str(b.message) for b in self.blockers))


class Rule:
    """One thing that must be true. One object serves the door, the checklist on the page and the tests.

    A rule is stateless: `blockers` yields every reason it does not hold for `initiative` at `at`, and
    nothing at all when it holds. `code` is stable; `title` is what the page calls it.
    """

    code: str
    title: Any
    reason: Any

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        """Yield every reason this does not hold. Costs the queries its room's card names."""
        raise NotImplementedError(f"{type(self).__name__} must say what blocks it")
