"""Mean angles under each level of a presentation setting, by hand."""

import pytest

from experiments.presentations import lines, presentations
from experiments.statistics import Resampling
from tests.specimens import measure, written

FAST = Resampling(resamples=200)


def crossed(people=6, **values):
    """Each participant under both orders: 30 degrees and its number in the original, 10 less in the reversed one."""
    shifts = (("original", 0), ("reversed", -10))
    return [measure(n, 30.0 + n + shift, order=order, **values) for n in range(people) for order, shift in shifts]


def test_a_setting_that_varied_has_the_mean_angle_of_each_level_over_participants(tmp_path):
    (found,) = presentations(written(tmp_path, measures=crossed()), FAST)
    assert (found["model"], found["measure"], found["setting"], found["balanced"]) == ("m", "slider", "order", True)
    original, turned = found["levels"]
    assert (original["level"], turned["level"]) == ("original", "reversed")
    assert (original["estimate"], turned["estimate"]) == pytest.approx((32.5, 22.5))
    assert (original["administrations"], original["units"], original["unit"]) == (6, 6, "participants")
    expected = FAST.mean([30, 31, 32, 33, 34, 35], range(6), "participants")
    assert (original["low"], original["high"]) == pytest.approx((expected.low, expected.high))


def test_the_difference_is_within_participants_and_not_as_wide_as_people_differ(tmp_path):
    rows = crossed(people=8)
    rows[-1] |= {"angle": None}
    (found,) = presentations(written(tmp_path, measures=rows), FAST)
    original, turned = found["levels"]
    assert original["difference"] is None
    assert (turned["difference"]["estimate"], turned["difference"]["units"]) == (pytest.approx(-10), 7)
    assert (turned["difference"]["low"], turned["difference"]["high"]) == pytest.approx((-10, -10))


def test_every_setting_that_varied_stands_apart_and_one_that_did_not_is_left_out(tmp_path):
    rows = [row | {"labels": labels, "currency": "coins"} for labels in ("letters", "numbers") for row in crossed()]
    found = presentations(written(tmp_path, measures=rows), FAST)
    assert [one["setting"] for one in found] == ["order", "labels"]
    assert [level["level"] for level in found[1]["levels"]] == ["letters", "numbers"]
    assert all(one["balanced"] for one in found)


def test_models_and_measures_stand_apart_and_scripted_rules_are_left_out(tmp_path):
    rows = [*crossed(), *crossed(model="k"), *crossed(measure="ring"), *crossed(model="none")]
    found = presentations(written(tmp_path, measures=rows), FAST)
    assert {(one["model"], one["measure"]) for one in found} == {("m", "slider"), ("k", "slider"), ("m", "ring")}


def test_a_run_in_one_layout_or_without_a_measure_has_none(tmp_path):
    assert presentations(written(tmp_path / "one", measures=[measure(n, 30.0) for n in range(6)]), FAST) == []
    assert presentations(written(tmp_path / "none"), FAST) == []


def test_what_failed_is_counted_and_is_no_angle(tmp_path):
    rows = crossed()
    rows[0] |= {"angle": None, "failed": 3}
    (found,) = presentations(written(tmp_path, measures=rows), FAST)
    original = found["levels"][0]
    assert (original["administrations"], original["without_angle"], original["units"]) == (6, 1, 5)
    assert original["failed_share"] == pytest.approx(3 / 36)
    assert original["estimate"] == pytest.approx(33)
    # Administered equally often, but who has an angle differs between the levels.
    assert not found["balanced"]
    (line,) = lines([found], 0.95)
    assert "(n 5), reversed" in line


def test_levels_that_fell_to_different_cells_are_told(tmp_path):
    rows = [
        measure(n, 30.0, order=order, cell=cell)
        for n, (order, cell) in enumerate([("original", "a"), ("reversed", "b")])
    ]
    found = presentations(written(tmp_path, measures=rows), FAST)
    assert not found[0]["balanced"]
    # A level without any angle counts as well.
    rows = [row | {"angle": row["angle"] if row["order"] == "original" else None} for row in crossed()]
    assert not presentations(written(tmp_path / "none", measures=rows), FAST)[0]["balanced"]
    (line,) = lines(found, 0.95)
    assert "not equally many angles by level in every cell" in line


def test_the_words_have_a_line_for_each_setting(tmp_path):
    (line,) = lines(presentations(written(tmp_path, measures=crossed()), FAST), 0.95)
    assert line.startswith("model m: slider angle by order: original 32.5° [")
    assert "] (n 6), reversed 22.5° [" in line
    assert line.endswith("(n 6, -10.0° [-10.0, -10.0] within participants) (95% intervals)")
    rows = [one | {"angle": None} for one in crossed()]
    (line,) = lines(presentations(written(tmp_path / "failed", measures=rows), FAST), 0.95)
    assert "original – (n 0), reversed – (n 0)" in line
