"""Bringing in the federal inventory of 2025, as the command does, against the same rows by bulk_create (P27)."""

import io
from pathlib import Path
from time import perf_counter

from tests.bench.measure import Bar

#: How quick it must be at least, of bulk_create.
RATE = 0.03


def run(home: Path) -> list[Bar]:
    """Return the bar; nothing where the shared data is not there."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import transaction

    from governance.initiatives.models import Initiative, KeyCounter
    from tests.bench import place
    from tests.make import at_stage

    file = settings.BASE_DIR.parent / "shared/data/omb_2025/2025_individually_reported_AI_use_cases.csv"
    if not file.exists():
        return [Bar("P27", f"the shared data is not there: {file.name}", "", "", None)]
    place.make("bench_import")
    began = perf_counter()
    call_command("import_inventory", str(file), profile="omb-2025", stdout=io.StringIO())
    ours = perf_counter() - began
    rows = list(Initiative.objects.order_by("pk").values())
    first = KeyCounter.take(len(rows))
    again = []
    for number, row in enumerate(rows, first):
        stage = row.pop("stage")
        again.append(at_stage(stage, **{**row, "id": None, "number": number}))
    began = perf_counter()
    with transaction.atomic():
        Initiative.objects.bulk_create(again, batch_size=400)
    bare = perf_counter() - began
    said = f"{bare / ours:.3f} x ({len(rows) / ours:,.0f} / {len(rows) / bare:,.0f} rows/s)"
    return [
        Bar("P27", f"import of {len(rows):,} records against bulk_create", said, f">= {RATE:g} x", bare / ours >= RATE)
    ]
