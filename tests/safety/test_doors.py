"""Who comes in, how, and from where: without signing in (A15), by other methods (A16), with somebody else's form (A31), and where a `next` leads (A34)."""

import re
from itertools import cycle
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from governance.core import clock
from governance.core.models import Installation
from governance.notices.models import Message
from tests.make import PASSWORD
from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_access import ENTRIES, TABLE, expected, routes
from tests.web import Page

#: Addresses that need no sign-in (A15); the one-time links are keys of their own.
OPEN = {
    "live",
    "ready",
    "account_login",
    "account_inactive",
    "account_logout",
    "mfa_authenticate",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "people:invitation",
    "people:setup",
}
#: The front door of a demo, on top.
OPEN_IN_A_DEMO = OPEN | {"desk:home", "demo:people", "demo:become", "demo:mail", "demo:message"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
#: Places nobody left anything in (A58).
NOTHING_THERE = (
    "/.env",
    "/.git/config",
    "/.git/HEAD",
    "/admin/",
    "/admin/login/",
    "/api/",
    "/api/v1/",
    "/graphql",
    "/metrics",
    "/debug/",
    "/__debug__/",
    "/server-status",
    "/phpinfo.php",
    "/wp-login.php",
    "/media/",
    "/static/",
    "/static/../portal/settings.py",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/portal/",
    "/static/portal/../../manage.py",
    "/var/secret_key",
    "/secret_key",
    "/mandate.sqlite3",
    "/checkpoints.log",
    "/robots.txt~",
    "/swagger.json",
    "/openapi.json",
    "/docs",
    "/accounts/login/",
    "/healthz/",
    "/healthz/db",
    "/catalog.xls",
    "/ledger.csv",
)

NAMES = sorted({name for name, _pattern in routes()})


def address(made, name: str) -> str:
    """Return an address of this name that leads somewhere."""
    entry = name if name in TABLE else next(e for e in ENTRIES if e.startswith(f"{name}@"))
    return reach(entry)[1].url(name, made)


# A15: who has not signed in


@pytest.mark.parametrize("kind", ["real", "demo"])
def test_who_has_not_signed_in_reaches_the_open_doors_and_nothing_else_by_any_method(world, kind):
    Installation.objects.filter(pk=1).update(kind=kind)
    Message.objects.create(
        pk=1,
        message_id="<a@localhost>",
        person=world.cast.owner,
        send_at=clock.now(),
        sent_at=clock.now(),
        attempt=1,
        to_address="a@example.org",
        subject="Hello",
        text="Hello.",
    )
    entered = set()

    for name in NAMES:
        for method in METHODS:
            with watch.undone(), watch.watching() as written:
                response = world.client(watch.ANONYMOUS).generic(method, address(world, name))
                refused = response.status_code in (404, 405) or (
                    response.status_code == 302 and response["Location"].startswith("/sign-in/")
                )
                if not refused:
                    entered.add(name)
                assert name in OPEN_IN_A_DEMO or not written.statements, (
                    f"{method} {name} wrote {written.statements} for nobody."
                )

    shut = {
        "account_logout",
        "people:invitation",
        "people:setup",
    }  # open, and nothing to see without a session or a token
    assert entered | shut == (OPEN_IN_A_DEMO if kind == "demo" else OPEN) | {"account_logout"}


@pytest.mark.parametrize("path", NOTHING_THERE)
@pytest.mark.parametrize("who", [watch.ANONYMOUS, "admin"])
def test_nothing_is_left_lying_about(world, path, who):
    response = world.client(who).get(path)

    assert response.status_code == 404
    assert b"DJANGO_SETTINGS" not in b"".join(response)


# A16: other methods


def test_no_address_answers_another_method_and_a_header_does_not_make_one(world):
    wrong = []
    for name in NAMES:
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO"):
            with watch.undone(), watch.watching() as written:
                response = world.client("owner").generic(method, address(world, name))
            if response.status_code != 405 or written.tables:
                wrong.append(f"{method} {name}: {response.status_code}, wrote {sorted(written.tables)}")

    assert not wrong, "\n".join(wrong)


def test_a_head_is_a_get_without_its_body_or_nothing(world):
    wrong = []
    for name, who in zip(NAMES, cycle(("owner", "office", "staff")), strict=False):
        with watch.undone(), watch.watching() as written:
            client = world.client(who)
            head, get = client.head(address(world, name)), client.get(address(world, name))
        if head.status_code not in (405, get.status_code) or written.tables or b"".join(head):
            wrong.append(
                f"HEAD {name} as {who}: {head.status_code}, GET {get.status_code}, wrote {sorted(written.tables)}"
            )

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("header", ["x-http-method-override", "x-method-override", "x-http-method"])
def test_no_header_turns_a_look_into_an_act_or_an_act_into_a_look(world, header):
    url = f"/initiatives/{world.on['production'].key}/stop/"
    with watch.undone(), watch.watching() as written:
        looked = world.client("owner").get(url, headers={header: "POST"})
        acted = world.client("owner").post(url, {"reason": "harm", "_method": "GET"}, headers={header: "GET"})

        assert (looked.status_code, acted.status_code) == (200, 303)
        assert world.fresh("production").stage == "stopped"
    assert written.tables


# A31: somebody else's form


def takes_a_form(name: str) -> bool:
    """Return whether anybody at all may send something to this address."""
    entries = [e for e in ENTRIES if reach(e)[0] == name]
    return any(
        status != 405
        for entry in entries
        for status in expected(entry, "post").values()
        if status != TABLE["anonymous"]
    )


@pytest.mark.parametrize("who", ["owner", watch.ANONYMOUS])
def test_a_form_without_its_token_is_refused_everywhere(world, who):
    wrong = []
    for name in filter(takes_a_form, NAMES):
        with watch.undone(), watch.watching() as written:
            client = world.client(who, enforce_csrf_checks=True)
            response = client.post(address(world, name), reach(name)[1].data(world))
        page = Page(response.content.decode(), "/")
        if response.status_code != 403 or not page.h1 or "This form was too old" not in page.h1 or written.statements:
            wrong.append(f"{name}: {response.status_code}, {page.h1}, wrote {written.statements}")

    assert not wrong, "\n".join(wrong)


def test_a_form_with_its_token_from_another_site_is_refused(world):
    url = f"/initiatives/{world.on['production'].key}/stop/"
    client = world.client("owner", enforce_csrf_checks=True)
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(url).content)[1].decode()
    sent = {"reason": "harm", "csrfmiddlewaretoken": token}

    for headers in (
        {"origin": "https://evil.example.net"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example.net"},
        {"origin": "https://testserver"},
    ):
        with watch.undone():
            assert client.post(url, sent, headers=headers).status_code == 403
            assert world.fresh("production").stage == "production"
    with watch.undone():
        assert client.post(url, sent, headers={"origin": "http://testserver"}).status_code == 303


def test_somebody_elses_token_is_no_key_to_a_sign_in(world):
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', Client().get("/sign-in/").content)[1].decode()

    response = Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"login": world.cast.staff.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    )

    assert response.status_code == 403
    assert "_auth_user_id" not in response.client.session


