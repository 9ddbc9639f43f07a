"""The one clock. Read once at the edge (a request, a task, a command) and passed down as `at`.

In a demo it carries an offset that the demo bar moves forward: a row, so that worker and restart see
it. Proofs of identity and sessions are dated by `wall`, never by `now`.
"""

from datetime import datetime, timedelta

from django.utils import timezone


def wall() -> datetime:
    """Return the machine's own time, in UTC, for sessions and proofs of identity."""
    return timezone.now()


def now(installation=None) -> datetime:
    """Return the time the product lives in, in UTC: the wall clock, plus the demo's offset.

    One query, or none when the `installation` is at hand.
    """
    from governance.core.models import Installation

    if installation is None:
        installation = Installation.current()
    return wall() + timedelta(seconds=installation.clock_offset_seconds if installation else 0)
