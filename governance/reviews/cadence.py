"""When reviews are due: pure dates, no clock and no database.

A review recurs every so many days. The next one counts from the day the last one was due, not from the
day it was done, and stays at the same time of day in the owner's zone through both changes of the clock.
"""

from datetime import datetime, timedelta, tzinfo

#: The share of an interval that is left when the first reminder goes, and the least it may be.
REMINDER_SHARE, REMINDER_LEAST = 0.2, timedelta(days=1)
#: How long before it is due the notice "on the day" is owed: the last digest before the hour carries it.
ON_THE_DAY = timedelta(days=1)
#: How late a review is when its people are told so; sooner where it goes to others sooner.
LATE_AFTER = timedelta(days=1)


def days_on(instant: datetime, days: int, zone: tzinfo) -> datetime:
    """Return the instant `days` days after `instant` at the same time of day in `zone`.

    Where that hour does not exist, the one the clock jumps to; where it exists twice, the first. Keeps the
    zone `instant` was given in.
    """
    local = instant.astimezone(zone)
    there = datetime.combine(local.date() + timedelta(days=days), local.time().replace(fold=0), tzinfo=zone)
    return there.astimezone(instant.tzinfo)


def next_due(due: datetime, interval_days: int, at: datetime, zone: tzinfo) -> datetime:
    """Return when the review after the one due at `due` is due: whole intervals later, and after `at`.

    Raises ValueError for an interval of less than a day.
    """
    if interval_days < 1:
        raise ValueError(f"An interval of {interval_days} days came. It is one day or more.")
    # Whole intervals that have certainly passed; the clock's changes move the last one by an hour at most.
    missed = max((at - due) // timedelta(days=interval_days) - 1, 0)
    following = days_on(due, interval_days * (missed + 1), zone)
    while following <= at:
        missed += 1
        following = days_on(due, interval_days * (missed + 1), zone)
    return following


def lead(interval_days: int) -> timedelta:
    """Return how long before a review is due its first reminder goes: a fifth of the interval, at least a day."""
    return max(timedelta(days=interval_days) * REMINDER_SHARE, REMINDER_LEAST)


def reminder_at(due: datetime, interval_days: int) -> datetime:
    """Return when the first reminder goes."""
    return due - lead(interval_days)


def late_after(escalate_days: int) -> timedelta:
    """Return how long after it was due its people are told that it is late; always before it goes to others."""
    return min(LATE_AFTER, timedelta(days=escalate_days) / 2)


def late_at(due: datetime, escalate_days: int) -> datetime:
    """Return when its people are told that it is late."""
    return due + late_after(escalate_days)


def escalate_at(due: datetime, escalate_days: int) -> datetime:
    """Return when a late review goes to the Accountable and the Escalation owner."""
    return due + timedelta(days=escalate_days)
