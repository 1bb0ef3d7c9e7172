"""Named random streams."""

import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from games.randomness import draw, stream

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

NAMES = st.lists(st.integers(0, 999) | st.text("abc1", max_size=4), max_size=4).map(tuple)


@given(st.integers(0, 2**63), NAMES)
def test_a_draw_is_fixed_by_its_seed_and_names_and_fits_63_bits(seed, names):
    assert draw(seed, *names) == draw(seed, *names)
    assert 0 <= draw(seed, *names) < 2**63


@given(st.integers(0, 99), NAMES, st.integers(0, 99), NAMES)
def test_different_seeds_or_names_give_different_draws(seed, names, other_seed, other_names):
    same = (seed, *map(repr, names)) == (other_seed, *map(repr, other_names))
    assert (draw(seed, *names) == draw(other_seed, *other_names)) == same


def test_names_are_not_run_together_and_a_number_is_not_its_digits():
    apart = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), (1,), ("1",), (11,), ()]
    assert len({draw(1, *names) for names in apart}) == len(apart)


def test_draws_are_the_same_in_another_process_and_version():
    code = "from games.randomness import draw; print(draw(7, 'matching', 3))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=".")
    # The number itself is part of what makes a saved run reproducible.
    assert int(told.stdout) == draw(7, "matching", 3) == 3539644245520256269


def test_a_stream_gives_the_same_numbers_whatever_was_drawn_elsewhere():
    first = stream(3, "a").random(5)
    stream(3, "b").random(100)
    np.random.default_rng().random(100)
    assert (stream(3, "a").random(5) == first).all()


def test_streams_of_neighbouring_seeds_and_names_are_not_correlated():
    table = np.array([stream(seed, "x", number).random(200) for seed in range(4) for number in range(4)])
    correlations = np.corrcoef(table)[np.triu_indices(16, 1)]
    assert np.abs(correlations).max() < 0.35  # 120 pairs of 200 numbers: five standard errors
    assert abs(table.mean() - 0.5) < 0.03
