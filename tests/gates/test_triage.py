"""The queue: what is in it and why, who sees it, what is found out about one, and on to the next."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core import clock, lists
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.desk import home, mine
from governance.gates import triage
from governance.initiatives import actions, roles, steps
from governance.initiatives.models import Initiative, KeyCounter
from governance.ledger.models import LedgerEntry
from governance.people.models import Person
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from governance.registers.models import Batch, Origin
from tests.make import AT, at_stage, make_initiative, make_person, prove
from tests.web import Page


@pytest.fixture(autouse=True)
def at(monkeypatch):
    """Hold the clock still at the moment stories begin."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    return AT


def admitted(stage: str = "triage", *, name: str = "Claims triage", unit=None, days: int = 0) -> Initiative:
    """Return an initiative as a register would leave it, so many days ago."""
    then = AT - timedelta(days=days)
    made = Initiative(name=name, unit=unit, registered_at=then, stage_since=then)
    steps.admit(made, stage, at=then)
    made.number = KeyCounter.take()
    made.save(force_insert=True)
    return made


def found(cast, *, days: int = 0, **values) -> Initiative:
    """Return something that was reported as found in use, so many days ago."""
    said = {"name": "ChatSumm", "purpose": "Summarises calls.", "unit": cast.support} | values
    return actions.report_found(said, by=cast.lead, at=AT - timedelta(days=days))


def queue(person, **asked) -> list[str]:
    """Return the names in the queue as somebody sees it, in its order."""
    from django.http import QueryDict

    data = QueryDict(mutable=True)
    data.update(asked)
    return [row.name for row in lists.show(triage.listing(person, AT, path="/triage/"), data).rows]


def page(client, url: str) -> Page:
    """Return a page that must be there."""
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return Page(response.content.decode(), url)


def verbs(initiative) -> list[str]:
    """Return what the record says of it, oldest first."""
    entries = LedgerEntry.objects.filter(initiative_id=initiative.pk).order_by("seq")
    return list(entries.values_list("verb", flat=True))


# --- What is in it ----------------------------------------------------------------------------


def test_four_reasons_bring_something_into_the_queue_and_the_oldest_comes_first(cast):
    make_initiative(cast, "idea")
    make_initiative(cast, "pilot")
    admitted(name="Of unknown stage", unit=cast.support, days=3)
    admitted("production", name=triage.NAMELESS % {"reference": "HR-7"}, unit=cast.support, days=9)
    admitted("production", name="Of no unit", days=1)
    found(cast, name="Found", days=5)

    assert queue(cast.staff) == ["(no name) HR-7", "Found", "Of unknown stage", "Of no unit"]
    assert {name: queue(cast.staff, why=name) for name in triage.REASONS} == {
        "stage": ["Of unknown stage"],
        "name": ["(no name) HR-7"],
        "unit": ["Of no unit"],
        "found": ["Found"],
    }


def test_what_is_over_or_ending_is_no_longer_asked_about(cast):
    admitted("retired", name="Over")
    ending = admitted("pilot", name="Ending")
    before = queue(cast.office)
    Initiative.objects.filter(pk=ending.pk).update(retiring_since=AT)

    assert (before, queue(cast.office)) == (["Ending"], [])


def test_the_reasons_of_one_are_those_the_database_finds(cast):
    every = [
        admitted(),
        admitted("production", name="(no name) 1", unit=cast.support),
        admitted("pilot", name=""),
        found(cast),
        admitted("retired"),
        make_initiative(cast, "idea").initiative,
    ]
    for one in every:
        row = Initiative.objects.annotate(asked=triage.asked(AT)).get(pk=one.pk)
        listed = {
            name
            for name, where in triage.conditions().items()
            if triage.waiting(Initiative.objects.filter(pk=one.pk), AT).filter(where).exists()
        }
        assert set(triage.reasons(row)) == listed, one.name


def test_being_asked_to_own_it_takes_it_out_and_a_no_or_silence_brings_it_back(cast):
    one = found(cast)
    offer = roles.offer(one, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=AT)
    asked = queue(cast.office)
    late = [
        row.name
        for row in triage.waiting(Initiative.objects.visible_to(cast.office), offer.answer_by + timedelta(minutes=1))
    ]
    roles.decline(offer, by=cast.owner, at=AT, because="Not my unit.")
    declined = queue(cast.office)
    again = roles.offer(one, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=AT)
    roles.accept(again, by=cast.owner, at=AT, proof=prove(cast.owner))

    assert (asked, late, declined, queue(cast.office)) == ([], ["ChatSumm"], ["ChatSumm"], [])


