"""Chat models of providers: what is missing is told before any call, and nothing shows a key."""

import importlib.util
from dataclasses import replace

import pytest
from aiohttp import web
from langchain_core.messages import HumanMessage

from agents import providers
from agents.answers import Answering
from agents.faults import fault
from agents.gateway import Gateway
from agents.limits import Limits
from agents.openai_compatible import OpenAICompatible
from agents.providers import openai_compatible, provider_model
from agents.request import Call, Draw
from games.errors import EndpointError, SettingError
from games.types import Allocation, Decision, Option
from tests.loopback import Loopback, completion

KEY = "sk-planted-0123456789"
DRAW = Draw(1, 0, "before", 1, "slider", "choose", 1, 1)
CALL = Call([HumanMessage("A or B?")], DRAW, metadata={"commonweal": {"draw": 1}})


@pytest.fixture
def keyed(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def asked(monkeypatch):
    """What `init_chat_model` was called with."""
    calls = []
    monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


def openai(name="m", **changes):
    return provider_model(**{"provider": "openai", "name": name, "extra": "openai", "key": "OPENAI_API_KEY"} | changes)


@pytest.mark.parametrize("name", [None, ""])
def test_a_model_without_a_name_is_refused(name, keyed):
    with pytest.raises(SettingError, match=r"model\.name="):
        openai(name)


def test_a_client_that_is_not_installed_is_told_with_the_command_that_installs_it(monkeypatch):
    known = importlib.util.find_spec
    monkeypatch.setattr(
        providers.importlib.util, "find_spec", lambda name: None if name == "langchain_openai" else known(name)
    )
    with pytest.raises(SettingError, match="make install EXTRA=openai"):
        openai()


def test_a_provider_that_nobody_knows_is_looked_for_by_its_name():
    with pytest.raises(SettingError, match=r"langchain_unheard_of.*make install EXTRA=extra"):
        provider_model("unheard_of", "m", extra="extra")


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_key_is_told_by_the_variable_that_should_hold_it(value, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("OPENAI_API_KEY", value)
    with pytest.raises(SettingError, match="export OPENAI_API_KEY="):
        openai()


def test_a_provider_without_keys_needs_none(monkeypatch, asked):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    openai(key=None)
    assert len(asked) == 1


def test_settings_left_at_null_are_left_to_the_provider(keyed, asked):
    openai(temperature=0.0, max_tokens=None, base_url=None, top_p=0.5)
    assert asked == [(("m",), {"model_provider": "openai", "temperature": 0.0, "top_p": 0.5})]


def test_the_made_model_does_not_show_the_key(keyed):
    made = openai(temperature=0.5)
    assert (made.model_name, made.temperature) == ("m", 0.5)
    assert made.openai_api_key.get_secret_value() == KEY
    assert KEY not in repr(made) + str(made)


async def test_openai_answers_through_the_gateway_with_tokens_and_identity(keyed):
    with Loopback(lambda body, index: "B", model="m-2026") as server:
        gateway = Gateway("openai/m", openai(base_url=server.base_url), synthetic=False)
        received = await gateway.ask(CALL)
        await gateway.close()
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
        assert "commonweal" not in server.bodies[0].get("metadata", {})
    assert (received.text, received.finish_reason, received.model) == ("B", "stop", "m-2026")
    assert received.tokens_in > 0
    assert received.tokens_out > 0


async def test_an_endpoint_that_repeats_the_key_in_its_error_does_not_make_us_show_it(keyed, monkeypatch):
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", KEY)

    def refuse(body, index):
        return web.json_response({"error": {"message": f"Incorrect API key: {KEY}"}}, status=401)

    with Loopback(refuse) as server:
        for made in (openai(base_url=server.base_url), openai_compatible("m", server.base_url)):
            gateway = Gateway("m", made, synthetic=False, limits=Limits(retries=0))
            with pytest.raises(EndpointError) as raised:
                await gateway.ask(CALL)
            await gateway.close()
            assert "Incorrect API key" in str(raised.value)
            assert KEY not in str(raised.value)
            assert "\n" not in str(raised.value)


async def test_a_schema_and_log_probabilities_reach_the_provider_and_come_back(keyed):
    first = {"token": "B", "logprob": -0.1, "top_logprobs": [{"token": "B", "logprob": -0.1, "bytes": [66]}]}
    with Loopback(lambda body, index: completion("B", logprobs={"content": [first]})) as server:
        gateway = Gateway("openai/m", openai(base_url=server.base_url), synthetic=False)
        menu = Decision("g", 0, (Option("x", Allocation(1, 0)), Option("y", Allocation(0, 1))))
        likely, schema = (Answering(form, "openai").arguments(menu) for form in ("probabilities", "schema"))
        received = await gateway.ask(replace(CALL, arguments=likely))
        await gateway.ask(replace(CALL, arguments=schema))
        await gateway.close()
        first, second = server.bodies
    assert received.top == (("B", -0.1),)
    assert (first["logprobs"], first["top_logprobs"], first["max_completion_tokens"]) == (True, 20, 1)
    assert second["response_format"] == schema["response_format"]


@pytest.mark.parametrize(("status", "reason", "passing"), [(429, "429", True), (503, "503", True), (401, "401", False)])
async def test_the_status_and_the_wait_of_a_providers_error_are_read(status, reason, passing, keyed, monkeypatch):
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", KEY)
    body = {"error": {"message": "no"}}
    with Loopback(lambda _, index: web.json_response(body, status=status, headers={"Retry-After": "7"})) as server:
        for made in (openai(base_url=server.base_url, max_retries=0), openai_compatible("m", server.base_url)):
            with pytest.raises(Exception, match="no") as raised:
                await made.ainvoke("A or B?")
            found = fault(raised.value, "m")
            assert (found.reason, found.passing, found.wait) == (reason, passing, 7.0)
        assert server.count == 2  # nobody but the gateway asks twice


# --- any server with OpenAI's chat completions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "address", "told"), [(None, "http://127.0.0.1:1/v1", r"model\.name="), ("m", None, r"model\.base_url=")]
)
def test_a_compatible_server_needs_a_name_and_an_address(name, address, told):
    with pytest.raises(SettingError, match=told):
        openai_compatible(name, address)


def test_a_compatible_model_takes_what_is_set_and_leaves_out_what_is_null(monkeypatch):
    monkeypatch.delenv("OPENAI_COMPATIBLE_API_KEY", raising=False)
    made = openai_compatible("m", "http://127.0.0.1:1/v1", temperature=0.5, top_p=None, timeout=7)
    assert isinstance(made, OpenAICompatible)
    assert (made.model, made.temperature, made.top_p, made.timeout, made.api_key) == ("m", 0.5, None, 7, None)


def test_a_compatible_models_key_comes_from_the_environment_and_does_not_show(monkeypatch):
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", KEY)
    made = openai_compatible("m", "http://127.0.0.1:1/v1")
    assert made.api_key.get_secret_value() == KEY
    assert KEY not in repr(made) + str(made)


def test_a_misspelt_setting_of_a_compatible_model_is_refused():
    with pytest.raises(ValueError, match="temprature"):
        openai_compatible("m", "http://127.0.0.1:1/v1", temprature=1)
