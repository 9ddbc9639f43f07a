"""The nine invariants of the matrix (DESIGN section 3), each with the attempts to break it.

Where the database holds an invariant, the attempt goes around our own code.
"""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.gates import actions as gates
from governance.gates import changes, queries, snapshot
from governance.gates import stop as stopping
from governance.gates.models import Decision
from governance.initiatives import actions, controls, figures, roles, steps
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people import actions as people
from governance.people.models import Person
from governance.people.proof import Proof
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Assignment, InitiativeUserPermission, Role, Row
from governance.signatures.models import Signature
from tests import make
from tests.make import prove

pytestmark = pytest.mark.postgres


# 1. One Accountable per row, a person with an active account, accepted


def test_1_the_database_refuses_a_second_accountable(story, cast):
    tale = story("pilot")

    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            initiative=tale.initiative,
            row="go_live",
            role="A",
            person=cast.other_owner,
            assigned_at=tale.at,
            accepted_at=tale.at,
        )

    assert Assignment.objects.filter(initiative=tale.initiative, row="go_live", role="A", ended_at=None).count() == 1


def test_1_the_database_refuses_a_group_as_accountable(story):
    from django.contrib.auth.models import Group

    tale = story()

    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            initiative=tale.initiative,
            row="halt",
            role="A",
            group=Group.objects.get(name="compliance"),
            assigned_at=tale.at,
        )


def test_1_an_offer_leaves_the_row_vacant_and_the_predecessor_in_place(story, cast):
    tale = story("pilot")
    cast.company.leader = cast.coo
    roles.offer(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=tale.at)

    assert raci.matrix(tale.fresh).owner == cast.owner
    held = grants.held_by(cast.coo, tale.fresh, tale.at)
    assert May.STOP in held, "who is named may stop"
    assert May.DECIDE_GO_LIVE not in held, "but not decide"


def test_1_a_leaver_blocks_the_next_gate_and_holds_nothing(story, cast):
    tale = story("funding")
    people.leave(cast.owner, left_on=tale.at.date(), by=cast.admin, at=tale.at)
    gone = Person.objects.get(pk=cast.owner.pk)
    decision = tale.decision("funding")

    assert grants.held_by(gone, tale.fresh, tale.at) == frozenset()
    assert "owner.none" in {b.code for b in queries.blockers(decision, tale.fresh, tale.at)}
    with pytest.raises(Refused, match="Nobody is Accountable"):
        gates.decide(
            decision, "pass", by=gone, at=tale.at, proof=prove(gone), seen=snapshot.shown(decision, tale.fresh, tale.at)
        )


# 2. Who may be Accountable


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("cto", "eligible.cto"),
        ("engineer", "eligible.builder"),
        ("lead", "eligible.grade"),
        ("other_owner", "eligible.leader"),
        ("escalation", "eligible.leader"),
    ],
)
def test_2_who_cannot_be_business_owner_is_refused_with_the_reason_and_whom_to_choose(story, cast, who, code):
    tale = story()

    with pytest.raises(Blocked) as refusal:
        roles.offer(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, getattr(cast, who), by=cast.office, at=tale.at)

    assert code in {b.code for b in refusal.value.blockers}
    assert "Priya Nair" in str(refusal.value)
    assert not Assignment.objects.filter(initiative=tale.initiative, role="A").exists()


def test_2_data_science_never_answers_for_the_result(story, cast):
    cast.owner.job_family = "data-science"
    cast.owner.save()
    tale = story()

    with pytest.raises(Blocked, match="data science"):
        roles.offer(
            tale.fresh, Row.HALT, Role.ACCOUNTABLE, Person.objects.get(pk=cast.owner.pk), by=cast.office, at=tale.at
        )


def test_2_the_gate_looks_again_at_who_the_owner_is(story, cast):
    tale = story("funding")
    Person.objects.filter(pk=cast.owner.pk).update(grade="manager")
    decision = tale.decision("funding")

    assert "eligible.grade" in {b.code for b in queries.blockers(decision, tale.fresh, tale.at)}


