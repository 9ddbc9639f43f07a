"""Reading the matrix. One query brings all of it, kept on the initiative's instance until it changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.core.prepared import KEY, Prepared
from governance.people.functions import Function
from governance.raci.models import Assignment, Role, Row


@dataclass(frozen=True)
class Matrix:
    """Every assignment of one initiative that has not ended."""

    rows: tuple[Assignment, ...]

    @property
    def standing(self) -> list[Assignment]:
        """Those that count."""
        return [a for a in self.rows if a.accepted_at is not None]

    @property
    def offers(self) -> list[Assignment]:
        """Offers that nobody answered."""
        return [a for a in self.rows if a.accepted_at is None]

    def cell(self, row: Row, role: Role) -> list[Assignment]:
        """Return who stands in one cell."""
        return [a for a in self.standing if a.row == row and a.role == role]

    def offer(self, row: Row, role: Role) -> Assignment | None:
        """Return the open offer of one cell."""
        return next((a for a in self.offers if a.row == row and a.role == role), None)

    def accepted(self, row: Row, role: Role) -> Assignment | None:
        """Return the assignment of the A or E that counts: accepted, by somebody still active."""
        return next((a for a in self.cell(row, role) if a.person and a.person.is_active), None)

    def accountable(self, row: Row):
        """Return the accepted Accountable of a row, or None while the row is vacant."""
        found = self.accepted(row, Role.ACCOUNTABLE)
        return found.person if found else None

    def escalation(self, row: Row):
        """Return the accepted Escalation owner of a row, or None."""
        found = self.accepted(row, Role.ESCALATION)
        return found.person if found else None

    def responsible(self, row: Row) -> list:
        """Return the people Responsible on a row (groups left out)."""
        return [a.person for a in self.cell(row, Role.RESPONSIBLE) if a.person and a.person.is_active]

    @property
    def owner(self):
        """Return the business owner: the Accountable of go-live and of halt."""
        return self.accountable(Row.GO_LIVE)

    @property
    def has_accountable(self) -> bool:
        """Whether anybody accepted to be Accountable of any row."""
        return any(a.role == Role.ACCOUNTABLE and a.person and a.person.is_active for a in self.standing)

    @property
    def people(self) -> list:
        """Return everybody named, accepted or not, once."""
        return list({a.person_id: a.person for a in self.rows if a.person}.values())

    def holds(self, person, row: Row, role: Role, mine: frozenset[str] = frozenset()) -> bool:
        """Return whether `person` stands in a cell, in person or through one of the groups called in `mine`."""
        return any(_is(a, person, mine) for a in self.cell(row, role))

    def is_named(self, person) -> bool:
        """Return whether `person` is named anywhere, accepted or not."""
        return any(a.person_id == person.pk for a in self.rows)

    def is_on_it(self, person, mine: frozenset[str] = frozenset()) -> bool:
        """Return whether `person` is R or A (also offered) of any row, in person or through a group called in `mine`."""
        return any(_is(a, person, mine) and a.role in (Role.RESPONSIBLE, Role.ACCOUNTABLE) for a in self.rows)

    def consulted_functions(self, person, mine: frozenset[str], rows=tuple(Row)) -> frozenset[str]:
        """Return the functions of `person` (slugs in `mine`) under which they are Consulted on `rows`.

        A member is Consulted when the function's group stands in C, or when they stand there in person.
        """
        out: set[str] = set()
        for a in self.standing:
            if a.role != Role.CONSULTED or a.row not in rows:
                continue
            if a.group_id and a.group.name in mine:
                out.add(a.group.name)
            elif a.person_id == person.pk:
                out |= mine & set(Function.values)
        return frozenset(out)


def _is(assignment: Assignment, person, mine: frozenset[str]) -> bool:
    """Return whether an assignment is `person`'s, or that of a group called in `mine`."""
    return assignment.person_id == person.pk or (assignment.group is not None and assignment.group.name in mine)


def matrix(initiative) -> Matrix:
    """Return the matrix of `initiative`. One query, kept on the instance until `forget`."""
    if "_matrix" not in initiative.__dict__:
        rows = _ROWS.ask(initiative=initiative.pk) if initiative.pk else ()
        initiative.__dict__["_matrix"] = Matrix(_cells(rows))
    return initiative.__dict__["_matrix"]


_ROWS: Prepared[Assignment] = Prepared(
    lambda initiative: Assignment.objects.filter(initiative=initiative, ended_at=None).select_related(
        "person__unit", "group"
    ),
    initiative=KEY,
)


def _cells(rows: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """Return assignments in the order of the matrix; those of one person share them, so what is asked is asked once.

    They are sorted here because Django looks at every column of a join before it orders by one.
    """
    people: dict[int, Any] = {}
    shared = tuple(sorted(rows, key=lambda a: (a.row, a.role, a.pk)))
    for a in shared:
        if a.person is not None:
            a.person = people.setdefault(a.person_id, a.person)
    return shared


def retirer(initiative):
    """Return who retires it: the business owner, before go-live the Accountable of the pilot; None while nobody accepted.

    No query beyond the matrix.
    """
    found = matrix(initiative)
    owner = found.accountable(Row.HALT) or found.accountable(Row.GO_LIVE)
    return owner if initiative.live_since else found.accountable(Row.PILOT) or owner


def forget(initiative) -> None:
    """Read the matrix again next time."""
    initiative.__dict__.pop("_matrix", None)


def prefetch(initiatives) -> None:
    """Bring the matrices of many initiatives in one query, for lists."""
    initiatives = list(initiatives)
    found: dict[int, list[Assignment]] = {i.pk: [] for i in initiatives}
    for a in Assignment.objects.filter(initiative_id__in=found, ended_at=None).select_related("person", "group"):
        found[a.initiative_id].append(a)
    for initiative in initiatives:
        initiative.__dict__["_matrix"] = Matrix(_cells(found[initiative.pk]))


def offers_to(person, at: datetime):
    """Return the offers `person` still has to answer at `at`. Lazy queryset."""
    return (
        Assignment.objects.offers()
        .filter(person=person, answer_by__gt=at)
        .select_related("initiative", "assigned_by")
        .order_by("answer_by", "pk")
    )
