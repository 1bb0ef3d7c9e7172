"""Every game as a PettingZoo parallel environment, so that learning agents can be trained in the same dilemmas.

PettingZoo is the common interface of multi-agent reinforcement learning; in a parallel environment all agents act in
every step (Terry et al. 2021, Advances in Neural Information Processing Systems 34, 15032–15043). Here the agents are
the seats of a table, an action is the place of an option on the menu that a player is shown, and rewards are points.
The rules stay in the game: an episode is a play by `Game.decisions` and `Game.resolve`.

This is the one module of `games` with a dependency of its own, the extra `pettingzoo`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from games.conditions import Conditions
from games.errors import ChoiceError, SettingError, unknown, whole
from games.pettingzoo_spaces import features_of
from games.randomness import draw, stream
from games.types import Choice, Decision, Experience, Game

try:
    from gymnasium.spaces import Box, Discrete, Space
    from gymnasium.spaces import Dict as Named
    from pettingzoo import ParallelEnv  # type: ignore[import-untyped]  # annotated, but without the marker that says so
except ModuleNotFoundError as error:
    raise SettingError(
        f"games.pettingzoo needs the package {error.name}; install it: make install EXTRA=pettingzoo"
    ) from error

ILLEGAL = ("refuse", "last")
BOUND = 1e6
"""The greatest number, of either sign, that an observation can hold."""
_LONG = 2000
"""Rounds that a game must allow if its end is random; fewer than one play in 10⁸ has more at a continuation of 0.99."""

type Observation = dict[str, Any]


class GameEnv(ParallelEnv[str, Observation, np.int64]):  # type: ignore[misc]  # the untyped package makes its base Any
    """A game as a PettingZoo parallel environment; its agents are the seats, "player_0", "player_1" …

    game: any rules of the catalogue.  conditions: what holds around them; by default nobody errs, the number of rounds
    is known and players see what the others did, not who. A random end is drawn at each reset.
    illegal: what happens to an action that its mask forbids: "refuse" raises ChoiceError; "last" takes the last option
        of the menu, for code that samples without masks, such as PettingZoo's own `parallel_seed_test`.
    stages, actions: the stages by name, and the length of the longest menu; by default found by trial plays.

    Action: the place of an option on the pending menu, from 0. Who has nothing to decide may only take 0, which does
    nothing; who is asked several things in a stage is asked one a step, and the stage resolves once all have answered.
    Several questions about nameless others come in an order of chance.

    Observation: {"observation": float32 vector, "action_mask": int8, 1 for each action that is possible}. The vector
    holds, by the names in `features`, in points and rounds as they are:
    - round; rounds, if known; which stage the player is asked in (one-hot, all 0 while it waits); item, which question
      of the stage it is, from 1, and 0 for the only one;
    - the facts of the decision, as far as they are numbers, true or false, or named acts (by their place on the menu),
      and those about each other player: in descending order, or by seat if partners are named;
    - own and other points of each option, with the others' acts as `Decision` says, 0 beyond the menu. They are left
      out where they would tell what the conditions hide: past acts, or the end of a play that has a stock;
    - of the last round, as far as it is seen: its number (0 before any), own points, own cooperation and that of
      each other player (−1 for none), and its facts, such as the acts.

    Reward: points, once they are settled, otherwise 0; they sum to the points of the play. At the end of the play, also
    an early one, all agents are terminated. Nothing is truncated.

    Raises SettingError for an unknown `illegal`, a game that cannot be played with these conditions, or stages and
    actions that do not cover the game.
    """

    metadata: dict[str, Any] = {"name": "commonweal_v0", "render_modes": [], "is_parallelizable": True}  # noqa: RUF012  # PettingZoo reads it from the instance
    render_mode = None

    def __init__(
        self,
        game: Game[Any],
        conditions: Conditions | None = None,
        *,
        illegal: str = "refuse",
        stages: Sequence[str] | None = None,
        actions: int | None = None,
    ) -> None:
        if illegal not in ILLEGAL:
            raise unknown("illegal", illegal, ILLEGAL)
        if actions is not None:
            whole(game.name, "actions", actions, 2)
        self.game = game
        self.conditions = conditions or Conditions()
        self.illegal = illegal
        self.metadata = {**self.metadata, "name": f"{game.name}_v0"}
        if self.conditions.horizon == "random":
            _lasting(game, _LONG)
        self._features = features_of(game, self.conditions, stages, actions)
        self.features = self._features.names()
        """The name of each number in the vector of an observation."""
        self.possible_agents = [f"player_{seat}" for seat in range(game.players)]
        self.agents: list[str] = []
        many, size = len(self.features), self._features.actions
        self.observation_spaces: dict[str, Space[Observation]] = {
            agent: Named(
                {
                    "observation": Box(-BOUND, BOUND, (many,), np.float32),
                    "action_mask": Box(0, 1, (size,), np.int8),
                }
            )
            for agent in self.possible_agents
        }
        self.action_spaces: dict[str, Space[np.int64]] = {agent: Discrete(size) for agent in self.possible_agents}
        self._seeds = np.random.default_rng()
        self._waiting: list[list[Decision]] = [[] for _ in self.possible_agents]
        self.seed_of_play = 0
        """The seed of the play under way, also of one that was reset without a seed."""

    def observation_space(self, agent: str) -> Space[Observation]:
        """The space of an agent's observations, the same object each time."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Space[np.int64]:
        """The space of an agent's actions, the same object each time."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Begin a play: observations and (empty) infos by agent.

        seed: of all chance in the play, and of those that follow without a seed.  options: not used.
        """
        del options
        if seed is None:
            seed = int(self._seeds.integers(2**63))
        else:
            self._seeds = stream(seed, "episodes")
        self.seed_of_play = int(seed)
        rounds = self.conditions.length(self.game.rounds, self.seed_of_play)
        self._played = self.game if rounds == self.game.rounds else _lasting(self.game, rounds)
        self._lived: list[list[Experience]] = [[] for _ in self.possible_agents]
        self._round = 1
        self._state = self._played.start(self.seed_of_play)
        self.agents = list(self.possible_agents)
        self._ask()
        return {agent: self._observed(agent) for agent in self.possible_agents}, {agent: {} for agent in self.agents}

    def step(
        self, actions: Mapping[str, int | np.int64]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Everybody acts at once: observations, rewards, terminations, truncations and infos by agent.

        Raises ChoiceError when the play is over or not begun, an agent has no action, or an action is not possible; the
        play is then as it was.
        """
        acting = list(self.agents)
        if not acting:
            raise ChoiceError(f"{self.game.name}: no play is under way; call reset first")
        if set(actions) != set(acting):
            given = ", ".join(actions) or "nobody"
            raise ChoiceError(f"{self.game.name}: actions are given for {given}, but needed for {', '.join(acting)}")
        taken = [self._taken(agent, actions[agent]) for agent in acting]
        for waiting, option in zip(self._waiting, taken, strict=True):
            if waiting:
                one = waiting.pop(0)
                number = draw(self.seed_of_play, "acts", one.player, one.round, one.stage, one.item)
                self._choices[one.key] = self.conditions.carried_out(one, Choice(option), number)
        rewards = dict.fromkeys(acting, 0.0)
        if not any(self._waiting):
            self._state, outcomes = self._played.resolve(self._state, self._choices)
            for outcome in outcomes:
                rewards[acting[outcome.player]] += outcome.payoff
                self._lived[outcome.player].append(outcome.experience)
            self._ask()
        return (
            {agent: self._observed(agent) for agent in acting},
            rewards,
            dict.fromkeys(acting, not self.agents),
            dict.fromkeys(acting, False),
            {agent: {} for agent in acting},
        )

    def decision(self, agent: str) -> Decision | None:
        """What an agent is asked now, None while it waits: it tells which act each action stands for."""
        waiting = self._waiting[self.possible_agents.index(agent)]
        return waiting[0] if waiting else None

    def _ask(self) -> None:
        """Line up what is pending, by seat; nobody is left when the play is over."""
        pending = self._played.decisions(self._state)
        self._choices: dict[tuple[int, int], Choice] = {}
        self._waiting = [[one for one in pending if one.player == seat] for seat in range(self.game.players)]
        self._asked = [len(waiting) for waiting in self._waiting]
        for one in pending:
            self._round = one.round
            if one.stage not in self._features.stages:
                raise SettingError(f"{self.game.name}: stage {one.stage} was not met before; name all in stages=…")
            if len(one.options) > self._features.actions:
                raise SettingError(
                    f"{self.game.name}: a menu of {len(one.options)} was not met before; set actions={len(one.options)}"
                )
        if self.conditions.partners == "anonymous":
            # In the same order each round, the place of a question would tell whom it is about.
            for seat, waiting in enumerate(self._waiting):
                if len(waiting) > 1:
                    stream(self.seed_of_play, "order", seat, self._round, waiting[0].stage).shuffle(waiting)
        if not pending:
            self.agents = []

    def _taken(self, agent: str, action: int | np.int64) -> int:
        """The option that an action takes."""
        decision = self.decision(agent)
        many = len(decision.options) if decision else 1
        if not isinstance(action, int | np.integer) or not 0 <= action < self._features.actions:
            raise ChoiceError(f"{self.game.name}: action {action!r} of {agent} is not in its action space")
        if action >= many and self.illegal == "refuse":
            what = f"only 0 … {many - 1} are on the menu" if decision else "as it waits only 0 is"
            raise ChoiceError(
                f"{self.game.name} round {self._round}: action {action} of {agent} is not possible, {what}; keep to "
                "action_mask, or build the environment with illegal='last'"
            )
        return min(int(action), many - 1)

    def _observed(self, agent: str) -> Observation:
        seat, decision = self.possible_agents.index(agent), self.decision(agent)
        asked = self._asked[seat]
        item = asked - len(self._waiting[seat]) + 1 if asked > 1 else 0
        rounds = self._played.rounds
        values = self._features.values(seat, self._round, rounds, decision, item, self._lived[seat])
        vector = np.array([values.get(name, 0.0) for name in self.features], dtype=np.float32)
        if not np.abs(vector).max() <= BOUND:
            raise SettingError(f"{self.game.name}: an observation holds numbers up to {BOUND:g}; use smaller points")
        mask = np.zeros(self._features.actions, dtype=np.int8)
        mask[: len(decision.options) if decision else 1] = 1
        return {"observation": vector, "action_mask": mask}


def _lasting(game: Any, rounds: int) -> Game[Any]:
    """The game with another number of rounds. Raises SettingError where it has no such setting, or refuses it."""
    try:
        longer: Game[Any] = replace(game, rounds=rounds)
    except (TypeError, SettingError) as error:
        raise SettingError(f"{game.name}: its end cannot be random: {error}; use another horizon") from error
    return longer


def parallel_env(game: Game[Any], conditions: Conditions | None = None, **settings: Any) -> GameEnv:
    """A game as a PettingZoo parallel environment, by the name that PettingZoo's users expect; see `GameEnv`."""
    return GameEnv(game, conditions, **settings)
