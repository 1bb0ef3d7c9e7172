import itertools
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from experiments.catalogue import built, member
from games.decomposed import PUBLISHED, Decomposed, greatest_length
from games.errors import ChoiceError, SettingError
from games.ring import ITEMS, Ring
from games.slider import Slider
from games.svo import RING_ANGLES, Orientation, ring_class
from games.triple_dominance import TripleDominance
from games.types import Answer, Choice, Failure

FAILED = Choice(failure=Failure.TRUNCATED)
PAIRS = [[[10, 0], [0, 10]], [[5, 5], [8, 1]]]
POINT = st.tuples(st.integers(-50, 50), st.integers(-50, 50))
LISTS = st.lists(st.lists(POINT, min_size=2, max_size=4, unique=True), min_size=1, max_size=4)
SHEETS = st.lists(st.integers(0, 1), min_size=ITEMS, max_size=ITEMS)


@cache
def example():
    """The items of the catalogue."""
    return built(member("measure", "decomposed_games")["instrument"], "measure")


def apart(one, another):
    """Degrees between two directions."""
    return abs((one - another + 180) % 360 - 180)


def linear_agent(measure, ring_angle):
    own, other = math.cos(math.radians(ring_angle)), math.sin(math.radians(ring_angle))
    return [
        Choice(int(np.argmax([own * o.allocation.own + other * o.allocation.other for o in one.options])))
        for one in measure.decisions()
    ]


@st.composite
def answered(draw):
    """Items, and an option of each."""
    items = draw(LISTS)
    return items, [draw(st.integers(0, len(item) - 1)) for item in items]


def as_choices(options):
    return [Choice(option) for option in options]


# --- the items -------------------------------------------------------------------------------------------------------


def test_decisions_are_the_items_as_listed():
    measure = Decomposed("pairs", [[[1, 2], [3.5, -4], [0, 0]], [[5, 5], [8, 1]]])
    first, second = measure.decisions()
    assert [(o.act, o.allocation.own, o.allocation.other) for o in first.options] == [
        (1, 1, 2),
        (2, 3.5, -4),
        (3, 0, 0),
    ]
    assert [(o.act, o.allocation.own, o.allocation.other) for o in second.options] == [(1, 5, 5), (2, 8, 1)]
    assert [one.item for one in (first, second)] == [1, 2]
    assert {(one.game, one.player, one.stage, one.answer) for one in (first, second)} == {
        ("pairs", 0, "choose", Answer.LETTER)
    }


def test_what_is_made_of_lists_cannot_be_changed():
    given_items = [[[1, 2], [3, 4]]]
    measure = Decomposed("pairs", given_items)
    given_items[0][0][0] = 99
    assert measure.items == (((1.0, 2.0), (3.0, 4.0)),)
    assert hash(measure) == hash(Decomposed("pairs", [[[1, 2], [3, 4]]]))


def test_the_example_items_follow_their_rule():
    centres = [(50, 50), (60, 40), (40, 60), (60, 60)]
    for number, item in enumerate(example().items):
        for turn, point in enumerate(item):
            angle = math.radians(7.5 + 15 * number + 120 * turn)
            ruled = np.array(centres[number % 4]) + 30 * np.array([math.cos(angle), math.sin(angle)])
            assert np.abs(np.array(point) - ruled).max() <= 0.5
        assert all(number.is_integer() and number > 0 for point in item for number in point)
    assert len(example().items) == 8


# --- scores of choices -----------------------------------------------------------------------------------------------


def test_a_score_worked_by_hand():
    # Means (5, 5) and (6.5, 3); chosen less means: (5, −5) and (−1.5, 2); sum (3.5, −3).
    score = Decomposed("pairs", PAIRS).score([Choice(0), Choice(0)])
    assert score.angle == pytest.approx(math.degrees(math.atan2(-3, 3.5)))
    assert score.category == "competitive"
    assert score.length == pytest.approx(math.hypot(3.5, 3))
    # The longest: (5, −5) + (1.5, −2) = (6.5, −7).
    assert score.consistency == pytest.approx(math.hypot(3.5, 3) / math.hypot(6.5, 7))
    assert (score.failed, score.asked, score.obtained, score.spread) == (0, 2, "choices", None)
    assert (score.transitive, score.index) == (None, None)


@pytest.mark.parametrize("orientation", Orientation)
def test_ideal_respondents_to_the_example_have_their_ring_angle(orientation):
    score = example().score(linear_agent(example(), RING_ANGLES[orientation]))
    assert score.angle == pytest.approx(RING_ANGLES[orientation], abs=0.5)  # whole points
    assert score.category == orientation.value
    assert score.consistency > 0.98


