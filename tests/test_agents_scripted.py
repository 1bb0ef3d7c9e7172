"""Scripted rules against sequences worked out by hand."""

import math
from collections import Counter

import pytest

from agents.induction import Induction
from agents.scripted import (
    ConditionalCooperator,
    FixedShare,
    GrimTrigger,
    Maximiser,
    Random,
    TitForTat,
    WinStayLoseShift,
    cooperations,
    nearest,
)
from agents.setting import Setting
from games.dictator import Dictator
from games.errors import SettingError
from games.public_goods import PublicGoods
from games.slider import Slider, ideal_options
from games.svo import Orientation
from games.types import Allocation, Choice, Decision, Experience, Occasion, Option

NOW = Occasion("play", 1, 1)


def no_gateway():
    raise AssertionError("a scripted rule needs no model")


def setting(orientation=None):
    return Setting(0, orientation, 1, no_gateway, Induction("none", "s"), None)


def round_of(others, own=1.0, number=1):
    return Experience("g", "choose", number, own, tuple(others), 0.0)


def tenths(*past):
    """A decision between 0, 0.1 … 1 of cooperation: option 7 is a level of 0.7."""
    return Decision("g", 0, tuple(Option(n, Allocation(10 - n, n), n / 10) for n in range(11)), past=past)


async def course(rule, levels):
    """The levels that a rule plays while one partner plays these, beginning before the partner's first."""
    played, past = [], []
    for number, level in enumerate([*levels, None], start=1):
        choice = await rule.decide(tenths(*past), NOW)
        played.append(choice.option / 10)
        past.append(round_of([level], own=played[-1], number=number))
    return played


# --- reading a menu --------------------------------------------------------------------------------------------------


def test_a_menu_without_readings_is_read_by_the_others_points():
    menu = Decision(
        "g", 0, tuple(Option(act, Allocation(0, other)) for act, other in (("a", 15), ("b", 50), ("c", 85)))
    )
    assert cooperations(menu) == [0.0, 0.5, 1.0]


def test_a_menu_that_is_all_the_same_to_others_is_half_cooperative():
    menu = Decision("g", 0, tuple(Option(act, Allocation(own, 7)) for own, act in enumerate("ab")))
    assert cooperations(menu) == [0.5, 0.5]


def test_the_games_own_reading_goes_before_the_points():
    menu = Decision("g", 0, (Option("a", Allocation(0, 0), 1.0), Option("b", Allocation(0, 9), 0.0)))
    assert cooperations(menu) == [1.0, 0.0]


@pytest.mark.parametrize(("level", "option"), [(0, 0), (0.04, 0), (0.06, 1), (0.5, 5), (0.97, 10), (1, 10)])
def test_the_nearest_option_is_taken(level, option):
    assert nearest(tenths(), level) == Choice(option)


def test_of_two_equally_near_the_first_is_taken():
    menu = Decision("g", 0, tuple(Option(act, Allocation(0, 0), level) for act, level in (("a", 1.0), ("b", 0.0))))
    assert nearest(menu, 0.5) == Choice(0)


@pytest.mark.parametrize("level", [0.55, 0.65])
def test_of_two_equally_near_the_first_is_taken_whatever_the_rounding(level):
    assert nearest(tenths(), level) == Choice(int(level * 10))


# --- the rules -------------------------------------------------------------------------------------------------------


async def test_tit_for_tat_begins_with_everything_and_gives_back_the_last():
    assert await course(TitForTat(setting()), [0.3, 1, 0, 0.8]) == [1, 0.3, 1, 0, 0.8]


async def test_tit_for_tat_matches_the_mean_of_several():
    assert await TitForTat(setting()).decide(tenths(round_of([0.0, 0.4, 0.8])), NOW) == Choice(4)


async def test_grim_trigger_never_forgives():
    assert await course(GrimTrigger(setting()), [1, 0.5, 0.4, 1, 1]) == [1, 1, 1, 0, 0, 0]
    assert await course(GrimTrigger(setting(), threshold=0.3), [1, 0.4, 0.2, 1]) == [1, 1, 1, 0, 0]


async def test_grim_trigger_is_set_off_by_any_one_of_several():
    assert await GrimTrigger(setting()).decide(tenths(round_of([1.0, 1.0, 0.4])), NOW) == Choice(0)
    assert await GrimTrigger(setting()).decide(tenths(round_of([1.0, 1.0, 0.5])), NOW) == Choice(10)


async def test_win_stay_lose_shift_repeats_after_a_win_and_turns_round_after_a_loss():
    # 1 at first; partner 1: stay; partner 0: shift to 0; again 0: shift to 1; 0.5 is a win: stay; 0.4: shift to 0
    assert await course(WinStayLoseShift(setting()), [1, 0, 0, 0.5, 0.4]) == [1, 1, 0, 1, 1, 0]


async def test_win_stay_lose_shift_turns_a_partial_act_into_its_opposite():
    rule = WinStayLoseShift(setting())
    assert await rule.decide(tenths(round_of([0.1], own=0.3)), NOW) == Choice(7)
    assert await rule.decide(tenths(round_of([0.9], own=0.3)), NOW) == Choice(3)


