"""The one table of occasions: what time brings about, for whom, when, and what happens. Walked by the sweep.

Each row finds who is due with <=, so that what fell due while nothing ran is found later. What was told
is kept in `Told`, what was settled shows in the thing itself: any number of sweeps may run, each occasion
happens once. The whole table is one question to the database. (What a row is: occasions.py; what it says:
letters.py; how it is told: telling.py; what the rows share: waiting.py.)
"""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from governance.comments.models import Comment
from governance.core.models import Pulse
from governance.gates import settling as gates
from governance.gates.models import Decision, Kind, Retirement, Stop, StopWish
from governance.initiatives import roles
from governance.initiatives.models import Initiative
from governance.ledger import checkpoint
from governance.people import calendars
from governance.proof.models import SignOff
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from governance.reviews import (
    cadence,
    letters_comments,
    letters_initiatives,
    letters_many,
    letters_questions,
    telling,
)
from governance.reviews.look import Look
from governance.reviews.occasions import Due, Occasion, Preview
from governance.reviews.waiting import (
    adopted,
    days,
    hours,
    late_days,
    late_from,
    leavers,
    reviewed,
    said,
    this_week,
    tier,
    unpublished,
    waits_in,
    windows,
)

log = logging.getLogger("mandate.sweep")


#: No time before and none after: the instant itself.
_ON_TIME = timedelta

#: Go-live and halt are offered as one: only the first of the two speaks.
_SPEAKS = ~Q(row=Row.HALT, role=Role.ACCOUNTABLE)
_OPEN_SIGN_OFF = Q(answer="", decision__closed="")
_DAY_90 = Q(kind=Kind.DAY_90)


# What settles, and what begins when it is told


def _settle_gate(pk: int, at: datetime) -> int:
    initiative = Initiative.objects.filter(decisions=pk).first()
    return gates.settle(initiative, at=at) if initiative is not None else 0


def _lapse_offer(pk: int, at: datetime) -> int:
    offer = Assignment.objects.filter(pk=pk).first()
    return int(offer is not None and roles.lapse_offer(offer, at=at))


def _start_ownership(pks: list[int], at: datetime) -> None:
    """Start the ownership clock of what a leaver owned: in use, and nobody active accepted."""
    mine = Initiative.objects.in_use().filter(assignments__in=pks, unowned_since=None).values("pk")
    for initiative in Initiative.objects.select_for_update(of=("self",)).filter(pk__in=mine).order_by("pk"):
        if raci.matrix(initiative).owner is None:
            initiative.unowned_since = at
            initiative.save(update_fields=["unowned_since"])


# Rows that come in rungs: each speaks until the next one does


def _before_gate(rung: int) -> timedelta:
    return timedelta(hours=windows()["stuck_gate_reminders_h"][rung])


def _gate_reminder(code: str, rung: int, until: Callable[[], timedelta]) -> Occasion:
    return Occasion(
        code,
        waits=_("A gate or another question"),
        when=lambda: now_("%(n)s hours before its time is up") % {"n": windows()["stuck_gate_reminders_h"][rung]},
        told=_("Whoever decides"),
        otherwise=_("It is handed over or closes as No pass"),
        model=Decision,
        things=lambda look: Decision.objects.open().filter(~_DAY_90, due_at__gt=look.at + until()),
        since="due_at",
        after=lambda: -_before_gate(rung),
        letter=letters_questions.gate_reminder,
    )


def _before_day_90(rung: int) -> timedelta:
    """Return how long before day 90 a reminder is owed; that of the day itself, so that the day's digest carries it."""
    return max(timedelta(days=windows()["day_90_reminders_d"][rung]), cadence.ON_THE_DAY)


def _day_90_reminder(code: str, rung: int, until: Callable[[], timedelta], when: Any = None) -> Occasion:
    return Occasion(
        code,
        waits=_("Day 90 of a pilot"),
        when=when or (lambda: now_("%(n)s days before") % {"n": windows()["day_90_reminders_d"][rung]}),
        told=_("The Accountable of the pilot"),
        otherwise=_("It is stopped and retires with a postmortem"),
        model=Decision,
        things=lambda look: Decision.objects.open().filter(_DAY_90, due_at__gt=look.at + until()),
        since="due_at",
        after=lambda: -_before_day_90(rung),
        letter=letters_questions.day_90,
    )


def _ownership_rungs() -> list[int]:
    return [*windows()["ownership_reminders_d"], windows()["ownership_d"]]


