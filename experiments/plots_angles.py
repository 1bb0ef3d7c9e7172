"""Figures of the angles that were measured: how they are distributed, and how they change from before play to after."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.densities import FEWEST, density
from experiments.drawing import COLOURS, MARKERS, TOGETHER, WIDE, Cell, cells_of, dark, folded, gathered, headed
from experiments.plots_ring import administered, ring, vectors
from experiments.statistics import Interval, Resampling
from experiments.summary import units_told
from experiments.tables import units_of_measure
from games.rationality import attainable_angles, ideal_angles
from games.svo import BOUNDARIES, Orientation

_TALLEST = 8.0
"""Inches: with a title and a legend, the most that fits on a page."""
_MOST_ARROWS = 100
"""Arrows of more participants would make one black spot."""
_POINTS = 3.6
"""Printer's points on the page to a point of the measure, in the figure of arrows."""


def has_distribution(measures: pd.DataFrame) -> bool:
    """Whether any cell has enough angles in a phase for a distribution."""
    counts = measures[measures["angle"].notna()].groupby(["cell", "phase"], observed=True).size()
    return bool((counts >= FEWEST).any())


def raincloud(
    measures: pd.DataFrame, setting: Mapping[str, str], together: Mapping[int, int], resampling: Resampling
) -> Figure:
    """The angles of each cell: density, mean with interval, quartiles, and every administration (Allen et al. 2019).

    One line a cell, by model and induction, then by orientation; a column for each phase. Allen, Poggiali, Whitaker,
    Marshall & Kievit 2019, "Raincloud plots", Wellcome Open Research 4:63.
    measures: of the slider.  setting: model and induction by the name of the cell.  together: as for
    `experiments.tables.units_of_measure`.
    """
    order = list(dict.fromkeys(setting.values()))
    cells = sorted(cells_of(measures), key=lambda cell: order.index(setting[cell.name]))
    phases = [phase for phase in ("before", "after") if (measures["phase"] == phase).any()]
    each = max(0.2, min(0.46, _TALLEST / len(cells)))
    figure = Figure(figsize=(WIDE, each * len(cells) + 1.5))
    grid = figure.subplots(1, len(phases), squeeze=False, sharex=True, sharey=True)[0]
    units_named: list[tuple[int, str]] = []
    for axes, phase in zip(grid, phases, strict=True):
        _categories(axes)
        here = measures[(measures["phase"] == phase) & measures["angle"].notna()]
        for place, cell in enumerate(cells):
            mine = here[here["cell"] == cell.name]
            if len(mine):
                found = _cloud(axes, mine, cell, -place, together, resampling)
                if found.low is not None:
                    units_named.append((found.units, found.unit))
        for place, (above, below) in enumerate(pairwise(cells)):
            if setting[above.name] != setting[below.name]:
                axes.axhline(-place - 0.5, color="#888888", lw=0.6)
        axes.set(ylim=(0.5 - len(cells), 0.62), xlim=(-19, 64), xlabel=f"angle {phase} play (degrees)")
        if len(phases) == 1:
            axes.set_xlabel("angle (degrees)")
    grid[0].set_yticks([-place for place in range(len(cells))], [_counted(cell, measures) for cell in cells])
    for text, cell in zip(grid[0].get_yticklabels(), cells, strict=True):
        text.set_color(dark(cell.colour))
    for axes in grid:
        axes.tick_params(axis="y", length=0)
    how = f"{resampling.confidence:.0%} bootstrap over {units_told(units_named)}"
    headed(figure, f"Distribution of measured angles by given orientation; {how}\n{administered(measures)}")
    figure.legend(handles=_cloud_handles(), loc="outside lower center", ncols=5, columnspacing=1.2)
    return figure


def _counted(cell: Cell, measures: pd.DataFrame) -> str:
    mine = measures[measures["cell"] == cell.name]
    return f"{folded(cell.label, 30)} (n = {mine['participant'].nunique()})"


