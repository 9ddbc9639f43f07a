"""The one table of occasions: what time brings about, for whom, when, and what happens. Walked by the sweep.

Each row finds who is due with <=, so that what fell due while nothing ran is found later. What was told
is kept in `Told`, what was settled shows in the thing itself: any number of sweeps may run, each occasion
happens once. The whole table is one question to the database.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, Exists, F, Model, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from governance import ledger, policy
from governance.core.models import Installation, Pulse
from governance.gates import actions as gates
from governance.gates.models import Decision, Kind, Retirement, Stop, StopWish
from governance.initiatives import roles
from governance.initiatives.models import Initiative
from governance.ledger import Verb, checkpoint
from governance.notices import actions as notices
from governance.notices.models import Notice
from governance.proof.models import SignOff
from governance.raci import queries as raci
from governance.raci.models import OFFERED, Assignment, Role, Row
from governance.reviews import cadence, letters
from governance.reviews.letters import Group, Letter, Look
from governance.reviews.models import Told

log = logging.getLogger("mandate.sweep")

#: Things told in one transaction: a stop never waits for more than these.
CHUNK = 25
#: Things of a group that are marked as told in one transaction.
MARKED = 100


# What a row of the table is


@dataclass(frozen=True)
class Occasion:
    """One row: what waits, when its time comes, who is told, and what happens if nobody does anything.

    `things(look)` is a queryset of what is due, found with <=; `since` is the field its clock counts from,
    and `counted(since, look)` what `Told` keeps of it; `instant(thing, look)` says when exactly it fell due.
    `happens` does it for things of this row, `previews` says what it would be, without any effect.
    """

    code: str
    waits: Any
    when: Any
    told: Any
    otherwise: Any
    model: type[Model]
    things: Callable[[Look], QuerySet]
    since: Any
    instant: Callable[[Any, Look], datetime]
    happens: Callable[["Occasion", list["Due"], Look], "Done"]
    previews: Callable[["Occasion", list["Due"], Look], Iterator["Preview"]]
    letter: Callable[[Any, Look], Letter] | None = None
    groups: Callable[[list[int], Look], Iterator[Group]] | None = None
    escalates: bool = False
    again_after: Callable[[], timedelta] | None = None

    @property
    def says_when(self) -> str:
        """Return when its time comes, in words, with the policy's numbers."""
        return str(self.when() if callable(self.when) else self.when)

    def untold(self, look: Look) -> QuerySet:
        """Return what is due and was not dealt with yet. Lazy."""
        found = self.things(look)
        if self.happens is settled:
            return found
        earlier = Told.objects.filter(occasion=self.code, thing_id=OuterRef("pk"))
        round_ = (
            {"since": OuterRef(self.since)} if self.again_after is None else {"since__gt": look.at - self.again_after()}
        )
        return found.filter(~Exists(earlier.filter(**round_)))

    def asked(self, look: Look) -> QuerySet:
        """Return (code, thing, since) of what is due, for the one question. Lazy."""
        return (
            self.untold(look)
            .order_by()
            .annotate(
                x_code=Value(self.code, output_field=CharField()),
                x_thing=F("pk"),
                x_since=F(self.since),
            )
            .values_list("x_code", "x_thing", "x_since")
        )


class Due(NamedTuple):
    """One thing whose time has come."""

    thing: int
    since: datetime


class Done(NamedTuple):
    """How many things were dealt with, and how many could not be."""

    things: int = 0
    failed: int = 0


class Preview(NamedTuple):
    """What would happen: when it falls due, to whom it goes, in which words, and what follows if nobody acts."""

    at: datetime
    people: list
    subject: str
    otherwise: str


# Telling about one thing at a time


