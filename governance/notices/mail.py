"""What an e-mail says: one notice, or everything of a day's digest. Text first, light HTML beside it.

Links are the configured address and a path; they carry no credential, and nothing in a message tells
whether it was read.
"""

from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.notices.actions import zone_of
from governance.notices.models import Message, Notice

#: How long the subject of a digest may grow while it names one notice after the other.
LONGEST_SUBJECT = 150


def host() -> str:
    """Return the host name message ids end with: the one people use."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def message_id(*parts: object) -> str:
    """Return the Message-ID of what `parts` name; the same parts give the same id."""
    return f"<{sha256('/'.join(str(part) for part in parts).encode()).hexdigest()[:40]}@{host()}>"


def compose(message: Message, notices: list[Notice], *, company: str, at: datetime) -> EmailMultiAlternatives:
    """Return the e-mail `message` as it goes over the wire with `notices`, in its reader's zone and language.

    Reads the person's unit and its parents (loaded, or a query each) where they set no zone.
    """
    person = message.person
    with timezone.override(zone_of(person)), translation.override(person.language or settings.LANGUAGE_CODE):
        if len(notices) == 1:
            template, said, thread = "notice", _one(notices[0], at), _thread(notices[0])
        else:
            template, said, thread = "digest", _many(notices, at), ""
        said |= {"company": company, "at": at}
        text, html = render_to_string(f"mail/{template}.txt", said), render_to_string(f"mail/{template}.html", said)
    # A name that somebody typed must not begin a header of its own.
    subject = " ".join(said["subject"].split())
    headers = {
        "Message-ID": message.message_id,
        "Date": format_datetime(at),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if thread:
        headers |= {"References": thread, "In-Reply-To": thread}
    mail = EmailMultiAlternatives(
        subject, text.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [person.email], headers=headers
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _url(notice: Notice) -> str:
    return f"{settings.SITE_URL}{notice.path}" if notice.path else ""


def _mute(notice: Notice) -> str:
    return f"{settings.SITE_URL}{notice.mute_path}" if notice.mute_path else ""


def _lines(notice: Notice) -> list[str]:
    """Return what a notice says, line by line; never nothing."""
    return [line.strip() for line in notice.body.splitlines() if line.strip()] or [notice.subject]


def _thread(notice: Notice) -> str:
    """Return the id all messages about one initiative refer to, so that they stand together in a mailbox."""
    return f"<initiative-{notice.initiative_id}@{host()}>" if notice.initiative_id else ""


def _is_past(notice: Notice, at: datetime) -> bool:
    return notice.due_at is not None and notice.due_at <= at


def _one(notice: Notice, at: datetime) -> dict:
    first, *lines = _lines(notice)
    return {
        "subject": notice.subject,
        "first": first,
        "lines": lines,
        "due": notice.due_at,
        "was_due": _is_past(notice, at),
        "action": notice.action or _("Open it in Mandate"),
        "url": _url(notice),
        "reason": notice.why,
        "mute": _mute(notice),
    }


def _many(notices: list[Notice], at: datetime) -> dict:
    return {
        "subject": _named(notices),
        "first": ngettext(
            "%(n)d notice since your last message. It is in the portal, too.",
            "%(n)d notices since your last message. They are in the portal, too.",
            len(notices),
        )
        % {"n": len(notices)},
        "groups": list(_groups(notices, at)),
        "reason": _("What can wait comes in one message a day, at 08:00 your time."),
    }


def _named(notices: list[Notice]) -> str:
    """Return the subjects of a digest's notices as one line, as many as fit, and how many more there are."""
    named = notices[0].subject
    for place, notice in enumerate(notices[1:], start=1):
        longer = f"{named}; {notice.subject}"
        if len(longer) > LONGEST_SUBJECT:
            more = len(notices) - place
            return ngettext("%(first)s, and %(n)d more", "%(first)s, and %(n)d more", more) % {
                "first": named,
                "n": more,
            }
        named = longer
    return named


def _groups(notices: list[Notice], at: datetime) -> Iterator[dict]:
    """Yield the notices of a digest by initiative, in the order of the first one of each."""
    by_label: dict[str, list[dict]] = {}
    for notice in notices:
        label = str(notice.initiative) if notice.initiative_id else _("Across initiatives")
        by_label.setdefault(label, []).append(
            {
                "subject": notice.subject,
                "first": _lines(notice)[0],
                "due": notice.due_at,
                "was_due": _is_past(notice, at),
                "url": _url(notice),
                "mute": _mute(notice),
            }
        )
    for label, found in by_label.items():
        yield {"label": label, "notices": found}