def _categories(axes: Axes) -> None:
    """The category boundaries, and the ideal respondents' angles along the lower edge."""
    for boundary in BOUNDARIES:
        axes.axvline(boundary, color="#aaaaaa", lw=0.7, ls=":", zorder=0)
    for one in Orientation:
        least, most = ideal_angles(one)
        axes.axvspan(least - 0.5, most + 0.5, color=COLOURS[one], alpha=0.13, lw=0, zorder=0)


def _cloud(
    axes: Axes, mine: pd.DataFrame, cell: Cell, height: float, together: Mapping[int, int], resampling: Resampling
) -> Interval:
    """One cell: the cloud above its line, the rain below. Returns the mean with its interval."""
    angles = mine["angle"].astype(float).to_numpy()
    low, high = attainable_angles()
    grid = np.linspace(low, high, 240)
    if (found := density(angles, grid, low, high)) is not None:
        # Every cloud is as tall as the others: what it shows is its shape.
        tall = height + 0.06 + 0.5 * found / found.max()
        axes.fill_between(
            grid, height + 0.06, tall, where=found > 0.01 * found.max(), color=cell.colour, alpha=0.5, lw=0
        )
    # Where angles are equal, dots would lie on one another: they are spread in the order of the table.
    down = height - 0.16 - 0.24 * ((np.arange(len(angles)) * 0.618) % 1)
    axes.scatter(angles, down, s=5, color=cell.colour, lw=0, alpha=0.7 if len(angles) < 100 else 0.3, zorder=2)
    lower, median, upper = np.quantile(angles, [0.25, 0.5, 0.75])
    axes.plot([lower, upper], [height] * 2, color=cell.colour, lw=3.4, solid_capstyle="butt", zorder=3)
    axes.plot(median, height, marker="|", color="white", ms=4, mew=1.2, zorder=4)
    units, unit = units_of_measure(mine, together)
    mean = resampling.mean(angles, units, unit)
    if mean.low is not None and mean.high is not None:
        axes.plot([mean.low, mean.high], [height - 0.09] * 2, color="black", lw=1.0, zorder=5)
    assert mean.estimate is not None
    axes.plot(mean.estimate, height - 0.09, marker="D", color="black", ms=2.6, lw=0, zorder=6)
    return mean


def _cloud_handles() -> list[Any]:
    grey = "#555555"
    return [
        Patch(facecolor=grey, alpha=0.5, label="density"),
        Line2D([], [], color=grey, lw=3.4, marker="|", markeredgecolor="white", ms=4, label="quartiles and median"),
        Line2D([], [], color="black", lw=1.0, marker="D", ms=2.6, label="mean with interval"),
        Line2D([], [], color=grey, marker="o", ls="none", ms=2.5, label="administration"),
        Patch(facecolor=grey, alpha=0.13, label="ideal respondents"),
    ]


def drift_arrows(measures: pd.DataFrame, together: Mapping[int, int], resampling: Resampling) -> Figure:
    """From before play to after: each participant's vector on the ring, and the change of the angle by cell.

    Thin arrows are participants, thick ones the means of cells, over those with an angle in both phases.
    measures: of the slider, in both phases.  together: as for `experiments.tables.units_of_measure`.
    """
    before, after = (_by_participant(measures[measures["phase"] == phase]) for phase in ("before", "after"))
    both = before.add_suffix("_before").join(after.add_suffix("_after"), how="inner")
    who = measures.drop_duplicates("participant").set_index("participant")["cell"]
    both = both.join(who)
    both["change"] = both["angle_after"] - both["angle_before"]
    cells = [cell for cell in cells_of(measures) if (both["cell"] == cell.name).any()]
    tall = max(4.6, max(0.19, min(0.3, _TALLEST / len(cells))) * len(cells) + 1.8)
    figure = Figure(figsize=(WIDE, tall))
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    ring(left, named=False)
    left.set_anchor("NW")
    few = len(both) <= _MOST_ARROWS
    for cell in cells:
        mine = both[both["cell"] == cell.name]
        if few:
            for _, one in mine.iterrows():
                _arrow(left, one, cell.colour, thick=False)
    fewer = gathered(measures)
    whose = fewer.drop_duplicates("participant").set_index("participant")["cell"].reindex(both.index)
    for cell in cells_of(fewer):
        of_cell = whose == cell.name
        if of_cell.any():
            _arrow(left, both[of_cell].drop(columns="cell").mean(), cell.colour, thick=True)
    left.set(xlim=(-2, 50), ylim=(-25, 50), xlabel="points to self − 50", ylabel="points to other − 50")
    units_named = _changes(right, both, cells, together, resampling)
    how = f"{resampling.confidence:.0%} bootstrap over {units_told(units_named)}"
    drawn = "thin: participants, thick: means" if few else f"means alone, for over {_MOST_ARROWS} participants"
    missing = measures["participant"].nunique() - len(both)
    left_out = f"; {missing} without an angle in both" * (missing > 0)
    told = f"Drift of the measured angle from before play to after, n = {len(both)} participants{left_out}"
    headed(figure, f"{told}\narrows: {drawn}; right: {how}")
    return figure


