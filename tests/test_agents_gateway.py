"""The one way to a chat model: store, budget, limits, the call with its retries, and the store again."""

import asyncio
import time
from collections import Counter
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agents import gateway as module
from agents import limits as limits_module
from agents.budget import Budget, Prices
from agents.gateway import Account, Gateway, Terms
from agents.limits import Limits
from agents.openai_compatible import EndpointStatusError
from agents.reply_store import Paid, ReplyStore
from agents.request import Call, Draw, Mode
from games.errors import BudgetError, EndpointError, MissingReply, SettingError, StoreError

ASK = (HumanMessage("A or B?"),)
KEY = "sk-planted-0123456789"
FIRST = Draw(1, 0, "before", 1, "slider", "choose", 1, 1)
COUNTED = AIMessage(
    "B",
    usage_metadata={"input_tokens": 12, "output_tokens": 3, "total_tokens": 15},
    response_metadata={"model_name": "m-2026", "finish_reason": "stop"},
)


class Chat(BaseChatModel):
    """Answers with a message, a text, or an error to raise; a function says which for each call by its number."""

    answer: Any = "B"
    pause: float = 0.0
    metadata_seen: list[Any] = []  # noqa: RUF012 - pydantic copies defaults
    arguments_seen: list[Any] = []  # noqa: RUF012 - as above
    under_way: int = 0
    most: int = 0

    @property
    def _llm_type(self):
        return "test"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        raise NotImplementedError  # LangChain wants it defined; agents ask asynchronously only

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        number = len(self.metadata_seen)
        self.metadata_seen.append(run_manager.metadata)
        self.arguments_seen.append(kwargs)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.pause)
        finally:
            self.under_way -= 1
        said = self.answer(number) if callable(self.answer) else self.answer
        if isinstance(said, BaseException):
            raise said
        message = AIMessage(said) if isinstance(said, str) else said
        return ChatResult(generations=[ChatGeneration(message=message)])

    @property
    def calls(self):
        return len(self.metadata_seen)


class Closing(Chat):
    closed: int = 0

    async def aclose(self):
        self.closed += 1


def gateway(chat, concurrency=4, name="m", synthetic=False, limits=None, terms=None, **settings):
    """A gateway with limits that make no test wait, and without retries unless they are set."""
    usual = {"concurrency": concurrency, "retries": 0, "backoff": 0.001}
    return Gateway(
        name, chat, synthetic=synthetic, limits=Limits(**usual | (limits or {})), terms=terms or Terms(), **settings
    )


def call(number=1, cell="", messages=ASK, metadata=None, arguments=None):
    """A call that differs from others by its item, as the items of a measure do."""
    return Call(messages, replace(FIRST, item=number), cell, metadata or {}, arguments or {})


def fault(status, retry_after=None):
    return EndpointStatusError(f"answered {status}", status, retry_after)


def in_turn(*answers):
    """Each answer once, and then the last for ever."""
    return lambda number: answers[min(number, len(answers) - 1)]


@pytest.fixture
def clock(monkeypatch):
    """A clock that sleeping moves on at once; it knows how long was slept."""
    made, sleep = SimpleNamespace(now=1000.0, slept=[]), asyncio.sleep

    async def at_once(seconds, result=None):
        if seconds > 0:
            made.slept.append(seconds)
            made.now += seconds
        return await sleep(0, result)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    standing = SimpleNamespace(monotonic=lambda: made.now, perf_counter=lambda: made.now)
    monkeypatch.setattr(module, "time", standing)
    monkeypatch.setattr(limits_module, "time", standing)
    return made


# --- the call itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3])
async def test_no_more_calls_are_under_way_than_allowed_and_as_many_as_allowed(limit):
    chat = Chat(pause=0.005)
    made = gateway(chat, limit)
    await asyncio.gather(*[made.ask(call(number)) for number in range(10)])
    assert chat.most == limit
    assert chat.calls == made.accounts[""].made == 10


async def test_a_reply_is_told_with_what_it_took_and_its_key():
    chat = Chat(answer=COUNTED, pause=0.02)
    made = gateway(chat)
    received = await made.ask(call())
    assert (received.text, received.finish_reason, received.model) == ("B", "stop", "m-2026")
    assert (received.tokens_in, received.tokens_out) == (12, 3)
    assert 0.02 <= received.latency < 10
    assert received.key == made.key(call()).hex()
    assert made.identities == {"m-2026": 1}


async def test_waiting_for_a_place_is_no_part_of_the_latency():
    made = gateway(Chat(pause=0.02), 1)
    started = time.perf_counter()
    received = await asyncio.gather(*[made.ask(call(number)) for number in range(5)])
    assert sum(one.latency for one in received) <= time.perf_counter() - started  # one after the other, none twice


