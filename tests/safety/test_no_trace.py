"""A restricted initiative leaves no trace: no list, count, page of a person, sum or search differs by what it is (A05, A06)."""

import difflib
import io
import re
import zipfile

import pytest
from django.db import connection

from tests.safety import world as watch
from tests.safety.test_access import RENDERED, TABLE

PAGES = (
    "/",
    "/catalog/",
    "/catalog/?q=hidden",
    "/catalog/?q=refund&counts=1",
    "/catalog/chosen/?do=tag&all=1",
    "/catalog/?columns=name,own_hosting,own_contract_ends&sort=-own_contract_ends",
    "/catalog/?own_hosting=cloud&q=cloud",
    "/catalog.csv",
    "/catalog.json",
    "/catalog.xlsx",
    "/gates.csv",
    "/gates.json",
    "/reviews.csv",
    "/people.csv",
    "/people/units.csv",
    "/portfolio/",
    "/gates/",
    "/triage/",
    "/triage.csv",
    "/reviews/",
    "/notices/",
    "/people/",
    "/people/units/",
    "/people/functions/",
    "/help/lifecycle/",
    "/help/rules/",
    "/me/",
    "/me/watching/",
    "/register/",
    "/public/inside/",
    "/public/inside/preview/",
    "/public/inside/preview.csv",
)
#: Everything about it is otherwise: where it stands, whose it is, what waits.
OTHERWISE = (
    "UPDATE governance_initiative SET stage = 'idea', review_due_at = NULL, live_since = NULL, name = 'Something else',"
    " tier = 0, tier_proposed = 0, unit_id = %(unit)s, receiving_unit_id = %(unit)s, registrant_id = NULL,"
    " workflow_owner_id = NULL, capability = '' WHERE id = %(it)s",
    "UPDATE governance_assignment SET ended_at = assigned_at WHERE initiative_id = %(it)s",
    "UPDATE governance_decision SET closed = 'overtaken', closed_at = asked_at WHERE initiative_id = %(it)s AND closed = ''",
    "UPDATE governance_stopwish SET answered_at = at WHERE initiative_id = %(it)s",
    "UPDATE governance_comment SET text = 'Something else', author_id = %(she)s WHERE initiative_id = %(it)s",
    "UPDATE governance_watch SET person_id = %(she)s WHERE initiative_id = %(it)s",
    "DELETE FROM governance_ownvalue WHERE initiative_id = %(it)s",
    "UPDATE governance_budget SET asked = 1, approved = 1 WHERE initiative_id = %(it)s",
)


def otherwise(made) -> dict[str, int]:
    """Return what the statements of OTHERWISE name."""
    return {"it": made.on["hidden"].pk, "unit": made.cast.engineering.pk, "she": made.cast.staff.pk}


def pages(made) -> list[str]:
    """Return every page that counts or lists, and those of the people and units the hidden one belongs to."""
    cast = made.cast
    people = [cast.other_owner, cast.engineer, cast.legal, cast.finance_two, cast.office_two]
    return [
        *PAGES,
        *(f"/people/{p.pk}/" for p in people),
        *(f"/people/units/{u.pk}/" for u in (cast.sales, cast.engineering)),
    ]


def read(made, who: str, path: str) -> str:
    """Return what somebody reads there, without the page's token and the moment it was made."""
    body = b"".join(made.client(who).get(path))
    if path.endswith(".xlsx"):
        body = zipfile.ZipFile(io.BytesIO(body)).read("xl/worksheets/sheet1.xml")
    text = RENDERED.sub(b"", body).decode()
    return re.sub(r'"at": "[^"]+"', "", text)


@pytest.mark.parametrize("who", ["staff", "coo"])
def test_what_it_is_changes_nothing_for_who_may_not_see_it(world, who):
    assert who in TABLE["unseen"]
    hidden = world.on["hidden"]
    before = {path: read(world, who, path) for path in pages(world)}
    named = [path for path, text in before.items() if "At hidden" in text or re.search(rf"{hidden.key}\b", text)]

    with watch.undone(), connection.cursor() as cursor:
        for sql in OTHERWISE:
            cursor.execute(sql, otherwise(world))
        after = {path: read(world, who, path) for path in before}

    told = {
        path: [*difflib.unified_diff(before[path].splitlines(), after[path].splitlines(), lineterm="", n=0)][2:6]
        for path in before
        if before[path] != after[path]
    }
    assert (named, told) == ([], {})


def test_and_it_changes_what_those_read_who_see_it(world):
    """Else the test above could not fail."""
    before = {path: read(world, "office", path) for path in ("/catalog/", "/portfolio/", "/catalog.json")}
    with watch.undone(), connection.cursor() as cursor:
        for sql in OTHERWISE:
            cursor.execute(sql, otherwise(world))

        assert all(read(world, "office", path) != text for path, text in before.items())
