"""mesa-llm as a peer: participants are `LLMAgent`s that ask six questions each, stepped in parallel by mesa-llm itself.

    python benchmarks/peers/mesa_llm_calls.py --base-url http://127.0.0.1:8000/v1 --calls 1200 --at-once 64

Runs in an environment of its own, holding `mesa_llm.txt`. A question is one `llm.agenerate`, the cheapest way an
LLMAgent has to ask: a plan of its reasoning classes is two calls. mesa-llm bounds nothing, so a semaphore does.
Prints one line of JSON: how many answers came, and the wall and CPU seconds of the model's step alone.
"""

import argparse
import asyncio
import json
import math
import os
import time
from importlib.metadata import version
from typing import Any

SYSTEM = "You are a participant in a study on resource allocation. You care about the sum of both payoffs."
QUESTION = "Round {}. Option A: you 85, other 85. Option B: you 100, other 50. Answer with one letter."
EACH = 6  # questions to a participant


def society(base_url: str, calls: int, at_once: int) -> Any:
    """Build the Mesa model; its `step` puts `calls` questions, its `answers` are what came back."""
    from mesa import Model
    from mesa_llm import step_agents_parallel_sync  # type: ignore[import-not-found]  # in the peer's environment only
    from mesa_llm.llm_agent import LLMAgent  # type: ignore[import-not-found]  # as above
    from mesa_llm.reasoning.cot import CoTReasoning  # type: ignore[import-not-found]  # as above

    class Participant(LLMAgent):  # type: ignore[misc]  # its base is unknown here, see above
        """Asks its six questions side by side: none depends on another's answer."""

        async def astep(self) -> None:
            await asyncio.gather(*(self.ask(index) for index in self.questions))

        async def ask(self, index: int) -> None:
            async with self.model.gate:
                said = await self.llm.agenerate(QUESTION.format(index))
            self.model.answers.append(said.choices[0].message.content)

    class Society(Model[Any, Any]):
        """All participants, stepped at once.

        `shuffle_do("step")` would do the same if mesa-llm 0.3.2 reached it: it patches `AgentSet`, but `agents` is of
        another class since Mesa 3.5, so that every `astep` would silently be left out.
        """

        def __init__(self) -> None:
            super().__init__()
            self.gate = asyncio.Semaphore(at_once)
            self.answers: list[str] = []
            for number in range(math.ceil(calls / EACH)):
                one = Participant(self, CoTReasoning, "openai/m", system_prompt=SYSTEM, api_base=base_url)
                one.questions = range(number * EACH, min((number + 1) * EACH, calls))
                one.memory.display = False  # otherwise a panel on the terminal for every participant

        def step(self) -> None:
            step_agents_parallel_sync(list(self.agents))

    return Society()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a model call costs in mesa-llm.")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--calls", type=int, default=1200)
    parser.add_argument("--at-once", type=int, default=64, help="calls under way at any time")
    given = parser.parse_args()
    os.environ["OPENAI_API_KEY"] = "anything"
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise its import fetches a price list from the network
    society(given.base_url, given.at_once, given.at_once).step()  # warms up: imports, first connections
    model = society(given.base_url, given.calls, given.at_once)
    wall, cpu = time.perf_counter(), sum(os.times()[:4])  # own and children's, user and system
    model.step()
    wall, cpu = time.perf_counter() - wall, sum(os.times()[:4]) - cpu
    name = {"contender": "mesa-llm", "version": version("mesa-llm")}
    print(json.dumps({**name, "calls": model.answers.count("A"), "wall_s": wall, "cpu_s": cpu}))
