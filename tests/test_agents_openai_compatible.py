"""The thin chat model: LangChain's public conformance tests, and what they do not ask."""

import asyncio
import gc
import json
import logging
import pickle
import socket
import time
import traceback
from copy import deepcopy

import pytest
from aiohttp import web
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from agents.faults import fault
from agents.gateway import Gateway
from agents.openai_compatible import EndpointStatusError, OpenAICompatible
from agents.request import Call, Draw
from games.errors import EndpointError, SettingError
from tests.loopback import Cut, Loopback, completion

KEY = "sk-very-secret-0123456789"
ASK = [SystemMessage("Be brief."), HumanMessage("A or B?")]


class _Declared:
    """What both suites are told of the model. Images, audio and files are not declared: we send text only."""

    @property
    def chat_model_class(self):
        return OpenAICompatible

    @property
    def standard_chat_model_params(self):
        # LangChain's own, without `max_retries`: retries are the gateway's, and an unknown setting is refused.
        return {"temperature": 0, "max_tokens": 100, "timeout": 60, "stop": [], "api_key": "test"}

    @property
    def supports_model_override(self):
        return True

    @property
    def model_override_value(self):
        return "another-model"


class TestStandardUnit(_Declared, ChatModelUnitTests):
    @property
    def chat_model_params(self):
        return {"base_url": "http://127.0.0.1:9/v1", "model": "m"}


class TestStandardIntegration(_Declared, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls):
        with Loopback() as cls.server:
            yield

    @property
    def chat_model_params(self):
        return {"base_url": self.server.base_url, "model": "m"}


@pytest.fixture
def server():
    with Loopback() as running:
        yield running


def model_at(server, **settings):
    return OpenAICompatible(**{"base_url": server.base_url, "model": "m", "timeout": 10} | settings)


def error_of(server, **settings):
    with pytest.raises(EndpointStatusError) as caught:
        model_at(server, **settings).invoke(ASK)
    assert "\n" not in str(caught.value)
    return caught.value


# What goes out


