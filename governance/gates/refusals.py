"""Keeping that somebody was refused, when the act itself rolled back."""

from contextlib import contextmanager
from datetime import datetime

from governance import ledger
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked


@contextmanager
def recorded(what: str, subject, *, initiative_id: int, by, at: datetime):
    """Record a refused decide, sign or stop in a transaction of its own, after the act rolled back."""
    try:
        yield
    except (Refused, Blocked, Conflict) as refusal:
        codes = [b.code for b in refusal.blockers] if isinstance(refusal, Blocked) else [type(refusal).__name__.lower()]
        ledger.refused(by=by, at=at, what=what, subject=subject, initiative=initiative_id, codes=codes)
        raise
