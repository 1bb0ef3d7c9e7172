"""Figures of what was played: cooperation over rounds, and against the measured angle.

Where failed replies are bounded there is no single number for what they touched: it is drawn from the least to the
greatest that they leave open, and never as the middle of the two.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from experiments.bounds import ENDS, figure_of_play, told
from experiments.drawing import LINES, MARKERS, WIDE, Cell, cells_of, folded, gathered, titled
from experiments.play_words import cited
from experiments.statistics import Resampling
from experiments.summary import units_told
from experiments.tables import Tables, participants, studied, units_of_play
from games.rationality import MEASURE
from games.svo import BOUNDARIES

_BOUNDED = "failed replies: least to most cooperative"
_HATCH = "/////"


def cooperation_over_rounds(tables: Tables, play_metrics: Mapping[str, Any] | None, resampling: Resampling) -> Figure:
    """Mean cooperation in each round by cell, with interval, and over everybody; beside it what theory and people do.

    play_metrics: the summary's `play`, which holds the yardsticks and the references.
    """
    # Acts of several stages, such as sending and returning, are no one quantity: each stage has a panel.
    play = gathered(tables.play)
    stages = [stage for stage, rows in play.groupby("stage", sort=False, observed=True) if _cooperates(rows)]
    figure = Figure(figsize=(WIDE, 3.9 * len(stages)))
    for number, stage in enumerate(stages):
        axes = figure.add_subplot(len(stages), 1, number + 1)
        _panel(axes, tables, play[play["stage"] == stage], play_metrics, resampling, named=len(stages) > 1)
    return figure


def _cooperates(rows: pd.DataFrame) -> bool:
    return bool(rows["cooperation"].notna().any())


def _panel(
    axes: Axes,
    tables: Tables,
    play: pd.DataFrame,
    play_metrics: Mapping[str, Any] | None,
    resampling: Resampling,
    *,
    named: bool,
) -> None:
    """One stage. named: whether the title says which."""
    unit = "groups" if tables.lasting else "participants"
    units_named: list[tuple[int, str]] = []
    bounded = False
    for cell in cells_of(play):
        one = play[play["cell"] == cell.name]
        found = _by_round(one, tables, resampling)
        units_named += [(int(count), unit) for count in found.loc[found["low"].notna(), "units"]]
        bounded |= _curve(axes, found, cell, one["participant"].nunique())
    of_all = play[studied(play)]
    everybody = _by_round(of_all, tables, resampling)
    units_named += [(int(count), unit) for count in everybody.loc[everybody["low"].notna(), "units"]]
    who = "everybody" if len(of_all) == len(play) else "everybody studied"
    _everybody(axes, everybody, f"{who} (n = {of_all['participant'].nunique()})")
    stage = str(play["stage"].iloc[0])
    _yardsticks(axes, play_metrics, stage, theory=not named)
    axes.set(ylim=(-0.02, 1.02), xlabel="round", ylabel=textwrap.fill(tables.about["cooperation"], 40))
    axes.set_xlim(0.7, max(play["round"].max(), tables.about.get("rounds") or 0) + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    game = str(play["game"].iloc[0]).replace("_", " ") + f": {stage}" * named
    how = f"bands: {resampling.confidence:.0%} bootstrap over {units_told(units_named)}, pointwise"
    failed = play["failure"].notna().mean()
    left = "" if named else _still_playing(play, tables)
    titled(axes, f"Cooperation over rounds, {game}; {failed:.1%} of replies failed\n{how}{left}")
    hatched = Patch(facecolor="none", edgecolor="#444444", hatch=_HATCH, lw=0, label=_BOUNDED)
    _legend(axes, [hatched] * bounded, "given orientation,\nand yardsticks")


def _still_playing(play: pd.DataFrame, tables: Tables) -> str:
    """How many groups are left in the last round, where some ended before, as those whose stock collapsed."""
    if not tables.lasting:
        return ""
    counts = play.groupby("round")["group"].nunique()
    first, last = int(counts.iloc[0]), int(counts.iloc[-1])
    return (
        f"\n{last} of {first} groups play in round {counts.index[-1]}, the last that any played" if last < first else ""
    )


def angle_and_cooperation(tables: Tables, related: Mapping[str, Any], resampling: Resampling) -> Figure:
    """Each participant's mean cooperation against its angle measured before play, with the fitted line and interval.

    related: the correlation, as the summary has it.
    """
    figure = Figure(figsize=(WIDE, 3.9))
    axes = figure.add_subplot()
    columns = [f"cooperation_{end}" for end in ENDS] if tables.bound else ["cooperation"]
    everybody = gathered(participants(tables.measures, tables.play)).dropna(subset=["angle", *columns])
    least, most = everybody[columns[0]], everybody[columns[-1]]
    for cell in cells_of(everybody):
        mine = everybody["cell"] == cell.name
        known = mine & (least == most)
        axes.scatter(
            everybody.loc[known, "angle"],
            least[known],
            s=20,
            lw=0.9,
            marker=MARKERS[cell.orientation],
            facecolor=cell.colour if cell.number == 0 else "none",
            edgecolor=cell.colour,
            label=f"{folded(cell.label, 28)} (n = {mine.sum()})",
            zorder=3,
        )
        open_ = mine & (least != most)
        x, middle, half = everybody.loc[open_, "angle"], (least + most)[open_] / 2, (most - least)[open_] / 2
        axes.errorbar(x, middle, half, fmt="none", ecolor=cell.colour, elinewidth=1.6, capsize=3, zorder=2)
    how = _lines(axes, everybody[studied(everybody)], columns, tables, resampling)
    measure = str(tables.about.get("measure") or MEASURE).replace("_", " ")
    for boundary in BOUNDARIES if measure == MEASURE else ():
        axes.axvline(boundary, color="#bbbbbb", lw=0.7, ls=":", zorder=0)
    axes.set(ylim=(-0.04, 1.04), xlabel=f"angle of the {measure} measured before play (degrees)")
    axes.set_ylabel("mean cooperation in play (0 to 1)")
    shown = f"{studied(everybody).sum()} of {related['participants']} participants"
    titled(axes, f"Cooperation against the measured angle{_correlation(related)}\n{shown}; {how}")
    bars = Line2D([], [], color="#444444", lw=1.6, marker="|", ls="none", ms=8, label=_BOUNDED)
    _legend(axes, [bars] * bool((least != most).any()))
    return figure


def _yardsticks(axes: Axes, found: Mapping[str, Any] | None, stage: str, *, theory: bool) -> None:
    """Lines at the cooperation of equilibria and optimum, and what people did by round or over all rounds.

    theory: whether to draw the former, whose cooperation is a mean over all stages.
    """
    if found is None:
        return
    yardsticks = found["yardsticks"] if theory else None
    if yardsticks is not None:
        levels = sorted({one["cooperation"] for one in yardsticks["equilibria"] if one["cooperation"] is not None})
        # A game with an equilibrium at every level is marked at its ends.
        for number, level in enumerate(levels if len(levels) <= 3 else [levels[0], levels[-1]]):
            label = "equilibrium" if len(levels) <= 3 else "equilibria, from and to"
            axes.axhline(level, color="#555555", lw=1.2, ls=":", zorder=1, label=label if number == 0 else None)
        if (best := yardsticks["optimum"]["cooperation"]) is not None:
            axes.axhline(best, color="#555555", lw=1.2, ls=(0, (6, 2, 1, 2)), zorder=1, label="social optimum")
    wanted = ("people", "cooperation", stage)
    people = [one for one in found["references"] if (one["who"], one["quantity"], one["stage"]) == wanted]
    for source in dict.fromkeys((one["stage"], one["source"]) for one in people):
        these = [one for one in people if (one["stage"], one["source"]) == source]
        label = f"people, {source[0]}:\n{cited(source[1])}"
        style: dict[str, Any] = {"color": "#AA4499", "zorder": 2, "label": label}
        if these[0]["round"] is None:
            axes.axhline(these[0]["value"], lw=1.0, ls=(0, (1, 3)), **style)
        else:
            axes.plot([one["round"] for one in these], [one["value"] for one in these], ls="none", marker="x", **style)


def _by_round(play: pd.DataFrame, tables: Tables, resampling: Resampling) -> pd.DataFrame:
    """Mean cooperation by round: estimate; least and most, its bounds or itself twice; low and high, the interval."""
    rows = {}
    for number, played in play.groupby("round"):
        units, unit = units_of_play(played, tables.lasting)
        found = figure_of_play(played, "cooperation", units, unit, bound=tables.bound, resampling=resampling)
        bounds = found.get("bounds") or {"low": found["estimate"], "high": found["estimate"]}
        rows[number] = found | {"bounds": None, "least": bounds["low"], "most": bounds["high"]}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "least", "most", "low", "high", "units"])
    return table.astype(float).dropna(subset="least")


def _curve(axes: Axes, found: pd.DataFrame, cell: Cell, people: int) -> bool:
    """Draw one cell's curve; whether any of it is bounded."""
    rounds, colour = found.index, cell.colour
    axes.fill_between(rounds, found["low"], found["high"], color=colour, alpha=0.07 if cell.scripted else 0.15, lw=0)
    _single(axes, found, colour)
    bounded = bool((found["least"] != found["most"]).any())
    style: dict[str, Any] = {"color": colour, "ls": LINES[(cell.number + cell.scripted) % len(LINES)]}
    if bounded:
        hatched: dict[str, Any] = {"facecolor": "none", "edgecolor": colour, "hatch": _HATCH, "lw": 0}
        axes.fill_between(rounds, found["least"], found["most"], **hatched)
        # A band has no width where a single round is bounded.
        open_ = found[found["least"] != found["most"]]
        axes.vlines(open_.index, open_["least"], open_["most"], color=colour, lw=1.4)
        for edge in ("least", "most"):
            axes.plot(rounds, found[edge], lw=1.0, **style)
    label = f"{folded(cell.label, 28)} (n = {people})"
    # A rule is a yardstick beside what is studied.
    axes.plot(
        rounds,
        found["estimate"],
        lw=1.0 if cell.scripted else 1.8,
        marker=MARKERS[cell.orientation],
        label=label,
        **style,
    )
    return bounded


