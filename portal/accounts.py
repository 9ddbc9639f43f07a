"""Signing in and out, its second step, and passwords: the only doors of django-allauth that are open. Sign-up is closed."""

from collections.abc import Callable
from functools import wraps

from allauth.account import views
from allauth.mfa.base import views as second
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, re_path
from django.utils.translation import gettext as _

from governance.core.errors import Refused


def truthful(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give `view` the statuses of our other pages: 422 for a form with errors, 303 after success."""

    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method == "POST":
            response.status_code = {200: 422, 302: 303}.get(response.status_code, response.status_code)
        return response

    return answer


@wraps(views.password_change)
def change_password(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
    """Change one's password. Raises Refused for people who have none, as in a demo."""
    if request.user.is_authenticated and not request.user.has_usable_password():
        raise Refused(_("You have no password here, so there is none to change."))
    return views.password_change(request, *args, **kwargs)


urlpatterns = [
    path("sign-in/", truthful(views.login), name="account_login"),
    path("sign-in/code/", truthful(second.authenticate), name="mfa_authenticate"),
    path("sign-in/closed/", views.account_inactive, name="account_inactive"),
    path("sign-out/", truthful(views.logout), name="account_logout"),
    path("password/change/", truthful(change_password), name="account_change_password"),
    path("password/reset/", truthful(views.password_reset), name="account_reset_password"),
    path("password/reset/sent/", views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        truthful(views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
]
