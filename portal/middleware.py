"""What happens around every page: headers, the clock, who may come in, and how a refusal is answered."""

from collections.abc import Callable
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils import timezone, translation

from governance.core import clock
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from portal import refusals

#: Features of the browser that no page of ours uses, switched off for anything that gets into one.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "idle-detection",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "screen-wake-lock",
        "serial",
        "usb",
    )
)


class Headers:
    """Give every response the same protective headers: pages, parts, files, redirects, refusals and failures.

    It stands outermost, because a request that fails in another middleware (an unknown host name, say)
    is answered without passing those further out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response
        self.always = protective()
        self.over_https = {}
        if settings.SECURE_HSTS_SECONDS:
            subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
            self.over_https["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}"

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.always.items():
            response.headers.setdefault(name, value)
        if request.is_secure():
            for name, value in self.over_https.items():
                response.headers.setdefault(name, value)
        # Files say themselves how long they may be kept; everything else is somebody's and is kept nowhere.
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class Methods:
    """Take what browsers send, and nothing else: a page is looked at or a form is sent.

    Django hands any other method to views that ask `is it a POST` as if it were a look.
    """

    TAKEN = ("GET", "HEAD", "POST")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request) if request.method in self.TAKEN else HttpResponseNotAllowed(self.TAKEN)


def protective() -> dict[str, str]:
    """Return the headers every response carries, by name."""
    return {
        "Content-Security-Policy": build_policy(),
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
    }


class Moment:
    """Read what this installation is and what time it is, once; show times in the reader's own zone.

    Sets `request.installation` (an unsaved one before set-up) and `request.at` (UTC) for every view but
    those marked `timeless`. Costs one query, and none for an address that does not exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if getattr(view, "timeless", False):
            return
        from governance.core.models import Installation
        from governance.people import calendars

        installation = Installation.current()
        if installation is None:
            installation = Installation(kind=Installation.Kind.REAL, time_zone=settings.TIME_ZONE)
        request.installation = installation  # type: ignore[attr-defined]
        request.at = clock.now(installation)  # type: ignore[attr-defined]
        reader = None if getattr(view, "open_outside", False) else request.user
        timezone.activate(calendars.zone(getattr(reader, "time_zone", "") or installation.time_zone))
        language = getattr(reader, "language", "")
        if language and translation.check_for_language(language):
            translation.activate(language)
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]


def timeless(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Mark a view that asks for neither clock nor installation, and works when the database does not."""
    view.timeless = True  # type: ignore[attr-defined]
    return view


class LoginRequired(LoginRequiredMiddleware):
    """Let nobody in who has not signed in, except where a view says so.

    A view says so with Django's `login_not_required`, or, for a demo only, with `core.doors.open_in_a_demo`. One that
    is the same for everybody (`core.doors.open_outside`) never learns who reads it.
    """

    def process_view(self, request, view_func, view_args, view_kwargs):
        """Return None to let the request through, or the way to the sign-in page."""
        if getattr(view_func, "open_outside", False):
            return None
        if getattr(view_func, "open_in_a_demo", False) and request.installation.is_demo:
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request, view_func):
        """Lead to the sign-in page; a part of a page is told to move the whole page there."""
        if not request.htmx:
            return super().handle_no_permission(request, view_func)
        login_url = resolve_url(self.get_login_url(view_func))
        there = redirect_to_login(
            request.htmx.current_url_abs_path or "/", login_url, self.get_redirect_field_name(view_func)
        )
        return HttpResponse(status=401, headers={"HX-Redirect": there.url})


class SecondFactor:
    """Lead whoever has no second factor to setting one up, where everybody needs one, before any other page.

    Costs nothing where none is required or one was given at sign-in, else one query.
    """

    #: What one may do on the way there.
    OPEN = frozenset({"people:second_factor", "people:prove", "account_logout"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if settings.SECOND_FACTOR != "required" or not getattr(view, "login_required", True):
            return None
        from governance.people import proof, second_factor

        if (
            getattr(view, "timeless", False)
            or not request.user.is_authenticated
            or request.resolver_match.view_name in self.OPEN
            or not second_factor.required(request)
            or proof.newest(request)
            or second_factor.has(request.user)
        ):
            return None
        there = resolve_url("people:second_factor")
        return HttpResponse(status=401, headers={"HX-Redirect": there}) if request.htmx else redirect(there)


class Answers:
    """Turn the refusals of the domain into pages: not yours 403, blocked 409, too late 409."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Refused):
            return refusals.refused(request, exception)
        if isinstance(exception, Blocked):
            return refusals.blocked(request, exception)
        if isinstance(exception, Conflict):
            return refusals.conflict(request, exception)
        return None
