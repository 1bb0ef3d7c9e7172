"""The leaderboard: what its rows say, that what does not differ shares a letter, and that its intervals hold."""

import json

import numpy as np
import pandas as pd
import pytest

from agents.synthetic import SyntheticChatModel
from benchmarks.leaderboard_coverage import answers, scored
from experiments.leaderboard import RANKED_BY, rows, write_leaderboard
from experiments.leaderboard_words import leaderboard_table
from experiments.statistics import Resampling
from games.randomness import stream
from games.rationality import chance_corrected, chance_level
from games.svo import Orientation
from tests.commands import run

RESAMPLING = Resampling(resamples=400, seed=3)


def administered(values, orientations=("prosocial",), **changes):
    """Administrations by induction, each by another participant, of this corrected value rationality."""
    parts, number = [], 0
    for induction, given in values.items():
        for orientation in orientations:
            many = len(given)
            parts.append(
                pd.DataFrame(
                    {
                        "induction": induction, "model": "m", "cell": orientation, "orientation": orientation,
                        "synthetic": True, "phase": "before", "repetition": 1, "order": "original", "failed": 0,
                        "asked": 15, "participant": np.arange(number, number + many), "angle": 40.0,
                        "category": orientation, "value_rationality": given, RANKED_BY: given, "deviation": 0.0,
                        "transitive": 1.0, "index": np.nan, **changes,
                    }
                )
            )  # fmt: skip
            number += many
    return pd.concat(parts, ignore_index=True)


def test_rows_come_best_first_and_every_orientation_counts_alike():
    table = administered({"a": [0.2, 0.4], "b": [0.9, 0.7]}, ("prosocial", "altruistic"))
    more = administered({"a": [1.0] * 6}, ("altruistic",)).assign(participant=range(100, 106))
    table = pd.concat([table[~((table["induction"] == "a") & (table["orientation"] == "altruistic"))], more])
    board = rows(table, {}, RESAMPLING)
    assert [(row["rank"], row["induction"]) for row in board] == [(1, "b"), (2, "a")]
    assert board[0][RANKED_BY]["estimate"] == pytest.approx(0.8)
    assert board[1][RANKED_BY]["estimate"] == pytest.approx((0.3 + 1.0) / 2)
    assert [one["orientation"] for one in board[1]["orientations"]] == ["altruistic", "prosocial"]
    assert board[1]["orientations"][0]["chance_level"] == chance_level("altruistic")


def test_rows_that_do_not_differ_share_a_letter_and_those_that_do_share_none():
    rng = np.random.default_rng(1)
    values = {"a": rng.normal(0.9, 0.02, 12), "b": rng.normal(0.9, 0.02, 12), "c": rng.normal(0.2, 0.02, 12)}
    letters = {row["induction"]: set(row["letters"]) for row in rows(administered(values), {}, RESAMPLING)}
    assert letters["a"] & letters["b"]
    assert not letters["c"] & (letters["a"] | letters["b"])


def test_differences_between_orientations_are_none_between_inductions():
    """One orientation is pursued much better than the other: permuting across orientations would blur the rest."""
    high = administered({"a": [0.9, 0.91, 0.92, 0.93] * 2, "b": [0.8, 0.81, 0.82, 0.83] * 2}, ("prosocial",))
    low = administered({"a": [-0.9, -0.91, -0.92, -0.93] * 2, "b": [-1, -1.01, -1.02, -1.03] * 2}, ("altruistic",))
    board = rows(pd.concat([high, low.assign(participant=low["participant"] + 50)]), {}, RESAMPLING)
    assert not set(board[0]["letters"]) & set(board[1]["letters"])


def test_a_share_of_one_has_no_interval_of_width_zero():
    (row, _) = rows(administered({"a": [0.9] * 8, "b": [0.1] * 8}), {}, RESAMPLING)
    found = row["in_category_share"]
    assert found["estimate"] == 1
    assert found["low"] < 0.85
    assert found["high"] == 1


def test_an_orientation_without_an_angle_leaves_the_row_without_an_estimate_and_last():
    table = administered({"a": [0.9] * 5, "b": [0.1] * 5}, ("prosocial", "altruistic"))
    gone = (table["induction"] == "a") & (table["orientation"] == "altruistic")
    table.loc[gone, [RANKED_BY, "value_rationality", "angle"]] = np.nan
    board = rows(table, {}, RESAMPLING)
    assert [row["induction"] for row in board] == ["b", "a"]
    assert board[1][RANKED_BY]["estimate"] is None
    assert board[1]["without_angle"] == 5
    assert (board[0]["rank"], board[1]["rank"], board[1]["letters"]) == (1, None, "–")


def test_with_too_few_units_no_letters_are_given_instead_of_one_for_all():
    few = {name: [value, value + 0.01] for name, value in (("a", 0.9), ("b", 0.5), ("c", 0.1))}
    assert {row["letters"] for row in rows(administered(few), {}, RESAMPLING)} == {"–"}
    many = {name: [value, value + 0.01] * 4 for name, value in (("a", 0.9), ("b", 0.5), ("c", 0.1))}
    assert [row["letters"] for row in rows(administered(many), {}, RESAMPLING)] == ["a", "b", "c"]


def test_many_units_do_not_take_the_letters_away():
    rng = np.random.default_rng(2)
    values = {str(number): rng.normal(0.9 - 0.1 * number, 0.1, 300) for number in range(8)}
    assert len({row["letters"] for row in rows(administered(values), {}, RESAMPLING)}) == 8


def test_an_interval_never_leaves_what_participants_can_reach():
    piled = {"a": [1, 1, 1, 1, 1, 1, 0.999, 0.6], "b": [-1.0] * 8}
    for row in rows(administered(piled), {}, RESAMPLING):
        for one in (row, *row["orientations"]):
            found = one[RANKED_BY]
            assert chance_corrected(0.0, "prosocial") <= found["low"] <= found["estimate"] <= found["high"] <= 1


