"""Differences between the cells of a run: with an interval, a permutation test corrected by Holm, and equivalence.

Every participant counts once, with the mean of its own values. Where participants played together, they are not
independent, and what is done about it depends on how they met:

- Groups that stay together and mix the cells: intervals resample groups whole. The test exchanges the labels of the two
  cells between participants, which chance gave to the groups, and divides the difference by its standard error over
  groups. If the two cells act alike, any exchange of labels is as likely as the one seen, whoever influenced whom
  (Rosenbaum 2007, "Interference between units in randomized experiments", JASA 102, 191–200).
- Groups that stay together, none of which has both cells: groups are exchanged whole, each with its mean.
- Strangers: everybody may have met everybody, and there is one population only. Labels are exchanged as above, without
  groups; the interval resamples participants, and says too much where acts spread (`interacting`). So it is with a
  second measure that reminds them of the rounds they shared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from experiments.bounds import ENDS, at
from experiments.comparison_tests import compact_letters, drawn, equivalent, holm, permutation_test
from experiments.statistics import Resampling
from experiments.tables import Tables, groups, number, studied
from games.rationality import MEASURE

MOST_CELLS = 12
"""The first so many cells are compared (66 pairs), of each orientation where only its own are comparable. Of more,
little would be left after correction."""
MOST_EQUIVALENT = 4
"""Of more pairs that are equivalent, the terminal says how many more."""
MEASURED = ("angle", "value_rationality_corrected")
"""Quantities of a measure; the second is compared between cells of one orientation only."""
STRANGERS = "strangers: participants are not independent"
MARGINS: Mapping[str, float] = {
    "angle": 5.0,
    "value_rationality_corrected": 0.05,
    "cooperation": 0.05,
    "attainment": 0.05,
}
"""Differences within ± these count as equivalent: degrees for angles, else of 0 to 1. Points have no margin: what is
little depends on the game."""


@dataclass(frozen=True)
class Quantity:
    """What is compared in one family of tests.

    values: one row a participant (or administration) with `cell`, `value`, `cluster`; under bounded failures also
    `value_low` and `value_high`.
    within: whether only cells of the same orientation are comparable.
    """

    name: str
    phase: str
    values: pd.DataFrame
    unit: str
    within: bool = False
    interacting: bool = False


def comparisons(
    tables: Tables, resampling: Resampling, margins: Mapping[str, float] = MARGINS
) -> tuple[list[dict[str, Any]], int]:
    """Differences between cells of who is studied, and how many cells are beyond the first MOST_CELLS.

    These are left out. Corrected value rationality is compared between cells of one orientation only, as its chance
    levels and its ideal angles differ between orientations; the first MOST_CELLS of each are taken. One quantity in one
    phase is a family of Holm's.
    margins: by quantity, in its unit.
    """
    who = tables.decisions.loc[studied(tables.decisions), ["participant", "cell", "orientation"]].drop_duplicates()
    cells = who.sort_values("participant").drop_duplicates("cell").set_index("cell")
    found: list[dict[str, Any]] = []
    for quantity in _quantities(tables):
        if not quantity.values.filter(like="value").notna().any(axis=None):
            continue
        pairs = list(_pairs(cells, quantity))
        made = [_compared(quantity, *pair, len(pairs), resampling, margins.get(quantity.name)) for pair in pairs]
        family = [row for row in made if row is not None]
        corrected = holm([row["p"] for row in family])
        found += [row | {"p_holm": p} for row, p in zip(family, corrected, strict=True)]
    return found, max(0, len(cells) - MOST_CELLS)


def _pairs(cells: pd.DataFrame, quantity: Quantity) -> Iterator[tuple[str, str]]:
    """The pairs of comparable cells. cells: by name, in their order, with their `orientation`."""
    for _, mine in cells.groupby("orientation", sort=False, observed=True) if quantity.within else [("", cells)]:
        yield from combinations([str(name) for name in mine.index[:MOST_CELLS]], 2)


def reminded_strangers(tables: Tables) -> bool:
    """Whether a measure after play reminds of rounds that were shared with anybody: then all may hang together."""
    return bool(not tables.lasting and tables.about["memory"] and len(tables.play))


def lines(rows: Sequence[Mapping[str, Any]], cells: Sequence[Mapping[str, Any]], confidence: float) -> list[str]:
    """What the terminal says: the cells of each family from the greatest mean to the least, with letters."""
    said = []
    order = {cell["cell"]: place for place, cell in enumerate(cells)}
    for (quantity, phase), family in _families(rows):
        means = {row[side]: row[f"{side}_mean"] for row in family for side in ("first", "second")}
        for joined in _joined(family):
            ranked = sorted(joined, key=lambda name: (-means[name], order.get(name, 0)))
            mine = [row for row in family if row["first"] in joined]
            differing = [(row["first"], row["second"]) for row in mine if _significant(row, confidence)]
            letters = compact_letters(ranked, differing)
            told = ", ".join(f"{name} {letters[name]}" for name in ranked)
            alike = [f"{row['first']} = {row['second']}" for row in mine if row["equivalent"]]
            more = f" and {len(alike) - MOST_EQUIVALENT} more" if len(alike) > MOST_EQUIVALENT else ""
            shown = f"{', '.join(alike[:MOST_EQUIVALENT])}{more}"
            note = f"; equivalent within ±{mine[0]['margin']:g}: {shown}" if alike else ""
            if not differing and all(row["least_p"] > (1 - confidence) / len(family) for row in mine):
                note += "; too few units for any difference to be significant"
            if mine[0]["interacting"]:
                note += f"; {STRANGERS}"
            said.append(f"{_words(quantity, phase)}: {told}{note}")
    if not said:
        return []
    level = f"{1 - confidence:.0%}"
    head = "from the greatest to the least; cells that share a letter do not differ significantly"
    return [f"{head} (permutation tests, Holm, {level})", *(f"  {line}" for line in said)]


def left_out(rows: Sequence[Mapping[str, Any]], cells: Sequence[Mapping[str, Any]], not_compared: int) -> list[str]:
    """What the terminal says of cells beyond the first MOST_CELLS, and of which orientations none was compared."""
    if not not_compared:
        return []
    everybody = pd.DataFrame(cells)[["cell", "orientation", "model", "synthetic"]]
    everybody = everybody[studied(everybody)]
    across = {row[side] for row in rows if row["quantity"] != MEASURED[1] for side in ("first", "second")}
    seen = set(everybody.loc[everybody["cell"].isin(across), "orientation"])
    missing = [name for name in dict.fromkeys(everybody["orientation"]) if name not in seen]
    among = f", among them all of {', '.join(missing)}" if missing else ""
    return [
        f"only the first {MOST_CELLS} cells are compared, in corrected value rationality those of each orientation; "
        f"{not_compared} are beyond the first {MOST_CELLS}{among}"
    ]


def _families(
    rows: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[tuple[str, str], list[Mapping[str, Any]]]]:
    """The rows of each quantity and phase that were tested."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["p"] is not None and row["first_mean"] is not None:
            found.setdefault((row["quantity"], row["phase"]), []).append(row)
    yield from found.items()


