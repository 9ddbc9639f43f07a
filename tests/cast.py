"""The cast and its stories, as fixtures."""

import pytest

from governance.people import proof
from tests import make


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
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        if proved:
            session = client.session
            session[proof._KEY] = {"person": person.pk, "method": "password", "at": proof.clock.wall().isoformat()}
            session.save()
        return client

    return enter


@pytest.fixture(scope="module")
def demo_company(django_db_setup, django_db_blocker):
    """The demo company, made once for a file of tests that only read it (each test's own writes are rolled back)."""
    from django.db import transaction

    from governance.core import clock
    from governance.demo.seed import seed

    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        try:
            yield seed(clock.now())
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)
