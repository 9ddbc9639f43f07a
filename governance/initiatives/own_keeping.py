"""Looking after the own columns: the Portfolio office makes them, names them, orders them and retires them.

The kind and the key of a column never change, nor do the words of a choice: what initiatives said would mean
something else, and no history would tell. Another word is another choice, and the old one is retired.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import ledger
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from governance.initiatives import own
from governance.initiatives.models import OwnChoice, OwnColumn, OwnKind
from governance.ledger import Verb
from governance.people import functions
from governance.people.functions import Function

#: So many own columns are in use at once, and so many choices of one. Each column is a filter of the catalog.
MOST, MOST_CHOICES = 30, 50
#: Keys that addresses use for something else.
_RESERVED = frozenset({"add", "none"})


def require_office(by: Any) -> None:
    """Raise Refused unless `by` is in the Portfolio office. At most one query."""
    if not functions.has(by, Function.PORTFOLIO):
        raise Refused(_("The Portfolio office looks after the own columns."), str(Function.PORTFOLIO.label))


def locked() -> list[OwnColumn]:
    """Return every own column, locked until the transaction ends: titles and places are theirs together. One query."""
    return list(OwnColumn.objects.select_for_update().order_by("pk"))


def _in_use(there: Iterable[OwnColumn]) -> list[OwnColumn]:
    return sorted((one for one in there if not one.is_retired), key=lambda one: (one.position, one.pk))


# --- Columns ----------------------------------------------------------------------------------


def make(
    title: str, kind: str, *, help: str = "", choices: Sequence[str] = (), taken: Iterable[str] = (), by, at: datetime
) -> OwnColumn:
    """Make an own column, last in the order. `taken` are the titles the catalog's other columns have.

    Raises Blocked when the title is taken, there are MOST in use already, or the choices do not fit the kind.
    """
    require_office(by)
    with ledger.act(by=by, at=at) as say:
        there = locked()
        reasons = [*_title_blockers(title, there, taken), *_room_blockers(there)]
        if kind == OwnKind.CHOICE and not choices:
            reasons.append(Blocker("own.choices", _("A choice needs something to choose from. Enter its choices.")))
        if kind != OwnKind.CHOICE and choices:
            reasons.append(Blocker("own.choices", _("Only a column of the kind choice has choices.")))
        if reasons:
            raise Blocked(reasons)
        column = OwnColumn.objects.create(
            key=_free_key(title, {one.key for one in there}, "column"),
            title=title,
            folded=own.same(title),
            kind=kind,
            help=help,
            position=_after(there),
            made_at=at,
        )
        added = _add(column, choices, [])
        text = {"name": title, "help": help, "choices": [one.title for one in added]}
        say(Verb.COLUMN_MADE, column, key=column.key, kind=kind, text=text)
    return column


def change(
    column: OwnColumn,
    title: str,
    *,
    help: str = "",
    more: Sequence[str] = (),
    taken: Iterable[str] = (),
    by,
    at: datetime,
    seen_version: int,
) -> OwnColumn:
    """Give a column another title or help, and more choices at the end of those it has. Says nothing where nothing changes.

    Raises Blocked as `make`, Conflict when somebody saved since `seen_version`.
    """
    require_office(by)
    with ledger.act(by=by, at=at) as say:
        there = locked()
        column = next(one for one in there if one.pk == column.pk)
        wanted = {"title": title, "help": help}
        before = {name: getattr(column, name) for name, value in wanted.items() if getattr(column, name) != value}
        if not before and not more:
            return column
        if column.version != seen_version:
            raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
        others = [one for one in there if one.pk != column.pk]
        if "title" in before and (reasons := list(_title_blockers(title, others, taken))):
            raise Blocked(reasons)
        had = list(column.choices.order_by("position", "pk"))
        after = {name: wanted[name] for name in before}
        if added := _add(column, more, had):
            before["choices"] = _listed(one for one in had if one.retired_at is None)
            after["choices"] = _listed(one for one in [*had, *added] if one.retired_at is None)
        column.title, column.folded, column.help = title, own.same(title), help
        _save(column, "title", "folded", "help")
        said = {"name": title, "before": before, "after": after}
        say(Verb.COLUMN_CHANGED, column, key=column.key, fields=sorted(before), text=said)
    return column


def move(column: OwnColumn, down: bool, *, by, at: datetime) -> None:
    """Let a column and the next one in use change places; nothing happens at the end of the order."""
    require_office(by)
    with ledger.act(by=by, at=at) as say:
        order = _in_use(locked())
        swapped = _swap(order, column, down)
        if not swapped:
            return
        before = {one.pk: one.position for one in order}
        for place, one in enumerate(swapped, 1):
            if one.position != place:
                one.position = place
                _save(one, "position")
        moved = next(one for one in swapped if one.pk == column.pk)
        said = {"before": {"position": str(before[moved.pk])}, "after": {"position": str(moved.position)}}
        say(Verb.COLUMN_CHANGED, moved, key=moved.key, fields=["position"], text={"name": moved.title, **said})


def retire(column: OwnColumn, *, by, at: datetime) -> None:
    """Retire a column: it is offered nowhere any more, and what initiatives say in it stays. Raises Conflict when it is already."""
    require_office(by)
    with ledger.act(by=by, at=at) as say:
        column = next(one for one in locked() if one.pk == column.pk)
        if column.is_retired:
            raise Conflict(_("%(column)s is retired already.") % {"column": column.title})
        column.retired_at = at
        _save(column, "retired_at")
        say(Verb.COLUMN_RETIRED, column, key=column.key, text={"name": column.title})


def bring_back(column: OwnColumn, *, taken: Iterable[str] = (), by, at: datetime) -> None:
    """Bring a retired column back, last in the order, with everything that was said in it. Raises Blocked as `make`, Conflict when it is in use."""
    require_office(by)
    with ledger.act(by=by, at=at) as say:
        there = locked()
        column = next(one for one in there if one.pk == column.pk)
        if not column.is_retired:
            raise Conflict(_("%(column)s is in use already.") % {"column": column.title})
        others = [one for one in there if one.pk != column.pk]
        if reasons := [*_title_blockers(column.title, others, taken), *_room_blockers(there)]:
            raise Blocked(reasons)
        column.retired_at, column.position = None, _after(there)
        _save(column, "retired_at", "position")
        say(Verb.COLUMN_BROUGHT_BACK, column, key=column.key, text={"name": column.title})


def _save(column: OwnColumn, *fields: str) -> None:
    column.version += 1
    column.save(update_fields=[*fields, "version"])


def _after(there: Iterable[OwnColumn]) -> int:
    return max((one.position for one in there), default=0) + 1


def _title_blockers(title: str, others: Iterable[OwnColumn], taken: Iterable[str]) -> Iterable[Blocker]:
    """Yield why a column cannot be called so: an own column in use is, or one that the catalog has anyway. No query."""
    folded = own.same(title)
    if folded in {one.folded for one in others if not one.is_retired} or folded in {own.same(one) for one in taken}:
        words = _("There is a column called “%(title)s” already. Choose another title.")
        yield Blocker("own.title", words % {"title": title})


def _room_blockers(there: Iterable[OwnColumn]) -> Iterable[Blocker]:
    if len(_in_use(there)) >= MOST:
        words = ngettext(
            "%(n)d own column is in use, and that is the most. Retire one that nobody needs.",
            "%(n)d own columns are in use, and that is the most. Retire one that nobody needs.",
            MOST,
        )
        yield Blocker("own.many", words % {"n": MOST})


def _free_key(title: str, taken: set[str], otherwise: str) -> str:
    """Return a key made of a title that nothing else has: letters, digits and single underscores inside. No query."""
    stem = re.sub(r"[^a-z0-9]+", "_", slugify(title))[:34].strip("_") or otherwise
    kept = taken | _RESERVED
    return next(key for key in (stem, *(f"{stem}_{n}" for n in range(2, len(kept) + 3))) if key not in kept)


# --- Choices ----------------------------------------------------------------------------------


def _add(column: OwnColumn, titles: Sequence[str], had: list[OwnChoice]) -> list[OwnChoice]:
    """Add choices to a locked column, after those it has. Raises Blocked for one that is there, or too many. Two queries."""
    if not titles:
        return []
    _require_few(len([one for one in had if one.retired_at is None]) + len(titles))
    keys, known = {one.key for one in had}, {one.folded for one in had}
    made = []
    for place, title in enumerate(titles, max((one.position for one in had), default=0) + 1):
        key, folded = _free_key(title, keys, "choice"), own.same(title)
        if folded in known:
            words = _("“%(choice)s” is a choice already. Leave it out; a retired one can be brought back.")
            raise Blocked([Blocker("own.choices", words % {"choice": title})])
        keys.add(key)
        known.add(folded)
        made.append(OwnChoice(column=column, key=key, title=title, folded=folded, position=place))
    return OwnChoice.objects.bulk_create(made)


def _require_few(count: int) -> None:
    """Raise Blocked for more choices in use than a column may have."""
    if count > MOST_CHOICES:
        words = ngettext("A column has at most %(n)d choice.", "A column has at most %(n)d choices.", MOST_CHOICES)
        raise Blocked([Blocker("own.choices", words % {"n": MOST_CHOICES})])


def change_choice(choice: OwnChoice, do: str, *, by, at: datetime) -> None:
    """Move a choice up or down, retire it, or bring it back last in the order (`do`: up, down, retire, back).

    Nothing happens where it stands so already. Raises Blocked when there would be too many. Four queries and the act's.
    """
    require_office(by)
    with ledger.act(by=by, at=at) as say:
        column = next(one for one in locked() if one.pk == choice.column_id)
        had = list(column.choices.order_by("position", "pk"))
        before = [one for one in had if one.retired_at is None]
        if do in ("up", "down"):
            after = _swap(before, choice, do == "down") or before
        else:
            after = [one for one in before if one.pk != choice.pk or do == "back"]
            after += [one for one in had if one.pk == choice.pk and one.retired_at is not None and do == "back"]
        if after == before:
            return
        _require_few(len(after))
        for place, one in enumerate([*after, *(one for one in had if one not in after)], 1):
            one.position, one.retired_at = place, None if one in after else one.retired_at or at
        OwnChoice.objects.bulk_update(had, ["retired_at", "position"])
        _save(column)
        said = {"before": {"choices": _listed(before)}, "after": {"choices": _listed(after)}}
        say(Verb.COLUMN_CHANGED, column, key=column.key, fields=["choices"], text={"name": column.title, **said})


def _listed(choices: Iterable[OwnChoice]) -> str:
    return ", ".join(choice.title for choice in choices)


def _swap(order: list[Any], one: Any, down: bool) -> list[Any]:
    """Return `order` with `one` a place further down or up; nothing where it is not in it, or at the end already."""
    place = next((n for n, other in enumerate(order) if other.pk == one.pk), None)
    there = None if place is None else place + (1 if down else -1)
    if place is None or there is None or not 0 <= there < len(order):
        return []
    swapped = list(order)
    swapped[place], swapped[there] = swapped[there], swapped[place]
    return swapped
