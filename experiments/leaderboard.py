"""The leaderboard of a run: which wording makes which model pursue the value that it was given.

A row is one induction with one model, over the four orientations; each orientation counts alike, so that a wording is
not judged by those that any model pursues anyhow. Units are participants, or administrations where a cell has one
participant; all figures are of the slider before play.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from experiments.comparison_tests import PERMUTATIONS, compact_letters, holm, permutation_test
from experiments.statistics import FEWEST_UNITS, Interval, Resampling
from experiments.store import read_table
from experiments.tables import Tables, number, units_of_measure
from games.randomness import stream
from games.rationality import MEASURE, attainable_angles, chance_corrected, chance_level, largest_deviation
from games.svo import Orientation

type Values = NDArray[np.float64]
type Taken = Mapping[tuple[str, str], Mapping[str, float | None]]

RANKED_BY = "value_rationality_corrected"
"""Chance differs between orientations, so only the corrected form may be averaged over them."""
FIGURES = {
    "value_rationality": "value_rationality",
    RANKED_BY: RANKED_BY,
    "in_category_share": "in_category",
    "deviation": "deviation",
    "transitive_share": "transitive",
    "secondary_index": "index",
}
"""Figures of a row, and the column of an administration that each is the mean of."""
_COLUMNS = (
    *("participant", "cell", "orientation", "model", "induction", "synthetic", "phase", "repetition", "measure"),
    *("order", "angle", "category", "failed", "asked"),
    *("value_rationality", RANKED_BY, "deviation", "transitive", "index"),
)
_LEAST_VARIANCE = 0.1
"""Of the sample's, the least that a resample may have in a bootstrap-t: where many values are alike, some resamples
have next to none, and would say that the mean may lie anywhere."""
_SHARES = {"in_category_share", "transitive_share"}
_ORIENTATIONS = [one.value for one in Orientation]


def leaderboard(tables: Tables, resampling: Resampling) -> dict[str, Any] | None:
    """The leaderboard as it goes into the summary; None unless several inductions or models were measured before play.

    rows: best first, each with its rank, and with `letters`: two rows that share a letter do not differ significantly
    (permutation tests of chance-corrected value rationality within orientations, Holm's correction over all pairs). A
    row that lacks an orientation has no rank; where units are too few to tell any rows apart, `letters` is "–".
    `secondary_index` is the prosocial orientation's. `order_sensitivity` is the angle under the second order of options
    less that under the first, within participants, in degrees. Tokens and cost are those of one administration, the
    induction's preparation included; None where an endpoint did not count tokens, or a price is not known.
    `orientations` has the same figures of each, and its mean angle in degrees.
    """
    if tables.about.get("measure") != MEASURE:
        return None
    administered = read_table(tables.folder, "measures", _COLUMNS)
    kept = (administered["phase"] == "before") & (administered["measure"] == MEASURE)
    kept &= (administered["model"] != "none") & administered["orientation"].isin(_ORIENTATIONS)
    administered = administered[kept]
    if len(administered[["induction", "model"]].drop_duplicates()) < 2:
        return None
    return {
        "measure": MEASURE,
        "phase": "before",
        "confidence": resampling.confidence,
        "synthetic": bool(administered["synthetic"].any()),
        "rows": rows(administered, _taken(tables), resampling),
    }


def rows(administered: pd.DataFrame, taken: Taken, resampling: Resampling) -> list[dict[str, Any]]:
    """The rows of the leaderboard.

    administered: one row an administration of the slider, with the columns of the table `measures`.
    taken: tokens_in, tokens_out and cost of an administration, by induction and model; some may be missing.
    """
    administered = administered.assign(
        in_category=(administered["category"].astype(str) == administered["orientation"].astype(str))
        .astype(float)
        .where(administered["category"].notna())
    )
    cards, units = [], []
    for induction, model in administered[["induction", "model"]].drop_duplicates().itertuples(index=False):
        mine = administered[(administered["induction"] == induction) & (administered["model"] == model)]
        cards.append(_row(str(induction), str(model), mine, taken, resampling))
        units.append(_by_unit(mine))
    known = [place for place, card in enumerate(cards) if card[RANKED_BY]["estimate"] is not None]
    order = sorted(known, key=lambda place: -cards[place][RANKED_BY]["estimate"])
    letters = _letters([units[place] for place in order], resampling)
    ranked = [
        {"rank": rank, **cards[place], "letters": letter}
        for rank, (place, letter) in enumerate(zip(order, letters, strict=True), start=1)
    ]
    return ranked + [{"rank": None, **card, "letters": "–"} for place, card in enumerate(cards) if place not in known]


def write_leaderboard(board: Mapping[str, Any], folder: Path) -> Path:
    """Write the rows and their orientations as `leaderboard.csv`, an interval in three columns. Returns its path."""
    flat = []
    for row in board["rows"]:
        for one in [{"orientation": "all", **row}, *({**row, **each} for each in row["orientations"])]:
            told: dict[str, Any] = {}
            for name, value in one.items():
                if isinstance(value, Mapping):
                    told |= {name: value["estimate"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
                elif name != "orientations":
                    told[name] = value
            flat.append(told)
    path = folder / "leaderboard.csv"
    pd.DataFrame(flat).to_csv(path, index=False)
    return path


def _row(induction: str, model: str, mine: pd.DataFrame, taken: Taken, resampling: Resampling) -> dict[str, Any]:
    about = taken.get((induction, model), {})
    each = [
        {"orientation": str(name), "cell": str(one["cell"].iloc[0]), "chance_level": chance_level(str(name))}
        | _counts(one)
        | {"angle": asdict(_over([_means(one, "angle")], resampling, units_of_measure(one)[1], attainable_angles()))}
        | _figures([one], resampling)
        | {"order_sensitivity": _by_order([one], resampling)}
        for name, one in _by_orientation(mine)
    ]
    parts = [one for _, one in _by_orientation(mine)]
    return {
        "induction": induction,
        "model": model,
        "synthetic": bool(mine["synthetic"].any()),
        **_counts(mine),
        **_figures(parts, resampling),
        "order_sensitivity": _by_order(parts, resampling),
        **{name: about.get(name) for name in ("tokens_in", "tokens_out", "cost")},
        "orientations": each,
    }


def _counts(one: pd.DataFrame) -> dict[str, Any]:
    return {
        "participants": int(one["participant"].nunique()),
        "administrations": len(one),
        "without_angle": int(one["angle"].isna().sum()),
        "failed_share": number(one["failed"].sum() / max(1, one["asked"].sum())),
    }


def _by_orientation(mine: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in _ORIENTATIONS:
        one = mine[mine["orientation"] == name]
        if len(one):
            yield name, one


def _figures(parts: Sequence[pd.DataFrame], resampling: Resampling) -> dict[str, dict[str, Any]]:
    """Each figure with its interval, over the administrations of one orientation or several."""
    units = sorted({units_of_measure(one)[1] for one in parts})
    found = {}
    for figure, column in FIGURES.items():
        means = [_means(one, column) for one in parts]
        if figure == "secondary_index":
            # It is defined for whom inequality or joint gain describes best, which the other orientations are not.
            means = [values for values, one in zip(means, parts, strict=True) if _prosocial(one)]
        interval = _share if figure in _SHARES else _over
        found[figure] = asdict(interval(means, resampling, " and ".join(units), _limits(figure, parts)))
    return found


def _means(one: pd.DataFrame, column: str) -> Values:
    """Each unit's mean of a column within one orientation; units without a value are left out."""
    units, _ = units_of_measure(one)
    means = one[column].astype(float).groupby(units).mean().dropna()
    return np.asarray(means, dtype=np.float64)


def _limits(figure: str, parts: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """The least and the greatest that a figure can be in the mean over these orientations."""
    names = [str(one["orientation"].iloc[0]) for one in parts]
    if figure == RANKED_BY:
        worst = [float(chance_corrected(0.0, name)) for name in names]
        return float(np.mean(worst)), 1.0
    if figure == "deviation":
        return 0.0, float(np.mean([largest_deviation(name) for name in names]))
    return 0.0, 1.0


def _prosocial(one: pd.DataFrame) -> bool:
    return bool((one["orientation"] == Orientation.PROSOCIAL.value).all())


def _by_unit(mine: pd.DataFrame) -> pd.DataFrame:
    """What rows are ranked by, of each unit, with its orientation."""
    parts = [(name, _means(one, RANKED_BY)) for name, one in _by_orientation(mine)]
    return pd.concat(pd.DataFrame({"orientation": name, "value": values}) for name, values in parts)


def _over(
    parts: Sequence[Values], resampling: Resampling, unit: str, limits: tuple[float, float] | None = None
) -> Interval:
    """The mean over orientations of the means over units, each orientation alike, with its interval.

    Value rationality piles up at its limits, where an interval by Student's t covers too little; the studentised
    bootstrap, with units resampled within orientations, follows the skew (Hall 1988, The Annals of Statistics 16,
    927–953; Davison & Hinkley 1997, section 5.2.1). Where units are few and happen to vary little it is too short, and
    an end of the stratified interval with Satterthwaite's degrees of freedom (Cochran 1977, section 5.4) that lies
    further out is taken. None where an orientation has fewer than two units.

    limits: between which values the mean must lie. Where all n values agree they are no proof: with the probability
    asked for at most 1 − (α / 2)^(1 / n) of all units are otherwise (Clopper & Pearson 1934), at one of the limits.
    """
    known = [one for one in parts if one.size]
    units = sum(one.size for one in known)
    if not known or len(known) < len(parts):
        return Interval(None, None, None, units, unit)
    estimate = float(np.mean([one.mean() for one in known]))
    if min(one.size for one in known) < 2 or units < FEWEST_UNITS:
        return Interval(estimate, None, None, units, unit)
    pieces = np.array([one.var(ddof=1) / one.size for one in known]) / len(known) ** 2
    error = float(np.sqrt(pieces.sum()))
    tail = (1 - resampling.confidence) / 2
    if error == 0:
        if limits is None:
            return Interval(estimate, None, None, units, unit)
        otherwise = 1 - tail ** (1 / (len(known) * min(one.size for one in known)))
        low, high = (estimate + otherwise * (limit - estimate) for limit in limits)
        return Interval(estimate, low, high, units, unit)
    rng = stream(resampling.seed, "leaderboard")
    means, variances = np.zeros(resampling.resamples), np.zeros(resampling.resamples)
    for one in known:
        drawn = one[rng.integers(one.size, size=(resampling.resamples, one.size))]
        means += drawn.mean(axis=1) / len(known)
        variances += drawn.var(axis=1, ddof=1) / one.size / len(known) ** 2
    studentised = (means - estimate) / np.sqrt(np.maximum(variances, _LEAST_VARIANCE * error**2))
    low, high = np.quantile(studentised, [tail, 1 - tail])
    freedom = pieces.sum() ** 2 / sum(piece**2 / (one.size - 1) for piece, one in zip(pieces, known, strict=True))
    student = float(stats.t.ppf(1 - tail, freedom))
    ends = (estimate - max(student, float(high)) * error, estimate + max(student, -float(low)) * error)
    return _within(Interval(estimate, *ends, units, unit), limits)


def _within(found: Interval, limits: tuple[float, float] | None) -> Interval:
    """An interval without what no participant can reach."""
    if limits is None or found.low is None or found.high is None:
        return found
    return replace(found, low=max(found.low, limits[0]), high=min(found.high, limits[1]))


def _share(parts: Sequence[Values], resampling: Resampling, unit: str, limits: tuple[float, float]) -> Interval:
    """The same for shares, which may be 0 or 1 in every unit: as binomial proportions, one observation a unit.

    Pseudo-observations are added, so that no interval has a width of zero (Price & Bonett 2004, Computational
    Statistics & Data Analysis 45, 449–456). A unit of several administrations counts once, which widens the interval.
    """
    known = [one for one in parts if one.size]
    units = sum(one.size for one in known)
    if not known or len(known) < len(parts):
        return Interval(None, None, None, units, unit)
    estimate = float(np.mean([one.mean() for one in known]))
    shares = np.array([(one.sum() + 2 / len(known)) / (one.size + 4 / len(known)) for one in known])
    sizes = np.array([one.size + 4 / len(known) for one in known])
    half = float(stats.norm.ppf((1 + resampling.confidence) / 2) * np.sqrt((shares * (1 - shares) / sizes).sum()))
    middle, half = float(shares.mean()), half / len(known)
    return _within(Interval(estimate, middle - half, middle + half, units, unit), limits)


def _by_order(parts: list[pd.DataFrame], resampling: Resampling) -> dict[str, Any] | None:
    """How far the angle turns with the order of the options; None where one order alone was shown."""
    orders = list(dict.fromkeys(order for one in parts for order in one["order"].dropna()))
    if len(orders) < 2:
        return None
    turned = []
    for one in parts:
        first, second = (
            here.groupby("participant")["angle"].mean() for here in (one[one["order"] == order] for order in orders[:2])
        )
        turned.append(second.sub(first).dropna().to_numpy(dtype=np.float64))
    return asdict(_over(turned, resampling, "participants")) | {"orders": [str(order) for order in orders[:2]]}


def _letters(rows: Sequence[pd.DataFrame], resampling: Resampling) -> list[str]:
    """Compact letters of the rows, in their order. rows: the units of each, with columns orientation and value."""
    pairs = list(combinations(range(len(rows)), 2))
    limit = 1 - resampling.confidence
    # The least p that drawn arrangements can reach must stay below what Holm asks of the first of so many pairs.
    drawn = max(PERMUTATIONS, math.ceil(2 * len(pairs) / limit))
    found, least = list[float | None](), list[float]()
    for one, other in pairs:
        if set(rows[one]["orientation"]) != set(rows[other]["orientation"]):
            found.append(None)  # their means are of different orientations
            continue
        both = pd.concat([rows[one], rows[other]])
        first = np.repeat([True, False], [len(rows[one]), len(rows[other])])
        tested = permutation_test(
            both["value"], first, strata=both["orientation"], seed=resampling.seed, permutations=drawn
        )
        found.append(tested.p)
        least += [tested.least_p] if tested.least_p is not None else []
    if not least or min(least) * len(pairs) > limit:
        return ["–"] * len(rows)
    differing = [pair for pair, p in zip(pairs, holm(found), strict=True) if p is not None and p <= limit]
    letters = compact_letters(range(len(rows)), differing)
    return [letters[place] for place in range(len(rows))]


def _taken(tables: Tables) -> Taken:
    """Tokens and cost of one administration before play, by induction and model."""
    columns = ["induction", "model", "participant", "repetition", "game", "phase", "tokens_in", "tokens_out", "calls"]
    asked = read_table(tables.folder, "decisions", columns, phase="before")
    asked = asked[(asked["game"] == MEASURE) & (asked["calls"] > 0)]
    found = dict[tuple[str, str], Mapping[str, float | None]]()
    for (induction, model), one in asked.groupby(["induction", "model"], observed=True, sort=False):
        administrations = len(one[["participant", "repetition"]].drop_duplicates())
        counted = {
            name: float(one[name].sum()) / administrations if one[name].notna().all() else None
            for name in ("tokens_in", "tokens_out")
        }
        found[(str(induction), str(model))] = counted | {"cost": _cost(tables, str(model), counted)}
    return found


def _cost(tables: Tables, model: str, counted: Mapping[str, Any]) -> float | None:
    prices = tables.about["models"].get(model, {}).get("settings", {}).get("price") or {}
    values = [(counted[name], prices.get(name)) for name in ("tokens_in", "tokens_out")]
    if any(tokens is None or price is None for tokens, price in values):
        return None
    return float(sum(tokens * price for tokens, price in values) / 1e6)
