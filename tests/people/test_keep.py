"""Adding people, changing them, recording that they left, and bringing them back: through the pages."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.notices.models import Channel, Notice
from governance.people import actions, functions
from governance.people.models import Invitation, Person
from governance.raci import grants
from governance.reviews import tasks
from tests.make import AT
from tests.web import Browser


@pytest.fixture
def admins_browser(cast, at_browser) -> Browser:
    return at_browser(cast.admin)


def fill_in(browser: Browser, path: str, **given) -> Browser:
    """Open a page, fill in its form and send it."""
    browser.send(browser.get(path).form(having="name"), **given)
    return browser


# Adding


def test_adding_a_person_puts_everything_into_the_directory_and_onto_the_record(cast, admins_browser, said):
    fill_in(
        admins_browser,
        "/people/add/",
        name="  Nora \t Quill ",
        email=" Nora.Quill@Example.ORG ",
        title="Claims lead",
        phone="+44 20 7946 0999",
        unit=str(cast.support.pk),
        manager=str(cast.owner.pk),
        grade="manager",
        job_family="Data Science",
        spend_limit="1200.50",
        is_functional_lead="on",
        time_zone="tokyo",
    )

    made = Person.objects.get(email="nora.quill@example.org")
    assert (made.name, made.title, made.phone, made.unit, made.manager) == (
        "Nora Quill",
        "Claims lead",
        "+44 20 7946 0999",
        cast.support,
        cast.owner,
    )
    assert (made.grade, made.job_family, made.spend_limit, made.is_functional_lead, made.time_zone) == (
        "manager",
        "data-science",
        Decimal("1200.50"),
        True,
        "Asia/Tokyo",
    )
    assert made.is_active
    assert not made.has_usable_password()
    assert said() == ["person.added"]
    assert admins_browser.page.h1 == ["Nora Quill"]
    assert "To let them sign in, make their link" in admins_browser.page.words


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": " "}, "Enter name"),
        ({"email": "nora"}, "E-mail address is “nora”. Enter an e-mail address, for example name@example.org."),
        ({"email": "PRIYA.NAIR@example.org"}, "priya.nair@example.org is the address of Priya Nair already."),
        ({"email": "priya.nair@example.org "}, "priya.nair@example.org is the address of Priya Nair already."),
        ({"email": "Kim.ſato@example.org"}, "kim.sato@example.org is the address of Kim Sato already."),
        ({"phone": "call me"}, "Phone is “call me”. Enter a number that can be called, for example +44 20 7946 0101."),
        (
            {"time_zone": "Mars/Base"},
            "Time zone is “Mars/Base”, which is no time zone known here. Enter one such as Europe/Berlin.",
        ),
        (
            {"time_zone": "Europe"},
            "Time zone is “Europe”, which could be Europe/Amsterdam, Europe/Andorra, Europe/Astrakhan. Enter one of them.",
        ),
        ({"spend_limit": "a lot"}, "Spend limit is “a lot”. Enter a number, for example 4.10."),
        ({"spend_limit": "-1"}, "Spend limit is “-1”. Enter 0 or more."),
        ({"spend_limit": "NaN"}, "Spend limit is “NaN”. Enter a number, for example 4.10."),
        (
            {"spend_limit": "1.234"},
            "Spend limit is “1.234”. Enter a number with at most 12 digits before the point and 2 after it.",
        ),
        (
            {"spend_limit": "9" * 14},
            "Spend limit is “99999999999999”. Enter a number with at most 12 digits before the point and 2 after it.",
        ),
        ({"grade": "king"}, "Grade is “king”, which is not one of the choices. Choose one from the list."),
        ({"unit": "999"}, "Unit is “999”, which is not one of the choices. Choose one from the list."),
        ({"manager": "999"}, "“999” is nobody on the list. Choose a person from it."),
        ({"name": "x" * 201}, "Name has 201 characters and may have 200. Shorten it by 1."),
    ],
)
def test_what_cannot_be_says_which_field_what_came_and_what_was_expected(given, sentence, cast, admins_browser, said):
    count = Person.objects.count()

    fill_in(admins_browser, "/people/add/", **{"name": "Nora Quill", "email": "nora@example.org", **given})

    assert admins_browser.status == 422
    assert sentence in admins_browser.page.words
    assert "Error:" in admins_browser.page.title
    assert Person.objects.count() == count
    assert said() == []


def test_the_address_of_somebody_who_left_stays_taken(cast, admins_browser):
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())

    fill_in(admins_browser, "/people/add/", name="Jon Marsh", email="Jon.Marsh@example.org")

    assert admins_browser.status == 422
    assert (
        "jon.marsh@example.org is the address of Jon Marsh, who left on 2026-03-03. Addresses stay taken; bring them back on their page."
        in admins_browser.page.words
    )


def test_two_people_never_share_an_address_whatever_the_path(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(email="PRIYA.NAIR@example.org", name="Somebody", joined_at=AT)
    with pytest.raises(Conflict, match="Addresses of people who left stay taken"):
        actions.add({"email": "Priya.Nair@Example.org", "name": "Somebody"}, by=cast.admin, at=AT)
    with pytest.raises(Conflict, match="Addresses of people who left stay taken"):
        actions.change(
            cast.staff, {"email": "Priya.Nair@Example.org"}, by=cast.admin, at=AT, seen_version=cast.staff.version
        )

    assert Person.objects.filter(email__iexact="priya.nair@example.org").count() == 1


# Changing


def test_a_change_is_saved_and_recorded_with_what_it_was(cast, admins_browser, said):
    fill_in(
        admins_browser,
        f"/people/{cast.staff.pk}/edit/",
        title="Senior agent",
        grade="senior",
        manager=str(cast.owner.pk),
    )

    now = Person.objects.get(pk=cast.staff.pk)
    assert (now.title, now.grade, now.manager, now.version) == (
        "Senior agent",
        "senior",
        cast.owner,
        cast.staff.version + 1,
    )
    assert said() == ["person.changed"]
    entry = LedgerEntry.objects.latest("seq")
    assert entry.detail == {"fields": ["grade", "manager", "title"]}
    assert entry.text["before"] == {"grade": "staff", "manager": "", "title": "Support agent"}
    assert entry.text["after"] == {"grade": "senior", "manager": "Priya Nair", "title": "Senior agent"}


def test_saving_what_is_there_changes_and_records_nothing(cast, admins_browser, said):
    fill_in(admins_browser, f"/people/{cast.owner.pk}/edit/")

    assert "Nothing was changed: everything is as it was." in admins_browser.page.words
    assert Person.objects.get(pk=cast.owner.pk).version == cast.owner.version
    assert said() == []


def test_what_somebody_else_saved_meanwhile_is_shown_beside_what_was_typed(cast, admins_browser, said):
    form = admins_browser.get(f"/people/{cast.staff.pk}/edit/").form(having="name")
    actions.change(cast.staff, {"title": "Team lead"}, by=cast.admin, at=AT, seen_version=cast.staff.version)
    said()

    page = admins_browser.send(form, title="Shift lead")

    assert admins_browser.status == 409
    assert "Title Team lead Shift lead" in page.words
    assert Person.objects.get(pk=cast.staff.pk).title == "Team lead"
    assert said() == []
    admins_browser.send(page.form(having="name"))
    assert Person.objects.get(pk=cast.staff.pk).title == "Shift lead"


@pytest.mark.parametrize("field", ["grade", "unit", "job_family", "manager", "spend_limit", "is_functional_lead"])
def test_nobody_changes_their_own_standing(field, cast, admins_browser, said):
    before = Person.objects.filter(pk=cast.admin.pk).values().get()
    form = admins_browser.get(f"/people/{cast.admin.pk}/edit/").form(having="name")

    assert field not in form.names
    response = admins_browser.client.post(f"/people/{cast.admin.pk}/edit/", {**form.data(), field: "1"})

    assert response.status_code == 403
    assert "Nobody changes their own" in response.content.decode()
    assert "Administrators (Al Minh)" in response.content.decode()
    assert Person.objects.filter(pk=cast.admin.pk).values().get() == before
    assert said() == []


def test_an_administrator_keeps_their_own_name_and_address(cast, admins_browser):
    fill_in(admins_browser, f"/people/{cast.admin.pk}/edit/", title="Systems lead")

    assert Person.objects.get(pk=cast.admin.pk).title == "Systems lead"


def test_nobody_reports_to_those_who_report_to_them(cast, admins_browser, said):
    actions.change(cast.staff, {"manager": cast.lead}, by=cast.admin, at=AT, seen_version=cast.staff.version)
    actions.change(cast.lead, {"manager": cast.owner}, by=cast.admin, at=AT, seen_version=cast.lead.version)
    said()

    fill_in(admins_browser, f"/people/{cast.owner.pk}/edit/", manager=str(cast.staff.pk))

    assert admins_browser.status == 422
    assert (
        "Kim Sato reports to Priya Nair, directly or through others, so cannot be their manager."
        in admins_browser.page.words
    )
    assert Person.objects.get(pk=cast.owner.pk).manager is None
    assert said() == []


def test_a_manager_who_left_stays_until_somebody_else_is_chosen(cast, admins_browser):
    actions.change(cast.staff, {"manager": cast.legal}, by=cast.admin, at=AT, seen_version=cast.staff.version)
    Person.objects.filter(pk=cast.legal.pk).update(is_active=False, left_on=AT.date())

    fill_in(admins_browser, f"/people/{cast.staff.pk}/edit/", title="Shift lead")

    assert admins_browser.status == 200
    assert Person.objects.get(pk=cast.staff.pk).manager == cast.legal


def test_a_new_address_makes_earlier_links_useless(cast, admins_browser):
    token = actions.invite(cast.staff, by=cast.admin, at=AT)

    fill_in(admins_browser, f"/people/{cast.staff.pk}/edit/", email="kim@example.org")

    assert actions.invitation(token) is None


def test_somebody_elses_record_is_not_ones_own_to_change(cast):
    with pytest.raises(Refused):
        actions.change(cast.lead, {"phone": "+44 1"}, by=cast.staff, at=AT, seen_version=cast.lead.version)
    with pytest.raises(Refused):
        actions.change(cast.staff, {"name": "King"}, by=cast.staff, at=AT, seen_version=cast.staff.version)


# Leaving


def leave(browser: Browser, person, day) -> Browser:
    browser.send(browser.get(f"/people/{person.pk}/leave/").form(having="left_on"), left_on=day.isoformat())
    return browser


def test_the_page_says_what_they_hold_and_whose_task_it_becomes(cast, story, admins_browser):
    tale = story("production")

    page = admins_browser.get(f"/people/{cast.owner.pk}/leave/")

    assert f"{tale.initiative.key} Support refunds" in page.words
    assert "becomes a task of the Portfolio office" in page.words
    assert page.form(having="left_on").data()["left_on"] == timezone.now().date().isoformat()


def test_somebody_who_left_is_signed_out_with_the_next_request_and_holds_nothing(
    cast, story, admins_browser, today, sign_in, said
):
    tale = story("production")
    theirs = sign_in(Client(), cast.owner)
    assert theirs.get("/me/").status_code == 200
    said()

    leave(admins_browser, cast.owner, today)

    gone = Person.objects.get(pk=cast.owner.pk)
    assert (gone.is_active, gone.left_on) == (False, today)
    assert said() == ["person.left"]
    answer = theirs.get("/me/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/me/")
    assert theirs.post("/me/", {"phone": "1", "version": "1"}).status_code == 302
    assert theirs.post("/sign-in/", {"login": cast.owner.email, "password": "long-enough-for-tests"}).status_code in (
        302,
        303,
        422,
    )
    assert theirs.get("/me/").status_code == 302
    assert grants.held_by(gone, tale.fresh) == frozenset()
    assert not Initiative.objects.visible_to(gone).exists()
    assert "The Portfolio office names somebody else" in admins_browser.page.words
    assert grants.differences() == []


def test_what_a_leaver_held_is_the_offices_task_at_once_and_it_is_written_to_at_once(
    cast, story, admins_browser, today, monkeypatch, django_capture_on_commit_callbacks, sign_in
):
    tale = story("production")
    monkeypatch.setattr(tasks.sweep, "apply_async", lambda **how: tasks.sweep())

    with django_capture_on_commit_callbacks() as begun:
        leave(admins_browser, cast.owner, today)
    office = Browser(sign_in(Client(), cast.office))
    assert "Priya Nair left: Accountable for" in office.get("/").words, "before any sweep"
    assert not Notice.objects.filter(occasion__startswith="left-").exists()
    for callback in begun:
        callback()

    notice = Notice.objects.get(person=cast.office, channel=Channel.EMAIL, occasion__startswith="left-")
    assert notice.subject == "Priya Nair has left: name who follows on 1 initiative"
    assert tale.fresh.unowned_since is not None


def test_whoever_leaves_leaves_their_functions_and_links(cast, admins_browser, today, said):
    token = actions.invite(cast.compliance, by=cast.admin, at=AT)
    said()

    leave(admins_browser, cast.compliance, today)

    assert said() == ["person.left", "function.revoked"]
    assert list(functions.members("compliance")) == [cast.compliance_two]
    assert actions.invitation(token) is None


def test_a_day_that_is_still_to_come_is_refused_because_leaving_counts_at_once(cast, admins_browser, tomorrow, said):
    leave(admins_browser, cast.owner, tomorrow)

    assert admins_browser.status == 422
    assert (
        f"{tomorrow.isoformat()} is still to come. Priya Nair loses every right the moment this is recorded, so record it on their last day."
        in admins_browser.page.words
    )
    assert Person.objects.get(pk=cast.owner.pk).is_active
    assert said() == []


def test_the_day_is_the_one_where_they_are(cast):
    cast.staff.time_zone = "Pacific/Auckland"
    cast.staff.save()
    evening = AT.replace(hour=20)  # the next morning in Auckland

    actions.leave(cast.staff, left_on=(evening + timedelta(days=1)).date(), by=cast.admin, at=evening)

    assert Person.objects.get(pk=cast.staff.pk).left_on == (evening + timedelta(days=1)).date()


def test_nobody_deactivates_themselves_and_nobody_leaves_twice(cast, admins_browser, today, said):
    assert "Nobody deactivates themselves" in admins_browser.get(f"/people/{cast.admin.pk}/leave/").words
    assert (
        admins_browser.client.post(f"/people/{cast.admin.pk}/leave/", {"left_on": today.isoformat()}).status_code == 403
    )
    assert said() == []

    leave(admins_browser, cast.staff, today)
    again = admins_browser.client.post(f"/people/{cast.staff.pk}/leave/", {"left_on": today.isoformat()})

    assert again.status_code == 409
    assert said() == ["person.left"]
    assert Person.objects.get(pk=cast.admin.pk).is_active


def test_the_last_administrator_stays_even_when_two_remove_each_other(cast):
    other = cast.coo
    actions.grant_function(other, "administrators", by=cast.admin, at=AT)
    stale = Person.objects.get(pk=other.pk)
    functions.of(stale)  # read while both still are administrators
    actions.leave(other, left_on=AT.date(), by=cast.admin, at=AT)

    with pytest.raises(Blocked, match="last administrator"):
        actions.leave(cast.admin, left_on=AT.date(), by=stale, at=AT)

    assert Person.objects.get(pk=cast.admin.pk).is_active


def test_a_record_of_somebody_who_left_stays_as_it_was(cast, admins_browser, today, said):
    leave(admins_browser, cast.staff, today)
    said()

    page = admins_browser.get(f"/people/{cast.staff.pk}/edit/")
    answer = admins_browser.client.post(
        f"/people/{cast.staff.pk}/edit/", {"name": "Other", "email": cast.staff.email, "version": "2"}
    )

    assert "has left, so what stands here stays as it was" in page.words
    assert not [form for form in page.forms if "version" in form.names]
    assert answer.status_code == 409
    assert Person.objects.get(pk=cast.staff.pk).name == "Kim Sato"
    assert said() == []


# Coming back


def test_bringing_somebody_back_gives_no_function_and_no_password(cast, admins_browser, today, said):
    leave(admins_browser, cast.cto, today)
    actions.grant_function(cast.engineer, "cto", by=cast.admin, at=AT)
    said()
    page = admins_browser.get(f"/people/{cast.cto.pk}/")

    admins_browser.send(page.form(action=f"/people/{cast.cto.pk}/back/"))

    back = Person.objects.get(pk=cast.cto.pk)
    assert (back.is_active, back.left_on, back.has_usable_password()) == (True, None, False)
    assert functions.of(back) == frozenset()
    assert functions.holder("cto") == cast.engineer
    assert said() == ["person.changed"]
    assert Invitation.objects.filter(person=back).count() == 0


def test_only_somebody_who_left_comes_back(cast, admins_browser, said):
    assert admins_browser.client.post(f"/people/{cast.staff.pk}/back/").status_code == 409
    assert said() == []
