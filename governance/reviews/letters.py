"""What each occasion says, and to whom. Nothing is written here; clocks.py decides when, notices keeps it.

A letter's words are functions: they are said in the zone and language of each reader.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core.models import Installation
from governance.core.moments import day, moment, span
from governance.gates import queries as gates
from governance.gates.models import Decision, Retirement, Stop, StopWish
from governance.gates.questions import QUESTIONS
from governance.initiatives.models import Initiative
from governance.notices.actions import DIGEST_AT
from governance.people import calendars, functions
from governance.people.functions import Function
from governance.people.models import Person, Unit
from governance.proof.models import SignOff
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from governance.reviews import cadence, queries

Words = Callable[[], Any]


@dataclass
class Letter:
    """One notice to several people, not written yet."""

    people: list
    subject: Words
    body: Words
    path: str
    why: Words
    due: datetime | None = None
    action: Words | str = ""
    binding: bool = False


@dataclass
class Look:
    """One look at every clock, at one instant: what is read once for all occasions is kept here."""

    at: datetime
    zones: dict = field(default_factory=dict)
    _members: dict = field(default_factory=dict)

    @cached_property
    def installation(self) -> Installation:
        """The installation. One query."""
        return Installation.objects.filter(pk=1).first() or Installation(company="", time_zone="UTC")

    @property
    def zone(self) -> ZoneInfo:
        """The company's zone."""
        return calendars.zone(self.installation.time_zone)

    @cached_property
    def cut(self) -> datetime:
        """The latest 08:00 of the company that has passed: what is grouped by day is looked at then."""
        today = self.morning(self.at.astimezone(self.zone).date())
        return today if today <= self.at else self.morning(self.at.astimezone(self.zone).date() - timedelta(days=1))

    def morning(self, day) -> datetime:
        """Return 08:00 of a day in the company's zone."""
        return datetime.combine(day, DIGEST_AT, tzinfo=self.zone)

    def morning_after(self, instant: datetime) -> datetime:
        """Return the first 08:00 of the company at or after `instant`."""
        same = self.morning(instant.astimezone(self.zone).date())
        return same if same >= instant else self.morning(same.date() + timedelta(days=1))

    def members(self, function: Function) -> list[Person]:
        """Return the active people of a function. One query the first time."""
        if function not in self._members:
            self._members[function] = list(functions.members(function))
        return self._members[function]

    @property
    def office(self) -> list[Person]:
        """The Portfolio office."""
        return self.members(Function.PORTFOLIO)

    def first_of(self, *wanted: Function) -> list[Person]:
        """Return the people of these functions, or the Portfolio office where there are none."""
        return [p for function in wanted for p in self.members(function)] or self.office

    @cached_property
    def units(self) -> dict[int, Unit]:
        """Every unit with its leader. One query."""
        return {u.pk: u for u in Unit.objects.select_related("leader")}

    @cached_property
    def _whole(self) -> set[int]:
        """The units that are the whole organisation: what they are made of stands for them."""
        roots = [u for u in self.units.values() if u.parent_id is None]
        parents = {u.parent_id for u in self.units.values()}
        return {
            u.pk
            for u in roots
            if u.pk in parents and (len(roots) == 1 or u.name.casefold() == self.installation.company.casefold())
        }

    def top(self, unit_id: int | None) -> Unit | None:
        """Return the unit at the top of this one's line; the organisation as a whole is not a part of itself."""
        unit = self.units.get(unit_id) if unit_id else None
        while unit is not None and unit.parent_id is not None and unit.parent_id not in self._whole:
            unit = self.units[unit.parent_id]
        return unit

    def leader(self, unit: Unit | None) -> Person | None:
        """Return the nearest active leader of a unit or above it."""
        while unit is not None:
            if unit.leader_id and unit.leader.is_active:
                return unit.leader
            unit = self.units.get(unit.parent_id) if unit.parent_id else None
        return None


# Saying it


def _named(initiative: Initiative) -> dict[str, str]:
    return {"key": initiative.key, "name": initiative.name}


def names(people: Iterable) -> str:
    """Return names as a list in words."""
    return ", ".join(p.name for p in people)


def _call(*people) -> str:
    """Return whom to call, with the numbers there are."""
    return ", ".join(f"{p.name} {p.phone}".strip() for p in {p.pk: p for p in people if p is not None}.values())


