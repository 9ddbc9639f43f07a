"""The same pages under production settings, in a process of its own (A54, A30, A35). What refuses to start is tests/portal/test_safety.py."""

import json
import subprocess
import sys

import pytest

from tests.portal.test_safety import REAL
from tests.running import ROOT, outside


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> dict:
    """What an installation beyond loopback answered, and what it wrote to standard error."""
    home = tmp_path_factory.mktemp("production")
    done = subprocess.run(
        [sys.executable, "-m", "tests.safety.production"],
        cwd=ROOT,
        env=outside(MANDATE_HOME=str(home), **REAL),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "log": done.stderr}


def test_nothing_of_development_is_on(asked):
    assert (asked["debug"], asked["testing"]) == (False, False)
    assert [asked[what]["status"] for what in ("nowhere", "demo", "admin")] == [404, 404, 404]


def test_plain_http_is_led_to_https_and_no_header_says_otherwise(asked):
    for what in ("plain http", "http said to be https"):
        assert asked[what]["status"] == 301
        assert asked[what]["headers"]["Location"].startswith("https://mandate.example.org/sign-in/")
    assert asked["health over http"]["status"] == 200


def test_every_answer_over_https_asks_to_stay_there(asked):
    for what in ("sign-in", "nowhere", "signed in", "home", "broken", "other host"):
        assert asked[what]["headers"]["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", what


def test_cookies_are_secure_and_belong_to_this_host_alone(asked):
    cookies = [cookie for what in ("sign-in", "signed in", "home") for cookie in asked[what]["cookies"]]

    assert {cookie.partition("=")[0] for cookie in cookies} >= {"__Host-csrf", "__Host-session"}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "path=/"} <= parts, cookie
        assert not any(part.startswith("domain") for part in parts), cookie
        if cookie.startswith("__Host-"):
            assert {"httponly", "samesite=lax"} <= parts, cookie


def test_whoever_has_no_second_factor_is_led_to_setting_one_up(asked):
    assert (asked["home"]["status"], asked["home"]["headers"]["Location"]) == (302, "/me/second-factor/")


def test_a_host_nobody_configured_is_refused_and_never_repeated(asked):
    assert asked["other host"]["status"] == 400
    assert "evil.example.net" not in asked["other host"]["body"]
    assert asked["host claimed on the way"]["status"] == 200
    assert "evil.example.net" not in asked["host claimed on the way"]["body"]


@pytest.mark.parametrize("what", ["nowhere", "other host", "broken"])
def test_a_failure_shows_a_page_and_nothing_of_the_machine(asked, what):
    body = asked[what]["body"]

    assert asked[what]["status"] in (400, 404, 500)
    assert "<h1" in body
    for word in (
        "Traceback",
        "site-packages",
        "settings",
        "governance_initiative",
        "no such table",
        "kq3Zr8",
        "DEBUG",
        "urlpatterns",
    ):
        assert word not in body


def test_a_failure_is_one_line_in_the_log(asked):
    assert asked["broken"]["status"] == 500
    lines = [json.loads(line) for line in asked["log"].splitlines() if line.startswith("{")]

    assert any(line.get("status_code") == 500 and line["path"] == "/catalog/" for line in lines)
    assert not any(line.startswith(("Traceback", "  File")) for line in asked["log"].splitlines())
    assert "kq3Zr8" not in asked["log"]
    assert "seven brown foxes" not in asked["log"]
