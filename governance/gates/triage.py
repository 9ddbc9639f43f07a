"""Triage: what needs somebody before it can go on. One queue, oldest first, and what was found out about one.

Four reasons: its stage is not known, it has no name, it has no unit, it was found in use and nobody is asked
to own it. Nothing is kept about the queue: something leaves it when the reason is gone, and comes back when
an offer is declined or lapses. Everybody sees what they may see; what is done there goes through the acts
that exist (`actions.amend`, `retire.place`, `roles.offer`), and no decision is among them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import ledger, policy
from governance.core.lists import Column, Facet, Listing, Option, Sort
from governance.gates import retire
from governance.initiatives import actions, roles, search
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row

#: What a record without a name is called until somebody names it.
NAMELESS = gettext_lazy("(no name) %(reference)s")

#: Why something is in the queue: what the tab says, and what its row says.
REASONS = {
    "stage": (gettext_lazy("Stage not known"), gettext_lazy("Nobody has said yet where it stands.")),
    "name": (gettext_lazy("No name"), gettext_lazy("It has no name.")),
    "unit": (gettext_lazy("No unit"), gettext_lazy("Nobody knows which unit it belongs to.")),
    "found": (gettext_lazy("Found in use"), gettext_lazy("Nobody is asked to own it.")),
}


# --- The queue --------------------------------------------------------------------------------


def asked(at: datetime) -> Exists:
    """Return, for initiatives, whether somebody owns it or is asked to at `at`. No query."""
    people = Assignment.objects.filter(
        initiative=OuterRef("pk"), row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None, person__is_active=True
    )
    return Exists(people.filter(Q(accepted_at__isnull=False) | Q(answer_by__gt=at)))


def conditions() -> dict[str, Q]:
    """Return when each reason holds, for initiatives that carry `asked`. No query."""
    return {
        "stage": Q(stage=Stage.TRIAGE),
        "name": Q(name="") | Q(name__startswith=NAMELESS % {"reference": ""}),
        "unit": Q(unit=None),
        "found": Q(stage=Stage.DISCOVERED, asked=False),
    }


def waiting(visible: QuerySet, at: datetime) -> QuerySet:
    """Return what is in the queue of `visible`, in no order. No query."""
    rows = visible.exclude(stage=Stage.RETIRED).filter(retiring_since=None).annotate(asked=asked(at))
    return rows.filter(reduce(or_, conditions().values()))


def reasons(initiative) -> list[str]:
    """Return why one that carries `asked` is in the queue, by name; empty where it is not. No query."""
    if initiative.stage == Stage.RETIRED or initiative.is_retiring:
        return []
    holds = {
        "stage": initiative.stage == Stage.TRIAGE,
        "name": not initiative.name or initiative.name.startswith(NAMELESS % {"reference": ""}),
        "unit": initiative.unit_id is None,
        "found": initiative.stage == Stage.DISCOVERED and not initiative.asked,
    }
    return [name for name, held in holds.items() if held]


def owner_due(initiative) -> datetime | None:
    """Return until when somebody must own it, where that clock runs. No query."""
    if initiative.unowned_since is None or not initiative.is_in_use:
        return None
    return initiative.unowned_since + timedelta(days=policy.current().windows["ownership_d"])


def register_says(initiative) -> str:
    """Return what the register of one that came from a list says of its stage, as a sentence; "" for any other. No query after `_bring`."""
    origin = initiative.__dict__.get("_origin")
    if origin is None:
        return ""
    said = {"words": origin.stated.get("stage_said", ""), "reference": origin.stated.get("reference", "")}
    if said["words"]:
        text = _("The register says “%(words)s” for its stage.") % said
    else:
        text = _("The register says nothing about its stage.")
    return text + (" " + _("There it is %(reference)s.") % said if said["reference"] else "")


def _bring(rows: list[Any]) -> None:
    """Bring the records these came from, kept by the registers, a room above. One query."""
    origins: Any = Initiative._meta.get_field("origin").related_model
    found = {one.initiative_id: one for one in origins.objects.filter(initiative__in=[row.pk for row in rows])}
    for row in rows:
        row.__dict__["_origin"] = found.get(row.pk)


def listing(person, at: datetime, *, path: str, **known: Any) -> Listing:
    """Return the queue as `person` may see it at `at`. Costs the queries of `visible_to`, and one for the records of a page."""
    window = timedelta(days=policy.current().windows["ownership_d"])
    running = Q(stage__in=Stage.in_use(), unowned_since__isnull=False)
    return Listing(
        path=path,
        rows=waiting(Initiative.objects.visible_to(person, at), at),
        facets=(
            Facet("why", _("Why"), tuple(Option(name, REASONS[name][0], q) for name, q in conditions().items())),
            Facet(
                "clock",
                _("Time left for an owner"),
                (
                    Option("late", _("None left"), running & Q(unowned_since__lte=at - window)),
                    Option(
                        "week",
                        _("Seven days or less"),
                        running & Q(unowned_since__gt=at - window, unowned_since__lte=at - window + timedelta(days=7)),
                    ),
                    Option("none", _("No clock runs"), ~running),
                ),
            ),
        ),
        sorts=(Sort("age", _("Oldest first"), "registered_at"),),
        sort="age",
        search=search.matching,
        key="number",
        dress=lambda rows: rows.select_related("unit").annotate(asked=asked(at)),
        bring=_bring,
        columns=_columns(),
        **known,
    )


def _columns() -> list[Column]:
    """Return what the queue says of one in a file. No query."""

    def why(initiative) -> str:
        return ", ".join(str(REASONS[name][0]) for name in reasons(initiative))

    def unit(initiative) -> str | None:
        return initiative.unit.name if initiative.unit else None

    return [
        Column("key", _("Key"), lambda i: i.key, width=9),
        Column("name", _("Name"), lambda i: i.name, width=36),
        Column("why", _("Why"), why, width=30),
        Column("stage", _("Stage"), lambda i: i.stage_label),
        Column("unit", _("Unit"), unit, width=24),
        Column("registered_at", _("Here since"), lambda i: i.registered_at, width=26),
        Column("owner_due", _("Name an owner by"), owner_due, width=26),
        Column("nobody_known_at", _("Nobody known, said at"), lambda i: i.nobody_known_at, width=26),
        Column("register", _("What its register says"), register_says, width=40),
        Column("address", _("Address"), lambda i: f"{settings.SITE_URL}{i.get_absolute_url()}", width=44),
    ]


def following(rows: QuerySet, initiative) -> QuerySet:
    """Return what comes after `initiative` in `rows`, the next one first. No query."""
    there = {"registered_at": initiative.registered_at}
    later = Q(registered_at__gt=initiative.registered_at) | Q(number__gt=initiative.number, **there)
    return rows.filter(later).order_by("registered_at", "number")


# --- What was found out about one -------------------------------------------------------------


def settle(
    initiative: Initiative,
    *,
    words: dict[str, Any] | None = None,
    to: str = "",
    source: str = "",
    called: Any = None,
    nobody: bool = False,
    by,
    at: datetime,
    seen_version: int,
) -> list[str]:
    """Write what was found out about one in the queue, all of it or nothing, and return it as sentences.

    `words` are amendable fields; `to` is where it stands, with the `source`; `called` is who would be called
    first if it gave a bad answer, who is asked to own it; `nobody` says that nobody is known. Raises as the
    acts do: Refused, Blocked with every reason, Conflict when somebody saved since `seen_version`.
    """
    said: list[str] = []
    acts: list[tuple[bool, Callable[[], str]]] = [
        (bool(words), lambda: _amended(initiative, words or {}, by, at, seen_version)),
        (bool(to), lambda: _placed(initiative, to, source, by, at)),
        (called is not None, lambda: _asked(initiative, called, by, at)),
        (called is None and nobody, lambda: _nobody(initiative, by, at)),
    ]
    with ledger.act(by=by, at=at):
        for wanted, act in acts:
            if wanted:
                said.append(act())
    return said


def _amended(initiative, words: dict[str, Any], by, at: datetime, seen_version: int) -> str:
    saved = actions.amend(initiative, words, by=by, at=at, seen_version=seen_version)
    return _("%(key)s is “%(name)s” of %(unit)s.") % {
        "key": saved.key,
        "name": saved.name,
        "unit": saved.unit.name if saved.unit else _("no unit"),
    }


def _placed(initiative, to: str, source: str, by, at: datetime) -> str:
    moved = retire.place(initiative, to, source=source, by=by, at=at)
    return _("%(key)s stands at %(stage)s.") % {"key": moved.key, "stage": moved.stage_label}


def _asked(initiative, person, by, at: datetime) -> str:
    roles.offer(initiative, Row.GO_LIVE, Role.ACCOUNTABLE, person, by=by, at=at)
    return _(
        "%(name)s was asked to own %(key)s and has %(days)s working days to accept. Until then nothing changes."
    ) % {
        "name": person.name,
        "key": initiative.key,
        "days": policy.current().windows["offer_wd"],
    }


def _nobody(initiative, by, at: datetime) -> str:
    actions.say_nobody_known(initiative, by=by, at=at)
    return _("It is on record that nobody is known who would be called for %(key)s. It stays in the queue.") % {
        "key": initiative.key
    }


def may_be_owner(initiative, at: datetime) -> bool:
    """Return whether nobody owns it and nobody is asked to at `at`, so that somebody can be. No query beyond the matrix."""
    found = raci.matrix(initiative)
    offer = found.offer(Row.GO_LIVE, Role.ACCOUNTABLE)
    running = offer is not None and offer.person.is_active and offer.answer_by > at
    return found.owner is None and not running
