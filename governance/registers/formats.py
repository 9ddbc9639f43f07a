"""Kinds of file: how a CSV file, a workbook and a list in JSON become rows of text, one after the other.

No file is held in memory as a whole, and none is unpacked before it was weighed. A row is (number, cells):
the rows of a file are counted from 1, empty ones too; objects of a JSON list come after a row 1 of their keys.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

import ijson
import openpyxl
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _
from openpyxl.packaging.manifest import Manifest
from openpyxl.xml.constants import ARC_CONTENT_TYPES, SHARED_STRINGS

from governance.registers.profile import CSV, JSON, Shape, Unreadable

Row = tuple[int, list[str]]

#: What a workbook may hold unpacked, in bytes: all of it, and the texts its cells share, which are read at once.
MOST_UNPACKED, MOST_SHARED = 800_000_000, 150_000_000
#: What else is read at once of it, such as its styles; and where what nobody reads stands, or what is read row by row.
MOST_BESIDES, NOT_AT_ONCE = (
    20_000_000,
    ("xl/worksheets/", "xl/media/", "xl/pivotCache/", "xl/drawings/", "xl/embeddings/"),
)
#: How many times its own size it may unpack to, once that is much.
MOST_TIMES, MUCH = 200, 50_000_000
#: Rows a sheet can have: one that numbers them higher would be filled up with empty ones for ever.
MOST_ROWS = 1_048_576
#: How long a row may be, in cells and in characters: all of it is held at once, and every title compared with others.
MOST_CELLS, MOST_CHARACTERS = 1_000, 5_000_000
#: How deep objects inside an object are taken apart into columns, and how deep they may be at all.
DEEPEST, MOST_DEEP = 8, 100
#: Digits in a row that no number of a list has; Python turns no more than 4,300 into one.
DIGITS = 1024
#: What the csv module says, in words people can use. `%(most)s` is the longest cell.
CSV_SAYS = (
    (
        "field larger than field limit",
        "holds a cell of more than %(most)s characters; a quotation mark that is never closed makes one",
    ),
    ("unexpected end of data", "opens a quotation mark that is never closed"),
    ("expected after", "has text after a closing quotation mark"),
    ("new-line character", "holds a line break outside quotation marks"),
)


def opened(path: Path) -> IO[bytes]:
    """Open the file. Raises Unreadable with the reason."""
    if path.is_dir():
        raise Unreadable(_("%(file)s is a folder. Expected a CSV, XLSX or JSON file.") % {"file": path})
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise Unreadable(_("There is no file %(file)s.") % {"file": path})
    except OSError as error:
        raise Unreadable(_("%(file)s cannot be opened: %(why)s.") % {"file": path, "why": error.strerror})


def rows(path: Path, shape: Shape) -> Iterator[Row]:
    """Yield the rows that hold anything, in order. `shape` leaves nothing open. Raises Unreadable where they cannot be read."""
    if shape.kind == CSV:
        read = _csv_rows
    elif shape.kind == JSON:
        read = _json_rows
    else:
        read = _xlsx_rows
    for number, cells in read(path, shape):
        if any(cell.strip() for cell in cells):
            if len(cells) > MOST_CELLS:
                raise _too_wide(path, number)
            yield number, cells


def _too_wide(path: Path, number: int) -> Unreadable:
    """Return the refusal of a row that is longer than a list can be."""
    return Unreadable(
        _("%(file)s: row %(n)d has more than %(most)s cells. Expected a list: leave out columns nobody reads.")
        % {"file": path.name, "n": number, "most": f"{MOST_CELLS:,}"}
    )


# CSV


def _csv_rows(path: Path, shape: Shape) -> Iterator[Row]:
    """Yield the rows of a CSV file. Raises Unreadable naming the line that is none."""
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding=shape.encoding, errors="strict", newline="")
        taken = 0  # characters of the row that is being read

        def lines() -> Iterator[str]:
            nonlocal taken
            while line := text.readline(MOST_CHARACTERS):
                taken += len(line)
                if taken >= MOST_CHARACTERS:
                    raise _too_wide(path, number + 1)
                yield line

        number, reader = 0, csv.reader(lines(), delimiter=shape.delimiter, strict=True)
        try:
            for number, cells in enumerate(reader, 1):
                taken = 0
                yield number, cells
        except csv.Error as error:
            words = next((words for part, words in CSV_SAYS if part in str(error)), "cannot be read (%(why)s)")
            said = words % {"most": f"{csv.field_size_limit():,}", "why": error}
            raise Unreadable(
                _("%(file)s is no CSV we can read: line %(line)d %(why)s.")
                % {"file": path.name, "line": reader.line_num, "why": said}
            )


# Workbooks


def weigh(path: Path) -> None:
    """Raise Unreadable for a zip that is no workbook, or one that would unpack to more than a list can be."""
    size = path.stat().st_size
    with _workbook_errors(path), zipfile.ZipFile(path) as archive:
        parts = {part.filename: part.file_size for part in archive.infolist()}
        if "xl/workbook.xml" not in parts:
            raise Unreadable(
                _(
                    "%(file)s is %(kind)s. Expected a CSV, XLSX or JSON file: save the sheet as “Excel workbook (.xlsx)” or “CSV UTF-8”."
                )
                % {
                    "file": path.name,
                    "kind": _("an OpenDocument file") if "mimetype" in parts else _("a zip archive and no workbook"),
                }
            )
        unpacked = sum(parts.values())
        besides = sum(n for name, n in parts.items() if not name.startswith(NOT_AT_ONCE))
        shared = parts.get(_shared_strings(archive, parts), 0)
    if (
        unpacked > MOST_UNPACKED
        or shared > MOST_SHARED
        or besides - shared > MOST_BESIDES
        or (unpacked > MUCH and unpacked > MOST_TIMES * size)
    ):
        raise Unreadable(
            _(
                "%(file)s unpacks to %(mb)s MB, more than we read of a workbook. Expected a list: save its sheet as “CSV UTF-8”."
            )
            % {"file": path.name, "mb": f"{unpacked // 1_000_000:,}"}
        )


def _shared_strings(archive: zipfile.ZipFile, parts: dict[str, int]) -> str:
    """Return the name of the part that holds the texts cells share, by what the workbook itself says; "" without one."""
    if parts.get(ARC_CONTENT_TYPES, MOST_BESIDES) >= MOST_BESIDES:
        return ""
    found = Manifest.from_tree(fromstring(archive.read(ARC_CONTENT_TYPES))).find(SHARED_STRINGS)
    return found.PartName[1:] if found else ""


def sheets(path: Path, *, hidden: bool = False) -> list[str]:
    """Return the names of the visible sheets of a workbook, in order, with `hidden` of all. Raises Unreadable."""
    with _workbook(path) as book:
        return [sheet.title for sheet in book.worksheets if hidden or sheet.sheet_state == "visible"]


def _xlsx_rows(path: Path, shape: Shape) -> Iterator[Row]:
    """Yield the rows of one sheet, dates in ISO form, numbers as they are, formulas as what they last came to."""
    with _workbook(path) as book:
        if shape.sheet not in book.sheetnames:
            raise Unreadable(
                _("%(file)s has no sheet “%(sheet)s”. It has: %(sheets)s.")
                % {"file": path.name, "sheet": shape.sheet, "sheets": ", ".join(f"“{s}”" for s in book.sheetnames)}
            )
        sheet = book[shape.sheet]
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise Unreadable(
                    _("%(file)s numbers a row higher than %(most)s, which no sheet has. Save it again.")
                    % {"file": path.name, "most": f"{MOST_ROWS:,}"}
                )
            yield number, _without_the_empty_end([_cell_text(value) for value in row])


def _without_the_empty_end(cells: list[str]) -> list[str]:
    """Return the cells up to the last that holds anything: a sheet often says more than it shows."""
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    """Open a workbook that was weighed, to be read row by row."""
    # As a file and not by its name: what it is called says nothing of what it is.
    with _workbook_errors(path), opened(path) as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()


@contextmanager
def _workbook_errors(path: Path) -> Iterator[None]:
    """Say in a sentence that a workbook cannot be read. What its reader raises for a broken one has no end."""
    try:
        yield
    except (Unreadable, GeneratorExit, MemoryError):
        raise
    except Exception as error:
        raise Unreadable(
            _(
                "%(file)s is no workbook we can read (%(why)s). Save it again as “Excel workbook (.xlsx)”, or as “CSV UTF-8”."
            )
            % {"file": path.name, "why": type(_first(error)).__name__}
        ) from error


def _first(error: BaseException) -> BaseException:
    """Return what an error comes from. (Its own words name folders of ours, and stay here.)"""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return error


def _cell_text(value: Any) -> str:
    """Return a cell as the text a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


