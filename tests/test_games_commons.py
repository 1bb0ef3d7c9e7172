"""The common stock: its rules beside an independent calculation of GovSim's, its dynamics, and its theory."""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.common_stock import ALLOCATIONS, expected_shares, lottery, proportional, regrown, sustainable
from games.commons import Commons
from games.commons_theory import equilibrium, lottery_chances, optimum
from games.errors import ChoiceError, SettingError
from games.metrics import efficiency, equality, over_usage, survival_time, survives
from games.randomness import stream
from games.rounds import Settled, State
from games.types import Answer, Choice

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

PLAYS = 1000


def resolve(game, state, wants):
    """The next state and the outcomes; an act's place on the menu is the act itself."""
    return game.resolve(state, {one.key: Choice(wants[one.player]) for one in game.decisions(state)})


# --- the rules of GovSim, written down once more ---------------------------------------------------------------------


def month_by_hand(wants, stock, allocation, seed, month):
    """One month by GovSim's rules: what each catches, what is left, whether it has collapsed, and the next stock."""
    if sum(wants) <= stock:
        caught = list(wants)
    elif allocation == "stochastic":
        caught = by_lot(wants, stock, stream(seed, "allocation", month))
    else:
        caught = by_share(wants, stock)
    left = stock - sum(caught)
    if left < 5:
        return caught, left, True, 0
    return caught, left, False, min(100, 2 * left)


def by_lot(wants, stock, rng):
    """Unit by unit, each to one drawn from those who still want more."""
    still, caught = list(wants), [0] * len(wants)
    while stock > 0 and any(still):
        eager = [seat for seat, want in enumerate(still) if want > 0]
        winner = rng.choice(eager)
        still[winner] -= 1
        caught[winner] += 1
        stock -= 1
    return caught


def by_share(wants, stock):
    """Whole units in proportion to the wants, the last ones to the largest remainders, of equal ones to the first."""
    quotas = [Fraction(want * stock, sum(wants)) for want in wants]
    caught = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(wants)), key=lambda seat: (caught[seat] - quotas[seat], seat))
    for seat in by_remainder[: stock - sum(caught)]:
        caught[seat] += 1
    return caught


