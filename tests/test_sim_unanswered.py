"""What a society does about failed replies: void, drop and bound."""

import gc
import itertools
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.rows import row
from games.dictator import Dictator
from games.errors import SettingError
from games.public_goods import PublicGoods
from games.randomness import stream
from games.slider import Slider
from games.types import Allocation, Choice, Decision, Failure, Option
from sim.matching import FixedPartners, RandomStrangers
from sim.records import Asked, Played, Scored
from sim.society import Society
from sim.unanswered import POLICIES, Bounds, Taken, bounds, extreme
from tests.societies import Punishment, Told, Ultimatum, always, members, shape, society

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

FAILED = Choice(failure=Failure.UNREADABLE)
MATCHINGS = pytest.mark.parametrize("matching", [FixedPartners(), RandomStrangers()], ids=["partners", "strangers"])


def test_another_policy_is_refused_with_those_that_are_known():
    with pytest.raises(SettingError, match="unknown on_failure 'guess'; known: void, drop, bound"):
        society(members(always(0), always(0)), Dictator(), on_failure="guess")


# --- whatever fails --------------------------------------------------------------------------------------------------


class Unreliable(Told):
    """Chooses and fails by its draw alone, and fails in so many of a hundred decisions."""

    def __init__(self, share, pause=None):
        super().__init__(lambda decision: 0, pause)
        self.share = share

    async def decide(self, decision, occasion):
        await super().decide(decision, occasion)
        rng = stream(occasion.draw, "test")
        return FAILED if rng.integers(100) < self.share else Choice(int(rng.integers(len(decision.options))))


GAMES = st.sampled_from([PublicGoods(2, rounds=4), PublicGoods(3, rounds=3), Dictator(rounds=4), Ultimatum(3)])


@st.composite
def runs(draw, policies=tuple(POLICIES)):
    """A whole run: measure, play, measure again, in which some participants fail more or less often."""
    game = draw(GAMES | st.just(Punishment(3)))
    shares = draw(st.lists(st.sampled_from([0, 0, 5, 40]), min_size=1, max_size=3))
    agents = [Unreliable(share) for share in shares * game.players]
    matching = draw(st.sampled_from([FixedPartners(), RandomStrangers()]))
    policy = draw(st.sampled_from(policies))
    kept = society(members(*agents), game, matching, seed=draw(st.integers(0, 99)), on_failure=policy)
    kept.society.administer(Slider(secondary=False), "before")
    kept.play().society.administer(Slider(secondary=False), "after", 2, memory=True)
    return kept, agents, policy


@settings(max_examples=40)
@given(runs())
def test_every_decision_asked_is_in_exactly_one_record(run):
    kept, agents, _ = run
    heard = Counter((number, occasion.draw) for number, one in enumerate(agents) for _, occasion in one.heard)
    assert heard == Counter((one.participant, one.occasion.draw) for one in kept.of(Asked))
    assert set(heard.values()) == {1}
    assert len(kept.answered) == len(kept.of(Asked))


@settings(max_examples=40)
@given(runs())
def test_a_round_with_a_failed_reply_is_void_and_has_no_payoff(run):
    kept, _, _ = run
    failed = {(one.decision.round, one.group) for one in kept.of(Asked) if one.group is not None and one.choice.failure}
    for one in kept.of(Played):
        assert one.void == ((one.round, one.group) in failed)
        assert (one.payoff is None) == one.void
    for one in kept.of(Asked):
        if (one.decision.round, one.group) in failed:
            assert one.payoff is None
            assert one.others_payoff is None


@settings(max_examples=40)
@given(runs())
def test_an_agent_is_told_once_that_an_occasion_is_over_and_is_not_asked_on_it_again(run):
    _, agents, _ = run
    for one in agents:
        occasions = {(occasion.phase, occasion.repetition) for _, occasion in one.heard}
        assert occasions | {("play", 1)} == set(one.forgotten)
        assert len(one.forgotten) == len(set(one.forgotten))


def test_nothing_is_asked_on_an_occasion_that_was_said_to_be_over():
    class Watching(Told):
        async def decide(self, decision, occasion):
            assert (occasion.phase, occasion.repetition) not in self.forgotten
            return await super().decide(decision, occasion)

    agents = [Watching(lambda one: Failure.EMPTY if one.round == 2 and one.player == 0 else 0) for _ in range(6)]
    kept = society(members(*agents), PublicGoods(2, rounds=4), RandomStrangers(), on_failure="drop")
    kept.society.administer(Slider(), "before", 3)
    kept.play().society.administer(Slider(), "after", 3)
    assert any(one.left for one in kept.of(Played))


