"""What a run found, computed from its tables alone."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.accounts import accounting, forecast, models
from experiments.bounds import (
    Administration,
    angle_and_cooperation,
    category_bounds,
    figure_of_play,
    headline_rationality,
    mean_cooperation,
    rationality_bounds,
    unread_angles,
    unread_cooperation,
)
from experiments.comparisons import comparisons
from experiments.drift import drift
from experiments.play_metrics import play_metrics
from experiments.positions import positions
from experiments.presentations import presentations
from experiments.statistics import Resampling
from experiments.stopping import stopping
from experiments.tables import Tables, counted, number, share, studied, units_of_measure, units_of_play
from games.rationality import MEASURE, chance_level
from games.slider import CONSISTENT_LENGTH

Summary = Mapping[str, Any]
type Unread = Mapping[Administration, NDArray[np.float64] | None]


def summarise(tables: Tables, resampling: Resampling) -> dict[str, Any]:
    """The summary of a run, finished or not, as it goes into `summary.json`.

    Every number stands beside the share of replies that failed; a cell without readable replies has None for a number.
    """
    about, decisions = tables.about, tables.decisions
    unread = unread_angles(tables)
    order = decisions.groupby("cell", observed=True)["participant"].min().sort_values().index
    cells = [_cell(str(name), tables, unread, resampling) for name in order]
    # The chance levels of the orientations differ, so only the corrected form may be averaged over them.
    chosen = set(decisions.loc[studied(decisions), "cell"].unique())
    # A cell without an induction has nothing to be rational about.
    rational = [one for one in cells if "before" in one and one["induction"] != "none" and one["cell"] in chosen]
    compared, too_many = comparisons(tables, resampling)
    return {
        "run": tables.folder.name,
        "experiment": about["experiment"],
        "status": about["status"],
        "error": about.get("error"),
        "synthetic": any(one["synthetic"] for one in cells),
        "synthetic_cells": [one["cell"] for one in cells if one["synthetic"]],
        "on_failure": tables.policy,
        "confidence": resampling.confidence,
        "headline": {
            **headline_rationality(rational),
            **mean_cooperation(tables),
            "failed_share": share(decisions["failure"].notna()),
        },
        "cells": cells,
        "further_measures": _further(tables, cells, unread, resampling),
        "angle_and_cooperation": angle_and_cooperation(tables, resampling),
        "drift": drift(tables, resampling),
        "comparisons": compared,
        "cells_not_compared": too_many,
        "stopping": stopping(tables),
        "play": play_metrics(tables, resampling),
        "positions": positions(tables, resampling),
        "presentations": presentations(tables, resampling),
        "failures": {
            "decisions": len(decisions),
            "failed": int(decisions["failure"].notna().sum()),
            "by_reason": counted(decisions["failure"]),
        },
        "models": models(decisions),
        "accounting": accounting(decisions, about),
        "forecast": forecast(decisions, about),
    }


def units_told(units: Sequence[tuple[int, str]]) -> str:
    """How many of what was resampled for several intervals, such as "5 to 8 groups"."""
    if not units:
        return "too few units: no intervals"
    told = []
    for unit in sorted({unit for _, unit in units}):
        counts = [count for count, name in units if name == unit]
        told.append(f"{min(counts)} to {max(counts)} {unit}" if min(counts) < max(counts) else f"{counts[0]} {unit}")
    return ", ".join(told)


def synthetic_mark(summary: Summary) -> str:
    """The words that mark synthetic data wherever they are shown; "" for a run without any."""
    marked = summary["synthetic_cells"]
    if not marked:
        return ""
    if len(marked) == len(summary["cells"]):
        return "SYNTHETIC: simulated respondents and scripted rules, not a language model"
    return f"PARTLY SYNTHETIC: no language model in {', '.join(marked)}"


def status_mark(summary: Summary) -> str:
    """The words that mark a run which did not come to its end wherever it is shown; "" for one that did."""
    if summary["status"] == "finished":
        return ""
    reason = textwrap.shorten(str(summary.get("error") or ""), 200, placeholder=" …")
    told = "" if summary["status"] == "incomplete" else f"this run is {summary['status']}"
    return f"INCOMPLETE: {': '.join(part for part in (told, reason) if part) or 'the run did not come to its end'}"


def marks(summary: Summary) -> list[str]:
    """What must be said wherever the run is shown, each with its word before a colon."""
    return [mark for mark in (synthetic_mark(summary), status_mark(summary)) if mark]


def _cell(name: str, tables: Tables, unread: Unread, resampling: Resampling) -> dict[str, Any]:
    decisions, measures, play, rounds = (
        table[table["cell"] == name] for table in (tables.decisions, tables.measures, tables.play, tables.rounds)
    )
    first = decisions.iloc[0]
    found: dict[str, Any] = {
        "cell": name,
        "orientation": first["orientation"],
        "agent": first["agent"],
        "model": first["model"],
        "induction": first["induction"],
        "synthetic": bool(first["synthetic"]),
        "participants": int(decisions["participant"].nunique()),
        "failed_share": share(decisions["failure"].notna()),
    }
    for phase in ("before", "after"):
        administered = measures[measures["phase"] == phase]
        if len(administered):
            found[phase] = _measured(first["orientation"], administered, tables.together, unread, resampling)
    if len(play):
        found["play"] = _played(tables, play, rounds, resampling)
    return found


def _further(
    tables: Tables, cells: Sequence[Mapping[str, Any]], unread: Unread, resampling: Resampling
) -> list[dict[str, Any]]:
    """What each further measure found, by cell, in the form of the first measure's `before` and `after`."""
    every = tables.all_measures
    names = [name for name in dict.fromkeys(every["measure"]) if name != tables.about.get("measure")]
    found = []
    for name in names if tables.about.get("measure") else []:
        rows = []
        for cell in cells:
            mine = every[(every["measure"] == name) & (every["cell"] == cell["cell"])]
            phases = {
                phase: _measured(cell["orientation"], mine[mine["phase"] == phase], tables.together, unread, resampling)
                for phase in ("before", "after")
                if (mine["phase"] == phase).any()
            }
            about = ("cell", "orientation", "agent", "model", "induction", "synthetic", "participants")
            rows.append({key: cell[key] for key in about} | phases)
        found.append({"measure": str(name), "cells": rows})
    return found


