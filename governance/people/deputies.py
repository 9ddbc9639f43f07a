"""Who stands in for whom today. A deputy may stop; never decide.

A deputy's first and last day are whole days in the zone of the person they stand in for.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from governance.core.prepared import DAY, KEY, Prepared
from governance.people import calendars
from governance.people.models import Deputy

#: No zone is further from UTC than this, so a day that is over everywhere is found without asking where.
_ANYWHERE = timedelta(days=1)


def active_for(person, at: datetime) -> frozenset[int]:
    """Return the ids of the people whose active deputy `person` is at `at`. One query, kept on the instance; none where
    whoever brought the person found already that they stand in for nobody (backend.py).

    More (as calendars.zone_of) only for those who are near their dates and have no zone of their own.
    """
    if getattr(person, "stands_in", None) is False:
        return frozenset()
    kept = getattr(person, "_deputises", None)
    if kept is None:
        kept = person._deputises = {}
    if at not in kept:
        rows = _THEIRS.ask(deputy=person.pk, before=(at + _ANYWHERE).date(), after=(at - _ANYWHERE).date())
        kept[at] = frozenset(d.person_id for d in rows if is_active(d, at))
    return kept[at]


_THEIRS: Prepared[Deputy] = Prepared(
    lambda deputy, before, after: Deputy.objects.filter(
        deputy=deputy, person__is_active=True, ended_at=None, starts_on__lte=before, ends_on__gte=after
    ).select_related("person__unit"),
    deputy=KEY,
    before=DAY,
    after=DAY,
)


def of(person, at: datetime) -> list:
    """Return the people who stand in for `person` at `at`. One query, and those of calendars.zone_of."""
    near = {"starts_on__lte": (at + _ANYWHERE).date(), "ends_on__gte": (at - _ANYWHERE).date()}
    rows = (
        Deputy.objects.filter(person=person, deputy__is_active=True, ended_at=None, **near)
        .select_related("deputy")
        .order_by("pk")
    )
    day = calendars.today_of(person, at)
    return [row.deputy for row in rows if row.starts_on <= day <= row.ends_on]


def is_active(deputy: Deputy, at: datetime) -> bool:
    """Return whether `deputy` counts at `at`; whether both still work here is the caller's question. Queries as zone_of."""
    return deputy.ended_at is None and deputy.starts_on <= calendars.today_of(deputy.person, at) <= deputy.ends_on


def coming(at: datetime) -> QuerySet[Deputy]:
    """Return the deputies that are not over at `at`, also those whose days are still to come. Lazy."""
    return (
        Deputy.objects.filter(ended_at=None, ends_on__gte=(at - _ANYWHERE).date())
        .select_related("person__unit", "deputy")
        .order_by("starts_on", "pk")
    )
