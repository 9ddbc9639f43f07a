"""A directory that comes in: what is read of it, what becomes of everybody, and what is never guessed."""

import csv
import io
from datetime import timedelta

import pytest

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.desk import mine
from governance.ledger.models import LedgerEntry
from governance.notices.models import Notice
from governance.people import actions as people
from governance.people import functions
from governance.people.functions import Function
from governance.people.models import Person, Unit
from governance.registers import directory
from governance.registers.directory_columns import guessed
from governance.registers.models import FilePart, Listed, State
from tests.make import AT, make_person, make_unit

TITLES = ("E-mail", "Name", "Unit", "Parent unit", "Grade", "Job family", "Manager's e-mail", "Functions")
DAY = timedelta(days=1)


def text_of(rows, titles=TITLES) -> str:
    """Return rows (each a dict by title) as CSV text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, titles, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def one(email: str, name: str = "", **cells) -> dict:
    """Return one row; `cells` are by title with _ for spaces."""
    return {"E-mail": f"{email}@example.org", "Name": name or email.title(), **cells}


@pytest.fixture
def brought(cast):
    """Return a function that brings a directory (rows, or text) and has it read; returns the import."""

    def brought(rows, *, by=None, at=AT, titles=TITLES):
        content = (
            rows if isinstance(rows, bytes) else (rows if isinstance(rows, str) else text_of(rows, titles)).encode()
        )
        batch = directory.receive([content], "people.csv", by=by or cast.admin, at=at)
        directory.go_on(at, pause=0)
        batch.refresh_from_db()
        assert batch.state in (State.READY, State.FAILED)
        return batch

    return brought


@pytest.fixture
def imported(brought, cast):
    """Return a function that brings a directory and imports it; returns the import."""

    def imported(rows, *, by=None, at=AT, titles=TITLES, **how):
        batch = brought(rows, by=by, at=at, titles=titles)
        directory.begin(batch, by=by or cast.admin, at=at, **how)
        directory.go_on(at, pause=0)
        batch.refresh_from_db()
        assert batch.state == State.DONE
        return batch

    return imported


def become(batch) -> dict[str, str]:
    """Return what becomes of each row, by who stands in it."""
    return {row.values.get("email", ""): row.how for row in batch.rows.order_by("record")}


def problems(batch, record: int) -> list[str]:
    """Return what is said of a row, as a page says it."""
    from governance.registers.words import problem_words

    return [problem_words(problem, []) for problem in batch.rows.get(record=record).problems]


# What is read


def test_everybody_in_a_directory_is_new_changed_or_unchanged_and_nothing_happens_yet(brought):
    batch = brought(
        [
            one("boss", "The Boss", Unit="Support"),
            one("priya.nair", "Priya Nair", Unit="Support", Grade="SVP"),
            one("hugo.duarte", "Hugo Duarte"),
        ]
    )

    assert become(batch) == {
        "boss@example.org": "created",
        "priya.nair@example.org": "updated",
        "hugo.duarte@example.org": "unchanged",
    }
    assert batch.rows.get(record=3).changes == [{"field": "grade", "here": "vp", "says": "svp", "applied": True}]
    assert not Person.objects.filter(email="boss@example.org").exists()
    assert not FilePart.objects.exists()
    assert [entry.verb for entry in LedgerEntry.objects.order_by("seq")] == ["list.brought"]


@pytest.mark.parametrize(
    ("titles", "found"),
    [
        (["E-Mail_Address", "Display Name", "Department", "Reports to"], ["email", "name", "unit", "manager"]),
        (["mail", "First name", "Surname", "Line Manager", "TZ"], ["email", "given", "family", "manager", "time_zone"]),
        (
            ["Employee", "Work Email", "Part of", "Team", "Manager’s e-mail"],
            ["name", "email", "parent", "unit", "manager"],
        ),
        (["Phone", "Phone", "Shoe size", ""], ["phone"]),
    ],
)
def test_columns_are_found_by_their_usual_titles(titles, found):
    assert sorted(guessed(titles)) == sorted(found)
    assert len(set(guessed(titles).values())) == len(found)


def test_a_name_in_two_columns_is_one_name(imported):
    imported("Mail;First name;Last name\nann@example.org;Ann;Lee\n")

    assert Person.objects.get(email="ann@example.org").name == "Ann Lee"


def test_titles_further_down_and_other_letters_are_found_out(brought):
    batch = brought("People of today;;\n;;\nName;E-mail;Unit\nJürgen Groß;jg@example.org;Büro\n".encode("cp1252"))

    row = batch.rows.get()
    assert (row.record, row.values["name"], row.values["unit"]) == (4, "Jürgen Groß", ["Northwind", "Büro"])
    assert batch.layout["found"] == ["its letters are windows-1252", "“;” stands between its cells"]


@pytest.mark.parametrize(
    ("title", "cell", "sentence"),
    [
        ("E-mail", "nobody", "E-mail: “nobody” came; expected an e-mail address, for example name@example.org."),
        ("E-mail", "", "E-mail: the cell is empty; expected an e-mail address, for example name@example.org."),
        ("Name", "", "Name: the cell is empty; expected a name."),
        ("Name", "x" * 4096, "Name: “" + "x" * 199 + "…” came; expected 200 characters at most."),
        ("Grade", "King", "Grade: “King” came; expected one of Staff, Senior, Manager, Senior manager, Director,"),
        ("Time zone", "Mars", "Time zone: “Mars” came; expected a time zone such as Europe/Berlin."),
        ("Phone", "call me", "Phone: “call me” came; expected a number that can be called"),
        ("Functions", "King", "Functions: “King” came; expected any of Administrators, Portfolio office,"),
        (
            "Manager",
            "ann@example.org",
            "Manager: “ann@example.org” came; expected somebody else: nobody manages themselves.",
        ),
        (
            "Manager",
            "who@example.org",
            "expected the e-mail address of somebody in the file or in the directory who works here.",
        ),
        ("Active", "perhaps", "Active: “perhaps” came; expected yes or no."),
        ("Last day", "12/11/2026", "Last day: “12/11/2026” came; expected a date such as 2026-11-30."),
        (
            "Name",
            "nul\0l",
            "“nul␀l” came; expected text without a zero character, or half of one: no database keeps them.",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(brought, title, cell, sentence):
    titles = ("E-mail", "Name", "Grade", "Time zone", "Phone", "Functions", "Manager", "Active", "Last day")
    batch = brought([one("ann", "Ann") | {title: cell}], titles=titles)

    assert sentence in problems(batch, 2)[0]
    assert batch.rows.get().needs


def test_a_row_with_more_cells_than_titles_is_left_out_and_one_with_fewer_says_less(brought):
    batch = brought("E-mail,Name,Unit\na@example.org,Lee, Ann,Sales\nb@example.org,Bob\n")

    assert problems(batch, 2) == ["“4 cells” came; expected 3 cells, as the row of the titles has."]
    assert become(batch) == {"": "refused", "b@example.org": "created"}


def test_one_cell_that_cannot_be_read_leaves_the_rest_of_its_row(imported):
    imported([one("priya.nair", "Priya Nair-Rao", Grade="King")])

    priya = Person.objects.get(email="priya.nair@example.org")
    assert (priya.name, priya.grade) == ("Priya Nair-Rao", "vp")


def test_an_empty_cell_changes_nothing_and_a_dash_empties(imported, cast):
    imported([one("priya.nair", "Priya Nair", Grade="", **{"Job family": "-", "Unit": "none"})])

    priya = Person.objects.get(email="priya.nair@example.org")
    assert (priya.grade, priya.job_family, priya.unit) == ("vp", "", None)


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "<script>alert(1)</script>", "O\u202ecilA", "’t Hooft", "'t Hooft", "@x"]
)
def test_a_name_may_hold_anything_that_prints(imported, name):
    imported([one("ann", name)])

    kept = Person.objects.get(email="ann@example.org").name
    assert kept == " ".join(name.replace("\u202e", " ").split())


# Who is who


def test_an_address_that_two_rows_have_counts_in_neither(brought):
    batch = brought([one("ann", "Ann One"), one("ann", "Ann Two"), one("bob", "Bob")])

    assert list(batch.rows.order_by("record").values_list("how", flat=True)) == ["refused", "refused", "created"]
    assert problems(batch, 2) == [
        "E-mail: “ann@example.org” came; expected an address that no other row has; row 3 has it too."
    ]
    assert problems(batch, 3) == [
        "E-mail: “ann@example.org” came; expected an address that no other row has; row 2 has it too."
    ]


def test_addresses_are_one_whatever_their_case_and_names_alike_are_two_people(imported, brought):
    imported("E-mail,Name\nPRIYA.Nair@Example.org,Priya Nair\npriya@example.com,Priya Nair\n")

    assert Person.objects.filter(name="Priya Nair").count() == 2
    twin = brought("E-mail,Name\npn@example.com,Priya Nair\n").rows.get(record=2)
    assert (twin.how, twin.twin) == ("created", "name")


def test_managers_are_there_before_who_reports_to_them_whatever_the_order(imported):
    imported(
        [
            one("c", **{"Manager's e-mail": "b@example.org"}),
            one("b", **{"Manager's e-mail": "<A@example.org>"}),
            one("a", **{"Manager's e-mail": "Priya Nair"}),
        ]
    )

    c = Person.objects.get(email="c@example.org")
    assert [c.manager.email, c.manager.manager.email, c.manager.manager.manager.name] == [
        "b@example.org",
        "a@example.org",
        "Priya Nair",
    ]


def test_a_line_that_leads_back_to_itself_is_not_taken(brought):
    cells = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
    batch = brought([one(who, **{"Manager's e-mail": f"{boss}@example.org"}) for who, boss in cells])

    assert (
        "does not lead back to where it began: a@example.org → b@example.org → c@example.org" in problems(batch, 2)[0]
    )
    assert ["manager" in row.values for row in batch.rows.order_by("record")] == [False, False, False, True]


def test_a_circle_through_somebody_who_is_not_in_the_file_is_not_taken(brought, cast):
    Person.objects.filter(pk=cast.owner.pk).update(manager=cast.lead)

    batch = brought([one("sam.doyle", "Sam Doyle", **{"Manager's e-mail": cast.owner.email})])

    assert "does not lead back" in problems(batch, 2)[0]


def test_two_who_change_places_do_so(imported, cast):
    Person.objects.filter(pk=cast.lead.pk).update(manager=cast.owner)

    imported(
        [
            one("priya.nair", "Priya Nair", **{"Manager's e-mail": cast.lead.email}),
            one("sam.doyle", "Sam Doyle", **{"Manager's e-mail": "-"}),
        ]
    )

    cast.owner.refresh_from_db()
    cast.lead.refresh_from_db()
    assert (cast.owner.manager, cast.lead.manager) == (cast.lead, None)


# Units


def test_units_are_found_and_made_below_the_company(imported, brought):
    rows = [
        one("a", Unit="Refunds", **{"Parent unit": "Support"}),
        one("b", Unit="Desk", **{"Parent unit": "Refunds"}),
        one("c", Unit="Support"),
        one("d", Unit="Legal"),
    ]
    assert brought(rows).layout["units"] == [
        "Northwind / Legal",
        "Northwind / Support / Refunds",
        "Northwind / Support / Refunds / Desk",
    ]

    imported(rows)

    desk = Unit.objects.get(name="Desk")
    assert [desk.parent.name, desk.parent.parent.name, desk.parent.parent.parent.name] == [
        "Refunds",
        "Support",
        "Northwind",
    ]
    assert Unit.objects.filter(name="Support").count() == 1
    assert set(become(brought(rows)).values()) == {"unchanged"}


@pytest.mark.parametrize("path", ["Northwind / Support / Refunds", "Support > Refunds", "support|Refunds"])
def test_a_unit_may_be_a_path(imported, path):
    imported([{"E-mail": "a@example.org", "Name": "A", "Unit path": path}], titles=("E-mail", "Name", "Unit path"))

    unit = Person.objects.get(email="a@example.org").unit
    assert (unit.name, unit.parent.name, Unit.objects.count()) == ("Refunds", "Support", 5)


def test_units_that_stand_above_each_other_are_not_taken(brought):
    batch = brought([one("a", Unit="X", **{"Parent unit": "Y"}), one("b", Unit="Y", **{"Parent unit": "X"})])

    assert problems(batch, 2) == [
        "Unit: “X” came; expected a unit that does not stand below itself, as X / Y / X would."
    ]
    assert batch.layout["units"] == []


def test_a_unit_whose_name_several_have_is_not_guessed(brought, cast):
    make_unit("Desk", cast.sales)
    Unit.objects.create(name="Desk", slug="desk-2", parent=cast.support)

    batch = brought([one("a", Unit="Desk"), one("b", Unit="Desk", **{"Parent unit": "Sales"})])

    assert (
        "which Desk is meant, in a column of the units above it: Northwind / Sales / Desk; Northwind / Support / Desk"
        in problems(batch, 2)[0]
    )
    assert [change["says"] for change in batch.rows.get(record=3).changes if change["field"] == "unit"] == [
        "Northwind / Sales / Desk"
    ]


def test_a_retired_unit_takes_nobody(brought, cast):
    cast.sales.is_active = False
    cast.sales.save()

    batch = brought([one("a", **{"Unit": "Sales", "Parent unit": "Northwind"})])

    assert "expected a unit that still exists: Sales is retired" in problems(batch, 2)[0]


# Functions


def test_functions_are_given_and_taken_each_on_record(imported, cast):
    imported(
        [
            one("miriam.osei", "Miriam Osei", Functions="Security"),
            one("sam.doyle", "Sam Doyle", Functions="legal; Finance"),
        ]
    )

    assert functions.of(Person.objects.get(pk=cast.compliance.pk)) == {"security"}
    assert functions.of(Person.objects.get(pk=cast.lead.pk)) == {"legal", "finance"}
    verbs = [entry.verb for entry in LedgerEntry.objects.order_by("seq")]
    assert (verbs.count("function.granted"), verbs.count("function.revoked")) == (3, 1)


def test_a_function_one_person_holds_changes_hands_only_as_a_whole(imported, brought, cast):
    batch = brought([one("sam.doyle", "Sam Doyle", Functions="CTO")])
    assert problems(batch, 2) == [f"Functions: “CTO” came; expected one person: {cast.cto.name} holds it as well."]
    twice = brought(
        [
            one("sam.doyle", Functions="CTO"),
            one("lena.kraus", Functions="CTO"),
            one(cast.cto.email.partition("@")[0], Functions="-"),
        ]
    )
    assert twice.rows.filter(needs=True).count() == 2

    imported([one("sam.doyle", Functions="CTO"), one(cast.cto.email.partition("@")[0], cast.cto.name, Functions="-")])

    assert functions.holder(Function.CTO) == cast.lead


def test_nobody_brings_their_own_grade_unit_or_function(brought, cast):
    mine = cast.admin.email.partition("@")[0]
    batch = brought([one(mine, "Al M", Unit="Sales", Grade="Founder", Functions="CEO")])

    row = batch.rows.get()
    assert [change["field"] for change in row.changes] == ["name"]
    assert len(problems(batch, 2)) == 3
    assert "nobody changes their own. Ask another administrator to import it." in problems(batch, 2)[0]


# Leaving


@pytest.mark.parametrize(
    ("cells", "how"),
    [
        ({"Active": "no"}, "leaves"),
        ({"Active": "Terminated", "Last day": "2026-03-02"}, "leaves"),
        ({"Last day": "02.03.2026"}, "leaves"),
        ({"Leaver": "yes"}, "leaves"),
        ({"Active": "yes", "Last day": "2027-01-31"}, "unchanged"),
        ({"Active": "no", "Last day": "2027-01-31"}, "unchanged"),
        ({"Active": "yes", "Last day": "2026-03-02"}, "unchanged"),
        ({"Active": "yes", "Leaver": "yes"}, "unchanged"),
    ],
)
def test_who_the_file_says_has_left_leaves(brought, cells, how):
    batch = brought([one("sam.doyle", "Sam Doyle", **cells)], titles=("E-mail", "Name", "Active", "Leaver", "Last day"))

    assert become(batch) == {"sam.doyle@example.org": how}


def test_a_leaver_leaves_by_the_usual_act_on_the_day_the_file_says(imported, brought, story, cast):
    story("pilot")
    titles = ("E-mail", "Name", "Last day")
    rows = [{"E-mail": cast.owner.email, "Name": "Priya Nair", "Last day": "2026-03-01"}]

    imported(rows, titles=titles)

    assert {one.person_id for one in mine.of(cast.office, AT).leavers} == {cast.owner.pk}, (
        "a task of the Portfolio office"
    )
    cast.owner.refresh_from_db()
    assert (cast.owner.is_active, str(cast.owner.left_on)) == (False, "2026-03-01")
    assert LedgerEntry.objects.filter(verb="person.left", subject_id=cast.owner.pk).count() == 1
    assert become(brought(rows, titles=titles)) == {cast.owner.email: "unchanged"}
    back = brought([one("priya.nair", "Priya Nair")])
    assert "Priya Nair left on 2026-03-01: bring them back on their page first" in problems(back, 2)[0]


def test_who_is_no_longer_listed_stays_without_a_tick_and_leaves_with_one(imported, brought, cast):
    imported([one("sam.doyle", "Sam Doyle"), one("lena.kraus", "Lena Kraus")])
    assert Listed.objects.count() == 2

    batch = imported([one("lena.kraus", "Lena Kraus")], at=AT + DAY)
    assert become(batch) == {"lena.kraus@example.org": "unchanged", "sam.doyle@example.org": "gone"}
    assert Person.objects.get(pk=cast.lead.pk).is_active

    imported([one("lena.kraus", "Lena Kraus")], at=AT + 2 * DAY, gone_leave=True)
    cast.lead.refresh_from_db()
    assert (cast.lead.is_active, cast.lead.left_on) == (False, (AT + 2 * DAY).date())
    assert Person.objects.get(pk=cast.owner.pk).is_active, "who was in no directory is in none that is missing"


def test_nobody_is_missing_while_a_row_has_no_address(imported, brought):
    imported([one("sam.doyle", "Sam Doyle"), one("lena.kraus", "Lena Kraus")])

    batch = brought([one("lena.kraus", "Lena Kraus"), {"Name": "Sam Doyle"}])

    assert "gone" not in become(batch).values()


def test_when_many_would_leave_somebody_says_how_many(imported, brought, cast):
    everybody = [one(p.email.partition("@")[0], p.name) for p in cast.people if p != cast.admin]
    imported(everybody)
    batch = brought(everybody[:5])

    for wrong in (None, 5):
        with pytest.raises(Blocked, match=f"{len(everybody) - 5} of {len(cast.people)} people would leave"):
            directory.begin(batch, gone_leave=True, confirmed=wrong, by=cast.admin, at=AT)
    batch.refresh_from_db()
    assert batch.state == State.READY

    directory.begin(batch, gone_leave=True, confirmed=len(everybody) - 5, by=cast.admin, at=AT)
    directory.go_on(AT, pause=0)
    assert Person.objects.active().count() == 6


# Applying


def test_applied_twice_a_directory_changes_nothing(imported, brought, cast):
    rows = [
        one(
            "ann",
            "Ann",
            Unit="Refunds",
            Grade="VP",
            Functions="Legal",
            **{"Job family": "Data Science", "Parent unit": "Support", "Manager's e-mail": "bob@example.org"},
        ),
        one("bob", "Bob", Unit="Sales", **{"Manager's e-mail": cast.owner.email}),
    ]
    imported(rows)
    before = LedgerEntry.objects.exclude(verb__startswith="list.").exclude(verb__startswith="import.").count()

    assert set(become(imported(rows, at=AT + DAY)).values()) == {"unchanged"}
    assert before == LedgerEntry.objects.exclude(verb__startswith="list.").exclude(verb__startswith="import.").count()


def test_new_people_get_no_password_and_are_written_to_only_when_somebody_says_so(imported):
    imported([one("ann", "Ann")])
    assert not Person.objects.get(email="ann@example.org").has_usable_password()
    assert not Notice.objects.exists()

    imported([one("bob", "Bob")], invite=True)
    assert list(Notice.objects.values_list("person__name", "occasion", "path").distinct()) == [
        ("Bob", "invited", "/password/reset/")
    ]


def test_somebody_who_was_changed_meanwhile_is_left_out_and_the_rest_is_applied(brought, cast):
    batch = brought([one("priya.nair", "P. Nair"), one("hugo.duarte", "H. Duarte")])
    people.change(cast.owner, {"grade": "svp"}, by=cast.admin, at=AT, seen_version=1)

    directory.begin(batch, by=cast.admin, at=AT)
    directory.go_on(AT, pause=0)

    assert Person.objects.get(pk=cast.owner.pk).name == "Priya Nair"
    assert Person.objects.get(pk=cast.other_owner.pk).name == "H. Duarte"
    assert batch.rows.get(record=2).how == "refused"
    assert "Somebody saved this since you opened it" in problems(batch, 2)[0]


@pytest.mark.parametrize("dies", range(1, 8))
def test_killed_anywhere_it_goes_on_and_ends_as_if_it_had_not_been(brought, cast, monkeypatch, dies):
    rows = [
        one(
            f"p{n}",
            **{"Manager's e-mail": f"p{n + 1}@example.org" if n < 4 else "", "Functions": "Legal" if n % 2 else ""},
        )
        for n in range(5)
    ]
    rows.append(one("miriam.osei", "Miriam Osei", Functions="-"))
    batch = brought(rows)
    directory.begin(batch, by=cast.admin, at=AT)
    monkeypatch.setattr(directory, "AT_ONCE", 2)
    held, calls = directory.bringing.hold, []

    def hold(one):
        calls.append(1)
        if len(calls) == dies:
            raise KeyboardInterrupt
        held(one)

    monkeypatch.setattr(directory.bringing, "hold", hold)
    with pytest.raises(KeyboardInterrupt):
        directory.go_on(AT, pause=0)
    type(batch).objects.update(worked_at=None)
    directory.go_on(AT, pause=0)

    batch.refresh_from_db()
    assert batch.state == State.DONE
    assert Person.objects.filter(email__startswith="p", email__regex=r"^p\d@").count() == 5
    assert Person.objects.get(email="p0@example.org").manager.email == "p1@example.org"
    assert set(functions.members(Function.LEGAL).values_list("name", flat=True)) >= {"P1", "P3"}
    assert functions.of(Person.objects.get(pk=cast.compliance.pk)) == frozenset()
    verbs = [entry.verb for entry in LedgerEntry.objects.order_by("seq")]
    assert (verbs.count("person.added"), verbs.count("function.granted"), verbs.count("function.revoked")) == (5, 2, 1)
    assert not batch.rows.filter(needs=True).exists()


def test_only_administrators_bring_look_at_and_import_a_directory(brought, cast):
    batch = brought([one("ann", "Ann")])

    for act in (
        lambda by: directory.receive([b"x"], "x.csv", by=by, at=AT),
        lambda by: directory.choose(batch, {"email": 0}, by=by, at=AT),
        lambda by: directory.begin(batch, by=by, at=AT),
        lambda by: directory.set_aside(batch, by=by, at=AT),
    ):
        with pytest.raises(Refused):
            act(cast.office)


def test_what_was_looked_at_by_one_administrator_is_not_imported_by_another(brought, cast):
    other = make_person("Other Admin", Function.ADMINISTRATORS)
    batch = brought([one("ann", "Ann")])

    with pytest.raises(Refused, match="Say again which column is which"):
        directory.begin(batch, by=other, at=AT)
    directory.choose(batch, batch.layout["columns"], by=other, at=AT)
    directory.go_on(AT, pause=0)
    directory.begin(batch, by=other, at=AT)
    with pytest.raises(Conflict):
        directory.begin(batch, by=other, at=AT)


def test_another_meaning_of_the_columns_is_another_preview(brought, cast):
    batch = brought("Kontakt,Wer,Wo\nann@example.org,Ann,Sales\n")
    assert batch.layout["columns"] == {}
    assert set(batch.rows.values_list("how", flat=True)) == {""}

    directory.choose(batch, {"email": 0, "name": 1, "unit": 2}, by=cast.admin, at=AT)
    directory.go_on(AT, pause=0)

    assert become(batch) == {"ann@example.org": "created"}
    assert batch.rows.get().values["unit"] == ["Northwind", "Sales"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "people.csv is empty."),
        (b"E-mail,Name\n", "people.csv holds a header and no records."),
        (b"%PDF-1.7", "people.csv is a PDF."),
        (b"PK\x03\x04\x00", "people.csv is no workbook we can read"),
        (b'E-mail,Name\n"a,b\n', "opens a quotation mark that is never closed"),
        (b"E-mail\n" + b"x\n" * 60, "people.csv lists more than 50 people. Bring it in several files."),
    ],
)
def test_a_file_that_is_no_directory_says_why(brought, monkeypatch, content, sentence):
    monkeypatch.setattr(directory, "MOST_ROWS", 50)
    batch = brought(content)

    assert batch.state == State.FAILED
    assert sentence in batch.failed_because
