"""Whether runs may stand in one table: where their manifests disagree in what made them.

Runs agree if the same code, the same models and the same words made them. What was set otherwise on purpose is no
disagreement: models are compared among jobs in which everything typed about models is the same, words among jobs in
which everything typed about wording is.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from agents.limits import Limits
from experiments.collected_jobs import FoundRun, numbers, plain
from experiments.factors import typed_keys
from experiments.store import read_table
from games.errors import SettingError, unknown

KINDS = ("code", "models", "prompts", "schema")
"""What runs may disagree in, as the command line names it."""
_RATES = {one.name for one in fields(Limits)} | {"price"}
"""Settings of a model that change no reply."""
_TOLD = 6
"""Differences that a refusal names at most."""


@dataclass(frozen=True)
class Disagreement:
    """One difference. kind: of KINDS.  told: which jobs have which value.  versions: a short name for each job's."""

    kind: str
    told: str
    versions: Mapping[int, str]


def disagreements(jobs: Sequence[FoundRun], varied: pd.DataFrame) -> list[Disagreement]:
    """Every difference between the manifests that nobody asked for. varied: `factors` of the jobs."""
    groups = {group for job in jobs for group in job.choices}
    typed = set(typed_keys(jobs))
    # Of a mapping that was typed, the parts are columns; of a member that was chosen, nothing but its name was typed.
    on_purpose = [
        key
        for key in map(str, varied)
        if key in typed | groups or any(key.startswith(f"{one}.") for one in typed - groups)
    ]
    found = list(_schema(jobs)) + list(_code(jobs))
    for same in _alike(jobs, varied, [key for key in on_purpose if _of_models(key)]):
        found += _models(same)
    for same in _alike(jobs, varied, [key for key in on_purpose if _of_words(key)]):
        found += _prompts(same)
    return found


def mixed(given: str) -> Sequence[str]:
    """The kinds that `--mix` names, with commas, or `all`. Raises SettingError for an unknown one."""
    named = [one for one in given.split(",") if one]
    for kind in named:
        if kind not in {*KINDS, "all"}:
            raise unknown("--mix", kind, [*KINDS, "all"])
    return KINDS if "all" in named else named


def refuse(found: Sequence[Disagreement], mix: Sequence[str]) -> None:
    """Raise SettingError, naming each difference that is of no kind in mix, if there is any."""
    found = [one for one in found if one.kind not in mix]
    if not found:
        return
    kinds = ",".join(dict.fromkeys(one.kind for one in found))
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    named = "; ".join(f"{one.kind}: {one.told}" for one in found[:_TOLD])
    raise SettingError(f"these runs were not made alike. {named}{more}; add --mix {kinds} to mix them")


def unverifiable(jobs: Sequence[FoundRun]) -> list[str]:
    """What the manifests cannot tell, in words: changes that were never committed, and revisions that nobody knows."""
    found = []
    if changed := [job.number for job in jobs if _revision(job)[1]]:
        found.append(f"{numbers(changed)} ran with uncommitted changes, which cannot be compared")
    if without := [job.number for job in jobs if _revision(job)[0] is None]:
        found.append(f"{numbers(without)} do not say their code revision; it cannot be compared")
    return found if len(jobs) > 1 else []


def _of_models(key: str) -> bool:
    return key == "experiment" or "model" in key.split(".")


def _of_words(key: str) -> bool:
    parts = key.split(".")
    if parts[0] in {"framing", "induction"} or key in {"experiment", "game", "measure", "further_measures"}:
        return True
    return parts[0] in {"game", "measure"} and "words" in parts


def _alike(jobs: Sequence[FoundRun], varied: pd.DataFrame, keys: Sequence[str]) -> Iterator[list[FoundRun]]:
    """The jobs by equal values of the keys."""
    sorted_out: dict[str, list[FoundRun]] = {}
    for job in jobs:
        sorted_out.setdefault(repr([varied.loc[job.number, key] for key in dict.fromkeys(keys)]), []).append(job)
    yield from sorted_out.values()


def _schema(jobs: Sequence[FoundRun]) -> Iterator[Disagreement]:
    versions = {job.number: str(job.manifest.get("schema")) for job in jobs}
    if len(set(versions.values())) > 1:
        yield Disagreement("schema", f"the tables have {_by(versions, 'version {}', before='in')}", versions)


