"""What the help pages say, read from the code that enforces it: rules, grants, steps. Words are in words.py."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import policy
from governance.desk import diagram
from governance.gates.questions import QUESTIONS
from governance.initiatives import many, rules, steps
from governance.initiatives.lifecycle import Stage
from governance.people import functions
from governance.people.functions import Function
from governance.raci import grants
from governance.raci.grants import May
from governance.raci.models import Role, Row

#: Up to so many visible initiatives the rules are counted without being asked.
COUNTED = 200


# --- The lifecycle ----------------------------------------------------------------------------


def steps_in_words() -> list[dict[str, Any]]:
    """Return every step of the machine as a table says it: the words, from, to, who, and how many rules. No query."""
    found: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
    for step in steps.table():
        row = found.setdefault(
            (step.name, step.targets),
            {
                "words": str(diagram.WORDS[step.name]).capitalize(),
                "sources": [],
                "targets": [Stage(t).label for t in step.targets if t != Stage.TRIAGE] or [Stage.TRIAGE.label],
                "decided": diagram.is_decided(step),
                "clock": step.clock,
                "may": step.may.words,
                "holders": holders(step.may),
                "rules": [rule.title for rule in step.rules],
            },
        )
        row["sources"].append(Stage(step.source).label)
    order = list(diagram.WORDS)
    return [row for _key, row in sorted(found.items(), key=lambda item: order.index(item[0][0]))]


def holders(may: May) -> str:
    """Return who holds a permission through the matrix, in words, or where it comes from otherwise. No query."""
    cells = [f"{role.label}, {row.label}" for (row, role), given in grants.GRANTS.items() if may in given]
    return "; ".join(str(cell) for cell in cells) or str(STANDING_HOLDERS.get(may, ""))


# --- The rules --------------------------------------------------------------------------------


def steps_that_need(rule: type) -> list[str]:
    """Return the steps and questions a rule stands in the way of, in words. No query."""
    names = dict.fromkeys(step.name for step in steps.table() if any(type(one) is rule for one in step.rules))
    said = [str(diagram.WORDS[name]).capitalize() for name in names]
    if rule is rules.LowerTierSigned:
        said.append(str(QUESTIONS["tier_change"].verb))
    return said


def rules_in_words(visible: QuerySet, at: datetime, *, asked: bool) -> dict[str, Any]:
    """Return every rule with its reason, the steps that need it, and how many of `visible` it blocks today.

    Counted where there are few, or where somebody asked. An initiative is counted where the rule keeps it
    from the step it works towards. One query, and fourteen when it is counted, whatever the number.
    """
    size = visible.count()
    counts = None
    if asked or size <= COUNTED:
        counts = many.blocked_by_rule(many.brought(visible.exclude(stage__in=[Stage.RETIRED, Stage.TRIAGE])), at)
    rows = [
        {
            "code": rule.code,
            "title": rule.title,
            "reason": rule.reason,
            "steps": steps_that_need(rule),
            "counts": counts is not None and _is_counted(rule),
            "n": counts[rule.__name__] if counts is not None else None,
        }
        for rule in rules.ALL
    ]
    return {"rules": rows, "is_counted": counts is not None, "size": size}


def _is_counted(rule: type) -> bool:
    """Whether anybody works towards a step that asks for this rule; a correction or a lower tier is asked for case by case."""
    return rule not in (rules.NothingDecidedHere, rules.LowerTierSigned)


# --- Who may ----------------------------------------------------------------------------------

#: Where a right that is not in the matrix comes from; the order of the page.
STANDING: tuple[tuple[Any, tuple[May, ...], Any], ...] = (
    (gettext_lazy("Every signed-in person"), (May.SEE,), gettext_lazy("unless it is restricted")),
    (
        gettext_lazy("Whoever registered it"),
        (May.SEE, May.RESTRICT, May.CLOSE),
        gettext_lazy("and, while it is an idea or found in use, may propose names; while it is an idea, amend it"),
    ),
    (gettext_lazy("Responsible for pilot or go-live"), (May.ASK_FUNDING,), ""),
    (
        gettext_lazy("Workflow owner"),
        tuple(sorted(grants.WORKFLOW_OWNER)),
        gettext_lazy("and may stop it while it is a pilot"),
    ),
    (
        gettext_lazy("Deputy of the business owner"),
        (May.SEE, May.STOP),
        gettext_lazy("on the days the owner is away; never decides"),
    ),
    (
        gettext_lazy("Everybody in the matrix"),
        (May.RESTRICT,),
        gettext_lazy("and, once it is stopped, may confirm that it stopped"),
    ),
    (
        gettext_lazy("Business owner"),
        (May.UNRESTRICT, May.RETIRE),
        gettext_lazy("before go-live the Accountable of the pilot retires it"),
    ),
    (
        gettext_lazy("Portfolio office"),
        (May.SEE, May.PROPOSE, May.RESTRICT, May.CLOSE, May.PLACE, May.CORRECT, May.CONFIRM_TIER),
        gettext_lazy(
            "tiers 0 and 1; amends while nobody is Accountable; stops while the owner's post is vacant; retires while nobody has accepted"
        ),
    ),
    (
        gettext_lazy("Compliance"),
        (May.SEE, May.RESTRICT, May.UNRESTRICT, May.CONFIRM_TIER),
        gettext_lazy("tiers 2 to 4; stops while the owner's post is vacant, and always at tier 4"),
    ),
    (gettext_lazy("Security"), (May.STOP,), gettext_lazy("at tier 4")),
    (
        gettext_lazy("Finance"),
        (May.APPROVE_BUDGET, May.CONFIRM),
        gettext_lazy("figures; never what they supplied themselves"),
    ),
    (
        gettext_lazy("A function that is Consulted"),
        (May.CONFIRM, May.SIGN_OFF),
        gettext_lazy("its controls and sign-offs; never what they supplied or asked for"),
    ),
    (gettext_lazy("Auditors"), (May.SEE,), gettext_lazy("also what is restricted, and the record")),
    (
        gettext_lazy("Administrators"),
        (),
        gettext_lazy("look after people, units and functions; hold no right on any initiative"),
    ),
)

#: Whom a permission belongs to where the matrix gives it to nobody.
STANDING_HOLDERS: dict[May, Any] = {
    May.ASK_FUNDING: gettext_lazy("Responsible for pilot or go-live"),
    May.RETIRE: gettext_lazy("Business owner; before go-live the Accountable of the pilot"),
    May.CLOSE: gettext_lazy("Whoever registered it; Portfolio office"),
    May.PLACE: gettext_lazy("Portfolio office"),
    May.CORRECT: gettext_lazy("Portfolio office, by somebody not named on it"),
}

#: What each permission of the table is called as a heading of the matrix page.
_ORDER = (
    May.SEE,
    May.AMEND,
    May.PROPOSE,
    May.ASK_PILOT,
    May.ASK_GO_LIVE,
    May.ASK_MODIFICATION,
    May.ASK_HALT,
    May.DECIDE_PILOT,
    May.DECIDE_GO_LIVE,
    May.DECIDE_MODIFICATION,
    May.DECIDE_HALT,
    May.STOP,
    May.PAUSE,
)


def matrix_in_words() -> list[dict[str, Any]]:
    """Return the map row by row: for each role what it may do, and what while it is only offered. No query."""
    return [
        {
            "row": row.label,
            "cells": [
                {
                    "role": role.label,
                    "may": _words(grants.GRANTS[row, role]),
                    "offered": _words(grants.OFFERED_GRANTS[row, role]) if (row, role) in grants.OFFERED_GRANTS else [],
                }
                for role in Role
            ],
        }
        for row in Row
    ]


def standing_in_words() -> list[dict[str, Any]]:
    """Return what people may do by standing right: whose, what, and when. No query."""
    return [{"who": who, "may": [may.words for may in rights], "when": when} for who, rights, when in STANDING]


def _words(given: Iterable[May]) -> list[Any]:
    return [may.words for may in _ORDER if may in given]


def sign_offs_in_words() -> list[dict[str, Any]]:
    """Return each tier with who confirms it, who signs off, and how often it is reviewed. No query."""
    return [
        {
            "tier": tier.tier,
            "title": tier.title,
            "harm": tier.harm,
            "examples": tier.examples,
            "confirmed_by": ", ".join(str(functions.label(slug)) for slug in tier.tier_confirmed_by),
            "signed_by": ", ".join(str(functions.label(slug)) for slug in tier.sign_offs) or _("nobody"),
            "review_d": tier.review_d,
        }
        for tier in policy.current().tiers.values()
    ]


# --- Whom to ask ------------------------------------------------------------------------------


def contacts() -> list[dict[str, Any]]:
    """Return whom to ask about what, by function. One query."""
    asked = {
        Function.PORTFOLIO: _("Registering, who owns what, where something stands"),
        Function.COMPLIANCE: _("Tiers, controls, restrictions"),
        Function.SECURITY: _("Security controls and sign-offs"),
        Function.FINANCE: _("Figures and budgets"),
        Function.ADMINISTRATORS: _("Signing in, people and units"),
    }
    found: dict[str, list[Any]] = {}
    from governance.people.models import Person

    rows = (
        Person.groups.through.objects.filter(group__name__in=[f.value for f in asked], person__is_active=True)
        .select_related("person", "group")
        .order_by("person__name", "person_id")
    )
    for row in rows:
        found.setdefault(row.group.name, []).append(row.person)
    return [{"function": f.label, "about": about, "people": found.get(f.value, [])[:3]} for f, about in asked.items()]


def catalog_of(stage: str) -> str:
    """Return the address of everything at a stage."""
    return f"{reverse('catalog:list')}?stage={stage}"
