"""Whether estimates recover the preferences that choices were made with: the ring model's, and inequality aversion's.

    python -m benchmarks.estimation_recovery

Respondents are simulated by the model itself at each of 21 true pairs (φ, λ). Two designs: the slider's 15 items, and a
wheel of 12 lines of nine allocations through (50, 50), 50 points to either side, 15° apart; each in several
administrations. Separated choices have no estimate (`none`); mean, bias and RMSE are over all others, among them those
that cannot be told from chance (`chance`), since leaving these out would select large λ. Intervals are there for all
respondents, and coverage counts all: separated ones with their profile interval (λ's without an upper end), and an
angle's interval that is the whole circle (`whole`) as covered.

The claim: with the choices per respondent that are marked `claimed`, 95 % profile intervals of φ and of λ cover between
93 % and 97 % in each cell of λ that is named. The exit status is 1 when one does not. Other rows show where it fails.

A last table does the same for envy and guilt (Fehr & Schmidt 1999) with estimates ± 1.96 standard errors, as no profile
intervals are offered for them; of their coverage nothing is claimed.
"""

import argparse
import math
import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from games.choice_models import Observed
from games.estimation import Ring, Status, estimate_inequality_aversion, estimate_ring
from games.randomness import stream
from games.slider import ITEMS

ANGLES = (-45.0, -20.0, 0.0, 22.5, 45.0, 70.0, 90.0)
PRECISIONS = (0.02, 0.05, 0.1)
ALLOWED = (0.93, 0.97)
ENVIES, GUILTS, AVERSE_PRECISION = (0.0, 0.5, 1.0), (0.0, 0.3, 0.6), 0.1


@dataclass(frozen=True)
class Design:
    """Decisions put to every respondent: points by (decision, option, own/other), asked so many times over."""

    name: str
    points: NDArray[np.float64]
    times: int
    claimed: tuple[float, ...] = ()

    @property
    def choices(self) -> int:
        """How many choices a respondent makes."""
        return len(self.points) * self.times


def wheel() -> NDArray[np.float64]:
    """Lines of nine allocations through (50, 50): the same information about every angle."""
    radians = np.radians(np.arange(0, 180, 15))[:, None]
    along = np.linspace(-50, 50, 9)
    return np.stack([50 + along * np.cos(radians), 50 + along * np.sin(radians)], axis=-1)


SLIDER = ITEMS.astype(np.float64)
DESIGNS = (
    Design("slider", SLIDER, 1),
    Design("slider", SLIDER, 6, claimed=(0.05, 0.1)),
    Design("wheel", wheel(), 2),
    Design("wheel", wheel(), 5, claimed=(0.05, 0.1)),
)


def chosen_by(
    design: Design, worth: NDArray[np.float64], respondents: int, chance: np.random.Generator
) -> list[list[Observed]]:
    """The choices of respondents to whom options are worth so much, shape (decision, option)."""
    menus = [
        [Observed(tuple(menu[:, 0].tolist()), tuple(menu[:, 1].tolist()), chosen) for chosen in range(len(menu))]
        for menu in design.points
    ]
    # The largest of utilities with Gumbel noise is a logit choice (McFadden 1974).
    chosen = (worth + chance.gumbel(size=(respondents, design.times, *worth.shape))).argmax(axis=-1)
    return [[menus[item][option] for asked in one for item, option in enumerate(asked)] for one in chosen.tolist()]


def simulated(design: Design, angle: float, precision: float, respondents: int, seed: int) -> list[Ring]:
    """The estimates of respondents who choose by the ring model."""
    weights = precision * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    chance = stream(seed, design.name, design.times, str(angle), str(precision))
    return [estimate_ring(one) for one in chosen_by(design, design.points @ weights, respondents, chance)]


@dataclass(frozen=True)
class Cell:
    """What the estimates of one true pair come to; angles in degrees."""

    separated: float
    chance: float
    mean: tuple[float, float]
    rmse: tuple[float, float]
    coverage: tuple[float, float]
    whole: float


def summary(found: list[Ring], angle: float, precision: float) -> Cell:
    """Mean, RMSE and coverage, of the angle and of the precision."""
    told = [(one.angle, one.precision) for one in found if one.angle is not None]
    estimates = np.array(told, dtype=np.float64).reshape(-1, 2)
    off = np.stack([(estimates[:, 0] - angle + 180) % 360 - 180, estimates[:, 1] - precision], axis=1)
    mean = off.mean(axis=0) if len(off) else np.full(2, math.nan)
    rmse = np.sqrt((off**2).mean(axis=0)) if len(off) else np.full(2, math.nan)
    arcs = [one.angle_interval for one in found if one.angle_interval]
    ranges = [one.precision_interval for one in found if one.precision_interval]
    if len(arcs) < len(found) or len(ranges) < len(found):
        raise AssertionError("a respondent has no interval, so coverage would not be over all")
    return Cell(
        separated=float(np.mean([one.status is Status.SEPARATED for one in found])),
        chance=float(np.mean([one.status is Status.CHANCE for one in found])),
        mean=(angle + float(mean[0]), precision + float(mean[1])),
        rmse=(float(rmse[0]), float(rmse[1])),
        coverage=(
            float(np.mean([angle in arc for arc in arcs])),
            float(np.mean([low <= precision <= high for low, high in ranges])),
        ),
        whole=float(np.mean([arc.width == 360 for arc in arcs])),
    )


