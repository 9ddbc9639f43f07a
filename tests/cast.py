"""The cast and its stories, as fixtures."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.contenttypes.models import ContentType

from governance.people import proof
from tests import again, make
from tests.running import first_start


@pytest.fixture
def cast(db) -> make.Cast:
    """The company: units, and people for every duty."""
    return make.make_cast()


@pytest.fixture
def story(cast):
    """Return a function that makes a story at a stage: story("funding", tier_proposed=4)."""
    return lambda stage="idea", **values: make.make_initiative(cast, stage, **values)


@pytest.fixture
def sign_in():
    """Return a function that signs a person in to a client, proved a moment ago unless told otherwise."""

    def enter(client, person, *, proved: bool = True):
        client.force_login(person, backend="governance.people.backend.Backend")
        if proved:
            session = client.session
            session[proof._KEY] = {"person": person.pk, "method": "password", "at": proof.clock.wall().isoformat()}
            session.save()
        return client

    return enter


@pytest.fixture(scope="module")
def demo_company(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demo company for a file of tests that only read it (each test's own writes are rolled back).

    On SQLite it stands in a copy of the database that the run's first quickstart made; on PostgreSQL it is made
    here, once for the file.
    """
    from django.db import connection, transaction

    from governance.core import clock
    from governance.demo.seed import seed

    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            copy = shutil.copy(Path(first_start().home) / "mandate.sqlite3", tmp_path_factory.mktemp("demo"))
            with _database(connection, str(copy)):
                yield
            return
        whole = transaction.atomic()
        whole.__enter__()
        try:
            seed(clock.now())
            yield
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@contextmanager
def _database(connection, name: str):
    """Have the tests run on another SQLite file for as long as this block lasts."""

    def use(file: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = file
        ContentType.objects.clear_cache()
        again.memory.forget()

    usual = connection.settings_dict["NAME"]
    use(name)
    try:
        yield
    finally:
        use(usual)
