"""What a profile is: what each column of a register means, as data.

A column is named by its title (compared without case and spacing), by its place ("#3" is the third), or, where
several columns bear one title, by title and turn ("Remarks #2" is the second of that title).
"""

from dataclasses import dataclass

from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Capability, Exposure

#: What a register may describe of an initiative, as text. Stage and unit come on top.
TEXTS = (
    "name",
    "purpose",
    "not_for",
    "known_limits",
    "how_to_get",
    "today",
    "could_go_wrong",
    "vendor",
    "tools",
    "breaks",
    "rollback_how",
    "fallback",
)
#: What it may describe with one word of several: the profile says which of its words is which of ours.
CHOICES = {"capability": tuple(Capability.values), "exposure": tuple(Exposure.values)}
#: What it may describe with a whole number.
NUMBERS = ("rollback_minutes",)
#: All of it; nothing else is ever written.
DESCRIPTIVE = (*TEXTS, *CHOICES, *NUMBERS)
#: How the names of own columns begin: what only this organisation says of its initiatives, made here by the Portfolio office.
OWN = "own_"
#: Stages a register may state: where something stands without a decision made here.
STATABLE = (Stage.DISCOVERED, Stage.IDEA, Stage.PILOT, Stage.PRODUCTION, Stage.RETIRED)
KINDS = ("text", "choice", "yes_no", "date", "list")
PRECISIONS = ("day", "month", "year")
#: What stands for a stage where a record is no initiative at all.
SKIP = "skip"
#: Kinds of file.
CSV, XLSX, JSON = FORMATS = ("csv", "xlsx", "json")
#: What the gap report asks of a list: each is answered by one column.
GAPS = ("owner", "way_back", "high_impact", "evidence", "personal_data", "assessment")


class Unreadable(Exception):
    """A register or its profile cannot be read; the text is one sentence that says what came and what was expected."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is laid out. What is left empty is found out from the file, and said.

    `header` is the row that holds the titles, 0 where there is none; None: the first row that holds them all.
    `items` leads to the list in a JSON file ("data.records"), `sheet` names the sheet of a workbook.
    """

    kind: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: int | None = None
    sheet: str = ""
    items: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A descriptive field of the initiative and the columns it comes from, in order. `words`: theirs → ours."""

    name: str
    columns: tuple[str, ...]
    words: dict[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """Something else the register states: kept with the origin and shown as its word."""

    name: str
    label: str
    column: str
    kind: str
    values: tuple[str, ...] = ()
    style: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """One question of the gap report, the column that answers it, and the words that mean yes; none: anything filled in."""

    name: str
    column: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way dates are written, and how exact such a date is."""

    layout: str
    precision: str


@dataclass(frozen=True)
class Profile:
    """What the columns of one kind of register mean."""

    name: str
    title: str
    shape: Shape
    identity: tuple[str, ...]
    identity_else: tuple[str, ...]
    reference: str
    unit: tuple[str, ...]
    stage_column: str
    stage_of_all: str
    stages: dict[str, str]
    skip: tuple[str, ...]
    fields: tuple[Field, ...]
    states: tuple[State, ...]
    gaps: tuple[Gap, ...]
    yes: frozenset[str]
    no: frozenset[str]
    unknown: frozenset[str]
    dates: tuple[Layout, ...]
    aliases: dict[str, str]
    ignore: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column this profile reads, each once."""
        read: list[str] = [*self.identity, *self.identity_else, *self.unit, self.stage_column]
        read += [column for field in self.fields for column in field.columns]
        read += [state.column for state in self.states] + [gap.column for gap in self.gaps]
        return tuple(dict.fromkeys(column for column in [*read, self.reference] if column))

    @property
    def labels(self) -> dict[str, str]:
        """Return what the things it states are called on pages."""
        return {state.name: state.label for state in self.states}

    def stage_of(self, said: str) -> str:
        """Return the stage a word states, SKIP for what is no initiative, "" for a word that is not exactly one of the profile's."""
        return SKIP if said in self.skip else self.stages.get(said, "")

    def column_of(self, field: str) -> str:
        """Return the column that a descriptive field comes from first."""
        return next(f.columns[0] for f in self.fields if f.name == field)

    def our_unit(self, name: str) -> str:
        """Return what a unit of the register is called here."""
        return self.aliases.get(same(name), name)


def same(text: str) -> str:
    """Return `text` as titles, identities and words are compared: trimmed, single-spaced, without case."""
    return " ".join(text.split()).casefold()
