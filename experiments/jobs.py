"""The journal of a sweep's jobs: a file for each job, which the job itself writes, in whatever process it runs.

`<sweep>/jobs/<number>.json` says what a job is and how far it came. A job that was killed cannot say so: its status
stays "running".
"""

import hashlib
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from games.types import Choice

UNASKED = ("hydra", "progress", "forecast", "budget")
"""Settings that say nothing of what is asked, by the first part of their keys."""
_HELD_SECONDS = 2.0
"""How long counts may be held before they are written."""


class Job:
    """One job of a sweep, as its journal has it.

    sweep: the sweep's folder.  number: of the job, from 0, which is also the name of its folder.  overrides: what tells
    it from others, as `key=value`.  settings: digest of its configuration, see `asked`.
    """

    def __init__(self, sweep: Path, number: int, overrides: Sequence[str], settings: str) -> None:
        self.sweep, self.number = sweep, number
        self.folder = sweep / str(number)
        self._settings = settings
        self._begun = self._written = time.monotonic()
        self._record: dict[str, Any] = {
            "job": number,
            "status": "running",
            "overrides": list(overrides),
            "error": None,
            "command": command(sweep, number, overrides),
            "settings": settings,
            "seconds": 0.0,
            "expected": None,
            "decisions": 0,
            "failed_decisions": 0,
            "calls": 0,
            "stored": 0,
            "failed_requests": 0,
        }

    @property
    def finished(self) -> bool:
        """Whether the sweep holds this job already, of the same settings, with its summary."""
        earlier = read(_path(self.sweep, self.number))
        same = earlier.get("status") == "finished" and earlier.get("settings") == self._settings
        return same and (self.folder / "summary.json").exists()

    @property
    def title(self) -> str:
        """Which job it is; see the function of this name."""
        return title(read(self.sweep / "sweep.json"), self._record)

    def begin(self, expected: int | None = None) -> None:
        """Enter that it runs.  expected: how many decisions it puts at the most; None where not known yet."""
        self._record["expected"] = expected
        self._write()

    def asked(self, choice: Choice) -> None:
        """Count one decision answered."""
        self._record["decisions"] += 1
        self._record["failed_decisions"] += choice.failure is not None
        if time.monotonic() - self._written >= _HELD_SECONDS:
            self._write()

    def account(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over what calls took, from the accounts of a run."""
        rows = list(rows)
        self._record["calls"] = sum(row["made"] for row in rows)
        self._record["stored"] = sum(row["stored"] for row in rows)
        self._record["failed_requests"] = sum(sum(row["faults"].values()) for row in rows)

    def withhold(self) -> None:
        """Forget the overrides, because one holds a secret."""
        self._record |= {"overrides": [], "command": ""}

    def end(self, status: str, error: str | None = None) -> None:
        """Enter how it ended: "finished", "incomplete" (a budget was reached), "failed" or "interrupted"."""
        self._record |= {"status": status, "error": error}
        self._write()

    @property
    def told(self) -> str:
        """How it ended; see the function of this name."""
        return told(self._record)

    def _write(self) -> None:
        self._written = time.monotonic()
        self._record["seconds"] = round(self._written - self._begun, 3)
        write(_path(self.sweep, self.number), self._record)


def title(about: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """A job among all, and the settings that tell it from them: `3 of 8 · job 2: induction=label seed=1`.

    about: what `sweep.json` says.  record: of the job. Jobs are numbered from 0, as their folders are.
    """
    of = f"{record['job'] + 1} of {about['jobs']} · " if about.get("jobs") else ""
    varied = about.get("varied")
    shown = [one for one in record["overrides"] if varied is None or key(one) in varied]
    return f"{of}job {record['job']}{': ' if shown else ''}{' '.join(shown)}"


def told(record: Mapping[str, Any]) -> str:
    """How a job ended, in a line."""
    name = f"job {record['job']} {record['status']}: "
    if record["error"]:
        return f"{name}{record['error']}"
    calls = f"{record['calls']:,} calls made" + (f", {record['stored']:,} from the store" if record["stored"] else "")
    failures = f", {record['failed_decisions']:,} failed" if record["failed_decisions"] else ""
    faults = f", {record['failed_requests']:,} requests failed" if record["failed_requests"] else ""
    return f"{name}{record['seconds']:.1f} s · {record['decisions']:,} decisions{failures} · {calls}{faults}"


def belongs(folder: Path) -> tuple[Path, int] | None:
    """The sweep that a run's folder is a job of, and its number there; None for a run by itself."""
    if folder.name.isdecimal() and _path(folder.parent, int(folder.name)).exists():
        return folder.parent, int(folder.name)
    return None


def journal(sweep: Path) -> list[dict[str, Any]]:
    """The records of all jobs that have begun, by number."""
    found = [read(path) for path in (sweep / "jobs").glob("*.json")]
    return sorted((one for one in found if one), key=lambda one: one["job"])


def asked(settings: Mapping[str, Any]) -> str:
    """A digest of a configuration without what says nothing of what is asked.

    Whether replies are asked for anew counts as a part of it; whether they come from the store or the model does not.
    """
    kept: dict[str, Any] = {name: value for name, value in settings.items() if name not in UNASKED}
    replies = kept.get("replies")
    if isinstance(replies, Mapping):
        kept["replies"] = {**replies, "mode": replies.get("mode") == "refresh"}
    return hashlib.blake2b(json.dumps(kept, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def key(override: str) -> str:
    """The key of an override: `seed` of `+seed=1`."""
    return override.partition("=")[0].lstrip("+~")


def command(sweep: Path, number: int, overrides: Sequence[str]) -> str:
    """The command that does one job alone, in its place, quoted for a shell."""
    place = [f"hydra.run.dir={quoted(near(sweep / str(number)))}", "hydra.mode=RUN"]
    if any(re.search(r"\$\\?\{hydra", one) for one in overrides):
        # What stands in the sweep's own settings, which a run by itself lacks.
        place += [f"hydra.sweep.dir={quoted(near(sweep))}", f"hydra.job.num={number}"]
    return shlex.join(["python", "-m", "experiments.run", *overrides, *place])


def quoted(path: Path | str) -> str:
    """A path as the value of an override, in quotes where Hydra's grammar needs them."""
    text = str(path)
    if all(one.isalnum() or one in "/._-" for one in text):
        return text
    return "'" + text.replace("'", "\\'") + "'"


def near(path: Path) -> Path:
    """A path as a person here would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def tell(line: str) -> None:
    """Say a line on standard error, in one piece, so that those of several processes do not run into each other."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Write a file of the journal, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unnamed = path.with_suffix(f".{os.getpid()}.unfinished")
    unnamed.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unnamed.rename(path)


def read(path: Path) -> dict[str, Any]:
    """Read a file of the journal; nothing where there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found


def _path(sweep: Path, number: int) -> Path:
    return sweep / "jobs" / f"{number}.json"
