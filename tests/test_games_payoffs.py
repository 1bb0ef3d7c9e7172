"""What every game of the catalogue pays: by hand, over leading axes, as it is played; and the settings it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import (
    collective_risk,
    dictator,
    gift_exchange,
    matrix,
    minimum_effort,
    n_person_prisoners_dilemma,
    nash_demand,
    public_goods,
    public_goods_punishment,
    public_goods_threshold,
    third_party_punishment,
    trust,
    ultimatum,
    volunteer,
)
from games.collective_risk import CollectiveRisk
from games.dictator import Dictator
from games.errors import SettingError
from games.gift_exchange import GiftExchange
from games.matrix import Matrix
from games.minimum_effort import MinimumEffort
from games.n_person_prisoners_dilemma import NPersonPrisonersDilemma
from games.nash_demand import NashDemand
from games.public_goods import PublicGoods
from games.public_goods_punishment import PunishmentPublicGoods
from games.public_goods_threshold import ThresholdPublicGoods
from games.third_party_punishment import ThirdPartyPunishment
from games.trust import Trust
from games.types import Choice
from games.ultimatum import Ultimatum
from games.volunteer import Volunteer

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

PRISONERS = Matrix("pd", ("cooperate", "defect"), ((3, 0), (5, 1)), ((3, 5), (0, 1)), (1, 0))
ODD = Matrix("odd", ("a", "b", "c"), ((1, 2, 3), (4, 5, 6), (7, 8, 9)), ((-1, 0, 4), (2, 2, 2), (5, 6, 8)))


# --- by hand ---------------------------------------------------------------------------------------------------------

BY_HAND = {
    # e − c + (m/n) Σ c with e = 20, m = 1.6, n = 4: the pot holds 30, 0.4 · 30 = 12 to each.
    "public goods": (public_goods.payoffs([0, 5, 10, 15], 20, 1.6), [20 + 12, 15 + 12, 10 + 12, 5 + 12]),
    # The same, then 0 assigns 2 to 1 and 1 assigns 1 to 3: cost 1 to who assigns, 3 to who receives.
    "punishment": (
        public_goods_punishment.payoffs(
            [0, 5, 10, 15], [[0, 2, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], 20, 1.6, 1, 3
        ),
        [32 - 2, 27 - 1 - 3 * 2, 22, 17 - 3 * 1],
    ),
    # e − c + v with 125 given of 125: five of 25 each, 55 − 25 + 50.
    "threshold reached": (public_goods_threshold.payoffs([25] * 5, 55, 125, 50), [80] * 5),
    "threshold reached with more": (
        public_goods_threshold.payoffs([55, 55, 55, 0, 0], 55, 125, 50, refund=True),
        [50, 50, 50, 105, 105],
    ),
    "threshold missed": (public_goods_threshold.payoffs([24, 25, 25, 25, 25], 55, 125, 50), [31, 30, 30, 30, 30]),
    "threshold missed with refund": (
        public_goods_threshold.payoffs([24, 25, 25, 25, 25], 55, 125, 50, refund=True),
        [55] * 5,
    ),
    # b = 20 to all once anybody volunteers, c = 10 from who does.
    "volunteers": (volunteer.payoffs([0, 1, 0, 1], 20, 10), [20, 10, 20, 10]),
    "no volunteer": (volunteer.payoffs([0, 0, 0, 0], 20, 10), [0, 0, 0, 0]),
    # Van Huyck, Battalio & Beil 1990, table of game A, cents: 130 if all choose 7; choosing 7 where the least is 1: 10.
    "minimum effort": (minimum_effort.payoffs([7, 7, 7], 20, 10, 60), [130] * 3),
    "minimum effort, one shirks": (minimum_effort.payoffs([7, 4, 1], 20, 10, 60), [10, 40, 70]),
    "demands that fit": (nash_demand.payoffs([60, 40], 100), [60, 40]),
    "demands that do not fit": (nash_demand.payoffs([61, 40], 100), [0, 0]),
    # b·k/n − c with b = 20, n = 5, c = 10 and two cooperators: 8 to each.
    "n-person dilemma": (n_person_prisoners_dilemma.payoffs([1, 1, 0, 0, 0], 20, 10), [-2, -2, 8, 8, 8]),
    # Axelrod's numbers: row cooperates, column defects: S = 0 and T = 5.
    "prisoner's dilemma": (matrix.payoffs([0, 1], PRISONERS.row, PRISONERS.column), [0, 5]),
    "three acts": (matrix.payoffs([1, 2], ODD.row, ODD.column), [6, 2]),
    # Milinski et al. 2008: 20 of 40 paid by each of six is the target of 120.
    "target reached": (collective_risk.payoffs([20] * 6, 40, 120, 0.9), [20] * 6),
    "target missed": (
        collective_risk.payoffs([20, 20, 20, 20, 20, 18], 40, 120, 0.9),
        [2, 2, 2, 2, 2, 2.2],
    ),
    "dictator at a price": (dictator.payoffs(4, 10, 2.5), [6, 10]),
    "offer taken": (ultimatum.payoffs(3, True, 10), [7, 3]),
    "offer rejected": (ultimatum.payoffs(3, False, 10), [0, 0]),
    # Berg, Dickhaut & McCabe 1995: 5 of 10 sent arrive as 15, of which 6 come back.
    "trust": (trust.payoffs(5, 6, 10, 3), [10 - 5 + 6, 10 + 15 - 6]),
    # Fehr, Kirchsteiger & Riedl 1993: (126 − 60) · 0.4 and 60 − 26 − 4, the cost of an effort of 0.4 being 4.
    "gift exchange": (gift_exchange.payoffs(60, 4, 126, 26), [66 * 0.4, 30]),
    "gift exchange, between two efforts": (gift_exchange.payoffs(60, 5.5, 126, 26), [66 * 0.55, 60 - 26 - 7]),
    # Fehr & Fischbacher 2004: of 100, 20 given; the third player pays 10 of 50 to take 30.
    "third party": (third_party_punishment.payoffs(20, 10, 100, 50, 3), [100 - 20 - 30, 20, 40]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_the_numbers_of_the_papers_formulas(case):
    found, expected = BY_HAND[case]
    assert found.tolist() == pytest.approx(expected)


def test_the_costs_of_effort_are_those_of_the_paper():
    efforts = range(1, 11)
    _, worker = np.moveaxis(gift_exchange.payoffs(50, list(efforts), 126, 26), -1, 0)
    assert (50 - 26 - worker).tolist() == pytest.approx([0, 1, 2, 4, 6, 8, 10, 12, 15, 18])


# --- leading axes ----------------------------------------------------------------------------------------------------

PER_GROUP = {
    "public_goods": (lambda acts: public_goods.payoffs(acts, 20, 1.6), st.integers(0, 20)),
    "threshold": (lambda acts: public_goods_threshold.payoffs(acts, 20, 33, 15), st.integers(0, 20)),
    "threshold, refund": (
        lambda acts: public_goods_threshold.payoffs(acts, 20, 33, 15, refund=True),
        st.integers(0, 20),
    ),
    "volunteer": (lambda acts: volunteer.payoffs(acts, 20, 10), st.integers(0, 1)),
    "minimum_effort": (lambda acts: minimum_effort.payoffs(acts, 20, 10, 60), st.integers(1, 7)),
    "nash_demand": (lambda acts: nash_demand.payoffs(acts, 33), st.integers(0, 20)),
    "n_person": (lambda acts: n_person_prisoners_dilemma.payoffs(acts, 20, 10), st.integers(0, 1)),
    "collective_risk": (lambda acts: collective_risk.payoffs(acts, 20, 33, 0.7), st.integers(0, 20)),
    "matrix": (lambda acts: matrix.payoffs(np.asarray(acts)[..., :2], ODD.row, ODD.column), st.integers(0, 2)),
}


@pytest.mark.parametrize("name", PER_GROUP)
@given(data=st.data())
def test_groups_stacked_are_paid_as_one_by_one(name, data):
    pay, act = PER_GROUP[name]
    group = st.lists(act, min_size=3, max_size=3)
    stacked = np.array(data.draw(st.lists(st.lists(group, min_size=2, max_size=2), min_size=1, max_size=3)))
    one_by_one = [[pay(group).tolist() for group in row] for row in stacked]
    assert pay(stacked).tolist() == one_by_one


PER_PAIR = {
    "dictator": (lambda first, _: dictator.payoffs(first, 20, 1.5), st.integers(0, 20), st.just(0)),
    "ultimatum": (lambda first, second: ultimatum.payoffs(first, second, 20), st.integers(0, 20), st.booleans()),
    "trust": (lambda first, second: trust.payoffs(first, second, 20, 3), st.integers(0, 20), st.integers(0, 60)),
    "gift_exchange": (
        lambda wage, effort: gift_exchange.payoffs(wage, effort, 126, 26),
        st.integers(30, 125),
        st.integers(1, 10),
    ),
    "third_party": (
        lambda gift, paid: third_party_punishment.payoffs(gift, paid, 100, 50, 3),
        st.integers(0, 50),
        st.integers(0, 50),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PER_PAIR)
@given(data=st.data())
def test_pairs_of_acts_stacked_are_paid_as_one_by_one(name, data):
    pay, first, second = PER_PAIR[name]
    pairs = data.draw(st.lists(st.lists(st.tuples(first, second), min_size=2, max_size=2), min_size=1, max_size=3))
    firsts = np.array([[one for one, _ in row] for row in pairs])
    seconds = np.array([[two for _, two in row] for row in pairs])
    assert pay(firsts, seconds).tolist() == [[pay(*pair).tolist() for pair in row] for row in pairs]


@given(st.data())
def test_punished_groups_stacked_are_paid_as_one_by_one(data):
    points = st.lists(st.integers(0, 10), min_size=12, max_size=12)
    rows = np.array(data.draw(st.lists(points, min_size=1, max_size=4)))
    given_points, assigned = rows[:, :3], rows[:, 3:].reshape(-1, 3, 3)

    def pay(contributions, fines):
        return public_goods_punishment.payoffs(contributions, fines, 20, 1.6, 1, 3)

    expected = [pay(one, fines).tolist() for one, fines in zip(given_points, assigned, strict=True)]
    assert pay(given_points, assigned) == pytest.approx(np.array(expected))


# --- as played -------------------------------------------------------------------------------------------------------


def round_of(game, data):
    """One round at random: the acts by stage, (player, item) → act, and the payoffs by seat."""
    state, stages, outcomes = game.start(data.draw(st.integers(0, 9))), [], ()
    while not outcomes:
        pending = game.decisions(state)
        choices = {one.key: Choice(data.draw(st.integers(0, len(one.options) - 1))) for one in pending}
        stages.append({one.key: one.options[choices[one.key].option].act for one in pending})
        state, outcomes = game.resolve(state, choices)
    return stages, [one.payoff for one in sorted(outcomes, key=lambda one: one.player)]


SIMULTANEOUS = {
    PublicGoods(3, 6, 2.1, 2): lambda acts: public_goods.payoffs(acts, 6, 2.1),
    ThresholdPublicGoods(3, 6, 8, 5, refund=True, step=2): lambda acts: public_goods_threshold.payoffs(
        acts, 6, 8, 5, refund=True
    ),
    ThresholdPublicGoods(3, 6, 8, 5, refund=False, step=2): lambda acts: public_goods_threshold.payoffs(acts, 6, 8, 5),
    Volunteer(3, 7, 2): lambda acts: volunteer.payoffs([act == "volunteer" for act in acts], 7, 2),
    MinimumEffort(3, 4, 5, 2, 1): lambda acts: minimum_effort.payoffs(acts, 5, 2, 1),
    NashDemand(12, 3): lambda acts: nash_demand.payoffs(acts, 12),
    NPersonPrisonersDilemma(3, 9, 4): lambda acts: n_person_prisoners_dilemma.payoffs(
        [act == "cooperate" for act in acts], 9, 4
    ),
    PRISONERS: lambda acts: matrix.payoffs(
        [PRISONERS.acts.index(act) for act in acts], PRISONERS.row, PRISONERS.column
    ),
    ODD: lambda acts: matrix.payoffs([ODD.acts.index(act) for act in acts], ODD.row, ODD.column),
}


@pytest.mark.parametrize("game", SIMULTANEOUS, ids=repr)
@given(data=st.data())
def test_a_round_in_which_all_act_at_once_pays_what_the_formula_says(game, data):
    (stage,), paid = round_of(game, data)
    assert paid == pytest.approx(SIMULTANEOUS[game]([stage[seat, 0] for seat in range(game.players)]).tolist())


ROLES = {
    Dictator(6, 1.5, 2): lambda gift: dictator.payoffs(gift, 6, 1.5),
    Ultimatum(6, 2): lambda offer, reply: ultimatum.payoffs(offer, reply == "accept", 6),
    Trust(6, 2, 2): lambda sent, back=0: trust.payoffs(sent, back, 6, 2),
    GiftExchange(): lambda wage, effort: gift_exchange.payoffs(wage, effort, 126, 26),
    ThirdPartyPunishment(20, 4, 2, 5): lambda gift, paid: third_party_punishment.payoffs(gift, paid, 20, 4, 2),
}


@pytest.mark.parametrize("game", ROLES, ids=repr)
@given(data=st.data())
def test_a_round_of_parts_pays_what_the_formula_says(game, data):
    stages, paid = round_of(game, data)
    acts = [act for stage in stages for act in stage.values()]
    assert paid == pytest.approx(ROLES[game](*acts).tolist())


@given(st.data())
def test_a_round_with_punishment_takes_from_whom_each_item_names(data):
    game = PunishmentPublicGoods(3, 6, 1.5, 3, most=2, cost=2, effect=4)
    (given_points, fines), paid = round_of(game, data)
    expected = [6 - given_points[seat, 0] + 0.5 * sum(given_points.values()) for seat in range(3)]
    for (seat, item), points in fines.items():
        others = [other for other in range(3) if other != seat]
        expected[seat] -= 2 * points
        expected[others[item - 1]] -= 4 * points
    assert paid == pytest.approx(expected)


def to_the_end(game, acts, seed):
    """The payoffs of each round of a collective-risk play in which a seat pays the same in every round."""
    state, paid = game.start(seed), []
    while pending := game.decisions(state):
        choices = {one.key: Choice([option.act for option in one.options].index(acts[one.player])) for one in pending}
        state, outcomes = game.resolve(state, choices)
        paid.append([one.payoff for one in outcomes])
    return paid


def test_accounts_are_paid_in_the_last_round_only_and_kept_where_the_target_is_reached():
    game = CollectiveRisk(3, 8, 9, 1.0, (0, 2, 4), 2)
    assert to_the_end(game, [0, 2, 4], seed=1) == [[0, 0, 0], [8, 4, 0]]
    assert to_the_end(game, [0, 2, 2], seed=1) == [[0, 0, 0], [0, 0, 0]]


def test_what_is_left_is_lost_with_the_stated_probability_by_all_or_by_none():
    game = CollectiveRisk(2, 4, 4, 0.7, (0, 1), 2)
    ends = [tuple(to_the_end(game, [0, 1], seed)[-1]) for seed in range(2000)]
    assert set(ends) == {(0, 0), (4, 2)}
    # Four standard errors of a share of 0.7 among 2,000 are 0.041.
    assert ends.count((0, 0)) / 2000 == pytest.approx(0.7, abs=0.041)
    mean = np.mean(ends, axis=0)
    assert mean == pytest.approx(collective_risk.payoffs([0, 2], 4, 4, 0.7), abs=0.041 * 4)


# --- settings --------------------------------------------------------------------------------------------------------

REFUSED = [
    (PublicGoods, {"players": 1}, "public_goods: players=1 must be a whole number of at least 2"),
    (PublicGoods, {"players": 2.0}, "public_goods: players=2.0 must be a whole number of at least 2"),
    (PublicGoods, {"players": True}, "public_goods: players=True must be a whole number of at least 2"),
    (PublicGoods, {"endowment": 0}, "public_goods: endowment=0 must be a whole number of at least 1"),
    (PublicGoods, {"multiplier": 0}, "public_goods: multiplier=0 must be a number above 0"),
    (PublicGoods, {"multiplier": float("nan")}, "public_goods: multiplier=nan must be a number above 0"),
    (PublicGoods, {"multiplier": "1.6"}, "public_goods: multiplier=1.6 must be a number above 0"),
    (PublicGoods, {"step": 3}, "public_goods: step=3 must divide the endowment of 20"),
    (PublicGoods, {"rounds": 0}, "public_goods: rounds=0 must be a whole number of at least 1"),
    (PunishmentPublicGoods, {"players": 1}, "public_goods_punishment: players=1 must be a whole number of at least 2"),
    (PunishmentPublicGoods, {"step": 3}, "public_goods_punishment: step=3 must divide the endowment of 20"),
    (PunishmentPublicGoods, {"multiplier": -1}, "public_goods_punishment: multiplier=-1 must be a number above 0"),
    (PunishmentPublicGoods, {"most": 0}, "public_goods_punishment: most=0 must be a whole number of at least 1"),
    (PunishmentPublicGoods, {"cost": 0}, "public_goods_punishment: cost=0 must be a number above 0"),
    (PunishmentPublicGoods, {"effect": -3}, "public_goods_punishment: effect=-3 must be a number above 0"),
    (ThresholdPublicGoods, {"threshold": 0}, "public_goods_threshold: threshold=0 must be a whole number"),
    (ThresholdPublicGoods, {"threshold": 276},
     "public_goods_threshold: threshold=276 is above the 275 points that the group has"),
    (ThresholdPublicGoods, {"value": 0}, "public_goods_threshold: value=0 must be a number above 0"),
    (ThresholdPublicGoods, {"refund": "no"}, "public_goods_threshold: refund=no must be true or false"),
    (ThresholdPublicGoods, {"step": 4}, "public_goods_threshold: step=4 must divide the endowment of 55"),
    (Volunteer, {"cost": 20}, "volunteer: benefit=20 must be above the cost of 20"),
    (Volunteer, {"cost": 0}, "volunteer: cost=0 must be a number above 0"),
    (Volunteer, {"players": 1}, "volunteer: players=1 must be a whole number of at least 2"),
    (MinimumEffort, {"efforts": 1}, "minimum_effort: efforts=1 must be a whole number of at least 2"),
    (MinimumEffort, {"gain": 10}, "minimum_effort: gain=10 must be above the cost of 10"),
    (MinimumEffort, {"cost": 0}, "minimum_effort: cost=0 must be a number above 0"),
    (MinimumEffort, {"base": float("inf")}, "minimum_effort: base=inf must be a number"),
    (NashDemand, {"total": 1}, "nash_demand: total=1 must be a whole number of at least 2"),
    (NashDemand, {"step": 7}, "nash_demand: step=7 must divide the sum of 100"),
    (NPersonPrisonersDilemma, {"cost": 4},
     "n_person_prisoners_dilemma: cost=4 must lie between benefit/players = 4 and benefit = 20; otherwise there is no"),
    (NPersonPrisonersDilemma, {"cost": 20}, "n_person_prisoners_dilemma: cost=20 must lie between"),
    (Dictator, {"multiplier": 0}, "dictator: multiplier=0 must be a number above 0"),
    (Dictator, {"step": 3}, "dictator: step=3 must divide the endowment of 10"),
    (Dictator, {"rotate": 1}, "dictator: rotate=1 must be true or false"),
    (Ultimatum, {"total": 0}, "ultimatum: total=0 must be a whole number of at least 1"),
    (Ultimatum, {"step": 4}, "ultimatum: step=4 must divide the sum of 10"),
    (Ultimatum, {"rotate": "yes"}, "ultimatum: rotate=yes must be true or false"),
    (Trust, {"multiplier": 1.5}, "trust: multiplier=1.5 must be a whole number of at least 1"),
    (Trust, {"step": 0}, "trust: step=0 must be a whole number of at least 1"),
    (Trust, {"rotate": None}, "trust: rotate=None must be true or false"),
    (GiftExchange, {"value": 0}, "gift_exchange: value=0 must be a whole number of at least 1"),
    (GiftExchange, {"fixed": -1}, "gift_exchange: fixed=-1 must be a number of at least 0"),
    (GiftExchange, {"highest": 30}, "gift_exchange: highest=30 must be above the lowest wage of 30"),
    (GiftExchange, {"step": 10}, "gift_exchange: step=10 must divide the range of wages of 95"),
    (GiftExchange, {"rotate": 0}, "gift_exchange: rotate=0 must be true or false"),
    (ThirdPartyPunishment, {"endowment": 101},
     "third_party_punishment: endowment=101 must be even; gifts go up to half of it"),
    (ThirdPartyPunishment, {"held": 0}, "third_party_punishment: held=0 must be a whole number of at least 1"),
    (ThirdPartyPunishment, {"effect": 0}, "third_party_punishment: effect=0 must be a number above 0"),
    (ThirdPartyPunishment, {"step": 15}, "third_party_punishment: step=15 must divide half the endowment of 50"),
    (CollectiveRisk, {"risk": 1.1}, "collective_risk: risk=1.1 must lie on [0, 1]"),
    (CollectiveRisk, {"target": 0}, "collective_risk: target=0 must be a whole number of at least 1"),
    (CollectiveRisk, {"payments": (0,)}, "collective_risk: payments=[0] must be two or more, each above the last"),
    (CollectiveRisk, {"payments": (2, 0)}, "collective_risk: payments=[2, 0] must be two or more, each above the last"),
    (CollectiveRisk, {"payments": (0, 1.5)}, "collective_risk: payments=1.5 must be a whole number of at least 0"),
    (CollectiveRisk, {"payments": (0, 5)},
     "collective_risk: 10 payments of 5 are more than the endowment of 40; raise the endowment or lower payments or"),
]  # fmt: skip


@pytest.mark.parametrize(("game", "bad", "told"), REFUSED, ids=lambda one: str(one) if isinstance(one, dict) else "")
def test_a_setting_out_of_range_is_refused_with_what_where_and_what_instead(game, bad, told):
    with pytest.raises(SettingError) as raised:
        game(**bad)
    assert str(raised.value).startswith(told)


TABLES = {"name": "mine", "acts": ("a", "b"), "row": ((1, 2), (3, 4)), "column": ((1, 2), (3, 4))}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"acts": ("a",)}, "mine: acts=['a'] must name two acts or more, each once"),
        ({"acts": ("a", "a")}, "mine: acts=['a', 'a'] must name two acts or more, each once"),
        ({"row": ((1, 2),)}, "mine: row=((1, 2),) must be a table of 2 × 2 numbers, one row an act"),
        ({"column": ((1, 2), (3,))}, "mine: column=((1, 2), (3,)) must be a table of 2 × 2 numbers, one row an act"),
        ({"row": ((1, "x"), (3, 4))}, "mine: row=((1, 'x'), (3, 4)) must be a table of 2 × 2 numbers"),
        ({"row": ((1, float("nan")), (3, 4))}, "mine: row=((1, nan), (3, 4)) must be a table of 2 × 2 numbers"),
        ({"cooperative": (1,)}, "mine: cooperative needs a number for each of a, b, or null"),
        ({"cooperative": (1, 1.5)}, "mine: cooperation of b=1.5 must lie on [0, 1]"),
        ({"rounds": 0}, "mine: rounds=0 must be a whole number of at least 1"),
    ],
)
def test_a_table_that_does_not_fit_its_acts_is_refused(bad, told):
    with pytest.raises(SettingError) as raised:
        Matrix(**TABLES | bad)
    assert str(raised.value).startswith(told)


def test_more_acts_than_letters_are_refused():
    square = ((0.0,) * 27,) * 27
    with pytest.raises(SettingError, match="27 acts are more than there are letters"):
        Matrix("mine", tuple(f"act {number}" for number in range(27)), square, square)


def test_lists_as_a_file_holds_them_are_taken_and_the_game_stays_frozen_and_hashable():
    from_file = Matrix("mine", ["a", "b"], [[1, 2], [3, 4]], [[1, 2], [3, 4]], [1, 0])
    assert from_file == Matrix("mine", ("a", "b"), ((1, 2), (3, 4)), ((1, 2), (3, 4)), (1, 0))
    assert hash(from_file) == hash(Matrix("mine", ("a", "b"), ((1, 2), (3, 4)), ((1, 2), (3, 4)), (1, 0)))
    assert CollectiveRisk(payments=[0, 2]) == CollectiveRisk(payments=(0, 2))


def test_a_symmetric_game_is_made_of_its_four_numbers():
    made = Matrix.symmetric("pd", ("cooperate", "defect"), temptation=5, reward=3, punishment=1, sucker=0)
    assert made == PRISONERS


def test_where_no_points_are_made_or_destroyed_the_game_says_so():
    assert Dictator(10, 1.0).constant_sum() == 10
    assert Dictator(10, 1.1).constant_sum() is None
    assert PRISONERS.constant_sum() is None
    assert Matrix("zero", ("a", "b"), ((1, -1), (-1, 1)), ((-1, 1), (1, -1))).constant_sum() == 0
