"""`python -m benchmarks.reply_store`: inserts and lookups a second with 1,000,000 replies, beside bare sqlite3.

The bare contender has the same rows in the same layout: WAL, synchronous NORMAL, one statement and nothing else. Both
write first one reply a transaction, then 64 a transaction, as replies come that arrive together; then both look up
random keys in the full file. They take turns in one process, so what else the machine does meets both.
"""

import argparse
import asyncio
import hashlib
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import batched
from pathlib import Path

from agents.received import Received
from agents.reply_store import Entry, ReplyStore

_TOGETHER = 64
_SINGLE = 20_000
_LOOKUPS = 50_000


def entry(number: int) -> Entry:
    """A reply such as a run keeps."""
    key = hashlib.blake2b(str(number).encode(), digest_size=16).digest()
    draw = f'[1, {number}, "play", 1, "public_goods", "choose", {number % 20}, 0, 0, 0]'
    reply = Received("I choose B, as it fits what I care about.", "stop", 310, 11, 0.25, "m-2026", None, key.hex())
    return Entry(key, "openai_compatible/m", "0123456789abcdef", draw, 1240, reply)


class Bare:
    """The same rows, one statement each."""

    def __init__(self, path: Path) -> None:
        ReplyStore(path).close()  # the layout
        self.file = sqlite3.connect(path, isolation_level=None)
        self.file.execute("PRAGMA synchronous = NORMAL")
        columns = "key, model, payer, draw, characters, text, finish_reason, tokens_in, tokens_out, latency"
        self.insert = f"INSERT INTO replies (generation, {columns}, identity, top) VALUES (0, {', '.join('?' * 12)})"

    def add(self, some: tuple[Entry, ...]) -> None:
        """One transaction."""
        if len(some) == 1:
            self.file.execute(self.insert, some[0].values())
            return
        self.file.execute("BEGIN")
        self.file.executemany(self.insert, [one.values() for one in some])
        self.file.execute("COMMIT")

    def get(self, key: bytes) -> None:
        """One lookup."""
        if (
            self.file.execute("SELECT text, tokens_in, tokens_out FROM replies WHERE key = ?", (key,)).fetchone()
            is None
        ):
            raise AssertionError("a reply was lost")


class Ours:
    """The reply store, as the gateway uses it."""

    def __init__(self, path: Path) -> None:
        self.store = ReplyStore(path)
        self.runner = asyncio.Runner()

    def add(self, some: tuple[Entry, ...]) -> None:
        """Replies that arrive together."""

        async def together() -> None:
            await asyncio.gather(*(self.store.keep(one) for one in some))

        self.runner.run(together())

    def get(self, key: bytes) -> None:
        """One lookup."""
        if self.store.get(key) is None:
            raise AssertionError("a reply was lost")


def rate[T](act: Callable[[T], None], items: Sequence[T]) -> float:
    """How many a second."""
    started = time.perf_counter()
    for item in items:
        act(item)
    return len(items) / (time.perf_counter() - started)


def compare(replies: int) -> None:
    """Fill both, look up in both, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        contenders: dict[str, Bare | Ours] = {
            "bare sqlite3": Bare(Path(folder) / "bare.sqlite"),
            "reply store": Ours(Path(folder) / "ours.sqlite"),
        }
        table: dict[str, dict[str, float]] = {name: {} for name in contenders}
        single = [(entry(number),) for number in range(_SINGLE)]
        for name, one in contenders.items():
            table[name]["one by one"] = rate(one.add, single)
        took = dict.fromkeys(contenders, 0.0)
        for some in batched(range(_SINGLE, replies), 10_000):
            entries = [entry(number) for number in some]
            for name, one in contenders.items():
                started = time.perf_counter()
                for each in batched(entries, _TOGETHER):
                    one.add(each)
                took[name] += time.perf_counter() - started
        rng = random.Random(1)
        keys = [entry(rng.randrange(replies)).key for _ in range(_LOOKUPS)]
        for name, one in contenders.items():
            table[name][f"{_TOGETHER} together"] = (replies - _SINGLE) / took[name]
            table[name]["lookups"] = rate(one.get, keys)
        size = (Path(folder) / "ours.sqlite").stat().st_size
    print(f"{replies:,} replies, {size / replies:.0f} bytes each in the file; a second:")
    columns = list(table["reply store"])
    print(f"{'':<14}" + "".join(f"{name:>14}" for name in columns))
    for name, row in table.items():
        print(f"{name:<14}" + "".join(f"{row[column]:>14,.0f}" for column in columns))
    ratios = [table["reply store"][column] / table["bare sqlite3"][column] for column in columns]
    print(f"{'ratio':<14}" + "".join(f"{ratio:>14.2f}" for ratio in ratios))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The reply store beside bare sqlite3.")
    parser.add_argument("--replies", type=int, default=1_000_000)
    compare(parser.parse_args().replies)
