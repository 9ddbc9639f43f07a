"""The units: the tree everybody may read, and the page on which administrators keep one of them."""

import copy
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from governance.core import export, lists
from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.people import actions, calendars, forms, functions, queries
from governance.people.functions import Function
from governance.people.models import Unit

#: Which field of the form a reason belongs to; the others stand over it.
_FIELD = {
    "unit.loop": "parent",
    "unit.parent": "parent",
    "unit.leader": "leader",
    "unit.people": "is_active",
    "unit.units": "is_active",
}


@require_safe
def index(request: Request) -> HttpResponse:
    """Show the tree: what is part of what, who leads it, how many work there, and its own calendar. Three queries of its own."""
    context = {
        "branches": [_branch(b) for b in queries.tree()],
        "is_admin": functions.has(request.user, Function.ADMINISTRATORS),
        "files": export.links(_listing(), ""),
    }
    return render(request, "people/units.html", context)


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the units as a file, by name. One query."""
    at, company = request.at, request.installation.company
    return export.as_file(kind, _listing(), request.GET, "units", company=company, at=at)


def _listing() -> lists.Listing:
    """Return the units as a list: the page shows them as a tree, a file by name. No query."""
    at_work = Count("people", filter=Q(people__is_active=True))
    return lists.Listing(
        path=reverse("people:units"),
        rows=Unit.objects.all(),
        sorts=(lists.Sort("name", _("Name"), "name"),),
        sort="name",
        dress=lambda rows: rows.select_related("parent", "leader").annotate(at_work=at_work),
        columns=(
            lists.Column("unit", _("Short name"), lambda u: u.slug, width=24),
            lists.Column("name", _("Name"), lambda u: u.name, width=36),
            lists.Column("parent", _("Part of"), lambda u: u.parent.name if u.parent_id else None, width=36),
            lists.Column("leader", _("Leader"), lambda u: u.leader.name if u.leader_id else None, width=28),
            lists.Column("people", _("People"), lambda u: u.at_work, width=8),
            lists.Column("calendar", _("Its own calendar"), _calendar, width=36),
            lists.Column("is_active", _("In use"), lambda u: u.is_active, width=8),
        ),
    )


def _branch(branch: queries.Branch) -> dict[str, Any]:
    """Return one unit as the tree shows it. No query."""
    unit = branch.unit
    return {
        "unit": unit,
        "depth": min(branch.depth, 6),
        "people": branch.people,
        "below": branch.below,
        "calendar": _calendar(unit),
        "leader_left": unit.leader and not unit.leader.is_active,
    }


def _calendar(unit: Unit) -> str:
    """Return what a unit's own calendar says, in words; "" when it has none. No query."""
    own = [calendars.zone(unit.time_zone).key] if unit.time_zone else []
    if unit.working_days:
        own.append(", ".join(str(label)[:2] for digit, label in forms.WEEKDAYS if digit in unit.working_days))
    if unit.closes_at:
        own.append(_("until %(time)s") % {"time": f"{unit.closes_at:%H:%M}"})
    if unit.holidays:
        own.append(ngettext("%(n)s holiday", "%(n)s holidays", len(unit.holidays)) % {"n": len(unit.holidays)})
    return " · ".join(own)


@require_http_methods(["GET", "HEAD", "POST"])
def unit(request: Request, pk: int | None = None) -> HttpResponse:
    """Add a unit, or change one: its place, its leader, its calendar. A retired one stays on the record."""
    actions.require_administrator(request.user)
    there = _find(pk) if pk is not None else Unit()
    form = forms.UnitForm(request.POST if request.method == "POST" else None, instance=copy.copy(there))
    conflict, theirs, status = None, [], 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_unit(form.unit(), by=request.user, at=request.at, seen=form.cleaned_data["seen"])
        except Blocked as blocked:
            for reason in blocked.blockers:
                form.add_error(_FIELD.get(reason.code), str(reason.message))
        except Conflict as conflict_:
            conflict, there, status = conflict_, _find(pk or 0), 409
            theirs = _theirs(there, form)
            form = _for_version(request, there)
        else:
            messages.success(
                request, _("%(name)s is saved. Deadlines that are running stay as they are.") % {"name": saved.name}
            )
            return go("people:units")
    context = {"form": form, "unit": there, "new": pk is None, "conflict": conflict, "theirs": theirs}
    return render(request, "people/unit.html", context, status=422 if form.errors and status == 200 else status)


def _find(pk: int) -> Unit:
    """Return unit `pk` with its leader and the unit above. Raises Http404. One query."""
    found = Unit.objects.select_related("parent", "leader").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _for_version(request: Request, fresh: Unit) -> forms.UnitForm:
    """Return the form as it was typed, for the unit as it is now."""
    data = request.POST.copy()
    data["seen"] = actions.unit_digest(fresh)
    form = forms.UnitForm(data, instance=copy.copy(fresh))
    form.is_valid()
    return form


def _theirs(fresh: Unit, form: forms.UnitForm) -> list[dict[str, Any]]:
    """Return what is there now beside what was typed, for every field that differs."""
    return [
        {
            "label": form.fields[name].label,
            "theirs": forms.said(form.fields[name], getattr(fresh, name)),
            "yours": forms.said(form.fields[name], form.cleaned_data[name]),
        }
        for name in actions.UNIT_FIELDS
        if name in form.cleaned_data and form.cleaned_data[name] != getattr(fresh, name)
    ]
