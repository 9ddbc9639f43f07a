"""Saved views: whose they are, what they hold, what the catalog opens with, and who may take them away."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from governance.core import clock
from governance.core.errors import Refused
from governance.core.rules import Blocked
from governance.initiatives import actions, catalog, saved
from governance.initiatives.models import FirstView, SavedView
from governance.ledger.models import LedgerEntry
from tests.make import AT, make_initiative, make_person, make_unit
from tests.web import Page


@pytest.fixture
def at(monkeypatch):
    """Hold the clock still at the moment stories begin."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return AT


def save(by, name: str = "Ideas", question: str = "?stage=idea", **said) -> SavedView:
    """Keep a question."""
    return saved.save(name, question, by=by, at=AT, **said)


def offered(person) -> list[str]:
    """Return the names of the views somebody may open."""
    return [view.name for view in saved.offered_to(person, catalog.Tree.read().line(person.unit_id))]


def tabs(client, url: str = "/catalog/") -> dict[str, tuple[str, bool]]:
    """Return the views on the catalog: where each leads, and whether it is the one shown."""
    return {tab["label"]: (tab["url"], tab["current"]) for tab in client.get(url).context["tabs"]}


def send(client, **data):
    """Press a button of the page of views."""
    return client.post("/catalog/views/", data)


# --- Saving -----------------------------------------------------------------------------------


