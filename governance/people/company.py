"""What is said of the company as a whole: its name, its zone, and the calendar of the one unit at its top."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from governance import ledger
from governance.core import canonical
from governance.core.errors import Conflict
from governance.core.models import Installation
from governance.ledger import Verb
from governance.people import actions, functions
from governance.people.functions import Function
from governance.people.models import Unit

#: What is set of the installation, and of the unit at the top.
OF_ALL, OF_THE_UNIT = ("company", "time_zone"), ("working_days", "closes_at", "holidays")


def unit() -> Unit | None:
    """Return the one unit at the top, whose calendar counts for everybody; None where there are several, or none. One query."""
    tops = list(Unit.objects.active().filter(parent=None).select_related("leader").order_by("pk")[:2])
    return tops[0] if len(tops) == 1 else None


def digest(installation: Installation, top: Unit | None) -> str:
    """Return a digest of what is said now, by which a form tells whether somebody saved meanwhile."""
    return canonical.digest(
        [installation.company, installation.time_zone, top.pk if top else 0, actions.unit_digest(top) if top else ""]
    )


def save(values: dict[str, Any], *, by: Any, at: datetime, seen: str) -> None:
    """Save the company's name, zone and calendar. Deadlines that are running stay as they are.

    Raises Refused for anybody but an administrator, Conflict when somebody saved since the form with the
    digest `seen` was shown.
    """
    actions.require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        installation = Installation.objects.select_for_update().get(pk=1)
        top = unit()
        if digest(installation, top) != seen:
            raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
        changed = [name for name in OF_ALL if values[name] != getattr(installation, name)]
        before = {name: getattr(installation, name) for name in changed}
        for name in changed:
            setattr(installation, name, values[name])
        if changed:
            installation.save(update_fields=changed)
            after = {name: values[name] for name in changed}
            say(Verb.INSTALLATION_CHANGED, installation, fields=changed, text={"before": before, "after": after})
        if top is not None:
            for name in OF_THE_UNIT:
                setattr(top, name, values[name])
            if top.time_zone and top.time_zone == before.get(
                "time_zone"
            ):  # where it says so itself, as it does at first
                top.time_zone = values["time_zone"]
            actions.save_unit(top, by=by, at=at)


def put_away(*, by: Any, at: datetime) -> None:
    """Put away the list of what is left to set up; it stays under People. Raises Refused. Doing it twice is doing it once."""
    if not functions.has(by, Function.PORTFOLIO):
        actions.require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        installation = Installation.objects.select_for_update().get(pk=1)
        if installation.setting_up:
            installation.setting_up = False
            installation.save(update_fields=["setting_up"])
            say(Verb.INSTALLATION_CHANGED, installation, fields=["setting_up"])
