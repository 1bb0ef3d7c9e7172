import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.errors import ChoiceError, SettingError
from games.rationality import (
    attainable_angles,
    attainment,
    chance_corrected,
    chance_level,
    deviation,
    ideal_angles,
    largest_deviation,
    value_rationality,
)
from games.slider import ITEMS, Slider, all_angles, angle
from games.svo import BOUNDARIES, RING_ANGLES, Orientation
from games.types import Allocation, Decision, Option

ORIENTATIONS = st.sampled_from(list(Orientation))
PRIMARY_ANSWERS = st.lists(st.integers(1, 9), min_size=6, max_size=6)

# reference: the set of ideal respondents' angles of each orientation
IDEAL = {
    "altruistic": (61.39, 61.39),
    "prosocial": (37.09, 52.91),
    "individualistic": (-7.82, 7.82),
    "competitive": (-16.26, -16.26),
}
# exact expectation over all 9⁶ answers, computed from the definition
CHANCE = {
    "altruistic": 0.5017811929,
    "prosocial": 0.7146777599,
    "individualistic": 0.7078317319,
    "competitive": 0.4982188071,
}


def slider_of_linear_agent(orientation):
    """Ideal answers found another way: an agent a hair beside the orientation's ring angle, on either side."""
    for ring_angle in (RING_ANGLES[orientation] - 0.5, RING_ANGLES[orientation] + 0.5):
        worth = ITEMS[:6] @ [math.cos(math.radians(ring_angle)), math.sin(math.radians(ring_angle))]
        yield float(angle(worth.argmax(axis=1) + 1))


# --- the definition --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", Orientation)
def test_ideal_angles_are_those_of_the_reference(orientation):
    assert ideal_angles(orientation) == pytest.approx(IDEAL[orientation], abs=0.005)


def test_the_categories_meet_midway_between_the_ideal_angles():
    ranges = [
        ideal_angles(orientation) for orientation in ("competitive", "individualistic", "prosocial", "altruistic")
    ]
    midpoints = [(below[1] + above[0]) / 2 for below, above in itertools.pairwise(ranges)]
    assert tuple(round(midpoint, 2) for midpoint in midpoints) == BOUNDARIES


@pytest.mark.parametrize("orientation", Orientation)
def test_linear_agents_of_an_orientation_are_ideal(orientation):
    for theta in slider_of_linear_agent(orientation):
        assert value_rationality(theta, orientation) == 1


def test_attainable_angles_are_those_of_all_answers():
    assert attainable_angles() == (all_angles().min(), all_angles().max())


@pytest.mark.parametrize("orientation", Orientation)
def test_the_largest_deviation_is_the_largest_over_all_answers(orientation):
    assert largest_deviation(orientation) == pytest.approx(float(deviation(all_angles(), orientation).max()))


@pytest.mark.parametrize(
    ("orientation", "largest"),
    [
        ("altruistic", 61.39 + 16.26),
        ("prosocial", 37.09 + 16.26),
        ("individualistic", 61.39 - 7.82),
        ("competitive", 61.39 + 16.26),
    ],
)
def test_largest_deviations(orientation, largest):
    assert largest_deviation(orientation) == pytest.approx(largest, abs=0.011)


def by_hand(theta, orientation):
    """The definition with the printed numbers, for one angle."""
    low, high = IDEAL[orientation]
    worst = max(low + 16.26, 61.39 - high)
    return 1 - max(low - theta, theta - high, 0) / worst


CASES = [
    (theta, orientation) for orientation in IDEAL for theta in (-16.26, -12, 0, 7.8, 22.7, 37.48, 45, 57.15, 61.38)
]


def follows_the_definition(rule):
    values = [float(rule(theta, orientation)) for theta, orientation in CASES]
    expected = [by_hand(theta, orientation) for theta, orientation in CASES]
    return np.allclose(values, expected, rtol=0, atol=5e-4) and min(values) >= 0 and max(values) <= 1


def ring_angle_as_target(theta, orientation):
    """Broken specimen: no answers reach 90° or −45°, so perfect pursuit would score below 1."""
    target = RING_ANGLES[Orientation(orientation)]
    return 1 - abs(theta - target) / max(abs(target + 16.26), abs(61.39 - target))


def centre_of_the_ideal_range(theta, orientation):
    """Broken specimen: takes 7.82° from individualists for a choice they are indifferent about."""
    low, high = IDEAL[orientation]
    return 1 - abs(theta - (low + high) / 2) / max((low + high) / 2 + 16.26, 61.39 - (low + high) / 2)


