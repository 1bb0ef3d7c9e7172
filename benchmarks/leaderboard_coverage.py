"""Whether the leaderboard's intervals hold the truth as often as they claim, and whether it separates what differs.

    python -m benchmarks.leaderboard_coverage

Simulated respondents, SYNTHETIC, whose true ring angles are known, answer the slider under eleven inductions that carry
them differently far towards the ring angle of their orientation. What the leaderboard estimates is then known: the mean
value rationality, angle deviation and share in category of such respondents, here computed from 200,000 of them in each
cell. Each study has eight participants in each cell and two administrations to each, as `experiment=induction_bench`
has.

The claim: the 95 % intervals of the mean angle of a cell hold the truth between 93 % and 97 % of the time, those of a
row's corrected value rationality at least 90 % of the time, and two inductions that carry alike get no letter in common
in at most 5 % of studies (family-wise, over all pairs that are alike). The exit status is 1 when they do not. Value
rationality piles up at its limit, from which few participants are far away: a sample without any of these looks surer
than it is, and no interval from eight participants can know.
"""

import argparse
import sys
import time
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.synthetic import SyntheticChatModel
from experiments.leaderboard import FIGURES, RANKED_BY, rows
from experiments.statistics import Resampling
from games.randomness import stream
from games.rationality import chance_corrected, deviation, value_rationality
from games.slider import ITEMS, angle, secondary_index, transitive
from games.svo import Orientation, classify, utility

CARRIED = {
    "none": 0.0,
    "label": 0.3,
    "maxim": 0.3,
    "weights": 0.5,
    "second_person": 0.5,
    "third_person": 0.5,
    "few_shot": 0.7,
    "definition": 0.7,
    "self_goal": 0.85,
    "reminder": 0.85,
    "hvae": 1.0,
}
"""How far each induction carries: several alike, so that false differences can be counted."""
PARTICIPANTS, ADMINISTRATIONS = 8, 2
ALLOWED, LEAST = (0.93, 0.97), 0.9
REFERENCE = 200_000


