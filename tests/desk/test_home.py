"""Home: each person finds what needs them, by when, and what happens if they do nothing; and nothing else."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from governance.core import clock
from governance.core.models import Installation
from governance.desk import home, mine, queries
from governance.gates import actions as gates
from governance.gates import queries as gate_queries
from governance.gates import retire, stop, triage
from governance.initiatives import actions, figures, roles
from governance.initiatives.models import Initiative
from governance.people.backend import Backend
from governance.people.models import Deputy, Person
from governance.raci.models import Role, Row
from tests.crowd import make_crowd
from tests.make import AT, make_cast, make_initiative, make_unit, prove


def built(person, at) -> home.Home:
    """Return the home page of a person who has just signed in."""
    return home.build(mine.of(Person.objects.get(pk=person.pk), at))


def titles(person, at, *sections: str) -> list[str]:
    """Return the titles of a person's rows, of the sections named or of all that need them."""
    page = built(person, at)
    return [str(item.title) for name in sections or ("decide", "sign", "do") for item in getattr(page, name).items]


def row(person, at, title: str):
    """Return the one row whose title begins so."""
    page = built(person, at)
    found = [
        item
        for section in (page.decide, page.sign, page.do, page.waiting)
        for item in section.items
        if str(item.title).startswith(title)
    ]
    assert len(found) == 1, [
        str(item.title) for section in (page.decide, page.sign, page.do, page.waiting) for item in section.items
    ]
    return found[0]


# --- Decide -----------------------------------------------------------------------------------


def test_the_business_owner_decides_a_funding_gate_and_sees_how_far_it_is(cast):
    story = make_initiative(cast, "idea").to_funding(ready=False)
    decision = story.decision("funding")

    item = row(cast.owner, story.at, "Fund production")

    assert item.title == f"Fund production · {story.initiative.key} Support refunds"
    assert (item.url, item.due, item.whose) == (decision.get_absolute_url(), decision.due_at, "mine")
    assert item.facts == [
        "You are Accountable.",
        "Sam Doyle asks.",
        "1 of 3 questions are Yes.",
        "€84,000 for 12 months is asked for and not approved.",
    ]
    assert (
        item.consequence
        == "If nobody decides: it goes to the Escalation owner, then closes as No pass and goes back to the pilot."
    )
    assert item.action == "Review and decide"


def test_when_its_time_is_up_both_the_decider_and_the_escalation_owner_have_it(cast):
    story = make_initiative(cast, "funding")
    decision = story.decision("funding")
    late = decision.due_at + timedelta(hours=1)

    asked, handed = row(cast.owner, late, "Fund production"), row(cast.escalation, late, "Get it decided")

    assert (asked.whose, asked.due) == ("overdue", decision.final_at)
    assert asked.consequence == "If nobody decides by then it closes as No pass. It goes back to the pilot."
    assert (handed.due, handed.facts) == (
        decision.final_at,
        ["You are Escalation owner.", "Priya Nair has not answered."],
    )
    assert titles(cast.escalation, decision.due_at - timedelta(hours=1), "decide") == []
    assert titles(cast.owner, decision.final_at, "decide") == []


def test_day_90_is_shown_when_its_first_reminder_goes(cast):
    story = make_initiative(cast, "pilot")
    due = story.decision("day_90").due_at

    assert titles(cast.owner, due - timedelta(days=30, seconds=1), "decide") == []
    assert titles(cast.owner, due - timedelta(days=30), "decide") == [
        f"Day 90: funding gate or retirement · {story.initiative.key} Support refunds"
    ]


def test_a_pilot_go_waits_for_somebody_who_is_only_named(cast):
    story = make_initiative(cast, "idea").set_outcome().confirm_tier()
    for line in (Row.GO_LIVE, Row.MODIFICATION, Row.HALT):
        roles.assign(story.fresh, line, Role.RESPONSIBLE, cast.lead, by=cast.office, at=AT)
    people = {Role.ACCOUNTABLE: cast.owner, Role.ESCALATION: cast.escalation}
    for line, role in [(line, role) for line in Row for role in people if (line, role) != (Row.HALT, Role.ACCOUNTABLE)]:
        roles.offer(story.fresh, line, role, people[role], by=cast.office, at=AT)
    gates.ask(story.fresh, "pilot_go", by=cast.lead, at=AT)

    assert titles(cast.owner, AT, "decide") == [f"Start the pilot · {story.initiative.key} Support refunds"]


