"""What a sweep found in each combination of its factors, over the replicates that differ in nothing but the seed.

Intervals are over runs where there are enough of them, else over the groups or participants of all replicates; a single
run keeps the interval of its own. Decisions are never units.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.bounds import figure_of_play
from experiments.collected import EVERYBODY
from experiments.factors import REPLICATE
from experiments.statistics import FEWEST_UNITS, Resampling

_OF_PEOPLE = {
    ("cooperation", "play"): "cooperation",
    ("payoff", "play"): "payoff",
    ("angle", "before"): "angle_before",
    ("angle", "after"): "angle_after",
    ("value_rationality_corrected", "before"): "value_rationality_corrected",
}
"""Quantities that `participants` has too, by its columns."""
_PHASES = ("before", "play", "", "after")


def conditions(varied: pd.DataFrame) -> pd.DataFrame:
    """The combinations of all factors but the seed: one row each, column `jobs` with the numbers of its jobs."""
    names = [str(name) for name in varied if name != REPLICATE]
    if not names:
        return pd.DataFrame({"jobs": [list(varied.index)]})
    # The text of a value tells a missing one apart too, which is a level like any other.
    keys = varied[names].map(repr).agg("|".join, axis=1)
    rows = [{**varied.loc[jobs[0], names].to_dict(), "jobs": list(jobs)} for jobs in keys.groupby(keys).groups.values()]
    found = pd.DataFrame(rows)
    try:
        return found.sort_values(names, ignore_index=True)
    except TypeError:  # text beside numbers
        return found


def first_phase(collected: pd.DataFrame, quantity: str) -> str:
    """The phase in which a quantity is told of: before play, else in play, else of the whole run, else after it."""
    there = set(collected.loc[collected["quantity"] == quantity, "phase"])
    return next(phase for phase in _PHASES if phase in there)


def pooled(
    collected: pd.DataFrame,
    people: pd.DataFrame,
    varied: pd.DataFrame,
    wanted: Sequence[tuple[str, str]],
    resampling: Resampling,
) -> pd.DataFrame:
    """One row for each combination of factors, cell and quantity.

    wanted: quantities, each with its phase. Columns: `condition` (row of `conditions`), `cell`, `quantity`, `phase`,
    `synthetic`, `runs`, `participants`, `estimate`, `low`, `high`, `bound_low`, `bound_high`, `units`, `unit`,
    `failed_share` (mean over the runs), `each` (the single runs' estimates).
    """
    rows = []
    for number, jobs in enumerate(conditions(varied)["jobs"]):
        mine, who = collected[collected["job"].isin(jobs)], people[people["job"].isin(jobs)]
        for quantity, phase in wanted:
            found = mine[(mine["quantity"] == quantity) & (mine["phase"] == phase)]
            # A further measure has an angle too; the first measure's rows stand first.
            found = found.drop_duplicates(["job", "cell"])
            for cell, runs in found.groupby("cell", sort=False, observed=True):
                here = who[who["studied"]] if cell == EVERYBODY else who[who["cell"] == cell]
                about = {"condition": number, "cell": str(cell), "quantity": quantity, "phase": phase}
                counts = {"runs": len(runs), "participants": int(runs["participants"].sum())}
                if (own := _OF_PEOPLE.get((quantity, phase))) in here:
                    # Whose replies all failed stands behind no figure.
                    counts["participants"] = int(here[own].notna().sum())
                # Value rationality of a population is a mean over its cells, however many are in each.
                cells = cell == EVERYBODY and quantity == "value_rationality_corrected"
                column = None if cells else _OF_PEOPLE.get((quantity, phase))
                rows.append(about | counts | dict(_kept(runs)) | _figure(runs, here, column, resampling))
    return pd.DataFrame(rows)


def _kept(runs: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    yield "synthetic", bool(runs["synthetic"].any())
    yield "failed_share", runs["failed_share"].mean()
    yield "each", runs["estimate"].dropna().tolist()


def _figure(runs: pd.DataFrame, who: pd.DataFrame, column: str | None, resampling: Resampling) -> dict[str, Any]:
    """A figure over replicates with its interval."""
    if len(runs) == 1:
        own = runs.iloc[0]
        return {key: own[key] for key in ("estimate", "low", "high", "bound_low", "bound_high", "units", "unit")}
    # Beside a number, bounds say how far failed replies could move it; only without one do they stand in its place.
    bound = bool((runs["bound_low"].notna() & runs["estimate"].isna()).any())
    if len(runs) < FEWEST_UNITS and column is not None and len(who):
        together = who["group"].notna() & (column in {"cooperation", "payoff", "angle_after"})
        inside = ("g" + who["group"].astype(str)).where(together, "p" + who["participant"].astype(str))
        unit = "groups" if together.all() else "participants"
        units = who["job"].astype(str) + inside
        # Only cooperation is bounded for participants; of other bounded figures the ends of the runs are told.
        if not bound or column == "cooperation":
            return _flat(figure_of_play(who, column, units, unit, bound=bound, resampling=resampling), runs)
    ends = runs.rename(columns={"bound_low": "estimate_low", "bound_high": "estimate_high"})
    return _flat(figure_of_play(ends, "estimate", ends["job"], "runs", bound=bound, resampling=resampling), runs)


def _flat(found: Mapping[str, Any], runs: pd.DataFrame) -> dict[str, Any]:
    """The columns of a figure; where failures are not bounded, the runs' mean bounds stand beside it."""
    beside = {end: runs[f"bound_{end}"].fillna(runs["estimate"]).mean() for end in ("low", "high")}
    known = runs["bound_low"].notna().any()
    bounds = found.get("bounds") or (beside if known else {"low": None, "high": None})
    kept = {key: found[key] for key in ("estimate", "low", "high", "units", "unit")}
    return kept | {"bound_low": bounds["low"], "bound_high": bounds["high"]}