def _owner(initiative: Initiative) -> Person | None:
    """Return who answers for it: the business owner, before go-live the Accountable of the pilot."""
    matrix = raci.matrix(initiative)
    return matrix.owner or matrix.accountable(Row.PILOT)


def _escalation(initiative: Initiative, *rows: Row) -> list[Person]:
    """Return the Escalation owners of these rows, once each."""
    found = (raci.matrix(initiative).escalation(row) for row in rows or (Row.HALT, Row.GO_LIVE))
    return list({p.pk: p for p in found if p is not None}.values())


# Questions


def gate_reminder(decision: Decision, look: Look) -> Letter:
    """Remind the one person who decides that time is running out, and say what silence does."""
    initiative, question = decision.initiative, QUESTIONS[decision.kind]
    decides = gates.decider(decision, initiative)
    return Letter(
        [decides] if decides else look.office,
        due=decision.due_at,
        binding=True,
        path=decision.get_absolute_url(),
        action=lambda: _("Review and decide"),
        subject=lambda: (
            _("%(left)s left: %(verb)s, %(key)s %(name)s")
            % {**_named(initiative), "left": span(decision.due_at - look.at).capitalize(), "verb": question.verb}
        ),
        body=lambda: (
            (
                _("If nobody decides by %(moment)s: %(silent)s")
                % {"moment": moment(decision.due_at), "silent": question.if_silent}
            )
            if decides
            else _("Nobody is Accountable for it, so nobody can answer. Name somebody.")
        ),
        why=lambda: (
            _("You are Accountable for %(row)s.") % {"row": gates.row_of(decision).label}
            if decides
            else _("You are in the Portfolio office.")
        ),
    )


def gate_time_up(decision: Decision, look: Look) -> Letter:
    """Preview what settling a question does; the gates room writes the real notice."""
    initiative = decision.initiative
    to = gates.escalation_owner(decision, initiative)
    lapses = decision.state_at(look.at) == "lapsed"
    people = [gates.decider(decision, initiative), decision.asked_by, to] if lapses else [to]
    return Letter(
        [p for p in people if p is not None],
        due=decision.final_at,
        binding=True,
        path=decision.get_absolute_url(),
        why=lambda: "",
        subject=lambda: (
            (_("Lapsed: %(verb)s, %(key)s %(name)s") if lapses else _("Get it decided: %(verb)s, %(key)s %(name)s"))
            % {**_named(initiative), "verb": QUESTIONS[decision.kind].verb}
        ),
        body=lambda: str(QUESTIONS[decision.kind].if_silent),
    )


def day_90(decision: Decision, look: Look) -> Letter:
    """Remind the Accountable of the pilot of day 90."""
    initiative, decides = decision.initiative, gates.decider(decision, decision.initiative)
    return Letter(
        [decides] if decides else look.office,
        due=decision.due_at,
        path=decision.get_absolute_url(),
        action=lambda: _("Decide"),
        subject=lambda: (
            _("%(left)s to fund or retire %(key)s %(name)s")
            % {**_named(initiative), "left": span(decision.due_at - look.at).capitalize()}
        ),
        body=lambda: (
            _(
                "Pass opens the funding gate at once. If nobody decides by %(moment)s, it is stopped and retires with a postmortem."
            )
            % {"moment": moment(decision.due_at)}
        ),
        why=lambda: (
            _("You are Accountable for %(row)s.") % {"row": Row.PILOT.label}
            if decides
            else _("You are in the Portfolio office.")
        ),
    )


def offer_reminder(offer: Assignment, look: Look) -> Letter:
    """Remind somebody of a role they were offered."""
    initiative, deadline = offer.initiative, offer.answer_by
    return Letter(
        [offer.person],
        due=deadline,
        binding=True,
        path=reverse("initiatives:answer_offer", args=[initiative.key, offer.pk]),
        action=lambda: _("Answer"),
        subject=lambda: (
            _("Will you be %(role)s of %(key)s %(name)s? Answer by %(day)s")
            % {**_named(initiative), "role": _role(offer), "day": day(deadline)}
        ),
        body=lambda: (
            _("If you do not answer by %(moment)s, the role stays vacant and the Portfolio office is told.")
            % {"moment": moment(deadline)}
        ),
        why=lambda: _("You were named."),
    )


