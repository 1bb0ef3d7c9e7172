"""Figures of what was measured: the vectors on the ring, and value rationality."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.drawing import COLOURS, MARKERS, cells_of
from experiments.statistics import Resampling
from experiments.summary import units_told
from experiments.tables import units_of_measure
from games.rationality import chance_level, ideal_angles
from games.slider import CONSISTENT_LENGTH
from games.svo import BOUNDARIES, RING_CLASSES, Orientation

_SECTOR = 48.0
"""Points: radius of the ring's sectors; the longest vector that answers can give is 42.9."""
_NAMED = 8
"""More cells than this would write their names over one another."""


def svo_ring(measures: pd.DataFrame) -> Figure:
    """Measured vectors before (filled) and after play (open), category sectors, and the ideal respondents' angles."""
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    edges = [-45.0, *sorted(BOUNDARIES), 90.0]
    names = [Orientation.COMPETITIVE, Orientation.INDIVIDUALISTIC, Orientation.PROSOCIAL, Orientation.ALTRUISTIC]
    for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
        x, y = _arc(low, high, _SECTOR)
        axes.fill([0, *x, 0], [0, *y, 0], color=COLOURS[name], alpha=0.10, lw=0)
        x, y = _arc((max(low, -30) + min(high, 75)) / 2, None, _SECTOR + 2)
        axes.text(x[0], y[0], name.value, color=COLOURS[name], va="center")
        # A single ideal angle has no extent of its own; half a degree to each side makes it visible.
        least, most = ideal_angles(name)
        axes.plot(*_arc(least - 0.5, most + 0.5, _SECTOR), color=COLOURS[name], lw=5, solid_capstyle="butt")
    axes.plot(*_arc(-45, 90, CONSISTENT_LENGTH), color="#777777", lw=0.8, ls=(0, (4, 3)))
    cells = cells_of(measures)
    for phase, filled in (("before", True), ("after", False)):
        for cell in cells:
            one = measures[(measures["phase"] == phase) & (measures["cell"] == cell.name)]
            mean = one.groupby("participant")[["angle", "length"]].mean().dropna()
            if mean.empty:
                continue
            radians = np.deg2rad(mean["angle"].to_numpy())
            x, y = mean["length"].to_numpy() * np.cos(radians), mean["length"].to_numpy() * np.sin(radians)
            face = cell.colour if filled else "none"
            axes.scatter(
                x, y, s=24, marker=MARKERS[cell.orientation], facecolor=face, edgecolor=cell.colour, lw=1.0, zorder=3
            )
            arrow = {"arrowstyle": "-|>", "color": cell.colour, "lw": 1.8, "ls": "-" if filled else ":"}
            tip = (float(x.mean()), float(y.mean()))
            axes.annotate("", tip, (0, 0), arrowprops=arrow)
            if filled and cell.name != cell.orientation and len(cells) <= _NAMED:
                # Its colour does not say which cell this is.
                axes.annotate(cell.label, tip, (8, 0), textcoords="offset points", color=cell.colour, fontsize=6)
    axes.axhline(0, color="#999999", lw=0.6, zorder=0)
    axes.axvline(0, color="#999999", lw=0.6, zorder=0)
    axes.set(xlim=(-3, 76), ylim=(-38, 54), aspect="equal")
    axes.set(xlabel="mean points to self − 50", ylabel="mean points to other − 50")
    axes.set_title(f"Measured SVO vectors by given orientation\n{_angles(measures)}", loc="left")
    again = bool((measures["phase"] == "after").any())
    handles = [
        Line2D([], [], marker="o", ls="-", color="#444444", label=f"{'before play: ' * again}participants, mean"),
        *([Line2D([], [], marker="o", ls=":", color="#444444", markerfacecolor="none", label="after play")] * again),
        Line2D([], [], lw=5, color="#444444", label="ideal respondents' angles"),
        Line2D([], [], lw=0.8, ls=(0, (4, 3)), color="#777777", label=f"consistent beyond {CONSISTENT_LENGTH:g}"),
    ]
    axes.legend(handles=handles, loc="lower right", fontsize=8)
    return figure


