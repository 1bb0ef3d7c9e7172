"""A run's files: the only module that writes and reads them.

A run's folder holds the Parquet tables `decisions`, `measures` and `rounds`, the manifest and the summary. While a run
goes on, each table is a folder of numbered parts, every part whole from the moment it has its name; at the end the
parts become one file. A reader takes either, so a run that was killed leaves readable tables.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from experiments.forecast import forecast
from experiments.manifest import manifest
from experiments.protocol import Experiment
from experiments.rows import row
from experiments.schema import COLUMNS, SCHEMAS, VERSION
from games.errors import SettingError
from sim.records import Record

_GROUP = 5_000
"""Rows that are written together at the end: enough for small files, few enough for little memory."""
_HELD_SECONDS = 1.0
"""How long rows may be held before they are written: the most that a killed run loses of its tables."""


class Writer:
    """Writes the tables of one run into its folder, part by part; `close` makes one file of each.

    settings: digest of the run's settings. A folder that holds an unfinished run of the same settings is taken over:
    what it held is moved into `earlier/`, as the reply store gives every reply back. Raises SettingError when built on
    a folder that holds a finished run, or one of other settings.
    """

    def __init__(self, folder: Path, settings: str = "") -> None:
        self._folder = folder
        self._held: dict[str, list[dict[str, Any]]] = {table: [] for table in SCHEMAS}
        self._parts = 0
        self._forecast: Mapping[str, Any] | None = None
        self._written = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        # Ends with `close`, or with the process, however it ends. A file, as NFS locks none that is open for reading.
        self._lock = os.open(folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._take_over(folder, settings)
        except BlockingIOError as error:
            os.close(self._lock)
            raise SettingError(f"{folder}: another process is writing this run; wait for its end") from error
        except SettingError:
            os.close(self._lock)
            raise

    @staticmethod
    def _take_over(folder: Path, settings: str) -> None:
        held = [path for table in SCHEMAS for path in (folder / f"{table}.parquet", folder / table) if path.exists()]
        if held and not holds(folder, settings, finished=False):
            raise SettingError(
                f"{folder} already holds a finished run, or one of other settings; "
                "name another folder with hydra.run.dir=…"
            )
        if held:
            aside = folder / "earlier" / str(len(list(folder.glob("earlier/*"))) + 1)
            aside.mkdir(parents=True)
            for path in held:
                path.rename(aside / path.name)

    def manifest(
        self, experiment: Experiment, status: str, error: str | None = None, seconds: float | None = None
    ) -> None:
        """Write the manifest and the exact words of the run; see `experiments.manifest`."""
        if status == "running":
            self._forecast = forecast(experiment)
        write_json(self._folder, "manifest", manifest(experiment, status, error, seconds, self._forecast))
        write_json(self._folder, "prompts", experiment.prompts())

    def keep(self, records: Iterable[Record]) -> None:
        """Take records, and write what is held if the last writing was long enough ago."""
        for record in records:
            table, values = row(self._folder.name, record)
            self._held[table].append(values)
        if time.monotonic() - self._written >= _HELD_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is held as a part of each table."""
        self._parts += 1
        for table, rows in self._held.items():
            if not rows:
                continue
            folder = self._folder / table
            folder.mkdir(exist_ok=True)
            unnamed = folder / "unfinished"
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[table]), unnamed)
            unnamed.rename(folder / f"part-{self._parts:06d}.parquet")
            rows.clear()
        self._written = time.monotonic()

    def close(self) -> None:
        """Write what is held, and make one file of each table's parts, reading a few parts at a time."""
        self.flush()
        for table, schema in SCHEMAS.items():
            unnamed = self._folder / f"{table}.unfinished"
            with pq.ParquetWriter(unnamed, schema) as writer:
                for some in _by_rows(_parts(self._folder, table)):
                    writer.write_table(some)
            unnamed.rename(self._folder / f"{table}.parquet")
            shutil.rmtree(self._folder / table, ignore_errors=True)
        os.close(self._lock)


def _by_rows(parts: Sequence[Path]) -> Iterator[Any]:
    """The parts joined to tables of some thousand rows: many small groups of rows would swell the file and memory."""
    held, rows = [], 0
    for part in parts:
        held.append(pq.ParquetFile(part).read())
        rows += held[-1].num_rows
        if rows >= _GROUP:
            yield pa.concat_tables(held)
            held, rows = [], 0
    if held:
        yield pa.concat_tables(held)


