"""One person and one installation, for the pages around the pages."""

import pytest


@pytest.fixture
def reader(db):
    """Somebody who works here, with a password."""
    from django.utils import timezone

    from governance.people.models import Person

    return Person.objects.create_user(
        "reader@example.org",
        "Rea Der",
        "correct horse battery",
        joined_at=timezone.now(),
        time_zone="Asia/Tokyo",
    )


@pytest.fixture
def installation(db):
    """A real installation, set up."""
    from django.utils import timezone

    from governance.core.models import Installation

    return Installation.objects.create(
        pk=1, kind="real", company="Aldermoor", time_zone="Europe/London", made_at=timezone.now()
    )
