"""The recorded run that ships with the project: replayed, it gives the tables and figures of the run it is of."""

import gzip
import json
from pathlib import Path

import pytest

from experiments.store import read_json, read_table
from tests.commands import CHECKOUT, command, run, store

RECORDED = CHECKOUT / "docs" / "recorded" / "society.jsonl.gz"
RATIONALITY = 0.9414252147429483
COOPERATION = 0.48009554140127386
AGAIN = (
    "the recorded run no longer fits the words or settings of the default run; record it again: "
    "python -m experiments.gallery --record society"
)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "run"
    done = command("experiments.replies", "import", str(RECORDED), "--store", str(store(folder)))
    assert done.returncode == 0, done.stderr
    assert "1280 replies taken in" in done.stdout
    assert "SYNTHETIC" in done.stdout
    assert "python -m experiments.run seed=7" in done.stdout
    done = run(folder, "seed=7", "replies.mode=replay", "figures=[png]", OPENAI_API_KEY="")
    assert done.returncode == 0, f"{AGAIN}\n{done.stderr}"
    return folder


def test_it_needs_no_call(replayed):
    rows = read_json(replayed, "manifest")["accounting"]
    assert sum(row["stored"] for row in rows) == 1280
    assert sum(row["made"] + row["requests"] for row in rows) == 0


def test_it_gives_the_tables_of_the_run_that_was_recorded(replayed):
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        next(file)
        recorded = {line[0]: line[5] for line in map(json.loads, file)}
    decisions = read_table(replayed, "decisions")
    keys = decisions["keys"].map(json.loads)
    assert (keys.map(len) == 1).all()
    assert keys.map(lambda one: recorded[one[0]]).tolist() == decisions["reply"].tolist()
    headline = read_json(replayed, "summary")["headline"]
    assert headline["value_rationality_corrected"] == pytest.approx(RATIONALITY, abs=1e-9)
    assert headline["cooperation"] == pytest.approx(COOPERATION, abs=1e-9)


def test_its_figures_are_drawn(replayed):
    drawn = {path.stem for path in (replayed / "figures").glob("*.png")}
    measured = {"svo_ring", "angle_distributions", "angle_drift", "value_rationality", "value_rationality_map"}
    assert drawn == measured | {"angle_and_cooperation", "cooperation_over_rounds", "network"}


def test_it_passes_its_rules(replayed):
    done = command("experiments.verify", str(RECORDED.with_name("pass_rules.yaml")), str(replayed))
    assert done.returncode == 0, done.stdout + done.stderr


def test_another_run_cannot_be_replayed_from_it(replayed):
    done = run(replayed.with_name("other"), "seed=8", "replies.mode=replay", f"replies.store={store(replayed)}")
    assert done.returncode == 2
    assert "holds no reply of synthetic for participant 0, before, slider" in done.stderr
    assert "Traceback" not in done.stderr
