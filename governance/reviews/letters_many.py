"""What occasions say about many initiatives in one letter, and to whom: what falls due together is a group."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core.moments import day
from governance.initiatives.models import Initiative
from governance.people import calendars
from governance.people.functions import Function
from governance.people.models import Person, Unit
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from governance.reviews.letters import Letter, answers_for, once
from governance.reviews.look import Look


@dataclass
class Group:
    """What fell due together: the things, what the notices are about, and the letters."""

    about: str
    things: list[int]
    letters: list[Letter]
    fell_due: datetime
    key: str
    subject: Any = None
    initiative: Initiative | None = None


@dataclass(frozen=True)
class _Some:
    """Initiatives as a grouped letter speaks of them to one reader, who may not see all of them."""

    rows: list

    @property
    def words(self) -> dict[str, Any]:
        return {"n": len(self.rows), "key": self.rows[0].key, "name": self.rows[0].name}

    def listed(self) -> str:
        """Return the first ten, one a line, and how many more there are."""
        lines = [str(row) for row in self.rows[:10]]
        if more := len(self.rows) - len(lines):
            lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
        return "\n".join(lines)


def _seen_by(
    people: Iterable[Person | None], rows: list[Initiative], at: datetime
) -> Iterator[tuple[list[Person], _Some]]:
    """Yield readers with what of `rows` they may see; a restricted one leaves no trace for others.

    No query unless something restricted is among them, then one a reader.
    """
    people = once(people)
    restricted = [row.pk for row in rows if row.restricted]
    if not restricted:
        yield people, _Some(rows)
        return
    for person in people:
        seen = set(Initiative.objects.visible_to(person, at).filter(pk__in=restricted).values_list("pk", flat=True))
        if mine := [row for row in rows if not row.restricted or row.pk in seen]:
            yield [person], _Some(mine)


def _brief(pks: Iterable[int]) -> list[Initiative]:
    """Return initiatives with what a list of them says, by number. A query per 500."""
    wanted, found = list(pks), []
    for start in range(0, len(wanted), 500):
        found += Initiative.objects.filter(pk__in=wanted[start : start + 500]).only(
            "pk", "number", "name", "unit_id", "restricted", "unowned_since", "evidence_due_on", "stage"
        )
    return sorted(found, key=lambda row: row.number)


def _catalog(unit: Unit | None, **filters: str) -> str:
    return f"{reverse('catalog:list')}?{urlencode({**filters, 'unit': unit.slug if unit else 'none'})}"


def _in(unit: Unit | None) -> str:
    return unit.name if unit else _("no unit")


def ownership(pks: list[int], look: Look, days: int) -> Iterator[Group]:
    """Yield one group per top-level unit and day: in use, and `days` days without an accepted owner."""
    whole = policy.current().windows["ownership_d"]
    by_group: dict[tuple, list[Initiative]] = {}
    for row in _brief(pks):
        top = look.top(row.unit_id)
        morning = look.morning_after(row.unowned_since + timedelta(days=days))
        by_group.setdefault((top, morning), []).append(row)
    for (top, morning), rows in by_group.items():
        if days < whole:
            letters = _no_owner_yet(rows, top, look, morning + timedelta(days=whole - days))
        else:
            letters = _no_owner_after(rows, top, look, morning, days)
        yield Group(
            about=f"unit:{top.pk if top else 'none'}",
            things=[r.pk for r in rows],
            letters=list(letters),
            fell_due=morning,
            key=f"ownership-{days}-{morning.astimezone(look.zone).date()}",
            subject=top,
        )


def _to_readers(
    people: Iterable[Person | None],
    rows: list[Initiative],
    top: Unit | None,
    look: Look,
    subject: Callable[[_Some], str],
    body: Callable[[_Some], str],
    why: Callable[[], str],
    **more: Any,
) -> Iterator[Letter]:
    """Yield the letters about what has no owner in a unit; each reader's counts what they may see."""
    for readers, some in _seen_by(people, rows, look.at):
        said, told = partial(subject, some), partial(body, some)
        yield Letter(readers, said, told, _catalog(top, owner="none"), why=why, action=lambda: _("See them"), **more)


def _with_the_coo() -> str:
    return _("You are COO, lead the unit, or are in the Portfolio office.")


def _no_owner_yet(rows: list[Initiative], top: Unit | None, look: Look, until: datetime) -> Iterator[Letter]:
    def subject(some: _Some) -> str:
        if len(some.rows) == 1:
            says = _("%(key)s %(name)s has no owner: name one by %(day)s")
        else:
            says = _("%(n)d in %(unit)s have no owner: name them by %(day)s")
        return says % {**some.words, "unit": _in(top), "day": day(until)}

    def body(some: _Some) -> str:
        says = _("If nobody has accepted by %(day)s, it goes to the COO.") % {"day": day(until)}
        return f"{says}\n{some.listed()}"

    def why() -> str:
        return _("You lead the unit, or you are in the Portfolio office.")

    yield from _to_readers([*look.office, look.leader(top)], rows, top, look, subject, body, why, due=until)


