"""The conditions under which a game is played: what a player sees, how long it goes on, and whether acts go astray.

They hold for every game and change no payoff. Histories: in the standard public goods experiment players see what the
others gave, not who (Fehr & Gächter 2000, American Economic Review 90, 980–994). Random ends: continuation with a
fixed probability stands for discounting (Roth & Murnighan 1978, Journal of Mathematical Psychology 17, 189–198).
Noise: the trembling hand, an act that is not the one chosen (Selten 1975; Wu & Axelrod 1995, Journal of Conflict
Resolution 39, 183–189).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from games.errors import SettingError, unknown, whole
from games.randomness import stream
from games.types import Choice, Decision, Experience, Json

HISTORIES = ("group", "own", "none")
PARTNERS = ("anonymous", "named")
HORIZONS = ("known", "unknown", "random")
OTHERS = "others_"
"""Facts whose names begin so are known of others alone; tuples hold what each did, in the order of the seats."""
GROUP = "group_"
"""Facts whose names begin so are of all together, and tell of others, too."""
TARGET = "target_seat"
"""The fact of a decision that holds the seat of the other player whom it is about."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds around the rules.

    history: what a player sees of past rounds: "group" (own acts and everybody's), "own" (own acts and points) or
        "none".
    partners: "anonymous" (what the others did stands in descending order, so nobody can be followed over rounds) or
        "named" (each by a name of its seat, the same in all rounds).
    window: how many past rounds are seen, the latest; None for all.
    horizon: whether the number of rounds is "known", "unknown" (not told), or "random" (after each round there is
        another one with the probability `continuation`).
    noise: probability on [0, 1) that something else than the chosen act is carried out, each other act alike.

    Raises SettingError for anything else.
    """

    history: str = "group"
    partners: str = "anonymous"
    window: int | None = None
    horizon: str = "known"
    continuation: float = 0.9
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name, value, known in (
            ("history", self.history, HISTORIES),
            ("partners", self.partners, PARTNERS),
            ("horizon", self.horizon, HORIZONS),
        ):
            if value not in known:
                raise unknown(f"conditions.{name}", value, known)
        if self.window is not None:
            whole("conditions", "window", self.window, 1)
        if not _number(self.continuation) or not 0 < self.continuation <= 0.99:
            raise SettingError(f"conditions: continuation={self.continuation} must lie above 0 and be at most 0.99")
        if not _number(self.noise) or not 0 <= self.noise < 1:
            raise SettingError(f"conditions: noise={self.noise} must lie on [0, 1)")

    def length(self, rounds: int, seed: int) -> int:
        """How many rounds are played: the rules' own number, or one drawn from the seed where the end is random."""
        if self.horizon != "random":
            return rounds
        return int(stream(seed, "horizon").geometric(1 - self.continuation))

    def carried_out(self, decision: Decision, choice: Choice, draw: int) -> Choice:
        """The choice that takes effect; `draw` fixes whether it goes astray, and what happens instead."""
        if not self.noise or choice.option is None:
            return choice
        rng = stream(draw, "noise")
        if rng.random() >= self.noise:
            return choice
        others = [index for index in range(len(decision.options)) if index != choice.option]
        return Choice(others[int(rng.integers(len(others)))])

    def told(self, facts: Mapping[str, Json], *, lasting: bool, seat: int) -> dict[str, Json]:
        """The facts of a decision that a player may know, and what holds around it.

        lasting: whether the group stays together.  seat: the player's own, which is told where seats have names.
        """
        kept = {name: fact for name, fact in facts.items() if name != "rounds" or self.horizon == "known"}
        target = kept.pop(TARGET, None)
        if self.partners == "anonymous":
            kept |= {name: _descending(kept[name]) for name in _about_others(kept)}
        else:
            kept |= {"own_name": _name(seat), "names": _names(kept, seat)}
            kept |= {"target_name": _name(target)} if isinstance(target, int) else {}
        kept |= {"window": self.window} if self.window is not None else {}
        kept |= {"horizon": self.horizon, "lasting": lasting, "noise": self.noise}
        return kept | ({"continuation": self.continuation} if self.horizon == "random" else {})

    def seen(self, past: Iterable[Experience], seat: int) -> tuple[Experience, ...]:
        """What a player in a seat sees of its past, oldest first: own acts, others' acts and rounds, as set."""
        lived = tuple(past)
        if self.history == "none":
            return ()
        if self.window is not None:
            rounds = sorted({one.round for one in lived})[-self.window :]
            lived = tuple(one for one in lived if one.round in rounds)
        return tuple(self._seen(one, seat) for one in lived)

    def _seen(self, one: Experience, seat: int) -> Experience:
        if self.history == "own":
            facts = {name: fact for name, fact in one.facts.items() if not name.startswith((OTHERS, GROUP))}
            return replace(one, others=(), facts=facts)
        about = _about_others(one.facts)
        if self.partners == "named":
            return replace(one, facts={**one.facts, "names": _names(one.facts, seat)})
        ordered = {name: _descending(one.facts[name]) for name in about}
        return replace(one, others=tuple(sorted(one.others, reverse=True)), facts={**one.facts, **ordered, "names": ()})


def _about_others(facts: Mapping[str, Json]) -> list[str]:
    return [name for name, fact in facts.items() if name.startswith(OTHERS) and isinstance(fact, tuple)]


def _names(facts: Mapping[str, Json], seat: int) -> tuple[str, ...]:
    """The names of the others, as many as facts hold something of; none where they hold nothing of each."""
    counts = [len(fact) for name in _about_others(facts) if isinstance(fact := facts[name], tuple)]
    many = max(counts, default=0)
    return tuple(_name(other) for other in range(many + 1) if many and other != seat)


def _name(seat: int) -> str:
    return f"player {seat + 1}"


def _descending(values: Any) -> tuple[Any, ...]:
    """The greatest first, words by the alphabet: an order that says nothing of who it was."""
    return tuple(sorted(values, key=lambda one: (isinstance(one, str), -one if not isinstance(one, str) else one)))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
