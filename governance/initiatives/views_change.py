"""Changing what an initiative says: its words, its tier, who sees it, whether it may expand."""

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
from governance.core.words import mid_sentence
from governance.gates.settling import settle
from governance.initiatives import actions, forms, material, own, roles
from governance.initiatives.finding import find
from governance.initiatives.models import Initiative
from governance.people import functions
from governance.people.functions import Function
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May


def _find(request: Request, number: int):
    """Return the initiative; a POST first writes what time did to its open questions."""
    initiative = find(request, number)
    if request.method == "POST" and settle(initiative, at=request.at):
        initiative = find(request, number)
    return initiative


# What it says


@require_http_methods(["GET", "POST"])
def amend(request: Request, number: int) -> HttpResponse:
    """Show and save everything an initiative says; a material change is confirmed on the page first."""
    initiative = _find(request, number)
    actions.require(request.user, initiative, May.AMEND, request.at)
    gate = material.locking_gate(initiative)
    locked = material.LOCKED if gate is not None else ()
    form = forms.Amend(request.POST or None, instance=initiative, locked=locked, own=own.standing(initiative))
    if request.method == "GET":
        return _amend_page(request, initiative, form, gate)
    if not form.is_valid():
        return _amend_page(request, initiative, form, gate, status=422)
    values, theirs = form.values(), form.own_values()
    changed = [name for name, value in values.items() if value != getattr(initiative, name)]
    changed += [column.name for column, value in theirs.items() if value != form.own[column]]
    voided = roles.void_by(initiative, changed)
    if voided and "confirmed" not in request.POST:
        return _amend_page(request, initiative, form, gate, voided=voided, changed=changed)
    try:
        seen = form.cleaned_data["version"]
        actions.amend(initiative, values, own=theirs, by=request.user, at=request.at, seen_version=seen)
    except Conflict as conflict:
        fresh = find(request, number)
        return _amend_page(
            request,
            fresh,
            _for_version(request, fresh, locked),
            gate,
            conflict=conflict,
            theirs=_theirs(fresh, form),
            status=409,
        )
    messages.success(request, _("Saved.") if changed else _("Nothing was changed: everything is as it was."))
    return go(initiative)


def _for_version(request: Request, fresh, locked):
    """Return the form as it was typed, for the version that is there now."""
    data = request.POST.copy()
    data["version"] = str(fresh.version)
    form = forms.Amend(data, instance=fresh, locked=locked, own=own.standing(fresh))
    form.is_valid()
    return form


def _theirs(fresh, form) -> list[dict]:
    """Return what is there now beside what was typed, for every field that differs."""
    rows = []
    for name, value in form.values().items():
        if value != getattr(fresh, name):
            mine = forms.shown_value(form.fields[name], value)
            rows.append(
                {
                    "label": form.fields[name].label,
                    "theirs": forms.shown_value(form.fields[name], getattr(fresh, name)),
                    "yours": mine,
                }
            )
    for column, value in form.own_values().items():
        if value != form.own[column]:
            now, mine = own.plain(form.own[column]) or "–", own.plain(value) or "–"
            rows.append({"label": column.title, "theirs": now, "yours": mine})
    return rows


def _amend_page(
    request: Request, initiative, form, gate, *, voided=(), changed=(), conflict=None, theirs=(), status: int = 200
) -> HttpResponse:
    """Show the form in sections; locked fields as text, with why."""
    locked = (
        [
            {"label": Initiative._meta.get_field(name).verbose_name, "value": _shown(initiative, name)}
            for name in material.LOCKED
        ]
        if gate is not None
        else []
    )
    context = {
        "initiative": initiative,
        "form": form,
        "gate": gate,
        "locked": locked,
        "voided": voided,
        "conflict": conflict,
        "theirs": theirs,
        "changed": [mid_sentence(form.fields[name].label) for name in changed if name in material.MATERIAL],
        "warned": roles.void_by(initiative, ["purpose"]) if gate is None and not voided else [],
        "material": [mid_sentence(Initiative._meta.get_field(name).verbose_name) for name in material.LOCKED],
    }
    return render(request, "initiatives/amend.html", context, status=status)


def _shown(initiative, name: str) -> Any:
    """Return a field as a reader sees it."""
    display = getattr(initiative, f"get_{name}_display", None)
    return (display() if display else getattr(initiative, name)) or "–"


# Its tier


