"""A register comes again: it restates what nobody touched, and notes the rest without changing it."""

import pytest

from governance.gates import retire, stop
from governance.gates.models import Decision
from governance.initiatives import actions, roles, search
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.notices.models import Notice
from governance.people.models import Unit
from governance.raci.models import Role, Row
from governance.registers import queries, weigh
from governance.registers.models import Batch, Origin
from tests.make import prove
from tests.registers.conftest import AT, record, text_of

LATER = AT.replace(month=9)


@pytest.fixture
def again(bring):
    """Return a function that imports record 1 with other cells half a year later."""

    def again(*others, **cells):
        return bring([record(1, **cells), *others], at=LATER)

    return again


def only() -> Initiative:
    """Return the initiative of record 1, as the database has it."""
    return Initiative.objects.get(origin__identity="dox | dox-1", origin__occurrence=1)


def newest(initiative: Initiative) -> LedgerEntry:
    """Return the newest entry about an initiative."""
    return LedgerEntry.objects.filter(initiative_id=initiative.pk).order_by("-seq")[0]


def says(initiative: Initiative) -> tuple[str, ...]:
    """Return what the register says and nobody applied, in sentences."""
    return queries.origin(initiative).says


# What it restates


@pytest.mark.parametrize(
    ("before", "after", "stage"),
    [
        ("Pre-deployment", "Pilot", "pilot"),
        ("Pilot", "Deployed", "production"),
        ("Deployed", "Pre-deployment", "idea"),
        ("Pilot", "Retired", "retired"),
        ("Retired", "Pilot", "pilot"),
        ("", "Deployed", "production"),
        ("Sunset", "Pilot", "pilot"),
    ],
)
def test_a_stage_nobody_touched_is_restated_also_backwards(bring, again, before, after, stage):
    bring([record(1, development_stage=before)])
    was = only()

    report = again(development_stage=after)

    now = only()
    assert (report.created, report.updated, report.unchanged) == (0, 1, 0)
    assert (now.stage, now.stage_since, now.version, now.number) == (stage, LATER, was.version + 1, was.number)
    assert (now.retired_at is not None, now.unowned_since is not None, now.evidence_due_on is not None) == (
        stage == "retired",
        stage in ("pilot", "production"),
        stage == "production",
    )
    assert (newest(now).verb, newest(now).detail["stage"], newest(now).detail["said"]) == ("record.restated", stage, [])
    assert says(now) == ()


def test_the_ownership_clock_goes_on_when_a_pilot_goes_live(bring, again):
    bring([record(1, development_stage="Pilot")])

    again(development_stage="Deployed")

    assert only().unowned_since == AT


def test_words_nobody_changed_here_follow_the_register(bring, again):
    bring([record(1, use_case_name="Old name", problem_solved="Old words.", vendor_name="Acme")])

    again(use_case_name="New name", problem_solved="New words.", vendor_name="")

    now = only()
    assert (now.name, now.purpose, now.vendor, now.version) == ("New name", "New words.", "Acme", 2)
    assert (newest(now).verb, sorted(newest(now).detail["fields"])) == ("record.updated", ["name", "purpose"])
    assert newest(now).text == {
        "before": {"name": "Old name", "purpose": "Old words."},
        "after": {"name": "New name", "purpose": "New words."},
    }
    assert [i.pk for i in search.matching(Initiative.objects.all(), "new words")] == [now.pk]
    assert not search.matching(Initiative.objects.all(), "old").exists()
    assert says(now) == ("The register no longer states vendor or model.",)


def test_a_unit_nobody_changed_here_follows_the_register(bring, again):
    bring([record(1)])

    again(agency_bureau="Bureau of Other Samples")

    assert (only().unit.name, only().unit.parent.name) == ("Bureau of Other Samples", "Department of Examples")
    assert newest(only()).detail["fields"] == ["unit"]
    assert [i.pk for i in search.matching(Initiative.objects.all(), "other samples")] == [only().pk]


def test_what_it_states_besides_is_kept_anew(bring, again):
    bring([record(1, has_pii="Partly")])

    report = again(has_pii="Yes")

    assert report.updated == 1
    assert (only().origin.stated["states"], only().origin.kept, only().version) == ({"personal_data": "yes"}, {}, 1)
    assert (newest(only()).verb, newest(only()).detail["fields"]) == ("record.updated", [])


# What people said here stands


def test_a_word_somebody_amended_here_stays_and_the_registers_is_noted(bring, again, cast):
    bring([record(1, use_case_name="Old name", problem_solved="Old words.")])
    actions.amend(only(), {"name": "Our name"}, by=cast.office, at=AT, seen_version=1)

    again(use_case_name="New name", problem_solved="New words.")

    now = only()
    assert (now.name, now.purpose) == ("Our name", "New words.")
    assert says(now) == ("The register says “New name” for name.",)
    assert (newest(now).verb, newest(now).detail["fields"], newest(now).detail["said"]) == (
        "record.updated",
        ["purpose"],
        ["name"],
    )


