"""The primary outcome, its measurements, and the production budget."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """Business terms. Accuracy, latency, uptime and usage counts are not among them."""

    MONEY = "money", _("Money")
    TIME = "time", _("Time")
    QUALITY = "quality", _("Quality of the work")
    RISK = "risk", _("Risk")
    CUSTOMER = "customer", _("Effect on customers")


class BaselineKind(models.TextChoices):
    """Where the number before AI comes from."""

    MEASURED = "measured", _("Measured")
    RECONSTRUCTED = "reconstructed", _("Reconstructed afterwards")


class Outcome(models.Model):
    """The primary outcome of one initiative: what should change, from where, to where."""

    initiative = models.OneToOneField("governance.Initiative", models.PROTECT, related_name="outcome")
    metric = models.CharField(_("what is measured"), max_length=160)
    kind = models.CharField(_("kind of outcome"), max_length=10, choices=Kind.choices)
    unit = models.CharField(_("unit"), max_length=40, help_text="What one number means: € per refund, hours, %.")
    lower_is_better = models.BooleanField(_("lower is better"), default=True)
    baseline = models.DecimalField(_("before AI"), max_digits=14, decimal_places=2, null=True, blank=True)
    baseline_kind = models.CharField(
        _("how the number before AI is known"), max_length=14, choices=BaselineKind.choices, blank=True
    )
    baseline_source = models.CharField(_("source of the number before AI"), max_length=200, blank=True)
    baseline_on = models.DateField(_("date of the number before AI"), null=True, blank=True)
    target = models.DecimalField(_("target"), max_digits=14, decimal_places=2, null=True, blank=True)
    threshold = models.DecimalField(
        _("threshold the gate asks for"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    threshold_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold_set_at__isnull=False),
                name="a_threshold_says_when_it_was_set",
            ),
        ]

    def __str__(self):
        return f"{self.metric} of {self.initiative_id}"

    def meets(self, value) -> bool:
        """Return whether `value` reaches the threshold; without a threshold nothing does."""
        if self.threshold is None:
            return False
        return value <= self.threshold if self.lower_is_better else value >= self.threshold


class Measurement(models.Model):
    """One figure: the primary outcome measured over a period on a number of cases."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="measurements")
    number = models.PositiveIntegerField()
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=2)
    starts_on = models.DateField(_("first day measured"))
    ends_on = models.DateField(_("last day measured"))
    cases = models.PositiveIntegerField(_("number of cases"), validators=[MinValueValidator(1)])
    source = models.CharField(_("source"), max_length=200)
    supplied_by = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    supplied_at = models.DateTimeField()
    confirmed_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    returned_because = models.CharField(max_length=300, blank=True)
    returned_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "number"], name="measurements_are_numbered"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="a_period_ends_after_it_starts",
                violation_error_message=_("The last day measured must not be before the first."),
            ),
            models.CheckConstraint(condition=Q(cases__gte=1), name="a_figure_rests_on_cases"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("supplied_by")),
                name="nobody_confirms_their_own_figure",
                violation_error_message=_("You supplied this figure, so somebody else must confirm it."),
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="a_confirmed_figure_says_by_whom_and_when",
            ),
        ]

    def __str__(self):
        return f"{self.value} for {self.initiative_id}, {self.starts_on} to {self.ends_on}"


class Budget(models.Model):
    """The production budget of one initiative: asked for by one person, approved by another."""

    initiative = models.OneToOneField("governance.Initiative", models.PROTECT, related_name="budget")
    asked = models.DecimalField(
        _("amount asked for"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(_("currency"), max_length=3)
    months = models.PositiveSmallIntegerField(_("months"), validators=[MinValueValidator(1)])
    pays_for = models.CharField(_("what it pays for"), max_length=300, blank=True)
    licence = models.CharField(_("licence that covers it"), max_length=200, blank=True)
    asked_by = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    approved = models.DecimalField(
        _("amount approved"), max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    cost_centre = models.CharField(_("cost centre"), max_length=60, blank=True)
    reference = models.CharField(_("reference of the approval"), max_length=60, blank=True)
    approved_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(asked__gte=0), name="nobody_asks_for_less_than_nothing"),
            models.CheckConstraint(
                condition=~Q(asked=0) | ~Q(licence=""),
                name="a_budget_of_zero_names_the_licence",
                violation_error_message=_("A budget of 0 names the licence that covers it."),
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("asked_by")),
                name="nobody_approves_their_own_budget",
                violation_error_message=_("You asked for this budget, so somebody else must approve it."),
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True, approved__isnull=True)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False, approved__isnull=False)
                    & ~Q(cost_centre="")
                    & ~Q(reference="")
                ),
                name="an_approved_budget_says_by_whom_when_and_where",
            ),
        ]

    def __str__(self):
        return f"{self.asked} {self.currency} for {self.initiative_id}"