async def test_settings_go_out_under_the_names_local_servers_know(server):
    settings = {
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 5,
        "seed": 3,
        "stop": ["."],
        "extra_body": {"top_k": 20},
    }
    await model_at(server, **settings, api_key=KEY).ainvoke(ASK)
    body = server.bodies[0]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A or B?"}]
    sent = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 5, "seed": 3, "stop": ["."], "top_k": 20}
    assert body == {"model": "m", "messages": messages} | sent
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_what_is_not_set_is_not_sent(server):
    await model_at(server).ainvoke("hello", stop=[])
    assert server.bodies[0] == {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    assert "Authorization" not in server.requests[0].headers


async def test_arguments_of_a_call_go_over_the_settings_and_none_takes_one_out(server):
    model = model_at(server, temperature=0.5, seed=1, max_tokens=9, stop=["x"], extra_body={"top_k": 20, "min_p": 0.1})
    form = {"type": "json_object"}
    extra = {"top_k": 40}
    changes = {"seed": 2, "temperature": None, "response_format": form, "logprobs": True, "top_logprobs": 5}
    await model.ainvoke("hello", stop=["y"], extra_body=extra, **changes)
    body = server.bodies[0]
    assert "temperature" not in body
    assert "extra_body" not in body
    expected = {"seed": 2, "max_tokens": 9, "stop": ["y"], "top_k": 40, "min_p": 0.1, "response_format": form}
    assert expected | {"logprobs": True, "top_logprobs": 5} == {
        name: value for name, value in body.items() if name not in ("model", "messages")
    }


async def test_the_query_of_the_address_is_kept(server):
    await model_at(server, base_url=f"{server.base_url}/?version=7").ainvoke("hello")
    assert server.requests[0].path == "/v1/chat/completions?version=7"


def test_a_misspelt_setting_is_refused_without_showing_the_key():
    with pytest.raises(ValueError, match="temprature") as caught:
        OpenAICompatible(base_url="http://h/v1", model="m", api_key=KEY, temprature=1)
    assert KEY not in str(caught.value)
    with pytest.raises(ValueError, match="begin with http") as caught:
        OpenAICompatible(base_url=f"h:{KEY}", model="m")
    assert KEY not in str(caught.value)


def test_a_tool_choice_that_names_no_tool_is_refused(server):
    with pytest.raises(SettingError, match=r"'nothing'; known: any, auto, none, add"):
        model_at(server).bind_tools([{"name": "add", "description": "d", "parameters": {}}], tool_choice="nothing")


# What comes back


async def test_identity_usage_and_finish_reason(server):
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": 4,
        "total_tokens": 34,
        "prompt_tokens_details": {"cached_tokens": 20},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    logprobs = {"content": [{"token": "A", "logprob": -0.1, "bytes": [65], "top_logprobs": []}]}
    server.answer = lambda body, index: completion(
        "A", model="m-2026-01", finish_reason="length", usage=usage, logprobs=logprobs
    )
    counter = UsageMetadataCallbackHandler()
    said = await model_at(server).ainvoke(ASK, config={"callbacks": [counter]})
    assert said.content == "A"
    assert said.response_metadata == {
        "model_name": "m-2026-01",
        "id": "chatcmpl-loopback",
        "system_fingerprint": "fp_loopback",
        "finish_reason": "length",
        "logprobs": logprobs,
    }
    expected = {"input_tokens": 30, "output_tokens": 4, "total_tokens": 34}
    details = {"input_token_details": {"cache_read": 20}, "output_token_details": {"reasoning": 3}}
    assert said.usage_metadata == expected | details
    assert counter.usage_metadata["m-2026-01"]["input_tokens"] == 30


async def test_null_content_refusal_and_reasoning(server):
    messages = [{"refusal": "I would rather not."}, {"reasoning_content": "Hm."}, {"reasoning": "Hm."}]
    server.answer = lambda body, index: completion(None, message=messages[index])
    said = [await model_at(server).ainvoke("hello") for _ in messages]
    assert [answer.content for answer in said] == ["", "", ""]
    extras = [answer.additional_kwargs for answer in said]
    assert extras == [{"refusal": "I would rather not."}, {"reasoning_content": "Hm."}, {"reasoning_content": "Hm."}]


async def test_a_bare_minimum_of_a_reply_is_enough(server):
    server.answer = lambda body, index: {"choices": [{"message": {"content": "A"}}]}
    said = await model_at(server).ainvoke("hello")
    assert (said.content, said.usage_metadata) == ("A", None)
    assert said.response_metadata == {"model_name": "m"}


USABLE = {"prompt_tokens": 3, "completion_tokens": 1}


@pytest.mark.parametrize("odd", ["many", None, -1, 1.5, True, [], {}])
async def test_a_count_of_tokens_that_can_be_none_makes_no_reply_unusable(server, odd):
    counts = [{"prompt_tokens": odd, "completion_tokens": odd, "total_tokens": odd}, odd]
    counts += [USABLE | {"total_tokens": odd, "prompt_tokens_details": odd, "completion_tokens_details": odd}]
    counts += [USABLE | {"prompt_tokens_details": {"cached_tokens": odd}}]
    server.answer = lambda body, index: completion("A", usage=counts[index])
    said = [await model_at(server).ainvoke("hello") for _ in counts]
    assert [one.content for one in said] == ["A"] * 4
    expected = {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}
    assert [one.usage_metadata for one in said] == [None, None, expected, expected]


async def test_several_choices_count_their_tokens_once(server):
    both = [{"message": {"content": text}, "finish_reason": "stop"} for text in "AB"]
    server.answer = lambda body, index: completion("", choices=both)
    result = await model_at(server).agenerate([ASK], n=2)
    assert [generation.text for generation in result.generations[0]] == ["A", "B"]
    assert [generation.message.usage_metadata is None for generation in result.generations[0]] == [False, True]


# What goes wrong


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(400, ""), (401, "OPENAI_COMPATIBLE_API_KEY"), (404, "model.base_url"), (429, ""), (500, ""), (503, "")],
)
def test_http_errors_keep_status_and_the_endpoints_own_words(server, status, remedy):
    body = json.dumps({"error": {"message": f"Not\n now, said  it {'x' * 1000}", "type": "t"}})
    server.answer = lambda _, index: web.Response(text=body, status=status, headers={"Retry-After": "7"})
    error = error_of(server, base_url=server.base_url.replace("//", "//user:pass@") + "?token=hidden")
    assert isinstance(error, EndpointError)
    assert (error.status, error.retry_after) == (status, 7.0)
    assert str(error).startswith(f"{server.base_url}/chat/completions answered {status} ")
    assert ": Not now, said it xxx" in str(error)
    assert remedy in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": "plain"}', "plain"),
        ('{"detail": [{"loc": ["body"], "msg": "bad"}]}', "bad"),
        ('{"message": "m"}', "m"),
        ("<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        ("[1]", "[1]"),
        ("", "(an empty body)"),
    ],
)
def test_error_bodies_of_every_shape(server, body, words):
    server.answer = lambda _, index: web.Response(text=body, status=502, headers={"Retry-After": "Wed, 21 Oct"})
    error = error_of(server)
    assert words in str(error)
    assert (error.status, error.retry_after) == (502, None)


