"""The lock every act begins with."""

import pytest
from django.db.transaction import TransactionManagementError, atomic

from governance.initiatives.models import Initiative

pytestmark = pytest.mark.postgres


@pytest.mark.django_db(transaction=True)
def test_nothing_is_locked_where_nothing_would_hold_the_lock():
    with pytest.raises(TransactionManagementError, match="locked in a transaction"):
        Initiative.objects.lock(1)


def test_it_brings_the_initiative_as_it_stands(story):
    tale = story()
    Initiative.objects.filter(pk=tale.initiative.pk).update(name="As it is called by now")

    with atomic():
        assert Initiative.objects.lock(tale.initiative.pk).name == "As it is called by now"
        with pytest.raises(Initiative.DoesNotExist):
            Initiative.objects.lock(tale.initiative.pk + 1)
