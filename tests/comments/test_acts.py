"""Saying something: what is kept, what the record says, who is told, and what is refused."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from governance.comments.models import Comment, Watch, Wording
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.initiatives import actions, comments
from governance.initiatives.models import Initiative
from governance.notices.models import Notice
from tests.make import AT

LATER = AT + timedelta(hours=2)


def told() -> list[tuple[str, str, str]]:
    """Return who was told of a mention: (name, subject, why)."""
    rows = Notice.objects.filter(occasion="mentioned", channel="email").order_by("pk")
    return [(n.person.name, n.subject, n.why) for n in rows]


# What is kept


def test_comments_are_numbered_and_a_reply_to_a_reply_stands_in_the_same_thread(say, cast):
    opened = say(cast.staff, "Why fifty?")
    reply = say(cast.lead, "The desk asked for it.", answers=opened.number)
    deeper = say(cast.staff, "Thank you.", answers=reply.number)

    assert [(c.number, c.thread, c.opens) for c in (opened, reply, deeper)] == [
        (1, 1, True),
        (2, 1, False),
        (3, 1, False),
    ]


def test_the_record_holds_ids_in_the_leaf_and_the_words_beside_it(say, cast, recorded):
    say(cast.staff, "Ask @Priya Nair.")

    [(verb, detail, text)] = recorded("comment.")
    assert verb == "comment.written"
    assert detail == {"number": 1, "people": [cast.owner.pk], "thread": 1}
    assert text == {"text": "Ask @Priya Nair."}


def test_the_same_words_again_are_the_comment_that_is_there(say, cast, recorded):
    first, again = say(cast.staff, "Why fifty?"), say(cast.staff, "Why fifty?", LATER)
    reply = say(cast.lead, "So.", answers=1)
    assert (again.pk, say(cast.lead, "So.", LATER, answers=1).pk) == (first.pk, reply.pk)

    elsewhere = say(cast.lead, "So.", LATER)
    assert elsewhere.pk != reply.pk
    assert say(cast.lead, "So.", LATER, answers=1).pk not in (reply.pk, elsewhere.pk), "he said something in between"
    assert [verb for verb, _d, _t in recorded("comment.")] == ["comment.written"] * 4


def test_comments_change_nothing_that_is_decided(say, pilot, cast):
    before = Initiative.objects.values().get(pk=pilot.initiative.pk)

    say(cast.owner, "I would pass it.")

    assert Initiative.objects.values().get(pk=pilot.initiative.pk) == before


def test_a_retired_initiative_can_still_be_spoken_of(story, cast):
    retired = story("retired").fresh

    assert comments.write(retired, "What we learned.", by=cast.staff, at=LATER).number == 1


# Editing


def test_every_earlier_text_stays_with_its_time(say, pilot, cast, recorded):
    say(cast.staff, "One.")
    for version, (text, hours) in enumerate([("Two.", 1), ("Three.", 2)], 1):
        comments.edit(pilot.fresh, 1, text, by=cast.staff, at=AT + timedelta(hours=hours), seen_version=version)

    comment = Comment.objects.get()
    assert (comment.text, comment.version, comment.edited_at) == ("Three.", 3, LATER)
    assert list(Wording.objects.order_by("version").values_list("version", "text", "written_at")) == [
        (1, "One.", AT),
        (2, "Two.", AT + timedelta(hours=1)),
    ]
    assert [(verb, text["text"]) for verb, _d, text in recorded("comment.")] == [
        ("comment.written", "One."),
        ("comment.edited", "Two."),
        ("comment.edited", "Three."),
    ]


def test_only_its_author_edits_it_and_the_same_text_changes_nothing(say, pilot, cast, recorded):
    say(cast.staff, "One.")

    with pytest.raises(Refused, match="Only Kim Sato can edit this comment"):
        comments.edit(pilot.fresh, 1, "Mine.", by=cast.owner, at=LATER, seen_version=1)
    comments.edit(pilot.fresh, 1, "One.", by=cast.staff, at=LATER, seen_version=7)

    assert Wording.objects.count() == 0
    assert [verb for verb, _d, _t in recorded("comment.")] == ["comment.written"]


def test_a_text_that_was_saved_in_between_is_not_written_over(say, pilot, cast):
    say(cast.staff, "One.")
    comments.edit(pilot.fresh, 1, "Two.", by=cast.staff, at=LATER, seen_version=1)

    with pytest.raises(Conflict, match="since this page was shown"):
        comments.edit(pilot.fresh, 1, "Three.", by=cast.staff, at=LATER, seen_version=1)

    assert Comment.objects.get().text == "Two."


# Threads


def test_a_thread_is_resolved_once_and_a_reply_opens_it_again(say, pilot, cast, recorded):
    say(cast.staff, "Why fifty?")
    say(cast.lead, "The desk asked.", answers=1)
    for _again in range(2):
        comments.resolve(pilot.fresh, 2, by=cast.lead, at=LATER)
    assert (Comment.objects.get(number=1).resolved_by, Comment.objects.get(number=2).resolved_by) == (cast.lead, None)

    say(cast.staff, "And seventy?", LATER, answers=1)

    assert Comment.objects.get(number=1).resolved_at is None
    comments.reopen(pilot.fresh, 1, by=cast.staff, at=LATER)
    assert [verb for verb, _d, _t in recorded("comment.")] == [
        "comment.written",
        "comment.written",
        "comment.resolved",
        "comment.written",
        "comment.reopened",
    ]


def test_what_is_not_there_cannot_be_answered(say, cast):
    with pytest.raises(Conflict, match="There is no comment 7 here"):
        say(cast.staff, "So.", answers=7)


# Mentions


def test_a_mention_tells_that_person_once_with_its_reason(say, pilot, cast):
    say(cast.staff, "@Priya Nair, why fifty? @Kim Sato asks.")
    comments.edit(pilot.fresh, 1, "@Priya Nair and @Jon Marsh, why fifty?", by=cast.staff, at=LATER, seen_version=1)

    subject = "Kim Sato mentioned you on AI-1 Support refunds"
    assert told() == [(name, subject, "Kim Sato mentioned you.") for name in ("Priya Nair", "Jon Marsh")]
    assert set(Notice.objects.filter(occasion="mentioned").values_list("path", "is_binding")) == {
        ("/initiatives/AI-1/comments/1/#c1", False)
    }
    assert {p.name for p in Comment.objects.get().mentioned.all()} == {"Priya Nair", "Jon Marsh"}


def test_an_unclear_mention_writes_nothing_and_tells_nobody(say, cast, recorded):
    with pytest.raises(Blocked) as blocked:
        say(cast.staff, "@Priya Nair and @Nobody At All, look.")

    assert [b.code for b in blocked.value.blockers] == ["mention.unclear"]
    assert (Comment.objects.count(), Watch.objects.count(), told(), recorded("comment.")) == (0, 0, [], [])


def test_whoever_may_not_see_it_cannot_be_mentioned_and_is_told_nothing(say, pilot, cast):
    actions.set_restricted(pilot.fresh, True, by=cast.lead, at=AT)

    with pytest.raises(Blocked) as blocked:
        say(cast.lead, "@Priya Nair and @Kim Sato, look.")

    [reason] = blocked.value.blockers
    assert reason.message.startswith("Kim Sato cannot see AI-1, which is restricted, and was told nothing.")
    assert (Comment.objects.count(), told()) == (0, [])
    assert say(cast.lead, "@Priya Nair and @Miriam Osei, look.").number == 1
    assert [name for name, _s, _w in told()] == ["Priya Nair", "Miriam Osei"]


def test_whoever_may_not_see_it_does_nothing_there(say, pilot, cast):
    say(cast.lead, "One.")
    actions.set_restricted(pilot.fresh, True, by=cast.lead, at=AT)

    for act in (
        lambda: say(cast.staff, "Two."),
        lambda: say(cast.staff, "Two.", answers=1),
        lambda: comments.edit(pilot.fresh, 1, "Two.", by=cast.staff, at=AT, seen_version=1),
        lambda: comments.resolve(pilot.fresh, 1, by=cast.staff, at=AT),
        lambda: comments.reopen(pilot.fresh, 1, by=cast.staff, at=AT),
    ):
        with pytest.raises(Refused, match="You cannot see it"):
            act()
    assert list(Comment.objects.values_list("text", "resolved_at")) == [("One.", None)]


# What the database refuses


@pytest.mark.parametrize(
    "values",
    [
        {"number": 1},
        {"number": 2, "thread": 3},
        {"number": 2, "thread": 0},
        {"text": ""},
        {"version": 2},
        {"edited_at": AT},
        {"resolved_at": AT},
        {"number": 2, "thread": 1, "resolved_at": AT, "resolved": True},
    ],
)
def test_the_database_refuses_what_cannot_be(say, pilot, cast, values):
    say(cast.staff, "One.")
    number = values.get("number", 2)
    by = {"resolved_by": cast.lead} if values.pop("resolved", False) else {}
    honest = {"number": number, "thread": number, "text": "Two.", "author": cast.staff, "written_at": AT}

    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.create(initiative=pilot.initiative, **{**honest, **values, **by})
