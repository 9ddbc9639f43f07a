"""Reading the policy. There is no editor yet: a version arrives with a release, so a process reads it once."""

import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from governance.core import canonical, clock

_DEFAULTS = Path(__file__).with_name("defaults.toml")


@dataclass(frozen=True)
class Tier:
    """How much harm a mistake can do, and what that brings."""

    tier: int
    title: str
    harm: str
    examples: list[str]
    review_d: int
    escalate_review_after_d: int
    sign_offs: list[str]
    tier_confirmed_by: list[str]


@dataclass(frozen=True)
class Control:
    """A standing protection that a tier asks for. `only` limits it to one capability."""

    ref: str
    tier: int
    function: str
    title: str
    asks: str
    only: str = ""


@dataclass(frozen=True)
class Policy:
    """One version of the policy, read only."""

    number: int
    body: dict[str, Any]

    @property
    def windows(self) -> dict[str, Any]:
        """How long things may wait; the unit is in the name (wd working days, d days, h hours, min minutes)."""
        return self.body["windows"]

    @property
    def people(self) -> dict[str, Any]:
        """Grades in order, the VP line, job families that cannot be Accountable."""
        return self.body["people"]

    @property
    def limits(self) -> dict[str, Any]:
        """Currencies and numbers that warn."""
        return self.body["limits"]

    @cached_property
    def tiers(self) -> dict[int, Tier]:
        """The tiers by number."""
        return {row["tier"]: Tier(**row) for row in self.body["tiers"]}

    @cached_property
    def controls(self) -> dict[str, Control]:
        """Every control by reference."""
        return {row["ref"]: Control(**row) for row in self.body["controls"]}

    def controls_for(self, tier: int | None, capability: str) -> list[Control]:
        """Return what `tier` asks for: its own controls and those of the tiers below, for this capability."""
        if tier is None:
            return []
        return [c for c in self.controls.values() if c.tier <= tier and c.only in ("", capability)]

    def rank(self, grade: str) -> int:
        """Return the place of `grade` in the order of grades, or -1 for an unknown one (below the VP line)."""
        grades = self.people["grades"]
        return grades.index(grade) if grade in grades else -1

    def is_vp(self, grade: str) -> bool:
        """Return whether `grade` is at the VP line or above it."""
        return self.rank(grade) >= self.rank(self.people["vp_line"])

    def grade_word(self, grade: str) -> str:
        """Return the words for a grade."""
        return self.people["grade_words"].get(grade, grade)


def defaults() -> dict[str, Any]:
    """Return the policy that ships with this release."""
    with _DEFAULTS.open("rb") as file:
        return tomllib.load(file)


@cache
def current() -> Policy:
    """Return the newest version. One query in the life of a process."""
    from governance.policy.models import PolicyVersion

    row = PolicyVersion.objects.order_by("-number").first()
    return Policy(row.number, row.body) if row else Policy(1, defaults())


@cache
def of_version(number: int) -> Policy:
    """Return version `number`, as a decision recorded it. One query in the life of a process."""
    from governance.policy.models import PolicyVersion

    return Policy(number, PolicyVersion.objects.get(number=number).body)


def _merged(old: dict, new: dict) -> dict:
    """Return `old` with the keys that only `new` has: a release adds, it never overrides what was set."""
    out = dict(old)
    for key, value in new.items():
        if key not in out:
            out[key] = value
        elif isinstance(value, dict) and isinstance(out[key], dict):
            out[key] = _merged(out[key], value)
    return out


def ensure(using: str = "default") -> None:
    """Write version 1, or a new version when this release adds keys, which is put on record. Idempotent."""
    from governance import ledger
    from governance.policy.models import PolicyVersion

    rows = PolicyVersion.objects.using(using)
    newest = rows.order_by("-number").first()
    body = _merged(newest.body, defaults()) if newest else defaults()
    if newest is None or body != newest.body:
        at = clock.wall()
        with ledger.act(by="system:upgrade", at=at, using=using) as say:
            made = rows.create(
                number=newest.number + 1 if newest else 1,
                body=body,
                sha256=canonical.digest(body),
                made_by="system:upgrade",
                made_at=at,
            )
            if newest is not None:  # the first one is what the release is made of
                say(ledger.Verb.POLICY_SET, made, number=made.number, sha256=made.sha256)
        current.cache_clear()
