"""The web server: waitress with threads, which on SIGTERM finishes the requests in flight before it ends.

    python -m portal.serve --host 127.0.0.1 --port 8000

waitress itself drops them. Here the listening sockets close first, then the loop runs on until every
answer is out (or the drain time is over), then the threads end.
"""

import argparse
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

#: How long a loop may wait before it looks whether it should stop; a stop also wakes it at once.
_LOOK_SECONDS = 1.0


class Taken(Exception):
    """Somebody else listens on this address, or this machine has no such address."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on every address `host` stands for. Raises Taken with a sentence."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise Taken(f"--host is {host!r}. Expected a name or address of this machine, such as localhost.") from error
    sockets: list[socket.socket] = []
    for family, kind, proto, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listening(family, kind, proto, address))
        except OSError as error:
            # A machine without IPv6 still calls ::1 localhost.
            if family == socket.AF_INET6 and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                continue
            for one in sockets:
                one.close()
            raise Taken(_why_not(host, port, error)) from error
    if not sockets:
        raise Taken(_why_not(host, port, OSError(errno.EADDRNOTAVAIL, "")))
    return sockets


def _listening(family: int, kind: int, proto: int, address: Any) -> socket.socket:
    one = socket.socket(family, kind, proto)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        # From here on the port is ours: who comes early waits in the queue until the pages are there.
        one.listen(256)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = port + 1 if port < 65535 else 8001
        return f"port {port} is taken by another program. Choose another one, for example --port {free}."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"port {port} is kept for the administrator. Choose one above 1023, for example --port 8000."
    return f"{host} is not an address of this machine. Expected one of its own, such as localhost."


class Server:
    """A threaded web server on sockets that already listen. `run` returns after `stop`."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        sockets: list[socket.socket],
        *,
        threads: int = 8,
        drain_seconds: float = 30.0,
    ):
        from django.conf import settings

        self.drain_seconds = drain_seconds
        self._stopping = False
        self._map: dict[int, Any] = {}
        proxy = (
            {"trusted_proxy": "*", "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"}}
            if settings.TRUST_PROXY
            else {}
        )
        HTTPChannel.error_task_class = _Refusal
        waitress.create_server(
            application,
            map=self._map,
            sockets=sockets,
            threads=threads,
            clear_untrusted_proxy_headers=True,
            ident="",
            max_request_body_size=16 * 1024 * 1024,
            channel_timeout=60,
            connection_limit=500,
            asyncore_use_poll=True,
            **proxy,
        )
        self._listeners = [one for one in self._map.values() if isinstance(one, waitress.server.BaseWSGIServer)]
        self._threads = self._listeners[0].task_dispatcher

    def stop(self) -> None:
        """Ask `run` to end. May be called from a signal handler or from any thread, more than once."""
        self._stopping = True
        for listener in self._listeners:
            with suppress(OSError):  # it has ended already
                listener.pull_trigger()

    def run(self) -> bool:
        """Serve until `stop`, then finish what was begun. Returns whether everything was answered in time."""
        while not self._stopping:
            self._turn(_LOOK_SECONDS)
        until = time.monotonic() + self.drain_seconds
        self._turn(0)  # who knocked before the door closes is let in
        for listener in self._listeners:
            listener.accepting = False
            listener.del_channel()
            listener.socket.close()
        while (busy := self._busy()) and time.monotonic() < until:
            self._turn(0.05)
        self._threads.shutdown(timeout=max(0.1, until - time.monotonic()))
        wasyncore.close_all(self._map, ignore_all=True)
        return not busy

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _busy(self) -> bool:
        """Return whether an answer is still made or sent; connections that only wait are told to close."""
        busy = False
        for channel in [one for one in self._map.values() if isinstance(one, HTTPChannel)]:
            if channel.requests or channel.total_outbufs_len or channel.request:
                busy = True
            elif time.time() - channel.creation_time > 0.5:
                channel.will_close = True  # kept open for a next request that will not come
            else:
                busy = True  # so new that its first request may be on the way
        return busy


class _Refusal(ErrorTask):
    """The answer to what is not HTTP, or too large: it carries the same headers as every other answer."""

    def execute(self) -> None:
        from portal.middleware import protective

        self.response_headers.extend([*protective().items(), ("Cache-Control", "no-store, private")])
        super().execute()


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0, or 1 when an answer could not be finished in time."""
    parser = argparse.ArgumentParser(prog="python -m portal.serve", description="Mandate's web server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")
    parser.add_argument("--threads", type=int, default=8, help="requests answered at once (default: 8)")
    parser.add_argument(
        "--drain",
        type=float,
        default=30,
        help="seconds that requests in flight may take after SIGTERM (default: 30)",
    )
    options = parser.parse_args(arguments)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from portal import safety

    try:
        sockets = listen(options.host, options.port)
        django.setup()
    except (Taken, ImproperlyConfigured) as error:
        safety.stop(str(error))
    safety.refuse_unsafe_start(bind=[options.host])
    if not (settings.STATIC_ROOT / "staticfiles.json").exists() and not settings.DEBUG:
        safety.stop("style sheets and scripts are not collected yet. Run: manage.py collectstatic --no-input")
    from portal.wsgi import application

    server = Server(application, sockets, threads=options.threads, drain_seconds=options.drain)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    print(f"Serving on {options.host}:{options.port}", flush=True)
    return 0 if server.run() else 1


if __name__ == "__main__":
    sys.exit(main())
