"""What the terminal says of a run at its end."""

import json

import pytest

from experiments.leaderboard import leaderboard
from experiments.statistics import Resampling
from experiments.summary import summarise
from experiments.terminal import show
from games.slider import PRIMARY
from tests.specimens import decision, measure, menu, played, written


def told(folder, capsys, decisions=(), measures=(), rounds=(), **about):
    """All that is printed, in one line with single spaces."""
    summary = summarise(written(folder, decisions, measures, rounds, **about), Resampling(resamples=200))
    show(summary, folder, [])
    return " ".join(capsys.readouterr().out.split())


def answers(people=6, **values):
    given = json.dumps([0.4, 0.3, 0.2, 0.1])
    shown = {"phase": "before", "game": "slider", "options": menu(0, 1, 2, 3), "position": 1, "probabilities": given}
    return [decision(number, **{**shown, **values}) for number in range(people)]


def measured(people=6, **values):
    return [measure(number, 40.0, value_rationality=1.0, category="prosocial", **values) for number in range(people)]


def test_a_bounded_number_reads_as_its_two_ends(tmp_path, capsys):
    ends = {"cooperation_low": 0.5, "cooperation_high": 0.5}
    play = [decision(number, cooperation=0.5, **ends) for number in range(6)]
    play[0] = decision(0, failure="empty", cooperation_low=0.2, cooperation_high=0.8)
    rounds = [played(number, 10.0, payoff_low=10.0, payoff_high=10.0) for number in range(6)]
    said = told(tmp_path, capsys, play, rounds=rounds, on_failure="bound")
    assert "0.45–0.55" in said
    assert "a–b: failed replies at their least and at their greatest" in said


def test_bounds_stand_below_an_estimate_only_where_a_reply_failed(tmp_path, capsys):
    play = [decision(number, cooperation=0.5) for number in range(6)]
    rounds = [played(number, 10.0) for number in range(6)]
    note = "a–b: failed replies at their least and at their greatest"
    assert note not in told(tmp_path / "read", capsys, play, rounds=rounds)
    play[0] = decision(0, failure="empty")
    said = told(tmp_path / "failed", capsys, play, rounds=rounds)
    assert "0.42–0.58" in said
    assert note in said


def test_value_rationality_stands_with_interval_chance_level_and_corrected_form(tmp_path, capsys):
    rational = {"value_rationality": 0.9, "value_rationality_corrected": 0.66}
    rows = [measure(number, 40.0 + number / 9, category="prosocial", **rational) for number in range(6)]
    said = told(tmp_path, capsys, answers(), rows)
    assert " a before 40.3 0.90 0.71 0.66 100% 0.0% 6/6 [40.1, 40.5] [0.90, 0.90] [0.66, 0.66] [61%, 100%] " in said


def test_an_unreadable_administration_has_bounds(tmp_path, capsys):
    rational = {"value_rationality": 0.9, "value_rationality_corrected": 0.66}
    rows = [measure(number, 40.0, category="prosocial", **rational) for number in range(5)]
    said = told(tmp_path, capsys, answers(), [*rows, measure(5, None, failed=6)])
    assert "0.75–0.92" in said
    assert "83%–100%" in said


def test_bounds_that_agree_are_not_printed_as_an_estimate(tmp_path, capsys):
    # What was read of the items leaves one category only; the two angles are missing all the same.
    asked = [
        decision(number, phase="before", game="slider", item=item, option="1", options=menu(0, 1, 2, 3))
        for number in range(2)
        for item in PRIMARY[:-1]
    ]
    said = told(tmp_path, capsys, asked, [measure(number, None, failed=1) for number in range(2)])
    assert "0/2" in said
    assert "100%–100%" in said


def test_a_leaderboard_leaves_out_differences_of_the_measure(tmp_path, capsys):
    cells = [{"cell": "ab"[number >= 6], "induction": ("label", "maxim")[number >= 6]} for number in range(12)]
    decisions = [decision(number, cooperation=0.5, **cell) for number, cell in enumerate(cells)]
    rational = {"value_rationality": 0.9, "value_rationality_corrected": 0.66, "category": "prosocial"}
    rows = [measure(number, 40.0 + number, **rational, **cell) for number, cell in enumerate(cells)]
    rounds = [played(number, 10.0, **cell) for number, cell in enumerate(cells)]
    decisions += [decision(number, phase="before", game="slider", **cell) for number, cell in enumerate(cells)]
    tables = written(tmp_path, decisions, rows, rounds, measure="slider", models={})
    summary = summarise(tables, Resampling(resamples=200))
    made = leaderboard(tables, Resampling(resamples=200))
    assert made is not None
    for board in (None, made):
        show(summary | {"leaderboard": board}, tmp_path, [])
        said = " ".join(capsys.readouterr().out.split())
        assert ("angle before play: " in said) == (board is None)
        assert ("corrected value rationality before play: " in said) == (board is None)
        assert ("differences of angle and value rationality between cells: in summary.json" in said) == bool(board)
        assert "cooperation in play: a a, b a" in said


