"""The one way to a chat model: concurrency, what a reply took, and errors without keys."""

import asyncio
import time
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agents.gateway import Gateway, redacted
from games.errors import EndpointError, SettingError

ASK = [HumanMessage("A or B?")]
KEY = "sk-planted-0123456789"


class Chat(BaseChatModel):
    """Answers with a message, or raises an error, after a while; knows how many calls were under way at once."""

    answer: Any = None
    pause: float = 0.0
    metadata_seen: list[Any] = []  # noqa: RUF012 - pydantic copies defaults
    under_way: int = 0
    most: int = 0

    @property
    def _llm_type(self):
        return "test"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        raise NotImplementedError  # LangChain wants it defined; agents ask asynchronously only

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        self.metadata_seen.append(run_manager.metadata)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.pause)
        self.under_way -= 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return ChatResult(generations=[ChatGeneration(message=self.answer or AIMessage("B"))])


class Closing(Chat):
    closed: int = 0

    async def aclose(self):
        self.closed += 1


def gateway(chat, concurrency=4, name="m"):
    return Gateway(name, chat, concurrency=concurrency, synthetic=False)


async def asked(message):
    return await gateway(Chat(answer=message)).ask(ASK, {})


@pytest.mark.parametrize("limit", [1, 3])
async def test_no_more_calls_are_under_way_than_allowed_and_as_many_as_allowed(limit):
    chat = Chat(pause=0.005)
    made = gateway(chat, limit)
    await asyncio.gather(*[made.ask(ASK, {}) for _ in range(10)])
    assert chat.most == limit
    assert made.calls == 10


async def test_a_reply_is_told_with_what_it_took():
    message = AIMessage(
        "B.",
        usage_metadata={"input_tokens": 12, "output_tokens": 3, "total_tokens": 15},
        response_metadata={"model_name": "m-2026", "finish_reason": "stop"},
    )
    chat = Chat(answer=message, pause=0.02)
    made = gateway(chat)
    received = await made.ask(ASK, {})
    assert (received.text, received.finish_reason, received.model) == ("B.", "stop", "m-2026")
    assert (received.tokens_in, received.tokens_out) == (12, 3)
    assert 0.02 <= received.latency < 10
    assert made.identities == {"m-2026"}


async def test_what_the_endpoint_does_not_say_stays_unknown():
    received = await asked(AIMessage("B"))
    assert (received.finish_reason, received.tokens_in, received.tokens_out, received.model) == (None,) * 4


async def test_waiting_for_a_place_is_no_part_of_the_latency():
    made = gateway(Chat(pause=0.02), 1)
    started = time.perf_counter()
    received = await asyncio.gather(*[made.ask(ASK, {}) for _ in range(5)])
    assert sum(one.latency for one in received) <= time.perf_counter() - started  # one after the other, none twice


@pytest.mark.parametrize("word", ["finish_reason", "stop_reason", "done_reason"])
async def test_every_providers_word_for_the_end_is_understood(word):
    assert (await asked(AIMessage("B", response_metadata={word: "length"}))).finish_reason == "length"


@pytest.mark.parametrize("word", ["model_name", "model"])
async def test_every_providers_word_for_the_identity_is_understood(word):
    assert (await asked(AIMessage("B", response_metadata={word: "m-1"}))).model == "m-1"


async def test_text_in_blocks_is_read_without_the_reasoning():
    blocks = [{"type": "reasoning", "reasoning": "A is unfair."}, {"type": "text", "text": "B"}]
    assert (await asked(AIMessage(blocks))).text == "B"


async def test_a_refusal_beside_an_empty_text_is_the_reply():
    received = await asked(AIMessage("", additional_kwargs={"refusal": "I won't."}))
    assert (received.text, received.finish_reason) == ("I won't.", "refusal")
    assert (await asked(AIMessage("B", additional_kwargs={"refusal": "I won't."}))).text == "B"


