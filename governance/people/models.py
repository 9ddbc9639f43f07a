"""Persons, the units they work in, and who stands in for them."""

import unicodedata
from datetime import time

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class UnitQuerySet(models.QuerySet):
    """Units that chain."""

    def active(self):
        """Only units that still exist in the organisation."""
        return self.filter(is_active=True)


class Unit(models.Model):
    """A part of the organisation. A unit without a parent stands at the top; calendars are inherited."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    leader = models.ForeignKey(
        "governance.Person", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("leader")
    )
    is_active = models.BooleanField(default=True)

    # The calendar: empty means the parent's, at the top Monday to Friday until 17:00 in the installation's zone.
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    working_days = models.CharField(
        _("working days"), max_length=7, blank=True, help_text="Days as digits, Monday 0 to Sunday 6."
    )
    closes_at = models.TimeField(_("the day ends at"), null=True, blank=True)
    holidays = models.JSONField(
        _("holidays"), default=list, blank=True, help_text="ISO dates, each with what the day is called."
    )

    objects = UnitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                F("parent"),
                name="one_unit_of_a_name_under_a_parent",
                violation_error_message=_("There is a unit of this name here already."),
            ),
            models.UniqueConstraint(
                Lower("name"),
                condition=Q(parent__isnull=True),
                name="one_unit_of_a_name_at_the_top",
                violation_error_message=_("There is a unit of this name at the top already."),
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="a_unit_is_not_its_own_parent"),
        ]

    def __str__(self):
        return f"{self.name} ({self.slug})"


def address(email: str) -> str:
    """Return an e-mail address as it is kept and compared: without regard to case, or to letters that only look different."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


class PersonManager(BaseUserManager["Person"]):
    """Makes people; addresses are compared without regard to case."""

    def get_by_natural_key(self, username):
        return self.get(email=address(username))

    def active(self):
        """Only people who have not left."""
        return self.filter(is_active=True)

    def create_user(self, email: str, name: str, password: str | None = None, **fields):
        """Make a person; without a password they cannot sign in until an invitation sets one."""
        person = self.model(email=address(email), name=name, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who works here, or did. People are deactivated, never deleted; addresses stay taken."""

    email = models.EmailField(_("e-mail address"), max_length=254)
    name = models.CharField(_("name"), max_length=200)
    title = models.CharField(_("title"), max_length=200, blank=True)
    grade = models.CharField(
        _("grade"), max_length=40, blank=True, help_text="One of the policy's grades; unknown is below the VP line."
    )
    job_family = models.CharField(_("job family"), max_length=60, blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("unit"))
    manager = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reports", verbose_name=_("manager")
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, help_text="Empty means the company's.")
    language = models.CharField(_("language"), max_length=10, blank=True)
    spend_limit = models.DecimalField(
        _("spend limit"), max_digits=14, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    is_functional_lead = models.BooleanField(
        _("listed functional lead"), default=False, help_text="Counts as VP in a company of up to 500 people."
    )
    is_active = models.BooleanField(_("active"), default=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    joined_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    sign_outs = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often every session was ended at once."
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = PersonManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_person_per_address",
                violation_error_message=_(
                    "Somebody has this e-mail address already. Addresses of people who left stay taken."
                ),
            ),
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(left_on__isnull=False), name="who_is_inactive_left_on_a_day"
            ),
            models.CheckConstraint(condition=~Q(manager=F("id")), name="nobody_manages_themselves"),
            # Administrators hold no decision rights, and the product makes no superusers at all.
            models.CheckConstraint(condition=Q(is_superuser=False), name="nobody_is_a_superuser"),
        ]
        permissions = []

    def __str__(self):
        return f"{self.name} ({self.email})"

    def save(self, *args, **kwargs):
        self.email = address(self.email)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        """Return the address of this person's page."""
        return reverse("people:person", args=[self.pk])

    def _get_session_auth_hash(self, secret=None):
        """Return what a session must hold to go on: another after a new password, or when all were ended."""
        return salted_hmac(
            "mandate.session", f"{self.sign_outs}:{self.password}", secret=secret, algorithm="sha256"
        ).hexdigest()

    # Mutators

    def locked(self):
        """Return this person as the database has them now, locked until the act closes. One query."""
        return Person.objects.select_for_update(of=("self",), no_key=True).get(pk=self.pk)

    def end_sessions(self):
        """End every session of theirs, inside an act; one goes on where its page renews it. One statement."""
        Person.objects.filter(pk=self.pk).update(sign_outs=F("sign_outs") + 1)

    # Properties

    @property
    def is_staff(self) -> bool:
        """The admin site is off, so nobody is staff in Django's sense."""
        return False

    @property
    def short_name(self) -> str:
        """Return the given name and the first letter of the family name: Priya N."""
        first, *rest = self.name.split()
        return f"{first} {rest[-1][0]}" if rest else first

    def get_short_name(self):
        return self.short_name

    def get_full_name(self):
        return self.name


class Deputy(models.Model):
    """Somebody who may stop for a person while that person is away; never pass a gate."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="deputies", verbose_name=_("for"))
    deputy = models.ForeignKey(Person, models.PROTECT, related_name="deputises", verbose_name=_("deputy"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(person=F("deputy")),
                name="nobody_is_their_own_deputy",
                violation_error_message=_("Choose somebody else as deputy."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="a_deputy_ends_after_the_start",
                violation_error_message=_("The last day must not be before the first."),
            ),
        ]
        indexes = [models.Index(fields=["deputy", "ends_on"], name="deputy_of_whom_today")]

    def __str__(self):
        return f"{self.deputy_id} for {self.person_id}, {self.starts_on} to {self.ends_on}"


class Invitation(models.Model):
    """A one-time link that lets a person set their password. Only the token's digest is kept."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="invitations")
    token_digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return f"invitation {self.pk} for {self.person_id}"


class Identity(models.Model):
    """Who a person is at the company's OpenID provider, remembered from the first time they came from there."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_person_per_subject"),
            models.UniqueConstraint(fields=["person", "issuer"], name="one_subject_per_person"),
        ]

    def __str__(self):
        return f"{self.subject} at {self.issuer}"


class Provided(models.Model):
    """A function that came from the company's OpenID provider, which alone takes it back. One given by hand has no row."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="provided")
    function = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "function"], name="a_function_is_provided_once")]

    def __str__(self):
        return f"{self.function} for {self.person_id}"


#: When a working day ends where no unit says otherwise.
DAY_ENDS = time(17, 0)
