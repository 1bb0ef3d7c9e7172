"""What play changed: paired, by participant, group or administration, and corrected over cells."""

import numpy as np
import pytest

from experiments.drift import drift
from experiments.statistics import Resampling
from experiments.summary import summarise
from experiments.terminal import show
from tests.specimens import decision, measure, written

FAST = Resampling(resamples=400)
CHANGE = [2.0, 3.0, 1.0, 4.0, 2.0, 3.0, 1.0, 2.0]


def measured(change=CHANGE, cell="a", start=0, **values):
    """Angles that differ by 10 a participant, and rise by their change."""
    rows = []
    for number, moved in enumerate(change):
        for phase, angle in (("before", 10.0 * number), ("after", 10.0 * number + moved)):
            rational = {"value_rationality": 0.9, "value_rationality_corrected": angle / 100}
            rows.append(measure(start + number, angle, phase=phase, cell=cell, **rational, **values))
    return rows


def decided(rows):
    return [decision(one["participant"], phase=one["phase"], cell=one["cell"]) for one in rows]


def found(folder, rows, play=(), **about):
    return drift(written(folder, [*decided(rows), *play], rows, **about), FAST)


def test_the_change_is_within_participants(tmp_path):
    (row,) = found(tmp_path, measured())
    angle = row["angle"]
    assert angle["estimate"] == pytest.approx(np.mean(CHANGE))
    assert (angle["before"], angle["after"]) == pytest.approx((35.0, 37.25))
    assert (angle["units"], angle["unit"], angle["pairs"], angle["left_out"]) == (8, "participants", 8, 0)
    # People differ by 10 degrees and more; their changes do not.
    assert 1.0 < angle["low"] < angle["estimate"] < angle["high"] < 3.5
    assert angle["p"] == angle["least_p"] == 2 / 2**8
    assert row["value_rationality_corrected"]["estimate"] == pytest.approx(np.mean(CHANGE) / 100)


def test_who_lacks_an_angle_is_left_out_and_counted(tmp_path):
    rows = measured()
    rows[1] |= {"angle": None, "value_rationality_corrected": None}
    (row,) = found(tmp_path, rows)
    assert (row["angle"]["pairs"], row["angle"]["left_out"]) == (7, 1)
    assert row["angle"]["estimate"] == pytest.approx(np.mean(CHANGE[1:]))


@pytest.mark.parametrize(("memory", "unit", "units"), [(True, "groups", 4), (False, "participants", 8)])
def test_groups_that_are_reminded_of_their_rounds_are_units(memory, unit, units, tmp_path):
    play = [decision(number, cooperation=0.5, group=number // 2) for number in range(8)]
    (row,) = found(tmp_path, measured(), play, matching_lasting=True, memory=memory)
    assert (row["angle"]["unit"], row["angle"]["units"]) == (unit, units)
    assert row["angle"]["p"] == 2 / 2**units
    assert (row["angle"]["low"] is None) == (units < 5)


def test_a_single_participant_has_pairs_of_administrations(tmp_path):
    rows = [one | {"participant": 0, "repetition": one["participant"] + 1} for one in measured()]
    (row,) = found(tmp_path, rows)
    assert (row["angle"]["unit"], row["angle"]["units"]) == ("administrations", 8)
    assert row["angle"]["estimate"] == pytest.approx(np.mean(CHANGE))


def test_p_is_corrected_over_cells(tmp_path):
    rows = [*measured(), *measured([1, -1, 2, -2, 1, -1, 3, -3.5], "b", 8)]
    first, second = found(tmp_path, rows)
    assert first["angle"]["p_holm"] == 2 * first["angle"]["p"]
    assert second["angle"]["p_holm"] == second["angle"]["p"] > 0.5


def test_without_both_phases_there_is_no_drift(tmp_path):
    assert found(tmp_path, [row for row in measured() if row["phase"] == "before"]) == []


def test_a_cell_without_a_value_has_an_angle_only(tmp_path):
    rows = measured()
    for row in rows:
        row["value_rationality_corrected"] = None
    (row,) = found(tmp_path, rows)
    assert row["value_rationality_corrected"] is None
    assert row["angle"]["p_holm"] == 2 / 2**8


def test_the_terminal_has_a_table_of_it(tmp_path, capsys):
    rows = measured()
    tables = written(tmp_path, decided(rows), rows)
    show(summarise(tables, FAST) | {"cross_measures": None}, tmp_path, [])
    said = " ".join(capsys.readouterr().out.split())
    assert "test · change after play" in said
    assert "a 8/8 +2.2 .008 .008 +0.02 .008 .008" in said
    assert "p: sign flips; Holm: corrected over cells" in said
    assert "strangers" not in said


def test_the_table_says_that_strangers_are_reminded_of_shared_rounds(tmp_path, capsys):
    rows = measured()
    play = [decision(number, cooperation=0.5) for number in range(8)]
    for memory in (True, False):
        tables = written(tmp_path / str(memory), [*decided(rows), *play], rows, memory=memory)
        summary = summarise(tables, FAST) | {"cross_measures": None, "comparisons": []}
        show(summary, tmp_path, [])
        assert ("strangers: participants are not independent" in capsys.readouterr().out) == memory
