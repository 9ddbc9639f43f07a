"""How allauth behaves here: sign-up is closed, and a sign-in is a proof of identity."""

from allauth.account.adapter import DefaultAccountAdapter

from governance.people import proof


class Accounts(DefaultAccountAdapter):
    """Accounts come from the directory or an invitation."""

    def is_open_for_signup(self, request):
        return False

    def login(self, request, user):
        super().login(request, user)
        proof.record(request, user, "password")
