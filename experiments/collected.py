"""One tidy table over all jobs of a sweep, from each job's summary and tables.

`collected` has a row for each job, cell, phase and quantity; `participants` has one for each job and participant. Both
have a column for every factor that varied; a factor that has the name of a column of theirs is that column.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.bounds import figure_of_play
from experiments.collected_jobs import FoundRun
from experiments.schema import COLUMNS
from experiments.statistics import Resampling
from experiments.store import read_json, write_json
from experiments.tables import Tables, participants, read_tables, studied, units_of_play
from games.errors import SettingError

_JOB = {
    "job": (pa.int64(), "", "number of the job in its sweep; consecutive from 0 where several sweeps are collected"),
    "run": (pa.string(), "", "the run's folder, relative to the folder of the collected tables"),
    "status": (pa.string(), "", "how the run ended: `finished`, or with `--unfinished` anything else"),
}
_WHO = {
    "orientation": (pa.string(), "", "the value that was given; `several` where a figure is of more than one"),
    "agent": (pa.string(), "", "kind of agent; `several` as above"),
    "model": (pa.string(), "", "chat model; `none` for a scripted rule; `several` as above"),
    "induction": (pa.string(), "", "how the value was worded; `several` as above"),
    "synthetic": (pa.bool_(), "", "true where anybody whom the figure counts is simulated or follows a scripted rule"),
}
COLLECTED: dict[str, tuple[pa.DataType, str, str]] = {
    **_JOB,
    "cell": (pa.string(), "", "the population's cell; `all` for a figure of the whole population"),
    **_WHO,
    "participants": (pa.int64(), "", "how many the figure is of"),
    "measure": (pa.string(), "", "which measure; empty for a figure of play"),
    "phase": (pa.string(), "before, play, after", "when it was seen; empty for a figure of the whole run"),
    "quantity": (pa.string(), "", "what the number is, by its name in `summary.json`"),
    "estimate": (pa.float64(), "", "the number; empty where there is none, and where bounds take its place"),
    "low": (pa.float64(), "", "lower end of its interval; empty where too few units leave none"),
    "high": (pa.float64(), "", "upper end of its interval"),
    "bound_low": (pa.float64(), "", "the number with failed replies at their least; under `bound`"),
    "bound_high": (pa.float64(), "", "the number with failed replies at their greatest"),
    "units": (pa.int64(), "", "how many units were resampled; empty for a number without an interval of its own"),
    "unit": (pa.string(), "", "what they are: participants, groups, administrations, populations"),
    "confidence": (pa.float64(), "0 to 1", "confidence level of the interval"),
    "failed_share": (pa.float64(), "0 to 1", "share of replies that failed, of the cell in the phase"),
    "chance_level": (pa.float64(), "0 to 1", "what random answers would give; of value rationality"),
}
PARTICIPANTS: dict[str, tuple[pa.DataType, str, str]] = {
    **_JOB,
    "participant": (pa.int64(), "from 0", "number in the job's population"),
    **{name: COLUMNS["measures"][name] for name in ("cell", "orientation", "agent", "model", "induction", "synthetic")},
    "studied": (
        pa.bool_(),
        "",
        "whether it counts in figures of the whole population: rules do only without models",
    ),
    "group": (pa.int64(), "from 0", "its group, where groups last; empty among strangers and without play"),
    "angle_before": (pa.float64(), "degrees", "mean angle of the first measure before play"),
    "angle_after": (pa.float64(), "degrees", "the same after play"),
    "value_rationality_corrected": (pa.float64(), "up to 1", "its mean before play; slider only"),
    "cooperation": (pa.float64(), "0 to 1", "mean cooperation of the readable replies in play"),
    "cooperation_low": (pa.float64(), "0 to 1", "the same with failed replies at their least; under `bound`"),
    "cooperation_high": (pa.float64(), "0 to 1", "the same with failed replies at their greatest"),
    "payoff": (pa.float64(), "points", "mean earned in a round that was not void"),
    "failed_share": (pa.float64(), "0 to 1", "share of its replies that failed, in all phases"),
}
EVERYBODY = "all"
_MEASURED = ("angle", "deviation", "value_rationality", "value_rationality_corrected", "index", "length", "consistency")
_SHARES = ("in_category_share", "consistent_share", "transitive_share")


def collect(jobs: Sequence[FoundRun], varied: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables. varied: the factors, by job. Raises SettingError, naming the job, where its files are damaged."""
    rows: list[dict[str, Any]] = []
    people: list[pd.DataFrame] = []
    for job in jobs:
        about: dict[str, Any] = {"job": job.number, "run": job.run, "status": job.status}
        try:
            summary = read_json(job.folder, "summary")
            tables = read_tables(job.folder)
            rows += [about | row for row in _rows(summary, tables)]
            people.append(_people(tables).assign(**about))
        except (SettingError, KeyError, TypeError, ValueError, OSError) as error:
            told = str(error) if isinstance(error, SettingError) else f"its files are damaged ({error!r})"
            raise SettingError(
                f"job {job.number}: {' '.join(told.split())}; write its summary again with "
                f"`python -m experiments.report {job.folder}`, or leave the run out"
            ) from error
    return _table(pd.DataFrame(rows), COLLECTED, varied), _table(pd.concat(people), PARTICIPANTS, varied)


