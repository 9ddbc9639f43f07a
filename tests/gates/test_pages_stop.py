"""Stopping: easy, at once, alone; and said to be done only when somebody confirmed it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from governance.core import clock
from governance.gates import stop
from governance.gates.models import Stop, StopWish
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people import proof
from tests.gates.pages import words
from tests.make import prove


def page_of(name: str, tale, *more) -> str:
    return reverse(f"gates:{name}", args=[tale.initiative.key, *more])


@pytest.fixture
def running(fresh_story):
    """One in production."""
    return fresh_story("production")


@pytest.fixture
def stopping(running, cast):
    """One whose stop is asked and not confirmed."""
    stop.stop(
        running.fresh, reason="harm", note="It pays twice.", by=cast.owner, at=clock.now(), proof=prove(cast.owner)
    )
    return running


def test_the_owner_stops_it_with_a_reason_and_one_press(client, running, cast, sign_in):
    sign_in(client, cast.owner)
    page = words(client.get(page_of("stop", running)))
    assert "Refunds go to the desk queue." in page
    assert "Told at once" in page
    assert "Jia Wu" in page
    assert "Stop now" in page

    done = client.post(page_of("stop", running), {"reason": "wrong_results", "note": "Double refunds."})

    assert (done.status_code, done["Location"]) == (303, page_of("stop", running))
    assert running.fresh.stage == "stopped"
    said = words(client.get(done["Location"]))
    assert "Stop asked, not confirmed." in said
    assert "Asked by Priya Nair: Wrong results" in said
    assert "Not confirmed yet: it may still be running." in said


def test_until_it_is_confirmed_the_page_says_whom_to_call(client, stopping, cast, sign_in):
    sign_in(client, cast.staff)

    page = client.get(page_of("stop", stopping)).content.decode()

    assert 'href="tel:+442079460101"' in page
    assert 'href="tel:+442079460102"' in page
    assert "no phone number here" in page  # Priya Nair has none


def test_a_reason_is_needed_and_nothing_else(client, running, cast, sign_in):
    sign_in(client, cast.owner)

    empty = client.post(page_of("stop", running), {})

    assert empty.status_code == 422
    assert "Choose why. Nothing has been stopped yet." in words(empty)
    assert running.fresh.stage == "production"
    assert client.post(page_of("stop", running), {"reason": "other"}).status_code == 303


def test_an_alert_fills_in_the_reason(client, running, cast, sign_in):
    sign_in(client, cast.owner)

    page = client.get(page_of("stop", running) + "?reason=cost").content.decode()

    assert 'value="cost"' in page
    assert page.count("checked") == 1


def test_pressing_twice_is_one_stop(client, running, cast, sign_in, entries):
    sign_in(client, cast.owner)
    client.post(page_of("stop", running), {"reason": "harm"})
    before = entries()

    again = client.post(page_of("stop", running), {"reason": "harm"})

    assert (again.status_code, entries(), Stop.objects.count()) == (303, before, 1)


@pytest.mark.parametrize(("hours", "asked"), [(11, False), (13, True)])
def test_a_stop_asks_for_proof_only_when_the_sign_in_is_older_than_twelve_hours(
    client, running, cast, sign_in, hours, asked
):
    sign_in(client, cast.owner)
    session = client.session
    session[proof._KEY]["at"] = (clock.wall() - timedelta(hours=hours)).isoformat()
    session.save()

    done = client.post(page_of("stop", running), {"reason": "harm"})

    assert done["Location"].startswith(reverse("people:prove")) is asked
    assert running.fresh.stage == ("production" if asked else "stopped")


@pytest.mark.parametrize("who", ["lead", "finance", "auditor", "admin", "staff", "cto"])
def test_others_are_led_to_asking_for_a_stop(client, running, cast, sign_in, who):
    person = getattr(cast, who)
    sign_in(client, person)

    assert client.get(page_of("stop", running))["Location"] == page_of("ask_to_stop", running)
    refused = client.post(page_of("stop", running), {"reason": "harm"})

    assert refused.status_code == 403
    assert "You cannot stop it yourself. Ask those who can." in words(refused)
    assert running.fresh.stage == "production"
    assert LedgerEntry.objects.filter(verb="refused", actor=f"person:{person.pk}").count() == 1


def test_somebody_named_confirms_and_says_how_they_know(client, stopping, cast, sign_in):
    sign_in(client, cast.workflow)
    assert "Confirm that it stopped" in words(client.get(page_of("stop", stopping)))
    url = page_of("confirm_stop", stopping)

    empty = client.post(url, {"how": ""})
    assert empty.status_code == 422
    assert "Say how you know that it has stopped." in words(empty)
    done = client.post(url, {"how": "The queue fills up.", "stop": Stop.objects.get().pk})

    assert (done.status_code, done["Location"]) == (303, page_of("stop", stopping))
    said = words(client.get(done["Location"]))
    assert "Stopped, and confirmed by Lena Kraus" in said
    assert "The queue fills up." in said
    assert "Call now" not in said
    assert client.post(url, {"how": "The queue fills up.", "stop": Stop.objects.get().pk}).status_code == 303
    assert client.get(url)["Location"] == page_of("stop", stopping)


@pytest.mark.parametrize("who", ["staff", "finance", "admin"])
def test_others_do_not_confirm_it(client, stopping, cast, sign_in, who):
    sign_in(client, getattr(cast, who))

    assert client.get(page_of("confirm_stop", stopping)).status_code == 403
    assert client.post(page_of("confirm_stop", stopping), {"how": "I guess."}).status_code == 403
    assert Stop.objects.get().confirmed_at is None


def test_while_it_waits_the_part_alone_comes_back_and_asks_again(client, stopping, cast, sign_in):
    sign_in(client, cast.owner)

    part = client.get(page_of("stop", stopping), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section class="flow" id="confirmation" hx-get=')
    stop.confirm(Stop.objects.get(), how="Seen.", by=cast.workflow, at=clock.now(), proof=prove(cast.workflow))

    part = client.get(page_of("stop", stopping), headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in part


def test_nothing_that_does_not_run_is_stopped(client, fresh_story, cast, sign_in):
    tale = fresh_story("idea", way=lambda t: t.name_people())
    sign_in(client, cast.owner)

    page = client.get(page_of("stop", tale))

    assert page.status_code == 409
    assert "Nothing runs: it is Idea." in words(page)
    assert client.post(page_of("stop", tale), {"reason": "harm"}).status_code == 409
    assert client.get(page_of("ask_to_stop", tale)).status_code == 409


def test_anybody_asks_for_a_stop_and_reads_who_knows_now(client, running, cast, sign_in):
    sign_in(client, cast.staff)
    url = page_of("ask_to_stop", running)
    assert "Priya Nair, Dana Roth" in words(client.get(url))
    assert client.post(url, {"saw": " "}).status_code == 422

    done = client.post(url, {"saw": "It refunded the same order twice."})

    assert (done.status_code, done["Location"]) == (303, url)
    said = words(client.get(url))
    assert "Asked. Priya Nair, Dana Roth know now. It is still running." in said
    assert "Not answered yet" in said
    assert running.fresh.stage == "production"
    client.post(url, {"saw": "It refunded the same order twice."})
    assert StopWish.objects.count() == 1


def test_a_wish_is_answered_by_those_who_could_stop_it(client, running, cast, sign_in):
    wish = stop.ask_to_stop(running.fresh, saw="It lies.", by=cast.staff, at=clock.now())
    url = page_of("answer_wish", running, wish.pk)

    sign_in(client, cast.finance)
    assert client.get(url).status_code == 403
    assert client.post(url, {"answer": "No."}).status_code == 403
    sign_in(client, cast.owner)
    assert "Kim Sato asks you to stop it. It lies." in words(client.get(page_of("stop", running)))
    assert client.post(url, {"answer": ""}).status_code == 422
    done = client.post(url, {"answer": "It quoted the old policy; fixed."})

    assert (done.status_code, done["Location"]) == (303, url)
    assert client.post(url, {"answer": "It quoted the old policy; fixed."}).status_code == 303
    sign_in(client, cast.staff)
    assert "It quoted the old policy; fixed." in words(client.get(page_of("ask_to_stop", running)))
    assert "It quoted the old policy; fixed." in words(client.get(url))


def test_a_wish_of_another_initiative_is_not_there(client, running, fresh_story, cast, sign_in):
    other = fresh_story("pilot", name="Claims")
    wish = stop.ask_to_stop(other.fresh, saw="It lies.", by=cast.staff, at=clock.now())
    sign_in(client, cast.owner)

    assert client.get(page_of("answer_wish", running, wish.pk)).status_code == 404


@pytest.mark.parametrize("name", ["stop", "confirm_stop", "ask_to_stop"])
def test_reading_changes_nothing_and_strangers_find_nothing(client, running, cast, sign_in, entries, name):
    before = entries()
    for who in (cast.owner, cast.staff):
        sign_in(client, who)
        client.get(page_of(name, running))
    assert (entries(), running.fresh.stage) == (before, "production")

    Initiative.objects.filter(pk=running.initiative.pk).update(restricted=True)
    sign_in(client, cast.staff)
    assert client.get(page_of(name, running)).status_code == 404
    assert client.post(page_of(name, running), {"reason": "harm"}).status_code == 404
