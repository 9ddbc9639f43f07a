"""Every address. A room brings its own list; portal adds health and signing in."""

from importlib.util import find_spec

from django.urls import include, path

from portal import health

#: The rooms that have pages, from the top of the house down.
ROOMS = (
    "demo",
    "desk",
    "public",
    "registers",
    "reviews",
    "gates",
    "initiatives",
    "raci",
    "outcomes",
    "proof",
    "comments",
    "notices",
    "people",
    "ledger",
)

urlpatterns = [
    path("healthz/live", health.live, name="live"),
    path("healthz/ready", health.ready, name="ready"),
    path("", include("portal.accounts")),
    path("", include("governance.initiatives.catalog_urls")),
    *(
        path("", include(f"governance.{room}.urls"))
        for room in ROOMS
        if find_spec(f"governance.{room}") and find_spec(f"governance.{room}.urls")
    ),
]

handler400 = "portal.refusals.bad_request"
handler403 = "portal.refusals.forbidden"
handler404 = "portal.refusals.not_found"
handler429 = "portal.refusals.too_many"
handler500 = "portal.refusals.failed"
