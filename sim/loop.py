"""The one event loop of the process.

Clients of chat models bind their connections to the first loop they meet; a loop per step would leave every second step
with a closed one. The loop runs in a thread of its own, so it serves callers with and without a loop of their own.
"""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="commonweal-loop", daemon=True).start()
    return loop


def run[T](work: Coroutine[object, object, T]) -> T:
    """The coroutine's result, computed on the process's loop. An interrupt of the caller cancels it."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
