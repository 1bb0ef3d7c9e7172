import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from games.errors import ChoiceError, SettingError
from games.slider import (
    CONSISTENT_LENGTH,
    ITEMS,
    Respondent,
    Slider,
    all_angles,
    angle,
    expected,
    ideal_options,
    order,
    preference_order,
    secondary_index,
    transitive,
    vector_length,
)
from games.svo import classify, utility
from games.types import Answer, Choice, Decision, Failure

PRIMARY_ANSWERS = st.lists(st.integers(1, 9), min_size=6, max_size=6)
SECONDARY_ANSWERS = st.lists(st.integers(1, 9), min_size=9, max_size=9)
CONSTANT_SUM = (5, 8, 11, 13)

# The ideal respondents of the reference, by the allocations they choose on items 1–6, and their angle.
IDEAL = {
    "altruist": ("85-85 100-50 50-100 50-100 50-100 85-85", 61.39),
    "inequality averse": ("85-85 100-50 85-85 63-68 75-75 85-85", 37.48),
    "joint gain, 100-50 on item 5": ("85-85 100-50 85-85 50-100 100-50 85-85", 37.09),
    "joint gain, 75-75 on item 5": ("85-85 100-50 85-85 50-100 75-75 85-85", 45.00),
    "joint gain, 50-100 on item 5": ("85-85 100-50 85-85 50-100 50-100 85-85", 52.91),
    "individualist, 85-15 on item 1": ("85-15 100-50 85-85 85-15 100-50 100-50", -7.82),
    "individualist, 85-85 on item 1": ("85-85 100-50 85-85 85-15 100-50 100-50", 7.82),
    "competitor": ("85-15 85-15 85-85 85-15 100-50 100-50", -16.26),
}

# The step function of the reference: slider angle of a linear agent, and the ring angle up to which it holds.
STEPS = [
    (-16.26, -26.6), (-15.26, -24.0), (-13.05, -22.2), (-7.82, 0.0), (7.82, 20.0), (10.39, 21.3), (14.70, 22.1),
    (22.57, 23.2), (32.94, 24.8), (36.11, 26.6), (37.09, 42.7), (41.04, 45.0), (48.96, 47.3), (52.91, 63.4),
    (53.89, 65.2), (57.06, 68.8), (61.39, 90.0),
]  # fmt: skip


def by_atan2(own, other):
    """The angle by the formula as it is printed: degrees, from mean points."""
    return math.degrees(math.atan2(other - 50, own - 50))


def options_of(allocations: str) -> list[int]:
    """The option numbers of allocations written as "own-other" for items 1, 2, …"""
    pairs = [[int(points) for points in pair.split("-")] for pair in allocations.split()]
    return [ITEMS[item].tolist().index(pair) + 1 for item, pair in enumerate(pairs)]


def linear_agent(ring_angle: float) -> list[int]:
    return (utility(ITEMS[:6, :, 0], ITEMS[:6, :, 1], ring_angle).argmax(axis=1) + 1).tolist()


# --- the table -------------------------------------------------------------------------------------------------------


def test_items_are_read_only_whole_numbers():
    assert ITEMS.shape == (15, 9, 2)
    assert ITEMS.dtype.kind == "i"
    assert ITEMS.min() == 15
    assert ITEMS.max() == 100
    with pytest.raises(ValueError):
        ITEMS[0, 0, 0] = 1


def test_inner_points_are_rounded_from_a_straight_line_between_the_ends():
    share = np.linspace(0, 1, 9)[None, :, None]
    assert np.abs(ITEMS - (ITEMS[:, :1] + share * (ITEMS[:, -1:] - ITEMS[:, :1]))).max() <= 0.5


def test_constant_sum_items_are_one_too_large_at_options_3_and_7_and_nowhere_else():
    sums = ITEMS.sum(axis=2)
    equal_ends = [item for item in range(1, 16) if sums[item - 1, 0] == sums[item - 1, -1]]
    assert equal_ends == list(CONSTANT_SUM)
    for item in CONSTANT_SUM:
        assert (sums[item - 1] - sums[item - 1, 0]).tolist() == [0, 0, 1, 0, 0, 0, 1, 0, 0]


