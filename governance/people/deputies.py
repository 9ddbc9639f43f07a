"""Who stands in for whom today. A deputy may stop; never decide."""

from datetime import datetime

from governance.people import calendars
from governance.people.models import Deputy


def active_for(person, at: datetime) -> frozenset[int]:
    """Return the ids of the people whose active deputy `person` is at `at`. One query, kept on the instance.

    A deputy's first and last day are whole days in the zone of the person they stand in for.
    """
    kept = person.__dict__.setdefault("_deputises", {})
    if at not in kept:
        rows = Deputy.objects.filter(deputy=person, ended_at=None, person__is_active=True).select_related("person")
        kept[at] = frozenset(d.person_id for d in rows if d.starts_on <= at.astimezone(calendars.zone(d.person.time_zone)).date() <= d.ends_on)
    return kept[at]


def of(person, at: datetime) -> list:
    """Return the people who stand in for `person` at `at`. One query."""
    day = at.astimezone(calendars.zone(person.time_zone)).date()
    rows = Deputy.objects.filter(person=person, ended_at=None, starts_on__lte=day, ends_on__gte=day, deputy__is_active=True).select_related("deputy").order_by("pk")
    return [row.deputy for row in rows]
