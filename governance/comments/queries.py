"""Reading comments: the newest, by thread, one thread. A page asks the same few questions however many there are."""

from dataclasses import dataclass, field

from django.db.models import Count, F, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import RowNumber

from governance.comments.models import Comment, Watch

#: Comments on the initiative's own page.
LATEST = 3
#: Threads on a page, and the newest replies shown in each; the page of one thread shows more at a time.
THREADS, REPLIES, IN_THREAD = 20, 5, 50


@dataclass
class Thread:
    """A comment and those of its replies that are shown, with how many earlier ones are not."""

    opener: Comment
    replies: list[Comment] = field(default_factory=list)
    hidden: int = 0


def latest(initiative_id: int, limit: int = LATEST) -> list[Comment]:
    """Return the newest comments with their authors, newest last. One query; the last one's number says how many there are."""
    found = Comment.objects.filter(initiative_id=initiative_id).select_related("author").order_by("-number")[:limit]
    return list(reversed(found))


def threads(initiative_id: int, before: int | None = None) -> tuple[list[Thread], int | None]:
    """Return a page of threads, newest last, and before which number the page of earlier ones ends, if there are any.

    Each with its newest replies. Four queries.
    """
    opened = _dressed(initiative_id).filter(thread=F("number"))
    if before is not None:
        opened = opened.filter(number__lt=before)
    found = list(opened.order_by("-number")[: THREADS + 1])
    shown = {comment.number: Thread(comment) for comment in reversed(found[:THREADS])}
    replies = (
        _dressed(initiative_id)
        .filter(thread__in=shown)
        .exclude(thread=F("number"))
        .annotate(
            place=Window(RowNumber(), partition_by=F("thread"), order_by=F("number").desc()),
            of=Window(Count("pk"), partition_by=F("thread")),
        )
        .filter(place__lte=REPLIES)
        .order_by("number")
    )
    for reply in replies if shown else ():
        thread = shown[reply.thread]
        thread.replies.append(reply)
        thread.hidden = reply.of - REPLIES if reply.of > REPLIES else 0
    _with_words([c for thread in shown.values() for c in (thread.opener, *thread.replies)])
    return list(shown.values()), found[THREADS - 1].number if len(found) > THREADS else None


def thread(opener: Comment, before: int | None = None) -> Thread:
    """Return one thread with its newest replies, or those before number `before`. Four queries."""
    replies = _dressed(opener.initiative_id).filter(thread=opener.number).exclude(number=opener.number)
    if before is not None:
        replies = replies.filter(number__lt=before)
    shown = list(replies.order_by("-number")[:IN_THREAD])
    hidden = replies.count() - len(shown)
    shown.reverse()
    _with_words([opener, *shown])
    return Thread(opener, shown, hidden)


def find(initiative_id: int, number: int) -> Comment | None:
    """Return one comment with who wrote and who resolved it, or None. One query."""
    return _dressed(initiative_id).filter(number=number).first()


def watch_of(initiative_id: int, person) -> Watch | None:
    """Return what this person chose, or came to by commenting or being mentioned, if anything. One query."""
    return Watch.objects.filter(initiative_id=initiative_id, person=person).first()


def _dressed(initiative_id: int) -> QuerySet[Comment]:
    return Comment.objects.filter(initiative_id=initiative_id).select_related("author", "resolved_by")


def _with_words(comments: list[Comment]) -> None:
    """Bring whom these comments mention, and their earlier texts. Two queries."""
    prefetch_related_objects(comments, "mentioned", "wordings")
