"""Every response carries the same protective headers, whatever happened to the request."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.portal.urls")]

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def assert_protected(response) -> None:
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    policy = dict(part.strip().partition(" ")[::2] for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["frame-ancestors"], policy["base-uri"]) == (
        "'self'",
        "'self'",
        "'none'",
        "'none'",
    )
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert "Server" not in response.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in/", 200),
        ("/t/private/", 302),
        ("/t/odd/", 400),
        ("/t/refused/", 403),
        ("/t/denied/", 403),
        ("/t/missing/", 404),
        ("/no/such/page/", 404),
        ("/t/write/", 405),
        ("/t/blocked/", 409),
        ("/t/conflict/", 409),
        ("/t/broken/", 500),
        ("/t/streamed/", 200),
        ("/healthz/live", 200),
    ],
)
def test_pages_and_failures_are_protected_and_kept_nowhere(path, status, reader, installation):
    browser = Client(raise_request_exception=False)
    if path == "/t/write/":
        browser.force_login(reader)

    response = browser.get(path)

    assert response.status_code == status
    assert_protected(response)
    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]


def test_files_are_protected_and_may_be_kept(client):
    response = client.get("/static/portal/app.css")

    assert response.status_code == 200
    assert_protected(response)
    assert "max-age" in response.headers["Cache-Control"]


def test_an_unknown_host_is_refused_with_the_same_headers(client, settings):
    settings.ALLOWED_HOSTS = ["mandate.example.org"]

    response = client.get("/sign-in/", headers={"host": "evil.example.net"})

    assert response.status_code == 400
    assert b"evil.example.net" not in response.content
    assert_protected(response)


def test_a_form_from_elsewhere_is_refused_with_the_same_headers(reader):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(reader)

    response = browser.post("/t/write/", headers={"origin": "https://evil.example.net"})

    assert response.status_code == 403
    assert_protected(response)


def test_beyond_loopback_every_answer_over_https_asks_to_stay_there(settings, rf):
    from django.http import HttpResponse

    from portal.middleware import Headers

    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True
    headers = Headers(lambda request: HttpResponse(status=400))

    assert headers(rf.get("/", secure=True))["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in headers(rf.get("/"))


def test_a_page_does_not_show_what_broke(client):
    client.raise_request_exception = False

    response = client.get("/t/broken/")

    assert response.status_code == 500
    assert b"secret-detail" not in response.content
    assert b"Traceback" not in response.content
    assert b"<h1>" in response.content