def told(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Tell about each of these things once, in small transactions; one that fails does not hold up the others."""
    done = Done()
    for start in range(0, len(due), CHUNK):
        chunk = [d.thing for d in due[start : start + CHUNK]]
        found, error = _attempt(_tell, occasion, chunk, look)
        if error is None:
            done = Done(done.things + found, done.failed)
            continue
        for pk in chunk:
            found, error = _attempt(_tell, occasion, [pk], look)
            if error is not None:
                log.error(
                    "The clock could not do %s for %s %s.",
                    occasion.code,
                    occasion.model._meta.model_name,
                    pk,
                    exc_info=error,
                )
            done = Done(done.things + found, done.failed + (error is not None))
    return done


def _attempt(do: Callable[..., int], *given: Any) -> tuple[int, Exception | None]:
    """Do something that must not take the sweep down with it. Returns what it did, and what stopped it."""
    try:
        return do(*given), None
    except Exception as error:
        return 0, error


def _tell(occasion: Occasion, pks: list[int], look: Look) -> int:
    """Tell about these things in one transaction: lock, look again, write the notices, keep that it was told."""
    at = look.at
    with ledger.act(by="system:sweep", at=at) as say:
        _lock(occasion, pks)
        things = _load(occasion, occasion.untold(look).filter(pk__in=pks))
        rows: list[Notice] = []
        for thing in things:
            rows += _write_down(occasion, thing, look, say)
        notices.write(rows)
        Told.objects.bulk_create(
            [
                Told(occasion=occasion.code, thing_id=thing.pk, since=_round(occasion, thing, look), told_at=at)
                for thing in things
            ]
        )
    return len(things)


def _lock(occasion: Occasion, pks: list[int]) -> None:
    """Lock the initiatives these things belong to, in the order of their keys: the first locks of any act."""
    mine = occasion.model._default_manager.filter(pk__in=pks)
    wanted = pks if occasion.model is Initiative else list(mine.values_list("initiative_id", flat=True))
    list(Initiative.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk").values_list("pk"))


def _load(occasion: Occasion, found: QuerySet) -> list:
    """Return things with what their letters read: their initiatives, and the matrices in one query."""
    joins: dict[type[Model], tuple[str, ...]] = {
        Initiative: ("workflow_owner",),
        Decision: ("initiative", "asked_by"),
        Assignment: ("initiative", "person"),
        SignOff: ("initiative", "decision__initiative"),
        Retirement: ("initiative",),
        StopWish: ("initiative__workflow_owner", "person"),
        Stop: ("initiative__workflow_owner", "asked_by"),
    }
    things = list(found.select_related(*joins[occasion.model]).order_by("pk"))
    raci.prefetch([_initiative(thing) for thing in things])
    return things


def _initiative(thing) -> Initiative:
    return thing if isinstance(thing, Initiative) else thing.initiative


def _write_down(occasion: Occasion, thing, look: Look, say) -> list[Notice]:
    """Return the notices about one thing and record whom they go to. Inside the act that tells."""
    assert occasion.letter is not None
    letter, initiative = occasion.letter(thing, look), _initiative(thing)
    if occasion.code == WISH and initiative.restricted:
        roles.inform(initiative, letter.people, at=look.at, say=say)
    counted = _round(occasion, thing, look)
    people = sorted({p.pk for p in letter.people if p is not None and p.is_active})
    say(
        Verb.CLOCK_ESCALATED if occasion.escalates else Verb.CLOCK_REMINDED,
        thing,
        occasion=occasion.code,
        since=counted,
        people=people,
        text={"subject": letter.subject()},
    )
    # The instant is part of the name: a new round of the same clock is a new occasion.
    return _rows(
        letter,
        look,
        thing=thing,
        occasion=f"{occasion.code}-{counted:%Y%m%d%H%M%S}",
        initiative=initiative,
        fell_due=occasion.instant(thing, look),
    )


def _rows(letter: Letter, look: Look, **about: Any) -> list[Notice]:
    return notices.rows(
        letter.people,
        subject=letter.subject,
        body=letter.body,
        path=letter.path,
        why=letter.why,
        at=look.at,
        binding=letter.binding,
        due=letter.due,
        action=letter.action,
        zones=look.zones,
        **about,
    )


def _round(occasion: Occasion, thing, look: Look) -> datetime:
    """Return what `Told` keeps: the instant the clock counts from, for weekly occasions that of this week."""
    return occasion.instant(thing, look) if occasion.again_after else getattr(thing, occasion.since)


def _previewed(occasion: Occasion, due: list[Due], look: Look) -> Iterator[Preview]:
    """Say what telling about each of these things would be. Writes nothing."""
    assert occasion.letter is not None
    for thing in _load(occasion, occasion.model._default_manager.filter(pk__in=[d.thing for d in due])):
        then = Look(occasion.instant(thing, look))
        letter = occasion.letter(thing, then)
        yield Preview(then.at, letter.people, str(letter.subject()), str(occasion.otherwise))


# Telling about many things in one letter


def told_in_groups(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Tell about these things group by group: one notice a person, group and day, however many things there are."""
    assert occasion.groups is not None
    since, done = dict(due), Done()
    for group in occasion.groups([d.thing for d in due], look):
        for start in range(0, len(group.things), MARKED):
            found, error = _attempt(_tell_group, occasion, group, group.things[start : start + MARKED], since, look)
            if error is not None:
                log.error("The clock could not do %s for %s.", occasion.code, group.about, exc_info=error)
            done = Done(done.things + found, done.failed + (error is not None))
    return done


def _tell_group(occasion: Occasion, group: Group, pks: list[int], since: dict[int, datetime], look: Look) -> int:
    """Owe the letters of a group, unless an earlier chunk did, and keep of these things that they were told."""
    with ledger.act(by="system:sweep", at=look.at) as say:
        # One sweep at a time: grouped letters have no single initiative whose lock could order them.
        list(Installation.objects.select_for_update(of=("self",)).filter(pk=1).values_list("pk"))
        fresh = list(occasion.untold(look).filter(pk__in=pks).order_by("pk").values_list("pk", flat=True))
        if not fresh:
            return 0
        if occasion.code == LEFT:
            _start_ownership(pks, look)
        if not Notice.objects.filter(about=group.about, occasion=group.key).exists():
            rows = [
                row
                for letter in group.letters
                for row in _rows(letter, look, thing=group.about, occasion=group.key, fell_due=group.fell_due)
            ]
            notices.write(rows)
            people = sorted({row.person_id for row in rows})
            if people:
                say(
                    Verb.CLOCK_ESCALATED if occasion.escalates else Verb.CLOCK_REMINDED,
                    group.subject,
                    occasion=occasion.code,
                    things=len(group.things),
                    people=people,
                    text={"subject": rows[0].subject},
                )
        Told.objects.bulk_create(
            [Told(occasion=occasion.code, thing_id=pk, since=since[pk], told_at=look.at) for pk in fresh]
        )
    return len(fresh)


def _start_ownership(pks: list[int], look: Look) -> None:
    """Start the ownership clock of what a leaver owned: in use, and nobody active accepted."""
    mine = Initiative.objects.in_use().filter(assignments__in=pks, unowned_since=None).values("pk")
    for initiative in Initiative.objects.select_for_update(of=("self",)).filter(pk__in=mine).order_by("pk"):
        if raci.matrix(initiative).owner is None:
            initiative.unowned_since = look.at
            initiative.save(update_fields=["unowned_since"])


def _previewed_in_groups(occasion: Occasion, due: list[Due], look: Look) -> Iterator[Preview]:
    assert occasion.groups is not None
    for group in occasion.groups([d.thing for d in due], look):
        for letter in group.letters:
            yield Preview(group.fell_due, letter.people, str(letter.subject()), str(occasion.otherwise))


# Settling: the thing itself changes, under its lock, in the room it belongs to


def settled(occasion: Occasion, due: list[Due], look: Look) -> Done:
    """Settle each of these things; one that fails does not hold up the others."""
    done = Done()
    for pk in dict.fromkeys(d.thing for d in due):
        found, error = _attempt(_SETTLES[occasion.code], pk, look.at)
        if error is not None:
            log.error(
                "The clock could not do %s for %s %s.",
                occasion.code,
                occasion.model._meta.model_name,
                pk,
                exc_info=error,
            )
        done = Done(done.things + found, done.failed + (error is not None))
    return done


def _settle_gate(pk: int, at: datetime) -> int:
    initiative = Initiative.objects.filter(decisions=pk).first()
    return gates.settle(initiative, at=at) if initiative is not None else 0


def _lapse_offer(pk: int, at: datetime) -> int:
    offer = Assignment.objects.filter(pk=pk).first()
    return int(offer is not None and roles.lapse_offer(offer, at=at))


# When: pieces the rows share


def _windows() -> dict[str, Any]:
    return policy.current().windows


def _hours(name: str) -> timedelta:
    return timedelta(hours=_windows()[name])


def _days(name: str) -> timedelta:
    return timedelta(days=_windows()[name])


def _gate_rung(place: int) -> timedelta:
    return timedelta(hours=_windows()["stuck_gate_reminders_h"][place])


def _day_90_rung(place: int) -> timedelta:
    """Return how long before day 90 a reminder is owed; that of the day itself, so that the day's digest carries it."""
    return max(timedelta(days=_windows()["day_90_reminders_d"][place]), cadence.ON_THE_DAY)


def _ownership_rungs() -> list[int]:
    return [*_windows()["ownership_reminders_d"], _windows()["ownership_d"]]


def _decisions(look: Look, ahead: timedelta, until: timedelta, kinds: Q) -> QuerySet:
    """Return the open questions whose deadline is at most `ahead` away, and further than `until`."""
    return Decision.objects.open().filter(kinds, due_at__lte=look.at + ahead, due_at__gt=look.at + until)


def _reviewed(look: Look, ahead: Callable[[Any], timedelta]) -> QuerySet:
    """Return what is in production and whose review is due in `ahead(tier)` at most; late by that much where it is negative."""
    due = Q(pk__in=())
    for number, tier in policy.current().tiers.items():
        reach = look.at + ahead(tier)
        # Nobody is late while it is stopped: lateness counts from the restart at the earliest.
        due |= Q(tier=number, review_due_at__lte=reach) & (
            Q(stage_since__lte=reach) if ahead(tier) < timedelta() else Q()
        )
    return Initiative.objects.filter(due, stage="production", retiring_since=None)


def _tier(initiative):
    return policy.current().tiers[initiative.tier]


def _counted(initiative) -> datetime:
    return max(initiative.review_due_at, initiative.stage_since)


def _unowned(look: Look, rung: int) -> QuerySet:
    """Return what has had no owner as long as this rung says, and not as long as the next one."""
    rungs = _ownership_rungs()
    found = Initiative.objects.unowned().filter(unowned_since__lte=look.cut - timedelta(days=rungs[rung]))
    return (
        found.filter(unowned_since__gt=look.cut - timedelta(days=rungs[rung + 1])) if rung + 1 < len(rungs) else found
    )


def _waits_in(stage: str, look: Look, since: timedelta) -> QuerySet:
    return Initiative.objects.filter(stage=stage, retiring_since=None, stage_since__lte=look.at - since)


def _this_week(initiative, look: Look) -> datetime:
    """Return the latest weekly instant of something stopped: day 30 and whole weeks."""
    first = initiative.stage_since + _days("stopped_d")
    return first + (look.at - first) // _days("stopped_repeat_d") * _days("stopped_repeat_d")


def _leavers() -> QuerySet:
    standing = Assignment.objects.standing().filter(role__in=OFFERED, person__is_active=False)
    return standing.exclude(initiative__stage__in=["retired", "triage"])


_NOT_DAY_90, _DAY_90 = ~Q(kind=Kind.DAY_90), Q(kind=Kind.DAY_90)
_OPEN_SIGN_OFF = Q(answer="", decision__closed="")
#: Go-live and halt are offered as one: only the first of the two speaks.
_SPEAKS = ~Q(row=Row.HALT, role=Role.ACCOUNTABLE)
WISH, LEFT = "stop.wish", "role.left"
_LAPSE_GATE, _LAPSE_OFFER = "gate.time_up", "offer.lapsed"
_SETTLES: dict[str, Callable[[int, datetime], int]] = {_LAPSE_GATE: _settle_gate, _LAPSE_OFFER: _lapse_offer}

_one: dict[str, Any] = {"happens": told, "previews": _previewed}
_many: dict[str, Any] = {"happens": told_in_groups, "previews": _previewed_in_groups}
_settling: dict[str, Any] = {"happens": settled, "previews": _previewed}


# The table

OCCASIONS: tuple[Occasion, ...] = (
    # What settles comes first, so that nobody is reminded of what is over.
    Occasion(
        _LAPSE_GATE,
        _("A gate or another question"),
        _("When its time is up"),
        _("The Escalation owner; when it lapses, whoever asked and decides"),
        _(
            "Handed to the Escalation owner where there is time for that, then closed as No pass; it is never passed by silence"
        ),
        Decision,
        lambda look: Decision.objects.open().filter(
            Q(final_at__lte=look.at) | Q(due_at__lte=look.at, handed_over_at=None)
        ),
        "due_at",
        lambda d, look: d.final_at if d.final_at <= look.at else d.due_at,
        letter=letters.gate_time_up,
        **_settling,
    ),
    Occasion(
        _LAPSE_OFFER,
        _("An offer of Accountable or Escalation owner"),
        _("When its working days are over"),
        _("The Portfolio office"),
        _("The role is vacant"),
        Assignment,
        lambda look: Assignment.objects.offers().filter(answer_by__lte=look.at),
        "answer_by",
        lambda a, look: a.answer_by,
        letter=letters.offer_lapsed,
        **_settling,
    ),
    Occasion(
        "gate.first",
        _("A gate or another question"),
        lambda: now_("%(n)s hours before its time is up") % {"n": _windows()["stuck_gate_reminders_h"][0]},
        _("Whoever decides"),
        _("It is handed over or closes as No pass"),
        Decision,
        lambda look: _decisions(look, _gate_rung(0), _gate_rung(-1), _NOT_DAY_90),
        "due_at",
        lambda d, look: d.due_at - _gate_rung(0),
        letter=letters.gate_reminder,
        **_one,
    ),
    Occasion(
        "gate.last",
        _("A gate or another question"),
        lambda: now_("%(n)s hours before its time is up") % {"n": _windows()["stuck_gate_reminders_h"][-1]},
        _("Whoever decides"),
        _("It is handed over or closes as No pass"),
        Decision,
        lambda look: _decisions(look, _gate_rung(-1), timedelta(), _NOT_DAY_90),
        "due_at",
        lambda d, look: d.due_at - _gate_rung(-1),
        letter=letters.gate_reminder,
        **_one,
    ),
    Occasion(
        "day_90.first",
        _("Day 90 of a pilot"),
        lambda: now_("%(n)s days before") % {"n": _windows()["day_90_reminders_d"][0]},
        _("The Accountable of the pilot"),
        _("It is stopped and retires with a postmortem"),
        Decision,
        lambda look: _decisions(look, _day_90_rung(0), _day_90_rung(1), _DAY_90),
        "due_at",
        lambda d, look: d.due_at - _day_90_rung(0),
        letter=letters.day_90,
        **_one,
    ),
    Occasion(
        "day_90.second",
        _("Day 90 of a pilot"),
        lambda: now_("%(n)s days before") % {"n": _windows()["day_90_reminders_d"][1]},
        _("The Accountable of the pilot"),
        _("It is stopped and retires with a postmortem"),
        Decision,
        lambda look: _decisions(look, _day_90_rung(1), _day_90_rung(2), _DAY_90),
        "due_at",
        lambda d, look: d.due_at - _day_90_rung(1),
        letter=letters.day_90,
        **_one,
    ),
    Occasion(
        "day_90.day",
        _("Day 90 of a pilot"),
        _("On the day"),
        _("The Accountable of the pilot"),
        _("It is stopped and retires with a postmortem"),
        Decision,
        lambda look: _decisions(look, _day_90_rung(2), timedelta(), _DAY_90),
        "due_at",
        lambda d, look: d.due_at - _day_90_rung(2),
        letter=letters.day_90,
        **_one,
    ),
    Occasion(
        "offer.reminder",
        _("An offer of Accountable or Escalation owner"),
        lambda: now_("%(n)s hours before its time is up") % {"n": _windows()["offer_reminder_h"]},
        _("The person it was made to"),
        _("The role stays vacant"),
        Assignment,
        lambda look: Assignment.objects.offers().filter(
            _SPEAKS, answer_by__lte=look.at + _hours("offer_reminder_h"), answer_by__gt=look.at
        ),
        "answer_by",
        lambda a, look: a.answer_by - _hours("offer_reminder_h"),
        letter=letters.offer_reminder,
        **_one,
    ),
    Occasion(
        "sign_off.due",
        _("A sign-off"),
        lambda: now_("%(n)s hours before it is due") % {"n": _windows()["sign_off_reminder_h"]},
        _("The members of the function"),
        _("It counts as not signed"),
        SignOff,
        lambda look: SignOff.objects.filter(
            _OPEN_SIGN_OFF, due_at__lte=look.at + _hours("sign_off_reminder_h"), due_at__gt=look.at
        ),
        "due_at",
        lambda s, look: s.due_at - _hours("sign_off_reminder_h"),
        letter=letters.sign_off_due,
        **_one,
    ),
    Occasion(
        "sign_off.late",
        _("A sign-off"),
        _("When it is late"),
        _("The members of the function and the Portfolio office"),
        _("The question cannot pass"),
        SignOff,
        lambda look: SignOff.objects.filter(_OPEN_SIGN_OFF, due_at__lte=look.at),
        "due_at",
        lambda s, look: s.due_at,
        letter=letters.sign_off_late,
        escalates=True,
        **_one,
    ),
    Occasion(
        "review.before",
        _("A review"),
        _("When a fifth of its interval is left, at least a day"),
        _("Business owner and workflow owner"),
        _("It falls due"),
        Initiative,
        lambda look: _reviewed(look, lambda tier: cadence.lead(tier.review_d)),
        "review_due_at",
        lambda i, look: cadence.reminder_at(i.review_due_at, _tier(i).review_d),
        letter=letters.review_before,
        **_one,
    ),
    Occasion(
        "review.due",
        _("A review"),
        _("On the day"),
        _("Business owner and workflow owner"),
        _("It is late, and they are told so"),
        Initiative,
        lambda look: _reviewed(look, lambda tier: cadence.ON_THE_DAY),
        "review_due_at",
        lambda i, look: i.review_due_at - cadence.ON_THE_DAY,
        letter=letters.review_due,
        **_one,
    ),
    Occasion(
        "review.late",
        _("A review"),
        _("When it is a day late; at tier 4, half a day"),
        _("Business owner and workflow owner"),
        _("It goes to the Accountable and the Escalation owner"),
        Initiative,
        lambda look: _reviewed(look, lambda tier: -cadence.late_after(tier.escalate_review_after_d)),
        "review_due_at",
        lambda i, look: cadence.late_at(_counted(i), _tier(i).escalate_review_after_d),
        letter=letters.review_late,
        **_one,
    ),
    Occasion(
        "review.escalated",
        _("A review"),
        lambda: (
            now_("When it is %(most)s days late; at tier 4, %(four)s")
            % {
                "most": policy.current().tiers[0].escalate_review_after_d,
                "four": policy.current().tiers[4].escalate_review_after_d,
            }
        ),
        _("The Accountable and the Escalation owner"),
        _("It runs on unreviewed, and every page says so"),
        Initiative,
        lambda look: _reviewed(look, lambda tier: -timedelta(days=tier.escalate_review_after_d)),
        "review_due_at",
        lambda i, look: cadence.escalate_at(_counted(i), _tier(i).escalate_review_after_d),
        letter=letters.review_escalated,
        escalates=True,
        **_one,
    ),
    Occasion(
        "ownership.first",
        _("Something in use without an owner"),
        lambda: now_("After %(n)s days") % {"n": _ownership_rungs()[0]},
        _("Portfolio office and the unit's leader, one notice a unit"),
        _("It goes to the COO"),
        Initiative,
        lambda look: _unowned(look, 0),
        "unowned_since",
        lambda i, look: look.morning_after(i.unowned_since + timedelta(days=_ownership_rungs()[0])),
        groups=lambda pks, look: letters.ownership(pks, look, _ownership_rungs()[0]),
        **_many,
    ),
    Occasion(
        "ownership.second",
        _("Something in use without an owner"),
        lambda: now_("After %(n)s days") % {"n": _ownership_rungs()[1]},
        _("Portfolio office and the unit's leader, one notice a unit"),
        _("It goes to the COO"),
        Initiative,
        lambda look: _unowned(look, 1),
        "unowned_since",
        lambda i, look: look.morning_after(i.unowned_since + timedelta(days=_ownership_rungs()[1])),
        groups=lambda pks, look: letters.ownership(pks, look, _ownership_rungs()[1]),
        **_many,
    ),
    Occasion(
        "ownership.up",
        _("Something in use without an owner"),
        lambda: now_("After %(n)s days") % {"n": _ownership_rungs()[2]},
        _("The COO, with Portfolio office and the unit's leader, one notice a unit"),
        _("It stays listed as without an owner until a named person accepts"),
        Initiative,
        lambda look: _unowned(look, 2),
        "unowned_since",
        lambda i, look: look.morning_after(i.unowned_since + timedelta(days=_ownership_rungs()[2])),
        groups=lambda pks, look: letters.ownership(pks, look, _ownership_rungs()[2]),
        escalates=True,
        **_many,
    ),
    Occasion(
        "build.owner",
        _("Something in build"),
        lambda: now_("After %(n)s days") % {"n": _windows()["build_d"]},
        _("The business owner"),
        _("The Escalation owner is told"),
        Initiative,
        lambda look: _waits_in("build", look, _days("build_d")),
        "stage_since",
        lambda i, look: i.stage_since + _days("build_d"),
        letter=letters.build_owner,
        **_one,
    ),
    Occasion(
        "build.escalated",
        _("Something in build"),
        lambda: now_("After %(n)s days") % {"n": _windows()["build_d"] + _windows()["build_escalation_d"]},
        _("The Escalation owner"),
        _("It stays in build"),
        Initiative,
        lambda look: _waits_in("build", look, _days("build_d") + _days("build_escalation_d")),
        "stage_since",
        lambda i, look: i.stage_since + _days("build_d") + _days("build_escalation_d"),
        letter=letters.build_escalated,
        escalates=True,
        **_one,
    ),
    Occasion(
        "stopped.owner",
        _("Something stopped"),
        lambda: now_("After %(n)s days") % {"n": _windows()["stopped_d"]},
        _("The business owner"),
        _("Escalation owner and Portfolio office are told every week"),
        Initiative,
        lambda look: _waits_in("stopped", look, _days("stopped_d")),
        "stage_since",
        lambda i, look: i.stage_since + _days("stopped_d"),
        letter=letters.stopped_owner,
        **_one,
    ),
    Occasion(
        "stopped.weekly",
        _("Something stopped"),
        lambda: now_("Every %(n)s days after that") % {"n": _windows()["stopped_repeat_d"]},
        _("The Escalation owner and the Portfolio office"),
        _("It stays stopped"),
        Initiative,
        lambda look: _waits_in("stopped", look, _days("stopped_d") + _days("stopped_repeat_d")),
        "stage_since",
        _this_week,
        letter=letters.stopped_weekly,
        escalates=True,
        again_after=lambda: _days("stopped_repeat_d"),
        **_one,
    ),
    Occasion(
        "evidence.missing",
        _("Production that came from a register without evidence"),
        _("On the day its evidence is due"),
        _("The business owner; else Portfolio office and the unit's leader, one notice a unit"),
        _("It stays marked “evidence missing”"),
        Initiative,
        lambda look: Initiative.objects.in_use().filter(evidence_due_on__lte=look.cut.astimezone(look.zone).date()),
        "stage_since",
        lambda i, look: look.morning(i.evidence_due_on),
        groups=letters.evidence,
        **_many,
    ),
    Occasion(
        "postmortem.due",
        _("A postmortem"),
        lambda: now_("%(n)s hours before it is due") % {"n": _windows()["postmortem_reminder_h"]},
        _("Whoever answers for it"),
        _("It is late, and others are told"),
        Retirement,
        lambda look: Retirement.objects.filter(
            published_at=None, due_at__lte=look.at + _hours("postmortem_reminder_h")
        ),
        "due_at",
        lambda r, look: r.due_at - _hours("postmortem_reminder_h"),
        letter=letters.postmortem_due,
        **_one,
    ),
    Occasion(
        "postmortem.late",
        _("A postmortem"),
        _("When it is late"),
        _("Whoever answers for it, the Escalation owner and the Portfolio office"),
        _("It stays with the owner, and it is not retired"),
        Retirement,
        lambda look: Retirement.objects.filter(published_at=None, due_at__lte=look.at),
        "due_at",
        lambda r, look: r.due_at,
        letter=letters.postmortem_late,
        escalates=True,
        **_one,
    ),
    Occasion(
        WISH,
        _("A wish to stop"),
        lambda: now_("When nobody answers for %(n)s h") % {"n": _windows()["ask_to_stop_h"]},
        _("CTO and COO"),
        _("It runs on; the wish stays on its page"),
        StopWish,
        lambda look: StopWish.objects.filter(
            answered_at=None, at__lte=look.at - _hours("ask_to_stop_h"), initiative__in=Initiative.objects.in_use()
        ),
        "at",
        lambda w, look: w.at + _hours("ask_to_stop_h"),
        letter=letters.wish_unanswered,
        escalates=True,
        **_one,
    ),
    Occasion(
        "stop.unconfirmed",
        _("A stop"),
        lambda: now_("When nobody confirms for %(n)s h that it stopped") % {"n": _windows()["stop_unconfirmed_h"]},
        _("The Accountable and the Escalation owner of halt, again"),
        _("Every page says: stop asked, not confirmed"),
        Stop,
        lambda look: Stop.objects.filter(
            confirmed_at=None, lifted_at=None, asked_at__lte=look.at - _hours("stop_unconfirmed_h")
        ),
        "asked_at",
        lambda s, look: s.asked_at + _hours("stop_unconfirmed_h"),
        letter=letters.stop_unconfirmed,
        escalates=True,
        **_one,
    ),
    Occasion(
        LEFT,
        _("A role whose holder has left"),
        _("At once"),
        _("The Portfolio office, one notice a person"),
        _("The next gate is blocked; the ownership clock runs"),
        Assignment,
        lambda look: _leavers(),
        "accepted_at",
        lambda a, look: look.at,
        groups=letters.left,
        **_many,
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
    counted under "failed"; the others go on, and it is tried again next time. Looks again until nothing
    new is due, because what settles may bring something about. Five queries when nothing is due.
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
            done, error = _attempt_row(BY_CODE[code], things, look)
            counts[code] += done.things
            counts["failed"] += done.failed + (error is not None)
    _keep_the_books(at, counts)
    return {code: count for code, count in counts.items() if count}


def _attempt_row(occasion: Occasion, things: list[Due], look: Look) -> tuple[Done, Exception | None]:
    """Do one row of the table; what it fails with as a whole holds up no other row."""
    try:
        return occasion.happens(occasion, things, look), None
    except Exception as error:
        log.error("The clock could not do %s.", occasion.code, exc_info=error)
        return Done(), error


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
            coming = [d for d in things if occasion.happens is settled or (code, d.thing) not in seen]
            seen |= {(code, d.thing) for d in things}
            for preview in occasion.previews(occasion, coming, look) if coming else ():
                if preview.at > at:
                    found.setdefault((code, preview.at, preview.subject), (occasion, preview))
    return sorted(found.values(), key=lambda row: (row[1].at, row[0].code, row[1].subject))
