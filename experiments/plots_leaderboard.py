"""Forest plot of the leaderboard: value rationality of each induction and model, with what it took."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.drawing import COLOURS, MARKERS, WIDE, folded, headed
from experiments.summary import units_told

_COLUMNS = (("letters", 0.0), ("failed", 0.2), ("tokens\nin + out", 0.42), ("cost", 0.85))
"""Of the text at the right, and where each begins."""
_FIGURE = "value_rationality_corrected"
_WORST = -1.2
"""The axis begins here at the lowest, unless an estimate is lower: a wide interval would leave no room for the rest."""
_CUT: Mapping[str, Any] = {"marker": "<", "ms": 4, "lw": 0}
"""The mark where the axis begins before an interval does."""


def leaderboard(found: Mapping[str, Any]) -> Figure:
    """Chance-corrected value rationality of each row with its interval, and of each orientation; best row first.

    Rows that share a letter do not differ significantly. Beside them the share of failed replies, and tokens and cost
    of one administration.
    found: the summary's `leaderboard`.
    """
    rows: Sequence[Mapping[str, Any]] = found["rows"]
    figure = Figure(figsize=(WIDE, 0.4 * len(rows) + 1.7))
    axes, beside = figure.subplots(1, 2, width_ratios=(1.5, 1), sharey=True)
    axes.axvline(0, color="#444444", lw=1.0, ls="--")
    axes.axvline(1, color="#444444", lw=0.7, ls=":")
    left = _left(rows)
    units = [_row(axes, row, -place, left) for place, row in enumerate(rows)]
    labels = [f"{_name(row)}\nn = {row['participants']} ({row['administrations']} adm.)" for row in rows]
    axes.set_yticks([-place for place in range(len(rows))], labels)
    axes.set(ylim=(0.5 - len(rows), 0.6), xlabel="value rationality, corrected for chance (0: chance, 1: perfect)")
    axes.set_xlim(left, 1.05)
    axes.grid(axis="y", color="#eeeeee", lw=0.6)
    _texts(beside, rows)
    told = f"{found['confidence']:.0%} bootstrap over {units_told([one for one in units if one])}"
    phase = f", {found['measure']} {found['phase']} play"
    same = "rows that share a letter do not differ (Holm)"
    what = f"Leaderboard of inductions and models{phase}; {told}"
    headed(figure, f"{what}\n{same}; tokens and cost per administration")
    figure.legend(handles=_handles(rows, left), loc="outside lower center", ncols=6, columnspacing=1.2)
    return figure


def _name(row: Mapping[str, Any]) -> str:
    rank = "–" if row["rank"] is None else row["rank"]
    return folded(f"{rank}  {row['induction']} · {row['model']}{' (S)' * bool(row['synthetic'])}", 34)


def _left(rows: Sequence[Mapping[str, Any]]) -> float:
    """Where the axis begins."""
    means = [row[_FIGURE] for row in rows]
    drawn = means + [each[_FIGURE] for row in rows for each in row["orientations"]]
    estimates = [float(one["estimate"]) for one in drawn if one["estimate"] is not None]
    lows = [max(_WORST, float(one["low"])) for one in means if one["low"] is not None]
    return min([-0.05, *lows, *estimates]) - 0.05


def _beyond(row: Mapping[str, Any], left: float) -> bool:
    """Whether the interval of a row reaches over the beginning of the axis."""
    low = row[_FIGURE]["low"]
    return low is not None and bool(low < left)


def _row(axes: Axes, row: Mapping[str, Any], height: float, left: float) -> tuple[int, str] | None:
    """One row; how many units its interval is over, if it has one. left: where the axis begins."""
    without: list[str] = []
    for number, one in enumerate(row["orientations"]):
        orientation = one["orientation"]
        value = one[_FIGURE]["estimate"]
        if value is None:
            without.append(orientation)
            continue
        style: dict[str, Any] = {"marker": MARKERS[orientation], "color": COLOURS[orientation]}
        axes.plot(value, height - 0.16 - 0.06 * number, ms=3.2, lw=0, alpha=0.9, clip_on=False, **style)
    mean = row[_FIGURE]
    if mean["estimate"] is None:
        told = f"no angle: {', '.join(without)}"
        how: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
        axes.text(0.02, height + 0.08, told, fontsize=7, color="#555555", **how)
        return None
    known = mean["low"] is not None and mean["high"] is not None
    if known:
        axes.plot([max(left, mean["low"]), mean["high"]], [height + 0.08] * 2, color="black", lw=1.4)
    if _beyond(row, left):
        axes.plot(left, height + 0.08, color="black", clip_on=False, **_CUT)
    face = "white" if row["synthetic"] else "black"
    axes.plot(
        mean["estimate"], height + 0.08, marker="D", color="black", markerfacecolor=face, ms=4.5, lw=0, clip_on=False
    )
    return (int(mean["units"]), str(mean["unit"])) if known else None


def _texts(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """The columns of text at the right."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    for (head, at), values in zip(_COLUMNS, zip(*map(_told, rows), strict=True), strict=True):
        axes.text(at, 1.0, head, transform=axes.transAxes, fontsize=7, fontweight="bold", va="bottom")
        for place, value in enumerate(values):
            axes.text(at, -place, value, fontsize=7, va="center")


def _told(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    tokens = "–" if row["tokens_in"] is None else f"{row['tokens_in']:,.0f} + {row['tokens_out'] or 0:,.0f}"
    cost = "–" if row["cost"] is None else f"{row['cost']:.3g}"
    failed = "–" if row["failed_share"] is None else f"{row['failed_share']:.1%}"
    return str(row["letters"]), failed, tokens, cost


def _handles(rows: Sequence[Mapping[str, Any]], left: float) -> list[Any]:
    shown = {one["orientation"] for row in rows for one in row["orientations"]}
    made = [Line2D([], [], marker="D", color="black", lw=1.4, ms=4.5, label="mean of orientations")]
    if any(row["synthetic"] for row in rows):
        label = "(S): simulated"
        made.append(Line2D([], [], marker="D", color="black", markerfacecolor="white", lw=1.4, ms=4.5, label=label))
    if any(_beyond(row, left) for row in rows):
        made.append(Line2D([], [], color="black", label="interval goes on", **_CUT))
    return made + [
        Line2D([], [], marker=marker, color=COLOURS[name], ls="none", ms=3.2, label=name)
        for name, marker in MARKERS.items()
        if name in shown
    ]
