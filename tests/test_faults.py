"""The command against an endpoint that misbehaves: every run ends, and every decision and request is accounted for."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from math import inf

import pandas as pd
import pytest
from aiohttp import web
from langchain_core.messages import HumanMessage

from agents.gateway import Gateway
from agents.limits import Limits
from agents.openai_compatible import OpenAICompatible
from agents.request import Call, Draw
from experiments.store import read_json, read_table
from tests import faults
from tests.commands import command, told
from tests.faults import Script, account, accounted, by_model, number, of_model, refused, run, store, stored, tables
from tests.loopback import Loopback, completion

MEASURED, ALL = 24, 60
"""Decisions of the small society: of its first measure, and of all its phases."""
KEY = "sk-planted-0123456789abcdef"


def sweep(folder, server, names, *overrides, **environment):
    """One job for each name of a model, below `folder`."""
    return command(
        "experiments.run",
        "-m",
        f"hydra.sweep.dir={folder}",
        f"replies.store={store(folder)}",
        *of_model(server),
        *overrides,
        f"model.name={','.join(names)}",
        **environment,
    )


def one_of_5xx(body):
    """One of the ways in which servers, and the proxies before them, fail."""
    status = (500, 502, 503, 504)[number(body) // 3 % 4]
    return refused(status, **({"Retry_After": "0.03"} if status == 503 else {}))


def passing():
    """Faults that pass, several models to a sweep: of each its script, and the reasons that its account must name."""
    return {
        "answers": {
            "429_with_retry_after": (Script(lambda body: refused(429, Retry_After="0.05"), times=2), ["429"]),
            "429_without": (Script(lambda body: refused(429), times=3), ["429"]),
            "5xx": (Script(one_of_5xx, times=2, one_in=3), ["500", "502", "503", "504"]),
            "half_a_json_object": (Script(faults.half_json, times=2, one_in=3), ["body"]),
            "html": (Script(faults.html, times=2, one_in=3), ["body"]),
        },
        "connections": {
            "slow_first_byte": (Script(faults.late, one_in=4), ["timeout"]),
            "stall_in_the_body": (Script(faults.stalls, one_in=4), ["timeout"]),
            "reset": (Script(faults.resets, times=2, one_in=3), ["connection"]),
            "cut_in_the_body": (Script(faults.cut, times=2, one_in=3), ["body"]),
        },
        "hung_up": {"closed": (Script(faults.hangs_up, times=2, one_in=3), ["connection"])},
    }


@pytest.mark.parametrize("group", passing())
def test_a_fault_that_passes_costs_requests_and_no_decision(group, tmp_path):
    scripts = passing()[group]
    settings = ("phases=[before]", "model.timeout=3")
    with Loopback(by_model({name: script for name, (script, _) in scripts.items()})) as server:
        done = sweep(tmp_path / "first", server, scripts, *settings)
        assert done.returncode == 0, done.stderr
        for job, (name, (script, reasons)) in enumerate(scripts.items()):
            folder = tmp_path / "first" / str(job)
            took = accounted(folder, script.seen, MEASURED, stored(tmp_path / "first", name))
            assert set(took["faults"]) == set(reasons), name
            assert sum(took["faults"].values()) == script.given > 0, name
            assert read_table(folder, "decisions")["failure"].isna().all(), name
            assert set(script.answered.values()) == {1}, name
        asked = server.count
        again = sweep(tmp_path / "again", server, scripts, *settings)
        assert again.returncode == 0, again.stderr
        assert server.count == asked
        for job in map(str, range(len(scripts))):
            assert tables(tmp_path / "again" / job) == tables(tmp_path / "first" / job)


def test_an_endpoint_that_takes_four_calls_at_once_is_asked_for_no_more_in_the_end(tmp_path):
    under_way, too_many = 0, 0

    async def serve(request):
        nonlocal under_way, too_many
        if under_way >= 4:
            too_many += 1
            return refused(429)
        under_way += 1
        try:
            await asyncio.sleep(0.03)
            return web.json_response(completion("A"))
        finally:
            under_way -= 1

    with Loopback(lambda body, index: serve) as server:
        done = run(tmp_path / "run", server, "model.retries=50")
        assert done.returncode == 0, done.stderr
        took = accounted(tmp_path / "run", server.count, ALL, stored(tmp_path / "run"))
    assert took["faults"] == {"429": too_many}
    assert too_many >= MEASURED - 4


def counted(body):
    """One of the ways to count tokens wrongly; none of them is a count."""
    wrong = [
        {"prompt_tokens": -5, "completion_tokens": -1, "total_tokens": -6},
        {"prompt_tokens": "11", "completion_tokens": "many"},
        {"prompt_tokens": 10**30, "completion_tokens": 10**30, "total_tokens": 2 * 10**30},
        {"prompt_tokens": 11.5, "completion_tokens": True},
        {"prompt_tokens": None, "completion_tokens": None},
        [11, 7],
        "eleven",
        None,
        {},
    ]
    return completion(told(body, 0), usage=wrong[number(body) // 3 % len(wrong)])


def refusing(body):
    ways = [
        completion(None, message={"refusal": "I'm sorry, I can't help with that."}),
        completion("", finish_reason="content_filter"),
        completion("I'm sorry, but I can't help with that."),
    ]
    return ways[number(body) // 3 % len(ways)]


def long(body):
    """A reply of one megabyte that answers at its end."""
    return f"<think>{'I might take A, or B. ' * 48_000}</think>\nANSWER: {told(body, 0)}"


def odd():
    """Replies that are none, or strange: of each its script, and the failure that a decision then has."""
    silent = ("", " \n\t ", None)
    return {
        "empty": (Script(lambda body: completion(silent[number(body) % 3]), times=inf, one_in=2), "empty"),
        "cut_at_the_limit": (
            Script(lambda body: completion("All in all I think that", finish_reason="length"), times=inf, one_in=3),
            "truncated",
        ),
        "refusals": (Script(refusing, times=inf, one_in=3), "refused"),
        "a_megabyte": (Script(long, times=inf, one_in=6), None),
        "wrong_counts": (Script(counted, times=inf, one_in=3), None),
    }


def test_an_odd_reply_is_a_reply_and_is_not_asked_for_again(tmp_path):
    scripts = odd()
    with Loopback(by_model({name: script for name, (script, _) in scripts.items()})) as server:
        done = sweep(tmp_path / "first", server, scripts, "phases=[before]")
        assert done.returncode == 0, done.stderr
        for job, (name, (script, failure)) in enumerate(scripts.items()):
            folder = tmp_path / "first" / str(job)
            assert script.seen == MEASURED, name
            took = accounted(folder, script.seen, MEASURED, stored(tmp_path / "first", name))
            assert took["faults"] == {}, name
            assert script.given > 0, name
            failed = read_table(folder, "decisions")["failure"].dropna()
            assert dict(Counter(failed)) == ({failure: script.given} if failure else {}), name
            strange = script.given if name == "wrong_counts" else 0
            assert took["uncounted"] == strange, name
            assert took["tokens_in"] == 11 * (MEASURED - strange), name
            assert took["tokens_out"] == 7 * (MEASURED - strange), name
            if name == "a_megabyte":
                assert (read_table(folder, "decisions")["reply"].str.len() > 1_000_000).sum() == script.given
        again = sweep(tmp_path / "again", server, scripts, "phases=[before]")
        assert again.returncode == 0, again.stderr
        assert server.count == MEASURED * len(scripts)
        for job in map(str, range(len(scripts))):
            assert tables(tmp_path / "again" / job) == tables(tmp_path / "first" / job)


def test_half_a_count_of_tokens_is_no_count(tmp_path):
    def half(body, index):
        return completion(told(body, index), usage={"completion_tokens": 7} if index % 2 else {"prompt_tokens": 11})

    with Loopback(half) as server:
        assert run(tmp_path / "run", server, "phases=[before]").returncode == 0
    assert account(tmp_path / "run")["uncounted"] >= MEASURED // 2
    assert not (read_table(tmp_path / "run", "decisions")[["tokens_in", "tokens_out"]] == 0).any(axis=None)


async def test_an_absurd_count_of_tokens_does_not_hold_up_the_next_call():
    absurd = {"prompt_tokens": 2**52, "completion_tokens": 7}
    with Loopback(lambda body, index: completion("B", usage=absurd)) as server:
        chat = OpenAICompatible(base_url=server.base_url, model="m")
        made = Gateway("m", chat, synthetic=False, limits=Limits(tokens_per_minute=1e6))
        for participant in range(2):
            call = Call([HumanMessage("A or B?")], Draw(1, participant, "before", 1, "slider", "primary", 1, 1))
            assert (await asyncio.wait_for(made.ask(call), 5)).text == "B"
        await made.close()


def test_a_reply_without_the_probabilities_asked_for_ends_the_run_and_is_accounted_for(tmp_path):
    with Loopback(told) as server:
        done = run(tmp_path / "run", server, "model.answer=probabilities", "model.concurrency=4")
        assert done.returncode == 2
        assert "take another way: model.answer=text" in done.stderr.strip().splitlines()[-1]
        assert 1 <= server.count <= 4
        took = account(tmp_path / "run")
        assert took["requests"] == server.count == took["made"] + sum(took["faults"].values())
    assert stored(tmp_path / "run") == []


def test_a_model_that_changes_in_mid_run_is_told_on_the_terminal_and_in_the_summary(tmp_path):
    def changing(body, index):
        return completion(told(body, index), model="m-2026-01" if index < 14 else "m-2026-02")

    with Loopback(changing) as server:
        done = run(tmp_path / "run", server, "phases=[before]")
        assert done.returncode == 0, done.stderr
        accounted(tmp_path / "run", server.count, MEASURED, stored(tmp_path / "run"))
        assert server.count == MEASURED
        assert "now answers as m-2026-02, so far as m-2026-01" in done.stderr
        said = " ".join(done.stdout.split())
        assert "WARNING: model openai_compatible/m answered as m-2026-01 (14) and m-2026-02 (10)" in said
        (model,) = read_json(tmp_path / "run", "summary")["models"]
        assert model["identities"] == {"m-2026-01": 14, "m-2026-02": 10}
        (model,) = read_json(tmp_path / "run", "manifest")["models"].values()
        assert model["identities"] == ["m-2026-01", "m-2026-02"]
        again = run(tmp_path / "again", server, "phases=[before]")
        assert server.count == MEASURED
    assert again.returncode == 0, again.stderr
    assert tables(tmp_path / "again") == tables(tmp_path / "run")
    (model,) = read_json(tmp_path / "again", "summary")["models"]
    assert model["identities"] == {"m-2026-01": 14, "m-2026-02": 10}


def test_an_error_that_asking_again_cannot_mend_ends_a_run_at_once(tmp_path):
    def refusing_after_ten(body, index):
        status = statuses[body["model"]]
        seen[status].append(faults.words(body))
        return told(body, index) if len(seen[status]) <= 10 else refused(status, "not for you")

    statuses = {f"answers_{status}": status for status in (400, 401, 403)}
    seen = {status: [] for status in statuses.values()}
    with Loopback(refusing_after_ten) as server:
        done = sweep(tmp_path / "run", server, statuses, "model.concurrency=4")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    ends = [line for line in done.stderr.splitlines() if line.startswith("job ")]
    for job, (name, status) in enumerate(statuses.items()):
        folder, asked = tmp_path / "run" / str(job), len(seen[status])
        assert ends[job].startswith(f"job {job} failed: ")
        assert f"answered {status}" in ends[job]
        assert "not for you" in ends[job]
        assert 11 <= asked == len(set(seen[status])) <= 14
        took = accounted(folder, asked, 10, stored(tmp_path / "run", name))
        assert took["faults"] == {str(status): asked - 10}
        assert read_json(folder, "manifest")["status"] == "failed"
        assert "not for you" in read_json(folder, "manifest")["error"]


def test_a_fault_that_never_passes_ends_after_the_retries_and_the_run_goes_on_later(tmp_path):
    script = Script(lambda body: refused(500), times=inf, one_in=8)
    with Loopback(script) as server:
        done = run(tmp_path / "run", server, "model.retries=2")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "2 retries did not help. Start the same command to go on" in done.stderr.strip().splitlines()[-1]
        manifest = read_json(tmp_path / "run", "manifest")
        assert manifest["status"] == "failed"
        assert "2 retries did not help" in manifest["error"]
        asked = Counter(faults.words(body) for body in server.bodies)
        assert max(asked.values()) == 3
        first = script.answered.copy()
        took = accounted(tmp_path / "run", server.count, first.total(), stored(tmp_path / "run"))
        assert took["faults"] == {"500": script.given}
        assert first.total() > 0
        script.heal()
        before = server.count
        done = run(tmp_path / "run", server, "model.retries=2")
        assert done.returncode == 0, done.stderr
        assert server.count - before == ALL - first.total()
    assert set(script.answered.values()) == {1}
    assert len(script.answered) == ALL
    took = account(tmp_path / "run")
    assert (took["requests"], took["made"], took["stored"]) == (ALL - first.total(), ALL - first.total(), first.total())
    table = read_table(tmp_path / "run", "decisions")
    assert len(table) == ALL
    assert not table.duplicated(faults.DECISION).any()


def test_an_endpoint_that_asks_for_too_much_is_not_asked_again(tmp_path):
    scripts = {
        "patience": Script(lambda body: refused(429, "tomorrow", Retry_After="86400")),
        "money": Script(lambda body: refused(429, "insufficient_quota: check your plan")),
    }
    with Loopback(by_model(scripts)) as server:
        done = sweep(tmp_path / "run", server, scripts, "model.concurrency=4")
    assert done.returncode == 2
    assert all(1 <= script.seen <= 4 for script in scripts.values())
    first, second = (line for line in done.stderr.splitlines() if line.startswith("job "))
    assert "tomorrow; it asks to wait 86400 s. Start the same command later" in first
    assert "insufficient_quota: check your plan" in second


def written(folder):
    """All that runs wrote: the bytes of every file, and what tables and stores hold as text."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_dir():
            continue
        found[path] = path.read_bytes()
        if path.suffix == ".parquet":
            found[f"{path} read"] = pd.read_parquet(path).to_csv().encode()
    with closing(sqlite3.connect(f"file:{folder / 'replies.sqlite'}?mode=ro", uri=True)) as file:
        for number_, row in enumerate(file.execute("SELECT * FROM replies")):
            found[f"reply {number_}"] = repr(row).encode()
    return found


