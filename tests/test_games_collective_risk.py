"""The collective-risk dilemma: points at the end, the catastrophe, what options bring, and its yardsticks."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.collective_risk import CollectiveRisk, payoffs
from games.errors import SettingError
from games.randomness import stream
from games.svo import Orientation
from games.types import Answer, Choice

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine


def resolve(game, state, paid):
    """The next state and the outcomes, everybody paying so many points."""
    places = [game.payments.index(one) for one in paid]
    return game.resolve(state, {one.key: Choice(places[one.player]) for one in game.decisions(state)})


def play(game, seed, *rounds):
    """The outcomes of every round, each given by what everybody pays."""
    state, found = game.start(seed), []
    for paid in rounds:
        state, outcomes = resolve(game, state, paid)
        found.append([one.payoff for one in outcomes])
    assert game.decisions(state) == ()
    return found


# --- points ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6), st.integers(1, 200), st.floats(0, 1))
def test_the_payoff_function_is_the_definition(paid, target, risk):
    kept = [40 - one for one in paid]
    expected = kept if sum(paid) >= target else [(1 - risk) * one for one in kept]
    assert payoffs(paid, 40, target, risk).tolist() == pytest.approx(expected)


def test_the_payoff_function_is_vectorised_over_leading_axes():
    paid = np.random.default_rng(0).integers(0, 41, (3, 4, 6))
    together = payoffs(paid, 40, 120, 0.9)
    assert together.shape == paid.shape
    for row, column in product(range(3), range(4)):
        np.testing.assert_array_equal(together[row, column], payoffs(paid[row, column], 40, 120, 0.9))


def test_who_reaches_the_target_exactly_keeps_what_is_left():
    game = CollectiveRisk(risk=1.0)
    *before, last = play(game, 0, *[[2, 2, 2, 2, 2, 2]] * 9, [4, 4, 4, 0, 0, 0])
    assert last == [18, 18, 18, 22, 22, 22]
    assert before == [[0] * 6] * 9


def test_one_payment_too_little_loses_everything_for_everybody():
    game = CollectiveRisk(risk=1.0)
    *before, last = play(game, 0, *[[2, 2, 2, 2, 2, 2]] * 9, [4, 4, 2, 0, 0, 0])
    assert last == [0] * 6
    assert before == [[0] * 6] * 9


def test_without_a_risk_nothing_is_lost():
    assert play(CollectiveRisk(risk=0.0, rounds=1), 0, [0, 2, 4, 0, 0, 0]) == [[40, 38, 36, 40, 40, 40]]


@pytest.mark.parametrize("risk", [0.1, 0.5, 0.9])
def test_a_missed_target_loses_everything_as_often_as_the_risk_says(risk):
    game, plays = CollectiveRisk(players=2, endowment=4, target=8, rounds=1, risk=risk), 2000
    ends = [tuple(play(game, seed, [0, 2])[0]) for seed in range(plays)]
    assert set(ends) == {(0, 0), (4, 2)}, "all lose, or nobody does"
    frequency = ends.count((0, 0)) / plays
    assert abs(frequency - risk) < 4 * (risk * (1 - risk) / plays) ** 0.5


def test_the_catastrophe_is_fixed_by_the_seed_and_not_by_what_was_paid():
    game = CollectiveRisk(players=2, endowment=4, target=8, rounds=1, risk=0.5)
    for seed in range(50):
        lost = bool(stream(seed, "catastrophe").random() < 0.5)
        assert (play(game, seed, [0, 0])[0] == [0, 0]) == (play(game, seed, [2, 0])[0] == [0, 0]) == lost


def test_experiences_say_what_was_paid_and_how_it_ended():
    game = CollectiveRisk(players=3, endowment=8, target=10, rounds=2, risk=1.0)
    state, first = resolve(game, game.start(0), [4, 2, 0])
    facts = first[1].experience.facts
    assert (facts["act"], facts["others_acts"], facts["group_paid"], facts["ended"]) == (2, (4, 0), 6, False)
    assert (first[1].experience.own, first[1].experience.others) == (0.5, (1.0, 0.0))
    assert state.held == (4, 2, 0)
    _, last = resolve(game, state, [4, 0, 0])
    facts = last[0].experience.facts
    assert [one.payoff for one in last] == [0, 6, 8]
    assert (facts["group_paid"], facts["ended"], facts["reached"], facts["lost"]) == (10, True, True, False)


def test_a_lost_play_says_so():
    game = CollectiveRisk(players=2, endowment=8, target=10, rounds=1, risk=1.0)
    _, last = resolve(game, game.start(0), [0, 4])
    assert (last[0].experience.facts["reached"], last[0].experience.facts["lost"]) == (False, True)


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_a_player_knows_its_account_and_what_all_have_paid():
    game = CollectiveRisk(players=3, endowment=8, target=10, rounds=2)
    state, _ = resolve(game, game.start(0), [4, 2, 0])
    pending = game.decisions(state)
    assert [one.facts["account"] for one in pending] == [4, 6, 8]
    assert {one.facts["paid_by_all"] for one in pending} == {6}
    assert {one.answer for one in pending} == {Answer.AMOUNT}
    assert [[option.act for option in one.options] for one in pending] == [[0, 2, 4]] * 3
    assert [option.cooperation for option in pending[0].options] == [0, 0.5, 1]


def test_before_any_round_options_count_on_the_middle_payment_of_everybody_else():
    game = CollectiveRisk()
    options = game.decisions(game.start(0))[0].options
    # Ten rounds of 2 by the five others are 100: 0 misses the target of 120, 2 meets it, 4 goes beyond.
    expected = [(0.1 * 40, 0.1 * 100), (20, 100), (0, 100)]
    assert [(one.allocation.own, one.allocation.other) for one in options] == [pytest.approx(one) for one in expected]


def test_later_options_hold_the_others_at_their_last_payments_for_the_rounds_to_come():
    game = CollectiveRisk(players=3, endowment=12, target=16, rounds=3, risk=0.5)
    state, _ = resolve(game, game.start(0), [4, 2, 0])
    options = game.decisions(state)[2].options
    # Two rounds to come: 6 are paid, the others add 2 · (4 + 2) = 12, which is enough whatever seat 2 does.
    assert [(one.allocation.own, one.allocation.other) for one in options] == [(12, 6), (8, 6), (4, 6)]
    options = game.decisions(state)[0].options
    # Of seat 0 the others add 4: 10 altogether with 0, 14 with 2, 18 with 4.
    expected = [(0.5 * 8, 0.5 * 18), (0.5 * 4, 0.5 * 18), (0, 18)]
    assert [(one.allocation.own, one.allocation.other) for one in options] == expected


@pytest.mark.parametrize("place", [0, 1, 2])
def test_in_the_last_round_an_option_brings_what_is_expected_of_it(place):
    game = CollectiveRisk(players=3, endowment=8, target=10, rounds=2, risk=0.75)
    state, _ = resolve(game, game.start(0), [2, 2, 2])
    option = game.decisions(state)[0].options[place]
    own, first, second = payoffs([2 + game.payments[place], 4, 4], 8, 10, 0.75)
    assert (option.allocation.own, option.allocation.other) == (own, first + second)


# --- void rounds -----------------------------------------------------------------------------------------------------


def test_a_void_round_takes_no_payment_and_leaves_no_experience():
    game = CollectiveRisk(players=2, endowment=12, target=8, rounds=3)
    state, _ = resolve(game, game.start(0), [4, 2])
    void = game.void(state)
    assert (void.round, void.held, void.last) == (3, state.held, state.last)
    assert [len(one) for one in void.lived] == [1, 1]
    end, outcomes = resolve(game, void, [2, 0])
    assert [one.payoff for one in outcomes] == [6, 10]
    assert game.decisions(end) == ()


def test_a_play_whose_last_round_is_void_brings_no_points():
    game = CollectiveRisk(players=2, endowment=8, target=4, rounds=2)
    state, outcomes = resolve(game, game.start(0), [4, 2])
    assert [one.payoff for one in outcomes] == [0, 0]
    assert game.decisions(game.void(state)) == ()


# --- yardsticks ------------------------------------------------------------------------------------------------------


def test_the_yardsticks_of_milinskis_numbers():
    found = CollectiveRisk().yardsticks()
    points = {one.acts: one.mean for one in found.equilibria}
    assert points == {"all 0 over all rounds": pytest.approx(4), "all 20 over all rounds": pytest.approx(20)}
    assert found.optimum.total == 120
    assert found.optimum.cooperation == 0.5
    assert (found.least, found.most, found.span, found.expected) == (0, 40, "play", True)
    assert found.benchmark == found.optimum.total
    acts = {who: dict(stages)["pay"] for who, stages in found.ideal.items()}
    assert acts[Orientation.PROSOCIAL] == acts[Orientation.INDIVIDUALISTIC] == (2,)
    assert acts[Orientation.COMPETITIVE] == (0,)


SETTINGS = [
    {"risk": 0.5},
    {"risk": 1.0},
    {"risk": 0.0},
    {"risk": 1.0, "target": 13},
    {"risk": 1.0, "target": 100},
    {"risk": 0.9, "target": 7},
    {"risk": 0.9, "payments": (1, 4), "target": 5},
    {"risk": 0.2, "payments": (1, 4), "target": 9},
    {"risk": 1.0, "payments": (0, 4), "endowment": 10, "target": 16},
]


@pytest.mark.parametrize("given", SETTINGS, ids=str)
def test_the_yardsticks_are_those_of_a_search_through_every_play(given):
    game = CollectiveRisk(**{"players": 2, "endowment": 8, "target": 8, "rounds": 2} | given)
    ways = list(product(game.payments, repeat=game.rounds))
    means, reached, best = {}, [], -1.0
    for first, second in product(ways, ways):
        paid = (sum(first), sum(second))
        kept = [game.endowment - one for one in paid]
        saved = sum(paid) >= game.target
        chance = 1.0 if saved else 1 - game.risk
        means[paid] = [chance * one for one in kept]
        best = max(best, sum(means[paid]))
        # Points that can be had at all: what is kept, and 0 where it may be lost.
        reached += kept if chance > 0 else []
        reached += [0] if chance < 1 else []
    found = game.yardsticks()
    assert found.optimum.total == pytest.approx(best)
    assert (found.least, found.most) == (min(reached), max(reached))
    totals = sorted({sum(way) for way in ways})
    stable = [
        total for total in totals if all(means[other, total][0] <= means[total, total][0] + 1e-9 for other in totals)
    ]
    assert [one.acts for one in found.equilibria] == [f"all {total} over all rounds" for total in stable]


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"players": 1}, "players=1 must be a whole number of at least 2"),
        ({"endowment": 0}, "endowment=0 must be a whole number of at least 1"),
        ({"target": 0}, "target=0 must be a whole number of at least 1"),
        ({"risk": 1.1}, "risk=1.1 must lie on [0, 1]"),
        ({"rounds": 0}, "rounds=0 must be a whole number of at least 1"),
        ({"payments": (2,)}, "payments=[2] must be two or more, each above the last"),
        ({"payments": (2, 0)}, "payments=[2, 0] must be two or more, each above the last"),
        ({"payments": (0, 0.5)}, "payments=0.5 must be a whole number of at least 0"),
        ({"rounds": 11}, "11 payments of 4 are more than the endowment of 40; raise the endowment or lower payments"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, told):
    with pytest.raises(SettingError) as refused:
        CollectiveRisk(**wrong)
    assert told in str(refused.value)


def test_payments_may_come_as_a_list():
    assert CollectiveRisk(payments=[0, 4]) == CollectiveRisk(payments=(0, 4))
    assert len({CollectiveRisk(payments=[0, 4]), CollectiveRisk(payments=(0, 4))}) == 1