async def test_metadata_and_arguments_travel_with_their_own_call():
    chat = Chat()
    made = gateway(chat)
    calls = [call(number, metadata={"commonweal": number}, arguments={"top_k": number}) for number in range(5)]
    await asyncio.gather(*[made.ask(one) for one in calls])
    assert sorted(seen["commonweal"] for seen in chat.metadata_seen) == list(range(5))
    assert sorted(seen["top_k"] for seen in chat.arguments_seen) == list(range(5))


async def test_connections_are_given_back_where_there_are_any():
    chat = Closing()
    await gateway(chat).close()
    assert chat.closed == 1
    await gateway(Chat()).close()  # a chat model without connections is left in peace
    await gateway(None).close()


def test_a_shown_gateway_shows_no_key():
    assert KEY not in repr(gateway(Chat(answer=KEY)))


async def test_a_key_of_the_environment_in_a_reply_is_neither_handed_on_nor_stored(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", KEY)
    made = gateway(Chat(answer=f"B. My key is {KEY}, {KEY}."))
    received = await made.ask(call())
    assert received.text == "B. My key is …, …."
    assert made.terms.store.get(made.key(call())) == received


async def test_the_first_identity_is_taken_and_a_changed_one_is_told():
    heard = []
    answers = [AIMessage("B", response_metadata={"model_name": name}) for name in ("m-1", "m-1", "m-2", "m-1", "m-3")]
    made = gateway(Chat(answer=in_turn(*answers)), told=heard.append)
    for number in range(5):
        await made.ask(call(number))
    assert made.identities == {"m-1": 3, "m-2": 1, "m-3": 1}
    assert heard == [
        "m: now answers as m-2, so far as m-1: more than one model replies",
        "m: now answers as m-3, so far as m-1, m-2: more than one model replies",
    ]


async def test_an_endpoint_that_tells_no_identity_has_none():
    made = gateway(Chat(), told=pytest.fail)
    await made.ask(call())
    assert made.identities == {}


async def test_log_probabilities_that_do_not_come_are_an_error_which_names_the_setting():
    chat = Chat()
    made = gateway(chat)
    with pytest.raises(EndpointError, match=r"model m answers without log probabilities; .* model\.answer=text"):
        await made.ask(call(arguments={"logprobs": True}))
    with pytest.raises(EndpointError, match="without log probabilities"):
        await made.ask(call(2, arguments={"logprobs": True}))
    assert chat.calls == 1
    assert made.terms.store.get(made.key(call(arguments={"logprobs": True}))) is None


async def test_a_reply_without_the_log_probabilities_was_paid_for_and_is_accounted_for():
    made = gateway(Chat(answer=COUNTED))
    with pytest.raises(EndpointError):
        await made.ask(call(arguments={"logprobs": True}))
    account = made.accounts[""]
    assert (account.requests, account.made + sum(account.faults.values()), account.tokens_in) == (1, 1, 12)


async def test_log_probabilities_are_kept_where_they_come():
    logprobs = {"content": [{"token": "B", "logprob": -0.5}]}
    made = gateway(Chat(answer=AIMessage("B", response_metadata={"logprobs": logprobs})))
    asked = call(arguments={"logprobs": True})
    assert (await made.ask(asked)).top == (("B", -0.5),)
    assert (await made.ask(asked)).top == (("B", -0.5),)


async def test_a_reply_that_a_filter_stopped_needs_no_log_probabilities():
    stopped = AIMessage("", response_metadata={"finish_reason": "content_filter"})
    made = gateway(Chat(answer=stopped))
    assert (await made.ask(call(arguments={"logprobs": True}))).finish_reason == "content_filter"


# --- the key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [one.name for one in fields(Draw)])
def test_calls_that_differ_in_any_part_of_the_draw_have_different_keys(field):
    made, value = gateway(None), getattr(FIRST, field)
    other = replace(FIRST, **{field: f"{value}." if isinstance(value, str) else value + 1})
    assert made.key(Call(ASK, FIRST)) != made.key(Call(ASK, other))
    assert made.key(Call(ASK, FIRST)) == made.key(Call(ASK, replace(FIRST)))


def test_no_two_draws_that_swap_their_parts_have_one_key():
    made = gateway(None)
    draws = [replace(FIRST, step=a, attempt=b, round=c, item=d) for a, b, c, d in [(1, 2, 3, 4), (2, 1, 3, 4)]]
    draws += [replace(FIRST, step=12, attempt=3), replace(FIRST, step=1, attempt=23)]
    draws += [replace(FIRST, game="ab", stage="c"), replace(FIRST, game="a", stage="bc")]
    assert len({made.key(Call(ASK, draw)) for draw in draws}) == len(draws)


def test_every_part_of_the_request_is_in_the_key():
    made = gateway(None)
    requests = [
        {"messages": ASK},
        {"messages": (HumanMessage("A or B? "),)},
        {"messages": (SystemMessage("A or B?"),)},
        {"messages": (AIMessage("A or B?"),)},
        {"messages": (*ASK, *ASK)},
        {"messages": (HumanMessage("A or"), HumanMessage(" B?"))},
        {"messages": ()},
        {"arguments": {"logprobs": True}},
        {"arguments": {"logprobs": False}},
        {"arguments": {"response_format": {"enum": ["A", "B"]}}},
        {"arguments": {"response_format": {"enum": ["B", "A"]}}},
        {"messages": (HumanMessage("half \ud83d"),)},
    ]
    assert len({made.key(call(**one)) for one in requests}) == len(requests)


def test_the_settings_that_replies_depend_on_are_in_the_key_and_the_label_is_not():
    settings = [None, {"temperature": 0}, {"temperature": 1}, {"temperature": 1, "seed": 2}]
    keys = [gateway(None, identity=one).key(call()) for one in settings]
    assert len(set(keys)) == 4
    renamed = gateway(None, name="another label", identity={"seed": 2, "temperature": 1})
    assert renamed.key(call()) == keys[3]
    assert gateway(None, name="another label").key(call()) != keys[0]  # all that is known of it


def test_the_cell_and_the_limits_are_not_in_the_key():
    asked = gateway(None).key(call())
    assert gateway(None).key(call(cell="altruists")) == asked
    others = gateway(None, 1, limits={"timeout": 3, "retries": 9}, prices=Prices(1, 2), terms=Terms(mode=Mode.REPLAY))
    assert others.key(call()) == asked


def test_the_order_of_names_is_not_in_the_key():
    one = call(arguments={"logprobs": True, "max_tokens": 1}, metadata={"a": 1, "b": 2})
    other = call(arguments={"max_tokens": 1, "logprobs": True}, metadata={"b": 2, "a": 1})
    for made in (gateway(None), gateway(None, synthetic=True)):
        assert made.key(one) == made.key(other)


def test_metadata_is_in_the_key_of_a_simulated_respondent_alone_which_reads_it():
    one, other = call(metadata={"decision": 1}), call(metadata={"decision": 2})
    assert gateway(None).key(one) == gateway(None).key(other)
    assert gateway(None, synthetic=True).key(one) != gateway(None, synthetic=True).key(other)


async def test_two_participants_with_the_same_words_get_replies_of_their_own():
    chat = Chat(answer=lambda number: f"reply {number}")
    made = gateway(chat)
    calls = [Call(ASK, replace(FIRST, participant=number, attempt=attempt)) for number in (0, 1) for attempt in (0, 1)]
    said = [(await made.ask(one)).text for one in calls]
    assert said == ["reply 0", "reply 1", "reply 2", "reply 3"]
    assert [(await made.ask(one)).text for one in calls] == said


# --- the store -------------------------------------------------------------------------------------------------------


async def test_a_reply_is_on_disk_before_it_is_returned_and_the_next_run_makes_no_call(tmp_path):
    path = tmp_path / "replies.sqlite"
    made = gateway(Chat(answer=COUNTED), terms=Terms(ReplyStore(path), payer="run"))
    received = await made.ask(call(cell="x"))
    assert ReplyStore(path).get(made.key(call())) == received
    nobody = Chat(answer=ValueError("called"))
    again = gateway(nobody, terms=Terms(ReplyStore(path)))
    assert await again.ask(call(cell="y")) == received
    assert nobody.calls == 0
    assert again.accounts == {"y": Account(stored=1)}
    assert again.identities == {"m-2026": 1}


async def test_an_entry_says_which_model_run_and_draw_it_belongs_to():
    made = gateway(Chat(answer=COUNTED), terms=Terms(payer="run"), name="openai/x")
    received = await made.ask(call(messages=(SystemMessage("Be kind."), *ASK)))
    (entry,) = made.terms.store.entries([made.key(call(messages=(SystemMessage("Be kind."), *ASK)))])
    assert (entry.model, entry.payer, entry.draw, entry.characters) == ("openai/x", "run", FIRST.written(), 15)
    assert entry.reply == received


async def test_what_the_store_holds_costs_no_budget_and_no_place(clock):
    made = gateway(Chat(), terms=Terms(budget=Budget(calls=1)), limits={"requests_per_minute": 1})
    for _ in range(5):
        await made.ask(call())
    assert clock.slept == []
    assert made.accounts[""].stored == 4
    with pytest.raises(BudgetError):
        await made.ask(call(2))


@pytest.mark.parametrize("mode", [Mode.REPLAY, Mode.PEEK])
async def test_in_a_replay_or_a_forecast_nothing_is_called(mode):
    store = ReplyStore()
    first = gateway(Chat(answer=COUNTED), terms=Terms(store))
    received = await first.ask(call())
    made = gateway(None, terms=Terms(store, mode))
    assert await made.ask(call(cell="x")) == received
    if mode is Mode.PEEK:
        nothing = await made.ask(call(2, cell="x"))
        assert (nothing.text, nothing.key, nothing.tokens_in) == ("", "", None)
    else:
        with pytest.raises(MissingReply):
            await made.ask(call(2, cell="x"))
    assert made.accounts == {"x": Account(stored=1)}


async def test_a_missing_reply_names_the_decision_and_the_remedy(tmp_path):
    made = gateway(None, terms=Terms(ReplyStore(tmp_path / "r.sqlite"), Mode.REPLAY), name="openai/x")
    draw = Draw(1, 7, "play", 2, "public_goods", "contribute", 4, 3, step=2, attempt=1)
    with pytest.raises(MissingReply) as raised:
        await made.ask(Call(ASK, draw))
    said = str(raised.value)
    where = "participant 7, play, public_goods contribute, round 4, item 3, repetition 2, preparation 2, attempt 2"
    assert where in said
    assert "openai/x" in said
    assert "r.sqlite" in said
    assert "python -m experiments.replies import …" in said
    assert "other words" not in said


async def test_a_missing_reply_says_when_one_to_other_words_is_held():
    store = ReplyStore()
    await gateway(Chat(), terms=Terms(store)).ask(call())
    made = gateway(None, terms=Terms(store, Mode.REPLAY))
    with pytest.raises(MissingReply, match="it holds one to other words or settings: replay with those that"):
        await made.ask(call(messages=(HumanMessage("B or A?"),)))
    with pytest.raises(MissingReply, match="it holds one to other words or settings"):
        await gateway(None, identity={"temperature": 1}, terms=Terms(store, Mode.REPLAY)).ask(call())


async def test_refresh_asks_anew_and_the_new_reply_takes_the_place_of_the_old():
    store = ReplyStore()
    old = gateway(Chat(answer="old"), terms=Terms(store, payer="run"))
    await old.ask(call())
    made = gateway(Chat(answer="new"), terms=Terms(store, Mode.REFRESH, payer="run"))
    assert (await made.ask(call())).text == "new"
    assert made.accounts[""].made == 1
    assert (await old.ask(call())).text == "new"
    assert store.paid_by("run")["m"].replies == 2


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.REFRESH])
async def test_the_same_call_at_the_same_moment_is_one_call(mode):
    chat = Chat(answer=lambda number: f"reply {number}", pause=0.01)
    made = gateway(chat, terms=Terms(mode=mode))
    received = await asyncio.gather(*[made.ask(call(cell=cell)) for cell in "xyx"])
    assert {one.text for one in received} == {"reply 0"}
    assert chat.calls == 1
    assert (made.accounts["x"].made, made.accounts["x"].shared, made.accounts["y"].shared) == (1, 1, 1)
    assert made.terms.store.under_way == {}


