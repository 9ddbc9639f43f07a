"""The policy's versions: append-only, numbered, with the digest that decisions record."""

from django.db import models


class PolicyVersion(models.Model):
    """One version of the whole policy as it stood; decisions name the number they were made under."""

    number = models.PositiveIntegerField(unique=True)
    body = models.JSONField()
    sha256 = models.CharField(max_length=64)
    made_by = models.CharField(max_length=60, help_text="Ledger actor.")
    made_at = models.DateTimeField()

    def __str__(self):
        return f"policy version {self.number}"
