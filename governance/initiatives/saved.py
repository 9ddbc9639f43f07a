"""Saved views: questions to the catalog under a name, for one person or for everybody in a unit and below.

A view holds a question, never rows: whoever opens it asks it anew and sees what they may see. What a question
names and the catalog no longer knows is ignored, as in any address. A team is a unit, not a function: everybody
has one, it has a leader who can tidy up, and what a desk looks at follows from where people work; a function
is a duty, and its lists are on Home. The table lives in this room because the question is the catalog's own.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import ledger
from governance.core import lists
from governance.core.errors import Refused
from governance.core.prepared import KEY, Prepared
from governance.core.rules import Blocked, Blocker
from governance.initiatives.models import FirstView, SavedView
from governance.ledger.verbs import Verb
from governance.people import functions
from governance.people.functions import Function
from governance.people.models import Person, Unit

#: So many views one person may have made.
MOST = 50


# --- Reading ----------------------------------------------------------------------------------


def offered_to(person, line: list[int]) -> list[SavedView]:
    """Return the views `person` may open: their own, and those of the units in `line`, theirs and all above it. One query.

    Each has `opens`: whether the catalog opens with it for this person.
    """
    return _offered(len(line)).ask(person=person.pk, **{f"unit_{place}": pk for place, pk in enumerate(line)})


@lru_cache
def _offered(units: int) -> Prepared[SavedView]:
    """Return the query for somebody with so many units above them."""
    line = [f"unit_{place}" for place in range(units)]
    return Prepared(
        lambda person, **above: (
            _with_opens(person)
            .filter(Q(unit=None, person=person) | Q(unit__pk__in=[above[name] for name in line]))
            .order_by("folded", "pk")
        ),
        person=KEY,
        **dict.fromkeys(line, KEY),
    )


def kept_by(person, line: list[int]) -> QuerySet[SavedView]:
    """Return the views `person` may open or has to look after, with `opens`. One query; at most one more for functions."""
    theirs = Q(unit=None, person=person) | Q(unit__in=line) | Q(unit__isnull=False, person=person)
    theirs |= Q(unit__leader=person)
    if functions.has(person, Function.PORTFOLIO):
        theirs |= Q(unit__isnull=False)
    return _with_opens(person).filter(theirs).select_related("unit", "person").order_by("folded", "pk")


def _with_opens(person) -> QuerySet[SavedView]:
    return SavedView.objects.annotate(opens=Exists(FirstView.objects.filter(person=person, view=OuterRef("pk"))))


def may_change(view: SavedView, person) -> bool:
    """Return whether `person` made this view, leads the unit it is for, or is the Portfolio office. At most two queries."""
    if view.person_id == person.pk:
        return True
    if view.unit is None:
        return False
    return view.unit.leader_id == person.pk or functions.has(person, Function.PORTFOLIO)


def in_words(listing: lists.Listing, question: QueryDict) -> list[str]:
    """Return what a question asks of the catalog, in words: what narrows it, its order, its columns, and what of it is retired. No query."""
    chosen = lists.choose(listing, question)
    said = [str(one["label"]) for one in lists.applied(listing, chosen)]
    if (sort := listing.sort_called(chosen.sort)) is not None:
        said.append(_("ordered by %(column)s") % {"column": sort.label})
    if chosen.columns:
        titles = ", ".join(str(column.label) for column in listing.columns_called(chosen.columns))
        said.append(_("columns: %(columns)s") % {"columns": titles})
    said += [_("%(column)s, a retired column") % {"column": title} for title in lists.gone(listing, question)]
    return said


# --- Changing ---------------------------------------------------------------------------------


def save(
    name: str, question: str, *, unit: Unit | None = None, replace: bool = False, opens: bool = False, by, at: datetime
) -> SavedView:
    """Keep a question under a name, for `by` or for their `unit`; `replace` keeps it in the view of this name.

    Raises Blocked when nothing is asked, the name is taken or there are too many; Refused for a unit that
    is not theirs, and for replacing what is somebody else's.
    """
    if unit is not None and unit.pk != by.unit_id:
        raise Refused(_("A view for a team is for the unit you work in. Somebody who works there can save it."))
    if not question:
        raise Blocked(
            [Blocker("view.empty", _("Nothing is asked yet. Search, filter, sort or choose columns, then save that."))]
        )
    with ledger.act(by=by, at=at) as say:
        # Whoever holds it is locked, so that a name stays one and a limit a limit.
        Person.objects.select_for_update(of=("self",)).get(pk=by.pk)
        if unit is not None:
            Unit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
        holder = {"unit": unit} if unit is not None else {"unit": None, "person": by}
        view = SavedView.objects.filter(folded=name.casefold(), **holder).first()
        if view is None:
            _require_room(by)
            view = SavedView.objects.create(
                person=by, unit=unit, name=name, folded=name.casefold(), question=question, saved_at=at
            )
            say(Verb.VIEW_SAVED, view, unit=unit.pk if unit else None, text={"name": name})
        else:
            _require_replacing(view, by, replace)
            view.name, view.question, view.saved_at = name, question, at
            view.save(update_fields=["name", "question", "saved_at"])
            say(Verb.VIEW_CHANGED, view, unit=unit.pk if unit else None, text={"name": name})
        if opens:
            open_with(view, by=by)
    return view


def _require_room(person) -> None:
    """Raise Blocked when `person` made MOST views already. One query."""
    if SavedView.objects.filter(person=person).count() >= MOST:
        words = ngettext(
            "You have saved %(n)d view, and that is the most. Remove one you no longer need, then save this one.",
            "You have saved %(n)d views, and that is the most. Remove one you no longer need, then save this one.",
            MOST,
        )
        raise Blocked([Blocker("view.many", words % {"n": MOST})])


def _require_replacing(view: SavedView, person, replace: bool) -> None:
    """Raise Blocked unless the view of this name is to be replaced, Refused unless `person` may."""
    if not replace:
        words = _("There is a view called “%(name)s” already. Choose another name, or tick that it is replaced.")
        raise Blocked([Blocker("view.name", words % {"name": view.name})])
    require_change(view, person)


def require_change(view: SavedView, person) -> None:
    """Raise Refused, naming who may, unless `person` may change or remove this view. Queries as may_change."""
    if not may_change(view, person):
        raise Refused(
            _("Only %(name)s, the leader of %(unit)s or the Portfolio office can change this view.")
            % {"name": view.person.name, "unit": view.unit.name if view.unit else ""},
            view.person.name,
        )


def remove(view: SavedView, *, by, at: datetime) -> None:
    """Remove a view for everybody it is for; nothing governed goes with it. Raises Refused. Queries as may_change."""
    require_change(view, by)
    with ledger.act(by=by, at=at) as say:
        say(Verb.VIEW_REMOVED, view, unit=view.unit_id, text={"name": view.name})
        SavedView.objects.filter(pk=view.pk).delete()


def open_with(view: SavedView | None, *, by) -> None:
    """Let somebody's catalog open with a view, or with everything. A habit of one person, so no entry. Two queries at most."""
    if view is None:
        FirstView.objects.filter(person=by).delete()
    else:
        FirstView.objects.update_or_create(person=by, defaults={"view": view})


def by_number(views: Iterable[SavedView], sent: str) -> SavedView | None:
    """Return the one of `views` whose number was sent, or None. Queries as `views`."""
    return next((view for view in views if str(view.pk) == sent), None)


def built_in() -> Mapping[str, str]:
    """Return the views that need no saving, by their questions."""
    return {
        "": _("All"),
        "?owner=me": _("Mine"),
        "?owner=none": _("No owner"),
        "?due=review_overdue": _("Review overdue"),
    }
