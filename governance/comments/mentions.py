"""Reading who a text mentions: @ with a name (@Priya Nair), a first name, or an address (@priya.nair, or the whole).

Works without script, in any textarea. What could be nobody or several people is never guessed: whoever
wrote it would believe that somebody was told.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from governance.core.forms import came
from governance.people.models import Person, address

#: So many people one comment may mention.
MOST = 10
#: Words a name may have, and people a refusal lists.
WORDS, LISTED = 4, 5

#: An @ that begins a word, not the one inside an e-mail address, and the word after it.
_AT = re.compile(r"(?:^|(?<=[\s(\[{\"'“‘«/]))@(?=[^\W\d_])([\w.+'’-]+(?:@[\w.-]+)?)", re.MULTILINE)
_ENDS = ".,;:!?)]}\"'”’»-/"


def named(text: str) -> tuple[list[Person], list[str]]:
    """Return whom `text` mentions, each once, and a sentence for every mention that is nobody's or several people's.

    Three queries at most for each mention.
    """
    people: dict[int, Person] = {}
    problems: dict[str, str] = {}
    text = unicodedata.normalize("NFC", text)
    for words in dict.fromkeys(_after(text, at) for at in _AT.finditer(text)):
        written, found = _meant(words)
        if len(found) == 1:
            people[found[0].pk] = found[0]
        else:
            problems[written] = _several(written, found) if found else _nobody(written)
        if len(people) + len(problems) > MOST:
            return [], [_("A comment mentions at most %(most)d people. Take some out.") % {"most": MOST}]
    return list(people.values()), list(problems.values())


def _after(text: str, at: re.Match[str]) -> tuple[str, ...]:
    """Return the word after an @, and those that may be the rest of a name, as far as no sign parts them."""
    first, rest = at[1], re.split(r"[\n@]", text[at.end() : at.end() + 120])[0]
    return (first, *rest.split()[: WORDS - 1]) if rest[:1] == " " and _bare(first) == first else (_bare(first),)


def _meant(words: tuple[str, ...]) -> tuple[str, list[Person]]:
    """Return what stands after the @, as far as it is a name, and the active people it could be."""
    active = Person.objects.active().order_by("name", "pk")
    first = words[0]
    if "@" in first:
        return first, list(active.filter(email=address(first))[:1])
    names = [" ".join((*words[:n], _bare(words[n]))) for n in range(len(words) - 1, 0, -1)]
    if names:
        same = list(active.filter(_any("name__iexact", names))[: (LISTED + 1) * WORDS])
        for name in names:
            if found := [p for p in same if p.name.casefold() == name.casefold()]:
                return name, found
    capital = first[0].isupper() and first.isalpha()
    if capital and names and words[1][0].isupper():
        return names[-1], []  # A surname follows that is somebody else's, or nobody's.
    by_address = list(active.filter(email__startswith=f"{address(first)}@")[: LISTED + 1])
    if by_address and not capital:
        return first, by_address
    by_name = active.filter(Q(name__iexact=first) | Q(name__istartswith=f"{first} "))[: LISTED + 1]
    return first, list({p.pk: p for p in (*by_address, *by_name)}.values())


def _any(lookup: str, values: list[str]) -> Q:
    found = Q()
    for value in values:
        found |= Q(**{lookup: value})
    return found


def _bare(word: str) -> str:
    """Return a word without what ends a sentence, and without the s of “Priya’s”."""
    return re.sub(r"['’]s$", "", word.rstrip(_ENDS)) or word


def _several(written: str, found: list[Person]) -> str:
    who = ", ".join(f"{p.name} (@{p.email})" for p in found[:LISTED])
    return _("“@%(came)s” could be several people: %(who)s. Write the address after the @.") % {
        "came": came(written),
        "who": who,
    }


def _nobody(written: str) -> str:
    """Return the refusal of a mention that is nobody's, with those whose names begin alike."""
    near = ", ".join(f"{p.name} (@{p.email.partition('@')[0]})" for p in _near(written))
    if near:
        return _("“@%(came)s” is nobody who works here. Did you mean %(who)s?") % {"came": came(written), "who": near}
    return _(
        "“@%(came)s” is nobody who works here. Write a name or an e-mail address after the @, or a blank if you mean nobody."
    ) % {"came": came(written)}


def _near(written: str) -> Iterator[Person]:
    begins = Q()
    for word in re.findall(r"[^\W\d_]{2,}", written.partition("@")[0])[:2]:
        begins |= Q(name__istartswith=word[:3]) | Q(name__icontains=f" {word[:3]}")
    return Person.objects.active().filter(begins).order_by("name", "pk")[:LISTED].iterator() if begins else iter(())
