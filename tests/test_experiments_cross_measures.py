"""Whether several measures say the same of an agent, on tables small enough to check by hand."""

import pandas as pd
import pytest

from experiments.cross_measures import agents, cross_measures, lines, write_agents
from experiments.statistics import Resampling
from games.svo import RING_CLASSES
from tests.specimens import measure, written

FAST = Resampling(resamples=200)


def scored(participant, name, angle, category, **values):
    return measure(participant, angle, measure=name, category=category, **values)


def table(folder, *measures, estimates=None):
    return agents(written(folder, measures=measures, measure="slider"), estimates)


def three(participant, *categories, angles=(40.0, 45.0, None)):
    names = ("slider", "ring", "triple_dominance")
    return [
        scored(participant, name, angle, category)
        for name, angle, category in zip(names, angles, categories, strict=True)
    ]


# --- agents ----------------------------------------------------------------------------------------------------------


def test_a_single_measure_has_nothing_to_agree_with(tmp_path):
    found = table(tmp_path, scored(0, "slider", 40.0, "prosocial"), scored(0, "slider", 20.0, "individualistic"))
    assert found.empty
    assert cross_measures(found, FAST) is None
    assert lines(None) == []


def test_an_agent_has_angle_and_category_by_every_measure(tmp_path):
    found = table(tmp_path, *three(4, "prosocial", "prosocial", "individualistic"))
    (row,) = found.to_dict("records")
    assert (row["participant"], row["cell"], row["orientation"], row["model"]) == (4, "a", "prosocial", "m")
    assert row["synthetic"] is False
    assert (row["angle_slider"], row["angle_ring"]) == (40, 45)
    assert pd.isna(row["angle_triple_dominance"])
    assert row["category_triple_dominance"] == "individualistic"
    assert row["agreement"] == pytest.approx(1 / 3)
    assert row["agreement_coarse"] == pytest.approx(1 / 3)


def test_only_what_was_measured_before_play_counts(tmp_path):
    late = [scored(0, "ring", 0.0, "individualistic", phase="after")]
    found = table(tmp_path, scored(0, "slider", 40.0, "prosocial"), scored(0, "ring", 45.0, "prosocial"), *late)
    assert found["agreement"].tolist() == [1]
    assert found["angle_ring"].tolist() == [45]


def test_a_run_that_measures_after_play_only_has_no_agents(tmp_path):
    late = [scored(0, name, 0.0, "prosocial", phase="after") for name in ("slider", "ring")]
    assert table(tmp_path, *late).empty


def test_of_several_administrations_the_angle_is_the_mean_and_the_category_the_most_frequent(tmp_path):
    several = [
        scored(0, "slider", angle, category, repetition=number)
        for number, (angle, category) in enumerate(
            [(30.0, "prosocial"), (20.0, "individualistic"), (40.0, "prosocial"), (None, None)], start=1
        )
    ]
    (row,) = table(tmp_path, *several, scored(0, "ring", 45.0, "prosocial")).to_dict("records")
    assert row["angle_slider"] == pytest.approx(30)
    assert row["category_slider"] == "prosocial"


def test_categories_that_are_as_frequent_leave_none(tmp_path):
    tied = [
        scored(0, "slider", angle, category, repetition=number)
        for number, (angle, category) in enumerate([(30.0, "prosocial"), (20.0, "individualistic")], start=1)
    ]
    (row,) = table(tmp_path, *tied, scored(0, "ring", 45.0, "prosocial")).to_dict("records")
    assert row["category_slider"] == ""
    assert pd.isna(row["agreement"])


@pytest.mark.parametrize(
    ("categories", "fine", "coarse"),
    [
        (("prosocial", "prosocial", "prosocial"), 1, 1),
        (("altruistic", "prosocial", "prosocial"), 1 / 3, 1),
        (("altruistic", "martyr", "prosocial"), 0, 1),
        (("competitive", "individualistic", "aggressive"), 0, 1),
        (("prosocial", "individualistic", "competitive"), 0, 1 / 3),
        (("prosocial", "prosocial", "unclassified"), 1, 1),
        (("prosocial", "individualistic", None), 0, 0),
    ],
)
def test_agreement_is_the_share_of_pairs_of_measures(categories, fine, coarse, tmp_path):
    (row,) = table(tmp_path, *three(0, *categories)).to_dict("records")
    assert row["agreement"] == pytest.approx(fine)
    assert row["agreement_coarse"] == pytest.approx(coarse)


@pytest.mark.parametrize("categories", [("prosocial", None, "unclassified"), (None, None, None)])
def test_fewer_than_two_categories_have_no_agreement(categories, tmp_path):
    (row,) = table(tmp_path, *three(0, *categories)).to_dict("records")
    assert pd.isna(row["agreement"])
    assert pd.isna(row["agreement_coarse"])


