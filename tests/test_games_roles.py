"""Games of parts: who has which part, what is asked, what an act is said to bring, and what each has lived."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.dictator import Dictator
from games.errors import ChoiceError
from games.gift_exchange import GiftExchange
from games.third_party_punishment import ThirdPartyPunishment
from games.trust import Trust
from games.types import Answer, Choice
from games.ultimatum import Ultimatum

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

GAMES = [Dictator, Ultimatum, Trust, GiftExchange, ThirdPartyPunishment]
FIRST = {"dictator": "give", "ultimatum": "offer", "trust": "send", "gift_exchange": "wage",
         "third_party_punishment": "give"}  # fmt: skip


def take(game, state, act):
    """The state and outcomes after the one pending decision is answered with this act."""
    (decision,) = game.decisions(state)
    acts = [option.act for option in decision.options]
    return game.resolve(state, {decision.key: Choice(acts.index(act))})


def play(game, *acts):
    """The state after these acts, one after the other, and the outcomes of the last settled round by seat."""
    state, found = game.start(1), ()
    for act in acts:
        state, outcomes = take(game, state, act)
        found = outcomes or found
    return state, sorted(found, key=lambda one: one.player)


def asked(game, state):
    (decision,) = game.decisions(state)
    return decision


def brings(decision):
    return {option.act: (option.allocation.own, option.allocation.other) for option in decision.options}


def levels(decision):
    return {option.act: option.cooperation for option in decision.options}


# --- parts -----------------------------------------------------------------------------------------------------------


def course(game):
    """(round, stage, player) of every decision when everybody takes the last act on the menu."""
    state, found = game.start(1), []
    while pending := game.decisions(state):
        (decision,) = pending
        found.append((decision.round, decision.stage, decision.player))
        state, _ = game.resolve(state, {decision.key: Choice(len(decision.options) - 1)})
    return found


STAGES = {
    Dictator: ["give"],
    Ultimatum: ["offer", "reply"],
    Trust: ["send", "return"],
    GiftExchange: ["wage", "effort"],
    ThirdPartyPunishment: ["give", "punish"],
}
PLACES = {"give": 0, "offer": 0, "send": 0, "wage": 0, "reply": 1, "return": 1, "effort": 1, "punish": 2}


@pytest.mark.parametrize("make", GAMES, ids=lambda one: one.__name__)
def test_the_parts_move_one_seat_on_in_every_round(make):
    game = make(rounds=5)
    assert course(game) == [
        (number, stage, (PLACES[stage] + number - 1) % game.players) for number in range(1, 6) for stage in STAGES[make]
    ]


@pytest.mark.parametrize("make", GAMES, ids=lambda one: one.__name__)
def test_without_rotation_everybody_keeps_its_part(make):
    game = make(rounds=5, rotate=False)
    assert course(game) == [(number, stage, PLACES[stage]) for number in range(1, 6) for stage in STAGES[make]]


@pytest.mark.parametrize("make", GAMES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("rotate", [True, False])
def test_the_facts_say_whether_the_parts_rotate_and_how_far_the_play_is(make, rotate):
    game = make(rounds=4, rotate=rotate)
    facts = asked(game, game.start(1, first=3)).facts
    assert (facts["round"], facts["rounds"], facts["rotate"]) == (3, 4, rotate)


@pytest.mark.parametrize("make", GAMES, ids=lambda one: one.__name__)
@given(st.integers(1, 20))
def test_every_part_has_one_seat_in_every_round(make, number):
    game = make(rounds=20)
    seats = [game.seat(role, number) for role in game.ROLES]
    assert sorted(seats) == list(range(len(game.ROLES)))
    assert game.by_seat({role: role for role in game.ROLES}, number) == tuple(
        next(role for role, seat in zip(game.ROLES, seats, strict=True) if seat == place) for place in range(len(seats))
    )


def test_the_seats_of_a_round_are_paid_by_their_part():
    game = Ultimatum(rounds=2)
    _, first = play(game, 3, "accept")
    assert [one.payoff for one in first] == [7, 3]
    _, second = play(game, 3, "accept", 2, "accept")
    assert [one.payoff for one in second] == [2, 8]


@pytest.mark.parametrize("make", GAMES, ids=lambda one: one.__name__)
def test_a_choice_of_who_is_not_asked_is_refused(make):
    game = make()
    state = game.start(1)
    with pytest.raises(ChoiceError):
        game.resolve(state, {(1, 0): Choice(0)})


@pytest.mark.parametrize("make", [Ultimatum, Trust, GiftExchange, ThirdPartyPunishment], ids=lambda one: one.__name__)
def test_a_round_voided_between_its_stages_begins_the_next_with_the_first_stage(make):
    game = make(rounds=3)
    (decision,) = game.decisions(game.start(1))
    state, outcomes = game.resolve(game.start(1), {decision.key: Choice(1)})
    assert outcomes == ()
    following = asked(game, game.void(state))
    assert (following.round, following.stage, following.past) == (2, FIRST[game.name], ())


# --- dictator --------------------------------------------------------------------------------------------------------


def test_a_dictator_is_told_the_price_of_giving():
    decision = asked(Dictator(10, 2.0, 5), Dictator(10, 2.0, 5).start(1))
    assert brings(decision) == {0: (10, 0), 5: (5, 10), 10: (0, 20)}
    assert levels(decision) == {0: 0, 5: 0.5, 10: 1}
    assert decision.answer is Answer.AMOUNT


# --- ultimatum -------------------------------------------------------------------------------------------------------


def test_an_offer_is_said_to_bring_what_it_proposes_and_a_reply_what_it_brings():
    game = Ultimatum(10, 5)
    state = game.start(1)
    assert brings(asked(game, state)) == {0: (10, 0), 5: (5, 5), 10: (0, 10)}
    assert levels(asked(game, state)) == {0: 0, 5: 0.5, 10: 1}
    state, outcomes = take(game, state, 5)
    reply = asked(game, state)
    assert outcomes == ()
    assert (reply.facts["offer"], reply.answer) == (5, Answer.LETTER)
    assert brings(reply) == {"accept": (5, 5), "reject": (0, 0)}
    assert levels(reply) == {"accept": None, "reject": None}


def test_what_is_lived_of_an_offer_and_its_reply():
    _, (proposer, responder) = play(Ultimatum(), 3, "reject")
    assert (proposer.experience.stage, proposer.experience.own, proposer.experience.others) == ("offer", 0.3, ())
    assert (responder.experience.stage, responder.experience.own, responder.experience.others) == (
        "reply", None, (0.3,),
    )  # fmt: skip
    assert proposer.experience.facts == {"offer": 3, "others_accepted": False, "total": 10, "payoff": 0}
    assert responder.experience.facts == {"others_offer": 3, "accepted": False, "total": 10, "payoff": 0}


# --- trust -----------------------------------------------------------------------------------------------------------


def test_before_any_round_half_is_believed_to_come_back():
    decision = asked(Trust(10, 3, 5), Trust(10, 3, 5).start(1))
    assert brings(decision) == {0: (10, 10), 5: (10 - 5 + 7.5, 10 + 7.5), 10: (15, 25)}
    assert levels(decision) == {0: 0, 5: 0.5, 10: 1}


def test_sending_rests_on_the_share_that_this_trustee_returned_last():
    game = Trust(10, 3, rounds=3, rotate=False)
    state, _ = play(game, 10, 30, 5, 3)  # all of 30, then 3 of 15
    assert brings(asked(game, state))[10] == pytest.approx((0.2 * 30, 10 + 0.8 * 30))


def test_with_rotation_the_share_is_that_of_who_is_trustee_now():
    game = Trust(10, 3, rounds=4)
    state, _ = play(game, 10, 30)  # seat 1 returns all
    # In round 2 seat 0 is trustee, of whom nothing is known yet; in round 3 it is seat 1 again.
    assert brings(asked(game, state))[10] == pytest.approx((15, 25))
    state, _ = play(game, 10, 30, 10, 0)
    assert brings(asked(game, state))[10] == pytest.approx((30, 10))
    state, _ = play(game, 10, 30, 10, 0, 10, 15)
    assert brings(asked(game, state))[10] == pytest.approx((0, 40))


def test_a_trustee_who_received_nothing_says_nothing_of_what_it_returns():
    game = Trust(10, 3, rounds=3, rotate=False)
    state, _ = play(game, 10, 3, 0)
    assert asked(game, state).round == 3
    assert brings(asked(game, state))[10] == pytest.approx((3, 37))


def test_nothing_is_asked_of_a_trustee_who_received_nothing():
    game = Trust(rounds=2)
    state, (trustor, trustee) = play(game, 0)
    assert (trustor.payoff, trustee.payoff) == (10, 10)
    assert (trustor.experience.own, trustor.experience.others) == (0, ())
    assert (trustee.experience.stage, trustee.experience.own, trustee.experience.others) == ("return", None, (0,))
    following = asked(game, state)
    assert (following.round, following.stage, following.player) == (2, "send", 1)


def test_a_trustee_is_told_what_arrived_and_shares_it_in_steps():
    game = Trust(10, 3, 5)
    state, _ = play(game, 5)
    decision = asked(game, state)
    assert (decision.facts["sent"], decision.facts["received"], decision.player) == (5, 15, 1)
    assert brings(decision) == {0: (25, 5), 5: (20, 10), 10: (15, 15), 15: (10, 20)}
    assert levels(decision) == pytest.approx({0: 0, 5: 1 / 3, 10: 2 / 3, 15: 1})


def test_what_is_lived_of_sending_and_returning():
    _, (trustor, trustee) = play(Trust(), 4, 6)
    assert (trustor.payoff, trustee.payoff) == (12, 16)
    assert (trustor.experience.stage, trustor.experience.own, trustor.experience.others) == ("send", 0.4, (0.5,))
    assert (trustee.experience.stage, trustee.experience.own, trustee.experience.others) == ("return", 0.5, (0.4,))
    assert trustor.experience.facts == {"sent": 4, "received": 12, "others_returned": 6, "payoff": 12}
    assert trustee.experience.facts == {"others_sent": 4, "received": 12, "returned": 6, "payoff": 16}


# --- gift exchange ---------------------------------------------------------------------------------------------------


def test_before_any_round_the_middle_effort_is_believed():
    game = GiftExchange()
    decision = asked(game, game.start(1))
    assert list(brings(decision)) == list(range(30, 126, 5))
    # Effort 5.5 costs halfway between 6 and 8.
    assert brings(decision)[60] == pytest.approx((66 * 0.55, 60 - 26 - 7))
    assert (levels(decision)[30], levels(decision)[125], levels(decision)[60]) == (0, 1, 30 / 95)


def test_a_wage_rests_on_the_effort_that_this_worker_chose_last():
    game = GiftExchange(rounds=3, rotate=False)
    state, _ = play(game, 60, 2, 90, 8)
    assert brings(asked(game, state))[60] == pytest.approx((66 * 0.8, 60 - 26 - 12))
    rotating = GiftExchange(rounds=3)
    state, _ = play(rotating, 60, 2)
    assert brings(asked(rotating, state))[60] == pytest.approx((66 * 0.55, 60 - 26 - 7))
    state, _ = play(rotating, 60, 2, 90, 8)
    assert brings(asked(rotating, state))[60] == pytest.approx((66 * 0.2, 60 - 26 - 1))


@given(st.integers(1, 10))
def test_every_effort_is_remembered_exactly(effort):
    game = GiftExchange(rounds=2, rotate=False)
    state, _ = play(game, 60, effort)
    costs = (0, 1, 2, 4, 6, 8, 10, 12, 15, 18)
    expected = (66 * effort / 10, 34 - costs[effort - 1])
    assert brings(asked(game, state))[60] == pytest.approx(expected)


def test_what_is_lived_of_a_wage_and_its_effort():
    game = GiftExchange()
    state, _ = play(game, 60)
    decision = asked(game, state)
    assert (decision.facts["wage"], decision.player, decision.stage) == (60, 1, "effort")
    assert brings(decision)[10] == pytest.approx((60 - 26 - 18, 66))
    assert (levels(decision)[1], levels(decision)[10]) == (0, 1)
    _, (employer, worker) = play(game, 60, 4)
    assert (employer.payoff, worker.payoff) == pytest.approx((26.4, 30))
    assert (employer.experience.own, *employer.experience.others) == pytest.approx((30 / 95, 3 / 9))
    assert (worker.experience.own, *worker.experience.others) == pytest.approx((3 / 9, 30 / 95))
    assert employer.experience.facts == {"wage": 60, "others_effort": 4, "payoff": pytest.approx(26.4)}
    assert worker.experience.facts == {"others_wage": 60, "effort": 4, "payoff": pytest.approx(30)}


# --- third-party punishment ------------------------------------------------------------------------------------------


def test_before_any_round_no_punishment_is_believed():
    decision = asked(ThirdPartyPunishment(), ThirdPartyPunishment().start(1))
    # To the others: what is given, and the 50 that the third player holds.
    assert brings(decision) == {gift: (100 - gift, gift + 50) for gift in range(0, 51, 10)}
    assert levels(decision) == {gift: gift / 50 for gift in range(0, 51, 10)}
    assert decision.others == 2


def test_a_gift_rests_on_what_this_third_player_paid_last():
    game = ThirdPartyPunishment(rounds=3, rotate=False)
    state, _ = play(game, 0, 20, 50, 5)
    assert brings(asked(game, state))[20] == (100 - 20 - 15, 20 + 45)
    rotating = ThirdPartyPunishment(rounds=4)
    state, _ = play(rotating, 0, 20)
    # Another player is the third one now, of whom nothing is known; in round 4 it is the first one again.
    assert brings(asked(rotating, state))[20] == (80, 70)
    state, _ = play(rotating, 0, 20, 0, 1, 0, 2)
    assert brings(asked(rotating, state))[20] == (80 - 60, 20 + 30)


def test_a_third_player_is_told_the_gift_and_what_paying_takes():
    game = ThirdPartyPunishment()
    state, _ = play(game, 20)
    decision = asked(game, state)
    assert (decision.player, decision.facts["gift"], decision.others) == (2, 20, 2)
    # To the others: the 80 that the dictator kept, less 3 for each point paid, and the gift of 20.
    assert brings(decision) == {paid: (50 - paid, 80 - 3 * paid + 20) for paid in range(51)}
    assert set(levels(decision).values()) == {None}


def test_what_is_lived_of_a_gift_that_was_punished():
    _, (dictator, recipient, third) = play(ThirdPartyPunishment(), 20, 10)
    assert [one.payoff for one in (dictator, recipient, third)] == [50, 20, 40]
    assert [one.experience.stage for one in (dictator, recipient, third)] == ["give", "receive", "punish"]
    assert [one.experience.own for one in (dictator, recipient, third)] == [0.4, None, None]
    assert [one.experience.others for one in (dictator, recipient, third)] == [(), (0.4,), (0.4,)]
    assert third.experience.facts == {"others_gift": 20, "paid": 10, "taken": 30, "payoff": 40}
    assert dictator.experience.facts == {"gift": 20, "others_paid": 10, "others_taken": 30, "payoff": 50}
