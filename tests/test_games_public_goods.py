"""The linear public goods game."""

import copy
import json
from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from games.errors import ChoiceError, SettingError
from games.public_goods import PublicGoods, payoffs
from games.svo import utility
from games.types import Choice, Failure

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

MULTIPLIERS = st.floats(0.1, 8)


@st.composite
def games(draw, **fixed):
    step, times = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    settings = {
        "players": draw(st.integers(2, 5)),
        "endowment": step * times,
        "step": step,
        "multiplier": draw(MULTIPLIERS),
        "rounds": draw(st.integers(1, 5)),
    }
    return PublicGoods(**settings | fixed)


def resolve(game, state, options):
    pending = game.decisions(state)
    return game.resolve(state, {one.key: Choice(options[one.player]) for one in pending})


def acts(game):
    """One option index for every seat."""
    index = st.integers(0, game.endowment // game.step)
    return st.lists(index, min_size=game.players, max_size=game.players)


def groups():
    return st.integers(2, 6).flatmap(lambda size: hnp.arrays(np.int64, (3, size), elements=st.integers(0, 20)))


# --- the payoff function ---------------------------------------------------------------------------------------------


def by_hand(contributions, endowment, multiplier):
    """The definition, one player at a time: π_i = e − c_i + (m/n) Σ c."""
    n = len(contributions)
    return [endowment - c + multiplier / n * sum(contributions) for c in contributions]


@given(groups(), MULTIPLIERS)
def test_vectorised_payoffs_equal_the_loop_of_the_definition(contributions, multiplier):
    expected = [by_hand([int(c) for c in group], 20, multiplier) for group in contributions]
    assert payoffs(contributions, 20, multiplier) == pytest.approx(np.array(expected))


@given(groups(), MULTIPLIERS)
def test_payoffs_sum_to_the_endowments_and_the_gain_of_the_pot(contributions, multiplier):
    n = contributions.shape[-1]
    expected = n * 20 + (multiplier - 1) * contributions.sum(axis=-1)
    assert payoffs(contributions, 20, multiplier).sum(axis=-1) == pytest.approx(expected)


@given(groups(), MULTIPLIERS, st.integers(0, 5), st.integers(1, 20))
def test_a_point_contributed_costs_its_giver_1_less_the_marginal_return(contributions, multiplier, seat, less):
    n = contributions.shape[-1]
    seat %= n
    fewer = contributions.copy()
    fewer[:, seat] = np.maximum(0, fewer[:, seat] - less)
    kept = contributions[:, seat] - fewer[:, seat]
    gain = payoffs(fewer, 20, multiplier)[:, seat] - payoffs(contributions, 20, multiplier)[:, seat]
    assert gain == pytest.approx(kept * (1 - multiplier / n), abs=1e-9)


def test_the_textbook_numbers_four_players_marginal_return_04():
    assert payoffs([20, 20, 20, 20], 20, 1.6) == pytest.approx([32, 32, 32, 32])
    assert payoffs([0, 20, 20, 20], 20, 1.6) == pytest.approx([44, 24, 24, 24])
    assert payoffs([0, 0, 0, 0], 20, 1.6) == pytest.approx([20, 20, 20, 20])


# --- the options -----------------------------------------------------------------------------------------------------


@given(st.data())
def test_contributing_nothing_dominates_when_the_marginal_return_is_below_1(data):
    game = data.draw(games())
    assume(game.multiplier / game.players < 0.999)
    state = game.start(1)
    if data.draw(st.booleans()) and game.rounds > 1:
        state, _ = resolve(game, state, data.draw(acts(game)))
    for decision in game.decisions(state):
        own = [option.allocation.own for option in decision.options]
        assert own[0] == max(own)
        assert own == sorted(own, reverse=True)


@given(games())
def test_before_any_round_the_others_are_believed_to_give_the_midpoint(game):
    believed = (game.players - 1) * game.endowment / 2
    for decision in game.decisions(game.start(1)):
        for option in decision.options:
            share = game.multiplier / game.players * (option.act + believed)
            assert option.allocation.own == pytest.approx(game.endowment - option.act + share)


@given(st.data())
def test_the_allocation_is_what_is_paid_when_the_others_repeat_their_last_act(data):
    game = data.draw(games(rounds=3))
    last = data.draw(acts(game))
    state, _ = resolve(game, game.start(1), data.draw(acts(game)))
    state, _ = resolve(game, state, last)
    seat = data.draw(st.integers(0, game.players - 1))
    option = data.draw(st.integers(0, game.endowment // game.step))
    allocation = game.decisions(state)[seat].options[option].allocation
    _, outcomes = resolve(game, state, [*last[:seat], option, *last[seat + 1 :]])
    paid = [one.payoff for one in outcomes]
    assert allocation.own == pytest.approx(paid[seat])
    # `other` is the sum over all others, not their mean.
    assert allocation.other == pytest.approx(sum(paid) - paid[seat])


@given(st.data())
def test_own_and_other_together_are_the_joint_payoff_under_the_belief(data):
    game = data.draw(games())
    for decision in game.decisions(game.start(1)):
        assert decision.others == game.players - 1
        for option in decision.options:
            given_in_all = option.act + (game.players - 1) * game.endowment / 2
            joint = game.players * game.endowment + (game.multiplier - 1) * given_in_all
            assert option.allocation.own + option.allocation.other == pytest.approx(joint)


def test_the_belief_is_the_last_round_that_was_played_whatever_was_void_since():
    game = PublicGoods(players=2, endowment=10, multiplier=1.5, rounds=5)
    state, _ = resolve(game, game.start(1), [2, 9])
    state = game.void(game.void(state))
    nothing = game.decisions(state)[0].options[0].allocation
    assert (nothing.own, nothing.other) == (pytest.approx(10 + 0.75 * 9), pytest.approx(1 + 0.75 * 9))


def test_a_prosocial_of_four_gives_everything_because_joint_gain_counts_every_other():
    game = PublicGoods(players=4, multiplier=1.6)
    decision = game.decisions(game.start(1))[0]
    own = np.array([option.allocation.own for option in decision.options])
    other = np.array([option.allocation.other for option in decision.options])
    assert np.diff(own) == pytest.approx(-0.6)
    assert np.diff(other) == pytest.approx(3 * 0.4)
    assert utility(own, other, 45).argmax() == 20
    # With the mean of the others in place of their sum the same respondent would give nothing.
    assert utility(own, other / 3, 45).argmax() == 0
    assert [int(utility(own, other, angle).argmax()) for angle in (90, 0, -45)] == [20, 0, 0]


@given(games())
def test_cooperation_is_the_share_of_the_endowment(game):
    decision = game.decisions(game.start(1))[-1]
    assert [option.act for option in decision.options] == list(range(0, game.endowment + 1, game.step))
    assert [option.cooperation for option in decision.options] == [o.act / game.endowment for o in decision.options]


# --- the play --------------------------------------------------------------------------------------------------------


def test_every_seat_decides_in_every_round_and_the_play_ends():
    game = PublicGoods(players=3, rounds=2)
    state = game.start(1)
    asked = []
    while pending := game.decisions(state):
        asked.append([(one.round, one.player) for one in pending])
        state, _ = resolve(game, state, [0, 0, 0])
    assert asked == [[(1, 0), (1, 1), (1, 2)], [(2, 0), (2, 1), (2, 2)]]


@given(st.data())
def test_outcomes_are_the_payoffs_and_are_remembered_from_each_seat(data):
    game = data.draw(games(rounds=2))
    options = data.draw(acts(game))
    given_points = [option * game.step for option in options]
    state, outcomes = resolve(game, game.start(1), options)
    assert [one.payoff for one in outcomes] == pytest.approx(by_hand(given_points, game.endowment, game.multiplier))
    for seat, (outcome, decision) in enumerate(zip(outcomes, game.decisions(state), strict=True)):
        others = tuple(c for index, c in enumerate(given_points) if index != seat)
        assert decision.past == (outcome.experience,)
        assert outcome.experience.own == given_points[seat] / game.endowment
        assert outcome.experience.others == tuple(c / game.endowment for c in others)
        assert outcome.experience.facts == {
            "act": given_points[seat],
            "others_acts": others,
            "others_points": tuple(one.payoff for one in outcomes if one.player != seat),
            "payoff": outcome.payoff,
        }


def test_a_void_round_passes_without_outcome_or_experience():
    game = PublicGoods(players=2, rounds=3)
    state, _ = resolve(game, game.start(1), [1, 2])
    state = game.void(state)
    assert {one.round for one in game.decisions(state)} == {3}
    assert [[e.round for e in one.past] for one in game.decisions(state)] == [[1], [1]]
    assert game.decisions(game.void(state)) == ()


@pytest.mark.parametrize("first", [1, 4])
def test_a_play_can_start_later_without_a_past_and_then_counts_on(first):
    game = PublicGoods(players=2, rounds=5)
    state = game.start(1, first=first)
    assert {(one.round, one.past) for one in game.decisions(state)} == {(first, ())}
    state, outcomes = resolve(game, state, [1, 2])
    assert {one.round for one in outcomes} == {first}
    assert [one.past[0].round for one in game.decisions(state)] == [first, first]


ALL = {(seat, 0): Choice(0) for seat in range(4)}


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {(seat, 0): Choice(0) for seat in range(3)},
        ALL | {(4, 0): Choice(0)},
        ALL | {(0, 1): Choice(0)},
        ALL | {(2, 0): Choice(failure=Failure.UNREADABLE)},
        ALL | {(2, 0): Choice(21)},
        ALL | {(2, 0): Choice(-1)},
    ],
    ids=["none", "missing", "superfluous", "another item", "failed", "above the menu", "below the menu"],
)
def test_it_refuses_whatever_is_not_exactly_one_choice_of_every_player(choices):
    game = PublicGoods()
    with pytest.raises(ChoiceError):
        game.resolve(game.start(1), choices)


def test_the_state_is_immutable_and_json_can_hold_it():
    game = PublicGoods(players=2, rounds=3)
    state, _ = resolve(game, game.start(1), [1, 2])
    before = copy.deepcopy(state)
    resolve(game, state, [3, 4])
    game.void(state)
    assert state == before
    with pytest.raises(FrozenInstanceError):
        state.round = 9
    kept = json.loads(json.dumps(asdict(game.void(state))))
    assert kept["round"] == 3
    assert kept["last"] == [[[0, 0, 1], [1, 0, 2]]]  # (player, item, act) of each stage of the last settled round
    assert [[one["round"] for one in lived] for lived in kept["lived"]] == [[1], [1]]


@given(st.data())
def test_a_play_is_replayed_from_its_seed_and_choices(data):
    game = data.draw(games(rounds=3))
    course = data.draw(st.lists(acts(game), min_size=3, max_size=3))

    def play(seed):
        state, found = game.start(seed), []
        for options in course:
            state, outcomes = resolve(game, state, options)
            found.append(outcomes)
        return state, found

    assert play(7) == play(7)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"players": 1}, "players=1"),
        ({"endowment": 0}, "endowment=0"),
        ({"multiplier": 0}, "multiplier=0"),
        ({"multiplier": -0.5}, "multiplier=-0.5"),
        ({"step": 0}, "step=0"),
        ({"step": 3}, "step=3"),
        ({"rounds": 0}, "rounds=0"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings, told):
    with pytest.raises(SettingError, match=told):
        PublicGoods(**settings)
