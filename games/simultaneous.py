"""Games of one stage, in which everybody acts at once and points follow from the acts alone.

A game gives its menu, its points and how cooperative each act is; what is asked, what an option brings and what each
player lives follow from these. Acts are numbers here: amounts as they are, named acts by their place on the menu.
"""

from abc import abstractmethod
from functools import lru_cache
from itertools import combinations_with_replacement, product
from math import factorial, prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from games.enumeration import bimatrix, ideal_acts, symmetric_equilibria, symmetric_extremes
from games.rounds import Act, Lived, Rounds, Settled, State, act_of
from games.types import Allocation, Answer, Decision, Json, Option
from games.yardsticks import Yardsticks


class Simultaneous(Rounds):
    """A game of one stage in which everybody acts at once.

    STAGE: the name of the stage.  SYMMETRIC: whether the points depend on who does what only through the acts, so that
    all seats are alike.
    """

    __slots__ = ()
    STAGE: ClassVar[str] = "choose"
    SYMMETRIC: ClassVar[bool] = True

    @property
    @abstractmethod
    def menu(self) -> tuple[Act, ...]:
        """The acts on offer, in the order of the rules: amounts, or names."""

    @abstractmethod
    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Everybody's points, expected ones where chance decides. acts: shape (…, n) over the seats; so are points."""

    @abstractmethod
    def cooperation(self, act: Act) -> float | None:
        """How cooperative an act is on [0, 1]; None where no act is the cooperative one."""

    @abstractmethod
    def told(self, seat: int) -> dict[str, Json]:
        """What a player in that seat may know of the rules, by the names which the wording uses."""

    @property
    def named(self) -> bool:
        """Whether acts have names; otherwise they are amounts."""
        return isinstance(self.menu[0], str)

    def number(self, act: Act) -> float:
        """An act as a number: an amount as it is, a named act by its place on the menu."""
        return float(self.menu.index(act)) if isinstance(act, str) else float(act)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """Everybody's decision of the pending round."""
        answer, last = Answer.LETTER if self.named else Answer.AMOUNT, self._last(state)
        return tuple(
            self.asked(
                state,
                seat,
                self.STAGE,
                self.options(last, seat),
                self.told(seat),
                answer=answer,
            )
            for seat in range(self.players)
        )

    def settle(self, state: State) -> Settled:
        """Everybody's points for the round."""
        acts = [act_of(state.taken[0], seat) for seat in range(self.players)]
        points = self.points(np.array([self.number(act) for act in acts])).tolist()
        levels = [self.cooperation(act) for act in acts]
        lived = []
        for seat in range(self.players):
            others = self.others(seat)
            facts: dict[str, Json] = {
                "act": acts[seat],
                "others_acts": tuple(acts[other] for other in others),
                "others_points": tuple(points[other] for other in others),
            }
            seen = tuple(level for other in others if (level := levels[other]) is not None)
            lived.append(Lived(self.STAGE, levels[seat], seen, points[seat], facts))
        return Settled(tuple(lived), state.held)

    def yardsticks(self) -> Yardsticks:
        """By going through the acts."""
        return _yardsticks(self)

    def options(self, last: tuple[Act, ...] | None, seat: int) -> tuple[Option, ...]:
        """What each act brings a seat, the others' acts held at their last.

        Before any, an amount is held at the middle of the menu, and of named acts each is as likely as any other, for
        every other player alike.
        """
        if last is None:
            return _options(self, None, 0 if self.SYMMETRIC else seat)
        return _options(self, (*last[:seat], self.menu[0], *last[seat + 1 :]), seat)

    def _last(self, state: State) -> tuple[Act, ...] | None:
        return tuple(act_of(state.last[0], seat) for seat in range(self.players)) if state.last else None


@lru_cache(maxsize=64)
def _yardsticks(game: Simultaneous) -> Yardsticks:
    levels = [game.cooperation(act) for act in game.menu]
    if not game.SYMMETRIC:
        found, optimum, least, most = bimatrix(game.menu, game.points, levels)
        concept = "Nash equilibria in pure acts, and of two acts the mixed one: row player, column player"
        return Yardsticks("round", concept, found, optimum, least, most, ideal_acts(game))
    numbers = np.array([game.number(act) for act in game.menu])
    found = symmetric_equilibria(game.menu, numbers, game.players, game.points, levels)
    optimum, least, most, exact = symmetric_extremes(game.menu, numbers, game.players, game.points, levels)
    concept = "symmetric Nash equilibria" + (", pure and mixed" if len(levels) == 2 else " in pure acts")
    return Yardsticks("round", concept, found, optimum, least, most, ideal_acts(game), exact)


@lru_cache(maxsize=4096)
def _options(game: Simultaneous, last: tuple[Act, ...] | None, seat: int) -> tuple[Option, ...]:
    """The options of a seat. last: everybody's last acts, whatever stands at the seat itself; None before any."""
    menu = np.array([game.number(act) for act in game.menu])
    weights = np.ones(1)
    if last is not None:
        believed = np.array([[game.number(act) for act in last]])
    elif game.named:
        believed, weights = _likely(game, menu, seat)
    else:
        believed = np.full((1, game.players), (menu.min() + menu.max()) / 2)
    acts = np.repeat(believed[None], len(menu), axis=0)
    acts[:, :, seat] = menu[:, None]
    points = np.einsum("k,akn->an", weights, game.points(acts))
    own = points[:, seat].tolist()
    other = (points.sum(axis=1) - points[:, seat]).tolist()
    return tuple(
        Option(act, Allocation(mine, theirs), game.cooperation(act))
        for act, mine, theirs in zip(game.menu, own, other, strict=True)
    )


def _likely(
    game: Simultaneous, menu: NDArray[np.float64], seat: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the others may do if each act is as likely as any other, and how likely that is; 0 stands at the seat.

    Where all seats are alike, only how many others take each act counts, so that large groups stay small to compute.
    """
    others, many = game.players - 1, len(menu)
    ways = list(combinations_with_replacement(menu, others) if game.SYMMETRIC else product(menu, repeat=others))
    acts = np.insert(np.array(ways), seat, 0.0, axis=1)
    if not game.SYMMETRIC:
        return acts, np.full(len(ways), 1 / len(ways))
    orders = [factorial(others) // prod(factorial(way.count(act)) for act in menu) for way in ways]
    # Whole numbers of any length are divided before they become floats.
    return acts, np.array([count / many**others for count in orders])
