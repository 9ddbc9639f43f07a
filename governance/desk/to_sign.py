"""Rows under Sign: offers, acceptances to renew, sign-offs, figures, budgets, controls and tiers to look at."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core.words import money
from governance.desk.mine import Mine
from governance.desk.rows import Item, about, asks, grouped, named, page, whose
from governance.initiatives import material
from governance.initiatives.roles import together
from governance.people import functions
from governance.raci.models import Role, Row


def rows(mine: Mine) -> Iterator[Item]:
    """Yield what waits for this person's word or signature."""
    yield from _offers(mine)
    yield from _void(mine)
    yield from _sign_offs(mine)
    yield from _figures(mine)
    yield from _budgets(mine)
    yield from _checks(mine)
    yield from _tiers(mine)


def _offers(mine: Mine) -> Iterator[Item]:
    seen = set()
    for offer in mine.offers():
        row, role = Row(offer.row), Role(offer.role)
        if (key := (offer.initiative_id, together(row, role), role)) in seen:
            continue
        seen.add(key)
        owns = role == Role.ACCOUNTABLE and len(together(row, role)) > 1
        if owns:
            says = _("Answer: will you own %(initiative)s?")
        else:
            says = _("Answer: will you be %(role)s for %(row)s of %(initiative)s?")
        by = offer.assigned_by
        yield Item(
            says % {"initiative": named(offer.initiative), "role": role.label, "row": row.label},
            reverse("initiatives:answer_offer", args=[offer.initiative.key, offer.pk]),
            "person",
            whose(offer.answer_by, mine.at),
            **about(offer.initiative),
            facts=[_("%(name)s named you.") % {"name": by.name} if by else _("You were named.")],
            due=offer.answer_by,
            due_word=_("answer by"),
            consequence=_("If you do not answer, the role stays vacant and the Portfolio office is told."),
            action=_("Answer"),
        )


def _void(mine: Mine) -> Iterator[Item]:
    for accepted in mine.accepted(Row.GO_LIVE, Role.ACCOUNTABLE):
        initiative = accepted.initiative
        if initiative.is_retiring or accepted.material_sha256 == material.digest(initiative):
            continue
        gates = (d for d in mine.decisions if d.initiative_id == initiative.pk and d.kind in ("funding", "go_live"))
        due = min((d.due_at for d in gates), default=None)
        yield Item(
            _("Accept again: %(initiative)s") % {"initiative": named(initiative)},
            page("initiatives:matrix", initiative, "accept"),
            "sign",
            whose(due, mine.at),
            **about(initiative),
            facts=[_("Something material changed since you accepted.")],
            due=due,
            consequence=_("Until you accept again, its gates cannot pass."),
            action=_("See what changed"),
        )


def _sign_offs(mine: Mine) -> Iterator[Item]:
    for row in mine.sign_offs:
        words = {"function": functions.label(row.function), "initiative": named(row.initiative)}
        yield Item(
            _("Sign off for %(function)s: %(initiative)s") % words,
            reverse("gates:sign_off", args=[row.initiative.key, row.decision.number, row.function]),
            "sign",
            whose(row.due_at, mine.at),
            **about(row.initiative),
            facts=[row.decision.get_kind_display(), asks(row.asked_by)],
            due=row.due_at,
            consequence=_("Silence counts as not signed: without you it cannot pass."),
            action=_("Look and sign"),
        )


def _figures(mine: Mine) -> Iterator[Item]:
    for figures in grouped(mine.figures):
        initiative, first = figures[0].initiative, figures[0]
        says = ngettext("Confirm a figure: %(initiative)s", "Confirm %(n)s figures: %(initiative)s", len(figures))
        yield Item(
            says % {"n": len(figures), "initiative": named(initiative)},
            page("initiatives:outcome", initiative, f"figure-{first.number}"),
            "sign",
            whose(first.gate_due_at, mine.at),
            **about(initiative),
            facts=[_("%(name)s supplied it.") % {"name": first.supplied_by.name}],
            due=first.gate_due_at,
            consequence=_("Until then it counts as claimed, and the funding gate cannot pass on it."),
            action=_("Look and confirm"),
        )


def _budgets(mine: Mine) -> Iterator[Item]:
    budget: Any  # with the deadline of the gate that waits for it
    for budget in mine.budgets:
        initiative = budget.initiative
        words = {"amount": money(budget.asked, budget.currency), "months": budget.months, "name": budget.asked_by.name}
        yield Item(
            _("Approve a budget: %(initiative)s") % {"initiative": named(initiative)},
            page("initiatives:budget", initiative),
            "sign",
            whose(budget.gate_due_at, mine.at),
            **about(initiative),
            facts=[_("%(name)s asks for %(amount)s for %(months)s months.") % words],
            due=budget.gate_due_at,
            consequence=_("Until then the funding gate cannot pass."),
            action=_("Look and approve"),
        )


def _checks(mine: Mine) -> Iterator[Item]:
    controls = policy.current().controls
    for checks in grouped(mine.checks):
        initiative, first = checks[0].initiative, checks[0]
        says = ngettext("Confirm a control: %(initiative)s", "Confirm %(n)s controls: %(initiative)s", len(checks))
        yield Item(
            says % {"n": len(checks), "initiative": named(initiative)},
            page("initiatives:controls", initiative, first.ref),
            "sign",
            whose(first.gate_due_at, mine.at),
            **about(initiative),
            facts=[", ".join(controls[check.ref].title for check in checks[:4])],
            due=first.gate_due_at,
            consequence=_("Until then it cannot go live."),
            action=_("Look and confirm"),
        )


def _tiers(mine: Mine) -> Iterator[Item]:
    for initiative in mine.tiers:
        yield Item(
            _("Confirm the tier: %(initiative)s") % {"initiative": named(initiative)},
            page("initiatives:tier", initiative),
            "sign",
            stage=str(initiative.stage),
            capability=initiative.capability,
            facts=[_("Tier %(tier)s is proposed.") % {"tier": initiative.tier_proposed}],
            consequence=_("Until then its pilot cannot start."),
            action=_("Look and confirm"),
        )
