"""The pages of the queue: what needs somebody, as a list and its files, and one at a time."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.core import export, lists
from governance.core.errors import Conflict, Refused
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.gates import triage
from governance.gates.forms_triage import FoundOut
from governance.gates.settling import settle
from governance.initiatives import bulk, steps
from governance.initiatives.finding import find
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.people import units
from governance.people.functions import Function
from governance.raci import eligible, grants
from governance.raci.grants import May
from governance.raci.models import Role, Row
from governance.registers import queries as registers


@require_safe
def index(request: Request) -> HttpResponse:
    """Show the queue, oldest first, by reason. Four queries of its own, whatever its size."""
    shown = lists.show(_listing(request), request.GET)
    context = {
        "shown": shown,
        "rows": [_row(one, shown, request.at) for one in shown.rows],
        "tabs": _tabs(shown),
        "files": export.links(shown.listing, shown.query),
        "deeds": bulk.choices(),
    }
    return render(request, "gates/triage.html", context)


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the queue as a file. One query, one for each 500 rows, and those of who may see what."""
    company, at = request.installation.company, request.at
    return export.as_file(kind, _listing(request), request.GET, "triage", company=company, at=at)


def _listing(request: Request) -> lists.Listing:
    return triage.listing(request.user, request.at, path=reverse("gates:triage"))


def _tabs(shown: lists.Shown) -> list[dict[str, Any]]:
    """Return the queue by reason; the numbers are those of the list itself."""
    mine = shown.chosen.values.get("why", ())
    options = next((facet["options"] for facet in shown.facets if facet["name"] == "why"), [])
    counts = {option["value"]: option["count"] for option in options}
    all_of_it = {"label": _("All"), "url": shown.everything_url, "current": not mine}
    return [
        all_of_it,
        *(
            {
                "label": words,
                "url": shown.only(why=name),
                "current": mine == (name,),
                "count": None if shown.counts_url else counts.get(name, 0),
            }
            for name, (words, _sentence) in triage.REASONS.items()
        ),
    ]


def _row(initiative: Any, shown: lists.Shown, at) -> dict[str, Any]:
    """Return one row as `gates/_triage_row.html` reads it. No query."""
    due = triage.owner_due(initiative)
    return {
        "initiative": initiative,
        "url": reverse("gates:triage_one", args=[initiative.key]) + shown.query,
        "why": [triage.REASONS[name][1] for name in triage.reasons(initiative)],
        "says": triage.register_says(initiative),
        "due": due,
        "whose": "overdue" if due is not None and due <= at else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: Request, number: int) -> HttpResponse:
    """Show one of the queue with what is missing of it, and take what somebody found out; then lead to the next.

    The question of the list comes along, so that the next is the next of the same list.
    """
    initiative = _find(request, number)
    held = grants.held_by(request.user, initiative, request.at)
    form, status = _form(request, initiative, held), 200
    if request.method == "POST":
        if not triage.reasons(initiative):
            messages.info(request, _("Nothing is left to find out about %(key)s.") % {"key": initiative.key})
            return go(_next(request, initiative))
        if form is None:
            raise Refused(
                _("The Portfolio office works the queue, and whoever registered something proposes names for it."),
                str(Function.PORTFOLIO.label),
            )
        status = 422
        try:
            if form.is_valid() and (said := _settled(request, initiative, form)) is not None:
                messages.success(request, " ".join(said))
                return go(_next(request, initiative))
        except Conflict as conflict:
            initiative, status = _find(request, number), 409
            form = _form(request, initiative, held, version=initiative.version)
            if form is not None:
                form.add_error(None, conflict.message)
    due, why = triage.owner_due(initiative), triage.reasons(initiative)
    context = {
        "initiative": initiative,
        "form": form,
        "why": [triage.REASONS[name][1] for name in why],
        "due": due,
        "overdue": due is not None and due <= request.at,
        "origin": registers.origin(initiative),
        "next_url": _next(request, initiative),
        "list_url": reverse("gates:triage") + _question(request),
        "may_stop": May.STOP in held,
        "may_close": May.CLOSE in held and steps.step_out(initiative, "close") is not None,
        "office": Function.PORTFOLIO.label,
    }
    return render(request, "gates/triage_one.html", context, status=status)


def _find(request: Request, number: int) -> Initiative:
    """Return the initiative and whether somebody is asked to own it; a POST first writes what time did to its questions."""
    initiative = find(request, number, asked=triage.asked(request.at))
    if request.method == "POST" and settle(initiative, at=request.at):
        initiative = find(request, number, asked=triage.asked(request.at))
    return initiative


def _form(request: Request, initiative, held, *, version: int = 0) -> FoundOut | None:
    """Return the form of what is missing and this person may say; None where that is nothing.

    `version` is that of what is there now, where what was sent was filled in for an earlier one.
    """
    why = triage.reasons(initiative)
    asks: list[str] = [name for name in ("name", "unit") if name in why and May.AMEND in held]
    if "stage" in why and May.PLACE in held:
        asks.append("stage")
    if why and May.PROPOSE in held and triage.may_be_owner(initiative, request.at):
        asks.append("called")
    if not asks:
        return None
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None and version:
        data["version"] = str(version)
    leader, unit = _leader(initiative, request.user) if "called" in asks else (None, None)
    step = steps.step_out(initiative, "place")
    return FoundOut(
        data,
        initial={"version": initiative.version},
        asks=asks,
        stages=[stage.value for stage in list(Stage)[1:] if step and stage in step.target.allowed_states],
        leader=leader,
        leads=_("leads %(unit)s") % {"unit": unit.name} if unit else "",
    )


def _leader(initiative, me) -> tuple[Any, Any]:
    """Return the nearest leader of the unit that uses the output who can own it, and that unit. Queries as eligible.blockers."""
    for unit in units.line(initiative.output_unit):
        leader = unit.leader
        if leader is None or leader.pk == me.pk:  # nobody offers a role to themselves
            continue
        if not any(eligible.blockers(leader, Row.GO_LIVE, Role.ACCOUNTABLE, initiative)):
            return leader, unit
    return None, None


def _settled(request: Request, initiative, form: FoundOut) -> list[str] | None:
    """Do what the form says and return it as sentences; None where it cannot be, with every reason on the form. Raises Conflict."""
    try:
        return triage.settle(initiative, **form.found(), by=request.user, at=request.at)
    except Blocked as blocked:
        form.add_error("who" if "called" in form.asks else None, [str(b.message) for b in blocked.blockers])
    return None


def _question(request: Request) -> str:
    """Return what the address asks of the queue, as it goes along from one to the next."""
    listing = _listing(request)
    return lists.question(listing, lists.choose(listing, request.GET))


def _next(request: Request, initiative) -> str:
    """Return the address of the next of the list that was asked for, or of that list. One query."""
    listing = _listing(request)
    chosen = lists.choose(listing, request.GET)
    query = lists.question(listing, chosen)
    after = triage.following(lists.narrowed(listing, chosen), initiative).values_list("number", flat=True).first()
    return reverse("gates:triage_one", args=[f"AI-{after}"]) + query if after else listing.path + query
