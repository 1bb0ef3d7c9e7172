"""Whether the ring model's estimates recover the angle and precision that choices were made with.

    python -m benchmarks.estimation_recovery

Respondents are simulated by the model itself at each of 21 true pairs (φ, λ). Two designs: the slider's 15 items, and a
wheel of 12 lines of nine allocations through (50, 50), 50 points to either side, 15° apart; each in several
administrations. Separated choices have no estimate (`none`); mean, bias and RMSE are over all others, among them those
that cannot be told from chance (`chance`), since leaving these out would select large λ. Intervals are there for all
respondents, and coverage counts all: separated ones with their profile interval (λ's without an upper end), and an
angle's interval that is the whole circle (`whole`) as covered.

The claim: with the choices per respondent that are marked `claimed`, 95 % profile intervals of φ and of λ cover between
93 % and 97 % in each cell of λ that is named. The exit status is 1 when one does not. Other rows show where it fails.
"""

import argparse
import math
import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from games.choice_models import Observed
from games.estimation import Ring, Status, estimate_ring
from games.randomness import stream
from games.slider import ITEMS

ANGLES = (-45.0, -20.0, 0.0, 22.5, 45.0, 70.0, 90.0)
PRECISIONS = (0.02, 0.05, 0.1)
ALLOWED = (0.93, 0.97)


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


def simulated(design: Design, angle: float, precision: float, respondents: int) -> list[Ring]:
    """The estimates of respondents who choose by the ring model."""
    menus = [
        [Observed(tuple(menu[:, 0].tolist()), tuple(menu[:, 1].tolist()), chosen) for chosen in range(len(menu))]
        for menu in design.points
    ]
    weights = precision * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    worth = design.points @ weights
    chance = stream(1, design.name, design.times, str(angle), str(precision))
    # The largest of utilities with Gumbel noise is a logit choice (McFadden 1974).
    chosen = (worth + chance.gumbel(size=(respondents, design.times, *worth.shape))).argmax(axis=-1)
    return [
        estimate_ring([menus[item][option] for asked in one for item, option in enumerate(asked)])
        for one in chosen.tolist()
    ]


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


def tabulate(design: Design, respondents: int) -> list[str]:
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
            cell = summary(simulated(design, angle, precision, respondents), angle, precision)
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


def main() -> int:
    """Print all tables, and return the exit status."""
    parser = argparse.ArgumentParser(description="Recovery and coverage of the ring model's estimates.")
    parser.add_argument("--respondents", type=int, default=1000, help="a cell")
    respondents = parser.parse_args().respondents
    started = time.perf_counter()
    broken = [each for design in DESIGNS for each in tabulate(design, respondents)]
    print(f"\n* outside {ALLOWED[0]:.0%} … {ALLOWED[1]:.0%}; took {time.perf_counter() - started:.0f} s")
    print("The claim holds." if not broken else "The claim is broken: " + "; ".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
