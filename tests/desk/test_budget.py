"""Pages that show many things ask few questions, and the same number of them however many things there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import policy
from governance.core import clock
from tests.crowd import make_crowd
from tests.make import AT, make_initiative

#: Address → the most it may ask, session and person included.
LISTS = {
    "/catalog/": 12,
    "/catalog/?stage=pilot,idea&owner=has&sort=-tier": 12,
    "/catalog/?q=customer&page=3": 12,
    "/catalog/?q=zzzzz": 12,
    "/portfolio/": 12,
    "/notices/": 12,
}
FILES = {"/catalog.csv": 12, "/catalog.json?q=refunds": 12}
PAGES = {"/": 20, "/help/rules/?count=1": 20}


def asked(client, address: str) -> int:
    """Return how many questions a page asks the database."""
    policy.current()  # asked once in the life of a process
    with CaptureQueriesContext(connection) as found:
        response = client.get(address)
        if response.streaming:
            b"".join(response.streaming_content)
    assert response.status_code == 200, address
    return len(found)


@pytest.fixture
def everywhere(cast, monkeypatch):
    """Forty initiatives, and everybody with something in hand."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    for stage in ("idea", "pilot", "funding", "build", "production", "stopped"):
        make_initiative(cast, stage)
    make_initiative(cast, "build", tier_proposed=4).supply_controls(confirmed=False)
    make_initiative(cast, "build", tier_proposed=4).ask_go_live()
    make_crowd(cast, 32, AT)
    return cast


@pytest.mark.parametrize("size", [400, pytest.param(3600, marks=[pytest.mark.ci, pytest.mark.long(15)])])
def test_no_page_asks_more_of_many_initiatives_than_of_forty(client, everywhere, sign_in, size):
    wanted = [(who, address) for who in ("staff", "owner", "compliance") for address in (*LISTS, "/")] + [
        ("compliance", "/help/rules/?count=1"),
        *(("staff", address) for address in FILES),
    ]

    def measure() -> dict:
        return {(who, address): asked(sign_in(client, getattr(everywhere, who)), address) for who, address in wanted}

    few = measure()
    make_crowd(everywhere, size - 40, AT, seed=3)
    many = measure()

    most = LISTS | FILES | PAGES
    assert {key: n for key, n in many.items() if n > most[key[1]]} == {}
    assert {key: (few[key], n) for key, n in many.items() if n != few[key] and key[1] not in PAGES} == {}
    assert {
        key: (few[key], n) for key, n in many.items() if n > few[key] + 3
    } == {}  # people of a function a rule names are asked for once


def test_home_asks_at_most_twenty_questions_for_everybody(client, everywhere, sign_in):
    assert {p.name: n for p in everywhere.people if (n := asked(sign_in(client, p), "/")) > 20} == {}


def test_no_statement_grows_with_what_somebody_may_see(client, everywhere, sign_in):
    sign_in(client, everywhere.owner)
    make_crowd(everywhere, 300, AT, seed=4)

    for address in ("/", "/catalog/", "/portfolio/", "/notices/", "/help/rules/?count=1"):
        with CaptureQueriesContext(connection) as found:
            client.get(address)
        assert max(len(query["sql"]) for query in found) < 8192, address