async def test_every_identity_that_answered_is_kept():
    chat = Chat()
    made = gateway(chat)
    for identity in ("m-1", "m-2", "m-1"):
        chat.answer = AIMessage("B", response_metadata={"model_name": identity})
        await made.ask(ASK, {})
    assert made.identities == {"m-1", "m-2"}


async def test_metadata_travels_with_its_own_call():
    chat = Chat()
    made = gateway(chat)
    await asyncio.gather(*[made.ask(ASK, {"commonweal": number}) for number in range(5)])
    assert sorted(seen["commonweal"] for seen in chat.metadata_seen) == list(range(5))


async def test_an_error_becomes_an_endpoint_error_in_one_line_without_the_key(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", KEY)
    with pytest.raises(EndpointError) as raised:
        await gateway(Chat(answer=ValueError(f"bad key\n  {KEY}  in header")), name="openai/x").ask(ASK, {})
    assert str(raised.value) == "model openai/x: ValueError: bad key … in header"


async def test_a_key_at_the_cut_of_a_long_error_does_not_show_in_part(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", KEY)
    with pytest.raises(EndpointError) as raised:
        await gateway(Chat(answer=ValueError("x" * 290 + " " + KEY + "y" * 500))).ask(ASK, {})
    assert KEY[:5] not in str(raised.value)
    assert len(str(raised.value)) < 350


@pytest.mark.parametrize("error", [EndpointError("told already"), SettingError("told already")])
async def test_our_own_errors_pass_as_they_are(error):
    with pytest.raises(type(error)) as raised:
        await gateway(Chat(answer=error)).ask(ASK, {})
    assert raised.value is error


async def test_a_call_under_way_is_waited_for_and_its_task_begins_no_other():
    chat = Chat(pause=0.05)
    made = gateway(chat, 1)
    heard = []

    async def two():
        heard.append((await made.ask(ASK, {})).text)
        heard.append((await made.ask(ASK, {})).text)

    waiting = asyncio.create_task(two())
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert heard == ["B"]
    assert made.calls == len(chat.metadata_seen) == 1
    # Its place is given back.
    assert (await asyncio.wait_for(made.ask(ASK, {}), 10)).text == "B"


async def test_a_call_that_waits_for_a_place_is_cancelled_at_once():
    chat = Chat(pause=0.05)
    made = gateway(chat, 1)
    first = asyncio.create_task(made.ask(ASK, {}))
    second = asyncio.create_task(made.ask(ASK, {}))
    await asyncio.sleep(0.01)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert not first.done()
    assert (await first).text == "B"
    assert len(chat.metadata_seen) == 1


async def test_after_an_error_of_the_endpoint_no_further_call_is_made():
    chat = Chat(answer=ValueError("no"))
    made = gateway(chat, 1)
    for _ in range(3):
        with pytest.raises(EndpointError, match="ValueError: no"):
            await asyncio.wait_for(made.ask(ASK, {}), 10)
    assert len(chat.metadata_seen) == 1


async def test_connections_are_given_back_where_there_are_any():
    chat = Closing()
    await gateway(chat).close()
    assert chat.closed == 1
    await gateway(Chat()).close()  # a chat model without connections is left in peace


def test_a_shown_gateway_shows_no_key():
    assert KEY not in repr(gateway(Chat(answer=KEY)))


def test_every_key_of_the_environment_is_taken_out_of_a_text(monkeypatch):
    monkeypatch.setenv("FIRST_API_KEY", "abcdef-1")
    monkeypatch.setenv("HF_TOKEN", "hf_123456")
    monkeypatch.setenv("MY_SECRET", "s3cret!")
    monkeypatch.setenv("SHORT_API_KEY", "abc")
    monkeypatch.setenv("HARMLESS", "a plain word")
    told = redacted("abcdef-1, hf_123456 and s3cret! but abc and a plain word, abcdef-1")
    assert told == "…, … and … but abc and a plain word, …"
