"""Saying something about an initiative: comments, replies, edits, and threads that are resolved. None of it decides.

Whoever may see it may comment, at every stage: what was learned is worth saying when it is retired, too.
"""

from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from governance import ledger
from governance.comments import mentions, queries
from governance.comments.models import Comment, Hears, Wording
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from governance.core.words import shortened
from governance.initiatives import watching
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people.models import Person
from governance.raci import queries as raci

#: Characters a comment may have.
LONGEST = 3_000


def write(initiative: Initiative, text: str, *, by, at: datetime, answers: int | None = None) -> Comment:
    """Say something about an initiative, or reply in the thread of comment `answers`; whom the text mentions is told.

    The same words again, while this person has said nothing else here, return the comment that is there. A
    reply opens a resolved thread again. Raises Blocked for a mention of nobody, of several people, or of
    somebody who may not see it: then nothing is written and nobody is told.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        watching.require_seeing(by, initiative, at)
        opener = None if answers is None else _opener(initiative, answers)
        mine = Comment.objects.filter(initiative=initiative, author=by).order_by("-number").first()
        if mine is not None and mine.text == text and mine.thread == (opener or mine).number:
            return mine
        people = _mentioned(initiative, text, by, at)
        number = (Comment.objects.filter(initiative=initiative).aggregate(last=Max("number"))["last"] or 0) + 1
        comment = Comment.objects.create(
            initiative=initiative,
            number=number,
            thread=opener.number if opener else number,
            author=by,
            text=text,
            written_at=at,
        )
        say(
            Verb.COMMENT_WRITTEN,
            comment,
            number=number,
            thread=comment.thread,
            people=[p.pk for p in people],
            text={"text": text},
        )
        if opener is not None:
            _open_again(opener, say)
        watching.follow(initiative, [by], Hears.COMMENTED, at)
        _tell(comment, people, by=by, at=at)
    return comment


def edit(initiative: Initiative, number: int, text: str, *, by, at: datetime, seen_version: int) -> Comment:
    """Change one's own comment; the earlier text stays readable. Whom it mentions now and did not before is told.

    The same text again changes nothing. Raises Refused for anybody but its author, Conflict when it was
    edited since `seen_version`, Blocked as write does.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        watching.require_seeing(by, initiative, at)
        comment = _comment(initiative, number)
        require_author(by, comment)
        if comment.text == text:
            return comment
        if comment.version != seen_version:
            raise Conflict(_("You saved this comment since this page was shown. Compare, then save again."))
        people = _mentioned(initiative, text, by, at)
        Wording.objects.create(
            comment=comment,
            version=comment.version,
            text=comment.text,
            written_at=comment.edited_at or comment.written_at,
        )
        comment.text, comment.edited_at, comment.version = text, at, comment.version + 1
        comment.save(update_fields=["text", "edited_at", "version"])
        said = {"number": number, "version": comment.version, "people": [p.pk for p in people]}
        say(Verb.COMMENT_EDITED, comment, **said, text={"text": text})
        _tell(comment, people, by=by, at=at)
    return comment


def resolve(initiative: Initiative, number: int, *, by, at: datetime) -> Comment:
    """Mark the thread of a comment as resolved: nothing in it waits for anybody. Once resolved it stays as it is."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        watching.require_seeing(by, initiative, at)
        opener = _opener(initiative, number)
        if opener.resolved_at is None:
            opener.resolved_at, opener.resolved_by = at, by
            opener.save(update_fields=["resolved_at", "resolved_by"])
            say(Verb.COMMENT_RESOLVED, opener, number=opener.number)
    return opener


def reopen(initiative: Initiative, number: int, *, by, at: datetime) -> Comment:
    """Open the thread of a comment again. An open one stays as it is."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        watching.require_seeing(by, initiative, at)
        opener = _opener(initiative, number)
        _open_again(opener, say)
    return opener


def require_author(person, comment: Comment) -> None:
    """Raise Refused unless `person` wrote this comment. No query."""
    if comment.author_id != person.pk:
        raise Refused(
            _("Only %(name)s can edit this comment. You can reply to it.") % {"name": comment.author.name},
            comment.author.name,
        )


def _comment(initiative: Initiative, number: int) -> Comment:
    """Return one of its comments. Raises Conflict when it has none of that number; a page looked before."""
    found = queries.find(initiative.pk, number)
    if found is None:
        raise Conflict(_("There is no comment %(number)s here.") % {"number": number})
    found.initiative = initiative
    return found


def _opener(initiative: Initiative, number: int) -> Comment:
    """Return the comment that opened the thread of comment `number`."""
    found = _comment(initiative, number)
    return found if found.opens else _comment(initiative, found.thread)


def _open_again(opener: Comment, say) -> None:
    if opener.resolved_at is not None:
        opener.resolved_at = opener.resolved_by = None
        opener.save(update_fields=["resolved_at", "resolved_by"])
        say(Verb.COMMENT_REOPENED, opener, number=opener.number)


# Mentions


def somebody(initiative: Initiative, person) -> Person | None:
    """Return somebody whom `person` may want to mention: who answers for it, moves it or registered it. No query beyond the matrix."""
    matrix = raci.matrix(initiative)
    likely = (matrix.owner, initiative.workflow_owner, initiative.registrant, *matrix.people)
    return next((p for p in likely if p is not None and p.is_active and p.pk != person.pk), None)


def _mentioned(initiative: Initiative, text: str, by, at: datetime) -> list[Person]:
    """Return whom the text mentions, but for its author. Raises Blocked with every mention that cannot be."""
    people, problems = mentions.named(text)
    reasons = [Blocker("mention.unclear", problem) for problem in problems]
    for person in people if initiative.restricted else ():
        if not Initiative.objects.visible_to(person, at).filter(pk=initiative.pk).exists():
            reasons.append(Blocker("mention.unseen", _cannot_see(initiative, person)))
    if reasons:
        raise Blocked(reasons)
    return [person for person in people if person.pk != by.pk]


def _cannot_see(initiative: Initiative, person: Person) -> str:
    return _(
        "%(name)s cannot see %(key)s, which is restricted, and was told nothing. Take the mention out, or have them named on it first."
    ) % {"name": person.name, "key": initiative.key}


def _tell(comment: Comment, people: list[Person], *, by, at: datetime) -> None:
    """Tell those who are mentioned, once for each comment, and have them hear of what follows."""
    if not people:
        return
    initiative = comment.initiative
    words: dict[str, Any] = {"who": by.name, "key": initiative.key, "name": initiative.name}
    comment.mentioned.add(*people)
    watching.follow(initiative, people, Hears.MENTIONED, at)
    notices.owe(
        people,
        thing=comment,
        occasion="mentioned",
        initiative=initiative,
        at=at,
        subject=lambda: _("%(who)s mentioned you on %(key)s %(name)s") % words,
        body=shortened(" ".join(comment.text.split()), 300),
        path=comment.get_absolute_url(),
        action=lambda: _("Read and reply"),
        why=lambda: _("%(who)s mentioned you.") % words,
    )