def test_primary_items_join_the_corner_points():
    ends = [(tuple(row[0]), tuple(row[-1])) for row in ITEMS[:6].tolist()]
    a, p, i, c = (50, 100), (85, 85), (100, 50), (85, 15)
    assert ends == [(p, c), (c, i), (a, p), (a, c), (i, a), (i, p)]


def test_items_3_and_6_are_mirror_images_and_item_5_is_its_own():
    assert (ITEMS[2][:, ::-1] == ITEMS[5]).all()
    assert (ITEMS[4][::-1, ::-1] == ITEMS[4]).all()


# --- the angle -------------------------------------------------------------------------------------------------------


def reproduces_the_ideal_respondents(scorer):
    return all(abs(scorer(options_of(chosen)) - expected) < 0.005 for chosen, expected in IDEAL.values())


def chosen_points(options):
    return ITEMS[np.arange(6), np.array(options) - 1].astype(float)


def not_from_the_centre(options):
    """Broken specimen: 50 is not subtracted."""
    own, other = chosen_points(options).mean(axis=0)
    return math.degrees(math.atan2(other, own))


def mean_of_angles(options):
    """Broken specimen: the mean of each item's angle in place of the angle of the mean."""
    own, other = chosen_points(options).T - 50
    return np.degrees(np.arctan2(other, own)).mean()


def own_and_other_swapped(options):
    """Broken specimen."""
    other, own = chosen_points(options).mean(axis=0) - 50
    return math.degrees(math.atan2(other, own))


def in_radians(options):
    """Broken specimen."""
    own, other = chosen_points(options).mean(axis=0) - 50
    return math.atan2(other, own)


def test_ideal_respondents_have_the_angles_of_the_reference():
    assert reproduces_the_ideal_respondents(angle)


@pytest.mark.parametrize("specimen", [not_from_the_centre, mean_of_angles, own_and_other_swapped, in_radians])
def test_the_ideal_respondents_reject_a_broken_angle(specimen):
    assert not reproduces_the_ideal_respondents(specimen)


def test_attainable_range_over_all_answers():
    assert all_angles().shape == (9**6,)
    assert all_angles().min() == angle(options_of(IDEAL["competitor"][0]))
    assert all_angles().max() == angle(options_of(IDEAL["altruist"][0]))
    assert round(all_angles().min(), 2) == -16.26
    assert round(all_angles().max(), 2) == 61.39


def test_all_angles_are_those_of_the_answers_counted_up():
    answers = np.stack(np.unravel_index(np.arange(0, 9**6, 997), (9,) * 6), axis=-1) + 1
    assert (all_angles()[::997] == angle(answers)).all()


@pytest.mark.parametrize(("low", "step", "high"), [(a[1], *b) for a, b in itertools.pairwise([(0, -90.0), *STEPS])])
def test_linear_agents_climb_the_steps_of_the_reference(low, step, high):
    for ring_angle in (low + 0.06, (low + high) / 2, high - 0.06):  # the ends are printed to one decimal
        assert angle(linear_agent(ring_angle)) == pytest.approx(step, abs=0.005)


def test_linear_agents_take_no_other_step():
    angles = {round(float(angle(linear_agent(ring_angle))), 2) for ring_angle in np.arange(-89.997, 90, 0.01)}
    assert angles == {step for step, _ in STEPS}


