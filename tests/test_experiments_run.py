"""The command from end to end, as a person runs it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from experiments.store import read_json, read_table
from games import slider
from games.rationality import value_rationality
from tests.commands import CHECKOUT, command, run, small, store, told
from tests.loopback import Loopback

ANGLES = {"altruistic": 61.39, "prosocial": 41.04, "individualistic": 7.82, "competitive": -16.26}


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    folder = tmp_path_factory.mktemp("default") / "run"
    return folder, run(folder, "figures=[png,svg,pdf]")


def test_the_default_run_ends_with_a_table_and_the_paths_of_what_it_wrote(default):
    folder, done = default
    assert done.returncode == 0, done.stderr
    assert "1280 decisions" in done.stdout
    for path in ("decisions.parquet", "measures.parquet", "rounds.parquet", "summary.json", "manifest.json"):
        assert path in done.stdout
        assert (folder / path).stat().st_size > 0
    for figure in ("svo_ring", "value_rationality", "cooperation_over_rounds", "angle_and_cooperation"):
        assert (folder / "figures" / f"{figure}.png").stat().st_size > 10_000
        assert (folder / "figures" / f"{figure}.svg").exists()


def test_the_default_run_is_marked_synthetic_in_every_table_and_file_and_on_the_terminal(default):
    folder, done = default
    assert "SYNTHETIC" in done.stdout
    assert read_json(folder, "manifest")["synthetic"] is True
    assert read_json(folder, "summary")["synthetic"] is True
    for table in ("decisions", "measures", "rounds"):
        assert read_table(folder, table)["synthetic"].all()
    for svg in (folder / "figures").glob("*.svg"):
        assert "SYNTHETIC" in svg.read_text(encoding="utf-8")


def test_the_default_run_measures_plays_and_measures_again(default):
    folder, _ = default
    decisions, measures = read_table(folder, "decisions"), read_table(folder, "measures")
    assert decisions.groupby("phase").size().to_dict() == {"before": 480, "play": 320, "after": 480}
    assert measures.groupby(["phase", "orientation"]).size().eq(8).all()
    assert decisions["failure"].notna().mean() == pytest.approx(0.015, abs=0.015)
    assert (decisions["option"].isna() == decisions["failure"].notna()).all()


def test_the_exact_words_and_their_hashes_are_kept(default):
    import hashlib

    folder, _ = default
    words, hashes = read_json(folder, "prompts"), read_json(folder, "manifest")["prompts"]
    assert {name: hashlib.sha256(text.encode()).hexdigest() for name, text in words.items()} == hashes
    assert "words/public_goods/rules" in words
    assert "You are altruistic" in words["induction/definition/altruistic/system"]


def test_a_report_redraws_the_run_from_its_files_alone(default, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(default[0], folder)
    before = {**read_json(folder, "summary"), "run": "copy"}
    shutil.rmtree(folder / "figures")
    (folder / "summary.json").unlink()
    shutil.rmtree(folder / ".hydra")
    done = command("experiments.report", str(folder))
    assert done.returncode == 0, done.stderr
    assert read_json(folder, "summary") == before
    drawn = {path.name for path in (folder / "figures").iterdir()}
    assert drawn == {path.name for path in (default[0] / "figures").iterdir()}
    assert {path.rpartition(".")[2] for path in drawn} == {"png", "svg", "pdf"}


def test_the_same_seed_gives_the_same_tables_in_two_processes(default, tmp_path):
    again = tmp_path / "again"
    assert run(again).returncode == 0
    for table in ("decisions", "measures", "rounds"):
        first, second = (
            read_table(one, table).drop(columns=["run", "latency"], errors="ignore") for one in (default[0], again)
        )
        assert first.to_csv().encode() == second.to_csv().encode()


def test_another_seed_gives_other_tables(default, tmp_path):
    other = tmp_path / "other"
    assert run(other, "seed=2").returncode == 0
    assert not read_table(other, "decisions")["reply"].equals(read_table(default[0], "decisions")["reply"])


@pytest.mark.parametrize("model", ["openai_compatible", "openai"])
def test_figures_equal_what_an_endpoint_was_told_to_answer(model, tmp_path):
    with Loopback(told, model="told-to-answer") as server:
        done = run(
            tmp_path / "run",
            f"model={model}",
            "model.name=whatever",
            f"model.base_url={server.base_url}",
            "figures=[svg]",
            OPENAI_API_KEY="sk-any-key-will-do",
        )
        assert done.returncode == 0, done.stderr
        assert server.count == 1280
    decisions, measures = read_table(tmp_path / "run", "decisions"), read_table(tmp_path / "run", "measures")
    assert decisions["calls"].sum() == 1280
    assert decisions["failure"].isna().all()
    for orientation, angle in ANGLES.items():
        mine = measures[measures["orientation"] == orientation]
        np.testing.assert_allclose(mine["angle"], angle, atol=0.005)
        assert (mine["category"] == orientation).all()
        np.testing.assert_allclose(mine["value_rationality"], 1.0)
        played = decisions[(decisions["orientation"] == orientation) & (decisions["phase"] == "play")]
        assert (played["cooperation"] == (orientation in {"altruistic", "prosocial"})).all()
    play = decisions[decisions["phase"] == "play"]
    pot = play.assign(given=play["option"].astype(int)).groupby(["round", "group"])["given"].transform("sum")
    np.testing.assert_allclose(play["payoff"], 20 - play["option"].astype(int) + 0.4 * pot)
    manifest = read_json(tmp_path / "run", "manifest")
    assert manifest["synthetic"] is False
    assert "SYNTHETIC" not in done.stdout
    (model_used,) = manifest["models"].values()
    assert model_used["identities"] == ["told-to-answer"]
    assert model_used["synthetic"] is False
    assert model_used["settings"]["name"] == "whatever"
    drawn = list((tmp_path / "run" / "figures").iterdir())
    assert {path.suffix for path in drawn} == {".svg"}
    for svg in drawn:
        assert "SYNTHETIC" not in svg.read_text(encoding="utf-8")


def test_no_key_is_written_anywhere_and_none_is_shown(tmp_path):
    key = "sk-planted-0123456789abcdef"

    def refuse(body, index):
        from aiohttp import web

        return (
            told(body, index) if index < 10 else web.json_response({"error": {"message": f"bad key {key}"}}, status=401)
        )

    for model in ("openai_compatible", "openai"):
        with Loopback(refuse) as server:
            done = run(
                tmp_path / model,
                *small(f"model={model}", "model.name=m", f"model.base_url={server.base_url}"),
                OPENAI_API_KEY=key,
                OPENAI_COMPATIBLE_API_KEY=key,
            )
        assert done.returncode == 2
        assert "401" in done.stderr
        assert any(f"Bearer {key}" in str(request.headers) for request in server.requests)
        assert key not in done.stdout + done.stderr
        for path in (tmp_path / model).rglob("*"):
            assert path.is_dir() or key.encode() not in path.read_bytes()


@pytest.mark.parametrize("fault", ["500", "401", "html", "garbage"])
def test_a_run_whose_endpoint_fails_keeps_what_it_had_and_says_so(fault, tmp_path):
    from aiohttp import web

    def failing(body, index):
        if index < 200:
            return told(body, index)
        if fault == "html":
            return web.Response(text="<html>out of order</html>", content_type="text/html")
        if fault == "garbage":
            return web.Response(text='{"out of order": ', content_type="application/json")
        return web.Response(status=int(fault), text="out of order")

    with Loopback(failing, delay=0.01) as server:
        done = run(
            tmp_path / "run",
            "model=openai_compatible",
            "model.name=m",
            f"model.base_url={server.base_url}",
            "model.concurrency=4",
            "model.retries=1",
            "model.backoff=0.01",
        )
    assert done.returncode == 2
    assert "out of order" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    manifest = read_json(tmp_path / "run", "manifest")
    assert manifest["status"] == "failed"
    assert "out of order" in manifest["error"]
    # Every answered decision is kept: those of unfinished administrations, and of the calls then under way.
    assert len(read_table(tmp_path / "run", "decisions")) == 200
    # Of the calls then under way, each was tried once more where that may help.
    assert 201 <= server.count <= (204 if fault == "401" else 212)
    report = command("experiments.report", str(tmp_path / "run"))
    assert report.returncode == 0
    assert "this run is failed" in report.stdout


def slow_run(folder, server):
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "experiments.run", f"hydra.run.dir={folder}", "model=openai_compatible"),
            *("model.name=m", f"model.base_url={server.base_url}", "model.concurrency=4"),
            f"replies.store={store(folder)}",
        ],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_run_leaves_readable_tables_from_its_first_phase(tmp_path):
    folder = tmp_path / "run"
    with Loopback(told, delay=0.03) as server:
        process = slow_run(folder, server)
        deadline = time.monotonic() + 60
        while server.count < 300 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
    decisions = read_table(folder, "decisions")
    # At some 130 calls a second, one second of rows and the administrations under way are what may be lost.
    assert 60 <= len(decisions) <= 300
    assert (decisions["phase"] == "before").all()
    assert read_json(folder, "manifest")["status"] == "running"
    report = command("experiments.report", str(folder))
    assert report.returncode == 0, report.stderr
    assert "this run is running" in report.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_every_answer_and_says_so(how, tmp_path):
    folder = tmp_path / "run"
    with Loopback(told, delay=0.03) as server:
        process = slow_run(folder, server)
        deadline = time.monotonic() + 60
        while server.count < 100 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, how)
        _, said = process.communicate(timeout=60)
        asked = server.count
    assert process.returncode == 130
    assert "interrupted; what was obtained is in" in said
    assert "Traceback" not in said
    assert read_json(folder, "manifest")["status"] == "interrupted"
    assert len(read_table(folder, "decisions")) == asked


def test_a_model_that_never_answers_readably_gives_failures_and_no_number(tmp_path):
    with Loopback(lambda body, index: "Who can say?") as server:
        done = run(
            tmp_path / "run", *small("model=openai_compatible", "model.name=m", f"model.base_url={server.base_url}")
        )
    assert done.returncode == 0, done.stderr
    summary = read_json(tmp_path / "run", "summary")
    assert summary["failures"]["failed"] == summary["failures"]["decisions"] == 60
    headline = dict(summary["headline"])
    rational = headline.pop("value_rationality_corrected_bounds")
    # The whole scale: the least is below 0, as answers may be worse than chance.
    assert rational["low"] < 0
    assert rational["high"] == 1
    assert headline.pop("cooperation_bounds") == {"low": 0, "high": 1}
    assert headline == {"value_rationality_corrected": None, "cooperation": None, "failed_share": 1}
    for cell in summary["cells"]:
        assert cell["failed_share"] == 1
        assert cell["before"]["angle"]["estimate"] is None
        assert cell["play"]["cooperation"]["estimate"] is None
        assert cell["play"]["void_share"] == 1
    assert read_table(tmp_path / "run", "decisions")["option"].isna().all()
    assert read_table(tmp_path / "run", "rounds")["payoff"].isna().all()


def test_a_sweep_over_two_settings_gives_four_finished_jobs(tmp_path):
    done = command(
        "experiments.run",
        "-m",
        f"hydra.sweep.dir={tmp_path}",
        f"replies.store={tmp_path}/replies.sqlite",
        *small("induction=label,definition", "seed=1,2"),
    )
    assert done.returncode == 0, done.stderr
    jobs = [tmp_path / str(number) for number in range(4)]
    assert [read_json(job, "manifest")["status"] for job in jobs] == ["finished"] * 4
    found = {(read_table(job, "decisions")["induction"].iloc[0], read_json(job, "manifest")["seed"]) for job in jobs}
    assert found == {("label", 1), ("label", 2), ("definition", 1), ("definition", 2)}


def test_a_failing_job_does_not_stop_a_sweep(tmp_path):
    done = command(
        "experiments.run",
        "-m",
        f"hydra.sweep.dir={tmp_path}",
        f"replies.store={tmp_path}/replies.sqlite",
        *small("game.rules.endowment=-3,20,10", "progress=false"),
    )
    assert done.returncode == 2
    assert "endowment=-3" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert [read_json(tmp_path / job, "manifest")["status"] for job in ("1", "2")] == ["finished"] * 2


def test_hvae_keeps_its_conversation_and_its_words(tmp_path):
    done = run(tmp_path / "run", "experiment=slider", "repetitions=2", "induction=hvae", "statistics.resamples=200")
    assert done.returncode == 0, done.stderr
    decisions = read_table(tmp_path / "run", "decisions")
    first = decisions[decisions["preparation"].notna()]
    assert len(first) == 4 * 2
    assert (first["calls"] == 4).all()
    asked = [question for question, _ in json.loads(first["preparation"].iloc[0])]
    assert [("characteristics" in asked[0]), ("Hold this value" in asked[1]), ("goal" in asked[2])] == [True] * 3


def test_mixed_populations_keep_agents_and_models_apart(tmp_path):
    done = run(
        tmp_path / "run",
        *small(
            "+population.cells.tit={agent: tit_for_tat, count: 2}",
            "+population.cells.control={orientation: prosocial, induction: none, count: 2}",
        ),
    )
    assert done.returncode == 0, done.stderr
    cells = {cell["cell"]: cell for cell in read_json(tmp_path / "run", "summary")["cells"]}
    assert cells["tit"]["agent"] == "tit_for_tat"
    assert cells["tit"]["orientation"] == cells["tit"]["model"] == cells["tit"]["induction"] == "none"
    assert cells["tit"]["before"]["chance_level"] is None
    assert cells["control"]["induction"] == "none"


def test_strangers_meet_new_partners_and_the_dictator_game_runs(tmp_path):
    done = run(tmp_path / "run", *small("game=dictator", "matching=random_strangers", "game.rules.rounds=6"))
    assert done.returncode == 0, done.stderr
    rounds = read_table(tmp_path / "run", "rounds")
    met = rounds.groupby(["round", "group"])["participant"].apply(frozenset)
    assert met.map(len).eq(2).all()
    assert met.nunique() > 2
    paid = rounds[~rounds["void"]].groupby(["round", "group"])["payoff"].sum()
    assert paid.eq(10).all()


def test_help_needs_neither_mesa_nor_matplotlib_nor_a_provider():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "experiments.run", "--help"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "hydra" in imported
    heavy = (
        "mesa",
        "matplotlib",
        "langchain",
        "langchain_core",
        "langchain_openai",
        "pandas",
        "scipy",
        "numpy",
        "aiohttp",
    )
    assert not [name for name in heavy if name in imported]


def test_a_finished_run_started_again_in_its_folder_makes_no_call_and_stays(tmp_path):
    assert run(tmp_path / "run", *small()).returncode == 0
    before = {path: path.read_bytes() for path in tmp_path.glob("run/*.parquet")}
    done = run(tmp_path / "run", *small())
    assert done.returncode == 0, done.stderr
    assert "holds this run already, finished" in done.stderr
    refreshed = run(tmp_path / "run", *small("replies.mode=refresh"))
    assert refreshed.returncode == 2
    assert "already holds a finished run" in refreshed.stderr
    assert {path: path.read_bytes() for path in tmp_path.glob("run/*.parquet")} == before


def test_another_run_into_the_same_folder_is_refused(tmp_path):
    assert run(tmp_path / "run", *small()).returncode == 0
    done = run(tmp_path / "run", *small("seed=2"))
    assert done.returncode == 2
    assert "already holds a finished run, or one of other settings" in done.stderr
    assert read_json(tmp_path / "run", "manifest")["seed"] == 1


def test_the_reference_behind_the_told_answers():
    answers = {"altruistic": [1, 9, 1, 1, 9, 9], "competitive": [9, 1, 9, 9, 1, 1]}
    for orientation, options in answers.items():
        angle = slider.angle(np.array(options))
        assert angle == pytest.approx(ANGLES[orientation], abs=0.005)
        assert float(value_rationality(angle, orientation)) == pytest.approx(1)


def test_a_secret_in_a_setting_is_refused_and_leaves_nothing_behind(tmp_path):
    for override in ("model.base_url=http://user:hunter2hunter2@127.0.0.1:9/v1", "+model.chat.api_key=hunter2hunter2"):
        done = run(tmp_path / "run", "model=openai_compatible", "model.name=m", override)
        assert done.returncode == 2
        assert "holds a secret" in done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert not (tmp_path / "run").exists()
    planted = "planted-0123456789"
    done = command(
        "experiments.run",
        "-m",
        f"hydra.sweep.dir={tmp_path}/sweep",
        f"replies.store={tmp_path}/replies.sqlite",
        "seed=1,2",
        f"name={planted}",
        OTHER_API_KEY=planted,
    )
    assert done.returncode == 2
    for path in (tmp_path / "sweep").rglob("*"):
        assert path.is_dir() or planted.encode() not in path.read_bytes()


def test_synthetic_data_cannot_be_passed_off_as_a_language_models(tmp_path):
    done = run(tmp_path / "run", *small("model.synthetic=false"))
    assert done.returncode == 2
    assert "synthetic must be true" in done.stderr
    done = run(tmp_path / "renamed", *small("model.label=gpt-5"))
    assert done.returncode == 0
    assert "SYNTHETIC" in done.stdout
    assert read_table(tmp_path / "renamed", "decisions")["synthetic"].all()


def test_two_models_in_one_population_stay_two(tmp_path):
    use = "{use: synthetic, label: careless, chat: {precision: 0.0}}"
    done = run(
        tmp_path / "run",
        *small(
            f"+population.cells.careless={{orientation: altruistic, count: 4, model: {use}}}", "model.chat.unreadable=0"
        ),
    )
    assert done.returncode == 0, done.stderr
    decisions = read_table(tmp_path / "run", "decisions")
    assert set(decisions["model"]) == {"synthetic", "careless"}
    attained = decisions[decisions["phase"] == "before"].groupby("cell")["attainment"].mean()
    assert attained["careless"] < 0.8 < attained["altruistic"]


def test_half_a_character_in_a_reply_is_kept_escaped(tmp_path):
    with Loopback(lambda body, index: "\ud83d B") as server:
        done = run(
            tmp_path / "run", *small("model=openai_compatible", "model.name=m", f"model.base_url={server.base_url}")
        )
    assert done.returncode == 0, done.stderr
    assert "\\ud83d" in read_table(tmp_path / "run", "decisions")["reply"].iloc[0]
