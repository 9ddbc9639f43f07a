"""Making things for tests, through the same actions people use. Honest defaults, no magic."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import wraps

from django.contrib.auth.models import Group

from governance.core import clock
from governance.core.models import Installation
from governance.gates import actions as gates
from governance.gates import retire, signoffs, snapshot, stop
from governance.gates.models import Decision
from governance.initiatives import actions, controls, figures, roles
from governance.initiatives.models import Initiative
from governance.people.functions import Function
from governance.people.models import Person, Unit
from governance.people.proof import Proof
from governance.proof import queries as proof_queries
from governance.proof.models import SignOff
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from tests import again

#: A Tuesday morning, so that working days are easy to count.
AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
PASSWORD = "long-enough-for-tests"


def make_person(name: str, *functions: str, **fields) -> Person:
    """Make an active person whose address follows from the name; `functions` are slugs."""
    address = name.lower().replace(" ", ".").replace("’", "") + "@example.org"
    person = Person.objects.create_user(
        fields.pop("email", address), name, PASSWORD, joined_at=fields.pop("joined_at", AT), **fields
    )
    for slug in functions:
        person.groups.add(Group.objects.get(name=str(getattr(slug, "value", slug))))
    return person


def make_unit(name: str, parent: Unit | None = None, leader: Person | None = None, **fields) -> Unit:
    """Make a unit."""
    return Unit.objects.create(name=name, slug=name.lower().replace(" ", "-"), parent=parent, leader=leader, **fields)


def prove(person, method: str = "password") -> Proof:
    """Return a proof of identity as a fresh one would be."""
    return Proof(person.pk, method, clock.wall())


def at_stage(stage: str, **values) -> Initiative:
    """Return an initiative that is not saved yet, at any stage, as if a step had brought it there: for crowds alone."""
    made = Initiative(stage=stage, **values)
    made.__dict__["_reached"] = stage
    return made


@dataclass
class Cast:
    """Who plays in the tests, by what they do."""

    owner: Person
    other_owner: Person
    escalation: Person
    lead: Person
    workflow: Person
    finance: Person
    finance_two: Person
    compliance: Person
    compliance_two: Person
    security: Person
    legal: Person
    office: Person
    office_two: Person
    auditor: Person
    cto: Person
    coo: Person
    admin: Person
    staff: Person
    engineer: Person
    company: Unit
    support: Unit
    sales: Unit
    engineering: Unit

    @property
    def people(self) -> list[Person]:
        """Return every person of the cast."""
        return [value for value in vars(self).values() if isinstance(value, Person)]


def make_cast(kind: str = "real", zone: str = "UTC") -> Cast:
    """Make the company: an installation, four units, and people for every duty."""
    return again.memory.tell(("cast", kind, zone), lambda: _make_cast(kind, zone))


def _make_cast(kind: str, zone: str) -> Cast:
    Installation.objects.get_or_create(
        pk=1, defaults={"kind": kind, "company": "Northwind Services", "time_zone": zone, "made_at": AT}
    )
    company = make_unit("Northwind")
    support, sales, engineering = (make_unit(name, company) for name in ("Support", "Sales", "Engineering"))
    people = {
        "owner": make_person("Priya Nair", title="VP Support", grade="vp", job_family="operations", unit=support),
        "other_owner": make_person("Hugo Duarte", title="VP Sales", grade="vp", job_family="sales", unit=sales),
        "escalation": make_person(
            "Dana Roth",
            title="Head of Service Quality",
            grade="director",
            job_family="operations",
            unit=support,
            phone="+44 20 7946 0101",
        ),
        "lead": make_person("Sam Doyle", title="Product lead", grade="manager", job_family="product", unit=support),
        "workflow": make_person(
            "Lena Kraus",
            title="Refund desk lead",
            grade="manager",
            job_family="operations",
            unit=support,
            phone="+44 20 7946 0102",
        ),
        "finance": make_person(
            "Tomas Berg",
            Function.FINANCE,
            title="Finance partner",
            grade="senior-manager",
            job_family="finance",
            unit=company,
        ),
        "finance_two": make_person(
            "Ines Vidal", Function.FINANCE, title="Controller", grade="manager", job_family="finance", unit=company
        ),
        "compliance": make_person(
            "Miriam Osei",
            Function.COMPLIANCE,
            title="Compliance officer",
            grade="senior-manager",
            job_family="compliance",
            unit=company,
        ),
        "compliance_two": make_person(
            "Ray Quist",
            Function.COMPLIANCE,
            title="Compliance analyst",
            grade="senior",
            job_family="compliance",
            unit=company,
        ),
        "security": make_person(
            "Ruth Abel", Function.SECURITY, title="Security lead", grade="director", job_family="security", unit=company
        ),
        "legal": make_person(
            "Jon Marsh", Function.LEGAL, title="Counsel", grade="director", job_family="legal", unit=company
        ),
        "office": make_person(
            "Olga Petrov",
            Function.PORTFOLIO,
            title="Portfolio manager",
            grade="senior-manager",
            job_family="operations",
            unit=company,
        ),
        "office_two": make_person(
            "Ben Castle",
            Function.PORTFOLIO,
            title="Portfolio analyst",
            grade="senior",
            job_family="operations",
            unit=company,
        ),
        "auditor": make_person("Ada Finch", Function.AUDITORS, title="Auditor", grade="manager", unit=company),
        "cto": make_person(
            "Jia Wu", Function.CTO, title="CTO", grade="chief-officer", job_family="engineering", unit=engineering
        ),
        "coo": make_person(
            "Carl Ode", Function.COO, title="COO", grade="chief-officer", job_family="operations", unit=company
        ),
        "admin": make_person(
            "Al Minh", Function.ADMINISTRATORS, title="Systems administrator", grade="senior", unit=engineering
        ),
        "staff": make_person("Kim Sato", title="Support agent", grade="staff", job_family="operations", unit=support),
        "engineer": make_person(
            "Rita Lind", title="VP Engineering", grade="vp", job_family="engineering", unit=engineering
        ),
    }
    for unit, leader in ((company, "coo"), (support, "owner"), (sales, "other_owner"), (engineering, "cto")):
        unit.leader = people[leader]
        unit.save()
    return Cast(**people, company=company, support=support, sales=sales, engineering=engineering)


def step(walk: Callable[..., "Story"]) -> Callable[..., "Story"]:
    """Have a step of a story written again where it was walked before from the same state (tests/again.py)."""

    @wraps(walk)
    def told(story: "Story", *args, **values) -> "Story":
        def walked():
            walk(story, *args, **values)
            return story.initiative, story.at

        return story.tell((walk.__name__, story.initiative.pk, story.at), args, values, walked)

    return told


class Story:
    """Walks one initiative through its life with the cast, at a time of its own that `later` moves."""

    def __init__(self, cast: Cast, at: datetime = AT, *, found: bool = False, **values):
        self.cast, self.at = cast, at
        defaults = {
            "name": "Support refunds",
            "purpose": "Refund small amounts without waiting for the desk.",
            "capability": "can_act",
            "tools": "billing.refund",
            "exposure": "customers",
            "breaks": "Refunds up to €50 go out wrongly",
            "rollback_how": "Switch the refund flow to the desk queue",
            "rollback_minutes": 10,
            "fallback": "Refunds go to the desk queue.",
            "unit": cast.support,
            "receiving_unit": cast.support,
            "building_unit": cast.engineering,
            "scope_who": "Ten desk agents",
            "scope_people": 10,
            "scope_limit": "Refunds up to €50",
            "scope_until": (at + timedelta(days=60)).date(),
            "gate_on": (at + timedelta(days=50)).date(),
            "tier_proposed": 2,
        }
        self.tier = values.get("tier_proposed", 2)
        self.tell(("begin", found, at), (), values, lambda: (self._begin({**defaults, **values}, found), at))

    def tell(self, key: tuple, args: tuple, values: dict, walk: Callable[[], tuple]) -> "Story":
        """Do what `walk` does, or write it again; it returns the initiative and the time this story then stands at."""
        everybody = tuple(person.pk for person in self.cast.people)
        self.initiative, self.at = again.memory.tell((everybody, key, again.key_of((args, values))), walk)
        return self

    def _begin(self, values: dict, found: bool) -> Initiative:
        return (actions.report_found if found else actions.register)(values, by=self.cast.lead, at=self.at)

    @property
    def fresh(self) -> Initiative:
        """Return the initiative as the database has it now."""
        self.initiative = Initiative.objects.get(pk=self.initiative.pk)
        return self.initiative

    def later(self, **delta) -> "Story":
        """Let time pass."""
        self.at += timedelta(**delta)
        return self

    def decision(self, kind: str) -> Decision:
        """Return the newest decision of a kind."""
        return (
            Decision.objects.select_related("initiative").filter(initiative=self.initiative, kind=kind).latest("number")
        )

    @step
    def name_people(self) -> "Story":
        """Name and accept everybody: the owner for go-live and halt, the pilot's A, the change's A, and four E."""
        cast, initiative = self.cast, self.fresh
        for row in (Row.GO_LIVE, Row.MODIFICATION):
            roles.assign(initiative, row, Role.RESPONSIBLE, cast.lead, by=cast.office, at=self.at)
        roles.assign(initiative, Row.HALT, Role.RESPONSIBLE, cast.lead, by=cast.office, at=self.at)
        roles.name_workflow_owner(initiative, cast.workflow, by=cast.office, at=self.at)
        for row, role, person in (
            (Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner),
            (Row.PILOT, Role.ACCOUNTABLE, cast.owner),
            (Row.MODIFICATION, Role.ACCOUNTABLE, cast.workflow),
            *((row, Role.ESCALATION, cast.escalation) for row in Row),
        ):
            offer = roles.offer(self.fresh, row, role, person, by=cast.office, at=self.at)
            roles.accept(offer, by=person, at=self.at, proof=prove(person))
        return self

    @step
    def set_outcome(self, **values) -> "Story":
        """Say what the pilot has to prove."""
        defaults = {
            "metric": "Cost per refund",
            "kind": "money",
            "unit": "€ per refund",
            "lower_is_better": True,
            "baseline": Decimal("4.10"),
            "baseline_kind": "measured",
            "baseline_source": "GL 6120",
            "baseline_on": date(2026, 2, 1),
            "target": Decimal("2.50"),
            "threshold": Decimal("3.00"),
        }
        figures.set_outcome(self.fresh, {**defaults, **values}, by=self.cast.lead, at=self.at)
        return self

    @step
    def confirm_tier(self) -> "Story":
        """Have the tier confirmed by the function it belongs to."""
        actions.confirm_tier(
            self.fresh, self.tier, by=self.cast.compliance if self.tier >= 2 else self.cast.office, at=self.at
        )
        return self

    @step
    def answer(self, kind: str, outcome: str = "pass", by: Person | None = None) -> "Story":
        """Answer the open decision of a kind as its decider."""
        decision = self.decision(kind)
        from governance.gates import queries

        decides = by or queries.decider(decision)
        seen = snapshot.shown(decision, Initiative.objects.get(pk=self.initiative.pk), self.at)
        gates.decide(
            decision,
            outcome,
            by=decides,
            at=self.at,
            proof=prove(decides),
            seen=seen,
            reason="Because.",
            learned="A lot.",
        )
        return self

    @step
    def to_pilot(self) -> "Story":
        """Idea → Pilot."""
        self.set_outcome().confirm_tier().name_people().ask_pilot()
        # The lead set the outcome after the owner accepted? No: before, so the acceptance holds.
        return self.answer("pilot_go")

    @step
    def ask_pilot(self) -> "Story":
        """Ask for the pilot go."""
        gates.ask(self.fresh, "pilot_go", by=self.cast.lead, at=self.at, recommendation="Worth a try.")
        return self

    @step
    def measure(self, value: str = "2.65", *, confirmed: bool = True) -> "Story":
        """Measure 30 days of the pilot; Finance confirms."""
        start = (self.at + timedelta(days=2)).date()
        self.later(days=34)
        figure = figures.add_measurement(
            self.fresh,
            value=Decimal(value),
            starts_on=start,
            ends_on=start + timedelta(days=29),
            cases=1204,
            source="GL 6120 and desk log",
            by=self.cast.lead,
            at=self.at,
        )
        if confirmed:
            figures.answer_figure(figure, by=self.cast.finance, at=self.at, proof=prove(self.cast.finance))
        return self

    @step
    def ask_budget(self, asked: str = "84000", *, approved: bool = True) -> "Story":
        """Ask for the production budget, have it approved, and have the owner accept for it."""
        budget = figures.ask_budget(
            self.fresh,
            asked=Decimal(asked),
            currency="EUR",
            months=12,
            pays_for="Licences and run",
            by=self.cast.lead,
            at=self.at,
        )
        if approved:
            figures.approve_budget(
                budget,
                approved=Decimal(asked),
                cost_centre="CC-4410",
                reference="B-991",
                by=self.cast.finance,
                at=self.at,
                proof=prove(self.cast.finance),
                seen_version=budget.version,
            )
        return self.accept_again()

    @step
    def accept_again(self) -> "Story":
        """Have the owner accept for the version as it is now."""
        mine = raci.matrix(self.fresh).accepted(Row.GO_LIVE, Role.ACCOUNTABLE)
        roles.accept(Assignment.objects.get(pk=mine.pk), by=self.cast.owner, at=self.at, proof=prove(self.cast.owner))
        return self

    @step
    def to_funding(self, *, ready: bool = True) -> "Story":
        """Pilot → Funding gate; `ready` leaves nothing missing."""
        self.to_pilot().measure(confirmed=ready).ask_budget(approved=ready)
        gates.ask(
            self.fresh, "funding", by=self.cast.lead, at=self.at, recommendation="It pays for itself in five months."
        )
        return self

    @step
    def to_build(self) -> "Story":
        """Funding gate → Build."""
        return self.to_funding().answer("funding")

    @step
    def supply_controls(self, *, confirmed: bool = True) -> "Story":
        """Say how every control is met, and have the functions confirm."""
        cast = self.cast
        by_function = {
            "security": cast.security,
            "compliance": cast.compliance_two,
            "legal": cast.legal,
            "finance": cast.finance,
        }
        for state in proof_queries.controls(self.fresh):
            controls.supply(
                self.initiative,
                state.ref,
                note="See the run book.",
                effective_on=self.at.date(),
                by=cast.lead,
                at=self.at,
            )
            if confirmed:
                looker = by_function[state.function]
                controls.answer(self.fresh, state.ref, by=looker, at=self.at, proof=prove(looker))
        return self

    @step
    def ask_go_live(self) -> "Story":
        """Ask for go-live with the controls confirmed."""
        self.supply_controls()
        gates.ask(self.fresh, "go_live", by=self.cast.lead, at=self.at, recommendation="Everything is in place.")
        return self

    @step
    def sign_off(self) -> "Story":
        """Have every function sign off that was asked."""
        for row in SignOff.objects.filter(initiative=self.initiative, answer="").select_related(
            "initiative", "decision"
        ):
            signer = {"security": self.cast.security, "compliance": self.cast.compliance}[row.function]
            signoffs.answer(row, True, by=signer, at=self.at, proof=prove(signer))
        return self

    @step
    def to_production(self) -> "Story":
        """Build → Production."""
        return self.to_build().ask_go_live().sign_off().answer("go_live")

    @step
    def stop(self) -> "Story":
        """Production → Stopped, confirmed."""
        made = stop.stop(
            self.fresh,
            reason="wrong_results",
            note="Doubles.",
            by=self.cast.owner,
            at=self.at,
            proof=prove(self.cast.owner),
        )
        stop.confirm(
            made, how="Lena saw the queue fill up.", by=self.cast.workflow, at=self.at, proof=prove(self.cast.workflow)
        )
        return self

    @step
    def ask_restart(self) -> "Story":
        """Ask for the restart, with what it needs."""
        gates.ask(
            self.fresh,
            "restart",
            by=self.cast.lead,
            at=self.at,
            recommendation="Fixed.",
            particulars={
                "cause": "A retry without a key.",
                "fix": "Idempotent calls.",
                "evidence": "400 replays, 0 doubles.",
            },
        )
        return self

    @step
    def restart(self) -> "Story":
        """Stopped → where it was."""
        return self.ask_restart().sign_off().answer("restart")

    @step
    def retire(self) -> "Story":
        """→ Retired, with its postmortem."""
        made = retire.begin(self.fresh, reason="Replaced.", by=self.cast.owner, at=self.at)
        parts = {name: "Written down." for name in retire.PARTS}
        retire.publish_postmortem(
            self.fresh, parts, by=self.cast.owner, at=self.at, proof=prove(self.cast.owner), seen_version=made.version
        )
        return self


#: How a story gets to each stage.
WAYS = {
    "idea": lambda s: s,
    "pilot": Story.to_pilot,
    "funding": Story.to_funding,
    "build": Story.to_build,
    "production": Story.to_production,
    "stopped": lambda s: s.to_production().stop(),
    "retired": lambda s: s.to_production().retire(),
}


def make_initiative(cast: Cast, stage: str = "idea", at: datetime = AT, **values) -> Story:
    """Return a story whose initiative stands at `stage`, reached through the real actions."""
    return WAYS[stage](Story(cast, at, **values))
