"""Who holds what: the page, the list and the check give the same answer."""

from datetime import timedelta

import pytest

from governance.initiatives import actions
from governance.initiatives.models import Initiative
from governance.people import actions as people
from governance.people.models import Person
from governance.raci import grants
from governance.raci.grants import May
from tests import make

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("whom", ["owner", "escalation", "lead", "workflow", "finance", "security", "staff"])
def test_a_deputy_sees_what_the_list_shows_and_nothing_more(story, cast, whom):
    """Somebody sees a restricted initiative in person, as its workflow owner, or through a group; so does their deputy."""
    tale = story("pilot")
    actions.set_restricted(tale.fresh, True, by=cast.lead, at=tale.at)
    deputy, day = make.make_person("Deputy Of Somebody"), tale.at.date()
    away = getattr(cast, whom)
    people.name_deputy(away, deputy, starts_on=day, ends_on=day + timedelta(days=3), by=away, at=tale.at)
    deputy = Person.objects.get(pk=deputy.pk)

    seen = Initiative.objects.visible_to(away, tale.at).filter(pk=tale.initiative.pk).exists()
    listed = Initiative.objects.visible_to(deputy, tale.at).filter(pk=tale.initiative.pk).exists()
    held = grants.held_by(deputy, tale.fresh, tale.at)

    assert seen == (whom != "staff")
    assert (listed, May.SEE in held) == (seen, seen)
    assert not any(may.startswith("decide") for may in held)
