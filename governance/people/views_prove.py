"""The page that asks: is it you? A binding act comes here first, and goes on where it was."""

from dataclasses import replace

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import ledger, policy
from governance.core import clock
from governance.core.http import Request, go, ours
from governance.ledger import Verb
from governance.people import oidc, passwords, proof, proving, second_factor
from governance.people.account_forms import Codes, code_field

#: So many passwords may be tried before it rests for so many seconds, per person and web process.
TRIES, RESTS_S = 5, 300


class Password(Codes):
    """Your password, once more, and a code where you have a second factor."""

    where = "prove"
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    code = code_field()

    def __init__(self, *args, person, begun: proof.Proof | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.person, self.begun = person, begun
        if not second_factor.has(person):
            del self.fields["code"]
        elif begun is not None:  # the company has just said who they are: the code alone is missing
            del self.fields["password"]

    def password_is_right(self) -> bool:
        """Return whether the password is theirs, where one is asked for."""
        return "password" not in self.fields or self.person.check_password(self.cleaned_data["password"])

    def proved(self) -> proof.Proof | None:
        """Return the proof, now that the password is right; None when the code does not count."""
        first = self.begun or proof.Proof(self.person.pk, "password", clock.wall())
        if "code" not in self.fields:
            return first
        self.use_code(self.person, by=self.person)
        return replace(first, method=f"{first.method}+{self.how}") if self.how else None


@require_http_methods(["GET", "POST"])
def prove(request: Request) -> HttpResponse:
    """Ask for the password and the code (in a demo: for one press), remember the proof, and go on to `next`.

    Wrong ones are recorded, and after five tries in five minutes it rests (429). `next` leads to pages of
    ours only.
    """
    there = _same_site(request)
    form = Password(
        request.POST if request.method == "POST" and "demo" not in request.POST else None,
        person=request.user,
        begun=_begun(request),
    )
    by_password = request.user.has_usable_password() and passwords.may_use(request.user)
    if request.method == "GET":
        if proof.fresh(request):
            return HttpResponseRedirect(there)
    elif "demo" in request.POST and request.installation.is_demo:
        return _proved(request, proof.Proof(request.user.pk, "demo", clock.wall()), there)
    elif (by_password or form.begun) and form.is_valid():
        if not _may_try(request):
            return render(request, "429.html", status=429)
        if not form.password_is_right():
            with ledger.act(by=request.user, at=request.at) as say:
                say(Verb.SIGN_IN_FAILED, request.user, where="prove")
            form.add_error("password", _("That is not your password. Nothing was changed."))
        elif given := form.proved():
            cache.delete(_try_key(request))
            return _proved(request, given, there)
    minutes = policy.current().windows["proof_min"]
    context = {
        "form": form,
        "minutes": minutes,
        "by_password": by_password,
        "begun": form.begun,
        "company": settings.OIDC_NAME if oidc.is_set_up() else "",
        "there": there,
        "kept": bool(proving.kept(request, there)),
        "to_set_up": second_factor.required(request)
        and not second_factor.has(request.user)
        and there != reverse("people:second_factor"),
    }
    return render(request, "people/prove.html", context, status=422 if form.is_bound else 200)


def _begun(request: Request) -> proof.Proof | None:
    """Return the half of a proof that only lacks a code, while it is fresh."""
    half = proof.begun(request, request.user)
    return half if half and half.method == "oidc" and clock.wall() - half.at <= proof.window() else None


def _proved(request: Request, given: proof.Proof, there: str) -> HttpResponse:
    """Remember the proof and go on; say that what was typed is still there."""
    proof.record(request, request.user, given.method, given.at)
    if proving.kept(request, there):
        messages.success(request, proving.still_here())
    return go(there)


def _same_site(request: Request) -> str:
    """Return where to go on: `next` when it is an address of ours, else Home."""
    there = request.GET.get("next", "")
    return there if ours(there) else "/"


def _try_key(request: Request) -> str:
    return f"prove:{request.user.pk}"


def _may_try(request: Request) -> bool:
    """Return whether another password may be tried, and count it. Only somebody signed in as this person uses tries up."""
    cache.add(_try_key(request), 0, RESTS_S)
    return cache.incr(_try_key(request)) <= TRIES
