"""Running Mandate as people do: as a process of its own, seen from outside."""

import fcntl
import http.client
import json
import mimetypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: A stop must not take longer than this; the process itself gives up before (quickstart.GONE_SECONDS).
GONE_WITHIN = 5


def outside(**variables: str) -> dict[str, str]:
    """Return this environment as a terminal outside the tests has it, with `variables` set."""
    ours = ("PYTEST_", "MANDATE_", "COV_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    plain.pop("DATABASE_URL", None)
    return plain | variables


def manage(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with `words`, as in a terminal, and return what it did."""
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=outside(**variables), capture_output=True, text=True)


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Started:
    """A quickstart on the folder `home`; `said` are its lines up to Ready, without which the test fails."""

    def __init__(self, home: Path, *words: str, ignoring_sigint: bool = False, **variables: str):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "quickstart", "--port", str(self.port), *words],
            cwd=ROOT,
            env=outside(MANDATE_HOME=str(home), **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As a shell does for a script's background job.
            preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignoring_sigint else None,
        )
        self.said: list[str] = []
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.startswith("Ready:"):
                return
        pytest.fail(f"not ready: {self.said} {self.process.stderr.read()}")

    def get(self, path: str) -> http.client.HTTPResponse:
        """Ask for a page, signed in as nobody."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        connection.request("GET", path)
        return connection.getresponse()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send the signal; return (exit code, what else it printed, its errors). Fails when it is slow."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=GONE_WITHIN)
        return self.process.returncode, out, err

    def end(self) -> None:
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


#: What a console says that a page must never make it say.
_BAD = {"error", "warning"}


@dataclass
class FirstStart:
    """What the first start of a demo said and served, before it was stopped."""

    home: str
    port: int
    said: list[str]
    ended: list
    ready: int
    page: str
    sheet: str
    sheet_status: int
    sheet_kept: str


def first_start() -> FirstStart:
    """Return the one first start of this run, done by whichever worker asks first (as long as the demo takes)."""
    place = Path(os.environ["MANDATE_TESTS_HOME"])
    with _alone(place / "first.lock"):
        if (place / "first.failed").exists():
            pytest.fail("the first start of the demo failed before, see the other test")
        if not (place / "first.json").exists():
            (place / "first.failed").touch()
            (place / "first.json").write_text(json.dumps(asdict(_start_first(place / "first"))))
            (place / "first.failed").unlink()
    return FirstStart(**json.loads((place / "first.json").read_text()))


def _start_first(home: Path) -> FirstStart:
    running = Started(home)
    try:
        page = running.get("/sign-in/").read().decode()
        found = re.search(r'href="(/static/portal/app\.[^"]*css)"', page)
        sheet = running.get(found[1] if found else "/")
        kept = sheet.headers["Cache-Control"]
        ready = running.get("/healthz/ready").status
        ended = list(running.stop())
    finally:
        running.end()
    return FirstStart(
        str(home),
        running.port,
        running.said,
        ended,
        ready,
        page,
        found[1] if found else "",
        sheet.status,
        kept,
    )


def copy_of_the_demo(to: Path) -> Path:
    """Copy the folder of the run's demo to `to` and return it: a start on it takes two seconds."""
    return Path(shutil.copytree(first_start().home, to, ignore=shutil.ignore_patterns("*-wal", "*-shm")))


@contextmanager
def launched(chromium: str) -> Iterator:
    """Run a Chromium, given its path, for as long as this block lasts. Nothing in it may use Django's database."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """One tab of a Chromium that shows pages under the real content security policy, without a server."""

    def __init__(self, browser, width: int, scheme: str, script: bool = True):
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        self.complaints: list[str] = []
        self._html = ""
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type in _BAD else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/*", self._answer)

    def show(self, html: str) -> list[str]:
        """Open `html` and return what the console complained about; later complaints are added to that list."""
        self._html, self.complaints = html, []
        self.page.goto("http://mandate.test/")
        return self.complaints

    def violations(self) -> list[str]:
        """Return what axe finds wrong with the page that is open."""
        from axe_playwright_python.sync_playwright import Axe

        rules = Axe().run(self.page).response["violations"]
        return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in rules]

    def _answer(self, route) -> None:
        from django.conf import settings
        from django.contrib.staticfiles import finders

        path = route.request.url.split("mandate.test", 1)[1].split("?")[0]
        if path == "/":
            directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
            policy = "; ".join(f"{name} {' '.join(values)}" for name, values in directives)
            headers = {"Content-Security-Policy": policy}
            return route.fulfill(body=self._html, content_type="text/html; charset=utf-8", headers=headers)
        found = finders.find(path.removeprefix("/static/"))
        if not found:
            return route.fulfill(status=404)
        return route.fulfill(path=found, content_type=mimetypes.guess_type(path)[0])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock `path` against the other workers."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
