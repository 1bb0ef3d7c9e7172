import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.errors import ChoiceError, SettingError
from games.ring import ITEMS, ORDERS, Ring, order, points
from games.svo import RING_ANGLES, RING_CLASSES, Orientation, ring_class
from games.types import Answer, Choice, Failure

FAILED = Choice(failure=Failure.REFUSED)
SHEETS = st.lists(st.integers(0, 1), min_size=ITEMS, max_size=ITEMS)  # options by item number

# The reference: radius 15, one quarter; the others are its mirror images.
PRINTED = [(15, 0), (14.49, 3.88), (12.99, 7.50), (10.61, 10.61), (7.50, 12.99), (3.88, 14.49), (0, 15)]


def linear_agent(measure, ring_angle):
    """The choices of somebody who wants to go as far as possible in one direction."""
    own, other = math.cos(math.radians(ring_angle)), math.sin(math.radians(ring_angle))
    return [
        Choice(int(np.argmax([own * o.allocation.own + other * o.allocation.other for o in one.options])))
        for one in measure.decisions()
    ]


def by_item(measure, sheet):
    return [Choice(sheet[one.item - 1]) for one in measure.decisions()]


def vector(measure, choices):
    """The sum of the chosen points, written out."""
    taken = [choice.taken(one).allocation for one, choice in zip(measure.decisions(), choices, strict=True)]
    return sum(one.own for one in taken), sum(one.other for one in taken)


def apart(one, another):
    """Degrees between two directions."""
    return abs((one - another + 180) % 360 - 180)


# --- the circle ------------------------------------------------------------------------------------------------------


def test_the_points_are_those_of_the_reference_and_their_mirror_images():
    circle = [tuple(point) for point in points(15).tolist()]
    assert circle[:7] == PRINTED
    images = {(s * own, t * other) for own, other in PRINTED for s, t in itertools.product((1, -1), repeat=2)}
    assert set(circle) == images
    assert len(set(circle)) == ITEMS
    assert [round(math.degrees(math.atan2(y, x)) / 15) % 24 for x, y in circle] == list(range(ITEMS))
    assert "-0.0" not in str(circle)


@given(st.floats(0.11, 1e4))
def test_rounding_leaves_the_circle_its_symmetry(radius):
    circle = points(radius)
    assert (circle == -np.roll(circle, 12, axis=0)).all()
    assert (circle[:, 0] == np.roll(circle, -6, axis=0)[:, 1]).all()
    assert len(np.unique(circle, axis=0)) == ITEMS
    assert np.abs(np.hypot(*circle.T) - radius).max() < 0.0072  # half a hundredth each way


def test_an_item_is_the_choice_between_neighbours():
    circle = points(15).tolist()
    decisions = {one.item: one for one in Ring().decisions()}
    assert sorted(decisions) == list(range(1, 25))
    for item, one in decisions.items():
        assert [[o.allocation.own, o.allocation.other] for o in one.options] == [circle[item - 1], circle[item % 24]]
        assert [o.act for o in one.options] == [15 * (item - 1), 15 * item % 360]
        assert (one.game, one.player, one.stage, one.answer) == ("ring", 0, "choose", Answer.LETTER)
        assert one.labels == ("A", "B")
        assert not one.facts


def test_orders():
    assert order("circle") == tuple(range(1, 25))
    assert order("spread")[:8] == (1, 8, 15, 22, 5, 12, 19, 2)
    for name in ORDERS:
        assert sorted(order(name)) == list(range(1, 25))
        assert tuple(one.item for one in Ring(order=name).decisions()) == order(name)


def shown_apart(shown):
    """How many items apart neighbours of the circle are shown, at the least."""
    at = {item: place for place, item in enumerate(shown)}
    return min(abs(at[item] - at[item % 24 + 1]) for item in range(1, 25))


def test_spread_keeps_neighbours_apart_and_circle_does_not():
    assert shown_apart(order("spread")) == 7
    assert shown_apart(order("circle")) == 1


# --- classes ---------------------------------------------------------------------------------------------------------

CLASSES = {
    -112.5: "aggressive", -90: "aggressive", -67.5: "competitive", -45: "competitive", -22.5: "individualistic",
    0: "individualistic", 22.5: "prosocial", 45: "prosocial", 67.5: "altruistic", 90: "altruistic", 112.5: "martyr",
    135: "martyr", 157.5: "masochistic", 180: "masochistic", -180: "masochistic", -157.5: "sadomasochistic",
    -135: "sadomasochistic",
}  # fmt: skip


