"""Own columns: what may stand in one, what an initiative says there, and where it is seen, found, ordered and exported."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from governance.core import clock, export, lists
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.initiatives import actions, catalog, own, own_keeping, search
from governance.initiatives.models import Initiative, OwnChoice, OwnColumn, OwnValue
from governance.ledger.models import LedgerEntry
from tests.crowd import make_crowd
from tests.gates.pages import words
from tests.make import AT, make_initiative
from tests.web import Page


@pytest.fixture
def at(monkeypatch):
    """Hold the clock still at the moment stories begin."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return AT


@pytest.fixture
def column(cast):
    """Return a function that makes an own column as the Portfolio office would."""

    def make(title: str = "Contract ends", kind: str = "date", **said) -> OwnColumn:
        made = own_keeping.make(title, kind, by=cast.office, at=AT, **said)
        return next(one for one in own.columns() if one == made)

    return make


@pytest.fixture
def hosting(column):
    """A column with two choices."""
    return column("Hosting", "choice", choices=["Own servers", "Cloud"])


def say(initiative, by, **said) -> Initiative:
    """Have an initiative say something in own columns, by key: what `own.read` makes of a text."""
    there = {one.key: one for one in own.columns()}
    values = {there[key]: own.read(there[key], text) for key, text in said.items()}
    fresh = Initiative.objects.get(pk=initiative.pk)
    return actions.amend(fresh, {}, own=values, by=by, at=AT, seen_version=fresh.version)


def texts(column: OwnColumn) -> list[str]:
    """Return everything said in a column, as text."""
    return sorted(own.plain(row.value) for row in OwnValue.objects.filter(column=column).select_related("choice"))


# --- What can be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "  CC-4410  ", "CC-4410"),
        ("text", "x" * 300, "x" * 300),
        ("number", "1204.50", Decimal("1204.5")),
        ("number", "-0", Decimal(0)),
        ("number", "99999999999.9999", Decimal("99999999999.9999")),
        ("date", "2026-11-20", date(2026, 11, 20)),
        ("date", "2026-11-20 00:00:00", date(2026, 11, 20)),
        ("link", "http://wiki/page#a", "http://wiki/page#a"),
        ("link", "HTTPS://example.org:8443/a?b=ü", "HTTPS://example.org:8443/a?b=ü"),
        *((kind, "  ", None) for kind in ("text", "number", "date", "link", "choice")),
    ],
)
def test_what_is_of_its_kind_is_read_and_written_as_it_is_read(column, kind, text, value):
    one = column("One", kind, choices=["A"] if kind == "choice" else ())

    assert own.read(one, text) == value
    assert own.read(one, own.plain(value)) == value


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("text", "x" * 301, "one line of at most 300 characters"),
        ("text", "one\ntwo", "one line"),
        ("text", "a\x00b", "one line"),
        *(
            ("number", text, "with a point before at most 4 more and nothing between the thousands")
            for text in ("1,200", "1 200", "1.200,5", "1e3", "NaN", "½", "٤", "4.", "1.00001", "123456789012")
        ),
        *(
            ("date", text, "a date, for example 2026-11-20")
            for text in ("20.11.2026", "11/20/2026", "2026-13-01", "2026-11-20 09:00", "20261120", "soon")
        ),
        *(
            ("link", text, "starts with https:// or http://")
            for text in (
                "example.org",
                "javascript:alert(1)",
                "ftp://example.org",
                "https://",
                "https:///a",
                "https://a b",
                "https://bank.example@evil.example/",
                "https://evil.example\\@bank.example/",
                "https://example.org:99999",
                "https://example.org/\u202e",
                "https://[1/",
                "https://example.org/" + "x" * 500,
            )
        ),
        ("choice", "Claud", "one of the choices: A, B"),
    ],
)
def test_what_is_not_is_refused_in_a_sentence_that_says_what_came_and_what_was_expected(column, kind, text, expected):
    one = column("One", kind, choices=["A", "B"] if kind == "choice" else ())

    with pytest.raises(own.Unreadable) as refusal:
        own.read(one, text)

    assert refusal.value.message.startswith(f"One is “{text[:10].strip()}"[:16])
    assert expected in refusal.value.expected
    assert refusal.value.expected in refusal.value.message


def test_a_choice_is_read_whatever_its_case_and_spaces(hosting):
    assert own.read(hosting, " own   SERVERS ").key == "own_servers"


# --- The database holds it --------------------------------------------------------------------

FILLED = {"text": {"text": "x"}, "number": {"number": 1}, "date": {"day": AT.date()}, "link": {"text": "http://a"}}


