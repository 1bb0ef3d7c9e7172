"""Variance components of a recorded run, from which the next study can be planned: between units, and within them.

By the method of moments of the nested analysis of variance (Searle, Casella & McCulloch 1992, *Variance Components*,
chapter 3): units within cells, administrations within units; numbers need not be equal.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from experiments.store import read_json, read_table
from experiments.tables import studied
from games.errors import SettingError, unknown
from games.svo import Orientation

MEASURED = ("angle", "value_rationality", "value_rationality_corrected")
COOPERATION = "cooperation"
_DIGITS = 9
"""Values that agree in so many are the same."""


@dataclass(frozen=True)
class Pilot:
    """What a pilot says of one quantity.

    between, within: variance of units' true values within a cell, and of one administration around it.  separable:
    whether the two could be told apart; otherwise all is between, so that repetitions promise nothing.
    units, cells: how many there were; units − cells are the degrees of freedom of `between`.  unit: what they are.
    failed_share: share of administrations without a value.  calls: model calls for one administration, or one group.
    piled: share of values that are the commonest of their cell, where it has one, as at a ceiling.
    """

    between: float
    within: float
    separable: bool
    units: int
    cells: int
    unit: str
    failed_share: float
    calls: float
    synthetic: bool
    piled: float


def pilot(folder: Path, quantity: str, orientation: str | None = None, phase: str = "before") -> Pilot:
    """The pilot's components for an angle, value rationality, or cooperation, whose units are groups.

    orientation: of the cells that count; None for all of them, each around its own mean.
    Raises SettingError for a folder without a run, and a run that says nothing of the variance between units.
    """
    if quantity == COOPERATION:
        return _of_groups(folder, orientation)
    if quantity not in MEASURED:
        raise unknown("quantity", quantity, (*MEASURED, COOPERATION))
    about = read_json(folder, "manifest")
    who = ["participant", "cell", "orientation", "model", "synthetic", "phase", "measure", "asked"]
    table = read_table(folder, "measures", [*who, quantity])
    table = table[(table["phase"] == phase) & (table["measure"] == about["measure"])]
    table = _of_orientation(table[studied(table)] if len(table) else table, orientation)
    if not len(table):
        raise SettingError(f"{folder}: nothing was measured {phase} play of who is asked for, so it is no pilot for it")
    values = table[quantity].to_numpy(dtype=np.float64)
    return _pilot(
        folder, values, table["cell"], table["participant"], "participants", float(table["asked"].max()), table
    )


def _of_groups(folder: Path, orientation: str | None) -> Pilot:
    """Mean cooperation of groups that stay together. Those of a run are alike: the study compares runs like it."""
    if orientation is not None:
        raise SettingError("power: cooperation is of whole groups, which may be mixed; leave --orientation out")
    about = read_json(folder, "manifest")
    table = read_table(folder, "rounds", ["participant", "cell", "model", "synthetic", "group", "cooperation"])
    if not len(table):
        raise SettingError(f"{folder}: nobody played in this run, so it is no pilot for cooperation")
    if not about["matching_lasting"]:
        raise SettingError(
            f"{folder}: strangers meet everybody, so this run is one group and says nothing of the variance between "
            "groups; take a pilot with matching=fixed_partners"
        )
    groups = table["group"].nunique()
    table = table[studied(table)]
    means = table.groupby("group")["cooperation"].mean()
    asked = read_table(folder, "decisions", ["calls"], phase="play")
    calls = float(asked["calls"].sum()) / groups
    cells = pd.Series("all", index=means.index)
    return _pilot(folder, means.to_numpy(dtype=np.float64), cells, pd.Series(means.index), "groups", calls, table)


def _of_orientation(table: pd.DataFrame, orientation: str | None) -> pd.DataFrame:
    return table if orientation is None else table[table["orientation"] == Orientation.named(orientation).value]


def _pilot(
    folder: Path,
    values: NDArray[np.float64],
    cells: "pd.Series[Any]",
    units: "pd.Series[Any]",
    unit: str,
    calls: float,
    table: pd.DataFrame,
) -> Pilot:
    known = np.isfinite(values)
    cell, member = cells.astype(str).to_numpy()[known], units.to_numpy()[known]
    count, kinds = len(np.unique(member)), len(np.unique(cell))
    if count <= kinds:
        raise SettingError(
            f"{folder}: {count} {unit} with a value in {kinds} cell(s) leave no variance between {unit}; take a pilot "
            "with at least two in a cell, better ten"
        )
    by_cell = pd.Series(values[known].round(_DIGITS)).groupby(cell)
    if (by_cell.nunique() == 1).all():
        raise SettingError(
            f"{folder}: all {int(known.sum())} values are the same in each cell, so this pilot has no variance to plan "
            "with; take one with more participants, or a quantity that is not at its limit, such as the angle"
        )
    between, within = components(values[known], cell, member)
    most = by_cell.agg(lambda one: one.value_counts().max())
    return Pilot(
        between,
        0.0 if within is None else within,
        within is not None,
        count,
        kinds,
        unit,
        float((~known).mean()),
        calls,
        bool(table["synthetic"].all()),
        float(most[most > 1].sum() / known.sum()),
    )


def components(values: ArrayLike, cells: ArrayLike, units: ArrayLike) -> tuple[float, float | None]:
    """σ_b² between units within cells, at least 0, and σ_w² within units; None where every unit has one value.

    values, cells, units: shape (n,). σ_b² = (MS_b − MS_w) / n₀ (Searle et al. 1992, section 3.6).
    """
    numbers = np.asarray(values, dtype=np.float64)
    kinds, cell = np.unique(np.asarray(cells), return_inverse=True)
    _, first, unit = np.unique(np.stack([cell, np.unique(units, return_inverse=True)[1]]), axis=1, return_index=True,
                               return_inverse=True)  # fmt: skip
    of, size = cell[first], np.bincount(unit)
    mean = np.bincount(unit, weights=numbers) / size
    in_cell = np.bincount(cell)
    centre = np.bincount(cell, weights=numbers) / in_cell
    freedom = len(size) - len(kinds)
    between = float((size * (mean - centre[of]) ** 2).sum() / freedom)
    if len(numbers) == len(size):
        return between, None
    within = float(((numbers - mean[unit]) ** 2).sum() / (len(numbers) - len(size)))
    typical = float(len(numbers) - (np.bincount(of, weights=size**2) / in_cell).sum()) / freedom
    return max(0.0, (between - within) / typical), within
