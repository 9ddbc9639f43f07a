"""Home: what needs me, by when, and what happens if I do nothing. Turns `mine.Mine` into rows; asks nothing itself."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance.core import kept
from governance.desk import to_decide, to_do, to_sign, waiting
from governance.desk.mine import MOST, Mine
from governance.desk.rows import Section, section
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.raci.models import Role, Row


@dataclass(frozen=True)
class Held:
    """One system under somebody's stop authority, and whether a stop of it is asked and not confirmed."""

    initiative: Initiative
    unconfirmed: bool
    deputy_for: str


@dataclass(frozen=True)
class Home:
    """What the home page shows."""

    decide: Section
    sign: Section
    do: Section
    waiting: Section
    held: list[Held]

    @property
    def is_clear(self) -> bool:
        """Whether nothing needs this person."""
        return not (self.decide.items or self.sign.items or self.do.items)


def build(mine: Mine) -> Home:
    """Return the home page of one person. At most a query for each function the rules name, and one to count heads."""
    with kept.asking_once():
        return Home(
            decide=section(_("Decide"), to_decide.rows(mine), most=MOST),
            sign=section(_("Sign"), to_sign.rows(mine), most=MOST),
            do=section(_("Do"), to_do.rows(mine), most=MOST),
            waiting=section(_("Waiting on others"), waiting.rows(mine), most=MOST),
            held=_held(mine),
        )


def _held(mine: Mine) -> list[Held]:
    """Return what this person may stop: A and E of halt, pilots whose workflow they own, and for whom they are deputy."""
    unconfirmed = {stop.initiative_id for stop in mine.stops if stop.confirmed_at is None}
    wanted = {*Stage.in_use(), Stage.STOPPED.value}
    found: dict[int, Held] = {}

    def hold(initiative: Initiative, deputy_for: str = "") -> None:
        if initiative.stage in wanted:
            found.setdefault(initiative.pk, Held(initiative, initiative.pk in unconfirmed, deputy_for))

    for assignment in mine.roles:
        if assignment.row == Row.HALT and assignment.role in (Role.ACCOUNTABLE, Role.ESCALATION):
            hold(assignment.initiative)
    for initiative in mine.workflows:
        if initiative.stage in (Stage.PILOT, Stage.FUNDING):
            hold(initiative)
    for assignment in mine.deputised:
        hold(assignment.initiative, assignment.person.name)
    return sorted(found.values(), key=lambda one: one.initiative.number)
