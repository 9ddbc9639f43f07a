"""What happens when an occasion's time has come: a thing settles, or people are told of it, or of many in one letter.

Small transactions; what one thing fails with holds up no other. And what would happen, without any effect.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from governance import ledger
from governance.core.models import Installation
from governance.gates.models import Decision, Retirement, Stop, StopWish
from governance.initiatives import roles
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.notices.models import Notice
from governance.proof.models import SignOff
from governance.raci import queries as raci
from governance.raci.models import Assignment
from governance.reviews.letters import Letter
from governance.reviews.letters_many import Group
from governance.reviews.look import Look
from governance.reviews.models import Told
from governance.reviews.occasions import Done, Due, Occasion, Preview

log = logging.getLogger("mandate.sweep")

#: Things told in one transaction: a stop never waits for more than these.
CHUNK = 25
#: Things of a group that are marked as told in one transaction.
MARKED = 100


def happen(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Do what is due of one row. What the row as a whole fails with is logged and counted."""
    try:
        if occasion.settle is not None:
            return _settle(occasion, due, look)
        if occasion.groups is not None:
            return _tell_groups(occasion, due, look)
        return _tell_all(occasion, due, look)
    except Exception as error:
        log.error("The clock could not do %s.", occasion.code, exc_info=error)
        return Done(failed=1)


def preview(occasion: Occasion, due: list[Due], look: Look) -> Iterator[Preview]:
    """Say what would happen to what is due of one row. Writes nothing."""
    pks = [d.thing for d in due]
    if occasion.groups is not None:
        for group in occasion.groups(pks, look):
            for letter in group.letters:
                yield Preview(group.fell_due, letter.people, str(letter.subject()), str(occasion.otherwise))
        return
    assert occasion.letter is not None
    for thing in _load(occasion, occasion.model._default_manager.filter(pk__in=pks)):
        then = Look(occasion.instant(thing, look))
        letter = occasion.letter(thing, then)
        yield Preview(then.at, letter.people, str(letter.subject()), str(occasion.otherwise))


def _attempt(occasion: Occasion, about: object, do: Callable[..., int], *given: Any) -> Done:
    """Do something that must not take the sweep down with it; what it fails with is logged."""
    try:
        return Done(do(*given))
    except Exception as error:
        log.error("The clock could not do %s for %s.", occasion.code, about, exc_info=error)
        return Done(failed=1)


def _called(occasion: Occasion, pk: int) -> str:
    return f"{occasion.model._meta.model_name} {pk}"


# Settling: the thing itself changes, under its lock, in the room it belongs to


