"""The initiative: one governed use of AI, from idea to retirement. Its steps are in lifecycle.py."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import F, Q, Value
from django.db.models.base import ModelState
from django.db.models.functions import Coalesce, Lower
from django.db.transaction import TransactionManagementError
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.translation import gettext_lazy as _

from governance.core.fields import SharedKey
from governance.core.prepared import KEY, Prepared
from governance.initiatives.lifecycle import Lifecycle, Stage
from governance.people import functions


class Capability(models.TextChoices):
    """Draft only: nothing leaves or changes until a named person releases it. Can act: everything else."""

    DRAFT_ONLY = "draft_only", _("Draft only")
    CAN_ACT = "can_act", _("Can act")


class Exposure(models.TextChoices):
    """Who meets what it produces."""

    INTERNAL = "internal", _("Inside the company")
    CUSTOMERS = "customers", _("Customers or the public")


class VisibleQuerySet(models.QuerySet):
    """Initiatives, or their rows of the catalog, by who may see them."""

    def visible_to(self, person, at: datetime | None = None):
        """Only what `person` may see at `at`; a restricted one leaves no trace for others.

        The grants are asked as `pk IN (person's rows UNION groups' rows)` on the one codename `see`,
        also for those whose active deputy this person is. At most two queries, for functions and
        deputies, kept on the person; without `at` one more, for the clock.
        """
        from governance.raci import grants

        if person is None or not person.is_active:
            return self.none()
        if functions.has(person, *functions.SEES_ALL):
            return self
        return self.visible_by(grants.eyes(person, at))

    def visible_by(self, people: Sequence[Any]):
        """Only what is open to all, or was granted to any of `people`: ids, or their holes. No query."""
        from governance.raci import grants

        return self.filter(Q(restricted=False) | Q(pk__in=grants.seen_by(people)))


class InitiativeQuerySet(VisibleQuerySet):
    """Initiatives, by who may see them and where they stand."""

    def in_use(self):
        """Discovered, pilot, funding, build or production."""
        return self.filter(stage__in=Stage.in_use())

    def unowned(self):
        """In use without an accepted business owner: the ownership clock runs."""
        return self.in_use().exclude(unowned_since=None)

    def update(self, **kwargs):
        """Refuse a stage: it changes through a step only."""
        if "stage" in kwargs:
            raise AttributeError("stage changes through a step only, see initiatives/steps.py.")
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]


class InitiativeManager(models.Manager.from_queryset(InitiativeQuerySet)):  # type: ignore[misc]
    """Every initiative, and the lock every act begins with."""

    def lock(self, pk: int) -> "Initiative":
        """Return the initiative with its row locked until the transaction ends. The first lock of any act.

        On SQLite the write lock was taken when the transaction began (BEGIN IMMEDIATE). One query. Raises
        DoesNotExist, and TransactionManagementError where no transaction could hold the lock.
        """
        if not connection.in_atomic_block:
            raise TransactionManagementError("An initiative is locked in a transaction, see ledger.act.")
        for locked in _LOCKED.ask(pk=pk):
            return locked
        raise Initiative.DoesNotExist


class Initiative(Lifecycle):
    """One governed use of AI. Moves one stage at a time, through steps.move or steps.admit only."""

    # What it is
    number = models.PositiveIntegerField(unique=True, editable=False, help_text="AI-42 is number 42; never reused.")
    name = models.CharField(_("name"), max_length=200)
    purpose = models.TextField(_("what it is for"), blank=True)
    not_for = models.TextField(_("what it is not for"), blank=True)
    known_limits = models.TextField(_("known limits"), blank=True)
    how_to_get = models.TextField(_("how to get it"), blank=True)
    today = models.TextField(_("who does this work today, and how often"), blank=True)
    could_go_wrong = models.TextField(_("what could go wrong"), blank=True)
    vendor = models.CharField(_("vendor or model"), max_length=200, blank=True)
    capability = models.CharField(_("capability"), max_length=10, choices=Capability.choices, blank=True)
    tools = models.TextField(_("tools it may use"), blank=True, help_text="One a line.")
    tags = models.TextField(_("tags"), blank=True, help_text="Each between two spaces, see tags.py.")
    exposure = models.CharField(_("who meets what it produces"), max_length=10, choices=Exposure.choices, blank=True)
    tier_proposed = models.PositiveSmallIntegerField(
        _("proposed tier"), null=True, blank=True, validators=[MaxValueValidator(4)]
    )
    tier = models.PositiveSmallIntegerField(
        _("tier"), null=True, blank=True, editable=False, validators=[MaxValueValidator(4)]
    )
    tier_confirmed_by = models.ForeignKey(
        "governance.Person", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    tier_confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    # The bad-call line: who is paged is the Escalation owner of halt
    breaks = models.CharField(_("what breaks when it makes a bad call"), max_length=300, blank=True)
    rollback_how = models.CharField(_("how it is stopped and rolled back"), max_length=300, blank=True)
    rollback_minutes = models.PositiveIntegerField(
        _("minutes until it is rolled back"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    fallback = models.TextField(_("what people do while it is stopped"), blank=True)

    # Where it belongs
    unit = models.ForeignKey(
        "governance.Unit", models.PROTECT, null=True, blank=True, related_name="initiatives", verbose_name=_("unit")
    )
    receiving_unit = models.ForeignKey(
        "governance.Unit",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("unit that takes most of the output"),
    )
    building_unit = models.ForeignKey(
        "governance.Unit",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("unit that builds or runs it"),
    )
    registrant = models.ForeignKey(
        "governance.Person", models.PROTECT, null=True, blank=True, editable=False, related_name="registered"
    )
    workflow_owner = models.ForeignKey(
        "governance.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="workflows",
        verbose_name=_("workflow owner"),
    )
    restricted = models.BooleanField(_("restricted"), default=False)

    # The pilot's scope and its gate
    scope_who = models.CharField(_("who takes part in the pilot"), max_length=200, blank=True)
    scope_people = models.PositiveIntegerField(_("how many people take part"), null=True, blank=True)
    scope_limit = models.CharField(_("how much it may do in the pilot"), max_length=200, blank=True)
    scope_until = models.DateField(_("last day of the pilot"), null=True, blank=True)
    gate_on = models.DateField(_("day of the funding gate"), null=True, blank=True)

    # Kept by the machine
    stage_since = models.DateTimeField(editable=False)
    stopped_from = models.CharField(max_length=10, choices=Stage.choices, blank=True, editable=False)
    pilot_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="First pilot go; day 90 counts from here, once."
    )
    live_since = models.DateTimeField(null=True, blank=True, editable=False)
    retiring_since = models.DateTimeField(null=True, blank=True, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    unowned_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The ownership clock; empty while somebody accepted."
    )
    nobody_known_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Somebody asked who would be called first, and found nobody."
    )
    review_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    evidence_due_on = models.DateField(
        null=True, blank=True, editable=False, help_text="Admitted with evidence missing, due on this day."
    )
    rollout_paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    rollout_paused_by = models.ForeignKey(
        "governance.Person", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    rollout_paused_because = models.CharField(max_length=300, blank=True, editable=False)
    next_number = models.PositiveIntegerField(default=1, editable=False, help_text="Number of its next decision.")
    registered_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = InitiativeManager()

    class Meta:
        permissions = [
            ("see", "See"),
            ("amend", "Amend"),
            ("propose", "Propose names"),
            ("ask_pilot", "Ask for the pilot go"),
            ("ask_go_live", "Ask for funding and go-live"),
            ("ask_modification", "Ask for a change"),
            ("ask_halt", "Ask for restart"),
            ("decide_pilot", "Decide the pilot go"),
            ("decide_go_live", "Decide funding and go-live"),
            ("decide_modification", "Decide a change"),
            ("decide_halt", "Decide halt and restart"),
            ("stop", "Stop"),
            ("pause", "Pause the rollout"),
        ]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="a_stage_is_a_known_one"),
            models.CheckConstraint(
                condition=~Q(stage="stopped") | ~Q(stopped_from=""), name="stopped_knows_where_it_was"
            ),
            models.CheckConstraint(
                condition=~Q(stage="retired") | Q(retired_at__isnull=False), name="retired_has_its_instant"
            ),
            models.CheckConstraint(
                condition=Q(tier__isnull=True) | Q(tier_confirmed_at__isnull=False), name="a_tier_was_confirmed"
            ),
            models.CheckConstraint(condition=Q(tier__isnull=True) | Q(tier__lte=4), name="tiers_end_at_four"),
            models.CheckConstraint(condition=Q(number__gte=1), name="keys_start_at_one"),
            models.CheckConstraint(
                condition=Q(tags="") | Q(tags__startswith=" ", tags__endswith=" "), name="tags_stand_between_spaces"
            ),
        ]
        indexes = [
            models.Index(fields=["stage", "restricted", "number"], name="initiatives_by_stage"),
            models.Index(Lower("name"), "number", name="initiatives_by_name"),
            models.Index(fields=["review_due_at"], condition=Q(review_due_at__isnull=False), name="reviews_by_due"),
            models.Index(fields=["unowned_since"], condition=Q(unowned_since__isnull=False), name="ownership_clocks"),
            models.Index(fields=["stage_since"], condition=Q(stage__in=["stopped", "build"]), name="stages_that_wait"),
        ]

    def __str__(self):
        return f"{self.key} {self.name}"

    @classmethod
    def from_db(cls, db, field_names, values):
        """Return a row as it stands in the database: a list reads a hundred thousand, and setting field by field takes longest.

        What Django does besides is for rows that are new: defaults, and signals that nobody here hears.
        """
        row = cls.__new__(cls)
        row._state = ModelState()
        row._state.adding, row._state.db = False, db
        row.__dict__.update(zip(field_names, values, strict=True))
        return row

    def get_absolute_url(self):
        """Return the address of the overview page."""
        before, after = _around_the_key(get_urlconf(), get_script_prefix())
        return f"{before}{self.key}{after}"

    # Properties

    @property
    def key(self) -> str:
        """Return the short key people use: AI-42."""
        return f"AI-{self.number}"

    @property
    def stage_label(self):
        """Return the stage as pages say it."""
        return Stage(self.stage).label

    @property
    def is_in_use(self) -> bool:
        """Whether it is discovered, in pilot, at its funding gate, in build or in production."""
        return self.stage in Stage.in_use()

    @property
    def is_running(self) -> bool:
        """Whether a stop means something: any stage in use."""
        return self.is_in_use

    @property
    def is_retiring(self) -> bool:
        """Whether retirement has begun and its postmortem is not published yet."""
        return self.retiring_since is not None and self.stage != Stage.RETIRED

    @property
    def can_act(self) -> bool:
        """Whether it changes something itself."""
        return self.capability == Capability.CAN_ACT

    @property
    def evidence_missing(self) -> bool:
        """Whether a register admitted it with no evidence here."""
        return self.evidence_due_on is not None

    @property
    def tag_words(self) -> list[str]:
        """Return its tags, by the alphabet."""
        return self.tags.split()

    @property
    def output_unit(self):
        """Return the unit that takes most of the output; unless said otherwise, its own."""
        return self.receiving_unit or self.unit

    def is_rollout_paused(self) -> bool:
        """Whether the rollout is paused: it runs on and must not expand."""
        return self.rollout_paused_at is not None

    def days_in_stage(self, at: datetime) -> int:
        """Return whole days since the stage began."""
        return max((at - self.stage_since).days, 0)


_LOCKED: Prepared[Initiative] = Prepared(
    lambda pk: Initiative.objects.select_for_update(of=("self",)).filter(pk=pk), pk=KEY
)


@lru_cache(maxsize=8)
def _around_the_key(urlconf: str | None, prefix: str) -> tuple[str, str]:
    """Return what stands before and after the key in the address of an initiative: a list asks for fifty of them."""
    before, _key, after = reverse("initiatives:show", args=["AI-1"], urlconf=urlconf).rpartition("AI-1")
    return before, after


class KeyCounter(models.Model):
    """The one row that hands out numbers; locked just before the ledger's head. Gaps are fine, reuse is not."""

    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="there_is_one_key_counter")]

    def __str__(self):
        return f"last key AI-{self.last}"

    @classmethod
    def take(cls, count: int = 1) -> int:
        """Return the first of `count` numbers nobody had. Two queries, inside the caller's transaction."""
        cls.objects.filter(pk=1).update(last=F("last") + count)
        return cls.objects.values_list("last", flat=True).get(pk=1) - count + 1