def test_random_answers_exactly():
    angles = all_angles()
    # The reference gives 22.68, sd 12.87 and 50.6, 49.3, 0.04, 0.04 % from 200,000 draws; these are the exact values.
    assert angles.mean() == pytest.approx(22.70298, abs=5e-6)
    assert angles.std() == pytest.approx(12.86554, abs=5e-6)
    shares = {name: float((classify(angles) == name).mean()) for name in set(classify(angles))}
    assert shares == pytest.approx(
        {
            "prosocial": 0.506825781,
            "individualistic": 0.492255961,
            "altruistic": 0.000489236,
            "competitive": 0.000429022,
        },
        abs=5e-10,
    )
    # … and the draws of the reference lie within three standard errors (and half a printed digit) of them.
    assert abs(angles.mean() - 22.68) < 3 * angles.std() / math.sqrt(200_000) + 0.005
    assert round(angles.std(), 2) == 12.87
    drawn = {"prosocial": 0.506, "individualistic": 0.493, "altruistic": 0.0004, "competitive": 0.0004}
    for name, share in shares.items():
        assert abs(share - drawn[name]) < 3 * math.sqrt(share * (1 - share) / 200_000) + 0.5 * 10 ** (
            -3 if share > 0.1 else -4
        )


@given(PRIMARY_ANSWERS)
def test_an_angle_lies_in_the_attainable_range_and_is_that_of_the_mean_points(options):
    theta = float(angle(options))
    assert -16.2603 < theta < 61.3896
    assert theta == pytest.approx(float(by_atan2(*chosen_points(options).mean(axis=0))))


@given(PRIMARY_ANSWERS, st.integers(1, 6))
def test_giving_more_and_keeping_no_more_never_lowers_the_angle(options, item):
    assume(angle(options) >= 0)  # below 0° fewer own points steepen the fall
    own, other = ITEMS[item - 1, options[item - 1] - 1]
    for option, (more_own, more_other) in enumerate(ITEMS[item - 1], start=1):
        if more_own <= own and more_other >= other:
            kinder = [*options[: item - 1], option, *options[item:]]
            assert angle(kinder) >= angle(options) - 1e-9


@given(st.integers(1, 9))
def test_a_joint_gain_respondent_is_mirrored_at_45_degrees_by_mirroring_item_5(option):
    answers = options_of(IDEAL["joint gain, 75-75 on item 5"][0])
    one, other = ([*answers[:4], chosen, answers[5]] for chosen in (option, 10 - option))
    assert float(angle(one)) + float(angle(other)) == pytest.approx(90)


@given(st.floats(50.001, 100), st.floats(50.001, 100))
def test_swapping_the_mean_points_mirrors_the_angle(own, other):
    assert float(by_atan2(own, other)) + float(by_atan2(other, own)) == pytest.approx(90)


SCORERS = (angle, vector_length, transitive)


@settings(max_examples=30)
@given(
    hnp.arrays(np.int64, hnp.array_shapes(max_dims=3, max_side=4).map(lambda s: (*s, 6)), elements=st.integers(1, 9))
)
def test_scoring_an_array_is_scoring_each_respondent(options):
    for scorer in SCORERS:
        one_by_one = [scorer(row) for row in options.reshape(-1, 6).tolist()]
        assert np.array_equal(scorer(options), np.array(one_by_one).reshape(options.shape[:-1]))
    assert preference_order(options).shape == (*options.shape[:-1], 4)


@pytest.mark.parametrize("scorer", [*SCORERS, preference_order])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([1.0] * 6, "whole numbers"),
        ([1, 2, 3, 4, 5, math.nan], "whole numbers"),
        ([True] * 6, "whole numbers"),
        (["1"] * 6, "whole numbers"),
        ([], "whole numbers"),
        ([0, 1, 1, 1, 1, 1], "from 0 to 1"),
        ([1, 1, 1, 1, 1, 10], "from 1 to 10"),
        ([1] * 5, "6 items"),
        ([[1] * 7], "6 items"),
        (3, "6 items"),
    ],
)
def test_answers_that_are_none_are_refused(scorer, options, words):
    with pytest.raises(ValueError, match=words):
        scorer(options)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64])
def test_any_whole_number_type_will_do(dtype):
    options = np.array([9, 1, 9, 9, 1, 1], dtype=dtype)
    assert angle(options) == angle(options.tolist())
    secondary = np.array([6, 1, 4, 9, 5, 8, 5, 1, 2], dtype=dtype)
    assert secondary_index(secondary) == secondary_index(secondary.tolist())