def wanted(rng, stock, players):
    """What everybody wants: modestly, greedily, or so that about as much is left as decides on a collapse."""
    temper = rng.choice(["modest", "greedy", "at the edge", "restrained"], p=[0.55, 0.1, 0.15, 0.2])
    if temper == "at the edge":
        cuts = np.sort(rng.integers(0, max(0, stock - int(rng.integers(3, 8))) + 1, players - 1))
        total = max(0, stock - int(rng.integers(3, 8)))
        ends = [0, *np.minimum(cuts, total).tolist(), total]
        return [int(high - low) for low, high in pairwise(ends)]
    most = {"modest": stock // 5, "greedy": stock, "restrained": stock // 12}[temper]
    return rng.integers(0, most + 1, players).tolist()


def month_of(game, seed, month, stock, wants):
    """The game's month: what every seat lived, and the stock that it carries on."""
    taken = (tuple((seat, 0, want) for seat, want in enumerate(wants)),)
    return game.settle(State(seed, month, taken=taken, held=(float(stock),), lived=((),) * game.players))


def difference(game, plays):
    """What the game and the calculation by hand first differ in over so many random plays; "" where in nothing."""
    for seed in range(plays):
        rng, stock = np.random.default_rng(seed), 100
        carried = game.opening()[0]
        for month in range(1, 13):
            if carried != stock:
                return f"play {seed} month {month}: stock {carried:g}, by hand {stock}"
            if stock == 0:
                break
            wants = wanted(rng, stock, 5)
            caught, left, collapsed, following = month_by_hand(wants, stock, game.allocation, seed, month)
            settled = month_of(game, seed, month, stock, wants)
            for seat, one in enumerate(settled.lived):
                facts = one.facts
                found = (facts["stock"], facts["act"], facts["harvest"], facts["group_left"], facts["group_collapsed"])
                found += (facts["sustainable"], one.points, facts["others_harvests"])
                others = tuple(caught[:seat] + caught[seat + 1 :])
                by_hand = (stock, wants[seat], caught[seat], left, collapsed, stock // 2, caught[seat], others)
                if found != by_hand:
                    return f"play {seed} month {month} seat {seat}: {found}, by hand {by_hand}"
            stock, carried = following, settled.held[0]
    return ""


@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_a_thousand_random_plays_agree_with_the_rules_of_govsim_month_by_month(allocation):
    assert difference(Commons(allocation=allocation), PLAYS) == ""


class Broken(Commons):
    """Carries another stock on than the rules say."""

    def settle(self, state):
        settled = super().settle(state)
        left = settled.lived[0].facts["group_left"]
        following = self.wrong(left)
        lived = tuple(replace(one, facts={**one.facts, "group_collapsed": following == 0}) for one in settled.lived)
        return Settled(lived, (float(following),))


class GrowsBeforeTheCollapse(Broken):
    def wrong(self, left):
        return 0 if 2 * left < 5 else min(100, 2 * left)


class CollapsesAtTheThreshold(Broken):
    def wrong(self, left):
        return 0 if left <= 5 else min(100, 2 * left)


class NeverCollapses(Broken):
    def wrong(self, left):
        return min(100, 2 * left)


class HasNoCapacity(Broken):
    def wrong(self, left):
        return 0 if left < 5 else 2 * left


class GivesToTheFirstSeats(Commons):
    def settle(self, state):
        settled, there, lived = super().settle(state), int(state.held[0]), []
        for one in settled.lived:
            lived.append(replace(one, facts={**one.facts, "harvest": min(one.facts["act"], there)}))
            there -= lived[-1].facts["harvest"]
        return replace(settled, lived=tuple(lived))


class DrawsFromAnotherStream(Commons):
    def settle(self, state):
        return super().settle(replace(state, seed=state.seed + 1))


BROKEN = [GrowsBeforeTheCollapse, CollapsesAtTheThreshold, NeverCollapses, HasNoCapacity, GivesToTheFirstSeats]


@pytest.mark.parametrize("broken", [*BROKEN, DrawsFromAnotherStream])
def test_the_comparison_tells_broken_rules_apart(broken):
    assert difference(broken(allocation="stochastic"), PLAYS)


@pytest.mark.parametrize("broken", BROKEN)
def test_the_comparison_tells_broken_rules_apart_with_proportional_shares(broken):
    assert difference(broken(allocation="proportional"), PLAYS)


def test_the_random_plays_reach_every_case():
    survived = collapsed = contested = full = edge = 0
    for seed in range(PLAYS):
        rng, stock = np.random.default_rng(seed), 100
        for month in range(1, 13):
            wants = wanted(rng, stock, 5)
            _, left, gone, following = month_by_hand(wants, stock, "stochastic", seed, month)
            contested += sum(wants) > stock
            full += 2 * left > 100
            edge += left in (4, 5)
            collapsed += gone
            stock = following
            if gone:
                break
        else:
            survived += 1
    assert survived + collapsed >= PLAYS
    assert min(survived, collapsed, contested, full, edge) >= 50


@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_whole_plays_through_resolve_agree_with_the_rules_too(allocation):
    game = Commons(allocation=allocation)
    for seed in range(12):
        rng, stock, state = np.random.default_rng(1000 + seed), 100, game.start(seed)
        for month in range(1, 13):
            pending = game.decisions(state)
            if stock == 0:
                assert pending == ()
                break
            assert all(one.facts["stock"] == stock and one.round == month for one in pending)
            assert [len(one.options) for one in pending] == [stock + 1] * 5
            wants = wanted(rng, stock, 5)
            caught, left, collapsed, stock = month_by_hand(wants, stock, allocation, seed, month)
            state, outcomes = resolve(game, state, wants)
            assert [one.payoff for one in outcomes] == caught
            assert {one.experience.facts["group_left"] for one in outcomes} == {left}
            assert {one.experience.facts["group_collapsed"] for one in outcomes} == {collapsed}
        assert game.decisions(state) == ()
        with pytest.raises(ChoiceError, match="the play is over"):
            game.resolve(state, {})


# --- dynamics --------------------------------------------------------------------------------------------------------

WANTS = st.lists(st.integers(0, 120), min_size=2, max_size=7)
STOCKS = st.integers(0, 150)


@given(WANTS, STOCKS)
def test_proportional_shares_are_whole_points_within_one_of_the_quota(wants, stock):
    received = proportional(wants, stock)
    total = sum(wants)
    assert (received == np.floor(received)).all()
    assert received.sum() == min(stock, total)
    assert all(0 <= got <= want for got, want in zip(received, wants, strict=True))
    share = Fraction(1) if total <= stock else Fraction(stock, total)
    assert all(abs(Fraction(int(got)) - want * share) < 1 for got, want in zip(received, wants, strict=True))


@given(WANTS, STOCKS)
def test_proportional_shares_are_those_of_exact_fractions(wants, stock):
    expected = by_share(wants, stock) if sum(wants) > stock else wants
    assert proportional(wants, stock).tolist() == expected


def test_of_equal_remainders_the_first_seat_has_the_last_point():
    # 4/3, 1/3 and 1/3: equal remainders, though 4/3 − 1 is less than 1/3 in floating point.
    assert proportional([4, 1, 1], 2).tolist() == [2, 0, 0]
    assert proportional([1, 4, 1], 2).tolist() == [1, 1, 0]


@given(WANTS, STOCKS, st.integers(0, 99))
def test_a_lottery_gives_out_what_there_is_and_nobody_more_than_wanted(wants, stock, seed):
    received = lottery(wants, stock, stream(seed, "allocation", 1))
    assert received.sum() == min(stock, sum(wants))
    assert all(0 <= got <= want for got, want in zip(received, wants, strict=True))
    assert received.tolist() == lottery(wants, stock, stream(seed, "allocation", 1)).tolist()


def test_a_lottery_leaves_the_wants_as_they_were():
    wants = np.array([3, 3])
    lottery(wants, 4, np.random.default_rng(0))
    assert wants.tolist() == [3, 3]


def test_a_lottery_is_the_same_to_all_seats():
    rng = np.random.default_rng(5)
    received = np.array([lottery([8, 8, 8], 12, rng) for _ in range(2000)])
    np.testing.assert_allclose(received.mean(axis=0), 4, atol=0.15)
    assert received.std(axis=0).min() > 1


@given(WANTS, STOCKS, st.sampled_from(ALLOCATIONS))
def test_expected_shares_give_out_the_stock_and_nobody_more_than_wanted(wants, stock, allocation):
    received = expected_shares(np.array(wants, dtype=float), np.array(float(stock)), allocation)
    assert received.sum() == pytest.approx(min(stock, sum(wants)), abs=1e-9)
    assert all(-1e-9 <= got <= want + 1e-9 for got, want in zip(received, wants, strict=True))
    for want, got in zip(wants, received, strict=True):
        for other, theirs in zip(wants, received, strict=True):
            assert got <= theirs + 1e-9 or want > other, "who wants no more gets no more"


@pytest.mark.parametrize(("wants", "stock"), [([10, 10, 10], 12), ([1, 20, 20], 21), ([4, 9, 9, 9], 20)])
def test_expected_shares_of_a_lottery_are_about_its_mean(wants, stock):
    rng = np.random.default_rng(1)
    mean = np.mean([lottery(wants, stock, rng) for _ in range(3000)], axis=0)
    expected = expected_shares(np.array(wants, dtype=float), np.array(float(stock)), "stochastic")
    np.testing.assert_allclose(mean, expected, atol=0.35)


def test_expected_shares_fill_up_the_modest_first():
    assert expected_shares(np.array([1.0, 20.0, 20.0]), np.array(21.0), "stochastic").tolist() == [1, 10, 10]
    assert expected_shares(np.array([1.0, 20.0, 21.0]), np.array(21.0), "proportional").tolist() == [0.5, 10, 10.5]


@given(st.integers(0, 300), st.integers(1, 200), st.sampled_from([1.2, 1.5, 2.0, 3.0]), st.integers(1, 10))
def test_a_stock_grows_back_up_to_its_capacity_or_is_gone(left, capacity, growth, collapse):
    found = float(regrown(left, capacity, growth, collapse))
    grown = int(Fraction(str(growth)) * left)
    assert found == (0 if left < collapse else min(capacity, grown))


def test_what_is_left_at_the_threshold_decides():
    assert regrown([0, 4, 5, 6, 49, 50, 51, 100], 100, 2.0, 5).tolist() == [0, 0, 10, 12, 98, 100, 100, 100]


@given(st.integers(0, 200), st.sampled_from([1.1, 1.5, 2.0, 2.5, 7.0]), st.integers(1, 9))
def test_the_sustainable_harvest_is_the_greatest_after_which_the_stock_is_no_smaller(stock, growth, collapse):
    def keeps(harvest):
        return float(regrown(stock - harvest, stock, growth, collapse)) >= stock

    found = [harvest for harvest in range(stock + 1) if stock and keeps(harvest)]
    assert sustainable(stock, growth, collapse) == max(found, default=0)


def test_the_sustainable_harvest_is_half_of_every_stock_that_govsim_can_have():
    for left in range(5, 101):
        stock = min(100, 2 * left)
        assert sustainable(stock, 2.0, 5) == stock // 2
    assert sustainable(8, 2.0, 5) == 3  # with 4 left it would collapse


@pytest.mark.parametrize("rule", [proportional, lambda wants, stock: expected_shares(wants, stock, "stochastic")])
def test_shares_are_vectorised_over_leading_axes(rule):
    rng = np.random.default_rng(2)
    wants = rng.integers(0, 40, (3, 4, 5)).astype(float)
    stock = rng.integers(0, 120, (3, 4)).astype(float)
    together = rule(wants, stock)
    assert together.shape == wants.shape
    for row, column in product(range(3), range(4)):
        np.testing.assert_array_equal(together[row, column], rule(wants[row, column], stock[row, column]))


def test_one_stock_may_serve_several_rows_of_wants():
    wants = np.array([[10, 10], [1, 2]])
    assert proportional(wants, 10).tolist() == [[5, 5], [1, 2]]


# --- the game --------------------------------------------------------------------------------------------------------


def test_cooperation_is_one_up_to_the_sustainable_share_and_zero_from_an_equal_part():
    game = Commons()
    levels = {one.act: one.cooperation for one in game.decisions(game.start(0))[0].options}
    assert (levels[0], levels[10], levels[15], levels[20], levels[100]) == (1, 1, 0.5, 0, 0)
    assert all(levels[act] >= levels[act + 1] for act in range(100))


def test_before_any_month_options_count_on_a_sustainable_share_of_each_other():
    game = Commons()
    decision = game.decisions(game.start(0))[0]
    assert decision.answer is Answer.AMOUNT
    ten = decision.options[10].allocation
    assert (ten.own, ten.other) == (120, 480)
    twenty = decision.options[20].allocation
    # 60 of 100 are taken, 40 are left and grow to 80, then 20, 40 … by hand:
    stock, own, other = 100.0, 0.0, 0.0
    for _ in range(12):
        caught = [20, 10, 10, 10, 10] if stock >= 60 else [min(20, stock), *[0] * 4]
        if stock < 60:
            level = min(10.0, stock / 5)
            caught = [min(20.0, stock - 4 * level), *[level] * 4]
        own, other, left = own + caught[0], other + sum(caught[1:]), stock - sum(caught)
        stock = 0.0 if left < 5 else min(100.0, 2 * left)
    assert (twenty.own, twenty.other) == pytest.approx((own, other))


def test_options_hold_the_others_at_what_they_wanted_last():
    game = Commons(rounds=2)
    state, _ = resolve(game, game.start(0), [0, 20, 10, 5, 5])
    decision = game.decisions(state)[0]
    assert decision.facts["stock"] == 100
    found = [decision.options[act].allocation for act in (0, 60)]
    assert [(one.own, one.other) for one in found] == [(0, 40), (60, 40)]


def test_a_void_month_lets_the_stock_grow_and_leaves_no_experience():
    game = Commons()
    state, _ = resolve(game, game.start(3), [16] * 5)
    assert state.held == (40.0,)
    void = game.void(state)
    assert (void.round, void.held, void.last) == (3, (80.0,), state.last)
    assert [len(one) for one in void.lived] == [1] * 5


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"players": 1}, "players=1 must be a whole number of at least 2"),
        ({"capacity": 1}, "capacity=1 must be a whole number of at least 2"),
        ({"growth": 1.0}, "growth=1.0 must be a number above 1"),
        ({"collapse": 0}, "collapse=0 must be a whole number of at least 1"),
        ({"collapse": 101}, "collapse=101 is above the capacity of 100"),
        ({"rounds": 0}, "rounds=0 must be a whole number of at least 1"),
        ({"allocation": "lottery"}, "unknown allocation of commons 'lottery'; known: stochastic, proportional"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, told):
    with pytest.raises(SettingError) as refused:
        Commons(**wrong)
    assert told in str(refused.value)


