"""`manage.py restore FILE`: bring a backup back into an empty place. Exit code 1, and one sentence, when it may not be."""

import sys
from pathlib import Path

from django.core.management.base import CommandError

from portal import database, restore
from portal.command import OneSentence


class Command(OneSentence):
    """Bring a backup back, verify it, and say whether it is what it was."""

    help = (
        "Bring a backup back into an empty database and verify it; nothing is ever overwritten."
        " MANDATE_HOME and DATABASE_URL say where. Exit code 0 when all of it verifies, 1 when not."
    )
    requires_system_checks = []  # they would ask a database that is not there yet

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="a file that manage.py backup made")

    def handle(self, *, file, **options):
        path = Path(file).expanduser()
        try:
            back = restore.restore(path)
        except restore.Refused as why:
            raise CommandError(str(why)) from why
        says = back.manifest
        self.stdout.write(
            f"Restored {path.name} into {database.named()}, as it was at {says.made_at:%Y-%m-%d %H:%M:%S} UTC."
        )
        if not back.problems:
            self.stdout.write(
                f"{back.verdict} The guards stand, every reference leads somewhere, and the stored permissions equal"
                " the matrix. Everybody signs in again."
            )
            return
        for problem in back.problems:
            self.stdout.write(problem)
        if back.verdict.beyond:
            self.stdout.write(
                "That is what a backup older than the newest checkpoint looks like, and it stays so until whoever"
                " keeps the checkpoints decides: see “Back up and restore” in the README."
            )
        sys.exit(1)
