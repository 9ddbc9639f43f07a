"""Weighing: what becomes of each staged row, given what is here now. Nothing is written.

What people accepted, decided or changed here stays as it is; then the register only says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from governance import policy
from governance.gates.models import Decision, Retirement, Stop
from governance.initiatives import material, own, steps
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.raci import queries as raci
from governance.raci.models import Assignment
from governance.registers.models import Origin, Staged
from governance.registers.profile import DESCRIPTIVE, OWN, SKIP, Profile, same
from governance.registers.stage import REFUSED

#: What each descriptive field holds where nobody said anything.
EMPTY = {name: Initiative._meta.get_field(name).get_default() for name in DESCRIPTIVE}
#: What a step sets, saved when a stage is restated.
OF_A_STAGE = (
    "stage",
    "stage_since",
    "pilot_since",
    "live_since",
    "retired_at",
    "unowned_since",
    "review_due_at",
    "evidence_due_on",
)
#: All that a register may change of an initiative, and of its origin.
CHANGED_BY_A_REGISTER = (*DESCRIPTIVE, "unit_id", *OF_A_STAGE)
STATED_BY_A_REGISTER = ("stated", "kept", "says", "raw_sha256", "gone_at", "batch_id")


@dataclass(slots=True)
class Outcome:
    """What becomes of one staged row. `fields` are those that change, `said` those the register says and nobody applies.

    `changes` says so field by field: what is here, what the register states, and whether it is applied.
    `snapshot` and `origin_before` hold what an initiative and its origin were before, to go back to.
    """

    row: Staged
    how: str
    origin: Origin | None = None
    initiative: Initiative | None = None
    verb: Verb | None = None
    fields: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    before: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    snapshot: dict[str, Any] = field(default_factory=dict)
    origin_before: dict[str, Any] = field(default_factory=dict)

    def change(self, name: str, here: Any, says: Any, *, applied: bool = True) -> None:
        """Note one field that the register states anew."""
        self.changes.append({"field": name, "here": here, "says": says, "applied": applied})


def weigh(profile: Profile, rows: list[Staged], *, at: datetime, lock: bool) -> list[Outcome]:
    """Return what becomes of each row. With `lock`, the initiatives that change are locked first, and changed in memory.

    Two queries; five more, six with own columns, where a register says something new about an initiative that is here.
    """
    readable = [row for row in rows if row.values]
    wanted = Origin.objects.filter(profile=profile.name, identity__in={row.identity for row in readable})
    origins = {(origin.identity, origin.occurrence): origin for origin in wanted}
    moved = [
        origin.initiative_id
        for row in readable
        if (origin := origins.get((row.identity, row.occurrence))) and _states_something_new(origin, row)
    ]
    here: dict[int, Initiative] = {}
    taken: frozenset[int] = frozenset()
    if moved:
        rows_of = (
            Initiative.objects.filter(pk__in=moved)
            .order_by("pk")
            .select_related("__".join(["unit", *("parent" for _level in profile.unit[1:])]))
        )
        here = {
            initiative.pk: initiative for initiative in (rows_of.select_for_update(of=("self",)) if lock else rows_of)
        }
        raci.prefetch(here.values())
        _carry_own(profile, here)
        taken = taken_up(here)
        # Again, now that nobody else can change them.
        origins.update(
            {(origin.identity, origin.occurrence): origin for origin in wanted.filter(initiative_id__in=moved)}
        )
    outcomes = []
    for row in rows:
        origin = origins.get((row.identity, row.occurrence))
        if not row.values:
            outcomes.append(Outcome(row, REFUSED))
        elif origin is None:
            skip = row.values["stage"] == SKIP
            outcomes.append(Outcome(row, "skipped") if skip else Outcome(row, "created", verb=Verb.RECORD_CREATED))
        elif origin.initiative_id in here:
            outcomes.append(
                _restate(row, origin, here[origin.initiative_id], at, taken_up=origin.initiative_id in taken)
            )
        else:
            outcomes.append(Outcome(row, "skipped" if row.values["stage"] == SKIP else "unchanged"))
    return outcomes


def _carry_own(profile: Profile, here: dict[int, Initiative]) -> None:
    """Have the initiatives carry, as text, what they say in the own columns a profile fills. One query where there are any."""
    names = [field.name for field in profile.fields if field.name.startswith(OWN)]
    said = own.current(here) if names else {}
    for pk, initiative in here.items():
        for name in names:
            initiative.__dict__[name] = own.plain(said[pk].get(name.removeprefix(OWN)))


def stated(row: Staged) -> dict[str, Any]:
    """Return what a row states as its origin keeps it."""
    return {name: value for name, value in row.values.items() if name not in ("kept", "gaps")}


def _states_something_new(origin: Origin, row: Staged) -> bool:
    """Return whether the register says anything it did not say before, if only that the record is back."""
    return origin.gone_at is not None or origin.stated != stated(row) or origin.kept != row.values["kept"]


def taken_up(initiative_ids: Iterable[int]) -> frozenset[int]:
    """Return those that people have taken up here: somebody accepted a role, or something was asked, stopped or retired. One query."""
    ids = list(initiative_ids)
    accepted = Assignment.objects.filter(initiative_id__in=ids, accepted_at__isnull=False).exclude(
        person=F("initiative__registrant")
    )
    others = (
        model.objects.filter(initiative_id__in=ids).values_list("initiative_id")
        for model in (Decision, Stop, Retirement)
    )
    return frozenset(pk for (pk,) in accepted.values_list("initiative_id").union(*others))


def _restate(row: Staged, origin: Origin, initiative: Initiative, at: datetime, *, taken_up: bool) -> Outcome:
    """Change an initiative and its origin, in memory, to what the register states now, where nobody here says otherwise."""
    before, now = origin.stated, stated(row)
    says = {entry["field"]: entry for entry in origin.says}
    outcome = Outcome(row, "updated", origin, initiative)
    mine = [name for name in now["fields"] if name.startswith(OWN)]
    outcome.snapshot = {name: getattr(initiative, name) for name in (*CHANGED_BY_A_REGISTER, *mine)}
    outcome.origin_before = {name: getattr(origin, name) for name in STATED_BY_A_REGISTER}
    applied, said = [], []
    for name, new in now["fields"].items():
        nothing = EMPTY.get(name, "")
        here, last = getattr(initiative, name), before.get("fields", {}).get(name, nothing)
        if new == here:
            says.pop(name, None)
        elif new != last and new != nothing and here == last and not (taken_up and name in material.MATERIAL):
            outcome.before[name] = here
            setattr(initiative, name, new)
            says.pop(name, None)
            applied.append(name)
            outcome.change(name, here, new)
        elif new != last:
            says[name] = {"field": name, "says": new}
            said.append(name)
            outcome.change(name, here, new, applied=False)
    if now["unit"] != before.get("unit"):
        here, new = initiative.unit.name if initiative.unit else "", " / ".join(now["unit"])
        if _stands_under(initiative, before.get("unit", [])) and now["unit"] and not taken_up:
            says.pop("unit", None)
            applied.append("unit")
            outcome.change("unit", here, new)
        else:
            says["unit"] = {"field": "unit", "says": new}
            said.append("unit")
            outcome.change("unit", here, new, applied=False)
    stood = initiative.stage
    moved = _restate_stage(initiative, before.get("stage", ""), now, says, said, at, taken_up=taken_up)
    if moved or "stage" in said:
        outcome.change("stage", stood, now["stage"], applied=moved)
    outcome.fields, outcome.said = tuple(applied), tuple(said)
    outcome.verb = Verb.RECORD_RESTATED if moved else Verb.RECORD_UPDATED if applied or not said else Verb.REGISTER_SAYS
    if moved or applied:
        initiative.version += 1
    origin.stated, origin.kept, origin.says, origin.raw_sha256, origin.gone_at = (
        now,
        row.values["kept"],
        list(says.values()),
        row.raw_sha256,
        None,
    )
    return outcome


def _restate_stage(
    initiative: Initiative,
    last: str,
    now: dict[str, Any],
    says: dict[str, Any],
    said: list[str],
    at: datetime,
    *,
    taken_up: bool,
) -> bool:
    """Restate the stage while nobody took the initiative up or moved it here; otherwise note what the register says.

    A register that no longer states a stage, or states that it is no initiative, moves nothing.
    """
    said_now = now["stage"]
    if said_now == initiative.stage:
        says.pop("stage", None)
        return False
    if said_now == last:
        return False
    known = said_now not in (Stage.TRIAGE, SKIP)
    if known and not taken_up and initiative.stage == last:
        admit(initiative, said_now, at)
        says.pop("stage", None)
        return True
    says["stage"] = {"field": "stage", "says": said_now if known else "", "words": now["stage_said"]}
    said.append("stage")
    return False


def _stands_under(initiative: Initiative, path: list[str]) -> bool:
    """Return whether the initiative's unit is the one at the end of `path`, as far up as the path goes."""
    unit = initiative.unit
    for name in reversed(path):
        if unit is None or same(unit.name) != same(name):
            return False
        unit = unit.parent
    return bool(path) or unit is None


def admit(initiative: Initiative, stage: str, at: datetime) -> None:
    """Set the stage through the register's own door; production arrives marked "evidence missing"."""
    steps.admit(initiative, stage, at=at)
    days = policy.current().windows["evidence_missing_d"]
    initiative.evidence_due_on = (at + timedelta(days=days)).date() if stage == Stage.PRODUCTION else None
