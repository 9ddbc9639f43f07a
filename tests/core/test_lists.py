"""The one engine of every list: what it lets through, what it counts, how it pages, and what it writes into files."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as conf
from django.db import connection
from django.db.models import Case, IntegerField, Q, Value, When
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from governance.core import asking, export, lists
from governance.core.lists import Facet, Listing, Option, Sort
from governance.people.models import Unit
from tests.make import make_unit

SHELVES = "abc"

COLUMNS = (
    lists.Column("name", "Name", lambda unit: unit.name),
    lists.Column("active", "Active", lambda unit: unit.is_active),
    lists.Column("parent", "=Part of", lambda unit: unit.parent_id and "yes"),
    lists.Column("at", "At", lambda unit: datetime(2026, 7, 1, 12, 0, tzinfo=UTC)),
    lists.Column("day", "Day", lambda unit: date(2026, 7, 1)),
    lists.Column("money", "Money", lambda unit: Decimal("1200.50")),
    lists.Column("nothing", "Nothing", lambda unit: None),
    lists.Column("count", "Count", lambda unit: 1204),
)


@pytest.fixture
def shelf(db):
    """Ninety units: three letters by three top units, every fourth not active."""
    tops = [make_unit(f"Top {n}") for n in range(3)]
    for n in range(90):
        make_unit(f"{SHELVES[n % 3]}-{n:02}", tops[n % 3 if n % 2 else 0], is_active=n % 4 != 0)
    return tops


def listing(**changes) -> Listing:
    """Return a list of units as a room would declare it."""
    tops = {unit.slug: unit.pk for unit in Unit.objects.filter(parent=None)}
    given = {
        "path": "/units/",
        "rows": Unit.objects.exclude(parent=None),
        "sort": "name",
        "per_page": 10,
        "facets": (
            Facet(
                "letter",
                "Letter",
                tuple(Option(letter, letter.upper(), Q(name__startswith=letter)) for letter in SHELVES),
            ),
            Facet(
                "active",
                "Active",
                (Option("yes", "Active", Q(is_active=True)), Option("no", "Gone", Q(is_active=False))),
            ),
            Facet(
                "top",
                "Part of",
                tuple(Option(slug, slug, Q(parent=pk), listed=slug != "top-2") for slug, pk in tops.items()),
            ),
        ),
        "sorts": (
            Sort("name", "Name", "name"),
            Sort(
                "active",
                "Active",
                Case(When(is_active=True, then=Value(1)), default=Value(0), output_field=IntegerField()),
                descending=True,
            ),
        ),
        "search": lambda rows, words: rows.filter(name__icontains=words),
        "columns": COLUMNS,
        "usual": ("name", "active"),
        "heading": "name",
    }
    return Listing(**{**given, **changes})


def show(query: str = "", **changes) -> lists.Shown:
    """Return the list that an address asks for."""
    return lists.show(listing(**changes), QueryDict(query))


def names(shown: lists.Shown) -> list[str]:
    """Return the names on one page."""
    return [unit.name for unit in shown.rows]


# --- What an address can ask ------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "name__startswith=a",
        "leader__password__startswith=argon",
        "order_by=leader__email",
        "sort=leader__email",
        "sort=--name",
        "letter__in=a",
        "_connector=OR",
        "_negated=1",
        "letter=__regex",
        "letter=a'--",
        "pk__gt=0&id=1&pk=3",
        "per_page=1000000000",
        "page_size=5",
        "page=-3",
        "page=1e9",
        "page=0x10",
        "page=",
        "after=x",
        "after=-1",
        "last=yes",
        "counts=maybe",
        "columns=",
        "columns=leader__password",
        "columns=pk,id,__class__,leader",
        "columns__in=name",
        "__=__",
        "%00=1",
    ],
)
def test_what_the_declaration_does_not_name_is_ignored(shelf, query):
    plain, odd = show(), show(query)

    assert odd.chosen == plain.chosen
    assert names(odd) == names(plain)
    assert odd.total == 90


def test_unknown_parameters_cost_no_query_and_no_join(shelf):
    the_list = listing()
    with CaptureQueriesContext(connection) as plain:
        lists.show(the_list, QueryDict(""))
    with CaptureQueriesContext(connection) as odd:
        lists.show(
            the_list,
            QueryDict(
                "leader__email=x&leader__password__startswith=a&order_by=leader__email&letter__regex=.&sort=parent__name"
            ),
        )

    assert [q["sql"] for q in odd] == [q["sql"] for q in plain]


def test_what_is_asked_is_capped(shelf):
    shown = show(
        "page="
        + "9" * 12
        + "&q="
        + "%20" * 500
        + "&letter="
        + ",".join(["a"] * 5000 + ["b"])
        + "&"
        + "&".join(["letter=c"] * 400)
    )

    assert shown.chosen.values == {"letter": ("a", "c")}
    assert shown.chosen.page == 6  # the last there is
    assert shown.total == 60
    assert len(lists.choose(listing(), QueryDict("q=" + "w" * 100_000)).q) == asking.LONGEST
    many = lists.choose(listing(), QueryDict("columns=" + ",".join(["name"] * 5000 + ["day"]) + "&columns=day" * 400))
    assert many.columns == ("name", "day")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(
            [
                "q",
                "sort",
                "columns",
                "page",
                "after",
                "before",
                "last",
                "counts",
                "letter",
                "active",
                "top",
                "name",
                "__",
            ]
        ),
        st.text(max_size=12) | st.sampled_from(["1", "2", "99", "a", "a,b", "yes", "-name", "top-1"]),
        max_size=6,
    )
)
def test_no_address_fails_or_asks_much(shelf, query):
    data = QueryDict(mutable=True)
    data.update(query)
    the_list = listing()

    with CaptureQueriesContext(connection) as asked:
        shown = lists.show(the_list, data)

    assert len(asked) <= 4
    assert len(shown.rows) <= 10


def test_a_facet_cannot_take_a_word_of_the_list():
    with pytest.raises(ValueError, match="page"):
        Listing(path="/x/", rows=Unit.objects.none(), facets=(Facet("page", "Page", ()),))


# --- Filters and counts -----------------------------------------------------------------------


def test_values_of_one_facet_mean_any_and_facets_together_mean_all(shelf):
    assert show("letter=a,b").total == 60
    assert show("letter=a&letter=b").total == 60
    assert (
        show("letter=a,b&active=no").total
        == Unit.objects.filter(Q(name__startswith="a") | Q(name__startswith="b"), is_active=False)
        .exclude(parent=None)
        .count()
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    letters=st.sets(st.sampled_from(SHELVES)),
    active=st.sets(st.sampled_from(["yes", "no"])),
    top=st.sets(st.sampled_from(["top-0", "top-1", "top-2"])),
    words=st.sampled_from(["", "-0", "a", "zz"]),
)
def test_each_count_is_the_length_of_the_list_it_leads_to(shelf, letters, active, top, words):
    chosen = {
        "letter": ",".join(sorted(letters)),
        "active": ",".join(sorted(active)),
        "top": ",".join(sorted(top)),
        "q": words,
    }
    data = QueryDict(mutable=True)
    data.update(chosen)
    shown = lists.show(listing(), data)

    assert shown.total == sum(1 for _row in lists.narrowed(shown.listing, shown.chosen))
    one_by_one = lists._tally(shown.listing, shown.chosen)
    for kinds in (["is_active"], ["parent"], ["is_active", "parent", "name"]):
        assert lists._tally(listing(kinds=kinds), shown.chosen, many=True) == one_by_one
    for facet in shown.facets:
        for option in facet["options"]:
            alone = QueryDict(mutable=True)
            alone.update({**chosen, facet["name"]: option["value"]})
            assert option["count"] == lists.show(listing(), alone).total, (facet["name"], option["value"])


def test_an_option_that_finds_nothing_is_left_out_unless_it_is_chosen(shelf):
    shown = show("q=a-&letter=b")

    letters = next(facet for facet in shown.facets if facet["name"] == "letter")
    assert [(option["value"], option["count"], option["on"]) for option in letters["options"]] == [
        ("a", 30, False),
        ("b", 0, True),
    ]


def test_an_option_that_is_not_listed_is_shown_only_when_it_is_chosen(shelf):
    def tops(shown):
        return [option["value"] for facet in shown.facets if facet["name"] == "top" for option in facet["options"]]

    assert tops(show()) == ["top-0", "top-1"]
    assert tops(show("top=top-2")) == ["top-0", "top-1", "top-2"]
    assert show("top=top-2").total == Unit.objects.filter(parent__slug="top-2").count()


def test_links_turn_a_choice_on_and_off_and_start_at_the_first_page(shelf):
    shown = show("letter=a,b&page=3&sort=-name&q=-")

    options = {option["value"]: option["url"] for option in shown.facets[0]["options"]}
    assert options == {
        "a": "/units/?q=-&letter=b&sort=-name",
        "b": "/units/?q=-&letter=a&sort=-name",
        "c": "/units/?q=-&letter=a,b,c&sort=-name",
    }
    assert [one["url"] for one in shown.applied] == [
        "/units/?letter=a,b&sort=-name",
        "/units/?q=-&letter=b&sort=-name",
        "/units/?q=-&letter=a&sort=-name",
    ]
    assert shown.clear_url == "/units/?sort=-name"
    assert shown.kept == [("letter", "a,b"), ("sort", "-name")]
    assert shown.query == "?q=-&letter=a,b&sort=-name"


def test_a_second_press_turns_the_order_round(shelf):
    first, turned = show(), show("sort=-name")

    assert (first.columns["name"]["sorted"], first.columns["name"]["url"]) == ("ascending", "/units/?sort=-name")
    assert (turned.columns["name"]["sorted"], turned.columns["name"]["url"]) == ("descending", "/units/")
    assert first.columns["active"]["url"] == "/units/?sort=-active"
    assert names(turned) == [unit.name for unit in Unit.objects.exclude(parent=None).order_by("-name")[:10]]


# --- Columns ----------------------------------------------------------------------------------


def titles(shown: lists.Shown) -> list[str]:
    """Return the titles above the columns of a page."""
    return [heading["label"] for heading in shown.headings]


def test_the_page_shows_the_columns_that_were_chosen_in_their_order_and_else_the_usual_ones(shelf):
    assert titles(show()) == ["Name", "Active"]
    assert titles(show("columns=day,name,nonsense,count,day")) == ["Day", "Name", "Count"]
    assert titles(show("columns=day&columns=name,count")) == ["Day", "Name", "Count"]
    assert titles(show("columns=nonsense")) == ["Name", "Active"]


def test_a_row_never_goes_without_its_heading(shelf):
    assert titles(show("columns=day,count")) == ["Name", "Day", "Count"]


def test_the_columns_stay_through_filters_orders_and_pages(shelf):
    shown = show("columns=day,name&letter=a&q=-")

    kept = [
        shown.facets[0]["options"][1]["url"],
        shown.columns["name"]["url"],
        shown.pager["next_url"],
        shown.applied[0]["url"],
        shown.clear_url,
        shown.query,
        shown.only(letter="b"),
    ]
    assert all("columns=day,name" in url for url in kept), kept
    assert ("columns", "day,name") in shown.kept
    assert shown.usual_url == "/units/?q=-&letter=a"
    assert show("letter=a").usual_url == ""


def test_the_form_offers_every_column_those_shown_first(shelf):
    offered = [(column.name, on) for column, on in show("columns=day,name").offered]

    assert offered[:2] == [("day", True), ("name", True)]
    assert [name for name, on in offered if not on] == ["active", "parent", "at", "money", "nothing", "count"]


def test_what_only_a_column_reads_stays_in_the_database_until_it_is_shown(shelf):
    slug = lists.Column("slug", "Slug", lambda unit: unit.slug, reads="slug")
    columns = (*COLUMNS, slug)

    assert "slug" in show(columns=columns).rows[0].get_deferred_fields()
    assert "slug" not in show("columns=slug", columns=columns).rows[0].get_deferred_fields()


# --- Pages ------------------------------------------------------------------------------------


def test_numbered_pages_hold_every_row_once(shelf):
    seen = [name for page in range(1, 10) for name in names(show(f"page={page}"))]

    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == 90
    assert show("page=2").pager["words"] == "11–20 of 90"
    assert names(show("page=10")) == names(show("page=9"))


@pytest.mark.parametrize("order", ["", "sort=-name", "sort=active", "sort=-active"])
def test_beyond_the_numbered_pages_a_page_is_found_by_key_and_none_is_lost(shelf, order):
    def walk(url: str, link: str) -> list[list[str]]:
        pages = []
        while url:
            shown = show(url.partition("?")[2], per_page=2)
            pages.append(names(shown))
            url = shown.pager[link]
        return pages

    forward = walk(f"/units/?{order}", "next_url")
    wanted = [
        unit.name
        for unit in lists.ordered(
            listing(), lists.choose(listing(), QueryDict(order)), Unit.objects.exclude(parent=None)
        )
    ]
    assert [name for page in forward for name in page] == wanted
    assert len(forward) == 45

    last = show(f"{order}&last=1", per_page=2)
    assert names(last) == wanted[-2:]
    assert (last.pager["words"], last.pager["next_url"], last.pager["last_url"]) == ("The last 2 of 90", "", "")
    before = show(last.pager["previous_url"].partition("?")[2], per_page=2)
    assert names(before) == wanted[-4:-2]


def test_the_way_to_the_last_page_is_offered_where_pages_run_out_of_numbers(shelf):
    shown = show("page=20", per_page=2)

    assert shown.pager["last_url"] == "/units/?last=1"
    assert [page["number"] for page in shown.pager["pages"]] == [1, None, 18, 19, 20, None]
    assert show("page=9").pager["last_url"] == ""


def test_a_key_that_this_person_may_not_see_leads_to_the_first_page(shelf):
    hidden = Unit.objects.exclude(parent=None).order_by("name")[40]
    seen = Unit.objects.exclude(parent=None).exclude(pk=hidden.pk)

    shown = show(f"after={hidden.pk}", rows=seen)

    assert (names(shown), shown.chosen.after) == (names(show(rows=seen)), None)


def test_a_list_asks_three_questions_whatever_its_size_and_two_where_the_size_is_known(shelf):
    the_list = listing()
    with CaptureQueriesContext(connection) as small:
        lists.show(the_list, QueryDict("letter=a&active=yes"))
    Unit.objects.bulk_create([Unit(name=f"a-more-{n}", slug=f"more-{n}", parent=shelf[0]) for n in range(2000)])
    with CaptureQueriesContext(connection) as large:
        lists.show(the_list, QueryDict("letter=a&active=yes"))

    assert len(small) == len(large) == 3  # its size, the counts, the rows
    with CaptureQueriesContext(connection) as known:
        lists.show(listing(size=2090), QueryDict("letter=a&active=yes"))
    assert len(known) == 2 + 1  # the fixture's own facets ask for the top units


def test_above_the_limit_totals_are_rounded_and_counts_wait_to_be_asked_for(shelf, monkeypatch):
    monkeypatch.setattr(lists, "EXACT", 50)

    shown = show()
    counted = show("counts=1")
    few = show("letter=a")

    assert (shown.total_words, shown.pager["words"]) == ("50+", "1–10 of 50+")
    assert {option["count"] for facet in shown.facets for option in facet["options"]} == {None}
    assert shown.counts_url == "/units/?counts=1"
    assert [option["count"] for option in counted.facets[0]["options"]] == [30, 30, 30]
    assert counted.counts_url == ""
    assert few.total_words == "30"


# --- Files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30",
        "-5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "﹦1",
        "\ufeff=1",
        "'quoted",
        "'=1",
    ],
)
def test_a_cell_that_could_run_is_neutralised(text):
    assert export.neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Refunds", "1,204", "a=b", "5-3", "£4", "x@y.org", "0.5"])
def test_a_cell_that_cannot_run_is_left_alone(text):
    assert export.neutral(text) == text


@settings(max_examples=500)
@given(text=st.text() | st.from_regex(r"[\s=+\-@'＝＋－＠﹢﹦]{0,3}.{0,5}"))
def test_taking_the_apostrophe_away_gives_the_text_back(text):
    cell = export.neutral(text)

    assert export.bare(cell) == text
    assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize(
    ("cell", "text"), [("'=1+1", "=1+1"), ("''tis", "'tis"), ("'Two uses", "'Two uses"), ("'", "'"), ("-5", "-5")]
)
def test_only_an_apostrophe_that_hinders_something_is_none_of_the_text(cell, text):
    assert export.as_meant(cell) == text


def _body(response) -> str:
    return b"".join(response.streaming_content).decode()


def test_the_csv_is_the_whole_list_in_its_order_with_a_mark_and_zones(shelf):
    make_unit("a-=evil", shelf[0])
    make_unit("=cmd|' /C calc'!A0", shelf[0])
    with timezone.override(ZoneInfo("Europe/Stockholm")):
        response = export.as_csv(listing(), QueryDict("top=top-0&page=3&x=1"), "units")
    body = _body(response)  # read when the request's own zone is gone

    rows = list(csv.reader(io.StringIO(body.removeprefix("\ufeff"))))
    assert body.startswith("\ufeff")
    assert response["Content-Disposition"] == 'attachment; filename="units.csv"'
    assert rows[0] == ["Name", "Active", "'=Part of", "At", "Day", "Money", "Nothing", "Count"]
    assert rows[1] == [
        "'=cmd|' /C calc'!A0",
        "yes",
        "yes",
        "2026-07-01T14:00:00+02:00",
        "2026-07-01",
        "1200.50",
        "",
        "1204",
    ]
    assert [export.bare(row[0]) for row in rows[1:]] == [
        unit.name for unit in Unit.objects.filter(parent=shelf[0]).order_by("name")
    ]


def test_the_files_carry_the_columns_that_were_chosen_and_the_csv_always_what_tells_rows_apart(shelf):
    chosen = QueryDict("columns=day,nonsense,count&letter=a&q=a-00")
    sheet = csv.reader(io.StringIO(_body(export.as_csv(listing(), chosen, "units")).removeprefix("\ufeff")))
    told = json.loads(_body(export.as_json(listing(), chosen, "units")))

    assert list(sheet) == [["Name", "Day", "Count"], ["a-00", "2026-07-01", "1204"]]
    assert told["rows"] == [{"day": "2026-07-01", "count": 1204}]
    first = _body(export.as_csv(listing(), QueryDict("columns=count,name"), "units"))
    assert first.startswith("\ufeffCount,Name\r\n")


#: What has been used to make a spreadsheet run something, or to hide that it would.
HOSTILE = [
    "=1+1", "=", "+1", "+", "-1", "-", "@SUM(A1)", "@", "\t=1", "\t", "\r=1", "\r", "\n=1", "\r\n=1",
    " =1", "   +1", "\u00a0=1", "\u2003-1", "\u3000@x", "\u200b=1", "\ufeff=1", "\u200b\ufeff+1",
    "＝1", "＋1", "－1", "＠x", "﹦1", "﹢1", "﹣1", "﹫x",
    "=cmd|' /C calc'!A0", "+cmd|'/C notepad'!'A1'", "@SUM(1+9)*cmd|' /C calc'!A0", '=HYPERLINK("http://x.example","x")',
    "=DDE(\"cmd\";\"/C calc\";\"x\")", '=IMPORTXML("http://x.example","//a")', "'=1", "''=1", "#N/A", "#REF!", "_x003D_1+1",
]  # fmt: skip


def _book(response):
    return load_workbook(io.BytesIO(b"".join(response.streaming_content)))


@pytest.fixture
def one(db):
    """One unit, for files of one row."""
    return make_unit("Top 0")


def _one_cell(text: str):
    """Return the cell a sheet of one row holds for `text`, and its book."""
    columns = (lists.Column("name", "Name", lambda unit: unit.name), lists.Column("text", "Text", lambda unit: text))
    book = _book(export.as_xlsx(Listing(path="/x/", rows=Unit.objects.all(), columns=columns), QueryDict(), "x"))
    return book["x"]["C2"], book


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sheet_holds_nothing_that_runs(one, text):
    cell, _book_of_it = _one_cell(text)

    assert cell.data_type == "s"
    assert export.neutral(cell.value) == cell.value or cell.value.startswith("'")
    assert export.bare_in_sheet(cell.value) == text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1) | st.from_regex(r"[\s=+\-@'＝＋－＠﹢﹦]{0,3}(_x[0-9A-F]{4}_)?.{0,5}", fullmatch=True))
def test_a_sheet_gives_every_text_back_or_shows_where_it_cannot(one, text):
    cell, book = _one_cell(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")

    if not text:
        assert cell.value is None
        return
    assert cell.data_type == "s"
    assert cell.value[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert export.bare_in_sheet(cell.value) == export._UNWRITABLE.sub(export.LOST, lines)
    assert (book["mandate"].sheet_state == "visible") is (export.LOST in cell.value)


def test_what_a_sheet_cannot_hold_is_seen_in_the_cell_and_said_in_words(one):
    cell, book = _one_cell("be\x07ll\x00 \ufffe")
    said = [row[4:] for row in book["mandate"].iter_rows(values_only=True)]
    long, _its_book = _one_cell("x" * 40_000)
    wide, _its_book = _one_cell("\U0001f600" * 20_000)

    assert cell.value == "be\ufffdll\ufffd \ufffd"
    assert ("not_whole", 1) in said
    assert ("1 cell is not whole: it holds \ufffd for what a spreadsheet cannot keep.", None) in said
    assert (len(long.value), long.value[-2:]) == (32_767, "x\ufffd")
    assert (len(wide.value.encode("utf-16-le")), wide.value[-1]) == (2 * 32_767, "\ufffd")


def test_a_sheet_is_laid_out_as_a_list_coming_in_reads_it(shelf):
    data = QueryDict("top=top-0&columns=day,parent,money,count,name,at,active,nothing")
    with timezone.override(ZoneInfo("Europe/Stockholm")):
        response = export.as_file(
            "xlsx", listing(), data, "units", company="+Co", at=datetime(2026, 7, 1, 23, 0, tzinfo=UTC)
        )
    book = _book(response)
    sheet, about = book["units"], book["mandate"]
    rows = list(sheet.iter_rows(values_only=True))

    assert response["Content-Disposition"] == 'attachment; filename="units-2026-07-02.xlsx"'
    assert rows[0] == (
        "mandate_key", "Day", "'=Part of", "Money", "Count", "Name", "At", "Active", "Nothing"
    )  # fmt: skip
    first = Unit.objects.filter(parent=shelf[0]).order_by("name").first()
    assert rows[1] == (
        first.name, "2026-07-01", "yes", 1200.5, 1204, first.name, "2026-07-01T14:00:00+02:00",
        "yes" if first.is_active else "no", None,
    )  # fmt: skip
    assert [row[0] for row in rows[1:]] == [u.name for u in Unit.objects.filter(parent=shelf[0]).order_by("name")]
    assert all(cell.font.bold for cell in sheet[1])
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:I{len(rows)}")
    assert (sheet.column_dimensions["A"].hidden, sheet.column_dimensions["B"].hidden) == (True, False)
    assert about.sheet_state == "hidden"
    told = list(about.iter_rows(values_only=True))
    assert told[0][:2] == ("format", 1)
    assert [row[:3] for row in told[1:] if row[0]] == [
        ("day", "Day", False), ("parent", "'=Part of", False), ("money", "Money", False), ("count", "Count", False),
        ("name", "Name", False), ("at", "At", False), ("active", "Active", False), ("nothing", "Nothing", False),
    ]  # fmt: skip
    assert dict(row[4:6] for row in told if row[4]) == {
        "list": "units",
        "company": "'+Co",
        "at": "2026-07-02T01:00:00+02:00",
        "address": f"{conf.SITE_URL}/units/?top=top-0&columns=day,parent,money,count,name,at,active,nothing",
        "zone": "Europe/Stockholm",
        "not_whole": 0,
    }


def test_what_rows_need_besides_comes_for_many_at_once(shelf, monkeypatch):
    monkeypatch.setattr(export, "_CHUNK", 40)
    brought = []
    the_list = listing(bring=lambda rows: brought.append(len(rows)))

    _body(export.as_csv(the_list, QueryDict(), "units"))
    lists.show(the_list, QueryDict())

    assert brought == [40, 40, 10, 10]


def test_the_json_is_the_same_list(shelf):
    response = export.as_json(
        listing(),
        QueryDict("letter=b&sort=-name"),
        "units",
        list="units",
        at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
    )
    told = json.loads(_body(response))

    assert (told["list"], told["at"]) == ("units", "2026-07-01T12:00:00+00:00")
    assert [row["name"] for row in told["rows"]] == [
        unit.name for unit in Unit.objects.filter(name__startswith="b").order_by("-name")
    ]
    assert told["rows"][0] | {"name": ""} == {
        "name": "",
        "active": told["rows"][0]["active"],
        "parent": "yes",
        "at": "2026-07-01T12:00:00+00:00",
        "day": "2026-07-01",
        "money": "1200.50",
        "nothing": None,
        "count": 1204,
    }


def test_an_empty_list_is_a_whole_file(shelf):
    assert json.loads(_body(export.as_json(listing(), QueryDict("q=nothing-like-it"), "units"))) == {"rows": []}
    assert _body(export.as_csv(listing(), QueryDict("q=nothing-like-it"), "units")).count("\r\n") == 1


def test_a_file_costs_one_query_however_long_it_is(shelf, monkeypatch):
    monkeypatch.setattr(export, "_CHUNK", 7)
    the_list = listing()

    with CaptureQueriesContext(connection) as asked:
        body = _body(export.as_csv(the_list, QueryDict(""), "units"))

    assert (len(asked), body.count("\r\n")) == (1, 91)
