"""What a society hands out: every decision that was put, and every administration that was scored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from games.types import Choice, Decision, Json, Layout, Occasion, Score
from sim.participant import Member
from sim.unanswered import Bounds


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision as it was put to a participant, and what came back.

    group: number of the group in its round, None for a measure.
    payoff, others_payoff: points that the participant and its co-players together earned in this stage; for a measure
    the chosen allocation; None where the choice failed, the round was void, or the stage is settled later. A stage with
    several items has the same points on each of their records; `Played` has each round's points once.
    bounded: whether the society bounds what a failed reply left open.
    carried_out: the option that took effect where noise replaced the chosen one; None where the choice itself did.
    """

    participant: int
    member: Member
    decision: Decision
    occasion: Occasion
    choice: Choice
    group: int | None
    payoff: float | None
    others_payoff: float | None
    bounded: bool = False
    carried_out: int | None = None

    @property
    def cooperation(self) -> float | None:
        """How cooperative the act was on [0, 1]; None for a failure, or where the game gives it no such reading."""
        if self.choice.option is None:
            return None
        return self.decision.options[self.choice.option].cooperation

    @property
    def open(self) -> tuple[int, ...]:
        """The options that the participant may have meant: the chosen one, or all where the reply failed."""
        return tuple(range(len(self.decision.options))) if self.choice.option is None else (self.choice.option,)

    def paid(self) -> "Asked":
        """The record with the points of the chosen allocation, as an item of a measure brings them at once."""
        if self.choice.option is None:
            return self
        brings = self.decision.options[self.choice.option].allocation
        return replace(self, payoff=brings.own, others_payoff=brings.other)


@dataclass(frozen=True, slots=True)
class Scored:
    """One administration of a measure to a participant, with the layout of its items."""

    participant: int
    member: Member
    measure: str
    occasion: Occasion
    score: Score
    layout: Layout | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """One participant's round: points earned, and cooperation of its act on [0, 1].

    payoff: None when the round was void.  cooperation: None when the participant had no act or its reply failed.
    left: whether the participant left the society in this round because its reply failed.
    bounds: between which values the round ended or would have ended; None where the society does not bound.
    carried_out: cooperation of the act that took effect, another than the chosen one where noise replaced it.
    facts: the round as the participant lived it, by the names of the game; None when the round was void.
    """

    participant: int
    member: Member
    game: str
    round: int
    group: int
    void: bool
    payoff: float | None
    cooperation: float | None
    left: bool = False
    bounds: Bounds | None = None
    carried_out: float | None = None
    facts: Mapping[str, Json] | None = None


type Record = Asked | Played | Scored
