"""The catalog: what it shows, to whom, how it is narrowed and counted, and that nothing leaks."""

import csv
import io
import json
import random
import re
import time
import zipfile
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models import Model
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from governance.core import clock, export, lists
from governance.gates import actions as gates
from governance.gates import retire, stop
from governance.initiatives import actions, catalog, saved
from governance.initiatives.models import Initiative
from tests.crowd import make_crowd
from tests.make import AT, at_stage, make_initiative, make_unit, prove
from tests.web import Page


@pytest.fixture
def at(monkeypatch):
    """Hold the clock still at the moment stories begin."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return AT


def listed(client, query: str = "", **headers) -> dict:
    """Return the context of the catalog for an address."""
    response = client.get(f"/catalog/?{query}", **headers)
    assert response.status_code == 200
    return response.context


def keys(client, query: str = "") -> list[str]:
    """Return the keys on the first page."""
    return [row["initiative"].key for row in listed(client, query)["rows"]]


def ticks(context: dict) -> list[bool]:
    """Return the three marks of the first row."""
    first = context["rows"][0]["initiative"]
    return [column.value(first) for column in context["shown"].shows if column.kind == "tick"]


# --- What a row says --------------------------------------------------------------------------


def test_it_says_how_many_are_at_each_stage_and_leads_there(client, cast, sign_in, at):
    make_initiative(cast, "pilot")
    make_initiative(cast, "idea")
    make_initiative(cast, "idea", name="Claims drafts")
    page = sign_in(client, cast.staff).get("/catalog/").content.decode()

    assert '<a href="/catalog/?stage=pilot">1 in pilot</a>' in page
    assert '<a href="/catalog/?stage=idea">2 ideas</a>' in page
    assert "in production" not in page


def test_a_row_leads_to_its_page_and_names_its_owner_or_that_there_is_none(client, cast, sign_in, at):
    owned, bare = make_initiative(cast, "pilot"), make_initiative(cast, "idea", name="Claims drafts")
    page = sign_in(client, cast.staff).get("/catalog/").content.decode()

    assert (
        f'<a href="/initiatives/{owned.initiative.key}/"><span class="key">{owned.initiative.key}</span> Support refunds</a>'
        in page
    )
    assert "Priya Nair" in page
    assert page.count('<span class="late">No owner</span>') == 1
    assert bare.initiative.key in page


@pytest.mark.parametrize(
    ("stage", "marks"),
    [("idea", [False, False, True]), ("pilot", [True, True, True]), ("production", [True, True, True])],
)
def test_the_three_marks_are_owner_metric_and_way_back(client, cast, sign_in, at, stage, marks):
    make_initiative(cast, stage)

    assert ticks(listed(sign_in(client, cast.staff))) == marks


def test_the_marks_are_columns_and_say_yes_or_no_to_who_cannot_see_them(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    page = sign_in(client, cast.staff).get("/catalog/").content.decode()

    assert re.findall(r'<th scope="col" class="tick">([^<]+)</th>', page) == ["Owner", "Metric", "Way back"]
    cells = re.findall(r'<td class="tick" data-label="([^"]+)">.*?<span class="vh">([^<]+)</span></td>', page)
    assert cells == [("Owner", "no"), ("Metric", "no"), ("Way back", "yes")]


def test_a_target_without_a_number_before_is_no_metric_and_half_a_way_back_is_none(client, cast, sign_in, at):
    story = make_initiative(cast, "idea", rollback_minutes=None)
    story.set_outcome(baseline=None)

    assert ticks(listed(sign_in(client, cast.staff))) == [False, False, False]


def test_a_row_read_from_the_database_is_what_django_would_make_of_it(cast, at):
    story = make_initiative(cast, "production")
    names = [field.attname for field in Initiative._meta.concrete_fields]
    values = Initiative.objects.values_list(*names).get(pk=story.initiative.pk)

    whole, part = Initiative.objects.get(pk=story.initiative.pk), Initiative.objects.defer("purpose").get()
    made = Model.from_db.__func__(Initiative, "default", names, values)

    assert {name: whole.__dict__[name] for name in names} == {name: made.__dict__[name] for name in names}
    assert (whole._state.adding, whole._state.db) == (made._state.adding, made._state.db) == (False, "default")
    assert (part.get_deferred_fields(), part.purpose) == ({"purpose"}, whole.purpose)
    with pytest.raises(AttributeError, match="changes through a step only"):
        whole.stage = "idea"
    whole.refresh_from_db()
    assert whole == made


def test_an_owner_who_left_is_no_owner(client, cast, sign_in, at):
    make_initiative(cast, "pilot")
    cast.owner.is_active, cast.owner.left_on = False, AT.date()
    cast.owner.save()
    sign_in(client, cast.staff)

    assert listed(client)["rows"][0]["owner"] is None
    assert listed(client, "owner=has")["shown"].total == 0
    assert listed(client, "waits=owner")["shown"].total == 1


# --- Its columns ------------------------------------------------------------------------------

#: Everything people may want to read or keep in a spreadsheet, by its name in addresses.
COLUMNS = [
    "key",
    "name",
    "purpose",
    "not_for",
    "known_limits",
    "how_to_get",
    "today",
    "could_go_wrong",
    "vendor",
    "capability",
    "exposure",
    "tools",
    "breaks",
    "rollback_how",
    "rollback_minutes",
    "fallback",
    "stage",
    "stop_confirmed",
    "stage_since",
    "tier",
    "unit",
    "business_owner",
    "workflow_owner",
    "has_owner",
    "has_metric",
    "has_way_back",
    "next",
    "next_at",
    "review_due_at",
    "tags",
    "restricted",
    "address",
]


def head(page: str) -> list[str]:
    """Return the titles of the table."""
    row = page.partition("<thead")[2].partition("</thead>")[0]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<th [^>]*>(.*?)</th>", row, re.DOTALL)]


def test_it_has_the_columns_people_may_want_and_says_which_a_list_coming_in_may_change(cast):
    columns = catalog.columns(AT)

    assert [column.name for column in columns] == COLUMNS
    assert {column.name for column in columns if column.editable} == set(
        [
            "name",
            "purpose",
            "not_for",
            "known_limits",
            "how_to_get",
            "today",
            "could_go_wrong",
            "vendor",
            "capability",
            "exposure",
            "tools",
            "breaks",
            "rollback_how",
            "rollback_minutes",
            "tags",
            "fallback",
            "unit",
        ]
    )


def test_people_choose_its_columns_with_a_form_that_needs_no_script(client, cast, sign_in, at):
    story = make_initiative(cast, "pilot", purpose="Refunds up to €50.\nAt once.")
    sign_in(client, cast.staff)
    usual = Page(client.get("/catalog/?q=refunds&stage=pilot&sort=-name").content.decode(), "/catalog/")
    form = next(form for form in usual.forms if "columns" in form.names)
    ticks = {control.value: control.checked for control in form.controls if control.name == "columns"}

    page = client.get(form.action, {**form.data(), "columns": ["rollback_minutes", "purpose"]}).content.decode()

    assert set(ticks) == set(COLUMNS)
    assert [name for name, on in ticks.items() if on] == list(catalog.USUAL)
    assert head(page) == ["Name", "Minutes until it is rolled back", "What it is for"]
    assert f'<td class="num" data-label="Minutes until it is rolled back">{story.fresh.rollback_minutes}</td>' in page
    assert '<td class="wide" data-label="What it is for">Refunds up to €50.' in page
    assert "/catalog.csv?q=refunds&amp;stage=pilot&amp;sort=-name&amp;columns=rollback_minutes,purpose" in page
    assert 'href="/catalog/?q=refunds&amp;stage=pilot&amp;sort=-name">The usual ones</a>' in page


def test_its_columns_come_in_the_order_they_were_chosen(client, cast, sign_in, at):
    make_initiative(cast, "pilot")
    sign_in(client, cast.staff)

    page = client.get("/catalog/?columns=stage,name,nonsense,key,unit__leader__password,has_owner").content.decode()

    assert head(page) == ["Stage", "Name", "Key", "Owner"]
    assert 'class="key"' not in page.partition('<th scope="row">')[2].partition("</th>")[0]
    assert head(client.get("/catalog/").content.decode()) == [
        "Name", "Capability", "Tier", "Stage", "Business owner", "Owner", "Metric", "Way back", "Next",
    ]  # fmt: skip


def test_every_column_at_once_costs_no_more_questions(client, crowd, sign_in):
    sign_in(client, crowd[0].compliance)
    client.get("/catalog/")

    with CaptureQueriesContext(connection) as usual:
        client.get("/catalog/")
    with CaptureQueriesContext(connection) as whole:
        page = client.get("/catalog/?columns=" + ",".join(COLUMNS)).content.decode()
    with CaptureQueriesContext(connection) as file:
        b"".join(client.get("/catalog.csv").streaming_content)

    assert len(whole) == len(usual) <= 12
    assert len(file) <= 8
    assert len(head(page)) == len(COLUMNS)
    assert "None" not in page.partition("<tbody>")[2].partition("</tbody>")[0]


# --- What comes next --------------------------------------------------------------------------


def _next(cast, story) -> tuple[str, object]:
    row = catalog.dressed(Initiative.objects.filter(pk=story.initiative.pk)).get()
    found = catalog.next_deadline(row, story.at)
    return (str(found.what), found.due_at) if found else ("", None)


def test_next_is_the_first_deadline_of_each_stage(cast):
    idea, pilot, funding, build, live, stopped = (
        make_initiative(cast, stage) for stage in ("idea", "pilot", "funding", "build", "production", "stopped")
    )

    assert _next(cast, idea) == ("", None)
    assert _next(cast, pilot) == ("Day 90", pilot.decision("day_90").due_at)
    assert _next(cast, funding) == ("Funding gate", funding.decision("funding").due_at)
    assert _next(cast, build) == ("Go live", build.fresh.stage_since + timedelta(days=90))
    assert _next(cast, live) == ("Review", live.fresh.review_due_at)
    assert _next(cast, stopped) == ("Restart or retire", stopped.fresh.stage_since + timedelta(days=30))
    made = retire.begin(live.fresh, reason="Replaced.", by=cast.owner, at=live.at)
    assert _next(cast, live) == ("Postmortem", made.due_at)


def test_the_ownership_clock_is_a_deadline(cast):
    found = actions.report_found({"name": "ChatSumm", "unit": cast.support}, by=cast.staff, at=AT)

    row = catalog.dressed(Initiative.objects.filter(pk=found.pk)).get()

    assert catalog.next_deadline(row, AT).due_at == AT + timedelta(days=30)


def test_a_stop_is_not_claimed_before_it_is_confirmed(client, cast, sign_in, at):
    story = make_initiative(cast, "production")
    made = stop.stop(story.fresh, reason="harm", by=cast.owner, at=story.at, proof=prove(cast.owner))
    sign_in(client, cast.staff)
    asked = client.get("/catalog/").content.decode()
    stop.confirm(made, how="Saw it.", by=cast.workflow, at=story.at, proof=prove(cast.workflow))

    assert "Stop asked" in asked
    assert "not confirmed" in asked
    assert "Stopped" not in asked.partition("<tbody>")[2]
    assert listed(client, "stop=asked")["shown"].total == 0
    assert listed(client, "stop=confirmed")["shown"].total == 1


# --- Narrowing it -----------------------------------------------------------------------------


def test_each_filter_finds_what_it_says(client, cast, sign_in, at):
    idea = make_initiative(
        cast, "idea", name="Claims drafts", capability="draft_only", tier_proposed=1, rollback_how="", unit=cast.sales
    )
    pilot = make_initiative(cast, "pilot")
    live = make_initiative(cast, "production", name="Call summaries")
    secret = make_initiative(cast, "idea", name="Merger memos")
    actions.set_restricted(secret.fresh, True, by=cast.lead, at=AT)
    a, b, c, d = (story.initiative.key for story in (idea, pilot, live, secret))
    sign_in(client, cast.owner)
    # The owner is named on b and c; the restricted one is nobody's business but the lead's.
    wanted = {
        "stage=idea": [a],
        "stage=pilot,production": [c, b],
        "tier=2": [c, b],
        "tier=none": [a],
        "capability=draft_only": [a],
        "capability=can_act": [c, b],
        "unit=sales": [a],
        "unit=support": [c, b],
        "owner=me": [c, b],
        "owner=has": [c, b],
        "owner=none": [a],
        "missing=metric": [a],
        "missing=way_back": [a],
        "missing=nothing": [c, b],
        "waits=owner": [],
        "restricted=yes": [],
        "stage=pilot&tier=4": [],
        "q=refunds": [b],
        "q=call": [c],
        "q=claims&stage=pilot": [],
    }

    assert {query: keys(client, query) for query in wanted} == wanted
    assert keys(sign_in(client, cast.lead), "restricted=yes") == [d]


def test_reviews_and_day_90_are_found_by_their_dates(client, cast, sign_in, monkeypatch):
    live = make_initiative(cast, "production")
    pilot = make_initiative(cast, "pilot", name="Call summaries")
    sign_in(client, cast.staff)

    def at(moment, query):
        monkeypatch.setattr(clock, "wall", lambda: moment)
        return keys(client, query)

    due = live.fresh.review_due_at
    assert at(due - timedelta(days=1), "due=review") == [live.initiative.key]
    assert at(due - timedelta(days=1), "due=review_overdue") == []
    assert at(due + timedelta(seconds=1), "due=review_overdue") == [live.initiative.key]
    assert at(pilot.fresh.pilot_since + timedelta(days=90), "due=day_90") == []
    assert at(pilot.fresh.pilot_since + timedelta(days=90, seconds=1), "due=day_90") == [pilot.initiative.key]


def test_a_retiring_or_stopped_system_has_no_review_to_be_late(cast):
    live, stopped = make_initiative(cast, "production"), make_initiative(cast, "stopped", name="Call summaries")
    retire.begin(live.fresh, reason="Replaced.", by=cast.owner, at=live.at)
    late = live.fresh.review_due_at + timedelta(days=30)

    assert stopped.fresh.review_due_at < late
    assert not Initiative.objects.filter(catalog.is_review_overdue(late)).exists()


def test_what_it_waits_for_follows_what_is_missing(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "pilot")
    sign_in(client, cast.staff)

    def waits() -> set[str]:
        monkeypatch.setattr(clock, "wall", lambda: story.at)
        return {
            option["value"]
            for facet in listed(client, "counts=1")["shown"].facets
            if facet["name"] == "waits"
            for option in facet["options"]
        }

    assert waits() == set()
    story.measure(confirmed=False)
    assert waits() == {"figure"}
    story.ask_budget(approved=False)
    assert waits() == {"figure", "money"}
    gates.ask(story.fresh, "funding", by=cast.lead, at=story.at)
    assert waits() == {"figure", "money"}


def test_a_sign_off_that_is_asked_for_is_waited_for(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "build", tier_proposed=3).ask_go_live()
    monkeypatch.setattr(clock, "wall", lambda: story.at)

    assert keys(sign_in(client, cast.staff), "waits=sign_off") == [story.initiative.key]


def test_units_are_the_top_ones_with_everything_below(client, cast, sign_in, at):
    desk = make_unit("Refund desk", cast.support)
    story = make_initiative(cast, "idea", unit=desk)
    sign_in(client, cast.staff)

    units = {
        option["value"]: option["count"]
        for facet in listed(client, "counts=1")["shown"].facets
        if facet["name"] == "unit"
        for option in facet["options"]
    }
    assert units == {"support": 1}
    assert keys(client, "unit=support") == keys(client, "unit=refund-desk") == [story.initiative.key]
    assert keys(client, "unit=northwind") == []  # the whole organisation itself


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dice=st.data())
def test_every_number_is_the_length_of_the_list_it_leads_to_for_everybody(crowd, dice):
    cast, at = crowd
    person = dice.draw(st.sampled_from([cast.staff, cast.owner, cast.lead, cast.compliance, cast.finance, cast.admin]))
    listing = catalog.listing(person, at, path="/catalog/")
    chosen = {
        facet.name: ",".join(dice.draw(st.sets(st.sampled_from([o.value for o in facet.options]), max_size=3)))
        for facet in dice.draw(st.lists(st.sampled_from(listing.facets), max_size=3))
    }
    data = QueryDict(mutable=True)
    data.update({**chosen, "counts": "1", "q": dice.draw(st.sampled_from(["", "", "cust", "refunds"]))})

    shown = lists.show(listing, data)

    seen = set(Initiative.objects.visible_to(person, at).values_list("pk", flat=True))
    found = set(lists.narrowed(listing, shown.chosen).values_list("pk", flat=True))
    assert found <= seen
    assert shown.total == len(found)
    assert lists._tally(listing, shown.chosen, many=True) == lists._tally(listing, shown.chosen)
    for facet in shown.facets:
        for option in facet["options"]:
            alone = QueryDict(mutable=True)
            alone.update({**data.dict(), facet["name"]: option["value"]})
            assert option["count"] == lists.narrowed(listing, lists.choose(listing, alone)).count()


@pytest.fixture
def crowd(cast):
    """Eighty initiatives in every stage."""
    make_crowd(cast, 80, AT)
    return cast, AT


# --- Nothing leaks ----------------------------------------------------------------------------


def words_of(body: bytes) -> str:
    """Return what is in an answer as text, that of every part of an XLSX."""
    if not body.startswith(b"PK"):
        return body.decode()
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


@pytest.fixture
def secret(cast, at):
    """One restricted initiative among three, and who may see it."""
    make_initiative(cast, "idea", name="Claims drafts")
    make_initiative(cast, "pilot")
    story = make_initiative(cast, "idea", name="Merger memorandum", vendor="Zanzibar")
    actions.set_restricted(story.fresh, True, by=cast.lead, at=AT)
    return story.fresh


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=merger",
        "q=merg",
        "q=zanzibar",
        "q=mergr",
        "q=memorandun",
        "restricted=yes",
        "sort=-key",
        "last=1",
        "stage=idea&sort=-name",
        "page=2",
        "owner=none",
        "missing=metric",
    ],
)
@pytest.mark.parametrize("address", ["/catalog/", "/catalog.csv", "/catalog.json", "/catalog.xlsx"])
def test_a_restricted_one_leaves_no_trace_for_others(client, cast, sign_in, secret, address, query):
    sign_in(client, cast.staff)

    response = client.get(f"{address}?{query}&before={secret.number + 1}")
    body = words_of(b"".join(response.streaming_content) if response.streaming else response.content)

    assert "memorandum" not in body.lower().replace("q=memorandun", "")
    assert f"{secret.key} " not in body.replace("\n", " ")
    assert f"/initiatives/{secret.key}/" not in body


CANARIES = ("Zyxwoven Quokkalith", "Brimflare Jackdawing", "Vexillum Ptarmigans", "Oxbowed Wyverncraft")


def prefixes() -> list[str]:
    """Return every beginning of the canaries' words from two letters on, alone and beside others, and each mistyped: over 500."""
    words = [word.lower() for name in (*CANARIES, "Kestrelline") for word in name.split()]
    begun = [word[:length] for word in words for length in range(2, len(word) + 1)]
    turned = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for word in words for i in range(len(word) - 1)]
    short = [word[:i] + word[i + 1 :] for word in words for i in range(len(word))]
    beside = [text for word in begun for text in (f"{word} claims", f"claims {word}", word.upper(), f"{word}x")]
    return [*begun, *turned, *short, *beside]


