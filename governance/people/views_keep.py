"""What administrators do for people: add, edit, record that they left, bring back, make the link that sets a password."""

import copy
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.people import actions, calendars, forms
from governance.people.functions import Function
from governance.people.models import Person
from governance.people.proving import need_proof
from governance.people.views import find
from governance.people.views_holdings import roles
from governance.reviews import tasks as clocks

# Adding and changing


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Request) -> HttpResponse:
    """Add a person. They cannot sign in before an invitation sets their password."""
    actions.require_administrator(request.user)
    form = _form(request, Person())
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add(form.values(), by=request.user, at=request.at)
        except Conflict as conflict:
            form.add_error("email", str(conflict.message))
        else:
            messages.success(
                request, _("%(name)s is in the directory. To let them sign in, make their link.") % {"name": made.name}
            )
            return go(made)
    return _page(request, "people/add.html", form)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: int) -> HttpResponse:
    """Change a person, on the version that was seen; what somebody else saved meanwhile is shown beside what was typed."""
    actions.require_administrator(request.user)
    person = find(pk)
    if request.method == "POST":
        actions.refuse_ones_own(person, request.POST, by=request.user)
    form = _form(request, person)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(
                person, form.values(), by=request.user, at=request.at, seen_version=form.cleaned_data["version"]
            )
        except Blocked as blocked:
            form.add_error("manager", [str(b.message) for b in blocked.blockers])
        except Conflict as conflict:
            fresh = find(pk)
            if not fresh.is_active:
                raise
            return _page(
                request,
                "people/edit.html",
                _for_version(request, fresh),
                person=fresh,
                conflict=conflict,
                theirs=_theirs(fresh, form),
                status=409,
            )
        else:
            changed = any(value != getattr(person, name) for name, value in form.values().items())
            messages.success(
                request,
                _("Saved. It counts from now on.") if changed else _("Nothing was changed: everything is as it was."),
            )
            return go(person)
    return _page(request, "people/edit.html", form, person=person, gone=not person.is_active)


def _form(request: Request, person: Person, data: Any = None) -> forms.PersonForm:
    """Return the form for a copy of `person`: the one at hand stays as the database has it."""
    data = data if data is not None else request.POST if request.method == "POST" else None
    return forms.PersonForm(
        data, instance=copy.copy(person), by=request.user, company_zone=request.installation.time_zone
    )


def _for_version(request: Request, fresh: Person) -> forms.PersonForm:
    """Return the form as it was typed, for the version that is there now."""
    data = request.POST.copy()
    data["version"] = str(fresh.version)
    form = _form(request, fresh, data)
    form.is_valid()
    return form


def _theirs(fresh: Person, form: forms.PersonForm) -> list[dict[str, Any]]:
    """Return what is there now beside what was typed, for every field that differs."""
    return [
        {
            "label": form.fields[name].label,
            "theirs": forms.said(form.fields[name], getattr(fresh, name)),
            "yours": forms.said(form.fields[name], value),
        }
        for name, value in form.values().items()
        if value != getattr(fresh, name)
    ]


def _page(request: Request, template: str, form, *, status: int = 200, **context: Any) -> HttpResponse:
    """Show a form, with 422 where something in it is wrong."""
    return render(request, template, {"form": form, **context}, status=422 if form.errors and status == 200 else status)


# Leaving and coming back


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: Request, pk: int) -> HttpResponse:
    """Record that somebody left: show what they hold, and that it becomes a task of the Portfolio office."""
    actions.require_administrator(request.user)
    person = find(pk)
    form = forms.Leave(request.POST or None, initial={"left_on": calendars.today_of(person, request.at)})
    if request.method == "POST" and form.is_valid():
        try:
            actions.leave(person, left_on=form.cleaned_data["left_on"], by=request.user, at=request.at)
        except Blocked as blocked:
            form.add_error(
                "left_on" if blocked.blockers[0].code == "leave.early" else None,
                [str(b.message) for b in blocked.blockers],
            )
        else:
            clocks.nudge()  # what they held is on the Portfolio office's Home already; this writes to them now, too
            messages.success(
                request, _("It is recorded that %(name)s left. They cannot sign in any more.") % {"name": person.name}
            )
            return go(person)
    held, more = roles(person, request.user, request.at)
    binding = [one for one in held if one["binding"]]
    return _page(
        request,
        "people/leave.html",
        form,
        person=person,
        held=binding,
        more=more,
        mine=person.pk == request.user.pk,
        office=Function.PORTFOLIO.label,
    )


@require_POST
def come_back(request: Request, pk: int) -> HttpResponse:
    """Make somebody who left active again."""
    person = actions.come_back(find(pk), by=request.user, at=request.at)
    messages.success(
        request,
        _("%(name)s works here again. To let them sign in, make their link; functions are given anew.")
        % {"name": person.name},
    )
    return go(person)


# The link


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: Request, pk: int) -> HttpResponse:
    """Make the one-time link with which somebody sets their password. It is shown in the answer to the POST, once, and kept nowhere."""
    actions.require_administrator(request.user)
    person = find(pk)
    context: dict[str, Any] = {
        "person": person,
        "days": actions.INVITATION.days,
        "mine": person.pk == request.user.pk,
        "link": "",
        "again": person.has_usable_password(),
    }
    if request.method == "POST":
        proof = need_proof(request)
        if isinstance(proof, HttpResponse):
            return proof
        token = actions.invite(person, by=request.user, at=request.at)
        context["link"] = settings.SITE_URL + reverse("people:invitation", args=[token])
    return render(request, "people/invite.html", context)
