"""The answers to what cannot be done, as pages with true statuses.

The pages lie in templates/<status>.html. What a refusal gives its page: `back_url`, and
403 `message who` · 409 `blockers`, or `message changes`. When htmx asked for a part, the same page
takes the place of the whole one: a refusal squeezed into the corner of a part explains nothing.
"""

import logging
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked

log = logging.getLogger("mandate.refused")


def refused(request: HttpRequest, exception: Refused) -> HttpResponse:
    """Answer 403: not yours, and whose it is."""
    _note(request, 403, exception)
    return _answer(request, 403, message=exception.message, who=exception.who)


def blocked(request: HttpRequest, exception: Blocked) -> HttpResponse:
    """Answer 409: not yet, with every reason."""
    _note(request, 409, exception)
    return _answer(request, 409, blockers=exception.blockers)


def conflict(request: HttpRequest, exception: Conflict) -> HttpResponse:
    """Answer 409: somebody was first, or the facts moved since the page was shown."""
    _note(request, 409, exception)
    return _answer(request, 409, message=exception.message, changes=exception.changes)


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400. Raised before the page's own middleware ran, so it says nothing about anybody."""
    return _alone(request, 400)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403 where Django itself refuses."""
    _note(request, 403, exception)
    return _answer(request, 403)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404: there is nothing here that this person may see."""
    return _answer(request, 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 429: too many tries in a short time."""
    _note(request, 429, exception)
    return _answer(request, 429)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403: the form did not come from a page of this session. `reason` goes to the log only."""
    _note(request, 403, reason)
    return _answer(request, 403, template="csrf.html")


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when the database does not answer, with a page that asks nothing of it or of the request."""
    away = _is_away(sys.exc_info()[1])
    answer = _alone(request, 503 if away else 500)
    if away:
        answer["Retry-After"] = "30"
    return answer


def _is_away(error: BaseException | None) -> bool:
    """Return whether the database did not answer. SQLite calls a table it does not know operational, too."""
    return isinstance(error, OperationalError | InterfaceError) and not str(error).startswith("no such")


def _answer(request: HttpRequest, status: int, template: str = "", **context: Any) -> HttpResponse:
    """Show the page of `status` with that status."""
    page = template or f"{status}.html"
    response = render(request, page, {"back_url": _came_from(request), **context}, status=status)
    if getattr(request, "htmx", None):
        response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML show:window:top"
    return response


def _came_from(request: HttpRequest) -> str:
    """Return the address of our page the request came from; nothing for another site, or the page itself."""
    there = urlsplit(request.headers.get("Referer", ""))
    if (
        there.netloc != request.get_host()
        or there.path.startswith("//")
        or (request.method == "GET" and there.path == request.path)
    ):
        return ""
    return urlunsplit(("", "", there.path, there.query, ""))


def _alone(request: HttpRequest, status: int) -> HttpResponse:
    """Show the page of `status` without context processors, which may need what has just failed."""
    return HttpResponse(loader.get_template(f"{status}.html").render({"status": status}), status=status)


def _note(request: HttpRequest, status: int, why: Any) -> None:
    """Write one line about a refusal: the address and the person's number, never what was sent."""
    person = getattr(getattr(request, "_cached_user", None), "pk", None)
    log.info(
        "%s",
        why or _("refused"),
        extra={"status_code": status, "path": request.path, "method": request.method, "person": person},
    )