def test_nobody_scores_nothing():
    assert angle(np.zeros((0, 6), dtype=int)).shape == (0,)
    assert secondary_index(np.zeros((3, 0, 9), dtype=int)).shape == (3, 0)


# --- the two checks --------------------------------------------------------------------------------------------------

A, P, N, C = range(4)  # altruistic, prosocial, individualistic, competitive
JOINED = [(P, C), (C, N), (A, P), (A, C), (N, A), (N, P)]


def answers_preferring(*winners):
    """Answers at the ends: for each item the corner that wins it, or None for the middle."""
    return [5 if won is None else 1 if won == pair[0] else 9 for won, pair in zip(winners, JOINED, strict=True)]


TRANSITIVE = {
    (P, N, P, A, A, P): True,  # prosocial > altruistic > individualistic > competitive
    (C, C, P, C, N, N): True,  # competitive > individualistic > prosocial > altruistic
    (P, C, P, A, A, P): True,  # … > altruistic > competitive > individualistic
    (P, C, P, C, A, N): False,  # P > C > N > P
    (P, N, A, C, N, N): False,  # A > P > C > A
    (P, C, A, A, N, N): False,  # A > C > N > A
    (C, N, P, A, N, P): False,  # C > P > A > C
    (None, C, A, A, A, N): True,  # the exact middle of item 1 leaves C > N > P open …
    (P, C, A, A, A, N): False,  # … which P > C would close
    (P, C, A, C, None, P): False,  # A > P > C > A without item 5
    (P, N, P, A, None, P): True,
    (None, N, A, C, None, P): False,  # the cycle of four, A > P > N > C > A, in which no three are a cycle
}


def judges_the_examples(rule):
    return all(bool(rule(answers_preferring(*winners))) == expected for winners, expected in TRANSITIVE.items())


def acyclic_by_search(options, tie=None):
    """The same check written another way: an order of the corners that no preference contradicts."""
    edges = []
    for item, (first, second) in enumerate(JOINED):
        corners = [(50, 100), (85, 85), (100, 50), (85, 15)]
        chosen = ITEMS[item, options[item] - 1]
        near = [math.dist(chosen, corners[corner]) for corner in (first, second)]
        if near[0] != near[1]:
            edges.append((first, second) if near[0] < near[1] else (second, first))
        elif tie == "first":
            edges.append((first, second))
    return any(
        all(ranks.index(better) < ranks.index(worse) for better, worse in edges)
        for ranks in itertools.permutations(range(4))
    )


def without_a_cycle_of_three(options):
    """Broken specimen: looks at the four triangles and misses the cycle of four."""
    won = [5 if option == 5 else 1 if option < 5 else 9 for option in options]
    edges = {pair if option == 1 else pair[::-1] for option, pair in zip(won, JOINED, strict=True) if option != 5}
    return not any({(x, y), (y, z), (z, x)} <= edges for x, y, z in itertools.permutations(range(4), 3))


def test_transitivity_of_examples_made_by_hand():
    assert judges_the_examples(transitive)
    assert judges_the_examples(acyclic_by_search)


@pytest.mark.parametrize(
    "specimen",
    [lambda options: True, lambda options: acyclic_by_search(options, tie="first"), without_a_cycle_of_three],
)
def test_the_examples_reject_a_broken_check(specimen):
    assert not judges_the_examples(specimen)


@settings(max_examples=300)
@given(PRIMARY_ANSWERS)
def test_transitive_means_that_some_order_contradicts_no_preference(options):
    assert bool(transitive(options)) == acyclic_by_search(options)


def test_only_the_middle_of_items_1_and_5_is_exactly_between_its_corners():
    ends = answers_preferring(P, N, P, A, A, P)
    halves = {
        (item, option)
        for item in range(6)
        for option in range(1, 10)
        if (preference_order([*ends[:item], option, *ends[item + 1 :]]) % 1).any()
    }
    assert halves == {(0, 5), (4, 5)}  # elsewhere rounding moves the middle towards one corner