# --- drop ------------------------------------------------------------------------------------------------------------


def fall_out(kept):
    """The round in which each participant's reply failed in play, the first one."""
    found = {}
    for one in kept.of(Asked):
        if one.group is not None and one.choice.failure:
            found.setdefault(one.participant, one.decision.round)
    return found


@settings(max_examples=60)
@given(runs(["drop"]))
def test_a_dropped_participant_is_never_asked_again(run):
    kept, _, _ = run
    out = fall_out(kept)
    for one in kept.of(Asked):
        if one.participant in out and one.occasion.phase != "before":
            assert one.occasion.phase == "play"
            assert one.decision.round <= out[one.participant]
    assert {one.participant: one.round for one in kept.of(Played) if one.left} == out
    assert {one.number for one in kept.society.participants if one.left} == set(out)


@settings(max_examples=60)
@given(runs(["drop"]))
def test_who_was_not_dropped_takes_the_second_measure_and_plays_in_full_groups_only(run):
    kept, agents, _ = run
    out, game, lasting = fall_out(kept), kept.society.game, kept.society.matching.lasting
    second = {one.participant for one in kept.of(Scored) if one.occasion.phase == "after"}
    assert second == set(range(len(agents))) - set(out)
    rounds = defaultdict(lambda: defaultdict(set))
    for one in kept.of(Played):
        rounds[one.round][one.group].add(one.participant)
    for number in range(1, game.rounds + 1):
        there = {one for one in range(len(agents)) if out.get(one, number) >= number}
        placed = set().union(*rounds[number].values())
        assert all(len(group) == game.players for group in rounds[number].values())
        if lasting:
            first = rounds[1].items()
            assert dict(rounds[number]) == {name: group for name, group in first if group <= there}
        else:
            assert placed <= there
            assert len(there - placed) == len(there) % game.players


@MATCHINGS
def test_play_goes_on_with_nobody_asked_when_no_full_group_is_left(matching):
    agents = [always(0), Told(lambda one: Failure.EMPTY)]
    kept = society(members(*agents), PublicGoods(2, rounds=3), matching, on_failure="drop").play()
    assert {(one.round, one.participant, one.left) for one in kept.of(Played)} == {(1, 0, False), (1, 1, True)}
    assert not kept.society.running
    assert [one.payoff for one in kept.society.participants] == [None, None]
    kept.society.administer(Slider(), "after")
    assert {one.participant for one in kept.of(Scored)} == {0}


def test_who_sits_a_round_out_has_no_row_in_it_and_no_payoff_but_plays_again():
    agents = [Told(lambda one: Failure.EMPTY if one.round == 2 else 0), *[always(0) for _ in range(3)]]
    kept = society(members(*agents), PublicGoods(2, rounds=12), RandomStrangers(), on_failure="drop")
    out = []
    while kept.society.round < 12:
        kept.society.step()
        there = {one.participant for one in kept.of(Played) if one.round == kept.society.round}
        out.append(set(range(4)) - there)
        assert all(kept.society.participants[one].payoff is None for one in out[-1])
    assert out[:2] == [set(), set()]
    assert all(0 in one and len(one) == 2 for one in out[2:])
    assert set().union(*out) == {0, 1, 2, 3}


def test_a_failure_in_a_measure_drops_nobody():
    agents = [Told(lambda one: Failure.EMPTY if one.game == "slider" else 0) for _ in range(2)]
    kept = society(members(*agents), PublicGoods(2, rounds=2), on_failure="drop")
    kept.society.administer(Slider(), "before")
    kept.play().society.administer(Slider(), "after")
    assert len(kept.of(Played)) == 4
    assert len(kept.of(Scored)) == 4


@MATCHINGS
def test_the_records_after_a_drop_do_not_depend_on_the_order_in_which_replies_come(matching):
    def whole_run(order):
        pauses = itertools.cycle([0.001 * ((7 * order * n) % 5) for n in range(1, 12)])
        agents = [Unreliable(10, lambda: next(pauses)) for _ in range(12)]
        kept = society(members(*agents), PublicGoods(3, rounds=4), matching, on_failure="drop").play()
        return [[shape(one) for one in batch] for batch in kept.batches]

    assert whole_run(1) == whole_run(3)
    assert any(one.left for batch in whole_run(1) for one in batch if isinstance(one, Played))


