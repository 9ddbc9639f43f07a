"""Why is this stuck? One diagnosis, in order, and one next action."""

from datetime import timedelta
from decimal import Decimal

import pytest

from governance.gates import stuck
from governance.initiatives import figures, roles
from governance.outcomes.models import Outcome
from governance.raci import queries as raci
from governance.raci.models import Role, Row
from tests.make import AT, make_initiative


def found(tale, at=None):
    """Return the diagnosis now, or None."""
    return stuck.diagnose(tale.fresh, at or tale.at)


def test_without_an_owner_nothing_else_is_looked_at(cast):
    tale = make_initiative(cast, "pilot")
    mine = raci.matrix(tale.fresh).accepted(Row.GO_LIVE, Role.ACCOUNTABLE)
    roles.end(mine, by=cast.office, at=tale.at, because="Left the unit.")
    Outcome.objects.all().delete()

    said = found(tale)

    assert (said.code, said.sentence, said.action) == (
        "owner",
        "Nobody has accepted to answer for the result.",
        "Name the business owner",
    )
    assert said.url.startswith("/initiatives/AI-1/matrix/")


def test_a_gate_that_was_never_defined_comes_before_the_case(cast):
    tale = make_initiative(cast, "pilot")
    Outcome.objects.update(threshold=None, threshold_set_at=None)

    said = found(tale, tale.at + timedelta(days=80))

    assert (said.code, said.sentence) == ("gate", "Nobody said before the pilot what it has to reach, and by when.")
    assert said.url == "/initiatives/AI-1/outcome/#id_threshold"


def test_a_threshold_set_after_the_figures_is_a_gate_defined_too_late(cast):
    tale = make_initiative(cast, "pilot").measure(confirmed=False)
    figures.set_outcome(tale.fresh, {"threshold": Decimal("2.90")}, by=cast.lead, at=tale.at, seen_version=1)

    said = found(tale)

    assert (said.code, said.sentence) == ("gate", "The threshold was set too late for the figures there are.")


def test_a_claimed_figure_is_no_case_yet(cast):
    said = found(make_initiative(cast, "pilot").measure(confirmed=False))

    assert (said.code, said.who, said.action) == ("case", "Finance", "Confirm the figure")


def test_a_young_pilot_without_a_figure_is_not_stuck(cast):
    tale = make_initiative(cast, "pilot")

    assert found(tale) is None
    said = found(tale, AT + timedelta(days=50))
    assert (said.code, said.action) == ("case", "Add a figure")


def test_with_owner_and_case_it_is_the_money(cast):
    tale = make_initiative(cast, "pilot").measure()
    assert found(tale).code == "money"
    assert found(tale).action == "Ask for a budget"

    tale.ask_budget()

    assert found(tale) is None


@pytest.mark.parametrize("stage", ["idea", "stopped", "retired"])
def test_what_is_not_in_use_is_not_stuck(stage, cast):
    assert found(make_initiative(cast, stage)) is None


@pytest.mark.parametrize("stage", ["funding", "build", "production"])
def test_what_lacks_nothing_is_not_stuck(stage, cast):
    assert found(make_initiative(cast, stage)) is None


def test_every_diagnosis_has_words_for_a_list(cast):
    said = found(make_initiative(cast, "pilot").measure(confirmed=False))

    assert str(said.label) == "no case in business terms"
    assert set(stuck.LABELS) == {"owner", "gate", "case", "money"}
