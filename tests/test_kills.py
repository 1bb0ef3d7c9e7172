"""A run that is stopped at any moment, or has no room, no store or no budget, and goes on when started again."""

import gc
import os
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from agents.received import Received
from agents.reply_store import Entry, ReplyStore
from experiments.run import run as experiments_run
from experiments.store import read_json, read_table
from tests import faults
from tests.commands import CHECKOUT, command, small, told
from tests.faults import account, accounted, of_model, run, start, store, stored, tables
from tests.loopback import Loopback

ALL = 60
"""Decisions of the small society."""
KILLS, CHAINS, CONCURRENCY = 20, 2, 4
LONGER = ("repetitions=3", f"model.concurrency={CONCURRENCY}")
LONGER_ALL = 156
"""Decisions of the small society when each measure is administered three times."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A server, a run that nothing disturbed, and how many seconds it took; another server would mean other keys."""
    with Loopback(told, delay=0.03) as server:
        folder, began = tmp_path_factory.mktemp("undisturbed") / "run", time.monotonic()
        done = run(folder, server, *LONGER)
        assert done.returncode == 0, done.stderr
        assert server.count == LONGER_ALL
        yield server, folder, time.monotonic() - began


def ends_by_itself(process, server, chance, seconds, slice_):
    """Wait for a process until a moment that chance picks: of the seconds of a run, or of the next requests."""
    until, requests = time.monotonic() + chance.uniform(0, 0.7 * seconds), None
    if slice_ > 0 and chance.random() < 0.7:
        # However slow the machine is just now, these are moments at which calls are under way.
        until, requests = time.monotonic() + 120, server.count + chance.randint(1, slice_)
    while process.poll() is None:
        if time.monotonic() > until or (requests is not None and server.count >= requests):
            time.sleep(chance.uniform(0, 0.03))
            return False
        time.sleep(0.002)
    return True


@pytest.mark.parametrize("seed", range(CHAINS))
def test_a_run_killed_again_and_again_ends_as_if_nothing_had_been(seed, undisturbed, tmp_path):
    server, reference, seconds = undisturbed
    chance, kills, chains = random.Random(seed), 0, 0
    usual = Counter(faults.words(body) for body in server.bodies[:LONGER_ALL])
    while kills < KILLS // CHAINS:
        chains += 1
        folder, here, before = tmp_path / str(chains) / "run", 0, server.count
        while True:
            process = start(folder, server, *LONGER)
            slice_ = 2 * (LONGER_ALL - (server.count - before)) // (KILLS // CHAINS - kills + 1)
            if kills < KILLS // CHAINS and not ends_by_itself(process, server, chance, seconds, slice_):
                process.kill()
                process.communicate()
                kills, here = kills + 1, here + 1
                continue
            _, said = process.communicate(timeout=120)
            break
        assert process.returncode == 0, said
        assert read_json(folder, "manifest")["status"] == "finished"
        assert tables(folder, "latency") == tables(reference, "latency")
        assert len(stored(folder)) == len(set(stored(folder))) == LONGER_ALL
        assert server.count - before <= LONGER_ALL + CONCURRENCY * here
        # The administrations of a measure are put in the same words, and told apart by their draws alone.
        asked = Counter(faults.words(body) for body in server.bodies[before:])
        assert all(count <= usual[words] * (1 + here) for words, count in asked.items())


def told_ahead(done):
    """Calls in all, in the store and to make, as a forecast tells them."""
    assert done.returncode == 0, done.stderr
    (row,) = re.findall(r"^\s*all\s+([\d,]+)\s+([\d,]+)\s+([\d,]+)", done.stdout, re.MULTILINE)
    return tuple(int(one.replace(",", "")) for one in row)


