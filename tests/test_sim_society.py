"""The society: rounds, groups, measures, and what they hand out. Two multi-stage games run in it unchanged."""

import asyncio
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from agents.wording import Words
from games.conditions import Conditions
from games.dictator import Dictator
from games.errors import ChoiceError, EndpointError, SettingError
from games.presentation import Presentation
from games.public_goods import PublicGoods
from games.slider import Slider
from games.types import Allocation, Choice, Decision, Failure, Option
from sim.loop import run
from sim.matching import FixedPartners, RandomStrangers
from sim.records import Asked, Played, Scored
from tests.conformance import rules_of
from tests.societies import Drawing, Punishment, Told, Ultimatum, always, members, shape, society


class Refusing:
    """A game that refuses what comes after its last round."""

    def resolve(self, state, choices):
        if not self.decisions(state):
            raise ChoiceError(f"{self.name}: the play is over; nothing is asked any more")
        return super().resolve(state, choices)


@dataclass(frozen=True)
class EndingUltimatum(Refusing, Ultimatum):
    pass


@dataclass(frozen=True)
class EndingPunishment(Refusing, Punishment):
    pass


SEVERAL_STAGES = {
    EndingUltimatum(rounds=3): Words(
        "Two of you, 10 points.",
        {"offer": "How many do you offer?", "reply": "You are offered {{ offer }}."},
        {"offer": "You offered {{ offer }}.", "reply": "You were offered {{ offer }}."},
        {"accept": "take it", "reject": "leave it"},
    ),
    EndingPunishment(rounds=3): Words(
        "Three of you.",
        {"contribute": "Give?", "punish": "Punish?"},
        {"contribute": "Given in {{ round }}.", "punish": "Punished in {{ round }}."},
        {"keep": "keep all", "give": "give all", "leave": "let it be", "punish": "take 3 points"},
    ),
}


