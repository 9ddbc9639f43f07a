"""The same list as a file: every row an address asks for, as CSV or JSON, streamed."""

import csv
import json
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone, translation

from governance.core.lists import Column, Listing, choose, dressed, in_file, narrowed

#: Rows read and written at once.
_CHUNK = 500


def neutral(text: str) -> str:
    """Return `text` as a cell that no spreadsheet runs: an apostrophe goes before what could start a formula.

    Also before an apostrophe, so that taking one away always gives the text back (`bare`).
    """
    if text[:1] in ("'", "\t", "\r", "\n"):
        return f"'{text}"
    head = text.lstrip().lstrip("\x00\ufeff\u200b")[:1]
    starts_a_formula = bool(head) and unicodedata.normalize("NFKC", head)[:1] in ("=", "+", "-", "@")
    return f"'{text}" if starts_a_formula else text


def bare(cell: str) -> str:
    """Return the text a neutral cell was made from."""
    return cell[1:] if cell.startswith("'") else cell


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
    plain = _iso(value, zone)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return neutral(str(plain))


def _exported(listing: Listing, data: QueryDict) -> tuple[list[Column], QuerySet]:
    """Return the columns and every row the address asks for, dressed and in order. No query."""
    chosen = choose(listing, data)
    columns, keys = in_file(listing, chosen), narrowed(listing, chosen).order_by().values("pk")
    return columns, dressed(listing, chosen, keys, columns)


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
            for number, row in enumerate(rows.iterator(chunk_size=_CHUNK), 1):
                write([_cell(column.value(row), zone) for column in columns])
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
            for number, row in enumerate(rows.iterator(chunk_size=_CHUNK)):
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
