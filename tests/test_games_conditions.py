"""The conditions around a game: what is seen, how long it goes on, and acts that go astray; alone and in a society."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.commons import Commons
from games.conditions import Conditions
from games.errors import SettingError
from games.gift_exchange import GiftExchange
from games.n_person_prisoners_dilemma import NPersonPrisonersDilemma
from games.public_goods import PublicGoods
from games.public_goods_punishment import PunishmentPublicGoods
from games.third_party_punishment import ThirdPartyPunishment
from games.trust import Trust
from games.types import Allocation, Choice, Decision, Experience, Failure, Option
from games.volunteer import Volunteer
from sim.matching import FixedPartners, RandomStrangers
from sim.records import Asked, Played
from sim.unanswered import Bounds, Taken, bounds
from tests.societies import Told, always, members, society

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

GROUP = Conditions()
OWN = Conditions(history="own")
NONE = Conditions(history="none")
NAMED = Conditions(partners="named")


def lived(number, *acts, seat=0, cooperation=None):
    """A round in which every seat did one of these acts, as the player in that seat lived it."""
    rest = tuple(act for place, act in enumerate(acts) if place != seat)
    levels = cooperation or tuple(act / 20 for act in acts)
    others = tuple(level for place, level in enumerate(levels) if place != seat)
    facts = {"act": acts[seat], "others_acts": rest, "others_points": tuple(40 - act for act in rest), "payoff": 7.0}
    return Experience("public_goods", "contribute", number, levels[seat], others, 7.0, facts)


PAST = (lived(1, 5, 0, 20, 10), lived(2, 6, 3, 1, 2), lived(3, 7, 0, 0, 20))
ACTS = st.lists(st.integers(0, 20), min_size=2, max_size=6)


# --- what is seen of the past ----------------------------------------------------------------------------------------


def test_with_no_history_nothing_is_seen():
    assert NONE.seen(PAST, 0) == ()


def test_with_own_history_acts_and_points_of_ones_own_are_seen_and_nothing_of_the_others():
    seen = OWN.seen(PAST, 0)
    assert [(one.round, one.own, one.payoff) for one in seen] == [(1, 0.25, 7), (2, 0.3, 7), (3, 0.35, 7)]
    assert all(one.others == () for one in seen)
    assert [dict(one.facts) for one in seen] == [{"act": act, "payoff": 7.0} for act in (5, 6, 7)]


def test_anonymous_others_stand_in_descending_order():
    first, second, third = GROUP.seen(PAST, 0)
    assert [one.facts["others_acts"] for one in (first, second, third)] == [(20, 10, 0), (3, 2, 1), (20, 0, 0)]
    assert first.others == (1, 0.5, 0)
    assert first.facts["others_points"] == (40, 30, 20)
    assert first.facts["names"] == ()
    assert (first.own, first.payoff, first.facts["act"]) == (0.25, 7, 5)


def test_names_of_acts_stand_in_the_order_of_the_alphabet():
    one = replace(PAST[0], others=(0, 1, 0), facts={"others_acts": ("wait", "volunteer", "wait")})
    (seen,) = GROUP.seen([one], 0)
    assert (seen.facts["others_acts"], seen.others) == (("volunteer", "wait", "wait"), (1, 0, 0))


@given(st.data())
def test_nobody_can_be_followed_as_who_did_what_does_not_change_what_is_seen(data):
    own, *others = data.draw(ACTS)
    past = [lived(1, own, *others), lived(2, own, *data.draw(st.permutations(others)))]
    mixed = [replace(lived(one.round, own, *data.draw(st.permutations(one.facts["others_acts"])))) for one in past]
    for conditions in (GROUP, OWN, NONE):
        assert conditions.seen(past, 0) == conditions.seen(mixed, 0)
    told = {"others_contributions": tuple(others), "own_contribution": own}
    shuffled = {**told, "others_contributions": tuple(data.draw(st.permutations(others)))}
    assert GROUP.told(told, lasting=True, seat=0) == GROUP.told(shuffled, lasting=True, seat=0)


@given(ACTS, st.data())
def test_what_was_done_is_seen_in_full_where_everybody_is(acts, data):
    seat = data.draw(st.integers(0, len(acts) - 1))
    one = lived(1, *acts, seat=seat)
    for conditions in (GROUP, NAMED):
        (seen,) = conditions.seen([one], seat)
        assert Counter(seen.facts["others_acts"]) == Counter(one.facts["others_acts"])
        assert Counter(seen.others) == Counter(one.others)


@given(st.data())
def test_named_others_have_the_name_of_their_seat_in_every_round(data):
    size = data.draw(st.integers(2, 6))
    seat = data.draw(st.integers(0, size - 1))
    rounds = data.draw(st.lists(st.lists(st.integers(0, 20), min_size=size, max_size=size), min_size=1, max_size=4))
    past = [lived(number, *acts, seat=seat) for number, acts in enumerate(rounds, start=1)]
    for acts, one in zip(rounds, NAMED.seen(past, seat), strict=True):
        by_name = dict(zip(one.facts["names"], one.facts["others_acts"], strict=True))
        assert by_name == {f"player {place + 1}": act for place, act in enumerate(acts) if place != seat}
        assert one.others == tuple(act / 20 for place, act in enumerate(acts) if place != seat)


@pytest.mark.parametrize("seat", [0, 1, 2])
def test_where_a_round_says_nothing_of_others_by_seat_nobody_is_named(seat):
    one = Experience("dictator", "receive", 1, None, (0.4,), 4, {"given": 4})
    (seen,) = NAMED.seen([one], seat)
    assert seen.facts["names"] == ()


@pytest.mark.parametrize(("window", "rounds"), [(None, [1, 2, 3]), (1, [3]), (2, [2, 3]), (9, [1, 2, 3])])
@pytest.mark.parametrize("history", ["group", "own"])
def test_a_window_leaves_the_latest_rounds(window, rounds, history):
    seen = Conditions(history=history, window=window).seen(PAST, 0)
    assert [one.round for one in seen] == rounds


def test_a_window_counts_rounds_and_not_what_was_lived_in_them():
    twice = [*PAST[:2], replace(PAST[1], stage="punish"), PAST[2]]
    assert [one.round for one in Conditions(window=2).seen(twice, 0)] == [2, 2, 3]
    # A round that was void was not lived, and takes no place.
    assert [one.round for one in Conditions(window=2).seen([PAST[0], PAST[2]], 0)] == [1, 3]


# --- what is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (GROUP, {"round": 2, "rounds": 10, "horizon": "known", "noise": 0.0}),
        (Conditions(horizon="unknown"), {"round": 2, "horizon": "unknown", "noise": 0.0}),
        (
            Conditions(horizon="random", continuation=0.8, noise=0.1),
            {"round": 2, "horizon": "random", "continuation": 0.8, "noise": 0.1},
        ),
    ],
)
@pytest.mark.parametrize("lasting", [True, False])
def test_how_long_it_goes_on_is_told_as_set(conditions, expected, lasting):
    assert conditions.told({"round": 2, "rounds": 10}, lasting=lasting, seat=0) == {**expected, "lasting": lasting}


def test_of_this_round_named_others_stand_in_the_order_of_the_seats_and_anonymous_ones_do_not():
    facts = {"others_contributions": (3, 9, 5), "others": 3}
    assert NAMED.told(facts, lasting=True, seat=0)["others_contributions"] == (3, 9, 5)
    told = GROUP.told(facts, lasting=True, seat=0)
    assert (told["others_contributions"], told["others"]) == ((9, 5, 3), 3)
    assert facts == {"others_contributions": (3, 9, 5), "others": 3}


# --- how long it goes on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", ["known", "unknown"])
def test_the_rules_own_length_holds_unless_the_end_is_random(horizon):
    assert {Conditions(horizon=horizon).length(7, seed) for seed in range(20)} == {7}


@pytest.mark.parametrize("continuation", [0.5, 0.9, 0.99])
def test_random_lengths_are_geometric(continuation):
    conditions = Conditions(horizon="random", continuation=continuation)
    lengths = [conditions.length(7, seed) for seed in range(4000)]
    assert min(lengths) == 1
    # Mean 1/(1 − δ), standard deviation √δ/(1 − δ): within four standard errors.
    error = 4 * continuation**0.5 / (1 - continuation) / 4000**0.5
    assert sum(lengths) / 4000 == pytest.approx(1 / (1 - continuation), abs=error)
    ended = sum(length == 1 for length in lengths) / 4000
    assert ended == pytest.approx(1 - continuation, abs=4 * (continuation * (1 - continuation) / 4000) ** 0.5)


@given(st.integers(0, 2**40), st.floats(0.01, 0.99))
def test_a_random_length_is_fixed_by_the_seed_and_at_least_one(seed, continuation):
    conditions = Conditions(horizon="random", continuation=continuation)
    assert conditions.length(1, seed) == conditions.length(9, seed) >= 1


# --- acts that go astray ---------------------------------------------------------------------------------------------


def menu(many):
    return Decision("g", 0, tuple(Option(place, Allocation(place, 0)) for place in range(many)))


def test_without_noise_the_choice_itself_is_carried_out():
    choice = Choice(1)
    assert all(GROUP.carried_out(menu(3), choice, draw) is choice for draw in range(200))


@pytest.mark.parametrize(("noise", "many", "chosen"), [(0.1, 2, 0), (0.5, 4, 2), (0.9, 3, 1)])
def test_acts_go_astray_at_the_stated_rate_to_each_other_act_alike(noise, many, chosen):
    conditions, draws = Conditions(noise=noise), 6000
    done = Counter(conditions.carried_out(menu(many), Choice(chosen), draw).option for draw in range(draws))
    astray = draws - done[chosen]
    assert astray / draws == pytest.approx(noise, abs=4 * (noise * (1 - noise) / draws) ** 0.5)
    share = 1 / (many - 1)
    for other in set(range(many)) - {chosen}:
        within = 4 * (share * (1 - share) / astray) ** 0.5
        assert done[other] / astray == pytest.approx(share, abs=within)


@given(st.floats(0, 0.99), st.integers(2, 26), st.integers(0, 2**40), st.data())
def test_what_is_carried_out_is_on_the_menu_and_fixed_by_the_draw(noise, many, draw, data):
    choice = Choice(data.draw(st.integers(0, many - 1)))
    done = Conditions(noise=noise).carried_out(menu(many), choice, draw)
    assert 0 <= done.option < many
    assert done == Conditions(noise=noise).carried_out(menu(many), choice, draw)


def test_more_noise_lets_the_same_acts_go_astray_and_others():
    astray = [{draw for draw in range(500) if Conditions(noise=noise).carried_out(menu(2), Choice(0), draw).option}
              for noise in (0.1, 0.3, 0.6)]  # fmt: skip
    assert astray[0] < astray[1] < astray[2]


def test_a_failure_stays_a_failure():
    failed = Choice(failure=Failure.REFUSED)
    assert all(Conditions(noise=0.9).carried_out(menu(3), failed, draw) is failed for draw in range(50))


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"history": "all"}, "unknown conditions.history 'all'; known: group, own, none"),
        ({"partners": "open"}, "unknown conditions.partners 'open'; known: anonymous, named"),
        ({"horizon": "long"}, "unknown conditions.horizon 'long'; known: known, unknown, random"),
        ({"window": 0}, "conditions: window=0 must be a whole number of at least 1"),
        ({"window": 1.5}, "conditions: window=1.5 must be a whole number of at least 1"),
        ({"window": True}, "conditions: window=True must be a whole number of at least 1"),
        ({"continuation": 0}, "conditions: continuation=0 must lie above 0 and be at most 0.99"),
        ({"continuation": 1}, "conditions: continuation=1 must lie above 0 and be at most 0.99"),
        ({"continuation": "0.9"}, "conditions: continuation=0.9 must lie above 0 and be at most 0.99"),
        ({"noise": -0.1}, "conditions: noise=-0.1 must lie on [0, 1)"),
        ({"noise": 1}, "conditions: noise=1 must lie on [0, 1)"),
        ({"noise": float("nan")}, "conditions: noise=nan must lie on [0, 1)"),
        ({"noise": True}, "conditions: noise=True must lie on [0, 1)"),
    ],
)
def test_a_condition_out_of_range_is_refused_with_what_to_write(bad, told):
    with pytest.raises(SettingError) as raised:
        Conditions(**bad)
    assert str(raised.value) == told


# --- in a society: what an agent is put ------------------------------------------------------------------------------


def play(game, conditions=GROUP, agents=None, matching=None, **more):
    agents = agents or [Told(lambda one, place=place: place) for place in range(game.players)]
    return agents, society(members(*agents), game, matching, conditions=conditions, **more).play()


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
@pytest.mark.parametrize(
    ("conditions", "pasts"),
    [(GROUP, [[], [1], [1, 2]]), (OWN, [[], [1], [1, 2]]), (NONE, [[], [], []]),
     (Conditions(window=1), [[], [1], [2]])],
    ids=["group", "own", "none", "window"],
)  # fmt: skip
def test_an_agent_is_put_the_past_as_set(conditions, pasts, matching):
    agents, _ = play(PublicGoods(4, rounds=3), conditions, matching=matching)
    for number, agent in enumerate(agents):
        assert [[one.round for one in decision.past] for decision, _ in agent.heard] == pasts
        others = sorted({0, 1, 2, 3} - {number}, reverse=True)
        for decision, _ in agent.heard:
            for one in decision.past:
                assert one.facts["act"] == number
                assert one.facts.get("others_acts") == (None if conditions is OWN else tuple(others))
                assert ("others_points" in one.facts) == (conditions is not OWN)


def test_named_partners_are_who_they_are_said_to_be():
    agents, kept = play(PublicGoods(4, rounds=3), NAMED)
    seats = {one.participant: one.decision.player for one in kept.of(Asked)}
    for number, agent in enumerate(agents):
        for one in agent.heard[-1][0].past:
            by_name = dict(zip(one.facts["names"], one.facts["others_acts"], strict=True))
            assert by_name == {f"player {seat + 1}": who for who, seat in seats.items() if who != number}


@pytest.mark.parametrize("horizon", ["known", "unknown", "random"])
def test_the_number_of_rounds_reaches_an_agent_only_where_it_is_known(horizon):
    agents, kept = play(PublicGoods(2, rounds=2), Conditions(horizon=horizon))
    assert len(kept.of(Played)) == 4
    for decision, _ in agents[0].heard:
        assert decision.facts["horizon"] == horizon
        assert decision.facts.get("rounds") == (2 if horizon == "known" else None)
        assert ("continuation" in decision.facts) == (horizon == "random")


def said_to_bring(game, conditions, rules):
    """What the options of each decision were said to bring, by (stage, round, player)."""
    agents = [Told(rule) for rule in rules]
    play(game, conditions, agents)
    found = {}
    for agent in agents:
        for decision, _ in agent.heard:
            found[decision.stage, decision.round, decision.player] = [one.allocation for one in decision.options]
    return found


def first(_):
    return 0


def last(decision):
    return len(decision.options) - 1


BLIND = [PublicGoods(2, rounds=3), NPersonPrisonersDilemma(3, rounds=3), PunishmentPublicGoods(2, rounds=2)]


@pytest.mark.parametrize("game", BLIND, ids=lambda game: game.name)
@pytest.mark.parametrize("conditions", [OWN, NONE], ids=["own", "none"])
def test_who_sees_nothing_of_the_others_is_told_nothing_of_them_by_the_options(game, conditions):
    meek = said_to_bring(game, conditions, [first] * game.players)
    bold = said_to_bring(game, conditions, [last] * game.players)
    stage = "contribute" if "public" in game.name else "choose"
    for (name, number, player), options in meek.items():
        if name == stage:
            assert options == bold[stage, number, player] == meek[stage, 1, player]
    seeing = [said_to_bring(game, GROUP, [rule] * game.players) for rule in (first, last)]
    assert seeing[0][stage, 2, 0] != seeing[1][stage, 2, 0]


@pytest.mark.parametrize(
    ("game", "stage"),
    [(Trust(rounds=3, rotate=False), "send"), (GiftExchange(rounds=3, rotate=False), "wage"),
     (ThirdPartyPunishment(rounds=3, rotate=False), "give")],
    ids=lambda one: getattr(one, "name", one),
)  # fmt: skip
@pytest.mark.parametrize("conditions", [OWN, NONE], ids=["own", "none"])
def test_who_sees_nothing_believes_of_a_second_mover_what_it_did_before_any_round(game, stage, conditions):
    def reply(decision):
        return 1 if decision.stage == stage else last(decision)

    unseen = said_to_bring(game, conditions, [reply] * game.players)
    assert unseen[stage, 1, 0] == unseen[stage, 2, 0] == unseen[stage, 3, 0]
    seen = said_to_bring(game, GROUP, [reply] * game.players)
    assert seen[stage, 1, 0] == unseen[stage, 1, 0] != seen[stage, 2, 0]


def test_what_the_first_stage_of_this_round_showed_is_no_past():
    def punishing(decision):
        return 20 if decision.stage == "contribute" else 0

    agents, _ = play(PunishmentPublicGoods(3, rounds=2), NONE, [Told(punishing) for _ in range(3)])
    second = [decision for decision, _ in agents[0].heard if decision.stage == "punish"]
    assert [one.facts["others_contributions"] for one in second] == [(20, 20)] * 4
    assert all(one.past == () for one in second)


# --- in a society: noise ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_points_follow_what_was_carried_out_and_cooperation_what_was_chosen(matching):
    game = PublicGoods(4, rounds=10)
    _, kept = play(game, Conditions(noise=0.4), [always(20) for _ in range(4)], matching)
    astray = [one.carried_out for one in kept.of(Asked)]
    assert 0 < sum(one is not None for one in astray) < len(astray)
    rounds = {}
    for one in kept.of(Asked):
        assert one.choice.option == 20
        assert one.cooperation == 1
        assert one.carried_out != 20
        rounds.setdefault(one.decision.round, {})[one.participant] = 20 if one.carried_out is None else one.carried_out
    for one in kept.of(Played):
        acts = rounds[one.round]
        assert one.payoff == pytest.approx(20 - acts[one.participant] + 0.4 * sum(acts.values()))
        assert one.cooperation == 1
        assert one.facts["act"] == acts[one.participant]


def test_everybody_remembers_what_was_carried_out():
    agents, kept = play(PublicGoods(2, rounds=6), Conditions(noise=0.5), [always(20), always(20)])
    done = {(one.participant, one.decision.round): 20 if one.carried_out is None else one.carried_out
            for one in kept.of(Asked)}  # fmt: skip
    past = agents[0].heard[-1][0].past
    assert [(one.facts["act"], *one.facts["others_acts"]) for one in past] == [
        (done[0, number], done[1, number]) for number in range(1, 6)
    ]
    assert any(one.own < 1 for one in past)


def test_noise_shifts_no_draw_and_no_group():
    quiet = play(PublicGoods(2, rounds=3), agents=[always(3) for _ in range(4)])[1]
    noisy = play(PublicGoods(2, rounds=3), Conditions(noise=0.5), [always(3) for _ in range(4)])[1]
    assert [(one.participant, one.occasion, one.group) for one in quiet.of(Asked)] == [
        (one.participant, one.occasion, one.group) for one in noisy.of(Asked)
    ]
    assert all(one.carried_out is None for one in quiet.of(Asked))


def test_a_failed_reply_does_not_go_astray_and_voids_the_round_as_ever():
    agents = [Told(lambda one: Failure.EMPTY), always(0)]
    _, kept = play(PublicGoods(2, rounds=5), Conditions(noise=0.5), agents)
    assert all(one.payoff is None and one.void for one in kept.of(Played))
    assert all(one.carried_out is None for one in kept.of(Asked) if one.choice.failure)


def test_in_a_round_that_all_answered_the_bounds_are_the_points_of_what_was_carried_out():
    agents = [always(20), always(0), always(10)]
    _, kept = play(PublicGoods(3, rounds=8), Conditions(noise=0.5), agents, on_failure="bound")
    assert any(one.carried_out is not None for one in kept.of(Asked))
    for one in kept.of(Played):
        assert one.bounds.payoff == (one.payoff, one.payoff)
        assert one.bounds.cooperation == (one.cooperation, one.cooperation)


def test_with_noise_the_bounds_hold_what_was_carried_out_and_what_is_missing_does_not_go_astray():
    game = PublicGoods(2, 10, 1.5)
    chosen = {(0, 0): Choice(10), (1, 0): Choice(failure=Failure.EMPTY)}
    done = {(0, 0): Choice(4), (1, 0): Choice(failure=Failure.EMPTY)}
    found = bounds(game, game.start(1), [Taken(chosen, done)])
    # Seat 0 chose 10, but 4 was given. Seat 1, who failed, gives nothing or all.
    assert found[0] == Bounds((pytest.approx(6 + 0.75 * 4), pytest.approx(6 + 0.75 * 14)), (1, 1))
    assert found[1] == Bounds((pytest.approx(0.75 * 14), pytest.approx(10 + 0.75 * 4)), (0, 1))


def test_a_second_stage_answers_what_was_carried_out_in_the_first():
    def offering(decision):
        return 10 if decision.stage == "send" else 0

    _, kept = play(Trust(rounds=12), Conditions(noise=0.6), [Told(offering), Told(offering)], on_failure="bound")
    sent = {one.decision.round: 10 if one.carried_out is None else one.carried_out
            for one in kept.of(Asked) if one.decision.stage == "send"}  # fmt: skip
    assert 0 in sent.values() or len(set(sent.values())) > 2
    asked = {one.decision.round: one.decision.facts["sent"] for one in kept.of(Asked) if one.decision.stage == "return"}
    assert asked == {number: amount for number, amount in sent.items() if amount}
    assert all(one.bounds.payoff == (one.payoff, one.payoff) for one in kept.of(Played))


# --- in a society: a game that ends early ----------------------------------------------------------------------------


def test_a_commons_that_has_collapsed_leaves_no_rows_for_later_rounds():
    greedy = [Told(last) for _ in range(3)]
    careful = [always(0) for _ in range(3)]
    game = Commons(players=3, capacity=12, collapse=3, rounds=4)
    _, kept = play(game, agents=[*greedy, *careful], seed=5)
    groups = {one.participant: one.group for one in kept.of(Played)}
    rounds = {group: [one.round for one in kept.of(Played) if one.group == group] for group in set(groups.values())}
    asked = {group: sorted({one.decision.round for one in kept.of(Asked) if one.group == group}) for group in rounds}
    for group, numbers in rounds.items():
        there = [who for who, where in groups.items() if where == group]
        ended = any(who < 3 for who in there)
        assert numbers == sorted([1] * 3 if ended else [1, 2, 3, 4] * 3)
        assert asked[group] == ([1] if ended else [1, 2, 3, 4])
    assert not kept.society.running
    table = kept.society.datacollector.get_model_vars_dataframe()
    assert len(table) == 4


def test_after_an_early_end_nobody_has_points_of_the_round():
    agents = [Told(last) for _ in range(3)]
    _, kept = play(Commons(players=3, capacity=12, collapse=3, rounds=3), agents=agents)
    assert [one.payoff for one in kept.society.participants] == [None] * 3
    assert sum(one.payoff for one in kept.of(Played)) == 12
    assert {one.round for one in kept.of(Played)} == {1}


def test_conditions_change_no_payoff_of_the_same_acts():
    def payoffs(conditions):
        _, kept = play(Volunteer(3, rounds=3), conditions, [always(0), always(1), always(0)])
        return [(one.participant, one.payoff) for one in kept.of(Played)]

    kinds = itertools.product(("group", "own", "none"), ("anonymous", "named"), ("known", "unknown", "random"))
    ways = [payoffs(Conditions(history=h, partners=p, horizon=z)) for h, p, z in kinds]
    assert all(one == ways[0] for one in ways)
