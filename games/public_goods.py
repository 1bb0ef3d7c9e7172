"""Linear public goods game, or voluntary contribution mechanism.

Each of n players holds an endowment e and contributes cᵢ ∈ [0, e]; the contributions are multiplied by m and shared
equally, so that πᵢ = e − cᵢ + (m/n) Σⱼ cⱼ (Isaac & Walker 1988, Quarterly Journal of Economics 103, 179–199; Ledyard
1995). It is a dilemma when the marginal per-capita return m/n lies between 1/n and 1: each point contributed costs its
giver 1 − m/n and gains the group m − 1. The defaults are those of Herrmann, Thöni & Gächter (2008, Science 319,
1362–1367) without punishment: groups of 4, endowment 20, marginal return 0.4, 10 rounds.

Cooperation of an act is the share of the endowment contributed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, whole
from games.types import Allocation, Answer, Choice, Decision, Experience, Option, Outcome, answered


def payoffs(contributions: ArrayLike, endowment: float, multiplier: float) -> NDArray[np.float64]:
    """Points of each player: πᵢ = e − cᵢ + (m/n) Σⱼ cⱼ.

    contributions: points, shape (…, n) over the players of a group. Returns the same shape.
    """
    given = np.asarray(contributions, dtype=np.float64)
    shares: NDArray[np.float64] = endowment - given + multiplier * given.mean(axis=-1, keepdims=True)
    return shares


@dataclass(frozen=True, slots=True)
class State:
    """round: the round now pending, from 1.

    contributions: of the last resolved round, by seat; None before any.
    lived: by seat, the experiences of all resolved rounds, oldest first.
    """

    round: int = 1
    contributions: tuple[int, ...] | None = None
    lived: tuple[tuple[Experience, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PublicGoods:
    """The linear public goods game.

    players: group size n.  endowment: whole points of each player in each round.  multiplier: m, above 0; the marginal
    per-capita return is m/n.  step: contributions on offer are 0, step, 2·step … up to the endowment.  rounds: length.

    Raises SettingError for a size, endowment, multiplier, step or number of rounds out of range.
    """

    players: int = 4
    endowment: int = 20
    multiplier: float = 1.6
    step: int = 1
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        whole(self.name, "endowment", self.endowment, 1)
        above(self.name, "multiplier", self.multiplier, 0)
        whole(self.name, "step", self.step, 1)
        whole(self.name, "rounds", self.rounds, 1)
        if self.endowment % self.step:
            raise SettingError(f"{self.name}: step={self.step} must divide the endowment of {self.endowment}")

    @property
    def name(self) -> str:
        """The game's name in tables."""
        return "public_goods"

    def start(self, seed: int, first: int = 1) -> State:
        """The state before round `first`; the rules hold no chance, so the seed is not used."""
        del seed
        return State(first, lived=((),) * self.players)

    def decisions(self, state: State) -> tuple[Decision, ...]:
        """Every player's contribution decision of the pending round; none when the play is over."""
        if state.round > self.rounds:
            return ()
        facts = {
            "players": self.players,
            "others": self.players - 1,
            "endowment": self.endowment,
            "multiplier": self.multiplier,
            "marginal_return": self.multiplier / self.players,
            "step": self.step,
            "round": state.round,
            "rounds": self.rounds,
        }
        return tuple(
            Decision(
                self.name,
                seat,
                self._options(self._believed(state, seat)),
                facts=facts,
                stage="contribute",
                round=state.round,
                others=self.players - 1,
                answer=Answer.AMOUNT,
                past=state.lived[seat],
            )
            for seat in range(self.players)
        )

    def resolve(self, state: State, choices: Mapping[tuple[int, int], Choice]) -> tuple[State, tuple[Outcome, ...]]:
        """Every player's points for the pending round. Raises ChoiceError unless all and only the players chose."""
        taken = answered(self.decisions(state), choices)
        contributions = tuple(int(taken[seat, 0].act) for seat in range(self.players))
        new = [self._experience(state.round, contributions, seat) for seat in range(self.players)]
        lived = tuple((*before, one) for before, one in zip(state.lived, new, strict=True))
        outcomes = tuple(Outcome(seat, state.round, one.stage, one.payoff, one) for seat, one in enumerate(new))
        return State(state.round + 1, contributions, lived), outcomes

    def void(self, state: State) -> State:
        """The next round; the void one leaves no contributions and no experience."""
        return replace(state, round=state.round + 1)

    def _believed(self, state: State, seat: int) -> float:
        """The others' contributions together that allocations hold fixed: their last act; before any, the midpoint."""
        if state.contributions is not None:
            return sum(state.contributions) - state.contributions[seat]
        return (self.players - 1) * self.endowment / 2

    def _options(self, believed: float) -> tuple[Option, ...]:
        others = self.players - 1
        options = []
        for own in range(0, self.endowment + 1, self.step):
            share = self.multiplier / self.players * (own + believed)
            allocation = Allocation(self.endowment - own + share, others * (self.endowment + share) - believed)
            options.append(Option(own, allocation, own / self.endowment))
        return tuple(options)

    def _experience(self, number: int, contributions: tuple[int, ...], seat: int) -> Experience:
        points = float(payoffs(contributions, self.endowment, self.multiplier)[seat])
        others = tuple(c for index, c in enumerate(contributions) if index != seat)
        return Experience(
            self.name,
            "contribute",
            number,
            contributions[seat] / self.endowment,
            tuple(c / self.endowment for c in others),
            points,
            {"contribution": contributions[seat], "others_contributions": others, "payoff": points},
        )
