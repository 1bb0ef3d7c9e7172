"""Faults, which pass, and errors, which asking again cannot mend; and no key in any of them."""

import json

import httpx
import pytest

from agents.faults import Fault, fault, keys_in_environment, redacted
from agents.openai_compatible import EndpointStatusError
from games.errors import EndpointError, SettingError

KEY = "sk-planted-0123456789"
PASSING = [408, 409, 425, 429, 500, 502, 503, 504, 529]
LASTING = [300, 301, 307, 400, 401, 402, 403, 404, 405, 410, 413, 418, 422, 451]


class Response:
    def __init__(self, **headers):
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def caused(error, cause):
    error.__cause__ = cause
    return error


def shaped(name, words="no", cause=None, **about):
    """An error as a provider's client raises it: of this name, with these attributes."""
    error = type(name, (Exception,), {})(words)
    for attribute, value in about.items():
        setattr(error, attribute, value)
    return caused(error, cause)


def read(error):
    found = fault(error, "openai/x")
    assert "\n" not in found.message
    return found.reason, found.passing


# --- statuses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["status", "status_code", "code"])
@pytest.mark.parametrize("status", PASSING + LASTING)
def test_a_status_says_whether_another_attempt_may_help_under_every_providers_name(name, status):
    assert read(shaped("APIStatusError", **{name: status})) == (str(status), status in PASSING)


@pytest.mark.parametrize("status", PASSING + LASTING)
def test_so_does_our_own_client(status):
    found = fault(EndpointStatusError("http://h/v1 answered", status, 7.0), "m")
    assert found == Fault(str(status), status in PASSING, 7.0, "http://h/v1 answered")


@pytest.mark.parametrize("status", range(500, 600))
def test_every_error_of_the_servers_own_passes(status):
    assert read(shaped("InternalServerError", status_code=status)) == (str(status), True)


def test_a_code_that_is_no_http_status_is_none():
    for code in ("insufficient_quota", 5, 600, None, 4.29):
        assert read(shaped("APIError", code=code)) == ("error", False)
    assert read(shaped("APIError", code="rate_limit_exceeded", status_code=429)) == ("429", True)


def test_an_error_that_only_wraps_the_one_with_the_status_is_read_through():
    # As langchain-google-genai 4 raises every error of the client.
    inner = shaped("ClientError", "429 RESOURCE_EXHAUSTED", code=429, response=Response(retry_after="3"))
    found = fault(shaped("ChatGoogleGenerativeAIError", "Error calling model", cause=inner), "google/x")
    assert (found.reason, found.passing, found.wait) == ("429", True, 3.0)


QUOTA = "Error code: 429 - {'error': {'message': 'You exceeded your current quota', 'type': 'insufficient_quota'}}"


@pytest.mark.parametrize("words", [QUOTA, QUOTA.replace("current", "current " + "very " * 100)])
def test_an_account_without_money_does_not_pass_however_long_its_words(words):
    assert read(shaped("RateLimitError", words, status_code=429)) == ("429", False)
    assert read(EndpointStatusError(words, 429)) == ("429", False)


def test_a_body_that_is_no_chat_completion_passes():
    assert read(EndpointStatusError("answered 200, but not with a chat completion: {}", 200)) == ("body", True)


