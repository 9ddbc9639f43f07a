"""The rows of the catalog, kept by triggers: whatever changes an initiative or what hangs on it changes its row, in the same transaction.

What a row says is written down once, as expressions of Django's (`_facts`); the triggers of both databases are made
from them. So nobody can forget to keep a row, not even a hand in psql, and a list of a hundred thousand is
filtered, counted and ordered by reading one narrow table.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connections, models, transaction
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.sql import UpdateQuery

from governance.core.prepared import KEY, Hole
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import CatalogRow, Initiative
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people.models import Person
from governance.proof.models import SignOff
from governance.raci.models import Assignment, Role, Row

#: What a row repeats of its initiative.
COPIED = (
    *("number", "name", "stage", "tier", "capability", "unit_id", "restricted", "tags", "stage_since", "pilot_since"),
    *("retiring_since", "unowned_since", "review_due_at", "gate_on"),
)
#: How PostgreSQL says that two values differ of which one may be null.
_PG_DIFFERS = "IS DISTINCT FROM"
#: What its triggers are called.
_NAME = re.compile(r"\w+_row_(insert|update|delete)")
_TABLE, _INITIATIVES = CatalogRow._meta.db_table, Initiative._meta.db_table


# --- What a row says --------------------------------------------------------------------------


def _said_of_itself() -> dict[str, Any]:
    """Return what a row says of its initiative in other words, as expressions on initiatives."""
    order = Stage.counted()
    places = [When(stage=stage, then=Value(place)) for place, stage in enumerate(order)]
    way_back = ~Q(rollback_how="") & Q(rollback_minutes__isnull=False)
    return {
        "place": Case(*places, default=Value(len(order)), output_field=IntegerField()),
        "way_back": ExpressionWrapper(way_back, output_field=BooleanField()),
    }


@dataclass(frozen=True, slots=True)
class _Fact:
    """Some fields of a row, how each is found for the initiative `OuterRef("pk")`, and the models whose rows move them."""

    fields: Callable[[], dict[str, Any]]
    moved_by: tuple[type[models.Model], ...]


def accepted_owner() -> QuerySet:
    """Return, for a subquery on rows, the accepted and active Accountable of go-live: the business owner."""
    # Said as the index of the one Accountable and the one Escalation owner says it, so that SQLite takes that.
    of_one = _its(Assignment).standing().filter(role__in=[Role.ACCOUNTABLE, Role.ESCALATION])
    return of_one.filter(row=Row.GO_LIVE, role=Role.ACCOUNTABLE, person__is_active=True)


def has_metric() -> ExpressionWrapper:
    """Return the second mark: a confirmed figure, or a number before AI and a target."""
    confirmed = _its(Measurement).filter(confirmed_at__isnull=False)
    defined = _its(Outcome).filter(baseline__isnull=False, target__isnull=False)
    return ExpressionWrapper(Q(Exists(confirmed)) | Q(Exists(defined)), output_field=BooleanField())


def _its(model: Any) -> Any:
    return model.objects.filter(initiative=OuterRef("pk"))


def of_the_gates(relation: str) -> type[models.Model]:
    """Return the model behind one of the initiative's own relations; the gates stand above this room."""
    return Initiative._meta.get_field(relation).related_model  # type: ignore[return-value]


def _facts() -> tuple[_Fact, ...]:
    decisions, stops = of_the_gates("decisions"), of_the_gates("stops")

    def next_open(field: str) -> Subquery:
        return Subquery(_its(decisions).filter(closed="").order_by("due_at", "pk").values(field)[:1])

    return (
        _Fact(
            lambda: {
                "owner_id": Subquery(accepted_owner().values("person_id")[:1]),
                "owner_name": Coalesce(Subquery(accepted_owner().values("person__name")[:1]), Value("")),
                "owned": Exists(accepted_owner()),
            },
            (Assignment, Person),
        ),
        _Fact(lambda: {"metric": has_metric()}, (Measurement, Outcome)),
        _Fact(lambda: {"threshold": Exists(_its(Outcome).filter(threshold__isnull=False))}, (Outcome,)),
        _Fact(
            lambda: {
                "measured": Exists(_its(Measurement)),
                "figure": Exists(_its(Measurement).filter(confirmed_at__isnull=False)),
            },
            (Measurement,),
        ),
        _Fact(lambda: {"money_asked": Exists(_its(Budget).filter(approved_at=None))}, (Budget,)),
        _Fact(lambda: {"signing": Exists(_its(SignOff).filter(answer="", decision__closed=""))}, (SignOff, decisions)),
        _Fact(
            lambda: {"stop_unconfirmed": Exists(_its(stops).filter(lifted_at=None, confirmed_at=None))},
            (stops,),
        ),
        _Fact(
            lambda: {
                "open_due_at": next_open("due_at"),
                "open_kind": Coalesce(next_open("kind"), Value("")),
                "day_90_asked": Exists(_its(decisions).filter(kind="day_90")),
            },
            (decisions,),
        ),
    )