def one_scale_for_all(theta, orientation):
    """Broken specimen: 60 − |deviation| as in the figure of arXiv 2305.17147, over 60: below 0 at the worst answers."""
    low, high = IDEAL[orientation]
    return 1 - max(low - theta, theta - high, 0) / 60


def test_value_rationality_follows_the_definition():
    assert follows_the_definition(value_rationality)


@pytest.mark.parametrize("specimen", [ring_angle_as_target, centre_of_the_ideal_range, one_scale_for_all])
def test_the_cases_reject_another_definition(specimen):
    assert not follows_the_definition(specimen)


@pytest.mark.parametrize("orientation", Orientation)
def test_value_rationality_is_one_at_the_ideals_and_zero_at_the_worst(orientation):
    low, high = ideal_angles(orientation)
    assert value_rationality(np.linspace(low, high, 11), orientation).tolist() == [1] * 11
    assert value_rationality(all_angles(), orientation).min() == pytest.approx(0, abs=1e-15)
    assert value_rationality(all_angles(), orientation).max() == 1
    outside = all_angles()[(all_angles() < low) | (all_angles() > high)]
    assert (value_rationality(outside, orientation) < 1).all()


@given(PRIMARY_ANSWERS, ORIENTATIONS)
def test_any_answers_have_a_value_rationality_in_the_unit_interval(options, orientation):
    assert 0 <= value_rationality(angle(options), orientation) <= 1


@given(st.lists(st.one_of(st.floats(-16.26, 61.389), st.just(math.nan)), min_size=1), ORIENTATIONS)
def test_an_array_is_treated_as_each_of_its_angles(angles, orientation):
    for function in (value_rationality, deviation):
        one_by_one = [float(function(each, orientation)) for each in angles]
        assert np.array_equal(function(np.array(angles), orientation), one_by_one, equal_nan=True)


@given(st.floats(-16.26, 61.389))
def test_altruistic_and_competitive_are_the_two_ends_of_one_scale(theta):
    both = value_rationality(theta, "altruistic") + value_rationality(theta, "competitive")
    assert both == pytest.approx(1)


@given(ORIENTATIONS, st.floats(-16.26, 61.389), st.floats(-16.26, 61.389))
def test_further_from_the_ideal_on_one_side_is_never_better(orientation, one, another):
    low, high = ideal_angles(orientation)
    near, far = sorted((one, another), key=lambda theta: max(low - theta, theta - high))
    assert value_rationality(near, orientation) >= value_rationality(far, orientation)


@pytest.mark.parametrize("orientation", Orientation)
def test_no_angle_gives_no_value_rationality(orientation):
    assert math.isnan(value_rationality(math.nan, orientation))
    assert np.isnan(value_rationality(np.array([np.nan, np.nan]), orientation)).all()
    assert np.isnan(value_rationality(np.array([[45.0, np.nan]]), orientation)).tolist() == [[False, True]]
    assert value_rationality(np.zeros((2, 0)), orientation).shape == (2, 0)


@pytest.mark.parametrize("theta", [90.0, -45.0, 61.4, -16.27, math.inf, -math.inf])
@pytest.mark.parametrize("orientation", Orientation)
def test_an_angle_that_no_answers_give_is_refused(theta, orientation):
    with pytest.raises(ValueError, match="no slider angle"):
        value_rationality(theta, orientation)
    with pytest.raises(ValueError, match="no slider angle"):
        deviation(np.array([np.nan, theta, 10.0]), orientation)


def test_rounding_at_the_ends_is_forgiven():
    lowest, highest = attainable_angles()
    assert value_rationality(highest + 1e-12, "competitive") == 0
    assert value_rationality(lowest - 1e-12, "altruistic") == 0


@pytest.mark.parametrize("function", [ideal_angles, largest_deviation, chance_level])
def test_orientations_may_be_named_and_unknown_ones_are_refused(function):
    assert function("prosocial") == function(Orientation.PROSOCIAL)
    with pytest.raises(SettingError, match="unknown orientation"):
        function("selfish")


# --- chance ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", Orientation)
def test_chance_levels(orientation):
    assert chance_level(orientation) == pytest.approx(CHANCE[orientation], abs=5e-11)


@pytest.mark.parametrize("orientation", Orientation)
def test_chance_levels_agree_with_drawn_answers(orientation):
    options = np.random.default_rng(20110608).integers(1, 10, size=(100_000, 6))
    drawn = value_rationality(angle(options), orientation)
    assert abs(drawn.mean() - chance_level(orientation)) < 4 * drawn.std() / math.sqrt(len(drawn))


