"""The one way to a chat model: reply store, budget, limits, the call with its retries, and the reply store again."""

import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langsmith.utils import tracing_is_enabled
from pydantic import SecretStr

from agents.answers import Answering
from agents.budget import Budget, Prices, Spent, spent
from agents.faults import Fault, fault, keys_in_environment
from agents.limits import Limits, Pace, Slots
from agents.parse import stopped
from agents.received import Received, received
from agents.reply_store import KEY_BYTES, Entry, ReplyStore
from agents.request import Call, Mode
from games.errors import CommonwealError, EndpointError, MissingReply, StoreError
from games.types import Failure

_LONGEST_BACKOFF = 60.0
"""Seconds at which the doubling of waits ends."""
_NOTHING = Received("", None, None, None, 0.0, None)


@dataclass
class Terms:
    """What holds for all models of a run.

    store: the reply store.  mode: where replies come from.  budget: what may be spent.
    payer: the run, by the digest of its settings.  anew: whether a forecast is of a run that asks everything anew.
    """

    store: ReplyStore = field(default_factory=ReplyStore)
    mode: Mode = Mode.LIVE
    budget: Budget = field(default_factory=Budget)
    payer: str = ""
    anew: bool = False


@dataclass
class Account:
    """What the calls of one model for one cell took.

    made: replies received from the endpoint.  stored: replies taken from the store.  shared: replies that another call
    with the same words and draw was getting at the same moment.  requests: sent to the endpoint, retries included.
    faults: requests that brought no reply, by the reason; those that may pass were sent again.
    tokens_in, tokens_out, cost: of what was received from the endpoint alone.
    uncounted: received replies without token counts.
    waited: seconds that calls waited for limits and before retries, summed over calls.
    """

    made: int = 0
    stored: int = 0
    shared: int = 0
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    uncounted: int = 0
    waited: float = 0.0


