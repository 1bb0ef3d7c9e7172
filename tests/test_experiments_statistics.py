"""Intervals: exact where they can be, and near their nominal coverage on data whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.interval_coverage import FIGURES, SPECIMENS, coverage
from experiments.statistics import Resampling

FAST = Resampling(resamples=400, seed=3)


def test_the_estimate_is_the_mean_of_the_values_and_missing_ones_are_left_out():
    found = FAST.mean([1, 2, np.nan, 6, 3, 2, 4], [0, 0, 1, 2, 3, 4, 5], "participants")
    assert found.estimate == 3
    assert found.units == 5
    assert found.unit == "participants"
    assert found.low is not None
    assert found.low <= 3 <= found.high


def test_few_units_leave_no_interval_and_none_leave_no_number():
    few = FAST.mean([1, 2, 3, 2], [5, 6, 7, 8], "groups")
    assert (few.estimate, few.low, few.high, few.units) == (2, None, None, 4)
    none = FAST.mean([np.nan], [0], "groups")
    assert (none.estimate, none.low, none.high, none.units) == (None, None, None, 0)


def test_the_interval_agrees_with_scipy_where_every_unit_has_one_value():
    from scipy.stats import bootstrap

    values = np.random.default_rng(0).normal(size=40)
    ours = Resampling(resamples=20_000).mean(values, np.arange(40), "participants")
    # Of 40 units, the expanded interval has the percentiles of a slightly higher confidence.
    confidence = 1 - 2 * Resampling().tail(40)
    assert 0.95 < confidence < 0.97
    theirs = bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", confidence_level=confidence, rng=1
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def clustered(rng, clusters=20, size=8):
    """Values that share a cluster's own effect; the true mean is 0."""
    effects = rng.normal(size=clusters)
    values = effects[:, None] + 0.3 * rng.normal(size=(clusters, size))
    return values.ravel(), np.repeat(np.arange(clusters), size)


def coverage_of(units_of, size=20):
    covered = 0
    for repetition in range(300):
        values, clusters = clustered(np.random.default_rng(repetition), size)
        found = Resampling(resamples=300, seed=repetition).mean(values, units_of(clusters), "groups")
        covered += found.low <= 0 <= found.high
    return covered / 300


def test_resampling_groups_keeps_the_nominal_coverage():
    # 0.95 nominal; 300 repetitions have a standard error of 0.0126.
    assert 0.91 <= coverage_of(lambda clusters: clusters) <= 0.985


def test_so_does_resampling_the_eight_groups_of_the_default_run():
    assert 0.90 <= coverage_of(lambda clusters: clusters, 8) <= 0.985


def test_resampling_decisions_as_if_independent_would_not():
    assert coverage_of(lambda clusters: np.arange(len(clusters))) < 0.75


def test_correlation_agrees_with_numpy_and_its_interval_covers_the_truth():
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(200):
        x, noise = rng.normal(size=(2, 60))
        y = 0.6 * x + 0.8 * noise
        found = FAST.correlation(x, y, np.arange(60), "participants")
        assert found.estimate == pytest.approx(np.corrcoef(x, y)[0, 1])
        covered += found.low <= 0.6 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_variable_that_does_not_vary_has_no_correlation():
    assert FAST.correlation([1, 1, 1, 1], [1, 2, 3, 4], range(4), "participants").estimate is None
    assert FAST.correlation([1, 2], [1, 2], range(2), "participants").estimate is None


def test_the_line_is_least_squares_within_its_interval():
    x = np.arange(30.0)
    y = 2 + 0.5 * x + np.random.default_rng(0).normal(size=30)
    fitted, low, high = FAST.line(x, y, np.arange(30), [0.0, 10.0, 29.0])
    slope, intercept = np.polyfit(x, y, 1)
    np.testing.assert_allclose(fitted, intercept + slope * np.array([0, 10, 29]))
    assert (low < fitted).all()
    assert (fitted < high).all()
    assert FAST.line([1, 1, 1], [1, 2, 3], [0, 1, 2], [1.0]) is None
    _, low, high = FAST.line(x, y, np.zeros(30), [0.0])
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize("settings", [{"resamples": 99}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="statistics"):
        Resampling(**settings)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(0, 5)), min_size=1, max_size=40))
def test_an_interval_lies_within_the_values(pairs):
    values, units = zip(*pairs, strict=True)
    found = Resampling(resamples=100).mean(values, units, "groups")
    if found.low is not None:
        assert min(values) - 1e-6 <= found.low <= found.high <= max(values) + 1e-6


