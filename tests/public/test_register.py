"""The public register: nothing before it is open, nobody and nothing kept back in it, and a file that comes in again."""

import csv
import io
import json

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.core.errors import Conflict, Refused
from governance.initiatives import actions as initiatives
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people.models import Person, Unit
from governance.public import actions, layout, queries, rules
from governance.public.models import PublicRegister
from governance.registers.models import Origin
from tests.crowd import make_crowd
from tests.make import AT, make_cast
from tests.registers.conftest import REAL, record
from tests.registers.conftest import bring as bring
from tests.registers.conftest import file as file
from tests.safety.world import undone

#: The words of the layout, and the stages they come in as.
WORDS = {"Pilot": "pilot", "Pre-deployment": "idea", "Deployed": "production", "Retired": "retired"}
OUTSIDE = ("/public/", "/public.csv", "/public.json")


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def opened(cast):
    """The cast of a company whose public register is open."""
    actions.open_register(contact="ai@example.org", by=cast.office, at=AT)
    return cast


def got(path: str) -> str:
    """Return what anybody gets there."""
    response = Client().get(path)
    assert response.status_code == 200, path
    return b"".join(response).decode()


def listed() -> list[dict[str, str]]:
    """Return the rows of the file."""
    return list(csv.DictReader(io.StringIO(got("/public.csv"))))


def _at_build(cast) -> Initiative:
    """Return one of a crowd that is listed."""
    return next(i for i in make_crowd(cast, 80, AT) if i.stage == "build" and not i.restricted)


# --- The switch -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", OUTSIDE)
def test_there_is_nothing_until_it_is_open_and_nothing_once_it_is_closed(cast, path):
    absent = Client().get("/public-no-such-page/")
    before = Client().get(path)
    actions.open_register(contact="", by=cast.office, at=AT)
    open_ = Client().get(path)
    actions.close_register(by=cast.office, at=AT)
    after = Client().get(path)

    assert (before.status_code, open_.status_code, after.status_code) == (404, 200, 404)
    assert before.content == absent.content == after.content


def test_the_portfolio_office_alone_opens_and_closes_it_and_that_is_on_record(client, cast, sign_in):
    for who in (cast.compliance, cast.admin, cast.owner):
        assert sign_in(client, who).post("/public/inside/", {"contact": ""}).status_code == 403
        assert client.post("/public/inside/", {"do": "close"}).status_code == 403
    sign_in(client, cast.office)
    assert client.post("/public/inside/", {"contact": "ai@example.org"}).status_code == 303
    assert client.post("/public/inside/", {"contact": "ai@example.org"}).status_code == 303
    assert client.post("/public/inside/", {"do": "close"}).status_code == 303

    said = LedgerEntry.objects.filter(verb__startswith="public.").order_by("seq").values_list("verb", "actor")
    assert list(said) == [(verb, f"person:{cast.office.pk}") for verb in ("public.opened", "public.closed")]


@pytest.mark.parametrize("own", ["email", "name"])
def test_nobodys_own_address_is_where_people_outside_ask(client, cast, sign_in, own):
    page = sign_in(client, cast.office).post("/public/inside/", {"contact": getattr(cast.owner, own).upper()})

    assert page.status_code == 422
    assert not PublicRegister.objects.exclude(open_since=None).exists()


# --- What is kept back ------------------------------------------------------------------------


def test_nothing_restricted_and_nobody_is_in_page_or_file(opened):
    crowd = make_crowd(opened, 120, AT)
    Initiative.objects.filter(pk=crowd[0].pk).update(name="Nowhere to be seen", restricted=True)
    for number, one in enumerate(crowd[1:60]):
        person = Person.objects.order_by("pk")[number % Person.objects.count()]
        Initiative.objects.filter(pk=one.pk).update(
            purpose=f"Ask {person.name.upper()} or {person.email}.",
            known_limits=f"{person.name}’s desk only.",
            vendor=person.name,
        )
    hidden = {i.name for i in Initiative.objects.filter(restricted=True)} - set(
        Initiative.objects.filter(restricted=False).values_list("name", flat=True)
    )

    told = [got(path).casefold() for path in OUTSIDE]
    assert hidden
    assert all("(withheld)" in text for text in told)
    for text in told:
        assert [name for name in hidden if name.casefold() in text] == []
        assert [p.name for p in Person.objects.all() if p.name.casefold() in text] == []
        assert [p.email for p in Person.objects.all() if p.email.casefold() in text] == []


