"""Delivery: what is owed becomes messages, and each message goes out.

Any number of workers do this at once. A message is claimed by one conditional UPDATE whose attempt
number is the fence: who was away longer than the lease can no longer mark it. It is sent outside any
transaction and then marked. When a worker dies in between, the next attempt repeats the same
Message-ID, and `attempt` counts it. The queue only carries "look now"; losing it loses nothing.
"""

import logging
import random
import smtplib
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from governance import ledger
from governance.core import clock
from governance.core.models import Installation
from governance.ledger import Verb
from governance.notices import mail
from governance.notices.models import Channel, Message, Notice

log = logging.getLogger("mandate.delivery")

#: How long a claim holds: longer than any mail server takes over one message.
LEASE = timedelta(minutes=5)
#: Messages looked up at once, and how long one drain may take before it leaves the rest to the next.
BATCH, SECONDS = 100, 45.0
#: Attempts before a message is given up: when its address or its content is refused, and for any other trouble.
REFUSED_TRIES, TRIES = 3, 500
#: The pause after a first failed attempt; it doubles up to the longest.
PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=5)
#: Failures of the mail server in a row after which a drain leaves it alone until the next.
TROUBLES = 3
#: After a queue that did not answer, how many seconds it is not asked again.
QUIET = 30.0

_quiet_until = 0.0


class Drained(NamedTuple):
    """What one drain did, in messages."""

    sent: int = 0
    failed: int = 0
    later: int = 0


# Looking now


def nudge() -> None:
    """Have a worker look once this transaction has committed. Never fails an act: a sweep looks anyway."""
    if not any(entry[1] is _look_now for entry in connection.run_on_commit):
        transaction.on_commit(_look_now, robust=True)


def _look_now() -> None:
    """Put one "look now" into the queue."""
    from governance.notices.tasks import deliver

    queue(deliver)


