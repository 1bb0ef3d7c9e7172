"""Figures of a run, drawn from its files alone and saved as PNG, SVG and PDF.

Every figure says the number of participants and the kind of interval; see `experiments.drawing` for colours and marks.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from experiments.drawing import STYLE, save, settings
from experiments.plots_angles import drift_arrows, has_distribution, raincloud
from experiments.plots_leaderboard import leaderboard
from experiments.plots_measure import heat_map_rows, svo_circle, value_rationality, value_rationality_map
from experiments.plots_network import network_snapshots
from experiments.plots_play import angle_and_cooperation, cooperation_over_rounds
from experiments.plots_positions import position_bias
from experiments.plots_ring import svo_ring
from experiments.plots_survival import has_collapse, survival_curves
from experiments.positions import telling
from experiments.schema import FORMATS
from experiments.statistics import Resampling
from experiments.summary import marks
from experiments.tables import Tables
from games.rationality import MEASURE


def draw_all(
    tables: Tables, summary: Mapping[str, Any], resampling: Resampling, formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Draw every figure that the run has data for, into `figures/`. Returns the path of one file of each."""
    wanted = figures(tables, summary, resampling)
    folder, told = tables.folder / "figures", marks(summary)
    with mpl.rc_context(STYLE):
        return [save(draw(), folder, name, told, formats) for name, draw in wanted.items()]


def figures(tables: Tables, summary: Mapping[str, Any], resampling: Resampling) -> dict[str, Callable[[], Figure]]:
    """How to draw each figure that the run has data for, by the name of its files; to be called within the style."""
    return {**_of_measures(tables, summary, resampling), **_of_play(tables, summary, resampling)}


def _of_measures(tables: Tables, summary: Mapping[str, Any], resampling: Resampling) -> dict[str, Callable[[], Figure]]:
    """How to draw each figure of what was measured that there are data for."""
    measures, together, setting = tables.measures, tables.together, settings(summary["cells"])
    found: dict[str, Callable[[], Figure]] = {}
    if measures["angle"].notna().any() and (measures["measure"] == MEASURE).all():
        found["svo_ring"] = lambda: svo_ring(measures, setting)
        if has_distribution(measures):
            found["angle_distributions"] = lambda: raincloud(measures, setting, together, resampling)
        if _twice(measures):
            found["angle_drift"] = lambda: drift_arrows(measures, together, resampling)
    elif measures["angle"].notna().any():
        found["svo_ring"] = lambda: svo_circle(measures)
    for name, one in tables.all_measures.groupby("measure", sort=False, observed=True):
        if name != tables.about.get("measure") and name != MEASURE and one["angle"].notna().any():
            found[f"circle_{name}"] = partial(svo_circle, one)
    if measures["value_rationality"].notna().any():
        found["value_rationality"] = lambda: value_rationality(measures, together, resampling)
        if len(rows := heat_map_rows(summary["cells"])) > 1:
            found["value_rationality_map"] = lambda: value_rationality_map(rows, resampling.confidence)
    if (board := summary.get("leaderboard")) and board["rows"]:
        found["leaderboard"] = lambda: leaderboard(board)
    if entries := [entry for entry in summary["positions"] if telling(entry)]:
        found["position_bias"] = lambda: position_bias(entries, resampling.confidence)
    return found


def _of_play(tables: Tables, summary: Mapping[str, Any], resampling: Resampling) -> dict[str, Callable[[], Figure]]:
    """How to draw each figure of the play that there are data for."""
    found: dict[str, Callable[[], Figure]] = {}
    # There are games in which no act is the cooperative one.
    if tables.play["cooperation"].notna().any():
        found["cooperation_over_rounds"] = lambda: cooperation_over_rounds(tables, summary["play"], resampling)
        measures = tables.measures
        if measures.loc[measures["phase"] == "before", "angle"].notna().any():
            related = summary["angle_and_cooperation"]
            found["angle_and_cooperation"] = lambda: angle_and_cooperation(tables, related, resampling)
        if len(tables.rounds):
            found["network"] = lambda: network_snapshots(tables)
    if tables.lasting and has_collapse(tables.rounds):
        found["survival"] = lambda: survival_curves(tables, resampling)
    return found


def _twice(measures: Any) -> bool:
    """Whether anybody has an angle both before play and after it."""
    known = measures[measures["angle"].notna()]
    return bool((known.groupby("participant")["phase"].nunique() > 1).any())
