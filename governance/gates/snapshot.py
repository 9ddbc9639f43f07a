"""What a decider saw, in words that keep their meaning: canonical, digested, compared at the moment of signing."""

from datetime import datetime
from typing import Any

from django.db.models import Model

from governance import policy
from governance.core import canonical
from governance.gates import queries
from governance.initiatives import material
from governance.outcomes import queries as outcomes
from governance.proof.models import ControlCheck, SignOff
from governance.raci import queries as raci


def _said(row: Model | None, *names: str) -> dict[str, Any] | None:
    """Return what these fields of a row say, or None where there is no row."""
    return {name: getattr(row, name) for name in names} if row is not None else None


def of(decision, initiative, at: datetime) -> dict:
    """Return everything a decision rests on, as it stands at `at`. Costs the rules' queries and four more."""
    outcome, budget = outcomes.outcome(initiative), outcomes.budget(initiative)
    return {
        "schema": 1,
        "initiative": {
            "key": initiative.key,
            "name": initiative.name,
            "stage": str(initiative.stage),
            "tier": initiative.tier,
            **material.facts(initiative),
        },
        "decision": {
            "kind": decision.kind,
            "number": decision.number,
            "asked_by": decision.asked_by_id,
            "asked_at": decision.asked_at,
            "recommendation": decision.recommendation,
            "particulars": decision.particulars,
            "due_at": decision.due_at,
            "final_at": decision.final_at,
        },
        "requirements": [
            {"code": rule.code, "met": not found, "blockers": [b.code for b in found]}
            for rule, found in queries.requirements(decision, initiative, at)
        ],
        "matrix": [
            {
                "row": a.row,
                "role": a.role,
                "person": a.person_id,
                "group": a.group.name if a.group else None,
                "accepted_at": a.accepted_at,
            }
            for a in raci.matrix(initiative).rows
        ],
        "outcome": _said(outcome, "metric", "unit", "baseline", "target", "threshold", "threshold_set_at"),
        "figures": [
            {
                "number": m.number,
                "value": m.value,
                "starts_on": m.starts_on,
                "ends_on": m.ends_on,
                "cases": m.cases,
                "confirmed_by": m.confirmed_by_id,
            }
            for m in outcomes.measurements(initiative)
        ],
        "budget": _said(budget, "asked", "approved", "currency", "months", "cost_centre", "reference"),
        "controls": [
            dict(zip(("ref", "confirmed_by", "waived_until"), row, strict=True))
            for row in ControlCheck.objects.filter(initiative=initiative)
            .order_by("ref")
            .values_list("ref", "confirmed_by", "waived_until")
        ],
        "sign_offs": [
            dict(zip(("function", "answer", "answered_by"), row, strict=True))
            for row in SignOff.objects.filter(decision=decision)
            .order_by("function")
            .values_list("function", "answer", "answered_by")
        ],
        "policy": policy.current().number,
    }


def shown(decision, initiative, at: datetime) -> str:
    """Return the digest that the form carries: what was shown. Different at the POST means: look again."""
    return canonical.digest(of(decision, initiative, at))
