"""Assignments of the matrix, and guardian's direct tables for the permissions they bring."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase


class Row(models.TextChoices):
    """The four decision categories."""

    PILOT = "pilot", _("Pilot go / no-go")
    GO_LIVE = "go_live", _("Production go-live")
    MODIFICATION = "modification", _("Change in production")
    HALT = "halt", _("Halt / roll back")


class Role(models.TextChoices):
    """What somebody is on a row."""

    RESPONSIBLE = "R", _("Responsible")
    ACCOUNTABLE = "A", _("Accountable")
    CONSULTED = "C", _("Consulted")
    INFORMED = "I", _("Informed")
    ESCALATION = "E", _("Escalation owner")


#: Roles that one person holds and must accept.
OFFERED = (Role.ACCOUNTABLE, Role.ESCALATION)


class AssignmentQuerySet(models.QuerySet):
    """The matrix, by what it says now."""

    def standing(self):
        """Assignments that count: R, C and I as soon as they are made, A and E once accepted."""
        return self.filter(ended_at=None, accepted_at__isnull=False)

    def offers(self):
        """Offers of A or E that nobody answered yet (whether or not their time is up)."""
        return self.filter(ended_at=None, accepted_at=None)


class Assignment(models.Model):
    """One holder of one role on one row: a person, or for R, C and I a group."""

    initiative = models.ForeignKey("governance.Initiative", models.PROTECT, related_name="assignments")
    row = models.CharField(max_length=12, choices=Row.choices)
    role = models.CharField(max_length=1, choices=Role.choices)
    person = models.ForeignKey("governance.Person", models.PROTECT, null=True, blank=True, related_name="assignments")
    group = models.ForeignKey("auth.Group", models.PROTECT, null=True, blank=True, related_name="assignments")
    assigned_by = models.ForeignKey("governance.Person", models.PROTECT, null=True, related_name="+")
    assigned_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True, blank=True, help_text="Until when an offer stands.")
    accepted_at = models.DateTimeField(null=True, blank=True)
    material_sha256 = models.CharField(max_length=64, blank=True, help_text="Digest of the material facts accepted.")
    signature = models.ForeignKey("governance.Signature", models.PROTECT, null=True, blank=True, related_name="+")
    grade_waived_because = models.CharField(max_length=300, blank=True, help_text="Tiers 0 and 1 only.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=300, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, group__isnull=True) | Q(person__isnull=True, group__isnull=False),
                name="a_role_has_one_holder",
            ),
            models.CheckConstraint(
                condition=~Q(role__in=["A", "E"]) | Q(group__isnull=True),
                name="accountable_and_escalation_are_people",
                violation_error_message=_("A group cannot be Accountable or Escalation owner. Name one person."),
            ),
            models.UniqueConstraint(
                fields=["initiative", "row", "role"],
                condition=Q(role__in=["A", "E"], accepted_at__isnull=False, ended_at__isnull=True),
                name="one_accountable_and_one_escalation_per_row",
            ),
            models.UniqueConstraint(
                fields=["initiative", "row", "role"],
                condition=Q(role__in=["A", "E"], accepted_at__isnull=True, ended_at__isnull=True),
                name="one_open_offer_per_role",
            ),
            models.UniqueConstraint(
                fields=["initiative", "row", "role", "person"],
                condition=Q(ended_at__isnull=True, accepted_at__isnull=False, person__isnull=False),
                name="nobody_holds_a_role_twice",
            ),
            models.UniqueConstraint(
                fields=["initiative", "row", "role", "group"],
                condition=Q(ended_at__isnull=True, group__isnull=False),
                name="no_group_holds_a_role_twice",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "role"], condition=Q(ended_at=None), name="roles_somebody_holds"),
            models.Index(fields=["answer_by"], condition=Q(ended_at=None, accepted_at=None), name="offers_by_deadline"),
        ]

    def __str__(self):
        return f"{self.role} of {self.row} on {self.initiative_id}"

    @property
    def holder(self):
        """Return the person or the group."""
        return self.person or self.group


class InitiativeUserPermission(UserObjectPermissionBase):
    """guardian's direct table for people: the row dies with its initiative, and needs no text cast."""

    content_object = models.ForeignKey("governance.Initiative", models.CASCADE)


class InitiativeGroupPermission(GroupObjectPermissionBase):
    """guardian's direct table for groups."""

    content_object = models.ForeignKey("governance.Initiative", models.CASCADE)
