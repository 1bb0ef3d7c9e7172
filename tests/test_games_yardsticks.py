"""What theory says of each game, against the papers' closed forms and against every profile gone through one by one."""

import math
from collections import Counter
from itertools import product

import pytest

from games.collective_risk import CollectiveRisk
from games.dictator import Dictator
from games.enumeration import best_options
from games.gift_exchange import GiftExchange
from games.matrix import Matrix
from games.minimum_effort import MinimumEffort
from games.n_person_prisoners_dilemma import NPersonPrisonersDilemma
from games.nash_demand import NashDemand
from games.public_goods import PublicGoods
from games.public_goods_punishment import PunishmentPublicGoods
from games.public_goods_threshold import ThresholdPublicGoods
from games.svo import Orientation
from games.third_party_punishment import ThirdPartyPunishment
from games.trust import Trust
from games.types import Allocation, Choice, Decision, Option
from games.ultimatum import Ultimatum
from games.volunteer import Volunteer
from games.yardsticks import Standard

PRISONERS = Matrix("pd", ("cooperate", "defect"), ((3, 0), (5, 1)), ((3, 5), (0, 1)), (1, 0))
STAG = Matrix("stag", ("stag", "hare"), ((4, 0), (3, 2)), ((4, 3), (0, 2)), (1, 0))
CHICKEN = Matrix("chicken", ("swerve", "straight"), ((3, 1), (4, 0)), ((3, 4), (1, 0)), (1, 0))
SEXES = Matrix("sexes", ("first", "second"), ((3, 0), (0, 2)), ((2, 0), (0, 3)))
PENNIES = Matrix("pennies", ("heads", "tails"), ((1, -1), (-1, 1)), ((-1, 1), (1, -1)))
ODD = Matrix("odd", ("a", "b", "c"), ((1, 2, 3), (4, 5, 0), (7, 1, 9)), ((-1, 0, 4), (2, 2, 2), (5, 6, 6)), (0, 0.5, 1))


# --- every profile, one by one ---------------------------------------------------------------------------------------


def paid(game, profile):
    """Everybody's points as the rules pay them, for an act of each seat."""
    state = game.start(1)
    menu = [option.act for option in game.decisions(state)[0].options]
    _, outcomes = game.resolve(state, {(seat, 0): Choice(menu.index(act)) for seat, act in enumerate(profile)})
    return tuple(one.payoff for one in outcomes)


def every_profile(game):
    return {profile: paid(game, profile) for profile in product(game.menu, repeat=game.players)}


def is_equilibrium(game, points, profile):
    """Nobody gains by another act while all others stay with theirs."""
    for seat in range(game.players):
        for act in game.menu:
            other = (*profile[:seat], act, *profile[seat + 1 :])
            if points[other][seat] > points[profile][seat] + 1e-9:
                return False
    return True


SYMMETRIC = [
    PublicGoods(3, 4, 1.5, 2),
    PublicGoods(3, 4, 3.6, 2),
    PublicGoods(3, 4, 0.5, 2),
    PublicGoods(2, 3, 1.0, 1),
    ThresholdPublicGoods(3, 4, 6, 5, refund=False, step=2),
    ThresholdPublicGoods(3, 4, 6, 5, refund=True, step=2),
    ThresholdPublicGoods(3, 4, 12, 3, refund=False, step=2),
    ThresholdPublicGoods(2, 6, 7, 1, refund=False, step=3),
    Volunteer(3, 7, 2),
    MinimumEffort(3, 4, 5, 2, 1),
    NashDemand(12, 3),
    NashDemand(9, 3),
    NPersonPrisonersDilemma(3, 9, 4),
]


@pytest.mark.parametrize("game", SYMMETRIC, ids=repr)
def test_pure_symmetric_equilibria_are_those_found_by_trying_every_deviation(game):
    points = every_profile(game)
    expected = {
        f"all {act}": points[(act,) * game.players]
        for act in game.menu
        if is_equilibrium(game, points, (act,) * game.players)
    }
    pure = {one.acts: one.points for one in game.yardsticks().equilibria if one.acts.startswith("all ")}
    assert pure == {acts: pytest.approx(values) for acts, values in expected.items()}


def spread(points):
    mean = sum(points) / len(points)
    return sum((one - mean) ** 2 for one in points)


