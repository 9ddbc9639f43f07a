"""A query that is kept answers as the query itself would: for whoever asks, with whatever values, at the same time as others."""

import sys
import threading
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import DateField, Exists, F, OuterRef, Value
from django.test.utils import CaptureQueriesContext

from governance.core.prepared import DAY, KEY, MOMENT, Prepared
from governance.people.models import Deputy, Person, Unit
from tests.make import AT, make_person, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(db):
    """Three people in two units, one of whom stands in for another."""
    sales, desk = make_unit("Sales"), make_unit("Desk")
    ada, ben = make_person("Ada Lane", unit=sales, left_on=date(2026, 3, 1)), make_person("Ben Moss", unit=desk)
    cleo = make_person("Cleo Ruiz", unit=desk, joined_at=AT)
    Deputy.objects.create(person=ada, deputy=ben, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 9))
    return ada, ben, cleo


def test_each_gets_the_rows_of_their_own_values_and_the_query_is_written_once(three):
    written = []

    def colleagues(person, before):
        written.append(person)
        mine = Person.objects.filter(pk=person).values("unit")
        return Person.objects.filter(unit__in=mine, joined_at__lt=before).order_by("name")

    kept = Prepared(colleagues, person=KEY, before=MOMENT)
    for person in three:
        for before in (AT - timedelta(days=1), AT, AT + timedelta(days=1)):
            plain = list(colleagues(person.pk, before))
            assert kept.ask(person=person.pk, before=before) == plain
    assert [type(one).__name__ for one in written].count("Hole") == 1


def test_rows_are_what_django_makes_of_them(three):
    ada, ben, _cleo = three
    stands_in = Deputy.objects.filter(deputy=OuterRef("pk"))
    kept = Prepared(
        lambda day: (
            Person.objects.annotate(stands_in=Exists(stands_in), asked=Value("x"), of=F("unit__name"))
            .filter(left_on__lte=day)
            .select_related("unit")
            .defer("title")
        ),
        day=DAY,
    )
    values = Prepared(
        lambda: Person.objects.order_by("pk").values_list("left_on", "joined_at", "is_active", "unit__name")
    )

    (found,) = kept.ask(day=date(2026, 3, 1))
    with CaptureQueriesContext(connection) as asked:
        assert (found.unit.name, found.of, found.stands_in, found.asked) == ("Sales", "Sales", False, "x")
    assert (found, found.left_on, len(asked)) == (ada, date(2026, 3, 1), 0)
    assert found.get_deferred_fields() == {"title"}
    assert kept.ask(day=date(2026, 2, 28)) == []
    assert values.ask() == list(
        Person.objects.order_by("pk").values_list("left_on", "joined_at", "is_active", "unit__name")
    )
    flat = Prepared(
        lambda unit: Person.objects.filter(unit=unit).order_by("pk").values_list("name", flat=True), unit=KEY
    )
    assert flat.ask(unit=ben.unit_id) == ["Ben Moss", "Cleo Ruiz"]


def test_halves_of_a_union_are_filled_each(three):
    kept = Prepared(
        lambda unit, day: (
            Unit.objects.filter(pk=unit)
            .values_list(Value(1), "name", Value(None, output_field=DateField()))
            .union(Person.objects.filter(left_on=day).values_list(Value(2), "name", "left_on"), all=True)
        ),
        unit=KEY,
        day=DAY,
    )

    assert sorted(kept.ask(unit=three[1].unit_id, day=date(2026, 3, 1))) == [
        (1, "Desk", None),
        (2, "Ada Lane", date(2026, 3, 1)),
    ]


def test_a_value_too_few_or_too_many_is_refused():
    kept = Prepared(lambda person: Person.objects.filter(pk=person), person=KEY)

    with pytest.raises(TypeError, match=r"has the holes \['person'\], and got \[\]"):
        kept.ask()
    with pytest.raises(TypeError, match=r"got \['person', 'unit'\]"):
        kept.ask(person=1, unit=2)


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_get_each_their_own(three):
    kept = Prepared(lambda person: Person.objects.filter(pk=person).values_list("name", flat=True), person=KEY)
    kept.ask(person=three[0].pk)
    names: list[tuple[str, str]] = []
    turns = sys.getswitchinterval()

    def ask(person):
        try:
            names.extend((person.name, found) for _turn in range(80) for found in kept.ask(person=person.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(person,)) for person in three * 2]
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(turns)
    assert Counter(names) == {(person.name, person.name): 160 for person in three}