@require_http_methods(["GET", "POST"])
def tier(request: Request, number: int) -> HttpResponse:
    """Show the tiers and what each brings; propose one, or confirm it for those who may."""
    initiative = _find(request, number)
    held = grants.held_by(request.user, initiative, request.at)
    form = forms.Tier(
        request.POST or None,
        initial={"tier": initiative.tier_proposed},
        with_reason=initiative.tier_proposed is None or May.CONFIRM_TIER not in held,
    )
    if request.method == "GET":
        return _tier_page(request, initiative, form, held)
    if request.POST.get("do") not in ("propose", "confirm"):
        raise Http404
    if not form.is_valid():
        return _tier_page(request, initiative, form, held, status=422)
    chosen = form.cleaned_data["tier"]
    if request.POST["do"] == "confirm":
        try:
            actions.confirm_tier(initiative, chosen, by=request.user, at=request.at)
        except Refused as refused:
            if May.CONFIRM_TIER not in held:
                raise
            form.add_error("tier", refused.message)
            return _tier_page(request, initiative, form, held, status=422)
        messages.success(
            request, _("Tier %(tier)s is confirmed. What it asks for is on the controls page.") % {"tier": chosen}
        )
    else:
        actions.propose_tier(
            initiative, chosen, by=request.user, at=request.at, reason=form.cleaned_data.get("reason", "")
        )
        messages.success(request, _("Tier %(tier)s is proposed. Whoever confirms it was told.") % {"tier": chosen})
    return go("initiatives:tier", initiative.key)


def _tier_page(request: Request, initiative, form, held, *, status: int = 200) -> HttpResponse:
    """Show every tier with what it brings, and the form of whoever may use it."""
    may_confirm = May.CONFIRM_TIER in held and initiative.tier is None and initiative.tier_proposed is not None
    rules = policy.current()
    tiers = []
    for one, radio in zip(rules.tiers.values(), form["tier"], strict=True):
        capability = initiative.capability or "can_act"
        tiers.append(
            {
                "tier": one,
                "radio": radio,
                "controls": rules.controls_for(one.tier, capability),
                "sign_offs": [functions.label(slug) for slug in one.sign_offs],
                "confirmed_by": [functions.label(slug) for slug in one.tier_confirmed_by],
                "current": one.tier == initiative.tier,
                "proposed": initiative.tier is None and one.tier == initiative.tier_proposed,
            }
        )
    asked = next((t["confirmed_by"] for t in tiers if t["proposed"]), [])
    context = {
        "initiative": initiative,
        "form": form,
        "tiers": tiers,
        "may_confirm": may_confirm,
        "may_propose": May.AMEND in held and initiative.tier is None,
        "confirmers": ", ".join(str(label) for label in asked),
        "ask_url": f"{reverse('gates:ask', args=[initiative.key])}?kind=tier_change"
        if initiative.tier is not None and May.AMEND in held and initiative.stage != "retired"
        else "",
        "on_it": raci.matrix(initiative).is_on_it(request.user, functions.of(request.user)),
    }
    return render(request, "initiatives/tier.html", context, status=status)


# Who sees it, and whether it expands


@require_http_methods(["GET", "POST"])
def restrict(request: Request, number: int) -> HttpResponse:
    """Restrict an initiative to the people it concerns, or lift that."""
    initiative = _find(request, number)
    wanted = not initiative.restricted
    may = May.RESTRICT if wanted else May.UNRESTRICT
    actions.require(request.user, initiative, may, request.at)
    if request.method == "POST":
        wanted = request.POST.get("restricted") == "yes"
        actions.set_restricted(initiative, wanted, by=request.user, at=request.at)
        messages.success(
            request,
            _("Only the people it concerns see it now.") if wanted else _("Everybody who signs in sees it now."),
        )
        return go(initiative)
    seeing = [str(Function(f).label) for f in (Function.COMPLIANCE, Function.PORTFOLIO, Function.AUDITORS)]
    people = {
        p.pk: p
        for p in [*raci.matrix(initiative).people, initiative.workflow_owner, initiative.registrant]
        if p is not None
    }
    groups = sorted({str(functions.label(a.group.name)) for a in raci.matrix(initiative).rows if a.group})
    context = {
        "initiative": initiative,
        "wanted": wanted,
        "people": sorted(people.values(), key=lambda p: p.name),
        "seeing": sorted({*seeing, *groups}),
    }
    return render(request, "initiatives/restrict.html", context)


@require_http_methods(["GET", "POST"])
def pause(request: Request, number: int) -> HttpResponse:
    """Pause the rollout with a reason, or resume it."""
    initiative = _find(request, number)
    held = grants.held_by(request.user, initiative, request.at)
    if not {May.PAUSE, May.STOP} & held:
        actions.require(request.user, initiative, May.PAUSE, request.at)
    form = forms.Because(request.POST or None, label=_("Why it must not expand for now"))
    if request.method == "POST" and request.POST.get("do") == "resume":
        actions.resume_rollout(initiative, by=request.user, at=request.at)
        messages.success(request, _("The rollout goes on."))
        return go(initiative)
    if request.method == "POST" and form.is_valid():
        actions.pause_rollout(initiative, by=request.user, at=request.at, because=form.cleaned_data["because"])
        messages.success(request, _("The rollout is paused. It runs on and must not expand."))
        return go(initiative)
    context = {
        "initiative": initiative,
        "form": form,
        "paused": initiative.is_rollout_paused(),
        "may_stop": May.STOP in held and initiative.is_running,
    }
    return render(request, "initiatives/pause.html", context, status=422 if request.method == "POST" else 200)
