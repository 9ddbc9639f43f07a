"""Finding the initiative a page is about, for every room that has pages of one."""

from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from governance.core.http import Request
from governance.core.prepared import KEY, Hole, Prepared
from governance.initiatives import sight
from governance.initiatives.models import Initiative

#: What nearly every page and rule reads: its units, who registered it, the workflow owner.
RELATED = (
    "unit__parent",
    "receiving_unit__parent",
    "building_unit__parent",
    "registrant",
    "workflow_owner",
    "tier_confirmed_by",
)


def find(request: Request, number: int, *also: str, **annotated: Any) -> Initiative:
    """Return initiative `number` for the person who asks, with its units, registrant and workflow owner.

    `also` names further relations to bring, `annotated` expressions to bring along. Raises Http404 when there is none or they may not see it: the
    two must not be told apart. One query, and one for the functions of somebody not asked about before.
    """
    person = request.user
    if annotated:
        seen = Initiative.objects.visible_to(person, request.at).select_related(*RELATED, *also)
        found = list(seen.annotate(**annotated).filter(number=number))
    elif person.is_active:
        eyes = sight.looking(person, request.at)
        found = _one(len(eyes), also).ask(number=number, **sight.eyed(eyes))
    else:
        found = []
    if not found:
        raise Http404
    return found[0]


@lru_cache
def _one(eyes: int, also: tuple[str, ...]) -> Prepared[Initiative]:
    """Return the query for one initiative and what is brought with it, for so many whose grants count; 0 for those who see everything."""

    def make(number: Hole, **people: Hole) -> QuerySet:
        rows = Initiative.objects.visible_by(list(people.values())) if eyes else Initiative.objects.all()
        return rows.filter(number=number).select_related(*RELATED, *also)

    return Prepared(make, number=KEY, **dict.fromkeys(sight.eyed(range(eyes)), KEY))
