"""The one event loop of the process.

Clients of chat models bind their connections to the first loop they meet; a loop per step would leave every second step
with a closed one. The loop runs in a thread of its own, so it serves callers with and without a loop of their own.
"""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache

_GRACE = 10.0
"""Seconds that interrupted work may take to hand on what it has."""


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="commonweal-loop", daemon=True).start()
    return loop


def run[T](work: Coroutine[object, object, T]) -> T:
    """The coroutine's result, computed on the process's loop. Interrupting the caller cancels it and waits."""
    ended = threading.Event()

    async def to_the_end() -> T:
        try:
            return await work
        finally:
            ended.set()

    future = asyncio.run_coroutine_threadsafe(to_the_end(), _loop())
    try:
        return future.result()
    except BaseException:
        if future.cancel():
            ended.wait(_GRACE)
        raise
