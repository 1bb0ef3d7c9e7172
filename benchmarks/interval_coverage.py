"""How often intervals cover the truth, and how often tests err, on simulated data whose truth is known.

    python -m benchmarks.interval_coverage [repetitions]

Coverage should be 95 %, errors of tests at most 5 %. Units are 5 (the fewest that get an interval), 8, 16 and 32 on
each side; values are normal, skewed (exponential) or bounded (0 to 1, piled up near 1, as value rationality is). The
last two rows of intervals are specimens of what is not done: a plain percentile bootstrap, and decisions taken for
units. The exit status is 1 when an interval of the product covers the truth of normal data in less than 90 %, or a test
errs in more than 7.5 %; one that keeps its level with many groups only is judged from 16 groups on.
All data are simulated by this script.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from experiments.comparison_tests import equivalent, holm, paired_permutation_test, permutation_test
from experiments.statistics import Interval, Resampling

UNITS = (5, 8, 16, 32)
SHAPES = ("normal", "skewed", "bounded")
REPETITIONS = 1000
LEAST_COVERAGE, MOST_ERRORS = 0.90, 0.075
_BETA = (6.0, 0.6)
"""Of bounded values: mean 0.91, standard deviation 0.10."""

type Numbers = NDArray[np.float64]
type Generator = np.random.Generator
type Covers = Callable[[Generator, str, int, Resampling], bool | None]
type Errs = Callable[[Generator, int], bool]


def draw(rng: Generator, shape: str, size: int | tuple[int, ...]) -> Numbers:
    """Values of true mean 0 and standard deviation 1; bounded ones to within their bounds, scaled."""
    if shape == "normal":
        return rng.normal(size=size)
    if shape == "skewed":
        return rng.exponential(size=size) - 1
    first, second = _BETA
    mean = first / (first + second)
    spread = np.sqrt(mean * (1 - mean) / (first + second + 1))
    scaled: Numbers = (rng.beta(first, second, size=size) - mean) / spread
    return scaled


def grouped(rng: Generator, shape: str, units: int, sizes: NDArray[np.intp]) -> tuple[Numbers, NDArray[np.intp]]:
    """Values that share their group's own effect, half of the variance each, and the group of each."""
    group = np.repeat(np.arange(units), sizes)
    values: Numbers = (draw(rng, shape, units)[group] + draw(rng, shape, len(group))) / np.sqrt(2)
    return values, group


