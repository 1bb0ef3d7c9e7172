"""The leaderboard as a table on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from experiments.summary import marks


def leaderboard_table(summary: Mapping[str, Any]) -> Table:
    """A row for each induction and model, best first; columns that would be empty throughout are left out."""
    board = summary["leaderboard"]
    rows = board["rows"]
    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, caption=_caption(board))
    made.title = escape("\n".join([f"{summary['experiment']} · leaderboard · {summary['run']}", *marks(summary)]))
    made.title_justify = made.caption_justify = "left"
    models = len({row["model"] for row in rows}) > 1
    known = {name: any(row[name] is not None for row in rows) for name in ("order_sensitivity", "tokens_in", "cost")}
    made.add_column("#", justify="right")
    made.add_column("induction", no_wrap=True)
    if models:
        made.add_column("model")
    for name in ("corrected\nVR", "letter", "VR", "in\ncategory", "Δ °", "transitive", "index"):
        made.add_column(name, justify="left" if name == "letter" else "right", no_wrap=True)
    if known["order_sensitivity"]:
        made.add_column("order\n°", justify="right", no_wrap=True)
    made.add_column("failed", justify="right", no_wrap=True)
    if known["tokens_in"]:
        made.add_column("tokens\nin/out", justify="right", no_wrap=True)
    if known["cost"]:
        made.add_column("cost", justify="right", no_wrap=True)
    for row in rows:
        cells = [str(row["rank"] or "–"), escape(f"{row['induction']}{' (S)' if row['synthetic'] else ''}")]
        cells += [escape(row["model"])] * models
        cells += [_stacked(row["value_rationality_corrected"], ".2f"), row["letters"]]
        cells += [_plain(row["value_rationality"], ".2f"), _plain(row["in_category_share"], ".0%")]
        cells += [_plain(row["deviation"], ".1f"), _plain(row["transitive_share"], ".0%")]
        cells.append(_plain(row["secondary_index"], ".2f"))
        if known["order_sensitivity"]:
            cells.append(_stacked(row["order_sensitivity"], "+.1f") if row["order_sensitivity"] else "–")
        cells.append("–" if row["failed_share"] is None else f"{row['failed_share']:.1%}")
        if known["tokens_in"]:
            tokens = [row[name] for name in ("tokens_in", "tokens_out")]
            cells.append("/".join("–" if one is None else f"{one:,.0f}" for one in tokens))
        if known["cost"]:
            cells.append("–" if row["cost"] is None else f"{row['cost']:.3g}")
        made.add_row(*cells)
    return made


def _caption(board: Mapping[str, Any]) -> str:
    first = board["rows"][0]
    units = first["value_rationality_corrected"]
    orders = next((row["order_sensitivity"]["orders"] for row in board["rows"] if row["order_sensitivity"]), None)
    brackets = "too few units: no intervals"
    if units["low"] is not None:
        brackets = (
            f"brackets: {board['confidence']:.0%} intervals over {units['units']} {units['unit']} in the first row"
        )
    told = "rows that share a letter do not differ (permutation tests within orientations, Holm over all pairs)"
    said = [
        f"each row over the orientations alike, participants alike, before play; {brackets};",
        f"{told if first['letters'] != '–' else 'letters: too few units to tell any rows apart'};",
        f"tokens and cost are of one administration{';' if orders else ''}",
    ]
    if orders:
        said.append(f"order: angle under {orders[1]} options less that under {orders[0]}, within participants")
    return "\n".join(said)


def _stacked(found: Mapping[str, Any], form: str) -> str:
    """An estimate with its interval on a line below, which keeps the table narrow."""
    interval = "" if found["low"] is None else f"\n[{found['low']:{form}}, {found['high']:{form}}]"
    return escape(_plain(found, form) + interval)


def _plain(found: Mapping[str, Any], form: str) -> str:
    return "–" if found["estimate"] is None else f"{found['estimate']:{form}}"