def test_signing_out_and_moving_the_clock_are_forms_not_links(world):
    Installation.objects.filter(pk=1).update(kind="demo")
    client = world.client("owner")

    assert client.get("/sign-out/").status_code == 200
    assert client.get("/demo/clock/?days=7").status_code == 405
    assert client.get(f"/demo/become/{world.cast.staff.pk}/").status_code == 405
    assert client.get("/catalog/").status_code == 200


# A34: where `next` leads

ELSEWHERE = [
    "//evil.example.net",
    "///evil.example.net",
    "////evil.example.net",
    "/\\evil.example.net",
    "\\\\evil.example.net",
    "\\/evil.example.net",
    "/\\/evil.example.net",
    "//evil.example.net/%2f..",
    "///evil.example.net/..",
    "//evil.example.net/catalog/",
    "/%09/evil.example.net",
    "/\t/evil.example.net",
    "/\n/evil.example.net",
    "/\r/evil.example.net",
    "\t//evil.example.net",
    " //evil.example.net",
    "\x00//evil.example.net",
    "\x01//evil.example.net",
    "\x1f//evil.example.net",
    "/\x0b/evil.example.net",
    "http://evil.example.net",
    "https://evil.example.net",
    "HTTP://evil.example.net",
    "hTTps://evil.example.net/",
    "http:evil.example.net",
    "https:evil.example.net",
    "http:/evil.example.net",
    "https:/evil.example.net",
    "http:///evil.example.net",
    "https:///evil.example.net",
    "http:\\\\evil.example.net",
    "https:\\evil.example.net",
    "http://testserver@evil.example.net",
    "http://testserver:80@evil.example.net/",
    "//testserver@evil.example.net",
    "//testserver:x@evil.example.net",
    "http://evil.example.net#testserver",
    "http://evil.example.net?testserver",
    "http://evil.example.net\\@testserver",
    "http://evil.example.net\\.testserver",
    "//evil.example.net\\@testserver",
    "http://testserver.evil.example.net",
    "//testserver.evil.example.net",
    "http://testserverevil.example.net",
    "http://[::ffff:203.0.113.5]/",
    "http://[evil",
    "//[evil",
    "http://0xcb007105/",
    "//3405803781/",
    "http://evil。example。net",
    "//evil%E3%80%82example.net",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://testserver/%0aalert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://evil.example.net",
    "ws://evil.example.net",
    "blob:http://evil.example.net/x",
    "mailto:x@evil.example.net",
    "tel:+44",
    "about:blank",
    "view-source:http://evil.example.net",
    "//evil.example.net:80",
    "//evil.example.net.",
    "//user:pass@evil.example.net/",
    "/..//evil.example.net",
    "/.//evil.example.net",
    "/catalog/..//..//evil.example.net",
    "/%5cevil.example.net",
    "/%2f%2fevil.example.net",
    "%2f%2fevil.example.net",
    "%5c%5cevil.example.net",
    "/%0d%0aLocation:%20http://evil.example.net",
    "/\r\nLocation: http://evil.example.net",
    "/catalog/\r\nSet-Cookie: a=b",
    "?next=//evil.example.net",
    "#//evil.example.net",
    ";//evil.example.net",
    "//;@evil.example.net",
    "/\u2028/evil.example.net",
    "\u3000//evil.example.net",
    "／／evil.example.net",
    "//evil.example.net／",
    "http://testserver:8000:evil@evil.example.net",
]


