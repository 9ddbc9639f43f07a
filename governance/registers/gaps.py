"""The gap report: what a list says, and does not say, about what is in use. Nothing of it is saved here.

A question is answered by a column of the profile. Where the list has none, it says nothing, and the report says that.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.initiatives.lifecycle import Stage
from governance.registers import profiles
from governance.registers.models import Batch
from governance.registers.profile import SKIP

#: The lines of the report: name, words, the same in a few, the questions that must be asked for it.
LINES: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "stage": (_("Nobody can tell at which stage it is"), _("No stage"), ()),
    "owner": (_("In use, and nobody is named as its owner"), _("No owner"), ("owner",)),
    "way_back": (_("In use, and no way back is written down"), _("No way back"), ("way_back",)),
    "evidence": (
        _("In use with high impact, and no evidence that it was tested"),
        _("No evidence"),
        ("high_impact", "evidence"),
    ),
    "assessment": (
        _("In use with personal data, and no assessment"),
        _("No assessment"),
        ("personal_data", "assessment"),
    ),
}
#: Units that are listed: those that lack most. More do not fit on one page of paper.
LISTED = 20


@dataclass
class Report:
    """What one list comes to. `lines` are (words, how many; None where the list says nothing about it), `columns` their few words."""

    records: int = 0
    in_use: int = 0
    lines: list[tuple[Any, int | None]] = field(default_factory=list)
    columns: list[Any] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)
    other_units: int = 0


def report(batch: Batch) -> Report:
    """Return the gap report of a list that was read. One query over all its rows, and one for its profile."""
    asked = {gap.name for gap in profiles.load(batch.profile).gaps}
    told = [name for name, (_words, _few, questions) in LINES.items() if set(questions) <= asked]
    found, units = Report(), {}
    rows = batch.rows.order_by().values_list("values__unit__0", "values__stage", "values__gaps")
    for unit, stage, gaps in rows.iterator(chunk_size=2000):
        if not stage or stage == SKIP:
            continue
        found.records += 1
        here = units.setdefault(unit or "", Counter())
        in_use = stage in (Stage.PILOT, Stage.PRODUCTION, Stage.DISCOVERED)
        found.in_use += in_use
        here["in_use"] += in_use
        here.update(name for name in _lacks(stage, in_use, gaps or {}) if name in told)
    total: Counter[str] = sum((count for count in units.values()), Counter())
    found.lines = [(words, total[name] if name in told else None) for name, (words, *_more) in LINES.items()]
    found.columns = [LINES[name][1] for name in told]
    ranked = sorted(
        (unit for unit in units.items() if any(unit[1][name] for name in told)),
        key=lambda unit: (-sum(unit[1][name] for name in told), -unit[1]["in_use"], unit[0]),
    )
    found.units = [
        {"name": name, "in_use": count["in_use"], "lacks": [(LINES[line][1], count[line]) for line in told]}
        for name, count in ranked[:LISTED]
    ]
    found.other_units = len(units) - len(found.units)
    return found


def _lacks(stage: str, in_use: bool, gaps: dict[str, bool | None]):
    """Yield the lines of the report that one record belongs to."""
    if stage == Stage.TRIAGE:
        yield "stage"
    if in_use and not gaps.get("owner"):
        yield "owner"
    if in_use and not gaps.get("way_back"):
        yield "way_back"
    if in_use and gaps.get("high_impact") and not gaps.get("evidence"):
        yield "evidence"
    if in_use and gaps.get("personal_data") and not gaps.get("assessment"):
        yield "assessment"
