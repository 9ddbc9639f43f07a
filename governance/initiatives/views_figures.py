"""What an initiative has to prove: its outcome and figures, its budget, the controls of its tier."""

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
from governance.gates.settling import settle
from governance.gates.signoffs import may_answer
from governance.initiatives import controls as checks
from governance.initiatives import figures, forms, material
from governance.initiatives.actions import require
from governance.initiatives.finding import find
from governance.outcomes import queries as outcomes
from governance.outcomes import words
from governance.people import functions
from governance.people.functions import Function
from governance.people.proving import kept, need_proof
from governance.proof import queries as proofs
from governance.proof.models import SignOff
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May


def _find(request: Request, number: int):
    """Return the initiative; a POST first writes what time did to its open questions."""
    initiative = find(request, number)
    if request.method == "POST" and settle(initiative, at=request.at):
        initiative = find(request, number)
    return initiative


def _seen(request: Request) -> str:
    """Return the digest of what the form showed, as it was sent along."""
    return request.POST.get("seen", "")


# Outcome and figures


@require_http_methods(["GET", "POST"])
def outcome(request: Request, number: int) -> HttpResponse:
    """Show the outcome and its figures; set it, add a figure, confirm or return one."""
    initiative = _find(request, number)
    if request.method == "GET":
        return _outcome_page(request, initiative)
    does = {"set": _set_outcome, "add": _add_figure, "confirm": _confirm_figure, "return": _return_figure}.get(
        request.POST.get("do", "")
    )
    if does is None:
        raise Http404
    return does(request, initiative)


def _set_outcome(request: Request, initiative) -> HttpResponse:
    require(request.user, initiative, May.AMEND, request.at)
    there = outcomes.outcome(initiative)
    form = forms.OutcomeForm(request.POST, instance=there)
    if not form.is_valid():
        return _outcome_page(request, initiative, form=form, status=422)
    try:
        figures.set_outcome(
            initiative, form.values(), by=request.user, at=request.at, seen_version=form.cleaned_data["version"] or 0
        )
    except Conflict as conflict:
        outcomes.forget(initiative)
        there = outcomes.outcome(initiative)
        return _outcome_page(
            request,
            initiative,
            form=_for_version(request, there),
            conflict=conflict,
            theirs=_theirs(form, there),
            status=409,
        )
    messages.success(request, _("The outcome is saved."))
    return go("initiatives:outcome", initiative.key)


def _for_version(request: Request, there):
    """Return the form as it was typed, for the version that is there now."""
    data = request.POST.copy()
    data["version"] = str(there.version)
    form = forms.OutcomeForm(data, instance=there)
    form.is_valid()
    return form


def _theirs(form, there) -> list[dict]:
    """Return what is there now beside what was typed, for every field that differs."""
    rows = []
    for name, value in form.values().items():
        field, now = form.fields.get("better" if name == "lower_is_better" else name), getattr(there, name)
        if field is not None and value != now:
            rows.append(
                {
                    "label": field.label,
                    "theirs": forms.shown_value(field, now),
                    "yours": forms.shown_value(field, value),
                }
            )
    return rows


def _add_figure(request: Request, initiative) -> HttpResponse:
    require(request.user, initiative, May.AMEND, request.at)
    form = forms.Figure(request.POST, at=request.at)
    if not form.is_valid():
        return _outcome_page(request, initiative, adding=form, status=422)
    figures.add_measurement(
        initiative, **{name: form.cleaned_data[name] for name in form.Meta.fields}, by=request.user, at=request.at
    )
    messages.success(
        request, _("The figure is claimed. It counts at the gate once somebody else confirms it; Finance was told.")
    )
    return go("initiatives:outcome", initiative.key)


def _figure(request: Request, initiative):
    """Return the figure that is meant, or 404."""
    found = next((m for m in outcomes.measurements(initiative) if str(m.number) == request.POST.get("figure")), None)
    if found is None:
        raise Http404
    return found


def _confirm_figure(request: Request, initiative) -> HttpResponse:
    figure = _figure(request, initiative)
    if refused := figures.may_confirm_figure(request.user, initiative, figure):
        raise Refused(refused, str(Function.FINANCE.label))
    proof = need_proof(request)
    if isinstance(proof, HttpResponse):
        return proof
    figures.answer_figure(figure, by=request.user, at=request.at, proof=proof, seen=_seen(request))
    messages.success(request, _("You confirmed the figure. It counts at the gate now."))
    return go(f"{reverse('initiatives:outcome', args=[initiative.key])}#figure-{figure.number}")