def holds(folder: Path, settings: str, *, finished: bool) -> bool:
    """Whether a folder holds a run of these settings, by their digest, that did or did not come to its end."""
    try:
        manifest = read_json(folder, "manifest")
    except SettingError:
        return False
    return manifest.get("settings") == settings and (manifest.get("status") == "finished") is finished


def read_table(
    folder: Path, table: str, columns: Sequence[str] | None = None, phase: str | None = None
) -> pd.DataFrame:
    """A table of a run, finished or not.

    columns: these alone, in this order, with their words as categories, which take a byte a row; None: all, with their
    words as they are.  phase: the rows of this phase alone; None: all.

    Raises SettingError if the folder holds no run, or one of an older version whose tables lack a column.
    """
    found = pa.concat_tables(read_pieces(folder, table, columns, phase))
    if columns is None:
        whole: pd.DataFrame = found.to_pandas()
        return whole
    # Each column is let go as soon as pandas has it: otherwise both copies stand in memory.
    narrow: pd.DataFrame = found.unify_dictionaries().to_pandas(split_blocks=True, self_destruct=True)
    return narrow


def read_pieces(
    folder: Path, table: str, columns: Sequence[str] | None = None, phase: str | None = None
) -> Iterator[Any]:
    """The same in pyarrow tables of at most 16,384 rows, an empty one first: for columns too long to hold at once.

    JSON stays text: almost every row has its own.
    """
    about = COLUMNS[table]
    names = list(about) if columns is None else list(columns)
    words = [name for name in names if columns and about[name][0] == pa.string() and about[name][1] != "JSON"]
    one_file = folder / f"{table}.parquet"
    paths = [one_file] if one_file.exists() else _parts(folder, table)
    if not paths and not (folder / "manifest.json").exists():
        raise SettingError(f"{folder} holds no run; name a folder that `python -m experiments.run` wrote")
    fields = [SCHEMAS[table].field(name) for name in names]
    coded = pa.dictionary(pa.int32(), pa.string())
    yield pa.schema([field.with_type(coded) if field.name in words else field for field in fields]).empty_table()
    try:
        for path in paths:
            # Buffers ahead of what is read would hold the file's columns whole.
            file = pq.ParquetFile(path, read_dictionary=words, pre_buffer=False, buffer_size=65_536)
            if missing := [name for name in names if name not in file.schema_arrow.names]:
                raise SettingError(_older(folder, table, missing))
            read = names if phase is None else [*names, "phase"]
            for batch in file.iter_batches(16_384, columns=list(dict.fromkeys(read)), use_threads=False):
                piece = pa.Table.from_batches([batch])
                yield (piece if phase is None else piece.filter(pc.field("phase") == phase)).select(names)
            # Arrow keeps what reading took for its next use.
            pa.default_memory_pool().release_unused()
    except pa.ArrowInvalid as error:
        raise SettingError(f"{folder}: the table {table} is damaged ({str(error).splitlines()[0]})") from error


def _older(folder: Path, table: str, missing: Sequence[str]) -> str:
    """What to say of a run whose table lacks columns."""
    written = read_json(folder, "manifest").get("schema", "unknown")
    return (
        f"{folder}: the table {table} has no column {', '.join(missing)}: it was written by an older version (schema "
        f"{written} in its manifest.json; this version reads schema {VERSION}). Run it again with its replies"
    )


def write_json(folder: Path, name: str, values: Mapping[str, Any]) -> Path:
    """Write `name`.json into a run's folder, whole or not at all. ValueError for a number that is not finite."""
    path = folder / f"{name}.json"
    unnamed = path.with_suffix(".unfinished")
    unnamed.write_text(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    unnamed.rename(path)
    return path


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read `name`.json of a run. Raises SettingError if it is not there or not readable."""
    path = folder / f"{name}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingError(
            f"{folder} holds no {name}.json; name a folder that `python -m experiments.run` wrote"
        ) from None
    except ValueError as error:
        raise SettingError(f"{path} is not readable as JSON: {error}") from error
    return found


def _parts(folder: Path, table: str) -> list[Path]:
    return sorted((folder / table).glob("part-*.parquet"))
