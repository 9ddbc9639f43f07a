"""The page that asks: is it you? A binding act comes here first, and goes on where it was."""

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import ledger, policy
from governance.core.forms import Form
from governance.core.http import Request, go, ours
from governance.ledger import Verb
from governance.people import proof, proving

#: So many passwords may be tried before it rests for so many seconds, per person and web process.
TRIES, RESTS_S = 5, 300


class Password(Form):
    """Your password, once more."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


@require_http_methods(["GET", "POST"])
def prove(request: Request) -> HttpResponse:
    """Ask for the password (in a demo: for one press), remember the proof, and go on to `next`.

    Wrong passwords are recorded, and after five of them in five minutes it rests (429). `next` leads to
    pages of ours only.
    """
    there = _same_site(request)
    form = Password(request.POST if request.method == "POST" and "demo" not in request.POST else None)
    if request.method == "GET":
        if proof.fresh(request):
            return HttpResponseRedirect(there)
    elif "demo" in request.POST and request.installation.is_demo:
        return _proved(request, "demo", there)
    elif form.is_valid():
        if not _may_try(request):
            return render(request, "429.html", status=429)
        if request.user.check_password(form.cleaned_data["password"]):
            cache.delete(_try_key(request))
            return _proved(request, "password", there)
        with ledger.act(by=request.user, at=request.at) as say:
            say(Verb.SIGN_IN_FAILED, request.user, where="prove")
        form.add_error("password", _("That is not your password. Nothing was changed."))
    minutes = policy.current().windows["proof_min"]
    context = {
        "form": form,
        "minutes": minutes,
        "has_password": request.user.has_usable_password(),
        "there": there,
        "kept": bool(proving.kept(request, there)),
    }
    return render(request, "people/prove.html", context, status=422 if form.errors else 200)


def _proved(request: Request, method: str, there: str) -> HttpResponse:
    """Remember the proof and go on; say that what was typed is still there."""
    proof.record(request, request.user, method)
    if proving.kept(request, there):
        messages.success(
            request, _("It is you. What you entered is still here, and nothing is signed yet: press the button again.")
        )
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
