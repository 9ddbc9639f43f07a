"""The one door. `move` is for people and clocks, `admit` for registers; nothing else changes a stage."""

from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from governance.core.errors import Refused
from governance.core.rules import Blocked, Blocker
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.raci.grants import May


class Step(NamedTuple):
    """One step of the machine as pages and tests read it."""

    name: str
    source: str
    targets: tuple[str, ...]
    may: May
    rules: list
    clock: bool


def table() -> list[Step]:
    """Return every step of the machine, read from its declaration, one row per source."""
    field = Initiative._meta.get_field("stage")
    rows = []
    for t in field.get_all_transitions(Initiative):
        if t.name == "admit":
            continue
        targets = (
            tuple(str(s) for s in t.target.allowed_states) if hasattr(t.target, "allowed_states") else (str(t.target),)
        )
        rows.append(Step(t.name, str(t.source), targets, t.custom["may"], t.custom["rules"], t.custom["clock"]))
    order = [stage.value for stage in Stage]
    return sorted(rows, key=lambda row: (order.index(row.source), row.name))


def step_out(initiative, name: str):
    """Return the transition called `name` out of the present stage, or None."""
    field = Initiative._meta.get_field("stage")
    return next(
        (t for t in field.get_all_transitions(Initiative) if t.name == name and t.source in (initiative.stage, "*")),
        None,
    )


def why_not(initiative, name: str, at: datetime) -> list[Blocker]:
    """Return every reason `name` cannot happen at `at`. An empty list is a green light.

    Costs what the step's rules cost; nothing is written.
    """
    step = step_out(initiative, name)
    if step is None:
        return [Blocker("stage", _("Not possible while it is at %(stage)s.") % {"stage": initiative.stage_label})]
    return [blocker for rule in step.custom["rules"] for blocker in rule.blockers(initiative, at)]


@contextmanager
def _held(initiative):
    """Let the machine's one condition hold for this instance."""
    initiative.__dict__["_cleared"] = True
    try:
        yield
    finally:
        initiative.__dict__.pop("_cleared", None)


def move(initiative, name: str, *, by, at: datetime, say, because: str = "", **given):
    """Take the step `name` with `initiative`, which the caller has locked, and return it moved and saved.

    Inside `ledger.act`: authorise, explain, move, say. `by` is a person, or text such as "system:sweep"
    for a step that a clock may take. Raises Refused (not yours) and Blocked (every reason).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("steps.move runs inside ledger.act, with the initiative locked.")
    step = step_out(initiative, name)
    if isinstance(by, str):
        if step is not None and not step.custom["clock"]:
            raise Refused(_("A clock cannot do this."))
    elif step is not None and not step.has_perm(initiative, by):
        raise Refused(_("You cannot %(what)s.") % {"what": step.custom["may"].words})
    if reasons := why_not(initiative, name, at):
        raise Blocked(reasons)
    left = initiative.stage
    with _held(initiative):
        getattr(initiative, name)(at=at, **given)
    _settle_fields(initiative, left, at)
    initiative.version += 1
    initiative.save()
    say(
        Verb.INITIATIVE_MOVED,
        initiative,
        step=name,
        left=left,
        entered=str(initiative.stage),
        text={"because": because} if because else None,
    )
    return initiative


def admit(initiative, stage: str, *, at: datetime):
    """Set the stage a register states, on a new or a locked instance; the caller saves it and says so.

    No approval is fabricated: production arrives marked "evidence missing", an unknown stage as triage.
    """
    left = initiative.stage if initiative.pk else None
    with _held(initiative):
        initiative.admit(at=at, to=stage)
    _settle_fields(initiative, left, at)
    return initiative


def _settle_fields(initiative, left, at: datetime) -> None:
    """Set what follows from the stage alone: since when, and whether the ownership clock runs."""
    from governance.raci import queries

    if left != initiative.stage:
        initiative.stage_since = at
    if initiative.stage not in Stage.in_use():
        if initiative.stage != Stage.STOPPED:
            initiative.unowned_since = None
    elif initiative.unowned_since is None and queries.matrix(initiative).owner is None:
        initiative.unowned_since = at


def rules_of(name: str) -> list:
    """Return the rules of a step, in order."""
    return next(step.rules for step in table() if step.name == name)