def stays_here(location: str) -> bool:
    """Return whether a browser that is sent to `location` stays on our site: it strips control characters and reads \\ as /."""
    seen = "".join(c for c in location.strip("".join(map(chr, range(33)))) if c not in "\t\r\n").replace("\\", "/")
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", seen) and not seen.startswith("http://testserver/"):
        return False
    return urlsplit(urljoin("http://testserver/sign-in/", seen)).netloc == "testserver" and not any(
        c in location for c in "\r\n"
    )


def test_the_list_is_one_of_places_elsewhere():
    assert len(ELSEWHERE) == len(set(ELSEWHERE))
    assert len(ELSEWHERE) >= 60
    assert not any(
        map(
            stays_here,
            (
                "//evil.example.net",
                "/\\evil.example.net",
                "http:evil.example.net",
                "javascript:alert(1)",
                "\t//evil.example.net",
                "/\t/evil.example.net",
            ),
        )
    )
    assert all(map(stays_here, ("/catalog/", "/catalog/?q=//evil", "catalog/", "?a=b")))


def leads(made, payload: str) -> dict:
    """Return every page that reads a `next`, as functions that ask it."""
    encoded, nobody = quote(payload, safe=""), watch.ANONYMOUS
    sign_in = {"login": made.cast.staff.email, "password": PASSWORD}
    change = {
        "oldpassword": PASSWORD,
        "password1": "seven brown foxes",
        "password2": "seven brown foxes",
        "next": payload,
    }
    return {
        "sign-in by address": lambda: made.client(nobody).post(f"/sign-in/?next={encoded}", sign_in),
        "sign-in by form": lambda: made.client(nobody).post("/sign-in/", {**sign_in, "next": payload}),
        "signed in already": lambda: made.client("staff").get(f"/sign-in/?next={encoded}"),
        "proof there already": lambda: made.client("staff").get(f"/prove/?next={encoded}"),
        "proof": lambda: made.client("staff").post(f"/prove/?next={encoded}", {"password": PASSWORD, "next": payload}),
        "sign-out": lambda: made.client("staff").post(f"/sign-out/?next={encoded}", {"next": payload}),
        "password change": lambda: made.client("staff").post(f"/password/change/?next={encoded}", change),
        "password reset": lambda: made.client(nobody).post(
            f"/password/reset/?next={encoded}", {"email": "nobody@example.org", "next": payload}
        ),
        "becoming somebody": lambda: made.client(nobody).post(f"/demo/become/{made.cast.staff.pk}/", {"next": payload}),
        "the clock": lambda: made.client("staff").post("/demo/clock/", {"days": "0", "next": payload}),
        "a page that needs a sign-in": lambda: made.client(nobody).get(f"/catalog/?next={encoded}"),
    }


def asked(made, payload: str):
    """Yield (page, its answer), each on its own."""
    for page, ask in leads(made, payload).items():
        cache.clear()  # the counting of tries is another test's subject
        with watch.undone():
            yield page, ask()


def test_no_next_leads_off_our_site(world):
    Installation.objects.filter(pk=1).update(kind="demo")
    wrong = []
    for payload in ELSEWHERE:
        for page, response in asked(world, payload):
            if response.status_code not in (301, 302, 303):
                wrong += (
                    [f"{page} with {payload!r}: {response.status_code}"]
                    if response.status_code not in (200, 422)
                    else []
                )
            elif not stays_here(response["Location"]):
                wrong.append(f"{page} with {payload!r} leads to {response['Location']!r}")

    assert not wrong, "\n".join(wrong)


def test_a_next_of_ours_is_followed(world):
    Installation.objects.filter(pk=1).update(kind="demo")
    there = {page: response["Location"] for page, response in asked(world, "/catalog/?q=a")}

    assert there.pop("a page that needs a sign-in").startswith("/sign-in/?next=/catalog/")
    assert set(there.values()) == {"/catalog/?q=a"}, there