async def test_two_models_with_the_same_settings_share_a_call_through_their_store():
    terms = Terms()
    chats = [Chat(answer=str(number), pause=0.01) for number in range(2)]
    made = [gateway(chat, name=f"m{n}", identity={"name": "x"}, terms=terms) for n, chat in enumerate(chats)]
    received = await asyncio.gather(*[one.ask(call()) for one in made])
    assert [one.text for one in received] == ["0", "0"]
    assert [chat.calls for chat in chats] == [1, 0]


async def test_whoever_waited_for_a_call_that_came_to_nothing_makes_its_own():
    chat = Chat(answer=in_turn(SettingError("a slip"), "B"), pause=0.01)
    made = gateway(chat)
    first, second, third = [asyncio.create_task(made.ask(call())) for _ in range(3)]
    with pytest.raises(SettingError):
        await first
    assert (await second).text == (await third).text == "B"
    assert chat.calls == 2
    assert (made.accounts[""].made, made.accounts[""].shared) == (1, 1)


async def test_a_reply_that_another_process_is_getting_is_waited_for(monkeypatch, clock):
    theirs, store, chat = gateway(Chat(answer="theirs")), ReplyStore(), Chat(answer="ours")
    made = gateway(chat, terms=Terms(store))
    reply = await theirs.ask(call())
    (entry,) = theirs.terms.store.entries([theirs.key(call())])
    claims, released = [], []

    def claim(key):
        claims.append(key)
        if len(claims) == 3:
            store.add([(entry, False)])
        return len(claims) > 3

    monkeypatch.setattr(store, "claim", claim)
    monkeypatch.setattr(store, "release", released.append)
    assert await made.ask(call()) == reply
    assert chat.calls == 0
    assert made.accounts[""] == Account(shared=1)
    assert claims == [made.key(call())] * 4
    assert released == [made.key(call())]
    assert clock.slept == sorted(clock.slept)
    assert len(clock.slept) == 3


