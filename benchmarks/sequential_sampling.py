"""Whether sampling until an interval is narrow enough keeps its coverage, and what it saves.

    python -m benchmarks.sequential_sampling

SYNTHETIC respondents answer the slider by logit choice, and the interval of `experiments.sequential` is looked at as in
a run. Four kinds of cells, all induced to be altruistic: at the ceiling (logit precision 0.4 per point, as the
synthetic model has it), in the middle of the scale (0.05), two-minded (one administration in seven is answered as an
individualist), and with lapses (always the ideal answers, but in one administration of 16 the opposite ones). Each
respondent's ring angle is spread by 8°, and each answers from a pool of administrations, so that the true value
rationality of a cell is known exactly.

Beside it stand two rules that look at the mean of each repetition: Student's interval looked at until it is narrow
enough, and Chow & Robbins' (1965) rule, which adds 1 / n to the variance. `held` is the share of cells whose interval
holds the truth when sampling stops. `fixed` is the number of repetitions that would have to be set for all cells alike:
after which the interval is narrow in 95 % of the cells of the worst kind, max where it is not.

The claim: the interval holds the truth in at least 95 % of the cells of every row, but for the error of the simulation
(2 standard errors). The exit status is 1 when one does not, or when Student's interval does everywhere too: then the
simulation could not have told.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.sequential import Stop, confidence_sequence
from games.randomness import stream
from games.rationality import value_rationality
from games.slider import ITEMS, angle
from games.svo import RING_ANGLES, Orientation, utility

type Floats = NDArray[np.float64]
type Ends = tuple[Floats, Floats]

INDUCED = Orientation.ALTRUISTIC
SPREAD = 8.0
"""Standard deviation of respondents' ring angles, degrees."""
RESPONDENTS, POOL = 48, 4000
"""Respondents of each kind, and administrations that each answers from."""
HALF_WIDTHS = (0.02, 0.05)
SIZES = {1: 200, 8: 50}
"""Participants of a cell, and the most repetitions."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Kind:
    """Respondents of one kind. other: who they answer as in a share `often` of administrations."""

    name: str
    precision: float
    other: Orientation | None = None
    often: float = 0.0


KINDS = (
    Kind("ceiling", 0.4),
    Kind("middle", 0.05),
    Kind("two-minded", 0.4, Orientation.INDIVIDUALISTIC, 1 / 7),
    Kind("lapses", 50.0, Orientation.COMPETITIVE, 1 / 16),
)


def administrations(rng: np.random.Generator, at: float, precision: float, many: int) -> Floats:
    """The value rationality of so many administrations to a respondent with a ring angle: shape (many,)."""
    options = np.empty((many, 6), dtype=np.int64)
    for item, points in enumerate(ITEMS[:6].astype(np.float64)):
        logits = precision * utility(points[:, 0], points[:, 1], at)
        chances = np.exp(logits - logits.max())
        options[:, item] = 1 + rng.choice(9, size=many, p=chances / chances.sum())
    return value_rationality(angle(options), INDUCED)


def pools(kind: Kind, rng: np.random.Generator) -> Floats:
    """What each respondent of a kind answers from: shape (RESPONDENTS, POOL)."""
    found = np.empty((RESPONDENTS, POOL))
    for respondent in range(RESPONDENTS):
        turned = SPREAD * rng.normal() if kind.precision < 10 else 0.0
        found[respondent] = administrations(rng, RING_ANGLES[INDUCED] + turned, kind.precision, POOL)
        if kind.other is not None:
            many = round(kind.often * POOL)
            found[respondent, :many] = administrations(rng, RING_ANGLES[kind.other] + turned, kind.precision, many)
    return found


def sequence(stop: Stop) -> Callable[[Floats], Ends]:
    """The interval of a run."""
    return lambda values: confidence_sequence(values, stop.confidence, stop.half_width)


def student(values: Floats, *, added: bool = False) -> Ends:
    """Student's interval over the means of repetitions; the normal one with 1 / n more variance where `added`."""
    means = values.mean(axis=-1)
    many = means.shape[-1]
    if many < 2:
        return np.full(len(means), -np.inf), np.full(len(means), np.inf)
    tail = (1 + CONFIDENCE) / 2
    quantile = stats.norm.ppf(tail) if added else stats.t.ppf(tail, many - 1)
    half = quantile * np.sqrt((means.var(axis=-1, ddof=1) + added / many) / many)
    return means.mean(axis=-1) - half, means.mean(axis=-1) + half


