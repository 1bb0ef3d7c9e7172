"""Sweeps from end to end: the journal, going on after a kill with no call repeated, failing jobs, and the end table."""

import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest
from aiohttp import web

from experiments import jobs, sweep_folder
from experiments.jobs import Job, asked, belongs, command, journal, quoted, told
from experiments.sweep import Sweep, Watch, outcome, table, totals
from games.errors import SettingError
from games.types import Choice, Failure
from tests.commands import CHECKOUT, small
from tests.commands import command as do
from tests.commands import told as rational
from tests.loopback import Loopback

PER_JOB = 24
"""Decisions of a job: four participants, six primary items."""
PROCESSES = {"joblib": ("hydra/launcher=two_processes",), "submitit": ("hydra/launcher=submitit_here",)}


def words(folder, *overrides, named=True):
    """The words of a sweep over two seeds, in a folder of its own."""
    place = [f"hydra.sweep.dir={folder}/sweep"] if named else []
    swept = () if any(one.startswith("seed=") for one in overrides) else ("seed=1,2",)
    of = small("phases=[before]", "estimates=false", *swept)
    return ["-m", *place, f"replies.store={folder}/replies.sqlite", *of, *overrides]


def of(server):
    return ("model=openai_compatible", "model.name=m", f"model.base_url={server.base_url}", "model.concurrency=2")


def statuses(folder):
    return {one["job"]: one["status"] for one in journal(folder)}


def about(folder):
    return json.loads((folder / "sweep.json").read_text())


