"""What can be wrong with a file, each told in one sentence before anything is written."""

import codecs

import pytest

from governance.registers import layout, read
from governance.registers.profile import Unreadable
from tests.registers.conftest import COLUMNS, record, text_of

pytestmark = pytest.mark.django_db


def cells(source, column):
    """Return one column of a source, as it came."""
    return [row.cells[source.places[column]] for row in source.records()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_as_its_mark_says(file, profile, encoding):
    source = read.look_through(file([record(1, use_case_name="Größe 漢字 🙂")], encoding=encoding), profile)

    assert cells(source, "use_case_name") == ["Größe 漢字 🙂"]


def test_a_declared_encoding_is_used_where_there_is_no_mark(file, profile):
    path = file([record(1, use_case_name="Größe – naïve")], encoding="windows-1252")

    assert cells(read.look_through(path, profile, "windows-1252"), "use_case_name") == ["Größe – naïve"]


def test_a_mark_says_more_than_what_is_declared(file, profile):
    path = file([record(1, use_case_name="Größe")], encoding="utf-8-sig")

    assert cells(read.look_through(path, profile, "windows-1252"), "use_case_name") == ["Größe"]


def test_a_byte_that_is_no_text_is_named_and_nothing_is_replaced(file, profile):
    good = text_of([record(1), record(2, use_case_name="Grösse")]).encode("windows-1252")
    place = good.index(b"\xf6") + 1

    with pytest.raises(Unreadable) as refusal:
        read.look_through(file(good), profile)

    assert str(refusal.value) == (
        f"register.csv is not utf-8: byte 0xf6 at place {place}, line 3. Save it as UTF-8, or name its encoding with --encoding, for example windows-1252."
    )


@pytest.mark.parametrize(
    "before", [0, 1, 7, layout.BLOCK - 3, layout.BLOCK - 2, layout.BLOCK - 1, layout.BLOCK, 3 * layout.BLOCK + 1]
)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_the_place_of_a_bad_byte_is_right_wherever_a_block_ends(file, profile, before, mark):
    text = mark + b"a" * before + "ü".encode() + b"\n\n" + b"\xff" + b"rest"

    with pytest.raises(
        Unreadable,
        match=f"byte 0xff at place {text.index(bytes([255])) + 1 if not mark else len(mark) + before + 5}, line 3",
    ):
        read.look_through(file(text), profile)


def test_a_character_cut_off_at_the_end_is_named(file, profile):
    text = b"agency\n" + "ü".encode()[:1]

    with pytest.raises(Unreadable, match="byte 0xc3 at place 8, line 2"):
        read.look_through(file(text), profile)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "register.csv is empty. Expected a CSV file with a header."),
        (
            b"PK\x03\x04rest",
            "register.csv is an Excel workbook. Expected a CSV file, as the profile says.",
        ),
        (b"%PDF-1.7", "register.csv is a PDF. Expected a CSV file: save the sheet as “CSV UTF-8”."),
        (b"a\0g\0e\0n\0c\0y\0", "register.csv is not text: many of its bytes are zero. Expected a CSV file in UTF-8."),
        (
            b"\n\n \n",
            "register.csv has no header that the profile omb-2025 knows: its first row holds nothing. Expected columns such as",
        ),
        (
            b"just some words\nand more\n",
            "register.csv has no header that the profile omb-2025 knows: its first row holds “just some words”. Expected columns such as “agency”, “id”, “agency_bureau”, “use_case_name”.",
        ),
        (
            b'{"agency": "DOX"}',
            'register.csv has no header that the profile omb-2025 knows: its first row holds “{"agency": "DOX"}”.',
        ),
    ],
)
def test_what_is_no_register_is_refused_in_a_sentence(file, profile, content, sentence):
    with pytest.raises(Unreadable) as refusal:
        read.look_through(file(content), profile)

    assert str(refusal.value).startswith(sentence)


def test_a_header_without_records_is_refused(file, profile):
    with pytest.raises(Unreadable, match=r"^register\.csv holds a header and no records\.$"):
        read.look_through(file([]), profile)


def test_a_file_that_is_not_there_is_named(tmp_path, profile):
    with pytest.raises(Unreadable, match=r"^There is no file .*gone\.csv\.$"):
        read.look_through(tmp_path / "gone.csv", profile)


def test_a_folder_is_no_file(tmp_path, profile):
    with pytest.raises(Unreadable, match=r" is a folder\. Expected a CSV, XLSX or JSON file\.$"):
        read.look_through(tmp_path, profile)


