"""Reading controls and sign-offs."""

from dataclasses import dataclass
from datetime import datetime

from governance import policy
from governance.core.prepared import KEY, Prepared
from governance.people import functions
from governance.policy.versions import Control
from governance.proof.models import ControlCheck, SignOff


@dataclass(frozen=True)
class ControlState:
    """One control the tier asks for, and where it stands. Pages and rules read the same object."""

    control: Control
    check: ControlCheck | None

    @property
    def ref(self) -> str:
        """Return the policy's reference."""
        return self.control.ref

    @property
    def title(self) -> str:
        """Return what the control is called."""
        return self.control.title

    @property
    def function(self) -> str:
        """Return the slug of the function that confirms it."""
        return self.control.function

    @property
    def function_label(self):
        """Return the words for that function."""
        return functions.label(self.control.function)

    @property
    def waits_for_confirmation(self) -> bool:
        """Whether somebody supplied it and the function has not looked yet."""
        return (
            self.check is not None
            and self.check.confirmed_at is None
            and not self.check.returned_because
            and self.check.waived_by_id is None
        )

    def is_waived(self, at: datetime) -> bool:
        """Whether it is set aside until a day that has not passed."""
        return self.check is not None and self.check.waived_until is not None and at.date() <= self.check.waived_until

    def is_met(self, at: datetime) -> bool:
        """Whether it is confirmed by a person, or validly waived."""
        return (self.check is not None and self.check.confirmed_at is not None) or self.is_waived(at)

    def state(self, at: datetime) -> str:
        """Return met, waived, returned, waiting, expired or open: the word its glyph stands for."""
        if self.check is None:
            return "open"
        if self.check.confirmed_at is not None:
            return "met"
        if self.is_waived(at):
            return "waived"
        if self.check.waived_until is not None:
            return "expired"
        return "returned" if self.check.returned_because else "waiting"


def controls(initiative) -> list[ControlState]:
    """Return the controls the confirmed tier asks for (else the proposed one), in order. One query."""
    tier = initiative.tier if initiative.tier is not None else initiative.tier_proposed
    asked = policy.current().controls_for(tier, initiative.capability)
    if not asked:
        return []
    brought = initiative.__dict__.get("_brought_checks")  # by initiatives/many.py, for many at once
    if brought is None:
        brought = _CHECKS.ask(initiative=initiative.pk) if initiative.pk else []
    checks = {c.ref: c for c in brought}
    return [ControlState(control, checks.get(control.ref)) for control in asked]


_CHECKS: Prepared[ControlCheck] = Prepared(
    lambda initiative: ControlCheck.objects.filter(initiative=initiative).select_related(
        "supplied_by", "confirmed_by", "waived_by", "returned_by"
    ),
    initiative=KEY,
)


def sign_offs_of_open_question(initiative, kind: str) -> dict[str, SignOff]:
    """Return the sign-offs of the open decision of `kind`, by function. One query."""
    brought = initiative.__dict__.get("_brought_sign_offs")  # by initiatives/many.py, for many at once
    if brought is not None:
        return {row.function: row for row in brought if row.decision.kind == kind}
    rows = SignOff.objects.filter(initiative_id=initiative.pk, decision__kind=kind, decision__closed="").select_related(
        "answered_by", "decision"
    )
    return {row.function: row for row in rows}


def bring(initiative) -> None:
    """Put the checks and the open questions' sign-offs at hand of one initiative: a page and its rules read them again and again. Two queries."""
    initiative.__dict__["_brought_checks"] = _CHECKS.ask(initiative=initiative.pk)
    initiative.__dict__["_brought_sign_offs"] = list(
        SignOff.objects.filter(initiative_id=initiative.pk, decision__closed="")
        .select_related("decision", "answered_by")
        .order_by("due_at", "function")
    )


def sign_offs_open_for(person_functions, at: datetime):
    """Return the sign-offs that wait for any of these functions. Lazy queryset; the oldest due first."""
    return (
        SignOff.objects.filter(function__in=person_functions, answer="", decision__closed="")
        .select_related("initiative", "decision")
        .order_by("due_at", "pk")
    )
