"""The ring measure of social values (Liebrand 1984; Liebrand & McClintock 1988, European Journal of Personality 2).

On a circle around the origin of (own, other) lie 24 points, 15° apart. Item k is the choice between the neighbours at
15·(k − 1)° and 15·k°. The chosen points are summed as vectors: the sum's direction is the orientation, its length the
consistency. Unlike the slider it reaches every direction, such as wanting the least for the other (−90°).

Who always takes the first option, or always the second, takes every point once: the sum has no length and no direction.

`chances` and `vector_score` serve every measure that sums allocations: see `games.decomposed`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import ChoiceError, above, unknown
from games.svo import ring_class
from games.types import Allocation, Choice, Decision, Option, Score

ITEMS = 24
STEP = 15
"""Degrees from one point of the circle to the next."""
ORDERS = ("spread", "circle")
_SPREAD = 7
"""Items round the circle from one item shown to the next; it shares no divisor with 24, so all items come once."""
_NOWHERE = 1e-9
"""A sum shorter than this share of the greatest is the rounding of 0: it has no direction."""


def points(radius: float) -> NDArray[np.float64]:
    """The 24 points of the circle, own and other, shape (24, 2): at 0°, 15° … 345°, rounded to two decimals.

    For radius 15 as in the literature: (15, 0), (14.49, 3.88), (12.99, 7.5), (10.61, 10.61) … Seven numbers make them
    all, so that rounding leaves the circle its symmetry.
    """
    across = [round(radius * math.cos(math.radians(STEP * step)), 2) for step in range(7)]
    quarters = across[:-1] + [-length for length in across[:0:-1]]
    own = np.array(quarters + [-length for length in quarters]) + 0.0  # + 0.0 writes -0 as 0
    return np.stack([own, np.roll(own, 6)], axis=-1)


def order(name: str) -> tuple[int, ...]:
    """Item numbers 1 … 24 in the order shown.

    "circle": round the circle.  "spread": every seventh item round the circle (1, 8, 15, 22, 5 …), so that neighbours,
    which share a point, are shown seven items apart. The printed order of the original is not known to us.
    """
    if name not in ORDERS:
        raise unknown("ring order", name, ORDERS)
    step = _SPREAD if name == "spread" else 1
    return tuple(step * place % ITEMS + 1 for place in range(ITEMS))


def chances(decisions: Sequence[Decision], choices: Sequence[Choice]) -> list[NDArray[np.float64] | None]:
    """How likely each option of each item is; None where the item failed.

    Probabilities are scaled to the sum 1; a choice without them is certain.
    Raises ChoiceError when the number of choices is wrong, one lies off its menu, or has a probability too many or too
    few.
    """
    if len(choices) != len(decisions):
        raise ChoiceError(
            f"{decisions[0].game}: {len(choices)} choices for {len(decisions)} items; give one each, failures among "
            "them"
        )
    return [_chances(decision, choice) for decision, choice in zip(decisions, choices, strict=True)]


def _chances(decision: Decision, choice: Choice) -> NDArray[np.float64] | None:
    if choice.failure is not None:
        return None
    choice.taken(decision)  # refuses what is off the menu
    if choice.probabilities is None:
        return np.eye(len(decision.options))[choice.option]
    if len(choice.probabilities) != len(decision.options):
        raise ChoiceError(
            f"{decision.game}: probabilities need one number for each of the {len(decision.options)} options"
        )
    weights: NDArray[np.float64] = np.array(choice.probabilities) / sum(choice.probabilities)
    return weights


def obtained(choices: Sequence[Choice]) -> str:
    """What a score of these choices rests on: "probabilities" if any answer carries them, else "choices"."""
    return "probabilities" if any(one.probabilities for one in choices) else "choices"


def vector_score(
    decisions: Sequence[Decision], choices: Sequence[Choice], origins: ArrayLike, greatest: float
) -> Score:
    """The score of the sum of the chosen allocations, each seen from its item's origin.

    origins: own and other points, shape (items, 2), by item in the order of the decisions.  greatest: the greatest
    length that answers can give the sum, in points.
    angle: the direction of the sum, degrees on [−180, 180].  category: its class on the ring.  length: of the sum, in
    points.  consistency: length / greatest. A sum of no length has neither angle nor category.
    Any failed item leaves all four None. Where choices carry probabilities it is the expected sum that is read:
    24 items have too many answers to weigh each, as the slider does, so there is no spread.
    Raises ChoiceError as `chances` does.
    """
    given = chances(decisions, choices)
    failed = sum(one is None for one in given)
    angle = category = length = consistency = None
    if not failed:
        chosen = [
            weights @ np.array([(option.allocation.own, option.allocation.other) for option in decision.options])
            for decision, weights in zip(decisions, given, strict=True)
            if weights is not None
        ]
        own, other = (np.array(chosen) - np.asarray(origins)).sum(axis=0).tolist()
        length = math.hypot(own, other)
        consistency = min(length / greatest, 1.0)  # the last digit of a sum may exceed the greatest
        if consistency > _NOWHERE:
            angle = math.degrees(math.atan2(other, own))
            category = ring_class(angle)
    return Score(
        angle=angle,
        category=category,
        transitive=None,
        length=length,
        index=None,
        failed=failed,
        asked=len(decisions),
        obtained=obtained(choices),
        consistency=consistency,
    )


@cache
def _decisions(radius: float, shown: str) -> tuple[Decision, ...]:
    """The decisions of one administration; immutable, so every respondent can be handed the same."""
    circle = points(radius).tolist()
    return tuple(
        Decision(
            game="ring",
            player=0,
            item=item,
            options=tuple(
                Option(STEP * (place % ITEMS), Allocation(*circle[place % ITEMS])) for place in (item - 1, item)
            ),
        )
        for item in order(shown)
    )


@dataclass(frozen=True, slots=True)
class Ring:
    """The ring measure as it is administered.

    radius: of the circle, in points.  order: of the items, "spread" or "circle" (see the function `order`).
    Raises SettingError for another order and for a radius of 0.1 or less, where rounding would join neighbours.
    """

    radius: float = 15.0
    order: str = "spread"

    def __post_init__(self) -> None:
        """Refuse at once what `decisions` could not serve."""
        above(self.name, "radius", self.radius, 0.1)
        order(self.order)

    @property
    def name(self) -> str:
        """The measure's name in tables: ring."""
        return "ring"

    @property
    def greatest(self) -> float:
        """The greatest length of the sum, in points: twice the radius, but for the rounding of points (30.01 for 15).

        Whoever takes the point nearer to one of the 24 in every item sums to twice that point.
        """
        return 2 * max(math.hypot(own, other) for own, other in points(self.radius).tolist())

    def decisions(self) -> tuple[Decision, ...]:
        """One decision per item in the order shown; an act is the place of its point on the circle, in degrees."""
        return _decisions(self.radius, self.order)

    def score(self, choices: Sequence[Choice]) -> Score:
        """The score of one administration; `choices` in the order of `decisions()`.

        See `vector_score`, with the centre of the circle as the origin of every item. What the literature calls a
        cooperative class is the category "prosocial".
        """
        return vector_score(self.decisions(), choices, np.zeros((ITEMS, 2)), self.greatest)