def repeating(body, index):
    """A server that repeats the key in its errors, and in every reply: those of a preparation, those that are asked for
    again, and answers."""
    if index % 7 == 3:
        return refused(500, f"internal error in request with key {KEY}", X_Key=KEY)
    if index % 7 == 5:
        return refused(429, f"{KEY} asks too often", Retry_After="0.01")
    return f"Authorization: Bearer {KEY}" if index % 2 else f"Bearer {KEY}\n{told(body, index)}"


def test_a_key_that_the_endpoint_repeats_is_in_nothing_that_is_written(tmp_path):
    settings = ("induction=hvae", "on_unreadable=reask", "phases=[before]", "model.retries=20")
    with Loopback(repeating) as server:
        done = run(tmp_path / "run", server, *settings, OPENAI_COMPATIBLE_API_KEY=KEY)
        assert done.returncode == 0, done.stderr
        assert all(request.headers["Authorization"] == f"Bearer {KEY}" for request in server.requests)
        accounted(tmp_path / "run", server.count, MEASURED, stored(tmp_path / "run"))
    table = read_table(tmp_path / "run", "decisions")
    assert table["earlier"].notna().any()
    assert table["preparation"].notna().any()
    assert table["reply"].str.contains("Bearer …").all()
    assert KEY not in done.stdout + done.stderr
    assert not [name for name, held in written(tmp_path).items() if KEY.encode() in held]


