"""What an agent is made from: its place in the population, and, for a chat model, how it is addressed."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.gateway import Gateway
from agents.induction import Induction
from agents.wording import Framing
from games.svo import Orientation


@dataclass(frozen=True)
class Setting:
    """One agent's place.

    participant: number in the population, from 0.  orientation: the value to pursue, None for a rule that has none.
    seed: the run's seed.  gateway: gives the way to the chat model, for agents that ask one; only then is it made.
    induction, framing: how a chat model is addressed.
    cell: the population's cell.  reasks: how often a reply that cannot be read is asked for again, at the most.
    """

    participant: int
    orientation: Orientation | None
    seed: int
    gateway: Callable[[], Gateway]
    induction: Induction
    framing: Framing
    cell: str = ""
    reasks: int = 0
