"""Nash demand game, or divide the dollar: both name what they want, and get it if there is enough.

Two players demand dᵢ ∈ [0, s] of a sum s at once. If d₁ + d₂ ≤ s each receives its demand, otherwise both receive
nothing (Nash 1953, Econometrica 21, 128–140). Every exact division is an equilibrium, the equal one a symmetric one;
another is that both demand all, where asking for less would bring nothing either.

Cooperation of an act is 1 for a demand of at most half, falling linearly to 0 for demanding all.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import stepped, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json


def payoffs(demands: ArrayLike, total: float) -> NDArray[np.float64]:
    """Points of each player: its demand where all demands together are at most the sum, otherwise 0.

    demands: points, shape (…, n) over the players. Returns the same shape.
    """
    asked = np.asarray(demands, dtype=np.float64)
    points: NDArray[np.float64] = np.where(asked.sum(axis=-1, keepdims=True) <= total, asked, 0.0)
    return points


@dataclass(frozen=True, slots=True)
class NashDemand(Simultaneous):
    """The Nash demand game for two.

    total: s, whole points.  step: demands on offer are 0, step, 2·step … up to the sum.  rounds: length.
    Raises SettingError for a setting out of range.
    """

    STAGE: ClassVar[str] = "demand"

    name: str = field(default="nash_demand", init=False)
    players: int = field(default=2, init=False)
    total: int = 100
    step: int = 5
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "total", self.total, 2)
        stepped(self.name, "the sum", self.total, self.step)
        whole(self.name, "rounds", self.rounds, 1)

    @property
    def menu(self) -> tuple[Act, ...]:
        """Demands in points."""
        return tuple(range(0, self.total + 1, self.step))

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Both players' points; acts: demands, shape (…, 2)."""
        return payoffs(acts, self.total)

    def cooperation(self, act: Act) -> float:
        """1 up to half of the sum, falling to 0 for all of it."""
        return min(1.0, 2 * (self.total - int(act)) / self.total)

    def told(self, seat: int) -> dict[str, Json]:
        """The rules' numbers, the same for all."""
        del seat
        return {"total": self.total, "step": self.step}
