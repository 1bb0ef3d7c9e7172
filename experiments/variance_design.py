"""From the tables of a run, or of all jobs of a sweep, to answers under crossed factors.

Factors that never vary apart are refused by name; all else that a reader must know of the design is a note.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.tables import studied
from experiments.variance_moments import LONE, Answers
from experiments.variance_table import LAYOUT, VALUE, administrations
from games.errors import SettingError, unknown

WORDS = ("wording", "language", "induction", "framing", *LAYOUT)
"""What belongs to the phrasing, and not to the value."""
QUANTITIES = {"angle": "°", "deviation": "°", "value_rationality": "", "value_rationality_corrected": ""}
"""What can be decomposed, with its unit."""
_DEFAULT = (VALUE, "model", *WORDS)
_NESTED = ("participant", "cell", "run", "job", "repetition", "draw", "seed")


@dataclass(frozen=True)
class Design:
    """What is decomposed.

    answers: the values and their factors.  unit: what is independent.  groups: factors of the phrasing, of models and
    settings, and of the value.  notes: what a reader must know, one sentence each.
    failed_share: share of administrations without a value.  synthetic: whether no language model answered.
    """

    answers: Answers
    unit: str
    groups: dict[str, list[str]]
    notes: tuple[str, ...]
    phase: str
    measure: str
    administrations: int
    failed_share: float
    synthetic: bool


def design(
    folder: Path,
    quantity: str = "angle",
    factors: Sequence[str] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
    phase: str | None = None,
    mix: Sequence[str] = (),
) -> Design:
    """The design of a run or sweep.

    factors: None takes the value, models and all of the phrasing that varied.  without: levels that are left out, by
    factor.  phase: "before" or "after"; None takes before if there is one.  mix: kinds of differences between jobs
    that are allowed, of `agreement.KINDS`.
    Raises SettingError for an unknown quantity, factor or level, a factor that does not vary, two that never vary
    apart, and jobs that were not made alike.
    """
    if quantity not in QUANTITIES:
        raise unknown("quantity", quantity, QUANTITIES)
    notes: list[str] = []
    table, phase = _asked(administrations(folder, quantity, mix, notes), phase, folder)
    table = _left(table, without or {}, notes)
    names = _factors(table, factors, notes)
    values = table[quantity].astype(np.float64)
    known = values.notna()
    if not known.any():
        raise SettingError(f"{folder}: no administration has a {quantity} in this phase, so nothing can be decomposed")
    whole, table = table, table[known]
    _apart(table, names)
    answers, unit = _answers(table, np.asarray(values[known], dtype=np.float64), names, notes)
    groups = {
        "phrasing": [name for name in names if name in WORDS],
        "models and settings": [name for name in names if name not in {*WORDS, VALUE}],
        "value": [VALUE],
    }
    return Design(
        answers, unit, groups, tuple(notes), phase, str(whole["measure"].iloc[0]), len(whole), float((~known).mean()),
        bool(whole["synthetic"].all()),
    )  # fmt: skip


def _asked(table: pd.DataFrame, phase: str | None, folder: Path) -> tuple[pd.DataFrame, str]:
    phases = [str(one) for one in table["phase"].unique()]
    if not phases:
        raise SettingError(f"{folder}: nothing was measured; a run with phases=[before] has angles")
    phase = phase or ("before" if "before" in phases else phases[0])
    if phase not in phases:
        raise unknown("phase", phase, phases)
    table = table[table["phase"] == phase]
    if table["measure"].nunique() > 1:
        named = ", ".join(map(str, table["measure"].unique()))
        raise SettingError(f"{folder}: jobs with different measures ({named}) have no common angle")
    return table, phase


def _left(table: pd.DataFrame, without: Mapping[str, Sequence[str]], notes: list[str]) -> pd.DataFrame:
    """The rows of who was given a value, less the levels that are left out."""
    mixed = table["synthetic"].astype(bool).nunique() > 1
    table = table[studied(table) & (table["orientation"] != "none")]
    if mixed:
        notes.append("Simulated respondents and scripted rules are left out beside language models.")
    if (control := int((table["induction"] == "none").sum())) < len(table):
        table = table[table["induction"] != "none"]
        if control:
            notes.append(
                f"{control} administrations of the control (induction none) are left out: it was given no value."
            )
    for name, levels in without.items():
        if name not in table or name in _NESTED:
            raise unknown("factor", name, _varied(table))
        present = sorted({str(one) for one in table[name]})
        for level in levels:
            if level not in present:
                raise unknown(f"level of {name}", level, present)
        table = table[~table[name].astype(str).isin(list(levels))]
        notes.append(f"Left out as asked: {name} {', '.join(levels)}.")
    if not len(table):
        raise SettingError("variance: nobody is left; leave fewer levels out")
    return table


def _varied(table: pd.DataFrame) -> list[str]:
    plain = [name for name in table.columns if name not in {*_NESTED, *QUANTITIES, "phase", "measure", "synthetic"}]
    return [name for name in plain if table[name].astype(str).nunique() > 1]


def _factors(table: pd.DataFrame, given: Sequence[str] | None, notes: list[str]) -> list[str]:
    varied = _varied(table)
    if given is None:
        names = [name for name in _DEFAULT if name in varied]
        if "language" not in names or not _crossed(table, ["wording", "language"]):
            if "language" in names:
                notes.append(
                    "Not every wording was used in every language, so both together are one factor, induction."
                )
            names = [name for name in names if name not in {"wording", "language"}]
        else:
            names = [name for name in names if name != "induction"]
    else:
        names = list(given)
        for name in names:
            if name in _NESTED:
                raise SettingError(
                    f"--factors: {name} is nested in the others and never crossed with them; participants and replies "
                    "have components of their own"
                )
            if name not in varied:
                fixed = name in table and name not in QUANTITIES
                raise (
                    SettingError(f"--factors: {name} does not vary here; factors that do: {', '.join(varied)}")
                    if fixed
                    else unknown("factor", name, varied)
                )
        if len(set(names)) < len(names):
            raise SettingError(f"--factors {','.join(names)}: each at most once")
    if not names:
        raise SettingError("variance: no factor varies in this run, so its variance is all of respondents")
    told = {"wording", "language"} if "induction" in names else {"induction"} if "wording" in names else set[str]()
    rest = [name for name in varied if name not in {*names, *told, "agent"} and name.rsplit(".")[-1] not in names]
    if rest:
        notes.append(f"Varied too, and not among the factors, so within participants and replies: {', '.join(rest)}.")
    if VALUE not in names:
        notes.append("The orientation is not among the factors: what share the value has cannot be told.")
    return names


def _crossed(table: pd.DataFrame, names: Sequence[str]) -> bool:
    combinations = len(table[list(names)].drop_duplicates())
    return combinations == int(np.prod([table[name].nunique() for name in names]))


def _apart(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse two factors of which one is given by the other."""
    for first, second in permutations(names, 2):
        if table.groupby(first)[second].nunique().max() == 1:
            both = table.groupby(second)[first].nunique().max() == 1
            how = f"{first} and {second} never vary apart" if both else f"{first} is nested in {second}"
            raise SettingError(
                f"variance: {how}: each {first} occurs under one {second} only, so their parts cannot be told apart; "
                f"name one of them in --factors, or cross them in the experiment"
            )


