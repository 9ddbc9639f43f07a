"""Weighing a directory: what would become of everybody in it, field by field, and who is no longer in it.

Everything is read once, and nothing is written: what is said here is what is applied, or not at all.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from governance.people import functions, queries
from governance.people.actions import NOT_ONES_OWN, SOLE
from governance.people.functions import Function
from governance.people.models import Person, Provided
from governance.registers.columns import called
from governance.registers.directory_columns import LABELS
from governance.registers.directory_rows import Row, Said
from governance.registers.directory_tree import Lines, Unclear, Units
from governance.registers.models import Batch, Listed, Staged
from governance.registers.profile import JSON, same
from governance.registers.stage import NOTED, REFUSED, problem

#: What becomes of a row.
NEW, CHANGED, UNCHANGED, LEAVES, GONE, SKIPPED, LEFT_OUT = (
    "created",
    "updated",
    "unchanged",
    "leaves",
    "gone",
    "skipped",
    "refused",
)
#: What a row says of somebody in words, taken over as it is.
PLAIN = ("name", "title", "grade", "job_family", "phone", "time_zone")


class Weighing:
    """All rows of one directory beside all people who are here. Seven queries, as it is made."""

    def __init__(self, batch: Batch, rows: Sequence[Staged], *, by: Person, today: date):
        self._batch, self._by, self._today, self._rows = batch, by, today, rows
        self._titles, self._places = called(batch.layout["titles"]), batch.layout["columns"]
        sheet = batch.layout["kind"] != JSON
        self._said = [
            Row(row.record, row.cells, self._places, self._titles, today=today, sheet=sheet).read() for row in rows
        ]
        self._people = {person.email: person for person in Person.objects.order_by("pk")}
        self._by_pk = {person.pk: person for person in self._people.values()}
        self._functions = self._held()
        self._provided = set(Provided.objects.values_list("person_id", "function"))
        self._doubles()
        self._units, self._lines = Units(self._said), Lines(self._said, self._people)
        self._names = Counter(same(person.name) for person in self._people.values() if person.is_active)

    def _held(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for slug, pks in queries.memberships().items():
            for pk in pks:
                found.setdefault(pk, set()).add(slug)
        return found

    def _doubles(self) -> None:
        """Refuse rows that share an address, all of them: nobody can say which counts. One like another in every cell is passed over."""
        first: dict[str, Said] = {}
        cells = {row.record: row.cells for row in self._rows}
        for said in self._said:
            other = first.setdefault(said.email, said) if said.email else said
            if other is said:
                continue
            same_cells = cells[other.record] == cells[said.record]
            for one, there in ((said, other), (other, said))[: 1 if same_cells else 2]:
                expected = _("an address that no other row has; row %(n)s has it too") % {"n": there.record}
                if not one.is_refused:
                    one.problems.append(problem(one.record, self._title("email"), one.email, expected, REFUSED))
        self._emails = set(first)

    def _title(self, name: str) -> str:
        return self._titles[self._places[name]] if name in self._places else str(LABELS[name])

    # Everybody

    def weigh(self) -> list[Staged]:
        """Return the rows with what becomes of each, and one more for everybody who is no longer in the directory."""
        for row, said in zip(self._rows, self._said, strict=True):
            self._weigh(row, said)
        self._sole()
        for row in self._rows:
            row.needs = bool(row.problems)
        return [*self._rows, *self._no_longer_listed()]

    def _weigh(self, row: Staged, said: Said) -> None:
        """Fill in what becomes of one row."""
        person = self._people.get(said.email)
        row.twin, row.changes = "", []
        row.values = {"email": said.email, "name": said.values.get("name") or (person.name if person else "")}
        if not said.is_refused:
            self._stands(said, person)
        row.problems = said.problems
        if said.is_refused:
            row.how = LEFT_OUT
            return
        if said.leaves:
            self._leaves(row, said, person)
        elif person is not None and not person.is_active:
            row.how = LEFT_OUT
        else:
            self._changes(row, said, person)
            row.how = CHANGED if person else NEW
            if person and not row.changes:
                row.how = UNCHANGED
            elif person is None:
                row.twin = self._twin(row)

    def _stands(self, said: Said, person: Person | None) -> None:
        """Note why a row cannot count as a whole."""
        if person is not None and not person.is_active and not said.leaves:
            words = _("somebody who works here. %(name)s left on %(day)s: bring them back on their page first")
            came = {"name": person.name, "day": person.left_on}
            said.problems.append(problem(said.record, self._title("email"), said.email, words % came, REFUSED))
        elif person is None and not said.leaves and not said.values.get("name"):
            said.problems.append(problem(said.record, self._title("name"), "", _("a name"), REFUSED))
        elif person is not None and said.leaves and person.pk == self._by.pk and person.is_active:
            words = _("somebody else: nobody deactivates themselves. Ask another administrator to import it")
            said.problems.append(problem(said.record, self._title("email"), said.email, words, REFUSED))

    def _leaves(self, row: Staged, said: Said, person: Person | None) -> None:
        row.how = SKIPPED if person is None else LEAVES if person.is_active else UNCHANGED
        if row.how == LEAVES and person is not None:
            row.values |= {"person": person.pk, "left_on": said.left_on.isoformat() if said.left_on else ""}

    def _twin(self, row: Staged) -> str:
        """Return who is called like somebody new: they may be the same with another address. Never merged by guess."""
        self._names[same(row.values["name"])] += 1
        return "name" if self._names[same(row.values["name"])] > 1 else ""

    # Field by field

    def _changes(self, row: Staged, said: Said, person: Person | None) -> None:
        """Fill in what a row changes of somebody, in values to apply and in words to read."""
        fields = {name: said.values[name] for name in PLAIN if name in said.values}
        here = {name: getattr(person, name) if person else "" for name in fields}
        row.values |= {"fields": {}, "level": self._lines.depth(said.email)}
        if person is not None:
            row.values |= {"person": person.pk, "version": person.version}
        for name, value in fields.items():
            if value != here[name] and self._may(said, name, person):
                row.values["fields"][name] = value
                row.changes.append({"field": name, "here": here[name], "says": value, "applied": True})
        self._unit(row, said, person)
        self._manager(row, said, person)
        self._duties(row, said, person)

    def _may(self, said: Said, name: str, person: Person | None) -> bool:
        """Return whether this may change; nobody changes their own grade, unit, manager or functions."""
        if person is None or person.pk != self._by.pk or name not in (*NOT_ONES_OWN, "functions"):
            return True
        words = _("no change, because it is you: nobody changes their own. Ask another administrator to import it")
        title = self._title(name if name != "unit" or "unit" in self._places else "path")
        said.problems.append(problem(said.record, title, _("another one"), words, NOTED))
        return False

    def _unit(self, row: Staged, said: Said, person: Person | None) -> None:
        now = person.unit_id if person else None
        try:
            path = self._units.meant(said, now)
        except Unclear as unclear:
            name = "path" if said.path is not None else "unit"
            came = " / ".join(said.path or (said.unit,))
            said.problems.append(problem(said.record, self._title(name), came, str(unclear), NOTED))
            return
        here = self._units.path_of(now)
        if path is None or tuple(map(same, path)) == tuple(map(same, here)) or not self._may(said, "unit", person):
            return
        row.values["unit"] = list(path)
        row.changes.append({"field": "unit", "here": " / ".join(here), "says": " / ".join(path), "applied": True})

    def _manager(self, row: Staged, said: Said, person: Person | None) -> None:
        try:
            email = self._lines.meant(said)
            if email and (circle := self._lines.circle(said.email)):
                names = " → ".join(circle[:6])
                raise Unclear(_("a line that does not lead back to where it began: %(names)s") % {"names": names})
        except Unclear as unclear:
            came = said.manager or ""
            said.problems.append(problem(said.record, self._title("manager"), came, str(unclear), NOTED))
            return
        now = self._by_pk.get(person.manager_id) if person and person.manager_id else None
        here = now.email if now else ""
        if email is None or email == here or not self._may(said, "manager", person):
            return
        row.values["manager"] = email
        row.changes.append({"field": "manager", "here": here, "says": email, "applied": True})

    def _duties(self, row: Staged, said: Said, person: Person | None) -> None:
        if said.functions is None:
            return
        held = self._functions.get(person.pk, set()) if person else set()
        kept = {one for one in held if person and (person.pk, one) in self._provided}  # the provider takes those back
        give, take = sorted(said.functions - held), sorted(held - said.functions - kept)
        if (give or take) and self._may(said, "functions", person):
            row.values |= {"give": give, "take": take}
            said_now = _listed({*held, *give} - set(take))
            row.changes.append({"field": "functions", "here": _listed(held), "says": said_now, "applied": True})

    def _sole(self) -> None:
        """Take back a function that one person holds where the file gives it to several, or to one while another keeps it."""
        wanted: dict[str, list[Staged]] = {}
        for row in self._rows:
            for slug in set(row.values.get("give", ())) & set(SOLE):
                wanted.setdefault(slug, []).append(row)
        given_up = {(row.values.get("person"), slug) for row in self._rows for slug in row.values.get("take", ())}
        left = {row.values["person"] for row in self._rows if row.how == LEAVES}
        for slug, rows in wanted.items():
            holders = [pk for pk, held in self._functions.items() if slug in held]
            holder = next((pk for pk in holders if (pk, slug) not in given_up and pk not in left), None)
            if holder is None and len(rows) == 1:
                continue
            name = self._by_pk[holder].name if holder else ", ".join(f"{_('row')} {row.record}" for row in rows[:4])
            expected = _("one person: %(name)s holds it as well") % {"name": name}
            for row in rows:
                came = str(functions.label(slug))
                row.problems.append(problem(row.record, self._title("functions"), came, expected, NOTED))
                row.values |= {"give": [], "take": []}
                row.changes = [change for change in row.changes if change["field"] != "functions"]
                row.how = UNCHANGED if row.how == CHANGED and not row.changes else row.how

    # Who is not in it

    @property
    def is_unsure(self) -> bool:
        """Whether a row has no address that can be read, so that nobody can say who is missing."""
        return not all(said.email for said in self._said)

    def _no_longer_listed(self) -> list[Staged]:
        """Return a row for everybody an earlier directory listed and this one does not; nothing while a row has no address."""
        if self.is_unsure:
            return []
        active = Person.objects.active().filter(pk__in=Listed.objects.values("person")).exclude(pk=self._by.pk)
        last = max((row.record for row in self._rows), default=0)
        return [
            Staged(
                batch=self._batch,
                record=last + number,
                identity="",
                occurrence=last + number,
                raw_sha256="",
                values={"email": person.email, "name": person.name, "person": person.pk, "left_on": ""},
                how=GONE,
            )
            for number, person in enumerate(active.order_by("name", "pk"), 1)
            if person.email not in self._emails
        ]


def new_units(rows: Sequence[Staged]) -> list[str]:
    """Return the units that these rows would make, each with those above it, in order."""
    known = Units(())
    found: dict[tuple[str, ...], None] = {}
    for row in rows:
        path = tuple(row.values.get("unit", ()))
        for end in range(1, len(path) + 1):
            if not known.is_here(path[:end]):
                found.setdefault(path[:end])
    return [" / ".join(path) for path in sorted(found)]


def _listed(slugs: set[str]) -> str:
    return ", ".join(str(functions.label(one.value)) for one in Function if one.value in slugs)
