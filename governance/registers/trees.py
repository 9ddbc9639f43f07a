"""The units a register names: found by name under their parent, made where they are missing, without a leader."""

from collections.abc import Callable, Iterable
from hashlib import sha256

from django.utils.text import slugify

from governance.core.models import Installation
from governance.ledger import Verb
from governance.people.models import Unit
from governance.registers.profile import same

_SLUG = Unit._meta.get_field("slug").max_length or 80


class Tree:
    """All units by their place, read once for an import and again when one seems to be missing. Two queries each time.

    Where the whole company is a unit, under its own name, what a list puts at the top is a part of it.
    After a transaction that rolled back, what it made is not there: read a new tree.
    """

    def __init__(self) -> None:
        self._by_place: dict[tuple[int | None, str], Unit] = {}
        self._company: Unit | None = None
        self._read()

    def _read(self) -> None:
        # The oldest of those that share a name: SQLite cannot keep two top-level units of one name apart.
        self._by_place = {(unit.parent_id, same(unit.name)): unit for unit in Unit.objects.order_by("-pk")}
        names = Installation.objects.values_list("company", flat=True)
        self._company = next((self._by_place.get((None, same(name))) for name in names), None)

    def unit(self, path: Iterable[str]) -> Unit | None:
        """Return the unit at the end of `path` (names from the top down); None for an empty path or an unknown one. No query."""
        found: Unit | None = None
        for depth, name in enumerate(path):
            found = self._by_place.get((found.pk if found else None, same(name))) or self._part(name, depth)
            if found is None:
                return None
        return found

    def _part(self, name: str, depth: int) -> Unit | None:
        """Return the company's part of this name, for a name at the top of a path. No query."""
        return self._by_place.get((self._company.pk, same(name))) if self._company and not depth else None

    def grow(self, paths: Iterable[list[str]], *, batch: int, say: Callable[..., None]) -> None:
        """Make the units that are missing on these paths, and say so. No query where none is, else one and two per level.

        `batch` is the import that names them.
        """
        wanted = {tuple(path) for path in paths if path}
        if all(self.unit(path) for path in wanted):
            return
        self._read()  # Somebody else may have made them since.
        for depth in range(1, max((len(path) for path in wanted), default=0) + 1):
            level = {path[:depth] for path in wanted if len(path) >= depth}
            missing = {
                tuple(same(name) for name in path): path
                for path in sorted(level, reverse=True)
                if self.unit(path) is None
            }
            self._make([path for _key, path in sorted(missing.items())], batch, say)

    def _make(self, paths: list[tuple[str, ...]], batch: int, say: Callable[..., None]) -> None:
        """Make one unit at the end of each path; their parents are there."""
        if not paths:
            return
        made = [
            Unit(name=path[-1], parent=self.unit(path[:-1]) or self._company, slug=_slug(path[-1])) for path in paths
        ]
        taken = set(Unit.objects.filter(slug__in=[unit.slug for unit in made]).values_list("slug", flat=True))
        for unit, path in zip(made, paths, strict=True):
            if unit.slug in taken:
                unit.slug = f"{unit.slug[: _SLUG - 9]}-{sha256(repr(path).encode()).hexdigest()[:8]}"
            taken.add(unit.slug)
        Unit.objects.bulk_create(made)
        for unit in made:
            self._by_place[unit.parent_id, same(unit.name)] = unit
            say(Verb.UNIT_ADDED, unit, parent=unit.parent_id, batch=batch, text={"name": unit.name})


def _slug(name: str) -> str:
    """Return the slug a unit of this name would have; "unit" where nothing of the name fits into one."""
    return slugify(name)[:_SLUG].strip("-") or "unit"
