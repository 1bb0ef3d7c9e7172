"""Bounded failures: every number of play lies between what failed replies leave open, and no middle is made up."""

import numpy as np
import pytest

from experiments.bounds import angle_and_cooperation, told
from experiments.statistics import Resampling
from experiments.summary import summarise
from tests.specimens import decision, measure, played, written

FAST = Resampling(resamples=200)
READ = [0.5, 0.6, 0.4, 0.5, 0.7]


def bounded(folder, failing=True):
    """Six participants, one round: five answered, and the sixth failed where `failing`, else gave 0.3."""
    decisions = [act(number, share) for number, share in enumerate(READ)]
    rounds = [played(number, 10.0, payoff_low=10.0, payoff_high=10.0) for number in range(5)]
    if failing:
        unread = {"cooperation_low": 0.0, "cooperation_high": 1.0, "attainment_low": 0.0, "attainment_high": 1.0}
        decisions.append(decision(5, failure="empty", **unread))
        rounds.append(played(5, None, void=True, payoff_low=4.0, payoff_high=16.0))
    else:
        decisions.append(act(5, 0.3))
        rounds.append(played(5, 10.0, payoff_low=10.0, payoff_high=10.0))
    return written(folder, decisions, rounds=rounds, on_failure="bound")


def act(number, share):
    ends = {f"{name}_{end}": share for name in ("cooperation", "attainment") for end in ("low", "high")}
    return decision(number, cooperation=share, attainment=share, **ends)


def test_a_figure_lies_between_its_two_versions_and_has_no_estimate(tmp_path):
    found = summarise(bounded(tmp_path), FAST)["cells"][0]["play"]
    for name in ("cooperation", "attainment"):
        assert found[name]["estimate"] is None
        assert found[name]["bounds"] == pytest.approx({"low": 2.7 / 6, "high": 3.7 / 6})
        least, most = (FAST.mean([*READ, end], range(6), "participants") for end in (0.0, 1.0))
        assert (found[name]["low"], found[name]["high"]) == pytest.approx((least.low, most.high))
        assert (found[name]["units"], found[name]["unit"]) == (6, "participants")
    assert found["payoff"]["bounds"] == pytest.approx({"low": 54 / 6, "high": 66 / 6})
    assert found["failed_share"] == pytest.approx(1 / 6)


def test_without_a_failure_both_ends_are_the_estimate(tmp_path):
    found = summarise(bounded(tmp_path, failing=False), FAST)["cells"][0]["play"]["cooperation"]
    expected = FAST.mean([*READ, 0.3], range(6), "participants")
    assert found["estimate"] == found["bounds"]["low"] == found["bounds"]["high"] == expected.estimate == 0.5
    assert (found["low"], found["high"]) == (expected.low, expected.high)


def test_the_headline_is_bounded(tmp_path):
    headline = summarise(bounded(tmp_path / "failing"), FAST)["headline"]
    assert headline["cooperation"] is None
    assert headline["cooperation_bounds"] == pytest.approx({"low": 0.45, "high": 3.7 / 6})
    headline = summarise(bounded(tmp_path / "read", failing=False), FAST)["headline"]
    assert headline["cooperation"] == pytest.approx(0.5)
    assert headline["cooperation_bounds"] == pytest.approx({"low": 0.5, "high": 0.5})


def test_the_correlation_is_told_at_both_ends_which_need_not_enclose_it(tmp_path):
    angles, middle = [0.0, 10.0, 20.0, 30.0], {1: 0.4, 2: 0.6}
    ends = {"cooperation_low": 0.0, "cooperation_high": 1.0}
    decisions = [act(one, middle[one]) if one in middle else decision(one, failure="empty", **ends) for one in range(4)]
    measures = [measure(number, angle) for number, angle in enumerate(angles)]
    found = angle_and_cooperation(written(tmp_path, decisions, measures, on_failure="bound"), FAST)
    least, most = (np.corrcoef(angles, [end, 0.4, 0.6, end])[0, 1] for end in (0.0, 1.0))
    assert found["estimate"] is None
    assert found["bounds"] == pytest.approx({"low": min(least, most), "high": max(least, most)})
    assert (found["participants"], found["left_out"]) == (4, 0)
    # The first at its least and the last at its most: as possible, and far outside.
    assert np.corrcoef(angles, [0.0, 0.4, 0.6, 1.0])[0, 1] > found["bounds"]["high"] + 0.5


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"estimate": None, "bounds": {"low": 0.521, "high": 0.582}}, "0.52–0.58"),
        ({"estimate": None, "bounds": {"low": -0.2, "high": 0.1}}, "-0.20 to 0.10"),
        ({"estimate": None, "bounds": {"low": 0.581, "high": 0.582}}, "0.58–0.58"),
        ({"estimate": None, "bounds": {"low": 1.0, "high": 1.0}}, "1.00–1.00"),
        ({"estimate": 0.5, "bounds": {"low": 0.5, "high": 0.5}}, "0.50"),
        ({"estimate": None, "bounds": None}, "–"),
        ({"estimate": None}, "–"),
    ],
)
def test_a_bounded_number_in_words(found, words):
    assert told(found, ".2f") == words
