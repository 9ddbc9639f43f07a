"""Moments in plain words, in the zone of whoever reads: what notices say. Pages use the template tags."""

from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def day(instant: datetime) -> str:
    """Return "Thu 20 Nov" in the active zone."""
    return formats.date_format(timezone.localtime(instant), "D j M")


def moment(instant: datetime) -> str:
    """Return "Thu 20 Nov, 17:00 CET" in the active zone; "UTC+3" where a zone has no short name."""
    here = timezone.localtime(instant)
    zone = here.tzname() or "UTC"
    return _("%(day)s, %(time)s %(zone)s") % {
        "day": day(instant),
        "time": formats.date_format(here, "H:i"),
        "zone": zone if zone[0].isalpha() else f"UTC{zone}",
    }


def span(gap: timedelta) -> str:
    """Return how long something is: "4 hours", from two days on "2 days"; never less than an hour."""
    hours = max(round(gap / timedelta(hours=1)), 1)
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}
