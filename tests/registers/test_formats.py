"""Workbooks and lists in JSON: read row by row, weighed before they are unpacked, and refused in one sentence."""

import json
import zipfile
from datetime import UTC, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.registers import formats, layout, read
from governance.registers.profile import CSV, JSON, XLSX, Shape, Unreadable
from governance.registers.profile_text import read as profile_in

ANY = profile_in("any", 'identity = ["Id"]\n[stage]\nevery = "production"\n[fields]\nname = "Name"\n')

pytestmark = pytest.mark.django_db


@pytest.fixture
def workbook(tmp_path):
    """Return a function that saves sheets of rows, by name, as a workbook and returns its path."""

    def save(**sheets) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "list.xlsx")
        return tmp_path / "list.xlsx"

    return save


def rows_of(path, profile=ANY) -> list[tuple[str, ...]]:
    """Return the cells of every record."""
    return [record.cells for record in read.look_through(path, profile).records()]


def test_cells_of_a_workbook_are_the_text_a_csv_would_hold(workbook):
    instant = datetime(2025, 7, 31, 14, 5, tzinfo=UTC).replace(tzinfo=None)
    path = workbook(
        List=[
            ["Id", "Name", "A", "B", "C", "D"],
            [35, "x", instant.replace(hour=0, minute=0), instant, True, 0.5],
            [36.0, "y", time(9), None, False, -1e20],
        ]
    )

    assert rows_of(path) == [
        ("35", "x", "2025-07-31", "2025-07-31 14:05:00", "TRUE", "0.5"),
        ("36", "y", "09:00:00", "", "FALSE", "-1e+20"),
    ]


def test_rows_of_a_workbook_are_numbered_as_it_shows_them_and_short_ones_filled_up(workbook):
    source = read.look_through(workbook(List=[[], ["Id", "Name", "Note"], [], ["1", "x"], ["2", "y", "z"]]), ANY)

    assert [(record.number, record.cells) for record in source.records()] == [(4, ("1", "x", "")), (5, ("2", "y", "z"))]


def test_the_sheet_with_the_columns_is_read_and_another_one_when_it_is_named(workbook):
    path = workbook(Cover=[["Read this first"]], List=[["Id", "Name"], ["1", "x"]], Old=[["Id", "Name"], ["1", "old"]])

    assert rows_of(path) == [("1", "x")]
    named = profile_in(
        "any", 'identity = ["Id"]\n[file]\nsheet = "Old"\n[stage]\nevery = "idea"\n[fields]\nname = "Name"\n'
    )
    assert rows_of(path, named) == [("1", "old")]
    named = profile_in(
        "any", 'identity = ["Id"]\n[file]\nsheet = "New"\n[stage]\nevery = "idea"\n[fields]\nname = "Name"\n'
    )
    with pytest.raises(Unreadable, match=r"^list\.xlsx has no sheet “New”\. It has: “Cover”, “List”, “Old”\.$"):
        rows_of(path, named)


def test_a_formula_is_what_it_last_came_to_and_never_run(workbook):
    assert rows_of(workbook(List=[["Id", "Name"], ["1", "=1+1"], ["2", "y"]])) == [("1", ""), ("2", "y")]


