"""Figures of a run, drawn from its files alone and saved as PNG and SVG.

Every figure says the number of participants and the kind of interval; see `experiments.drawing` for colours and marks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from experiments.drawing import STYLE, save
from experiments.plots_measure import svo_circle, svo_ring, value_rationality
from experiments.plots_play import angle_and_cooperation, cooperation_over_rounds
from experiments.plots_positions import position_bias
from experiments.positions import telling
from experiments.statistics import Resampling
from experiments.summary import marks
from experiments.tables import Tables
from games.rationality import MEASURE


def draw_all(tables: Tables, summary: Mapping[str, Any], resampling: Resampling) -> list[Path]:
    """Draw every figure that the run has data for, into `figures/`. Returns the paths of the PNG files."""
    measures = tables.measures
    drawn: dict[str, Figure] = {}
    with mpl.rc_context(STYLE):
        if measures["angle"].notna().any():
            slider = bool((measures["measure"] == MEASURE).all())
            drawn["svo_ring"] = svo_ring(measures) if slider else svo_circle(measures)
        for name, one in tables.all_measures.groupby("measure", sort=False, observed=True):
            if name != tables.about.get("measure") and name != MEASURE and one["angle"].notna().any():
                drawn[f"circle_{name}"] = svo_circle(one)
        if measures["value_rationality"].notna().any():
            drawn["value_rationality"] = value_rationality(measures, tables.together, resampling)
        # There are games in which no act is the cooperative one.
        cooperates = tables.play["cooperation"].notna().any()
        if cooperates:
            drawn["cooperation_over_rounds"] = cooperation_over_rounds(tables, summary["play"], resampling)
        if cooperates and measures.loc[measures["phase"] == "before", "angle"].notna().any():
            drawn["angle_and_cooperation"] = angle_and_cooperation(tables, summary["angle_and_cooperation"], resampling)
        if entries := [entry for entry in summary["positions"] if telling(entry)]:
            drawn["position_bias"] = position_bias(entries, resampling.confidence)
        return [save(figure, tables.folder / "figures", name, marks(summary)) for name, figure in drawn.items()]
