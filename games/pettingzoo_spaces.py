"""What a learning agent is shown of a game: which numbers, by what names, and what they are at a moment of play.

Only what the player may know under the conditions has a place among them. See `games.pettingzoo` for the environment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from games.conditions import OTHERS, Conditions
from games.randomness import stream
from games.types import Choice, Decision, Experience, Game, Json, Outcome

_PLAYS = 8
"""Plays by which stages, facts and menus are found."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that can be written as numbers: amounts, true and false as 1 and 0, named acts by their place on the menu.

    single: names of those with one number.  about: of those with a number for each other player.  acts: named acts.
    """

    single: tuple[str, ...]
    about: tuple[str, ...]
    acts: tuple[str, ...]

    def names(self, prefix: str, others: int) -> list[str]:
        """The name of each number."""
        found = [f"{prefix} {name}" for name in self.single]
        return found + [f"{prefix} {name} {other}" for name in self.about for other in range(1, others + 1)]

    def values(self, prefix: str, facts: Mapping[str, Json]) -> dict[str, float]:
        """Each number by its name; what is not among the facts is left out."""
        values = {f"{prefix} {name}": one for name in self.single for one in numbers(facts.get(name), self.acts)}
        for name in self.about:
            each = numbers(facts.get(name), self.acts)
            values |= {f"{prefix} {name} {other}": one for other, one in enumerate(each, start=1)}
        return values


def numbers(fact: Json, acts: Sequence[str]) -> list[float]:
    """A fact's number or numbers; [] for one that has none."""
    each = fact if isinstance(fact, tuple | list) else (fact,)
    found = []
    for one in each:
        if isinstance(one, int | float):
            found.append(float(one))
        elif isinstance(one, str) and one in acts:
            found.append(float(acts.index(one)))
        else:
            return []
    return found


@dataclass(frozen=True, slots=True)
class Features:
    """What the vector of an observation holds, number by number.

    conditions: what a player sees.  players: seats.  stages: by name.  facts: of decisions.  past: of experiences.
    actions: options of the longest menu.  points: whether what each option brings is shown.
    """

    conditions: Conditions
    players: int
    stages: tuple[str, ...]
    facts: Facts
    past: Facts
    actions: int
    points: bool

    def names(self) -> tuple[str, ...]:
        """The name of each number, in order."""
        others, history = self.players - 1, self.conditions.history
        found = ["round", *(["rounds"] if self.conditions.horizon == "known" else [])]
        found += [f"stage {stage}" for stage in self.stages] + ["item"]
        found += self.facts.names("fact", others)
        if self.points:
            found += [f"{whose} points {action}" for whose in ("own", "other") for action in range(self.actions)]
        if history != "none":
            found += ["past round", "past points", "past cooperation"]
            found += self.past.names("past", others if history == "group" else 0)
        if history == "group":
            found += [f"past cooperation of other {other}" for other in range(1, others + 1)]
        return tuple(found)

    def values(
        self, seat: int, number: int, rounds: int, decision: Decision | None, item: int, lived: Sequence[Experience]
    ) -> dict[str, float]:
        """What a seat knows, by name; what is left out is 0.

        number: the round.  rounds: of the play.  decision: what the seat is asked, None while it waits.
        item: which question of the stage it is, from 1, and 0 for the only one.  lived: all that the seat lived.
        """
        values: dict[str, float] = {"round": number, "rounds": rounds}
        if decision is not None:
            values |= {f"stage {decision.stage}": 1, "item": item}
            values |= self.facts.values("fact", self._told(decision))
            for action, option in enumerate(decision.options):
                values[f"own points {action}"] = option.allocation.own
                values[f"other points {action}"] = option.allocation.other
        # Where nobody acted must not look like defection.
        values |= {"past cooperation": -1.0}
        values |= {f"past cooperation of other {other}": -1.0 for other in range(1, self.players)}
        if seen := self.conditions.seen(lived[-1:], seat):
            last = seen[-1]
            values |= {"past round": last.round, "past points": last.payoff}
            values |= {} if last.own is None else {"past cooperation": last.own}
            values |= {f"past cooperation of other {other}": one for other, one in enumerate(last.others, start=1)}
            values |= self.past.values("past", last.facts)
        return values

    def _told(self, decision: Decision) -> dict[str, Json]:
        told = self.conditions.told(decision.facts, lasting=True, seat=decision.player)
        if self.conditions.partners == "anonymous":
            for name in self.facts.about:
                told[name] = tuple(sorted(numbers(told.get(name, ()), self.facts.acts), reverse=True))
        return told


def features_of(game: Game[Any], conditions: Conditions, stages: Sequence[str] | None, actions: int | None) -> Features:
    """What there is to show of a game, found by trial plays.

    stages, actions: the stages by name and the length of the longest menu, where the trial plays are not to say it.
    """
    asked, lived = list[Decision](), list[Experience]()
    for pending, outcomes in _plays(game):
        asked += pending
        lived += [outcome.experience for outcome in outcomes]
    acts = tuple(dict.fromkeys(option.act for one in asked for option in one.options if isinstance(option.act, str)))
    # What an option is said to bring rests on the others' last acts, and in a game that carries something on also on
    # the rounds to come: who may not know these may not know that either.
    past = conditions.history == "group" and conditions.window is None
    ahead = conditions.horizon == "known" or not getattr(game, "CARRIES", True)
    return Features(
        conditions,
        game.players,
        tuple(dict.fromkeys(one.stage for one in asked) if stages is None else stages),
        _facts([one.facts for one in asked], ("round", "rounds"), acts),
        _facts([one.facts for one in lived], ("payoff",), acts),
        max(len(one.options) for one in asked) if actions is None else actions,
        past and ahead,
    )


def _facts(every: Sequence[Mapping[str, Json]], apart: Sequence[str], acts: tuple[str, ...]) -> Facts:
    """Facts that can be written as numbers, apart from some."""
    several = dict[str, bool]()
    for facts in every:
        for name, fact in facts.items():
            if name not in apart and numbers(fact, acts):
                several[name] = isinstance(fact, tuple | list)
    single = tuple(name for name, many in several.items() if not many)
    return Facts(single, tuple(name for name, many in several.items() if many and name.startswith(OTHERS)), acts)


def _plays(game: Game[Any]) -> Iterator[tuple[tuple[Decision, ...], tuple[Outcome, ...]]]:
    """Stage by stage, what is asked and what comes of it: all take the first option, all the last, then any."""
    for play in range(_PLAYS):
        rng, state = stream(play, "features"), game.start(play)
        while pending := game.decisions(state):
            taken = [(0, len(one.options) - 1)[play] if play < 2 else rng.integers(len(one.options)) for one in pending]
            choices = {one.key: Choice(int(option)) for one, option in zip(pending, taken, strict=True)}
            state, outcomes = game.resolve(state, choices)
            yield pending, outcomes
