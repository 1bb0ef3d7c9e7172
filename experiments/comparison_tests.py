"""Tests of differences between units: permutation tests, Holm's correction, equivalence, and letters for a ranking.

A unit is one number that is independent of the others: a participant, a group or an administration, never a decision.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.statistics import Interval

EXACT = 20_000
"""Up to this many arrangements all are gone through: two cells of 8 units have 12,870, 14 pairs have 16,384."""
PERMUTATIONS = 9_999
"""How many are drawn where there are more, and no other number is asked for."""
_HELD = 4_000_000
"""How many labels are held at once."""
_TIE = 1e-9
"""Relative to the spread of the values: sums in another order must not break a tie."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A difference and how often chance alone brings one as large.

    p: two-sided, None where nothing can be rearranged.  arrangements: how many were looked at.
    exact: whether these were all there are; otherwise p is (b + 1) / (m + 1) (Phipson & Smyth 2010, Statistical
    Applications in Genetics and Molecular Biology 9, article 39), which is never 0 and keeps the level.
    least_p: the least p that these units can reach, whatever the data. With few units it may lie above any level.
    """

    difference: float | None
    p: float | None
    arrangements: int
    exact: bool
    least_p: float | None


_NOTHING = Tested(None, None, 0, True, None)

type Sizes = tuple[tuple[int, int], ...]
"""Of each stratum: its units, and how many of them are of the first side."""


def drawn(units: int, family: int = 1) -> int:
    """How many arrangements of so many units are drawn: fewer of more than 400, to save time, but at least 999.

    family: how many tests are corrected together. The least p of each, times their number, stays below 0.025.
    """
    return max(min(PERMUTATIONS, max(999, _HELD // units)), 40 * family)


def permutation_test(
    values: ArrayLike,
    first: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    seed: int = 0,
    permutations: int | None = None,
) -> Tested:
    """Whether two sides differ: labels are exchanged between units (Fisher 1935; Pitman 1937).

    values: shape (n,), one for each unit; NaN counts as missing.  first: shape (n,), true for the first side.
    strata: shape (n,); labels are exchanged within a stratum only, and the difference is the mean over strata of the
    difference of the sides' means. A stratum without one of the sides says nothing and is left out.
    clusters: shape (n,); the difference is then divided by its standard error with units of a cluster together. The
    test stays exact where the two sides are alike in all, and comes to keep its level with many clusters where only
    their means are equal (Chung & Romano 2013, Annals of Statistics 41, 484–507; Wu & Ding 2021, JASA 116, 1898–1913).
    Each unit its own cluster: for unequal spreads. Units that shared a group: for those who influence one another.
    permutations: how many are drawn where there are more than EXACT; None for as many as `drawn` says.
    """
    numbers, side = np.asarray(values, dtype=np.float64), np.asarray(first, dtype=bool)
    layer = np.zeros(len(numbers), dtype=np.intp) if strata is None else _numbered(strata)
    known = np.isfinite(numbers)
    both = [level for level in np.unique(layer) if len(np.unique(side[known & (layer == level)])) == 2]
    known &= np.isin(layer, both)
    if not known.any():
        return _NOTHING
    # Strata one after the other, so that their labels stand in blocks.
    order = np.flatnonzero(known)[np.argsort(layer[known], kind="stable")]
    numbers, side, layer = numbers[order], side[order], layer[order]
    blocks = [np.flatnonzero(layer == level) for level in both]
    sizes = tuple((len(block), int(side[block].sum())) for block in blocks)
    cluster = None if clusters is None else _numbered(np.asarray(clusters)[order])
    observed = _statistics(side[None, :], numbers, blocks, cluster)
    step = max(1, _HELD // (20 * len(numbers)))
    ways = prod(comb(size, many) for size, many in sizes)
    exact = ways <= EXACT
    many = drawn(len(numbers)) if permutations is None else permutations
    arranged = [_every(sizes)] if exact else _drawn_labels(sizes, seed, many)
    found = np.concatenate(
        [
            _statistics(labels[at : at + step], numbers, blocks, cluster)
            for labels in arranged
            for at in range(0, len(labels), step)
        ]
    )
    plain = float(_statistics(side[None, :], numbers, blocks, None)[0])
    # Where both sides are of one size, exchanging them whole is as extreme again.
    mirrored = 2 if all(size == 2 * many for size, many in sizes) else 1
    return _judged(plain, float(observed[0]), found, exact, _least(mirrored, ways, len(found), exact=exact))


def paired_permutation_test(
    differences: ArrayLike, units: ArrayLike | None = None, *, seed: int = 0, permutations: int | None = None
) -> Tested:
    """Whether paired differences are symmetric about 0: their signs flip, unit by unit (Fisher 1935, section 21).

    differences: shape (n,); NaN counts as missing.  units: shape (n,); all differences of a unit flip together.
    permutations: as for `permutation_test`.
    """
    numbers = np.asarray(differences, dtype=np.float64)
    known = np.isfinite(numbers)
    if not known.any():
        return _NOTHING
    member = _numbered(np.arange(len(numbers)) if units is None else units)[known]
    sums = np.bincount(_numbered(member), weights=numbers[known]) / known.sum()
    exact = 2 ** len(sums) <= EXACT
    many = drawn(len(sums)) if permutations is None else permutations
    flipped = _every_sign(len(sums)) if exact else _drawn_signs(len(sums), seed, many)
    found = np.concatenate([np.einsum("ij,j", signs, sums) for signs in flipped])
    mean = float(sums.sum())
    return _judged(mean, mean, found, exact, _least(2, 2 ** len(sums), len(found), exact=exact))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p values corrected so that the chance of any false one in the family keeps the level.

    Step-down, as adjusted p values (Holm 1979, Scandinavian Journal of Statistics 6, 65–70). None stays None and does
    not count.
    """
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        corrected[place] = largest
    return corrected