@dataclass(frozen=True)
class Result:
    """What a rule came to in many cells: shares and repetitions, all of shape (cells,)."""

    held: NDArray[np.bool_]
    repetitions: NDArray[np.int64]
    reached: NDArray[np.bool_]

    @property
    def coverage(self) -> float:
        """The share of cells whose interval holds the truth at the end."""
        return float(self.held.mean())

    @property
    def error(self) -> float:
        """The standard error of a coverage of 95 % in so many cells."""
        return float(np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / len(self.held)))


def stopped(values: Floats, truth: Floats, stop: Stop, interval: Callable[[Floats], Ends]) -> Result:
    """Look at the interval of every cell as a run does, until it is narrow enough.

    values: shape (cells, repetitions, participants).  truth: shape (cells,).
    """
    cells = len(values)
    held, reached = np.zeros(cells, dtype=np.bool_), np.zeros(cells, dtype=np.bool_)
    repetitions = np.full(cells, stop.max_repetitions)
    going = np.arange(cells)
    for done in stop.looks():
        low, high = interval(values[going, :done])
        narrow = (high - low) / 2 <= stop.half_width
        ends = narrow | (done == stop.max_repetitions)
        held[going[ends]] = ((low <= truth[going]) & (truth[going] <= high))[ends]
        reached[going[narrow]] = True
        repetitions[going[ends]] = done
        going = going[~ends]
        if not len(going):
            break
    return Result(held, repetitions, reached)


def simulated(kind: Kind, stop: Stop, participants: int, cells: int, rng: np.random.Generator) -> list[Result]:
    """The run's rule, Student's and Chow & Robbins', each on the same cells."""
    pool = pools(kind, rng)
    who = rng.integers(RESPONDENTS, size=(cells, 1, participants))
    values = pool[who, rng.integers(POOL, size=(cells, stop.max_repetitions, participants))]
    truth = pool.mean(axis=1)[who[:, 0]].mean(axis=-1)
    rules = (sequence(stop), student, lambda some: student(some, added=True))
    return [stopped(values, truth, stop, rule) for rule in rules]


def main(arguments: list[str] | None = None) -> int:
    """Print the table. Returns the exit code."""
    parser = argparse.ArgumentParser(description="coverage and savings of sampling until an interval is narrow enough")
    parser.add_argument("--cells", type=int, default=1000, help="simulated cells of each row")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    began = time.monotonic()
    print(f"SYNTHETIC respondents; {given.cells} cells a row, confidence {CONFIDENCE:.0%}, seed {given.seed}")
    print(f"{'':28} | {'this interval':41} | {'saved against':13}| Student      | Chow & Robbins")
    print(f"{'cell':10} half-width  n max | {'  held  ± error repetitions reached fixed':41} |", end="")
    print(" fixed    max |   held  reps |   held  reps")
    right, naive = True, True
    for width in HALF_WIDTHS:
        for participants, most in SIZES.items():
            stop = Stop(width, CONFIDENCE, max_repetitions=most)
            rows = {
                kind.name: simulated(kind, stop, participants, given.cells, stream(given.seed, f"{kind.name} {most}"))
                for kind in KINDS
            }
            fixed = max(int(np.quantile(one[0].repetitions, 0.95, method="higher")) for one in rows.values())
            for name, (own, peeked, robbins) in rows.items():
                mean = own.repetitions.mean()
                print(
                    f"{name:10} {width:10.2f} {participants:2d} {most:3d} | {own.coverage:6.1%} {own.error:8.1%}"
                    f" {mean:11.1f} {own.reached.mean():7.0%} {fixed:5d}"
                    f" | {1 - mean / fixed:5.0%} {1 - mean / most:6.0%}"
                    f" | {peeked.coverage:6.1%} {peeked.repetitions.mean():5.1f}"
                    f" | {robbins.coverage:6.1%} {robbins.repetitions.mean():5.1f}"
                )
                right &= own.coverage >= CONFIDENCE - 2 * own.error
                naive &= peeked.coverage >= CONFIDENCE - 2 * peeked.error
    print(f"coverage as claimed: {'yes' if right else 'NO'}; Student's interval, looked at: {'yes' if naive else 'no'}")
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if right and not naive else 1


if __name__ == "__main__":
    sys.exit(main())
