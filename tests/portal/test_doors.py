"""Who has not signed in reaches a short list of pages, and nothing else, by any method."""

from contextlib import suppress

import pytest
from django.http import Http404
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

pytestmark = pytest.mark.django_db

#: Addresses (as routes) that need no sign-in, in a real installation.
OPEN = {
    "healthz/live",
    "healthz/ready",
    "sign-in/",
    "sign-in/closed/",
    "sign-out/",
    "public/",
    "public.csv",
    "public.json",
    "sign-in/code/",
    "sign-in/company/",
    "sign-in/company/back/",
    "password/reset/",
    "password/reset/sent/",
    "password/reset/done/",
    r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}
#: One-time links: the token is the key to the door.
BY_LINK = ("setup/", "invitation/")


def routes(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from routes(pattern.url_patterns, route)


def test_every_page_but_those_on_the_list_leads_to_the_sign_in_page(installation, rf, client):
    from django.contrib.auth.models import AnonymousUser

    from portal.middleware import LoginRequired

    door = LoginRequired(lambda request: None)
    found = dict(routes(get_resolver("portal.urls").url_patterns))
    entered = set()
    for route, pattern in found.items():
        for method in ("get", "post", "put", "patch", "delete", "options", "head"):
            request = getattr(rf, method)("/")
            request.user, request.installation, request.htmx = AnonymousUser(), installation, False
            answer = door.process_view(request, pattern.callback, (), {})
            if answer is None and route.startswith("demo/"):
                # Open by mark, and not there at all outside a demo.
                with suppress(Http404):
                    values = {name: 1 for name in getattr(pattern.pattern, "converters", {})}
                    assert pattern.callback(request, **values).status_code == 405, route
            elif answer is None:
                entered.add(route)
            else:
                assert answer.url.startswith("/sign-in/"), route

    assert {route for route in entered if not route.startswith(BY_LINK)} == OPEN


def test_no_page_takes_a_form_without_its_token():
    found = routes(get_resolver("portal.urls").url_patterns)

    assert [route for route, pattern in found if getattr(pattern.callback, "csrf_exempt", False)] == []


@pytest.mark.parametrize(
    "path",
    [
        "/sign-up/",
        "/signup/",
        "/accounts/signup/",
        "/accounts/login/",
        "/email/",
        "/confirm-email/",
        "/inactive/",
        "/reauthenticate/",
        "/password/set/",
        "/login/code/",
        "/admin/",
    ],
)
def test_no_other_door_of_the_sign_in_package_is_there(path, client):
    assert client.get(path).status_code == 404


@pytest.mark.urls("tests.portal.urls")
def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(client, installation):
    response = client.get(
        "/t/private/", headers={"hx-request": "true", "hx-current-url": "http://testserver/initiatives/?q=a"}
    )

    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/sign-in/?next=/initiatives/%3Fq%3Da"


@pytest.mark.urls("tests.portal.urls")
@pytest.mark.parametrize(("kind", "status"), [("demo", 200), ("real", 302)])
def test_the_front_door_is_open_in_a_demo_only(kind, status, client):
    from django.utils import timezone

    from governance.core.models import Installation

    Installation.objects.create(pk=1, kind=kind, company="Aldermoor", made_at=timezone.now())

    assert client.get("/t/front/").status_code == status


def test_a_password_lets_in_and_a_wrong_one_says_so_with_422(client, reader, installation):
    wrong = client.post("/sign-in/", {"login": "reader@example.org", "password": "no"})
    right = client.post("/sign-in/", {"login": "Reader@Example.org", "password": "correct horse battery"})

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert int(client.session["_auth_user_id"]) == reader.pk


def test_somebody_who_left_does_not_get_in(client, reader, installation):
    from datetime import date

    reader.is_active, reader.left_on = False, date(2026, 1, 1)
    reader.save()

    response = client.post("/sign-in/", {"login": "reader@example.org", "password": "correct horse battery"})

    assert (response.status_code, response.url) == (303, "/sign-in/closed/")
    assert client.get(response.url).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_reset_mail_leads_to_our_site_whatever_host_was_asked_and_works_once(
    client, reader, installation, settings, mailoutbox
):
    import re

    settings.SITE_URL = "https://mandate.example.org"
    settings.ALLOWED_HOSTS = ["testserver", "other.example.org"]

    asked = client.post(
        "/password/reset/",
        {"email": "reader@example.org"},
        headers={"host": "other.example.org", "x-forwarded-host": "evil.example.net"},
    )
    link = re.search(r"https?://\S+", mailoutbox[0].body)[0]
    assert asked.status_code == 303
    assert link.startswith("https://mandate.example.org/password/reset/")
    assert "evil.example.net" not in mailoutbox[0].body

    form = client.get(link.removeprefix("https://mandate.example.org"), follow=True)
    done = client.post(
        form.request["PATH_INFO"],
        {"password1": "another long password", "password2": "another long password"},
    )
    reader.refresh_from_db()
    assert done.status_code == 303
    assert reader.check_password("another long password")


def test_a_reset_for_an_address_nobody_has_says_the_same_and_sends_nothing(client, installation, mailoutbox):
    response = client.post("/password/reset/", {"email": "nobody@example.org"})

    assert response.status_code == 303
    assert mailoutbox == []


def test_people_without_a_password_are_told_so_when_they_want_to_change_it(client, reader, installation):
    reader.set_unusable_password()
    reader.save()
    client.force_login(reader)

    response = client.get("/password/change/")

    assert response.status_code == 403
    assert "You have no password here" in response.content.decode()