@pytest.mark.parametrize("game", [*SYMMETRIC, PRISONERS, STAG, CHICKEN, SEXES, PENNIES, ODD], ids=repr)
def test_optimum_and_extremes_are_the_greatest_and_least_over_every_profile(game):
    points, found = every_profile(game), game.yardsticks()
    every = [one for profile in points.values() for one in profile]
    assert (found.least, found.most) == pytest.approx((min(every), max(every)))
    best = max(sum(one) for one in points.values())
    assert found.optimum.total == pytest.approx(best)
    # Of several optima, the one with the most equal points.
    optima = {profile: one for profile, one in points.items() if sum(one) > best - 1e-9}
    equal = min(spread(one) for one in optima.values())
    assert spread(found.optimum.points) == pytest.approx(equal, abs=1e-9)
    # Its cooperation is that of such a profile.
    levels = {
        None if None in acts else round(sum(acts) / game.players, 9)
        for profile, one in optima.items()
        if spread(one) < equal + 1e-9
        for acts in [[game.cooperation(act) for act in profile]]
    }
    known = found.optimum.cooperation
    assert (None if known is None else round(known, 9)) in levels
    assert found.exact


@pytest.mark.parametrize("game", [PRISONERS, STAG, CHICKEN, SEXES, PENNIES, ODD], ids=lambda game: game.name)
def test_pure_equilibria_of_a_matrix_are_those_found_by_trying_every_deviation(game):
    points = every_profile(game)
    expected = {", ".join(one): points[one] for one in points if is_equilibrium(game, points, one)}
    pure = {one.acts: one.points for one in game.yardsticks().equilibria if "probability" not in one.acts}
    assert pure == expected


# --- closed forms of the papers --------------------------------------------------------------------------------------


def mixed(game):
    (found,) = [one for one in game.yardsticks().equilibria if "probability" in one.acts]
    return found


@pytest.mark.parametrize(
    ("players", "benefit", "cost"),
    [(2, 20, 10), (4, 20, 10), (9, 100, 1), (3, 20, 19.99), (60, 20, 10), (200, 7, 6.99)],
)
def test_volunteers_mix_as_diekmann_says(players, benefit, cost):
    found = mixed(Volunteer(players, benefit, cost))
    assert found.cooperation == pytest.approx(1 - (cost / benefit) ** (1 / (players - 1)), rel=1e-6)
    # Everybody is indifferent to volunteering, which brings b − c for certain.
    assert found.points == pytest.approx((benefit - cost,) * players, rel=1e-6)


def test_nobody_waits_or_volunteers_for_certain_in_the_symmetric_equilibrium():
    assert len(Volunteer().yardsticks().equilibria) == 1


def test_the_best_for_all_is_one_volunteer():
    found = Volunteer(4, 20, 10).yardsticks().optimum
    assert (found.total, found.cooperation) == (4 * 20 - 10, 0.25)


def test_chicken_mixes_in_halves():
    # Indifference: 3q + 1(1 − q) = 4q, so q = 1/2 with these numbers, and everybody expects 2.
    found = mixed(CHICKEN)
    assert (found.points, found.cooperation) == (pytest.approx((2, 2)), pytest.approx(0.5))


def test_the_sexes_go_to_their_own_place_with_probability_three_fifths():
    # The row player makes the other indifferent with 2p = 3(1 − p); the column player with 3q = 2(1 − q).
    found = mixed(SEXES)
    assert found.acts == "first with probability 0.600, 0.400"
    assert (found.points, found.cooperation) == (pytest.approx((6 / 5, 6 / 5)), None)


def test_matching_pennies_has_the_mixed_equilibrium_alone():
    (found,) = PENNIES.yardsticks().equilibria
    assert found.points == pytest.approx((0, 0))


def test_a_stag_hunt_mixes_where_the_stag_is_just_worth_it():
    # 4q = 3q + 2(1 − q): q = 2/3.
    assert mixed(STAG).cooperation == pytest.approx(2 / 3)


def test_of_a_dilemma_and_of_three_acts_there_is_no_mixed_equilibrium_told():
    for game in (PRISONERS, ODD, NPersonPrisonersDilemma()):
        assert not any("probability" in one.acts for one in game.yardsticks().equilibria)