def test_the_same_seed_gives_the_same_interval():
    values, clusters = clustered(np.random.default_rng(0))
    assert FAST.mean(values, clusters, "groups") == FAST.mean(values, clusters, "groups")


def test_a_difference_is_that_of_the_means_and_needs_five_units_a_side():
    values, side = [1.0, 2, 3, 4, 5, 10, 11, 12, 13, np.nan], np.arange(10) < 5
    found = FAST.difference(values, side, np.arange(10), "participants")
    assert (found.estimate, found.low, found.high, found.units) == (3 - 11.5, None, None, 9)
    full = FAST.difference([*values[:9], 14.0], side, np.arange(10), "participants")
    assert (full.units, full.unit) == (10, "participants")
    assert full.low < full.estimate == -9 < full.high < 0
    assert FAST.difference([1.0, 2.0], [True, True], [0, 1], "groups").estimate is None


def test_an_independent_difference_is_as_wide_as_welch_has_it():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(5)
    first, second = rng.normal(size=12), 3 * rng.normal(size=20)
    ours = Resampling(resamples=20_000).difference(
        np.concatenate([first, second]), np.arange(32) < 12, np.arange(32), "participants"
    )
    theirs = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.05)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.15)


def test_what_a_group_shares_cancels_from_a_difference_within_groups():
    groups = np.repeat(np.arange(8), 2)
    level, side = 10.0 * groups, np.arange(16) % 2 == 0
    paired = FAST.difference(level + side + 0.1 * (groups % 3), side, groups, "groups")
    assert paired.estimate == pytest.approx(1)
    assert (paired.units, paired.unit) == (8, "groups")
    assert (paired.low, paired.high) == pytest.approx((1, 1))
    # As if nobody had shared a group, the groups' levels drown it.
    apart = FAST.difference(level + side, side, np.arange(16), "participants")
    assert apart.high - apart.low > 40


def test_a_share_has_wilsons_interval():
    from scipy.stats import binomtest

    for successes, size in ((0, 8), (3, 8), (8, 8), (27, 40)):
        flags = np.arange(size) < successes
        found = Resampling().share(flags, np.arange(size), "participants")
        theirs = binomtest(successes, size).proportion_ci(0.95, "wilson")
        assert found.estimate == successes / size
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    few = FAST.share([1, 1, np.nan, 0, 1], range(5), "participants")
    assert (few.estimate, few.low, few.high, few.units) == (0.75, None, None, 4)
    assert FAST.share([np.nan], [0], "participants").estimate is None


def test_flags_of_one_unit_are_not_worth_as_many_units():
    # Each unit always says the same: ten flags of it are worth no more than one.
    same = FAST.share(np.repeat([1, 0, 1, 1, 0, 1], 10), np.repeat(np.arange(6), 10), "participants")
    single = FAST.share([1, 0, 1, 1, 0, 1], np.arange(6), "participants")
    assert same.low < single.low < single.high < same.high
    # Units that differ by chance alone are worth more.
    mixed = FAST.share(np.tile([1, 0, 1, 1, 0, 1, 1, 0, 1, 1], 6), np.repeat(np.arange(6), 10), "participants")
    assert mixed.high - mixed.low < single.high - single.low
    sure = FAST.share(np.ones(60), np.repeat(np.arange(6), 10), "participants")
    assert sure.low == FAST.share(np.ones(6), np.arange(6), "participants").low


MIXED = ("difference, mixed groups", "the same, one cell moves with its group")


# Units, and the least coverage of a nominal 95 % in 400 repetitions, whose standard error is 1.1 %.
@pytest.mark.parametrize("units", [5, 8, 16])
@pytest.mark.parametrize("name", [name for name in FIGURES if name not in MIXED])
def test_intervals_cover_the_truth_about_as_often_as_they_say(name, units):
    assert 0.90 <= coverage(FIGURES[name], "normal", units, 400, Resampling(resamples=1000)) <= 1


@pytest.mark.parametrize("name", MIXED)
def test_so_does_the_difference_of_cells_that_share_groups_by_chance(name):
    assert 0.90 <= coverage(FIGURES[name], "normal", 8, 200, Resampling(resamples=1000)) <= 1


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_wrong_interval_would_be_noticed(name):
    assert coverage(SPECIMENS[name], "normal", 5, 400, Resampling(resamples=1000)) < 0.89


def test_sides_are_resampled_independently():
    # The same resamples on both would make equal sides move together, and the difference certain.
    values = [0.0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    found = FAST.difference(values, np.arange(10) < 5, np.arange(10), "participants")
    assert found.low < -1 < 1 < found.high
