"""What only a demo can do: move its clock forward, with everything that time does on the way."""

import math
from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.db.models import F

from governance import ledger
from governance.core.models import Installation
from governance.ledger import Verb
from governance.notices import delivery
from governance.notices.actions import DIGEST_AT
from governance.people import calendars
from governance.reviews import clocks

#: How far one press may move the clock, in days.
STEPS = (1, 7)
#: The hours of the company at which it stops on the way: the digest goes, the last reminder before a
#: deadline goes, a working day ends. So every e-mail carries the hour at which it would have gone.
STOPS = (DIGEST_AT, time(13, 0), time(17, 0))


def forward(days: int, *, by, at: datetime) -> datetime:
    """Move the demo's clock `days` forward and let each of those days happen. Returns the new now.

    Raises ValueError for any other step: the clock only goes forward, by a day or a week.
    """
    if days not in STEPS:
        raise ValueError(f"{days} days came. The demo's clock moves by 1 or 7 days.")
    zone = calendars.zone(Installation.objects.get(pk=1).time_zone)
    for stop in stops(at, days, zone):
        seconds = round((stop - at).total_seconds())
        at = stop
        with ledger.act(by=by, at=at) as say:
            Installation.objects.filter(pk=1, kind=Installation.Kind.DEMO).update(
                clock_offset_seconds=F("clock_offset_seconds") + seconds
            )
            installation = Installation.objects.get(pk=1)
            say(Verb.CLOCK_MOVED, installation, offset_seconds=installation.clock_offset_seconds)
        clocks.run(at)
        delivery.drain(at)
    return at


def stops(at: datetime, days: int, zone) -> Iterator[datetime]:
    """Yield, in order, the instants at which the clock stops between `at` and `days` later, and that last one.

    All are whole seconds after `at`, because the offset is kept in seconds.
    """
    ends = at + timedelta(days=days)
    first = at.astimezone(zone).date()
    hours = (
        datetime.combine(first + timedelta(days=day), hour, tzinfo=zone) for day in range(days + 1) for hour in STOPS
    )
    for hour in hours:
        stop = at + timedelta(seconds=math.ceil((hour - at).total_seconds()))
        if at < stop < ends:
            yield stop
    yield ends
