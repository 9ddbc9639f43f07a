"""A story told again is the same story: the same rows in every table, and a record that holds."""

import pytest
from django.db import connection

from governance.initiatives import material
from governance.ledger import verify
from governance.ledger.models import LedgerEntry
from governance.people.models import Person
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.models import Role, Row
from tests import again, make
from tests.safety.world import everything, undone


@pytest.fixture(autouse=True)
def memory(db, monkeypatch):
    """A memory that has seen nothing, at the start of a test."""
    memory = again.Memory(state=0)
    monkeypatch.setattr(again, "memory", memory)
    with connection.execute_wrapper(memory.watch):
        yield memory


@pytest.fixture
def walked(monkeypatch):
    """The names of the stories that began by walking."""
    names, begin = [], make.Story._begin

    def noted(story, values, found):
        names.append(values["name"])
        return begin(story, values, found)

    monkeypatch.setattr(make.Story, "_begin", noted)
    return names


def told(memory, name: str = "Reply drafts") -> tuple:
    """Tell of one story that ended and one half-way, return what can be seen of them, and undo it."""
    with undone():
        memory.begin()
        cast = make.make_cast()
        ended = make.make_initiative(cast, "retired", tier_proposed=4)
        half = make.Story(cast, name=name, unit=cast.sales).to_pilot().measure(confirmed=False)
        half.later(days=3).ask_budget(approved=False)
        assert verify.verify(checkpoints=[]).ok
        assert grants.differences() == []
        return (
            everything(),
            list(LedgerEntry.objects.order_by("seq").values_list()),
            [(story.at, story.initiative.pk, story.initiative.stage) for story in (ended, half)],
            [(person.pk, person.name, person.unit_id) for person in cast.people],
            [call for _ids, call, _robust in connection.run_on_commit],
        )


def test_it_leaves_what_walking_left(memory, walked):
    first = told(memory)
    second = told(memory)

    assert walked == ["Support refunds", "Reply drafts"]
    assert second == first


def test_other_words_are_another_story(memory, walked):
    first = told(memory)
    other = told(memory, name="Call summaries")

    assert walked == ["Support refunds", "Reply drafts", "Call summaries"]
    assert other[0]["governance_initiative"] != first[0]["governance_initiative"]
    assert other[0]["governance_person"] == first[0]["governance_person"]


def test_a_step_within_a_step_is_known_by_the_words_of_both(memory):
    for amount in ("84000", "90000"):
        with undone():
            memory.begin()
            tale = make.Story(make.make_cast()).to_pilot().measure().ask_budget(amount)
            accepted = raci.matrix(tale.fresh).accepted(Row.GO_LIVE, Role.ACCOUNTABLE)

            assert accepted.material_sha256 == material.digest(tale.fresh)
            assert verify.verify(checkpoints=[]).ok


def test_after_a_write_of_the_test_itself_it_is_walked(memory, walked):
    with undone():
        memory.begin()
        make.Story(make.make_cast())
    memory.begin()
    cast = make.make_cast()
    Person.objects.filter(pk=cast.lead.pk).update(title="Somebody else")
    make.Story(cast)

    assert walked == ["Support refunds", "Support refunds"]


def test_what_a_test_does_to_its_people_is_not_seen_by_the_next(memory):
    for _ in range(2):
        with undone():
            memory.begin()
            cast = make.make_cast()
            assert cast.lead.is_active
            cast.lead.is_active = False


def test_outside_a_test_s_transaction_nothing_is_known(memory, monkeypatch):
    monkeypatch.setattr(connection.atomic_blocks[0], "_from_testcase", False)

    assert memory.standing() is None
