"""Finding the initiative a page is about, for every room that has pages of one."""

from django.http import Http404, HttpRequest

from governance.initiatives.models import Initiative


def find(request: HttpRequest, number: int) -> Initiative:
    """Return initiative `number` for the person who asks, with its units, registrant and workflow owner.

    Raises Http404 when there is none or they may not see it: the two must not be told apart. One query,
    and one for the functions of somebody not asked about before.
    """
    related = ("unit", "receiving_unit", "building_unit", "registrant", "workflow_owner")
    found = Initiative.objects.visible_to(request.user).select_related(*related).filter(number=number).first()
    if found is None:
        raise Http404
    return found
