"""The pages of lists coming in: what they show, who gets them, and what each button does."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core import clock
from governance.initiatives import actions
from governance.initiatives.models import Initiative
from governance.registers import bringing
from governance.registers.models import Batch, State
from tests.make import make_initiative
from tests.registers.conftest import AT, record, text_of
from tests.web import Page

RECORDS = [
    record(1, development_stage="Deployed", has_pii="Yes", is_high_impact="High-impact", pia_url="No"),
    record(2, development_stage="Being tried", has_pii="Perhaps"),
    record(3, development_stage="Pilot", has_pii="Yes", pia_url="https://example.org/pia"),
]


@pytest.fixture
def office(client, cast, sign_in, monkeypatch):
    """The browser of the Portfolio office, at the moment of every import."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return sign_in(client, cast.office)


@pytest.fixture
def send(office):
    """Return a function that brings a file on the page; returns the response."""

    def send(content, profile="omb-2025", name="list.csv", **more):
        content = content if isinstance(content, bytes) else text_of(content).encode()
        data = {"file": SimpleUploadedFile(name, content), "profile": profile, **more}
        return office.post("/imports/", data)

    return send


def page(client, address: str) -> Page:
    """Return a page that is there."""
    response = client.get(address)
    assert response.status_code == 200, address
    return Page(response.content.decode(), address)


def test_a_list_is_brought_read_looked_at_and_imported(office, send):
    response = send(RECORDS)
    assert (response.status_code, response["Location"]) == (303, "/imports/1/")
    assert "Being read" in page(office, "/imports/1/").words

    bringing.go_on(AT, pause=0)
    shown = page(office, "/imports/1/")
    assert "Ready to import" in shown.words
    assert "Nothing is changed yet." in shown.words
    assert "Import 3 rows" in shown.words
    assert (
        "development_stage: “Being tried” came; expected one of Pre-deployment, Pilot, Deployed, Retired."
        in shown.words
    )
    assert not Initiative.objects.exists()

    assert office.post("/imports/1/", {"do": "import"}).status_code == 303
    assert "Being imported" in page(office, "/imports/1/").words
    bringing.go_on(AT, pause=0)
    assert "Imported: list.csv" in page(office, "/imports/1/").words
    assert Initiative.objects.count() == 3


def test_a_second_press_imports_nothing_twice(office, send):
    send(RECORDS)
    bringing.go_on(AT, pause=0)
    office.post("/imports/1/", {"do": "import"})

    assert office.post("/imports/1/", {"do": "import"}).status_code == 409
    bringing.go_on(AT, pause=0)
    assert Initiative.objects.count() == 3


def test_a_list_set_aside_is_not_imported(office, send):
    send(RECORDS)
    bringing.go_on(AT, pause=0)

    office.post("/imports/1/", {"do": "set_aside"})

    assert "Set aside" in page(office, "/imports/1/").words
    assert office.post("/imports/1/", {"do": "import"}).status_code == 409


def test_rows_are_narrowed_by_what_becomes_of_them(office, send):
    send(RECORDS)
    bringing.go_on(AT, pause=0)

    needs = page(office, "/imports/1/?what=needs").words

    assert "Use 2" in needs
    assert "Use 1" not in needs


def test_a_cell_is_mended_on_the_page_of_its_row(office, send):
    send(RECORDS)
    bringing.go_on(AT, pause=0)
    batch = Batch.objects.get()
    places = batch.layout["places"]
    shown = page(office, "/imports/1/rows/3/")
    (form,) = [form for form in shown.forms if form.method == "post" and f"cell-{places['id']}" in form.names]
    sent = {control.name: control.value for control in form.controls if control.name.startswith("cell-")}

    response = office.post("/imports/1/rows/3/", sent | {f"cell-{places['development_stage']}": "Pilot"})

    assert (response.status_code, response["Location"]) == (303, "/imports/1/?what=needs")
    row = batch.rows.get(record=3)
    assert (row.values["stage"], row.needs) == ("pilot", False)
    assert [problem["field"] for problem in row.problems] == ["has_pii"]


def test_the_gap_report_counts_what_the_list_says_and_says_what_it_does_not(office, send):
    send(RECORDS)
    bringing.go_on(AT, pause=0)

    words = page(office, "/imports/1/report/").words

    assert "list.csv lists 3 uses of AI. 2 are in use." in words
    for line in (
        "Nobody can tell at which stage it is 1",
        "In use, and nobody is named as its owner the list does not say",
        "In use, and no way back is written down the list does not say",
        "In use with high impact, and no evidence that it was tested 1",
        "In use with personal data, and no assessment 1",
    ):
        assert line in words
    assert not Initiative.objects.exists()


