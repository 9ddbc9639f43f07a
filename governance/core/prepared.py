"""Queries that are made once and asked on every page: writing one with Django takes longer than answering it.

    _NAMES = Prepared(lambda person: Group.objects.filter(person=person).values_list("name", flat=True), person=KEY)
    _NAMES.ask(person=7)

What makes the query gets a hole for each value that is not the same for everybody, and must depend on nothing
else: no setting, no clock, no language. The SQL is kept for each kind of database, and what is asked goes in as
parameters. The rows are made by Django's own hands, so that they are those the query itself would have found.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models import Field, QuerySet, Value

Row = TypeVar("Row")

#: What holes are filled with most: the key of a row, a moment, a day.
KEY, MOMENT, DAY = models.BigIntegerField(), models.DateTimeField(), models.DateField()


class Hole(Value):
    """The place of a value in a query that is written before anybody knows it; its own value is its name."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return a parameter that is this hole itself."""
        return "%s", (self,)


class Prepared(Generic[Row]):
    """A query whose SQL is written when it is first asked. `make` returns it, given the hole of each field by name."""

    def __init__(self, make: Callable[..., QuerySet[Any, Row]], **fields: Field):
        self._make, self._fields = make, fields
        self._written: dict[str, tuple[QuerySet[Any, Row], Any, str, tuple[Any, ...], Any]] = {}

    def ask(self, **values: Any) -> list[Row]:
        """Return the rows for these values, one for each hole and none of them None. One query."""
        if values.keys() != self._fields.keys():
            raise TypeError(f"This query has the holes {sorted(self._fields)}, and got {sorted(values)}.")
        rows, compiler, sql, params, converters = self._written.get(connection.vendor) or self._write()
        said = {name: field.get_db_prep_value(values[name], connection) for name, field in self._fields.items()}
        filled = tuple(said[param.value] if isinstance(param, Hole) else param for param in params)
        # Copies, because others ask at the same time. (What Django calls the connection is each thread's own.)
        query, compiler = copy(rows.query), copy(compiler)
        compiler.as_sql = lambda *args, **kwargs: (sql, filled)
        compiler.get_converters = lambda expressions: converters
        query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
        asked: Any = QuerySet(rows.model, query=query)
        asked._fields = rows._fields  # type: ignore[attr-defined]
        brings: Any = rows._iterable_class  # type: ignore[attr-defined]
        return list(brings(asked))

    def _write(self) -> tuple[QuerySet[Any, Row], Any, str, tuple[Any, ...], Any]:
        """Write the query for the database that is asked, and keep it with what its columns are converted by."""
        rows = self._make(**{name: Hole(name, output_field=field) for name, field in self._fields.items()})
        compiler = rows.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([selected[0] for selected in compiler.select[: compiler.col_count]])
        self._written[connection.vendor] = written = (rows, compiler, sql, tuple(params), converters)
        return written
