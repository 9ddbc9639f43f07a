"""A worker, a beat, or both, in a process of its own on the database of a test: `python -m tests.notices.worker KIND`.

`worker` and `beat` are Celery's own programs, as in production; `embedded` is the worker and the beat of
quickstart, with the in-memory queue; `owe N` owes somebody N notices and says "look now". The lease is
short, so that a test does not wait for it.
"""

import os
import sys
import threading
from datetime import timedelta


def main(kind: str, *words: str) -> None:
    """Run one of them until it is ended."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
    import django

    django.setup()
    from governance.notices import delivery

    delivery.LEASE = timedelta(seconds=float(os.environ["TEST_LEASE"]))
    from portal.celery import app

    if kind == "worker":
        app.worker_main(
            [
                "worker",
                "--pool=threads",
                "--concurrency=2",
                "--loglevel=ERROR",
                f"--hostname=worker{os.getpid()}@localhost",
                "--without-gossip",
                "--without-mingle",
            ]
        )
    elif kind == "beat":
        app.Beat(
            loglevel="ERROR", schedule=os.path.join(os.environ["MANDATE_HOME"], f"beat{os.getpid()}"), max_interval=1
        ).run()
    elif kind == "embedded":
        from portal.quickstart import _Tasks

        _Tasks().start()
        threading.Event().wait()
    else:
        _owe(int(words[0]))


def _owe(count: int) -> None:
    """Owe the one reader there is, each notice in a transaction of its own, as acts do."""
    from django.db import transaction

    from governance.core import clock
    from governance.notices import actions
    from governance.people.models import Person

    for number in range(count):
        with transaction.atomic():
            actions.owe(
                Person.objects.get(),
                thing=f"thing:{number}",
                occasion="asked",
                subject=f"No {number}",
                why="You decide.",
                at=clock.now(),
                binding=True,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
