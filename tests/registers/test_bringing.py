"""A list somebody brings: read in the background, looked at, mended, imported, and taken back."""

from datetime import timedelta

import pytest

from governance.core import clock
from governance.core.errors import Conflict, Refused
from governance.initiatives import actions
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.people import actions as people
from governance.people.functions import Function
from governance.people.models import Person, Unit
from governance.registers import bringing
from governance.registers.models import Batch, FilePart, Staged, State
from tests.registers.conftest import AT, record, text_of

RECORDS = [
    record(1, development_stage="Deployed"),
    record(2, development_stage="Being tried"),
    record(3, use_case_name="Use 1"),
    record(4, development_stage="Pilot"),
]
HOUR = timedelta(hours=1)


@pytest.fixture
def brought(cast):
    """Return a function that brings records and has them read; returns the import."""

    def brought(records=RECORDS, *, by=None, at=AT, text="", profile="omb-2025"):
        content = (text or text_of(records)).encode()
        batch = bringing.receive([content], "list.csv", profile, by=by or cast.office, at=at)
        bringing.go_on(at, pause=0)
        batch.refresh_from_db()
        return batch

    return brought


@pytest.fixture
def imported(brought, cast):
    """Return a function that brings records and imports them; returns the import."""

    def imported(records=RECORDS, *, at=AT):
        batch = brought(records, at=at)
        bringing.begin(batch, by=cast.office, at=at)
        bringing.go_on(at, pause=0)
        batch.refresh_from_db()
        return batch

    return imported


def become(batch) -> dict[int, str]:
    """Return what becomes of each row, by its number."""
    return dict(batch.rows.order_by("record").values_list("record", "how"))


def everything() -> dict:
    """Return what is here of every initiative and its origin, by what the register calls it."""
    return {
        (i.origin.identity, i.origin.occurrence): (
            i.name,
            i.purpose,
            i.stage,
            i.unit_id,
            i.stage_since,
            i.origin.stated,
            i.origin.gone_at,
            i.origin.batch_id,
        )
        for i in Initiative.objects.select_related("origin")
    }


def test_a_list_is_read_into_rows_and_changes_nothing_yet(brought):
    batch = brought()

    assert (batch.state, batch.records, batch.number) == (State.READY, 4, 1)
    assert become(batch) == dict.fromkeys((2, 3, 4, 5), "created")
    assert list(batch.rows.filter(needs=True).values_list("record", flat=True)) == [3]
    assert not Initiative.objects.exists()
    assert not FilePart.objects.exists()
    assert [entry.verb for entry in LedgerEntry.objects.order_by("seq")] == ["list.brought"]


def test_imported_it_is_what_the_command_would_have_made(brought, imported, bring, cast):
    batch = imported()

    assert batch.state == State.DONE
    assert {k: batch.counts[k] for k in ("records", "created", "triage", "by_stage")} == {
        "records": 4,
        "created": 4,
        "triage": 1,
        "by_stage": {"idea": 1, "pilot": 1, "production": 1, "triage": 1},
    }
    assert bring(RECORDS).unchanged == 4


def test_what_would_change_is_said_field_by_field(imported, brought):
    imported()

    batch = brought([record(1, development_stage="Retired", problem_solved="More."), *RECORDS[1:3]], at=AT + HOUR)

    assert become(batch) == {2: "updated", 3: "unchanged", 4: "unchanged"}
    assert batch.rows.get(record=2).changes == [
        {"field": "purpose", "here": "Solves problem 1.", "says": "More.", "applied": True},
        {"field": "stage", "here": "production", "says": "retired", "applied": True},
    ]


def test_what_somebody_changed_here_is_said_and_not_applied(imported, brought, cast):
    imported()
    one = Initiative.objects.get(origin__identity="dox | dox-1")
    actions.amend(one, {"purpose": "Ours."}, by=cast.office, at=AT + HOUR, seen_version=one.version)

    batch = brought([record(1, development_stage="Deployed", problem_solved="Theirs."), *RECORDS[1:]], at=AT + 2 * HOUR)

    assert batch.rows.get(record=2).changes == [
        {"field": "purpose", "here": "Ours.", "says": "Theirs.", "applied": False}
    ]


