"""One byte of history changed, on a copy: verification names the entry, and the record itself is not touched."""

import pytest

from governance.ledger.models import LedgerEntry, LedgerHead
from governance.ledger.tamper import change_one_byte_on_a_copy
from governance.ledger.verify import COLUMNS, verify

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.mark.parametrize("seq", [1, 2, 6, 8, 13])
def test_the_entry_that_was_changed_is_the_one_that_is_named(seq, fill):
    fill(13)

    verdict, changed = change_one_byte_on_a_copy(seq)

    assert changed == seq
    assert [str(problem) for problem in verdict.problems] == [f"Entry {seq} has an altered leaf"]


def test_any_entry_will_do(fill):
    fill(13)

    verdict, changed = change_one_byte_on_a_copy()

    assert verdict.seqs == [changed]
    assert 1 <= changed <= 13


def test_the_record_itself_stays_as_it_was(fill):
    fill(13)
    before = (
        list(LedgerEntry.objects.order_by("seq").values_list(*COLUMNS.split(", "))),
        LedgerHead.objects.values().get(),
    )

    change_one_byte_on_a_copy()

    assert before == (
        list(LedgerEntry.objects.order_by("seq").values_list(*COLUMNS.split(", "))),
        LedgerHead.objects.values().get(),
    )
    assert verify().ok


@pytest.mark.parametrize(("size", "seq"), [(0, None), (3, 4), (3, 0)])
def test_an_entry_that_does_not_exist_is_refused(size, seq, fill):
    fill(size)

    with pytest.raises(LookupError, match=f"The ledger holds {size} entries"):
        change_one_byte_on_a_copy(seq)
