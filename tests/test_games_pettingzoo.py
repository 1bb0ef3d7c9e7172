import importlib
import random
import re
import sys
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from pettingzoo.utils import parallel_to_aec

from experiments.catalogue import CATALOGUE, built, known, member
from games.commons import Commons
from games.conditions import Conditions
from games.errors import ChoiceError, SettingError
from games.pettingzoo import GameEnv, parallel_env
from games.public_goods import PublicGoods
from games.public_goods_punishment import PunishmentPublicGoods
from games.trust import Trust
from games.types import Choice

LONGEST = 200
"""Steps after which a play of the games below must have come to its end."""


def game_of(name, rounds=3):
    game = built(member("game", name)["rules"], f"game {name}")
    return replace(game, rounds=min(game.rounds, rounds))


every_game = pytest.mark.parametrize("name", known("game"))


@dataclass
class Episode:
    """What it returned, in plain values, what was done, by (round, stage, player, item), and what was earned."""

    returned: list = field(default_factory=list)
    done: dict = field(default_factory=dict)
    earned: dict = field(default_factory=dict)


def plain(observations):
    return {agent: {key: one.tolist() for key, one in each.items()} for agent, each in observations.items()}


def episode(env, seed, actions=0, choose=None):
    """An episode of random actions by the masks, or of those that `choose(agent, mask)` gives."""
    for place, agent in enumerate(env.possible_agents):
        env.action_space(agent).seed(actions + place)
    observations, infos = env.reset(seed=seed)
    found = Episode([(plain(observations), infos)], earned=dict.fromkeys(env.agents, 0.0))
    for _ in range(LONGEST):
        if not env.agents:
            return found
        masks = {agent: observations[agent]["action_mask"] for agent in env.agents}
        taken = {
            agent: choose(agent, mask) if choose else env.action_space(agent).sample(mask)
            for agent, mask in masks.items()
        }
        for agent, action in taken.items():
            if (one := env.decision(agent)) is not None:
                found.done[one.round, one.stage, one.player, one.item] = int(action)
        observations, rewards, *rest = env.step(taken)
        found.returned.append((plain(observations), rewards, *rest))
        for agent, reward in rewards.items():
            found.earned[agent] += reward
    raise AssertionError(f"no end after {LONGEST} steps")


def direct(game, seed, done):
    """Everybody's points when the same is done by the rules alone."""
    state, points, left = game.start(seed), [0.0] * game.players, dict(done)
    while pending := game.decisions(state):
        choices = {one.key: Choice(left.pop((one.round, one.stage, one.player, one.item))) for one in pending}
        state, outcomes = game.resolve(state, choices)
        for outcome in outcomes:
            points[outcome.player] += outcome.payoff
    assert not left, "something was done that the rules never asked"
    return points


# --- what each environment must do -----------------------------------------------------------------------------------


def check_repeats(make):
    """Whole plays repeat: in two environments, and again in the first. PettingZoo's own test looks at one step."""
    one, two = make(), make()
    for seed in (1, 2):
        first = episode(one, seed, actions=seed)
        assert first.returned == episode(two, seed, actions=seed).returned, "two environments play differently"
        assert first.returned == episode(one, seed, actions=seed).returned, "a play does not repeat"


def check_pays(env, seed=3):
    """Rewards are the points of a direct play of the rules, to the last bit."""
    found = episode(env, seed, actions=seed)
    assert list(found.earned.values()) == direct(env.game, seed, found.done), "rewards are not the game's points"


def check_returns(env, seed=4):
    """Every observation lies in its space, all agents end together, and nothing is truncated."""
    found = episode(env, seed, actions=seed)
    agents = set(env.possible_agents)
    for place, step in enumerate(found.returned):
        assert all(set(part) == agents for part in step), "an agent was left out"
        for agent, each in step[0].items():
            observation = {
                "observation": np.array(each["observation"], dtype=np.float32),
                "action_mask": np.array(each["action_mask"], dtype=np.int8),
            }
            assert env.observation_space(agent).contains(observation), "an observation is not in its space"
        if place:
            _, _, terminations, truncations, _ = step
            assert set(terminations.values()) == {place == len(found.returned) - 1}, "ended at another time"
            assert set(truncations.values()) == {False}, "truncated"
    assert env.agents == []


