"""What every page's head asks about the person who reads it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Exists, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from governance.core.prepared import KEY, MOMENT, Hole, Prepared
from governance.gates import queries as gates
from governance.gates.models import Kind
from governance.initiatives.lifecycle import Stage
from governance.people.models import Person
from governance.raci.models import Assignment, Role, Row

#: Day 90 is asked on the first day of a pilot; it is shown when its first reminder goes.
DAY_90_SHOWN = timedelta(days=30)


class Pulse(NamedTuple):
    """How many questions wait for somebody, and whether something they answer for is stopped."""

    to_decide: int
    holds_stopped: bool


def pulse(person, at: datetime) -> Pulse:
    """Return the pulse of `person` at `at`: what the home page lists under Decide, counted.

    One query; none where whoever brought the person found already that they have no role anywhere (people/backend.py).
    """
    if getattr(person, "has_roles", None) is False:
        return Pulse(0, False)
    found = _PULSE.ask(person=person.pk, at=at, shown=at + DAY_90_SHOWN)
    return Pulse(*found[0]) if found else Pulse(0, False)


def _pulse(person: Hole, at: Hole, shown: Hole) -> QuerySet:
    near = gates.waiting(person, at).exclude(kind=Kind.DAY_90, due_at__gt=shown)
    counted = near.order_by().values(one=Value(1)).annotate(n=Count("pk", distinct=True)).values("n")
    stopped = Assignment.objects.standing().filter(
        person=person, row=Row.HALT, role=Role.ACCOUNTABLE, initiative__stage=Stage.STOPPED
    )
    answers = Coalesce(Subquery(counted, output_field=IntegerField()), 0), Exists(stopped)
    return Person.objects.filter(pk=person).order_by().values_list(*answers)


_PULSE = Prepared(_pulse, person=KEY, at=MOMENT, shown=MOMENT)
