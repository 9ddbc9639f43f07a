"""People saying things about one initiative."""

from collections.abc import Callable
from datetime import datetime

import pytest

from governance.comments.models import Comment
from governance.initiatives import comments
from governance.ledger.models import LedgerEntry
from tests.make import AT


@pytest.fixture
def pilot(story):
    """A pilot with everybody named."""
    return story("pilot")


@pytest.fixture
def say(pilot) -> Callable[..., Comment]:
    """Return a function with which somebody says something about the pilot, or replies."""

    def write(by, text: str, at: datetime = AT, answers: int | None = None) -> Comment:
        return comments.write(pilot.fresh, text, by=by, at=at, answers=answers)

    return write


@pytest.fixture
def recorded():
    """Return a function that returns the newest entries of some verbs as (verb, detail, text), oldest first."""

    def read(*begins: str) -> list[tuple]:
        rows = LedgerEntry.objects.order_by("seq")
        return [(e.verb, e.detail, e.text) for e in rows if e.verb.startswith(begins)]

    return read
