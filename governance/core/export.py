"""The same list as a file: every row an address asks for, as XLSX, CSV or JSON.

All three hold the same columns (`lists.in_file`): those that were chosen in their order, else all there
are. Dates and instants are ISO text, instants with the offset of the reader's zone. What a spreadsheet
could run stands behind an apostrophe (`neutral`), in both kinds of sheet; `bare` takes it off again.

How an XLSX is laid out, for a list that comes in again, whatever language its titles are in:

    first sheet   row 1 the titles, `mandate_key` above the hidden column A; from row 2 on one row each, with
                  what tells it apart (`AI-42`) in A and its columns from B on
    mandate       hidden. A1 `format`, B1 1. From row 2 on one row for each column, in their order from B on:
                  A its name in addresses, B its title as row 1 of the first sheet has it, C true where a
                  list coming in may change it. E and F hold, a row each, what is known of the file:
                  `list`, `company`, `at`, `address`, `zone`, and `not_whole`, how many cells are not

Cells are text or numbers, never formulas; yes and no are said as in a CSV. A line break is one LF. What a sheet
cannot hold (a control character, more than 32,767 characters) is replaced by U+FFFD or cut and ends
with it: such a cell is not whole and must not be taken back. The sheet `mandate` is then not hidden, and says so.
Where a text happens to look like a sheet's own escape (`_x000D_`), its underscore is escaped; `bare_in_sheet`
takes that off too.
"""

import csv
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import ngettext

from governance.core.lists import Column, Listing, address, choose, dressed, in_file, narrowed

#: The kinds of file there are, by the end of their address.
KINDS = {"xlsx": "XLSX", "csv": "CSV", "json": "JSON"}
#: The layout of an XLSX, as the docstring says it.
FORMAT = 1

#: Rows read and written at once.
_CHUNK = 500
#: Characters a cell of a sheet can hold, counted as UTF-16 does, and what it cannot hold at all.
_LONGEST = 32_767
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
#: Only what `_ESCAPE` made: programs take an escape off as they read a cell, and not all write it again.
_ESCAPED = re.compile(r"_x005F_(?=x[0-9A-Fa-f]{4}_)")
#: What stands where something could not be written.
LOST = "\ufffd"


# --- Cells ------------------------------------------------------------------------------------


def neutral(text: str) -> str:
    """Return `text` as a cell that no spreadsheet runs: an apostrophe goes before what could start a formula.

    Also before an apostrophe, so that taking one away always gives the text back (`bare`).
    """
    first = text[:1]
    if not first or (first.isascii() and first.isalnum()):
        return text  # most text is
    if first in ("'", "\t", "\r", "\n"):
        return f"'{text}"
    head = text.lstrip().lstrip("\x00\ufeff\u200b")[:1]
    starts_a_formula = bool(head) and unicodedata.normalize("NFKC", head)[:1] in ("=", "+", "-", "@")
    return f"'{text}" if starts_a_formula else text


def bare(cell: str) -> str:
    """Return the text a neutral cell was made from."""
    return cell[1:] if cell.startswith("'") else cell


def as_meant(cell: str) -> str:
    """Return the text of a cell that reads as `neutral` would have written it, ours or another program's; any other as it is."""
    text = bare(cell)
    return text if text != cell and neutral(text) == cell else cell


def in_sheet(text: str) -> str:
    """Return `text` as a cell of a sheet: neutral, its line breaks LF, and with LOST where a sheet cannot hold it."""
    cell = neutral(text).replace("\r\n", "\n").replace("\r", "\n")
    cell = _ESCAPE.sub("_x005F_", _UNWRITABLE.sub(LOST, cell))
    if len(cell) * 2 > _LONGEST and len(units := cell.encode("utf-16-le")) > _LONGEST * 2:
        cell = units[: (_LONGEST - 1) * 2].decode("utf-16-le", "ignore") + LOST
    return cell


def bare_in_sheet(cell: str) -> str:
    """Return the text a cell of a sheet was made from, its line breaks LF."""
    return bare(_ESCAPED.sub("_", cell))


