"""How fast a model may be asked: calls under way at once, requests and tokens per minute."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Self

from games.errors import above, whole


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model's endpoint is asked at the most, and how long it is waited for.

    concurrency: calls under way at once.  requests_per_minute, tokens_per_minute: None for no limit.
    timeout: seconds for one call.  retries: further attempts of a call after faults of the endpoint.
    backoff: seconds before the first of them; doubled each time, and spread at random between its half and its whole.
    patience: the longest single wait in seconds that an endpoint may ask for before the run ends instead.

    Raises SettingError for a value that none of them can have.
    """

    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float = 120.0
    retries: int = 6
    backoff: float = 1.0
    patience: float = 300.0

    def __post_init__(self) -> None:
        whole("model", "concurrency", self.concurrency, 1)
        whole("model", "retries", self.retries, 0)
        for name in ("requests_per_minute", "tokens_per_minute"):
            if getattr(self, name) is not None:
                above("model", name, getattr(self, name), 0)
        for name in ("timeout", "backoff", "patience"):
            above("model", name, getattr(self, name), 0)


class Slots:
    """Places for calls under way: halved when the endpoint is overrun, and grown back by one for each full round.

    `async with slots:` waits for a place. This is the additive increase and multiplicative decrease by which senders
    share a network (Chiu & Jain 1989).
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = float(most)
        self.generation = 0
        self._used = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> Self:
        if self._used < int(self.size) and not self._queue:
            self._used += 1
            return self
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._free()
            raise
        return self

    async def __aexit__(self, *ended: object) -> None:
        self._free()

    def halve(self, generation: int) -> None:
        """Halve the places, once for all the calls that were begun in the same generation."""
        if generation == self.generation:
            self.generation += 1
            self.size = max(1.0, self.size / 2)

    def grow(self) -> None:
        """A call went well: as many such calls as there are places make one place more."""
        if self.size < self.most:
            self.size = min(float(self.most), self.size + 1 / self.size)
            self._admit()

    def _free(self) -> None:
        self._used -= 1
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._used < int(self.size):
            place = self._queue.popleft()
            if not place.done():
                self._used += 1
                place.set_result(None)


class Pace:
    """So much a minute, spread evenly; None for no limit."""

    def __init__(self, per_minute: float | None) -> None:
        self._seconds = 60 / per_minute if per_minute else 0.0
        self._free_at = 0.0

    def wait(self, amount: float) -> float:
        """Book an amount; the seconds to wait before it may be used."""
        now = time.monotonic()
        begins = max(now, self._free_at)
        self._free_at = begins + amount * self._seconds
        return begins - now

    def correct(self, amount: float) -> None:
        """Book an amount that was not foreseen; negative for one that was not used."""
        self._free_at += amount * self._seconds
