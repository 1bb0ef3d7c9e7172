"""An OpenAI-compatible server on 127.0.0.1, in a thread of its own: every test and benchmark with a model uses it.

`with Loopback(lambda body, index: "B") as server:` answers B to every request at `server.base_url`. What `answer`
returns decides the reply: text (the assistant's words), a dict (the whole JSON body; see `completion`), an
`aiohttp.web.Response` (status, headers and bytes as they are), `Cut(text)` (a body that breaks off), a coroutine
function (which is given the request and sends what it likes: see `tests.faults`), or None (a plausible reply by itself:
tool calls after the schema of the offered tools, otherwise an echo).
"""

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

type Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request as it came in: its JSON body, headers and path."""

    body: Json
    headers: Mapping[str, str]
    path: str


@dataclass(frozen=True)
class Cut:
    """A reply whose connection breaks after `text`, in the middle of the announced body."""

    text: str


type Act = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
type Reply = str | Json | web.Response | Cut | Act | None
type Answer = Callable[[Json, int], Reply]


class Loopback:
    """A server that answers as `answer(body, index)` says, after `delay` seconds; `index` counts requests from 0.

    Args:
        answer: The reply to each request; None for a plausible one. An exception in it comes back as status 500.
        delay: Seconds before each reply. Requests wait side by side.
        model: The model name that replies report; None for the requested one.
    """

    def __init__(self, answer: Answer | None = None, *, delay: float = 0.0, model: str | None = None) -> None:
        self.answer: Answer = answer or (lambda body, index: None)
        self.delay = delay
        self.model = model
        self.requests: list[Request] = []  # only appended to, in the server's thread: safe to read from any other
        self.most_at_once = 0
        self.base_url = ""
        self._pending = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopback", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def count(self) -> int:
        """How many completions were asked for."""
        return len(self.requests)

    @property
    def bodies(self) -> list[Json]:
        """The bodies of the requests so far, in the order of their coming."""
        return [request.body for request in list(self.requests)]

    async def _start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.path.endswith("/models"):
            listed = {"id": self.model or "loopback", "object": "model", "created": 0, "owned_by": "loopback"}
            return _json({"object": "list", "data": [listed]})
        if not request.path.endswith("/chat/completions"):
            return _json({"error": {"message": f"no such path: {request.path}"}}, 404)
        body = json.loads(await request.read())
        index = len(self.requests)
        self.requests.append(Request(body, request.headers.copy(), request.path_qs))
        self._pending += 1
        self.most_at_once = max(self.most_at_once, self._pending)
        try:
            if self.delay:
                await asyncio.sleep(self.delay)
            try:
                reply = self.answer(body, index)
            except Exception as error:  # the test's own slip: let it show in the client
                return _json({"error": {"message": f"{type(error).__name__}: {error}"}}, 500)
            return await self._send(request, body, reply)
        finally:
            self._pending -= 1

    async def _send(self, request: web.BaseRequest, body: Json, reply: Reply) -> web.StreamResponse:
        if isinstance(reply, web.Response):
            return reply
        if callable(reply):
            return await reply(request)
        if isinstance(reply, Cut):
            response = web.StreamResponse(headers={"Content-Length": str(len(reply.text.encode()) + 100)})
            response.content_type = "text/event-stream" if body.get("stream") else "application/json"
            await response.prepare(request)
            await response.write(reply.text.encode())
            if request.transport is not None:
                request.transport.close()
            return response
        if reply is None:
            reply = plausible(body)
        if isinstance(reply, str):
            reply = completion(reply, model=self.model or body["model"])
        elif self.model:
            reply = {**reply, "model": self.model}
        if body.get("stream") and "choices" in reply:
            return await _stream(request, body, reply)
        return _json(reply)


def completion(
    content: str | None,
    *,
    model: str = "loopback",
    finish_reason: str = "stop",
    message: Json | None = None,
    logprobs: Json | None = None,
    **fields: Any,
) -> Json:
    """A whole chat completion: `message` goes over the assistant's message, `fields` over the body."""
    said = {"role": "assistant", "content": content, **(message or {})}
    choice = {"index": 0, "message": said, "finish_reason": finish_reason, "logprobs": logprobs}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    body = {"id": "chatcmpl-loopback", "object": "chat.completion", "created": 0, "model": model}
    return {**body, "system_fingerprint": "fp_loopback", "choices": [choice], "usage": usage, **fields}


def plausible(body: Json) -> Json:
    """A tool call where one is asked for (or tools are offered to a user's turn), otherwise an echo of the words."""
    tools, choice = body.get("tools") or [], body.get("tool_choice") or "auto"
    asked = _text(body["messages"][-1].get("content"))
    if choice == "none" or not tools or (choice == "auto" and body["messages"][-1]["role"] != "user"):
        return completion(f"You said: {asked}", model=body["model"])
    wanted = choice["function"]["name"] if isinstance(choice, dict) else tools[0]["function"]["name"]
    function = next(tool["function"] for tool in tools if tool["function"]["name"] == wanted)
    arguments = json.dumps(_example(function.get("parameters") or {}, asked), ensure_ascii=False)
    call = {"id": "call_1", "type": "function", "function": {"name": wanted, "arguments": arguments}}
    said = {"content": None, "tool_calls": [call]}
    return completion(None, model=body["model"], finish_reason="tool_calls", message=said)


def _example(schema: Json, asked: str) -> Any:
    """A value of a JSON schema; texts and numbers are taken from the question where it has any."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], asked)
    match schema.get("type", "object"):
        case "object":
            return {name: _example(part, asked) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema.get("items", {"type": "string"}), asked)]
        case "integer" | "number":
            found = re.search(r"-?\d+", asked)
            return int(found[0]) if found else 1
        case "boolean":
            return True
        case "null":
            return None
    quoted = re.search(r"'([^']+)'", asked)
    return quoted[1] if quoted else "some words"


def _text(content: Any) -> str:
    """The words of a message's content, which is a text, a list of parts, or null."""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content or [])


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


async def _stream(request: web.BaseRequest, body: Json, reply: Json) -> web.StreamResponse:
    """The completion as server-sent events: words one by one, arguments in two halves, then finish and usage."""
    response = web.StreamResponse()
    response.content_type = "text/event-stream"
    await response.prepare(request)
    head = {key: value for key, value in reply.items() if key not in ("choices", "usage")}
    head["object"] = "chat.completion.chunk"
    choice = reply["choices"][0]
    said = choice["message"]
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{key: said[key]} for key in ("reasoning_content", "refusal") if said.get(key)]
    deltas += [{"content": word} for word in re.findall(r"\S+\s*", said["content"] or "")]
    for index, call in enumerate(said.get("tool_calls") or []):
        function, middle = call["function"], len(call["function"]["arguments"]) // 2
        first = {"name": function["name"], "arguments": function["arguments"][:middle]}
        deltas.append({"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": first}]})
        deltas.append({"tool_calls": [{"index": index, "function": {"arguments": function["arguments"][middle:]}}]})
    events = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append({**head, "choices": [], "usage": reply["usage"]})
    for event in events:
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response
