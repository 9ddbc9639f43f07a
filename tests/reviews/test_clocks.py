"""The table of occasions, row by row: who is due, when, and what happens."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from governance.core import clock
from governance.core.models import Pulse
from governance.gates import actions as gates
from governance.gates import queries, retire, stop
from governance.gates.models import Decision
from governance.initiatives import actions, roles
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.notices.models import Channel, Notice
from governance.people.models import Person
from governance.proof.models import SignOff
from governance.raci.models import Assignment, Role, Row
from governance.reviews import actions as reviews
from governance.reviews import clocks
from governance.reviews.models import Told
from tests import make

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def answers(**changed: str) -> dict[str, str]:
    """Return five answers."""
    return {**dict.fromkeys(reviews.QUESTIONS, "As before."), **changed}


# Gates


def test_whoever_decides_is_reminded_48_and_4_hours_before_the_time_is_up(story, sweep):
    s = story("funding")
    due = s.decision("funding").due_at

    assert sweep(due - 48 * HOUR - MINUTE) == []
    assert sweep(due - 48 * HOUR) == [("Priya Nair", "gate.first")]
    assert sweep(due - 4 * HOUR - MINUTE) == []
    assert sweep(due - 4 * HOUR) == [("Priya Nair", "gate.last")]
    notice = Notice.objects.get(occasion__startswith="gate.last", channel=Channel.EMAIL)
    assert notice.subject == "4 hours left: Fund production, AI-1 Support refunds"
    assert (
        notice.body
        == "If nobody decides by Mon 20 Apr, 17:00 UTC: it goes to the Escalation owner, then closes as No pass and goes back to the pilot."
    )
    assert (notice.due_at, notice.path, notice.is_binding, notice.send_at) == (
        due,
        s.decision("funding").get_absolute_url(),
        True,
        due - 4 * HOUR,
    )


def test_a_reminder_found_late_gives_way_to_the_one_that_is_due_as_well(story, sweep):
    s = story("funding")
    due = s.decision("funding").due_at

    assert sweep(due - 3 * HOUR) == [("Priya Nair", "gate.last")]
    assert Notice.objects.filter(occasion__startswith="gate.last").first().subject.startswith("3 hours left")


def test_a_gate_whose_time_is_up_is_handed_over_and_then_lapses_back_to_the_pilot(story, sweep):
    s = story("funding")
    gate = s.decision("funding")

    assert sweep(gate.due_at - MINUTE) == [("Priya Nair", "gate.last")]
    assert sweep(gate.due_at) == [("Dana Roth", "handed-over")]
    assert sweep(gate.final_at - MINUTE) == []
    assert sweep(gate.final_at) == [("Dana Roth", "lapsed"), ("Priya Nair", "lapsed"), ("Sam Doyle", "lapsed")]
    gate.refresh_from_db()
    assert (gate.closed, gate.outcome, gate.closed_at, s.fresh.stage) == ("lapsed", "no_pass", gate.final_at, "pilot")
    told = Notice.objects.filter(occasion="lapsed").values_list("body", flat=True).distinct()
    assert list(told) == ["Nobody answered in time. It goes back to the pilot."]


def test_at_the_moment_its_time_is_up_a_gate_is_handed_over_and_nobody_is_reminded_any_more(story, sweep):
    s = story("funding")

    assert sweep(s.decision("funding").due_at) == [("Dana Roth", "handed-over")]


def test_a_gate_that_was_answered_is_never_spoken_of_again(story, sweep):
    s = story("funding")
    gate = s.decision("funding")
    s.answer("funding")

    assert sweep(gate.due_at - HOUR) == []
    assert sweep(gate.final_at + DAY) == []


def test_a_gate_nobody_can_answer_is_put_to_the_portfolio_office(story, sweep, cast):
    s = story("funding")
    Person.objects.filter(pk=cast.owner.pk).update(is_active=False, left_on=s.at.date())

    told = sweep(s.decision("funding").due_at - 4 * HOUR)

    assert [row for row in told if row[1] == "gate.last"] == [("Ben Castle", "gate.last"), ("Olga Petrov", "gate.last")]
    assert (
        Notice.objects.filter(occasion__startswith="gate.last").first().body
        == "Nobody is Accountable for it, so nobody can answer. Name somebody."
    )


# Offers


@pytest.fixture
def offered(story, cast):
    """An idea whose business owner was named and has not answered."""
    s = story("idea")
    roles.offer(s.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=s.at)
    return s


def test_an_offer_is_reminded_of_once_a_day_before_it_lapses_although_it_is_for_two_rows(offered, sweep):
    until = Assignment.objects.offers().first().answer_by

    assert sweep(until - 24 * HOUR - MINUTE) == []
    assert sweep(until - 24 * HOUR) == [("Priya Nair", "offer.reminder")]
    assert (
        Notice.objects.filter(occasion__startswith="offer.reminder").first().subject
        == "Will you be business owner of AI-1 Support refunds? Answer by Tue 10 Mar"
    )


def test_an_offer_nobody_answers_lapses_on_both_rows_and_the_portfolio_office_is_told_once(offered, sweep):
    until = Assignment.objects.offers().first().answer_by

    told = sweep(until)

    assert [name for name, _occasion in told] == ["Ben Castle", "Olga Petrov"]
    assert Assignment.objects.offers().count() == 0
    assert set(Assignment.objects.filter(role="A").values_list("row", "ended_at")) == {
        ("go_live", until),
        ("halt", until),
    }


def test_an_offer_that_was_accepted_neither_lapses_nor_is_reminded_of(offered, sweep, cast):
    offer = Assignment.objects.offers().first()
    roles.accept(offer, by=cast.owner, at=offered.at, proof=make.prove(cast.owner))

    assert sweep(offer.answer_by - HOUR) == []
    assert sweep(offer.answer_by + DAY) == []
    assert Assignment.objects.standing().filter(role="A", person=cast.owner).count() == 2


# Sign-offs


def test_a_function_is_reminded_of_its_sign_off_and_when_it_is_late_the_portfolio_office_hears_of_it(story, sweep):
    s = story("build", tier_proposed=4).ask_go_live()
    due = SignOff.objects.get(initiative=s.initiative, function="compliance").due_at

    assert sweep(due - 24 * HOUR - MINUTE) == []
    assert sweep(due - 24 * HOUR) == [
        ("Miriam Osei", "sign_off.due"),
        ("Ray Quist", "sign_off.due"),
        ("Ruth Abel", "sign_off.due"),
    ]
    late = sweep(due)
    assert [row for row in late if row[0] in ("Miriam Osei", "Ruth Abel")] == [
        ("Miriam Osei", "sign_off.late"),
        ("Ruth Abel", "sign_off.late"),
    ]
    assert [name for name, code in late if code == "sign_off.late"].count(
        "Olga Petrov"
    ) == 2  # one for Compliance, one for Security


def test_a_sign_off_that_was_given_is_not_asked_for_again(story, sweep):
    s = story("build", tier_proposed=4).ask_go_live().sign_off()
    due = SignOff.objects.filter(initiative=s.initiative).first().due_at

    assert sweep(due) == []


# Day 90


def test_the_accountable_of_the_pilot_is_reminded_30_and_7_days_before_day_90_and_on_the_day(story, sweep):
    s = story("pilot")
    due = s.decision("day_90").due_at

    assert sweep(due - 30 * DAY - MINUTE) == []
    assert sweep(due - 30 * DAY) == [("Priya Nair", "day_90.first")]
    assert sweep(due - 7 * DAY) == [("Priya Nair", "day_90.second")]
    assert sweep(due - 24 * HOUR) == [("Priya Nair", "day_90.day")]
    told = Notice.objects.filter(occasion__startswith="day_90", channel=Channel.EMAIL).order_by("pk")
    assert [n.subject for n in told] == [
        "30 days to fund or retire AI-1 Support refunds",
        "7 days to fund or retire AI-1 Support refunds",
        "24 hours to fund or retire AI-1 Support refunds",
    ]
    assert told[2].send_at == due.replace(hour=8)  # with the digest of the day itself


def test_a_pilot_without_an_answer_on_day_90_is_asked_to_stop_and_owes_a_postmortem(story, sweep):
    s = story("pilot")
    due = s.decision("day_90").due_at

    told = sweep(due)

    fresh = s.fresh
    assert {code for _name, code in told} == {"lapsed", "asked", "begun"}
    assert (fresh.stage, fresh.is_retiring, fresh.stops.get().confirmed_at, fresh.stops.get().reason) == (
        "stopped",
        True,
        None,
        "day_90",
    )


def adopt(cast) -> make.Story:
    """Found in use and adopted by its owner and one Escalation owner; everything else is still to be said."""
    s = make.Story(cast, found=True)
    for row, role, person in (
        (Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner),
        (Row.PILOT, Role.ACCOUNTABLE, cast.owner),
        (Row.HALT, Role.ESCALATION, cast.escalation),
    ):
        offer = roles.offer(s.fresh, row, role, person, by=cast.office, at=s.at)
        roles.accept(offer, by=person, at=s.at, proof=make.prove(person))
    return s.ask_pilot().answer("pilot_go")


def test_what_is_found_in_use_is_adopted_by_its_owner_and_the_rest_is_due_in_30_days(cast, sweep):
    s = adopt(cast)
    assert s.fresh.stage == "pilot"

    assert [row for row in sweep(s.at + 30 * DAY - MINUTE) if row[1] == "adopted.rest"] == []
    told = sweep(s.at + 30 * DAY)

    assert [row for row in told if row[1] == "adopted.rest"] == [
        ("Priya Nair", "adopted.rest"),
        ("Sam Doyle", "adopted.rest"),
    ]
    notice = Notice.objects.filter(occasion__startswith="adopted.rest").first()
    assert notice.subject == "Due now: what a pilot has to say, AI-1 Support refunds"
    assert "No business outcome is named." in notice.body.splitlines()
    assert "Tier 2 is proposed and not confirmed." in notice.body.splitlines()


def test_nobody_is_told_of_a_rest_that_was_said(cast, sweep):
    s = adopt(cast)
    s.set_outcome().confirm_tier().name_people()

    assert [row for row in sweep(s.at + 30 * DAY) if row[1] == "adopted.rest"] == []


# Reviews


def test_a_review_at_tier_4_is_reminded_of_due_late_and_after_one_day_put_to_a_and_e(story, sweep):
    due = story("production", tier_proposed=4).fresh.review_due_at
    people = ("Lena Kraus", "Priya Nair")

    assert sweep(due - timedelta(days=1.4) - MINUTE) == []
    assert sweep(due - timedelta(days=1.4)) == [(name, "review.before") for name in people]
    assert sweep(due - DAY - MINUTE) == []
    assert sweep(due - DAY) == [(name, "review.due") for name in people]
    assert sweep(due + 12 * HOUR - MINUTE) == []
    assert sweep(due + 12 * HOUR) == [(name, "review.late") for name in people]
    assert sweep(due + DAY - MINUTE) == []
    assert sweep(due + DAY) == [("Dana Roth", "review.escalated"), ("Priya Nair", "review.escalated")]
    assert sweep(due + 30 * DAY) == []


def test_a_review_at_tier_2_is_put_to_others_after_seven_days(story, sweep):
    due = story("production", tier_proposed=2).fresh.review_due_at

    assert [code for _name, code in sweep(due - 6 * DAY)] == ["review.before"] * 2
    assert [code for _name, code in sweep(due)] == ["review.due"] * 2
    assert [code for _name, code in sweep(due + 7 * DAY - MINUTE)] == ["review.late"] * 2
    assert [code for _name, code in sweep(due + 7 * DAY)] == ["review.escalated"] * 2


def test_a_review_that_was_done_is_quiet_until_the_next_one(story, sweep, cast):
    s = story("production", tier_proposed=4)
    due = s.fresh.review_due_at
    reviews.do(s.fresh, answers(), "continue", by=cast.owner, at=due - DAY)

    assert [row for row in sweep(due + 3 * DAY) if row[1].startswith("review")] == []
    assert sweep(due + timedelta(days=7 - 1.4)) == [("Lena Kraus", "review.before"), ("Priya Nair", "review.before")]


def test_what_is_stopped_is_not_reviewed_and_its_lateness_counts_from_the_restart(story, sweep):
    s = story("production", tier_proposed=4).later(days=1).stop()
    due = s.fresh.review_due_at
    assert [row for row in sweep(due + 2 * DAY) if row[1].startswith("review")] == []

    s.later(days=9).restart()

    assert s.at > due + DAY
    assert {code for _name, code in sweep(s.at)} == {"review.before", "review.due"}
    assert {code for _name, code in sweep(s.at + 12 * HOUR)} == {"review.late"}
    assert {code for _name, code in sweep(s.at + DAY)} == {"review.escalated"}


def test_a_review_nobody_answers_for_goes_to_the_portfolio_office(story, sweep, cast):
    s = story("production", tier_proposed=4)
    Person.objects.filter(pk__in=[cast.owner.pk, cast.workflow.pk]).update(is_active=False, left_on=s.at.date())

    told = sweep(s.fresh.review_due_at - DAY)

    assert [row for row in told if row[1] == "review.due"] == [
        ("Ben Castle", "review.due"),
        ("Olga Petrov", "review.due"),
    ]


def test_the_review_of_something_retiring_is_over(story, sweep, cast):
    s = story("production", tier_proposed=4)
    due = s.fresh.review_due_at
    retire.begin(s.fresh, reason="Replaced.", by=cast.owner, at=s.at)

    assert [row for row in sweep(due + DAY) if row[1].startswith("review")] == []


# Ownership


@pytest.fixture
def found(cast):
    """Return a function that reports something in use, found in a unit."""

    def report(name: str, unit=cast.support, at=make.AT, **values):
        return actions.report_found({"name": name, "unit": unit, **values}, by=cast.staff, at=at)

    return report


def test_what_nobody_owns_is_told_once_a_unit_after_20_and_27_days_and_to_the_coo_after_30(found, sweep, cast):
    for name in ("ChatSumm", "DraftBot", "Scribe"):
        found(name)
    found("Leadscore", cast.sales)
    began = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    day = lambda n: (began + n * DAY).replace(hour=8) + DAY  # noqa: E731  the first 08:00 after it

    assert sweep(day(20) - MINUTE) == []
    assert sweep(day(20)) == sorted(
        [(name, "ownership-20-2026-03-24") for name in ("Ben Castle", "Olga Petrov") for _unit in range(2)]
        + [("Priya Nair", "ownership-20-2026-03-24"), ("Hugo Duarte", "ownership-20-2026-03-24")]
    )
    assert [code for _name, code in sweep(day(27))] == ["ownership-27-2026-03-31"] * 6
    assert sweep(day(30)) == sorted(
        [(name, "ownership-30-2026-04-03") for name in ("Ben Castle", "Olga Petrov", "Carl Ode") for _unit in range(2)]
        + [("Priya Nair", "ownership-30-2026-04-03"), ("Hugo Duarte", "ownership-30-2026-04-03")]
    )
    assert sweep(day(36)) == []  # the COO has until Friday, 10 April


def test_what_nobody_owns_after_the_coos_five_days_is_one_list_a_unit_every_monday(found, sweep, cast):
    found("ChatSumm")
    found("DraftBot", at=make.AT + 5 * DAY)
    found("Leadscore", cast.sales, restricted=True)
    sweep(datetime(2026, 4, 9, 9, 0, tzinfo=UTC))
    monday = datetime(2026, 4, 13, 8, 0, tzinfo=UTC)

    assert sweep(monday - MINUTE) == []
    assert [row for row in sweep(monday) if "weekly" in row[1]] == sorted(
        [(name, "ownership-weekly-2026-04-13") for name in ("Ben Castle", "Olga Petrov") for _unit in range(2)]
        + [("Priya Nair", "ownership-weekly-2026-04-13"), ("Carl Ode", "ownership-weekly-2026-04-13")]
    )
    assert sweep(monday + 3 * DAY) == sweep(monday + 6 * DAY) == []
    weekly = [row for row in sweep(monday + 7 * DAY) if "weekly" in row[1]]
    assert {code for _name, code in weekly} == {"ownership-weekly-2026-04-20"}
    notice = Notice.objects.get(person=cast.owner, channel=Channel.EMAIL, occasion="ownership-weekly-2026-04-20")
    assert notice.subject == "2 in Support still have no owner"
    assert notice.path == "/catalog/?owner=none&unit=support"

    Initiative.objects.update(unowned_since=None)
    assert sweep(monday + 14 * DAY) == []


def test_the_notice_about_a_unit_counts_and_names_what_has_no_owner(found, sweep, cast):
    for name in ("ChatSumm", "DraftBot"):
        found(name)

    sweep(make.AT + 21 * DAY)

    notice = Notice.objects.get(person=cast.owner, channel=Channel.EMAIL, occasion__startswith="ownership")
    assert notice.about == f"unit:{cast.support.pk}"
    assert notice.subject == "2 in Support have no owner: name them by Fri 3 Apr"
    assert notice.body == "If nobody has accepted by Fri 3 Apr, it goes to the COO.\nAI-1 ChatSumm\nAI-2 DraftBot"
    assert notice.path == "/catalog/?owner=none&unit=support"


def test_a_restricted_initiative_leaves_no_trace_in_what_its_unit_leader_is_told(found, sweep, cast):
    found("ChatSumm")
    found("Secret", restricted=True)
    found("Hidden deals", cast.sales, restricted=True)

    sweep(make.AT + 21 * DAY)

    told = {n.person.name: n for n in Notice.objects.filter(channel=Channel.EMAIL, about=f"unit:{cast.support.pk}")}
    assert told["Priya Nair"].subject == "AI-1 ChatSumm has no owner: name one by Fri 3 Apr"
    assert "Secret" not in told["Priya Nair"].body
    assert told["Olga Petrov"].subject == "2 in Support have no owner: name them by Fri 3 Apr"
    assert not Notice.objects.filter(person=cast.other_owner, occasion__startswith="ownership").exists()


def test_the_clock_ends_with_a_named_persons_acceptance(found, sweep, cast):
    one = found("ChatSumm")
    offer = roles.offer(one, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=make.AT)
    roles.accept(offer, by=cast.owner, at=make.AT, proof=make.prove(cast.owner))

    assert sweep(make.AT + 40 * DAY) == []


def test_1480_without_an_owner_at_once_are_one_notice_a_unit_and_person(cast, django_assert_max_num_queries, sweep):
    units = [cast.support, cast.sales, cast.engineering, None]
    Initiative.objects.bulk_create(
        make.at_stage(
            "discovered",
            number=100 + n,
            name=f"Use {n}",
            stage_since=make.AT,
            registered_at=make.AT,
            unowned_since=make.AT,
            unit=units[n % 4],
        )
        for n in range(1480)
    )

    with django_assert_max_num_queries(400):
        told = sweep(make.AT + 21 * DAY)

    assert len(told) == 4 * 2 + 3  # the office for each unit and for none; three leaders
    assert Told.objects.filter(occasion="ownership.first").count() == 1480
    assert (
        Notice.objects.get(person=cast.owner, channel=Channel.EMAIL, about=f"unit:{cast.support.pk}").subject
        == "370 in Support have no owner: name them by Fri 3 Apr"
    )
    assert LedgerEntry.objects.filter(verb="clock.reminded").count() == 4
    assert sweep(make.AT + 21 * DAY) == []


# Stages that wait


def test_a_build_of_90_days_is_put_to_the_owner_and_a_week_later_to_the_escalation_owner(story, sweep):
    since = story("build").fresh.stage_since

    assert sweep(since + 90 * DAY - MINUTE) == []
    assert sweep(since + 90 * DAY) == [("Priya Nair", "build.owner")]
    assert sweep(since + 97 * DAY - MINUTE) == []
    assert sweep(since + 97 * DAY) == [("Dana Roth", "build.escalated")]
    assert sweep(since + 200 * DAY) == []


def test_something_stopped_is_put_to_the_owner_after_30_days_and_then_weekly_to_others(story, sweep):
    since = story("stopped").fresh.stage_since
    weekly = [("Ben Castle", "stopped.weekly"), ("Dana Roth", "stopped.weekly"), ("Olga Petrov", "stopped.weekly")]

    assert sweep(since + 30 * DAY - MINUTE) == []
    assert sweep(since + 30 * DAY) == [("Priya Nair", "stopped.owner")]
    assert sweep(since + 37 * DAY - MINUTE) == []
    assert sweep(since + 37 * DAY) == weekly
    assert sweep(since + 43 * DAY) == []
    assert sweep(since + 44 * DAY) == weekly
    assert sweep(since + 70 * DAY) == weekly  # three weeks without a sweep: one notice, not three
    assert sweep(since + 71 * DAY) == []
    assert sweep(since + 72 * DAY) == weekly


def test_evidence_that_is_missing_is_told_on_its_day_to_the_owner_or_once_a_unit(cast, story, sweep):
    mine = story("production").fresh
    Initiative.objects.filter(pk=mine.pk).update(evidence_due_on=date(2026, 7, 1), review_due_at=None)
    Initiative.objects.bulk_create(
        make.at_stage(
            "production",
            number=200 + n,
            name=f"Use {n}",
            stage_since=make.AT,
            registered_at=make.AT,
            unit=cast.sales,
            evidence_due_on=date(2026, 7, 1),
        )
        for n in range(30)
    )

    assert sweep(datetime(2026, 7, 1, 7, 59, tzinfo=UTC)) == []
    assert sweep(datetime(2026, 7, 1, 8, 0, tzinfo=UTC)) == [
        (name, "evidence-2026-07-01") for name in ("Ben Castle", "Hugo Duarte", "Olga Petrov", "Priya Nair")
    ]
    assert sweep(datetime(2026, 7, 9, 8, 0, tzinfo=UTC)) == []
    assert (
        Notice.objects.get(person=cast.other_owner, channel=Channel.EMAIL, occasion="evidence-2026-07-01").subject
        == "Evidence is missing for 30 initiatives"
    )


def test_a_postmortem_is_asked_for_before_it_is_due_and_when_it_is_late(story, sweep, cast):
    s = story("production")
    made = retire.begin(s.fresh, reason="Replaced.", by=cast.owner, at=s.at)

    assert sweep(made.due_at - 24 * HOUR - MINUTE) == []
    assert sweep(made.due_at - 24 * HOUR) == [("Priya Nair", "postmortem.due")]
    assert sweep(made.due_at) == [
        (name, "postmortem.late") for name in ("Ben Castle", "Dana Roth", "Olga Petrov", "Priya Nair")
    ]
    assert sweep(made.due_at + 30 * DAY) == []


# Stops


def test_a_wish_to_stop_without_an_answer_for_an_hour_goes_to_cto_and_coo(story, sweep, cast):
    s = story("production")
    stop.ask_to_stop(s.fresh, saw="Refunds go out twice.", by=cast.staff, at=s.at)

    assert sweep(s.at + HOUR - MINUTE) == []
    assert sweep(s.at + HOUR) == [("Carl Ode", "stop.wish"), ("Jia Wu", "stop.wish")]
    notice = Notice.objects.filter(person=cast.cto, occasion__startswith="stop.wish").first()
    assert (
        notice.body
        == "What they saw: Refunds go out twice.\nThey asked Mon 6 Apr, 09:00 UTC. It is still running.\nCall who can stop it: Priya Nair, Dana Roth +44 20 7946 0101."
    )
    assert notice.is_binding is True


def test_a_wish_that_was_answered_goes_no_further(story, sweep, cast):
    s = story("production")
    wish = stop.ask_to_stop(s.fresh, saw="Twice.", by=cast.staff, at=s.at)
    stop.answer_wish(wish, answer="Looked at it; it is a test account.", by=cast.owner, at=s.at)

    assert sweep(s.at + 2 * HOUR) == []


def test_cto_and_coo_may_see_the_restricted_initiative_that_is_put_to_them(story, sweep, cast):
    s = story("production")
    actions.set_restricted(s.fresh, True, by=cast.owner, at=s.at)
    Assignment.objects.filter(person__in=[cast.cto, cast.coo]).delete()
    assert not Initiative.objects.visible_to(cast.cto, s.at).exists()
    stop.ask_to_stop(s.fresh, saw="Twice.", by=cast.compliance, at=s.at)

    sweep(s.at + HOUR)

    for chief in (cast.cto, cast.coo):
        assert Initiative.objects.visible_to(Person.objects.get(pk=chief.pk), s.at).get() == s.initiative
    assert set(
        Assignment.objects.filter(row="halt", role="I", ended_at=None).values_list("person__name", flat=True)
    ) == {"Jia Wu", "Carl Ode"}


def test_a_stop_nobody_confirms_for_an_hour_is_told_again_to_a_and_e(story, sweep, cast):
    s = story("production")
    stop.stop(s.fresh, reason="harm", note="", by=cast.owner, at=s.at, proof=make.prove(cast.owner))

    assert sweep(s.at + HOUR - MINUTE) == []
    assert sweep(s.at + HOUR) == [("Dana Roth", "stop.unconfirmed"), ("Priya Nair", "stop.unconfirmed")]
    notice = Notice.objects.filter(person=cast.owner, occasion__startswith="stop.unconfirmed").first()
    assert notice.subject == "NOT CONFIRMED: AI-1 Support refunds may still be running"
    assert notice.body.endswith("Call Dana Roth +44 20 7946 0101, Lena Kraus +44 20 7946 0102, Priya Nair.")


def test_a_confirmed_stop_is_not_told_again(story, sweep):
    s = story("stopped")

    assert sweep(s.at + 2 * HOUR) == []


# Leavers


def test_a_leaver_who_is_a_or_e_is_one_notice_to_the_portfolio_office_and_starts_the_ownership_clock(
    story, sweep, cast
):
    s, other = story("production", tier_proposed=1), make.Story(cast, name="Reply drafts").to_pilot()
    Person.objects.filter(pk=cast.owner.pk).update(is_active=False, left_on=s.at.date())

    told = sweep(s.at + HOUR)

    assert told == [("Ben Castle", f"left-{s.at.date()}"), ("Olga Petrov", f"left-{s.at.date()}")]
    assert {s.fresh.unowned_since, other.fresh.unowned_since} == {s.at + HOUR}
    notice = Notice.objects.get(person=cast.office, channel=Channel.EMAIL, occasion__startswith="left-")
    assert notice.subject == "Priya Nair has left: name who follows on 2 initiatives"
    assert "AI-1 Support refunds: Accountable, Production go-live" in notice.body
    assert sweep(s.at + 2 * HOUR) == []


# The table as a whole


def test_a_second_look_at_the_same_instant_changes_nothing(story, sweep, cast):
    s = story("production", tier_proposed=4)
    make.Story(cast, name="Second").to_pilot()
    at = s.at + 200 * DAY
    sweep(at)
    before = (
        Notice.objects.count(),
        LedgerEntry.objects.exclude(verb="checkpoint.made").count(),
        Told.objects.count(),
        list(Decision.objects.values_list("closed", "version")),
    )

    assert sweep(at) == []
    assert sweep(at - 3 * DAY) == []

    assert (
        Notice.objects.count(),
        LedgerEntry.objects.exclude(verb="checkpoint.made").count(),
        Told.objects.count(),
        list(Decision.objects.values_list("closed", "version")),
    ) == before


def test_a_look_back_in_time_after_a_later_one_reminds_nobody_twice(story, sweep):
    s = story("production", tier_proposed=4)
    due = s.fresh.review_due_at
    sweep(due + 2 * DAY)

    assert sweep(due - DAY) == []
    assert sweep(due + DAY) == []


def test_one_thing_that_fails_holds_up_no_other_and_is_tried_again(story, sweep, cast, monkeypatch, caplog):
    first, second = (
        story("production", tier_proposed=4),
        make.Story(cast, name="Second", tier_proposed=4).to_production(),
    )
    due = max(first.fresh.review_due_at, second.fresh.review_due_at)
    occasion = clocks.BY_CODE["review.due"]
    letter = occasion.letter

    def poisoned(initiative, look):
        if initiative.pk == first.initiative.pk:
            raise ZeroDivisionError("poison")
        return letter(initiative, look)

    monkeypatch.setitem(clocks.BY_CODE, "review.due", dataclasses.replace(occasion, letter=poisoned))
    counts = clocks.run(due)

    assert (counts["failed"], counts["review.due"], counts["review.before"]) == (1, 1, 2)
    assert f"The clock could not do review.due for initiative {first.initiative.pk}." in caplog.text
    monkeypatch.undo()
    assert {code for _name, code in sweep(due)} == {"review.due"}
    assert Told.objects.filter(occasion="review.due").count() == 2


def test_a_sweep_with_nothing_due_asks_as_little_at_3600_as_at_one(story, django_assert_num_queries):
    s = story("production")
    clocks.run(s.at)

    with django_assert_num_queries(5):
        clocks.run(s.at)
    Initiative.objects.bulk_create(
        Initiative(number=100 + n, name=f"Use {n}", stage="idea", stage_since=make.AT, registered_at=make.AT)
        for n in range(3600)
    )
    with django_assert_num_queries(5):
        clocks.run(s.at)


def test_a_sweep_leaves_its_pulse_and_a_checkpoint_of_the_record(story, settings, tmp_path):
    s = story("idea")
    settings.MANDATE_CHECKPOINT_SINKS = [tmp_path / "sink.log"]
    before = clock.wall()

    assert clocks.run(s.at) == {"checkpoint": 1}
    assert clocks.run(s.at) == {}

    assert Pulse.objects.get(name="sweep").beat_at >= before
    assert len((tmp_path / "sink.log").read_text().splitlines()) == 1


def test_a_checkpoint_that_cannot_be_made_does_not_end_the_sweep(story, settings, caplog):
    s = story("production", tier_proposed=4)
    settings.MANDATE_CHECKPOINT_KEY = "no key"

    counts = clocks.run(s.fresh.review_due_at - DAY)

    assert (counts["failed"], counts["review.due"]) == (1, 1)
    assert "The checkpoint of the ledger could not be made." in caplog.text
    assert Pulse.objects.filter(name="sweep").exists()


def test_every_reminder_is_in_the_history_with_whom_it_went_to(story, sweep, cast):
    s = story("production", tier_proposed=4)
    due = s.fresh.review_due_at

    sweep(due + DAY)

    told = LedgerEntry.objects.filter(initiative_id=s.initiative.pk, verb__startswith="clock.").order_by("seq")
    assert [(e.actor, e.verb, e.detail["occasion"]) for e in told] == [
        ("system:sweep", "clock.reminded", "review.before"),
        ("system:sweep", "clock.reminded", "review.due"),
        ("system:sweep", "clock.reminded", "review.late"),
        ("system:sweep", "clock.escalated", "review.escalated"),
    ]
    assert told.last().detail["people"] == sorted([cast.owner.pk, cast.escalation.pk])


def test_what_is_coming_tonight_is_what_tomorrows_sweep_does_and_looking_writes_nothing(story, sweep, cast):
    gate, reviewed = story("funding"), make.Story(cast, name="Second", tier_proposed=4).to_production()
    at = gate.decision("funding").due_at - 50 * HOUR
    Initiative.objects.filter(pk=reviewed.initiative.pk).update(review_due_at=at + 40 * HOUR)
    clocks.run(at)
    before = (Notice.objects.count(), Told.objects.count(), LedgerEntry.objects.count())

    coming = clocks.tonight(at)

    assert (Notice.objects.count(), Told.objects.count(), LedgerEntry.objects.count()) == before
    assert [(occasion.code, sorted(p.name for p in row.people)) for occasion, row in coming] == [
        ("gate.first", ["Priya Nair"]),
        ("review.before", ["Lena Kraus", "Priya Nair"]),
        ("review.due", ["Lena Kraus", "Priya Nair"]),
    ]
    expected = sorted((p.name, occasion.code) for occasion, row in coming for p in row.people)
    assert sweep(at + DAY) == expected
    assert all(row.otherwise and row.subject for _occasion, row in coming)


def test_tonight_names_the_gate_that_will_be_handed_over(story, cast):
    s = story("funding")
    gate = s.decision("funding")

    coming = clocks.tonight(gate.due_at - HOUR)

    [(_occasion, row)] = [one for one in coming if one[0].code == "gate.time_up"]
    assert (row.at, [p.name for p in row.people], row.subject) == (
        gate.due_at,
        ["Dana Roth"],
        "Get it decided: Fund production, AI-1 Support refunds",
    )
    assert queries.decider(gate) == cast.owner


def test_every_row_says_in_words_what_waits_when_who_is_told_and_what_silence_does(db):
    for occasion in clocks.OCCASIONS:
        assert all(
            str(words).strip() for words in (occasion.waits, occasion.says_when, occasion.told, occasion.otherwise)
        ), occasion.code
    assert len({o.code for o in clocks.OCCASIONS}) == len(clocks.OCCASIONS)


def test_gates_settle_on_their_own_post_as_well_as_in_the_sweep(story, sweep):
    s = story("funding")
    gate = s.decision("funding")

    gates.settle(s.fresh, at=gate.final_at)

    assert sweep(gate.final_at) == []
