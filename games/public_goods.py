"""Linear public goods game, or voluntary contribution mechanism.

Each of n players holds an endowment e and contributes cᵢ ∈ [0, e]; the contributions are multiplied by m and shared
equally, so that πᵢ = e − cᵢ + (m/n) Σⱼ cⱼ (Isaac & Walker 1988, Quarterly Journal of Economics 103, 179–199; Ledyard
1995, Handbook of Experimental Economics, ch. 2). The defaults are those of Herrmann, Thöni & Gächter (2008, Science
319, 1362–1367): groups of 4 for 10 periods, endowment 20, marginal per-capita return m/n = 0.4.

Cooperation of an act is the share of the endowment contributed.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import above, stepped, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json


def payoffs(contributions: ArrayLike, endowment: float, multiplier: float) -> NDArray[np.float64]:
    """Points of each player: πᵢ = e − cᵢ + (m/n) Σⱼ cⱼ.

    contributions: points, shape (…, n) over the players of a group. Returns the same shape.
    """
    given = np.asarray(contributions, dtype=np.float64)
    shares: NDArray[np.float64] = endowment - given + multiplier * given.mean(axis=-1, keepdims=True)
    return shares


@dataclass(frozen=True, slots=True)
class PublicGoods(Simultaneous):
    """The linear public goods game.

    players: group size n.  endowment: whole points of each player in each round.  multiplier: m, above 0; the marginal
    per-capita return is m/n.  step: contributions on offer are 0, step, 2·step … up to the endowment.  rounds: length.

    Raises SettingError for a size, endowment, multiplier, step or number of rounds out of range.
    """

    STAGE: ClassVar[str] = "contribute"

    name: str = field(default="public_goods", init=False)
    players: int = 4
    endowment: int = 20
    multiplier: float = 1.6
    step: int = 1
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        whole(self.name, "endowment", self.endowment, 1)
        above(self.name, "multiplier", self.multiplier, 0)
        stepped(self.name, "the endowment", self.endowment, self.step)
        whole(self.name, "rounds", self.rounds, 1)

    @property
    def menu(self) -> tuple[Act, ...]:
        """Contributions in points."""
        return tuple(range(0, self.endowment + 1, self.step))

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Everybody's points; acts: contributions, shape (…, n)."""
        return payoffs(acts, self.endowment, self.multiplier)

    def cooperation(self, act: Act) -> float:
        """The share of the endowment contributed."""
        return int(act) / self.endowment

    def told(self, seat: int) -> dict[str, Json]:
        """The rules' numbers, the same for all."""
        del seat
        return {
            "others": self.players - 1,
            "endowment": self.endowment,
            "multiplier": self.multiplier,
            "marginal_return": self.multiplier / self.players,
            "step": self.step,
        }
