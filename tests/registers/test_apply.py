"""What an import makes: initiatives where the register says they stand, without an owner and without an approval."""

from itertools import pairwise

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.core.errors import Refused
from governance.initiatives import own, own_keeping, search
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.ledger.verify import verify
from governance.notices.models import Notice
from governance.people.models import Unit
from governance.raci import grants
from governance.raci.models import Assignment, InitiativeUserPermission
from governance.registers import bringing, profiles, queries
from governance.registers.models import Batch, Origin, Staged
from governance.registers.profile import Unreadable
from governance.registers.profile_text import read as profile_in
from governance.registers.trees import Tree
from tests.registers.conftest import AT, record, text_of


def named(name: str) -> Initiative:
    """Return the initiative of this name."""
    return Initiative.objects.get(name=name)


def entries(*verbs: str) -> list[LedgerEntry]:
    """Return the entries with these verbs, in order."""
    return list(LedgerEntry.objects.filter(verb__in=verbs).order_by("seq"))


def rows_there() -> dict[str, int]:
    """Return how many rows every table has."""
    return {model.__name__: model._default_manager.count() for model in apps.get_app_config("governance").get_models()}


def test_an_initiative_says_what_the_register_says(bring):
    bring(
        [
            record(
                1,
                use_case_name="Letter sorting",
                problem_solved="Slow letters.",
                benefits="Speed.",
                vendor_name="Acme",
                development_stage="Pilot",
            )
        ]
    )

    made = named("Letter sorting")
    assert (made.purpose, made.vendor, made.stage, made.unit.name, made.unit.parent.name) == (
        "Slow letters.\n\nSpeed.",
        "Acme",
        "pilot",
        "Bureau of Samples",
        "Department of Examples",
    )
    assert (made.stage_since, made.registered_at, made.pilot_since, made.unowned_since) == (AT, AT, AT, AT)
    origin = made.origin
    assert (origin.profile, origin.identity, origin.occurrence, origin.gone_at, origin.says) == (
        "omb-2025",
        "dox | dox-1",
        1,
        None,
        [],
    )
    assert origin.stated["states"] == {}
    assert origin.stated["stage"] == "pilot"


@pytest.mark.parametrize(
    ("word", "stage", "unowned", "evidence", "live", "retired"),
    [
        ("Pre-deployment", "idea", None, None, None, None),
        ("Pilot", "pilot", AT, None, None, None),
        ("Deployed", "production", AT, "2026-06-01", AT, None),
        ("Retired", "retired", None, None, None, AT),
        ("", "triage", None, None, None, None),
        ("Sunset", "triage", None, None, None, None),
    ],
)
def test_each_stage_comes_with_its_marks_and_no_approval(bring, word, stage, unowned, evidence, live, retired):
    report = bring([record(1, development_stage=word)])

    made = Initiative.objects.get()
    assert (made.stage, made.unowned_since, made.live_since, made.retired_at) == (stage, unowned, live, retired)
    assert (made.evidence_due_on and made.evidence_due_on.isoformat()) == evidence
    assert (
        made.tier,
        made.tier_proposed,
        made.registrant,
        made.workflow_owner,
        made.review_due_at,
        made.capability,
    ) == (None, None, None, None, None, "")
    assert not Assignment.objects.exists()
    assert not InitiativeUserPermission.objects.exists()
    assert grants.differences() == []
    assert (report.created, report.by_stage, report.triage) == (1, {stage: 1}, int(stage == "triage"))


def test_a_public_mailbox_becomes_nobody(bring, cast):
    before = rows_there()["Person"]

    bring([record(1, contact_email=cast.owner.email, development_stage="Deployed")])

    assert rows_there()["Person"] == before
    assert not Assignment.objects.exists()
    assert cast.owner.email not in str(list(Origin.objects.values())) + str(list(Staged.objects.values()))


