"""A directory coming in: a file of people is read into rows, weighed, looked at, and applied by the acts of `people`.

Kept, claimed and gone on with as any list that comes in (see bringing). Every row is one act of its own inside
its chunk: it happens as a whole or is left out with the reason. Killed anywhere, it goes on where it was.
"""

import re
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from governance import ledger
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import actions, calendars
from governance.people.models import Person
from governance.registers import apply, bringing, formats
from governance.registers.columns import titled
from governance.registers.directory_columns import NAMES, USUAL, guessed, titles_of
from governance.registers.directory_rows import UNKEPT
from governance.registers.directory_weigh import CHANGED, GONE, LEAVES, LEFT_OUT, NEW, Weighing, new_units
from governance.registers.layout import FIRST_ROWS, found_out, laid_out
from governance.registers.models import Batch, FilePart, Kind, Listed, Staged, State
from governance.registers.profile import Shape, Unreadable
from governance.registers.read import Source
from governance.registers.stage import CHUNK, NOTED, PAUSE, in_chunks, problem, stage
from governance.registers.trees import Tree
from governance.reviews import tasks as clocks

#: How large a directory may be, in bytes and in rows.
MOST_BYTES, MOST_ROWS = 50_000_000, 50_000
#: New units that are named before they are made.
MOST_UNITS = 200
#: People changed in one transaction: each takes several statements, and a stop must never wait for them.
AT_ONCE = 20
#: Where more than one in so many would leave, somebody confirms how many.
MANY = 3
#: What no database keeps: a zero character, and half of one.
_UNKEPT = re.compile("[\0\ud800-\udfff]")


# What people do


def receive(parts: Iterable[bytes], file_name: str, *, by: Any, at: datetime) -> Batch:
    """Keep a directory that somebody brought and have it read. Returns the import. Raises Refused."""
    actions.require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        batch = apply.made("", file_name, by=by, at=at, state=State.RECEIVING, kind=Kind.DIRECTORY)
        say(Verb.LIST_BROUGHT, batch, text={"file": file_name})
    bringing.keep_parts(batch, parts)
    return batch


def choose(batch: Batch, columns: dict[str, int], *, by: Any, at: datetime) -> None:
    """Say which column is which, and have the rows weighed again. Raises Refused, and Conflict when it is being imported."""
    actions.require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        batch = bringing.held(batch, State.READY)
        batch.layout["columns"] = {name: columns[name] for name in NAMES if name in columns}
        batch.state, batch.worked_at, batch.tries, batch.person = State.READING, None, 0, by
        batch.save()
        say(Verb.PROFILE_KEPT, batch, text={"name": batch.file_name}, **batch.layout["columns"])
        bringing.nudge()


def begin(
    batch: Batch, *, gone_leave: bool = False, invite: bool = False, confirmed: int | None = None, by: Any, at: datetime
) -> None:
    """Have what the rows say applied. `gone_leave`: those no longer listed leave as well; `invite`: new people are written to.

    Raises Refused; Blocked where many would leave and `confirmed` is not how many; Conflict when it has begun,
    or another directory is being imported.
    """
    actions.require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        batch = bringing.held(batch, State.READY)
        if Batch.objects.filter(kind=Kind.DIRECTORY, state=State.APPLYING).exists():
            raise Conflict(_("Another directory is being imported. Wait until it is done."))
        if by.pk != batch.person_id:
            raise Refused(
                _(
                    "%(name)s looked at this last, and it says what becomes of it for them. Say again which column is which."
                )
                % {"name": batch.person.name if batch.person else _("Nobody")}
            )
        many(batch, gone_leave, confirmed)
        batch.layout |= {"gone_leave": gone_leave, "invite": invite}
        batch.state, batch.worked_at = State.APPLYING, None
        batch.save()
        apply.say_begun(say, batch)
        bringing.nudge()


def leaving(batch: Batch, gone_leave: bool) -> int:
    """Return how many people would leave. One query."""
    return batch.rows.filter(how__in=(LEAVES, GONE) if gone_leave else (LEAVES,)).count()