def test_the_example_favours_no_direction():
    for ring_angle in range(-180, 180, 5):
        score = example().score(linear_agent(example(), ring_angle))
        assert apart(score.angle, ring_angle) < 8.5
        assert score.consistency > 0.97


def ring_as_a_list(shown):
    measure = Ring(order=shown)
    items = [[[o.allocation.own, o.allocation.other] for o in one.options] for one in measure.decisions()]
    return measure, Decomposed("ring_again", items)


@pytest.mark.parametrize("shown", ["spread", "circle"])
@given(sheet=SHEETS)
def test_for_the_items_of_the_ring_the_score_is_the_ring_s_own(shown, sheet):
    ring, listed = ring_as_a_list(shown)
    one, same = ring.score(as_choices(sheet)), listed.score(as_choices(sheet))
    assert same.length == pytest.approx(one.length, abs=1e-9)
    assert same.consistency == pytest.approx(one.consistency, abs=1e-9)
    assert same.category == one.category
    if one.angle is None:
        assert same.angle is None
    else:
        assert apart(same.angle, one.angle) < 1e-6


def without_centring(items, options):
    """Broken specimen: the direction of the sum of the chosen points as they stand."""
    own, other = np.sum([item[option] for item, option in zip(items, options, strict=True)], axis=0)
    return math.degrees(math.atan2(other, own))


def moved(items, far):
    """The same items with points added to all options of each, other points for each item."""
    return [
        [(own + far * number, other - 2 * far) for own, other in item] for number, item in enumerate(items, start=1)
    ]


@given(answered(), st.integers(-1000, 1000))
def test_it_does_not_matter_where_the_points_of_an_item_lie(case, far):
    items, options = case
    here, there = (Decomposed("m", each).score(as_choices(options)) for each in (items, moved(items, far)))
    assert there.length == pytest.approx(here.length, abs=1e-6)
    assert there.consistency == pytest.approx(here.consistency, abs=1e-6)
    assume(here.consistency > 1e-3)
    assert apart(there.angle, here.angle) < 1e-3


def test_without_centring_it_would_matter():
    here, there = (without_centring(items, [0, 0]) for items in (PAIRS, moved(PAIRS, 100)))
    assert apart(here, there) > 10


@given(answered(), st.floats(0.1, 100))
def test_larger_points_lengthen_the_sum_and_turn_it_nowhere(case, factor):
    items, options = case
    larger = [[(factor * own, factor * other) for own, other in item] for item in items]
    plain, scaled = (Decomposed("m", each).score(as_choices(options)) for each in (items, larger))
    assert scaled.length == pytest.approx(factor * plain.length, abs=1e-6)
    assert scaled.consistency == pytest.approx(plain.consistency, abs=1e-6)
    if plain.consistency > 1e-3:
        assert apart(scaled.angle, plain.angle) < 1e-3


def longest(items):
    """The greatest length of a sum, answer sheet by answer sheet."""
    total = np.zeros(1, dtype=np.complex128)
    for item in items:
        vectors = np.array(item, dtype=float) @ np.array([1, 1j])
        total = np.add.outer(total, vectors - vectors.mean()).ravel()
    return np.abs(total).max()


@settings(max_examples=200)
@given(LISTS)
def test_the_greatest_length_is_that_of_all_answers(items):
    assert greatest_length(Decomposed("m", items).items) == pytest.approx(longest(items))


@pytest.mark.parametrize("seed", range(60))
def test_the_greatest_length_of_many_unlike_items(seed):
    # Many directions, so that the longest sum is the furthest in few of them.
    items = np.random.default_rng(seed).normal(size=(12, 2, 2)).tolist()
    assert greatest_length(Decomposed("m", items).items) == pytest.approx(longest(items))


@given(answered())
def test_readings_lie_where_they_should(case):
    items, options = case
    score = Decomposed("m", items).score(as_choices(options))
    assert 0 <= score.consistency <= 1
    assert (score.angle is None) == (score.category is None) == (score.length < 1e-6)
    if score.angle is not None:
        assert score.category == ring_class(score.angle)


def test_choices_that_cancel_out_have_no_direction():
    score = Decomposed("m", [[[10, 0], [0, 10]], [[0, 10], [10, 0]]]).score([Choice(0), Choice(0)])
    assert (score.angle, score.category, score.length, score.consistency, score.failed) == (None, None, 0, 0, 0)


def test_items_that_differ_one_way_alone_give_that_direction_and_its_opposite():
    measure = Decomposed("m", [[[10, 0], [0, 10]], [[9, 1], [5, 5], [1, 9]]])
    angles = {measure.score(as_choices(sheet)).angle for sheet in itertools.product(range(2), range(3))}
    assert {round(angle) for angle in angles} == {-45, 135}