def _answers(
    table: pd.DataFrame, values: np.ndarray[Any, np.dtype[np.float64]], names: Sequence[str], notes: list[str]
) -> tuple[Answers, str]:
    """The answers, with participants as units; with administrations where a combination has a single participant."""
    levels = {name: table[name].astype(str).to_numpy(dtype=np.str_) for name in names}
    # A participant of one number and seed answers with the same draws in every job, so it is one unit in all of them.
    unit = table["seed"].astype(str) + "/" + table["participant"].astype(str)
    body = table["job"].astype(str) + "/" + table["participant"].astype(str)
    frame = pd.DataFrame({**levels, "unit": unit.to_numpy(), "number": table["repetition"].to_numpy()})
    many = frame.groupby(list(names))["unit"].nunique()
    word = "participants"
    if (many < 2).mean() > LONE and frame.groupby([*names, "unit"])["number"].nunique().min() > 1:
        repetition = "/" + table["repetition"].astype(str)
        unit, body, word = unit + repetition, body + repetition, "administrations"
        many = frame.groupby([*names, "unit"])["number"].nunique().groupby(list(names)).sum()
        notes.append(
            "One participant in some combinations: administrations are the units, and what is a participant's own "
            "counts as the factors'."
        )
    if many.min() < many.max():
        notes.append(
            f"UNBALANCED: {many.min()} to {many.max()} {word} with a value in a combination of levels; every "
            "combination weighs the same."
        )
    if lone := int((many < 2).sum()):
        notes.append(
            f"{lone} combination(s) have a single respondent with a value; its noise is taken from the others."
        )
    codes = [np.unique(one.to_numpy(dtype=np.str_), return_inverse=True)[1] for one in (unit, body)]
    return Answers(values, levels, codes[0], codes[1]), word