async def test_a_call_that_fails_gives_its_claim_back(monkeypatch):
    store, held = ReplyStore(), set()
    monkeypatch.setattr(store, "claim", lambda key: held.add(key) or True)
    monkeypatch.setattr(store, "release", held.discard)
    made = gateway(Chat(answer=ValueError("no")), terms=Terms(store))
    with pytest.raises(EndpointError):
        await made.ask(call())
    assert held == set()


async def test_a_reply_that_cannot_be_kept_stops_further_calls(monkeypatch):
    chat, store = Chat(), ReplyStore()
    made = gateway(chat, terms=Terms(store))
    await made.ask(call(1))
    store._file.execute("PRAGMA query_only = ON")
    for number in (2, 3):
        with pytest.raises(StoreError, match="readonly"):
            await made.ask(call(number))
    assert chat.calls == 2
    assert (await made.ask(call(1))).text == "B"


async def test_a_reply_that_another_process_had_first_is_the_one_that_counts():
    store = ReplyStore()
    chat = Chat(answer=lambda number: store.add([(first, False)]) and "late")
    theirs = gateway(Chat(answer="first"))
    await theirs.ask(call())
    (first,) = theirs.terms.store.entries([theirs.key(call())])
    made = gateway(chat, terms=Terms(store))
    assert (await made.ask(call())).text == "first"
    assert made.accounts[""].made == 1


