"""The rail on the page of one initiative: its stages and gates with their dates, and the same in one line."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from governance import policy
from governance.gates.models import Decision, Kind
from governance.gates.questions import GATES
from governance.initiatives.lifecycle import Stage
from governance.templatetags.mandate import moment


def places(initiative, decisions: list[Decision], at: datetime) -> list[dict]:
    """Return the stages and gates with their dates, for `core/_rail.html`. Nothing is claimed that was not recorded here. No query."""
    passed = {d.kind: d for d in reversed(decisions) if d.outcome == "pass"}
    asked = {d.kind: d for d in decisions if d.is_open}
    here = initiative.stopped_from if initiative.stage == Stage.STOPPED else initiative.stage
    if here == Stage.TRIAGE:
        return []
    begun = _beginning(initiative, passed)
    line: list[tuple[str, str, str, Any]] = [
        ("stage", here if here in (Stage.IDEA, Stage.DISCOVERED) else "begun", begun, initiative.registered_at),
        ("gate", Kind.PILOT_GO, _("Pilot go"), None),
        ("stage", Stage.PILOT, str(Stage.PILOT.label), initiative.pilot_since),
        ("gate", Kind.FUNDING, str(Stage.FUNDING.label), None),
        ("stage", Stage.BUILD, str(Stage.BUILD.label), None),
        ("gate", Kind.GO_LIVE, _("Go-live"), None),
        ("stage", Stage.PRODUCTION, str(Stage.PRODUCTION.label), initiative.live_since),
    ]
    if initiative.stage == Stage.RETIRED or initiative.is_retiring:
        line.append(("stage", Stage.RETIRED, str(Stage.RETIRED.label), initiative.retired_at))
    order = [name for _kind, name, _label, _since in line]
    now = order.index(here) if here in order else 0
    if here == Stage.RETIRED:
        now = len(order) - 1
    shown: list[dict] = []
    for place, (kind, name, label, since) in enumerate(line):
        gate = passed.get(name) if kind == "gate" else None
        if kind == "stage" and name == Stage.BUILD and Kind.FUNDING in passed:
            since = passed[Kind.FUNDING].closed_at
        step: dict[str, Any] = {"kind": kind, "label": label, "state": "", "date": "", "note": "", "url": ""}
        if place == now:
            step["state"] = "halted" if initiative.stage == Stage.STOPPED else "here"
        elif gate is not None or (kind == "stage" and since is not None and place < now):
            step["state"] = "done"
        elif place > now:
            step["state"] = "next" if place == now + 1 else ""
        if gate is not None:
            step |= {"date": _day(gate.closed_at, at), "url": gate.get_absolute_url()}
        elif kind == "stage" and since is not None and place <= now:
            step["date"] = _day(since, at)
        elif place < now and initiative.stage != Stage.RETIRED:
            step["note"] = _("not recorded here")
        if name in asked:
            note = _("due %(day)s") % {"day": _day(asked[name].due_at, at)}
            step |= {"url": asked[name].get_absolute_url(), "note": note}
        elif name == Kind.FUNDING and place > now and initiative.gate_on and gate is None:
            step["note"] = _("planned for %(day)s") % {"day": moment(initiative.gate_on, at)}
        if name == Stage.PILOT and (counted := _day_of_pilot(initiative, decisions, at)):
            step["note"] = counted
        shown.append(step)
    return shown


def _beginning(initiative, passed: dict) -> str:
    """Return what the first place on the rail is called: how it came to us."""
    if getattr(initiative, "origin", None) is not None and initiative.stage != Stage.IDEA:
        return _("From a register")
    pilot = passed.get(Kind.PILOT_GO)
    found = (
        initiative.stage == Stage.DISCOVERED
        or initiative.stopped_from == Stage.DISCOVERED
        or (pilot is not None and pilot.stage_then == Stage.DISCOVERED)
    )
    return str(Stage.DISCOVERED.label) if found else str(Stage.IDEA.label)


def _day(instant: datetime, at: datetime) -> str:
    return moment(timezone.localtime(instant).date(), at)


def _day_of_pilot(initiative, decisions: list[Decision], at: datetime) -> str:
    """Return "day 73 of 90" while a pilot runs; an extension moves the second number."""
    if initiative.stage not in (Stage.PILOT, Stage.FUNDING) or initiative.pilot_since is None:
        return ""
    asked = next((d for d in decisions if d.kind == Kind.DAY_90 and d.is_open), None)
    windows = policy.current().windows
    longest = windows["pilot_d"]
    if asked and asked.extended_by_id:
        longest += windows["day_90_extension_d"]
    return _("day %(day)s of %(all)s") % {"day": (at - initiative.pilot_since).days + 1, "all": longest}


def summary(initiative, decisions: list[Decision], at: datetime) -> str:
    """Return the rail in one line, for phones: "Pilot, day 73 of 90. Next: Funding gate by Thu 20 Nov". No query."""
    counted = _day_of_pilot(initiative, decisions, at)
    now = f"{initiative.stage_label}, {counted}." if counted else f"{initiative.stage_label}."
    gate = next((d for d in decisions if d.is_open and d.kind in GATES), None)
    if gate is not None:
        words = {"now": now, "gate": gate.get_kind_display(), "day": _day(gate.due_at, at)}
        return _("%(now)s Waiting for %(gate)s by %(day)s") % words
    following = {
        Stage.IDEA: _("Pilot go"),
        Stage.DISCOVERED: _("Pilot go"),
        Stage.PILOT: _("Funding gate"),
        Stage.BUILD: _("Go-live"),
        Stage.STOPPED: _("Restart"),
    }.get(Stage(initiative.stage))
    if not following or initiative.is_retiring:
        return now
    if initiative.stage == Stage.PILOT and initiative.gate_on:
        words = {"now": now, "gate": following, "day": moment(initiative.gate_on, at)}
        return _("%(now)s Next: %(gate)s by %(day)s") % words
    return _("%(now)s Next: %(gate)s") % {"now": now, "gate": following}
