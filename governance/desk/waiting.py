"""Rows under Waiting on others: what this person asked, named, supplied or wished, and nobody answered yet."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.desk.mine import Mine
from governance.desk.rows import Item, named, page
from governance.gates import queries as gates
from governance.gates.questions import QUESTIONS
from governance.initiatives.roles import together
from governance.raci.models import Role, Row


def rows(mine: Mine) -> Iterator[Item]:
    """Yield what waits for others."""
    yield from _asked(mine)
    yield from _named(mine)
    yield from _claims(mine)
    yield from _wishes(mine)


def _asked(mine: Mine) -> Iterator[Item]:
    for decision in mine.asked():
        initiative = decision.initiative
        decides = gates.decider(decision, initiative) if "_matrix" in initiative.__dict__ else None
        words = {"verb": QUESTIONS[decision.kind].verb, "initiative": named(initiative)}
        yield Item(
            _("%(verb)s · %(initiative)s") % words,
            decision.get_absolute_url(),
            "waiting",
            "theirs",
            facts=[_("%(name)s decides.") % {"name": decides.name} if decides else _("Its Accountable decides.")],
            due=decision.due_at,
        )


def _named(mine: Mine) -> Iterator[Item]:
    seen = set()
    for offer in mine.offers_made:
        row, role = Row(offer.row), Role(offer.role)
        if (key := (offer.initiative_id, together(row, role), role)) in seen:
            continue
        seen.add(key)
        words = {
            "name": offer.person.name,
            "role": role.label,
            "row": row.label,
            "initiative": named(offer.initiative),
        }
        yield Item(
            _("%(name)s, %(role)s for %(row)s: %(initiative)s") % words,
            page("initiatives:matrix", offer.initiative, f"{offer.row}-{offer.role}"),
            "waiting",
            "theirs",
            due=offer.answer_by,
            due_word=_("answers by"),
        )


def _waits(claim: Any, me: int) -> bool:
    """Return whether a figure or a control that I supplied was neither confirmed nor returned."""
    return claim.supplied_by_id == me and claim.confirmed_at is None and not claim.returned_because


def _claims(mine: Mine) -> Iterator[Item]:
    """Yield what this person supplied or asked for, and a function has not looked at yet."""
    me = mine.person.pk
    for initiative in {a.initiative_id: a.initiative for a in mine.roles}.values():
        brought, told = initiative.__dict__, []
        if any(_waits(figure, me) for figure in brought.get("_measurements", ())):
            told.append(_("Your figure waits for Finance."))
        if (budget := brought.get("_budget")) and budget.asked_by_id == me and budget.approved_at is None:
            told.append(_("The budget you asked for waits for Finance."))
        if n := sum(_waits(check, me) and check.waived_by_id is None for check in brought.get("_brought_checks", ())):
            says = ngettext(
                "%(n)s control you supplied waits for a look.", "%(n)s controls you supplied wait for a look.", n
            )
            told.append(says % {"n": n})
        if told:
            yield Item(named(initiative), page("initiatives:show", initiative), "waiting", "theirs", facts=told)


def _wishes(mine: Mine) -> Iterator[Item]:
    for wish in mine.wishes_made:
        yield Item(
            _("Your wish to stop it: %(initiative)s") % {"initiative": named(wish.initiative)},
            page("initiatives:show", wish.initiative),
            "waiting",
            "theirs",
            facts=[_("Nobody has answered yet.")],
        )
