"""Tests of differences: exact where they can be, true to their level, and right about who is independent of whom."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.interval_coverage import TESTS, errors, mixed
from experiments.comparison_tests import (
    compact_letters,
    drawn,
    equivalent,
    holm,
    paired_permutation_test,
    permutation_test,
)
from experiments.comparisons import MOST_CELLS, comparisons, left_out, lines
from experiments.drift import drift
from experiments.statistics import Interval, Resampling
from experiments.summary import summarise
from tests.specimens import decision, measure, played, written

FAST = Resampling(resamples=400)
FIRST, SECOND = np.array([3.1, 4.0, 5.2, 2.2, 4.4]), np.array([1.0, 2.5, 3.0, 2.2])
VALUES, SIDE = np.concatenate([FIRST, SECOND]), np.arange(9) < 5


# --- the tests themselves --------------------------------------------------------------------------------------------


def by_scipy(statistic):
    """The share of all arrangements whose statistic is as large as that of FIRST and SECOND."""
    return stats.permutation_test(
        (FIRST, SECOND), statistic, vectorized=True, n_resamples=np.inf, alternative="greater"
    ).pvalue


def test_few_units_are_tested_exactly_as_scipy_does():
    def difference(x, y, axis):
        return np.abs(x.mean(axis=axis) - y.mean(axis=axis))

    found = permutation_test(VALUES, SIDE)
    assert found.p == pytest.approx(by_scipy(difference))
    assert (found.arrangements, found.exact) == (126, True)
    assert found.difference == pytest.approx(FIRST.mean() - SECOND.mean())


def test_over_its_standard_error_too():
    def welch(x, y, axis):
        # Residual sums of squares over the squared number of units: each unit a cluster of its own.
        spread = x.var(axis=axis) / x.shape[axis] + y.var(axis=axis) / y.shape[axis]
        return np.abs(x.mean(axis=axis) - y.mean(axis=axis)) / np.sqrt(spread)

    assert permutation_test(VALUES, SIDE, clusters=np.arange(9)).p == pytest.approx(by_scipy(welch))


def test_many_units_are_tested_at_random_and_p_is_never_nothing():
    values = np.concatenate([np.zeros(30), np.full(30, 5.0)]) + np.random.default_rng(0).normal(size=60)
    found = permutation_test(values, np.arange(60) < 30, permutations=499)
    assert (found.arrangements, found.exact, found.p) == (499, False, 1 / 500)
    assert found.least_p == found.p
    near = permutation_test(values[:30], np.arange(30) % 2 == 0, permutations=4999)
    theirs = stats.ttest_ind(values[:30:2], values[1:30:2]).pvalue
    assert near.p == pytest.approx(theirs, abs=0.02)


def test_the_least_p_is_what_perfect_separation_reaches():
    for sizes in ((3, 3), (2, 4), (5, 5)):
        side = np.arange(sum(sizes)) < sizes[0]
        found = permutation_test(np.where(side, 10.0, 0.0) + np.arange(sum(sizes)) / 100, side)
        assert found.p == found.least_p == (2 if sizes[0] == sizes[1] else 1) / found.arrangements


def test_as_many_arrangements_are_drawn_as_a_caller_wants():
    side = np.arange(2000) < 1000
    values = np.where(side, 1.0, 0.0) + np.random.default_rng(0).normal(size=2000)
    found = permutation_test(values, side, permutations=5000)
    assert (found.arrangements, found.p) == (5000, 1 / 5001)
    assert paired_permutation_test(values + 1, permutations=5000).arrangements == 5000
    # Left to itself it draws fewer of so many units, but so many that a family can be significant.
    assert permutation_test(values, side).arrangements == drawn(2000) == 2000
    assert drawn(64) == 9999
    for units, family in ((64, 231), (20_000, 66), (5000, 1)):
        assert family / (drawn(units, family) + 1) < 0.025


def test_no_block_of_arrangements_is_drawn_twice():
    # 4,000 units are drawn 1,000 arrangements at a time: the same block again would double what is extreme.
    values = np.random.default_rng(1).normal(size=4000)
    tests = (
        lambda drawn: permutation_test(values, np.arange(4000) < 2000, permutations=drawn),
        lambda drawn: paired_permutation_test(values, permutations=drawn),
    )
    for test in tests:
        once, twice = (round(test(drawn).p * (drawn + 1)) - 1 for drawn in (1000, 2000))
        assert 0 < once < twice
        assert twice != 2 * once


def test_within_strata_labels_stay_in_their_stratum():
    # Strata of far-apart levels: exchanged across them, the difference of 1 would drown.
    layer = np.repeat([0, 1, 2], 4)
    side = np.tile([True, True, False, False], 3)
    values = 100.0 * layer + side + np.array([0.0, 0.1, 0.0, 0.2] * 3)
    found = permutation_test(values, side, strata=layer)
    assert (found.arrangements, found.exact) == (6**3, True)
    assert found.difference == pytest.approx(0.95)
    assert found.p == found.least_p == 2 / 6**3
    assert permutation_test(values, side).p > 0.5


def test_the_difference_is_the_mean_over_strata_of_differences_of_means():
    layer = np.array([0, 0, 0, 1, 1, 1, 1, 2])
    side = np.array([1, 0, 0, 1, 1, 1, 0, 1], dtype=bool)
    values = np.array([4.0, 1, 2, 8, 9, 10, 5, 99])
    # The third stratum has one side only and says nothing.
    assert permutation_test(values, side, strata=layer).difference == pytest.approx((2.5 + 4) / 2)


def test_nothing_to_rearrange_has_no_p():
    assert permutation_test([1.0, 2.0], [True, True]).p is None
    assert permutation_test([np.nan, 2.0], [True, False]).p is None
    assert paired_permutation_test([np.nan]).p is None


def test_sign_flips_agree_with_scipy_and_flip_units_whole():
    change = np.array([0.5, 1.2, -0.3, 0.8, 1.1, 0.2])
    theirs = stats.permutation_test(
        (change,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    found = paired_permutation_test(change)
    assert (found.p, found.arrangements, found.exact) == (pytest.approx(theirs.pvalue), 64, True)
    assert found.difference == pytest.approx(change.mean())
    groups = paired_permutation_test(change, [0, 0, 0, 1, 1, 2])
    assert (groups.p, groups.arrangements, groups.least_p) == (2 / 8, 8, 2 / 8)
    assert groups.difference == pytest.approx(change.mean())


def test_holm_steps_down_and_leaves_out_what_was_not_tested():
    # By hand: 4 × .005, 3 × .01, 2 × .03, then the largest so far.
    assert holm([0.01, 0.04, None, 0.03, 0.005]) == pytest.approx([0.03, 0.06, None, 0.06, 0.02], nan_ok=True)
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_equivalence_is_the_inner_interval_within_the_margin():
    def inner(low, high):
        return Interval(0.0, low, high, 8, "groups")

    assert equivalent(inner(-0.04, 0.049), 0.05) is True
    assert equivalent(inner(-0.04, 0.05), 0.05) is False
    assert equivalent(inner(-0.06, 0.01), 0.05) is False
    assert equivalent(inner(None, None), 0.05) is None
    assert equivalent(inner(-0.04, 0.04), None) is None
    # Of no width but for rounding: units that all say the same do not show how sure that is.
    assert equivalent(inner(0.0, 0.0), 0.05) is None
    assert equivalent(inner(0.3, 0.1 + 0.2), 0.5) is None
    assert equivalent(inner(0.0, 1e-6), 0.05) is True
    with pytest.raises(ValueError, match="margin"):
        equivalent(inner(-0.1, 0.1), 0.0)


def test_equivalence_agrees_with_two_t_tests_on_many_units():
    rng = np.random.default_rng(2)
    agree = 0
    for _ in range(100):
        first, second = rng.normal(0.25, 1, 60), rng.normal(0, 1, 60)
        inner = Resampling(confidence=0.90, resamples=400).difference(
            np.concatenate([first, second]), np.arange(120) < 60, np.arange(120), "participants"
        )
        above = stats.ttest_ind(first + 0.6, second, equal_var=False, alternative="greater").pvalue
        below = stats.ttest_ind(first - 0.6, second, equal_var=False, alternative="less").pvalue
        agree += equivalent(inner, 0.6) == (max(above, below) < 0.05)
    assert agree >= 94


def test_letters_of_a_known_display():
    # Piepho 2004: rows of which only neighbours are alike.
    assert compact_letters("wxyz", [("w", "y"), ("w", "z"), ("x", "z")]) == {"w": "a", "x": "ab", "y": "bc", "z": "c"}
    assert compact_letters("wx", []) == {"w": "a", "x": "a"}
    assert compact_letters("wx", [("x", "w")]) == {"w": "a", "x": "b"}


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(pairs_of(n) or [(0, 0)])))))
def test_rows_share_a_letter_exactly_where_they_do_not_differ(given_):
    size, differing = given_
    differing = {pair for pair in differing if pair[0] != pair[1]}
    letters = compact_letters(range(size), differing)
    for pair in pairs_of(size):
        assert bool(set(letters[pair[0]]) & set(letters[pair[1]])) == (pair not in differing)


def pairs_of(size):
    return list(combinations(range(size), 2))


@pytest.mark.parametrize("name", [name for name in TESTS if name != "permutation, mixed groups, equal means"])
def test_a_test_errs_no_more_often_than_its_level(name):
    # 0.05 nominal; 200 repetitions have a standard error of 0.0154.
    assert errors(TESTS[name], 5 if "unequal" in name else 6, 200) <= 0.10


def test_taking_members_of_groups_for_independent_would_err():
    def wrong(rng, units):
        values, side, group = mixed(rng, "normal", units)
        side = group % 2 == 0  # whole groups of one side, and their members taken for units
        return permutation_test(values, side, clusters=np.arange(len(values)), permutations=199).p <= 0.05

    assert errors(wrong, 16, 200) > 0.10


# --- differences between the cells of a run ------------------------------------------------------------------------

CELLS = {"a": "prosocial", "b": "competitive"}


def population(folder, size=6, *, lasting=True, mixed_groups=True, **values):
    """Cells a and b of as many participants each; a gives 0.8, b 0.2, and a little more the later the participant."""
    decisions, measures, rounds = [], [], []
    for number in range(2 * size):
        cell = "ab"[number % 2] if mixed_groups else "ab"[number >= size]
        who = {"cell": cell, "orientation": CELLS[cell], **values}
        group = number // 2
        share = (0.8 if cell == "a" else 0.2) + number / 200
        act = {"cooperation": share, "attainment": share, "group": group, **who}
        if lasting == "bound":
            act |= {f"{name}_{end}": share for name in ("cooperation", "attainment") for end in ("low", "high")}
        decisions += [decision(number, **act), decision(number, phase="before", **who)]
        rounds.append(played(number, 10 + share, cell=cell, group=group, payoff_low=10 + share, payoff_high=10 + share))
        rational = {"value_rationality": 0.9, "value_rationality_corrected": 0.8 + number / 100}
        measures.append(measure(number, 40.0 + number if cell == "a" else -5.0 - number, **rational, **who))
    return decisions, measures, rounds


def compared(folder, *rows, **about):
    found, left = comparisons(written(folder, *rows, **about), FAST)
    return {(row["quantity"], row["phase"]): row for row in found}, left


def test_a_measure_compares_participants(tmp_path):
    row = compared(tmp_path, *population(tmp_path), matching_lasting=True)[0]["angle", "before"]
    first, second = np.arange(40, 52, 2), -5.0 - np.arange(1, 12, 2)
    assert row["difference"]["estimate"] == pytest.approx(first.mean() - second.mean())
    assert (row["difference"]["units"], row["difference"]["unit"]) == (12, "participants")
    assert row["difference"]["low"] < row["difference"]["estimate"] < row["difference"]["high"]
    assert row["p"] == row["least_p"] == 2 / 924
    assert (row["margin"], row["equivalent"], row["interacting"]) == (5.0, False, False)


def test_play_in_lasting_groups_resamples_groups(tmp_path):
    found, _ = compared(tmp_path, *population(tmp_path), matching_lasting=True)
    for name in ("cooperation", "payoff", "attainment"):
        row = found[name, "play"]
        assert (row["difference"]["units"], row["difference"]["unit"]) == (6, "groups")
        # The later participants of a group of two are in b, by 1/200 each time.
        assert row["difference"]["estimate"] == pytest.approx(0.6 - 1 / 200)
        # What the members of a group share cancels; every group has the same difference.
        assert row["difference"]["low"] == pytest.approx(row["difference"]["high"])
        assert row["p"] == 2 / 924
        assert not row["interacting"]


def test_groups_of_one_cell_each_are_exchanged_whole(tmp_path):
    rows = population(tmp_path, mixed_groups=False, size=12)
    row = compared(tmp_path, *rows, matching_lasting=True)[0]["cooperation", "play"]
    assert (row["difference"]["units"], row["difference"]["unit"]) == (12, "groups")
    assert row["p"] == row["least_p"] == 2 / 924


def test_strangers_are_marked_as_interacting(tmp_path):
    found, _ = compared(tmp_path, *population(tmp_path), matching_lasting=False)
    row = found["cooperation", "play"]
    assert (row["difference"]["unit"], row["interacting"]) == ("participants", True)
    assert not found["angle", "before"]["interacting"]


@pytest.mark.parametrize(
    ("lasting", "memory", "played_", "interacting"),
    [(False, True, True, True), (True, True, True, False), (False, False, True, False), (False, True, False, False)],
)
def test_so_is_a_measure_that_reminds_strangers_of_shared_rounds(lasting, memory, played_, interacting, tmp_path):
    decisions, measures, rounds = population(tmp_path)
    for table in (decisions, measures):
        for row in table:
            row["orientation"] = "prosocial"
    measures += [{**row, "phase": "after"} for row in measures]
    if not played_:
        decisions, rounds = [row for row in decisions if row["phase"] != "play"], []
    tables = written(tmp_path, decisions, measures, rounds, matching_lasting=lasting, memory=memory)
    found = {(row["quantity"], row["phase"]): row for row in comparisons(tables, FAST)[0]}
    for name in ("angle", "value_rationality_corrected"):
        assert found[name, "after"]["interacting"] is interacting
        assert not found[name, "before"]["interacting"]
    assert {row["interacting"] for row in drift(tables, FAST)} == {interacting}


def test_value_rationality_is_compared_within_an_orientation_only(tmp_path):
    assert ("value_rationality_corrected", "before") not in compared(tmp_path / "two", *population(tmp_path))[0]
    rows = population(tmp_path)
    for table in rows[:2]:
        for row in table:
            row["orientation"] = "prosocial"
    assert compared(tmp_path / "one", *rows)[0]["value_rationality_corrected", "before"]["p"] is not None


def test_scripted_rules_are_left_out_beside_models(tmp_path):
    decisions, measures, rounds = population(tmp_path)
    for row in (*decisions, *measures, *rounds):
        if row["cell"] == "b":
            row["model"] = "none"
    assert compared(tmp_path, decisions, measures, rounds)[0] == {}


def test_administrations_are_units_where_each_cell_has_one_participant(tmp_path):
    measures = [
        measure(number, angle + 3 * again, cell="ab"[number], repetition=again + 1)
        for number, angle in ((0, 40.0), (1, 0.0))
        for again in range(6)
    ]
    decisions = [decision(number, phase="before", cell="ab"[number]) for number in (0, 1)]
    row = compared(tmp_path, decisions, measures)[0]["angle", "before"]
    assert (row["difference"]["units"], row["difference"]["unit"]) == (12, "administrations")


def test_bounded_failures_leave_a_difference_between_two_values(tmp_path):
    decisions, measures, rounds = population(tmp_path, lasting="bound")
    unread = {"cooperation": None, "failure": "empty", "cooperation_low": 0.0, "cooperation_high": 1.0}
    decisions[0] |= unread
    row = compared(tmp_path / "one", decisions, measures, rounds, matching_lasting=False, on_failure="bound")[0]
    found = row["cooperation", "play"]
    assert found["difference"]["estimate"] is None
    width = found["difference"]["bounds"]["high"] - found["difference"]["bounds"]["low"]
    assert width == pytest.approx(1 / 6)
    assert found["difference"]["low"] < found["difference"]["bounds"]["low"]
    assert 2 / 924 < found["p"] < 0.1
    for row in decisions[::2]:
        row |= unread
    found = compared(tmp_path / "all", decisions, measures, rounds, matching_lasting=False, on_failure="bound")[0]
    assert found["cooperation", "play"]["p"] == 1


def test_too_many_cells_are_cut_and_counted(tmp_path):
    measures = [measure(number, 1.0 * number, cell=f"c{number:02}") for number in range(MOST_CELLS + 2)]
    decisions = [decision(number, phase="before", cell=f"c{number:02}") for number in range(MOST_CELLS + 2)]
    found, left = comparisons(written(tmp_path, decisions, measures), FAST)
    assert (len(found), left) == (66, 2)


def many(folder, each=7):
    """So many cells of each of two orientations, one after the other, of one participant each."""
    rows = [
        {"participant": number, "cell": f"c{number:02}", "orientation": list(CELLS.values())[number // each]}
        for number in range(2 * each)
    ]
    rational = {"value_rationality": 0.9, "value_rationality_corrected": 0.8}
    measures = [measure(angle=40.0, repetition=1 + again, **rational, **row) for row in rows for again in range(6)]
    return written(folder, [decision(phase="before", **row) for row in rows], measures)


def test_value_rationality_has_its_limit_within_each_orientation(tmp_path):
    found, left = comparisons(many(tmp_path), FAST)
    pairs = [(row["first"], row["second"]) for row in found if row["quantity"] == "value_rationality_corrected"]
    assert len(pairs) == 2 * 21
    assert ("c12", "c13") in pairs
    assert left == 2


def test_orientations_of_which_no_cell_is_compared_are_named(tmp_path):
    def told(each):
        rows = [{"quantity": "angle", "first": f"c{one:02}", "second": f"c{one + 1:02}"} for one in range(11)]
        # Value rationality, compared within orientations, does not make up for it.
        rows.append({"quantity": "value_rationality_corrected", "first": "c12", "second": "c13"})
        about = {"model": "m", "synthetic": False}
        cells = [{"cell": f"c{n:02}", "orientation": list(CELLS.values())[n // each], **about} for n in range(2 * each)]
        # A scripted rule beside models is never compared.
        cells.append({"cell": "rule", "orientation": "none", "model": "none", "synthetic": True})
        return left_out(rows, cells, 2 * each - MOST_CELLS)

    assert told(6) == []
    (line,) = told(7)
    assert line.endswith("2 are beyond the first 12")
    (line,) = told(12)
    assert line.endswith("12 are beyond the first 12, among them all of competitive")


def test_only_a_few_equivalent_pairs_are_named(tmp_path):
    row = {"quantity": "angle", "phase": "before", "first_mean": 1.0, "second_mean": 1.0, "p": 1.0, "p_holm": 1.0}
    row |= {"margin": 5.0, "equivalent": True, "interacting": False, "least_p": 0.001}
    rows = [row | {"first": first, "second": second} for first, second in combinations("uvwxyz", 2)]
    (_, line) = lines(rows, [], 0.95)
    assert line.endswith("equivalent within ±5: u = v, u = w, u = x, u = y and 11 more")


def test_in_words_cells_stand_in_order_with_their_letters(tmp_path):
    tables = written(tmp_path, *population(tmp_path), matching_lasting=True)
    summary = summarise(tables, FAST)
    head, *said = lines(summary["comparisons"], summary["cells"], 0.95)
    assert "share a letter do not differ significantly (permutation tests, Holm, 5%)" in head
    assert "  angle before play: a a, b b" in said
    assert "  cooperation in play: a a, b b" in said
    assert lines([], summary["cells"], 0.95) == []


def test_words_say_when_nothing_could_have_been_significant(tmp_path):
    tables = written(tmp_path, *population(tmp_path, size=3), matching_lasting=True)
    summary = summarise(tables, FAST)
    said = lines(summary["comparisons"], summary["cells"], 0.95)
    assert "  angle before play: a a, b a; too few units for any difference to be significant" in said


def test_cells_that_are_alike_are_equivalent(tmp_path):
    decisions, measures, rounds = population(tmp_path, size=8)
    for row in measures:
        row["angle"] = 40.0 + row["participant"] // 2 % 3
    summary = summarise(written(tmp_path, decisions, measures, rounds), FAST)
    row = next(row for row in summary["comparisons"] if row["quantity"] == "angle")
    assert row["equivalent"] is True
    assert row["p"] == 1
    told = lines(summary["comparisons"], summary["cells"], 0.95)
    assert "  angle before play: a a, b a; equivalent within ±5: a = b" in told
