"""The pages of people coming in: what they show, who gets them, and what each button does."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.core import clock
from governance.ledger.models import LedgerEntry
from governance.notices.models import Notice
from governance.people.models import Person, Unit
from governance.registers import directory
from governance.registers.models import Batch, State
from tests.make import AT
from tests.registers.test_pages import page

PEOPLE = (
    b"E-mail,Name,Unit,Grade\nann@example.org,Ann Lee,Support,VP\npriya.nair@example.org,Priya Nair,,SVP\nnobody,Bo,,\n"
)


@pytest.fixture
def admin(client, cast, sign_in, monkeypatch):
    """The browser of an administrator, at the moment of every import."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return sign_in(client, cast.admin)


@pytest.fixture
def send(admin):
    """Return a function that brings a file on the page and has it read; returns the address of its page."""

    def send(content=PEOPLE, name="people.csv", **more):
        response = admin.post("/imports/people/", {"file": SimpleUploadedFile(name, content), **more})
        assert response.status_code == 303
        directory.go_on(AT, pause=0)
        return response["Location"]

    return send


def test_a_directory_is_brought_looked_at_and_imported(admin, send):
    assert "/imports/people/" in [href for href, _words in page(admin, "/people/").links]
    there = send()
    words = page(admin, there).words
    assert "Nothing is changed yet." in words
    assert "Read from it: E-mail address, Name, Unit, Grade." in words
    assert "New 1" in words
    assert "Grade: VP Senior VP" in words
    assert "E-mail: “nobody” came; expected an e-mail address, for example name@example.org." in words
    assert "Import 2 changes" in words

    assert admin.post(there, {"do": "import"}).status_code == 303
    assert "Being imported" in page(admin, there).words
    directory.go_on(AT, pause=0)

    assert "Imported: people.csv." in page(admin, there).words
    assert Person.objects.get(email="ann@example.org").unit.name == "Support"
    assert admin.post(there, {"do": "import"}).status_code == 409


def test_an_import_of_people_asks_who_it_is(cast, sign_in, send):
    there, client = send(), sign_in(Client(), cast.admin, proved=False)

    response = client.post(there, {"do": "import", "invite": "on"})

    assert (response.status_code, response["Location"].startswith("/prove/")) == (303, True)
    assert Batch.objects.get().state == State.READY
    assert "checked" in client.get(there).content.decode().partition('name="invite"')[2].partition(">")[0]


def test_a_directory_set_aside_is_not_imported(admin, send):
    there = send()
    admin.post(there, {"do": "set_aside"})

    assert "Set aside" in page(admin, there).words
    assert admin.post(there, {"do": "import"}).status_code == 409


def test_which_column_is_which_is_said_with_what_stands_in_them(admin, send):
    there = send(b"Kontakt,Wer\nann@example.org,Ann\nbob@example.org,Bob\n")
    assert "No column is known to hold the e-mail address" in page(admin, there).words
    assert "Kontakt: “ann@example.org”, “bob@example.org”" in admin.get(f"{there}columns/").content.decode()

    wrong = admin.post(f"{there}columns/", {"email": "0", "name": "0"})
    assert (wrong.status_code, "is the same column as E-mail address" in wrong.content.decode()) == (422, True)
    assert admin.post(f"{there}columns/", {"name": "1"}).status_code == 422
    assert admin.post(f"{there}columns/", {"email": "7", "name": "1"}).status_code == 422

    assert admin.post(f"{there}columns/", {"email": "0", "name": "1"}).status_code == 303
    directory.go_on(AT, pause=0)
    assert "New 2" in page(admin, there).words


def test_those_no_longer_listed_are_said_and_leave_only_with_a_tick(admin, send, cast):
    both = b"E-mail,Name\nsam.doyle@example.org,Sam Doyle\nlena.kraus@example.org,Lena Kraus\n"
    admin.post(send(both), {"do": "import"})
    directory.go_on(AT, pause=0)

    there = send(both.partition(b"lena")[0])
    assert "1 person is no longer listed: record that they left today" in page(admin, there).words
    assert "Lena Kraus" in page(admin, f"{there}?what=gone").words
    admin.post(there, {"do": "import", "gone_leave": "on"})
    directory.go_on(AT, pause=0)

    assert not Person.objects.get(pk=cast.workflow.pk).is_active


