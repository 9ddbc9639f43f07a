"""What one row of a directory says of somebody: each cell read by itself, and what could not be read.

An empty cell says nothing and changes nothing; a dash or the word none empties what is there. A cell that
cannot be read changes nothing either, and is said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.text import slugify
from django.utils.translation import gettext as _

from governance import policy
from governance.core.export import neutral
from governance.people.forms import Phone, Zone
from governance.people.functions import Function, label
from governance.people.models import Person, Unit, address
from governance.registers.profile import same
from governance.registers.stage import NOTED, REFUSED, problem

#: What stands for a character that no database keeps; it comes in no text that people write.
UNKEPT = "␀"
#: Words for nothing, yes and no, as directories write them.
NOTHING = frozenset(("-", "–", "—", "none", "n/a"))
YES, NO = frozenset(("yes", "y", "true", "1")), frozenset(("no", "n", "false", "0"))
HERE = frozenset(("active", "enabled", "employed", "current", "working here", "works here", "on leave", "hired"))
GONE = frozenset(("inactive", "disabled", "left", "has left", "terminated", "leaver", "former", "resigned", "x"))
#: How dates are written where nobody can read them two ways.
DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y")
#: What stands between the units of a path.
_PATH = re.compile(r" / | ?[>|\\→] ?")
_MOST = {one.name: one.max_length or 0 for one in Person._meta.fields}
_UNIT = Unit._meta.get_field("name").max_length or 200
#: Units above each other that anybody would believe.
DEEPEST = 20


@dataclass(slots=True)
class Said:
    """What one row says: `values` by name, each absent where nothing was said and empty where it is to be emptied.

    `unit` is a path, `manager` what was written, `functions` slugs, `leaves` whether they left. Filled by `read`.
    """

    record: int
    email: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    path: tuple[str, ...] | None = None
    unit: str = ""
    parent: str = ""
    manager: str | None = None
    functions: frozenset[str] | None = None
    leaves: bool = False
    left_on: date | None = None
    problems: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether the row is left out."""
        return any(one["weight"] == REFUSED for one in self.problems)


def ours(cell: str) -> str:
    """Return a cell without the apostrophe that one of our own files puts before what a spreadsheet could run."""
    return cell[1:] if cell.startswith("'") and neutral(cell[1:]) == cell else cell


def line(cell: str) -> str:
    """Return a cell as one line that prints."""
    return " ".join("".join(c if c.isprintable() else " " for c in cell).split())