@pytest.mark.parametrize("kind", ["text", "number", "date", "link", "choice"])
def test_a_value_of_another_kind_is_refused_by_the_database(story, column, hosting, kind):
    initiative = story().initiative
    one = hosting if kind == "choice" else column("One", kind)
    mine = {**FILLED, "choice": {"choice": hosting.choices.first()}}
    wrong = [{}] + [v for k, v in mine.items() if v.keys() != mine[kind].keys()]
    wrong += [mine[kind] | v for v in wrong[1:]]

    for values in wrong:
        with pytest.raises(IntegrityError, match="an_own_value_is_of_its_kind"), transaction.atomic():
            OwnValue.objects.create(initiative=initiative, column=one, kind=kind, **values)
    OwnValue.objects.create(initiative=initiative, column=one, kind=kind, **mine[kind])
    with pytest.raises(IntegrityError), transaction.atomic():
        OwnValue.objects.create(initiative=initiative, column=one, kind=kind, **mine[kind])


# --- Saying something -------------------------------------------------------------------------


def test_saying_something_is_on_record_with_what_was_there_before_and_the_title(story, cast, column, hosting):
    column()
    tale = story()

    say(tale.initiative, cast.lead, contract_ends="2026-12-31", hosting="cloud")
    say(tale.initiative, cast.lead, contract_ends="2027-12-31", hosting="")

    first, second = LedgerEntry.objects.filter(verb="initiative.amended").order_by("seq")
    assert first.detail["fields"] == ["own_contract_ends", "own_hosting"]
    assert first.text["after"] == {"own_contract_ends": "2026-12-31", "own_hosting": "Cloud"}
    assert second.text == {
        "before": {"own_contract_ends": "2026-12-31", "own_hosting": "Cloud"},
        "after": {"own_contract_ends": "2027-12-31", "own_hosting": ""},
        "titles": {"own_contract_ends": "Contract ends", "own_hosting": "Hosting"},
    }
    assert own.current([tale.initiative]) == {tale.initiative.pk: {"contract_ends": date(2027, 12, 31)}}


def test_saying_the_same_again_changes_and_records_nothing(story, cast, column, entries):
    column("Seats", "number")
    tale = story()
    say(tale.initiative, cast.lead, seats="40")
    before = entries(), tale.fresh.version

    say(tale.initiative, cast.lead, seats="40.00")

    assert (entries(), tale.fresh.version) == before


def test_fields_and_own_columns_change_in_one_act_or_not_at_all(story, cast, column):
    seats = column("Seats", "number")
    tale = story()
    change = {"by": cast.lead, "at": AT, "own": {seats: Decimal(4)}}

    actions.amend(tale.fresh, {"vendor": "Lumen"}, seen_version=tale.fresh.version, **change)
    with pytest.raises(Conflict):
        actions.amend(tale.fresh, {}, seen_version=1, **{**change, "own": {seats: Decimal(5)}})
    with pytest.raises(Refused):
        actions.amend(
            tale.fresh, {}, seen_version=tale.fresh.version, **{**change, "by": cast.staff, "own": {seats: Decimal(6)}}
        )

    entry = LedgerEntry.objects.get(verb="initiative.amended")
    assert entry.detail["fields"] == ["own_seats", "vendor"]
    assert texts(seats) == ["4"]


def test_what_is_retired_stays_where_it_stands_and_is_said_nowhere_anew(story, cast, hosting, column):
    ends = column()
    tale, other = story(), story(name="Claims drafts")
    say(tale.initiative, cast.lead, hosting="cloud", contract_ends="2026-12-31")
    cloud = hosting.choices.get(key="cloud")
    own_keeping.change_choice(cloud, "retire", by=cast.office, at=AT)
    own_keeping.retire(ends, by=cast.office, at=AT)

    say(tale.initiative, cast.lead, hosting="cloud")
    with pytest.raises(Blocked, match="Cloud is retired in Hosting"):
        say(other.initiative, cast.lead, hosting="cloud")
    gone = OwnColumn.objects.get(key="contract_ends")
    with pytest.raises(Blocked, match="Contract ends is retired"):
        actions.amend(tale.fresh, {}, own={gone: None}, by=cast.lead, at=AT, seen_version=tale.fresh.version)

    assert texts(hosting) == ["Cloud"]
    assert texts(gone) == ["2026-12-31"]


