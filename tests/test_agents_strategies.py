"""Further strategies against sequences worked out by hand, with graded acts and several partners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.induction import Induction
from agents.setting import Setting
from agents.strategies import (
    Alternator,
    AlwaysCooperate,
    AlwaysDefect,
    Bully,
    GoByMajority,
    SuspiciousTitForTat,
    TitForTwoTats,
    TwoTitsForTat,
)
from experiments.catalogue import built, known, member
from games.slider import Slider
from games.types import Allocation, Choice, Decision, Experience, Occasion, Option

NOW = Occasion("play", 1, 1)
FIRST_ACTS = {
    AlwaysCooperate: 1,
    AlwaysDefect: 0,
    SuspiciousTitForTat: 0,
    TitForTwoTats: 1,
    TwoTitsForTat: 1,
    Bully: 0,
    Alternator: 1,
    GoByMajority: 1,
}


def no_gateway():
    raise AssertionError("a scripted rule needs no model")


def made(rule):
    return rule(Setting(0, None, 1, no_gateway, Induction("none", "s"), None))


def round_of(others, own=1.0, number=1, game="g"):
    return Experience(game, "choose", number, own, tuple(others), 0.0)


def tenths(*past, number=None):
    """A decision between 0, 0.1 … 1 of cooperation: option 7 is a level of 0.7."""
    options = tuple(Option(n, Allocation(10 - n, n), n / 10) for n in range(11))
    return Decision("g", 0, options, round=number or len(past) + 1, past=past)


async def course(rule, levels):
    """The levels that a rule plays while one partner plays these, beginning before the partner's first."""
    played, past = [], []
    for number, level in enumerate([*levels, None], start=1):
        choice = await made(rule).decide(tenths(*past), NOW)
        played.append(choice.option / 10)
        past.append(round_of([level], own=played[-1], number=number))
    return played


@pytest.mark.parametrize(
    ("rule", "levels", "expected"),
    [
        (AlwaysCooperate, [0, 1, 0.2], [1, 1, 1, 1]),
        (AlwaysDefect, [0, 1, 0.2], [0, 0, 0, 0]),
        (SuspiciousTitForTat, [1, 0, 0.3, 1], [0, 1, 0, 0.3, 1]),
        (TitForTwoTats, [0, 1, 0, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0, 1, 1]),
        (TitForTwoTats, [0.3, 0.4, 0.2, 0.1], [1, 1, 0.4, 0.4, 0.2]),
        (TwoTitsForTat, [0, 1, 1, 0, 0, 1, 1], [1, 0, 0, 1, 0, 0, 0, 1]),
        (TwoTitsForTat, [0.3, 0.4, 0.2, 1], [1, 0.3, 0.3, 0.2, 0.2]),
        (Bully, [1, 0, 0.3, 1], [0, 0, 1, 0.7, 0]),
        (Alternator, [0, 0, 1, 1], [1, 0, 1, 0, 1]),
        (GoByMajority, [0, 1, 0, 0, 1, 1], [1, 0, 1, 0, 0, 0, 1]),
        (GoByMajority, [0.5, 0.4, 0.6, 0.1], [1, 1, 0, 1, 0]),
    ],
)
async def test_a_strategy_plays_the_sequence_of_its_rule(rule, levels, expected):
    assert await course(rule, levels) == expected


async def test_several_others_are_read_by_their_mean():
    first, second = round_of([0.0, 0.4, 0.8]), round_of([0.1, 0.2, 0.3], number=2)  # 0.4, then 0.2
    expected = {SuspiciousTitForTat: 2, TitForTwoTats: 4, TwoTitsForTat: 2, Bully: 8, GoByMajority: 0}
    for rule, option in expected.items():
        assert await made(rule).decide(tenths(first, second), NOW) == Choice(option)


async def test_rounding_does_not_decide_about_a_majority():
    few, many = [0.0, 0.0, 0.2], [0.8, 1.0, 1.0]
    assert (sum(few) / 3 + sum(many) / 3) / 2 < 0.5
    assert await made(GoByMajority).decide(tenths(round_of(few), round_of(many, number=2)), NOW) == Choice(10)


async def test_a_majority_of_rounds_counts_a_round_of_many_like_a_round_of_one():
    rounds = [round_of([0.0, 0.0, 0.0]), round_of([1.0], number=2)]
    assert await made(GoByMajority).decide(tenths(*rounds), NOW) == Choice(10)


