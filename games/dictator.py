"""Dictator game: one player divides an endowment, the other receives.

A gift of g points from an endowment e leaves the dictator e − g and brings the recipient g · m, where m, the
multiplier, is the inverse price of giving (Forsythe et al. 1994, Games and Economic Behavior 6, 347–369; prices of
giving: Andreoni & Miller 2002, Econometrica 70, 737–753). Seats alternate as dictator from round to round.

Cooperation of an act is the share of the endowment given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from games.errors import SettingError, above, whole
from games.types import Allocation, Answer, Choice, Decision, Experience, Option, Outcome, answered


@dataclass(frozen=True, slots=True)
class State:
    """round: the round now pending, from 1.  past: (seat 0's, seat 1's) experience of each earlier round."""

    round: int = 1
    past: tuple[tuple[Experience, Experience], ...] = ()


@dataclass(frozen=True, slots=True)
class Dictator:
    """The dictator game for two.

    endowment: whole points to divide.  multiplier: points received for each point given.
    step: gifts on offer are 0, step, 2·step … up to the endowment.  rounds: seat 0 gives in odd rounds, seat 1 in even.

    Raises SettingError for an endowment, multiplier, step or number of rounds out of range.
    """

    endowment: int = 10
    multiplier: float = 1.0
    step: int = 1
    rounds: int = 2

    def __post_init__(self) -> None:
        whole(self.name, "endowment", self.endowment, 1)
        above(self.name, "multiplier", self.multiplier, 0)
        whole(self.name, "step", self.step, 1)
        whole(self.name, "rounds", self.rounds, 1)
        if self.endowment % self.step:
            raise SettingError(f"{self.name}: step={self.step} must divide the endowment of {self.endowment}")

    @property
    def name(self) -> str:
        """The game's name in tables."""
        return "dictator"

    @property
    def players(self) -> int:
        """Two: the dictator and the recipient."""
        return 2

    def start(self, seed: int, first: int = 1) -> State:
        """The state before round `first`; the rules hold no chance, so the seed is not used."""
        del seed
        return State(first)

    def decisions(self, state: State) -> tuple[Decision, ...]:
        """The dictator's decision of the pending round; none when the play is over."""
        if state.round > self.rounds:
            return ()
        giver = (state.round - 1) % 2
        options = tuple(
            Option(gift, Allocation(self.endowment - gift, gift * self.multiplier), gift / self.endowment)
            for gift in range(0, self.endowment + 1, self.step)
        )
        facts = {
            "endowment": self.endowment,
            "multiplier": self.multiplier,
            "step": self.step,
            "round": state.round,
            "rounds": self.rounds,
        }
        past = tuple(pair[giver] for pair in state.past)
        return (
            Decision(
                self.name,
                giver,
                options,
                facts=facts,
                stage="give",
                round=state.round,
                answer=Answer.AMOUNT,
                past=past,
            ),
        )

    def resolve(self, state: State, choices: Mapping[tuple[int, int], Choice]) -> tuple[State, tuple[Outcome, ...]]:
        """Both players' points for the pending round. Raises ChoiceError unless exactly the dictator chose."""
        pending = self.decisions(state)
        taken = answered(pending, choices)
        giver = pending[0].player
        option = taken[pending[0].key]
        gift, brought = option.act, option.allocation
        given = option.cooperation
        shares = (given,) if given is not None else ()
        told = {"given": gift, "received": brought.other, "endowment": self.endowment}
        as_giver = Experience(self.name, "give", state.round, given, (), brought.own, told)
        as_receiver = Experience(self.name, "receive", state.round, None, shares, brought.other, told)
        lived = (as_giver, as_receiver) if giver == 0 else (as_receiver, as_giver)
        outcomes = tuple(Outcome(seat, state.round, one.stage, one.payoff, one) for seat, one in enumerate(lived))
        return State(state.round + 1, (*state.past, lived)), outcomes

    def void(self, state: State) -> State:
        """The next round; the void one leaves no experience."""
        return replace(state, round=state.round + 1)
