import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.errors import SettingError
from games.svo import BOUNDARIES, RING_ANGLES, WEIGHTS, Orientation, classify, utility

POINTS = st.floats(-1e3, 1e3)
DEGREES = st.floats(-180, 180)

# reference: altruistic θ ≥ 57.15; prosocial 22.45 ≤ θ < 57.15; individualistic −12.04 ≤ θ < 22.45; competitive below
CATEGORIES = {
    90.0: "altruistic",
    61.39: "altruistic",
    57.15: "altruistic",
    math.nextafter(57.15, 0): "prosocial",
    45.0: "prosocial",
    22.45: "prosocial",
    math.nextafter(22.45, 0): "individualistic",
    0.0: "individualistic",
    -12.04: "individualistic",
    math.nextafter(-12.04, -90): "competitive",
    -16.26: "competitive",
    -45.0: "competitive",
    math.nan: "",
}


def agrees_with_the_reference(rule):
    angles = np.array(list(CATEGORIES))
    return list(rule(angles)) == list(CATEGORIES.values())


def open_on_the_wrong_side(angle):
    """Broken specimen: `>` in place of `>=`."""
    names = np.array(["", "competitive", "individualistic", "prosocial", "altruistic"])
    return names[(angle == angle) + sum((angle > edge).astype(int) for edge in BOUNDARIES)]


def nan_is_the_last_class(angle):
    """Broken specimen: NaN sorts behind every number, so a missing angle becomes an altruist."""
    names = np.array(["competitive", "individualistic", "prosocial", "altruistic"])
    return names[np.searchsorted(BOUNDARIES, angle, side="right")]


def nearest_ring_angle(angle):
    """Broken specimen: the orientation whose ring angle is nearest."""
    ring = np.array(list(RING_ANGLES.values()))
    names = np.array([*RING_ANGLES])
    return np.where(np.isnan(angle), "", names[np.abs(np.nan_to_num(angle)[:, None] - ring).argmin(axis=1)])


def test_categories_are_those_of_the_reference_with_their_closed_sides():
    assert agrees_with_the_reference(classify)


@pytest.mark.parametrize("specimen", [open_on_the_wrong_side, nan_is_the_last_class, nearest_ring_angle])
def test_the_reference_cases_reject_a_broken_classification(specimen):
    assert not agrees_with_the_reference(specimen)


def test_boundaries_are_the_midpoints_of_neighbouring_ideal_angles():
    midpoints = [(-7.82 - 16.26) / 2, (37.09 + 7.82) / 2, (61.39 + 52.91) / 2]
    assert pytest.approx(midpoints, abs=0.0051) == BOUNDARIES  # 22.455, printed as 22.45


def test_classify_keeps_the_shape_and_gives_plain_text_for_one_angle():
    table = classify(np.array([[1.0, 40.0, np.nan], [60.0, -20.0, 22.45]]))
    assert table.dtype == "<U15"
    assert table.tolist() == [["individualistic", "prosocial", ""], ["altruistic", "competitive", "prosocial"]]
    assert type(classify(45.0)) is str
    assert type(classify(np.float64(45.0))) is str
    assert classify(math.nan) == ""
    assert classify(np.zeros((2, 0))).shape == (2, 0)


@given(st.lists(st.one_of(DEGREES, st.just(math.nan)), min_size=1))
def test_classifying_an_array_is_classifying_each(angles):
    assert classify(np.array(angles)).tolist() == [classify(angle) for angle in angles]


@given(DEGREES, DEGREES)
def test_a_larger_angle_never_falls_into_a_lower_category(one, another):
    rank = ["competitive", "individualistic", "prosocial", "altruistic"].index
    low, high = sorted((one, another))
    assert rank(classify(low)) <= rank(classify(high))


def test_every_category_is_the_name_of_an_orientation():
    assert {name for name in CATEGORIES.values() if name} == {str(orientation) for orientation in Orientation}


def test_ring_angles():
    assert RING_ANGLES == {"altruistic": 90, "prosocial": 45, "individualistic": 0, "competitive": -45}


@pytest.mark.parametrize("orientation", Orientation)
def test_whole_number_weights_point_where_the_ring_angle_does(orientation):
    own, other = WEIGHTS[orientation]
    assert math.degrees(math.atan2(other, own)) == pytest.approx(RING_ANGLES[orientation])


def test_orientations_are_found_by_name():
    assert Orientation.named("prosocial") is Orientation.PROSOCIAL
    assert Orientation.named(" Altruistic ") is Orientation.ALTRUISTIC
    assert Orientation.named(Orientation.COMPETITIVE) is Orientation.COMPETITIVE


@pytest.mark.parametrize("name", ["selfish", "", "pro-social"])
def test_an_unknown_orientation_is_told_with_the_known(name):
    with pytest.raises(SettingError, match=r"unknown orientation.*altruistic, prosocial, individualistic, competitive"):
        Orientation.named(name)


@pytest.mark.parametrize(
    ("orientation", "worth"), [("altruistic", 50), ("prosocial", 150), ("individualistic", 100), ("competitive", 50)]
)
def test_utility_of_an_orientation_is_what_it_maximises(orientation, worth):
    own, other = WEIGHTS[orientation]
    assert utility(100, 50, RING_ANGLES[orientation]) * math.hypot(own, other) == pytest.approx(worth)


@given(POINTS, POINTS, DEGREES)
def test_swapping_own_and_other_mirrors_the_ring_at_45_degrees(own, other, angle):
    assert utility(own, other, angle) == pytest.approx(utility(other, own, 90 - angle), abs=1e-9)


@given(POINTS, POINTS, DEGREES)
def test_utility_is_the_length_of_the_allocation_along_the_ring_angle(own, other, angle):
    direction = math.degrees(math.atan2(other, own))
    expected = math.hypot(own, other) * math.cos(math.radians(direction - angle))
    assert utility(own, other, angle) == pytest.approx(expected, abs=1e-9)


def test_utility_broadcasts():
    worth = utility(np.array([[85], [100]]), np.array([[85], [50]]), np.array([0.0, 45.0, 90.0]))
    assert worth.shape == (2, 3)
    assert worth[1, 2] == pytest.approx(float(utility(100, 50, 90)))
