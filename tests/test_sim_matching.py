"""Who meets whom."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.errors import SettingError
from sim.matching import FixedPartners, RandomStrangers, groups_still_there

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

RULES = pytest.mark.parametrize("rule", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])


@RULES
@given(size=st.integers(1, 6), number=st.integers(1, 8), seed=st.integers(0, 99), round_number=st.integers(1, 9))
def test_every_participant_is_in_exactly_one_group_of_the_size(rule, size, number, seed, round_number):
    groups = rule.groups(size * number, size, seed, round_number)
    assert sorted(one for group in groups for one in group) == list(range(size * number))
    assert {len(group) for group in groups} == {size}
    assert all(type(one) is int for group in groups for one in group)


@RULES
def test_groups_are_fixed_by_the_seed_and_differ_between_seeds(rule):
    assert rule.groups(40, 4, 1, 3) == rule.groups(40, 4, 1, 3)
    assert rule.groups(40, 4, 1, 3) != rule.groups(40, 4, 2, 3)


@RULES
def test_participants_are_mixed_and_not_grouped_in_the_order_of_the_population(rule):
    assert rule.groups(40, 4, 1, 1) != tuple(tuple(range(first, first + 4)) for first in range(0, 40, 4))


def test_partners_stay_together_in_every_round():
    assert len({FixedPartners().groups(40, 4, 1, number) for number in range(1, 20)}) == 1
    assert FixedPartners().lasting


def test_strangers_meet_anew_in_every_round():
    rounds = [RandomStrangers().groups(40, 4, 1, number) for number in range(1, 20)]
    assert len(set(rounds)) == 19
    assert not RandomStrangers().lasting


def test_over_many_rounds_a_stranger_meets_everybody_about_equally_often():
    met = [0] * 12
    for number in range(1, 1101):
        group = next(group for group in RandomStrangers().groups(12, 4, 5, number) if 0 in group)
        for other in group:
            met[other] += 1
    # Each of the eleven others in 3 of 11 rounds: 300, with a standard error of about 15.
    assert all(225 < count < 375 for count in met[1:])


@RULES
@pytest.mark.parametrize(
    ("participants", "told"), [(7, "take 4 or 8"), (3, "take 4 participants"), (0, "take 4 participants")]
)
def test_a_population_that_does_not_divide_is_refused_with_sizes_that_do(rule, participants, told):
    with pytest.raises(SettingError, match=rf"{participants} participants do not divide.*{told}"):
        rule.groups(participants, 4, 1, 1)


# --- after somebody has left -----------------------------------------------------------------------------------------

SOME = st.sets(st.integers(0, 11), max_size=12)


@RULES
@given(seed=st.integers(0, 99), round_number=st.integers(1, 9))
def test_as_long_as_nobody_has_left_the_groups_are_those_of_the_rule(rule, seed, round_number):
    found = groups_still_there(rule, set(), 12, 4, seed, round_number)
    assert found == dict(enumerate(rule.groups(12, 4, seed, round_number)))


@RULES
@given(left=SOME, size=st.sampled_from([2, 3, 4]), seed=st.integers(0, 99), round_number=st.integers(1, 9))
def test_nobody_who_left_is_placed_and_nobody_twice_and_groups_are_full(rule, left, size, seed, round_number):
    groups = groups_still_there(rule, left, 12, size, seed, round_number)
    placed = [one for group in groups.values() for one in group]
    assert len(set(placed)) == len(placed)
    assert left.isdisjoint(placed)
    assert all(len(group) == size for group in groups.values())
    assert groups == groups_still_there(rule, left, 12, size, seed, round_number)


@given(left=SOME, seed=st.integers(0, 99))
def test_partners_stay_in_their_group_under_its_number_or_in_none(left, seed):
    once = groups_still_there(FixedPartners(), set(), 12, 3, seed, 1)
    assert groups_still_there(FixedPartners(), left, 12, 3, seed, 5) == {
        number: group for number, group in once.items() if left.isdisjoint(group)
    }


@given(left=SOME, size=st.sampled_from([2, 3, 4]), seed=st.integers(0, 99))
def test_among_strangers_only_those_sit_out_who_fill_no_group(left, size, seed):
    groups = groups_still_there(RandomStrangers(), left, 12, size, seed, 2)
    assert len(groups) == (12 - len(left)) // size


def test_among_strangers_everybody_sits_out_about_equally_often():
    out = [0] * 12
    for number in range(1, 1001):
        groups = groups_still_there(RandomStrangers(), {3, 7}, 12, 4, 1, number)
        for one in set(range(12)) - {one for group in groups.values() for one in group}:
            out[one] += 1
    # Two of the ten in each round: 200, with a standard error of about 13.
    assert out[3] == out[7] == 1000
    assert all(150 < count < 250 for number, count in enumerate(out) if number not in (3, 7))


@RULES
def test_a_population_that_does_not_divide_is_refused_also_here(rule):
    with pytest.raises(SettingError, match="7 participants"):
        groups_still_there(rule, set(), 7, 4, 1, 1)