def test_preference_order_counts_wins_and_half_wins():
    assert preference_order(answers_preferring(P, N, P, A, A, P)).tolist() == [2, 3, 1, 0]
    assert preference_order(answers_preferring(None, N, P, A, None, P)).tolist() == [1.5, 2.5, 1.5, 0.5]


@given(PRIMARY_ANSWERS)
def test_six_comparisons_share_out_six_wins(options):
    assert preference_order(options).sum() == 6


def test_ideal_respondents_pass_both_checks():
    for chosen, _ in IDEAL.values():
        assert transitive(options_of(chosen))
        assert vector_length(options_of(chosen)) > CONSISTENT_LENGTH


def test_vector_length():
    assert CONSISTENT_LENGTH == 35
    own, other = chosen_points([5] * 6).mean(axis=0) - 50
    assert vector_length([5] * 6) == pytest.approx(math.hypot(own, other))
    assert vector_length([5] * 6) < CONSISTENT_LENGTH  # always the middle: a prosocial angle, and no consistency
    assert classify(float(angle([5] * 6))) == "prosocial"


# --- the secondary items ---------------------------------------------------------------------------------------------

SECONDARY_IDEALS = {  # of the reference, items 7..15; 0 where joint gain is undefined
    Respondent.INEQUALITY_AVERSE: [6, 5, 4, 7, 5, 8, 5, 3, 2],
    Respondent.JOINT_GAIN: [9, 0, 1, 9, 0, 9, 0, 1, 1],
    Respondent.INDIVIDUALIST: [1, 9, 1, 1, 9, 9, 9, 1, 9],
    Respondent.ALTRUIST: [9, 1, 9, 9, 1, 1, 1, 9, 1],
}


@pytest.mark.parametrize(("respondent", "listed"), SECONDARY_IDEALS.items())
def test_secondary_ideals_computed_from_the_points_are_those_listed(respondent, listed):
    computed = ideal_options(respondent)[6:]
    assert [best[0] if len(best) == 1 else 0 for best in computed] == listed
    assert all(best == tuple(range(1, 10)) for best in computed if len(best) > 1)


def test_primary_ideals_are_those_of_the_ideal_respondents():
    rows = {
        Respondent.ALTRUIST: ["altruist"],
        Respondent.INEQUALITY_AVERSE: ["inequality averse"],
        Respondent.JOINT_GAIN: [name for name in IDEAL if name.startswith("joint")],
        Respondent.INDIVIDUALIST: [name for name in IDEAL if name.startswith("individualist")],
        Respondent.COMPETITOR: ["competitor"],
    }
    for respondent, names in rows.items():
        best = ideal_options(respondent)[:6]
        free = [item for item, among in enumerate(best, start=1) if len(among) > 1]
        assert free == {Respondent.JOINT_GAIN: [5], Respondent.INDIVIDUALIST: [1]}.get(respondent, [])
        for name in names:
            assert all(option in among for option, among in zip(options_of(IDEAL[name][0]), best, strict=True))


def index_by_the_book(options, joint_defined=(7, 9, 10, 12, 14, 15)):
    """The index of one respondent, written out with the listed ideals."""
    distances = []
    for respondent, listed in SECONDARY_IDEALS.items():
        items = joint_defined if respondent is Respondent.JOINT_GAIN else range(7, 16)
        distances.append(sum(abs(options[item - 7] - listed[item - 7]) / 8 for item in items) / len(items))
    inequality, joint, *others = distances
    if max(inequality, joint) > min(others) + 1e-12:
        return math.nan
    return inequality / (inequality + joint)


INDEX_CASES = {
    (6, 5, 4, 7, 5, 8, 5, 3, 2): 0.0,  # inequality averse
    (9, 5, 1, 9, 5, 9, 5, 1, 1): 1.0,  # joint gain, in the middle where it is indifferent
    (9, 3, 1, 9, 7, 9, 3, 1, 1): 1.0,
    (1, 9, 1, 1, 9, 9, 9, 1, 9): None,  # individualist
    (9, 1, 9, 9, 1, 1, 1, 9, 1): None,  # altruist
}