def test_two_processes_with_the_same_command_ask_everything_once(tmp_path):
    with Loopback(told, delay=0.03) as server:
        both = [start(tmp_path / name, server) for name in ("one", "two")]
        said = [process.communicate(timeout=120)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert server.count == ALL
        assert len({faults.words(body) for body in server.bodies}) == ALL
    # The endpoint is gone, and the store is not.
    assert told_ahead(run(tmp_path / "three", server, "forecast=true")) == (ALL, ALL, 0)
    assert tables(tmp_path / "one") == tables(tmp_path / "two")
    one, two = account(tmp_path / "one"), account(tmp_path / "two")
    assert one["made"] + two["made"] == one["requests"] + two["requests"] == ALL == len(stored(tmp_path / "one"))
    for took in (one, two):
        assert took["made"] + took["stored"] + took["shared"] == ALL


def test_a_killed_process_leaves_no_claim_behind_for_another_that_runs_beside_it(tmp_path):
    with Loopback(told, delay=0.05) as server:
        killed, other = (start(tmp_path / name, server, f"model.concurrency={CONCURRENCY}") for name in ("one", "two"))
        while server.count < 20 and killed.poll() is None:
            time.sleep(0.005)
        killed.kill()
        killed.communicate()
        _, said = other.communicate(timeout=120)
        assert other.returncode == 0, said
        assert server.count <= ALL + CONCURRENCY
    assert len(read_table(tmp_path / "two", "decisions")) == len(stored(tmp_path / "two")) == ALL


def test_two_seeds_at_once_share_a_store_and_no_reply(tmp_path):
    with Loopback(told, delay=0.01) as server:
        both = [start(tmp_path / seed, server, f"seed={seed}") for seed in ("1", "2")]
        said = [process.communicate(timeout=120)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert server.count == 2 * ALL == len(set(stored(tmp_path / "1")))
    for seed in ("1", "2"):
        assert account(tmp_path / seed)["made"] == len(read_table(tmp_path / seed, "decisions")) == ALL


def no_room(done, folder):
    """Check what a run says that could not keep its replies."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: reply store {store(folder)}: ")
    assert "make room" in last


def goes_on(folder, server):
    """Start the command again where there is room: what the store holds is not asked again."""
    held, before = set(stored(folder)), server.count
    assert 0 < len(held) < ALL
    done = run(folder, server, "model.concurrency=2")
    assert done.returncode == 0, done.stderr
    assert server.count - before == ALL - len(held)
    took = account(folder)
    assert (took["made"], took["stored"]) == (ALL - len(held), len(held))
    assert held < set(stored(folder))
    table = read_table(folder, "decisions")
    assert len(table) == ALL == len(stored(folder))
    assert not table.duplicated(faults.DECISION).any()


def wordy(body, index):
    """An answer with reasons, so that a store grows."""
    return f"{'Because of this and that. ' * 100}\nANSWER: {told(body, index)}"


def test_a_file_that_may_not_grow_ends_the_run_which_goes_on_when_it_may(tmp_path):
    folder, limit = tmp_path / "run", 200_000
    with Loopback(wordy) as server:
        process = start(
            folder,
            server,
            "model.concurrency=2",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        out, said = process.communicate(timeout=120)
        no_room(subprocess.CompletedProcess(process.args, process.returncode, out, said), folder)
        assert read_json(folder, "manifest")["status"] == "failed"
        goes_on(folder, server)


@contextmanager
def small_disk(folder, size):
    """A disk of a given size in a folder; yields what makes it larger."""
    if shutil.which("mount") is None:
        pytest.skip("there is no command `mount`")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.decode().strip()}")
    try:
        yield lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_ends_the_run_which_goes_on_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk", "280k") as grow, Loopback(wordy) as server:
        folder = tmp_path / "disk" / "run"
        no_room(run(folder, server, "model.concurrency=2"), folder)
        grow("20m")
        goes_on(folder, server)


def made(path, model="openai_compatible/m", entries=300):
    """A store with replies of a model, none of them to a question of the small society."""
    replies = ReplyStore(path)
    reply = Received("A" * 500, "stop", 11, 7, 0.1, model)
    keys = (number.to_bytes(16, "big") for number in range(entries))
    replies.add((Entry(key, model, "payer", "[]", 1000, reply), False) for key in keys)
    replies.close()
    return path


@pytest.mark.parametrize(("version", "age"), [(0, "an older"), (2, "a newer")])
def test_a_store_of_another_version_is_refused_with_the_remedy_and_left_as_it_is(version, age, tmp_path):
    path = tmp_path / "replies.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE replies (all_of_it TEXT)")
        file.execute("PRAGMA application_id = 0x436F6D77")
        file.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with Loopback(told) as server:
        done = run(tmp_path / "run", server)
        assert server.count == 0
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert f"{path} has version {version}, from {age} Commonweal" in line
    assert "python -m experiments.replies export" in line
    assert "replies.store=" in line
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["replies.sqlite"]


def garbage(path):
    path.write_bytes(random.Random(1).randbytes(40_000))


def truncated(path):
    whole = made(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def pages_of_garbage(path):
    """A sound beginning and a sound end, and nothing sound between them."""
    whole = bytearray(made(path).read_bytes())
    pages = len(whole) // 4096
    for page in range(4, pages - 4):
        whole[page * 4096 : (page + 1) * 4096] = random.Random(page).randbytes(4096)
    path.write_bytes(whole)


@pytest.mark.parametrize("damage", [garbage, truncated, pages_of_garbage])
def test_a_damaged_store_is_told_before_any_request_and_left_as_it_is(damage, tmp_path):
    path = tmp_path / "replies.sqlite"
    damage(path)
    before = path.read_bytes()
    with Loopback(told) as server:
        done = run(tmp_path / "run", server)
        assert server.count == 0
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert str(path) in last
    assert "replies.store=" in last
    assert path.read_bytes() == before


def test_runs_that_are_over_hold_at_most_the_claims_of_their_store_open(tmp_path):
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        config = compose("config", [f"replies.store={store(tmp_path / 'run')}", *small("phases=[before]")])
    for name in ("one", "two"):
        experiments_run(config, tmp_path / name)
    gc.collect()
    open_now = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    held = [Path(path).name for path in open_now if path.startswith(str(tmp_path))]
    assert held in ([], ["replies.sqlite-claims"])


def test_a_budget_of_calls_ends_a_run_to_the_call_and_a_larger_one_lets_it_go_on(tmp_path):
    with Loopback(told) as server:
        done = run(tmp_path / "run", server, "budget.calls=20")
        assert done.returncode == 3, done.stderr
        assert server.count == 20
        assert "incomplete: budget.calls=20 leaves the run no room" in done.stderr.strip().splitlines()[-1]
        manifest = read_json(tmp_path / "run", "manifest")
        assert manifest["status"] == "incomplete"
        assert "budget.calls=20" in manifest["error"]
        accounted(tmp_path / "run", 20, 20, stored(tmp_path / "run"))
        done = run(tmp_path / "run", server, "budget.calls=20")
        assert done.returncode == 3, done.stderr
        assert server.count == 20
        assert account(tmp_path / "run")["requests"] == 0
        assert len(read_table(tmp_path / "run", "decisions")) == 20
        done = run(tmp_path / "run", server, f"budget.calls={ALL}")
        assert done.returncode == 0, done.stderr
        assert server.count == ALL == len({faults.words(body) for body in server.bodies})
    assert read_json(tmp_path / "run", "manifest")["status"] == "finished"
    assert len(read_table(tmp_path / "run", "decisions")) == ALL


def swept(folder, server, *overrides):
    """A sweep over two seeds."""
    return command(
        "experiments.run",
        "-m",
        f"hydra.sweep.dir={folder}",
        f"replies.store={store(folder)}",
        "model.name=m",
        *of_model(server),
        "phases=[before]",
        "seed=1,2",
        *overrides,
    )


def test_a_budget_of_a_sweep_counts_its_jobs_together_and_nothing_twice_when_it_is_raised(tmp_path):
    with Loopback(told) as server:
        done = swept(tmp_path / "sweep", server, "budget.calls=30")
        assert done.returncode == 3, done.stderr
        assert server.count == 30
        manifests = [read_json(tmp_path / "sweep" / job, "manifest") for job in "01"]
        assert [one["status"] for one in manifests] == ["finished", "incomplete"]
        assert "leaves the sweep no room" in manifests[1]["error"]
        swept(tmp_path / "sweep", server, "budget.calls=48")
        assert server.count == 48
    assert read_json(tmp_path / "sweep" / "1", "manifest")["status"] == "finished"


def test_a_forecast_makes_no_request_and_tells_the_calls_exactly(tmp_path):
    with Loopback(told) as server:
        assert told_ahead(run(tmp_path / "run", server, "forecast=true")) == (ALL, 0, ALL)
        assert server.count == 0
    assert not (tmp_path / "run").exists()
