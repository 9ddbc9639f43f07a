"""Finding the question a page is about."""

from django.http import Http404

from governance.core.prepared import KEY, Prepared
from governance.gates.models import Decision
from governance.initiatives.models import Initiative

#: Of so many questions the last would still fit into a row; an address may name any number.
_MOST = 2**31 - 1


def find_decision(initiative: Initiative, nth: int) -> Decision:
    """Return decision `nth` of an initiative the person may see. Raises Http404. One query."""
    found = _ONE.ask(initiative=initiative.pk, nth=nth) if nth <= _MOST else []
    if not found:
        raise Http404
    found[0].initiative = initiative
    return found[0]


_ONE: Prepared[Decision] = Prepared(
    lambda initiative, nth: Decision.objects.filter(initiative=initiative, number=nth).select_related(
        "asked_by", "decided_by", "extended_by", "signature"
    ),
    initiative=KEY,
    nth=KEY,
)
