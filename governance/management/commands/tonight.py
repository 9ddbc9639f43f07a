"""`manage.py tonight`: whom we will write to in the next 24 hours, and what happens if they do nothing."""

from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from governance.core import clock
from governance.core.models import Installation
from governance.people import calendars
from governance.reviews import clocks


class Command(BaseCommand):
    """Say what falls due in the next 24 hours. Writes nothing."""

    help = "Whom we will write to in the next 24 hours, and what happens if they do nothing. Writes nothing."

    def handle(self, **options):
        zone = Installation.objects.filter(pk=1).values_list("time_zone", flat=True).first() or "UTC"
        with timezone.override(calendars.zone(zone)):
            found = clocks.tonight(clock.now(), timedelta(hours=24))
            for _occasion, coming in found:
                names = ", ".join(dict.fromkeys(p.name for p in coming.people if p is not None)) or "nobody"
                self.stdout.write(f"{timezone.localtime(coming.at):%a %d %b %H:%M %Z}  {names}")
                self.stdout.write(f"    {coming.subject}")
                self.stdout.write(f"    If nobody does anything: {coming.otherwise}")
        if not found:
            self.stdout.write("Nothing falls due in the next 24 hours.")
