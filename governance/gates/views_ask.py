"""Asking: what can be asked from here, of whom, and what the answer will need."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core.errors import Conflict, Refused
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.gates import actions, forms, queries, sheets
from governance.gates.models import Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives import steps
from governance.initiatives.finding import find
from governance.initiatives.queries import claimed
from governance.people import calendars, functions
from governance.raci import grants
from governance.templatetags.mandate import moment


@require_http_methods(["GET", "POST"])
def ask(request: Request, number: int) -> HttpResponse:
    """Put a question of `kind` to whoever decides it; without a kind, show what can be asked from here."""
    initiative = find(request, number)
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    if not kind and request.method == "GET":
        return _choose(request, initiative)
    if kind not in QUESTIONS or kind == Kind.DAY_90:
        raise Http404
    question, draft = (
        QUESTIONS[kind],
        Decision(initiative=initiative, kind=kind, asked_by=request.user, asked_at=request.at),
    )
    hindrance = _hindrance(draft, initiative, request)
    if request.method == "POST":
        if isinstance(hindrance, Refused):
            raise hindrance
        form = forms.Ask(request.POST, question=question, initiative=initiative)
        if form.is_valid():
            asked = actions.ask(
                initiative,
                kind,
                by=request.user,
                at=request.at,
                recommendation=form.cleaned_data["recommendation"],
                particulars=form.particulars(),
            )
            messages.success(request, _receipt(asked))
            return go(asked)
    else:
        form = forms.Ask(question=question, initiative=initiative)
    return _show(request, draft, form, hindrance)


def _receipt(asked: Decision) -> str:
    decides = queries.decider(asked)
    if decides is None:
        return _("Asked. Nobody is Accountable yet, so nobody can answer until somebody is named.")
    return _("Asked. %(name)s has it until %(when)s.") % {"name": decides.name, "when": moment(asked.due_at)}


def _hindrance(draft: Decision, initiative, request: Request) -> Refused | Conflict | Blocked | None:
    """Return what stands in the way of asking now, or None. The queries of grants.held_by, one for what is open, and the step's rules."""
    try:
        actions.require_ask(draft, initiative, by=request.user, at=request.at)
    except (Refused, Conflict, Blocked) as found:
        return found
    step = QUESTIONS[draft.kind].step_asked
    reasons = steps.why_not(initiative, step, request.at) if step else []
    return Blocked(reasons) if reasons else None


def _show(request: Request, draft: Decision, form: forms.Ask, hindrance) -> HttpResponse:
    """Show the page of one question that is not asked yet."""
    initiative, question = draft.initiative, QUESTIONS[draft.kind]
    decides = queries.decider(draft, initiative)
    days = policy.current().windows[question.window]
    open_one = None
    if isinstance(hindrance, Conflict):
        same = Decision.objects.open().filter(initiative=initiative, kind=draft.kind)
        open_one = same.order_by("-number").first()
    if open_one is not None:
        open_one.initiative = initiative
    tier = policy.current().tiers.get(initiative.tier) if initiative.tier is not None else None
    context: dict[str, Any] = {
        "initiative": initiative,
        "question": question,
        "form": form,
        "decides": decides,
        "days": days,
        "row": queries.row_of(draft).label,
        "due": calendars.of_person(decides).working_days_after(request.at, days),
        "refusal": hindrance if isinstance(hindrance, Refused) else None,
        "open_one": open_one,
        "blockers": claimed(hindrance.blockers, request.user) if isinstance(hindrance, Blocked) else [],
        "may_ask": hindrance is None,
        "needs": sheets.asked_of_pass(draft.kind, initiative, request.at) if not isinstance(hindrance, Refused) else [],
        "signs": [functions.label(slug) for slug in tier.sign_offs] if tier and question.signed_off else [],
        "askers": actions.askers(initiative, question),
    }
    status = 403 if context["refusal"] else 422 if form.errors else 200
    return render(request, "gates/ask.html", context, status=status)


def _choose(request: Request, initiative) -> HttpResponse:
    """Show every question this stage knows, who decides it, and whether the reader may ask. Queries as grants.held_by, and one."""
    held = grants.held_by(request.user, initiative, request.at)
    open_ones = {d.kind: d for d in queries.open_decisions(initiative)}
    rows = []
    for kind, question in QUESTIONS.items():
        if (
            kind == Kind.DAY_90
            or initiative.stage not in question.stages
            or initiative.is_retiring
            or (kind == Kind.TIER_CHANGE and initiative.tier is None)
        ):
            continue
        decides = queries.decider(Decision(initiative=initiative, kind=kind), initiative)
        there = open_ones.get(kind) if kind != Kind.MODIFICATION else None
        mine = decides is not None and decides == request.user
        if there is not None:
            there.initiative = initiative
            url, action, fact = there.get_absolute_url(), _("See the question"), _("asked already")
        elif mine:
            url, action, fact = (
                "",
                "",
                _("You decide this, so someone else must ask: %(names)s")
                % {"names": actions.askers(initiative, question) or _("name a Responsible")},
            )
        elif question.asks in held:
            url, action, fact = f"{reverse('gates:ask', args=[initiative.key])}?kind={kind}", _("Ask"), ""
        else:
            url, action, fact = (
                "",
                "",
                _("%(names)s can ask") % {"names": actions.askers(initiative, question) or _("nobody named yet")},
            )
        rows.append(
            {
                "question": question,
                "decides": decides,
                "url": url,
                "action": action,
                "fact": fact,
                "mine": bool(url and action == _("Ask")),
            }
        )
    return render(request, "gates/ask_which.html", {"initiative": initiative, "rows": rows})
