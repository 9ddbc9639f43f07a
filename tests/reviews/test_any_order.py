"""Whenever and however often the clocks are looked at, what is settled and told comes out the same."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.gates import actions as gates
from governance.gates import retire, stop
from governance.gates.models import Decision
from governance.initiatives import actions, comments, roles
from governance.notices import delivery
from governance.notices.models import Channel, Notice
from governance.raci.models import Assignment, Role, Row
from governance.reviews import clocks
from governance.reviews.look import Look
from governance.reviews.models import Told
from tests import make

pytestmark = pytest.mark.django_db

MICRO, DAY = timedelta(microseconds=1), timedelta(days=1)
BEGIN = datetime(2026, 4, 7, 9, 0, tzinfo=UTC)
END = BEGIN + timedelta(days=120)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One thing for every row of the table, all of it undone, at BEGIN; made once, and gone after this file."""
    with django_db_blocker.unblock(), suppress(_Undo), transaction.atomic():
        yield _make_the_world(make.make_cast())
        raise _Undo


class _Undo(Exception):
    """Ends a transaction without keeping anything."""


def _make_the_world(cast):
    gate = make.Story(cast, name="Gate").to_funding()
    live = make.Story(cast, name="Live", tier_proposed=4).to_production()
    make.Story(cast, name="Live, too", tier_proposed=1).to_production()
    make.Story(cast, name="Asked", tier_proposed=4).to_build().ask_go_live()
    make.Story(cast, name="Built").to_build()
    make.Story(cast, name="Stopped").to_production().stop()
    make.Story(cast, name="Pilot", at=BEGIN).to_pilot()
    make.Story(cast, name="Adopted", at=BEGIN, found=True).name_people().ask_pilot().answer("pilot_go")
    idea = make.Story(cast, name="Idea", at=BEGIN)
    roles.offer(idea.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=BEGIN)
    actions.report_found({"name": "Found", "unit": cast.sales}, by=cast.staff, at=BEGIN)
    ending = make.Story(cast, name="Ending").to_production()
    retire.begin(ending.fresh, reason="Replaced.", by=cast.owner, at=ending.at)
    ordered = make.Story(cast, name="Ordered").to_production()
    stop.stop(ordered.fresh, reason="harm", note="", by=cast.owner, at=ordered.at, proof=make.prove(cast.owner))
    stop.ask_to_stop(live.fresh, saw="Twice.", by=cast.staff, at=live.at)
    comments.write(live.fresh, "Twice, at noon.", by=cast.staff, at=BEGIN)
    evidence = make.Story(cast, name="Imported").to_production()
    evidence.initiative.__class__.objects.filter(pk=evidence.initiative.pk).update(
        evidence_due_on=(BEGIN + 30 * DAY).date()
    )
    gates.settle(gate.fresh, at=BEGIN)
    return cast


def settled() -> dict[str, set]:
    """Return what time settled, and the notices that said so."""
    # By number: a look may open a question, and what was undone may have used up its id.
    called = {f"decision:{pk}": key for pk, *key in Decision.objects.values_list("pk", "initiative", "number")}
    lapsed = Notice.objects.filter(occasion="lapsed").values_list("person", "about", "channel")
    return {
        "questions": set(Decision.objects.values_list("initiative", "number", "closed", "outcome", "closed_at")),
        "offers": set(Assignment.objects.filter(role__in="AE").values_list("pk", "ended_at")),
        "notices": {(person, *called[about], channel) for person, about, channel in lapsed}
        | set(Notice.objects.filter(occasion__startswith="offer-lapsed").values_list("person", "about", "channel")),
    }


def told() -> set:
    """Return every notice of a review, an ownership clock, a stage that waits, or something that was left undone."""
    lasting = ("review.", "ownership-30", "build.", "stopped.owner", "evidence-", "postmortem.", "stop.")
    rows = Notice.objects.filter(channel=Channel.EMAIL).values_list("person", "about", "occasion")
    return {row for row in rows if row[2].startswith(lasting)}


