"""Profiles kept here, batches, the rows staged for them, where an initiative came from, and whom the directory lists."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class KeptProfile(models.Model):
    """A profile that did not come with Mandate: its TOML text, as somebody wrote it or the page did."""

    name = models.SlugField(max_length=60, unique=True)
    text = models.TextField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="a_profile_says_something")]

    def __str__(self):
        return f"profile {self.name}"


class State(models.TextChoices):
    """Where an import stands. One that the command makes is not under way for anybody else, and goes straight to done."""

    COMMAND = "command", _("Being imported by a command")
    RECEIVING = "receiving", _("Coming in")
    READING = "reading", _("Being read")
    MAPPING = "mapping", _("Waiting to be told what its columns mean")
    READY = "ready", _("Ready to import")
    APPLYING = "applying", _("Being imported")
    DONE = "done", _("Imported")
    UNDOING = "undoing", _("Being taken back")
    UNDONE = "undone", _("Taken back")
    FAILED = "failed", _("Could not be read")
    SET_ASIDE = "set_aside", _("Set aside")


class Kind(models.TextChoices):
    """What a file that comes in lists."""

    REGISTER = "register", _("Uses of AI")
    DIRECTORY = "directory", _("People")


class Batch(models.Model):
    """One import of one file: a register under one profile, or a directory of people under none."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.REGISTER)
    profile = models.CharField(max_length=60, blank=True, help_text="Empty until somebody said what its columns mean.")
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64, blank=True, help_text="Empty until it was read.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.COMMAND)
    encoding = models.CharField(max_length=40, blank=True, help_text="As declared by whoever brought it.")
    layout = models.JSONField(
        default=dict, blank=True, help_text="How the file was read: shape, titles, places, found."
    )
    records = models.PositiveIntegerField(default=0)
    failed_because = models.TextField(blank=True)
    person = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")
    began_by = models.CharField(max_length=60, help_text="Ledger actor.")
    began_at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True, blank=True, help_text="When a worker last went on with it; wall clock.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began since one got further.")
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="an_import_is_in_a_known_state"),
            models.CheckConstraint(
                condition=Q(kind=Kind.REGISTER) | Q(kind=Kind.DIRECTORY, profile=""), name="a_directory_has_no_profile"
            ),
        ]

    def __str__(self):
        return f"import {self.number} under {self.profile}" if self.profile else f"import {self.number} of people"

    def get_absolute_url(self):
        """Return the address of its page."""
        page = "registers:directory" if self.kind == Kind.DIRECTORY else "registers:batch"
        return reverse(page, args=[self.number])

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has something to do with it."""
        return self.state in (State.READING, State.APPLYING, State.UNDOING)


class FilePart(models.Model):
    """A part of a file somebody brought, until it was read: every worker can get at it, and no disk is shared."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="a_part_of_a_file_is_kept_once")]

    def __str__(self):
        return f"part {self.number} of {self.batch_id}"


class Staged(models.Model):
    """One record read from the file, before it is applied."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rows")
    record = models.PositiveIntegerField(help_text="The row of the file, counted from 1.")
    identity = models.CharField(max_length=400)
    occurrence = models.PositiveIntegerField(default=1, help_text="Equal identities are told apart by their order.")
    raw_sha256 = models.CharField(max_length=64)
    cells = models.JSONField(default=list, blank=True, help_text="The row as it came, where it can be fixed in place.")
    values = models.JSONField()
    problems = models.JSONField(default=list, blank=True)
    how = models.CharField(max_length=9, blank=True, help_text="What becomes of it, or became of it.")
    changes = models.JSONField(
        default=list, blank=True, help_text="Field, what is here, what the register says, applied."
    )
    needs = models.BooleanField(default=False, help_text="Whether somebody has to look at it.")
    twin = models.CharField(max_length=60, blank=True, help_text="What it may be a duplicate of.")
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


class Before(models.Model):
    """What an import found of an initiative it changed: kept for as long as it can be taken back."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="before")
    initiative = models.ForeignKey("governance.Initiative", models.CASCADE, related_name="+")
    fields = models.JSONField(encoder=DjangoJSONEncoder)
    origin = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "initiative"], name="what_was_before_an_import_is_kept_once")
        ]

    def __str__(self):
        return f"initiative {self.initiative_id} before import {self.batch_id}"


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


class Listed(models.Model):
    """Somebody whom the directory lists: who was in a file of people that was imported, and in which one last."""

    person = models.OneToOneField("governance.Person", models.CASCADE, related_name="listed")
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")

    def __str__(self):
        return f"{self.person_id} in import {self.batch_id}"
