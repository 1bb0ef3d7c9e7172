"""What all games of the catalogue share: rounds of one or more stages, seats, and what each player has lived.

A game says whom it asks in which stage (`ask`), and what a round brings once its last stage is played (`settle`). The
state is one immutable value for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from games.errors import ChoiceError
from games.types import Answer, Choice, Decision, Experience, Json, Option, Outcome, answered
from games.yardsticks import Yardsticks

type Act = int | str
type Stage = tuple[tuple[int, int, Act], ...]
"""What was done in one stage: (player, item, act), by player and item."""


@dataclass(frozen=True, slots=True)
class State:
    """seed: of all chance in the play.  round: the round now pending, from 1.

    taken: the stages of this round that are played.  last: all stages of the last settled round, () before any.
    held: what the game carries from round to round, such as a stock.
    lived: by seat, the experiences of all settled rounds, oldest first.
    """

    seed: int
    round: int = 1
    taken: tuple[Stage, ...] = ()
    last: tuple[Stage, ...] = ()
    held: tuple[float, ...] = ()
    lived: tuple[tuple[Experience, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Lived:
    """What one player lived in a round: points earned, and the rest as `Experience` has it."""

    stage: str
    own: float | None
    others: tuple[float, ...]
    points: float
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a round brought: what each player lived, by seat, and what the game carries on."""

    lived: tuple[Lived, ...]
    held: tuple[float, ...] = ()


class Rounds(ABC):
    """A game of rounds.

    name: in tables.  players: how many sit at the table.  rounds: how many a play has at the most.
    CARRIES: whether something besides memory passes from round to round, so that a group must stay together.
    """

    __slots__ = ()
    CARRIES: ClassVar[bool] = False
    name: str
    players: int
    rounds: int

    @abstractmethod
    def ask(self, state: State) -> tuple[Decision, ...]:
        """All decisions of the stage now pending, in a round that is not beyond the last; () if the play is over."""

    @abstractmethod
    def settle(self, state: State) -> Settled | None:
        """What the round brought, the stages in `state.taken` being played; None if another stage is to come."""

    @abstractmethod
    def yardsticks(self) -> Yardsticks:
        """What theory says of the game with these parameters."""

    def constant_sum(self) -> float | None:
        """Points of all together in every round, where no act makes or destroys any; None elsewhere."""
        return None

    def opening(self) -> tuple[float, ...]:
        """What the game holds before its first round."""
        return ()

    def passed(self, state: State) -> tuple[float, ...]:
        """What the game holds after a round that brought nothing, because a reply failed."""
        return state.held

    def start(self, seed: int, first: int = 1) -> State:
        """The state before round `first`; the rounds before it were not played at this table."""
        return State(seed, first, held=self.opening(), lived=((),) * self.players)

    def others(self, seat: int) -> tuple[int, ...]:
        """The seats of all others."""
        return tuple(other for other in range(self.players) if other != seat)

    def asked(
        self,
        state: State,
        seat: int,
        stage: str,
        options: tuple[Option, ...],
        facts: Mapping[str, Json],
        *,
        answer: Answer = Answer.AMOUNT,
        item: int = 0,
        others: int | None = None,
    ) -> Decision:
        """A decision of the pending round; others: how many the `other` points are summed over, None for all."""
        return Decision(
            self.name,
            seat,
            options,
            facts={"players": self.players, **facts, "round": state.round, "rounds": self.rounds},
            stage=stage,
            round=state.round,
            item=item,
            others=self.players - 1 if others is None else others,
            answer=answer,
            past=state.lived[seat],
        )

    def decisions(self, state: State) -> tuple[Decision, ...]:
        """All decisions pending now; none when the play is over."""
        return self.ask(state) if state.round <= self.rounds else ()

    def resolve(self, state: State, choices: Mapping[tuple[int, int], Choice]) -> tuple[State, tuple[Outcome, ...]]:
        """The next state, and everybody's outcome once the round is settled.

        Raises ChoiceError unless the choices answer exactly what is pending, or when the play is over.
        """
        pending = self.decisions(state)
        if not pending:
            raise ChoiceError(f"{self.name}: the play is over; nothing is asked any more")
        options = answered(pending, choices)
        stage = tuple((player, item, option.act) for (player, item), option in sorted(options.items()))
        state = replace(state, taken=(*state.taken, stage))
        settled = self.settle(state)
        if settled is None:
            return state, ()
        new = tuple(
            Experience(
                self.name, one.stage, state.round, one.own, one.others, one.points, {**one.facts, "payoff": one.points}
            )
            for one in settled.lived
        )
        lived = tuple((*before, one) for before, one in zip(state.lived, new, strict=True))
        outcomes = tuple(Outcome(seat, state.round, one.stage, one.payoff, one) for seat, one in enumerate(new))
        return State(state.seed, state.round + 1, (), state.taken, settled.held, lived), outcomes

    def blind(self, state: State) -> State:
        """The state as known to who saw nothing of earlier rounds: what options bring then rests on no past act."""
        return replace(state, last=(), lived=((),) * self.players)

    def void(self, state: State) -> State:
        """The next round; the void one leaves no experience."""
        return replace(state, round=state.round + 1, taken=(), held=self.passed(state))


def act_of(stage: Stage, player: int, item: int = 0) -> Act:
    """What a player did in a stage. Raises KeyError if it did nothing there."""
    for who, what, act in stage:
        if (who, what) == (player, item):
            return act
    raise KeyError((player, item))
