"""The numbers of an initiative: its primary outcome, what was measured, and the budget."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Max
from django.utils.translation import gettext as _

from governance import ledger
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.core.words import money
from governance.initiatives.actions import refuse_while_gate_open, require
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.outcomes import queries
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people import functions
from governance.people.functions import Function
from governance.people.proof import Proof
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Role, Row
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning

#: What people may set on the outcome.
SETTABLE = (
    "metric",
    "kind",
    "unit",
    "lower_is_better",
    "baseline",
    "baseline_kind",
    "baseline_source",
    "baseline_on",
    "target",
    "threshold",
)


def set_outcome(initiative: Initiative, values: dict, *, by, at: datetime, seen_version: int = 0) -> Outcome:
    """Set the primary outcome. A threshold counts for what is measured after the day it was set.

    Raises Blocked while a gate is open, Conflict when somebody saved since `seen_version` (0: not there yet).
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.AMEND, at)
        outcome = Outcome.objects.filter(initiative=initiative).first()
        if outcome is not None and seen_version != outcome.version:
            raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
        outcome = outcome or Outcome(initiative=initiative, version=0)
        changed = {name: values[name] for name in SETTABLE if name in values and values[name] != getattr(outcome, name)}
        if outcome.pk and not changed:
            return outcome
        refuse_while_gate_open(initiative, [_("the outcome")])
        before = {name: _words(getattr(outcome, name)) for name in changed}
        for name, value in changed.items():
            setattr(outcome, name, value)
        if {"threshold", "metric", "kind", "unit", "lower_is_better"} & set(changed):
            outcome.threshold_set_at = at if outcome.threshold is not None else None
        outcome.version += 1
        outcome.save()
        say(
            Verb.OUTCOME_SET,
            outcome,
            version=outcome.version,
            fields=sorted(changed),
            threshold=outcome.threshold,
            target=outcome.target,
            baseline=outcome.baseline,
            text={"before": before, "after": {k: _words(v) for k, v in changed.items()}},
        )
    queries.forget(initiative)
    return outcome


def _words(value) -> str:
    return "" if value is None else str(value)


