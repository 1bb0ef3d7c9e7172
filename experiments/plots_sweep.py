"""Figures over the jobs of a sweep: a quantity against one factor, and over two.

`points` are rows of `experiments.pooled` with a column for each factor; single runs stand beside their mean.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from pandas.api.types import is_numeric_dtype

from experiments.bounds import told
from experiments.collected import EVERYBODY
from experiments.drawing import COLOURS, LINES, WIDE, titled
from experiments.summary import units_told

_SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")
"""Okabe & Ito (2008), but for yellow, which is too light for a line on white."""
_MARKS = "osD^vP*X"
_LIMITS = {"cooperation": (-0.03, 1.03), "attainment": (-0.03, 1.03), "efficiency": (None, 1.03)}
_TICKS = 9
"""More levels than these are not each named on the axis."""
_MOST = 24
"""Lines beyond this many cannot be told apart."""


@dataclass(frozen=True)
class Shown:
    """What a figure shows. quantity: its name.  axis: its words on an axis.  confidence: of the intervals.

    theory: by condition, the levels of equilibria and of the social optimum; none of a quantity without.
    """

    quantity: str
    axis: str
    confidence: float
    theory: Mapping[int, Mapping[str, Sequence[float]]]


def phase_curve(points: pd.DataFrame, x: str, by: Sequence[str], shown: Shown) -> Figure:
    """A quantity against a factor: mean with interval, single runs as dots, a line for each level of other factors.

    points: one row for each condition and cell.  x: the factor along the axis; levels that are no numbers stand side by
    side and are not joined.  by: the factors whose combinations are lines.
    """
    figure = Figure(
        figsize=(WIDE, 4.2),
    )
    axes = figure.add_subplot()
    levels, numeric = _levels(points[x]), is_numeric_dtype(points[x]) and bool(points[x].notna().all())
    places = points[x].astype(float) if numeric else points[x].map(_said).map({_said(one): n for n, one in levels})
    every = _series(points, by)
    series = every[:_MOST]
    drawn: list[tuple[pd.DataFrame, pd.Series, str]] = []
    gap = _gap(places) * min(0.035 if numeric else 0.09, 0.6 / len(series))
    for number, (label, rows) in enumerate(series):
        at = places[rows.index] + gap * (number - (len(series) - 1) / 2)
        look = _look(label, rows, number, len(series), by)
        _line(axes, rows, at, look, beside=gap * 0.4 if len(series) > 1 else gap, joined=numeric)
        drawn.append((rows, at, look["color"]))
    _theory(axes, drawn, shown)
    if numeric:
        if len(levels) <= _TICKS:
            axes.set_xticks([float(one) for _, one in levels], [_said(one) for _, one in levels])
        else:
            axes.xaxis.set_major_locator(MaxNLocator(integer=bool((places % 1 == 0).all())))
    else:
        axes.set_xticks(range(len(levels)), [_said(one) for _, one in levels])
        axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set(xlabel=x, ylabel=shown.axis, ylim=_LIMITS.get(shown.quantity))
    cut = f"\nonly {_MOST} of {len(every)} lines are drawn" if len(every) > _MOST else ""
    titled(axes, f"{_name(shown.quantity)} against {x}\n{_counts(points)}; {_how(points, shown)}{cut}")
    _legend(axes, points, by)
    return figure


def heat_map(points: pd.DataFrame, x: str, y: str, shown: Shown) -> Figure:
    """A quantity over two factors, a panel for each cell of the population; n is the number of participants.

    Combinations that no job has are left white.
    """
    columns, rows = _levels(points[x]), _levels(points[y])
    order = list(COLOURS)
    cells = sorted(dict.fromkeys(points["cell"]), key=lambda one: order.index(one) if one in order else len(order))
    high = max(2.4, 1.1 + 0.52 * len(rows)) * len(cells)
    figure = Figure(
        figsize=(WIDE, high),
    )
    middle = points["estimate"].astype(float).fillna(points[["bound_low", "bound_high"]].astype(float).mean(axis=1))
    limits = _range(middle, shown.quantity)
    image = None
    for number, cell in enumerate(cells):
        axes = figure.add_subplot(len(cells), 1, number + 1)
        image = _panel(axes, points[points["cell"] == cell], (x, columns), (y, rows), limits)
        if number == 0:
            titled(axes, f"{_name(shown.quantity)} over {x} and {y}\n{_counts(points)}; {_how(points, shown)}")
        if len(cells) > 1:
            axes.text(1.0, 1.01, f"cell {cell}", ha="right", va="bottom", transform=axes.transAxes)
    assert image is not None
    bar = figure.colorbar(image, ax=figure.axes, shrink=0.9, pad=0.02)
    letters = int(0.6 * high * 72 / (0.6 * mpl.rcParams["axes.labelsize"]))
    bar.set_label("\n".join(textwrap.wrap(shown.axis, letters)))
    bar.outline.set_visible(False)
    return figure


def _panel(
    axes: Axes,
    points: pd.DataFrame,
    across: tuple[str, list[tuple[int, Any]]],
    up: tuple[str, list[tuple[int, Any]]],
    limits: tuple[float, float],
) -> Any:
    """One cell's map. Cells of the map that hold a bounded figure are coloured by its middle and say both bounds."""
    (x, columns), (y, rows) = across, up
    values = np.full((len(rows), len(columns)), np.nan)
    written: dict[tuple[int, int], str] = {}
    form = ".2f" if max(map(abs, limits)) < 10 else ".1f"
    column = {_said(one): n for n, one in columns}
    row = {_said(one): n for n, one in rows}
    for _, one in points.iterrows():
        place = row[_said(one[y])], column[_said(one[x])]
        bounds = {"low": one["bound_low"], "high": one["bound_high"]} if pd.notna(one["bound_low"]) else None
        estimate = None if pd.isna(one["estimate"]) else float(one["estimate"])
        if estimate is not None:
            values[place] = estimate
        elif bounds is not None:
            values[place] = (bounds["low"] + bounds["high"]) / 2
        interval = "" if pd.isna(one["low"]) else f"\n[{one['low']:{form}}, {one['high']:{form}}]"
        synthetic = " (S)" if one["synthetic"] else ""
        said = told({"estimate": estimate, "bounds": bounds}, form)
        written[place] = f"{said}{synthetic}{interval}\nn = {one['participants']}"
    image = axes.pcolormesh(np.ma.masked_invalid(values), cmap="cividis", vmin=limits[0], vmax=limits[1], lw=0)
    image.set_rasterized(False)
    for (up_at, across_at), text in written.items():
        value = values[up_at, across_at]
        light = np.isfinite(value) and (value - limits[0]) / max(1e-12, limits[1] - limits[0]) < 0.55
        how: dict[str, Any] = {"ha": "center", "va": "center", "size": 7 if len(columns) < 9 else 6}
        axes.text(across_at + 0.5, up_at + 0.5, text, color="white" if light else "black", **how)
    axes.set_xticks(np.arange(len(columns)) + 0.5, [_said(one) for _, one in columns])
    axes.set_yticks(np.arange(len(rows)) + 0.5, [_said(one) for _, one in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=x, ylabel=y)
    return image


def _range(values: pd.Series, quantity: str) -> tuple[float, float]:
    """The ends of the colours: those of the quantity where it has ends, else of what was seen."""
    if quantity in {"cooperation", "attainment"}:
        return 0.0, 1.0
    known = values.dropna()
    if known.empty:
        return 0.0, 1.0
    return float(known.min()), float(max(known.max(), known.min() + 1e-9))


def _levels(values: pd.Series) -> list[tuple[int, Any]]:
    """The levels of a factor in their order, numbered; a missing one last."""
    known = list(values.dropna().unique())
    try:
        known.sort()
    except TypeError:  # text beside numbers
        known.sort(key=str)
    return list(enumerate([*known, *values[values.isna()].iloc[:1]]))


def _said(value: Any) -> str:
    return "null" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)


