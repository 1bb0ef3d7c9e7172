"""The dictator game."""

import copy
import json
from dataclasses import FrozenInstanceError, asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.dictator import Dictator
from games.errors import ChoiceError, SettingError
from games.types import Answer, Choice, Failure

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine


@st.composite
def games(draw, **fixed):
    step, times = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    settings = {
        "endowment": step * times,
        "step": step,
        "multiplier": draw(st.floats(0.1, 5)),
        "rounds": draw(st.integers(1, 6)),
    }
    return Dictator(**settings | fixed)


def play(game, gifts, first=1):
    """States and outcomes of a play in which the pending dictator takes these options in turn; None voids."""
    state, found = game.start(1, first), []
    for option in gifts:
        (decision,) = game.decisions(state)
        if option is None:
            state = game.void(state)
            continue
        state, outcomes = game.resolve(state, {decision.key: Choice(option)})
        found.append(outcomes)
    return state, found


def plays(game):
    last = game.endowment // game.step
    return st.lists(st.integers(0, last), min_size=game.rounds, max_size=game.rounds)


@given(st.data())
def test_a_gift_leaves_the_rest_and_brings_the_multiple(data):
    game = data.draw(games())
    gifts = data.draw(plays(game))
    _, rounds = play(game, gifts)
    for number, (option, outcomes) in enumerate(zip(gifts, rounds, strict=True), start=1):
        giver, gift = (number - 1) % 2, option * game.step
        payoffs = {one.player: one.payoff for one in outcomes}
        assert payoffs == {giver: game.endowment - gift, 1 - giver: pytest.approx(gift * game.multiplier)}


@given(st.data())
def test_with_a_multiplier_of_1_the_points_are_conserved(data):
    game = data.draw(games(multiplier=1.0))
    _, rounds = play(game, data.draw(plays(game)))
    for outcomes in rounds:
        assert sum(one.payoff for one in outcomes) == game.endowment


@given(games())
def test_each_option_carries_what_it_brings_and_the_share_it_gives(game):
    (decision,) = game.decisions(game.start(1))
    assert [option.act for option in decision.options] == list(range(0, game.endowment + 1, game.step))
    for option in decision.options:
        assert option.allocation.own == game.endowment - option.act
        assert option.allocation.other == pytest.approx(option.act * game.multiplier)
        assert option.cooperation == option.act / game.endowment
    assert decision.answer is Answer.AMOUNT
    assert decision.others == 1


@given(st.data())
def test_the_allocation_of_the_option_is_the_payoffs(data):
    game = data.draw(games())
    (decision,) = game.decisions(game.start(1))
    index = data.draw(st.integers(0, len(decision.options) - 1))
    _, (outcomes,) = play(game, [index])
    taken = decision.options[index].allocation
    assert [one.payoff for one in outcomes] == [taken.own, taken.other]


def test_seats_alternate_as_dictator_and_the_play_ends_after_the_last_round():
    game = Dictator(rounds=3)
    state, seats = game.start(1), []
    while pending := game.decisions(state):
        assert len(pending) == 1
        seats.append((pending[0].round, pending[0].player))
        state, _ = game.resolve(state, {pending[0].key: Choice(0)})
    assert seats == [(1, 0), (2, 1), (3, 0)]


@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_play_can_start_later_and_has_no_past_then(first):
    game = Dictator(rounds=3)
    (decision,) = game.decisions(game.start(1, first=first))
    assert (decision.round, decision.player, decision.past) == (first, (first - 1) % 2, ())


def test_each_seat_remembers_the_round_from_its_own_side():
    game = Dictator(endowment=10, multiplier=2.0, rounds=3)
    state, ((giver, receiver), _) = play(game, [4, 1])
    assert (giver.stage, giver.payoff, giver.experience.own, giver.experience.others) == ("give", 6, 0.4, ())
    assert (receiver.stage, receiver.payoff) == ("receive", 8)
    assert (receiver.experience.own, receiver.experience.others) == (None, (0.4,))
    assert receiver.experience.facts == {"given": 4, "received": 8, "endowment": 10, "payoff": 8}
    ((second,), (third,)) = game.decisions(play(game, [4])[0]), game.decisions(state)
    assert [(e.stage, e.round, e.payoff) for e in second.past] == [("receive", 1, 8)]
    assert [(e.stage, e.round, e.payoff) for e in third.past] == [("give", 1, 6), ("receive", 2, 2)]


def test_a_void_round_passes_without_outcome_or_experience():
    game = Dictator(rounds=3)
    state, rounds = play(game, [3, None])
    assert len(rounds) == 1
    (decision,) = game.decisions(state)
    assert (decision.round, decision.player) == (3, 0)
    assert [one.round for one in decision.past] == [1]
    assert game.decisions(game.void(state)) == ()


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {(1, 0): Choice(0)},
        {(0, 0): Choice(0), (1, 0): Choice(0)},
        {(0, 0): Choice(0), (0, 1): Choice(0)},
        {(0, 0): Choice(failure=Failure.REFUSED)},
        {(0, 0): Choice(11)},
        {(0, 0): Choice(-1)},
    ],
    ids=["missing", "recipient's", "superfluous", "another item", "failed", "above the menu", "below the menu"],
)
def test_it_refuses_whatever_is_not_exactly_the_dictators_choice(choices):
    game = Dictator()
    with pytest.raises(ChoiceError):
        game.resolve(game.start(1), choices)


def test_it_refuses_a_choice_after_the_end():
    game = Dictator(rounds=1)
    state, _ = play(game, [0])
    with pytest.raises(ChoiceError):
        game.resolve(state, {(0, 0): Choice(0)})


def test_the_state_is_immutable_and_json_can_hold_it():
    game = Dictator(rounds=3)
    state, _ = play(game, [4, 1])
    before = copy.deepcopy(state)
    (decision,) = game.decisions(state)
    game.resolve(state, {decision.key: Choice(2)})
    game.void(state)
    assert state == before
    with pytest.raises(FrozenInstanceError):
        state.round = 9
    assert json.loads(json.dumps(asdict(state)))["lived"][1][0]["payoff"] == 4


@given(st.data())
def test_a_play_is_replayed_from_its_choices(data):
    game = data.draw(games())
    gifts = data.draw(plays(game))
    assert play(game, gifts) == play(game, gifts)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"endowment": 0}, "endowment=0"),
        ({"multiplier": 0}, "multiplier=0"),
        ({"multiplier": -1}, "multiplier=-1"),
        ({"step": 0}, "step=0"),
        ({"step": 3}, "step=3"),
        ({"rounds": 0}, "rounds=0"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings, told):
    with pytest.raises(SettingError, match=told):
        Dictator(**settings)
