"""A refusal is recorded once a minute, in a transaction of its own."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from governance import ledger
from governance.core.errors import Refused
from governance.ledger.models import LedgerEntry
from governance.ledger.verbs import Verb
from governance.ledger.verify import verify

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def refuse(person, at):
    """Return a function that records a refusal, with what a test wants different."""

    def refuse(**different):
        return ledger.refused(
            **{
                "by": person,
                "at": at,
                "what": "decide",
                "subject": Group(pk=3),
                "codes": ["owner.vacant"],
                **different,
            }
        )

    return refuse


def test_a_refusal_says_who_what_and_why(refuse, at):
    assert refuse(initiative=42) is True

    entry = LedgerEntry.objects.get()
    assert (entry.actor, entry.verb, entry.at, entry.initiative_id) == ("person:17", Verb.REFUSED, at, 42)
    assert (entry.subject_kind, entry.subject_id) == ("group", 3)
    assert entry.detail == {"what": "decide", "codes": ["owner.vacant"]}


def test_the_same_refusal_is_recorded_once_a_minute(refuse, at):
    assert refuse(at=at.replace(second=0, microsecond=0)) is True
    assert refuse(at=at.replace(second=59, microsecond=999_999)) is False
    assert refuse(at=at + timedelta(minutes=1)) is True
    assert refuse(at=at - timedelta(minutes=1)) is True

    assert LedgerEntry.objects.count() == 3


@pytest.mark.parametrize(
    "different", [{"what": "stop"}, {"subject": Group(pk=4)}, {"subject": None}, {"by": "system:sweep"}]
)
def test_another_refusal_in_the_same_minute_is_recorded_too(refuse, different):
    refuse()

    assert refuse(**different) is True
    assert LedgerEntry.objects.count() == 2
    assert verify().ok


def test_a_refusal_inside_the_act_it_ended_is_not_lost_in_silence(refuse, person, at):
    with pytest.raises(RuntimeError, match="after the act"), ledger.act(by=person, at=at):
        refuse()

    assert LedgerEntry.objects.count() == 0


def test_a_refusal_outlives_the_rollback_of_the_act(refuse, person, at):
    def refused_inside():
        with ledger.act(by=person, at=at) as say:
            say(Verb.DECISION_ANSWERED, Group.objects.create(name="Finance"))
            raise Refused("Maria decides this.")

    with pytest.raises(Refused):
        refused_inside()
    refuse()

    assert [entry.verb for entry in LedgerEntry.objects.all()] == ["refused"]
    assert not Group.objects.filter(name="Finance").exists()