def test_2_grade_alone_is_waived_at_tier_1_by_the_portfolio_office_only(story, cast):
    Person.objects.filter(pk=cast.owner.pk).update(grade="director")
    director = Person.objects.get(pk=cast.owner.pk)
    tale = story(tier_proposed=1)
    tale.confirm_tier()

    with pytest.raises(Blocked):
        roles.offer(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, director, by=cast.office, at=tale.at)
    with pytest.raises(Refused, match="Portfolio office"):
        roles.offer(
            tale.fresh,
            Row.GO_LIVE,
            Role.ACCOUNTABLE,
            director,
            by=cast.lead,
            at=tale.at,
            grade_waived_because="Small unit.",
        )
    made = roles.offer(
        tale.fresh,
        Row.GO_LIVE,
        Role.ACCOUNTABLE,
        director,
        by=cast.office,
        at=tale.at,
        grade_waived_because="The unit has no VP.",
    )

    assert made.grade_waived_because == "The unit has no VP."


def test_2_accountable_and_escalation_owner_are_two_people(story, cast):
    tale = story()
    roles.offer(tale.fresh, Row.HALT, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=tale.at)

    with pytest.raises(Blocked, match="two people"):
        roles.offer(tale.fresh, Row.HALT, Role.ESCALATION, cast.owner, by=cast.office, at=tale.at)


# 3. Nobody decides what they asked for; nobody confirms what they supplied


def test_3_the_accountable_cannot_ask(story, cast):
    tale = story("pilot")

    with pytest.raises(Refused, match="someone else must ask: Sam Doyle"):
        gates.ask(tale.fresh, "funding", by=cast.owner, at=tale.at)

    assert tale.fresh.stage == "pilot"


def test_3_the_database_refuses_a_pass_by_who_asked(story):
    tale = story("build")
    decision = tale.decision("funding")

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(asked_by=decision.decided_by)


def test_3_the_asker_of_an_open_question_is_not_named_its_decider(story, cast):
    tale = story("pilot")
    cast.support.leader = cast.lead
    cast.support.save()
    Person.objects.filter(pk=cast.lead.pk).update(grade="vp")
    tale.measure()
    gates.ask(tale.fresh, "funding", by=cast.lead, at=tale.at)

    with pytest.raises(Blocked, match="asked for Funding gate"):
        roles.offer(
            tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, Person.objects.get(pk=cast.lead.pk), by=cast.office, at=tale.at
        )


def test_3_nobody_confirms_their_own_figure_control_or_budget(story, cast):
    tale = story("pilot")
    from django.contrib.auth.models import Group

    cast.lead.groups.add(Group.objects.get(name="finance"), Group.objects.get(name="security"))
    lead = Person.objects.get(pk=cast.lead.pk)
    tale.measure(confirmed=False)
    figure = tale.fresh.measurements.get()

    with pytest.raises(Refused, match="supplied this figure"):
        figures.answer_figure(figure, by=lead, at=tale.at, proof=prove(lead))
    budget = figures.ask_budget(tale.fresh, asked=10, currency="EUR", months=1, by=lead, at=tale.at)
    with pytest.raises(Refused, match="asked for this budget"):
        figures.approve_budget(
            budget,
            approved=10,
            cost_centre="C",
            reference="R",
            by=lead,
            at=tale.at,
            proof=prove(lead),
            seen_version=budget.version,
        )
    controls.supply(tale.fresh, "T0.1", note="Logged.", effective_on=tale.at.date(), by=lead, at=tale.at)
    with pytest.raises(Refused, match="supplied this"):
        controls.answer(tale.fresh, "T0.1", by=lead, at=tale.at, proof=prove(lead))

    with pytest.raises(IntegrityError), transaction.atomic():
        type(figure).objects.filter(pk=figure.pk).update(confirmed_by=lead, confirmed_at=tale.at)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(budget).objects.filter(pk=budget.pk).update(
            approved_by=lead, approved_at=tale.at, approved=10, cost_centre="C", reference="R"
        )


# 4. Administrators hold no decision rights by being administrators


