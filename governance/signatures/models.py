"""Signatures: written once, void by rule only."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Meaning(models.TextChoices):
    """What a signature says."""

    DECISION = "decision", _("decided")
    ACCEPTANCE = "acceptance", _("accepted accountability")
    SIGN_OFF = "sign_off", _("signed off")
    CONTROL = "control", _("confirmed a control")
    FIGURE = "figure", _("confirmed a figure")
    BUDGET = "budget", _("approved a budget")
    STOP_CONFIRMED = "stop_confirmed", _("confirmed that it stopped")
    POSTMORTEM = "postmortem", _("published the postmortem")


class Signature(models.Model):
    """One person's signature under one statement, bound to the digest of what they saw."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="signatures")
    person = models.ForeignKey("governance.Person", models.PROTECT, related_name="signatures")
    meaning = models.CharField(max_length=20, choices=Meaning.choices)
    printed_name = models.CharField(max_length=200)
    printed_title = models.CharField(max_length=200, blank=True)
    statement = models.TextField()
    signed_at = models.DateTimeField()
    proof_method = models.CharField(max_length=20, help_text="How they proved it was them.")
    proved_at = models.DateTimeField(help_text="On the wall clock.")
    facts = models.JSONField(help_text="What they saw, canonical when encoded.")
    facts_sha256 = models.CharField(max_length=64)
    seal_sha256 = models.CharField(max_length=64, help_text="Digest over signer, meaning, statement, time and facts.")
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_because = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["initiative", "meaning", "signed_at"], name="seals_of_an_initiative")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(voided_at__isnull=True) | ~models.Q(voided_because=""),
                name="a_void_signature_says_why",
            ),
        ]

    def __str__(self):
        return f"{self.printed_name} {self.meaning} {self.signed_at:%Y-%m-%d %H:%M}"
