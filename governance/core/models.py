"""The installation: one row that says what this database is, for ever."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.core.prepared import Prepared


class Installation(models.Model):
    """This organisation's installation. A database is a demo or a real one for ever."""

    class Kind(models.TextChoices):
        DEMO = "demo", _("Demo")
        REAL = "real", _("Real")

    kind = models.CharField(max_length=4, choices=Kind.choices)
    company = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=60, default="UTC")
    setup_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the one-time set-up link's token; empty once used."
    )
    setting_up = models.BooleanField(
        default=False, help_text="Whether what is left to set up still stands on Home; nobody has put it away."
    )
    clock_offset_seconds = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="there_is_one_installation"),
            models.CheckConstraint(
                condition=models.Q(clock_offset_seconds=0) | models.Q(kind="demo"), name="only_a_demo_moves_its_clock"
            ),
            models.CheckConstraint(
                condition=models.Q(clock_offset_seconds__gte=0), name="the_demo_clock_moves_forward"
            ),
        ]

    def __str__(self):
        return f"{self.company} ({self.kind})"

    @property
    def is_demo(self) -> bool:
        """Whether this is the demo company."""
        return self.kind == self.Kind.DEMO

    @classmethod
    def current(cls) -> "Installation | None":
        """Return the one row, or None before anything was set up. One query."""
        return next(iter(_CURRENT.ask()), None)


_CURRENT: Prepared[Installation] = Prepared(lambda: Installation.objects.filter(pk=1))


class Pulse(models.Model):
    """When something that should happen again and again last did, on the wall clock: the sweep, for one."""

    name = models.CharField(max_length=40, unique=True)
    beat_at = models.DateTimeField()

    def __str__(self):
        return f"{self.name} at {self.beat_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, name: str) -> None:
        """Write that `name` has just happened. One statement, in the caller's transaction if there is one."""
        from governance.core import clock

        cls.objects.bulk_create(
            [cls(name=name, beat_at=clock.wall())],  # type: ignore[list-item]
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["beat_at"],
        )