def test_where_both_acts_always_bring_the_same_no_mixture_is_singled_out():
    # A marginal return of exactly 1: a point given is a point received.
    found = PublicGoods(3, 1, 3.0).yardsticks().equilibria
    assert [one.acts for one in found] == ["all 0", "all 1"]


def test_a_threshold_of_two_of_three_has_two_mixed_equilibria():
    # All or nothing of 1, needed by 2 of 3, worth v: indifferent where v · 2p(1 − p) = 1, p = (1 ± √(1 − 2/v)) / 2.
    game = ThresholdPublicGoods(3, 1, 2, 4, refund=False, step=1)
    found = sorted(one.cooperation for one in game.yardsticks().equilibria if "probability" in one.acts)
    assert found == pytest.approx([(1 - math.sqrt(0.5)) / 2, (1 + math.sqrt(0.5)) / 2])


def test_every_effort_is_an_equilibrium_and_the_highest_is_best():
    found = MinimumEffort().yardsticks()
    assert [one.acts for one in found.equilibria] == [f"all {effort}" for effort in range(1, 8)]
    assert [one.points[0] for one in found.equilibria] == [70, 80, 90, 100, 110, 120, 130]
    assert (found.optimum.acts, found.optimum.mean, found.optimum.cooperation) == ("all 7", 130, 1)


def test_demanding_half_is_the_equilibrium_that_brings_anything():
    found = NashDemand().yardsticks()
    assert {one.acts: one.points for one in found.equilibria} == {"all 50": (50, 50), "all 100": (0, 0)}
    assert (found.optimum.acts, found.optimum.cooperation) == ("all 50", 1)


@pytest.mark.parametrize(("multiplier", "stable", "best"), [(1.6, "all 0", "all 20"), (6, "all 20", "all 20"),
                                                            (0.9, "all 0", "all 0")])  # fmt: skip
def test_in_a_linear_public_good_all_give_where_the_marginal_return_is_above_1_and_none_below(multiplier, stable, best):
    found = PublicGoods(4, 20, multiplier).yardsticks()
    assert [one.acts for one in found.equilibria] == [stable]
    assert found.optimum.acts == best


def test_a_threshold_has_the_fair_equilibrium_and_a_guarantee_adds_what_cannot_reach_it():
    lost = ThresholdPublicGoods(refund=False).yardsticks()
    assert [one.acts for one in lost.equilibria] == ["all 0", "all 25"]
    refunded = ThresholdPublicGoods(refund=True).yardsticks()
    # With the money back, giving too little costs nothing; at 20 each, one who gives 25 more would still miss 125 … but
    # one who gives 45 reaches it, at 5 points less than the 50 it brings, so only up to 15 nobody can do better.
    assert [one.acts for one in refunded.equilibria] == ["all 0", "all 5", "all 10", "all 15", "all 25"]
    assert (lost.optimum.points, lost.optimum.cooperation) == ((80,) * 5, 25 / 55)


def test_collective_risk_has_nothing_and_the_fair_share_as_equilibria():
    found = CollectiveRisk().yardsticks()
    assert [(one.acts, one.mean) for one in found.equilibria] == [
        ("all 0 over all rounds", pytest.approx(4)),
        ("all 20 over all rounds", pytest.approx(20)),
    ]
    assert (found.optimum.total, found.optimum.cooperation) == (120, 0.5)
    assert (found.least, found.most, found.span, found.expected) == (0, 40, "play", True)


@pytest.mark.parametrize("risk", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("payments", "target"), [((0, 2, 4), 9), ((1, 3), 5), ((0, 3), 4), ((0, 1, 4), 25)])
def test_collective_risk_by_every_total_that_each_can_pay(risk, payments, target):
    game = CollectiveRisk(3, 9, target, risk, payments, 2)
    totals = sorted({one + two for one in payments for two in payments})

    def worth(own, others):
        return (9 - own) * (1 if own + others >= target else 1 - risk)

    stable = [each for each in totals if worth(each, 2 * each) >= max(worth(own, 2 * each) for own in totals) - 1e-9]
    found = game.yardsticks()
    assert [one.acts for one in found.equilibria] == [f"all {each} over all rounds" for each in stable]
    profiles = list(product(totals, repeat=3))
    assert found.optimum.total == pytest.approx(max(sum(worth(o, sum(p) - o) for o in p) for p in profiles))
    ends = [0 if risk and sum(p) < target and lost else 9 - o for p in profiles for o in p
            for lost in (([True] if risk == 1 else [True, False]) if sum(p) < target else [False])]  # fmt: skip
    assert (found.least, found.most) == (min(ends), max(ends))


