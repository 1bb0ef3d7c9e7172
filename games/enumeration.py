"""Equilibria, optima and extremes of a game by going through its acts; the ideal acts of each orientation."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaln, xlog1py, xlogy

from games.svo import WEIGHTS, Orientation
from games.types import Choice, Decision, Game
from games.yardsticks import Standard

_LIMIT = 300_000
"""Profiles that are gone through at the most; a menu with more is made thinner."""
_TOLERANCE = 1e-9
"""Points: above rounding, below any difference with a meaning."""

type Acts = Sequence[int | str]
type Levels = Sequence[float | None]
"""How cooperative each act of the menu is; None where no act is the cooperative one."""
type Points = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From acts as numbers, shape (…, n), to expected points of the same shape."""


# --- symmetric games of one stage ------------------------------------------------------------------------------------


def symmetric_equilibria(
    menu: Acts, numbers: NDArray[np.float64], players: int, points: Points, cooperation: Levels
) -> tuple[Standard, ...]:
    """The symmetric Nash equilibria: all in pure acts, and for a menu of two the mixed ones.

    Everybody takes the same act, or each of two with the same probability; nobody gains by another act.
    """
    found = []
    for act, others in enumerate(numbers):
        profile = np.full((len(menu), players), others)
        profile[:, 0] = numbers
        own = points(profile)[:, 0]
        if own[act] >= own.max() - _TOLERANCE:
            found.append(Standard(f"all {menu[act]}", (float(own[act]),) * players, cooperation[act]))
    if len(menu) == 2:
        found += _mixed(menu, numbers, players, points, cooperation)
    return tuple(found)


def _mixed(
    menu: Acts, numbers: NDArray[np.float64], players: int, points: Points, cooperation: Levels
) -> list[Standard]:
    """Where both acts bring the same, each other player taking the second with the probability p.

    None where both bring the same whatever p: then any p would do.
    """
    others = players - 1
    brings = np.empty((2, others + 1))
    for own, second in product(range(2), range(others + 1)):
        acts = np.array([own] + [1] * second + [0] * (others - second))
        brings[own, second] = points(numbers[acts])[0]
    counts = np.arange(others + 1)
    ways = gammaln(others + 1) - gammaln(counts + 1) - gammaln(others - counts + 1)

    def expected(p: float) -> NDArray[np.float64]:
        # In logarithms, as the number of ways goes beyond all floats in large groups.
        return np.asarray(brings @ np.exp(ways + xlogy(counts, p) + xlog1py(others - counts, -p)))

    def gain(p: float) -> float:
        first, second = expected(p)
        return float(second - first)

    grid = np.linspace(0, 1, 1001)
    gains = [gain(p) for p in grid]
    if max(abs(one) for one in gains) < _TOLERANCE:
        return []
    found = []
    for low, high, before, after in zip(grid[:-1], grid[1:], gains[:-1], gains[1:], strict=True):
        # At p = 0 everybody takes the same act, which is no mixing.
        if (before == 0 and low > 0) or before * after < 0:
            p = low if before == 0 else float(brentq(gain, low, high, xtol=1e-14))
            worth = float(expected(p)[0])
            level = _level([1 - p, p], cooperation)
            found.append(Standard(f"each {menu[0]} with probability {1 - p:.3g}", (worth,) * players, level))
    return found


def symmetric_extremes(
    menu: Acts, numbers: NDArray[np.float64], players: int, points: Points, cooperation: Levels
) -> tuple[Standard, float, float, bool]:
    """The social optimum, the least and the greatest points of one player, and whether every act was tried.

    Of several optima, the one with the most equal points.
    """
    places = np.arange(len(menu))
    while len(places) * comb(players - 1 + len(places) - 1, players - 1) > _LIMIT:
        # Both ends stay; in between every second act goes.
        places = np.unique(np.concatenate([places[::2], places[-1:]]))
        if len(places) == 2:
            break
    others = np.array(list(combinations_with_replacement(places, players - 1)))
    least, most, best, at = np.inf, -np.inf, (-np.inf, 0.0), tuple[int, ...]()
    for own in places:
        profile = np.concatenate([np.full((len(others), 1), own), others], axis=1)
        paid = points(numbers[profile])
        least, most = min(least, float(paid[:, 0].min())), max(most, float(paid[:, 0].max()))
        place = int(np.lexsort((np.round(paid.std(axis=1), 9), -np.round(paid.sum(axis=1), 9)))[0])
        worth = (round(float(paid[place].sum()), 9), -round(float(paid[place].std()), 9))
        if worth > best:
            best, at = worth, tuple(int(one) for one in profile[place])
    paid = points(numbers[np.array(at)])
    level = _level([at.count(act) / players for act in range(len(menu))], cooperation)
    optimum = Standard(_told([menu[act] for act in at]), tuple(paid.tolist()), level)
    return optimum, least, most, len(places) == len(menu)


def _level(shares: Sequence[float], cooperation: Levels) -> float | None:
    """Mean cooperation where each act has a share."""
    known = [share * level for share, level in zip(shares, cooperation, strict=True) if level is not None]
    return float(sum(known)) if len(known) == len(shares) else None


def _told(acts: Acts) -> str:
    counts = Counter(str(act) for act in acts)
    if len(counts) == 1:
        return f"all {acts[0]}"
    return ", ".join(f"{count} × {act}" for act, count in counts.items())


# --- bimatrix games --------------------------------------------------------------------------------------------------


