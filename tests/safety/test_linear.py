"""Long and hostile text takes time in proportion to its length: whoever reads it again from each letter would need hours here."""

import contextlib
import multiprocessing
from functools import partial

import pytest
from django.core.exceptions import ValidationError

from governance.comments import mentions
from governance.core import asking, export
from governance.initiatives import catalog, own, search, tags, technical
from governance.initiatives.models import Initiative, OwnColumn
from governance.public import rules
from governance.registers import columns, directory_rows, ours, stage
from governance.templatetags import mandate

#: Long enough that what grows with the square is not done within the time a test has.
LONG = 200_000
HOSTILE = {
    "spaces": "a" + " " * LONG + "b",
    "one word": "a" * LONG,
    "a word and an at": "a" * LONG + " @",
    "ats": "a@" * (LONG // 2),
    "line breaks": "a" + "\n " * (LONG // 2) + "b",
    "marks": "#_x" * (LONG // 3),
    "combining": "a" + "\u0301\u0323" * (LONG // 2),
    "slashes": " / " * (LONG // 3),
    "addresses": "https://" * (LONG // 8),
    "digits": "9" * LONG,
    "hyphens": "a-" * (LONG // 2),
}


def _read(column: OwnColumn, text: str) -> None:
    with contextlib.suppress(own.Unreadable):
        own.read(column, text)


def _tags(text: str) -> None:
    with contextlib.suppress(ValidationError):
        tags.keep(tags.read(text))


READERS = {
    "search": lambda text: search.words(text[: asking.LONGEST]),
    "text of an initiative": lambda text: search.text_of(Initiative(number=1, purpose=text)),
    "key": catalog.key_in,
    "technical words": technical.found_in,
    "one line of a list": stage.in_one_line,
    "titles": lambda text: columns.place(text, [text, "#1"]),
    "path of a unit": lambda text: directory_rows._PATH.split(" ".join(text.split())),
    "cells out": lambda text: export.bare_in_sheet(export.in_sheet(text)),
    "cells in": lambda text: ours.text_here(text, "xlsx"),
    "redaction": rules.Redaction(["Ada Lovelace", "a a"]),
    "links": mandate.linked,
    "a line with links": mandate.in_line,
    "mentions": lambda text: list(mentions._AT.finditer(text)),
    "tags": _tags,
    "one line of an address": asking.one_line,
    **{f"own {kind}": partial(_read, OwnColumn(kind=kind, title="C")) for kind in ("text", "number", "date", "link")},
}


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_of_text_takes_more_than_in_proportion_to_it(reader):
    """In a process of its own: nothing interrupts an expression that runs away."""
    child = multiprocessing.get_context("fork").Process(target=lambda: [READERS[reader](t) for t in HOSTILE.values()])
    child.start()
    child.join(20)
    running = child.is_alive()
    child.kill()

    assert (running, child.exitcode) == (False, 0)
