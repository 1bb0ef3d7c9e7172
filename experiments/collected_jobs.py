"""Which jobs a sweep holds, and what each was asked to do, read from its files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.store import read_json
from games.errors import SettingError


@dataclass(frozen=True)
class FoundRun:
    """One run of a sweep.

    number: its number in the sweep; consecutive where several sweeps are collected.  run: its folder, relative to where
    the collected tables go.  manifest: as the run wrote it.  overrides: as they were typed.  asked: the composed
    configuration with interpolations as they are written.  settings: the same with their values.  choices: the member
    of each group of the catalogue.
    """

    number: int
    folder: Path
    run: str
    manifest: Mapping[str, Any]
    overrides: Sequence[str]
    asked: Mapping[str, Any]
    settings: Mapping[str, Any]
    choices: Mapping[str, str]

    @property
    def status(self) -> str:
        """How the run ended, as its manifest says."""
        return str(self.manifest.get("status"))


def find(folders: Sequence[Path], into: Path) -> list[FoundRun]:
    """The jobs in sweep folders and run folders, by number, finished or not.

    into: where the collected tables go. Raises SettingError for a folder that is not there, holds no run, or holds one
    whose manifest or configuration is damaged.
    """
    found: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise SettingError(f"{folder} is no folder; name the folder of a sweep, or of a run")
        manifests = [folder] if (folder / "manifest.json").exists() else _runs(folder)
        if not manifests:
            raise SettingError(f"{folder} holds no run: there is no manifest.json in it or below it")
        found += [one for one in manifests if one.resolve() not in {other.resolve() for other in found}]
    given = [int(one.name) for one in found if one.name.isdigit()]
    own = len(given) == len(found) == len(set(given))
    return [_job(int(one.name) if own else number, one, into) for number, one in enumerate(found)]


def _runs(sweep: Path) -> list[Path]:
    """The run folders below a sweep's folder; those that a run moved aside are none."""
    runs = {path.parent for path in sweep.rglob("manifest.json") if "earlier" not in path.relative_to(sweep).parts}
    return sorted(runs, key=lambda one: (int(one.name) if one.name.isdigit() else -1, str(one)))


def missing(folders: Sequence[Path], into: Path) -> list[dict[str, Any]]:
    """Jobs of sweeps that have a record, or were to be done, but no run: each with its number, status and reason.

    into: where the collected tables go; `run` is the folder, relative to it, where the run would be.
    """
    found: list[dict[str, Any]] = []
    for sweep in folders:
        records = {int(path.stem): path for path in (sweep / "jobs").glob("*.json") if path.stem.isdigit()}
        planned = read_json(sweep, "sweep").get("jobs") if (sweep / "sweep.json").exists() else None
        for number in sorted({*records, *range(planned or 0)}):
            # A job without a record may still have a folder, where the sweep was broken off.
            if (sweep / str(number) / "manifest.json").exists():
                continue
            record = read_json(records[number].parent, str(number)) if number in records else {}
            ended = str(record.get("status", "finished"))
            # What its record calls finished was deleted since, or never begun.
            status = "missing" if ended == "finished" else ended
            told = {"status": status, "reason": record.get("error") or "no run in it"}
            found.append({"run": _relative(sweep / str(number), into), "job": number} | told)
    return found


def _job(number: int, folder: Path, into: Path) -> FoundRun:
    hydra = folder / ".hydra"
    if not (hydra / "config.yaml").exists():
        return _recorded(number, folder, into)
    asked, settings = _loaded(hydra / "config.yaml")
    about, _ = _loaded(hydra / "hydra.yaml", resolve=False)
    overrides: Any = OmegaConf.load(hydra / "overrides.yaml") if (hydra / "overrides.yaml").exists() else []
    chosen = about.get("hydra", {}).get("runtime", {}).get("choices", {})
    return FoundRun(
        number=number,
        folder=folder,
        run=_relative(folder, into),
        manifest=read_json(folder, "manifest"),
        overrides=[str(one) for one in overrides],
        asked=asked,
        settings=settings,
        choices={group: str(name) for group, name in chosen.items() if not group.startswith("hydra")},
    )


def _recorded(number: int, folder: Path, into: Path) -> FoundRun:
    """A job whose folder lost what Hydra saved: what was typed is in the sweep's record of it, if there is one."""
    records = folder.parent / "jobs"
    record = read_json(records, folder.name) if (records / f"{folder.name}.json").exists() else {}
    overrides = [str(one) for one in record.get("overrides", [])]
    typed = [one.lstrip("+") for one in overrides if "=" in one and not one.startswith("~")]
    settings: Any = OmegaConf.to_container(OmegaConf.from_dotlist(typed), resolve=False)
    manifest = read_json(folder, "manifest")
    return FoundRun(number, folder, _relative(folder, into), manifest, overrides, settings, settings, {})


def _relative(folder: Path, into: Path) -> str:
    return str(folder.resolve().relative_to(into.resolve(), walk_up=True))


def _loaded(path: Path, *, resolve: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
    """A saved configuration as it is written, and with its interpolations filled in where all of them can be."""
    if not path.exists():
        return {}, {}
    try:
        config = OmegaConf.load(path)
        written: Any = OmegaConf.to_container(config, resolve=False)
    except Exception as error:  # whatever the YAML parser makes of a damaged file
        raise SettingError(f"{path} is not readable as YAML: {' '.join(str(error).split())}") from error
    if not resolve:
        return written, written
    try:
        resolved: Any = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException:
        resolved = written
    return written, resolved


def numbers(jobs: Sequence[int]) -> str:
    """Numbers of jobs in words, such as "jobs 0–3 and 7"."""
    spans: list[list[int]] = []
    for number in sorted(jobs):
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    told = [str(span[0]) if len(span) == 1 else f"{span[0]}–{span[-1]}" for span in spans]
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"{'job' if len(jobs) == 1 else 'jobs'} {listed}"


def plain(value: Any) -> Any:
    """A setting as one value of a table: lists and mappings as JSON text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | Mapping) else value
