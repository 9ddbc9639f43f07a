"""Doing a review: who may, when, what it leads to; and the three pages."""

from datetime import timedelta

import pytest
from django.urls import reverse

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.initiatives import actions as initiatives
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.notices.models import Channel, Notice
from governance.people.models import Deputy, Person
from governance.reviews import actions, queries
from governance.reviews.models import Review
from tests import make

DAY = timedelta(days=1)
SAID = {
    "moved": "€4.10 to €2.65 a refund.",
    "evidence": "GL 6120.",
    "went_wrong": "Two doubles; the desk saw them.",
    "people": "Yes.",
    "next_step": "Carry on.",
}


@pytest.fixture
def live(story):
    """An initiative at tier 4 in production, on the day before its review is due."""
    s = story("production", tier_proposed=4)
    s.at = s.fresh.review_due_at - DAY
    return s


def do(s, by, outcome="continue", **given):
    return actions.do(s.fresh, given.pop("answers", SAID), outcome, by=by, at=given.pop("at", s.at), **given)


# The act


@pytest.mark.parametrize("who", ["owner", "workflow"])
def test_business_owner_and_workflow_owner_each_may_review(live, cast, who):
    due = live.fresh.review_due_at

    made = do(live, getattr(cast, who))

    assert (made.number, made.due_at, made.done_at, made.done_by, made.outcome, made.moved) == (
        1,
        due,
        live.at,
        getattr(cast, who),
        "continue",
        "€4.10 to €2.65 a refund.",
    )
    assert live.fresh.review_due_at == due + 7 * DAY
    entry = LedgerEntry.objects.get(verb="review.done")
    assert (entry.actor, entry.detail["number"], entry.detail["outcome"], entry.text["went_wrong"]) == (
        f"person:{getattr(cast, who).pk}",
        1,
        "continue",
        "Two doubles; the desk saw them.",
    )


@pytest.mark.parametrize("who", ["lead", "escalation", "compliance", "office", "cto", "admin", "auditor", "staff"])
def test_nobody_else_reviews_and_nothing_is_written(live, cast, who):
    before = LedgerEntry.objects.count()

    with pytest.raises(Refused, match="Priya Nair, Lena Kraus review it"):
        do(live, getattr(cast, who))

    assert (Review.objects.count(), LedgerEntry.objects.count()) == (0, before)


def test_a_deputy_does_not_review_for_the_owner(live, cast):
    Deputy.objects.create(
        person=cast.owner, deputy=cast.staff, starts_on=live.at.date() - DAY, ends_on=live.at.date() + DAY
    )

    with pytest.raises(Refused):
        do(live, cast.staff)


def test_the_next_review_counts_from_the_day_this_one_was_due(live, cast):
    due = live.fresh.review_due_at

    do(live, cast.owner, at=due + 3 * DAY)
    assert live.fresh.review_due_at == due + 7 * DAY
    do(live, cast.owner, at=due + 40 * DAY)
    assert live.fresh.review_due_at == due + 42 * DAY


def test_the_time_of_day_stays_the_owners_own_through_the_change_of_the_clock(live, cast):
    cast.support.time_zone = "America/New_York"
    cast.support.save()
    due = live.fresh.review_due_at.replace(year=2026, month=10, day=28)
    Initiative.objects.filter(pk=live.initiative.pk).update(review_due_at=due)

    do(live, cast.owner, at=due - DAY)

    assert live.fresh.review_due_at == due + 7 * DAY + timedelta(hours=1)


def test_a_review_cannot_be_done_before_it_opens(live, cast):
    due = live.fresh.review_due_at

    with pytest.raises(Blocked) as blocked:
        do(live, cast.owner, at=due - timedelta(days=1.4, seconds=1))

    assert [b.code for b in blocked.value.blockers] == ["review.ahead"]
    assert do(live, cast.owner, at=due - timedelta(days=1.4)).number == 1


def test_every_question_without_an_answer_is_named(live, cast):
    with pytest.raises(Blocked) as blocked:
        do(live, cast.owner, answers={**SAID, "people": "  ", "next_step": ""})

    assert [b.code for b in blocked.value.blockers] == ["review.people", "review.next_step"]
    assert Review.objects.count() == 0


@pytest.mark.parametrize(("stage", "code"), [("build", "review.stage"), ("stopped", "review.stage")])
def test_what_is_not_in_production_is_not_reviewed(story, cast, stage, code):
    s = story(stage, tier_proposed=4)

    with pytest.raises(Blocked) as blocked:
        do(s, cast.owner)

    assert [b.code for b in blocked.value.blockers] == [code]


