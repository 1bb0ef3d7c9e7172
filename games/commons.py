"""Common-pool resource with a stock that grows back, by the rules of GovSim.

Each month every player says how much of the stock it wants. If all wants together are more than the stock, it is
divided as `allocation` says. What is left then doubles, up to the capacity; if less than 5 is left, the resource has
collapsed and the play is over (Piatti et al. 2024, "Cooperate or Collapse", arXiv 2404.16698, with 5 players, 12
months and a stock of 100; the dilemma: Gordon 1954; Hardin 1968; Ostrom 1990). The sustainable harvest f of a stock
is the greatest after which next month's stock is no smaller: 50 of a full one.

Cooperation of an act is 1 for wanting at most the sustainable share f/n, falling linearly to 0 for wanting an equal
part of the whole stock, s/n, or more. What an act is said to bring are the points of all months to come if everybody
goes on like this: oneself wanting as much each month, the others as much as last; before any, each other a
sustainable share.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np

from games.common_stock import ALLOCATIONS, expected_shares, lottery, proportional, regrown, sustainable
from games.commons_theory import Course, equilibrium, optimum
from games.enumeration import ideal_acts
from games.errors import SettingError, above, unknown, whole
from games.randomness import stream
from games.rounds import Lived, Rounds, Settled, State, act_of
from games.types import Allocation, Decision, Json, Option
from games.yardsticks import Standard, Yardsticks

LARGEST = 300
"""The largest capacity: equilibrium and menus grow with its cube and its square."""


@dataclass(frozen=True, slots=True)
class Commons(Rounds):
    """The common-pool resource.

    players: n. capacity: the stock at the start and at the most, whole points up to 300. growth: factor by which what
    is left grows. collapse: with less than this left, the resource is gone. allocation: "stochastic" (point by point
    by lot) or "proportional" (deterministic). rounds: months.

    Raises SettingError for a setting out of range.
    """

    CARRIES: ClassVar[bool] = True

    name: str = field(default="commons", init=False)
    players: int = 5
    capacity: int = 100
    growth: float = 2.0
    collapse: int = 5
    allocation: str = "stochastic"
    rounds: int = 12

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        whole(self.name, "capacity", self.capacity, 2)
        if self.capacity > LARGEST:
            raise SettingError(
                f"{self.name}: capacity={self.capacity} is above {LARGEST}, beyond which the equilibrium takes too "
                "long; let a point stand for more"
            )
        above(self.name, "growth", self.growth, 1)
        whole(self.name, "collapse", self.collapse, 1)
        whole(self.name, "rounds", self.rounds, 1)
        if self.allocation not in ALLOCATIONS:
            raise unknown(f"allocation of {self.name}", self.allocation, ALLOCATIONS)
        if self.collapse > self.capacity:
            raise SettingError(f"{self.name}: collapse={self.collapse} is above the capacity of {self.capacity}")

    def opening(self) -> tuple[float, ...]:
        """The full stock."""
        return (float(self.capacity),)

    def passed(self, state: State) -> tuple[float, ...]:
        """The stock grows back in a month without a harvest."""
        return (float(regrown(state.held[0], self.capacity, self.growth, self.collapse)),)

    def sustainable(self, stock: float) -> int:
        """f: the greatest sustainable harvest of a stock, of all players together."""
        return sustainable(stock, self.growth, self.collapse)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """How much everybody wants of the stock; nothing is asked after a collapse."""
        stock = int(state.held[0])
        if stock == 0:
            return ()
        last = tuple(int(act_of(state.last[0], seat)) for seat in range(self.players)) if state.last else None
        facts: dict[str, Json] = {
            "players": self.players,
            "others": self.players - 1,
            "capacity": self.capacity,
            "growth": self.growth,
            "collapse": self.collapse,
            "allocation": self.allocation,
            "stock": stock,
        }
        left = self.rounds - state.round + 1
        return tuple(
            self.asked(state, seat, "harvest", _options(self, stock, last, left, seat), facts)
            for seat in range(self.players)
        )

    def yardsticks(self) -> Yardsticks:
        """By backward induction over every stock: see `games.commons_theory`."""
        n, capacity, growth, collapse, months = self.players, self.capacity, self.growth, self.collapse, self.rounds
        best = optimum(n, capacity, growth, collapse, months)
        stable = equilibrium(n, capacity, growth, collapse, self.allocation, months)

        def standard(course: Course) -> Standard:
            lasted = f"{course.months} month{'s' * (course.months > 1)}"
            levels = [_cooperation(want, stock, self) for want, stock in zip(course.wants, course.stocks, strict=True)]
            acts = f"all want {course.first:g} in the first month, {lasted}"
            return Standard(acts, (course.points,) * n, sum(levels) / len(levels))

        concept = "symmetric Markov-perfect equilibrium in pure acts, the best for every stock in turn"
        most = optimum(1, capacity, growth, collapse, months).points
        sustained = float(months * self.sustainable(capacity))
        return Yardsticks(
            "play",
            concept,
            (standard(stable),),
            standard(best),
            0.0,
            most,
            ideal_acts(self),
            sustained=sustained,
            expected=self.allocation == "stochastic",
        )

    def settle(self, state: State) -> Settled:
        """Everybody's harvest, and the stock of the next month."""
        stock = int(state.held[0])
        wants = [int(act_of(state.taken[0], seat)) for seat in range(self.players)]
        if self.allocation == "proportional" or sum(wants) <= stock:
            received = proportional(wants, stock).tolist()
        else:
            received = lottery(wants, stock, stream(state.seed, "allocation", state.round)).tolist()
        left = stock - sum(received)
        following = float(regrown(left, self.capacity, self.growth, self.collapse))
        levels = [_cooperation(want, stock, self) for want in wants]
        lived = []
        for seat in range(self.players):
            others = self.others(seat)
            facts: dict[str, Json] = {
                "act": wants[seat],
                "harvest": int(received[seat]),
                "others_harvests": tuple(int(received[other]) for other in others),
                "stock": stock,
                "group_left": int(left),
                "sustainable": self.sustainable(stock),
                "group_collapsed": following == 0,
            }
            shares = tuple(levels[other] for other in others)
            lived.append(Lived("harvest", levels[seat], shares, float(received[seat]), facts))
        return Settled(tuple(lived), (following,))


def _cooperation(want: float, stock: float, game: Commons) -> float:
    share = game.sustainable(stock) / game.players
    return float(min(1.0, max(0.0, (stock / game.players - want) / (stock / game.players - share))))


@lru_cache(maxsize=4096)
def _options(game: Commons, stock: int, last: tuple[int, ...] | None, left: int, seat: int) -> tuple[Option, ...]:
    """The options of a seat. last: what everybody wanted last.  left: months, the pending one included."""
    menu = np.arange(stock + 1, dtype=np.float64)
    going = np.array(last if last is not None else (game.sustainable(stock) / game.players,) * game.players)
    wants = np.repeat(going[None].astype(np.float64), len(menu), axis=0)
    wants[:, seat] = menu
    there, points = np.full(len(menu), float(stock)), np.zeros_like(wants)
    for _ in range(left):
        received = expected_shares(wants, there, game.allocation)
        points += received
        remaining = there - received.sum(axis=1)
        there = np.where(remaining < game.collapse, 0.0, np.minimum(game.capacity, game.growth * remaining))
    own, other = points[:, seat].tolist(), (points.sum(axis=1) - points[:, seat]).tolist()
    return tuple(
        Option(int(want), Allocation(mine, theirs), _cooperation(want, stock, game))
        for want, mine, theirs in zip(menu.tolist(), own, other, strict=True)
    )