def packed(path: Path, **parts: bytes) -> Path:
    """Write a zip archive of these parts, "/" written as "__" in their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return path


def test_a_workbook_that_would_unpack_to_more_than_a_list_is_refused_before_it_is(tmp_path, monkeypatch):
    path = packed(tmp_path / "bomb.xlsx", xl__workbook=b"<workbook/>", xl__worksheets__sheet1=b"0" * 60_000_000)
    monkeypatch.setattr(formats.openpyxl, "load_workbook", lambda *_args, **_more: pytest.fail("it was opened"))

    with pytest.raises(Unreadable, match=r"^bomb\.xlsx unpacks to 60 MB, more than we read of a workbook\."):
        read.look_through(path, ANY)


@pytest.mark.parametrize(("limit", "most"), [("MOST_SHARED", 300), ("MOST_BESIDES", 1000)])
def test_what_is_read_at_once_of_a_workbook_is_weighed_whatever_it_is_called(
    workbook, tmp_path, monkeypatch, limit, most
):
    good, path = workbook(List=[["Id", "Name"], ["1", "x"]]), tmp_path / "other.xlsx"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    told = f'<Override PartName="/xl/worksheets/texts.xml" ContentType="{kind}"/></Types>'.encode()
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for part in source.namelist():
            target.writestr(part, source.read(part).replace(b"</Types>", told))
        target.writestr("xl/worksheets/texts.xml", f"<sst><si><t>{'y' * 500}</t></si></sst>")
    assert rows_of(path) == [("1", "x")]
    monkeypatch.setattr(formats, limit, most)

    with pytest.raises(Unreadable, match=r"^other\.xlsx unpacks to 0 MB, more than we read of a workbook\."):
        rows_of(path)


def test_a_workbook_is_read_whatever_it_is_called(workbook):
    path = workbook(List=[["Id", "Name"], ["1", "x"]])
    path = path.rename(path.with_name("list.csv"))

    assert rows_of(path) == [("1", "x")]


def test_a_workbook_whose_parts_lie_about_their_size_is_refused(tmp_path):
    path = packed(tmp_path / "lie.xlsx", xl__workbook=b"<workbook/>" + b" " * 90_000)
    whole = path.read_bytes()
    path.write_bytes(whole.replace((90_011).to_bytes(4, "little"), (11).to_bytes(4, "little")))

    with pytest.raises(Unreadable, match=r"^lie\.xlsx is no workbook we can read"):
        read.look_through(path, ANY)


@pytest.mark.parametrize(
    "entity",
    ['<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'],
)
def test_entities_in_a_workbook_are_refused_and_never_resolved(workbook, tmp_path, entity):
    good = workbook(List=[["Id", "Name"], ["1", "x"]])
    evil = tmp_path / "evil.xlsx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(evil, "w") as target:
        for part in source.namelist():
            content = source.read(part).decode()
            if part.endswith("sheet1.xml"):
                content = f"<!DOCTYPE x [{entity}]>" + content.replace("<v>", "<v>&a;", 1)
            target.writestr(part, content)

    with pytest.raises(
        Unreadable, match=r"^evil\.xlsx is no workbook we can read \(EntitiesForbidden\)\. Save it again"
    ):
        read.look_through(evil, ANY)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"mimetype": b"x", "content": b"x"}, "is a zip archive and no workbook. Expected a CSV, XLSX or JSON file"),
        ({"xl__workbook": b"<broken"}, "is no workbook we can read"),
    ],
)
def test_other_archives_are_refused_in_a_sentence(tmp_path, parts, sentence):
    with pytest.raises(Unreadable, match=sentence) as refusal:
        read.look_through(packed(tmp_path / "other.xlsx", **parts), ANY)

    assert "\n" not in str(refusal.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5_000), put=st.binary(min_size=1, max_size=30))
def test_any_bytes_of_a_workbook_are_read_or_refused_in_one_sentence(workbook, at, put):
    path = workbook(List=[["Id", "Name"], *([n, f"Use {n}"] for n in range(20))])
    whole = path.read_bytes()
    at = at % len(whole)
    path.write_bytes(whole[:at] + put + whole[at + len(put) :])

    said, found = "", []
    try:
        found = rows_of(path)
    except Unreadable as refusal:
        said = str(refusal)

    assert bool(said) is not bool(found)
    assert said == "" or (said.endswith(".") and "\n" not in said)


# JSON


@pytest.mark.parametrize(
    ("written", "cells"),
    [
        ([{"Id": 1, "Name": "x"}], [("1", "x")]),
        ([{"Name": "x"}, {"Id": 2, "Name": "y", "More": None}], [("x", "", ""), ("y", "2", "")]),
        ({"data": {"list": [{"Id": 1.5, "Name": True, "In": {"deep": [1, "a"]}}]}}, [("1.5", "true", '[1, "a"]')]),
        ([{"Id": "1", "Name": "Zeile\nzwei"}], [("1", "Zeile\nzwei")]),
    ],
)
def test_objects_become_rows_by_their_keys(file, written, cells):
    assert rows_of(file(json.dumps(written), "list.json", "utf-8")) == cells


def test_a_list_is_found_at_its_declared_place(file):
    profile = profile_in(
        "any", 'identity = ["Id"]\n[file]\nitems = "b"\n[stage]\nevery = "idea"\n[fields]\nname = "Name"\n'
    )

    assert rows_of(file('{"a": [{"Id": 1, "Name": "no"}], "b": [{"Id": 2, "Name": "yes"}]}', "l.json"), profile) == [
        ("2", "yes")
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[{"Id": 1, "Name": "x"}', "l.json is no JSON we can read: "),
        ('[{"Id": 1, "Name": "x"}, 5]', "l.json: item 2 of the list is no object. Expected one such as {“name”: …}."),
        ('{"Id": 1}', "l.json holds no list of objects. Expected JSON such as [{“name”: …}, …], or a list further in."),
        ("[]", "l.json holds no list of objects."),
        ('[{"Number": 1}]', "l.json lacks the columns “Id”, “Name”"),
        ("[" * 5000, "l.json "),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(file, text, sentence):
    with pytest.raises(Unreadable) as refusal:
        rows_of(file(text, "l.json", "utf-8"))

    assert str(refusal.value).startswith(sentence) or "no header that the profile" in str(refusal.value)
    assert "\n" not in str(refusal.value)


# Text nobody says the letters of

WRITTEN = {
    "cp1252": "Nom;Ministère;État\nTri du courrier;Santé publique;En service\nPrévision;Économie;Arrêté\n",
    "cp1250": "Nazwa;Urząd;Status\nSystem źródeł;Urząd Miasta Łódź;wdrożony\nAnaliza wniosków;Śląski Urząd;pilotaż\n",
    "iso8859_2": "Název;Úřad;Stav\nTřídění žádostí;Úřad práce;v provozu\nPředpověď;Úřad práce;zkušební\n",
    "cp1251": "Название;Ведомство;Статус\nСортировка писем;Министерство;в эксплуатации\n",
    "cp1253": "Όνομα;Υπουργείο;Κατάσταση\nΤαξινόμηση;Υγείας;σε χρήση\n",
    "cp932": "東京支店,議事録作成,会議の要約を作る\n東京支店,需要予測,在庫を見積もる\n",
    "gb18030": "名称,部门,状态\n邮件分类,办公室,使用中\n",
    "euc_kr": "이름,부서,상태\n메일 분류,사무실,사용 중\n",
}


@pytest.mark.parametrize("encoding", WRITTEN)
def test_letters_are_found_out_from_the_words_they_make(file, encoding):
    text = WRITTEN[encoding] * 3

    shape, _digest = layout.laid_out(file(text.encode(encoding), "list.csv"), Shape())

    assert "".join(text.encode(encoding).decode(shape.encoding)) == text
    assert shape.delimiter == (";" if ";" in text else ",")


@pytest.mark.parametrize("delimiter", layout.DELIMITERS)
def test_what_stands_between_cells_is_found_out(file, delimiter):
    text = f"Title, with a comma; and more\nId{delimiter}Name\n1{delimiter}a, b; c\n2{delimiter}d\n"

    source = read.look_through(file(text), ANY)

    assert source.shape.delimiter == delimiter
    assert [record.cells[:1] for record in source.records()] == [("1",), ("2",)]


@pytest.mark.parametrize(("content", "kind"), [(b"Id,Name\n1,x\n", CSV), (b'[{"Id": 1, "Name": "x"}]', JSON)])
def test_a_file_is_what_it_begins_like_whatever_it_is_called(file, content, kind):
    assert read.look_through(file(content, "list.xlsx"), ANY).shape.kind == kind


def test_another_kind_than_the_profile_says_is_refused(file, workbook, profile):
    with pytest.raises(
        Unreadable, match=r"^list\.xlsx is an Excel workbook\. Expected a CSV file, as the profile says\.$"
    ):
        read.look_through(workbook(List=[["Id"]]), profile)
    assert Shape(kind=XLSX).kind in (CSV, XLSX, JSON)
