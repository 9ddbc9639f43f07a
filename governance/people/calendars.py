"""Working days: the decider's unit's calendar, its parent's where it says nothing, the company's at the top.

A deadline of n working days ends when the n-th working day after the asking ends. It is stored as an
instant, so a later change of a calendar moves nothing. Hour windows are plain clock hours.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governance.people.holidays import day_of
from governance.people.models import DAY_ENDS, Unit

#: No calendar is so full of holidays that a working day cannot be found within this many days.
_FAR = 3660


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a unit works: its zone, the weekdays (Monday 0), the end of the day, and dates nobody works."""

    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset(range(5))
    closes_at: time = DAY_ENDS
    holidays: frozenset[date] = field(default_factory=frozenset)

    def works_on(self, day: date) -> bool:
        """Return whether `day` is a working day here."""
        return day.weekday() in self.weekdays and day not in self.holidays

    def working_days_after(self, at: datetime, days: int) -> datetime:
        """Return the instant (UTC) at which the `days`-th working day after `at` ends here."""
        day = at.astimezone(self.zone).date()
        left = days
        for _ in range(_FAR):
            if left <= 0 and self.works_on(day):
                break
            day += timedelta(days=1)
            left -= self.works_on(day)
        return self._end_of(day)

    def working_day_before(self, day: date, days: int) -> date:
        """Return the `days`-th working day before `day`."""
        for _ in range(_FAR):
            if days <= 0:
                break
            day -= timedelta(days=1)
            days -= self.works_on(day)
        return day

    def end_of_day(self, day: date) -> datetime:
        """Return the instant (UTC) at which `day`, or the first working day after it, ends here."""
        for _ in range(_FAR):
            if self.works_on(day):
                break
            day += timedelta(days=1)
        return self._end_of(day)

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day, self.closes_at, tzinfo=self.zone).astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """Return the zone called `name`, or UTC where this machine knows no such zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def of(unit: Unit | None) -> Calendar:
    """Return the calendar of `unit`. Costs one query for the installation and one per parent not yet loaded."""
    from governance.core.models import Installation

    said: dict = {}
    holidays: set[date] = set()
    while unit is not None:
        for name, value in (("zone", unit.time_zone), ("weekdays", unit.working_days), ("closes_at", unit.closes_at)):
            if value and name not in said:
                said[name] = value
        holidays |= {day_of(day) for day in unit.holidays}
        unit = unit.parent
    if "zone" not in said:
        installation = Installation.current()
        said["zone"] = installation.time_zone if installation else "UTC"
    weekdays = frozenset(int(digit) for digit in said.get("weekdays", "01234"))
    return Calendar(zone(said["zone"]), weekdays, said.get("closes_at", DAY_ENDS), frozenset(holidays))


def of_person(person) -> Calendar:
    """Return the calendar of a person's unit; without a person, the company's."""
    return of(person.unit if person is not None else None)


def zone_of(person) -> ZoneInfo:
    """Return the zone `person` lives in: their own, else that of their unit's calendar. Queries as of, none for their own."""
    return zone(person.time_zone) if person.time_zone else of_person(person).zone


def today_of(person, at: datetime) -> date:
    """Return which day it is for `person` at `at`. Queries as zone_of."""
    return at.astimezone(zone_of(person)).date()