def _ownership(code: str, rung: int, *, told: Any, otherwise: Any, escalates: bool = False) -> Occasion:
    def unowned(look: Look) -> QuerySet:
        rungs = [look.cut - timedelta(days=days) for days in _ownership_rungs()]
        found = Initiative.objects.unowned().filter(unowned_since__lte=rungs[rung])
        return found.filter(unowned_since__gt=rungs[rung + 1]) if rung + 1 < len(rungs) else found

    return Occasion(
        code,
        waits=_("Something in use without an owner"),
        when=lambda: now_("After %(n)s days") % {"n": _ownership_rungs()[rung]},
        told=told,
        otherwise=otherwise,
        model=Initiative,
        things=unowned,
        since="unowned_since",
        fell_due=lambda i, look: look.morning_after(i.unowned_since + timedelta(days=_ownership_rungs()[rung])),
        groups=lambda pks, look: letters_many.ownership(pks, look, _ownership_rungs()[rung]),
        escalates=escalates,
    )


#: What is told at an instant was told after the moment before it.
_A_MOMENT = timedelta(microseconds=1)


def _unowned_for_good(look: Look) -> QuerySet:
    """Return what still had no owner when the COO's time was over, on the last Monday."""
    had = calendars.Calendar(look.zone).working_day_before(look.monday.date(), windows()["ownership_coo_wd"])
    begun = look.morning(had - timedelta(days=1))
    return Initiative.objects.unowned().filter(unowned_since__lte=begun - timedelta(days=windows()["ownership_d"]))


# The table