# --- from real commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit"])
def test_a_killed_sweep_goes_on_where_it_was_and_repeats_no_call(launcher, tmp_path):
    if launcher != "basic" and importlib.util.find_spec(f"hydra_plugins.hydra_{launcher}_launcher") is None:
        pytest.skip(f"the launcher {launcher} is not installed")
    jobs = 2 if launcher == "submitit" else 3
    overrides = (*PROCESSES.get(launcher, ()), f"seed={','.join(map(str, range(jobs)))}")
    with Loopback(rational, delay=0.02) as server:
        line = [sys.executable, "-m", "experiments.run", *words(tmp_path, *of(server), *overrides)]
        begun = subprocess.Popen(
            line, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        # Killed in the midst of a job; with one process, after a job has finished.
        enough = PER_JOB + 8 if launcher == "basic" else 8
        while server.count < enough and begun.poll() is None:
            time.sleep(0.01)
        os.killpg(begun.pid, signal.SIGKILL)
        begun.wait()
        settle(server)
        assert "running" in statuses(tmp_path / "sweep").values()
        assert about(tmp_path / "sweep")["status"] == "running"
        asked_before = server.count
        done = do("experiments.run", *words(tmp_path, *of(server), *overrides))
        bodies = [json.dumps(body, sort_keys=True) for body in server.bodies]
    assert done.returncode == 0, done.stderr
    assert "going on with the sweep in" in done.stderr
    assert statuses(tmp_path / "sweep") == dict.fromkeys(range(jobs), "finished")
    assert about(tmp_path / "sweep")["status"] == "finished"
    assert f"sweep of {jobs} jobs: {jobs} finished" in done.stdout
    assert "Error executing job" not in done.stderr
    # Calls that were under way when it was killed had no reply that could be kept: two of each process.
    under_way = {"basic": 2, "joblib": 4, "submitit": 4}[launcher]
    assert asked_before < jobs * PER_JOB <= len(bodies) <= jobs * PER_JOB + under_way
    if launcher == "basic":
        assert "1 of 3 · job 0: seed=0 is finished already" in done.stderr


def settle(server):
    """Wait until nobody asks any more."""
    seen = -1
    while seen < server.count:
        seen = server.count
        time.sleep(0.5)


def test_a_failing_job_spoils_no_other_and_its_command_does_it_again_in_its_place(tmp_path):
    wrong = True

    def refusing(body, index):
        return completion_refused() if wrong and body["model"] == "bad" else rational(body, index)

    with Loopback(refusing) as server:
        names = [one for one in words(tmp_path, *of(server), "seed=1") if not one.startswith("model.name")]
        done = do("experiments.run", *names, "model.name=bad,m", "progress=false")
        assert done.returncode == 2, done.stderr
        assert statuses(tmp_path / "sweep") == {0: "failed", 1: "finished"}
        (record, _) = journal(tmp_path / "sweep")
        assert "answered 401" in record["error"]
        assert "sweep of 2 jobs: 1 finished, 1 failed" in done.stdout
        assert record["error"] in done.stdout
        assert done.stderr.splitlines()[-1] == f"error: job 0: {record['error']}"
        again = next(line.split("again")[1].strip() for line in done.stdout.splitlines() if "    again" in line)
        assert again == record["command"]
        wrong, before = False, server.count
        alone = do(*shlex.split(again)[2:])
        assert alone.returncode == 0, alone.stderr
        assert server.count == before + PER_JOB
    assert statuses(tmp_path / "sweep") == {0: "finished", 1: "finished"}
    assert about(tmp_path / "sweep")["status"] == "finished"


def completion_refused():
    return web.json_response({"error": {"message": "not today"}}, status=401)


def test_a_sweep_is_continued_by_the_same_command_without_naming_its_folder(tmp_path):
    folder = CHECKOUT / "results" / f"test_{os.getpid()}_{tmp_path.parent.name}"

    def sweep(*overrides):
        return do("experiments.run", *words(tmp_path, f"name={folder.name}", *overrides, named=False))

    try:
        first = sweep("budget.calls=30")
        assert first.returncode == 3, first.stderr
        (found,) = folder.glob("sweep_*")
        assert about(found)["status"] == "incomplete"
        assert "start the same command with a larger budget" in first.stderr
        second = sweep("budget.calls=1000", "progress=false")
        assert second.returncode == 0, second.stderr
        assert list(folder.glob("sweep_*")) == [found]
        assert "going on with the sweep in" in second.stderr
        assert about(found)["status"] == "finished"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_sweep_that_is_stopped_says_so(tmp_path):
    with Loopback(rational, delay=0.05) as server:
        begun = subprocess.Popen(
            [sys.executable, "-m", "experiments.run", *words(tmp_path, *of(server))],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while server.count < 6 and begun.poll() is None:
            time.sleep(0.01)
        begun.send_signal(signal.SIGTERM)
        said, _ = begun.communicate(timeout=60)
    assert begun.returncode == 130
    assert about(tmp_path / "sweep")["status"] == "interrupted"
    assert statuses(tmp_path / "sweep") == {0: "interrupted"}
    assert "sweep of 2 jobs: 0 finished, 1 interrupted, 1 not begun" in said


def test_an_experiment_that_is_a_sweep_needs_no_flag_and_its_factors_can_be_overridden(tmp_path):
    done = do(
        "experiments.run",
        "experiment=orientation_mix",
        "population.cells.prosocial.count=0,32",
        "seed=7",
        f"hydra.sweep.dir={tmp_path}/sweep",
        f"replies.store={tmp_path}/replies.sqlite",
        "statistics.resamples=200",
        "estimates=false",
        "game.rules.rounds=2",
    )
    assert done.returncode == 0, done.stderr
    assert about(tmp_path / "sweep")["varied"] == ["population.cells.prosocial.count"]
    assert "2 of 2 · job 1: population.cells.prosocial.count=32" in done.stderr
    assert statuses(tmp_path / "sweep") == {0: "finished", 1: "finished"}


def test_a_secret_in_any_job_is_refused_before_anything_is_written(tmp_path):
    planted = "planted-0123456789"
    done = do("experiments.run", *words(tmp_path, f"name=a,{planted}"), OTHER_API_KEY=planted)
    assert done.returncode == 2
    assert "holds a secret" in done.stderr
    assert planted not in done.stdout + done.stderr
    assert not (tmp_path / "sweep").exists()


# --- the journal -----------------------------------------------------------------------------------------------------


def made(tmp_path, number=0, overrides=("induction=label", "seed=1"), settings="s", status=None):
    job = Job(tmp_path, number, overrides, settings)
    job.begin(10)
    if status:
        job.end(status, "it broke" if status in {"failed", "incomplete"} else None)
    return job


def test_a_job_is_finished_only_with_its_summary_and_under_the_same_settings(tmp_path):
    made(tmp_path, status="finished")
    same = Job(tmp_path, 0, ("seed=1",), "s")
    assert not same.finished
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "summary.json").write_text("{}")
    assert same.finished
    assert not Job(tmp_path, 0, ("seed=1",), "other").finished
    made(tmp_path, status="failed")
    assert not same.finished


def test_a_job_counts_decisions_and_calls(tmp_path):
    job = made(tmp_path)
    job.asked(Choice(option=0))
    job.asked(Choice(failure=Failure.EMPTY))
    job.account([{"made": 3, "stored": 1, "faults": {"429": 2}}, {"made": 1, "stored": 0, "faults": {}}])
    job.end("finished")
    (record,) = journal(tmp_path)
    assert (record["decisions"], record["failed_decisions"]) == (2, 1)
    assert (record["calls"], record["stored"], record["failed_requests"]) == (4, 1, 2)
    assert "2 decisions, 1 failed · 4 calls made, 1 from the store, 2 requests failed" in told(record)


def test_a_job_that_held_a_secret_keeps_none_of_its_words(tmp_path):
    job = made(tmp_path, overrides=("name=hunter2hunter2",))
    job.withhold()
    job.end("failed", "refused")
    assert "hunter2" not in (tmp_path / "jobs" / "0.json").read_text()


def test_a_folder_belongs_to_a_sweep_only_where_its_journal_says_so(tmp_path):
    made(tmp_path)
    assert belongs(tmp_path / "0") == (tmp_path, 0)
    assert belongs(tmp_path / "1") is None
    assert belongs(tmp_path / "jobs") is None


def test_what_says_nothing_of_what_is_asked_changes_no_digest():
    base = {"seed": 1, "progress": True, "budget": {"calls": 3}, "replies": {"store": "a", "mode": "live"}}
    assert asked(base) == asked(base | {"progress": False, "budget": {"calls": 9}})
    assert asked(base) == asked(base | {"replies": {"store": "a", "mode": "replay"}})
    assert asked(base) != asked(base | {"seed": 2})
    assert asked(base) != asked(base | {"replies": {"store": "a", "mode": "refresh"}})


def test_a_command_is_quoted_for_a_shell_and_for_hydra(tmp_path):
    place = tmp_path / "a b's"
    line = shlex.split(command(place, 3, ["population.cells.a={orientation: prosocial, count: 1}", "seed=1"]))
    assert line[3:5] == ["population.cells.a={orientation: prosocial, count: 1}", "seed=1"]
    assert line[5] == f"hydra.run.dir={quoted(place / '3')}"
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_override(line[5])
    assert parsed.value() == str(place / "3")
    assert "hydra.job.num" not in " ".join(line)
    assert "hydra.job.num=3" in command(place, 3, [r"replies.store=$\{hydra\:sweep.dir\}/r.sqlite"])


# --- the sweep as a whole --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "jobs", "status"),
    [
        (["finished", "finished"], 2, "finished"),
        (["finished"], 2, "failed"),
        (["finished", "running"], 2, "failed"),
        (["finished", "failed"], 2, "failed"),
        (["incomplete", "finished"], 2, "incomplete"),
        (["incomplete", "failed"], 2, "failed"),
    ],
)
def test_the_status_of_a_sweep_is_that_of_its_jobs(ended, jobs, status):
    assert outcome([{"status": one} for one in ended], jobs) == status


