"""Reading where an initiative came from and what its register says, in words."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from governance.initiatives import own
from governance.initiatives.lifecycle import Stage
from governance.registers.models import Origin
from governance.registers.profile import OWN, Profile, Unreadable
from governance.registers.profiles import load
from governance.registers.words import field_word


@dataclass(frozen=True)
class OriginShown:
    """An origin as a page shows it. `states` and `kept` are (label, words) in the register's order.

    `imported_at` is when the register last changed anything here; `says` are whole sentences; `gone_at` is when
    the register no longer listed it. All text is the register's own and is to be escaped.
    """

    register: str
    reference: str
    file_name: str
    imported_at: datetime
    gone_at: datetime | None
    stage_said: str
    says: tuple[str, ...]
    states: tuple[tuple[str, str], ...]
    kept: tuple[tuple[str, str], ...]
    raw_sha256: str


def origin(initiative: Any) -> OriginShown | None:
    """Return the record of a register that `initiative` came from, or None when it was registered here. One query."""
    row = Origin.objects.select_related("batch").filter(initiative=initiative).first()
    if row is None:
        return None
    profile = _profile(row.profile)
    stated = row.stated.get("states", {})
    labels = profile.labels if profile else {}
    known = [(label, _words(stated[name])) for name, label in labels.items() if name in stated]
    others = [(name, _words(value)) for name, value in stated.items() if name not in labels]
    return OriginShown(
        register=profile.title if profile else row.profile,
        reference=row.stated.get("reference", ""),
        file_name=row.batch.file_name,
        imported_at=row.batch.began_at,
        gone_at=row.gone_at,
        stage_said=row.stated.get("stage_said", ""),
        says=tuple(_sentence(entry, initiative) for entry in row.says if not _is_so_here(entry, initiative)),
        states=(*known, *others),
        kept=tuple(row.kept.items()),
        raw_sha256=row.raw_sha256,
    )


def _profile(name: str) -> Profile | None:
    """Return the profile called `name`, or None when this release no longer has it."""
    try:
        return load(name)
    except Unreadable:
        return None


def _words(value: Any) -> str:
    """Return what is stated as words: an answer, a date as exact as it is, a list, or the text itself."""
    if isinstance(value, dict):
        day = date.fromisoformat(value["on"])
        return {"year": str(day.year), "month": date_format(day, "F Y")}.get(value["precision"]) or date_format(
            day, "j F Y"
        )
    if isinstance(value, list):
        return ", ".join(value)
    return {"yes": _("Yes"), "no": _("No")}.get(value, value)


def _is_so_here(entry: dict[str, str], initiative: Any) -> bool:
    """Return whether what the register says has become true here since it was read."""
    field = entry["field"]
    if field.startswith(OWN):
        there = own.current([initiative])[initiative.pk].get(field.removeprefix(OWN))
        return entry["says"] == own.plain(there)
    return field != "unit" and entry["says"] == getattr(initiative, field)


def _sentence(entry: dict[str, str], initiative: Any) -> str:
    """Return one thing the register says and nobody applied here, as a sentence beside what stands here."""
    field, says = entry["field"], entry["says"]
    if field == "stage":
        here = initiative.stage_label
        if says:
            return _("The register says %(says)s. Here it is %(here)s.") % {"says": Stage(says).label, "here": here}
        if words := entry.get("words"):
            return _("The register says “%(words)s”. Here it is %(here)s.") % {"words": words, "here": here}
        return _("The register no longer states a stage. Here it is %(here)s.") % {"here": here}
    label = field_word(field)
    if says:
        return _("The register says “%(says)s” for %(field)s.") % {"says": says, "field": label}
    return _("The register no longer states %(field)s.") % {"field": label}