def _revision(job: FoundRun) -> tuple[str | None, bool]:
    code = job.manifest.get("code") or {}
    return code.get("commit"), bool(code.get("uncommitted_changes"))


def _code(jobs: Sequence[FoundRun]) -> Iterator[Disagreement]:
    def named(job: FoundRun) -> str:
        commit, changed = _revision(job)
        return f"{(commit or 'unknown')[:12]}{' with uncommitted changes' if changed else ''}"

    versions = {job.number: named(job) for job in jobs}
    if len(set(versions.values())) > 1:
        yield Disagreement("code", _by(versions, "made by commit {}"), versions)


def _models(jobs: Sequence[FoundRun]) -> Iterator[Disagreement]:
    labels = dict.fromkeys(label for job in jobs for label in job.manifest.get("models") or {})
    for label in labels:
        users = [job for job in jobs if label in (job.manifest.get("models") or {})]
        known = {job.number: job.manifest["models"][label] for job in users}
        told_by = {job.number: known[job.number]["identities"] or _identities(job, label) for job in users}
        # A run without any reply, or of an endpoint that does not say who it is, has no identity to compare.
        identities = {number: " and ".join(one) for number, one in told_by.items() if one}
        if len(set(identities.values())) > 1:
            told = f"model {label} answered {_by(identities, 'as {}', before='in')}"
            yield Disagreement("models", told, identities)
        settings = {number: dict(_settings(one.get("settings") or {}, "")) for number, one in known.items()}
        for name in dict.fromkeys(name for one in settings.values() for name in one):
            values = {number: f"{name}={one.get(name)}" for number, one in settings.items()}
            if len(set(values.values())) > 1:
                yield Disagreement("models", f"model {label} was set to {_by(values, '{}', before='in')}", values)


def _identities(job: FoundRun, label: str) -> list[str]:
    """Who answered by the table of decisions: a manifest may name nobody where the store gave every reply."""
    asked = read_table(job.folder, "decisions", ["model", "identity"])
    return sorted(asked.loc[asked["model"] == label, "identity"].dropna().unique())


def _settings(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key not in _RATES or name:
                yield from _settings(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, plain(node)


def _prompts(jobs: Sequence[FoundRun]) -> Iterator[Disagreement]:
    """One disagreement for all texts that divide the jobs in the same way."""
    by_division: dict[str, list[str]] = {}
    hashes = {job.number: job.manifest.get("prompts") or {} for job in jobs}
    for name in dict.fromkeys(name for one in hashes.values() for name in one):
        users = {number: one[name] for number, one in hashes.items() if name in one}
        if len(set(users.values())) > 1:
            first = {digest: number for number, digest in reversed(users.items())}
            by_division.setdefault(repr([(number, first[digest]) for number, digest in users.items()]), []).append(name)
    for names in by_division.values():
        users = {number: one for number, one in hashes.items() if names[0] in one}
        versions = {
            number: hashlib.sha256("".join(one[name] for name in names).encode()).hexdigest()[:8]
            if len(names) > 1
            else one[names[0]][:8]
            for number, one in users.items()
        }
        listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        first_jobs = [next(number for number, one in versions.items() if one == each) for each in versions.values()]
        files = " with ".join(str(job.folder / "prompts.json") for job in jobs if job.number in set(first_jobs))
        told = f"the words of {listed} have {_by(versions, 'hash {}', before='in')}: compare {files}"
        yield Disagreement("prompts", told, versions)


def _by(versions: Mapping[int, str], form: str, before: str = "") -> str:
    """Which jobs have which value, such as "jobs 0–3 made by commit a, jobs 4–7 made by commit b"."""
    sorted_out: dict[str, list[int]] = {}
    for number, version in versions.items():
        sorted_out.setdefault(version, []).append(number)
    if before:
        return ", ".join(f"{form.format(version)} {before} {numbers(jobs)}" for version, jobs in sorted_out.items())
    return ", ".join(f"{numbers(jobs)} {form.format(version)}" for version, jobs in sorted_out.items())