def _settle(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Settle each of these things."""
    assert occasion.settle is not None
    done = Done()
    for pk in dict.fromkeys(d.thing for d in due):
        done += _attempt(occasion, _called(occasion, pk), occasion.settle, pk, look.at)
    return done


# Telling about one thing at a time


def _tell_all(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Tell about each of these things once."""
    done = Done()
    for start in range(0, len(due), CHUNK):
        chunk = [d.thing for d in due[start : start + CHUNK]]
        try:
            done += Done(_tell(occasion, chunk, look))
        except Exception:  # One of them cannot be told: then each by itself.
            for pk in chunk:
                done += _attempt(occasion, _called(occasion, pk), _tell, occasion, [pk], look)
    return done


def _tell(occasion: Occasion, pks: list[int], look: Look) -> int:
    """Tell about these things in one transaction: lock, look again, write the notices, keep that it was told."""
    with ledger.act(by="system:sweep", at=look.at) as say:
        _lock(occasion, pks)
        things = _load(occasion, occasion.untold(look).filter(pk__in=pks))
        rows: list[Notice] = []
        for thing in things:
            rows += _write_down(occasion, thing, look, say)
        notices.write(rows)
        _keep(occasion, {thing.pk: occasion.round(thing, look) for thing in things}, look)
    return len(things)


def _lock(occasion: Occasion, pks: list[int]) -> None:
    """Lock the initiatives these things belong to, in the order of their keys: the first locks of any act."""
    mine = occasion.model._default_manager.filter(pk__in=pks)
    wanted = pks if occasion.model is Initiative else list(mine.values_list("initiative_id", flat=True))
    list(Initiative.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk").values_list("pk"))


#: What the letters about a thing read of it.
_READ: dict[type[Model], tuple[str, ...]] = {
    Initiative: ("workflow_owner",),
    Decision: ("initiative", "asked_by"),
    Assignment: ("initiative", "person"),
    SignOff: ("initiative", "decision__initiative"),
    Retirement: ("initiative",),
    StopWish: ("initiative__workflow_owner", "person"),
    Stop: ("initiative__workflow_owner", "asked_by"),
}


def _load(occasion: Occasion, found: QuerySet) -> list:
    """Return things with what their letters read: their initiatives, and the matrices in one query."""
    things = list(found.select_related(*_READ[occasion.model]).order_by("pk"))
    raci.prefetch([_initiative(thing) for thing in things])
    return things


def _initiative(thing) -> Initiative:
    return thing if isinstance(thing, Initiative) else thing.initiative


def _write_down(occasion: Occasion, thing, look: Look, say) -> list[Notice]:
    """Return the notices about one thing and record whom they go to. Inside the act that tells."""
    assert occasion.letter is not None
    letter, initiative = occasion.letter(thing, look), _initiative(thing)
    if occasion.shows and initiative.restricted:
        roles.inform(initiative, letter.people, at=look.at, say=say)
    counted = occasion.round(thing, look)
    people = sorted({p.pk for p in letter.people if p is not None and p.is_active})
    if not people:
        return []
    say(
        _verb(occasion), thing, occasion=occasion.code, since=counted, people=people, text={"subject": letter.subject()}
    )
    # The instant is part of the name: a new round of the same clock is a new occasion.
    name, fell_due = f"{occasion.code}-{counted:%Y%m%d%H%M%S}", occasion.instant(thing, look)
    return _rows(letter, look, thing=thing, occasion=name, initiative=initiative, fell_due=fell_due)


def _verb(occasion: Occasion) -> Verb:
    return Verb.CLOCK_ESCALATED if occasion.escalates else Verb.CLOCK_REMINDED


def _rows(letter: Letter, look: Look, **about: Any) -> list[Notice]:
    return notices.rows(
        letter.people,
        subject=letter.subject,
        body=letter.body,
        path=letter.path,
        why=letter.why,
        at=look.at,
        binding=letter.binding,
        due=letter.due,
        action=letter.action,
        mute=letter.mute,
        zones=look.zones,
        **about,
    )


def _keep(occasion: Occasion, rounds: dict[int, datetime], look: Look) -> None:
    """Keep of these things that they were told, and in which round of their clock."""
    Told.objects.bulk_create(
        [Told(occasion=occasion.code, thing_id=pk, since=since, told_at=look.at) for pk, since in rounds.items()]
    )


# Telling about many things in one letter


def _tell_groups(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Tell about these things group by group: one notice a person, group and day, however many things there are."""
    assert occasion.groups is not None
    since, done = dict(due), Done()
    for group in occasion.groups([d.thing for d in due], look):
        for start in range(0, len(group.things), MARKED):
            pks = group.things[start : start + MARKED]
            done += _attempt(occasion, group.about, _tell_group, occasion, group, pks, since, look)
    return done


def _tell_group(occasion: Occasion, group: Group, pks: list[int], since: dict[int, datetime], look: Look) -> int:
    """Owe the letters of a group, unless an earlier chunk did, and keep of these things that they were told."""
    with ledger.act(by="system:sweep", at=look.at) as say:
        # One sweep at a time: grouped letters have no single initiative whose lock could order them.
        list(Installation.objects.select_for_update(of=("self",)).filter(pk=1).values_list("pk"))
        fresh = list(occasion.untold(look).filter(pk__in=pks).order_by("pk").values_list("pk", flat=True))
        if not fresh:
            return 0
        if occasion.begins is not None:
            occasion.begins(pks, look.at)
        if not Notice.objects.filter(about=group.about, occasion=group.key).exists():
            _write_group_down(occasion, group, look, say)
        _keep(occasion, {pk: group.fell_due if occasion.again else since[pk] for pk in fresh}, look)
    return len(fresh)


def _write_group_down(occasion: Occasion, group: Group, look: Look, say) -> None:
    """Write the notices of a group and record whom they go to. Inside the act that tells."""
    about = {"thing": group.about, "occasion": group.key, "fell_due": group.fell_due, "initiative": group.initiative}
    rows = [row for letter in group.letters for row in _rows(letter, look, **about)]
    notices.write(rows)
    if people := sorted({row.person_id for row in rows}):
        things, text = len(group.things), {"subject": rows[0].subject}
        say(_verb(occasion), group.subject, occasion=occasion.code, things=things, people=people, text=text)
