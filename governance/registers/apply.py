"""Applying: staged rows become initiatives, a chunk of 100 at a time, each its own transaction.

One ledger entry per initiative that is created, restated, updated or gone. What people accepted, decided or
changed here stays as it is: then "the register says …" is noted with the origin and nothing else happens.
Killed at any point, the same command run again ends where an undisturbed run would have.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef, Q

from governance import ledger, policy
from governance.gates.models import Decision, Retirement, Stop
from governance.initiatives import material, search, steps
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative, KeyCounter
from governance.ledger import Verb
from governance.raci import queries as raci
from governance.raci.models import Assignment
from governance.registers import profiles, read, tidings
from governance.registers.models import Batch, Origin, Staged
from governance.registers.profile import DESCRIPTIVE, SKIP, Profile, same
from governance.registers.stage import CHUNK, PAUSE, REFUSED, Reader, in_chunks, stage, sweep_out
from governance.registers.trees import Tree

#: Who imports when nobody is named.
NOBODY = "system:import_inventory"
#: What each descriptive field holds where nobody said anything.
_EMPTY = {name: Initiative._meta.get_field(name).get_default() for name in DESCRIPTIVE}
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

    def add(self, outcome: "Outcome") -> None:
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


@dataclass(slots=True)
class Outcome:
    """What becomes of one staged row. `fields` are those that change, `said` those the register says and nobody applies."""

    row: Staged
    how: str
    origin: Origin | None = None
    initiative: Initiative | None = None
    verb: Verb | None = None
    fields: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    before: dict[str, str] = field(default_factory=dict)


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
    sweep_out(
        Batch.objects.filter(profile=profile.name).exclude(finished_at=None).values_list("pk", flat=True), pause=pause
    )
    with ledger.act(by=by, at=at) as say:
        batch = Batch.objects.create(
            profile=profile.name,
            file_name=source.name[:200],
            file_sha256=source.sha256,
            began_by=by if isinstance(by, str) else f"person:{by.pk}",
            began_at=at,
        )
        say(
            Verb.IMPORT_BEGAN,
            batch,
            profile=profile.name,
            records=source.count,
            sha256=source.sha256,
            text={"file": source.name},
        )
    for row in stage(batch, reader.rows(), pause=pause):
        _note(report, row)
    for outcomes in _applied(profile, batch, by=by, at=at):
        for outcome in outcomes:
            report.add(outcome)
        time.sleep(pause)
    if not report.unsure_what_is_gone:
        report.gone = _flag_gone(batch, by=by, at=at, pause=pause)
    _finish(profile, batch, report, by=by, at=at)
    return report


def _note(report: Report, row: Staged) -> None:
    """Collect the problems of a row, and remember when one may hide a record that is still listed."""
    report.problems += row.problems
    if not row.identity:
        report.unsure_what_is_gone = True


def _applied(profile: Profile, batch: Batch, *, by: Any, at: datetime) -> Iterator[list[Outcome]]:
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
        for outcome in _weigh(profile, rows, at=at, lock=False):
            report.add(outcome)
    if not report.unsure_what_is_gone:
        origins = Origin.objects.filter(profile=profile.name, gone_at=None).values_list("identity", "occurrence")
        report.gone = sum(1 for identity, occurrence in origins.iterator() if occurrence > seen[identity])


# One chunk


def _apply_chunk(profile: Profile, batch: Batch, tree: Tree, *, by: Any, at: datetime) -> list[Outcome]:
    """Apply the next rows of a batch in one transaction and return what became of them; nothing when all are applied.

    The number of queries does not depend on how many of the rows are new or changed.
    """
    with ledger.act(by=by, at=at) as say:
        rows = list(Staged.objects.filter(batch=batch, applied=False).order_by("record")[:CHUNK])
        if not rows:
            return []
        outcomes = _weigh(profile, rows, at=at, lock=True)
        new = [outcome for outcome in outcomes if outcome.verb == Verb.RECORD_CREATED]
        changed = [outcome for outcome in outcomes if outcome.verb and outcome.verb != Verb.RECORD_CREATED]
        tree.grow(
            [outcome.row.values["unit"] for outcome in (*new, *(c for c in changed if "unit" in c.fields))], say=say
        )
        if changed:
            _change(changed, batch, tree)
        if new:
            _create(new, batch, tree, at=at)
        for outcome in (*new, *changed):
            _say(say, outcome, batch)
        Staged.objects.filter(pk__in=[row.pk for row in rows]).update(applied=True)
    return outcomes


def _weigh(profile: Profile, rows: list[Staged], *, at: datetime, lock: bool) -> list[Outcome]:
    """Return what becomes of each row. With `lock`, the initiatives that change are locked first, and changed in memory.

    Two queries; five more where a register says something new about an initiative that is here.
    """
    readable = [row for row in rows if row.values]
    wanted = Origin.objects.filter(profile=profile.name, identity__in={row.identity for row in readable})
    origins = {(origin.identity, origin.occurrence): origin for origin in wanted}
    moved = [
        origin.initiative_id
        for row in readable
        if (origin := origins.get((row.identity, row.occurrence))) and _states_something_new(origin, row)
    ]
    here: dict[int, Initiative] = {}
    taken: frozenset[int] = frozenset()
    if moved:
        rows_of = (
            Initiative.objects.filter(pk__in=moved)
            .order_by("pk")
            .select_related("__".join(["unit", *("parent" for _level in profile.unit[1:])]))
        )
        here = {
            initiative.pk: initiative for initiative in (rows_of.select_for_update(of=("self",)) if lock else rows_of)
        }
        raci.prefetch(here.values())
        taken = taken_up(here)
        # Again, now that nobody else can change them.
        origins.update(
            {(origin.identity, origin.occurrence): origin for origin in wanted.filter(initiative_id__in=moved)}
        )
    outcomes = []
    for row in rows:
        origin = origins.get((row.identity, row.occurrence))
        if not row.values:
            outcomes.append(Outcome(row, REFUSED))
        elif origin is None:
            skip = row.values["stage"] == SKIP
            outcomes.append(Outcome(row, "skipped") if skip else Outcome(row, "created", verb=Verb.RECORD_CREATED))
        elif origin.initiative_id in here:
            outcomes.append(
                _restate(row, origin, here[origin.initiative_id], at, taken_up=origin.initiative_id in taken)
            )
        else:
            outcomes.append(Outcome(row, "skipped" if row.values["stage"] == SKIP else "unchanged"))
    return outcomes


def _stated(row: Staged) -> dict[str, Any]:
    """Return what a row states as its origin keeps it."""
    return {name: value for name, value in row.values.items() if name not in ("kept", "gaps")}


def _states_something_new(origin: Origin, row: Staged) -> bool:
    """Return whether the register says anything it did not say before, if only that the record is back."""
    return origin.gone_at is not None or origin.stated != _stated(row) or origin.kept != row.values["kept"]


def taken_up(initiative_ids: Iterable[int]) -> frozenset[int]:
    """Return those that people have taken up here: somebody accepted a role, or something was asked, stopped or retired. One query."""
    ids = list(initiative_ids)
    accepted = Assignment.objects.filter(initiative_id__in=ids, accepted_at__isnull=False).exclude(
        person=F("initiative__registrant")
    )
    others = (
        model.objects.filter(initiative_id__in=ids).values_list("initiative_id")
        for model in (Decision, Stop, Retirement)
    )
    return frozenset(pk for (pk,) in accepted.values_list("initiative_id").union(*others))


def _restate(row: Staged, origin: Origin, initiative: Initiative, at: datetime, *, taken_up: bool) -> Outcome:
    """Change an initiative and its origin, in memory, to what the register states now, where nobody here says otherwise."""
    before, now = origin.stated, _stated(row)
    says = {entry["field"]: entry for entry in origin.says}
    outcome = Outcome(row, "updated", origin, initiative)
    applied, said = [], []
    for name, stated in now["fields"].items():
        here, last = getattr(initiative, name), before.get("fields", {}).get(name, _EMPTY[name])
        if stated == here:
            says.pop(name, None)
        elif (
            stated != last and stated != _EMPTY[name] and here == last and not (taken_up and name in material.MATERIAL)
        ):
            outcome.before[name] = here
            setattr(initiative, name, stated)
            says.pop(name, None)
            applied.append(name)
        elif stated != last:
            says[name] = {"field": name, "says": stated}
            said.append(name)
    if now["unit"] != before.get("unit"):
        if _stands_under(initiative, before.get("unit", [])) and now["unit"] and not taken_up:
            says.pop("unit", None)
            applied.append("unit")
        else:
            says["unit"] = {"field": "unit", "says": " / ".join(now["unit"])}
            said.append("unit")
    moved = _restate_stage(initiative, before.get("stage", ""), now, says, said, at, taken_up=taken_up)
    outcome.fields, outcome.said = tuple(applied), tuple(said)
    outcome.verb = Verb.RECORD_RESTATED if moved else Verb.RECORD_UPDATED if applied or not said else Verb.REGISTER_SAYS
    if moved or applied:
        initiative.version += 1
    origin.stated, origin.kept, origin.says, origin.raw_sha256, origin.gone_at = (
        now,
        row.values["kept"],
        list(says.values()),
        row.raw_sha256,
        None,
    )
    return outcome


def _restate_stage(
    initiative: Initiative,
    last: str,
    now: dict[str, Any],
    says: dict[str, Any],
    said: list[str],
    at: datetime,
    *,
    taken_up: bool,
) -> bool:
    """Restate the stage while nobody took the initiative up or moved it here; otherwise note what the register says.

    A register that no longer states a stage, or states that it is no initiative, moves nothing.
    """
    stated = now["stage"]
    if stated == initiative.stage:
        says.pop("stage", None)
        return False
    if stated == last:
        return False
    known = stated not in (Stage.TRIAGE, SKIP)
    if known and not taken_up and initiative.stage == last:
        _admit(initiative, stated, at)
        says.pop("stage", None)
        return True
    says["stage"] = {"field": "stage", "says": stated if known else "", "words": now["stage_said"]}
    said.append("stage")
    return False


def _stands_under(initiative: Initiative, path: list[str]) -> bool:
    """Return whether the initiative's unit is the one at the end of `path`, as far up as the path goes."""
    unit = initiative.unit
    for name in reversed(path):
        if unit is None or same(unit.name) != same(name):
            return False
        unit = unit.parent
    return bool(path) or unit is None


