"""The pages about reviews: the list, the five questions, a review that was done."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.core import export, lists
from governance.core.errors import Refused
from governance.core.http import Request, go
from governance.initiatives.finding import find
from governance.initiatives.models import Initiative
from governance.outcomes import queries as outcomes
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.reviews import actions, forms, queries
from governance.reviews.models import ReviewOutcome

# The list


@require_safe
def index(request: Request) -> HttpResponse:
    """Show the next review of everything the person may see, the longest late first. `overdue` and `mine` narrow it.

    At most six queries of its own, however many there are.
    """
    at, me = request.at, request.user
    shown = lists.show(_listing(me, at), request.GET)
    context = {
        "shown": shown,
        "items": [_row(i, me, at) for i in shown.rows],
        "tabs": _tabs(shown),
        "files": export.links(shown.listing, shown.query),
        "narrowed": shown.chosen.narrows,
    }
    return render(request, "reviews/list.html", context)


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the same list as a file. Two queries for each 500 reviews, and those of who may see what."""
    at, company = request.at, request.installation.company
    return export.as_file(kind, _listing(request.user, at), request.GET, "reviews", company=company, at=at)


def _listing(me, at) -> lists.Listing:
    """Return what may be asked of the list of reviews."""
    visible = Initiative.objects.visible_to(me, at)
    return lists.Listing(
        path=reverse("reviews:list"),
        sort="due",
        sorts=(lists.Sort("due", _("Due"), "review_due_at"),),
        key="number",
        rows=queries.reviewed().filter(pk__in=visible.values("pk")),
        facets=(
            lists.Facet("mine", _("Whose"), (lists.Option("1", _("Yours"), queries.mine(me)),)),
            lists.Facet("overdue", _("Late"), (lists.Option("1", _("Overdue"), Q(review_due_at__lte=at)),)),
            lists.Facet("open", _("Open"), (lists.Option("1", _("Can be done now"), queries.is_open(at)),)),
            lists.Facet(
                "tier",
                _("Tier"),
                tuple(lists.Option(str(n), _("Tier %(tier)s") % {"tier": n}, Q(tier=n)) for n in range(5)),
            ),
        ),
        dress=lambda rows: rows.select_related("unit", "workflow_owner"),
        bring=raci.prefetch,
        columns=_columns(at),
    )


def _columns(at) -> list[lists.Column]:
    """Return what the list of reviews says of one in a file. No query: the matrix is there."""
    column = lists.Column

    def stands(initiative: Initiative) -> queries.Standing:
        return queries.standing(initiative, at)  # type: ignore[return-value]  # every row has a next review

    return [
        column("key", _("Key"), lambda i: i.key, width=9),
        column("name", _("Name"), lambda i: i.name, width=36),
        column("unit", _("Unit"), lambda i: i.unit.name if i.unit_id else None, width=24),
        column("tier", _("Tier"), lambda i: i.tier, width=6),
        column("capability", _("Capability"), lambda i: i.get_capability_display()),
        column("reviewers", _("Who reviews it"), lambda i: ", ".join(p.name for p in queries.answering(i)), width=36),
        column("opens_at", _("Can be done from"), lambda i: stands(i).opens_at, width=26),
        column("due_at", _("Due"), lambda i: stands(i).due_at, width=26),
        column("is_late", _("Overdue"), lambda i: stands(i).is_late),
        column("address", _("Address"), lambda i: f"{settings.SITE_URL}{i.get_absolute_url()}", width=44),
    ]


def _tabs(shown: lists.Shown) -> list[dict[str, Any]]:
    """Return the views people ask for most; each is an address of the same list."""
    wanted = (
        ({}, _("All")),
        ({"mine": "1"}, _("Yours")),
        ({"overdue": "1"}, _("Overdue")),
        ({"open": "1"}, _("Can be done now")),
    )
    chosen = {name: ",".join(values) for name, values in shown.chosen.values.items()}
    return [{"label": label, "url": shown.only(**values), "current": values == chosen} for values, label in wanted]


