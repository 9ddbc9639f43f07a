"""The act: one transaction in which something happens and is recorded, both or neither."""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

from governance.core import canonical
from governance.ledger.append import Entry, append, lock
from governance.ledger.models import LedgerEntry, instant
from governance.ledger.verbs import Verb

#: Longer text in a detail is free text and belongs in `text`.
LONGEST_DETAIL = 200

ACTOR = re.compile(r"[a-z]+(:[a-z0-9_.-]+)?")


@dataclass(slots=True)
class _Said:
    """One entry of an act that is still running; keys may be missing until its rows are saved."""

    at: str
    by: Any
    verb: str
    subject: models.Model | None
    subject_id: int | None
    initiative: Any
    detail: str
    text: str | None

    def entry(self) -> Entry:
        return Entry(
            at=self.at,
            actor=_actor(self.by),
            verb=self.verb,
            subject_kind="" if self.subject is None else str(self.subject._meta.model_name),
            subject_id=self._subject_id(),
            initiative_id=self._initiative_id(),
            detail=self.detail,
            text=self.text,
        )

    def _subject_id(self) -> int | None:
        if self.subject is None:
            return None
        found = self.subject.pk if self.subject_id is None else self.subject_id
        if not isinstance(found, int):
            raise TypeError(
                f"{self.verb}: its subject, a {self.subject._meta.model_name}, was not saved before the act closed. Save it first."
            )
        return found

    def _initiative_id(self) -> int | None:
        if isinstance(self.initiative, int):
            return self.initiative
        if self.initiative is not None:
            if self.initiative.pk is None:
                raise TypeError(f"{self.verb}: its initiative was not saved before the act closed. Save it first.")
            return self.initiative.pk
        if self.subject is None:
            return None
        return (
            self._subject_id()
            if self.subject._meta.model_name == "initiative"
            else getattr(self.subject, "initiative_id", None)
        )


@dataclass(slots=True)
class _Act:
    """The outermost act on one connection: what was said so far, and how deep in savepoints the innermost act is."""

    said: list[_Said] = field(default_factory=list)
    depth: int | None = None


class _Running(threading.local):
    """The acts that are running in this thread, by database alias."""

    def __init__(self):
        self.by_alias: dict[str, _Act] = {}


_running = _Running()


class Say:
    """What an act hands to its block: call it once for each thing that happened."""

    def __init__(self, act: _Act, by: Any, at: datetime, using: str):
        self._act, self._by, self._at, self._using = act, by, instant(at), using

    def __call__(
        self,
        verb: Verb | str,
        subject: models.Model | None,
        /,
        *,
        initiative: Any = None,
        text: dict[str, Any] | None = None,
        **detail: Any,
    ) -> None:
        """Record `verb` about `subject` when the act closes. No query.

        `subject` is a model instance (or None) and may still be unsaved; its key is read as the act
        closes. `initiative` (an instance, a key or None) puts the entry into that initiative's history;
        without it, the subject's own `initiative_id` does. `detail` holds ids, codes, numbers, dates
        and digests; `text` holds names, reasons and other free text. Raises TypeError or ValueError,
        saying what to write instead.
        """
        if self._act.depth is None:
            raise RuntimeError(
                f"{verb}: this act has closed and its entries are written. Say it inside the block, or open an act of its own."
            )
        if len(connections[self._using].savepoint_ids) != self._act.depth:
            raise RuntimeError(
                "say() inside a transaction.atomic() block of its own: if that block rolled back, the ledger would record what did not happen. "
                "Open an inner ledger.act(...) instead, or say it after the block."
            )
        if subject is not None and not isinstance(subject, models.Model):
            raise TypeError(f"{verb}: the subject is {subject!r}. Pass the model instance this happened to, or None.")
        self._act.said.append(
            _Said(
                at=self._at,
                by=self._by,
                verb=_verb(verb),
                subject=subject,
                subject_id=None if subject is None else subject.pk,
                initiative=initiative,
                detail=canonical.encode(
                    {key: _plain(f"{verb}: {key}", value) for key, value in detail.items()}
                ).decode(),
                text=_text(verb, text),
            )
        )


@contextmanager
def act(*, by: Any, at: datetime, using: str = DEFAULT_DB_ALIAS) -> Iterator[Say]:
    """Open one transaction in which things happen and are recorded; yields `say`, see `Say.__call__`.

    `by` is a Person, or text such as "system:sweep" or "import:5"; `at` is when it happens, aware.
    An inner act joins the outer one and keeps its own `by` and `at`; if it raises, what was done and
    said in it is gone, also when the outer one catches the exception. The outermost act locks the
    head and appends as it closes: three queries, none when nothing was said. If it raises, everything
    rolls back.
    """
    _check_actor(by)
    running = _running.by_alias.get(using)
    if running is None:
        running = _Act()
        say = Say(running, by, at, using)
        with transaction.atomic(using=using):
            running.depth = len(connections[using].savepoint_ids)
            _running.by_alias[using] = running
            try:
                yield say
            finally:
                # Nobody says or joins any more: what runs on commit opens an act of its own.
                del _running.by_alias[using]
                running.depth = None
            if running.said:
                append([said.entry() for said in running.said], using=using)
        return
    outer, said_before = running.depth, len(running.said)
    say = Say(running, by, at, using)
    try:
        with transaction.atomic(using=using):
            running.depth = len(connections[using].savepoint_ids)
            yield say
    except BaseException:
        del running.said[said_before:]
        raise
    finally:
        running.depth = outer


