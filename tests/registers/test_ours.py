"""An export of the catalog that was changed in a spreadsheet and comes in again: exactly what changed, and nothing else."""

import csv
import io
import random
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from openpyxl import load_workbook

from governance.core import clock, export
from governance.core.errors import Refused
from governance.initiatives import actions, catalog, own, own_keeping
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people.models import Unit
from governance.registers import bringing
from governance.registers.models import State
from tests.make import make_initiative, make_unit
from tests.registers.conftest import AT
from tests.web import Page

LATER = AT + timedelta(hours=1)
TEXTS = ("name", "purpose", "not_for", "known_limits", "today", "could_go_wrong", "vendor", "tools", "fallback")
#: What a spreadsheet, a CSV reader or a careless trim could lose.
HOSTILE = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("https://example.org","x")', "'quoted", "''twice", "'=1"),
    *(
        " =1",
        "＝1+1",
        "﹢1",
        "＠x",
        "\u200b=1",
        "\ufeff=1",
        "%0A=1",
        "=cmd|'/C calc'!A0",
        "0012",
        "1e5",
        "TRUE",
        "#N/A",
    ),
    *(
        "2026-03-03",
        "3/4",
        "1,5",
        "line\nbreak",
        "line\r\nbreak",
        'a "quoted" word',
        "a;b,c\td|e",
        "_x000D_",
        "_x005F_",
    ),
    *("ümläut", "日本語", "עברית \u202eRTL", "🙂", "e\u0301", "<b>bold</b>", "&amp;", "{{ x }}", "a" * 200, "\\", "%s"),
)


def made(person, kind="xlsx", *, at=AT, query="") -> bytes:
    """Return the catalog as `person` downloads it."""
    listing = catalog.listing(person, at, path="/catalog/", company="Northwind Services")
    response = export.as_file(kind, listing, QueryDict(query), "catalog", company="Northwind Services", at=at)
    return b"".join(response.streaming_content)


