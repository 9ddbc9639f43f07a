"""A real Chromium for the journeys."""

import pytest


@pytest.fixture
def browser(chromium):
    """A running Chromium; each test opens a context of its own in it."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        launched = play.chromium.launch(executable_path=chromium, args=flags)
        try:
            yield launched
        finally:
            launched.close()
