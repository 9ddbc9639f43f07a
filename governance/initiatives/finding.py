"""Finding the initiative a page is about, for every room that has pages of one."""

from typing import Any

from django.http import Http404

from governance.core.http import Request
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
    seen = Initiative.objects.visible_to(request.user, request.at).select_related(*RELATED, *also).annotate(**annotated)
    try:
        return seen.get(number=number)  # first() would order it, and Django looks at every column for that
    except Initiative.DoesNotExist:
        raise Http404