# JSON


def place_of_the_list(path: Path) -> str:
    """Return the way to the first list of objects in a JSON file: "" at the top, "data.records" further in. Raises Unreadable."""
    before = ""
    with _json_errors(path), opened(path) as file:
        for prefix, event, _value in ijson.parse(_past_the_mark(file)):
            if event == "start_map" and before == "start_array":
                return prefix.removesuffix("item").rstrip(".")
            before = event
    raise Unreadable(
        _("%(file)s holds no list of objects. Expected JSON such as [{“name”: …}, …], or a list further in.")
        % {"file": path.name}
    )


def weigh_json(path: Path) -> None:
    """Raise Unreadable for JSON that its reader would not survive: a number without end, or lists in lists without end."""
    with opened(path) as file:
        while part := file.read(DIGITS):  # a number twice as long fills one of these parts
            if len(part) == DIGITS and part.isdigit():
                raise Unreadable(
                    _("%(file)s holds a number of more than %(most)s digits. Expected one people can read.")
                    % {"file": path.name, "most": f"{DIGITS:,}"}
                )
    deep = 0
    with _json_errors(path), opened(path) as file:
        for event, _value in ijson.basic_parse(_past_the_mark(file)):
            if event in ("start_map", "start_array"):
                deep += 1
                if deep > MOST_DEEP:  # the way to each thing is written out, and grows with every list around it
                    raise Unreadable(
                        _("%(file)s holds lists in lists, more than %(most)d deep. Expected a list of objects.")
                        % {"file": path.name, "most": MOST_DEEP}
                    )
            elif event in ("end_map", "end_array"):
                deep -= 1


