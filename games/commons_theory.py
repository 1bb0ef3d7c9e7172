"""Equilibrium and optimum of the common stock, by backward induction over every stock it can have."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln, xlogy

from games.common_stock import regrown


@dataclass(frozen=True, slots=True)
class Course:
    """A way through the play: what each player wants in each month until the collapse or the end, and earns in all.

    stocks: before each month.  wants: of each player.  points: of each player over the play.
    """

    stocks: tuple[int, ...]
    wants: tuple[float, ...]
    points: float

    @property
    def first(self) -> float:
        """What each player wants in the first month."""
        return self.wants[0]

    @property
    def months(self) -> int:
        """Months until the collapse, its own included, or until the end."""
        return len(self.wants)


def optimum(players: int, capacity: int, growth: float, collapse: int, months: int) -> Course:
    """The greatest points of all together, divided equally: W(s) = max over harvests H ≤ s of H + W(next stock)."""
    stocks = np.arange(capacity + 1)
    worth, policy = np.zeros(capacity + 1), np.zeros((months, capacity + 1), dtype=np.int64)
    harvest = stocks[None, :]
    following = regrown(stocks[:, None] - harvest, capacity, growth, collapse).astype(np.int64)
    for month in reversed(range(months)):
        value = np.where(harvest <= stocks[:, None], harvest + worth[following], -np.inf)
        policy[month], worth = value.argmax(axis=1), value.max(axis=1)
    return _followed(policy, players, capacity, growth, collapse, months, float(worth[capacity]) / players)


@lru_cache(maxsize=64)
def equilibrium(players: int, capacity: int, growth: float, collapse: int, allocation: str, months: int) -> Course:
    """A symmetric Markov-perfect equilibrium in pure acts, the best for every stock in turn, from the last month back.

    Another may bring more in all, where something worse later on would deter from taking more now.

    In every month and for every stock everybody wants the same, and nobody gains by wanting something else once, given
    the equilibrium of the months after; of several, the one that brings most is taken, and of these the one in which
    most is wanted. That all want everything is always one: nothing is left then, whatever a single player wants. What
    is too little is divided as the lottery does on average, or in exact proportion, which no whole points allow.
    """
    worth, policy = np.zeros(capacity + 1), np.zeros((months, capacity + 1), dtype=np.int64)
    chances = lottery_chances(players - 1, capacity) if allocation == "stochastic" else np.empty(0)
    shares = [_shares(players, stock, allocation, chances) for stock in range(capacity + 1)]
    for month in reversed(range(months)):
        before = worth.copy()
        for stock in range(1, capacity + 1):
            own, wants = shares[stock], np.arange(stock + 1)
            left = np.maximum(0, stock - wants[:, None] - (players - 1) * wants)
            after = before[regrown(left, capacity, growth, collapse).astype(np.int64)]
            value = own + after  # (own want, everybody else's want)
            alike = np.diagonal(value)
            stable = np.flatnonzero(alike >= value.max(axis=0) - 1e-9)
            best = stable[alike[stable] >= alike[stable].max() - 1e-9][-1]
            policy[month, stock], worth[stock] = best, alike[best]
    return _followed(policy * players, players, capacity, growth, collapse, months, float(worth[capacity]))


def _shares(players: int, stock: int, allocation: str, chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """What one player gets on average, by (own want, everybody else's want). chances: of `lottery_chances`."""
    wants = np.arange(stock + 1, dtype=np.float64)
    if allocation == "proportional":
        total = np.maximum(wants[:, None] + (players - 1) * wants, 1.0)
        return wants[:, None] * np.minimum(1.0, stock / total)
    point = np.arange(1, stock + 1)
    # To get a k-th point, the others must have left it: at most stock − k are theirs by then.
    gained = chances[: stock + 1, point - 1, stock - point]
    shares = np.concatenate([np.zeros((1, stock + 1)), np.cumsum(gained, axis=1).T])
    np.fill_diagonal(shares, np.minimum(wants, stock / players))  # alike to the last digit where all want the same
    return shares


def lottery_chances(others: int, capacity: int) -> NDArray[np.float64]:
    """How likely one player of a lottery gets its k-th point before the others have more than r, shape (t, k − 1, r).

    others: how many, each of whom wants t points.  t, r: 0 … capacity.  k: 1 … capacity.
    A point that goes to any of those who want more with the same chance goes to whose clock strikes first, if each has
    one that strikes at the rate 1. So at the time u the others have each the lesser of t and a Poisson number, and the
    k-th point is got at a time with a gamma distribution; what is left is an integral over u, taken in √u.
    """
    nodes, weights = np.polynomial.legendre.leggauss(12)
    panels = int(np.ceil(np.sqrt(capacity + 12 * np.sqrt(capacity) + 40) / 0.7))
    root = ((np.arange(panels)[:, None] + (1 + nodes) / 2) * 0.7).ravel()
    time, weight = root**2, np.tile(weights, panels) * 0.7 * root
    counts = np.arange(capacity + 1)
    strikes = np.exp(xlogy(counts, time[:, None]) - time[:, None] - gammaln(counts + 1))
    arrival = (weight[:, None] * strikes[:, :-1]).T
    found = np.empty((capacity + 1, capacity, capacity + 1))
    for want in range(capacity + 1):
        one = np.concatenate([strikes[:, :want], gammainc(want, time)[:, None] if want else np.ones((len(time), 1))], 1)
        size = 1 << (others * want + 1).bit_length()
        together = np.fft.irfft(np.fft.rfft(one, size) ** others, size)[:, : capacity + 1]
        padded = np.pad(together, ((0, 0), (0, capacity + 1 - together.shape[1])))
        found[want] = arrival @ np.cumsum(padded, axis=1)
    return found


def _followed(
    totals: NDArray[np.int64], players: int, capacity: int, growth: float, collapse: int, months: int, points: float
) -> Course:
    stock, stocks, wants = capacity, list[int](), list[float]()
    for month in range(months):
        stocks.append(stock)
        wants.append(int(totals[month, stock]) / players)
        stock = int(regrown(stock - min(stock, int(totals[month, stock])), capacity, growth, collapse))
        if stock == 0:
            break
    return Course(tuple(stocks), tuple(wants), points)
