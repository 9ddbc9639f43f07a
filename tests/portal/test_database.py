"""A test with real transactions leaves the database as it found it, the guarded record too."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from governance import ledger
from governance.core.models import Pulse
from governance.ledger import guards
from governance.ledger.models import LedgerEntry, LedgerHead
from governance.people.functions import Function
from governance.policy.models import PolicyVersion

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_begins_with_what_every_database_holds_and_nothing_else(turn):
    assert (Pulse.objects.count(), LedgerEntry.objects.count(), LedgerHead.objects.get().size) == (0, 0, 0)
    assert set(Group.objects.values_list("name", flat=True)) == set(Function.values)
    assert PolicyVersion.objects.count() == 1
    assert guards.missing() == []
    assert ContentType.objects.get(app_label="governance", model="initiative")
    assert Permission.objects.exists()

    Pulse.beat("sweep")
    with ledger.act(by="system:test", at=timezone.now()) as say:
        say(ledger.Verb.RECORD_CREATED, Group.objects.create(name=turn))
    assert LedgerEntry.objects.count() == 1


def test_on_sqlite_the_database_is_a_file_so_that_threads_can_share_it():
    name = str(connection.settings_dict["NAME"])

    assert connection.vendor == "postgresql" or Path(name).is_file()
