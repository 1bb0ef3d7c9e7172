"""One call to a chat model: what is sent, and which draw of it this is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from langchain_core.messages import BaseMessage


class Mode(StrEnum):
    """Where replies come from."""

    LIVE = "live"
    """From the reply store; what it does not hold, from the model."""
    REPLAY = "replay"
    """From the reply store alone: no model is reached."""
    REFRESH = "refresh"
    """From the model, whatever the store holds; the new replies take the place of the old."""
    PEEK = "peek"
    """From the reply store; what it does not hold stays without a reply. For forecasts."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What tells a call from every other with the same words: two of them get independent replies.

    seed: of the run.  step: exchange of the induction's preparation from 1, 0 for the question itself.
    attempt: from 0; the same question asked again has the next.  The rest: as in `Decision` and `Occasion`.
    """

    seed: int
    participant: int
    phase: str
    repetition: int
    game: str
    stage: str
    round: int
    item: int
    step: int = 0
    attempt: int = 0

    def written(self) -> str:
        """As JSON, in the order of the fields."""
        when = (self.seed, self.participant, self.phase, self.repetition)
        return json.dumps([*when, self.game, self.stage, self.round, self.item, self.step, self.attempt])

    def told(self) -> str:
        """In words, for an error."""
        what = f"participant {self.participant}, {self.phase}, {self.game} {self.stage}, round {self.round}"
        what += f", item {self.item}, repetition {self.repetition}"
        what += f", preparation {self.step}" if self.step else ""
        return what + (f", attempt {self.attempt + 1}" if self.attempt else "")


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent.

    messages: the conversation so far.  cell: of the population, for the account.  metadata: travels with the call as
    LangChain run metadata.  arguments: further fields of the request, such as a JSON schema for the answer.
    """

    messages: Sequence[BaseMessage]
    draw: Draw
    cell: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