def test_one_value_out_of_line_does_not_make_an_interval_of_everything():
    (row, _) = rows(administered({"a": [1, 1, 1, 1, 1, 1, 0.999, 0.6], "b": [-1.0] * 8}), {}, RESAMPLING)
    student = 2.36 * np.std([1, 1, 1, 1, 1, 1, 0.999, 0.6], ddof=1) / 8**0.5
    assert row[RANKED_BY]["estimate"] - row[RANKED_BY]["low"] < 3 * student


def test_values_that_all_agree_are_no_proof():
    (row, _) = rows(administered({"a": [1.0] * 8, "b": [0.0] * 8}), {}, RESAMPLING)
    least, otherwise = float(chance_corrected(0.0, "prosocial")), 1 - 0.025 ** (1 / 8)
    assert row[RANKED_BY]["low"] == pytest.approx(1 - otherwise * (1 - least))
    assert row[RANKED_BY]["high"] == 1


def test_the_turn_of_the_order_is_within_participants():
    table = administered({"a": [0.5] * 6, "b": [0.5] * 6})
    again = table.assign(order="reversed", repetition=2, angle=table["angle"] + 4)
    again.loc[again["induction"] == "b", "angle"] = 40.0
    by_name = {row["induction"]: row["order_sensitivity"] for row in rows(pd.concat([table, again]), {}, RESAMPLING)}
    assert by_name["a"]["estimate"] == pytest.approx(4)
    assert by_name["b"]["estimate"] == 0
    assert by_name["a"]["orders"] == ["original", "reversed"]
    assert rows(table, {}, RESAMPLING)[0]["order_sensitivity"] is None


def test_tokens_and_cost_stand_beside_the_row_they_belong_to(tmp_path):
    taken = {("a", "m"): {"tokens_in": 120.0, "tokens_out": 9.0, "cost": 0.5}}
    board = {"rows": rows(administered({"a": [0.9] * 5, "b": [0.1] * 5}), taken, RESAMPLING)}
    assert (board["rows"][0]["tokens_in"], board["rows"][0]["cost"], board["rows"][1]["cost"]) == (120.0, 0.5, None)
    table = pd.read_csv(write_leaderboard(board, tmp_path))
    assert table[["induction", "orientation"]].to_numpy().tolist() == [
        ["a", "all"], ["a", "prosocial"], ["b", "all"], ["b", "prosocial"],
    ]  # fmt: skip
    assert table["synthetic"].all()


def study(seed, participants, times):
    """One row of the bench: respondents whose angles are known."""
    model, parts = SyntheticChatModel(), []
    for orientation in Orientation:
        centre = model.centre(orientation)
        found = scored(answers(model, centre, participants, times, stream(seed, orientation.value)), orientation.value)
        who = np.repeat(np.arange(participants), times) + participants * len(parts)
        parts.append(
            found.assign(
                induction="a", model="m", cell="c", orientation=orientation.value, synthetic=True, phase="before",
                participant=who, repetition=np.tile(range(times), participants), order="original", failed=0, asked=15,
            )
        )  # fmt: skip
    return pd.concat(parts)


@pytest.fixture(scope="module")
def covered():
    """How often a row's interval holds the truth, with participants as units and with administrations as units."""
    model = SyntheticChatModel()
    many = [
        scored(answers(model, model.centre(o), 20_000, 1, stream(0, "truth", o.value)), o.value) for o in Orientation
    ]
    truth = np.mean([one[RANKED_BY].mean() for one in many])
    held = {"participants": [], "administrations": []}
    for seed in range(60):
        table = study(seed, participants=8, times=8)
        for units in held:
            one = table if units == "participants" else table.assign(participant=range(len(table)))
            found = rows(one, {}, RESAMPLING)[0][RANKED_BY]
            held[units].append(found["low"] <= truth <= found["high"])
    return {units: np.mean(one) for units, one in held.items()}


def test_the_interval_holds_the_truth_about_as_often_as_it_claims(covered):
    # Values pile up at the limit of the scale, where eight participants cover some points too little.
    assert covered["participants"] > 0.8


def test_administrations_as_units_would_be_noticed(covered):
    assert covered["administrations"] < 0.8


def test_a_run_of_two_inductions_has_a_leaderboard_in_every_place(tmp_path):
    done = run(
        tmp_path / "run", "experiment=induction_bench", "population.inductions=[definition,label]", "repetitions=2",
        *[f"population.cells.{one.value}.count=4" for one in Orientation], "model.chat.uptake={label: 0.0}",
        "model.chat.spread=2", "model.chat.unreadable=0", "model.chat.refusals=0", "statistics.resamples=200",
        "model.price.tokens_in=1", "model.price.tokens_out=2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    board = summary["leaderboard"]["rows"]
    assert [row["induction"] for row in board] == ["definition", "label"]
    assert not set(board[0]["letters"]) & set(board[1]["letters"])
    assert board[0]["cost"] == pytest.approx((board[0]["tokens_in"] + 2 * board[0]["tokens_out"]) / 1e6)
    assert all(row["synthetic"] for row in board)
    assert "leaderboard" in done.stdout
    assert "SYNTHETIC" in leaderboard_table(summary).title
    assert len(pd.read_csv(tmp_path / "run" / "leaderboard.csv")) == 10


def test_a_run_of_one_induction_has_none(tmp_path):
    done = run(
        tmp_path / "run", "experiment=slider", "repetitions=1", "statistics.resamples=200",
        "measure.instrument.secondary=false",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["leaderboard"] is None
    assert not (tmp_path / "run" / "leaderboard.csv").exists()
