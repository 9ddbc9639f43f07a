"""Ending and mending: retire with a postmortem, close, place what nobody knows, correct what a register got wrong."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core.errors import Conflict, Refused
from governance.core.http import Request, go
from governance.core.rules import Blocked, Blocker
from governance.gates import forms, queries, sheets
from governance.gates import retire as acts
from governance.gates.models import Retirement
from governance.initiatives import steps
from governance.initiatives.finding import find
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.people import calendars, functions, proof
from governance.people.functions import Function
from governance.people.proving import kept, need_proof
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May


def _retirement(initiative) -> Retirement | None:
    """Return its retirement, under way or published; None where there is none, or a correction ended it. One query."""
    made = (
        Retirement.objects.select_related("published_by", "begun_by", "signature").filter(initiative=initiative).first()
    )
    return made if made is not None and (made.published_at is not None or initiative.is_retiring) else None


@require_http_methods(["GET", "POST"])
def retire(request: Request, number: int) -> HttpResponse:
    """Begin to retire it: the reason, what replaces it, what has to be taken care of."""
    initiative = find(request, number)
    may = May.RETIRE in grants.held_by(request.user, initiative, request.at)
    begun, retirer = _retirement(initiative), raci.retirer(initiative)
    if begun is not None and (request.method == "GET" or begun.begun_by_id == request.user.pk):
        return go("gates:postmortem", initiative.key)
    form = forms.Retire(request.POST if request.method == "POST" else None, initial=kept(request))
    if request.method == "GET":
        if not may:
            raise Refused(_("%(name)s retires it.") % {"name": retirer.name if retirer else Function.PORTFOLIO.label})
        _require_step(initiative, "retire")
    elif form.is_valid() or not may:
        if may and isinstance(proved := need_proof(request), HttpResponse):
            return proved
        acts.begin(
            initiative,
            **{name: form.cleaned_data.get(name, "") for name in ("reason", "replaced_by", "after_care")},
            by=request.user,
            at=request.at,
        )
        messages.success(request, _("It is retiring. It is retired when what was learned is published."))
        return go("gates:postmortem", initiative.key)
    days = policy.current().windows["postmortem_wd"]
    context = {
        "initiative": initiative,
        "form": form,
        "days": days,
        "due": calendars.of_person(retirer).working_days_after(request.at, days),
        "open": queries.open_decisions(initiative),
        "runs": initiative.is_running,
    }
    return render(request, "gates/retire.html", context, status=422 if form.errors else 200)


def _require_step(initiative: Initiative, name: str) -> None:
    """Raise Blocked where a step does not start from the present stage, or a retirement has begun."""
    if initiative.is_retiring:
        raise Blocked(
            [
                Blocker(
                    "retiring",
                    _("It is retiring. Only a stop, the postmortem and a correction are left."),
                    url=reverse("gates:postmortem", args=[initiative.key]),
                )
            ]
        )
    if steps.step_out(initiative, name) is None:
        raise Blocked(
            [Blocker("stage", _("Not possible while it is at %(stage)s.") % {"stage": initiative.stage_label})]
        )


@require_http_methods(["GET", "POST"])
def postmortem(request: Request, number: int) -> HttpResponse:
    """Write what was learned, and publish it: with that it is retired. Published, everybody who sees it reads it."""
    initiative = find(request, number)
    made = _retirement(initiative)
    if made is None:
        raise Http404
    made.initiative = initiative
    publishing = request.POST.get("do") == "publish"
    if made.published_at is not None:
        if request.method == "POST" and not (publishing and made.published_by_id == request.user.pk):
            raise Conflict(_("The postmortem is published; it stays as it is."))
        if request.method == "POST":
            return go("gates:postmortem", initiative.key)
        parts = [
            {"label": forms.label_of(name), "text": getattr(made, name)}
            for name in acts.PARTS
            if getattr(made, name).strip()
        ]
        return render(
            request,
            "gates/postmortem.html",
            {
                "initiative": initiative,
                "retirement": made,
                "parts": parts,
                "seal": sheets.seal(made.signature, initiative),
            },
        )
    may_publish = May.RETIRE in grants.held_by(request.user, initiative, request.at)
    may_write = (
        may_publish or request.user in raci.matrix(initiative).people or request.user.pk == initiative.workflow_owner_id
    )
    if request.method == "POST":
        return _write(request, initiative, made, publishing=publishing, may_write=may_write, may_publish=may_publish)
    form = (
        forms.Postmortem(instance=made, initial={"seen_version": made.version, **kept(request)}) if may_write else None
    )
    return _draft(request, initiative, made, form, may_publish=may_publish)


def _write(
    request: Request, initiative, made: Retirement, *, publishing: bool, may_write: bool, may_publish: bool
) -> HttpResponse:
    """Save the draft or publish it. A draft somebody else saved meanwhile is shown beside what was typed (409)."""
    form = forms.Postmortem(request.POST, instance=Retirement.objects.get(pk=made.pk), draft=not publishing)
    may = may_publish if publishing else may_write
    if may and not form.is_valid():
        return _draft(request, initiative, made, form, may_publish=may_publish, status=422)
    form.full_clean()
    values = {name: form.cleaned_data.get(name, "") for name in acts.PARTS}
    seen = form.cleaned_data.get("seen_version", 0)
    try:
        if publishing:
            proved = need_proof(request) if may else proof.fresh(request)
            if isinstance(proved, HttpResponse):
                return proved
            acts.publish_postmortem(initiative, values, by=request.user, at=request.at, proof=proved, seen_version=seen)
            messages.success(request, _("Published. It is retired."))
        else:
            acts.save_postmortem(initiative, values, by=request.user, at=request.at, seen_version=seen)
            messages.success(request, _("The draft is saved. Nobody is told until it is published."))
    except Conflict:
        now = Retirement.objects.get(pk=made.pk)
        if now.published_at is not None:
            raise
        theirs = [
            {"label": forms.label_of(name), "text": getattr(now, name)}
            for name in acts.PARTS
            if getattr(now, name) != values[name]
        ]
        again = forms.Postmortem(instance=now, initial={**values, "seen_version": now.version})
        return _draft(request, initiative, now, again, may_publish=may_publish, status=409, theirs=theirs)
    return go("gates:postmortem", initiative.key)


def _draft(
    request: Request, initiative, made: Retirement, form, *, may_publish: bool, status: int = 200, theirs=()
) -> HttpResponse:
    context = {
        "initiative": initiative,
        "retirement": made,
        "form": form,
        "may_publish": may_publish,
        "theirs": theirs,
        "retirer": raci.retirer(initiative),
        "office": Function.PORTFOLIO.label,
    }
    return render(request, "gates/postmortem_draft.html", context, status=status)


@require_http_methods(["GET", "POST"])
def close(request: Request, number: int) -> HttpResponse:
    """Close an idea or a finding, with a reason; whoever registered it is told."""
    initiative = find(request, number)
    may = May.CLOSE in grants.held_by(request.user, initiative, request.at)
    form = forms.Because(request.POST if request.method == "POST" else None)
    if request.method == "GET":
        if not may:
            raise Refused(
                _("Whoever registered it or the Portfolio office closes it."),
                initiative.registrant.name if initiative.registrant else "",
            )
        _require_step(initiative, "close")
    elif form.is_valid() or not may:
        acts.close(initiative, because=form.cleaned_data.get("because", ""), by=request.user, at=request.at)
        messages.success(request, _("Closed. It stays in the catalog under Retired, with your reason."))
        return go(initiative)
    return render(
        request,
        "gates/close.html",
        {"initiative": initiative, "form": form, "open": queries.open_decisions(initiative)},
        status=422 if form.errors else 200,
    )


def _targets(name: str, initiative) -> list[str]:
    """Return where a step may lead from the present stage, in the order of a life."""
    found = next((s for s in steps.table() if s.name == name and s.source == initiative.stage), None)
    stages = list(found.targets) if found else []
    pilot = name != "correct" or initiative.stage in ("build", "production")
    allowed = [s for s in stages if s != initiative.stage and (s != "pilot" or pilot)]
    return [s.value for s in (*list(Stage)[1:], Stage.TRIAGE) if s.value in allowed]


@require_http_methods(["GET", "POST"])
def place(request: Request, number: int) -> HttpResponse:
    """Say where something of unknown stage stands, naming the source."""
    initiative = find(request, number)
    may = Function.PORTFOLIO in functions.of(request.user)
    form = forms.Place(request.POST if request.method == "POST" else None, stages=_targets("place", initiative))
    if request.method == "GET":
        if not may:
            raise Refused(_("The Portfolio office says where it stands."), str(Function.PORTFOLIO.label))
        _require_step(initiative, "place")
    elif form.is_valid() or not may or not _targets("place", initiative):
        moved = acts.place(
            initiative,
            form.cleaned_data.get("to", "idea"),
            source=form.cleaned_data.get("source", ""),
            by=request.user,
            at=request.at,
        )
        messages.success(request, _("It stands at %(stage)s now.") % {"stage": moved.stage_label})
        return go(initiative)
    return render(
        request, "gates/place.html", {"initiative": initiative, "form": form}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
def correct(request: Request, number: int) -> HttpResponse:
    """Mend the stage a register got wrong; a correction is no decision, and never undoes one."""
    initiative = find(request, number)
    office, named = Function.PORTFOLIO in functions.of(request.user), raci.matrix(initiative).is_named(request.user)
    form = forms.Correct(request.POST if request.method == "POST" else None, stages=_targets("correct", initiative))
    if request.method == "GET":
        if not office:
            raise Refused(_("The Portfolio office corrects a stage."), str(Function.PORTFOLIO.label))
        if named:
            why = _("You are named on it, so somebody else in the Portfolio office must correct it.")
            raise Refused(why, str(Function.PORTFOLIO.label))
        if reasons := steps.why_not(initiative, "correct", request.at):
            raise Blocked(reasons)
    elif form.is_valid() or not office or named or not _targets("correct", initiative):
        moved = acts.correct(
            initiative,
            form.cleaned_data.get("to", "idea"),
            because=form.cleaned_data.get("because", ""),
            by=request.user,
            at=request.at,
        )
        messages.success(
            request, _("Corrected: it stands at %(stage)s. It is shown as a correction.") % {"stage": moved.stage_label}
        )
        return go(initiative)
    return render(
        request,
        "gates/correct.html",
        {"initiative": initiative, "form": form, "open": queries.open_decisions(initiative)},
        status=422 if form.errors else 200,
    )
