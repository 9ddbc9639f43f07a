"""Reviews that were done, and the occasions that were dealt with. When the next review is due stands on the initiative."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReviewOutcome(models.TextChoices):
    """What a review leads to."""

    CONTINUE = "continue", _("Continue")
    PAUSE = "pause", _("Pause the rollout")
    STOP = "stop", _("Stop")
    RETIRE = "retire", _("Retire")


class Review(models.Model):
    """One review: five questions answered by a named person."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="reviews")
    number = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField()
    done_by = models.ForeignKey("governance.Person", models.PROTECT, related_name="+")
    moved = models.TextField(_("what moved since the last review, in business terms"))
    evidence = models.TextField(_("how do you know"))
    went_wrong = models.TextField(_("what went wrong, and who noticed"))
    people = models.TextField(_("is everybody named here still the right person"))
    next_step = models.TextField(_("what happens next"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=ReviewOutcome.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "number"], name="reviews_are_numbered"),
            models.UniqueConstraint(fields=["initiative", "due_at"], name="one_review_per_due_date"),
        ]

    def __str__(self):
        return f"review {self.number} of {self.initiative_id}"


class Told(models.Model):
    """One occasion of one thing that was dealt with: whoever looks at the clocks again finds it here and does nothing.

    Written with the notices it owed, in one transaction.
    """

    occasion = models.CharField(
        max_length=40, help_text="Code of the occasion in clocks.py, which says what kind of thing it is about."
    )
    thing_id = models.BigIntegerField()
    since = models.DateTimeField(help_text="What this clock counts from; a new instant begins a new round.")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "thing_id", "since"], name="an_occasion_is_dealt_with_once")
        ]

    def __str__(self):
        return f"{self.occasion} of {self.thing_id}, counted from {self.since:%Y-%m-%d %H:%M}"
