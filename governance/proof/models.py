"""Controls of a tier, and sign-offs of a decision."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ControlCheck(models.Model):
    """Where one control of one initiative stands. No row means nobody supplied anything yet."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="controls")
    ref = models.CharField(max_length=10, help_text="The policy's reference of the control.")
    note = models.TextField(_("how it is met, and where the evidence is"))
    effective_on = models.DateField(_("evidence is from"))
    supplied_by = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    supplied_at = models.DateTimeField()
    confirmed_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    returned_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_because = models.CharField(max_length=300, blank=True)
    waived_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    waived_until = models.DateField(null=True, blank=True)
    waived_because = models.CharField(max_length=300, blank=True)
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "ref"], name="one_check_per_control"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("supplied_by")),
                name="nobody_confirms_their_own_control",
                violation_error_message=_("You supplied this, so somebody else must confirm it."),
            ),
            models.CheckConstraint(
                condition=Q(waived_by__isnull=True) | ~Q(waived_by=F("supplied_by")),
                name="nobody_waives_what_they_supplied",
            ),
            models.CheckConstraint(
                condition=Q(waived_by__isnull=True) | (Q(waived_until__isnull=False) & ~Q(waived_because="")),
                name="a_waiver_has_an_end_and_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="a_confirmed_control_says_by_whom_and_when",
            ),
        ]

    def __str__(self):
        return f"{self.ref} of {self.initiative_id}"


class SignOff(models.Model):
    """One function's signature that a decision waits for."""

    class Answer(models.TextChoices):
        SIGNED = "signed", _("Signed off")
        REFUSED = "refused", _("Not signed off")

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="sign_offs")
    decision = models.ForeignKey("governance.Decision", models.PROTECT, related_name="sign_offs")
    function = models.CharField(max_length=40)
    asked_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    answered_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=600, blank=True)
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "function"], name="one_sign_off_per_function"),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("asked_by")),
                name="nobody_signs_off_what_they_asked_for",
                violation_error_message=_("You asked for this sign-off, so somebody else must give it."),
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_by__isnull=True, answered_at__isnull=True)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="an_answered_sign_off_says_by_whom_and_when",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(answer=""), name="sign_offs_open_by_due")]

    def __str__(self):
        return f"{self.function} on decision {self.decision_id}"