def _played(tables: Tables, play: pd.DataFrame, rounds: pd.DataFrame, resampling: Resampling) -> dict[str, Any]:
    units, unit = units_of_play(play, tables.lasting)
    earned_units, _ = units_of_play(rounds, tables.lasting)
    found: dict[str, Any] = {
        name: figure_of_play(table, name, each, unit, bound=tables.bound, resampling=resampling)
        for name, table, each in (
            ("cooperation", play, units),
            ("payoff", rounds, earned_units),
            ("attainment", play, units),
        )
    }
    if not tables.bound and (bounds := unread_cooperation(tables, play)):
        found["cooperation"]["bounds"] = bounds
    found |= {"failed_share": share(play["failure"].notna()), "void_share": share(rounds["void"])}
    if tables.policy == "drop":
        found["left"] = int(rounds.loc[rounds["left"].astype(bool), "participant"].nunique())
    return found


def _measured(
    orientation: str, measures: pd.DataFrame, together: Mapping[int, int], unread: Unread, resampling: Resampling
) -> dict[str, Any]:
    units, unit = units_of_measure(measures, together)
    columns = ("angle", "deviation", "value_rationality", "value_rationality_corrected", "index", "length")
    found: dict[str, Any] = {
        column: asdict(resampling.mean(measures[column].astype(float), units, unit)) for column in columns
    }
    # Some measures classify without an angle.
    readable = measures[measures["category"].notna()]
    slider = bool((measures["measure"] == MEASURE).all())
    if slider and orientation != "none":
        for name, bounds in rationality_bounds(orientation, measures, unread).items():
            found[name]["bounds"] = bounds
    return found | {
        "measure": str(measures["measure"].iloc[0]),
        "consistency": asdict(resampling.mean(measures["consistency"].astype(float), units, unit)),
        "categories": counted(readable["category"]),
        "obtained": " and ".join(sorted(counted(measures["obtained"]))) or None,
        "spread": number(measures["spread"].mean()),
        "chance_level": chance_level(orientation) if orientation != "none" and slider else None,
        "in_category_share": share(readable["category"] == orientation) if orientation != "none" else None,
        "in_category": _in_category(orientation, measures, together, unread, resampling),
        "consistent_share": share(readable["length"] > CONSISTENT_LENGTH) if slider else None,
        "transitive_share": share(readable["transitive"].astype(float)),
        "administrations": len(measures),
        "without_angle": int(measures["angle"].isna().sum()),
        "without_category": int(measures["category"].isna().sum()),
        "failed_share": number(measures["failed"].sum() / max(1, measures["asked"].sum())),
    }


def _in_category(
    orientation: str, measures: pd.DataFrame, together: Mapping[int, int], unread: Unread, resampling: Resampling
) -> dict[str, Any] | None:
    """Induction success: the share of readable administrations in the orientation's category, with its interval."""
    if orientation == "none":
        return None
    units, unit = units_of_measure(measures, together)
    flags = (measures["category"] == orientation).astype(float).where(measures["category"].notna())
    found = asdict(resampling.share(flags, units, unit))
    bounds = category_bounds(orientation, measures, unread)
    return found | ({"bounds": bounds} if bounds else {})