def test_a_successor_who_has_not_accepted_does_not_decide_yet(cast):
    story = make_initiative(cast, "funding")
    roles.offer(story.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=story.at)

    assert titles(cast.coo, story.at, "decide") == []
    assert len(titles(cast.owner, story.at, "decide")) == 1


def test_what_is_listed_is_what_the_gates_put_to_each_person_and_what_every_page_counts(cast):
    for stage in ("idea", "pilot", "funding", "stopped"):
        make_initiative(cast, stage)
    last = make_initiative(cast, "build").ask_go_live()
    make_crowd(cast, 40, last.at)

    for days in (0, 40, 62, 75, 90, 400):
        at = AT + timedelta(days=days)
        for person in (cast.owner, cast.other_owner, cast.escalation, cast.lead, cast.office, cast.staff):
            signed_in = Backend().get_user(person.pk)
            facts = mine.of(Person.objects.get(pk=person.pk), at)
            assert {d.pk for d in facts.to_decide()} == set(
                gate_queries.waiting_for(person, at).values_list("pk", flat=True)
            ), (person, days)
            assert {d.pk for d in facts.to_get_decided()} == set(
                gate_queries.handed_over_to(person, at).values_list("pk", flat=True)
            ), (person, days)
            assert (
                queries.pulse(signed_in, at)
                == queries.pulse(person, at)
                == (
                    len(home.build(facts).decide.items),
                    facts.holds_something_stopped(),
                )
            ), (person, days)


def test_no_page_asks_what_waits_for_somebody_who_has_no_role_anywhere(cast, django_assert_num_queries):
    make_initiative(cast, "funding")
    nobody, owner = Backend().get_user(cast.staff.pk), Backend().get_user(cast.owner.pk)

    with django_assert_num_queries(0):
        assert queries.pulse(nobody, AT) == (0, False)
    with django_assert_num_queries(1):
        queries.pulse(owner, AT)


# --- Sign -------------------------------------------------------------------------------------


def test_an_offer_is_answered_once_for_the_two_rows_that_belong_together(cast):
    story = make_initiative(cast, "idea")
    offer = roles.offer(story.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=AT)
    roles.offer(story.fresh, Row.HALT, Role.ESCALATION, cast.escalation, by=cast.office, at=AT)

    item = row(cast.owner, AT, "Answer")

    assert item.title == f"Answer: will you own {story.initiative.key} Support refunds?"
    assert (item.url, item.due, item.due_word) == (
        f"/initiatives/{story.initiative.key}/matrix/offers/{offer.pk}/",
        offer.answer_by,
        "answer by",
    )
    assert item.facts == ["Olga Petrov named you."]
    assert titles(cast.escalation, AT) == [
        f"Answer: will you be Escalation owner for Halt / roll back of {story.initiative.key} Support refunds?"
    ]
    assert titles(cast.owner, offer.answer_by) == []
    assert titles(cast.office, AT, "waiting") == [
        f"Priya Nair, Accountable for Production go-live: {story.initiative.key} Support refunds",
        f"Dana Roth, Escalation owner for Halt / roll back: {story.initiative.key} Support refunds",
    ]


def test_an_acceptance_that_no_longer_counts_is_asked_for_again(cast):
    story = make_initiative(cast, "pilot")
    before = titles(cast.owner, AT, "sign")
    actions.amend(
        story.fresh, {"tools": "billing.refund\ncrm.write"}, by=cast.lead, at=AT, seen_version=story.fresh.version
    )
    after = titles(cast.owner, AT, "sign")
    story.accept_again()

    assert (before, after, titles(cast.owner, AT, "sign")) == (
        [],
        [f"Accept again: {story.initiative.key} Support refunds"],
        [],
    )