def knows_the_ideal_respondents(rule):
    def reads(value, expected):
        return math.isnan(value) if expected is None else value == pytest.approx(expected, abs=1e-12)

    return all(reads(float(rule(list(options))), expected) for options, expected in INDEX_CASES.items())


def index_that_chases_the_rounding(options):
    """Broken specimen: joint gain demanded at option 3 of items 8, 11, 13, where rounding left 1 point more."""
    joint = [9, 3, 1, 9, 3, 9, 3, 1, 1]
    distance = np.abs(np.array(options) - joint).mean()
    averse = np.abs(np.array(options) - SECONDARY_IDEALS[Respondent.INEQUALITY_AVERSE]).mean()
    value = index_by_the_book(options)
    return averse / (averse + distance) if not math.isnan(value) else value


def index_for_everybody(options):
    """Broken specimen: an index even where another motive is nearer."""
    inequality = np.abs(np.array(options) - SECONDARY_IDEALS[Respondent.INEQUALITY_AVERSE]).mean()
    defined = [0, 2, 3, 5, 7, 8]
    joint = np.abs(np.array(options) - SECONDARY_IDEALS[Respondent.JOINT_GAIN])[defined].mean()
    return inequality / (inequality + joint)


def test_the_index_of_ideal_respondents():
    assert knows_the_ideal_respondents(secondary_index)
    assert knows_the_ideal_respondents(index_by_the_book)


@pytest.mark.parametrize("specimen", [index_that_chases_the_rounding, index_for_everybody])
def test_the_ideal_respondents_reject_a_broken_index(specimen):
    assert not knows_the_ideal_respondents(specimen)


@settings(max_examples=300)
@given(SECONDARY_ANSWERS)
def test_the_index_is_the_one_of_the_book(options):
    assert float(secondary_index(options)) == pytest.approx(index_by_the_book(options), abs=1e-12, nan_ok=True)


def test_indices_of_many_respondents_at_once():
    options = np.random.default_rng(15).integers(1, 10, size=(20, 10, 9))
    expected = [[index_by_the_book(row) for row in block] for block in options.tolist()]
    assert secondary_index(options) == pytest.approx(np.array(expected), abs=1e-12, nan_ok=True)
    assert 0 < np.isnan(secondary_index(options)).mean() < 1


@pytest.mark.parametrize("options", [[1] * 6, [1.0] * 9, [0] * 9, [10] * 9])
def test_secondary_answers_that_are_none_are_refused(options):
    with pytest.raises(ValueError):
        secondary_index(options)


# --- the measure -----------------------------------------------------------------------------------------------------


def chosen(measure: Slider, options_by_item) -> list[Choice]:
    return [Choice(option=options_by_item[decision.item] - 1) for decision in measure.decisions()]


def by_item(primary, secondary=(5,) * 9):
    return dict(enumerate([*primary, *secondary], start=1))


def test_orders_of_the_two_versions():
    assert order("A") == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    assert order("B") == (6, 5, 4, 3, 2, 1, 15, 14, 13, 12, 11, 10, 9, 8, 7)
    for version in ("A", "B"):
        assert tuple(decision.item for decision in Slider(version).decisions()) == order(version)
        assert tuple(decision.item for decision in Slider(version, secondary=False).decisions()) == order(version)[:6]


def test_decisions_carry_the_printed_allocations():
    for decision in Slider().decisions():
        assert isinstance(decision, Decision)
        assert (decision.game, decision.player, decision.answer) == ("slider", 0, Answer.LETTER)
        assert decision.stage == ("primary" if decision.item <= 6 else "secondary")
        assert [option.act for option in decision.options] == list(range(1, 10))
        assert [option.cooperation for option in decision.options] == [None] * 9
        points = [[option.allocation.own, option.allocation.other] for option in decision.options]
        assert points == ITEMS[decision.item - 1].tolist()
        assert not decision.facts
    assert len({decision.key for decision in Slider().decisions()}) == 15


