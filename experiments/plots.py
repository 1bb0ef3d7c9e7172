"""Figures of a run, drawn from its files alone and saved as PNG and SVG.

One colour per orientation throughout (Okabe & Ito 2008, told apart by people with any colour vision), a line style for
each further cell of the same orientation, the number of participants and the kind of interval in every figure, and a
mark on every figure whose data no language model gave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from experiments.summary import (
    groups,
    participants,
    subjects,
    synthetic_mark,
    units_of_measure,
    units_of_play,
    units_told,
)
from games.rationality import chance_level, ideal_angles
from games.slider import CONSISTENT_LENGTH
from games.svo import BOUNDARIES, Orientation

COLOURS = {
    "altruistic": "#009E73",
    "prosocial": "#0072B2",
    "individualistic": "#E69F00",
    "competitive": "#D55E00",
    "none": "#666666",
}
MARKERS = {"altruistic": "o", "prosocial": "s", "individualistic": "^", "competitive": "D", "none": "v"}
_LINES = ("-", "--", ":", "-.")
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "svg.hashsalt": "commonweal",
    "savefig.dpi": 160,
}
_SECTOR = 48.0
"""Points: radius of the ring's sectors; the longest vector that answers can give is 42.9."""


_NAMED = 8
"""More cells than this would write their names over one another."""


@dataclass(frozen=True)
class Cell:
    """One cell of the population as figures show it. number: which of the cells of its orientation, from 0."""

    name: str
    orientation: str
    synthetic: bool
    number: int

    @property
    def colour(self) -> str:
        """Its orientation's colour."""
        return COLOURS[self.orientation]

    @property
    def label(self) -> str:
        """Its name, with (S) where no language model answered."""
        return f"{self.name}{' (S)' if self.synthetic else ''}"


def cells_of(table: pd.DataFrame) -> list[Cell]:
    """The cells of a table, by orientation in the order of the colours."""
    found: list[Cell] = []
    for orientation in COLOURS:
        mine = table[table["orientation"] == orientation].sort_values("participant", kind="stable")
        for number, (name, one) in enumerate(mine.groupby("cell", sort=False)):
            found.append(Cell(str(name), orientation, bool(one["synthetic"].iloc[0]), number))
    return found


def draw_all(folder: Path, summary: Mapping[str, Any], resampling: Resampling) -> list[Path]:
    """Draw every figure that the run has data for, into `figures/`. Returns the paths of the PNG files."""
    manifest = read_json(folder, "manifest")
    decisions, measures = read_table(folder, "decisions"), read_table(folder, "measures")
    lasting = manifest["matching_lasting"]
    play = decisions[decisions["phase"] == "play"]
    together = groups(decisions) if lasting and manifest["memory"] else {}
    drawn: dict[str, Figure] = {}
    with mpl.rc_context(_STYLE):
        if measures["angle"].notna().any():
            drawn["svo_ring"] = svo_ring(measures)
        if measures["value_rationality"].notna().any():
            drawn["value_rationality"] = value_rationality(measures, together, resampling)
        if len(play):
            axis = manifest["cooperation"]
            drawn["cooperation_over_rounds"] = cooperation_over_rounds(play, axis, lasting, resampling)
        if len(play) and (measures["phase"] == "before").any():
            related = summary["angle_and_cooperation"]
            drawn["angle_and_cooperation"] = angle_and_cooperation(measures, decisions, lasting, related, resampling)
        mark = synthetic_mark(summary)
        return [_save(figure, folder / "figures", name, mark) for name, figure in drawn.items()]


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