@pytest.mark.parametrize("rule", rules_of("game"), ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("game", SEVERAL_STAGES, ids=lambda game: game.name)
def test_the_games_of_several_stages_keep_every_rule_for_games(game, rule):
    rule(game, SEVERAL_STAGES[game])


# --- rounds and groups -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_the_records_do_not_depend_on_the_order_in_which_replies_come(matching):
    def whole_run(order):
        chance = random.Random(order)
        agents = [Drawing(lambda: chance.random() / 200) for _ in range(8)]
        kept = society(members(*agents), PublicGoods(players=4, rounds=3), matching)
        kept.society.administer(Slider(secondary=False), "before", 2)
        kept.play()
        kept.society.administer(Slider(secondary=False), "after", 1, memory=True)
        arrived = [(choice.option, choice.failure) for choice in kept.answered]
        return [[shape(one) for one in batch] for batch in kept.batches], arrived

    records, arrived = whole_run(order=1)
    again, arrived_again = whole_run(order=2)
    assert records == again
    assert arrived != arrived_again  # the replies did come in another order
    assert any(one.choice.failure for batch in records for one in batch if isinstance(one, Asked))


def test_another_seed_gives_other_groups_and_other_draws():
    one = society(members(*[Drawing() for _ in range(8)]), PublicGoods(players=4, rounds=2), seed=1).play()
    two = society(members(*[Drawing() for _ in range(8)]), PublicGoods(players=4, rounds=2), seed=2).play()
    assert {asked.occasion.draw for asked in one.of(Asked)}.isdisjoint(asked.occasion.draw for asked in two.of(Asked))
    assert [shape(asked) for asked in one.of(Played)] != [shape(asked) for asked in two.of(Played)]


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_no_decision_is_lost_and_every_one_has_a_draw_of_its_own(matching):
    agents = [Drawing() for _ in range(12)]
    kept = society(members(*agents), PublicGoods(players=4, rounds=5), matching)
    kept.society.administer(Slider(), "before", repetitions=3)
    kept.play()
    kept.society.administer(Slider(), "after", repetitions=3)
    asked = kept.of(Asked)
    assert len(asked) == 12 * (15 * 3 + 5 + 15 * 3) == len(kept.answered) == sum(len(one.heard) for one in agents)
    assert Counter(one.participant for one in asked) == dict.fromkeys(range(12), 95)
    assert len({one.occasion.draw for one in asked}) == len(asked)
    assert {one.occasion.phase for one in asked} == {"before", "play", "after"}
    assert len(kept.of(Played)) == 12 * 5
    assert len(kept.of(Scored)) == 12 * 6


def groups_by_round(kept):
    found = {}
    for one in kept.of(Played):
        found.setdefault(one.round, {}).setdefault(one.group, []).append(one.participant)
    return [{frozenset(group) for group in groups.values()} for groups in found.values()]


def test_partners_meet_in_every_round_and_strangers_in_new_groups():
    game = PublicGoods(players=4, rounds=5)
    partners = society(members(*[always(0)] * 16), game, FixedPartners()).play()
    strangers = society(members(*[always(0)] * 16), game, RandomStrangers()).play()
    assert len({frozenset(groups) for groups in groups_by_round(partners)}) == 1
    assert all(one != two for one, two in pairwise(groups_by_round(strangers)))
    assert all(len(groups) == 4 for groups in groups_by_round(strangers))


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_everybody_remembers_its_own_rounds_oldest_first(matching):
    agents = [always(index) for index in range(8)]
    kept = society(members(*agents), PublicGoods(players=4, endowment=20, rounds=4), matching).play()
    for number, agent in enumerate(agents):
        pasts = [decision.past for decision, _ in agent.heard]
        assert [len(past) for past in pasts] == [0, 1, 2, 3]
        for past in pasts:
            assert [one.round for one in past] == list(range(1, len(past) + 1))
            assert all(one.own == number / 20 for one in past)
        # What it remembers of a round is what it earned in it.
        earned = [one.payoff for one in kept.of(Played) if one.participant == number]
        assert [one.payoff for one in pasts[-1]] == earned[:3]


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_everybody_may_know_whether_the_group_stays_together_in_play_and_in_memory_but_not_before(matching):
    agents = [always(0) for _ in range(4)]
    kept = society(members(*agents), PublicGoods(rounds=2), matching)
    kept.society.administer(Slider(), "before", memory=True)
    kept.play().society.administer(Slider(), "after", memory=True)
    for decision, occasion in agents[0].heard:
        facts = (
            decision.facts if occasion.phase == "play" else decision.facts.get("remembered", {}).get("public_goods", {})
        )
        assert facts.get("lasting") == (None if occasion.phase == "before" else matching.lasting)


def test_a_stranger_brings_the_midpoint_belief_to_every_new_group():
    agents = [always(0) for _ in range(8)]
    society(members(*agents), PublicGoods(players=4, endowment=20, rounds=3), RandomStrangers()).play()
    firsts = [decision.options[0].allocation.own for decision, _ in agents[0].heard]
    assert firsts == pytest.approx([20 + 0.4 * 30] * 3)


def test_payoffs_of_participants_and_of_their_co_players_are_those_of_the_game():
    kept = society(members(always(0), always(20), always(20), always(20)), PublicGoods(rounds=1)).play()
    earned = {one.participant: (one.payoff, one.others_payoff, one.cooperation) for one in kept.of(Asked)}
    assert earned[0] == (pytest.approx(44), pytest.approx(72), 0)
    assert earned[1] == earned[2] == earned[3] == (pytest.approx(24), pytest.approx(92), 1)
    assert {one.participant: one.payoff for one in kept.of(Played)} == pytest.approx({0: 44, 1: 24, 2: 24, 3: 24})


def test_a_recipient_has_points_but_no_act():
    kept = society(members(always(4), always(4)), Dictator(rounds=1)).play()
    (asked,) = kept.of(Asked)
    giver, receiver = sorted(kept.of(Played), key=lambda one: one.participant != asked.participant)
    assert (asked.payoff, asked.others_payoff) == (6, 4)
    assert (giver.payoff, giver.cooperation) == (6, 0.4)
    assert (receiver.payoff, receiver.cooperation, receiver.void) == (4, None, False)


def test_the_order_of_presentation_reaches_every_agent():
    agents = [Told(lambda decision: 0) for _ in range(3)]
    kept = society(members(*agents), Punishment(), presentation=Presentation("reversed"))
    kept.society.administer(Slider(), "before")
    kept.play()
    for agent in agents:
        assert {decision.shown for decision, _ in agent.heard} == {tuple(range(8, -1, -1)), (1, 0)}
    assert all(one.decision.shown[0] != 0 for one in kept.of(Asked))


def test_a_population_that_does_not_divide_is_told_before_anything_is_asked():
    kept = society(members(*[always(0)] * 5), PublicGoods(players=4))
    with pytest.raises(SettingError, match="5 participants"):
        kept.society.step()
    assert kept.answered == []


def test_the_play_ends_with_the_games_last_round():
    kept = society(members(always(0), always(0)), Dictator(rounds=2))
    kept.society.step()
    assert kept.society.running
    kept.society.step()
    assert not kept.society.running
    with pytest.raises(SettingError, match="over after 2 rounds"):
        kept.society.step()
    assert len(kept.of(Played)) == 4


def test_every_step_runs_on_the_same_loop_also_from_another_thread():
    loops = []

    @dataclass
    class Looking(Told):
        async def decide(self, decision, occasion):
            loops.append(asyncio.get_running_loop())
            return Choice(0)

    kept = society(members(Looking(None), Looking(None)), Dictator(rounds=3))
    kept.society.step()
    thread = threading.Thread(target=kept.society.step)
    thread.start()
    thread.join()
    asyncio.run(asyncio.to_thread(kept.society.step))
    assert len(loops) == 3
    assert len(set(loops)) == 1


# --- void rounds -----------------------------------------------------------------------------------------------------


def failing_in(number, option=0):
    return Told(lambda decision: Failure.REFUSED if decision.round == number else option)


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_one_failure_voids_the_round_of_its_group_only(matching):
    agents = [failing_in(2, 20), *[always(20) for _ in range(7)]]
    kept = society(members(*agents), PublicGoods(players=4, rounds=3), matching).play()
    void = {(one.round, one.group) for one in kept.of(Played) if one.void}
    assert len(void) == 1
    ((number, group),) = void
    assert number == 2
    for one in kept.of(Played):
        assert (one.payoff is None) == ((one.round, one.group) in void)
    for one in kept.of(Asked):
        in_void = (one.decision.round, one.group) == (number, group)
        assert (one.payoff is None) == (one.others_payoff is None) == in_void
    failed = [one for one in kept.of(Asked) if one.choice.failure]
    assert [(one.participant, one.decision.round, one.cooperation) for one in failed] == [(0, 2, None)]


@pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])
def test_after_a_void_round_play_goes_on_and_nobody_remembers_it(matching):
    agents = [failing_in(2), *[always(0) for _ in range(3)]]
    kept = society(members(*agents), PublicGoods(players=4, rounds=3), matching).play()
    for agent in agents:
        assert [[one.round for one in decision.past] for decision, _ in agent.heard] == [[], [1], [1]]
    assert [one.payoff for one in kept.of(Played) if one.round == 3] == [20] * 4
    assert all(one.lived[-1].round == 3 and len(one.lived) == 2 for one in kept.society.participants)