@pytest.mark.parametrize("version", ["A", "B"])
def test_a_full_administration_is_scored_alike_in_both_versions(version):
    answers = by_item(options_of(IDEAL["inequality averse"][0]), SECONDARY_IDEALS[Respondent.INEQUALITY_AVERSE])
    score = Slider(version).score(chosen(Slider(version), answers))
    assert score.angle == pytest.approx(37.48, abs=0.005)
    assert (score.category, score.transitive, score.index) == ("prosocial", True, 0.0)
    assert score.length == pytest.approx(float(vector_length([answers[item] for item in range(1, 7)])))
    assert (score.failed, score.asked) == (0, 15)
    assert (score.obtained, score.spread) == ("choices", None)
    assert all(type(part) in (float, str, bool, int) for part in vars_of(score)[:-2])


def vars_of(score):
    return [getattr(score, name) for name in score.__dataclass_fields__]


@pytest.mark.parametrize("version", ["A", "B"])
@pytest.mark.parametrize("item", range(1, 16))
def test_one_failure_takes_away_what_it_touches_and_nothing_else(version, item):
    measure = Slider(version)
    choices = chosen(measure, by_item(options_of(IDEAL["altruist"][0]), SECONDARY_IDEALS[Respondent.INEQUALITY_AVERSE]))
    position = [decision.item for decision in measure.decisions()].index(item)
    choices[position] = Choice(failure=Failure.REFUSED)
    score = measure.score(choices)
    assert (score.failed, score.asked) == (1, 15)
    primary = (score.angle, score.category, score.transitive, score.length)
    assert primary == (None,) * 4 if item <= 6 else None not in primary
    assert score.index == (None if item > 6 else 0.0)


def test_without_secondary_items_there_is_no_index():
    measure = Slider(secondary=False)
    score = measure.score(chosen(measure, by_item([1] * 6)))
    assert (score.index, score.failed, score.asked) == (None, 0, 6)
    assert score.angle == float(angle([1] * 6))


def test_an_index_that_does_not_exist_is_none_and_no_failure():
    score = Slider().score(chosen(Slider(), by_item([1] * 6, SECONDARY_IDEALS[Respondent.INDIVIDUALIST])))
    assert (score.index, score.failed) == (None, 0)


def test_nothing_but_failures_is_a_score_without_a_number():
    score = Slider().score([Choice(failure=Failure.EMPTY)] * 15)
    assert vars_of(score) == [None] * 5 + [15, 15, "choices", None, None]


# --- scores of probabilities ---------------------------------------------------------------------------------------


@st.composite
def distributions(draw, most=3):
    """Probabilities of the six items, of at most so many options each."""
    rows = []
    for _ in range(6):
        options = draw(st.lists(st.integers(0, 8), min_size=1, max_size=most, unique=True))
        weights = [draw(st.floats(0.01, 1)) for _ in options]
        row = [0.0] * 9
        for option, weight in zip(options, weights, strict=True):
            row[option] = weight / sum(weights)
        rows.append(tuple(row))
    return rows


def by_brute_force(rows):
    """The mean and standard deviation of the angle and the mean length, answer sheet by answer sheet."""
    sheets = []
    for options in itertools.product(*[[n for n, chance in enumerate(row, 1) if chance] for row in rows]):
        weight = math.prod(row[option - 1] for row, option in zip(rows, options, strict=True))
        sheets.append((weight, by_atan2(*chosen_points(options).mean(axis=0)), float(vector_length(options))))
    mean = sum(weight * theta for weight, theta, _ in sheets)
    variance = sum(weight * (theta - mean) ** 2 for weight, theta, _ in sheets)
    return mean, math.sqrt(variance), sum(weight * length for weight, _, length in sheets)


@settings(max_examples=30)
@given(distributions())
def test_expectations_are_those_of_all_answer_sheets(rows):
    assert expected(rows) == pytest.approx(by_brute_force(rows), abs=1e-6)


