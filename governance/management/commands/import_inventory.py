"""`manage.py import_inventory FILE --profile omb-2025`: bring in a register. Exit code 1, and one sentence, when it cannot be read."""

import json
import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from governance.core import clock
from governance.core.errors import Refused
from governance.initiatives.lifecycle import Stage
from governance.people.models import Person
from governance.registers import apply, profiles
from governance.registers.profile import Profile, Unreadable

#: Problems listed for people; --json lists all.
LISTED = 10


class Command(BaseCommand):
    """Read a register under a profile, stage its records, apply them."""

    help = "Bring in a register of AI uses. Running it again changes only what the register states anew."

    def add_arguments(self, parser):
        parser.add_argument(
            "file", metavar="FILE", help="the register: a CSV file, an Excel workbook or a list in JSON"
        )
        parser.add_argument(
            "--profile",
            required=True,
            help=f"what its columns mean: {', '.join(profiles.shipped())}, one kept here, or the path of a TOML file, which is kept under its name",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument(
            "--json",
            action="store_true",
            help="print one JSON object: records created updated unchanged gone skipped refused triage by_stage problems seconds",
        )
        parser.add_argument(
            "--as",
            dest="email",
            metavar="EMAIL",
            help="the person who imports: Portfolio office or an administrator (default: system:import_inventory)",
        )
        parser.add_argument(
            "--encoding",
            default="",
            help="how the file is encoded where it carries no byte order mark (default: what the profile says)",
        )

    def handle(self, *, file, profile, dry_run, email, encoding, **options):
        started = time.monotonic()
        by = apply.NOBODY if email is None else _person(email)
        try:
            meant = _profile(profile, by=by, at=clock.now(), dry_run=dry_run)
            report = apply.bring_in(Path(file), meant, by=by, at=clock.now(), encoding=encoding, dry_run=dry_run)
        except (Unreadable, Refused) as why:
            raise CommandError(str(why)) from why
        seconds = round(time.monotonic() - started, 3)
        if options["json"]:
            said = {**report.counts(), "problems": report.problems, "seconds": seconds}
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            for line in _lines(report, dry_run, seconds):
                self.stdout.write(line)


def _profile(said: str, *, by, at, dry_run: bool) -> Profile:
    """Return the profile of that name, or the one in a TOML file, which is kept here unless nothing is to be written."""
    if not said.endswith(".toml"):
        return profiles.load(said)
    name, text = profiles.of_file(Path(said))
    return profiles.checked(name, text) if dry_run else profiles.keep(name, text, by=by, at=at)


def _person(email: str) -> Person:
    """Return the active person with this address. Raises CommandError when there is none."""
    found = Person.objects.filter(email__iexact=email.strip()).first()
    if found is None or not found.is_active:
        raise CommandError(
            f"--as is {email!r}: {'nobody here has that address' if found is None else f'{found.name} has left'}. Expected the address of somebody in the Portfolio office or an administrator."
        )
    return found


def _lines(report: apply.Report, dry_run: bool, seconds: float):
    """Yield what happened as people read it: a short table, the first problems, what to do next."""
    yield f"{report.file} as {report.profile}: {report.records:,} records in {seconds:.1f} s"
    if report.found:
        yield f"Found out from the file: {', '.join(report.found)}. Where that is wrong, say it in the profile."
    if dry_run:
        yield "A dry run: nothing was written. This would happen:"
    yield ""
    for label, number in (
        ("created", report.created),
        ("updated", report.updated),
        ("unchanged", report.unchanged),
        ("no longer listed", report.gone),
        ("skipped", report.skipped),
        ("not readable", report.refused),
    ):
        yield f"  {label:<18}{number:>9,}"
    yield ""
    stages = [*Stage.counted(), Stage.TRIAGE.value]
    yield "  The register states: " + (
        ", ".join(f"{Stage(stage).label} {report.by_stage[stage]:,}" for stage in stages if report.by_stage[stage])
        or "nothing"
    )
    if report.problems:
        weights = {
            weight: sum(p["weight"] == weight for p in report.problems) for weight in ("refused", "triage", "noted")
        }
        yield ""
        yield f"Problems: {weights['refused']:,} not readable, {weights['triage']:,} with no stage we know, {weights['noted']:,} noted and kept as they came."
        alike: dict[tuple[int, str, str, str], list[int]] = {}
        for found in report.problems:
            alike.setdefault(
                (list(weights).index(found["weight"]), found["field"], found["came"], found["expected"]), []
            ).append(found["record"])
        for (_weight, field, came, expected), records in sorted(alike.items(), key=lambda item: (item[0][0], item[1]))[
            :LISTED
        ]:
            where = f"record {records[0]}" if len(records) == 1 else f"{len(records):,} records from {records[0]} on"
            yield f"  {where}{', ' + field if field else ''}: {f'“{came}”' if came else 'an empty cell'}; expected {expected}"
        if len(alike) > LISTED:
            yield f"  and {len(alike) - LISTED:,} more kinds; --json lists every record."
    if todo := list(_next(report, dry_run)):
        yield ""
        yield "Next: " + " ".join(todo)


def _next(report: apply.Report, dry_run: bool):
    """Yield what people have to do now."""
    if report.unsure_what_is_gone:
        yield "Mend the records that could not be read and import again; until then nothing is marked as no longer listed."
    if dry_run:
        yield "Run it without --dry-run."
        return
    if report.triage:
        yield f"{report.triage:,} records state no stage: the Portfolio office says where they stand."
    if report.unowned:
        yield f"{report.unowned:,} are in use and nobody owns them: name a business owner for each within 30 days."
