"""What collecting a sweep says on the terminal: a row for each condition and cell, and what was left out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.bounds import told
from experiments.collected import EVERYBODY
from experiments.factors import REPLICATE
from experiments.pooled import conditions, pooled
from experiments.summary import units_told
from experiments.sweep_figures import resampling

_SHOWN = (
    ("cooperation", "play", ".2f"),
    ("payoff", "play", ".1f"),
    ("angle", "before", ".1f"),
    ("value_rationality_corrected", "before", ".2f"),
    ("efficiency", "play", ".2f"),
)
_HEADS = {"angle": "angle °", "value_rationality_corrected": "value\nrationality\ncorrected", "payoff": "points"}
_LEFT_OUT = 20
"""Jobs that are left out and named on the terminal; collected.json names all."""
_ROWS = 60
"""More rows than this are told of the whole population only."""


def show(found: Mapping[str, Any], into: Path, written: list[Path], notes: list[str]) -> None:
    """Print the table, and below it what was left out, what was mixed, and where the files are."""
    made = table(found)
    console = Console(width=max(Console().width, Console(width=1000).measure(made).maximum, 80))
    console.print(made)
    about = found["about"]
    for one in about["left_out"][:_LEFT_OUT]:
        console.print(f"left out: {one['run']}: {one['status']}: {one['reason']}", markup=False, soft_wrap=True)
    if len(about["left_out"]) > _LEFT_OUT:
        console.print(f"left out: {len(about['left_out']) - _LEFT_OUT} more, named in collected.json")
    for one in about["mixed"]:
        console.print(f"mixed: {one}", markup=False, soft_wrap=True)
    for one in [*(f"warning: {one}" for one in about["warnings"]), *notes]:
        console.print(one, markup=False, soft_wrap=True)
    rows, people = len(found["collected"]), len(found["people"])
    print(f"collected {about['jobs']} jobs, {rows} rows, {people} participants: {into}")
    for path in written:
        print(f"  {path.relative_to(into)}")


def table(found: Mapping[str, Any]) -> Table:
    """The main quantities with their intervals: a row for each combination of factors and cell."""
    varied, collected = found["varied"], found["collected"]
    names = [name for name in varied if name != REPLICATE]
    there = set(zip(collected["quantity"], collected["phase"], strict=True))
    shown = [(quantity, phase, form) for quantity, phase, form in _SHOWN if (quantity, phase) in there]
    wanted = [(quantity, phase) for quantity, phase, _ in shown]
    points = pooled(collected, found["people"], varied, [*wanted, ("failed_share", "")], resampling(found["jobs"]))
    combined = conditions(varied)
    rows = list(dict.fromkeys(zip(points["condition"], points["cell"], strict=True)))
    note = ""
    if len(rows) > _ROWS and (points["cell"] == EVERYBODY).any():
        rows = [row for row in rows if row[1] == EVERYBODY]
        note = "\nthe cells are in collected.csv"
    rows.sort(key=lambda row: (row[0], row[1] != EVERYBODY))
    marks = [escape(one) for one in found["about"]["marks"]]
    units = points[points["low"].notna()]
    over = units_told([(int(one["units"]), str(one["unit"])) for _, one in units.iterrows()])
    confidence = resampling(found["jobs"]).confidence
    caption = f"brackets: {confidence:.0%} interval over {over}{note}" if len(units) else f"{over}{note}"
    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, caption=caption)
    made.title = "\n".join([f"sweep · {about_jobs(found)}", *marks])
    made.title_justify = made.caption_justify = "left"
    for name in names:
        made.add_column(escape("\n".join(_folded(name))), justify="right", no_wrap=True)
    made.add_column("cell", no_wrap=True)
    for head in ("runs", "n", *(_HEADS.get(quantity, quantity) for quantity, _, _ in shown), "failed"):
        made.add_column(head, justify="right", no_wrap=True)
    by_place = {(one["condition"], one["cell"], one["quantity"]): one for _, one in points.iterrows()}
    for number, cell in rows:
        first = by_place[number, cell, "failed_share"]
        made.add_row(
            *(escape(_plain(combined.loc[number, name])) for name in names),
            escape(f"{cell}{' (S)' if first['synthetic'] else ''}"),
            str(first["runs"]),
            str(first["participants"]),
            *(_figure(by_place.get((number, cell, quantity)), form) for quantity, _, form in shown),
            f"{first['failed_share']:.1%}",
        )
    return made


def about_jobs(found: Mapping[str, Any]) -> str:
    """How many jobs, and which factors, in words."""
    factors = ", ".join(found["about"]["factors"]) or "nothing"
    return escape(f"{found['about']['jobs']} jobs; varied: {factors}")


def _folded(name: str) -> list[str]:
    """A long key on several lines, which keeps the table narrow."""
    parts = name.split(".")
    return [part + "." * (number < len(parts) - 1) for number, part in enumerate(parts)]


def _plain(value: Any) -> str:
    return "–" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)


def _figure(one: Any, form: str) -> str:
    """A figure with its interval on a line below; "–" without any."""
    if one is None:
        return "–"
    bounds = None if pd.isna(one["bound_low"]) else {"low": one["bound_low"], "high": one["bound_high"]}
    said = told({"estimate": None if pd.isna(one["estimate"]) else one["estimate"], "bounds": bounds}, form)
    return said if pd.isna(one["low"]) else f"{said}\n\\[{one['low']:{form}}, {one['high']:{form}}]"