def equivalent(found: Interval, margin: float | None) -> bool | None:
    """Whether a difference is shown to lie within ±margin, by two one-sided tests each at level α.

    found: its interval of confidence 1 − 2α, not 1 − α: both tests reject exactly where that lies within the margin
    (Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15, 657–680). Taken from the same resampled units
    as the difference itself, it holds for groups too, where Welch's t on participants would not.
    False is not shown, which is not shown to differ. None without a margin or an interval, and for an interval of no
    width: units that all say the same leave nothing to judge by how sure that is.
    Raises ValueError for a margin that is not above 0.
    """
    if margin is None or found.low is None or found.high is None:
        return None
    if margin <= 0:
        raise ValueError(f"margin={margin} must be above 0: a difference is never exactly nothing")
    if found.high - found.low <= _TIE * margin:
        return None
    return -margin < found.low and found.high < margin


def compact_letters[Name: Hashable](names: Sequence[Name], differing: Iterable[Collection[Name]]) -> dict[Name, str]:
    """Letters for each row of a ranking: two rows share a letter exactly where they do not differ.

    names: the rows in their order; letters are given from the top.  differing: pairs that differ.
    Insert and absorb (Piepho 2004, Journal of Computational and Graphical Statistics 13, 456–466).
    """
    columns = [frozenset(names)]
    for first, second in differing:
        split = [column for column in columns if first in column and second in column]
        columns = [column for column in columns if column not in split]
        for column in split:
            for without in (column - {second}, column - {first}):
                if not any(without <= other for other in columns):
                    columns = [other for other in columns if not other < without] + [without]
    place = {name: number for number, name in enumerate(names)}
    ordered = sorted(columns, key=lambda column: sorted(place[name] for name in column))
    return {name: "".join(_letter(number) for number, column in enumerate(ordered) if name in column) for name in names}


