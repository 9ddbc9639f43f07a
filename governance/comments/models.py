"""Comments, the texts they had before, and who watches what."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Comment(models.Model):
    """What one person said about one initiative: it opens a thread, or replies to the comment that did."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="comments")
    number = models.PositiveIntegerField(help_text="Of this initiative's comments; none is ever taken away.")
    thread = models.PositiveIntegerField(help_text="Number of the comment that opened the thread; its own, if it did.")
    author = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    text = models.TextField(_("comment"))
    mentioned = models.ManyToManyField("governance.Person", related_name="+", help_text="Who was told of it by name.")
    written_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, help_text="How many texts it has had.")
    edited_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "number"], name="comments_are_numbered"),
            models.CheckConstraint(condition=~Q(text=""), name="a_comment_says_something"),
            models.CheckConstraint(
                condition=Q(thread__gte=1) & Q(thread__lte=F("number")), name="a_reply_follows_what_it_answers"
            ),
            models.CheckConstraint(
                condition=Q(version=1, edited_at__isnull=True) | Q(version__gte=2, edited_at__isnull=False),
                name="an_edited_comment_says_when",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False, thread=F("number")),
                name="a_thread_is_resolved_by_somebody",
            ),
        ]
        indexes = [
            # The replies of the threads on a page: WHERE initiative AND thread IN (…) ORDER BY number.
            models.Index(fields=["initiative", "thread", "number"], name="comments_by_thread"),
            # What was said lately: the sweep.
            models.Index(fields=["written_at"], name="comments_by_instant"),
        ]

    def __str__(self):
        return f"comment {self.number} of {self.initiative_id}"

    def get_absolute_url(self):
        """Return where it stands: on the page of its thread. Reads the initiative."""
        return f"{reverse('comments:thread', args=[self.initiative.key, self.thread])}#c{self.number}"

    @property
    def opens(self) -> bool:
        """Whether it opened its thread."""
        return self.thread == self.number


class Wording(models.Model):
    """One text that a comment had before its author edited it."""

    comment = models.ForeignKey(Comment, models.PROTECT, related_name="wordings")
    version = models.PositiveIntegerField()
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "version"], name="earlier_texts_are_numbered")]

    def __str__(self):
        return f"text {self.version} of comment {self.comment_id}"


class Hears(models.TextChoices):
    """Why somebody hears of comments, or that they want to hear none."""

    CHOSEN = "chosen", _("You chose to.")
    COMMENTED = "commented", _("You commented.")
    MENTIONED = "mentioned", _("Somebody mentioned you.")
    MUTED = "muted", _("You muted it.")


class Watch(models.Model):
    """Whether one person hears of the comments on one initiative, beyond what follows from their part in it."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="watches")
    person = models.ForeignKey("governance.Person", models.PROTECT, related_name="watches")
    hears = models.CharField(max_length=10, choices=Hears.choices)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "person"], name="somebody_watches_it_once"),
            models.CheckConstraint(condition=Q(hears__in=Hears.values), name="who_watches_says_why"),
        ]

    def __str__(self):
        return f"{self.person_id} on {self.initiative_id}: {self.hears}"
