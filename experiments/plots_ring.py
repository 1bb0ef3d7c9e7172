"""The ring of the slider measure, and the figure of the vectors and angles that were measured on it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.densities import density
from experiments.drawing import COLOURS, MARKERS, TOGETHER, WIDE, Cell, cells_of, folded, headed
from games.rationality import attainable_angles, ideal_angles
from games.slider import CONSISTENT_LENGTH
from games.svo import BOUNDARIES, Orientation

SECTOR = 48.0
"""Points: radius of the ring's sectors; the longest vector that answers can give is 42.9."""
_RIDGE = 11.0
"""Points: height of the highest ridge."""
_DENSE = 20
"""Above this many panels they are small, and have neither ticks nor room for long names."""
_ORDER = (Orientation.COMPETITIVE, Orientation.INDIVIDUALISTIC, Orientation.PROSOCIAL, Orientation.ALTRUISTIC)


def svo_ring(measures: pd.DataFrame, setting: Mapping[str, str]) -> Figure:
    """Measured vectors before (filled) and after play (open), and the angles' density by cell as ridges outside.

    One ring where it has room for every cell; otherwise a ring for each model and induction, or for each cell.
    measures: of the slider.  setting: model and induction by the name of the cell.
    """
    cells = [
        cell for cell in cells_of(measures) if (measures.loc[measures["cell"] == cell.name, "angle"]).notna().any()
    ]
    panels = panels_of(cells, setting)
    again = bool((measures["phase"] == "after").any())
    alone, dense = len(panels) == 1, len(panels) > _DENSE
    columns = 1 if alone else 2 if len(panels) <= 4 else 3 if len(panels) <= 9 else 5 if len(panels) <= _DENSE else 8
    rows = -(-len(panels) // columns)
    size = (WIDE, 5.3) if alone else (WIDE, (1.15 * WIDE / columns + 0.35) * rows + 1.0)
    figure = Figure(figsize=size)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (name, mine) in zip(grid.flat, panels.items(), strict=False):
        ring(axes, named=alone, lw=1.5 if dense else 4)
        _ridges(axes, measures, mine)
        for cell in mine:
            _vectors(axes, measures[measures["cell"] == cell.name], cell, 0.5 if dense else 1.0)
        if not alone:
            count = int(measures.loc[measures["cell"].isin([cell.name for cell in mine]), "angle"].notna().sum())
            told = f"{_short(folded(name, 100 // columns))}\n{count} angles"
            axes.set_title(told, fontsize=7, loc="center")
    grid[rows // 2 if rows > 2 else 0, 0].set_ylabel("points to other − 50")
    if dense:
        grid[0, 0].set(xticks=[], yticks=[])  # of all: they are shared
    for number in range(columns):
        lowest = grid[max(row for row in range(rows) if row * columns + number < len(panels)), number]
        lowest.xaxis.set_tick_params(labelbottom=True)
        if number == columns // 2:
            lowest.set_xlabel("points to self − 50")
    how = "arrows are means, without intervals"
    headed(figure, f"Measured SVO vectors by given orientation; {how}\n{administered(measures)}")
    handles = _handles(measures, panels, again)
    place: dict[str, Any] = (
        {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0)} if alone else {"loc": "outside lower center", "ncols": 3}
    )
    (grid[0, 0] if alone else figure).legend(handles=handles, **place)
    return figure


def _short(name: str) -> str:
    """The first two lines of a name."""
    lines = name.split("\n")
    return "\n".join(lines[:2]) + " …" * (len(lines) > 2)


def panels_of(cells: Sequence[Cell], setting: Mapping[str, str]) -> dict[str, list[Cell]]:
    """Which cells share a panel in which colours tell them apart: all, those of one setting, or each its own."""
    if len(cells) <= TOGETHER and _apart(cells):
        return {"": list(cells)}
    by_setting: dict[str, list[Cell]] = {}
    for cell in cells:
        by_setting.setdefault(setting[cell.name], []).append(cell)
    if all(_apart(mine) for mine in by_setting.values()):
        return by_setting
    return {cell.label: [cell] for cell in cells}


def _apart(cells: Sequence[Cell]) -> bool:
    return len({cell.orientation for cell in cells}) == len(cells)


def ring(axes: Axes, *, named: bool = True, lw: float = 4) -> None:
    """Draw the ring: category sectors, the angles of the ideal respondents, and the consistent length.

    named: whether to write the names of the categories.  lw: width of the ideal respondents' angles on the page.
    """
    edges = [-45.0, *sorted(BOUNDARIES), 90.0]
    for name, low, high in zip(_ORDER, edges[:-1], edges[1:], strict=True):
        x, y = arc(low, high, SECTOR)
        axes.fill([0, *x, 0], [0, *y, 0], color=COLOURS[name], alpha=0.10, lw=0)
        if named:
            x, y = arc((max(low, -36) + min(high, 75)) / 2, None, SECTOR + _RIDGE + 4)
            axes.text(x[0], y[0], name.value, color=COLOURS[name], va="center")
        # A single ideal angle has no extent of its own; half a degree to each side makes it visible.
        least, most = ideal_angles(name)
        axes.plot(*arc(least - 0.5, most + 0.5, SECTOR), color=COLOURS[name], lw=lw, solid_capstyle="butt")
    axes.plot(*arc(-45, 90, CONSISTENT_LENGTH), color="#777777", lw=0.8, ls=(0, (4, 3)))
    axes.axhline(0, color="#999999", lw=0.6, zorder=0)
    axes.axvline(0, color="#999999", lw=0.6, zorder=0)
    axes.set(xlim=(-3, SECTOR + _RIDGE + (27 if named else 4)), ylim=(-38, SECTOR + _RIDGE + 1), aspect="equal")
    axes.set(xticks=[0, 20, 40], yticks=[-20, 0, 20, 40])


def arc(low: float, high: float | None, radius: Any) -> tuple[Any, Any]:
    """Points x, y on the circle from one angle to another, degrees; on a single one without another."""
    angles = np.deg2rad(np.linspace(low, low if high is None else high, 60))
    return radius * np.cos(angles), radius * np.sin(angles)


def administered(measures: pd.DataFrame) -> str:
    """How many administrations gave an angle, by phase."""
    told = []
    for phase in ("before", "after"):
        one = measures[measures["phase"] == phase]
        if len(one):
            told.append(f"{phase} {one['angle'].notna().sum()} of {len(one)}")
    obtained = bool((measures["obtained"] == "probabilities").any())
    expected = "\nangles: expectations over choice probabilities" * obtained
    return f"administrations that gave an angle: {', '.join(told)}{expected}"


def _ridges(axes: Axes, measures: pd.DataFrame, cells: Sequence[Cell]) -> None:
    """The density of each cell's angles, outside the sectors: filled before play, a line after it."""
    low, high = attainable_angles()
    grid = np.linspace(low, high, 240)
    radians, base = np.deg2rad(grid), SECTOR + 1.5
    found = []
    for phase in ("before", "after"):
        for cell in cells:
            mine = measures[(measures["phase"] == phase) & (measures["cell"] == cell.name)]
            if (heights := density(mine["angle"], grid, low, high)) is not None:
                found.append((cell, phase, heights))
    most = max((float(heights.max()) for _, _, heights in found), default=1.0)
    for cell, phase, heights in found:
        radius = base + _RIDGE * heights / most
        x, y = radius * np.cos(radians), radius * np.sin(radians)
        # Where next to nobody is, a line along the base would say that there is something.
        shown = heights > 0.01 * most
        if phase == "before":
            inner = base * np.cos(radians[::-1]), base * np.sin(radians[::-1])
            axes.fill([*x, *inner[0]], [*y, *inner[1]], color=cell.colour, alpha=0.4, lw=0, zorder=2)
        x, y = np.where(shown, x, np.nan), np.where(shown, y, np.nan)
        axes.plot(x, y, color=cell.colour, lw=0.9, ls="-" if phase == "before" else ":", zorder=3)


def _vectors(axes: Axes, measures: pd.DataFrame, cell: Cell, scale: float) -> None:
    """Each participant's mean vector, and the cell's as an arrow."""
    for phase, filled in (("before", True), ("after", False)):
        x, y = vectors(measures[measures["phase"] == phase])
        if not len(x):
            continue
        face = cell.colour if filled else "none"
        marker = MARKERS[cell.orientation]
        axes.scatter(
            x, y, s=14 * scale**2, marker=marker, facecolor=face, edgecolor=cell.colour, lw=0.8, zorder=3, alpha=0.8
        )
        arrow = {"arrowstyle": "-|>", "color": cell.colour, "lw": 1.4 * scale, "ls": "-" if filled else ":"}
        arrow |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 8 * scale}
        axes.annotate("", (float(x.mean()), float(y.mean())), (0, 0), arrowprops=arrow)


