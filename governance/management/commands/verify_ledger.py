"""`manage.py verify_ledger`: is the record what was written? One sentence; exit code 0 when it is, 1 when not."""

import json
import sys
import time

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from governance.ledger.verify import verify


class Command(BaseCommand):
    """Verify every entry of the ledger, its head, its guards and its checkpoints."""

    help = "Verify the ledger: every entry, the head, the guards and the signed checkpoints. Exit code 0 when whole, 1 when not."

    def add_arguments(self, parser):
        parser.add_argument(
            "--json",
            action="store_true",
            help="print one JSON object: ok size root rolled_back checkpoints problems[{seq,what}] more seconds",
        )

    def handle(self, *args, **options):
        started = time.monotonic()
        try:
            verdict = verify()
        except DatabaseError as error:
            raise CommandError(
                f"The ledger cannot be read: {error}. If this database is new, run `manage.py migrate` first."
            ) from error
        if options["json"]:
            said = {
                "ok": verdict.ok,
                "size": verdict.size,
                "root": verdict.root,
                "rolled_back": verdict.beyond is not None,
                "checkpoints": verdict.checkpoints,
                "problems": [{"seq": problem.seq, "what": problem.what} for problem in verdict.problems],
                "more": verdict.more,
                "seconds": round(time.monotonic() - started, 3),
            }
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            self.stdout.write(str(verdict))
        if not verdict.ok:
            sys.exit(1)
