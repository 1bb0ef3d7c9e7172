"""What is said on the terminal of a play as a whole: what was seen, what theory says, and what people did."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from experiments.bounds import told

type Row = tuple[str, str, str, str]
"""What, acts, cooperation, points."""


def rows(summary: Mapping[str, Any]) -> list[Row]:
    """The rows of the table of yardsticks; none where nobody played."""
    play = summary["play"]
    if play is None:
        return []
    span = f"per {play['yardsticks']['span']}" if play["yardsticks"] else "per round"
    earned = ("seen: points " + span, "", "", _figure(play["points"], ".1f"))
    return [*_seen(play), earned, *_theory(play["yardsticks"]), *_references(play)]


def caption(summary: Mapping[str, Any]) -> str:
    """What a reader must know of the table."""
    yardsticks = summary["play"]["yardsticks"]
    if yardsticks is None:
        return ""
    said = f"points per player and {yardsticks['span']}; equilibrium: {yardsticks['concept']}"
    said += "\nideal: best first acts under the orientation's linear utility, by what each act is said to bring"
    if yardsticks["expected"]:
        said += "\npoints hang on chance as well: those of equilibria and optimum are expectations"
    if (summary["play"]["conditions"] or {}).get("noise"):
        said += "\nyardsticks are of play without noise"
    if not yardsticks["exact"]:
        said += "\nextremes and optimum: over a thinner menu with both its ends"
    return said


def metrics_line(summary: Mapping[str, Any]) -> str:
    """The metrics of groups in one line; "" without any."""
    play = summary["play"]
    if play is None:
        return ""
    found = [
        f"{name} {_figure(one)}" + (f" ({one['left_out']} {one['unit']} without)" if one.get("left_out") else "")
        for name, one in play["metrics"].items()
        if one["estimate"] is not None and name != "gini"
    ]
    return f"play: {', '.join(found)}" if found else ""


def _seen(play: Mapping[str, Any]) -> Iterator[Row]:
    for stage in play["stages"]:
        acts = ", ".join(
            f"{name.removeprefix('share of ')} {one['estimate']:.0%}"
            for name, one in stage.items()
            if name.startswith("share of ") and one["estimate"] is not None
        )
        yield f"seen: {stage['stage']}", acts, _figure(stage["cooperation"]), ""


def _theory(yardsticks: Mapping[str, Any] | None) -> Iterator[Row]:
    if yardsticks is None:
        return
    for one in _few(yardsticks["equilibria"]):
        yield "equilibrium", one["acts"], _number(one["cooperation"]), _each(one)
    one = yardsticks["optimum"]
    yield "social optimum", one["acts"], _number(one["cooperation"]), _each(one)
    for orientation, stages in yardsticks["ideal"].items():
        acts = "; ".join(f"{stage} {acts_told(acts)}" for stage, acts in stages.items())
        yield f"ideal {orientation}", acts, "", ""
    yield "least, most", "", "", f"{yardsticks['least']:.1f}, {yardsticks['most']:.1f}"


def _references(play: Mapping[str, Any]) -> Iterator[Row]:
    """Figures of people, those by round as their mean; language models are left to the summary and the catalogue."""
    people = [one for one in play["references"] if one["who"] == "people"]
    for stage, quantity in dict.fromkeys((one["stage"], one["quantity"]) for one in people):
        these = [one for one in people if (one["stage"], one["quantity"]) == (stage, quantity)]
        mean = sum(one["value"] for one in these) / len(these)
        source = cited(these[0]["source"])
        over = f", mean of {len(these)} rounds" if len(these) > 1 else ""
        if quantity == "cooperation":
            yield f"people: {stage}", f"{source}{over}", f"{mean:.2f}", ""
        else:
            yield f"people: {stage}", f"{quantity}: {mean:.0%} ({source})", "", ""


def cited(source: str) -> str:
    """Authors and year of a source as a text names them: of more than two, the first."""
    found = re.match(r"(.*?) (\d{4})", source)
    if not found:
        return source
    authors = re.split(r", | & ", found[1])
    return f"{authors[0]} et al. {found[2]}" if len(authors) > 2 else f"{' & '.join(authors)} {found[2]}"


def acts_told(acts: Sequence[int | str]) -> str:
    """Acts in a row; a run of whole numbers in even steps by its ends, such as 0 … 10."""
    numbers = [act for act in acts if isinstance(act, int)]
    if len(numbers) == len(acts) > 2 and len({after - before for before, after in pairwise(numbers)}) == 1:
        return f"{acts[0]} … {acts[-1]}"
    return " or ".join(str(act) for act in acts)


def _few(equilibria: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """All of a handful; of many, which are alike, the first and the last."""
    return equilibria if len(equilibria) <= 4 else [equilibria[0], equilibria[-1]]


def _each(one: Mapping[str, Any]) -> str:
    """Points of each seat where they differ, else of all."""
    points = [round(each, 6) for each in one.get("each", [one["points"]])]
    return f"{points[0]:.1f}" if len(set(points)) == 1 else ", ".join(f"{each:.1f}" for each in points)


def _figure(found: Mapping[str, Any], form: str = ".2f") -> str:
    interval = "" if found["low"] is None else f" [{found['low']:{form}}, {found['high']:{form}}]"
    return told(found, form) + interval


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
