"""Notices: what one person is told about one thing, once per channel; and the e-mails that carry them."""

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
    initiative = models.ForeignKey(
        "governance.Initiative", models.PROTECT, null=True, blank=True, related_name="notices"
    )
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True, help_text="Lines; the first says what it is about.")
    action = models.CharField(max_length=60, blank=True, help_text="Words on the button; empty means open it.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="Until when something is wanted, if anything is.")
    path = models.CharField(max_length=300, blank=True, help_text="Where it leads, without the host.")
    why = models.CharField(max_length=200, help_text="Why this person gets it.")
    mute_path = models.CharField(
        max_length=300, blank=True, help_text="Where they may say that they want no more of these, without the host."
    )
    is_binding = models.BooleanField(default=False, help_text="Goes at once; the rest joins the daily digest.")
    owed_at = models.DateTimeField(help_text="On the product's clock.")
    send_at = models.DateTimeField(help_text="When it may go: at once, or with the digest.")
    message = models.ForeignKey(
        "governance.Message",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="notices",
        help_text="The e-mail that carries it.",
    )
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="On the product's clock; on the portal, when it was owed."
    )
    dropped_because = models.CharField(
        max_length=60, blank=True, help_text="Why it was not sent after all: they left, or may not see it any more."
    )
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "about", "occasion", "channel"],
                name="one_notice_per_person_thing_occasion_and_channel",
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(dropped_because=""), name="a_notice_that_was_dropped_was_not_sent"
            ),
        ]
        indexes = [
            # What still needs a message: WHERE message IS NULL AND … AND send_at <= at.
            models.Index(
                fields=["send_at"],
                condition=Q(channel="email", message=None, sent_at=None, dropped_because=""),
                name="notices_without_a_message",
            ),
            models.Index(fields=["person", "-owed_at"], condition=Q(channel="portal"), name="notices_of_a_person"),
        ]

    def __str__(self):
        return f"{self.occasion} of {self.about} to {self.person_id} by {self.channel}"


class Message(models.Model):
    """One e-mail to one person: one binding notice, or everything of a day's digest.

    Made before it is sent, so that a repeat after a crash carries the same Message-ID. What was really
    sent is kept as it was sent.
    """

    message_id = models.CharField(
        max_length=160,
        unique=True,
        help_text="Derived from what it carries; the same however often it goes over the wire.",
    )
    person = models.ForeignKey("governance.Person", models.PROTECT, related_name="messages")
    send_at = models.DateTimeField(help_text="When the most urgent notice in it may go.")
    # Delivery. Attempt is the fencing number: only who claimed this attempt may mark it.
    attempt = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="Nobody else tries before; on the wall clock."
    )
    sent_at = models.DateTimeField(null=True, blank=True, help_text="On the product's clock.")
    failed_at = models.DateTimeField(
        null=True, blank=True, help_text="Given up after several attempts; on the product's clock."
    )
    error = models.CharField(max_length=300, blank=True, help_text="What the last attempt met.")
    # What was sent
    to_address = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=250, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(failed_at=None), name="a_message_was_sent_or_given_up"
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | (~Q(to_address="") & ~Q(text="") & Q(attempt__gte=1)),
                name="a_sent_message_is_kept_as_it_was_sent",
            ),
        ]
        indexes = [
            # What is due: WHERE sent_at IS NULL AND failed_at IS NULL ORDER BY send_at.
            models.Index(fields=["send_at"], condition=Q(sent_at=None, failed_at=None), name="messages_to_send"),
            models.Index(fields=["-sent_at"], condition=Q(sent_at__isnull=False), name="messages_sent"),
        ]

    def __str__(self):
        return f"{self.message_id} to {self.person_id}"