def tabulate(design: Design, respondents: int, seed: int) -> list[str]:
    """Print one design's table; returns what breaks the claim."""
    broken = []
    print(f"\n{design.name}, {design.choices} choices ({len(design.points)} decisions × {design.times}); ", end="")
    print(f"{respondents:,} respondents a cell; claimed for λ: {', '.join(map(str, design.claimed)) or 'none'}")
    print(
        f"{'φ':>6} {'λ':>5} | {'mean φ':>7} {'bias':>6} {'RMSE':>6} | {'mean λ':>7} {'bias':>7} {'RMSE':>7} | ", end=""
    )
    print(f"{'none':>6} {'chance':>7} | {'φ covered':>9} {'λ covered':>9} {'whole':>6}")
    for precision in PRECISIONS:
        for angle in ANGLES:
            cell = summary(simulated(design, angle, precision, respondents, seed), angle, precision)
            outside = [not ALLOWED[0] <= each <= ALLOWED[1] for each in cell.coverage]
            marks = ["*" if each else " " for each in outside]
            print(
                f"{angle:>6} {precision:>5} | {cell.mean[0]:>7.2f} {cell.mean[0] - angle:>6.2f} {cell.rmse[0]:>6.2f} | "
                f"{cell.mean[1]:>7.4f} {cell.mean[1] - precision:>7.4f} {cell.rmse[1]:>7.4f} | "
                f"{cell.separated:>6.1%} {cell.chance:>7.1%} | "
                f"{cell.coverage[0]:>8.1%}{marks[0]} {cell.coverage[1]:>8.1%}{marks[1]} {cell.whole:>6.1%}",
                flush=True,
            )
            if precision in design.claimed and any(outside):
                broken.append(f"{design.name} × {design.choices}, φ = {angle}, λ = {precision}")
    return broken


def tabulate_aversion(design: Design, respondents: int, seed: int) -> None:
    """Print the recovery of envy and guilt on one design."""
    print(f"\ninequality aversion: {design.name}, {design.choices} choices; λ = {AVERSE_PRECISION}; ", end="")
    print(f"{respondents:,} respondents a cell")
    columns = "".join(f"{f'median {name}':>9} {'RMSE':>6} {'covered':>8} | " for name in "αβ")
    print(f"{'α':>5} {'β':>5} | {columns}none")
    own, other = design.points[..., 0], design.points[..., 1]
    for envy in ENVIES:
        for guilt in GUILTS:
            worth = own - envy * np.maximum(other - own, 0) - guilt * np.maximum(own - other, 0)
            chance = stream(seed, "aversion", design.name, design.times, str(envy), str(guilt))
            found = [
                estimate_inequality_aversion(one)
                for one in chosen_by(design, AVERSE_PRECISION * worth, respondents, chance)
            ]
            told = [(one.envy, one.guilt, one.envy_se, one.guilt_se) for one in found if one.status is Status.ESTIMATED]
            values = np.array(told, dtype=np.float64).reshape(-1, 4)
            off = values[:, :2] - (envy, guilt)
            # Ratios of weights have long tails: their mean says little.
            median, rmse = np.median(values[:, :2], axis=0), np.sqrt((off**2).mean(axis=0))
            covered = (np.abs(off) <= 1.96 * values[:, 2:]).mean(axis=0)
            print(
                f"{envy:>5} {guilt:>5} | {median[0]:>9.3f} {rmse[0]:>6.3f} {covered[0]:>8.1%} | "
                f"{median[1]:>9.3f} {rmse[1]:>6.3f} {covered[1]:>8.1%} | {1 - len(told) / len(found):.1%}",
                flush=True,
            )


def main() -> int:
    """Print all tables, and return the exit status."""
    parser = argparse.ArgumentParser(description="Recovery and coverage of estimates of preferences.")
    parser.add_argument("--respondents", type=int, default=1000, help="a cell")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated choices")
    given = parser.parse_args()
    started = time.perf_counter()
    broken = [each for design in DESIGNS for each in tabulate(design, given.respondents, given.seed)]
    for design in (DESIGNS[1], DESIGNS[3]):
        tabulate_aversion(design, given.respondents, given.seed)
    print(f"\n* outside {ALLOWED[0]:.0%} … {ALLOWED[1]:.0%}; took {time.perf_counter() - started:.0f} s")
    print("The claim holds." if not broken else "The claim is broken: " + "; ".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
