"""The figures that pass rules are about, from a run's tables.

Intervals are those of the summary, at the rule's own confidence and with as many resamples as it needs. A failed share
and a number of participants are facts of this run, and are compared as they are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from experiments.bounds import figure_of_play
from experiments.pass_rules import NONE, OF_A_VALUE, PHASES, Rule
from experiments.statistics import FEWEST_UNITS, Interval, Resampling
from experiments.summary import marks
from experiments.tables import Tables, studied, units_of_measure, units_of_play
from games.errors import SettingError, unknown
from games.rationality import MEASURE
from games.slider import CONSISTENT_LENGTH

_SLIDER = ("deviation", "value_rationality", "value_rationality_corrected", "consistent_share")
_BEYOND, _RESAMPLES = 10, 200_000
"""At least so many resamples lie beyond either end of an interval, and at most so many are drawn for it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a run shows of a rule's quantity.

    bounds: between which values failed replies leave the estimate; the estimate twice where they do not touch it.
    failed: the share of failed replies among those that it rests on.
    counted: in words, what a plain figure was counted from.
    """

    interval: Interval
    bounds: tuple[float, float] | None
    failed: float
    counted: str = ""


class Figures:
    """Computes the figures of one run."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._resampling = Resampling(**tables.about["statistics"])

    @cached_property
    def cells(self) -> dict[str, dict[str, Any]]:
        """Who each cell is, in the order of participants, and whether it is `studied`."""
        decisions = self._tables.decisions
        chosen = set(decisions.loc[studied(decisions), "cell"].unique())
        first = decisions.sort_values("participant", kind="stable").drop_duplicates("cell")
        columns = ["cell", "orientation", "agent", "model", "induction", "synthetic"]
        rows = [{str(key): value for key, value in row.items()} for row in first[columns].to_dict("records")]
        return {str(row["cell"]): row | {"studied": row["cell"] in chosen} for row in rows}

    @property
    def experiment(self) -> str:
        """The run's experiment."""
        return str(self._tables.about["experiment"])

    @property
    def title(self) -> str:
        """The experiment, with its inductions and models, which tell the jobs of a sweep apart."""
        words = [self.experiment]
        for name in ("induction", "model"):
            known = dict.fromkeys(str(cell[name]) for cell in self.cells.values() if cell["model"] != NONE)
            words += [f"{name} {', '.join(known)}"] if known else []
        return " · ".join(words)

    @property
    def status(self) -> str:
        """The status of the run's manifest: "finished", or why it is not."""
        return str(self._tables.about["status"])

    @property
    def synthetic(self) -> str:
        """Whether the data are synthetic: "true", "false", or "partly" where a language model answered too."""
        marked = {bool(cell["synthetic"]) for cell in self.cells.values()}
        return "partly" if len(marked) > 1 else str(marked == {True}).lower()

    def marks(self) -> list[str]:
        """What must be said wherever the run is shown."""
        about = self._tables.about
        marked = [name for name, cell in self.cells.items() if cell["synthetic"]]
        return marks(
            {
                "synthetic_cells": marked,
                "cells": list(self.cells),
                "status": about["status"],
                "error": about.get("error"),
            }
        )

    def told(self) -> list[str]:
        """The cells in words, for who named one that is not there."""
        return [
            f"{name} ({', '.join(f'{word} {cell[word]}' for word in ('orientation', 'induction', 'agent', 'model'))})"
            for name, cell in self.cells.items()
        ]

    def selected(self, rule: Rule) -> list[str]:
        """The cells that a rule means, by name."""
        return [name for name, cell in self.cells.items() if rule.selects(cell, cell["studied"])]

    def figure(self, rule: Rule, cells: Sequence[str]) -> Figure:
        """What the run shows of a rule's quantity in some cells together."""
        kinds = {"play": self._played, "drift": self._drift, "count": self._counted, "measure": self._measured}
        return kinds[rule.about.kind](rule, cells)

    def _resampling_for(self, rule: Rule, units: int) -> Resampling | None:
        """The resampling with enough resamples for an interval over so many units; None where none is enough."""
        wanted = replace(self._resampling, confidence=rule.confidence)
        if units < fewest_units(rule.confidence):
            return None
        needed = math.ceil(_BEYOND / wanted.tail(units))
        return replace(wanted, resamples=min(_RESAMPLES, max(wanted.resamples, needed)))

    def _mean(self, rule: Rule, values: pd.Series, units: pd.Series, unit: str) -> Interval:
        known = values.notna()
        count = int(units[known].nunique())
        resampling = self._resampling_for(rule, count)
        found = (resampling or self._resampling).mean(values, units, unit)
        return found if resampling else replace(found, low=None, high=None)

    def _administered(self, rule: Rule, cells: Sequence[str], phases: Sequence[str]) -> pd.DataFrame:
        about = self._tables.about
        if lacking := [phase for phase in phases if phase not in about["phases"]]:
            has = ", ".join(about["phases"])
            raise SettingError(f"{rule.name}: {rule.quantity} needs the phase {lacking[0]}, and the run has {has}")
        names = about.get("measures") or [about["measure"]]
        if rule.measure is not None and rule.measure not in names:
            raise unknown(f"measure in {rule.name}", rule.measure, names)
        table = self._tables.all_measures
        chosen = table["measure"] == (rule.measure or about["measure"])
        return table[chosen & table["cell"].isin(cells) & table["phase"].isin(phases)]

    def _measured(self, rule: Rule, cells: Sequence[str]) -> Figure:
        orientation = str(self.cells[cells[0]]["orientation"])
        if rule.quantity in OF_A_VALUE and orientation == NONE:
            raise SettingError(f"{rule.name}: cell {cells[0]} was given no orientation, so it has no {rule.quantity}")
        measure = rule.measure or self._tables.about["measure"]
        if rule.quantity in _SLIDER and measure != MEASURE:
            raise SettingError(f"{rule.name}: {rule.quantity} is defined on the {MEASURE}, not on {measure}")
        rows = self._administered(rule, cells, [rule.phase])
        values = _values(rows, rule.quantity, orientation)
        units, unit = units_of_measure(rows, self._tables.together)
        if rule.of_a_share:
            found = replace(self._resampling, confidence=rule.confidence).share(values, units, unit)
        else:
            found = self._mean(rule, values, units, unit)
        return _figure(found, float(rows["failed"].sum() / max(1, rows["asked"].sum())))

    def _drift(self, rule: Rule, cells: Sequence[str]) -> Figure:
        rows = self._administered(rule, cells, list(PHASES))
        angles = rows["angle"].astype(float)
        before, after = (angles[rows["phase"] == one].groupby(rows["participant"]).mean() for one in PHASES)
        change = after - before
        together = self._tables.together
        units = pd.Series([together.get(int(one), int(one)) for one in change.index], index=change.index)
        found = self._mean(rule, change, units, "groups" if together else "participants")
        return _figure(found, float(rows["failed"].sum() / max(1, rows["asked"].sum())))

    def _played(self, rule: Rule, cells: Sequence[str]) -> Figure:
        play = self._tables.play
        if "play" not in self._tables.about["phases"]:
            raise SettingError(f"{rule.name}: {rule.quantity} is of play, and nothing was played in this run")
        mine = play[play["cell"].isin(cells)]
        rounds = self._tables.rounds
        table = rounds[rounds["cell"].isin(cells)] if rule.quantity == "payoff" else mine
        units, unit = units_of_play(table, self._tables.lasting)
        failed = float(mine["failure"].notna().mean()) if len(mine) else 0.0
        if not self._tables.bound:
            return _figure(self._mean(rule, table[rule.quantity].astype(float), units, unit), failed)
        resampling = self._resampling_for(rule, int(units.nunique()))
        told: Mapping[str, Any] = figure_of_play(
            table, rule.quantity, units, unit, bound=True, resampling=resampling or self._resampling
        )
        low, high = (told["low"], told["high"]) if resampling else (None, None)
        bounds = told["bounds"]
        return Figure(
            Interval(told["estimate"], low, high, told["units"], unit),
            None if bounds is None else (bounds["low"], bounds["high"]),
            failed,
        )

    def _counted(self, rule: Rule, cells: Sequence[str]) -> Figure:
        if rule.quantity == "max_failure":
            failures = self._tables.decisions.loc[self._tables.decisions["cell"].isin(cells), "failure"]
            share, failed = float(failures.notna().mean()), int(failures.notna().sum())
            words = f"{failed} of {len(failures)} decisions"
            return Figure(Interval(share, None, None, len(failures), "decisions"), None, share, counted=words)
        rows = self._administered(rule, cells, [rule.phase])
        readable = rows[rows["category"].notna()]
        one_each = rule.quantity == "min_participants"
        count = int(readable["participant"].nunique()) if one_each else len(readable)
        asked = int(rows["participant"].nunique()) if one_each else len(rows)
        failed_share = float(rows["failed"].sum() / max(1, rows["asked"].sum()))
        words = f"with a readable answer, of {asked}"
        return Figure(Interval(float(count), None, None, count, ""), None, failed_share, counted=words)


def fewest_units(confidence: float) -> int:
    """The least number of units that leave an interval: five; more where a confidence needs rarer resamples."""
    wanted = Resampling(confidence=confidence)
    units = FEWEST_UNITS
    while wanted.tail(units) * _RESAMPLES < _BEYOND / 2:
        units += 1
    return units


def _values(rows: pd.DataFrame, quantity: str, orientation: str) -> pd.Series:
    """A quantity of each administration; NaN where it has none."""
    readable = rows["category"].notna()
    if quantity == "in_category_share":
        return (rows["category"] == orientation).astype(float).where(readable)
    if quantity == "consistent_share":
        return (rows["length"] > CONSISTENT_LENGTH).astype(float).where(readable)
    column = quantity.removesuffix("_share")
    return rows[column].astype(float).where(readable) if quantity == "transitive_share" else rows[column].astype(float)


def _figure(found: Interval, failed: float) -> Figure:
    return Figure(found, None if found.estimate is None else (found.estimate, found.estimate), failed)
