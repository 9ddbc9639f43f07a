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
from governance.gates import changes, queries, signoffs, snapshot
from governance.gates import stop as stopping
from governance.gates.models import Decision
from governance.initiatives import actions, controls, figures, roles, steps
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people import actions as people
from governance.people.models import Person
from governance.people.proof import Proof
from governance.proof import queries as proof_queries
from governance.proof.models import SignOff
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Assignment, InitiativeUserPermission, Role, Row
from governance.signatures.models import Signature
from tests import make
from tests.make import prove

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


@pytest.mark.parametrize(
    ("stage", "kind"),
    [("funding", "funding"), ("build", "go_live"), ("stopped", "restart"), ("stopped", "back_to_pilot")],
)
def test_1_an_escalation_owner_who_left_blocks_the_next_gate(story, cast, stage, kind):
    tale = story(stage)
    if stage == "build":
        tale.ask_go_live()
    if stage == "stopped":
        told = {"cause": "A retry.", "fix": "Mended.", "evidence": "400 replays.", "why": "Small."}
        gates.ask(tale.fresh, kind, by=cast.lead, at=tale.at, particulars=told)
    decision = tale.decision(kind)
    assert not any(b.code.startswith("roles.left") for b in queries.blockers(decision, tale.fresh, tale.at))

    people.leave(cast.escalation, left_on=tale.at.date(), by=cast.admin, at=tale.at)

    said = {b.code: b.message for b in queries.blockers(decision, tale.fresh, tale.at)}
    assert said["roles.left.go_live.E"] == "Dana Roth, Escalation owner for Production go-live, has left."


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


@pytest.mark.parametrize(
    ("stage", "kind"), [("idea", "pilot_go"), ("stopped", "restart"), ("stopped", "back_to_pilot")]
)
def test_2_every_gate_looks_again_at_who_is_accountable(story, cast, stage, kind):
    tale = story(stage)
    if stage == "idea":
        tale.set_outcome().confirm_tier().name_people()
    told = {"cause": "A retry.", "fix": "Mended.", "evidence": "400 replays.", "why": "Small."}
    gates.ask(tale.fresh, kind, by=cast.lead, at=tale.at, particulars={} if kind == "pilot_go" else told)
    decision = tale.decision(kind)
    assert queries.blockers(decision, tale.fresh, tale.at) == []

    cast.support.leader = cast.coo
    cast.support.save()
    Person.objects.filter(pk=cast.owner.pk).update(grade="manager")

    assert {b.code for b in queries.blockers(decision, tale.fresh, tale.at)} == {"eligible.leader", "eligible.grade"}
    with pytest.raises(Blocked):
        tale.answer(kind)


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


def test_3_who_asked_meanwhile_does_not_accept_to_decide_it(story, cast):
    tale = story("pilot")
    cast.support.leader = cast.lead
    cast.support.save()
    Person.objects.filter(pk=cast.lead.pk).update(grade="vp")
    lead = Person.objects.get(pk=cast.lead.pk)
    roles.assign(tale.fresh, Row.GO_LIVE, Role.RESPONSIBLE, cast.staff, by=cast.office, at=tale.at)
    made = roles.offer(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, lead, by=cast.office, at=tale.at)
    tale.measure()
    tale.at = made.assigned_at
    gates.ask(tale.fresh, "funding", by=lead, at=tale.at)

    with pytest.raises(Blocked, match="asked for Funding gate"):
        roles.accept(made, by=lead, at=tale.at, proof=prove(lead))


def test_3_who_asked_and_came_to_decide_may_answer_no_pass_and_nothing_else(story, cast):
    tale = story("funding")
    decision = tale.decision("funding")
    Decision.objects.filter(pk=decision.pk).update(asked_by=cast.owner)  # as a register of old would have it
    decision.refresh_from_db()

    with pytest.raises(Refused, match="You asked for this"):
        tale.answer("funding", "pass")
    tale.answer("funding", "no_pass")

    assert tale.fresh.stage == "pilot"


