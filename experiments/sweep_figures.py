"""Which figures a sweep has: which factor goes along the axis, which one makes lines, and what theory says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_numeric_dtype

from experiments.collected import EVERYBODY
from experiments.collected_jobs import FoundRun, numbers
from experiments.drawing import STYLE, save
from experiments.factors import REPLICATE
from experiments.plots_sweep import Shown, heat_map, phase_curve
from experiments.pooled import conditions, first_phase, pooled
from experiments.statistics import Resampling
from games.errors import unknown

_PREFERRED = ("cooperation", "value_rationality_corrected", "angle")
_UNITS = {"angle": "degrees", "deviation": "degrees", "payoff": "points in a round", "length": "points"}
_SHARES = {"cooperation", "attainment", "value_rationality", "equality", "gini"}


def draw(
    found: Mapping[str, Any], into: Path, *, x: str | None, by: str | None, quantity: str | None
) -> tuple[list[Path], list[str]]:
    """Draw what the factors allow. Returns the paths of the PNG files, and why a figure is not there.

    found: what `collect_sweeps` returns.  x, by, quantity: what was asked for, else the most telling.
    Raises SettingError for a factor or a quantity that the sweep does not have.
    """
    collected, varied, jobs = found["collected"], found["varied"], found["jobs"]
    names = [str(name) for name in varied if name != REPLICATE]
    for key in (x, by):
        if key is not None and key not in names:
            raise unknown("factor", key, names or ["none: nothing but the seed varied"])
    quantity = _quantity(collected, quantity)
    notes = list[str]()
    having = set(collected.loc[_told(collected) & (collected["quantity"] == quantity), "job"])
    if without := [number for number in varied.index if number not in having]:
        # What varied between jobs that have no such figure is no factor of it.
        notes.append(f"not in the figures, as they have no {quantity.replace('_', ' ')}: {numbers(without)}")
        jobs, varied = [job for job in jobs if job.number in having], varied.loc[varied.index.isin(having)]
        varied = varied[[name for name in varied if name in (x, by) or varied[name].map(repr).nunique() > 1]]
        names = [str(name) for name in varied if name != REPLICATE]
    if not names:
        return [], [*notes, "no figure: nothing but the seed varied"]
    telling = _telling(varied[names], fixed=[key for key in (x, by) if key])
    x = x or next(key for key in _axes(varied, telling) if key != by)
    others = [by] if by else [key for key in telling if key != x and not _same(varied[x], varied[key])]
    phase = first_phase(collected, quantity)
    points = pooled(collected, found["people"], varied, [(quantity, phase)], resampling(jobs))
    combined = conditions(varied)
    # A control has no value rationality of the whole population, but is to be seen beside the others.
    everybody = points["cell"] == EVERYBODY
    points = points[everybody if everybody.sum() == len(combined) else ~everybody]
    points = points.drop(columns=[name for name in names if name in points]).join(combined[names], on="condition")
    shown = Shown(quantity, _axis(quantity, jobs), resampling(jobs).confidence, _theory(quantity, combined, jobs))
    used = [x, *others]
    unused = [key for key in names if key not in used and not any(_same(varied[key], varied[one]) for one in used)]
    notes += [f"not in the figures: {', '.join(unused)}"] if unused else []
    drawn: dict[str, Figure] = {}
    with mpl.rc_context(STYLE):
        drawn["phase_curve"] = phase_curve(points, x, others, shown)
        if others:
            second = others[0]
            if points.duplicated([x, second, "cell"]).any():
                notes.append(f"no heat map: {x} and {second} do not tell all conditions apart")
            else:
                drawn["heat_map"] = heat_map(points, x, second, shown)
        files = [save(figure, into / "figures", name, found["about"]["marks"]) for name, figure in drawn.items()]
    return files, notes


def resampling(jobs: Sequence[FoundRun]) -> Resampling:
    """How the intervals over a sweep are made: as those of its first job."""
    return Resampling(**jobs[0].manifest["statistics"])


def _quantity(collected: pd.DataFrame, asked: str | None) -> str:
    there = list(dict.fromkeys(collected.loc[_told(collected), "quantity"]))
    if asked is None:
        return next((name for name in _PREFERRED if name in there), there[0])
    if asked not in there:
        raise unknown("quantity", asked, there)
    return asked


def _told(collected: pd.DataFrame) -> "pd.Series[bool]":
    return collected["estimate"].notna() | collected["bound_low"].notna()


def _telling(varied: pd.DataFrame, fixed: Sequence[str]) -> list[str]:
    """The factors without those that only follow another, such as a share that is what another leaves."""
    kept = list(fixed)
    for key in _axes(varied, [str(name) for name in varied]):
        if key not in kept and not any(_same(varied[other], varied[key]) for other in kept):
            kept.append(key)
    return kept


def _same(first: "pd.Series[Any]", second: "pd.Series[Any]") -> bool:
    """Whether each of two factors follows from the other."""
    one, other = first.map(repr), second.map(repr)
    return len(set(zip(one, other, strict=True))) == one.nunique() == other.nunique()


def _axes(varied: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The factors in the order in which they suit the axis: shares of prosocials, of others, numbers, words."""

    def suits(key: str) -> tuple[bool, bool, bool]:
        size = key.startswith("population.cells.") and key.endswith((".share", ".count"))
        return not (size and "prosocial" in key), not size, not is_numeric_dtype(varied[key])

    return sorted(names, key=suits)


def _axis(quantity: str, jobs: Sequence[FoundRun]) -> str:
    """The words on an axis: what cooperation is, where all jobs play the same."""
    said = {str(job.manifest.get("cooperation")) for job in jobs}
    if quantity == "cooperation" and len(said) == 1:
        return f"mean cooperation:\n{said.pop()}"
    unit = _UNITS.get(quantity) or ("0 to 1" if quantity in _SHARES else "")
    return quantity.replace("_", " ") + (f" ({unit})" if unit else "")


def _theory(quantity: str, combined: pd.DataFrame, jobs: Sequence[FoundRun]) -> dict[int, dict[str, list[float]]]:
    """The cooperation of equilibria and of the optimum in each condition; a game with many equilibria at its ends."""
    if quantity != "cooperation":
        return {}
    by_number = {job.number: job.manifest.get("yardsticks") for job in jobs}
    found: dict[int, dict[str, list[float]]] = {}
    for number, members in enumerate(combined["jobs"]):
        yardsticks = by_number[members[0]]
        if yardsticks is None:
            continue
        levels = sorted({one["cooperation"] for one in yardsticks["equilibria"] if one["cooperation"] is not None})
        best = yardsticks["optimum"]["cooperation"]
        found[number] = {
            "equilibrium": levels if len(levels) <= 3 else [levels[0], levels[-1]],
            "social optimum": [] if best is None else [best],
        }
    return found
