"""The protective headers, on what the product really answers: every status, page, part and file (A55)."""

import re

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.portal.test_headers import ALWAYS
from tests.safety import world as watch
from tests.safety.reach import reach

HTMX = {"hx-request": "true"}


def answers(made) -> dict[str, tuple[int, object]]:
    """Return one answer of every kind there is, by what it is; with the status it is to have."""
    production, funding = made.on["production"].key, made.on["funding"].key
    sign = reach("gates:sign")[1].url("gates:sign", made)
    owner, staff, nobody = made.client("owner"), made.client("staff"), made.client(watch.ANONYMOUS)
    found = {
        "page": (200, owner.get(f"/initiatives/{production}/")),
        "home": (200, owner.get("/")),
        "catalog": (200, owner.get("/catalog/")),
        "part": (200, owner.get("/catalog/", headers={**HTMX, "hx-target": "catalog"})),
        "csv": (200, owner.get("/catalog.csv")),
        "json": (200, owner.get("/catalog.json")),
        "sign-in": (200, nobody.get("/sign-in/")),
        "health": (200, nobody.get("/healthz/live")),
        "style": (200, nobody.get("/static/portal/app.css")),
        "spelling": (301, owner.get(f"/initiatives/{production.lower()}/")),
        "to sign in": (302, nobody.get("/catalog/")),
        "to the gate": (302, owner.get(f"/initiatives/{funding}/gates/funding/")),
        "part without a session": (401, nobody.get("/catalog/", headers=HTMX)),
        "not yours": (403, staff.get(sign)),
        "part not yours": (403, staff.get(sign, headers=HTMX)),
        "no token": (403, made.client("owner", enforce_csrf_checks=True).post(sign, {})),
        "not there": (404, owner.get("/initiatives/AI-987654/")),
        "nowhere": (404, owner.get("/no/such/page")),
        "no such file": (404, nobody.get("/static/portal/nothing.css")),
        "not this way": (405, owner.post("/catalog/")),
        "other method": (405, owner.put("/catalog/")),
        "blocked": (409, owner.get(reach("gates:sign@not_ready")[1].url("gates:sign", made))),
        "nothing runs": (409, owner.get(f"/initiatives/{made.on['retired'].key}/stop/")),
        "incomplete": (422, owner.post(f"/initiatives/{production}/stop/", {})),
        "wrong password": (422, nobody.post("/sign-in/", {"login": "a@example.org", "password": "x"})),
    }
    with watch.undone():
        found["done"] = (303, owner.post(f"/initiatives/{production}/stop/ask/", {"saw": "It paid twice."}))
    cache.clear()
    for _ in range(7):
        last = nobody.post("/sign-in/", {"login": "a@example.org", "password": "x"})
    cache.clear()
    return {**found, "too many": (429, last)}


def test_every_kind_of_answer_is_protected(world):
    wrong = []
    for what, (status, response) in answers(world).items():
        policy = response.headers.get("Content-Security-Policy", "")
        if response.status_code != status:
            wrong.append(f"{what}: {response.status_code}, {status} was expected")
        if {name: response.headers.get(name) for name in ALWAYS} != ALWAYS:
            wrong.append(f"{what}: lacks {[name for name in ALWAYS if response.headers.get(name) != ALWAYS[name]]}")
        if (
            "unsafe" in policy
            or "default-src 'none'" not in policy
            or "frame-ancestors 'none'" not in policy
            or "*" in policy
            or "http:" in policy
        ):
            wrong.append(f"{what}: its policy is {policy!r}")
        kept = response.headers.get("Cache-Control", "")
        if what != "style" and ("no-store" not in kept or "private" not in kept):
            wrong.append(f"{what}: may be kept ({kept!r})")
        if "Server" in response.headers or "X-Powered-By" in response.headers:
            wrong.append(f"{what}: says what it is made of")

    assert not wrong, "\n".join(wrong)


def test_every_failure_is_a_page_that_says_nothing_about_the_machine(world):
    for what, (status, response) in answers(world).items():
        if status == 401:
            assert response.headers["HX-Redirect"].startswith("/sign-in/"), (
                f"{what} leads nowhere"
            )  # htmx follows it; nothing is shown
        elif status >= 400 and status != 405 and "html" in response.headers.get("Content-Type", ""):
            html = response.content.decode()
            assert re.search(r"<h1[^>]*>\s*\S", html), f"{what} has no heading"
            assert not re.search(
                r"Traceback|/site-packages/|/governance/|Exception|settings\.|DoesNotExist|sqlite|psycopg", html
            ), what
            assert settings.SECRET_KEY not in html


def test_what_is_a_download_says_so_and_is_what_it_says(world):
    csv, json, xlsx = (world.client("owner").get(f"/catalog.{kind}") for kind in ("csv", "json", "xlsx"))

    assert csv["Content-Type"].startswith("text/csv")
    assert json["Content-Type"].startswith("application/json")
    assert xlsx["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert csv["Content-Disposition"].startswith("attachment;")
    assert xlsx["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("who", ["owner", watch.ANONYMOUS])
def test_no_page_holds_an_address_elsewhere_or_anything_inline(world, who):
    """What the policy forbids is not there to be forbidden."""
    for path in ("/", "/sign-in/", "/catalog/", f"/initiatives/{world.on['production'].key}/", "/help/lifecycle/"):
        html = world.client(who).get(path, follow=True).content.decode()
        assert not re.search(r"<(script|link|img|iframe|form)[^>]+(src|href|action)=\"(https?:)?//", html), path
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\son[a-z]+=\"|\sstyle=\"|javascript:", html), path


def test_cookies_are_for_the_server_alone(world):
    """Beyond loopback they are Secure, too, and carry the __Host- prefix (test_production)."""
    from django.test import Client

    from tests.make import PASSWORD

    client = Client()
    client.get("/sign-in/")
    client.post("/sign-in/", {"login": world.cast.staff.email, "password": PASSWORD})

    assert set(client.cookies) >= {"mandate_session", "mandate_csrf"}
    for name, cookie in client.cookies.items():
        if name != "messages":
            assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