def test_3_a_group_that_is_responsible_confirms_no_figure_and_no_tier(story, cast):
    """Separation of duties is about the person, whether they stand there in person or through a group."""
    from django.contrib.auth.models import Group

    tale = story("pilot").measure(confirmed=False)
    roles.assign(
        tale.fresh, Row.GO_LIVE, Role.RESPONSIBLE, Group.objects.get(name="finance"), by=cast.office, at=tale.at
    )
    with pytest.raises(Refused, match="other than owner and Responsible"):
        figures.answer_figure(tale.fresh.measurements.get(), by=cast.finance, at=tale.at, proof=prove(cast.finance))
    assert May.ASK_FUNDING in grants.held_by(cast.finance, tale.fresh, tale.at), "and may ask, as any Responsible"

    idea = story()
    roles.assign(
        idea.fresh, Row.GO_LIVE, Role.RESPONSIBLE, Group.objects.get(name="compliance"), by=cast.office, at=idea.at
    )
    with pytest.raises(Refused, match="nobody who is Responsible"):
        actions.confirm_tier(idea.fresh, 2, by=cast.compliance, at=idea.at)


def test_3_nobody_signs_off_a_whole_that_rests_on_their_own_figure(story, cast):
    tale = story("build", tier_proposed=3)
    roles.assign(tale.fresh, Row.GO_LIVE, Role.RESPONSIBLE, cast.engineer, by=cast.office, at=tale.at)
    day = tale.at.date()
    figures.add_measurement(
        tale.fresh, value=2, starts_on=day, ends_on=day, cases=1, source="GL", by=cast.engineer, at=tale.at
    )
    tale.ask_go_live()
    people.grant_function(cast.engineer, "security", by=cast.admin, at=tale.at)
    joined = Person.objects.get(pk=cast.engineer.pk)

    with pytest.raises(Refused, match="wrote part of its evidence"):
        signoffs.answer(
            SignOff.objects.get(initiative=tale.initiative), True, by=joined, at=tale.at, proof=prove(joined)
        )


def test_3_money_that_was_called_quality_is_not_confirmed_by_who_may_not_confirm_money(story, cast):
    tale = story("pilot")
    outcome = figures.set_outcome(tale.fresh, {"kind": "quality"}, by=cast.lead, at=tale.at, seen_version=1)
    tale.measure()

    figures.set_outcome(tale.fresh, {"kind": "money"}, by=cast.lead, at=tale.at, seen_version=outcome.version)

    assert "funding.period" in {b.code for b in steps.rules_of("fund")[0].blockers(tale.fresh, tale.at)}


def test_3_nobody_confirms_a_lower_tier_than_they_could_have_confirmed_as_proposed(story, cast):
    tale = story(tier_proposed=4)

    with pytest.raises(Refused, match="Tier 4 is confirmed by Compliance"):
        actions.confirm_tier(tale.fresh, 1, by=cast.office, at=tale.at)
    actions.confirm_tier(tale.fresh, 1, by=cast.compliance, at=tale.at)

    assert tale.fresh.tier == 1


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


def test_4_nobody_makes_themselves_a_deputy_or_puts_a_unit_below_their_own(story, cast):
    tale = story("production")
    day = tale.at.date()
    with pytest.raises(Refused, match="names themselves the deputy"):
        people.name_deputy(cast.owner, cast.admin, starts_on=day, ends_on=day, by=cast.admin, at=tale.at)
    assert May.STOP not in grants.held_by(cast.admin, tale.fresh, tale.at)

    own = make.make_unit("Platforms", cast.company, leader=cast.admin)
    cast.support.parent = own
    with pytest.raises(Refused, match="below one that they lead"):
        people.save_unit(cast.support, by=cast.admin, at=tale.at)


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


