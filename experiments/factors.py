"""What varied between the jobs of a sweep, by the names under which a person sets it.

Three sources, in this order: settings that anybody typed on the command line or swept; members of the catalogue that
differ; whatever else differs between the composed configurations, as when a file was edited between two runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.collected_jobs import FoundRun, plain

_BESIDE = {"hydra", "name", "progress", "forecast", "replies", "budget"}
"""Settings that say nothing of what is asked of whom."""
_WORDS = ("framing", "induction")
REPLICATE = "seed"
"""The factor that makes a replicate of a run, and no other condition."""


def factors(jobs: Sequence[FoundRun]) -> pd.DataFrame:
    """One row a job, one column a setting that differs between jobs, by override key; the seed last.

    The index is the job's number. Numbers are numbers, lists are JSON text, a setting that a job lacks is missing.
    """
    typed = typed_keys(jobs)
    columns: dict[str, list[Any]] = {}
    for key in typed:
        columns |= _varied(key, [_value(job, key) for job in jobs])
    for group in dict.fromkeys(group for job in jobs for group in job.choices):
        if group not in typed:
            columns |= _varied(group, [job.choices.get(group) for job in jobs])
    groups = {group for job in jobs for group in job.choices}
    known = [*columns, *(key for key in typed if key not in groups)]
    leaves = [dict(_leaves(job.asked, "")) for job in jobs]
    values = [dict(_leaves(job.settings, "")) for job in jobs]
    for leaf in dict.fromkeys(name for job in leaves for name in job):
        if not _explained(leaf, [job.get(leaf) for job in leaves], known, jobs):
            columns |= _varied(leaf, [job.get(leaf) for job in values])
    ordered = sorted(columns, key=lambda key: key == REPLICATE)
    index = pd.Index([job.number for job in jobs], name="job")
    return pd.DataFrame({key: _column(columns[key], index) for key in ordered}, index=index)


def typed_keys(jobs: Sequence[FoundRun]) -> list[str]:
    """The keys that were typed on the command line of any job, or swept, in their order."""
    keys = [one.lstrip("+~").partition("=")[0].partition("@")[0] for job in jobs for one in job.overrides]
    return [key for key in dict.fromkeys(keys) if key.partition(".")[0].partition("/")[0] not in _BESIDE]


def _value(job: FoundRun, key: str) -> Any:
    """What a key stands at in a job: a member of the catalogue by its name, else the setting's value."""
    if key in job.choices:
        return job.choices[key]
    found: Any = job.settings
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _varied(key: str, values: Sequence[Any]) -> dict[str, list[Any]]:
    """The columns of one key: none where all jobs agree; for mappings those of its parts that differ."""
    if any(isinstance(value, Mapping) for value in values):
        parts = dict.fromkeys(part for value in values if isinstance(value, Mapping) for part in value)
        found: dict[str, list[Any]] = {}
        for part in parts:
            inner = [value.get(part) if isinstance(value, Mapping) else None for value in values]
            found |= _varied(f"{key}.{part}", inner)
        return _telling(key, found)
    told = [plain(value) for value in values]
    return {key: told} if len(set(map(repr, told))) > 1 else {}


def _telling(key: str, found: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Without what only says that a part is there at all, where another column says so too, and as much or more."""
    by_absence: dict[str, list[str]] = {}
    for name, values in found.items():
        by_absence.setdefault(repr([value is None for value in values]), []).append(name)
    kept: set[str] = set()
    for names in by_absence.values():
        more = [name for name in names if len({repr(one) for one in found[name] if one is not None}) > 1]
        sizes = [name for name in names if name in {f"{key}.share", f"{key}.count"}]
        kept |= set(more or sizes[:1] or names[:1])
    return {name: values for name, values in found.items() if name in kept}


def _explained(leaf: str, values: Sequence[Any], known: Sequence[str], jobs: Sequence[FoundRun]) -> bool:
    """Whether a setting that differs follows from what is a column already, or is no factor."""
    top = leaf.partition(".")[0]
    if top in _BESIDE or top in _WORDS or ".words" in leaf or len(set(map(repr, values))) < 2:
        return True
    if any(leaf == key or leaf.startswith(f"{key}.") for key in known):
        return True
    # A file of `experiment` may set anything.
    if "experiment" not in known:
        return False
    pairs = {(job.choices.get("experiment"), repr(value)) for job, value in zip(jobs, values, strict=True)}
    return len(pairs) == len({name for name, _ in pairs})


def _leaves(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, node


def _column(values: Sequence[Any], index: "pd.Index[Any]") -> "pd.Series[Any]":
    """Values as whole numbers, numbers, or text; missing where there is none."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, int) and not isinstance(value, bool) for value in known):
        return pd.Series(values, index=index, dtype="Int64" if len(known) < len(values) else "int64")
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pd.Series(values, index=index, dtype="float64")
    if all(isinstance(value, bool) for value in known):
        return pd.Series(values, index=index, dtype="boolean" if len(known) < len(values) else "bool")
    return pd.Series([None if value is None else str(value) for value in values], index=index, dtype="object")