# --- the budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 16])
async def test_exactly_as_many_calls_are_made_as_the_budget_allows(concurrency):
    chat = Chat(pause=0.001)
    made = gateway(chat, concurrency, terms=Terms(budget=Budget(calls=7)))
    said = await asyncio.gather(*[made.ask(call(number)) for number in range(20)], return_exceptions=True)
    assert Counter(type(one).__name__ for one in said) == {"Received": 7, "BudgetError": 13}
    assert chat.calls == made.accounts[""].made == made.accounts[""].requests == 7


async def test_a_call_that_brought_no_reply_costs_no_budget(clock):
    chat = Chat(answer=in_turn(fault(503), fault(503), "B"))
    made = gateway(chat, limits={"retries": 5}, terms=Terms(budget=Budget(calls=1)))
    await made.ask(call())
    assert made.terms.budget.spent.calls == 1


async def test_tokens_and_cost_are_those_that_were_counted():
    made = gateway(Chat(answer=COUNTED), prices=Prices(1e6, 2e6), terms=Terms(budget=Budget(cost=1e9)))
    await made.ask(call(1))
    await made.ask(call(2))
    assert (made.terms.budget.spent.tokens, made.terms.budget.spent.cost) == (30, 36)
    account = made.accounts[""]
    assert (account.tokens_in, account.tokens_out, account.cost, account.uncounted) == (24, 6, 36, 0)


async def test_the_likely_length_of_a_reply_is_booked_so_that_tokens_end_where_they_should():
    # 2 tokens of question and 100 of reply: a second call would end beyond the limit, and is not made.
    usage = {"input_tokens": 2, "output_tokens": 100, "total_tokens": 102}
    chat = Chat(answer=AIMessage("B", usage_metadata=usage))
    made = gateway(chat, terms=Terms(budget=Budget(tokens=150)))
    await made.ask(call(1))
    with pytest.raises(BudgetError, match=r"budget\.tokens=150"):
        await made.ask(call(2))
    assert chat.calls == 1


async def test_several_models_share_the_budget_of_their_run():
    terms = Terms(budget=Budget(calls=3))
    made = [gateway(Chat(), name=name, terms=terms) for name in ("m", "n")]
    said = await asyncio.gather(*[made[number % 2].ask(call(number)) for number in range(6)], return_exceptions=True)
    assert sum(isinstance(one, BudgetError) for one in said) == 3


# --- limits ----------------------------------------------------------------------------------------------------------


async def test_requests_a_minute_are_kept_and_longer_waits_are_told(clock):
    heard = []
    made = gateway(Chat(), 1, limits={"requests_per_minute": 60}, told=heard.append)
    for number in range(3):
        await made.ask(call(number))
    assert clock.slept == [1, 1]
    assert heard == []
    made = gateway(Chat(), 1, limits={"requests_per_minute": 10}, told=heard.append)
    for number in range(2):
        await made.ask(call(number))
    assert heard == ["m: waiting 6 s for its limits"]
    assert made.accounts[""].waited == 6


