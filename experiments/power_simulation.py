"""The power of a comparison between two cells, by simulating the study many times and testing each.

The test is that of a run's summary (`experiments.comparison_tests.permutation_test`): labels are exchanged between
units, and the statistic is the difference of means over its standard error. Here all studies are tested at once, with
at most ARRANGEMENTS arrangements each, which cost a little power and keep the level (Phipson & Smyth 2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.respondents import Respondents
from games.errors import SettingError, whole
from games.randomness import stream

type Floats = NDArray[np.float64]

ARRANGEMENTS = 999
_TIE = 1e-9
_TOGETHER = 25
"""Studies tested over the same arrangements: the luck of one draw of these must not decide over all studies."""


@dataclass(frozen=True)
class Planned:
    """One size of study, two cells alike.

    power, low, high: share of simulated studies that found a difference, and its 95 % interval by Wilson (1927), which
    is the simulation's error.  sd: of a cell's mean by the design formula.
    """

    participants: int
    repetitions: int
    power: float
    low: float
    high: float
    sd: float


def plan(
    respondents: Respondents,
    participants: Sequence[int],
    repetitions: Sequence[int],
    level: float = 0.05,
    studies: int = 1000,
    seed: int = 1,
) -> list[Planned]:
    """Power for each number of participants in a cell and of repetitions.

    Smaller studies are parts of the larger ones, so that sizes are compared on the same draws.
    Raises SettingError for numbers that no study can have, and a level outside (0, 1).
    """
    for name, numbers, least in (("participants", participants, 2), ("repetitions", repetitions, 1)):
        for number in numbers:
            whole("power", name, number, least)
    whole("power", "simulations", studies, 100)
    if not 0 < level < 1:
        raise SettingError(f"power: alpha={level} must lie between 0 and 1")
    values = respondents.draw(stream(seed, "power"), studies, max(participants), max(repetitions))
    made = []
    for repeated in sorted(set(repetitions)):
        some = values[..., :repeated]
        known = np.isfinite(some)
        count = known.sum(axis=-1)
        means = np.divide(
            np.where(known, some, 0).sum(axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0
        )
        for number in sorted(set(participants)):
            found = int((p_values(means[0, :, :number], means[1, :, :number], seed) <= level).sum())
            limits = stats.binomtest(found, studies).proportion_ci(method="wilson")
            sd = float(np.sqrt(variance_of_mean(respondents, number, repeated)))
            made.append(Planned(number, repeated, found / studies, float(limits.low), float(limits.high), sd))
    return made


def variance_of_mean(respondents: Respondents, participants: int, repetitions: int) -> float:
    """The variance of a cell's mean: (σ_b² + σ_w² / r) / n.

    Repetitions divide the second part only, so they cannot replace participants (Raudenbush & Liu 2000, Psychological
    Methods 5, 199–213, for the same formula of persons within sites).
    """
    return (respondents.between + respondents.within / repetitions) / participants


def needed(respondents: Respondents, difference: float, repetitions: int, level: float, power: float) -> int | None:
    """Participants in a cell by the normal approximation: 2 (σ_b² + σ_w² / r) (z₁₋α/₂ + z_power)² / difference².

    None for a difference of 0.
    """
    if difference == 0:
        return None
    quantiles = float(stats.norm.ppf(1 - level / 2) + stats.norm.ppf(power))
    return max(2, int(np.ceil(2 * variance_of_mean(respondents, 1, repetitions) * quantiles**2 / difference**2)))


def p_values(first: Floats, second: Floats, seed: int = 0) -> Floats:
    """Two-sided p of many studies at once; first, second: shape (studies, units), NaN for a unit without a value.

    1 where a side has fewer than two units with a value.
    """
    found = np.ones(len(first))
    counts = np.stack([np.isfinite(one).sum(axis=1) for one in (first, second)], axis=1)
    for size in np.unique(counts, axis=0):
        left, right = int(size[0]), int(size[1])
        if min(left, right) < 2:
            continue
        mine = np.flatnonzero((counts == size).all(axis=1))
        # What is missing is put last, so that studies with as many values stand in one array.
        values = np.hstack([np.sort(one[mine], axis=1)[:, :many] for one, many in ((first, left), (second, right))])
        found[mine] = _judged(values, left, seed)
    return found


def _judged(values: Floats, first: int, seed: int) -> Floats:
    """p for studies of shape (studies, units), the first side first."""
    rng = stream(seed, "arrangements", values.shape[1], first)
    values = values - values.mean(axis=1, keepdims=True)
    blocks = [values[start : start + _TOGETHER] for start in range(0, len(values), _TOGETHER)]
    return np.concatenate([_block(block, first, rng) for block in blocks])


def _block(values: Floats, first: int, rng: np.random.Generator) -> Floats:
    """The same for a few studies, over the same arrangements."""
    labels, exact = _labels(values.shape[1], first, rng)
    spread = np.ptp(values, axis=1)[:, None]
    own = np.zeros((1, values.shape[1]))
    own[0, :first] = 1
    observed = _statistics(values, own, first, spread)
    extreme = (_statistics(values, labels, first, spread) >= observed * (1 - _TIE)).sum(axis=1)
    p: Floats = extreme / len(labels) if exact else (extreme + 1) / (len(labels) + 1)
    return p


def _statistics(values: Floats, labels: Floats, first: int, spread: Floats) -> Floats:
    """The size of the difference over its standard error, (studies, units) and (m, units) → (studies, m)."""
    second = values.shape[1] - first
    sums, squares = values @ labels.T, (values**2) @ labels.T
    all_squares = (values**2).sum(axis=1, keepdims=True)
    difference = np.abs(sums / first + sums / second)  # the values sum to 0
    error = (squares - sums**2 / first) / first**2 + (all_squares - squares - sums**2 / second) / second**2
    error = np.sqrt(np.maximum(error, 0))
    error[error <= 1e-7 * spread] = 0.0
    difference[difference <= _TIE * spread] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(difference == 0, 0.0, difference / error)
    return found


def _labels(units: int, first: int, rng: np.random.Generator) -> tuple[Floats, bool]:
    """Labels of the first side, shape (m, units), and whether they are all that there are."""
    if comb(units, first) <= ARRANGEMENTS:
        made = np.zeros((comb(units, first), units))
        for row, places in enumerate(combinations(range(units), first)):
            made[row, list(places)] = 1
        return made, True
    return rng.permuted(np.tile(np.arange(units) < first, (ARRANGEMENTS, 1)), axis=1).astype(np.float64), False