OCCASIONS: tuple[Occasion, ...] = (
    # What settles comes first, so that nobody is reminded of what is over.
    Occasion(
        "gate.time_up",
        waits=_("A gate or another question"),
        when=_("When its time is up"),
        told=_("The Escalation owner; when it lapses, whoever asked and decides"),
        otherwise=_(
            "Handed to the Escalation owner where there is time for that, then closed as No pass; it is never passed by silence"
        ),
        model=Decision,
        things=lambda look: Decision.objects.open().filter(
            Q(final_at__lte=look.at) | Q(due_at__lte=look.at, handed_over_at=None)
        ),
        since="due_at",
        fell_due=lambda d, look: d.final_at if d.final_at <= look.at else d.due_at,
        letter=letters_questions.gate_time_up,
        settle=_settle_gate,
    ),
    Occasion(
        "offer.lapsed",
        waits=_("An offer of Accountable or Escalation owner"),
        when=_("When its working days are over"),
        told=_("The Portfolio office"),
        otherwise=_("The role is vacant"),
        model=Assignment,
        things=lambda look: Assignment.objects.offers(),
        since="answer_by",
        after=_ON_TIME,
        letter=letters_questions.offer_lapsed,
        settle=_lapse_offer,
    ),
    _gate_reminder("gate.first", 0, until=lambda: _before_gate(-1)),
    _gate_reminder("gate.last", -1, until=_ON_TIME),
    _day_90_reminder("day_90.first", 0, until=lambda: _before_day_90(1)),
    _day_90_reminder("day_90.second", 1, until=lambda: _before_day_90(2)),
    _day_90_reminder("day_90.day", 2, until=_ON_TIME, when=_("On the day")),
    Occasion(
        "adopted.rest",
        waits=_("A pilot that was found in use"),
        when=lambda: now_("%(n)s days after it was adopted") % {"n": windows()["adopted_rest_due_d"]},
        told=_("Business owner and whoever moves it"),
        otherwise=_("It runs on as a pilot, and its funding gate cannot pass"),
        model=Initiative,
        things=lambda look: adopted(),
        since="pilot_since",
        after=lambda: days("adopted_rest_due_d"),
        letter=letters_initiatives.adopted_rest,
    ),
    Occasion(
        "offer.reminder",
        waits=_("An offer of Accountable or Escalation owner"),
        when=lambda: now_("%(n)s hours before its time is up") % {"n": windows()["offer_reminder_h"]},
        told=_("The person it was made to"),
        otherwise=_("The role stays vacant"),
        model=Assignment,
        things=lambda look: Assignment.objects.offers().filter(_SPEAKS, answer_by__gt=look.at),
        since="answer_by",
        after=lambda: -hours("offer_reminder_h"),
        letter=letters_questions.offer_reminder,
    ),
    Occasion(
        "sign_off.due",
        waits=_("A sign-off"),
        when=lambda: now_("%(n)s hours before it is due") % {"n": windows()["sign_off_reminder_h"]},
        told=_("The members of the function"),
        otherwise=_("It counts as not signed"),
        model=SignOff,
        things=lambda look: SignOff.objects.filter(_OPEN_SIGN_OFF, due_at__gt=look.at),
        since="due_at",
        after=lambda: -hours("sign_off_reminder_h"),
        letter=letters_questions.sign_off_due,
    ),
    Occasion(
        "sign_off.late",
        waits=_("A sign-off"),
        when=_("When it is late"),
        told=_("The members of the function and the Portfolio office"),
        otherwise=_("The question cannot pass"),
        model=SignOff,
        things=lambda look: SignOff.objects.filter(_OPEN_SIGN_OFF),
        since="due_at",
        after=_ON_TIME,
        letter=letters_questions.sign_off_late,
        escalates=True,
    ),
    Occasion(
        "review.before",
        waits=_("A review"),
        when=_("When a fifth of its interval is left, at least a day"),
        told=_("Business owner and workflow owner"),
        otherwise=_("It falls due"),
        model=Initiative,
        things=lambda look: reviewed(look, lambda tier: cadence.lead(tier.review_d)),
        since="review_due_at",
        fell_due=lambda i, look: cadence.reminder_at(i.review_due_at, tier(i).review_d),
        letter=letters_initiatives.review_before,
    ),
    Occasion(
        "review.due",
        waits=_("A review"),
        when=_("On the day"),
        told=_("Business owner and workflow owner"),
        otherwise=_("It is late, and they are told so"),
        model=Initiative,
        things=lambda look: reviewed(look, lambda tier: cadence.ON_THE_DAY),
        since="review_due_at",
        fell_due=lambda i, look: i.review_due_at - cadence.ON_THE_DAY,
        letter=letters_initiatives.review_due,
    ),
    Occasion(
        "review.late",
        waits=_("A review"),
        when=_("When it is a day late; at tier 4, half a day"),
        told=_("Business owner and workflow owner"),
        otherwise=_("It goes to the Accountable and the Escalation owner"),
        model=Initiative,
        things=lambda look: reviewed(look, lambda tier: -cadence.late_after(tier.escalate_review_after_d)),
        since="review_due_at",
        fell_due=lambda i, look: cadence.late_at(late_from(i), tier(i).escalate_review_after_d),
        letter=letters_initiatives.review_late,
    ),
    Occasion(
        "review.escalated",
        waits=_("A review"),
        when=lambda: now_("When it is %(most)s days late; at tier 4, %(four)s") % late_days(),
        told=_("The Accountable and the Escalation owner"),
        otherwise=_("It runs on unreviewed, and every page says so"),
        model=Initiative,
        things=lambda look: reviewed(look, lambda tier: -timedelta(days=tier.escalate_review_after_d)),
        since="review_due_at",
        fell_due=lambda i, look: cadence.escalate_at(late_from(i), tier(i).escalate_review_after_d),
        letter=letters_initiatives.review_escalated,
        escalates=True,
    ),
    _ownership(
        "ownership.first",
        0,
        told=_("Portfolio office and the unit's leader, one notice a unit"),
        otherwise=_("It goes to the COO"),
    ),
    _ownership(
        "ownership.second",
        1,
        told=_("Portfolio office and the unit's leader, one notice a unit"),
        otherwise=_("It goes to the COO"),
    ),
    _ownership(
        "ownership.up",
        2,
        told=_("The COO, with Portfolio office and the unit's leader, one notice a unit"),
        otherwise=_("It is listed every Monday"),
        escalates=True,
    ),
    Occasion(
        "ownership.weekly",
        waits=_("Something in use without an owner"),
        when=lambda: (
            now_("Every Monday, once the COO has had %(n)s working days") % {"n": windows()["ownership_coo_wd"]}
        ),
        told=_("The COO, with Portfolio office and the unit's leader, one notice a unit"),
        otherwise=_("It stays on the list until a named person accepts"),
        model=Initiative,
        things=_unowned_for_good,
        since="unowned_since",
        fell_due=lambda i, look: look.monday,
        groups=letters_many.still_unowned,
        escalates=True,
        again=lambda look: look.monday - _A_MOMENT,
    ),
    Occasion(
        "build.owner",
        waits=_("Something in build"),
        when=lambda: now_("After %(n)s days") % {"n": windows()["build_d"]},
        told=_("The business owner"),
        otherwise=_("The Escalation owner is told"),
        model=Initiative,
        things=lambda look: waits_in("build"),
        since="stage_since",
        after=lambda: days("build_d"),
        letter=letters_initiatives.build_owner,
    ),
    Occasion(
        "build.escalated",
        waits=_("Something in build"),
        when=lambda: now_("After %(n)s days") % {"n": windows()["build_d"] + windows()["build_escalation_d"]},
        told=_("The Escalation owner"),
        otherwise=_("It stays in build"),
        model=Initiative,
        things=lambda look: waits_in("build"),
        since="stage_since",
        after=lambda: days("build_d") + days("build_escalation_d"),
        letter=letters_initiatives.build_escalated,
        escalates=True,
    ),
    Occasion(
        "stopped.owner",
        waits=_("Something stopped"),
        when=lambda: now_("After %(n)s days") % {"n": windows()["stopped_d"]},
        told=_("The business owner"),
        otherwise=_("Escalation owner and Portfolio office are told every week"),
        model=Initiative,
        things=lambda look: waits_in("stopped"),
        since="stage_since",
        after=lambda: days("stopped_d"),
        letter=letters_initiatives.stopped_owner,
    ),
    Occasion(
        "stopped.weekly",
        waits=_("Something stopped"),
        when=lambda: now_("Every %(n)s days after that") % {"n": windows()["stopped_repeat_d"]},
        told=_("The Escalation owner and the Portfolio office"),
        otherwise=_("It stays stopped"),
        model=Initiative,
        things=lambda look: waits_in("stopped"),
        since="stage_since",
        after=lambda: days("stopped_d") + days("stopped_repeat_d"),
        fell_due=this_week,
        letter=letters_initiatives.stopped_weekly,
        escalates=True,
        again=lambda look: look.at - days("stopped_repeat_d"),
    ),
    Occasion(
        "evidence.missing",
        waits=_("Production that came from a register without evidence"),
        when=_("On the day its evidence is due"),
        told=_("The business owner; else Portfolio office and the unit's leader, one notice a unit"),
        otherwise=_("It stays marked “evidence missing”"),
        model=Initiative,
        things=lambda look: Initiative.objects.in_use().filter(
            evidence_due_on__lte=look.cut.astimezone(look.zone).date()
        ),
        since="stage_since",
        fell_due=lambda i, look: look.morning(i.evidence_due_on),
        groups=letters_many.evidence,
    ),
    Occasion(
        "postmortem.due",
        waits=_("A postmortem"),
        when=lambda: now_("%(n)s hours before it is due") % {"n": windows()["postmortem_reminder_h"]},
        told=_("Whoever answers for it"),
        otherwise=_("It is late, and others are told"),
        model=Retirement,
        things=lambda look: unpublished(),
        since="due_at",
        after=lambda: -hours("postmortem_reminder_h"),
        letter=letters_initiatives.postmortem_due,
    ),
    Occasion(
        "postmortem.late",
        waits=_("A postmortem"),
        when=_("When it is late"),
        told=_("Whoever answers for it, the Escalation owner and the Portfolio office"),
        otherwise=_("It stays with the owner, and it is not retired"),
        model=Retirement,
        things=lambda look: unpublished(),
        since="due_at",
        after=_ON_TIME,
        letter=letters_initiatives.postmortem_late,
        escalates=True,
    ),
    Occasion(
        "stop.wish",
        waits=_("A wish to stop"),
        when=lambda: now_("When nobody answers for %(n)s h") % {"n": windows()["ask_to_stop_h"]},
        told=_("CTO and COO"),
        otherwise=_("It runs on; the wish stays on its page"),
        model=StopWish,
        things=lambda look: StopWish.objects.filter(answered_at=None, initiative__in=Initiative.objects.in_use()),
        since="at",
        after=lambda: hours("ask_to_stop_h"),
        letter=letters_initiatives.wish_unanswered,
        escalates=True,
        shows=True,
    ),
    Occasion(
        "stop.unconfirmed",
        waits=_("A stop"),
        when=lambda: now_("When nobody confirms for %(n)s h that it stopped") % {"n": windows()["stop_unconfirmed_h"]},
        told=_("The Accountable and the Escalation owner of halt, again"),
        otherwise=_("Every page says: stop asked, not confirmed"),
        model=Stop,
        things=lambda look: Stop.objects.filter(confirmed_at=None, lifted_at=None),
        since="asked_at",
        after=lambda: hours("stop_unconfirmed_h"),
        letter=letters_initiatives.stop_unconfirmed,
        escalates=True,
    ),
    Occasion(
        "role.left",
        waits=_("A role whose holder has left"),
        when=_("At once"),
        told=_("The Portfolio office, one notice a person"),
        otherwise=_("The next gate is blocked; the ownership clock runs"),
        model=Assignment,
        things=lambda look: leavers(),
        since="accepted_at",
        fell_due=lambda a, look: look.at,
        groups=letters_many.left,
        begins=_start_ownership,
    ),
    Occasion(
        "comments.new",
        waits=_("New comments"),
        when=_("Every morning, before the digest"),
        told=_("Whoever watches it, one line an initiative"),
        otherwise=_("They stay on its page"),
        model=Comment,
        things=said,
        since="written_at",
        fell_due=lambda c, look: look.dawn_after(c.written_at),
        groups=letters_comments.new,
    ),
)

