"""One-time links: the invitation that sets a password, and the set-up of a new installation."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.core.models import Installation
from governance.ledger.models import LedgerEntry
from governance.people import actions, calendars, functions
from governance.people.models import Invitation, Person, Unit
from portal import setup
from tests.make import AT
from tests.web import Browser

GOOD = "seven quiet harbours"


@pytest.fixture
def link(cast):
    """Return the path of a link made for Kim."""
    return f"/invitation/{actions.invite(cast.staff, by=cast.admin, at=AT)}/"


def choose(browser: Browser, path: str, password: str = GOOD, again: str | None = None) -> Browser:
    browser.send(
        browser.get(path).form(having="password1"), password1=password, password2=password if again is None else again
    )
    return browser


# Making one


def test_the_link_is_shown_once_and_only_its_digest_is_kept(cast, at_browser, said):
    browser = at_browser(cast.admin)
    page = browser.get(f"/people/{cast.staff.pk}/invite/")
    assert "/invitation/" not in page.html

    page = browser.send(next(f for f in page.forms if f.method == "post" and f.action.endswith("/invite/")))

    token = re.search(r"http://localhost:8000/invitation/([\w-]{43})/", page.html)[1]
    assert said() == ["invitation.made"]
    assert actions.invitation(token).person == cast.staff
    assert token not in str(Invitation.objects.values())
    assert token not in str(list(LedgerEntry.objects.values()))
    assert token not in browser.get(f"/people/{cast.staff.pk}/invite/").html
    assert browser.response.headers["Cache-Control"] == "no-store, private"


def test_making_a_link_needs_a_fresh_proof(cast, at_browser, said):
    browser = at_browser(cast.admin, proved=False)

    response = browser.client.post(f"/people/{cast.staff.pk}/invite/")

    assert response.status_code == 303
    assert response["Location"] == f"/prove/?next=%2Fpeople%2F{cast.staff.pk}%2Finvite%2F"
    assert not Invitation.objects.exists()
    assert said() == []


def test_nobody_makes_a_link_for_themselves_or_for_somebody_who_left(cast, at_browser, said):
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())
    browser = at_browser(cast.admin)

    assert browser.client.post(f"/people/{cast.admin.pk}/invite/").status_code == 403
    assert browser.client.post(f"/people/{cast.legal.pk}/invite/").status_code == 409
    assert "Make the link" not in browser.get(f"/people/{cast.admin.pk}/invite/").words
    assert "Make the link" not in browser.get(f"/people/{cast.legal.pk}/invite/").words
    assert not Invitation.objects.exists()
    assert said() == []


# Using one


def test_the_link_sets_the_password_once_and_signs_in(cast, link, client, said):
    browser = choose(Browser(client), link)

    assert browser.status == 200
    assert "Your password is set, and you are signed in" in browser.page.words
    assert client.get("/me/").status_code == 200
    assert client.session["mandate_proof"]["person"] == cast.staff.pk
    assert Person.objects.get(pk=cast.staff.pk).check_password(GOOD)
    assert said() == ["invitation.used"]

    again = Client().get(link)
    assert again.status_code == 404
    assert (
        Client()
        .post(link, {"password1": "another harbour entirely", "password2": "another harbour entirely"})
        .status_code
        == 404
    )
    assert Person.objects.get(pk=cast.staff.pk).check_password(GOOD)


def test_they_sign_in_with_it_afterwards(cast, link):
    choose(Browser(Client()), link)
    client = Client()

    response = client.post("/sign-in/", {"login": "KIM.SATO@example.org", "password": GOOD})

    assert response.status_code == 303
    assert client.get("/me/").status_code == 200


def test_a_link_that_is_unknown_used_over_or_of_somebody_who_left_answers_alike(cast, link):
    used = f"/invitation/{actions.invite(cast.lead, by=cast.admin, at=AT)}/"
    choose(Browser(Client()), used)
    over = f"/invitation/{actions.invite(cast.finance, by=cast.admin, at=AT)}/"
    Invitation.objects.filter(person=cast.finance).update(expires_at=timezone.now() - timedelta(seconds=1))
    earlier = link
    actions.invite(cast.staff, by=cast.admin, at=AT)
    of_a_leaver = f"/invitation/{actions.invite(cast.legal, by=cast.admin, at=AT)}/"
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())

    answers = [
        Client().get(path)
        for path in (
            used,
            over,
            earlier,
            of_a_leaver,
            "/invitation/nothing-like-it/",
            f"/invitation/{'x' * 43}/",
            "/setup/nothing-like-it/",
        )
    ]

    def told(answer) -> str:
        return re.sub(
            r"https?://[^\s<]*|/invitation/[\w-]+/|/setup/[\w-]+/|<time[^>]*>[^<]*</time>", "", answer.content.decode()
        )

    assert {answer.status_code for answer in answers} == {404}
    assert len({told(answer) for answer in answers}) == 1
    assert "This link no longer works" in answers[0].content.decode()


def test_a_link_stands_for_a_week(cast, link):
    made = Invitation.objects.get(person=cast.staff)

    assert made.expires_at - made.made_at >= timedelta(days=7)
    assert made.expires_at - made.made_at < timedelta(days=7, seconds=5)


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("", "", "Enter a new password."),
        ("short", "short", "The password has 5 characters and needs 12."),
        ("password1234", "password1234", "This password is one of the first that others try."),
        ("kim.sato@example.org", "kim.sato@example.org", "The password is too much like the"),
        (GOOD, "seven loud harbours", "The two passwords differ. Enter the same one twice."),
    ],
)
def test_a_poor_password_is_refused_and_the_link_still_works(password, again, sentence, cast, link, client):
    browser = choose(Browser(client), link, password, again)

    assert browser.status == 422
    assert sentence in browser.page.words
    assert not Person.objects.get(pk=cast.staff.pk).check_password(password)
    assert choose(browser, link).status == 200


def test_a_new_password_ends_the_sessions_of_the_old_one(cast, link, sign_in):
    elsewhere = sign_in(Client(), cast.staff)

    choose(Browser(Client()), link)

    assert elsewhere.get("/me/").status_code == 302


def test_whoever_is_signed_in_already_becomes_the_person_invited(cast, link, at_browser):
    browser = at_browser(cast.owner)
    assert "You are signed in as Priya Nair. Going on signs you out and Kim Sato in." in browser.get(link).words

    choose(browser, link)

    assert "Kim Sato" in browser.get("/me/").words
    assert browser.client.session["mandate_proof"]["person"] == cast.staff.pk


def test_they_see_in_their_settings_that_a_link_was_made(cast, link, at_browser):
    words = at_browser(cast.staff).get("/me/").words

    assert "A link to set your password was made on" in words
    assert "It was not used. If that was not for you, tell Compliance." in words


# Setting up


@pytest.fixture
def fresh_link(db, settings):
    """Return the path of the set-up link of an empty installation."""
    return setup.one_time_link().removeprefix(settings.SITE_URL)


ANSWERS = {
    "company": "Calder  Home",
    "time_zone": "europe/berlin",
    "name": "Olga Petrov",
    "email": "Olga@Calder.example",
    "password1": GOOD,
    "password2": GOOD,
}


def test_setting_up_makes_the_company_and_its_first_person_and_signs_them_in(fresh_link, client, said):
    browser = Browser(client)

    browser.send(browser.get(fresh_link).form(having="company"), **ANSWERS)

    installation, first = Installation.objects.get(), Person.objects.get()
    assert (installation.kind, installation.company, installation.time_zone, installation.setup_digest) == (
        "real",
        "Calder Home",
        "Europe/Berlin",
        "",
    )
    assert (first.name, first.email, first.unit) == ("Olga Petrov", "olga@calder.example", Unit.objects.get())
    assert functions.of(first) == {"administrators", "portfolio-office"}
    assert first.check_password(GOOD)
    assert not first.is_superuser
    assert browser.page.h1 == ["Setting up"]
    assert "Calder Home has its Mandate, and you are signed in." in browser.page.words
    assert "1 of 5 steps are done." in browser.page.words
    assert client.session["mandate_proof"]["person"] == first.pk
    assert said() == ["installation.made", "unit.added", "person.added", "function.granted", "function.granted"]
    assert calendars.of(first.unit).zone.key == "Europe/Berlin"


def test_the_set_up_link_works_once(fresh_link, client):
    browser = Browser(client)
    browser.send(browser.get(fresh_link).form(having="company"), **ANSWERS)

    assert Client().get(fresh_link).status_code == 404
    assert Client().post(fresh_link, {**ANSWERS, "email": "other@calder.example"}).status_code == 404
    assert Person.objects.count() == 1
    with pytest.raises(setup.Done):
        setup.one_time_link()


def test_a_newer_set_up_link_makes_the_earlier_one_useless(fresh_link, client):
    newer = setup.one_time_link()

    assert client.get(fresh_link).status_code == 404
    assert client.get(newer.removeprefix("http://localhost:8000")).status_code == 200


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"company": " "}, "Enter company"),
        ({"time_zone": "nowhere"}, "Time zone of the company is “nowhere”, which is no time zone known here."),
        ({"time_zone": ""}, "Enter time zone of the company"),
        ({"email": "olga"}, "Your e-mail address is “olga”. Enter an e-mail address"),
        ({"password1": "olga petrov 1", "password2": "olga petrov 1"}, "The password is too much like the"),
        ({"password2": "other"}, "The two passwords differ. Enter the same one twice."),
    ],
)
def test_half_a_set_up_sets_nothing_up(given, sentence, fresh_link, client):
    browser = Browser(client)

    browser.send(browser.get(fresh_link).form(having="company"), **{**ANSWERS, **given})

    assert browser.status == 422
    assert sentence in browser.page.words
    assert not Person.objects.exists()
    assert Installation.objects.get().setup_digest
    assert GOOD not in browser.page.html
