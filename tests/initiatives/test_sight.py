"""What somebody sees of the catalog is what they may see, however it is counted; beyond a number it is counted only when asked."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core import clock, lists
from governance.initiatives import actions, sight
from governance.initiatives.models import Initiative
from governance.people.models import Deputy
from governance.raci import grants
from tests.crowd import make_crowd
from tests.make import AT, make_initiative


@pytest.fixture
def at(monkeypatch):
    """Hold the clock still at the moment stories begin."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return AT


@pytest.fixture
def crowd(cast, at):
    """Forty initiatives, a third of them restricted, some with tags, and somebody who stands in for the lead."""
    make_crowd(cast, 40, AT)
    Initiative.objects.filter(number__in=range(0, 60, 3)).update(restricted=True, tags=" fleet ")
    Initiative.objects.filter(number__in=range(1, 60, 3)).update(tags=" claims fleet ")
    for one in Initiative.objects.all():
        grants.rebuild(one)
    day = AT.date()
    Deputy.objects.create(
        person=cast.lead, deputy=cast.staff, starts_on=day - timedelta(days=2), ends_on=day + timedelta(days=2)
    )
    return cast


def counted(person) -> tuple[Counter, Counter]:
    """Return stages and tags of what somebody may see, one by one."""
    rows = list(Initiative.objects.visible_to(person, AT))
    return Counter(one.stage for one in rows), Counter(one.tags for one in rows if one.tags)


def test_everybody_sees_what_they_may_and_it_is_one_question(crowd):
    sizes = set()
    for person in crowd.people:
        visible = set(Initiative.objects.visible_to(person, AT))
        with CaptureQueriesContext(connection) as asked:
            seen = sight.seen(person, AT)
        assert len(asked) == 1
        assert (seen.stages, seen.tags) == counted(person)
        assert {row.pk for row in seen.rows} == {one.pk for one in visible}
        assert seen.size == len(visible)
        sizes.add(seen.size)
    assert len(sizes) > 1  # not everybody sees the same


def test_who_sees_only_what_was_granted_to_them_sees_that(crowd, monkeypatch):
    Initiative.objects.update(restricted=True)
    grants.rebuild(one := Initiative.objects.filter(assignments__person=crowd.owner).first())
    few = sight.seen(crowd.owner, AT)
    monkeypatch.setattr(sight, "FEW", 0)
    many = sight.seen(crowd.owner, AT)

    visible = {one.pk for one in Initiative.objects.visible_to(crowd.owner, AT)}
    assert one.pk in visible
    assert {row.pk for row in few.rows} == {row.pk for row in many.rows} == visible
    assert 0 < few.size == many.size < 40
    nobody = sight.seen(crowd.engineer, AT)
    assert (nobody.size, nobody.stages, nobody.tags, list(nobody.rows)) == (0, Counter(), Counter(), [])


@pytest.mark.parametrize("who", ["compliance", "staff"])
def test_beyond_a_number_nobody_counts_on_unless_asked(crowd, monkeypatch, who):
    person = getattr(crowd, who)
    monkeypatch.setattr(lists, "EXACT", 10)

    rough, exact = sight.seen(person, AT), sight.seen(person, AT, counted=True)

    assert (rough.stages, rough.tags) == (None, None)
    assert 10 < rough.size <= exact.size == len(rough.rows)
    assert (exact.stages, exact.tags) == counted(person)


def test_a_large_catalog_counts_by_stage_and_tag_when_somebody_asks(client, crowd, sign_in, monkeypatch):
    monkeypatch.setattr(lists, "EXACT", 10)
    sign_in(client, crowd.compliance)

    page, counted = client.get("/catalog/"), client.get("/catalog/?counts=1")

    assert page.context["headline"] == []
    assert '<a href="/catalog/?counts=1" rel="nofollow">Count them by stage</a>' in page.content.decode()
    assert page.context["shown"].total_words == "10+"
    ideas = Initiative.objects.filter(stage="idea").count()
    assert f"{ideas} ideas" in {part["words"] for part in counted.context["headline"]}
    assert "Count them by stage" not in counted.content.decode()

    def tags(response) -> dict:
        facets = [facet for facet in response.context["shown"].facets if facet["name"] == "tag"]
        return {option["value"]: option["count"] for option in facets[0]["options"]}

    assert tags(page) == {"-": None}
    assert set(tags(counted)) > {"claims", "fleet", "-"}
    chosen = client.get("/catalog/?tag=claims").context["shown"]
    assert {row.tags for row in chosen.rows} == {" claims fleet "}
    assert client.get("/catalog/?tag=%00,;--,a%20b").context["shown"].applied == []


def test_an_empty_catalog_has_nothing_to_filter(client, cast, sign_in, at):
    sign_in(client, cast.staff)
    assert '<details class="facet' not in client.get("/catalog/").content.decode()

    story = make_initiative(cast, "idea")
    assert '<details class="facet' in client.get("/catalog/").content.decode()
    actions.set_restricted(story.fresh, True, by=cast.lead, at=AT)
    assert '<details class="facet' not in client.get("/catalog/").content.decode()


def test_menus_are_counted_for_whoever_turns_to_them(client, crowd, sign_in):
    sign_in(client, crowd.staff)
    page = client.get("/catalog/?stage=idea").content.decode()
    part = client.get("/catalog/?stage=idea&counts=1", headers={"HX-Request": "true", "HX-Target": "facet-counts"})

    assert 'hx-get="/catalog/?stage=idea&amp;counts=1"' in page
    assert '<span class="n">' not in page
    assert "<html" not in part.content.decode()
    assert '<ul id="facet-tier"><li><a href=' in part.content.decode()
    assert '<span class="n">' in part.content.decode()
    assert "hx-get" not in part.content.decode()


def test_who_stands_in_for_somebody_sees_what_those_see_as_long_as_they_do(client, cast, sign_in, at):
    secret = make_initiative(cast, "pilot").initiative
    Initiative.objects.filter(pk=secret.pk).update(restricted=True)
    sign_in(client, cast.engineer)
    assert client.get(secret.get_absolute_url()).status_code == 404

    stands_in = Deputy.objects.create(
        person=cast.owner, deputy=cast.engineer, starts_on=AT.date(), ends_on=AT.date() + timedelta(days=2)
    )
    assert client.get(secret.get_absolute_url()).status_code == 200
    assert secret.name in client.get("/catalog/").content.decode()
    Deputy.objects.filter(pk=stands_in.pk).update(ended_at=AT)
    assert client.get(secret.get_absolute_url()).status_code == 404