@pytest.mark.parametrize("value", ["2026-12-31", Decimal(3), ""])
def test_a_value_of_another_kind_is_refused_by_the_act(story, cast, column, value):
    with pytest.raises(Blocked, match="holds a value of another kind: Date"):
        actions.amend(story().fresh, {}, own={column(): value}, by=cast.lead, at=AT, seen_version=1)


def test_a_choice_of_another_column_is_refused(story, cast, hosting, column):
    other = column("Region", "choice", choices=["North"])

    with pytest.raises(Blocked, match="another kind: Choice"):
        actions.amend(story().fresh, {}, own={hosting: other.choices.get()}, by=cast.lead, at=AT, seen_version=1)


# --- The page of an initiative ----------------------------------------------------------------


def test_it_is_filled_in_where_the_rest_is_amended_and_stands_among_the_facts(
    fresh_story, read, says, amend, cast, column, hosting
):
    for title, kind in (("Contract ends", "date"), ("Cost centre", "text"), ("Seats", "number"), ("Contract", "link")):
        column(title, kind, help="As signed.")
    tale = fresh_story("idea")
    form = words(read(tale, cast.lead, "amend"))

    done = amend(
        tale,
        cast.lead,
        own_contract_ends="2027-01-31",
        own_cost_centre="CC-4410",
        own_seats="1204.50",
        own_contract="https://files.example.org/c/17?x=<b>".replace("<b>", "b"),
        own_hosting="cloud",
    )

    assert "Own columns" in form
    assert "As signed." in form
    assert done.status_code == 303
    page = read(tale, cast.staff).content.decode()
    said = says(tale, cast.staff)
    assert (
        "Hosting Cloud Contract ends Sun 31 Jan 2027 Cost centre CC-4410 Seats 1,204.5 Contract files.example.org"
        in said
    )
    assert (
        '<a href="https://files.example.org/c/17?x=b" rel="noopener noreferrer nofollow">files.example.org</a>' in page
    )
    assert "changed Contract, Contract ends, Cost centre, Hosting, Seats" in said
    assert "Contract ends: – → 2027-01-31" in says(tale, cast.staff, "history")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"own_seats": "1,200"}, "Seats is “1,200”. Enter a number of at most 11 digits, with a point"),
        ({"own_contract_ends": "soon"}, "Contract ends is “soon”. Enter a date, for example 2026-11-20."),
        ({"own_contract": "example.org"}, "Contract is “example.org”. Enter an address that starts with https://"),
        ({"own_hosting": "moon"}, "Hosting is “moon”, which is not one of the choices."),
        ({"own_cost_centre": "x" * 301}, "Cost centre is “xxx"),
    ],
)
def test_what_cannot_be_read_is_refused_in_place_and_nothing_is_saved(
    fresh_story, amend, cast, column, hosting, entries, sent, sentence
):
    for title, kind in (("Contract ends", "date"), ("Cost centre", "text"), ("Seats", "number"), ("Contract", "link")):
        column(title, kind)
    tale = fresh_story("idea")
    before = entries()

    answer = amend(tale, cast.lead, vendor="Lumen", **sent)

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert str(next(iter(sent.values()))) in answer.content.decode()
    assert (entries(), tale.fresh.vendor, OwnValue.objects.count()) == (before, "", 0)


def test_a_retired_choice_stays_in_the_form_where_it_stands_and_only_there(fresh_story, read, amend, cast, hosting):
    tale, other = fresh_story("idea"), fresh_story("idea", name="Claims drafts")
    say(tale.initiative, cast.lead, hosting="cloud")
    own_keeping.change_choice(hosting.choices.get(key="cloud"), "retire", by=cast.office, at=AT)

    mine, theirs = (words(read(one, cast.lead, "amend")) for one in (tale, other))
    kept = amend(tale, cast.lead, vendor="Lumen")

    assert ("Cloud (retired)" in mine, "Cloud" in theirs) == (True, False)
    assert kept.status_code == 303
    assert texts(hosting) == ["Cloud"]


def test_a_retired_column_is_not_offered_and_what_it_says_stands_on_the_page_as_retired(
    fresh_story, read, says, cast, column
):
    tale, ends = fresh_story("idea"), column()
    say(tale.initiative, cast.lead, contract_ends="2027-01-31")
    own_keeping.retire(ends, by=cast.office, at=AT)

    assert "own_contract_ends" not in read(tale, cast.lead, "amend").content.decode()
    assert "Contract ends (retired) Sun 31 Jan 2027" in says(tale, cast.staff)


