"""One command starts everything, says so last, and leaves nothing running and nothing half-made."""

import os
import re
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from tests.running import GONE_WITHIN, FirstStart, copy_of_the_demo, first_start, free_port, manage

pytestmark = [
    pytest.mark.waits,
    pytest.mark.long(18),
    pytest.mark.skipif(sys.platform == "win32", reason="signals"),
]


@pytest.fixture
def first() -> FirstStart:
    """What the first start of a demo did."""
    return first_start()


@pytest.fixture
def copied(tmp_path) -> Path:
    """A copy of the demo's folder."""
    return copy_of_the_demo(tmp_path / "home")


def ask(home: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(home / "mandate.sqlite3") as database:
        return database.execute(sql).fetchall()


def test_the_first_start_says_where_it_is_last_and_nothing_alarming(first):
    home = Path(first.home)

    assert first.said == [
        f"Making the demo company in {home} (first start only, up to a minute).",
        f"Ready: http://localhost:{first.port}/",
    ]
    assert first.ended == [0, "", ""]
    assert first.ready == 200
    assert ask(home, "SELECT kind FROM governance_installation") == [("demo",)]
    assert ask(home, "SELECT name FROM governance_pulse") == [("sweep",)]
    assert not list(home.glob("*.new*"))
    assert sum(path.stat().st_size for path in home.glob("*-wal")) == 0


def test_the_first_start_serves_files_that_may_be_kept_for_ever(first):
    assert re.fullmatch(r"/static/portal/app\.[0-9a-f]{12}\.css", first.sheet)
    assert first.sheet_status == 200
    assert "immutable" in first.sheet_kept


def closed(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_sigint_ends_it_although_a_script_ignores_it_and_the_data_is_kept(start, copied):
    before = ask(copied, "SELECT made_at, company FROM governance_installation")
    secret = (copied / "secret_key").read_text()

    running = start(copied, ignoring_sigint=True)
    ended = running.stop(signal.SIGINT)

    assert running.said == [f"Ready: http://localhost:{running.port}/"]
    assert ended == (0, "", "")
    assert ask(copied, "SELECT made_at, company FROM governance_installation") == before
    assert (copied / "secret_key").read_text() == secret
    assert (copied / "secret_key").stat().st_mode & 0o777 == 0o600


def test_one_process_runs_everything_and_finishes_what_it_began(start, copied):
    running = start(copied, SWEEP_SECONDS="1")
    first = ask(copied, "SELECT beat_at FROM governance_pulse WHERE name = 'sweep'")

    # Two starts never share a folder.
    second = manage("quickstart", "--port", str(free_port()), MANDATE_HOME=str(copied))
    assert (second.returncode, second.stdout) == (1, "")
    assert (
        second.stderr
        == f"Mandate does not start: it is already running on the folder {copied}. Stop that one first, or name another folder: MANDATE_HOME=~/mandate\n"
    )

    # The beat and the worker sweep.
    for _ in range(200):
        if ask(copied, "SELECT beat_at FROM governance_pulse WHERE name = 'sweep'") != first:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the beat and the worker did not sweep")

    # A request in flight is answered although it was told to stop, and the door is closed.
    body = "login=a&password=b"
    head = f"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    connection = socket.create_connection(("localhost", running.port), timeout=20)
    connection.sendall((head + body[:5]).encode())
    assert running.get("/healthz/live").status == 200  # so the loop has turned, and has read what came before
    running.process.send_signal(signal.SIGTERM)
    while not closed(running.port):
        time.sleep(0.01)
    connection.sendall(body[5:].encode())
    answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"</html>" in answer
    assert running.process.communicate(timeout=GONE_WITHIN) == ("", "")
    assert running.process.returncode == 0


def test_no_demo_prints_a_one_time_link_until_it_is_used(start, tmp_path):
    import hashlib

    home = tmp_path / "home"
    running = start(home, "--no-demo")
    link = re.fullmatch(
        rf"Set up this installation, once, at: http://localhost:{running.port}/setup/([\w-]{{43}})/",
        running.said[1],
    )
    assert link
    assert running.said[2:] == [f"Ready: http://localhost:{running.port}/"]
    assert ask(home, "SELECT kind, setup_digest FROM governance_installation") == [
        ("real", hashlib.sha256(link[1].encode()).hexdigest())
    ]
    assert ask(home, "SELECT count(*) FROM governance_person") == [(0,)]
    assert running.get(f"/setup/{link[1]}/").status == 200
    assert running.get(f"/setup/{link[1][:-1]}-/").status in {404, 409}
    running.stop()

    refused = manage("quickstart", "--port", str(free_port()), MANDATE_HOME=str(home))
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"Mandate does not start: the database {home}/mandate.sqlite3 holds an installation of your own, not the demo. Start it with --no-demo"
    )

    with sqlite3.connect(home / "mandate.sqlite3") as database:
        database.execute("UPDATE governance_installation SET setup_digest = ''")
    database.close()
    again = start(home, "--no-demo")
    assert again.said == [f"Ready: http://localhost:{again.port}/"]


def test_fresh_moves_the_folder_aside_and_deletes_nothing(start, copied):
    before = (copied / "mandate.sqlite3").read_bytes()

    running = start(copied, "--fresh", "--no-demo")
    running.stop()

    aside = re.fullmatch(rf"Moved {copied} to ({copied}-\d{{8}}-\d{{6}})\. Nothing was deleted\.", running.said[0])
    assert aside
    assert (Path(aside[1]) / "mandate.sqlite3").read_bytes() == before
    assert ask(copied, "SELECT kind FROM governance_installation") == [("real",)]
    assert (copied / "secret_key").read_text() != (Path(aside[1]) / "secret_key").read_text()


def refusal(home: Path, *words: str, **variables: str) -> str:
    """Return the one sentence with which a quickstart on `home` refuses; nothing else may be printed."""
    done = manage("quickstart", *words, MANDATE_HOME=str(home), **variables)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Ready" not in done.stdout
    return done.stderr.strip().removeprefix("Mandate does not start: ")


@pytest.mark.parametrize("port", ["99999", "many"])
def test_a_port_that_is_none_is_one_sentence(tmp_path, port):
    said = refusal(tmp_path, "--port", port)

    assert said == f"CommandError: --port is '{port}'. Expected a number from 1 to 65535."


def test_a_taken_port_is_one_sentence_and_nothing_is_made(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        said = refusal(tmp_path / "home", "--port", str(port))

    assert said == f"port {port} is taken by another program. Choose another one, for example --port {port + 1}."
    assert not (tmp_path / "home" / "mandate.sqlite3").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "home").write_text("a file")

    said = refusal(tmp_path / "home")

    assert (
        said == f"the folder {tmp_path}/home cannot be written (File exists). Name another one: MANDATE_HOME=~/mandate"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to the administrator")
def test_a_read_only_folder_is_one_sentence(tmp_path):
    (tmp_path / "home").mkdir(mode=0o500)

    assert "cannot be written (Permission denied)" in refusal(tmp_path / "home")


def test_a_half_migrated_database_is_one_sentence_and_is_left_alone(copied):
    with sqlite3.connect(copied / "mandate.sqlite3") as database:
        database.execute("DELETE FROM django_migrations WHERE app = 'governance' AND name LIKE '0002%'")
    database.close()
    before = (copied / "mandate.sqlite3").read_bytes()

    said = refusal(copied, "--port", str(free_port()))

    assert re.fullmatch(
        rf"the database {copied}/mandate\.sqlite3 is half migrated: 1 of \d+ steps have not run \(governance\.0002_\w+ is one\)\."
        r" Keep a copy of it, run: manage\.py migrate, then start again\.",
        said,
    )
    assert (copied / "mandate.sqlite3").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a database at all" * 100, "does not answer or is no database: file is not a database"),
        (None, "was not made by Mandate."),
    ],
)
def test_a_file_that_is_not_ours_is_one_sentence_and_is_left_alone(tmp_path, content, sentence):
    if content:
        (tmp_path / "mandate.sqlite3").write_bytes(content)
    else:
        with sqlite3.connect(tmp_path / "mandate.sqlite3") as database:
            database.execute("CREATE TABLE recipes (name TEXT)")
        database.close()
    before = (tmp_path / "mandate.sqlite3").read_bytes()

    said = refusal(tmp_path, "--port", str(free_port()))

    assert sentence in said
    assert (tmp_path / "mandate.sqlite3").read_bytes() == before


def test_a_demo_is_not_served_to_others_and_stays_a_demo(copied):
    assert refusal(copied, "--host", "0.0.0.0").startswith("--host is 0.0.0.0, and a demo is served on localhost only")
    assert "ALLOWED_HOSTS names mandate.example.org" in refusal(
        copied, "--port", str(free_port()), ALLOWED_HOSTS="mandate.example.org"
    )
    assert "holds the demo company, and a demo stays one. Start it without --no-demo" in refusal(
        copied, "--no-demo", "--port", str(free_port())
    )


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "８０"])
def test_a_port_that_is_none_is_named(port):
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match=f"--port is '{port}'. Expected a number from 1 to 65535."):
        call_command("quickstart", f"--port={port}")