def _admit(initiative: Initiative, stated: str, at: datetime) -> None:
    """Set the stage through the register's own door; production arrives marked "evidence missing"."""
    steps.admit(initiative, stated, at=at)
    days = policy.current().windows["evidence_missing_d"]
    initiative.evidence_due_on = (at + timedelta(days=days)).date() if stated == Stage.PRODUCTION else None


def _create(outcomes: list[Outcome], batch: Batch, tree: Tree, *, at: datetime) -> None:
    """Write new initiatives, their origins and their words. No owner, no role, no approval comes with them."""
    for outcome in outcomes:
        values = outcome.row.values
        outcome.initiative = Initiative(
            **values["fields"], unit=tree.unit(values["unit"]), registered_at=at, stage_since=at
        )
        _admit(outcome.initiative, values["stage"], at)
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
            stated=_stated(outcome.row),
            kept=outcome.row.values["kept"],
        )
        for outcome in outcomes
    )
    search.index(made)


#: What a step sets, saved when a stage is restated.
_OF_A_STAGE = (
    "stage",
    "stage_since",
    "pilot_since",
    "live_since",
    "retired_at",
    "unowned_since",
    "review_due_at",
    "evidence_due_on",
)


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
            fields |= set(_OF_A_STAGE)
        if outcome.verb == Verb.RECORD_RESTATED or outcome.fields:
            fields |= {*outcome.fields, "version"}
            touched.append(initiative)
    # Rows that are there, written as one statement: bulk_update would hold the lock four times as long.
    if touched:
        Initiative.objects.bulk_create(
            touched, update_conflicts=True, unique_fields=["id"], update_fields=sorted(fields)
        )
        search.index([outcome.initiative for outcome in outcomes if outcome.initiative and outcome.fields])
    origins = [outcome.origin for outcome in outcomes if outcome.origin]
    Origin.objects.bulk_create(
        origins,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["stated", "kept", "says", "raw_sha256", "gone_at", "batch"],
    )


