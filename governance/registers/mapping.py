"""Saying on a page what the columns of a list mean: what is in each, what people say of it, and the profile that makes.

The profile is the same TOML text somebody could have written by hand. Nothing is guessed: a word nobody gave a
meaning stays unknown, a column nobody gave one is left out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.initiatives import own
from governance.initiatives.models import Capability, Exposure, Initiative
from governance.registers import formats
from governance.registers.columns import called, kept, titled
from governance.registers.layout import FIRST_ROWS, laid_out
from governance.registers.profile import CHOICES, DESCRIPTIVE, GAPS, JSON, OWN, SKIP, STATABLE, Shape, Unreadable, same

#: What a column may be, besides a descriptive field: a unit, from the top down, the stage, or a fact that stays beside.
UNITS = ("unit-1", "unit-2", "unit-3")
STAGE, FACT = "stage", "fact"
#: Different words of one column that are offered a meaning, and texts of one that are shown.
MOST_WORDS, SAMPLES, SAMPLE = 60, 3, 80
#: Columns a page asks about, two answers and a tick each: a form of more fields is none we take.
MOST_COLUMNS = 160
#: What each question of the gap report asks of a list.
QUESTIONS = {
    "owner": gettext_lazy("Who owns it"),
    "way_back": gettext_lazy("How it is rolled back"),
    "high_impact": gettext_lazy("Whether its impact is high"),
    "evidence": gettext_lazy("Whether it was tested"),
    "personal_data": gettext_lazy("Whether it holds personal data"),
    "assessment": gettext_lazy("Whether its privacy was assessed"),
}
#: Titles that commonly stand above a column, by what it then is: offered, and chosen by nobody but the person.
USUAL = {
    "name": ("name", "title", "use case", "use case name", "system", "system name", "ai system", "initiative"),
    "purpose": ("purpose", "description", "objective", "goal", "summary"),
    "vendor": ("vendor", "vendor name", "supplier", "provider", "product", "model"),
    "unit-1": ("unit", "department", "organisation", "organization", "agency", "business unit", "team"),
    "stage": ("stage", "status", "state", "phase", "development stage", "lifecycle stage"),
}
#: Titles of what tells records apart.
USUAL_KEYS = ("id", "no", "no.", "number", "key", "ref", "reference", "use case id", "identifier")


@dataclass(frozen=True, slots=True)
class Seen:
    """One column as the file has it: how it is called, where it stands, some of its texts, and all its words where they are few."""

    place: int
    name: str
    samples: list[str]
    filled: int
    words: list[tuple[str, int]] | None


# --- What is there ----------------------------------------------------------------------------


def look_at(path: Path, shape: Shape) -> tuple[Shape, str, list[str], list[dict[str, Any]], int]:
    """Return how a file is laid out, its digest, its titles, what is in each column, and how many records it holds.

    The titles are in the row `shape` says, else in the first of the first thirty that fills almost as many cells
    as the fullest. Raises Unreadable.
    """
    declared = shape
    shape, digest = laid_out(path, declared)
    header = shape.header if shape.header is not None else _header(path, shape)
    rows = (row for row in formats.rows(path, shape) if row[0] >= header)
    titles: list[str] = []
    if header:
        titles = list(titled(next(rows, (header, []))[1]))
    counters, samples, count = [Counter[str]() for _t in titles], [[] for _t in titles], 0  # type: ignore[var-annotated]
    filled, many = [0] * len(titles), set()
    for _number, cells in rows:
        count += 1
        while not header and len(titles) < len(cells):
            titles.append("")
            counters.append(Counter())
            samples.append([])
            filled.append(0)
        for place, cell in enumerate(cells[: len(titles)]):
            text = kept(cell.strip())
            if not text:
                continue
            filled[place] += 1
            if place in many:
                continue
            counters[place][text[:200]] += 1
            if len(counters[place]) <= SAMPLES:
                short = text if len(text) <= SAMPLE else text[: SAMPLE - 1] + "…"
                samples[place] = list(dict.fromkeys([*samples[place], short]))
            if len(counters[place]) > MOST_WORDS:
                many.add(place)
                counters[place].clear()
    if not count:
        raise Unreadable(_("%(file)s holds a header and no records.") % {"file": path.name})
    if (n := sum(1 for one in filled if one)) > MOST_COLUMNS:
        said = {"file": path.name, "n": f"{n:,}", "most": MOST_COLUMNS}
        text = _(
            "%(file)s has %(n)s columns with something in them. Expected %(most)d at most where you say on a page what each is: leave out those nobody reads, or bring it under a profile."
        )
        raise Unreadable(text % said)
    found = [
        {
            "samples": samples[place],
            "filled": filled[place],
            "words": None if place in many else counters[place].most_common(),
        }
        for place in range(len(titles))
    ]
    return Shape(**{**{n: getattr(shape, n) for n in Shape.__slots__}, "header": header}), digest, titles, found, count


def _header(path: Path, shape: Shape) -> int:
    """Return the number of the first row that fills almost as many cells as the fullest of the first thirty."""
    if shape.kind == JSON:
        return 1
    first = [row for row, _n in zip(formats.rows(path, shape), range(FIRST_ROWS), strict=False)]
    full = [(number, sum(1 for cell in cells if cell.strip())) for number, cells in first]
    most = max((n for _number, n in full), default=0)
    return next((number for number, n in full if n >= 0.8 * most), 1)


def seen(layout: dict[str, Any]) -> list[Seen]:
    """Return the columns of a list that was looked at, those nothing stands in left out."""
    names = called(layout["titles"])
    return [
        Seen(place, names[place], one["samples"], one["filled"], one["words"] and [tuple(w) for w in one["words"]])
        for place, one in enumerate(layout["columns"])
        if one["filled"]
    ]


def offered() -> list[tuple[str, Any]]:
    """Return what a column may be, as choices. One query."""
    fields = [(name, Initiative._meta.get_field(name).verbose_name) for name in DESCRIPTIVE]
    return [
        ("", _("Leave it out")),
        *((name, label[:1].upper() + label[1:]) for name, label in fields),
        ("unit-1", _("Unit, at the top")),
        ("unit-2", _("Unit, the part below")),
        ("unit-3", _("Unit, the part below that")),
        (STAGE, _("Stage")),
        *((column.name, column.title) for column in own.columns()),
        (FACT, _("A fact beside it")),
    ]


def likely(columns: Sequence[Seen]) -> dict[int, dict[str, Any]]:
    """Return what each column may be going by its title alone, each meaning once; people choose."""
    found: dict[int, dict[str, Any]] = {}
    taken: set[str] = set()
    for column in columns:
        title = same(column.name)
        what = next((what for what, usual in USUAL.items() if title in usual and what not in taken), "")
        taken.add(what)
        found[column.place] = {"is": what, "key": title in USUAL_KEYS, "answers": ""}
    return found


# --- What people say of it --------------------------------------------------------------------


def meant(columns: Sequence[Seen], draft: dict[str, Any], what: str) -> list[Seen]:
    """Return the columns that somebody said are `what`, in the file's order."""
    said = draft.get("columns", {})
    return [column for column in columns if said.get(str(column.place), {}).get("is") == what]


