"""Make the demo company through the same actions people use, in the order in which things happened.

Every initiative is a story: a generator that yields the instant of its next act. The stories are
interleaved by time, so the record reads as one company's year.
"""

import heapq
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from governance import ledger, policy
from governance.core import clock
from governance.core.models import Installation
from governance.demo import columns, talk
from governance.gates import actions as gates
from governance.gates import queries, retire, signoffs, snapshot, stop
from governance.initiatives import actions, controls, figures, roles
from governance.initiatives.models import Initiative, KeyCounter
from governance.ledger import Verb
from governance.notices.models import Channel, Notice
from governance.people import calendars
from governance.people.models import Person, Unit
from governance.people.proof import Proof
from governance.proof import queries as proof
from governance.proof.models import SignOff
from governance.raci.models import Role, Row
from governance.registers import bringing, profiles
from governance.reviews import actions as reviews

_FILE = Path(__file__).with_name("company.toml")
#: E-mail owed longer ago than this was never sent: the company was not there yet.
_MAIL_DAYS = 2
#: The hour at which the demo opens, when the day's digest has just gone.
_OPENS = time(9, 12)


@cache
def company() -> dict[str, Any]:
    """Return the demo company as the file tells it: read once, for the bar of every page asks. Not to be changed."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def seed(at: datetime) -> Installation:
    """Fill an empty database with the demo company, opened at `opening(at)`. Raises ValueError when anybody is in it."""
    if Person.objects.exists() or Installation.objects.exists():
        raise ValueError("This database holds people already. The demo needs an empty one.")
    told = company()
    opens = opening(at, calendars.zone(told["time_zone"]))
    with transaction.atomic():
        installation = Installation.objects.create(
            pk=1,
            kind=Installation.Kind.DEMO,
            company=told["company"],
            time_zone=told["time_zone"],
            clock_offset_seconds=round((opens - at).total_seconds()),
            made_at=clock.wall(),
        )
        KeyCounter.take(told["first_key"] - 1)
        cast = Cast(told, opens)
        stories = [Story(cast, values, opens) for values in told["initiatives"]]
        said = [talk.tell(story) for story in stories if "said" in story.values]
        _play([*(story.tell() for story in stories), *said, columns.tell(told["columns"], stories)])
        _bring_list(told["list"], cast, opens - timedelta(hours=1))
        _forget_old_mail(opens)
        talk.is_old(opens)
    return installation


def _bring_list(told: dict[str, str], cast: "Cast", at: datetime) -> None:
    """Have the list of one department wait to be imported, as the Portfolio office brought it."""
    profiles.keep(told["profile"], told["meaning"].lstrip(), by=cast.olga, at=at)
    content = told["rows"].lstrip().encode()
    bringing.receive([content], told["file"], told["profile"], by=cast.olga, at=at)
    bringing.go_on(at, pause=0)


def opening(at: datetime, zone: tzinfo) -> datetime:
    """Return the company's next working morning, to the second: every visit begins at the same hour, whenever it is.

    So a deadline is never at night, and a day or a week on the demo's clock brings the same e-mails to everybody.
    """
    local = at.astimezone(zone)
    days = 0 if local.time() <= _OPENS else 1
    while (local.date() + timedelta(days=days)).weekday() > 4:
        days += 1
    opens = datetime.combine(local.date() + timedelta(days=days), _OPENS, tzinfo=zone)
    return at + timedelta(seconds=round((opens - at).total_seconds()))


def _play(stories: list[Iterator[datetime]]) -> None:
    """Let the stories happen in the order of time."""
    queue: list[tuple[datetime, int]] = []
    for index, story in enumerate(stories):
        heapq.heappush(queue, (next(story), index))
    while queue:
        _when, index = heapq.heappop(queue)
        following = next(stories[index], None)
        if following is not None:
            heapq.heappush(queue, (following, index))


def _forget_old_mail(at: datetime) -> None:
    """Take away e-mail that would have gone before the company was installed, and mark old notices read."""
    Notice.objects.filter(channel=Channel.EMAIL, owed_at__lt=at - timedelta(days=_MAIL_DAYS)).delete()
    Notice.objects.filter(channel=Channel.PORTAL, owed_at__lt=at - timedelta(days=14)).update(read_at=at)


class Cast:
    """The people and units of the demo company."""

    def __init__(self, told: dict[str, Any], at: datetime):
        self.told = told
        joined = at - timedelta(days=700)
        self.units: dict[str, Unit] = {}
        self.people: dict[str, Person] = {}
        with ledger.act(by="system:demo", at=joined) as say:
            for unit in told["units"]:
                self.units[unit["slug"]] = Unit.objects.create(
                    name=unit["name"], slug=unit["slug"], parent=self.units.get(unit.get("parent"))
                )
            for key, (name, title, grade, family, unit, functions) in told["people"].items():
                first, last = name.lower().split(" ", 1)
                person = Person(
                    email=f"{first}.{last}@calder.example",
                    name=name,
                    title=title,
                    grade=grade,
                    job_family=family,
                    unit=self.units[unit],
                    joined_at=joined,
                    phone=f"+49 30 5550 {100 + len(self.people)}",
                    time_zone="",
                )
                person.set_unusable_password()  # The front door signs people in; argon2 for all of them would take seconds.
                person.save()
                person.groups.set(Group.objects.filter(name__in=functions))
                self.people[key] = person
                say(Verb.PERSON_ADDED, person, text={"name": name})
            for unit in told["units"]:
                made = self.units[unit["slug"]]
                made.leader = self.people[unit["leader"]]
                made.save()
                say(Verb.UNIT_ADDED, made, text={"name": made.name})

    def __getattr__(self, key: str) -> Person:
        try:
            return self.__dict__["people"][key]
        except KeyError:
            raise AttributeError(key) from None


def _proof(person) -> Proof:
    """Return the demo's proof: seals made so say that they are demo seals."""
    return Proof(person.pk, "demo", clock.wall())


