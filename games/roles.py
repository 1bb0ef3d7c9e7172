"""Games in which seats have parts of their own and act one after the other: a proposer and a responder, for example."""

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from games.enumeration import ideal_acts, sequence
from games.rounds import Rounds, State
from games.types import Answer, Decision, Json, Option
from games.yardsticks import Yardsticks


class Roles(Rounds):
    """A game of parts.

    ROLES: the parts, in the order of the seats.  rotate: whether they move one seat on in every round.
    """

    __slots__ = ()
    ROLES: ClassVar[tuple[str, ...]]
    rotate: bool

    def seat(self, role: str, number: int) -> int:
        """Who has a part in a round, counted from 1."""
        place = self.ROLES.index(role)
        return (place + number - 1) % len(self.ROLES) if self.rotate else place

    def by_seat[T](self, values: Mapping[str, T], number: int) -> tuple[T, ...]:
        """Values of the parts in the order of the seats."""
        by = {self.seat(role, number): value for role, value in values.items()}
        return tuple(by[seat] for seat in range(len(self.ROLES)))

    def yardsticks(self) -> Yardsticks:
        """By backward induction over one round."""
        return _yardsticks(self)

    def asked_of(
        self,
        state: State,
        role: str,
        stage: str,
        options: tuple[Option, ...],
        facts: Mapping[str, Json],
        answer: Answer = Answer.AMOUNT,
    ) -> Decision:
        """The decision of a part in a stage."""
        told = {**facts, "rotate": self.rotate}
        return self.asked(state, self.seat(role, state.round), stage, options, told, answer=answer)


@lru_cache(maxsize=64)
def _yardsticks(game: Roles) -> Yardsticks:
    perfect, optimum, least, most = sequence(game)
    concept = "subgame-perfect equilibria for players who want points"
    return Yardsticks("round", concept, perfect, optimum, least, most, ideal_acts(game))