def offer_lapsed(offer: Assignment, look: Look) -> Letter:
    """Preview what happens to an offer nobody answers."""
    return Letter(
        look.office,
        path=reverse("initiatives:matrix", args=[offer.initiative.key]),
        why=lambda: "",
        subject=lambda: (
            _("Not answered: %(who)s as %(role)s of %(key)s")
            % {"who": offer.person.name, "role": _role(offer), "key": offer.initiative.key}
        ),
        body=lambda: _("The role is vacant."),
    )


def _role(offer: Assignment) -> str:
    """Return what people call the role."""
    if offer.role == Role.ACCOUNTABLE and offer.row in (Row.GO_LIVE, Row.HALT):
        return _("business owner")
    return _("%(role)s for %(row)s") % {"role": Role(offer.role).label, "row": Row(offer.row).label}


def sign_off_due(row: SignOff, look: Look) -> Letter:
    """Remind a function of the sign-off it was asked for."""
    initiative, label = row.initiative, functions.label(row.function)
    return Letter(
        look.first_of(Function(row.function)),
        due=row.due_at,
        binding=True,
        path=row.decision.get_absolute_url(),
        action=lambda: _("Look and sign off"),
        subject=lambda: _("Sign off by %(day)s: %(key)s %(name)s") % {**_named(initiative), "day": day(row.due_at)},
        body=lambda: _("Silence counts as not signed: without %(function)s it cannot pass.") % {"function": label},
        why=lambda: _("You are in %(function)s.") % {"function": label},
    )


def sign_off_late(row: SignOff, look: Look) -> Letter:
    """Tell a function and the Portfolio office that a sign-off is late."""
    initiative, label = row.initiative, functions.label(row.function)
    return Letter(
        [*look.members(Function(row.function)), *look.office],
        due=row.decision.due_at,
        binding=True,
        path=row.decision.get_absolute_url(),
        action=lambda: _("Look and sign off"),
        subject=lambda: (
            _("Late: sign-off by %(function)s, %(key)s %(name)s") % {**_named(initiative), "function": label}
        ),
        body=lambda: (
            _("It was due %(moment)s. It counts as not signed: “%(what)s” cannot pass before %(function)s signs.")
            % {"moment": moment(row.due_at), "what": QUESTIONS[row.decision.kind].verb, "function": label}
        ),
        why=lambda: _("You are in %(function)s or in the Portfolio office.") % {"function": label},
    )


# Reviews


def review_before(initiative: Initiative, look: Look) -> Letter:
    """Remind business owner and workflow owner of a review ahead."""
    due = initiative.review_due_at
    return _review(
        initiative,
        look,
        subject=lambda: (
            _("Review %(key)s %(name)s by %(day)s, about 4 minutes") % {**_named(initiative), "day": day(due)}
        ),
        body=lambda: _("What moved since the last review, and what is next? Five questions."),
        due=due,
    )


def review_due(initiative: Initiative, look: Look) -> Letter:
    """Say on the day that a review is due."""
    due = initiative.review_due_at
    return _review(
        initiative,
        look,
        subject=lambda: _("Review due %(moment)s: %(key)s %(name)s") % {**_named(initiative), "moment": moment(due)},
        body=lambda: _("Five questions, about 4 minutes. The next review counts from this day, whenever you do it."),
        due=due,
    )


def review_late(initiative: Initiative, look: Look) -> Letter:
    """Say that a review is late, and to whom it goes next."""
    due, then = (
        initiative.review_due_at,
        cadence.escalate_at(_counted(initiative), policy.current().tiers[initiative.tier].escalate_review_after_d),
    )
    to = names(_escalated_to(initiative))
    return _review(
        initiative,
        look,
        subject=lambda: _("Late: the review of %(key)s %(name)s") % _named(initiative),
        body=lambda: (
            (
                _("It was due %(moment)s. If it is not done by %(then)s, it goes to %(to)s as missing.")
                if look.at < then
                else _("It was due %(moment)s. Since %(then)s it is with %(to)s as missing.")
            )
            % {"moment": moment(due), "then": moment(then), "to": to or _("the Portfolio office")}
        ),
    )


def _review(initiative: Initiative, look: Look, *, subject: Words, body: Words, due: datetime | None = None) -> Letter:
    people = queries.answering(initiative)
    return Letter(
        people or look.office,
        subject,
        body,
        reverse("reviews:do", args=[initiative.key]),
        due=due,
        action=lambda: _("Do the review"),
        why=(lambda: _("You answer for it as business owner or workflow owner."))
        if people
        else (lambda: _("You are in the Portfolio office; nobody answers for it.")),
    )


