"""What the public register leaves out, on one page: a rule for initiatives is a condition, one for words a sentence.

The page inside shows these words, and the register itself asks these conditions: there is no other list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.gates.models import Retirement
from governance.initiatives.lifecycle import Stage
from governance.initiatives.search import fold
from governance.people.models import Person
from governance.public.models import Withheld
from governance.registers.models import Origin

#: What a list says of a record that is not for the public, in the profile of the federal inventory.
_SAYS, _COLUMN = "withheld", "is_withheld"


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to keep an initiative back: a few words, the sentence that explains it, and what it holds for."""

    code: str
    title: Any
    why: Any
    holds: Q


RULES = (
    Rule(
        "restricted",
        gettext_lazy("Restricted"),
        gettext_lazy("Restricted initiatives are never listed. Nothing tells that there are any."),
        Q(restricted=True),
    ),
    Rule(
        "withheld",
        gettext_lazy("Withheld here"),
        gettext_lazy("Somebody who may restrict it withheld it, with a reason."),
        Q(withheld_here=True),
    ),
    Rule(
        "register",
        gettext_lazy("Withheld by its register"),
        gettext_lazy("The list it came from says that it is withheld from the public."),
        Q(withheld_there=True),
    ),
    Rule(
        "undecided",
        gettext_lazy("Nothing decided yet"),
        gettext_lazy("Ideas, and AI found in use that nobody has taken over: nobody decided that there will be any."),
        Q(stage__in=[Stage.IDEA, Stage.DISCOVERED]),
    ),
    Rule(
        "no_stage",
        gettext_lazy("Stage not known"),
        gettext_lazy("Nobody can tell yet where it stands."),
        Q(stage=Stage.TRIAGE),
    ),
    Rule(
        "stopped",
        gettext_lazy("Stopped"),
        gettext_lazy("The layout of the register has no word for what is stopped, and “Deployed” would not be true."),
        Q(stage=Stage.STOPPED),
    ),
    Rule(
        "never_ran",
        gettext_lazy("Closed before it ran"),
        gettext_lazy("An idea that was closed was never in use."),
        Q(stage=Stage.RETIRED, ran=False),
    ),
)

#: What is told of one that is listed, and what never is: sentences, for the page inside.
TOLD = (
    gettext_lazy("Its name, its unit, its stage, what it is for, its known limits, its vendor, and since when it is in production where it went live here."),
    gettext_lazy("What its register answers with yes, no, a date or a word from a list. What it answers in its own words is left out."),
    gettext_lazy("In every text the names and e-mail addresses of people in the directory, those who left too, are replaced. A first name alone, or a nickname, is not recognised: read the register as people outside will before you open it."),
    gettext_lazy("A code of its own in place of its key: keys are counted, and would tell how many are not listed."),
    gettext_lazy("Never: people, roles, figures, money, decisions and their reasons, comments, anything else."),
)  # fmt: skip


def marked(rows: QuerySet) -> QuerySet:
    """Return initiatives with what the rules ask about. No query."""
    this = {"initiative": OuterRef("pk")}
    came = Origin.objects.filter(**this)
    says_so = Q(stated__states__has_key=_SAYS) & ~Q(**{f"stated__states__{_SAYS}": "No"})
    return rows.annotate(
        withheld_here=Exists(Withheld.objects.filter(lifted_at=None, **this)),
        withheld_there=Exists(came.filter(says_so | Q(kept__has_key=_COLUMN))),
        ran=Q(pilot_since__isnull=False)
        | Q(live_since__isnull=False)
        | Q(Exists(Retirement.objects.filter(**this)))
        | Q(Exists(came)),
    )


#: The condition of everything a rule keeps back, for marked rows.
KEPT_BACK = reduce(or_, (rule.holds for rule in RULES))


def explained(rows: QuerySet) -> QuerySet:
    """Return marked rows with one more mark for each rule: whether it keeps them back. No query."""
    return rows.annotate(
        **{f"kept_{rule.code}": Case(When(rule.holds, then=Value(True)), default=Value(False)) for rule in RULES}
    )


def keeping_back(initiative: Any) -> list[Rule]:
    """Return the rules that keep an explained initiative back, in their order. No query."""
    return [rule for rule in RULES if getattr(initiative, f"kept_{rule.code}")]


# --- Words ------------------------------------------------------------------------------------

_WORD = re.compile(r"\w+")
#: Looked for where a word begins, and taken whole: otherwise a long word would be read again from each of its letters.
_ADDRESS = re.compile(r"(?<![^\s@<>()\[\],;:\"“”])[^\s@<>()\[\],;:\"“”]++@[^\s@<>()\[\],;:\"“”]+\.\w+")


class Redaction:
    """Takes people out of texts: their whole names, either way round, and every e-mail address."""

    def __init__(self, names: Iterable[str]):
        self._names: set[tuple[str, ...]] = set()
        self._alone: set[str] = set()
        for name in names:
            words = tuple(_WORD.findall(fold(name)))
            if len(words) > 1:
                self._names |= {words, (words[-1], *words[:-1])}
            elif words:
                self._alone.update(_WORD.findall(name))  # one word may be anything: only as it is written
        self._longest = max(map(len, self._names), default=0)
        self._first = {words[0] for words in self._names}

    @classmethod
    def of_everybody(cls) -> "Redaction":
        """Return what takes everybody out who is or was in the directory. One query."""
        return cls(Person.objects.order_by().values_list("name", flat=True))

    def __call__(self, text: str) -> str:
        """Return `text` without people."""
        if "@" in text:
            text = _ADDRESS.sub(_("(withheld)"), text)
        found = list(_WORD.finditer(text))
        words = [fold(one[0]) for one in found]
        out, done, place = [], 0, 0
        while place < len(found):
            length = self._named(words, place) or int(found[place][0] in self._alone)
            if length:
                out += [text[done : found[place].start()], _("(withheld)")]
                done = found[place + length - 1].end()
            place += length or 1
        return "".join([*out, text[done:]]) if out else text

    def _named(self, words: list[str], place: int) -> int:
        """Return how many words from `place` on are somebody's whole name; 0 where they are nobody's."""
        if words[place] not in self._first:
            return 0
        lengths = range(min(self._longest, len(words) - place), 1, -1)
        return next((n for n in lengths if tuple(words[place : place + n]) in self._names), 0)
