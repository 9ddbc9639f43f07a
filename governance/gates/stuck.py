"""Why is this stuck? One diagnosis from data, and exactly one thing to do next.

The order is the point: nobody owns it; the gate was never defined; the case is not made in business
terms; nobody approved the money. The first that holds is the answer, because solving a later one first
solves nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.rules import Blocker
from governance.initiatives import rules
from governance.outcomes import queries as outcomes

#: What each diagnosis is called where many are counted.
LABELS = {
    "owner": gettext_lazy("no owner"),
    "gate": gettext_lazy("gate not defined before the pilot"),
    "case": gettext_lazy("no case in business terms"),
    "money": gettext_lazy("budget not approved"),
}


@dataclass(frozen=True)
class Diagnosis:
    """Why one initiative is stuck, and the one next action: what, whose, where."""

    code: str
    sentence: str
    action: str
    who: str
    url: str
    blocker: Blocker

    @property
    def label(self):
        """Return the diagnosis in the words a list of many uses."""
        return LABELS[self.code]


def diagnose(initiative, at: datetime) -> Diagnosis | None:
    """Return why `initiative` is stuck at `at`, or None when nothing of the kind holds it up.

    Looks at what is in use. The gate, the case and the money are asked about in a pilot and at its gate.
    Costs the queries of the three funding rules.
    """
    if not initiative.is_in_use or initiative.is_retiring:
        return None
    if found := _first(rules.OwnerAccepted(), initiative, at):
        return _found("owner", _("Nobody has accepted to answer for the result."), found)
    if initiative.stage not in ("pilot", "funding"):
        return None
    defined = _first(rules.OutcomeDefined(), initiative, at) or _first(rules.GatePlanned(), initiative, at)
    if defined:
        return _found("gate", _("Nobody said before the pilot what it has to reach, and by when."), defined)
    if not _is_time_for_a_case(initiative, at):
        return None
    if found := _first(rules.EvidenceInBusinessTerms(), initiative, at):
        if found.code == "funding.period":
            return _found("gate", _("The threshold was set too late for the figures there are."), found)
        return _found("case", _("There is no confirmed business figure that reaches the threshold."), found)
    if found := _first(rules.BudgetApproved(), initiative, at):
        return _found("money", _("The case is made, and nobody has approved the money."), found)
    return None


def _first(rule, initiative, at: datetime) -> Blocker | None:
    return next(iter(rule.blockers(initiative, at)), None)


def _found(code: str, sentence: str, blocker: Blocker) -> Diagnosis:
    return Diagnosis(code, sentence, blocker.action, blocker.who, blocker.url, blocker)


def _is_time_for_a_case(initiative, at: datetime) -> bool:
    """Return whether a case can be expected: its gate is open or its day has come, or there are figures already."""
    planned = initiative.gate_on is not None and at.date() >= initiative.gate_on
    return initiative.stage == "funding" or planned or bool(outcomes.measurements(initiative))
