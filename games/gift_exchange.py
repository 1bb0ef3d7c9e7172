"""Gift exchange game: an employer pays a wage in advance, and the worker chooses how hard to work.

The employer offers a wage w; the worker chooses an effort of 1 to 10 tenths. The employer receives (v − w) ·
effort/10, the worker w − c₀ − m(effort), with a cost of effort m that rises ever faster (Fehr, Kirchsteiger & Riedl
1993, Quarterly Journal of Economics 108, 437–459, whose numbers are the defaults: v = 126, c₀ = 26, m = 0, 1, 2, 4,
6, 8, 10, 12, 15, 18, wages from 30 in steps of 5). A worker who wants points chooses the least effort, so an employer
who does pays the lowest wage; people answer high wages with effort.

Cooperation of a wage is the share of the way from the lowest to the highest, of an effort the same. What a wage is
said to bring rests on the effort that the worker in question chose last at this table, and on the middle effort
before any.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, flag, stepped, whole
from games.roles import Roles
from games.rounds import Lived, Settled, State, act_of
from games.types import Allocation, Decision, Json, Option

EFFORTS = tuple(range(1, 11))
"""Efforts in tenths."""
COSTS = (0, 1, 2, 4, 6, 8, 10, 12, 15, 18)
"""Points that each effort costs the worker (Fehr, Kirchsteiger & Riedl 1993)."""


def payoffs(wages: ArrayLike, efforts: ArrayLike, value: float, fixed: float) -> NDArray[np.float64]:
    """Points of the employer and the worker: (v − w) · effort/10 and w − c₀ − m(effort).

    wages: points; efforts: in tenths, 1 to 10, between two of which the cost is interpolated; of shapes that broadcast.
    Returns that shape with a last axis of two.
    """
    wage, effort = np.broadcast_arrays(np.asarray(wages, dtype=np.float64), np.asarray(efforts, dtype=np.float64))
    return np.stack([(value - wage) * effort / 10, wage - fixed - np.interp(effort, EFFORTS, COSTS)], axis=-1)


@dataclass(frozen=True, slots=True)
class GiftExchange(Roles):
    """The gift exchange game, one employer with one worker.

    value: v, whole points.  fixed: c₀, points.  lowest: the lowest wage.  highest: the highest.  step: between wages.
    rounds: length.  rotate: whether the seats take turns as employer; otherwise seat 0 employs in all rounds.

    Raises SettingError for a setting out of range.
    """

    ROLES: ClassVar[tuple[str, ...]] = ("employer", "worker")

    name: str = field(default="gift_exchange", init=False)
    players: int = field(default=2, init=False)
    value: int = 126
    fixed: float = 26
    lowest: int = 30
    highest: int = 125
    step: int = 5
    rounds: int = 2
    rotate: bool = True

    def __post_init__(self) -> None:
        whole(self.name, "value", self.value, 1)
        above(self.name, "fixed", self.fixed, float("-inf"))
        if self.fixed < 0:
            raise SettingError(f"{self.name}: fixed={self.fixed} must be a number of at least 0")
        whole(self.name, "lowest", self.lowest, 0)
        whole(self.name, "highest", self.highest, 1)
        if self.highest <= self.lowest:
            raise SettingError(f"{self.name}: highest={self.highest} must be above the lowest wage of {self.lowest}")
        stepped(self.name, "the range of wages", self.highest - self.lowest, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        flag(self.name, "rotate", self.rotate)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """The employer's wage, then the worker's effort for it."""
        facts: dict[str, Json] = {
            "value": self.value,
            "fixed": self.fixed,
            "lowest": self.lowest,
            "highest": self.highest,
            "wage_step": self.step,
            "costs": COSTS,
        }
        if not state.taken:
            wages = np.arange(self.lowest, self.highest + 1, self.step)
            points = payoffs(wages, self._effort_last(state), self.value, self.fixed).tolist()
            options = tuple(
                Option(w, Allocation(own, other), self._generosity(w))
                for w, (own, other) in zip(wages.tolist(), points, strict=True)
            )
            return (self.asked_of(state, "employer", "wage", options, facts),)
        wage = self._wage(state)
        points = payoffs(wage, EFFORTS, self.value, self.fixed).tolist()
        options = tuple(
            Option(effort, Allocation(own, other), (effort - 1) / 9)
            for effort, (other, own) in zip(EFFORTS, points, strict=True)
        )
        return (self.asked_of(state, "worker", "effort", options, {**facts, "wage": wage}),)

    def settle(self, state: State) -> Settled | None:
        """Both players' points, once the worker has chosen."""
        if len(state.taken) == 1:
            return None
        wage, effort = self._wage(state), int(act_of(state.taken[1], self.seat("worker", state.round)))
        first, second = payoffs(wage, effort, self.value, self.fixed).tolist()
        paid, worked = self._generosity(wage), (effort - 1) / 9
        lived = {
            "employer": Lived("wage", paid, (worked,), first, {"wage": wage, "others_effort": effort}),
            "worker": Lived("effort", worked, (paid,), second, {"others_wage": wage, "effort": effort}),
        }
        return Settled(self.by_seat(lived, state.round))

    def _wage(self, state: State) -> int:
        return int(act_of(state.taken[0], self.seat("employer", state.round)))

    def _generosity(self, wage: int) -> float:
        return (wage - self.lowest) / (self.highest - self.lowest)

    def _effort_last(self, state: State) -> float:
        worker = self.seat("worker", state.round)
        efforts = [one.own for one in state.lived[worker] if one.stage == "effort" and one.own is not None]
        return 1 + 9 * efforts[-1] if efforts else (EFFORTS[0] + EFFORTS[-1]) / 2
