"""Threshold public goods game, or provision point mechanism: the good is there for all once enough is given.

Each of n players holds an endowment e and contributes cᵢ ∈ [0, e]. If Σⱼ cⱼ reaches the threshold T, everybody
receives v: πᵢ = e − cᵢ + v. Otherwise nobody does, and contributions are lost, or given back under a money-back
guarantee (Isaac, Schmidtz & Walker 1989, Public Choice 62, 217–236; van de Kragt, Orbell & Dawes 1983, American
Political Science Review 77, 112–122). What is given beyond the threshold is lost. The defaults are after Marks &
Croson (1998, Journal of Public Economics 67, 195–220): groups of 5, endowment 55, threshold 125, value 50,
contributions that do not reach the threshold given back.

Cooperation of an act is the share of the endowment contributed.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, flag, stepped, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json


def payoffs(
    contributions: ArrayLike, endowment: float, threshold: float, value: float, *, refund: bool = False
) -> NDArray[np.float64]:
    """Points of each player: e − cᵢ + v where the contributions reach the threshold, else e − cᵢ, or e with refund.

    contributions: points, shape (…, n) over the players of a group. Returns the same shape.
    """
    given = np.asarray(contributions, dtype=np.float64)
    reached = given.sum(axis=-1, keepdims=True) >= threshold
    kept = np.where(reached | (not refund), endowment - given, np.float64(endowment))
    return np.asarray(kept + value * reached, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ThresholdPublicGoods(Simultaneous):
    """The threshold public goods game.

    players: group size n.  endowment: whole points of each player in each round.  threshold: T, points in all.
    value: v, points to each player once it is reached.  refund: whether contributions that do not reach it are given
    back.  step: contributions on offer are 0, step, 2·step … up to the endowment.  rounds: length.

    Raises SettingError for a setting out of range, or a threshold above what the group has.
    """

    STAGE: ClassVar[str] = "contribute"

    name: str = field(default="public_goods_threshold", init=False)
    players: int = 5
    endowment: int = 55
    threshold: int = 125
    value: int = 50
    refund: bool = True
    step: int = 5
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        whole(self.name, "endowment", self.endowment, 1)
        whole(self.name, "threshold", self.threshold, 1)
        above(self.name, "value", self.value, 0)
        stepped(self.name, "the endowment", self.endowment, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        if self.threshold > self.players * self.endowment:
            most = self.players * self.endowment
            raise SettingError(f"{self.name}: threshold={self.threshold} is above the {most} points that the group has")
        flag(self.name, "refund", self.refund)

    @property
    def menu(self) -> tuple[Act, ...]:
        """Contributions in points."""
        return tuple(range(0, self.endowment + 1, self.step))

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Everybody's points; acts: contributions, shape (…, n)."""
        return payoffs(acts, self.endowment, self.threshold, self.value, refund=self.refund)

    def cooperation(self, act: Act) -> float:
        """The share of the endowment contributed."""
        return int(act) / self.endowment

    def told(self, seat: int) -> dict[str, Json]:
        """The rules' numbers, the same for all."""
        del seat
        return {
            "others": self.players - 1,
            "endowment": self.endowment,
            "threshold": self.threshold,
            "value": self.value,
            "refund": self.refund,
            "step": self.step,
        }