def svo_circle(measures: pd.DataFrame) -> Figure:
    """Measured angles on the whole circle, for measures that reach every direction: the radius is the consistency."""
    figure = Figure(figsize=(7.4, 5.4), layout="constrained")
    axes = figure.add_subplot()
    for name, motive in zip(RING_CLASSES, range(-180, 180, 45), strict=True):
        colour = COLOURS.get(name, COLOURS["none"])
        x, y = _arc(motive - 22.5, motive + 22.5, 1.0)
        axes.fill([0, *x, 0], [0, *y, 0], color=colour, alpha=0.10, lw=0)
        (across,), (up,) = _arc(motive, None, 1.04)[0][:1], _arc(motive, None, 1.04)[1][:1]
        side = "center" if abs(across) < 0.3 else "left" if across > 0 else "right"
        axes.text(across, up, name, color=colour, ha=side, va="center")
    again = bool((measures["phase"] == "after").any())
    for phase, filled in (("before", True), ("after", False)):
        for cell in cells_of(measures):
            one = measures[(measures["phase"] == phase) & (measures["cell"] == cell.name) & measures["angle"].notna()]
            radians, radius = np.deg2rad(one["angle"].to_numpy()), one["consistency"].to_numpy()
            face = cell.colour if filled else "none"
            label = f"{cell.label} (n = {one['participant'].nunique()})" if filled else None
            x, y = radius * np.cos(radians), radius * np.sin(radians)
            axes.scatter(
                x, y, s=24, marker=MARKERS[cell.orientation], facecolor=face, edgecolor=cell.colour, label=label
            )
    for line in ([-1, 1], [0, 0]), ([0, 0], [-1, 1]):
        axes.plot(*line, color="#999999", lw=0.6, zorder=0)
    ticks = [-1, -0.5, 0, 0.5, 1]
    axes.set(xlim=(-1.75, 1.75), ylim=(-1.2, 1.2), xticks=ticks, yticks=ticks, aspect="equal")
    axes.set(xlabel="own points: consistency × cos(angle)", ylabel="other's points: consistency × sin(angle)")
    name = str(measures["measure"].iloc[0]).replace("_", " ")
    filled_told = "; filled before play, open after" * again
    axes.set_title(f"Measured angles, {name}, by given orientation{filled_told}\n{_angles(measures)}", loc="left")
    axes.legend(title="given orientation", loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    return figure


def value_rationality(measures: pd.DataFrame, together: Mapping[int, int], resampling: Resampling) -> Figure:
    """Value rationality of each cell: participants, mean with interval, and the chance level, before and after."""
    cells = [cell for cell in cells_of(measures) if cell.orientation != "none"]
    crowded = len(cells) > 5
    figure = Figure(figsize=(max(6.4, 0.45 * len(cells) + 1.5), 6.0 if crowded else 4.4), layout="constrained")
    axes = figure.add_subplot()
    phases = [phase for phase in ("before", "after") if (measures["phase"] == phase).any()]
    units_named: list[tuple[int, str]] = []
    for place, cell in enumerate(cells):
        level = chance_level(cell.orientation)
        axes.plot([place - 0.45, place + 0.45], [level, level], color="#444444", lw=1.2, ls="--")
        for phase in phases:
            one = measures[(measures["cell"] == cell.name) & (measures["phase"] == phase)]
            one = one[one["value_rationality"].notna()]
            if one.empty:
                continue
            units, unit = units_of_measure(one, together)
            found = resampling.mean(one["value_rationality"], units, unit)
            x = place + (0.2 * (-1) ** (phase == "before") if len(phases) > 1 else 0)
            by = "participant" if one["participant"].nunique() > 1 else "repetition"
            dots = one.groupby(by)["value_rationality"].mean().to_numpy()
            face = cell.colour if phase == "before" else "none"
            axes.scatter(
                x + np.linspace(-0.09, 0.09, len(dots)),
                dots,
                s=10,
                facecolor=face,
                edgecolor=cell.colour,
                lw=0.6,
                alpha=0.6,
            )
            assert found.estimate is not None
            if found.low is not None and found.high is not None:
                axes.plot([x, x], [found.low, found.high], color="black", lw=1.4)
                units_named.append((found.units, unit))
            axes.plot(x, found.estimate, marker="D", color="black", markerfacecolor="white" if face == "none" else face)
    axes.set_xticks(range(len(cells)), [cell.label for cell in cells])
    if crowded:
        axes.tick_params(axis="x", rotation=90)
    axes.set(ylim=(-0.02, 1.03), ylabel="value rationality (0 to 1)")
    handles = [
        Line2D([], [], marker="D", color="black", label="mean" + (", before play" if len(phases) > 1 else "")),
        Line2D([], [], ls="--", color="#444444", label="chance: random answers"),
    ]
    if len(phases) > 1:
        handles.insert(1, Line2D([], [], marker="D", color="black", markerfacecolor="white", label="after play"))
    figure.legend(handles=handles, loc="outside lower center", fontsize=8, ncol=len(handles))
    how = f"{resampling.confidence:.0%} bootstrap over {units_told(units_named)}"
    axes.set_title(f"Value rationality, {how}\n{_angles(measures)}", loc="left")
    return figure


def _arc(low: float, high: float | None, radius: float) -> tuple[Any, Any]:
    angles = np.deg2rad(np.linspace(low, low if high is None else high, 60))
    return radius * np.cos(angles), radius * np.sin(angles)


def _angles(measures: pd.DataFrame) -> str:
    """How many administrations gave an angle, by phase."""
    told = []
    for phase in ("before", "after"):
        one = measures[measures["phase"] == phase]
        if len(one):
            told.append(f"{phase} {one['angle'].notna().sum()} of {len(one)}")
    obtained = bool((measures["obtained"] == "probabilities").any())
    expected = "\nangles: expectations over choice probabilities" * obtained
    return f"administrations that gave an angle: {', '.join(told)}{expected}"