async def test_tokens_a_minute_are_kept_and_corrected_by_what_was_counted(clock):
    # 7 characters are booked as 1.75 tokens; 15 are counted, so the next call waits for 15.
    made = gateway(Chat(answer=COUNTED), 1, limits={"tokens_per_minute": 60})
    await made.ask(call(1))
    await made.ask(call(2))
    assert clock.slept == [pytest.approx(15)]


# --- faults and errors -----------------------------------------------------------------------------------------------


async def test_a_fault_that_passes_is_asked_again_with_growing_waits_and_told(clock):
    heard = []
    chat = Chat(answer=in_turn(fault(503), TimeoutError(), ConnectionResetError("reset"), fault(429), "B"))
    made = gateway(chat, limits={"retries": 6, "backoff": 1.0}, told=heard.append)
    assert (await made.ask(call())).text == "B"
    assert len(clock.slept) == 4
    for number, wait in enumerate(clock.slept):
        assert 2**number / 2 <= wait <= 2**number
    waits = [f"{wait:.1f}" for wait in clock.slept]
    assert heard == [
        f"m: 503; retry 1 of 6 in {waits[0]} s, 4 calls at once",
        f"m: no answer in time; retry 2 of 6 in {waits[1]} s, 4 calls at once",
        f"m: connection lost; retry 3 of 6 in {waits[2]} s, 4 calls at once",
        f"m: 429, too many requests; retry 4 of 6 in {waits[3]} s, 2 calls at once",
    ]
    account = made.accounts[""]
    assert account.faults == {"503": 1, "timeout": 1, "connection": 1, "429": 1}
    assert (account.requests, account.made) == (5, 1)
    assert account.waited == pytest.approx(sum(clock.slept))


async def test_the_wait_before_a_retry_stays_below_a_minute(clock):
    made = gateway(Chat(answer=in_turn(*[fault(500)] * 12, "B")), limits={"retries": 12, "backoff": 1.0})
    await made.ask(call())
    assert max(clock.slept) <= 60
    assert min(clock.slept[6:]) >= 30


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_retries_are_bounded_and_the_error_says_how_to_go_on(clock, retries):
    chat = Chat(answer=fault(503))
    made = gateway(chat, limits={"retries": retries})
    with pytest.raises(EndpointError) as raised:
        await made.ask(call())
    assert chat.calls == 1 + retries
    again = f"answered 503; {retries} retries did not help. Start the same command to go on"
    assert str(raised.value) == (again if retries else "answered 503")
    assert made.accounts[""].faults == {"503": 1 + retries}


async def test_an_error_that_does_not_pass_is_not_asked_again(clock):
    for status in (400, 401, 404):
        chat = Chat(answer=fault(status))
        with pytest.raises(EndpointError, match=f"answered {status}"):
            await gateway(chat, limits={"retries": 6}).ask(call())
        assert chat.calls == 1
    assert clock.slept == []


async def test_after_an_error_of_the_endpoint_no_further_call_is_made():
    chat = Chat(answer=ValueError("no"))
    made = gateway(chat, 1)
    for number in range(3):
        with pytest.raises(EndpointError, match="ValueError: no"):
            await asyncio.wait_for(made.ask(call(number)), 10)
    assert chat.calls == 1


async def test_calls_that_waited_for_a_place_are_not_made_after_an_error():
    chat = Chat(answer=ValueError("no"), pause=0.005)
    made = gateway(chat, 2)
    said = await asyncio.gather(*[made.ask(call(number)) for number in range(8)], return_exceptions=True)
    assert {str(one) for one in said} == {"model m: ValueError: no"}
    assert chat.calls == 2


async def test_what_is_held_is_still_given_after_an_error():
    made = gateway(Chat(answer=in_turn("B", ValueError("no"))))
    await made.ask(call(1))
    with pytest.raises(EndpointError):
        await made.ask(call(2))
    assert (await made.ask(call(1))).text == "B"