def spelled(seen: Any) -> set[str]:
    """Return the canaries' words that somebody can read in what they were shown."""
    text = str(seen).lower()
    return {word for name in (*CANARIES, "Kestrelline") for word in name.lower().split() if word in text}


@pytest.mark.parametrize("every", [41, pytest.param(1, marks=pytest.mark.ci)])
def test_no_beginning_of_a_name_one_may_not_see_finds_or_spells_it(cast, at, every):
    make_initiative(cast, "idea", name="Claims drafts")
    for name in CANARIES:
        hidden = make_initiative(cast, "idea", name=name, vendor="Kestrelline").fresh
        actions.set_restricted(hidden, True, by=cast.lead, at=AT)
    told: dict[str, set[str]] = {}
    for who, step in ((cast.staff, every), (cast.compliance, 41)):
        visible = Initiative.objects.visible_to(who, AT)
        told[who.name] = set()
        for prefix in prefixes()[::step]:
            listing = catalog.listing(who, AT, path="/catalog/", rows=visible)
            shown = lists.show(listing, QueryDict(f"q={quote(prefix)}"))
            options = [(o["label"], o["count"]) for facet in shown.facets for o in facet["options"]]
            guess = catalog.did_you_mean(visible, prefix)
            names = [row.name for row in lists.searched(listing, shown.chosen)]
            told[who.name] |= spelled([options, guess, names]) - spelled(prefix)
            if who == cast.staff:
                assert (shown.total, [n for _label, n in options if n]) == (0, []), prefix

    assert told[cast.staff.name] == set()
    assert len(told[cast.compliance.name]) >= 3  # else the test could not fail