def _letter(number: int) -> str:
    """a to z, then A to Z, then numbers in brackets."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[number] if number < len(letters) else f"({number + 1})"


def _judged(difference: float, observed: float, found: NDArray[np.float64], exact: bool, least: float) -> Tested:
    """The two-sided p of an observed statistic among those of the arrangements."""
    extreme = int((np.abs(found) >= abs(observed) * (1 - _TIE)).sum())
    p = extreme / len(found) if exact else (extreme + 1) / (len(found) + 1)
    return Tested(difference, p, len(found), exact, least)


def _least(mirrored: int, ways: int, drawn: int, *, exact: bool) -> float:
    return mirrored / ways if exact else 1 / (drawn + 1)


def _statistics(
    labels: NDArray[np.bool_],
    values: NDArray[np.float64],
    blocks: Sequence[NDArray[np.intp]],
    clusters: NDArray[np.intp] | None,
) -> NDArray[np.float64]:
    """The difference of means, averaged over strata, for each row of labels; over its standard error with clusters.

    labels: shape (m, n).  Where the standard error is 0 the statistic is infinite, or 0 without a difference.
    """
    many, spread = len(labels), float(np.ptp(values))
    difference = np.zeros(many)
    residuals = np.zeros(labels.shape) if clusters is not None else None
    for block in blocks:
        mine, x = labels[:, block].astype(np.float64), values[block] - values[block].mean()
        ones = mine.sum(axis=1)
        zeros = len(block) - ones
        total = np.einsum("ij,j", mine, x)
        high, low = total / ones, (x.sum() - total) / zeros
        difference += (high - low) / len(blocks)
        if residuals is not None:
            residuals[:, block] = (
                mine * (x - high[:, None]) / ones[:, None] - (1 - mine) * (x - low[:, None]) / zeros[:, None]
            ) / len(blocks)
    difference[np.abs(difference) <= _TIE * spread] = 0.0
    if residuals is None or clusters is None:
        return difference
    order = np.argsort(clusters, kind="stable")
    together = np.add.reduceat(residuals[:, order], np.unique(clusters[order], return_index=True)[1], axis=1)
    error = np.sqrt((together**2).sum(axis=1))
    error[error <= _TIE * spread] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.where(difference == 0, 0.0, difference / error)
    return found


@lru_cache(maxsize=4)
def _every(sizes: Sizes) -> NDArray[np.bool_]:
    """All labels of the first side for strata of these (units, how many of them first): shape (m, n)."""
    made = np.zeros((1, 0), dtype=bool)
    for size, many in sizes:
        chosen = np.zeros((comb(size, many), size), dtype=bool)
        for row, places in enumerate(combinations(range(size), many)):
            chosen[row, list(places)] = True
        made = np.hstack([np.repeat(made, len(chosen), axis=0), np.tile(chosen, (len(made), 1))])
    return made


def _drawn_labels(sizes: Sizes, seed: int, permutations: int) -> Iterator[NDArray[np.bool_]]:
    """So many labels for the same, drawn in blocks."""
    for block, rows in enumerate(_rows(sum(size for size, _ in sizes), permutations)):
        yield _block(sizes, seed, block, rows)


@lru_cache(maxsize=12)
def _block(sizes: Sizes, seed: int, block: int, rows: int) -> NDArray[np.bool_]:
    rng = np.random.default_rng([seed, sum(size for size, _ in sizes), 0, block])
    parts = [rng.permuted(np.tile(np.arange(size) < many, (rows, 1)), axis=1) for size, many in sizes]
    return np.hstack(parts)


def _every_sign(units: int) -> Iterator[NDArray[np.float64]]:
    """All signs of so many units, shape (m, units)."""
    bits = np.arange(2**units)[:, None] >> np.arange(units) & 1
    yield np.where(bits, -1.0, 1.0)


def _drawn_signs(units: int, seed: int, permutations: int) -> Iterator[NDArray[np.float64]]:
    """So many of them, drawn in blocks."""
    for block, rows in enumerate(_rows(units, permutations)):
        rng = np.random.default_rng([seed, units, 1, block])
        yield np.where(rng.random((rows, units)) < 0.5, -1.0, 1.0)


def _rows(units: int, permutations: int) -> Iterator[int]:
    """How many arrangements of so many units each block has."""
    most = max(1, _HELD // units)
    for start in range(0, permutations, most):
        yield min(most, permutations - start)


def _numbered(names: ArrayLike) -> NDArray[np.intp]:
    """Names as numbers from 0."""
    return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.intp)
