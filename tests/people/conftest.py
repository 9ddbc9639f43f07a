"""What the tests of the people pages share: somebody at a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.ledger.models import LedgerEntry
from tests.web import Browser


@pytest.fixture
def at_browser(client, sign_in):
    """Return a function that puts a person at a browser, proved a moment ago unless told otherwise."""
    return lambda person, **how: Browser(sign_in(client, person, **how))


@pytest.fixture
def today(cast):
    """The day it is for everybody of the cast, who live in UTC."""
    return timezone.now().date()


@pytest.fixture
def tomorrow(today):
    return today + timedelta(days=1)


@pytest.fixture
def said(db):
    """Return a function that returns the verbs recorded since it was last called."""
    seen = 0

    def verbs() -> list[str]:
        nonlocal seen
        found = list(LedgerEntry.objects.filter(seq__gt=seen).order_by("seq").values_list("seq", "verb"))
        seen = found[-1][0] if found else seen
        return [verb for _seq, verb in found]

    verbs()
    return verbs
