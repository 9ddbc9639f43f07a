"""Which column of a directory says what: by its usual titles, or as somebody says on the page.

Titles are compared without case, spacing and what stands between letters, so that "E-Mail_Address" is found.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.registers.profile import same


@dataclass(frozen=True, slots=True)
class Column:
    """One thing a directory may say of somebody: its name here, its label, the titles it usually has, and what is read of it."""

    name: str
    label: Any
    titles: tuple[str, ...]
    help: Any = ""


#: In the order of the page. Where two titles of a file fit one of these, the one that stands first here counts.
COLUMNS = (
    Column(
        "email",
        _("E-mail address"),
        ("e-mail address", "e-mail", "work e-mail", "company e-mail", "mail", "user principal name", "upn"),
        _("It tells people apart: whoever has the address is the same person."),
    ),
    Column("name", _("Name"), ("name", "full name", "display name", "employee name", "employee", "person")),
    Column("given", _("Given name"), ("given name", "first name", "forename"), _("Where the name is in two columns.")),
    Column("family", _("Family name"), ("family name", "last name", "surname")),
    Column("title", _("Title"), ("title", "job title", "position", "business title")),
    Column(
        "path",
        _("Unit with those above it"),
        ("unit path", "unit with those above it", "path", "department path", "organisation path", "org path"),
        _("From the top down: Operations / Support / Refunds. The signs >, | and \\ do as well."),
    ),
    Column("unit", _("Unit"), ("unit", "department", "team", "organisational unit", "org unit", "cost centre name")),
    Column(
        "parent",
        _("Unit above it"),
        ("unit above it", "parent unit", "part of", "parent", "parent department", "division", "business unit"),
    ),
    Column("grade", _("Grade"), ("grade", "job grade", "job level", "level", "band", "management level")),
    Column("job_family", _("Job family"), ("job family", "family", "discipline", "profession")),
    Column(
        "manager",
        _("Manager"),
        (
            *(
                "manager's e-mail address",
                "manager e-mail address",
                "manager's e-mail",
                "manager e-mail",
                "manager mail",
            ),
            *("manager", "line manager", "reports to", "supervisor", "supervisor e-mail", "supervisor's e-mail"),
        ),
        _("The manager’s e-mail address, or a name that one person has."),
    ),
    Column(
        "functions",
        _("Functions"),
        ("functions", "function", "duties"),
        _("All of them, with commas: Compliance, Security. One that is missing there is taken away."),
    ),
    Column(
        "active",
        _("Works here"),
        (
            *("working here", "works here", "active", "is_active", "employment status", "status", "account enabled"),
            *("enabled", "state"),
        ),
        _("Yes or no, active or inactive."),
    ),
    Column("left", _("Has left"), ("has left", "left", "leaver", "terminated", "inactive"), _("Yes or no.")),
    Column(
        "last_day",
        _("Last day"),
        (
            "last day",
            "end date",
            "last working day",
            "leaving date",
            "left on",
            "termination date",
            "exit date",
            "contract end",
        ),
        _("A date such as 2026-11-30. One that is still to come changes nothing yet."),
    ),
    Column("phone", _("Phone"), ("phone", "work phone", "telephone", "mobile", "mobile phone", "phone number")),
    Column("time_zone", _("Time zone"), ("time zone", "tz", "zone")),
)
NAMES = tuple(column.name for column in COLUMNS)
LABELS = {column.name: column.label for column in COLUMNS}
#: Every usual title, by which the row of the titles is found in a file.
USUAL = tuple(title for column in COLUMNS for title in column.titles)

_BETWEEN = re.compile(r"[^\w]+|_")


def plain(title: str) -> str:
    """Return a title as it is compared: "E-Mail_Address" is "emailaddress", "Manager’s e-mail" is "managersemail"."""
    return _BETWEEN.sub("", same(title))


def guessed(titles: Sequence[str]) -> dict[str, int]:
    """Return where each thing stands among the titles of a file, as far as the titles say it; each place once."""
    there = [plain(title) for title in titles]
    found: dict[str, int] = {}
    for column in COLUMNS:
        for title in column.titles:
            free = [place for place, one in enumerate(there) if one == plain(title) and place not in found.values()]
            if free:
                found[column.name] = free[0]
                break
    return found


def titles_of(first: Iterable[tuple[int, list[str]]]) -> int:
    """Return the number of the row that holds most of the usual titles, the first of those; 1 where no row holds one."""
    rows = list(first)
    best = max(rows, key=lambda row: len(guessed(row[1])), default=None)
    return best[0] if best is not None and guessed(best[1]) else rows[0][0] if rows else 1