def test_5_no_new_row_is_made_at_a_stage_of_ones_choice(story):
    tale = story("pilot")
    values = {"name": "Made up", "stage_since": tale.at, "registered_at": tale.at}
    there = Initiative(pk=tale.initiative.pk, number=tale.initiative.number, stage="production", **values)

    with pytest.raises(AttributeError, match="step or by admission"), transaction.atomic():
        Initiative.objects.create(number=900, stage="production", **values)
    with pytest.raises(AttributeError, match="step or by admission"), transaction.atomic():
        Initiative.objects.bulk_create([Initiative(number=900, stage="production", **values)])
    with pytest.raises(AttributeError, match="step or by admission"), transaction.atomic():
        Initiative.objects.bulk_create([there], update_conflicts=True, unique_fields=["id"], update_fields=["stage"])
    with pytest.raises(AttributeError, match="step or by admission"), transaction.atomic():
        there.save()

    assert Initiative.objects.count() == 1
    assert tale.fresh.stage == "pilot"


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


def test_8_what_is_signed_is_what_was_shown(story, cast):
    """An offer, a figure and a control that changed under the page are read again first."""
    tale = story().set_outcome()
    made = roles.offer(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=tale.at)
    seen = roles.shown(tale.fresh, Row.GO_LIVE, Role.ACCOUNTABLE)
    actions.amend(tale.fresh, {"tools": "everything"}, by=cast.lead, at=tale.at, seen_version=tale.fresh.version)
    with pytest.raises(Conflict, match="Something changed"):
        roles.accept(made, by=cast.owner, at=tale.at, proof=prove(cast.owner), seen=seen)

    piloted = story("pilot").measure(confirmed=False)
    figure = piloted.fresh.measurements.get()
    seen = figures.shown(figure, piloted.fresh.outcome)
    version = piloted.fresh.outcome.version
    figures.set_outcome(piloted.fresh, {"unit": "$"}, by=cast.lead, at=piloted.at, seen_version=version)
    with pytest.raises(Conflict, match="Something changed"):
        figures.answer_figure(figure, by=cast.finance, at=piloted.at, proof=prove(cast.finance), seen=seen)

    built = story("build")
    supply = {"effective_on": built.at.date(), "by": cast.lead, "at": built.at}
    controls.supply(built.fresh, "T2.1", note="Listed.", **supply)
    seen = controls.shown(next(c for c in proof_queries.controls(built.fresh) if c.ref == "T2.1"))
    controls.supply(built.fresh, "T2.1", note="Listed, mostly.", **supply)
    for more in ({}, {"returned_because": "No."}, {"waived_until": built.at.date(), "waived_because": "Later."}):
        with pytest.raises(Conflict, match="Something changed"):
            controls.answer(
                built.fresh, "T2.1", by=cast.security, at=built.at, proof=prove(cast.security), seen=seen, **more
            )


def test_8_a_control_is_not_set_aside_without_a_proof(story, cast):
    tale = story("build")
    controls.supply(tale.fresh, "T2.1", note="Soon.", effective_on=tale.at.date(), by=cast.lead, at=tale.at)

    with pytest.raises(Refused, match="Prove that it is you"):
        controls.answer(
            tale.fresh,
            "T2.1",
            by=cast.security,
            at=tale.at,
            proof=None,
            waived_until=tale.at.date(),
            waived_because="Later.",
        )


def test_8_asking_twice_is_asking_once(story, cast):
    """A figure claimed again, and a budget asked for again: what is there stays, an approval too."""
    tale = story("pilot").measure(confirmed=False).ask_budget()
    figure, budget = tale.fresh.measurements.get(), tale.fresh.budget
    again = {name: getattr(figure, name) for name in ("value", "starts_on", "ends_on", "cases", "source")}
    asked = {name: getattr(budget, name) for name in ("asked", "currency", "months", "pays_for", "licence")}
    seq = LedgerEntry.objects.count()

    assert figures.add_measurement(tale.fresh, **again, by=cast.lead, at=tale.at) == figure
    figures.ask_budget(tale.fresh, **asked, by=cast.lead, at=tale.at)

    assert (tale.fresh.measurements.count(), tale.fresh.budget.approved) == (1, budget.asked)
    assert LedgerEntry.objects.count() == seq


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
