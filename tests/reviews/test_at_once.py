"""Several sweeps at the same moment: each occasion happens once, on both databases."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections

from governance.initiatives import actions
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.ledger.verify import verify
from governance.notices.models import Channel, Notice
from governance.reviews import clocks
from governance.reviews.models import Told
from tests import make

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at_once(count: int, at) -> list:
    """Look at the clocks from `count` threads that start together; return what each did, or what it met."""
    barrier, results = threading.Barrier(count), []

    def look():
        try:
            barrier.wait(20)
            results.append(clocks.run(at))
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _sweep in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_three_sweeps_at_the_same_moment_do_everything_once(db):
    cast = make.make_cast()
    gate, live = (
        make.Story(cast, name="Gate").to_funding(),
        make.Story(cast, name="Live", tier_proposed=4).to_production(),
    )
    actions.report_found({"name": "Found", "unit": cast.sales}, by=cast.staff, at=gate.at)
    Initiative.objects.bulk_create(
        make.at_stage(
            "discovered",
            number=500 + n,
            name=f"Use {n}",
            stage_since=gate.at,
            registered_at=gate.at,
            unowned_since=gate.at,
            unit=cast.support,
        )
        for n in range(130)
    )
    decision, due = gate.decision("funding"), live.fresh.review_due_at
    instants = sorted(
        {
            decision.due_at - 48 * HOUR,
            decision.due_at - 4 * HOUR,
            decision.due_at,
            decision.final_at,
            due - timedelta(days=1.4),
            due - DAY,
            due + 12 * HOUR,
            due + DAY,
            gate.at + 21 * DAY,
            gate.at + 28 * DAY,
            gate.at + 31 * DAY,
        }
    )

    results = [one for at in instants for one in at_once(3, at)]

    assert [one for one in results if isinstance(one, Exception) or "failed" in one] == []
    done = sum((Counter(one) for one in results), Counter())
    del done["checkpoint"]
    assert done == {
        "gate.first": 1,
        "gate.last": 1,
        "gate.time_up": 2,
        "day_90.first": 1,  # the lapse sends it back to its pilot, whose day 90 went on counting
        "review.before": 1,
        "review.due": 1,
        "review.late": 1,
        "review.escalated": 1,
        "ownership.first": 131,
        "ownership.second": 131,
        "ownership.up": 131,
    }
    told = Counter(
        LedgerEntry.objects.filter(verb__startswith="clock.").values_list("verb", "subject_kind", "subject_id", "at")
    )
    assert set(told.values()) == {1}
    assert Counter(
        LedgerEntry.objects.filter(verb__in=["decision.handed_over", "decision.lapsed"]).values_list("verb", flat=True)
    ) == {"decision.handed_over": 1, "decision.lapsed": 1}
    assert Told.objects.count() == 7 + 3 * 131
    ownership = Notice.objects.filter(occasion__startswith="ownership", channel=Channel.EMAIL)
    assert ownership.count() == 2 * (3 + 3 + 4)  # two units; office and leader, and on day 30 the COO
    assert verify().ok
