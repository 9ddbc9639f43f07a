"""`manage.py check_catalog`: is every row of the catalog what it follows from? Exit code 0 when it is, 1 when not."""

import sys

from django.core.management.base import BaseCommand

from governance.initiatives import catalog_keeping


class Command(BaseCommand):
    """Compare what the catalog is searched by with the initiatives, roles, figures and decisions it follows from."""

    help = "Compare the rows of the catalog with what they follow from. Exit code 0 when they are equal, 1 when not."

    def add_arguments(self, parser):
        parser.add_argument("--mend", action="store_true", help="make every row anew")

    def handle(self, *args, mend: bool = False, **options):
        absent, found = catalog_keeping.missing(), catalog_keeping.differences()
        if not absent and not found:
            self.stdout.write("Every row of the catalog is what it follows from.")
            return
        if absent:
            self.stdout.write(f"Not there, switched off or altered: {', '.join(absent)}.")
        if found:
            rows = "row of the catalog is" if len(found) == 1 else "rows of the catalog are"
            named = ", ".join(found[:10]) + (" and more" if len(found) > 10 else "")
            self.stdout.write(f"{len(found):,} {rows} not what it follows from: {named}.")
        if not mend:
            sys.exit(1)
        catalog_keeping.install(anew=True)
        self.stdout.write("Every row is made anew.")