def test_high_impact_is_no_tier_and_is_kept_as_the_registers_word(bring):
    bring([record(1, is_high_impact="High-impact", has_pii="Yes", operational_date="Jul-25")])

    assert Initiative.objects.get().tier_proposed is None
    assert Origin.objects.get().stated["states"] == {
        "high_impact": "High-impact",
        "personal_data": "yes",
        "operational": {"on": "2025-07-01", "precision": "month"},
    }


def test_units_are_made_once_without_a_leader_and_found_by_name_afterwards(bring, cast):
    Unit.objects.create(name="department of examples", slug="dox", leader=cast.coo)

    bring(
        [
            record(1),
            record(2),
            record(3, agency_bureau="Other"),
            record(4, agency_name="Ministry", agency_bureau="Other"),
            record(5, agency_name="漢字", agency_bureau=""),
        ]
    )

    made = {
        (unit.parent.name if unit.parent else None, unit.name): (unit.slug, unit.leader)
        for unit in Unit.objects.filter(initiatives__isnull=False).distinct()
    }
    assert made == {
        ("department of examples", "Bureau of Samples"): ("bureau-of-samples", None),
        ("department of examples", "Other"): ("other", None),
        ("Ministry", "Other"): (made["Ministry", "Other"][0], None),
        (None, "漢字"): ("unit", None),
    }
    assert made["Ministry", "Other"][0].startswith("other-")
    assert Unit.objects.filter(name__iexact="department of examples").count() == 1
    assert sorted(entry.text["name"] for entry in entries("unit.added")) == [
        "Bureau of Samples",
        "Ministry",
        "Other",
        "Other",
        "漢字",
    ]


def test_a_unit_somebody_made_meanwhile_is_not_made_again(db):
    said, tree = [], Tree()
    top = Unit.objects.create(name="Examples", slug="examples")

    tree.grow(
        [["examples", "Samples"], ["EXAMPLES"]],
        batch=1,
        say=lambda *args, **kwargs: said.append(kwargs["text"]["name"]),
    )

    assert said == ["Samples"]
    assert (
        tree.unit(["Examples"]),
        tree.unit(["Examples", "samples"]).parent,
        tree.unit([]),
        tree.unit(["Others"]),
    ) == (top, top, None, None)


def test_numbers_follow_each_other_and_are_never_used_again(bring):
    bring([record(n) for n in range(1, 251)])
    bring([record(n) for n in range(1, 253)])

    assert sorted(Initiative.objects.values_list("number", flat=True)) == list(range(1, 253))


def test_one_entry_per_initiative_and_one_at_each_end(bring):
    bring([record(n) for n in range(1, 131)])

    batch = Batch.objects.get()
    began, *made, finished = entries("import.began", "record.created", "import.finished")
    assert {entry.initiative_id for entry in made} == set(Initiative.objects.values_list("pk", flat=True))
    assert len(made) == 130
    assert {entry.actor for entry in (began, *made, finished)} == {"system:import_inventory"}
    assert (began.verb, began.detail["records"], began.text) == ("import.began", 130, {"file": "register.csv"})
    assert (finished.verb, finished.detail["created"], finished.detail["by_stage"]) == (
        "import.finished",
        130,
        {"idea": 130},
    )
    first = named("Use 1")
    assert next(entry.detail for entry in made if entry.initiative_id == first.pk) == {
        "batch": batch.pk,
        "number": first.number,
        "record": 2,
        "sha256": first.origin.raw_sha256,
        "stage": "idea",
    }
    assert (batch.finished_at, batch.counts["created"], batch.began_by) == (AT, 130, "system:import_inventory")
    assert verify().ok


def test_the_same_file_again_changes_nothing(bring):
    records = [record(n, development_stage=("Pilot", "Deployed", "", "Retired")[n % 4]) for n in range(1, 121)]
    bring(records)
    before, history = list(Initiative.objects.order_by("pk").values()), LedgerEntry.objects.count()

    report = bring(records)

    assert (report.created, report.updated, report.unchanged, report.gone) == (0, 0, 120, 0)
    assert list(Initiative.objects.order_by("pk").values()) == before
    assert LedgerEntry.objects.count() == history + 2