@pytest.mark.parametrize("name", ["type", "code"])
def test_an_account_without_money_can_be_told_from_too_many_requests(server, name):
    told = {"message": "You exceeded your current quota.", name: "insufficient_quota"}
    server.answer = lambda _, index: web.json_response({"error": told}, status=429)
    found = fault(error_of(server), "m")
    assert (found.reason, found.passing) == ("429", False)


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>Sign in</body></html>",
        '{"id": "x", "choices": [{"mess',
        "[]",
        "null",
        "{}",
        '{"choices": []}',
        '{"choices": null}',
        '{"choices": ["A"]}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": {"content": 5}}]}',
        '{"choices": [{"message": {"content": "A", "tool_calls": [{"function": {}}]}}]}',
        '{"error": {"message": "upstream is down", "code": 502}}',
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_that_is_no_chat_completion(server, body, streamed):
    server.answer = lambda _, index: web.Response(text=body)
    error = error_of(server, streaming=streamed)
    assert error.status == 200
    assert "not with a chat completion: " in str(error)


def test_a_broken_off_body(server):
    server.answer = lambda _, index: Cut('{"choices": [')
    error = error_of(server)
    assert error.status is None
    assert "no answer from" in str(error) or "broke off" in str(error)


def test_a_redirect_is_told_not_followed(server):
    server.answer = lambda _, index: web.Response(status=301, headers={"Location": "/v1/models"})
    assert error_of(server).status == 301


def test_connection_refused_says_what_to_do():
    with socket.socket() as taken:  # bound and not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(EndpointStatusError) as caught:
            OpenAICompatible(base_url=url, model="m").invoke("hello")
    assert caught.value.status is None
    assert str(caught.value).startswith(f"no answer from {url}: ")
    assert str(caught.value).endswith("; is the server running? set model.base_url=…")


