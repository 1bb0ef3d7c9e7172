"""What a run found, on tables small enough to check by hand."""

import pandas as pd
import pytest

from experiments.bounds import angle_and_cooperation
from experiments.statistics import Resampling
from experiments.store import Writer, write_json
from experiments.summary import status_mark, summarise
from experiments.tables import participants, read_tables, units_of_measure, units_of_play
from games.public_goods import PublicGoods
from games.rationality import attainable_angles
from games.types import Choice, Failure, Occasion, Score
from sim.participant import Member
from sim.records import Asked, Played, Scored
from tests.specimens import decision, measure, played, written

FAST = Resampling(resamples=200)
LOWEST, HIGHEST = attainable_angles()


class Someone:
    kind, model, induction, synthetic = "llm", "m", "label", False


def run(folder, lasting=True):
    """Two altruists and two competitors in two groups; the second competitor fails once."""
    game = PublicGoods(players=2)
    decision = game.decisions(game.start(0))[0]
    writer = Writer(folder)
    given = {0: 20, 1: 10, 2: 0, 3: None}
    angles = {0: HIGHEST, 1: 55.0, 2: LOWEST, 3: None}
    for number in given:
        orientation = "altruistic" if number < 2 else "competitive"
        member = Member(orientation, orientation, Someone())
        angle = angles[number]
        category = "altruistic" if angle and angle > 57.15 else "prosocial" if angle and angle > 0 else "competitive"
        score = Score(angle, category if angle else None, True if angle else None, 50.0, None, 0 if angle else 2, 6)
        writer.keep([Scored(number, member, "slider", Occasion("before", 1, 0), score)])
        failed = given[number] is None
        choice = Choice(failure=Failure.EMPTY) if failed else Choice(option=given[number])
        group = number % 2
        points = None if group else 10.0
        writer.keep([Asked(number, member, decision, Occasion("play", 1, 0), choice, group, points, points)])
        cooperation = None if failed else given[number] / 20
        writer.keep([Played(number, member, "public_goods", 1, group, bool(group), points, cooperation)])
    writer.close()
    about = {
        "matching_lasting": lasting,
        "memory": True,
        "experiment": "test",
        "status": "finished",
        "synthetic": False,
    }
    write_json(folder, "manifest", about)
    return folder


def test_every_figure_of_a_cell(tmp_path):
    found = summarise(read_tables(run(tmp_path / "run")), FAST)
    altruistic, competitive = found["cells"]
    assert altruistic["participants"] == 2
    assert altruistic["before"]["angle"]["estimate"] == pytest.approx((HIGHEST + 55) / 2)
    assert altruistic["before"]["angle"]["unit"] == "participants"
    assert altruistic["before"]["in_category_share"] == 0.5
    assert altruistic["play"]["cooperation"]["estimate"] == pytest.approx(0.75)
    assert altruistic["play"]["cooperation"]["unit"] == "groups"
    assert altruistic["play"]["payoff"]["estimate"] == 10
    assert altruistic["play"]["void_share"] == 0.5
    assert altruistic["failed_share"] == 0
    assert competitive["before"]["without_angle"] == 1
    assert competitive["before"]["failed_share"] == pytest.approx(2 / 12)
    assert competitive["play"]["cooperation"]["estimate"] == 0
    assert competitive["play"]["failed_share"] == 0.5
    assert found["failures"] == {"decisions": 4, "failed": 1, "by_reason": {"empty": 1}}


def test_the_headline_is_the_corrected_value_rationality_over_cells(tmp_path):
    found = summarise(read_tables(run(tmp_path / "run")), FAST)
    by_cell = [cell["before"]["value_rationality_corrected"]["estimate"] for cell in found["cells"]]
    assert found["headline"]["value_rationality_corrected"] == pytest.approx(sum(by_cell) / 2)
    assert found["headline"]["cooperation"] == pytest.approx((1 + 0.5 + 0) / 3)