def test_the_two_one_sided_chance_levels_follow_from_the_mean_angle():
    lowest, highest = attainable_angles()
    assert chance_level("competitive") == pytest.approx((highest - all_angles().mean()) / (highest - lowest))
    assert chance_level("altruistic") + chance_level("competitive") == pytest.approx(1)


@given(ORIENTATIONS, st.floats(0, 1))
def test_chance_correction_puts_chance_at_zero_and_keeps_one(orientation, vr):
    chance = chance_level(orientation)
    assert chance_corrected(1.0, orientation) == 1
    assert chance_corrected(chance, orientation) == 0
    corrected = float(chance_corrected(vr, orientation))
    assert corrected <= vr or vr == 1
    assert chance + corrected * (1 - chance) == pytest.approx(vr, abs=1e-12)


@pytest.mark.parametrize("orientation", Orientation)
def test_random_answers_are_corrected_to_zero_on_average(orientation):
    assert chance_corrected(value_rationality(all_angles(), orientation), orientation).mean() == pytest.approx(
        0, abs=1e-12
    )


def test_chance_correction_keeps_missing_values_and_refuses_what_is_no_value_rationality():
    assert math.isnan(chance_corrected(math.nan, "prosocial"))
    assert chance_corrected(np.array([[0.5, np.nan]]), "prosocial").shape == (1, 2)
    for wrong in (45.0, -0.01, np.array([0.5, 1.01])):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            chance_corrected(wrong, "prosocial")


# --- one decision ----------------------------------------------------------------------------------------------------


def decision(*allocations, others=1):
    options = tuple(Option(act, Allocation(own, other)) for act, (own, other) in enumerate(allocations))
    return Decision(game="test", player=0, options=options, others=others)


DICTATOR = decision((10, 0), (7, 3), (5, 5), (0, 10))


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        ("altruistic", [0, 0.3, 0.5, 1]),
        ("individualistic", [1, 0.7, 0.5, 0]),
        ("competitive", [1, 0.7, 0.5, 0]),
        ("prosocial", [None] * 4),  # giving moves points and makes none
    ],
)
def test_attainment_in_a_dictator_game(orientation, expected):
    values = [attainment(DICTATOR, index, orientation) for index in range(4)]
    assert values == [None if each is None else pytest.approx(each) for each in expected]


def test_attainment_in_a_public_good_counts_the_sum_of_the_others():
    # four players, endowment 20, marginal return 0.4; the three others' own points held fixed
    game = decision(*[(20 - given + 0.4 * given, 3 * 0.4 * given) for given in (0, 10, 20)], others=3)
    assert [attainment(game, index, "prosocial") for index in range(3)] == [0, pytest.approx(0.5), 1]
    assert [attainment(game, index, "individualistic") for index in range(3)] == [1, pytest.approx(0.5), 0]
    assert [attainment(game, index, "competitive") for index in range(3)] == [1, pytest.approx(0.5), 0]


def test_rounding_does_not_decide_between_options_of_equal_worth():
    assert 0.1 + 0.2 != 0.3 + 0.0
    assert attainment(decision((0.1, 0.2), (0.3, 0.0)), 0, "prosocial") is None


@pytest.mark.parametrize("index", [-1, 4])
def test_attainment_of_what_is_off_the_menu_is_refused(index):
    with pytest.raises(ChoiceError, match="there are only 0 … 3"):
        attainment(DICTATOR, index, "altruistic")


def test_attainment_of_an_unknown_orientation_is_refused():
    with pytest.raises(SettingError, match="unknown orientation"):
        attainment(DICTATOR, 0, "selfish")


@settings(max_examples=60)
@given(st.integers(0, 14), ORIENTATIONS)
def test_attainment_on_the_slider_runs_from_zero_to_one(item, orientation):
    asked = Slider().decisions()[item]
    values = [attainment(asked, index, orientation) for index in range(9)]
    if None in values:
        assert values == [None] * 9
        assert (item, orientation) == (0, "individualistic")  # the one item on which own points never change
    else:
        assert min(values) == 0
        assert max(values) == 1


@given(
    st.lists(st.tuples(st.integers(-50, 100), st.integers(-50, 100)), min_size=2, max_size=6), st.data(), ORIENTATIONS
)
def test_attainment_does_not_depend_on_the_unit_or_the_zero_of_points(allocations, data, orientation):
    index = data.draw(st.integers(0, len(allocations) - 1))
    rescaled = [(3 * own + 7, 3 * other - 4) for own, other in allocations]
    assert attainment(decision(*allocations), index, orientation) == pytest.approx(
        attainment(decision(*rescaled), index, orientation)
    )