def _counted(initiative: Initiative) -> datetime:
    """Return from when lateness counts: nobody is late while it is stopped."""
    return max(initiative.review_due_at, initiative.stage_since)


def _escalated_to(initiative: Initiative) -> list[Person]:
    matrix = raci.matrix(initiative)
    people = [matrix.owner, matrix.accountable(Row.HALT), *_escalation(initiative)]
    return list({p.pk: p for p in people if p is not None}.values())


def review_escalated(initiative: Initiative, look: Look) -> Letter:
    """Tell the Accountable and the Escalation owner that a review is missing."""
    people, due = _escalated_to(initiative), initiative.review_due_at
    who = names(queries.answering(initiative))
    return Letter(
        people or look.office,
        binding=True,
        path=reverse("reviews:do", args=[initiative.key]),
        action=lambda: _("Open the review"),
        subject=lambda: (
            _("Review missing for %(span)s: %(key)s %(name)s, tier %(tier)s")
            % {**_named(initiative), "span": span(look.at - due), "tier": initiative.tier}
        ),
        body=lambda: (
            _(
                "It was due %(moment)s and is put to %(who)s. It runs on unreviewed until somebody reviews, pauses or stops it."
            )
            % {"moment": moment(due), "who": who or _("nobody")}
        ),
        why=lambda: (
            _("You are Accountable or Escalation owner.")
            if people
            else _("You are in the Portfolio office; nobody answers for it.")
        ),
    )


# Stages that wait


def build_owner(initiative: Initiative, look: Look) -> Letter:
    """Ask the business owner about a build that takes long."""
    owner = _owner(initiative)
    return Letter(
        [owner] if owner else look.office,
        path=initiative.get_absolute_url(),
        subject=lambda: (
            _("In build since %(day)s: %(key)s %(name)s") % {**_named(initiative), "day": day(initiative.stage_since)}
        ),
        body=lambda: _("Take it live or retire it. If nothing happens, the Escalation owner is told."),
        why=lambda: _("You answer for it.") if owner else _("You are in the Portfolio office; nobody answers for it."),
    )


def build_escalated(initiative: Initiative, look: Look) -> Letter:
    """Tell the Escalation owner about a build that nobody ends."""
    people = _escalation(initiative, Row.GO_LIVE)
    owner = _owner(initiative)
    return Letter(
        people or look.office,
        path=initiative.get_absolute_url(),
        binding=True,
        subject=lambda: _("Still in build: %(key)s %(name)s") % _named(initiative),
        body=lambda: (
            _("It is in build since %(day)s. %(owner)s was asked to take it live or retire it. Get it decided.")
            % {"day": day(initiative.stage_since), "owner": owner.name if owner else _("Nobody")}
        ),
        why=lambda: (
            _("You are Escalation owner.")
            if people
            else _("You are in the Portfolio office; it has no Escalation owner.")
        ),
    )


def stopped_owner(initiative: Initiative, look: Look) -> Letter:
    """Ask the business owner what becomes of something stopped for long."""
    owner = _owner(initiative)
    return Letter(
        [owner] if owner else look.office,
        path=initiative.get_absolute_url(),
        subject=lambda: (
            _("Stopped since %(day)s: %(key)s %(name)s") % {**_named(initiative), "day": day(initiative.stage_since)}
        ),
        body=lambda: _(
            "Start it again, take it back to the pilot, or retire it. Until then the Escalation owner and the Portfolio office are told every week."
        ),
        why=lambda: _("You answer for it.") if owner else _("You are in the Portfolio office; nobody answers for it."),
    )


def stopped_weekly(initiative: Initiative, look: Look) -> Letter:
    """Tell Escalation owner and Portfolio office, week by week, that something is still stopped."""
    owner = _owner(initiative)
    return Letter(
        [*_escalation(initiative), *look.office],
        path=initiative.get_absolute_url(),
        subject=lambda: (
            _("Still stopped after %(span)s: %(key)s %(name)s")
            % {**_named(initiative), "span": span(look.at - initiative.stage_since)}
        ),
        body=lambda: (
            _("%(owner)s was asked to start it again, take it back to the pilot, or retire it.")
            % {"owner": owner.name if owner else _("Nobody")}
        ),
        why=lambda: _("You are Escalation owner, or in the Portfolio office."),
    )


