"""A profile is data, and says nothing a profile may not say."""

import tomllib

import pytest

from governance.registers import profiles
from governance.registers.profiles import Unreadable


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
    assert profiles.names() == ["omb-2025", "omb-2025-cots"]
    assert [profiles.load(name).name for name in profiles.names()] == profiles.names()


def test_a_profile_holds_nothing_but_data():
    for name in profiles.names():
        with (profiles.FOLDER / f"{name}.toml").open("rb") as file:
            assert set(tomllib.load(file)) <= {
                "title",
                "encoding",
                "delimiter",
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
        profiles.made_of("small", body(**changes))

    assert str(refusal.value).startswith(sentence)


def test_a_profile_reads_each_column_once():
    small = profiles.made_of("small", body(identity=["Id", "Name"], reference="Id"))

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
