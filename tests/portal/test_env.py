"""A variable that cannot be read is refused in a sentence that names it."""

import pytest

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
            "SECRET_KEY_FILE",
            "/nowhere/key",
            "SECRET_KEY_FILE names '/nowhere/key', which cannot be read: No such file or directory.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path, name, value, expected):
    done = manage("check", MANDATE_HOME=str(tmp_path), **{name: value})

    assert (done.returncode, done.stderr.strip()) == (1, expected)


def test_a_value_may_stand_in_a_file(tmp_path, monkeypatch):
    from portal import env

    (tmp_path / "value").write_text("7\n")
    monkeypatch.setitem(env.DECLARED, "X_TEST", None)
    monkeypatch.setenv("X_TEST_FILE", str(tmp_path / "value"))

    assert env.read("X_TEST", 1, "a test", env.number) == 7
