"""The queue's side of imports: "look now", and nothing else."""

from typing import Any

from celery import shared_task

from governance.core import clock
from governance.registers import bringing, directory


@shared_task
def go_on(**kwargs: Any) -> int:
    """Go on with the imports that are under way. Safe to run any number of times, and at once."""
    return bringing.go_on(clock.now()) + directory.go_on(clock.now())
