"""What a run found, on tables small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest

from experiments.bounds import angle_and_cooperation, unread_angles
from experiments.statistics import Resampling
from experiments.store import Writer, write_json
from experiments.summary import status_mark, summarise
from experiments.tables import participants, read_tables, units_of_measure, units_of_play
from games.public_goods import PublicGoods
from games.rationality import attainable_angles, chance_corrected, value_rationality
from games.slider import angle
from games.svo import classify
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


def test_the_headline_has_bounds_where_a_reply_failed(tmp_path):
    found = summarise(read_tables(run(tmp_path / "run")), FAST)
    assert found["headline"]["cooperation_bounds"] == pytest.approx({"low": 1.5 / 4, "high": 2.5 / 4})
    assert "bounds" not in found["cells"][0]["play"]["cooperation"]
    assert found["cells"][1]["play"]["cooperation"]["bounds"] == {"low": 0.0, "high": 0.5}
    # One of the two competitors is perfect; of the other no item of the slider is at hand.
    competitive = found["cells"][1]["before"]
    assert competitive["value_rationality"]["bounds"] == {"low": 0.5, "high": 1.0}
    assert competitive["in_category"]["bounds"] == {"low": 0.5, "high": 1.0}
    least = float(chance_corrected(0.5, "competitive"))
    assert competitive["value_rationality_corrected"]["bounds"] == pytest.approx({"low": least, "high": 1.0})
    altruistic = found["cells"][0]["before"]["value_rationality_corrected"]
    assert "bounds" not in altruistic
    expected = {"low": (least + altruistic["estimate"]) / 2, "high": (1 + altruistic["estimate"]) / 2}
    assert found["headline"]["value_rationality_corrected_bounds"] == pytest.approx(expected)


def slid(options, participant=0, **values):
    """The decisions of the six primary items; None where the reply failed."""
    return [
        decision(
            participant,
            phase="before",
            game="slider",
            item=item,
            option=None if option is None else str(option),
            failure="empty" if option is None else None,
            **values,
        )
        for item, option in enumerate(options, start=1)
    ]


def test_what_an_unread_item_can_mean_is_found_by_putting_every_option_in_its_place(tmp_path):
    read = slid([9, 9, 1, None, 1, 5])
    every = slid([None] * 6, 1)
    rows = [measure(0, None, failed=1), measure(1, None, failed=6)]
    tables = written(tmp_path, [*read, *every], rows)
    found = unread_angles(tables)
    answers = [[9, 9, 1, option, 1, 5] for option in range(1, 10)]
    assert found[0, "before", 1] == pytest.approx(np.unique(angle(np.array(answers))))
    assert found[1, "before", 1] is None
    possible = value_rationality(angle(np.array(answers)), "prosocial")
    assert possible.max() - possible.min() > 0.05
    cell = summarise(tables, FAST)["cells"][0]["before"]
    expected = {"low": possible.min() / 2, "high": (possible.max() + 1) / 2}
    assert cell["value_rationality"]["bounds"] == pytest.approx(expected)
    assert cell["value_rationality"]["estimate"] is None


def test_an_unread_item_that_decides_nothing_leaves_the_category_certain(tmp_path):
    decisions = slid([None, 9, 1, 1, 1, 5])
    categories = set(
        classify(unread_angles(written(tmp_path, decisions, [measure(0, None, failed=1)]))[0, "before", 1])
    )
    (category,) = categories
    for orientation, end in ((category, 1.0), ("individualistic", 0.0)):
        rows = [measure(0, None, failed=1, orientation=orientation)]
        tables = written(tmp_path / orientation, slid([None, 9, 1, 1, 1, 5], orientation=orientation), rows)
        cell = summarise(tables, FAST)["cells"][0]["before"]
        assert cell["in_category"]["bounds"] == {"low": end, "high": end}


def test_expectations_over_probabilities_may_have_been_anything(tmp_path):
    rows = [measure(0, None, failed=1), measure(1, 40.0, obtained="probabilities")]
    tables = written(tmp_path, [*slid([9, 9, 1, None, 1, 5]), *slid([9] * 6, 1)], rows)
    assert unread_angles(tables) == {(0, "before", 1): None}


def test_stages_without_a_reading_as_cooperation_have_no_bounds(tmp_path):
    play = [decision(0, cooperation=0.4), decision(0, stage="punish"), decision(1, stage="punish", failure="empty")]
    found = summarise(written(tmp_path, [*play, decision(1, cooperation=0.6)]), FAST)
    assert "cooperation_bounds" not in found["headline"]
    play[1] = decision(0, stage="punish", failure="empty")
    # Of a stage that nobody answered, nothing is known.
    found = summarise(written(tmp_path / "unknown", [*play, decision(1, cooperation=0.6)]), FAST)
    assert found["headline"]["cooperation_bounds"] == pytest.approx({"low": 1.0 / 4, "high": 3.0 / 4})


def test_induction_success_has_an_interval_that_is_never_of_no_width(tmp_path):
    measures = [measure(number, 60.0 + number / 10, category="prosocial") for number in range(6)]
    decisions = [decision(number, phase="before") for number in range(6)]
    found = summarise(written(tmp_path, decisions, measures), FAST)["cells"][0]["before"]
    assert found["in_category_share"] == found["in_category"]["estimate"] == 1
    assert (found["in_category"]["units"], found["in_category"]["unit"]) == (6, "participants")
    # Wilson: n / (n + z²).
    assert found["in_category"]["low"] == pytest.approx(6 / (6 + 1.959964**2), abs=1e-6)
    assert found["in_category"]["high"] == 1
    # The cluster bootstrap, which has nothing to resample, would claim to be certain.
    assert FAST.mean(np.ones(6), range(6), "participants").low == 1


def test_the_summary_compares_cells_and_phases(tmp_path):
    found = summarise(read_tables(run(tmp_path / "run")), FAST)
    assert found["drift"] == []
    assert found["cells_not_compared"] == 0
    families = {(row["quantity"], row["phase"]) for row in found["comparisons"]}
    assert families == {("angle", "before"), ("cooperation", "play"), ("payoff", "play"), ("attainment", "play")}


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
