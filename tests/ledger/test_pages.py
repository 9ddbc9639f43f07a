"""The record as a page: who reads it, what it says, and the verdict."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import ledger
from governance.core import clock
from governance.ledger import checkpoint, guards, views
from governance.ledger.models import LedgerEntry, LedgerHead
from governance.ledger.verbs import Verb
from governance.people import actions
from tests.make import AT
from tests.web import Browser


@pytest.fixture
def auditors_browser(cast, client, sign_in) -> Browser:
    return Browser(sign_in(client, cast.auditor))


def numbers(page) -> list[int]:
    """Return the numbers of the entries a page shows, in order."""
    return [int(n) for n in re.findall(r'id="entry-(\d+)"', page.html)]


@pytest.mark.parametrize("who", ["admin", "office", "owner", "cto", "coo", "staff", "finance", "security", "legal"])
def test_whoever_is_neither_auditor_nor_compliance_is_told_whose_it_is(who, cast, client, sign_in):
    sign_in(client, getattr(cast, who))

    for answer in (client.get("/ledger/"), client.get("/ledger/verify/"), client.post("/ledger/verify/")):
        assert answer.status_code == 403
        assert "Auditors (Ada Finch), Compliance (Miriam Osei, Ray Quist)" in answer.content.decode()


@pytest.mark.parametrize("who", ["auditor", "compliance", "compliance_two"])
def test_auditors_and_compliance_read_it(who, cast, client, sign_in):
    sign_in(client, getattr(cast, who))

    assert [
        client.get("/ledger/").status_code,
        client.get("/ledger/verify/").status_code,
        client.post("/ledger/verify/").status_code,
    ] == [200, 200, 200]


def test_somebody_who_has_not_signed_in_is_led_to_the_door(cast, client):
    assert client.get("/ledger/")["Location"] == "/sign-in/?next=/ledger/"
    assert client.post("/ledger/verify/").status_code == 302


def test_every_entry_of_a_whole_life_has_a_sentence_and_leads_to_its_initiative(story, auditors_browser):
    tale = story("retired")
    size = LedgerHead.objects.get().size

    page = auditors_browser.get("/ledger/")
    seen = numbers(page)
    while any(words == "Older" for _href, words in page.links):
        assert "None" not in page.words
        assert not set(Verb.values) & set(re.findall(r"[a-z_]+\.[a-z_]+", page.words))
        page = auditors_browser.get(page.link("Older"))
        seen += numbers(page)

    assert seen == list(range(size, 0, -1))
    assert f"Sam Doyle registered it as an idea Support refunds {tale.initiative.key} Support refunds" in page.words


def test_what_was_done_to_people_and_units_is_said_with_names_and_what_it_was(cast, auditors_browser):
    actions.change(cast.staff, {"title": "Team lead"}, by=cast.admin, at=AT, seen_version=1)
    actions.invite(cast.staff, by=cast.admin, at=AT)
    actions.name_deputy(cast.owner, cast.lead, starts_on=AT.date(), ends_on=AT.date(), by=cast.owner, at=AT)
    cast.support.leader = cast.other_owner
    actions.save_unit(cast.support, by=cast.admin, at=AT)
    actions.grant_function(cast.staff, "legal", by=cast.admin, at=AT)
    actions.leave(cast.staff, left_on=AT.date(), by=cast.admin, at=AT)

    words = auditors_browser.get("/ledger/").words

    assert "Al Minh changed the record of Kim Sato Title: Support agent → Team lead" in words
    assert "Al Minh made a link with which Kim Sato sets a password" in words
    assert "Priya Nair named Sam Doyle deputy of Priya Nair from Tue 3 Mar to Tue 3 Mar" in words
    assert "Al Minh changed the unit Support Leader: Priya Nair → Hugo Duarte" in words
    assert "Al Minh gave Kim Sato the function Legal" in words
    assert "Al Minh recorded that Kim Sato left on Tue 3 Mar" in words
    assert "Al Minh took the function Legal from Kim Sato" in words


def test_one_kind_of_event_is_picked_out_and_paged(cast, auditors_browser, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 2)
    for n in range(3):
        actions.change(cast.staff, {"title": f"Agent {n}"}, by=cast.admin, at=AT, seen_version=n + 1)
        actions.invite(cast.staff, by=cast.admin, at=AT)

    page = auditors_browser.get("/ledger/?verb=person.changed")
    older = auditors_browser.get(page.link("Older"))

    assert numbers(page) == [5, 3]
    assert numbers(older) == [1]
    assert ("/ledger/?verb=person.changed", "Newest") in older.links
    assert older.form(having="verb").data() == {"verb": "person.changed"}


def test_every_verb_can_be_picked(auditors_browser):
    options = next(c for c in auditors_browser.get("/ledger/").form(having="verb").controls if c.name == "verb").options

    assert sorted(value for value, _label, _on in options if value) == sorted(Verb.values)


@pytest.mark.parametrize(
    "query",
    [
        "before=0",
        "before=-1",
        "before=x",
        "before=" + "9" * 30,
        "before=²",
        "before=",
        "verb=nothing.known",
        "verb=%00",
        "verb=REFUSED",
    ],
)
def test_an_address_that_means_nothing_shows_the_newest_or_nothing(query, cast, auditors_browser):
    actions.invite(cast.staff, by=cast.admin, at=AT)

    page = auditors_browser.get(f"/ledger/?{query}")

    assert auditors_browser.status == 200
    assert numbers(page) == ([] if query == "before=0" else [1])


def test_what_was_erased_is_said_to_be(cast, auditors_browser):
    actions.change(cast.staff, {"title": "Team lead"}, by=cast.admin, at=AT, seen_version=1)
    with guards.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_ledgerentry SET text = NULL, text_salt = NULL WHERE seq = 1")

    words = auditors_browser.get("/ledger/").words

    assert "Its words were erased; the entry still proves." in words
    assert "Team lead" not in words


def test_a_restricted_initiative_is_named_to_those_who_see_everything(cast, story, auditors_browser):
    tale = story("pilot", name="Quiet <b>thing</b>", restricted=True)

    page = auditors_browser.get("/ledger/")

    assert (f"/initiatives/{tale.initiative.key}/", f"{tale.initiative.key} Quiet <b>thing</b>") in page.links
    assert "<b>thing</b>" not in page.html


def test_the_page_costs_the_same_however_long_the_record(cast, story, client, sign_in):
    story("pilot")
    sign_in(client, cast.auditor)
    client.get("/ledger/")
    with CaptureQueriesContext(connection) as short:
        client.get("/ledger/")
    story("retired")

    with CaptureQueriesContext(connection) as long:
        client.get("/ledger/")

    assert len(long) <= len(short) <= 12


def test_the_last_checkpoint_stands_on_the_page(cast, auditors_browser):
    actions.invite(cast.staff, by=cast.admin, at=AT)
    assert "Last checkpoint Not made yet" in auditors_browser.get("/ledger/").words

    checkpoint.make(clock.now())

    assert "over 1 entries" not in auditors_browser.get("/ledger/").words
    assert re.search(
        r"Last checkpoint \w{3} \d+ \w{3}, \d\d:\d\d UTC \(now\) ?, over 1 entry", auditors_browser.page.words
    )


def test_an_administrator_who_reads_it_is_told_what_to_mend(cast, client, sign_in, settings):
    settings.MANDATE_CHECKPOINT_SINKS = []
    actions.grant_function(cast.auditor, "administrators", by=cast.admin, at=AT)

    assert "Checkpoints of the ledger go nowhere." in sign_in(client, cast.auditor).get("/ledger/").content.decode()
    assert (
        "Checkpoints of the ledger go nowhere." not in sign_in(client, cast.compliance).get("/ledger/").content.decode()
    )


# The verdict


def test_the_page_says_what_verifying_does_and_changes_nothing(story, auditors_browser):
    story("pilot")
    before = LedgerHead.objects.values().get()
    page = auditors_browser.get("/ledger/verify/")
    assert f"Reads {before['size']} entries and compares every byte" in page.words

    page = auditors_browser.send(page.form(action="/ledger/verify/"))

    assert page.h1 == ["The ledger is whole"]
    assert f"Entries read {before['size']}" in page.words
    assert f"Root digest {before['root']}" in page.words
    assert "by Ada Finch" in page.words
    assert LedgerHead.objects.values().get() == before


def test_the_verdict_names_the_entry_that_was_altered(story, auditors_browser):
    story("pilot")
    with guards.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_ledgerentry SET actor = 'person:1' WHERE seq = 3")

    page = auditors_browser.send(auditors_browser.get("/ledger/verify/").form(action="/ledger/verify/"))

    assert page.h1 == ["The ledger is not whole"]
    assert "Entry 3 has columns that are not what its leaf says: actor." in page.words


def test_of_very_many_problems_the_first_are_named_and_the_rest_counted(cast, auditors_browser, monkeypatch):
    monkeypatch.setattr(views, "NAMED", 2)
    for _ in range(5):
        actions.invite(cast.staff, by=cast.admin, at=AT)
    with guards.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_ledgerentry SET verb = 'refused'")

    page = auditors_browser.send(auditors_browser.get("/ledger/verify/").form(action="/ledger/verify/"))

    assert "Entry 1 has columns" in page.words
    assert "Entry 3 " not in page.words
    assert "3 more problems." in page.words


def test_a_record_too_long_to_wait_for_is_left_to_the_command(cast, auditors_browser, monkeypatch):
    monkeypatch.setattr(views, "MOST", 1)
    actions.invite(cast.staff, by=cast.admin, at=AT)
    actions.invite(cast.staff, by=cast.admin, at=AT)

    page = auditors_browser.get("/ledger/verify/")
    answer = auditors_browser.client.post("/ledger/verify/")

    assert "manage.py verify_ledger" in page.words
    assert not [f for f in page.forms if f.action.endswith("/ledger/verify/")]
    assert "manage.py verify_ledger" in answer.content.decode()
    assert "is whole" not in answer.content.decode()


def test_the_entry_of_a_refused_act_is_a_sentence_too(cast, story, auditors_browser):
    tale = story("production")
    ledger.refused(
        by=cast.staff, at=AT, what="stop", subject=tale.initiative, initiative=tale.initiative, codes=["not_yours"]
    )

    assert "Kim Sato tried to stop it and was refused Why: not_yours" in auditors_browser.get("/ledger/").words
    assert LedgerEntry.objects.latest("seq").verb == "refused"
