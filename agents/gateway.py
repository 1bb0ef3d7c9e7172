"""The one way to a chat model: a limit on concurrent calls, what a reply took, and errors in one line."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from games.errors import CommonwealError, EndpointError


@dataclass(frozen=True, slots=True)
class Received:
    """One reply of a chat model.

    text: as received.  finish_reason: as the endpoint words it.  tokens_in, tokens_out: as counted by the endpoint,
    None where it does not say.  latency: seconds.  model: identity as the endpoint reports it.
    """

    text: str
    finish_reason: str | None
    tokens_in: int | None
    tokens_out: int | None
    latency: float
    model: str | None


class Gateway:
    """A chat model with a name, and the calls to it.

    name: of the model in tables.  synthetic: whether it simulates a respondent.  concurrency: calls under way at once.
    identities: every identity that the endpoint reported.  calls: how many replies came back.
    """

    def __init__(self, name: str, chat: BaseChatModel, *, concurrency: int, synthetic: bool) -> None:
        self.name = name
        self.chat = chat
        self.synthetic = synthetic
        self.identities: set[str] = set()
        self.calls = 0
        self._slots = asyncio.Semaphore(concurrency)
        self._broken: str | None = None

    async def ask(self, messages: Sequence[BaseMessage], metadata: Mapping[str, Any]) -> Received:
        """The model's reply; `metadata` travels with the call as LangChain run metadata.

        A call under way is paid for: cancelled meanwhile, its reply is waited for and returned all the same, and the
        cancelled task begins no further call. Raises EndpointError, in one line and without keys, when the endpoint
        does not answer or answers an error; after that no call is made any more, and the error is raised again.
        """
        async with self._slots:
            if self._broken is not None:
                raise EndpointError(self._broken)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError
            started = time.perf_counter()
            call = asyncio.ensure_future(self._call(messages, metadata))
            try:
                message = await asyncio.shield(call)
            except asyncio.CancelledError:
                message = await call
            latency = time.perf_counter() - started
        self.calls += 1
        received = _received(message, latency)
        if received.model:
            self.identities.add(received.model)
        return received

    async def _call(self, messages: Sequence[BaseMessage], metadata: Mapping[str, Any]) -> AIMessage:
        try:
            return await self.chat.ainvoke(list(messages), config={"metadata": dict(metadata)})
        except EndpointError as error:
            self._broken = str(error)
            raise
        except CommonwealError:
            raise
        except Exception as error:
            told = redacted(" ".join(str(error).split()))[:300]
            if "Connection" in type(error).__name__:
                told += "; is the endpoint up and reachable? It is set by model.base_url=…"
            self._broken = f"model {self.name}: {type(error).__name__}: {told}"
            raise EndpointError(self._broken) from error

    async def close(self) -> None:
        """Give back the connections, where the chat model holds any."""
        closing = getattr(self.chat, "aclose", None)
        if closing is not None:
            await closing()


def keys_in_environment() -> tuple[str, ...]:
    """The values of all environment variables that hold a key."""
    return tuple(
        value for name, value in os.environ.items() if name.endswith(("_API_KEY", "_TOKEN", "_SECRET")) and value
    )


def redacted(text: str) -> str:
    """The text without any key that the environment holds."""
    for key in keys_in_environment():
        if len(key) >= 6:
            text = text.replace(key, "…")
    return text


def _received(message: AIMessage, latency: float) -> Received:
    about = message.response_metadata
    # Each provider has its own word for why generation ended.
    reason = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
    text = str(message.text)
    refusal = message.additional_kwargs.get("refusal")
    if refusal and not text:
        text, reason = str(refusal), "refusal"
    usage = message.usage_metadata
    return Received(
        text=text,
        finish_reason=str(reason) if reason else None,
        tokens_in=usage["input_tokens"] if usage else None,
        tokens_out=usage["output_tokens"] if usage else None,
        latency=latency,
        model=about.get("model_name") or about.get("model"),
    )
