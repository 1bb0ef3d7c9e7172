"""What a society hands out: every decision that was put, and every administration that was scored."""

from dataclasses import dataclass

from games.types import Choice, Decision, Occasion, Score
from sim.participant import Member


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision as it was put to a participant, and what came back.

    group: number of the group in its round, None for a measure.
    payoff, others_payoff: points that the participant and its co-players together earned in this stage; for a measure
    the chosen allocation; None where the choice failed, the round was void, or the stage is settled later. A stage with
    several items has the same points on each of their records; `Played` has each round's points once.
    """

    participant: int
    member: Member
    decision: Decision
    occasion: Occasion
    choice: Choice
    group: int | None
    payoff: float | None
    others_payoff: float | None

    @property
    def cooperation(self) -> float | None:
        """How cooperative the act was on [0, 1]; None for a failure, or where the game gives it no such reading."""
        if self.choice.option is None:
            return None
        return self.decision.options[self.choice.option].cooperation


@dataclass(frozen=True, slots=True)
class Scored:
    """One administration of a measure to a participant."""

    participant: int
    member: Member
    measure: str
    occasion: Occasion
    score: Score


@dataclass(frozen=True, slots=True)
class Played:
    """One participant's round: points earned, and cooperation of its act on [0, 1].

    payoff: None when the round was void.  cooperation: None when the participant had no act or its reply failed.
    """

    participant: int
    member: Member
    game: str
    round: int
    group: int
    void: bool
    payoff: float | None
    cooperation: float | None


type Record = Asked | Played | Scored
