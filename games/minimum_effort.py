"""Minimum effort game, or weakest link: what all achieve depends on who does least.

Each of n players chooses an effort eᵢ ∈ {1 … E}: πᵢ = a · minⱼ eⱼ − b · eᵢ + c, with a > b > 0 (Van Huyck, Battalio &
Beil 1990, American Economic Review 80, 234–248). Everybody at the same effort is an equilibrium, whichever it is, and
the highest is best for all. The defaults are theirs in cents: a = 20, b = 10, c = 60, efforts 1 to 7.

Cooperation of an act is the share of the way from the lowest to the highest effort.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json


def payoffs(efforts: ArrayLike, gain: float, cost: float, base: float) -> NDArray[np.float64]:
    """Points of each player: a · minⱼ eⱼ − b · eᵢ + c.

    efforts: shape (…, n) over the players of a group. Returns the same shape.
    """
    chosen = np.asarray(efforts, dtype=np.float64)
    points: NDArray[np.float64] = gain * chosen.min(axis=-1, keepdims=True) - cost * chosen + base
    return points


@dataclass(frozen=True, slots=True)
class MinimumEffort(Simultaneous):
    """The minimum effort game.

    players: group size n.  efforts: E, the highest effort.  gain: a, points to each for a step of the minimum.
    cost: b, points for a step of one's own effort, below a.  base: c, points.  rounds: length.
    Raises SettingError for a setting out of range.
    """

    STAGE: ClassVar[str] = "effort"

    name: str = field(default="minimum_effort", init=False)
    players: int = 4
    efforts: int = 7
    gain: float = 20
    cost: float = 10
    base: float = 60
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        whole(self.name, "efforts", self.efforts, 2)
        above(self.name, "cost", self.cost, 0)
        above(self.name, "gain", self.gain, 0)
        above(self.name, "base", self.base, float("-inf"))
        whole(self.name, "rounds", self.rounds, 1)
        if self.gain <= self.cost:
            raise SettingError(f"{self.name}: gain={self.gain} must be above the cost of {self.cost}")

    @property
    def menu(self) -> tuple[Act, ...]:
        """Efforts from 1."""
        return tuple(range(1, self.efforts + 1))

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Everybody's points; acts: efforts, shape (…, n)."""
        return payoffs(acts, self.gain, self.cost, self.base)

    def cooperation(self, act: Act) -> float:
        """The share of the way from the lowest to the highest effort."""
        return (int(act) - 1) / (self.efforts - 1)

    def told(self, seat: int) -> dict[str, Json]:
        """The rules' numbers, the same for all."""
        del seat
        return {
            "others": self.players - 1,
            "efforts": self.efforts,
            "gain": self.gain,
            "cost": self.cost,
            "base": self.base,
        }