def refused(
    *,
    by: Any,
    at: datetime,
    what: str,
    subject: models.Model | None,
    initiative: Any = None,
    codes: Iterable[str] = (),
    using: str = DEFAULT_DB_ALIAS,
) -> bool:
    """Record that `by` was refused `what` ("decide", "sign", "stop"), and return whether an entry was written.

    Called after the rollback of the act that was refused, in a small transaction of its own. One entry
    per person, subject, `what` and minute; the codes are those of the first. Four queries at most.
    Raises RuntimeError inside a running act, which would take this entry down with it.
    """
    if using in _running.by_alias:
        raise RuntimeError(
            "ledger.refused() inside a running act would be rolled back with it. Call it where the refusal is caught, after the act."
        )
    _check_actor(by)
    said = _Said(
        at=instant(at),
        by=by,
        verb=Verb.REFUSED.value,
        subject=subject,
        subject_id=None if subject is None else subject.pk,
        initiative=initiative,
        detail=canonical.encode(
            {
                "codes": [_plain("refused: codes", code) for code in codes],
                "what": _plain("refused: what", what),
            }
        ).decode(),
        text=None,
    )
    entry = said.entry()
    minute = at.replace(second=0, microsecond=0)
    with transaction.atomic(using=using):
        head = lock(using)  # First, and alone: two refusals at the same instant must not both find nothing.
        same = LedgerEntry.objects.using(using).filter(
            actor=entry.actor,
            verb=Verb.REFUSED,
            at__gte=minute,
            at__lt=minute + timedelta(minutes=1),
            subject_kind=entry.subject_kind,
            subject_id=entry.subject_id,
        )
        if any(earlier["what"] == what for earlier in same.values_list("detail", flat=True)):
            return False
        append([entry], using=using, head=head)
    return True


def _actor(by: Any) -> str:
    """Return the actor as the record spells it."""
    if isinstance(by, str):
        return by
    if by.pk is None:
        raise TypeError("The person who acts was not saved before the act closed. Save them first.")
    return f"person:{by.pk}"


def _check_actor(by: Any) -> None:
    """Raise TypeError unless `by` is a person or text such as "system:sweep"."""
    if isinstance(by, str):
        if len(by) > 60 or not ACTOR.fullmatch(by):
            raise TypeError(
                f'by={by!r} names nobody the ledger knows. Pass the Person, or text such as "system:sweep" or "import:5".'
            )
    elif not isinstance(by, models.Model) or by._meta.model_name != "person":
        raise TypeError(f'by={by!r} is no person. Pass the Person, or text such as "system:sweep" or "import:5".')


def _verb(verb: Any) -> str:
    """Return the verb's text. Raises ValueError when it is not in the list."""
    try:
        return Verb(verb).value
    except ValueError as error:
        raise ValueError(
            f"{verb!r} is no verb of the ledger. Pick one from governance/ledger/verbs.py, or add one there with its phrase."
        ) from error


def _plain(name: str, value: Any) -> Any:
    """Return `value` if a leaf may hold it. Raises TypeError or ValueError, naming the field."""
    if isinstance(value, models.Model):
        raise TypeError(f"{name} is a {value._meta.model_name}. A leaf holds its key: pass {name.split()[-1]}_id=….pk.")
    if value is None or isinstance(value, bool | int | float | date | Decimal):  # a datetime is a date
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_DETAIL:
            raise ValueError(
                f"{name} holds {len(value)} characters. A leaf can never be erased, so free text goes beside it: text={{{name.split()[-1]!r}: …}}."
            )
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(name, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset | models.QuerySet):
        plain = [_plain(name, inner) for inner in value]
        return sorted(plain) if isinstance(value, set | frozenset) else plain
    raise TypeError(
        f"{name} is a {type(value).__name__}. A leaf holds ids, codes, numbers, dates and digests; words go into text={{…}}."
    )


def _text(verb: Any, text: dict[str, Any] | None) -> str | None:
    """Return the text as canonical JSON, without what is empty; None when nothing is left."""
    if not text:
        return None
    if not isinstance(text, dict):
        raise TypeError(
            f'{verb}: text is a {type(text).__name__}. Pass a dict that names each piece, such as text={{"reason": reason}}.'
        )
    kept = {str(name): _words(value) for name, value in text.items() if value not in (None, "")}
    return canonical.encode(kept).decode() if kept else None


def _words(value: Any) -> Any:
    """Return `value` as JSON can keep it; what is neither a number, a date nor a collection is kept as it reads."""
    if value is None or isinstance(value, bool | int | float | date | Decimal):
        return value
    if isinstance(value, dict):
        return {str(name): _words(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | models.QuerySet):
        return [_words(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(str(inner) for inner in value)
    return str(value)
