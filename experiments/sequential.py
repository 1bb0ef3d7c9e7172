"""Sampling until an interval is narrow enough: when a cell's measure has been repeated often enough.

The unit is a repetition: one administration to every participant of a cell. Given these participants, repetitions are
independent draws, and the figure is the mean over them. The interval is about these participants, so it shrinks with
repetitions; one over a population of participants, as the bootstrap interval of the summary is, does not.

Who looks at an ordinary interval until it is narrow enough stops when it happens to be too narrow; where the first few
administrations agree it is a point. Rules with a normal approximation (Chow & Robbins 1965, "On the asymptotic theory
of fixed-width sequential confidence intervals for the mean", Annals of Mathematical Statistics 36, 457–462) keep their
coverage only as the width goes to 0, and lose it where a rare lapse has not been seen yet.

The interval here is a confidence sequence: with the probability `confidence` it holds the mean after every repetition
at once, so also after the one that a person, or a rule, stops at. It assumes nothing but the ends of the scale. It is
the hedged betting interval of Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by betting",
Journal of the Royal Statistical Society B 86, 1–27: a mean m is left out as soon as a bettor on "more than m", or on
"less than m", has made 2 / (1 − confidence) out of 1 (Ville's inequality). What that costs is repetitions: where all
values agree, some ln(2 / (1 − confidence)) / (2 half_width) administrations, 92 for ±0.02, over all participants.

Two things are ours. Participants differ, and what they differ by must not count as noise: value x of participant i is
taken as z = x − cᵢ + c, with cᵢ what i is expected to answer from its earlier repetitions, and c the mean of all cᵢ.
The bets of one repetition, 1 + λ(z − m) for everybody with the same λ, stay fair: participants answer independently, so
the expectation of their product is the product of 1 + λ((μᵢ − cᵢ) − (m − c)), which for the mean m of all μᵢ is at most
1, as a product is at most the power of its mean (AM–GM). Where replies fail, the same holds for every number of
participants left (Maclaurin's inequality), if failures strike everybody alike; a failed administration is no value.
And λ is the one that gains most against means as far away as the half-width wanted, since the interval serves to stop.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, unknown, whole
from games.rationality import MEASURE, attainable_angles, value_rationality
from sim.records import Scored

QUANTITIES = ("value_rationality", "angle")

_STAKE = 0.9
"""The largest part of the capital that may be lost in one bet; all of it could never be won back."""
_HALVINGS = 30
"""Bisections of the scale: to a billionth of it."""


@dataclass(frozen=True)
class Stop:
    """When to stop. `looks` are the repetitions after which the interval is looked at.

    half_width: half the length of the interval that is narrow enough, in units of the quantity.
    quantity: "value_rationality" (0 to 1) or "angle" (degrees), both of the slider.

    Raises SettingError for values that cannot be used.
    """

    half_width: float
    confidence: float = 0.95
    max_repetitions: int = 50
    min_repetitions: int = 5
    quantity: str = "value_rationality"

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise unknown("stop.quantity", self.quantity, QUANTITIES)
        above("stop", "half_width", self.half_width, 0)
        low, high = self.scale
        if self.half_width >= (high - low) / 2:
            raise SettingError(
                f"stop: half_width={self.half_width} is no narrower than the whole scale of {self.quantity}, "
                f"{low:g} to {high:.4g}; take less than {(high - low) / 2:.4g}"
            )
        if not isinstance(self.confidence, float) or not 0 < self.confidence < 1:
            raise SettingError(f"stop: confidence={self.confidence} must lie between 0 and 1, such as 0.95")
        whole("stop", "min_repetitions", self.min_repetitions, 1)
        whole("stop", "max_repetitions", self.max_repetitions, 1)
        if self.max_repetitions < self.min_repetitions:
            raise SettingError(
                f"stop: max_repetitions={self.max_repetitions} is below min_repetitions={self.min_repetitions}; "
                "raise the one or lower the other"
            )

    @property
    def scale(self) -> tuple[float, float]:
        """The ends of the quantity's scale."""
        return (0.0, 1.0) if self.quantity == "value_rationality" else attainable_angles()

    def looks(self) -> Iterator[int]:
        """Repetitions done at each look: the least, then a tenth more each time, so that calls can go side by side."""
        done = self.min_repetitions
        while done < self.max_repetitions:
            yield done
            done += max(1, done // 10)
        yield self.max_repetitions

    def interval(self, values: ArrayLike) -> tuple[float, float] | None:
        """The interval after these repetitions, in units of the quantity; None without any value.

        values: shape (repetitions, participants); NaN where an administration gave none.
        """
        given = np.asarray(values, dtype=np.float64)
        if not np.isfinite(given).any():
            return None
        low, high = self.scale
        least, most = confidence_sequence((given - low) / (high - low), self.confidence, self.half_width / (high - low))
        return low + float(least) * (high - low), low + float(most) * (high - low)

    def narrow(self, values: ArrayLike) -> bool:
        """Whether the interval after these repetitions is narrow enough, and they are enough to stop."""
        found = self.interval(values)
        if found is None or len(np.asarray(values)) < self.min_repetitions:
            return False
        return (found[1] - found[0]) / 2 <= self.half_width

    def fewest(self, participants: int) -> int | None:
        """After how many repetitions a cell stops in which all values agree; None where not even such a cell does."""
        best = np.full((self.max_repetitions, participants), self.scale[1])
        return next((done for done in self.looks() if self.narrow(best[:done])), None)

    def out_of_reach(self, participants: Mapping[str, int]) -> str | None:
        """What to say of cells, by their sizes, in which not even values that all agree would do; None without any."""
        small = [cell for cell, many in participants.items() if self.fewest(many) is None]
        if not small:
            return None
        return (
            f"stop: half_width={self.half_width:g} is out of reach within max_repetitions={self.max_repetitions}, even "
            f"if all values agree, in {', '.join(small)}; allow more repetitions, a wider interval or more participants"
        )


@dataclass(frozen=True)
class Bets:
    """The bets on "more than m" that values settle, for every m.

    z: values without what participants differ by.  known: where there is one; both of shape (…, repetitions, n).
    stake: λ where the capital allows it.  beyond: how far z may fall below 0; both of shape (…, repetitions, 1).
    """

    z: NDArray[np.float64]
    known: NDArray[np.bool_]
    stake: NDArray[np.float64]
    beyond: NDArray[np.float64]

    def capital(self, m: NDArray[np.float64]) -> NDArray[np.float64]:
        """The logarithm of what they have made of 1, shape (…); it falls as m, of that shape, grows."""
        against = m[..., None, None]
        bet = np.minimum(self.stake, _STAKE / np.maximum(self.beyond + against, 1e-12))
        won: NDArray[np.float64] = np.where(self.known, np.log1p(bet * (self.z - against)), 0.0).sum(axis=(-2, -1))
        return won

    def refuted(self, wanted: float) -> NDArray[np.float64]:
        """The m below which every mean has made so much (a logarithm), by bisection; 0 where none has."""
        low, high = np.zeros(self.z.shape[:-2]), np.ones(self.z.shape[:-2])
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            made = self.capital(middle) >= wanted
            low, high = np.where(made, middle, low), np.where(made, high, middle)
        return low


def bets(values: ArrayLike, half_width: float) -> tuple[Bets, Bets]:
    """The bets on more than m, and those on less, which are bets on 1 − values being more than 1 − m.

    values, half_width and errors as for `confidence_sequence`.
    """
    x = np.asarray(values, dtype=np.float64)
    if ((x < -1e-9) | (x > 1 + 1e-9)).any():
        raise ValueError(f"values lie on [0, 1], but these run from {np.nanmin(x):g} to {np.nanmax(x):g}")
    known = np.isfinite(x)
    expected, mean, variance = _foreseen(x, known)
    centre = expected.mean(axis=-1, keepdims=True)
    z = np.where(known, x, expected) - expected + centre
    # An interval cannot grow beyond the scale; where it would, its other end may be farther away.
    down, up = (np.maximum(half_width, 2 * half_width - room) for room in (1 - mean, mean))
    return (
        Bets(z, known, _stakes(down, variance), expected.max(axis=-1, keepdims=True) - centre),
        Bets(1 - z, known, _stakes(up, variance), centre - expected.min(axis=-1, keepdims=True)),
    )


def confidence_sequence(
    values: ArrayLike, confidence: float, half_width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lower and the upper end for the mean over participants: shape (…, repetitions, participants) → (…).

    values: on [0, 1], NaN where missing.  half_width: what the bets are tuned to; any value keeps the coverage.
    Valid after any number of repetitions at once. Raises ValueError for values off [0, 1].
    """
    more, less = bets(values, half_width)
    wanted = math.log(2 / (1 - confidence))
    low, high = more.refuted(wanted), 1 - less.refuted(wanted)
    # The bets weigh repetitions by what they knew, the estimate does not: it may lie outside, if hardly ever.
    x = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        estimate = np.nansum(x, axis=(-2, -1)) / more.known.sum(axis=(-2, -1))
    return np.fmin(low, estimate), np.fmax(high, estimate)


def _foreseen(x: NDArray[np.float64], known: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """What the repetitions before each one say: of each participant's value, of the mean, and of the variance.

    A participant's earlier values are joined by one that is the cell's mean; the mean's by one of 1/2, and the squared
    distances from what was expected by one of 1/4, the largest variance on the scale.
    """
    seen = np.where(known, x, 0.0)
    sums, counts = _before(seen), _before(known.astype(np.float64))
    many = counts.sum(axis=-1, keepdims=True)
    total = sums.sum(axis=-1, keepdims=True)
    mean = np.where(many > 0, total / np.maximum(many, 1), 0.5)
    expected = (mean + sums) / (1 + counts)
    # Before the first values nothing is expected of anybody; these vary around their own mean.
    own = seen.sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    distance = seen - np.where(many > 0, expected, own)
    squared = _before(np.where(known, distance**2, 0.0).sum(axis=-1, keepdims=True))
    return expected, (0.5 + total) / (1 + many), (0.25 + squared) / (1 + many)


def _before(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over earlier repetitions: shape (…, repetitions, n), as given."""
    return np.cumsum(values, axis=-2) - values


def _stakes(distance: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The λ that gains most, to second order, against a mean that far away; 0 where nothing is known yet."""
    stakes = distance / (variance + distance**2)
    stakes[..., 0, :] = 0.0
    return stakes


class Values:
    """The values of one measure in one phase, as they come in."""

    def __init__(self, quantity: str, phase: str) -> None:
        self._quantity, self._phase = quantity, phase
        self._cells: dict[str, dict[tuple[int, int], float]] = {}

    def take(self, record: object) -> None:
        """Note a record if it is an administration of the measure in this phase."""
        if isinstance(record, Scored) and record.measure == MEASURE and record.occasion.phase == self._phase:
            cell = self._cells.setdefault(record.member.cell, {})
            cell[record.occasion.repetition, record.participant] = _value(record, self._quantity)

    def of(self, cell: str) -> NDArray[np.float64]:
        """A cell's values, shape (repetitions, participants): repetitions that everybody has gone through."""
        return table(self._cells.get(cell, {}))


def _value(record: Scored, quantity: str) -> float:
    """The value of an administration; NaN for one that gave none."""
    if record.score.angle is None:
        return np.nan
    if quantity == "angle":
        return record.score.angle
    return float(value_rationality(record.score.angle, record.member.orientation))


def table(values: Mapping[tuple[int, int], float]) -> NDArray[np.float64]:
    """Values by repetition (from 1) and participant, as far as everybody has one: shape (repetitions, participants)."""
    who = sorted({participant for _, participant in values})
    rows = list[list[float]]()
    while who and all((len(rows) + 1, participant) in values for participant in who):
        rows.append([values[len(rows) + 1, participant] for participant in who])
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(who))
