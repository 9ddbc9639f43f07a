"""One's own settings, and deputies: through the pages, and by the calendar of whoever is away."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from governance.people import actions, deputies
from governance.people.models import Deputy, Person
from governance.raci import grants
from governance.raci.grants import May
from tests.make import AT


def test_people_keep_their_own_phone_and_zone(cast, at_browser, said):
    browser = at_browser(cast.staff)

    browser.send(browser.get("/me/").form(having="phone"), phone="+44 20 7946 0555", time_zone="Lisbon")

    now = Person.objects.get(pk=cast.staff.pk)
    assert (now.phone, now.time_zone, now.version) == ("+44 20 7946 0555", "Europe/Lisbon", 2)
    assert said() == ["person.changed"]
    assert "Saved." in browser.page.words


def test_nothing_else_is_changed_through_ones_own_settings(cast, at_browser, said):
    browser = at_browser(cast.staff)
    form = browser.get("/me/").form(having="phone")

    browser.client.post(
        "/me/",
        {
            **form.data(),
            "grade": "vp",
            "unit": "1",
            "name": "King",
            "email": "king@example.org",
            "is_functional_lead": "on",
            "spend_limit": "99",
        },
    )

    now = Person.objects.get(pk=cast.staff.pk)
    assert (now.grade, now.unit, now.name, now.email, now.is_functional_lead, now.spend_limit) == (
        "staff",
        cast.support,
        "Kim Sato",
        "kim.sato@example.org",
        False,
        0,
    )
    assert said() == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"phone": "no"}, "Phone is “no”. Enter a number that can be called"),
        ({"time_zone": "Mars"}, "Time zone is “Mars”, which is no time zone known here."),
    ],
)
def test_bad_input_is_said_and_nothing_is_saved(given, sentence, cast, at_browser, said):
    browser = at_browser(cast.staff)

    browser.send(browser.get("/me/").form(having="phone"), **given)

    assert browser.status == 422
    assert sentence in browser.page.words
    assert Person.objects.get(pk=cast.staff.pk).version == 1
    assert said() == []


def test_what_an_administrator_saved_meanwhile_is_not_overwritten_unseen(cast, at_browser):
    browser = at_browser(cast.staff)
    form = browser.get("/me/").form(having="phone")
    actions.change(cast.staff, {"phone": "+44 20 7946 0777"}, by=cast.admin, at=AT, seen_version=1)

    page = browser.send(form, phone="+44 20 7946 0555")

    assert browser.status == 409
    assert Person.objects.get(pk=cast.staff.pk).phone == "+44 20 7946 0777"
    browser.send(page.form(having="phone"))
    assert Person.objects.get(pk=cast.staff.pk).phone == "+44 20 7946 0555"


def test_only_administrators_are_told_what_is_wrong_with_checkpoints(cast, at_browser, settings, tmp_path):
    settings.MANDATE_HOME, settings.MANDATE_CHECKPOINT_SINKS = tmp_path, [tmp_path / "checkpoints.log"]

    assert "Nothing outside vouches for the ledger" in at_browser(cast.admin).get("/me/").words
    assert "Nothing outside vouches for the ledger" not in at_browser(cast.auditor).get("/me/").words


def test_the_menu_leads_to_ones_settings_the_people_and_for_readers_the_ledger(cast, at_browser):
    def places(person) -> set[str]:
        return {
            words for href, words in at_browser(person).get("/me/").links if href in ("/me/", "/people/", "/ledger/")
        }

    assert places(cast.staff) == {"Your settings", "People"}
    assert places(cast.auditor) == places(cast.compliance) == {"Your settings", "People", "Ledger"}
    assert places(cast.admin) == {"Your settings", "People"}


# Deputies


def name(browser, path: str, deputy, start: date, end: date):
    browser.send(
        browser.get(path).form(having="starts_on"),
        deputy=str(deputy.pk),
        starts_on=start.isoformat(),
        ends_on=end.isoformat(),
    )
    return browser


def test_somebody_names_a_deputy_and_ends_it(cast, story, at_browser, today, said):
    tale = story("production")
    browser = at_browser(cast.owner)
    said()

    name(browser, "/me/deputies/", cast.lead, today, today + timedelta(days=5))

    made = Deputy.objects.get()
    assert (made.person, made.deputy, made.starts_on, made.ends_on) == (
        cast.owner,
        cast.lead,
        today,
        today + timedelta(days=5),
    )
    assert "Sam Doyle may stop for Priya Nair from" in browser.page.words
    assert "counts now" in browser.page.words
    now = datetime.combine(today, datetime.min.time(), tzinfo=UTC) + timedelta(hours=12)
    assert May.STOP in grants.held_by(Person.objects.get(pk=cast.lead.pk), tale.fresh, now)
    assert not {May.DECIDE_GO_LIVE, May.DECIDE_HALT} & grants.held_by(
        Person.objects.get(pk=cast.lead.pk), tale.fresh, now
    )

    end = browser.page.form(action=f"/people/deputies/{made.pk}/end/")
    browser.send(end)
    assert Deputy.objects.get().ended_at is not None
    assert May.STOP not in grants.held_by(Person.objects.get(pk=cast.lead.pk), tale.fresh, now)
    browser.send(end)
    assert said() == ["deputy.named", "deputy.ended"]


def test_an_administrator_names_a_deputy_for_somebody_else(cast, at_browser, today, said):
    browser = at_browser(cast.admin)

    name(browser, f"/people/{cast.owner.pk}/deputies/", cast.lead, today, today)

    made = Deputy.objects.get()
    assert (made.person, made.deputy) == (cast.owner, cast.lead)
    assert browser.page.url.endswith(f"/people/{cast.owner.pk}/deputies/")
    assert said() == ["deputy.named"]


def test_nobody_names_or_ends_a_deputy_for_somebody_else(cast, client, sign_in, today, said):
    deputy = Deputy.objects.create(person=cast.owner, deputy=cast.lead, starts_on=today, ends_on=today)
    sign_in(client, cast.staff)

    assert (
        client.post(
            f"/people/{cast.owner.pk}/deputies/",
            {"deputy": str(cast.staff.pk), "starts_on": today.isoformat(), "ends_on": today.isoformat()},
        ).status_code
        == 403
    )
    assert client.post(f"/people/deputies/{deputy.pk}/end/").status_code == 403
    sign_in(client, cast.lead)
    assert client.post(f"/people/deputies/{deputy.pk}/end/").status_code == 403
    assert Deputy.objects.get().ended_at is None
    assert said() == []


@pytest.mark.parametrize(
    ("who", "start", "end", "sentence"),
    [
        ("owner", 0, 1, "Nobody stands in for themselves. Choose somebody else as deputy."),
        ("lead", 3, 1, "The last day must not be before the first."),
        ("lead", -5, -1, "which is over. Enter today or a later day."),
        ("legal", 0, 1, "is nobody on the list. Choose a person from it."),
        ("staff", 2, 4, "Kim Sato is deputy from"),
    ],
)
def test_a_deputy_that_cannot_be_is_refused_in_words(who, start, end, sentence, cast, at_browser, today, said):
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())
    Deputy.objects.create(person=cast.owner, deputy=cast.staff, starts_on=today, ends_on=today + timedelta(days=2))
    browser = at_browser(cast.owner)

    name(browser, "/me/deputies/", getattr(cast, who), today + timedelta(days=start), today + timedelta(days=end))

    assert browser.status == 422
    assert sentence in browser.page.words
    assert Deputy.objects.count() == 1
    assert said() == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("starts_on", "soon", "From is “soon”. Enter a date, for example 2026-11-20."),
        ("ends_on", "", "Enter until"),
        ("deputy", "", "Choose one person"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(field, value, sentence, cast, at_browser, today):
    browser = at_browser(cast.owner)
    given = {"deputy": str(cast.lead.pk), "starts_on": today.isoformat(), "ends_on": today.isoformat(), field: value}

    browser.send(browser.get("/me/deputies/").form(having="starts_on"), **given)

    assert browser.status == 422
    assert sentence in browser.page.words
    assert not Deputy.objects.exists()


@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        (datetime(2026, 3, 9, 10, 59, tzinfo=UTC), False),  # still the 9th in Auckland
        (datetime(2026, 3, 9, 11, 0, tzinfo=UTC), True),  # the 10th has begun there
        (datetime(2026, 3, 12, 10, 59, tzinfo=UTC), True),  # the 12th is not over there
        (datetime(2026, 3, 12, 11, 0, tzinfo=UTC), False),
    ],
)
@pytest.mark.parametrize("where", ["their own", "their unit's"])
def test_a_deputys_days_are_whole_days_where_the_person_is(where, moment, counts, cast):
    if where == "their own":
        Person.objects.filter(pk=cast.owner.pk).update(time_zone="Pacific/Auckland")
    else:
        cast.support.time_zone = "Pacific/Auckland"
        cast.support.save()
    Deputy.objects.create(person=cast.owner, deputy=cast.lead, starts_on=date(2026, 3, 10), ends_on=date(2026, 3, 12))

    assert (cast.owner.pk in deputies.active_for(Person.objects.get(pk=cast.lead.pk), moment)) is counts
    assert ([p.pk for p in deputies.of(Person.objects.get(pk=cast.owner.pk), moment)] == [cast.lead.pk]) is counts


def test_a_deputy_stops_counting_when_either_leaves(cast, today):
    Deputy.objects.create(person=cast.owner, deputy=cast.lead, starts_on=AT.date(), ends_on=AT.date())
    Deputy.objects.create(person=cast.staff, deputy=cast.escalation, starts_on=AT.date(), ends_on=AT.date())
    Person.objects.filter(pk__in=[cast.owner.pk, cast.escalation.pk]).update(is_active=False, left_on=AT.date())

    assert deputies.active_for(Person.objects.get(pk=cast.lead.pk), AT) == frozenset()
    assert deputies.of(Person.objects.get(pk=cast.staff.pk), AT) == []


def test_one_signs_out_everywhere_else_and_goes_on_here(cast, at_browser, sign_in, said):
    elsewhere, here = sign_in(Client(), cast.staff), at_browser(cast.staff)
    form = next(form for form in here.get("/me/").forms if form.action == "/me/sign-out-elsewhere/")

    here.send(form)

    assert "You are signed out everywhere else. Here you go on." in here.page.words
    assert elsewhere.get("/me/").status_code == 302
    assert here.client.get("/me/").status_code == 200
    assert said() == ["sessions.ended"]
