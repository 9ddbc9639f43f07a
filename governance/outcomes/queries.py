"""Reading outcome, figures and budget. Each costs one query, kept on the initiative's instance by Django."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from governance import policy
from governance.core.prepared import KEY, Prepared
from governance.outcomes.models import Budget, Kind, Measurement, Outcome


def outcome(initiative) -> Outcome | None:
    """Return the primary outcome, or None."""
    if "_outcome" not in initiative.__dict__:
        found = _OUTCOME.ask(initiative=initiative.pk) if initiative.pk else ()
        initiative.__dict__["_outcome"] = next(iter(found), None)
    return initiative.__dict__["_outcome"]


_OUTCOME: Prepared[Outcome] = Prepared(lambda initiative: Outcome.objects.filter(initiative=initiative), initiative=KEY)


def budget(initiative) -> Budget | None:
    """Return the production budget, or None."""
    if "_budget" not in initiative.__dict__:
        found = _BUDGET.ask(initiative=initiative.pk) if initiative.pk else ()
        initiative.__dict__["_budget"] = next(iter(found), None)
    return initiative.__dict__["_budget"]


_BUDGET: Prepared[Budget] = Prepared(
    lambda initiative: Budget.objects.filter(initiative=initiative).select_related("asked_by", "approved_by"),
    initiative=KEY,
)


def measurements(initiative) -> list[Measurement]:
    """Return every figure, newest period first."""
    if "_measurements" not in initiative.__dict__:
        found = _MEASUREMENTS.ask(initiative=initiative.pk) if initiative.pk else []
        initiative.__dict__["_measurements"] = found
    return initiative.__dict__["_measurements"]


_MEASUREMENTS: Prepared[Measurement] = Prepared(
    lambda initiative: (
        Measurement.objects.filter(initiative=initiative)
        .select_related("supplied_by", "confirmed_by", "returned_by")
        .order_by("-ends_on", "-pk")
    ),
    initiative=KEY,
)


def forget(initiative) -> None:
    """Read all three again next time."""
    for name in ("_outcome", "_budget", "_measurements"):
        initiative.__dict__.pop(name, None)


def counts_from(outcome: Outcome):
    """Return the first day a measurement counts for: the day after the threshold was set, or None without one."""
    return (
        None
        if outcome.threshold_set_at is None
        else outcome.threshold_set_at.astimezone(ZoneInfo("UTC")).date() + timedelta(days=1)
    )


def long_enough(measurement: Measurement) -> bool:
    """Return whether the period is as long as the policy asks (both days counted)."""
    return (measurement.ends_on - measurement.starts_on).days + 1 >= policy.current().windows[
        "threshold_before_measuring_d"
    ]


def is_money(outcome: Outcome | None) -> bool:
    """Return whether the primary outcome is money, which Finance confirms."""
    return outcome is not None and outcome.kind == Kind.MONEY
