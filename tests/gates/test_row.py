"""The row that decides a question: the database works out the same as the code."""

import pytest

from governance.core import clock
from governance.gates import queries
from governance.gates.models import Decision, Kind

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("particulars", [{}, {"widens": True}, {"widens": False}, {"widens": None}])
def test_what_is_stored_is_what_the_code_says(kind, particulars, story):
    draft = Decision(initiative=story().initiative, number=1, kind=kind, particulars=particulars)
    draft.asked_at = draft.due_at = draft.final_at = clock.now()
    before = queries.row_of(draft)

    draft.save()

    assert Decision.objects.get(row=before) == draft


def test_a_change_that_widens_is_the_business_owners_and_any_other_is_not():
    wide, narrow = (Decision(kind=Kind.MODIFICATION, particulars={"widens": widens}) for widens in (True, False))

    assert (queries.row_of(wide), queries.row_of(narrow)) == ("go_live", "modification")