def test_missing_columns_are_named(file, profile):
    text = text_of([record(1)], [c for c in COLUMNS if c not in ("development_stage", "benefits")])

    with pytest.raises(
        Unreadable,
        match=r"^register\.csv lacks the columns “development_stage”, “benefits”, which the profile omb-2025 reads\.$",
    ):
        read.look_through(file(text), profile)


def test_another_profile_that_fits_is_named(file, profile):
    text = "Agency,AI Use Case,Agency Use (Y/N)?,Name of Commercial Product or Service Used,Estimated # of Licenses/Users\nDOX,Reading,Y,Acme,1-100\n"

    with pytest.raises(Unreadable, match=r"Its columns fit the profile omb-2025-cots\.$"):
        read.look_through(file(text), profile)


def test_another_delimiter_is_named(file, profile):
    text = text_of([record(1)]).replace(",", ";")

    with pytest.raises(Unreadable, match=r"Its cells are separated by “;”; expected “,”\.$"):
        read.look_through(file(text), profile)


def test_a_column_that_is_there_twice_is_refused(file, profile):
    text = text_of([record(1)], [*COLUMNS, "id"])

    with pytest.raises(
        Unreadable,
        match=r"^register\.csv has the column “id” twice\. Expected each once, or a profile that says which: “id #2” is the second\.$",
    ):
        read.look_through(file(text), profile)


@pytest.mark.parametrize(
    ("tail", "sentence"),
    [
        (
            'DOX,"never closed\n',
            "register.csv is no CSV we can read: line 3 opens a quotation mark that is never closed.",
        ),
        ('DOX,"closed"early,\n', "register.csv is no CSV we can read: line 3 has text after a closing quotation mark."),
        (
            f"DOX,{'x' * 131_073}\n",
            "register.csv is no CSV we can read: line 3 holds a cell of more than 131,072 characters; a quotation mark that is never closed makes one.",
        ),
    ],
)
def test_what_is_no_csv_is_named_with_its_line(file, profile, tail, sentence):
    with pytest.raises(Unreadable) as refusal:
        read.look_through(file(text_of([record(1)]) + tail), profile)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13"])
def test_an_encoding_nobody_knows_is_named(file, profile, encoding):
    with pytest.raises(
        Unreadable, match=f"^Nobody knows the encoding “{encoding}”\\. Expected one such as utf-8 or windows-1252\\.$"
    ):
        read.look_through(file([record(1)], encoding="utf-8"), profile, encoding)


def test_records_are_numbered_as_a_spreadsheet_does_and_empty_rows_are_none(file, profile):
    lines = text_of([record(1), record(2)]).splitlines(keepends=True)
    source = read.look_through(file(lines[0] + lines[1] + "\n" + "," * 35 + "\n" + lines[2]), profile)

    assert [row.number for row in source.records()] == [2, 5]
    assert source.count == 2


def test_titles_are_found_whatever_their_order_case_and_spacing(file, profile):
    text = text_of([record(1)], list(reversed(COLUMNS))).replace("use_case_name", " USE_CASE_NAME ")

    assert cells(read.look_through(file(text), profile), "use_case_name") == ["Use 1"]


def test_line_breaks_of_every_kind_end_a_row_and_stay_inside_quotes(file, profile):
    text = text_of([record(1, problem_solved="one\r\ntwo"), record(2)])
    head, rest = text.split("\n", 1)
    source = read.look_through(file(head + "\r\n" + rest), profile)

    assert cells(source, "problem_solved") == ["one\r\ntwo", "Solves problem 2."]


def test_the_digest_of_a_row_is_that_of_its_cells(file, profile):
    one = list(read.look_through(file([record(1), record(2)], "one.csv"), profile).records())
    other = list(read.look_through(file([record(1), record(3)], "other.csv", encoding="utf-16"), profile).records())

    assert one[0].raw_sha256 == other[0].raw_sha256
    assert one[1].raw_sha256 != other[1].raw_sha256


@pytest.mark.parametrize(
    "later", [b"\xff", text_of([record(1)]).encode(), b"", text_of([record(1), record(2)], COLUMNS[:-1]).encode()]
)
def test_a_file_that_changes_under_our_hands_is_refused(file, profile, later):
    source = read.look_through(file([record(1), record(2)]), profile)
    file(later)

    with pytest.raises(
        Unreadable, match=r"^register\.csv changed while it was read\. Import it again when nobody writes to it\.$"
    ):
        list(source.records())