def many(batch: Batch, gone_leave: bool, confirmed: int | None) -> None:
    """Raise Blocked where so many would leave that somebody says how many, and `confirmed` is another number. Two queries."""
    n, here = leaving(batch, gone_leave), Person.objects.active().count()
    if n * MANY > here and confirmed != n:
        words = _("%(n)s of %(here)s people would leave. Enter %(n)s to confirm it, or look at the file again.")
        raise Blocked([Blocker("directory.many", words % {"n": n, "here": here})])


def set_aside(batch: Batch, *, by: Any, at: datetime) -> None:
    """Leave a directory that was not imported. Raises Refused, and Conflict when it is being imported."""
    actions.require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        batch = bringing.held(batch, State.READY, State.FAILED)
        batch.state = State.SET_ASIDE
        batch.save(update_fields=["state"])
        say(Verb.LIST_SET_ASIDE, batch)


# What workers do


def go_on(at: datetime, *, pause: float = PAUSE) -> int:
    """Go on with every directory that is under way and that no other worker holds; returns how many were ended."""
    return bringing.go_on(at, pause=pause, kind=Kind.DIRECTORY, work=_work)


def _work(batch: Batch, at: datetime, pause: float) -> None:
    """Take a directory through the step it is at. Whoever asked for it must still be an administrator."""
    if batch.person is None or not batch.person.is_active:
        raise Refused(_("Whoever brought this list is no longer here."))
    actions.require_administrator(batch.person)
    if batch.state == State.APPLYING:
        _apply(batch, at, pause)
        return
    if "columns" not in batch.layout:
        _read(batch, pause)
    _weigh(batch, at, pause)


def _read(batch: Batch, pause: float) -> None:
    """Read the file into rows of cells, from where the last worker got to. The parts of the file then go."""
    with bringing.file_of(batch) as path:
        shape, batch.file_sha256 = laid_out(path, Shape(), USUAL)
        first = [row for row, _n in zip(formats.rows(path, shape), range(FIRST_ROWS), strict=False)]
        header = titles_of(first)
        rows = (row for row in formats.rows(path, shape) if row[0] >= header)
        titles = list(titled(map(_writable, next(rows, (header, []))[1])))
        there = batch.rows.aggregate(last=Max("record"))["last"] or 0
        batch.records = 0
        for chunk in in_chunks(rows):
            batch.records += len(chunk)
            if batch.records > MOST_ROWS:
                raise Unreadable(
                    _("%(file)s lists more than %(most)s people. Bring it in several files.")
                    % {"file": path.name, "most": f"{MOST_ROWS:,}"}
                )
            fresh = [_raw(number, cells) for number, cells in chunk if number > there]
            for _row in stage(batch, fresh, pause=pause):
                pass
            bringing.hold(batch, further=bool(fresh))
    if not batch.records:
        raise Unreadable(_("%(file)s holds a header and no records.") % {"file": path.name})
    found = tuple(name for name in ("encoding", "delimiter", "sheet") if found_out(name, Shape(), shape))
    source = Source(path, shape, found, batch.file_sha256, tuple(titles), {}, batch.records)
    batch.layout = {"kind": shape.kind, "titles": titles, "columns": guessed(titles), "found": source.found_words}
    with transaction.atomic():
        batch.save(update_fields=["file_sha256", "records", "layout"])
        FilePart.objects.filter(batch=batch).delete()


def _raw(number: int, cells: list[str]) -> Staged:
    """Return a row as it came, with nothing said of it yet."""
    kept = [_writable(cell) for cell in cells]
    return Staged(
        record=number, identity="", occurrence=number, raw_sha256=canonical.digest(kept), cells=kept, values={}
    )


def _writable(cell: str) -> str:
    """Return a cell as a database can keep it, with a sign where it holds what none keeps."""
    return _UNKEPT.sub(UNKEPT, cell)