def postmortem_due(made: Retirement, look: Look) -> Letter:
    """Remind whoever answers for it of the postmortem."""
    initiative, owner = made.initiative, _owner(made.initiative)
    return Letter(
        [owner] if owner else look.office,
        due=made.due_at,
        path=reverse("gates:postmortem", args=[initiative.key]),
        action=lambda: _("Write the postmortem"),
        subject=lambda: (
            _("Publish what we learned from %(key)s %(name)s by %(day)s")
            % {**_named(initiative), "day": day(made.due_at)}
        ),
        body=lambda: _("A draft with dates and numbers is ready. It is retired when the postmortem is published."),
        why=lambda: _("You answer for it.") if owner else _("You are in the Portfolio office; nobody answers for it."),
    )


def postmortem_late(made: Retirement, look: Look) -> Letter:
    """Tell owner, Escalation owner and Portfolio office that a postmortem is late."""
    initiative, owner = made.initiative, _owner(made.initiative)
    return Letter(
        [p for p in (owner, *_escalation(initiative), *look.office) if p],
        path=reverse("gates:postmortem", args=[initiative.key]),
        action=lambda: _("See the postmortem"),
        subject=lambda: _("Late: the postmortem of %(key)s %(name)s") % _named(initiative),
        body=lambda: (
            _("It was due %(moment)s and is put to %(owner)s. Until it is published, it is not retired.")
            % {"moment": moment(made.due_at), "owner": owner.name if owner else _("the Portfolio office")}
        ),
        why=lambda: _("You answer for it, are its Escalation owner, or are in the Portfolio office."),
    )


# Stops


def wish_unanswered(wish: StopWish, look: Look) -> Letter:
    """Tell CTO and COO that somebody asked to stop it and nobody answered."""
    initiative, matrix = wish.initiative, raci.matrix(wish.initiative)
    people = look.first_of(Function.CTO, Function.COO)
    holders = _call(matrix.accountable(Row.HALT), matrix.escalation(Row.HALT))
    chiefs = any(p in look.members(f) for f in (Function.CTO, Function.COO) for p in people)
    return Letter(
        people,
        binding=True,
        path=initiative.get_absolute_url(),
        subject=lambda: (
            _("Nobody has answered: %(who)s asks to stop %(key)s %(name)s")
            % {**_named(initiative), "who": wish.person.name}
        ),
        body=lambda: "\n".join(
            (
                _("What they saw: %(saw)s") % {"saw": wish.saw},
                _("They asked %(moment)s. It is still running.") % {"moment": moment(wish.at)},
                _("Call who can stop it: %(people)s.") % {"people": holders}
                if holders
                else _("Nobody holds stop authority: the Portfolio office and Compliance can stop it."),
            )
        ),
        why=lambda: _("You are CTO or COO.") if chiefs else _("You are in the Portfolio office; nobody is CTO or COO."),
    )


def stop_unconfirmed(stopped: Stop, look: Look) -> Letter:
    """Say again that a stop is not confirmed, and whom to call."""
    initiative, matrix = stopped.initiative, raci.matrix(stopped.initiative)
    people = [p for p in (matrix.accountable(Row.HALT), matrix.escalation(Row.HALT)) if p]
    return Letter(
        people or look.first_of(Function.PORTFOLIO, Function.COMPLIANCE),
        binding=True,
        path=reverse("gates:confirm_stop", args=[initiative.key]),
        action=lambda: _("Confirm that it stopped"),
        subject=lambda: _("NOT CONFIRMED: %(key)s %(name)s may still be running") % _named(initiative),
        body=lambda: "\n".join(
            (
                _("%(who)s asked to stop it %(moment)s, and nobody has confirmed that it stopped.")
                % {
                    "who": stopped.asked_by.name if stopped.asked_by else _("The clock"),
                    "moment": moment(stopped.asked_at),
                },
                _("Call %(people)s.")
                % {
                    "people": _call(
                        matrix.escalation(Row.HALT), initiative.workflow_owner, matrix.accountable(Row.HALT)
                    )
                    or _("whoever runs it")
                },
            )
        ),
        why=lambda: _("You hold stop authority.") if people else _("Nobody has accepted stop authority."),
    )


# Grouped: one letter for many initiatives


