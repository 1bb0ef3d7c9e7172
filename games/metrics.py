"""What a play is summed up by. Each metric has one definition, and this is its place.

Cooperation of an act is defined by its game, attainment in `games.rationality`. None: there is no such number.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def efficiency(total: float, benchmark: float) -> float | None:
    """What the group earned as a share of what it could: total / benchmark, at most 1.

    total: points of all players together over the span that is looked at.  benchmark: the social optimum over the same
    span; of a common stock the sustainable harvest of every round, which makes it GovSim's efficiency
    1 − max(0, T f(0) − ΣR) / (T f(0)) (Piatti et al. 2024, arXiv 2404.16698). Below 0 where the group lost points.
    None where the benchmark is not above 0.
    """
    return min(1.0, total / benchmark) if benchmark > 0 else None


def gini(points: ArrayLike) -> float | None:
    """The Gini coefficient Σᵢ Σⱼ |xᵢ − xⱼ| / (2 n Σ x) of points, shape (n,): 0 where all have the same.

    None where the points are not above 0 altogether, or anybody's are below 0: it would not lie on [0, 1].
    """
    held: NDArray[np.float64] = np.asarray(points, dtype=np.float64)
    if held.sum() <= 0 or held.min() < 0:
        return None
    return float(np.abs(held[:, None] - held[None, :]).sum() / (2 * len(held) * held.sum()))


def equality(points: ArrayLike) -> float | None:
    """1 − Gini of the players' points; None as there (Piatti et al. 2024)."""
    found = gini(points)
    return None if found is None else 1.0 - found


def over_usage(harvests: ArrayLike, sustainable: ArrayLike) -> float | None:
    """The share of harvests above the sustainable share (Piatti et al. 2024).

    harvests: what each player received in each month, shape (months, n).  sustainable: the greatest sustainable harvest
    of all together in each month, f(t), shape (months,). None without a month.
    """
    taken = np.asarray(harvests, dtype=np.float64)
    if not taken.size:
        return None
    return float((taken > np.asarray(sustainable, dtype=np.float64)[:, None] / taken.shape[1]).mean())


def survival_time(collapsed: Sequence[bool]) -> int:
    """Months until the collapse, the one in which it came included; all months where there was none.

    collapsed: for each month played, whether the stock was gone after it.
    """
    months = list(collapsed)
    return months.index(True) + 1 if True in months else len(months)


def survives(collapsed: Sequence[bool], months: int) -> bool:
    """Whether there was a stock to the last of so many months: the survival rate is the share of groups that do.

    What is left after the last month does not count (Piatti et al. 2024: the longest survival time is reached).
    """
    return survival_time(collapsed) == months


def reciprocity(own: ArrayLike, others_before: ArrayLike, participants: ArrayLike) -> float | None:
    """By how much own cooperation rises with the others' of the round before: a slope within participants.

    own: cooperation on [0, 1] in a round. others_before: mean cooperation of the others whom the participant met in
    the round before. participants: who. All of shape (n,). Ordinary least squares after each participant's means are
    taken off (fixed effects), so that cooperative people among cooperative people do not count as reciprocal; the
    slope of conditional cooperation (Fischbacher, Gächter & Fehr 2001, Economics Letters 71, 397–404). 1 is matching,
    0 no answer, below 0 the opposite. None where the others' cooperation does not vary within any participant.
    """
    y, x = np.asarray(own, dtype=np.float64), np.asarray(others_before, dtype=np.float64)
    known = np.isfinite(y) & np.isfinite(x)
    if not known.any():
        return None
    _, member = np.unique(np.asarray(participants)[known], return_inverse=True)
    y, x, count = y[known], x[known], np.bincount(member)
    x = x - (np.bincount(member, weights=x) / count)[member]
    y = y - (np.bincount(member, weights=y) / count)[member]
    spread = float(x @ x)
    return float(x @ y) / spread if spread > 1e-12 else None
