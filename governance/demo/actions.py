"""What only a demo can do: move its clock forward, one day at a time, with everything that time does."""

from datetime import datetime, timedelta

from django.db.models import F

from governance import ledger
from governance.core.models import Installation
from governance.ledger import Verb
from governance.notices import delivery
from governance.reviews import clocks

#: How far one press may move the clock.
STEPS = (1, 7)


def forward(days: int, *, by, at: datetime) -> datetime:
    """Move the demo's clock `days` forward and let each of those days happen. Returns the new now.

    Raises ValueError for any other step: the clock only goes forward, by a day or a week.
    """
    if days not in STEPS:
        raise ValueError(f"{days} days came. The demo's clock moves by 1 or 7 days.")
    for _day in range(days):
        at += timedelta(days=1)
        with ledger.act(by=by, at=at) as say:
            Installation.objects.filter(pk=1, kind=Installation.Kind.DEMO).update(
                clock_offset_seconds=F("clock_offset_seconds") + 86_400
            )
            installation = Installation.objects.get(pk=1)
            say(Verb.CLOCK_MOVED, installation, offset_seconds=installation.clock_offset_seconds)
        clocks.run(at)
        delivery.drain(at)
    return at