def test_possible_duplicates_are_named_and_never_merged(imported, brought):
    imported()

    batch = brought([*RECORDS, RECORDS[0], record(9, id="X", agency="OTHER", agency_name="Other")], at=AT + HOUR)

    twins = {row.record: row.twin for row in batch.rows.exclude(twin="")}
    assert twins[4] == "name:2"
    assert twins[6] == "row:2"
    assert batch.rows.count() == 6


def test_a_cell_is_mended_in_place(brought, cast):
    batch = brought()
    place = batch.layout["places"]["development_stage"]

    row = bringing.mend(batch, 3, {place: "Pilot"}, by=cast.office, at=AT)

    assert (row.values["stage"], row.problems, row.needs, row.how) == ("pilot", [], False, "created")
    assert Staged.objects.get(batch=batch, record=3).cells[place] == "Pilot"


def test_a_row_that_cannot_be_read_is_left_out_until_it_is_mended(brought, cast):
    batch = brought(text=text_of([record(1), record(2, id="", agency="", agency_bureau="", use_case_name="")]))
    assert become(batch) == {2: "created", 3: "refused"}

    bringing.mend(
        batch,
        3,
        {batch.layout["places"]["id"]: "DOX-2", batch.layout["places"]["agency"]: "DOX"},
        by=cast.office,
        at=AT,
    )
    bringing.begin(batch, by=cast.office, at=AT)
    bringing.go_on(AT, pause=0)

    assert Initiative.objects.count() == 2


def test_a_file_that_cannot_be_read_says_so_and_leaves_nothing(brought):
    batch = brought(text="just,words\n1,2\n")

    assert batch.state == State.FAILED
    assert batch.failed_because.startswith("list.csv has no header that the profile omb-2025 knows")
    assert not batch.rows.exists()
    assert not FilePart.objects.exists()


@pytest.mark.parametrize("who", ["staff", "owner", "compliance", "lead", "auditor"])
def test_who_may_not_import_does_none_of_it(brought, cast, who):
    batch, person = brought(), getattr(cast, who)
    seq = LedgerEntry.objects.count()

    for act in (
        lambda: bringing.receive([b"x"], "list.csv", "omb-2025", by=person, at=AT),
        lambda: bringing.mend(batch, 3, {0: "x"}, by=person, at=AT),
        lambda: bringing.begin(batch, by=person, at=AT),
        lambda: bringing.set_aside(batch, by=person, at=AT),
        lambda: bringing.take_back(batch, by=person, at=AT),
    ):
        with pytest.raises(Refused, match="may not import"):
            act()

    assert LedgerEntry.objects.count() == seq


def test_somebody_who_lost_the_right_meanwhile_imports_nothing(brought, cast):

    batch = brought(by=cast.office_two)
    bringing.begin(batch, by=cast.office_two, at=AT)
    people.revoke_function(cast.office_two, Function.PORTFOLIO, by=cast.admin, at=AT)
    bringing.go_on(AT, pause=0)

    batch.refresh_from_db()
    assert batch.state == State.FAILED
    assert "may not import" in batch.failed_because
    assert not Initiative.objects.exists()


def test_each_step_happens_once(brought, imported, cast):
    batch = imported()

    with pytest.raises(Conflict, match=r"^This list is not waiting for that any more: Imported\.$"):
        bringing.begin(batch, by=cast.office, at=AT)
    with pytest.raises(Conflict):
        bringing.set_aside(batch, by=cast.office, at=AT)
    bringing.take_back(batch, by=cast.office, at=AT)
    with pytest.raises(Conflict):
        bringing.take_back(batch, by=cast.office, at=AT)


def test_an_import_that_is_held_by_another_worker_is_left_to_it(brought, cast):
    batch = brought()
    bringing.begin(batch, by=cast.office, at=AT)
    held = bringing._claimed()

    assert bringing.go_on(AT, pause=0) == 0
    Batch.objects.filter(pk=held.pk).update(worked_at=held.worked_at - bringing.LEASE - timedelta(seconds=1))
    assert bringing.go_on(AT, pause=0) == 1
    with pytest.raises(bringing.Lost):
        bringing.hold(held)


