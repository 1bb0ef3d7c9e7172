"""Figures of what was measured: angles on the whole circle, and value rationality by cell and as a heat map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.drawing import COLOURS, MARKERS, WIDE, cells_of, dark, folded, gathered, headed, settings, titled
from experiments.plots_ring import administered, arc
from experiments.statistics import Resampling
from experiments.summary import units_told
from experiments.tables import units_of_measure
from games.rationality import chance_level
from games.svo import RING_CLASSES, Orientation

PLAIN, CORRECTED = "value_rationality", "value_rationality_corrected"
"""Figures of the summary. Chance differs between orientations, so only the second may be compared over them."""


def svo_circle(measures: pd.DataFrame) -> Figure:
    """Measured angles on the whole circle, for measures that reach every direction: the radius is the consistency."""
    figure = Figure(figsize=(WIDE, 4.6))
    axes = figure.add_subplot()
    for name, motive in zip(RING_CLASSES, range(-180, 180, 45), strict=True):
        colour = COLOURS.get(name, COLOURS["none"])
        x, y = arc(motive - 22.5, motive + 22.5, 1.0)
        axes.fill([0, *x, 0], [0, *y, 0], color=colour, alpha=0.10, lw=0)
        (across,), (up,) = arc(motive, None, 1.04)[0][:1], arc(motive, None, 1.04)[1][:1]
        side = "center" if abs(across) < 0.3 else "left" if across > 0 else "right"
        axes.text(across, up, name, color=colour, ha=side, va="center")
    again = bool((measures["phase"] == "after").any())
    measures = gathered(measures)
    for phase, filled in (("before", True), ("after", False)):
        for cell in cells_of(measures):
            one = measures[(measures["phase"] == phase) & (measures["cell"] == cell.name) & measures["angle"].notna()]
            radians, radius = np.deg2rad(one["angle"].to_numpy()), one["consistency"].to_numpy()
            face = cell.colour if filled else "none"
            label = f"{folded(cell.label, 26)} (n = {one['participant'].nunique()})" if filled else None
            x, y = radius * np.cos(radians), radius * np.sin(radians)
            axes.scatter(
                x, y, s=16, lw=0.8, marker=MARKERS[cell.orientation], facecolor=face, edgecolor=cell.colour, label=label
            )
    for line in ([-1, 1], [0, 0]), ([0, 0], [-1, 1]):
        axes.plot(*line, color="#999999", lw=0.6, zorder=0)
    ticks = [-1, -0.5, 0, 0.5, 1]
    axes.set(xlim=(-1.75, 1.75), ylim=(-1.2, 1.2), xticks=ticks, yticks=ticks, aspect="equal")
    axes.set(xlabel="own points: consistency × cos(angle)", ylabel="other's points: consistency × sin(angle)")
    name = str(measures["measure"].iloc[0]).replace("_", " ")
    filled_told = "; filled before play, open after" * again
    titled(axes, f"Measured angles, {name}, by given orientation{filled_told}\n{administered(measures)}")
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "alignment": "left"}
    axes.legend(title="given orientation", **place)
    return figure


def value_rationality(measures: pd.DataFrame, together: Mapping[int, int], resampling: Resampling) -> Figure:
    """Value rationality of each cell: participants, mean with interval, and the chance level, before and after."""
    cells = [cell for cell in cells_of(measures) if cell.orientation != "none"]
    crowded = len(cells) > 5
    figure = Figure(figsize=(WIDE, 5.4 if crowded else 3.8))
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
    axes.set_xticks(range(len(cells)), [folded(cell.label, 34 if crowded else 80 // len(cells)) for cell in cells])
    axes.set_xlim(-0.6, len(cells) - 0.4)
    if crowded:
        axes.tick_params(axis="x", rotation=90)
    axes.set(ylim=(-0.02, 1.03), ylabel="value rationality (0 to 1)")
    handles = [
        Line2D([], [], marker="D", color="black", label="mean" + (", before play" if len(phases) > 1 else "")),
        Line2D([], [], ls="--", color="#444444", label="chance: random answers"),
    ]
    if len(phases) > 1:
        handles.insert(1, Line2D([], [], marker="D", color="black", markerfacecolor="white", label="after play"))
    figure.legend(handles=handles, loc="outside lower center", ncol=len(handles))
    how = f"{resampling.confidence:.0%} bootstrap over {units_told(units_named)}"
    titled(axes, f"Value rationality, {how}\n{administered(measures)}")
    return figure


def heat_map_rows(cells: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What a heat map of value rationality shows: rows by model, induction and phase; in each, figures by orientation.

    Empty where two cells of one orientation share a model and an induction: a square has room for one.
    cells: of the summary.
    """
    given = [one for one in cells if one["orientation"] != "none" and one["model"] != "none"]
    named = settings(given)
    if len({(named[one["cell"]], one["orientation"]) for one in given}) < len(given):
        return {}
    phases = [phase for phase in ("before", "after") if any(phase in one for one in given)]
    rows: dict[str, dict[str, Mapping[str, Any]]] = {}
    for one in given:
        for phase in phases:
            if phase in one and one[phase]["chance_level"] is not None:
                name = named[one["cell"]] + " (S)" * one["synthetic"] + f"\n{phase} play" * (len(phases) > 1)
                rows.setdefault(name, {})[one["orientation"]] = one[phase]
    return rows


