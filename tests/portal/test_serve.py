"""The web server finishes what it began."""

import http.client
import socket
import threading
import time
from contextlib import suppress

import pytest

from portal import serve


@pytest.fixture
def serving():
    """Serve `app` in a thread; yields a function that starts it and returns (port, server, thread)."""
    started = []

    def start(app, **options):
        sockets = serve.listen("127.0.0.1", 0)
        server = serve.Server(app, sockets, threads=2, **options)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(server.run()))
        thread.start()
        started.append((server, thread))
        return sockets[0].getsockname()[1] if sockets[0].fileno() >= 0 else 0, server, thread, answers

    yield start
    for server, thread in started:
        server.stop()
        thread.join(20)


def ask(port: int, path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_request_in_flight_is_answered_after_the_stop_and_the_door_is_closed(serving):
    inside, go_on, made = threading.Event(), threading.Event(), []

    def slow(environ, start_response):
        inside.set()
        assert go_on.wait(20)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "40000000")])
        for _ in range(40):
            made.append(b"x" * 1_000_000)
            yield made[-1]

    port, server, thread, drained = serving(slow)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/")
    assert inside.wait(20)

    server.stop()
    for _ in range(400):
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                break
    else:
        pytest.fail("the port stayed open")
    go_on.set()
    before = -1
    while len(made) != before:  # until nobody takes any more: from here on the loop must turn
        before = len(made)
        time.sleep(0.2)
    answer = connection.getresponse()
    body = answer.read()
    thread.join(20)

    assert (answer.status, len(body)) == (200, 40_000_000)
    assert drained == [True]


def test_a_request_that_takes_longer_than_the_drain_time_does_not_keep_the_server(serving):
    inside, go_on = threading.Event(), threading.Event()

    def endless(environ, start_response):
        inside.set()
        go_on.wait(20)
        start_response("200 OK", [])
        return [b""]

    port, server, thread, drained = serving(endless, drain_seconds=0.2)

    def ask_in_vain():
        with suppress(OSError, http.client.HTTPException):
            ask(port)

    threading.Thread(target=ask_in_vain, daemon=True).start()
    assert inside.wait(20)

    server.stop()
    thread.join(20)
    go_on.set()

    assert drained == [False]


def test_what_is_not_http_is_refused_with_the_same_headers_as_everything_else(serving):
    port, *_ = serving(lambda environ, start_response: [])

    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
        answer = connection.makefile("rb").read().decode()

    from portal.middleware import protective

    head = answer.split("\r\n\r\n")[0].lower()
    assert head.startswith("http/1.1 400")
    for name, value in {**protective(), "Cache-Control": "no-store, private"}.items():
        assert f"{name}: {value}".lower() in head
    assert "server:" not in head


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [(False, ("http", "127.0.0.1", None, None)), (True, ("https", "203.0.113.9", "https", None))],
)
def test_what_a_visitor_says_about_proxies_is_believed_only_behind_one(serving, settings, trusted, expected):
    settings.TRUST_PROXY = trusted
    seen = []

    def note(environ, start_response):
        names = ("wsgi.url_scheme", "REMOTE_ADDR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
        seen.append(tuple(environ.get(name) for name in names))
        start_response("200 OK", [])
        return [b""]

    port, *_ = serving(note)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    forwarded = {"Proto": "https", "For": "203.0.113.9", "Host": "evil.example.net"}
    connection.request("GET", "/", headers={f"X-Forwarded-{name}": value for name, value in forwarded.items()})
    connection.getresponse().read()

    assert seen == [expected]


def test_a_taken_port_is_named_with_what_to_do():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(serve.Taken) as refusal:
            serve.listen("127.0.0.1", port)

    assert (
        str(refusal.value)
        == f"port {port} is taken by another program. Choose another one, for example --port {port + 1}."
    )


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_an_address_that_is_not_ours_is_named(host):
    with pytest.raises(serve.Taken, match=host):
        serve.listen(host, 8000)
