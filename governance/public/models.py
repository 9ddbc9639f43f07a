"""Whether there is a public register, and what somebody withheld from it."""

import secrets

from django.db import models
from django.db.models import Q


def _salt() -> str:
    return secrets.token_hex(16)


class PublicRegister(models.Model):
    """The one row that says since when people outside may read the register, and where they may ask. Every database has it."""

    open_since = models.DateTimeField(null=True, blank=True, help_text="Empty while it is closed.")
    contact = models.CharField(max_length=200, blank=True, help_text="A mailbox or a page for people outside.")
    salt = models.CharField(max_length=32, default=_salt, editable=False, help_text="Codes are made with it.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="there_is_one_public_register")]

    def __str__(self):
        return f"public register, open since {self.open_since}" if self.open_since else "public register, closed"


class Withheld(models.Model):
    """Somebody here keeps one initiative off the public register, with a reason, until it is lifted."""

    initiative = models.ForeignKey("governance.Initiative", models.CASCADE, related_name="withheld")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative"], condition=Q(lifted_at=None), name="withheld_once_at_a_time"),
            models.CheckConstraint(condition=~Q(reason=""), name="what_is_withheld_has_a_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="somebody_lifted_what_was_withheld",
            ),
        ]

    def __str__(self):
        return f"initiative {self.initiative_id} withheld"
