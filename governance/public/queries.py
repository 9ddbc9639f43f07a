"""What people outside read: the initiatives no rule keeps back, in words without people."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Lower

from governance.gates.models import Decision, Kind
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.public import layout
from governance.public.models import PublicRegister, Withheld
from governance.public.rules import KEPT_BACK, Redaction, marked

#: Initiatives on one page, and read at once for a file.
PER_PAGE, _CHUNK = 100, 500


@dataclass(frozen=True)
class Entry:
    """One initiative as people outside read it, and nothing more."""

    code: str
    name: str
    unit: str
    stage: str
    purpose: str
    known_limits: str
    vendor: str
    live_on: str
    answers: dict[str, str]


def register() -> PublicRegister:
    """Return the public register, open or closed. One query."""
    return PublicRegister.objects.get(pk=1)


def withheld(initiative: Initiative) -> Withheld | None:
    """Return what keeps an initiative off the register because somebody here said so. One query."""
    return Withheld.objects.select_related("by").filter(initiative=initiative, lifted_at=None).first()


def listed() -> QuerySet:
    """Return the initiatives that no rule keeps back. No query."""
    return marked(Initiative.objects.all()).exclude(KEPT_BACK)


def counts() -> dict[str, int]:
    """Return how many are listed at each stage, in the words of the layout and their order. One query."""
    found = dict(listed().order_by().values_list("stage").annotate(n=Count("pk")))
    said: dict[str, int] = dict.fromkeys(dict.fromkeys(layout.STAGES.values()), 0)
    for stage, n in found.items():
        said[layout.STAGES[Stage(stage)]] += n
    return {word: n for word, n in said.items() if n}


def page(number: int, stage: str, salt: str) -> list[Entry]:
    """Return one page of the register, by name; only those at `stage`, where one is said. Two queries."""
    rows = _read(stage)[(number - 1) * PER_PAGE : number * PER_PAGE]
    redact = Redaction.of_everybody()
    return [_entry(row, salt, redact) for row in rows]


def everything(salt: str) -> Iterator[Entry]:
    """Yield the whole register by name, read as it is needed. Two queries, and one for each 500."""
    redact = Redaction.of_everybody()
    for row in _read("").iterator(chunk_size=_CHUNK):
        yield _entry(row, salt, redact)


def _read(stage: str) -> QuerySet:
    rows = listed()
    if stage:
        rows = rows.filter(stage__in=[ours for ours, word in layout.STAGES.items() if word == stage])
    wanted = ("number", "name", "purpose", "known_limits", "vendor", "stage", "live_since", "unit_name", "origin")
    went_live = Decision.objects.filter(initiative=OuterRef("pk"), kind=Kind.GO_LIVE, outcome="pass")
    return (
        rows.annotate(unit_name=F("unit__name"), went_live=Exists(went_live))
        .select_related("origin")
        .only(*(name for name in wanted if name != "unit_name"))
        .order_by(Lower("name"), "number")
    )


def entry(initiative: Initiative) -> Entry | None:
    """Return one initiative as people outside read it, or None when a rule keeps it back. Three queries at most."""
    row = _read("").filter(pk=initiative.pk).first()
    return _entry(row, register().salt, Redaction.of_everybody()) if row else None


def _entry(row: Any, salt: str, redact: Redaction) -> Entry:
    """Return a row as an entry. Since when it is in production is told where it went live here: else nobody knows."""
    return Entry(
        code=hashlib.sha256(f"{salt}:{row.number}".encode()).hexdigest()[:12],
        name=redact(row.name),
        unit=redact(row.unit_name or ""),
        stage=layout.STAGES[Stage(row.stage)],
        purpose=redact(row.purpose),
        known_limits=redact(row.known_limits),
        vendor=redact(row.vendor),
        live_on=row.live_since.date().isoformat() if row.went_live and row.live_since else "",
        answers=layout.answers(getattr(row, "origin", None)),
    )


def cells(entry: Entry, company: str, contact: str) -> dict[str, str]:
    """Return an entry as a row of the layout; columns that are not named stay blank. No query."""
    operational = {"operational_date": f"{entry.live_on} 00:00:00"} if entry.live_on else {}
    return entry.answers | operational | {
        "agency": company,
        "agency_name": company,
        "id": entry.code,
        "use_case_name": entry.name,
        "agency_bureau": entry.unit if entry.unit != company else "",
        "contact_email": contact,
        "is_withheld": "No",
        "development_stage": entry.stage,
        "problem_solved": entry.purpose,
        "vendor_name": entry.vendor,
    }  # fmt: skip
