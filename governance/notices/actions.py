"""Owing somebody a message: rows, written in the transaction of the event that owes it."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation

from governance.notices.models import Channel, Notice
from governance.people import calendars
from governance.people.models import Person

#: When the daily digest goes, in the reader's own zone.
DIGEST_AT = time(8, 0)

#: Words of a notice: text, or a function that says them, called in the zone and language of each reader.
Words = str | Callable[[], Any]


def about(thing) -> str:
    """Return the key of what a notice is about: "decision:12"; text stays as it is."""
    return thing if isinstance(thing, str) else f"{thing._meta.model_name}:{thing.pk}"


def zone_of(person) -> ZoneInfo:
    """Return the zone `person` reads times in: their own, else their unit's calendar's. Two queries at most."""
    return calendars.zone(person.time_zone) if person.time_zone else calendars.of_person(person).zone


def next_digest(zone: ZoneInfo, at: datetime) -> datetime:
    """Return the next 08:00 after `at` in `zone`; at 08:00 sharp, the next day's. No query."""
    local = at.astimezone(zone)
    day = local.date() if local.time() < DIGEST_AT else local.date() + timedelta(days=1)
    return datetime.combine(day, DIGEST_AT, tzinfo=zone)


def digest_time(person, at: datetime) -> datetime:
    """Return the next 08:00 after `at` in the zone of `person`. Queries as zone_of."""
    return next_digest(zone_of(person), at)


def rows(
    people: Iterable | Person | None,
    *,
    thing,
    occasion: str,
    subject: Words,
    body: Words = "",
    path: str = "",
    why: Words,
    at: datetime,
    initiative=None,
    binding: bool = False,
    due: datetime | None = None,
    action: Words = "",
    fell_due: datetime | None = None,
    mail: bool = True,
    mute: str = "",
    zones: dict | None = None,
) -> list[Notice]:
    """Return the unsaved notices of `owe`, for callers that write many at once. Queries as zone_of, kept in `zones`."""
    if people is None:
        return []
    if isinstance(people, Person):  # request.user, being lazy, looks like an iterable as well
        people = [people]
    kept = {} if zones is None else zones
    found = []
    wanted = {p.pk: p for p in people if p is not None and p.is_active}
    for pk in sorted(wanted):
        person = wanted[pk]
        place = person.time_zone or person.unit_id
        if place not in kept:
            kept[place] = zone_of(person)
        zone = kept[place]
        with timezone.override(zone), translation.override(person.language or settings.LANGUAGE_CODE):
            said = {
                "subject": _said(subject)[:200],
                "body": _said(body),
                "why": _said(why)[:200],
                "action": _said(action)[:60],
            }
        for channel in Channel if mail else (Channel.PORTAL,):
            portal = channel == Channel.PORTAL
            found.append(
                Notice(
                    person=person,
                    about=about(thing),
                    occasion=occasion,
                    channel=channel,
                    initiative=initiative,
                    **said,
                    due_at=due,
                    path=path,
                    mute_path=mute,
                    is_binding=binding,
                    owed_at=at,
                    send_at=at if portal or binding else next_digest(zone, fell_due or at),
                    sent_at=at if portal else None,
                )
            )
    return found


def _said(words: Words) -> str:
    """Return the words as text, said now."""
    return str(words() if callable(words) else words)


def write(notices: list[Notice]) -> None:
    """Write notices that are owed; one that is owed already stays as it is. One statement, and a nudge on commit."""
    from governance.notices import delivery

    if notices:
        Notice.objects.bulk_create(notices, ignore_conflicts=True)
        delivery.nudge()


def owe(
    people: Iterable | Person | None,
    *,
    thing,
    occasion: str,
    subject: Words,
    body: Words = "",
    path: str = "",
    why: Words,
    at: datetime,
    initiative=None,
    binding: bool = False,
    due: datetime | None = None,
    action: Words = "",
    fell_due: datetime | None = None,
    mail: bool = True,
) -> None:
    """Owe each of `people` one message about `thing` for `occasion`, on the portal and by e-mail; once for ever.

    `thing` is a model instance or a key; `path` leads to it, without the host. Words may be functions, so
    that each reader gets times in their own zone. The first line of `body` says what it is about; `due` is
    until when something is wanted, `action` the words on the button. Binding ones go at once, the rest with
    the first digest after `fell_due` (`at` unless given: what is found late does not wait once more).
    Inactive people are owed nothing. `mail=False` keeps it to the portal.
    Costs one statement, and a few more for the zone of each person.
    """
    write(
        rows(
            people,
            thing=thing,
            occasion=occasion,
            subject=subject,
            body=body,
            path=path,
            why=why,
            at=at,
            initiative=initiative,
            binding=binding,
            due=due,
            action=action,
            fell_due=fell_due,
            mail=mail,
        )
    )


def mark_read(person, at: datetime, pks: Iterable[int] | None = None) -> int:
    """Mark notices of `person` on the portal as read: those in `pks`, or all. Returns how many were unread. One statement."""
    unread = Notice.objects.filter(person=person, channel=Channel.PORTAL, read_at=None)
    return (unread if pks is None else unread.filter(pk__in=pks)).update(read_at=at)
