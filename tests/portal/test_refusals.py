"""A refusal is a page that says what, why and whose, with a true status; for htmx too."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.portal.urls")]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/t/refused/", 403, ["Priya Nair decides this.", "Nothing was changed"]),
        ("/t/blocked/", 409, ["No budget is approved.", "Finance", "Nobody has accepted."]),
        ("/t/conflict/", 409, ["Priya Nair answered first.", "The amount is now 90,000."]),
        ("/t/missing/", 404, ["<h1"]),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_the_page_says_every_reason(path, status, words, htmx, client, reader, installation):
    client.force_login(reader)

    response = client.get(path, headers={"hx-request": "true"} if htmx else {})

    assert response.status_code == status
    for word in words:
        assert word in response.content.decode()
    assert response.headers.get("HX-Retarget") == ("body" if htmx else None)


@pytest.mark.parametrize(
    ("path", "status", "words", "again"),
    [
        ("/t/broken/", 500, "This page did not load", None),
        ("/t/cut-off/", 503, "Its database does not answer.", "30"),
    ],
)
def test_a_failure_says_whether_the_database_is_away_and_gives_nothing_away(path, status, words, again):
    response = Client(raise_request_exception=False).get(path)

    assert response.status_code == status
    assert words in response.content.decode()
    assert "secret-detail" not in response.content.decode()
    assert response.headers.get("Retry-After") == again


def test_the_way_back_leads_to_our_own_page_only(client, reader):
    client.force_login(reader)

    ours = client.get("/t/refused/", headers={"referer": "http://testserver/initiatives/?q=a"}).content.decode()
    elsewhere = client.get("/t/refused/", headers={"referer": "http://evil.example.net/x/"}).content.decode()
    disguised = client.get("/t/refused/", headers={"referer": "http://testserver//evil.example.net/"}).content.decode()

    assert 'href="/initiatives/?q=a"' in ours
    assert "evil.example.net" not in elsewhere
    assert "evil.example.net" not in disguised


def test_a_form_without_its_token_is_refused_and_nothing_is_done(reader):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(reader)

    response = browser.post("/t/write/")

    assert response.status_code == 403
    assert b"written" not in response.content


def test_an_address_that_does_not_exist_costs_a_stranger_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(1):  # the company's name, in the footer
        assert client.get("/no/such/page/").status_code == 404
