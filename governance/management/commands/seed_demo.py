"""Fill an empty database with the demo company, which `quickstart` does by itself on its first start."""

from django.core.management.base import BaseCommand, CommandError

from governance import checks
from governance.core import clock
from governance.demo.seed import seed


class Command(BaseCommand):
    """Make the demo company; a database that holds anybody stays as it is."""

    help = "Fill an empty, migrated database with the demo company. It is a demo for ever, and for this machine only."

    def handle(self, **options):
        if far := checks.beyond_loopback():
            raise CommandError(
                f"ALLOWED_HOSTS names {far[0]}, and in a demo anybody may become anybody: it is for localhost only."
            )
        try:
            made = seed(clock.wall())
        except ValueError as why:
            raise CommandError(str(why)) from why
        self.stdout.write(f"{made.company} is there. Serve it on localhost: manage.py quickstart")
