"""The pages of comments: what they say and to whom, that nothing typed is lost, and that they ask little of many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.comments import queries
from governance.comments.models import Comment, Watch, Wording
from governance.gates import actions as gates
from governance.gates import snapshot
from governance.initiatives import actions, comments, watching
from governance.initiatives.models import Initiative
from governance.notices.models import Notice
from tests.gates.conftest import fresh_story  # noqa: F401  stories told about now
from tests.gates.pages import words
from tests.make import AT, prove
from tests.web import Page

LIST, SHOW, WATCH, WATCHING = (
    "/initiatives/AI-1/comments/",
    "/initiatives/AI-1/",
    "/initiatives/AI-1/watch/",
    "/me/watching/",
)


@pytest.fixture
def reads(client, sign_in):
    """Return a function that opens a page as somebody and returns what it says."""

    def open_page(who, url: str) -> str:
        response = sign_in(client, who).get(url)
        assert response.status_code == 200, response.status_code
        return words(response)

    return open_page


@pytest.fixture
def sends(client, sign_in):
    """Return a function that posts to a page as somebody."""
    return lambda who, url, **data: sign_in(client, who).post(url, data)


def many(pilot, cast, threads: int, replies: int = 0) -> None:
    """Write threads of replies, each edited once and naming somebody."""
    rows, number = [], 0
    for _thread in range(threads):
        opener = number + 1
        for _reply in range(replies + 1):
            number += 1
            rows.append(
                Comment(
                    initiative=pilot.initiative,
                    number=number,
                    thread=opener,
                    author=cast.people[number % 5],
                    text=f"Said {number}.",
                    written_at=AT,
                    version=2,
                    edited_at=AT,
                )
            )
    made = Comment.objects.bulk_create(rows)
    Wording.objects.bulk_create(Wording(comment=c, version=1, text=f"Once {c.number}.", written_at=AT) for c in made)
    for comment in made:
        comment.mentioned.add(cast.people[6])


# Reading and writing


def test_a_comment_is_written_on_the_initiatives_own_page_and_stands_there(pilot, cast, client, sign_in, reads):
    sign_in(client, cast.staff)
    form = next(f for f in Page(client.get(SHOW).content.decode(), SHOW).forms if "text" in f.names)

    answer = client.post(form.action, form.data(text="Why fifty?\r\n\r\nSee https://example.org/a?b=1&c=2."))

    assert (answer.status_code, answer["Location"]) == (303, f"{LIST}#c1")
    said = Comment.objects.get()
    assert (said.text, said.author) == ("Why fifty?\n\nSee https://example.org/a?b=1&c=2.", cast.staff)
    page = reads(cast.owner, SHOW)
    assert "Comments 1 Comments inform. They decide nothing; one named person does." in page
    assert "Kim Sato" in page
    assert "Why fifty?" in page
    html = client.get(LIST).content.decode()
    assert '<a href="https://example.org/a?b=1&amp;c=2" rel="noreferrer nofollow">' in html


def test_what_people_write_is_text_and_nothing_else(pilot, say, cast, client, sign_in):
    say(cast.staff, "<script>alert(1)</script> javascript:alert(1) [a](http://x.example) **b**")

    html = sign_in(client, cast.owner).get(LIST).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt; javascript:alert(1) [a](" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html
    assert "**b**" in html


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Enter what you want to say."),
        ("   ", "Enter what you want to say."),
        ("long " * 601, "Comment has 3004 characters and may have 3000. Shorten it by 4."),
        ("@Nobody At all, look", "“@Nobody At” is nobody who works here."),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(pilot, cast, sends, text, says):
    answer = sends(cast.staff, LIST, text=text)

    assert answer.status_code == 422
    assert says in words(answer)
    field = next(c for f in Page(answer.content.decode(), LIST).forms for c in f.controls if c.name == "text")
    assert field.value.strip() == text.strip()
    assert "maxlength" not in field.attrs, "a browser cuts what is pasted without a word"
    assert Comment.objects.count() == 0


def test_lines_count_as_one_character_each(pilot, cast, sends):
    assert sends(cast.staff, LIST, text="a\r\n" * 1500).status_code == 303


def test_a_reply_resolving_and_opening_again_work_without_script(pilot, say, cast, sends, reads):
    say(cast.staff, "Why fifty?")
    there = f"{LIST}1/"

    reply = sends(cast.lead, there, do="reply", text="The desk asked.")
    resolved = sends(cast.lead, there, do="resolve")
    page, folded = reads(cast.staff, there), reads(cast.staff, LIST)
    opened = sends(cast.staff, there, do="reopen")

    assert reply["Location"] == f"{there}#c2"
    assert resolved["Location"] == opened["Location"] == f"{there}#c1"
    assert "Resolved Sam Doyle, " in page
    assert "Open it again" in page
    assert "Resolved by Sam Doyle: Kim Sato, “Why fifty?”" in folded
    assert Comment.objects.get(number=1).resolved_at is None


def test_a_reply_leads_to_its_thread_and_what_is_not_there_leads_nowhere(pilot, say, cast, client, sign_in, sends):
    say(cast.staff, "Why fifty?")
    say(cast.lead, "So.", answers=1)

    assert sign_in(client, cast.staff).get(f"{LIST}2/")["Location"] == f"{LIST}1/#c2"
    assert [client.get(f"{LIST}{n}/").status_code for n in (3, 0, 10**12)] == [404, 404, 404]
    assert sends(cast.staff, f"{LIST}1/", do="delete", text="x").status_code == 404
    assert sends(cast.staff, WATCH, do="delete").status_code == 404


def test_an_edited_comment_says_so_and_shows_what_it_said_before(pilot, say, cast, sends, reads):
    say(cast.staff, "Why fifty? Ask @Jon Marsh.")

    answer = sends(cast.staff, f"{LIST}1/edit/", text="Why sixty?", version="1")

    assert answer["Location"] == f"{LIST}1/#c1"
    page = reads(cast.owner, f"{LIST}1/")
    assert "· edited " in page
    assert "Told by name: Jon Marsh What it said before , Kim Sato Kim Sato, Tue 3 Mar, 09:00 UTC" in page
    assert page.index("Why sixty?") < page.index("Why fifty?")


def test_an_edit_from_an_old_page_shows_what_is_there_now_and_keeps_what_was_typed(pilot, say, cast, sends):
    say(cast.staff, "One.")
    there = f"{LIST}1/edit/"
    sends(cast.staff, there, text="Two.", version="1")

    stale = sends(cast.staff, there, text="Three.", version="1")

    assert stale.status_code == 409
    assert "Your text is safe in the form below. There now: Two." in words(stale)
    form = next(f for f in Page(stale.content.decode(), there).forms if "version" in f.names)
    assert (form.data()["text"].strip(), form.data()["version"]) == ("Three.", "2")
    assert sends(cast.staff, there, **form.data()).status_code == 303


# Many


def test_threads_come_twenty_at_a_time_the_newest_last_each_with_its_newest_replies(pilot, cast, reads):
    many(pilot, cast, threads=23, replies=7)

    newest, earlier = reads(cast.staff, LIST), reads(cast.staff, f"{LIST}?before=25")

    assert "Said 25." in newest
    assert newest.index("Said 25.") < newest.index("Said 177.") < newest.index("Said 184.")
    assert "Said 17." not in newest
    assert "2 earlier replies" in newest
    assert ("Said 178." in newest, "Said 180." in newest) == (False, True)
    assert [n for n in (1, 9, 17) if f"Said {n}." in earlier] == [1, 9, 17]
    assert "Said 25." not in earlier


def test_a_long_thread_is_paged_too(pilot, cast, reads):
    many(pilot, cast, threads=1, replies=60)

    newest = reads(cast.staff, f"{LIST}1/")
    earlier = reads(cast.staff, f"{LIST}1/?before=12")

    assert "10 earlier replies" in newest
    assert ("Said 1." in newest, "Said 11." in newest, "Said 12." in newest) == (True, False, True)
    assert ("Said 2." in earlier, "Said 11." in earlier, "Said 12." in earlier) == (True, True, False)
    assert "earlier replies" not in earlier


def test_pages_ask_as_little_of_many_comments_as_of_few(pilot, say, cast, client, sign_in):
    sign_in(client, cast.owner)

    def asked() -> dict[str, int]:
        counts = {}
        for url in (SHOW, LIST, f"{LIST}1/", WATCH, WATCHING):
            with CaptureQueriesContext(connection) as found:
                assert client.get(url).status_code == 200
            assert not [q["sql"] for q in found if not q["sql"].lstrip("(").startswith("SELECT")]
            counts[url] = len(found)
        return counts

    many(pilot, cast, threads=1, replies=1)
    few = asked()
    Wording.objects.all().delete()
    Comment.objects.all().delete()
    many(pilot, cast, threads=30, replies=8)
    lots = asked()

    assert max(few.values()) <= 20
    assert few[WATCHING] <= 12
    assert lots == few


# What it leaves alone


def test_the_history_shows_comments_by_their_own_kind_alone(pilot, say, cast, reads):
    say(cast.staff, "@Jon Marsh, why fifty?")
    history = f"{SHOW}history/"

    assert "commented" not in reads(cast.owner, history)
    assert "Kim Sato commented and mentioned Jon Marsh @Jon Marsh, why fifty?" in reads(
        cast.owner, f"{history}?type=comments"
    )
    assert "Kim Sato commented" not in reads(cast.owner, SHOW)


def test_a_comment_while_a_gate_is_open_changes_nothing_the_decider_saw(fresh_story, cast):  # noqa: F811
    tale = fresh_story("funding")
    decision = tale.decision("funding")
    seen = snapshot.shown(decision, tale.fresh, tale.at)
    comments.write(tale.fresh, "I would not.", by=cast.staff, at=tale.at)

    gates.decide(
        decision, "pass", by=cast.owner, at=tale.at, proof=prove(cast.owner), seen=seen, reason="So.", learned="A lot."
    )

    assert tale.fresh.stage == "build"


# Watching


def test_the_button_watches_at_once_and_the_way_out_is_a_page_with_one_button(pilot, cast, client, sign_in):
    sign_in(client, cast.staff)
    page = Page(client.get(SHOW).content.decode(), SHOW)
    form = next(f for f in page.forms if f.action == WATCH)

    assert client.post(form.action, form.data())["Location"] == SHOW
    assert "Watching" in words(client.get(SHOW))
    before = Watch.objects.values().get()
    there = client.get(WATCH)
    assert "You hear of comments on it. You chose to." in words(there)
    assert Watch.objects.values().get() == before
    [mute] = [f for f in Page(there.content.decode(), WATCH).forms if "do" in f.names]
    client.post(WATCH, mute.data())
    assert "Muted AI-1" in words(client.get(SHOW))


def test_what_one_watches_and_muted_is_listed_with_a_button_each(story, pilot, say, cast, reads, client, sign_in):
    story("idea", name="Claims drafts")
    watching.mute(pilot.fresh, by=cast.lead, at=AT)

    page = reads(cast.lead, WATCHING)
    assert "AI-2 Claims drafts" in page
    assert "You muted it." in page
    assert "AI-1" not in reads(cast.lead, f"{WATCHING}?muted=no")
    assert "AI-2" not in reads(cast.lead, f"{WATCHING}?muted=yes")
    form = next(f for f in Page(client.get(WATCHING).content.decode(), WATCHING).forms if f.action == WATCH)
    assert client.post(WATCH, form.data())["Location"] == WATCHING
    assert "You muted it." not in reads(cast.lead, WATCHING)
    assert "You watch nothing." in reads(cast.staff, WATCHING)


def test_the_way_back_leads_to_no_other_site(pilot, cast, sends):
    for address in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert sends(cast.staff, WATCH, do="watch", next=address)["Location"] == SHOW


def test_home_counts_the_news_until_it_is_read(pilot, say, cast, reads, sends):
    say(cast.staff, "@Jon Marsh, look.")
    assert "Watching" not in reads(cast.owner, "/")
    assert "Watching: 1 update" in reads(cast.legal, "/")

    sends(cast.legal, "/notices/", read="all")

    assert "Watching" not in reads(cast.legal, "/")


# No trace

CANARY = "Zanzibarium"


def test_a_restricted_initiative_leaves_no_trace_of_what_was_said(pilot, cast, client, sign_in, sends):
    Initiative.objects.filter(pk=pilot.initiative.pk).update(name=CANARY)
    comments.write(pilot.fresh, f"@Kim Sato, {CANARY} it is.", by=cast.lead, at=AT)
    watching.watch(pilot.fresh, by=cast.staff, at=AT)
    actions.set_restricted(pilot.fresh, True, by=cast.lead, at=AT + timedelta(hours=1))
    before = (Comment.objects.count(), Watch.objects.values_list("hears", flat=True).get(person=cast.staff))
    assert Notice.objects.filter(person=cast.staff, subject__contains=CANARY).exists(), "told while they could see it"

    sign_in(client, cast.staff)
    for url in (LIST, f"{LIST}1/", f"{LIST}1/edit/", WATCH, SHOW):
        assert client.get(url).status_code == 404, url
        assert client.post(url, {"text": "x", "do": "watch", "version": "1"}).status_code in (404, 405), url
    for url in ("/", WATCHING, "/notices/", "/me/", "/catalog/?q=zanz", f"/people/{cast.lead.pk}/"):
        assert CANARY not in client.get(url).content.decode(), url
    assert "Watching:" not in words(client.get("/"))
    assert (Comment.objects.count(), Watch.objects.values_list("hears", flat=True).get(person=cast.staff)) == before


def test_a_refused_mention_names_the_person_and_no_initiative_they_cannot_see(pilot, cast, sends):
    Initiative.objects.filter(pk=pilot.initiative.pk).update(name=CANARY, restricted=True)

    answer = sends(cast.lead, LIST, text="@Kim Sato, look.")

    assert answer.status_code == 422
    assert "Kim Sato cannot see AI-1, which is restricted, and was told nothing." in words(answer)
    assert "@Kim Sato, look." in answer.content.decode()
    assert not Notice.objects.filter(person=cast.staff).exists()
    assert (Comment.objects.count(), Watch.objects.count()) == (0, 0)


def test_one_thread_shows_no_comment_of_another_initiative(story, pilot, say, cast, reads, client, sign_in):
    other = story("idea", name="Claims drafts")
    comments.write(other.fresh, "Elsewhere.", by=cast.staff, at=AT)
    say(cast.staff, "Here.")
    say(cast.lead, "Here, too.", answers=1)

    assert "Elsewhere." not in reads(cast.staff, LIST) + reads(cast.staff, f"{LIST}1/")
    assert client.get(reverse("comments:thread", args=[other.fresh.key, 2])).status_code == 404
    assert [c.text for c in queries.latest(other.initiative.pk)] == ["Elsewhere."]
