"""The catalog: what everybody may ask of the list of initiatives, and what one row of it says.

Owner, metric and way back are the three marks: an accepted business owner; a figure somebody confirmed,
or a number before AI with a target; a written way back with its minutes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from governance import policy
from governance.core.listing import PER_PAGE
from governance.core.lists import Column, Facet, Listing, Option, Sort
from governance.core.prepared import KEY, Prepared
from governance.initiatives import own, own_listed, search, tags
from governance.initiatives.catalog_keeping import of_the_gates
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import KINDS_OF_ROWS, Capability, CatalogRow, Exposure, Initiative
from governance.people.models import Unit

#: How many are at each stage, in the words of the headline.
STAGE_COUNTS = {
    Stage.PRODUCTION: ngettext_lazy("%(n)s in production", "%(n)s in production", "count"),
    Stage.BUILD: ngettext_lazy("%(n)s in build", "%(n)s in build", "count"),
    Stage.FUNDING: ngettext_lazy("%(n)s at the funding gate", "%(n)s at the funding gate", "count"),
    Stage.PILOT: ngettext_lazy("%(n)s in pilot", "%(n)s in pilot", "count"),
    Stage.IDEA: ngettext_lazy("%(n)s idea", "%(n)s ideas", "count"),
    Stage.DISCOVERED: ngettext_lazy("%(n)s found in use", "%(n)s found in use", "count"),
    Stage.STOPPED: ngettext_lazy("%(n)s stopped", "%(n)s stopped", "count"),
    Stage.RETIRED: ngettext_lazy("%(n)s retired", "%(n)s retired", "count"),
    Stage.TRIAGE: ngettext_lazy("%(n)s of unknown stage", "%(n)s of unknown stage", "count"),
}


# --- What is asked of the database ------------------------------------------------------------


#: All three, of rows of the catalog.
COMPLETE = Q(owned=True, metric=True, way_back=True)


def waits(at: datetime) -> dict[str, tuple[Any, Q]]:
    """Return what rows of the catalog may wait for at `at`: the words and the condition of each. No query."""
    tried, going_on = Q(stage__in=[Stage.PILOT, Stage.FUNDING]), Q(retiring_since=None)
    time_for_a_case = Q(stage=Stage.FUNDING) | Q(gate_on__lte=at.date()) | Q(measured=True)
    return {
        "owner": (_("An owner"), going_on & Q(stage__in=Stage.in_use(), owned=False)),
        "threshold": (_("A threshold"), going_on & tried & Q(threshold=False)),
        "figure": (_("A confirmed figure"), going_on & tried & time_for_a_case & Q(figure=False)),
        "money": (
            _("An approved budget"),
            going_on & Q(stage__in=[Stage.PILOT, Stage.FUNDING, Stage.BUILD], money_asked=True),
        ),
        "sign_off": (_("A sign-off"), going_on & Q(signing=True)),
    }


def awaits_review() -> Q:
    """Return the condition of what is reviewed: production, unless it is retiring. No query."""
    return Q(stage=Stage.PRODUCTION, retiring_since=None)


def is_review_overdue(at: datetime) -> Q:
    """Return the condition of a review that is late. No query."""
    return awaits_review() & Q(review_due_at__lt=at)


def is_past_day_90(at: datetime) -> Q:
    """Return the condition of a pilot that has run longer than a pilot may. No query."""
    return Q(stage=Stage.PILOT, pilot_since__lt=at - timedelta(days=policy.current().windows["pilot_d"]))


def dressed(rows: QuerySet) -> QuerySet:
    """Return initiatives with everything a row of the catalog, or of its file, says. No query."""
    said = ("place", "owner_name", "metric", "stop_unconfirmed", "open_due_at", "open_kind", "day_90_asked")
    return rows.annotate(
        **{name: F(f"row__{name}") for name in said},
        workflow_owner_name=F("workflow_owner__name"),
        unit_name=F("unit__name"),
        postmortem_due_at=F("retirement__due_at"),
    )


def fetched(keys: Sequence[int], left: Sequence[str]) -> list[Initiative]:
    """Return the initiatives with these ids, dressed, without the fields `left`, in no order. At most a page and one; one query."""
    room = [*keys, *[0] * (PER_PAGE + 1 - len(keys))]
    return _fetching(tuple(left)).ask(**{f"pk_{place}": pk for place, pk in enumerate(room)}) if keys else []


@lru_cache(maxsize=64)
def _fetching(left: tuple[str, ...]) -> Prepared[Initiative]:
    holes = dict.fromkeys((f"pk_{place}" for place in range(PER_PAGE + 1)), KEY)
    return Prepared(lambda **keys: dressed(Initiative.objects.filter(pk__in=list(keys.values())).defer(*left)), **holes)


# --- The list ---------------------------------------------------------------------------------


def listing(
    person,
    at: datetime,
    *,
    path: str,
    company: str = "",
    rows: QuerySet | None = None,
    tree: "Tree | None" = None,
    tagged: Facet | None = None,
    own_columns: Sequence[Any] | None = None,
    **known: Any,
) -> Listing:
    """Return the catalog for `person` at `at`. `rows` are those of what they may see, `tree` the units, `tagged` the facet of tags and `own_columns`, where the caller knows.

    `known` is passed on to the Listing. Costs the queries of `visible_to`, one for the units, one for the tags and
    one for own columns.
    """
    visible = CatalogRow.objects.visible_to(person, at) if rows is None else rows
    there = own.columns(retired=True) if own_columns is None else own_columns
    theirs = [column for column in there if not column.is_retired]
    tagged = tagged or tags.facet(tags.counted(visible))
    common = (*_facets(person, at, _units(tree or Tree.read(), company)), tagged)
    return Listing(
        path=path,
        rows=visible,
        facets=(*common, *own_listed.facets(theirs)),
        sorts=(*SORTS, *own_listed.sorts(theirs)),
        sort="name",
        search=search.matching,
        key="number",
        dress=lambda rows: dressed(Initiative.objects.filter(pk__in=rows.order_by().values("pk"))),
        fetch=fetched,
        columns=[*columns(at), *own_listed.as_columns(theirs)],
        usual=USUAL,
        heading="name",
        kinds=KINDS_OF_ROWS,
        counted=False,
        unread=UNREAD,
        gone={column.name: column.title for column in there if column.is_retired},
        **known,
    )


def _facets(person, at: datetime, units: tuple[Option, ...]) -> tuple[Facet, ...]:
    """Return what the catalog can be narrowed by. No query."""
    stages = tuple(Option(stage.value, stage.label, Q(stage=stage.value)) for stage in (*_in_order(), Stage.TRIAGE))
    tiers = tuple(Option(str(tier), _("Tier %(tier)s") % {"tier": tier}, Q(tier=tier)) for tier in range(5))
    month = at + timedelta(days=30)
    return (
        Facet("stage", _("Stage"), stages),
        Facet("tier", _("Tier"), (*tiers, Option("none", _("Tier not set"), Q(tier=None)))),
        Facet(
            "capability",
            _("Capability"),
            (
                *(Option(c.value, c.label, Q(capability=c.value)) for c in Capability),
                Option("none", _("Not known"), Q(capability="")),
            ),
        ),
        Facet("unit", _("Unit"), units),
        Facet(
            "owner",
            _("Owner"),
            (
                Option("me", _("Me"), Q(owner_id=person.pk)),
                Option("has", _("Has an owner"), Q(owned=True)),
                Option("none", _("No owner"), Q(owned=False)),
            ),
        ),
        Facet(
            "missing",
            _("Missing"),
            (
                Option("metric", _("Metric"), Q(metric=False)),
                Option("way_back", _("Way back"), Q(way_back=False)),
                Option("nothing", _("Nothing: owner, metric and way back"), COMPLETE),
            ),
        ),
        Facet(
            "waits",
            _("Waits for"),
            tuple(Option(name, words, where) for name, (words, where) in waits(at).items()),
        ),
        Facet(
            "due",
            _("Due"),
            (
                Option("review_overdue", _("Review overdue"), is_review_overdue(at)),
                Option(
                    "review",
                    _("Review within 30 days"),
                    awaits_review() & Q(review_due_at__gte=at, review_due_at__lt=month),
                ),
                Option("day_90", _("Past day 90"), is_past_day_90(at)),
            ),
        ),
        Facet(
            "stop",
            _("Stop"),
            (
                Option("asked", _("Asked, not confirmed"), Q(stage=Stage.STOPPED, stop_unconfirmed=True)),
                Option("confirmed", _("Stopped and confirmed"), Q(stage=Stage.STOPPED, stop_unconfirmed=False)),
            ),
        ),
        Facet("restricted", _("Restricted"), (Option("yes", _("Restricted"), Q(restricted=True)),)),
    )


def _in_order() -> list[Stage]:
    """Return the stages that count as stages, in order."""
    return [Stage(value) for value in Stage.counted()]


SORTS = (
    Sort("name", gettext_lazy("Name"), Lower("name")),
    Sort("key", gettext_lazy("Key"), "number", descending=True),
    Sort("tier", gettext_lazy("Tier"), Coalesce(F("tier"), Value(-1)), descending=True),
    Sort("stage", gettext_lazy("Stage"), "place"),
    Sort("owner", gettext_lazy("Business owner"), "owner_name"),
)


def _units(tree: "Tree", company: str) -> tuple[Option, ...]:
    """Return the units at the top, each with everything below it, and every other unit for those who come by a link. No query."""
    tops = tree.tops(company)
    listed = [
        Option(slug, name, Q(unit_id__in=sorted(pk for pk, top in tops.items() if top == (slug, name))))
        for slug, name in dict.fromkeys(tops.values())
    ]
    known = {option.value for option in listed}
    others = [
        Option(row.slug, row.name, Q(unit_id__in=tree.below(row.pk)), listed=False)
        for row in tree.rows.values()
        if row.slug not in known
    ]
    return (*listed, *others, Option("none", _("No unit"), Q(unit_id=None)))


@dataclass(frozen=True, slots=True)
class Place:
    """One unit in the tree."""

    pk: int
    parent: int | None
    slug: str
    name: str


_UNITS: Prepared[tuple] = Prepared(
    lambda: Unit.objects.order_by("name", "pk").values_list("pk", "parent_id", "slug", "name")
)


@dataclass(frozen=True)
class Tree:
    """The tree of units, by name."""

    rows: dict[int, Place]

    @classmethod
    def read(cls) -> "Tree":
        """Return the tree as it is. One query."""
        return cls({row[0]: Place(*row) for row in _UNITS.ask()})

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "Tree":
        """Return the tree of units that are loaded already. No query."""
        rows = sorted(units, key=lambda unit: (unit.name, unit.pk))
        return cls({unit.pk: Place(unit.pk, unit.parent_id, unit.slug, unit.name) for unit in rows})

    @cached_property
    def _children(self) -> dict[int | None, list[int]]:
        found: dict[int | None, list[int]] = {}
        for row in self.rows.values():
            found.setdefault(row.parent, []).append(row.pk)
        return found

    def below(self, pk: int) -> list[int]:
        """Return the ids of a unit and of everything under it. No query."""
        found, rest = set(), [pk]
        while rest:
            one = rest.pop()
            if one not in found:
                found.add(one)
                rest += self._children.get(one, [])
        return sorted(found)

    def line(self, pk: int | None) -> list[int]:
        """Return the ids of a unit and of every unit above it. No query."""
        found: list[int] = []
        while pk is not None and pk in self.rows and pk not in found:
            found.append(pk)
            pk = self.rows[pk].parent
        return found

    def tops(self, company: str) -> dict[int, tuple[str, str]]:
        """Return, for every unit by id, the slug and the name of the top unit it belongs to. No query.

        Where the whole organisation is one unit, or one bears its name, the parts of that unit stand at
        the top: a filter that lets everything through is none.
        """
        roots = self._children.get(None, [])
        found = {}
        for root in roots:
            whole = bool(self._children.get(root)) and (
                len(roots) == 1 or self.rows[root].name.casefold() == company.casefold()
            )
            for top in [*self._children[root], root] if whole else [root]:
                itself = whole and top == root
                name = _("%(unit)s itself") % {"unit": self.rows[top].name} if itself else self.rows[top].name
                found |= dict.fromkeys([top] if itself else self.below(top), (self.rows[top].slug, name))
        return found


# --- What a row says --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Next:
    """The next moment somebody has to do something about an initiative: when, and what."""

    due_at: datetime
    what: Any


@lru_cache
def _questions() -> dict[str, Any]:
    """Return what each kind of decision is called."""
    return dict(of_the_gates("decisions")._meta.get_field("kind").choices)  # type: ignore[attr-defined]


def next_deadline(initiative, at: datetime) -> Next | None:
    """Return the first deadline of a dressed row: an open decision, the review, what its stage allows, the ownership clock. No query."""
    windows = policy.current().windows
    if initiative.is_retiring:
        return Next(initiative.postmortem_due_at, _("Postmortem")) if initiative.postmortem_due_at else None
    found, stage = [], initiative.stage
    if initiative.open_due_at is not None:
        found.append(Next(initiative.open_due_at, _questions()[initiative.open_kind]))
    if initiative.review_due_at is not None and stage == Stage.PRODUCTION:
        found.append(Next(initiative.review_due_at, _("Review")))
    if stage == Stage.BUILD:
        found.append(Next(initiative.stage_since + timedelta(days=windows["build_d"]), _("Go live")))
    if stage == Stage.STOPPED:
        found.append(Next(initiative.stage_since + timedelta(days=windows["stopped_d"]), _("Restart or retire")))
    if stage == Stage.PILOT and initiative.pilot_since is not None and not initiative.day_90_asked:
        found.append(Next(initiative.pilot_since + timedelta(days=windows["pilot_d"]), _("Day 90")))
    if initiative.unowned_since is not None and initiative.is_in_use:
        found.append(Next(initiative.unowned_since + timedelta(days=windows["ownership_d"]), _("Name an owner")))
    return min(found, key=lambda one: one.due_at, default=None)


#: The columns of the page when nobody chose.
USUAL = (
    "name",
    "capability",
    "tier",
    "stage",
    "business_owner",
    "has_owner",
    "has_metric",
    "has_way_back",
    "next",
)
#: Texts that may be long: read from the database only where they are shown.
LONG = ("purpose", "not_for", "known_limits", "how_to_get", "today", "could_go_wrong", "tools", "fallback")
#: What no column says, or says by the name that comes along.
UNREAD = (
    *("tier_proposed", "tier_confirmed_by", "tier_confirmed_at", "unit", "receiving_unit", "building_unit"),
    *("registrant", "workflow_owner", "scope_who", "scope_people", "scope_limit", "scope_until", "gate_on"),
    *("stopped_from", "live_since", "retired_at", "nobody_known_at", "rollout_paused_by", "rollout_paused_because"),
    *("next_number", "registered_at", "version"),
)


def columns(at: datetime) -> list[Column]:
    """Return everything the catalog can say of a row at `at`, in the order its files have; the key tells rows apart.

    Those that may be changed hold the text as it is stored, a capability and who meets it by their labels. What is
    the same for every row is worked out once: a file asks a hundred thousand times.
    """
    stages, can, meets = (
        {value: str(label) for value, label in kind.choices} for kind in (Stage, Capability, Exposure)
    )
    before, _key, after = reverse("initiatives:show", args=["AI-1"]).rpartition("AI-1")
    before = f"{settings.SITE_URL}{before}"

    last: list[Any] = [None, None]  # two columns ask about the same row

    def following(initiative) -> Next | None:
        if last[0] is not initiative:
            last[:] = initiative, next_deadline(initiative, at)
        return last[1]

    def titled(name: str, value: Callable[[Any], Any] | None = None, **said: Any) -> Column:
        label = capfirst(Initiative._meta.get_field(name).verbose_name)
        return Column(name, label, value or attrgetter(name), **said)

    def written(*names: str) -> list[Column]:
        return [titled(n, reads=n if n in LONG else "", editable=True, width=40) for n in names]

    return [
        Column("key", _("Key"), lambda i: i.key, kind="key", sort="key", width=9),
        titled("name", kind="name", sort="name", editable=True, width=36),
        *written("purpose", "not_for", "known_limits", "how_to_get", "today", "could_go_wrong", "vendor"),
        titled("capability", lambda i: can.get(i.capability), kind="capability", editable=True),
        titled("exposure", lambda i: meets.get(i.exposure), editable=True, width=26),
        *written("tools", "breaks", "rollback_how"),
        titled("rollback_minutes", kind="number", editable=True),
        *written("fallback"),
        Column("stage", _("Stage"), lambda i: stages[i.stage], kind="stage", sort="stage"),
        Column("stop_confirmed", _("Stop confirmed"), stop_confirmed, kind="yes"),
        Column("stage_since", _("At this stage since"), lambda i: i.stage_since, kind="when", width=26),
        Column("tier", _("Tier"), lambda i: i.tier, kind="tier", sort="tier", width=6),
        titled("unit", lambda i: i.unit_name, editable=True, width=24),
        Column(
            "business_owner", _("Business owner"), lambda i: i.owner_name or None, kind="owner", sort="owner", width=24
        ),
        titled("workflow_owner", lambda i: i.workflow_owner_name, width=24),
        Column("has_owner", _("Has an owner"), lambda i: bool(i.owner_name), kind="tick", short=_("Owner")),
        Column("has_metric", _("Has a metric"), lambda i: bool(i.metric), kind="tick", short=_("Metric")),
        Column("has_way_back", _("Has a way back"), has_way_back, kind="tick", short=_("Way back")),
        Column("next", _("Next"), lambda i: str(following(i).what) if following(i) else None, kind="next", width=20),
        Column("next_at", _("Next at"), lambda i: following(i).due_at if following(i) else None, kind="when", width=26),
        Column("review_due_at", _("Review due"), lambda i: i.review_due_at, kind="when", width=26),
        titled("tags", lambda i: i.tags.strip(), editable=True, width=24),
        Column("restricted", _("Restricted"), lambda i: i.restricted, kind="yes"),
        Column("address", _("Address"), lambda i: f"{before}{i.key}{after}", kind="address", width=44),
    ]


def has_way_back(initiative) -> bool:
    """Return the third mark: a written way back with its minutes. No query."""
    return bool(initiative.rollback_how and initiative.rollback_minutes)


def stop_confirmed(initiative) -> bool | None:
    """Return whether somebody confirmed that a stopped one stands still; None when it is not stopped. No query."""
    return not initiative.stop_unconfirmed if initiative.stage == Stage.STOPPED else None


# --- When nothing is found --------------------------------------------------------------------


def key_in(query: str) -> int | None:
    """Return the number when somebody typed a key and nothing else: "AI-42", "ai42"; else None."""
    found = re.fullmatch(r"\s*[Aa][Ii]-?\s?0*([1-9][0-9]{0,8})\s*", query)
    return int(found.group(1)) if found else None


def did_you_mean(rows: QuerySet, query: str) -> str:
    """Return `query` with each unknown word replaced by the nearest word in the names of `rows`, or "" when that finds nothing.

    At most two queries; reads 20,000 names at most, and only when a search found nothing.
    """
    wanted = search.words(query)
    words: set[str] = set()
    for name in rows.order_by().values_list("name", flat=True)[:20_000]:
        words.update(word for word in re.findall(r"\w{3,}", search.fold(name)))
    known, better = sorted(words), []
    for word in wanted:
        if (nearest := _nearest(word, known)) is None:
            return ""
        better.append(nearest)
    if better == wanted:
        return ""
    proposed = " ".join(better)
    return proposed if search.matching(rows, proposed).exists() else ""


def _nearest(word: str, known: list[str]) -> str | None:
    """Return `word` when it begins a known one, else the known word most like it, or None."""
    if any(one.startswith(word) for one in known):
        return word
    best, how = None, 0.7
    matcher = SequenceMatcher(b=word)
    for one in known:
        if abs(len(one) - len(word)) > 2:
            continue
        matcher.set_seq1(one)
        if matcher.real_quick_ratio() > how and matcher.quick_ratio() > how and (ratio := matcher.ratio()) > how:
            best, how = one, ratio
    return best
