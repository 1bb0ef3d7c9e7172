"""Figures of a run, drawn from its files alone and saved as PNG and SVG.

One colour per orientation throughout (Okabe & Ito 2008, told apart by people with any colour vision), the number of
participants and the kind of interval in every figure, and a mark on every figure whose data no language model gave.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from experiments.statistics import Resampling
from experiments.store import read_json, read_table
from experiments.summary import participants, units_of_measure, units_of_play
from games.rationality import chance_level, ideal_angles
from games.svo import BOUNDARIES, Orientation

COLOURS = {
    "altruistic": "#009E73",
    "prosocial": "#0072B2",
    "individualistic": "#E69F00",
    "competitive": "#D55E00",
    "none": "#666666",
}
MARKERS = {"altruistic": "o", "prosocial": "s", "individualistic": "^", "competitive": "D", "none": "x"}
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "svg.hashsalt": "commonweal",
    "savefig.dpi": 160,
}
SYNTHETIC = "SYNTHETIC"


def draw_all(folder: Path, summary: Mapping[str, Any], resampling: Resampling) -> list[Path]:
    """Draw every figure that the run has data for, into `figures/`. Returns the paths of the PNG files."""
    manifest = read_json(folder, "manifest")
    decisions, measures = read_table(folder, "decisions"), read_table(folder, "measures")
    play = decisions[decisions["phase"] == "play"]
    readable = measures[measures["angle"].notna()]
    asked = measures["participant"].nunique()
    drawn: dict[str, Figure] = {}
    with mpl.rc_context(_STYLE):
        if len(readable):
            drawn["svo_ring"] = svo_ring(readable, asked)
            rated = readable[readable["orientation"] != "none"]
            if len(rated):
                drawn["value_rationality"] = value_rationality(rated, asked, resampling)
        if len(play):
            drawn["cooperation_over_rounds"] = cooperation_over_rounds(play, manifest["matching_lasting"], resampling)
        if len(play) and len(readable):
            drawn["angle_and_cooperation"] = angle_and_cooperation(
                measures, decisions, manifest["matching_lasting"], summary["angle_and_cooperation"], resampling
            )
        paths = []
        for name, figure in drawn.items():
            if summary["synthetic"]:
                _mark(figure)
            paths.append(_save(figure, folder / "figures", name))
    return paths


def svo_ring(measures: pd.DataFrame, asked: int) -> Figure:
    """Measured angles before (filled) and after play (open) on the ring, category sectors, and the ideal targets."""
    figure = Figure(figsize=(6.2, 5.4), layout="constrained")
    axes = figure.add_subplot()
    edges = [-45.0, *sorted(BOUNDARIES), 90.0]
    names = [Orientation.COMPETITIVE, Orientation.INDIVIDUALISTIC, Orientation.PROSOCIAL, Orientation.ALTRUISTIC]
    for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
        sector = np.deg2rad(np.linspace(low, high, 60))
        axes.fill(
            [0, *(1.25 * np.cos(sector)), 0], [0, *(1.25 * np.sin(sector)), 0], color=COLOURS[name], alpha=0.10, lw=0
        )
        middle = np.deg2rad((max(low, -30) + min(high, 75)) / 2)
        axes.text(1.30 * np.cos(middle), 1.30 * np.sin(middle), name.value, color=COLOURS[name], va="center")
        # A single ideal angle has no extent of its own; half a degree to each side makes it visible.
        least, most = ideal_angles(name)
        target = np.deg2rad(np.linspace(least - 0.5, most + 0.5, 30))
        axes.plot(1.25 * np.cos(target), 1.25 * np.sin(target), color=COLOURS[name], lw=5, solid_capstyle="butt")
    for phase, radius, filled in (("before", 0.92, True), ("after", 1.08, False)):
        for orientation, one in _by_orientation(measures[measures["phase"] == phase]):
            colour = COLOURS[orientation]
            angles = np.deg2rad(one.groupby("participant")["angle"].mean().to_numpy())
            x, y = radius * np.cos(angles), radius * np.sin(angles)
            face = colour if filled else "white"
            axes.scatter(x, y, s=26, marker=MARKERS[orientation], facecolor=face, edgecolor=colour, lw=1.1, zorder=3)
            mean = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())
            axes.annotate(
                "",
                (0.84 * np.cos(mean), 0.84 * np.sin(mean)),
                (0, 0),
                arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.8, "ls": "-" if filled else ":"},
            )
    axes.axhline(0, color="#999999", lw=0.6, zorder=0)
    axes.axvline(0, color="#999999", lw=0.6, zorder=0)
    axes.set(
        xlim=(-0.15, 2.0), ylim=(-0.95, 1.45), aspect="equal", xlabel="points to self →", ylabel="points to other →"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(f"Measured slider angle by given orientation\n{_count(measures, asked)}", loc="left")
    handles = [
        Line2D([], [], marker="o", ls="-", color="#444444", label="before play: participant, mean"),
        Line2D([], [], marker="o", ls=":", color="#444444", markerfacecolor="white", label="after play"),
        Line2D([], [], lw=4, color="#444444", label="ideal respondents"),
    ]
    if not (measures["phase"] == "after").any():
        del handles[1]
    axes.legend(handles=handles, loc="lower right", fontsize=8)
    return figure


def value_rationality(measures: pd.DataFrame, asked: int, resampling: Resampling) -> Figure:
    """Value rationality by orientation: participants, mean with interval, and the chance level, before and after."""
    figure = Figure(figsize=(6.2, 3.8), layout="constrained")
    axes = figure.add_subplot()
    orientations = [one.value for one in Orientation if (measures["orientation"] == one.value).any()]
    inductions = list(dict.fromkeys(measures["induction"]))
    phases = [phase for phase in ("before", "after") if (measures["phase"] == phase).any()]
    series = [(phase, induction) for induction in inductions for phase in phases]
    width = 0.8 / len(series)
    unit = "participants"
    for place, orientation in enumerate(orientations):
        colour = COLOURS[orientation]
        level = chance_level(orientation)
        axes.plot([place - 0.45, place + 0.45], [level, level], color="#444444", lw=1.2, ls="--")
        for number, (phase, induction) in enumerate(series):
            one = measures[
                (measures["orientation"] == orientation)
                & (measures["phase"] == phase)
                & (measures["induction"] == induction)
            ]
            if one.empty:
                continue
            units, unit = units_of_measure(one)
            x = place - 0.4 + width * (number + 0.5)
            dots = one.groupby(units)["value_rationality"].mean().to_numpy()
            spread = np.linspace(-0.22, 0.22, len(dots)) * width
            face = colour if phase == "before" else "white"
            axes.scatter(x + spread, dots, s=10, facecolor=face, edgecolor=colour, lw=0.6, alpha=0.6)
            found = resampling.mean(one["value_rationality"], units, unit)
            assert found.estimate is not None
            if found.low is not None and found.high is not None:
                axes.plot([x, x], [found.low, found.high], color="black", lw=1.4)
            axes.plot(x, found.estimate, marker="D", color="black", markerfacecolor=face, ms=6)
            if len(inductions) > 1:
                axes.text(x, -0.03, induction, rotation=90, ha="center", va="top", fontsize=7)
    axes.set_xticks(range(len(orientations)), orientations)
    if len(inductions) > 1:
        axes.tick_params(axis="x", pad=38)
    axes.set(ylim=(-0.02, 1.03), ylabel="value rationality (0 to 1)")
    label = f"mean, {resampling.confidence:.0%} bootstrap over {unit}"
    handles = [
        Line2D([], [], marker="D", color="black", label=f"{label}{', before play' if len(phases) > 1 else ''}"),
        Line2D([], [], ls="--", color="#444444", label="chance: uniformly random answers"),
    ]
    if len(phases) > 1:
        handles.insert(1, Line2D([], [], marker="D", color="black", markerfacecolor="white", label="after play"))
    figure.legend(handles=handles, loc="outside lower center", fontsize=8, ncol=len(handles))
    words = f"induction {inductions[0]}, " if len(inductions) == 1 else ""
    axes.set_title(f"Value rationality ({words}{_count(measures, asked)})", loc="left")
    return figure


def cooperation_over_rounds(play: pd.DataFrame, lasting: bool, resampling: Resampling) -> Figure:
    """Mean cooperation in each round by orientation, with interval, and over everybody."""
    figure = Figure(figsize=(6.2, 3.8), layout="constrained")
    axes = figure.add_subplot()
    unit = ""
    lines = [*_by_orientation(play), ("everybody", play)]
    for orientation, one in lines:
        colour = COLOURS.get(orientation, "black")
        rounds, means, lows, highs = list[int](), list[float](), list[float](), list[float]()
        for number in sorted(one["round"].unique()):
            played = one[one["round"] == number]
            units, unit = units_of_play(played, lasting)
            found = resampling.mean(played["cooperation"], units, unit)
            if found.estimate is None:
                continue
            rounds.append(int(number))
            means.append(found.estimate)
            lows.append(np.nan if found.low is None else found.low)
            highs.append(np.nan if found.high is None else found.high)
        everybody = orientation == "everybody"
        label = f"{orientation} (n = {one['participant'].nunique()})"
        axes.plot(
            rounds,
            means,
            color=colour,
            lw=2,
            ls="--" if everybody else "-",
            label=label,
            marker=None if everybody else MARKERS[orientation],
            ms=4,
        )
        if not everybody:
            axes.fill_between(rounds, lows, highs, color=colour, alpha=0.15, lw=0)
    game = str(play["game"].iloc[0])
    word = {"public_goods": "contribution (share of endowment)", "dictator": "gift (share of endowment)"}
    axes.set(ylim=(-0.02, 1.02), xlabel="round", ylabel=word.get(game, "cooperation (0 to 1)"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(
        f"Cooperation over rounds, {game.replace('_', ' ')}"
        f"\nbands: {resampling.confidence:.0%} bootstrap over {unit}, pointwise",
        loc="left",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="given orientation", alignment="left")
    return figure


def angle_and_cooperation(
    measures: pd.DataFrame,
    decisions: pd.DataFrame,
    lasting: bool,
    related: Mapping[str, Any],
    resampling: Resampling,
) -> Figure:
    """Each participant's mean cooperation against its angle measured before play, with the fitted line and interval."""
    figure = Figure(figsize=(6.2, 4.0), layout="constrained")
    axes = figure.add_subplot()
    table = participants(measures, decisions).dropna(subset=["angle", "cooperation"])
    for name, one in _by_orientation(table):
        axes.scatter(
            one["angle"],
            one["cooperation"],
            s=30,
            color=COLOURS[name],
            marker=MARKERS[name],
            label=f"{name} (n = {len(one)})",
            zorder=3,
        )
    units, unit = units_of_play(table, lasting)
    if len(table):
        grid = np.linspace(table["angle"].min(), table["angle"].max(), 60)
        fitted = resampling.line(table["angle"], table["cooperation"], units, grid)
        if fitted is not None:
            line, low, high = fitted
            axes.plot(grid, line, color="black", lw=1.6)
            axes.fill_between(grid, low, high, color="black", alpha=0.12, lw=0)
    _classes(axes)
    axes.set(
        ylim=(-0.04, 1.04),
        xlabel="slider angle measured before play (degrees)",
        ylabel="mean cooperation in play (0 to 1)",
    )
    told = ""
    if related["estimate"] is not None:
        told = f"r = {related['estimate']:.2f}"
        if related["low"] is not None:
            told += f" [{related['low']:.2f}, {related['high']:.2f}]"
    axes.set_title(
        f"Cooperation against the measured angle: {told}"
        f"\nleast-squares line, {resampling.confidence:.0%} bootstrap over {unit}",
        loc="left",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="given orientation", alignment="left")
    return figure


def _count(measures: pd.DataFrame, asked: int) -> str:
    return f"{measures['participant'].nunique()} of {asked} participants gave an angle"


def _by_orientation(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each orientation, in the order of the colours."""
    return [(name, table[table["orientation"] == name]) for name in COLOURS if (table["orientation"] == name).any()]


def _classes(axes: Axes) -> None:
    for boundary in BOUNDARIES:
        axes.axvline(boundary, color="#bbbbbb", lw=0.7, ls=":", zorder=0)


def _mark(figure: Figure) -> None:
    figure.text(
        0.5, 0.5, SYNTHETIC, fontsize=44, color="#cc0000", alpha=0.13, ha="center", va="center", rotation=25, zorder=10
    )
    figure.supxlabel(
        "SYNTHETIC: simulated respondents and scripted rules, not a language model", fontsize=8, color="#cc0000"
    )


def _save(figure: Figure, folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    return path
