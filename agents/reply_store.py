"""The reply store: every reply of a chat model, on disk before anything uses it, found again by request and draw.

One SQLite file in WAL mode, which several processes may use at once. A reply that was committed survives the end of
its process at any moment (`kill -9`); a power cut may cost the last moments, as SQLite does not wait for the disk here.
"""

import asyncio
import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.received import Received
from games.errors import StoreError

VERSION = 1
"""Of the layout of the file; raised whenever it changes."""
KEY_BYTES = 16
"""Length of a key."""
_APPLICATION = 0x436F6D77
_PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""
_FOREIGN = "{} is no reply store; it is left as it is: name another file with replies.store=…"
_OPEN: dict[Path, int] = {}
"""The files of claims that this process has open."""
_LAYOUT = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE replies (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    generation INTEGER NOT NULL,
    model TEXT NOT NULL,
    payer TEXT NOT NULL,
    draw TEXT NOT NULL,
    characters INTEGER NOT NULL,
    text BLOB NOT NULL,
    finish_reason TEXT,
    tokens_in INTEGER,
    tokens_out INTEGER,
    latency REAL NOT NULL,
    identity TEXT,
    top TEXT
);
CREATE UNIQUE INDEX by_key ON replies (key, generation);
"""
_REPLY = "text, finish_reason, tokens_in, tokens_out, latency, identity, top"
_ENTRY = f"key, model, payer, draw, characters, {_REPLY}"
_FIND = f"SELECT {_REPLY} FROM replies WHERE key = ? ORDER BY generation DESC LIMIT 1"
_VALUES = ", ".join("?" * 12)
_ADD = f"INSERT INTO replies (generation, {_ENTRY}) VALUES (0, {_VALUES}) ON CONFLICT DO NOTHING"
_RENEW = f"""INSERT INTO replies (generation, {_ENTRY})
SELECT 1 + coalesce((SELECT max(generation) FROM replies WHERE key = ?), -1), {_VALUES}
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply as the store keeps it.

    key: digest of the request and its draw.  model: the model's label.  payer: the run that asked, by the digest of
    its settings.  draw: the draw as JSON, for a person who looks.  characters: of the request's messages.
    """

    key: bytes
    model: str
    payer: str
    draw: str
    characters: int
    reply: Received

    def values(self) -> tuple[Any, ...]:
        """The entry's columns."""
        one = self.reply
        top = None if one.top is None else json.dumps(one.top)
        # Half of a surrogate pair cannot be written as text, but must come back as it was.
        text = one.text.encode("utf-8", "surrogatepass")
        about = (one.finish_reason, one.tokens_in, one.tokens_out, one.latency, one.model, top)
        return (self.key, self.model, self.payer, self.draw, self.characters, text, *about)


@dataclass(frozen=True, slots=True)
class Paid:
    """What some replies of a model took together.

    tokens_in, tokens_out: as counted by the endpoint; where it did not say, four characters stand for one.
    characters: of the messages that they answer.  latency: seconds, the sum.
    """

    replies: int
    tokens_in: float
    tokens_out: float
    characters: int
    latency: float