def test_functions_sign_off_what_they_neither_asked_for_nor_wrote(cast):
    story = make_initiative(cast, "build", tier_proposed=4).ask_go_live()
    key = story.initiative.key

    item = row(cast.compliance, story.at, "Sign off")

    assert item.url == f"/initiatives/{key}/decisions/{story.decision('go_live').number}/sign-off/compliance/"
    assert item.facts == ["Production go-live", "Sam Doyle asks."]
    assert titles(cast.security, story.at, "sign") == [f"Sign off for Security: {key} Support refunds"]
    assert titles(cast.legal, story.at, "sign") == titles(cast.finance, story.at, "sign") == []
    story.sign_off()
    assert titles(cast.compliance, story.at, "sign") == titles(cast.compliance_two, story.at, "sign") == []


def test_finance_confirms_figures_and_approves_budgets_of_others(cast):
    story = make_initiative(cast, "idea").to_funding(ready=False)
    key, due = story.initiative.key, story.decision("funding").due_at

    figure, budget = row(cast.finance, story.at, "Confirm a figure"), row(cast.finance, story.at, "Approve a budget")

    assert (figure.url, figure.due, figure.facts) == (
        f"/initiatives/{key}/outcome/#figure-1",
        due,
        ["Sam Doyle supplied it."],
    )
    assert (budget.url, budget.due, budget.facts) == (
        f"/initiatives/{key}/budget/",
        due,
        ["Sam Doyle asks for €84,000 for 12 months."],
    )
    assert titles(cast.compliance, story.at, "sign") == titles(cast.office, story.at, "sign") == []
    assert [str(f) for f in row(cast.lead, story.at, key).facts] == [
        "Your figure waits for Finance.",
        "The budget you asked for waits for Finance.",
    ]


def test_figures_of_one_initiative_stand_in_one_row(cast):
    story = make_initiative(cast, "pilot").measure(confirmed=False)
    figures.add_measurement(
        story.fresh,
        value=Decimal("2.4"),
        starts_on=date(2026, 3, 10),
        ends_on=date(2026, 4, 1),
        cases=3,
        source="GL",
        by=cast.lead,
        at=story.at,
    )

    assert titles(cast.finance, story.at, "sign") == [f"Confirm 2 figures: {story.initiative.key} Support refunds"]


def test_each_function_confirms_its_own_controls(cast):
    story = make_initiative(cast, "build").supply_controls(confirmed=False)

    assert titles(cast.security, story.at, "sign") == [f"Confirm 3 controls: {story.initiative.key} Support refunds"]
    assert row(cast.security, story.at, "Confirm 3").facts == [
        "Logging and access controls, Tool allowlist, Rate limits"
    ]
    assert titles(cast.legal, story.at, "sign") == [f"Confirm a control: {story.initiative.key} Support refunds"]
    assert titles(cast.finance, story.at, "sign") == []


@pytest.mark.parametrize(("tier", "who"), [(0, "office"), (1, "office"), (2, "compliance"), (4, "compliance")])
def test_a_proposed_tier_waits_for_the_function_that_confirms_it(cast, tier, who):
    story = make_initiative(cast, "idea", tier_proposed=tier)

    told = {
        name
        for name in ("office", "compliance", "security", "finance", "owner")
        if f"Confirm the tier: {story.initiative.key} Support refunds" in titles(getattr(cast, name), AT, "sign")
    }

    assert told == {who}


def test_nobody_confirms_the_tier_of_what_they_move(cast):
    actions.register({"name": "Compliance helper", "tier_proposed": 3, "unit": cast.support}, by=cast.compliance, at=AT)

    assert titles(cast.compliance, AT, "sign") == []
    assert titles(cast.compliance_two, AT, "sign") == ["Confirm the tier: AI-1 Compliance helper"]


# --- Do ---------------------------------------------------------------------------------------


def test_the_lead_sees_what_is_theirs_before_the_pilot_and_one_thing_by_its_name(cast):
    story = make_initiative(cast, "idea")
    many_things = row(cast.lead, AT, "Clear")
    story.set_outcome().confirm_tier().name_people()
    ready = row(cast.lead, AT, "Ask")
    actions.amend(story.fresh, {"scope_who": ""}, by=cast.lead, at=AT, seen_version=story.fresh.version)
    one_thing = row(cast.lead, AT, "Add it")

    assert many_things.url == f"/initiatives/{story.initiative.key}/#blockers"
    assert many_things.consequence == "Until then the pilot cannot start."
    assert (ready.title, ready.url) == (
        f"Ask: Start the pilot · {story.initiative.key} Support refunds",
        f"/initiatives/{story.initiative.key}/ask/?kind=pilot_go",
    )
    assert (one_thing.facts, one_thing.url) == (
        ["The pilot does not say who takes part."],
        f"/initiatives/{story.initiative.key}/amend/#id_scope_who",
    )