# --- bound -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(runs(["bound"]))
def test_under_bound_everything_passes_as_under_void(run):
    kept, agents, _ = run
    again = [Unreliable(one.share) for one in agents]
    void = society(members(*again), kept.society.game, kept.society.matching, seed=kept.society.seed_of_run)
    void.society.administer(Slider(secondary=False), "before")
    void.play().society.administer(Slider(secondary=False), "after", 2, memory=True)
    assert [one.heard for one in again] == [one.heard for one in agents]
    for kind, unbound in ((Asked, {"bounded": False}), (Played, {"bounds": None}), (Scored, {})):
        passed = [replace(shape(one), **unbound) for one in kept.of(kind)]
        assert passed == [shape(one) for one in void.of(kind)]


@settings(max_examples=60)
@given(runs())
def test_only_under_bound_are_there_bounds_and_those_of_what_is_known_are_its_values(run):
    kept, _, policy = run
    for one in kept.of(Asked):
        _, values = row("run", one)
        for quantity in ("cooperation", "attainment"):
            both = (values.get(f"{quantity}_low"), values.get(f"{quantity}_high"))
            if policy != "bound" or one.group is None:
                assert both == (None, None)
            elif one.choice.option is not None:
                assert both == (values[quantity],) * 2
    for one in kept.of(Played):
        assert (one.bounds is not None) == (policy == "bound")
        if one.bounds is not None and not one.void:
            assert one.bounds.payoff == (one.payoff, one.payoff)
            assert one.bounds.cooperation == (None if one.cooperation is None else (one.cooperation,) * 2)
        elif one.bounds is not None:
            assert one.bounds.payoff[0] <= one.bounds.payoff[1]


def taken(said):
    """A stage in which what was said is what was done."""
    return Taken(said, said)


def ends(game, state, said):
    """Payoffs and cooperation of each seat for all acts in place of the failed replies of one stage."""
    pending = game.decisions(state)
    menus = [range(len(one.options)) if said[one.key].failure else [said[one.key].option] for one in pending]
    for options in itertools.product(*menus):
        choices = {one.key: Choice(option) for one, option in zip(pending, options, strict=True)}
        _, outcomes = game.resolve(state, choices)
        acts = {one.player: choices[one.key].taken(one).cooperation for one in pending}
        yield [one.payoff for one in outcomes], acts


@st.composite
def one_stage(draw):
    """A state of a public good or a dictator game, and a stage's choices with a failed reply or several."""
    rules = {"endowment": 4, "step": 2, "multiplier": draw(st.sampled_from([0.5, 1.0, 1.6, 3.5])), "rounds": 3}
    game = draw(st.sampled_from([PublicGoods(players=draw(st.integers(2, 4)), **rules), Dictator(**rules)]))
    state = game.start(1)
    for _ in range(draw(st.integers(0, 2))):
        state, _ = game.resolve(state, {one.key: Choice(draw(st.integers(0, 2))) for one in game.decisions(state)})
    keys = [one.key for one in game.decisions(state)]
    said = {key: draw(st.sampled_from([FAILED, Choice(0), Choice(1), Choice(2)])) for key in keys}
    return game, state, said | {draw(st.sampled_from(keys)): FAILED}


@settings(max_examples=200)
@given(one_stage())
def test_in_one_stage_the_bounds_are_exactly_what_any_acts_in_place_of_the_failed_replies_give(stage):
    game, state, said = stage
    plays = list(ends(game, state, said))
    for seat, found in enumerate(bounds(game, state, [taken(said)])):
        points = [payoffs[seat] for payoffs, _ in plays]
        assert found.payoff == pytest.approx((min(points), max(points)))
        acts = [acts[seat] for _, acts in plays if seat in acts]
        assert found.cooperation == ((min(acts), max(acts)) if acts else None)


def test_two_plays_alone_would_not_bound_what_one_of_two_who_failed_earns():
    game = PublicGoods(players=2, endowment=10, multiplier=1.5)
    found = bounds(game, game.start(1), [taken({(0, 0): FAILED, (1, 0): FAILED})])
    # Both give all: 15; both give nothing: 10. But one alone who gives nothing has 10 + 7.5, and the other 7.5.
    assert [one.payoff for one in found] == [(7.5, 17.5)] * 2