def abandoned(batch: Batch) -> None:
    """Leave an import as a worker leaves it that was killed while it read."""
    assert bringing._claimed() is not None
    Batch.objects.filter(pk=batch.pk).update(worked_at=clock.wall() - bringing.LEASE - timedelta(seconds=1))


def received(cast, at=AT) -> Batch:
    """Bring records that nobody has read yet."""
    return bringing.receive([text_of(RECORDS).encode()], "list.csv", "omb-2025", by=cast.office, at=at)


def test_a_file_that_ends_its_reader_every_time_is_refused_and_those_behind_it_are_read(cast):
    batch = received(cast)
    for _try in range(bringing.MOST_TRIES):
        abandoned(batch)
    other = received(cast, AT + timedelta(minutes=1))

    assert bringing.go_on(AT, pause=0) == 2

    batch.refresh_from_db()
    other.refresh_from_db()
    assert (batch.state, batch.parts.count(), other.state) == (State.FAILED, 0, State.READY)
    assert batch.failed_because.startswith(
        "list.csv was begun 5 times, and reading it stopped each time at the same place."
    )


def test_a_reader_that_got_further_each_time_goes_on(cast):
    batch = received(cast)
    for _try in range(bringing.MOST_TRIES):
        abandoned(batch)
    bringing._claimed()
    batch.refresh_from_db()
    bringing.hold(batch, further=True)
    Batch.objects.filter(pk=batch.pk).update(worked_at=None)

    assert bringing.go_on(AT, pause=0) == 1
    batch.refresh_from_db()
    assert (batch.state, batch.tries) == (State.READY, 0)


# Taken back


def test_a_first_import_that_is_taken_back_leaves_nothing(imported, cast):
    batch = imported()

    bringing.take_back(batch, by=cast.office, at=AT + HOUR)
    bringing.go_on(AT + HOUR, pause=0)

    batch.refresh_from_db()
    assert batch.state == State.UNDONE
    assert {k: batch.counts["undone"][k] for k in ("removed", "restored", "left")} == {
        "removed": 4,
        "restored": 0,
        "left": 0,
    }
    assert not Initiative.objects.exists()
    assert LedgerEntry.objects.filter(verb="record.undone").count() == 4


def test_the_units_an_import_made_go_with_it_unless_they_hold_something_or_were_changed(imported, cast):
    paths = (("East", "One"), ("East", "Two"), ("West", "Three"), ("West", "Four"), ("North", "Five"))
    batch = imported([record(n, agency_name=top, agency_bureau=part) for n, (top, part) in enumerate(paths, 1)])
    unit = {unit.name: unit for unit in Unit.objects.all()}
    Person.objects.filter(pk=cast.staff.pk).update(unit=unit["One"])
    unit["Three"].time_zone = "Asia/Tokyo"
    people.save_unit(unit["Three"], by=cast.admin, at=AT)
    five = Initiative.objects.get(unit=unit["Five"])
    actions.amend(five, {"purpose": "Ours."}, by=cast.office, at=AT + HOUR, seen_version=five.version)

    bringing.take_back(batch, by=cast.office, at=AT + HOUR)
    bringing.go_on(AT + HOUR, pause=0)

    assert set(unit) - set(Unit.objects.values_list("name", flat=True)) == {"Two", "Four"}
    batch.refresh_from_db()
    assert (batch.counts["undone"]["units"], batch.counts["undone"]["left"]) == (2, 1)
    assert LedgerEntry.objects.filter(verb="unit.removed").count() == 2


def test_units_that_hold_only_each_other_go(imported, cast):
    there = Unit.objects.count()
    batch = imported([record(1, agency_name="East", agency_bureau="One"), record(2, agency_name="East")])

    bringing.take_back(batch, by=cast.office, at=AT + HOUR)
    bringing.go_on(AT + HOUR, pause=0)

    assert Unit.objects.count() == there


def test_a_second_import_that_is_taken_back_leaves_what_the_first_one_made(imported, cast):
    imported()
    before = everything()
    batch = imported(
        [record(1, development_stage="Retired", problem_solved="More.", agency_bureau="Other"), *RECORDS[1:3]],
        at=AT + HOUR,
    )
    assert everything() != before

    bringing.take_back(batch, by=cast.office, at=AT + 2 * HOUR)
    bringing.go_on(AT + 2 * HOUR, pause=0)

    after = everything()
    for key in before:
        # The record that was gone stays with the import that missed it; all else is as it was.
        assert after[key][:7] == before[key][:7]
    batch.refresh_from_db()
    assert {k: batch.counts["undone"][k] for k in ("removed", "restored", "left")} == {
        "removed": 0,
        "restored": 2,
        "left": 0,
    }


