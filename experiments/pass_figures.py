"""The figures that pass rules are about, from a run's tables.

Intervals are those of the summary, at the rule's own confidence and with as many resamples as it needs; where those
would claim too much, of `experiments.pass_intervals`. A failed share and a number of participants are facts of this
run, and are compared as they are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import pandas as pd

from experiments.bounds import figure_of_play
from experiments.drift import drift
from experiments.pass_intervals import REPETITIONS, scale, stopped, widened
from experiments.pass_rules import NONE, OF_A_VALUE, PHASES, Rule
from experiments.statistics import FEWEST_UNITS, Interval, Resampling
from experiments.summary import marks
from experiments.tables import Tables, studied, units_of_measure, units_of_play
from games.errors import SettingError, unknown
from games.rationality import MEASURE
from games.slider import CONSISTENT_LENGTH, PRIMARY, SECONDARY

_SLIDER = (
    *("deviation", "value_rationality", "value_rationality_corrected"),
    *("consistent_share", "transitive_share", "index"),
)
_NO_INDEX = (
    "the index is defined only where the secondary answers are nearest to inequality aversion and joint gain, and here "
    "they are nowhere"
)
_OF_THESE = "of these participants, however sampling stopped"
_NOT_VALID = "sampled until narrow enough: this interval is not valid under stopping"
_NONE_VALID = (
    "sampled until narrow enough, so that no interval over its administrations is valid; a rule on the quantity of "
    "`stop`, or a run without it, would settle it"
)
_BEYOND, _RESAMPLES = 10, 200_000
"""At least so many resamples lie beyond either end of an interval, and at most so many are drawn for it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a run shows of a rule's quantity.

    bounds: between which values failed replies leave the estimate; the estimate twice where they do not touch it.
    failed: the share of failed replies among those that it rests on.
    counted: in words, what a plain figure was counted from.
    ends: those of the scale where all values agree, so that the interval is what they leave room for; None otherwise.
    note: in words, what must be known of the interval, or why there is none; "" where there is nothing to say.
    """

    interval: Interval
    bounds: tuple[float, float] | None
    failed: float
    counted: str = ""
    ends: tuple[float, float] | None = None
    note: str = ""


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
        if rule.quantity == "index" and rows["asked"].max() < len(PRIMARY) + len(SECONDARY):
            raise SettingError(
                f"{rule.name}: the index needs the slider's secondary items, and this run did not ask them; "
                "run it with measure.instrument.secondary=true"
            )
        failed = float(rows["failed"].sum() / max(1, rows["asked"].sum()))
        if values.isna().all() and (rows["category"].notna() & (rows["failed"] == 0)).any():
            if rule.quantity != "index":
                raise SettingError(f"{rule.name}: {measure} has no {rule.quantity} as it was answered in {cells[0]}")
            return Figure(Interval(None, None, None, 0, "participants"), None, failed, note=_NO_INDEX)
        sampled = self._tables.about.get("stop") and measure == MEASURE
        if sampled and (valid := stopped(self._tables, rule, rows)):
            return replace(self._figure(rule, valid, failed, orientation), note=_OF_THESE)
        units, unit = units_of_measure(rows, self._tables.together)
        if rule.of_a_share:
            found = replace(self._resampling, confidence=rule.confidence).share(values, units, unit)
        else:
            found = self._mean(rule, values, units, unit)
        return _noted(self._figure(rule, found, failed, orientation), bool(sampled))

    def _drift(self, rule: Rule, cells: Sequence[str]) -> Figure:
        rows = self._administered(rule, cells, list(PHASES))
        wanted = replace(self._resampling, confidence=rule.confidence)
        found = self._changes(rows, wanted)
        resampling = self._resampling_for(rule, found.units)
        if resampling is None:
            found = replace(found, low=None, high=None)
        elif resampling != wanted:
            found = self._changes(rows, resampling)
        figure = self._figure(rule, found, float(rows["failed"].sum() / max(1, rows["asked"].sum())))
        return _noted(figure, bool(self._tables.about.get("stop")) and bool((rows["measure"] == MEASURE).all()))

    def _changes(self, rows: pd.DataFrame, resampling: Resampling) -> Interval:
        """The mean change of the angle over a cell's administrations, as the summary pairs them."""
        for row in drift(replace(self._tables, measures=rows), resampling):
            if row["angle"] is not None:
                return Interval(**{one.name: row["angle"][one.name] for one in fields(Interval)})
        return Interval(None, None, None, 0, "participants")

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
            return self._figure(rule, self._mean(rule, table[rule.quantity].astype(float), units, unit), failed)
        resampling = self._resampling_for(rule, int(units.nunique()))
        told: Mapping[str, Any] = figure_of_play(
            table, rule.quantity, units, unit, bound=True, resampling=resampling or self._resampling
        )
        low, high = (told["low"], told["high"]) if resampling else (None, None)
        found = Interval(told["estimate"], low, high, told["units"], unit)
        return self._figure(rule, found, failed, bounds=told["bounds"])

    def _figure(
        self,
        rule: Rule,
        found: Interval,
        failed: float,
        orientation: str = NONE,
        bounds: Mapping[str, float] | None = None,
    ) -> Figure:
        """A figure from its interval, which gets a width where all values agree."""
        if bounds is not None:
            estimates = bounds["low"], bounds["high"]
        elif found.estimate is not None:
            estimates = found.estimate, found.estimate
        else:
            return Figure(found, None, failed)
        if rule.of_a_share or found.unit == REPETITIONS:
            return Figure(found, estimates, failed)
        ends = scale(rule, rule.measure or self._tables.about["measure"], orientation)
        wide, alike = widened(found, estimates, ends, rule.confidence)
        return Figure(wide, estimates, failed, ends=ends if alike else None)

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


def _noted(figure: Figure, sampled: bool) -> Figure:
    """A figure with what sampling until narrow enough does to its interval; sampled: whether that was done.

    The number of administrations is what such sampling chose, so there is no interval over them. It did not choose the
    number of participants.
    """
    if not sampled or figure.interval.low is None:
        return figure
    if figure.interval.unit != "administrations":
        return replace(figure, note=_NOT_VALID)
    return replace(figure, interval=replace(figure.interval, low=None, high=None), note=_NONE_VALID)


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
