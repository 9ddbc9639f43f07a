"""The state machine: every stage and every step, on one screen.

Each step names where it may start, where it ends, who may take it, and the rules that must hold. Its
body sets the fields that define the new stage and nothing else; side effects belong to actions. The
only fsm condition is `cleared`: true while `steps.move` or `steps.admit` holds the instance under its
lock, so a call from anywhere else is refused.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE, transition

from governance.core.fields import StateField, Stateful
from governance.initiatives import rules
from governance.raci.grants import May


class Stage(models.TextChoices):
    """Where an initiative stands, in the words of every page. `triage` is a value, not a stage to people."""

    TRIAGE = "triage", _("Stage not known")
    DISCOVERED = "discovered", _("Found in use")
    IDEA = "idea", _("Idea")
    PILOT = "pilot", _("Pilot")
    FUNDING = "funding", _("Funding gate")
    BUILD = "build", _("Build")
    PRODUCTION = "production", _("Production")
    STOPPED = "stopped", _("Stopped")
    RETIRED = "retired", _("Retired")

    @classmethod
    def in_use(cls) -> list[str]:
        """Return the stages in which people may be using it; a pilot keeps running while its gate is open."""
        return [cls.DISCOVERED.value, cls.PILOT.value, cls.FUNDING.value, cls.BUILD.value, cls.PRODUCTION.value]

    @classmethod
    def counted(cls) -> list[str]:
        """Return the stages that count as stages to people, in order."""
        return [stage.value for stage in cls if stage is not cls.TRIAGE]


S = Stage
IN_USE = Stage.in_use()
_stage = StateField(
    _("stage"), choices=Stage.choices, default=Stage.IDEA, max_length=10, protected=True, editable=False
)


def cleared(initiative) -> bool:
    """Whether the door (steps.py) holds this instance right now."""
    return bool(initiative.__dict__.get("_cleared"))


def step(source, target, may: May, rules: list, *, clock: bool = False):
    """Declare a step on `stage`: who may take it, the rules that must hold, whether a clock may take it."""
    return transition(
        _stage,
        source,
        target,
        conditions=[cleared],
        permission=may.check,
        custom={"rules": rules, "may": may, "clock": clock},
    )


class Lifecycle(Stateful):
    """The machine itself; Initiative adds what it is about."""

    stage = _stage

    class Meta:
        abstract = True

    # Stages, in order

    @step(
        S.IDEA,
        S.PILOT,
        May.DECIDE_PILOT,
        [
            rules.RolesNamed(),
            rules.RolesAccepted(),
            rules.AccountableFit(),
            rules.TierConfirmed(),
            rules.CapabilityStated(),
            rules.ScopeSet(),
            rules.OutcomeDefined(),
            rules.GatePlanned(),
        ],
    )
    def start_pilot(self, *, at):
        """Named people answer for a pilot with a scope, an end and a number to reach."""
        self._enter_pilot(at)

    @step(
        S.DISCOVERED,
        S.PILOT,
        May.DECIDE_PILOT,
        [rules.RolesAccepted(), rules.AccountableFit(), rules.TierSet(), rules.StopDescribed()],
    )
    def adopt(self, *, at):
        """Found in use and now owned: it goes on as a pilot."""
        self._enter_pilot(at)

    # A clock may take it: day 90, passed, opens the gate by itself.
    @step(S.PILOT, S.FUNDING, May.ASK_FUNDING, [rules.PilotMeasured()], clock=True)
    def request_funding(self, *, at):
        """The pilot has a result: ask for money. The gate itself says what is missing."""

    @step(
        S.FUNDING,
        S.BUILD,
        May.DECIDE_GO_LIVE,
        [rules.EvidenceInBusinessTerms(), rules.OwnerAccepted(), rules.BudgetApproved()],
    )
    def fund(self, *, at):
        """Three questions answered yes: it may be built."""

    @step(S.FUNDING, S.PILOT, May.DECIDE_GO_LIVE, [], clock=True)
    def return_to_pilot(self, *, at):
        """No pass, lapse or withdrawal: back to where it was running."""

    @step(
        S.BUILD,
        S.PRODUCTION,
        May.DECIDE_GO_LIVE,
        [rules.OwnerAccepted(), rules.ControlsConfirmed(), rules.SignedOff(), rules.BadCallLineWhole()],
    )
    def go_live(self, *, at):
        """Funded, owned, controlled: it serves real people."""
        self.live_since = self.live_since or at

    @step(IN_USE, S.STOPPED, May.STOP, [], clock=True)
    def stop(self, *, at):
        """No new actions. Nothing else may stand in the way."""
        self.stopped_from = self.stage

    @step(
        S.STOPPED,
        RETURN_VALUE(S.DISCOVERED, S.PILOT, S.BUILD, S.PRODUCTION),
        May.DECIDE_HALT,
        [rules.RestartExplained(), rules.NobodyLeft(), rules.AccountableFit(), rules.SignedOff()],
    )
    def restart(self, *, at):
        """Back to where it was; from the funding gate to the pilot, because the gate is asked again."""
        return S.PILOT if self.stopped_from == S.FUNDING else Stage(self.stopped_from)

    @step(S.STOPPED, S.PILOT, May.DECIDE_HALT, [rules.NobodyLeft(), rules.AccountableFit()])
    def back_to_pilot(self, *, at):
        """Start again small."""
        self.pilot_since = self.pilot_since or at

    @step([S.PILOT, S.FUNDING, S.BUILD, S.PRODUCTION, S.STOPPED], S.RETIRED, May.RETIRE, [rules.PostmortemPublished()])
    def retire(self, *, at):
        """It is over, and what was learned is written down."""
        self._leave(at)

    # Beside the road

    @step([S.IDEA, S.DISCOVERED], S.RETIRED, May.CLOSE, [])
    def close(self, *, at):
        """An idea that goes no further, or a tool that nobody uses any more."""
        self._leave(at)

    @step(S.TRIAGE, RETURN_VALUE(S.IDEA, S.DISCOVERED, S.PILOT, S.PRODUCTION, S.RETIRED), May.PLACE, [])
    def place(self, *, at, to):
        """The Portfolio office found out where it stands."""
        self._set_down(Stage(to), at)
        return Stage(to)

    @step(
        [S.TRIAGE, S.DISCOVERED, S.IDEA, S.PILOT, S.FUNDING, S.BUILD, S.PRODUCTION, S.RETIRED],
        RETURN_VALUE(S.IDEA, S.DISCOVERED, S.RETIRED, S.TRIAGE, S.PILOT),
        May.CORRECT,
        [rules.NothingDecidedHere()],
    )
    def correct(self, *, at, to):
        """The register was wrong. Shown as a correction, never as a decision; a retirement that had begun ends."""
        self._set_down(Stage(to), at)
        self.retiring_since = None
        return Stage(to)

    @step("*", RETURN_VALUE(*(stage for stage in Stage if stage not in (S.FUNDING, S.BUILD, S.STOPPED))), May.ADMIT, [])
    def admit(self, *, at, to):
        """A register states where it stands; no approval is fabricated."""
        self._set_down(Stage(to), at)
        return Stage(to)

    # What a stage means in fields

    def _enter_pilot(self, at):
        self.pilot_since = self.pilot_since or at

    def _leave(self, at):
        self.retired_at = at
        self.unowned_since = None
        self.review_due_at = None

    def _set_down(self, stage, at):
        """Set the instants that define `stage` for one that arrives there without a decision."""
        self.pilot_since = (self.pilot_since or at) if stage == S.PILOT else None
        self.live_since = (self.live_since or at) if stage == S.PRODUCTION else None
        self.retired_at = (self.retired_at or at) if stage == S.RETIRED else None
        self.review_due_at = self.review_due_at if stage == S.PRODUCTION else None
