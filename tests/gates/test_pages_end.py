"""Ending and mending: retirement and its postmortem, closing, placing, correcting."""

from datetime import timedelta

import pytest
from django.urls import reverse

from governance.core import clock
from governance.core.errors import Refused
from governance.gates import actions as gates
from governance.gates import retire
from governance.gates.models import Retirement
from governance.initiatives import roles, steps
from governance.initiatives.models import Initiative
from governance.notices.models import Notice
from governance.outcomes.models import Outcome
from governance.raci.models import Role, Row
from governance.reviews import clocks
from tests import make
from tests.gates.pages import hidden, words
from tests.make import prove

PARTS = {name: f"About {name}." for name in retire.PARTS}


def page_of(name: str, tale) -> str:
    return reverse(f"gates:{name}", args=[tale.initiative.key])


@pytest.fixture
def retiring(fresh_story, cast):
    """One that is retiring, its postmortem unwritten."""
    tale = fresh_story("production")
    retire.begin(tale.fresh, reason="Replaced by the new desk.", by=cast.owner, at=clock.now())
    return tale


# Retiring


def test_the_owner_begins_it_and_lands_on_the_postmortem_with_numbers(client, fresh_story, cast, sign_in):
    tale = fresh_story("production")
    sign_in(client, cast.owner)
    assert "This cannot be taken back." in words(client.get(page_of("retire", tale)))
    assert client.post(page_of("retire", tale), {"reason": ""}).status_code == 422

    done = client.post(page_of("retire", tale), {"reason": "Nobody uses it.", "replaced_by": "The desk."})

    assert (done.status_code, done["Location"]) == (303, page_of("postmortem", tale))
    assert tale.fresh.is_retiring
    draft = client.get(done["Location"])
    assert "Cost per refund before AI: 4.1 € per refund." in draft.content.decode()
    assert "Sign and publish" in words(draft)
    assert client.post(page_of("retire", tale), {"reason": "Nobody uses it."}).status_code == 303
    assert Retirement.objects.count() == 1
    assert client.get(page_of("retire", tale))["Location"] == page_of("postmortem", tale)


def test_the_numbers_it_starts_from_are_written_as_people_write_them(client, fresh_story, cast, sign_in):
    tale = fresh_story("production")
    Outcome.objects.update(baseline=1200)
    retire.begin(tale.fresh, reason="Nobody uses it.", by=cast.owner, at=clock.now())
    sign_in(client, cast.owner)

    draft = client.get(page_of("postmortem", tale)).content.decode()

    assert "Cost per refund before AI: 1,200 € per refund." in draft
    assert "Budget approved: €84,000." in draft


@pytest.mark.parametrize("who", ["lead", "escalation", "office", "admin", "staff"])
def test_nobody_else_retires_it(client, fresh_story, cast, sign_in, who):
    tale = fresh_story("production")
    sign_in(client, getattr(cast, who))

    assert client.get(page_of("retire", tale)).status_code == 403
    page = client.post(page_of("retire", tale), {"reason": "Enough."})

    assert page.status_code == 403
    assert "Priya Nair retires it." in words(page)
    assert not tale.fresh.is_retiring


def test_an_idea_is_not_retired_but_closed(client, fresh_story, cast, sign_in):
    tale = fresh_story("idea", way=lambda t: t.name_people())
    sign_in(client, cast.owner)

    page = client.get(page_of("retire", tale))

    assert page.status_code == 409
    assert "Not possible while it is at Idea." in words(page)


# The postmortem


def test_those_named_write_it_and_others_read_that_it_is_being_written(client, retiring, cast, sign_in):
    for who, writes, publishes in (
        ("owner", True, True),
        ("lead", True, False),
        ("workflow", True, False),
        ("staff", False, False),
    ):
        sign_in(client, getattr(cast, who))
        said = words(client.get(page_of("postmortem", retiring)))
        assert ("Save draft" in said, "Sign and publish" in said) == (writes, publishes), who
    assert "It is being written by the people named on it. Priya Nair publishes it." in said
    assert client.post(page_of("postmortem", retiring), {**PARTS, "seen_version": "1", "do": "save"}).status_code == 403
    assert Retirement.objects.get().happened == ""


