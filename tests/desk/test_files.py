"""Lists as files: the same rows as their pages, for the same person, whatever the kind of file."""

import csv
import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from governance.core import clock
from governance.initiatives import actions
from tests.crowd import make_crowd
from tests.make import AT, make_initiative

#: Every list there is a file of, the link that its page has, and what stands above its first columns.
LISTS = {
    "/gates/": ["Gate", "Key", "Name", "Kind"],
    "/reviews/": ["Key", "Name", "Unit", "Tier"],
    "/people/": ["E-mail address", "Name", "Title", "Unit"],
    "/people/units/": ["Short name", "Name", "Part of", "Leader"],
}


@pytest.fixture
def at(monkeypatch):
    """Hold the clock still at the moment stories begin."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return AT


def file(client, address: str) -> bytes:
    """Return a file as it comes."""
    response = client.get(address)
    assert response.status_code == 200, address
    return b"".join(response.streaming_content)


def lines(client, address: str) -> list[list[str]]:
    """Return a CSV."""
    return list(csv.reader(io.StringIO(file(client, address).decode().removeprefix("\ufeff"))))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_offered_as_three_files_that_say_the_same(client, cast, sign_in, at, path):
    make_crowd(cast, 60, AT)
    sign_in(client, cast.owner)
    page, stem = client.get(path).content.decode(), path.rstrip("/")

    head, *rows = lines(client, f"{stem}.csv")
    told = json.loads(file(client, f"{stem}.json"))
    book = load_workbook(io.BytesIO(file(client, f"{stem}.xlsx")))
    titles, *values = book[told["list"]].iter_rows(values_only=True)

    for kind in ("xlsx", "csv", "json"):
        assert re.search(rf'<a href="{stem}\.{kind}(\?state=active)?" download>{kind.upper()}</a>', page)
    assert head[:4] == LISTS[path]
    assert len(rows) > 3
    assert titles == ("mandate_key", *head)
    assert [[str(value if value is not None else "") for value in row[1:]] for row in values] == rows
    assert [row[0] for row in values] == [row[0] for row in rows]
    assert len({row[0] for row in rows}) == len(rows) == len(told["rows"])
    assert client.get(f"{stem}.ods").status_code == 404


@pytest.mark.parametrize("path", LISTS)
def test_a_file_costs_the_same_however_long_it_is(client, cast, sign_in, at, path):
    sign_in(client, cast.compliance)
    make_crowd(cast, 30, AT)
    address = f"{path.rstrip('/')}.csv"
    client.get(path)

    with CaptureQueriesContext(connection) as few:
        short = file(client, address)
    make_crowd(cast, 90, AT, seed=2)
    with CaptureQueriesContext(connection) as many:
        long = file(client, address)

    assert len(many) == len(few) <= 9
    assert len(long) > len(short) or path.startswith("/people/")


def test_the_gates_file_says_who_decides_until_when_and_keeps_filters_and_columns(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "funding")
    monkeypatch.setattr(clock, "wall", lambda: story.at)
    asked = story.decision("funding")
    sign_in(client, cast.owner)
    url = client.get("/gates/?mine=1&columns=decides,due_at,is_late&x=1").context["files"][1][1]

    assert url == "/gates.csv?mine=1&columns=decides,due_at,is_late"
    assert lines(client, url) == [
        ["Gate", "Who decides", "Due", "Late"],
        [f"{story.initiative.key}/{asked.number}", "Priya Nair", asked.due_at.isoformat(timespec="seconds"), "no"],
    ]
    assert lines(sign_in(client, cast.staff), url)[1:] == []


def test_the_reviews_file_says_who_reviews_and_from_when(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "production")
    monkeypatch.setattr(clock, "wall", lambda: story.fresh.review_due_at)
    sign_in(client, cast.staff)

    (_head, row) = lines(client, "/reviews.csv?columns=reviewers,due_at,is_late")

    assert row == [
        story.initiative.key,
        "Priya Nair, Lena Kraus",
        story.fresh.review_due_at.isoformat(timespec="seconds"),
        "yes",
    ]


def test_the_people_file_has_one_half_of_the_directory_and_no_grade(client, cast, sign_in, at):
    cast.legal.is_active, cast.legal.left_on = False, AT.date()
    cast.legal.save()
    sign_in(client, cast.staff)

    working, left = lines(client, "/people.csv"), lines(client, "/people.csv?state=left&columns=name,left_on")

    assert "jon.marsh@example.org" not in {row[0] for row in working}
    assert ["miriam.osei@example.org", "Miriam Osei", "Compliance officer", "Northwind", "Compliance"] in [
        row[:5] for row in working
    ]
    assert left == [["E-mail address", "Name", "Last day"], ["jon.marsh@example.org", "Jon Marsh", "2026-03-03"]]
    assert not {"grade", "phone"} & {word.casefold() for word in working[0]}


def test_files_of_gates_and_reviews_leave_no_trace_of_what_one_may_not_see(client, cast, sign_in, monkeypatch):
    gate, review = make_initiative(cast, "funding", name="Merger"), make_initiative(cast, "production", name="Layoffs")
    for story in (gate, review):
        actions.set_restricted(story.fresh, True, by=cast.lead, at=story.at)
    monkeypatch.setattr(clock, "wall", lambda: max(gate.at, review.at))

    for path, name in (("/gates", "Merger"), ("/reviews", "Layoffs")):
        assert name in file(sign_in(client, cast.compliance), f"{path}.csv").decode()
        assert name not in file(sign_in(client, cast.staff), f"{path}.csv").decode()
