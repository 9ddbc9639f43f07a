"""The record as a page: every entry in words, and the check that it is what was written. For Auditors and Compliance."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from governance.core.errors import Refused
from governance.core.http import Request
from governance.initiatives import history
from governance.initiatives.models import Initiative
from governance.ledger import checkpoint, queries
from governance.ledger import verify as verifying
from governance.ledger.models import LedgerEntry
from governance.ledger.verbs import Verb
from governance.people import functions
from governance.people.functions import Function

#: Entries on one page.
PAGE = 50
#: A page verifies so many entries; a longer record is verified by the command, which nobody waits for in a browser.
MOST = 200_000
#: So many problems are named on the page.
NAMED = 50
#: Who reads the ledger (DESIGN section 3); being an administrator is no reason.
READERS = (Function.AUDITORS, Function.COMPLIANCE)
#: The kinds of events in the order of the list to choose from: words, and how their verbs begin.
KINDS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    *history.TYPES.values(),
    (
        gettext_lazy("People and units"),
        (
            "person.",
            "unit.",
            "function.",
            "deputy.",
            "invitation.",
            "password.",
            "second_factor.",
            "sessions.",
            "view.",
            "watch.",
        ),
    ),
    (
        gettext_lazy("The installation"),
        (
            "installation.",
            "policy.",
            "clock.moved",
            "profile.",
            "list.",
            "column.",
            "import.",
            "checkpoint.",
            "export.",
            "notice.",
            "sign_in.",
        ),
    ),
)


def require_reader(person) -> None:
    """Raise Refused unless `person` reads the ledger. One query, kept on the person; one more to say who does."""
    if not functions.has(person, *READERS):
        raise Refused(
            _("Auditors and Compliance read the ledger. The history of one initiative is for everybody who sees it."),
            functions.whose(*READERS),
        )


@require_safe
def index(request: Request) -> HttpResponse:
    """Show the newest entries in words, of one verb if asked; older ones by the number of the entry. At most eight queries of its own."""
    require_reader(request.user)
    verb = request.GET.get("verb", "")
    verb = verb if verb in Verb.values else ""
    before = _whole(request.GET.get("before", ""))
    found = queries.latest(before=before, limit=PAGE + 1, verb=verb or None)
    here = reverse("ledger:list")
    kept: dict[str, Any] = {"verb": verb} if verb else {}
    context = {
        "standing": queries.standing(),
        "rows": _rows(found[:PAGE]),
        "verb": verb,
        "kinds": _kinds(verb),
        "before": before,
        "newest_url": f"{here}?{urlencode(kept)}" if kept else here,
        "older_url": f"{here}?{urlencode({'before': found[PAGE - 1].seq, **kept})}" if len(found) > PAGE else "",
        "warnings": checkpoint.warnings() if functions.has(request.user, Function.ADMINISTRATORS) else [],
    }
    return render(request, "ledger/list.html", context)


def _whole(text: str) -> int | None:
    """Return the number of an entry, or None for anything that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _rows(entries: list[LedgerEntry]) -> list[dict[str, Any]]:
    """Return entries as the table shows them. Three queries at most: names, groups, initiatives."""
    about = Initiative.objects.only("number", "name").in_bulk({e.initiative_id for e in entries if e.initiative_id})
    return [
        {"line": line, "entry": entry, "about": about.get(entry.initiative_id)}
        for entry, line in zip(entries, history.lines(entries), strict=True)
    ]


def _kinds(chosen: str) -> list[dict[str, Any]]:
    """Return the verbs to choose from, under what they are about. No query."""
    return [
        {
            "label": label,
            "verbs": [
                {"value": v.value, "label": str(v.label)[:1].upper() + str(v.label)[1:], "on": v.value == chosen}
                for v in Verb
                if v.value.startswith(begins)
            ],
        }
        for label, begins in KINDS
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: Request) -> HttpResponse:
    """Say what verifying does; on POST read the whole record and show the verdict, up to 200,000 entries.

    Reads every entry once, in batches, and writes nothing.
    """
    require_reader(request.user)
    standing = queries.standing()
    context: dict[str, Any] = {"standing": standing, "too_many": standing.size > MOST, "most": MOST, "verdict": None}
    if request.method == "POST" and not context["too_many"]:
        verdict = verifying.verify()
        context |= {
            "verdict": verdict,
            "problems": verdict.problems[:NAMED],
            "others": max(len(verdict.problems) + verdict.more - NAMED, 0),
        }
    return render(request, "ledger/verify.html", context)