def test_the_order_of_the_file_does_not_matter(bring):
    records = [record(n) for n in range(1, 6)]
    bring(records)

    report = bring(list(reversed(records)))

    assert (report.created, report.updated, report.unchanged) == (0, 0, 5)


def test_hostile_cells_reach_the_database_as_they_are(bring):
    cells = [
        '=HYPERLINK("http://x")',
        "<script>alert(1)</script>",
        "'; DROP TABLE governance_initiative; --",
        "\u202ereversed",
        "%(name)s {{ 7*7 }}",
        "\U0001f642",
        'O’Brien \\ "x"',
    ]
    bring(
        [
            record(n, use_case_name=cell, problem_solved=cell, vendor_name=cell, system_outputs=cell)
            for n, cell in enumerate(cells)
        ]
    )

    assert list(Initiative.objects.order_by("number").values_list("name", flat=True)) == cells
    assert list(Initiative.objects.order_by("number").values_list("purpose", "vendor")) == [
        (cell, cell) for cell in cells
    ]
    assert [origin.stated["states"]["outputs"] for origin in Origin.objects.order_by("initiative__number")] == cells
    assert [entry.text["name"] for entry in entries("record.created")] == cells


def test_search_finds_what_came_in(bring):
    bring([record(1, use_case_name="Öffentliche Briefe", problem_solved="Sorts letters."), record(2)])

    assert [i.name for i in search.matching(Initiative.objects.all(), "offentl letters")] == ["Öffentliche Briefe"]
    assert search.matching(Initiative.objects.all(), "samples").count() == 2  # its unit


def test_a_record_that_cannot_be_read_stops_no_other(bring):
    report = bring(text_of([record(1)]) + "DOX,three,cells\n" + text_of([record(2)]).splitlines(keepends=True)[1])

    assert (report.records, report.created, report.refused) == (3, 2, 1)
    assert [problem["weight"] for problem in report.problems] == ["refused"]


def test_every_record_is_counted_once(bring):
    head = "Agency,AI Use Case,Agency Use (Y/N)?,Name of Commercial Product or Service Used,Estimated # of Licenses/Users\n"

    report = bring(
        head + "Examples,Reading,Y,Acme,1-100\nExamples,Writing,N,,\nExamples,Counting,,,\nbroken\n",
        profile="omb-2025-cots",
    )

    assert (report.records, report.created, report.skipped, report.refused, report.triage) == (4, 2, 1, 1, 1)
    assert report.by_stage == {"production": 1, "triage": 1}
    assert sorted(Initiative.objects.values_list("name", "stage")) == [
        ("Counting", "triage"),
        ("Reading", "production"),
    ]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(bring):
    records = [record(n, development_stage="Pilot") for n in range(1, 151)]
    bring(records)
    changed = [record(1, development_stage="Deployed"), *records[1:140], record(999)]
    before = rows_there()

    foreseen = bring(changed, dry_run=True)

    assert rows_there() == before
    assert not entries("record.restated")
    done = bring(changed)
    assert foreseen.counts() == done.counts()
    assert (done.created, done.updated, done.unchanged, done.gone) == (1, 1, 139, 10)


def test_a_file_that_cannot_be_read_leaves_nothing_behind(bring, file):
    before = rows_there()

    with pytest.raises(Unreadable):
        bring(file(text_of([record(n) for n in range(200)]).encode() + b"\xff"))

    assert rows_there() == before


@pytest.mark.parametrize("who", ["office", "admin"])
def test_the_portfolio_office_and_administrators_import_in_their_own_name(bring, cast, who):
    person = getattr(cast, who)

    bring([record(1)], by=person)

    assert {entry.actor for entry in entries("import.began", "unit.added", "record.created", "import.finished")} == {
        f"person:{person.pk}"
    }
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("who", ["owner", "compliance", "security", "auditor", "cto", "staff"])
def test_nobody_else_imports(bring, cast, who):
    before = rows_there()

    with pytest.raises(Refused, match=r" may not import\. The Portfolio office and administrators may\.$"):
        bring([record(1)], by=getattr(cast, who))

    assert rows_there() == before