@every_game
@pytest.mark.filterwarnings("error")
def test_pettingzoos_own_tests_accept_every_game(name):
    game = game_of(name)
    parallel_api_test(parallel_env(game), num_cycles=40)
    # It samples without masks.
    parallel_seed_test(lambda: parallel_env(game, illegal="last"), num_cycles=5)


@every_game
def test_whole_plays_of_every_game_repeat_and_pay_its_points(name):
    game = game_of(name)
    check_repeats(lambda: parallel_env(game))
    check_pays(parallel_env(game))
    check_returns(parallel_env(game))


@every_game
def test_every_game_can_be_played_under_conditions(name):
    conditions = Conditions(history="own", partners="named", window=1, horizon="unknown", noise=0.3)
    check_repeats(lambda: parallel_env(game_of(name), conditions))
    check_returns(parallel_env(game_of(name), conditions))


class Irreproducible(PublicGoods):
    """A broken specimen: from the second round on it draws from a global generator."""

    __slots__ = ()

    def settle(self, state):
        settled = super().settle(state)
        if state.round == 1:
            return settled
        lived = tuple(replace(one, points=one.points + random.random()) for one in settled.lived)
        return replace(settled, lived=lived)


class Forgetful(GameEnv):
    """A broken specimen: it pays nothing in the last step."""

    def step(self, actions):
        observations, rewards, *rest = super().step(actions)
        return observations, rewards if self.agents else dict.fromkeys(rewards, 0.0), *rest


class Careless(GameEnv):
    """A broken specimen: its masks allow everything."""

    def _observed(self, agent):
        observed = super()._observed(agent)
        return {**observed, "action_mask": np.ones_like(observed["action_mask"])}


class Boundless(GameEnv):
    """A broken specimen: an observation grows beyond its space in the course of a play."""

    def _observed(self, agent):
        observed = super()._observed(agent)
        return {**observed, "observation": observed["observation"] * np.float32(self._round > 1) * np.float32(1e9)}


class Undead(GameEnv):
    """A broken specimen: it truncates a play that has come to its end."""

    def step(self, actions):
        observations, rewards, terminations, _, infos = super().step(actions)
        return observations, rewards, terminations, terminations, infos


def test_a_play_that_does_not_repeat_after_its_first_step_is_rejected_here_and_not_by_pettingzoo():
    game = Irreproducible(rounds=3)
    parallel_seed_test(lambda: parallel_env(game), num_cycles=50)
    with pytest.raises(AssertionError, match="play differently"):
        check_repeats(lambda: parallel_env(game))


def test_wrong_rewards_masks_observations_and_ends_are_rejected():
    game = game_of("trust")
    with pytest.raises(AssertionError, match="not the game's points"):
        check_pays(Forgetful(game))
    with pytest.raises(ChoiceError, match="action_mask"):
        check_pays(Careless(game))
    with pytest.raises(AssertionError, match="not in its space"):
        check_returns(Boundless(game))
    with pytest.raises(AssertionError, match="truncated"):
        check_returns(Undead(game))


# It would rather have plain arrays; masks are PettingZoo's own way.
@pytest.mark.filterwarnings("ignore:Observation")
def test_it_can_be_turned_into_an_environment_of_turns():
    aec = parallel_to_aec(parallel_env(PublicGoods(rounds=3)))
    api_test(aec, num_cycles=20)


# --- chance ----------------------------------------------------------------------------------------------------------


def last(agent, mask):
    return int(mask.sum()) - 1


@pytest.mark.parametrize(("name", "differ"), [("commons", True), ("collective_risk", True), ("public_goods", False)])
def test_seeds_matter_where_the_game_has_chance(name, differ):
    env = parallel_env(game_of(name))
    pays = {"commons": last, "collective_risk": lambda agent, mask: 0, "public_goods": last}[name]
    seen = {tuple(episode(env, seed, choose=pays).earned.values()) for seed in range(30)}
    assert (len(seen) > 1) == differ


