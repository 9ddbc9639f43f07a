"""Reading the history: newest first, paged by the number of the entry."""

from collections.abc import Iterable

from governance.ledger.models import LedgerEntry

#: What a page never shows, and would otherwise carry.
_HEAVY = ("leaf", "leaf_hash", "nodes", "text_salt")


def for_initiative(
    initiative_id: int, before: int | None = None, limit: int = 50, verbs: Iterable[str] | None = None
) -> list[LedgerEntry]:
    """Return the history of one initiative, newest first: at most `limit` entries, older than entry `before` if given, of `verbs` if given.

    One query on an index, whatever the page. Whether the reader may see the initiative is the caller's question.
    """
    entries = LedgerEntry.objects.filter(initiative_id=initiative_id)
    return _page(entries if verbs is None else entries.filter(verb__in=list(verbs)), before, limit)


def latest(before: int | None = None, limit: int = 50, verb: str | None = None) -> list[LedgerEntry]:
    """Return the newest entries of the whole ledger, of one `verb` if given. One query. For those who may read the ledger."""
    entries = LedgerEntry.objects.all()
    return _page(entries if verb is None else entries.filter(verb=verb), before, limit)


def _page(entries, before, limit):
    if before is not None:
        entries = entries.filter(seq__lt=before)
    return list(entries.defer(*_HEAVY).order_by("-seq")[:limit])
