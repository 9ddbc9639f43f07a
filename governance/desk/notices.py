"""Somebody's notices on the portal: unread first, then the newest."""

from datetime import datetime

from django.db.models import Case, IntegerField, Q, Value, When
from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.core import lists
from governance.initiatives.models import Initiative
from governance.notices.models import Channel, Notice


def of(person, at: datetime):
    """Return the notices of `person` on the portal, without those about what they may no longer see. Queries as `visible_to`."""
    mine = Notice.objects.filter(person=person, channel=Channel.PORTAL, dropped_because="")
    return mine.filter(Q(initiative=None) | Q(initiative__in=Initiative.objects.visible_to(person, at).values("pk")))


def news(person, at: datetime) -> int:
    """Return how many unread notices tell of what somebody watches, or that they were mentioned. One query, and those of `visible_to`."""
    return of(person, at).filter(~Q(mute_path="") | Q(occasion="mentioned"), read_at=None).count()


def shown(person, at: datetime, data: QueryDict, *, path: str) -> lists.Shown:
    """Return the page of notices that `data` asks for. Three queries, and those of who may see what."""
    unread = Case(When(read_at=None, then=Value(1)), default=Value(0), output_field=IntegerField())
    listing = lists.Listing(
        path=path,
        rows=of(person, at),
        sorts=(lists.Sort("unread", _("Unread first"), unread, descending=True),),
        sort="-unread",
        facets=(
            lists.Facet(
                "read",
                _("Read"),
                (
                    lists.Option("no", _("Unread"), Q(read_at=None)),
                    lists.Option("yes", _("Read"), Q(read_at__isnull=False)),
                ),
            ),
            lists.Facet(
                "kind",
                _("Kind"),
                (
                    lists.Option("binding", _("Something waits for you"), Q(is_binding=True)),
                    lists.Option("news", _("For your information"), Q(is_binding=False)),
                ),
            ),
        ),
        dress=lambda rows: rows.select_related("initiative"),
    )
    return lists.show(listing, data)


def mark_read(person, which: str, *, at: datetime) -> int:
    """Mark one notice of `person` as read, by its number, or with "all" every one. Returns how many were unread. One query."""
    rows = Notice.objects.filter(person=person, channel=Channel.PORTAL, read_at=None)
    if which == "all":
        return rows.update(read_at=at)
    return rows.filter(pk=int(which)).update(read_at=at) if which.isdecimal() and len(which) < 19 else 0
