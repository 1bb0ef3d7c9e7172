"""One table over all jobs of a sweep:  python -m experiments.collect <sweep> … [--into DIR] [--mix code,models,…].

Finds the runs, refuses to mix those that different code, models or words made, and writes `collected` and
`participants` as Parquet and CSV, `collected.json` and figures into the sweep's folder.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.exits import refused
from games.errors import CommonwealError, SettingError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.agreement import Disagreement
    from experiments.collected_jobs import FoundRun

_TOLD = 6
"""Runs that are left out and named where nothing is left."""


def collect_sweeps(folders: Sequence[Path], into: Path, *, unfinished: bool, mix: Sequence[str]) -> dict[str, Any]:
    """Collect the jobs of sweeps and write the tables. Returns what was collected.

    unfinished: whether to take runs that did not come to their end.  mix: kinds of differences that are allowed.
    Raises SettingError where there is nothing to collect, runs disagree, or a run's files are damaged.
    """
    from experiments.agreement import disagreements, refuse, unverifiable
    from experiments.collected import collect, write
    from experiments.collected_jobs import find, missing
    from experiments.factors import factors

    every = find(folders, into)
    left_out = missing(folders, into)
    jobs = []
    for job in every:
        reason = _not_taken(job, unfinished=unfinished)
        if reason:
            left_out.append({"run": job.run, "job": job.number, "status": job.status, "reason": reason})
        else:
            jobs.append(job)
    if not jobs:
        told = "; ".join(f"{one['run']}: {one['status']}, {one['reason']}" for one in left_out[:_TOLD])
        raise SettingError(f"no run to collect in {', '.join(map(str, folders))} ({told})")
    varied = factors(jobs)
    found = disagreements(jobs, varied)
    refuse(found, mix)
    varied = _with_mixed(varied, found)
    jobs, twice = _once(jobs, varied)
    left_out += twice
    varied = varied.loc[[job.number for job in jobs]]
    varied = varied[[name for name in varied if varied[name].map(repr).nunique() > 1]]
    collected, people = collect(jobs, varied)
    about = {
        "sweeps": [str(folder) for folder in folders],
        "jobs": len(jobs),
        "unfinished": [job.number for job in jobs if job.status != "finished"],
        "synthetic": bool(people["synthetic"].any()),
        "marks": sweep_marks(people, jobs),
        "factors": {name: _values(varied[name]) for name in varied},
        "left_out": left_out,
        "mixed": [f"{one.kind}: {one.told}" for one in found],
        "warnings": unverifiable(jobs),
    }
    written = write(into, {"collected": collected, "participants": people}, about)
    tables = {"varied": varied, "collected": collected, "people": people}
    return {"about": about, "jobs": jobs, "written": written, **tables}


def _not_taken(job: "FoundRun", *, unfinished: bool) -> str:
    """Why a run is left out; "" for one that is taken."""
    if job.status == "finished":
        return ""
    error = job.manifest.get("error")
    if not unfinished:
        return error or "it did not come to its end; --unfinished takes what it has"
    if (job.folder / "summary.json").exists():
        return ""
    return f"it has no summary; `python -m experiments.report {job.folder}` writes it"


def _with_mixed(varied: "pd.DataFrame", found: Sequence["Disagreement"]) -> "pd.DataFrame":
    """The factors with a column for each kind of difference that was allowed: what differs is never pooled."""
    made = varied.copy()
    for kind in dict.fromkeys(one.kind for one in found):
        versions = [one.versions for one in found if one.kind == kind]
        made[kind] = [
            ", ".join(dict.fromkeys(one[int(job)] for one in versions if int(job) in one)) for job in varied.index
        ]
    return made


def _once(jobs: Sequence["FoundRun"], varied: "pd.DataFrame") -> tuple[list["FoundRun"], list[dict[str, Any]]]:
    """The jobs without those that repeat another: the same settings and seed have the same replies from the store."""
    kept: dict[str, FoundRun] = {}
    left_out = []
    for job in jobs:
        settings, anew = job.manifest.get("settings"), (job.manifest.get("replies") or {}).get("mode") == "refresh"
        same = repr([settings, *varied.loc[job.number]]) if settings and not anew else f"job {job.number}"
        if same in kept:
            reason = f"the same settings and seed as job {kept[same].number}: the same replies, no replicate"
            left_out.append({"run": job.run, "job": job.number, "status": job.status, "reason": reason})
        kept.setdefault(same, job)
    return list(kept.values()), left_out


def _values(column: "pd.Series[Any]") -> list[Any]:
    """The levels of a factor as plain values."""
    levels = column.drop_duplicates().astype(object)
    return levels.where(levels.notna(), None).tolist()


def sweep_marks(people: "pd.DataFrame", jobs: Sequence["FoundRun"]) -> list[str]:
    """What must be said wherever the sweep is shown, each with its word before a colon."""
    from experiments.collected_jobs import numbers
    from experiments.summary import marks

    synthetic = []
    for cell, rows in people.groupby("cell", sort=False, observed=True):
        by_job = rows.groupby("job")["synthetic"].any()
        if by_job.any():
            where = "" if by_job.all() else f" ({numbers([int(one) for one in by_job[by_job].index])})"
            synthetic.append(f"{cell}{where}")
    everybody = list(people["cell"].unique()) + [""] * (not people["synthetic"].all())
    cut = [job.number for job in jobs if job.status != "finished"]
    told = f"not at their end: {numbers(cut)}" if cut else None
    return marks(
        {
            "synthetic_cells": synthetic,
            "cells": everybody,
            "status": "incomplete" if cut else "finished",
            "error": told,
        }
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        from experiments.agreement import mixed

        folders = [Path(one) for one in asked.folders]
        into = Path(asked.into) if asked.into else folders[0]
        found = collect_sweeps(folders, into, unfinished=asked.unfinished, mix=mixed(asked.mix))
        _told(found, into, asked)
    except (CommonwealError, OSError) as error:
        return refused(error)
    return 0


def _told(found: Mapping[str, Any], into: Path, asked: argparse.Namespace) -> None:
    """Draw the figures and say on the terminal what was collected."""
    from experiments.sweep_figures import draw
    from experiments.sweep_terminal import show

    drawn, notes = draw(found, into, x=asked.x, by=asked.by, quantity=asked.quantity)
    show(found, into, [*found["written"], *drawn], [*notes, *_unread(found)])


def _unread(found: Mapping[str, Any]) -> list[str]:
    """What must be said where wordings varied before respondents who read none."""
    models = [one for job in found["jobs"] for one in job.manifest["models"].values()]
    reads = any(not one["synthetic"] or one["settings"]["chat"].get("uptake") for one in models)
    if "induction" not in found["varied"] or reads:
        return []
    return ["simulated respondents read no wording: inductions are alike, unless model.chat.uptake is set"]


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m experiments.collect",
        description="One table over all jobs of a sweep, with the figures over it; see docs/collect.md.",
    )
    made.add_argument(
        "folders", nargs="+", metavar="FOLDER", help="folder of a sweep, or of a run; several make one table"
    )
    made.add_argument("--into", metavar="DIR", help="folder for the tables and figures; the first FOLDER without it")
    made.add_argument("--unfinished", action="store_true", help="take runs, too, that did not come to their end")
    made.add_argument(
        "--mix", default="", metavar="KINDS", help="allow differences: code, models, prompts, schema, or all"
    )
    made.add_argument("--x", metavar="KEY", help="the factor along the axis of the figures")
    made.add_argument("--by", metavar="KEY", help="the second factor: lines of the curve, rows of the heat map")
    made.add_argument("--quantity", metavar="NAME", help="what is drawn, such as payoff; cooperation without it")
    return made


if __name__ == "__main__":
    sys.exit(main())
