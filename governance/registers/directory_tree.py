"""The units a directory names, found or made in one place of the tree, and who reports to whom.

Both are read from the whole file at once: a row names one step, and only all rows together show a circle.
Nothing is guessed: where a name can mean several units or people, the cell is not taken.
"""

from collections import Counter
from collections.abc import Iterable

from django.utils.translation import gettext as _

from governance.people.models import Person, Unit
from governance.registers.directory_rows import Said
from governance.registers.profile import same

Path = tuple[str, ...]


class Unclear(Exception):
    """A cell that can be taken in no one way; the text says what was expected."""


class Units:
    """The units that are here, and those that the rows of a file put above each other. One query, as it is made."""

    def __init__(self, rows: Iterable[Said]):
        units = {unit.pk: unit for unit in Unit.objects.order_by("pk")}
        self._path: dict[int, Path] = {}
        for unit in units.values():
            self._path[unit.pk] = self._way(unit, units)
        self._by_path = {tuple(map(same, path)): units[pk] for pk, path in reversed(self._path.items())}
        self._by_name: dict[str, list[Unit]] = {}
        for unit in units.values():
            if unit.is_active:
                self._by_name.setdefault(same(unit.name), []).append(unit)
        tops = [unit for unit in units.values() if unit.parent_id is None and unit.is_active]
        #: Where there is one unit at the top it is the company: what a file has no unit above stands below it.
        self._top: Path = (tops[0].name,) if len(tops) == 1 else ()
        self._above: dict[str, dict[str, str]] = {}
        for row in rows:
            if row.unit and row.parent:
                self._above.setdefault(same(row.unit), {})[same(row.parent)] = row.parent

    @staticmethod
    def _way(unit: Unit, units: dict[int, Unit]) -> Path:
        path, above, seen = [unit.name], unit.parent_id, {unit.pk}
        while above is not None and above not in seen:
            seen.add(above)
            path.insert(0, units[above].name)
            above = units[above].parent_id
        return tuple(path)

    def path_of(self, unit_id: int | None) -> Path:
        """Return the way to a unit that is here, from the top down; nothing for none."""
        return self._path.get(unit_id, ()) if unit_id is not None else ()

    def is_here(self, path: Path) -> bool:
        """Return whether there is a unit at the end of this way."""
        return tuple(map(same, path)) in self._by_path

    def meant(self, row: Said, now: int | None) -> Path | None:
        """Return the way to the unit a row means, () for none, None where it says nothing. Raises Unclear.

        `now` is the unit somebody is in: a name that fits it means it.
        """
        if row.path is not None:
            return self._placed(row.path) if row.path else ()
        if not row.unit:
            return None
        here = self.path_of(now)
        if here and same(here[-1]) == same(row.unit) and (not row.parent or same(row.parent) in map(same, here[-2:-1])):
            return here
        return self._placed(self._upward(row.unit, row.parent))

    def _upward(self, name: str, parent: str) -> Path:
        """Return the way to a unit by what the file says stands above it, and above that."""
        if not parent:
            said, here = self._above.get(same(name), {}), self._by_name.get(same(name), [])
            if len(here) > 1 or len(said) > 1 or (here and not said):
                return self._only(name)
            parent = next(iter(said.values()), "")
        path: Path = (name,)
        while parent:
            if same(parent) in map(same, path):
                names = " / ".join((parent, *path))
                raise Unclear(_("a unit that does not stand below itself, as %(names)s would") % {"names": names})
            said = self._above.get(same(parent), {})
            if not said and same(parent) in self._by_name:
                return (*self._only(parent), *path)
            if len(said) > 1:
                raise Unclear(self._which(parent, [(one, parent) for one in said.values()]))
            path, parent = (parent, *path), next(iter(said.values()), "")
        return path

    def _only(self, name: str) -> Path:
        """Return the way to the one unit of that name that is here. Raises Unclear where there are several, or none."""
        found = self._by_name.get(same(name), [])
        if len(found) != 1:
            raise Unclear(self._which(name, [self._path[unit.pk] for unit in found]))
        return self._path[found[0].pk]

    @staticmethod
    def _which(name: str, ways: list[Path]) -> str:
        which = "; ".join(" / ".join(way) for way in ways[:4])
        said = {"name": name, "which": which}
        if not which:
            return _("the unit above %(name)s as well, because there are several") % said
        return _("which %(name)s is meant, in a column of the units above it: %(which)s") % said

    def _placed(self, path: Path) -> Path:
        """Return a way from the top of the tree, as the units that are here are spelled. Raises Unclear for a retired one."""
        if not self.is_here(path[:1]) and self._top:
            path = (*self._top, *path)
        for end in range(len(path), 0, -1):
            unit = self._by_path.get(tuple(map(same, path[:end])))
            if unit is not None:
                if not unit.is_active:
                    raise Unclear(_("a unit that still exists: %(name)s is retired") % {"name": unit.name})
                return (*self._path[unit.pk], *path[end:])
        return path


class Lines:
    """Who reports to whom, by address: what the file says where it says something, else what is here. No query."""

    def __init__(self, rows: Iterable[Said], people: dict[str, Person]):
        self._rows = {row.email: row for row in rows if row.email and not row.is_refused and not row.leaves}
        self._people = people
        self._names: Counter[str] = Counter()
        self._called: dict[str, str] = {}
        names = {email: person.name for email, person in people.items() if person.is_active}
        names |= {email: row.values["name"] for email, row in self._rows.items() if "name" in row.values}
        for email, name in names.items():
            self._names[same(name)] += 1
            self._called[same(name)] = email
        by_pk = {person.pk: email for email, person in people.items()}
        self._above = {email: said for email, row in self._rows.items() if (said := self._said(row)) is not None}
        for email, person in people.items():
            if email not in self._above and person.manager_id in by_pk:
                self._above[email] = by_pk[person.manager_id]

    def _said(self, row: Said) -> str | None:
        try:
            return self.meant(row)
        except Unclear:
            return None

    def meant(self, row: Said) -> str | None:
        """Return the address of the manager a row names, "" for none, None where it says nothing. Raises Unclear."""
        if not row.manager:
            return row.manager
        wanted = row.manager.strip("<>").casefold()
        if "<" in wanted and wanted.endswith(">"):
            wanted = wanted.rpartition("<")[2].strip(">")
        if "@" not in wanted:
            if self._names[same(row.manager)] != 1:
                many = self._names[same(row.manager)] > 1
                raise Unclear(
                    _("an e-mail address, because several people are called so")
                    if many
                    else _("the e-mail address of somebody in the file or in the directory")
                )
            wanted = self._called[same(row.manager)]
        person = self._people.get(wanted)
        if wanted == row.email:
            raise Unclear(_("somebody else: nobody manages themselves"))
        if wanted not in self._rows and (person is None or not person.is_active):
            raise Unclear(_("the e-mail address of somebody in the file or in the directory who works here"))
        return wanted

    def circle(self, email: str) -> list[str]:
        """Return the addresses of a circle this person stands in, beginning with them; nothing where there is none."""
        way, above = [email], self._above.get(email, "")
        while above and above not in way:
            way.append(above)
            above = self._above.get(above, "")
        return way if above == email else []

    def depth(self, email: str) -> int:
        """Return how many people of the file stand above somebody, so that a manager is there before who reports to them."""
        seen, above = {email}, self._above.get(email, "")
        while above in self._rows and above not in seen:
            seen.add(above)
            above = self._above.get(above, "")
        return len(seen) - 1