def edited(content: bytes, changes: dict[tuple[int, str], object]) -> bytes:
    """Return a workbook with other cells: by number of the initiative and the name of the column."""
    book = load_workbook(io.BytesIO(content))
    sheet, about = book.worksheets[0], book["mandate"]
    places = {row[0].value: place for place, row in enumerate(about.iter_rows(min_row=2, max_col=1), 2) if row[0].value}
    rows = {row[0].value: row[0].row for row in sheet.iter_rows(min_row=2, max_col=1)}
    for (number, column), value in changes.items():
        sheet.cell(rows[f"AI-{number}"], places[column]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def crowd(cast):
    """Thirty initiatives whose lead and descriptions are there; the first two bear every hostile text."""
    rows = [
        actions.register(
            {"name": f"Use {n}", "purpose": f"Purpose {n}", "vendor": "Acme", "unit": cast.support}, by=cast.lead, at=AT
        )
        for n in range(30)
    ]
    return rows


@pytest.fixture
def back(cast):
    """Return a function that brings a file back and has it read; returns the import."""

    def back(content, *, by=None, name="catalog.xlsx", at=LATER):
        batch = bringing.receive([content], name, "mandate", by=by or cast.lead, at=at)
        bringing.go_on(at, pause=0)
        batch.refresh_from_db()
        return batch

    return back


def changes(batch) -> dict[tuple[str, str], tuple[str, str]]:
    """Return every cell that would change: what is here, what the file says."""
    return {
        (row.identity, change["field"]): (change["here"], change["says"])
        for row in batch.rows.all()
        for change in row.changes
        if change["applied"]
    }


def problems(batch) -> dict[str, list[str]]:
    """Return what is wrong with each row, in words, by its key."""
    return {
        row.identity: [one.get("because") or f"{one['came']} | {one['expected']}" for one in row.problems]
        for row in batch.rows.all()
        if row.problems
    }


def go(batch, cast, *, by=None, at=LATER):
    """Have an import that was looked at written."""
    bringing.begin(batch, by=by or cast.lead, at=at)
    bringing.go_on(at, pause=0)
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
def test_a_file_nobody_changed_changes_nothing_whatever_its_texts(cast, crowd, back, kind):
    for number, text in enumerate(HOSTILE):
        where = {"name": f"Hostile {number}", "purpose": text, "vendor": text.replace("\r", "").replace("\n", " ")}
        actions.register(where, by=cast.lead, at=AT)

    batch = back(made(cast.lead, kind), name=f"catalog.{kind}")

    assert (batch.state, batch.records) == (State.READY, 30 + len(HOSTILE))
    assert len(HOSTILE) >= 40
    assert (changes(batch), problems(batch), batch.counts["unread"]) == ({}, {}, [])
    assert set(batch.rows.values_list("how", flat=True)) == {"unchanged"}


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
def test_texts_of_every_kind_come_back_as_they_were(cast, crowd, back, kind):
    rows = [
        actions.register({"name": f"H {n}", "purpose": text}, by=cast.lead, at=AT) for n, text in enumerate(HOSTILE)
    ]
    content = made(cast.lead, kind)
    Initiative.objects.filter(pk__in=[row.pk for row in rows]).update(purpose="something else")

    go(back(content, name=f"catalog.{kind}"), cast)

    now = dict(Initiative.objects.values_list("pk", "purpose"))
    assert [now[row.pk] for row in rows] == [text.replace("\r\n", "\n").strip() for text in HOSTILE]


def test_exactly_the_cells_that_were_changed_are_shown(cast, crowd, back):
    chance = random.Random(50)
    cells = chance.sample([(row.number, column) for row in crowd for column in TEXTS], 50)
    asked = {cell: f"Changed {n}" for n, cell in enumerate(cells)}

    batch = back(edited(made(cast.lead), asked))

    said = {(f"AI-{number}", column): text for (number, column), text in asked.items()}
    assert {cell: says for cell, (_here, says) in changes(batch).items()} == said
    assert batch.rows.filter(how="updated").count() == len({number for number, _column in cells})
    assert problems(batch) == {}


def test_what_was_changed_is_amended_by_whoever_brought_it_and_on_record(cast, crowd, back):
    unit = make_unit("Claims")
    first, second = crowd[3], crowd[7]
    content = edited(
        made(cast.lead),
        {
            (first.number, "purpose"): "Answers refunds.",
            (first.number, "rollback_minutes"): 15,
            (second.number, "unit"): "claims",
            (second.number, "vendor"): None,
        },
    )
    can, label = Initiative._meta.get_field("capability").choices[-1]
    content = edited(content, {(second.number, "capability"): str(label)})

    batch = go(back(content), cast)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (batch.state, batch.counts["updated"], batch.counts["unchanged"]) == (State.DONE, 2, 28)
    assert (first.purpose, first.rollback_minutes) == ("Answers refunds.", 15)
    assert (second.capability, second.unit, second.vendor) == (can, unit, "")
    entry = LedgerEntry.objects.filter(initiative_id=first.pk).latest("seq")
    assert (entry.verb, entry.actor) == ("initiative.amended", f"person:{cast.lead.pk}")
    assert (entry.detail["fields"], entry.detail["batch"]) == (["purpose", "rollback_minutes"], batch.pk)
    assert entry.text["before"]["purpose"] == "Purpose 3"


def test_tags_come_back_as_they_are_kept_and_what_is_none_is_named(cast, crowd, back):
    tagged, wrong, theirs = crowd[3], crowd[4], crowd[5]
    before = AT - timedelta(minutes=1)
    actions.amend(theirs, {"tags": " voice "}, by=cast.lead, at=before, seen_version=theirs.version)
    content = edited(made(cast.lead), {(tagged.number, "tags"): "Voice, hr", (wrong.number, "tags"): "a/b"})
    actions.amend(theirs, {"tags": " hr voice "}, by=cast.lead, at=LATER, seen_version=theirs.version + 1)

    batch = go(back(content, at=LATER + timedelta(minutes=1)), cast, at=LATER + timedelta(minutes=2))

    for row in (tagged, theirs):
        row.refresh_from_db()
    assert (tagged.tags, theirs.tags) == (" hr voice ", " hr voice ")
    assert problems(batch) == {wrong.key: ["a/b | tags: “a/b” is no tag. A tag is letters, digits and hyphens."]}


def test_bringing_the_same_file_twice_changes_nothing_the_second_time(cast, crowd, back):
    content = edited(made(cast.lead), {(crowd[0].number, "purpose"): "New words."})
    go(back(content), cast)

    again = back(content, at=LATER + timedelta(minutes=5))

    assert changes(again) == {}
    assert problems(again) == {}


def test_what_was_changed_here_after_the_file_was_made_stays_and_is_said_only_where_the_file_changed_it_too(
    cast, crowd, back
):
    left, both = crowd[0], crowd[1]
    content = edited(made(cast.lead), {(both.number, "purpose"): "Mine.", (both.number, "vendor"): "Mine Ltd"})
    for row in (left, both):
        actions.amend(row, {"purpose": "Theirs."}, by=cast.lead, at=LATER, seen_version=row.version)

    batch = go(back(content, at=LATER + timedelta(minutes=1)), cast, at=LATER + timedelta(minutes=2))

    left.refresh_from_db()
    both.refresh_from_db()
    assert (left.purpose, both.purpose, both.vendor) == ("Theirs.", "Theirs.", "Mine Ltd")
    assert problems(batch) == {
        both.key: ["Mine. | “Theirs.”, as somebody wrote after this file was made; export again to change that"]
    }


def test_what_becomes_different_between_the_look_and_the_import_is_left(cast, crowd, back):
    row = crowd[0]
    batch = back(edited(made(cast.lead), {(row.number, "purpose"): "Mine."}))
    actions.amend(row, {"purpose": "Theirs."}, by=cast.lead, at=LATER, seen_version=row.version)

    go(batch, cast, at=LATER + timedelta(minutes=2))

    row.refresh_from_db()
    assert row.purpose == "Theirs."
    assert batch.rows.get(identity=row.key).needs


def test_cells_that_cannot_be_read_are_named_and_their_row_is_left_until_it_is_mended(cast, crowd, back):
    n = [row.number for row in crowd]
    batch = back(
        edited(
            made(cast.lead),
            {
                (n[0], "name"): None,
                (n[1], "rollback_minutes"): "soon",
                (n[2], "capability"): "Sings",
                (n[3], "unit"): "Nowhere",
                (n[4], "vendor"): "v" * 201,
                (n[5], "purpose"): "fine",
            },
        )
    )

    said = problems(batch)
    assert said[f"AI-{n[0]}"] == [" | a name"]
    assert said[f"AI-{n[1]}"] == ["soon | a whole number from 1 on"]
    assert said[f"AI-{n[2]}"][0].startswith("Sings | one of ")
    assert said[f"AI-{n[3]}"] == ["Nowhere | the name of a unit; the Portfolio office adds one"]
    assert said[f"AI-{n[4]}"][0].endswith(" | 200 characters at most")
    assert batch.rows.filter(how="refused").count() == 5

    row = batch.rows.get(identity=f"AI-{n[1]}")
    place = batch.layout["places"]["rollback_minutes"]
    bringing.mend(batch, row.record, {place: "20"}, by=cast.lead, at=LATER)
    go(batch, cast)
    assert Initiative.objects.get(number=n[1]).rollback_minutes == 20
    assert Initiative.objects.get(number=n[5]).purpose == "fine"


def test_a_unit_that_two_are_called_by_is_not_chosen_by_guess(cast, crowd, back):
    make_unit("Claims desk", cast.support)
    Unit.objects.create(name="Claims Desk", slug="claims-desk-two", parent=cast.sales)

    batch = back(edited(made(cast.lead), {(crowd[0].number, "unit"): "claims desk"}))

    assert "several are called so" in problems(batch)[crowd[0].key][0]


def test_rows_without_a_key_of_somebody_elses_or_there_twice_are_left_out(cast, crowd, back):
    hidden = make_initiative(cast, "idea").initiative
    content = made(cast.office)
    actions.set_restricted(hidden, True, by=cast.office, at=AT)
    book = load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet.append(["AI-99999", *["x"] * 5])
    sheet.append([None, "AI-77", "A new one"])
    sheet.append([cell.value for cell in sheet[5]])
    out = io.BytesIO()
    book.save(out)

    batch = back(out.getvalue(), by=cast.staff)

    said = problems(batch)
    unseen = ["the key of an initiative you can see"]
    assert [one.split(" | ")[1] for one in said["AI-99999"]] == unseen
    assert [one.split(" | ")[1] for one in said[hidden.key]] == unseen
    assert "a key: what is new is registered as an idea" in said[""][0]
    twice = batch.rows.get(occurrence=2)
    assert (twice.how, twice.problems[0]["expected"]) == ("refused", "a key that no earlier row of this file has")
    assert str(hidden.name) not in str([row.values for row in batch.rows.all()])


def test_whoever_may_not_amend_changes_nothing_and_is_told_who_may(cast, crowd, back):
    batch = back(edited(made(cast.staff), {(crowd[0].number, "purpose"): "Mine."}), by=cast.staff)

    (said,) = problems(batch)[crowd[0].key]
    assert "Sam Doyle" in said
    go(batch, cast, by=cast.staff)
    crowd[0].refresh_from_db()
    assert crowd[0].purpose == "Purpose 0"


def test_facts_an_open_gate_locks_do_not_change(cast, back):
    story = make_initiative(cast, "funding")
    row = story.initiative
    row.refresh_from_db()

    batch = back(edited(made(cast.lead), {(row.number, "purpose"): "Mine."}))

    assert any("is open" in said for said in problems(batch)[row.key])
    assert go(batch, cast).counts["updated"] == 0


def test_a_change_that_cancels_an_acceptance_says_whose(cast, back):
    row = make_initiative(cast, "production").initiative

    batch = back(edited(made(cast.lead), {(row.number, "purpose"): "Mine.", (row.number, "vendor"): "Mine"}))

    assert problems(batch) == {row.key: ["This cancels the acceptance of Priya Nair (business owner)."]}
    assert set(changes(batch)) == {(row.key, "purpose"), (row.key, "vendor")}


def test_stage_people_and_decisions_change_by_no_list(cast, crowd, back):
    batch = go(
        back(
            edited(
                made(cast.lead),
                {
                    (crowd[0].number, "stage"): "Production",
                    (crowd[0].number, "business_owner"): "Sam Doyle",
                    (crowd[0].number, "tier"): 1,
                },
            )
        ),
        cast,
    )

    crowd[0].refresh_from_db()
    assert crowd[0].stage == "idea"
    said = problems(batch)[crowd[0].key]
    assert len(said) == 3
    assert all("changed on its own page and by no list" in one for one in said)
    assert batch.counts["updated"] == 0


def test_columns_may_be_moved_left_out_and_added(cast, crowd, back):
    book = load_workbook(io.BytesIO(edited(made(cast.lead), {(crowd[0].number, "purpose"): "Moved."})))
    sheet = book.worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    sheet.move_range("B1:C40", cols=60)
    sheet.cell(1, len(titles) + 80).value = "My notes"
    out = io.BytesIO()
    book.save(out)

    batch = back(out.getvalue())

    assert changes(batch) == {(crowd[0].key, "purpose"): ("Purpose 0", "Moved.")}
    assert [one["came"] for one in batch.counts["unread"]] == ["My notes"]


def test_a_csv_that_excel_saved_with_other_signs_is_read(cast, crowd, back):
    rows = list(csv.reader(io.StringIO(made(cast.lead, "csv").decode("utf-8-sig"))))
    key, place = (
        rows[0].index("Key"),
        next(n for n in range(len(rows[0])) if any(row[n] == "Purpose 4" for row in rows)),
    )
    for row in rows[1:]:
        if row[key] == crowd[4].key:
            row[place] = "Grüße"
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)

    batch = back(out.getvalue().encode("cp1252"), name="catalog.csv")

    assert changes(batch) == {(crowd[4].key, "purpose"): ("Purpose 4", "Grüße")}


