"""A release that adds to the policy writes a new version, keeps what was set, and puts that on record."""

import pytest

from governance.ledger.models import LedgerEntry
from governance.policy import versions
from governance.policy.models import PolicyVersion

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    versions.current.cache_clear()


def test_what_a_release_adds_is_a_new_version_on_record():
    older = versions.defaults()
    older["windows"] = {**older["windows"], "offer_wd": 9}
    del older["windows"]["funding_wd"]
    PolicyVersion.objects.update(body=older)

    versions.ensure()
    versions.ensure()

    made = PolicyVersion.objects.get(number=2)
    assert (made.body["windows"]["offer_wd"], versions.current().windows["funding_wd"]) == (9, 10)
    entry = LedgerEntry.objects.get(verb="policy.set")
    assert (entry.actor, entry.detail["number"], entry.detail["sha256"]) == ("system:upgrade", 2, made.sha256)
    assert PolicyVersion.objects.count() == 2


def test_a_release_that_adds_nothing_writes_nothing():
    versions.ensure()

    assert (PolicyVersion.objects.count(), LedgerEntry.objects.count()) == (1, 0)