class SearchText(models.Model):
    """All words of one initiative, written in the transaction that changes them (see search.py)."""

    initiative = models.OneToOneField(Initiative, models.CASCADE, primary_key=True, related_name="search_text")
    body = models.TextField()

    def __str__(self):
        return f"words of {self.initiative_id}"


#: What of a row of the catalog holds few different values: rows that are alike in all of it are counted together.
KINDS_OF_ROWS = (
    *("restricted", "stage", "tier", "capability", "unit_id", "tags", "owned", "metric", "way_back", "threshold"),
    *("measured", "figure", "money_asked", "signing", "stop_unconfirmed", "retiring_since"),
)


class CatalogRow(models.Model):
    """What the catalog asks about one initiative, and nothing else. Nobody writes it: the database does (catalog_keeping.py).

    Of a hundred thousand initiatives it is a tenth of what they hold, and says of each what else stands in seven tables.
    """

    initiative = SharedKey(Initiative, models.DO_NOTHING, primary_key=True, related_name="row")

    # As they stand in the initiative
    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=200)
    stage = models.CharField(max_length=10)
    place = models.PositiveSmallIntegerField(
        help_text="Of its stage in the order of a life; what is not known comes last."
    )
    tier = models.PositiveSmallIntegerField(null=True)
    capability = models.CharField(max_length=10)
    unit_id = models.BigIntegerField(null=True)
    restricted = models.BooleanField()
    tags = models.TextField()
    stage_since = models.DateTimeField()
    pilot_since = models.DateTimeField(null=True)
    retiring_since = models.DateTimeField(null=True)
    unowned_since = models.DateTimeField(null=True)
    review_due_at = models.DateTimeField(null=True)
    gate_on = models.DateField(null=True)
    way_back = models.BooleanField()

    # As they follow from what hangs on it
    owner_id = models.BigIntegerField(null=True, help_text="The business owner who accepted and is here.")
    owner_name = models.CharField(max_length=200, db_default="")
    owned = models.BooleanField(db_default=False)
    metric = models.BooleanField(db_default=False)
    threshold = models.BooleanField(db_default=False)
    measured = models.BooleanField(db_default=False)
    figure = models.BooleanField(db_default=False, help_text="Somebody confirmed one.")
    money_asked = models.BooleanField(db_default=False)
    signing = models.BooleanField(db_default=False)
    stop_unconfirmed = models.BooleanField(db_default=False)
    open_due_at = models.DateTimeField(null=True, help_text="Of its first open decision.")
    open_kind = models.CharField(max_length=14, db_default="")
    day_90_asked = models.BooleanField(db_default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        indexes = [
            # Whether it is restricted stands in each, so that counting and ordering what somebody may see reads no row.
            # None begins with the stage: SQLite would take that and then sort, where the order it is asked for is at hand.
            models.Index(Lower("name"), "number", "restricted", "stage", name="catalog_by_name"),
            models.Index(Coalesce("tier", Value(-1)), "number", "restricted", name="catalog_by_tier"),
            models.Index(fields=["place", "number", "restricted"], name="catalog_by_place"),
            models.Index(fields=["restricted", "stage"], name="catalog_by_restriction"),
            models.Index(fields=["restricted", "tags"], condition=~Q(tags=""), name="catalog_by_tag"),
            models.Index(fields=["owner_name", "number", "restricted"], name="catalog_by_owner"),
            models.Index(fields=KINDS_OF_ROWS, name="catalog_by_kind"),
        ]

    def __str__(self):
        return f"row of AI-{self.number}"


class SavedView(models.Model):
    """A question to the catalog under a name, for whoever made it or for everybody in a unit and below. Holds no rows."""

    person = models.ForeignKey("governance.Person", models.PROTECT, related_name="+", help_text="Who made it.")
    unit = models.ForeignKey("governance.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    folded = models.CharField(max_length=180, help_text="The name as names are compared.")
    question = models.TextField(help_text="What stands after the address of the catalog.")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "folded"], condition=Q(unit=None), name="one_view_of_a_name_for_a_person"
            ),
            models.UniqueConstraint(
                fields=["unit", "folded"], condition=Q(unit__isnull=False), name="one_view_of_a_name_for_a_unit"
            ),
            models.CheckConstraint(condition=~Q(question=""), name="a_view_asks_something"),
        ]

    def __str__(self):
        return f"view {self.name} ({self.pk})"


