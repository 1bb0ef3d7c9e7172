"""What came back from a chat model, read out of LangChain's message."""

import pytest
from langchain_core.messages import AIMessage

from agents.received import Received, received


def read(message):
    return received(message, 0.25, "ab")


def test_a_reply_is_told_with_what_it_took():
    message = AIMessage(
        "B.",
        usage_metadata={"input_tokens": 12, "output_tokens": 3, "total_tokens": 15},
        response_metadata={"model_name": "m-2026", "finish_reason": "stop"},
    )
    assert read(message) == Received("B.", "stop", 12, 3, 0.25, "m-2026", None, "ab")


def test_what_the_endpoint_does_not_say_stays_unknown():
    assert read(AIMessage("B")) == Received("B", None, None, None, 0.25, None, None, "ab")


@pytest.mark.parametrize("word", ["finish_reason", "stop_reason", "done_reason"])
def test_every_providers_word_for_the_end_is_understood(word):
    assert read(AIMessage("B", response_metadata={word: "length"})).finish_reason == "length"


@pytest.mark.parametrize("word", ["model_name", "model"])
def test_every_providers_word_for_the_identity_is_understood(word):
    assert read(AIMessage("B", response_metadata={word: "m-1"})).model == "m-1"


def test_text_in_blocks_is_read_without_the_reasoning():
    blocks = [{"type": "reasoning", "reasoning": "A is unfair."}, {"type": "text", "text": "B"}]
    assert read(AIMessage(blocks)).text == "B"


def test_a_refusal_beside_an_empty_text_is_the_reply():
    refused = read(AIMessage("", additional_kwargs={"refusal": "I won't."}))
    assert (refused.text, refused.finish_reason) == ("I won't.", "refusal")
    assert read(AIMessage("B", additional_kwargs={"refusal": "I won't."})).text == "B"


def test_half_characters_stay_in_the_text_and_are_escaped_in_what_tables_hold():
    odd = read(AIMessage("\ud83d?", response_metadata={"model_name": "m\ud83d", "finish_reason": "\udc00"}))
    assert (odd.text, odd.model, odd.finish_reason) == ("\ud83d?", "m\\ud83d", "\\udc00")


@pytest.mark.parametrize("count", [-1, 2**53, "12", 1.5, True, None])
def test_what_can_be_no_count_of_tokens_stays_unknown(count):
    message = AIMessage("B")
    message.usage_metadata = {"input_tokens": count, "output_tokens": 4, "total_tokens": 0}
    assert (read(message).tokens_in, read(message).tokens_out) == (None, 4)


def top(logprobs):
    return read(AIMessage("B", response_metadata={"logprobs": logprobs})).top


def test_the_first_tokens_alternatives_are_read_in_openais_form():
    first = {
        "token": "B",
        "logprob": -0.1,
        "top_logprobs": [{"token": "B", "logprob": -0.1}, {"token": " A", "logprob": -3, "bytes": [32, 65]}],
    }
    assert top({"content": [first, {"token": ".", "logprob": -9}]}) == (("B", -0.1), (" A", -3.0))


def test_without_alternatives_the_token_itself_is_all_there_is():
    for beside in ({}, {"top_logprobs": []}, {"top_logprobs": None}):
        assert top({"content": [{"token": "B", "logprob": -0.1, **beside}]}) == (("B", -0.1),)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        [],
        "B",
        {"content": None},
        {"content": {}},
        {"content": ["B"]},
        {"content": [{"token": "B"}]},
        {"content": [{"token": "B", "logprob": None}]},
        {"content": [{"token": "B", "logprob": "high"}]},
        {"content": [{"token": "B", "logprob": -1, "top_logprobs": [{"token": "B"}]}]},
        {"content": [{"token": "B", "logprob": -1, "top_logprobs": 3}]},
    ],
)
def test_what_holds_no_alternatives_is_none(logprobs):
    assert top(logprobs) is None


def test_a_reply_that_ended_before_its_first_token_has_no_alternatives():
    assert top({"content": []}) == ()
