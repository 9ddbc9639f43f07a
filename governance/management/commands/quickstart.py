"""Run everything as one process on this machine: web server, worker, beat, database file."""

from django.core.management.base import BaseCommand, CommandError

from portal import quickstart


class Command(BaseCommand):
    help = (
        "Run Mandate on this machine. The first start makes a demo company,"
        " or with --no-demo a link to set up your own."
    )
    requires_system_checks = []  # quickstart asks them itself and says what is wrong in one sentence

    def add_arguments(self, parser):
        parser.add_argument("--host", default="localhost", help="address to listen on (default: localhost)")
        parser.add_argument("--port", default="8000", help="port to listen on (default: 8000)")
        parser.add_argument(
            "--no-demo",
            action="store_false",
            dest="demo",
            help="an installation of your own instead of the demo company",
        )
        parser.add_argument("--fresh", action="store_true", help="move the data folder aside first; nothing is deleted")

    def handle(self, *, host, port, demo, fresh, **options):
        quickstart.run(host=host, port=_port(port), demo=demo, fresh=fresh, say=self.stdout.write)


def _port(value: str | int) -> int:
    """Return a port. Asked here and not while the words are read: there, a refusal would show where in the code it happened."""
    raw = str(value)
    if not (raw.isascii() and raw.isdigit()) or not 1 <= int(raw) <= 65535:
        raise CommandError(f"--port is {raw!r}. Expected a number from 1 to 65535.")
    return int(raw)