# --- The triggers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Trigger:
    """What the database does after each row inserted, updated (in one of `watched`, where any are named) or deleted.

    `first` is what PostgreSQL has to do before; SQLite has one writer.
    """

    table: str
    event: str
    statement: str
    watched: tuple[str, ...] = ()
    first: str = ""

    @property
    def name(self) -> str:
        return f"{self.table}_row_{self.event}"

    def after(self, differs: str) -> str:
        """Return when it happens; `differs` is the word between two values of which one may be null."""
        of = f" OF {', '.join(self.watched)}" if self.watched else ""
        when = " OR ".join(f"NEW.{field} {differs} OLD.{field}" for field in self.watched)
        row = f" FOR EACH ROW WHEN ({when})" if when else " FOR EACH ROW"
        return f"AFTER {self.event.upper()}{of} ON {self.table}{row}"


@lru_cache(maxsize=8)
def _triggers(using: str, vendor: str) -> tuple[_Trigger, ...]:
    """Return every trigger that a row is kept by, in the words of that kind of database."""
    return tuple(_making(using))


def _making(using: str) -> Iterator[_Trigger]:
    said = _said("NEW", using)
    fields, values = ", ".join(said), ", ".join(said.values())
    yield _Trigger(_INITIATIVES, "insert", f"INSERT INTO {_TABLE} (initiative_id, {fields}) VALUES (NEW.id, {values})")
    changed = ", ".join(f"{name} = {value}" for name, value in said.items())
    yield _Trigger(
        _INITIATIVES,
        "update",
        f"UPDATE {_TABLE} SET {changed} WHERE initiative_id = NEW.id",
        (*COPIED, "rollback_how", "rollback_minutes"),
    )
    yield _Trigger(_INITIATIVES, "delete", f"DELETE FROM {_TABLE} WHERE initiative_id = OLD.id")
    for model in _moving():
        table: str = model._meta.db_table
        moved = _fields_moved_by(model)
        if model is Person:
            rows = CatalogRow.objects.filter(pk__in=_answered_for().filter(accepted_at__isnull=False))
            statement = _updating(rows, moved, using)
            yield _Trigger(table, "update", statement, ("name", "is_active"), first=_locking(using))
            continue
        for event, those in (("insert", ["NEW"]), ("update", ["NEW", "OLD"]), ("delete", ["OLD"])):
            rows = CatalogRow.objects.filter(initiative__pk__in=[_at(row, "initiative_id") for row in those])
            yield _Trigger(table, event, _updating(rows, moved, using))


def _said(row: str, using: str) -> dict[str, str]:
    """Return what a row of the catalog says of the initiative `row` itself, in SQL."""
    rows = (
        Initiative.objects.using(using)
        .order_by()
        .annotate(**_said_of_itself())
        .values_list(*COPIED, *_said_of_itself())
    )
    compiler = rows.query.get_compiler(using)
    compiler.setup_query()
    found = [_written(sql, params) for _selected, (sql, params), _alias in compiler.select]
    names = (*COPIED, *_said_of_itself())
    return {name: sql.replace(f'"{_INITIATIVES}".', f"{row}.") for name, sql in zip(names, found, strict=True)}


def _moving() -> list[type[models.Model]]:
    return list(dict.fromkeys(model for fact in _facts() for model in fact.moved_by))


def _fields_moved_by(model: type[models.Model]) -> dict[str, Any]:
    return {name: by for fact in _facts() if model in fact.moved_by for name, by in fact.fields().items()}


def _answered_for() -> QuerySet:
    """Return the initiatives that the person NEW answers for or was asked to, by id."""
    held = Assignment.objects.filter(person=_at("NEW", "id"), row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None)
    return held.values("initiative_id")


def _locking(using: str) -> str:
    """Return what locks those initiatives, as every act on them begins, in the order in which an act on many locks them.

    So somebody who leaves or takes another name waits for a handover that is under way, and sees what came of it: the
    statement that follows reads anew. No act on an initiative locks a person.
    """
    if connections[using].vendor == "sqlite":
        return ""
    rows = Initiative.objects.using(using).filter(pk__in=_answered_for()).order_by("number").values("pk")
    sql, params = rows.query.sql_with_params()
    return f"PERFORM {_written(sql, params).removeprefix('SELECT ')} FOR NO KEY UPDATE; "


