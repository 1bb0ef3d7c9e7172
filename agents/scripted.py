"""Scripted rules: baselines that answer the same decisions as a chat model, with no text between.

A rule sees cooperation on [0, 1]. Where a game gives an option no such reading (a slider item), it is the other's
points relative to the menu, from the least to the most; so a rule that reacts to partners answers a measure by its
first move.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from agents.setting import Setting
from games.errors import SettingError
from games.randomness import stream
from games.svo import RING_ANGLES, utility
from games.types import Choice, Decision, Experience, Occasion


def cooperations(decision: Decision) -> list[float]:
    """How cooperative each option is on [0, 1], in the order of the rules."""
    readings = [option.cooperation for option in decision.options]
    known = [reading for reading in readings if reading is not None]
    if len(known) == len(readings):
        return known
    others = [option.allocation.other for option in decision.options]
    least, most = min(others), max(others)
    return [(points - least) / (most - least) if most > least else 0.5 for points in others]


def nearest(decision: Decision, level: float) -> Choice:
    """The option nearest to a level of cooperation; of two equally near, the first in the order of the rules."""
    # Rounding error must not decide between options that are equally near.
    distances = [round(abs(reading - level), 9) for reading in cooperations(decision)]
    return Choice(option=distances.index(min(distances)))


def lived_here(decision: Decision) -> list[Experience]:
    """The rounds of this game in which the player saw others act; a measure has none."""
    return [one for one in decision.past if one.others and one.game == decision.game]


def mean_seen(experience: Experience) -> float:
    """The others' mean cooperation."""
    return sum(experience.others) / len(experience.others)


@dataclass(frozen=True)
class Rule:
    """What all rules share."""

    setting: Setting
    kind: ClassVar[str]
    model: ClassVar[str] = "none"
    induction: ClassVar[str] = "none"
    synthetic: ClassVar[bool] = True

    def forget(self, phase: str, repetition: int) -> None:
        """A rule keeps nothing."""


@dataclass(frozen=True)
class Maximiser(Rule):
    """Takes the option with the greatest utility cos φ · own + sin φ · other; of equal ones, the first of the rules.

    angle: φ in degrees; None for the ring angle of the participant's orientation (Griesinger & Livingston 1973;
    Liebrand 1984). Raises SettingError when neither is given.
    """

    kind: ClassVar[str] = "maximiser"
    angle: float | None = None

    def __post_init__(self) -> None:
        if self.angle is None and self.setting.orientation is None:
            raise SettingError("agent maximiser needs an angle in degrees or an orientation in the population's cell")

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The best option for the angle."""
        del occasion
        if self.angle is not None:
            angle = self.angle
        else:
            assert self.setting.orientation is not None
            angle = RING_ANGLES[self.setting.orientation]
        brings = [option.allocation for option in decision.options]
        utilities = utility([one.own for one in brings], [one.other for one in brings], angle)
        # Rounding error must not decide between options that are equally good.
        return Choice(option=int(np.argmax(np.round(utilities, 9))))


@dataclass(frozen=True)
class Random(Rule):
    """Takes any option with equal probability."""

    kind: ClassVar[str] = "random"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """An option drawn anew for every occasion."""
        return Choice(option=int(stream(occasion.draw, "random rule").integers(len(decision.options))))


@dataclass(frozen=True)
class FixedShare(Rule):
    """Always cooperates at the same level. share: on [0, 1]. Raises SettingError outside it."""

    kind: ClassVar[str] = "fixed_share"
    share: float = 0.5

    def __post_init__(self) -> None:
        _within("fixed_share", "share", self.share)

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The option nearest to the share."""
        del occasion
        return nearest(decision, self.share)


@dataclass(frozen=True)
class TitForTat(Rule):
    """Begins with full cooperation, then does what the others did on average in the last round.

    Axelrod & Hamilton 1981, Science 211, 1390–1396; with several others the mean is matched.
    """

    kind: ClassVar[str] = "tit_for_tat"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The others' last mean cooperation, given back."""
        del occasion
        lived = lived_here(decision)
        return nearest(decision, mean_seen(lived[-1]) if lived else 1.0)


@dataclass(frozen=True)
class GrimTrigger(Rule):
    """Cooperates fully until anybody once stayed below a threshold, then never again (Friedman 1971).

    threshold: on [0, 1]. Raises SettingError outside it.
    """

    kind: ClassVar[str] = "grim_trigger"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        _within("grim_trigger", "threshold", self.threshold)

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """Full cooperation, or none once it was betrayed."""
        del occasion
        betrayed = any(seen < self.threshold for one in lived_here(decision) for seen in one.others)
        return nearest(decision, 0.0 if betrayed else 1.0)


@dataclass(frozen=True)
class WinStayLoseShift(Rule):
    """Repeats its act after the others cooperated by at least half on average, else turns to its opposite.

    Also called Pavlov (Nowak & Sigmund 1993, Nature 364, 56–58): in the prisoner's dilemma the two better payoffs are
    those in which the partner cooperated. Begins with full cooperation.
    """

    kind: ClassVar[str] = "win_stay_lose_shift"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The last act after a win, one minus it after a loss."""
        del occasion
        lived = [one for one in lived_here(decision) if one.own is not None]
        if not lived:
            return nearest(decision, 1.0)
        own = lived[-1].own
        assert own is not None
        return nearest(decision, own if mean_seen(lived[-1]) >= 0.5 else 1.0 - own)


@dataclass(frozen=True)
class ConditionalCooperator(Rule):
    """Matches a share of what the others did on average in the last round.

    Fischbacher, Gächter & Fehr 2001, Economics Letters 71, 397–404: most contribute a little less than the others.
    start: level in the first round.  slope: share of the others' mean that is matched; both on [0, 1].
    Raises SettingError outside it.
    """

    kind: ClassVar[str] = "conditional_cooperator"
    start: float = 0.5
    slope: float = 0.9

    def __post_init__(self) -> None:
        _within("conditional_cooperator", "start", self.start)
        _within("conditional_cooperator", "slope", self.slope)

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The others' last mean cooperation, times the slope."""
        del occasion
        lived = lived_here(decision)
        return nearest(decision, self.slope * mean_seen(lived[-1]) if lived else self.start)


def _within(rule: str, name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise SettingError(f"agent {rule}: {name}={value} must lie on [0, 1]")
