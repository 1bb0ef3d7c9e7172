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
    """The coroutine's result, computed on the process's loop.

    Interrupting the caller cancels it, and waits for what it finishes all the same: calls under way are paid for.
    Interrupting once more leaves them.
    """
    ended, left = threading.Event(), threading.Event()

    async def to_the_end() -> T:
        try:
            return await work
        except Exception:
            if left.is_set():  # nobody is there any more to be told
                raise asyncio.CancelledError from None
            raise
        finally:
            ended.set()

    future = asyncio.run_coroutine_threadsafe(to_the_end(), _loop())
    try:
        return future.result()
    except BaseException:
        if future.cancel():
            left.set()
            ended.wait()
        raise