def _no_owner_after(
    rows: list[Initiative], top: Unit | None, look: Look, morning: datetime, days: int
) -> Iterator[Letter]:
    until = calendars.Calendar(look.zone).working_days_after(morning, policy.current().windows["ownership_coo_wd"])
    chiefs, leader = look.members(Function.COO), look.leader(top)
    first = chiefs or look.office
    others = [p for p in (*look.office, leader) if p not in chiefs] if chiefs else [leader]

    def subject(some: _Some) -> str:
        if len(some.rows) == 1:
            says = _("%(key)s %(name)s has had no owner for %(days)s days")
        else:
            says = _("%(n)d in %(unit)s have had no owner for %(days)s days")
        return says % {**some.words, "unit": _in(top), "days": days}

    def body(some: _Some) -> str:
        says = _("It is with the COO now, who has until %(day)s to have a named person accept.") % {"day": day(until)}
        return f"{says}\n{some.listed()}"

    for people in (first, others):
        yield from _to_readers(people, rows, top, look, subject, body, _with_the_coo, due=until, binding=True)


def still_unowned(pks: list[int], look: Look) -> Iterator[Group]:
    """Yield one group per top-level unit: in use, the COO's time over, and still nobody accepted. Listed on Mondays."""
    by_unit: dict[Unit | None, list[Initiative]] = {}
    for row in _brief(pks):
        by_unit.setdefault(look.top(row.unit_id), []).append(row)
    for top, rows in by_unit.items():
        yield Group(
            about=f"unit:{top.pk if top else 'none'}",
            things=[r.pk for r in rows],
            letters=list(_still_no_owner(rows, top, look)),
            fell_due=look.monday,
            key=f"ownership-weekly-{look.monday.date()}",
            subject=top,
        )


def _still_no_owner(rows: list[Initiative], top: Unit | None, look: Look) -> Iterator[Letter]:
    def subject(some: _Some) -> str:
        if len(some.rows) == 1:
            says = _("%(key)s %(name)s still has no owner")
        else:
            says = _("%(n)d in %(unit)s still have no owner")
        return says % {**some.words, "unit": _in(top)}

    def body(some: _Some) -> str:
        says = _("The COO's time is over. This list comes every Monday until a named person has accepted.")
        return f"{says}\n{some.listed()}"

    everybody = [*look.members(Function.COO), *look.office, look.leader(top)]
    yield from _to_readers(everybody, rows, top, look, subject, body, _with_the_coo)


def evidence(pks: list[int], look: Look) -> Iterator[Group]:
    """Yield one group per owner, else per top-level unit, and day: admitted with evidence missing, due today."""
    rows = _brief(pks)
    raci.prefetch(rows)
    by_group: dict[tuple, list[Initiative]] = {}
    for row in rows:
        about: Person | Unit | None = answers_for(row) or look.top(row.unit_id)
        by_group.setdefault((about, row.evidence_due_on), []).append(row)
    for (about, due_on), some_rows in by_group.items():
        people: list[Person | None]
        if isinstance(about, Person):
            people, path = [about], f"{reverse('catalog:list')}?{urlencode({'owner': 'me'})}"
            name = f"person:{about.pk}"
        else:
            people, path = [*look.office, look.leader(about)], _catalog(about, owner="none")
            name = f"unit:{about.pk if about else 'none'}"
        yield Group(
            about=name,
            things=[r.pk for r in some_rows],
            letters=[_evidence_letter(readers, some, path) for readers, some in _seen_by(people, some_rows, look.at)],
            fell_due=look.morning(due_on),
            key=f"evidence-{due_on}",
            subject=about,
        )


def _evidence_letter(people: list[Person], some: _Some, path: str) -> Letter:
    def subject() -> str:
        one = _("Evidence is missing: %(key)s %(name)s")
        return (one if len(some.rows) == 1 else _("Evidence is missing for %(n)d initiatives")) % some.words

    def body() -> str:
        says = _("They came from a register, and the time to show that their controls are met is over.")
        return f"{says}\n{some.listed()}"

    return Letter(
        people,
        subject,
        body,
        path,
        why=lambda: _("You answer for it, lead the unit, or are in the Portfolio office."),
        action=lambda: _("See them"),
    )


def left(pks: list[int], look: Look) -> Iterator[Group]:
    """Yield one group per leaver who is still Accountable or Escalation owner of something."""
    held = Assignment.objects.filter(pk__in=pks).select_related("person", "initiative")
    by_person: dict[int, list[Assignment]] = {}
    for row in held.order_by("initiative__number", "row", "role"):
        by_person.setdefault(row.person_id, []).append(row)
    for rows in by_person.values():
        person = rows[0].person
        yield Group(
            about=f"person:{person.pk}",
            things=[row.pk for row in rows],
            letters=[_left_letter(person, rows, look)],
            fell_due=look.at,
            # Several people may leave on one day, and one may leave twice in a life.
            key=f"left-{person.left_on}",
            subject=person,
        )


def _left_letter(person: Person, rows: list[Assignment], look: Look) -> Letter:
    n = len({row.initiative_id for row in rows})
    lines = "\n".join(f"{row.initiative}: {Role(row.role).label}, {Row(row.row).label}" for row in rows[:20])

    def subject() -> str:
        says = ngettext(
            "%(name)s has left: name who follows on %(n)d initiative",
            "%(name)s has left: name who follows on %(n)d initiatives",
            n,
        )
        return says % {"name": person.name, "n": n}

    return Letter(
        look.office,
        subject,
        lambda: _("Until somebody accepts, the next gate of each is blocked.") + f"\n{lines}",
        person.get_absolute_url(),
        why=lambda: _("You are in the Portfolio office."),
        action=lambda: _("See what they held"),
        binding=True,
    )
