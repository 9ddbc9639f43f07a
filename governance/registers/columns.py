"""Which column is meant: by its title, by its place ("#3"), or by title and turn ("Remarks #2")."""

import re
from collections.abc import Iterable, Sequence

from governance.registers.profile import same

_PLACE = re.compile(r"^#([1-9]\d{0,3})$")
_TURN = re.compile(r"^(.+\S)\s+#([1-9]\d{0,3})$")


def titled(cells: Iterable[str]) -> tuple[str, ...]:
    """Return a row of titles, each on one line."""
    return tuple(" ".join(kept(cell).split()) for cell in cells)


def kept(cell: str) -> str:
    """Return a cell as it can be kept: no database keeps a zero character, so it becomes the sign for one."""
    return cell.replace("\0", "␀")


def place(column: str, titles: Sequence[str]) -> int | None:
    """Return where a column stands among `titles`, counting from 0; None where it is missing.

    A title that stands there as it is written counts first, so that a column titled "#3" can be meant.
    """
    wanted, there = same(column), [same(title) for title in titles]
    if wanted in there:
        return there.index(wanted)
    if by_place := _PLACE.match(wanted):
        return int(by_place[1]) - 1 if int(by_place[1]) <= len(titles) else None
    if by_turn := _TURN.match(wanted):
        turns = [where for where, title in enumerate(there) if title == by_turn[1]]
        return turns[int(by_turn[2]) - 1] if int(by_turn[2]) <= len(turns) else None
    return None


def missing(columns: Iterable[str], titles: Sequence[str]) -> list[str]:
    """Return those of `columns` that are not among `titles`."""
    return [column for column in columns if place(column, titles) is None]


def twice(columns: Iterable[str], titles: Sequence[str]) -> list[str]:
    """Return those of `columns` whose title more than one column bears, so that nobody can say which is meant."""
    there = [same(title) for title in titles]
    return [column for column in columns if there.count(same(column)) > 1]


def called(titles: Sequence[str]) -> list[str]:
    """Return a name for every column that `place` finds it by: its title, with its turn where several share it, else its place."""
    there = [same(title) for title in titles]
    names = []
    for where, title in enumerate(there):
        turn = there[: where + 1].count(title)
        if not title:
            names.append(f"#{where + 1}")
        elif there.count(title) > 1:
            names.append(f"{titles[where]} #{turn}")
        else:
            names.append(titles[where])
    return names
