"""`python -m benchmarks.llm_calls`: what a model call costs, by three clients of the same server.

200 agents × 6 calls = 1200 calls at concurrency 64, against a server in another process that answers after 100 ms.
The contenders take turns, three times; the table shows medians. CPU is that of this process alone. The bare client is
the floor: nothing can be faster than it.

A contender is one asynchronous function: `async def name(base_url, calls, at_once)` makes that many calls, and is
listed in `CONTENDERS`. It raises ImportError when what it needs is not installed.
"""

import argparse
import asyncio
import json
import math
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agents.budget import Budget, Prices
from agents.gateway import Gateway, Terms
from agents.induction import Induction
from agents.limits import Limits
from agents.llm import LLMAgent
from agents.openai_compatible import OpenAICompatible
from agents.received import Received
from agents.reply_store import Entry, ReplyStore
from agents.setting import Setting
from agents.wording import Framing, Words

type Contender = Callable[[str, int, int], Coroutine[None, None, None]]

SYSTEM = "You are a participant in a study on resource allocation. You care about the sum of both payoffs."
QUESTION = "Round {}. Option A: you 85, other 85. Option B: you 100, other 50. Answer with one letter."


async def bare_aiohttp(base_url: str, calls: int, at_once: int) -> None:
    """The floor: post, read, parse, nothing else."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

        async def ask(index: int) -> None:
            messages = [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": QUESTION.format(index)},
            ]
            async with session.post(f"{base_url}/chat/completions", json={"model": "m", "messages": messages}) as reply:
                said = json.loads(await reply.read())
            if said["choices"][0]["message"]["content"] != "A":
                raise AssertionError(said)

        await side_by_side(ask, calls, at_once)


async def openai_compatible(base_url: str, calls: int, at_once: int) -> None:
    """Our own chat model, through `ainvoke`."""
    model = OpenAICompatible(base_url=base_url, model="m", temperature=0.7, max_tokens=16)
    await through_langchain(model, calls, at_once)
    await model.aclose()


async def chat_openai(base_url: str, calls: int, at_once: int) -> None:
    """LangChain's own client, through `ainvoke`."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    key = SecretStr("anything")
    model = ChatOpenAI(base_url=base_url, api_key=key, model="m", temperature=0.7, max_completion_tokens=16)
    await through_langchain(model, calls, at_once)


class TimedStore(ReplyStore):
    """A reply store that knows how many seconds it has taken."""

    took = 0.0

    def get(self, key: bytes) -> Received | None:
        """As the store does, timed."""
        started = time.perf_counter()
        found = super().get(key)
        TimedStore.took += time.perf_counter() - started
        return found

    def add(self, entries: Iterable[tuple[Entry, bool]]) -> list[bool]:
        """As the store does, timed."""
        started = time.perf_counter()
        added = super().add(entries)
        TimedStore.took += time.perf_counter() - started
        return added


async def whole_decision(base_url: str, calls: int, at_once: int) -> None:
    """A decision from end to end: six slider items each; rendering, reply store on disk, budget, call, parsing, row."""
    from experiments.catalogue import member
    from experiments.rows import row
    from games.public_goods import PublicGoods
    from games.slider import Slider
    from games.svo import Orientation
    from sim.loop import run
    from sim.matching import FixedPartners
    from sim.participant import Member
    from sim.society import Society

    slider = Slider(secondary=False)
    folder = tempfile.TemporaryDirectory()
    store = TimedStore(Path(folder.name) / "replies.sqlite")
    gateway = Gateway(
        "m",
        OpenAICompatible(base_url=base_url, model="m", max_connections=at_once),
        synthetic=False,
        limits=Limits(concurrency=at_once),
        prices=Prices(1.0, 1.0),
        terms=Terms(store, budget=Budget(calls=10 * calls, cost=1e9)),
    )
    words = Words.from_data("slider", member("measure", "slider")["words"])
    framing = Framing.from_data(member("framing", "neutral"), {"slider": words})
    induction = Induction.from_data(member("induction", "definition"))
    rows: list[tuple[str, dict[str, Any]]] = []

    def participant(number: int) -> Member:
        setting = Setting(number, Orientation.PROSOCIAL, 1, lambda: gateway, induction, framing)
        return Member("all", "prosocial", LLMAgent(setting))

    society = Society(
        [participant(number) for number in range(math.ceil(calls / len(slider.decisions())))],
        PublicGoods(),
        FixedPartners(),
        seed=1,
        keep=lambda records: rows.extend(row("run", one) for one in records),
    )
    await asyncio.to_thread(society.administer, slider, "before")
    await asyncio.to_thread(run, gateway.close())
    store.close()
    folder.cleanup()
    answered = sum(table == "decisions" and values["option"] == "1" for table, values in rows)
    if min(answered, gateway.accounts[""].made) < calls:
        raise AssertionError("a decision was lost")