def test_an_import_is_taken_back_on_its_page(office, send):
    send(RECORDS)
    bringing.go_on(AT, pause=0)
    office.post("/imports/1/", {"do": "import"})
    bringing.go_on(AT, pause=0)
    assert "Take this import back?" in page(office, "/imports/1/take-back/").words

    assert office.post("/imports/1/take-back/").status_code == 303
    bringing.go_on(AT, pause=0)

    assert "3 removed, 0 put back as before, 0 left" in page(office, "/imports/1/").words
    assert not Initiative.objects.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "list.csv is empty. Expected a CSV file with a header."),
        (b"just,words\n1,2\n", "list.csv has no header that the profile omb-2025 knows"),
        (b"%PDF-1.7", "list.csv is a PDF. Expected a CSV file"),
        (b"PK\x03\x04\x00", "list.csv is an Excel workbook. Expected a CSV file, as the profile says."),
    ],
)
def test_a_file_that_cannot_be_read_says_why_on_its_page(office, send, content, sentence):
    send(content)
    bringing.go_on(AT, pause=0)

    assert sentence in page(office, "/imports/1/").words
    assert Batch.objects.get().state == State.FAILED


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 300 + ".csv", "li\u202est.csv", "nul\x00l.csv", "<b>.csv"])
def test_a_file_may_be_called_anything_and_stays_where_it_is(office, send, name):
    assert send(RECORDS, name=name).status_code == 303
    bringing.go_on(AT, pause=0)

    assert "Ready to import" in page(office, "/imports/1/").words


def test_a_form_without_a_file_or_with_an_unknown_profile_is_refused_in_a_sentence(office, send):
    response = office.post("/imports/", {"profile": "omb-2025"})
    assert response.status_code == 422
    assert "Choose the list" in response.content.decode()
    assert send(RECORDS, profile="none-such").status_code == 422
    assert not Batch.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(office, send, monkeypatch):
    monkeypatch.setattr(bringing, "MOST_BYTES", 100)

    response = send(RECORDS)

    assert response.status_code == 422
    assert "list.csv has 0 MB. Expected 200 MB at most" in response.content.decode()
    assert not Batch.objects.exists()


def test_how_far_it_got_is_a_part_of_its_own_until_it_is_done(office, send):
    send(RECORDS)
    part = office.get("/imports/1/", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith("<section")

    bringing.go_on(AT, pause=0)

    assert office.get("/imports/1/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_what_an_administrator_may_not_see_is_no_duplicate_for_them(client, cast, sign_in, monkeypatch):
    monkeypatch.setattr(clock, "wall", lambda: AT)
    hidden = make_initiative(cast, name="Canary")
    actions.set_restricted(hidden.fresh, True, by=cast.lead, at=AT)
    admin = sign_in(client, cast.admin)
    file = SimpleUploadedFile("list.csv", text_of([record(1, use_case_name="Canary")]).encode())
    admin.post("/imports/", {"file": file, "profile": "omb-2025"})
    bringing.go_on(AT, pause=0)

    assert "Called like" not in page(admin, "/imports/1/").words
    assert hidden.fresh.key not in page(admin, "/imports/1/").words


def test_the_office_is_told_what_a_row_is_called_like(office, send, cast):
    here = make_initiative(cast, name="Use 1")
    send(RECORDS)
    bringing.go_on(AT, pause=0)

    assert f"Called like {here.fresh.key}" in page(office, "/imports/1/?what=twin").words


def test_the_page_of_a_list_asks_few_questions_however_long_it_is(office, send):
    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert office.get(address).status_code == 200
        return len(found)

    send(RECORDS)
    bringing.go_on(AT, pause=0)
    office.get("/imports/1/")
    few = asked("/imports/1/")
    send([record(n) for n in range(60)])
    bringing.go_on(AT, pause=0)

    assert (asked("/imports/2/"), few <= 16) == (few, True)


@pytest.mark.parametrize(
    "address", ["/imports/7/", "/imports/1/rows/99/", "/imports/7/report/", "/imports/7/take-back/"]
)
def test_what_is_not_there_is_not_found(office, send, address):
    send(RECORDS)
    bringing.go_on(AT, pause=0)

    assert office.get(address).status_code == 404


def test_a_use_answered_no_is_not_among_what_is_imported(office, send):
    head = "Agency,AI Use Case,Agency Use (Y/N)?,Name of Commercial Product or Service Used,Estimated # of Licenses/Users\n"
    send((head + "Examples,Reading,Y,Acme,1-100\nExamples,Writing,N,,\n").encode(), profile="omb-2025-cots")
    bringing.go_on(AT, pause=0)

    words = page(office, "/imports/1/").words
    assert "Import 1 row" in words
    assert "Import 1 rows" not in words


def test_who_may_not_see_it_reads_nothing_of_it_on_a_list_somebody_else_brought(client, cast, sign_in, office, send):
    def bring(records):
        send(records)
        bringing.go_on(AT, pause=0)
        return Batch.objects.latest("number")

    first = bring([record(1), record(2)])
    office.post(first.get_absolute_url(), {"do": "import"})
    bringing.go_on(AT, pause=0)
    for one in Initiative.objects.all():
        actions.amend(one, {"purpose": "Canary words."}, by=cast.office, at=AT, seen_version=one.version)
        actions.set_restricted(Initiative.objects.get(pk=one.pk), True, by=cast.office, at=AT)
    hidden = make_initiative(cast, name="Use 9")
    actions.set_restricted(hidden.fresh, True, by=cast.lead, at=AT)
    second = bring([record(1, problem_solved="Theirs."), record(9)])
    mine = page(office, second.get_absolute_url()).words
    assert "Canary words." in mine
    assert "Use 2" in mine
    assert f"Called like {hidden.fresh.key}" in mine

    theirs = page(sign_in(client, cast.admin), second.get_absolute_url()).words

    assert "Canary words." not in theirs
    assert "Use 2" not in theirs
    assert "Called like" not in theirs