def test_a_pilot_is_left_to_run_until_its_gate_or_day_90_comes_near(cast):
    story = make_initiative(cast, "pilot", scope_until=date(2026, 5, 20), gate_on=date(2026, 5, 10))
    due = story.decision("day_90").due_at

    assert titles(cast.lead, AT, "do") == []
    assert titles(cast.lead, AT + timedelta(days=54), "do") == [f"Add a figure: {story.initiative.key} Support refunds"]
    story.measure()
    assert (
        row(cast.lead, due - timedelta(days=2), "Ask").consequence
        == "If nobody asks by then, day 90 stops and retires it."
    )


def test_what_is_asked_waits_on_others_with_the_name_of_the_decider(cast):
    story = make_initiative(cast, "funding")

    item = row(cast.lead, story.at, "Fund production")

    assert (item.whose, item.facts, item.due) == ("theirs", ["Priya Nair decides."], story.decision("funding").due_at)
    assert titles(cast.lead, story.at) == []


def test_a_review_is_the_owners_and_the_workflow_owners_when_its_reminder_is_due(cast):
    story = make_initiative(cast, "production", tier_proposed=4)
    due = story.fresh.review_due_at

    assert (
        titles(cast.owner, due - timedelta(days=2), "do") == titles(cast.workflow, due - timedelta(days=2), "do") == []
    )
    for person in (cast.owner, cast.workflow):
        item = row(person, due - timedelta(days=1), "Review")
        assert (item.url, item.due, item.whose, item.consequence) == (
            f"/initiatives/{story.initiative.key}/review/",
            due,
            "mine",
            "1 day late it goes to the Escalation owner.",
        )
        assert row(person, due + timedelta(hours=1), "Review").whose == "overdue"
    assert titles(cast.escalation, due, "do") == titles(cast.lead, due, "do") == []


def test_a_stop_that_nobody_confirmed_needs_those_who_move_it_and_after_an_hour_compliance(cast):
    story = make_initiative(cast, "production")
    made = stop.stop(story.fresh, reason="harm", by=cast.owner, at=story.at, proof=prove(cast.owner))
    title = f"Say whether it stopped: {story.initiative.key} Support refunds"
    soon, later = story.at + timedelta(minutes=5), story.at + timedelta(hours=2)

    assert {p.name for p in cast.people if title in titles(p, soon)} == {
        "Priya Nair",
        "Dana Roth",
        "Sam Doyle",
        "Lena Kraus",
    }
    assert row(cast.workflow, later, "Say whether").facts == ["Priya Nair asked for the stop 2 h ago."]
    assert {p.name for p in cast.people if title in titles(p, later)} == {
        "Priya Nair",
        "Dana Roth",
        "Sam Doyle",
        "Lena Kraus",
        "Miriam Osei",
        "Ray Quist",
    }
    assert titles(cast.owner, later, "do")[0] == title
    assert not [t for t in titles(cast.lead, later) if t.startswith("Ask")]
    stop.confirm(made, how="Saw it.", by=cast.workflow, at=later, proof=prove(cast.workflow))
    assert [t for t in titles(cast.lead, later) if t.startswith("Ask")]
    assert {p.name for p in cast.people if title in titles(p, later)} == set()


def test_a_wish_to_stop_pages_those_who_can_and_is_the_askers_to_wait_for(cast):
    story = make_initiative(cast, "production")
    stop.ask_to_stop(story.fresh, saw="Doubles.", by=cast.staff, at=story.at)
    title = f"Stop it, or say why not: {story.initiative.key} Support refunds"

    assert {p.name for p in cast.people if title in titles(p, story.at)} == {"Priya Nair", "Dana Roth"}
    assert row(cast.owner, story.at, "Stop it").facts == ["Kim Sato asks you to stop it: Doubles."]
    assert titles(cast.staff, story.at, "waiting") == [f"Your wish to stop it: {story.initiative.key} Support refunds"]


