"""Rows under Decide: questions that wait for this person, and those they are to get decided."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.core.words import mid_sentence, money
from governance.desk.mine import Mine
from governance.desk.queries import DAY_90_SHOWN
from governance.desk.rows import Item, about, asks, named, whose
from governance.gates import queries as gates
from governance.gates.models import Decision
from governance.gates.questions import QUESTIONS
from governance.initiatives.models import Initiative


def rows(mine: Mine) -> Iterator[Item]:
    """Yield what this person decides, or gets decided."""
    yield from _decisions(mine)
    yield from _handed_over(mine)


def _is_near(decision: Decision, at: datetime) -> bool:
    """Whether a question is worth a row at `at`: all but a day 90 that is still far."""
    return decision.kind != "day_90" or decision.due_at <= at + DAY_90_SHOWN


def _decisions(mine: Mine) -> Iterator[Item]:
    for decision in mine.to_decide():
        if not _is_near(decision, mine.at):
            continue
        question, initiative, over = QUESTIONS[decision.kind], decision.initiative, mine.at >= decision.due_at
        told = [_("You are Accountable."), asks(decision.asked_by)]
        if over:
            told.append(_("The Escalation owner was asked to get it decided."))
        told += _missing(decision, initiative, mine.at)
        if decision.kind == "funding" and (budget := getattr(initiative, "budget", None)):
            told.append(_money_words(budget))
        yield Item(
            _("%(verb)s · %(initiative)s") % {"verb": question.verb, "initiative": named(initiative)},
            decision.get_absolute_url(),
            "diamond-open",
            whose(decision.due_at, mine.at),
            **about(initiative),
            facts=told,
            due=decision.final_at if over else decision.due_at,
            consequence=_if_silent(question, over=over),
            action=_("Review and decide"),
        )


def _money_words(budget: Any) -> str:
    if budget.approved is not None:
        says = _("%(amount)s for %(months)s months is approved.")
    else:
        says = _("%(amount)s for %(months)s months is asked for and not approved.")
    return says % {"amount": money(budget.asked, budget.currency), "months": budget.months}


def _missing(decision: Decision, initiative: Initiative, at: datetime) -> list[str]:
    """Return how far a Pass is from possible, in words; the facts are at hand, so nothing is asked."""
    requirements = gates.requirements(decision, initiative, at)
    if not requirements or "_matrix" not in initiative.__dict__:
        return []
    holds = sum(1 for _rule, found in requirements if not found)
    if decision.kind == "funding":
        return [_("%(yes)s of %(all)s questions are Yes.") % {"yes": holds, "all": len(requirements)}]
    missing = len(requirements) - holds
    if not missing:
        return [_("Every requirement is met.")]
    return [ngettext("%(n)s requirement is not met.", "%(n)s requirements are not met.", missing) % {"n": missing}]


def _if_silent(question: Any, *, over: bool) -> str:
    """Return what happens when nobody answers; once it was handed over, the hand-over is behind us."""
    if over:
        return _("If nobody decides by then it closes as No pass. %(then)s") % {"then": question.no_pass_words}
    return _("If nobody decides: %(then)s") % {"then": mid_sentence(question.if_silent)}


def _handed_over(mine: Mine) -> Iterator[Item]:
    for decision in mine.to_get_decided():
        question, initiative = QUESTIONS[decision.kind], decision.initiative
        decides = gates.decider(decision, initiative)
        waits = _("%(name)s has not answered.") % {"name": decides.name} if decides else _("Nobody is Accountable.")
        words = {"verb": question.verb, "initiative": named(initiative)}
        yield Item(
            _("Get it decided · %(verb)s · %(initiative)s") % words,
            decision.get_absolute_url(),
            "diamond-open",
            "overdue",
            **about(initiative),
            facts=[_("You are Escalation owner."), waits],
            due=decision.final_at,
            consequence=_if_silent(question, over=True),
            action=_("See what is left to do"),
        )