async def test_win_stay_lose_shift_passes_over_rounds_in_which_it_did_not_act():
    rule = WinStayLoseShift(setting())
    assert await rule.decide(tenths(round_of([1.0], own=0.3), round_of([0.0], own=None, number=2)), NOW) == Choice(3)
    assert await rule.decide(tenths(round_of([0.0], own=None)), NOW) == Choice(10)


async def test_a_conditional_cooperator_gives_a_share_of_what_the_others_gave():
    assert await course(ConditionalCooperator(setting()), [1, 0.5, 0]) == [0.5, 0.9, 0.4, 0]  # 0.45: the first
    assert await course(ConditionalCooperator(setting(), start=0.2, slope=0.5), [1, 0.4]) == [0.2, 0.5, 0.2]


async def test_a_fixed_share_is_the_same_whatever_the_others_do():
    assert await course(FixedShare(setting(), share=0.7), [0, 1, 0.2]) == [0.7] * 4


async def test_rounds_in_which_nobody_else_acted_teach_a_rule_nothing():
    alone = round_of([], own=0.2)
    for rule in (TitForTat(setting()), GrimTrigger(setting()), WinStayLoseShift(setting())):
        assert await rule.decide(tenths(alone), NOW) == Choice(10)
    assert await ConditionalCooperator(setting()).decide(tenths(alone), NOW) == Choice(5)
    assert await TitForTat(setting()).decide(tenths(round_of([0.3]), alone), NOW) == Choice(3)


async def test_random_choices_are_fixed_by_the_draw_and_spread_evenly():
    rule = Random(setting())
    found = [(await rule.decide(tenths(), Occasion("play", 1, draw))).option for draw in range(2200)]
    again = [(await Random(setting()).decide(tenths(), Occasion("after", 2, draw))).option for draw in range(2200)]
    assert found == again
    counts = Counter(found)
    assert sorted(counts) == list(range(11))
    assert all(abs(count - 200) < 68 for count in counts.values())  # five standard errors


# --- the maximiser ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orientation", "share"), [("altruistic", 20), ("prosocial", 20), ("individualistic", 0), ("competitive", 0)]
)
async def test_in_a_public_good_of_four_the_maximiser_gives_what_its_orientation_wants(orientation, share):
    game = PublicGoods(players=4, multiplier=1.6)
    rule = Maximiser(setting(Orientation(orientation)))
    assert await rule.decide(game.decisions(game.start(1))[2], NOW) == Choice(share)


async def test_among_equal_options_the_maximiser_takes_the_first_whatever_the_rounding():
    for multiplier, expected in ((1.0, 0), (1.01, 100), (0.99, 0)):
        game = Dictator(endowment=100, multiplier=multiplier)
        assert await Maximiser(setting(), angle=45).decide(game.decisions(game.start(1))[0], NOW) == Choice(expected)
    # Giving is worth the same as keeping at exactly this angle.
    game = PublicGoods(players=4, multiplier=1.6)
    indifferent = Maximiser(setting(), angle=math.degrees(math.atan(0.5)))
    assert await indifferent.decide(game.decisions(game.start(1))[0], NOW) == Choice(0)


@pytest.mark.parametrize("orientation", Orientation)
async def test_on_the_slider_the_maximiser_is_an_ideal_respondent(orientation):
    respondent = {"altruistic": "altruist", "individualistic": "individualist", "competitive": "competitor"}
    liked = ideal_options(respondent.get(orientation, "joint_gain"))
    rule = Maximiser(setting(orientation))
    for decision in Slider().decisions():
        choice = await rule.decide(decision, NOW)
        assert decision.options[choice.option].act in liked[decision.item - 1]


async def test_an_angle_of_its_own_goes_before_the_orientations():
    game = PublicGoods()
    decision = game.decisions(game.start(1))[0]
    assert await Maximiser(setting(Orientation.INDIVIDUALISTIC), angle=90).decide(decision, NOW) == Choice(20)
    # Own falls by 0.6 and the others' rise by 1.2 a point: the turn is at atan(0.5) = 26.57°.
    turn = math.degrees(math.atan(0.5))
    assert await Maximiser(setting(), angle=turn - 0.1).decide(decision, NOW) == Choice(0)
    assert await Maximiser(setting(), angle=turn + 0.1).decide(decision, NOW) == Choice(20)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "settings"),
    [
        (FixedShare, {"share": 1.1}),
        (GrimTrigger, {"threshold": -0.1}),
        (ConditionalCooperator, {"start": 2}),
        (ConditionalCooperator, {"slope": -1}),
    ],
)
def test_a_level_outside_the_unit_interval_is_refused_by_name(rule, settings):
    ((name, value),) = settings.items()
    with pytest.raises(SettingError, match=f"{name}={value}"):
        rule(setting(), **settings)


def test_a_maximiser_needs_an_angle_or_an_orientation():
    with pytest.raises(SettingError, match="angle"):
        Maximiser(setting())
