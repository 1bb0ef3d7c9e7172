"""What sampling until an interval is narrow enough came to, from the tables of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.sequential import Stop, table
from experiments.tables import Tables


def stopping(tables: Tables) -> list[dict[str, Any]] | None:
    """What sampling until the interval was narrow enough came to, by cell and phase; None for a run without it.

    repetitions: done by everybody in the cell.  reached: whether the interval is as narrow as wanted.
    estimate, low, high, half_width: of the quantity, with the interval that is valid however sampling stopped.
    wanted, confidence, max_repetitions: the settings.  fewest: repetitions after which a cell of this size stops in
    which all values agree, None where max_repetitions are too few even for that.
    calls_saved: questions not put, against max_repetitions; 0 for scripted rules, which make no calls. What an
    induction asks beside is saved too, and not counted.
    without_value: administrations without a value, and failed_share: of replies.
    """
    settings: Mapping[str, Any] | None = tables.about.get("stop")
    if settings is None:
        return None
    stop = Stop(**settings)
    found = []
    for (cell, phase), rows in tables.measures.groupby(["cell", "phase"], sort=False, observed=True):
        first = rows.iloc[0]
        keys = zip(rows["repetition"].astype(int), rows["participant"].astype(int), strict=True)
        values = table(dict(zip(keys, rows[stop.quantity].astype(float), strict=True)))
        done, participants = values.shape
        interval = stop.interval(values)
        known = values[np.isfinite(values)]
        left_out = (stop.max_repetitions - done) * participants * float(rows["asked"].mean())
        asked = int(rows["asked"].sum())
        found.append(
            {
                "cell": str(cell),
                "phase": str(phase),
                "orientation": str(first["orientation"]),
                "model": str(first["model"]),
                "synthetic": bool(first["synthetic"]),
                "participants": participants,
                "quantity": stop.quantity,
                "repetitions": done,
                "reached": stop.narrow(values),
                "estimate": float(known.mean()) if known.size else None,
                "low": interval[0] if interval else None,
                "high": interval[1] if interval else None,
                "half_width": (interval[1] - interval[0]) / 2 if interval else None,
                "wanted": stop.half_width,
                "confidence": stop.confidence,
                "max_repetitions": stop.max_repetitions,
                "fewest": stop.fewest(participants),
                "calls_saved": round(left_out) if first["model"] != "none" else 0,
                "without_value": int(values.size - known.size),
                "failed_share": int(rows["failed"].sum()) / asked if asked else None,
            }
        )
    return found


def caption(found: Sequence[Mapping[str, Any]] | None) -> str:
    """What the table of a measure says of its own intervals where sampling stopped by them; "" where it did not."""
    if not found:
        return ""
    quantity = found[0]["quantity"].replace("_", " ")
    return (
        f"sampling stopped by the width of an interval of {quantity}:\n"
        "the intervals here are not valid under stopping, those in the lines below are"
    )


def lines(found: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """What `stopping` found, for the terminal: a line, a line for each phase, and one for each cell that fell short."""
    if not found:
        return []
    first = found[0]
    form = ".1f" if first["quantity"] == "angle" else ".3f"
    unit = "°" if first["quantity"] == "angle" else ""
    said = [
        f"{first['quantity'].replace('_', ' ')} sampled until ±{first['wanted']:g}{unit}; "
        f"intervals of {first['confidence']:.0%} over these participants, valid however sampling stops; "
        f"{sum(one['calls_saved'] for one in found):,} calls saved against {first['max_repetitions']} repetitions each"
    ]
    for phase in dict.fromkeys(one["phase"] for one in found):
        cells = [
            f"{one['cell']}{' (S)' if one['synthetic'] else ''} {one['estimate']:{form}} "
            f"[{one['low']:{form}}, {one['high']:{form}}] after {one['repetitions']}"
            for one in found
            if one["phase"] == phase and one["estimate"] is not None
        ]
        if cells:
            said.append(f"  {phase}: {', '.join(cells)}")
    for one in found:
        if not one["reached"]:
            width = "no value at all" if one["half_width"] is None else f"±{one['half_width']:{form}}{unit}"
            said.append(
                f"  {one['cell']} {one['phase']}: not reached, {width} after {one['repetitions']} repetitions"
                + (f"; {one['failed_share']:.0%} of replies failed" if one["failed_share"] else "")
            )
    return said
