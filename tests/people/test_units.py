"""The tree of units, and keeping one of them: through the page."""

from datetime import UTC, date, datetime, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core.errors import Conflict
from governance.core.rules import Blocked
from governance.ledger.models import LedgerEntry
from governance.people import actions, calendars, units
from governance.people.models import Person, Unit
from tests.make import AT, make_unit


@pytest.fixture
def admins_browser(cast, at_browser):
    return at_browser(cast.admin)


def save(browser, path: str, **given):
    """Open a unit, fill in its form and send it."""
    browser.send(browser.get(path).form(having="holidays"), **given)
    return browser


def test_the_tree_says_what_is_part_of_what_who_leads_it_and_how_many_work_there(cast, at_browser):
    actions.save_unit(
        Unit(
            name="Refund desk",
            parent=cast.support,
            working_days="012345",
            time_zone="Europe/Paris",
            closes_at=time(18),
            holidays=["2026-12-25"],
        ),
        by=cast.admin,
        at=AT,
    )

    words = at_browser(cast.staff).get("/people/units/").words

    assert "Northwind Carl Ode 10 + 9 below" in words
    assert "level 1: Support Priya Nair 5" in words
    assert "level 2: Refund desk Nobody 0 Europe/Paris · Mo, Tu, We, Th, Fr, Sa · until 18:00 · 1 holiday" in words


def test_the_tree_costs_the_same_for_many_units(cast, client, sign_in):
    sign_in(client, cast.staff)
    client.get("/people/units/")
    with CaptureQueriesContext(connection) as few:
        client.get("/people/units/")
    for n in range(30):
        make_unit(f"Team {n}", cast.support, cast.lead)

    with CaptureQueriesContext(connection) as many:
        client.get("/people/units/")

    assert len(many) == len(few) <= 12


def test_adding_a_unit_with_its_own_calendar(cast, admins_browser, said):
    page = admins_browser.get("/people/units/add/")
    data = page.form(having="holidays").data(
        name=" Refund  desk ",
        parent=str(cast.support.pk),
        leader=str(cast.lead.pk),
        time_zone="Dubai",
        closes_at="16:30",
        holidays="2026-12-25 Christmas\n\n2026-12-02\n2026-12-25",
    )

    admins_browser.client.post("/people/units/add/", {**data, "working_days": ["6", "0", "1", "2", "3"]})

    made = Unit.objects.get(name="Refund desk")
    assert (made.slug, made.parent, made.leader, made.is_active) == ("refund-desk", cast.support, cast.lead, True)
    assert (made.time_zone, made.working_days, made.closes_at, made.holidays) == (
        "Asia/Dubai",
        "01236",
        time(16, 30),
        ["2026-12-02", "2026-12-25 Christmas"],
    )
    assert said() == ["unit.added"]
    calendar = calendars.of(made)
    assert calendar.works_on(date(2026, 11, 22))  # a Sunday
    assert not calendar.works_on(date(2026, 11, 20))  # a Friday
    assert not calendar.works_on(date(2026, 12, 2))
    assert calendar.end_of_day(date(2026, 11, 22)) == datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_a_unit_shows_what_it_says_and_saves_it_unchanged(cast, admins_browser, said):
    actions.save_unit(
        Unit(
            name="Refund desk",
            parent=cast.support,
            working_days="01236",
            time_zone="Asia/Dubai",
            closes_at=time(16, 30),
            holidays=["2026-12-02"],
        ),
        by=cast.admin,
        at=AT,
    )
    made = Unit.objects.get(name="Refund desk")
    said()
    form = admins_browser.get(f"/people/units/{made.pk}/").form(having="holidays")
    days = [c.value for c in form.controls if c.name == "working_days" and c.checked]

    admins_browser.client.post(f"/people/units/{made.pk}/", {**form.data(), "working_days": days})

    assert days == ["0", "1", "2", "3", "6"]
    assert Unit.objects.filter(pk=made.pk).values().get() == Unit.objects.filter(slug="refund-desk").values().get()
    assert said() == []


def test_two_units_of_a_name_in_different_places_have_different_slugs(cast):
    one = actions.save_unit(Unit(name="Desk", parent=cast.support), by=cast.admin, at=AT)
    two = actions.save_unit(Unit(name="Desk", parent=cast.sales), by=cast.admin, at=AT)
    three = actions.save_unit(Unit(name="営業部"), by=cast.admin, at=AT)

    assert [one.slug, two.slug, three.slug] == ["desk", "desk-2", "unit"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "Enter name"),
        ({"name": "SALES"}, "There is a unit called Sales at Northwind already. Choose another name."),
        ({"time_zone": "Mars"}, "Time zone is “Mars”, which is no time zone known here."),
        ({"closes_at": "teatime"}, "The day ends at is “teatime”. Enter a time of day, for example 17:00."),
        (
            {"holidays": "2026-12-25\nChristmas\n2026-02-30"},
            "Holidays, line 2, is “Christmas”. Enter a date, for example 2026-12-25.",
        ),
        (
            {"holidays": "2026-12-25\nChristmas\n2026-02-30"},
            "Holidays, line 3, is “2026-02-30”. Enter a date, for example 2026-12-25.",
        ),
        ({"parent": "999"}, "Part of is “999”, which is not one of the choices."),
        ({"leader": "999"}, "“999” is nobody on the list. Choose a person from it."),
    ],
)
def test_what_cannot_be_says_which_field_what_came_and_what_was_expected(given, sentence, cast, admins_browser, said):
    before = list(Unit.objects.order_by("pk").values())

    save(admins_browser, f"/people/units/{cast.support.pk}/", **given)

    assert admins_browser.status == 422
    assert sentence in admins_browser.page.words
    assert list(Unit.objects.order_by("pk").values()) == before
    assert said() == []


