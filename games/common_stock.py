"""Dynamics of a common stock, by the rules of GovSim: how it grows back, and how it is divided where it is too little.

Source: Piatti et al. 2024, "Cooperate or Collapse", arXiv 2404.16698, and its released environment. What is left of
the stock doubles, up to the capacity; with less than 5 left the resource has collapsed. All functions are vectorised
over leading axes except `lottery`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

ALLOCATIONS = ("stochastic", "proportional")


def proportional(wants: ArrayLike, stock: ArrayLike) -> NDArray[np.float64]:
    """What each receives in whole points, in proportion to what it wants where that is too much in all.

    Remaining points go to the largest remainders, of equal ones to the first seats, so that no chance decides; GovSim
    draws them by lot. wants: shape (…, n); stock: (…).
    """
    wanted, there = np.asarray(wants, dtype=np.float64), np.asarray(stock, dtype=np.float64)[..., None]
    total = wanted.sum(axis=-1, keepdims=True)
    quotas = wanted * np.minimum(1.0, there / np.maximum(total, 1e-300))
    base = np.floor(quotas + 1e-9)
    over = np.rint(np.minimum(there, total) - base.sum(axis=-1, keepdims=True))
    # Remainders that are equal but for rounding must count as equal, else the last digit decides and not the seat.
    short = np.round(base - quotas, 9)
    place = np.argsort(np.argsort(short, axis=-1, kind="stable"), axis=-1, kind="stable")
    received: NDArray[np.float64] = base + (place < over)
    return received


def lottery(wants: ArrayLike, stock: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """What each receives if the stock is given out point by point, each to one drawn from those who want more.

    wants: whole points, shape (n,).
    """
    wanted = np.asarray(wants, dtype=np.int64).copy()
    received = np.zeros(len(wanted))
    for _ in range(min(stock, int(wanted.sum()))):
        who = int(rng.choice(np.flatnonzero(wanted > 0)))
        wanted[who] -= 1
        received[who] += 1
    return received


def expected_shares(wants: NDArray[np.float64], stock: NDArray[np.float64], allocation: str) -> NDArray[np.float64]:
    """About what each receives on average, in fractions: wants of shape (…, n), stock of shape (…).

    Of a lottery, about equal parts for all who still want more.
    """
    total = wants.sum(axis=-1, keepdims=True)
    if allocation == "proportional":
        return wants * np.minimum(1.0, stock[..., None] / np.maximum(total, 1e-300))
    order = np.argsort(wants, axis=-1)
    ascending = np.take_along_axis(wants, order, axis=-1)
    received, left, many = np.zeros_like(wants), stock.astype(np.float64), wants.shape[-1]
    for place in range(many):
        received[..., place] = np.minimum(ascending[..., place], left / (many - place))
        left = left - received[..., place]
    return np.take_along_axis(received, np.argsort(order, axis=-1), axis=-1)


def regrown(left: ArrayLike, capacity: float, growth: float, collapse: float) -> NDArray[np.float64]:
    """Next month's stock: growth · left up to the capacity, in whole points; 0 where less than `collapse` was left."""
    remaining = np.asarray(left, dtype=np.float64)
    return np.where(remaining < collapse, 0.0, np.minimum(capacity, np.floor(growth * remaining + 1e-9)))


def sustainable(stock: float, growth: float, collapse: float) -> int:
    """f: the greatest harvest after which next month's stock is at least this month's, whole points; 0 without one."""
    return int(max(0, stock - max(math.ceil(stock / growth - 1e-9), collapse)))