def test_every_class_of_the_ring_has_a_place_in_the_coarse_division_or_stands_alone(tmp_path):
    for one in RING_CLASSES:
        names = {"altruistic", "prosocial", "martyr"}
        other = "prosocial" if one in names else "individualistic"
        (row,) = table(tmp_path / one, *three(0, one, other, None)).to_dict("records")
        alone = one in {"masochistic", "sadomasochistic"}
        assert row["agreement_coarse"] == (0 if alone else 1), one


def test_an_agent_that_a_measure_was_not_put_to_has_none_of_its_figures(tmp_path):
    found = table(tmp_path, *three(0, "prosocial", "prosocial", "prosocial"), scored(1, "slider", 10.0, "prosocial"))
    missing = found[found["participant"] == 1].iloc[0]
    assert pd.isna(missing["angle_ring"])
    assert missing["category_ring"] == ""
    assert pd.isna(missing["agreement"])


def test_the_fitted_ring_angle_is_that_of_the_same_agent_measure_and_phase(tmp_path):
    usual = {"phase": "before", "ring_angle": None, "explains_low": None, "explains_high": None, "ring_status": "line"}
    fitted = pd.DataFrame(
        [
            {**usual, "participant": 0, "game": "slider", "ring_angle": 41.0},
            {**usual, "participant": 0, "game": "slider", "ring_angle": 1.0, "phase": "after"},
            {**usual, "participant": 1, "game": "slider", "ring_angle": 2.0},
            {**usual, "participant": 0, "game": "ring", "explains_low": 30.0, "explains_high": 45.0},
        ]
    )
    measures = three(0, "prosocial", "prosocial", "prosocial")
    (row,) = table(tmp_path / "fitted", *measures, estimates=fitted).to_dict("records")
    assert (row["ring_slider"], row["ring_ring"], row["ring_triple_dominance"]) == ("41°", "30…45°", "")
    (row,) = table(tmp_path / "not", *measures).to_dict("records")
    assert row["ring_slider"] == ""


def test_the_table_of_agents_is_a_file(tmp_path):
    found = table(tmp_path, *three(0, "prosocial", None, "unclassified"))
    path = write_agents(found, tmp_path)
    assert path == tmp_path / "cross_measures.csv"
    again = pd.read_csv(path)
    assert again.columns.tolist() == found.columns.tolist()
    assert again["angle_slider"].tolist() == [40]
    assert again["agreement"].isna().all()


# --- over agents -----------------------------------------------------------------------------------------------------


def population(folder, count=6):
    measures = []
    for who in range(count):
        second = "prosocial" if who % 2 else "individualistic"
        measures += three(who, "prosocial", second, "prosocial", angles=(10.0 * who, 5.0 * who + 1, None))
    return table(folder, *measures)


def test_agreement_and_correlation_over_agents(tmp_path):
    found = cross_measures(population(tmp_path), FAST)
    assert found["measures"] == ["slider", "ring", "triple_dominance"]
    assert found["agents"] == 6
    # Half of the agents agree in all three pairs, the others in one.
    assert found["agreement"]["estimate"] == pytest.approx((1 + 1 / 3) / 2)
    assert (found["agreement"]["units"], found["agreement"]["unit"]) == (6, "participants")
    assert found["agreement"]["low"] < found["agreement"]["estimate"] < found["agreement"]["high"]
    by_pair = {(one["first"], one["second"]): one["estimate"] for one in found["pairs"]}
    assert by_pair == {
        ("slider", "ring"): pytest.approx(1),
        ("slider", "triple_dominance"): None,
        ("ring", "triple_dominance"): None,
    }


def test_agents_without_agreement_are_left_out_of_its_mean(tmp_path):
    measures = [*three(0, "prosocial", "prosocial", "prosocial"), *three(1, "prosocial", None, None)]
    found = cross_measures(table(tmp_path, *measures), FAST)
    assert (found["agreement"]["estimate"], found["agreement"]["units"]) == (1, 1)


def test_without_any_agreement_there_is_no_number(tmp_path):
    found = cross_measures(table(tmp_path, *three(0, None, None, None, angles=(None, None, None))), FAST)
    assert found["agreement"]["estimate"] is found["agreement_coarse"]["estimate"] is None
    assert "in – of pairs, on prosocial or not in – (1 agents" in lines(found)[0]


def test_the_terminal_tells_agreement_and_the_correlations_that_there_are(tmp_path):
    said, related = lines(cross_measures(population(tmp_path), FAST))
    assert said.startswith("measures agree on the category of an agent in 0.67 [")
    assert "on prosocial or not in 0.67 [" in said
    assert said.endswith("(6 agents, slider, ring, triple_dominance); no answers to triple dominance are altruistic")
    assert related.startswith("angles: slider and ring r = 1.00")
    assert "triple_dominance" not in related
