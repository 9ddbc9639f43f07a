"""What an e-mail says: text first, light HTML, one link, and nothing that somebody typed does anything."""

from datetime import UTC, datetime, timedelta

import pytest

from governance.initiatives import actions as initiatives
from governance.notices import delivery, mail
from governance.notices.models import Message
from tests import make
from tests.notices.conftest import AT


@pytest.fixture
def sent(db, mailoutbox):
    """Return a function that sends what may go at an instant and returns the messages."""

    def drain(at=AT):
        mailoutbox.clear()
        delivery.drain(at)
        return list(mailoutbox)

    return drain


def test_one_binding_notice_is_one_message_with_its_subject_its_words_and_one_way_there(owe, sent, reader, settings):
    settings.SITE_URL = "https://mandate.example.org"
    make.Installation.objects.create(pk=1, kind="real", company="Aldermoor", time_zone="UTC", made_at=AT)
    owe(
        reader,
        thing="decision:7",
        due=AT + timedelta(days=2),
        action="Review and decide",
        path="/initiatives/AI-42/decisions/3/",
    )

    [letter] = sent()

    assert (letter.subject, letter.to, letter.from_email) == (
        "Decide: fund it",
        ["rea.der@example.org"],
        "Mandate <mandate@localhost>",
    )
    assert letter.body == (
        "You decide.\n\nIt is due.\n\nUntil: Thu 5 Mar, 09:00 UTC (2 d)\n\nReview and decide:\nhttps://mandate.example.org/initiatives/AI-42/decisions/3/\n\n--\nYou decide.\nMandate, Aldermoor\n"
    )
    [(html, kind)] = letter.alternatives
    assert kind == "text/html"
    assert html.count("<a ") == 1
    assert '<a href="https://mandate.example.org/initiatives/AI-42/decisions/3/"' in html
    assert "<img" not in html
    assert letter.extra_headers["Message-ID"] == mail.message_id(reader.pk, "decision:7", "asked")
    assert letter.extra_headers["Message-ID"].endswith("@mandate.example.org>")
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


def test_what_was_sent_is_kept_as_it_was_sent(owe, sent, reader):
    owe(reader)

    [letter] = sent()

    kept = Message.objects.get()
    assert (kept.to_address, kept.subject, kept.text, kept.html) == (
        letter.to[0],
        letter.subject,
        letter.body,
        letter.alternatives[0][0],
    )
    assert (kept.sent_at, kept.attempt, kept.claimed_until, kept.person) == (AT, 1, None, reader)
    assert kept.notices.get().sent_at == AT


def test_messages_about_one_initiative_stand_together_in_a_mailbox(owe, sent, cast):
    told = initiatives.register({"name": "Refunds"}, by=cast.lead, at=AT)
    sent()
    owe(cast.owner, initiative=told)
    owe(cast.owner, initiative=told)
    owe(cast.owner)

    threads = [letter.extra_headers.get("References") for letter in sent()]

    assert threads == [f"<initiative-{told.pk}@localhost>"] * 2 + [None]


def test_everything_that_can_wait_joins_one_message_at_eight(owe, sent, cast):
    told = initiatives.register({"name": "Refunds"}, by=cast.lead, at=AT)
    eight = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
    owe(
        cast.owner,
        initiative=told,
        binding=False,
        subject="Review it",
        body="Five questions.",
        due=eight + timedelta(days=1),
    )
    owe(cast.owner, binding=False, subject="Something else", body="No initiative.")
    owe(cast.owner, initiative=told, binding=False, subject="And this", body="Also about it.")
    owe(cast.staff, binding=False, subject="Alone", body="One line.")
    owe(cast.owner, binding=False, subject="Tomorrow's", at=eight + timedelta(hours=1))
    assert sent(eight - timedelta(minutes=1)) == []

    many, alone = sorted(sent(eight), key=lambda letter: letter.to, reverse=True)

    assert many.to == ["priya.nair@example.org"]
    assert many.subject == "Review it; Something else; And this"
    assert many.body.startswith(
        "3 notices since your last message. They are in the portal, too.\n\nAI-1 Refunds\n\n* Review it\n  Five questions.\n  Until: Thu 5 Mar, 08:00 UTC (24 h)\n"
    )
    assert many.body.index("* And this") < many.body.index("Across initiatives") < many.body.index("* Something else")
    assert (alone.to, alone.subject) == (["kim.sato@example.org"], "Alone")
    assert sent(eight) == []
    assert [letter.subject for letter in sent(eight + timedelta(days=1))] == ["Tomorrow's"]


def test_the_subject_of_a_digest_names_as_many_as_fit_and_counts_the_others(owe, sent, reader):
    for n in range(4):
        owe(reader, binding=False, subject=f"{n} {'x' * 68}")
    owe(reader, binding=False, subject="y" * 200, at=AT + timedelta(days=1))
    owe(reader, binding=False, subject="Short", at=AT + timedelta(days=1))

    [first] = sent(AT + timedelta(days=1))
    [second] = sent(AT + timedelta(days=2))

    assert first.subject == f"0 {'x' * 68}; 1 {'x' * 68}, and 2 more"
    assert second.subject == f"{'y' * 200}, and 1 more"


@pytest.mark.parametrize(
    "typed",
    [
        "{{7*7}}",
        "{% debug %}",
        "%(x)s %s",
        "{0.__class__}",
        "<script>alert(1)</script>",
        "<img src=x onerror=y>",
        "a & b",
    ],
)
def test_what_somebody_typed_stays_text(owe, sent, reader, typed):
    owe(reader, subject=f"About {typed}", body=f"{typed}\nMore {typed}", why=f"Why {typed}", action=typed)

    [letter] = sent()

    assert letter.subject == f"About {typed}"
    assert letter.body.count(typed) == 4
    html = letter.alternatives[0][0]
    assert "<script" not in html
    assert "<img" not in html
    assert "49" not in letter.body + html.replace(mail.message_id("x"), "") or typed != "{{7*7}}"


@pytest.mark.parametrize("typed", ["Fund\r\nBcc: other@example.org", "Fund\nX-Evil: 1", "Fund\r\n\r\n<html>"])
def test_a_name_cannot_begin_a_header_or_a_body_of_its_own(owe, sink, reader, typed):
    owe(reader, subject=typed)

    delivery.drain(AT)

    [one] = sink.arrived
    assert one.subject == " ".join(typed.split())
    assert "Bcc" not in one.headers
    assert "X-Evil" not in one.headers
    assert one.to == "rea.der@example.org"


def test_a_letter_goes_over_the_wire_with_words_of_every_language(owe, sink, reader):
    owe(reader, subject="Geprüft: Rückerstattungen, €84.000 – “gut”", body="Ünïcödé 你好\nΩ")

    delivery.drain(AT)

    assert sink.arrived[0].subject == "Geprüft: Rückerstattungen, €84.000 – “gut”"
    assert "Ünïcödé 你好" in sink.arrived[0].text
    assert "Ünïcödé 你好" in sink.arrived[0].html


def test_no_mail_carries_a_credential(story, sink):
    s = story("production", tier_proposed=4)

    delivery.drain(s.at + timedelta(days=2))

    assert len(sink.arrived) > 5
    for one in sink.arrived:
        assert "token" not in one.text
        assert all(
            link.startswith("http://localhost:8000/") and "?" not in link
            for link in (word for word in one.text.split() if word.startswith("http"))
        )