def test_a_reset_without_a_seed_goes_on_from_the_last_seed_and_tells_its_own():
    one, two = parallel_env(game_of("commons")), parallel_env(game_of("commons"))
    drawn = []
    for env in (one, two):
        env.reset(seed=7)
        env.reset()
        drawn.append(env.seed_of_play)
        env.reset()
        drawn.append(env.seed_of_play)
    assert drawn[:2] == drawn[2:]
    assert len({7, *drawn}) == 3
    fresh = parallel_env(game_of("commons"))
    fresh.reset()
    assert fresh.seed_of_play not in drawn


def test_noise_carries_out_another_act():
    game = game_of("prisoners_dilemma")
    noisy = episode(parallel_env(game, Conditions(noise=0.9999)), 1, actions=1)
    flipped = {key: 1 - action for key, action in noisy.done.items()}
    assert list(noisy.earned.values()) == direct(game, 1, flipped) != direct(game, 1, noisy.done)


def test_noise_strikes_each_act_by_itself():
    env = parallel_env(game_of("prisoners_dilemma", rounds=10), Conditions(noise=0.5))
    found = episode(env, 0, choose=lambda agent, mask: 0)
    place = env.features.index("past act")
    for agent in env.possible_agents:
        acts = [observations[agent]["observation"][place] for observations, *_ in found.returned[1:]]
        assert 1 <= sum(acts) <= 9


def test_a_random_end_is_drawn_from_the_seed_of_each_reset():
    conditions, game = Conditions(horizon="random", continuation=0.8), PublicGoods()
    env = parallel_env(game, conditions)
    lengths = [len(episode(env, seed).returned) - 1 for seed in range(8)]
    assert lengths == [conditions.length(game.rounds, seed) for seed in range(8)]
    assert len(set(lengths)) > 2
    with pytest.raises(SettingError, match=r"end cannot be random.*endowment"):
        parallel_env(game_of("collective_risk"), conditions)


# --- stages and menus ------------------------------------------------------------------------------------------------


def test_the_actions_are_the_longest_menu():
    assert parallel_env(Trust(endowment=100)).action_space("player_0").n == 301
    longest = {"trust": 31, "commons": 101, "public_goods_punishment": 21, "third_party_punishment": 51}
    assert {name: parallel_env(game_of(name)).action_space("player_0").n for name in longest} == longest


def test_who_waits_may_only_take_the_first_action_which_does_nothing():
    env = parallel_env(game_of("trust"))
    observations, _ = env.reset(seed=0)
    assert env.decision("player_1") is None
    assert observations["player_0"]["action_mask"].sum() == 11
    assert observations["player_1"]["action_mask"].tolist() == [1] + [0] * 30
    with pytest.raises(ChoiceError, match="trust round 1: action 1 of player_1 is not possible, as it waits only 0 is"):
        env.step({"player_0": 10, "player_1": 1})
    observations, rewards, *_ = env.step({"player_0": 10, "player_1": 0})
    assert rewards == {"player_0": 0.0, "player_1": 0.0}
    assert observations["player_1"]["action_mask"].sum() == 31
    assert env.decision("player_1").options[30].act == 30
    _, rewards, *_ = env.step({"player_0": 0, "player_1": 12})
    assert rewards == {"player_0": 12.0, "player_1": 28.0}


def test_several_questions_of_a_stage_are_asked_one_a_step():
    game = PunishmentPublicGoods(players=3, rounds=1)
    env = parallel_env(game, Conditions(partners="named"))
    env.reset(seed=0)
    given = {"player_0": 20, "player_1": 10, "player_2": 0}
    observations, rewards, *_ = env.step(given)
    seen = dict(zip(env.features, observations["player_0"]["observation"].tolist(), strict=True))
    assert (seen["stage punish"], seen["item"], seen["fact contribution"]) == (1, 1, 10)
    assert set(rewards.values()) == {0.0}
    observations, rewards, terminations, *_ = env.step({"player_0": 1, "player_1": 0, "player_2": 0})
    seen = dict(zip(env.features, observations["player_0"]["observation"].tolist(), strict=True))
    assert (seen["item"], seen["fact contribution"]) == (2, 0)
    assert not any(terminations.values())
    _, rewards, terminations, *_ = env.step({"player_0": 2, "player_1": 0, "player_2": 0})
    # 0.5333 · 30 each; player_0 assigns 1 and 2 points, which take 3 and 6.
    assert rewards == pytest.approx({"player_0": 16 - 3, "player_1": 26 - 3, "player_2": 36 - 6})
    assert all(terminations.values())