def test_the_same_answers_again_are_one_review_and_other_answers_are_too_late(live, cast):
    due = live.fresh.review_due_at
    first = do(live, cast.owner, seen_due=due)

    assert do(live, cast.owner, seen_due=due) == first
    with pytest.raises(Conflict, match="Priya Nair did this review already"):
        do(live, cast.owner, "pause", seen_due=due)
    with pytest.raises(Conflict, match="Priya Nair did this review already"):
        do(live, cast.workflow, seen_due=due)
    with pytest.raises(Conflict, match="date of the review was moved"):
        do(live, cast.owner, seen_due=due - DAY)
    assert Review.objects.count() == 1


def test_a_review_that_leads_to_a_pause_pauses_the_rollout_and_a_paused_one_stays_so(live, cast):
    do(live, cast.workflow, "pause")

    fresh = live.fresh
    assert (fresh.rollout_paused_at, fresh.rollout_paused_by, fresh.rollout_paused_because, fresh.stage) == (
        live.at,
        cast.workflow,
        "Review 1: Carry on.",
        "production",
    )
    live.at = fresh.review_due_at
    assert do(live, cast.owner, "pause").number == 2
    assert live.fresh.rollout_paused_by == cast.workflow


@pytest.mark.parametrize("outcome", ["stop", "retire"])
def test_stopping_and_retiring_stay_acts_of_their_own(live, cast, outcome):
    do(live, cast.owner, outcome)

    fresh = live.fresh
    assert (fresh.stage, fresh.retiring_since) == ("production", None)
    assert "Dana Roth" in set(Notice.objects.filter(occasion="done").values_list("person__name", flat=True))


def test_the_other_one_and_who_moves_it_are_told(live, cast):
    made = do(live, cast.owner)

    told = Notice.objects.filter(occasion="done", channel=Channel.EMAIL)
    assert set(told.values_list("person__name", flat=True)) == {"Lena Kraus", "Sam Doyle"}
    assert (told[0].subject, told[0].path, told[0].is_binding) == (
        "Reviewed: AI-1 Support refunds, continue",
        reverse("reviews:show", args=["AI-1", made.number]),
        False,
    )


def test_a_review_nobody_answers_for_says_who_can_help(live, cast):
    Person.objects.filter(pk__in=[cast.owner.pk, cast.workflow.pk]).update(is_active=False, left_on=live.at.date())

    with pytest.raises(Refused, match="The Portfolio office can name somebody"):
        do(live, cast.office)


def test_where_a_review_stands_follows_from_the_moment(live):
    due, fresh = live.fresh.review_due_at, live.fresh
    states = [
        (queries.standing(fresh, due + gap)).state
        for gap in (-2 * DAY, -DAY, -timedelta(seconds=1), timedelta(), DAY - timedelta(seconds=1), DAY)
    ]

    assert states == ["ahead", "open", "open", "late", "late", "escalated"]


def test_reviews_wait_for_those_who_answer_for_them_and_only_once_open(live, cast, story):
    assert list(queries.waiting_for(cast.owner, live.at)) == [live.initiative]
    assert list(queries.waiting_for(cast.workflow, live.at)) == [live.initiative]
    assert list(queries.waiting_for(cast.lead, live.at)) == []
    assert list(queries.waiting_for(cast.owner, live.at - DAY)) == []


# The pages


@pytest.fixture
def at_work(client, sign_in, live, monkeypatch):
    """Return a function that signs somebody in at the story's own time."""
    from governance.core import clock

    monkeypatch.setattr(clock, "now", lambda installation=None: live.at)
    return lambda person: sign_in(client, person)


def posted(outcome="continue", **changed):
    return {**SAID, "outcome": outcome, **changed}


def test_the_owner_answers_five_questions_on_one_page_and_reads_what_they_said(at_work, live, cast):
    browser = at_work(cast.owner)
    page = browser.get(reverse("reviews:do", args=["AI-1"]))
    assert page.status_code == 200
    due = page.context["form"]["due"].value()

    answer = browser.post(reverse("reviews:do", args=["AI-1"]), posted(due=due))

    assert (answer.status_code, answer["Location"]) == (303, reverse("reviews:show", args=["AI-1", 1]))
    shown = browser.get(answer["Location"]).content.decode()
    for words in (*SAID.values(), "What moved since the last review", "Priya Nair", "Continue"):
        assert words in shown
    again = browser.post(reverse("reviews:do", args=["AI-1"]), posted(due=due))
    assert again["Location"] == answer["Location"]
    assert Review.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "outcome", "leads_to"),
    [
        ("owner", "stop", "gates:stop"),
        ("owner", "retire", "gates:retire"),
        ("workflow", "stop", "gates:ask_to_stop"),
        ("owner", "pause", "reviews:show"),
        ("workflow", "retire", "reviews:show"),
    ],
)
def test_the_outcome_leads_to_where_it_is_carried_out(at_work, live, cast, who, outcome, leads_to):
    answer = at_work(getattr(cast, who)).post(reverse("reviews:do", args=["AI-1"]), posted(outcome))

    assert answer.status_code == 303
    assert answer["Location"] == reverse(leads_to, args=["AI-1", 1] if leads_to == "reviews:show" else ["AI-1"])
    assert Review.objects.get().outcome == outcome


