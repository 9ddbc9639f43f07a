"""Signing in through the company's OpenID provider, and proving through it who one is."""

import logging
from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from governance import ledger
from governance.core import clock
from governance.core.http import Request, go, ours
from governance.ledger import Verb
from governance.people import actions, identities, oidc, proof, proving, second_factor
from governance.people.models import Person
from governance.people.views import find

log = logging.getLogger("mandate.refused")

#: How many tabs may be on the way at once, and for how long.
MOST, LASTS = 4, timedelta(minutes=10)
#: So many may fail from one address before it rests for so many seconds, per web process, as with passwords.
FAILURES, RESTS_S = 10, 60
_KEY = "mandate_on_the_way"


@login_not_required
@require_safe
def go_there(request: Request) -> HttpResponse:
    """Lead to the provider; with `prove`, to show again who one is. `next` leads to pages of ours only.

    It is a link and no form, because Chromium holds every redirect after a form against `form-action`. It
    writes in the session alone: what must come back with them.
    """
    if not oidc.is_set_up():
        raise Http404
    proves = "prove" in request.GET and request.user.is_authenticated
    there = request.GET.get("next", "")
    try:
        address, kept = oidc.begin(again=proves)
    except oidc.Away as away:
        return _away(request, away)
    waiting = _waiting(request)
    waiting[kept.pop("state")] = {
        **kept,
        "next": there if ours(there) else "/",
        "proves": request.user.pk if proves else None,
        "at": clock.wall().isoformat(),
    }
    request.session[_KEY] = dict(list(waiting.items())[-MOST:])
    return HttpResponseRedirect(address)


@login_not_required
@require_safe
@sensitive_variables()
def back(request: Request) -> HttpResponse:
    """Take up who comes back from the provider: sign them in, or remember their proof.

    Each way there is taken up once, in the session it began in. What cannot be believed, and who is not let
    in, is recorded and gets a page that says whom to ask.
    """
    if not oidc.is_set_up():
        raise Http404
    waiting = _waiting(request)
    kept = waiting.pop(request.GET.get("state", ""), None)
    if kept is None:
        return _refused(request, "no way there began in this session", recorded=False)
    request.session[_KEY] = waiting
    if cache.get(_failures_key(request), 0) >= FAILURES:
        return render(request, "429.html", status=429)
    if "code" not in request.GET:
        return _refused(request, f"the provider says {request.GET.get('error', 'nothing')[:60]!r}", again=kept["next"])
    try:
        claims = oidc.finish(request.GET["code"], kept)
        person = identities.recognise(claims, at=request.at)
    except oidc.Away as away:
        return _away(request, away)
    except oidc.Unbelievable as untrue:
        return _refused(request, str(untrue), again=kept["next"])
    except identities.NotLetIn as not_let_in:
        return _refused(request, not_let_in.why, not_let_in.person, email=claims.email)
    if kept["proves"] is not None:
        return _prove(request, person, claims, kept)
    for refusal in identities.provide(person, claims.groups, at=request.at):
        messages.warning(request, _("Your company gives you a function that you do not have here. %s") % refusal)
    return _sign_in(request, person, claims, kept["next"])


def _sign_in(request: Request, person: Person, claims: oidc.Claims, there: str) -> HttpResponse:
    """Sign somebody in, by way of the page for a code where they have a second factor here."""
    if request.user.is_authenticated and request.user.pk != person.pk:
        get_adapter(request).logout(request)
    request.proved_by = ("oidc", claims.proved_at)  # type: ignore[attr-defined]
    return perform_login(request, find(person.pk), email_verification="none", redirect_url=there)


def _prove(request: Request, person: Person, claims: oidc.Claims, kept: dict[str, Any]) -> HttpResponse:
    """Remember the proof of whoever asked for it, dated when the provider says; it fails where that is not said."""
    if not request.user.is_authenticated or not person.pk == request.user.pk == kept["proves"]:
        return _refused(request, "somebody else came back", person, again=kept["next"])
    window = proof.window()
    if claims.proved_at is None or clock.wall() - claims.proved_at > window:
        return _refused(request, "the provider does not say that they proved it just now", person, again=kept["next"])
    if second_factor.has(request.user):
        proof.begin(request, request.user, "oidc", claims.proved_at)
        return HttpResponseRedirect(f"{reverse('people:prove')}?{urlencode({'next': kept['next']})}")
    proof.record(request, request.user, "oidc", claims.proved_at)
    if proving.kept(request, kept["next"]):
        messages.success(request, proving.still_here())
    return HttpResponseRedirect(kept["next"])


def _waiting(request: Request) -> dict[str, dict[str, Any]]:
    """Return the ways there that began in this session a short while ago, by their state."""
    found = {}
    for state, kept in dict(request.session.get(_KEY) or {}).items():
        if clock.wall() - datetime.fromisoformat(kept["at"]) <= LASTS:
            found[state] = kept
    return found


def _away(request: Request, away: oidc.Away) -> HttpResponse:
    """Say that the provider does not answer; what it answered instead goes to the log."""
    logging.getLogger("mandate.oidc").warning("The company's OpenID provider does not answer: %s", away)
    answer = render(request, "people/company_away.html", {"name": settings.OIDC_NAME}, status=503)
    answer["Retry-After"] = "60"
    return answer


def _refused(
    request: Request, why: str, person: Person | None = None, *, email: str = "", again: str = "", recorded: bool = True
) -> HttpResponse:
    """Record that somebody could not sign in, and say whom to ask. Why goes to the log: it may be an attack.

    Not recorded is what anybody's link can do, however often: coming back from nowhere.
    """
    log.info("%s", f"company sign-in: {why}", extra={"status_code": 403, "path": request.path, "method": "GET"})
    if recorded:
        cache.add(_failures_key(request), 0, RESTS_S)
        cache.incr(_failures_key(request))
        with ledger.act(by="system:company", at=request.at) as say:
            say(Verb.SIGN_IN_FAILED, person, where="company")
    context = {"name": settings.OIDC_NAME, "email": email, "again": again}
    return render(request, "people/not_let_in.html", context, status=403)


def _failures_key(request: Request) -> str:
    return f"company:{get_adapter().get_client_ip(request)}"


@require_POST
def forget(request: Request, pk: int) -> HttpResponse:
    """Forget who somebody is at the provider; by an administrator, with a fresh proof."""
    actions.require_administrator(request.user)
    person = find(pk)
    given = proving.need_proof(request)
    if isinstance(given, HttpResponse):
        return given
    identities.forget(person, by=request.user, at=request.at)
    messages.success(
        request, _("Whoever comes next with %(email)s is %(name)s.") % {"email": person.email, "name": person.name}
    )
    return go(person)