def _weigh(batch: Batch, at: datetime, pause: float) -> None:
    """Say of every row what would become of it, from the beginning: it depends on all of them."""
    person = batch.person
    if person is None:
        return
    batch.rows.filter(how=GONE).delete()
    rows = list(batch.rows.order_by("record"))
    today = at.astimezone(calendars.of(None).zone).date()
    weighing = Weighing(batch, rows, by=person, today=today)
    weighed = weighing.weigh() if "email" in batch.layout["columns"] else []  # without, nothing can be said of anybody
    for chunk in in_chunks(weighed, CHUNK):
        with transaction.atomic():
            Staged.objects.bulk_create(
                chunk,
                update_conflicts=True,
                unique_fields=["batch", "record"],
                update_fields=["values", "problems", "how", "changes", "needs", "twin"],
            )
        bringing.hold(batch)
        time.sleep(pause)
    batch.layout |= {"units": new_units(weighed)[:MOST_UNITS], "unsure": weighing.is_unsure}
    Batch.objects.filter(pk=batch.pk, state=State.READING).update(
        state=State.READY, worked_at=None, layout=batch.layout
    )


# Applying


def _apply(batch: Batch, at: datetime, pause: float) -> None:
    """Apply what the rows say: people and their places, managers before who reports to them; functions taken; who leaves; functions given.

    Functions come one by one, because each locks its own group first.
    """
    work = _Applying(batch, at, pause)
    levels = dict(_open(batch, NEW, CHANGED).values_list("pk", "values__level"))
    work.through(sorted(levels, key=lambda pk: (levels[pk] or 0, pk)), work.change, AT_ONCE)
    duties = list(_open(batch, NEW, CHANGED).order_by("record").values_list("pk", flat=True))
    work.through(duties, work.take, 1)
    leave = (LEAVES, GONE) if batch.layout.get("gone_leave") else (LEAVES,)
    work.through(list(_open(batch, *leave).order_by("record").values_list("pk", flat=True)), work.leave, 1)
    work.through(duties, work.give, 1)
    _remember(batch)
    with ledger.act(by=batch.person, at=at) as say:
        counts = dict(batch.rows.order_by().values_list("how").annotate(n=Count("pk")))
        if not batch.layout.get("gone_leave"):
            counts.pop(GONE, None)  # they stay
        Batch.objects.filter(pk=batch.pk).update(finished_at=at, counts=counts, state=State.DONE)
        say(Verb.IMPORT_FINISHED, batch, **counts)
        clocks.nudge()  # what those who left held is on the Portfolio office's Home already; this writes to them now


def _open(batch: Batch, *how: str) -> QuerySet[Staged]:
    """Return the rows of which this becomes and that are not applied yet. No query."""
    return batch.rows.filter(how__in=how, applied=False)


