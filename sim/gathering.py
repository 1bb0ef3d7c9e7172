"""Waiting for many at once without losing what any of them has: in order, and up to the first error."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sim.records import Record


@dataclass(frozen=True)
class Part:
    """The records of one group's round or one administration, and the error that broke it off, if any."""

    records: list[Record]
    error: BaseException | None = None


async def until_error[T](work: Sequence[Coroutine[Any, Any, T]]) -> tuple[list[T | None], BaseException | None]:
    """All results in the order given; when one fails or all are cancelled, what there was by then, and the error."""
    tasks = [asyncio.create_task(one) for one in work]
    error: BaseException | None = None
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if all(task.done() and not task.exception() for task in tasks):
            return [task.result() for task in tasks], None
    except asyncio.CancelledError as cancelled:
        error = cancelled
    for task in tasks:
        task.cancel()
    ending = asyncio.gather(*tasks, return_exceptions=True)
    try:
        ended = await asyncio.shield(ending)
    except asyncio.CancelledError as cancelled:
        # Told to stop while stopping: what is under way is still waited for.
        error = cancelled
        ended = await ending
    failed = [one for one in ended if isinstance(one, Exception)]
    return [None if isinstance(one, BaseException) else one for one in ended], failed[0] if failed else error


async def in_order(parts: Sequence[Coroutine[Any, Any, Part]], keep: Callable[[Iterable[Record]], None]) -> None:
    """Hand on the records of each part as soon as all parts before it are there.

    When one breaks off, the others stop, so that no further call is paid for; what they have is handed on, and the
    error is raised.
    """
    tasks = [asyncio.create_task(part) for part in parts]
    stopping = False

    def stop() -> None:
        # Once only: a part that was told to stop waits for the calls it has under way.
        nonlocal stopping
        if not stopping:
            stopping = True
            for task in tasks:
                task.cancel()

    def stop_if_broken(ended: asyncio.Task[Part]) -> None:
        if not ended.cancelled() and (ended.exception() or ended.result().error):
            stop()

    for task in tasks:
        task.add_done_callback(stop_if_broken)
    errors: list[BaseException] = []
    for task in tasks:
        try:
            part = await task
        except asyncio.CancelledError as cancelled:
            errors.append(cancelled)
            stop()
            continue
        except Exception as error:
            errors.append(error)
            continue
        if part.records:
            keep(part.records)
        if part.error is not None:
            errors.append(part.error)
    if errors:
        raise next((error for error in errors if isinstance(error, Exception)), errors[0])
