"""Stopping: three taps, at once, alone. And asking for it, where somebody may not."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core.errors import Conflict, Refused
from governance.core.http import Request, go
from governance.gates import forms, queries
from governance.gates import stop as acts
from governance.gates.models import Stop, StopReason, StopWish
from governance.initiatives.finding import find
from governance.people import functions, proof
from governance.people.functions import Function
from governance.people.proving import kept, need_proof
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Row


@require_http_methods(["GET", "POST"])
def stop(request: Request, number: int) -> HttpResponse:
    """Stop it now, or, once that is asked, show whether it is confirmed and whom to call until it is.

    Who holds no stop authority is led to asking for a stop. A POST needs a sign-in or proof not older
    than the policy says (12 hours).
    """
    initiative = find(request, number)
    there = queries.current_stop(initiative) if initiative.stage == "stopped" else None
    held = grants.held_by(request.user, initiative, request.at)
    if request.method == "GET" and there is not None:
        return _stopped(request, initiative, there, held)
    if request.method == "GET" and not initiative.is_running:
        raise Conflict(_("Nothing runs: it is %(stage)s.") % {"stage": initiative.stage_label})
    if request.method == "GET" and May.STOP not in held:
        return redirect("gates:ask_to_stop", initiative.key)
    form = forms.StopNow(
        request.POST if request.method == "POST" else None,
        initial={"reason": request.GET.get("reason", ""), **kept(request)},
    )
    if request.method == "POST" and (form.is_valid() or May.STOP not in held):
        within = timedelta(hours=policy.current().windows["stop_sign_in_h"])
        proved = need_proof(request, within) if May.STOP in held else proof.fresh(request)
        if isinstance(proved, HttpResponse):
            return proved
        said = form.cleaned_data
        acts.stop(
            initiative,
            reason=said.get("reason", StopReason.OTHER),
            note=said.get("note", ""),
            by=request.user,
            at=request.at,
            proof=proved,
        )
        return go("gates:stop", initiative.key)
    context = {
        "initiative": initiative,
        "form": form,
        "told": acts.concerned(initiative),
        "wishes": queries.open_wishes(initiative),
        "may_pause": May.PAUSE in held and not initiative.is_rollout_paused(),
    }
    return render(request, "gates/stop.html", context, status=422 if form.errors else 200)


def _stopped(request: Request, initiative, there: Stop, held: frozenset) -> HttpResponse:
    """Show the stop in force: asked, then confirmed. A part alone where htmx asks whether it is confirmed by now."""
    who = there.asked_by.name if there.asked_by else _("The clock")
    steps: list[dict[str, Any]] = [
        {
            "at": there.asked_at,
            "text": _("Asked by %(who)s: %(reason)s") % {"who": who, "reason": there.get_reason_display()},
            "detail": there.note,
            "tone": "ok",
            "icon": "met",
        }
    ]
    told = acts.concerned(initiative)
    steps.append(
        {
            "at": there.asked_at,
            "text": _("Told: %(names)s") % {"names": ", ".join(p.name for p in told) or _("nobody is named")},
            "tone": "ok",
            "icon": "mail",
        }
    )
    if there.confirmed_at and there.confirmed_by:
        steps.append(
            {
                "at": there.confirmed_at,
                "text": _("Confirmed stopped by %(name)s") % {"name": there.confirmed_by.name},
                "detail": there.confirmed_how,
                "tone": "ok",
                "icon": "square",
            }
        )
    else:
        steps.append(
            {
                "at": request.at,
                "text": _("Not confirmed yet: it may still be running."),
                "tone": "stop",
                "icon": "warning",
            }
        )
    context = {
        "initiative": initiative,
        "stop": there,
        "steps": steps,
        "calls": _whom_to_call(initiative),
        "may_confirm": May.CONFIRM_STOP in held and not there.confirmed_at,
        "who": who,
        "may_ask": May.ASK_HALT in held and not initiative.is_retiring,
        "owner": raci.matrix(initiative).accountable(Row.HALT),
        "took": there.confirmed_at,
        "restart": next(
            (d for d in queries.open_decisions(initiative) if d.kind in ("restart", "back_to_pilot")), None
        ),
    }
    if context["restart"]:
        context["restart"].initiative = initiative
    return render(request, "gates/_stopped.html" if request.htmx else "gates/stopped.html", context)


def _whom_to_call(initiative) -> list[dict[str, Any]]:
    """Return who can make sure that it stops, with their phone, once each: Escalation owner, business owner, workflow owner."""
    matrix = raci.matrix(initiative)
    wanted = (
        (matrix.escalation(Row.HALT), _("Escalation owner")),
        (matrix.accountable(Row.HALT), _("Business owner")),
        (initiative.workflow_owner, _("Workflow owner")),
    )
    found: dict[int, dict[str, Any]] = {}
    for person, role in wanted:
        if person is not None and person.is_active:
            found.setdefault(
                person.pk,
                {
                    "person": person,
                    "role": role,
                    "phone": person.phone,
                    "tel": "".join(c for c in person.phone if c.isdigit() or c == "+"),
                },
            )
    return list(found.values())


@require_http_methods(["GET", "POST"])
def confirm(request: Request, number: int) -> HttpResponse:
    """Confirm, signed, that it really stopped, and say how you know."""
    initiative = find(request, number)
    there = queries.current_stop(initiative)
    if there is None:
        raise Conflict(_("No stop is in force."))
    may = May.CONFIRM_STOP in grants.held_by(request.user, initiative, request.at)
    if there.confirmed_at and (request.method == "GET" or there.confirmed_by_id == request.user.pk):
        return go("gates:stop", initiative.key) if request.method == "POST" else redirect("gates:stop", initiative.key)
    if request.method == "GET" and not may:
        raise Refused(
            _("A stop is confirmed by somebody named on it, by Compliance or by the Portfolio office."),
            ", ".join(c["person"].name for c in _whom_to_call(initiative)),
        )
    form = forms.ConfirmStop(
        request.POST if request.method == "POST" else None, initial={**kept(request), "stop": there.pk}
    )
    if request.method == "POST" and (form.is_valid() or not may):
        if may and form.cleaned_data["stop"] != there.pk:
            raise Conflict(_("This page showed an earlier stop. Read it again, then sign."))
        proved = need_proof(request) if may else proof.fresh(request)
        if isinstance(proved, HttpResponse):
            return proved
        acts.confirm(there, how=form.cleaned_data.get("how", ""), by=request.user, at=request.at, proof=proved)
        messages.success(request, _("Confirmed. Everybody who was told of the stop now knows that it has stopped."))
        return go("gates:stop", initiative.key)
    who = there.asked_by.name if there.asked_by else _("the clock")
    return render(
        request,
        "gates/confirm_stop.html",
        {"initiative": initiative, "stop": there, "who": who, "form": form},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def ask_to_stop(request: Request, number: int) -> HttpResponse:
    """Ask those with stop authority to stop it; shows what became of earlier asking."""
    initiative = find(request, number)
    if not initiative.is_running:
        if request.method == "GET" and initiative.stage == "stopped":
            return redirect("gates:stop", initiative.key)
        raise Conflict(_("Nothing runs: it is %(stage)s.") % {"stage": initiative.stage_label})
    form = forms.AskToStop(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        acts.ask_to_stop(initiative, saw=form.cleaned_data["saw"], by=request.user, at=request.at)
        messages.success(
            request, _("Asked. %(names)s know now. It is still running.") % {"names": _names(_paged(initiative))}
        )
        return go("gates:ask_to_stop", initiative.key)
    wishes = (
        StopWish.objects.filter(initiative=initiative, person=request.user)
        .select_related("answered_by")
        .order_by("-at", "-pk")[:5]
    )
    context = {
        "initiative": initiative,
        "form": form,
        "paged": _paged(initiative),
        "calls": _whom_to_call(initiative),
        "mine": list(wishes),
        "hours": policy.current().windows["ask_to_stop_h"],
        "may_stop": May.STOP in grants.held_by(request.user, initiative, request.at),
    }
    return render(request, "gates/ask_to_stop.html", context, status=422 if form.errors else 200)


def _paged(initiative) -> list:
    """Return who is told at once when somebody asks to stop it. Two queries where nobody is named."""
    matrix = raci.matrix(initiative)
    named = {p.pk: p for p in (matrix.accountable(Row.HALT), matrix.escalation(Row.HALT)) if p}
    return list(named.values()) or [*functions.members(Function.PORTFOLIO), *functions.members(Function.COMPLIANCE)]


def _names(people: list) -> str:
    return ", ".join(p.name for p in people) or _("Those who can stop it")


@require_http_methods(["GET", "POST"])
def answer_wish(request: Request, number: int, pk: int) -> HttpResponse:
    """Answer somebody who asked to stop it: stop it, or say why it runs on."""
    initiative = find(request, number)
    wish = StopWish.objects.select_related("person", "answered_by").filter(initiative=initiative, pk=pk).first()
    if wish is None:
        raise Http404
    may = May.STOP in grants.held_by(request.user, initiative, request.at)
    form = forms.AnswerWish(request.POST if request.method == "POST" else None)
    if request.method == "POST" and wish.answered_by_id == request.user.pk:
        return go(request.path)
    if request.method == "POST" and (form.is_valid() or not may):
        acts.answer_wish(wish, answer=form.cleaned_data.get("answer", ""), by=request.user, at=request.at)
        messages.success(request, _("Answered. %(name)s is told.") % {"name": wish.person.name})
        return go(request.path)
    if not may and wish.person_id != request.user.pk and request.method == "GET" and wish.answered_at is None:
        names = grants.who(initiative, May.STOP, request.at)
        raise Refused(_("Those with stop authority answer this."), ", ".join(dict.fromkeys(p.name for p in names)))
    context = {
        "initiative": initiative,
        "wish": wish,
        "form": form,
        "may": may and wish.answered_at is None,
        "stop_url": reverse("gates:stop", args=[initiative.key]),
    }
    return render(request, "gates/wish.html", context, status=422 if form.errors else 200)
