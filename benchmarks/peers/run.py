"""`python -m benchmarks.peers.run`: what 200 participants × 6 questions cost here and in other frameworks.

Every contender makes the same 1200 calls to the same server, which is another process and answers after 100 ms, at
concurrency 64 and 256. The contenders take turns, three times; the table shows medians, and the load of the machine
beside them: on a busy machine the ratios say little. A peer runs in an environment of its own, made from its
requirements below `--environments` and used again when it is there. CPU is that of the contender's process alone.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median

from benchmarks.llm_calls import Contender, bare_aiohttp, serve, whole_decision

HERE = Path(__file__).parent
OURS: dict[str, Contender] = {"bare aiohttp": bare_aiohttp, "Commonweal, whole decision": whole_decision}
PEERS: list[list[str]] = [["mesa_llm"], ["inspect_ai"], ["inspect_ai", "--lean"]]  # a script, and its options

type Took = tuple[float, float]  # wall and CPU seconds


def environment(folder: Path, peer: str) -> Path:
    """The Python of a peer's environment below `folder`, made if it is not there as required."""
    python = folder / peer / "bin" / "python"
    wanted = HERE / f"{peer}.txt"
    made = folder / peer / wanted.name  # written last: half an environment is none
    if not made.exists() or made.read_bytes() != wanted.read_bytes():
        print(f"making the environment of {peer}", file=sys.stderr)
        venv.create(folder / peer, clear=True, symlinks=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "--requirement", wanted], check=True)
        made.write_bytes(wanted.read_bytes())
    return python


def ours(contender: Contender, base_url: str, calls: int, at_once: int) -> Took:
    """Run one of `OURS`, which raises when an answer is missing, after a warm-up of `at_once` calls."""
    with asyncio.Runner() as runner:
        runner.run(contender(base_url, at_once, at_once))
        wall, cpu = time.perf_counter(), time.process_time()
        runner.run(contender(base_url, calls, at_once))
        return time.perf_counter() - wall, time.process_time() - cpu


def theirs(python: Path, peer: list[str], base_url: str, calls: int, at_once: int) -> tuple[str, Took]:
    """Run a peer's script: its name with its version, and what it took."""
    script, *options = peer
    numbers = ["--base-url", base_url, "--calls", str(calls), "--at-once", str(at_once)]
    command = [str(python), str(HERE / f"{script}_calls.py"), *options, *numbers]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["calls"] != calls:
        raise AssertionError(f"{script} had {said['calls']} answers to {calls} calls")
    return f"{said['contender']} {said['version']}", (said["wall_s"], said["cpu_s"])


def compare(pythons: dict[str, Path], calls: int, at_once: int, delay: float, repetitions: int) -> None:
    """Let the contenders take turns at one concurrency, and print the table."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, delay), daemon=True)
    server.start()
    there.close()
    base_url = here.recv()
    took: dict[str, list[Took]] = {}
    loads = []
    for _ in range(repetitions):
        for name, contender in OURS.items():
            loads.append(os.getloadavg()[0])
            took.setdefault(name, []).append(ours(contender, base_url, calls, at_once))
        for peer in PEERS:
            loads.append(os.getloadavg()[0])
            name, one = theirs(pythons[peer[0]], peer, base_url, calls, at_once)
            took.setdefault(name, []).append(one)
    here.send(None)
    server.join(10)
    ideal = calls / at_once * delay
    print(f"{calls} calls at concurrency {at_once}, answers after {delay * 1000:g} ms, medians of {repetitions}")
    print(f"ideal {ideal:.2f} s; load of {os.cpu_count()} cores during the runs {min(loads):.1f} to {max(loads):.1f}")
    print(f"{'contender':<32}{'wall s':>8}{'wall/bare':>11}{'wall/ideal':>12}{'CPU ms/call':>13}")
    floor = median(wall for wall, _ in took["bare aiohttp"])
    for name, runs in took.items():
        wall, cpu = (median(column) for column in zip(*runs, strict=True))
        print(f"{name:<32}{wall:>8.2f}{wall / floor:>11.2f}{wall / ideal:>12.2f}{cpu / calls * 1000:>13.2f}")
    print(flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a model call costs here and in other frameworks.")
    parser.add_argument("--environments", type=Path, help="where the peers' environments are or go; else temporary")
    parser.add_argument("--calls", type=int, default=1200)
    parser.add_argument("--at-once", type=int, nargs="+", default=[64, 256], help="calls under way at any time")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds until the server answers")
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.environments or Path(temporary)).resolve()
        pythons = {peer[0]: environment(folder, peer[0]) for peer in PEERS}
        for at_once in given.at_once:
            compare(pythons, given.calls, at_once, given.delay, given.repetitions)