# --- without a status ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "timeout"),
        (shaped("APITimeoutError", "Request timed out."), "timeout"),
        (shaped("ReadTimeout"), "timeout"),
        (shaped("PoolTimeout"), "timeout"),
        (shaped("APIError", cause=TimeoutError("late")), "timeout"),
        (EndpointStatusError("no answer within 3 s"), "error"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection"),
        (ConnectionRefusedError(111, "Connection refused"), "connection"),
        (BrokenPipeError(), "connection"),
        (OSError("name or service not known"), "connection"),
        (shaped("APIConnectionError", "Connection error."), "connection"),
        (shaped("ConnectError"), "connection"),
        (shaped("RemoteProtocolError", "Server disconnected"), "connection"),
        (caused(httpx.ReadError(""), BrokenPipeError()), "connection"),  # as httpx raises a reset connection
        (httpx.RemoteProtocolError("disconnected"), "connection"),
        (httpx.ConnectTimeout("late"), "timeout"),
        (shaped("ChatError", cause=shaped("Wrapped", cause=ConnectionResetError())), "connection"),
        (shaped("ClientPayloadError", "not completed"), "body"),
        (json.JSONDecodeError("Expecting value", "", 0), "body"),
        (shaped("DecodingError"), "body"),
        (shaped("IncompleteReadError"), "body"),
        (ValueError("temperature must be below 2"), "error"),
        (shaped("ValidationError"), "error"),
        (KeyError("choices"), "error"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_what_has_no_status_is_read_by_its_kind_and_its_causes(error, reason):
    assert read(error) == (reason, reason != "error")


def test_our_own_client_is_read_by_the_cause_of_its_error():
    for cause, reason in ((TimeoutError(), "timeout"), (ConnectionResetError(), "connection")):
        try:
            raise EndpointStatusError("no answer from http://h/v1") from cause
        except EndpointStatusError as error:
            found = fault(error, "m")
        # It has told the remedy itself.
        assert found == Fault(reason, True, None, "no answer from http://h/v1")


def test_a_lost_connection_of_any_other_client_comes_with_the_remedy():
    assert fault(ConnectionResetError("reset"), "m").message.endswith("It is set by model.base_url=…")
    assert "base_url" not in fault(ValueError("x"), "m").message


def test_errors_that_are_each_others_cause_end():
    one, other = shaped("One"), shaped("Other")
    one.__cause__, other.__cause__ = other, one
    assert read(one) == ("error", False)


# --- how long to wait ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-3", 0.0),
        (12, 12.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
    ],
)
def test_what_the_endpoint_asks_to_wait_is_read_from_its_header(told, seconds):
    assert fault(shaped("RateLimitError", status_code=429, response=Response(retry_after=told)), "m").wait == seconds
    assert fault(shaped("OverloadedError", status_code=503, retry_after=told), "m").wait == seconds


@pytest.mark.parametrize("about", [{}, {"response": None}, {"response": Response()}, {"response": object()}])
def test_an_endpoint_that_asks_for_no_wait_gets_none(about):
    assert fault(shaped("RateLimitError", status_code=429, **about), "m").wait is None


# --- messages and keys -----------------------------------------------------------------------------------------------


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", KEY)


def test_an_error_is_told_in_one_line_with_the_model_and_without_the_key(key):
    found = fault(ValueError(f"bad key\n  {KEY}  in header"), "openai/x")
    assert found == Fault("error", False, None, "model openai/x: ValueError: bad key … in header")


def test_our_own_words_are_not_told_twice(key):
    assert fault(EndpointError(f"told already of {KEY}"), "openai/x").message == "told already of …"


def test_a_key_at_the_cut_of_a_long_error_does_not_show_in_part(key):
    told = fault(ValueError("x" * 290 + " " + KEY + "y" * 500), "m").message
    assert KEY[:5] not in told
    assert len(told) < 350


def test_every_key_of_the_environment_is_taken_out_of_a_text(monkeypatch):
    monkeypatch.setenv("FIRST_API_KEY", "abcdef-1")
    monkeypatch.setenv("HF_TOKEN", "hf_123456")
    monkeypatch.setenv("MY_SECRET", "s3cret!")
    monkeypatch.setenv("SHORT_API_KEY", "abc")
    monkeypatch.setenv("EMPTY_API_KEY", "")
    monkeypatch.setenv("HARMLESS", "a plain word")
    told = redacted("abcdef-1, hf_123456 and s3cret! but abc and a plain word, abcdef-1")
    assert told == "…, … and … but abc and a plain word, …"
    assert {"abcdef-1", "hf_123456", "s3cret!", "abc"} <= set(keys_in_environment())
    assert not {"", "a plain word"} & set(keys_in_environment())


def test_a_setting_that_is_wrong_is_no_fault_of_the_endpoint():
    assert read(SettingError("model=… needs a key")) == ("error", False)
