"""The public register outside: the same page and files for everybody, or nothing at all while it is closed."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from governance.core.doors import open_outside
from governance.core.export import neutral
from governance.core.http import Request
from governance.core.lists import in_digits
from governance.public import layout, queries
from governance.public.models import PublicRegister

#: How long anybody may keep a copy, in seconds: so long may what was just withheld still be read.
KEPT_S = 300
#: Pages and files one address is given in a minute.
PAGES, FILES = 120, 10


def _opened() -> PublicRegister:
    """Return the register. Raises Http404 while it is closed. One query."""
    register = queries.register()
    if register.open_since is None:
        raise Http404
    return register


def _too_often(request: Request, what: str, most: int) -> bool:
    """Count a request of one address, and return whether it asks too often."""
    key = f"public:{what}:{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, 60)
    return cache.incr(key) > most


def _rests(request: Request) -> HttpResponse:
    response = render(request, "public/too_often.html", status=429)
    response["Retry-After"] = "60"
    return response


@open_outside
@require_safe
@conditional_page
def show(request: Request) -> HttpResponse:
    """Show what is listed. Five queries."""
    register = _opened()
    if _too_often(request, "page", PAGES):
        return _rests(request)
    response = as_page(request, register)
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response


def as_page(request: Request, register: PublicRegister, **more: Any) -> HttpResponse:
    """Return the page as people outside read it. Three queries."""
    counts = queries.counts()
    stage = request.GET.get("stage", "")
    stage = stage if stage in counts else ""
    total = counts[stage] if stage else sum(counts.values())
    last = max(-(-total // queries.PER_PAGE), 1)
    asked = request.GET.get("page", "")
    number = min(int(asked), last) if asked.isascii() and asked.isdigit() and 1 <= len(asked) <= 9 else 1
    number = max(number, 1)
    entries = queries.page(number, stage, register.salt)
    context = {
        "entries": entries,
        "stages": [{"word": word, "n": in_digits(n), "url": _at(request, word), "on": word == stage} for word, n in counts.items()],
        "total": in_digits(sum(counts.values())),
        "all_url": request.path if stage else "",
        "pager": _pager(request, stage, number, last, total, len(entries)),
        "contact": register.contact,
        **more,
    }  # fmt: skip
    return render(request, "public/register.html", context)


def _at(request: Request, stage: str, page: int = 1) -> str:
    asked = {name: value for name, value in (("stage", stage), ("page", page if page > 1 else "")) if value}
    return f"{request.path}?{urlencode(asked)}" if asked else request.path


def _pager(request: Request, stage: str, number: int, last: int, total: int, shown: int) -> dict[str, Any]:
    """Return the pages as `core/_pager.html` reads them."""
    first = (number - 1) * queries.PER_PAGE + 1
    words = {"first": in_digits(first), "last": in_digits(first + shown - 1), "total": in_digits(total)}
    pages: list[dict[str, Any]] = []
    for one in sorted({1, last, *range(max(number - 2, 1), min(number + 2, last) + 1)}):
        if pages and one - pages[-1]["number"] > 1:
            pages.append({"number": None})
        pages.append({"number": one, "url": _at(request, stage, one), "current": one == number})
    return {
        "words": _("%(first)s–%(last)s of %(total)s") % words if shown else "",
        "pages": pages,
        "previous_url": _at(request, stage, number - 1) if number > 1 else "",
        "next_url": _at(request, stage, number + 1) if number < last else "",
    }


@open_outside
@require_safe
def as_csv(request: Request) -> HttpResponse | StreamingHttpResponse:
    """Give what is listed as a file in the layout of the federal inventory. Four queries, and one for each 500 rows."""
    register = _opened()
    if _too_often(request, "file", FILES):
        return _rests(request)
    response = csv_of(request, register)
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response


def csv_of(request: Request, register: PublicRegister) -> StreamingHttpResponse:
    """Return the file as people outside get it."""
    company = request.installation.company

    def lines() -> Iterator[bytes]:
        sheet = StringIO()
        write = csv.writer(sheet).writerow
        write(layout.COLUMNS)
        for entry in queries.everything(register.salt):
            said = queries.cells(entry, company, register.contact)
            write([neutral(said.get(column, "")) for column in layout.COLUMNS])
            if sheet.tell() > 60_000:
                yield _taken(sheet)
        yield _taken(sheet)

    return _download(lines(), "text/csv; charset=utf-8", "public-register.csv")


def _taken(sheet: StringIO) -> bytes:
    text = sheet.getvalue()
    sheet.seek(0)
    sheet.truncate()
    return text.encode()


@open_outside
@require_safe
def as_json(request: Request) -> HttpResponse | StreamingHttpResponse:
    """Give the same as JSON: an object whose `rows` have the columns of the layout. Queries as the file."""
    register = _opened()
    if _too_often(request, "file", FILES):
        return _rests(request)
    company = request.installation.company

    def lines() -> Iterator[bytes]:
        yield b'{"rows": ['
        for number, entry in enumerate(queries.everything(register.salt)):
            said = queries.cells(entry, company, register.contact)
            row = {column: said.get(column, "") for column in layout.COLUMNS}
            yield (("," if number else "") + "\n" + json.dumps(row, ensure_ascii=False)).encode()
        yield b"\n]}\n"

    response = _download(lines(), "application/json; charset=utf-8", "public-register.json")
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response


def _download(lines: Iterator[bytes], kind: str, name: str) -> StreamingHttpResponse:
    disposition = f'attachment; filename="{name}"'
    return StreamingHttpResponse(lines, content_type=kind, headers={"Content-Disposition": disposition})
