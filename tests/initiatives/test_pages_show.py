"""The page of one initiative: what it says at each stage, to whom, and that reading it writes nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.core import clock
from governance.gates import actions as gates
from governance.gates import stop
from governance.initiatives import actions, figures, roles
from governance.initiatives.models import Initiative
from governance.raci.models import Assignment, Role, Row
from tests.gates.pages import words
from tests.make import AT, WAYS, make_initiative, prove

STAGES = list(WAYS)

#: The answer to "May I use it?" at each stage.
MAY_I = {
    "idea": "Not yet. It is an idea; nothing runs.",
    "pilot": "Only if you take part in the pilot. Taking part: ten desk agents.",
    "funding": "Only if you take part in the pilot. Taking part: ten desk agents. Whether it goes further is being decided.",
    "build": "Not yet. It is funded and being built.",
    "production": "Yes, for what it is for.",
    "stopped": "No. It is stopped. Refunds go to the desk queue.",
    "retired": "No. It is retired.",
}


@pytest.mark.parametrize("stage", STAGES)
def test_everybody_reads_whether_they_may_use_it(stage, fresh_story, says, cast):
    page = says(fresh_story(stage), cast.staff)

    assert "AI-1 Support refunds" in page
    assert MAY_I[stage] in page
    assert "None" not in page


@pytest.mark.parametrize("stage", STAGES)
def test_reading_the_page_writes_nothing_and_asks_little(stage, fresh_story, cast, client, sign_in, entries):
    tale = fresh_story(stage, tier_proposed=4)
    for person in (cast.owner, cast.compliance, cast.lead, cast.staff):
        sign_in(client, person)
        before = (entries(), Initiative.objects.values().get(pk=tale.initiative.pk))

        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(tale.initiative.get_absolute_url())

        assert len(asked) <= 20, "\n".join(query["sql"][:200] for query in asked)
        assert not [q["sql"] for q in asked if not q["sql"].lstrip("(").startswith("SELECT")]
        assert (entries(), Initiative.objects.values().get(pk=tale.initiative.pk)) == before


def test_an_imported_looking_page_without_anything_asks_little_too(cast, client, sign_in):
    tale = make_initiative(
        cast,
        "idea",
        purpose="",
        capability="",
        tools="",
        breaks="",
        rollback_how="",
        rollback_minutes=None,
        unit=None,
        receiving_unit=None,
        building_unit=None,
        tier_proposed=None,
        gate_on=None,
    )
    sign_in(client, cast.office)

    with CaptureQueriesContext(connection) as asked:
        response = client.get(tale.initiative.get_absolute_url())

    assert (response.status_code, len(asked) <= 20) == (200, True)


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("/initiatives/ai-1/", "/initiatives/AI-1/"),
        ("/initiatives/Ai-001/history/?type=stage", "/initiatives/AI-1/history/?type=stage"),
        ("/initiatives/aI-1", "/initiatives/AI-1/"),
    ],
)
def test_another_spelling_of_the_key_leads_to_the_right_one(written, right, client, cast, sign_in, db):
    sign_in(client, cast.staff)

    response = client.get(written)

    assert (response.status_code, response["Location"]) == (301, right)


def test_a_post_to_another_spelling_stays_a_post(client, cast, sign_in):
    sign_in(client, cast.staff)

    response = client.post("/initiatives/ai-1/pause/", {"because": "x"})

    assert (response.status_code, response["Location"]) == (308, "/initiatives/AI-1/pause/")


@pytest.mark.parametrize(
    "address",
    [
        "/initiatives/AI-999/",
        "/initiatives/AI-0/",
        "/initiatives/AI-99999999999/",
        "/initiatives/AI-1/seals/99999999999999999999999/",
    ],
)
def test_what_is_not_there_is_not_there(address, client, cast, sign_in, story):
    story("idea")
    sign_in(client, cast.staff)

    assert client.get(address).status_code == 404


def test_a_restricted_one_is_not_there_for_others(story, read, cast):
    tale = story("idea")
    actions.set_restricted(tale.fresh, True, by=cast.lead, at=AT)

    assert read(tale, cast.staff).status_code == 404
    assert read(tale, cast.admin).status_code == 404
    assert read(tale, cast.lead).status_code == 200
    assert read(tale, cast.compliance).status_code == 200


# The bad-call line


def test_the_bad_call_line_is_one_sentence_from_data(fresh_story, says, cast):
    page = says(fresh_story("production"), cast.staff)

    assert (
        "If this makes a bad call, Dana Roth is paged, refunds up to €50 go out wrongly, and we can roll back in 10 minutes."
        in page
    )


def test_its_blanks_lead_to_their_fields_for_whoever_may_fill_them(story, read, cast):
    tale = story("idea", breaks="", rollback_minutes=None)
    amend, matrix = reverse("initiatives:amend", args=["AI-1"]), reverse("initiatives:matrix", args=["AI-1"])

    leads, staff = read(tale, cast.lead).content.decode(), read(tale, cast.staff).content.decode()

    for there in (
        f'href="{amend}#id_breaks" class="blank"',
        f'href="{amend}#id_rollback_minutes" class="blank"',
        f'href="{matrix}#halt-E" class="blank"',
    ):
        assert there in leads
        assert there not in staff
    assert staff.count('class="blank"') == 3


@pytest.mark.parametrize(
    ("minutes", "said"), [(1, "1 minute"), (10, "10 minutes"), (60, "1 hour"), (90, "90 minutes"), (2880, "2 days")]
)
def test_minutes_are_said_as_people_say_them(minutes, said):
    from governance.initiatives.badcall import length

    assert length(minutes) == said


# What blocks


def test_what_blocks_the_gate_stands_in_order_mine_first(fresh_story, says, cast):
    tale = fresh_story("funding", way=lambda t: t.to_funding(ready=False))

    page = says(tale, cast.finance)

    start = page.index("What blocks the next step: Funding gate")
    box = page[start : page.index("May I use it?")]
    assert "2 of 3 open" in box
    assert (
        box.index("Yours")
        < box.index("The figure of 2.65 is claimed by Sam Doyle and not confirmed.")
        < box.index("€84,000 for 12 months is asked for and not approved.")
        < box.index("Met (1)")
    )
    assert "Who decides: Priya Nair (Accountable). Who can unblock: you, Ines Vidal." in box


def test_for_everybody_else_the_same_waits_on_others(fresh_story, says, cast):
    page = says(fresh_story("funding", way=lambda t: t.to_funding(ready=False)), cast.staff)

    box = page[page.index("What blocks") : page.index("May I use it?")]
    assert "Yours" not in box
    assert "Waiting on Finance" in box


def test_an_action_one_may_not_take_is_not_offered(story, read, cast):
    tale = story("idea", scope_who="")

    staff, lead = read(tale, cast.staff).content.decode(), read(tale, cast.lead).content.decode()

    assert "/initiatives/AI-1/amend/" not in staff
    assert "/initiatives/AI-1/amend/#id_scope_who" in lead
    assert "The pilot does not say who takes part." in staff


def test_when_nothing_blocks_it_says_who_can_act(fresh_story, says, cast):
    page = says(fresh_story("funding"), cast.staff)

    assert "Nothing blocks the next step: Funding gate" in page
    assert "Everything is in place. Priya Nair can pass it now." in page


def test_a_set_aside_control_whose_day_has_passed_is_expired(fresh_story, says, cast):
    from governance.initiatives import controls

    tale = fresh_story("build", takes=60)
    controls.supply(tale.fresh, "T2.1", note="Listed.", effective_on=tale.at.date(), by=cast.lead, at=tale.at)
    controls.answer(
        tale.fresh,
        "T2.1",
        by=cast.security,
        at=tale.at,
        proof=prove(cast.security),
        waived_until=(tale.at + timedelta(days=5)).date(),
        waived_because="The vendor delivers it next week.",
    )

    page = says(tale, cast.lead)

    assert page.index("Expired") < page.index("Tool allowlist was set aside until")


# Why is this stuck


def test_why_it_is_stuck_has_one_answer_and_one_next_action(fresh_story, read, cast):
    tale = fresh_story("funding", way=lambda t: t.to_funding(ready=False))

    response = read(tale, cast.staff)

    page = words(response)
    assert (
        "Why is this stuck? There is no confirmed business figure that reaches the threshold. Next: The figure of 2.65 is claimed by Sam Doyle and not confirmed. Whose move: Finance."
        in page
    )
    assert response.content.decode().count('id="stuck"') == 1


# The rail


def test_the_rail_says_where_it_is(fresh_story, says, cast):
    page = says(fresh_story("pilot", takes=72), cast.staff)

    assert "day 73 of 90" in page
    assert "Pilot, day 73 of 90. Next: Funding gate by" in page


def test_a_stopped_one_stands_halted_where_it_was(fresh_story, read, cast):
    html = read(fresh_story("stopped"), cast.staff).content.decode()

    assert 'class="halted" aria-current="step"' in html
    rail = html[html.index('class="rail rail-wide"') :]
    assert rail.index("Production") > rail.index('class="halted"')


def test_nothing_is_claimed_that_was_not_recorded_here(cast, says, client):
    from governance.gates import retire
    from governance.initiatives import steps
    from governance.ledger import act

    tale = make_initiative(cast, "idea")
    with act(by="import:1", at=AT):
        row = Initiative.objects.lock(tale.initiative.pk)
        steps.admit(row, "production", at=AT)
        row.save()
        retire.mark_evidence_missing(row, at=AT)

    page = says(tale, cast.staff)

    assert page.count("not recorded here") >= 4
    assert "Evidence missing, was due" in page


# People, and what one may do


def test_people_and_open_offers_are_named(fresh_story, says, cast):
    tale = fresh_story("idea")
    roles.offer(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=tale.at)

    page = says(tale, cast.staff)

    assert "No business owner Business owner (Accountable)" in page
    assert "Priya Nair was asked to be business owner" in page
    assert page.count("Priya Nair was asked to be") == 1
    assert "Sam Doyle Lead" in page


def test_a_leaver_who_is_named_is_pointed_out(fresh_story, says, cast):
    tale = fresh_story("production")
    cast.escalation.is_active, cast.escalation.left_on = False, tale.at.date()
    cast.escalation.save()

    assert "Dana Roth has left and must be replaced." in says(tale, cast.staff)


#: Who is offered what at each stage: the links in "What you can do".
DOES = {
    ("idea", "lead"): {
        "Ask: start the pilot…",
        "Amend what it says",
        "Name people",
        "Close it…",
        "Restrict who sees it…",
        "What people outside read…",
    },
    ("pilot", "lead"): {
        "Ask: fund production…",
        "Ask: change the tier…",
        "Amend what it says",
        "Restrict who sees it…",
        "What people outside read…",
    },
    ("pilot", "workflow"): {
        "Amend what it says",
        "Pause the rollout…",
        "Restrict who sees it…",
        "What people outside read…",
        "Ask: change the tier…",
    },
    ("production", "lead"): {
        "Ask: change it in production…",
        "Ask: change the tier…",
        "Amend what it says",
        "Restrict who sees it…",
        "What people outside read…",
    },
    ("production", "owner"): {
        "Amend what it says",
        "Name people",
        "Pause the rollout…",
        "Review it",
        "Retire it…",
        "Restrict who sees it…",
        "What people outside read…",
    },
    ("stopped", "lead"): {
        "Ask: restart…",
        "Ask: go back to the pilot…",
        "Ask: change the tier…",
        "Amend what it says",
        "Restrict who sees it…",
        "What people outside read…",
    },
    ("production", "staff"): set(),
    ("retired", "owner"): {"Restrict who sees it…", "What people outside read…"},
}


@pytest.mark.parametrize(("stage", "who"), DOES)
def test_only_what_one_may_do_is_offered(stage, who, fresh_story, read, cast):
    import re

    html = read(fresh_story(stage), getattr(cast, who)).content.decode()

    part = html.partition('id="can"')[2].partition("</section>")[0]
    assert set(re.findall(r">([^<]+)</a>", part)) == DOES[stage, who]


def test_who_will_decide_reads_who_must_ask(fresh_story, says, cast):
    tale = fresh_story("funding", way=lambda t: t.to_pilot().measure().ask_budget())

    assert "You will decide “Fund production”, so somebody else must ask: Sam Doyle." in says(tale, cast.owner)


def test_the_stop_is_for_those_who_hold_it_and_asking_for_everybody(fresh_story, read, cast):
    tale = fresh_story("production")

    assert f'href="{reverse("gates:stop", args=["AI-1"])}"' in read(tale, cast.owner).content.decode()
    staff = read(tale, cast.staff).content.decode()
    assert f'href="{reverse("gates:ask_to_stop", args=["AI-1"])}"' in staff
    assert f'href="{reverse("gates:stop", args=["AI-1"])}"' not in staff


# What stands over the page


def test_a_stop_that_nobody_confirmed_says_so_on_the_page(fresh_story, says, cast):
    tale = fresh_story("production")
    stop.stop(tale.fresh, reason="harm", by=cast.owner, at=clock.wall(), proof=prove(cast.owner))

    page = says(tale, cast.workflow)

    assert "Stop asked, not confirmed: it may still be running. Priya Nair asked: harm. Confirm that it stopped" in page
    assert page.count("Stop asked, not confirmed") == 2  # the banner, and the badge instead of Stopped
    assert "See the stop" in says(tale, cast.staff)


def test_a_confirmed_stop_names_both_people(fresh_story, says, cast):
    assert "It is stopped. Priya Nair asked: wrong results. Lena Kraus confirmed that it stopped." in says(
        fresh_story("stopped"), cast.staff
    )


def test_a_wish_to_stop_stands_over_the_page_until_answered(fresh_story, says, cast):
    tale = fresh_story("production")
    wish = stop.ask_to_stop(tale.fresh, saw="It refunded twice.", by=cast.staff, at=clock.wall())

    assert "Kim Sato asks to stop it. It refunded twice. Answer, or stop it" in says(tale, cast.owner)
    stop.answer_wish(wish, answer="A test case.", by=cast.owner, at=clock.wall())
    assert "asks to stop it." not in says(tale, cast.owner).partition("History")[0]


def test_a_paused_rollout_says_since_when_and_why(fresh_story, says, cast):
    tale = fresh_story("production")
    actions.pause_rollout(tale.fresh, by=cast.workflow, at=clock.wall(), because="Three people do most of the work.")

    page = says(tale, cast.staff)

    assert "The rollout is paused. It runs on and must not expand. Three people do most of the work." in page
    assert "Only if you use it already." in page


def test_retiring_is_said_and_the_postmortem_offered(fresh_story, says, cast):
    from governance.gates import retire

    tale = fresh_story("production")
    retire.begin(tale.fresh, reason="A better one is there.", by=cast.owner, at=clock.wall())

    page = says(tale, cast.owner)

    assert "It is being retired. A better one is there. Open the postmortem" in page
    assert "Write the postmortem" in page
    assert "Retire it…" not in page
    assert "What blocks the next step: Retirement" in page


# Decisions


def test_open_questions_stand_as_rows_mine_first(fresh_story, says, cast):
    tale = fresh_story("funding")

    owner, staff = says(tale, cast.owner), says(tale, cast.staff)

    assert "Open questions 1" in owner
    assert (
        "If nobody answers: it goes to the Escalation owner, then closes as No pass and goes back to the pilot."
        in owner
    )
    assert "Review and decide" in owner
    assert "Review and decide" not in staff
    assert "See the question" in staff


def test_what_was_decided_stays_to_be_read(fresh_story, says, cast):
    page = says(fresh_story("production"), cast.staff)

    part = page.partition("Latest decisions")[2]
    assert (
        part.index("Production go-live Pass Priya Nair")
        < part.index("Funding gate Pass Priya Nair")
        < part.index("Pilot go / no-go Pass Priya Nair")
    )


def test_a_gate_that_lapsed_before_the_sweep_came_blocks_nothing_and_is_not_offered(fresh_story, says, cast):
    tale = fresh_story("funding", takes=90)

    page = says(tale, cast.owner)

    assert "Its time is up" not in page.partition("May I use it?")[0] or "was due" in page
    assert Assignment.objects.filter(initiative=tale.initiative).exists()


def test_a_figure_is_claimed_until_it_is_confirmed(fresh_story, says, cast):
    tale = fresh_story("funding", way=lambda t: t.to_funding(ready=False))

    assert "Now €2.65 claimed" in says(tale, cast.staff)
    from governance.outcomes.models import Measurement

    figures.answer_figure(Measurement.objects.get(), by=cast.finance, at=clock.wall(), proof=prove(cast.finance))
    assert "Now €2.65 confirmed" in says(tale, cast.staff)


def test_a_decision_asked_and_withdrawn_is_gone_from_the_open_ones(fresh_story, says, cast):
    tale = fresh_story("funding")
    gates.withdraw(tale.decision("funding"), by=cast.lead, at=clock.wall(), because="Too early.")

    page = says(tale, cast.owner)

    assert "Funding gate Withdrawn" in page
    assert "Open questions 1 Day 90" in page  # whose clock asking for money did not stop