def _iso(value: Any, zone: Any) -> Any:
    """Return instants as ISO text with the zone's offset, dates as ISO text, money as written; the rest as it is."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if not isinstance(value, (str, int, float, bool, type(None))) else value


def _cell(value: Any, zone: Any) -> str:
    if type(value) is str:
        return neutral(value)
    if value is None:
        return ""
    if value is True or value is False:
        return "yes" if value else "no"
    return neutral(str(_iso(value, zone)))


# --- Files ------------------------------------------------------------------------------------


def links(listing: Listing, query: str) -> list[tuple[str, str]]:
    """Return the files of a list as `core/_files.html` reads them: what each is called, and its address with `query`."""
    return [(label, f"{listing.path.rstrip('/')}.{kind}{query}") for kind, label in KINDS.items()]


def as_file(kind: str, listing: Listing, data: QueryDict, name: str, *, company: str, at: datetime) -> HttpResponseBase:
    """Return every row `data` asks for as a file of this kind, called `name` and the day of `at`.

    One query, and what the list brings for each 500 rows.
    """
    called = f"{name}-{timezone.localtime(at):%Y-%m-%d}"
    if kind == "csv":
        return as_csv(listing, data, called)
    asked = f"{settings.SITE_URL}{address(listing, choose(listing, data))}"
    write = as_xlsx if kind == "xlsx" else as_json
    return write(listing, data, called, list=name, company=company, at=at, address=asked)


def _exported(listing: Listing, data: QueryDict) -> tuple[list[Column], Iterator[Any]]:
    """Return the columns, and every row the address asks for, dressed and in order, read as they are needed."""
    chosen = choose(listing, data)
    columns, rows = (
        in_file(listing, chosen),
        narrowed(listing, chosen).order_by(),
    )  # read along an index, where one has it
    return columns, _read(listing, dressed(listing, chosen, rows, columns))


def _read(listing: Listing, rows: QuerySet) -> Iterator[Any]:
    found = rows.iterator(chunk_size=_CHUNK)
    while some := list(islice(found, _CHUNK)):
        listing.bring(some)
        yield from some


def as_csv(listing: Listing, data: QueryDict, name: str) -> StreamingHttpResponse:
    """Return the whole list as `name`.csv: UTF-8 with a mark, ISO dates with their zone, formulas neutralised. One query, streamed.

    What tells rows apart comes first where the chosen columns leave it out, so that the file can come back.
    """
    zone, language = timezone.get_current_timezone(), translation.get_language()
    columns, rows = _exported(listing, data)
    if listing.columns[0] not in columns:
        columns = [listing.columns[0], *columns]

    def lines() -> Iterator[str]:
        with translation.override(language):  # the page's own language is gone by the time the body is read
            sheet = StringIO()
            write = csv.writer(sheet).writerow
            yield "\ufeff"
            write([neutral(str(column.label)) for column in columns])
            values = [column.value for column in columns]
            for number, row in enumerate(rows, 1):
                write([_cell(value(row), zone) for value in values])
                if number % _CHUNK == 0:
                    yield sheet.getvalue()
                    sheet.seek(0)
                    sheet.truncate()
            yield sheet.getvalue()

    return _download(lines(), "text/csv; charset=utf-8", f"{name}.csv")


def as_json(listing: Listing, data: QueryDict, name: str, **said: Any) -> StreamingHttpResponse:
    """Return the whole list as `name`.json: an object with what `said` adds and `rows`, one row a line. One query, streamed."""
    zone, language = timezone.get_current_timezone(), translation.get_language()
    columns, rows = _exported(listing, data)
    head = json.dumps({key: _iso(value, zone) for key, value in said.items()}, ensure_ascii=False)[:-1]

    def lines() -> Iterator[str]:
        with translation.override(language):
            yield head + (', "rows": [' if said else '"rows": [')
            waiting: list[str] = []
            for number, row in enumerate(rows):
                said_of_it = {column.name: _iso(column.value(row), zone) for column in columns}
                text = json.dumps(said_of_it, ensure_ascii=False)
                waiting.append(f"{',' if number else ''}\n{text}")
                if len(waiting) == _CHUNK:
                    yield "".join(waiting)
                    waiting.clear()
            yield "".join(waiting) + "\n]}\n"

    return _download(lines(), "application/json; charset=utf-8", f"{name}.json")


def _download(lines: Iterator[str], kind: str, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse((line.encode() for line in lines), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# --- Sheets -----------------------------------------------------------------------------------


def as_xlsx(listing: Listing, data: QueryDict, name: str, **said: Any) -> FileResponse:
    """Return the whole list as `name`.xlsx, laid out as the docstring of this module says. One query.

    Rows go through a temporary file, so that memory does not grow with them; the answer begins when it is whole.
    """
    from openpyxl import Workbook  # a process that makes no sheet does without it

    zone, (columns, rows) = timezone.get_current_timezone(), _exported(listing, data)
    key, book = listing.columns[0], Workbook(write_only=True)
    sheet, about = book.create_sheet(str(said.get("list", name))[:31]), book.create_sheet("mandate")
    pen = _Pen(sheet, zone)
    titles = ["mandate_key", *(pen.write(str(column.label)) for column in columns)]
    for letter, width in zip(_letters(), (12, *(column.width for column in columns)), strict=False):
        sheet.column_dimensions[letter].width = width
    sheet.column_dimensions["A"].hidden = True
    sheet.freeze_panes = "A2"
    sheet.append([pen.bold(title) for title in titles])
    filled = 1
    for row in rows:
        filled += 1
        sheet.append([pen.write(key.value(row)), *(pen.write(column.value(row)) for column in columns)])
    sheet.auto_filter.ref = f"A1:{_letters()[len(columns)]}{filled}"
    known = {**said, "zone": str(zone), "not_whole": pen.lost}
    _describe(about, columns, titles[1:], {word: pen.write(value) for word, value in known.items()}, pen.lost)
    file = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    book.save(file)
    file.seek(0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=kind)


def _letters() -> list[str]:
    """Return what a spreadsheet calls its first columns: A to Z, AA to DZ."""
    one = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    return [*one, *(f"{first}{second}" for first in "ABCD" for second in one)]


def _describe(about: Any, columns: list[Column], titles: list[Any], known: dict[str, Any], lost: int) -> None:
    """Fill the sheet `mandate`; shown, with a sentence, when cells are not whole."""
    about.sheet_state = "visible" if lost else "hidden"
    left = [("format", FORMAT, None)]
    left += [(column.name, title, column.editable) for column, title in zip(columns, titles, strict=True)]
    right = list(known.items())
    if lost:
        words = ngettext(
            "%(n)s cell is not whole: it holds %(mark)s for what a spreadsheet cannot keep.",
            "%(n)s cells are not whole: they hold %(mark)s for what a spreadsheet cannot keep.",
            lost,
        )
        right.append((words % {"n": lost, "mark": LOST}, None))
    for place in range(max(len(left), len(right))):
        here = left[place] if place < len(left) else (None, None, None)
        there = right[place] if place < len(right) else (None, None)
        about.append([*here, None, *there])


class _Pen:
    """Writes values as a sheet holds them, and counts the cells that are not whole."""

    def __init__(self, sheet: Any, zone: Any):
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ERROR_CODES
        from openpyxl.styles import Font

        self._sheet, self._zone, self._cell = sheet, zone, WriteOnlyCell
        self._taken, self._bold = frozenset(ERROR_CODES), Font(bold=True)
        self.lost = 0

    def write(self, value: Any) -> Any:
        """Return a number as it is, nothing as nothing, and everything else as text: never a formula, never an error."""
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            return value
        if value is None or value == "":
            return None
        text = "yes" if value is True else "no" if value is False else in_sheet(str(_iso(value, self._zone)))
        if LOST in text:
            self.lost += 1
        return self._text(text) if text in self._taken else text

    def bold(self, title: Any) -> Any:
        """Return a cell with a title."""
        cell = self._text(title if isinstance(title, str) else title.value)
        cell.font = self._bold
        return cell

    def _text(self, text: str) -> Any:
        """Return a cell that is text, whatever it looks like."""
        cell = self._cell(self._sheet, value=text)
        cell.data_type = "s"
        return cell
