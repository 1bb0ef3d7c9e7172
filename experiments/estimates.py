"""What each participant's choices say of its preferences: the ring angle and precision, and inequality aversion.

One row for each participant, phase and game or measure, estimated by maximum likelihood (`games.estimation`) from what
every option was said to bring and which was taken. Failed replies are no choices and are left out.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.schema import DERIVED
from experiments.store import read_pieces
from experiments.tables import Tables
from games.choice_models import Observed
from games.estimation import InequalityAversion, Ring, Status, compare, estimate_inequality_aversion, estimate_ring

LARGEST = 2000
"""Participants up to whom estimates are made: beyond, they would take longer and hold more than the run itself."""
WHO = ("participant", "cell", "orientation", "agent", "model", "induction", "synthetic")
_COLUMNS = (*WHO, "phase", "game", "options", "position", "others")


def write_estimates(tables: Tables, confidence: float) -> Path:
    """Estimate and write `estimates.parquet` into the run's folder. Returns its path."""
    path = tables.folder / "estimates.parquet"
    schema = pa.schema([(name, kind) for name, (kind, _, _) in DERIVED["estimates"].items()])
    rows = list(estimates(tables.folder, confidence))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def estimates(folder: Path, confidence: float) -> Iterable[dict[str, Any]]:
    """The rows of the table of estimates."""
    choices: dict[tuple[Any, ...], list[Observed]] = {}
    for piece in read_pieces(folder, "decisions", _COLUMNS):
        rows = piece.to_pandas()
        rows = rows[rows["position"].notna()]
        for row in rows.itertuples(index=False):
            own, other = _points(row.options)
            who = tuple(getattr(row, name) for name in (*WHO, "phase", "game"))
            choices.setdefault(who, []).append(Observed(own, other, int(row.position) - 1, int(row.others)))
    for who, observed in choices.items():
        about = dict(zip((*WHO, "phase", "game"), who, strict=True))
        yield {"run": folder.name, **about, **estimated(observed, confidence)}


@lru_cache(maxsize=4096)
def _points(options: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    menu = json.loads(options)
    return tuple(float(one[2]) for one in menu), tuple(float(one[3]) for one in menu)


def estimated(observed: list[Observed], confidence: float) -> dict[str, Any]:
    """The estimates of one participant as columns; what the choices cannot tell is left out."""
    ring, aversion = estimate_ring(observed, confidence), estimate_inequality_aversion(observed, confidence)
    best = next((one.model for one in compare(observed, confidence) if one.best), None)
    return {"choices": len(observed), "best_model": best, **_ring(ring), **_aversion(aversion)}


def _ring(ring: Ring) -> dict[str, Any]:
    usable = ring.status is Status.ESTIMATED
    found: dict[str, Any] = {
        "ring_status": ring.status.value,
        "ring_angle": ring.angle if usable else None,
        "ring_angle_se": ring.angle_se if usable else None,
        "precision": ring.precision if usable else None,
        "precision_se": ring.precision_se if usable else None,
    }
    if ring.angle_interval is not None:
        found |= {"ring_angle_low": ring.angle_interval.low, "ring_angle_high": ring.angle_interval.high}
    if ring.precision_interval is not None:
        low, high = ring.precision_interval
        found |= {"precision_low": low, "precision_high": None if high == float("inf") else high}
    if ring.explains is not None:
        found |= {"explains_low": ring.explains.low, "explains_high": ring.explains.high}
    if ring.likelihood is not None:
        found |= {
            "log_likelihood_chance": ring.likelihood.chance,
            "log_likelihood_ring": ring.likelihood.log_likelihood,
            "aic_ring": ring.likelihood.aic,
            "pseudo_r2_ring": ring.likelihood.pseudo_r2,
        }
    return found


def _aversion(aversion: InequalityAversion) -> dict[str, Any]:
    found: dict[str, Any] = {"aversion_status": aversion.status.value}
    if aversion.status is Status.ESTIMATED:
        values = asdict(aversion)
        found |= {name: values[name] for name in ("envy", "guilt", "envy_se", "guilt_se")}
    if aversion.likelihood is not None:
        found |= {
            "log_likelihood_aversion": aversion.likelihood.log_likelihood,
            "aic_aversion": aversion.likelihood.aic,
        }
    return found


def read_estimates(folder: Path) -> pd.DataFrame | None:
    """The table of estimates of a run; None where it was not made."""
    path = folder / "estimates.parquet"
    return pd.read_parquet(path) if path.exists() else None


def told(row: Mapping[str, Any]) -> str:
    """A ring angle in words: the estimate, the range that explains all choices, or why there is neither."""
    if pd.notna(row["ring_angle"]):
        return f"{round(row['ring_angle'])}°"
    if pd.notna(row["explains_low"]):
        return f"{round(row['explains_low'])}…{round(row['explains_high'])}°"
    return str(row["ring_status"])