def test_with_any_answer_as_likely_the_expected_angle_is_that_of_chance():
    mean, spread, length = expected(np.full((6, 9), 1 / 9))
    assert (mean, spread) == pytest.approx((all_angles().mean(), all_angles().std()))
    assert 0 < length < 50


def likely(measure, rows, drawn=None):
    """Choices drawn from the probabilities of the primary items; secondary ones are the middle option."""
    return [
        Choice(drawn or row.index(max(row)), probabilities=row)
        if (row := dict(enumerate(rows, start=1)).get(one.item)) is not None
        else Choice(4)
        for one in measure.decisions()
    ]


@settings(max_examples=20)
@given(distributions(), st.sampled_from(["A", "B"]), st.integers(1, 8))
def test_a_score_of_probabilities_has_the_expectations_whatever_was_drawn(rows, version, drawn):
    score = Slider(version).score(likely(Slider(version), rows, drawn))
    assert (score.angle, score.spread, score.length) == expected(rows)
    assert score.category == classify(score.angle)
    assert (score.transitive, score.index, score.obtained) == (None, None, "probabilities")
    assert (score.failed, score.asked) == (0, 15)


@given(PRIMARY_ANSWERS)
def test_probabilities_that_leave_no_doubt_score_like_the_choices(answers):
    measure = Slider(secondary=False)
    rows = [tuple(float(n == option) for n in range(1, 10)) for option in answers]
    score, of_choices = measure.score(likely(measure, rows)), measure.score(chosen(measure, by_item(answers)))
    assert (score.angle, score.length, score.category, score.spread) == (
        of_choices.angle, of_choices.length, of_choices.category, 0,
    )  # fmt: skip


def test_a_choice_without_probabilities_among_others_counts_as_certain():
    measure = Slider(secondary=False)
    rows = [(0.5, *[0.0] * 7, 0.5)] * 6
    mixed = [Choice(8), *likely(measure, rows)[1:]]
    certain = [(*[0.0] * 8, 1.0), *rows[1:]]
    assert measure.score(mixed).angle == expected(certain)[0]


def test_a_failed_item_leaves_probabilities_without_an_angle():
    measure = Slider()
    choices = likely(measure, [(0.5, *[0.0] * 7, 0.5)] * 6)
    score = measure.score([Choice(failure=Failure.EMPTY), *choices[1:]])
    assert vars_of(score) == [None] * 5 + [1, 15, "probabilities", None, None]


def test_rounded_probabilities_are_scaled_so_that_the_angle_stays_attainable():
    options = [best[0] for best in ideal_options(Respondent.COMPETITOR)[:6]]
    rows = [tuple((1 + 9e-7) * float(n == option) for n in range(1, 10)) for option in options]
    score = Slider(secondary=False).score(likely(Slider(secondary=False), rows))
    assert score.angle == pytest.approx(all_angles().min(), abs=1e-9)


def test_too_few_probabilities_are_refused():
    measure = Slider(secondary=False)
    with pytest.raises(ChoiceError, match="each of the 9 options"):
        measure.score([Choice(0, probabilities=(0.5, 0.5))] * 6)


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 6, 14, 16])
def test_a_wrong_number_of_choices_is_refused(count):
    with pytest.raises(ChoiceError, match=f"{count} choices for 15 items"):
        Slider().score([Choice(option=0)] * count)


@pytest.mark.parametrize("option", [-1, 9])
def test_a_choice_off_the_menu_is_refused(option):
    with pytest.raises(ChoiceError, match="there are only 0 … 8"):
        Slider().score([Choice(option=0)] * 14 + [Choice(option=option)])


@pytest.mark.parametrize("setting", [{"version": "C"}, {"version": "a"}, {"secondary": "yes"}, {"secondary": 1}])
def test_settings_that_mean_nothing_are_refused(setting):
    with pytest.raises(SettingError):
        Slider(**setting)


def test_the_name():
    assert Slider().name == "slider"
