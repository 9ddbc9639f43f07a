"""One look at every clock, at one instant: the company's zone, its units and functions, read once for all occasions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from governance.core.models import Installation
from governance.notices.actions import DIGEST_AT
from governance.people import calendars, functions
from governance.people.functions import Function
from governance.people.models import Person, Unit

#: How long before the digest its news is gathered, so that the sweep is done when the digest goes.
_BEFORE_DIGEST = timedelta(hours=1)


@dataclass
class Look:
    """One look at every clock, at one instant: what is read once for all occasions is kept here."""

    at: datetime
    zones: dict = field(default_factory=dict)
    _members: dict = field(default_factory=dict)

    @cached_property
    def installation(self) -> Installation:
        """The installation. One query."""
        return Installation.current() or Installation(company="", time_zone="UTC")

    @property
    def zone(self) -> ZoneInfo:
        """The company's zone."""
        return calendars.zone(self.installation.time_zone)

    @cached_property
    def cut(self) -> datetime:
        """The latest 08:00 of the company that has passed: what is grouped by day is looked at then."""
        today = self.morning(self.at.astimezone(self.zone).date())
        return today if today <= self.at else self.morning(self.at.astimezone(self.zone).date() - timedelta(days=1))

    @cached_property
    def dawn(self) -> datetime:
        """The latest 07:00 of the company that has passed: what was said by then joins that morning's digest."""
        last = self.dawn_after(self.at)
        return last if last == self.at else self.dawn_after(last - timedelta(hours=36))

    @cached_property
    def monday(self) -> datetime:
        """The latest Monday, 08:00 of the company, that has passed: what is listed once a week is listed then."""
        last = self.cut.astimezone(self.zone).date()
        return self.morning(last - timedelta(days=last.weekday()))

    def morning(self, day) -> datetime:
        """Return 08:00 of a day in the company's zone."""
        return datetime.combine(day, DIGEST_AT, tzinfo=self.zone)

    def morning_after(self, instant: datetime) -> datetime:
        """Return the first 08:00 of the company at or after `instant`."""
        same = self.morning(instant.astimezone(self.zone).date())
        return same if same >= instant else self.morning(same.date() + timedelta(days=1))

    def dawn_after(self, instant: datetime) -> datetime:
        """Return the first 07:00 of the company at or after `instant`."""
        return self.morning_after(instant + _BEFORE_DIGEST) - _BEFORE_DIGEST

    def members(self, function: Function) -> list[Person]:
        """Return the active people of a function. One query the first time."""
        if function not in self._members:
            self._members[function] = list(functions.members(function))
        return self._members[function]

    @property
    def office(self) -> list[Person]:
        """The Portfolio office."""
        return self.members(Function.PORTFOLIO)

    def first_of(self, *wanted: Function) -> list[Person]:
        """Return the people of these functions, or the Portfolio office where there are none."""
        return [p for function in wanted for p in self.members(function)] or self.office

    @cached_property
    def units(self) -> dict[int, Unit]:
        """Every unit with its leader. One query."""
        return {u.pk: u for u in Unit.objects.select_related("leader")}

    @cached_property
    def _whole(self) -> set[int]:
        """The units that are the whole organisation: what they are made of stands for them."""
        roots = [u for u in self.units.values() if u.parent_id is None]
        parents = {u.parent_id for u in self.units.values()}
        return {
            u.pk
            for u in roots
            if u.pk in parents and (len(roots) == 1 or u.name.casefold() == self.installation.company.casefold())
        }

    def top(self, unit_id: int | None) -> Unit | None:
        """Return the unit at the top of this one's line; the organisation as a whole is not a part of itself."""
        unit = self.units.get(unit_id) if unit_id else None
        while unit is not None and unit.parent_id is not None and unit.parent_id not in self._whole:
            unit = self.units[unit.parent_id]
        return unit

    def leader(self, unit: Unit | None) -> Person | None:
        """Return the nearest active leader of a unit or above it."""
        while unit is not None:
            if unit.leader_id and unit.leader.is_active:
                return unit.leader
            unit = self.units.get(unit.parent_id) if unit.parent_id else None
        return None
