"""Search: one row of text per initiative, written in the act's own transaction.

PostgreSQL: a `simple` tsvector index; SQLite: an FTS5 table kept by triggers. Both match every word of a
query as a prefix, with accents folded. (Scanning with LIKE costs 52 times a bare page at 100,000.)
"""

import re
import unicodedata
from collections.abc import Iterable

from django.db import connections
from django.db.models import BooleanField, F, Func, Value

from governance.initiatives.models import Initiative, OwnValue, SearchText

_FIELDS = (
    "name",
    "purpose",
    "not_for",
    "known_limits",
    "today",
    "could_go_wrong",
    "vendor",
    "tools",
    "how_to_get",
    "tags",
)


#: So many characters of an initiative are searched.
MOST = 20_000


def fold(text: str) -> str:
    """Return `text` in lower case with accents taken off, so that both databases compare alike."""
    if text.isascii():
        return text.lower()  # Most text is, and an import folds a lot of it.
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def words(query: str) -> list[str]:
    """Return the words of a query as search compares them; at most eight, each of letters and digits."""
    return re.findall(r"[\w]+", fold(query).replace("_", " "))[:8]


def text_of(initiative: Initiative, own: Iterable[str] = ()) -> str:
    """Return all words of an initiative, with `own`, what it says in own columns. Reads its unit (loaded or one query)."""
    parts = [initiative.key, initiative.key.replace("-", ""), *own, *(getattr(initiative, name) for name in _FIELDS)]
    if initiative.unit_id:
        parts.append(initiative.unit.name)
    return fold(" ".join(p for p in parts if p)[:MOST])[:MOST]


def index(initiatives: Iterable[Initiative]) -> None:
    """Write the words of these initiatives, in the caller's transaction. Two statements.

    What they say in own columns is taken apart as a query is: PostgreSQL reads a host as one word, and -4410 out of CC-4410.
    """
    initiatives = list(initiatives)
    own: dict[int, list[str]] = {}
    said = OwnValue.objects.filter(initiative__in=[i.pk for i in initiatives], kind__in=["text", "choice", "link"])
    for pk, text, choice in said.order_by("pk").values_list("initiative_id", "text", "choice__title"):
        own.setdefault(pk, []).extend(re.findall(r"[^\W_]+", text or choice))
    SearchText.objects.bulk_create(
        [SearchText(initiative_id=i.pk, body=text_of(i, own.get(i.pk, ()))) for i in initiatives],
        update_conflicts=True,
        unique_fields=["initiative"],
        update_fields=["body"],
    )


def matching(queryset, query: str):
    """Narrow a queryset of initiatives to those that hold every word of `query` as a prefix. No query by itself."""
    found = words(query)
    if not found:
        return queryset.none() if query.strip() else queryset
    hits = SearchText.objects.filter(_holds(found, connections[queryset.db].vendor)).values("initiative_id")
    return queryset.filter(pk__in=hits)


def _holds(found: list[str], vendor: str) -> Func:
    """Return the condition that a row of text holds every word; an expression, so that it can stand in any subquery.

    The words are letters and digits only (see `words`), and go in as a parameter.
    """
    if vendor == "postgresql":
        query, template = " & ".join(f"{word}:*" for word in found), "to_tsvector('simple', %(expressions)s)"
        return Func(
            F("body"),
            Value(query),
            template=template,
            arg_joiner=") @@ to_tsquery('simple', ",
            output_field=BooleanField(),
        )
    query = " AND ".join(f'"{word}"*' for word in found)
    joiner = " IN (SELECT rowid FROM governance_searchtext_fts WHERE governance_searchtext_fts MATCH "
    return Func(
        F("initiative_id"), Value(query), template="%(expressions)s)", arg_joiner=joiner, output_field=BooleanField()
    )


def install(using: str = "default") -> None:
    """Put the index of this database in place. Idempotent; run after every migrate."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE INDEX IF NOT EXISTS governance_searchtext_words ON governance_searchtext USING gin (to_tsvector('simple', body))"
            )
            return
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'governance_searchtext_fts'")
        fresh = cursor.fetchone() is None
        cursor.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS governance_searchtext_fts USING fts5(body, content='governance_searchtext', content_rowid='initiative_id', tokenize=\"unicode61 remove_diacritics 2\")"
        )
        for name, when, body in (
            (
                "insert",
                "AFTER INSERT",
                "INSERT INTO governance_searchtext_fts(rowid, body) VALUES (new.initiative_id, new.body);",
            ),
            (
                "delete",
                "AFTER DELETE",
                "INSERT INTO governance_searchtext_fts(governance_searchtext_fts, rowid, body) VALUES ('delete', old.initiative_id, old.body);",
            ),
            (
                "update",
                "AFTER UPDATE",
                "INSERT INTO governance_searchtext_fts(governance_searchtext_fts, rowid, body) VALUES ('delete', old.initiative_id, old.body); INSERT INTO governance_searchtext_fts(rowid, body) VALUES (new.initiative_id, new.body);",
            ),
        ):
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS governance_searchtext_{name} {when} ON governance_searchtext BEGIN {body} END"
            )
        if fresh:
            cursor.execute("INSERT INTO governance_searchtext_fts(governance_searchtext_fts) VALUES ('rebuild')")
