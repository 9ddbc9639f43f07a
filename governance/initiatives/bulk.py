"""The same act on many initiatives: a unit, an offer to own, a tag, a watch. Never a decision, a stage or a signature.

Each initiative is asked for itself: who may not, and what cannot be, is left as it is with its reason, and
the others are done. A batch is one transaction, all of its initiatives locked first and in the order of
their keys; a crash leaves whole batches done and nothing half-written. Pressing twice changes nothing twice.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import ledger
from governance.core import export
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.initiatives import actions, roles, tags, watching
from governance.initiatives.models import Initiative
from governance.raci import queries as raci
from governance.raci.models import Role, Row

#: So many at a time, and so many offers: each of those is read, signed and accepted by itself.
MOST, MOST_OFFERS = 500, 50
#: Initiatives in one transaction, and how long others are let in between two: a stop waits for one batch at most.
BATCH, PAUSE = 20, 0.02

#: What can be done to chosen rows, in words.
WORDS = {
    "unit": gettext_lazy("Say which unit they belong to"),
    "offer": gettext_lazy("Ask somebody to own them"),
    "tag": gettext_lazy("Put a tag on them"),
    "untag": gettext_lazy("Take a tag off them"),
    "watch": gettext_lazy("Watch them"),
    "mute": gettext_lazy("Mute them"),
}

#: What is done to one locked initiative, given the version that was seen; returns whether anything changed.
Act = Callable[[Initiative, int], bool]


@dataclass
class Outcome:
    """What became of each: the keys of those done, of those that were so already, and of those left, by the reason."""

    done: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)
    refused: int = 0

    @property
    def left_count(self) -> int:
        """Return how many were left as they are."""
        return sum(len(keys) for keys in self.left.values())

    @property
    def is_refused(self) -> bool:
        """Whether nothing was done and none of it is this person's to do."""
        return not (self.done or self.same) and self.refused > 0 and self.refused == self.left_count


def each(chosen: Mapping[int, int], act: Act, *, by, at: datetime, pause: float = PAUSE) -> Outcome:
    """Do `act` to every initiative of `chosen` (number → version seen) that `by` may see; return what became of each.

    What they may not see is as if it did not exist. Costs the act's queries for each, and three for a batch.
    """
    outcome, numbers = Outcome(), sorted(chosen)
    for start in range(0, len(numbers), BATCH):
        if start and pause:
            time.sleep(pause)
        batch, so_far = numbers[start : start + BATCH], Outcome()
        with ledger.act(by=by, at=at):
            seen = Initiative.objects.visible_to(by, at).filter(number__in=batch)
            for initiative in seen.select_for_update(of=("self",)).order_by("number"):
                _one(initiative, chosen[initiative.number], act, so_far)
        _add(outcome, so_far)  # only what was committed is told
    return outcome


def _one(initiative: Initiative, version: int, act: Act, outcome: Outcome) -> None:
    """Do it to one, or note why not. What an act that refuses had done is undone with it: acts nest."""
    try:
        changed = act(initiative, version)
    except (Refused, Blocked, Conflict) as why:
        sentence = str(why) if isinstance(why, Blocked) else str(why.message)
        outcome.left.setdefault(sentence, []).append(initiative.key)
        outcome.refused += isinstance(why, Refused)
    else:
        (outcome.done if changed else outcome.same).append(initiative.key)


def _add(outcome: Outcome, more: Outcome) -> None:
    outcome.done += more.done
    outcome.same += more.same
    outcome.refused += more.refused
    for sentence, keys in more.left.items():
        outcome.left.setdefault(sentence, []).extend(keys)


def choices() -> list[tuple[str, Any]]:
    """Return what a list offers to do with its chosen rows: value and words."""
    files = [(kind, _("Download them as %(kind)s") % {"kind": label}) for kind, label in export.KINDS.items()]
    return [*WORDS.items(), *files]


# What can be done to many


def belong_to(unit, *, by, at: datetime) -> Act:
    """Return the act that puts one into `unit`, unless somebody saved it since it was seen."""

    def act(initiative: Initiative, version: int) -> bool:
        saved = actions.amend(initiative, {"unit": unit}, by=by, at=at, seen_version=version)
        return saved.version != initiative.version

    return act


def offer_to(person, *, by, at: datetime) -> Act:
    """Return the act that asks `person` to own one. Nobody's place is taken and no other offer ended along the way."""

    def act(initiative: Initiative, version: int) -> bool:
        found = raci.matrix(initiative)
        owner, there = found.owner, found.offer(Row.GO_LIVE, Role.ACCOUNTABLE)
        if owner is not None and owner.pk == person.pk:
            return False
        if owner is not None:
            raise Conflict(_("%(name)s owns it. Replace an owner on its own page.") % {"name": owner.name})
        running = there is not None and there.person.is_active and there.answer_by > at
        if running and there.person_id != person.pk:
            raise Conflict(_("%(name)s is asked already. Wait for the answer.") % {"name": there.person.name})
        made = roles.offer(initiative, Row.GO_LIVE, Role.ACCOUNTABLE, person, by=by, at=at)
        return there is None or made.pk != there.pk

    return act


def tag(word: str, *, by, at: datetime) -> Act:
    """Return the act that puts a tag on one."""

    def act(initiative: Initiative, version: int) -> bool:
        there = {*initiative.tag_words, word}
        if len(there) > tags.MOST:
            raise Conflict(tags.too_many(len(there)))
        return _tagged(initiative, tags.keep(there), by, at)

    return act


def untag(word: str, *, by, at: datetime) -> Act:
    """Return the act that takes a tag off one."""

    def act(initiative: Initiative, version: int) -> bool:
        return _tagged(initiative, tags.keep({*initiative.tag_words} - {word}), by, at)

    return act


def _tagged(initiative: Initiative, kept: str, by, at: datetime) -> bool:
    # What else was saved meanwhile stays: the tags are those of the locked row.
    saved = actions.amend(initiative, {"tags": kept}, by=by, at=at, seen_version=initiative.version)
    return saved.version != initiative.version


def watch(*, by, at: datetime) -> Act:
    """Return the act that lets `by` hear of the comments on one."""
    return lambda initiative, version: watching.watch(initiative, by=by, at=at)


def mute(*, by, at: datetime) -> Act:
    """Return the act that lets `by` hear of no more comments on one."""
    return lambda initiative, version: watching.mute(initiative, by=by, at=at)