async def test_a_late_answer(server):
    server.delay = 5
    begun = time.monotonic()
    with pytest.raises(EndpointStatusError, match=r"within 0\.1 s; .* raise model\.timeout=…") as caught:
        await model_at(server, timeout=0.1).ainvoke("hello")
    assert caught.value.status is None
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("secret", "settings"),
    [
        (KEY, {"api_key": f"{KEY}\n"}),  # as read from a file
        ("pa55word", {"base_url": "http://user:pa55word@{address}/v1"}),
        ("hidden-token", {"base_url": "http://{address}/v1?token=hidden-token"}),
    ],
)
def test_secrets_are_never_shown(server, secret, settings):
    address = server.base_url.removeprefix("http://").removesuffix("/v1")
    model = model_at(server, **{name: value.format(address=address) for name, value in settings.items()})
    body = json.dumps({"error": {"message": f"Incorrect key: {secret}"}})
    replies = [web.Response(text=body, status=401), web.Response(text=body), Cut(body)]
    server.answer = lambda _, index: replies[index]
    shown = [repr(model), str(model), str(model._identifying_params), str(model._get_invocation_params())]
    shown += [json.dumps(model._serialized), str(model._get_ls_params()), str(model.asdict())]
    for _ in replies:
        with pytest.raises(EndpointStatusError) as caught:
            model.invoke("hello")
        shown += [str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    assert "Incorrect key: ***" in "".join(shown)
    for text in shown:
        assert secret not in text


# Loops and threads


async def test_invoke_and_stream_inside_a_running_loop(server):
    model = model_at(server)
    assert model.invoke("hello").content == "You said: hello"
    assert "".join(str(chunk.content) for chunk in model.stream("hello")) == "You said: hello"
    assert (await model.ainvoke("hello")).content == "You said: hello"


@pytest.mark.filterwarnings("error::ResourceWarning")
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_loops_in_sequence_leave_nothing_open(server, caplog):
    model = model_at(server)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert asyncio.run(model.ainvoke("hello")).content == "You said: hello"
        assert len(model._sessions._held) == 1  # ended loops are swept out
        del model
        gc.collect()
    assert "Unclosed" not in caplog.text


async def test_aclose_and_use_again(server):
    model = model_at(server)
    await model.ainvoke("hello")
    session = await model._sessions.get(1)
    await model.aclose()
    await model.aclose()
    assert session.closed
    assert (await model.ainvoke("hello")).content == "You said: hello"


async def test_copies_and_pickles_work(server):
    model = model_at(server, temperature=0.5, api_key=KEY)
    await model.ainvoke("hello")
    for other in (deepcopy(model), pickle.loads(pickle.dumps(model)), model.model_copy(update={"temperature": 1.5})):
        assert (await other.ainvoke("hello")).content == "You said: hello"
        assert server.bodies[-1]["temperature"] == other.temperature
        assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"


async def test_calls_run_side_by_side_and_each_gets_its_own_answer(server):
    server.delay = 0.2
    model = model_at(server)
    begun = time.monotonic()
    said = await asyncio.gather(*(model.ainvoke(f"number {index}") for index in range(100)))
    assert time.monotonic() - begun < 5  # 20 s one after the other
    assert [answer.content for answer in said] == [f"You said: number {index}" for index in range(100)]
    assert server.most_at_once > 50


async def test_max_connections_holds(server):
    server.delay = 0.02
    model = model_at(server, max_connections=3)
    await asyncio.gather(*(model.ainvoke("hello") for _ in range(12)))
    assert server.most_at_once <= 3


# Streams


@pytest.mark.parametrize("way", ["sync", "async", "streaming=True"])
async def test_a_stream_adds_up_to_the_whole_reply(server, way):
    words = {"reasoning_content": "Hm.", "content": "Option A, please."}
    server.answer = lambda body, index: completion("", model="m-1", message=words, finish_reason="length")
    if way == "sync":
        pieces = list(model_at(server).stream(ASK))
    elif way == "async":
        pieces = [piece async for piece in model_at(server).astream(ASK)]
    else:
        pieces = [await model_at(server, streaming=True).ainvoke(ASK)]
    assert server.bodies[0]["stream"] is True
    assert way == "streaming=True" or len(pieces) > 3
    said = pieces[0]
    for piece in pieces[1:]:
        said += piece
    assert isinstance(said, AIMessage)
    assert said.content == "Option A, please."
    assert said.additional_kwargs == {"reasoning_content": "Hm."}
    identity = {"model_name": "m-1", "id": "chatcmpl-loopback", "system_fingerprint": "fp_loopback"}
    assert said.response_metadata == identity | {"finish_reason": "length"}
    assert said.usage_metadata == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


@pytest.mark.parametrize("end", ["early", "cut", "with an error"])
async def test_a_stream_that_ends_early_is_an_error_after_its_pieces(server, end):
    text = 'data: {"choices": [{"delta": {"content": "Option"}}]}\n\n'
    failed = 'data: {"error": {"message": "out of memory"}}\n\n'
    reply = {
        "early": web.Response(text=f": ping\n\n{text}"),
        "cut": Cut(text),
        "with an error": web.Response(text=text + failed),
    }
    words = {"early": "ended before the answer did", "cut": "127.0.0.1", "with an error": "out of memory"}
    server.answer = lambda _, index: reply[end]
    pieces = []

    async def read():
        async for piece in model_at(server).astream("hello"):
            pieces.append(piece.content)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(EndpointStatusError, match=words[end]):
        await read()
    assert pieces == ["Option"]


def test_a_sync_stream_left_early_ends_at_once(server):
    for piece in model_at(server).stream("one two three"):
        assert piece.content
        break
    assert model_at(server).invoke("hello").content == "You said: hello"


# The helper itself


async def test_loopback_serves_other_clients(server):
    openai = pytest.importorskip("langchain_openai")
    other = openai.ChatOpenAI(base_url=server.base_url, api_key="anything", model="m")
    said = await other.ainvoke("hello")
    assert said.content == "You said: hello"
    assert server.count == 1


async def test_the_direct_way_gives_what_ainvoke_gives(server):
    server.answer = lambda body, index: completion("A", model="m-2026", finish_reason="length")
    chat = OpenAICompatible(base_url=server.base_url, model="m")
    asked = [HumanMessage("A or B?")]
    one, other = await chat.direct(asked, seed=3), await chat.ainvoke(asked, seed=3)
    await chat.aclose()
    assert (one.content, one.usage_metadata, one.response_metadata) == (
        other.content,
        other.usage_metadata,
        other.response_metadata,
    )
    assert server.bodies[0] == server.bodies[1]


@pytest.mark.parametrize("listening", [False, True])
async def test_a_call_is_recorded_where_somebody_listens(server, listening):
    heard = []

    class Listener(BaseCallbackHandler):
        def on_chat_model_start(self, serialized, messages, **about):
            heard.append(about["metadata"]["commonweal"])

    chat = OpenAICompatible(base_url=server.base_url, model="m", callbacks=[Listener()] if listening else None)
    made = Gateway("m", chat, synthetic=False)
    draw = Draw(1, 0, "before", 1, "slider", "primary", 1, 1)
    assert (await made.ask(Call([HumanMessage("hello")], draw, metadata={"commonweal": "x"}))).text
    await made.close()
    assert heard == (["x"] if listening else [])
