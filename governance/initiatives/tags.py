"""Tags: short words of its own on an initiative, by which people find what belongs together. They decide nothing.

A tag is letters, digits and hyphens, in small letters, and begins with no hyphen. They are kept in one field, each between two spaces, so
that a whole word is found on both databases alike; putting one on or taking one off amends the initiative.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.lists import Facet, Option

#: So many on one initiative, so long a word, and so many that the catalog lists; the rest is known to addresses.
MOST, LONGEST, LISTED = 12, 30, 30


def words(kept: str) -> list[str]:
    """Return the tags of one initiative, as they are kept."""
    return kept.split()


def keep(found: Iterable[str]) -> str:
    """Return tags as an initiative keeps them: each once, by the alphabet."""
    once = sorted(set(found))
    return f" {' '.join(once)} " if once else ""


def read(text: str) -> list[str]:
    """Return the tags somebody typed, with commas or spaces between. Raises ValidationError, saying which and why."""
    if len(text) > LONGEST * MOST * 4:  # putting marks in order costs the square of their number
        raise ValidationError(_("That is more than %(most)d tags.") % {"most": MOST})
    typed = [word for word in re.split(r"[,;\s]+", unicodedata.normalize("NFKC", text).casefold()) if word]
    for word in typed:
        if not re.fullmatch(r"\w[\w-]*", word):
            raise ValidationError(
                _("“%(word)s” is no tag. A tag is letters, digits and hyphens.") % {"word": word[: LONGEST * 2]}
            )
        if len(word) > LONGEST:
            raise ValidationError(
                _("“%(word)s” has %(has)d characters and may have %(most)d.")
                % {"word": word[: LONGEST * 2], "has": len(word), "most": LONGEST}
            )
    if len(set(typed)) > MOST:
        raise ValidationError(too_many(len(set(typed))))
    return typed


def too_many(count: int) -> str:
    """Return the sentence for more tags than one initiative carries."""
    return _("It would carry %(count)d tags and may carry %(most)d. Take one off first.") % {
        "count": count,
        "most": MOST,
    }


def carries(word: str) -> Q:
    """Return the condition of initiatives that carry this tag. No query."""
    return Q(tags__contains=f" {word} ")


def grouped(rows: QuerySet) -> QuerySet:
    """Return which tags `rows` keep together, and how many (n), those without any left out. No query."""
    return rows.exclude(tags="").order_by().values("tags").annotate(n=Count("pk"))


def counted(rows: QuerySet) -> Counter[str]:
    """Return how many of `rows` keep which tags together, those without any left out. One query."""
    return Counter(dict(grouped(rows).values_list("tags", "n")))


def asked(data: QueryDict) -> list[str]:
    """Return the tags an address asks for, as far as they can be some. No query."""
    sent = [word for text in data.getlist("tag")[:MOST] for word in text[: LONGEST * MOST].split(",")]
    return [word for word in sent[:MOST] if re.fullmatch(r"\w[\w-]*", word)]


def facet(together: Mapping[str, int] | None, asked: Iterable[str] = ()) -> Facet:
    """Return what a list of initiatives can be narrowed by: the tags of those `counted`, those carried most listed. No query.

    Where nobody counted, it knows those that are `asked` for.
    """
    if together is None:
        options = [Option(word, word, carries(word), listed=False) for word in asked]
        return Facet("tag", _("Tag"), (*options, _NONE))
    found: Counter[str] = Counter()
    for kept, n in together.items():
        found.update(dict.fromkeys(words(kept), n))
    ranked = sorted(found, key=lambda word: (-found[word], word))
    listed = {*ranked[:LISTED]}
    options = [Option(word, word, carries(word), listed=word in listed) for word in sorted(found)]
    return Facet("tag", _("Tag"), (*options, replace(_NONE, listed=bool(found))))


#: Called what no tag begins with, so that no tag is taken for it.
_NONE = Option("-", gettext_lazy("No tag"), Q(tags=""))