def test_files_and_saved_views_spell_no_name_one_may_not_see(client, cast, sign_in, at):
    make_initiative(cast, "idea", name="Claims drafts")
    for name in CANARIES:
        hidden = make_initiative(cast, "idea", name=name, vendor="Kestrelline").fresh
        actions.set_restricted(hidden, True, by=cast.lead, at=AT)
    saved.save("Ours", "?stage=idea&columns=name,vendor", unit=cast.support, by=cast.lead, at=AT)

    def read(who) -> set[str]:
        sign_in(client, who)
        urls = [f"/catalog.{kind}?q={q}" for kind in ("csv", "json", "xlsx") for q in ("", "brim", "kes")]
        urls += ["/catalog/?stage=idea&columns=name,vendor", "/catalog/views/", "/catalog/views/save/?stage=idea"]
        answers = [client.get(url) for url in urls]
        return spelled([words_of(b"".join(a.streaming_content) if a.streaming else a.content) for a in answers])

    assert read(cast.staff) == set()
    assert len(read(cast.lead)) == 9


def test_counts_are_of_what_one_may_see(client, cast, sign_in, secret):
    stranger = listed(sign_in(client, cast.staff), "counts=1")
    told = listed(sign_in(client, cast.compliance), "counts=1")

    assert (stranger["size"], told["size"]) == (2, 3)
    assert [part["words"] for part in stranger["headline"]] == ["1 in pilot", "1 idea"]
    assert [part["words"] for part in told["headline"]] == ["1 in pilot", "2 ideas"]

    def restricted(context: dict) -> list[int]:
        options = [facet["options"] for facet in context["shown"].facets if facet["name"] == "restricted"]
        return [option["count"] for option in options[0]]

    assert (restricted(stranger), restricted(told)) == ([], [1])


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("compliance", True),
        ("office", True),
        ("auditor", True),
        ("lead", True),
        ("staff", False),
        ("admin", False),
        ("owner", False),
        ("cto", False),
        ("finance", False),
        ("security", False),
    ],
)
def test_who_finds_a_restricted_one(client, cast, sign_in, secret, who, sees):
    assert (secret.key in keys(sign_in(client, getattr(cast, who)), "q=merger")) is sees


