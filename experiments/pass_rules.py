"""Pass rules: what a run must show to pass, and the verdict on one figure.

A figure passes when its whole confidence interval lies within what is wanted, fails when it lies wholly outside, and is
undecided otherwise. This is the interval-inclusion principle: a two-sided interval that keeps its 95 % wrongly passes a
figure that lies beyond a limit with a chance of at most 2.5 %, the same as two one-sided tests (Schuirmann 1987,
Journal of Pharmacokinetics and Biopharmaceutics 15, 657–680; Berger & Hsu 1996, Statistical Science 11, 283–319).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

EVERYBODY = "all"
"""The key of rules on the population together."""
EACH = "each"
"""The key of rules on every cell by itself."""
SELECTORS = ("cell", "orientation", "agent", "model", "induction")
PHASES = ("before", "after")
NONE = "none"
"""The word for an induction or an orientation that is not there."""
FARTHEST = 1_000_000
"""More units than anybody would add to settle a rule."""


class Verdict(StrEnum):
    """What a rule comes to."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that rules may be about.

    kind: what it is computed from: "measure", "play", "drift", or "count" for a plain figure of this run, which is
    compared as it is.  least, most: between which values it can lie.  digits: how many are shown.
    """

    kind: str
    least: float = -math.inf
    most: float = math.inf
    mark: str = ""
    digits: int = 2

    def told(self, value: float) -> str:
        """A value in words, such as "41.2°"."""
        return f"{value:.{self.digits}f}{self.mark}"

    def limit(self, value: float) -> str:
        """A limit as it was written."""
        return f"{value:g}{self.mark}"


QUANTITIES: Mapping[str, Quantity] = {
    "angle": Quantity("measure", -180, 180, "°", 1),
    "deviation": Quantity("measure", 0, 180, "°", 1),
    "value_rationality": Quantity("measure", 0, 1),
    "value_rationality_corrected": Quantity("measure", most=1),
    "in_category_share": Quantity("measure", 0, 1),
    "transitive_share": Quantity("measure", 0, 1),
    "consistent_share": Quantity("measure", 0, 1),
    "consistency": Quantity("measure", 0, 1),
    "index": Quantity("measure", 0, 1),
    "drift": Quantity("drift", -360, 360, "°", 1),
    "cooperation": Quantity("play", 0, 1),
    "attainment": Quantity("play", 0, 1),
    "payoff": Quantity("play", digits=1),
    "max_failure": Quantity("count", 0, 1, digits=3),
    "min_participants": Quantity("count", 0, digits=0),
    "min_administrations": Quantity("count", 0, digits=0),
}
OF_A_VALUE = ("deviation", "value_rationality", "value_rationality_corrected", "in_category_share")
"""What compares behaviour with the value that was given."""
OF_EVERYBODY = ("cooperation", "payoff", "max_failure", "min_participants")
"""What has a meaning over cells with different orientations."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is wanted: values from low to high, ends included; an end that is None is open."""

    low: float | None
    high: float | None

    def told(self, quantity: Quantity) -> str:
        """The range in words."""
        if self.low is None or self.high is None:
            bound, word = (self.high, "most") if self.low is None else (self.low, "least")
            assert bound is not None
            return f"at {word} {quantity.limit(bound)}"
        return f"{self.low:g} to {quantity.limit(self.high)}"

    @property
    def limits(self) -> int:
        """How many ends are not open."""
        return (self.low is not None) + (self.high is not None)

    def verdict(self, low: float, high: float) -> Verdict:
        """The verdict on an interval."""
        least, most = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        if high < least or low > most:
            return Verdict.FAIL
        return Verdict.PASS if least <= low and high <= most else Verdict.UNDECIDED

    def narrowing(self, estimates: tuple[float, float], low: float, high: float) -> float:
        """How many times narrower an undecided interval must be to fall on one side; infinite if no width will do.

        estimates: the estimate twice, or the two that failed replies leave it between: each end of the interval is as
        far from its own. No width will do where an estimate lies on a limit, or a limit between the two.
        """
        least, most = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        lower, upper = estimates
        if upper < least:
            return (high - upper) / (least - upper)
        if lower > most:
            return (lower - low) / (lower - most)
        sides = [(lower - low, lower - least)] if low < least else []
        sides += [(high - upper, most - upper)] if high > most else []
        return max(half / room if room > 0 else math.inf for half, room in sides)

    def more_of_a_share(self, share: float, low: float, high: float) -> float:
        """How many times as many units decide the same share, by Wilson's interval; infinite if no number will do.

        Wilson's interval over n units ends at w where n (share − w)² = z² w (1 − w).
        """
        least, most = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        if share < least:
            open_limits = [least]
        elif share > most:
            open_limits = [most]
        else:
            open_limits = [limit for limit in (least, most) if low < limit < high]
        end = low if 0 < low < share else high
        now = end * (1 - end) / (share - end) ** 2
        return max(
            math.inf if share == limit else limit * (1 - limit) / (share - limit) ** 2 / now for limit in open_limits
        )

    def room(self, estimates: tuple[float, float], ends: tuple[float, float]) -> float:
        """The share of units that may lie at an end of the scale before a mean on which the others agree is undecided.

        estimates: as for `narrowing`.  ends: of the scale; infinite where they are not known, which leaves no room.
        """
        (lower, upper), (least, most) = estimates, ends
        shares = [1.0]
        if self.low is not None and upper < self.low:
            shares.append((self.low - upper) / (most - upper))
        elif self.low is not None and least < self.low:
            shares.append((lower - self.low) / (lower - least))
        if self.high is not None and lower > self.high:
            shares.append((lower - self.high) / (lower - least))
        elif self.high is not None and most > self.high:
            shares.append((self.high - upper) / (most - upper))
        return max(0.0, min(shares))


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is wanted of the cells it selects.

    name: what it is called.  key: what it stands under in its file; "" in a list, where `where` alone selects.
    where: by selector, the words that a cell's own must be among.
    quantity: a key of `QUANTITIES`.  measure: None for the run's first.  confidence: of the interval it is judged by.
    """

    name: str
    key: str
    where: Mapping[str, tuple[str, ...]]
    quantity: str
    wanted: Range
    phase: str = "before"
    measure: str | None = None
    confidence: float = 0.95

    @property
    def about(self) -> Quantity:
        """What is known of its quantity."""
        return QUANTITIES[self.quantity]

    @property
    def inferred(self) -> bool:
        """Whether it is judged by an interval."""
        return self.about.kind != "count"

    @property
    def of_a_share(self) -> bool:
        """Whether its interval is Wilson's, of a share of yes and no."""
        return self.quantity.endswith("_share")

    @property
    def subject(self) -> str:
        """The quantity in words, with the phase where it has one."""
        words = self.quantity.replace("_", " ")
        words = {"max_failure": "failed share"}.get(self.quantity, words.removeprefix("min "))
        said = f"{self.measure} {words}" if self.measure else words
        phased = self.about.kind == "measure" or self.quantity.startswith("min_")
        return f"{said} {self.phase}" if phased else said

    def idle(self, cells: Iterable[Mapping[str, Any]]) -> tuple[str, str, list[str]] | None:
        """A word of `where` that means no cell beside the other selectors, as it may be misspelt; None without any.

        Its selector, the word, and the words that would mean one.
        """
        there = list(cells)
        for name, words in self.where.items():
            others = {other: meant for other, meant in self.where.items() if other != name}
            fitting = [cell for cell in there if all(str(cell[other]) in meant for other, meant in others.items())]
            known = list(dict.fromkeys(str(cell[name]) for cell in fitting or there))
            for word in words:
                if word not in known:
                    return name, word, known
        return None

    def selects(self, cell: Mapping[str, Any], studied: bool) -> bool:
        """Whether a cell is meant.

        Its own name, or `where` alone, means a cell whatever it is. The other keys mean who is studied, and the keys of
        orientations and figures of a pursued value mean cells with an induction only.
        studied: whether the cell is of who is studied.
        """
        if not all(str(cell[name]) in words for name, words in self.where.items()):
            return False
        if not self.key or self.key == cell["cell"]:
            return True
        if self.key in (EVERYBODY, EACH):
            return studied and (cell["induction"] != NONE or self.quantity not in OF_A_VALUE)
        orientation, induction = str(cell["orientation"]), str(cell["induction"])
        return studied and induction != NONE and self.key in (orientation, f"{orientation}/{induction}")
