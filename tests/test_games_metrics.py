"""What a play is summed up by: by hand, at the edges, and whatever must not change it."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from games.metrics import efficiency, equality, gini, over_usage, reciprocity, survival_time, survives

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

POINTS = st.lists(st.integers(0, 100), min_size=1, max_size=8).filter(any)


# --- efficiency ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "greatest", "expected"),
    [(80, 128, 0.625), (128, 128, 1), (140, 128, 1), (0, 128, 0), (-32, 128, -0.25), (5, 0, None), (5, -1, None)],
)
def test_efficiency_is_the_share_of_the_benchmark_and_at_most_all_of_it(total, greatest, expected):
    assert efficiency(total, greatest) == expected


@given(st.integers(0, 2000), st.integers(1, 20), st.integers(1, 60))
def test_efficiency_is_govsims(harvested, months, sustainable):
    benchmark = months * sustainable
    govsim = 1 - max(0, benchmark - harvested) / benchmark
    assert efficiency(harvested, benchmark) == pytest.approx(govsim)


# --- equality --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([5, 5, 5], 0),
        ([10, 0], 0.5),
        ([0, 0, 0, 8], 0.75),
        # Differences 1, 2, 3, 1, 2, 1 between pairs, each counted twice: 20 / (2 · 4 · 10).
        ([1, 2, 3, 4], 0.25),
        ([7], 0),
    ],
)
def test_gini_by_hand(points, expected):
    assert gini(points) == pytest.approx(expected)
    assert equality(points) == pytest.approx(1 - expected)


@pytest.mark.parametrize("points", [[0, 0], [], [-1, 5], [-2, -3]], ids=["nothing", "nobody", "a loss", "losses"])
def test_there_is_no_gini_of_nothing_and_of_losses(points):
    assert gini(points) is None
    assert equality(points) is None


@given(POINTS, st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_gini_depends_neither_on_who_has_what_nor_on_the_unit(points, unit, chance):
    shuffled = chance.sample(points, len(points))
    assert gini([unit * one for one in shuffled]) == pytest.approx(gini(points))
    assert gini([*points, *points]) == pytest.approx(gini(points))
    assert 0 <= gini(points) <= 1 - 1 / len(points) + 1e-12


@given(POINTS.filter(lambda points: len(points) > 1), st.data())
def test_giving_half_of_the_difference_to_who_has_less_makes_it_more_equal(points, data):
    rich, poor = data.draw(st.permutations(range(len(points))))[:2]
    assume(points[rich] > points[poor])
    moved = list(points)
    moved[rich] = moved[poor] = (points[rich] + points[poor]) / 2
    assert gini(moved) < gini(points)


# --- a common stock --------------------------------------------------------------------------------------------------


def test_over_usage_is_the_share_of_harvests_above_the_sustainable_share():
    # In month 1 the sustainable share is 20 of 100 for five; in month 2, 4 of 20. Taking just that much is not above.
    harvests, sustainable = [[20, 21, 0, 30, 20], [4, 5, 6, 0, 0]], [100, 20]
    assert over_usage(harvests, sustainable) == 4 / 10
    assert over_usage([[10, 10]], [20]) == 0
    assert over_usage([[11, 12]], [20]) == 1
    assert over_usage(np.empty((0, 5)), []) is None


@pytest.mark.parametrize(
    ("collapsed", "months", "survived"),
    [([True], 1, False), ([False, False, True], 3, False), ([False] * 12, 12, True), ([False] * 11 + [True], 12, True),
     ([False, True, True], 2, False), ([], 0, False)],
)  # fmt: skip
def test_survival_counts_the_month_of_the_collapse(collapsed, months, survived):
    assert survival_time(collapsed) == months
    # What is left after the last of 12 months does not count.
    assert survives(collapsed, 12) is survived


# --- reciprocity -----------------------------------------------------------------------------------------------------


def test_reciprocity_by_hand():
    # Within participant 0 others' cooperation is 0, 0.5, 1 and own 0.2, 0.4, 0.9: Σxy = 0.35, Σx² = 0.5.
    assert reciprocity([0.2, 0.4, 0.9], [0, 0.5, 1], [0, 0, 0]) == pytest.approx(0.7)
    # Participant 1 answers with the opposite: Σxy = −0.5 · 1, Σx² = 0.5; together (0.35 − 0.5) / (0.5 + 0.5).
    assert reciprocity([0.2, 0.4, 0.9, 1, 0], [0, 0.5, 1, 0, 1], [0, 0, 0, 1, 1]) == pytest.approx(-0.15)


@pytest.mark.parametrize("slope", [-0.4, 0.0, 0.5, 1.0])
def test_reciprocity_recovers_the_slope_whatever_else_differs_between_participants(slope):
    rng = np.random.default_rng(7)
    who = np.repeat(np.arange(30), 9)
    base = rng.normal(size=30)
    # Those who give more also meet more generous others, which alone would look like reciprocity.
    others = 0.8 * base[who] + rng.normal(size=who.size)
    own = 3 * base[who] + slope * others
    assert reciprocity(own, others, who) == pytest.approx(slope)
    pooled = np.polyfit(others, own, 1)[0]
    assert abs(pooled - slope) > 0.5
    # With noise of standard deviation 0.2 the slope is found within four standard errors.
    noisy = own + rng.normal(scale=0.2, size=who.size)
    assert reciprocity(noisy, others, who) == pytest.approx(slope, abs=4 * 0.2 / math.sqrt(30 * 8))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3)), min_size=2, max_size=20), st.data())
def test_reciprocity_depends_neither_on_the_order_of_rows_nor_on_anybodys_own_level(rows, data):
    own, others, who = map(np.array, zip(*rows, strict=True))
    found = reciprocity(own, others, who)
    spread = sum(np.var(others[who == one]) * (who == one).sum() for one in set(who.tolist()))
    assume(spread > 1e-3 or spread == 0)
    shift = np.array(data.draw(st.lists(st.floats(-1, 1), min_size=4, max_size=4)))
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    again = reciprocity((own + shift[who])[order], others[order], [f"participant {one}" for one in who[order]])
    assert (found is None) == (again is None) == (spread == 0)
    if found is not None:
        assert again == pytest.approx(found, abs=1e-6)


def test_rows_without_a_reading_say_nothing():
    nan = float("nan")
    with_gaps = reciprocity([0.2, nan, 0.4, 0.9, 0.5], [0, 1, 0.5, 1, nan], [0, 0, 0, 0, 0])
    assert with_gaps == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("own", "others", "who"),
    [([], [], []), ([float("nan")], [0.5], [0]), ([0.1, 0.9], [0.5, 0.5], [0, 0]), ([0.1, 0.9], [0, 1], [0, 1])],
    ids=["no rows", "no readings", "others always alike", "one row each"],
)
def test_there_is_no_slope_where_the_others_do_not_vary_within_anybody(own, others, who):
    assert reciprocity(own, others, who) is None
