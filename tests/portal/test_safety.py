"""What must not start does not start, and says why in one sentence."""

import subprocess
import sys

import pytest
from django.utils import timezone

from governance import checks
from portal import safety
from tests.running import ROOT, manage, outside

REAL = {
    "ALLOWED_HOSTS": "mandate.example.org",
    "SITE_URL": "https://mandate.example.org",
    "SECRET_KEY": "kq3Zr8_wY1nVb5Jt7LxP0sGd2FhMc9AoEiUyTnRvBwQzXlKj4H",
    "CELERY_BROKER_URL": "redis://localhost:6379/0",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
}


def test_the_production_settings_pass_djangos_own_checks(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "WARNING", MANDATE_HOME=str(tmp_path), **REAL)

    assert (done.returncode, done.stderr) == (0, "")


def test_what_an_operator_forgets_is_warned_about(tmp_path):
    forgotten = {"ALLOWED_HOSTS": "mandate.example.org"}

    done = manage("check", "--deploy", "--fail-level", "WARNING", MANDATE_HOME=str(tmp_path), **forgotten)

    assert done.returncode == 1
    assert {"mandate.W004", "mandate.W005", "mandate.W007"} <= set(
        done.stderr.replace("(", " ").replace(")", " ").split()
    )


SERVE = ("portal.serve", "--port", "0")
WORKER = ("celery", "-A", "portal", "worker", "-P", "solo")
BEAT = ("celery", "-A", "portal", "beat", "--pidfile=")
SAMPLE = {"SECRET_KEY": "replace-this-sample-secret-before-you-start-mandate"}


@pytest.mark.parametrize(
    ("program", "change", "sentence"),
    [
        (SERVE, SAMPLE, "SECRET_KEY is the one from the sample files"),
        (WORKER, SAMPLE, "SECRET_KEY is the one from the sample files"),
        (BEAT, SAMPLE, "SECRET_KEY is the one from the sample files"),
        (SERVE, {"SECRET_KEY": "short"}, "SECRET_KEY can be guessed"),
        (SERVE, {"DEBUG": "yes"}, "DEBUG is on and mandate.example.org reaches further than this machine"),
        (SERVE, {}, "style sheets and scripts are not collected yet."),
    ],
)
def test_no_process_starts(tmp_path, program, change, sentence):
    done = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=ROOT,
        env=outside(MANDATE_HOME=str(tmp_path), **REAL | change),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"Mandate does not start: {sentence}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_a_worker_of_its_own_needs_a_broker_that_reaches_it(tmp_path, command):
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "portal", command],
        cwd=ROOT,
        env=outside(MANDATE_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "Mandate does not start: CELERY_BROKER_URL is memory://, which no other process hears."
        " Name a Redis or RabbitMQ, for example redis://localhost:6379/0.\n"
    )
    assert not list(ROOT.glob("celerybeat*")), "what a beat writes belongs into MANDATE_HOME"


@pytest.mark.django_db
def test_a_demo_is_refused_beyond_loopback(settings, capsys):
    from governance.core.models import Installation

    settings.ALLOWED_HOSTS = ["localhost", "mandate.example.org"]
    settings.SECRET_KEY = REAL["SECRET_KEY"]
    assert checks.demo(databases=["default"]) == []
    safety.refuse_unsafe_start()

    Installation.objects.create(pk=1, kind="demo", company="Aldermoor", made_at=timezone.now())

    assert [error.id for error in checks.demo(databases=["default"])] == ["mandate.E006"]
    assert checks.demo(databases=None) == []
    with pytest.raises(SystemExit, match="1"):
        safety.refuse_unsafe_start()
    assert "This database holds a demo" in capsys.readouterr().err


@pytest.mark.django_db
@pytest.mark.parametrize("hosts", [["localhost"], ["127.0.0.1", "[::1]"], ["localhost", "127.0.0.1", "[::1]"]])
def test_a_demo_on_loopback_may_start_but_not_listen_beyond_it(hosts, settings, capsys):
    from governance.core.models import Installation

    Installation.objects.create(pk=1, kind="demo", company="Aldermoor", made_at=timezone.now())
    settings.ALLOWED_HOSTS = hosts

    safety.refuse_unsafe_start(bind=["127.0.0.1"])
    assert checks.demo(databases=["default"]) == []
    with pytest.raises(SystemExit, match="1"):
        safety.refuse_unsafe_start(bind=["0.0.0.0"])
    assert "served on localhost only, not on 0.0.0.0" in capsys.readouterr().err


@pytest.mark.parametrize("host", [".localhost", "*", "localhost.example.org", "127.0.0.2", "0.0.0.0"])
def test_what_only_looks_like_loopback_is_not(host, settings):
    settings.ALLOWED_HOSTS = [host]

    assert checks.beyond_loopback() == [host]


@pytest.mark.django_db
def test_debug_pages_are_not_served_on_an_address_others_reach(settings, capsys):
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["localhost"]

    safety.refuse_unsafe_start(bind=["localhost"])
    with pytest.raises(SystemExit, match="1"):
        safety.refuse_unsafe_start(bind=["0.0.0.0"])

    assert "DEBUG is on and 0.0.0.0 reaches further" in capsys.readouterr().err
