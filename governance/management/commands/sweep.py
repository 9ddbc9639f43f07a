"""`manage.py sweep [--at 2026-12-01T09:00]`: look at every clock once, and send what is owed."""

from datetime import datetime

from django.core.management.base import BaseCommand, CommandError

from governance.core import clock
from governance.core.models import Installation
from governance.notices import delivery
from governance.people import calendars
from governance.reviews import clocks


class Command(BaseCommand):
    """Look at every clock once, as the worker does every minute."""

    help = "Look at every clock once and send what is owed, as the worker does every minute. Safe to run at any time, and again."

    def add_arguments(self, parser):
        parser.add_argument(
            "--at",
            metavar="MOMENT",
            help="look at this moment instead of now, for example 2026-12-01T09:00 (in the company's zone unless it names one); what is due by then happens now",
        )

    def handle(self, *, at, **options):
        moment = clock.now() if at is None else read_moment(at)
        counts = clocks.run(moment)
        drained = delivery.drain(moment)
        for code, count in counts.items():
            occasion = clocks.BY_CODE.get(code)
            said = (
                f"{occasion.waits} ({str(occasion.says_when)[:1].lower()}{str(occasion.says_when)[1:]})"
                if occasion
                else {"checkpoint": "Checkpoints of the ledger", "failed": "Failed (see the log)"}[code]
            )
            self.stdout.write(f"{count:>6,}  {said}")
        if not counts:
            self.stdout.write("Nothing was due.")
        self.stdout.write(
            f"E-mails: {drained.sent:,} sent, {drained.later:,} to be tried again, {drained.failed:,} given up."
        )


def read_moment(raw: str) -> datetime:
    """Return the moment somebody typed, in the company's zone where it names none. Raises CommandError. One query at most."""
    try:
        moment = datetime.fromisoformat(raw)
        if not 2000 <= moment.year <= 2199:
            raise ValueError("out of the years that anything can be due in")
    except ValueError as error:
        raise CommandError(
            f"--at is {raw!r}. Expected a day and a time, for example 2026-12-01T09:00 or 2026-12-01T09:00+01:00."
        ) from error
    if moment.tzinfo is None:
        zone = Installation.objects.filter(pk=1).values_list("time_zone", flat=True).first() or "UTC"
        moment = moment.replace(tzinfo=calendars.zone(zone))
    return moment
