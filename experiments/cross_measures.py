"""Whether several measures say the same of an agent: angle and category by each, and how far they agree.

Categories are compared as they are, and by the coarser division into those who give the other weight (prosocial,
altruistic, martyr) and those who do not (Van Lange 1999 and others), as no answers to triple dominance are altruistic.
"""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.estimates import told
from experiments.statistics import Resampling
from experiments.tables import Tables

_COARSE = {
    "altruistic": "prosocial",
    "prosocial": "prosocial",
    "martyr": "prosocial",
    "individualistic": "proself",
    "competitive": "proself",
    "aggressive": "proself",
}


def agents(tables: Tables, estimates: pd.DataFrame | None) -> pd.DataFrame:
    """One row for each agent that took several measures before play: angle, category and fitted ring angle by measure.

    angle_…: mean over administrations, degrees, by the measure's own scoring.  category_…: the most frequent; "" where
    none could be read, or several are as frequent.  ring_…: the fitted ring angle in words.  agreement,
    agreement_coarse: the share of pairs of measures with the same category; empty where fewer than two have one. Empty
    for a single measure.
    """
    measured = tables.all_measures[tables.all_measures["phase"] == "before"]
    names = list(dict.fromkeys(measured["measure"]))
    if len(names) < 2:
        return pd.DataFrame()
    rows = []
    for participant, mine in measured.groupby("participant"):
        first = mine.iloc[0]
        row: dict[str, Any] = {"participant": participant, "cell": first["cell"], "orientation": first["orientation"]}
        row |= {"model": first["model"], "synthetic": bool(first["synthetic"])}
        categories = []
        for name in names:
            one = mine[mine["measure"] == name]
            common = one["category"].dropna().astype(str).mode()
            categories.append(str(common.iloc[0]) if len(common) == 1 else "")
            row |= {f"angle_{name}": one["angle"].mean(), f"category_{name}": categories[-1]}
            row[f"ring_{name}"] = _fitted(estimates, participant, name)
        rows.append(row | _agreement(categories))
    return pd.DataFrame(rows)


def _fitted(estimates: pd.DataFrame | None, participant: Any, name: str) -> str:
    if estimates is None:
        return ""
    mine = estimates[
        (estimates["participant"] == participant) & (estimates["game"] == name) & (estimates["phase"] == "before")
    ]
    return told(mine.iloc[0].to_dict()) if len(mine) else ""


def _agreement(categories: list[str]) -> dict[str, float | None]:
    known = [one for one in categories if one not in ("", "unclassified")]
    pairs = list(combinations(known, 2))
    if not pairs:
        return {"agreement": None, "agreement_coarse": None}
    coarse = [(_COARSE.get(one, one), _COARSE.get(other, other)) for one, other in pairs]
    return {
        "agreement": sum(one == other for one, other in pairs) / len(pairs),
        "agreement_coarse": sum(one == other for one, other in coarse) / len(pairs),
    }


def cross_measures(table: pd.DataFrame, resampling: Resampling) -> dict[str, Any] | None:
    """How far the measures of a run agree over its agents, with intervals; None for a single measure.

    pairs: for each two measures Pearson's r of their angles, where both have any.
    """
    if table.empty:
        return None
    names = [str(column).removeprefix("category_") for column in table if str(column).startswith("category_")]
    who = table["participant"]
    pairs = []
    for first, second in combinations(names, 2):
        angles = (table[f"angle_{first}"].astype(float), table[f"angle_{second}"].astype(float))
        pairs.append({"first": first, "second": second} | asdict(resampling.correlation(*angles, who, "participants")))
    return {
        "measures": names,
        "agents": len(table),
        "agreement": asdict(resampling.mean(table["agreement"].astype(float), who, "participants")),
        "agreement_coarse": asdict(resampling.mean(table["agreement_coarse"].astype(float), who, "participants")),
        "pairs": pairs,
    }


def write_agents(table: pd.DataFrame, folder: Path) -> Path:
    """Write the table of agents as `cross_measures.csv` into the run's folder. Returns its path."""
    path = folder / "cross_measures.csv"
    table.to_csv(path, index=False)
    return path


def lines(found: Mapping[str, Any] | None) -> list[str]:
    """What the terminal says of it."""
    if found is None:
        return []

    def figure(one: Mapping[str, Any]) -> str:
        interval = "" if one["low"] is None else f" [{one['low']:.2f}, {one['high']:.2f}]"
        return "–" if one["estimate"] is None else f"{one['estimate']:.2f}{interval}"

    related = "; ".join(
        f"{pair['first']} and {pair['second']} r = {figure(pair)}"
        for pair in found["pairs"]
        if pair["estimate"] is not None
    )
    said = (
        f"measures agree on the category of an agent in {figure(found['agreement'])} of pairs, on prosocial or not in "
        f"{figure(found['agreement_coarse'])} ({found['agents']} agents, {', '.join(found['measures'])})"
    )
    if "triple_dominance" in found["measures"]:
        said += "; no answers to triple dominance are altruistic"
    return [said, *([f"angles: {related}"] if related else [])]