def test_what_somebody_saved_meanwhile_is_shown_beside_what_was_typed(fresh_story, read, client, cast, column):
    tale = fresh_story("idea")
    column("Cost centre", "text")
    form = Page(read(tale, cast.lead, "amend").content.decode(), "/").form(having="own_cost_centre")
    say(tale.initiative, cast.lead, cost_centre="CC-1")

    answer = client.post(f"/initiatives/{tale.initiative.key}/amend/", form.data(own_cost_centre="CC-2"))

    assert answer.status_code == 409
    assert "Cost centre CC-1 CC-2" in words(answer)
    assert own.current([tale.initiative])[tale.initiative.pk] == {"cost_centre": "CC-1"}


# --- The catalog ------------------------------------------------------------------------------


@pytest.fixture
def amend(read, client):
    """Return a function that sends what the form of an initiative would as it stands, with some fields changed."""

    def send(tale, who, **changes):
        form = Page(read(tale, who, "amend").content.decode(), "/").form(having="version")
        return client.post(f"/initiatives/{tale.initiative.key}/amend/", form.data(**changes))

    return send


@pytest.fixture
def three(cast, column, hosting, at):
    """Three initiatives that say something of each kind, one that says nothing, and a restricted one."""
    for title, kind in (("Contract ends", "date"), ("Cost centre", "text"), ("Seats", "number"), ("Contract", "link")):
        column(title, kind)
    told = {
        "B": ("2027-01-31", "beta", "9", "https://b.example/x", "Cloud"),
        "A": ("2026-06-30", "Alpha", "10.5", "https://c.example/x", "Own servers"),
        "C": ("2028-01-01", "gamma", "-3", "https://a.example/x", "Cloud"),
    }
    made = {}
    for name in ("B", "A", "nothing", "C", "secret"):
        made[name] = make_initiative(cast, "idea", name=name).initiative
        if name in told:
            keys = ("contract_ends", "cost_centre", "seats", "contract", "hosting")
            say(made[name], cast.lead, **dict(zip(keys, told[name], strict=True)))
    say(made["secret"], cast.lead, seats="77", hosting="Own servers", cost_centre="hush")
    actions.set_restricted(made["secret"], True, by=cast.lead, at=AT)
    return made


def names(client, query: str) -> list[str]:
    """Return the names on a page of the catalog."""
    response = client.get(f"/catalog/?{query}")
    assert response.status_code == 200
    return [row["initiative"].name for row in response.context["rows"]]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("own_contract_ends", "ABC"),
        ("own_cost_centre", "ABC"),
        ("own_seats", "CBA"),
        ("own_contract", "CBA"),
        ("own_hosting", "ABC"),
    ],
)
def test_it_is_ordered_as_what_it_is_and_what_says_nothing_comes_last_both_ways(
    client, cast, sign_in, three, sort, order
):
    sign_in(client, cast.staff)

    assert names(client, f"sort={sort}") == [*order, "nothing"]
    back = names(client, f"sort=-{sort}")
    assert back[-1] == "nothing"
    assert back == ([*reversed(order), "nothing"] if sort != "own_hosting" else ["C", "B", "A", "nothing"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("own_hosting=cloud", "BC"),
        ("own_hosting=own_servers", "A"),
        ("own_hosting=own_servers,cloud", "ABC"),
        ("own_hosting=none", ["nothing"]),
        ("own_seats=filled", "ABC"),
        ("own_seats=none", ["nothing"]),
        ("own_seats=filled&own_hosting=cloud", "BC"),
        ("own_seats=77", ["A", "B", "C", "nothing"]),
    ],
)
@pytest.mark.parametrize("exact", [lists.EXACT, 1])
def test_it_is_a_filter_whose_numbers_count_what_somebody_may_see(
    client, cast, sign_in, three, monkeypatch, exact, query, found
):
    monkeypatch.setattr(lists, "EXACT", exact)  # beyond it those that say the same are counted together
    sign_in(client, cast.staff)
    usual, page = client.get("/catalog/?counts=1"), client.get("/catalog/?columns=name,own_seats&counts=1")

    facets = {f["name"]: {o["value"]: o["count"] for o in f["options"]} for f in page.context["shown"].facets}
    assert [f["name"] for f in usual.context["shown"].facets if f["name"].startswith("own_")] == ["own_hosting"]
    assert facets["own_hosting"] == {"own_servers": 1, "cloud": 2, "none": 1}
    assert facets["own_seats"] == {"filled": 3, "none": 1}
    assert sorted(names(client, query)) == sorted(found)