def test_a_key_typed_into_the_search_leads_there_only_for_those_who_may_see_it(client, cast, sign_in, secret):
    there = reverse("initiatives:show", args=[secret.key])

    assert sign_in(client, cast.lead).get(f"/catalog/?q=ai-{secret.number}").url == there
    refused = sign_in(client, cast.staff).get(f"/catalog/?q={secret.key}")
    assert refused.status_code == 200
    assert refused.context["shown"].total == 0


def test_nobody_comes_in_without_signing_in(client, db):
    for address in ("/catalog/", "/catalog.csv", "/catalog.json"):
        assert client.get(address).status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_only_shows(client, cast, sign_in, method):
    sign_in(client, cast.office)
    for address in ("/catalog/", "/catalog.csv", "/catalog.json"):
        assert getattr(client, method)(address).status_code == 405


# --- Searching --------------------------------------------------------------------------------


def test_every_word_is_compared_with_beginnings_and_accents_do_not_matter(client, cast, sign_in, at):
    story = make_initiative(cast, "idea", name="Café résumé helper", vendor="Ünique")
    sign_in(client, cast.staff)

    for query in ("cafe", "CAFÉ", "caf resu", "helper cafe", "unique"):
        assert keys(client, f"q={query}") == [story.initiative.key], query
    assert keys(client, "q=cafe+nothing") == []
    assert keys(client, "q=afe") == []


