"""How allauth behaves here: sign-up is closed, and a sign-in is a proof of identity."""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings

from governance.people import proof


class Accounts(DefaultAccountAdapter):
    """Accounts come from the directory or an invitation."""

    def is_open_for_signup(self, request):
        return False

    def login(self, request, user):
        super().login(request, user)
        proof.record(request, user, "password")

    def get_reset_password_from_key_url(self, key):
        """Return the link of a reset mail on our own site: the host a request names is not believed."""
        return settings.SITE_URL + urlsplit(super().get_reset_password_from_key_url(key)).path