def _joined(family: Sequence[Mapping[str, Any]]) -> list[set[str]]:
    """Sets of cells of a family that were compared with one another."""
    found: list[set[str]] = []
    for row in family:
        pair = {row["first"], row["second"]}
        touched = [one for one in found if one & pair]
        found = [one for one in found if not one & pair] + [pair.union(*touched)]
    return found


def _significant(row: Mapping[str, Any], confidence: float) -> bool:
    return row["p_holm"] is not None and row["p_holm"] <= 1 - confidence + 1e-12


def _words(quantity: str, phase: str) -> str:
    where = {"before": "before play", "play": "in play", "after": "after play"}[phase]
    named = "corrected value rationality" if quantity == "value_rationality_corrected" else quantity
    return f"{named} {where}"


def _quantities(tables: Tables) -> Iterator[Quantity]:
    measures = tables.measures[studied(tables.measures)] if len(tables.measures) else tables.measures
    for phase in ("before", "after"):
        mine = measures[measures["phase"] == phase]
        if not len(mine):
            continue
        together = tables.together if phase == "after" else {}
        interacting = phase == "after" and reminded_strangers(tables)
        yield replace(_measured(mine, "angle", phase, together), interacting=interacting)
        slider = bool((mine["measure"] == MEASURE).all())
        if slider:
            kept = mine[mine["orientation"] != "none"]
            rational = _measured(kept, "value_rationality_corrected", phase, together)
            yield replace(rational, within=True, interacting=interacting)
    if len(tables.play):
        home = groups(tables.play) if tables.lasting else {}
        for name, table in (("cooperation", tables.play), ("payoff", tables.rounds), ("attainment", tables.play)):
            yield _played(table[studied(table)], name, home, bound=tables.bound)


def _measured(measures: pd.DataFrame, column: str, phase: str, together: Mapping[int, int]) -> Quantity:
    """Means of participants; administrations where no cell has several participants."""
    single = len(measures) and measures.groupby("cell", observed=True)["participant"].nunique().max() == 1
    unit = "administrations" if single and not together else "participants"
    keys = ["participant", "repetition"] if unit == "administrations" else ["participant"]
    values = measures.assign(value=measures[column].astype(float))
    values = values.groupby([*keys, "cell"], observed=True)["value"].mean().reset_index()
    values["cluster"] = values["participant"].map(dict(together)) if together else np.arange(len(values))
    return Quantity(column, phase, values, "groups" if together else unit)


