"""What the tests of registers share: small made-up files in the shape of the 2025 inventory, and the real ones where they are."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from governance.registers import apply, profiles
from governance.registers.profile import Profile

AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SHARED = Path(settings.BASE_DIR).parent / "shared" / "data" / "omb_2025"
REAL = SHARED / "2025_individually_reported_AI_use_cases.csv"
COTS = SHARED / "2025_consolidated_COTS_AI_use_cases.csv"

#: The columns the profile omb-2025 knows, in the real file's order.
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


def record(number: int, **cells: str) -> dict[str, str]:
    """Return one record of a made-up agency; every cell can be said otherwise."""
    honest = {
        "agency": "DOX",
        "agency_name": "Department of Examples",
        "id": f"DOX-{number}",
        "use_case_name": f"Use {number}",
        "agency_bureau": "Bureau of Samples",
        "development_stage": "Pre-deployment",
        "problem_solved": f"Solves problem {number}.",
        "vendor_name": "Acme",
    }
    return {**dict.fromkeys(COLUMNS, ""), **honest, **cells}


def text_of(records, columns=COLUMNS, quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Return records as CSV text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore", quoting=quoting)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


@pytest.fixture
def at() -> datetime:
    """The moment of every import, unless a test says otherwise."""
    return AT


@pytest.fixture
def file(tmp_path):
    """Return a function that writes records, text or bytes to a file of that name and returns its path."""

    def write(content, name: str = "register.csv", encoding: str = "utf-8-sig") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else text_of(content), encoding=encoding, newline="")
        return path

    return write


@pytest.fixture
def bring(db, file):
    """Return a function that imports records (or a path) under omb-2025 and returns the report. It does not pause."""

    def bring(content, profile: str = "omb-2025", at: datetime = AT, by=apply.NOBODY, **options) -> apply.Report:
        path = content if isinstance(content, Path) else file(content)
        return apply.bring_in(path, profile, by=by, at=at, pause=0, **options)

    return bring


@pytest.fixture
def profile() -> Profile:
    """The profile of the 2025 inventory."""
    return profiles.load("omb-2025")


def need(path: Path) -> Path:
    """Return a shared file, or skip the test with the reason."""
    if not path.exists():
        pytest.skip(f"the shared data is not there: {path.name}")
    return path
