"""A real Chromium for the journeys."""

import pytest

from tests.running import launched


@pytest.fixture
def browser(chromium):
    """A running Chromium; each test opens a context of its own in it."""
    with launched(chromium) as browser:
        yield browser