def test_another_list_or_another_companys_is_refused_in_a_sentence(cast, crowd, back):
    listing = catalog.listing(cast.lead, AT, path="/catalog/", company="")
    others = {
        "units": ("units", "Northwind Services", "is the list “units”"),
        "theirs": ("catalog", "Elsewhere", "was made by “Elsewhere” and this is “Northwind Services”"),
    }
    for name, company, sentence in others.values():
        file = export.as_xlsx(listing, QueryDict(), name, list=name, company=company, at=AT)
        batch = back(b"".join(file.streaming_content))
        assert batch.state == State.FAILED
        assert sentence in batch.failed_because
    batch = back(b"a,b\n1,2\n", name="any.csv")
    assert "is no export of the catalog" in batch.failed_because


def test_it_is_taken_back_as_amendments_and_leaves_what_people_touched_since(cast, crowd, back):
    content = edited(made(cast.lead), {(row.number, "purpose"): "Changed." for row in crowd[:12]})
    batch = go(back(content), cast)
    crowd[0].refresh_from_db()
    actions.amend(crowd[0], {"vendor": "Touched"}, by=cast.lead, at=LATER, seen_version=crowd[0].version)

    bringing.take_back(batch, by=cast.lead, at=LATER)
    bringing.go_on(LATER, pause=0)

    batch.refresh_from_db()
    assert (batch.state, batch.counts["undone"]["restored"], batch.counts["undone"]["left"]) == (State.UNDONE, 11, 1)
    now = dict(Initiative.objects.values_list("number", "purpose"))
    assert [now[row.number] for row in crowd[:12]] == ["Changed.", *(f"Purpose {n}" for n in range(1, 12))]