def test_what_is_kept_back_leaves_no_trace(opened):
    make_crowd(opened, 60, AT)
    one = queries.listed().first()
    before = [got(path) for path in OUTSIDE]
    there = initiatives.register({"name": "Secret", "purpose": "x", "unit": opened.support}, by=opened.lead, at=AT)
    Initiative.objects.filter(pk=there.pk).update(restricted=True)
    assert [got(path) for path in OUTSIDE] == before

    actions.withhold(one, "A risk.", by=opened.office, at=AT)
    without = [got(path) for path in OUTSIDE]
    Initiative.objects.filter(pk=one.pk).update(purpose="Something else", name="Another name")
    assert [got(path) for path in OUTSIDE] == without != before
    actions.lift(one, by=opened.office, at=AT)
    assert "Another name" in got("/public/")


def test_no_key_and_no_number_of_ours_is_told(opened):
    made = make_crowd(opened, 30, AT)
    Initiative.objects.filter(pk=made[0].pk).update(number=987_654)

    codes = [row["id"] for row in listed()]
    assert len(set(codes)) == len(codes) > 5
    assert not any(word in got(path) for path in OUTSIDE for word in ("AI-", "987654", "987,654"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"restricted": True}, "restricted"),
        ({"retired_at": AT, "stage": "retired"}, "never_ran"),
        ({"stage": "idea"}, "undecided"),
        ({"stage": "discovered"}, "undecided"),
        ({"stage": "triage"}, "no_stage"),
        ({"stopped_from": "production", "stage": "stopped"}, "stopped"),
    ],
)
def test_each_rule_keeps_back_what_it_says(opened, change, code):
    one = _at_build(opened)
    assert len(listed()) == queries.listed().count()
    assert queries.entry(one) is not None
    with connection.cursor() as cursor:
        for name, value in change.items():
            cursor.execute(f"UPDATE governance_initiative SET {name} = %s WHERE id = %s", [value, one.pk])

    row = rules.explained(rules.marked(Initiative.objects.filter(pk=one.pk))).get()
    assert [rule.code for rule in rules.keeping_back(row)] == [code]
    assert queries.entry(one) is None


@pytest.mark.parametrize(
    ("says", "kept"),
    [("No", False), ("", False), ("Yes - Disclosure Risk", True), ("Other", True), ("b) Yes – a risk", True)],
)
def test_what_its_own_register_withholds_is_kept_back(opened, bring, says, kept):
    bring([record(1, development_stage="Deployed", is_withheld=says)])

    assert (listed() == []) is kept


def test_a_person_is_taken_out_of_every_text_and_nothing_else_is():
    redact = rules.Redaction(["Priya Nair", "Ana María de la Cruz", "Will", "O’Brien Sean"])

    assert redact("Ask PRIYA  NAIR, or nair, priya; mail p.nair@corp.example.") == (
        "Ask (withheld), or (withheld); mail (withheld)."
    )
    assert redact("ana maria DE LA cruz’s and Sean O’Brien’s.") == "(withheld)’s and (withheld)’s."
    assert redact("Will Smith will read Priya’s Nairobi mail @ noon, 3@4.") == (
        "(withheld) Smith will read Priya’s Nairobi mail @ noon, 3@4."
    )


# --- Withholding ------------------------------------------------------------------------------


