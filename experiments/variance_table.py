"""The administrations of a run, or of all jobs of a sweep, each beside what it was obtained under."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.agreement import disagreements, refuse, unverifiable
from experiments.catalogue import known, member
from experiments.collected_jobs import FoundRun, find, missing, numbers
from experiments.factors import factors
from experiments.store import read_table

LANGUAGES = {"en": "English", "de": "German", "es": "Spanish", "zh": "Chinese"}
"""What languages are called; others by their two letters."""
UNKNOWN = "unknown"
"""The language of an induction that declares none."""
VALUE = "orientation"
LAYOUT = ("order", "labels", "first", "currency")
_COLUMNS = ("participant", VALUE, "agent", "model", "induction", "synthetic", "phase", "repetition", "measure")
_SAME = {"population.inductions": "induction", "population.models": "model", "population.cells": VALUE}
"""Overrides that a column of the table says better."""


def administrations(folder: Path, quantity: str, mix: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """The administrations of the first measure, a row each, over all jobs.

    mix: kinds of differences between the jobs that are allowed, of `agreement.KINDS`.  notes: what is mixed, missing or
    unfinished is added to them.
    Raises SettingError for a folder without a run, and jobs that were not made alike.
    """
    jobs = find([folder], folder)
    found = disagreements(jobs, factors(jobs))
    refuse(found, mix)
    notes += [f"Mixed: {one.kind}: {one.told}." for one in found]
    notes += [f"Warning: {told}." for told in unverifiable(jobs)]
    notes += [f"INCOMPLETE: job {one['job']} is {one['status']}: {one['reason']}." for one in missing([folder], folder)]
    for job in jobs:
        if job.status != "finished":
            name = folder.name if job.folder == folder else numbers([job.number])
            error = job.manifest.get("error")
            notes.append(f"INCOMPLETE: {name} is {job.status}{f': {error}' if error else ''}.")
    return pd.concat([_of(job, quantity) for job in jobs], ignore_index=True)


def _of(job: FoundRun, quantity: str) -> pd.DataFrame:
    about = job.manifest
    read = read_table(job.folder, "measures", [*_COLUMNS, *LAYOUT, quantity]).astype(dict.fromkeys(_COLUMNS, object))
    first = read[read["measure"] == about["measure"]]
    framing = (job.settings.get("framing") or {}).get("name", "not recorded")
    table: pd.DataFrame = first.assign(job=job.number, seed=about["seed"], framing=str(framing))
    declared = {str(name): _declared(job, str(name)) for name in table["induction"].unique()}
    for place, column in enumerate(("wording", "language")):
        table[column] = [declared[str(name)][place] for name in table["induction"]]
    for key, _, value in (one.lstrip("+~").partition("=") for one in job.overrides):
        if key not in table and key not in _SAME and not key.startswith(("presentation.", "hydra.", "replies.")):
            table[key] = value
    return table


def _declared(job: FoundRun, induction: str) -> tuple[str, str]:
    """An induction's wording, under one name in all languages, and its language.

    As the run's own configuration declares it; of the other inductions of a population, as the catalogue does.
    """
    own: Any = job.settings.get("induction")
    said = dict(own) if isinstance(own, dict) and own.get("name") == induction else {}
    if "language" not in said and induction in known("induction"):
        said = member("induction", induction)
    language = str(said.get("language", UNKNOWN))
    return str(said.get("translation_of") or induction), LANGUAGES.get(language, language)
