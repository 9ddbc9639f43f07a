"""A variable that cannot be read is refused in a sentence that names it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import env
from tests.running import manage


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", "perhaps", "DEBUG is 'perhaps'. Expected yes or no (also 1/0, true/false, on/off)."),
        ("SWEEP_SECONDS", "soon", "SWEEP_SECONDS is 'soon'. Expected a whole number."),
        (
            "TIME_ZONE",
            "Mars/Base",
            "TIME_ZONE is 'Mars/Base'. Expected the name of a time zone, such as Europe/Berlin.",
        ),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'loud'. Expected DEBUG, INFO, WARNING or ERROR."),
        (
            "DATABASE_URL",
            "mysql://u@h/d",
            "DATABASE_URL names no PostgreSQL database. Expected postgres://user:password@host:5432/name.",
        ),
        (
            "EMAIL_URL",
            "smtp://user:secret@h:99999999",
            "EMAIL_URL cannot be read. Expected smtp+tls://user:password@mail.example.org:587.",
        ),
        (
            "CELERY_BROKER_URL",
            "ftp://user:secret@h",
            "CELERY_BROKER_URL cannot be read. Expected an address that starts with memory://, redis://, rediss://,"
            " amqp://, amqps://, pyamqp://, sentinel://.",
        ),
        (
            "SECRET_KEY_FILE",
            "/nowhere/key",
            "SECRET_KEY_FILE names '/nowhere/key', which cannot be read: No such file or directory.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path, name, value, expected):
    done = manage("check", MANDATE_HOME=str(tmp_path), **{name: value})

    assert (done.returncode, done.stderr.strip()) == (1, expected)


@pytest.mark.parametrize(
    ("cast", "fair", "wrong"),
    [
        (
            env.hosts,
            ["mandate.example.org", "localhost,[::1]", ".example.org"],
            ["http://x", "x:8000", " , ", "a b", "x/y"],
        ),
        (
            env.address,
            ["https://mandate.example.org", "http://localhost:8000/"],
            ["mandate", "javascript:alert(1)", "http://[bad", "https://x?y", "https://x:99999", "https://a b"],
        ),
        (
            env.broker,
            ["memory://", "redis://localhost:6379/0", "amqp://u:p@h//"],
            ["ftp://x", "localhost:6379", "redis"],
        ),
        (env.period, ["1", "60", "86400"], ["0", "-5", "9" * 30, "1.5", "²", ""]),
        (
            env.sender,
            ["Mandate <mandate@localhost>", "a@example.org"],
            ["nobody", "a@b\nBcc: c@d", "<>", "Mandate <mandate>"],
        ),
    ],
)
def test_what_could_not_work_is_refused_when_it_is_read(monkeypatch, cast, fair, wrong):
    monkeypatch.setitem(env.DECLARED, "X_TEST", None)
    for value in fair:
        monkeypatch.setenv("X_TEST", value)
        env.read("X_TEST", "", "a test", cast)
    for value in filter(None, wrong):
        monkeypatch.setenv("X_TEST", value)
        with pytest.raises(ImproperlyConfigured, match="Expected "):
            env.read("X_TEST", "", "a test", cast)


def test_a_value_may_stand_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "value").write_text("7\n")
    monkeypatch.setitem(env.DECLARED, "X_TEST", None)
    monkeypatch.setenv("X_TEST_FILE", str(tmp_path / "value"))

    assert env.read("X_TEST", 1, "a test", env.number) == 7
