"""Taking an import back: within 24 hours, what it brought goes and what it changed is put back, each on record.

What people have touched since stays as they left it. That is asked of the record: the last entry of an
initiative, clocks aside, must be the import's own.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from governance import ledger
from governance.initiatives import own, search
from governance.initiatives.models import Initiative
from governance.ledger import Verb, queries
from governance.people.models import Unit
from governance.registers import ours
from governance.registers.models import Batch, Before, Origin, State
from governance.registers.profile import OWN
from governance.registers.profiles import OURS
from governance.registers.stage import CHUNK
from governance.registers.weigh import STATED_BY_A_REGISTER

#: For so long an import can be taken back.
WITHIN = timedelta(hours=24)


def is_possible(batch: Batch, at: datetime) -> bool:
    """Return whether an import can be taken back at `at`. No query."""
    return batch.state == State.DONE and batch.finished_at is not None and at < batch.finished_at + WITHIN


def taken_back(batch: Batch, *, at: datetime, pause: float) -> Iterator[int]:
    """Take an import back, a chunk a transaction, and yield how many initiatives each chunk dealt with. May be killed and run again."""
    by, counts = batch.person, {"removed": 0, "restored": 0, "left": 0, "after": 0, **batch.counts.get("undone", {})}
    while True:
        with ledger.act(by=by, at=at) as say:
            dealt_with = _amended_back(batch, counts, at) if batch.profile == OURS else _chunk(batch, counts, say)
            if not dealt_with:
                counts["units"] = _remove_units(batch, say)
                batch.state = State.UNDONE
            batch.counts = {**batch.counts, "undone": counts}
            batch.save(update_fields=["state", "counts"])
        if not dealt_with:
            return
        yield dealt_with
        time.sleep(pause)


def _amended_back(batch: Batch, counts: dict[str, int], at: datetime) -> int:
    """Amend the next initiatives back to what they said before an export of ours came in; returns how many."""
    mine = Before.objects.filter(batch=batch, initiative_id__gt=counts["after"])
    befores = list(mine.select_related("initiative").order_by("initiative_id")[: ours.CHUNK])
    touched = _touched([before.initiative_id for before in befores], batch)
    for before in befores:
        left = before.initiative_id in touched or not ours.take_back(before, batch, at=at)
        counts["left" if left else "restored"] += 1
        counts["after"] = before.initiative_id
    return len(befores)


def _chunk(batch: Batch, counts: dict[str, int], say: Any) -> int:
    """Deal with the next records: each initiative is removed, put back, or left as people made it; returns how many."""
    mine = Origin.objects.filter(batch=batch, initiative_id__gt=counts["after"])
    origins = list(mine.select_related("initiative").order_by("initiative_id")[:CHUNK])
    pks = [origin.initiative_id for origin in origins]
    locked = Initiative.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk").in_bulk()
    befores = {before.initiative_id: before for before in Before.objects.filter(batch=batch, initiative_id__in=pks)}
    touched = _touched(pks, batch)
    for origin in origins:
        initiative, before = locked[origin.initiative_id], befores.get(origin.initiative_id)
        if initiative.pk in touched:
            counts["left"] += 1
        elif before is not None:
            _put_back(initiative, origin, before)
            counts["restored"] += 1
            say(Verb.RECORD_UNDONE, initiative, batch=batch.pk)
        elif origin.gone_at is not None:
            Origin.objects.filter(pk=origin.pk).update(gone_at=None)
            counts["restored"] += 1
            say(Verb.RECORD_UNDONE, initiative, batch=batch.pk)
        else:
            counts["removed"] += 1
            say(
                Verb.RECORD_UNDONE, initiative, batch=batch.pk, number=initiative.number, text={"name": initiative.name}
            )
            initiative.delete()
        counts["after"] = origin.initiative_id
    return len(origins)


def _remove_units(batch: Batch, say: Any) -> int:
    """Remove the units the import made which hold nothing now and nobody changed; returns how many.

    A query for each thing that can belong to a unit, and those of deleting for each level of the tree.
    """
    entries = queries.of_verbs((Verb.UNIT_ADDED, Verb.UNIT_CHANGED), batch.began_at)
    made = {e.subject_id for e in entries if e.verb == Verb.UNIT_ADDED and e.detail.get("batch") == batch.pk}
    changed = {e.subject_id for e in entries if e.verb == Verb.UNIT_CHANGED}
    units = Unit.objects.filter(pk__in=made - changed).in_bulk()
    held: set[int] = set()
    for relation in Unit._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": list(units)})  # type: ignore[union-attr]
        if relation.related_model is Unit:
            rows = rows.exclude(pk__in=list(units))
        held |= set(rows.values_list(relation.field.attname, flat=True))
    for pk in list(held):
        while (unit := units.get(pk)) is not None and unit.parent_id is not None:
            pk = unit.parent_id
            held.add(pk)
    left = {pk: unit for pk, unit in units.items() if pk not in held}
    for unit in left.values():
        say(Verb.UNIT_REMOVED, unit, batch=batch.pk, text={"name": unit.name})
    count = len(left)
    while left:
        above = {unit.parent_id for unit in left.values()}
        lowest = [pk for pk in left if pk not in above]
        Unit.objects.filter(pk__in=lowest).delete()
        left = {pk: unit for pk, unit in left.items() if pk in above}
    return count


def _touched(pks: list[int], batch: Batch) -> frozenset[int]:
    """Return those of these initiatives of which the record says something after the import, clocks aside. Two queries."""
    last = queries.last_of(pks, but="clock.")
    mine = {pk for pk, entry in last.items() if (entry.detail or {}).get("batch") == batch.pk}
    return frozenset(pk for pk in pks if pk not in mine)


def _put_back(initiative: Initiative, origin: Origin, before: Before) -> None:
    """Give an initiative and its origin what they held before the import. Three queries."""
    mine = {name: value for name, value in before.fields.items() if name.startswith(OWN)}
    fields = {name: value for name, value in before.fields.items() if name not in mine}
    for name, value in fields.items():
        field = Initiative._meta.get_field(name.removesuffix("_id"))
        initiative.__dict__[field.attname] = field.to_python(value) if value is not None else None
    initiative.version += 1
    Initiative.objects.bulk_create(
        [initiative],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=sorted({*(name.removesuffix("_id") for name in fields), "version"}),
    )
    if mine:
        there = {column.name: column for column in own.columns(retired=True)}
        own.write([(initiative, there[name], text) for name, text in mine.items() if name in there])
    for name in STATED_BY_A_REGISTER:
        value, field = before.origin[name], Origin._meta.get_field(name.removesuffix("_id"))
        setattr(origin, name, field.to_python(value) if value is not None else None)
    origin.save(update_fields=[name.removesuffix("_id") for name in STATED_BY_A_REGISTER])
    search.index([initiative])
