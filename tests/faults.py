"""What an endpoint can do wrong, for the loopback server, scripts that say when, and what must agree after a run.

A fault is what `Loopback`'s `answer` may return. Who is struck depends on the words of the request alone, never on the
order in which requests come, so every run of a test meets the same faults.
"""

import asyncio
import json
import socket
import sqlite3
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from aiohttp import web

from experiments.store import read_json, read_table
from tests.commands import CHECKOUT, command, small, told
from tests.loopback import Answer, Cut, Json, Loopback, Reply, completion

LONG = 60.0
"""Seconds: longer than any test waits."""
DECISION = ["participant", "phase", "repetition", "game", "stage", "round", "item"]
"""The columns that tell a decision of a run from every other."""


def words(body: Json) -> str:
    """What a request says, which tells it from every other."""
    return json.dumps(body["messages"])


def number(body: Json) -> int:
    """A number that belongs to a request's words, and looks like chance."""
    return zlib.crc32(words(body).encode())


class Script:
    """Answers `well`, but strikes the first `times` requests with the same words, if these are among one in `one_in`.

    strike: what those get.  given: how many.  seen: requests so far.  answered: how often each request was answered
    well, by its words.
    """

    def __init__(
        self, strike: Callable[[Json], Reply], *, times: float = 1, one_in: int = 1, well: Answer = told
    ) -> None:
        self.strike = strike
        self.times = times
        self.one_in = one_in
        self.well = well
        self.given = 0
        self.seen = 0
        self.answered: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()

    def __call__(self, body: Json, index: int) -> Reply:
        """Loopback's `answer`."""
        self.seen += 1
        said = words(body)
        if number(body) % self.one_in == 0 and self._struck[said] < self.times:
            self._struck[said] += 1
            self.given += 1
            return self.strike(body)
        self.answered[said] += 1
        return self.well(body, index)

    def heal(self) -> None:
        """From now on all is well."""
        self.times = 0


def by_model(scripts: Mapping[str, Script]) -> Answer:
    """Loopback's `answer` for several models, each with a script of its own."""
    return lambda body, index: scripts[body["model"]](body, index)


def refused(status: int, message: str = "out of order", **headers: Any) -> web.Response:
    """An HTTP status with the endpoint's words; an underscore in a header's name stands for a hyphen."""
    sent = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return web.json_response({"error": {"message": message}}, status=status, headers=sent)


def late(body: Json) -> Reply:
    """Nothing comes, not even a status."""

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(LONG)
        return web.Response()

    return wait


def stalls(body: Json) -> Reply:
    """Half the body comes, and then nothing more."""
    whole = json.dumps(completion(str(told(body, 0)))).encode()

    async def half(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(whole))})
        response.content_type = "application/json"
        await response.prepare(request)
        await response.write(whole[: len(whole) // 2])
        await asyncio.sleep(LONG)
        return response

    return half


def resets(body: Json) -> Reply:
    """The connection is reset instead of an answer (RST)."""
    return _ends_connection(abruptly=True)


def hangs_up(body: Json) -> Reply:
    """The connection is closed in good order instead of an answer (FIN), as a server does that is shut down."""
    return _ends_connection(abruptly=False)


def _ends_connection(*, abruptly: bool) -> Reply:
    async def end(request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        if abruptly:
            lingering = struct.pack("ii", 1, 0)  # for no time: what was not sent is dropped
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
            transport.abort()
        else:
            transport.close()
        return web.Response()

    return end


def cut(body: Json) -> Reply:
    """The connection ends in the middle of the body."""
    return Cut('{"id": "1", "choices": [{"message": {"role": "assist')


def half_json(body: Json) -> Reply:
    """A body that is whole as HTTP goes, and half of a JSON object."""
    whole = json.dumps(completion(str(told(body, 0))))
    return web.Response(text=whole[: len(whole) // 2], content_type="application/json")


def html(body: Json) -> Reply:
    """What a proxy says for an endpoint, with status 200."""
    return web.Response(text="<html><body>One moment, please</body></html>", content_type="text/html")


def run(folder: Path, server: Loopback, *overrides: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, for a small society in `folder`, with the reply store beside it; `again` may share it."""
    return command("experiments.run", *ordered(folder, server, *overrides), **environment)


def ordered(folder: Path, server: Loopback, *overrides: str) -> tuple[str, ...]:
    """The words of that command."""
    own = (f"hydra.run.dir={folder}", f"replies.store={store(folder)}", "model.name=m")
    return (*own, *of_model(server), *overrides)


def start(folder: Path, server: Loopback, *overrides: str, **how: Any) -> subprocess.Popen[str]:
    """That command, begun; how: further arguments of Popen."""
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.run", *ordered(folder, server, *overrides)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def of_model(server: Loopback) -> tuple[str, ...]:
    """A small society of the model that a server answers for."""
    return small("model=openai_compatible", f"model.base_url={server.base_url}", "model.backoff=0.01")


def store(folder: Path) -> Path:
    """The reply store of all runs of a test."""
    return folder.parent / "replies.sqlite"


def stored(folder: Path, model: str = "m") -> list[str]:
    """The keys of a model that the store of a test holds."""
    with closing(sqlite3.connect(store(folder))) as file:
        rows = file.execute("SELECT key FROM replies WHERE model = ?", (f"openai_compatible/{model}",)).fetchall()
    return [key.hex() for (key,) in rows]


def account(folder: Path) -> dict[str, Any]:
    """The sums of a run's accounts; faults by reason."""
    rows = read_json(folder, "manifest")["accounting"]
    names = ("made", "stored", "shared", "requests", "tokens_in", "tokens_out", "uncounted")
    sums: dict[str, Any] = {name: sum(row[name] for row in rows) for name in names}
    return sums | {"faults": dict(sum((Counter(row["faults"]) for row in rows), Counter()))}


def accounted(folder: Path, requests: int, decisions: int, keys: list[str]) -> dict[str, Any]:
    """Check that a run's tables, accounts and store agree with what the server saw. Returns the accounts."""
    table = read_table(folder, "decisions")
    assert not table.duplicated(DECISION).any()
    assert len(table) == decisions
    took = account(folder)
    assert took["requests"] == requests
    assert took["requests"] == took["made"] + sum(took["faults"].values())
    assert took["made"] == len(keys) == len(set(keys))
    assert {key for one in table["keys"].dropna() for key in json.loads(one)} == set(keys)
    return took


def tables(folder: Path, *without: str) -> dict[str, str]:
    """All tables of a run as text, without the column that names the run."""
    return {
        name: read_table(folder, name).drop(columns=["run", *without], errors="ignore").to_csv()
        for name in ("decisions", "measures", "rounds")
    }