def value_rationality_map(rows: Mapping[str, Mapping[str, Mapping[str, Any]]], confidence: float) -> Figure:
    """Value rationality by model, induction and phase (rows) and orientation, beside what random answers reach.

    Colours are those of the figure corrected for chance, which alone may be compared over orientations.
    rows: of `heat_map_rows`.
    """
    columns = [one.value for one in Orientation if any(one.value in row for row in rows.values())]
    figure = Figure(figsize=(WIDE, max(0.32, min(0.5, 8 / len(rows))) * len(rows) + 1.7))
    axes = figure.add_subplot()
    values = [[_estimate(row.get(name), CORRECTED) for name in columns] for row in rows.values()]
    axes.imshow(values, vmin=0, vmax=1, cmap="cividis", aspect="auto")
    units: list[tuple[int, str]] = []
    for down, row in enumerate(rows.values()):
        for across, name in enumerate(columns):
            units += _square(axes, across, down, row.get(name))
    heads = [f"{name}\n(chance {chance_level(name):.2f})" for name in columns]
    axes.set_xticks(range(len(columns)), heads)
    for text, name in zip(axes.get_xticklabels(), columns, strict=True):
        text.set_color(dark(COLOURS[name]))
    axes.set_yticks(range(len(rows)), [folded_lines(name, 30) for name in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    scale = ScalarMappable(Normalize(0, 1), "cividis")
    label = "corrected for chance\n(0: chance, or below it)"
    figure.colorbar(scale, ax=axes, label=label, fraction=0.04, pad=0.02, extend="min")
    how = f"[{confidence:.0%} bootstrap over {units_told(units)}]"
    corrected = (
        "(corrected for chance: 0 = random answers, 1 = perfect), also the colour; n: administrations with an angle"
    )
    headed(figure, f"Value rationality by given orientation, {how}\n{corrected}")
    return figure


def folded_lines(name: str, width: int) -> str:
    """A name of several lines, each of them folded."""
    return "\n".join(folded(line, width) for line in name.split("\n"))


def _estimate(found: Mapping[str, Any] | None, figure: str) -> float:
    estimate = None if found is None else found[figure]["estimate"]
    return np.nan if estimate is None else float(estimate)


def _square(axes: Axes, across: int, down: int, found: Mapping[str, Any] | None) -> list[tuple[int, str]]:
    """Write the figures of one square; how many units its interval is over."""
    value, corrected = _estimate(found, PLAIN), _estimate(found, CORRECTED)
    if found is None or np.isnan(value):
        axes.text(across, down, "–" if found is None else "no angle", ha="center", va="center", color="#555555")
        return []
    plain = found[PLAIN]
    known = plain["low"] is not None and plain["high"] is not None
    interval = f" [{plain['low']:.2f}, {plain['high']:.2f}]" * known if known else ""
    count = f"n = {found['administrations'] - found['without_angle']}"
    beside = "–" if np.isnan(corrected) else f"{corrected:.2f}".replace("-", "−")
    text = f"{value:.2f}{interval}\n({beside}), {count}"
    colour = "white" if corrected < 0.55 else "black"
    axes.text(across, down, text, ha="center", va="center", color=colour, fontsize=7)
    return [(plain["units"], plain["unit"])] * known
