"""One person and one installation, for the pages around the pages; and whole installations, for their backups."""

import copy
import dataclasses
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.base.base import NO_DB_ALIAS

from governance import furnish
from governance.ledger import checkpoint
from portal import backup
from tests import make
from tests.portal import places

# Django's tests may open no other database than their own, but under this one alias.
backup._COPY = NO_DB_ALIAS


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


# --- A whole installation, to be backed up and brought back ------------------------------------


@dataclass
class Kept:
    """An installation that was made once for this run: its folder, the file its checkpoints also go to, and its story."""

    folder: Path
    outside: Path
    story: make.Story
    made: backup.Made


@pytest.fixture(scope="session")
def kept(django_db_setup, django_db_blocker, tmp_path_factory):
    """An initiative in its pilot, a checkpoint over all that led there, and a backup of it. Nobody changes it."""
    folder, outside = tmp_path_factory.mktemp("kept") / "home", tmp_path_factory.mktemp("outside") / "checkpoints.log"
    with django_db_blocker.unblock():
        try:
            places.copied(connection.settings_dict["NAME"], folder)
            with places.at(folder, outside):
                furnish.after_migrate()
                story = make.make_initiative(make.make_cast(), "pilot")
                checkpoint.make(story.at)
                made = backup.make(tmp_path_factory.mktemp("backups"), at=datetime(2026, 11, 29, 10, 0, tzinfo=UTC))
            yield Kept(folder, outside, story, made)
        finally:
            places.gone(folder)


@pytest.fixture
def outside(kept, tmp_path) -> Path:
    """A file that checkpoints go to, where the owner of the database cannot write."""
    return Path(shutil.copy(kept.outside, tmp_path / "outside.log"))


@pytest.fixture
def story(kept, outside, transactional_db, tmp_path):
    """The initiative in its pilot, in an installation of this test's own, in which everything happens."""
    home = tmp_path / "home"
    shutil.copytree(kept.folder, home)
    places.copied(places.database_of(kept.folder), home)
    with places.at(home, outside):
        yield copy.deepcopy(kept.story)
    places.gone(home)


@pytest.fixture
def made(kept, transactional_db, tmp_path) -> backup.Made:
    """A backup of that installation, in a copy of this test's own."""
    path = shutil.copy(kept.made.path, tmp_path)
    return dataclasses.replace(kept.made, path=Path(path))


@pytest.fixture
def target(tmp_path) -> Path:
    """The folder backups go to."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def elsewhere(transactional_db, tmp_path):
    """Return a context in which everything happens in an empty place; given files are where its checkpoints go too."""
    used = []

    @contextmanager
    def another(*outside: Path):
        used.append(tmp_path / f"elsewhere-{len(used)}")
        used[-1].mkdir()
        places.empty(used[-1])
        with places.at(used[-1], *outside):
            yield used[-1]

    yield another
    for folder in used:
        places.gone(folder)
