"""Profiles kept here, batches, the rows staged for them, and where an initiative came from."""

from django.db import models
from django.db.models import Q


class KeptProfile(models.Model):
    """A profile that did not come with Mandate: its TOML text, as somebody wrote it or the page did."""

    name = models.SlugField(max_length=60, unique=True)
    text = models.TextField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="a_profile_says_something")]

    def __str__(self):
        return f"profile {self.name}"


class Batch(models.Model):
    """One import of one file under one profile."""

    profile = models.CharField(max_length=60)
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    began_by = models.CharField(max_length=60, help_text="Ledger actor.")
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    def __str__(self):
        return f"batch {self.pk} of {self.profile}"


class Staged(models.Model):
    """One record read from the file, before it is applied."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rows")
    record = models.PositiveIntegerField(help_text="Counting the header as 1.")
    identity = models.CharField(max_length=400)
    occurrence = models.PositiveIntegerField(default=1, help_text="Equal identities are told apart by their order.")
    raw_sha256 = models.CharField(max_length=64)
    values = models.JSONField()
    problems = models.JSONField(default=list, blank=True)
    applied = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "record"], name="a_record_is_staged_once"),
            models.UniqueConstraint(
                fields=["batch", "identity", "occurrence"], name="staged_identities_are_told_apart"
            ),
        ]
        indexes = [models.Index(fields=["batch", "record"], condition=Q(applied=False), name="rows_still_to_apply")]

    def __str__(self):
        return f"record {self.record} of batch {self.batch_id}"


class Origin(models.Model):
    """The record of a register that an initiative came from, and what the register last said."""

    initiative = models.OneToOneField("governance.Initiative", models.CASCADE, related_name="origin")
    profile = models.CharField(max_length=60)
    identity = models.CharField(max_length=400)
    occurrence = models.PositiveIntegerField(default=1)
    raw_sha256 = models.CharField(max_length=64)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")
    stated = models.JSONField(default=dict, blank=True, help_text="What the register states, by our field names.")
    kept = models.JSONField(default=dict, blank=True, help_text="Cells kept verbatim because they could not be read.")
    says = models.JSONField(default=list, blank=True, help_text="What the register says that was not applied here.")
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "identity", "occurrence"], name="one_initiative_per_record_of_a_register"
            ),
        ]

    def __str__(self):
        return f"{self.identity} in {self.profile}"
