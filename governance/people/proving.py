"""Asking for a proof before a binding act, and keeping what was typed until it is given.

The draft lies in the session, under the address of its page: a few of them, for half an hour. Passwords
are never kept. Nothing here writes on a GET.
"""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from governance.core import clock
from governance.core.http import Request, go
from governance.people.proof import Proof, fresh

#: How many drafts a session keeps, how long one may be in characters, and for how long.
MOST, LONGEST, LASTS = 4, 60_000, timedelta(minutes=30)
#: Fields that are never kept.
NEVER = frozenset({"csrfmiddlewaretoken", "password", "code"})
_KEY = "mandate_drafts"


def need_proof(request: Request, within: timedelta | None = None, *, alone: bool = False) -> Proof | HttpResponse:
    """Return the proof a binding POST needs, or the way (303) to the page that asks for one.

    `within` is how old it may be (the policy's window when not given), `alone` as in `proof.newest`. What was
    posted is kept, and `kept` gives it back when the page is shown again. One query at most, but for the session.
    """
    proof = fresh(request, within, alone=alone)
    if proof is None:
        _keep(request)
        return go(way(request))
    drop(request)
    return proof


def way(request: Request) -> str:
    """Return the address of the page that asks for a proof and then leads back here."""
    return f"{reverse('people:prove')}?{urlencode({'next': request.get_full_path()})}"


def kept(request: Request, path: str | None = None) -> dict[str, Any]:
    """Return what was typed on this page before a proof was asked for, by field; empty where nothing was.

    A form's `initial`. A field sent several times is a list. `path` is another page of ours.
    """
    draft = _living(request).get(path or request.get_full_path())
    if draft is None:
        return {}
    fields = QueryDict(draft["fields"])
    return {name: values if len(values) > 1 else values[0] for name, values in fields.lists()}


def still_here() -> str:
    """Return what is said after a proof, where something was typed before it."""
    return _("It is you. What you entered is still here, and nothing is signed yet: press the button again.")


def drop(request: Request) -> None:
    """Forget the draft of this page: what it held has been sent."""
    drafts = _living(request)
    if drafts.pop(request.get_full_path(), None) is not None:
        request.session[_KEY] = drafts


def _keep(request: Request) -> None:
    """Keep what was posted, the newest few pages only. Text that is too long is not kept."""
    fields = QueryDict(mutable=True)
    for name, values in request.POST.lists():
        if name not in NEVER:
            fields.setlist(name, values)
    if len(encoded := fields.urlencode()) > LONGEST:
        return
    drafts = _living(request)
    drafts.pop(request.get_full_path(), None)
    drafts[request.get_full_path()] = {"fields": encoded, "at": clock.wall().isoformat()}
    request.session[_KEY] = dict(list(drafts.items())[-MOST:])


def _living(request: Request) -> dict[str, dict[str, str]]:
    """Return the drafts that are young enough; one that cannot be read is none."""
    found: dict[str, dict[str, str]] = {}
    drafts = request.session.get(_KEY)
    for path, draft in drafts.items() if isinstance(drafts, dict) else ():
        try:
            if clock.wall() - datetime.fromisoformat(draft["at"]) <= LASTS and isinstance(draft["fields"], str):
                found[path] = draft
        except (TypeError, KeyError, ValueError):
            continue
    return found