def test_who_may_restrict_it_withholds_it_and_who_may_lift_that_lifts_it(client, story, sign_in):
    tale = story("pilot")
    cast, url = tale.cast, f"/initiatives/{tale.initiative.key}/public/"
    sign_in(client, cast.staff)
    assert client.post(url, {"reason": "A risk."}).status_code == 403
    sign_in(client, cast.lead)
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "A risk."}).status_code == 303
    assert client.post(url, {"reason": "A risk."}).status_code == 409
    assert client.post(url, {"do": "lift"}).status_code == 403
    assert "A risk." in client.get(url).content.decode()
    sign_in(client, cast.office)
    assert client.post(url, {"do": "lift"}).status_code == 303
    assert client.post(url, {"do": "lift"}).status_code == 409

    said = LedgerEntry.objects.filter(verb__startswith="public.").order_by("seq").values_list("verb", "initiative_id")
    assert list(said) == [("public.withheld", tale.initiative.pk), ("public.lifted", tale.initiative.pk)]


def test_the_acts_themselves_refuse(story):
    tale = story("pilot")

    with pytest.raises(Refused):
        actions.withhold(tale.fresh, "A risk.", by=tale.cast.staff, at=AT)
    with pytest.raises(Refused):
        actions.lift(tale.fresh, by=tale.cast.lead, at=AT)
    with pytest.raises(Conflict):
        actions.lift(tale.fresh, by=tale.cast.office, at=AT)
    with pytest.raises(Refused):
        actions.close_register(by=tale.cast.compliance, at=AT)


def test_the_page_inside_says_of_each_whether_it_is_listed_and_why_not(client, cast, sign_in):
    make_crowd(cast, 80, AT)
    sign_in(client, cast.staff)
    page = client.get("/public/inside/")

    option = {o["value"]: o["count"] for o in page.context["shown"].facets[0]["options"]}
    visible = Initiative.objects.visible_to(cast.staff, AT)
    assert option["yes"] == queries.listed().count()
    assert option["yes"] + option["no"] == visible.count()
    assert "restricted" not in {o["value"] for o in page.context["shown"].facets[1]["options"]}
    for row in page.context["rows"]:
        assert bool(row["kept_back"]) == (queries.entry(row["initiative"]) is None)


def test_what_would_be_read_is_shown_before_it_is_open_word_for_word(client, cast, sign_in):
    make_crowd(cast, 30, AT)
    sign_in(client, cast.office)
    preview = client.get("/public/inside/preview/").context["entries"]
    sheet = b"".join(client.get("/public/inside/preview.csv")).decode()

    actions.open_register(contact="", by=cast.office, at=AT)

    assert Client().get("/public/").context["entries"] == preview
    assert got("/public.csv") == sheet


# --- The file ---------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_inventory():
    if not REAL.exists():
        pytest.skip(f"the shared data is not there: {REAL.name}")
    with REAL.open(encoding="utf-8-sig", newline="") as file_:
        assert tuple(next(csv.reader(file_))) == layout.COLUMNS


#: Names and units that a spreadsheet, a reader of files or a list of words could stumble over.
ODD = (
    "=HYPERLINK(1)",
    "'quoted'",
    "+49 30",
    "-",
    "N/A",
    "a / b > c",
    'a, b; "c"',
    "Größe 🦊",
    "x" * 200,
    "DOX | 1",
)


def test_the_file_makes_the_same_register_in_another_and_empty_place(bring, tmp_path):
    company = "Northwind Services"
    with undone():
        cast = make_cast()
        actions.open_register(contact="ai@example.org", by=cast.office, at=AT)
        crowd = [one for one in make_crowd(cast, 120, AT) if queries.entry(one)]
        for one, odd in zip(crowd, ODD, strict=False):
            Initiative.objects.filter(pk=one.pk).update(name=odd, purpose=f"{odd}\n\n{odd}")
        Unit.objects.filter(pk=cast.support.pk).update(name="=Support & Co.")
        Unit.objects.filter(pk=cast.sales.pk).update(name=company)
        there = [(e.name, WORDS[e.stage], e.unit or company, e.purpose) for e in queries.everything("salt")]
        path = tmp_path / "public-register.csv"
        path.write_bytes(b"".join(Client().get("/public.csv")))
    assert not any(model.objects.exists() for model in (Initiative, Unit, Origin, Person))
    assert len(there) > 40

    report = bring(path)

    here = Initiative.objects.values_list("name", "stage", "unit__name", "purpose")
    assert (report.counts()["created"], report.problems) == (len(there), [])
    assert sorted(here) == sorted(there)
    assert set(Unit.objects.filter(parent=None).values_list("name", flat=True)) == {company}
    assert bring(path).counts()["unchanged"] == len(there)


