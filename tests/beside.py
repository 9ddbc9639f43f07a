"""The run on PostgreSQL, which goes on beside the workers: no core is idle while they wait for a browser."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.embedded_pg import binaries
from tests.running import ROOT, outside

#: What is run: the tests marked `postgres`, in one process.
COMMAND = [sys.executable, "-m", "pytest", "--db=postgres", "-m", "postgres and not slow and not ci", "-n", "0"]


def begin(items: list[pytest.Item]) -> None:
    """Start the run when one of `items` is going to read it, and a PostgreSQL is there to run on.

    It is of the tests among `items` that are marked; where none is, of all that are.
    """
    if any(item.get_closest_marker("beside") for item in items) and binaries() is not None:
        place = _place()
        # The files that hold such tests: reading the others takes longer than many of those tests.
        files = dict.fromkeys(str(item.path) for item in items if item.get_closest_marker("postgres"))
        # Whichever worker reads it is not the parent that could wait for it, so the exit code goes to a file.
        keep = f'"$@" >{place}/postgres.log 2>&1; echo $? >{place}/postgres.new; mv {place}/postgres.new {place}/postgres.code'
        subprocess.Popen(
            ["nice", "-n", "5", "sh", "-c", keep, "sh", *COMMAND, "-rfE", "--color=no", *files],
            cwd=ROOT,
            env=outside(),
        )


def end() -> tuple[int, str]:
    """Wait for the run to end; return its exit code and what it printed."""
    code = _place() / "postgres.code"
    while not code.exists():
        time.sleep(0.2)
    return int(code.read_text()), (_place() / "postgres.log").read_text()


def _place() -> Path:
    return Path(os.environ["MANDATE_TESTS_HOME"])
