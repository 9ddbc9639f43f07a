"""Whatever file is sent, at every door that takes one: its name is only a name (A44), what would be too much is refused before it is unpacked or read (A45), and the rest is read or refused in a sentence (A46)."""

import io
import zipfile

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.core import clock
from governance.registers import bringing, directory
from governance.registers.models import Batch, State
from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_bad_input import sender

#: Every form that takes a file, and the door it stands at.
DOORS = {
    "Bring": "registers:list",
    "BringBack": "registers:edited",
    "OwnProfile": "registers:profiles",
    "BringDirectory": "registers:directories",
    "CompanyForm": "people:company",
}
NAMES = (
    *("../../../etc/passwd", "/etc/passwd", "..\\..\\win.ini", "C:\\x.csv", "..", ".", "", "nul\x00l.csv", "CON"),
    *("a" * 4096 + ".csv", "🦊" * 60, "li\u202evsc.exe", "x.csv.exe", "a\r\nX-Evil: 1.csv"),
    *("'; DROP TABLE x;--.csv", "<script>alert(1)</script>.csv", "%2e%2e%2fx.csv", "~root", "-rf.csv", "=1+1.csv"),
)
ROWS = b"Id,Name,E-mail\n1,Uses,ann@example.org\n"
CELL = '<row r="{row}"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row>'


def book(*rows: str, **parts: bytes) -> bytes:
    """Return a workbook with these rows in its sheet and `parts` besides, "/" written as "__" in their names."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/>'
    space, ours = "http://schemas.openxmlformats.org", "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    related = f'Type="{space}/officeDocument/2006/relationships/worksheet"'
    whole = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types">{types}</Types>',
        "xl/workbook.xml": f'<workbook xmlns="{ours}"><sheets><sheet name="S" sheetId="1" r:id="r1"'
        f' xmlns:r="{space}/officeDocument/2006/relationships"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}/package/2006/relationships">'
        f'<Relationship Id="r1" {related} Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": f'<worksheet xmlns="{ours}"><sheetData>{"".join(rows)}</sheetData></worksheet>',
        **{name.replace("__", "/"): content for name, content in parts.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in whole.items():
            archive.writestr(name, content)
    return packed.getvalue()


HEAD = CELL.format(row=1, cell="A1")
#: What killed a process, or would have kept it busy for ever, or is no list at all.
CONTENTS = {
    "nothing": b"",
    "zeros": b"\0" * 5000,
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "markup that runs": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "an entity": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "a bomb": book(xl__worksheets__more=b"0" * 60_000_000),
    "a bomb of styles": book(xl__styles=b"0" * 30_000_000),
    "half a workbook and half a list": b"PK\x03\x04" + ROWS,
    "a list and a workbook": ROWS + book(HEAD),
    "a row beyond every sheet": book(HEAD, CELL.format(row=10**12, cell="A2")),
    "a cell far to the right": book(HEAD, *(CELL.format(row=n, cell=f"XFD{n}") for n in range(2, 50))),
    "brackets": b"[" * 100_000,
    "objects in objects": b'{"a":' * 100_000,
    "a number without end": b'[{"Id": ' + b"9" * 5000 + b', "Name": "x"}]',
    "a number beyond all": b'[{"Id": 1e999999999, "Name": "x", "E-mail": "a@example.org"}]',
    "half a character": b'[{"Id":"\\ud800","Name":"\\u0000", "E-mail": "a@example.org"}]',
    "a key for each object": b"[" + b",".join(b'{"k%d": 1}' % n for n in range(2000)) + b"]",
    "a quotation without end": b'Id,Name\n"' + b"a" * 300_000,
    "a row without end": ROWS + b"," * 6_000_000,
    "a row of many lines": ROWS + b'"\n",' * 1_500_000,
    "more columns than anybody has": b",".join(b"c%d" % n for n in range(20_000)) + b"\n" + b"1," * 19_999 + b"1\n",
    "more columns than a page asks about": b",".join(b"c%d" % n for n in range(900)) + b"\n" + b"1," * 899 + b"1\n",
    "tables in tables": b"a=" + b"[" * 5000,
    "points": b"a" + b".a" * 50_000 + b"=1",
    "a long day": b"BEGIN:VEVENT\nDTSTART:00010101\nDTEND:99991231\nEND:VEVENT\n" * 2000,
}


def sent(made, entry: str, name: str, content: bytes) -> str:
    """Send a file to a door and have it read; return what is wrong with what came of it, in words, or ""."""
    how, who = reach(entry)[1], sender(entry)
    file = SimpleUploadedFile("x", content)
    file._name = name  # past what Python's side would make of it: what a browser could write
    with watch.undone():
        before = Batch.objects.count()
        data = {**how.data(made), "profile": ""} if entry == "registers:list" else how.data(made)
        response = made.client(who).post(how.url(entry, made), {**data, "file": file, "do": "x"})
        if response.status_code == 400 and len(name) > 255:
            return ""  # more than a header of one part may hold
        if response.status_code not in (200, 303, 422):
            return f"{response.status_code} was answered"
        if Batch.objects.count() == before:
            return ""
        bringing.go_on(clock.now(), pause=0)
        directory.go_on(clock.now(), pause=0)
        batch = Batch.objects.latest("pk")
        if batch.state not in (State.READY, State.MAPPING, State.FAILED):
            return f"it is {batch.state} for ever"
        if {"/", "\\", "\0", "\n"} & set(batch.file_name):
            return f"it is called {batch.file_name!r}"
        if batch.state == State.FAILED and not ("\n" not in batch.failed_because and batch.failed_because[-1] == "."):
            return f"the sentence is {batch.failed_because!r}"
        if made.client(who).get(response["Location"], follow=True).status_code != 200:
            return "its page is not shown"
    return ""


def kinds(form: type[forms.BaseForm]) -> set[type[forms.BaseForm]]:
    """Return a form's class and every one made from it."""
    return {form}.union(*(kinds(more) for more in form.__subclasses__()))


def test_every_form_that_takes_a_file_stands_at_one_of_these_doors(world):
    takes = {
        form.__name__
        for form in kinds(forms.BaseForm)
        if form.__module__.startswith("governance.")
        and any(isinstance(field, forms.FileField) for field in getattr(form, "base_fields", {}).values())
    }

    assert takes == set(DOORS)


#: The longest name there may be is tried at every door, every other one at one of them in turn.
LONG = "漢" * 200 + ".csv"


@pytest.mark.parametrize("entry", DOORS.values())
def test_a_file_may_be_called_anything(world, entry):
    turn = list(DOORS.values()).index(entry)
    found = {name[:40]: what for name in (LONG, *NAMES[turn :: len(DOORS)]) if (what := sent(world, entry, name, ROWS))}

    assert found == {}


#: Where what it holds is read: lists in turn, but for what is no list.
READERS = {"tables in tables": "OwnProfile", "points": "OwnProfile", "a long day": "CompanyForm"}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_file_may_hold_anything(world, content):
    turn = ("Bring", "BringBack", "BringDirectory")[list(CONTENTS).index(content) % 3]

    assert sent(world, DOORS[READERS.get(content, turn)], "list.csv", CONTENTS[content]) == ""


@pytest.mark.ci
def test_and_so_it_may_at_every_door(world):
    found = {
        (entry, name[:40], content[:20]): what
        for entry in DOORS.values()
        for name, content in (*((name, ROWS) for name in NAMES), *(("list.csv", c) for c in CONTENTS.values()))
        if (what := sent(world, entry, name, content))
    }

    assert found == {}
