"""A request as our pages get it, and the answer after a POST that worked."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from governance.core.models import Installation


class Request(HttpRequest):
    """What a page of ours is handed: the moment (UTC), the installation, and somebody who signed in.

    For type checkers; the middleware sets these on Django's own request.
    """

    at: datetime
    installation: "Installation"
    user: Any
    htmx: Any


class SeeOther(HttpResponseRedirect):
    """303: what was asked is done, look there now. (A 302 says only "elsewhere".)"""

    status_code = 303


def go(to, *args, **kwargs) -> SeeOther:
    """Answer 303 to an address, a URL name with its arguments, or an object with a page of its own."""
    return SeeOther(resolve_url(to, *args, **kwargs))


def ours(address: str) -> bool:
    """Return whether `address` is a path of this site: where a `next` that somebody sent may lead. No host counts, ours neither."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