def _json_rows(path: Path, shape: Shape) -> Iterator[Row]:
    """Yield a row of all keys, in the order they first appear, and then one per object."""
    titles: dict[str, None] = {}
    for item in _objects(path, shape):
        titles.update(dict.fromkeys(item))
        if len(titles) > MOST_CELLS:
            raise _too_wide(path, 1)
    yield 1, list(titles)
    for number, item in enumerate(_objects(path, shape), 2):
        yield number, [item.get(title, "") for title in titles]


def head(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the texts of these names that an object says of itself before its list. Raises Unreadable."""
    found, wanted = {}, set(names)
    with _json_errors(path), opened(path) as file:
        for prefix, event, value in ijson.parse(_past_the_mark(file)):
            if event == "start_array":
                break
            if event == "string" and prefix in wanted:
                found[prefix] = value
    return found


def _objects(path: Path, shape: Shape) -> Iterator[dict[str, str]]:
    """Yield each object of the list, its cells as text by key; an object inside becomes keys like "unit.name"."""
    prefix = f"{shape.items}.item" if shape.items else "item"
    with _json_errors(path), opened(path) as file:
        for number, item in enumerate(ijson.items(_past_the_mark(file), prefix), 1):
            if not isinstance(item, dict):
                raise Unreadable(
                    _("%(file)s: item %(n)d of the list is no object. Expected one such as {“name”: …}.")
                    % {"file": path.name, "n": number}
                )
            yield dict(_flat(item))


def _flat(item: dict[str, Any], before: str = "", depth: int = 1) -> Iterable[tuple[str, str]]:
    for key, value in item.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            yield from _flat(value, f"{before}{key}.", depth + 1)
        elif value is None:
            yield f"{before}{key}", ""
        elif isinstance(value, (dict, list)):
            yield f"{before}{key}", json.dumps(value, ensure_ascii=False, default=str)
        else:
            yield f"{before}{key}", str(value).lower() if isinstance(value, bool) else str(value)


def _past_the_mark(file: IO[bytes]) -> IO[bytes]:
    """Return the file after its byte order mark, where it has one."""
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0)
    return file


@contextmanager
def _json_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (ijson.JSONError, RecursionError, ValueError, ArithmeticError) as error:
        why = " ".join(str(error).split("\n", 1)[0].split()) or type(error).__name__
        raise Unreadable(
            _("%(file)s is no JSON we can read: %(why)s.") % {"file": path.name, "why": why.rstrip(".")}
        ) from error
