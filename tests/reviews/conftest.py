"""Looking at the clocks in tests: sweep, and read what it owed."""

from datetime import datetime

import pytest

from governance.notices.models import Channel, Notice
from governance.reviews import clocks


@pytest.fixture
def sweep(db):
    """Return a function that looks at every clock at an instant and returns who was told what: (name, occasion)."""

    def look(at: datetime) -> list[tuple[str, str]]:
        before = set(Notice.objects.values_list("pk", flat=True))
        counts = clocks.run(at)
        assert "failed" not in counts
        rows = Notice.objects.filter(channel=Channel.EMAIL).exclude(pk__in=before).select_related("person")
        return sorted((row.person.name, occasion(row)) for row in rows)

    return look


def occasion(notice: Notice) -> str:
    """Return which occasion a notice is of, without the instant that makes it unique."""
    head, _, tail = notice.occasion.rpartition("-")
    return head if tail.isdigit() and head in clocks.BY_CODE else notice.occasion
