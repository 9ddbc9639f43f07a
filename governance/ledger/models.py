"""The tables of the record: entries, which only ever grow, and the one head row over them.

Entries are written by `append.py` in plain SQL and by nothing else. Their columns are stored as the
leaf spells them (instants and JSON as canonical text), so that the check of a row is a comparison of
bytes on both databases.
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import models

from governance.core import canonical
from governance.ledger import tree
from governance.ledger.verbs import Verb


def instant(at: datetime) -> str:
    """Return an aware instant as the record spells it: UTC, microseconds, a Z. Raises TypeError when naive."""
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError(
            f"{at!r} is no moment the ledger can keep; pass an aware datetime, the `at` of this request or task."
        )
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Instant(models.CharField):
    """An instant kept as text, UTC with microseconds: sorts as it reads and means the same bytes everywhere."""

    # What the type checker is told: goes in and comes out as a datetime.
    _pyi_private_set_type: datetime  # type: ignore[assignment]
    _pyi_private_get_type: datetime  # type: ignore[assignment]

    def __init__(self, *args, **kwargs):
        kwargs["max_length"] = 27
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value, expression, connection):
        return None if value is None else datetime.fromisoformat(value)

    def to_python(self, value):
        return datetime.fromisoformat(value) if isinstance(value, str) and value else value

    def get_prep_value(self, value):
        return instant(value) if isinstance(value, datetime) else value


class CanonicalJSON(models.TextField):
    """A JSON object kept as its canonical text. (A jsonb column may rewrite numbers and order.)"""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value, expression, connection):
        return None if value is None else json.loads(value)

    def get_prep_value(self, value):
        return value if value is None or isinstance(value, str) else canonical.encode(value).decode()


class Seq(models.BigIntegerField):
    """The number of an entry, given under the head's lock and never by a sequence: no gaps."""

    def db_type(self, connection):
        # On SQLite only "integer" makes the primary key the table's own order.
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)


class OnlyGrows(models.QuerySet):
    """Entries are read here; the database refuses the rest too (guards.py)."""

    def _refuse(self, *args, **kwargs):
        raise TypeError("The ledger only grows. Open ledger.act(...) and say what happened; nothing changes an entry.")

    create = bulk_create = bulk_update = get_or_create = update_or_create = update = delete = _refuse


def _verbs() -> list[tuple[str, Any]]:
    """A function, so that a new verb needs no migration."""
    return Verb.choices


class LedgerEntry(models.Model):
    """One thing that happened. `at` is when, in the product's time; `recorded_at` is the database's clock."""

    seq = Seq(primary_key=True)
    at = Instant()
    recorded_at = Instant()
    actor = models.CharField(
        max_length=60,
        help_text="person:17, system:sweep, import:5 or withheld. No foreign key: people leave.",
    )
    verb = models.CharField(max_length=40, choices=_verbs)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(null=True)
    initiative_id = models.BigIntegerField(null=True, help_text="Whose history this belongs to. No foreign key.")
    detail = CanonicalJSON(help_text="Ids, codes, numbers, dates and digests only.")
    text_digest = models.CharField(
        max_length=64, help_text="SHA-256 over the salt and the text; empty where there was none."
    )
    text = CanonicalJSON(null=True, help_text="Names, reasons and other free text. Erasable, together with its salt.")
    text_salt = models.CharField(max_length=32, null=True, help_text="NULL, like the text, when erased.")
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField()
    nodes = models.BinaryField(
        help_text="Hashes of the subtrees this entry completes, the smallest first, 32 bytes each."
    )

    objects = OnlyGrows.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(seq__gte=1), name="entries_are_numbered_from_one")]
        indexes = [
            # The history of one initiative, newest first, paged by seq.
            models.Index(fields=["initiative_id", "seq"], name="ledger_by_initiative"),
            # Was this refusal recorded in this minute already?
            models.Index(fields=["actor", "at"], condition=models.Q(verb="refused"), name="ledger_refusals"),
            # When was the last checkpoint made?
            models.Index(fields=["seq"], condition=models.Q(verb="checkpoint.made"), name="ledger_checkpoints"),
        ]

    def __str__(self):
        return f"#{self.seq} {self.actor} {self.verb} {self.subject_kind}:{self.subject_id}"

    def save(self, *args, **kwargs):
        """Refuse: entries are written by an act and never changed."""
        raise TypeError("The ledger only grows. Open ledger.act(...) and say what happened; nothing changes an entry.")

    delete = save

    @property
    def person_id(self) -> int | None:
        """Return the key of the person who did it, or None when it was a clock, an import or is withheld."""
        kind, _, key = self.actor.partition(":")
        return int(key) if kind == "person" else None

    @property
    def is_erased(self) -> bool:
        """Return whether this entry had text that has been erased since."""
        return bool(self.text_digest) and self.text is None


def _chain() -> str:
    return uuid.uuid4().hex


class LedgerHead(models.Model):
    """The one row over all entries. It is locked last in every act, which gives entries their order."""

    size = models.BigIntegerField(default=0)
    root = models.CharField(max_length=64, default=tree.EMPTY_ROOT.hex())
    frontier = models.BinaryField(
        default=bytes, help_text="Roots of the perfect subtrees, the largest first, 32 bytes each."
    )
    chain = models.CharField(
        max_length=32, default=_chain, editable=False, help_text="Names this ledger; it is inside every leaf."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="there_is_one_ledger_head")]

    def __str__(self):
        return f"{self.size} entries, root {self.root[:12]}"
