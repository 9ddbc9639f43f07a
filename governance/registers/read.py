"""Reading a register's file: what kind it is, where its titles are, and one record after the other.

A file is looked through once before anything is written, so that one that cannot be read changes nothing.
What nobody declared is found out from the file itself, and said; nothing is ever replaced or skipped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from governance.core import canonical
from governance.core.words import shortened
from governance.registers import formats
from governance.registers.columns import missing, place, titled, twice
from governance.registers.layout import DELIMITERS, FIRST_ROWS, found_out, laid_out, windows
from governance.registers.profile import CSV, JSON, Profile, Shape, Unreadable
from governance.registers.profiles import fitting


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a register. `number` counts the rows of the file from 1; `cells` are in the order of the titles, as they came."""

    number: int
    cells: tuple[str, ...]

    @property
    def raw_sha256(self) -> str:
        """Return the digest of the row as it came: of its cells in order, as canonical JSON."""
        return canonical.digest(self.cells)


@dataclass(frozen=True)
class Source:
    """A file that was looked through: it can be read to its end, and it has every column its profile reads.

    `shape` leaves nothing open; `found` names those of its fields that were found out and not declared.
    """

    path: Path
    shape: Shape
    found: tuple[str, ...]
    sha256: str
    titles: tuple[str, ...]
    places: dict[str, int]
    count: int

    @property
    def name(self) -> str:
        """Return the file's name without its folder."""
        return self.path.name

    @property
    def found_words(self) -> list[str]:
        """Return in words what was found out about the file because nobody declared it."""
        delimiter = _("a tab") if self.shape.delimiter == "\t" else f"“{self.shape.delimiter}”"
        words = {
            "encoding": _("its letters are %(it)s") % {"it": windows(self.shape.encoding)},
            "delimiter": _("%(it)s stands between its cells") % {"it": delimiter},
            "header": _("its titles are in row %(it)s") % {"it": self.shape.header},
            "sheet": _("its sheet is “%(it)s”") % {"it": self.shape.sheet},
            "items": _("its list is at “%(it)s”") % {"it": self.shape.items},
        }
        return [words[name] for name in self.found]

    def records(self) -> Iterator[Record]:
        """Yield the records in the file's order. Rows without a single filled cell are no records.

        Raises Unreadable when the file is not the one that was looked through.
        """
        changed, count = (
            Unreadable(
                _("%(file)s changed while it was read. Import it again when nobody writes to it.") % {"file": self.name}
            ),
            0,
        )
        rows = _from_the_header(formats.rows(self.path, self.shape), self.shape.header)
        width = 0 if self.shape.kind == CSV else len(self.titles)
        try:
            if self.shape.header and titled(next(rows, (1, []))[1]) != self.titles:
                raise changed
            for number, cells in rows:
                count += 1
                yield Record(number, (*cells, *[""] * (width - len(cells))))
        except UnicodeDecodeError as error:
            raise changed from error
        if count != self.count:
            raise changed


def look_through(path: Path | str, profile: Profile, encoding: str = "") -> Source:
    """Read the whole file once and return what is needed to read its records.

    `encoding` is what somebody declares it to be; a byte order mark says more, the profile less. Raises
    Unreadable: no such file, not text (naming the byte), not what its kind promises (naming the line), no
    titles, columns that are missing or there twice, no records.
    """
    path = Path(path)
    declared = replace(profile.shape, encoding=encoding or profile.shape.encoding)
    shape, digest = laid_out(path, declared, profile.columns)
    rows = formats.rows(path, shape)
    header = shape.header
    if header is None:
        first = [row for row, _n in zip(rows, range(FIRST_ROWS), strict=False)]
        header = _header_among(first, profile.columns)
        rows = formats.rows(path, shape)
    rows = _from_the_header(rows, header)
    number, cells = next(rows, (1, []))
    titles = titled(cells) if header else tuple("" for _cell in cells)
    places = _places(path, titles, profile, shape)
    count = sum(1 for _row in rows) + (not header and bool(cells))
    if not count:
        raise Unreadable(_("%(file)s holds a header and no records.") % {"file": path.name})
    shape = replace(shape, header=number if header else 0)
    found = tuple(
        name for name in ("encoding", "delimiter", "header", "sheet", "items") if found_out(name, declared, shape)
    )
    return Source(path, shape, found, digest, titles, places, count)


def shown(text: str) -> str:
    """Return a cell short enough to repeat in a sentence, on one line."""
    return shortened(" ".join(text.split()), 80)


# Where its titles are


def _from_the_header(rows: Iterator[formats.Row], header: int | None) -> Iterator[formats.Row]:
    """Yield the rows from the one that holds the titles on; all of them where none does."""
    return (row for row in rows if row[0] >= (header or 0))


def _header_among(first: list[formats.Row], columns: Iterable[str]) -> int:
    """Return the number of the first row that holds every title looked for, else of the one that holds most of them."""
    wanted = list(columns)

    def lacking(row: formats.Row) -> int:
        return len(missing(wanted, titled(row[1])))

    return min(first, key=lacking)[0] if first else 1


def _places(path: Path, titles: tuple[str, ...], profile: Profile, shape: Shape) -> dict[str, int]:
    """Return where each column of the profile stands. Raises Unreadable when one is missing or there twice."""
    said: dict[str, Any] = {"file": path.name, "profile": profile.name}
    lacking = missing(profile.columns, titles)
    if shape.kind == JSON:
        # An object leaves out what it does not know; only what tells records apart and names them must be there.
        lacking = [column for column in lacking if column in (*profile.identity, profile.column_of("name"))]
    if lacking and len(lacking) == len(profile.columns):
        came = ", ".join(f"“{shown(title)}”" for title in titles[:4])
        text = _(
            "%(file)s has no header that the profile %(profile)s knows: its first row holds %(came)s. Expected columns such as %(wanted)s."
        )
        raise Unreadable(
            text % {**said, "came": came or _("nothing"), "wanted": _quoted(lacking[:4])}
            + _instead(titles, profile, shape)
        )
    if lacking:
        raise Unreadable(
            _("%(file)s lacks the columns %(missing)s, which the profile %(profile)s reads.")
            % {**said, "missing": _quoted(lacking)}
            + _instead(titles, profile, shape)
        )
    if doubled := twice(profile.columns, titles):
        raise Unreadable(
            _(
                "%(file)s has the column %(twice)s twice. Expected each once, or a profile that says which: “%(first)s #2” is the second."
            )
            % {**said, "twice": _quoted(doubled), "first": doubled[0]}
        )
    return {column: where for column in profile.columns if (where := place(column, titles)) is not None}


def _quoted(columns: list[str]) -> str:
    """Return column titles as a sentence lists them, the first ten."""
    more = _(" and %(n)d more") % {"n": len(columns) - 10} if len(columns) > 10 else ""
    return ", ".join(f"“{column}”" for column in columns[:10]) + more


def _instead(titles: tuple[str, ...], profile: Profile, shape: Shape) -> str:
    """Return a second sentence where the mistake is plain: another profile fits, or another delimiter."""
    if others := fitting(titles):
        return " " + _("Its columns fit the profile %(names)s.") % {"names": ", ".join(others)}
    if len(titles) == 1 and (other := max(DELIMITERS, key=titles[0].count)) != shape.delimiter and other in titles[0]:
        return " " + _("Its cells are separated by %(came)s; expected %(wanted)s.") % {
            "came": _("a tab") if other == "\t" else f"“{other}”",
            "wanted": f"“{shape.delimiter}”",
        }
    return ""