BY_CODE = {occasion.code: occasion for occasion in OCCASIONS}


# Walking it


def due(at: datetime, look: Look | None = None) -> dict[str, list[Due]]:
    """Return everything whose time has come at `at` and that was not dealt with, by occasion. Writes nothing.

    One query for the whole table, and one for the company's zone.
    """
    look = look or Look(at)
    first, *others = (occasion.asked(look) for occasion in OCCASIONS)
    found: dict[str, list[Due]] = {}
    for code, thing, since in first.union(*others, all=True):
        found.setdefault(code, []).append(Due(thing, since))
    return {code: sorted(found[code], key=lambda d: (d.since, d.thing)) for code in BY_CODE if code in found}


def run(at: datetime) -> dict[str, int]:
    """Look at every clock at `at` and do what is due, the longest due first. Returns how many things by occasion.

    Idempotent, and safe to run at once in any number of places. What one thing fails with is logged and
    counted under "failed"; the others go on, and it is tried again next time. Looks again after something
    settled or began, because that may bring about what is due at once. Five queries when nothing is due.
    """
    counts: Counter[str] = Counter()
    seen: set[tuple[str, int, datetime]] = set()
    while True:
        look, found = Look(at), {}
        for code, things in due(at, look).items():
            if fresh := [d for d in things if (code, *d) not in seen]:
                found[code] = fresh
                seen |= {(code, *d) for d in fresh}
        if not found:
            break
        for code, things in found.items():
            done = telling.happen(BY_CODE[code], things, look)
            counts[code] += done.things
            counts["failed"] += done.failed
        if not any(BY_CODE[code].settle or BY_CODE[code].begins for code in found):
            break
    _keep_the_books(at, counts)
    return {code: count for code, count in counts.items() if count}


