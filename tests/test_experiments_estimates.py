"""Each participant's preferences as a run's table of estimates has them."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from experiments.catalogue import CATALOGUE
from experiments.estimates import estimated, estimates, read_estimates, told, write_estimates
from experiments.report import redraw
from experiments.schema import DERIVED
from experiments.terminal import show
from games.choice_models import Observed
from games.estimation import Status, compare, estimate_inequality_aversion, estimate_ring
from games.slider import Slider
from tests.specimens import decision, written

CONFIDENCE = 0.95
RNG = np.random.default_rng(11)
MENUS = [RNG.integers(0, 101, (5, 2)).astype(float).tolist() for _ in range(120)]
"""Random menus of five allocations, which tell every angle and precision."""


def chooses(menu, angle, precision=np.inf, rng=None):
    """What a respondent of a ring angle takes of a menu; by the logit where its precision is finite."""
    worth = np.array(menu) @ [np.cos(np.radians(angle)), np.sin(np.radians(angle))]
    if not np.isfinite(precision):
        return int(worth.argmax())
    chances = np.exp(precision * (worth - worth.max()))
    return int(rng.choice(len(menu), p=chances / chances.sum()))


def row(participant, menu, chosen, **values):
    """A decision on a menu; `chosen` counts from 0 in the order shown, None for a failed reply."""
    options = json.dumps([[chr(ord("A") + place), place, *points] for place, points in enumerate(menu)])
    taken = {"position": None, "failure": "empty"} if chosen is None else {"position": chosen + 1}
    put = {"phase": "before", "game": "decomposed_games", "stage": "choose", "others": 1, "options": options}
    return decision(participant, **{**put, **taken, **values})


def rows(participant, angle, precision=np.inf, menus=MENUS, **values):
    rng = np.random.default_rng(participant)
    return [row(participant, menu, chooses(menu, angle, precision, rng), **values) for menu in menus]


def found(folder, decisions):
    """The rows of the table of estimates by participant, phase and game."""
    tables = written(folder, decisions)
    return {(one["participant"], one["phase"], one["game"]): one for one in estimates(tables.folder, CONFIDENCE)}


# --- what an estimate rests on ---------------------------------------------------------------------------------------


def test_there_is_a_row_for_each_participant_phase_and_game(tmp_path):
    decisions = [
        *rows(0, 45, menus=MENUS[:4]),
        *rows(0, 45, menus=MENUS[:5], phase="after"),
        *rows(0, 45, menus=MENUS[:6], phase="play", game="public_goods"),
        *rows(3, 0, menus=MENUS[:7], game="ring"),
    ]
    counts = {key: one["choices"] for key, one in found(tmp_path, decisions).items()}
    assert counts == {
        (0, "before", "decomposed_games"): 4,
        (0, "after", "decomposed_games"): 5,
        (0, "play", "public_goods"): 6,
        (3, "before", "ring"): 7,
    }


def test_a_row_says_whose_it_is(tmp_path):
    decisions = rows(2, 45, menus=MENUS[:5], cell="x", orientation="altruistic", synthetic=True, model="m-2")
    (one,) = found(tmp_path / "my run", decisions).values()
    about = {name: one[name] for name in ("run", "participant", "cell", "orientation", "model", "synthetic")}
    assert about == {
        "run": "my run", "participant": 2, "cell": "x", "orientation": "altruistic", "model": "m-2", "synthetic": True
    }  # fmt: skip


def test_failed_replies_are_no_choices(tmp_path):
    failed = [row(0, menu, None) for menu in MENUS[60:]]
    (with_them,) = found(tmp_path / "with", rows(0, 30, 0.1, MENUS[:60]) + failed).values()
    (without,) = found(tmp_path / "without", rows(0, 30, 0.1, MENUS[:60])).values()
    assert with_them["choices"] == 60
    del with_them["run"], without["run"]
    assert with_them == without


def test_who_answered_nothing_has_no_row(tmp_path):
    assert found(tmp_path, [row(0, MENUS[0], None)]) == {}


def test_the_order_shown_changes_no_estimate(tmp_path):
    shown, choices = [], rows(0, 30, 0.1)
    for place, one in enumerate(choices):
        order = np.random.default_rng(place).permutation(5)
        options = json.loads(one["options"])
        moved = [options[index] for index in order]
        position = order.tolist().index(one["position"] - 1) + 1
        shown.append({**one, "options": json.dumps(moved), "position": position})
    (plain,) = found(tmp_path / "plain", choices).values()
    (shuffled,) = found(tmp_path / "shuffled", shown).values()
    assert shuffled["ring_angle"] == pytest.approx(plain["ring_angle"])
    assert shuffled["envy"] == pytest.approx(plain["envy"])


# --- the figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [-60.0, 0.0, 30.0, 45.0, 90.0])
def test_a_known_angle_and_precision_are_found_again(angle, tmp_path):
    (one,) = found(tmp_path, rows(1, angle, 0.08)).values()
    assert one["ring_status"] == "estimated"
    assert abs(one["ring_angle"] - angle) < 3.5 * one["ring_angle_se"]
    assert one["ring_angle_se"] < 8
    assert abs(one["precision"] - 0.08) < 3.5 * one["precision_se"]
    assert one["ring_angle_low"] < one["ring_angle"] < one["ring_angle_high"]
    assert one["precision_low"] < one["precision"] < one["precision_high"]
    assert one["best_model"] == "ring" or angle == 45
    assert one["log_likelihood_chance"] == pytest.approx(-120 * np.log(5))
    assert one["log_likelihood_ring"] > one["log_likelihood_chance"]
    assert one["aic_ring"] == pytest.approx(4 - 2 * one["log_likelihood_ring"])


def test_the_columns_are_the_estimates_of_the_same_choices(tmp_path):
    decisions = rows(4, 20, 0.05, others=3)
    observed = [
        Observed(*zip(*menu, strict=True), one["position"] - 1, 3) for menu, one in zip(MENUS, decisions, strict=True)
    ]
    ring, aversion = estimate_ring(observed, 0.8), estimate_inequality_aversion(observed, 0.8)
    (one,) = estimates(written(tmp_path, decisions).folder, 0.8)
    assert one["ring_angle"] == ring.angle
    assert (one["ring_angle_low"], one["ring_angle_high"]) == (ring.angle_interval.low, ring.angle_interval.high)
    assert (one["precision_low"], one["precision_high"]) == ring.precision_interval
    assert (one["envy"], one["guilt"]) == (aversion.envy, aversion.guilt)
    assert (one["envy_se"], one["guilt_se"]) == (aversion.envy_se, aversion.guilt_se)
    assert one["log_likelihood_aversion"] == aversion.likelihood.log_likelihood
    assert one["pseudo_r2_ring"] == ring.likelihood.pseudo_r2
    assert one["best_model"] == next(model.model for model in compare(observed, 0.8) if model.best)


def test_several_others_count_for_inequality_by_their_mean(tmp_path):
    alone, together = (
        next(iter(found(tmp_path / str(others), rows(4, 20, 0.05, others=others)).values())) for others in (1, 3)
    )
    assert alone["ring_angle"] == together["ring_angle"]
    assert alone["envy"] != together["envy"]


def test_certain_choices_have_a_range_of_angles_and_no_angle(tmp_path):
    (one,) = found(tmp_path, rows(0, 30)).values()
    assert one["ring_status"] == "separated"
    assert one["ring_angle"] is one["precision"] is None
    assert one["explains_low"] < 30 < one["explains_high"]
    assert one["precision_high"] is None


def test_random_choices_have_no_angle(tmp_path):
    (one,) = found(tmp_path, rows(5, 0, 0.0)).values()
    assert one["ring_status"] == "chance"
    assert one["ring_angle"] is one["ring_angle_se"] is one["precision"] is None
    assert one["best_model"] == "chance"


def test_too_few_choices_say_so(tmp_path):
    (one,) = found(tmp_path, rows(0, 30, menus=MENUS[:2])).values()
    assert (one["ring_status"], one["choices"]) == ("too few", 2)
    assert one.get("ring_angle") is None
    assert "aic_ring" not in one


@pytest.mark.parametrize(("angle", "low", "high"), [(90.0, 68.8, 180), (0.0, 0.0, 20.0), (-45.0, -180, -26.6)])
def test_ideal_answers_to_the_slider_are_explained_by_the_angles_of_the_step_function(angle, low, high):
    chosen = []
    for item in Slider(secondary=False).decisions():
        menu = [(one.allocation.own, one.allocation.other) for one in item.options]
        chosen.append(Observed(*zip(*menu, strict=True), chooses(menu, angle + 1e-3)))
    one = estimated(chosen, CONFIDENCE)
    assert one["ring_status"] == "separated"
    assert low - 0.1 <= one["explains_low"] <= one["explains_high"] <= high + 0.1
    assert one["explains_low"] - 0.01 <= angle <= one["explains_high"] + 0.01


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_table_has_the_columns_that_are_documented(tmp_path):
    decisions = [*rows(0, 30), *rows(1, 30, 0.1), *rows(2, 0, 0.0), *rows(3, 30, menus=MENUS[:2])]
    tables = written(tmp_path, decisions)
    assert read_estimates(tables.folder) is None
    path = write_estimates(tables, CONFIDENCE)
    assert path == tables.folder / "estimates.parquet"
    assert pq.read_schema(path).names == list(DERIVED["estimates"])
    table = read_estimates(tables.folder)
    assert table["participant"].tolist() == [0, 1, 2, 3]
    assert table["ring_status"].tolist() == ["separated", "estimated", "chance", "too few"]
    for one in estimates(tables.folder, CONFIDENCE):
        assert set(one) <= set(DERIVED["estimates"]), "a column that the table does not have would be lost"


def test_every_status_is_documented():
    text = (CATALOGUE.parent / "docs" / "outputs.md").read_text(encoding="utf-8")
    told = text.split("A status says what an estimate stands on")[1].split("\n\n")[0]
    assert [one.value for one in Status if f"`{one.value}`" not in told] == []


def test_a_run_without_a_choice_has_an_empty_table(tmp_path):
    tables = written(tmp_path, [row(0, MENUS[0], None)])
    write_estimates(tables, CONFIDENCE)
    assert read_estimates(tables.folder).empty


# --- in words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ring_angle": 46.6}, "47°"),
        ({"ring_angle": -0.3}, "0°"),
        ({"ring_angle": -31.2}, "-31°"),
        ({"explains_low": 68.8, "explains_high": 153.4}, "69…153°"),
        ({}, "too few"),
    ],
)
def test_a_ring_angle_in_words(given, said):
    empty = {"ring_angle": None, "explains_low": None, "explains_high": None, "ring_status": "too few"}
    assert told({**empty, **given}) == said
    frame = pd.DataFrame([{**empty, **given}, {**empty, "ring_angle": 1.0, "explains_low": 1.0, "explains_high": 2.0}])
    assert told(frame.iloc[0].to_dict()) == said, "as read from the file, where nothing is NaN"


def test_a_run_of_very_many_is_not_estimated_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("experiments.report.LARGEST", 2)
    written(tmp_path, [decision(number, cooperation=0.5) for number in range(3)], estimates=True)
    summary, files = redraw(tmp_path)
    assert summary["estimates_left_out"] is True
    assert not (tmp_path / "estimates.parquet").exists()
    show(summary, tmp_path, files)
    assert "preferences are not estimated for more than" in capsys.readouterr().out
    written(tmp_path, [decision(number, cooperation=0.5) for number in range(2)], estimates=True)
    summary, _ = redraw(tmp_path)
    assert summary["estimates_left_out"] is False
    assert (tmp_path / "estimates.parquet").exists()
