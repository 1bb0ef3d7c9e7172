"""An agent that asks a chat model, under an induction and in the words of a framing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.parse import declines, stopped
from agents.received import Received
from agents.request import Call, Draw
from agents.setting import Setting
from agents.wording import render
from games.decision_json import as_json
from games.errors import SettingError
from games.randomness import draw
from games.types import Choice, Decision, Failure, Occasion, Reply

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
    """What the replies to one decision took together; None for tokens where the endpoint did not say."""

    calls: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    keys: tuple[str, ...] = ()

    def plus(self, received: Received) -> "_Taken":
        return _Taken(
            self.calls + 1,
            _sum(self.tokens_in, received.tokens_in),
            _sum(self.tokens_out, received.tokens_out),
            (*self.keys, received.key),
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
        # Made once, as making a message costs as much as sending it.
        self._opened = [SystemMessage(self._induced.system)] if self._induced.system else []
        self._setting = setting
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
        if not self.converses:
            return await self._ask(decision, occasion, _Conversation(self._opening()), _Taken(), ())
        conversation = self._conversations.setdefault(
            (occasion.phase, occasion.repetition), _Conversation(self._opening())
        )
        async with conversation.turn:
            taken, exchanges = _Taken(), tuple[tuple[str, str], ...]()
            if not conversation.prepared:
                taken, exchanges = await self._prepare(decision, occasion, conversation)
            if conversation.failure is not None:
                about = Reply("", taken.tokens_in, taken.tokens_out, taken.calls, None, None, exchanges, (), taken.keys)
                return Choice(failure=Failure.PREPARATION, reply=about)
            return await self._ask(decision, occasion, conversation, taken, exchanges)

    def forget(self, phase: str, repetition: int) -> None:
        """Let go of the conversation of an occasion that is over."""
        self._conversations.pop((phase, repetition), None)

    def rehearse(self, decision: Decision) -> list[BaseMessage]:
        """What the model would read for a decision, without a call; the preparation's answers stand as «name».

        Raises SettingError for a word or a variable that is missing.
        """
        saved = {step.save: f"«{step.save}»" for step in self._induced.steps if step.save}
        prepared = [HumanMessage(render(step.ask, saved, self._induced.name)) for step in self._induced.steps]
        return [*self._opening(), *prepared, HumanMessage(self._question(decision, saved))]

    @property
    def converses(self) -> bool:
        """Whether questions of one occasion are put in one conversation, and so wait for one another."""
        return self._induced.history or bool(self._induced.steps)

    def foresee(self, decisions: Sequence[Decision], reply: float, conversations: int = 1) -> tuple[int, float]:
        """How many calls these decisions take, and how many characters are read in them, without a call.

        reply: characters of a usual reply.  conversations: how many the decisions are divided among.
        """
        saved = {step.save: "x" * round(reply) for step in self._induced.steps if step.save}
        opening = sum(len(str(message.content)) for message in self._opening())
        prepared, characters = 0.0, 0.0
        for step in self._induced.steps:
            prepared += len(render(step.ask, saved, self._induced.name))
            characters += conversations * (opening + prepared)
            prepared += reply
        said = 0.0
        for decision in decisions:
            question = len(self._question(decision, saved))
            earlier = said / conversations if self._induced.history else 0.0
            characters += opening + prepared + earlier + question
            said += question + reply
        return len(decisions) + conversations * len(self._induced.steps), characters

    def _opening(self) -> list[BaseMessage]:
        return list(self._opened)

    def _question(self, decision: Decision, saved: Mapping[str, str]) -> str:
        question = self._setting.framing.question(decision)
        if not self._induced.reminder:
            return question
        reminder = render(self._induced.reminder, saved, f"induction {self._induced.name}: reminder")
        return f"{question}\n\n{reminder}"

    async def _prepare(
        self, decision: Decision, occasion: Occasion, conversation: _Conversation
    ) -> tuple[_Taken, tuple[tuple[str, str], ...]]:
        taken, exchanges = _Taken(), []
        for number, step in enumerate(self._induced.steps, start=1):
            asked = render(step.ask, conversation.saved, f"induction {self._induced.name}: step {number}")
            conversation.messages.append(HumanMessage(asked))
            received = await self._gateway.ask(self._call(conversation.messages, decision, occasion, step=number))
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
        self,
        decision: Decision,
        occasion: Occasion,
        conversation: _Conversation,
        taken: _Taken,
        exchanges: tuple[tuple[str, str], ...],
    ) -> Choice:
        question = HumanMessage(self._question(decision, conversation.saved))
        messages = [*conversation.messages, question]
        earlier: list[tuple[Failure, str]] = []
        while True:
            call = self._call(messages, decision, occasion, attempt=len(earlier))
            received = await self._gateway.ask(call)
            taken = taken.plus(received)
            choice = self._gateway.answering.choice(received, decision, _draw(occasion.draw, 0, len(earlier)))
            if choice.failure is None or len(earlier) >= self._setting.reasks:
                break
            earlier.append((choice.failure, received.text))
        if self._induced.history:
            conversation.messages += [question, AIMessage(_said(choice, decision, received))]
        reply = Reply(
            text=received.text,
            tokens_in=taken.tokens_in,
            tokens_out=taken.tokens_out,
            calls=taken.calls,
            latency=received.latency,
            model=received.model,
            preparation=exchanges,
            earlier=tuple(earlier),
            keys=taken.keys,
        )
        return replace(choice, reply=reply)

    def _call(
        self, messages: list[BaseMessage], decision: Decision, occasion: Occasion, *, step: int = 0, attempt: int = 0
    ) -> Call:
        who = self._setting
        about: dict[str, Any] = {
            "participant": who.participant,
            "agent": self._identity,
            "orientation": self._orientation.value if self._induced.induces else None,
            "induction": self._induced.name,
            "phase": occasion.phase,
            "repetition": occasion.repetition,
            "draw": _draw(occasion.draw, step, attempt),
            "step": step,
            "decision": as_json(decision),
        }
        return Call(
            messages=messages,
            draw=Draw(
                seed=who.seed,
                participant=who.participant,
                phase=occasion.phase,
                repetition=occasion.repetition,
                game=decision.game,
                stage=decision.stage,
                round=decision.round,
                item=decision.item,
                step=step,
                attempt=attempt,
            ),
            cell=who.cell,
            metadata={METADATA: about},
            arguments={} if step else self._gateway.answering.arguments(decision),
        )


def _said(choice: Choice, decision: Decision, received: Received) -> str:
    """What the conversation goes on from: the reply, or the option that was drawn from its probabilities."""
    if choice.probabilities is None or choice.option is None:
        return received.text
    return decision.labels[decision.shown.index(choice.option)]


def _draw(number: int, step: int, attempt: int) -> int:
    if step:
        return draw(number, "preparation", step)
    return draw(number, "attempt", attempt) if attempt else number


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else one + other