def test_a_draft_may_have_gaps_and_what_is_published_may_not(client, retiring, cast, sign_in):
    sign_in(client, cast.owner)
    url = page_of("postmortem", retiring)
    saved = client.post(url, {"happened": "It went well until March.", "seen_version": "1", "do": "save"})
    assert saved.status_code == 303
    assert Retirement.objects.get().happened == "It went well until March."
    assert not retiring.fresh.retired_at

    gaps = client.post(url, {"happened": "It went well until March.", "seen_version": "2", "do": "publish"})
    assert gaps.status_code == 422
    assert "Write causes before you publish." in words(gaps)
    assert Retirement.objects.get().published_at is None
    done = client.post(url, {**PARTS, "seen_version": "2", "do": "publish"})

    assert (done.status_code, retiring.fresh.stage) == (303, "retired")
    sign_in(client, cast.staff)
    said = words(client.get(url))
    assert "About causes." in said
    assert "I publish what we learned from AI-" in said
    assert "Replaced by the new desk." in said


def test_publishing_twice_is_one_publication_and_it_stays_as_it_is(client, retiring, cast, sign_in, entries):
    sign_in(client, cast.owner)
    url = page_of("postmortem", retiring)
    client.post(url, {**PARTS, "seen_version": "1", "do": "publish"})
    before = entries()

    assert client.post(url, {**PARTS, "seen_version": "1", "do": "publish"}).status_code == 303
    late = client.post(url, {**PARTS, "causes": "Others.", "seen_version": "2", "do": "save"})

    assert late.status_code == 409
    assert (entries(), Retirement.objects.get().causes) == (before, "About causes.")


def test_what_somebody_else_saved_is_shown_beside_what_was_typed(client, retiring, cast, sign_in):
    retire.save_postmortem(retiring.fresh, {"causes": "The vendor."}, by=cast.lead, at=clock.now(), seen_version=1)
    sign_in(client, cast.owner)
    url = page_of("postmortem", retiring)

    stale = client.post(url, {**PARTS, "causes": "The threshold.", "seen_version": "1", "do": "save"})

    assert stale.status_code == 409
    said = words(stale)
    assert "somebody saved this since you opened it" in said
    assert "The vendor." in said
    assert "The threshold." in stale.content.decode()
    assert Retirement.objects.get().causes == "The vendor."
    assert hidden(stale, "seen_version") == "2"
    assert client.post(url, {**PARTS, "causes": "Both.", "seen_version": "2", "do": "save"}).status_code == 303
    assert Retirement.objects.get().causes == "Both."


def test_publishing_asks_for_proof_and_keeps_the_text(client, retiring, cast, sign_in):
    sign_in(client, cast.owner, proved=False)
    url = page_of("postmortem", retiring)

    asked = client.post(url, {**PARTS, "seen_version": "1", "do": "publish"})

    assert asked["Location"].startswith(reverse("people:prove"))
    assert retiring.fresh.stage == "production"
    client.post(asked["Location"], {"password": "long-enough-for-tests"})
    assert "About causes." in client.get(url).content.decode()


def test_there_is_no_postmortem_of_what_goes_on(client, fresh_story, cast, sign_in):
    tale = fresh_story("pilot")
    sign_in(client, cast.owner)

    assert client.get(page_of("postmortem", tale)).status_code == 404


# Closing


@pytest.mark.parametrize("who", ["lead", "office"])
def test_whoever_registered_it_or_the_portfolio_office_closes_an_idea(client, fresh_story, cast, sign_in, who):
    tale = fresh_story("idea")
    sign_in(client, getattr(cast, who))
    assert client.post(page_of("close", tale), {"because": ""}).status_code == 422

    done = client.post(page_of("close", tale), {"because": "The desk has it already."})

    assert (done.status_code, tale.fresh.stage) == (303, "retired")
    assert client.get(page_of("close", tale)).status_code == 409


