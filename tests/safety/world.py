"""A small company with one initiative for every situation a page can be asked in, and one nobody sees.

Built once for all tests of this folder, through the real actions, around now; each test's own writes are
rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from http.cookies import SimpleCookie

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.client import ClientHandler

from governance.core import clock
from governance.gates import actions as gates
from governance.gates import retire, signoffs, snapshot, stop
from governance.gates.models import Decision
from governance.initiatives import actions, comments, controls, own_keeping, roles, saved, steps
from governance.initiatives.models import Initiative, KeyCounter
from governance.ledger.models import LedgerEntry
from governance.people import actions as people
from governance.people import proof
from governance.people.models import Person
from governance.proof.models import SignOff
from governance.raci.models import Role, Row
from governance.registers import bringing, directory, profiles
from governance.reviews.models import Review
from tests import make

#: Who knocks: everybody of tests/access.toml, and nobody in particular.
KNOCKERS = (
    "owner",
    "lead",
    "escalation",
    "workflow",
    "finance",
    "compliance",
    "security",
    "office",
    "auditor",
    "cto",
    "coo",
    "admin",
    "staff",
)
ANONYMOUS = "anonymous"
BACKEND = "governance.people.backend.Backend"
#: A story needs 34 days to get past its pilot; this one got there the day before yesterday.
BEGAN = timedelta(days=36)


@dataclass
class World:
    """The cast, the initiatives by situation, and the browsers of those who knock."""

    cast: make.Cast
    on: dict[str, Initiative] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    at_rest: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[int, dict]] = field(default_factory=dict)
    handler: ClientHandler = field(default_factory=lambda: ClientHandler(enforce_csrf_checks=False))

    def client(self, who: str, **more) -> Client:
        """Return the browser of `who`, signed in and proved a moment ago; a new one each time, on the same session."""
        client = Client(raise_request_exception=False, **more)
        if not more:
            client.handler = self.handler
        if who != ANONYMOUS:
            client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: self.sessions[who]})
        return client

    def person(self, who: str) -> Person:
        """Return one of the cast, as the database has them."""
        return Person.objects.get(pk=getattr(self.cast, who).pk)

    def fresh(self, place: str) -> Initiative:
        """Return an initiative as the database has it now."""
        return Initiative.objects.get(pk=self.on[place].pk)

    def decision(self, place: str, kind: str) -> Decision:
        """Return the newest question of a kind."""
        return (
            Decision.objects.select_related("initiative").filter(initiative=self.on[place], kind=kind).latest("number")
        )

    def newest_question(self, place: str, kind: str) -> int:
        """Return the number of the newest question of a kind; 1 where there is none."""
        found = Decision.objects.filter(initiative=self.on[place], kind=kind).order_by("-number").first()
        return found.number if found else 1

    def seen_sign_off(self, place: str, function: str) -> str:
        """Return the digest that the page where a function signs off would carry."""
        row = (
            SignOff.objects.select_related("decision").filter(initiative=self.on[place], function=function).latest("pk")
        )
        return signoffs.shown(row, self.fresh(place))

    def seen(self, place: str, kind: str) -> str:
        """Return the digest that the page where a question is signed would carry."""
        decision = self.decision(place, kind)
        return snapshot.shown(decision, Initiative.objects.get(pk=decision.initiative_id), clock.now())

    def newest(self, model, place: str, **where):
        """Return the newest row of `model` about an initiative."""
        return model.objects.filter(initiative=self.on[place], **where).latest("pk")


def build() -> World:
    """Make the company, and an initiative for every situation. A few seconds."""
    cast = make.make_cast()
    world = World(cast)
    now = clock.now()
    began = now - BEGAN

    def tale(name: str, stage: str = "idea", cast: make.Cast = cast, **values) -> make.Story:
        story = make.make_initiative(cast, stage, began, name=f"At {name}", **values)
        world.on[name] = story.initiative
        return story

    tale("idea")
    offered = tale("offered")
    offered.set_outcome()
    offer = roles.offer(offered.fresh, Row.PILOT, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=now)
    world.known["offer"] = offer.pk
    tale("named").set_outcome().confirm_tier().name_people()

    pilot = tale("pilot", "pilot").measure(confirmed=False).ask_budget(approved=False)
    controls.supply(pilot.fresh, "T0.1", note="Logged.", effective_on=began.date(), by=cast.lead, at=now)
    tale("tier4", "pilot", tier_proposed=4)
    tale("funding", "funding")
    late = tale("late").to_funding(ready=False).decision("funding")
    Decision.objects.filter(pk=late.pk).update(due_at=now - timedelta(hours=2), final_at=now + timedelta(days=1))
    gates.settle(Initiative.objects.get(pk=late.initiative_id), at=now)
    tale("build", "build", tier_proposed=3).ask_go_live()
    _live(world, tale("production", "production"), wisher=cast.staff, now=now)
    stop.stop(
        tale("stopped", "pilot").fresh,
        reason="wrong_results",
        note="Doubles.",
        by=cast.owner,
        at=now,
        proof=make.prove(cast.owner),
    )
    world.known["draft"] = retire.begin(
        tale("retiring", "pilot").fresh, reason="Replaced.", by=cast.owner, at=now
    ).version
    tale("retired", "pilot").retire()
    found = {"name": "At vacant", "purpose": "Summarises calls.", "unit": cast.support}
    world.on["vacant"] = actions.report_found(found, by=cast.lead, at=began)
    world.on["triage"], world.on["imported"] = _admitted("triage", cast, began), _admitted("production", cast, began)
    secret = tale("secret").confirm_tier().name_people()
    actions.set_restricted(secret.fresh, True, by=cast.lead, at=now)

    _lists(world, cast, now)

    gone = make.make_person("Gone Already", unit=cast.support)
    people.leave(gone, left_on=began.date(), by=cast.admin, at=began)
    deputy = people.name_deputy(
        cast.owner,
        cast.engineer,
        starts_on=began.date() - timedelta(days=20),
        ends_on=began.date(),
        by=cast.owner,
        at=began - timedelta(days=20),
    )
    view = saved.save("Late", "?due=review_overdue", unit=cast.company, by=cast.compliance, at=now)
    world.known |= {"gone": gone.pk, "deputy": deputy.pk, "view": view.pk}

    # What nobody of the cast sees but those who see everything: other people's, with everything a page could name.
    others = replace(
        cast,
        owner=cast.other_owner,
        lead=cast.engineer,
        escalation=cast.legal,
        workflow=cast.finance_two,
        office=cast.office_two,
        finance=cast.finance_two,
        support=cast.sales,
    )
    hidden = tale("hidden", "production", others, tier_proposed=2)
    _live(world, hidden, wisher=cast.engineer, now=now)
    actions.set_restricted(hidden.fresh, True, by=cast.office_two, at=now)

    _columns(world, cast, now)

    for who in KNOCKERS:
        client = Client()
        client.force_login(getattr(cast, who), backend=BACKEND)
        session = client.session
        session[proof._KEY] = {
            "person": getattr(cast, who).pk,
            "method": "password",
            "at": (clock.wall() + timedelta(seconds=30)).isoformat(),
        }
        session.save()
        world.sessions[who] = client.cookies[settings.SESSION_COOKIE_NAME].value
    world.at_rest = everything()
    world.rows = {m._meta.db_table: rows(m) for m in governed()}
    return world


#: What the columns of the lists of this world mean.
MEANING = """
identity = "Id"
[stage]
column = "State"
words = { "live" = "production" }
[fields]
name = "Tool"
"""


def _lists(world: World, cast: make.Cast, now) -> None:
    """Bring one list that waits to be imported and one that was, of uses and of people."""
    profiles.keep("survey", MEANING, by=cast.office, at=now)
    for name, rows in (("imported", "1,live,Summaries"), ("waiting", "2,live,Drafts\n3,who knows,Scores")):
        batch = bringing.receive([f"Id,State,Tool\n{rows}\n".encode()], f"{name}.csv", "survey", by=cast.office, at=now)
        bringing.go_on(now, pause=0)
        if name == "imported":
            bringing.begin(batch, by=cast.office, at=now)
            bringing.go_on(now, pause=0)
        world.known[f"{name} list"] = batch.number
    batch = bringing.receive([b"Tool\nDrafts\n"], "unmapped.csv", "", by=cast.office, at=now)
    bringing.go_on(now, pause=0)
    batch.refresh_from_db()
    bringing.say_columns(batch, {"columns": {"0": {"is": "name"}}}, by=cast.office, at=now)
    world.known["unmapped list"] = batch.number
    for name, rows in (("imported", f"{cast.staff.email},"), ("waiting", "ann@example.org,Ann")):
        batch = directory.receive([f"E-mail,Name\n{rows}\n".encode()], f"{name}.csv", by=cast.admin, at=now)
        directory.go_on(now, pause=0)
        if name == "imported":
            directory.begin(batch, by=cast.admin, at=now)
            directory.go_on(now, pause=0)
        world.known[f"{name} people list"] = batch.number


def _columns(world: World, cast: make.Cast, now) -> None:
    """Make own columns, one of them retired, and have one that people see and one that they do not say something."""
    by = {"by": cast.office, "at": now}
    ends = own_keeping.make("Contract ends", "date", **by)
    hosting = own_keeping.make("Hosting", "choice", choices=["Cloud", "Own servers"], **by)
    mood = own_keeping.make("Vendor’s mood", "text", **by)
    cloud = hosting.choices.get(key="cloud")
    for place, lead in (("production", cast.lead), ("hidden", cast.engineer)):
        said = {ends: now.date(), hosting: cloud, mood: f"At {place} good"}
        one = world.fresh(place)
        actions.amend(one, {}, own=said, by=lead, at=now, seen_version=one.version)
    own_keeping.retire(mood, **by)


def _live(world: World, story: make.Story, *, wisher: Person, now) -> None:
    """Give something in production a review that was done, one that is due, a comment, and somebody who wants it stopped."""
    initiative = story.fresh
    Review.objects.create(
        initiative=initiative,
        number=1,
        due_at=now - timedelta(days=1),
        done_at=now - timedelta(days=1),
        done_by=story.cast.owner,
        outcome="continue",
        moved="Nothing.",
        evidence="None.",
        went_wrong="Nothing.",
        people="Yes.",
        next_step="Go on.",
    )
    Initiative.objects.filter(pk=initiative.pk).update(review_due_at=now - timedelta(hours=1))
    stop.ask_to_stop(initiative, saw="It paid twice.", by=wisher, at=now)
    comments.write(initiative, f"At {initiative.key} it paid twice.", by=story.cast.lead, at=now)


def _admitted(stage: str, cast: make.Cast, at) -> Initiative:
    """Return an initiative as a register would leave it."""
    initiative = Initiative(
        name=f"From a register, {stage}",
        unit=cast.support,
        receiving_unit=cast.support,
        registered_at=at,
        stage_since=at,
    )
    steps.admit(initiative, stage, at=at)
    initiative.number = KeyCounter.take()
    initiative.save(force_insert=True)
    return initiative


# Watching what a request writes

#: Written while people look around, and no part of the record: sessions, and allauth's own notes.
UNGOVERNED = {"django_session"}
_LEDGER = {"governance_ledgerentry", "governance_ledgerhead"}


@dataclass
class Written:
    """What one request wrote: the tables, in order of the statements that did not read."""

    statements: list[str] = field(default_factory=list)

    @property
    def tables(self) -> set[str]:
        """Return the governed tables that were written to, the record apart."""
        return {table for table in map(_table, self.statements) if table not in UNGOVERNED | _LEDGER}


def _table(sql: str) -> str:
    words = sql.replace('"', " ").replace("`", " ").split()
    place = {"INSERT": "INTO", "DELETE": "FROM", "UPDATE": "UPDATE", "REPLACE": "INTO"}[words[0].upper()]
    upper = [word.upper() for word in words[:6]]
    return words[upper.index(place) + 1].lower()


@contextmanager
def watching() -> Iterator[Written]:
    """Collect the statements of this block that write."""
    found = Written()

    def note(execute, sql, params, many, context):
        if sql.lstrip()[:7].upper().startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")):
            found.statements.append(sql.lstrip())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


@contextmanager
def undone() -> Iterator[None]:
    """Roll back whatever this block writes."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def governed() -> list:
    """Return every table whose rows must not change by a refusal: ours, guardian's and who belongs to which group."""
    ours = [
        m
        for m in apps.get_app_config("governance").get_models(include_auto_created=True)
        if m._meta.db_table not in _LEDGER
    ]
    return sorted(ours, key=lambda m: m._meta.db_table)


def rows(model) -> dict[int, dict]:
    """Return every row of a table by its key."""
    return {row[model._meta.pk.attname]: row for row in model._base_manager.order_by("pk").values()}


def everything() -> dict[str, str]:
    """Return the digest of every governed table, row by row as they are stored; the record apart."""
    with connection.cursor() as cursor:
        return {m._meta.db_table: _digest(cursor, m._meta) for m in governed()}


def _digest(cursor, table) -> str:
    name, key = (connection.ops.quote_name(one) for one in (table.db_table, table.pk.column))
    cursor.execute(f"SELECT * FROM {name} ORDER BY {key}")
    return sha256(repr(cursor.fetchall()).encode()).hexdigest()


def said_since(seq: int) -> list[LedgerEntry]:
    """Return the entries the record got after `seq`."""
    return list(LedgerEntry.objects.filter(seq__gt=seq).order_by("seq"))


def last_seq() -> int:
    """Return the number of the newest entry."""
    return LedgerEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
