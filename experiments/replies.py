"""Take the replies of a run along:  python -m experiments.replies export <folder of a run or a sweep> | import <file>.

`export` writes the replies that a run, or all runs of a sweep, used into one small file, which can be committed or
sent. `import` takes such a file into a reply store, and tells the command that replays them from it, without a network
and without a key.

The file is gzipped JSON lines: first a head, which says what run it is, then one reply a line.
"""

import argparse
import gzip
import json
import shlex
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from agents.received import Received
from agents.reply_store import KEY_BYTES, Entry, ReplyStore
from experiments.exits import refused
from experiments.rows import storable
from experiments.store import read_json, read_pieces
from games.errors import CommonwealError, SettingError

FORMAT = "commonweal replies"
VERSION = 1
"""Of the file; raised whenever it changes."""
_KINDS: dict[str, Any] = {
    "key": str,
    "model": str,
    "payer": str,
    "draw": str,
    "characters": int,
    "text": str,
    "finish reason": str | None,
    "tokens in": int | None,
    "tokens out": int | None,
    "latency": int | float,
    "identity": str | None,
    "top": list | None,
}
"""The fields of a line."""
_AT_ONCE = 1000
"""Replies in one transaction, so that runs which share the store do not wait long."""
_OWN = ("hydra.", "replies.", "budget.", "progress=", "forecast=")
"""Overrides that say nothing of what was asked."""


def export(folder: Path, store: ReplyStore, path: Path) -> int:
    """Write the replies of a run, or of all runs of a sweep, into a file, gzipped and the same to the byte each time.

    Returns how many there are. Raises SettingError if the folder holds no run or one that was cut off, or the store
    lacks a reply of it, or holds newer ones in the place of those that a run used.
    """
    runs = _runs(folder)
    manifests = [read_json(one, "manifest") for one in runs]
    if cut := [str(one) for one, about in zip(runs, manifests, strict=True) if about["status"] == "running"]:
        raise SettingError(f"{cut[0]}: this run was cut off; start its command again, and export what that ends with")
    keys = list(dict.fromkeys(key for one in runs for key in _keys(one)))
    if not keys:
        raise SettingError(f"{folder}: no model was asked in this run, so there are no replies to export")
    entries = {entry.key: entry for entry in store.entries(keys)}
    if missing := len(set(keys) - entries.keys()):
        raise SettingError(
            f"{folder}: {missing} of {len(keys)} replies are not in {store.path}; name the store with --store"
        )
    for one in runs:
        _refuse_renewed(one, entries, store)
    sweep = runs != [folder]
    head = {
        "format": FORMAT,
        "version": VERSION,
        "experiment": manifests[0]["experiment"],
        "overrides": ["-m", *_asked_of(folder)] if sweep else _overrides(folder),
        "status": next((about["status"] for about in manifests if about["status"] != "finished"), "finished"),
        "synthetic": any(about["synthetic"] for about in manifests),
        "models": sorted({name for about in manifests for name in about["models"]}),
        "replies": len(entries),
    }
    unnamed = path.with_name(f"{path.name}.unfinished")
    with unnamed.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as file:
        for line in (head, *(_line(entry) for entry in entries.values())):
            file.write(json.dumps(line).encode() + b"\n")
    unnamed.rename(path)
    return len(entries)


def take_in(path: Path, store: ReplyStore) -> tuple[dict[str, Any], int, int]:
    """Take the replies of a file into a store.

    Returns the file's head, how many replies are new to the store, and how many it holds already, but worded otherwise;
    what the store holds stays. The whole file is read before anything is written. Raises SettingError for a file that
    is none, or is damaged.
    """
    head = _head(path)
    for _ in _read(path, head):
        pass
    new = other = 0
    for some in batched(_read(path, head), _AT_ONCE):
        held = {one.key: one.reply.text for one in store.entries(entry.key for entry in some)}
        other += sum(held.get(entry.key, entry.reply.text) != entry.reply.text for entry in some)
        new += sum(store.add((entry, False) for entry in some))
    return head, new, other


def _runs(folder: Path) -> list[Path]:
    """The run of a folder, or the runs of a sweep by number. Raises SettingError where it holds neither."""
    found = sorted((path.parent for path in folder.glob("*/manifest.json")), key=lambda one: (len(one.name), one.name))
    if (folder / "manifest.json").exists() or not found:
        return [folder]
    return found


def _asked_of(sweep: Path) -> list[str]:
    """The overrides of a sweep as they were typed, but for those that say nothing of what was asked."""
    return [str(one) for one in read_json(sweep, "sweep")["overrides"] if not str(one).lstrip("+~").startswith(_OWN)]


def _keys(folder: Path) -> Iterator[bytes]:
    for piece in read_pieces(folder, "decisions", ["keys"]):
        for told in piece["keys"].to_pylist():
            yield from (bytes.fromhex(key) for key in json.loads(told or "[]"))


def _refuse_renewed(folder: Path, entries: Mapping[bytes, Entry], store: ReplyStore) -> None:
    renewed = 0
    for piece in read_pieces(folder, "decisions", ["keys", "reply", "latency"]):
        for keys, text, latency in zip(*(piece[name].to_pylist() for name in piece.column_names), strict=True):
            last = json.loads(keys or "[]")[-1:]
            held = entries.get(bytes.fromhex(last[0])) if last and latency is not None else None
            if held is not None:
                renewed += (storable(held.reply.text), held.reply.latency) != (text or "", latency)
    if renewed:
        raise SettingError(
            f"{folder}: {renewed} of its replies were refreshed in {store.path} after it; export the newer run instead"
        )