def queue(task: Any) -> None:
    """Put one `task` into the queue, once. A queue that does not answer is left alone for a while, and fails nothing."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        task.apply_async(retry=False, expires=60, ignore_result=True)
    except Exception as error:
        _quiet_until = time.monotonic() + QUIET
        log.warning(
            "The task queue does not answer (%s). What is owed goes out with the next sweep.", type(error).__name__
        )


# What is owed becomes messages


def gather(at: datetime) -> int:
    """Put every notice that may go at `at` into a message: a binding one into its own, the rest of a person into one.

    Returns how many messages are new. One query when there is nothing.
    """
    owed = Notice.objects.filter(channel=Channel.EMAIL, message=None, sent_at=None, dropped_because="", send_at__lte=at)
    kinds = list(owed.values_list("is_binding", "person_id").distinct().order_by("person_id"))
    made = 0
    while any(binding for binding, _person in kinds):
        found = _gather_binding(owed)
        made += found
        if found < BATCH:
            break
    for binding, person_id in kinds:
        if not binding:
            made += _gather_digest(owed, person_id)
    return made


def _gather_binding(owed: QuerySet) -> int:
    """Make a message for each of the next binding notices; those another worker holds are left to it."""
    with transaction.atomic():
        notices = list(
            owed.filter(is_binding=True)
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("send_at", "pk")[:BATCH]
        )
        made = Message.objects.bulk_create(
            [
                Message(
                    message_id=mail.message_id(n.person_id, n.about, n.occasion),
                    person_id=n.person_id,
                    send_at=n.send_at,
                )
                for n in notices
            ]
        )
        for notice, message in zip(notices, made, strict=True):
            notice.message = message
        Notice.objects.bulk_update(notices, ["message"])
    return len(notices)


def _gather_digest(owed: QuerySet, person_id: int) -> int:
    """Make one message for everything of `person_id` that can wait no longer. Returns 1, or 0 where there is nothing left."""
    with transaction.atomic():
        notices = list(
            owed.filter(is_binding=False, person_id=person_id)
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("pk")
            .only("pk", "send_at")
        )
        if not notices:
            return 0
        # The first notice names it: a notice is in one message only, so no two messages share an id.
        made = Message.objects.create(
            message_id=mail.message_id("digest", person_id, notices[0].pk),
            person_id=person_id,
            send_at=min(n.send_at for n in notices),
        )
        owed.filter(pk__in=[n.pk for n in notices]).update(message=made)
    return 1


# Messages go out


def drain(at: datetime, *, seconds: float = SECONDS) -> Drained:
    """Send everything that may go at `at`, the longest overdue first, until nothing is left or `seconds` are over.

    `at` is on the product's clock; claims and pauses are on the wall clock. Two queries when there is
    nothing to send; five a message. Raises nothing for a message or a mail server that fails: both are
    tried again later.
    """
    gather(at)
    ends, done = time.monotonic() + seconds, {"sent": 0, "failed": 0, "later": 0}
    company = None
    with _Postman() as postman:
        while batch := list(_waiting(at).values_list("pk", "attempt")[:BATCH]):
            if company is None:
                company = Installation.objects.filter(pk=1).values_list("company", flat=True).first() or ""
            for pk, seen in batch:
                if postman.gave_up or time.monotonic() >= ends:
                    return Drained(**done)
                if _claim(pk, seen):
                    done[_deliver(pk, seen + 1, postman, company, at)] += 1
    return Drained(**done)


def _free() -> Q:
    """Return the condition that nobody holds a message, nor wants it left alone, just now."""
    return Q(claimed_until=None) | Q(claimed_until__lte=clock.wall())


def _waiting(at: datetime) -> QuerySet[Message]:
    """Return the messages that may be tried, those due first before the others."""
    return Message.objects.filter(_free(), sent_at=None, failed_at=None, send_at__lte=at).order_by("send_at", "pk")


def _claim(pk: int, seen: int) -> bool:
    """Take attempt `seen` + 1 of a message, if nobody else did. One statement."""
    mine = Message.objects.filter(_free(), pk=pk, attempt=seen, sent_at=None, failed_at=None)
    return mine.update(attempt=seen + 1, claimed_until=clock.wall() + LEASE) == 1


def _deliver(pk: int, attempt: int, postman: "_Postman", company: str, at: datetime) -> str:
    """Send one claimed message and mark it. Returns "sent", "failed" (given up, or nobody to tell) or "later"."""
    message = Message.objects.select_related("person__unit").get(pk=pk)
    notices = list(message.notices.select_related("initiative").order_by(F("due_at").asc(nulls_last=True), "pk"))
    hidden = _hidden(message.person, notices)
    told = [n for n in notices if n.pk not in hidden]
    if not told:
        _nobody_to_tell(message, attempt, hidden)
        return "failed"
    try:
        letter = mail.compose(message, told, company=company, at=at)
        postman.send(letter)
    except Exception as error:
        return _not_sent(message, attempt, error, at)
    _mark(message, attempt, letter, told, hidden, at)
    return "sent"


def _hidden(person, notices: Iterable[Notice]) -> dict[int, str]:
    """Return why some of these notices are not sent any more, by notice: who left, and who may no longer see it.

    One query where anything restricted is among them.
    """
    if not person.is_active:
        return {n.pk: "left" for n in notices}
    restricted = {n.initiative_id for n in notices if n.initiative_id and n.initiative.restricted}
    if not restricted:
        return {}
    seen = set(
        apps.get_model("governance", "Initiative")
        .objects.visible_to(person)
        .filter(pk__in=restricted)
        .values_list("pk", flat=True)
    )
    return {n.pk: "not visible" for n in notices if n.initiative_id in restricted - seen}


def _held(message: Message, attempt: int) -> QuerySet[Message]:
    """Return the message if this attempt still holds it: the fence."""
    return Message.objects.filter(pk=message.pk, attempt=attempt, sent_at=None, failed_at=None)


def _mark(
    message: Message, attempt: int, letter: EmailMessage, told: list[Notice], hidden: dict[int, str], at: datetime
) -> None:
    """Write that it was sent, and what; refused where another attempt has begun since."""
    html = letter.alternatives[0][0] if getattr(letter, "alternatives", None) else ""  # type: ignore[attr-defined]
    with transaction.atomic():
        marked = _held(message, attempt).update(
            sent_at=at,
            claimed_until=None,
            error="",
            to_address=letter.to[0],
            subject=letter.subject[:250],
            text=letter.body,
            html=html,
        )
        if marked:
            Notice.objects.filter(pk__in=[n.pk for n in told]).update(sent_at=at)
            _drop(hidden)
    if not marked:
        log.warning("Message %s was away longer than its lease; another attempt has taken it over.", message.message_id)


def _drop(hidden: dict[int, str]) -> None:
    """Take notices out of their message, saying why they were not sent."""
    for why in sorted(set(hidden.values())):
        Notice.objects.filter(pk__in=[pk for pk, said in hidden.items() if said == why]).update(
            message=None, dropped_because=why
        )


def _nobody_to_tell(message: Message, attempt: int, hidden: dict[int, str]) -> None:
    """Take back a message whose notices may not be sent any more: it never existed for anybody."""
    with transaction.atomic():
        if _held(message, attempt).select_for_update(of=("self",)).exists():
            _drop(hidden)
            Message.objects.filter(pk=message.pk).delete()


# When it does not work


def is_refused(error: Exception) -> bool:
    """Return whether this message itself is refused for good, rather than the server being in trouble."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in error.recipients.values())
    if isinstance(error, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError)):
        return False
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    return not isinstance(error, (OSError, smtplib.SMTPException))  # what cannot be composed will not compose itself