def test_help_with_a_typo_comes_only_when_nothing_is_found(client, cast, sign_in, at):
    make_initiative(cast, "idea", name="Invoice matching")
    sign_in(client, cast.staff)

    assert listed(client, "q=invioce+match")["guess"] == "invoice match"
    assert (
        'Did you mean <a href="/catalog/?q=invoice">invoice</a>?' in client.get("/catalog/?q=invoce").content.decode()
    )
    assert listed(client, "q=invoice")["guess"] == ""
    assert listed(client, "q=zebra")["guess"] == ""
    assert listed(client, "q=%22%27%3B--")["guess"] == ""


def test_help_with_a_typo_is_the_same_for_accents_ties_and_several_words(client, cast, sign_in, at):
    for name in ("Café planner", "Invoice matching", "Invoice hatching", "Straßen routing"):
        make_initiative(cast, "idea", name=name)
    sign_in(client, cast.staff)

    guesses = {
        query: listed(client, f"q={query}")["guess"]
        for query in ("cafè+planer", "invoice+natching", "strasen", "xyzzyx+invoce", "invoce+ai")
    }
    assert guesses == {
        "cafè+planer": "cafe planner",
        "invoice+natching": "invoice hatching",  # the first of equals, by the alphabet
        "strasen": "strassen",
        "xyzzyx+invoce": "",
        "invoce+ai": "",
    }