def test_a_collapse_ends_the_play_early():
    env = parallel_env(Commons(rounds=12))
    found = episode(env, 0, choose=last)
    assert len(found.returned) == 2
    assert sum(found.earned.values()) == 100
    with pytest.raises(ChoiceError, match="call reset first"):
        env.step(dict.fromkeys(env.possible_agents, 0))


def test_impossible_actions_are_refused_and_leave_the_play_as_it_was():
    env = parallel_env(game_of("ultimatum"))
    with pytest.raises(ChoiceError, match="call reset first"):
        env.step({"player_0": 0, "player_1": 0})
    env.reset(seed=0)
    for wrong, message in (
        ({"player_0": 11, "player_1": 0}, "action 11 of player_0 is not in its action space"),
        ({"player_0": -1, "player_1": 0}, "not in its action space"),
        ({"player_0": 0.5, "player_1": 0}, "not in its action space"),
        ({"player_0": 0}, "given for player_0, but needed for player_0, player_1"),
        ({"player_0": 0, "player_1": 0, "player_2": 0}, "needed for player_0, player_1"),
    ):
        with pytest.raises(ChoiceError, match=message):
            env.step(wrong)
    assert env.decision("player_0").stage == "offer"
    env.step({"player_0": 5, "player_1": 0})
    with pytest.raises(ChoiceError, match=r"action 2 of player_1 is not possible, only 0 … 1 are on the menu"):
        env.step({"player_0": 0, "player_1": 2})


def test_an_impossible_action_can_stand_for_the_last_option():
    env = parallel_env(game_of("ultimatum"), illegal="last")
    env.reset(seed=0)
    env.step({"player_0": 5, "player_1": 9})
    _, rewards, *_ = env.step({"player_0": 9, "player_1": 9})
    assert rewards == {"player_0": 0.0, "player_1": 0.0}  # the last option rejects
    with pytest.raises(ChoiceError, match="not in its action space"):
        env.step({"player_0": 11, "player_1": 0})


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(SettingError, match="unknown illegal 'first'; known: refuse, last"):
        parallel_env(PublicGoods(), illegal="first")
    with pytest.raises(SettingError, match="actions=1"):
        parallel_env(PublicGoods(), actions=1)
    with pytest.raises(SettingError, match="set actions=21"):
        parallel_env(PublicGoods(), actions=20).reset(seed=0)
    with pytest.raises(SettingError, match="stage contribute"):
        parallel_env(PublicGoods(), stages=("give",)).reset(seed=0)
    with pytest.raises(SettingError, match="use smaller points"):
        parallel_env(PublicGoods(endowment=10_000_000, step=1_000_000)).reset(seed=0)
    assert parallel_env(PublicGoods(), actions=30, stages=("contribute",)).action_space("player_0").n == 30


# --- what is seen ----------------------------------------------------------------------------------------------------


def after(game, actions, conditions=None):
    """The numbers that player_0 sees in the second round, by name, when the first is played with these actions."""
    env = parallel_env(game, conditions)
    observations, _ = env.reset(seed=0)
    while observations["player_0"]["observation"][0] < 2:
        taken = {
            agent: min(action, int(observations[agent]["action_mask"].sum()) - 1)
            for agent, action in zip(env.agents, actions, strict=True)
        }
        observations, *_ = env.step(taken)
    return dict(zip(env.features, observations["player_0"]["observation"].tolist(), strict=True))


def test_a_round_of_public_goods_as_it_is_seen():
    seen = after(PublicGoods(), [20, 0, 5, 10])
    assert seen["round"] == 2
    assert seen["rounds"] == seen["stage contribute"] * 10 == 10
    assert seen["item"] == 0
    assert (seen["past round"], seen["past points"], seen["past cooperation"]) == (1, 14, 1)
    assert [seen[f"past cooperation of other {other}"] for other in (1, 2, 3)] == [0.5, 0.25, 0]
    assert [seen[f"past others_acts {other}"] for other in (1, 2, 3)] == [10, 5, 0]
    assert (seen["own points 0"], seen["other points 0"]) == (26, 45 + 3 * 6)
    assert (seen["own points 20"], seen["other points 20"]) == (14, 45 + 3 * 14)