def test_what_people_touched_since_stays(imported, cast):
    batch = imported()
    one = Initiative.objects.get(origin__identity="dox | dox-1")
    actions.amend(one, {"purpose": "Ours."}, by=cast.office, at=AT + HOUR, seen_version=one.version)

    bringing.take_back(batch, by=cast.office, at=AT + HOUR)
    bringing.go_on(AT + HOUR, pause=0)

    assert [i.purpose for i in Initiative.objects.all()] == ["Ours."]
    batch.refresh_from_db()
    assert batch.counts["undone"]["left"] == 1


def test_an_import_is_taken_back_within_a_day(imported, cast):
    batch = imported()

    with pytest.raises(Conflict, match="An import can be taken back for 24 hours"):
        bringing.take_back(batch, by=cast.office, at=AT + timedelta(hours=24))
    bringing.take_back(batch, by=cast.office, at=AT + timedelta(hours=23, minutes=59))


class Killed(BaseException):
    """A worker that dies."""


def test_whatever_kills_the_workers_it_ends_the_same(cast, monkeypatch, brought):
    records = [record(n, development_stage=("Deployed", "Pilot", "?")[n % 3]) for n in range(330)]
    really = bringing.hold

    held = []

    def hold(batch, **said):
        really(batch, **said)
        held.append(batch.state)
        if len(held) in (1, 3, 6, 9, 12, 14, 17):
            Batch.objects.filter(pk=batch.pk).update(worked_at=None)  # its minute is over by the time it is followed
            raise Killed

    monkeypatch.setattr(bringing, "hold", hold)
    batch = bringing.receive([text_of(records).encode()], "list.csv", "omb-2025", by=cast.office, at=AT)
    deaths = 0
    for state in (State.READY, State.DONE, State.UNDONE):
        for _try in range(20):
            try:
                bringing.go_on(AT, pause=0)
            except Killed:
                deaths += 1
            batch.refresh_from_db()
            if batch.state == state:
                break
        assert batch.state == state
        if state == State.READY:
            assert batch.rows.count() == 330
            bringing.begin(batch, by=cast.office, at=AT)
        elif state == State.DONE:
            assert (batch.counts["created"], batch.counts["triage"], Initiative.objects.count()) == (330, 110, 330)
            bringing.take_back(batch, by=cast.office, at=AT)
    assert deaths >= 5
    assert set(held) == {State.READING, State.APPLYING, State.UNDOING}
    assert not Initiative.objects.exists()


@pytest.mark.postgres
def test_a_zero_character_is_shown_as_its_sign_and_its_row_waits_to_be_mended(brought, cast):
    text = text_of([record(1, use_case_name="A\0B"), record(2)]).replace("have_ato", "have\0ato")

    batch = brought(text=text)
    assert batch.state == State.FAILED  # a title the profile reads is not there
    batch = brought([record(1, use_case_name="A\0B"), record(2)])
    assert (batch.state, become(batch)) == (State.READY, {2: "refused", 3: "created"})
    assert "A␀B" in batch.rows.get(record=2).cells
    looked_at = bringing.receive([b"Na\0me,B\nx\0y,1\n" + b"longer,2\n" * 9], "l.csv", "", by=cast.office, at=AT)
    bringing.go_on(AT, pause=0)
    looked_at.refresh_from_db()
    assert (looked_at.state, looked_at.layout["titles"]) == (State.MAPPING, ["Na␀me", "B"])
    assert looked_at.layout["columns"][0]["samples"] == ["x␀y", "longer"]
    ours = bringing.receive(
        [b"Key,Name\nAI-1,x\0y\n" + b"AI-2,longer\n" * 9], "l.csv", "mandate", by=cast.office, at=AT
    )
    bringing.go_on(AT, pause=0)
    ours.refresh_from_db()
    assert ours.state == State.READY
