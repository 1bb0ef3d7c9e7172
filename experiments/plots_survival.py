"""Figure of how long common stocks last: Kaplan–Meier curves over groups.

The share of groups whose stock has not collapsed after each month, where groups that could not be followed to the end
count for as long as they were (Kaplan & Meier 1958, Journal of the American Statistical Association 53, 457–481). The
intervals are Greenwood's on the log-log scale (Kalbfleisch & Prentice 1980, "The Statistical Analysis of Failure Time
Data", section 1.3).
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from experiments.drawing import COLOURS, LINES, WIDE, cells_of, folded, titled
from experiments.statistics import FEWEST_UNITS, Resampling
from experiments.tables import Tables

_FEWEST = 3
"""A composition of fewer groups has no curve of its own."""
_MOST = 6
"""Curves of compositions in one figure."""
_MIXED = ("#332288", "#CC79A7", "#56B4E9", "#117733", "#882255", "#999933")
"""Of groups of several orientations, which have no orientation's colour."""


@dataclass(frozen=True)
class Curve:
    """A Kaplan–Meier estimate, as a step function from month 0 on.

    months, survival: shape (k,), the first being 0 and 1.  low, high: its interval, NaN where there is none.
    """

    months: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def has_collapse(rounds: pd.DataFrame) -> bool:
    """Whether the rounds are those of a game whose groups can come to an early end."""
    facts = rounds["facts"].dropna()
    return len(facts) > 0 and "group_collapsed" in json.loads(facts.iloc[0])


def lifetimes(rounds: pd.DataFrame, last: int) -> pd.DataFrame:
    """How long each group's stock was seen to last: columns months, collapsed, composition; index group.

    A group counts as not collapsed (right-censored) in the last month that it was followed to: the last of the game,
    after which a collapse does not count (`games.metrics.survives`); the last before a failed reply made a month void,
    as what is left in the stock is no restraint; or the last before the group was broken up.
    rounds: of a play in lasting groups, with the columns participant, cell, round, group, void, facts.
    """
    found = {}
    for group, rows in rounds.groupby("group"):
        months, collapsed = 0, False
        for month in sorted(int(number) for number in rows["round"].unique()):
            played = rows[rows["round"] == month]
            if played["void"].any():
                break
            months = month
            collapsed = any(json.loads(one)["group_collapsed"] for one in played["facts"].dropna()) and months < last
            if collapsed:
                break
        cells = rows.drop_duplicates("participant")["cell"].astype(str).value_counts()
        composition = ", ".join(f"{cells[name]} {name}" for name in sorted(cells.index))
        found[group] = {"months": months, "collapsed": collapsed, "composition": composition}
    return pd.DataFrame.from_dict(found, orient="index", columns=["months", "collapsed", "composition"])


def kaplan_meier(months: ArrayLike, collapsed: ArrayLike, confidence: float) -> Curve:
    """The Kaplan–Meier estimate of survival with Greenwood's log-log interval.

    months: shape (n,), how long each group was followed.  collapsed: shape (n,), whether its stock was gone then.
    The interval is NaN for fewer groups than `FEWEST_UNITS`, and where the formula has none (survival 0 or 1).
    """
    times, gone = np.asarray(months, dtype=np.float64), np.asarray(collapsed, dtype=np.bool_)
    estimate = stats.ecdf(stats.CensoredData.right_censored(times, ~gone)).sf
    survival = np.asarray(estimate.probabilities, dtype=np.float64)
    low, high = np.full_like(survival, np.nan), np.full_like(survival, np.nan)
    if len(times) >= FEWEST_UNITS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # said of survival 0 or 1
            interval = estimate.confidence_interval(confidence_level=confidence, method="log-log")
        known = (survival > 0) & (survival < 1)
        low = np.where(known, interval.low.probabilities, np.nan)
        high = np.where(known, interval.high.probabilities, np.nan)
    start = np.zeros(1)
    return Curve(
        np.concatenate([start, np.asarray(estimate.quantiles, dtype=np.float64)]),
        np.concatenate([start + 1, survival]),
        np.concatenate([start * np.nan, low]),
        np.concatenate([start * np.nan, high]),
    )