# --- failures and probabilities --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(8))
def test_one_failure_leaves_no_reading(place):
    choices = linear_agent(example(), 0)
    choices[place] = FAILED
    score = example().score(choices)
    assert (score.angle, score.category, score.length, score.consistency) == (None,) * 4
    assert (score.failed, score.asked) == (1, 8)


@given(answered())
def test_certainty_is_scored_as_the_choices_are(case):
    items, options = case
    certain = [
        Choice(option, probabilities=tuple(float(n == option) for n in range(len(item))))
        for item, option in zip(items, options, strict=True)
    ]
    measure = Decomposed("m", items)
    assert measure.score(certain) == replace(measure.score(as_choices(options)), obtained="probabilities")


@given(st.lists(st.tuples(*[st.floats(0.01, 1)] * 3), min_size=8, max_size=8))
def test_the_expected_sum_is_that_of_all_answers(weights):
    rows = [tuple(weight / sum(row) for weight in row) for row in weights]
    score = example().score([Choice(0, probabilities=row) for row in rows])
    expected = np.zeros(2)
    for row, item in zip(rows, example().items, strict=True):
        mean = [sum(axis) / len(item) for axis in zip(*item, strict=True)]
        for chance, (own, other) in zip(row, item, strict=True):
            expected += chance * np.array([own - mean[0], other - mean[1]])
    assert score.length == pytest.approx(math.hypot(*expected), abs=1e-9)
    assert (score.obtained, score.spread) == ("probabilities", None)
    if score.length > 1e-3:
        assert apart(score.angle, math.degrees(math.atan2(expected[1], expected[0]))) < 1e-3


def test_even_chances_have_no_direction():
    score = example().score([Choice(0, probabilities=(1 / 3,) * 3)] * 8)
    assert (score.angle, score.category) == (None, None)
    assert score.length == pytest.approx(0, abs=1e-9)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choices",
    [
        [Choice(0)],
        [Choice(0)] * 3,
        [Choice(2), Choice(0)],
        [Choice(-1), Choice(0)],
        [Choice(0, probabilities=(1.0,)), Choice(0)],
    ],
)
def test_choices_that_do_not_answer_the_items_are_refused(choices):
    with pytest.raises(ChoiceError, match="pairs"):
        Decomposed("pairs", PAIRS).score(choices)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([], "m: items is"),
        (None, "m: items is None"),
        ("ab", "m: items is 'ab'"),
        ([*PAIRS, [[1, 2]]], "m: item 3 is .*at least two options"),
        ([[]], "item 1 is .*at least two options"),
        ([5], "item 1 is 5"),
        ([[1, 2], [3, 4]], "item 1, option 1 is 1; write two numbers"),  # one list too few
        ([[[1, 2], [3]]], "item 1, option 2 is .3.; write two numbers"),
        ([[[1, 2], [3, 4, 5]]], "option 2"),
        ([[[1, 2], "34"]], "option 2 is '34'"),
        ([[[1, 2], [3, "4"]]], "option 2 holds '4'; points are finite numbers"),
        ([[[1, 2], [3, None]]], "option 2 holds None"),
        ([[[1, True], [3, 4]]], "option 1 holds True"),
        ([PAIRS[0], [[1, 2], [math.inf, 4]]], "item 2, option 2 holds inf"),
        ([[[math.nan, 2], [3, 4]]], "option 1 holds nan"),
        ([[[1, 2], [3, 4], [1, 2.0]]], "item 1 offers the same points twice"),
        ([[[n, 0] for n in range(27)]], "27 options"),
    ],
)
def test_items_that_are_none_are_refused(items, words):
    with pytest.raises(SettingError, match=words):
        Decomposed("m", items)


@pytest.mark.parametrize("name", ["", "My games", "Games", "1st", "a-b", None, 3])
def test_names_that_are_none_are_refused(name):
    with pytest.raises(SettingError, match="cannot name a measure"):
        Decomposed(name, PAIRS)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_name_of_another_measure_is_refused(name):
    with pytest.raises(SettingError, match="another measure's"):
        Decomposed(name, PAIRS)


def test_the_names_taken_are_those_of_the_other_measures():
    assert {Slider().name, Ring().name, TripleDominance().name} == set(PUBLISHED)


def test_a_mistake_in_a_file_is_told_in_one_line():
    config = {"_target_": "games.decomposed.Decomposed", "name": "m", "items": [[[1, 2]]]}
    with pytest.raises(SettingError, match=r"m: item 1 is \[\[1, 2\]\]; write at least two options"):
        built(config, "measure")
