"""Which folder a sweep is kept in: the one that was named, an earlier one that it goes on with, or a new one.

A sweep goes on with the newest earlier one of the same command that did not finish, if the same revision of the code
made it and no other process is doing it.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.jobs import UNASKED, key, near, read, tell
from games.errors import SettingError


def place(wanted: Path, about: Mapping[str, Any], *, named: bool) -> tuple[Path, int]:
    """The folder of a sweep, locked: the one that was named, an earlier one that did not finish, or a new one."""
    if named:
        lock = _lock(wanted)
        if lock is None:
            raise SettingError(
                f"{wanted}: another process is doing this sweep; wait for its end or name another folder with "
                "hydra.sweep.dir=…"
            )
        earlier = read(wanted / "sweep.json")
        if earlier and not _same_code(earlier, about):
            tell(
                f"{near(wanted)} was begun by {_code(earlier)} of the code, not {_code(about)}; what is finished stays"
            )
        return wanted, lock
    if (earlier_folder := _unfinished(wanted, about)) is not None:
        lock = _lock(earlier_folder)
        if lock is not None:
            return earlier_folder, lock
        tell(
            f"another process is doing the same sweep in {near(earlier_folder)}; this one begins in a folder of its own"
        )
    wanted.mkdir(parents=True)
    lock = _lock(wanted)
    assert lock is not None, "nobody else knows of a folder that was made just now"
    return wanted, lock


def _unfinished(wanted: Path, about: Mapping[str, Any]) -> Path | None:
    """The newest earlier sweep of the same command beside the wanted folder, unless it finished or has other code."""
    for folder in sorted(wanted.parent.glob("sweep_*"), reverse=True):
        earlier = read(folder / "sweep.json")
        if not earlier or identity(earlier) != identity(about):
            continue
        if earlier.get("status") == "finished":
            return None
        if _same_code(earlier, about):
            return folder
        tell(
            f"the same sweep in {near(folder)} did not finish, but was made by {_code(earlier)}, not by "
            f"{_code(about)}; a new one is begun"
        )
        return None
    return None


def identity(about: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells a sweep from others: its settings, and its overrides but for those that say nothing of what is asked.

    In whatever order these were typed, as far as it numbers no jobs.
    """
    kept = [one for one in about["overrides"] if key(one).partition(".")[0] not in UNASKED]
    kept = [one for one in kept if key(one) != "replies.mode"]
    varied = [one for one in kept if about["varied"] is None or key(one) in about["varied"]]
    return about["settings"], varied, sorted(set(kept) - set(varied)), about["jobs"]


def _same_code(earlier: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
    return bool(earlier.get("code") == about["code"])


def _code(about: Mapping[str, Any]) -> str:
    code = about.get("code") or {}
    changed = " with uncommitted changes" if code.get("uncommitted_changes") else ""
    return f"code revision {str(code.get('commit'))[:7]}{changed}"


def _lock(folder: Path) -> int | None:
    """Lock a sweep's folder until this process ends; None where another one holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    # Open for writing: network file systems give an exclusive lock to nobody else.
    lock = os.open(folder / "sweep.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