def test_a_wish_about_something_nobody_owns_goes_to_the_office_and_compliance(cast):
    found = actions.report_found({"name": "ChatSumm", "unit": cast.sales}, by=cast.staff, at=AT)
    stop.ask_to_stop(found, saw="It lies.", by=cast.lead, at=AT)

    assert {p.name for p in cast.people if any(t.startswith("Stop it") for t in titles(p, AT))} == {
        "Olga Petrov",
        "Ben Castle",
        "Miriam Osei",
        "Ray Quist",
    }


def test_a_stopped_system_is_the_owners_to_settle_until_a_restart_is_asked(cast):
    story = make_initiative(cast, "stopped")
    title = f"Say what happens to it: {story.initiative.key} Support refunds"

    assert row(cast.owner, story.at, "Say what").due == story.fresh.stage_since + timedelta(days=30)
    assert titles(cast.lead, story.at) == [f"Ask: Restart · {story.initiative.key} Support refunds"]
    gates.ask(
        story.fresh,
        "restart",
        by=cast.lead,
        at=story.at,
        particulars={"cause": "A retry.", "fix": "Keys.", "evidence": "400 replays."},
    )
    assert title not in titles(cast.owner, story.at)
    assert titles(cast.lead, story.at) == []
    assert titles(cast.owner, story.at, "decide") == [f"Restart · {story.initiative.key} Support refunds"]


def test_a_postmortem_is_the_owners_until_it_is_published(cast):
    story = make_initiative(cast, "production")
    made = retire.begin(story.fresh, reason="Replaced.", by=cast.owner, at=story.at)

    item = row(cast.owner, story.at, "Write what was learned")

    assert (item.url, item.due) == (f"/initiatives/{story.initiative.key}/postmortem/", made.due_at)
    assert titles(cast.owner, story.at) == [item.title]
    assert titles(cast.lead, story.at) == []


def test_a_leaver_is_replaced_by_the_portfolio_office(cast):
    story = make_initiative(cast, "production")
    cast.escalation.is_active, cast.escalation.left_on = False, AT.date()
    cast.escalation.save()

    item = row(cast.office, story.at, "Name somebody else")

    assert item.facts[0] == "Dana Roth left: Escalation owner for Production go-live."
    assert titles(cast.compliance, story.at, "do") == []


def test_owners_are_looked_for_by_the_office_and_by_the_nearest_leader(cast):
    desk = make_unit("Refund desk", cast.support)
    for n in range(2):
        actions.report_found({"name": f"ChatSumm {n}", "unit": desk}, by=cast.staff, at=AT + timedelta(days=n))
    actions.report_found({"name": "Homemade", "unit": cast.sales}, by=cast.staff, at=AT)
    two, one = "Name owners: 2 initiatives of Support", "Name an owner: 1 initiative of Sales"

    assert set(titles(cast.office, AT, "do")) == {two, one, "Triage: 3 initiatives"}
    assert titles(cast.owner, AT, "do") == [two]
    assert titles(cast.other_owner, AT, "do") == [one]
    assert (
        titles(cast.coo, AT, "do") == titles(cast.compliance, AT, "do") == []
    )  # leads the whole company, and nobody's nearest unit
    item = row(cast.office, AT, "Name owners")
    assert (item.due, item.url) == (AT + timedelta(days=30), "/catalog/?unit=support&waits=owner")
    assert row(cast.office, AT + timedelta(days=31), "Name owners").whose == "overdue"


def test_the_office_is_led_to_the_queue_with_its_number(cast):
    make_crowd(cast, 60, AT)
    office = Person.objects.get(pk=cast.office.pk)
    in_the_queue = triage.waiting(Initiative.objects.visible_to(office, AT), AT).count()

    assert in_the_queue > 2
    assert row(cast.office, AT, f"Triage: {in_the_queue} initiatives").url == "/triage/"
    assert not any("Triage" in title for title in titles(cast.compliance, AT, "do"))


# --- Under my stop authority ------------------------------------------------------------------


def held(person, at) -> list[tuple[str, bool, str]]:
    """Return what somebody may stop: key, whether a stop is unconfirmed, for whom."""
    return [(one.initiative.key, one.unconfirmed, one.deputy_for) for one in built(person, at).held]


