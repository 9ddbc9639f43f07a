"""Notices on the portal: one's own, unread first, marked as read by a press and by nothing else."""

from datetime import timedelta

import pytest

from governance.core import clock
from governance.initiatives import actions
from governance.notices import actions as notices
from governance.notices.models import Channel, Notice
from tests.make import AT, make_initiative


@pytest.fixture
def told(cast, monkeypatch):
    """Three notices to the owner, one to somebody else."""
    monkeypatch.setattr(clock, "wall", lambda: AT + timedelta(hours=4))
    for n, person in enumerate((cast.owner, cast.owner, cast.owner, cast.lead)):
        notices.owe(
            person,
            thing=f"thing:{n}",
            occasion="told",
            subject=f"Subject {n}",
            body="First line.",
            path=f"/there/{n}/",
            why="You answer for it.",
            at=AT + timedelta(hours=n),
            binding=n == 1,
        )
    return cast


def subjects(client, query: str = "") -> list[str]:
    """Return the subjects on the page, in order."""
    return [notice.subject for notice in client.get(f"/notices/?{query}").context["shown"].rows]


def unread(person) -> int:
    """Return how many portal notices of a person are unread."""
    return Notice.objects.filter(person=person, channel=Channel.PORTAL, read_at=None).count()


def test_one_sees_ones_own_the_newest_first(client, told, sign_in):
    sign_in(client, told.owner)

    assert subjects(client) == ["Subject 2", "Subject 1", "Subject 0"]
    assert subjects(client, "kind=binding") == ["Subject 1"]
    page = client.get("/notices/").content.decode()
    assert '<a href="/there/2/">Subject 2</a>' in page
    assert "You answer for it." in page


def test_marking_one_as_read_puts_it_behind_the_unread(client, told, sign_in):
    sign_in(client, told.owner)
    newest = Notice.objects.get(subject="Subject 2", channel=Channel.PORTAL)

    answer = client.post("/notices/?kind=news", {"read": newest.pk})

    newest.refresh_from_db()
    assert (answer.status_code, answer.url) == (303, "/notices/?kind=news")
    assert newest.read_at == AT + timedelta(hours=4)
    assert subjects(client) == ["Subject 1", "Subject 0", "Subject 2"]
    assert subjects(client, "read=no") == ["Subject 1", "Subject 0"]
    client.post("/notices/", {"read": newest.pk})
    newest.refresh_from_db()
    assert newest.read_at == AT + timedelta(hours=4)


def test_all_can_be_marked_at_once(client, told, sign_in):
    sign_in(client, told.owner).post("/notices/", {"read": "all"})

    assert (unread(told.owner), unread(told.lead)) == (0, 1)
    assert Notice.objects.filter(channel=Channel.EMAIL).exclude(read_at=None).count() == 0


@pytest.mark.parametrize("sent", ["", "x", "-1", "9" * 40, "1 OR 1=1", "somebody"])
def test_nothing_else_marks_anything(client, told, sign_in, sent):
    theirs = Notice.objects.get(person=told.lead, channel=Channel.PORTAL)
    sign_in(client, told.owner)

    assert client.post("/notices/", {"read": theirs.pk if sent == "somebody" else sent}).status_code == 303
    assert client.get("/notices/?read=all").status_code == 200
    assert (unread(told.owner), unread(told.lead)) == (3, 1)


def test_what_one_may_no_longer_see_is_not_told_any_more(client, cast, sign_in, monkeypatch):
    monkeypatch.setattr(clock, "wall", lambda: AT)
    story = make_initiative(cast, "idea", name="Merger memos")
    notices.owe(
        cast.staff,
        thing=story.initiative,
        occasion="told",
        subject="Merger memos moved",
        why="You asked.",
        at=AT,
        initiative=story.initiative,
    )
    sign_in(client, cast.staff)
    before = subjects(client)
    actions.set_restricted(story.fresh, True, by=cast.lead, at=AT)

    assert (before, subjects(client)) == (["Merger memos moved"], [])


def test_an_empty_page_says_what_would_stand_there(client, cast, sign_in):
    assert (
        "What you are asked, told and reminded of stands here"
        in sign_in(client, cast.staff).get("/notices/").content.decode()
    )
