"""Figure of position bias: how probable each place of a list is, whatever stands there."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.drawing import WIDE, folded, titled
from experiments.summary import units_told

_COLOURS = ("#000000", "#56B4E9", "#CC79A7", "#888888")
"""Of models. Those of the orientations would say something they do not mean here."""
_MARKERS = "osD^v*P"
_MEANS = {"probabilities": "mean probability", "choices": "share of choices"}


def position_bias(entries: Sequence[Mapping[str, Any]], confidence: float) -> Figure:
    """Mean probability of each position by model, with interval and the line of no bias: a panel a game and menu size.

    entries: of the summary's `positions`.
    """
    panels = list(dict.fromkeys((entry["game"], entry["options"]) for entry in entries))
    models = list(dict.fromkeys(entry["model"] for entry in entries))
    figure = Figure(figsize=(WIDE, 3.2 * len(panels)))
    for row, (game, size) in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, row + 1)
        axes.axhline(1 / size, color="#444444", lw=1.2, ls="--", label=f"1/{size}: no bias")
        here = [entry for entry in entries if (entry["game"], entry["options"]) == (game, size)]
        for entry in here:
            number = models.index(entry["model"])
            table = pd.DataFrame(entry["positions"])[["position", "estimate", "low", "high"]].astype(float)
            beside = 0.15 * (number - (len(models) - 1) / 2)
            axes.errorbar(
                table["position"] + beside,
                table["estimate"],
                # Percentiles need not enclose the estimate.
                [(table["estimate"] - table["low"]).clip(0), (table["high"] - table["estimate"]).clip(0)],
                fmt=_MARKERS[number % len(_MARKERS)],
                color=_COLOURS[number % len(_COLOURS)],
                ms=5,
                elinewidth=1.4,
                label=f"{folded(entry['model'], 28)}: {entry['obtained']} of {entry['decisions']:,} decisions",
            )
        of = " or ".join(sorted({_MEANS[entry["obtained"]] for entry in here}))
        axes.set(xlabel="position as shown (1 = first)", ylabel=of, xlim=(0.4, size + 0.6))
        axes.set_ylim(0, axes.get_ylim()[1] * 1.05)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        order = f"order: {here[0]['order'] or 'unknown'}"
        order += ", so content and position are confounded" * bool(here[0]["confounded"])
        units = [(one["units"], one["unit"]) for entry in here for one in entry["positions"] if one["low"] is not None]
        how = f"{confidence:.0%} bootstrap over {units_told(units)}"
        titled(axes, f"Position bias, {game.replace('_', ' ')}, {size} options; {order}\n{how}")
    return figure