def _mean(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    return _covers(resampling.mean(draw(rng, shape, units), np.arange(units), "participants"), 0.0)


def _clustered(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    values, group = grouped(rng, shape, units, rng.integers(1, 5, size=units))
    return _covers(resampling.mean(values, group, "groups"), 0.0)


def _drift(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    # Who somebody is weighs twice as much as what changes, and cancels.
    change, group = grouped(rng, shape, units, rng.integers(1, 4, size=units))
    before = 2 * draw(rng, shape, len(group))
    return _covers(resampling.mean((before + change) - before, group, "groups"), 0.0)


def _difference(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    values = np.concatenate([draw(rng, shape, units), 2 * draw(rng, shape, units)])
    side = np.arange(2 * units) < units
    return _covers(resampling.difference(values, side, np.arange(2 * units), "participants"), 0.0)


def mixed(rng: Generator, shape: str, units: int) -> tuple[Numbers, NDArray[np.bool_], NDArray[np.intp]]:
    """Two cells spread by chance over groups of four with two other cells, as the default run has them."""
    values, group = grouped(rng, shape, units, np.full(units, 4))
    cell = rng.permutation(np.arange(4 * units) % 4)
    taken = cell < 2
    return values[taken], cell[taken] == 0, group[taken]


def _mixed(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    return _covers(resampling.difference(*mixed(rng, shape, units), "groups"), 0.0)


def moving(rng: Generator, shape: str, units: int) -> tuple[Numbers, NDArray[np.bool_], NDArray[np.intp]]:
    """The same, but the first cell moves with its group and the second does not: only their means are equal."""
    group, cell = np.repeat(np.arange(units), 4), rng.permutation(np.arange(4 * units) % 4)
    values = np.where(cell == 0, draw(rng, shape, units)[group], 0) + 0.3 * draw(rng, shape, 4 * units)
    taken = cell < 2
    return values[taken], cell[taken] == 0, group[taken]


def _moving(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    return _covers(resampling.difference(*moving(rng, shape, units), "groups"), 0.0)


def _correlation(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    x, noise = draw(rng, shape, (2, units))
    return _covers(resampling.correlation(x, 0.5 * x + np.sqrt(0.75) * noise, np.arange(units), "participants"), 0.5)


def _line(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    x, noise = draw(rng, shape, (2, units))
    found = resampling.line(x, 2 + 0.5 * x + noise, np.arange(units), [0.5])
    return None if found is None else bool(found[1][0] <= 2.25 <= found[2][0])


def share(chance: float, flags: int = 1) -> Covers:
    """Shares of yes with a chance that differs between units where they have several flags."""

    def covers(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
        own = np.full(units, chance) if flags == 1 else rng.beta(2 * chance, 2 * (1 - chance), size=units)
        answers = rng.random((units, flags)) < own[:, None]
        return _covers(resampling.share(answers.ravel(), np.repeat(np.arange(units), flags), "participants"), chance)

    return covers


@dataclass(frozen=True)
class Plain(Resampling):
    """A specimen: percentiles that are not expanded, too narrow where units are few."""

    def tail(self, units: int) -> float:
        """Half of what lies outside, whatever the number of units."""
        return (1 - self.confidence) / 2


def plain_percentile(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    """A specimen: the mean over participants with plain percentiles."""
    return _mean(rng, shape, units, Plain(resampling.resamples, resampling.confidence, resampling.seed))


def decisions_as_units(rng: Generator, shape: str, units: int, resampling: Resampling) -> bool | None:
    """A specimen: ten decisions of each participant, resampled as if they were independent."""
    values, _ = grouped(rng, shape, units, np.full(units, 10))
    return _covers(resampling.mean(values, np.arange(len(values)), "decisions"), 0.0)


FIGURES: Mapping[str, Covers] = {
    "mean over participants": _mean,
    "mean over groups of unequal size": _clustered,
    "drift, paired, in groups": _drift,
    "difference, independent": _difference,
    "difference, mixed groups": _mixed,
    "the same, one cell moves with its group": _moving,
    "correlation 0.5": _correlation,
    "line at a point": _line,
    "share 0.5": share(0.5),
    "share 0.9": share(0.9),
    "share 0.8, ten a unit": share(0.8, 10),
}
SPECIMENS: Mapping[str, Covers] = {
    "(plain percentile)": plain_percentile,
    "(decisions as units)": decisions_as_units,
}


def coverage(covers: Covers, shape: str, units: int, repetitions: int, resampling: Resampling) -> float:
    """In what share of repetitions the interval covers the truth, of those that have one; NaN where few have."""
    found = [covers(np.random.default_rng([one, units]), shape, units, resampling) for one in range(repetitions)]
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if len(known) >= repetitions / 10 else float("nan")


def _alike(rng: Generator, units: int) -> bool:
    values, side = rng.exponential(size=2 * units), np.arange(2 * units) < units
    return _rejects(permutation_test(values, side, clusters=np.arange(2 * units), permutations=499).p)


def _unequal(rng: Generator, units: int) -> bool:
    values = np.concatenate([rng.normal(size=units), 3 * rng.normal(size=2 * units)])
    side = np.arange(3 * units) < units
    return _rejects(permutation_test(values, side, clusters=np.arange(3 * units), permutations=499).p)


def _stratified(rng: Generator, units: int) -> bool:
    layer = np.tile(np.arange(4), units)
    values, side = rng.normal(size=4 * units) + 3 * layer, rng.permutation(np.arange(4 * units) % 2 == 0)
    return _rejects(permutation_test(values, side, strata=layer, permutations=499).p)


def _mixed_alike(rng: Generator, units: int) -> bool:
    values, side, group = mixed(rng, "normal", units)
    return _rejects(permutation_test(values, side, clusters=group, permutations=499).p)


def _mixed_equal_means(rng: Generator, units: int) -> bool:
    values, side, group = moving(rng, "normal", units)
    return _rejects(permutation_test(values, side, clusters=group, permutations=499).p)


def _flips(rng: Generator, units: int) -> bool:
    change, group = grouped(rng, "normal", units, rng.integers(1, 4, size=units))
    return _rejects(paired_permutation_test(change, group, permutations=499).p)


def _family(rng: Generator, units: int) -> bool:
    """Whether any of the six differences between four cells that are alike is significant."""
    values = rng.normal(size=(4, units))
    side = np.arange(2 * units) < units
    tests = [permutation_test(values[list(pair)].ravel(), side, permutations=499) for pair in combinations(range(4), 2)]
    return any(_rejects(p) for p in holm([test.p for test in tests]))


def _equivalence(rng: Generator, units: int) -> bool:
    """Whether a difference that is exactly the margin is called equivalent."""
    values = np.concatenate([rng.normal(size=units) + 2.0, rng.normal(size=units)])
    inner = Resampling(confidence=0.90).difference(
        values, np.arange(2 * units) < units, np.arange(2 * units), "participants"
    )
    return equivalent(inner, 2.0) is True


TESTS: Mapping[str, Errs] = {
    "permutation, alike": _alike,
    "permutation, unequal spread and number": _unequal,
    "permutation in four strata": _stratified,
    "permutation, mixed groups, alike": _mixed_alike,
    "permutation, mixed groups, equal means": _mixed_equal_means,
    "sign flips in groups": _flips,
    "Holm, any of six": _family,
    "equivalence at the margin": _equivalence,
}

MANY_GROUPS = {"permutation, mixed groups, equal means"}
"""Tests of more than what they are exact for; they come to keep their level as groups become many."""


def errors(errs: Errs, units: int, repetitions: int) -> float:
    """In what share of repetitions a test says something that is not so."""
    return sum(errs(np.random.default_rng([one, units, 1]), units) for one in range(repetitions)) / repetitions


def _covers(found: Interval, truth: float) -> bool | None:
    return None if found.low is None or found.high is None else found.low <= truth <= found.high


def _rejects(p: float | None) -> bool:
    return p is not None and p <= 0.05


def main(arguments: list[str]) -> int:
    """Simulate, print the tables, and return the exit status."""
    repetitions = int(arguments[0]) if arguments else REPETITIONS
    resampling = Resampling()
    print(
        f"SIMULATED data, {repetitions:,} repetitions: standard error {np.sqrt(0.05 * 0.95 / repetitions):.1%} at 95 %"
    )
    print(f"{'coverage, nominally 95 %':<40}" + "".join(f"{shape:>28}" for shape in SHAPES))
    print(f"{'units':<40}" + "".join(f"{units:>7}" for units in UNITS) * len(SHAPES))
    short = False
    for name, covers in {**FIGURES, **SPECIMENS}.items():
        shapes = SHAPES[:1] if name.startswith("share") else SHAPES
        found = [coverage(covers, shape, units, repetitions, resampling) for shape in shapes for units in UNITS]
        short |= name in FIGURES and any(each < LEAST_COVERAGE for each in found[: len(UNITS)])
        told = ["–" if np.isnan(each) else f"{each:.1%}" for each in found]
        print(f"{name:<40}" + "".join(f"{each:>7}" for each in told), flush=True)
    print(f"\n{'errors, at most 5 %':<40}" + "".join(f"{units:>7}" for units in UNITS))
    for name, errs in TESTS.items():
        wrong = [errors(errs, units, repetitions) for units in UNITS]
        judged = [each for each, units in zip(wrong, UNITS, strict=True) if units >= 16 or name not in MANY_GROUPS]
        short |= any(each > MOST_ERRORS for each in judged)
        print(f"{name:<40}" + "".join(f"{each:>7.1%}" for each in wrong), flush=True)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
