"""Between which values a figure lies, whatever the failed replies would have been.

With `on_failure=bound` a failed reply in play is neither left out nor replaced: every figure is computed once with the
failed replies at their least and once at their greatest. Where the two differ there is no single estimate, and the
middle of the two is not one either. Under the other policies, and in a measure, an estimate leaves failed replies out;
beside it stand the least and the greatest that it could have been, which assume nothing of why replies fail (Manski
1989, Journal of Human Resources 24, 343–360; Horowitz & Manski 2000, JASA 95, 77–84).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import Interval, Resampling
from experiments.store import read_table
from experiments.tables import Tables, number, participants, studied, units_of_play
from games.rationality import MEASURE, chance_corrected, value_rationality
from games.slider import PRIMARY
from games.slider import angle as slider_angle
from games.svo import classify

ENDS = ("low", "high")
_KEY = ["participant", "phase", "repetition"]

type Administration = tuple[int, str, int]
"""Participant, phase, repetition."""


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
    # Two ends that read alike are still no estimate.
    return _between(f"{bounds['low']:{form}}", f"{bounds['high']:{form}}")


def bounds_told(found: Mapping[str, Any], form: str) -> str:
    """The bounds that stand beside an estimate, such as "0.52–0.58"; "" where nothing failed."""
    bounds, estimate = found.get("bounds"), found["estimate"]
    if estimate is None or not bounds or bounds["low"] == bounds["high"] == estimate:
        return ""
    return _between(f"{bounds['low']:{form}}", f"{bounds['high']:{form}}")


def _between(low: str, high: str) -> str:
    return f"{low}{' to ' if low.startswith('-') else '–'}{high}"


def mean_cooperation(tables: Tables) -> dict[str, Any]:
    """The headline: mean cooperation of who is studied; `cooperation_bounds` where a reply failed or may have."""
    play, who = tables.play, studied(tables.play)
    if not tables.bound:
        bounds = unread_cooperation(tables, play[who])
        return {"cooperation": number(play.loc[who, "cooperation"].mean())} | (
            {"cooperation_bounds": bounds} if bounds else {}
        )
    low, high = (number(at(play, "cooperation", end)[who].mean()) for end in ENDS)
    bounds = None if low is None or high is None else {"low": low, "high": high}
    return {"cooperation": low if low == high else None, "cooperation_bounds": bounds}


def unread_cooperation(tables: Tables, play: pd.DataFrame) -> dict[str, float] | None:
    """Mean cooperation of rows of play with every failed reply at 0 and at 1; None where none failed.

    Only replies in stages whose acts have a reading as cooperation count. What another reply would have changed in
    later rounds is not covered.
    """
    # A stage in which no reply could be read may have one.
    reads = tables.play.groupby("stage", observed=True).agg(acts=("cooperation", "count"), failed=("failure", "count"))
    asked = tables.play.groupby("stage", observed=True).size()
    stages = reads.index[(reads["acts"] > 0) | (reads["failed"] == asked)]
    failed = play["failure"].notna() & play["stage"].isin(stages)
    if not failed.any():
        return None
    cooperation = play["cooperation"].astype(float)
    low, high = (float(cooperation.mask(failed, end).mean()) for end in (0.0, 1.0))
    return {"low": low, "high": high}


def unread_angles(tables: Tables) -> dict[Administration, NDArray[np.float64] | None]:
    """For each administration of the slider without an angle, all angles that other replies could have given, degrees.

    Found by putting every option in the place of each failed primary item. None stands for every angle there is: where
    no primary item could be read, and where a cell's angles are expectations over probabilities.
    """
    slider = tables.all_measures[tables.all_measures["measure"] == MEASURE]
    unread = slider[slider["angle"].isna()]
    if not len(unread):
        return {}
    expected = set(slider.loc[slider["obtained"] == "probabilities", "cell"].astype(str))
    found: dict[Administration, NDArray[np.float64] | None] = {}
    columns = (*_KEY, "game", "item", "option")
    for phase in unread["phase"].astype(str).unique():
        items = read_table(tables.folder, "decisions", columns, phase=phase)
        items = items[(items["game"] == MEASURE) & items["item"].isin(PRIMARY) & items["option"].notna()]
        items = items[items["participant"].isin(unread["participant"])]
        read = {key: dict(zip(one["item"], one["option"], strict=True)) for key, one in items.groupby(_KEY[::2])}
        for row in unread[unread["phase"] == phase].itertuples():
            given = read.get((row.participant, row.repetition), {})
            options = tuple(int(given[item]) if item in given else 0 for item in PRIMARY)
            known = any(options) and str(row.cell) not in expected
            found[int(row.participant), phase, int(row.repetition)] = _angles(options) if known else None
    return found


@lru_cache(maxsize=64)
def _angles(options: tuple[int, ...]) -> NDArray[np.float64]:
    """All angles of six primary choices of which those that are 0 may be any option."""
    answers = product(*(range(1, 10) if option == 0 else (option,) for option in options))
    return np.unique(slider_angle(np.array(list(answers))))


def rationality_bounds(
    orientation: str, measures: pd.DataFrame, unread: Mapping[Administration, NDArray[np.float64] | None]
) -> dict[str, dict[str, float]]:
    """Bounds of `value_rationality` and its corrected form over administrations of the slider; {} where all were read.

    unread: from `unread_angles`. Without the possible angles, an administration lies anywhere from 0 to 1.
    """
    missing = measures[measures["angle"].isna()]
    if not len(missing):
        return {}
    ends = []
    for angles in _possible(missing, unread):
        each = (0.0, 1.0) if angles is None else value_rationality(angles, orientation)
        ends.append((float(np.min(each)), float(np.max(each))))
    read = measures.loc[measures["angle"].notna(), "value_rationality"].astype(float).sum()
    low, high = (float(read + sum(end)) / len(measures) for end in zip(*ends, strict=True))
    corrected = [float(chance_corrected(end, orientation)) for end in (low, high)]
    return {
        "value_rationality": {"low": low, "high": high},
        "value_rationality_corrected": dict(zip(ENDS, corrected, strict=True)),
    }


def category_bounds(
    orientation: str, measures: pd.DataFrame, unread: Mapping[Administration, NDArray[np.float64] | None]
) -> dict[str, float] | None:
    """Bounds of the share of administrations in the orientation's category; None where every one has a category."""
    missing = measures[measures["category"].isna()]
    if not len(missing):
        return None
    slider = bool((measures["measure"] == MEASURE).all())
    must = may = int((measures["category"] == orientation).sum())
    for angles in _possible(missing, unread if slider else {}):
        named = None if angles is None else classify(angles) == orientation
        must += named is not None and bool(named.all())
        may += named is None or bool(named.any())
    return {"low": must / len(measures), "high": may / len(measures)}


def _possible(
    missing: pd.DataFrame, unread: Mapping[Administration, NDArray[np.float64] | None]
) -> Iterable[NDArray[np.float64] | None]:
    for participant, phase, repetition in missing[_KEY].itertuples(index=False):
        yield unread.get((int(participant), str(phase), int(repetition)))


def headline_rationality(cells: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The headline: corrected value rationality before play, averaged over cells; with bounds where a reply failed.

    cells: of the summary, those that are studied and have something to be rational about. One without a readable
    administration has no estimate to average, but bounds.
    """
    found = [cell["before"]["value_rationality_corrected"] for cell in cells]
    known = [one["estimate"] for one in found if one["estimate"] is not None]
    headline: dict[str, Any] = {"value_rationality_corrected": sum(known) / len(known) if known else None}
    if any(one.get("bounds") for one in found):
        ends: list[dict[str, float]] = [
            one.get("bounds") or dict.fromkeys(ENDS, one["estimate"])
            for one in found
            if one.get("bounds") or one["estimate"] is not None
        ]
        means = {end: sum(one[end] for one in ends) / len(ends) for end in ENDS}
        headline["value_rationality_corrected_bounds"] = means
    return headline


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
