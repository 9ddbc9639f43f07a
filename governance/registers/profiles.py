"""Profiles: what a column of a register means, as data. One TOML file each, beside this module; no code in them."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from governance.initiatives.lifecycle import Stage

FOLDER = Path(__file__).with_name("profiles")

#: What a register may describe of an initiative. Stage and unit come on top; nothing else is ever written.
DESCRIPTIVE = ("name", "purpose", "not_for", "known_limits", "how_to_get", "today", "could_go_wrong", "vendor")
#: Stages a register may state: where something stands without a decision made here.
STATABLE = (Stage.DISCOVERED, Stage.IDEA, Stage.PILOT, Stage.PRODUCTION, Stage.RETIRED)
KINDS = ("text", "choice", "yes_no", "date", "list")
PRECISIONS = ("day", "month", "year")


class Unreadable(Exception):
    """A register or its profile cannot be read; the text is one sentence that says what came and what was expected."""


@dataclass(frozen=True, slots=True)
class Field:
    """A descriptive field of the initiative and the columns it comes from, in order."""

    name: str
    columns: tuple[str, ...]


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
class Layout:
    """One way dates are written, and how exact such a date is."""

    layout: str
    precision: str


@dataclass(frozen=True)
class Profile:
    """What the columns of one kind of register mean."""

    name: str
    title: str
    encoding: str
    delimiter: str
    identity: tuple[str, ...]
    identity_else: tuple[str, ...]
    reference: str
    unit: tuple[str, ...]
    stage_column: str
    stages: dict[str, str]
    skip: tuple[str, ...]
    fields: tuple[Field, ...]
    states: tuple[State, ...]
    yes: frozenset[str]
    no: frozenset[str]
    unknown: frozenset[str]
    dates: tuple[Layout, ...]
    ignore: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column this profile reads, each once."""
        read: list[str] = [*self.identity, *self.identity_else, *self.unit, self.stage_column]
        read += [column for field in self.fields for column in field.columns]
        read += [state.column for state in self.states]
        return tuple(dict.fromkeys(column for column in [*read, self.reference] if column))

    @property
    def labels(self) -> dict[str, str]:
        """Return what the things it states are called on pages."""
        return {state.name: state.label for state in self.states}

    def column_of(self, field: str) -> str:
        """Return the column that a descriptive field comes from first."""
        return next(f.columns[0] for f in self.fields if f.name == field)


def same(text: str) -> str:
    """Return `text` as titles, identities and words are compared: trimmed, single-spaced, without case."""
    return " ".join(text.split()).casefold()


def names() -> list[str]:
    """Return the names of the profiles there are, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def load(name: str) -> Profile:
    """Return the profile `name`. Raises Unreadable when there is none, or when its file says what no profile may."""
    if name not in names():
        raise Unreadable(
            _("There is no profile “%(name)s”. Expected one of: %(names)s.")
            % {"name": name, "names": ", ".join(names())}
        )
    with (FOLDER / f"{name}.toml").open("rb") as file:
        return made_of(name, tomllib.load(file))


def made_of(name: str, body: dict[str, Any]) -> Profile:
    """Return the profile that `body`, the content of a TOML file, describes. Raises Unreadable as load."""
    words, stage = body.get("words", {}), body["stage"]
    profile = Profile(
        name=name,
        title=body["title"],
        encoding=body.get("encoding", "utf-8"),
        delimiter=body.get("delimiter", ","),
        identity=tuple(body["identity"]),
        identity_else=tuple(body.get("identity_else", ())),
        reference=body.get("reference", ""),
        unit=tuple(body.get("unit", ())),
        stage_column=stage["column"],
        stages=dict(stage["words"]),
        skip=tuple(stage.get("skip", ())),
        fields=tuple(
            Field(to, (columns,) if isinstance(columns, str) else tuple(columns))
            for to, columns in body["fields"].items()
        ),
        states=tuple(State(**{**row, "values": tuple(row.get("values", ()))}) for row in body.get("states", ())),
        yes=frozenset(same(word) for word in words.get("yes", ())),
        no=frozenset(same(word) for word in words.get("no", ())),
        unknown=frozenset(same(word) for word in words.get("unknown", ())),
        dates=tuple(Layout(**row) for row in body.get("dates", ())),
        ignore=tuple(body.get("ignore", ())),
    )
    for what, came, expected in _wrong(profile):
        raise Unreadable(
            _("Profile %(name)s: %(what)s is “%(came)s”. Expected one of: %(expected)s.")
            % {"name": name, "what": what, "came": came, "expected": ", ".join(expected)}
        )
    return profile


def _wrong(profile: Profile) -> Iterable[tuple[str, str, Iterable[str]]]:
    """Yield what a profile says that no profile may: the place, what came, what was expected."""
    yield from (("stage.words", stage, STATABLE) for stage in profile.stages.values() if stage not in STATABLE)
    yield from (("fields", field.name, DESCRIPTIVE) for field in profile.fields if field.name not in DESCRIPTIVE)
    yield from (
        ("fields", ", ".join(f.name for f in profile.fields), ("name",))
        for _once in range(1)
        if "name" not in [f.name for f in profile.fields]
    )
    yield from (("states.kind", state.kind, KINDS) for state in profile.states if state.kind not in KINDS)
    yield from (
        ("dates.precision", row.precision, PRECISIONS) for row in profile.dates if row.precision not in PRECISIONS
    )


def fitting(titles: Iterable[str]) -> list[str]:
    """Return the names of the profiles whose columns are all among `titles`."""
    there = {same(title) for title in titles}
    return [name for name in names() if all(same(column) in there for column in load(name).columns)]