# --- theory ----------------------------------------------------------------------------------------------------------


def test_the_benchmarks_of_govsim():
    found = Commons().yardsticks()
    assert found.benchmark == 12 * 50 == 600
    assert found.optimum.total == found.most == 650  # 50 in eleven months, and all in the last
    assert found.optimum.cooperation == pytest.approx(11 / 12)  # in the last month restraint serves nobody
    assert found.span == "play"
    (stable,) = found.equilibria
    assert stable.total == 100  # all of it in the first month
    assert stable.acts == "all want 100 in the first month, 1 month"


def test_everybody_taking_the_sustainable_share_earns_the_benchmark():
    game = Commons()
    state, earned = game.start(0), 0.0
    for _ in range(12):
        state, outcomes = resolve(game, state, [10] * 5)
        earned += sum(one.payoff for one in outcomes)
    assert earned == game.yardsticks().benchmark
    assert state.held == (100.0,)


def search(capacity, collapse, months):
    """The greatest harvest of all together: every sequence of harvests is tried."""
    if months == 0:
        return lambda stock: 0
    later = search(capacity, collapse, months - 1)

    def best(stock):
        values = []
        for harvest in range(stock + 1):
            left = stock - harvest
            values.append(harvest + (0 if left < collapse else later(min(capacity, 2 * left))))
        return max(values)

    return best