def test_the_question_at_hand_is_saved_from_the_catalog_and_is_a_view_there(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    sign_in(client, cast.staff)
    asked = "/catalog/?q=refunds&stage=idea&sort=-key&columns=name,unit&page=2&counts=1&nonsense=1"
    link = next(href for href, words in Page(client.get(asked).content.decode(), asked).links if "save/" in href)
    page = Page(client.get(link).content.decode(), link)
    form = next(form for form in page.forms if "whose" in form.names)

    answer = client.post(link, form.data(name="  Refund   ideas "))

    kept = "/catalog/?q=refunds&stage=idea&sort=-key&columns=name,unit"
    assert (answer.status_code, answer.url) == (303, kept)
    assert "“refunds” · Stage: Idea · ordered by Key · columns: Name, Unit" in page.words
    assert tabs(client, kept)["Refund ideas"] == (kept, True)
    assert tabs(client)["Refund ideas"] == (kept, False)
    entry = LedgerEntry.objects.get(verb="view.saved")
    assert (entry.actor, entry.text["name"]) == (f"person:{cast.staff.pk}", "Refund ideas")


def test_the_views_everybody_has_are_there_without_saving(client, cast, sign_in, at):
    sign_in(client, cast.staff)

    assert tabs(client, "/catalog/?owner=me") == {
        "All": ("/catalog/", False),
        "Mine": ("/catalog/?owner=me", True),
        "No owner": ("/catalog/?owner=none", False),
        "Review overdue": ("/catalog/?due=review_overdue", False),
    }
    assert [name for name, (_url, current) in tabs(client).items() if current] == ["All"]
    assert "/catalog/views/save/" not in client.get("/catalog/").content.decode()
    assert client.get("/catalog/views/save/?nonsense=1").url == "/catalog/"


def test_a_name_is_one_for_each_holder_however_it_is_written(cast):
    save(cast.staff, "Straße")

    with pytest.raises(Blocked, match="There is a view called “Straße” already"):
        save(cast.staff, "STRASSE")
    save(cast.lead, "strasse")
    save(cast.staff, "strasse", unit=cast.support)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(person=cast.staff, name="x", folded="strasse", question="?q=a", saved_at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(
            person=cast.lead, unit=cast.support, name="x", folded="strasse", question="?q=a", saved_at=AT
        )


def test_a_view_is_replaced_only_when_that_is_ticked_and_says_so_in_place(client, cast, sign_in, at):
    save(cast.staff)
    sign_in(client, cast.staff)
    sent = {"name": "ideas", "whose": "me"}

    refused = client.post("/catalog/views/save/?stage=pilot", sent)
    done = client.post("/catalog/views/save/?stage=pilot", {**sent, "replace": "on"})

    assert refused.status_code == 422
    assert "There is a view called “Ideas” already." in refused.content.decode()
    assert done.status_code == 303
    view = SavedView.objects.get()
    assert (view.name, view.question) == ("ideas", "?stage=pilot")
    assert LedgerEntry.objects.filter(verb="view.changed").count() == 1


def test_nothing_asked_is_nothing_to_save_and_a_name_is_60_characters_at_most(client, cast, sign_in, at):
    with pytest.raises(Blocked, match="Nothing is asked yet"):
        save(cast.staff, question="")
    sign_in(client, cast.staff)

    long = client.post("/catalog/views/save/?stage=idea", {"name": "x" * 61, "whose": "me"})
    odd = client.post("/catalog/views/save/?stage=idea", {"name": "x", "whose": "company"})

    assert "61 characters and may have 60" in long.content.decode()
    assert (long.status_code, odd.status_code) == (422, 422)
    assert not SavedView.objects.exists()


def test_one_person_saves_fifty_views_and_is_told_that_it_is_the_most(cast, monkeypatch):
    monkeypatch.setattr(saved, "MOST", 3)
    for number in range(3):
        save(cast.staff, f"View {number}", unit=cast.support if number else None)

    with pytest.raises(Blocked, match="You have saved 3 views, and that is the most"):
        save(cast.staff, "One more")
    save(cast.staff, "View 0", "?q=other", replace=True)
    save(cast.lead)


# --- Teams ------------------------------------------------------------------------------------


def test_a_team_is_a_unit_and_everybody_below_it(cast):
    desk = make_unit("Refund desk", cast.support)
    below, beside = make_person("Ida Desk", unit=desk), cast.other_owner
    save(cast.lead, "Ours", unit=cast.support)
    save(cast.lead, "Mine alone")

    assert offered(cast.lead) == ["Mine alone", "Ours"]
    assert offered(cast.staff) == offered(below) == ["Ours"]
    assert offered(beside) == offered(cast.office) == []
    below.unit = cast.sales
    assert offered(below) == []


def test_a_view_is_for_the_unit_one_works_in(cast):
    with pytest.raises(Refused):
        save(cast.lead, unit=cast.sales)


@pytest.mark.parametrize(
    ("who", "status"), [("lead", 303), ("owner", 303), ("office", 303), ("staff", 403), ("compliance", 404)]
)
def test_who_made_a_team_view_the_units_leader_and_the_portfolio_office_may_remove_it(
    client, cast, sign_in, at, who, status
):
    view = save(cast.lead, "Ours", unit=cast.support)

    answer = send(sign_in(client, getattr(cast, who)), remove=view.pk)

    assert answer.status_code == status
    assert SavedView.objects.exists() is (status != 303)
    assert LedgerEntry.objects.filter(verb="view.removed").exists() is (status == 303)


def test_what_is_somebodys_own_is_nobody_elses_to_see_or_remove(client, cast, sign_in, at):
    view = save(cast.lead, "Quiet")

    for who in (cast.staff, cast.owner, cast.office, cast.admin):
        sign_in(client, who)
        assert "Quiet" not in client.get("/catalog/views/").content.decode()
        assert [send(client, remove=view.pk).status_code, send(client, opens=view.pk).status_code] == [404, 404]


def test_somebody_elses_team_view_is_not_replaced(cast):
    save(cast.lead, "Ours", unit=cast.support)

    with pytest.raises(Refused, match="Only Sam Doyle, the leader of Support or the Portfolio office"):
        save(cast.staff, "Ours", "?q=other", unit=cast.support, replace=True)
    save(cast.owner, "Ours", "?q=other", unit=cast.support, replace=True)
    assert SavedView.objects.get().question == "?q=other"


def test_a_view_holds_a_question_and_whoever_opens_it_sees_what_they_may(client, cast, sign_in, at):
    make_initiative(cast, "idea", name="Claims drafts")
    secret = make_initiative(cast, "idea", name="Merger memos").initiative
    actions.set_restricted(secret, True, by=cast.lead, at=AT)
    save(cast.lead, "Ours", unit=cast.support)

    found = {}
    for who in ("lead", "staff"):
        sign_in(client, getattr(cast, who))
        page = client.get(tabs(client)["Ours"][0])
        found[who] = [row["initiative"].name for row in page.context["rows"]]
        assert ("Merger" in client.get("/catalog/views/").content.decode()) is False

    assert found == {"lead": ["Claims drafts", "Merger memos"], "staff": ["Claims drafts"]}


def test_what_a_saved_question_names_and_the_list_no_longer_knows_is_ignored(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    save(cast.staff, "Old", "?stage=idea,gone&unit=closed&sort=-nothing&columns=gone,unit&x__y=1")
    sign_in(client, cast.staff)

    page = client.get(tabs(client)["Old"][0])

    assert page.context["shown"].total == 1
    assert page.context["shown"].query == "?stage=idea&columns=unit"
    assert "Stage: Idea · columns: Unit" in client.get("/catalog/views/").content.decode()


# --- What the catalog opens with --------------------------------------------------------------


def test_the_catalog_opens_with_the_view_somebody_chose_and_all_is_one_press_away(client, cast, sign_in, at):
    make_initiative(cast, "idea")
    make_initiative(cast, "pilot")
    view = save(cast.lead, "Ours", unit=cast.support)
    sign_in(client, cast.staff)

    assert send(client, opens=view.pk).status_code == 303
    opened = client.get("/catalog/")
    everything = tabs(client, "/catalog/?stage=idea")["All"][0]

    assert (opened.status_code, opened.url) == (302, "/catalog/?stage=idea")
    assert everything == "/catalog/?view=all"
    assert client.get(everything).context["shown"].total == 2
    assert tabs(client, everything)["All"][1] is True
    assert client.get("/catalog/?stage=idea").context["shown"].applied[0]["url"] == everything
    assert client.get("/catalog/?q=").status_code == 200
    assert sign_in(client, cast.lead).get("/catalog/").status_code == 200

    sign_in(client, cast.staff)
    send(client, opens="")
    assert client.get("/catalog/").status_code == 200
    assert not FirstView.objects.exists()


def test_a_view_that_is_gone_or_out_of_sight_opens_nothing(client, cast, sign_in, at):
    sign_in(client, cast.staff)
    save(cast.staff, "Empty", "?stage=idea", opens=True)
    assert client.get("/catalog/").status_code == 200, "there is nothing to see, whatever is asked"
    make_initiative(cast, "idea")
    view = save(cast.lead, "Ours", unit=cast.support)
    save(cast.staff, "Own", "?stage=pilot", opens=True)
    saved.open_with(view, by=cast.lead)
    sign_in(client, cast.lead)
    cast.lead.unit = cast.sales
    cast.lead.save()

    assert client.get("/catalog/").status_code == 200
    sign_in(client, cast.staff)
    assert client.get("/catalog/").url == "/catalog/?stage=pilot"
    saved.remove(SavedView.objects.get(name="Own"), by=cast.staff, at=AT)
    assert client.get("/catalog/").status_code == 200


@pytest.mark.parametrize("sent", ["", "x", "-1", "9" * 30, "0", "1.5"])
def test_a_number_that_is_none_leads_nowhere(client, cast, sign_in, at, sent):
    sign_in(client, cast.staff)

    assert send(client, remove=sent).status_code == 404
    assert send(client).status_code == 404


def test_fifty_views_cost_no_more_questions_than_one(client, cast, sign_in, at):
    save(cast.staff)
    sign_in(client, cast.staff)
    for url in ("/catalog/", "/catalog/views/"):
        client.get(url)
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        SavedView.objects.bulk_create(
            SavedView(
                person=cast.lead,
                unit=cast.support,
                name=f"{url} {n}",
                folded=f"{url} {n}",
                question="?q=a",
                saved_at=AT,
            )
            for n in range(50)
        )
        with CaptureQueriesContext(connection) as many:
            client.get(url)

        assert len(many) == len(few) <= 12, url
