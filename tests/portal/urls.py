"""Pages that fail in every way there is, beside the real ones."""

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from governance.core.doors import open_in_a_demo
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from portal.urls import handler400, handler403, handler404, handler429, handler500, urlpatterns  # noqa: F401


def failing(error):
    """Return a view, open to everybody, that raises `error`."""

    @login_not_required
    def view(request):
        raise error

    return view


@login_not_required
def moment(request):
    return HttpResponse(
        f"{request.at.isoformat()} {request.installation.company} {datetime.now(UTC).astimezone().tzname()}"
    )


def private(request):
    return HttpResponse(f"for {request.user.name}")


@require_POST
def write(request):
    return HttpResponse("written")


@open_in_a_demo
def front(request):
    return HttpResponse("the front door")


@login_not_required
def streamed(request):
    return StreamingHttpResponse(iter([b"a", b"b"]))


SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)

urlpatterns = [
    path("t/refused/", failing(Refused("Priya Nair decides this.", who="Priya Nair"))),
    path(
        "t/blocked/",
        failing(
            Blocked(
                [
                    Blocker("budget", "No budget is approved.", who="Finance", since=SINCE),
                    Blocker("owner", "Nobody has accepted."),
                ]
            )
        ),
    ),
    path("t/conflict/", failing(Conflict("Priya Nair answered first.", changes=["The amount is now 90,000."]))),
    path("t/denied/", failing(PermissionDenied())),
    path("t/missing/", failing(Http404())),
    path("t/odd/", failing(SuspiciousOperation("odd"))),
    path("t/broken/", failing(ZeroDivisionError("secret-detail"))),
    path("t/cut-off/", failing(OperationalError("secret-detail"))),
    path("t/moment/", moment),
    path("t/private/", private),
    path("t/write/", write),
    path("t/front/", front),
    path("t/streamed/", streamed),
    *urlpatterns,
]