def survival_curves(tables: Tables, resampling: Resampling) -> Figure:
    """Kaplan–Meier curves of all groups, and of each composition with several groups; below, how many are followed."""
    last = int(tables.about.get("rounds") or tables.rounds["round"].max())
    found = lifetimes(tables.rounds, last)
    counts = found["composition"].value_counts()
    shown = [str(name) for name, count in counts.items() if count >= _FEWEST and count < len(found)][:_MOST]
    whose = {"all groups": found} | {name: found[found["composition"] == name] for name in shown}
    figure = Figure(figsize=(WIDE, 3.6 + 0.17 * len(whose)))
    axes = figure.add_subplot()
    orientation = {cell.name: cell.orientation for cell in cells_of(tables.play)}
    colours = [_colour(name, number, orientation) for number, name in enumerate(whose)]
    for number, (name, rows) in enumerate(whose.items()):
        curve = kaplan_meier(rows["months"], rows["collapsed"], resampling.confidence)
        gone = int(rows["collapsed"].sum())
        label = f"{folded(name, 36)} (n = {len(rows)}, {gone} collapsed)"
        _draw(axes, curve, rows, last, label, colours[number], LINES[number % len(LINES)])
    axes.set(ylim=(-0.03, 1.05), xlim=(0, last + 0.3), ylabel="share of groups whose stock lasts")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=13))
    axes.set_xlabel("months")
    _followed(axes, whose, colours, last)
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    axes.legend(**place)
    censored = int((~found["collapsed"] & (found["months"] < last)).sum())
    lost = f"; {censored} censored early (+)" * (censored > 0)
    how = f"{resampling.confidence:.0%} Greenwood (log-log) over groups, pointwise; none for fewer than {FEWEST_UNITS}"
    name = str(tables.play["game"].iloc[0]).replace("_", " ")
    titled(axes, f"Survival of the common stock, {name}: Kaplan–Meier, n = {len(found)} groups{lost}\nbands: {how}")
    return figure


def _colour(name: str, number: int, orientation: Mapping[str, str]) -> str:
    if number == 0:
        return "black"
    cells = [part.partition(" ")[2] for part in name.split(", ")]
    kinds = {orientation.get(cell, "") for cell in cells}
    return COLOURS.get(kinds.pop(), _MIXED[0]) if len(kinds) == 1 else _MIXED[number % len(_MIXED)]


def _draw(axes: Axes, curve: Curve, rows: pd.DataFrame, last: int, label: str, colour: str, line: str) -> None:
    """One curve, drawn to the last month that any of its groups was followed to, with a + where one is lost."""
    axes.step(curve.months, curve.survival, where="post", color=colour, ls=line, lw=1.6, label=label)
    axes.fill_between(curve.months, curve.low, curve.high, step="post", color=colour, alpha=0.13, lw=0)
    lost = np.unique(rows.loc[~rows["collapsed"] & (rows["months"] < last), "months"].astype(float))
    at = np.searchsorted(curve.months, lost, side="right") - 1
    axes.plot(lost, curve.survival[at], ls="none", marker="+", ms=7, color=colour)


def _followed(axes: Axes, whose: Mapping[str, pd.DataFrame], colours: list[str], last: int) -> None:
    """Write below the axis how many groups are at risk."""
    step = max(1, round(last / 12))
    axes.text(0, -0.17, "groups at risk", transform=axes.transAxes, fontsize=7, color="#444444")
    for line, (rows, colour) in enumerate(zip(whose.values(), colours, strict=True)):
        for month in range(0, last + 1, step):
            # At risk in a month are those that are still followed when it begins.
            at = int((rows["months"] >= max(1, month)).sum()) if month else len(rows)
            how: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "fontsize": 7, "ha": "center"}
            axes.text(month, -0.22 - 0.055 * line, str(at), color=colour, va="top", **how)