def test_the_same_words_as_before_say_nothing_new(bring, again, cast):
    bring([record(1, use_case_name="Old name")])
    actions.amend(only(), {"name": "Our name"}, by=cast.office, at=AT, seen_version=1)

    report = again(use_case_name="Old name")

    assert report.unchanged == 1
    assert (only().name, says(only())) == ("Our name", ())


def test_what_the_register_says_is_forgotten_when_it_is_true_here(bring, again, cast):
    bring([record(1, use_case_name="Old name")])
    actions.amend(only(), {"name": "Our name"}, by=cast.office, at=AT, seen_version=1)
    again(use_case_name="New name")
    assert says(only()) == ("The register says “New name” for name.",)
    actions.amend(only(), {"name": "New name"}, by=cast.office, at=LATER, seen_version=2)
    assert says(only()) == ()

    bring([record(1, use_case_name="New name", has_pii="Yes")], at=LATER)

    assert only().origin.says == []


def accept_a_role(cast):
    """Name the escalation owner of the pilot, who accepts."""
    offer = roles.offer(only(), Row.PILOT, Role.ESCALATION, cast.escalation, by=cast.office, at=AT)
    roles.accept(offer, by=cast.escalation, at=AT, proof=prove(cast.escalation))


def assign_a_lead(cast):
    """Put somebody into the matrix."""
    roles.assign(only(), Row.PILOT, Role.RESPONSIBLE, cast.lead, by=cast.office, at=AT)


def stop_it(cast):
    """Stop it, as the Portfolio office may while nobody owns it."""
    stop.stop(only(), reason="harm", by=cast.office, at=AT, proof=prove(cast.office))


def begin_to_retire(cast):
    """Begin to retire it, as the Portfolio office may while nobody owns it."""
    retire.begin(only(), reason="Over.", by=cast.office, at=AT)


def correct_it(cast):
    """Say that the register was wrong."""
    retire.correct(only(), "discovered", because="It was never ours.", by=cast.office, at=AT)


@pytest.mark.parametrize("take_up", [accept_a_role, assign_a_lead, stop_it, begin_to_retire, correct_it])
@pytest.mark.parametrize("word", ["Deployed", "Pre-deployment", "Retired"])
def test_once_people_took_it_up_the_register_only_says(bring, again, cast, take_up, word):
    Unit.objects.create(name="Department of Examples", slug="dox", leader=cast.owner)
    bring([record(1, development_stage="Pilot", use_case_name="Old name", problem_solved="Old words.")])
    take_up(cast)
    was = Initiative.objects.filter(pk=only().pk).values().get()
    matrix = list(only().assignments.order_by("pk").values())

    again(development_stage=word, problem_solved="New words.", use_case_name="Old name")

    now = only()
    changed = {"name", "version", "purpose"} if take_up is correct_it else {"name", "version"}
    assert {k: v for k, v in Initiative.objects.filter(pk=now.pk).values().get().items() if k not in changed} == {
        k: v for k, v in was.items() if k not in changed
    }
    assert list(now.assignments.order_by("pk").values()) == matrix
    stage = {"Deployed": "Production", "Pre-deployment": "Idea", "Retired": "Retired"}[word]
    assert f"The register says {stage}. Here it is {now.stage_label}." in says(now)
    assert newest(now).verb == ("register.says" if take_up is not correct_it else "record.updated")
    assert "stage" in newest(now).detail["said"]


def test_an_offer_nobody_answered_holds_nothing_up(bring, again, cast):
    bring([record(1, development_stage="Pilot")])
    roles.offer(only(), Row.PILOT, Role.ESCALATION, cast.escalation, by=cast.office, at=AT)

    again(development_stage="Deployed")

    assert only().stage == "production"


def test_an_open_decision_holds_the_stage(bring, again, cast, story):
    told = story("funding")
    Origin.objects.create(
        initiative=told.initiative,
        profile="omb-2025",
        identity="dox | dox-1",
        raw_sha256="",
        batch=_batch(),
        stated={"stage": "funding", "fields": {}, "unit": []},
    )

    again(development_stage="Retired", use_case_name="Other", agency_bureau="Other")

    now = only()
    assert (now.stage, now.name, now.unit) == ("funding", "Support refunds", told.cast.support)
    assert says(now) == (
        "The register says “Other” for name.",
        "The register says “Solves problem 1.” for what it is for.",
        "The register says “Department of Examples / Other” for unit.",
        "The register says Retired. Here it is Funding gate.",
    )


