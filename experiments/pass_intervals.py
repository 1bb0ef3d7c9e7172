"""Intervals for pass rules where those of the summary would claim too much.

A bootstrap interval has no width where all values agree, and is not valid where sampling went on until values agreed.
"""

import math
from dataclasses import replace

import pandas as pd

from experiments.pass_rules import Rule
from experiments.statistics import Interval
from experiments.stopping import stopping
from experiments.tables import Tables
from games.rationality import MEASURE, attainable_angles, chance_corrected, largest_deviation

REPETITIONS = "repetitions"
"""The unit of intervals that are valid however sampling stopped."""


def scale(rule: Rule, measure: str | None, orientation: str) -> tuple[float, float]:
    """Between which values a rule's quantity can lie; infinite where an end is not known."""
    if rule.quantity == "deviation":
        return 0.0, largest_deviation(orientation)
    if rule.quantity == "value_rationality_corrected":
        return float(chance_corrected(0.0, orientation)), 1.0
    if measure == MEASURE and rule.quantity in ("angle", "drift"):
        low, high = attainable_angles()
        return (low, high) if rule.quantity == "angle" else (low - high, high - low)
    return rule.about.least, rule.about.most


def unseen(units: int, confidence: float) -> float:
    """The greatest share of units that may be otherwise although so many drawn at random all agree.

    With a share s otherwise, all n agree with the chance (1 − s)ⁿ; it falls below (1 − confidence) / 2 where s is more
    than 1 − ((1 − confidence) / 2)^(1/n) (Clopper & Pearson 1934, Biometrika 26, 404–413).
    """
    return float(1 - ((1 - confidence) / 2) ** (1 / units))


def widened(
    found: Interval, estimates: tuple[float, float], ends: tuple[float, float], confidence: float
) -> tuple[Interval, bool]:
    """An interval that leaves room for what is unseen where all values agree, and whether they do.

    Who is unseen may lie at either end of the scale, and moves the mean towards it by its share.
    estimates: the estimate twice, or with failed replies at their least and at their greatest.
    """
    if found.low is None or found.high is None:
        return found, False
    at_low, at_high = (
        math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        for one, other in zip((found.low, found.high), estimates, strict=True)
    )
    share = unseen(found.units, confidence)
    low = estimates[0] - share * (estimates[0] - ends[0]) if at_low and estimates[0] > ends[0] else found.low
    high = estimates[1] + share * (ends[1] - estimates[1]) if at_high and estimates[1] < ends[1] else found.high
    return replace(found, low=low, high=high), at_low and at_high


def stopped(tables: Tables, rule: Rule, rows: pd.DataFrame) -> Interval | None:
    """The interval of the quantity that sampling stopped upon, at the rule's confidence; None for another quantity.

    It is valid however sampling stopped, and about these participants: its units are repetitions.
    Value rationality with chance taken as 0 is the same quantity on another scale.
    rows: the administrations of one cell in one phase.
    """
    corrected = rule.quantity == "value_rationality_corrected"
    stop = tables.about["stop"]
    if stop["quantity"] != ("value_rationality" if corrected else rule.quantity):
        return None
    about = {**tables.about, "stop": {**stop, "confidence": rule.confidence}}
    found = stopping(replace(tables, about=about, measures=rows))
    if not found or found[0]["estimate"] is None:
        return Interval(None, None, None, 0, REPETITIONS)
    one = found[0]
    estimate, low, high = one["estimate"], one["low"], one["high"]
    if corrected:
        estimate, low, high = (float(chance_corrected(value, one["orientation"])) for value in (estimate, low, high))
    return Interval(estimate, low, high, one["repetitions"], REPETITIONS)