def test_strangers_are_resampled_as_participants(tmp_path):
    found = summarise(read_tables(run(tmp_path / "run", lasting=False)), FAST)
    assert found["cells"][0]["play"]["cooperation"]["unit"] == "participants"


def test_the_correlation_pairs_each_participants_angle_with_its_cooperation(tmp_path):
    tables = read_tables(run(tmp_path / "run", lasting=False))
    pairs = participants(tables.measures, tables.play)
    assert pairs["cooperation"].tolist()[:3] == [1.0, 0.5, 0.0]
    assert pairs["angle"].isna().tolist() == [False, False, False, True]
    found = angle_and_cooperation(tables, FAST)
    known = pairs.dropna()
    assert found["estimate"] == pytest.approx(known["angle"].corr(known["cooperation"]))
    assert (found["units"], found["participants"], found["left_out"]) == (3, 4, 1)


def test_units_are_participants_or_groups_and_never_decisions():
    table = pd.DataFrame({"participant": [0, 0, 1], "repetition": [1, 2, 1], "group": [0, 0, 1]})
    assert units_of_play(table, True)[1] == "groups"
    assert units_of_play(table, False)[1] == "participants"
    assert units_of_measure(table)[1] == "participants"
    assert units_of_measure(table.head(2))[1] == "administrations"


def test_a_run_of_an_older_manifest_has_the_usual_policy_and_no_accounts(tmp_path):
    found = summarise(read_tables(run(tmp_path / "run")), FAST)
    assert found["on_failure"] == "void"
    assert found["forecast"] is found["accounting"]["rows"] is None
    assert "bounds" not in found["cells"][0]["play"]["cooperation"]
    assert "left" not in found["cells"][0]["play"]
    assert "cooperation_bounds" not in found["headline"]


def test_who_left_is_counted_where_failures_drop(tmp_path):
    rounds = [
        played(0, 5.0),
        played(1, None, left=True, void=True),
        played(1, None, round=2, left=True),
        played(2, 5.0),
    ]
    tables = written(tmp_path, [decision(number) for number in range(3)], rounds=rounds, on_failure="drop")
    assert summarise(tables, FAST)["cells"][0]["play"]["left"] == 1


def test_a_measure_says_what_its_angles_come_from(tmp_path):
    given = {"obtained": "probabilities", "transitive": None}
    measures = [
        *(measure(0, 40.0, spread=4.0, **given), measure(1, 44.0, spread=6.0, **given), measure(2, None, **given)),
        *(measure(3, 10.0, cell="b"), measure(0, 30.0, phase="after")),
    ]
    decisions = [decision(number, phase="before", cell="ab"[number // 3]) for number in range(4)]
    first, second = summarise(written(tmp_path, decisions, measures), FAST)["cells"]
    assert (first["before"]["obtained"], first["before"]["spread"]) == ("probabilities", 5.0)
    assert first["before"]["angle"]["estimate"] == 42
    assert first["before"]["transitive_share"] is None
    assert (first["after"]["obtained"], first["after"]["spread"]) == ("choices", None)
    assert second["before"]["obtained"] == "choices"


@pytest.mark.parametrize(
    ("status", "error", "mark"),
    [
        ("finished", None, ""),
        ("incomplete", "the budget of 9 calls was reached", "INCOMPLETE: the budget of 9 calls was reached"),
        ("failed", "no answer\n from there", "INCOMPLETE: this run is failed: no answer from there"),
        ("running", None, "INCOMPLETE: this run is running"),
    ],
)
def test_a_run_that_did_not_come_to_its_end_is_marked_with_the_reason(status, error, mark):
    assert status_mark({"status": status, "error": error}) == mark


def test_a_run_without_a_row_is_summarised_too(tmp_path):
    found = summarise(written(tmp_path, status="running"), FAST)
    assert (found["cells"], found["positions"], found["models"]) == ([], [], [])
    assert found["headline"] == {"value_rationality_corrected": None, "cooperation": None, "failed_share": None}