def _return_figure(request: Request, initiative) -> HttpResponse:
    figure = _figure(request, initiative)
    if refused := figures.may_confirm_figure(request.user, initiative, figure):
        raise Refused(refused, str(Function.FINANCE.label))
    form = forms.Because(request.POST, prefix=f"figure-{figure.number}", label=_("Why you cannot confirm it"))
    if not form.is_valid():
        return _outcome_page(request, initiative, returning=form, number=figure.number, status=422)
    figures.answer_figure(
        figure, by=request.user, at=request.at, proof=None, returned_because=form.cleaned_data["because"]
    )
    messages.success(request, _("You returned the figure. %(name)s is told why.") % {"name": figure.supplied_by.name})
    return go("initiatives:outcome", initiative.key)


def _outcome_page(
    request: Request,
    initiative,
    *,
    form=None,
    adding=None,
    returning=None,
    number=0,
    conflict=None,
    theirs=(),
    status: int = 200,
) -> HttpResponse:
    """Show the outcome, its figures and the forms of whoever may write."""
    held = grants.held_by(request.user, initiative, request.at)
    there, may_amend = outcomes.outcome(initiative), May.AMEND in held
    gate = material.locking_gate(initiative) if may_amend else None
    rows = []
    for figure in outcomes.measurements(initiative):
        waits = figure.confirmed_at is None and not figure.returned_because
        refused = figures.may_confirm_figure(request.user, initiative, figure) if waits else ""
        rows.append(
            {
                "figure": figure,
                "value": words.figure(there, figure.value),
                "waits": waits,
                "may": waits and not refused,
                "refused": refused if waits and figure.supplied_by_id == request.user.pk else "",
                "meets": there.meets(figure.value),
                "counts": _counts(there, figure),
                "statement": figures.figure_statement(figure, there),
                "seen": figures.shown(figure, there),
                "form": (returning if number == figure.number else None)
                or forms.Because(prefix=f"figure-{figure.number}", label=_("Why you cannot confirm it")),
            }
        )
    fixed = bool(gate) and there is not None
    if may_amend and not fixed and form is None:
        form = forms.OutcomeForm(instance=there)
    context = {
        "initiative": initiative,
        "outcome": there,
        "rows": rows,
        **{name: words.figure(there, getattr(there, name, None)) for name in ("baseline", "threshold", "target")},
        "set_form": None if fixed or not may_amend else form,
        "locked": gate if fixed else None,
        "add_form": (adding or forms.Figure(at=request.at))
        if may_amend and there is not None and initiative.stage != "retired"
        else None,
        "may_amend": may_amend,
        "conflict": conflict,
        "theirs": theirs,
        "form": adding or form or returning,
        "days": policy.current().windows["threshold_before_measuring_d"],
        "counts_from": outcomes.counts_from(there) if there else None,
    }
    return render(request, "initiatives/outcome.html", context, status=status)


def _counts(outcome, figure) -> str:
    """Return why a figure does not count at the gate, or ""."""
    first = outcomes.counts_from(outcome)
    if first is None:
        return _("no threshold is set")
    if figure.starts_on < first:
        return _("measured before the threshold was set")
    if not outcomes.long_enough(figure):
        return _("shorter than %(days)s days") % {"days": policy.current().windows["threshold_before_measuring_d"]}
    return ""


# Budget


@require_http_methods(["GET", "POST"])
def budget(request: Request, number: int) -> HttpResponse:
    """Show the production budget; ask for one, or approve it as Finance."""
    initiative = _find(request, number)
    if request.method == "GET":
        return _budget_page(request, initiative)
    if request.POST.get("do") == "ask":
        require(request.user, initiative, May.AMEND, request.at)
        form = forms.AskBudget(request.POST)
        if not form.is_valid():
            return _budget_page(request, initiative, asking=form, status=422)
        figures.ask_budget(initiative, **form.cleaned_data, by=request.user, at=request.at)
        messages.success(request, _("Finance was asked to approve the budget."))
        return go("initiatives:budget", initiative.key)
    there = outcomes.budget(initiative)
    if there is None or request.POST.get("do") != "approve":
        raise Http404
    if not _may_approve(request.user, there):
        raise Refused(
            _("You asked for this budget, so somebody else must approve it.")
            if there.asked_by_id == request.user.pk
            else _("Finance approves budgets."),
            str(Function.FINANCE.label),
        )
    form = forms.ApproveBudget(request.POST, instance=there)  # type: ignore[assignment]
    if not form.is_valid():
        return _budget_page(request, initiative, approving=form, status=422)
    proof = need_proof(request)
    if isinstance(proof, HttpResponse):
        return proof
    values = form.cleaned_data
    figures.approve_budget(
        there,
        approved=values["approved"],
        cost_centre=values["cost_centre"],
        reference=values["reference"],
        by=request.user,
        at=request.at,
        proof=proof,
        seen_version=values["version"],
    )
    messages.success(request, _("You approved the budget. %(name)s is told.") % {"name": there.asked_by.name})
    return go("initiatives:budget", initiative.key)