def _batch() -> Batch:
    """Return an import that was finished long ago."""
    return Batch.objects.create(
        number=1,
        profile="omb-2025",
        file_name="x.csv",
        file_sha256="",
        began_by="system:import_inventory",
        began_at=AT,
        finished_at=AT,
    )


def test_a_decision_asked_is_enough_to_hold_it(bring):
    bring([record(1), record(2)])
    asked = Initiative.objects.get(name="Use 2")
    Decision.objects.create(
        initiative=asked,
        number=1,
        kind="pilot_go",
        asked_at=AT,
        due_at=AT,
        final_at=AT,
        closed="withdrawn",
        closed_at=AT,
    )

    assert weigh.taken_up(Initiative.objects.values_list("pk", flat=True)) == {asked.pk}


def test_where_the_portfolio_office_placed_it_it_stays(bring, again, cast):
    bring([record(1, development_stage="")])
    retire.place(only(), "production", source="The bureau's own list", by=cast.office, at=AT)

    again(development_stage="Pre-deployment")

    assert only().stage == "production"
    assert says(only()) == ("The register says Idea. Here it is Production.",)


def test_a_register_that_agrees_with_the_portfolio_office_says_nothing(bring, again, cast):
    bring([record(1, development_stage="")])
    retire.place(only(), "production", source="The bureau's own list", by=cast.office, at=AT)

    report = again(development_stage="Deployed")

    assert (report.updated, only().stage, only().stage_since, says(only())) == (1, "production", AT, ())


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("", "The register no longer states a stage. Here it is Pilot."),
        ("Sunset", "The register says “Sunset”. Here it is Pilot."),
    ],
)
def test_a_register_that_no_longer_knows_the_stage_moves_nothing(bring, again, word, sentence):
    bring([record(1, development_stage="Pilot")])

    again(development_stage=word)

    assert only().stage == "pilot"
    assert says(only()) == (sentence,)


def test_a_use_answered_no_next_time_is_noted_and_not_gone(bring):
    head = "Agency,AI Use Case,Agency Use (Y/N)?,Name of Commercial Product or Service Used,Estimated # of Licenses/Users\n"
    bring(head + "Examples,Reading,Y,Acme,1-100\n", profile="omb-2025-cots")

    report = bring(head + "Examples,Reading,N,,\n", profile="omb-2025-cots", at=LATER)

    made = Initiative.objects.get()
    assert (report.gone, report.updated, made.stage, made.origin.gone_at) == (0, 1, "production", None)
    assert "The register says “N”. Here it is Production." in says(made)


# No longer listed


def test_a_record_that_is_no_longer_listed_is_flagged_and_never_deleted(bring, again):
    bring([record(1), record(2, development_stage="Pilot")])

    report = again()

    gone = Initiative.objects.get(name="Use 2")
    assert (report.gone, report.unchanged) == (1, 1)
    assert (gone.stage, gone.origin.gone_at, only().origin.gone_at) == ("pilot", LATER, None)
    assert newest(gone).verb == "record.gone"
    assert bring([record(1)], at=LATER).gone == 0


def test_a_record_that_comes_back_is_no_longer_gone(bring, again):
    bring([record(1), record(2)])
    again()

    report = bring([record(1), record(2)], at=LATER)

    assert (report.updated, report.gone) == (1, 0)
    assert Initiative.objects.get(name="Use 2").origin.gone_at is None


def test_a_record_of_another_register_is_not_gone(bring):
    head = "Agency,AI Use Case,Agency Use (Y/N)?,Name of Commercial Product or Service Used,Estimated # of Licenses/Users\n"
    bring(head + "Examples,Reading,Y,Acme,1-100\n", profile="omb-2025-cots")

    assert bring([record(1)]).gone == 0
    assert Origin.objects.filter(gone_at=None).count() == 2


def test_nothing_is_gone_while_a_record_could_not_be_read(bring):
    bring([record(1), record(2), record(3)])

    report = bring(text_of([record(1)]) + "DOX,broken\n", at=LATER)

    assert (report.gone, report.unsure_what_is_gone, report.refused) == (0, True, 1)
    assert not Origin.objects.exclude(gone_at=None).exists()


def test_one_notice_tells_a_unit_what_changed_and_what_is_gone(bring, cast):
    Unit.objects.create(name="Department of Examples", slug="dox", leader=cast.owner)
    bring([record(n) for n in range(1, 6)])
    Notice.objects.all().delete()

    bring([record(1, use_case_name="New"), record(2), record(3)], at=LATER)

    told = Notice.objects.get(person=cast.owner, channel="portal")
    assert (
        told.body
        == "1 use of AI is new or was changed by the register “Federal AI use case inventory 2025”. 2 are no longer listed; they stay here until somebody retires them."
    )