def write(folder: Path, tables: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> list[Path]:
    """Write each table as Parquet and CSV, and what was collected as `collected.json`. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        kinds = COLLECTED if name == "collected" else PARTICIPANTS
        made = pa.Table.from_pandas(table, preserve_index=False)
        for column, (kind, _, _) in kinds.items():
            made = made.set_column(made.column_names.index(column), column, made[column].cast(kind))
        pq.write_table(made.replace_schema_metadata(None), folder / f"{name}.parquet")
        table.to_csv(folder / f"{name}.csv", index=False)
        written += [folder / f"{name}.parquet", folder / f"{name}.csv"]
    return [*written, write_json(folder, "collected", about)]


def _table(found: pd.DataFrame, columns: Mapping[str, Any], varied: pd.DataFrame) -> pd.DataFrame:
    """The rows with the factors behind the columns that name the job, and every column in its place and kind."""
    factors = [name for name in varied if name not in columns]
    joined = found.reindex(columns=list(columns)).merge(varied[factors], left_on="job", right_index=True, how="left")
    for name in ("measure", "phase", "unit"):
        if name in columns:
            joined[name] = joined[name].fillna("")
    kinds = {name: "Int64" for name, (kind, _, _) in columns.items() if kind == pa.int64()}
    kinds |= {name: "float64" for name, (kind, _, _) in columns.items() if kind == pa.float64()}
    rest = [name for name in columns if name not in _JOB]
    return joined[[*_JOB, *factors, *rest]].astype(kinds).reset_index(drop=True)


# --- rows of `collected` -------------------------------------------------------------------------------------------


def _rows(summary: Mapping[str, Any], tables: Tables) -> Iterator[dict[str, Any]]:
    level = {"confidence": summary["confidence"]}
    for cell in summary["cells"]:
        yield from (level | row for row in _of_cell(cell, tables))
    for further in summary["further_measures"]:
        yield from (level | row for cell in further["cells"] for row in _of_measure(cell))
    yield from (level | row for row in _of_everybody(summary, tables))


def _of_cell(cell: Mapping[str, Any], tables: Tables) -> Iterator[dict[str, Any]]:
    who = {key: cell[key] for key in ("cell", *_WHO, "participants")}
    yield {**who, "quantity": "failed_share", "failed_share": cell["failed_share"], "estimate": cell["failed_share"]}
    yield from _of_measure(cell)
    if "play" in cell:
        play = cell["play"]
        about = {**who, "phase": "play", "failed_share": play["failed_share"]}
        for name in ("cooperation", "payoff", "attainment"):
            yield about | _figure(name, play[name])
        yield {**about, "quantity": "void_share", "estimate": play["void_share"]}


def _of_measure(cell: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Both administrations; quantities that the measure does not have are left out."""
    who = {key: cell[key] for key in ("cell", *_WHO, "participants")}
    for phase in ("before", "after"):
        if phase not in cell:
            continue
        found = cell[phase]
        about = {**who, "phase": phase, "measure": found["measure"], "failed_share": found["failed_share"]}
        for name in _MEASURED:
            # An angle that nobody has is a result; a quantity of another measure is none.
            if name == "angle" or found[name]["units"]:
                chance = {"chance_level": found["chance_level"]} if name == "value_rationality" else {}
                yield about | _figure(name, found[name]) | chance
        for name in _SHARES:
            interval = found.get(name.removesuffix("_share"))
            if isinstance(interval, Mapping):
                yield about | _figure(name, interval)
            elif found[name] is not None:
                yield {**about, "quantity": name, "estimate": found[name]}


def _of_everybody(summary: Mapping[str, Any], tables: Tables) -> Iterator[dict[str, Any]]:
    """Figures of the whole population: of who is studied, or, as equality is, of everybody in the group."""
    decisions, play = tables.decisions, tables.play
    chosen = decisions[studied(decisions)]
    headline = summary["headline"]
    failed = {"failed_share": headline["failed_share"]}
    counted, whole = _together(chosen) | failed, _together(decisions) | failed
    yield {**whole, "quantity": "failed_share", "estimate": headline["failed_share"]}
    if any("before" in cell for cell in summary["cells"]) and headline["value_rationality_corrected"] is not None:
        measured = {"phase": "before", "measure": summary["cells"][0]["before"]["measure"]}
        bounds = _bounds(headline.get("value_rationality_corrected_bounds"))
        value = headline["value_rationality_corrected"]
        yield {**counted, **measured, **bounds, "quantity": "value_rationality_corrected", "estimate": value}
    if summary["play"] is None:
        return
    yield counted | _figure("angle_and_cooperation", summary["angle_and_cooperation"])
    mine = play[studied(play)]
    during = {"phase": "play", "failed_share": float(mine["failure"].notna().mean())}
    for name in ("cooperation", "attainment"):
        beside = _bounds(headline.get(f"{name}_bounds"))
        yield counted | during | _figure(name, _of_play(tables, mine, name)) | beside
    earned = tables.rounds[studied(tables.rounds)]
    yield counted | during | _figure("payoff", _of_play(tables, earned, "payoff"))
    for name, found in summary["play"]["metrics"].items():
        yield whole | during | _figure(name.replace(" ", "_").replace("-", "_"), found)
    stages = summary["play"]["stages"]
    for stage in stages if len(stages) > 1 else ():
        if stage["cooperation"]["units"]:
            yield counted | during | _figure(f"cooperation_{stage['stage']}", stage["cooperation"])


def _of_play(tables: Tables, table: pd.DataFrame, name: str) -> dict[str, Any]:
    units, unit = units_of_play(table, tables.lasting)
    resampling = Resampling(**tables.about["statistics"])
    return figure_of_play(table, name, units, unit, bound=tables.bound, resampling=resampling)


def _together(people: pd.DataFrame) -> dict[str, Any]:
    """The columns that say whom a figure of the whole population counts."""
    named = ("orientation", "agent", "model", "induction")
    found: dict[str, Any] = {"cell": EVERYBODY, "synthetic": bool(people["synthetic"].astype(bool).any())}
    for name in named:
        values = people[name].astype(str).unique()
        found[name] = values[0] if len(values) == 1 else "several"
    return found | {"participants": int(people["participant"].nunique())}


def _figure(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an interval of the summary."""
    kept = {key: found[key] for key in ("estimate", "low", "high", "units", "unit")}
    return {"quantity": name, **kept, **_bounds(found.get("bounds"))}


def _bounds(found: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"bound_low": found["low"], "bound_high": found["high"]} if found else {}


# --- rows of `participants` ----------------------------------------------------------------------------------------


def _people(tables: Tables) -> pd.DataFrame:
    """One row for everybody who decided anything in the job."""
    who = ["participant", "cell", *_WHO]
    people = tables.decisions[who].drop_duplicates("participant").set_index("participant").sort_index()
    people["studied"] = studied(people)
    measures = tables.measures
    by_phase = measures.groupby(["phase", "participant"], observed=True)
    for phase in ("before", "after"):
        if (measures["phase"] == phase).any():
            people[f"angle_{phase}"] = by_phase["angle"].mean().loc[phase]
    if (measures["phase"] == "before").any():
        rational = by_phase["value_rationality_corrected"].mean().loc["before"]
        people["value_rationality_corrected"] = rational
    if len(tables.play):
        played = participants(measures, tables.play).set_index("participant")
        kept = [name for name in played if str(name).startswith("cooperation")]
        people = people.join(played[[*kept, *(["group"] if tables.lasting else [])]])
        people["payoff"] = tables.rounds.groupby("participant")["payoff"].mean()
    failed = tables.decisions["failure"].notna().groupby(tables.decisions["participant"]).mean()
    return people.assign(failed_share=failed).reset_index()
