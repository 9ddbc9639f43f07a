"""What people keep about themselves, and deputies: one's own, and for administrators everybody's."""

import copy
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.ledger import checkpoint
from governance.people import actions, deputies, forms, functions, second_factor
from governance.people.functions import Function
from governance.people.models import Deputy, Invitation, Person
from governance.people.views import find
from governance.templatetags.mandate import moment

#: Which field of the form a reason belongs to.
_FIELD = {"deputy.order": "ends_on", "deputy.over": "ends_on"}


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: Request) -> HttpResponse:
    """Show and save one's own phone, zone and language; the way to the password and to one's deputies."""
    person = request.user
    form = _mine(request, request.POST if request.method == "POST" else None)
    conflict, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(person, form.values(), by=person, at=request.at, seen_version=form.cleaned_data["version"])
        except Conflict as changed:
            conflict, status = changed, 409
            request.user = find(person.pk)
            data = request.POST.copy()
            data["version"] = str(request.user.version)
            form = _mine(request, data)
            form.is_valid()
        else:
            messages.success(request, _("Saved."))
            return go("people:me")
    context = {
        "form": form,
        "conflict": conflict,
        "coming": _coming(person, request.at),
        "has_password": person.has_usable_password(),
        "second": second_factor.held(person),
        "functions": [functions.label(slug) for slug in sorted(functions.of(person)) if slug in Function.values],
        "link": Invitation.objects.filter(person=person).order_by("-pk").first(),
        "warnings": checkpoint.warnings() if functions.has(person, Function.ADMINISTRATORS) else [],
    }
    return render(request, "people/me.html", context, status=422 if form.errors and status == 200 else status)


def _mine(request: Request, data: Any) -> forms.Mine:
    return forms.Mine(data, instance=copy.copy(request.user), company_zone=request.installation.time_zone)


def _coming(person: Person, at) -> list[dict[str, Any]]:
    """Return the deputies of `person` that are not over, each with whether it counts now. Queries as deputies.is_active."""
    return [{"row": d, "now": deputies.is_active(d, at)} for d in deputies.coming(at).filter(person=person)]


@require_POST
def sign_out_elsewhere(request: Request) -> HttpResponse:
    """End every session of one's own but this one, which goes on under a new key."""
    person = actions.end_other_sessions(request.user, at=request.at)
    update_session_auth_hash(request, person)
    messages.success(request, _("You are signed out everywhere else. Here you go on."))
    return go("people:me")


# Deputies


@require_http_methods(["GET", "HEAD", "POST"])
def deputise(request: Request, pk: int | None = None) -> HttpResponse:
    """Show who stands in for somebody, and name one: for oneself, or as an administrator for `pk`."""
    person = request.user if pk is None else find(pk)
    if person.pk != request.user.pk:
        actions.require_administrator(request.user)
    form = forms.DeputyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = actions.name_deputy(
                person,
                values["deputy"],
                starts_on=values["starts_on"],
                ends_on=values["ends_on"],
                by=request.user,
                at=request.at,
            )
        except Blocked as blocked:
            for reason in blocked.blockers:
                form.add_error(_FIELD.get(reason.code, "deputy"), str(reason.message))
        else:
            messages.success(
                request,
                _("%(name)s may stop for %(person)s from %(start)s to %(end)s, and decide nothing.")
                % {
                    "name": made.deputy.name,
                    "person": person.name,
                    "start": moment(made.starts_on, request.at),
                    "end": moment(made.ends_on, request.at),
                },
            )
            return _back(request, person)
    context = {
        "form": form,
        "person": person,
        "mine": person.pk == request.user.pk,
        "coming": _coming(person, request.at),
    }
    return render(request, "people/deputies.html", context, status=422 if form.errors else 200)


@require_POST
def end_deputy(request: Request, pk: int) -> HttpResponse:
    """End a deputy's time now; by the person they stand in for, or an administrator."""
    deputy = Deputy.objects.select_related("person", "deputy").filter(pk=pk).first()
    if deputy is None:
        raise Http404
    actions.end_deputy(deputy, by=request.user, at=request.at)
    messages.success(
        request,
        _("%(name)s no longer stands in for %(person)s.") % {"name": deputy.deputy.name, "person": deputy.person.name},
    )
    return _back(request, deputy.person)


def _back(request: Request, person: Person) -> HttpResponse:
    return go("people:deputies") if person.pk == request.user.pk else go("people:deputies_of", person.pk)