@pytest.mark.parametrize(
    ("query", "kept", "said", "found"),
    [
        ("own_seats=9..10.5", "9..10.5", "Seats: 9 to 10.5", "AB"),
        ("own_seats-from=9&own_seats-to=", "9..", "Seats: from 9", "AB"),
        ("own_seats-from=&own_seats-to=9.0000", "..9", "Seats: up to 9", "BC"),
        ("own_seats=20..-3", "-3..20", "Seats: -3 to 20", "ABC"),
        ("own_seats=70..80", "70..80", "Seats: 70 to 80", ""),
        ("own_seats=filled&own_seats-from=10", "10..", "Seats: from 10", "A"),
        (
            "own_contract_ends=2026-06-30..2027-01-31",
            "2026-06-30..2027-01-31",
            "Contract ends: 30 Jun 2026 to 31 Jan 2027",
            "AB",
        ),
        ("own_contract_ends-from=2027-02-01", "2027-02-01..", "Contract ends: from 1 Feb 2027", "C"),
    ],
)
@pytest.mark.parametrize("exact", [lists.EXACT, 1])
def test_numbers_and_days_are_asked_for_by_range(
    client, cast, sign_in, three, monkeypatch, exact, query, kept, said, found
):
    monkeypatch.setattr(lists, "EXACT", exact)
    sign_in(client, cast.staff)

    shown = client.get(f"/catalog/?{query}&stage=idea&sort=-key&counts=1").context["shown"]

    name = query[: query.index("=")].removesuffix("-from")
    assert (shown.chosen.values[name], [one["label"] for one in shown.applied][-1]) == ((kept,), said)
    assert sorted(row.name for row in shown.rows) == sorted(found)
    facet = next(facet for facet in shown.facets if facet["name"] == name)
    assert [(o["value"], o["count"]) for o in facet["options"] if o["on"]] == [(kept, len(found))]
    assert facet["kept"] == [("stage", "idea"), ("sort", "-key")]
    again = client.get(lists.address(shown.listing, shown.chosen)).context["shown"]
    assert again.chosen.values == shown.chosen.values


@pytest.mark.parametrize(
    "sent", ["..", "a..b", "1e9..2", "9..10;", "2026-01-01..", "9...10", "٣..٤", "-..", "9" * 300 + ".."]
)
def test_a_range_that_is_none_is_no_filter(client, cast, sign_in, three, sent):
    sign_in(client, cast.staff)

    shown = client.get("/catalog/", {"own_seats": sent, "own_cost_centre": "a..b", "own_hosting": "1..2"}).context[
        "shown"
    ]

    assert (shown.chosen.values, len(shown.rows)) == ({}, 4)


def test_its_columns_are_chosen_like_the_others_and_say_it_as_it_is(client, cast, sign_in, three):
    sign_in(client, cast.staff)

    usual = client.get("/catalog/").content.decode()
    page = client.get("/catalog/?q=beta&columns=own_contract_ends,own_seats,own_contract,own_hosting").content.decode()

    assert '<input type="checkbox" name="columns" value="own_contract_ends">' in usual
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert '<td class="num" data-label="Seats">9</td>' in body
    assert '<time datetime="2027-01-31">Sun 31 Jan 2027</time>' in body
    assert 'rel="noopener noreferrer nofollow">b.example</a>' in body
    assert '<td data-label="Hosting">Cloud</td>' in body


@pytest.mark.parametrize(
    "sort", ["own_seats", "-own_seats", "own_cost_centre", "-own_contract_ends", "-own_hosting", "owner"]
)
def test_pages_found_by_key_hold_every_row_once_in_the_same_order(cast, column, hosting, sort, at):
    for title, kind in (("Contract ends", "date"), ("Cost centre", "text"), ("Seats", "number")):
        column(title, kind)
    make_crowd(cast, 24, AT)
    choices, columns = list(hosting.choices.all()), {one.key: one for one in own.columns()}
    for place, one in enumerate(Initiative.objects.order_by("pk")):
        if place % 3:
            says = {
                "contract_ends": date(2026, 1, 1 + place % 4),
                "cost_centre": "AbCd"[place % 4],
                "seats": Decimal(place % 5) / 10 + 4,
                "hosting": choices[place % 2],
            }
            own.put(one, {columns[key]: value for key, value in says.items()})
    listing = catalog.listing(cast.compliance, AT, path="/catalog/", per_page=5)
    whole = [r.pk for r in lists.ordered(listing, lists.choose(listing, QueryDict(f"sort={sort}")), listing.rows)]

    def walk(way: str, key: int | None) -> list[int]:
        found = []
        while key is not None and len(found) < 40:
            shown = lists.show(listing, QueryDict(f"sort={sort}&{way}={key}"))
            page = [row.pk for row in shown.rows]
            found = [*found, *page] if way == "after" else [*page, *found]
            edge = (shown.rows or [None])[-1 if way == "after" else 0]
            key = edge.number if edge is not None and len(shown.rows) == 5 else None
        return found

    number = dict(Initiative.objects.values_list("pk", "number"))
    assert len(whole) == 24
    assert whole[:1] + walk("after", number[whole[0]]) == whole
    assert walk("before", number[whole[-1]]) + whole[-1:] == whole
    assert [r.pk for r in lists.show(listing, QueryDict(f"sort={sort}&last=1")).rows] == whole[-5:]


