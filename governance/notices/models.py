"""Notices: what one person is told about one thing, once per channel."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """How a notice reaches somebody."""

    PORTAL = "portal", _("Portal")
    EMAIL = "email", _("E-mail")


class Notice(models.Model):
    """One message one person is owed, once, on one channel."""

    person = models.ForeignKey("governance.Person", models.PROTECT, related_name="notices")
    about = models.CharField(max_length=80, help_text="What it is about, as a key: decision:12, unit:4, initiative:7.")
    occasion = models.CharField(max_length=60, help_text="Which occasion of that thing: asked, reminder-48h, overdue.")
    channel = models.CharField(max_length=6, choices=Channel.choices)
    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, null=True, blank=True, related_name="notices")
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    path = models.CharField(max_length=300, blank=True, help_text="Where it leads, without the host.")
    why = models.CharField(max_length=200, help_text="Why this person gets it.")
    is_binding = models.BooleanField(default=False, help_text="Goes at once; the rest joins the daily digest.")
    owed_at = models.DateTimeField(help_text="On the product's clock.")
    send_at = models.DateTimeField(help_text="When it may go: at once, or with the digest.")
    # Delivery. Attempt is the fencing number: only who claimed this attempt may mark it.
    attempt = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="On the wall clock.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="On the product's clock.")
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    digest_key = models.CharField(max_length=40, blank=True, help_text="Message that carried it, when it went in a digest.")
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "about", "occasion", "channel"], name="one_notice_per_person_thing_occasion_and_channel"),
        ]
        indexes = [
            # What is due: WHERE sent_at IS NULL AND failed_at IS NULL AND send_at <= at.
            models.Index(fields=["send_at"], condition=Q(sent_at=None, failed_at=None), name="notices_due"),
            models.Index(fields=["person", "-owed_at"], condition=Q(channel="portal"), name="notices_of_a_person"),
        ]

    def __str__(self):
        return f"{self.occasion} of {self.about} to {self.person_id} by {self.channel}"
