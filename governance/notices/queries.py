"""Reading notices and messages: what somebody was told, what was really sent, what does not arrive."""

from django.apps import apps
from django.db.models import Q, QuerySet

from governance.notices.models import Channel, Message, Notice


def of_person(person) -> QuerySet[Notice]:
    """Return what `person` was told on the portal, newest first, without what they may not see any more. Lazy."""
    seen = apps.get_model("governance", "Initiative").objects.visible_to(person)
    told = Notice.objects.filter(person=person, channel=Channel.PORTAL).filter(
        Q(initiative=None)
        | Q(initiative__restricted=False)
        | Q(initiative__in=seen.filter(restricted=True).values("pk"))
    )
    return told.select_related("initiative").order_by("-owed_at", "-pk")


def unread_count(person) -> int:
    """Return how many notices on the portal `person` has not read. One query."""
    return of_person(person).filter(read_at=None).order_by().count()


def sent() -> QuerySet[Message]:
    """Return the e-mails that were really sent, newest first, as they were sent. Lazy."""
    return Message.objects.filter(sent_at__isnull=False).select_related("person").order_by("-sent_at", "-pk")


def given_up() -> QuerySet[Message]:
    """Return the e-mails that were given up, newest first, with what the mail server said last. Lazy."""
    return Message.objects.filter(failed_at__isnull=False).select_related("person").order_by("-failed_at", "-pk")


def waiting() -> QuerySet[Message]:
    """Return the e-mails that were not sent yet, the oldest first. Lazy."""
    return Message.objects.filter(sent_at=None, failed_at=None).select_related("person").order_by("send_at", "pk")