def test_in_a_void_round_an_act_is_kept_beside_the_failure_but_earns_nothing():
    kept = society(members(failing_in(1), *[always(10) for _ in range(3)]), PublicGoods(rounds=1)).play()
    played = {one.participant: (one.payoff, one.cooperation) for one in kept.of(Played)}
    assert played == {0: (None, None), 1: (None, 0.5), 2: (None, 0.5), 3: (None, 0.5)}


# --- games of several stages -----------------------------------------------------------------------------------------


def test_an_ultimatum_runs_its_two_stages_in_each_round():
    agents = [Told(lambda one: 1 if one.stage == "offer" else 0) for _ in range(2)]
    kept = society(members(*agents), Ultimatum(rounds=2)).play()
    assert [(one.decision.round, one.decision.stage) for one in kept.of(Asked)] == [
        (1, "offer"), (1, "reply"), (2, "offer"), (2, "reply"),
    ]  # fmt: skip
    assert [one.decision.facts.get("offer") for one in kept.of(Asked)] == [None, 5, None, 5]
    assert [one.payoff for one in kept.of(Played)] == [5] * 4
    reply = kept.of(Asked)[1]
    assert (reply.payoff, reply.others_payoff) == (5, 5)


def test_a_reply_that_rejects_leaves_both_with_nothing():
    agents = [Told(lambda one: 0 if one.stage == "offer" else 1) for _ in range(2)]
    kept = society(members(*agents), Ultimatum(rounds=1)).play()
    assert [(one.payoff, one.void) for one in kept.of(Played)] == [(0, False), (0, False)]


def test_a_failed_offer_means_that_no_reply_is_asked():
    agents = [Told(lambda one: Failure.EMPTY if one.round == 1 else 0) for _ in range(2)]
    kept = society(members(*agents), Ultimatum(rounds=2)).play()
    assert [(one.decision.round, one.decision.stage) for one in kept.of(Asked)] == [
        (1, "offer"), (2, "offer"), (2, "reply"),
    ]  # fmt: skip
    assert [(one.round, one.void, one.payoff) for one in kept.of(Played)][:2] == [(1, True, None)] * 2


