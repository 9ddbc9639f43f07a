"""One event is one parseable line, whatever people call themselves."""

import json
import logging

import pytest

from portal.logs import Line


def line(message: str, *args, **extra) -> str:
    record = logging.LogRecord("mandate", logging.WARNING, __file__, 1, message, args, None)
    record.__dict__.update(extra)
    return Line().format(record)


@pytest.mark.parametrize(
    "nasty",
    [
        "a\nb",
        "a\r\nb",
        "\x1b[2Jgone",
        "a\u2028b",
        "a\u2029b",
        "a\x85b",
        "nul\x00",
        "del\x7f",
        '"quote"',
        "\ud800",
    ],
)
def test_what_people_type_stays_on_the_line(nasty):
    said = line("%s signed in", nasty, path=nasty)

    assert said.isascii()
    assert said.isprintable()
    assert json.loads(said)["message"] == f"{nasty} signed in"
    assert json.loads(said)["path"] == nasty


def test_a_failure_carries_its_trace_on_the_same_line():
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        import sys

        said = line("it failed", exc_info=sys.exc_info())

    assert said.isprintable()
    assert json.loads(said)["trace"].endswith("ValueError: broken\nin two")


def test_a_line_says_when_how_bad_where_and_what():
    said = json.loads(line("the %s is late", "sweep", task="sweep"))

    assert said.pop("at").endswith("+00:00")
    assert said == {"level": "WARNING", "logger": "mandate", "message": "the sweep is late", "task": "sweep"}