def cooperation_over_rounds(play: pd.DataFrame, axis: str, lasting: bool, resampling: Resampling) -> Figure:
    """Mean cooperation in each round by cell, with interval, and over everybody."""
    figure = Figure(figsize=(6.8, 4.0), layout="constrained")
    axes = figure.add_subplot()
    _, unit = units_of_play(play, lasting)
    units_named: list[tuple[int, str]] = []
    for cell in [*cells_of(play), None]:
        one = play if cell is None else play[play["cell"] == cell.name]
        rounds, means, lows, highs = list[int](), list[float](), list[float](), list[float]()
        for number in sorted(one["round"].unique()):
            played = one[one["round"] == number]
            units, _ = units_of_play(played, lasting)
            found = resampling.mean(played["cooperation"], units, unit)
            if found.estimate is None:
                continue
            rounds.append(int(number))
            means.append(found.estimate)
            lows.append(np.nan if found.low is None else found.low)
            highs.append(np.nan if found.high is None else found.high)
            if found.low is not None and cell is not None:
                units_named.append((found.units, unit))
        count = f"(n = {one['participant'].nunique()})"
        if cell is None:
            axes.plot(rounds, means, color="black", lw=1.4, ls="--", label=f"everybody {count}")
            continue
        axes.plot(
            rounds,
            means,
            color=cell.colour,
            ls=_LINES[cell.number % len(_LINES)],
            lw=2,
            marker=MARKERS[cell.orientation],
            ms=4,
            label=f"{cell.label} {count}",
        )
        axes.fill_between(rounds, lows, highs, color=cell.colour, alpha=0.15, lw=0)
    axes.set(ylim=(-0.02, 1.02), xlabel="round", ylabel=axis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    game = str(play["game"].iloc[0]).replace("_", " ")
    how = f"bands: {resampling.confidence:.0%} bootstrap over {units_told(units_named)}, pointwise"
    failed = play["failure"].notna().mean()
    axes.set_title(
        f"Cooperation over rounds, {game}; {failed:.1%} of replies failed\n{how}",
        loc="left",
    )
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), title="given orientation", alignment="left", handlelength=3.2
    )
    return figure


def angle_and_cooperation(
    measures: pd.DataFrame,
    decisions: pd.DataFrame,
    lasting: bool,
    related: Mapping[str, Any],
    resampling: Resampling,
) -> Figure:
    """Each participant's mean cooperation against its angle measured before play, with the fitted line and interval."""
    figure = Figure(figsize=(6.8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    everybody = participants(measures, decisions).dropna(subset=["angle", "cooperation"])
    for cell in cells_of(everybody):
        one = everybody[everybody["cell"] == cell.name]
        face = cell.colour if cell.number == 0 else "none"
        axes.scatter(
            one["angle"],
            one["cooperation"],
            s=30,
            marker=MARKERS[cell.orientation],
            facecolor=face,
            edgecolor=cell.colour,
            label=f"{cell.label} (n = {len(one)})",
            zorder=3,
        )
    table = subjects(everybody)
    units, unit = units_of_play(table, lasting)
    told, how = "", "too few participants for a line"
    if len(table) > 1:
        grid = np.linspace(table["angle"].min(), table["angle"].max(), 60)
        fitted = resampling.line(table["angle"], table["cooperation"], units, grid)
        if fitted is not None:
            line, low, high = fitted
            axes.plot(grid, line, color="black", lw=1.6)
            axes.fill_between(grid, low, high, color="black", alpha=0.12, lw=0)
            banded = np.isfinite(low).all()
            how = (
                f"{resampling.confidence:.0%} bootstrap over {units.nunique()} {unit}"
                if banded
                else "too few units for an interval"
            )
            how = f"least-squares line, {how}"
    _classes(axes)
    axes.set(ylim=(-0.04, 1.04), xlabel="slider angle measured before play (degrees)")
    axes.set_ylabel("mean cooperation in play (0 to 1)")
    if related["estimate"] is not None:
        told = f": r = {related['estimate']:.2f}"
        if related["low"] is not None:
            told += f" [{related['low']:.2f}, {related['high']:.2f}]"
    shown = f"{len(table)} of {related['participants']} participants"
    axes.set_title(f"Cooperation against the measured angle{told}\n{shown}; {how}", loc="left")
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), title="given orientation", alignment="left", handlelength=3.2
    )
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
    return f"administrations that gave an angle: {', '.join(told)}"


def _classes(axes: Axes) -> None:
    for boundary in BOUNDARIES:
        axes.axvline(boundary, color="#bbbbbb", lw=0.7, ls=":", zorder=0)


def _save(figure: Figure, folder: Path, name: str, mark: str) -> Path:
    if mark:
        word = mark.partition(":")[0]
        size = 44 if len(word) < 12 else 30
        figure.text(0.5, 0.5, word, size=size, color="#cc0000", alpha=0.13, ha="center", va="center", rotation=25)
        figure.suptitle(mark, fontsize=8, color="#cc0000")
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    return path