@pytest.mark.parametrize(("angle", "name"), CLASSES.items())
def test_classes_are_the_listed_ones_and_a_limit_belongs_to_the_class_above(angle, name):
    assert ring_class(angle) == name
    if angle % 45 == 22.5:
        assert ring_class(math.nextafter(angle, -1000)) == RING_CLASSES[RING_CLASSES.index(name) - 1]


def test_every_orientation_has_the_class_of_its_name():
    assert {one: ring_class(angle) for one, angle in RING_ANGLES.items()} == {one: one.value for one in Orientation}


@given(st.floats(-180, 180))
def test_a_class_is_that_of_the_nearest_pure_motive(angle):
    assert apart(45 * RING_CLASSES.index(ring_class(angle)) - 180, angle) <= 22.5 + 1e-9


@pytest.mark.parametrize("angle", [math.nan, math.inf, -math.inf, 180.1, 270])
def test_no_direction_has_no_class(angle):
    with pytest.raises(ValueError, match="no direction"):
        ring_class(angle)


# --- scores of choices -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ORDERS)
@pytest.mark.parametrize("orientation", Orientation)
def test_ideal_respondents_have_the_ring_angle_of_their_orientation(orientation, shown):
    measure = Ring(order=shown)
    score = measure.score(linear_agent(measure, RING_ANGLES[orientation]))
    assert score.angle == pytest.approx(RING_ANGLES[orientation], abs=1e-9)
    assert score.category == orientation.value
    assert score.length == pytest.approx(30, abs=0.01)  # the points are rounded
    assert score.consistency == pytest.approx(1, abs=0.0005)
    assert (score.transitive, score.index, score.spread) == (None, None, None)
    assert (score.failed, score.asked, score.obtained) == (0, 24, "choices")


@pytest.mark.parametrize("place", range(ITEMS))
def test_all_24_directions_are_reached_at_twice_the_point(place):
    score = Ring().score(linear_agent(Ring(), 15 * place))
    own, other = points(15)[place]
    assert apart(score.angle, math.degrees(math.atan2(other, own))) < 1e-9
    assert apart(score.angle, 15 * place) < 0.02
    assert score.length == pytest.approx(2 * math.hypot(own, other))
    assert score.category == ring_class((15 * place + 180) % 360 - 180)


def sums(circle):
    """Every sum that answers can have: items k and k + 12 differ by opposite vectors, so each pair adds one or none."""
    total = np.zeros(1, dtype=np.complex128)
    for first, second in itertools.pairwise((circle @ np.array([1, 1j]))[:13]):
        total = np.add.outer(total, np.array([-1, 0, 1]) * (second - first)).ravel()
    return total


@pytest.mark.parametrize("radius", [15, 100])
def test_the_greatest_length_over_all_answers(radius):
    lengths = np.abs(sums(points(radius)))
    assert len(lengths) == 3**12
    assert Ring(radius).greatest == pytest.approx(lengths.max(), abs=1e-9)
    assert Ring(radius).greatest == pytest.approx(2 * radius, abs=0.015)


def test_without_rounding_the_greatest_length_is_twice_the_radius():
    turns = np.radians(15 * np.arange(24))
    assert np.abs(sums(15 * np.stack([np.cos(turns), np.sin(turns)], axis=-1))).max() == pytest.approx(30, abs=1e-12)


@given(SHEETS)
def test_a_score_is_the_sum_of_the_chosen_points_in_whatever_order_they_are_shown(sheet):
    spread, circle = (Ring(order=shown).score(by_item(Ring(order=shown), sheet)) for shown in ORDERS)
    own, other = vector(Ring(), by_item(Ring(), sheet))
    length = math.hypot(own, other)
    assert spread.length == pytest.approx(length, abs=1e-9)
    assert spread.consistency == pytest.approx(length / 30.0096, abs=1e-5)
    assert 0 <= spread.consistency <= 1
    assert circle.length == pytest.approx(spread.length, abs=1e-9)
    if length < 1e-6:
        assert spread.angle is spread.category is None
    else:
        assert apart(spread.angle, math.degrees(math.atan2(other, own))) < 1e-6
        assert apart(spread.angle, circle.angle) < 1e-6
        assert spread.category == ring_class(spread.angle)


@given(SHEETS)
def test_who_always_takes_the_other_option_points_the_other_way(sheet):
    # The two points of every item add up to the same as twice its mean, and the means to 0.
    one, other = (Ring().score(by_item(Ring(), [abs(turn - each) for each in sheet])) for turn in (0, 1))
    assert one.length == pytest.approx(other.length, abs=1e-9)
    if one.angle is not None:
        assert apart(one.angle, other.angle) == pytest.approx(180, abs=1e-6)