def test_named_acts_are_seen_by_their_place():
    seen = after(game_of("battle_of_the_sexes"), [0, 1])
    assert (seen["past act"], seen["past others_acts 1"]) == (0, 1)


def test_a_cooperation_that_there_is_not_is_no_defection():
    env = parallel_env(game_of("dictator"))
    own, other = env.features.index("past cooperation"), env.features.index("past cooperation of other 1")
    observations, _ = env.reset(seed=0)
    assert [each["observation"][[own, other]].tolist() for each in observations.values()] == [[-1, -1]] * 2
    observations, *_ = env.step({"player_0": 5, "player_1": 0})
    assert [each["observation"][[own, other]].tolist() for each in observations.values()] == [[0.5, -1], [-1, 0.5]]


def test_nameless_others_cannot_be_told_apart():
    one, two = [20, 0, 5, 10], [20, 10, 0, 5]
    assert after(PublicGoods(), one) == after(PublicGoods(), two)
    named = Conditions(partners="named")
    assert after(PublicGoods(), one, named) != after(PublicGoods(), two, named)


def test_what_the_others_just_did_is_ordered_unless_they_are_named():
    for partners, seen in (("anonymous", [10, 5, 0]), ("named", [0, 10, 5])):
        env = parallel_env(PunishmentPublicGoods(), Conditions(partners=partners))
        env.reset(seed=0)
        observations, *_ = env.step({"player_0": 20, "player_1": 0, "player_2": 10, "player_3": 5})
        places = [env.features.index(f"fact others_contributions {other}") for other in (1, 2, 3)]
        assert observations["player_0"]["observation"][places].tolist() == seen


def test_the_order_of_questions_about_nameless_others_tells_nothing():
    def orders(conditions):
        env, found = parallel_env(PunishmentPublicGoods(rounds=6), conditions), {}
        env.reset(seed=0)
        while env.agents:
            one = env.decision("player_0")
            if one.stage == "punish":
                found.setdefault(one.round, []).append(one.item)
            env.step(dict.fromkeys(env.agents, 0))
        return {tuple(items) for items in found.values()}

    assert orders(Conditions(partners="named")) == {(1, 2, 3)}
    assert len(orders(Conditions())) > 2


@every_game
def test_nothing_of_the_past_is_seen_without_a_history(name):
    game = game_of(name)
    if game.CARRIES:
        pytest.skip("what it carries on is told by the rules")
    waiting = [0] * (game.players - 1)
    for first in (0, 1):
        seen = [after(game, [first, *(other for _ in waiting)], Conditions(history="none")) for other in (0, 1, 50)]
        assert seen[0] == seen[1] == seen[2]
        assert after(game, [first, *waiting]) != after(game, [1 - first, *waiting])


@pytest.mark.parametrize("name", ["public_goods", "prisoners_dilemma", "minimum_effort"])
def test_of_own_history_only_the_points_depend_on_others(name):
    game, conditions = game_of(name), Conditions(history="own")
    rest = game.players - 1
    one, two = after(game, [1] + [0] * rest, conditions), after(game, [1] + [1] * rest, conditions)
    assert {key for key in one if one[key] != two[key]} == {"past points"}
    assert not any(key.startswith(("own points", "past others", "past cooperation of other")) for key in one)


@every_game
def test_an_unknown_end_is_not_seen(name):
    conditions = Conditions(horizon="unknown")
    first = [0] * game_of(name).players
    shorter, longer = (after(game_of(name, rounds), first, conditions) for rounds in (2, 3))
    assert shorter == longer
    assert "rounds" not in shorter


# --- the document, and without the extra -----------------------------------------------------------------------------


def test_the_documented_example_runs(capsys):
    text = (CATALOGUE.parent / "docs" / "pettingzoo.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(example, {})
    assert capsys.readouterr().out.startswith("{'player_0': ")


@pytest.mark.parametrize("missing", ["pettingzoo", "gymnasium.spaces"])
def test_without_its_package_it_says_how_to_install_it(missing, monkeypatch):
    monkeypatch.delitem(sys.modules, "games.pettingzoo")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SettingError, match="make install EXTRA=pettingzoo"):
        importlib.import_module("games.pettingzoo")
