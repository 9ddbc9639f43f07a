"""Stories that end about now, so that the pages find their questions open."""

from datetime import UTC, datetime, timedelta

import pytest

from governance.core import clock
from governance.ledger.models import LedgerEntry
from tests import make

#: How long a story takes to reach a stage, in its own time.
TAKES = {"funding": 34, "build": 34, "production": 34, "stopped": 34, "retired": 34}


class Lately:
    """The wall clock, to the minute: stories told within a minute of each other are the same story."""

    at = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        if not timedelta() <= clock.wall() - self.at < timedelta(minutes=1):
            self.at = clock.wall()
        return self.at


lately = Lately()


@pytest.fixture
def fresh_story(cast):
    """Return a function that makes a story at a stage which got there a minute ago; `way` walks it there instead of the stage's own way."""

    def walk(stage: str = "idea", way=None, takes: int | None = None, **values) -> make.Story:
        days = TAKES.get(stage, 0) if takes is None else takes
        tale = make.Story(cast, lately() - timedelta(days=days, minutes=1), **values)
        return (way or make.WAYS[stage])(tale)

    return walk


@pytest.fixture
def at_gate(fresh_story):
    """A funding gate with nothing missing."""
    return fresh_story("funding")


@pytest.fixture
def blocked_gate(fresh_story):
    """A funding gate whose figure is not confirmed and whose budget is not approved."""
    return fresh_story("funding", way=lambda tale: tale.to_funding(ready=False))


@pytest.fixture
def entries():
    """Return a function that counts the entries of the ledger."""
    return LedgerEntry.objects.count