def test_a_list_asks_as_much_with_thirty_own_columns_as_with_one(client, cast, sign_in, column, at):
    make_crowd(cast, 30, AT)
    make_initiative(cast, "idea")

    def ask(query: str = "") -> int:
        with CaptureQueriesContext(connection) as asked:
            response = client.get(f"/catalog/{query}")
            b"".join(response.streaming_content) if response.streaming else response.content
        assert response.status_code == 200
        return len(asked)

    sign_in(client, cast.staff)
    column("Column 0", "choice", choices=["A", "B"])
    client.get("/catalog/")
    few = ask("?columns=own_column_0&sort=own_column_0&own_column_0=none")
    for number in range(1, own_keeping.MOST):
        column(
            f"Column {number}",
            ("text", "number", "date", "link", "choice")[number % 5],
            choices=["A"] * (number % 5 == 4),
        )
    all_of_them = ",".join(one.name for one in own.columns())

    assert ask(f"?columns={all_of_them}&sort=-own_column_2&own_column_0=none&own_column_3=none&counts=1") == few <= 12
    assert ask("?after=1&sort=own_column_1") <= 12
    with pytest.raises(Blocked, match="30 own columns are in use, and that is the most"):
        column("One more", "text")


def test_search_finds_texts_choices_and_links_and_no_longer_what_was_taken_away(client, cast, sign_in, three):
    sign_in(client, cast.staff)

    found = {q: sorted(names(client, f"q={q}")) for q in ("beta", "cloud", "example", "hush", "10")}
    say(three["B"], cast.lead, cost_centre="CC-4410", hosting="")

    assert found == {"beta": ["B"], "cloud": ["B", "C"], "example": ["A", "B", "C"], "hush": [], "10": []}
    after = {q: names(client, f"q={q}") for q in ("beta", "4410", "cc-44", "cloud")}
    assert after == {"beta": [], "4410": ["B"], "cc-44": ["B"], "cloud": ["C"]}


def test_the_index_of_search_is_the_same_whoever_makes_it(cast, three):
    before = dict(Initiative.objects.values_list("pk", "search_text__body"))

    search.index(Initiative.objects.select_related("unit"))

    assert dict(Initiative.objects.values_list("pk", "search_text__body")) == before


# --- Files ------------------------------------------------------------------------------------


def body(client, address: str) -> bytes:
    """Return a file."""
    return b"".join(client.get(address).streaming_content)


def test_files_hold_what_was_chosen_typed_and_under_a_name_that_stays(client, cast, sign_in, three):
    sign_in(client, cast.staff)
    chosen = "columns=key,own_seats,own_contract_ends,own_hosting,own_contract&sort=own_seats"
    own_keeping.change(OwnColumn.objects.get(key="seats"), "Licences", by=cast.office, at=AT, seen_version=1)

    book = load_workbook(io.BytesIO(body(client, f"/catalog.xlsx?{chosen}")))
    rows = list(csv.reader(io.StringIO(body(client, f"/catalog.csv?{chosen}").decode("utf-8-sig"))))
    told = json.loads(body(client, f"/catalog.json?{chosen}"))["rows"]

    key = three["A"].key
    assert rows[0] == ["Key", "Licences", "Contract ends", "Hosting", "Contract"]
    assert rows[3] == [key, "10.5", "2026-06-30", "Own servers", "https://c.example/x"]
    assert rows[4][1:] == ["", "", "", ""]
    assert told[2] == {
        "key": key,
        "own_seats": 10.5,
        "own_contract_ends": "2026-06-30",
        "own_hosting": "Own servers",
        "own_contract": "https://c.example/x",
    }
    assert told[0]["own_seats"] == -3
    assert [row[2].value for row in book["catalog"].iter_rows(min_row=2)] == [-3, 9, 10.5, None]
    assert book["catalog"]["D4"].value == "2026-06-30"
    about = {row[0].value: (row[1].value, row[2].value) for row in book["mandate"].iter_rows(min_row=2)}
    assert about["own_seats"] == ("Licences", True)
    assert about["own_contract_ends"] == ("Contract ends", True)
    assert "hush" not in body(client, "/catalog.csv").decode()
    clouds = body(client, "/catalog.csv?own_hosting=cloud&sort=-own_hosting&columns=key,own_hosting").decode()
    assert clouds.splitlines()[1:] == [f"{three[name].key},Cloud" for name in "CB"]


