"""What every page knows: whose portal it is, the moment, where one can go, who is reading."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

#: Where one can go, in the order of the page: address, words, drawing. A place without a page is left out.
PLACES = (
    ("desk:home", _("Home"), "home"),
    ("catalog:list", _("Catalog"), "catalog"),
    ("gates:list", _("Gates"), "gate"),
    ("desk:portfolio", _("Portfolio"), "portfolio"),
    ("help:index", _("Help"), "help"),
)


def page(request: HttpRequest) -> dict[str, Any]:
    """Return what the templates around every page read. Nothing is asked of the database until it is shown.

    `company` and `demo` come from the installation the request carries; `me` is None before sign-in;
    `menu` asks once for the functions of whoever reads, unless the page did; `decide_count` and
    `holding_stopped` cost one query together, when the page shows them.
    """
    installation = getattr(request, "installation", None) or SimpleLazyObject(_installation)
    me = SimpleLazyObject(lambda: _me(request))
    at = getattr(request, "at", None)
    pulse = SimpleLazyObject(lambda: _pulse(me, at))
    return {
        "company": SimpleLazyObject(lambda: installation.company),
        "demo": SimpleLazyObject(lambda: installation.is_demo),
        "demo_people": SimpleLazyObject(_demo_people),
        "installation": installation,
        "sign_in_with": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "passwords_for_all": settings.PASSWORD_SIGN_IN == "everybody",
        "at": at,
        "me": me,
        "nav": SimpleLazyObject(lambda: _nav(request) if me else []),
        "menu": SimpleLazyObject(lambda: _menu(me) if me else []),
        "decide_count": SimpleLazyObject(lambda: pulse.to_decide),
        "holding_stopped": SimpleLazyObject(lambda: pulse.holds_stopped),
    }


def _demo_people() -> Any:
    """Return the people the demo bar offers; one query, when the bar is shown."""
    from governance.demo import queries

    return queries.switch()


def _installation() -> Any:
    from governance.core.models import Installation

    return Installation.current() or Installation(kind=Installation.Kind.REAL)


def _me(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the places that have a page, the one we are at marked."""
    places = []
    for name, label, icon in PLACES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        current = request.path == url or (url != "/" and request.path.startswith(url))
        places.append({"url": url, "label": label, "icon": icon, "current": current})
    return places


def _menu(me: Any) -> list[dict[str, Any]]:
    """Return the pages that belong to the person: one query for their functions, kept on the instance."""
    from governance.people import functions
    from governance.people.functions import Function

    pages = [("people:me", _("Your settings")), ("people:list", _("People"))]
    if functions.has(me, Function.AUDITORS, Function.COMPLIANCE):
        pages.append(("ledger:list", _("Ledger")))
    if functions.has(me, Function.PORTFOLIO, Function.ADMINISTRATORS):
        pages.append(("registers:list", _("Lists coming in")))
    if functions.has(me, Function.PORTFOLIO, Function.COMPLIANCE):
        pages.append(("public:inside", _("Public register")))
    if functions.has(me, Function.PORTFOLIO):
        pages.append(("catalog:columns", _("Own columns")))
    return [{"url": reverse(name), "label": label} for name, label in pages]


def _pulse(me: Any, at: Any) -> Any:
    """Return how many open questions wait for `me`, and whether something `me` answers for is stopped."""
    from governance.desk import queries

    return queries.pulse(me, at) if me and at else queries.Pulse(0, False)
