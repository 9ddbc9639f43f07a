"""Decisions, stops, wishes to stop, and postmortems."""

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from governance.raci.models import Row


class Kind(models.TextChoices):
    """What a decision is about."""

    PILOT_GO = "pilot_go", _("Pilot go / no-go")
    FUNDING = "funding", _("Funding gate")
    GO_LIVE = "go_live", _("Production go-live")
    MODIFICATION = "modification", _("Change in production")
    TIER_CHANGE = "tier_change", _("Change of tier")
    RESTART = "restart", _("Restart")
    BACK_TO_PILOT = "back_to_pilot", _("Back to pilot")
    DAY_90 = "day_90", _("Day 90")


#: Which row's Accountable answers which kind of decision; a change that widens is the business owner's.
DECIDED_BY = {
    Kind.PILOT_GO: Row.PILOT,
    Kind.DAY_90: Row.PILOT,
    Kind.FUNDING: Row.GO_LIVE,
    Kind.GO_LIVE: Row.GO_LIVE,
    Kind.MODIFICATION: Row.MODIFICATION,
    Kind.TIER_CHANGE: Row.GO_LIVE,
    Kind.RESTART: Row.HALT,
    Kind.BACK_TO_PILOT: Row.HALT,
}
WIDENS = "widens"


class Answer(models.TextChoices):
    """The two outcomes; empty while nobody answered, or where nobody did."""

    PASS = "pass", _("Pass")
    NO_PASS = "no_pass", _("No pass")


