"""What a run found, computed from its tables alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.statistics import Interval, Resampling
from experiments.store import read_json, read_table
from games.rationality import chance_level
from games.slider import CONSISTENT_LENGTH

Summary = Mapping[str, Any]


def summarise(folder: Path, resampling: Resampling) -> dict[str, Any]:
    """The summary of a run, finished or not, as it goes into `summary.json`.

    Every number stands beside the share of replies that failed; a cell without readable replies has None for a number.
    """
    manifest = read_json(folder, "manifest")
    decisions, measures = read_table(folder, "decisions"), read_table(folder, "measures")
    rounds = read_table(folder, "rounds")
    lasting = manifest["matching_lasting"]
    together = groups(decisions) if lasting and manifest["memory"] else {}
    order = decisions.groupby("cell")["participant"].min().sort_values().index
    cells = [
        _cell(
            str(name),
            decisions[decisions["cell"] == name],
            measures[measures["cell"] == name],
            rounds[rounds["cell"] == name],
            lasting,
            together,
            resampling,
        )
        for name in order
    ]
    # The chance levels of the orientations differ, so only the corrected form may be averaged over them.
    studied = set(subjects(decisions)["cell"])
    # A cell without an induction has nothing to be rational about.
    rationality = [
        one["before"]["value_rationality_corrected"]["estimate"]
        for one in cells
        if "before" in one and one["induction"] != "none" and one["cell"] in studied
    ]
    known = [value for value in rationality if value is not None]
    play = decisions[decisions["phase"] == "play"]
    pairs = subjects(participants(measures, decisions))
    return {
        "run": folder.name,
        "experiment": manifest["experiment"],
        "status": manifest["status"],
        "synthetic": any(one["synthetic"] for one in cells),
        "synthetic_cells": [one["cell"] for one in cells if one["synthetic"]],
        "confidence": resampling.confidence,
        "headline": {
            "value_rationality_corrected": sum(known) / len(known) if known else None,
            "cooperation": _number(subjects(play)["cooperation"].mean()),
            "failed_share": _number(decisions["failure"].notna().mean()),
        },
        "cells": cells,
        "angle_and_cooperation": {
            **asdict(angle_and_cooperation(measures, decisions, lasting, resampling)),
            "participants": len(pairs),
            "left_out": int(pairs[["angle", "cooperation"]].isna().any(axis=1).sum()),
        },
        "failures": {
            "decisions": len(decisions),
            "failed": int(decisions["failure"].notna().sum()),
            "by_reason": {str(name): int(count) for name, count in decisions["failure"].value_counts().items()},
        },
        "models": [_model(str(name), one) for name, one in decisions.groupby("model", sort=False) if name != "none"],
    }


def units_of_play(table: pd.DataFrame, lasting: bool) -> tuple[pd.Series, str]:
    """What is resampled for figures of play: groups that stay together, otherwise participants."""
    return (table["group"], "groups") if lasting else (table["participant"], "participants")


def units_of_measure(table: pd.DataFrame, together: Mapping[int, int] | None = None) -> tuple[pd.Series, str]:
    """What is resampled for figures of a measure: participants; administrations where there is one participant only.

    together: the group of each participant. After play in lasting groups, those who are reminded of the same rounds are
    not independent, and groups are resampled.
    """
    if together and (table["phase"] == "after").all():
        return table["participant"].map(dict(together)), "groups"
    if table["participant"].nunique() > 1:
        return table["participant"], "participants"
    return table["repetition"], "administrations"


def groups(decisions: pd.DataFrame) -> dict[int, int]:
    """The group that each participant first played in; empty if nobody played."""
    play = decisions[decisions["phase"] == "play"].drop_duplicates("participant")
    return dict(zip(play["participant"].astype(int), play["group"].astype(int), strict=True))


def units_told(units: Sequence[tuple[int, str]]) -> str:
    """How many of what was resampled for several intervals, such as "5 to 8 groups"."""
    if not units:
        return "too few units: no intervals"
    told = []
    for unit in sorted({unit for _, unit in units}):
        counts = [count for count, name in units if name == unit]
        told.append(f"{min(counts)} to {max(counts)} {unit}" if min(counts) < max(counts) else f"{counts[0]} {unit}")
    return ", ".join(told)


def subjects(table: pd.DataFrame) -> pd.DataFrame:
    """Who is studied: scripted rules and simulated respondents only where there is nobody else."""
    scripted = table["model"] == "none"
    table = table if scripted.all() else table[~scripted]
    simulated = table["synthetic"].astype(bool)
    return table if simulated.all() else table[~simulated]


def synthetic_mark(summary: Summary) -> str:
    """The words that mark synthetic data wherever they are shown; "" for a run without any."""
    marked = summary["synthetic_cells"]
    if not marked:
        return ""
    if len(marked) == len(summary["cells"]):
        return "SYNTHETIC: simulated respondents and scripted rules, not a language model"
    return f"PARTLY SYNTHETIC: no language model in {', '.join(marked)}"


def angle_and_cooperation(
    measures: pd.DataFrame, decisions: pd.DataFrame, lasting: bool, resampling: Resampling
) -> Interval:
    """Pearson's r between a participant's angle before play and its mean cooperation in play."""
    pairs = subjects(participants(measures, decisions))
    units, unit = units_of_play(pairs, lasting)
    return resampling.correlation(pairs["angle"], pairs["cooperation"], units, unit)


def participants(measures: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """One row a participant: orientation, group, mean angle before play (degrees), mean cooperation in play."""
    before = measures[measures["phase"] == "before"].groupby("participant")["angle"].mean()
    play = decisions[decisions["phase"] == "play"].groupby("participant")
    table = play.agg(
        orientation=("orientation", "first"),
        cell=("cell", "first"),
        model=("model", "first"),
        synthetic=("synthetic", "first"),
        group=("group", "first"),
        cooperation=("cooperation", "mean"),
    )
    return table.join(before).reset_index()


def _cell(
    name: str,
    decisions: pd.DataFrame,
    measures: pd.DataFrame,
    rounds: pd.DataFrame,
    lasting: bool,
    together: Mapping[int, int],
    resampling: Resampling,
) -> dict[str, Any]:
    first = decisions.iloc[0]
    found: dict[str, Any] = {
        "cell": name,
        "orientation": first["orientation"],
        "agent": first["agent"],
        "model": first["model"],
        "induction": first["induction"],
        "synthetic": bool(first["synthetic"]),
        "participants": int(decisions["participant"].nunique()),
        "failed_share": _number(decisions["failure"].notna().mean()),
    }
    for phase in ("before", "after"):
        administered = measures[measures["phase"] == phase]
        if len(administered):
            found[phase] = _measured(first["orientation"], administered, together, resampling)
    play = decisions[decisions["phase"] == "play"]
    if len(play):
        units, unit = units_of_play(play, lasting)
        earned_units, _ = units_of_play(rounds, lasting)
        found["play"] = {
            "cooperation": asdict(resampling.mean(play["cooperation"], units, unit)),
            "payoff": asdict(resampling.mean(rounds["payoff"], earned_units, unit)),
            "attainment": asdict(resampling.mean(play["attainment"], units, unit)),
            "failed_share": _number(play["failure"].notna().mean()),
            "void_share": _number(rounds["void"].mean()),
        }
    return found


def _measured(
    orientation: str, measures: pd.DataFrame, together: Mapping[int, int], resampling: Resampling
) -> dict[str, Any]:
    units, unit = units_of_measure(measures, together)
    columns = ("angle", "deviation", "value_rationality", "value_rationality_corrected", "index", "length")
    found: dict[str, Any] = {
        column: asdict(resampling.mean(measures[column].astype(float), units, unit)) for column in columns
    }
    readable = measures[measures["angle"].notna()]
    return found | {
        "chance_level": chance_level(orientation) if orientation != "none" else None,
        "in_category_share": _number((readable["category"] == orientation).mean()) if orientation != "none" else None,
        "consistent_share": _number((readable["length"] > CONSISTENT_LENGTH).mean()),
        "transitive_share": _number(readable["transitive"].astype(float).mean()),
        "administrations": len(measures),
        "without_angle": int(measures["angle"].isna().sum()),
        "failed_share": _number(measures["failed"].sum() / max(1, measures["asked"].sum())),
    }


def _model(name: str, decisions: pd.DataFrame) -> dict[str, Any]:
    latency = decisions["latency"].dropna()
    return {
        "model": name,
        "synthetic": bool(decisions["synthetic"].iloc[0]),
        "identities": sorted(decisions["identity"].dropna().unique().tolist()),
        "calls": int(decisions["calls"].sum()),
        "tokens_in": int(decisions["tokens_in"].sum()),
        "tokens_out": int(decisions["tokens_out"].sum()),
        "latency_median_s": _number(latency.median()),
        "latency_95_s": _number(latency.quantile(0.95)),
        "failed_share": _number(decisions["failure"].notna().mean()),
    }


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
