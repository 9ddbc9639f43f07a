"""A profile is data, and says nothing a profile may not say."""

import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from governance.core.errors import Refused
from governance.ledger.models import LedgerEntry
from governance.registers import columns, profiles
from governance.registers.models import KeptProfile
from governance.registers.profile import Shape, Unreadable
from governance.registers.profile_text import made_of, read
from tests.registers.conftest import AT

pytestmark = pytest.mark.django_db


def body(**changes):
    """Return a small profile as TOML gives it."""
    return {
        "title": "Small",
        "identity": ["Id"],
        "stage": {"column": "Stage", "words": {"Live": "production"}},
        "fields": {"name": "Name"},
        **changes,
    }


def test_every_profile_there_is_can_be_loaded():
    assert profiles.names() == profiles.shipped() == ["omb-2025", "omb-2025-cots"]
    assert [profiles.load(name).name for name in profiles.names()] == profiles.names()


def test_a_profile_holds_nothing_but_data():
    for name in profiles.names():
        with (profiles.FOLDER / f"{name}.toml").open("rb") as file:
            assert set(tomllib.load(file)) <= {
                "title",
                "file",
                "aliases",
                "gap",
                "identity",
                "identity_else",
                "reference",
                "unit",
                "ignore",
                "stage",
                "words",
                "fields",
                "dates",
                "states",
            }


def test_the_words_for_stages_are_those_of_the_inventory():
    assert profiles.load("omb-2025").stages == {
        "Pre-deployment": "idea",
        "Pilot": "pilot",
        "Deployed": "production",
        "Retired": "retired",
    }
    assert profiles.load("omb-2025-cots").stages == {"Y": "production"}
    assert profiles.load("omb-2025-cots").skip == ("N",)


def test_the_public_mailbox_is_not_read():
    assert "contact_email" not in profiles.load("omb-2025").columns
    assert "contact_email" in profiles.load("omb-2025").ignore


def test_an_unknown_profile_is_named_with_those_there_are():
    with pytest.raises(
        Unreadable, match=r"There is no profile “omb-2024”\. Expected one of: omb-2025, omb-2025-cots\."
    ):
        profiles.load("omb-2024")


def test_a_profile_cannot_be_reached_outside_its_folder():
    with pytest.raises(Unreadable, match="There is no profile"):
        profiles.load("../profiles/omb-2025")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"stage": {"column": "Stage", "words": {"Live": "funding"}}},
            "Profile small: stage.words is “funding”. Expected one of: discovered, idea, pilot, production, retired.",
        ),
        (
            {"fields": {"name": "Name", "tier": "Risk"}},
            "Profile small: fields is “tier”. Expected one of: name, purpose,",
        ),
        ({"fields": {"purpose": "Why"}}, "Profile small: fields is “purpose”. Expected one of: name."),
        (
            {"states": [{"name": "x", "label": "X", "column": "X", "kind": "guess"}]},
            "Profile small: states.kind is “guess”. Expected one of: text, choice, yes_no, date, list.",
        ),
        (
            {"dates": [{"layout": "%Y", "precision": "week"}]},
            "Profile small: dates.precision is “week”. Expected one of: day, month, year.",
        ),
    ],
)
def test_a_profile_that_says_too_much_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(Unreadable) as refusal:
        made_of("small", body(**changes))

    assert str(refusal.value).startswith(sentence)


def test_a_profile_reads_each_column_once():
    small = made_of("small", body(identity=["Id", "Name"], reference="Id"))

    assert small.columns == ("Id", "Name", "Stage")


def test_titles_are_compared_without_case_and_spacing():
    assert profiles.fitting(
        [
            "AGENCY",
            " ai use case ",
            "Agency Use  (Y/N)?",
            "Name of Commercial Product or Service Used",
            "Estimated # of Licenses/Users",
        ]
    ) == ["omb-2025-cots"]
    assert profiles.fitting(["Agency"]) == []


SMALL = """
identity = ["Id"]
[stage]
column = "Stage"
words = { "Live" = "production" }
[fields]
name = "Name"
"""