def answering(columns: Sequence[Seen], draft: dict[str, Any]) -> dict[str, Seen]:
    """Return the column that answers each question of the gap report."""
    said = draft.get("columns", {})
    return {
        question: column
        for question in GAPS
        for column in columns
        if said.get(str(column.place), {}).get("answers") == question
    }


def wrong(columns: Sequence[Seen], draft: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing that was said of the columns and makes no profile."""
    if not meant(columns, draft, "name"):
        yield _("Say which column holds the name.")
    for what, label in offered():
        if what in (STAGE, *UNITS, *CHOICES, "rollback_minutes") and len(meant(columns, draft, what)) > 1:
            names = ", ".join(f"“{column.name}”" for column in meant(columns, draft, what))
            yield _("%(names)s are both “%(what)s”. Expected one column.") % {"names": names, "what": label}
    lower, upper = meant(columns, draft, "unit-2"), meant(columns, draft, "unit-1")
    if (lower and not upper) or (meant(columns, draft, "unit-3") and not lower):
        yield _("A unit below needs a column for the unit above it.")
    answers = [one["answers"] for one in draft.get("columns", {}).values() if one.get("answers")]
    for question, n in Counter(answers).items():
        if n > 1:
            yield _("%(n)d columns answer “%(question)s”. Expected one.") % {"n": n, "question": QUESTIONS[question]}


def stages() -> list[tuple[str, Any]]:
    """Return what a word of the stage column may mean, as choices."""
    return [
        ("", _("Not known")),
        *((stage.value, stage.label) for stage in STATABLE),
        (SKIP, _("No initiative: leave the row out")),
    ]


def likely_stage(word: str) -> str:
    """Return the stage whose own name a word is; empty where it is none's."""
    return next((stage.value for stage in STATABLE if same(word) in (same(str(stage.label)), stage.value)), "")


def choices_of(field: str) -> list[tuple[str, Any]]:
    """Return what a word of this field's column may mean, as choices."""
    kind: Any = {"capability": Capability, "exposure": Exposure}[field]
    return [("", _("Not known")), *kind.choices]


# --- The profile ------------------------------------------------------------------------------


def slug(text: str) -> str:
    """Return a name a profile may have, made from what a file is called."""
    found = slugify(text)[:60].strip("-_").replace("_", "-")
    return found if len(found) > 1 else "our-list"


def toml(title: str, layout: dict[str, Any], draft: dict[str, Any]) -> str:
    """Return the text of the profile that a list's layout and what was said of its columns make."""
    columns, said = seen(layout), draft.get("columns", {})
    used = [column for column in columns if _means(said.get(str(column.place), {}))]
    keys = [column.name for column in columns if said.get(str(column.place), {}).get("key")]
    body: dict[str, Any] = {"title": title}
    if keys:
        body |= {"identity": keys, "reference": keys[0]}
    if units := [column.name for what in UNITS for column in meant(columns, draft, what)]:
        body["unit"] = units
    body["ignore"] = [name for name in called(layout["titles"]) if name not in {column.name for column in used}]
    shape = {name: layout["shape"].get(name) for name in ("kind", "encoding", "delimiter", "sheet", "header", "items")}
    body["file"] = {name: value for name, value in shape.items() if value not in ("", None)}
    body["stage"] = _stage(columns, draft)
    if draft.get("unknown"):
        body["words"] = {"unknown": draft["unknown"]}
    body["fields"] = {
        name: _field(name, there, draft)
        for name in (*DESCRIPTIVE, *_own_names(draft))
        if (there := meant(columns, draft, name))
    }
    if facts := meant(columns, draft, FACT):
        body["states"] = [
            {"name": f"fact_{column.place + 1}", "label": column.name, "column": column.name, "kind": "text"}
            for column in facts
        ]
    if asked := answering(columns, draft):
        body["gap"] = {question: _gap(question, column, draft) for question, column in asked.items()}
    return tomli_w.dumps(body, multiline_strings=False)


def _means(said: dict[str, Any]) -> bool:
    return bool(said.get("is") or said.get("key") or said.get("answers"))


def _stage(columns: Sequence[Seen], draft: dict[str, Any]) -> dict[str, Any]:
    """Return the table of the stage: its column and words, or what every record is at."""
    table: dict[str, Any] = {}
    if there := meant(columns, draft, STAGE):
        words = draft.get("stages", {})
        table = {"column": there[0].name, "skip": [word for word, stage in words.items() if stage == SKIP]}
        table["words"] = {word: stage for word, stage in words.items() if stage and stage != SKIP}
    if draft.get("every"):
        table["every"] = draft["every"]
    return {name: value for name, value in table.items() if value}


def _own_names(draft: dict[str, Any]) -> list[str]:
    """Return the own columns that somebody said a column fills, each once."""
    said = (one.get("is", "") for one in draft.get("columns", {}).values())
    return list(dict.fromkeys(name for name in said if name.startswith(OWN)))


def _field(name: str, columns: Sequence[Seen], draft: dict[str, Any]) -> Any:
    names = [column.name for column in columns]
    if name in CHOICES:
        words = {word: ours for word, ours in draft.get("choices", {}).get(name, {}).items() if ours}
        return {"columns": names, "words": words}
    return names if len(names) > 1 else names[0]


def _gap(question: str, column: Seen, draft: dict[str, Any]) -> Any:
    yes = draft.get("yes", {}).get(question, [])
    return {"column": column.name, "words": yes} if yes else column.name
