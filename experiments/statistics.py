"""Intervals over a run. The units that are resampled are participants or groups, never decisions.

Intervals are expanded percentile bootstraps (Hesterberg 2015); with units of several values each, whole units
are resampled (Davison & Hinkley 1997, section 3.8), and the mean of a resample is its sum over its count. Shares of
yes and no have Wilson's interval instead. docs/statistics.md says how often each of them covers the truth.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from games.errors import SettingError, whole

FEWEST_UNITS = 5
"""Below this many units a bootstrap interval says nothing: its coverage falls far short of what it claims."""

_HELD = 1_000_000
"""How many weights are numbers at once; bounds memory where units are many."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval.

    low, high: None where fewer than FEWEST_UNITS units leave no interval.
    units: how many were resampled.  unit: what they are.
    """

    estimate: float | None
    low: float | None
    high: float | None
    units: int
    unit: str


@dataclass(frozen=True)
class Resampling:
    """How intervals are made. Raises SettingError for fewer than 100 resamples, or a confidence outside (0, 1)."""

    resamples: int = 2000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        whole("statistics", "resamples", self.resamples, 100)
        if not isinstance(self.confidence, float) or not 0 < self.confidence < 1:
            raise SettingError(f"statistics: confidence={self.confidence} must lie between 0 and 1")

    def weights(self, units: int, size: int, stream: int = 0) -> Iterator[NDArray[np.float64]]:
        """How often each unit stands in each resample: blocks of shape (some resamples, units), one after the other.

        size: how many numbers a caller makes of each resample; the more, the fewer resamples a block holds.
        stream: resamples of another stream are independent of these.
        """
        counts = _counts(self.seed, units, self.resamples, stream)
        step = max(1, _HELD // max(units, size))
        for start in range(0, self.resamples, step):
            yield counts[start : start + step].astype(np.float64)

    def tail(self, units: int) -> float:
        """The share of resamples beyond either end of an interval over so many units.

        Plain percentiles are too narrow for few units; the expanded ones carry Student's t and the n − 1 of a variance
        over: Φ(−√(n / (n − 1)) t) with n − 1 degrees of freedom (Hesterberg 2015, The American Statistician 69,
        371–386).
        """
        quantile = stats.t.ppf((1 + self.confidence) / 2, units - 1)
        return float(stats.norm.cdf(-np.sqrt(units / (units - 1)) * quantile))

    def limits(self, resampled: NDArray[np.float64], units: int) -> tuple[float, float] | tuple[None, None]:
        """The expanded percentile interval over finite resampled values, shape (resamples,)."""
        finite = resampled[np.isfinite(resampled)]
        if units < FEWEST_UNITS or finite.size < self.resamples / 2:
            return None, None
        tail = self.tail(units)
        low, high = np.quantile(finite, [tail, 1 - tail])
        return float(low), float(high)

    def mean(self, values: ArrayLike, units: ArrayLike, unit: str) -> Interval:
        """The mean of values, with units resampled whole.

        values: shape (n,); NaN counts as missing.  units: shape (n,), which unit each value belongs to.
        unit: the word for them.
        """
        numbers = np.asarray(values, dtype=np.float64)
        known = np.isfinite(numbers)
        if not known.any():
            return Interval(None, None, None, 0, unit)
        _, member = np.unique(np.asarray(units)[known], return_inverse=True)
        found = self.pooled(np.bincount(member, weights=numbers[known]), np.bincount(member), unit)
        return replace(found, estimate=float(numbers[known].mean()))

    def pooled(self, sums: ArrayLike, counts: ArrayLike, unit: str) -> Interval:
        """The same from each unit's sum of values and count of them, both of shape (units,), every count above 0."""
        total, many = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
        # Not `@`: its threads cost more than they save on products this thin, ten times so on a busy machine.
        means = [
            np.einsum("ij,j", weights, total) / np.einsum("ij,j", weights, many)
            for weights in self.weights(len(total), 1)
        ]
        low, high = self.limits(np.concatenate(means), len(total))
        return Interval(float(total.sum() / many.sum()), low, high, len(total), unit)

    def share(self, flags: ArrayLike, units: ArrayLike, unit: str) -> Interval:
        """A share of yes and no with Wilson's interval (Wilson 1927, JASA 22, 209–212), which is never of no width.

        flags: shape (n,), 0 or 1; NaN counts as missing.  units: shape (n,), which unit each belongs to.

        With one flag a unit its n is the number of units. With several, n is the effective number p (1 − p) / v, where
        v is the variance of the share over units, times (z / t)² with Student's t of units − 1 degrees of freedom, and
        at most the number of flags (Korn & Graubard 1998, Survey Methodology 24, 193–201; with Wilson's interval Dean &
        Pagano 2015, Journal of Survey Statistics and Methodology 3, 484–503). Where units do not differ, v is 0 and
        says nothing: n is then the number of units.
        """
        numbers = np.asarray(flags, dtype=np.float64)
        known = np.isfinite(numbers)
        if not known.any():
            return Interval(None, None, None, 0, unit)
        _, member = np.unique(np.asarray(units)[known], return_inverse=True)
        total, many = np.bincount(member, weights=numbers[known]), np.bincount(member)
        count, found = len(total), float(numbers[known].mean())
        if count < FEWEST_UNITS:
            return Interval(found, None, None, count, unit)
        z = float(stats.norm.ppf((1 + self.confidence) / 2))
        n = _effective(total, many, found, z / float(stats.t.ppf((1 + self.confidence) / 2, count - 1)))
        middle = (found + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(found * (1 - found) / n + z * z / (4 * n * n))
        # At 0 and 1 the formula ends there exactly; rounding must not.
        low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
        return Interval(found, min(low, found), max(high, found), count, unit)

    def difference(self, values: ArrayLike, first: ArrayLike, units: ArrayLike, unit: str) -> Interval:
        """The mean of the first side less the mean of the second, with units resampled whole.

        values: shape (n,); NaN counts as missing.  first: shape (n,), true where a value is of the first side.
        units: shape (n,).  Where any unit has values of both sides, units are resampled with all that is in them, so
        that what its members share cancels; `units` is then the smaller number of units that a side has. Otherwise the
        sides are independent: each is resampled by itself, with its spread expanded and the degrees of freedom of
        Welch (1947, Biometrika 34, 28–35), and `units` counts those of both.
        None for low and high where a side has fewer than FEWEST_UNITS units.
        """
        numbers, side = np.asarray(values, dtype=np.float64), np.asarray(first, dtype=bool)
        known = np.isfinite(numbers)
        numbers, side = numbers[known], side[known]
        if not side.any() or side.all():
            return Interval(None, None, None, 0, unit)
        _, member = np.unique(np.asarray(units)[known], return_inverse=True)
        sums, counts = (
            np.stack([np.bincount(member, weights=what * where, minlength=member.max() + 1) for where in (side, ~side)])
            for what in (numbers, np.ones_like(numbers))
        )
        estimate = float(numbers[side].mean() - numbers[~side].mean())
        has = counts > 0
        fewest = int(has.sum(axis=1).min())
        if (has[0] & has[1]).any():
            means = self._means(sums, counts)
            low, high = self.limits(means[0] - means[1], fewest)
            return Interval(estimate, low, high, fewest, unit)
        total = int(has.sum())
        if fewest < FEWEST_UNITS:
            return Interval(estimate, None, None, total, unit)
        low, high = self._apart(sums, counts, estimate)
        return Interval(estimate, low, high, total, unit)

    def _means(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Resampled means of both sides, NaN where a side is missing from a resample; sums and counts (2, units)."""
        made = []
        for weights in self.weights(sums.shape[1], 4):
            total, many = (np.einsum("ij,kj->ki", weights, each) for each in (sums, counts))
            made.append(np.where(many > 0, total / np.maximum(many, 1), np.nan))
        return np.concatenate(made, axis=1)

    def _apart(self, sums: NDArray[np.float64], counts: NDArray[np.float64], estimate: float) -> tuple[float, float]:
        """The interval of a difference between two sides that share no unit."""
        moved, spread, freedom = np.zeros(self.resamples), 0.0, 0.0
        for number, sign in ((0, 1.0), (1, -1.0)):
            mine = counts[number] > 0
            total, many, units = sums[number][mine], counts[number][mine], int(mine.sum())
            # A stream of its own for each side: the same resamples on both would make them move together.
            blocks = self.weights(units, 1, number)
            means = np.concatenate([np.einsum("ij,j", w, total) / np.einsum("ij,j", w, many) for w in blocks])
            away = np.sqrt(units / (units - 1)) * (means - total.sum() / many.sum())
            moved += sign * away
            spread += away.var()
            freedom += away.var() ** 2 / (units - 1)
        if spread == 0:
            return estimate, estimate
        quantile = stats.t.ppf((1 + self.confidence) / 2, spread**2 / freedom)
        tail = float(stats.norm.cdf(-quantile))
        low, high = np.quantile(estimate + moved, [tail, 1 - tail])
        return float(low), float(high)

    def correlation(self, x: ArrayLike, y: ArrayLike, units: ArrayLike, unit: str) -> Interval:
        """Pearson's r of x and y, each of shape (n,), with units resampled whole; pairs with NaN are left out."""
        first, second, member = _paired(x, y, units)
        if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
            return Interval(None, None, None, len(np.unique(member)), unit)
        count = int(member.max()) + 1
        resampled = self._resampled(lambda weights: _pearson(weights, first, second), member)
        low, high = self.limits(resampled, count)
        estimate = float(_pearson(np.ones((1, len(first))), first, second)[0])
        return Interval(estimate, low, high, count, unit)

    def line(
        self, x: ArrayLike, y: ArrayLike, units: ArrayLike, grid: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
        """The least-squares line of y on x over a grid, and its pointwise interval: fitted, low, high, as the grid.

        None where fewer than three pairs or a single x leave no line; low and high are NaN where the units leave no
        interval.
        """
        first, second, member = _paired(x, y, units)
        points = np.asarray(grid, dtype=np.float64)
        if len(first) < 3 or np.ptp(first) == 0:
            return None
        count = int(member.max()) + 1
        fitted = _lines(np.ones((1, len(first))), first, second, points)[0]
        if count < FEWEST_UNITS:
            return fitted, np.full_like(fitted, np.nan), np.full_like(fitted, np.nan)
        lines = self._resampled(lambda weights: _lines(weights, first, second, points), member)
        tail = self.tail(count)
        low, high = np.nanquantile(lines, [tail, 1 - tail], axis=0)
        return fitted, low, high

    def _resampled(
        self, statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]], member: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """A statistic of values, resampled. It takes weights of the values, shape (some resamples, n).

        member: shape (n,), the number of each value's unit.
        """
        blocks = self.weights(int(member.max()) + 1, len(member))
        return np.concatenate([statistic(weights[:, member]) for weights in blocks])


@lru_cache(maxsize=2)
def _counts(seed: int, units: int, resamples: int, stream: int) -> NDArray[np.uint8]:
    """How often each unit stands in each resample, shape (resamples, units).

    Drawn once for the many figures over the same number of units. A byte holds a count: that one unit of more than 255
    is drawn 256 times has a chance below 1 in 10⁵⁰⁰.
    """
    rng = np.random.default_rng([seed, units, stream] if stream else [seed, units])
    even = np.full(units, 1 / units)
    found = np.empty((resamples, units), dtype=np.uint8)
    step = max(1, _HELD // units)
    for start in range(0, resamples, step):
        found[start : start + step] = rng.multinomial(units, even, size=min(step, resamples - start))
    return found


def _effective(total: NDArray[np.float64], many: NDArray[np.intp], share: float, narrowing: float) -> float:
    """The number of independent flags that a share over units is worth; see `Resampling.share`.

    total, many: each unit's flags that are 1, and all of them.  narrowing: z / t.
    """
    units = len(total)
    if many.max() == 1:
        return float(units)
    variance = units / (units - 1) * float(((total - share * many) ** 2).sum()) / float(many.sum()) ** 2
    if variance == 0:
        return float(units)
    return min(share * (1 - share) / variance * narrowing**2, float(many.sum()))


def _paired(
    x: ArrayLike, y: ArrayLike, units: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    known = np.isfinite(first) & np.isfinite(second)
    _, member = np.unique(np.asarray(units)[known], return_inverse=True)
    return first[known], second[known], member


def _moments(
    weights: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    total = weights.sum(axis=1)
    mean_x, mean_y = weights @ x / total, weights @ y / total
    xx = weights @ (x * x) / total - mean_x**2
    yy = weights @ (y * y) / total - mean_y**2
    xy = weights @ (x * y) / total - mean_x * mean_y
    return mean_x, mean_y, xx, yy, xy


def _pearson(weights: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    _, _, xx, yy, xy = _moments(weights, x - x.mean(), y - y.mean())
    # A resample in which a variable does not vary has no correlation.
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.where((xx > 1e-12) & (yy > 1e-12), xy / np.sqrt(xx * yy), np.nan)
    return found


def _lines(
    weights: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    centre = x.mean()
    mean_x, mean_y, xx, _, xy = _moments(weights, x - centre, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(xx > 1e-12, xy / xx, np.nan)
    found: NDArray[np.float64] = mean_y[:, None] + slope[:, None] * (grid[None, :] - centre - mean_x[:, None])
    return found
