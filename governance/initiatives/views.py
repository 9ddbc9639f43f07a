"""Reading one initiative: its history, and one signature under it. (Its page is views_overview.py.)"""

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.core.http import Request
from governance.initiatives import history as words
from governance.initiatives.finding import find
from governance.ledger import queries as ledger
from governance.people.proof import how_proved
from governance.signatures import actions as signatures
from governance.signatures.models import Signature

#: Entries on one page of the history.
HISTORY_PAGE = 100


def spell_key(request: Request, written: str, rest: str) -> HttpResponse:
    """Lead from ai-42 or AI-042 to AI-42, with whatever follows; a POST keeps being one."""
    there = f"/initiatives/AI-{int(written[3:])}{rest or '/'}"
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(
        f"{there}?{query}" if query else there, preserve_request=request.method not in ("GET", "HEAD")
    )


@require_safe
def history(request: Request, number: int) -> HttpResponse:
    """Show every event in words, newest first, by type, paged by the number of the entry."""
    initiative = find(request, number)
    kind = request.GET.get("type", "")
    kind = kind if kind in words.TYPES else ""
    before = _whole(request.GET.get("before"))
    found = ledger.for_initiative(
        initiative.pk,
        before=before,
        limit=HISTORY_PAGE + 1,
        verbs=words.of_type(kind) if kind else words.all_but_comments(),
    )
    shown = found[:HISTORY_PAGE]
    older: dict[str, Any] | None = None
    if len(found) > HISTORY_PAGE:
        older = {"before": shown[-1].seq, **({"type": kind} if kind else {})}
    here = reverse("initiatives:history", args=[initiative.key])
    tabs = [{"label": _("All but comments"), "url": here, "current": not kind}]
    tabs += [
        {"label": label, "url": f"{here}?{urlencode({'type': name})}", "current": name == kind}
        for name, (label, _begins) in words.TYPES.items()
    ]
    context = {
        "initiative": initiative,
        "days": words.days(words.lines(shown, initiative)),
        "tabs": tabs,
        "kind": kind,
        "before": before,
        "older_url": f"{here}?{urlencode(older)}" if older else "",
        "newest_url": f"{here}?{urlencode({'type': kind})}" if kind else here,
    }
    return render(request, "initiatives/history.html", context)


def _whole(text: str | None) -> int | None:
    """Return a number of an entry, or None for anything that is none."""
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None


@require_safe
def seal(request: Request, number: int, pk: int) -> HttpResponse:
    """Show one signature: what was signed, by whom, how they proved it was them, and whether it still matches."""
    initiative = find(request, number)
    signature = Signature.objects.select_related("person").filter(initiative=initiative, pk=pk).first()
    if signature is None:
        raise Http404
    signature.initiative = initiative
    entry = ledger.of_signature(initiative.pk, signature.pk)
    how = how_proved(signature.proof_method)
    context = {
        "initiative": initiative,
        "signature": signature,
        "matches": signatures.matches(signature),
        "entry": entry,
        "how": how,
        "meaning": signature.get_meaning_display(),
        "facts": list(in_words(signature.facts)),
        "seal": {
            "statement": signature.statement,
            "name": signature.printed_name,
            "role": signature.printed_title,
            "signed_at": signature.signed_at,
            "how": how,
            "digest": signature.seal_sha256,
            "lapsed": signature.voided_because,
        },
    }
    return render(request, "initiatives/seal.html", context)


def in_words(facts, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, value) for every fact somebody saw, flat and in order: ("budget: amount", "84000.00")."""
    if isinstance(facts, dict) and facts:
        for key, value in facts.items():
            words = str(key).replace("_", " ")
            yield from in_words(value, f"{name}: {words}" if name else words)
    elif isinstance(facts, list) and facts:
        for place, value in enumerate(facts, 1):
            yield from in_words(value, f"{name} {place}")
    else:
        yield (
            name,
            "–"
            if facts in (None, "", [], {})
            else _("yes")
            if facts is True
            else _("no")
            if facts is False
            else str(facts),
        )
