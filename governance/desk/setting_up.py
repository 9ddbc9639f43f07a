"""What is left to set up in a new installation: five steps, each a page of its own, and how far each is by the facts."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core.errors import Refused
from governance.core.models import Installation
from governance.initiatives.models import Initiative
from governance.people import company, functions, queries
from governance.people.functions import Function
from governance.people.models import Person, Unit

#: Who sets an installation up.
WHO = (Function.ADMINISTRATORS, Function.PORTFOLIO)


@dataclass(frozen=True)
class Step:
    """One step: what it is, what is so now, whether that is enough, and where it is done (address, words)."""

    name: str
    title: str
    so: str
    why: str
    done: bool
    ways: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Progress:
    """The steps in their order."""

    steps: tuple[Step, ...]

    @property
    def done(self) -> int:
        """Return how many are done."""
        return sum(step.done for step in self.steps)

    @property
    def next(self) -> Step | None:
        """Return the first that is not."""
        return next((step for step in self.steps if not step.done), None)


def require(person: Any) -> None:
    """Raise Refused unless `person` sets this installation up. One query at most, and one to say who does."""
    if not functions.has(person, *WHO):
        raise Refused(_("Administrators and the Portfolio office set Mandate up."), functions.whose(*WHO))


def on_home(person: Any, installation: Installation) -> Progress | None:
    """Return what stands on Home of whoever sets a new installation up, until it is done or put away. No query in any other."""
    if not installation.setting_up or not functions.has(person, *WHO):
        return None
    found = progress(installation, person)
    return found if found.next else None


def progress(installation: Installation, person: Any) -> Progress:
    """Return how far it is, for `person`, who gets the ways that are theirs. Six queries."""
    held, top = queries.memberships(), company.unit()
    people, units = Person.objects.active().count(), Unit.objects.active().count()
    initiatives = Initiative.objects.visible_to(person).exists()
    is_admin = functions.has(person, Function.ADMINISTRATORS)
    steps = (
        _company(installation, is_admin),
        _calendar(top, is_admin),
        _people(people, units, is_admin),
        _functions(held, is_admin),
        _first_list(initiatives),
    )
    return Progress(steps)


def _way(is_admin: bool, *ways: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((reverse(name), words) for name, words in ways) if is_admin else ()


def _company(installation: Installation, is_admin: bool) -> Step:
    said = {"company": installation.company, "zone": installation.time_zone}
    return Step(
        "company",
        _("The company"),
        _("%(company)s, in the zone %(zone)s.") % said if installation.company else _("It has no name yet."),
        _("Its name stands on every page, e-mail and printout. Deadlines end in its zone."),
        bool(installation.company),
        _way(is_admin, ("people:company", _("Name and zone"))),
    )


def _calendar(top: Unit | None, is_admin: bool) -> Step:
    n = len(top.holidays) if top else 0
    so = ngettext("%(n)s public holiday is listed.", "%(n)s public holidays are listed.", n) % {"n": n}
    return Step(
        "calendar",
        _("The calendar"),
        so if n else _("No public holiday is listed, so deadlines can end on one."),
        _("Deadlines count working days. They are fixed when somebody asks, and no later calendar moves them."),
        bool(n),
        _way(is_admin, ("people:company", _("List public holidays"))),
    )


def _people(people: int, units: int, is_admin: bool) -> Step:
    said = ngettext("%(n)s person works here", "%(n)s people work here", people) % {"n": people}
    where = ngettext("%(n)s unit", "%(n)s units", units) % {"n": units}
    return Step(
        "people",
        _("People"),
        _("%(people)s, in %(units)s.") % {"people": said, "units": where},
        _("Whoever answers for something has to be here, with a unit and a grade. Units also need a leader."),
        people > 1,
        _way(
            is_admin,
            ("registers:directories", _("Bring a directory")),
            ("people:add", _("Add one person")),
            ("people:units", _("Units and their leaders")),
        ),
    )


def needed() -> list[Function]:
    """Return the functions that somebody has to hold: those the policy asks, and those who are told when nobody else acts. No query."""
    rules = policy.current()
    asked = {str(one) for tier in rules.tiers.values() for one in (*tier.tier_confirmed_by, *tier.sign_offs)}
    asked |= {str(control.function) for control in rules.controls.values()}
    always = {Function.PORTFOLIO, Function.FINANCE, Function.CTO}
    return [one for one in Function if one.value in asked or one in always]


def _functions(held: dict[str, list[int]], is_admin: bool) -> Step:
    wanted = needed()
    vacant = [str(one.label) for one in wanted if not held[one.value]]
    alone = len(held[Function.ADMINISTRATORS.value]) < 2
    if vacant:
        so = _("%(held)s of %(all)s are held. Nobody yet: %(vacant)s.")
        so %= {"held": len(wanted) - len(vacant), "all": len(wanted), "vacant": ", ".join(vacant)}
    else:
        so = _("All %(all)s that are needed are held.") % {"all": len(wanted)}
    if alone:
        so = f"{so} {_('There is one administrator; nobody can change that one’s own grade, unit or function.')}"
    return Step(
        "functions",
        _("Functions"),
        so,
        _(
            "They confirm tiers and controls, sign off, and are told when nobody else acts. Nobody gives themselves one."
        ),
        not vacant and not alone,
        _way(is_admin, ("people:functions", _("Give functions"))),
    )


def _first_list(initiatives: bool) -> Step:
    return Step(
        "list",
        _("The first list"),
        _("There are initiatives in the catalog.") if initiatives else _("The catalog is empty."),
        _("A register you have comes in as it is, and nothing changes before you have seen what would."),
        initiatives,
        (
            (reverse("registers:list"), _("Bring a list")),
            (reverse("initiatives:register"), _("Register an idea")),
            (reverse("initiatives:report_found"), _("Report AI that is in use")),
        ),
    )