def _row(initiative: Initiative, me, at) -> dict[str, Any]:
    """Return one row of the list. No query: the matrix is there."""
    now, people = queries.standing(initiative, at), queries.answering(initiative)
    assert now is not None
    my_turn = now.is_open and any(p.pk == me.pk for p in people)
    names = _(" or ").join(p.name for p in people)
    facts = [_("%(names)s reviews it") % {"names": names} if names else _("Nobody answers for it")]
    if now.state == "escalated" and not my_turn:
        facts.append(_("put to the Accountable and the Escalation owner"))
    return {
        "title": f"{initiative.key} {initiative.name}",
        "url": reverse("reviews:do", args=[initiative.key]) if my_turn else initiative.get_absolute_url(),
        "icon": "review",
        "whose": "overdue" if now.is_late else "mine" if my_turn else "theirs",
        "has_tier": True,
        "tier": initiative.tier,
        "capability": initiative.capability,
        "facts": facts,
        "due": now.due_at,
        "consequence": _consequence(now) if my_turn else "",
        "action": _("Do the review") if my_turn else "",
    }


def _consequence(now: queries.Standing) -> str:
    if now.state == "escalated":
        return _("The Accountable and the Escalation owner were told that it is missing.")
    return _("If nobody does it, it goes to the Accountable and the Escalation owner.")


# Doing it


@require_http_methods(["GET", "HEAD", "POST"])
def do(request: Request, number: int) -> HttpResponse:
    """Ask the five questions on one page, and keep the answers. Leads on to a stop or a retirement where they say so."""
    initiative, me, at = find(request, number), request.user, request.at
    people = queries.answering(initiative)
    if me.pk not in {p.pk for p in people}:
        names = _(" or ").join(p.name for p in people)
        if not names:
            raise Refused(_("Nobody answers for it, so nobody can review it. The Portfolio office can name somebody."))
        raise Refused(_("%(names)s reviews it.") % {"names": names}, names)
    held = grants.held_by(me, initiative, at)
    may = {"may_stop": May.STOP in held, "may_retire": May.RETIRE in held, "is_paused": initiative.is_rollout_paused()}
    form = forms.Answers(
        request.POST if request.method == "POST" else None,
        initial={"due": initiative.review_due_at.isoformat() if initiative.review_due_at else ""},
        **may,
    )
    if request.method == "POST" and form.is_valid():
        answers = {name: form.cleaned_data[name] for name in actions.QUESTIONS}
        made = actions.do(
            initiative, answers, form.cleaned_data["outcome"], by=me, at=at, seen_due=form.cleaned_data["due"]
        )
        return _onward(request, initiative, made, **may)
    last = queries.of_initiative(initiative).first()
    context = {
        "initiative": initiative,
        "form": form,
        "standing": queries.standing(initiative, at),
        "blockers": queries.why_not(initiative, at),
        "last": last,
        "people": people,
        "outcome": outcomes.outcome(initiative),
        "figures": outcomes.measurements(initiative)[:3],
    }
    return render(request, "reviews/do.html", context, status=422 if form.errors else 200)


def _onward(
    request: Request, initiative: Initiative, made, *, may_stop: bool, may_retire: bool, is_paused: bool
) -> HttpResponse:
    """Lead to where the outcome is carried out; the review is kept already."""
    if made.outcome == ReviewOutcome.STOP:
        messages.info(
            request,
            _("Review %(number)s is kept. Stopping is an act of its own: this page does it.") % {"number": made.number},
        )
        return go("gates:stop" if may_stop else "gates:ask_to_stop", initiative.key)
    if made.outcome == ReviewOutcome.RETIRE and may_retire:
        messages.info(
            request,
            _("Review %(number)s is kept. Retiring is an act of its own: this page begins it.")
            % {"number": made.number},
        )
        return go("gates:retire", initiative.key)
    messages.success(request, _("Review %(number)s is kept.") % {"number": made.number})
    return go("reviews:show", initiative.key, made.number)


# One review


@require_safe
def show(request: Request, number: int, nth: int) -> HttpResponse:
    """Show a review that was done. Raises Http404 where there is none."""
    initiative = find(request, number)
    found = queries.of_initiative(initiative).filter(number=nth).first()
    if found is None:
        raise Http404
    answers = [(forms.Answers.base_fields[name].label, getattr(found, name)) for name in actions.QUESTIONS]
    around = {r.number: r for r in queries.of_initiative(initiative).filter(number__in=(nth - 1, nth + 1))}
    context = {
        "initiative": initiative,
        "review": found,
        "answers": answers,
        "earlier": around.get(nth - 1),
        "later": around.get(nth + 1),
        "late": found.done_at > found.due_at,
        "standing": queries.standing(initiative, request.at),
    }
    return render(request, "reviews/show.html", context)
