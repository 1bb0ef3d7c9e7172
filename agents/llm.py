"""An agent that asks a chat model, under an induction and in the words of a framing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.gateway import Received
from agents.parse import declines, parse, stopped
from agents.setting import Setting
from agents.wording import render
from games.errors import SettingError
from games.randomness import draw
from games.types import Choice, Decision, Failure, Occasion, Reply, as_json

METADATA = "commonweal"
"""The key of LangChain's run metadata under which a call says which decision of which participant it is."""


@dataclass
class _Conversation:
    """What has been said so far on one occasion, and the preparation's answers by name."""

    messages: list[BaseMessage]
    saved: dict[str, str] = field(default_factory=dict)
    prepared: bool = False
    failure: Failure | None = None
    # First come, first asked: the questions of one conversation have an order.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class _Taken:
    """What calls took together; None for tokens where the endpoint did not say."""

    calls: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None

    def plus(self, received: Received) -> "_Taken":
        return _Taken(
            self.calls + 1, _sum(self.tokens_in, received.tokens_in), _sum(self.tokens_out, received.tokens_out)
        )


class LLMAgent:
    """A chat model that was given an orientation by an induction.

    Raises SettingError when built without an orientation, or with a model that cannot be made.
    """

    kind = "llm"

    def __init__(self, setting: Setting) -> None:
        if setting.orientation is None:
            raise SettingError("agent llm needs an orientation; set it in the population's cell")
        self._gateway = setting.gateway()
        self._induced = setting.induction.worded(setting.orientation)
        self._orientation = setting.orientation
        self._framing = setting.framing
        self._participant = setting.participant
        self._identity = draw(setting.seed, "agents", setting.participant)
        self._conversations: dict[tuple[str, int], _Conversation] = {}

    @property
    def model(self) -> str:
        """The chat model's name in tables."""
        return self._gateway.name

    @property
    def induction(self) -> str:
        """The induction's name in tables."""
        return self._induced.name

    @property
    def synthetic(self) -> bool:
        """Whether the chat model simulates a respondent."""
        return self._gateway.synthetic

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """Ask the model, and read its reply; what cannot be read is a Choice with its failure."""
        if not self._induced.history and not self._induced.steps:
            return await self._ask(decision, occasion, _Conversation(self._opening()), {})
        conversation = self._conversations.setdefault(
            (occasion.phase, occasion.repetition), _Conversation(self._opening())
        )
        async with conversation.turn:
            return await self._converse(decision, occasion, conversation)

    def rehearse(self, decision: Decision) -> list[BaseMessage]:
        """What the model would read for a decision, without a call; the preparation's answers stand as «name».

        Raises SettingError for a word or a variable that is missing.
        """
        saved = {step.save: f"«{step.save}»" for step in self._induced.steps if step.save}
        prepared = [HumanMessage(render(step.ask, saved, self._induced.name)) for step in self._induced.steps]
        return [*self._opening(), *prepared, HumanMessage(self._question(decision, saved))]

    def _opening(self) -> list[BaseMessage]:
        return [SystemMessage(self._induced.system)] if self._induced.system else []

    def _question(self, decision: Decision, saved: Mapping[str, str]) -> str:
        question = self._framing.question(decision)
        if not self._induced.reminder:
            return question
        reminder = render(self._induced.reminder, saved, f"induction {self._induced.name}: reminder")
        return f"{question}\n\n{reminder}"

    async def _converse(self, decision: Decision, occasion: Occasion, conversation: _Conversation) -> Choice:
        taken, exchanges = _Taken(), tuple[tuple[str, str], ...]()
        if not conversation.prepared:
            taken, exchanges = await self._prepare(decision, occasion, conversation)
        if conversation.failure is not None:
            reply = Reply("", taken.tokens_in, taken.tokens_out, taken.calls, None, None, exchanges)
            return Choice(failure=Failure.PREPARATION, reply=reply)
        choice = await self._ask(decision, occasion, conversation, conversation.saved)
        assert choice.reply is not None
        together = replace(
            choice.reply,
            calls=choice.reply.calls + taken.calls,
            tokens_in=_sum(choice.reply.tokens_in, taken.tokens_in),
            tokens_out=_sum(choice.reply.tokens_out, taken.tokens_out),
            preparation=exchanges,
        )
        return replace(choice, reply=together)

    async def _prepare(
        self, decision: Decision, occasion: Occasion, conversation: _Conversation
    ) -> tuple[_Taken, tuple[tuple[str, str], ...]]:
        taken, exchanges = _Taken(), []
        for number, step in enumerate(self._induced.steps, start=1):
            asked = render(step.ask, conversation.saved, f"induction {self._induced.name}: step {number}")
            conversation.messages.append(HumanMessage(asked))
            about = self._metadata(decision, occasion) | {
                "step": number,
                "draw": draw(occasion.draw, "preparation", number),
            }
            received = await self._gateway.ask(conversation.messages, {METADATA: about})
            taken = taken.plus(received)
            exchanges.append((asked, received.text))
            conversation.messages.append(AIMessage(received.text))
            if not received.text.strip() or declines(received.text) or stopped(received.finish_reason):
                conversation.failure = Failure.PREPARATION
                break
            if step.save:
                conversation.saved[step.save] = received.text.strip()
        conversation.prepared = True
        return taken, tuple(exchanges)

    async def _ask(
        self, decision: Decision, occasion: Occasion, conversation: _Conversation, saved: Mapping[str, str]
    ) -> Choice:
        question = HumanMessage(self._question(decision, saved))
        messages = [*conversation.messages, question]
        received = await self._gateway.ask(messages, {METADATA: self._metadata(decision, occasion)})
        if self._induced.history:
            conversation.messages += [question, AIMessage(received.text)]
        reply = Reply(received.text, received.tokens_in, received.tokens_out, 1, received.latency, received.model)
        parsed = parse(received.text, decision, received.finish_reason)
        return Choice(parsed.option, parsed.failure, reply)

    def _metadata(self, decision: Decision, occasion: Occasion) -> dict[str, Any]:
        return {
            "participant": self._participant,
            "agent": self._identity,
            "orientation": self._orientation.value if self._induced.induces else None,
            "phase": occasion.phase,
            "repetition": occasion.repetition,
            "draw": occasion.draw,
            "step": 0,
            "decision": as_json(decision),
        }


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else one + other
