"""Figures of play when failed replies are bounded: between which values a figure lies, and how sure its ends are.

With `on_failure=bound` a failed reply is neither left out nor replaced: every figure is computed once with the failed
replies at their least and once at their greatest. Where the two differ there is no single estimate, and the middle of
the two is not one either.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from experiments.statistics import Interval, Resampling
from experiments.tables import Tables, number, participants, studied, units_of_play

ENDS = ("low", "high")


def figure_of_play(
    table: pd.DataFrame, column: str, units: pd.Series, unit: str, *, bound: bool, resampling: Resampling
) -> dict[str, Any]:
    """The mean of a column with its interval, as it goes into the summary; with `bounds` where failures are bounded."""
    if not bound:
        return asdict(resampling.mean(table[column], units, unit))
    low, high = (resampling.mean(at(table, column, end), units, unit) for end in ENDS)
    return between(low, high, exact=low.estimate == high.estimate)


def at(table: pd.DataFrame, column: str, end: str) -> pd.Series:
    """A column with failed replies at their least ("low") or greatest ("high"); what was read stays as it is."""
    return table[f"{column}_{end}"].astype(float).fillna(table[column].astype(float))


def between(low: Interval, high: Interval, *, exact: bool) -> dict[str, Any]:
    """One figure from its two versions.

    Its `bounds` are the two estimates, its interval reaches from the lower end of the lower version's to the upper end
    of the higher version's, and its estimate is None unless it is exact.
    exact: whether no failed reply touches the figure.
    """
    if low.estimate is None or high.estimate is None:
        return asdict(Interval(None, None, None, low.units, low.unit)) | {"bounds": None}
    if low.estimate > high.estimate:
        low, high = high, low
    known = low.low is not None and high.high is not None
    ends = (low.low, high.high) if known else (None, None)
    found = Interval(low.estimate if exact else None, *ends, low.units, low.unit)
    return asdict(found) | {"bounds": {"low": low.estimate, "high": high.estimate}}


def told(found: Mapping[str, Any], form: str) -> str:
    """A figure in words: its estimate, or the numbers that it lies between, such as "0.52–0.58"; "–" without any."""
    bounds = found.get("bounds")
    if found["estimate"] is not None:
        return f"{found['estimate']:{form}}"
    if bounds is None:
        return "–"
    low, high = f"{bounds['low']:{form}}", f"{bounds['high']:{form}}"
    return low if low == high else f"{low}{' to ' if low.startswith('-') else '–'}{high}"


def mean_cooperation(tables: Tables) -> dict[str, Any]:
    """The headline: mean cooperation of who is studied, with `cooperation_bounds` where failures are bounded."""
    play, who = tables.play, studied(tables.play)
    if not tables.bound:
        return {"cooperation": number(play.loc[who, "cooperation"].mean())}
    low, high = (number(at(play, "cooperation", end)[who].mean()) for end in ENDS)
    bounds = None if low is None or high is None else {"low": low, "high": high}
    return {"cooperation": low if low == high else None, "cooperation_bounds": bounds}


def angle_and_cooperation(tables: Tables, resampling: Resampling) -> dict[str, Any]:
    """Pearson's r between a participant's angle before play and its mean cooperation in play, as the summary has it.

    Where failures are bounded, its `bounds` are r with every failed reply at its least and r with every one at its
    greatest cooperation. These two corners need not enclose every r that the failed replies allow: with some at the
    least and others at the greatest, r may lie outside them.

    participants: who has both, or lacks one.  left_out: who lacks one.
    """
    pairs = participants(tables.measures, tables.play)
    pairs = pairs[studied(pairs)]
    units, unit = units_of_play(pairs, tables.lasting)
    if tables.bound:
        columns = [f"cooperation_{end}" for end in ENDS]
        low, high = (resampling.correlation(pairs["angle"], pairs[column], units, unit) for column in columns)
        found = between(low, high, exact=pairs[columns[0]].equals(pairs[columns[1]]))
    else:
        columns = ["cooperation"]
        found = asdict(resampling.correlation(pairs["angle"], pairs["cooperation"], units, unit))
    missing = pairs[["angle", *columns]].isna().any(axis=1)
    return found | {"participants": len(pairs), "left_out": int(missing.sum())}
