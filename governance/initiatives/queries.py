"""Reading initiatives for pages: what somebody holds, what comes next, whose each thing is."""

from collections.abc import Iterable
from dataclasses import replace

from governance.core.rules import Blocker
from governance.initiatives import steps
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.people import functions
from governance.people.functions import Function
from governance.raci.models import Role, Row

#: The step people work towards from each stage; none where nothing has to happen next.
NEXT_STEP = {
    "idea": "start_pilot",
    "discovered": "adopt",
    "pilot": "request_funding",
    "funding": "fund",
    "build": "go_live",
    "stopped": "restart",
}


def holds_something_stopped(person) -> bool:
    """Return whether something `person` answers for as business owner is stopped. One query."""
    return Initiative.objects.filter(
        stage=Stage.STOPPED,
        assignments__row=Row.HALT,
        assignments__role=Role.ACCOUNTABLE,
        assignments__person=person,
        assignments__ended_at=None,
        assignments__accepted_at__isnull=False,
    ).exists()


def next_step(initiative) -> str:
    """Return the name of the step people work towards from here, or "". No query."""
    return "retire" if initiative.is_retiring else NEXT_STEP.get(initiative.stage, "")


def step_rules(initiative, name: str, at) -> list[tuple]:
    """Return (rule, its blockers) for every rule of the step `name` out of the present stage. Costs the rules' queries."""
    step = steps.step_out(initiative, name)
    return [(rule, list(rule.blockers(initiative, at))) for rule in step.custom["rules"]] if step else []


def claimed(blockers: Iterable[Blocker], person) -> list[Blocker]:
    """Return `blockers` with those put to a function of `person` marked as theirs too, so that a page says "yours".

    One query for the functions, kept on the person's instance.
    """
    labels = {str(Function(slug).label) for slug in functions.of(person) if slug in Function.values}
    return [replace(b, person_ids=b.person_ids | {person.pk}) if b.who in labels else b for b in blockers]


def once(blockers: Iterable[Blocker]) -> list[Blocker]:
    """Return `blockers` without what is cleared together with another: go-live and halt share one picker for the Accountable."""
    found = list(blockers)
    codes = {b.code for b in found}
    return [b for b in found if not (b.code.endswith("halt.A") and b.code.replace("halt", "go_live") in codes)]