def _overrides(folder: Path) -> list[str]:
    path = folder / ".hydra" / "overrides.yaml"
    given = OmegaConf.to_container(OmegaConf.load(path)) if path.exists() else []
    return [str(one) for one in given or [] if not str(one).lstrip("+~").startswith(_OWN)]


def _line(entry: Entry) -> list[Any]:
    one = entry.reply
    about = [entry.key.hex(), entry.model, entry.payer, entry.draw, entry.characters]
    return [*about, one.text, one.finish_reason, one.tokens_in, one.tokens_out, one.latency, one.model, one.top]


def _lines(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                yield json.loads(line)
    except FileNotFoundError:
        raise SettingError(f"there is no file {path}; name one that experiments.replies export wrote") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SettingError(f"{path} is damaged or no file of replies ({error}); nothing was taken in") from error


def _head(path: Path) -> dict[str, Any]:
    head = next(_lines(path), None)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise SettingError(f"{path} is no file of replies; name one that `python -m experiments.replies export` wrote")
    if head.get("version") != VERSION:
        raise SettingError(
            f"{path} has version {head.get('version')}, and this Commonweal reads {VERSION}; export it again with it"
        )
    kinds = {"overrides": list, "status": str, "synthetic": bool, "replies": int}
    if wrong := [name for name, kind in kinds.items() if not isinstance(head.get(name), kind)]:
        raise SettingError(f"{path}: its head has no {', '.join(wrong)}; nothing was taken in")
    return head


def _read(path: Path, head: dict[str, Any]) -> Iterator[Entry]:
    lines, number = _lines(path), 1
    next(lines)
    for number, line in enumerate(lines, start=2):
        try:
            yield _entry(line)
        except (TypeError, ValueError) as error:
            raise SettingError(f"{path}, line {number}: no reply ({error}); nothing was taken in") from error
    if number - 1 != head["replies"]:
        raise SettingError(f"{path}: {number - 1} replies where {head['replies']} are announced; nothing was taken in")


def _entry(line: Any) -> Entry:
    """The reply of a line. Raises TypeError or ValueError for a field that is missing or not of its kind."""
    if not isinstance(line, list) or len(line) != len(_KINDS):
        raise TypeError(f"it must have {len(_KINDS)} fields")
    for value, (name, kind) in zip(line, _KINDS.items(), strict=True):
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{name} is not of its kind")
        if isinstance(value, str) and name != "text":
            value.encode()  # what cannot be written raises
        if isinstance(value, int | float) and not 0 <= value < 2**53:
            raise ValueError(f"{name}={value}")
    key, model, payer, draw, characters, text, reason, tokens_in, tokens_out, latency, identity, top = line
    likely = None if top is None else tuple((str(token), float(value)) for token, value in top)
    if len(bytes.fromhex(key)) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    reply = Received(text, reason, tokens_in, tokens_out, float(latency), identity, likely, key)
    return Entry(bytes.fromhex(key), model, payer, draw, characters, reply)


def _store_of(folder: Path) -> Path:
    return Path(read_json(_runs(folder)[0], "manifest")["replies"]["store"])


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments.replies", description=(__doc__ or "").split("\n\n")[1])
    commands = parser.add_subparsers(dest="command", required=True)
    out = commands.add_parser("export", help="write the replies of a run into a file")
    out.add_argument("run", type=Path, help="the folder of the run or the sweep")
    out.add_argument("file", type=Path, nargs="?", help="default: replies.jsonl.gz in that folder")
    out.add_argument("--store", type=Path, help="default: the one that was used")
    into = commands.add_parser("import", help="take the replies of a file into a store")
    into.add_argument("file", type=Path)
    into.add_argument("--store", type=Path, default=Path("results/replies.sqlite"), help="default: %(default)s")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    asked = _arguments(given)
    try:
        _do(asked)
    except (CommonwealError, OSError) as error:
        return refused(error)
    return 0


def _do(asked: argparse.Namespace) -> None:
    if asked.command == "export":
        store = asked.store or _store_of(asked.run)
        if not store.exists():
            raise SettingError(f"there is no reply store {store}; name it with --store")
        path = asked.file or asked.run / "replies.jsonl.gz"
        count = export(asked.run, ReplyStore(store), path)
        print(f"{count} replies of {asked.run} are in {path} ({path.stat().st_size:,} bytes)")
        return
    head, new, other = take_in(asked.file, ReplyStore(asked.store))
    mark = " (SYNTHETIC: no language model)" if head["synthetic"] else ""
    print(f"{new} replies taken in from {asked.file}{mark}, {head['replies'] - new} were there already")
    if other:
        print(f"WARNING: {other} of those are worded otherwise in {asked.store}, and stay; take a new store: --store …")
    if head["status"] != "finished":
        print(f"WARNING: the run is {head['status']}, so its replay will lack replies")
    print("replay: " + " ".join(_command(head["overrides"], asked.store)))


def _command(overrides: Iterable[str], store: Path) -> list[str]:
    own = [] if store == Path("results/replies.sqlite") else [f"replies.store={store}"]
    return ["python -m experiments.run", *(shlex.quote(one) for one in (*overrides, *own)), "replies.mode=replay"]


if __name__ == "__main__":
    sys.exit(main())
