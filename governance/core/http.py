"""The answer after a POST that worked."""

from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url


class SeeOther(HttpResponseRedirect):
    """303: what was asked is done, look there now. (A 302 says only "elsewhere".)"""

    status_code = 303


def go(to, *args, **kwargs) -> SeeOther:
    """Answer 303 to an address, a URL name with its arguments, or an object with a page of its own."""
    return SeeOther(resolve_url(to, *args, **kwargs))