def punishing(contribute, punish):
    """Options by stage; `punish` is a set of items at which to punish."""
    return Told(lambda one: contribute if one.stage == "contribute" else int(one.item in punish))


def test_a_public_good_with_punishment_asks_several_decisions_a_player_and_adds_the_stages_up():
    agents = [punishing(0, set()), punishing(1, {1, 2}), punishing(1, {2})]
    kept = society(members(*agents), Punishment(rounds=1)).play()
    asked = kept.of(Asked)
    assert Counter((one.decision.stage, one.decision.item) for one in asked) == {
        ("contribute", 0): 3, ("punish", 1): 3, ("punish", 2): 3,
    }  # fmt: skip
    seat = {one.participant: one.decision.player for one in asked}
    # By hand: the pot holds 20, doubled to 40, a third of it each; then 1 point for each punishment given, 3 received.
    expected = {0: 10 + 40 / 3, 1: 40 / 3 - 2, 2: 40 / 3 - 1}
    for one, items in ((1, (1, 2)), (2, (2,))):
        for item in items:
            target = next(who for who, place in seat.items() if place == (seat[one] + item) % 3)
            expected[target] -= 3
    assert {one.participant: one.payoff for one in kept.of(Played)} == pytest.approx(expected)
    assert {one.participant: one.cooperation for one in kept.of(Played)} == {0: 0, 1: 1, 2: 1}


def test_a_failure_in_the_second_stage_takes_the_first_stages_points_back():
    agents = [Told(lambda one: Failure.EMPTY if (one.stage, one.round) == ("punish", 1) else 1) for _ in range(3)]
    kept = society(members(*agents), Punishment(rounds=2)).play()
    first = [one for one in kept.of(Asked) if one.decision.round == 1]
    assert Counter(one.decision.stage for one in first) == {"contribute": 3, "punish": 6}
    assert all(one.payoff is None and one.others_payoff is None for one in first)
    assert [(one.round, one.void, one.payoff is None) for one in kept.of(Played)] == [(1, True, True)] * 3 + [
        (2, False, False)
    ] * 3
    # Round 2 begins with no memory of the round that does not count.
    second = [one.decision for one in kept.of(Asked) if (one.decision.round, one.decision.stage) == (2, "contribute")]
    assert [one.past for one in second] == [(), (), ()]


def test_strangers_too_know_in_a_second_stage_what_happened_in_the_first():
    agents = [punishing(1, set()) for _ in range(3)]
    society(members(*agents), Punishment(rounds=2), RandomStrangers()).play()
    for agent in agents:
        known = [[(e.round, e.stage) for e in one.past] for one, _ in agent.heard if one.item == 1]
        assert known == [[(1, "contribute")], [(1, "contribute"), (1, "punish"), (2, "contribute")]]


# --- measures --------------------------------------------------------------------------------------------------------


def test_every_administration_is_asked_and_scored_with_draws_of_its_own():
    kept = society(members(always(8), always(0)), Dictator())
    kept.society.administer(Slider(), "before", repetitions=2)
    scored = kept.of(Scored)
    assert [(one.participant, one.occasion.repetition) for one in scored] == [(0, 1), (1, 1), (0, 2), (1, 2)]
    assert {one.occasion.phase for one in scored} == {"before"}
    assert len({one.occasion.draw for one in scored}) == 4
    assert scored[0].score == Slider().score([Choice(8)] * 15)
    assert all(one.group is None for one in kept.of(Asked))


def test_the_points_of_a_measure_are_the_chosen_allocation_and_none_where_the_reply_failed():
    kept = society(members(Told(lambda one: Failure.EMPTY if one.item == 3 else 0), always(0)), Dictator())
    kept.society.administer(Slider(secondary=False), "before")
    for one in kept.of(Asked):
        if one.participant == 0 and one.decision.item == 3:
            assert (one.payoff, one.others_payoff, one.cooperation) == (None, None, None)
        else:
            brought = one.decision.options[0].allocation
            assert (one.payoff, one.others_payoff) == (brought.own, brought.other)
    assert [(one.score.failed, one.score.angle is None) for one in kept.of(Scored)] == [(1, True), (0, False)]