class Row:
    """Reads the cells of one row, where the columns stand as `places` says."""

    def __init__(
        self,
        record: int,
        cells: Sequence[str],
        places: dict[str, int],
        titles: Sequence[str],
        *,
        today: date,
        sheet: bool = True,
    ):
        """`sheet` says whether a spreadsheet may have made the file: not where it is JSON."""
        self._cells, self._places, self._titles = cells, places, titles
        self._today, self._sheet = today, sheet
        self.said = Said(record)

    def read(self) -> Said:
        """Return what the row says."""
        said = self.said
        if came := next((cell for cell in self._cells if UNKEPT in cell), ""):
            self._wrong("", came, _("text without a zero character, or half of one: no database keeps them"), REFUSED)
            return said
        width = len(self._titles)
        if any(cell.strip() for cell in self._cells[width:]):
            came = _("%(n)d cells") % {"n": len(self._cells)}
            self._wrong("", came, _("%(n)d cells, as the row of the titles has") % {"n": width}, REFUSED)
            return said
        said.email = self._email()
        self._text("name")
        if "name" not in said.values and (both := " ".join(filter(None, (self._cell("given"), self._cell("family"))))):
            self._keep("name", both, "given")
        for name in ("title", "phone"):
            self._text(name)
        self._phone()
        self._grade()
        if (cell := self._cell("job_family")) is not None:
            said.values["job_family"] = slugify(cell)[: _MOST["job_family"]]
        self._zone()
        self._unit()
        said.manager = self._cell("manager")
        self._functions()
        self._leaving()
        return said

    # Cells

    def _cell(self, name: str) -> str | None:
        """Return what a cell says: None where it says nothing, "" where it says that there is nothing."""
        place = self._places.get(name)
        cell = self._cells[place].strip() if place is not None and place < len(self._cells) else ""
        cell = line(ours(cell) if self._sheet else cell)
        return None if not cell else "" if same(cell) in NOTHING else cell

    def _wrong(self, name: str, came: str, expected: Any, weight: str = NOTED) -> None:
        place = self._places.get(name)
        title = self._titles[place] if place is not None else ""
        self.said.problems.append(problem(self.said.record, title, came, expected, weight))

    def _text(self, name: str) -> None:
        if (cell := self._cell(name)) is not None and (cell or name != "name"):
            self._keep(name, cell, name)

    def _keep(self, name: str, text: str, column: str) -> None:
        if len(text) > _MOST[name]:
            self._wrong(column, text, _("%(most)d characters at most") % {"most": _MOST[name]})
        else:
            self.said.values[name] = text

    # What has a shape

    def _email(self) -> str:
        cell = self._cell("email") or ""
        found = address(cell.removeprefix("mailto:"))
        try:
            if len(found) > _MOST["email"]:
                raise ValidationError("long")
            validate_email(found)
        except ValidationError:
            self._wrong("email", cell, _("an e-mail address, for example name@example.org"), REFUSED)
            return ""
        return found

    def _phone(self) -> None:
        if phone := self.said.values.get("phone"):
            try:
                Phone(label="").clean(phone)
            except ValidationError:
                del self.said.values["phone"]
                self._wrong("phone", phone, _("a number that can be called, for example +44 20 7946 0101"))

    def _zone(self) -> None:
        cell = self._cell("time_zone")
        if cell is not None:
            found = _zone(cell)
            if found is None:
                self._wrong("time_zone", cell, _("a time zone such as Europe/Berlin"))
            else:
                self.said.values["time_zone"] = found

    def _grade(self) -> None:
        cell = self._cell("grade")
        if cell is None:
            return
        known = _grades()
        if cell and same(cell) not in known:
            words = ", ".join(dict.fromkeys(str(policy.current().grade_word(grade)) for grade in known.values()))
            self._wrong("grade", cell, _("one of %(words)s") % {"words": words})
        else:
            self.said.values["grade"] = known.get(same(cell), "")

    def _unit(self) -> None:
        said = self.said
        if cell := self._cell("path"):
            path = tuple(part for part in _PATH.split(" ".join(cell.split())) if part)
            if len(path) > DEEPEST or any(len(part) > _UNIT for part in path):
                said_so = _("at most %(deep)d units of at most %(most)d characters each")
                self._wrong("path", cell, said_so % {"deep": DEEPEST, "most": _UNIT})
            else:
                said.path = path
            return
        for name in ("unit", "parent"):
            cell = self._cell(name) or ""
            if len(cell) > _UNIT:
                self._wrong(name, cell, _("%(most)d characters at most") % {"most": _UNIT})
            else:
                setattr(said, name, cell)
        if not said.unit and (self._cell("unit") == "" or self._cell("path") == ""):
            said.path = ()

    def _functions(self) -> None:
        cell = self._cell("functions")
        if cell is None:
            return
        parts = [same(part) for part in re.split(r"[,;|/]", cell) if part.strip()]
        known = _functions()
        unknown = [part for part in parts if part not in known]
        if unknown:
            words = ", ".join(str(one.label) for one in Function)
            self._wrong("functions", cell, _("any of %(words)s") % {"words": words})
        else:
            self.said.functions = frozenset(known[part] for part in parts)

    # Leaving

    def _leaving(self) -> None:
        works, left, day = self._yes("active"), self._yes("left"), self._day()
        gone = works is False or left is True or (works is None and left is None and day is not None)
        if works is True and left is True:
            self._wrong("left", self._cell("left") or "", _("no, because they work here, or no in the other column"))
        elif day is not None and day > self._today:
            if works is False or left is True:
                self._wrong("last_day", day.isoformat(), _("a day that is not still to come for somebody who has left"))
        elif works is True and day is not None:
            self._wrong("last_day", day.isoformat(), _("no last day that is over for somebody who works here"))
        else:
            self.said.leaves, self.said.left_on = gone, day

    def _yes(self, name: str) -> bool | None:
        cell = self._cell(name)
        if not cell:
            return None
        yes, no = (YES | HERE, NO | GONE) if name == "active" else (YES | GONE, NO | HERE)
        if same(cell) in yes | no:
            return same(cell) in yes
        self._wrong(name, cell, _("yes or no"))
        return None

    def _day(self) -> date | None:
        cell = self._cell("last_day")
        for layout in DATES if cell else ():
            try:
                return datetime.strptime(cell or "", layout).date()  # noqa: DTZ007  a day, no instant
            except ValueError:
                continue
        if cell:
            self._wrong("last_day", cell, _("a date such as 2026-11-30"))
        return None


def _grades() -> dict[str, str]:
    """Return the policy's grades by how they may be written. No query once the policy was read."""
    rules = policy.current()
    known = {same(str(rules.grade_word(grade))): grade for grade in rules.people["grades"]}
    return known | {same(grade.replace("-", " ")): grade for grade in known.values()} | {g: g for g in known.values()}


def _functions() -> dict[str, str]:
    """Return the functions by how they may be written."""
    return {same(word): one.value for one in Function for word in (str(label(one.value)), one.value)}


@lru_cache(maxsize=2000)
def _zone(cell: str) -> str | None:
    """Return a time zone as it is spelled, "" for none, None for one nobody knows. A directory holds few different ones."""
    try:
        return Zone(label="", required=False).clean(cell)
    except ValidationError:
        return None