class Gateway:
    """A chat model with a name, and the calls to it.

    name: of the model in tables.  chat: None where replies come from the store alone.  synthetic: whether it simulates
    a respondent.  identity: all settings that its replies depend on.  answering: how it is asked for its answers.
    accounts: by cell.
    identities: replies received or taken from the store, by the identity that the endpoint reported.
    told: called with a line for the person at the terminal when the endpoint makes us wait.
    """

    def __init__(
        self,
        name: str,
        chat: BaseChatModel | None,
        *,
        synthetic: bool,
        identity: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        prices: Prices | None = None,
        answering: Answering | None = None,
        terms: Terms | None = None,
        told: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self.chat = chat
        self.synthetic = synthetic
        self.limits = limits or Limits()
        self.prices = prices or Prices()
        self.answering = answering or Answering(model=name)
        self.terms = terms or Terms()
        self.told = told
        self.accounts: dict[str, Account] = {}
        self.identities: Counter[str] = Counter()
        self._digest = hashlib.blake2b(json.dumps(identity or name, sort_keys=True).encode(), digest_size=KEY_BYTES)
        # A record of each run that nobody reads takes more CPU than all that we do before and after the call.
        recorded = tracing_is_enabled() or getattr(chat, "callbacks", None)
        self._direct: Callable[..., Awaitable[AIMessage]] | None = None if recorded else getattr(chat, "direct", None)
        self._slots = Slots(self.limits.concurrency)
        self._requests = Pace(self.limits.requests_per_minute)
        self._tokens = Pace(self.limits.tokens_per_minute)
        self._resumes_at = 0.0
        self._ended: CommonwealError | None = None
        # One call shows whether an endpoint gives log probabilities at all; the others wait for it.
        self._first = asyncio.Lock()
        self._proved = False
        self._keys = [SecretStr(key) for key in keys_in_environment() if len(key) >= 6]
        # Waits spread at random so that calls do not come back all at once; no result depends on it.
        self._jitter = random.Random()

    async def ask(self, call: Call) -> Received:
        """The reply to a call: from the store if it holds one, else from the model, and then on disk.

        A call under way is paid for: cancelled meanwhile, its reply is waited for and returned all the same, and the
        cancelled task begins no further call. Faults that pass are retried as the limits say. Raises MissingReply in a
        replay, BudgetError when the call would go beyond the budget, StoreError when its reply cannot be kept, and
        EndpointError, in one line and without keys, when the endpoint does not answer or answers an error; after that
        no call is made any more, and the error is raised again.
        """
        store, mode = self.terms.store, self.terms.mode
        account = self.accounts.setdefault(call.cell, Account())
        key = self.key(call)
        while True:
            if mode is not Mode.REFRESH and (held := store.get(key)) is not None:
                account.stored += 1
                self._identify(held)
                return held
            if mode is Mode.REPLAY:
                raise self._missing(call)
            if mode is Mode.PEEK:
                return _NOTHING
            other = store.under_way.get(key)
            if other is None:
                break
            await asyncio.wait([other])
            if not other.cancelled() and other.exception() is None:
                account.shared += 1
                return other.result()
            _stop_if_cancelled()
        mine = store.under_way[key] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._proven(call, key, account)
            mine.set_result(reply)
            return reply
        finally:
            # Whoever waits for a call that came to nothing makes its own.
            mine.cancel()
            del store.under_way[key]

    def key(self, call: Call) -> bytes:
        """The digest of a call's full request and its draw, 16 bytes."""
        digest = self._digest.copy()
        parts = [call.draw.written(), json.dumps(call.arguments, sort_keys=True) if call.arguments else ""]
        if self.synthetic:
            # A simulated respondent reads the decision there.
            parts.append(json.dumps(call.metadata, sort_keys=True))
        for message in call.messages:
            said = message.content
            parts += [message.type, said if isinstance(said, str) else json.dumps(said, sort_keys=True)]
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            # With its length before it, no part can run over into the next.
            digest.update(b"%d:" % len(raw))
            digest.update(raw)
        return digest.digest()

    async def close(self) -> None:
        """Give back the connections, where the chat model holds any."""
        closing = getattr(self.chat, "aclose", None)
        if closing is not None:
            await closing()

    async def _proven(self, call: Call, key: bytes, account: Account) -> Received:
        """The model's reply; before the first with log probabilities, one call at a time, as none may be to be had."""
        if call.arguments.get("logprobs") and not self._proved:
            async with self._first:
                if not self._proved:
                    return await self._obtain(call, key, account)
        return await self._obtain(call, key, account)

    async def _obtain(self, call: Call, key: bytes, account: Account) -> Received:
        """The model's reply, after as many attempts as it takes and the limits allow."""
        store, retries, pause = self.terms.store, 0, 0.02
        while True:
            async with self._slots:
                self._stop_if_ended()
                if claimed := store.claim(key):
                    try:
                        # Another process may have had its reply in the meantime.
                        if self.terms.mode is not Mode.REFRESH and (held := store.get(key)) is not None:
                            account.shared += 1
                            return held
                        came = await self._attempt(call, key, account)
                        # A call that failed waits in its place, so that an outage does not meet ever new calls.
                        while isinstance(came, Fault):
                            wait = self._wait_after(came, retries, account)
                            retries += 1
                            _stop_if_cancelled()
                            if came.reason == "429":
                                break  # the endpoint wants fewer calls at once: this one leaves its place
                            await asyncio.sleep(wait)
                            came = await self._attempt(call, key, account)
                        else:
                            return came
                    finally:
                        store.release(key)
            if not claimed:  # another process is asking for this reply
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 1.5)

    def _wait_after(self, came: Fault, retries: int, account: Account) -> float:
        """Seconds that this call alone waits for its next attempt. Raises EndpointError if there is to be none."""
        if not came.passing:
            self._break(came.message)
        if retries >= self.limits.retries:
            again = f"; {retries} retries did not help. Start the same command to go on" if retries else ""
            self._break(came.message + again)
        if came.wait is not None and came.wait > self.limits.patience:
            self._break(f"{came.message}; it asks to wait {came.wait:.0f} s. Start the same command later to go on")
        wait: float = min(_LONGEST_BACKOFF, self.limits.backoff * 2.0**retries) * self._jitter.uniform(0.5, 1)
        if came.wait:
            wait = came.wait + min(wait, 0.1 * came.wait)
        places = int(self._slots.size)
        self.told(
            f"{self.name}: {_WORDS.get(came.reason, came.reason)}; retry {retries + 1} of {self.limits.retries} "
            f"in {wait:.1f} s, {places} call{'s' if places > 1 else ''} at once"
        )
        if came.reason == "429" or came.wait:
            # The endpoint speaks for all its callers, so nobody calls before.
            self._resumes_at = max(self._resumes_at, time.monotonic() + wait)
            return 0.0
        account.waited += wait
        return wait

    async def _attempt(self, call: Call, key: bytes, account: Account) -> Received | Fault:
        """One request, once the limits and the budget allow it."""
        characters = sum(len(str(message.content)) for message in call.messages)
        likely = spent(replace(_NOTHING, tokens_out=self._usual_length()), self.prices, characters)
        wait = max(self._requests.wait(1), self._tokens.wait(likely.tokens))
        if wait >= 2:
            self.told(f"{self.name}: waiting {wait:.0f} s for its limits")
        while (rest := max(wait, self._resumes_at - time.monotonic())) > 0:
            account.waited += rest
            await asyncio.sleep(rest)
            wait = 0.0
        self._stop_if_ended()
        self.terms.budget.book(likely)
        account.requests += 1
        generation = self._slots.generation
        sending = asyncio.ensure_future(self._send(call, key, account, characters, likely))
        try:
            came = await asyncio.shield(sending)
        except asyncio.CancelledError:
            # Paid for already: waited for, however often this task is told to stop.
            while not sending.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([sending])
            came = sending.result()
        if isinstance(came, Fault):
            account.faults[came.reason] += 1
            if came.reason == "429":
                self._slots.halve(generation)
        return came

    async def _send(self, call: Call, key: bytes, account: Account, characters: int, likely: Spent) -> Received | Fault:
        """The request itself; a reply is on disk before it is returned."""
        assert self.chat is not None
        real, started = Spent(), time.perf_counter()
        try:
            async with asyncio.timeout(self.limits.timeout):
                if self._direct is not None:
                    message = await self._direct(list(call.messages), **call.arguments)
                else:
                    about: RunnableConfig = {"metadata": dict(call.metadata)}
                    message = await self.chat.ainvoke(list(call.messages), config=about, **call.arguments)
            reply = received(message, time.perf_counter() - started, key.hex())
            real = spent(reply, self.prices, characters)
        except CommonwealError as error:
            if not isinstance(error, EndpointError):
                raise
            return fault(error, self.name)
        except TimeoutError as error:
            if not str(error):
                error = TimeoutError(f"no answer within {self.limits.timeout:g} s; raise model.timeout=…")
            return fault(error, self.name)
        except Exception as error:
            return fault(error, self.name)
        finally:
            self.terms.budget.settle(likely, real)
            self._tokens.correct(real.tokens - likely.tokens)
        reply = self._without_keys(reply)
        self._enter(account, reply)
        self._slots.grow()
        self._proved = self._proved or reply.top is not None
        if call.arguments.get("logprobs") and reply.top is None and stopped(reply.finish_reason) is not Failure.REFUSED:
            self._break(f"model {self.name} answers without log probabilities; take another way: model.answer=text")
        entry = Entry(key, self.name, self.terms.payer, call.draw.written(), characters, reply)
        try:
            return await self.terms.store.keep(entry, renew=self.terms.mode is Mode.REFRESH)
        except StoreError as error:
            self._ended = error
            raise

    def _without_keys(self, reply: Received) -> Received:
        """The reply without any key that the endpoint repeats in it."""
        for held in self._keys:
            key = held.get_secret_value()
            words = (reply.text, reply.finish_reason or "", reply.model or "")
            if any(key in word for word in words):
                text, reason, model = (word.replace(key, "…") for word in words)
                reply = replace(reply, text=text, finish_reason=reason or None, model=model or None)
        return reply

    def _enter(self, account: Account, reply: Received) -> None:
        account.made += 1
        account.tokens_in += reply.tokens_in or 0
        account.tokens_out += reply.tokens_out or 0
        account.uncounted += reply.tokens_in is None
        account.cost += self.prices.cost(reply.tokens_in or 0, reply.tokens_out or 0)
        self._identify(reply)

    def _identify(self, reply: Received) -> None:
        if reply.model:
            if self.identities and reply.model not in self.identities:
                known = ", ".join(self.identities)
                self.told(f"{self.name}: now answers as {reply.model}, so far as {known}: more than one model replies")
            self.identities[reply.model] += 1

    def _usual_length(self) -> int:
        """Tokens that a reply has had in the mean."""
        made = sum(account.made for account in self.accounts.values())
        return sum(account.tokens_out for account in self.accounts.values()) // made if made else 0

    def _break(self, message: str) -> None:
        self._ended = EndpointError(message)
        raise self._ended

    def _stop_if_ended(self) -> None:
        if self._ended is not None:
            raise type(self._ended)(str(self._ended))
        _stop_if_cancelled()

    def _missing(self, call: Call) -> MissingReply:
        store = self.terms.store
        told = f"the reply store {store.path} holds no reply of {self.name} for {call.draw.told()}"
        if store.asked(call.draw.written()):
            told += "; it holds one to other words or settings: replay with those that the replies were recorded with"
        return MissingReply(f"{told}; take its replies in (python -m experiments.replies import …) or run it live")


_WORDS = {
    "429": "429, too many requests",
    "timeout": "no answer in time",
    "connection": "connection lost",
    "body": "a reply that is cut off or none of its kind",
}


def _stop_if_cancelled() -> None:
    """Raise CancelledError in a task that was told to stop: it begins no further call."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
