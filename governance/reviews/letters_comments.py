"""What the morning says of comments: one line for each initiative to each who watches it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.comments.models import Comment, Watch
from governance.core.words import shortened
from governance.initiatives import watching
from governance.initiatives.models import Initiative
from governance.people.models import Person
from governance.raci import queries as raci
from governance.reviews.letters import Letter, named, names, once
from governance.reviews.letters_many import Group
from governance.reviews.look import Look

#: So many comments of a morning are quoted, the newest, each so far.
QUOTED, QUOTE = 5, 140


def new(pks: list[int], look: Look) -> Iterator[Group]:
    """Yield one group for each initiative about which something was said that nobody told of yet."""
    by_initiative: dict[Initiative, list[Comment]] = {}
    for comment in _comments(pks):
        by_initiative.setdefault(comment.initiative, []).append(comment)
    raci.prefetch(by_initiative)
    watches: dict[int, list[Watch]] = {}
    for watch in Watch.objects.filter(initiative__in=[i.pk for i in by_initiative]).select_related("person"):
        watches.setdefault(watch.initiative_id, []).append(watch)
    for initiative, said in by_initiative.items():
        readers = watching.watchers(initiative, watches.get(initiative.pk, ()))
        yield Group(
            about=f"initiative:{initiative.pk}",
            things=[comment.pk for comment in said],
            letters=list(_letters(initiative, said, readers, look)),
            fell_due=look.dawn,
            key=f"comments-{look.dawn.astimezone(look.zone).date()}",
            initiative=initiative,
        )


def _comments(pks: Iterable[int]) -> Iterator[Comment]:
    """Yield comments by number, those of one initiative sharing it. Two queries per 500."""
    wanted, initiatives = sorted(pks), {}
    for start in range(0, len(wanted), 500):
        rows = Comment.objects.filter(pk__in=wanted[start : start + 500]).select_related(
            "author", "initiative__registrant", "initiative__workflow_owner"
        )
        for comment in rows.prefetch_related("mentioned").order_by("number", "pk"):
            comment.initiative = initiatives.setdefault(comment.initiative_id, comment.initiative)
            yield comment


def _letters(initiative: Initiative, said: list[Comment], readers: Iterable[Person], look: Look) -> Iterator[Letter]:
    """Yield a letter for those to whom the same comments are new: neither theirs, nor told to them by name.

    No query unless it is restricted, then one a reader.
    """
    alike: dict[tuple[Comment, ...], list[Person]] = {}
    for reader in readers:
        if initiative.restricted and not _sees(reader, initiative, look):
            continue
        theirs = tuple(c for c in said if c.author_id != reader.pk and reader not in c.mentioned.all())
        if theirs:
            alike.setdefault(theirs, []).append(reader)
    for comments, people in alike.items():
        yield _letter(initiative, comments, people)


def _sees(person: Person, initiative: Initiative, look: Look) -> bool:
    return Initiative.objects.visible_to(person, look.at).filter(pk=initiative.pk).exists()


def _letter(initiative: Initiative, comments: tuple[Comment, ...], people: list[Person]) -> Letter:
    n = len(comments)

    def words() -> dict[str, Any]:
        return {**named(initiative), "n": n, "who": names(once(c.author for c in comments))}

    def subject() -> str:
        says = ngettext("%(n)d new comment on %(key)s %(name)s", "%(n)d new comments on %(key)s %(name)s", n)
        return says % words()

    def body() -> str:
        lines = [_("From %(who)s.") % words()]
        for comment in comments[-QUOTED:]:
            said = shortened(" ".join(comment.text.split()), QUOTE)
            lines.append(_("%(name)s: %(said)s") % {"name": comment.author.name, "said": said})
        return "\n".join(lines)

    return Letter(
        people,
        subject,
        body,
        reverse("comments:list", args=[initiative.key]),
        why=lambda: _("You watch %(key)s.") % named(initiative),
        action=lambda: _("Read them"),
        mute=reverse("comments:watch", args=[initiative.key]),
    )
