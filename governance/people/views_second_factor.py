"""The second factor: setting up one's own, its recovery codes, and taking a lost one off somebody."""

from typing import Any

import qrcode
from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.core.forms import Form
from governance.core.http import Request, go
from governance.people import actions, proof, proving, second_factor
from governance.people.account_forms import code_field
from governance.people.models import Person
from governance.people.views import find

#: So many rows of light stay around a QR code, or apps do not find it.
QUIET = 4


class Confirm(Form):
    """The first code of a phone that is being set up, with the offer it answers."""

    offer = forms.CharField(widget=forms.HiddenInput)
    code = code_field(gettext_lazy("Code your app shows"), inputmode="numeric")


@sensitive_post_parameters("offer", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: Request) -> HttpResponse:
    """Set up one's own second factor, make its recovery codes anew, or remove it. Each needs a fresh proof.

    What is secret is shown after a proof only: the app's key while it is offered, the recovery codes in the
    answer that made them.
    """
    if request.method == "POST":
        done = _ACTS.get(request.POST.get("do", ""))
        if done is None:
            raise Http404
        given = proving.need_proof(request, alone=True)
        return given if isinstance(given, HttpResponse) else done(request, given)
    held = second_factor.held(request.user)
    if held is not None:
        return render(request, "people/second_factor.html", {"held": held})
    if not proof.fresh(request, alone=True):
        return HttpResponseRedirect(proving.way(request))
    return _offer(request, proving.kept(request).get("offer", ""))


def _offer(request: Request, offer: str = "", form: Confirm | None = None, status: int = 200) -> HttpResponse:
    """Show a secret and ask for its first code; the one of `offer` while it may still be confirmed."""
    secret = second_factor.offered(request.user, offer)
    if secret is None:
        offer = second_factor.offer(request.user)
        secret = second_factor.offered(request.user, offer) or ""
    form = form or Confirm(initial={"offer": offer})
    context = {
        "form": form,
        "offer": offer,
        "key": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "qr": _drawn(second_factor.address(request.user, secret, _issuer(request))),
        "required": second_factor.required(request),
    }
    return render(request, "people/second_factor_offer.html", context, status=status)


def _issuer(request: Request) -> str:
    company = request.installation.company
    return f"Mandate {company}" if company else "Mandate"


def _drawn(text: str) -> dict[str, Any]:
    """Return a QR code as the path of its dark squares, and the box it stands in."""
    code = qrcode.QRCode(border=0)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"path": path, "from": -QUIET, "size": len(rows) + 2 * QUIET}


def _set_up(request: Request, given: proof.Proof) -> HttpResponse:
    form = Confirm(request.POST)
    offer = request.POST.get("offer", "")
    if form.is_valid():
        secret = second_factor.offered(request.user, offer)
        if secret is None:
            form.add_error(
                "code", _("This page was older than half an hour. Remove what your app has, and scan again.")
            )
        elif codes := second_factor.set_up(request.user, secret, form.cleaned_data["code"], at=request.at):
            method = "password+code" if given.method in proof.ALONE else given.method
            person = _renewed(request)
            proof.record(request, person, method, given.at)
            _tell("set_up", request, person)
            return _shown_once(request, codes, _("Your second factor is set up"))
        else:
            form.add_error("code", _("This code is not of this key. Enter the one your app shows now."))
    return _offer(request, offer, form, status=422)


def _make_codes(request: Request, given: proof.Proof) -> HttpResponse:
    codes = second_factor.make_codes(request.user, at=request.at)
    _tell("codes_made", request, request.user)
    return _shown_once(request, codes, _("Your new recovery codes"))


def _remove(request: Request, given: proof.Proof) -> HttpResponse:
    second_factor.remove(request.user, by=request.user, at=request.at)
    _tell("removed", request, _renewed(request))
    messages.success(request, _("Your second factor is removed. You sign in with your password alone."))
    return go("people:me")


#: What one can do on the page of one's own second factor, by what its form calls it.
_ACTS = {"set_up": _set_up, "codes": _make_codes, "remove": _remove}


def _renewed(request: Request) -> Person:
    """Let this session go on, under a new key, where all others of the person have ended; return the person as they are now."""
    person = find(request.user.pk)
    update_session_auth_hash(request, person)
    return person


def _shown_once(request: Request, codes: list[str], title: str) -> HttpResponse:
    """Show recovery codes in the answer to the POST that made them, and never again."""
    return render(request, "people/recovery_codes.html", {"codes": codes, "title": title})


def _tell(what: str, request: Request, person: Person, **context: Any) -> None:
    """Write to the person at once what changed about signing in."""
    get_adapter(request).send_notification_mail(f"account/email/second_factor_{what}", person, context)


# A lost one


@require_http_methods(["GET", "HEAD", "POST"])
def take(request: Request, pk: int) -> HttpResponse:
    """Take a lost second factor off somebody. Nobody sees what it was; they are told at once."""
    actions.require_administrator(request.user)
    person = find(pk)
    if request.method == "POST" and person.pk != request.user.pk:
        given = proving.need_proof(request)
        if isinstance(given, HttpResponse):
            return given
        second_factor.remove(person, by=request.user, at=request.at)
        _tell("taken", request, person, by=request.user)
        messages.success(
            request, _("%(name)s has no second factor any more, and was told by e-mail.") % {"name": person.name}
        )
        return go(person)
    context = {"person": person, "mine": person.pk == request.user.pk, "held": second_factor.held(person)}
    return render(request, "people/take_second_factor.html", context)