def test_a_profile_that_is_kept_is_found_by_its_name_and_on_record_once(cast):
    kept = profiles.keep("our-list", SMALL, by=cast.office, at=AT)
    profiles.keep("our-list", SMALL, by=cast.office, at=AT)

    assert profiles.load("our-list") == kept
    assert profiles.names() == ["omb-2025", "omb-2025-cots", "our-list"]
    (entry,) = LedgerEntry.objects.filter(verb="profile.kept")
    assert (entry.actor, entry.text["name"], entry.text["profile"]) == (f"person:{cast.office.pk}", "our-list", SMALL)


@pytest.mark.parametrize("who", ["staff", "owner", "compliance", "lead"])
def test_who_may_not_import_keeps_no_profile(cast, who):
    with pytest.raises(Refused, match=r"may not import\. The Portfolio office and administrators may\."):
        profiles.keep("our-list", SMALL, by=getattr(cast, who), at=AT)

    assert not KeptProfile.objects.exists()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("omb-2025", SMALL, "“omb-2025” comes with Mandate and stays as it is. Give your own profile another name."),
        ("../up", SMALL, "A profile is called “../up”. Expected small letters, digits and hyphens, 2 to 60 of them."),
        ("ours", "identity = [", "Profile ours is no TOML: "),
        ("ours", SMALL + "colour = 'red'", "Profile ours: fields is “colour”. Expected one of: name, purpose,"),
        ("ours", "tilte = 'x'" + SMALL, "Profile ours: its top level is “tilte”. Expected one of: title, identity,"),
        ("ours", SMALL.replace('["Id"]', "5"), "Profile ours: identity is “5”. Expected text, or a list of texts."),
        ("ours", SMALL.replace('"Live"', '"Live" = 1, "Old"'), "Profile ours: stage.words is “{'Live': 1,"),
        (
            "ours",
            SMALL + '[fields.capability]\ncolumns = "Can it?"\nwords = { "Yes" = "maybe" }',
            "Profile ours: fields.capability.words is “maybe”. Expected one of: draft_only, can_act.",
        ),
        ("ours", SMALL + "[file]\nheader = -1\n", "Profile ours: file.header is “-1”. Expected a whole number"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_in_a_sentence(cast, name, text, sentence):
    with pytest.raises(Unreadable) as refusal:
        profiles.keep(name, text, by=cast.office, at=AT)

    assert str(refusal.value).startswith(sentence)
    assert not KeptProfile.objects.exists()


def test_without_an_identity_unit_and_name_are_it():
    text = SMALL.replace('identity = ["Id"]', 'unit = ["Unit"]')

    assert read("ours", text).identity == ("Unit", "Name")


@pytest.mark.parametrize(
    ("column", "where"),
    [("name", 0), (" NAME ", 0), ("#3", 2), ("#9", None), ("Note #2", 3), ("note #3", None), ("Other", None), ("", 4)],
)
def test_a_column_is_found_by_title_by_place_or_by_title_and_turn(column, where):
    assert columns.place(column, ["Name", "Note", "Date", "Note", ""]) == where


def test_a_column_is_called_what_it_is_found_by():
    titles = ["Name", "Note", "", "Note", "#1"]

    assert columns.called(titles) == ["Name", "Note #1", "#3", "Note #2", "#1"]
    assert [columns.place(name, titles) for name in columns.called(titles)] == [0, 1, 2, 3, 4]


def test_the_profile_in_the_readme_is_one():
    readme = (Path(settings.BASE_DIR) / "README.md").read_text(encoding="utf-8")

    profile = read("our-list", readme.split("```toml\n")[1].split("```")[0])

    assert profile.shape == Shape("csv", "windows-1252", ";", 4)
    assert profile.stage_of("Trial") == "pilot"
    assert profile.our_unit("customer  svc.") == "Support"
    assert profile.columns == (
        *(
            "Number",
            "Division",
            "Team",
            "Status",
            "Tool",
            "What for",
            "Remarks #2",
            "Acts by itself?",
            "Charged to",
            "Start",
        ),
    )
