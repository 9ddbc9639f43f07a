"""Who may be Accountable (DESIGN section 3, invariant 2), in sentences that say whom to choose instead."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from governance import policy
from governance.core import kept
from governance.core.rules import Blocker
from governance.people import functions, units
from governance.people.functions import Function
from governance.people.models import Person
from governance.raci.models import Role, Row

#: Rows whose Accountable leads the unit that takes most of the output.
LED = (Row.PILOT, Row.GO_LIVE, Row.HALT)
#: Rows whose Accountable is a VP or above: they are the business owner.
OWNED = (Row.GO_LIVE, Row.HALT)


def blockers(person, row: Row, role: Role, initiative, *, grade_waived: bool = False) -> Iterator[Blocker]:
    """Yield every reason `person` cannot hold `role` on `row` of `initiative`.

    Costs at most a query per level of the units' tree, one for functions and one for the head count.
    """
    if not person.is_active:
        yield Blocker("eligible.left", _("%(name)s has left. Choose somebody who works here.") % {"name": person.name})
        return
    if role != Role.ACCOUNTABLE or row not in LED:
        return
    rules = policy.current()
    unit = initiative.output_unit
    if functions.has(person, Function.CTO):
        yield Blocker(
            "eligible.cto",
            _("%(name)s is CTO and cannot be Accountable for %(row)s. %(instead)s")
            % {"name": person.name, "row": row.label, "instead": _instead(person, unit)},
        )
    if person.job_family in rules.people["refused_job_families"]:
        yield Blocker(
            "eligible.job_family",
            _("%(name)s works in data science and cannot be Accountable for %(row)s. %(instead)s")
            % {"name": person.name, "row": row.label, "instead": _instead(person, unit)},
        )
    builds = units.is_within(person.unit, initiative.building_unit)
    uses = initiative.building_unit is not None and units.is_within(unit, initiative.building_unit)
    if builds and not uses:
        yield Blocker(
            "eligible.builder",
            _("%(name)s belongs to %(unit)s, which builds or runs it. %(instead)s")
            % {"name": person.name, "unit": initiative.building_unit.name, "instead": _instead(person, unit)},
        )
    if unit is None:
        yield Blocker(
            "eligible.no_unit",
            _("Say first which unit takes most of the output: its leader is the one to name."),
            url=_edit(initiative, "receiving_unit"),
        )
    elif not units.leads(person, unit):
        yield Blocker(
            "eligible.leader",
            _("%(name)s does not lead %(unit)s, which takes most of the output, nor a unit above it. %(instead)s")
            % {"name": person.name, "unit": unit.name, "instead": _instead(person, unit)},
        )
    if (
        row in OWNED
        and not _is_senior(person, rules)
        and not (grade_waived and (initiative.tier if initiative.tier is not None else 9) <= 1)
    ):
        yield Blocker(
            "eligible.grade",
            _("Business owner must be VP or above. %(name)s is %(grade)s. %(instead)s")
            % {
                "name": person.name,
                "grade": rules.grade_word(person.grade) or _("of no known grade"),
                "instead": _instead(person, unit),
            },
        )


def _is_senior(person, rules) -> bool:
    """Return whether the grade counts: VP or above, or a listed functional lead in a small company."""
    if rules.is_vp(person.grade):
        return True
    return (
        person.is_functional_lead
        and kept.answer("head count", Person.objects.active().count) <= rules.people["small_company"]
    )


def _instead(person, unit) -> str:
    """Return the sentence that says whom to choose: the nearest other leader of the unit that uses the output."""
    for above in units.line(unit):
        if above.leader_id and above.leader.is_active and above.leader_id != person.pk:
            return _("Choose %(name)s, who leads %(unit)s.") % {"name": above.leader.name, "unit": above.name}
    return _("Choose the leader of the unit that uses the output.")


def _edit(initiative, field: str) -> str:
    """Return the address of a field on the initiative's form."""
    from django.urls import reverse

    return f"{reverse('initiatives:amend', args=[initiative.key])}#id_{field}"
