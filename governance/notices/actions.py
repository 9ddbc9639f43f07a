"""Owing somebody a message: rows, written in the transaction of the event that owes it."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from governance.notices.models import Channel, Notice
from governance.people import calendars

#: When the daily digest goes, in the reader's own zone.
DIGEST_AT = time(8, 0)


def about(thing) -> str:
    """Return the key of what a notice is about: "decision:12"; text stays as it is."""
    return thing if isinstance(thing, str) else f"{thing._meta.model_name}:{thing.pk}"


def digest_time(person, at: datetime) -> datetime:
    """Return the next 08:00 after `at` in the zone of `person` (their unit's calendar where they set none)."""
    zone = calendars.zone(person.time_zone) if person.time_zone else calendars.of_person(person).zone
    local = at.astimezone(zone)
    day = local.date() if local.time() < DIGEST_AT else local.date() + timedelta(days=1)
    return datetime.combine(day, DIGEST_AT, tzinfo=zone)


def owe(people: Iterable | object, *, thing, occasion: str, subject, body="", path: str = "", why, at: datetime, initiative=None, binding: bool = False) -> int:
    """Owe each of `people` one message about `thing` for `occasion`, on the portal and by e-mail; once for ever.

    `thing` is a model instance or a key; `path` leads to it, without the host. Binding ones go at once,
    the rest with the digest. Inactive people are owed nothing. Returns how many notices are new.
    Costs two queries, and a few more for the digest's time of each person.
    """
    if people is None:
        return 0
    if not isinstance(people, Iterable):
        people = [people]
    rows = []
    for person in {p.pk: p for p in people if p is not None and p.is_active}.values():
        for channel in Channel:
            rows.append(Notice(
                person=person, about=about(thing), occasion=occasion, channel=channel, initiative=initiative,
                subject=str(subject)[:200], body=str(body), path=path, why=str(why)[:200], is_binding=binding, owed_at=at,
                send_at=at if binding or channel == Channel.PORTAL else digest_time(person, at),
                sent_at=at if channel == Channel.PORTAL else None,
            ))
    if not rows:
        return 0
    keys = {(r.person_id, r.occasion) for r in rows}
    before = Notice.objects.filter(about=about(thing), occasion=occasion, person_id__in=[k[0] for k in keys]).count()
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return Notice.objects.filter(about=about(thing), occasion=occasion, person_id__in=[k[0] for k in keys]).count() - before