def answers(
    model: SyntheticChatModel, centre: float, participants: int, times: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Options from 1 of each participant's administrations, shape (participants × times, 15)."""
    angles = np.repeat(centre + model.spread * rng.normal(size=participants), times)
    found = np.empty((len(angles), len(ITEMS)), dtype=np.int64)
    for item, points in enumerate(ITEMS):
        logits = model.precision * utility(points[:, 0], points[:, 1], angles[:, None])
        # The largest of logits with Gumbel noise is a draw by the logit rule (McFadden 1974).
        found[:, item] = 1 + (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return found


def scored(options: NDArray[np.int64], orientation: str) -> pd.DataFrame:
    """The columns of the table `measures` that the leaderboard reads."""
    theta = angle(options[:, :6])
    rationality = value_rationality(theta, orientation)
    return pd.DataFrame(
        {
            "angle": theta,
            "category": classify(theta),
            "value_rationality": rationality,
            RANKED_BY: chance_corrected(rationality, orientation),
            "deviation": deviation(theta, orientation),
            "transitive": transitive(options[:, :6]).astype(float),
            "index": secondary_index(options[:, 6:]),
        }
    )


def truths(model: SyntheticChatModel, seed: int) -> dict[tuple[str, str], dict[str, float]]:
    """What each figure is in the long run, by induction and orientation."""
    found = dict[tuple[str, str], dict[str, float]]()
    for carried in sorted(set(CARRIED.values())):
        for orientation in Orientation:
            centre = model.disposition + carried * (model.centre(orientation) - model.disposition)
            rng = stream(seed, "truth", str(carried), orientation.value)
            table = scored(answers(model, centre, REFERENCE, 1, rng), orientation)
            table["in_category"] = (table["category"] == orientation.value).astype(float)
            means = {figure: float(table[column].mean()) for figure, column in {**FIGURES, "angle": "angle"}.items()}
            found |= {(name, orientation.value): means for name, one in CARRIED.items() if one == carried}
    return found


def study(model: SyntheticChatModel, seed: int) -> pd.DataFrame:
    """The administrations of one study."""
    parts = list[pd.DataFrame]()
    for induction, carried in CARRIED.items():
        for orientation in Orientation:
            centre = model.disposition + carried * (model.centre(orientation) - model.disposition)
            options = answers(model, centre, PARTICIPANTS, ADMINISTRATIONS, stream(seed, induction, orientation.value))
            who = np.repeat(np.arange(PARTICIPANTS), ADMINISTRATIONS) + PARTICIPANTS * len(parts)
            about = {"induction": induction, "model": "synthetic", "cell": f"{orientation.value}/{induction}"}
            parts.append(
                scored(options, orientation.value).assign(
                    **about,
                    orientation=orientation.value,
                    synthetic=True,
                    phase="before",
                    participant=who,
                    repetition=np.tile(np.arange(1, ADMINISTRATIONS + 1), PARTICIPANTS),
                    order="original",
                    failed=0,
                    asked=len(ITEMS),
                )
            )
    return pd.concat(parts, ignore_index=True)


def main(given: list[str] | None = None) -> int:
    """Print the table. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaderboard_coverage", description=__doc__)
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(given)
    model, started = SyntheticChatModel(), time.perf_counter()
    truth = truths(model, asked.seed)
    held = {(level, figure): [0, 0] for level in ("row", "cell") for figure in ("angle", *FIGURES)}
    alike = [pair for pair in combinations(CARRIED, 2) if CARRIED[pair[0]] == CARRIED[pair[1]]]
    apart = [pair for pair in combinations(CARRIED, 2) if CARRIED[pair[0]] != CARRIED[pair[1]]]
    false, found = 0, 0
    for number in range(asked.studies):
        board = rows(study(model, asked.seed * 100_000 + number), {}, Resampling(resamples=500, seed=number))
        letters = {row["induction"]: set(row["letters"]) for row in board}
        false += any(not letters[one] & letters[other] for one, other in alike)
        found += sum(not letters[one] & letters[other] for one, other in apart)
        for row in board:
            for figure in FIGURES:
                # The secondary index of a row is the prosocial orientation's.
                of = [Orientation.PROSOCIAL] if figure == "secondary_index" else list(Orientation)
                mean = np.mean([truth[row["induction"], one.value][figure] for one in of])
                _count(held["row", figure], row[figure], float(mean))
            for one in row["orientations"]:
                for figure in ("angle", *FIGURES):
                    _count(held["cell", figure], one[figure], truth[row["induction"], one["orientation"]][figure])
    size = f"{len(CARRIED)} inductions × 4 orientations, {PARTICIPANTS} participants a cell"
    print(f"SYNTHETIC respondents; {asked.studies} studies of {size}, seed {asked.seed}")
    print(f"{'figure':<30}{'rows: coverage':>16}{'intervals':>11}{'cells: coverage':>18}{'intervals':>11}")
    for figure in ("angle", *FIGURES):
        (covered, many), (in_cells, of_cells) = held["row", figure], held["cell", figure]
        over = f"{covered / many:.1%}" if many else "–"
        print(f"{figure:<30}{over:>16}{many:>11,}{in_cells / of_cells:>18.1%}{of_cells:>11,}")
    print(f"studies in which two inductions that carry alike were told apart: {false / asked.studies:.1%}")
    print(f"pairs that differ and were told apart: {found / asked.studies / len(apart):.0%}")
    print(f"{time.perf_counter() - started:.0f} s")
    angles, rationality = (held[which][0] / held[which][1] for which in (("cell", "angle"), ("row", RANKED_BY)))
    # Three standard errors above the nominal rate: fewer studies say less.
    most = 0.05 + 3 * (0.05 * 0.95 / asked.studies) ** 0.5
    held_all = ALLOWED[0] <= angles <= ALLOWED[1] and rationality >= LEAST
    return 0 if held_all and false / asked.studies <= most else 1


def _count(held: list[int], interval: dict[str, float | None], truth: float) -> None:
    low, high = interval["low"], interval["high"]
    if low is not None and high is not None:
        held[0] += low <= truth <= high
        held[1] += 1


if __name__ == "__main__":
    sys.exit(main())
