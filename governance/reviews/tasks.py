"""The queue's side of time: one sweep, which looks at every clock and sends what is owed."""

from typing import Any

from celery import shared_task
from django.db import transaction

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


def nudge() -> None:
    """Have a worker look at every clock once this transaction has committed. Never fails an act: the next sweep comes anyway."""
    transaction.on_commit(lambda: delivery.queue(sweep), robust=True)
