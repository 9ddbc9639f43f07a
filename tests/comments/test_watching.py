"""Who hears of comments: one line a morning for each initiative, unless they muted it; and what muting leaves alone."""

from datetime import timedelta

import pytest

from governance.comments.models import Comment, Hears, Watch
from governance.initiatives import actions, comments, watching
from governance.notices import delivery
from governance.notices.models import Channel, Notice
from governance.reviews import clocks
from tests.make import AT
from tests.reviews.conftest import sweep  # noqa: F401  looking at the clocks

MORNING = (AT + timedelta(days=1)).replace(hour=7, minute=0)


def mute(pilot, person) -> None:
    watching.mute(pilot.fresh, by=person, at=AT)


def hears(pilot, person) -> str:
    """Return why somebody hears of comments on the pilot, or "" where they do not."""
    found = watching.of(pilot.fresh, person)
    return found.why if found.watching else ""


def news(person=None) -> dict[str, str]:
    """Return the line of comments that each person got by e-mail, by name; nobody gets two."""
    rows = Notice.objects.filter(channel=Channel.EMAIL, occasion__startswith="comments-").select_related("person")
    found = [(n.person.name, n.subject) for n in rows]
    assert len(found) == len(dict(found))
    return dict(found)


# Who hears


def test_who_has_a_part_in_it_hears_of_comments_without_doing_anything(pilot, cast):
    assert [hears(pilot, p) for p in (cast.owner, cast.lead, cast.escalation)] == ["You are named on it."] * 3
    assert hears(pilot, cast.workflow)
    assert [hears(pilot, p) for p in (cast.staff, cast.compliance, cast.security)] == ["", "", ""]


def test_who_comments_or_is_mentioned_or_chooses_to_hears_of_what_follows(pilot, say, cast):
    say(cast.staff, "@Jon Marsh, look.")
    watching.watch(pilot.fresh, by=cast.engineer, at=AT)

    assert hears(pilot, cast.staff) == "You commented."
    assert hears(pilot, cast.legal) == "Somebody mentioned you."
    assert hears(pilot, cast.engineer) == "You chose to."


def test_a_mute_stays_until_its_owner_lifts_it(pilot, say, cast, recorded):
    for _again in range(2):
        mute(pilot, cast.owner)
    mute(pilot, cast.staff)
    say(cast.staff, "@Priya Nair, look.")

    assert (hears(pilot, cast.owner), hears(pilot, cast.staff)) == ("", "")
    assert watching.of(pilot.fresh, cast.owner).muted
    watching.watch(pilot.fresh, by=cast.owner, at=AT)
    assert hears(pilot, cast.owner) == "You are named on it."
    assert [(verb, d["watched"]) for verb, d, _t in recorded("watch.")] == [
        ("watch.muted", pilot.initiative.pk),
        ("watch.muted", pilot.initiative.pk),
        ("watch.begun", pilot.initiative.pk),
    ]


# The morning


def test_a_morning_brings_each_who_watches_one_line_that_counts_what_is_new_to_them(pilot, say, cast, sweep):  # noqa: F811
    say(cast.staff, "Why fifty?")
    say(cast.lead, "The desk asked.", answers=1)
    say(cast.staff, "@Priya Nair, and seventy?", answers=1)

    assert not [who for who, what in sweep(MORNING - timedelta(minutes=1)) if what.startswith("comments")]
    sweep(MORNING)

    one, two = "1 new comment on AI-1 Support refunds", "2 new comments on AI-1 Support refunds"
    # Two of the three are new to the lead, who wrote one; and to the owner, who was told of the third by name.
    assert news() == {
        "Sam Doyle": two,
        "Priya Nair": two,
        "Kim Sato": one,
        "Lena Kraus": "3 new comments on AI-1 Support refunds",
        "Dana Roth": "3 new comments on AI-1 Support refunds",
    }
    assert set(Notice.objects.filter(occasion__startswith="comments-").values_list("about", "mute_path", "path")) == {
        (f"initiative:{pilot.initiative.pk}", "/initiatives/AI-1/watch/", "/initiatives/AI-1/comments/")
    }


def test_the_line_comes_once_and_goes_with_that_mornings_digest(pilot, say, cast, sweep, mailoutbox):  # noqa: F811
    watching.watch(pilot.fresh, by=cast.engineer, at=AT)
    say(cast.staff, "Why fifty?")
    sweep(MORNING)
    sweep(MORNING + timedelta(hours=3))
    assert {n.send_at for n in Notice.objects.filter(occasion__startswith="comments-", channel="email")} == {
        MORNING + timedelta(hours=1)
    }
    delivery.drain(MORNING + timedelta(minutes=59))
    assert not [m for m in mailoutbox if "new comment" in m.subject]

    delivery.drain(MORNING + timedelta(hours=1))

    digest, alone = (
        next(m.body for m in mailoutbox if m.to == [p.email] and "new comment" in m.subject)
        for p in (cast.escalation, cast.engineer)
    )
    line = "* 1 new comment on AI-1 Support refunds\n  From Kim Sato.\n  http://localhost:8000/initiatives/AI-1/comments/\n"
    assert f"{line}  Mute: http://localhost:8000/initiatives/AI-1/watch/\n" in digest
    assert "From Kim Sato.\n\nKim Sato: Why fifty?" in alone
    assert "You watch AI-1.\nMute: http://localhost:8000/initiatives/AI-1/watch/\n" in alone
    assert all("/initiatives/AI-1/watch/" in m.alternatives[0][0] for m in mailoutbox if "new comment" in m.subject)