def test_what_a_file_holds_reads_back_as_what_is_there(cast, three):
    listing = catalog.listing(cast.compliance, AT, path="/catalog/")
    rows = csv.DictReader(
        io.StringIO(b"".join(export.as_csv(listing, QueryDict(), "x").streaming_content).decode("utf-8-sig"))
    )

    there = own.current(Initiative.objects.all())
    numbers = dict(Initiative.objects.values_list("number", "pk"))
    for row in rows:
        read = {c.key: own.read(c, export.bare(row[c.title])) for c in own.columns()}
        assert {key: value for key, value in read.items() if value is not None} == there[numbers[int(row["Key"][3:])]]


# --- A column that is gone --------------------------------------------------------------------


def test_a_view_that_asks_for_a_retired_column_opens_and_says_so(client, cast, sign_in, three):
    sign_in(client, cast.staff)
    asked = "?stage=idea&own_hosting=cloud&sort=-own_seats&columns=name,own_contract_ends,unit"
    saved = client.post(f"/catalog/views/save/{asked}", {"name": "Contracts", "whose": "me"})
    for key in ("hosting", "seats", "contract_ends"):
        own_keeping.retire(OwnColumn.objects.get(key=key), by=cast.office, at=AT)

    page, other = client.get(saved.url), client.get("/catalog/?stage=idea")

    said = words(page)
    for title in ("Hosting", "Seats", "Contract ends"):
        assert f"The column “{title}” is retired. What this address asks of it is left out." in said
    assert page.context["shown"].total == 4
    assert "is retired" not in words(other)
    listed = words(client.get("/catalog/views/"))
    assert (
        "Stage: Idea · columns: Name, Unit · Hosting, a retired column · Contract ends, a retired column · Seats, a retired column"
        in listed
    )
    own_keeping.bring_back(OwnColumn.objects.get(key="hosting"), by=cast.office, at=AT)
    assert names(client, asked[1:]) == ["B", "C"]


# --- Keeping them -----------------------------------------------------------------------------