def _updating(rows: QuerySet, fields: dict[str, Any], using: str) -> str:
    """Return the statement that writes `fields` of `rows`, its values in it: a trigger takes no parameters."""
    query = rows.using(using).query.chain(UpdateQuery)
    query.add_update_values(fields)  # type: ignore[attr-defined]
    sql, params = query.get_compiler(using).as_sql()
    return _written(sql, params)


def _at(row: str, field: str) -> Hole:
    """Return a field of the row NEW or OLD as a value of a query."""
    return Hole(f"{row}.{field}", output_field=KEY)


def _written(sql: str, params: Iterable[Any]) -> str:
    """Return a statement with its values in it."""
    return sql % tuple(_literal(value) for value in params)


def _literal(value: Any) -> str:
    if isinstance(value, Hole):
        return str(value.value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'{}'".format(str(value).replace("'", "''"))


def missing(using: str = "default") -> list[str]:
    """Return the names of the triggers that are absent, switched off or altered. One query."""
    return [trigger.name for trigger in _wanting(using)]


def _wanting(using: str) -> list[_Trigger]:
    connection = connections[using]
    with connection.cursor() as cursor:
        there = _there(cursor, connection.vendor)
    kept = _in_sqlite if connection.vendor == "sqlite" else _in_postgresql
    return [t for t in _triggers(using, connection.vendor) if there.get((t.name, t.table)) != kept(t)]


def _there(cursor: Any, vendor: str) -> dict[tuple[str, str], str]:
    """Return how each trigger that is there and on is written down, by its name and table. One query."""
    if vendor == "sqlite":
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    else:
        cursor.execute(
            "SELECT t.tgname, c.relname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled = 'O'"
        )
    return {(name, table): sql for name, table, sql in cursor.fetchall() if _NAME.fullmatch(name)}


def _in_sqlite(trigger: _Trigger) -> str:
    """Return the trigger as SQLite keeps it, word for word."""
    return f"CREATE TRIGGER {trigger.name} {trigger.after('IS NOT')} BEGIN {trigger.statement}; END"


def _in_postgresql(trigger: _Trigger) -> str:
    """Return the body of the function that the trigger runs; when it runs stands in it, so that another release's is told from it."""
    return f"BEGIN /* {trigger.after(_PG_DIFFERS)} */ {trigger.first}{trigger.statement}; RETURN NULL; END"


def install(using: str = "default", *, anew: bool = False) -> None:
    """Put in place what is missing, or everything `anew`, and make every row anew where anything was. Safe to run any number of times."""
    wanting = _triggers(using, connections[using].vendor) if anew else _wanting(using)
    if not wanting:
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for trigger in wanting:
            if connections[using].vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}")
                cursor.execute(_in_sqlite(trigger))
            else:
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS $keep${_in_postgresql(trigger)}$keep$"
                )
                cursor.execute(
                    f"CREATE OR REPLACE TRIGGER {trigger.name} {trigger.after(_PG_DIFFERS)} EXECUTE FUNCTION {trigger.name}()"
                )
        rebuild(using)


def remove(using: str = "default") -> None:
    """Take away every trigger there is, of whatever release: before tables change, or very many rows are written.

    SQLite refuses to remake a table that a trigger speaks of, PostgreSQL to change the type of its column. `install` puts
    them back and makes the rows anew.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, table in _there(cursor, connection.vendor):
            cursor.execute(f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else f" ON {table}"))


def _fields() -> list[str]:
    """Return the fields of a row, its key left out."""
    return [*COPIED, *_said_of_itself(), *(name for fact in _facts() for name in fact.fields())]


def _as_they_follow(using: str) -> QuerySet:
    """Return every row as it follows from what it is kept by: its key, then its fields."""
    facts = {name: by for fact in _facts() for name, by in fact.fields().items()}
    rows = Initiative.objects.using(using).order_by().annotate(**_said_of_itself(), **facts)
    return rows.values_list("pk", *_fields())


def rebuild(using: str = "default") -> None:
    """Make every row anew from what it follows from. Two statements, in a transaction; whoever changes anything waits."""
    sql, params = _as_they_follow(using).query.sql_with_params()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {_TABLE} IN SHARE ROW EXCLUSIVE MODE")  # an act would find its row gone
        cursor.execute(f"DELETE FROM {_TABLE}")
        cursor.execute(f"INSERT INTO {_TABLE} (initiative_id, {', '.join(_fields())}) {sql}", params)


def differences(using: str = "default") -> list[str]:
    """Return the keys (AI-42) whose row is missing or not what it follows from. One query, which reads everything."""
    follow = _as_they_follow(using)
    kept = CatalogRow.objects.using(using).order_by().values_list("pk", *_fields())
    return [f"AI-{number}" for number in sorted(row[1] for row in follow.difference(kept))]
