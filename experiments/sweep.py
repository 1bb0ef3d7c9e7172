"""A sweep as a whole: where it is kept, whether it goes on with an earlier one, and how it ended.

`<sweep>/sweep.json` holds what was asked, how many jobs that is, the revision of the code, and the status: "running",
"finished", "failed", "incomplete" (a budget was reached) or "interrupted". The process that does a sweep holds a lock
on its folder; a sweep that says "running" and is not locked was killed.
"""

import os
import shlex
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from experiments.jobs import asked, journal, key, near, quoted, read, tell, title, told, write
from experiments.sweep_folder import place
from games.errors import CommonwealError

_begun: ContextVar["Sweep | None"] = ContextVar("sweep", default=None)
"""The sweep of this process: Hydra makes its callbacks itself, and gives them to nobody."""


_QUIET = 30.0
"""Seconds after which a sweep whose jobs are done elsewhere is heard of again."""


class Journal(Callback):
    """What Hydra calls as a multirun begins: it chooses the folder, and writes down what is asked."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Begin a sweep, or go on with an earlier one; exit with code 2 where that cannot be.

        Hydra makes a warning of every other exception of a callback.
        """
        if config.get("forecast") is True:
            return
        try:
            _begun.set(_begin(config))
        except HydraException:
            return  # an override that cannot be read, of which the sweeper tells
        except (CommonwealError, OSError) as error:
            tell(f"error: {' '.join(str(error).split())}")
            raise SystemExit(2) from error


@dataclass(frozen=True)
class Sweep:
    """A sweep that this process does.

    lock: descriptor of the lock on its folder.  watch: who tells of jobs that other processes do.
    """

    folder: Path
    lock: int
    watch: "Watch | None" = None

    def end(self, code: int) -> int:
        """Write down how it ended, say so on standard output, and return the exit code.

        code: what the launcher ended with. 2 where a job failed, 3 where a budget ended one, 130 where it was stopped.
        """
        if self.watch is not None:
            self.watch.stop()
        about, records = read(self.folder / "sweep.json"), journal(self.folder)
        jobs = about.get("jobs") or len(records)
        status = {130: "interrupted"}.get(code) or outcome(records, jobs)
        code = {"finished": code, "failed": code or 2, "incomplete": 3, "interrupted": 130}[status]
        write(self.folder / "sweep.json", about | {"status": "failed" if status == "finished" and code else status})
        sys.stdout.write("\n".join([*table(self.folder, records, jobs), ""]))
        sys.stdout.flush()
        for name in ("failed", "incomplete"):
            first = next((one for one in records if one["status"] == name), None)
            if first and code in {2, 3}:
                tell(f"{'error' if name == 'failed' else name}: job {first['job']}: {first['error']}")
                break
        os.close(self.lock)
        return code


class Watch(threading.Thread):
    """Tells from the journal of jobs that other processes do, at once or elsewhere, as they begin and end.

    shown: whether to tell more than errors.
    """

    def __init__(self, folder: Path, *, shown: bool) -> None:
        super().__init__(name="sweep", daemon=True)
        self._folder, self._shown = folder, shown
        self._seen = {one["job"]: str(one["status"]) for one in journal(folder)}
        self._over = threading.Event()
        self._totals, self._told = "", time.monotonic()

    def run(self) -> None:
        """Look every second, until `stop`."""
        while not self._over.wait(1.0):
            self.look()

    def stop(self) -> None:
        """Look once more, and end."""
        self._over.set()
        self.join()
        self.look()

    def look(self) -> None:
        """Tell what has changed: each job that began or ended, and the totals, every half a minute at least."""
        about, ended = read(self._folder / "sweep.json"), False
        for one in journal(self._folder):
            before, now = self._seen.get(one["job"]), str(one["status"])
            self._seen[one["job"]] = now
            if before is None and self._shown:
                tell(title(about, one))
            if before != now != "running":
                ended = True
                if self._shown or one["error"]:
                    tell(told(one))
        if self._shown and (ended or time.monotonic() - self._told > _QUIET):
            line, self._told = totals(self._folder), time.monotonic()
            if line != self._totals and self._seen:
                tell(line)
            self._totals = line


def begun() -> Sweep | None:
    """The sweep of this process, if it does one."""
    return _begun.get()


def outcome(records: Sequence[Mapping[str, Any]], jobs: int) -> str:
    """The status of a sweep from those of its jobs."""
    ended = [one["status"] for one in records]
    if ended.count("finished") >= jobs:
        return "finished"
    return "incomplete" if set(ended) <= {"finished", "incomplete"} and len(ended) >= jobs else "failed"


