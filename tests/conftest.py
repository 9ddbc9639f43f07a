"""What every test gets: a database file of its own, cheap passwords, a mail outbox, and servers on request.

The database is a file even on SQLite, one per worker, because threads and browsers cannot share one
in memory. Tests marked `transaction=True` are emptied afterwards with the guards of the record
lowered: nothing else may ever do that.
"""

import gc
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import NoReturn

import pytest

from tests import again, beside, running

#: The people and the stories tests speak of.
pytest_plugins = ["tests.cast"]

#: The name of this process among those that share the run.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "one")


def pytest_configure(config: pytest.Config) -> None:
    """Give this worker a folder of its own, and hash passwords cheaply: argon2 is slow on purpose."""
    from django.conf import settings

    settings.MANDATE_HOME = Path(settings.MANDATE_HOME) / WORKER
    settings.MANDATE_HOME.mkdir(exist_ok=True)
    settings.MANDATE_CHECKPOINT_SINKS = [settings.MANDATE_HOME / "checkpoints.log"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start first what waits for other processes, while the run beside fills the cores, then what takes longest.

    What reads the run beside comes last.
    """

    def turn(item: pytest.Item) -> tuple[bool, bool, float]:
        marker = item.get_closest_marker("long")
        waits = item.get_closest_marker("waits") is not None
        return item.get_closest_marker("beside") is not None, not waits, -marker.args[0] if marker else 0

    items.sort(key=turn)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what runs beside the workers, once; what is loaded by now stays, and need not be looked at as garbage."""
    if (
        WORKER in ("one", "gw0")
        and session.config.getoption("db") == "sqlite"
        and not session.config.option.collectonly
    ):
        beside.begin(session.items)
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_terminal_summary(terminalreporter) -> None:
    """Say what the run on PostgreSQL inside this run came to."""
    for report in [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]:
        for name, value in getattr(report, "user_properties", []):
            if name == "on PostgreSQL":
                terminalreporter.write_line(f"on PostgreSQL: {value}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Name the test database, one per worker; on SQLite a file in the run's folder."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    sqlite = database["ENGINE"].endswith("sqlite3")
    name = str(settings.MANDATE_HOME / "test.sqlite3") if sqlite else f"test_{WORKER}"
    database.setdefault("TEST", {})["NAME"] = name


@pytest.fixture(autouse=True)
def _no_checkpoints_of_earlier_tests(settings):
    """A test's record begins anew, so the file that remembers how long it was must begin anew too."""
    sinks = list(settings.MANDATE_CHECKPOINT_SINKS)
    yield
    for sink in sinks:
        Path(sink).unlink(missing_ok=True)


#: What Django filled when the database was made and no test changes.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def _emptied_with_the_guards_lowered() -> None:
    """After a test with `transaction=True` every table is emptied; the record refuses that until asked.

    Django's own flush truncates all seventy tables, which takes PostgreSQL half a second.
    """
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = lambda self: empty("default")


def empty(using: str) -> None:
    """Delete every row of the test database but those of KEPT, then fill in what every database holds."""
    from django.db import connections

    from governance import furnish
    from governance.ledger import guards

    connection = connections[using]
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    quoted = [connection.ops.quote_name(table) for table in sorted(tables)]
    with guards.lowered(using), connection.cursor() as cursor:
        # Whoever points at whom: the order does not matter.
        cursor.execute(
            "SET LOCAL session_replication_role = replica"
            if connection.vendor == "postgresql"
            else "PRAGMA defer_foreign_keys = ON"
        )
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in quoted))
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {table}")
    furnish.after_migrate(using)
    again.memory.forget()


@pytest.fixture(scope="session", autouse=True)
def _stories_are_told_again() -> None:
    """Watch what is written, so that a story that was walked once is written the next time (tests/again.py)."""
    from django.db import connection

    connection.execute_wrappers.append(again.memory.watch)


@pytest.fixture(scope="session", autouse=True)
def _files_are_looked_for_once() -> None:
    """Every new client looks, as every process does, which files there are to serve; here none comes or goes."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def add(self) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = add


def lacking(reason: str) -> NoReturn:
    """Skip this test for want of a program, saying which; in CI, where everything must be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for browser tests."""
    return (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or lacking("no chromium on PATH (Debian: apt-get install chromium)")
    )


@pytest.fixture
def start():
    """Return a function that starts a quickstart on a folder (`running.Started`); it ends with the test."""
    begun = []

    def begin(home: Path, *words: str, **options) -> running.Started:
        begun.append(running.Started(home, *words, **options))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


@pytest.fixture
def redis_server(tmp_path: Path):
    """A Redis of this test's own; yields its address, such as redis://127.0.0.1:40001/0."""
    program = shutil.which("redis-server") or lacking("no redis-server on PATH (Debian: apt-get install redis-server)")
    port = running.free_port()
    process = subprocess.Popen(
        [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(tmp_path),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "redis-server ended at once"
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
