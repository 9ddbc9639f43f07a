"""Print the one-time link by which the first person sets up a real installation."""

from django.core.management.base import BaseCommand, CommandError

from portal import setup


class Command(BaseCommand):
    help = (
        "Print a one-time link: the first person, the company and its time zone are set there."
        " An earlier link stops working."
    )

    def handle(self, **options):
        try:
            self.stdout.write(setup.one_time_link())
        except setup.Done as done:
            raise CommandError(str(done)) from done