@pytest.mark.parametrize("who", ["owner", "staff", "admin", "compliance"])
def test_nobody_else_closes_it(client, fresh_story, cast, sign_in, who):
    tale = fresh_story("idea")
    sign_in(client, getattr(cast, who))

    assert client.get(page_of("close", tale)).status_code == 403
    assert client.post(page_of("close", tale), {"because": "Enough."}).status_code == 403
    assert tale.fresh.stage == "idea"


# Placing and correcting


def admitted(cast, stage: str) -> Initiative:
    """Return one that a register brought in."""
    now = clock.now()
    made = Initiative(number=900, name="Imported", registered_at=now, stage_since=now)
    steps.admit(made, stage, at=now)
    made.save()
    return made


def test_the_portfolio_office_says_where_something_stands(client, cast, sign_in):
    made = admitted(cast, "triage")
    url = reverse("gates:place", args=[made.key])
    sign_in(client, cast.office)
    assert "Production" in words(client.get(url))
    missing = client.post(url, {"to": "production"})
    assert missing.status_code == 422
    assert "Say how you know." in words(missing)
    assert client.post(url, {"to": "build", "source": "Sam"}).status_code == 422

    done = client.post(url, {"to": "production", "source": "Sam Doyle, by phone."})

    made = Initiative.objects.get(pk=made.pk)
    assert (done.status_code, made.stage, made.evidence_missing) == (303, "production", True)
    assert client.get(url).status_code == 409


@pytest.mark.parametrize(
    ("name", "stage", "sent"),
    [("place", "triage", {"to": "idea", "source": "Me."}), ("correct", "production", {"to": "idea", "because": "Me."})],
)
@pytest.mark.parametrize("who", ["owner", "compliance", "admin", "staff"])
def test_nobody_else_places_or_corrects(client, cast, sign_in, who, name, stage, sent):
    made = admitted(cast, stage)
    sign_in(client, getattr(cast, who))
    url = reverse(f"gates:{name}", args=[made.key])

    assert client.get(url).status_code == 403
    assert client.post(url, sent).status_code == 403
    assert Initiative.objects.get(pk=made.pk).stage == stage


def test_a_correction_mends_what_a_register_got_wrong(client, cast, sign_in):
    made = admitted(cast, "production")
    sign_in(client, cast.office)
    url = reverse("gates:correct", args=[made.key])
    assert "The record says Production." in words(client.get(url))

    done = client.post(url, {"to": "pilot", "because": "It never left the pilot, says the unit."})

    assert (done.status_code, Initiative.objects.get(pk=made.pk).stage) == (303, "pilot")


def test_a_correction_ends_a_retirement_and_another_can_begin(client, cast, sign_in):
    made = admitted(cast, "pilot")
    retire.begin(made, reason="Unused.", by=cast.office, at=clock.now())
    sign_in(client, cast.office)

    client.post(reverse("gates:correct", args=[made.key]), {"to": "discovered", "because": "Nobody piloted it."})

    there = Initiative.objects.get(pk=made.pk)
    assert (there.stage, there.is_retiring) == ("discovered", False)
    assert client.get(reverse("gates:postmortem", args=[made.key])).status_code == 404
    adopted = Initiative.objects.get(pk=made.pk)
    steps.admit(adopted, "pilot", at=clock.now())
    adopted.save()
    again = retire.begin(adopted, reason="Unused, again.", by=cast.office, at=clock.now())
    assert (again.reason, Retirement.objects.count()) == ("Unused, again.", 1)