def pause_after(attempt: int) -> timedelta:
    """Return how long a message is left alone after failed attempt `attempt`: doubling, and never twice the same."""
    return min(PAUSE * 2 ** min(attempt - 1, 20), LONGEST_PAUSE) * random.uniform(0.75, 1.25)


def _not_sent(message: Message, attempt: int, error: Exception, at: datetime) -> str:
    """Put a message off, or give it up after enough attempts: recorded, and the Administrators are told on the portal."""
    refused, said = is_refused(error), f"{type(error).__name__}: {error}"[:300]
    if attempt < (REFUSED_TRIES if refused else TRIES):
        _held(message, attempt).update(claimed_until=clock.wall() + pause_after(attempt), error=said)
        return "later"
    with ledger.act(by="system:delivery", at=at) as say:
        if not _held(message, attempt).update(failed_at=at, claimed_until=None, error=said):
            return "later"
        say(Verb.NOTICE_FAILED, message, person=message.person_id, attempt=attempt, text={"error": said})
        _tell_administrators(message, said, at)
    log.error("Message %s was given up after %d attempts: %s", message.message_id, attempt, said)
    return "failed"


def _tell_administrators(message: Message, error: str, at: datetime) -> None:
    """Say on the portal, and only there, that somebody could not be written to."""
    from django.utils.translation import gettext as _

    from governance.notices.actions import owe
    from governance.people import functions
    from governance.people.functions import Function

    person = message.person
    owe(
        functions.members(Function.ADMINISTRATORS),
        thing=message,
        occasion="given-up",
        at=at,
        mail=False,
        subject=lambda: _("E-mail does not reach %(name)s") % {"name": person.name},
        body=lambda: (
            _(
                "The mail server refuses %(address)s: %(error)s\n%(name)s still finds everything in the portal. Check the address."
            )
            % {"address": person.email, "error": error, "name": person.name}
        ),
        path=person.get_absolute_url(),
        why=lambda: _("You are in Administrators."),
    )


class _Postman:
    """One connection to the mail server for a whole drain, opened when first needed."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._troubles = 0

    def __enter__(self) -> "_Postman":
        return self

    def __exit__(self, *exc: object) -> None:
        self._close()

    @property
    def gave_up(self) -> bool:
        """Whether the mail server failed too often in a row to go on now."""
        return self._troubles >= TROUBLES

    def send(self, letter: EmailMessage) -> None:
        """Hand over one e-mail. Raises what the mail server raises; afterwards the next one can be tried."""
        try:
            if self._connection is None:
                opened = get_connection()
                opened.open()
                self._connection = opened
            if not self._connection.send_messages([letter]):
                raise smtplib.SMTPServerDisconnected("the mail server took nothing")
        except Exception as error:
            if isinstance(error, smtplib.SMTPRecipientsRefused) or is_refused(error):
                self._troubles = 0  # it answers; only this one is refused
            else:
                self._troubles += 1
                self._close()
            raise
        self._troubles = 0

    def _close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except Exception as error:
                log.info("The connection to the mail server did not close cleanly (%s).", type(error).__name__)
            self._connection = None