# Telling people


def test_each_top_level_unit_is_told_once_however_much_came_in(bring, cast):
    Unit.objects.create(name="Department of Examples", slug="dox", leader=cast.owner)

    bring(
        [record(n, development_stage="Deployed", agency_bureau=f"Bureau {n}") for n in range(1, 31)]
        + [record(99, agency_name="Ministry", agency="MIN")],
        by=cast.office,
    )

    told = list(Notice.objects.filter(channel="portal").values_list("person__name", "subject").order_by("pk"))
    assert sorted(told) == sorted(
        [(cast.owner.name, "From the register: Department of Examples")]
        + [
            (person.name, f"From the register: {unit}")
            for person in (cast.office, cast.office_two)
            for unit in ("Department of Examples", "Ministry")
        ]
    )
    body = Notice.objects.filter(person=cast.owner, channel="portal").get().body
    assert (
        body
        == "30 uses of AI are new or were changed by the register “Federal AI use case inventory 2025”. 30 are in use and nobody owns them. Name business owners by 2026-04-02, else the COO is asked."
    )


def test_nobody_is_told_when_nothing_changed(bring, cast):
    records = [record(n, development_stage="Pilot") for n in range(1, 4)]
    bring(records)
    told = Notice.objects.count()

    bring(records)

    assert Notice.objects.count() == told


# What it costs


@pytest.mark.parametrize(("kind", "most"), [("created", 26), ("changed", 26), ("restated", 26), ("unchanged", 5)])
def test_every_chunk_costs_the_same_few_queries(bring, kind, most):
    first = [record(n) for n in range(500)]
    again = {
        "changed": [{**r, "use_case_name": r["use_case_name"] + "!", "has_pii": "Yes"} for r in first],
        "restated": [{**r, "development_stage": "Deployed"} for r in first],
        "unchanged": first,
    }
    if kind != "created":
        bring(first)

    with CaptureQueriesContext(connection) as queries:
        bring(again.get(kind, first))

    ends = [n for n, query in enumerate(queries) if query["sql"].startswith('UPDATE "governance_staged"')]
    costs = [end - start for start, end in pairwise(ends)]
    assert len(ends) == 5
    assert len(set(costs)) == 1
    assert costs[0] <= most


def test_what_was_staged_is_kept_until_the_next_import_and_no_longer(bring):
    bring([record(n) for n in range(1, 131)])
    assert Staged.objects.filter(applied=True).count() == 130

    bring([record(1)])

    assert Staged.objects.count() == 1


@pytest.fixture
def with_own(cast):
    """Own columns, and the profile of 2025 that fills them."""
    for title, kind in (("Seats", "number"), ("Ends", "date"), ("Wave", "choice"), ("Link", "link")):
        own_keeping.make(title, kind, choices=["First", "Second"] * (kind == "choice"), by=cast.office, at=AT)
    text = (profiles.FOLDER / "omb-2025.toml").read_text(encoding="utf-8")
    mine = (
        '[fields]\nown_seats = "benefits"\nown_ends = "operational_date"\nown_link = "code_url"\n'
        'own_wave = { columns = "topic_area", words = { "Health" = "Second" } }\nown_lost = "link_to_data"\n'
    )
    return profile_in("with-own", text.replace("[fields]\n", mine, 1))


def own_of(name: str) -> dict[str, str]:
    """Return what an initiative says in its own columns, as text."""
    pk = Initiative.objects.values_list("pk", flat=True).get(name=name)
    return {key: own.plain(value) for key, value in own.current([pk])[pk].items()}


