"""Days nobody works, as people write and paste them: one a line, or the text of an iCalendar file.

A day is kept as text, `2026-12-25 Christmas Day`: its date, and what it is called where somebody said it.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

#: How a date may be written: nobody can read these two ways.
LAYOUTS = ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d")
#: How long what a day is called may be, and how many days one event of a calendar may take.
LONGEST, MOST_IN_A_ROW = 60, 60

Wrong = tuple[int, str]


def day_of(holiday: str) -> date:
    """Return the date of a day as it is kept."""
    return date.fromisoformat(holiday[:10])


def name_of(holiday: str) -> str:
    """Return what a day is called, "" where nobody said it."""
    return holiday[11:]


def read(text: str) -> tuple[list[str], list[Wrong]]:
    """Return the days a text lists, each once and in order, and the lines that are none: their number and what they hold."""
    found: dict[str, str] = {}
    wrong: list[Wrong] = []
    rows = _events(text) if "BEGIN:VEVENT" in text.upper() else _lines(text)
    for number, line, day, name in rows:
        if day is None:
            wrong.append((number, line))
        else:
            found.setdefault(day.isoformat(), name[:LONGEST].strip())
    return [f"{day} {name}".strip() for day, name in sorted(found.items())], wrong


def _lines(text: str) -> Iterator[tuple[int, str, date | None, str]]:
    """Yield each line that holds anything: its number, itself, its date (None where it has none), and what follows."""
    for number, line in enumerate(text.splitlines(), 1):
        if line := line.strip():
            first, *rest = re.split(r"[\s,;]+", line.replace('"', " ").strip(), maxsplit=1)
            yield number, line, _date(first), _printed(" ".join(rest))


def _date(word: str) -> date | None:
    for layout in LAYOUTS:
        try:
            return datetime.strptime(word, layout).date()  # noqa: DTZ007  a day, no instant
        except ValueError:
            continue
    return None


def _events(text: str) -> Iterator[tuple[int, str, date | None, str]]:
    """Yield every day of every event of an iCalendar text. One that repeats by a rule has no date: each day is written out."""
    event: dict[str, str] = {}
    began = 0
    for number, line in _unfolded(text):
        name, _colon, value = line.partition(":")
        name = name.partition(";")[0].upper()
        if (name, value.upper()) == ("BEGIN", "VEVENT"):
            event, began = {}, number
        elif (name, value.upper()) == ("END", "VEVENT"):
            first, last = _date(event.get("DTSTART", "")[:8]), _date(event.get("DTEND", "")[:8])
            called = _printed(re.sub(r"\\([,;\\])", r"\1", event.get("SUMMARY", "")))
            if first is None or "RRULE" in event:
                yield began, called or line, None, ""
                continue
            for more in range(min(max((last - first).days, 1) if last else 1, MOST_IN_A_ROW)):
                yield began, line, first + timedelta(days=more), called
        else:
            event[name] = value


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of an iCalendar text with where they begin; one that begins with a space goes on the line before."""
    held, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (" ", "\t") and held:
            held += line[1:]
            continue
        if held:
            yield began, held
        held, began = line.rstrip(), number
    if held:
        yield began, held


def _printed(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
