"""OpenAI's chat completions as they go over the wire, and as LangChain holds them: pure conversion, no connection."""

import json
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, UsageMetadata, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails
from langchain_core.messages.tool import default_tool_parser, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

Json = dict[str, Any]

MISSHAPEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What reading a body of another shape raises."""


def wire(messages: list[BaseMessage]) -> list[Json]:
    """Messages as the endpoint takes them: of an earlier answer only its text and tool calls."""
    told = [
        m.model_copy(update={"content": str(m.text)}) if isinstance(m, AIMessage) and isinstance(m.content, list) else m
        for m in messages
    ]
    return convert_to_openai_messages(told)


def result(answer: Json, body: Json) -> ChatResult:
    """A chat completion as LangChain holds it; any other shape raises one of `MISSHAPEN`."""
    identity, usage, generations = identity_of(answer, body), usage_of(answer.get("usage")), []
    for choice in answer["choices"]:
        said = choice["message"]
        calls, unreadable = default_tool_parser(said.get("tool_calls") or [])
        message = AIMessage(
            content=said.get("content") or "",
            additional_kwargs=_extras(said),
            response_metadata=identity | _told(choice, "finish_reason", "logprobs"),
            tool_calls=calls,
            invalid_tool_calls=unreadable,
            usage_metadata=usage,
        )
        generations.append(ChatGeneration(message=message))
        usage = None  # the tokens of all choices together are counted once
    if not generations:
        raise ValueError("no choices")
    return ChatResult(generations=generations)


def piece(event: Json, about: Json) -> ChatGenerationChunk | None:
    """One event of a stream; what it says of the whole answer goes into `about`. None when it brings no content."""
    about.update(_told(event, "model", "id", "system_fingerprint", "usage"))  # usage: the last, it may be cumulative
    choices = event["choices"]
    if not choices:
        return None
    delta = choices[0].get("delta") or {}
    about.update(_told(choices[0], "finish_reason"))
    said = AIMessageChunk(
        content=delta.get("content") or "",
        additional_kwargs=_extras(delta),
        response_metadata=_told(choices[0], "logprobs"),
        tool_call_chunks=[
            tool_call_chunk(
                id=call.get("id"), index=call.get("index"), name=told.get("name"), args=told.get("arguments")
            )
            for call in delta.get("tool_calls") or []
            for told in [call["function"]]
        ],
    )
    empty = not (said.content or said.additional_kwargs or said.response_metadata or said.tool_call_chunks)
    return None if empty else ChatGenerationChunk(message=said)


def _extras(said: Json) -> Json:
    """Refusal and reasoning; vLLM and OpenRouter now write `reasoning` for what others call `reasoning_content`."""
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    return {
        name: value for name, value in (("refusal", said.get("refusal")), ("reasoning_content", reasoning)) if value
    }


def _told(source: Json, *names: str) -> Json:
    return {name: source[name] for name in names if source.get(name) is not None}


def identity_of(answer: Json, body: Json) -> Json:
    """What answered, for `response_metadata`; without a model's name LangChain's usage callback counts nothing."""
    name = {"model_name": answer.get("model") or body["model"]}
    return name | _told(answer, "id", "system_fingerprint", "finish_reason")


def usage_of(counts: object) -> UsageMetadata | None:
    """Tokens as LangChain counts them, or None when the endpoint does not tell."""
    if not isinstance(counts, dict):
        return None
    told, made, total = (_count(counts, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if told is None or made is None:
        return None  # LangChain knows no half a count, and 0 would be a false one
    usage = UsageMetadata(input_tokens=told, output_tokens=made, total_tokens=total or told + made)
    if (cached := _count(counts.get("prompt_tokens_details"), "cached_tokens")) is not None:
        usage["input_token_details"] = InputTokenDetails(cache_read=cached)
    if (reasoned := _count(counts.get("completion_tokens_details"), "reasoning_tokens")) is not None:
        usage["output_token_details"] = OutputTokenDetails(reasoning=reasoned)
    return usage


def _count(counts: object, name: str) -> int | None:
    """One count of tokens; None where there is none, or what stands there can be none."""
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def own_words(raw: bytes) -> str:
    """The message inside an endpoint's error body, or the body itself."""
    text = raw.decode(errors="replace")
    try:
        body = json.loads(text)
        error = body.get("error") or body.get("detail") or body.get("message")
        return str(error.get("message") or error) if isinstance(error, dict) else str(error or text)
    except MISSHAPEN:
        return text or "(an empty body)"


def seconds(retry_after: str | None) -> float | None:
    """How long a `Retry-After` header asks to wait; None if it is absent or a date, which no model server sends."""
    try:
        return max(0.0, float(retry_after or ""))
    except ValueError:
        return None
