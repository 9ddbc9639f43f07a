"""How a file is laid out: what kind it is, how its letters are written, what stands between its cells, which sheet is meant.

What a profile or a person declares holds; what nobody declared is found out from the file itself, by one rule
each, and said. Nothing is ever replaced: a byte that is no letter is named.
"""

import codecs
import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import charset_normalizer
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.registers import formats
from governance.registers.columns import place, titled
from governance.registers.profile import CSV, JSON, XLSX, Shape, Unreadable

#: A byte order mark says how a file is encoded, whatever else is said. The longer marks first: UTF-32's begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Encodings that are looked for where a file is not UTF-8 and nobody says what it is.
USUAL = (
    *("cp1252", "cp1250", "iso8859_2", "cp1251", "iso8859_5", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *(
        "koi8_r",
        "mac_roman",
        "cp437",
        "cp850",
        "cp932",
        "euc_jp",
        "gb18030",
        "big5",
        "euc_kr",
        "utf_16_le",
        "utf_16_be",
    ),
)
#: How the kinds of file that people send instead of a list begin.
OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook, or one with a password"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"<", "a web page or another kind of XML"),
)
FILES = {CSV: gettext_lazy("a CSV file"), XLSX: gettext_lazy("an Excel workbook"), JSON: gettext_lazy("a JSON file")}
ZIP = b"PK\x03\x04"
#: What may stand between the cells of a CSV file.
DELIMITERS = (",", ";", "\t", "|")
#: Bytes read at a time, and looked at to find out how a file is encoded.
BLOCK, SAMPLE = 1 << 16, 1 << 20
#: Titles are looked for in so many rows.
FIRST_ROWS = 30


def windows(encoding: str) -> str:
    """Return the name of an encoding as programs offer it: windows-1252, not cp1252."""
    return f"windows-{encoding[2:]}" if encoding.startswith("cp125") else encoding


def laid_out(path: Path, declared: Shape, columns: Iterable[str] = ()) -> tuple[Shape, str]:
    """Return the shape of a file with everything but its header found out, and the SHA-256 of its bytes.

    `columns` are those somebody looks for; they tell which sheet, or which sign between cells, is meant.
    Raises Unreadable: no such file, empty, no kind of file we read, not the kind or the text it is declared to be.
    """
    with formats.opened(path) as file:
        start = file.read(BLOCK)
    if not start:
        raise Unreadable(
            _("%(file)s is empty. Expected %(wanted)s with a header.")
            % {"file": path.name, "wanted": _wanted(declared)}
        )
    kind = _kind(path, start, declared)
    if kind == XLSX:
        formats.weigh(path)
        sheet = declared.sheet or _sheet(path, columns)
        return replace(declared, kind=kind, sheet=sheet, encoding="", delimiter="", items=""), _digest(path)
    if kind == JSON:
        encoding, digest = _encoding(path, start, "utf-8")
        formats.weigh_json(path)
        items = declared.items or formats.place_of_the_list(path)
        return replace(declared, kind=kind, items=items, encoding=encoding, delimiter="", sheet="", header=1), digest
    encoding, digest = _encoding(path, start, declared.encoding)
    shape = replace(declared, kind=kind, encoding=encoding, items="", sheet="")
    return (shape if shape.delimiter else replace(shape, delimiter=_delimiter(path, shape, columns))), digest


def found_out(name: str, declared: Shape, shape: Shape) -> bool:
    """Return whether something about the file was found out that is worth saying."""
    now, usual = getattr(shape, name), {"encoding": ("utf-8", "utf-8-sig"), "delimiter": (",",), "header": (0, 1)}
    return now not in ("", getattr(declared, name), *usual.get(name, ()))


def _kind(path: Path, start: bytes, declared: Shape) -> str:
    """Return what kind of file this is, by how it begins. Raises Unreadable where that is none we read, or not the one declared."""
    head = start.lstrip(codecs.BOM_UTF8).lstrip()
    other = next((kind for begins, kind in OTHERS if head.startswith(begins)), None)
    if other:
        raise Unreadable(
            _("%(file)s is %(kind)s. Expected %(wanted)s: save the sheet as “CSV UTF-8”.")
            % {"file": path.name, "kind": other, "wanted": _wanted(declared)}
        )
    kind = XLSX if start.startswith(ZIP) else JSON if head[:1] in (b"[", b"{") and declared.kind != CSV else CSV
    if declared.kind and kind != declared.kind:
        raise Unreadable(
            _("%(file)s is %(came)s. Expected %(wanted)s, as the profile says.")
            % {"file": path.name, "came": FILES[kind], "wanted": _wanted(declared)}
        )
    return kind


def _wanted(declared: Shape) -> str:
    """Return in words what kind of file is expected."""
    return str(FILES[declared.kind]) if declared.kind else _("a CSV, XLSX or JSON file")


