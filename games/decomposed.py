"""Decomposed games: any list of choices between allocations becomes a measure.

A decomposed game (Messick & McClintock 1968, "Motivational bases of choice in experimental games", Journal of
Experimental Social Psychology 4, 1–25) states for each act what it brings oneself and what it brings the other, so one
choice shows what is pursued. A file of the catalogue lists the items; no code is needed.

The score sums, over the items, the chosen allocation less the mean of the item's allocations. That mean is where an
item lies, which the respondent did not choose: points added to all options of an item move the mean as much as the
choice, and the difference stays as it was. Somebody who answers at random has the sum 0 on average. The options of the
ring measure have means that add up to 0 round the circle: for its items this score is the ring's own.

The sum points where the respondent does only as far as the items let it: items that differ in one direction alone can
give that direction and its opposite, no other. Items that cover all directions evenly, as the ring's do, favour none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from games.errors import SettingError
from games.ring import vector_score
from games.types import Allocation, Choice, Decision, Option, Score

PUBLISHED = ("slider", "ring", "triple_dominance")
"""Names of measures with items and a score of their own, which no other list of items may bear."""

type Item = tuple[tuple[float, float], ...]


def _item(where: str, number: int, given: object) -> Item:
    """One item as given, checked; SettingError if it is none."""
    here = f"{where}: item {number}"
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) < 2:
        raise SettingError(f"{here} is {given!r}; write at least two options, [[own, other], [own, other]]")
    if len(given) > 26:
        raise SettingError(f"{here} has {len(given)} options; a menu has letters for 26 at the most")
    options = tuple(_option(here, place, option) for place, option in enumerate(given, start=1))
    if len(set(options)) != len(options):
        raise SettingError(f"{here} offers the same points twice: {list(map(list, options))}; take one of them out")
    return options


def _option(here: str, place: int, given: object) -> tuple[float, float]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise SettingError(f"{here}, option {place} is {given!r}; write two numbers, [own, other]")
    for number in given:
        if not isinstance(number, int | float) or isinstance(number, bool) or not math.isfinite(number):
            raise SettingError(f"{here}, option {place} holds {number!r}; points are finite numbers")
    return float(given[0]), float(given[1])


@cache
def _means(items: tuple[Item, ...]) -> NDArray[np.float64]:
    """The mean allocation of each item, shape (items, 2)."""
    return np.array([np.mean(item, axis=0) for item in items])


@cache
def greatest_length(items: tuple[Item, ...]) -> float:
    """The greatest length in points that any answers can give the sum of choices less means.

    The longest sum is the one that goes furthest in some direction. The options that go furthest in a direction stay
    the same until it turns past one in which two options of an item are level, so one direction between each two of
    these is enough: twice as many as there are pairs of options, in place of all ways to answer.
    """
    level = []
    for item in items:
        options = np.array(item)
        first, second = np.triu_indices(len(options), k=1)
        own, other = (options[second] - options[first]).T
        at = np.arctan2(own, -other)  # at a right angle to the difference of two options
        level.append(np.concatenate([at % (2 * np.pi), (at + np.pi) % (2 * np.pi)]))
    turns = np.sort(np.concatenate(level))
    directions = (turns + np.append(turns[1:], turns[0] + 2 * np.pi)) / 2
    total = np.zeros((len(directions), 2))
    for item, mean in zip(items, _means(items), strict=True):
        options = np.array(item) - mean
        furthest = np.outer(np.cos(directions), options[:, 0]) + np.outer(np.sin(directions), options[:, 1])
        total += options[furthest.argmax(axis=1)]
    return float(np.hypot(total[:, 0], total[:, 1]).max())


@cache
def _decisions(name: str, items: tuple[Item, ...]) -> tuple[Decision, ...]:
    """The decisions of one administration; immutable, so every respondent can be handed the same."""
    return tuple(
        Decision(
            game=name,
            player=0,
            item=number,
            options=tuple(Option(act, Allocation(*points)) for act, points in enumerate(item, start=1)),
        )
        for number, item in enumerate(items, start=1)
    )


@dataclass(frozen=True, slots=True)
class Decomposed:
    """A list of decomposed games as a measure.

    name: the measure's name in tables; lower-case letters, digits and underscores.
    items: in the order shown; an item is two to 26 options, an option the points [own, other].
    Raises SettingError for a name that is another measure's or cannot be one, for a list without items, and for an
    item with fewer than two options, the same points twice, or points that are not two finite numbers.
    """

    name: str
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        """Refuse at once what `decisions` could not serve; the items may be lists, as a YAML file has them."""
        name: object = self.name
        if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
            raise SettingError(
                f"decomposed: name={name!r} cannot name a measure; write lower-case letters, digits and underscores"
            )
        if name in PUBLISHED:
            raise SettingError(f"decomposed: name={name!r} is another measure's; these items need a name of their own")
        items: object = self.items
        if not isinstance(items, Sequence) or isinstance(items, str) or not items:
            raise SettingError(f"{name}: items is {items!r}; write a list of items, [[[own, other], [own, other]], …]")
        checked = tuple(_item(name, number, item) for number, item in enumerate(items, start=1))
        object.__setattr__(self, "items", checked)

    def decisions(self) -> tuple[Decision, ...]:
        """One decision per item as listed; acts number an item's options from 1."""
        return _decisions(self.name, self.items)

    def score(self, choices: Sequence[Choice]) -> Score:
        """The score of one administration; `choices` in the order of `decisions()`.

        See `games.ring.vector_score`, with its mean allocation as the origin of each item, and `greatest_length` as
        the length that consistency is a share of; for the items of the ring measure that is the ring's.
        """
        return vector_score(self.decisions(), choices, _means(self.items), greatest_length(self.items))
