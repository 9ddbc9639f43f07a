"""Bringing a list: a file somebody sends is kept in parts, read, looked at, mended, imported, and may be taken back.

Every step is a state of the import, kept in its row. A worker claims what is under way for a minute at a time
and goes on where the last one got to; one that is killed is followed by another. Nothing depends on the browser.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from governance import ledger
from governance.core import clock
from governance.core.errors import Conflict, Refused
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import delivery
from governance.registers import apply, mapping, ours, profiles, read, undo
from governance.registers.models import Batch, FilePart, Kind, Staged, State
from governance.registers.profile import Profile, Shape, Unreadable, same
from governance.registers.profiles import OURS
from governance.registers.read import Record, Source
from governance.registers.stage import PAUSE, REFUSED, TRIAGE, Reader, in_chunks, stage
from governance.registers.weigh import weigh

log = logging.getLogger("mandate.registers")

#: How large a file may be, and the parts it is kept in.
MOST_BYTES, PART = 200_000_000, 512_000
#: How long the name of a file may be, in bytes: its end says what kind it is.
LONGEST_NAME = 200
#: For so long an import belongs to the worker that goes on with it, unless it says that it still does.
LEASE = timedelta(seconds=60)
#: So often reading is begun again where the worker before got no further: a file may be what ends them.
MOST_TRIES = 5


class Lost(Exception):
    """Another worker goes on with this import."""


# What people do


def receive(
    parts: Iterable[bytes], file_name: str, profile: str, encoding: str = "", *, by: Any, at: datetime
) -> Batch:
    """Keep a file that somebody brought and have it read. Returns the import. Raises Refused, and Unreadable without such a profile.

    Without any profile it is looked at, and waits to be told what its columns mean. A small transaction for each part: nobody waits while a large file comes in.
    """
    profiles.may_bring(by, profile)
    if profile not in ("", OURS):
        profiles.load(profile)
    with ledger.act(by=by, at=at) as say:
        batch = apply.made(profile, file_name, by=by, at=at, state=State.RECEIVING, encoding=encoding)
        say(Verb.LIST_BROUGHT, batch, profile=profile, text={"file": file_name})
    keep_parts(batch, parts)
    return batch


def keep_parts(batch: Batch, parts: Iterable[bytes]) -> None:
    """Keep the bytes of a file, a small transaction for each part, and have it read."""
    for number, content in enumerate(_evenly(parts)):
        FilePart.objects.create(batch=batch, number=number, content=content)
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(state=State.READING)
        nudge()
    batch.state = State.READING


def say_columns(batch: Batch, draft: dict[str, Any], *, header: int | None = None, by: Any, at: datetime) -> None:
    """Keep what was said of the columns so far; with another row of titles the file is looked at again.

    Raises Refused, and Conflict when the list does not wait for it.
    """
    may_handle(by, batch)
    with ledger.act(by=by, at=at) as say:
        batch = held(batch, State.MAPPING)
        if header is not None and header != batch.layout["shape"]["header"]:
            batch.layout = {"shape": {**batch.layout["shape"], "header": header}}
            batch.state, batch.worked_at, batch.tries = State.READING, None, 0
            nudge()
        else:
            batch.layout = {**batch.layout, "draft": draft}
        batch.save(update_fields=["layout", "state", "worked_at", "tries"])
        say(Verb.LIST_TOLD, batch)


def mean(batch: Batch, name: str, text: str = "", *, by: Any, at: datetime) -> None:
    """Have a list read under a profile, kept first where `text` says it. Raises Refused, Conflict, and Unreadable as profiles.keep."""
    may_handle(by, batch)
    with ledger.act(by=by, at=at) as say:
        batch = held(batch, State.MAPPING)
        if text:
            profiles.keep(name, text, by=by, at=at)
        else:
            profiles.load(name)
        say(Verb.LIST_TOLD, batch, profile=name)
        batch.profile, batch.state, batch.worked_at, batch.tries = name, State.READING, None, 0
        batch.save(update_fields=["profile", "state", "worked_at", "tries"])
        nudge()


def mend(batch: Batch, number: int, cells: dict[int, str], *, by: Any, at: datetime) -> Staged:
    """Put other cells into a row that is not imported yet and read it again. Returns the row.

    `cells` are by place, counted from 0. Raises Refused, Conflict when the import has begun meanwhile.
    """
    may_handle(by, batch)
    with ledger.act(by=by, at=at) as say:
        batch = held(batch, State.READY)
        old = batch.rows.get(record=number)
        mended = [cells.get(place, cell) for place, cell in enumerate(old.cells)]
        profile, source = _profile(batch), source_of(batch)
        (row,) = _reader(profile, source).read([Record(number, tuple(mended))])
        others = batch.rows.filter(identity=row.identity).exclude(pk=old.pk)
        row.occurrence = (others.aggregate(last=Max("occurrence"))["last"] or 0) + 1
        row.pk, row.batch = old.pk, batch
        _foresee(profile, source, batch, [row], at)
        row.save()
        say(Verb.LIST_MENDED, batch, record=number, sha256=row.raw_sha256)
    return row


def begin(batch: Batch, *, by: Any, at: datetime) -> None:
    """Have the rows that can be read imported. Raises Refused, and Conflict when that has begun already."""
    may_handle(by, batch)
    with ledger.act(by=by, at=at) as say:
        batch = held(batch, State.READY)
        batch.state, batch.person, batch.began_by, batch.worked_at = State.APPLYING, by, f"person:{by.pk}", None
        batch.save()
        apply.say_begun(say, batch)
        nudge()


def set_aside(batch: Batch, *, by: Any, at: datetime) -> None:
    """Leave a list that was not imported; its rows go. Raises Refused, and Conflict when it is being imported."""
    may_handle(by, batch)
    with ledger.act(by=by, at=at) as say:
        batch = held(batch, State.READY, State.FAILED, State.MAPPING)
        FilePart.objects.filter(batch=batch).delete()
        batch.state = State.SET_ASIDE
        batch.save(update_fields=["state"])
        say(Verb.LIST_SET_ASIDE, batch)


def take_back(batch: Batch, *, by: Any, at: datetime) -> None:
    """Have an import taken back. Raises Refused, and Conflict when it is too late or under way already."""
    may_handle(by, batch)
    with ledger.act(by=by, at=at) as say:
        batch = held(batch, State.DONE)
        if not undo.is_possible(batch, at):
            raise Conflict(_("An import can be taken back for 24 hours. This one ended earlier."))
        batch.state, batch.person, batch.worked_at = State.UNDOING, by, None
        batch.save()
        say(Verb.IMPORT_UNDONE, batch)
        nudge()


def may_handle(by: Any, batch: Batch) -> None:
    """Raise Refused unless `by` may look at this import and decide about it: an export brought back is its bringer's own."""
    if batch.profile == OURS and batch.person_id != by.pk:
        name = batch.person.name if batch.person else _("somebody else")
        raise Refused(_("%(name)s brought this export back; nobody else goes on with it.") % {"name": name}, name)
    profiles.may_bring(by, batch.profile)


