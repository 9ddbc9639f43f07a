"""Delivery: claimed once, sent with one Message-ID, marked by whoever still holds it; trouble is somebody's own."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.db import connection, connections

from governance.core import clock
from governance.initiatives import actions as initiatives
from governance.ledger.models import LedgerEntry
from governance.notices import delivery
from governance.notices.models import Channel, Message, Notice
from governance.people.functions import Function
from tests import make
from tests.notices.conftest import AT

DAY = timedelta(days=1)


def let_pass(**fields) -> None:
    """Act as if the lease of every message, or its pause, had run out on the wall clock."""
    Message.objects.exclude(claimed_until=None).update(claimed_until=clock.wall() - timedelta(seconds=1), **fields)


# What goes


def test_nothing_to_send_costs_two_queries(db, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert delivery.drain(AT) == (0, 0, 0)


def test_a_notice_goes_when_its_time_has_come_and_once(owe, reader, mailoutbox):
    owe(reader, at=AT + timedelta(minutes=1))

    assert delivery.drain(AT) == (0, 0, 0)
    assert delivery.drain(AT + timedelta(minutes=1)) == (1, 0, 0)
    assert delivery.drain(AT + timedelta(minutes=2)) == (0, 0, 0)
    assert len(mailoutbox) == 1


def test_the_longest_overdue_goes_first(owe, reader, mailoutbox):
    for days in (2, 5, 1, 9):
        owe(reader, at=AT - days * DAY, subject=f"{days} days ago")

    delivery.drain(AT)

    assert [letter.subject for letter in mailoutbox] == ["9 days ago", "5 days ago", "2 days ago", "1 days ago"]


def test_who_left_meanwhile_is_written_nothing_and_it_says_why(owe, reader, mailoutbox):
    owe(reader)
    owe(reader, binding=False, at=AT - DAY)
    delivery.gather(AT)
    reader.is_active, reader.left_on = False, AT.date()
    reader.save()

    assert delivery.drain(AT) == (0, 2, 0)

    assert mailoutbox == []
    assert set(Notice.objects.filter(channel=Channel.EMAIL).values_list("sent_at", "dropped_because", "message")) == {
        (None, "left", None)
    }
    assert Message.objects.count() == 0
    assert delivery.drain(AT) == (0, 0, 0)


def test_what_was_restricted_meanwhile_is_not_sent_to_who_may_not_see_it(owe, cast, mailoutbox):
    told = initiatives.register({"name": "Secret"}, by=cast.lead, at=AT - DAY)
    owe([cast.staff, cast.lead], initiative=told, subject="About a secret")
    owe(cast.staff, initiative=told, subject="Later", binding=False, at=AT - DAY)
    owe(cast.staff, subject="Something else", binding=False, at=AT - DAY)
    delivery.gather(AT)
    initiatives.set_restricted(told, True, by=cast.lead, at=AT)

    delivery.drain(AT)

    assert sorted((letter.to[0], letter.subject) for letter in mailoutbox) == [
        ("kim.sato@example.org", "Something else"),
        ("sam.doyle@example.org", "About a secret"),
    ]
    assert set(
        Notice.objects.filter(person=cast.staff, channel=Channel.EMAIL, initiative=told).values_list(
            "sent_at", "dropped_because"
        )
    ) == {(None, "not visible")}
    assert "Secret" not in "".join(m.text for m in Message.objects.filter(person=cast.staff))


# Claims


def test_a_message_somebody_claimed_is_left_to_them_until_their_lease_is_over(owe, reader, mailoutbox):
    owe(reader)
    delivery.gather(AT)
    message = Message.objects.get()
    assert delivery._claim(message.pk, 0) is True

    assert delivery._claim(message.pk, 0) is False
    assert delivery._claim(message.pk, 1) is False
    assert delivery.drain(AT) == (0, 0, 0)
    let_pass()
    assert delivery.drain(AT) == (1, 0, 0)
    assert Message.objects.get().attempt == 2


def test_a_repeat_after_a_crash_carries_the_same_message_id_and_is_counted(owe, reader, sink, monkeypatch):
    owe(reader)
    owe(reader, binding=False, at=AT - DAY)
    owe(reader, binding=False, at=AT - DAY)

    def die(*args):
        raise KeyboardInterrupt  # between the server's OK and our mark

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "_mark", die)
        for _message in range(2):
            with pytest.raises(KeyboardInterrupt):
                delivery.drain(AT)
    assert len(sink.ids) == 2
    assert not Message.objects.exclude(sent_at=None).exists()

    let_pass()
    owe(reader, binding=False, at=AT - DAY, subject="Owed since")  # joins no digest that went out already
    delivery.drain(AT)

    assert sink.ids.count(sink.ids[0]) == sink.ids.count(sink.ids[1]) == 2
    assert len(set(sink.ids)) == 3
    assert sorted(Message.objects.values_list("attempt", flat=True)) == [1, 2, 2]
    texts = {
        one.message_id: {other.text for other in sink.arrived if other.message_id == one.message_id}
        for one in sink.arrived
    }
    assert all(len(same) == 1 for same in texts.values())


def test_who_was_away_longer_than_the_lease_marks_nothing(owe, reader, sink, monkeypatch, caplog):
    owe(reader)
    delivery.gather(AT)
    message = Message.objects.get()
    assert delivery._claim(message.pk, 0)

    # The first attempt hands it over and hangs; meanwhile its lease runs out and another goes through.
    with delivery._Postman() as postman:
        letter = delivery.mail.compose(message, list(message.notices.all()), company="", at=AT)
        postman.send(letter)
        let_pass()
        assert delivery.drain(AT + DAY) == (1, 0, 0)
        delivery._mark(message, 1, letter, list(message.notices.all()), {}, AT)

    message.refresh_from_db()
    assert (message.attempt, message.sent_at) == (2, AT + DAY)
    assert Notice.objects.get(channel="email").sent_at == AT + DAY
    assert f"Message {message.message_id} was away longer than its lease" in caplog.text
    assert len(sink.ids) == 2
    assert len(set(sink.ids)) == 1


def in_a_thread_of_its_own(do) -> None:
    """Do something with database connections that end with it."""
    try:
        do()
    finally:
        connections.close_all()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_everything_once(owe, sink):
    people = [make.make_person(f"Person No{n}", time_zone="UTC") for n in range(6)]
    for _notice in range(10):
        owe(people)
        owe(people, binding=False, at=AT - DAY)
    barrier = threading.Barrier(8)
    failures = []

    def work():
        try:
            barrier.wait(20)
            delivery.drain(AT)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=in_a_thread_of_its_own, args=(work,)) for _worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    delivery.drain(AT)

    assert failures == []
    assert (
        len(sink.ids)
        == len(set(sink.ids))
        == 6 * 10 + Message.objects.filter(notices__is_binding=False).distinct().count()
    )
    assert set(Message.objects.values_list("attempt", flat=True)) == {1}
    assert not Notice.objects.filter(sent_at=None).exists()
    # One digest a person; two at most where two workers gathered at the very same moment.
    assert Message.objects.filter(notices__is_binding=False).distinct().count() <= 12


@pytest.mark.postgres
def test_claiming_and_gathering_work_the_same_on_both_databases(owe, cast, mailoutbox):
    people = list(cast.people)
    for _notice in range(3):
        owe(people)
        owe(people, binding=False, at=AT - DAY)

    delivery.drain(AT)

    assert len(mailoutbox) == 4 * len(people)
    assert connection.vendor in ("sqlite", "postgresql")
    assert not Notice.objects.filter(channel=Channel.EMAIL, sent_at=None).exists()


# Trouble


def test_one_address_that_is_refused_holds_up_nobody_else(owe, cast, sink):
    sink.refuses[cast.owner.email] = "550 no such person here"
    for _round in range(3):
        owe([cast.owner, cast.staff, cast.lead])

    drained = delivery.drain(AT)

    assert drained == (6, 0, 3)
    assert sorted(one.to for one in sink.arrived) == ["kim.sato@example.org"] * 3 + ["sam.doyle@example.org"] * 3
    assert set(Message.objects.filter(person=cast.owner).values_list("attempt", "sent_at", "failed_at")) == {
        (1, None, None)
    }
    assert "550" in Message.objects.filter(person=cast.owner).first().error


def test_an_address_that_stays_refused_is_given_up_recorded_and_shown_to_the_administrators(owe, cast, sink):
    sink.refuses[cast.owner.email] = "550 no such person here"
    owe(cast.owner, subject="Secret subject")
    for _attempt in range(delivery.REFUSED_TRIES):
        delivery.drain(AT)
        let_pass()

    message = Message.objects.get(person=cast.owner)
    assert (message.attempt, message.failed_at, message.sent_at) == (3, AT, None)
    entry = LedgerEntry.objects.get(verb="notice.failed")
    assert (entry.actor, entry.subject_id, entry.detail["person"], entry.detail["attempt"]) == (
        "system:delivery",
        message.pk,
        cast.owner.pk,
        3,
    )
    told = Notice.objects.get(person=cast.admin)
    assert (told.channel, told.subject) == (Channel.PORTAL, "E-mail does not reach Priya Nair")
    assert "priya.nair@example.org" in told.body
    assert "Secret" not in told.body
    assert delivery.drain(AT + DAY) == (0, 0, 0)


def test_an_address_that_is_refused_for_now_is_tried_again_and_arrives(owe, reader, sink):
    sink.refuses[reader.email] = "451 try later"
    owe(reader)
    for _attempt in range(6):
        assert delivery.drain(AT) == (0, 0, 1)
        let_pass()

    sink.refuses.clear()

    assert delivery.drain(AT) == (1, 0, 0)
    assert Message.objects.get().attempt == 7


def test_a_message_that_failed_is_left_alone_for_a_while_that_grows_and_is_never_twice_the_same(owe, reader, sink):
    sink.refuses[reader.email] = "451 try later"
    owe(reader)
    before = clock.wall()

    delivery.drain(AT)

    pause = Message.objects.get().claimed_until - before
    assert timedelta(seconds=40) < pause < timedelta(seconds=90)
    assert delivery.drain(AT) == (0, 0, 0)
    longest = delivery.LONGEST_PAUSE
    assert all(longest * 0.75 <= delivery.pause_after(n) <= longest * 1.25 for n in (4, 9, 400))
    assert len({delivery.pause_after(3) for _draw in range(20)}) > 10


def test_a_server_that_is_down_is_left_alone_after_three_failures_and_everything_arrives_later(
    owe, reader, sink, settings
):
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    for _notice in range(10):
        owe(reader)

    assert delivery.drain(AT) == (0, 0, 3)
    assert sorted(Message.objects.values_list("attempt", flat=True)) == [0] * 7 + [1] * 3
    settings.EMAIL_PORT = there
    let_pass()
    assert delivery.drain(AT) == (10, 0, 0)
    assert len(set(sink.ids)) == 10


def test_a_server_that_hangs_up_on_one_message_sends_the_others_over_a_new_connection(owe, reader, sink):
    sink.before = lambda one: "421 going down" if one.subject == "Poison" else None
    for subject in ("First", "Poison", "Last"):
        owe(reader, subject=subject)

    assert delivery.drain(AT) == (2, 0, 1)
    assert [one.subject for one in sink.arrived] == ["First", "Last"]


def test_a_message_that_cannot_be_written_is_put_aside_after_three_attempts_and_the_rest_goes_on(
    owe, reader, mailoutbox, monkeypatch, caplog
):
    compose = delivery.mail.compose

    def poisoned(message, notices, **context):
        if notices[0].subject == "Poison":
            raise ZeroDivisionError("poison")
        return compose(message, notices, **context)

    monkeypatch.setattr(delivery.mail, "compose", poisoned)
    for subject in ("First", "Poison", "Last"):
        owe(reader, subject=subject)

    results = []
    for _attempt in range(4):
        results.append(delivery.drain(AT))
        let_pass()

    assert results == [(2, 0, 1), (0, 0, 1), (0, 1, 0), (0, 0, 0)]
    assert [letter.subject for letter in mailoutbox] == ["First", "Last"]
    assert Message.objects.get(failed_at__isnull=False).error == "ZeroDivisionError: poison"
    assert "was given up after 3 attempts" in caplog.text
    assert LedgerEntry.objects.filter(verb="notice.failed").count() == 1


def test_a_drain_that_takes_too_long_leaves_the_rest_to_the_next(owe, reader, mailoutbox):
    for _notice in range(5):
        owe(reader)

    assert delivery.drain(AT, seconds=0) == (0, 0, 0)
    assert delivery.drain(AT) == (5, 0, 0)


def test_a_mail_server_that_does_not_answer_fails_no_act(owe, reader, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1

    assert owe(reader) == 2
    assert django_mail.outbox == []


def test_two_thousand_due_at_once_go_out_in_order_and_each_waiting_reader_gets_one_digest(db, mailoutbox):
    people = [make.make_person(f"Person No{n}", Function.AUDITORS, time_zone="UTC") for n in range(20)]
    Notice.objects.bulk_create(
        Notice(
            person=people[n % 20],
            about=f"thing:{n}",
            occasion="due",
            channel=Channel.EMAIL,
            subject=f"No {n}",
            why="You.",
            is_binding=n % 4 == 0,
            owed_at=AT,
            send_at=AT - timedelta(seconds=2000 - n),
        )
        for n in range(2000)
    )

    drained = delivery.drain(AT, seconds=300)

    assert drained == (500 + 15, 0, 0)
    assert Message.objects.filter(sent_at=AT).count() == 515
    assert not Notice.objects.filter(sent_at=None).exists()
    binding = [letter.subject for letter in mailoutbox if letter.body.startswith("No ")]
    assert binding == [f"No {n}" for n in range(0, 2000, 4)]
    digests = [letter for letter in mailoutbox if not letter.body.startswith("No ")]
    assert len({letter.to[0] for letter in digests}) == 15
    assert all(re.search(r", and \d+ more$", letter.subject) for letter in digests)