def _series(points: pd.DataFrame, by: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """The lines of a figure: cells, where the quantity is told of cells, by combinations of the other factors."""
    named: dict[str, list[Any]] = {}
    several = points["cell"].nunique() > 1
    for index, one in points.sort_values(list(by), kind="stable").iterrows() if by else points.iterrows():
        parts = [str(one["cell"])] * several + [f"{name.rpartition('.')[2]} {_said(one[name])}" for name in by]
        named.setdefault(", ".join(parts), []).append(index)
    return [(label, points.loc[rows]) for label, rows in named.items()]


def _look(label: str, rows: pd.DataFrame, number: int, count: int, by: Sequence[str]) -> dict[str, Any]:
    cell = str(rows["cell"].iloc[0])
    if not by and cell in COLOURS:
        colour = COLOURS[cell]
    elif count <= len(_SERIES):
        colour = _SERIES[number]
    else:
        colour = to_hex(mpl.colormaps["cividis"](number / (count - 1)))
    synthetic = " (S)" if rows["synthetic"].any() else ""
    shown = {"label": f"{label or 'everybody' * (cell == EVERYBODY) or cell}{synthetic}"}
    return shown | {"color": colour, "ls": LINES[number % len(LINES)], "marker": _MARKS[number % len(_MARKS)]}


def _line(
    axes: Axes, rows: pd.DataFrame, at: pd.Series, look: Mapping[str, Any], *, beside: float, joined: bool
) -> None:
    """One line: runs as dots, the mean with its interval, and a bar from bound to bound where there is no mean.

    beside: how far to the left of the mean the runs stand.
    """
    colour = look["color"]
    for place, runs in zip(at, rows["each"], strict=True):
        if len(runs) > 1:
            axes.plot([place - beside] * len(runs), runs, ls="none", marker="o", ms=3, mew=0, color=colour, alpha=0.35)
    known = rows["low"].notna()
    axes.vlines(at[known], rows.loc[known, "low"], rows.loc[known, "high"], color=colour, lw=1.1, zorder=3)
    wide = _bounded(rows)
    axes.vlines(at[wide], rows.loc[wide, "bound_low"], rows.loc[wide, "bound_high"], color=colour, lw=4, alpha=0.6)
    mean = pd.DataFrame({"x": at, "y": rows["estimate"].astype(float)}).sort_values("x").dropna()
    style = dict(look) if joined else {**look, "ls": "none"}
    axes.plot(mean["x"], mean["y"], zorder=4, markeredgecolor="white", markeredgewidth=0.5, ms=5.5, **style)


def _bounded(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which figures have no number of their own, but two that failed replies leave open."""
    return rows["estimate"].isna() & rows["bound_low"].notna()


def _gap(places: pd.Series) -> float:
    """The least distance between two levels along the axis."""
    steps = np.diff(np.unique(places.astype(float)))
    return float(steps.min()) if len(steps) else 1.0


def _theory(axes: Axes, drawn: Sequence[tuple[pd.DataFrame, pd.Series, str]], shown: Shown) -> None:
    """What theory says: one line where it says the same of every condition, else a mark for each.

    drawn: of each line its rows, their places along the axis, and its colour.
    """
    for name, style, mark in (("equilibrium", ":", "_"), ("social optimum", (0, (6, 2, 1, 2)), "^")):
        levels = {
            number: tuple(shown.theory.get(int(number), {}).get(name, ()))
            for rows, _, _ in drawn
            for number in rows["condition"]
        }
        if len(set(levels.values())) == 1:
            for number, level in enumerate(next(iter(levels.values()))):
                label = name if number == 0 else None
                axes.axhline(level, lw=1.2, ls=style, color="#555555", zorder=1, label=label)
            continue
        how: dict[str, Any] = {"ls": "none", "marker": mark, "ms": 9 if mark == "_" else 6, "mew": 1.4, "mfc": "none"}
        for rows, at, colour in drawn:
            marked = [(x, y) for x, one in zip(at, rows["condition"], strict=True) for y in levels[one]]
            axes.plot([x for x, _ in marked], [y for _, y in marked], color=colour, zorder=2, clip_on=False, **how)
        axes.plot([], [], color="#555555", label=f"{name}, by condition", **how)


def _counts(points: pd.DataFrame) -> str:
    """How many participants and runs stand behind a point, and how many replies failed."""

    def span(values: pd.Series) -> str:
        least, most = int(values.min()), int(values.max())
        return str(least) if least == most else f"{least} to {most}"

    runs = span(points["runs"])
    several = "run" if runs == "1" else "runs"
    failed = points["failed_share"].mean()
    lost = "" if pd.isna(failed) else f"; {failed:.1%} of replies failed"
    return f"n = {span(points['participants'])} participants in {runs} {several} a point{lost}"


def _how(points: pd.DataFrame, shown: Shown) -> str:
    known = points[points["low"].notna()]
    if known.empty:
        return "too few units: no intervals"
    units = [(int(one["units"]), str(one["unit"])) for _, one in known.iterrows()]
    some = "" if len(known) == len(points) else ", where there are enough"
    # Shares of yes and no have Wilson's interval in a run, means the bootstrap.
    kind = "intervals" if shown.quantity.endswith("_share") else "bootstrap intervals"
    return f"{shown.confidence:.0%} {kind} over {units_told(units)}{some}"


def _name(quantity: str) -> str:
    words = quantity.replace("_", " ")
    return words[0].upper() + words[1:]


def _legend(axes: Axes, points: pd.DataFrame, by: Sequence[str]) -> None:
    handles, _ = axes.get_legend_handles_labels()
    if points["each"].map(len).max() > 1:
        handles.append(Line2D([], [], ls="none", marker="o", ms=3, mew=0, color="#666666", label="single runs"))
    if _bounded(points).any():
        handles.append(Line2D([], [], lw=4, color="#888888", label="failed replies:\nleast to greatest"))
    title = "\n".join(by) if by else None
    axes.legend(handles=handles, title=title, loc="upper left", bbox_to_anchor=(1.0, 1.0), alignment="left")
