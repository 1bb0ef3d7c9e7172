"""Whether a measured angle depends on how the menu was laid out: the mean angle under each level of each setting."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from experiments.statistics import Resampling
from experiments.store import read_table
from experiments.tables import Tables, number
from games.types import Layout

SETTINGS = tuple(one.name for one in fields(Layout))
_COLUMNS = ("participant", "cell", "model", "measure", "angle", "failed", "asked", *SETTINGS)


def presentations(tables: Tables, resampling: Resampling) -> list[dict[str, Any]]:
    """The mean angle under each level, by model, measure and setting, where a setting had several levels in the run.

    balanced: whether every cell has equally many angles under each level; where not, levels differ in who answered as
    well. levels: each with its number of administrations, how many of them have no angle, the share
    of items that failed, and the mean angle in degrees with its interval over participants; `difference` is the mean
    over participants of their own angle less that under the first level, None for the first: where people differ more
    than layouts do, it shows what the means hide. Scripted rules, who read no menu, are left out.
    """
    measures = read_table(tables.folder, "measures", _COLUMNS)
    measures = measures[measures["model"] != "none"]
    found = []
    for (model, measure), administered in measures.groupby(["model", "measure"], sort=False, observed=True):
        for setting in SETTINGS:
            levels = list(dict.fromkeys(administered[setting].dropna()))
            if len(levels) < 2:
                continue
            found.append(
                {
                    "model": str(model),
                    "measure": str(measure),
                    "setting": setting,
                    "balanced": _balanced(administered, setting),
                    "levels": [
                        {"level": str(level)} | _level(administered, setting, str(level), str(levels[0]), resampling)
                        for level in levels
                    ],
                }
            )
    return found


def lines(entries: Iterable[Mapping[str, Any]], confidence: float) -> list[str]:
    """The same in words, a line for each setting."""
    said = []
    for one in entries:
        levels = ", ".join(f"{level['level']} {_told(level)}" for level in one["levels"])
        unequal = (
            "" if one["balanced"] else "; not equally many angles by level in every cell, so who answered differs too"
        )
        what = f"{one['measure'].replace('_', ' ')} angle by {one['setting']}"
        said.append(f"model {one['model']}: {what}: {levels} ({confidence:.0%} intervals{unequal})")
    return said


def _balanced(administered: pd.DataFrame, setting: str) -> bool:
    by = [administered["cell"].astype(str), administered[setting].astype(str)]
    counts = administered["angle"].notna().groupby(by).sum().unstack(fill_value=0)
    return bool((counts.nunique(axis=1) == 1).all())


def _level(administered: pd.DataFrame, setting: str, level: str, first: str, resampling: Resampling) -> dict[str, Any]:
    here, before = (administered[administered[setting] == one] for one in (level, first))
    mean = resampling.mean(here["angle"].astype(float), here["participant"], "participants")
    difference = None
    if level != first:
        # Only who answered under both has one.
        own = _angles(here).sub(_angles(before)).dropna()
        difference = asdict(resampling.mean(own, own.index, "participants"))
    return {
        "administrations": len(here),
        "without_angle": int(here["angle"].isna().sum()),
        "failed_share": number(here["failed"].sum() / max(1, here["asked"].sum())),
        **asdict(mean),
        "difference": difference,
    }


def _angles(administered: pd.DataFrame) -> pd.Series:
    """Each participant's mean angle."""
    return administered["angle"].astype(float).groupby(administered["participant"]).mean()


def _told(level: Mapping[str, Any]) -> str:
    own = level["difference"]
    within = "" if own is None or own["estimate"] is None else f", {_degrees(own, '+.1f')} within participants"
    angles = level["administrations"] - level["without_angle"]
    return f"{_degrees(level, '.1f')} (n {angles}{within})"


def _degrees(found: Mapping[str, Any], form: str) -> str:
    if found["estimate"] is None:
        return "–"
    limits = "" if found["low"] is None else f" [{found['low']:{form}}, {found['high']:{form}}]"
    return f"{found['estimate']:{form}}°{limits}"
