"""Volunteer's dilemma: one volunteer is enough, and volunteering costs.

A player who volunteers gets b − c; one who does not gets b if anybody else volunteers, and 0 otherwise, with b > c > 0
(Diekmann 1985, Journal of Conflict Resolution 29, 605–610). In the symmetric equilibrium everybody volunteers with the
probability 1 − (c/b)^(1/(n−1)).

Cooperation of an act is 1 for volunteering, 0 for waiting.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json


def payoffs(volunteers: ArrayLike, benefit: float, cost: float) -> NDArray[np.float64]:
    """Points of each player: b if anybody volunteers, less c for who does.

    volunteers: 1 for who volunteers, 0 for who does not, shape (…, n) over the group. Returns the same shape.
    """
    acts = np.asarray(volunteers, dtype=np.float64)
    points: NDArray[np.float64] = benefit * (acts.max(axis=-1, keepdims=True) > 0) - cost * acts
    return points


@dataclass(frozen=True, slots=True)
class Volunteer(Simultaneous):
    """The volunteer's dilemma.

    players: group size n.  benefit: b in points.  cost: c in points.  rounds: length.
    Raises SettingError for a setting out of range, or a benefit that is not above the cost.
    """

    name: str = field(default="volunteer", init=False)
    players: int = 4
    benefit: float = 20
    cost: float = 10
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        above(self.name, "cost", self.cost, 0)
        above(self.name, "benefit", self.benefit, 0)
        whole(self.name, "rounds", self.rounds, 1)
        if self.benefit <= self.cost:
            raise SettingError(f"{self.name}: benefit={self.benefit} must be above the cost of {self.cost}")

    @property
    def menu(self) -> tuple[Act, ...]:
        """To volunteer, or to wait."""
        return ("volunteer", "wait")

    def number(self, act: Act) -> float:
        """1 for volunteering, whatever its place on the menu."""
        return float(act == "volunteer")

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Everybody's points; acts: 1 for who volunteers, shape (…, n)."""
        return payoffs(acts, self.benefit, self.cost)

    def cooperation(self, act: Act) -> float:
        """1 for volunteering."""
        return float(act == "volunteer")

    def told(self, seat: int) -> dict[str, Json]:
        """The rules' numbers, the same for all."""
        del seat
        return {"benefit": self.benefit, "cost": self.cost}