def test_4_an_administrator_holds_nothing_but_what_everybody_sees(story, cast):
    tale = story("production")

    assert grants.held_by(cast.admin, tale.fresh, tale.at) == {May.SEE}
    actions.set_restricted(tale.fresh, True, by=cast.office, at=tale.at)
    assert grants.held_by(cast.admin, tale.fresh, tale.at) == frozenset()


def test_4_nobody_can_be_a_superuser(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=cast.admin.pk).update(is_superuser=True)


@pytest.mark.parametrize("field", ["grade", "unit", "job_family"])
def test_4_nobody_changes_their_own_grade_or_unit(cast, field):
    value = cast.sales if field == "unit" else "vp"

    with pytest.raises(Refused, match="their own"):
        people.change(cast.admin, {field: value}, by=cast.admin, at=make.AT, seen_version=1)

    assert getattr(Person.objects.get(pk=cast.admin.pk), field) == getattr(cast.admin, field)


def test_4_nobody_gives_themselves_a_function(cast):
    with pytest.raises(Refused, match="themselves"):
        people.grant_function(cast.admin, "finance", by=cast.admin, at=make.AT)

    assert not cast.admin.groups.filter(name="finance").exists()


# 5. The stage changes by a step or by admission alone


def test_5_no_assignment_no_update_and_no_call_changes_a_stage(story):
    tale = story("pilot")
    initiative = tale.fresh

    with pytest.raises(AttributeError):
        initiative.stage = "production"
    with pytest.raises(AttributeError):
        Initiative.objects.filter(pk=initiative.pk).update(stage="production")
    with pytest.raises(AttributeError), transaction.atomic():
        Initiative.objects.bulk_update([initiative], ["stage"])
    for step in ("request_funding", "fund", "go_live", "stop", "retire", "restart"):
        with pytest.raises(Exception, match=r"transition|conditions|Can't"):
            getattr(initiative, step)(at=tale.at)

    assert Initiative.objects.get(pk=initiative.pk).stage == "pilot"


def test_5_a_failed_refresh_does_not_lift_the_protection(story):
    tale = story("pilot")
    ghost = Initiative.objects.get(pk=tale.initiative.pk)
    ghost.pk = 10**9

    with pytest.raises(Initiative.DoesNotExist):
        ghost.refresh_from_db()
    with pytest.raises(AttributeError):
        ghost.stage = "production"
    with pytest.raises(AttributeError):
        tale.fresh.stage = "production"


def test_5_the_database_knows_only_known_stages(story):
    from django.db import connection

    tale = story()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_initiative SET stage = 'live' WHERE id = %s", [tale.initiative.pk])


def test_5_move_outside_an_act_is_refused(story, cast):
    tale = story("production")
    with pytest.raises(Refused):
        steps.move(tale.fresh, "stop", by=cast.staff, at=tale.at, say=lambda *a, **k: None)

    assert tale.fresh.stage == "production"


# 6. A decision keeps what was seen; an open gate locks the material facts


def test_6_a_decision_keeps_a_snapshot_and_the_page_can_say_what_changed_since(story, cast):
    tale = story("build")
    decision = tale.decision("funding")

    assert decision.snapshot["requirements"] == [
        {"code": c, "met": True, "blockers": []} for c in ("funding.evidence", "owner.accepted", "budget.approved")
    ]
    assert snapshot.canonical.digest(decision.snapshot) == decision.snapshot_sha256
    assert (
        LedgerEntry.objects.get(verb="decision.answered", subject_id=decision.pk).detail["snapshot"]
        == decision.snapshot_sha256
    )
    assert changes.since(decision, tale.fresh, tale.at) == []

    actions.amend(
        tale.fresh, {"purpose": "Something wider."}, by=cast.lead, at=tale.at, seen_version=tale.fresh.version
    )
    moved = changes.since(decision, tale.fresh, tale.at)
    assert [(c.before, c.after) for c in moved] == [
        ("Refund small amounts without waiting for the desk.", "Something wider.")
    ]