def test_an_import_of_edits_goes_on_after_a_worker_died(cast, crowd, back, monkeypatch):
    batch = back(edited(made(cast.lead), {(row.number, "purpose"): "Changed." for row in crowd}))
    bringing.begin(batch, by=cast.lead, at=LATER)
    hold, left = bringing.hold, [2]

    def dies(one):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        hold(one)

    monkeypatch.setattr(bringing, "hold", dies)
    with pytest.raises(KeyboardInterrupt):
        bringing.go_on(LATER, pause=0)
    assert 0 < Initiative.objects.filter(purpose="Changed.").count() < 30

    later = clock.wall() + timedelta(minutes=10)
    monkeypatch.setattr(clock, "wall", lambda: later)
    bringing.go_on(LATER, pause=0)

    assert Initiative.objects.filter(purpose="Changed.").count() == 30
    assert LedgerEntry.objects.filter(verb="initiative.amended").count() == 30


@pytest.fixture
def own_ones(cast):
    """Own columns of every kind, by their key; the choice has two choices."""
    kinds = {"cost_centre": "text", "seats": "number", "contract_ends": "date", "wave": "choice", "wiki": "link"}
    for key, kind in kinds.items():
        choices = ["First", "Second"] if kind == "choice" else []
        own_keeping.make(key.replace("_", " ").capitalize(), kind, choices=choices, by=cast.office, at=AT)
    return {column.key: column for column in own.columns()}


