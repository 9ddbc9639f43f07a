"""The queue's side of delivery: "look now", and nothing else."""

from typing import Any

from celery import shared_task

from governance.core import clock
from governance.notices import delivery


@shared_task
def deliver(**kwargs: Any) -> dict[str, int]:
    """Send what may go now. Safe to run any number of times, and at once."""
    return delivery.drain(clock.now())._asdict()
