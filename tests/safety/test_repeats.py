"""The same again: a double click, the back button, a second window, a form kept from before signing out (A19)."""

import pytest

from governance.gates.models import Decision
from governance.signatures.models import Signature
from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_access import ENTRIES, TABLE, ask, expected
from tests.web import Browser

#: What binds somebody, or moves something: pressing twice must not do it twice.
BINDING = [
    entry
    for entry in ENTRIES
    if entry.startswith(("gates:", "catalog:chosen", "reviews:do", "initiatives:answer_offer", "people:", "comments:"))
    or entry
    in (
        "initiatives:tier@confirm",
        "initiatives:outcome@confirm",
        "initiatives:outcome@return",
        "initiatives:budget@approve",
        "initiatives:controls@confirm",
        "initiatives:restrict",
        "initiatives:matrix@offer",
        "initiatives:matrix@end",
    )
]


def does(entry: str) -> str:
    """Return somebody whose POST does what it asks for, or ""."""
    return next(
        (who for who, status in expected(entry, "post").items() if status == 303 and who in TABLE["people"]), ""
    )


#: What gives the session another key, so that the same cookie sent again is nobody's.
RENEW = ("people:prove", "people:sign_out_elsewhere")


@pytest.mark.parametrize("entry", [e for e in BINDING if does(e) and e not in RENEW])
def test_a_second_press_does_nothing_a_second_time(world, entry):
    name, how = reach(entry)
    url, data, who, seq = how.url(name, world), how.data(world), does(entry), watch.last_seq()
    with watch.undone():
        first = ask(world, who, "post", url, data)
        once, after_once = watch.everything(), [e.verb for e in watch.said_since(seq)]
        second = ask(world, who, "post", url, data)
        twice, more = watch.everything(), [e.verb for e in watch.said_since(seq)][len(after_once) :]

    assert first.status_code == 303
    assert second.status_code in (303, 403, 404, 409, 422), second.status_code
    assert [table for table in once if once[table] != twice[table]] == []
    assert more in ([], ["refused"]), f"The second press recorded {more}."


def sign(made, who: str, outcome: str, **more) -> dict:
    """Return what a form that signs the funding question would send."""
    return {
        "outcome": outcome,
        "seen": made.seen("funding", "funding"),
        "reason": "Because.",
        "learned": "A lot.",
        **more,
    }


def test_the_same_answer_again_is_the_receipt_again_and_another_one_names_who_was_first(world):
    url = reach("gates:sign")[1].url("gates:sign", world)
    sent = sign(world, "owner", "pass")

    first, again = (world.client("owner").post(url, sent) for _ in range(2))
    other = world.client("owner").post(url, {**sent, "outcome": "no_pass"})
    late = world.client("lead").post(url, sent)

    decision = Decision.objects.get(pk=world.decision("funding", "funding").pk)
    assert (first.status_code, again.status_code, first["Location"]) == (303, 303, again["Location"])
    assert (other.status_code, late.status_code) == (409, 409)
    assert (
        "Priya Nair answered this already: Pass. Nothing was changed by your click."
        in Browser(world.client("owner"))._keep(other, url).words
    )
    assert (decision.outcome, decision.decided_by) == ("pass", world.cast.owner)
    assert Signature.objects.filter(pk=decision.signature_id).count() == 1
    assert world.fresh("funding").stage == "build"


def test_the_back_button_shows_the_record_and_a_page_from_before_signs_nothing_else(world):
    url = reach("gates:sign")[1].url("gates:sign", world)
    browser = Browser(world.client("owner"))
    before = browser.get(url).form(having="seen")

    browser.send(before, reason="Because.", learned="A lot.")
    signatures = Signature.objects.count()
    back = browser.get(url)
    assert "/sign/" not in back.url
    browser.send(before, reason="Another reason.", learned="Nothing.")

    assert browser.status == 200
    assert Signature.objects.count() == signatures
    assert Decision.objects.get(pk=world.decision("funding", "funding").pk).reason == "Because."


def test_a_page_that_shows_what_is_no_longer_so_is_answered_with_what_changed(world):
    url = reach("gates:sign")[1].url("gates:sign", world)
    browser = Browser(world.client("owner"))
    stale = browser.get(url).form(having="seen")
    Decision.objects.filter(pk=world.decision("funding", "funding").pk).update(
        recommendation="Something else altogether."
    )

    page = browser.send(stale, reason="Because.", learned="A lot.")

    assert browser.status == 409
    assert "something changed while you read" in page.words
    assert "Something else altogether." in page.words
    assert Decision.objects.get(pk=world.decision("funding", "funding").pk).closed == ""
    fresh = page.form(having="seen")
    assert fresh.data()["seen"] != stale.data()["seen"]
    assert fresh.data()["reason"] == "Because.", "what was typed is still there"
    browser.send(fresh)
    assert Decision.objects.get(pk=world.decision("funding", "funding").pk).outcome == "pass"


@pytest.mark.parametrize("entry", ["gates:sign", "gates:stop", "initiatives:amend", "gates:sign_off", "people:edit"])
def test_a_form_kept_from_before_signing_out_does_nothing(world, entry):
    name, how = reach(entry)
    client, url, data = world.client(does(entry)), how.url(name, world), how.data(world)
    assert client.get(url).status_code == 200
    session = client.cookies["mandate_session"].value
    client.post("/sign-out/")

    with watch.watching() as written:
        gone = client.post(url, data)
        client.cookies["mandate_session"] = session
        replayed = client.post(url, data)

    assert (gone.status_code, replayed.status_code) == (302, 302)
    assert all(answer["Location"].startswith("/sign-in/?next=") for answer in (gone, replayed))
    assert written.tables == set()


def test_a_proof_is_ones_own_and_ends_with_the_session(world):
    """A proof in somebody else's session, or an old one, signs nothing (A20)."""
    from datetime import timedelta

    from governance.core import clock
    from governance.people import proof

    url, sent = reach("gates:sign")[1].url("gates:sign", world), sign(world, "owner", "pass")
    for person, method, at in (
        (world.cast.lead.pk, "password", clock.wall()),
        (world.cast.owner.pk, "demo", clock.wall()),
        (world.cast.owner.pk, "sso", clock.wall()),
        (world.cast.owner.pk, "password", clock.wall() - timedelta(minutes=11)),
        (world.cast.owner.pk, "password", clock.wall() + timedelta(hours=1)),
        (world.cast.owner.pk, "password", None),
    ):
        client = world.client("owner")
        session = client.session
        session[proof._KEY] = {"person": person, "method": method, "at": at.isoformat() if at else "soon"}
        session.save()
        response = client.post(url, sent)
        assert (response.status_code, response["Location"].partition("?")[0]) == (303, "/prove/")
        assert world.decision("funding", "funding").closed == ""