def test_the_records_carry_the_bounds_of_a_round():
    agents = [Told(lambda one: Failure.EMPTY if one.round == 2 else 10), *[always(10) for _ in range(3)]]
    kept = society(members(*agents), PublicGoods(4, endowment=20, multiplier=1.6, rounds=2), on_failure="bound").play()
    found = {one.participant: one.bounds for one in kept.of(Played) if one.round == 2}
    # The three others give 30 together: 0.4 of it is 12, and 0.4 of all that the first might give is 8 more.
    assert found[0].payoff == pytest.approx((20, 32))
    assert found[0].cooperation == (0, 1)
    for number in (1, 2, 3):
        assert found[number].payoff == pytest.approx((22, 30))
        assert found[number].cooperation == (0.5, 0.5)
    assert [one.payoff for one in kept.of(Played) if one.round == 2] == [None] * 4


def test_a_recipient_has_bounds_of_points_and_none_of_cooperation():
    kept = society(members(Told(lambda one: Failure.EMPTY), Told(lambda one: Failure.EMPTY)), Dictator(rounds=1),
                   on_failure="bound").play()  # fmt: skip
    giver = kept.of(Asked)[0].participant
    found = {one.participant: one.bounds for one in kept.of(Played)}
    assert found[giver] == Bounds((0, 10), (0, 1))
    assert found[1 - giver] == Bounds((0, 10), None)


def test_stages_that_were_never_asked_are_taken_the_same_way_in_both_plays():
    game = Ultimatum(rounds=1)
    failed_offer = bounds(game, game.start(1), [taken({(0, 0): FAILED})])
    # The most cooperative offers all and is taken; the least offers nothing and is turned down, which leaves nothing.
    assert failed_offer == (Bounds((0, 0), (0, 1)), Bounds((0, 10), None))
    failed_reply = bounds(game, game.start(1), [taken({(0, 0): Choice(1)}), taken({(1, 0): FAILED})])
    assert failed_reply == (Bounds((0, 5), (0.5, 0.5)), Bounds((0, 5), None))


def test_points_of_a_stage_before_the_failure_count_in_the_bounds():
    agents = [Told(lambda one: Failure.EMPTY if (one.stage, one.item) == ("punish", 1) else 1) for _ in range(3)]
    kept = society(members(*agents), Punishment(rounds=1), on_failure="bound").play()
    # All give: 20 each. All punish at item 2; at item 1 everybody failed: from nobody punishing to one alone or all.
    # Each has paid 1 and lost 3 for certain, and may have paid 1 and lost 3 more.
    assert [one.bounds.payoff for one in kept.of(Played)] == [(12, 16)] * 3
    assert [one.bounds.cooperation for one in kept.of(Played)] == [(1, 1)] * 3


def menu(*options):
    return Decision("g", 0, tuple(Option(n, Allocation(0, other), cooperation) for n, (other, cooperation) in
                                  enumerate(options)))  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "most", "least"),
    [
        (menu((9, 0.2), (5, 1.0), (0, 0.4)), 1, 0),
        (menu((3, None), (9, None), (1, None)), 1, 2),
        (menu((3, 0.5), (9, None), (1, 1.0)), 1, 2),
        (menu((3, 0.5), (9, 0.5)), 0, 0),
    ],
    ids=["by cooperation", "by points to others", "by points where one option has no reading", "the first of equals"],
)
def test_the_most_and_the_least_cooperative_act(decision, most, least):
    assert extreme(decision, True) == Choice(most)
    assert extreme(decision, False) == Choice(least)


# --- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_of_a_decision_is_kept_in_a_society_when_its_round_is_over(policy):
    class Silent(Told):
        async def decide(self, decision, occasion):
            return FAILED if stream(occasion.draw, "silent").integers(50) == 0 else Choice(0)

    def alive():
        gc.collect()
        return sum(isinstance(one, Asked | Played | Scored | Choice | Decision) for one in gc.get_objects())

    slider = Slider(secondary=False)
    slider.decisions()
    before = alive()
    made = Society(
        members(*[Silent(lambda one: 0) for _ in range(6)]),
        PublicGoods(2, rounds=20),
        RandomStrangers(),
        seed=1,
        on_failure=policy,
    )
    made.administer(slider, "before", 10)
    while made.round < 20:
        made.step()
    assert alive() == before
    assert any(one.lived for one in made.participants)
