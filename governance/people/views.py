"""The directory, and the page of one person. Everybody who signs in may read both; restricted initiatives leave no trace."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import policy
from governance.core import export, lists
from governance.core.http import Request
from governance.people import deputies, forms, functions, queries, second_factor
from governance.people.functions import Function
from governance.people.models import Person, Unit
from governance.people.views_holdings import roles

#: Up to so many units the directory can be narrowed by one.
UNITS_LISTED = 40


def find(pk: int) -> Person:
    """Return person `pk` with their unit and manager. Raises Http404. One query."""
    person = Person.objects.select_related("unit__leader", "manager").filter(pk=pk).first()
    if person is None:
        raise Http404
    return person


# The directory


@require_safe
def index(request: Request) -> HttpResponse:
    """Show who works here, or who left; search, function and unit narrow it. Six queries of its own, however many people."""
    members = queries.memberships()
    is_admin, asked = functions.has(request.user, Function.ADMINISTRATORS), _asked(request)
    shown = lists.show(_listing(members, is_admin), asked)
    context = {
        "shown": shown,
        "rows": [{"person": p, "functions": queries.labels(members, p)} for p in shown.rows],
        "tabs": _tabs(shown),
        "facets": [f for f in shown.facets if f["name"] != "state"],
        "applied": _applied(shown),
        "files": export.links(shown.listing, shown.query),
        "left": asked["state"] == "left",
        "clear_url": shown.only(state=str(asked["state"])),
        "is_admin": is_admin,
    }
    return render(request, "people/list.html", context)


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the same list as a file, which a directory coming in can read. Four queries."""
    is_admin = functions.has(request.user, Function.ADMINISTRATORS)
    listing = _listing(queries.memberships(), is_admin, dict(forms.unit_choices()))
    company, at = request.installation.company, request.at
    return export.as_file(kind, listing, _asked(request), "people", company=company, at=at)


def _asked(request: Request) -> QueryDict:
    """Return what the address asks; always one of the two halves."""
    asked = request.GET.copy()
    asked["state"] = "left" if asked.get("state") == "left" else "active"
    return asked


def _listing(
    members: dict[str, list[int]], is_admin: bool, ways: Mapping[int, str] = MappingProxyType({})
) -> lists.Listing:
    """Return what may be asked of the directory; second factors and what administrators set, by them alone. One query for the units.

    `ways` are the units with those above them, for its files.
    """
    units = list(Unit.objects.active().order_by("name", "pk").values_list("pk", "name")[: UNITS_LISTED + 1])
    facets = [
        lists.Facet(
            "state",
            _("State"),
            (
                lists.Option("active", _("Working here"), Q(is_active=True)),
                lists.Option("left", _("Left"), Q(is_active=False)),
            ),
        ),
        lists.Facet(
            "function",
            _("Function"),
            tuple(lists.Option(slug, functions.label(slug), Q(pk__in=pks)) for slug, pks in members.items() if pks),
        ),
    ]
    if len(units) <= UNITS_LISTED:
        facets.append(
            lists.Facet("unit", _("Unit"), tuple(lists.Option(str(pk), name, Q(unit_id=pk)) for pk, name in units))
        )
    if is_admin:
        has = Q(pk__in=second_factor.holders())
        options = (lists.Option("none", _("None"), ~has), lists.Option("set-up", _("Set up"), has))
        facets.append(lists.Facet("second_factor", _("Second factor"), options))
    return lists.Listing(
        path=reverse("people:list"),
        rows=Person.objects.all(),
        facets=facets,
        sorts=(lists.Sort("name", _("Name"), Lower("name")),),
        sort="name",
        search=queries.searched,
        dress=lambda rows: rows.select_related("unit", "manager"),
        columns=(
            lists.Column("email", _("E-mail address"), lambda p: p.email, width=32),
            lists.Column("name", _("Name"), lambda p: p.name, width=28),
            lists.Column("title", _("Title"), lambda p: p.title, width=28),
            lists.Column("unit", _("Unit"), lambda p: p.unit.name if p.unit_id else None, width=24),
            lists.Column("functions", _("Functions"), lambda p: ", ".join(queries.labels(members, p)), width=28),
            lists.Column("way", _("Unit with those above it"), lambda p: ways.get(p.unit_id), width=44),
            *(_administered() if is_admin else ()),
            lists.Column("is_active", _("Working here"), lambda p: p.is_active),
            lists.Column("left_on", _("Last day"), lambda p: p.left_on),
            lists.Column("address", _("Address"), lambda p: f"{settings.SITE_URL}{p.get_absolute_url()}", width=44),
        ),
    )


def _administered() -> tuple[lists.Column, ...]:
    """Return the columns that administrators alone read, in files: what they set on people."""
    grade_word = policy.current().grade_word
    return (
        lists.Column("grade", _("Grade"), lambda p: grade_word(p.grade)),
        lists.Column("job_family", _("Job family"), lambda p: p.job_family, width=20),
        lists.Column("manager", _("Manager’s e-mail address"), lambda p: p.manager and p.manager.email, width=32),
        lists.Column("phone", _("Phone"), lambda p: p.phone, width=20),
        lists.Column("time_zone", _("Time zone"), lambda p: p.time_zone, width=20),
    )


def _tabs(shown: lists.Shown) -> list[dict[str, Any]]:
    """Return the two halves of the directory: who works here, who left."""
    on = shown.chosen.values.get("state")
    return [
        {"label": _("Working here"), "url": shown.listing.path, "current": on == ("active",)},
        {"label": _("Left"), "url": shown.only(state="left"), "current": on == ("left",)},
    ]


def _applied(shown: lists.Shown) -> list[dict[str, Any]]:
    """Return what narrows the directory besides the tab it is on."""
    state = shown.listing.facets[0]
    tabs = {_("%(facet)s: %(option)s") % {"facet": state.label, "option": option.label} for option in state.options}
    return [one for one in shown.applied if one["label"] not in tabs]


# One person


@require_safe
def person(request: Request, pk: int) -> HttpResponse:
    """Show who somebody is and what they answer for, as far as the reader may see it. At most 20 queries."""
    who, me, at = find(pk), request.user, request.at
    is_admin = functions.has(me, Function.ADMINISTRATORS)
    held, more = roles(who, me, at)
    coming = list(
        deputies.coming(at).filter(Q(person=who) | Q(deputy=who), person__is_active=True, deputy__is_active=True)
    )
    context = {
        "person": who,
        "held": held,
        "more": more,
        "is_admin": is_admin,
        "has_second_factor": is_admin and who.is_active and second_factor.has(who),
        "identity": who.identities.first() if is_admin else None,
        "mine": who.pk == me.pk,
        "functions": [functions.label(slug) for slug in sorted(functions.of(who)) if slug in Function.values],
        "leads": list(Unit.objects.active().filter(leader=who).order_by("name", "pk")),
        "deputies": [{"row": d, "now": deputies.is_active(d, at)} for d in coming if d.person_id == who.pk],
        "stands_in": [{"row": d, "now": deputies.is_active(d, at)} for d in coming if d.deputy_id == who.pk],
        "grade": policy.current().grade_word(who.grade),
        "line": policy.current().grade_word(policy.current().people["vp_line"]),
        "shows_grade": is_admin or who.pk == me.pk,
        "office": Function.PORTFOLIO.label,
    }
    return render(request, "people/person.html", context)
