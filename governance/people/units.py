"""The tree of units: who stands above whom, and who leads what."""

from governance.people.models import Unit


def line(unit: Unit | None) -> list[Unit]:
    """Return `unit` and every unit above it, lowest first. One query a level not yet loaded."""
    found: list[Unit] = []
    while unit is not None and unit not in found:
        found.append(unit)
        unit = unit.parent
    return found


def is_within(unit: Unit | None, above: Unit | None) -> bool:
    """Return whether `unit` is `above` or stands below it. Queries as line."""
    return above is not None and any(u.pk == above.pk for u in line(unit))


def leads(person, unit: Unit | None) -> bool:
    """Return whether `person` leads `unit` or any unit above it. Queries as line."""
    return any(u.leader_id == person.pk for u in line(unit))


def leader_of(unit: Unit | None):
    """Return the nearest active leader of `unit` or above it, or None. Queries as line."""
    return next((u.leader for u in line(unit) if u.leader_id and u.leader.is_active), None)


def top(unit: Unit | None) -> Unit | None:
    """Return the unit at the top of this one's line."""
    return line(unit)[-1] if unit is not None else None


def below(unit: Unit) -> set[int]:
    """Return the ids of `unit` and of every unit below it. One query for the whole tree."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in Unit.objects.values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(pk)
    found, rest = set(), [unit.pk]
    while rest:
        pk = rest.pop()
        if pk not in found:
            found.add(pk)
            rest += children.get(pk, [])
    return found