class Closed(models.TextChoices):
    """How a decision ended."""

    DECIDED = "decided", _("Decided")
    LAPSED = "lapsed", _("Lapsed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    OVERTAKEN = "overtaken", _("Overtaken")


class DecisionQuerySet(models.QuerySet):
    """Decisions, by whether they wait."""

    def open(self):
        """Those nobody closed yet (lateness is computed on read, see Decision.state_at)."""
        return self.filter(closed="")

    def moving_the_stage(self):
        """Gates: open ones lock the material facts."""
        from governance.gates.questions import GATES

        return self.filter(kind__in=GATES)


class Decision(models.Model):
    """A timed question with two outcomes, put to one named person who did not ask it."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="decisions")
    number = models.PositiveIntegerField(help_text="Within the initiative.")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    asked_by = models.ForeignKey(
        "governance.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty when a clock asked.",
    )
    asked_at = models.DateTimeField()
    recommendation = models.TextField(_("what you recommend, and why"), blank=True)
    particulars = models.JSONField(
        default=dict,
        blank=True,
        help_text="What this kind asks about: the proposed tier, the change, the cause and the fix.",
    )
    row = models.GeneratedField(
        expression=Case(
            When(Q(kind=Kind.MODIFICATION, **{f"particulars__{WIDENS}": True}), then=Value(Row.GO_LIVE)),
            *(When(kind=kind, then=Value(row)) for kind, row in DECIDED_BY.items()),
        ),
        output_field=models.CharField(max_length=12, choices=Row.choices),
        db_persist=True,
        help_text="Whose Accountable answers; the database works it out, so that lists can ask by it.",
    )
    due_at = models.DateTimeField(help_text="Until when the decider has it.")
    final_at = models.DateTimeField(help_text="When it lapses; after due_at the Escalation owner gets it decided.")
    extended_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    extended_because = models.CharField(max_length=300, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    # The answer
    outcome = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    closed = models.CharField(max_length=10, choices=Closed.choices, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="decisions")
    reason = models.TextField(blank=True)
    learned = models.TextField(blank=True)
    snapshot = models.JSONField(null=True, blank=True)
    snapshot_sha256 = models.CharField(max_length=64, blank=True)
    policy_version = models.PositiveIntegerField(null=True, blank=True)
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "number"], name="decisions_are_numbered"),
            models.UniqueConstraint(
                fields=["initiative", "kind"],
                condition=Q(closed="") & ~Q(kind="modification"),
                name="one_open_question_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="pass") | Q(asked_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="nobody_passes_their_own_question",
                violation_error_message=_("You asked for this decision, so somebody else must make it."),
            ),
            models.CheckConstraint(
                condition=Q(closed="", closed_at__isnull=True) | (~Q(closed="") & Q(closed_at__isnull=False)),
                name="a_closed_question_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(closed="decided")
                | (~Q(outcome="") & Q(decided_by__isnull=False) & Q(signature__isnull=False) & ~Q(snapshot_sha256="")),
                name="a_decision_is_answered_signed_and_kept",
            ),
            models.CheckConstraint(condition=Q(closed="decided") | ~Q(outcome="pass"), name="only_a_person_passes"),
            models.CheckConstraint(condition=Q(final_at__gte=F("due_at")), name="a_question_lapses_after_it_is_due"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(closed=""), name="open_questions_by_due"),
            models.Index(fields=["final_at"], condition=Q(closed=""), name="open_questions_by_lapse"),
        ]

    def __str__(self):
        return f"{self.kind} {self.number} on {self.initiative_id}"

    def get_absolute_url(self):
        """Return the address of its page."""
        return reverse("gates:decision", args=[self.initiative.key, self.number])

    @property
    def is_open(self) -> bool:
        """Whether nobody closed it; see state_at for whether its time is up."""
        return self.closed == ""

    def state_at(self, at) -> str:
        """Return "open", "handed_over" (with the Escalation owner), "lapsed", or how it was closed. No query."""
        if self.closed:
            return self.closed
        if at >= self.final_at:
            return Closed.LAPSED.value
        return "handed_over" if at >= self.due_at and self.final_at > self.due_at else "open"


class StopReason(models.TextChoices):
    """Why it is stopped."""

    WRONG = "wrong_results", _("Wrong results")
    HARM = "harm", _("Harm")
    DATA = "data", _("Data")
    COST = "cost", _("Cost")
    LEGAL = "legal", _("Legal")
    DAY_90 = "day_90", _("Day 90 without a decision")
    OTHER = "other", _("Other")


class Stop(models.Model):
    """A stop: asked and confirmed are two facts, and until the second every page says so."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="stops")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        "governance.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty when a clock asked.",
    )
    reason = models.CharField(_("why"), max_length=14, choices=StopReason.choices)
    note = models.CharField(_("note"), max_length=600, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_how = models.CharField(_("how you know"), max_length=300, blank=True)
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["initiative"], condition=Q(lifted_at__isnull=True), name="one_stop_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | (Q(confirmed_at__isnull=False, confirmed_by__isnull=False) & ~Q(confirmed_how="")),
                name="a_confirmed_stop_says_by_whom_and_how",
            ),
        ]

    def __str__(self):
        return f"stop of {self.initiative_id} at {self.asked_at:%Y-%m-%d %H:%M}"


class StopWish(models.Model):
    """Somebody without stop authority asked to stop: pages A and E, after an hour the CTO and COO."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="stop_wishes")
    person = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    saw = models.CharField(_("what you saw"), max_length=600)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.CharField(_("your answer"), max_length=600, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at"], condition=Q(answered_at=None), name="wishes_to_stop_unanswered")]

    def __str__(self):
        return f"wish of {self.person_id} to stop {self.initiative_id}"


class Retirement(models.Model):
    """Retiring an initiative: why, what replaces it, and the postmortem that completes it."""

    initiative = models.OneToOneField("governance.Initiative", models.PROTECT, related_name="retirement")
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("why it retires"))
    replaced_by = models.TextField(_("what replaces it"), blank=True)
    after_care = models.TextField(_("data, access and people to take care of"), blank=True)
    due_at = models.DateTimeField()
    set_out = models.TextField(_("what we set out to do"), blank=True)
    happened = models.TextField(_("what happened"), blank=True)
    numbers = models.TextField(_("the numbers, before and after"), blank=True)
    causes = models.TextField(_("causes"), blank=True)
    keep = models.TextField(_("what to keep and tell others"), blank=True)
    actions = models.TextField(_("actions, each with a name and a date"), blank=True)
    saved_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(published_at=None), name="postmortems_by_due")]

    def __str__(self):
        return f"retirement of {self.initiative_id}"
