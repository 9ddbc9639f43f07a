"""No server starts in a state that harms: one sentence on standard error and exit code 1 instead."""

import sys
from collections.abc import Sequence
from typing import NoReturn

from django.conf import settings
from django.core.checks import ERROR

from governance import checks

#: Bind addresses that only this machine reaches.
LOCAL_BINDS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def refuse_unsafe_start(bind: Sequence[str] = (), alone: bool = True) -> None:
    """End the process with one sentence when a check of governance/checks.py finds an error.

    `bind` are the addresses a web server is about to listen on. `alone` is False for a worker or a beat
    of its own, which needs a broker that reaches it. One query.
    """
    far = [address for address in bind if address not in LOCAL_BINDS]
    for message in [
        *checks.secret(),
        *checks.debug(),
        *checks.functions(),
        *checks.debug(hosts=far),
        *checks.demo(databases=["default"]),
    ]:
        if message.level >= ERROR:
            stop(f"{message.msg} {message.hint}")
    if far and checks.is_demo():
        stop(
            "this database holds a demo, where anybody may become anybody,"
            f" so it is served on localhost only, not on {far[0]}."
        )
    if not alone and settings.CELERY_BROKER_URL.startswith("memory:"):
        stop(
            "CELERY_BROKER_URL is memory://, which no other process hears."
            " Name a Redis or RabbitMQ, for example redis://localhost:6379/0."
        )


def stop(sentence: str) -> NoReturn:
    """Say why this does not start, on standard error, and end with exit code 1."""
    print(f"Mandate does not start: {sentence}", file=sys.stderr, flush=True)
    raise SystemExit(1)