def test_the_tabs_count_what_the_list_shows_and_home_shows_the_office_the_same_number(client, cast, sign_in):
    for days in range(3):
        admitted(days=days)  # neither a stage nor a unit
    found(cast)
    sign_in(client, cast.office)
    shown = client.get("/triage/").context

    assert [(tab["label"], tab.get("count")) for tab in shown["tabs"]] == [
        ("All", None),
        ("Stage not known", 3),
        ("No name", 0),
        ("No unit", 3),
        ("Found in use", 1),
    ]
    for tab in shown["tabs"][1:]:
        assert client.get(tab["url"]).context["shown"].total == tab["count"], tab
    titles = [item.title for item in home.build(mine.of(Person.objects.get(pk=cast.office.pk), AT)).do.items]
    assert "Triage: 4 initiatives" in titles
    assert "/triage/" in [href for href, _words in page(client, "/").links]


def test_a_row_says_why_it_is_here_how_old_it_is_how_long_is_left_and_what_its_register_says(client, cast, sign_in):
    found(cast, days=26)
    one = admitted(unit=cast.support, days=40)
    batch = Batch.objects.create(number=1, profile="omb-2025", file_name="a.csv", began_by="import:1", began_at=AT)
    stated = {"reference": "HR-7", "stage_said": "Beta, sort of"}
    Origin.objects.create(initiative=one, profile="omb-2025", identity="hr-7", batch=batch, stated=stated)
    sign_in(client, cast.staff)

    words = page(client, "/triage/").words
    assert "The register says “Beta, sort of” for its stage. There it is HR-7." in words
    assert "Nobody is asked to own it." in words
    assert "40 d ago" in words
    assert "Owner due Sat 7 Mar" in words
    assert [i.name for i in client.get("/triage/?clock=week").context["shown"].rows] == ["ChatSumm"]
    assert [i.name for i in client.get("/triage/?clock=none").context["shown"].rows] == ["Claims triage"]
    file = b"".join(client.get("/triage.csv?why=stage")).decode()
    assert "The register says “Beta, sort of”" in file
    assert "ChatSumm" not in file


def test_a_restricted_one_is_in_the_queue_of_those_who_see_it_alone(client, cast, sign_in):
    one = found(cast, name="Secret")
    actions.set_restricted(one, True, by=cast.lead, at=AT)

    assert (queue(cast.staff), queue(cast.lead), queue(cast.office)) == ([], ["Secret"], ["Secret"])
    sign_in(client, cast.staff)
    unseen, absent = client.get(f"/triage/{one.key}/"), client.get("/triage/AI-987654/")
    assert (unseen.status_code, absent.status_code) == (404, 404)
    assert client.post(f"/triage/{one.key}/", {"who": "nobody", "version": 1}).status_code == 404


def test_the_queue_asks_the_same_whatever_it_holds(client, cast, sign_in):
    sign_in(client, cast.office)
    asked = []
    for _round in range(2):
        for n in range(30):
            at_stage("triage", name=f"N {n}", number=KeyCounter.take(), registered_at=AT, stage_since=AT).save()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/triage/")
        asked.append(len(queries))

    assert asked[0] == asked[1] <= 12


# --- One at a time ----------------------------------------------------------------------------


def test_what_is_missing_is_said_on_one_page_and_the_next_of_the_same_list_opens(client, cast, sign_in):
    first = admitted(name="(no name) HR-7", days=9)
    other = found(cast, days=5)
    last = admitted(days=3)
    sign_in(client, cast.office)
    url = page(client, "/triage/?why=stage").link("HR-7")
    form = page(client, url).form(having="who")

    answer = client.post(
        url,
        form.data(name="Claims sorter", unit=str(cast.support.pk), to="pilot", source="The desk lead.", who="other")
        | {"person": str(cast.owner.pk)},
    )

    assert (answer.status_code, answer["Location"]) == (303, f"/triage/{last.key}/?why=stage")
    now = Initiative.objects.get(pk=first.pk)
    assert (now.name, now.unit, now.stage) == ("Claims sorter", cast.support, "pilot")
    offer = raci.matrix(now).offer(Row.GO_LIVE, Role.ACCOUNTABLE)
    assert (offer.person, offer.accepted_at, raci.matrix(now).owner) == (cast.owner, None, None)
    assert verbs(first) == ["initiative.amended", "initiative.moved", "role.offered", "role.offered"]
    words = page(client, answer["Location"]).words
    assert f"{first.key} stands at Pilot. Priya Nair was asked to own {first.key}" in words
    assert client.get(f"/triage/{other.key}/").status_code == 200
    assert page(client, answer["Location"]).link("to the next").endswith("/triage/?why=stage")


def test_the_leader_of_the_unit_is_one_press_away_and_only_accepting_makes_them_the_owner(client, cast, sign_in):
    one = found(cast, days=5)
    sign_in(client, cast.office)
    shown = page(client, f"/triage/{one.key}/")
    assert "Priya Nair leads Support" in shown.words

    client.post(f"/triage/{one.key}/", shown.form(having="who").data(who="leader"))

    asked = Assignment.objects.filter(initiative=one, role=Role.ACCOUNTABLE)
    assert {(a.row, a.person, a.accepted_at) for a in asked} == {
        ("go_live", cast.owner, None),
        ("halt", cast.owner, None),
    }
    assert Initiative.objects.get(pk=one.pk).unowned_since == AT - timedelta(days=5), "the clock runs from the report"
    assert "Nothing is left to find out here." in page(client, f"/triage/{one.key}/").words