def _played(table: pd.DataFrame, column: str, home: Mapping[int, int], *, bound: bool) -> Quantity:
    columns = {"value": table[column].astype(float)}
    if bound:
        columns |= {f"value_{end}": at(table, column, end) for end in ENDS}
    values = table.assign(**columns)
    values = values.groupby(["participant", "cell"], observed=True)[list(columns)].mean().reset_index()
    values["cluster"] = values["participant"].map(dict(home)) if home else np.arange(len(values))
    unit = "groups" if home else "participants"
    return Quantity(column, "play", values, unit, interacting=not home)


def _compared(
    quantity: Quantity, first: str, second: str, pairs: int, resampling: Resampling, margin: float | None
) -> dict[str, Any] | None:
    """The row of one pair of so many, without Holm's correction; None where one has no row."""
    every = quantity.values
    pair = every[every["cell"].isin([first, second])]
    if pair["cell"].nunique() < 2:
        return None
    if "value_low" in pair:
        found = _bounded(quantity, pair, first, pairs, resampling, margin)
    else:
        found = _tested(quantity, pair, first, pair["value"], pairs, resampling, margin)
    means = pair.groupby("cell", observed=True)["value"].mean()
    return {
        "quantity": quantity.name,
        "phase": quantity.phase,
        "first": first,
        "second": second,
        "first_mean": number(means[first]),
        "second_mean": number(means[second]),
        **found,
        "margin": margin,
        "interacting": quantity.interacting,
        "left_out": int(pair["value"].isna().sum()),
    }


def _tested(
    quantity: Quantity,
    pair: pd.DataFrame,
    first: str,
    values: pd.Series,
    pairs: int,
    resampling: Resampling,
    margin: float | None,
) -> dict[str, Any]:
    side, cluster, numbers = (pair["cell"] == first).to_numpy(), pair["cluster"].to_numpy(), values.to_numpy()
    if quantity.unit == "groups" and not _mixed(side[np.isfinite(numbers)], cluster[np.isfinite(numbers)]):
        # No group has both: each group is one unit, with its mean.
        means = pd.DataFrame({"side": side, "cluster": cluster, "value": numbers}).groupby(["side", "cluster"])["value"]
        whole = means.mean().reset_index()
        side, cluster, numbers = (whole[name].to_numpy() for name in ("side", "cluster", "value"))
    interval = resampling.difference(numbers, side, cluster, quantity.unit)
    enough = drawn(len(numbers), pairs)
    result = permutation_test(numbers, side, clusters=cluster, seed=resampling.seed, permutations=enough)
    shown = None
    if margin is not None and resampling.confidence > 0.5:
        # Two tests, each at level 1 − confidence.
        narrower = replace(resampling, confidence=2 * resampling.confidence - 1)
        shown = equivalent(narrower.difference(numbers, side, cluster, quantity.unit), margin)
    return {"difference": asdict(interval), "p": result.p, "least_p": result.least_p, "equivalent": shown}


def _bounded(
    quantity: Quantity, pair: pd.DataFrame, first: str, pairs: int, resampling: Resampling, margin: float | None
) -> dict[str, Any]:
    """The same where failed replies are bounded: the first side at its least against the second at its most, and back.

    p is the larger of the two, and 1 where the difference may be 0; equivalent only where it is at both.
    """
    side = pair["cell"] == first
    corners = [
        _tested(quantity, pair, first, values, pairs, resampling, margin)
        for values in (pair[f"value_{mine}"].where(side, pair[f"value_{other}"]) for mine, other in (ENDS, ENDS[::-1]))
    ]
    low, high = (corner["difference"] for corner in corners)
    if low["estimate"] is None or high["estimate"] is None or low["estimate"] == high["estimate"]:
        return corners[0]
    known = low["low"] is not None and high["high"] is not None
    ends = {"low": low["low"], "high": high["high"]} if known else {"low": None, "high": None}
    bounds = {"low": low["estimate"], "high": high["estimate"]}
    across = low["estimate"] < 0 < high["estimate"]
    shown = [corner["equivalent"] for corner in corners]
    return {
        "difference": {**low, **ends, "estimate": None, "bounds": bounds},
        "p": 1.0 if across else max(corner["p"] for corner in corners),
        "least_p": corners[0]["least_p"],
        "equivalent": None if None in shown else all(shown),
    }


def _mixed(side: np.ndarray[Any, np.dtype[np.bool_]], cluster: np.ndarray[Any, Any]) -> bool:
    """Whether any cluster has both sides."""
    return bool(np.isin(cluster[side], cluster[~side]).any())
