"""The queue's side of time: one sweep, which looks at every clock and sends what is owed."""

from typing import Any

from celery import shared_task

from governance.core import clock
from governance.notices import delivery
from governance.reviews import clocks


@shared_task
def sweep(**kwargs: Any) -> dict[str, int]:
    """Look at every clock now, then send what may go. Safe to run any number of times, and at once."""
    at = clock.now()
    counts = clocks.run(at)
    delivery.drain(at)
    return counts
