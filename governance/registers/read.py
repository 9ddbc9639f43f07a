"""Reading a register's file: how its bytes are text, where its header is, and one record after the other.

A file is looked through once before anything is written, so that one that cannot be read changes nothing.
It is never held in memory as a whole.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from governance.core import canonical
from governance.registers.profiles import Profile, Unreadable, fitting, same

#: A byte order mark says how a file is encoded, whatever else is said. The longer marks first: UTF-32's begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How the kinds of file that people send instead of a CSV begin.
OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
)
#: Bytes read at a time.
BLOCK = 1 << 16
#: What the csv module says, in words people can use. `%(most)s` is the longest cell.
CSV_SAYS = (
    (
        "field larger than field limit",
        "holds a cell of more than %(most)s characters; a quotation mark that is never closed makes one",
    ),
    ("unexpected end of data", "opens a quotation mark that is never closed"),
    ("expected after", "has text after a closing quotation mark"),
    ("new-line character", "holds a line break outside quotation marks"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a register. `number` counts the header as 1; `cells` are in the order of the header, as they came."""

    number: int
    cells: tuple[str, ...]

    @property
    def raw_sha256(self) -> str:
        """Return the digest of the row as it came: of its cells in order, as canonical JSON."""
        return canonical.digest(self.cells)


@dataclass(frozen=True)
class Source:
    """A file that was looked through: it is text, it is CSV, and it has every column its profile reads."""

    path: Path
    encoding: str
    delimiter: str
    sha256: str
    titles: tuple[str, ...]
    places: dict[str, int]
    count: int

    @property
    def name(self) -> str:
        """Return the file's name without its folder."""
        return self.path.name

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
        with _opened(self.path) as file:
            rows = _rows(file, self)
            try:
                if tuple(title.strip() for title in next(rows, (1, []))[1]) != self.titles:
                    raise changed
                for number, row in rows:
                    count += 1
                    yield Record(number, tuple(row))
            except UnicodeDecodeError as error:
                raise changed from error
        if count != self.count:
            raise changed


def look_through(path: Path | str, profile: Profile, encoding: str = "") -> Source:
    """Read the whole file once and return what is needed to read its records.

    `encoding` is what somebody declares it to be; a byte order mark says more, the profile less. Raises
    Unreadable: no such file, not text (naming the byte), not CSV (naming the line), no header, columns that
    are missing or there twice, no records.
    """
    path = Path(path)
    with _opened(path) as file:
        decoded = _encoding(path, file.read(BLOCK), encoding or profile.encoding)
        source = Source(path, decoded, profile.delimiter, _digest(path, file, decoded), (), {}, 0)
        rows = _rows(file, source)
        titles = tuple(title.strip() for title in next(rows, (1, []))[1])
        places = _places(path, titles, profile)
        count = sum(1 for _row in rows)
    if not count:
        raise Unreadable(_("%(file)s holds a header and no records.") % {"file": path.name})
    return Source(path, decoded, profile.delimiter, source.sha256, titles, places, count)


def shown(text: str) -> str:
    """Return a cell short enough to repeat in a sentence, on one line."""
    return Truncator(" ".join(text.split())).chars(80)


def _opened(path: Path) -> IO[bytes]:
    """Open the file. Raises Unreadable with the reason."""
    if path.is_dir():
        raise Unreadable(_("%(file)s is a folder. Expected a CSV file.") % {"file": path})
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise Unreadable(_("There is no file %(file)s.") % {"file": path})
    except OSError as error:
        raise Unreadable(_("%(file)s cannot be opened: %(why)s.") % {"file": path, "why": error.strerror})


def _encoding(path: Path, start: bytes, declared: str) -> str:
    """Return how the file is encoded. Raises Unreadable when it is empty, no text, or declared as what nobody knows."""
    if not start:
        raise Unreadable(_("%(file)s is empty. Expected a CSV file with a header.") % {"file": path.name})
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    kind = next((kind for begins, kind in OTHERS if start.startswith(begins)), None)
    if kind:
        raise Unreadable(
            _("%(file)s is %(kind)s. Expected a CSV file: save the sheet as “CSV UTF-8”.")
            % {"file": path.name, "kind": kind}
        )
    try:
        known = codecs.lookup(declared)
    except LookupError:
        known = None
    if known is None or not getattr(known, "_is_text_encoding", True):
        raise Unreadable(
            _("Nobody knows the encoding “%(encoding)s”. Expected one such as utf-8 or windows-1252.")
            % {"encoding": declared}
        )
    if start.count(0) > len(start) // 10 and not known.name.startswith(("utf-16", "utf-32")):
        raise Unreadable(
            _("%(file)s is not text: many of its bytes are zero. Expected a CSV file in UTF-8.") % {"file": path.name}
        )
    return known.name