def test_too_many_holidays_are_refused(cast, admins_browser):
    days = "\n".join(date.fromordinal(date(2026, 1, 1).toordinal() + n).isoformat() for n in range(601))

    save(admins_browser, f"/people/units/{cast.support.pk}/", holidays=days)

    assert "Holidays has 601 days and may have 600. Leave out those that are over." in admins_browser.page.words


def test_a_day_of_the_week_that_does_not_exist_is_refused(cast, admins_browser):
    form = admins_browser.get(f"/people/units/{cast.support.pk}/").form(having="holidays")

    response = admins_browser.client.post(f"/people/units/{cast.support.pk}/", {**form.data(), "working_days": ["7"]})

    assert response.status_code == 422
    assert Unit.objects.get(pk=cast.support.pk).working_days == ""


def test_a_unit_never_stands_below_itself(cast, admins_browser, said):
    desk = actions.save_unit(Unit(name="Refund desk", parent=cast.support), by=cast.admin, at=AT)
    said()

    save(admins_browser, f"/people/units/{cast.company.pk}/", parent=str(desk.pk))

    assert admins_browser.status == 422
    assert "Northwind cannot stand below itself. Choose another unit above it." in admins_browser.page.words
    assert Unit.objects.get(pk=cast.company.pk).parent is None
    assert [u.name for u in units.line(Unit.objects.get(pk=desk.pk))] == ["Refund desk", "Support", "Northwind"]
    assert said() == []


def test_two_moves_that_were_each_fine_alone_make_no_loop(cast):
    one, two = (actions.save_unit(Unit(name=name), by=cast.admin, at=AT) for name in ("One", "Two"))
    late, first = Unit.objects.get(pk=two.pk), Unit.objects.get(pk=one.pk)
    first.parent = two
    late.parent = Unit.objects.get(pk=one.pk)  # as it was before the other move
    actions.save_unit(first, by=cast.admin, at=AT)

    with pytest.raises(Blocked, match="cannot stand below itself"):
        actions.save_unit(late, by=cast.admin, at=AT)

    assert Unit.objects.get(pk=two.pk).parent is None


def test_a_unit_is_retired_when_nobody_and_nothing_is_left_in_it(cast, admins_browser, said):
    path = f"/people/units/{cast.sales.pk}/"
    make_unit("Field sales", cast.sales)
    form = admins_browser.get(path).form(having="holidays")
    data = {name: value for name, value in form.data().items() if name != "is_active"}

    refused = admins_browser.client.post(path, data)

    assert refused.status_code == 422
    assert "1 person works in Sales. Move them first, then retire it." in refused.content.decode()
    assert "Field sales: below Sales. Move or retire them first." in refused.content.decode()
    assert Unit.objects.get(pk=cast.sales.pk).is_active

    Unit.objects.filter(name="Field sales").update(parent=cast.support)
    Person.objects.filter(unit=cast.sales).update(unit=cast.support)
    said()
    assert admins_browser.client.post(path, data).status_code == 303
    assert not Unit.objects.get(pk=cast.sales.pk).is_active
    assert said() == ["unit.changed"]
    offered = [
        text
        for _value, text, _on in next(
            c for c in admins_browser.get("/people/add/").form(having="email").controls if c.name == "unit"
        ).options
    ]
    assert "Northwind / Sales" not in offered
    assert "Northwind / Support" in offered


def test_nothing_is_put_below_a_retired_unit(cast):
    retired = make_unit("Old", is_active=False)

    with pytest.raises(Blocked, match="Old is retired"):
        actions.save_unit(Unit(name="New", parent=retired), by=cast.admin, at=AT)

    assert not Unit.objects.filter(name="New").exists()


def test_nobody_makes_themselves_a_leader(cast, admins_browser, said):
    form = admins_browser.get(f"/people/units/{cast.support.pk}/").form(having="holidays")

    response = admins_browser.client.post(f"/people/units/{cast.support.pk}/", form.data(leader=str(cast.admin.pk)))

    assert response.status_code == 403
    assert "Nobody makes themselves the leader of a unit" in response.content.decode()
    assert Unit.objects.get(pk=cast.support.pk).leader == cast.owner
    assert said() == []


def test_a_new_leader_leads_at_once_and_the_record_says_who_led_before(cast, admins_browser, said):
    save(admins_browser, f"/people/units/{cast.support.pk}/", leader=str(cast.other_owner.pk))

    assert units.leads(cast.other_owner, Unit.objects.get(pk=cast.support.pk))
    assert said() == ["unit.changed"]
    entry = LedgerEntry.objects.latest("seq")
    assert entry.detail["fields"] == ["leader"]
    assert (entry.text["before"], entry.text["after"]) == ({"leader": "Priya Nair"}, {"leader": "Hugo Duarte"})


def test_what_somebody_else_saved_meanwhile_is_shown_beside_what_was_typed(cast, admins_browser, said):
    form = admins_browser.get(f"/people/units/{cast.support.pk}/").form(having="holidays")
    Unit.objects.filter(pk=cast.support.pk).update(leader=cast.other_owner)

    page = admins_browser.send(form, name="Customer support")

    assert admins_browser.status == 409
    assert "Leader Hugo Duarte Priya Nair" in page.words
    assert Unit.objects.get(pk=cast.support.pk).name == "Support"
    assert said() == []
    with pytest.raises(Conflict):
        actions.save_unit(Unit.objects.get(pk=cast.support.pk), by=cast.admin, at=AT, seen="0" * 64)
