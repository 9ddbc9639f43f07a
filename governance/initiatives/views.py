"""Reading one initiative: its page, its history, one signature under it."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.gates import queries as gates
from governance.gates import stuck
from governance.initiatives import badcall, overview
from governance.initiatives import history as words
from governance.initiatives.finding import find
from governance.ledger import queries as ledger
from governance.ledger.models import LedgerEntry
from governance.raci import grants
from governance.raci.grants import May
from governance.signatures import actions as signatures
from governance.signatures.models import Signature

#: Entries on one page of the history.
HISTORY_PAGE = 50


def spell_key(request: HttpRequest, written: str, rest: str) -> HttpResponse:
    """Lead from ai-42 or AI-042 to AI-42, with whatever follows; a POST keeps being one."""
    there = f"/initiatives/AI-{int(written[3:])}{rest or '/'}"
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{there}?{query}" if query else there, preserve_request=request.method not in ("GET", "HEAD"))


@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """Show the whole initiative on one page. Writes nothing; at most 20 queries."""
    initiative = find(request, number, "origin", "retirement")
    held = grants.held_by(request.user, initiative, request.at)
    decisions = gates.decisions_of(initiative)
    context = {
        "initiative": initiative,
        "badcall": badcall.parts(initiative, may_amend=May.AMEND in held, may_propose=May.PROPOSE in held),
        "next": overview.what_is_next(initiative, decisions, request.user, request.at),
        "stuck": stuck.diagnose(initiative, request.at),
        "rail": overview.rail(initiative, decisions, request.at),
        "rail_summary": overview.rail_summary(initiative, decisions, request.at),
        **overview.standing(initiative, request.user, held, request.at),
        **overview.people(initiative, request.at),
        **overview.numbers(initiative),
        "use": overview.may_i_use_it(initiative),
        "asks": overview.questions_to_ask(initiative, decisions, request.user, held, request.at),
        "may": {str(one): True for one in held},
        "decisions": [overview.decision_line(d, request.at) for d in decisions[:5]],
        "reviews": overview.reviews(initiative),
        "days": words.days(words.lines(ledger.for_initiative(initiative.pk, limit=10), initiative)),
    }
    return render(request, "initiatives/show.html", context)


@require_safe
def history(request: HttpRequest, number: int) -> HttpResponse:
    """Show every event in words, newest first, by type, paged by the number of the entry."""
    initiative = find(request, number)
    kind = request.GET.get("type", "")
    kind = kind if kind in words.TYPES else ""
    before = _whole(request.GET.get("before"))
    found = ledger.for_initiative(initiative.pk, before=before, limit=HISTORY_PAGE + 1, verbs=words.of_type(kind) if kind else None)
    shown = found[:HISTORY_PAGE]
    older = {"before": shown[-1].seq, **({"type": kind} if kind else {})} if len(found) > HISTORY_PAGE else None
    here = reverse("initiatives:history", args=[initiative.key])
    tabs = [{"label": _("Everything"), "url": here, "current": not kind}]
    tabs += [{"label": label, "url": f"{here}?{urlencode({'type': name})}", "current": name == kind} for name, (label, _begins) in words.TYPES.items()]
    context = {
        "initiative": initiative, "days": words.days(words.lines(shown, initiative)), "tabs": tabs, "kind": kind, "before": before,
        "older_url": f"{here}?{urlencode(older)}" if older else "", "newest_url": f"{here}?{urlencode({'type': kind})}" if kind else here,
    }
    return render(request, "initiatives/history.html", context)


def _whole(text: str | None) -> int | None:
    """Return a number of an entry, or None for anything that is none."""
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None


@require_safe
def seal(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Show one signature: what was signed, by whom, how they proved it was them, and whether it still matches."""
    initiative = find(request, number)
    signature = Signature.objects.select_related("person").filter(initiative=initiative, pk=pk).first()
    if signature is None:
        raise Http404
    signature.initiative = initiative
    entry = LedgerEntry.objects.filter(initiative_id=initiative.pk, detail__contains=f'"signature":{signature.pk}').only("seq").order_by("seq").first()
    context = {
        "initiative": initiative, "signature": signature, "matches": signatures.matches(signature), "entry": entry,
        "meaning": signature.get_meaning_display(), "facts": overview.facts_in_words(signature.facts),
    }
    return render(request, "initiatives/seal.html", context)
