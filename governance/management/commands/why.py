"""`manage.py why AI-42`: why it is stuck, and the one thing to do next."""

import re

from django.core.management.base import BaseCommand, CommandError

from governance.core import clock
from governance.gates import stuck
from governance.initiatives import queries, steps
from governance.initiatives.models import Initiative


class Command(BaseCommand):
    """Say why an initiative does not go on: one diagnosis, one next action, and everything that blocks the next step."""

    help = "Why an initiative is stuck: one diagnosis, one next action, and everything that blocks its next step. Writes nothing."

    def add_arguments(self, parser):
        parser.add_argument("key", metavar="KEY", help="its key, for example AI-42")

    def handle(self, *, key, **options):
        found = re.fullmatch(r"(?:ai-?)?0*([1-9][0-9]{0,8})", key.strip(), re.IGNORECASE)
        if found is None:
            raise CommandError(f"{key!r} is no key. Expected one such as AI-42.")
        initiative = Initiative.objects.filter(number=int(found[1])).first()
        if initiative is None:
            raise CommandError(f"There is no AI-{found[1]}.")
        at = clock.now()
        self.stdout.write(f"{initiative}: {initiative.stage_label}, {initiative.days_in_stage(at)} d")
        if diagnosis := stuck.diagnose(initiative, at):
            self.stdout.write(f"Why: {diagnosis.sentence}")
            self.stdout.write(f"Next: {diagnosis.action}{f' ({diagnosis.who})' if diagnosis.who else ''}")
        name = queries.next_step(initiative)
        reasons = steps.why_not(initiative, name, at) if name else []
        for reason in reasons:
            self.stdout.write(f"  - {reason.message}{f' ({reason.who})' if reason.who else ''}")
        if not reasons and diagnosis is None:
            self.stdout.write("Nothing holds it up." if name else "Nothing has to happen next.")
