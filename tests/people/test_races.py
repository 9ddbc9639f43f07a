# ruff: noqa: B023  (the threads of a round end within it)
"""Races about people: many hands on one link, one function, one address, one tree. Always one outcome."""

from collections import Counter
from datetime import timedelta

import pytest

from governance.core.errors import Conflict
from governance.core.rules import Blocked
from governance.ledger.models import LedgerEntry
from governance.people import actions, functions, second_factor, units
from governance.people.models import Person, Unit
from tests.gates.test_races import together
from tests.make import AT
from tests.people.test_second_factor import SECRET, Phone

ROUNDS = 8
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def outcomes(results: list) -> Counter:
    """Count what came out, by kind."""
    return Counter(type(one).__name__ if isinstance(one, Exception) else "done" for one in results)


def test_one_link_used_by_eight_sets_one_password(cast):
    for n in range(ROUNDS):
        token = actions.invite(cast.staff, by=cast.admin, at=AT)

        results = together(
            *(lambda k=k: actions.use_invitation(token, f"quiet harbour {n} {k}", at=AT) for k in range(8))
        )

        assert outcomes(results) == {"done": 1, "Conflict": 7}
        won = next(k for k, one in enumerate(results) if isinstance(one, Person))
        assert Person.objects.get(pk=cast.staff.pk).check_password(f"quiet harbour {n} {won}")
    assert LedgerEntry.objects.filter(verb="invitation.used").count() == ROUNDS


def test_two_administrators_who_remove_each_other_leave_one(cast):
    actions.grant_function(cast.coo, "administrators", by=cast.admin, at=AT)
    for n in range(ROUNDS):
        one, two = (Person.objects.get(pk=pk) for pk in (cast.admin.pk, cast.coo.pk))
        act = actions.revoke_function if n % 2 else actions.leave
        how = {"function": "administrators"} if n % 2 else {"left_on": AT.date()}

        results = together(lambda: act(one, by=two, at=AT, **how), lambda: act(two, by=one, at=AT, **how))

        left = list(functions.members("administrators"))
        assert len(left) == 1, results
        assert outcomes(results)["done"] == 1
        other = next(p for p in (one, two) if p.pk != left[0].pk)
        if not Person.objects.get(pk=other.pk).is_active:
            actions.come_back(other, by=left[0], at=AT)
        actions.grant_function(other, "administrators", by=left[0], at=AT)


def test_a_function_of_one_goes_to_one_of_many(cast):
    wanted = [cast.staff, cast.lead, cast.owner, cast.engineer]
    for _ in range(ROUNDS):
        results = together(
            *(
                lambda p=p: actions.grant_function(
                    Person.objects.get(pk=p.pk), "ceo", by=Person.objects.get(pk=cast.admin.pk), at=AT
                )
                for p in wanted
            )
        )

        assert outcomes(results) == {"done": 1, "Blocked": 3}
        actions.revoke_function(functions.holder("ceo"), "ceo", by=cast.admin, at=AT)


def test_two_units_moved_below_each_other_make_no_loop(cast):
    for n in range(ROUNDS):
        one, two = (actions.save_unit(Unit(name=f"{name} {n}"), by=cast.admin, at=AT) for name in ("One", "Two"))

        def move(unit: Unit, above: Unit):
            moved = Unit.objects.get(pk=unit.pk)
            moved.parent = Unit.objects.get(pk=above.pk)
            return actions.save_unit(moved, by=Person.objects.get(pk=cast.admin.pk), at=AT)

        results = together(lambda: move(one, two), lambda: move(two, one))

        assert outcomes(results) == {"done": 1, "Blocked": 1}
        assert len(units.line(Unit.objects.get(pk=one.pk))) + len(units.line(Unit.objects.get(pk=two.pk))) == 3


def test_one_address_given_to_four_is_one_persons(cast):
    for n in range(ROUNDS):
        results = together(
            *(
                lambda k=k: actions.add(
                    {"name": f"Nora {k}", "email": f"{'NORA' if k % 2 else 'nora'}{n}@example.org"},
                    by=Person.objects.get(pk=cast.admin.pk),
                    at=AT,
                )
                for k in range(4)
            )
        )

        assert outcomes(results) == {"done": 1, "Conflict": 3}
        assert Person.objects.filter(email=f"nora{n}@example.org").count() == 1


def test_somebody_who_leaves_while_being_given_a_function_holds_none(cast):
    for _ in range(ROUNDS):
        leaver, admin = Person.objects.get(pk=cast.staff.pk), cast.admin

        together(
            lambda: actions.leave(leaver, left_on=AT.date(), by=Person.objects.get(pk=admin.pk), at=AT),
            lambda: actions.grant_function(
                Person.objects.get(pk=leaver.pk), "legal", by=Person.objects.get(pk=admin.pk), at=AT
            ),
        )

        now = Person.objects.get(pk=leaver.pk)
        assert not now.is_active
        assert not now.groups.exists()
        actions.come_back(now, by=admin, at=AT)


def test_a_link_never_outlives_the_day_its_person_left(cast):
    for _ in range(ROUNDS):
        token = actions.invite(cast.staff, by=cast.admin, at=AT)

        used, gone = together(
            lambda: actions.use_invitation(token, "quiet harbour again", at=AT),
            lambda: actions.leave(
                Person.objects.get(pk=cast.staff.pk), left_on=AT.date(), by=Person.objects.get(pk=cast.admin.pk), at=AT
            ),
        )

        assert isinstance(used, Person | Conflict), used
        assert not isinstance(gone, Exception | Blocked), gone
        assert actions.invitation(token) is None
        actions.come_back(Person.objects.get(pk=cast.staff.pk), by=cast.admin, at=AT)


def test_one_code_sent_by_eight_counts_once(cast, monkeypatch):
    # No wrong code makes those of the app rest here: what refuses the seven is that the code was used.
    monkeypatch.setattr(second_factor, "WRONG", ((1000, timedelta(days=1)),))
    codes = second_factor.set_up(cast.owner, SECRET, Phone().code(-1), at=AT)
    use = lambda code: second_factor.use(Person(pk=cast.owner.pk), code, by="system:sign-in", at=AT, where="sign-in")  # noqa: E731

    for code in (Phone().code(1), codes[0]):
        results = together(*(lambda: use(code) for _ in range(8)))

        assert Counter(bool(one.how) for one in results) == {True: 1, False: 7}, results
