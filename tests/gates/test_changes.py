"""What moved between two snapshots, in words."""

import copy
from datetime import timedelta

import pytest

from governance.core import canonical
from governance.gates import changes, snapshot
from governance.gates.changes import Change
from governance.raci.models import Role, Row
from tests.make import prove


@pytest.fixture
def facts(story):
    """What the decider of a funding gate sees."""
    tale = story("funding")
    return canonical.plain(snapshot.of(tale.decision("funding"), tale.fresh, tale.at))


def test_nothing_moved_between_a_snapshot_and_itself(facts):
    assert changes.between(facts, copy.deepcopy(facts)) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("initiative", "tier"), 3, Change("Tier", "2", "3")),
        (("initiative", "stage"), "build", Change("Stage", "Funding gate", "Build")),
        (("initiative", "capability"), "draft_only", Change("Capability", "Can act", "Draft only")),
        (("initiative", "tools"), "", Change("Tools it may use", "billing.refund", "")),
        (("budget", "approved"), None, Change("Amount approved", "84,000", "")),
        (("outcome", "threshold"), "2.50", Change("Threshold the gate asks for", "3", "2.5")),
        (("decision", "due_at"), "2026-05-01T15:00:00Z", Change("Deadline", "*", "Fri 1 May, 15:00 UTC")),
        (("figures", 0, "ends_on"), "2026-05-01", Change("Figure 1, last day measured", "*", "1 May 2026")),
        (("policy",), 2, Change("Policy version", "1", "2")),
    ],
)
def test_each_fact_is_called_by_its_name(facts, path, value, said):
    after = copy.deepcopy(facts)
    place = after
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    found = changes.between(facts, after)

    assert [c.what for c in found] == [said.what]
    assert found[0].after == said.after
    assert said.before in ("*", found[0].before)


def test_rows_are_told_apart_by_what_names_them(facts, cast):
    after = copy.deepcopy(facts)
    after["requirements"][0]["met"] = False
    after["figures"][0]["confirmed_by"] = None
    after["controls"].append({"ref": "T2.1", "confirmed_by": cast.security.pk, "waived_until": None})
    after["sign_offs"].append({"function": "security", "answer": "signed", "answered_by": cast.security.pk})
    for row in after["matrix"]:
        if (row["row"], row["role"]) == (Row.HALT, Role.ESCALATION):
            row["person"], row["accepted_at"] = cast.cto.pk, None

    found = {str(c) for c in changes.between(facts, after)}

    assert found == {
        "Does pilot evidence support the business case in business terms?: was yes, now no",
        "Figure 1, confirmed by: was Tomas Berg, now empty",
        "Control “Tool allowlist”, confirmed by: now Ruth Abel",
        "Sign-off of Security, answer: now Signed off",
        "Sign-off of Security, answered by: now Ruth Abel",
        "Halt / roll back, Escalation owner: was Dana Roth, now Jia Wu (asked)",
    }


def test_deciding_a_pilot_go_moves_nothing_since_it_was_signed(story):
    tale = story("pilot")

    assert changes.since(tale.decision("pilot_go"), tale.fresh, tale.at + timedelta(hours=1)) == []


def test_an_unsigned_question_has_nothing_to_compare(story):
    tale = story("funding")

    assert changes.since(tale.decision("funding"), tale.fresh, tale.at) == []


def test_whoever_decides_the_pilot_go_accepts_by_deciding_and_that_is_no_change(story, cast):
    from governance.gates import actions
    from governance.initiatives import roles

    tale = story()
    tale.set_outcome().confirm_tier().name_people()
    held = roles.offer(tale.fresh, Row.PILOT, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=tale.at)
    assert held.accepted_at is None
    mine = tale.fresh.assignments.get(row=Row.PILOT, role=Role.ACCOUNTABLE, accepted_at__isnull=False)
    roles.end(mine, because="Away.", by=cast.owner, at=tale.at)
    decision = actions.ask(tale.fresh, "pilot_go", by=cast.lead, at=tale.at, recommendation="Worth a try.")
    actions.decide(
        decision,
        "pass",
        by=cast.coo,
        at=tale.at,
        proof=prove(cast.coo),
        seen=snapshot.shown(decision, tale.fresh, tale.at),
    )

    assert tale.fresh.stage == "pilot"
    assert changes.since(tale.decision("pilot_go"), tale.fresh, tale.at) == []
