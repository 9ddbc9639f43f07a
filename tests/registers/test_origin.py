"""What a page says about where an initiative came from."""

import pytest
from django.template.loader import render_to_string

from governance.initiatives.models import Initiative
from governance.registers import queries
from governance.registers.models import Origin
from tests.registers.conftest import AT, record


def shown(html: str) -> str:
    """Return markup as one line."""
    return " ".join(html.split())


def part(initiative) -> str:
    """Return the part of the page."""
    return shown(render_to_string("registers/_origin.html", {"origin": queries.origin(initiative), "at": AT}))


def test_an_initiative_of_our_own_has_no_origin(story):
    initiative = story("idea").initiative

    assert queries.origin(initiative) is None
    assert "<section" not in part(initiative)


def test_the_origin_is_told_in_words_and_costs_one_query(bring, django_assert_num_queries):
    bring(
        [
            record(
                1,
                is_high_impact="High-impact",
                has_pii="Yes",
                has_custom_code="No",
                operational_date="Jul-25",
                demographic_features="['b) Sex', 'c) Age']",
                classification="Quantum",
            )
        ]
    )
    initiative = Initiative.objects.get()

    with django_assert_num_queries(1):
        origin = queries.origin(initiative)

    assert (
        origin.register,
        origin.reference,
        origin.file_name,
        origin.imported_at,
        origin.gone_at,
        origin.stage_said,
        origin.says,
    ) == (
        "Federal AI use case inventory 2025",
        "DOX-1",
        "register.csv",
        AT,
        None,
        "Pre-deployment",
        (),
    )
    assert origin.states == (
        ("High impact", "High-impact"),
        ("In operation since", "July 2025"),
        ("Personal data", "Yes"),
        ("Demographic features", "b) Sex, c) Age"),
        ("Custom code", "No"),
    )
    assert origin.kept == (("classification", "Quantum"),)


@pytest.mark.parametrize(
    ("cell", "words"), [("2024-10-01 00:00:00", "1 October 2024"), ("10/2024", "October 2024"), ("2024", "2024")]
)
def test_a_date_is_told_as_exactly_as_the_register_does(bring, cell, words):
    bring([record(1, operational_date=cell)])

    assert queries.origin(Initiative.objects.get()).states == (("In operation since", words),)


def test_the_part_names_the_register_and_what_it_states(bring):
    bring([record(1, has_pii="Yes", classification="Quantum")])

    html = part(Initiative.objects.get())

    assert "It came from the register “Federal AI use case inventory 2025”. There it is DOX-1. Imported" in html
    assert "<dt>Stage</dt><dd>Pre-deployment</dd>" in html
    assert "<dt>Personal data</dt><dd>Yes</dd>" in html
    assert "Kept as it came, because it could not be read:" in html
    assert "<dt>classification</dt><dd>Quantum</dd>" in html
    assert "no longer lists it" not in html


def test_the_part_says_what_the_register_says_and_that_it_is_gone(bring):
    bring([record(1, development_stage="Pilot"), record(2)])
    bring([record(1, development_stage="")])

    assert "The register no longer states a stage. Here it is Pilot." in part(Initiative.objects.get(name="Use 1"))
    assert "The register no longer lists it since" in part(Initiative.objects.get(name="Use 2"))


def test_cells_are_shown_as_text_whatever_they_hold(bring):
    hostile = "<script>alert(1)</script>\n{{ 7*7 }}"
    bring([record(1, system_outputs=hostile, classification=hostile, id="<b>7</b>")])

    html = part(Initiative.objects.get())

    assert "<script" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;<br>{{ 7*7 }}") == 2


def test_an_origin_outlives_its_profile(bring):
    bring([record(1, has_pii="Yes")])
    Origin.objects.update(profile="omb-1999")

    origin = queries.origin(Initiative.objects.get())

    assert (origin.register, origin.states) == ("omb-1999", (("personal_data", "Yes"),))
