"""Finding the question a page is about."""

from django.http import Http404

from governance.gates.models import Decision
from governance.initiatives.models import Initiative


def find_decision(initiative: Initiative, nth: int) -> Decision:
    """Return decision `nth` of an initiative the person may see. Raises Http404. One query."""
    related = ("asked_by", "decided_by", "extended_by", "signature")
    found = Decision.objects.select_related(*related).filter(initiative=initiative, number=nth).first()
    if found is None:
        raise Http404
    found.initiative = initiative
    return found
