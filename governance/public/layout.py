"""The columns of the federal inventory of 2025, and what we say in each; what we cannot say stays blank.

The profile `omb-2025` reads such a file again, so a register published here can be brought in anywhere.
"""

from datetime import date
from typing import Any

from governance.initiatives.lifecycle import Stage
from governance.registers import profiles
from governance.registers.models import Origin
from governance.registers.profile import Profile

PROFILE = "omb-2025"

COLUMNS = (
    "agency",
    "agency_name",
    "id",
    "use_case_name",
    "agency_bureau",
    "contact_email",
    "is_withheld",
    "development_stage",
    "is_high_impact",
    "HI_justification",
    "topic_area",
    "classification",
    "problem_solved",
    "benefits",
    "system_outputs",
    "operational_date",
    "contracting_usage",
    "vendor_name",
    "have_ato",
    "system_name_ato",
    "data_description",
    "link_to_data",
    "has_pii",
    "pia_url",
    "demographic_features",
    "has_custom_code",
    "code_url",
    "hi_testing_conducted",
    "hi_assessment_completed",
    "hi_potential_impacts",
    "hi_independent_review",
    "hi_ongoing_monitoring",
    "hi_training_established",
    "hi_failsafe_presence",
    "hi_appeal_process",
    "hi_public_consultation",
)

#: The stages that are listed, in the words of the layout. A pilot runs on while its gate is open.
STAGES = {
    Stage.PILOT: "Pilot",
    Stage.FUNDING: "Pilot",
    Stage.BUILD: "Pre-deployment",
    Stage.PRODUCTION: "Deployed",
    Stage.RETIRED: "Retired",
}
#: Kinds of answers that hold nobody's own words.
_CLOSED = ("choice", "yes_no", "date")
#: As the first layout of a date in the profile has it, by how exact it is.
_DATES = {"day": "%Y-%m-%d 00:00:00", "month": "%m/%Y", "year": "%Y"}


def answers(origin: Origin | None) -> dict[str, str]:
    """Return what the register an initiative came from answers in closed words, by column. No query."""
    if origin is None or origin.profile != PROFILE:
        return {}
    stated, profile = origin.stated.get("states", {}), profile_of_the_layout()
    said = {state.column: _word(stated[state.name]) for state in profile.states if _is_told(state, stated)}
    return {column: word for column, word in said.items() if word}


def profile_of_the_layout() -> Profile:
    """Return the profile that reads this layout. No query."""
    return profiles.load(PROFILE)


def _is_told(state: Any, stated: dict[str, Any]) -> bool:
    return state.name in stated and state.kind in _CLOSED and state.name != "withheld"


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return date.fromisoformat(value["on"]).strftime(_DATES[value["precision"]])
    return {"yes": "Yes", "no": "No"}.get(value, value)
