"""What came back from a chat model: one reply, as it is kept and as LangChain hands it over."""

from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

_MOST = 10**7
"""Tokens in one call; a greater count is a mistake, and would hold up a pace or spend a budget for good."""


@dataclass(frozen=True, slots=True)
class Received:
    """One reply of a chat model.

    text: as received.  finish_reason: as the endpoint words it.  tokens_in, tokens_out: as counted by the endpoint,
    None where it does not say.  latency: seconds.  model: identity as the endpoint reports it.
    top: the likeliest first tokens with their log probabilities, None where the endpoint was not asked for them.
    key: its digest in the reply store, in hexadecimal.
    """

    text: str
    finish_reason: str | None
    tokens_in: int | None
    tokens_out: int | None
    latency: float
    model: str | None
    top: tuple[tuple[str, float], ...] | None = None
    key: str = ""


def received(message: AIMessage, latency: float, key: str) -> Received:
    """The reply inside LangChain's message."""
    about = message.response_metadata
    # Each provider has its own word for why generation ended.
    reason = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
    text = str(message.text)
    refusal = message.additional_kwargs.get("refusal")
    if refusal and not text:
        text, reason = str(refusal), "refusal"
    usage: Any = message.usage_metadata or {}
    return Received(
        text=text,
        finish_reason=_clean(reason),
        tokens_in=_count(usage.get("input_tokens")),
        tokens_out=_count(usage.get("output_tokens")),
        latency=latency,
        model=_clean(about.get("model_name") or about.get("model")),
        top=_top(about.get("logprobs")),
        key=key,
    )


def _clean(word: object) -> str | None:
    return str(word).encode("utf-8", "backslashreplace").decode("utf-8") if word else None


def _count(tokens: object) -> int | None:
    """A count of tokens; None for what can be none, which must not reach an account."""
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens <= _MOST else None


def _top(logprobs: object) -> tuple[tuple[str, float], ...] | None:
    """The first token's alternatives in OpenAI's form: none at all where the reply ended before its first token.

    None where the endpoint gave no logarithms, or what it gave cannot be read.
    """
    try:
        tokens: Any = logprobs["content"]  # type: ignore[index]  # any other shape raises, and is no distribution
        if not tokens:
            return () if isinstance(tokens, list) else None
        told = tokens[0].get("top_logprobs") or [tokens[0]]
        return tuple((str(one["token"]), float(one["logprob"])) for one in told)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
