"""The world these tests knock at, made once for all of them."""

import pytest
from django.db import transaction

from tests.safety import world as made


@pytest.fixture(scope="package")
def _built(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        try:
            yield made.build()
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@pytest.fixture
def world(_built, db) -> made.World:
    """The company and an initiative for every situation; what a test writes is rolled back."""
    return _built
