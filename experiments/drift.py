"""Whether play moved what a cell's participants value: the change from before to after, within participants."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from experiments.comparison_tests import holm, paired_permutation_test
from experiments.comparisons import reminded_strangers
from experiments.statistics import Resampling
from experiments.tables import Tables, number, studied

QUANTITIES = ("angle", "value_rationality_corrected")


def drift(tables: Tables, resampling: Resampling) -> list[dict[str, Any]]:
    """For each cell of who is studied, the mean change after − before with its interval and the p of sign flips.

    A participant's change is the mean over its administrations after play less the mean over those before; who lacks
    one of the two is left out and counted. Units are participants; where the second measure reminds lasting groups of
    the rounds they shared, groups; where a cell has a single participant, its pairs of administrations.
    interacting: whether it reminds strangers of shared rounds: participants are then not independent after play.
    p_holm: corrected over the cells, for each quantity by itself. Empty without a measure before and after play.
    """
    measures = tables.measures[tables.measures["phase"].isin(["before", "after"])]
    if measures["phase"].nunique() < 2:
        return []
    measures = measures[studied(measures)]
    order = measures.groupby("cell", observed=True)["participant"].min().sort_values().index
    interacting = reminded_strangers(tables)
    found: list[dict[str, Any]] = [
        _cell(str(name), measures[measures["cell"] == name], tables.together, resampling) | {"interacting": interacting}
        for name in order
    ]
    for quantity in QUANTITIES:
        made = [row[quantity] for row in found]
        corrected = holm([None if one is None else one["p"] for one in made])
        for one, p in zip(made, corrected, strict=True):
            if one is not None:
                one["p_holm"] = p
    return found


def _cell(name: str, measures: pd.DataFrame, together: Mapping[int, int], resampling: Resampling) -> dict[str, Any]:
    first = measures.iloc[0]
    alone = measures["participant"].nunique() == 1 and not together
    key, unit = ("repetition", "administrations") if alone else ("participant", "participants")
    made: dict[str, Any] = {
        "cell": name,
        "orientation": str(first["orientation"]),
        "model": str(first["model"]),
        "synthetic": bool(first["synthetic"]),
        "measure": str(first["measure"]),
    }
    for quantity in QUANTITIES:
        if not measures[quantity].notna().any():
            # A cell without an orientation has an angle only; some measures have not even that.
            made[quantity] = None
            continue
        pairs = _pairs(measures, quantity, key)
        units = pairs.index.to_numpy()
        if together:
            units, unit = np.array([together[int(who)] for who in units]), "groups"
        change = pairs["after"] - pairs["before"]
        tested = paired_permutation_test(change, units, seed=resampling.seed)
        made[quantity] = asdict(resampling.mean(change, units, unit)) | {
            "before": number(pairs["before"].mean()),
            "after": number(pairs["after"].mean()),
            "pairs": len(pairs),
            "left_out": int(measures[key].nunique()) - len(pairs),
            "p": tested.p,
            "least_p": tested.least_p,
        }
    return made


def _pairs(measures: pd.DataFrame, quantity: str, key: str) -> pd.DataFrame:
    """Means before and after by participant or administration, of those that have both."""
    values = measures[quantity].astype(float).groupby([measures[key], measures["phase"].astype(str)]).mean()
    return values.unstack().reindex(columns=["before", "after"]).dropna()
