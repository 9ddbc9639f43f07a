"""The bench itself: bars hold and are missed where they should, and a run of a few rows goes through."""

import os
import subprocess
import sys

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from governance.core import lists
from governance.initiatives import catalog as listed
from governance.initiatives.models import KINDS_OF_ROWS, CatalogRow
from tests.bench import catalog
from tests.bench.__main__ import told
from tests.bench.measure import Bar, Taken, in_turns
from tests.crowd import make_crowd
from tests.make import AT
from tests.running import ROOT


def test_a_bar_holds_when_the_worse_end_does_and_not_by_its_middle():
    steady, shaky = Taken([2.0] * 20, [1.0] * 20), Taken([1.0, 9.0] * 10, [1.0] * 20)

    assert steady.ratio == steady.worse() == 2.0
    assert (steady.bar("P", "", 2.0).holds, steady.bar("P", "", 1.9).holds) == (True, False)
    assert shaky.worse() > shaky.ratio
    assert not shaky.bar("P", "", shaky.ratio).holds
    assert steady.bar("P", "", None).holds


def test_samples_are_taken_in_turns_after_some_that_do_not_count():
    said = []
    taken = in_turns(lambda: said.append("a"), lambda: said.append("b"), samples=4, warm=1)

    assert "".join(said) == "ab" + "abba" * 2
    assert (len(taken.ours), len(taken.bare)) == (4, 4)


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (None, 0), (False, 1)])
def test_a_bar_that_is_missed_is_said_and_fails_the_run(capsys, holds, code):
    assert told([Bar("P01", "a page", "3 x", "<= 4 x", holds), Bar("P02", "another", "", "", True)], "sqlite") == code
    assert ("MISSED" in capsys.readouterr().out) is (code == 1)


@pytest.mark.postgres
def test_the_catalog_keeps_to_its_queries_and_its_longest_statement_whatever_is_asked(client, cast, sign_in):
    make_crowd(cast, 60, AT)
    found = {}
    for who in (cast.staff, cast.compliance):
        sign_in(client, who)
        client.get("/catalog/")  # what a process asks once and keeps
        for question in (
            "",
            *catalog.QUESTIONS,
            "?counts=1",
            "?last=1",
            "?owner=none&stage=production&tier=4",
        ):
            with CaptureQueriesContext(connection) as asked:
                assert client.get(f"/catalog/{question}").status_code == 200
            found[who.name, question] = len(asked), max(len(query["sql"]) for query in asked)

    assert {page: n for page, (n, _length) in found.items() if n > catalog.QUERIES} == {}
    assert {page: length for page, (_n, length) in found.items() if length > catalog.STATEMENT} == {}


def test_a_page_and_the_counts_of_stages_are_read_along_an_index_alone(cast):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL reads so few rows without an index; SQLite plans by what there is")
    make_crowd(cast, 60, AT)
    visible = CatalogRow.objects.visible_to(cast.staff, AT)
    listing = listed.listing(cast.staff, AT, path="/catalog/", rows=visible)
    for order in ("", "-name"):
        first = lists.ordered(listing, lists.Chosen(sort=order), visible).values("pk")[:40]
        assert "USING INDEX catalog_by_name" in first.explain()
        assert "ORDER BY" not in first.explain(), "it sorts what the index has in order"
    for fields, index in ((("restricted", "stage"), "catalog_by_restriction"), (KINDS_OF_ROWS, "catalog_by_kind")):
        counted = CatalogRow.objects.order_by().values(*fields).annotate(n=Count("pk")).explain()
        assert f"COVERING INDEX {index}" in counted
        assert "TEMP B-TREE" not in counted


@pytest.mark.ci
def test_a_run_of_a_few_rows_goes_through_and_prints_every_bar():
    call = [sys.executable, "-m", "tests.bench", "catalog", "--sizes=40,60", "--samples=2"]
    environment = {name: value for name, value in os.environ.items() if name not in ("MANDATE_HOME", "DATABASE_URL")}
    ran = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)

    assert ran.returncode in (0, 1), ran.stderr  # so few rows say nothing about how quick it is
    lines = ran.stdout.splitlines()
    assert {line[:3] for line in lines if line.startswith("P")} == {
        *("P01", "P02", "P03", "P04", "P05", "P06", "P07", "P08", "P09", "P32")
    }
    assert not any(line.startswith(("P07", "P08")) and "MISSED" in line for line in lines)
