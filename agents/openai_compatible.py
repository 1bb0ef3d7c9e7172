"""A thin chat model for OpenAI-compatible endpoints (vLLM, llama.cpp, LM Studio …): aiohttp, and little CPU per call.

Why not ChatOpenAI: it costs several times the CPU per call, sends `max_tokens` under a name that some local servers
ignore, and keeps one client bound to its first event loop (`benchmarks/llm_calls.py` has the figures).
It never asks twice: retries, rate and budget belong to the gateway, which reads `EndpointStatusError.status`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, override

import aiohttp
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, field_validator
from yarl import URL

from agents.openai_wire import MISSHAPEN, Json, identity_of, own_words, piece, result, seconds, usage_of, wire
from games.errors import EndpointError, SettingError, unknown

_QUOTED = 300  # characters of the endpoint's own words that an error repeats
_IDLE = 4.0  # seconds; uvicorn, under vLLM, drops idle connections after 5, and a POST sent into that moment is lost
_KEY = "; put the right key into the environment: export OPENAI_COMPATIBLE_API_KEY=…"
_REMEDY = {401: _KEY, 403: _KEY, 404: "; does model.base_url end in /v1, and is the model served there?"}


class EndpointStatusError(EndpointError):
    """An endpoint that does not answer (`status` None), refuses (300 and over) or answers something else (2xx).

    `retry_after` is what it asks us to wait, in seconds, where it says so.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None) -> None:
        """Keep what a gateway needs to decide on another attempt."""
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class OpenAICompatible(BaseChatModel):
    """A chat model behind `{base_url}/chat/completions`.

    A setting that is None is not sent: the endpoint's own default holds. Keyword arguments of a call (`temperature`,
    `seed`, `response_format`, `logprobs`, `top_logprobs` …) go into the request body over the model's settings; None
    takes a setting out. Replies carry `usage_metadata` and, in `response_metadata`: `model_name` as the endpoint
    reports it (the requested name where it reports none), `finish_reason`, `id`, `system_fingerprint`, `logprobs`.
    Every failure of the endpoint is an `EndpointStatusError`: one line, without the key.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        extra="forbid",  # a misspelt setting must not be dropped in silence
        hide_input_in_errors=True,  # pydantic's errors would otherwise print the key
    )

    base_url: str
    """Address up to and including the version, such as http://127.0.0.1:8000/v1."""
    model: str
    """Name of the model at the endpoint."""
    api_key: SecretStr | None = None
    """Sent as a bearer token; never shown."""
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    """Longest answer, in tokens; sent as `max_tokens`, the name that every local server knows."""
    seed: int | None = None
    """The endpoint's sampling seed."""
    stop: list[str] | None = None
    """Texts at which the answer ends."""
    timeout: float = Field(default=120.0, gt=0)
    """Seconds for a whole call, the wait for a free connection included."""
    extra_body: Json = Field(default_factory=dict)
    """Further fields of the request body, such as `{"top_k": 20}`."""
    max_connections: int = Field(default=256, ge=1)
    """Most connections open at once, per event loop; further calls wait."""
    streaming: bool = False
    """Whether `invoke` too asks for the reply piece by piece."""

    _sessions: "_Sessions" = PrivateAttr(default_factory=lambda: _Sessions())

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise SettingError("base_url must begin with http:// or https://, such as http://127.0.0.1:8000/v1")
        return value

    async def direct(self, messages: list[BaseMessage], **arguments: Any) -> AIMessage:
        """The reply as `ainvoke` gives it, but without LangChain's record of the run: no callbacks, no tracing."""
        message = (await self._agenerate(messages, **arguments)).generations[0].message
        assert isinstance(message, AIMessage)
        return message

    async def aclose(self) -> None:
        """Close the connections of the running event loop; a later call opens new ones."""
        await self._sessions.close()

    @override
    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: object = None, **kwargs: Any
    ) -> ChatResult:
        return await self._ask(await self._sessions.get(self.max_connections), self._body(messages, stop, kwargs))

    @override
    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: object = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        session = await self._sessions.get(self.max_connections)
        async for chunk in self._ask_in_pieces(session, self._body(messages, stop, kwargs)):
            yield chunk

    # The two for callers without async run a loop of their own in a thread of its own, because the caller may itself
    # be inside a running loop; their connections end with the call.

    @override
    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: object = None, **kwargs: Any
    ) -> ChatResult:
        async def once() -> ChatResult:
            async with _session(1) as session:
                return await self._ask(session, self._body(messages, stop, kwargs))

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(once())).result()

    @override
    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: object = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        async def pieces() -> AsyncGenerator[ChatGenerationChunk | None]:
            async with _session(1) as session:
                async for chunk in self._ask_in_pieces(session, self._body(messages, stop, kwargs)):
                    yield chunk
            yield None

        async def following(stream: AsyncIterator[ChatGenerationChunk | None]) -> ChatGenerationChunk | None:
            return await anext(stream)

        stream, runner = pieces(), asyncio.Runner()
        with ThreadPoolExecutor(1) as thread:
            try:
                while (chunk := thread.submit(lambda: runner.run(following(stream))).result()) is not None:
                    yield chunk
            finally:
                thread.submit(runner.close).result()  # ends `stream` too, and with it the session

    async def _ask(self, session: aiohttp.ClientSession, body: Json) -> ChatResult:
        """Send one request and read the whole reply."""
        with self._failures_told():
            async with session.post(**self._request(body)) as reply:
                raw = await reply.read()
        if reply.status >= 300:
            raise self._refusal(reply, raw)
        try:
            return result(json.loads(raw), body)
        except MISSHAPEN as error:
            raise self._misfit(reply, raw) from error

    async def _ask_in_pieces(self, session: aiohttp.ClientSession, body: Json) -> AsyncGenerator[ChatGenerationChunk]:
        """Send one request and yield the reply as server-sent events bring it; last comes a piece with the metadata."""
        body = body | {"stream": True, "stream_options": {"include_usage": True}}
        about: Json = {}  # identity, usage and finish reason, gathered over all events
        strays = b""  # what is no event: the whole body, when the endpoint does not stream
        with self._failures_told():
            async with session.post(**self._request(body)) as reply:
                if reply.status >= 300:
                    raise self._refusal(reply, await reply.read())
                async for line in reply.content:
                    if not line.startswith(b"data:"):
                        strays += line if len(strays) < _QUOTED else b""
                        continue
                    strays, data = b"", line.removeprefix(b"data:").strip()
                    try:
                        chunk = piece(json.loads(data), about) if data != b"[DONE]" else None
                    except MISSHAPEN as error:
                        raise self._misfit(reply, data) from error
                    if chunk is not None:
                        yield chunk
        if "finish_reason" not in about:
            raise self._misfit(reply, strays.strip() or b"the stream ended before the answer did")
        try:
            usage, identity = usage_of(about.pop("usage", None)), identity_of(about, body)
            last = AIMessageChunk(content="", response_metadata=identity, usage_metadata=usage, chunk_position="last")
        except MISSHAPEN as error:
            raise self._misfit(reply, b"its usage or identity cannot be read") from error
        yield ChatGenerationChunk(message=last)

    def _body(self, messages: list[BaseMessage], stop: list[str] | None, call: Json) -> Json:
        """The request body: the model's settings, under its extra_body, under the keyword arguments of the call."""
        own = {name: getattr(self, name) for name in ("model", "temperature", "top_p", "max_tokens", "seed")}
        body = own | {"messages": wire(messages)} | self.extra_body | call | call.get("extra_body", {})
        # LangChain hands `stream` on as an argument; how we ask is decided by who calls.
        body |= {"stop": (self.stop if stop is None else stop) or None, "stream": None, "extra_body": None}
        return {name: value for name, value in body.items() if value is not None}

    def _request(self, body: Json) -> Json:
        """The arguments of a post."""
        headers = {"Content-Type": "application/json"}
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key.get_secret_value().strip()}"
        return {
            "url": _chat_url(self.base_url),
            "data": json.dumps(body).encode(),
            "headers": headers,
            "timeout": aiohttp.ClientTimeout(total=self.timeout),
            "allow_redirects": False,  # a redirected POST becomes a GET: better told than followed
        }

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        """Turn failures of the connection into EndpointStatusError."""
        shown = _shown(self.base_url)
        try:
            yield
        except TimeoutError as error:
            message = f"no answer from {shown} within {self.timeout:g} s; is it overloaded? raise model.timeout=…"
            raise EndpointStatusError(message) from error
        except aiohttp.ClientConnectionError as error:
            message = f"no answer from {shown}: {self._quote(error)}; is the server running? set model.base_url=…"
            raise EndpointStatusError(message) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise EndpointStatusError(f"{shown} broke off: {self._quote(error) or type(error).__name__}") from error

    def _refusal(self, reply: aiohttp.ClientResponse, raw: bytes) -> EndpointStatusError:
        """The error for an HTTP status that is not success."""
        message = f"{_shown(self.base_url)}/chat/completions answered {reply.status} {reply.reason or ''}".rstrip()
        # Told apart from too many requests, which has the same status, by this word alone.
        unpaid = " (insufficient_quota)" if b"insufficient_quota" in raw else ""
        message += f": {self._quote(own_words(raw))}{unpaid}{_REMEDY.get(reply.status, '')}"
        return EndpointStatusError(message, reply.status, seconds(reply.headers.get("Retry-After")))

    def _misfit(self, reply: aiohttp.ClientResponse, raw: bytes) -> EndpointStatusError:
        """The error for a body that is not what was asked for."""
        what = f"{_shown(self.base_url)}/chat/completions answered {reply.status}, but not with a chat completion"
        return EndpointStatusError(f"{what}: {self._quote(own_words(raw))}", reply.status)

    def _quote(self, words: object) -> str:
        """The endpoint's own words on one line, without our secrets, and not too many."""
        text, url = str(words), URL(self.base_url)
        key = self.api_key.get_secret_value().strip() if self.api_key else None
        for secret in [key, url.password, *url.query.values()]:
            if secret and len(secret) > 3:  # anything shorter keeps no secret, and would blot out half the message
                text = text.replace(secret, "***")
        return " ".join(text.split())[:_QUOTED]

    @override
    def bind_tools(
        self,
        tools: Sequence[Json | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | bool | Json | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """This model with tools; `tool_choice` is a tool's name, "any" (or True), "auto", "none" or OpenAI's form.

        Raises:
            SettingError: `tool_choice` names no bound tool.
        """
        kwargs["tools"] = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        names = [tool["function"]["name"] for tool in kwargs["tools"]]
        if tool_choice in names:
            kwargs["tool_choice"] = {"type": "function", "function": {"name": tool_choice}}
        elif tool_choice in ("any", "required", True):
            kwargs["tool_choice"] = "required"
        elif tool_choice in ("auto", "none") or isinstance(tool_choice, dict):
            kwargs["tool_choice"] = tool_choice
        elif tool_choice:
            raise unknown("tool_choice", tool_choice, ["any", "auto", "none", *names])
        return self.bind(**kwargs)

    @property
    @override
    def _llm_type(self) -> str:
        return "openai-compatible"

    @property
    @override
    def _identifying_params(self) -> Json:
        own = ("model", "temperature", "top_p", "max_tokens", "seed", "stop", "extra_body")
        return {"base_url": _shown(self.base_url)} | {name: getattr(self, name) for name in own}

    @override
    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> Json:
        # The base class says the same by way of `warnings.catch_warnings`, which is slow and not safe among threads.
        return {**self._identifying_params, "_type": self._llm_type, "stop": stop, **kwargs}

    @override
    def __repr_args__(self) -> Any:
        shown = {"base_url": _shown(self.base_url)}
        return [(name, shown.get(name, value)) for name, value in super().__repr_args__()]


class _Sessions:
    """The HTTP session of each running event loop.

    A session must be closed in its own loop. An asynchronous generator holds it, because asyncio ends those when
    their loop ends (`asyncio.run`, `asyncio.Runner`) or when the model is dropped: nothing stays open, none warns.
    """

    def __init__(self) -> None:
        self._held: dict[asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[Any]]] = {}

    def __reduce__(self) -> tuple[type["_Sessions"], tuple[()]]:
        return _Sessions, ()  # a pickle or deep copy of a model opens connections of its own

    async def get(self, limit: int) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None or held[0].closed:
            # A session refers to its loop, so a weak dictionary would never let go: sweep ended loops out instead.
            for ended in [known for known in list(self._held) if known.is_closed()]:
                self._held.pop(ended, None)
            holder = self._hold(limit)
            held = self._held[loop] = (await anext(holder), holder)
        return held[0]

    async def close(self) -> None:
        if held := self._held.pop(asyncio.get_running_loop(), None):
            await held[1].aclose()

    @staticmethod
    async def _hold(limit: int) -> AsyncGenerator[aiohttp.ClientSession]:
        async with _session(limit) as session:
            yield session


def _session(limit: int) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=limit, keepalive_timeout=_IDLE)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())  # looking for them costs CPU


@lru_cache(maxsize=64)
def _chat_url(base_url: str) -> URL:
    url = URL(base_url)
    return url.with_path(f"{url.raw_path.rstrip('/')}/chat/completions", encoded=True, keep_query=True)


@lru_cache(maxsize=64)
def _shown(base_url: str) -> str:
    """The address without user, password, query and fragment."""
    return str(URL(base_url).with_user(None).with_query(None).with_fragment(None)).rstrip("/")
