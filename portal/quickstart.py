"""Everything as one process on one machine: web server, worker, beat, an in-memory queue, a database file.

The first start makes the database beside its final name and moves it there when it is whole, so that a
start that was cut off leaves nothing half-made. Losing the queue loses nothing: what is owed stands in
rows. On SIGINT and SIGTERM (explicitly: a script's background job has SIGINT ignored) requests in
flight are finished and everything is gone within five seconds.
"""

import io
import logging
import logging.config
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from celery.worker import state
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections

from portal import database, safety, serve
from portal.safety import LOCAL_BINDS, stop

#: After a signal: how long requests in flight may take, and when the process is gone whatever happens.
DRAIN_SECONDS, GONE_SECONDS = 4.0, 4.7

Say = Callable[[str], Any]


def run(*, host: str, port: int, demo: bool, fresh: bool, say: Say) -> None:
    """Start everything and serve until a signal. Ends with a sentence and code 1 where it cannot."""
    ending = _Ending()
    _only_alarms()
    home: Path = settings.MANDATE_HOME
    lock = _lock(home)
    if fresh:
        _start_afresh(home, say)
    safety.refuse_unsafe_start()  # the secret and DEBUG; the database is asked once it is known to be ours
    if demo and host not in LOCAL_BINDS:
        stop(
            f"--host is {host}, and a demo is served on localhost only: anybody may become anybody there."
            " Add --no-demo for an installation of your own."
        )
    try:
        sockets = serve.listen(host, port)
    except serve.Taken as error:
        stop(str(error))
    here = settings.SITE_URL if host not in LOCAL_BINDS or os.environ.get("SITE_URL") else f"http://localhost:{port}"
    settings.SITE_URL = here

    _open_database(home, demo, say)
    safety.refuse_unsafe_start(bind=[host])
    call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())
    if not demo:
        _say_set_up_link(say)

    from portal.wsgi import application

    server = serve.Server(application, sockets, drain_seconds=DRAIN_SECONDS)
    tasks = _Tasks()
    _sweep_once()
    tasks.start()
    ending.then(tasks.tell_to_stop, server.stop)
    say(f"Ready: {here}/")
    sys.stdout.flush()
    server.run()
    tasks.wait(until=ending.gone_at)
    _fold_the_log()
    lock.close()


def _only_alarms() -> None:
    """Print errors only: somebody reads along, and a wrong password is no alarm."""
    # In the settings, not on the handler: Celery sets Django up once more and would put it back.
    handlers: Any = settings.LOGGING["handlers"]
    handlers["console"]["level"] = "ERROR"
    logging.config.dictConfig(settings.LOGGING)


# --- The end ----------------------------------------------------------------------------------


class _Ending:
    """What a signal does: before Ready it ends the process at once, afterwards it lets work finish first."""

    def __init__(self) -> None:
        self.gone_at = 0.0
        self._calls: tuple[Callable[[], None], ...] = ()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)

    def then(self, *calls: Callable[[], None]) -> None:
        """Call `calls` on a signal from now on, in order; they return at once."""
        self._calls = calls

    def _signalled(self, number: int, frame: Any) -> None:
        if not self._calls:
            raise SystemExit(128 + number)
        if self.gone_at:
            os._exit(128 + number)  # asked twice: do not wait for anything
        self.gone_at = time.monotonic() + GONE_SECONDS
        # A mail server that does not answer must not keep the process: the notice is a row, sent next time.
        last = threading.Timer(GONE_SECONDS, os._exit, [0])
        last.daemon = True
        last.start()
        for call in self._calls:
            call()


# --- The folder -------------------------------------------------------------------------------


def _lock(home: Path) -> io.TextIOWrapper:
    """Return the open lock of the folder `home`, made if needed; two starts never share one."""
    try:
        return database.lock(home)
    except database.Busy:
        stop(
            f"it is already running on the folder {home}."
            " Stop that one first, or name another folder: MANDATE_HOME=~/mandate"
        )
    except OSError as error:
        stop(f"the folder {home} cannot be written ({error.strerror}). Name another one: MANDATE_HOME=~/mandate")


def _start_afresh(home: Path, say: Say) -> None:
    """Move `home` aside and start this process again, with everything read from the new folder."""
    if settings.DATABASE_URL:
        stop(
            "--fresh moves a folder aside, and DATABASE_URL names a database that is not in it."
            " Name an empty database instead."
        )
    aside = home.with_name(f"{home.name}-{datetime.now():%Y%m%d-%H%M%S}")  # noqa: DTZ005  (the owner's clock)
    try:
        home.rename(aside)
    except OSError as error:
        stop(f"the folder {home} cannot be moved aside ({error.strerror}). Name another one: MANDATE_HOME=~/mandate")
    say(f"Moved {home} to {aside}. Nothing was deleted.")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *(word for word in sys.argv if word != "--fresh")])