def begun(tmp_path, **values):
    asked = {"overrides": ["induction=label,maxim"], "jobs": 3, "varied": ["induction"], "settings": "s"}
    jobs.write(tmp_path / "sweep.json", asked | {"status": "running", "began": time.time(), "before": 0} | values)


def test_the_end_table_names_what_failed_with_its_error_and_its_command(tmp_path):
    begun(tmp_path)
    made(tmp_path, 0, status="finished")
    made(tmp_path, 1, ("induction=maxim", "seed=1"), status="failed")
    made(tmp_path, 2, status=None)
    said = "\n".join(table(tmp_path, journal(tmp_path), 3))
    assert "sweep of 3 jobs: 1 finished, 1 failed, 1 not ended" in said
    assert "job 1 failed: induction=maxim\n" in said
    assert "error   it broke" in said
    assert f"hydra.run.dir={tmp_path}/1" in said
    assert f"python -m experiments.collect {tmp_path}" in said


@pytest.mark.parametrize(
    ("endings", "given", "code", "status"),
    [
        (["finished"] * 3, 0, 0, "finished"),
        (["finished", "failed", "finished"], 0, 2, "failed"),
        (["finished", "incomplete", "incomplete"], 0, 3, "incomplete"),
        (["failed", "incomplete", "incomplete"], 0, 2, "failed"),
        (["interrupted"], 130, 130, "interrupted"),
        (["finished"], 1, 1, "failed"),
    ],
)
def test_a_sweep_ends_with_the_code_of_its_jobs(endings, given, code, status, tmp_path, capsys):
    begun(tmp_path)
    for number, ending in enumerate(endings):
        made(tmp_path, number, status=ending)
    lock = os.open(tmp_path, os.O_RDONLY)
    assert Sweep(tmp_path, lock).end(given) == code
    assert about(tmp_path)["status"] == status
    assert ("it broke" in capsys.readouterr().err) is (code in {2, 3})