@pytest.mark.ci
def test_help_with_a_typo_reads_ten_thousand_names_in_two_queries_and_no_time_worth_noticing(cast):
    dice = random.Random(1)

    def word() -> str:
        return "".join(dice.choice(["ba", "ko", "ri", "ten", "mu", "las", "per", "vi", "qua"]) for _ in range(4))

    Initiative.objects.bulk_create(
        at_stage("idea", number=n, name=f"{word()} {word()} {word()}", stage_since=AT, registered_at=AT)
        for n in range(1, 10_001)
    )
    rows = Initiative.objects.visible_to(cast.compliance, AT)
    rows.exists()

    for query in (" ".join("x" + word()[1:] for _ in range(8)), " ".join(f"zzzzzzz{n}" for n in range(8))):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as asked:
            catalog.did_you_mean(rows, query)
        assert len(asked) <= 2
        assert time.perf_counter() - began < 5


def test_an_empty_catalog_offers_to_begin(client, cast, sign_in, at):
    page = sign_in(client, cast.staff).get("/catalog/").content.decode()

    assert "No initiative is registered yet." in page
    assert f'<a href="{reverse("initiatives:register")}">' in page
    assert "Bring a list" not in page


@pytest.mark.parametrize("path", ["/catalog/", "/portfolio/"])
def test_an_empty_catalog_offers_those_who_may_to_bring_a_list(client, cast, sign_in, at, path):
    page = sign_in(client, cast.office).get(path).content.decode()

    assert f'<a href="{reverse("registers:list")}">Bring a list</a>' in page