@pytest.mark.parametrize("capacity", [4, 8, 9])
@pytest.mark.parametrize("collapse", [1, 2, 3])
@pytest.mark.parametrize("months", [1, 2, 3])
def test_the_optimum_is_that_of_a_search_through_every_course(capacity, collapse, months):
    found = optimum(2, capacity, 2.0, collapse, months)
    assert found.points * 2 == search(capacity, collapse, months)(capacity)


@cache
def exact_lottery(wants, stock):
    """The mean of what each receives by lot, over every way in which the lot can fall."""

    @cache
    def mean(still, there):
        eager = [seat for seat, want in enumerate(still) if want > 0]
        if not there or not eager:
            return (Fraction(0),) * len(still)
        found = [Fraction(0)] * len(still)
        for winner in eager:
            after = tuple(want - (seat == winner) for seat, want in enumerate(still))
            for seat, later in enumerate(mean(after, there - 1)):
                found[seat] += (later + (seat == winner)) / len(eager)
        return tuple(found)

    return mean(wants, stock)


def share_by_hand(mine, theirs, players, stock, allocation):
    """What one player gets on average who wants `mine` while each other wants `theirs`."""
    wants = (mine, *[theirs] * (players - 1))
    if sum(wants) <= stock:
        return Fraction(mine)
    return exact_lottery(wants, stock)[0] if allocation == "stochastic" else Fraction(mine * stock, sum(wants))


