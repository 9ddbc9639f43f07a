"""Owing a notice: once for ever, on two channels, in the reader's own time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from governance.core import moments
from governance.initiatives import actions as initiatives
from governance.notices import actions, delivery, queries
from governance.notices.models import Channel, Message, Notice
from tests import make
from tests.notices.conftest import AT


def test_a_notice_is_owed_once_on_the_portal_and_once_by_mail(owe, reader):
    assert owe(reader, thing="decision:1") == 2
    assert owe(reader, thing="decision:1", subject="Again") == 0

    rows = Notice.objects.order_by("channel")
    assert [(n.channel, n.subject, n.send_at, n.sent_at, n.is_binding) for n in rows] == [
        (Channel.EMAIL, "Decide: fund it", AT, None, True),
        (Channel.PORTAL, "Decide: fund it", AT, AT, True),
    ]


def test_each_person_is_told_once_however_often_they_are_named_and_leavers_are_not(owe, reader):
    gone = make.make_person("Gone Away", is_active=False, left_on=AT.date())

    assert owe([reader, None, reader, gone]) == 2
    assert set(Notice.objects.values_list("person__name", flat=True)) == {"Rea Der"}


def test_nobody_to_tell_is_nothing_owed(owe):
    assert owe(None) == 0
    assert owe([]) == 0
    assert Notice.objects.count() == 0


def test_a_notice_that_is_undone_was_never_owed(owe, reader):
    def act():
        with transaction.atomic():
            owe(reader)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()

    assert Notice.objects.count() == 0


def test_what_can_wait_is_on_the_portal_at_once_and_in_the_mail_at_eight(owe, reader):
    owe(reader, binding=False)

    assert Notice.objects.get(channel="portal").send_at == AT
    assert Notice.objects.get(channel="email").send_at == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


def test_what_is_found_late_goes_with_the_digest_it_missed(owe, reader):
    owe(reader, binding=False, fell_due=AT - timedelta(days=3))

    assert Notice.objects.get(channel="email").send_at == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (
            datetime(2026, 3, 28, 12, 0, tzinfo=UTC),
            datetime(2026, 3, 29, 6, 0, tzinfo=UTC),
        ),  # the night summer time begins
        (datetime(2026, 10, 24, 12, 0, tzinfo=UTC), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),  # and ends
        (datetime(2026, 7, 1, 5, 59, tzinfo=UTC), datetime(2026, 7, 1, 6, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), datetime(2026, 7, 2, 6, 0, tzinfo=UTC)),
        (datetime(2028, 2, 28, 23, 0, tzinfo=UTC), datetime(2028, 2, 29, 7, 0, tzinfo=UTC)),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), datetime(2027, 1, 1, 7, 0, tzinfo=UTC)),
    ],
)
def test_the_digest_goes_at_eight_by_the_readers_own_clock(owe, at, wanted):
    reader = make.make_person("Greta Berg", time_zone="Europe/Berlin")

    owe(reader, binding=False, at=at)

    assert Notice.objects.get(channel="email").send_at == wanted


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)),  # noqa: DTZ001
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe"]
    ),
)
def test_the_next_digest_is_always_eight_oclock_and_within_25_hours(local, zone):
    at = local.replace(tzinfo=UTC)

    wanted = actions.next_digest(ZoneInfo(zone), at)

    assert wanted.astimezone(ZoneInfo(zone)).time() == actions.DIGEST_AT
    assert at < wanted <= at + timedelta(hours=25)


def test_a_reader_without_a_zone_has_that_of_their_unit(cast, owe):
    cast.support.time_zone = "America/New_York"
    cast.support.save()

    owe(make.make_person("New Here", unit=cast.support), binding=False)

    assert Notice.objects.get(channel="email").send_at == datetime(2026, 3, 3, 13, 0, tzinfo=UTC)


def test_every_reader_gets_moments_in_their_own_zone(owe):
    near, far = (
        make.make_person("Nia Near", time_zone="Europe/London"),
        make.make_person("Fay Far", time_zone="Asia/Tokyo"),
    )

    owe([near, far], subject=lambda: f"By {moments.moment(AT)}", body=lambda: moments.day(AT + timedelta(hours=16)))

    told = {n.person.name: (n.subject, n.body) for n in Notice.objects.filter(channel="email")}
    assert told == {
        "Nia Near": ("By Tue 3 Mar, 09:00 GMT", "Wed 4 Mar"),
        "Fay Far": ("By Tue 3 Mar, 18:00 JST", "Wed 4 Mar"),
    }


def test_something_for_the_portal_alone_owes_no_mail(owe, reader):
    assert owe(reader, mail=False) == 1
    assert Notice.objects.get().channel == Channel.PORTAL


def test_owing_costs_one_statement_however_many_are_told(owe, django_assert_max_num_queries, cast):
    people = list(cast.people)

    with django_assert_max_num_queries(1 + 4 + 2):  # the zone of each unit; and `owe` counts
        owe(people)
    assert Notice.objects.count() == 2 * len(people)


# Looking now


def test_a_transaction_asks_for_one_look_however_often_it_owes(reader, owe, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as calls:
        owe(reader)
        owe(reader)
        owe(reader)

    assert calls == [delivery._look_now]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_costs_an_act_nothing_and_is_left_alone_for_a_while(reader, owe, monkeypatch, caplog):
    from governance.notices.tasks import deliver

    asked = []

    def refuse(*args, **kwargs):
        asked.append(kwargs["retry"])
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(deliver, "apply_async", refuse)
    monkeypatch.setattr(delivery, "_quiet_until", 0.0)

    assert owe(reader) == 2
    assert owe(reader) == 2

    assert asked == [False]
    assert Notice.objects.count() == 4
    assert connection.run_on_commit == []
    assert "The task queue does not answer (ConnectionRefusedError)." in caplog.text


# Reading


def test_a_reader_sees_their_own_notices_newest_first_and_marks_them_read(owe, reader):
    owe(reader, subject="Old")
    owe(reader, subject="New", at=AT + timedelta(hours=1))
    owe(make.make_person("Else Where"), subject="Not yours")

    assert [n.subject for n in queries.of_person(reader)] == ["New", "Old"]
    assert queries.unread_count(reader) == 2
    assert actions.mark_read(reader, AT, [queries.of_person(reader)[1].pk]) == 1
    assert queries.unread_count(reader) == 1
    assert actions.mark_read(reader, AT) == 1
    assert actions.mark_read(reader, AT) == 0


def test_notices_about_what_a_reader_may_no_longer_see_are_gone_from_the_portal(owe, cast):
    told = initiatives.register({"name": "Secret"}, by=cast.lead, at=AT)
    owe(cast.staff, initiative=told, subject="About a secret")
    owe(cast.staff, subject="About nothing")
    assert [n.subject for n in queries.of_person(cast.staff)] == ["About nothing", "About a secret"]

    initiatives.set_restricted(told, True, by=cast.lead, at=AT)

    assert [n.subject for n in queries.of_person(cast.staff)] == ["About nothing"]
    assert queries.unread_count(cast.staff) == 1
    assert [n.subject for n in queries.of_person(cast.lead)] == []


def test_messages_are_listed_as_sent_waiting_or_given_up(reader):
    for number, values in enumerate(
        ({"sent_at": AT, "to_address": "a@b.c", "text": "x", "attempt": 1}, {}, {"failed_at": AT, "error": "550"})
    ):
        Message.objects.create(message_id=f"<{number}@x>", person=reader, send_at=AT, **values)

    assert [m.message_id for m in queries.sent()] == ["<0@x>"]
    assert [m.message_id for m in queries.waiting()] == ["<1@x>"]
    assert [m.message_id for m in queries.given_up()] == ["<2@x>"]
