"""Setting up: five steps by the facts, on Home of whoever does them until they are done or put away."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core.models import Installation
from governance.desk import setting_up
from governance.ledger.models import LedgerEntry
from governance.people.functions import Function
from governance.people.models import Person, Unit
from tests.make import AT, at_stage, make_person
from tests.web import Browser


@pytest.fixture
def fresh(db):
    """An installation as the set-up link leaves it: the company, its unit, and one administrator who keeps the portfolio."""
    installation = Installation.objects.create(
        pk=1, kind="real", company="Calder Home", time_zone="Europe/Berlin", setting_up=True, made_at=AT
    )
    unit = Unit.objects.create(name="Calder Home", slug="company", time_zone="Europe/Berlin")
    make_person("Olga Petrov", Function.ADMINISTRATORS, Function.PORTFOLIO, unit=unit)
    return installation


@pytest.fixture
def olga(fresh, client, sign_in):
    """The browser of the first administrator."""
    return Browser(sign_in(client, Person.objects.get(name="Olga Petrov")))


def done(installation) -> list[str]:
    """Return the names of the steps that are done."""
    return [s.name for s in setting_up.progress(installation, Person.objects.first()).steps if s.done]


def test_each_step_is_done_when_it_is_so_and_no_more_when_it_is_not(fresh, fill_functions):
    unit = Unit.objects.get()
    assert done(fresh) == ["company"]
    unit.holidays = ["2026-12-25 Christmas Day"]
    unit.save()
    assert done(fresh) == ["company", "calendar"]
    fill_functions(unit)
    assert done(fresh) == ["company", "calendar", "people", "functions"]
    Person.objects.filter(groups__name=Function.CTO).first().groups.clear()
    assert done(fresh) == ["company", "calendar", "people"]


@pytest.fixture
def fill_functions():
    """Return a function that puts one person into every function that is needed, and a second administrator."""

    def fill(unit):
        for one in setting_up.needed():
            if one != Function.PORTFOLIO:
                make_person(f"In {one.name.title()}", one, unit=unit)
        make_person("Second Admin", Function.ADMINISTRATORS, unit=unit)

    return fill


def test_home_says_what_is_next_until_everything_is_set_up(olga, fresh, fill_functions):
    words = olga.get("/").words
    assert "Setting up: 1 of 5 steps are done" in words
    assert "Next: The calendar. No public holiday is listed, so deadlines can end on one." in words

    unit = Unit.objects.get()
    unit.holidays = ["2026-12-25"]
    unit.save()
    fill_functions(unit)
    assert "Next: The first list. The catalog is empty." in olga.get("/").words
    at_stage("idea", number=1, name="First", registered_at=AT, stage_since=AT).save()
    assert "Setting up:" not in olga.get("/").words
    assert "Everything is set up." in olga.get("/setting-up/").words


def test_whoever_does_not_set_up_reads_nothing_of_it(fresh, client, sign_in):
    staff = Browser(sign_in(client, make_person("Ann Lee")))

    assert "Setting up" not in staff.get("/").words
    assert client.get("/setting-up/").status_code == 403


def test_the_page_leads_through_the_steps(olga):
    page = olga.get("/setting-up/")

    assert page.h1 == ["Setting up"]
    assert "1 of 5 steps are done." in page.words
    assert "Calder Home, in the zone Europe/Berlin." in page.words
    hrefs = [href for href, _words in page.links]
    for href in (
        "/people/company/",
        "/imports/people/",
        "/people/add/",
        "/people/units/",
        "/people/functions/",
        "/imports/",
    ):
        assert href in hrefs
        olga.get(href)
        assert olga.status == 200, href


def test_put_away_it_stands_on_no_home_and_is_on_record(olga):
    assert "Take it off Home for everybody" in olga.get("/setting-up/").words
    olga.client.post("/setting-up/")

    assert "Setting up:" not in olga.get("/").words
    assert LedgerEntry.objects.latest("seq").verb == "installation.changed"
    assert "Take it off Home" not in olga.get("/setting-up/").words
    olga.client.post("/setting-up/")
    assert LedgerEntry.objects.filter(verb="installation.changed").count() == 1


def test_home_of_a_running_portal_is_asked_nothing_more(cast):
    with CaptureQueriesContext(connection) as asked:
        assert setting_up.on_home(cast.admin, Installation(setting_up=False)) is None

    assert len(asked) == 0


def test_the_page_asks_few_questions(olga):
    olga.get("/setting-up/")
    with CaptureQueriesContext(connection) as asked:
        olga.get("/setting-up/")

    assert len(asked) <= 12
