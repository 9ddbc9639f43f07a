"""`manage.py check_grants`: do guardian's rows equal the matrix? Exit code 0 when they do, 1 when not."""

import sys

from django.core.management.base import BaseCommand

from governance.raci import grants


class Command(BaseCommand):
    """Compare every stored permission with what the matrix, the workflow owner and the registrant ask for."""

    help = "Compare the stored permissions with the matrix. Exit code 0 when they are equal, 1 when not, naming every difference."

    def handle(self, *args, **options):
        found = grants.differences()
        if not found:
            self.stdout.write("The stored permissions equal the matrix.")
            return
        for difference in found:
            self.stdout.write(difference)
        self.stdout.write(
            f"{len(found):,} {'difference' if len(found) == 1 else 'differences'} between the stored permissions and the matrix."
        )
        sys.exit(1)