def test_with_memory_a_measure_reminds_of_play_and_of_the_games_facts():
    agents = [always(0) for _ in range(4)]
    kept = society(members(*agents), PublicGoods(rounds=2))
    kept.play().society.administer(Slider(), "after", memory=True)
    for agent, participant in zip(agents, kept.society.participants, strict=True):
        reminded = [decision for decision, occasion in agent.heard if occasion.phase == "after"]
        assert len(reminded) == 15
        # What it lived, with the others in an order that says nothing of who did what.
        assert all(one.past == Conditions().seen(participant.lived, participant.seat) for one in reminded)
        assert [(one.round, one.payoff) for one in reminded[0].past] == [(1, 20), (2, 20)]
        assert [one.round for one in participant.lived] == [1, 2]
        assert all(one.facts["remembered"]["public_goods"]["multiplier"] == 1.6 for one in reminded)


def test_without_memory_or_before_play_a_measure_reminds_of_nothing():
    agents = [always(0) for _ in range(4)]
    kept = society(members(*agents), PublicGoods(rounds=2))
    kept.society.administer(Slider(), "before", memory=True)
    kept.play().society.administer(Slider(), "after", memory=False)
    for decision, occasion in agents[0].heard:
        if occasion.phase != "play":
            assert decision.past == ()
            assert "remembered" not in decision.facts


def test_more_administrations_than_go_on_at_once_are_all_done_in_order():
    @dataclass(frozen=True)
    class One:
        name = "one"

        def decisions(self):
            return (Decision("one", 0, (Option("a", Allocation(1, 0)), Option("b", Allocation(0, 1)))),)

        def score(self, choices):
            return len(choices)

    kept = society(members(always(0), always(1)), Dictator())
    kept.society.administer(One(), "before", repetitions=300)
    done = [(one.occasion.repetition, one.participant) for one in kept.of(Scored)]
    assert done == [(number, who) for number in range(1, 301) for who in (0, 1)]


# --- errors ----------------------------------------------------------------------------------------------------------


@dataclass
class Breaking(Told):
    """Fails once everybody else waits."""

    error: Exception = field(default_factory=lambda: EndpointError("no answer"))

    async def decide(self, decision, occasion):
        await asyncio.sleep(0.01)
        raise self.error


@dataclass
class Waiting(Told):
    """Never answers by itself, and notes that it was cancelled."""

    cancelled: int = 0

    async def decide(self, decision, occasion):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Choice(0)


@pytest.mark.parametrize("error", [EndpointError("no answer"), ZeroDivisionError("a fault")])
def test_an_error_of_one_agent_in_play_surfaces_as_itself_and_cancels_the_rest(error):
    waiting = [Waiting(None) for _ in range(7)]
    kept = society(members(Breaking(None, error=error), *waiting), PublicGoods(players=4, rounds=2))
    with pytest.raises(type(error)) as raised:
        kept.society.step()
    assert raised.value is error
    assert [one.cancelled for one in waiting] == [1] * 7  # of its own group and of the other
    assert kept.answered == []
    assert kept.batches == []


def test_an_error_of_one_agent_in_a_measure_surfaces_as_itself_and_cancels_the_rest():
    error, waiting = EndpointError("no answer"), Waiting(None)
    kept = society(members(Breaking(None, error=error), waiting), Dictator())
    with pytest.raises(EndpointError) as raised:
        kept.society.administer(Slider(secondary=False), "before")
    assert raised.value is error
    assert waiting.cancelled == 6


def test_a_result_or_an_error_of_the_loops_work_comes_back_to_the_caller():
    async def double(number):
        return 2 * number

    async def broken():
        raise ValueError("as it is")

    assert run(double(4)) == 8
    with pytest.raises(ValueError, match="as it is"):
        run(broken())


# --- what Mesa collects ----------------------------------------------------------------------------------------------


def test_the_data_collector_has_means_of_each_orientation_round_by_round():
    population = [
        *members(always(20), failing_in(2, 20), orientation="prosocial"),
        *members(always(0), always(10), orientation="competitive"),
    ]
    kept = society(population, PublicGoods(players=4, rounds=3)).play()
    table = kept.society.datacollector.get_model_vars_dataframe()
    assert list(table.columns) == [
        "round", "cooperation_prosocial", "payoff_prosocial", "cooperation_competitive", "payoff_competitive",
    ]  # fmt: skip
    assert table["round"].tolist() == [1, 2, 3]
    assert table["cooperation_prosocial"].tolist() == [1, 1, 1]
    assert table["cooperation_competitive"].tolist() == [0.25, 0.25, 0.25]
    # The pot holds 50 of 80 points: 20 to each. Nobody earns in the void round 2.
    assert table["payoff_prosocial"].tolist() == pytest.approx([20, float("nan"), 20], nan_ok=True)
    assert table["payoff_competitive"].tolist() == pytest.approx([35, float("nan"), 35], nan_ok=True)