def _by_participant(measures: pd.DataFrame) -> pd.DataFrame:
    """Mean angle and mean vector of each participant that has one: columns angle, x, y."""
    x, y = vectors(measures)
    angle = measures.groupby("participant")["angle"].mean().astype(float)
    return pd.DataFrame({"angle": angle, "x": x, "y": y}).dropna()


def _arrow(axes: Axes, one: pd.Series, colour: str, *, thick: bool) -> None:
    tail, tip = (float(one["x_before"]), float(one["y_before"])), (float(one["x_after"]), float(one["y_after"]))
    axes.plot(*tail, marker="o", ms=3.5 if thick else 1.8, color=colour, mec="black", mew=0.8 * thick, zorder=5, lw=0)
    # A head longer than its arrow would point from elsewhere.
    long = _POINTS * float(np.hypot(tip[0] - tail[0], tip[1] - tail[1]))
    if long < 1:
        return
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}
    if thick:
        # Its own colour alone would be lost among the thin ones.
        edge = arrow | {"color": "black", "lw": 2.8, "mutation_scale": min(12.0, 2.0 * long)}
        axes.annotate("", tip, tail, arrowprops=edge, zorder=6)
    arrow |= {"color": colour, "alpha": 1.0 if thick else 0.65, "lw": 1.8 if thick else 0.7}
    arrow |= {"mutation_scale": min(10.0 if thick else 5.0, 1.6 * long)}
    axes.annotate("", tip, tail, arrowprops=arrow, zorder=7 if thick else 3)


def _changes(
    axes: Axes, both: pd.DataFrame, cells: Sequence[Cell], together: Mapping[int, int], resampling: Resampling
) -> list[tuple[int, str]]:
    """The change of each participant's angle by cell, with the mean and its interval; how many units each has."""
    units_named: list[tuple[int, str]] = []
    axes.axvline(0, color="#888888", lw=0.8, ls="--")
    for place, cell in enumerate(cells):
        mine = both[both["cell"] == cell.name]
        numbers = mine.index.to_series()
        units, unit = (numbers.map(dict(together)), "groups") if together else (numbers, "participants")
        found = resampling.mean(mine["change"], units, unit)
        spread = -place + np.linspace(-0.22, 0.22, len(mine)) if len(mine) > 1 else np.array([-float(place)])
        marker = MARKERS[cell.orientation]
        axes.scatter(mine["change"], spread, s=9, marker=marker, color=cell.colour, alpha=0.6, lw=0)
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [-place] * 2, color="black", lw=1.2)
            units_named.append((found.units, unit))
        assert found.estimate is not None
        axes.plot(found.estimate, -place, marker="D", color="black", ms=3.5, lw=0)
    gap = "\n" if len(cells) <= TOGETHER else ", "
    labels = [f"{folded(cell.label, 22)}{gap}n = {(both['cell'] == cell.name).sum()}" for cell in cells]
    axes.set_yticks([-place for place in range(len(cells))], labels)
    axes.set(ylim=(0.6 - len(cells), 0.6), xlabel="change of the angle, after − before (degrees)")
    most = max(5.0, 1.1 * float(both["change"].abs().max()))
    axes.set_xlim(-most, most)
    return units_named