@dataclass
class Group:
    """What fell due together: the things, what the notices are about, and the letters."""

    about: str
    things: list[int]
    letters: list[Letter]
    fell_due: datetime
    key: str
    subject: Any = None


@dataclass(frozen=True)
class _Some:
    """Initiatives as a grouped letter speaks of them to one reader, who may not see all of them."""

    rows: list

    @property
    def words(self) -> dict[str, Any]:
        return {"n": len(self.rows), "key": self.rows[0].key, "name": self.rows[0].name}

    def listed(self) -> str:
        """Return the first ten, one a line, and how many more there are."""
        lines = [str(row) for row in self.rows[:10]]
        if more := len(self.rows) - len(lines):
            lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
        return "\n".join(lines)


def _seen_by(people: Iterable[Person], rows: list[Initiative], at: datetime) -> Iterator[tuple[list[Person], _Some]]:
    """Yield readers with what of `rows` they may see; a restricted one leaves no trace for others.

    No query unless something restricted is among them, then one a reader.
    """
    people = list({p.pk: p for p in people if p is not None}.values())
    restricted = [row.pk for row in rows if row.restricted]
    if not restricted:
        yield people, _Some(rows)
        return
    for person in people:
        seen = set(Initiative.objects.visible_to(person, at).filter(pk__in=restricted).values_list("pk", flat=True))
        if mine := [row for row in rows if not row.restricted or row.pk in seen]:
            yield [person], _Some(mine)


def _brief(pks: Iterable[int]) -> list[Initiative]:
    """Return initiatives with what a list of them says, by number. A query per 500."""
    wanted, found = list(pks), []
    for start in range(0, len(wanted), 500):
        found += Initiative.objects.filter(pk__in=wanted[start : start + 500]).only(
            "pk", "number", "name", "unit_id", "restricted", "unowned_since", "evidence_due_on", "stage"
        )
    return sorted(found, key=lambda row: row.number)


def _catalog(unit: Unit | None, **filters: str) -> str:
    return f"{reverse('catalog:list')}?{urlencode({**filters, 'unit': unit.slug if unit else 'none'})}"


def _in(unit: Unit | None) -> str:
    return unit.name if unit else _("no unit")


def ownership(pks: list[int], look: Look, days: int) -> Iterator[Group]:
    """Yield one group per top-level unit and day: in use, and `days` days without an accepted owner."""
    windows = policy.current().windows
    whole = windows["ownership_d"]
    by_group: dict[tuple, list[Initiative]] = {}
    for row in _brief(pks):
        top = look.top(row.unit_id)
        morning = look.morning_after(row.unowned_since + timedelta(days=days))
        by_group.setdefault((top.pk if top else 0, morning), []).append(row)
    for (top_pk, morning), rows in by_group.items():
        top = look.units.get(top_pk)
        until = morning + timedelta(days=whole - days)
        letters = (
            _no_owner_after(rows, top, look, morning, days) if days >= whole else _no_owner_yet(rows, top, look, until)
        )
        yield Group(
            f"unit:{top_pk or 'none'}",
            [r.pk for r in rows],
            list(letters),
            morning,
            f"ownership-{days}-{morning.astimezone(look.zone).date()}",
            top,
        )


def _no_owner_yet(rows: list[Initiative], top: Unit | None, look: Look, until: datetime) -> Iterator[Letter]:
    for people, some in _seen_by([*look.office, look.leader(top)], rows, look.at):
        yield Letter(
            people,
            due=until,
            path=_catalog(top, owner="none"),
            action=lambda: _("See them"),
            subject=lambda some=some: (
                (
                    _("%(key)s %(name)s has no owner: name one by %(day)s")
                    if len(some.rows) == 1
                    else _("%(n)d in %(unit)s have no owner: name them by %(day)s")
                )
                % {**some.words, "unit": _in(top), "day": day(until)}
            ),
            body=lambda some=some: (
                _("If nobody has accepted by %(day)s, it goes to the COO.") % {"day": day(until)} + "\n" + some.listed()
            ),
            why=lambda: _("You lead the unit, or you are in the Portfolio office."),
        )