class ReplyStore:
    """The replies in one file; None for a store in memory, which ends with the process.

    Raises StoreError for a file that is no reply store, is of another version, is damaged or cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.under_way: dict[bytes, asyncio.Future[Received]] = {}
        self._waiting: list[tuple[Entry, bool, asyncio.Future[Received]]] = []
        self._claims: int | None = None
        if path is None:
            self._file = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
            self._file.executescript(_LAYOUT)
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _create(path)
            self._file = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
            self._inspect()
            self._file.execute("PRAGMA synchronous = NORMAL")
            # Found out now rather than with the first reply: is it whole, and can it be written?
            self._file.execute("SELECT max(id) FROM replies").fetchone()
            self._file.execute("BEGIN IMMEDIATE")
            self._file.execute("ROLLBACK")  # a file that turns out to be damaged must stay as it was
            self._claims = _claims(path)
            os.pwrite(self._claims, bytes(4096), 0)  # is there room at all?
        except (sqlite3.Error, OSError) as error:
            raise self._broken(error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def get(self, key: bytes) -> Received | None:
        """The newest reply under a key, or None. Raises StoreError if the file cannot be read."""
        try:
            row = self._file.execute(_FIND, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return None if row is None else _reply(key, row)

    async def keep(self, entry: Entry, *, renew: bool = False) -> Received:
        """Put a reply on disk, and return what the store now holds under its key.

        If another process was first, that is its reply; with `renew` the new one takes the old one's place, which is
        kept beside it. Replies that arrive together are committed together. Raises StoreError if it cannot be written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Received] = loop.create_future()
        self._waiting.append((entry, renew, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._commit)
        return await future

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            kept = self.add((entry, renew) for entry, renew, _ in waiting)
        except Exception as error:
            # Whatever it is, nobody may wait for ever.
            for _, _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (entry, _, future), stored in zip(waiting, kept, strict=True):
            if not future.done():
                future.set_result(entry.reply if stored else self.get(entry.key) or entry.reply)

    def add(self, entries: Iterable[tuple[Entry, bool]]) -> list[bool]:
        """Write entries in one transaction, each with whether it renews; which of them were not there before."""
        kept = []
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                for entry, renew in entries:
                    values = entry.values()
                    told = (_RENEW, (entry.key, *values)) if renew else (_ADD, values)
                    done = self._file.execute(*told)
                    kept.append(done.rowcount > 0)
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return kept

    def claim(self, key: bytes) -> bool:
        """Whether this process may ask for a reply now; False while another process is asking for it.

        A claim ends with `release`, or with the process, however it ends.
        """
        if self._claims is None:
            return True
        try:
            fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(key))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self, key: bytes) -> None:
        """Give a claim back."""
        if self._claims is not None:
            fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, _place(key))

    def paid_by(self, payer: str) -> dict[str, Paid]:
        """What the replies that a run asked for took together, by model."""
        return self._paid("SELECT * FROM replies WHERE payer = ?", payer)

    def usual(self, model: str) -> Paid | None:
        """What the last thousand replies of a model took together; None if there is none."""
        return self._paid("SELECT * FROM replies WHERE model = ? ORDER BY id DESC LIMIT 1000", model).get(model)

    def _paid(self, which: str, value: str) -> dict[str, Paid]:
        sums = """count(*), total(coalesce(tokens_in, characters / 4.0)),
            total(coalesce(tokens_out, length(CAST(text AS TEXT)) / 4.0)), total(characters), total(latency)"""
        try:
            rows = self._file.execute(f"SELECT model, {sums} FROM ({which}) GROUP BY model", (value,)).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return {row[0]: Paid(row[1], row[2], row[3], int(row[4]), row[5]) for row in rows}

    def asked(self, draw: str) -> bool:
        """Whether any reply has this draw, be it to other words or from another model."""
        try:
            row = self._file.execute("SELECT 1 FROM replies WHERE draw = ? LIMIT 1", (draw,)).fetchone()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return row is not None

    def entries(self, keys: Iterable[bytes]) -> Iterator[Entry]:
        """The entries of these keys, in their order; those that the store does not hold are left out."""
        find = f"SELECT {_ENTRY} FROM replies WHERE key = ? ORDER BY generation DESC LIMIT 1"
        for key in keys:
            try:
                row = self._file.execute(find, (key,)).fetchone()
            except sqlite3.Error as error:
                raise self._broken(error) from error
            if row is not None:
                key, model, payer, draw, characters, *rest = row
                yield Entry(key, model, payer, draw, characters, _reply(key, tuple(rest)))

    def _inspect(self) -> None:
        """Raise StoreError unless the file is a reply store of this version; nothing is written."""
        # Asked of SQLite, as opening and closing the file beside it would give back the locks of other connections.
        known = self._file.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION
        number = self._file.execute("PRAGMA user_version").fetchone()[0]
        if known and number == VERSION:
            return
        self._file.close()
        if not known:
            raise StoreError(_FOREIGN.format(self.path))
        age = "an older" if number < VERSION else "a newer"
        raise StoreError(
            f"reply store {self.path} has version {number}, from {age} Commonweal; this one reads version {VERSION}: "
            "export its runs there (python -m experiments.replies export …) and import them into a new store, "
            "which replies.store=… names"
        )

    def _broken(self, error: Exception) -> StoreError:
        told = " ".join(str(error).split())
        if "file is not a database" in told:
            return StoreError(_FOREIGN.format(self.path))
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            remedy = "the file is left as it is; restore it from a copy, or name another store: replies.store=…"
        else:
            remedy = "make room or give leave to write there, or name another store: replies.store=…; then start again"
        return StoreError(f"reply store {self.path}: {told}; {remedy}")


def _create(path: Path) -> None:
    """Make an empty store, which has its name only once it is whole."""
    unnamed = path.with_name(f"{path.name}-{os.getpid()}-{time.monotonic_ns()}")
    try:
        made = sqlite3.connect(unnamed, isolation_level=None)
        try:
            made.executescript(_LAYOUT)
            made.execute("PRAGMA journal_mode = WAL")
        finally:
            made.close()
        try:
            os.link(unnamed, path)
        except FileExistsError:  # another process was first
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                unnamed.rename(path)
    finally:
        for name in (unnamed, Path(f"{unnamed}-wal"), Path(f"{unnamed}-shm"), Path(f"{unnamed}-journal")):
            name.unlink(missing_ok=True)


def _claims(path: Path) -> int:
    """The file of claims beside a store, open. One for all stores of the process on this path.

    Closing any of several would give back the claims made through all of them: that is how POSIX locks are.
    """
    name = Path(f"{path.absolute()}-claims")
    file = _OPEN.get(name)
    if file is None or os.fstat(file).st_nlink == 0:
        file = _OPEN[name] = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
    return file


def _reply(key: bytes, row: tuple[Any, ...]) -> Received:
    text, finish_reason, tokens_in, tokens_out, latency, identity, top = row
    found = None if top is None else tuple((str(token), float(value)) for token, value in json.loads(top))
    said = text.decode("utf-8", "surrogatepass")
    return Received(said, finish_reason, tokens_in, tokens_out, latency, identity, found, key.hex())


def _place(key: bytes) -> int:
    """The byte of the file of claims that stands for a key."""
    return int.from_bytes(key[:7], "big")