def test_before_go_live_the_accountable_of_the_pilot_is_named_asked_and_reminded(story, cast):
    from governance.reviews import clocks

    tale = story("idea")
    tale.set_outcome().confirm_tier().name_people()
    made = roles.offer(tale.fresh, Row.PILOT, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=tale.at)
    roles.accept(made, by=cast.coo, at=tale.at, proof=prove(cast.coo))
    gates.ask(tale.fresh, "pilot_go", by=cast.lead, at=tale.at)
    tale.answer("pilot_go")

    with pytest.raises(Refused, match="Carl Ode retires it"):
        retire.begin(tale.fresh, reason="Enough.", by=cast.owner, at=tale.at)
    begun = retire.begin(tale.fresh, reason="Enough.", by=cast.coo, at=tale.at)
    clocks.run(begun.due_at)

    told = {(n.occasion.partition("-")[0], n.person.name) for n in Notice.objects.filter(initiative=tale.initiative)}
    assert {name for what, name in told if what in ("begun", "postmortem.due")} == {"Carl Ode"}
    assert {"begun", "postmortem.due"} <= {what for what, _name in told}


def test_a_correction_never_overwrites_a_decision(client, fresh_story, cast, sign_in):
    tale = fresh_story("production")
    sign_in(client, cast.office)

    page = client.get(page_of("correct", tale))

    assert page.status_code == 409
    assert "Priya Nair decided here on" in words(page)
    assert client.post(page_of("correct", tale), {"to": "idea", "because": "No."}).status_code == 409
    assert tale.fresh.stage == "production"


@pytest.mark.parametrize("name", ["retire", "close", "place", "correct", "postmortem"])
def test_reading_changes_nothing_and_strangers_find_nothing(client, retiring, cast, sign_in, entries, name):
    before = entries()
    for who in (cast.owner, cast.office, cast.staff):
        sign_in(client, who)
        client.get(page_of(name, retiring))
    assert entries() == before

    Initiative.objects.filter(pk=retiring.initiative.pk).update(restricted=True)
    sign_in(client, cast.staff)
    assert client.get(page_of(name, retiring)).status_code == 404
    assert client.post(page_of(name, retiring), {}).status_code == 404


def test_a_correction_ends_a_retirement_that_had_begun_and_it_can_begin_anew(client, cast, sign_in):
    made = admitted(cast, "production")
    sign_in(client, cast.office)
    assert client.post(reverse("gates:retire", args=[made.key]), {"reason": "Not used."}).status_code == 303

    client.post(reverse("gates:correct", args=[made.key]), {"to": "pilot", "because": "It never left the pilot."})

    now = Initiative.objects.get(pk=made.pk)
    assert (now.stage, now.is_retiring, now.evidence_due_on) == ("pilot", False, None)
    assert client.get(reverse("gates:postmortem", args=[made.key])).status_code == 404
    assert "postmortem.late" not in clocks.run(clock.now() + timedelta(days=40))
    assert client.post(reverse("gates:retire", args=[made.key]), {"reason": "Now it is."}).status_code == 303
    assert Retirement.objects.get().reason == "Now it is."


def test_a_correction_never_takes_back_a_retirement_with_its_postmortem(client, cast, sign_in):
    made = admitted(cast, "production")
    begun = retire.begin(made, reason="Not used.", by=cast.office, at=clock.now())
    retire.publish_postmortem(
        made, PARTS, by=cast.office, at=clock.now(), proof=make.prove(cast.office), seen_version=begun.version
    )
    sign_in(client, cast.office)

    page = client.get(reverse("gates:correct", args=[made.key]))

    assert page.status_code == 409
    assert "Olga Petrov retired it here on" in words(page)


def test_before_go_live_the_accountable_of_the_pilot_retires_it_and_is_asked_for_the_postmortem(
    client, fresh_story, cast, sign_in
):
    tale = fresh_story("pilot")
    offer = roles.offer(
        tale.fresh, Row.PILOT, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=tale.at, grade_waived_because=""
    )
    roles.accept(offer, by=cast.coo, at=tale.at, proof=make.prove(cast.coo))
    sign_in(client, cast.owner)
    refused = client.get(page_of("retire", tale))
    assert (refused.status_code, "Carl Ode retires it." in words(refused)) == (403, True)
    sign_in(client, cast.coo)

    assert client.post(page_of("retire", tale), {"reason": "Nobody uses it."}).status_code == 303

    assert set(Notice.objects.filter(occasion="begun").values_list("person__name", flat=True)) == {"Carl Ode"}