def _may_approve(person, budget) -> bool:
    """Return whether this person approves this budget: in Finance, and did not ask for it."""
    return functions.has(person, Function.FINANCE) and budget.asked_by_id != person.pk


def _budget_page(request: Request, initiative, *, asking=None, approving=None, status: int = 200) -> HttpResponse:
    """Show the budget and the form of whoever may write."""
    held = grants.held_by(request.user, initiative, request.at)
    there, may_ask = outcomes.budget(initiative), May.AMEND in held and initiative.stage != "retired"
    gate = material.locking_gate(initiative) if may_ask and there is not None else None
    open_for_approval = there is not None and there.approved is None
    if may_ask and gate is None and asking is None:
        asking = forms.AskBudget(instance=there)
    if open_for_approval and _may_approve(request.user, there) and approving is None:
        approving = forms.ApproveBudget(
            instance=there, initial={k: v for k, v in kept(request).items() if k != "version"}
        )
    owner = raci.matrix(initiative).owner
    context = {
        "initiative": initiative,
        "budget": there,
        "ask_form": asking if may_ask and gate is None else None,
        "approve_form": approving if open_for_approval else None,
        "locked": gate,
        "voids": [owner.name] if owner is not None and there is not None else [],
        "form": asking if asking is not None and asking.is_bound else approving,
        "mine": there is not None and there.asked_by_id == request.user.pk,
        "in_finance": functions.has(request.user, Function.FINANCE),
    }
    return render(request, "initiatives/budget.html", context, status=status)


# Controls and sign-offs


@require_http_methods(["GET", "POST"])
def controls(request: Request, number: int) -> HttpResponse:
    """Show the tier's controls as a checklist; say how one is met, confirm it, return it, set it aside."""
    initiative = _find(request, number)
    if request.method == "GET":
        return _controls_page(request, initiative, opened=request.GET.get("control", ""))
    state = next((c for c in proofs.controls(initiative) if c.ref == request.POST.get("control")), None)
    if state is None:
        raise Http404
    does = {"supply": _supply, "confirm": _confirm, "return": _return, "waive": _waive}.get(request.POST.get("do", ""))
    if does is None:
        raise Http404
    return does(request, initiative, state)


def _back(initiative, state) -> HttpResponse:
    return go(f"{reverse('initiatives:controls', args=[initiative.key])}#{state.ref}")


def _supply(request: Request, initiative, state) -> HttpResponse:
    require(request.user, initiative, May.AMEND, request.at)
    form = forms.Supply(request.POST, at=request.at, prefix=_prefix(state))
    if not form.is_valid():
        return _controls_page(request, initiative, opened=state.ref, supply=form, status=422)
    checks.supply(initiative, state.ref, **form.cleaned_data, by=request.user, at=request.at)
    messages.success(request, _("Saved. %(function)s was asked to look.") % {"function": state.function_label})
    return _back(initiative, state)


def _confirm(request: Request, initiative, state) -> HttpResponse:
    _refuse_others(request, initiative, state)
    proof = need_proof(request)
    if isinstance(proof, HttpResponse):
        return proof
    checks.answer(initiative, state.ref, by=request.user, at=request.at, proof=proof, seen=_seen(request))
    messages.success(request, _("You confirmed %(control)s.") % {"control": state.title})
    return _back(initiative, state)


def _return(request: Request, initiative, state) -> HttpResponse:
    _refuse_others(request, initiative, state)
    form = forms.Because(request.POST, prefix=f"return-{_prefix(state)}", label=_("Why you cannot confirm it"))
    if not form.is_valid():
        return _controls_page(request, initiative, returning=(state.ref, form), status=422)
    checks.answer(
        initiative,
        state.ref,
        by=request.user,
        at=request.at,
        proof=None,
        seen=_seen(request),
        returned_because=form.cleaned_data["because"],
    )
    messages.success(
        request, _("You returned %(control)s. Whoever supplied it is told why.") % {"control": state.title}
    )
    return _back(initiative, state)


def _waive(request: Request, initiative, state) -> HttpResponse:
    _refuse_others(request, initiative, state)
    form = forms.Waive(request.POST, at=request.at, prefix=f"waive-{_prefix(state)}")
    if not form.is_valid():
        return _controls_page(request, initiative, waiving=(state.ref, form), status=422)
    proof = need_proof(request)
    if isinstance(proof, HttpResponse):
        return proof
    checks.answer(
        initiative,
        state.ref,
        by=request.user,
        at=request.at,
        proof=proof,
        seen=_seen(request),
        waived_until=form.cleaned_data["until"],
        waived_because=form.cleaned_data["because"],
    )
    messages.success(
        request,
        _("%(control)s is set aside until %(day)s.") % {"control": state.title, "day": form.cleaned_data["until"]},
    )
    return _back(initiative, state)


