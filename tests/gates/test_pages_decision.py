"""The page of a question, the signature under it, and the record: who sees what, and what a POST answers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from governance.core import clock
from governance.gates.models import Decision
from governance.initiatives import figures
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.outcomes.models import Budget
from governance.people import proof
from tests.gates.pages import at, hidden, words
from tests.make import prove

SEES = [
    "owner",
    "lead",
    "escalation",
    "workflow",
    "finance",
    "compliance",
    "office",
    "auditor",
    "cto",
    "admin",
    "staff",
]


def answer(client, decision: Decision, outcome: str = "pass", **changed):
    """Open the check page and sign what it shows."""
    url = at("sign", decision, outcome=outcome)
    page = client.get(url)
    assert page.status_code == 200, words(page)
    sent = {
        "outcome": outcome,
        "seen": hidden(page, "seen"),
        "shown": hidden(page, "shown"),
        "reason": "It pays for itself.",
        "learned": "Start with the desk.",
    }
    return client.post(url, {**sent, **changed})


# Reading


@pytest.mark.parametrize("who", SEES)
def test_everybody_who_sees_it_reads_the_question_and_only_the_decider_gets_buttons(
    client, at_gate, cast, sign_in, who
):
    sign_in(client, getattr(cast, who))

    page = client.get(at("decision", at_gate.decision("funding")))

    assert page.status_code == 200
    assert ('value="pass"' in page.content.decode()) is (who == "owner")
    assert ('value="no_pass"' in page.content.decode()) is (who == "owner")
    assert ("Only Priya Nair can answer this." in words(page)) is (who != "owner")


def test_a_restricted_one_is_not_there_for_others_and_neither_is_its_gate(client, at_gate, cast, sign_in):
    Initiative.objects.filter(pk=at_gate.initiative.pk).update(restricted=True)
    decision = at_gate.decision("funding")

    sign_in(client, cast.staff)

    for name in ("decision", "sign", "withdraw", "extend"):
        assert client.get(at(name, decision, outcome="pass")).status_code == 404
        assert client.post(at(name, decision, outcome="pass")).status_code == (405 if name == "decision" else 404)
    assert client.get(reverse("gates:latest", args=[decision.initiative.key, "funding"])).status_code == 404
    assert "Support refunds" not in words(client.get(reverse("gates:list")))


def test_a_question_is_found_at_its_own_initiative_only(client, at_gate, fresh_story, cast, sign_in):
    other = fresh_story("idea", name="Claims triage")
    sign_in(client, cast.owner)

    for name in ("decision", "sign", "withdraw", "extend"):
        url = reverse(f"gates:{name}", args=[other.initiative.key, at_gate.decision("funding").number])
        assert client.get(f"{url}?outcome=pass").status_code == 404


def test_each_of_the_three_questions_says_yes_and_what_that_rests_on(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)

    said = words(client.get(at("decision", at_gate.decision("funding"))))

    assert "3 of 3" in said
    assert "Cost per refund: 4.1 → 2.65 € per refund over 1,204 cases" in said
    assert "Confirmed by Tomas Berg." in said
    assert "Priya Nair, VP Support, accepted on" in said
    assert "€84,000 for 12 months from CC-4410, reference B-991. Approved by Tomas Berg." in said
    assert "it goes to Dana Roth to get it decided." in said
    assert "closes as No pass and goes back to the pilot." in said
    assert "It pays for itself in five months." in said


def test_a_blocked_gate_has_words_where_pass_would_be_and_names_who_clears_what(client, blocked_gate, cast, sign_in):
    sign_in(client, cast.owner)

    page = client.get(at("decision", blocked_gate.decision("funding")))

    assert 'value="pass"' not in page.content.decode()
    assert 'value="no_pass"' in page.content.decode()
    said = words(page)
    assert "Cannot pass: the figure of 2.65 is claimed by Sam Doyle and not confirmed (Finance), and 1 more" in said
    assert "€84,000 for 12 months is asked for and not approved." in said
    assert "Waiting on Finance" in said
    assert "Ines Vidal, Tomas Berg" in said


def test_reading_a_question_costs_at_most_twenty_queries(
    client, blocked_gate, cast, sign_in, django_assert_max_num_queries
):
    sign_in(client, cast.owner)

    with django_assert_max_num_queries(20):
        client.get(at("decision", blocked_gate.decision("funding")))


@pytest.mark.parametrize("name", ["decision", "sign", "withdraw", "extend"])
def test_reading_changes_nothing(client, at_gate, cast, sign_in, entries, name):
    decision, before = at_gate.decision("funding"), entries()
    kept = Decision.objects.filter(pk=decision.pk).values().get()

    for who in (cast.owner, cast.lead, cast.staff):
        sign_in(client, who)
        client.get(at(name, decision, outcome="pass"))

    assert entries() == before
    assert Decision.objects.filter(pk=decision.pk).values().get() == kept


# Signing


def test_the_owner_passes_it_and_gets_a_receipt(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")

    done = answer(client, decision)

    assert (done.status_code, done["Location"]) == (303, at("decision", decision))
    assert at_gate.fresh.stage == "build"
    receipt = words(client.get(done["Location"]))
    assert (
        f"Pass, signed. It is funded and may be built. Recorded as decision {decision.number} of {decision.initiative.key}."
        in receipt
    )
    assert "Priya Nair passed it." in receipt
    assert "I decide Pass on “Fund production”" in receipt
    assert "It pays for itself." in receipt
    assert "Start with the desk." in receipt
    assert "Nothing it rested on has changed since." in receipt


def test_the_check_page_shows_the_statement_the_money_and_the_digest(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)

    page = client.get(at("sign", at_gate.decision("funding"), outcome="pass"))

    said = words(page)
    assert "You, Priya Nair, VP Support, decide: Pass" in said
    assert "I decide Pass on “Fund production” for AI-" in said
    assert "€84,000, CC-4410, B-991" in said
    assert hidden(page, "seen")[:4] in said


def test_no_pass_says_why_and_goes_back_to_the_pilot(client, blocked_gate, cast, sign_in):
    sign_in(client, cast.owner)
    decision = blocked_gate.decision("funding")

    empty = answer(client, decision, "no_pass", reason=" ")
    assert empty.status_code == 422
    assert "Say why. A No pass without a reason teaches nobody anything." in words(empty)
    assert blocked_gate.fresh.stage == "funding"

    done = answer(client, decision, "no_pass", reason="The figure is not confirmed.")
    assert done.status_code == 303
    assert blocked_gate.fresh.stage == "pilot"
    assert blocked_gate.decision("funding").reason == "The figure is not confirmed."


def test_what_was_learned_is_asked_for_at_the_funding_gate(client, at_gate, cast, sign_in, entries):
    sign_in(client, cast.owner)
    before = entries()

    page = answer(client, at_gate.decision("funding"), learned="")

    assert page.status_code == 422
    assert "Write what we learned, even if it is one sentence." in words(page)
    assert page.content.decode().count("<title>Error:") == 1
    assert "It pays for itself." in page.content.decode()
    assert (entries(), at_gate.fresh.stage) == (before, "funding")


def test_a_pass_nobody_offered_is_refused_with_every_reason_and_nothing_moves(
    client, blocked_gate, cast, sign_in, entries
):
    sign_in(client, cast.owner)
    decision, before = blocked_gate.decision("funding"), entries()
    url = at("sign", decision, outcome="pass")
    seen = hidden(client.get(at("sign", decision, outcome="no_pass")), "seen")
    assert client.get(url).status_code == 409

    page = client.post(url, {"outcome": "pass", "seen": seen, "reason": "Go.", "learned": "Much."})

    assert page.status_code == 409
    assert "is claimed by Sam Doyle and not confirmed." in words(page)
    assert "is asked for and not approved." in words(page)
    assert (blocked_gate.decision("funding").closed, blocked_gate.fresh.stage) == ("", "funding")
    assert entries() == before + 1
    assert LedgerEntry.objects.latest("seq").verb == "refused"


@pytest.mark.parametrize("who", [who for who in SEES if who != "owner"])
def test_nobody_else_signs_it(client, at_gate, cast, sign_in, who):
    sign_in(client, getattr(cast, who))
    decision = at_gate.decision("funding")
    url = at("sign", decision, outcome="pass")

    assert client.get(url).status_code == 403
    page = client.post(url, {"outcome": "pass", "seen": "0" * 64, "reason": "Mine now.", "learned": "Nothing."})

    assert page.status_code == 403
    assert "Only Priya Nair can answer this." in words(page)
    assert at_gate.decision("funding").closed == ""
    assert LedgerEntry.objects.filter(verb="refused", actor=f"person:{getattr(cast, who).pk}").count() == 1


def test_pressing_twice_is_one_signature_and_the_same_receipt(client, at_gate, cast, sign_in, entries):
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")
    url = at("sign", decision, outcome="pass")
    page = client.get(url)
    sent = {"outcome": "pass", "seen": hidden(page, "seen"), "shown": hidden(page, "shown"), "learned": "Much."}
    first = client.post(url, sent)
    before = entries()

    second = client.post(url, sent)

    assert (first.status_code, second.status_code) == (303, 303)
    assert second["Location"] == first["Location"]
    assert entries() == before


def test_the_other_answer_afterwards_is_refused_and_names_who_answered(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")
    answer(client, decision)

    page = client.post(
        at("sign", decision, outcome="no_pass"),
        {"outcome": "no_pass", "seen": "0" * 64, "reason": "On second thought."},
    )

    assert page.status_code == 409
    assert "Priya Nair answered this already: Pass. Nothing was changed by your click." in words(page)
    assert at_gate.decision("funding").outcome == "pass"


def test_late_visitors_of_the_check_page_land_on_the_record(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")
    answer(client, decision)

    for who in (cast.owner, cast.staff):
        sign_in(client, who)
        assert client.get(at("sign", decision, outcome="pass"))["Location"] == at("decision", decision)


def test_facts_that_moved_are_shown_and_the_words_are_kept(client, blocked_gate, cast, sign_in):
    sign_in(client, cast.owner)
    decision = blocked_gate.decision("funding")
    url = at("sign", decision, outcome="no_pass")
    page = client.get(url)
    figures.approve_budget(
        Budget.objects.get(),
        approved=Decimal(84000),
        cost_centre="CC-4410",
        reference="B-991",
        by=cast.finance,
        at=clock.now(),
        proof=prove(cast.finance),
        seen_version=1,
    )

    stale = client.post(
        url,
        {
            "outcome": "no_pass",
            "seen": hidden(page, "seen"),
            "shown": hidden(page, "shown"),
            "reason": "No money.",
            "learned": "Ask earlier.",
        },
    )

    assert stale.status_code == 409
    said = words(stale)
    assert "Nothing was signed: something changed while you read" in said
    assert "Amount approved: now 84,000" in said
    assert "Is a production budget approved?: was no, now yes" in said
    assert "No money." in stale.content.decode()
    assert blocked_gate.fresh.stage == "funding"
    assert hidden(stale, "seen") != hidden(page, "seen")

    again = client.post(
        url, {"outcome": "no_pass", "seen": hidden(stale, "seen"), "reason": "No case.", "learned": "Ask earlier."}
    )
    assert again.status_code == 303


def test_the_check_page_says_what_follows_and_who_is_told(client, at_gate, fresh_story, cast, sign_in):
    sign_in(client, cast.owner)
    funding = words(client.get(at("sign", at_gate.decision("funding"), outcome="pass")))
    assert "8 controls are looked at before it can go live." in funding
    assert "Told: Dana Roth, Lena Kraus, Sam Doyle." in funding
    assert "The budget of €84,000 is in CC-4410, reference B-991." in funding

    live = fresh_story("build", way=lambda t: t.to_build().ask_go_live(), name="Claims triage")
    assert "Its first review is due in 30 days." in words(
        client.get(at("sign", live.decision("go_live"), outcome="pass"))
    )


def test_whoever_decides_a_pilot_go_reads_that_passing_is_accepting(client, fresh_story, cast, sign_in):
    from governance.gates import actions
    from governance.initiatives import roles
    from governance.raci.models import Role, Row

    tale = fresh_story("idea", way=lambda t: t.set_outcome().confirm_tier().name_people())
    roles.offer(tale.fresh, Row.PILOT, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=tale.at)
    roles.end(
        tale.fresh.assignments.get(row=Row.PILOT, role=Role.ACCOUNTABLE, accepted_at__isnull=False),
        by=cast.owner,
        at=tale.at,
        because="Away.",
    )
    decision = actions.ask(tale.fresh, "pilot_go", by=cast.lead, at=tale.at, recommendation="Worth a try.")
    sign_in(client, cast.coo)

    page = words(client.get(at("sign", tale.decision("pilot_go"), outcome="pass")))
    assert "By passing you accept to be Accountable for Pilot go / no-go." in page
    assert answer(client, tale.decision("pilot_go")).status_code == 303

    assert tale.fresh.stage == "pilot"
    assert tale.fresh.assignments.get(row=Row.PILOT, role=Role.ACCOUNTABLE, ended_at=None).person == cast.coo
    assert "Nothing it rested on has changed since." in words(client.get(at("decision", decision)))


def test_what_the_form_says_it_showed_is_not_believed(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)

    page = answer(client, at_gate.decision("funding"), seen="0" * 64, shown="eyJhIjoxfQ:made-up")

    assert page.status_code == 409
    assert "Policy version: now" not in words(page)
    assert at_gate.fresh.stage == "funding"


def test_without_a_fresh_proof_nothing_is_signed_and_what_was_written_comes_back(
    client, at_gate, cast, sign_in, entries
):
    sign_in(client, cast.owner, proved=False)
    decision, before = at_gate.decision("funding"), entries()

    asked = answer(client, decision)

    there = at("sign", decision, outcome="pass")
    assert asked.status_code == 303
    assert asked["Location"].startswith(reverse("people:prove") + "?next=")
    assert (entries(), at_gate.fresh.stage) == (before, "funding")

    proved = client.post(asked["Location"], {"password": "long-enough-for-tests"})
    assert (proved.status_code, proved["Location"]) == (303, there)
    page = client.get(there)
    assert "Start with the desk." in page.content.decode()
    assert "press the button again" in words(page)
    assert answer(client, decision).status_code == 303
    assert at_gate.fresh.stage == "build"


def test_without_an_answer_the_check_page_leads_back_and_an_answer_that_is_none_is_not_there(
    client, at_gate, cast, sign_in
):
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")

    assert client.get(at("sign", decision))["Location"] == at("decision", decision)
    assert client.get(at("sign", decision, outcome="maybe")).status_code == 404
    assert client.post(at("sign", decision), {"outcome": "maybe"}).status_code == 404


def test_the_asker_does_not_decide_when_made_accountable_afterwards(client, at_gate, cast, sign_in):
    Decision.objects.filter(pk=at_gate.decision("funding").pk).update(asked_by=cast.owner)
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")

    page = client.get(at("decision", decision))

    assert 'value="pass"' not in page.content.decode()
    assert "You are Accountable, and you asked. Somebody else must decide it." in words(page)
    assert (
        client.post(
            at("sign", decision, outcome="pass"), {"outcome": "pass", "seen": "0" * 64, "learned": "x"}
        ).status_code
        == 403
    )


# The record


def test_the_record_says_what_changed_since_and_when_bytes_were_altered(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)
    decision = at_gate.decision("funding")
    answer(client, decision)
    figures.ask_budget(at_gate.fresh, asked=Decimal(90000), currency="EUR", months=12, by=cast.lead, at=clock.now())

    said = words(client.get(at("decision", decision)))
    assert "Amount asked for 84,000 90,000" in said
    assert "The signature stands for what was seen then." in said
    assert "no longer matches" not in said

    changed = at_gate.decision("funding").snapshot
    changed["budget"]["approved"] = "1.00"
    Decision.objects.filter(pk=decision.pk).update(snapshot=changed)
    assert "This record no longer matches what was signed." in words(client.get(at("decision", decision)))


def test_a_question_nobody_answered_in_time_offers_no_answer_before_the_sweep_came_by(
    client, at_gate, cast, sign_in, entries
):
    decision = at_gate.decision("funding")
    past = clock.wall() - timedelta(hours=1)
    Decision.objects.filter(pk=decision.pk).update(due_at=past, final_at=past)
    sign_in(client, cast.owner)
    before = entries()

    page = client.get(at("decision", decision))

    assert "Nobody answered in time. It closes as No pass by itself, within minutes." in words(page)
    assert 'value="pass"' not in page.content.decode()
    assert entries() == before
    late = client.post(at("sign", decision, outcome="pass"), {"outcome": "pass", "seen": "0" * 64, "learned": "x"})
    assert late.status_code == 409
    assert "This question is closed: Lapsed." in words(late)
    assert at_gate.fresh.stage == "pilot"
    assert "Nobody answered in time, so it closed as No pass. It goes back to the pilot." in words(
        client.get(at("decision", decision))
    )


# The list


def test_the_list_narrows_to_mine_and_to_what_is_due(client, at_gate, cast, sign_in):
    verb = "Fund production · AI-"
    day_90 = "Day 90: funding gate or retirement"

    sign_in(client, cast.owner)
    mine = words(client.get(reverse("gates:list") + "?mine=1"))
    assert verb in mine
    assert "You decide" in mine
    sign_in(client, cast.staff)
    every = words(client.get(reverse("gates:list")))
    assert verb in every
    assert "Priya Nair decides" in every
    assert day_90 not in every
    assert verb not in words(client.get(reverse("gates:list") + "?mine=1"))
    assert "Nothing waits for your answer." in words(client.get(reverse("gates:list") + "?mine=1"))
    assert verb not in words(client.get(reverse("gates:list") + "?due=late"))

    soon = clock.wall() + timedelta(days=3)
    Decision.objects.filter(pk=at_gate.decision("funding").pk).update(due_at=soon, final_at=soon + timedelta(days=2))
    assert verb in words(client.get(reverse("gates:list") + "?due=week"))


def test_a_late_gate_is_with_the_escalation_owner(client, at_gate, cast, sign_in):
    now = clock.wall()
    Decision.objects.filter(pk=at_gate.decision("funding").pk).update(
        due_at=now - timedelta(hours=1), final_at=now + timedelta(days=1)
    )
    sign_in(client, cast.escalation)

    assert "With Dana Roth to get it decided" in words(client.get(reverse("gates:list") + "?mine=1&due=late"))
    said = words(client.get(at("decision", at_gate.decision("funding"))))
    assert "Its time is up, so it is with you." in said
    assert "You cannot pass it." in said


def test_the_list_costs_at_most_twelve_queries(client, fresh_story, cast, sign_in, django_assert_max_num_queries):
    for name in ("Refunds", "Claims", "Deploys"):
        fresh_story("funding", name=name)
    sign_in(client, cast.owner)

    for query in ("", "?mine=1", "?due=week", "?kind=funding"):
        with django_assert_max_num_queries(12):
            assert client.get(reverse("gates:list") + query).status_code == 200


def test_the_newest_question_of_a_kind_has_an_address_of_its_own(client, at_gate, cast, sign_in):
    sign_in(client, cast.staff)
    key = at_gate.initiative.key

    assert client.get(reverse("gates:latest", args=[key, "funding"]))["Location"] == at(
        "decision", at_gate.decision("funding")
    )
    assert client.get(reverse("gates:latest", args=[key, "go_live"])).status_code == 404
    assert client.get(reverse("gates:latest", args=[key, "nonsense"])).status_code == 404


# Around the answer


def test_the_asker_withdraws_it_once_and_pressing_again_is_the_receipt(client, at_gate, cast, sign_in, entries):
    sign_in(client, cast.lead)
    decision = at_gate.decision("funding")
    url = at("withdraw", decision)
    assert "Withdraw the question…" in words(client.get(at("decision", decision)))
    assert client.post(url, {"because": ""}).status_code == 422

    done = client.post(url, {"because": "The figure is wrong."})

    assert (done.status_code, done["Location"]) == (303, at("decision", decision))
    assert (at_gate.decision("funding").closed, at_gate.fresh.stage) == ("withdrawn", "pilot")
    before = entries()
    assert client.post(url, {"because": "The figure is wrong."}).status_code == 303
    assert entries() == before


@pytest.mark.parametrize("who", ["owner", "escalation", "office", "staff"])
def test_nobody_else_withdraws_it(client, at_gate, cast, sign_in, who):
    sign_in(client, getattr(cast, who))
    url = at("withdraw", at_gate.decision("funding"))

    assert client.get(url).status_code == 403
    page = client.post(url, {"because": "I want to."})

    assert page.status_code == 403
    assert "Only Sam Doyle, who asked, can withdraw this." in words(page)
    assert at_gate.decision("funding").closed == ""


def test_the_escalation_owner_gives_it_more_time_once_after_the_hand_over(client, at_gate, cast, sign_in):
    decision = at_gate.decision("funding")
    url = at("extend", decision)
    sign_in(client, cast.escalation)
    assert client.get(url).status_code == 403
    assert client.post(url, {"days": "3", "because": "Priya is ill."}).status_code == 403

    now = clock.wall()
    Decision.objects.filter(pk=decision.pk).update(due_at=now - timedelta(hours=1), final_at=now + timedelta(days=1))
    assert "Give it more time once…" in words(client.get(at("decision", decision)))
    wrong = client.post(url, {"days": "9", "because": "Priya is ill."})
    assert wrong.status_code == 422
    assert "Working days more is “9”. Enter 5 or less." in words(wrong)
    sign_in(client, cast.owner)
    assert client.get(url).status_code == 403
    sign_in(client, cast.escalation)
    done = client.post(url, {"days": "3", "because": "Priya is ill."})

    assert done.status_code == 303
    after = at_gate.decision("funding")
    assert (after.extended_by, after.extended_because) == (cast.escalation, "Priya is ill.")
    assert after.final_at > now + timedelta(days=2)
    final = after.final_at
    assert client.post(url, {"days": "3", "because": "Priya is ill."}).status_code == 303
    assert at_gate.decision("funding").final_at == final


def test_day_90_is_extended_once_by_whoever_decides_it(client, fresh_story, cast, sign_in):
    tale = fresh_story("pilot")
    decision = tale.decision("day_90")
    before = decision.due_at
    sign_in(client, cast.owner)
    assert "Extend the pilot once…" in words(client.get(at("decision", decision)))

    done = client.post(at("extend", decision), {"because": "Two more weeks of refunds."})

    assert done.status_code == 303
    assert tale.decision("day_90").due_at == before + timedelta(days=30)
    assert "Extend the pilot once…" not in words(client.get(at("decision", decision)))


def test_day_90_passes_into_a_funding_gate(client, fresh_story, cast, sign_in):
    tale = fresh_story("pilot", way=lambda t: t.to_pilot().measure(), takes=34)
    sign_in(client, cast.owner)

    done = answer(client, tale.decision("day_90"))

    assert done.status_code == 303
    assert tale.fresh.stage == "funding"
    assert tale.decision("funding").closed == ""


# Sign-offs


@pytest.fixture
def at_go_live(fresh_story):
    """A go-live at tier 4 with its controls confirmed, waiting for Compliance and Security."""
    return fresh_story("build", way=lambda t: t.to_build().ask_go_live(), tier_proposed=4)


def sign_off_page(decision, function: str) -> str:
    return reverse("gates:sign_off", args=[decision.initiative.key, decision.number, function])


def test_a_member_of_the_function_signs_off_what_the_page_shows(client, at_go_live, cast, sign_in):
    decision = at_go_live.decision("go_live")
    url = sign_off_page(decision, "security")
    sign_in(client, cast.security)
    assert "Look and sign off" in words(client.get(at("decision", decision)))
    page = client.get(url)
    assert "I looked at AI-" in words(page)

    done = client.post(url, {"answer": "signed", "seen": hidden(page, "seen")})

    assert (done.status_code, done["Location"]) == (303, at("decision", decision))
    row = decision.sign_offs.get(function="security")
    assert (row.answer, row.answered_by) == ("signed", cast.security)
    again = client.post(url, {"answer": "signed", "seen": hidden(page, "seen")})
    assert again.status_code == 303
    assert "For Security: I looked at" in words(client.get(url))


def test_not_signing_off_says_why(client, at_go_live, cast, sign_in):
    decision = at_go_live.decision("go_live")
    url = sign_off_page(decision, "compliance")
    sign_in(client, cast.compliance)
    seen = hidden(client.get(url), "seen")

    empty = client.post(url, {"answer": "refused", "seen": seen})
    assert empty.status_code == 422
    assert "Say why you do not sign off, and what would have to change." in words(empty)
    nothing = client.post(url, {"seen": seen})
    assert nothing.status_code == 422
    assert decision.sign_offs.get(function="compliance").answer == ""

    assert client.post(url, {"answer": "refused", "seen": seen, "reason": "No audit yet."}).status_code == 303
    sign_in(client, cast.owner)
    said = words(client.get(at("decision", decision)))
    assert "No audit yet." in said
    assert "Cannot pass: Compliance did not sign off: No audit yet" in said


@pytest.mark.parametrize("who", ["owner", "lead", "legal", "security", "office", "staff"])
def test_nobody_outside_the_function_signs_off(client, at_go_live, cast, sign_in, who):
    decision = at_go_live.decision("go_live")
    url = sign_off_page(decision, "compliance")
    sign_in(client, getattr(cast, who))

    page = client.get(url)
    assert page.status_code == 200
    assert "Compliance signs this off." in words(page)
    refused = client.post(url, {"answer": "signed", "seen": "0" * 64})

    assert refused.status_code == 403
    assert decision.sign_offs.get(function="compliance").answer == ""


def test_whoever_wrote_the_evidence_does_not_sign_off(client, at_go_live, cast, sign_in):
    from governance.proof.models import ControlCheck

    ControlCheck.objects.filter(ref="T1.1").update(supplied_by=cast.compliance)
    sign_in(client, cast.compliance)
    url = sign_off_page(at_go_live.decision("go_live"), "compliance")

    assert "You wrote part of its evidence" in words(client.get(url))
    assert client.post(url, {"answer": "signed", "seen": "0" * 64}).status_code == 403


def test_a_sign_off_is_bound_to_what_was_shown(client, at_go_live, cast, sign_in):
    from governance.proof.models import ControlCheck

    decision = at_go_live.decision("go_live")
    url = sign_off_page(decision, "security")
    sign_in(client, cast.security)
    seen = hidden(client.get(url), "seen")
    ControlCheck.objects.filter(ref="T1.1").update(note="Something else entirely.")

    page = client.post(url, {"answer": "signed", "seen": seen})

    assert page.status_code == 409
    assert "Something changed since this page was shown." in words(page)
    assert decision.sign_offs.get(function="security").answer == ""


def test_a_sign_off_nobody_asked_for_is_not_there(client, at_go_live, cast, sign_in):
    sign_in(client, cast.legal)

    assert client.get(sign_off_page(at_go_live.decision("go_live"), "legal")).status_code == 404


def test_a_proof_made_in_a_demo_is_no_proof_here(client, at_gate, cast, sign_in):
    sign_in(client, cast.owner)
    session = client.session
    session[proof._KEY]["method"] = "demo"
    session.save()

    assert answer(client, at_gate.decision("funding"))["Location"].startswith(reverse("people:prove"))
    assert at_gate.fresh.stage == "funding"