async def test_an_error_becomes_an_endpoint_error_in_one_line_without_the_key(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", KEY)
    with pytest.raises(EndpointError) as raised:
        await gateway(Chat(answer=ValueError(f"bad key\n  {KEY}  in header")), name="openai/x").ask(call())
    assert str(raised.value) == "model openai/x: ValueError: bad key … in header"


async def test_our_own_errors_pass_as_they_are():
    error = SettingError("told already")
    with pytest.raises(SettingError) as raised:
        await gateway(Chat(answer=error)).ask(call())
    assert raised.value is error
    with pytest.raises(EndpointError, match=r"^told already$"):
        await gateway(Chat(answer=EndpointError("told already"))).ask(call())


async def test_a_call_without_an_answer_in_time_is_given_up_and_names_the_setting():
    chat = Chat(pause=60)
    made = gateway(chat, limits={"timeout": 0.01})
    with pytest.raises(EndpointError, match=r"no answer within 0\.01 s; raise model\.timeout=…"):
        await made.ask(call())
    assert made.accounts[""].faults == {"timeout": 1}


async def test_429_halves_the_calls_at_once_for_all_calls_begun_before_and_replies_bring_them_back(clock):
    # All eight are told 429 at once, which is one overrun and not eight.
    chat = Chat(answer=lambda number: fault(429) if number < 8 else "B")
    made = gateway(chat, 8, limits={"retries": 3})
    heard = []
    made.told = heard.append
    await asyncio.gather(*[made.ask(call(number)) for number in range(8)])
    assert {line.rsplit(", ", 1)[1] for line in heard} == {"4 calls at once"}
    for number in range(8, 40):
        await made.ask(call(number))
    assert made._slots.size == 8


class Named(Chat):
    """Knows whose calls came, in their order."""

    names: list[Any] = []  # noqa: RUF012 - pydantic copies defaults

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        self.names.append(run_manager.metadata["who"])
        return await super()._agenerate(messages, stop, run_manager, **kwargs)


@pytest.mark.parametrize(("status", "order"), [(503, [1, 1, 2, 3]), (429, [1, 2, 3, 1])])
async def test_a_call_that_failed_waits_in_its_place_unless_the_endpoint_wants_fewer_at_once(clock, status, order):
    chat = Named(answer=in_turn(fault(status), "B"))
    made = gateway(chat, 1, limits={"retries": 1})
    await asyncio.gather(*[made.ask(call(number, metadata={"who": number})) for number in (1, 2, 3)])
    assert chat.names == order


async def test_other_faults_leave_the_calls_at_once_alone(clock):
    made = gateway(Chat(answer=in_turn(fault(503), "B")), 8, limits={"retries": 1})
    await made.ask(call())
    assert made._slots.size == 8


async def test_what_the_endpoint_asks_to_wait_is_waited_by_every_call(clock):
    chat = Chat(answer=in_turn(fault(429, 7.0), "B"))
    made = gateway(chat, 1, limits={"retries": 2, "backoff": 1.0})
    first = asyncio.create_task(made.ask(call(1)))
    while chat.calls == 0 or not clock.slept:
        await asyncio.sleep(0)
    assert 7 <= clock.slept[0] <= 7.71
    begun = clock.now
    await asyncio.gather(first, made.ask(call(2)))
    assert chat.calls == 3
    assert clock.now <= begun + 7  # both could begin, as the time had passed


async def test_nobody_calls_before_the_time_that_the_endpoint_asked_for(clock):
    chat = Chat(answer=lambda number: fault(503, 30.0) if number == 0 else "B")
    made = gateway(chat, 1, limits={"retries": 2})
    begun = clock.now
    made._resumes_at = begun + 30
    await made.ask(call(2))
    assert clock.now >= begun + 30


async def test_an_endpoint_that_asks_for_no_wait_at_all_is_not_overrun(clock):
    made = gateway(Chat(answer=in_turn(*[fault(429, 0.0)] * 3, "B")), limits={"retries": 3, "backoff": 1.0})
    await made.ask(call())
    assert len(clock.slept) == 3
    assert clock.slept[2] >= 2


async def test_a_longer_wait_than_patience_ends_the_run_and_says_so(clock):
    chat = Chat(answer=fault(429, 301.0))
    made = gateway(chat, limits={"retries": 3, "patience": 300.0})
    said = "answered 429; it asks to wait 301 s. Start the same command later to go on"
    with pytest.raises(EndpointError, match=said):
        await made.ask(call())
    assert chat.calls == 1
    assert clock.slept == []


# --- the account -----------------------------------------------------------------------------------------------------


async def test_every_request_is_accounted_for_by_a_reply_or_a_fault_and_every_ask_by_where_its_reply_came_from():
    def answer(number):
        return {3: fault(429), 5: TimeoutError(), 8: ConnectionResetError(), 13: fault(500)}.get(number % 17, COUNTED)

    chat = Chat(answer=answer, pause=0.001)
    made = gateway(chat, 5, limits={"retries": 4, "backoff": 0.001}, prices=Prices(1e6, 1e6), terms=Terms(payer="run"))
    await made.ask(call(0, cell="x"))
    asked = [call(number // 2, cell="xyz"[number % 3]) for number in range(120)]
    await asyncio.gather(*[made.ask(one) for one in asked])
    accounts = made.accounts.values()
    for one in accounts:
        assert one.requests == one.made + sum(one.faults.values())
        assert (one.tokens_in, one.tokens_out, one.cost) == (12 * one.made, 3 * one.made, 15 * one.made)
    assert sum(one.requests for one in accounts) == chat.calls
    assert sum(one.made + one.stored + one.shared for one in accounts) == 121
    assert sum(one.made for one in accounts) == 60
    paid = made.terms.store.paid_by("run")["m"]
    assert paid == Paid(60, 720, 180, 420, paid.latency)


async def test_an_error_that_ends_the_run_is_accounted_for_as_well():
    for answer in (ValueError("no"), fault(401)):
        made = gateway(Chat(answer=answer))
        with pytest.raises(EndpointError):
            await made.ask(call())
        account = made.accounts[""]
        assert (account.requests, account.made, sum(account.faults.values())) == (1, 0, 1)


async def test_a_reply_without_token_counts_is_counted_as_such():
    made = gateway(Chat())
    await made.ask(call())
    assert made.accounts[""] == Account(made=1, requests=1, uncounted=1)


@pytest.mark.parametrize("error", [(503, None), (503, 5.0), (429, None), (429, 5.0), (500, 0.0)])
async def test_all_that_a_call_waited_before_its_next_attempt_is_accounted_for(clock, error):
    made = gateway(Chat(answer=in_turn(fault(*error), fault(*error), "B")), limits={"retries": 3, "backoff": 1.0})
    await made.ask(call())
    assert clock.slept
    assert made.accounts[""].waited == pytest.approx(sum(clock.slept))


async def test_waiting_for_the_time_that_the_endpoint_asked_for_is_accounted_for(clock):
    made = gateway(Chat())
    made._resumes_at = clock.now + 30
    await made.ask(call())
    assert made.accounts[""].waited == 30


# --- being cancelled -------------------------------------------------------------------------------------------------


async def test_a_call_under_way_is_waited_for_kept_and_its_task_begins_no_other():
    chat = Chat(pause=0.05)
    made = gateway(chat, 1)
    heard = []

    async def two():
        heard.append((await made.ask(call(1))).text)
        heard.append((await made.ask(call(2))).text)

    waiting = asyncio.create_task(two())
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert heard == ["B"]
    assert made.accounts[""].made == chat.calls == 1
    assert made.terms.store.get(made.key(call(1))).text == "B"
    assert made.terms.store.under_way == {}
    # Its place is given back.
    assert (await asyncio.wait_for(made.ask(call(2)), 10)).text == "B"


async def test_a_call_that_waits_for_a_place_is_cancelled_at_once():
    chat = Chat(pause=0.05)
    made = gateway(chat, 1)
    first = asyncio.create_task(made.ask(call(1)))
    second = asyncio.create_task(made.ask(call(2)))
    await asyncio.sleep(0.01)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert not first.done()
    assert (await first).text == "B"
    assert chat.calls == 1


async def test_a_call_that_waits_for_its_limits_or_its_next_attempt_is_cancelled_at_once():
    slow = Chat()
    paced = gateway(slow, limits={"requests_per_minute": 0.1})
    await paced.ask(call(1))
    failing = Chat(answer=fault(503))
    retrying = gateway(failing, limits={"retries": 5, "backoff": 600.0})
    waiting = [asyncio.create_task(one.ask(call(2))) for one in (paced, retrying)]
    while not retrying.accounts.get("") or not retrying.accounts[""].waited:
        await asyncio.sleep(0.001)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert [task.cancelled() for task in waiting] == [True, True]
    assert (slow.calls, failing.calls) == (1, 1)
    assert paced.terms.store.under_way == {}


async def test_a_cancelled_task_still_gets_what_is_held_and_calls_nothing_after_a_fault():
    chat = Chat(answer=in_turn("B", fault(503)), pause=0.02)
    made = gateway(chat, limits={"retries": 5})
    await made.ask(call(1))
    task = asyncio.create_task(made.ask(call(2)))
    await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert chat.calls == 2


async def test_one_who_waits_for_anothers_call_is_cancelled_alone():
    chat = Chat(pause=0.03)
    made = gateway(chat)
    first, second = [asyncio.create_task(made.ask(call())) for _ in range(2)]
    await asyncio.sleep(0.005)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert (await first).text == "B"


async def test_when_the_one_who_calls_is_cancelled_those_who_wait_get_its_reply():
    chat = Chat(pause=0.03)
    made = gateway(chat)
    first, second = [asyncio.create_task(made.ask(call())) for _ in range(2)]
    await asyncio.sleep(0.005)
    first.cancel()
    assert (await second).text == (await first).text == "B"
    assert chat.calls == 1
