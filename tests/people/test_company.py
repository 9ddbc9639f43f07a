"""The company as a whole: its name and zone, its calendar, and days as people write and paste them."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.core.models import Installation
from governance.ledger.models import LedgerEntry
from governance.people import calendars, holidays
from governance.people.models import Unit

ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261225
DTEND;VALUE=DATE:20261227
SUMMARY:Christmas\\, both
  days
END:VEVENT
BEGIN:VEVENT
DTSTART:20270101T000000Z
SUMMARY:New Year
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def admin(cast, at_browser):
    """The browser of an administrator."""
    return at_browser(cast.admin)


def send(browser, **given):
    """Send the form of the page with these answers; returns the answer."""
    data = browser.get("/people/company/").form(having="company").data()
    return browser.client.post("/people/company/", {**data, **given})


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-12-25 Christmas Day", ["2026-12-25 Christmas Day"]),
        (
            "2026-12-26;Second day\n25.12.2026,Christmas\n\n2026-12-25 again",
            ["2026-12-25 Christmas", "2026-12-26 Second day"],
        ),
        (
            '"2026-12-25","Christmas, the day"\n20261231\tSylvester',
            ["2026-12-25 Christmas, the day", "2026-12-31 Sylvester"],
        ),
        (ICS, ["2026-12-25 Christmas, both days", "2026-12-26 Christmas, both days", "2027-01-01 New Year"]),
        (ICS.replace("\n", "\r\n").lower().replace("begin:vevent", "BEGIN:VEVENT"), None),
    ],
)
def test_days_are_read_as_people_write_them(text, days):
    found, wrong = holidays.read(text)

    assert wrong == []
    assert days is None or found == days
    assert all(holidays.day_of(day).year in (2026, 2027) for day in found)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Christmas\n2026-12-25", [(1, "Christmas")]),
        ("12/25/2026 Christmas", [(1, "12/25/2026 Christmas")]),
        (ICS.replace("SUMMARY:New", "RRULE:FREQ=YEARLY\nSUMMARY:New"), [(8, "New Year")]),
    ],
)
def test_what_is_no_day_is_named_with_its_line(text, wrong):
    assert holidays.read(text)[1] == wrong


def test_the_company_is_kept_with_its_calendar_each_change_on_record(admin, said):
    answer = send(admin, company="Northwind Group", time_zone="Berlin", closes_at="18:00", holidays="2026-12-24 Eve")

    assert answer.status_code == 303
    kept = Installation.objects.get()
    assert (kept.company, kept.time_zone) == ("Northwind Group", "Europe/Berlin")
    top = Unit.objects.get(name="Northwind")
    assert (top.holidays, f"{top.closes_at:%H}") == (["2026-12-24 Eve"], "18")
    assert not calendars.of(Unit.objects.get(name="Support")).works_on(date(2026, 12, 24))
    assert said() == ["installation.changed", "unit.changed"]

    send(admin)
    assert said() == []
    assert "until 18:00 · 1 holiday" in admin.get("/people/units/").words


def test_days_are_looked_at_before_they_are_saved(admin, said):
    answer = send(admin, look="1", holidays="2026-12-25 Christmas Day\n2026-12-26 Second day").content.decode()

    assert "2 days, not saved yet" in answer
    assert "Fri 25 Dec 2026 Christmas Day" in answer
    assert "Sat 26 Dec 2026 Second day" in answer
    assert "no working day anyway" in answer
    assert said() == []


def test_a_calendar_file_is_looked_at_with_what_stands_there_and_saved_after(admin, said):
    file = SimpleUploadedFile("holidays.ics", ICS.encode())
    answer = send(admin, holidays="2026-10-03 Unity", file=file)

    assert "4 days, not saved yet" in answer.content.decode()
    assert "2026-10-03 Unity\n2026-12-25 Christmas, both days" in answer.content.decode()
    assert said() == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"company": " "}, "Enter company"),
        ({"time_zone": "Mars"}, "Time zone of the company is “Mars”, which is no time zone known here."),
        (
            {"holidays": "2026-12-25\nEaster"},
            "Public holidays, line 2, is “Easter”. Enter a date, for example 2026-12-25.",
        ),
        ({"file": SimpleUploadedFile("x.ics", b"\xff\xfe\x00")}, "x.ics is no text in UTF-8 of 1 MB at most."),
        ({"file": SimpleUploadedFile("x.csv", b"Easter\n")}, "line 1, is “Easter”. Enter a date"),
    ],
)
def test_what_cannot_be_kept_is_said_in_a_sentence(admin, said, given, sentence):
    answer = send(admin, **given)

    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert said() == []


def test_what_somebody_saved_meanwhile_is_not_overwritten(admin):
    data = admin.get("/people/company/").form(having="company").data()
    Installation.objects.update(company="Theirs")

    answer = admin.client.post("/people/company/", {**data, "company": "Mine"})

    assert (answer.status_code, Installation.objects.get().company) == (409, "Theirs")


def test_where_several_units_stand_at_the_top_each_has_its_own_calendar(admin, cast):
    Unit.objects.create(name="Other", slug="other")

    words = admin.get("/people/company/").words
    assert "There is no one unit at the top" in words
    assert "Public holidays" not in words
    assert send(admin, company="Two").status_code == 303
    assert LedgerEntry.objects.latest("seq").verb == "installation.changed"