def add_measurement(
    initiative: Initiative, *, value: Decimal, starts_on, ends_on, cases: int, source: str, by, at: datetime
) -> Measurement:
    """Add a figure. It is claimed until somebody other than owner and Responsible confirms it.

    The same figure again by the same person, while it waits, is the one that is there.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.AMEND, at)
        if queries.outcome(initiative) is None:
            raise Conflict(_("Name the outcome first, then add figures for it."))
        told = {"value": value, "starts_on": starts_on, "ends_on": ends_on, "cases": cases, "source": source}
        waiting = Measurement.objects.filter(initiative=initiative, confirmed_at=None, returned_because="")
        if again := waiting.filter(supplied_by=by, **told).first():
            return again
        number = (Measurement.objects.filter(initiative=initiative).aggregate(n=Max("number"))["n"] or 0) + 1
        figure = Measurement.objects.create(
            initiative=initiative,
            number=number,
            **told,
            supplied_by=by,
            supplied_at=at,
        )
        say(
            Verb.MEASUREMENT_ADDED,
            figure,
            value=value,
            starts_on=starts_on,
            ends_on=ends_on,
            cases=cases,
            text={"source": source},
        )
        notices.owe(
            functions.members(Function.FINANCE),
            thing=figure,
            occasion="claimed",
            initiative=initiative,
            at=at,
            subject=_("Confirm a figure: %(key)s %(name)s") % {"key": initiative.key, "name": initiative.name},
            body=_(
                "%(who)s claims %(value)s for %(start)s to %(end)s. Until it is confirmed it counts for nothing at the gate."
            )
            % {"who": by.name, "value": value, "start": starts_on, "end": ends_on},
            path=_path("initiatives:outcome", initiative),
            why=_("You are in Finance."),
        )
    queries.forget(initiative)
    return figure


def may_confirm_figure(person, initiative, figure: Measurement) -> str:
    """Return "" when `person` may confirm this figure, else the sentence that says whose it is. Two queries at most."""
    matrix, mine = raci.matrix(initiative), functions.of(person)
    if figure.supplied_by_id == person.pk:
        return _("You supplied this figure, so somebody else must confirm it.")
    accountable = {a.person_id for a in matrix.rows if a.role == Role.ACCOUNTABLE and a.row in (Row.PILOT, Row.GO_LIVE)}
    if person.pk in accountable or any(matrix.holds(person, row, Role.RESPONSIBLE, mine) for row in Row):
        return _("A figure is confirmed by somebody other than owner and Responsible.")
    if Function.FINANCE in mine:
        return ""
    if not queries.is_money(queries.outcome(initiative)) and matrix.consulted_functions(
        person, mine, (Row.PILOT, Row.GO_LIVE)
    ):
        return ""
    return _("Finance confirms this figure.")


def figure_statement(figure: Measurement, outcome: Outcome) -> str:
    """Return the words somebody signs when they confirm a figure."""
    return _(
        "I looked at the source and confirm %(value)s %(unit)s (%(metric)s), %(start)s to %(end)s, %(cases)s cases."
    ) % {
        "value": figure.value,
        "unit": outcome.unit,
        "metric": outcome.metric,
        "start": figure.starts_on,
        "end": figure.ends_on,
        "cases": figure.cases,
    }


def shown(figure: Measurement, outcome: Outcome) -> str:
    """Return the digest that the form of a figure carries: what was shown. No query."""
    return canonical.digest({"statement": figure_statement(figure, outcome), "source": figure.source})


def answer_figure(
    figure: Measurement,
    *,
    by,
    at: datetime,
    proof: Proof | None,
    returned_because: str = "",
    seen: str | None = None,
) -> Measurement:
    """Confirm a figure (signed), or return it with a reason to whoever supplied it.

    `seen` is the digest of what the form showed; a page that confirms always carries it. Raises Refused, and
    Conflict when it was answered already or the outcome means something else by now.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(figure.initiative_id)
        figure = Measurement.objects.select_related("supplied_by").get(pk=figure.pk)
        if refusal := may_confirm_figure(by, initiative, figure):
            raise Refused(refusal, str(Function.FINANCE.label))
        if figure.confirmed_at is not None or figure.returned_because:
            raise Conflict(_("This figure was answered already."))
        if returned_because:
            figure.returned_because, figure.returned_by = returned_because[:300], by
            figure.save(update_fields=["returned_because", "returned_by"])
            say(Verb.MEASUREMENT_RETURNED, figure, text={"because": returned_because})
        else:
            outcome = queries.outcome(initiative)
            if seen is not None and seen != shown(figure, outcome):
                raise Conflict(_("Something changed since this page was shown. Read it again, then sign."))
            figure.confirmed_by, figure.confirmed_at = by, at
            figure.signature = signatures.sign(
                initiative=initiative,
                by=by,
                meaning=Meaning.FIGURE,
                proof=proof,
                at=at,
                statement=figure_statement(figure, outcome),
                facts={
                    "number": figure.number,
                    "value": figure.value,
                    "starts_on": figure.starts_on,
                    "ends_on": figure.ends_on,
                    "cases": figure.cases,
                    "source": figure.source,
                },
            )
            figure.save(update_fields=["confirmed_by", "confirmed_at", "signature"])
            say(Verb.MEASUREMENT_CONFIRMED, figure, value=figure.value, signature=figure.signature_id)
        notices.owe(
            figure.supplied_by,
            thing=figure,
            occasion="answered",
            initiative=initiative,
            at=at,
            subject=(
                _("Returned: your figure on %(key)s") if returned_because else _("Confirmed: your figure on %(key)s")
            )
            % {"key": initiative.key},
            body=returned_because or _("%(who)s confirmed it.") % {"who": by.name},
            path=_path("initiatives:outcome", initiative),
            why=_("You supplied it."),
        )
    return figure


