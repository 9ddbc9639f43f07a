"""A profile as text: the TOML file people write by hand, and the one the portal writes for them, are the same."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from governance.registers.profile import (
    CHOICES,
    DESCRIPTIVE,
    FORMATS,
    GAPS,
    KINDS,
    OWN,
    PRECISIONS,
    STATABLE,
    Field,
    Gap,
    Layout,
    Profile,
    Shape,
    State,
    Unreadable,
    same,
)

#: Points in a line: each is a table in a table, and its reader takes time and memory with the square of them.
MOST_DOTS = 500


def read(name: str, text: str) -> Profile:
    """Return the profile that `text`, a TOML file, describes. Raises Unreadable naming the place, what came and what was expected."""
    if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
        raise _too_deep(name)
    try:
        body = tomllib.loads(text)
    except RecursionError as error:
        raise _too_deep(name) from error
    except ValueError as error:
        raise Unreadable(
            _("Profile %(name)s is no TOML: %(why)s.") % {"name": name, "why": str(error).rstrip(".")}
        ) from error
    return made_of(name, body)


def _too_deep(name: str) -> Unreadable:
    """Return the refusal of tables in tables without end."""
    return Unreadable(
        _("Profile %(name)s goes deeper than any profile: expected tables such as [fields].") % {"name": name}
    )


def made_of(name: str, body: dict[str, Any]) -> Profile:
    """Return the profile that `body`, the content of a TOML file, describes. Raises Unreadable as `read`."""
    whole = _Table(name, "", body, KNOWN)
    file, stage, words = whole.table("file", SHAPE), whole.table("stage", STAGE), whole.table("words", WORDS)
    profile = Profile(
        name=name,
        title=whole.text("title") or name,
        shape=Shape(
            **{key: file.text(key) for key in ("kind", "encoding", "delimiter", "sheet", "items")},
            header=file.number("header"),
        ),
        identity=whole.texts("identity"),
        identity_else=whole.texts("identity_else"),
        reference=whole.text("reference"),
        unit=whole.texts("unit"),
        stage_column=stage.text("column"),
        stage_of_all=stage.text("every"),
        stages=stage.words("words"),
        skip=stage.texts("skip"),
        fields=tuple(_fields(whole)),
        states=tuple(_state(row) for row in whole.rows("states", STATE)),
        gaps=tuple(_gap(whole.table("gap", GAPS), question) for question in body.get("gap", {})),
        yes=frozenset(same(word) for word in words.texts("yes")),
        no=frozenset(same(word) for word in words.texts("no")),
        unknown=frozenset(same(word) for word in words.texts("unknown")),
        dates=tuple(Layout(row.text("layout"), row.text("precision")) for row in whole.rows("dates", DATE)),
        aliases={same(theirs): ours for theirs, ours in whole.words("aliases").items()},
        ignore=whole.texts("ignore"),
    )
    if not profile.identity:
        profile = _known_by_name(profile)
    for what, came, expected in _wrong(profile):
        whole.refuse(what, came, _("one of: %(names)s") % {"names": ", ".join(expected)})
    return profile


def _known_by_name(profile: Profile) -> Profile:
    """Return a profile whose records nothing tells apart but their names and units."""
    named = tuple(column for field in profile.fields if field.name == "name" for column in field.columns)
    return replace(profile, identity=(*profile.unit, *named))


def _fields(whole: "_Table") -> Iterator[Field]:
    """Yield where each descriptive field comes from, and each own column, which is named by its key."""
    said = whole.body.get("fields", {})
    mine = [name for name in said if name.startswith(OWN)] if isinstance(said, dict) else []
    table = whole.table("fields", (*DESCRIPTIVE, *mine))
    yield from (_field(table, to) for to in table.body)


def _field(table: "_Table", to: str) -> Field:
    """Return where a descriptive field comes from: columns, or a table of columns and words."""
    if not isinstance(table.body[to], dict):
        return Field(to, table.texts(to), {})
    own = table.table(to, ("columns", "words"))
    return Field(to, own.texts("columns"), {same(word): ours for word, ours in own.words("words").items()})


def _state(row: "_Table") -> State:
    return State(
        **{key: row.text(key) for key in ("name", "label", "column", "kind", "style")}, values=row.texts("values")
    )


def _gap(table: "_Table", question: str) -> Gap:
    """Return what answers a question of the gap report: a column, or a table of a column and words."""
    if not isinstance(table.body[question], dict):
        return Gap(question, table.text(question), frozenset())
    own = table.table(question, ("column", "words"))
    return Gap(question, own.text("column"), frozenset(same(word) for word in own.texts("words")))


#: The keys of each table of a profile.
KNOWN = (
    "title",
    "identity",
    "identity_else",
    "reference",
    "unit",
    "ignore",
    "file",
    "stage",
    "words",
    "fields",
    "states",
    "gap",
    "dates",
    "aliases",
)
SHAPE = ("kind", "encoding", "delimiter", "header", "sheet", "items")
STAGE = ("column", "words", "skip", "every")
WORDS = ("yes", "no", "unknown")
STATE = ("name", "label", "column", "kind", "values", "style")
DATE = ("layout", "precision")


@dataclass(frozen=True)
class _Table:
    """One table of a profile. Whatever is not of the shape asked for is refused in a sentence that names its place."""

    profile: str
    place: str
    body: dict[str, Any]
    known: tuple[str, ...]

    def __post_init__(self) -> None:
        for key in self.body:
            if self.known and key not in self.known:
                self.refuse(
                    self.place or _("its top level"), key, _("one of: %(names)s") % {"names": ", ".join(self.known)}
                )

    def refuse(self, what: str, came: Any, expected: str) -> None:
        raise Unreadable(
            _("Profile %(name)s: %(what)s is “%(came)s”. Expected %(expected)s.")
            % {"name": self.profile, "what": what, "came": came, "expected": expected}
        )

    def _at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def text(self, key: str) -> str:
        found = self.body.get(key, "")
        if not isinstance(found, str):
            self.refuse(self._at(key), found, _("text"))
        return found

    def number(self, key: str) -> int | None:
        found = self.body.get(key)
        if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 0):
            self.refuse(self._at(key), found, _("a whole number, 0 or more"))
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        found = self.body.get(key, ())
        found = (found,) if isinstance(found, str) else found
        if not isinstance(found, (list, tuple)) or not all(isinstance(item, str) for item in found):
            self.refuse(self._at(key), found, _("text, or a list of texts"))
        return tuple(found)

    def words(self, key: str) -> dict[str, str]:
        found = self.body.get(key, {})
        if not isinstance(found, dict) or not all(isinstance(item, str) for item in found.values()):
            self.refuse(self._at(key), found, _("a table of texts"))
        return found

    def table(self, key: str, known: tuple[str, ...]) -> "_Table":
        found = self.body.get(key, {})
        if not isinstance(found, dict):
            self.refuse(self._at(key), found, _("a table"))
        return _Table(self.profile, self._at(key), found, known)

    def rows(self, key: str, known: tuple[str, ...]) -> list["_Table"]:
        found = self.body.get(key, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            self.refuse(self._at(key), found, _("a list of tables"))
        return [_Table(self.profile, self._at(key), row, known) for row in found]


def _wrong(profile: Profile) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Yield what a profile says that no profile may: the place, what came, what was expected."""
    if profile.shape.kind and profile.shape.kind not in FORMATS:
        yield "file.kind", profile.shape.kind, FORMATS
    if profile.stage_of_all and profile.stage_of_all not in STATABLE:
        yield "stage.every", profile.stage_of_all, STATABLE
    yield from (("stage.words", stage, STATABLE) for stage in profile.stages.values() if stage not in STATABLE)
    if "name" not in [field.name for field in profile.fields]:
        yield "fields", ", ".join(field.name for field in profile.fields), ("name",)
    for field in profile.fields:
        if not field.columns:
            yield f"fields.{field.name}", "", (_("a column"),)
        ours = CHOICES.get(field.name, ())
        if not field.name.startswith(OWN):  # what an own column may say is asked where it stands
            yield from ((f"fields.{field.name}.words", to, ours) for to in field.words.values() if to not in ours)
    yield from (("states.kind", state.kind, KINDS) for state in profile.states if state.kind not in KINDS)
    yield from (
        ("dates.precision", row.precision, PRECISIONS) for row in profile.dates if row.precision not in PRECISIONS
    )
    for columns in ([state.column for state in profile.states], [gap.column for gap in profile.gaps]):
        yield from (("column", "", (_("a column"),)) for column in columns if not column)