@pytest.mark.postgres
def test_columns_of_their_own_come_along_and_what_people_say_there_stays(bring, file, with_own, cast):
    first = record(1, benefits="12", operational_date="01/31/2027", topic_area="Health", code_url="https://x.example/a")
    second = record(2, benefits="many", code_url="x", topic_area="Second", link_to_data="kept as it came")

    report = bring(file([first, second]), with_own)

    assert own_of("Use 1") == {"seats": "12", "ends": "2027-01-31", "wave": "Second", "link": "https://x.example/a"}
    assert own_of("Use 2") == {"wave": "Second"}
    said = {(p["field"], p["came"]): p["expected"] for p in report.problems if p["record"] == 3}
    assert said["benefits", "many"].startswith("a number of at most")
    assert said["code_url", "x"].startswith("an address that starts with https://")
    assert said["link_to_data", "kept as it came"] == "an own column that is in use"
    assert ("own_lost", "") in {(p["field"], p["came"]) for p in report.problems}
    assert search.matching(Initiative.objects.all(), "Second").count() == 2
    row = Initiative.objects.get(name="Use 2")
    seats = next(column for column in own.columns() if column.key == "seats")
    assert bring(file([first, second]), with_own).unchanged == 2
    own_row = Initiative.objects.get(name="Use 1")
    own.write([(own_row, seats, "13")])
    report = bring(file([{**first, "benefits": "20", "topic_area": "First"}, {**second, "benefits": "7"}]), with_own)

    assert report.updated == 2
    assert own_of("Use 1")["seats"] == "13"  # somebody changed it here: the register only says
    assert own_of("Use 1")["wave"] == "First"
    assert own_of("Use 2")["seats"] == "7"
    assert "The register says “20” for Seats." in [*queries.origin(own_row).says]
    entry = LedgerEntry.objects.filter(initiative_id=row.pk, verb="record.updated").latest("seq")
    assert entry.text["after"]["own_seats"] == "7"
    assert entry.text["titles"] == {"own_seats": "Seats"}


def test_what_a_list_says_in_own_columns_is_taken_back_with_it(cast, with_own):
    text = (
        'identity = ["Id"]\n[stage]\nevery = "pilot"\n[fields]\nname = "Id"\nown_seats = "Seats"\nown_wave = "Wave"\n'
    )
    profiles.keep("short", text, by=cast.office, at=AT)
    brought = []
    for content in (b"Id,Seats,Wave\nA,1,First\nB,2,\n", b"Id,Seats,Wave\nA,5,Second\nB,2,First\nC,9,\n"):
        batch = bringing.receive([content], "l.csv", "short", by=cast.office, at=AT)
        bringing.go_on(AT, pause=0)
        bringing.begin(batch, by=cast.office, at=AT)
        bringing.go_on(AT, pause=0)
        brought.append(batch)
    assert [own_of(name) for name in "ABC"] == [
        {"seats": "5", "wave": "Second"},
        {"seats": "2", "wave": "First"},
        {"seats": "9"},
    ]

    bringing.take_back(brought[1], by=cast.office, at=AT)
    bringing.go_on(AT, pause=0)

    assert [own_of(name) for name in "AB"] == [{"seats": "1", "wave": "First"}, {"seats": "2"}]
    assert not Initiative.objects.filter(name="C").exists()


def test_where_the_company_is_a_unit_a_list_grows_below_it(bring, file, cast):
    cast.company.name = "Northwind Services"
    cast.company.save()

    bring(file([record(1), record(2, agency_name="Northwind Services", agency_bureau="Support")]))
    again = bring(
        file([record(1, problem_solved="More."), record(2, agency_name="Northwind Services", agency_bureau="Support")])
    )

    assert named("Use 1").unit.parent.name == "Department of Examples"
    assert named("Use 1").unit.parent.parent == cast.company
    assert named("Use 2").unit == cast.support
    assert (again.updated, again.unchanged) == (1, 1)
    assert Unit.objects.filter(parent=None).count() == 1
