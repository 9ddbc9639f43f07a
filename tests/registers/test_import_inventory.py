"""`manage.py import_inventory`: a short table for people, one object for programs, one sentence when it cannot be."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.registers import profiles
from tests.registers.conftest import record, text_of


@pytest.fixture
def run(db):
    """Return a function that runs the command and returns what it printed."""

    def run(path, *options, profile="omb-2025"):
        out = io.StringIO()
        call_command("import_inventory", str(path), "--profile", profile, *options, stdout=out)
        return out.getvalue()

    return run


def test_json_prints_one_object_on_one_line(run, file):
    out = run(
        file([record(1), record(2, development_stage=""), record(3, has_pii="Partly", development_stage="Pilot")]),
        "--json",
    )

    assert out.count("\n") == 1
    said = json.loads(out)
    assert said.pop("seconds") >= 0
    assert said == {
        "records": 3,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "gone": 0,
        "skipped": 0,
        "refused": 0,
        "triage": 1,
        "by_stage": {"idea": 1, "pilot": 1, "triage": 1},
        "problems": [
            {
                "record": 3,
                "field": "development_stage",
                "came": "",
                "expected": "one of Pre-deployment, Pilot, Deployed, Retired",
                "weight": "triage",
            },
            {"record": 4, "field": "has_pii", "came": "Partly", "expected": "yes or no", "weight": "noted"},
        ],
    }


def test_people_get_a_table_the_first_problems_and_what_to_do_next(run, file):
    lines = run(
        file(
            [
                record(1, development_stage="Deployed"),
                record(2, development_stage=""),
                record(3, development_stage=""),
                record(4, has_pii="Partly"),
            ]
        )
    ).splitlines()

    assert lines[0].startswith("register.csv as omb-2025: 4 records in ")
    assert lines[1:] == [
        "",
        "  created                   4",
        "  updated                   0",
        "  unchanged                 0",
        "  no longer listed          0",
        "  skipped                   0",
        "  not readable              0",
        "",
        "  The register states: Idea 1, Production 1, Stage not known 2",
        "",
        "Problems: 0 not readable, 2 with no stage we know, 1 noted and kept as they came.",
        "  2 records from 3 on, development_stage: an empty cell; expected one of Pre-deployment, Pilot, Deployed, Retired",
        "  record 5, has_pii: “Partly”; expected yes or no",
        "",
        "Next: 2 records state no stage: the Portfolio office says where they stand. 1 are in use and nobody owns them: name a business owner for each within 30 days.",
    ]


def test_only_the_first_kinds_of_problem_are_listed_for_people(run, file):
    out = run(file([record(n, has_pii=f"Partly {n}") for n in range(30)]))

    assert out.count("expected yes or no") == 10
    assert "and 20 more kinds; --json lists every record." in out


def test_a_dry_run_says_so(run, file):
    out = run(file([record(1)]), "--dry-run")

    assert "A dry run: nothing was written. This would happen:" in out
    assert out.endswith("Next: Run it without --dry-run.\n")
    assert not Initiative.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_record_that_cannot_be_read_keeps_others_from_being_gone(run, file):
    out = run(file(text_of([record(1)]) + "DOX,broken\n"))

    assert "  record 3: “2 cells”; expected 36 cells, as the header has" in out
    assert (
        "Mend the records that could not be read and import again; until then nothing is marked as no longer listed."
        in out
    )


def test_it_acts_as_the_person_named(run, file, cast):
    run(file([record(1)]), "--as", cast.office.email.upper())

    assert set(LedgerEntry.objects.values_list("actor", flat=True)) == {f"person:{cast.office.pk}"}


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        (
            "nobody@example.org",
            "--as is 'nobody@example.org': nobody here has that address. Expected the address of somebody in the Portfolio office or an administrator.",
        ),
        ("kim.sato@example.org", "Kim Sato may not import. The Portfolio office and administrators may."),
        (
            "ben.castle@example.org",
            "--as is 'ben.castle@example.org': Ben Castle has left. Expected the address of somebody in the Portfolio office or an administrator.",
        ),
    ],
)
def test_who_may_not_import_is_told_in_a_sentence(run, file, cast, who, sentence):
    cast.office_two.is_active, cast.office_two.left_on = False, "2026-01-01"
    cast.office_two.save()

    with pytest.raises(CommandError) as refusal:
        run(file([record(1)]), "--as", who)

    assert (str(refusal.value), refusal.value.returncode) == (sentence, 1)
    assert not Initiative.objects.exists()


@pytest.mark.parametrize(
    ("content", "options", "profile", "sentence"),
    [
        ("", (), "omb-2025", "register.csv is empty. Expected a CSV file with a header."),
        (
            "a,b\n1,2\n",
            (),
            "omb-2025",
            "register.csv has no header that the profile omb-2025 knows: its first row holds “a”, “b”.",
        ),
        ("a,b\n1,2\n", (), "omb", "There is no profile “omb”. Expected one of: omb-2025, omb-2025-cots."),
        (
            "a,b\n1,2\n",
            ("--encoding", "klingon"),
            "omb-2025",
            "Nobody knows the encoding “klingon”. Expected one such as utf-8 or windows-1252.",
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(run, file, content, options, profile, sentence):
    with pytest.raises(CommandError) as refusal:
        run(file(content, encoding="utf-8"), *options, profile=profile)

    assert str(refusal.value).startswith(sentence)
    assert refusal.value.returncode == 1
    assert not LedgerEntry.objects.exists()


def test_a_file_in_another_encoding_is_read_when_it_is_named(run, file):
    run(file([record(1, use_case_name="Größe – naïve")], encoding="windows-1252"), "--encoding", "windows-1252")

    assert Initiative.objects.get().name == "Größe – naïve"


def test_a_profile_in_a_file_is_kept_under_its_name_and_what_was_found_out_is_said(run, file, tmp_path):
    ours = tmp_path / "our-list.toml"
    ours.write_text('identity = "Nr"\n[stage]\nevery = "production"\n[fields]\nname = "Titel"\n', encoding="utf-8")
    path = file("Liste\nNr;Titel\n1;Größe\n".encode("cp1252"))

    dry = run(path, "--dry-run", profile=str(ours))
    assert profiles.names() == profiles.shipped()
    out = run(path, profile=str(ours))

    found = (
        "Found out from the file: its letters are windows-1252, “;” stands between its cells, its titles are in row 2."
    )
    assert found in dry
    assert found in out
    assert Initiative.objects.get().name == "Größe"
    assert profiles.names() == [*profiles.shipped(), "our-list"]
    assert "1 records" in run(path, profile="our-list")
