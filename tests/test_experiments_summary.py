"""What a run found, on tables small enough to check by hand."""

import pandas as pd
import pytest

from experiments.statistics import Resampling
from experiments.store import Writer, write_json
from experiments.summary import angle_and_cooperation, participants, summarise, units_of_measure, units_of_play
from games.public_goods import PublicGoods
from games.rationality import attainable_angles
from games.types import Choice, Failure, Occasion, Score
from sim.participant import Member
from sim.records import Asked, Played, Scored

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
    found = summarise(run(tmp_path / "run"), FAST)
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
    found = summarise(run(tmp_path / "run"), FAST)
    by_cell = [cell["before"]["value_rationality_corrected"]["estimate"] for cell in found["cells"]]
    assert found["headline"]["value_rationality_corrected"] == pytest.approx(sum(by_cell) / 2)
    assert found["headline"]["cooperation"] == pytest.approx((1 + 0.5 + 0) / 3)


def test_strangers_are_resampled_as_participants(tmp_path):
    found = summarise(run(tmp_path / "run", lasting=False), FAST)
    assert found["cells"][0]["play"]["cooperation"]["unit"] == "participants"


def test_the_correlation_pairs_each_participants_angle_with_its_cooperation(tmp_path):
    from experiments.store import read_table

    folder = run(tmp_path / "run")
    measures, decisions = read_table(folder, "measures"), read_table(folder, "decisions")
    pairs = participants(measures, decisions)
    assert pairs["cooperation"].tolist()[:3] == [1.0, 0.5, 0.0]
    assert pairs["angle"].isna().tolist() == [False, False, False, True]
    found = angle_and_cooperation(measures, decisions, False, FAST)
    known = pairs.dropna()
    assert found.estimate == pytest.approx(known["angle"].corr(known["cooperation"]))
    assert found.units == 3


def test_units_are_participants_or_groups_and_never_decisions():
    table = pd.DataFrame({"participant": [0, 0, 1], "repetition": [1, 2, 1], "group": [0, 0, 1]})
    assert units_of_play(table, True)[1] == "groups"
    assert units_of_play(table, False)[1] == "participants"
    assert units_of_measure(table)[1] == "participants"
    assert units_of_measure(table.head(2))[1] == "administrations"