@pytest.mark.parametrize("change", [{"purpose": "Wider."}, {"tools": "everything"}, {"capability": "draft_only"}])
def test_6_an_open_gate_locks_the_material_facts(story, cast, change):
    tale = story("funding")

    with pytest.raises(Blocked, match="Withdraw it first"):
        actions.amend(tale.fresh, change, by=cast.lead, at=tale.at, seen_version=tale.fresh.version)
    with pytest.raises(Blocked, match="Withdraw it first"):
        figures.set_outcome(tale.fresh, {"threshold": 9}, by=cast.lead, at=tale.at, seen_version=1)

    for field, value in change.items():
        assert getattr(tale.fresh, field) != value


def test_6_a_material_change_voids_the_acceptance_and_a_small_one_does_not(story, cast):
    tale = story("build")
    rule = steps.rules_of("go_live")[0]

    actions.amend(tale.fresh, {"known_limits": "Two more."}, by=cast.lead, at=tale.at, seen_version=tale.fresh.version)
    assert list(rule.blockers(tale.fresh, tale.at)) == []

    actions.amend(
        tale.fresh,
        {"tools": "billing.refund, billing.charge"},
        by=cast.lead,
        at=tale.at,
        seen_version=tale.fresh.version,
    )
    assert [b.code for b in rule.blockers(tale.fresh, tale.at)] == ["owner.void"]


# 7. Refusals are three different answers, and a refused decide, sign or stop is recorded


def test_7_a_refused_stop_is_recorded_and_nothing_moved(story, cast):
    tale = story("production")

    with pytest.raises(Refused):
        stopping.stop(tale.fresh, reason="harm", by=cast.staff, at=tale.at, proof=prove(cast.staff))

    entry = LedgerEntry.objects.get(verb="refused")
    assert (entry.actor, entry.initiative_id, tale.fresh.stage) == (
        f"person:{cast.staff.pk}",
        tale.initiative.pk,
        "production",
    )


# 8. Bound to the version seen, safe under double submit, freshly proved


def test_8_a_stale_form_is_refused_and_the_text_of_the_other_person_stays(story, cast):
    tale = story()
    seen = tale.fresh.version
    actions.amend(tale.fresh, {"purpose": "First."}, by=cast.lead, at=tale.at, seen_version=seen)

    with pytest.raises(Conflict):
        actions.amend(tale.fresh, {"purpose": "Second."}, by=cast.lead, at=tale.at, seen_version=seen)

    assert tale.fresh.purpose == "First."


@pytest.mark.parametrize("proof", [None, "somebody else's"])
def test_8_no_signature_without_ones_own_proof(story, cast, proof):
    tale = story("funding")
    decision = tale.decision("funding")
    given = None if proof is None else Proof(cast.lead.pk, "password", prove(cast.lead).at)
    signatures = Signature.objects.count()

    with pytest.raises(Refused, match="Prove that it is you"):
        gates.decide(
            decision, "pass", by=cast.owner, at=tale.at, proof=given, seen=snapshot.shown(decision, tale.fresh, tale.at)
        )

    assert (Signature.objects.count(), tale.fresh.stage) == (signatures, "funding")


# 9. Silence is never yes; no state is claimed before it is confirmed


def test_9_every_open_question_that_lapses_is_no_pass(story):
    tale = story("funding")
    decision = tale.decision("funding")

    gates.settle(tale.fresh, at=decision.final_at + timedelta(days=400))

    decision.refresh_from_db()
    assert (decision.closed, decision.outcome) == ("lapsed", "no_pass")
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(outcome="pass")


def test_9_a_stop_is_asked_until_a_named_person_confirms_it(story, cast):
    tale = story("production")
    made = stopping.stop(tale.fresh, reason="harm", by=cast.owner, at=tale.at, proof=prove(cast.owner))

    assert made.confirmed_at is None
    with pytest.raises(IntegrityError), transaction.atomic():
        type(made).objects.filter(pk=made.pk).update(confirmed_at=tale.at)


# And what is governed is never deleted


def test_what_is_governed_is_never_deleted(story, cast):
    tale = story("build")

    with pytest.raises(ProtectedError):
        tale.fresh.delete()
    with pytest.raises(ProtectedError):
        cast.owner.delete()
    assert InitiativeUserPermission.objects.filter(user=cast.owner).exists()
    assert grants.differences() == []
