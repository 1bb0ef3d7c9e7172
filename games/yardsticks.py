"""What theory says of a game: its equilibria, its social optimum, its least and greatest points, its ideal respondents.

A game computes its own (`Rounds.yardsticks`), by enumeration and best response or in closed form; nothing is typed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from games.svo import Orientation


@dataclass(frozen=True, slots=True)
class Standard:
    """One way to play.

    acts: who does what, in words.  points: expected, of each seat or part.  cooperation: mean over the acts that have
    such a reading, on [0, 1]; None where none has.
    """

    acts: str
    points: tuple[float, ...]
    cooperation: float | None

    @property
    def total(self) -> float:
        """Points of all together."""
        return sum(self.points)

    @property
    def mean(self) -> float:
        """Points of a player on average."""
        return self.total / len(self.points)


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """The yardsticks of a game with its parameters.

    span: what points are counted over: a "round" that is played once, or the whole "play" where something passes from
        round to round.
    concept: which equilibria these are.  equilibria: those.  optimum: the greatest points of all together.
    least, most: points that a single player can have.
    ideal: for each orientation the best acts of its ideal respondent (linear utility of its ring angle) where nothing
        has been played yet, by stage: the first mover's by what each act is said to bring, and later ones in answer.
    exact: whether every act on the menu was tried; otherwise a thinner menu with both its ends.
    expected: whether points hang on chance as well, so that those of a way to play are expectations.
    sustained: of a common stock, the points of all together if the sustainable harvest is taken in every round.
    """

    span: str
    concept: str
    equilibria: tuple[Standard, ...]
    optimum: Standard
    least: float
    most: float
    ideal: Mapping[Orientation, tuple[tuple[str, tuple[int | str, ...]], ...]]
    exact: bool = True
    sustained: float | None = None
    expected: bool = False

    @property
    def benchmark(self) -> float:
        """Points of all together over the span that efficiency is measured by."""
        return self.optimum.total if self.sustained is None else self.sustained
