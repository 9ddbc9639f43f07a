"""The real inventory of 2025: every record counted, nothing made up. Skipped where the shared data is not there."""

import csv
import re
from collections import Counter

from governance.initiatives import search
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.ledger.verify import verify
from governance.notices.models import Notice
from governance.people.models import Person, Unit
from governance.raci import grants
from governance.raci.models import Assignment
from governance.registers.models import Origin
from tests.registers.conftest import COTS, REAL, need


def cells(path):
    """Return the records of a real file, as a spreadsheet shows them."""
    with need(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_2025_inventory_comes_in_whole_and_once(bring, cast):
    people, records = Person.objects.count(), cells(REAL)

    report = bring(REAL, by=cast.office)

    assert report.counts() == {
        "records": 3611,
        "created": 3611,
        "updated": 0,
        "unchanged": 0,
        "gone": 0,
        "skipped": 0,
        "refused": 0,
        "triage": 338,
        "by_stage": {"idea": 1479, "pilot": 440, "production": 1040, "retired": 314, "triage": 338},
    }
    assert Counter(Initiative.objects.values_list("stage", flat=True)) == {
        "idea": 1479,
        "pilot": 440,
        "production": 1040,
        "retired": 314,
        "triage": 338,
    }
    assert Counter(problem["weight"] for problem in report.problems) == {"triage": 338, "noted": 182}
    # Nobody became anything.
    assert (Person.objects.count(), Assignment.objects.count(), grants.differences()) == (people, 0, [])
    assert not Initiative.objects.exclude(tier=None, tier_proposed=None, registrant=None, workflow_owner=None).exists()
    # The clocks.
    assert report.unowned == Initiative.objects.exclude(unowned_since=None).count() == 1480
    assert Initiative.objects.exclude(evidence_due_on=None).count() == 1040
    # Names as they came, but for the one that is blank, those that are too long, line breaks and tabs.
    named = dict(Initiative.objects.values_list("number", "name"))
    others = [r["use_case_name"] for n, r in enumerate(records, min(named)) if named[n] != r["use_case_name"]]
    assert sorted(others) == sorted(
        name
        for name in (r["use_case_name"] for r in records)
        if not name or len(name) > 200 or re.search(r"[\n\t]", name)
    )
    assert Initiative.objects.get(name="(no name) DOI-0015").unit.name == "FWS"
    assert set(Unit.objects.filter(parent=None).exclude(pk=cast.company.pk).values_list("name", flat=True)) == {
        r["agency_name"] for r in records
    }
    # At most one notice per unit and person.
    told = Counter(Notice.objects.filter(channel="portal").values_list("person", "subject"))
    assert set(told.values()) == {1}
    assert len(told) == 41 * 2
    # Dates are as exact as the cells.
    states = Origin.objects.values_list("stated__states", flat=True)
    assert Counter(stated["operational"]["precision"] for stated in states if "operational" in stated) == {
        "day": 882,
        "month": 484,
        "year": 36,
    }
    # No mailbox is kept; where an address stands in another cell, it is that cell's.
    kept = str(list(Origin.objects.values_list("stated", "kept"))).casefold()
    mailboxes = {r["contact_email"].strip().casefold() for r in records if "@" in r["contact_email"]}
    elsewhere = " ".join(value for r in records for name, value in r.items() if name != "contact_email").casefold()
    assert len(mailboxes) > 100
    assert [mailbox for mailbox in mailboxes if mailbox in kept and mailbox not in elsewhere] == []
    # Search and the record.
    assert [i.name for i in search.matching(Initiative.objects.all(), "stress scenar deep")] == [
        "Stress Testing Scenarios with Deep Learning"
    ]
    assert LedgerEntry.objects.filter(verb="record.created").count() == 3611
    assert verify().ok

    again = bring(REAL)

    assert (again.created, again.updated, again.unchanged, again.gone) == (0, 0, 3611, 0)
    assert Notice.objects.filter(channel="portal").count() == 41 * 2


def test_common_commercial_uses_come_in_where_they_are_used(bring):
    report = bring(need(COTS), profile="omb-2025-cots")

    assert report.counts() == {
        "records": 900,
        "created": 484,
        "updated": 0,
        "unchanged": 0,
        "gone": 0,
        "skipped": 416,
        "refused": 0,
        "triage": 16,
        "by_stage": {"production": 468, "triage": 16},
    }
    assert Counter(Initiative.objects.values_list("stage", flat=True)) == {"production": 468, "triage": 16}
    again = bring(COTS, profile="omb-2025-cots")
    assert (again.created, again.updated, again.unchanged, again.skipped) == (0, 0, 484, 416)
