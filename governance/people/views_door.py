"""The two one-time links: the invitation that sets a password, and the set-up of a new installation.

What a link that is unknown, used or over answers is one and the same page.
"""

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.people import actions, forms, passwords, second_factor
from governance.people.models import Person


@sensitive_post_parameters("password1", "password2")
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: Request, token: str) -> HttpResponse:
    """Let the person an invitation was made for set their password, and sign them in."""
    found = actions.invitation(token)
    if found is None:
        return _over(request)
    form = forms.NewPassword(request.POST if request.method == "POST" else None, person=found.person)
    if request.method == "POST" and form.is_valid():
        try:
            person = actions.use_invitation(token, form.cleaned_data["password1"], at=request.at)
        except Conflict:
            return _over(request)
        return _enter(request, person, _("Your password is set, and you are signed in. This link no longer works."))
    context = {"form": form, "person": found.person, "invitation": found}
    return render(request, "people/invitation.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("password1", "password2")
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: Request, token: str) -> HttpResponse:
    """Set up a new installation, once: the company, its zone, and the first person, who is signed in."""
    if not actions.set_up_waits(token):
        return _over(request)
    form = forms.SetUp(
        request.POST if request.method == "POST" else None, initial={"time_zone": request.installation.time_zone}
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            person = actions.set_up(
                token,
                password=values["password1"],
                at=request.at,
                **{name: values[name] for name in ("company", "time_zone", "name", "email")},
            )
        except Conflict:
            return _over(request)
        return _enter(
            request,
            person,
            _("%(company)s has its Mandate, and you are signed in.") % {"company": values["company"]},
            to="desk:setting_up",
        )
    return render(request, "people/setup.html", {"form": form}, status=422 if form.errors else 200)


def _over(request: Request) -> HttpResponse:
    """Say that the link opens nothing, and not why."""
    return render(request, "people/link_over.html", status=404)


def _enter(request: Request, person: Person, said: str, to: str = "/") -> HttpResponse:
    """Sign somebody in who has just set their password; it counts as a proof of identity.

    A link replaces a password and never a second factor: whoever has one signs in with both.
    """
    if second_factor.has(person):
        messages.success(request, _("Your password is set. Sign in with it and a code."))
        return go("account_login")
    if not passwords.may_use(person):
        said = _("Your password is set; here only administrators sign in with one. Sign in with %(name)s.")
        messages.success(request, said % {"name": settings.OIDC_NAME})
        return go("account_login")
    get_adapter(request).login(request, person)
    messages.success(request, said)
    return go(to)
