"""What it has to prove: outcome and figures, budget, controls and sign-offs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from governance.core import clock
from governance.gates import actions as gates
from governance.initiatives import controls, figures
from governance.initiatives.models import Initiative
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people.proof import METHODS
from governance.proof import queries as proof
from governance.proof.models import ControlCheck
from governance.signatures.models import Signature
from tests import make
from tests.gates.pages import hidden, words
from tests.make import prove

OUTCOME = {
    "do": "set",
    "metric": "Cost per refund",
    "kind": "money",
    "unit": "€ per refund",
    "better": "lower",
    "baseline": "4.10",
    "baseline_kind": "measured",
    "baseline_source": "GL 6120",
    "baseline_on": "2026-02-01",
    "target": "2.50",
    "threshold": "3.00",
    "version": "0",
}


def figure_of(days: int = 30) -> dict:
    """Return a figure whose last day was yesterday."""
    end = clock.wall().date() - timedelta(days=1)
    return {
        "do": "add",
        "value": "2.65",
        "starts_on": (end - timedelta(days=days)).isoformat(),
        "ends_on": end.isoformat(),
        "cases": "1204",
        "source": "GL 6120",
    }


# The outcome


def test_the_outcome_is_set_in_business_terms(fresh_story, read, send, says, cast):
    tale = fresh_story("idea")

    done = send(tale, cast.lead, "outcome", **OUTCOME)

    there = Outcome.objects.get()
    assert done.status_code == 303
    assert (there.metric, there.lower_is_better, there.threshold, there.threshold_set_at is not None) == (
        "Cost per refund",
        True,
        Decimal("3.00"),
        True,
    )
    page = says(tale, cast.staff, "outcome")
    assert "€4.10 before AI" not in page
    assert "before AI €4.10" in page
    assert "the gate asks for €3.00" in page
    assert 'name="threshold" value="3"' in read(tale, cast.lead, "outcome").content.decode()


@pytest.mark.parametrize(
    "metric",
    [
        "Model accuracy",
        "Answer latency",
        "Uptime",
        "Tokens a day",
        "Number of prompts",
        "Logins per week",
        "Weekly active users",
        "Copilot usage",
        "Adoption rate",
        "F1 score",
        "API calls",
    ],
)
def test_a_technical_metric_is_refused_and_translating_it_is_the_ctos_task(metric, fresh_story, send, cast, entries):
    tale = fresh_story("idea")
    before = entries()

    response = send(tale, cast.lead, "outcome", **{**OUTCOME, "metric": metric})

    assert (response.status_code, entries(), Outcome.objects.count()) == (422, before, 0)
    page = words(response)
    assert f"“{metric}” measures the system" in page
    assert "Translating it is the CTO’s task." in page
    assert f'value="{metric}"' in response.content.decode()


@pytest.mark.parametrize(
    "metric",
    [
        "Cost per refund",
        "Days to pay a claim",
        "Complaints per 1,000 calls",
        "Product recalls",
        "Purchase requests handled a day",
        "Line downtime",
        "Seats sold",
    ],
)
def test_business_metrics_that_sound_near_are_taken(metric, fresh_story, send, cast):
    tale = fresh_story("idea")

    assert send(tale, cast.lead, "outcome", **{**OUTCOME, "metric": metric}).status_code == 303


def test_a_unit_that_counts_use_is_refused_too(fresh_story, send, cast):
    response = send(fresh_story("idea"), cast.lead, "outcome", **{**OUTCOME, "unit": "tokens"})

    assert response.status_code == 422
    assert "“tokens” measures the system" in words(response)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"baseline": "about four"}, "Before AI is “about four”. Enter a number, for example 4.10."),
        (
            {"baseline_on": "yesterday"},
            "Date of the number before AI is “yesterday”. Enter a date, for example 2026-11-20.",
        ),
        ({"metric": " "}, "Enter what is measured"),
        ({"kind": "accuracy"}, "which is not one of the choices"),
        ({"baseline_kind": ""}, "Say whether the number before AI was measured or reconstructed afterwards."),
        (
            {"threshold": "5.00"},
            "The threshold is 5.00 and before AI it was 4.10, but lower is better. Turn one of them round.",
        ),
        ({"better": "higher"}, "but higher is better"),
        ({"better": ""}, "Choose which way is better"),
        ({"metric": "x" * 161}, "What is measured has 161 characters and may have 160. Shorten it by 1."),
    ],
)
def test_bad_input_about_the_outcome_gets_a_sentence(change, sentence, fresh_story, send, cast, entries):
    tale = fresh_story("idea")
    before = entries()

    response = send(tale, cast.lead, "outcome", **{**OUTCOME, **change})

    assert (response.status_code, entries(), Outcome.objects.count()) == (422, before, 0)
    assert sentence in words(response)


def test_somebody_elses_save_is_shown_beside_mine(fresh_story, send, cast):
    tale = fresh_story("idea")
    tale.set_outcome()

    response = send(tale, cast.lead, "outcome", **{**OUTCOME, "target": "2.20", "version": "0"})

    page = words(response)
    assert response.status_code == 409
    assert "Somebody saved this while you were writing" in page
    assert "Target 2.50 2.20" in page
    assert hidden(response, "version") == "1"
    assert Outcome.objects.get().target == Decimal("2.50")
    assert send(tale, cast.lead, "outcome", **{**OUTCOME, "target": "2.20", "version": "1"}).status_code == 303


def test_an_open_gate_locks_the_outcome_and_says_who_can_withdraw(fresh_story, says, send, cast, entries):
    tale = fresh_story("funding")
    page = says(tale, cast.lead, "outcome")
    assert "Funding gate is open, so the outcome and its threshold cannot change. Withdraw it first" in page
    assert "Save the outcome" not in page
    before = entries()

    response = send(tale, cast.lead, "outcome", **{**OUTCOME, "target": "2.20", "version": "1"})

    assert (response.status_code, entries()) == (409, before)
    assert "Funding gate is open, so the outcome cannot change." in words(response)


def test_who_does_not_amend_reads_and_writes_nothing(fresh_story, says, send, cast, entries):
    tale = fresh_story("pilot")
    page = says(tale, cast.staff, "outcome")
    assert "Save the outcome" not in page
    assert "Claim this figure" not in page
    before = entries()

    for data in (OUTCOME, {"do": "set"}, figure_of(), {"do": "add"}):
        assert send(tale, cast.staff, "outcome", **data).status_code == 403

    assert entries() == before


@pytest.mark.parametrize("do", ["", "nonsense"])
def test_an_act_that_is_none_is_not_there(do, fresh_story, send, cast):
    assert send(fresh_story("pilot"), cast.lead, "outcome", do=do).status_code == 404


# Figures


def test_a_figure_is_claimed_until_finance_confirms_it(fresh_story, says, send, press, cast):
    tale = fresh_story("pilot", takes=40)
    done = send(tale, cast.lead, "outcome", **figure_of())
    assert done.status_code == 303
    page = says(tale, cast.finance, "outcome")
    assert "€2.65 1,204" in page
    assert "Claimed, not confirmed Reaches the threshold." in page
    statement = "I looked at the source and confirm 2.65 € per refund (Cost per refund)"
    assert statement in page

    confirmed = press(tale, cast.finance, "outcome", do="confirm", figure="1")

    assert confirmed.status_code == 303
    assert Measurement.objects.get().confirmed_by == cast.finance
    assert Signature.objects.get(meaning="figure").statement.startswith(statement)
    assert "Confirmed Tomas Berg" in says(tale, cast.staff, "outcome")


def test_a_figure_is_returned_with_a_reason(fresh_story, says, send, cast):
    tale = fresh_story("pilot", takes=40)
    send(tale, cast.lead, "outcome", **figure_of())

    empty = send(tale, cast.finance, "outcome", do="return", figure="1")
    done = send(
        tale, cast.finance, "outcome", **{"do": "return", "figure": "1", "figure-1-because": "The desk log says 1,104."}
    )

    assert (empty.status_code, done.status_code) == (422, 303)
    assert "Returned Tomas Berg: The desk log says 1,104." in says(tale, cast.lead, "outcome")


@pytest.mark.parametrize("who", ["lead", "owner", "staff", "compliance", "admin"])
def test_nobody_but_finance_confirms_money(who, fresh_story, says, send, cast, entries):
    tale = fresh_story("pilot", takes=40)
    send(tale, cast.lead, "outcome", **figure_of())
    before = entries()
    person = getattr(cast, who)

    for data in ({"do": "confirm", "figure": "1"}, {"do": "return", "figure": "1", "figure-1-because": "No."}):
        assert send(tale, person, "outcome", **data).status_code == 403

    assert (entries(), Measurement.objects.get().confirmed_by) == (before, None)
    assert "Sign and confirm" not in says(tale, person, "outcome")


def test_confirming_needs_a_fresh_proof(fresh_story, send, cast):
    tale = fresh_story("pilot", takes=40)
    send(tale, cast.lead, "outcome", **figure_of())

    response = send(tale, cast.finance, "outcome", proved=False, do="confirm", figure="1")

    assert (response.status_code, response["Location"].partition("?")[0]) == (303, reverse("people:prove"))
    assert Measurement.objects.get().confirmed_by is None
    assert "password" in METHODS


def test_confirming_twice_is_too_late(fresh_story, send, press, cast):
    tale = fresh_story("pilot", takes=40)
    send(tale, cast.lead, "outcome", **figure_of())
    press(tale, cast.finance, "outcome", do="confirm", figure="1")

    again = send(tale, cast.finance_two, "outcome", do="confirm", figure="1")

    assert again.status_code == 409
    assert "This figure was answered already." in words(again)
    assert Measurement.objects.get().confirmed_by == cast.finance


def test_why_a_figure_does_not_count_is_said(fresh_story, says, send, cast):
    tale = fresh_story("pilot", takes=20)

    send(tale, cast.lead, "outcome", **figure_of(60))
    send(tale, cast.lead, "outcome", **figure_of(4))

    page = says(tale, cast.staff, "outcome")
    assert "Does not count at the gate: measured before the threshold was set." in page
    assert "Does not count at the gate: shorter than 14 days." in page


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ends_on": "2020-01-01"}, "The last day measured is 2020-01-01, before the first,"),
        ({"ends_on": "2099-01-01"}, "The last day measured is 2099-01-01, which has not come yet."),
        ({"cases": "0"}, "Number of cases is “0”. Enter 1 or more."),
        ({"cases": "many"}, "Number of cases is “many”. Enter a whole number, for example 12."),
        ({"value": ""}, "Enter value"),
        ({"source": ""}, "Enter source"),
    ],
)
def test_bad_input_about_a_figure_gets_a_sentence(change, sentence, fresh_story, send, cast, entries):
    tale = fresh_story("pilot", takes=40)
    before = entries()

    response = send(tale, cast.lead, "outcome", **{**figure_of(), **change})

    assert (response.status_code, entries(), Measurement.objects.count()) == (422, before, 0)
    assert sentence in words(response)


def test_a_figure_that_is_none_is_not_there(fresh_story, send, cast):
    tale = fresh_story("pilot")

    for number in ("7", "", "x"):
        assert send(tale, cast.finance, "outcome", do="confirm", figure=number).status_code == 404


# The budget

ASK = {"do": "ask", "asked": "84000", "currency": "EUR", "months": "12", "pays_for": "Licences"}


def test_a_budget_is_asked_for_by_one_and_approved_by_another(fresh_story, says, send, cast):
    tale = fresh_story("pilot")
    assert send(tale, cast.lead, "budget", **ASK).status_code == 303
    page = says(tale, cast.finance, "budget")
    assert "asked for, for 12 months €84,000" in page
    assert "Sign and approve" in page
    assert "Sign and approve" not in says(tale, cast.lead, "budget")

    done = send(
        tale,
        cast.finance,
        "budget",
        do="approve",
        approved="84000",
        cost_centre="CC-4410",
        reference="B-991",
        version="1",
    )

    there = Budget.objects.get()
    assert done.status_code == 303
    assert (there.approved, there.approved_by, there.cost_centre) == (Decimal("84000"), cast.finance, "CC-4410")
    page = says(tale, cast.staff, "budget")
    assert "Approved by Tomas Berg" in page
    assert "CC-4410" in page


def test_the_amount_asked_for_stands_in_the_form_of_finance(fresh_story, read, send, cast):
    tale = fresh_story("pilot")
    send(tale, cast.lead, "budget", **ASK)

    html = read(tale, cast.finance, "budget").content.decode()

    assert 'name="approved" value="84000"' in html
    assert "Amount approved, in EUR" in html


def test_what_finance_typed_is_there_again_after_the_proof(fresh_story, read, send, cast):
    tale = fresh_story("pilot")
    send(tale, cast.lead, "budget", **ASK)

    response = send(
        tale,
        cast.finance,
        "budget",
        proved=False,
        do="approve",
        approved="80000",
        cost_centre="CC-1",
        reference="B-1",
        version="1",
    )
    html = read(tale, cast.finance, "budget").content.decode()

    assert response["Location"].partition("?")[0] == reverse("people:prove")
    assert Budget.objects.get().approved is None
    assert 'name="cost_centre" value="CC-1"' in html
    assert 'name="approved" value="80000"' in html


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({**ASK, "asked": "-5"}, "Amount for the whole period is “-5”. Enter 0 or more."),
        ({**ASK, "asked": "0"}, "The amount is 0. Name the licence that covers it."),
        ({**ASK, "currency": "XXX"}, "Currency is “XXX”, which is not one of the choices."),
        ({**ASK, "months": "0"}, "Months is “0”. Enter 1 or more."),
        ({**ASK, "asked": "much"}, "Amount for the whole period is “much”. Enter a number, for example 4.10."),
    ],
)
def test_bad_input_about_a_budget_gets_a_sentence(data, sentence, fresh_story, send, cast, entries):
    tale = fresh_story("pilot")
    before = entries()

    response = send(tale, cast.lead, "budget", **data)

    assert (response.status_code, entries(), Budget.objects.count()) == (422, before, 0)
    assert sentence in words(response)


def test_a_budget_of_zero_names_its_licence(fresh_story, send, cast):
    tale = fresh_story("pilot")

    assert (
        send(tale, cast.lead, "budget", **{**ASK, "asked": "0", "licence": "Covered by the suite"}).status_code == 303
    )
    assert Budget.objects.get().asked == 0


@pytest.mark.parametrize("who", ["staff", "lead", "owner", "compliance", "admin"])
def test_nobody_outside_finance_approves(who, fresh_story, send, cast, entries):
    tale = fresh_story("pilot")
    send(tale, cast.lead, "budget", **ASK)
    before = entries()

    response = send(
        tale, getattr(cast, who), "budget", do="approve", approved="1", cost_centre="x", reference="y", version="1"
    )

    assert (response.status_code, entries(), Budget.objects.get().approved) == (403, before, None)


def test_finance_does_not_approve_what_finance_asked_for(fresh_story, says, send, cast):
    from governance.initiatives import roles

    tale = fresh_story("pilot")
    roles.assign(tale.fresh, "go_live", "R", cast.finance, by=cast.office, at=tale.at)
    send(tale, cast.finance, "budget", **ASK)

    response = send(
        tale, cast.finance, "budget", do="approve", approved="84000", cost_centre="x", reference="y", version="1"
    )

    assert response.status_code == 403
    assert "You asked for this budget, so somebody else must approve it." in words(response)
    assert "somebody else in Finance must approve it" in says(tale, cast.finance, "budget")


def test_approving_what_was_asked_anew_meanwhile_is_too_late(fresh_story, send, cast):
    tale = fresh_story("pilot")
    send(tale, cast.lead, "budget", **ASK)
    send(tale, cast.lead, "budget", **{**ASK, "asked": "90000"})

    response = send(
        tale, cast.finance, "budget", do="approve", approved="84000", cost_centre="x", reference="y", version="1"
    )

    assert (response.status_code, Budget.objects.get().approved) == (409, None)
    assert "approved or asked anew since you opened it" in words(response)


def test_asking_anew_says_first_whose_acceptance_it_cancels(fresh_story, says, cast):
    tale = fresh_story("pilot")
    tale.ask_budget()

    page = says(tale, cast.lead, "budget")

    assert (
        "Asking anew takes an approval away. Another amount or period also cancels the acceptance of Priya Nair, who is asked to accept again."
        in page
    )


def test_an_open_gate_locks_the_budget(fresh_story, says, send, cast):
    tale = fresh_story("funding")

    assert "Funding gate is open, so the budget asked for cannot change." in says(tale, cast.lead, "budget")
    assert send(tale, cast.lead, "budget", **{**ASK, "asked": "1"}).status_code == 409
    assert Budget.objects.get().asked == Decimal("84000")


# Controls


def test_the_checklist_says_who_confirms_and_where_each_stands(fresh_story, says, cast):
    page = says(fresh_story("build"), cast.staff, "controls")

    assert (
        "0 of 8 controls met. A control is met when the function that owns it has looked, not when somebody says so."
        in page
    )
    assert (
        "T2.1 Tool allowlist It can call the listed tools and nothing else. Nobody has said how it is met Security confirms it"
        in page
    )
    assert "Say how it is met" not in page
    assert page.index("T0.1") < page.index("T1.1") < page.index("T2.1")


def test_a_control_is_supplied_confirmed_and_stays_signed(fresh_story, says, read, send, press, cast):
    tale = fresh_story("build")
    html = read(tale, cast.lead, "controls", control="T2.1").content.decode()
    assert 'name="T2-1-note"' in html
    today = clock.wall().date().isoformat()

    supplied = send(
        tale,
        cast.lead,
        "controls",
        **{
            "do": "supply",
            "control": "T2.1",
            "T2-1-note": "See https://wiki.example/allow",
            "T2-1-effective_on": today,
        },
    )

    assert (supplied.status_code, supplied["Location"]) == (
        303,
        f"{reverse('initiatives:controls', args=['AI-1'])}#T2.1",
    )
    page = says(tale, cast.security, "controls")
    assert page.index("T2.1") < page.index("T0.1")  # what waits for the reader stands first
    assert "I looked at Tool allowlist and confirm that it is met" in page
    press(tale, cast.security, "controls", do="confirm", control="T2.1")
    assert ControlCheck.objects.get().confirmed_by == cast.security
    assert "1 of 8 controls met" in says(tale, cast.staff, "controls")
    assert Signature.objects.filter(meaning="control").count() == 1


def test_a_control_is_returned_and_answered(fresh_story, says, read, send, press, cast):
    tale = fresh_story("build")
    controls.supply(tale.fresh, "T2.1", note="Trust me.", effective_on=tale.at.date(), by=cast.lead, at=tale.at)

    empty = send(tale, cast.security, "controls", do="return", control="T2.1")
    done = press(
        tale,
        cast.security,
        "controls",
        **{"do": "return", "control": "T2.1", "return-T2-1-because": "Where is the list?"},
    )

    assert (empty.status_code, done.status_code) == (422, 303)
    assert "Returned Ruth Abel: Where is the list?" in says(tale, cast.lead, "controls")
    assert "Answer it" in says(tale, cast.lead, "controls")
    assert "Trust me." in read(tale, cast.lead, "controls", control="T2.1").content.decode()


def test_a_control_is_set_aside_until_a_day(fresh_story, says, press, cast):
    tale = fresh_story("build")
    controls.supply(tale.fresh, "T2.1", note="Next week.", effective_on=tale.at.date(), by=cast.lead, at=tale.at)
    until = clock.wall().date() + timedelta(days=20)

    done = press(
        tale,
        cast.security,
        "controls",
        **{
            "do": "waive",
            "control": "T2.1",
            "waive-T2-1-until": until.isoformat(),
            "waive-T2-1-because": "The vendor delivers it.",
        },
    )

    assert done.status_code == 303
    assert (ControlCheck.objects.get().waived_until, ControlCheck.objects.get().waived_by) == (until, cast.security)
    assert "Ruth Abel: The vendor delivers it." in says(tale, cast.staff, "controls")


@pytest.mark.parametrize("until", ["2020-01-01", "2199-01-01"])
def test_a_waiver_ends_within_a_year(until, fresh_story, send, cast):
    tale = fresh_story("build")
    controls.supply(tale.fresh, "T2.1", note="Next week.", effective_on=tale.at.date(), by=cast.lead, at=tale.at)

    response = send(
        tale,
        cast.security,
        "controls",
        **{"do": "waive", "control": "T2.1", "waive-T2-1-until": until, "waive-T2-1-because": "Later."},
    )

    assert response.status_code == 422
    assert f"Set aside until {until}. Choose a day from tomorrow on, at most a year ahead." in words(response)
    assert ControlCheck.objects.get().waived_until is None


@pytest.mark.parametrize(
    "data", [{"T2-1-note": ""}, {"T2-1-effective_on": "2199-01-01"}, {"T2-1-effective_on": "soon"}]
)
def test_bad_input_about_a_control_gets_a_sentence(data, fresh_story, send, cast, entries):
    tale = fresh_story("build")
    before = entries()

    response = send(
        tale,
        cast.lead,
        "controls",
        **{"do": "supply", "control": "T2.1", "T2-1-note": "Listed.", "T2-1-effective_on": "2026-02-01", **data},
    )

    assert (response.status_code, entries(), ControlCheck.objects.count()) == (422, before, 0)
    assert "Nothing was saved yet" in words(response)


@pytest.mark.parametrize("who", ["lead", "owner", "staff", "compliance", "admin", "office"])
def test_only_the_function_that_owns_it_confirms(who, fresh_story, send, cast, entries):
    tale = fresh_story("build")
    controls.supply(tale.fresh, "T2.1", note="Listed.", effective_on=tale.at.date(), by=cast.lead, at=tale.at)
    before = entries()

    for data in (
        {"do": "confirm"},
        {"do": "return", "return-T2-1-because": "No."},
        {"do": "waive", "waive-T2-1-until": "2099-01-01", "waive-T2-1-because": "x"},
    ):
        assert send(tale, getattr(cast, who), "controls", control="T2.1", **data).status_code == 403

    assert (entries(), ControlCheck.objects.get().confirmed_by) == (before, None)


@pytest.mark.parametrize("data", [{"control": "T9.9", "do": "supply"}, {"control": "T2.1", "do": "nonsense"}, {}])
def test_a_control_or_an_act_that_is_none_is_not_there(data, fresh_story, send, cast):
    assert send(fresh_story("build"), cast.lead, "controls", **data).status_code == 404


def test_the_sign_offs_stand_with_their_link(fresh_story, says, read, cast):
    tale = fresh_story("build", tier_proposed=4)
    assert "Compliance Asked for when go-live or a restart is asked" in says(tale, cast.staff, "controls")
    tale.ask_go_live()

    html = read(tale, cast.compliance, "controls").content.decode()

    go_live = tale.decision("go_live")
    assert f'href="{reverse("gates:sign_off", args=["AI-1", go_live.number, "compliance"])}"' in html
    assert "Look and sign off" in html
    assert "Look and sign off" not in read(tale, cast.staff, "controls").content.decode()
    tale.sign_off()
    assert says(tale, cast.staff, "controls").count("Signed off") == 2


def test_without_a_tier_there_is_nothing_to_check_yet(fresh_story, says, cast):
    assert "No tier is set, so no control is asked for yet. Find the tier" in says(
        fresh_story("idea", tier_proposed=None), cast.staff, "controls"
    )


@pytest.mark.parametrize("name", ["outcome", "budget", "controls"])
@pytest.mark.parametrize("who", ["lead", "finance", "security", "staff"])
def test_these_pages_ask_little_and_write_nothing(
    name, who, fresh_story, client, sign_in, cast, entries, django_assert_max_num_queries
):
    tale = fresh_story("build", tier_proposed=4)
    tale.supply_controls(confirmed=False)
    sign_in(client, getattr(cast, who))
    before = entries()

    with django_assert_max_num_queries(20):
        assert client.get(reverse(f"initiatives:{name}", args=["AI-1"])).status_code == 200

    assert entries() == before


def test_a_lapsed_gate_no_longer_locks_once_somebody_writes(fresh_story, send, cast):
    tale = fresh_story("funding", takes=90)

    response = send(tale, cast.lead, "outcome", **{**OUTCOME, "target": "2.20", "version": "1"})

    assert (response.status_code, tale.fresh.stage, tale.decision("funding").closed) == (303, "pilot", "lapsed")
    assert figures.SETTABLE
    assert gates.settle(tale.fresh, at=clock.wall()) == 0
    assert prove(cast.lead).person_id == cast.lead.pk


def test_evidence_is_no_longer_missing_with_the_last_control_that_is_met_or_set_aside(story, cast):
    tale = story("build").supply_controls(confirmed=False)
    Initiative.objects.filter(pk=tale.initiative.pk).update(evidence_due_on=tale.at.date())
    lookers = {"security": cast.security, "compliance": cast.compliance_two, "legal": cast.legal}
    first, *others = proof.controls(tale.fresh)
    for state in others:
        controls.answer(
            tale.fresh, state.ref, by=lookers[state.function], at=tale.at, proof=make.prove(lookers[state.function])
        )
    assert tale.fresh.evidence_missing

    controls.answer(
        tale.fresh,
        first.ref,
        by=lookers[first.function],
        at=tale.at,
        proof=make.prove(lookers[first.function]),
        waived_until=tale.at.date() + timedelta(days=30),
        waived_because="The log is being moved.",
    )

    assert not tale.fresh.evidence_missing