def run_all(instants: list[datetime]):
    """Look at these instants, return what came of it, and undo it."""
    try:
        with transaction.atomic():
            for at in instants:
                assert "failed" not in clocks.run(at)
            found = settled(), told(), Notice.objects.count()
            raise _Undo
    except _Undo:
        return found


@pytest.mark.ci
def test_looking_at_random_instants_in_any_order_and_any_number_of_times_settles_and_tells_the_same(world):
    in_any_order(examples=8)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_looking_at_many_more_random_instants_settles_and_tells_the_same(world):
    in_any_order(examples=150)


def in_any_order(examples: int) -> None:
    """Compare random looks with one look a day."""
    settled_finely, told_finely, _count = run_all([BEGIN + n * DAY for n in range(121)])
    assert any(closed == "lapsed" for _pk, _number, closed, _outcome, _at in settled_finely["questions"])
    assert {code.split("-")[0] for _person, _about, code in told_finely} >= {
        "review.before",
        "review.due",
        "review.late",
        "review.escalated",
        "build.owner",
        "stopped.owner",
        "ownership",
        "evidence",
        "postmortem.late",
        "stop.wish",
        "stop.unconfirmed",
    }

    @settings(max_examples=examples, deadline=None, derandomize=examples < 100)
    @given(st.lists(st.integers(0, 120 * 24 * 60), max_size=5))
    def compare(minutes):
        looked = [BEGIN + timedelta(minutes=m) for m in minutes]
        settled_so, told_so, count = run_all([*looked, END])
        assert settled_so == settled_finely
        # What is told of a stop that day 90 asked for counts from the look that asked.
        assert _fixed(told_so) == _fixed(told_finely)
        assert run_all([*looked, END, *looked, END])[2] == count

    compare()


def _fixed(rows: set) -> set:
    """Return what does not follow from something a look itself began."""
    begun = {
        f"initiative:{pk}" for pk in Decision.objects.filter(kind="day_90").values_list("initiative_id", flat=True)
    }
    return {
        (person, about, code)
        for person, about, code in rows
        if not code.startswith(("postmortem.", "stop.unconfirmed"))
        and not (about in begun and code.startswith("stopped."))
    }


def test_each_row_is_due_from_its_instant_on_and_not_a_moment_before(world):
    checked = set()
    for occasion in clocks.OCCASIONS:
        for thing in occasion.model._default_manager.all():
            with suppress(TypeError, KeyError):  # what this row's clock does not run for
                instant = occasion.instant(thing, Look(BEGIN))
                if occasion.again or not _is_due(occasion, thing, instant + timedelta(seconds=1)):
                    continue
                assert _is_due(occasion, thing, instant), (occasion.code, instant)
                assert occasion.code == "role.left" or not _is_due(occasion, thing, instant - MICRO), (
                    occasion.code,
                    instant,
                )
                checked.add(occasion.code)
    assert {o.code for o in clocks.OCCASIONS} - checked == {"role.left", "stopped.weekly", "ownership.weekly"}


def _is_due(occasion, thing, at: datetime) -> bool:
    return occasion.untold(Look(at)).filter(pk=thing.pk).exists()


def test_a_week_without_a_worker_is_caught_up_once_and_what_was_to_be_told_in_it_goes_out(world, mailoutbox):
    at, missed = BEGIN + 30 * DAY, BEGIN + 37 * DAY
    daily = run_all([at + n * DAY for n in range(8)])

    with suppress(_Undo), transaction.atomic():
        clocks.run(at)
        delivery.drain(at)
        mailoutbox.clear()
        already = told()

        clocks.run(missed)
        delivery.drain(missed)

        assert (settled(), told()) == daily[:2]
        assert told() > already
        assert not Notice.objects.filter(
            channel=Channel.EMAIL, sent_at=None, send_at__lte=missed, dropped_because=""
        ).exists()
        assert len(mailoutbox) == len({m.extra_headers["Message-ID"] for m in mailoutbox}) > 0
        counts, mails = (Notice.objects.count(), Told.objects.count()), len(mailoutbox)
        clocks.run(missed)
        delivery.drain(missed)
        assert (Notice.objects.count(), Told.objects.count(), len(mailoutbox)) == (*counts, mails)
        raise _Undo