# --- one move after the other ----------------------------------------------------------------------------------------


def test_a_proposer_offers_nothing_or_the_least_there_is():
    found = Ultimatum().yardsticks()
    assert {one.acts: one.points for one in found.equilibria} == {
        "offer 0, reply accept": (10, 0),
        "offer 1, reply accept": (9, 1),
    }
    assert (found.optimum.points, found.least, found.most) == ((5, 5), 0, 10)


@pytest.mark.parametrize(("total", "step"), [(2, 1), (3, 1), (6, 3), (4, 4)])
def test_subgame_perfection_of_an_ultimatum_by_every_strategy_of_the_responder(total, step):
    offers, outcomes = range(0, total + 1, step), set()
    for replies in product((True, False), repeat=len(offers)):
        # A responder's plan is perfect if no reply is worse than the other one.
        if any(offer > 0 and not accepts for offer, accepts in zip(offers, replies, strict=True)):
            continue
        gains = {offer: (total - offer) * accepts for offer, accepts in zip(offers, replies, strict=True)}
        for offer, accepts in zip(offers, replies, strict=True):
            if gains[offer] == max(gains.values()):
                outcomes.add(f"offer {offer}, reply {'accept' if accepts else 'reject'}")
    assert {one.acts for one in Ultimatum(total, step).yardsticks().equilibria} == outcomes


def test_a_trustor_sends_nothing():
    found = Trust().yardsticks()
    assert [(one.acts, one.points) for one in found.equilibria] == [("send 0", (10, 10))]
    # All sent: 40 in all, most equal where 20 of 30 come back … each then has 20.
    assert (found.optimum.acts, found.optimum.points) == ("send 10, return 20", (20, 20))
    assert (found.least, found.most) == (0, 40)


def test_a_trustor_is_indifferent_where_nothing_is_gained_by_sending():
    # With a multiplier of 1 and everything kept, sending costs: still nothing is sent.
    assert [one.acts for one in Trust(multiplier=1).yardsticks().equilibria] == ["send 0"]


def test_an_employer_pays_the_lowest_wage_for_the_least_effort():
    (found,) = GiftExchange().yardsticks().equilibria
    assert (found.acts, found.points, found.cooperation) == ("wage 30, effort 1", pytest.approx((9.6, 4)), 0)


def test_a_third_party_pays_nothing_and_so_nothing_is_given():
    found = ThirdPartyPunishment().yardsticks()
    assert [(one.acts, one.points) for one in found.equilibria] == [("give 0, punish 0", (100, 0, 50))]
    assert (found.optimum.acts, found.optimum.points) == ("give 50, punish 0", (50, 50, 50))
    assert (found.least, found.most) == (100 - 50 - 3 * 50, 100)


def test_a_dictator_keeps_all_and_the_best_for_all_depends_on_the_price():
    assert [one.acts for one in Dictator().yardsticks().equilibria] == ["give 0"]
    assert Dictator().yardsticks().optimum.points == (5, 5)
    assert Dictator(multiplier=3).yardsticks().optimum.points == (0, 30)
    assert Dictator(multiplier=0.5).yardsticks().optimum.points == (10, 0)


def test_punishment_leaves_the_equilibrium_and_lowers_the_least_points():
    game, linear = PunishmentPublicGoods(3, 4, 1.5, 2, most=2, cost=1, effect=3), PublicGoods(3, 4, 1.5, 2)
    found, without = game.yardsticks(), linear.yardsticks()
    assert (found.equilibria, found.optimum, found.most) == (without.equilibria, without.optimum, without.most)
    # One gives all 4 and the others nothing: 0 + 2. It punishes both by 2 and is punished by both with 2: 4 and 12.
    assert found.least == pytest.approx(2 - 4 - 12)


# --- menus too large to go through -----------------------------------------------------------------------------------


def test_a_menu_too_large_is_made_thinner_keeps_its_ends_and_is_flagged():
    large = PublicGoods(players=8, endowment=100, multiplier=1.6).yardsticks()
    assert not large.exact
    assert (large.optimum.acts, large.optimum.mean) == ("all 100", pytest.approx(160))
    assert large.most == pytest.approx(100 + 0.2 * 700)
    assert large.least == pytest.approx(0.2 * 100)
    assert [one.acts for one in large.equilibria] == ["all 0"]
    assert PublicGoods().yardsticks().exact