class _Applying:
    """One worker applying one directory."""

    def __init__(self, batch: Batch, at: datetime, pause: float):
        self._batch, self._at, self._pause, self._tree = batch, at, pause, Tree()
        self._people: dict[int, Person] = {}

    def through(self, pks: list[int], work: Callable[[Staged], None], size: int) -> None:
        """Have `work` done on these rows, `size` in a transaction. What the domain refuses is kept with its row."""
        for some in in_chunks(pks, size):
            with ledger.act(by=self._batch.person, at=self._at) as say:
                bringing.hold(self._batch)  # in the transaction: another worker waits here, and finds it taken
                found = self._batch.rows.filter(applied=False).in_bulk(some)
                rows = [found[pk] for pk in some if pk in found]
                self._tree.grow(
                    [row.values["unit"] for row in rows if row.values.get("unit")], batch=self._batch.pk, say=say
                )
                self._meet(rows)
                for row in rows:
                    self._try(row, work)
                Staged.objects.bulk_create(
                    rows,
                    update_conflicts=True,
                    unique_fields=["batch", "record"],
                    update_fields=["values", "problems", "how", "needs", "applied"],
                )
            time.sleep(self._pause)

    def _meet(self, rows: list[Staged]) -> None:
        """Read the people these rows are about. One query."""
        pks = [row.values["person"] for row in rows if "person" in row.values]
        self._people = Person.objects.select_related("unit").in_bulk(pks)

    def _try(self, row: Staged, work: Callable[[Staged], None]) -> None:
        try:
            with ledger.act(by=self._batch.person, at=self._at):
                work(row)
        except Blocked as blocked:
            self._refuse(row, " ".join(str(reason.message) for reason in blocked.blockers), work)
        except (Conflict, Refused) as refused:
            self._refuse(row, str(refused.message), work)

    def _refuse(self, row: Staged, why: str, work: Callable[[Staged], None]) -> None:
        """Keep why a row could not be applied. Where only its functions could not, the rest of it was."""
        row.problems.append(problem(row.record, "", row.values["email"], why.rstrip("."), NOTED))
        row.needs = row.applied = True
        if work in (self.take, self.give):
            row.values |= {"give": [], "take": []}
        else:
            row.how = LEFT_OUT

    # What is done with a row

    def change(self, row: Staged) -> None:
        """Add somebody, or change them on the version that was weighed."""
        said = dict(row.values["fields"])
        if "unit" in row.values:
            said["unit"] = self._tree.unit(row.values["unit"])
        if "manager" in row.values:
            said |= self._manager(row)
        by, at = self._batch.person, self._at
        if "person" in row.values:
            version = row.values.get("version", 0)
            actions.change(self._people[row.values["person"]], said, by=by, at=at, seen_version=version)
        else:
            person = actions.add({**said, "email": row.values["email"]}, by=by, at=at)
            row.values["person"] = person.pk
            if self._batch.layout.get("invite"):
                invite(person, self._batch, at)
        row.applied = not (row.values.get("give") or row.values.get("take"))

    def _manager(self, row: Staged) -> dict[str, Person | None]:
        """Return the manager a row names, None where it says there is none; nothing, and why, where they could not be added. One query."""
        email = row.values["manager"]
        found = (
            Person.objects.filter(email=email).first() if email else None
        )  # as they are now: this chunk may have changed them
        if found is not None or not email:
            return {"manager": found}
        row.problems.append(
            problem(row.record, "", email, _("a manager who is here; their own row was left out"), NOTED)
        )
        row.needs = True
        return {}

    def take(self, row: Staged) -> None:
        """Take the functions somebody no longer has."""
        for function in row.values.get("take", ()):
            actions.revoke_function(self._person(row), function, by=self._batch.person, at=self._at)

    def give(self, row: Staged) -> None:
        """Give somebody the functions they have now."""
        for function in row.values.get("give", ()):
            actions.grant_function(self._person(row), function, by=self._batch.person, at=self._at)
        row.applied = True

    def leave(self, row: Staged) -> None:
        """Record that somebody left: on the day the file says, else today."""
        person = self._person(row)
        today = calendars.today_of(person, self._at)  # theirs: it may be yesterday for the company still
        day = min(date.fromisoformat(row.values["left_on"] or str(today)), today)
        actions.leave(person, left_on=day, by=self._batch.person, at=self._at)
        row.applied = True

    def _person(self, row: Staged) -> Person:
        return self._people[row.values["person"]]


def invite(person: Person, batch: Batch, at: datetime) -> None:
    """Owe somebody new the message that they have an account. It carries no link that lets anybody in. Queries as notices.owe."""
    notices.owe(
        person,
        thing=person,
        occasion="invited",
        subject=_("You have an account at Mandate"),
        body=_("Mandate says who answers for each use of AI here. Set a password of your own to come in.")
        if not settings.OIDC_ISSUER
        else _("Mandate says who answers for each use of AI here. Come in with your company account."),
        path="/" if settings.OIDC_ISSUER else reverse("account_reset_password"),
        action=_("Come in") if settings.OIDC_ISSUER else _("Set a password"),
        why=_("You get this because an administrator added you to the directory."),
        binding=True,
        at=at,
    )


def _remember(batch: Batch) -> None:
    """Remember whom this directory lists, a chunk a transaction: whoever is missing in the next one is no longer listed."""
    pks = batch.rows.exclude(how__in=(LEFT_OUT, GONE, LEAVES)).values_list("values__person", flat=True)
    for some in in_chunks([pk for pk in pks if pk], CHUNK):
        with transaction.atomic():
            Listed.objects.bulk_create(
                [Listed(person_id=pk, batch=batch) for pk in some],
                update_conflicts=True,
                unique_fields=["person"],
                update_fields=["batch"],
            )
