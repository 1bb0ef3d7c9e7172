"""Intervals: exact where they can be, and near their nominal coverage on data whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def coverage(units_of, size=20):
    covered = 0
    for repetition in range(300):
        values, clusters = clustered(np.random.default_rng(repetition), size)
        found = Resampling(resamples=300, seed=repetition).mean(values, units_of(clusters), "groups")
        covered += found.low <= 0 <= found.high
    return covered / 300


def test_resampling_groups_keeps_the_nominal_coverage():
    # 0.95 nominal; 300 repetitions have a standard error of 0.0126.
    assert 0.91 <= coverage(lambda clusters: clusters) <= 0.985


def test_so_does_resampling_the_eight_groups_of_the_default_run():
    assert 0.90 <= coverage(lambda clusters: clusters, 8) <= 0.985


def test_resampling_decisions_as_if_independent_would_not():
    assert coverage(lambda clusters: np.arange(len(clusters))) < 0.75


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
