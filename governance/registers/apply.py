"""Applying: staged rows become initiatives, a chunk of 100 at a time, each its own transaction.

One ledger entry per initiative that is created, restated, updated or gone. What people accepted, decided or
changed here stays as it is: then "the register says …" is noted with the origin and nothing else happens.
Killed at any point, the same command run again ends where an undisturbed run would have.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from governance import ledger
from governance.core.models import Installation
from governance.initiatives import own, search
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative, KeyCounter
from governance.ledger import Verb
from governance.registers import profiles, read, tidings
from governance.registers.models import Batch, Before, Origin, Staged, State
from governance.registers.profile import OWN, SKIP, Profile
from governance.registers.stage import CHUNK, PAUSE, Reader, in_chunks, stage, sweep_out
from governance.registers.trees import Tree
from governance.registers.weigh import OF_A_STAGE, Outcome, admit, stated, weigh

#: Who imports when nobody is named.
NOBODY = "system:import_inventory"
#: A chunk is tried again when another import wrote the same records at the same instant.
TRIES = 3


@dataclass
class Report:
    """What an import did, or would do. Every record is exactly one of created, updated, unchanged, skipped and refused."""

    file: str
    profile: str
    records: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    skipped: int = 0
    refused: int = 0
    triage: int = 0
    unowned: int = 0
    by_stage: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, Any]] = field(default_factory=list)
    #: What was found out about the file because nobody declared it, in words.
    found: list[str] = field(default_factory=list)
    #: Whether nothing could be marked gone because records without an identity could not be read.
    unsure_what_is_gone: bool = False

    def add(self, outcome: Outcome) -> None:
        """Count one record."""
        setattr(self, outcome.how, getattr(self, outcome.how) + 1)
        stated = outcome.row.values.get("stage", "")
        if stated and stated != SKIP:
            self.by_stage[stated] += 1
            self.triage += stated == Stage.TRIAGE

    def counts(self) -> dict[str, Any]:
        """Return the numbers as a batch keeps them and the ledger records them."""
        names = ("records", "created", "updated", "unchanged", "gone", "skipped", "refused", "triage")
        return {**{name: getattr(self, name) for name in names}, "by_stage": dict(sorted(self.by_stage.items()))}


def bring_in(
    path: Path | str,
    profile: Profile | str,
    *,
    by: Any,
    at: datetime,
    encoding: str = "",
    dry_run: bool = False,
    pause: float = PAUSE,
) -> Report:
    """Import the file at `path` under a profile, or one of that name, and return what happened; `dry_run` says what would, and writes nothing.

    `by` is a person of the Portfolio office or an administrator, or NOBODY. Raises Refused for anybody else and
    Unreadable, before anything is written, for a file or profile that cannot be read.
    """
    profiles.may_import(by)
    profile = profiles.load(profile) if isinstance(profile, str) else profile
    source = read.look_through(path, profile, encoding)
    reader, report = Reader(profile, source), Report(file=source.name, profile=profile.name, records=source.count)
    report.found = source.found_words
    report.problems += reader.unread()
    if dry_run:
        _foresee(profile, reader, report, at)
        return report
    # What earlier imports left: theirs is done, so it can go. Those that never finished are finished below.
    sweep_out(Batch.objects.filter(profile=profile.name, state=State.DONE).values_list("pk", flat=True), pause=pause)
    with ledger.act(by=by, at=at) as say:
        batch = made(profile.name, source.name, by=by, at=at, file_sha256=source.sha256, records=source.count)
        say_begun(say, batch)
    for row in stage(batch, reader.rows(), pause=pause):
        _note(report, row)
    for outcomes in applied(profile, batch, by=by, at=at):
        for outcome in outcomes:
            report.add(outcome)
        time.sleep(pause)
    if not report.unsure_what_is_gone:
        report.gone = flag_gone(batch, by=by, at=at, pause=pause)
    finish(profile, batch, report, by=by, at=at)
    return report


def made(profile: str, file_name: str, *, by: Any, at: datetime, **said: Any) -> Batch:
    """Return a new import, numbered after the last one; inside an act. Three queries."""
    list(Installation.objects.select_for_update().values_list("pk"))  # one number after the other
    return Batch.objects.create(
        number=(Batch.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        profile=profile,
        file_name=file_name[:200],
        person=None if isinstance(by, str) else by,
        began_by=by if isinstance(by, str) else f"person:{by.pk}",
        began_at=at,
        **said,
    )


def say_begun(say: Callable[..., None], batch: Batch) -> None:
    """Record that an import begins to change what is here."""
    say(
        Verb.IMPORT_BEGAN,
        batch,
        profile=batch.profile,
        records=batch.records,
        sha256=batch.file_sha256,
        text={"file": batch.file_name},
    )


def _note(report: Report, row: Staged) -> None:
    """Collect the problems of a row, and remember when one may hide a record that is still listed."""
    report.problems += row.problems
    if not row.identity:
        report.unsure_what_is_gone = True


def applied(profile: Profile, batch: Batch, *, by: Any, at: datetime) -> Iterator[list[Outcome]]:
    """Apply a batch chunk by chunk and yield what became of each row.

    Where another import has just written the same records, the chunk is tried again: then they are there.
    """
    tree, tries = Tree(), 0
    while True:
        try:
            outcomes = _apply_chunk(profile, batch, tree, by=by, at=at)
        except IntegrityError:
            tries += 1
            if tries == TRIES:
                raise
            tree = Tree()
            continue
        if not outcomes:
            return
        tries = 0
        yield outcomes


def _foresee(profile: Profile, reader: Reader, report: Report, at: datetime) -> None:
    """Count what an import would do. Reads only."""
    seen: Counter[str] = Counter()
    for rows in in_chunks(reader.rows()):
        for row in rows:
            _note(report, row)
            seen[row.identity] = row.occurrence
        for outcome in weigh(profile, rows, at=at, lock=False):
            report.add(outcome)
    if not report.unsure_what_is_gone:
        origins = Origin.objects.filter(profile=profile.name, gone_at=None).values_list("identity", "occurrence")
        report.gone = sum(1 for identity, occurrence in origins.iterator() if occurrence > seen[identity])


def report_of(batch: Batch) -> Report:
    """Return what the rows of an import came to so far, whoever applied them. Three queries."""
    report = Report(file=batch.file_name, profile=batch.profile, records=batch.records)
    rows = batch.rows.order_by()
    for how, stated_stage, n in rows.values_list("how", "values__stage").annotate(n=Count("pk")):
        setattr(report, how, getattr(report, how) + n)
        if stated_stage and stated_stage != SKIP:
            report.by_stage[stated_stage] += n
            report.triage += n if stated_stage == Stage.TRIAGE else 0
    report.problems = [one for found in rows.exclude(problems=[]).values_list("problems", flat=True) for one in found]
    report.unsure_what_is_gone = rows.filter(identity="").exists()
    return report


# One chunk


def _apply_chunk(profile: Profile, batch: Batch, tree: Tree, *, by: Any, at: datetime) -> list[Outcome]:
    """Apply the next rows of a batch in one transaction and return what became of them; nothing when all are applied.

    The number of queries does not depend on how many of the rows are new or changed.
    """
    with ledger.act(by=by, at=at) as say:
        rows = list(Staged.objects.filter(batch=batch, applied=False).order_by("record")[:CHUNK])
        if not rows:
            return []
        outcomes = weigh(profile, rows, at=at, lock=True)
        new = [outcome for outcome in outcomes if outcome.verb == Verb.RECORD_CREATED]
        changed = [outcome for outcome in outcomes if outcome.verb and outcome.verb != Verb.RECORD_CREATED]
        tree.grow(
            [outcome.row.values["unit"] for outcome in (*new, *(c for c in changed if "unit" in c.fields))],
            batch=batch.pk,
            say=say,
        )
        if changed:
            _change(changed, batch, tree)
        if new:
            _create(new, batch, tree, at=at)
        titles = _own_titles(changed)
        for outcome in (*new, *changed):
            _say(say, outcome, batch, titles)
        _mark(outcomes, batch)
    return outcomes


def _mark(outcomes: list[Outcome], batch: Batch) -> None:
    """Keep what became of each row, and what was there before. A query for each thing that can become of one, and one."""
    became: dict[str, list[int]] = {}
    for outcome in outcomes:
        became.setdefault(outcome.how, []).append(outcome.row.pk)
    for how, pks in became.items():
        Staged.objects.filter(pk__in=pks).update(applied=True, how=how)
    Before.objects.bulk_create(
        Before(batch=batch, initiative=o.initiative, fields=o.snapshot, origin=o.origin_before)
        for o in outcomes
        if o.initiative and o.snapshot
    )


def _create(outcomes: list[Outcome], batch: Batch, tree: Tree, *, at: datetime) -> None:
    """Write new initiatives, their origins and their words. No owner, no role, no approval comes with them."""
    for outcome in outcomes:
        values = outcome.row.values
        fields = {name: value for name, value in values["fields"].items() if not name.startswith(OWN)}
        outcome.initiative = Initiative(**fields, unit=tree.unit(values["unit"]), registered_at=at, stage_since=at)
        admit(outcome.initiative, values["stage"], at)
    made = [outcome.initiative for outcome in outcomes if outcome.initiative]
    first = KeyCounter.take(len(made))
    for number, initiative in enumerate(made, first):
        initiative.number = number
    Initiative.objects.bulk_create(made)
    Origin.objects.bulk_create(
        Origin(
            initiative=outcome.initiative,
            profile=batch.profile,
            identity=outcome.row.identity,
            occurrence=outcome.row.occurrence,
            raw_sha256=outcome.row.raw_sha256,
            batch=batch,
            stated=stated(outcome.row),
            kept=outcome.row.values["kept"],
        )
        for outcome in outcomes
    )
    _write_own([(o.initiative, {n: v for n, v in o.row.values["fields"].items() if v}) for o in outcomes])
    search.index(made)


def _write_own(said: list[tuple[Any, dict[str, Any]]]) -> None:
    """Write what initiatives say in own columns. Two queries where any says something; values that are no longer possible stay out."""
    mine = [(one, {n: v for n, v in fields.items() if n.startswith(OWN)}) for one, fields in said]
    if not any(fields for _one, fields in mine):
        return
    columns = {column.name: column for column in own.columns()}
    own.write([(i, columns[name], text) for i, fields in mine for name, text in fields.items() if name in columns])


def _change(outcomes: list[Outcome], batch: Batch, tree: Tree) -> None:
    """Write changed initiatives and origins. Both were changed in memory, under lock."""
    touched: list[Initiative] = []
    fields: set[str] = set()
    for outcome in outcomes:
        initiative, origin = outcome.initiative, outcome.origin
        if initiative is None or origin is None:
            continue
        origin.batch = batch
        if "unit" in outcome.fields:
            initiative.unit = tree.unit(outcome.row.values["unit"])
        if outcome.verb == Verb.RECORD_RESTATED:
            fields |= set(OF_A_STAGE)
        if outcome.verb == Verb.RECORD_RESTATED or outcome.fields:
            fields |= {*(name for name in outcome.fields if not name.startswith(OWN)), "version"}
            touched.append(initiative)
    # Rows that are there, written as one statement: bulk_update would hold the lock four times as long.
    if touched:
        Initiative.objects.bulk_create(
            touched, update_conflicts=True, unique_fields=["id"], update_fields=sorted(fields)
        )
        _write_own([(o.initiative, {name: o.row.values["fields"].get(name) for name in o.fields}) for o in outcomes])
        search.index([outcome.initiative for outcome in outcomes if outcome.initiative and outcome.fields])
    origins = [outcome.origin for outcome in outcomes if outcome.origin]
    Origin.objects.bulk_create(
        origins,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["stated", "kept", "says", "raw_sha256", "gone_at", "batch"],
    )


def _own_titles(outcomes: list[Outcome]) -> dict[str, str]:
    """Return what the own columns that change are called now. One query where any does."""
    mine = {name for outcome in outcomes for name in outcome.fields if name.startswith(OWN)}
    return {column.name: column.title for column in own.columns() if column.name in mine} if mine else {}


def _say(say: Callable[..., None], outcome: Outcome, batch: Batch, titles: dict[str, str]) -> None:
    """Record what became of one initiative: one entry each. `titles` are those of own columns."""
    initiative, row, verb = outcome.initiative, outcome.row, outcome.verb
    if initiative is None or verb is None:
        return
    detail: dict[str, Any] = {"batch": batch.pk, "record": row.record, "sha256": row.raw_sha256}
    text: dict[str, Any] | None = None
    if verb == Verb.RECORD_CREATED:
        detail |= {"number": initiative.number, "stage": str(initiative.stage)}
        text = {"name": initiative.name}
    else:
        detail |= {"fields": list(outcome.fields), "said": list(outcome.said)}
        if verb == Verb.RECORD_RESTATED:
            detail["stage"] = str(initiative.stage)
        changes = {name: getattr(initiative, name) for name in outcome.fields if name != "unit"}
        if changes:
            text = {"before": outcome.before, "after": changes}
        if mine := {name: title for name, title in titles.items() if name in outcome.fields}:
            text = {**(text or {}), "titles": mine}
    say(verb, initiative, text=text, **detail)


# The end of an import


def no_longer_listed(batch: Batch) -> QuerySet[Origin]:
    """Return the origins whose record is not among the rows of an import, with their initiatives. No query."""
    listed = Staged.objects.filter(batch=batch, identity=OuterRef("identity"), occurrence=OuterRef("occurrence"))
    missing = Origin.objects.filter(~Exists(listed), profile=batch.profile, gone_at=None)
    return missing.select_related("initiative").order_by("pk")


def flag_gone(batch: Batch, *, by: Any, at: datetime, pause: float) -> int:
    """Mark origins whose record is no longer listed, a chunk a transaction, and return how many. Nothing is deleted."""
    missing, flagged = no_longer_listed(batch), 0
    while True:
        with ledger.act(by=by, at=at) as say:
            chunk = list(missing[:CHUNK])
            if not chunk:
                return flagged
            Origin.objects.filter(pk__in=[origin.pk for origin in chunk]).update(gone_at=at, batch=batch)
            for origin in chunk:
                say(Verb.RECORD_GONE, origin.initiative, batch=batch.pk, sha256=origin.raw_sha256)
        flagged += len(chunk)
        time.sleep(pause)


def finish(profile: Profile, batch: Batch, report: Report, *, by: Any, at: datetime) -> None:
    """Tell each top-level unit once what came in, also with an import that was killed before this one, and close the batch."""
    going = Q(finished_at=None, state__in=(State.COMMAND, State.APPLYING))
    open_batches = list(Batch.objects.filter(going | Q(pk=batch.pk), profile=profile.name).order_by("pk"))
    mine = next(each for each in open_batches if each.pk == batch.pk)
    # The same file after a kill tells under the first try's key, and one that another import finished meanwhile
    # under that one's key, so that nobody is told twice.
    key = mine.counts.get("told_as") or next(each.pk for each in open_batches if each.file_sha256 == batch.file_sha256)
    for unit, brought in tidings.of(open_batches):
        with ledger.act(by=by, at=at):
            tidings.tell(profile, unit, brought, key=key, at=at)
    report.unowned = Initiative.objects.unowned().filter(origin__profile=profile.name).count()
    with ledger.act(by=by, at=at):
        Batch.objects.filter(pk__in=[each.pk for each in open_batches if each.pk != batch.pk]).update(
            finished_at=at, counts={"told_as": key}, state=State.DONE
        )
        close(batch, report, by=by, at=at)


def close(batch: Batch, report: Report, *, by: Any, at: datetime) -> None:
    """Keep what an import came to, and record that it ended. Two queries and those of the record."""
    counts = report.counts()
    with ledger.act(by=by, at=at) as say:
        Batch.objects.filter(pk=batch.pk).update(finished_at=at, counts=counts, state=State.DONE)
        say(Verb.IMPORT_FINISHED, batch, **counts, problems=len(report.problems))
