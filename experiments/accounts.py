"""What a run took: replies received and taken from the store, tokens, cost and time, by model and by cell.

Two sources that must not be mixed: the manifest's accounting says what this run received from its endpoints, and the
decisions table says which replies the run used, whenever they were received.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.tables import counted, number, share

type Row = Mapping[str, Any]

_SUMS = ("made", "stored", "shared", "requests", "tokens_in", "tokens_out", "uncounted", "waited_s")
_QUANTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}


def models(decisions: pd.DataFrame) -> list[dict[str, Any]]:
    """What each model answered as, and what the replies that the run used took.

    identities: identity as the endpoint reports it → replies of it, most frequent first.
    """
    return [
        {
            "model": name,
            "synthetic": bool(one["synthetic"].iloc[0]),
            "identities": counted(one["identity"]),
            **_used(one),
            "latency_median_s": number(one["latency"].median()),
            "latency_95_s": number(one["latency"].quantile(0.95)),
            "failed_share": share(one["failure"].notna()),
        }
        for name, one in _asked(decisions, "model")
    ]


def accounting(decisions: pd.DataFrame, about: Row) -> dict[str, Any]:
    """The accounts as they go into the summary.

    rows: as the manifest has them, None where it has none.  models, cells: of each, what was `received` in this run
    (None without rows), and of the replies used: `latency` in seconds, failures by reason, and the share of decisions
    that were asked again.
    """
    rows = about.get("accounting")
    return {"rows": rows, **{f"{by}s": _accounts(decisions, rows, by) for by in ("model", "cell")}}


def forecast(decisions: pd.DataFrame, about: Row) -> dict[str, Any] | None:
    """What was forecast beside what was: of the run, and of each cell; None where the manifest has no forecast.

    Actual calls and tokens are those of the replies used, stored ones included, as in the forecast; the actual cost is
    of what was received in this run only, and seconds are the run's own.
    """
    said = about.get("forecast")
    if not said:
        return None
    rows = about.get("accounting") or []
    used = {name: _used(one) for name, one in _asked(decisions, "cell")}
    nothing = _used(decisions.head(0))
    return {
        "forecast": _expected(said),
        "actual": _used(decisions) | {"cost": _cost(rows), "seconds": about.get("seconds")},
        "cells": [
            {
                "cell": one["cell"],
                "model": one["model"],
                "forecast": _expected(one),
                "actual": used.get(one["cell"], nothing)
                | {"cost": _cost(row for row in rows if row["cell"] == one["cell"]), "seconds": None},
            }
            for one in said.get("cells") or []
        ],
    }


def received(rows: Sequence[Row]) -> dict[str, Any]:
    """The totals of rows of the manifest's accounting; faults by reason, most frequent first."""
    faults: Counter[str] = Counter()
    for row in rows:
        faults.update(row.get("faults") or {})
    sums = {name: sum(row.get(name) or 0 for row in rows) for name in _SUMS}
    return sums | {"faults": dict(faults.most_common()), "cost": _cost(rows)}


def _accounts(decisions: pd.DataFrame, rows: Sequence[Row] | None, by: str) -> list[dict[str, Any]]:
    took = {name: _took(one) for name, one in _asked(decisions, by)}
    # A run that ended early may have received replies for a cell without a whole decision.
    names = dict.fromkeys([*took, *(str(row[by]) for row in rows or [])])
    nothing = _took(decisions.head(0))
    return [
        {
            by: name,
            "received": None if rows is None else received([row for row in rows if row[by] == name]),
            **took.get(name, nothing),
        }
        for name in names
    ]


def _took(decisions: pd.DataFrame) -> dict[str, Any]:
    """Of the replies that were used: latency in seconds, failures by reason, and the share asked again."""
    return {
        "decisions": len(decisions),
        "latency": {word: number(decisions["latency"].quantile(at)) for word, at in _QUANTILES.items()},
        "failures": counted(decisions["failure"]),
        "reasked_share": share(decisions["attempts"] > 1),
    }


def _asked(decisions: pd.DataFrame, by: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The decisions that a chat model answered, by model or by cell, in order of appearance."""
    for name, one in decisions.groupby(by, sort=False, observed=True):
        if one["model"].iloc[0] != "none":
            yield str(name), one


def _used(decisions: pd.DataFrame) -> dict[str, Any]:
    return {name: int(decisions[name].sum()) for name in ("calls", "tokens_in", "tokens_out")}


def _expected(row: Row) -> dict[str, Any]:
    return {name: row.get(name) for name in ("calls", "tokens_in", "tokens_out", "cost", "seconds")}


def _cost(rows: Iterable[Row]) -> float | None:
    """What was received, in money; None where a model has no price: part of a sum would pass for the whole."""
    costs = [row.get("cost") for row in rows]
    known = [cost for cost in costs if cost is not None]
    return float(sum(known)) if costs and len(known) == len(costs) else None