def test_nobody_known_goes_on_record_once_and_the_clock_runs_on(client, cast, sign_in):
    one = found(cast, days=5)
    sign_in(client, cast.office)
    sent = page(client, f"/triage/{one.key}/").form(having="who").data(who="nobody")

    answers = [client.post(f"/triage/{one.key}/", sent).status_code for _ in range(2)]

    now = Initiative.objects.get(pk=one.pk)
    assert answers == [303, 303]
    assert (now.nobody_known_at, now.unowned_since) == (AT, AT - timedelta(days=5))
    assert verbs(one).count("initiative.nobody_known") == 1
    assert "found nobody who would be called first" in page(client, f"/initiatives/{one.key}/history/").words
    assert queue(cast.office) == ["ChatSumm"]
    roles.offer(now, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=AT)
    assert Initiative.objects.get(pk=one.pk).nobody_known_at is None


def test_who_cannot_own_it_is_said_with_whom_to_ask_and_nothing_else_is_written(client, cast, sign_in):
    one = admitted("discovered", days=2)
    sign_in(client, cast.office)
    url = f"/triage/{one.key}/"
    sent = page(client, url).form(having="who").data(unit=str(cast.support.pk), who="other")

    answer = client.post(url, sent | {"person": str(cast.cto.pk)})

    text = Page(answer.content.decode(), url).words
    assert answer.status_code == 422
    assert "Jia Wu is CTO and cannot be Accountable" in text
    assert "Choose Priya Nair, who leads Support." in text
    assert Initiative.objects.get(pk=one.pk).unit is None
    assert verbs(one) == []


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Nothing is filled in."),
        ({"to": "pilot"}, "Say how you know where it stands."),
        ({"source": "The desk."}, "Choose where it stands."),
        ({"who": "other"}, "Choose the person who would be called."),
        ({"to": "funding", "source": "x"}, "not one of the choices"),
        ({"unit": "987654"}, "not one of the choices"),
    ],
)
def test_what_is_half_said_is_refused_in_place(client, cast, sign_in, sent, sentence):
    one = admitted()
    sign_in(client, cast.office)

    answer = client.post(f"/triage/{one.key}/", {"version": 1, **sent})

    assert answer.status_code == 422
    assert sentence in Page(answer.content.decode(), "/").words
    assert verbs(one) == []


def test_somebody_who_saved_in_between_is_not_written_over(client, cast, sign_in):
    one = admitted()
    sign_in(client, cast.office)
    url = f"/triage/{one.key}/"
    sent = page(client, url).form(having="who").data(unit=str(cast.sales.pk))
    actions.amend(one, {"purpose": "Sorts claims."}, by=cast.office_two, at=AT, seen_version=1)

    answer = client.post(url, sent)
    again = Page(answer.content.decode(), url).form(having="who")

    assert (answer.status_code, Initiative.objects.get(pk=one.pk).unit) == (409, None)
    assert client.post(url, again.data()).status_code == 303
    assert Initiative.objects.get(pk=one.pk).unit == cast.sales


def test_others_read_it_and_act_as_far_as_they_may(client, cast, sign_in):
    one = found(cast, unit=None)
    url = f"/triage/{one.key}/"
    sign_in(client, cast.staff)
    read = page(client, url)
    refused = client.post(url, {"who": "nobody", "version": 1})
    sign_in(client, cast.lead)  # who reported it proposes names while it is found in use

    assert not [form for form in read.forms if "who" in form.names]
    assert "What is missing is said by Portfolio office" in read.words
    assert refused.status_code == 403
    assert "The Portfolio office works the queue" in Page(refused.content.decode(), url).words
    assert "who" in page(client, url).form(having="who").names
    with pytest.raises(Refused):
        triage.settle(one, to="pilot", source="Me.", by=cast.lead, at=AT, seen_version=1)
    with pytest.raises(Refused):
        actions.say_nobody_known(one, by=cast.staff, at=AT)


def test_a_decision_never_comes_from_the_queue_and_nobody_asks_themselves(cast):
    one = found(cast)
    with pytest.raises(Refused, match="Nobody offers a role to themselves"):
        triage.settle(one, called=cast.office, by=cast.office, at=AT, seen_version=1)
    with pytest.raises(Blocked, match="Not possible while it is at Found in use"):
        triage.settle(one, to="pilot", source="x", by=cast.office, at=AT, seen_version=1)
    with pytest.raises(Conflict):
        triage.settle(one, words={"unit": cast.sales}, by=cast.office, at=AT, seen_version=9)
    owner = make_person("Vera Long", grade="vp", unit=cast.support)
    with pytest.raises(Blocked, match="does not lead Support"):
        triage.settle(one, called=owner, by=cast.office, at=AT, seen_version=1)
    assert not one.decisions.exists()
    assert verbs(one) == ["initiative.registered"]