def _say(say: Callable[..., None], outcome: Outcome, batch: Batch) -> None:
    """Record what became of one initiative: one entry each."""
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
    say(verb, initiative, text=text, **detail)


# The end of an import


def _flag_gone(batch: Batch, *, by: Any, at: datetime, pause: float) -> int:
    """Mark origins whose record is no longer listed, a chunk a transaction, and return how many. Nothing is deleted."""
    listed = Staged.objects.filter(batch=batch, identity=OuterRef("identity"), occurrence=OuterRef("occurrence"))
    missing = Origin.objects.filter(~Exists(listed), profile=batch.profile, gone_at=None)
    flagged = 0
    while True:
        with ledger.act(by=by, at=at) as say:
            chunk = list(missing.select_related("initiative").order_by("pk")[:CHUNK])
            if not chunk:
                return flagged
            Origin.objects.filter(pk__in=[origin.pk for origin in chunk]).update(gone_at=at, batch=batch)
            for origin in chunk:
                say(Verb.RECORD_GONE, origin.initiative, batch=batch.pk, sha256=origin.raw_sha256)
        flagged += len(chunk)
        time.sleep(pause)


def _finish(profile: Profile, batch: Batch, report: Report, *, by: Any, at: datetime) -> None:
    """Tell each top-level unit once what came in, also with an import that was killed before this one, and close the batch."""
    open_batches = list(Batch.objects.filter(Q(finished_at=None) | Q(pk=batch.pk), profile=profile.name).order_by("pk"))
    mine = next(each for each in open_batches if each.pk == batch.pk)
    # The same file after a kill tells under the first try's key, and one that another import finished meanwhile
    # under that one's key, so that nobody is told twice.
    key = mine.counts.get("told_as") or next(each.pk for each in open_batches if each.file_sha256 == batch.file_sha256)
    for unit, brought in tidings.of(open_batches):
        with ledger.act(by=by, at=at):
            tidings.tell(profile, unit, brought, key=key, at=at)
    report.unowned = Initiative.objects.unowned().filter(origin__profile=profile.name).count()
    with ledger.act(by=by, at=at) as say:
        counts = report.counts()
        Batch.objects.filter(pk__in=[each.pk for each in open_batches if each.pk != batch.pk]).update(
            finished_at=at, counts={"told_as": key}
        )
        Batch.objects.filter(pk=batch.pk).update(finished_at=at, counts=counts)
        say(Verb.IMPORT_FINISHED, batch, **counts, problems=len(report.problems))