def _keep_the_books(at: datetime, counts: Counter[str]) -> None:
    """Sign a checkpoint of the ledger when one is due, and write that the sweep is alive."""
    try:
        if checkpoint.due(at):
            checkpoint.make(at)
            counts["checkpoint"] += 1
    except Exception as error:
        counts["failed"] += 1
        log.error("The checkpoint of the ledger could not be made.", exc_info=error)
    Pulse.beat("sweep")


def tonight(at: datetime, ahead: timedelta = timedelta(hours=24)) -> list[tuple[Occasion, Preview]]:
    """Return what falls due within `ahead`, the next first: to whom it goes, and what follows if nobody acts.

    Read only: asks the table hour by hour as it will be, less what is due already. A query an hour, and
    those of the letters.
    """
    hours = max(-(-ahead // timedelta(hours=1)), 1)
    seen = {(code, d.thing) for code, things in due(at).items() for d in things}
    found: dict[tuple[str, datetime, str], tuple[Occasion, Preview]] = {}
    for look in (Look(min(at + timedelta(hours=hour), at + ahead)) for hour in range(1, hours + 1)):
        for code, things in due(look.at, look).items():
            occasion = BY_CODE[code]
            # What is settled may be handed over first and lapse later: it is asked about every time.
            coming = [d for d in things if occasion.settle is not None or (code, d.thing) not in seen]
            seen |= {(code, d.thing) for d in things}
            for preview in telling.preview(occasion, coming, look) if coming else ():
                if preview.at > at:
                    found.setdefault((code, preview.at, preview.subject), (occasion, preview))
    return sorted(found.values(), key=lambda row: (row[1].at, row[0].code, row[1].subject))
