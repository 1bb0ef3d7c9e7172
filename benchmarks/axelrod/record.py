"""Record what the library Axelrod 4.13.1 plays, for `tests/test_axelrod.py` to compare with.

    uv venv .axelrod-env --python 3.12
    uv pip install --python .axelrod-env/bin/python axelrod==4.13.1
    .axelrod-env/bin/python benchmarks/axelrod/record.py

Axelrod is heavy, so it has an environment of its own; from 4.14 on it needs torch. Two tables go to `tests/data`, with
one row for each pair of the strategies that both libraries have, self-play among them, in the prisoner's dilemma with
(R, P, S, T) = (3, 1, 0, 5): `axelrod_4_13_1.csv` has the moves of 200 turns and the scores, `axelrod_4_13_1_noise.csv`
the rates of cooperation over repetitions of 20 turns in which 5 % of all moves are flipped, with the standard errors
of the rates over the repetitions. The second takes about a minute; both come out the same every time.
"""

import csv
import itertools
import math
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import axelrod as axl  # type: ignore[import-not-found]  # installed in its own environment only
from axelrod.action import actions_to_str  # type: ignore[import-not-found]  # as above

VERSION = "4.13.1"
DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
TURNS = 200
NOISE, NOISY_TURNS, REPETITIONS = 0.05, 20, 5000
STRATEGIES = {
    "always_cooperate": axl.Cooperator,
    "always_defect": axl.Defector,
    "tit_for_tat": axl.TitForTat,
    "suspicious_tit_for_tat": axl.SuspiciousTitForTat,
    "tit_for_two_tats": axl.TitFor2Tats,
    "two_tits_for_tat": axl.TwoTitsForTat,
    "bully": axl.Bully,
    "grim_trigger": axl.Grudger,
    "win_stay_lose_shift": axl.WinStayLoseShift,
    "alternator": axl.Alternator,
    "go_by_majority": axl.GoByMajority,
}
"""Our names in `conf/agent`, and Axelrod's classes."""

PAIRS = list(itertools.combinations_with_replacement(STRATEGIES, 2))


def moves() -> Iterable[Sequence[object]]:
    """By pair: the scores and the moves of both, without noise."""
    for first, second in PAIRS:
        match = axl.Match((STRATEGIES[first](), STRATEGIES[second]()), turns=TURNS)
        played = match.play()
        yield first, second, *match.final_score(), *(actions_to_str(one) for one in zip(*played, strict=True))


def rates() -> Iterable[Sequence[object]]:
    """By pair: the rates of cooperation of both with noise, and the standard errors of these.

    Turns are few: the rates of short plays are nearer to normal, as no spell of mutual defection takes up all of many.
    """
    for seed, (first, second) in enumerate(PAIRS):
        match = axl.Match((STRATEGIES[first](), STRATEGIES[second]()), turns=NOISY_TURNS, noise=NOISE, seed=seed)
        shares = [
            [sum(move == axl.Action.C for move in one) / NOISY_TURNS for one in zip(*match.play(), strict=True)]
            for _ in range(REPETITIONS)
        ]
        found = [
            (statistics.mean(one), statistics.stdev(one) / math.sqrt(REPETITIONS)) for one in zip(*shares, strict=True)
        ]
        row = [f"{number:.6f}" for one in found for number in one]
        yield first, second, NOISE, NOISY_TURNS, REPETITIONS, *row


def write(name: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    """One table: a line that names its source, the columns, and the rows."""
    with (DATA / name).open("w", newline="", encoding="utf-8") as file:
        file.write(f"# Axelrod {VERSION}, recorded by benchmarks/axelrod/record.py\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns.split())
        table.writerows(rows)


if __name__ == "__main__":
    if axl.__version__ != VERSION:
        sys.exit(f"this is Axelrod {axl.__version__}; install axelrod=={VERSION}")
    DATA.mkdir(exist_ok=True)
    write("axelrod_4_13_1.csv", "first second first_score second_score first_moves second_moves", moves())
    write(
        "axelrod_4_13_1_noise.csv",
        "first second noise turns repetitions first_rate first_error second_rate second_error",
        rates(),
    )
