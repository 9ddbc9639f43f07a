"""Material facts: when one changes, an acceptance given for the earlier version no longer counts."""

from governance.core import canonical
from governance.outcomes import queries as outcomes

#: Fields of the initiative that are material. The Accountable and the budget's amount and period come on top.
MATERIAL = ("tier", "capability", "tools", "purpose")
#: Fields locked while a gate is open (with the outcome and its threshold); changing one means withdrawing.
LOCKED = ("capability", "tools", "purpose")


def facts(initiative) -> dict:
    """Return the material facts as they stand. One query for the budget, kept on the instance."""
    budget = outcomes.budget(initiative)
    return {
        **{field: getattr(initiative, field) for field in MATERIAL},
        "budget": {"amount": budget.asked, "currency": budget.currency, "months": budget.months} if budget else None,
    }


def digest(initiative) -> str:
    """Return the digest of the material facts, as an acceptance keeps it."""
    return canonical.digest(facts(initiative))


#: Kinds of decision that move the stage: while one is open, LOCKED fields and the outcome stand still.
GATES = ("pilot_go", "funding", "go_live", "restart", "back_to_pilot")


def locking_gate(initiative):
    """Return the open gate that locks the material facts, or None. One query."""
    return initiative.decisions.filter(closed="", kind__in=GATES).order_by("asked_at").first()