def test_what_the_inventory_said_in_closed_words_is_told_again_and_its_own_words_are_not(opened, bring):
    bring(
        [
            record(
                1,
                development_stage="Deployed",
                is_high_impact="High-impact",
                has_pii="Yes",
                operational_date="2024-10-01 00:00:00",
                HI_justification="Because Mrs Jones said so.",
                contact_email="jones@dox.example",
            )
        ]
    )
    row = listed()[0]

    assert (row["is_high_impact"], row["has_pii"], row["operational_date"]) == (
        "High-impact",
        "Yes",
        "2024-10-01 00:00:00",
    )
    assert (row["HI_justification"], row["contact_email"]) == ("", "ai@example.org")


def test_since_when_it_runs_is_told_where_it_went_live_here(opened, story, bring):
    tale = story("production")
    bring([record(1, development_stage="Deployed")])

    assert {row["use_case_name"]: row["operational_date"] for row in listed()} == {
        tale.initiative.name: f"{tale.fresh.live_since:%Y-%m-%d} 00:00:00",
        "Use 1": "",
    }


def test_the_json_holds_the_same_rows(opened):
    make_crowd(opened, 30, AT)

    assert json.loads(got("/public.json"))["rows"] == listed()


def test_no_cell_starts_a_formula(opened):
    one = _at_build(opened)
    Initiative.objects.filter(pk=one.pk).update(name="=HYPERLINK(1)")

    assert "'=HYPERLINK(1)" in {row["use_case_name"] for row in listed()}


# --- Outside ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", OUTSIDE)
def test_it_is_the_same_for_everybody_sets_no_cookie_and_may_be_kept_for_a_while(client, opened, sign_in, path):
    make_crowd(opened, 20, AT)
    mine = sign_in(client, opened.owner).get(path)
    with CaptureQueriesContext(connection) as asked:
        anybody = Client().get(path)
        body = b"".join(anybody)

    assert b"".join(mine) == body
    assert anybody.cookies == {}
    assert "Cookie" not in anybody.headers.get("Vary", "")
    assert anybody.headers["Cache-Control"] == "public, max-age=300"
    assert len(asked) <= 6
    assert b"<script" not in body
    assert b"<form" not in body


def test_who_has_it_already_gets_it_only_when_it_changed(opened):
    make_crowd(opened, 20, AT)
    tag = Client().get("/public/").headers["ETag"]

    assert Client().get("/public/", headers={"If-None-Match": tag}).status_code == 304
    actions.withhold(queries.listed().first(), "A risk.", by=opened.office, at=AT)
    assert Client().get("/public/", headers={"If-None-Match": tag}).status_code == 200


def test_who_asks_too_often_waits(opened, monkeypatch):
    from governance.public import views

    monkeypatch.setattr(views, "FILES", 2)

    assert [Client().get("/public.csv").status_code for _n in range(3)] == [200, 200, 429]
    assert Client().get("/public.json").status_code == 429
    assert Client().get("/public/").status_code == 200


def test_pages_and_stages_lead_through_all_of_it_once(opened, monkeypatch):
    make_crowd(opened, 120, AT)
    monkeypatch.setattr(queries, "PER_PAGE", 20)
    wanted = [row["id"] for row in listed()]

    first = Client().get("/public/")
    pages = [Client().get(f"/public/?page={n}").context["entries"] for n in range(1, -(-len(wanted) // 20) + 1)]
    assert [e.code for page in pages for e in page] == wanted
    assert sum(int(one["n"]) for one in first.context["stages"]) == len(wanted)
    for one in first.context["stages"]:
        assert {e.stage for e in Client().get(one["url"]).context["entries"]} == {one["word"]}
    for odd in ("?page=0", "?page=99999999999", "?page=x", "?stage=idea", "?stage=%00", "?page=²"):
        assert Client().get(f"/public/{odd}").status_code == 200
