"""When reviews are due: pure dates, through both changes of the clock, leap days and the turn of the year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.reviews import cadence

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Apia",
        )
    ]
)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001
INTERVALS = st.sampled_from([1, 7, 14, 30, 180])


def berlin(*parts: int) -> datetime:
    """Return an instant by the clock on the wall in Berlin, in UTC."""
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


def test_a_review_done_in_time_is_due_again_one_interval_after_its_due_date():
    due = berlin(2026, 6, 3, 10, 0)

    assert cadence.next_due(due, 7, due - timedelta(days=1), BERLIN) == berlin(2026, 6, 10, 10, 0)
    assert cadence.next_due(due, 7, due + timedelta(days=3), BERLIN) == berlin(2026, 6, 10, 10, 0)


def test_a_review_done_later_than_a_whole_interval_rolls_forward_past_today_and_keeps_its_weekday():
    due = berlin(2026, 6, 3, 10, 0)

    assert cadence.next_due(due, 7, berlin(2026, 6, 17, 9, 59), BERLIN) == berlin(2026, 6, 17, 10, 0)
    assert cadence.next_due(due, 7, berlin(2026, 6, 17, 10, 0), BERLIN) == berlin(2026, 6, 24, 10, 0)


@pytest.mark.parametrize(
    ("due", "following"),
    [
        (berlin(2026, 3, 25, 9, 0), berlin(2026, 4, 1, 9, 0)),  # into summer time: six days and 23 hours
        (berlin(2026, 10, 21, 9, 0), berlin(2026, 10, 28, 9, 0)),  # out of it: seven days and an hour
        (berlin(2028, 2, 22, 9, 0), berlin(2028, 2, 29, 9, 0)),
        (berlin(2026, 12, 28, 9, 0), berlin(2027, 1, 4, 9, 0)),
    ],
)
def test_nine_in_the_morning_stays_nine_in_the_morning(due, following):
    assert cadence.next_due(due, 7, due, BERLIN) == following


def test_an_hour_that_does_not_exist_becomes_the_one_the_clock_jumps_to():
    due = berlin(2026, 3, 22, 2, 30)

    assert cadence.next_due(due, 7, due, BERLIN) == berlin(2026, 3, 29, 3, 30)


def test_an_hour_that_exists_twice_is_the_first():
    due = berlin(2026, 10, 18, 2, 30)

    assert cadence.next_due(due, 7, due, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_interval_of_less_than_a_day_is_refused():
    with pytest.raises(ValueError, match="An interval of 0 days came"):
        cadence.next_due(berlin(2026, 6, 3), 0, berlin(2026, 6, 3), BERLIN)


@pytest.mark.parametrize(
    ("days", "lead"),
    [
        (7, timedelta(days=1.4)),
        (14, timedelta(days=2.8)),
        (30, timedelta(days=6)),
        (180, timedelta(days=36)),
        (3, timedelta(days=1)),
    ],
)
def test_the_first_reminder_goes_when_a_fifth_is_left_but_never_less_than_a_day_before(days, lead):
    due = berlin(2026, 6, 30, 17, 0)

    assert cadence.reminder_at(due, days) == due - lead


@pytest.mark.parametrize(("escalates", "late"), [(7, timedelta(days=1)), (1, timedelta(hours=12))])
def test_people_hear_that_it_is_late_before_it_goes_to_others(escalates, late):
    due = berlin(2026, 6, 30, 17, 0)

    assert cadence.late_at(due, escalates) == due + late
    assert cadence.escalate_at(due, escalates) == due + timedelta(days=escalates)
    assert cadence.late_at(due, escalates) < cadence.escalate_at(due, escalates)


@given(due=INSTANTS, days=INTERVALS, after=st.timedeltas(timedelta(days=-200), timedelta(days=900)), zone=ZONES)
def test_the_next_date_is_after_now_whole_intervals_on_and_the_first_such(due, days, after, zone):
    at = due + after

    following = cadence.next_due(due, days, at, zone)

    apart = (following.astimezone(zone).date() - due.astimezone(zone).date()).days
    assert following > at
    assert following > due
    # A date line that moved, or an hour that does not exist, may shift the local day by one.
    assert min(apart % days, -apart % days) <= 1
    missed = cadence.days_on(due, round(apart / days) * days - days, zone)
    assert missed <= max(at, due)


@given(due=INSTANTS, days=INTERVALS, zone=ZONES)
def test_the_time_of_day_stays_unless_that_hour_does_not_exist_or_exists_twice(due, days, zone):
    following = cadence.next_due(due, days, due, zone)

    here, there = due.astimezone(zone), following.astimezone(zone)
    steady = there.replace(fold=0).utcoffset() == there.replace(fold=1).utcoffset()
    wanted = here.replace(tzinfo=None, fold=0)
    assert (
        there.time().replace(fold=0) == wanted.time() or not steady or not _exists(wanted + timedelta(days=days), zone)
    )


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clock on the wall ever shows this."""
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


@given(due=INSTANTS, days=INTERVALS, escalates=st.sampled_from([1, 7]))
def test_reminder_day_lateness_and_escalation_come_in_this_order(due, days, escalates):
    rungs = [cadence.reminder_at(due, days), due, cadence.late_at(due, escalates), cadence.escalate_at(due, escalates)]

    assert rungs == sorted(rungs)
    assert len(set(rungs)) == 4