class FirstView(models.Model):
    """The view somebody's catalog opens with; without a row it opens with everything."""

    person = models.OneToOneField("governance.Person", models.CASCADE, primary_key=True, related_name="+")
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="+")

    def __str__(self):
        return f"first view of {self.person_id}"


class OwnKind(models.TextChoices):
    """What an own column holds. Fixed when it is made: what people wrote would otherwise mean something else."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")
    LINK = "link", _("Link")


class OwnColumn(models.Model):
    """One thing that only this organisation wants said of each initiative. Retired, never deleted (see own.py)."""

    key = models.CharField(max_length=40, unique=True, editable=False, help_text="Stands in addresses and files.")
    title = models.CharField(_("title"), max_length=60)
    folded = models.CharField(max_length=180, help_text="The title as titles are compared.")
    kind = models.CharField(_("kind"), max_length=6, choices=OwnKind.choices)
    help = models.CharField(_("help"), max_length=200, blank=True, help_text="Stands beside its field.")
    position = models.PositiveIntegerField(_("place in the order"))
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["folded"], condition=Q(retired_at=None), name="one_own_column_in_use_of_a_title"
            ),
            models.CheckConstraint(condition=Q(kind__in=OwnKind.values), name="an_own_column_is_of_a_known_kind"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(key=""), name="an_own_column_has_a_title"),
        ]

    def __str__(self):
        return f"own column {self.title} ({self.key})"

    @property
    def name(self) -> str:
        """Return what addresses, files and forms call it: own_contract_ends."""
        return f"own_{self.key}"

    @property
    def is_retired(self) -> bool:
        """Whether it is no longer offered anywhere; what was said in it stays."""
        return self.retired_at is not None

    @property
    def all_choices(self) -> "list[OwnChoice]":
        """Return its choices in their order, the retired ones too. One query, kept on the instance; none for one of `own.columns`."""
        if "_choices" not in self.__dict__:
            self.__dict__["_choices"] = list(self.choices.order_by("position", "pk"))
        return self.__dict__["_choices"]


class OwnChoice(models.Model):
    """One answer that an own column of the kind choice offers. Its words stay as they are; it is retired, never deleted."""

    column = models.ForeignKey(OwnColumn, models.PROTECT, related_name="choices")
    key = models.CharField(max_length=40, editable=False, help_text="Stands in addresses.")
    title = models.CharField(max_length=60)
    folded = models.CharField(max_length=180, help_text="The title as titles are compared.")
    position = models.PositiveIntegerField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["column", "key"], name="one_choice_of_a_key_in_an_own_column"),
            models.UniqueConstraint(fields=["column", "folded"], name="one_choice_of_a_title_in_an_own_column"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(key=""), name="a_choice_has_a_title"),
        ]

    def __str__(self):
        return f"choice {self.title} ({self.key}) of own column {self.column_id}"


class OwnValue(models.Model):
    """What one initiative says in one own column; nothing said is no row. Exactly the field of its kind is filled."""

    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="statements")
    column = models.ForeignKey(OwnColumn, models.PROTECT, related_name="values")
    kind = models.CharField(max_length=6, choices=OwnKind.choices, help_text="The column's, for the constraint below.")
    text = models.CharField(max_length=500, blank=True, help_text="A text, or the address of a link.")
    number = models.DecimalField(max_digits=15, decimal_places=4, null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    choice = models.ForeignKey(OwnChoice, models.PROTECT, null=True, blank=True, related_name="values")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "column"], name="one_value_in_an_own_column"),
            models.CheckConstraint(
                condition=Q(kind__in=["text", "link"], number=None, day=None, choice=None) & ~Q(text="")
                | Q(kind="number", text="", number__isnull=False, day=None, choice=None)
                | Q(kind="date", text="", number=None, day__isnull=False, choice=None)
                | Q(kind="choice", text="", number=None, day=None, choice__isnull=False),
                name="an_own_value_is_of_its_kind",
            ),
        ]

    def __str__(self):
        return f"own value {self.column_id} of {self.initiative_id}"

    @property
    def value(self):
        """Return what is said: text, a number, a day or a choice. Reads the choice."""
        return {"number": self.number, "date": self.day, "choice": self.choice}.get(self.kind, self.text)