def test_a_measure_that_stopped_says_that_its_intervals_do_not_allow_it(tmp_path, capsys):
    rational = {"value_rationality": 0.9, "value_rationality_corrected": 0.66}
    rows = [measure(0, 40.0 + again, repetition=again + 1, **rational) for again in range(6)]
    stop = {"half_width": 0.4, "confidence": 0.95, "max_repetitions": 9, "min_repetitions": 5}
    said = told(tmp_path / "stop", capsys, answers(1), rows, stop=stop | {"quantity": "value_rationality"})
    assert "the intervals here are not valid under stopping, those in the lines below are" in said
    assert "under stopping" not in told(tmp_path / "none", capsys, answers(1), rows)


def test_differences_are_told_by_letters(tmp_path, capsys):
    play = [decision(number, cooperation=0.1 + 0.6 * (number < 6), cell="ab"[number >= 6]) for number in range(12)]
    rounds = [played(number, 10.0, cell="ab"[number >= 6]) for number in range(12)]
    said = told(tmp_path / "groups", capsys, play, rounds=rounds, matching_lasting=True)
    assert "cells that share a letter do not differ significantly (permutation tests, Holm, 5%)" in said
    assert "cooperation in play: a a, b b payoff in play: a a, b a" in said
    assert "strangers" not in said
    said = told(tmp_path / "strangers", capsys, play, rounds=rounds)
    assert "cooperation in play: a a, b b; strangers: participants are not independent" in said


def test_who_left_has_a_column_only_where_somebody_did(tmp_path, capsys):
    play = [decision(number, cooperation=0.5) for number in range(6)]
    rounds = [played(number, 10.0) for number in range(6)]
    assert " left " not in told(tmp_path, capsys, play, rounds=rounds, on_failure="drop")
    rounds[0]["left"] = True
    said = told(tmp_path, capsys, play, rounds=rounds, on_failure="drop")
    assert "cell n left cooperation" in said
    assert " a 6 1 0.50 " in said


@pytest.mark.parametrize(
    ("about", "line"),
    [
        (
            {"presentation": "shuffled"},
            "model m: first option shown: 0.40 [0.40, 0.40] (1/4 = 0.25 expected without position bias) in slider",
        ),
        (
            {"presentation": "reversed"},
            "(1/4 = 0.25 expected without position bias; order reversed: content and position are confounded)",
        ),
    ],
)
def test_position_bias_has_a_line_a_model(about, line, tmp_path, capsys):
    assert line in told(tmp_path, capsys, answers(), measured(), **about)


def test_choices_in_one_order_have_no_such_line(tmp_path, capsys):
    said = told(tmp_path, capsys, answers(probabilities=None), measured(), presentation="original")
    assert "first option" not in said


def test_the_measure_says_that_its_angles_are_expectations(tmp_path, capsys):
    rows = measured(obtained="probabilities", spread=4.2)
    said = told(tmp_path / "all", capsys, answers(), rows)
    expected = "expectations over the models' choice probabilities; spread of one administration: 4.2°"
    assert f"angles are {expected}" in said
    others = [one | {"participant": one["participant"] + 6, "cell": "b"} for one in measured()]
    decisions = [*answers(), *(one | {"participant": one["participant"] + 6, "cell": "b"} for one in answers())]
    assert f"angles of a are {expected}" in told(tmp_path / "some", capsys, decisions, [*rows, *others])
    assert "expectations" not in told(tmp_path / "none", capsys, answers(), measured())


def test_both_marks_stand_together_in_every_table(tmp_path, capsys):
    play = [decision(number, cooperation=0.5, synthetic=True) for number in range(6)]
    about = {"status": "incomplete", "error": "the budget of 9 calls was reached [bold]"}
    said = told(tmp_path, capsys, [*play, *answers(synthetic=True)], measured(synthetic=True), **about)
    mark = (
        "SYNTHETIC: simulated respondents and scripted rules, not a language model "
        "INCOMPLETE: the budget of 9 calls was reached [bold]"
    )
    assert said.count(mark) == 3
    assert "this run is incomplete" in said
