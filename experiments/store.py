"""A run's files: the only module that writes and reads them.

A run's folder holds the Parquet tables `decisions`, `measures` and `rounds`, the manifest and the summary. While a run
goes on, each table is a folder of numbered parts, every part whole from the moment it has its name; at the end the
parts become one file. A reader takes either, so a run that was killed leaves readable tables.
"""

import json
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.manifest import manifest
from experiments.protocol import Experiment
from experiments.rows import row
from experiments.schema import SCHEMAS
from games.errors import SettingError
from sim.records import Record

_HELD_SECONDS = 1.0
"""How long rows may be held before they are written: the most that a killed run loses of its tables."""


class Writer:
    """Writes the tables of one run into its folder, part by part; `close` makes one file of each.

    Raises SettingError when built on a folder that already holds a run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, list[dict[str, Any]]] = {table: [] for table in SCHEMAS}
        self._parts = 0
        self._written = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        if any((folder / f"{table}.parquet").exists() or (folder / table).exists() for table in SCHEMAS):
            raise SettingError(f"{folder} already holds a run; name another folder with hydra.run.dir=…")

    def manifest(self, experiment: Experiment, status: str, error: str | None = None) -> None:
        """Write the manifest and the exact words of the run; see `experiments.manifest`."""
        write_json(self._folder, "manifest", manifest(experiment, status, error))
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
        """Write what is held, and make one file of each table's parts, reading one part at a time."""
        self.flush()
        for table, schema in SCHEMAS.items():
            unnamed = self._folder / f"{table}.unfinished"
            with pq.ParquetWriter(unnamed, schema) as writer:
                for part in _parts(self._folder, table):
                    writer.write_table(pq.ParquetFile(part).read())
            unnamed.rename(self._folder / f"{table}.parquet")
            shutil.rmtree(self._folder / table, ignore_errors=True)


def read_table(folder: Path, table: str) -> pd.DataFrame:
    """A table of a run, finished or not. Raises SettingError if the folder holds no run."""
    whole = folder / f"{table}.parquet"
    paths = [whole] if whole.exists() else _parts(folder, table)
    if not paths and not (folder / "manifest.json").exists():
        raise SettingError(f"{folder} holds no run; name a folder that `python -m experiments.run` wrote")
    try:
        read = [SCHEMAS[table].empty_table(), *(pq.ParquetFile(path).read() for path in paths)]
    except pa.ArrowInvalid as error:
        raise SettingError(f"{folder}: the table {table} is damaged ({str(error).splitlines()[0]})") from error
    found: pd.DataFrame = pa.concat_tables(read).to_pandas()
    return found


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
