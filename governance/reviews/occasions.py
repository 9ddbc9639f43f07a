"""What a row of the table of occasions is, and what its time coming leads to. (The table itself: clocks.py.)"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, Exists, F, Model, OuterRef, QuerySet, Value

from governance.reviews.letters import Letter
from governance.reviews.letters_many import Group
from governance.reviews.look import Look
from governance.reviews.models import Told


@dataclass(frozen=True)
class Occasion:
    """One row: what waits, when its time comes, who is told, and what happens if nobody does anything.

    `things(look)` is a queryset of what its clock runs for, `since` the field that clock counts from. They
    fall due a time `after` that, before it where `after` is negative. A row without one such time for all
    finds what is due itself, with <=, and `fell_due` says when exactly that was.

    What happens is one of three: a thing `settle`s (its `letter` is then a preview), or the people of its
    `letter` are told, or those of the `groups` it belongs to. `shows` lets whoever is told see a restricted
    thing from then on; `begins` is done in the transaction that tells. Where people are told `again` and again,
    it says after which instant a thing must not have been told about.
    """

    code: str
    waits: Any
    when: Any
    told: Any
    otherwise: Any
    model: type[Model]
    things: Callable[[Look], QuerySet]
    since: str
    after: Callable[[], timedelta] | None = None
    fell_due: Callable[[Any, Look], datetime] | None = None
    letter: Callable[[Any, Look], Letter] | None = None
    groups: Callable[[list[int], Look], Iterator[Group]] | None = None
    settle: Callable[[int, datetime], int] | None = None
    escalates: bool = False
    shows: bool = False
    begins: Callable[[list[int], datetime], None] | None = None
    again: Callable[[Look], datetime] | None = None

    @property
    def says_when(self) -> str:
        """Return when its time comes, in words, with the policy's numbers."""
        return str(self.when() if callable(self.when) else self.when)

    def instant(self, thing: Any, look: Look) -> datetime:
        """Return when exactly this thing falls due."""
        if self.fell_due is not None:
            return self.fell_due(thing, look)
        assert self.after is not None
        return getattr(thing, self.since) + self.after()

    def round(self, thing: Any, look: Look) -> datetime:
        """Return what `Told` keeps: the instant the clock counts from, for weekly occasions that of this week."""
        return self.instant(thing, look) if self.again else getattr(thing, self.since)

    def due(self, look: Look) -> QuerySet:
        """Return what is due, dealt with or not. Lazy."""
        found = self.things(look)
        return found if self.after is None else found.filter(**{f"{self.since}__lte": look.at - self.after()})

    def untold(self, look: Look) -> QuerySet:
        """Return what is due and was not dealt with yet; what settles shows that itself. Lazy."""
        found = self.due(look)
        if self.settle is not None:
            return found
        earlier = Told.objects.filter(occasion=self.code, thing_id=OuterRef("pk"))
        if self.again is None:
            earlier = earlier.filter(since=OuterRef(self.since))
        else:
            earlier = earlier.filter(since__gt=self.again(look))
        return found.filter(~Exists(earlier))

    def asked(self, look: Look) -> QuerySet:
        """Return (code, thing, since) of what is due, for the one question. Lazy."""
        code = Value(self.code, output_field=CharField())
        found = self.untold(look).order_by().annotate(x_code=code, x_thing=F("pk"), x_since=F(self.since))
        return found.values_list("x_code", "x_thing", "x_since")


class Due(NamedTuple):
    """One thing whose time has come."""

    thing: int
    since: datetime


@dataclass(frozen=True)
class Done:
    """How many things were dealt with, and how many could not be."""

    things: int = 0
    failed: int = 0

    def __add__(self, other: "Done") -> "Done":
        return Done(self.things + other.things, self.failed + other.failed)


class Preview(NamedTuple):
    """What would happen: when it falls due, to whom it goes, in which words, and what follows if nobody acts."""

    at: datetime
    people: list
    subject: str
    otherwise: str
