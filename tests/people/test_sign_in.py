"""Signing in, out, and passwords, from one end to the other, in our words."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from governance.ledger.models import LedgerEntry
from governance.people import actions
from governance.people.models import Person
from tests.make import AT, PASSWORD
from tests.web import Browser, Page

NEW = "seven brown foxes at noon"


@pytest.fixture(autouse=True)
def _no_tries_counted_yet():
    cache.clear()


def post(client, url, **data):
    """Send a form and return (status, the page)."""
    response = client.post(url, data)
    return response.status_code, Page(response.content.decode(), url)


def signed_in(client) -> bool:
    """Return whether this browser reaches a page that needs a sign-in."""
    return client.get("/catalog/").status_code == 200


@pytest.fixture
def owner(cast):
    """Priya Nair, who has a password."""
    return cast.owner


def enter(person, password=PASSWORD) -> Client:
    """Return a browser that signed in through the page."""
    client = Client()
    assert client.post("/sign-in/", {"login": person.email, "password": password}).status_code == 303
    return client


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"login": "", "password": ""}, ["Enter your e-mail address.", "Enter your password."]),
        (
            {"login": "priya", "password": "x"},
            ["E-mail address is “priya”. Enter an e-mail address, for example name@example.org."],
        ),
        (
            {"login": "priya.nair@example.org", "password": "wrong"},
            ["This e-mail address and this password do not belong together."],
        ),
        (
            {"login": "nobody@example.org", "password": "wrong"},
            ["This e-mail address and this password do not belong together."],
        ),
        (
            {"login": "priya.nair@example.org", "password": "x" * 5000},
            ["Password has 5000 characters and may have 4096. Shorten it by 904."],
        ),
        ({"login": "priya\0@example.org", "password": "x\0"}, ["Password holds a character"]),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(client, owner, given, words):
    status, page = post(client, "/sign-in/", **given)

    assert status == 422
    for sentence in words:
        assert sentence in page.words
    assert not signed_in(client)
    assert PASSWORD not in page.html


def test_a_sign_in_leads_on_and_a_sign_out_ends_it(owner):
    client = Client()
    before = client.get("/sign-in/?next=/catalog/").cookies

    inside = client.post("/sign-in/?next=/catalog/", {"login": " Priya.Nair@Example.org ", "password": PASSWORD})
    assert (inside.status_code, inside["Location"]) == (303, "/catalog/")
    assert signed_in(client)
    session = client.cookies["mandate_session"].value
    assert session not in {morsel.value for morsel in before.values()}

    assert client.get("/sign-out/").status_code == 200
    assert signed_in(client), "looking at the page signs nobody out"
    assert client.post("/sign-out/").status_code == 303
    assert not signed_in(client)
    replay = Client()
    replay.cookies["mandate_session"] = session
    assert not signed_in(replay), "the old session is gone on the server, too"


def test_a_sign_in_makes_a_new_session_key(owner):
    client = Client()
    client.force_login(owner, backend="governance.people.backend.Backend")
    earlier = client.session.session_key

    client.post("/sign-out/")
    client.post("/sign-in/", {"login": owner.email, "password": PASSWORD})

    assert client.session.session_key != earlier


@pytest.mark.parametrize(("address", "subject"), [("priya.nair@example.org", "person"), ("nobody@example.org", "")])
def test_a_failed_sign_in_is_recorded_without_what_was_typed(client, owner, address, subject):
    before = LedgerEntry.objects.count()

    client.post("/sign-in/", {"login": address, "password": "not-the-one-i-have"})

    entry = LedgerEntry.objects.latest("seq")
    assert LedgerEntry.objects.count() == before + 1
    assert (entry.verb, entry.actor, entry.subject_kind) == ("sign_in.failed", "system:sign-in", subject)
    assert entry.subject_id == (owner.pk if subject else None)
    assert "not-the-one" not in f"{entry.detail}{entry.text}"
    assert "nobody@" not in f"{entry.detail}{entry.text}"


def test_after_five_wrong_passwords_it_rests_and_says_so(client, owner):
    for _ in range(5):
        assert client.post("/sign-in/", {"login": owner.email, "password": "wrong"}).status_code == 422

    status, page = post(client, "/sign-in/", login=owner.email, password=PASSWORD)

    assert status == 429
    assert page.h1
    assert "Traceback" not in page.html
    assert not signed_in(client)


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded"])
def test_an_address_somebody_claims_does_not_reset_the_count(owner, header):
    answers = [
        Client()
        .post("/sign-in/", {"login": f"nobody{n}@example.org", "password": "wrong"}, headers={header: f"203.0.113.{n}"})
        .status_code
        for n in range(11)
    ]

    assert answers == [422] * 10 + [429]


def test_a_reset_by_mail_works_once_and_ends_every_session(client, owner, settings, mailoutbox):
    settings.SITE_URL = "https://mandate.example.org"
    elsewhere = enter(owner)
    assert (
        client.post(
            "/password/reset/", {"email": owner.email.upper()}, headers={"x-forwarded-host": "evil.example.net"}
        ).status_code
        == 303
    )
    link = re.search(r"https?://\S+", mailoutbox[0].body)[0]
    assert link.startswith("https://mandate.example.org/password/reset/")
    path = link.removeprefix("https://mandate.example.org")

    browser = Browser(client)
    form = browser.get(path).form(having="password1")
    for given, sentence in (
        ({"password1": "short", "password2": "short"}, "The password has 5 characters and needs 12."),
        (
            {"password1": "1q2w3e4r5t6y", "password2": "1q2w3e4r5t6y"},
            "This password is one of the first that others try. Choose another one.",
        ),
        (
            {"password1": "priya.nair@example.org", "password2": "priya.nair@example.org"},
            "The password is too much like the e-mail address. Choose another one.",
        ),
        ({"password1": NEW, "password2": NEW + "x"}, "The two passwords differ. Enter the same one twice."),
        ({"password1": "", "password2": ""}, "Enter a new password."),
    ):
        page = browser.send(form, **given)
        assert browser.status == 422
        assert sentence in page.words
    assert Person.objects.get(pk=owner.pk).check_password(PASSWORD)

    page = browser.send(form, password1=NEW, password2=NEW)
    assert "Your password is set" in page.words
    assert not signed_in(elsewhere)
    assert signed_in(enter(owner, NEW))
    assert "This link no longer works" in Browser(Client()).get(path).words
    assert mailoutbox[-1].to == [owner.email]
    assert "was changed" in mailoutbox[-1].body
    entry = LedgerEntry.objects.get(verb="password.changed")
    assert (entry.actor, entry.subject_id, entry.detail) == ("system:sign-in", owner.pk, {})


def test_a_reset_link_dies_when_the_address_changes(client, cast, mailoutbox):
    client.post("/password/reset/", {"email": cast.owner.email})
    path = re.search(r"https?://[^/]+(/\S+)", mailoutbox[0].body)[1]

    actions.change(
        cast.owner, {"email": "priya.new@example.org"}, by=cast.admin, at=AT, seen_version=cast.owner.version
    )

    assert "This link no longer works" in Browser(Client()).get(path).words


def test_nobody_signs_in_or_resets_with_an_address_that_was_taken_away(client, cast, mailoutbox):
    enter(cast.owner)
    old = cast.owner.email
    client.post("/password/reset/", {"email": old})
    actions.change(
        cast.owner, {"email": "priya.new@example.org"}, by=cast.admin, at=AT, seen_version=cast.owner.version
    )
    mailoutbox.clear()

    assert post(client, "/sign-in/", login=old, password=PASSWORD)[0] == 422
    client.post("/password/reset/", {"email": old})
    assert mailoutbox == []
    assert client.post("/sign-in/", {"login": "priya.new@example.org", "password": PASSWORD}).status_code == 303


def test_changing_the_password_keeps_this_session_and_ends_the_others(owner, mailoutbox):
    here, elsewhere = enter(owner), enter(owner)
    browser = Browser(here)
    form = browser.get("/password/change/").form(having="oldpassword")
    for given, sentence in (
        ({"oldpassword": "", "password1": NEW, "password2": NEW}, "Enter the password you have now."),
        ({"oldpassword": "wrong", "password1": NEW, "password2": NEW}, "That is not your password now."),
        ({"oldpassword": PASSWORD, "password1": NEW, "password2": "x"}, "The two passwords differ."),
    ):
        assert sentence in browser.send(form, **given).words
        assert browser.status == 422
    assert signed_in(elsewhere)

    browser.send(form, oldpassword=PASSWORD, password1=NEW, password2=NEW)

    assert browser.status == 200
    assert signed_in(here)
    assert not signed_in(elsewhere)
    assert Person.objects.get(pk=owner.pk).check_password(NEW)
    assert mailoutbox[-1].to == [owner.email]
    assert LedgerEntry.objects.get(verb="password.changed").actor == f"person:{owner.pk}"


def test_headers_do_not_turn_the_pages_into_an_api(client, owner):
    response = client.post(
        "/sign-in/",
        {"login": owner.email, "password": "wrong"},
        headers={"x-requested-with": "XMLHttpRequest", "accept": "application/json"},
    )

    assert (response.status_code, response["Content-Type"]) == (422, "text/html; charset=utf-8")
