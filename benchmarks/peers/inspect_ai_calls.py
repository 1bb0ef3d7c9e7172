"""Inspect AI as a peer: one task of 1200 questions, `max_connections` of them under way at a time.

    python benchmarks/peers/inspect_ai_calls.py --base-url http://127.0.0.1:8000/v1 --calls 1200 --at-once 64

Runs in an environment of its own, holding `inspect_ai.txt`. A question is a sample, and all is as Inspect has it by
default, its log included; only the display is off. `--lean` makes a participant a sample, which asks six questions
side by side, and leaves out the live log. Prints one line of JSON: how many answers came, and the wall and CPU seconds
of `eval` alone.
"""

import argparse
import asyncio
import json
import math
import os
import tempfile
import time
from importlib.metadata import version
from typing import Any

SYSTEM = "You are a participant in a study on resource allocation. You care about the sum of both payoffs."
QUESTION = "Round {}. Option A: you 85, other 85. Option B: you 100, other 50. Answer with one letter."
EACH = 6  # questions to a participant


def one_each(calls: int) -> Any:
    """The task whose samples are the questions."""
    from inspect_ai import Task  # type: ignore[import-not-found]  # installed in the peer's environment only
    from inspect_ai.dataset import Sample  # type: ignore[import-not-found]  # as above
    from inspect_ai.solver import generate, system_message  # type: ignore[import-not-found]  # as above

    questions = [Sample(input=QUESTION.format(index)) for index in range(calls)]
    return Task(dataset=questions, solver=[system_message(SYSTEM), generate()])


def six_each(calls: int) -> Any:
    """The task whose samples are the participants; the answers to their questions stand in `metadata`."""
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.model import (  # type: ignore[import-not-found]  # as above
        ChatMessageSystem,
        ChatMessageUser,
        get_model,
    )
    from inspect_ai.solver import solver

    @solver  # type: ignore[untyped-decorator]  # as above
    def participant() -> Any:
        async def ask(index: int) -> str:
            messages = [ChatMessageSystem(content=SYSTEM), ChatMessageUser(content=QUESTION.format(index))]
            return str((await get_model().generate(messages)).completion)

        async def solve(state: Any, generate: Any) -> Any:
            first = int(state.input_text) * EACH
            state.metadata["answers"] = await asyncio.gather(*map(ask, range(first, min(first + EACH, calls))))
            return state

        return solve

    return Task(dataset=[Sample(input=str(number)) for number in range(math.ceil(calls / EACH))], solver=participant())


def answers(sample: Any) -> list[str]:
    """What the model said in one sample of either task."""
    return list(sample.metadata.get("answers") or [sample.output.completion])


def run(base_url: str, calls: int, at_once: int, folder: str, lean: bool) -> Any:
    """Put `calls` questions; the log that comes back reads its samples from `folder` when looked at."""
    from inspect_ai import eval

    [log] = eval(
        six_each(calls) if lean else one_each(calls),
        model="openai-api/loopback/m",
        model_base_url=base_url,
        model_args={"api_key": "anything"},
        max_connections=at_once,
        display="none",
        log_dir=folder,
        log_realtime=not lean,
    )
    return log


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a model call costs in Inspect AI.")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--calls", type=int, default=1200)
    parser.add_argument("--at-once", type=int, default=64, help="calls under way at any time")
    parser.add_argument("--lean", action="store_true", help="six questions to a sample, no live log")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(given.base_url, given.at_once, given.at_once, folder, given.lean)  # warms up: imports, first connections
        wall, cpu = time.perf_counter(), sum(os.times()[:4])  # own and children's, user and system
        log = run(given.base_url, given.calls, given.at_once, folder, given.lean)
        wall, cpu = time.perf_counter() - wall, sum(os.times()[:4]) - cpu
        said = [answer for sample in log.samples for answer in answers(sample)]
    name = {"contender": "Inspect AI, lean" if given.lean else "Inspect AI", "version": version("inspect-ai")}
    print(json.dumps({**name, "calls": said.count("A"), "wall_s": wall, "cpu_s": cpu}))