CONTENDERS: dict[str, Contender] = {
    "bare aiohttp": bare_aiohttp,
    "whole decision": whole_decision,
    "OpenAICompatible.ainvoke": openai_compatible,
    "ChatOpenAI.ainvoke": chat_openai,
}


async def through_langchain(model: BaseChatModel, calls: int, at_once: int) -> None:
    """Put the same questions to any chat model."""

    async def ask(index: int) -> None:
        messages: list[BaseMessage] = [SystemMessage(SYSTEM), HumanMessage(QUESTION.format(index))]
        said = await model.ainvoke(messages)
        if said.content != "A":
            raise AssertionError(said)

    await side_by_side(ask, calls, at_once)


async def side_by_side(ask: Callable[[int], Awaitable[None]], calls: int, at_once: int) -> None:
    """Await `ask(0) … ask(calls - 1)`, never more than `at_once` at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(index: int) -> None:
        async with gate:
            await ask(index)

    await asyncio.gather(*(one(index) for index in range(calls)))


def serve(pipe: Connection, delay: float) -> None:
    """In the other process: run the server, tell its address, end when the pipe is written to or closed."""
    from tests.loopback import Loopback, completion

    ready = completion("A", model="m")
    with Loopback(lambda body, index: ready, delay=delay) as server:
        pipe.send(server.base_url)
        with suppress(EOFError):
            pipe.recv()


def compare(calls: int, at_once: int, delay: float, repetitions: int) -> None:
    """Run the contenders in turn and print the table."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, delay), daemon=True)
    server.start()
    there.close()
    base_url = here.recv()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    # One loop for all: ChatOpenAI keeps a client of its first loop and fails in the next ("Event loop is closed").
    with asyncio.Runner() as runner:
        for repetition in range(repetitions + 1):
            for name, contender in CONTENDERS.items():
                count = calls if repetition else at_once  # repetition 0 warms up: imports, first connections
                wall, cpu = time.perf_counter(), time.process_time()
                try:
                    runner.run(contender(base_url, count, at_once))
                except ImportError as missing:
                    if repetition == 0:
                        print(f"{name}: skipped, {missing}")
                    continue
                if repetition:
                    took[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    here.send(None)
    server.join(10)
    print(f"{calls} calls at concurrency {at_once}, answers after {delay * 1000:g} ms, medians of {repetitions}")
    print(f"no client can be faster than {calls / at_once * delay:.2f} s")
    print(f"{'contender':<28}{'wall s':>8}{'wall/bare':>11}{'CPU ms/call':>13}{'calls/s':>9}")
    floor = median(wall for wall, _ in took["bare aiohttp"])
    for name, runs in took.items():
        if runs:
            wall, cpu = (median(column) for column in zip(*runs, strict=True))
            print(f"{name:<28}{wall:>8.2f}{wall / floor:>11.2f}{cpu / calls * 1000:>13.2f}{calls / wall:>9.0f}")
    share = TimedStore.took / sum(wall for wall, _ in took["whole decision"])
    print(f"of the wall time of whole decisions the reply store took {share:.1%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a model call costs, by client.")
    parser.add_argument("--calls", type=int, default=1200)
    parser.add_argument("--at-once", type=int, default=64, help="calls under way at any time")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds until the server answers")
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    compare(given.calls, given.at_once, given.delay, given.repetitions)
