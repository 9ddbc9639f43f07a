"""Two questions a supervisor asks: is it alive, and should it get requests. No sign-in, no secrets."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from governance.core import clock
from portal.middleware import timeless

#: A sweep older than this means that nobody is reminded of anything.
SWEEP_LATE = timedelta(minutes=15)

#: The lateness counts from here, so that a start after a long pause is not unhealthy at once.
STARTED_AT = clock.wall()


@timeless
@login_not_required
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 while this process answers at all. No query."""
    return JsonResponse({"live": True})


@timeless
@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when requests are served and reminders arrive, else 503 with every reason. Four queries."""
    reasons = problems()
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def problems() -> list[str]:
    """Return every reason this installation is not ready, in words that hold no secret."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return ["The database does not answer."]
    if waiting := pending_migrations():
        return [f"{len(waiting)} migrations have not run. Run: manage.py migrate"]
    reasons = []
    if absent := _missing_guards():
        reasons.append(
            f"{len(absent)} guards of the ledger are missing. Run: manage.py migrate, then manage.py verify_ledger"
        )
    if absent := _missing_keepers():
        reasons.append(f"{len(absent)} triggers that keep the catalog are missing. Run: manage.py check_catalog --mend")
    if (late := _sweep_lateness()) > SWEEP_LATE:
        minutes = int(late.total_seconds() // 60)
        reasons.append(f"The last sweep was {minutes} minutes ago. Are the worker and the beat running?")
    return reasons


def pending_migrations() -> list[str]:
    """Return the migrations this code has and the database has not, as app.name. One query."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def _missing_guards() -> list[str]:
    from governance.ledger import guards

    return guards.missing()


def _missing_keepers() -> list[str]:
    from governance.initiatives import catalog_keeping

    return catalog_keeping.missing()


def _sweep_lateness() -> timedelta:
    """Return how long ago the last sweep was, counted from the start of this process where that is later."""
    from governance.core.models import Pulse

    last = Pulse.objects.filter(name="sweep").values_list("beat_at", flat=True).first()
    return clock.wall() - max(last or STARTED_AT, STARTED_AT)