def vectors(measures: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The mean vector of each participant with an angle, by participant: points to self and to other, from 50 each."""
    known = measures[measures["angle"].notna() & measures["length"].notna()]
    radians = np.deg2rad(known["angle"].astype(float))
    length = known["length"].astype(float)
    who = known["participant"]
    return (length * np.cos(radians)).groupby(who).mean(), (length * np.sin(radians)).groupby(who).mean()


def _handles(measures: pd.DataFrame, panels: Mapping[str, Sequence[Cell]], again: bool) -> list[Any]:
    shown = [cell for mine in panels.values() for cell in mine]
    handles: list[Any] = []
    for orientation, marker in MARKERS.items():
        mine = [cell for cell in shown if cell.orientation == orientation]
        if not mine:
            continue
        synthetic = any(cell.synthetic for cell in mine)
        label = mine[0].label if len(panels) == 1 else orientation + " (S)" * synthetic
        people = measures.loc[measures["cell"].isin([cell.name for cell in mine]), "participant"].nunique()
        style: dict[str, Any] = {"marker": marker, "ls": "none", "color": COLOURS[orientation]}
        handles.append(Line2D([], [], label=f"{folded(label, 30)} (n = {people})", **style))
    grey = "#444444"
    handles += [
        Line2D([], [], marker="o", ls="-", color=grey, label=f"{'before play: ' * again}participants, mean"),
        *([Line2D([], [], marker="o", ls=":", color=grey, markerfacecolor="none", label="after play")] * again),
        Patch(facecolor=grey, alpha=0.4, label="density of angles" + "\n(after play: dotted)" * again),
        Line2D([], [], lw=4, color=grey, label="ideal respondents' angles"),
        Line2D([], [], lw=0.8, ls=(0, (4, 3)), color="#777777", label=f"consistent beyond {CONSISTENT_LENGTH:g}"),
    ]
    return handles
