"""Telling people what an import brought: one notice per top-level unit and person, not one per record."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.notices import actions as notices
from governance.people import functions
from governance.people.functions import Function
from governance.people.models import Unit
from governance.registers.models import Batch, Origin
from governance.registers.profile import Profile


@dataclass(slots=True)
class Tidings:
    """What an import means for one top-level unit."""

    listed: int = 0
    gone: int = 0
    unowned: int = 0
    says: int = 0


def of(batches: list[Batch]) -> Iterator[tuple[Unit | None, Tidings]]:
    """Yield what these batches brought, per top-level unit (None for records without one). Two queries and one for the units."""
    parents = dict(Unit.objects.values_list("pk", "parent_id"))

    def top(pk: int | None) -> int | None:
        while pk is not None and parents.get(pk) is not None:
            pk = parents[pk]
        return pk

    found: dict[int | None, Tidings] = {}
    touched = Origin.objects.filter(batch__in=batches).values_list(
        "initiative__unit_id", "gone_at", "says", "initiative__unowned_since"
    )
    for unit_id, gone_at, says, unowned_since in touched.iterator():
        one = found.setdefault(top(unit_id), Tidings())
        one.gone += gone_at is not None
        one.listed += gone_at is None
        one.says += bool(says)
        one.unowned += unowned_since is not None
    units = Unit.objects.select_related("leader").in_bulk([pk for pk in found if pk is not None])
    yield from (
        (units.get(pk) if pk is not None else None, one)
        for pk, one in sorted(found.items(), key=lambda item: item[0] or 0)
    )


def tell(profile: Profile, unit: Unit | None, tidings: Tidings, *, key: int, at: datetime) -> None:
    """Owe the unit's leader and the Portfolio office one grouped notice. Inside an act.

    `key` is the batch it is told under: the same key, unit and person are told once, however often this runs.
    """
    days = policy.current().windows["ownership_d"]
    name = unit.name if unit else _("no unit")
    sentences = []
    if tidings.listed:
        sentences.append(
            ngettext(
                "%(n)d use of AI is new or was changed by the register “%(title)s”.",
                "%(n)d uses of AI are new or were changed by the register “%(title)s”.",
                tidings.listed,
            )
            % {"n": tidings.listed, "title": profile.title}
        )
    if tidings.unowned:
        until = (at + timedelta(days=days)).date().isoformat()
        sentences.append(
            ngettext(
                "%(n)d is in use and nobody owns it. Name a business owner by %(until)s, else the COO is asked.",
                "%(n)d are in use and nobody owns them. Name business owners by %(until)s, else the COO is asked.",
                tidings.unowned,
            )
            % {"n": tidings.unowned, "until": until}
        )
    if tidings.gone:
        sentences.append(
            ngettext(
                "%(n)d is no longer listed; it stays here until somebody retires it.",
                "%(n)d are no longer listed; they stay here until somebody retires them.",
                tidings.gone,
            )
            % {"n": tidings.gone}
        )
    if tidings.says:
        sentences.append(
            ngettext(
                "For %(n)d the register says something else than we do; nothing was changed there.",
                "For %(n)d the register says something else than we do; nothing was changed there.",
                tidings.says,
            )
            % {"n": tidings.says}
        )
    leader = unit.leader if unit else None
    office = list(functions.members(Function.PORTFOLIO))
    for people, why in (
        ([leader] if leader else [], _("You lead %(unit)s.") % {"unit": name}),
        ([p for p in office if p != leader], _("You are in the Portfolio office.")),
    ):
        notices.owe(
            people,
            thing=f"batch:{key}",
            occasion=f"unit-{unit.pk if unit else 'none'}",
            at=at,
            subject=_("From the register: %(unit)s") % {"unit": name},
            body=" ".join(sentences),
            path=_catalog(unit),
            why=why,
        )


def _catalog(unit: Unit | None) -> str:
    """Return the address of the catalog, narrowed to the unit."""
    try:
        return reverse("catalog:list") + (f"?unit={unit.slug}" if unit else "")
    except NoReverseMatch:
        return "/"