def _refuse_others(request: Request, initiative, state) -> None:
    """Raise Refused for whoever may not confirm this control, saying whose it is."""
    if refused := checks.may_confirm(request.user, initiative, state):
        raise Refused(refused, str(state.function_label))


def _prefix(state) -> str:
    """Return a control's reference as part of a field's name: T2.1 → T2-1."""
    return state.ref.replace(".", "-")


#: state of a control → its glyph and, where the glyph's own word says too little, a word.
_GLYPHS = {
    "met": "met",
    "waived": "waived",
    "expired": "expired",
    "returned": "not_met",
    "waiting": "waiting",
    "open": "not_met",
}


def _controls_page(
    request: Request,
    initiative,
    *,
    opened: str = "",
    supply=None,
    returning=("", None),
    waiving=("", None),
    status: int = 200,
) -> HttpResponse:
    """Show the checklist, one form open at most; the first that waits for the reader stands first."""
    held = grants.held_by(request.user, initiative, request.at)
    may_amend = May.AMEND in held and initiative.stage != "retired"
    draft = kept(request)
    rows = []
    for state in proofs.controls(initiative):
        name = state.state(request.at)
        refused = (
            checks.may_confirm(request.user, initiative, state) if name in ("waiting", "returned", "expired") else ""
        )
        may = name == "waiting" and not refused
        row = {
            "state": state,
            "name": name,
            "glyph": _GLYPHS[name],
            "may": may,
            "statement": checks.statement(state),
            "check": state.check,
            "word": {
                "open": _("Nobody has said how it is met"),
                "returned": _("Returned"),
                "waiting": "",
                "met": _("Confirmed"),
                "waived": "",
                "expired": _("Set aside until a day that has passed"),
            }[name],
            "supply_url": f"?control={state.ref}#{state.ref}"
            if may_amend and name in ("open", "returned", "expired")
            else "",
            "again_url": f"?control={state.ref}#{state.ref}"
            if may_amend and name in ("met", "waived", "waiting")
            else "",
            "supply": None,
            "return_form": None,
            "waive_form": None,
            "mine_refused": refused if name == "waiting" and state.check.supplied_by_id == request.user.pk else "",
        }
        if may_amend and opened == state.ref:
            row["supply"] = supply or forms.Supply(
                at=request.at, prefix=_prefix(state), initial={"note": state.check.note if state.check else ""}
            )
        if may:
            row["seen"] = checks.shown(state)
            row["return_form"] = (
                returning[1]
                if returning[0] == state.ref
                else forms.Because(prefix=f"return-{_prefix(state)}", label=_("Why you cannot confirm it"))
            )
            initial = {
                key.removeprefix(f"waive-{_prefix(state)}-"): value
                for key, value in draft.items()
                if key.startswith(f"waive-{_prefix(state)}-")
            }
            row["waive_form"] = (
                waiving[1]
                if waiving[0] == state.ref
                else forms.Waive(at=request.at, prefix=f"waive-{_prefix(state)}", initial=initial)
            )
        rows.append(row)
    rows.sort(key=lambda row: not row["may"])
    tier = initiative.tier if initiative.tier is not None else initiative.tier_proposed
    context = {
        "initiative": initiative,
        "rows": rows,
        "met": sum(row["name"] in ("met", "waived") for row in rows),
        "tier": policy.current().tiers.get(tier),
        "proposed_only": initiative.tier is None,
        "sign_offs": sign_offs(initiative, request.user),
        "form": supply or returning[1] or waiving[1],
    }
    return render(request, "initiatives/controls.html", context, status=status)


def sign_offs(initiative, person) -> list[dict]:
    """Return the sign-offs the tier asks for, each as it stands for the open question. Two queries, and those of may_answer."""
    tier = policy.current().tiers.get(initiative.tier)
    asked = {
        s.function: s
        for s in SignOff.objects.filter(initiative=initiative, decision__closed="")
        .select_related("decision", "answered_by")
        .order_by("asked_at")
    }
    for sign_off in asked.values():
        sign_off.initiative = sign_off.decision.initiative = initiative
    rows = []
    for slug in dict.fromkeys([*(tier.sign_offs if tier else []), *asked]):
        found = asked.get(slug)
        row: dict[str, Any] = {
            "function": functions.label(slug),
            "slug": slug,
            "sign_off": found,
            "url": "",
            "may": False,
        }
        if found is not None:
            row["may"] = not found.answer and not may_answer(person, initiative, found)
            row["url"] = reverse("gates:sign_off", args=[initiative.key, found.decision.number, slug])
        row["glyph"] = (
            "not_needed" if found is None else {"signed": "met", "refused": "not_met"}.get(found.answer, "waiting")
        )
        rows.append(row)
    return rows