# --- what a strategy sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "level"), FIRST_ACTS.items())
async def test_what_was_lived_in_another_game_leaves_a_strategy_at_its_first_move(rule, level):
    elsewhere = [round_of([0.5], own=level, number=number, game="h") for number in (1, 2, 3)]
    assert await made(rule).decide(tenths(*elsewhere, number=1), NOW) == Choice(10 * level)


@pytest.mark.parametrize(("rule", "level"), FIRST_ACTS.items())
async def test_a_measure_gets_the_first_move(rule, level):
    item = Slider().decisions()[2]  # from 50-100 to 85-85
    assert await made(rule).decide(item, NOW) == Choice(0 if level else 8)


@pytest.mark.parametrize("rule", [SuspiciousTitForTat, TitForTwoTats, TwoTitsForTat, Bully, GoByMajority])
async def test_rounds_in_which_nobody_else_was_seen_teach_a_strategy_nothing(rule):
    alone = round_of([], own=0.2)
    assert await made(rule).decide(tenths(alone), NOW) == Choice(10 * FIRST_ACTS[rule])
    assert await made(rule).decide(tenths(round_of([1.0]), alone), NOW) == await made(rule).decide(
        tenths(round_of([1.0])), NOW
    )


async def test_an_alternator_turns_round_what_was_carried_out():
    assert await made(Alternator).decide(tenths(round_of([1.0], own=0.0)), NOW) == Choice(10)
    assert await made(Alternator).decide(tenths(round_of([1.0], own=0.3), number=8), NOW) == Choice(7)


async def test_an_alternator_needs_to_see_no_one_else():
    assert await made(Alternator).decide(tenths(round_of([], own=1.0), number=3), NOW) == Choice(0)


async def test_an_alternator_passes_over_rounds_in_which_it_did_not_act():
    past = round_of([1.0], own=1.0), round_of([1.0], own=None, number=2)
    assert await made(Alternator).decide(tenths(*past), NOW) == Choice(0)


@pytest.mark.parametrize(("number", "option"), [(1, 10), (2, 0), (3, 10), (8, 0)])
async def test_an_alternator_that_sees_no_act_of_its_own_goes_by_the_round(number, option):
    assert await made(Alternator).decide(tenths(number=number), NOW) == Choice(option)
    assert await made(Alternator).decide(tenths(round_of([0.0], own=None), number=number), NOW) == Choice(option)


@pytest.mark.parametrize("rule", [TitForTwoTats, TwoTitsForTat])
async def test_two_rounds_are_all_that_is_needed(rule):
    last = round_of([0.2], number=8), round_of([0.6], number=9)
    longer = tuple(round_of([0.0], number=number) for number in range(1, 8)) + last
    assert await made(rule).decide(tenths(*last), NOW) == await made(rule).decide(tenths(*longer), NOW)


# --- properties ------------------------------------------------------------------------------------------------------

LEVELS = st.lists(st.lists(st.integers(0, 10), min_size=1, max_size=3), max_size=6)


@given(LEVELS)
async def test_two_tats_forgive_at_least_as_much_as_two_tits(levels):
    past = [round_of([one / 10 for one in others], number=number) for number, others in enumerate(levels, 1)]
    forgiving, strict = [
        (await made(rule).decide(tenths(*past), NOW)).option for rule in (TitForTwoTats, TwoTitsForTat)
    ]
    assert strict <= forgiving


@given(LEVELS, st.randoms())
async def test_the_order_of_the_others_makes_no_difference(levels, chance):
    past, mixed = [], []
    for number, others in enumerate(levels, 1):
        past.append(round_of([one / 10 for one in others], number=number))
        mixed.append(round_of([one / 10 for one in chance.sample(others, len(others))], number=number))
    for rule in FIRST_ACTS:
        assert await made(rule).decide(tenths(*past), NOW) == await made(rule).decide(tenths(*mixed), NOW)


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_every_strategy_is_in_the_catalogue_under_its_kind():
    targets = {name: member("agent", name)["_target_"] for name in known("agent")}
    found = {name for name, target in targets.items() if target.startswith("agents.strategies.")}
    assert found == {rule.kind for rule in FIRST_ACTS}
    for name in found:
        place = Setting(0, None, 1, no_gateway, Induction("none", "s"), None)
        assert built(member("agent", name), "agent", place).kind == name
