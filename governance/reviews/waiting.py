"""What the rows of the table of occasions share: how long things wait, by the policy, and what is waiting."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance import policy
from governance.comments.models import Comment
from governance.gates.models import Decision, Kind, Retirement
from governance.initiatives.models import Initiative
from governance.raci.models import OFFERED, Assignment
from governance.reviews.look import Look

#: Older than this, what was said is no news.
_NEWS = timedelta(days=30)


# How long


def windows() -> dict[str, Any]:
    """Return the policy's windows, by name."""
    return policy.current().windows


def hours(name: str) -> timedelta:
    """Return a window that is kept in hours."""
    return timedelta(hours=windows()[name])


def days(name: str) -> timedelta:
    """Return a window that is kept in days."""
    return timedelta(days=windows()[name])


def tier(initiative):
    """Return what the policy says of its tier."""
    return policy.current().tiers[initiative.tier]


def late_days() -> dict[str, int]:
    """Return after how many days a late review goes further: at most, and at tier 4."""
    tiers = policy.current().tiers
    return {"most": tiers[0].escalate_review_after_d, "four": tiers[4].escalate_review_after_d}


def late_from(initiative) -> datetime:
    """Return from when lateness counts: nobody is late while it is stopped."""
    return max(initiative.review_due_at, initiative.stage_since)


# What waits


def reviewed(look: Look, ahead: Callable[[Any], timedelta]) -> QuerySet:
    """Return what is in production and whose review is due in `ahead(tier)` at most; late by that much where it is negative."""
    due = Q(pk__in=())
    for number, tier in policy.current().tiers.items():
        reach = look.at + ahead(tier)
        here = Q(tier=number, review_due_at__lte=reach)
        # Lateness counts from the restart at the earliest.
        due |= here & Q(stage_since__lte=reach) if ahead(tier) < timedelta() else here
    return Initiative.objects.filter(due, stage="production", retiring_since=None)


def waits_in(stage: str) -> QuerySet:
    """Return what stands at a stage and is not retiring."""
    return Initiative.objects.filter(stage=stage, retiring_since=None)


def adopted() -> QuerySet:
    """Return the pilots that were found in use: they said then who answers, and owe the rest."""
    found_in_use = Decision.objects.filter(
        initiative=OuterRef("pk"), kind=Kind.PILOT_GO, outcome="pass", snapshot__initiative__stage="discovered"
    )
    return Initiative.objects.filter(Exists(found_in_use), stage="pilot", retiring_since=None)


def unpublished() -> QuerySet:
    """Return the retirements that wait for their postmortem; a correction may have ended one."""
    return Retirement.objects.filter(published_at=None, initiative__retiring_since__isnull=False)


def this_week(initiative, look: Look) -> datetime:
    """Return the latest weekly instant of something stopped: day 30 and whole weeks."""
    first = initiative.stage_since + days("stopped_d")
    return first + (look.at - first) // days("stopped_repeat_d") * days("stopped_repeat_d")


def leavers() -> QuerySet:
    """Return the standing roles of people who have left."""
    standing = Assignment.objects.standing().filter(role__in=OFFERED, person__is_active=False)
    return standing.exclude(initiative__stage__in=["retired", "triage"])


def said(look: Look) -> QuerySet:
    """Return the comments that this morning's digest may tell of."""
    return Comment.objects.filter(written_at__lte=look.dawn, written_at__gt=look.dawn - _NEWS)