def bimatrix(menu: Acts, points: Points, cooperation: Levels) -> tuple[tuple[Standard, ...], Standard, float, float]:
    """All Nash equilibria in pure acts, for two acts the mixed one too; the optimum; least and greatest points."""
    many = len(menu)
    profile = np.array(list(product(range(many), repeat=2)), dtype=np.float64)
    row, column = points(profile).T.reshape(2, many, many)

    def standard(first: int, second: int) -> Standard:
        acts = f"{menu[first]}, {menu[second]}"
        level = _level([((act == first) + (act == second)) / 2 for act in range(many)], cooperation)
        return Standard(acts, (float(row[first, second]), float(column[first, second])), level)

    pure = (row >= row.max(axis=0) - _TOLERANCE) & (column >= column.max(axis=1, keepdims=True) - _TOLERANCE)
    found = [standard(int(first), int(second)) for first, second in np.argwhere(pure)]
    if many == 2:
        found += _mixed_of_two(menu, row, column, cooperation)
    both = np.stack([row, column])
    place = int(np.lexsort((np.abs(row - column).ravel(), -(row + column).ravel()))[0])
    best = np.unravel_index(place, row.shape)
    return tuple(found), standard(int(best[0]), int(best[1])), float(both.min()), float(both.max())


def _mixed_of_two(
    menu: Acts, row: NDArray[np.float64], column: NDArray[np.float64], cooperation: Levels
) -> list[Standard]:
    """The equilibrium in which both mix, each making the other indifferent; none where that takes no probability."""
    by_row = (column[0, 0] - column[0, 1]) + (column[1, 1] - column[1, 0])
    by_column = (row[0, 0] - row[1, 0]) + (row[1, 1] - row[0, 1])
    if abs(by_row) < _TOLERANCE or abs(by_column) < _TOLERANCE:
        return []
    p, q = (column[1, 1] - column[1, 0]) / by_row, (row[1, 1] - row[0, 1]) / by_column
    if not (0 < p < 1 and 0 < q < 1):
        return []
    chances = np.outer([p, 1 - p], [q, 1 - q])
    level = _level([(p + q) / 2, 1 - (p + q) / 2], cooperation)
    acts = f"{menu[0]} with probability {p:.3f}, {q:.3f}"
    return [Standard(acts, (float((chances * row).sum()), float((chances * column).sum())), level)]


# --- games of one move after the other -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _End:
    """An end of one round: what was done, everybody's points, and the cooperation of acts that have such a reading."""

    acts: tuple[str, ...]
    points: tuple[float, ...]
    levels: tuple[float, ...]

    def standard(self) -> Standard:
        level = sum(self.levels) / len(self.levels) if self.levels else None
        return Standard(", ".join(self.acts), self.points, level)


def sequence(game: Game[Any]) -> tuple[tuple[Standard, ...], Standard, float, float]:
    """Of one round: the subgame-perfect outcomes, the optimum, and the least and greatest points of one player.

    Backward induction over every act; where who moves is indifferent, each of its best replies is followed.
    """
    ends = list[_End]()
    perfect = _perfect(game, game.start(0), (), (), ends)
    optimum = max(ends, key=lambda end: (round(sum(end.points), 9), -round(float(np.std(end.points)), 9)))
    paid = [points for end in ends for points in end.points]
    return tuple(end.standard() for end in perfect), optimum.standard(), min(paid), max(paid)


def _perfect(
    game: Game[Any], state: Any, acts: tuple[str, ...], levels: tuple[float, ...], ends: list[_End]
) -> list[_End]:
    (decision,) = game.decisions(state)
    branches: list[list[_End]] = []
    for index, option in enumerate(decision.options):
        following, outcomes = game.resolve(state, {decision.key: Choice(index)})
        done = (*acts, f"{decision.stage} {option.act}")
        level = levels if option.cooperation is None else (*levels, option.cooperation)
        if outcomes:
            end = _End(done, tuple(one.payoff for one in sorted(outcomes, key=lambda one: one.player)), level)
            ends.append(end)
            branches.append([end])
        else:
            branches.append(_perfect(game, following, done, level, ends))
    # An outcome is perfect if no other act is better even under the reply to it that is worst for who moves.
    mine = decision.player
    safe = max(min(end.points[mine] for end in branch) for branch in branches)
    return [end for branch in branches for end in branch if end.points[mine] >= safe - _TOLERANCE]


# --- ideal respondents -----------------------------------------------------------------------------------------------

type IdealActs = dict[Orientation, tuple[tuple[str, tuple[int | str, ...]], ...]]


def ideal_acts(game: Game[Any]) -> IdealActs:
    """For each orientation the best acts in each stage of the first round; of equal ones the play follows the first."""
    found: IdealActs = {}
    for orientation in Orientation:
        state, stages = game.start(0), dict[str, tuple[int | str, ...]]()
        while (pending := game.decisions(state)) and pending[0].round == 1:
            best = {one.key: best_options(one, orientation) for one in pending}
            for one in pending:
                acts = tuple(one.options[index].act for index in best[one.key])
                # A seat is named where it differs from those before it, as the two of a bimatrix may.
                if stages.setdefault(one.stage, acts) != acts:
                    stages.setdefault(f"{one.stage} (seat {one.player + 1})", acts)
            state, _ = game.resolve(state, {key: Choice(indices[0]) for key, indices in best.items()})
        found[orientation] = tuple(stages.items())
    return found


def best_options(decision: Decision, orientation: Orientation) -> tuple[int, ...]:
    """The options that an ideal respondent of the orientation likes best: all that are worth the most to it."""
    own, other = WEIGHTS[orientation]
    worth = [own * option.allocation.own + other * option.allocation.other for option in decision.options]
    best = max(worth)
    return tuple(index for index, one in enumerate(worth) if one >= best - _TOLERANCE * max(1.0, abs(best)))