def _digest(path: Path, file: IO[bytes], encoding: str) -> str:
    """Return the SHA-256 of the file, having decoded all of it. Raises Unreadable naming the first byte that is no text."""
    file.seek(0)
    # Without "-sig", whose decoder takes the mark off before it counts.
    digest, decoder, read, lines = sha256(), codecs.getincrementaldecoder(encoding.removesuffix("-sig"))("strict"), 0, 1
    while True:
        block = file.read(BLOCK)
        held = decoder.getstate()[0]
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "replace").count("\n") if error.start else 0
            said = {
                "file": path.name,
                "byte": f"0x{error.object[error.start]:02x}",
                "place": read - len(held) + error.start + 1,
                "line": lines + before,
                "encoding": encoding,
            }
            raise Unreadable(
                _(
                    "%(file)s is not %(encoding)s: byte %(byte)s at place %(place)d, line %(line)d. Save it as UTF-8, or name its encoding with --encoding, for example windows-1252."
                )
                % said
            )
        digest.update(block)
        lines += text.count("\n")
        read += len(block)
        if not block:
            return digest.hexdigest()


def _rows(file: IO[bytes], source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold anything with their numbers, the header's is 1. Raises Unreadable naming the line that is no CSV."""
    file.seek(0)
    reader = csv.reader(
        io.TextIOWrapper(file, encoding=source.encoding, errors="strict", newline=""),
        delimiter=source.delimiter,
        strict=True,
    )
    try:
        for number, row in enumerate(reader, 1):
            if any(cell.strip() for cell in row):
                yield number, row
    except csv.Error as error:
        words = next((words for part, words in CSV_SAYS if part in str(error)), "cannot be read (%(why)s)")
        said = words % {"most": f"{csv.field_size_limit():,}", "why": error}
        raise Unreadable(
            _("%(file)s is no CSV we can read: line %(line)d %(why)s.")
            % {"file": source.name, "line": reader.line_num, "why": said}
        )


def _places(path: Path, titles: tuple[str, ...], profile: Profile) -> dict[str, int]:
    """Return where each column of the profile stands. Raises Unreadable when one is missing or there twice."""
    said = {"file": path.name, "profile": profile.name}
    there = [same(title) for title in titles]
    wanted = {column: same(column) for column in profile.columns}
    missing = [column for column, title in wanted.items() if title not in there]
    if len(missing) == len(wanted):
        came = ", ".join(f"“{shown(title)}”" for title in titles[:4])
        text = _(
            "%(file)s has no header that the profile %(profile)s knows: its first row holds %(came)s. Expected columns such as %(wanted)s."
        )
        raise Unreadable(text % {**said, "came": came, "wanted": _quoted(missing[:4])} + _instead(titles, profile))
    if missing:
        raise Unreadable(
            _("%(file)s lacks the columns %(missing)s, which the profile %(profile)s reads.")
            % {**said, "missing": _quoted(missing)}
            + _instead(titles, profile)
        )
    if twice := [column for column, title in wanted.items() if there.count(title) > 1]:
        raise Unreadable(
            _("%(file)s has the column %(twice)s twice. Expected each once: nobody can say which of them counts.")
            % {**said, "twice": _quoted(twice)}
        )
    return {column: there.index(title) for column, title in wanted.items()}


def _quoted(columns: list[str]) -> str:
    """Return column titles as a sentence lists them, the first ten."""
    more = _(" and %(n)d more") % {"n": len(columns) - 10} if len(columns) > 10 else ""
    return ", ".join(f"“{column}”" for column in columns[:10]) + more


def _instead(titles: tuple[str, ...], profile: Profile) -> str:
    """Return a second sentence where the mistake is plain: another profile fits, or another delimiter."""
    if others := fitting(titles):
        return " " + _("Its columns fit the profile %(names)s.") % {"names": ", ".join(others)}
    if len(titles) == 1 and (other := max(";\t|,", key=titles[0].count)) != profile.delimiter and other in titles[0]:
        return " " + _("Its cells are separated by %(came)s; expected %(wanted)s.") % {
            "came": _("a tab") if other == "\t" else f"“{other}”",
            "wanted": f"“{profile.delimiter}”",
        }
    return ""
