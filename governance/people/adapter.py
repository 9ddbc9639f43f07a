"""How allauth behaves here: sign-up is closed, a sign-in is a proof of identity, a failed one is recorded."""

import logging
from smtplib import SMTPException
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance import ledger
from governance.core import clock
from governance.core.http import ours
from governance.ledger import Verb
from governance.people import proof
from governance.people.models import Person

log = logging.getLogger("mandate.mail")


class Accounts(DefaultAccountAdapter):
    """Accounts come from the directory or an invitation."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "This e-mail address and this password do not belong together. Check both, or set a new password."
        ),
        "enter_current_password": _("That is not your password now."),
    }

    def is_open_for_signup(self, request):
        return False

    def is_safe_url(self, url):
        """Return whether a `next` may lead there: to paths of ours alone."""
        return ours(url)

    def is_ajax(self, request):
        """Return False: signing in is a page, never an API, whatever headers say."""
        return False

    def pre_authenticate(self, request, **credentials):
        """Count a try; after too many, answer 429 with a page instead of trying again."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as too_many:
            raise ImmediateHttpResponse(respond_429(request)) from too_many

    def authentication_failed(self, request, **credentials):
        """Record that somebody could not sign in, and for whom they tried; an unknown address is not kept."""
        tried = Person.objects.filter(email__iexact=str(credentials.get("email", "")).strip()).first()
        with ledger.act(by="system:sign-in", at=request.at) as say:
            say(Verb.SIGN_IN_FAILED, tried, where="sign-in")

    def pre_login(self, request, user, **kwargs):
        """Remember how the sign-in began, for the page that asks for a code."""
        proof.begin(request, user, *getattr(request, "proved_by", ("password", clock.wall())))
        return super().pre_login(request, user, **kwargs)

    def login(self, request, user):
        """Sign in; a sign-in is a proof of identity where it is known when it was made."""
        super().login(request, user)
        method, at = getattr(request, "proved_by", ("password", clock.wall()))
        if at is not None:
            proof.record(request, user, method, at)

    def set_password(self, user, password):
        """Keep a new password, by whoever is signed in or came by the link of a reset, on record."""
        user.set_password(password)  # slow on purpose, so before anything is locked
        by = user if context.request.user.is_authenticated else "system:sign-in"
        with ledger.act(by=by, at=context.request.at) as say:
            user.save(update_fields=["password"])
            say(Verb.PASSWORD_CHANGED, user)

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """Tell a person what changed about signing in, at the address we have for them.

        It has changed already: a mail server that is away is a line in the log, and no failure of the page.
        """
        try:
            super().send_notification_mail(template_prefix, user, context, email or user.email)
        except (OSError, SMTPException):
            log.exception("%s could not be told: %s", user.pk, template_prefix)

    def get_reset_password_from_key_url(self, key):
        """Return the link of a reset mail on our own site: the host a request names is not believed."""
        return settings.SITE_URL + urlsplit(super().get_reset_password_from_key_url(key)).path
