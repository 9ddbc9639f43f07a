"""Measuring two things in turns, and saying whether a bar holds."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Bar:
    """One line of the table: what was measured, what it came to, and what it may come to at most (or at least)."""

    name: str
    what: str
    measured: str
    bound: str
    holds: bool | None

    def __str__(self) -> str:
        verdict = "  " if self.holds is None else "holds" if self.holds else "MISSED"
        return f"{self.name:<5}{self.what:<50}{self.measured:<42}{self.bound:<16}{verdict}"


@dataclass(frozen=True)
class Taken:
    """Seconds of two things, taken in turns."""

    ours: list[float]
    bare: list[float]

    @property
    def ratio(self) -> float:
        """Return how often the bare median goes into ours."""
        return median(self.ours) / median(self.bare)

    def worse(self, share: float = 0.975, rounds: int = 400) -> float:
        """Return the upper end of the 95 % interval of the ratio."""
        dice = random.Random(1)
        drawn = sorted(
            median(dice.choices(self.ours, k=len(self.ours))) / median(dice.choices(self.bare, k=len(self.bare)))
            for _round in range(rounds)
        )
        return drawn[min(int(rounds * share), rounds - 1)]

    def bar(self, name: str, what: str, most: float | None) -> Bar:
        """Return this as a line that may come to `most` at most; None only tells."""
        worse = self.worse()
        ms = f"{median(self.ours) * 1000:.1f} / {median(self.bare) * 1000:.1f} ms"
        bound = "" if most is None else f"<= {most:g} x"
        return Bar(name, what, f"{self.ratio:.2f} x, at worst {worse:.2f} ({ms})", bound, most is None or worse <= most)


def in_turns(ours: Callable[[], object], bare: Callable[[], object], samples: int, warm: int = 3) -> Taken:
    """Time two things in the order A B B A, after `warm` calls of each that do not count."""
    for _n in range(warm):
        ours(), bare()
    taken = Taken([], [])
    for _n in range(max(samples // 2, 1)):
        taken.ours.append(seconds(ours))
        taken.bare.append(seconds(bare))
        taken.bare.append(seconds(bare))
        taken.ours.append(seconds(ours))
    return taken


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = perf_counter()
    call()
    return perf_counter() - began