def ask_budget(
    initiative: Initiative,
    *,
    asked: Decimal,
    currency: str,
    months: int,
    pays_for: str = "",
    licence: str = "",
    by,
    at: datetime,
) -> Budget:
    """Ask for the production budget, or ask anew; asking anew takes an earlier approval away.

    Amount and period are material: an acceptance given before no longer counts. The same again by the same
    person changes nothing, unless less was approved.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.AMEND, at)
        budget = Budget.objects.filter(initiative=initiative).first() or Budget(initiative=initiative, version=0)
        told = {"asked": asked, "currency": currency, "months": months, "pays_for": pays_for, "licence": licence}
        same = budget.asked_by_id == by.pk and all(getattr(budget, name) == value for name, value in told.items())
        if budget.pk and same and (budget.approved is None or budget.approved >= asked):
            return budget
        if budget.pk and (budget.asked, budget.currency, budget.months) != (asked, currency, months):
            refuse_while_gate_open(initiative, [_("the budget asked for")])
        budget.asked, budget.currency, budget.months, budget.pays_for, budget.licence = (
            asked,
            currency,
            months,
            pays_for,
            licence,
        )
        budget.asked_by, budget.asked_at = by, at
        budget.approved = budget.approved_by = budget.approved_at = budget.signature = None
        budget.cost_centre = budget.reference = ""
        budget.version += 1
        budget.save()
        say(
            Verb.BUDGET_ASKED,
            budget,
            asked=asked,
            currency=currency,
            months=months,
            version=budget.version,
            text={"pays_for": pays_for, "licence": licence},
        )
        notices.owe(
            functions.members(Function.FINANCE),
            thing=budget,
            occasion=f"asked-{budget.version}",
            initiative=initiative,
            at=at,
            subject=_("Approve a budget: %(key)s %(name)s") % {"key": initiative.key, "name": initiative.name},
            body=_("%(who)s asks for %(amount)s for %(months)s months.")
            % {"who": by.name, "amount": money(asked, currency), "months": months},
            path=_path("initiatives:budget", initiative),
            why=_("You are in Finance."),
        )
    queries.forget(initiative)
    return budget


def approve_budget(
    budget: Budget,
    *,
    approved: Decimal,
    cost_centre: str,
    reference: str,
    by,
    at: datetime,
    proof: Proof | None,
    seen_version: int,
) -> Budget:
    """Approve a budget, signed, by a member of Finance who did not ask for it. Raises Conflict when it was asked anew."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(budget.initiative_id)
        budget = Budget.objects.select_related("asked_by").get(pk=budget.pk)
        if Function.FINANCE not in functions.of(by):
            raise Refused(_("Finance approves budgets."), str(Function.FINANCE.label))
        if budget.asked_by_id == by.pk:
            raise Refused(_("You asked for this budget, so somebody else must approve it."))
        if budget.version != seen_version or budget.approved_at is not None:
            raise Conflict(_("This budget was approved or asked anew since you opened it."))
        budget.approved, budget.cost_centre, budget.reference, budget.approved_by, budget.approved_at = (
            approved,
            cost_centre,
            reference,
            by,
            at,
        )
        budget.signature = signatures.sign(
            initiative=initiative,
            by=by,
            meaning=Meaning.BUDGET,
            proof=proof,
            at=at,
            statement=_(
                "I approve %(amount)s for %(months)s months from cost centre %(centre)s, reference %(reference)s."
            )
            % {
                "amount": money(approved, budget.currency),
                "months": budget.months,
                "centre": cost_centre,
                "reference": reference,
            },
            facts={
                "asked": budget.asked,
                "approved": approved,
                "currency": budget.currency,
                "months": budget.months,
                "cost_centre": cost_centre,
                "reference": reference,
                "asked_by": budget.asked_by_id,
            },
        )
        budget.save()
        say(
            Verb.BUDGET_APPROVED,
            budget,
            approved=approved,
            currency=budget.currency,
            months=budget.months,
            signature=budget.signature_id,
            text={"cost_centre": cost_centre, "reference": reference},
        )
        notices.owe(
            budget.asked_by,
            thing=budget,
            occasion=f"approved-{budget.version}",
            initiative=initiative,
            at=at,
            subject=_("Approved: the budget of %(key)s") % {"key": initiative.key},
            body=_("%(who)s approved %(amount)s, reference %(reference)s.")
            % {"who": by.name, "amount": money(approved, budget.currency), "reference": reference},
            path=_path("initiatives:budget", initiative),
            why=_("You asked for it."),
        )
    queries.forget(initiative)
    return budget


def _path(name: str, initiative) -> str:
    from django.urls import reverse

    return reverse(name, args=[initiative.key])