def test_those_who_may_stop_it_see_it_with_its_state(cast):
    story = make_initiative(cast, "production")
    key = story.initiative.key
    Deputy.objects.create(person=cast.owner, deputy=cast.staff, starts_on=story.at.date(), ends_on=story.at.date())

    assert held(cast.owner, story.at) == held(cast.escalation, story.at) == [(key, False, "")]
    assert held(cast.staff, story.at) == [(key, False, "Priya Nair")]
    assert held(cast.staff, story.at + timedelta(days=2)) == []
    assert held(cast.workflow, story.at) == held(cast.lead, story.at) == held(cast.admin, story.at) == []
    stop.stop(story.fresh, reason="harm", by=cast.owner, at=story.at, proof=prove(cast.owner))
    assert held(cast.owner, story.at) == [(key, True, "")]


def test_a_workflow_owner_may_stop_a_pilot(cast):
    story = make_initiative(cast, "pilot")

    assert held(cast.workflow, AT) == [(story.initiative.key, False, "")]
    make_initiative(cast, "retired")
    assert held(cast.owner, AT) == [(story.initiative.key, False, "")]


# --- The page ---------------------------------------------------------------------------------


def test_nothing_to_do_is_said_in_a_sentence(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "production")
    monkeypatch.setattr(clock, "wall", lambda: story.at)
    page = sign_in(client, cast.owner).get("/").content.decode()

    assert "Nothing needs you. 1 system is under your stop authority." in page
    assert "<title>What needs me · Mandate</title>" in page
    assert f'href="/initiatives/{story.initiative.key}/stop/"' in page


def test_the_page_says_verb_facts_deadline_consequence_and_one_button(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "funding")
    monkeypatch.setattr(clock, "wall", lambda: story.at)
    page = sign_in(client, cast.owner).get("/").content.decode()

    for words in (
        "<title>(1) What needs me · Mandate</title>",
        f"Fund production · {story.initiative.key} Support refunds",
        "3 of 3 questions are Yes.",
        "If nobody decides:",
        "Review and decide",
        "1 to decide",
    ):
        assert words in page
    assert '<span class="deadline">due <time datetime=' in page


def test_many_rows_are_folded_and_more_than_sixty_are_counted_with_a_plus(client, cast, sign_in, monkeypatch):
    monkeypatch.setattr(clock, "wall", lambda: AT)
    Initiative.objects.bulk_create(
        [
            Initiative(
                number=900 + n,
                name=f"Idea {n}",
                tier_proposed=0,
                registrant=cast.lead,
                registered_at=AT,
                stage_since=AT,
            )
            for n in range(70)
        ]
    )
    page = sign_in(client, cast.office).get("/").content.decode()

    assert '<span class="n">60+</span>' in page
    assert "<summary>48 more</summary>" in page


def test_a_restricted_one_is_no_function_s_row_unless_it_stands_in_the_matrix(cast):
    story = make_initiative(cast, "pilot").measure(confirmed=False)
    other = make_initiative(cast, "idea", name="Merger memos")
    actions.set_restricted(other.fresh, True, by=cast.lead, at=AT)
    figures.ask_budget(other.fresh, asked=Decimal(1), currency="EUR", months=1, by=cast.lead, at=AT)
    actions.set_restricted(story.fresh, True, by=cast.lead, at=AT)

    assert titles(cast.finance, story.at, "sign") == [
        f"Confirm a figure: {story.initiative.key} Support refunds"
    ]  # Finance is Consulted there
    assert not any(
        "Merger" in title
        for person in (cast.finance, cast.security, cast.owner, cast.staff)
        for title in titles(person, story.at, "sign", "do", "waiting")
    )


def test_before_sign_in_a_real_installation_asks_for_it_and_a_demo_opens_its_door(client, db):
    make_cast(kind="real")
    assert client.get("/").url.startswith("/sign-in/")

    Installation.objects.update(kind="demo")
    assert client.get("/").status_code == 200


def test_somebody_who_left_sees_nothing(client, cast, sign_in):
    sign_in(client, cast.owner)
    cast.owner.is_active, cast.owner.left_on = False, AT.date()
    cast.owner.save()

    assert client.get("/").status_code == 302