def _single(axes: Axes, found: pd.DataFrame, colour: str) -> None:
    """Draw as a line the interval of a round whose neighbours have none: a band has no width there."""
    known = found["low"].notna()
    single = found[known & ~known.shift(1, fill_value=False) & ~known.shift(-1, fill_value=False)]
    axes.vlines(single.index, single["low"], single["high"], color=colour, lw=1.2, alpha=0.6)


def _everybody(axes: Axes, found: pd.DataFrame, label: str) -> None:
    """Draw the curve of all who are studied, with its interval between thin lines: its band lies on the others'."""
    axes.fill_between(found.index, found["low"], found["high"], color="black", alpha=0.06, lw=0)
    _single(axes, found, "black")
    for edge in ("low", "high"):
        axes.plot(found.index, found[edge], color="black", lw=0.6, ls="--", alpha=0.6)
    if bool((found["least"] != found["most"]).any()):
        for number, edge in enumerate(("least", "most")):
            axes.plot(found.index, found[edge], color="black", lw=1.0, ls="--", label=label if number == 0 else None)
    else:
        axes.plot(found.index, found["estimate"], color="black", lw=1.4, ls="--", label=label)


def _lines(axes: Axes, people: pd.DataFrame, columns: list[str], tables: Tables, resampling: Resampling) -> str:
    """Draw the least-squares line, or both where failures are bounded; how the interval was made."""
    units, unit = units_of_play(people, tables.lasting)
    if len(people) < 2:
        return "too few participants for a line"
    grid = np.linspace(people["angle"].min(), people["angle"].max(), 60)
    fits = [fit for column in columns if (fit := resampling.line(people["angle"], people[column], units, grid))]
    if len(fits) < len(columns):
        return "too few participants for a line"
    same = np.array_equal(fits[0][0], fits[-1][0])
    for line, _, _ in fits[:1] if same else fits:
        axes.plot(grid, line, color="black", lw=1.6 if same else 1.0)
    # Where lines cross, either may be the lower.
    low, high = np.min([low for _, low, _ in fits], axis=0), np.max([high for _, _, high in fits], axis=0)
    axes.fill_between(grid, low, high, color="black", alpha=0.12, lw=0)
    drawn = "least-squares line" if same else "least-squares lines of both ends"
    if not np.isfinite(low).all():
        return f"{drawn}, too few units for an interval"
    return f"{drawn}, {resampling.confidence:.0%} bootstrap over {units.nunique()} {unit}"


def _correlation(related: Mapping[str, Any]) -> str:
    if related["estimate"] is None and not related.get("bounds"):
        return ""
    interval = "" if related["low"] is None else f" [{related['low']:.2f}, {related['high']:.2f}]"
    return f": r = {told(related, '.2f')}{interval}"


def _legend(axes: Axes, more: list[Any], title: str = "given orientation") -> None:
    handles, _ = axes.get_legend_handles_labels()
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "alignment": "left"}
    axes.legend(handles=[*handles, *more], title=title, handlelength=3.2, **place)