def test_missing_answers_come_back_with_what_was_typed(at_work, live, cast):
    answer = at_work(cast.owner).post(
        reverse("reviews:do", args=["AI-1"]), {"moved": "Only this.", "outcome": "sideways"}
    )

    words = answer.content.decode()
    assert answer.status_code == 422
    assert "Only this." in words
    assert "Answer “How do you know?”" in words
    assert "is “sideways”, which is not one of the choices" in words
    assert Review.objects.count() == 0


def test_others_are_told_whose_the_review_is_and_a_stranger_finds_nothing(at_work, live, cast):
    refused = at_work(cast.lead).get(reverse("reviews:do", args=["AI-1"]))
    assert refused.status_code == 403
    assert "Priya Nair or Lena Kraus reviews it." in refused.content.decode()

    initiatives.set_restricted(live.fresh, True, by=cast.owner, at=live.at)
    assert at_work(cast.staff).get(reverse("reviews:do", args=["AI-1"])).status_code == 404
    assert at_work(cast.staff).post(reverse("reviews:do", args=["AI-1"]), posted()).status_code == 404
    assert Review.objects.count() == 0


def test_the_page_says_when_the_next_one_opens(at_work, live, cast):
    live.at -= 2 * DAY

    page = at_work(cast.owner).get(reverse("reviews:do", args=["AI-1"]))

    assert page.status_code == 200
    assert "It opens" in page.content.decode()
    assert "<textarea" not in page.content.decode()
    assert at_work(cast.owner).post(reverse("reviews:do", args=["AI-1"]), posted()).status_code == 409


def test_a_review_that_is_not_there_is_not_found(at_work, live, cast):
    assert at_work(cast.owner).get(reverse("reviews:show", args=["AI-1", 1])).status_code == 404
    assert at_work(cast.owner).get("/initiatives/AI-99/reviews/1/").status_code == 404


def test_the_list_shows_what_one_may_see_the_longest_overdue_first(at_work, live, cast, django_assert_max_num_queries):
    second = make.Story(cast, name="Reply drafts", tier_proposed=1).to_production()
    late = make.Story(cast, name="Late one", tier_proposed=4).to_production()
    Initiative.objects.filter(pk=late.initiative.pk).update(review_due_at=live.at - 10 * DAY)
    secret = make.Story(cast, name="Secret one", tier_proposed=4).to_production()
    initiatives.set_restricted(secret.fresh, True, by=cast.owner, at=live.at)
    browser = at_work(cast.staff)

    with django_assert_max_num_queries(12):
        page = browser.get(reverse("reviews:list"))
    words = page.content.decode()
    assert words.index("Late one") < words.index("Support refunds") < words.index(second.initiative.name)
    assert "Secret one" not in words
    assert [i["title"] for i in browser.get(reverse("reviews:list") + "?overdue=1").context["items"]] == [
        "AI-3 Late one"
    ]
    assert browser.get(reverse("reviews:list") + "?mine=1").context["items"] == []
    mine = at_work(cast.owner).get(reverse("reviews:list") + "?mine=1&open=1").context["items"]
    assert [(i["title"], i["whose"], i["action"]) for i in mine] == [
        ("AI-3 Late one", "overdue", "Do the review"),
        ("AI-1 Support refunds", "mine", "Do the review"),
        ("AI-4 Secret one", "mine", "Do the review"),
    ]


def test_the_list_costs_the_same_at_one_and_at_three_hundred(at_work, live, cast, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = at_work(cast.staff)
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse("reviews:list"))
    Initiative.objects.bulk_create(
        make.at_stage(
            "production",
            number=500 + n,
            name=f"Use {n}",
            tier=1,
            tier_confirmed_at=live.at,
            stage_since=live.at,
            registered_at=live.at,
            review_due_at=live.at + n * DAY,
        )
        for n in range(300)
    )
    with CaptureQueriesContext(connection) as many:
        browser.get(reverse("reviews:list"))

    assert len(many) == len(few) <= 12
