"""The history of one initiative, newest first, one query a page."""

import pytest
from django.contrib.auth.models import Group

from governance import ledger
from governance.ledger import queries
from governance.ledger.verbs import Verb

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(person, at):
    """Nine entries: the odd ones about initiative 42, the even ones about 7."""
    for seq in range(1, 10):
        with ledger.act(by=person, at=at) as say:
            say(
                Verb.STOP_ASKED if seq == 5 else Verb.DECISION_ASKED,
                Group(pk=seq),
                initiative=42 if seq % 2 else 7,
                text={"reason": "x"},
            )


def test_the_history_of_an_initiative_is_its_own_and_newest_first(history):
    assert [entry.seq for entry in queries.for_initiative(42)] == [9, 7, 5, 3, 1]


def test_pages_follow_each_other_without_gap_or_overlap(history):
    first = queries.for_initiative(42, limit=2)
    second = queries.for_initiative(42, before=first[-1].seq, limit=2)
    third = queries.for_initiative(42, before=second[-1].seq, limit=2)

    assert [[entry.seq for entry in page] for page in (first, second, third)] == [[9, 7], [5, 3], [1]]


def test_a_page_is_one_query_whatever_it_shows(history, django_assert_num_queries):
    with django_assert_num_queries(1):
        for entry in queries.for_initiative(42):
            assert (
                entry.actor,
                entry.detail,
                entry.text,
                entry.get_verb_display(),
                entry.is_erased,
            ) is not None


def test_the_latest_of_everything_or_of_one_kind(history):
    assert [entry.seq for entry in queries.latest(limit=3)] == [9, 8, 7]
    assert [entry.seq for entry in queries.latest(before=3)] == [2, 1]
    assert [entry.seq for entry in queries.latest(verb=Verb.STOP_ASKED)] == [5]