OWN_CELLS = {
    "own_cost_centre": ("CC-1", "CC-2"),
    "own_seats": (1204.5, 7),
    "own_contract_ends": ("2026-12-31", "2027-01-31"),
    "own_wave": ("First", "second"),
    "own_wiki": ("https://wiki.example.org/a", "https://wiki.example.org/b"),
}


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
def test_own_columns_come_back_as_they_were(cast, crowd, back, own_ones, kind):
    values = {c: own.read(c, str(OWN_CELLS[c.name][0])) for c in own_ones.values()}
    actions.amend(crowd[0], {}, own=values, by=cast.lead, at=AT, seen_version=crowd[0].version)

    batch = back(made(cast.lead, kind), name=f"catalog.{kind}")

    assert (changes(batch), problems(batch), batch.counts["unread"]) == ({}, {}, [])


def test_own_columns_are_changed_in_a_spreadsheet_and_taken_back(cast, crowd, back, own_ones):
    first, second = crowd[0], crowd[1]
    values = {c: own.read(c, str(OWN_CELLS[c.name][0])) for c in own_ones.values()}
    actions.amend(first, {}, own=values, by=cast.lead, at=AT - timedelta(hours=1), seen_version=first.version)
    asked = {(first.number, name): new for name, (_old, new) in OWN_CELLS.items()}
    asked |= {(second.number, "own_seats"): 3, (second.number, "vendor"): "Beta"}

    batch = back(edited(made(cast.lead), asked))
    assert problems(batch) == {}
    assert changes(batch)[first.key, "own_seats"] == ("1204.5", "7")
    assert set(changes(batch)) == {(f"AI-{number}", name) for number, name in asked}
    go(batch, cast)
    now = own.current([first, second])
    assert {key: own.plain(value) for key, value in now[first.pk].items()} == {
        "cost_centre": "CC-2",
        "seats": "7",
        "contract_ends": "2027-01-31",
        "wave": "Second",
        "wiki": "https://wiki.example.org/b",
    }
    assert own.plain(now[second.pk]["seats"]) == "3"

    bringing.take_back(batch, by=cast.lead, at=LATER)
    bringing.go_on(LATER, pause=0)
    back_again = own.current([first, second])
    assert {f"own_{key}": own.plain(value) for key, value in back_again[first.pk].items()} == {
        name: str(old) for name, (old, _new) in OWN_CELLS.items()
    }
    assert back_again[second.pk] == {}