def test_a_key_that_the_endpoint_repeats_is_in_nothing_that_a_failing_run_writes(tmp_path):
    def failing(body, index):
        if body["model"] == "html":
            return web.Response(text=f"<html>key={KEY}</html>", content_type="text/html")
        if index < 10:
            return f"Bearer {KEY}\n{told(body, index)}"
        # Just at the length at which the endpoint's words are cut off.
        return refused(401, f"{'x' * 285} {KEY} is wrong")

    settings = ("model.retries=1", "model.concurrency=4")
    with Loopback(failing) as server:
        done = sweep(tmp_path / "run", server, ("wrong_key", "html"), *settings, OPENAI_COMPATIBLE_API_KEY=KEY)
    assert done.returncode == 2
    assert [read_json(tmp_path / "run" / job, "manifest")["status"] for job in "01"] == ["failed"] * 2
    assert len(read_table(tmp_path / "run" / "0", "decisions")) == 10
    assert "Traceback" not in done.stderr
    assert KEY[:12] not in done.stdout + done.stderr
    assert not [name for name, held in written(tmp_path).items() if KEY[:12].encode() in held]


@pytest.mark.parametrize(("where", "behind"), [("names", ""), ("text", "\n")])
def test_a_key_is_found_wherever_a_reply_repeats_it(where, behind, tmp_path):
    def repeating(body, index):
        if where == "text":
            return f"Bearer {KEY} for {told(body, index)}\nANSWER: {told(body, index)}"
        return completion(told(body, index), model=f"m for {KEY}", finish_reason=f"stop {KEY}")

    with Loopback(repeating) as server:
        done = run(tmp_path / "run", server, "phases=[before]", OPENAI_COMPATIBLE_API_KEY=KEY + behind)
        assert all(request.headers["Authorization"] == f"Bearer {KEY}" for request in server.requests)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    assert not [name for name, held in written(tmp_path).items() if KEY.encode() in held]