def table(folder: Path, records: Sequence[Mapping[str, Any]], jobs: int) -> list[str]:
    """How the jobs of a sweep ended, in lines, with what to type next."""
    ended = [one["status"] for one in records]
    counts = [f"{ended.count(name)} {name}" for name in ("finished", "failed", "incomplete", "interrupted")]
    counts += [f"{ended.count('running')} not ended"] if "running" in ended else []
    counts += [f"{jobs - len(ended)} not begun"] if jobs > len(ended) else []
    shown = ", ".join(one for one in counts if not one.startswith("0 ") or one.endswith("finished"))
    lines = ["", f"sweep of {jobs} job{'s' if jobs != 1 else ''}: {shown}"]
    varied, place = read(folder / "sweep.json").get("varied"), shlex.quote(str(near(folder)))
    for one in records:
        if one["status"] != "finished":
            name = "not ended" if one["status"] == "running" else one["status"]
            said = [text for text in one["overrides"] if varied is None or key(text) in varied]
            lines.append(f"  job {one['job']} {name}: {' '.join(said)}")
            lines += [f"    error   {one['error']}"] if one["error"] else []
            larger = " with a larger budget" if one["status"] == "incomplete" else ""
            lines += [f"    again{larger}   {one['command']}"] if one["command"] else []
    if not ended:
        return lines  # refused before the first job, and would be again
    if ended.count("finished") < jobs:
        larger = " with a larger budget" if "incomplete" in ended else ""
        lines.append(f"the same command again{larger} skips what is finished and goes on with the rest")
    return [*lines, f"sweep   {place}", f"next    python -m experiments.collect {place}"]


def totals(folder: Path) -> str:
    """How far a sweep is: jobs, decisions and calls, of how many, and the time that is left."""
    about, records = read(folder / "sweep.json"), journal(folder)
    over = [one for one in records if one["status"] != "running"]
    jobs = about.get("jobs")
    line = f"sweep: {len(over)} of {jobs} jobs over" if jobs else f"sweep: {len(over)} jobs over"
    known = [one["expected"] for one in records if one["expected"]]
    decisions = sum(one["decisions"] for one in records)
    whole = f" of about {sum(known) / len(known) * jobs:,.0f}" if jobs and known else ""
    line += f" · {decisions:,}{whole} decisions · {sum(one['calls'] for one in records):,} calls made"
    done = len(over) - about.get("before", 0)
    if jobs and done > 0 and len(over) < jobs:
        line += f" · about {_time((time.time() - about['began']) / done * (jobs - len(over)))} left"
    return line


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _begin(config: DictConfig) -> Sweep:
    from experiments.manifest import revision
    from experiments.setup import refuse_secrets

    typed = _plain(config.hydra.overrides.task)
    jobs = _jobs(config, typed)
    base = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    refuse_secrets(base)
    for job in [typed] if jobs is None else jobs:
        refuse_secrets(OmegaConf.create({key(one): one.partition("=")[2] for one in job}))
    about: dict[str, Any] = {
        "name": str(base.get("name")),
        "overrides": typed,
        "jobs": None if jobs is None else len(jobs),
        "varied": None if jobs is None else _varied(jobs),
        "settings": asked({**dict[str, Any](_unresolved(base)), "params": _params(config)}),
        "code": revision(),
        "status": "running",
        "began": time.time(),
        "before": 0,
    }
    named = any(one.startswith("hydra.sweep.dir=") for one in _plain(config.hydra.overrides.hydra))
    folder, lock = place(Path(str(config.hydra.sweep.dir)).absolute(), about, named=named)
    about["before"] = before = sum(one["status"] != "running" for one in _left_standing(folder))
    if (folder / "sweep.json").exists():
        tell(f"going on with the sweep in {near(folder)}: {before} of {about['jobs'] or '?'} jobs are finished")
    write(folder / "sweep.json", about)
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.sweep.dir = str(folder)
        # Hydra composes each job anew, from the overrides.
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(folder)}")
    if one_by_one(config.hydra.launcher):
        return Sweep(folder, lock)
    watch = Watch(folder, shown=config.get("progress") is True)
    watch.start()
    return Sweep(folder, lock, watch)


def _unresolved(node: Any) -> Any:
    # What an override refers to may be known in a job alone.
    return OmegaConf.to_container(node, resolve=False)


def _plain(overrides: Any) -> list[str]:
    return [str(one) for one in _unresolved(overrides)]


def _params(config: DictConfig) -> dict[str, str]:
    return dict(_unresolved(config.hydra.sweeper).get("params") or {})


def one_by_one(launcher: Mapping[str, Any]) -> bool:
    """Whether a launcher does the jobs in the process of the sweep, one after the other."""
    return str(launcher["_target_"]).endswith(".BasicLauncher")


def settle(folder: Path) -> None:
    """Write down that a sweep is finished, after the last of its jobs was done alone."""
    about = read(folder / "sweep.json")
    if about.get("jobs") and outcome(journal(folder), about["jobs"]) == "finished":
        write(folder / "sweep.json", about | {"status": "finished"})


def _left_standing(folder: Path) -> list[dict[str, Any]]:
    """The finished jobs of a sweep; the journal of every other is taken away, as it will begin again."""
    kept = []
    for one in journal(folder):
        if one["status"] == "finished":
            kept.append(one)
        else:
            (folder / "jobs" / f"{one['job']}.json").unlink(missing_ok=True)
    return kept


def _jobs(config: DictConfig, typed: Sequence[str]) -> list[list[str]] | None:
    """The overrides of every job in their order; None under a sweeper that finds them as it goes."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    if not str(config.hydra.sweeper._target_).endswith(".BasicSweeper"):
        return None
    given = [f"{name}={value}" for name, value in _params(config).items()]
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    batches: list[list[list[str]]] = BasicSweeper.split_arguments(parser.parse_overrides([*given, *typed]), None)
    return batches[0]


def _varied(jobs: Sequence[Sequence[str]]) -> list[str]:
    """The keys of the settings in which jobs differ."""
    return [key(column[0]) for column in zip(*jobs, strict=True) if len(set(column)) > 1]
