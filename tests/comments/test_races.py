"""Many people talking at the same instant, and one of them pressing twice: every comment once, each with a number of its own."""

import pytest

from governance import furnish
from governance.comments.models import Comment
from governance.initiatives import comments
from tests import make
from tests.gates.test_races import together

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.waits, pytest.mark.long(3)]


def test_comments_of_one_instant_are_numbered_and_a_double_press_is_one(transactional_db):
    furnish.after_migrate()
    cast = make.make_cast()
    initiative = make.make_initiative(cast).fresh

    def say(person, text: str):
        return lambda: comments.write(initiative, text, by=person, at=make.AT)

    for turn in range(3):
        talk = [say(person, f"Turn {turn}.") for person in (cast.lead, cast.owner, cast.staff, cast.staff, cast.staff)]
        results = together(*talk)
        assert [type(r).__name__ for r in results] == ["Comment"] * 5, results
        assert len({r.pk for r in results}) == 3

    assert sorted(Comment.objects.values_list("number", flat=True)) == list(range(1, 10))