# --- The database -----------------------------------------------------------------------------


def _open_database(home: Path, demo: bool, say: Say) -> None:
    """Leave a database of the wanted kind, made if there is none. Ends with a sentence for another."""
    try:
        known = _state()
    except DatabaseError as error:
        stop(f"{database.named()} does not answer or is no database: {str(error).strip().splitlines()[0]}")
    if known == "new":
        say(
            f"Making the demo company in {home} (first start only, up to a minute)."
            if demo
            else f"Making an empty installation in {home} (first start only)."
        )
        sys.stdout.flush()
        with database.whole_or_not_at_all():
            call_command("migrate", interactive=False, verbosity=0)
            if demo:
                from governance.core import clock
                from governance.demo.seed import seed

                seed(clock.wall())
        return
    aside = (
        "or start with --fresh, which moves the folder aside and deletes nothing"
        if not settings.DATABASE_URL
        else "or name an empty one in DATABASE_URL"
    )
    if demo and known != "demo":
        stop(f"{database.named()} holds an installation of your own, not the demo. Start it with --no-demo, {aside}.")
    if not demo and known == "demo":
        stop(f"{database.named()} holds the demo company, and a demo stays one. Start it without --no-demo, {aside}.")


def _state() -> str:
    """Return new, demo, or real. Ends with a sentence for a database that is none of ours or not whole."""
    tables = database.tables()
    if not tables:
        return "new"
    if "django_migrations" not in tables:
        stop(f"{database.named()} was not made by Mandate. Name another folder: MANDATE_HOME=~/mandate")
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    ahead = {name for name in loader.applied_migrations if name[0] == "governance"} - set(loader.disk_migrations)
    if ahead:
        stop(
            f"{database.named()} was made by a newer Mandate ({'.'.join(sorted(ahead)[0])}). Start it with that version."
        )
    waiting = set(loader.disk_migrations) - set(loader.applied_migrations)
    if waiting:
        stop(
            f"{database.named()} is half migrated: {len(waiting)} of {len(loader.disk_migrations)} steps have not run"
            f" ({'.'.join(sorted(waiting)[0])} is one)."
            " Keep a copy of it, run: manage.py migrate, then start again."
        )
    from governance.core.models import Installation

    # `migrate` alone makes a real one: nobody's data may ever be taken for a demo.
    return Installation.objects.values_list("kind", flat=True).first() or Installation.Kind.REAL.value


def _fold_the_log() -> None:
    """Write SQLite's log back into its file, so that a copy of the one file is a copy of everything."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 200")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()


def _say_set_up_link(say: Say) -> None:
    """Print the one-time link as long as nobody has used one."""
    from portal import setup

    try:
        link = setup.one_time_link()
    except setup.Done:
        return
    say(f"Set up this installation, once, at: {link}")


# --- The worker and the beat ------------------------------------------------------------------


def _sweep_once() -> None:
    """Look at every clock before anybody does: what fell due while nothing ran is owed now."""
    from governance.reviews.tasks import sweep

    sweep()


class _Tasks:
    """A Celery worker with threads, and a beat, both in threads of this process."""

    def __init__(self) -> None:
        from celery.beat import Scheduler, Service

        from portal.celery import app

        app.loader.import_default_modules()
        app.finalize()
        # Two tasks at a time: SQLite has one writer, and a slow mail server must not hold up the sweep.
        self._worker = app.WorkController(
            pool="threads",
            concurrency=2,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            loglevel=logging.ERROR,
        )
        self._beat = Service(app, max_interval=1, scheduler_cls=Scheduler, remote_control=False)
        self._running = [
            threading.Thread(target=self._worker.start, name="worker", daemon=True),
            threading.Thread(target=self._beat.start, name="beat", daemon=True),
        ]

    def start(self) -> None:
        """Start both."""
        for thread in self._running:
            thread.start()

    def tell_to_stop(self) -> None:
        """Take nothing new. Returns at once."""
        self._beat.stop()
        state.should_stop = 0

    def wait(self, until: float) -> None:
        """Wait for the tasks that run just now, until the moment `until` of the monotonic clock."""
        while state.active_requests and time.monotonic() < until:
            time.sleep(0.02)