def test_the_equilibria_of_a_long_menu_and_of_a_large_group_take_little_memory():
    assert [one.acts for one in PublicGoods(2, 2000, 1.5).yardsticks().equilibria] == ["all 0"]
    assert len(Volunteer(60).decisions(Volunteer(60).start(1))) == 60


# --- what is said to bring, and ideal acts ---------------------------------------------------------------------------


@pytest.mark.parametrize("game", [Volunteer(4, 7, 2), NPersonPrisonersDilemma(4, 9, 4), SEXES, ODD], ids=repr)
def test_before_any_act_named_acts_of_every_other_are_as_likely_as_each_other(game):
    points = every_profile(game)
    for decision in game.decisions(game.start(1)):
        seat = decision.player
        for option in decision.options:
            told = [one for profile, one in points.items() if profile[seat] == option.act]
            own = sum(one[seat] for one in told) / len(told)
            rest = sum(sum(one) - one[seat] for one in told) / len(told)
            assert (option.allocation.own, option.allocation.other) == pytest.approx((own, rest))


def ideal(game):
    return {orientation.value: dict(stages) for orientation, stages in game.yardsticks().ideal.items()}


def test_the_ideal_acts_of_a_public_good():
    everything, nothing = {"contribute": (20,)}, {"contribute": (0,)}
    assert ideal(PublicGoods()) == {
        "altruistic": everything, "prosocial": everything, "individualistic": nothing, "competitive": nothing,
    }  # fmt: skip


def test_the_ideal_acts_of_a_dictator_include_all_that_are_as_good():
    assert ideal(Dictator()) == {
        "altruistic": {"give": (10,)},
        "prosocial": {"give": tuple(range(11))},
        "individualistic": {"give": (0,)},
        "competitive": {"give": (0,)},
    }


def test_the_ideal_acts_of_a_later_stage_answer_the_first():
    found = ideal(Trust())
    # Half is believed to come back of what is tripled, so sending pays; a competitor would rather not.
    assert found["individualistic"] == {"send": (10,), "return": (0,)}
    assert found["altruistic"] == {"send": (10,), "return": (30,)}
    # s in all to both from each sent on: own + other rises by 2 a point sent, and returning shifts it alone.
    assert found["prosocial"] == {"send": (10,), "return": tuple(range(31))}
    # Own − other = (e − s + 1.5s) − (e + 3s − 1.5s) = −s.
    assert found["competitive"] == {"send": (0,)}


def test_a_competitor_punishes_with_all_there_is():
    found = ideal(PunishmentPublicGoods())
    assert found["competitive"] == {"contribute": (0,), "punish": (10,)}
    assert {found[one]["punish"] for one in ("altruistic", "prosocial", "individualistic")} == {(0,)}


def menu(*allocations):
    options = tuple(Option(place, Allocation(*one)) for place, one in enumerate(allocations))
    return Decision("g", 0, options)


@pytest.mark.parametrize(
    ("orientation", "best"),
    [("altruistic", (2,)), ("prosocial", (1, 2)), ("individualistic", (0,)), ("competitive", (0, 3))],
)
def test_the_best_options_are_all_that_are_worth_the_most(orientation, best):
    decision = menu((10, 4), (8, 8), (6, 10), (6, 0))
    assert best_options(decision, Orientation(orientation)) == best


def test_sums_that_differ_by_rounding_alone_are_equally_good():
    decision = menu((0.1 + 0.2, 0), (0.3, 0), (0.29, 0))
    assert best_options(decision, Orientation.INDIVIDUALISTIC) == (0, 1)


def test_a_standard_tells_points_of_all_and_on_average_and_a_stock_is_measured_by_its_sustainable_harvest():
    assert (Standard("so", (1.0, 2.0, 6.0), None).total, Standard("so", (1.0, 2.0, 6.0), None).mean) == (9, 3)
    assert PublicGoods().yardsticks().benchmark == pytest.approx(4 * 32)
    assert Counter(one.value for one in PublicGoods().yardsticks().ideal) == Counter(one.value for one in Orientation)
