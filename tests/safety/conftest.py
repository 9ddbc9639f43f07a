"""The world these tests knock at, made once for all of them."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.safety import world as made

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files of this folder one after another, or the world is made again in between."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("long") is None:
            item.add_marker(pytest.mark.long(30))


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
    """The company and an initiative for every situation; what a test writes is rolled back, and tries count from none."""
    cache.clear()
    return _built