@given(st.floats(-180, 180), st.floats(1, 1e3))
def test_a_linear_agent_is_measured_within_half_a_step_and_found_consistent(ring_angle, radius):
    score = Ring(radius).score(linear_agent(Ring(radius), ring_angle))
    assert apart(score.angle, ring_angle) <= 7.5 + 30 / radius  # rounding matters on a small circle
    assert score.consistency >= math.cos(math.radians(7.5)) - 0.01 / radius - 1e-9


@pytest.mark.parametrize("option", [0, 1])
def test_always_the_same_letter_has_no_direction(option):
    score = Ring().score([Choice(option)] * ITEMS)
    assert score.length == pytest.approx(0, abs=1e-12)
    assert score.consistency == pytest.approx(0, abs=1e-12)
    assert (score.angle, score.category, score.failed) == (None, None, 0)


# --- failures and probabilities --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(ITEMS))
def test_one_failure_leaves_no_reading(place):
    choices = linear_agent(Ring(), 45)
    choices[place] = FAILED
    score = Ring().score(choices)
    assert (score.angle, score.category, score.length, score.consistency) == (None,) * 4
    assert (score.failed, score.asked) == (1, 24)


def with_probabilities(choices, sure):
    """The same choices, each drawn with that probability."""
    return [replace(one, probabilities=(sure, 1 - sure) if one.option == 0 else (1 - sure, sure)) for one in choices]


@given(SHEETS)
def test_certainty_is_scored_as_the_choices_are(sheet):
    choices = by_item(Ring(), sheet)
    certain = Ring().score(with_probabilities(choices, 1.0))
    assert certain == replace(Ring().score(choices), obtained="probabilities")


@given(st.sampled_from(range(0, 360, 15)), st.floats(0.55, 1))
def test_doubt_shortens_the_expected_sum_and_turns_it_nowhere(ring_angle, sure):
    choices = linear_agent(Ring(), ring_angle)
    plain, doubting = Ring().score(choices), Ring().score(with_probabilities(choices, sure))
    assert doubting.length == pytest.approx((2 * sure - 1) * plain.length)
    assert doubting.consistency == pytest.approx((2 * sure - 1) * plain.consistency)
    assert apart(doubting.angle, plain.angle) < 1e-9
    assert doubting.category == plain.category
    assert (doubting.obtained, doubting.spread) == ("probabilities", None)


def test_even_chances_have_no_direction():
    score = Ring().score([Choice(0, probabilities=(0.5, 0.5))] * ITEMS)
    assert (score.angle, score.category) == (None, None)
    assert score.length == pytest.approx(0, abs=1e-12)


def test_a_choice_without_probabilities_among_others_is_certain():
    choices = linear_agent(Ring(), 0)
    mixed = [*with_probabilities(choices[:1], 0.5), *choices[1:]]
    own, other = vector(Ring(), choices)
    first = Ring().decisions()[0]
    chosen = choices[0].taken(first).allocation
    mean = np.mean([(o.allocation.own, o.allocation.other) for o in first.options], axis=0)
    expected = own - chosen.own + mean[0], other - chosen.other + mean[1]
    score = Ring().score(mixed)
    assert score.length == pytest.approx(math.hypot(*expected))
    assert score.angle == pytest.approx(math.degrees(math.atan2(expected[1], expected[0])))
    assert score.obtained == "probabilities"


def test_probabilities_that_sum_to_1_nearly_are_scaled():
    choices = [replace(one, probabilities=None) for one in linear_agent(Ring(), 0)]
    off = [replace(one, probabilities=(1 + 5e-7, 0.0) if one.option == 0 else (0.0, 1 + 5e-7)) for one in choices]
    assert Ring().score(off).length == Ring().score(choices).length


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choices",
    [
        [Choice(0)] * 23,
        [Choice(0)] * 25,
        [],
        [Choice(2)] + [Choice(0)] * 23,
        [Choice(-1)] + [Choice(0)] * 23,
        [Choice(0, probabilities=(0.5, 0.25, 0.25))] + [Choice(0)] * 23,
    ],
)
def test_choices_that_do_not_answer_the_items_are_refused(choices):
    with pytest.raises(ChoiceError, match="ring"):
        Ring().score(choices)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"radius": 0}, "radius=0"),
        ({"radius": -15}, "radius=-15"),
        ({"radius": 0.1}, "radius"),
        ({"radius": math.nan}, "radius"),
        ({"radius": math.inf}, "radius"),
        ({"radius": "15"}, "radius"),
        ({"radius": True}, "radius"),
        ({"order": "shuffled"}, "known: spread, circle"),
        ({"order": None}, "known: spread, circle"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    with pytest.raises(SettingError, match=words):
        Ring(**settings)
