"""A mail server on loopback that notes what comes, refuses what it is told to, and can be slow."""

import asyncio
import email
import email.policy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller

from governance.notices import actions
from governance.notices.models import Notice
from tests import make
from tests.running import free_port

AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@dataclass
class Arrived:
    """One message as it came over the wire."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]


@dataclass
class Sink:
    """What the mail server does: `refuses` an address with an answer, asks `before` or `after` each message."""

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    before: Callable[[Arrived], str | None] = lambda one: None
    after: Callable[[Arrived], None] = lambda one: None

    @property
    def ids(self) -> list[str]:
        """Every Message-ID that came, in order."""
        return [one.message_id for one in self.arrived]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = (parsed.get_body((kind,)) for kind in ("plain", "html"))
        one = Arrived(
            parsed["Message-ID"],
            envelope.rcpt_tos[0],
            parsed["Subject"].strip(),
            text.get_content() if text else "",
            html.get_content() if html else "",
            dict(parsed.items()),
        )
        answer = await asyncio.to_thread(self.before, one)
        if answer is not None:
            return answer
        self.arrived.append(one)
        asyncio.get_running_loop().call_later(0.002, self.after, one)
        return "250 OK"


@pytest.fixture
def sink(settings) -> Iterator[Sink]:
    """A mail server of this test's own; this process and what it starts send to it."""
    made = Sink(port=free_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield made
    controller.stop()


@pytest.fixture
def owe(db):
    """Return a function that owes people a notice with honest defaults, and returns how many notices are new."""
    numbers = iter(range(1, 100_000))

    def do(people, **values):
        said = {
            "thing": f"thing:{next(numbers)}",
            "occasion": "asked",
            "subject": "Decide: fund it",
            "body": "You decide.\nIt is due.",
            "path": "/gates/",
            "why": "You decide.",
            "at": AT,
            "binding": True,
        }
        before = Notice.objects.count()
        actions.owe(people, **{**said, **values})
        return Notice.objects.count() - before

    return do


@pytest.fixture
def reader(db):
    """Somebody who reads their mail, in UTC."""
    return make.make_person("Rea Der", time_zone="UTC")
