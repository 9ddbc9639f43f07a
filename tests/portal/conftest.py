"""One person and one installation, for the pages around the pages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


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


def outside(**variables: str) -> dict[str, str]:
    """Return this environment as a terminal outside the tests has it, with `variables` set."""
    ours = ("PYTEST_", "MANDATE_", "COV_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) and name != "DATABASE_URL"
    } | variables


def manage(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with `words`, as in a terminal, and return what it did."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=outside(**variables),
        capture_output=True,
        text=True,
    )