def _no_owner_after(
    rows: list[Initiative], top: Unit | None, look: Look, morning: datetime, days: int
) -> Iterator[Letter]:
    until = calendars.Calendar(look.zone).working_days_after(morning, policy.current().windows["ownership_coo_wd"])
    chiefs = look.members(Function.COO)
    readers = list(_seen_by(chiefs or look.office, rows, look.at)) + list(
        _seen_by(
            [p for p in [*look.office, look.leader(top)] if p is not None and p not in chiefs]
            if chiefs
            else [look.leader(top)],
            rows,
            look.at,
        )
    )
    for people, some in readers:
        yield Letter(
            people,
            due=until,
            binding=True,
            path=_catalog(top, owner="none"),
            action=lambda: _("See them"),
            subject=lambda some=some: (
                (
                    _("%(key)s %(name)s has had no owner for %(days)s days")
                    if len(some.rows) == 1
                    else _("%(n)d in %(unit)s have had no owner for %(days)s days")
                )
                % {**some.words, "unit": _in(top), "days": days}
            ),
            body=lambda some=some: (
                _("It is with the COO now, who has until %(day)s to have a named person accept.") % {"day": day(until)}
                + "\n"
                + some.listed()
            ),
            why=lambda: _("You are COO, lead the unit, or are in the Portfolio office."),
        )


def evidence(pks: list[int], look: Look) -> Iterator[Group]:
    """Yield one group per owner, else per top-level unit, and day: admitted with evidence missing, due today."""
    rows = _brief(pks)
    raci.prefetch(rows)
    by_group: dict[tuple, list[Initiative]] = {}
    for row in rows:
        owner, top = _owner(row), look.top(row.unit_id)
        by_group.setdefault(
            (("person", owner.pk) if owner else ("unit", top.pk if top else "none"), row.evidence_due_on), []
        ).append(row)
    for ((kind, pk), due_on), some_rows in by_group.items():
        top = look.units.get(pk) if kind == "unit" else None
        people = [_owner(some_rows[0])] if kind == "person" else [*look.office, look.leader(top)]
        path = (
            f"{reverse('catalog:list')}?{urlencode({'owner': 'me'})}"
            if kind == "person"
            else _catalog(top, owner="none")
        )
        letters = [_evidence_letter(readers, some, path) for readers, some in _seen_by(people, some_rows, look.at)]
        yield Group(
            f"{kind}:{pk}",
            [r.pk for r in some_rows],
            letters,
            look.morning(due_on),
            f"evidence-{due_on}",
            people[0] if kind == "person" else top,
        )


def _evidence_letter(people: list[Person], some: _Some, path: str) -> Letter:
    return Letter(
        people,
        path=path,
        action=lambda: _("See them"),
        subject=lambda: (
            (
                _("Evidence is missing: %(key)s %(name)s")
                if len(some.rows) == 1
                else _("Evidence is missing for %(n)d initiatives")
            )
            % some.words
        ),
        body=lambda: (
            _("They came from a register, and the time to show that their controls are met is over.")
            + "\n"
            + some.listed()
        ),
        why=lambda: _("You answer for it, lead the unit, or are in the Portfolio office."),
    )


def left(pks: list[int], look: Look) -> Iterator[Group]:
    """Yield one group per leaver who is still Accountable or Escalation owner of something."""
    by_person: dict[int, list[Assignment]] = {}
    for row in (
        Assignment.objects.filter(pk__in=pks)
        .select_related("person", "initiative")
        .order_by("initiative__number", "row", "role")
    ):
        by_person.setdefault(row.person_id, []).append(row)
    for rows in by_person.values():
        person = rows[0].person
        count = len({row.initiative_id for row in rows})
        lines = "\n".join(f"{row.initiative}: {Role(row.role).label}, {Row(row.row).label}" for row in rows[:20])
        letter = Letter(
            look.office,
            path=person.get_absolute_url(),
            action=lambda: _("See what they held"),
            binding=True,
            subject=lambda person=person, count=count: (
                ngettext(
                    "%(name)s has left: name who follows on %(n)d initiative",
                    "%(name)s has left: name who follows on %(n)d initiatives",
                    count,
                )
                % {"name": person.name, "n": count}
            ),
            body=lambda lines=lines: _("Until somebody accepts, the next gate of each is blocked.") + "\n" + lines,
            why=lambda: _("You are in the Portfolio office."),
        )
        # Several people may leave on one day, and one may leave twice in a life.
        yield Group(
            f"person:{person.pk}", [row.pk for row in rows], [letter], look.at, f"left-{person.left_on}", person
        )