def test_when_many_would_leave_the_page_asks_how_many(admin, send, cast):
    everybody = "E-mail,Name\n" + "".join(f"{p.email},{p.name}\n" for p in cast.people)
    admin.post(send(everybody.encode()), {"do": "import"})
    directory.go_on(AT, pause=0)
    leave = len(cast.people) - 2
    there = send(f"E-mail,Name\n{cast.owner.email},Priya Nair\n".encode())
    assert "How many people leave" in page(admin, there).words

    refused = admin.post(there, {"do": "import", "gone_leave": "on"})
    assert (refused.status_code, f"{leave} of {leave + 2} people would leave" in refused.content.decode()) == (
        422,
        True,
    )
    assert admin.post(there, {"do": "import"}).status_code == 303
    directory.go_on(AT, pause=0)
    assert Person.objects.active().count() == leave + 2


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_the_file_of_people_comes_back_and_changes_nothing(admin, send, cast, kind):
    Unit.objects.create(name="Support", slug="support-2", parent=cast.sales)
    Person.objects.filter(pk=cast.lead.pk).update(
        manager=cast.owner, name='\'=Sam, "the" Doyle', phone="+44 20 7946 0101", time_zone="Europe/Berlin"
    )
    Person.objects.filter(pk=cast.finance.pk).update(name="-Tomas", title="'t Hooft")
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())
    for half in ("", "?state=left"):
        response = admin.get(f"/people.{kind}{half}")
        content = b"".join(response.streaming_content)

        send(content, f"people.{kind}")

        batch = Batch.objects.latest("number")
        rows = list(batch.rows.order_by("record"))
        assert (batch.state, len(rows)) == (State.READY, 1 if half else len(cast.people) - 1)
        assert {(row.how, str(row.changes), str(row.problems)) for row in rows} == {("unchanged", "[]", "[]")}
        if not half:
            assert {"email", "name", "title", "unit", "path", "functions", "active", "last_day"} <= set(
                batch.layout["columns"]
            ) or kind == "json"


@pytest.mark.parametrize(
    "cell", ["=1+1", "nul\x00l", "o\u202elleh", "x" * 4096, "<b>", "'; DROP", "\ufeff", "🦊" * 90, "a\nb"]
)
def test_hostile_cells_make_sentences_and_never_an_error(admin, send, cell):
    titles = ["E-mail", "Name", "Unit", "Unit path", "Grade", "Manager", "Functions", "Active", "Last day", "Time zone"]
    rows = [[cell] * len(titles), ["ann@example.org", *[cell] * (len(titles) - 1)], ["bob@example.org", "Bob", cell]]
    lines = [",".join('"' + part.replace('"', '""') + '"' for part in row) for row in [titles, *rows]]
    there = send("\n".join(lines).encode(), name=f"{cell[:20]}.csv")

    page(admin, there)
    page(admin, f"{there}columns/")
    assert admin.post(there, {"do": "import"}).status_code == 303
    directory.go_on(AT, pause=0)
    assert "Imported" in page(admin, there).words
    page(admin, "/people/")


def test_the_page_of_a_directory_asks_few_questions_however_long_it_is(admin, send):
    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert admin.get(address).status_code == 200
        return len(found)

    short = send()
    admin.get(short)
    few = asked(short)
    long = send(PEOPLE + b"".join(b"p%d@example.org,P,Support,\n" % n for n in range(60)))

    assert (asked(long), few <= 14) == (few, True)


@pytest.mark.parametrize("address", ["/imports/people/7/", "/imports/people/7/columns/", "/imports/1/"])
def test_what_is_not_there_is_not_found(admin, send, address):
    send()

    assert admin.get(address).status_code == 404


def test_what_is_brought_and_said_of_columns_is_on_record(admin, send):
    there = send()
    admin.post(f"{there}columns/", {"email": "0", "name": "1"})

    assert [e.verb for e in LedgerEntry.objects.order_by("-seq")[:2]] == ["profile.kept", "list.brought"]


def test_somebody_new_sets_a_password_by_the_page_the_message_leads_to(client, cast, sign_in, mailoutbox):
    at, admin, ann = clock.now(), sign_in(client, cast.admin), Client()
    batch = directory.receive([PEOPLE], "people.csv", by=cast.admin, at=at)
    directory.go_on(at, pause=0)
    admin.post(batch.get_absolute_url(), {"do": "import", "invite": "on"})
    directory.go_on(at, pause=0)
    path = Notice.objects.filter(person__email="ann@example.org").first().path

    ann.post(path, {"email": "ann@example.org"})
    link = re.search(r"/password/reset/\S+", mailoutbox[-1].body)[0]
    form = ann.get(link, follow=True).redirect_chain[-1][0]
    ann.post(form, {"password1": "a sentence to remember", "password2": "a sentence to remember"})

    assert Person.objects.get(email="ann@example.org").check_password("a sentence to remember")
