"""Who hears of the comments on an initiative: those with a part in it, who commented, was mentioned or chose to, unless muted.

A part follows from the matrix, in person and not through a group, and is computed when asked. Muting silences
comments alone: what waits for somebody, or binds them, goes by other occasions that ask nobody here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from governance import ledger
from governance.comments import queries
from governance.comments.models import Hears, Watch
from governance.core.errors import Refused
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.people.models import Person
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Assignment


@dataclass(frozen=True)
class Hearing:
    """Whether somebody hears of comments on one initiative, and why or why not."""

    watching: bool
    muted: bool
    why: str


def require_seeing(person, initiative: Initiative, at: datetime) -> None:
    """Raise Refused unless `person` may see it. Queries as grants.held_by."""
    if May.SEE not in grants.held_by(person, initiative, at):
        raise Refused(_("You cannot see it."))


# Who hears


def part_in(initiative: Initiative, person) -> str:
    """Return why somebody has a part in it, in words, or "". No query beyond the matrix."""
    if raci.matrix(initiative).is_named(person):
        return _("You are named on it.")
    if initiative.workflow_owner_id == person.pk:
        return _("You are its workflow owner.")
    return _("You registered it.") if initiative.registrant_id == person.pk else ""


def hearing(initiative: Initiative, person, hears: str | None) -> Hearing:
    """Return whether `person` hears of comments, given what their watch says, if they have one. No query beyond the matrix."""
    if hears == Hears.MUTED:
        return Hearing(False, True, str(Hears.MUTED.label))
    why = part_in(initiative, person) or (str(Hears(hears).label) if hears else "")
    return Hearing(bool(why), False, why)


def said_by(person) -> Subquery:
    """Return what the watch of `person` says of an initiative, to bring along with it. No query of its own."""
    return Subquery(Watch.objects.filter(initiative=OuterRef("pk"), person=person).values("hears"))


def of(initiative: Initiative, person) -> Hearing:
    """Return whether `person` hears of comments on it, and why. One query beyond the matrix."""
    watch = queries.watch_of(initiative.pk, person)
    return hearing(initiative, person, watch.hears if watch else None)


def watchers(initiative: Initiative, watches: Iterable[Watch]) -> list[Person]:
    """Return the active people who hear of comments, each once, given the watches there are. No query beyond the matrix."""
    found = {p.pk: p for p in (initiative.registrant, initiative.workflow_owner, *raci.matrix(initiative).people) if p}
    for watch in watches:
        if watch.hears == Hears.MUTED:
            found.pop(watch.person_id, None)
        else:
            found[watch.person_id] = watch.person
    return [p for p in found.values() if p.is_active]


def heard_of_by(person, at: datetime) -> QuerySet[Initiative]:
    """Return what `person` watches or muted, of what they may see. Lazy; queries as visible_to."""
    named = Assignment.objects.filter(person=person, ended_at=None).values("initiative")
    chosen = Watch.objects.filter(person=person).values("initiative")
    mine = Q(pk__in=named) | Q(pk__in=chosen) | Q(registrant=person) | Q(workflow_owner=person)
    return Initiative.objects.visible_to(person, at).filter(mine)


# What people choose


def watch(initiative: Initiative, *, by, at: datetime) -> bool:
    """Hear of the comments on it from now on, and return whether that is new. Who chose so before goes on as before."""
    return _choose(initiative, Hears.CHOSEN, by, at)


def mute(initiative: Initiative, *, by, at: datetime) -> bool:
    """Hear of no more comments on it, until somebody mentions this person by name; return whether that is new."""
    return _choose(initiative, Hears.MUTED, by, at)


def _choose(initiative: Initiative, hears: Hears, by, at: datetime) -> bool:
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require_seeing(by, initiative, at)
        there = queries.watch_of(initiative.pk, by)
        if there is not None and (there.hears == Hears.MUTED) == (hears == Hears.MUTED):
            return False
        row = there or Watch(initiative=initiative, person=by)
        row.hears, row.since = hears, at
        row.save()
        # About the person: what somebody likes to hear of is no event in the life of an initiative.
        verb = Verb.WATCH_MUTED if hears == Hears.MUTED else Verb.WATCH_BEGUN
        say(verb, by, watched=initiative.pk, text={"initiative": str(initiative)})
    return True


def follow(initiative: Initiative, people: Iterable[Person], hears: Hears, at: datetime) -> None:
    """Have these people hear of comments from now on, who chose nothing so far. Inside the act that brings it about; one query."""
    rows = [Watch(initiative=initiative, person=person, hears=hears, since=at) for person in people]
    Watch.objects.bulk_create(rows, ignore_conflicts=True)
