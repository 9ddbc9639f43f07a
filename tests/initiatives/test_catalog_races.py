"""The rows of the catalog while several change what they follow from: nobody waits for ever, and no row is left behind."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from governance import ledger
from governance.initiatives import catalog_keeping, roles
from governance.initiatives.models import CatalogRow, Initiative
from governance.people import actions as people
from governance.people.models import Person
from governance.raci.models import Assignment, Role, Row
from tests import make

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tale(transactional_db):
    """An initiative in production whose owner has asked the COO to take over."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    tale = make.make_initiative(make.make_cast(), "production")
    cast = tale.cast
    roles.offer(tale.initiative, Row.GO_LIVE, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=tale.at)
    return tale


class Beside(threading.Thread):
    """An act in another thread, on a connection of its own; `came` is what it returned or raised."""

    def __init__(self, act: Callable[[], Any]):
        super().__init__()
        self._act, self.came = act, None
        self.start()

    def run(self):
        try:
            self.came = self._act()
        except Exception as error:
            self.came = error
        finally:
            connections.close_all()


def open_until(act: Callable[[], Any], met: threading.Event, go: threading.Event) -> Callable[[], None]:
    """Return an act that stays open once it has done everything, until `go`."""

    def stays_open() -> None:
        with transaction.atomic():
            act()
            met.set()
            go.wait(10)

    return stays_open


def meet(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Do the second while the first is done and not closed; return what both came to."""
    met, go = threading.Event(), threading.Event()
    one = Beside(open_until(first, met, go))
    assert met.wait(10), one.came
    other = Beside(second)
    other.join(1)
    go.set()
    one.join(20)
    other.join(20)
    return [one.came, other.came]


def in_order() -> bool:
    """Whether every row is what it follows from."""
    return catalog_keeping.differences() == []


def takes_over(tale) -> Callable[[], Any]:
    """Return the COO's acceptance."""
    coo = tale.cast.coo
    offer = Assignment.objects.get(person=coo, row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None)
    return lambda: roles.accept(offer, by=Person.objects.get(pk=coo.pk), at=tale.at, proof=make.prove(coo))


def leaves(tale, person) -> Callable[[], Any]:
    """Return that somebody leaves."""
    return lambda: people.leave(
        Person.objects.get(pk=person.pk), left_on=tale.at.date(), by=tale.cast.admin, at=tale.at
    )


def is_renamed(tale, person) -> Callable[[], Any]:
    """Return that somebody takes another name."""

    def act() -> Any:
        now = Person.objects.get(pk=person.pk)
        return people.change(now, {"name": "Nadia New"}, by=tale.cast.admin, at=tale.at, seen_version=now.version)

    return act


def test_the_old_owner_leaves_while_it_is_handed_over(tale):
    came = meet(takes_over(tale), leaves(tale, tale.cast.owner))

    assert not any(isinstance(one, Exception) for one in came), came
    kept = CatalogRow.objects.get()
    assert (kept.owned, kept.owner_id) == (True, tale.cast.coo.pk)
    assert in_order()


def test_the_new_owner_leaves_while_it_is_handed_over(tale):
    came = meet(takes_over(tale), leaves(tale, tale.cast.coo))

    assert not any(isinstance(one, Exception) for one in came), came
    assert CatalogRow.objects.get().owned is False
    assert in_order()


def test_the_new_owner_takes_another_name_while_it_is_handed_over(tale):
    came = meet(takes_over(tale), is_renamed(tale, tale.cast.coo))

    assert not any(isinstance(one, Exception) for one in came), came
    assert CatalogRow.objects.get().owner_name == "Nadia New"
    assert in_order()


def test_who_owns_many_leaves_while_an_act_on_many_is_under_way(tale):
    first, second = tale.initiative, make.make_initiative(tale.cast, "production", name="Second").initiative
    for turn in range(60):  # what was written last stands last in the table
        Initiative.objects.filter(pk=first.pk).update(name="n" * (100 + turn % 2))
    half, whole = threading.Event(), threading.Event()

    def tags_both() -> None:
        with ledger.act(by=tale.cast.office, at=tale.at):
            for one in (first, second):
                Initiative.objects.lock(one.pk)
                Initiative.objects.filter(pk=one.pk).update(tags=" fleet ")
                half.set()
                whole.wait(2)

    many = Beside(tags_both)
    assert half.wait(10)
    gone = Beside(leaves(tale, tale.cast.owner))
    gone.join(1)
    whole.set()
    many.join(20)
    gone.join(20)

    assert not any(isinstance(one.came, Exception) for one in (many, gone)), (many.came, gone.came)
    assert in_order()


def test_an_act_meets_the_rows_being_made_anew(tale):
    renames = Initiative.objects.filter(pk=tale.initiative.pk)
    came = meet(catalog_keeping.rebuild, lambda: renames.update(name="Other name"))

    assert not any(isinstance(one, Exception) for one in came), came
    assert CatalogRow.objects.get().name == "Other name"
    assert in_order()


def test_the_rows_are_made_anew_while_an_act_is_open(tale):
    renames = Initiative.objects.filter(pk=tale.initiative.pk)
    came = meet(lambda: renames.update(name="Other name"), catalog_keeping.rebuild)

    assert not any(isinstance(one, Exception) for one in came), came
    assert CatalogRow.objects.get().name == "Other name"
    assert in_order()
