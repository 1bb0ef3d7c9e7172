"""A participant: an agent's body in the society, and what it has lived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mesa

from games.types import Agent, Experience

if TYPE_CHECKING:
    from sim.society import Society


@dataclass(frozen=True)
class Member:
    """One place in the population.

    cell: the name of its cell.  orientation: the value it is given, "none" for a rule that pursues none.
    agent: who decides.
    """

    cell: str
    orientation: str
    agent: Agent


class Participant(mesa.Agent[Any]):
    """A member of the society.

    lived: its experiences in play, oldest first.  payoff: points of the last round, None before it, when void, or when
    it had no part in it.  cooperation: of its act in the last round on [0, 1], None when it had none.
    seat: its seat in the last group that it played in.
    left: whether it has left the society because a reply of its failed.
    """

    def __init__(self, model: Society, number: int, member: Member) -> None:
        super().__init__(model)
        self.number = number
        self.member = member
        self.orientation = member.orientation
        self.lived: list[Experience] = []
        self.payoff: float | None = None
        self.cooperation: float | None = None
        self.seat = 0
        self.left = False
