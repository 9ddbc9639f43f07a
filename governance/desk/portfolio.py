"""Portfolio: what there is, what is stuck and why, what waits longest, what it costs; as far as the reader may see.

Everything is counted from the catalog's own conditions, so that each number leads to a list of that length.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
    Window,
)
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from governance.core.lists import in_digits
from governance.gates.models import Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives import catalog
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import CatalogRow, Initiative
from governance.outcomes.models import Budget
from governance.raci.models import Assignment, Role

#: Cards in a column of the board, and units in the table; the rest is one line with its number.
CARDS, UNITS = 6, 12


@dataclass(frozen=True)
class Part:
    """One number of the page in words, and the list it counts."""

    words: Any
    url: str
    late: bool = False
    n: int = 0


def build(person, at: datetime, *, company: str) -> dict[str, Any]:
    """Return what `desk/portfolio.html` shows of what `person` may see at `at`. Six queries, and those of who may see what."""
    visible = CatalogRow.objects.visible_to(person, at)
    counts = _counted(visible, at)
    total = {name: sum(row[name] for row in counts) for name in counts[0]["names"]} if counts else {}
    decisions = _decisions(visible, at)
    late = sum(1 for decision in decisions if decision.due_at <= at)
    # The clock asks day 90 on the first day, so that one is old only when it is due.
    oldest = next((d for d in decisions if d.kind != Kind.DAY_90 or d.due_at <= at), None)
    return {
        "headline": _headline(total, late),
        "board": _board(visible, total, at),
        "stuck": _stuck(total, at),
        "oldest": _Oldest(oldest, QUESTIONS[oldest.kind].verb) if oldest else None,
        "money": _money(visible),
        "units": _units(counts, company),
        "is_empty": not counts,
    }


# --- Counting ---------------------------------------------------------------------------------


def _measures(at: datetime) -> dict[str, Q]:
    """Return everything that is counted, by name."""
    return {
        **{stage.value: Q(stage=stage.value) for stage in Stage},
        "complete": Q(stage=Stage.PRODUCTION) & catalog.COMPLETE,
        "day_90": catalog.is_past_day_90(at),
        "in_use": Q(stage__in=Stage.in_use()),
        "review_overdue": catalog.is_review_overdue(at),
        **{f"waits_{name}": where for name, (_words, where) in catalog.waits(at).items()},
    }


def _counted(visible: QuerySet, at: datetime) -> list[dict[str, Any]]:
    """Return every number, by unit. One query."""
    measures = _measures(at)
    counted = {f"n_{name}": Count("pk", filter=where) for name, where in measures.items()}
    rows = visible.order_by().values("unit_id").annotate(**counted)
    return [
        {"unit_id": row["unit_id"], "names": tuple(measures), **{name: row[f"n_{name}"] for name in measures}}
        for row in rows
    ]


def _list(**chosen: str) -> str:
    return reverse("catalog:list") + "?" + "&".join(f"{name}={value}" for name, value in chosen.items())


#: The sentence at the top: what is counted, its words, the list it leads to; the last ones only where there are any.
_HEADLINE = (
    ("production", ngettext_lazy("%(n)s in production", "%(n)s in production", "count"), {"stage": "production"}),
    (
        "complete",
        ngettext_lazy("%(n)s with owner, metric and way back", "%(n)s with owner, metric and way back", "count"),
        {"stage": "production", "missing": "nothing"},
    ),
    ("pilot", ngettext_lazy("%(n)s pilot", "%(n)s pilots", "count"), {"stage": "pilot"}),
    ("day_90", ngettext_lazy("%(n)s past day 90", "%(n)s past day 90", "count"), {"due": "day_90"}),
    (
        "review_overdue",
        ngettext_lazy("%(n)s review overdue", "%(n)s reviews overdue", "count"),
        {"due": "review_overdue"},
    ),
)
_LATE = frozenset({"day_90", "review_overdue"})


def _headline(total: dict[str, int], late: int) -> list[Part]:
    """Return the sentence at the top, in parts that lead to their lists. No query."""
    parts = []
    for name, words, chosen in _HEADLINE:
        n = total.get(name, 0)
        if n or name not in _LATE:
            parts.append(Part(words % {"n": in_digits(n), "count": n}, _list(**chosen), late=name in _LATE, n=n))
    if late:
        words = ngettext("%(n)s decision late", "%(n)s decisions late", late) % {"n": in_digits(late)}  # type: ignore[assignment]
        parts.append(Part(words, reverse("gates:list") + "?due=late", late=True, n=late))
    return parts


def _stuck(total: dict[str, int], at: datetime) -> list[Part]:
    """Return what initiatives wait for and how many do, the most first. No query."""
    parts = [
        Part(words, _list(waits=name), n=total.get(f"waits_{name}", 0))
        for name, (words, _where) in catalog.waits(at).items()
    ]
    return sorted((part for part in parts if part.n), key=lambda part: -part.n)


# --- The board --------------------------------------------------------------------------------


def _board(visible: QuerySet, total: dict[str, int], at: datetime) -> list[dict[str, Any]]:
    """Return a column for each stage that holds anything: what needs attention first, then the newest. One query."""
    attention = Case(
        When(unowned_since__isnull=False, then=0),
        When(catalog.is_review_overdue(at), then=0),
        When(catalog.is_past_day_90(at), then=0),
        default=1,
        output_field=IntegerField(),
    )
    turn = Window(
        RowNumber(), partition_by=[F("stage")], order_by=[attention.asc(), F("stage_since").desc(), F("number").asc()]
    )
    chosen = visible.exclude(stage=Stage.TRIAGE).order_by().annotate(turn=turn).filter(turn__lte=CARDS).values("pk")
    rows = (
        catalog.dressed(Initiative.objects.filter(pk__in=chosen))
        .defer(*catalog.LONG)
        .annotate(attention=attention)
        .order_by("attention", "-stage_since", "number")
    )
    columns: dict[str, list[dict[str, Any]]] = {value: [] for value in Stage.counted()}
    for row in rows:
        columns[row.stage].append(_card(row, at))
    return [
        {
            "stage": stage,
            "label": Stage(stage).label,
            "n": total[stage],
            "cards": cards,
            "more": total[stage] - len(cards),
            "url": _list(stage=stage),
        }
        for stage, cards in columns.items()
        if cards
    ]


def _card(row: Initiative, at: datetime) -> dict[str, Any]:
    """Return a card: what it is, and the one thing worth saying about it. No query."""
    due = catalog.next_deadline(row, at)
    tone = ""
    if row.stage == Stage.STOPPED:
        note, tone = _("stop asked, not confirmed") if row.stop_unconfirmed else _("stopped and confirmed"), "stopped"  # type: ignore[attr-defined]
    elif row.is_retiring:
        note = _("retiring, postmortem open")
    elif row.is_in_use and not row.owner_name:  # type: ignore[attr-defined]
        note, tone = _("no owner"), "overdue"
    elif row.rollout_paused_at is not None:
        note = _("rollout paused")
    else:
        note = ""
        if due is not None and due.due_at <= at:
            tone = "overdue"
    return {"initiative": row, "note": note, "tone": tone, "next": due if not note else None}


# --- Decisions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Oldest:
    """The open question that was asked first."""

    decision: Decision
    verb: Any


def _decisions(visible: QuerySet, at: datetime) -> list[Decision]:
    """Return the open decisions, the first asked first, each with the name of its decider. One query."""
    decides = Assignment.objects.standing().filter(
        initiative=OuterRef("initiative"), row=OuterRef("row"), role=Role.ACCOUNTABLE, person__is_active=True
    )
    rows = (
        Decision.objects.open()
        .filter(initiative__in=visible.values("pk"), final_at__gt=at)
        .annotate(decider_name=Subquery(decides.values("person__name")[:1]))
    )
    fields = (
        "kind",
        "number",
        "asked_at",
        "due_at",
        "final_at",
        "initiative__number",
        "initiative__name",
        "initiative__stage",
    )
    return list(rows.select_related("initiative").only(*fields).order_by("asked_at", "pk"))


# --- Money and units --------------------------------------------------------------------------


def _money(visible: QuerySet) -> list[dict[str, Any]]:
    """Return what is asked for and approved, by currency, of what is not retired. Never added across currencies. One query."""
    rows = Budget.objects.filter(initiative__in=visible.exclude(stage=Stage.RETIRED).values("pk")).values("currency")
    found = rows.annotate(n=Count("pk"), asked=Sum("asked"), approved=Sum("approved")).order_by("-asked", "currency")
    return [{**row, "approved": row["approved"] or Decimal(0)} for row in found]


def _units(counts: list[dict[str, Any]], company: str) -> dict[str, Any]:
    """Return the table by unit, the most in use first; what lies beyond UNITS is one line. One query."""
    tops = catalog.Tree.read().tops(company)
    found: dict[str, dict[str, Any]] = {}
    for row in counts:
        slug, name = tops.get(row["unit_id"], ("none", _("No unit")))
        there = found.setdefault(
            slug,
            {
                "name": name,
                "url": _list(unit=slug),
                **dict.fromkeys(("in_use", "production", "pilot", "waits_owner", "review_overdue"), 0),
            },
        )
        for measure in ("in_use", "production", "pilot", "waits_owner", "review_overdue"):
            there[measure] += row[measure]
        there["owner_url"] = _list(unit=slug, waits="owner")
        there["overdue_url"] = _list(unit=slug, due="review_overdue")
    rows = sorted(found.values(), key=lambda row: (-row["in_use"], str(row["name"])))
    beyond = rows[UNITS:]
    return {"rows": rows[:UNITS], "beyond": len(beyond), "beyond_in_use": sum(row["in_use"] for row in beyond)}