def held(batch: Batch, *states: State) -> Batch:
    """Return the import with its row locked. Raises Conflict unless it is in one of these states."""
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.state not in states:
        raise Conflict(
            _("This list is not waiting for that any more: %(state)s.") % {"state": batch.get_state_display()}
        )
    return batch


def _evenly(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes in parts of one size."""
    held = bytearray()
    for part in parts:
        held += part
        while len(held) >= PART:
            yield bytes(held[:PART])
            del held[:PART]
    if held:
        yield bytes(held)


def nudge() -> None:
    """Have a worker look once this transaction has committed. Never fails an act: the beat looks anyway."""
    transaction.on_commit(_look_now, robust=True)


def _look_now() -> None:
    from governance.registers.tasks import go_on

    delivery.queue(go_on)


# What workers do


def go_on(
    at: datetime,
    *,
    pause: float = PAUSE,
    kind: Kind = Kind.REGISTER,
    work: Callable[[Batch, datetime, float], None] | None = None,
) -> int:
    """Go on with every import of a kind that is under way and that no other worker holds; returns how many were ended.

    `work` takes one through the step it is at; registers have their own. Safe to run in any number of places,
    and to kill anywhere.
    """
    ended = 0
    while (batch := _claimed(kind)) is not None:
        try:
            _must_get_further(batch)
            (work or _work)(batch, at, pause)
            ended += 1
        except Lost:
            continue
        except (Unreadable, Refused) as why:
            Batch.objects.filter(pk=batch.pk).update(state=State.FAILED, failed_because=str(why))
            FilePart.objects.filter(batch=batch).delete()
            ended += 1
        except Exception as error:  # It stays claimed for a minute; then it is tried again.
            log.error("An import could not go on: %s.", batch, exc_info=error)
    return ended


def _claimed(kind: Kind = Kind.REGISTER) -> Batch | None:
    """Return the import that has waited longest and that nobody holds, now held; None where there is none."""
    now = clock.wall()
    free = Q(worked_at=None) | Q(worked_at__lt=now - LEASE)
    waiting = Batch.objects.filter(free, kind=kind, state__in=(State.READING, State.APPLYING, State.UNDOING))
    for batch in waiting.select_related("person").order_by("began_at", "pk"):
        if Batch.objects.filter(free, pk=batch.pk, state=batch.state).update(worked_at=now, tries=F("tries") + 1):
            batch.worked_at, batch.tries = now, batch.tries + 1
            return batch
    return None


def hold(batch: Batch, *, further: bool = False) -> None:
    """Say that this worker still goes on with the import, and whether it got further than any before. Raises Lost when another one does."""
    now = clock.wall()
    said = {"worked_at": now} | ({"tries": 0} if further else {})
    if not Batch.objects.filter(pk=batch.pk, worked_at=batch.worked_at).update(**said):
        raise Lost
    batch.worked_at = now


def _must_get_further(batch: Batch) -> None:
    """Refuse to begin reading once more where that ended MOST_TRIES workers. (What was read is imported by as many as it takes.)"""
    if batch.state == State.READING and batch.tries > MOST_TRIES:
        raise Unreadable(
            _(
                "%(file)s was begun %(n)d times, and reading it stopped each time at the same place. Save it anew as"
                " “CSV UTF-8” and bring that; if it stops again, whoever runs Mandate finds the reason in the log."
            )
            % {"file": batch.file_name, "n": MOST_TRIES}
        )


def _work(batch: Batch, at: datetime, pause: float) -> None:
    """Take an import through the step it is at. Whoever asked for it must still be allowed to."""
    if batch.person is None or not batch.person.is_active:
        raise Refused(_("Whoever brought this list is no longer here."))
    profiles.may_bring(batch.person, batch.profile)
    if batch.state == State.READING and not batch.profile:
        _look(batch)
    elif batch.state == State.READING:
        _read(batch, at, pause)
    elif batch.state == State.APPLYING:
        _import(batch, at, pause)
    else:
        for _chunk in undo.taken_back(batch, at=at, pause=pause):
            hold(batch)


def _look(batch: Batch) -> None:
    """Find out what stands in each column of a file nobody has given a profile."""
    declared = Shape(**batch.layout["shape"]) if batch.layout else Shape(encoding=batch.encoding)
    with file_of(batch) as path:
        shape, digest, titles, columns, count = mapping.look_at(path, declared)
    hold(batch)
    batch.layout = {
        "shape": {name: getattr(shape, name) for name in Shape.__slots__},
        "titles": titles,
        "columns": columns,
    }
    Batch.objects.filter(pk=batch.pk, state=State.READING).update(
        layout=batch.layout, file_sha256=digest, records=count, state=State.MAPPING, worked_at=None
    )


def _read(batch: Batch, at: datetime, pause: float) -> None:
    """Read the file into rows, each with what would become of it, from where the last worker got to."""
    profile = _profile(batch)
    with file_of(batch) as path:
        source, made_at = _looked_through(profile, path, batch, at)
        batch.file_sha256, batch.records = source.sha256, source.count
        batch.layout = {
            "shape": {name: getattr(source.shape, name) for name in Shape.__slots__},
            "titles": list(source.titles),
            "places": source.places,
            "found": source.found_words,
            "made_at": made_at.isoformat() if made_at else "",
        }
        batch.save(update_fields=["file_sha256", "records", "layout"])
        reader, twins = _reader(profile, source), Twins(batch)
        there = batch.rows.aggregate(last=Max("record"))["last"] or 0
        for rows in in_chunks(reader.rows()):
            if profile is not None:
                twins.note(rows)
            if fresh := [row for row in rows if row.record > there]:
                _foresee(profile, source, batch, fresh, at)
                for _row in stage(batch, fresh, pause=pause):
                    pass
            hold(batch, further=bool(fresh))
        unread = ours.unread(source, at) if profile is None else reader.unread()
        batch.counts = {"unread": unread}
    with transaction.atomic():
        FilePart.objects.filter(batch=batch).delete()
        Batch.objects.filter(pk=batch.pk, state=State.READING).update(
            state=State.READY, worked_at=None, counts=batch.counts
        )


def _profile(batch: Batch) -> Profile | None:
    """Return what the columns of a list mean; None where our own export comes in again."""
    return None if batch.profile == OURS else profiles.load(batch.profile)


def _looked_through(profile: Profile | None, path: Path, batch: Batch, at: datetime) -> tuple[Source, datetime | None]:
    """Return the file, ready to be read, and when it was made where it says so. Raises Unreadable."""
    if profile is None:
        return ours.look_through(path, batch.encoding, at)
    return read.look_through(path, profile, batch.encoding), None


def _reader(profile: Profile | None, source: Source) -> Any:
    return ours.Reader(source) if profile is None else Reader(profile, source, keep=True)


@contextmanager
def file_of(batch: Batch) -> Iterator[Path]:
    """Put the parts of a file together under its own name, for as long as it is read."""
    with TemporaryDirectory(prefix="mandate-") as folder:
        name = Path(batch.file_name.replace("\\", "/")).name.replace("\0", "").strip(".") or "list"
        path = Path(folder) / name.encode()[-LONGEST_NAME:].decode(errors="ignore")
        with path.open("wb") as file:
            for content in batch.parts.order_by("number").values_list("content", flat=True).iterator(chunk_size=8):
                file.write(content)
        yield path


def _foresee(profile: Profile | None, source: Source, batch: Batch, rows: list[Staged], at: datetime) -> None:
    """Say of each row what would become of it now, and whether somebody has to look at it. Writes nothing."""
    if profile is None:
        ours.foresee(batch, source, rows, at)
        return
    for outcome in weigh(profile, rows, at=at, lock=False):
        row = outcome.row
        row.how, row.changes = outcome.how, outcome.changes
        row.needs = any(one["weight"] in (REFUSED, TRIAGE) for one in row.problems)


class Twins:
    """What a row may be a duplicate of: another row of the list, or something that is here. Never merged by guess."""

    def __init__(self, batch: Batch):
        self._batch = batch
        self._rows: dict[str, int] = {}
        self._names: dict[tuple[str, str], int] = {}

    def note(self, rows: list[Staged]) -> None:
        """Mark each row that is like an earlier one, or that is new and called like something its importer sees. One query."""
        new = {row.values["fields"]["name"] for row in rows if row.values}
        seen = Initiative.objects.visible_to(self._batch.person).filter(name__in=new)
        here = dict(seen.exclude(origin__profile=self._batch.profile).values_list("name", "number"))
        for row in rows:
            if not row.values:
                continue
            name = row.values["fields"]["name"]
            called = (same(name), " / ".join(row.values["unit"]))
            if (first := self._rows.setdefault(row.raw_sha256, row.record)) != row.record:
                row.twin = f"row:{first}"
            elif (first := self._names.setdefault(called, row.record)) != row.record:
                row.twin = f"name:{first}"
            elif name in here:
                row.twin = f"here:{here[name]}"


def _import(batch: Batch, at: datetime, pause: float) -> None:
    """Apply the rows that can be read, from where the last worker got to, and tell those it concerns."""
    profile, by = _profile(batch), batch.person
    if profile is None:
        for _rows in ours.applied(batch, source_of(batch), by=by, at=at):
            hold(batch)
            time.sleep(pause)
        apply.close(batch, apply.report_of(batch), by=by, at=at)
        return
    for _outcomes in apply.applied(profile, batch, by=by, at=at):
        hold(batch)
        time.sleep(pause)
    report = apply.report_of(batch)
    if not report.unsure_what_is_gone:
        report.gone = apply.flag_gone(batch, by=by, at=at, pause=pause)
    apply.finish(profile, batch, report, by=by, at=at)


def source_of(batch: Batch) -> Source:
    """Return the file of an import as it was read, without the file."""
    layout = batch.layout
    return Source(
        Path(batch.file_name),
        Shape(**layout["shape"]),
        (),
        batch.file_sha256,
        tuple(layout["titles"]),
        layout["places"],
        batch.records,
    )
