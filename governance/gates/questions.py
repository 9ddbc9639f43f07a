"""The table of decisions: what each kind asks, of whom, who may ask, how long, and what an answer does."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.gates.models import DECIDED_BY, Kind
from governance.initiatives.material import GATES
from governance.raci.grants import May
from governance.raci.models import Row

__all__ = ["GATES", "QUESTIONS", "Question"]


@dataclass(frozen=True)
class Question:
    """One kind of decision."""

    kind: Kind
    asks: May
    stages: tuple[str, ...]
    window: str
    verb: Any
    question: Any
    pass_words: Any
    no_pass_words: Any
    if_silent: Any
    step_pass: str = ""
    step_asked: str = ""
    step_no_pass: str = ""
    hands_over: bool = False
    signed_off: bool = False
    particulars: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        """Return the row whose Accountable answers."""
        return DECIDED_BY[self.kind]

    @property
    def lapsed_words(self) -> Any:
        """Return where it is left by a lapse: what a No pass does, save for a tier, where the higher one holds."""
        return self.if_silent if self.kind is Kind.TIER_CHANGE else self.no_pass_words

    def step(self, initiative) -> str:
        """Return the step a Pass takes from where the initiative stands, or "" when it moves nothing."""
        return "adopt" if self.kind is Kind.PILOT_GO and initiative.stage == "discovered" else self.step_pass


QUESTIONS: dict[str, Question] = {
    q.kind.value: q
    for q in (
        Question(
            Kind.PILOT_GO,
            May.ASK_PILOT,
            ("idea", "discovered"),
            "pilot_go_wd",
            _("Start the pilot"),
            _("May this be tried, in this scope, until this day?"),
            _("The pilot starts. Day 90 is counted from now."),
            _("It stays where it is."),
            _("It closes as No pass and stays where it is."),
            step_pass="start_pilot",
        ),
        Question(
            Kind.FUNDING,
            May.ASK_FUNDING,
            ("pilot",),
            "funding_wd",
            _("Fund production"),
            _("Is it worth production money, on the pilot's evidence?"),
            _("It is funded and may be built."),
            _("It goes back to the pilot."),
            _("It goes to the Escalation owner, then closes as No pass and goes back to the pilot."),
            step_pass="fund",
            step_asked="request_funding",
            step_no_pass="return_to_pilot",
            hands_over=True,
        ),
        Question(
            Kind.GO_LIVE,
            May.ASK_GO_LIVE,
            ("build",),
            "go_live_wd",
            _("Go live"),
            _("May it serve real people from now on?"),
            _("It is in production. The first review is set."),
            _("It stays in build."),
            _("It goes to the Escalation owner, then closes as No pass and stays in build."),
            step_pass="go_live",
            hands_over=True,
            signed_off=True,
        ),
        Question(
            Kind.MODIFICATION,
            May.ASK_MODIFICATION,
            ("production",),
            "modification_wd",
            _("Change it in production"),
            _("May this change be made?"),
            _("The change may be made."),
            _("The change is not made."),
            _("It closes as No pass: the change is not made."),
            particulars={
                "what": _("What changes"),
                "why": _("Why, and how it is undone"),
                "widens": _("It widens what it may do, for whom, or on which data"),
            },
        ),
        Question(
            Kind.TIER_CHANGE,
            May.AMEND,
            ("idea", "pilot", "funding", "build", "production", "stopped"),
            "tier_change_wd",
            _("Change the tier"),
            _("Is this the tier it belongs in?"),
            _("The proposed tier holds."),
            _("The earlier tier holds."),
            _("The higher of the two tiers holds."),
            particulars={"to": _("Tier"), "why": _("Why")},
        ),
        Question(
            Kind.RESTART,
            May.ASK_HALT,
            ("stopped",),
            "restart_wd",
            _("Restart"),
            _("Is the cause known, the fix in place, and is that proved?"),
            _("It runs again where it was."),
            _("It stays stopped."),
            _("It closes as No pass and stays stopped."),
            step_pass="restart",
            signed_off=True,
            particulars={
                "cause": _("The cause"),
                "fix": _("The fix"),
                "evidence": _("The evidence that the fix works"),
            },
        ),
        Question(
            Kind.BACK_TO_PILOT,
            May.ASK_HALT,
            ("stopped",),
            "back_to_pilot_wd",
            _("Go back to the pilot"),
            _("May it go on as a pilot?"),
            _("It goes on as a pilot."),
            _("It stays stopped."),
            _("It closes as No pass and stays stopped."),
            step_pass="back_to_pilot",
            particulars={"why": _("Why")},
        ),
        Question(
            Kind.DAY_90,
            May.SEE,
            ("pilot",),
            "pilot_d",
            _("Day 90: funding gate or retirement"),
            _("Has the pilot earned a funding gate?"),
            _("The funding gate opens at once."),
            _("It is stopped and retires with a postmortem."),
            _("It is stopped and retires with a postmortem."),
        ),
    )
}
