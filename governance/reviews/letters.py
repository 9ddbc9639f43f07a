"""What a letter is, and the words that letters share. Nothing is written here: telling.py does, when clocks.py says.

A letter's words are functions: they are said in the zone and language of each reader. The letters
themselves are in letters_questions.py, letters_initiatives.py and letters_many.py.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from governance.initiatives.models import Initiative
from governance.people.models import Person
from governance.raci import queries as raci
from governance.raci.models import Row

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
    mute: str = ""


def named(initiative: Initiative) -> dict[str, str]:
    """Return what a sentence calls an initiative."""
    return {"key": initiative.key, "name": initiative.name}


def names(people: Iterable) -> str:
    """Return names as a list in words."""
    return ", ".join(p.name for p in people)


def once(people: Iterable[Person | None]) -> list[Person]:
    """Return the people there are, once each."""
    return list({p.pk: p for p in people if p is not None}.values())


def call(*people: Person | None) -> str:
    """Return whom to call, with the numbers there are."""
    return ", ".join(f"{p.name} {p.phone}".strip() for p in once(people))


def answers_for(initiative: Initiative) -> Person | None:
    """Return who answers for it: the business owner, before go-live the Accountable of the pilot."""
    matrix = raci.matrix(initiative)
    return matrix.owner or matrix.accountable(Row.PILOT)


def escalation(initiative: Initiative, *rows: Row) -> list[Person]:
    """Return the Escalation owners of these rows, once each."""
    matrix = raci.matrix(initiative)
    return once(matrix.escalation(row) for row in rows or (Row.HALT, Row.GO_LIVE))


def why_decides(decides: Person | None, row: Row) -> Words:
    """Return why whoever decides is written to, or the Portfolio office where nobody does."""
    if decides is None:
        return lambda: _("You are in the Portfolio office.")
    return lambda: _("You are Accountable for %(row)s.") % {"row": row.label}


def why_answers(owner: Person | None) -> Words:
    """Return why whoever answers for it is written to, or the Portfolio office where nobody does."""
    if owner is None:
        return lambda: _("You are in the Portfolio office; nobody answers for it.")
    return lambda: _("You answer for it.")