def test_a_morning_that_is_found_late_does_not_wait_for_the_next(pilot, say, cast, sweep):  # noqa: F811
    say(cast.staff, "Why fifty?")
    sweep(MORNING + timedelta(hours=9))

    lines = Notice.objects.filter(occasion__startswith="comments-", channel="email")
    assert {n.send_at for n in lines} == {MORNING + timedelta(hours=1)}


def test_another_day_is_another_line_and_silence_is_none(pilot, say, cast, sweep):  # noqa: F811
    say(cast.staff, "Why fifty?")
    sweep(MORNING)
    say(cast.staff, "And seventy?", MORNING + timedelta(hours=4))
    sweep(MORNING + timedelta(days=1))
    sweep(MORNING + timedelta(days=2))

    lines = Notice.objects.filter(person=cast.escalation, channel="email", occasion__startswith="comments-")
    assert [n.occasion for n in lines.order_by("pk")] == ["comments-2026-03-04", "comments-2026-03-05"]


def test_who_muted_it_is_left_alone_and_still_told_by_name_and_of_what_binds(pilot, say, cast, sweep):  # noqa: F811
    mute(pilot, cast.owner)
    say(cast.staff, "Why fifty?")
    say(cast.staff, "@Priya Nair, look.")
    sweep(MORNING)
    actions_before = Notice.objects.filter(person=cast.owner, is_binding=True).count()
    from governance.gates import stop

    stop.ask_to_stop(pilot.fresh, saw="It paid twice.", by=cast.staff, at=MORNING)

    assert "Priya Nair" not in news()
    assert Notice.objects.filter(person=cast.owner, occasion="mentioned", channel="email").count() == 1
    assert Notice.objects.filter(person=cast.owner, is_binding=True).count() == actions_before + 2


def test_what_is_restricted_tells_nobody_who_may_not_see_it(pilot, say, cast, sweep):  # noqa: F811
    watching.watch(pilot.fresh, by=cast.staff, at=AT)
    watching.watch(pilot.fresh, by=cast.engineer, at=AT)
    actions.set_restricted(pilot.fresh, True, by=cast.lead, at=AT)
    say(cast.lead, "Canary.")
    sweep(MORNING)

    assert set(news()) == {"Priya Nair", "Lena Kraus", "Dana Roth"}
    assert not Notice.objects.filter(person__in=[cast.staff, cast.engineer], body__contains="Canary").exists()


def test_a_line_that_is_owed_is_not_sent_to_who_may_no_longer_see_it(pilot, say, cast, sweep, mailoutbox):  # noqa: F811
    watching.watch(pilot.fresh, by=cast.engineer, at=AT)
    say(cast.lead, "Canary.")
    sweep(MORNING)
    assert "Rita Lind" in news()
    actions.set_restricted(pilot.fresh, True, by=cast.lead, at=MORNING)
    delivery.drain(MORNING + timedelta(hours=2))

    assert [m for m in mailoutbox if "new comment" in m.subject]
    assert not [m for m in mailoutbox if m.to == [cast.engineer.email] and "comment" in m.subject]


def test_what_is_a_month_old_is_no_news(pilot, say, cast, sweep):  # noqa: F811
    say(cast.staff, "Why fifty?")
    sweep(MORNING + timedelta(days=31))

    assert news() == {}


@pytest.mark.parametrize("count", [1, 130])
def test_a_morning_of_many_comments_is_still_one_line(pilot, cast, count, sweep, django_assert_max_num_queries):  # noqa: F811
    Comment.objects.bulk_create(
        Comment(initiative=pilot.initiative, number=n, thread=n, author=cast.staff, text=f"Number {n}.", written_at=AT)
        for n in range(1, count + 1)
    )

    with django_assert_max_num_queries(90):
        assert clocks.run(MORNING)["comments.new"] == count

    body = Notice.objects.get(person=cast.owner, occasion__startswith="comments-", channel="portal").body
    assert body.splitlines()[-1] == f"Kim Sato: Number {count}."
    assert len(body.splitlines()) == min(count, 5) + 1
    assert clocks.run(MORNING).get("comments.new", 0) == 0


def test_following_costs_a_statement_and_leaves_what_was_chosen(pilot, cast, django_assert_num_queries):
    Watch.objects.create(initiative=pilot.initiative, person=cast.staff, hears=Hears.MUTED, since=AT)

    with django_assert_num_queries(1):
        watching.follow(pilot.initiative, [cast.staff, cast.legal], Hears.MENTIONED, AT)

    assert set(Watch.objects.values_list("person__name", "hears")) == {
        ("Kim Sato", "muted"),
        ("Jon Marsh", "mentioned"),
    }
    assert comments.LONGEST == 3_000
