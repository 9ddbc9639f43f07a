"""The directory and the page of one person."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.initiatives.models import Initiative
from governance.people.models import Deputy, Person
from governance.raci.models import Assignment
from tests.make import AT, make_person


def names(page) -> list[str]:
    """Return the names that lead to people, in order."""
    return [
        words
        for href, words in page.links
        if href.startswith("/people/") and href.rstrip("/").split("/")[-1].isdecimal()
    ]


def test_the_directory_lists_whoever_works_here_with_unit_and_functions(cast, at_browser):
    page = at_browser(cast.staff).get("/people/")

    assert names(page) == sorted(p.name for p in cast.people)
    assert "Miriam Osei Compliance officer Northwind Compliance" in page.words
    assert cast.owner.email not in page.words


def test_whoever_left_stands_under_left_and_nowhere_else(cast, at_browser):
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())
    browser = at_browser(cast.staff)

    assert "Jon Marsh" not in names(browser.get("/people/"))
    assert names(browser.get("/people/?state=left")) == ["Jon Marsh"]
    assert "Tue 3 Mar" in browser.page.words


def test_an_administrator_who_is_the_only_one_here_is_told_how_others_come_in(cast, at_browser):
    browser = at_browser(cast.admin)
    assert "the only one" not in browser.get("/people/").words
    Person.objects.exclude(pk=cast.admin.pk).update(is_active=False, left_on=AT.date())

    page = browser.get("/people/")

    assert "You are the only one here." in page.words
    assert [words for href, words in page.links if href == "/imports/people/"] == ["Bring a directory"] * 2
    assert "the only one" not in browser.get("/people/?q=nobody-like-this").words
    assert "the only one" not in browser.get("/people/?state=left").words


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=priya", ["Priya Nair"]),
        ("q=NAIR+priya", ["Priya Nair"]),
        ("q=example.org+osei", ["Miriam Osei"]),
        ("q=sales", ["Hugo Duarte"]),
        ("function=compliance", ["Miriam Osei", "Ray Quist"]),
        ("function=finance,cto", ["Ines Vidal", "Jia Wu", "Tomas Berg"]),
        ("q=nobody+like+this", []),
        ("state=anything", None),
        ("state=active,left", None),
        ("function=kings&unit=x", None),
        ("q=%25", []),
        ("q=%00", None),
    ],
)
def test_search_and_functions_narrow_the_directory(asked, found, cast, at_browser):
    page = at_browser(cast.staff).get(f"/people/?{asked}")

    assert names(page) == (sorted(p.name for p in cast.people) if found is None else found)


def test_a_unit_narrows_the_directory(cast, at_browser):
    assert names(at_browser(cast.staff).get(f"/people/?unit={cast.sales.pk}")) == ["Hugo Duarte"]


def test_the_directory_costs_the_same_for_many_people(cast, client, sign_in):
    sign_in(client, cast.staff)
    client.get("/people/")  # The policy is read once in the life of a process.
    with CaptureQueriesContext(connection) as few:
        client.get("/people/")
    Person.objects.bulk_create(
        [
            Person(email=f"p{n}@example.org", name=f"Person {n}", unit=cast.support, joined_at=AT, password="!")
            for n in range(500)
        ]
    )

    with CaptureQueriesContext(connection) as many:
        response = client.get("/people/?page=3")

    assert "81–120 of 519" in response.content.decode()
    assert len(many) == len(few) <= 12


def test_a_persons_page_says_what_they_answer_for(cast, story, at_browser):
    tale = story("production")

    page = at_browser(cast.staff).get(f"/people/{cast.owner.pk}/")

    assert (
        f"{tale.initiative.key} Support refunds Production Business owner · Accountable for Pilot go / no-go can stop it"
        in page.words
    )
    assert "Grade" not in page.words
    assert "Spend limit" not in page.words


def test_the_escalation_owner_can_stop_and_the_workflow_owner_only_a_pilot(cast, story, at_browser):
    story("production")
    browser = at_browser(cast.staff)

    assert "Escalation owner for all decisions can stop it" in browser.get(f"/people/{cast.escalation.pk}/").words
    assert "Accountable for Change in production · Workflow owner" in browser.get(f"/people/{cast.workflow.pk}/").words
    assert "can stop it" not in browser.page.words


def test_the_workflow_owner_of_a_pilot_can_stop_it(cast, story, at_browser):
    story("pilot")

    assert "Workflow owner can stop it" in at_browser(cast.staff).get(f"/people/{cast.workflow.pk}/").words


def test_an_offer_nobody_answered_is_no_role_yet(cast, story, at_browser):
    tale = story("production")
    Assignment.objects.filter(initiative=tale.initiative, person=cast.owner, role="A").update(
        accepted_at=None, signature=None, material_sha256=""
    )

    page = at_browser(cast.staff).get(f"/people/{cast.owner.pk}/")

    assert "was asked to be Business owner" in page.words


def test_what_is_restricted_leaves_no_trace_on_a_persons_page(cast, story, at_browser):
    tale = story("production")
    Initiative.objects.filter(pk=tale.initiative.pk).update(restricted=True)

    assert "is named on nothing that you can see" in at_browser(cast.admin).get(f"/people/{cast.owner.pk}/").words
    assert tale.initiative.key not in at_browser(cast.admin).get(f"/people/{cast.owner.pk}/leave/").words
    assert tale.initiative.key in at_browser(cast.compliance).get(f"/people/{cast.owner.pk}/").words


def test_what_is_retired_is_answered_for_by_nobody(cast, story, at_browser):
    story("retired")

    assert "is named on nothing that you can see" in at_browser(cast.staff).get(f"/people/{cast.owner.pk}/").words


def test_a_persons_page_says_who_stands_in_now_and_whom_they_stand_in_for(cast, at_browser, today):
    Deputy.objects.create(
        person=cast.owner, deputy=cast.lead, starts_on=today - timedelta(days=2), ends_on=today + timedelta(days=2)
    )
    Deputy.objects.create(
        person=cast.owner, deputy=cast.staff, starts_on=today + timedelta(days=9), ends_on=today + timedelta(days=12)
    )
    browser = at_browser(cast.finance)

    owners = browser.get(f"/people/{cast.owner.pk}/").words
    leads = browser.get(f"/people/{cast.lead.pk}/").words

    assert owners.count("counts now") == 1
    assert "Sam Doyle may stop for Priya Nair" in owners
    assert "Kim Sato may stop for Priya Nair" in owners
    assert "Sam Doyle may stop for Priya Nair" in leads


def test_grade_and_limit_are_for_administrators_and_oneself(cast, at_browser):
    browser = at_browser(cast.owner)

    assert "Grade VP" in browser.get(f"/people/{cast.owner.pk}/").words
    assert "Grade" not in browser.get(f"/people/{cast.lead.pk}/").words
    assert "Grade Manager" in at_browser(cast.admin).get(f"/people/{cast.lead.pk}/").words


def test_only_administrators_see_the_buttons_and_none_that_would_be_refused(cast, at_browser):
    browser = at_browser(cast.admin)
    theirs = {words for _href, words in browser.get(f"/people/{cast.owner.pk}/").links}
    own = {words for _href, words in browser.get(f"/people/{cast.admin.pk}/").links}
    staff = {words for _href, words in at_browser(cast.staff).get(f"/people/{cast.owner.pk}/").links}

    assert {"Edit", "Make a link", "Record that they left"} <= theirs
    assert "Edit" in own
    assert not {"Make a link", "Record that they left"} & own
    assert not {"Edit", "Make a link", "Record that they left"} & staff


def test_a_persons_page_costs_the_same_whatever_they_hold(cast, story, client, sign_in):
    story("production")
    sign_in(client, cast.staff)
    client.get(f"/people/{cast.owner.pk}/")
    with CaptureQueriesContext(connection) as one:
        client.get(f"/people/{cast.owner.pk}/")
    story("pilot")
    story("pilot")

    with CaptureQueriesContext(connection) as three:
        client.get(f"/people/{cast.owner.pk}/")

    assert len(three) == len(one) <= 20


def test_a_name_is_text_and_never_markup(cast, at_browser):
    somebody = make_person("<b>Bo</b> & Co", email="bo@example.org")

    page = at_browser(cast.staff).get("/people/")

    assert "<b>Bo</b>" not in page.html
    assert somebody.name in page.words