class Story:
    """One initiative of the file, told act by act."""

    def __init__(self, cast: Cast, values: dict[str, Any], now: datetime):
        self.cast, self.values, self.now = cast, values, now
        self.flags = set(values.get("flags", ()))
        crew = cast.told["crews"][values["unit"]]
        self.owner, self.escalation, self.lead, self.workflow = (getattr(cast, key) for key in crew)
        self.initiative: Initiative | None = None

    @cached_property
    def live(self) -> bool:
        """Whether it has ever been in production."""
        return self.values["stage"] in ("production", "stopped", "retired")

    @property
    def fresh(self) -> Initiative:
        """Return the initiative as it is now."""
        assert self.initiative is not None
        return Initiative.objects.get(pk=self.initiative.pk)

    def day(self, ago: float, hour: int = 8, minute: int = 0) -> datetime:
        """Return a working hour `ago` days back; on a weekend, the Friday before."""
        day = (self.now - timedelta(days=ago)).date()
        day -= timedelta(days=max(day.weekday() - 4, 0))
        return min(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC), self.now)

    # The story

    def tell(self) -> Iterator[datetime]:
        """Yield the instant of each act just before doing it."""
        began = self.values["began"]
        yield (at := self.day(began, 8))
        self.register(at)
        stage = self.values["stage"]
        if stage == "discovered":
            if "offered" in self.flags:
                yield (at := self.day(2, 10))
                roles.offer(self.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, self.owner, by=self.cast.olga, at=at)
            return
        if stage == "idea":
            if "named" in self.flags:
                yield (at := self.day(began - 2, 9))
                self.name_people(at)
            return
        ready = self.pilot_day()
        yield (at := self.day(ready + 9, 9))
        self.set_outcome(at)
        yield (at := self.day(ready + 7, 10))
        actions.confirm_tier(
            self.fresh, self.values["tier"], by=self.cast.miriam if self.values["tier"] >= 2 else self.cast.olga, at=at
        )
        yield (at := self.day(ready + 5, 11))
        self.name_people(at)
        yield (at := self.day(ready + 3, 12))
        gates.ask(
            self.fresh,
            "pilot_go",
            by=self.lead,
            at=at,
            recommendation="The work is well described, the numbers before AI are known, and the desk wants to try it.",
        )
        yield (at := self.day(ready, 9))
        self.answer("pilot_go", at)
        yield from self.after_pilot(ready)

    def pilot_day(self) -> int:
        """Return how many days ago the pilot began."""
        stage, began = self.values["stage"], self.values["began"]
        if stage == "pilot":
            return 83 if "day90" in self.flags else began - 12
        return 82 if stage == "funding" else began - 14

    def after_pilot(self, ready: int) -> Iterator[datetime]:
        stage = self.values["stage"]
        measured = self.values["m"][7]
        if stage == "pilot":
            if "owner_left" in self.flags:
                yield (at := self.day(6, 9))
                mine = self.fresh.assignments.get(row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None)
                roles.end(
                    mine,
                    by=self.owner,
                    at=at,
                    because="The sales units are being cut anew; this belongs to whoever leads the new one.",
                )
            if "measured" in self.flags or "figure_claimed" in self.flags:
                yield (at := self.day(5, 9))
                self.measure(at, ready - 2, 21, confirmed="measured" in self.flags)
            return
        figure_day = 20 if stage == "funding" else ready - 40
        yield (at := self.day(figure_day, 9))
        self.measure(at, ready - 2, 30, confirmed="figure_open" not in self.flags)
        assert measured
        budget_day = 18 if stage == "funding" else ready - 42
        yield (at := self.day(budget_day, 10))
        self.ask_budget(at, approved="budget_open" not in self.flags)
        if "controls" in self.flags:
            yield (at := self.day(16, 9))
            self.controls(at)
        gate_at = self.gate_instant(ready)
        yield gate_at
        gates.ask(
            self.fresh,
            "funding",
            by=self.lead,
            at=gate_at,
            recommendation=f"{self.values['m'][0]} went from {self.values['m'][4]} to {measured}. The desk asks to keep it.",
        )
        if stage == "funding":
            return
        yield (at := self.day(ready - 50, 10))
        self.answer("funding", at)
        yield from self.after_funding(ready)

    def gate_instant(self, ready: int) -> datetime:
        """Return when funding was asked: for open gates, so that the deadline falls as the story needs it."""
        if self.values["stage"] != "funding":
            return self.day(ready - 46, 9)
        if "handed_over" in self.flags:
            return self._asked_so_that(
                lambda due, final: due + timedelta(hours=1) <= self.now <= final - timedelta(hours=1)
            )
        if "budget_open" in self.flags:
            return self.day(3, 9)
        return self._asked_so_that(lambda due, final: timedelta(days=1) <= due - self.now <= timedelta(days=5))

    def _asked_so_that(self, fits) -> datetime:
        calendar, windows = calendars.of_person(self.owner), policy.current().windows
        for ago in range(25, 3, -1):
            at = self.day(ago, 9)
            due = calendar.working_days_after(at, windows["funding_wd"])
            if fits(due, calendar.working_days_after(due, windows["escalation_can_act_wd"])):
                return at
        return self.day(4, 9)

    def after_funding(self, ready: int) -> Iterator[datetime]:
        stage = self.values["stage"]
        if stage == "build":
            if "supplied" in self.flags or "go_live" in self.flags:
                yield (at := self.day(6, 9))
                self.controls(at, confirmed="go_live" in self.flags)
            if "go_live" in self.flags:
                yield (at := self.day(2, 9))
                gates.ask(
                    self.fresh,
                    "go_live",
                    by=self.lead,
                    at=at,
                    recommendation="Controls are confirmed and the desk is trained.",
                )
            return
        yield (at := self.day(ready - 60, 9))
        self.controls(at)
        yield (at := self.day(ready - 64, 9))
        gates.ask(
            self.fresh, "go_live", by=self.lead, at=at, recommendation="Controls are confirmed and the desk is trained."
        )
        yield (at := self.day(ready - 66, 9))
        self.sign_off(at)
        yield (at := self.day(ready - 68, 10))
        self.answer("go_live", at)
        yield from self.reviews(until=self.end_day())
        yield from self.ending()

    def end_day(self) -> int:
        """Return how many days ago its time in production ended (0: it has not)."""
        if "retiring" in self.flags:
            return 6
        if self.values["stage"] == "retired":
            return 60
        if "unconfirmed" in self.flags:
            return 0
        return 12 if self.values["stage"] == "stopped" else 0

    def reviews(self, until: int) -> Iterator[datetime]:
        """Do each review a day before it is due; where the story says late, leave the last one undone."""
        last = self.now - timedelta(days=until)
        while True:
            due = self.fresh.review_due_at
            at = (due - timedelta(days=1)).replace(hour=9, minute=0)
            interval = timedelta(days=policy.current().tiers[self.values["tier"]].review_d)
            if at >= last or ("late" in self.flags and due > last - interval):
                return
            yield at
            reviews.do(self.fresh, _review_answers(self.values), "continue", by=self.owner, at=at)

    def ending(self) -> Iterator[datetime]:
        """Pause, stop or retire, as the story says."""
        if "paused" in self.flags:
            yield (at := self.day(9, 14))
            actions.pause_rollout(
                self.fresh,
                by=self.workflow,
                at=at,
                because="Three people do most of the work with it. We find out why before it spreads.",
            )
        if "stopped" in self.flags:
            at = (
                max(self.now - timedelta(hours=3), self.fresh.stage_since)
                if "unconfirmed" in self.flags
                else self.day(12, 13)
            )
            yield at
            made = stop.stop(
                self.fresh,
                reason="wrong_results",
                note="Customers were told or charged something wrong.",
                by=self.escalation,
                at=at,
                proof=_proof(self.escalation),
            )
            if "confirmed" in self.flags:
                yield (at := at + timedelta(minutes=9))
                stop.confirm(
                    made,
                    how="The desk saw the last item leave and nothing follow.",
                    by=self.workflow,
                    at=at,
                    proof=_proof(self.workflow),
                )
        if self.values["stage"] == "retired":
            yield from self.retire()

    def retire(self) -> Iterator[datetime]:
        """Retire it; those that are retiring still owe the postmortem."""
        yield (at := self.day(self.end_day(), 10))
        made = retire.begin(
            self.fresh,
            reason="It did not earn its keep against the way we work now.",
            replaced_by=self.values["fallback"],
            after_care="Access removed; logs kept for a year.",
            by=self.owner,
            at=at,
        )
        if "retiring" in self.flags:
            return
        yield (at := self.day(self.end_day() - 8, 15))
        parts = {
            "set_out": self.values["purpose"],
            "happened": f"It ran well for some months. Then: {self.values['breaks'].lower()}.",
            "numbers": made.numbers,
            "causes": self.values["known_limits"],
            "keep": "Agree on the number before the pilot, and measure rare cases on purpose.",
            "actions": f"{self.lead.name}: tell the next team by the end of the month.",
        }
        retire.publish_postmortem(
            self.fresh, parts, by=self.owner, at=at, proof=_proof(self.owner), seen_version=made.version
        )

    # The acts

    def register(self, at: datetime) -> None:
        v, units = self.values, self.cast.units
        until = (at + timedelta(days=80)).date()
        words: dict[str, Any] = {
            k: v[k]
            for k in (
                "name",
                "purpose",
                "not_for",
                "known_limits",
                "breaks",
                "rollback_how",
                "rollback_minutes",
                "fallback",
                "exposure",
            )
            if k in v
        }
        unit = None if "no_unit" in self.flags else units[v["unit"]]
        words |= {
            "unit": unit,
            "receiving_unit": unit,
            "building_unit": units["engineering"],
            "tools": "\n".join(v.get("tools", ())),
            "tier_proposed": v.get("tier"),
        }
        if v["stage"] == "discovered":
            self.initiative = actions.report_found(
                {**words, "today": v["purpose"], "capability": "can_act" if v["can_act"] else ""},
                by=self.workflow,
                at=at,
            )
            return
        words |= {
            "capability": "can_act" if v["can_act"] else "draft_only",
            "today": f"{self.workflow.name} and the desk, every working day.",
            "could_go_wrong": v.get("breaks", ""),
            "how_to_get": f"Ask {self.lead.name}." if self.values["stage"] != "idea" else "",
        }
        if v["stage"] != "idea":
            words |= {
                "scope_who": "One desk, volunteers first",
                "scope_people": 12,
                "scope_limit": "The desk's own cases",
                "scope_until": until,
                "gate_on": until - timedelta(days=10),
            }
        self.initiative = actions.register(words, by=self.lead, at=at)

    def set_outcome(self, at: datetime) -> None:
        metric, kind, unit, lower, before, target, threshold, _now = self.values["m"]
        figures.set_outcome(
            self.fresh,
            {
                "metric": metric,
                "kind": kind,
                "unit": unit,
                "lower_is_better": lower,
                "baseline": Decimal(before),
                "baseline_kind": "measured",
                "baseline_source": "Desk statistics",
                "baseline_on": at.date() - timedelta(days=20),
                "target": Decimal(target),
                "threshold": Decimal(threshold),
            },
            by=self.lead,
            at=at,
        )

    def name_people(self, at: datetime) -> None:
        office = self.cast.olga
        for row in (Row.GO_LIVE, Row.MODIFICATION, Row.HALT):
            roles.assign(self.fresh, row, Role.RESPONSIBLE, self.lead, by=office, at=at)
        roles.assign(self.fresh, Row.GO_LIVE, Role.INFORMED, self.cast.carl, by=office, at=at)
        roles.name_workflow_owner(self.fresh, self.workflow, by=office, at=at)
        cells = [(Row.PILOT, Role.ACCOUNTABLE, self.owner), (Row.GO_LIVE, Role.ACCOUNTABLE, self.owner)]
        cells.append((Row.MODIFICATION, Role.ACCOUNTABLE, self.owner if self.workflow == self.lead else self.workflow))
        cells += [(row, Role.ESCALATION, self.escalation) for row in Row]
        made = [(roles.offer(self.fresh, row, role, person, by=office, at=at), person) for row, role, person in cells]
        if "named" in self.flags:
            return
        for offer, person in made:
            roles.accept(offer, by=person, at=at + timedelta(minutes=30), proof=_proof(person))

    def answer(self, kind: str, at: datetime, outcome: str = "pass") -> None:
        decision = self.fresh.decisions.select_related("initiative").filter(kind=kind).latest("number")
        decides = queries.decider(decision)
        gates.decide(
            decision,
            outcome,
            by=decides,
            at=at,
            proof=_proof(decides),
            seen=snapshot.shown(decision, self.fresh, at),
            reason="The numbers hold and the way back is clear.",
            learned="Agreeing on the number first made the talk short.",
        )

    def measure(self, at: datetime, first_ago: int, days: int, *, confirmed: bool) -> None:
        value = self.values["m"][7]
        start = (self.now - timedelta(days=first_ago)).date()
        end = min(start + timedelta(days=days - 1), at.date() - timedelta(days=1))
        figure = figures.add_measurement(
            self.fresh,
            value=Decimal(value),
            starts_on=start,
            ends_on=end,
            cases=1204,
            source="Desk statistics, week by week",
            by=self.lead,
            at=at,
        )
        if confirmed:
            figures.answer_figure(figure, by=self.cast.tomas, at=at + timedelta(hours=2), proof=_proof(self.cast.tomas))

    def ask_budget(self, at: datetime, *, approved: bool) -> None:
        amount = Decimal(self.values["budget"])
        asked = figures.ask_budget(
            self.fresh,
            asked=amount,
            currency="EUR",
            months=12,
            pays_for="Licences, running cost and training",
            licence="" if amount else "Company-wide writing licence",
            by=self.lead,
            at=at,
        )
        if approved:
            figures.approve_budget(
                asked,
                approved=amount,
                cost_centre="CC-4410",
                reference=f"B-{900 + self.fresh.number}",
                by=self.cast.tomas,
                at=at + timedelta(hours=1),
                proof=_proof(self.cast.tomas),
                seen_version=asked.version,
            )
        mine = self.fresh.assignments.get(row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None)
        roles.accept(mine, by=self.owner, at=at + timedelta(hours=2), proof=_proof(self.owner))

    def controls(self, at: datetime, *, confirmed: bool = True) -> None:
        looks = {"security": self.cast.ruth, "compliance": self.cast.ray, "legal": self.cast.jon}
        asked = list(proof.controls(self.fresh))
        for state in asked:
            note = f"In the desk's run book, under “{state.control.title}”."
            controls.supply(self.fresh, state.ref, note=note, effective_on=at.date(), by=self.lead, at=at)
        for state in asked if confirmed else ():
            looker = looks[state.function]
            controls.answer(self.fresh, state.ref, by=looker, at=at + timedelta(hours=3), proof=_proof(looker))

    def sign_off(self, at: datetime) -> None:
        signers = {"compliance": self.cast.miriam, "security": self.cast.ruth}
        for row in SignOff.objects.filter(initiative=self.fresh, answer="").select_related("initiative", "decision"):
            signer = signers[row.function]
            signoffs.answer(row, True, by=signer, at=at, proof=_proof(signer))


def _review_answers(values: dict[str, Any]) -> dict[str, str]:
    """Return the five answers of a quiet review."""
    metric = values["m"][0]
    return {
        "moved": f"{metric} stays about where it was after go-live.",
        "evidence": "Desk statistics of the period.",
        "went_wrong": "Two cases came back; the desk noticed both.",
        "people": "Yes, everybody named is still right.",
        "next_step": "Carry on, look again next time.",
    }
