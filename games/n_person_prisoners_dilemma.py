"""N-person prisoner's dilemma: cooperating costs who does it and benefits everybody.

With k cooperators among n players, everybody receives b·k/n, and a cooperator pays c: π_C = b·k/n − c, π_D = b·k/n,
with b/n < c < b, so that defection is always better for oneself and cooperation of all is better for all (Hamburger
1973, Journal of Mathematical Sociology 3, 27–48; Schelling 1973, Journal of Conflict Resolution 17, 381–428).

Cooperation of an act is 1 for cooperating, 0 for defecting.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json


def payoffs(cooperators: ArrayLike, benefit: float, cost: float) -> NDArray[np.float64]:
    """Points of each player: b·k/n, less c for who cooperates.

    cooperators: 1 for who cooperates, 0 for who does not, shape (…, n) over the group. Returns the same shape.
    """
    acts = np.asarray(cooperators, dtype=np.float64)
    points: NDArray[np.float64] = benefit * acts.mean(axis=-1, keepdims=True) - cost * acts
    return points


@dataclass(frozen=True, slots=True)
class NPersonPrisonersDilemma(Simultaneous):
    """The n-person prisoner's dilemma.

    players: group size n.  benefit: b, points that one cooperator makes, divided equally among all.
    cost: c, points that cooperating costs.  rounds: length.
    Raises SettingError for a setting out of range, or where cooperating or defecting is best for everybody alike.
    """

    name: str = field(default="n_person_prisoners_dilemma", init=False)
    players: int = 5
    benefit: float = 20
    cost: float = 10
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        above(self.name, "benefit", self.benefit, 0)
        above(self.name, "cost", self.cost, 0)
        whole(self.name, "rounds", self.rounds, 1)
        if not self.benefit / self.players < self.cost < self.benefit:
            raise SettingError(
                f"{self.name}: cost={self.cost} must lie between benefit/players = {self.benefit / self.players:g} and "
                f"benefit = {self.benefit:g}; otherwise there is no dilemma"
            )

    @property
    def menu(self) -> tuple[Act, ...]:
        """To defect, or to cooperate."""
        return ("cooperate", "defect")

    def number(self, act: Act) -> float:
        """1 for cooperating, whatever its place on the menu."""
        return float(act == "cooperate")

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Everybody's points; acts: 1 for who cooperates, shape (…, n)."""
        return payoffs(acts, self.benefit, self.cost)

    def cooperation(self, act: Act) -> float:
        """1 for cooperating."""
        return float(act == "cooperate")

    def told(self, seat: int) -> dict[str, Json]:
        """The rules' numbers, the same for all."""
        del seat
        return {
            "others": self.players - 1,
            "benefit": self.benefit,
            "share": self.benefit / self.players,
            "cost": self.cost,
        }
