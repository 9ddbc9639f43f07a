"""Reading the history: newest first, paged by the number of the entry."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max

from governance.ledger.models import LedgerEntry, LedgerHead
from governance.ledger.verbs import Verb

#: What a page never shows, and would otherwise carry.
_HEAVY = ("leaf", "leaf_hash", "nodes", "text_salt")

#: Verbs whose entries name a signature.
SIGNED = (
    Verb.DECISION_ANSWERED,
    Verb.ROLE_ACCEPTED,
    Verb.SIGNOFF_SIGNED,
    Verb.SIGNOFF_REFUSED,
    Verb.CONTROL_CONFIRMED,
    Verb.MEASUREMENT_CONFIRMED,
    Verb.BUDGET_APPROVED,
    Verb.STOP_CONFIRMED,
    Verb.POSTMORTEM_PUBLISHED,
)


def for_initiative(
    initiative_id: int, before: int | None = None, limit: int = 50, verbs: Iterable[str] | None = None
) -> list[LedgerEntry]:
    """Return the history of one initiative, newest first: at most `limit` entries, older than entry `before` if given, of `verbs` if given.

    One query on an index, whatever the page. Whether the reader may see the initiative is the caller's question.
    """
    entries = LedgerEntry.objects.filter(initiative_id=initiative_id)
    return _page(entries if verbs is None else entries.filter(verb__in=list(verbs)), before, limit)


def last_of(initiative_ids: Iterable[int], but: str) -> dict[int, LedgerEntry]:
    """Return the last entry of each of these initiatives, leaving out verbs that begin with `but`. Two queries."""
    entries = LedgerEntry.objects.filter(initiative_id__in=list(initiative_ids)).exclude(verb__startswith=but)
    last = entries.order_by().values("initiative_id").annotate(last=Max("seq")).values_list("last", flat=True)
    return {e.initiative_id: e for e in LedgerEntry.objects.filter(seq__in=list(last)).defer(*_HEAVY)}


def since(initiative_ids: Iterable[int], verbs: Iterable[str], at: datetime) -> list[LedgerEntry]:
    """Return what is on record of these initiatives from `at` on, of these verbs, in order. One query."""
    entries = LedgerEntry.objects.filter(initiative_id__in=list(initiative_ids), verb__in=list(verbs), at__gte=at)
    return list(entries.defer(*_HEAVY).order_by("seq"))


def of_verbs(verbs: Iterable[str], at: datetime) -> list[LedgerEntry]:
    """Return every entry of these verbs from `at` on, in order. One query, which looks at the whole ledger."""
    return list(LedgerEntry.objects.filter(verb__in=list(verbs), at__gte=at).defer(*_HEAVY).order_by("seq"))


def latest(before: int | None = None, limit: int = 50, verb: str | None = None) -> list[LedgerEntry]:
    """Return the newest entries of the whole ledger, of one `verb` if given. One query. For those who may read the ledger."""
    entries = LedgerEntry.objects.all()
    return _page(entries if verb is None else entries.filter(verb=verb), before, limit)


class Standing(NamedTuple):
    """How far the ledger reaches: its number of entries, their root, and the entry of the last checkpoint, if any."""

    size: int
    root: str
    checkpoint: LedgerEntry | None


def standing() -> Standing:
    """Return how far the ledger reaches. Two queries."""
    size, root = LedgerHead.objects.values_list("size", "root").get(pk=1)
    last = LedgerEntry.objects.filter(verb=Verb.CHECKPOINT_MADE).defer(*_HEAVY).order_by("-seq").first()
    return Standing(size, root, last)


def _page(entries, before, limit):
    if before is not None:
        entries = entries.filter(seq__lt=before)
    return list(entries.defer(*_HEAVY).order_by("-seq")[:limit])


def of_signature(initiative_id: int, signature_id: int) -> int | None:
    """Return the number of the entry that recorded a signature, or None. One query; reads that initiative's entries that name one."""
    rows = (
        LedgerEntry.objects.filter(initiative_id=initiative_id, verb__in=SIGNED)
        .order_by("seq")
        .values_list("seq", "detail")
    )
    return next((seq for seq, detail in rows if detail.get("signature") == signature_id), None)