def test_a_search_that_finds_nothing_offers_everything(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    page = sign_in(client, cast.staff).get("/catalog/?stage=retired").content.decode()

    assert "No initiative fits all of these filters." in page
    assert '<a href="/catalog/">Show everything</a>' in page


def test_a_search_keeps_the_filters_and_shows_what_was_typed_as_text(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    page = sign_in(client, cast.staff).get("/catalog/?q=%3Cscript%3E&stage=idea&sort=-name").content.decode()

    assert '<input type="hidden" name="stage" value="idea">' in page
    assert '<input type="hidden" name="sort" value="-name">' in page
    assert "<script>" not in page.partition("<main")[2]
    assert 'value="&lt;script&gt;"' in page


# --- Parts, files, weight ---------------------------------------------------------------------


def test_htmx_gets_the_list_alone_and_history_the_whole_page(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    sign_in(client, cast.staff)
    part = client.get("/catalog/?stage=idea", headers={"HX-Request": "true", "HX-Target": "catalog"}).content.decode()
    whole = client.get(
        "/catalog/?stage=idea",
        headers={"HX-Request": "true", "HX-Target": "catalog", "HX-History-Restore-Request": "true"},
    ).content.decode()

    assert part.lstrip().startswith('<section id="catalog"')
    assert "<html" not in part
    assert "data-focus" in part
    assert "<html" in whole


def test_the_files_hold_the_list_that_was_asked_for(client, cast, sign_in, at):
    cast.support.name = "=Support"
    cast.support.save()
    story = make_initiative(cast, "production", name="+Refunds")
    make_initiative(cast, "idea", name="Claims drafts")
    sign_in(client, cast.staff)
    shown = listed(client, "stage=production&x=1&sort=-name")

    urls = dict(shown["files"])
    text = b"".join(client.get(urls["CSV"]).streaming_content).decode()
    told = json.loads(b"".join(client.get(urls["JSON"]).streaming_content))
    book = load_workbook(io.BytesIO(b"".join(client.get(urls["XLSX"]).streaming_content)))

    head, row = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    line = dict(zip(head, row, strict=True))
    assert urls["CSV"] == "/catalog.csv?stage=production&sort=-name"
    assert text.startswith("\ufeff")
    assert (line["Key"], line["Name"], line["Unit"], line["Business owner"]) == (
        story.initiative.key,
        "'+Refunds",
        "'=Support",
        "Priya Nair",
    )
    assert (line["Next"], line["Next at"]) == ("Review", story.fresh.review_due_at.isoformat(timespec="seconds"))
    assert line["Has an owner"] == "yes"
    assert [r["key"] for r in told["rows"]] == [story.initiative.key]
    assert (told["rows"][0]["name"], told["rows"][0]["has_owner"], told["rows"][0]["tier"]) == ("+Refunds", True, 2)
    assert told["address"].endswith("/catalog/?stage=production&sort=-name")
    titles, values = book["catalog"].iter_rows(values_only=True)
    assert titles[1:] == tuple(head)
    assert values[0] == story.initiative.key
    assert [str(value or "") for value in values[1:]] == row
    assert (values[1 + COLUMNS.index("tier")], values[1 + COLUMNS.index("rollback_minutes")]) == (2, 10)


def test_a_file_that_comes_in_again_finds_its_columns_by_name_and_every_word(client, cast, sign_in, at):
    texts = {
        "purpose": "Refunds up to €50.\r\nAt once.",
        "tools": "refund.api\nmail",
        "known_limits": "=1+1",
        "vendor": "'quoted",
    }
    story = make_initiative(cast, "idea", **texts, exposure="customers", capability="can_act")
    response = sign_in(client, cast.staff).get("/catalog.xlsx?columns=name,vendor,purpose,tools,known_limits,exposure")
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    rows = [row[:3] for row in book["mandate"].iter_rows(min_row=2, values_only=True) if row[0]]
    place = {name: 1 + number for number, (name, _title, _editable) in enumerate(rows)}
    titles, values = book["catalog"].iter_rows(values_only=True)

    assert titles[place["vendor"]] == rows[1][1]
    assert [name for name, _title, editable in rows if editable] == list(place)
    assert values[0] == story.initiative.key
    assert {name: export.bare_in_sheet(values[place[name]]) for name in texts} == {
        name: text.replace("\r\n", "\n") for name, text in texts.items()
    }
    assert values[place["exposure"]] == "Customers or the public"


def test_the_first_load_is_light(client, crowd, sign_in):
    page = sign_in(client, crowd[0].compliance).get("/catalog/").content

    assert len(page) < 100_000


def test_orders_put_first_what_they_promise(client, cast, sign_in, at):
    make_initiative(cast, "idea", name="beta")
    make_initiative(cast, "pilot", name="Alpha")
    make_initiative(cast, "production", name="gamma", tier_proposed=3)
    sign_in(client, cast.staff)

    def shown(query):
        return [row["initiative"].name for row in listed(client, query)["rows"]]

    assert shown("") == ["Alpha", "beta", "gamma"]
    assert shown("sort=-name") == ["gamma", "beta", "Alpha"]
    assert shown("sort=-key") == ["gamma", "Alpha", "beta"]
    assert shown("sort=-tier") == ["gamma", "Alpha", "beta"]
    assert shown("sort=stage") == ["beta", "Alpha", "gamma"]
    assert shown("sort=owner")[0] == "beta"
    assert shown("sort=-owner")[-1] == "beta" != shown("sort=owner")[-1]  # asked for again, in the same process


def test_times_are_in_the_readers_zone(client, cast, sign_in, at):
    make_initiative(cast, "production")
    cast.staff.time_zone = "Asia/Tokyo"
    cast.staff.save()
    sign_in(client, cast.staff)

    assert "JST" in client.get("/catalog/").content.decode()
    told = json.loads(b"".join(client.get("/catalog.json").streaming_content))
    assert told["rows"][0]["next_at"].endswith("+09:00")
    assert timezone.get_current_timezone_name() == "UTC"
