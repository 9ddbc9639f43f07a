"""`manage.py backup FOLDER`: the whole installation in one file, while people work. Exit code 1, and one sentence, when it cannot be made."""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from governance.core import clock
from governance.ledger import checkpoint
from portal import backup
from portal.command import OneSentence, measured


class Command(OneSentence):
    """Back up database, checkpoints and public keys, check the copy, and say what to keep elsewhere."""

    help = (
        "Back up this installation into one file, while people work. The file appears when the copy has been checked."
        " Exit code 0 when it is whole, 1 when not."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "folder", metavar="FOLDER", help="where the file goes, which is named mandate-<UTC time>.tar.gz"
        )
        parser.add_argument(
            "--with-key",
            action="store_true",
            help="put in the key that signs checkpoints too: then keep the file where nobody else can read it",
        )

    def handle(self, *, folder, with_key, **options):
        try:
            made = backup.make(Path(folder).expanduser(), at=clock.wall(), with_key=with_key)
        except backup.Failed as why:
            raise CommandError(str(why)) from why
        says = made.manifest
        self.stdout.write(f"{made.path}: {measured(made.path.stat().st_size)}, SHA-256 {made.sha256}")
        self.stdout.write(
            f"It holds the database as it was at {says.made_at:%Y-%m-%d %H:%M:%S} UTC, read again and checked."
        )
        for problem in made.problems:
            self.stdout.write(f"But what it holds is not as it should be. {problem}")
        if not made.problems:
            self.stdout.write(f"{made.verdict} Every reference leads somewhere.")
        self.stdout.write(_keep(with_key))
        if made.problems:
            sys.exit(1)


def _keep(with_key: bool) -> str:
    """Return what the operator must keep elsewhere, in sentences."""
    home = Path(settings.MANDATE_HOME).resolve()
    outside = [path for path in map(Path, settings.MANDATE_CHECKPOINT_SINKS) if not path.resolve().is_relative_to(home)]
    key = home / checkpoint.PRIVATE
    apart = ["your environment variables"]
    if not with_key and not settings.MANDATE_CHECKPOINT_KEY and key.exists():
        apart.append(f"the key that signs checkpoints ({key})")
    apart += [f"the checkpoints in {path}" for path in outside]
    return (
        f"Keep it on another machine, and as safe as the database. Not in it, so keep elsewhere: {', '.join(apart)}."
        " Sessions are not in it either: after a restore everybody signs in again."
    )