def test_totals_tell_jobs_decisions_calls_and_the_time_that_is_left(tmp_path):
    begun(tmp_path, began=time.time() - 10)
    made(tmp_path, 0, status="finished")
    made(tmp_path, 1)
    said = totals(tmp_path)
    assert said.startswith("sweep: 1 of 3 jobs over · 0 of about 30 decisions · 0 calls made · about ")
    assert said.endswith("20 s left")


def test_the_watch_tells_each_job_once_as_it_begins_and_ends(tmp_path, capsys):
    begun(tmp_path)
    watch = Watch(tmp_path, shown=True)
    made(tmp_path, 0)
    watch.look()
    watch.look()
    made(tmp_path, 0, status="failed")
    watch.look()
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["1 of 3 · job 0: induction=label", "job 0 failed: it broke"]
    assert lines[2].startswith("sweep: 1 of 3 jobs over")
    assert len(lines) == 3
    quiet = Watch(tmp_path, shown=False)
    made(tmp_path, 1, status="finished")
    quiet.look()
    assert capsys.readouterr().err == ""


# --- where it is kept ------------------------------------------------------------------------------------------------

ASKED = {
    "overrides": ["induction=label,maxim", "seed=1"],
    "jobs": 2,
    "varied": ["induction"],
    "settings": "s",
    "code": {"commit": "a" * 40, "uncommitted_changes": False},
}


def earlier(tmp_path, name="sweep_2026-01-01", **values):
    folder = tmp_path / name
    jobs.write(folder / "sweep.json", ASKED | {"status": "running"} | values)
    return folder


def placed(tmp_path, **values):
    """The folder that a sweep gets, with its lock given back."""
    folder, lock = sweep_folder.place(tmp_path / "sweep_2026-02-02", ASKED | values, named=False)
    os.close(lock)
    return folder


@pytest.mark.parametrize("status", ["running", "failed", "incomplete", "interrupted"])
def test_what_did_not_finish_is_gone_on_with(status, tmp_path):
    folder = earlier(tmp_path, status=status)
    assert placed(tmp_path) == folder


@pytest.mark.parametrize(
    "typed",
    [
        ["seed=1", "induction=label,maxim", "progress=false", "budget.calls=9"],
        ["induction=label,maxim", "replies.mode=replay", "seed=1"],
    ],
)
def test_words_that_ask_nothing_else_do_not_hide_a_sweep(typed, tmp_path):
    folder = earlier(tmp_path)
    assert placed(tmp_path, overrides=typed) == folder


@pytest.mark.parametrize(
    "values",
    [
        {"status": "finished"},
        {"overrides": ["induction=maxim,label", "seed=1"]},  # its jobs would have other numbers
        {"overrides": ["induction=label,maxim", "seed=2"]},
        {"settings": "other"},
        {"code": {"commit": "b" * 40, "uncommitted_changes": False}},
    ],
)
def test_another_sweep_is_left_alone(values, tmp_path, capsys):
    earlier(tmp_path, **values)
    assert placed(tmp_path) == tmp_path / "sweep_2026-02-02"
    assert ("code revision bbbbbbb" in capsys.readouterr().err) is ("code" in values)


def test_an_older_sweep_does_not_come_back_after_a_newer_one_finished(tmp_path):
    earlier(tmp_path)
    earlier(tmp_path, "sweep_2026-01-02", status="finished")
    assert placed(tmp_path) == tmp_path / "sweep_2026-02-02"


def test_two_sweeps_at_the_same_moment_do_not_write_one_folder(tmp_path, capsys):
    folder = earlier(tmp_path)
    first, lock = sweep_folder.place(tmp_path / "sweep_2026-02-01", ASKED, named=False)
    assert first == folder
    assert placed(tmp_path) == tmp_path / "sweep_2026-02-02"
    assert "another process is doing the same sweep" in capsys.readouterr().err
    with pytest.raises(SettingError, match="another process is doing this sweep"):
        sweep_folder.place(folder, ASKED, named=True)
    os.close(lock)
    assert sweep_folder.place(folder, ASKED, named=True)[0] == folder