def test_own_columns_say_what_they_expect_and_stay_where_both_changed_them(cast, crowd, back, own_ones):
    seats = own_ones["seats"]
    content = edited(
        made(cast.lead),
        {
            (crowd[0].number, "own_seats"): "many",
            (crowd[1].number, "own_wave"): "Third",
            (crowd[2].number, "own_seats"): 9,
        },
    )
    actions.amend(crowd[2], {}, own={seats: Decimal(5)}, by=cast.lead, at=LATER, seen_version=crowd[2].version)

    said = problems(back(content, at=LATER + timedelta(minutes=1)))

    assert said[crowd[0].key][0].startswith("many | a number of at most")
    assert said[crowd[1].key] == ["Third | one of the choices: First, Second"]
    assert said[crowd[2].key][0].startswith("9 | “5”, as somebody wrote after this file was made")


# --- Its pages --------------------------------------------------------------------------------


def test_a_lead_brings_an_export_back_looks_at_the_changes_and_makes_them(client, cast, crowd, sign_in):
    sign_in(client, cast.lead)
    content = edited(
        made(cast.lead, at=clock.now()), {(row.number, "purpose"): f"Words {row.number}" for row in crowd[:20]}
    )

    sent = client.post("/imports/edited/", {"file": SimpleUploadedFile("catalog.xlsx", content)})
    bringing.go_on(clock.now(), pause=0)
    address = sent["Location"]
    shown = Page(client.get(address).content.decode(), address)

    assert sent.status_code == 303
    assert "Change 20 initiatives" in shown.words
    assert "Words" in Page(client.get(f"{address}?what=changed").content.decode(), address).words
    assert "Gap report" not in shown.words
    assert client.post(address, {"do": "import"}).status_code == 303
    bringing.go_on(clock.now(), pause=0)
    assert Initiative.objects.filter(purpose__startswith="Words").count() == 20
    assert "catalog.xlsx" in Page(client.get("/imports/edited/").content.decode(), "/imports/edited/").words


def test_a_page_that_leaves_rows_out_does_not_say_that_nothing_is_different(client, cast, crowd, sign_in):
    sign_in(client, cast.lead)
    content = edited(made(cast.lead, at=clock.now()), {(crowd[0].number, "name"): ""})

    sent = client.post("/imports/edited/", {"file": SimpleUploadedFile("catalog.xlsx", content)})
    bringing.go_on(clock.now(), pause=0)
    shown = Page(client.get(sent["Location"]).content.decode(), sent["Location"])

    assert "1 row is left out. Why stands beside it." in shown.words
    assert "Nothing in this file is different" not in shown.words


def test_an_export_brought_back_is_nobody_elses(client, cast, crowd, back, sign_in):
    batch = back(made(cast.lead))
    for person in (cast.office, cast.admin, cast.staff):
        sign_in(client, person)
        for address in (f"/imports/{batch.number}/", f"/imports/{batch.number}/rows/2/"):
            assert client.get(address).status_code == 403
        with pytest.raises(Refused):
            bringing.begin(batch, by=person, at=LATER)
    sign_in(client, cast.office)
    assert "catalog.xlsx" not in client.get("/imports/").content.decode()


def test_only_an_export_of_ours_comes_in_without_the_portfolio_office(cast):
    with pytest.raises(Refused):
        bringing.receive([b"a"], "list.csv", "omb-2025", by=cast.lead, at=AT)
    batch = SimpleNamespace(profile="omb-2025", person_id=cast.lead.pk, person=cast.lead)
    with pytest.raises(Refused):
        bringing.may_handle(cast.lead, batch)
