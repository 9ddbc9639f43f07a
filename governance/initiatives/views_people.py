"""Who decides: the matrix of one initiative, and answering an offer in it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core.http import Request, go
from governance.core.rules import Blocked, Blocker
from governance.gates.settling import settle
from governance.initiatives import forms, material, roles
from governance.initiatives.actions import require
from governance.initiatives.finding import find
from governance.people import functions, units
from governance.people.proving import kept, need_proof
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import OFFERED, Assignment, Role, Row

#: The columns, in the order people read them.
COLUMNS = (Role.ACCOUNTABLE, Role.RESPONSIBLE, Role.CONSULTED, Role.INFORMED, Role.ESCALATION)
#: What each column means, for those who read it for the first time.
MEANS = {
    Role.ACCOUNTABLE: gettext_lazy("decides; one person"),
    Role.RESPONSIBLE: gettext_lazy("moves it forward and asks"),
    Role.CONSULTED: gettext_lazy("is asked before"),
    Role.INFORMED: gettext_lazy("is told after"),
    Role.ESCALATION: gettext_lazy("is paged; one person"),
}


@require_http_methods(["GET", "POST"])
def matrix(request: Request, number: int) -> HttpResponse:
    """Show who decides what; name, assign and end for those who propose names.

    `?cell=go_live-A` opens the picker of one cell, `?end=17` the question whether to take somebody out.
    """
    initiative = find(request, number)
    if request.method == "POST":
        if settle(initiative, at=request.at):
            initiative = find(request, number)
        return _change(request, initiative)
    held = grants.held_by(request.user, initiative, request.at)
    picker = ending = None
    if May.PROPOSE in held and (cell := _cell(request.GET.get("cell"))):
        picker = _picker(initiative, cell, request.user, None)
    elif assignment := _assignment(initiative, request.GET.get("end")):
        ending = _ending(initiative, assignment, request.user, held)
    return _page(request, initiative, held, picker=picker, ending=ending)


def _change(request: Request, initiative) -> HttpResponse:
    """Do what was posted: offer, assign, name the workflow owner, end."""
    held = grants.held_by(request.user, initiative, request.at)
    if assignment := _assignment(initiative, request.POST.get("end")):
        form = forms.Because(request.POST)
        if not form.is_valid():
            return _page(
                request, initiative, held, ending=_ending(initiative, assignment, request.user, held, form), status=422
            )
        roles.end(assignment, by=request.user, at=request.at, because=form.cleaned_data["because"])
        messages.success(request, _("%(who)s no longer stands there.") % {"who": _holder(assignment)})
        return go("initiatives:matrix", initiative.key)
    cell = _cell(request.POST.get("cell"))
    if cell is None:
        raise Http404
    require(
        request.user,
        initiative,
        May.PROPOSE,
        request.at,
        _("Names are proposed by whoever registered it, later by the business owner and the Portfolio office."),
    )
    picker = _picker(initiative, cell, request.user, request.POST)
    form = picker["form"]
    if form.is_valid():
        try:
            said = _named(initiative, cell, form, by=request.user, at=request.at)
        except Blocked as blocked:
            form.add_error("person", [_reason(b) for b in blocked.blockers])
        else:
            messages.success(request, said)
            return go(
                f"{reverse('initiatives:matrix', args=[initiative.key])}#{cell[0]}-{cell[1]}"
                if cell[1]
                else reverse("initiatives:matrix", args=[initiative.key])
            )
    return _page(request, initiative, held, picker=picker, status=422)


def _reason(blocker: Blocker) -> str:
    return str(blocker.message)


def _named(initiative, cell: tuple[str, str], form, *, by, at: datetime) -> str:
    """Make the one domain call for a cell, and return what to say about it."""
    row, role = cell
    if row == "workflow":
        person = form.cleaned_data["person"]
        roles.name_workflow_owner(initiative, person, by=by, at=at)
        return (
            _("%(name)s is workflow owner.") % {"name": person.name} if person else _("Nobody is workflow owner now.")
        )
    if Role(role) in OFFERED:
        person = form.cleaned_data["person"]
        roles.offer(
            initiative,
            Row(row),
            Role(role),
            person,
            by=by,
            at=at,
            grade_waived_because=form.cleaned_data.get("grade_waived_because", ""),
        )
        return _("%(name)s was asked and has %(days)s working days to accept. Until then nothing changes.") % {
            "name": person.name,
            "days": policy.current().windows["offer_wd"],
        }
    made = roles.assign(initiative, Row(row), Role(role), form.holder, by=by, at=at)
    return _("%(who)s stands there now.") % {"who": _holder(made)}


def _cell(text: str | None) -> tuple[str, str] | None:
    """Return (row, role) of "go_live-A", ("workflow", "") of "workflow", None of anything else."""
    if text == "workflow":
        return "workflow", ""
    row, _dash, role = (text or "").rpartition("-")
    return (row, role) if row in Row.values and role in Role.values else None


def _assignment(initiative, text: str | None) -> Assignment | None:
    """Return the assignment of this initiative that stands under `text`, from the matrix on the instance."""
    return next((a for a in raci.matrix(initiative).rows if str(a.pk) == text), None)


def _holder(assignment: Assignment) -> str:
    return assignment.person.name if assignment.person else str(functions.label(assignment.group.name))


def _picker(initiative, cell: tuple[str, str], me, data) -> dict:
    """Return the panel that names somebody for one cell: its form, whom it suggests, who stands there. A query for the people."""
    row, role = cell
    output = initiative.output_unit
    leader = units.leader_of(output)
    suggested = [p for p in (leader,) if p is not None]
    if row == "workflow":
        form: Any = forms.WorkflowOwner(data, initial={"person": initiative.workflow_owner}, suggested=suggested)
        return {
            "cell": "workflow",
            "title": _("Workflow owner"),
            "form": form,
            "button": _("Name the workflow owner"),
            "says": _(
                "The named person who answers for how the workflow behaves: what good looks like, the limits, whether it may expand. They may pause the rollout."
            ),
        }
    row, role = Row(row), Role(role)
    panel: dict[str, Any] = {
        "cell": f"{row}-{role}",
        "title": _("%(row)s: %(role)s") % {"row": row.label, "role": role.label},
    }
    if role in OFFERED:
        waive = role == Role.ACCOUNTABLE and forms.may_waive(me, initiative)
        panel |= {"form": forms.Offer(data, may_waive=waive, suggested=suggested), "button": _("Ask this person")}
        matrix_ = raci.matrix(initiative)
        offer, holder = matrix_.offer(row, role), matrix_.accepted(row, role)
        panel["says"] = _offer_says(row, role, offer, holder)
        if (
            role == Role.ACCOUNTABLE
            and row != Row.MODIFICATION
            and leader is not None
            and leader.pk != me.pk
            and leader.pk not in {a.person_id for a in (offer, holder) if a}
        ):
            panel["suggestion"] = {
                "person": leader,
                "value": leader.pk if panel["form"].fields["person"].listed else leader.email,
                "says": _("%(name)s leads %(unit)s, which takes most of the output.")
                % {"name": leader.name, "unit": _led(leader, output)},
            }
    else:
        panel |= {
            "form": forms.Assign(data, suggested=suggested),
            "button": _("Put down"),
            "says": _("It counts at once; nobody has to accept."),
        }
    return panel


def _led(leader, unit) -> str:
    return next((u.name for u in units.line(unit) if u.leader_id == leader.pk), unit.name)


def _offer_says(row: Row, role: Role, offer, holder) -> str:
    """Return what naming somebody here means."""
    days = policy.current().windows["offer_wd"]
    says = [
        _(
            "One person, who is asked and has %(days)s working days to accept. Until they accept, the role counts as vacant."
        )
        % {"days": days}
    ]
    if role == Role.ACCOUNTABLE and row in roles.SHARED:
        says.append(
            _(
                "This is the business owner: one person for go-live and for halt, VP or above, who leads the unit that uses the output."
            )
        )
    if offer is not None:
        says.append(
            _("%(name)s was asked already; asking somebody else ends that offer.") % {"name": offer.person.name}
        )
    if holder is not None:
        says.append(_("%(name)s stays until the new person accepts.") % {"name": holder.person.name})
    return " ".join(says)


def _ending(initiative, assignment: Assignment, me, held, form=None) -> dict | None:
    """Return the panel that takes somebody out, or None for whoever may not."""
    mine = assignment.person_id == me.pk
    if not mine and May.PROPOSE not in held:
        return None
    row, role = Row(assignment.row), Role(assignment.role)
    says = []
    if role in OFFERED and assignment.accepted_at is not None:
        says.append(
            _(
                "The role is vacant then: until somebody else accepts, nobody decides it, and the gate it belongs to waits."
            )
        )
        if row == Row.HALT or (role == Role.ACCOUNTABLE and row in roles.SHARED):
            says.append(_("Meanwhile the Portfolio office and Compliance can stop it too."))
    what = (
        _("business owner")
        if role == Role.ACCOUNTABLE and row in roles.SHARED
        else _("%(role)s for %(row)s") % {"role": role.label, "row": row.label}
    )
    offered = role in OFFERED and assignment.accepted_at is None
    if offered:
        return {
            "pk": assignment.pk,
            "title": _("Take back the offer to %(who)s to be %(what)s?") % {"who": _holder(assignment), "what": what},
            "says": "",
            "form": form or forms.Because(),
            "button": _("Take back the offer"),
        }
    title = (
        _("Step down as %(what)s?") % {"what": what}
        if mine
        else _("Take %(who)s out as %(what)s?") % {"who": _holder(assignment), "what": what}
    )
    return {
        "pk": assignment.pk,
        "title": title,
        "says": " ".join(says),
        "form": form or forms.Because(),
        "button": _("Step down") if mine else _("Take out"),
    }


def _page(request: Request, initiative, held, *, picker=None, ending=None, status: int = 200) -> HttpResponse:
    """Show the matrix, with one panel open at most."""
    context = {
        "initiative": initiative,
        "rows": table(initiative, request.user, held, request.at),
        "columns": [
            {"role": role, "label": role.label, "means": MEANS[role], "one": role in OFFERED} for role in COLUMNS
        ],
        "gaps": gaps(initiative),
        "warnings": warnings(initiative),
        "picker": picker,
        "ending": ending,
        "form": (picker or ending or {}).get("form"),
        "may_propose": May.PROPOSE in held,
    }
    return render(request, "initiatives/matrix.html", context, status=status)


def table(initiative, me, held, at: datetime) -> list[dict]:
    """Return the matrix as rows of cells, each with its holders, offers, and where it can be changed. No query beyond the matrix."""
    required = roles.required_functions(initiative)
    found = raci.matrix(initiative)
    digest = material.digest(initiative)
    here = reverse("initiatives:matrix", args=[initiative.key])
    rows = []
    for row in Row:
        cells = []
        for role in COLUMNS:
            holders = [
                _entry(a, initiative, required, digest, me, held, at, here)
                for a in found.rows
                if a.row == row and a.role == role
            ]
            cells.append(
                {
                    "role": role,
                    "label": role.label,
                    "one": role in OFFERED,
                    "anchor": f"{row}-{role}",
                    "holders": holders,
                    "vacant": role in OFFERED and found.accepted(row, role) is None,
                    "edit_url": f"{here}?cell={row}-{role}#panel" if May.PROPOSE in held else "",
                    "edit": _("Name…") if not holders else _("Replace…") if role in OFFERED else _("Add…"),
                }
            )
        rows.append({"row": row, "label": row.label, "cells": cells})
    return rows


def _entry(a: Assignment, initiative, required, digest: str, me, held, at: datetime, here: str) -> dict:
    """Return one holder of a cell as the table says it."""
    role = Role(a.role)
    offered = role in OFFERED and a.accepted_at is None
    mine = a.person_id is not None and a.person_id == me.pk
    locked = a.group is not None and role == Role.CONSULTED and a.group.name in required[Row(a.row)]
    void = roles.is_owner(a) and a.accepted_at is not None and a.material_sha256 not in ("", digest)
    return {
        "assignment": a,
        "person": a.person,
        "group": functions.label(a.group.name) if a.group else "",
        "offered": offered,
        "late": offered and a.answer_by is not None and at >= a.answer_by,
        "locked": locked,
        "void": void,
        "left": a.person is not None and not a.person.is_active,
        "mine": mine,
        "answer_url": reverse("initiatives:answer_offer", args=[initiative.key, a.pk])
        if offered or role in OFFERED
        else "",
        "end_url": f"{here}?end={a.pk}#panel" if not locked and ((mine and not offered) or May.PROPOSE in held) else "",
    }


def gaps(initiative) -> list[dict]:
    """Return what the matrix lacks, in sentences with the cell they are about. No query beyond the matrix."""
    found, out = raci.matrix(initiative), []
    for row in Row:
        for role in OFFERED:
            if row == Row.HALT and role == Role.ACCOUNTABLE:
                continue  # Named together with go-live's.
            if found.accepted(row, role) is None:
                offer = found.offer(row, role)
                words = (
                    _("%(row)s: %(name)s was asked to be %(role)s and has not accepted.")
                    % {"row": row.label, "name": offer.person.name, "role": role.label}
                    if offer
                    else _("%(row)s has no %(role)s.") % {"row": row.label, "role": role.label}
                )
                out.append({"words": words, "cell": f"{row}-{role}"})
        if row == Row.HALT and found.responsible(row) == []:
            out.append(
                {
                    "words": _(
                        "%(row)s has nobody Responsible: after a stop, the Escalation owner has to ask for the restart."
                    )
                    % {"row": row.label},
                    "cell": f"{row}-{Role.RESPONSIBLE}",
                }
            )
            continue
        others = [p for p in found.responsible(row) if p.pk != getattr(found.accountable(row), "pk", None)]
        if not others:
            out.append(
                {
                    "words": _("%(row)s has nobody Responsible who could ask: who decides does not ask.")
                    % {"row": row.label},
                    "cell": f"{row}-{Role.RESPONSIBLE}",
                }
            )
    if initiative.workflow_owner is None:
        out.append({"words": _("Nobody is workflow owner."), "cell": "workflow"})
    return out


def warnings(initiative) -> list[str]:
    """Return what slows decisions. No query beyond the matrix."""
    many = policy.current().limits["consulted_many"]
    found = raci.matrix(initiative)
    out = []
    for row in Row:
        people = [a for a in found.cell(row, Role.CONSULTED) if a.person_id]
        if len(people) > many:
            out.append(
                _("%(row)s: %(n)s people are Consulted. More than %(many)s slows decisions.")
                % {"row": row.label, "n": len(people), "many": many}
            )
    return out


# Answering an offer


@require_http_methods(["GET", "POST"])
def answer_offer(request: Request, number: int, pk: int) -> HttpResponse:
    """Show an offer and its statement; the person named accepts (signed), declines, or accepts again for the version as it is now."""
    initiative = find(request, number)
    if request.method == "POST" and settle(initiative, at=request.at):
        initiative = find(request, number)
    assignment = (
        Assignment.objects.select_related("person", "assigned_by", "signature")
        .filter(initiative=initiative, pk=pk, role__in=OFFERED)
        .first()
    )
    if assignment is None:
        raise Http404
    assignment.initiative = initiative
    if request.method == "POST" and request.POST.get("answer") == "accept":
        mine = assignment.person_id == request.user.pk
        proof = need_proof(request) if mine else None
        if isinstance(proof, HttpResponse):
            return proof
        try:
            roles.accept(assignment, by=request.user, at=request.at, proof=proof, seen=request.POST.get("seen", ""))
        except Blocked as blocked:
            return _offer_page(request, initiative, assignment, forms.Because(), blockers=blocked.blockers, status=409)
        messages.success(request, _("You accepted. It binds from now on."))
        return go(initiative)
    form = forms.Because(request.POST or None, initial=kept(request), label=_("Why you decline"))
    if request.method == "POST":
        if form.is_valid():
            roles.decline(assignment, by=request.user, at=request.at, because=form.cleaned_data["because"])
            messages.success(request, _("You declined. The Portfolio office and whoever named you are told."))
            return go(initiative)
        return _offer_page(request, initiative, assignment, form, status=422)
    return _offer_page(request, initiative, assignment, form)


def _offer_page(
    request: Request, initiative, assignment: Assignment, form, *, blockers=(), status: int = 200
) -> HttpResponse:
    """Show one offer: to the person named with both answers, to everybody else as it stands."""
    row, role = Row(assignment.row), Role(assignment.role)
    owner = roles.is_owner(assignment)
    current = not owner or assignment.material_sha256 == material.digest(initiative)
    over = assignment.accepted_at is None and assignment.answer_by is not None and request.at >= assignment.answer_by
    state = (
        "ended"
        if assignment.ended_at
        else "accepted"
        if assignment.accepted_at and current
        else "void"
        if assignment.accepted_at
        else "over"
        if over
        else "open"
    )
    context = {
        "initiative": initiative,
        "offer": assignment,
        "form": form,
        "blockers": blockers,
        "mine": assignment.person_id == request.user.pk,
        "state": state,
        "what": _("business owner") if owner else _("%(role)s for %(row)s") % {"role": role.label, "row": row.label},
        "is_owner": owner,
        "statement": roles.statement(initiative, row, role),
        "seen": roles.shown(initiative, row, role),
        "rows": [r.label for r in roles.together(row, role)],
        "means": _means(row, role),
        "words": _mail_words(initiative),
    }
    return render(request, "initiatives/answer_offer.html", context, status=status)


def _means(row: Row, role: Role) -> list[str]:
    """Return what holding the role means, in sentences."""
    if role == Role.ESCALATION:
        return [
            _("You are paged when it makes a bad call and when nobody decides in time."),
            _("You may stop it. You cannot pass a gate.")
            if row == Row.HALT
            else _(
                "When the time for a decision is up, you get it decided, extend it once, or have the Accountable replaced. You cannot pass it."
            ),
        ]
    if row in roles.SHARED:
        return [
            _("You answer for the business result."),
            _("You make sure that production is paid for."),
            _("You hold stop authority: you can stop it at any time, alone, without asking."),
        ]
    return [
        _("You decide it yourself, in time. Others are asked; nobody votes."),
        _("What you asked for yourself, somebody else decides."),
    ]


def _mail_words(initiative) -> str:
    """Return in one line what it is, for somebody who comes from a mail."""
    return initiative.purpose or initiative.name