def equilibrium_by_hand(players, capacity, collapse, allocation, months):
    """Points and first want of each in the best symmetric equilibrium: every deviation from every want is tried."""

    @cache
    def worth(month, stock):
        if month > months or stock == 0:
            return Fraction(0), 0

        def value(mine, theirs):
            left = max(0, stock - mine - (players - 1) * theirs)
            following = 0 if left < collapse else min(capacity, 2 * left)
            return share_by_hand(mine, theirs, players, stock, allocation) + worth(month + 1, following)[0]

        stable = [
            (value(theirs, theirs), theirs)
            for theirs in range(stock + 1)
            if all(value(mine, theirs) <= value(theirs, theirs) for mine in range(stock + 1))
        ]
        return max(stable)

    return worth(1, capacity)


@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("players", [2, 3])
@pytest.mark.parametrize(("capacity", "collapse", "months"), [(8, 1, 1), (8, 1, 2), (8, 1, 3), (8, 3, 3), (9, 2, 4)])
def test_the_equilibrium_is_that_of_a_search_through_every_deviation(allocation, players, capacity, collapse, months):
    found = equilibrium(players, capacity, 2.0, collapse, allocation, months)
    points, first = equilibrium_by_hand(players, capacity, collapse, allocation, months)
    assert found.points == pytest.approx(float(points))
    assert found.first == first


