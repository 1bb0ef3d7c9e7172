"""Dictator game: one player divides an endowment, the other receives.

A gift of g points from an endowment e leaves the dictator e − g and brings the recipient g · m, where m, the
multiplier, is the inverse price of giving (Forsythe et al. 1994, Games and Economic Behavior 6, 347–369; prices of
giving: Andreoni & Miller 2002, Econometrica 70, 737–753).

Cooperation of an act is the share of the endowment given.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import above, flag, stepped, whole
from games.roles import Roles
from games.rounds import Lived, Settled, State, act_of
from games.types import Allocation, Decision, Option


def payoffs(gifts: ArrayLike, endowment: float, multiplier: float) -> NDArray[np.float64]:
    """Points of the dictator and the recipient: e − g and g · m.

    gifts: points, any shape. Returns that shape with a last axis of two.
    """
    given = np.asarray(gifts, dtype=np.float64)
    return np.stack([endowment - given, given * multiplier], axis=-1)


@dataclass(frozen=True, slots=True)
class Dictator(Roles):
    """The dictator game for two.

    endowment: whole points to divide.  multiplier: points received for each point given, above 0.
    step: gifts on offer are 0, step, 2·step … up to the endowment.  rounds: length.
    rotate: whether the seats take turns as dictator; otherwise seat 0 gives in all rounds.

    Raises SettingError for a setting out of range.
    """

    ROLES: ClassVar[tuple[str, ...]] = ("dictator", "recipient")

    name: str = field(default="dictator", init=False)
    players: int = field(default=2, init=False)
    endowment: int = 10
    multiplier: float = 1.0
    step: int = 1
    rounds: int = 2
    rotate: bool = True

    def __post_init__(self) -> None:
        whole(self.name, "endowment", self.endowment, 1)
        above(self.name, "multiplier", self.multiplier, 0)
        stepped(self.name, "the endowment", self.endowment, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        flag(self.name, "rotate", self.rotate)

    def constant_sum(self) -> float | None:
        """The endowment, where a point given is a point received."""
        return float(self.endowment) if self.multiplier == 1 else None

    def ask(self, state: State) -> tuple[Decision, ...]:
        """The dictator's gift."""
        gifts = range(0, self.endowment + 1, self.step)
        options = tuple(
            Option(gift, Allocation(own, other), gift / self.endowment)
            for gift, (own, other) in zip(gifts, payoffs(gifts, self.endowment, self.multiplier).tolist(), strict=True)
        )
        facts = {"endowment": self.endowment, "multiplier": self.multiplier, "step": self.step}
        return (self.asked_of(state, "dictator", "give", options, facts),)

    def settle(self, state: State) -> Settled:
        """Both players' points."""
        gift = int(act_of(state.taken[0], self.seat("dictator", state.round)))
        kept, received = payoffs(gift, self.endowment, self.multiplier).tolist()
        share = gift / self.endowment
        facts = {"given": gift, "received": received, "endowment": self.endowment}
        lived = {
            "dictator": Lived("give", share, (), kept, facts),
            "recipient": Lived("receive", None, (share,), received, facts),
        }
        return Settled(self.by_seat(lived, state.round))