def test_the_office_makes_renames_orders_retires_and_brings_back_and_all_of_it_is_on_record(client, cast, sign_in, at):
    sign_in(client, cast.office)
    page = Page(client.get("/catalog/").content.decode(), "/catalog/")
    assert page.link("Own columns") == "/catalog/columns/"
    add = Page(client.get("/catalog/columns/add/").content.decode(), "/catalog/columns/add/").form(having="kind")

    made = client.post(
        "/catalog/columns/add/", add.data(title="Hosting", kind="choice", choices=" Cloud \n\nOwn  servers")
    )
    client.post("/catalog/columns/add/", add.data(title="Contract ends", kind="date", help="As signed."))
    client.post("/catalog/columns/", {"column": "contract_ends", "do": "up"})
    client.post("/catalog/columns/hosting/", {"title": "Hosted", "help": "", "more": "At the vendor", "version": "2"})
    client.post("/catalog/columns/hosting/", {"choice": "at_the_vendor", "do": "up"})
    client.post("/catalog/columns/hosting/", {"choice": "cloud", "do": "retire"})
    client.post("/catalog/columns/", {"column": "hosting", "do": "retire"})
    gone = [one.title for one in own.columns()]
    client.post("/catalog/columns/", {"column": "hosting", "do": "back"})

    assert (made.status_code, gone) == (303, ["Contract ends"])
    assert [(one.title, one.key, one.kind) for one in own.columns()] == [
        ("Contract ends", "contract_ends", "date"),
        ("Hosted", "hosting", "choice"),
    ]
    choices = OwnChoice.objects.order_by("position").values_list("title", "retired_at")
    assert [(title, bool(gone)) for title, gone in choices] == [
        ("At the vendor", False),
        ("Own servers", False),
        ("Cloud", True),
    ]
    sign_in(client, cast.auditor)
    record = words(client.get("/ledger/"))
    for sentence in (
        "made the own column “Hosting”",
        "changed the own column “Contract ends” Place in the order: 2 → 1",
        "changed the own column “Hosted” Choices: Cloud, Own servers → Cloud, Own servers, At the vendor · Title: Hosting → Hosted",
        "changed the own column “Hosted” Choices: Cloud, At the vendor, Own servers → At the vendor, Own servers",
        "retired the own column “Hosted”",
        "brought the own column “Hosted” back",
    ):
        assert sentence in record


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"title": "  hosting "}, "There is a column called “hosting” already. Choose another title."),
        ({"title": "Purpose", "kind": "text"}, ""),
        ({"title": "What it is for"}, "There is a column called “What it is for” already."),
        ({"title": "Way back"}, "There is a column called “Way back” already."),
        ({"title": ""}, "Enter title"),
        ({"title": "x" * 61}, "Title has 61 characters and may have 60."),
        ({"kind": ""}, "Choose what it holds."),
        ({"kind": "json"}, "which is not one of the choices"),
        ({"kind": "choice"}, "A choice needs something to choose from."),
        ({"kind": "date", "choices": "A"}, "Only a column of the kind choice has choices."),
        ({"kind": "choice", "choices": "A\na "}, "“a” is a choice already."),
        ({"kind": "choice", "choices": "y" * 61}, "has 61 characters and may have 60. Shorten it by 1."),
        ({"kind": "choice", "choices": "\n".join(map(str, range(51)))}, "A column has at most 50 choices."),
    ],
)
def test_a_column_that_cannot_be_made_so_says_why_and_is_not_made(client, cast, sign_in, hosting, at, sent, sentence):
    sign_in(client, cast.office)
    before = OwnColumn.objects.count(), LedgerEntry.objects.count()

    answer = client.post(
        "/catalog/columns/add/", {"title": "Region", "kind": "text", "choices": "", "help": "", **sent}
    )

    assert answer.status_code == (422 if sentence else 303)
    if sentence:
        assert sentence in words(answer)
        assert (OwnColumn.objects.count(), LedgerEntry.objects.count()) == before


def test_two_columns_in_use_never_bear_one_title_and_a_key_is_never_given_again(client, cast, sign_in, column, at):
    first = column("Region", "text")
    own_keeping.retire(first, by=cast.office, at=AT)
    second = column("region", "number")
    sign_in(client, cast.office)

    back = client.post("/catalog/columns/", {"column": "region", "do": "back"})

    assert (first.key, second.key) == ("region", "region_2")
    assert back.status_code == 409
    assert "There is a column called “Region” already." in words(back)
    with pytest.raises(IntegrityError), transaction.atomic():
        OwnColumn.objects.filter(pk=first.pk).update(retired_at=None)


@pytest.mark.parametrize(
    ("title", "key"),
    [("Größe in m²", "groe_in_m2"), ("Add", "add_2"), ("合同", "column"), ("a__b - c_", "a_b_c"), ("x" * 60, "x" * 34)],
)
def test_a_key_is_letters_digits_and_single_underscores(column, title, key):
    assert column(title, "text").key == key


def test_what_somebody_saved_meanwhile_comes_first(client, cast, sign_in, column, at):
    column("Region", "text")
    sign_in(client, cast.office)
    client.post("/catalog/columns/region/", {"title": "Area", "help": "", "version": "1"})

    late = client.post("/catalog/columns/region/", {"title": "Zone", "help": "", "version": "1"})
    again = client.post("/catalog/columns/region/", Page(late.content.decode(), "/").form(having="version").data())

    assert late.status_code == 409
    assert "Title Area Zone" in words(late)
    assert again.status_code == 303
    assert OwnColumn.objects.get().title == "Zone"


def test_nobody_but_the_portfolio_office_keeps_them(cast, column):
    there = column("Hosting", "choice", choices=["Cloud"])
    cloud = there.choices.get()
    with pytest.raises(Refused, match="Portfolio office"):
        own_keeping.make("Region", "text", by=cast.admin, at=AT)
    for act in (own_keeping.retire, own_keeping.bring_back):
        with pytest.raises(Refused):
            act(there, by=cast.lead, at=AT)
    with pytest.raises(Refused):
        own_keeping.move(there, True, by=cast.compliance, at=AT)
    with pytest.raises(Refused):
        own_keeping.change(there, "X", by=cast.compliance, at=AT, seen_version=1)
    with pytest.raises(Refused):
        own_keeping.change_choice(cloud, "retire", by=cast.compliance, at=AT)
    assert [e.verb for e in LedgerEntry.objects.filter(verb__startswith="column.")] == ["column.made"]