def test_two_who_are_patient_keep_the_stock_up_in_equilibrium():
    # Taking more would win more of this month's stock and lose all months to come; alone it may be too little.
    found = equilibrium(2, 100, 2.0, 5, "stochastic", 12)
    assert (found.first, found.months) == (25, 12)
    assert 300 < found.points < optimum(2, 100, 2.0, 5, 12).points


@pytest.mark.parametrize(("players", "capacity"), [(2, 9), (3, 7), (4, 6)])
def test_chances_in_a_lottery_are_those_of_every_way_in_which_the_lot_can_fall(players, capacity):
    chances = lottery_chances(players - 1, capacity)
    assert chances.shape == (capacity + 1, capacity, capacity + 1)
    for stock, theirs in product(range(capacity + 1), repeat=2):
        # A share is the sum of the chances of its first point, its second …
        by_hand = [float(exact_lottery((mine, *[theirs] * (players - 1)), stock)[0]) for mine in range(stock + 1)]
        gained = [chances[theirs, point - 1, stock - point] for point in range(1, stock + 1)]
        np.testing.assert_allclose(np.cumsum([0, *gained]), by_hand, atol=1e-12)


def test_chances_in_a_large_lottery_share_the_stock_equally():
    chances = lottery_chances(4, 100)
    assert sum(chances[100, point - 1, 100 - point] for point in range(1, 101)) == pytest.approx(20, abs=1e-9)


# --- metrics ---------------------------------------------------------------------------------------------------------

HARVESTS = [[10, 10, 10, 10, 10], [10, 11, 12, 5, 4], [20, 20, 20, 20, 20]]
"""Three months: f = 50 in each as the stock is full; the last takes everything."""


def played_out():
    game = Commons()
    state, months = game.start(0), []
    for wants in HARVESTS:
        state, outcomes = resolve(game, state, wants)
        months.append([one.experience.facts for one in outcomes])
    assert game.decisions(state) == ()
    return months


def test_the_metrics_of_a_play_by_hand_are_govsims():
    months = played_out()
    harvests = [[facts["harvest"] for facts in month] for month in months]
    assert harvests == HARVESTS
    collapsed = [month[0]["group_collapsed"] for month in months]
    gains = np.sum(harvests, axis=0)
    assert gains.tolist() == [40, 41, 42, 35, 34]
    # Efficiency: 1 − max(0, 12·50 − ΣR) / (12·50).
    assert efficiency(gains.sum(), 600) == pytest.approx(1 - (600 - 192) / 600)
    # Equality: 1 − Σ|ri − rj| / (2 n Σ r), the sum over ordered pairs.
    apart = 2 * (1 + 2 + 5 + 6 + 1 + 6 + 7 + 7 + 8 + 1)
    assert equality(gains) == pytest.approx(1 - apart / (2 * 5 * 192))
    # Over-usage: 2 of 5 harvests above 10 in the second month, all 5 in the third.
    assert over_usage(harvests, [month[0]["sustainable"] for month in months]) == pytest.approx(7 / 15)
    assert survival_time(collapsed) == 3
    assert survives(collapsed, 12) is False


def test_a_play_without_a_collapse_survives_all_its_months():
    assert survival_time([False] * 12) == 12
    assert survives([False] * 12, 12)
    assert survival_time([False] * 11 + [True]) == 12
    assert survives([False] * 11 + [True], 12)  # what is left after the last month does not count
    assert efficiency(650, 600) == 1
