"""Scoring a million respondents against the bare NumPy arithmetic for the same outputs.

    python -m benchmarks.slider_scoring

Both score the same random answers in alternating repetitions of one run: angle, category and value rationality. The
bare side is written inline, without validation, without a place for missing angles and with its constants typed in.
The exit status is 1 when scoring with `games` takes more than twice as long.
"""

import sys
import tracemalloc
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from games.rationality import value_rationality
from games.slider import ITEMS, angle
from games.svo import Orientation, classify

RESPONDENTS = 1_000_000
REPETITIONS = 15
LARGEST_RATIO = 2.0

type Answers = NDArray[np.int64]
type Scores = tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.float64]]


def with_games(options: Answers) -> Scores:
    """The product's own functions."""
    theta = angle(options)
    return theta, classify(theta), value_rationality(theta, Orientation.PROSOCIAL)


def bare(options: Answers) -> Scores:
    """The same outputs in as little NumPy as they take; the prosocial range 37.09 … 52.91 and its Δmax typed in."""
    own, other = np.zeros(len(options)), np.zeros(len(options))
    for item in range(6):
        chosen = options[:, item] - 1
        own += ITEMS[item, :, 0][chosen]
        other += ITEMS[item, :, 1][chosen]
    theta = np.degrees(np.arctan2(other / 6 - 50, own / 6 - 50))
    names = np.array(["competitive", "individualistic", "prosocial", "altruistic"])
    category = names[np.searchsorted([-12.04, 22.45, 57.15], theta, side="right")]
    off = np.maximum(np.maximum(37.09283729704155 - theta, theta - 52.90716270295846), 0)
    return theta, category, 1 - off / 53.3530420053535


def seconds(score: Callable[[Answers], Scores], options: Answers) -> float:
    """Wall time of one scoring; the result is freed within it, as it would be between batches."""
    start = perf_counter()
    score(options)
    return perf_counter() - start


def peak(score: Callable[[Answers], Scores], options: Answers) -> float:
    """The most memory in MB that one scoring holds at a time, outputs included."""
    tracemalloc.start()
    score(options)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def main() -> int:
    """Compare, print a table, and return the exit status."""
    options = np.random.default_rng(2011).integers(1, 10, size=(RESPONDENTS, 6))
    for ours, theirs in zip(with_games(options), bare(options), strict=True):  # also the warm-up of both
        same = np.array_equal(ours, theirs) if ours.dtype.kind == "U" else np.allclose(ours, theirs, rtol=0, atol=1e-9)
        if not same:
            raise AssertionError("the two sides do not compute the same scores, so their times mean nothing")
    times: dict[Callable[[Answers], Scores], list[float]] = {with_games: [], bare: []}
    for _ in range(REPETITIONS):
        for score, taken in times.items():
            taken.append(seconds(score, options))
    ratio = median(times[with_games]) / median(times[bare])
    print(f"{RESPONDENTS:,} respondents: angle, category, value rationality; medians of {REPETITIONS}")
    print(f"{'':<12} {'ms':>8} {'fastest':>8} {'slowest':>8} {'peak MB':>8}")
    for score, taken in times.items():
        label = score.__name__.replace("_", " ")
        milliseconds = [1000 * each for each in (median(taken), min(taken), max(taken))]
        print(f"{label:<12} " + " ".join(f"{each:>8.1f}" for each in (*milliseconds, peak(score, options))))
    print(f"{'ratio':<12} {ratio:>8.2f}  (at most {LARGEST_RATIO:.0f})")
    return 0 if ratio <= LARGEST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