def _encoding(path: Path, start: bytes, declared: str) -> tuple[str, str]:
    """Return how a text file is encoded, all of it having been decoded, and its digest. Raises Unreadable naming a byte that is no text."""
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding, _decoded(path, encoding)
    if declared:
        known = _codec(declared)
        _not_binary(path, start, known)
        return known, _decoded(path, known)
    zeros = start.count(0) > len(start) // 10
    try:
        if not zeros:
            return "utf-8", _decoded(path, "utf-8")
    except Unreadable as no_utf_8:
        with formats.opened(path) as file:
            sample = file.read(SAMPLE)
        for encoding in _likely(sample):
            try:
                return codecs.lookup(encoding).name, _decoded(path, encoding)
            except Unreadable:
                continue
        raise no_utf_8
    for encoding in ("utf-16-le", "utf-16-be"):
        if _is_text(start, encoding):
            return encoding, _decoded(path, encoding)
    _not_binary(path, start, "utf-8")
    raise AssertionError("unreachable")


def _likely(sample: bytes) -> list[str]:
    """Return the encodings that make words of these bytes, the likeliest first; of equals, the one in widest use."""
    matches = charset_normalizer.from_bytes(sample, cp_isolation=list(USUAL), language_threshold=0.0)
    # Windows writes š, ž and ś there; where nobody does, the letters of Central Europe are those of ISO.
    windows = any(0x80 <= byte <= 0x9F for byte in sample)
    usual = [name for name in USUAL if name != ("iso8859_2" if windows else "cp1250")]
    # How much the letters look like a language says little about a short list: only a clear difference counts.
    best = max((match.coherence for match in matches), default=0.0)
    found = [
        (match.chaos, match.coherence < best - 0.2, usual.index(name), name)
        for match in matches
        for name in match.could_be_from_charset
        if name in usual
    ]
    return [name for *_rank, name in sorted(found)]


def _is_text(start: bytes, encoding: str) -> bool:
    """Return whether these bytes decode to text that prints."""
    try:
        text = start[: len(start) // 4 * 4].decode(encoding)
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c.isspace() for c in text)


def _codec(declared: str) -> str:
    """Return the name of an encoding. Raises Unreadable for one nobody knows."""
    try:
        known = codecs.lookup(declared)
    except LookupError:
        known = None
    if known is None or not getattr(known, "_is_text_encoding", True):
        raise Unreadable(
            _("Nobody knows the encoding “%(encoding)s”. Expected one such as utf-8 or windows-1252.")
            % {"encoding": declared}
        )
    return known.name


def _not_binary(path: Path, start: bytes, encoding: str) -> None:
    """Raise Unreadable for a file full of zero bytes, unless its encoding writes them."""
    if start.count(0) > len(start) // 10 and not encoding.startswith(("utf-16", "utf-32")):
        raise Unreadable(
            _("%(file)s is not text: many of its bytes are zero. Expected a CSV file in UTF-8.") % {"file": path.name}
        )


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = sha256()
    with formats.opened(path) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _decoded(path: Path, encoding: str) -> str:
    """Return the SHA-256 of the file, having decoded all of it. Raises Unreadable naming the first byte that is no text."""
    # Without "-sig", whose decoder takes the mark off before it counts.
    digest, decoder, read, lines = sha256(), codecs.getincrementaldecoder(encoding.removesuffix("-sig"))("strict"), 0, 1
    with formats.opened(path) as file:
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
                    "encoding": windows(encoding),
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


def _delimiter(path: Path, shape: Shape, columns: Iterable[str]) -> str:
    """Return what stands between the cells: what shows most of the columns looked for, else most cells in most rows."""
    wanted = list(columns)
    with formats.opened(path) as file:
        start = file.read(BLOCK).decode(shape.encoding, "ignore")

    def worth(delimiter: str) -> tuple[int, int, int]:
        found = []
        try:
            for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter):
                found.append(row)
        except csv.Error:
            pass
        found = [row for row in found[:FIRST_ROWS] if any(cell.strip() for cell in row)]
        widths = [len(row) for row in found]
        usual = max(widths, key=widths.count, default=1)
        held = max((sum(place(column, titled(row)) is not None for column in wanted) for row in found), default=0)
        return held, widths.count(usual) if usual > 1 else 0, usual

    return max(DELIMITERS, key=worth)


def _sheet(path: Path, columns: Iterable[str]) -> str:
    """Return the visible sheet that shows most of the columns looked for; the first of those."""
    names = formats.sheets(path)
    if not names:
        raise Unreadable(_("%(file)s has no visible sheet.") % {"file": path.name})
    wanted = list(columns)
    if len(names) == 1 or not wanted:
        return names[0]

    def holds(name: str) -> int:
        rows = formats.rows(path, Shape(kind=XLSX, sheet=name))
        first = [row for row, _n in zip(rows, range(FIRST_ROWS), strict=False)]
        return max((sum(place(c, titled(cells)) is not None for c in wanted) for _n, cells in first), default=0)

    return max(names, key=holds)
