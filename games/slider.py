"""The SVO slider measure of Murphy, Ackermann & Handgraaf (2011), Judgment and Decision Making 6(8), 771–781.

Six primary items, each a line of nine allocations, give an angle: the direction of the mean chosen allocation as seen
from (50, 50). Nine secondary items tell two kinds of prosocial respondents apart: those averse to inequality and those
after joint gain. Two checks belong beside every angle, because an angle alone cannot show that somebody answered with
intent (random answers give 22.7° on average): `transitive` and `vector_length`.

Options are numbered 1 to 9 as in the printed items; functions take them as whole numbers, items along the last axis.
The scoring follows Ackermann's scorer (SVO_Slider.m, 2011).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import ChoiceError, SettingError, unknown
from games.svo import classify
from games.types import Allocation, Choice, Decision, Option, Score

PRIMARY = tuple(range(1, 7))
SECONDARY = tuple(range(7, 16))
VERSIONS = ("A", "B")
CENTRE = 50
"""Points to each at the centre of the ring: angles are seen from (50, 50)."""
CONSISTENT_LENGTH = 35.0
"""A vector must be longer than this many points to count as consistent (Bakker & Dijkstra 2021, "Comparing the Slider
Measure of Social Value Orientation with Its Main Alternatives", Social Psychology Quarterly)."""


def _items() -> NDArray[np.int64]:
    """Points by (item, option, own/other), read from the table that is part of this package."""
    table = Path(__file__).with_name("data") / "svo_slider_items.csv"
    rows = np.loadtxt(table, dtype=np.int64, delimiter=",", skiprows=2, encoding="utf-8")  # the source; column names
    points = np.zeros((15, 9, 2), dtype=np.int64)
    points[rows[:, 0] - 1, rows[:, 1] - 1] = rows[:, 2:]
    points.setflags(write=False)
    return points


ITEMS: NDArray[np.int64] = _items()
"""Points by (item − 1, option − 1, own/other), shape (15, 9, 2), read-only. Inner points are rounded."""


def order(version: str) -> tuple[int, ...]:
    """Item numbers in the order shown. Version B shows the primary and the secondary block each in reverse order."""
    if version not in VERSIONS:
        raise unknown("slider version", version, VERSIONS)
    return PRIMARY + SECONDARY if version == "A" else PRIMARY[::-1] + SECONDARY[::-1]


def _checked(options: ArrayLike, items: int) -> NDArray[np.integer]:
    """The options as an array of whole numbers 1–9 with that many items on the last axis; else ValueError."""
    array = np.asarray(options)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"options are whole numbers 1 to 9, not {array.dtype}; leave out who did not answer every item"
        )
    if array.ndim == 0 or array.shape[-1] != items:
        raise ValueError(f"the last axis holds {items} items, but the options have shape {array.shape}")
    if array.size and not (array.min() >= 1 and array.max() <= 9):
        raise ValueError(f"options are numbered 1 to 9, but these run from {array.min()} to {array.max()}")
    return array


_POINTS = np.pad((ITEMS[:6] - CENTRE) @ np.array([1, 1j]), ((0, 0), (1, 0)))
"""Each primary option as seen from the centre, own + i·other, by (item − 1, option): the slider angle is that of their
sum. Whole numbers, so sums are exact, and one look-up in place of two for every answer."""


def _sum(options: ArrayLike) -> NDArray[np.complex128]:
    """The chosen points from the centre, own + i·other, summed over the six primary items: shape (…, 6) → (…)."""
    array = _checked(options, 6)
    total: NDArray[np.complex128] = _POINTS[0].take(array[..., 0])
    for item in range(1, 6):
        total += _POINTS[item].take(array[..., item])
    return total


def angle(options: ArrayLike) -> NDArray[np.float64]:
    """The slider angle in degrees: atan2(mean other − 50, mean own − 50) over the primary items.

    options: 1–9 on items 1 to 6, shape (…, 6). Returns shape (…), on [-16.26, 61.39].
    Raises ValueError on anything but whole numbers 1–9 with six items on the last axis: a missing item has no angle.
    """
    return np.angle(_sum(options), deg=True)  # the sum points where the mean does


def vector_length(options: ArrayLike) -> NDArray[np.float64]:
    """The distance in points of the mean chosen allocation from (50, 50); consistent above `CONSISTENT_LENGTH`.

    options and errors as for `angle`.
    """
    length: NDArray[np.float64] = np.abs(_sum(options)) / 6
    return length


def expected(probabilities: ArrayLike) -> tuple[float, float, float]:
    """The mean of the slider angle and its standard deviation, both in degrees, and the mean vector length in points.

    probabilities: of options 1 to 9 on items 1 to 6, shape (6, 9), items independent; each row is scaled to the sum 1.
    Exact: a sum over all ways to answer that are possible, at most 9⁶ (some 20 ms).
    """
    given = np.asarray(probabilities, dtype=np.float64)
    total, weight = np.zeros(1, dtype=np.complex128), np.ones(1)
    for points, chances in zip(_POINTS[:, 1:], given / given.sum(axis=1, keepdims=True), strict=True):
        possible = chances > 0
        total = np.add.outer(total, points[possible]).ravel()
        weight = np.multiply.outer(weight, chances[possible]).ravel()
    angles = np.angle(total, deg=True)
    mean = float(weight @ angles)
    return mean, math.sqrt(float(weight @ (angles - mean) ** 2)), float(weight @ np.abs(total)) / 6


@cache
def all_angles() -> NDArray[np.float64]:
    """The angles of all 9⁶ = 531,441 ways to answer the primary items, degrees, read-only; item 6 runs fastest."""
    total = np.zeros(1, dtype=np.complex128)
    for points in _POINTS[:, 1:]:
        total = np.add.outer(total, points).ravel()
    angles = np.angle(total, deg=True)
    angles.setflags(write=False)
    return angles


# --- transitivity --------------------------------------------------------------------------------------------------

_CORNERS = np.array([(50, 100), (85, 85), (100, 50), (85, 15)])  # altruistic, prosocial, individualistic, competitive
_JOINED = np.array([(1, 3), (3, 2), (0, 1), (0, 3), (2, 0), (2, 1)])  # the two corners that each primary item joins


def _preferred() -> NDArray[np.int64]:
    """By (primary item, option number): 1 if the first corner is nearer, 2 if the second, 0 in the exact middle."""
    squared = ((ITEMS[:6, :, None, :] - _CORNERS[_JOINED][:, None]) ** 2).sum(axis=-1)
    nearer = np.where(squared[..., 0] < squared[..., 1], 1, np.where(squared[..., 1] < squared[..., 0], 2, 0))
    return np.concatenate([np.zeros((6, 1), dtype=np.int64), nearer], axis=1)


def _graphs() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """For all 3⁶ outcomes of the six comparisons: the wins of each corner (729, 4), and whether they have no cycle."""
    outcomes = np.stack(np.unravel_index(np.arange(3**6), (3,) * 6), axis=-1)
    edges = np.zeros((3**6, 4, 4), dtype=np.int64)
    wins = np.zeros((3**6, 4))
    for item, (first, second) in enumerate(_JOINED):
        edges[:, first, second] = outcomes[:, item] == 1
        edges[:, second, first] = outcomes[:, item] == 2
        wins[:, [first, second]] += 0.5 * (outcomes[:, item] == 0)[:, None]
    # On four corners a walk of four steps must pass one twice; without a cycle there is none.
    return wins + edges.sum(axis=2), ~np.linalg.matrix_power(edges, 4).any(axis=(1, 2))


_PREFERRED = _preferred()
_WINS, _ACYCLIC = _graphs()


def _outcome(options: ArrayLike) -> NDArray[np.int64]:
    """The outcome of the six comparisons as one number 0 … 728."""
    array = _checked(options, 6)
    outcome = np.zeros(array.shape[:-1], dtype=np.int64)
    for item in range(6):
        outcome = 3 * outcome + _PREFERRED[item].take(array[..., item])
    return outcome


def preference_order(options: ArrayLike) -> NDArray[np.float64]:
    """How many of its three comparisons each orientation's corner wins, shape (…, 6) → (…, 4).

    In the order altruistic, prosocial, individualistic, competitive. Each primary item joins two corners, and the one
    nearer to the choice wins; in the exact middle each has half a win. Means an order only where `transitive` is true.
    options and errors as for `angle`.
    """
    return _WINS[_outcome(options)]


def transitive(options: ArrayLike) -> NDArray[np.bool_]:
    """Whether the preferences between the four corners have no cycle, shape (…, 6) → (…).

    The exact middle of an item prefers neither of its corners. options and errors as for `angle`.
    """
    return _ACYCLIC[_outcome(options)]


# --- ideal respondents and the secondary index ---------------------------------------------------------------------


class Respondent(StrEnum):
    """One who answers every item by a single motive."""

    ALTRUIST = "altruist"
    INEQUALITY_AVERSE = "inequality_averse"
    JOINT_GAIN = "joint_gain"
    INDIVIDUALIST = "individualist"
    COMPETITOR = "competitor"


@cache
def ideal_options(respondent: Respondent) -> tuple[tuple[int, ...], ...]:
    """The options that a respondent likes best, one tuple for each of items 1 to 15; several where indifferent.

    On items whose two ends bring the same joint gain (5, 8, 11, 13) every option is as good for joint gain: that two
    inner options bring 1 more is a trace of rounding.
    """
    own, other = ITEMS[..., 0], ITEMS[..., 1]
    liked = {
        Respondent.ALTRUIST: other,
        Respondent.INEQUALITY_AVERSE: -np.abs(own - other),
        Respondent.JOINT_GAIN: own + other,
        Respondent.INDIVIDUALIST: own,
        Respondent.COMPETITOR: own - other,
    }[respondent]
    best = liked == liked.max(axis=1, keepdims=True)
    if respondent == Respondent.JOINT_GAIN:
        best[liked[:, 0] == liked[:, -1]] = True
    return tuple(tuple(int(option) for option in np.flatnonzero(row) + 1) for row in best)


def _distance(options: NDArray[np.integer], respondent: Respondent) -> NDArray[np.int64]:
    """The mean distance to a respondent's secondary choices where these are definite, in steps × 18: whole numbers."""
    ideal = [best[0] if len(best) == 1 else 0 for best in ideal_options(respondent)[6:]]
    defined = np.flatnonzero(ideal)
    steps = np.abs(options[..., defined].astype(np.int64) - np.array(ideal)[defined]).sum(axis=-1)
    scaled: NDArray[np.int64] = steps * (math.lcm(9, 6) // len(defined))  # nine items are defined, or six
    return scaled


def secondary_index(options: ArrayLike) -> NDArray[np.float64]:
    """The index IA of prosocial motives: 0 inequality averse, 1 joint gain, shape (…, 9) → (…).

    options: 1–9 on items 7 to 15. IA = d_inequality / (d_inequality + d_joint), where d is the mean over defined items
    of |chosen − ideal| / 8. It exists only if these two are the smallest of the four d (the others: altruist,
    individualist), a tie with another counting for them as in Ackermann's scorer; NaN otherwise.
    Raises ValueError as `angle` does, with nine items.
    """
    array = _checked(options, 9)
    inequality, joint = _distance(array, Respondent.INEQUALITY_AVERSE), _distance(array, Respondent.JOINT_GAIN)
    others = np.minimum(_distance(array, Respondent.ALTRUIST), _distance(array, Respondent.INDIVIDUALIST))
    # The denominator is never 0: the two ideals differ on every item where both are defined.
    return np.where(np.maximum(inequality, joint) <= others, inequality / (inequality + joint), np.nan)[()]


# --- the measure ---------------------------------------------------------------------------------------------------


@cache
def _decisions(version: str, secondary: bool) -> tuple[Decision, ...]:
    """The decisions of one administration; immutable, so every respondent can be handed the same."""
    return tuple(
        Decision(
            game="slider",
            player=0,
            stage="primary" if item in PRIMARY else "secondary",
            item=item,
            options=tuple(
                Option(number, Allocation(float(own), float(other)))
                for number, (own, other) in enumerate(ITEMS[item - 1], start=1)
            ),
        )
        for item in order(version)
        if secondary or item in PRIMARY
    )


@dataclass(frozen=True, slots=True)
class Slider:
    """The slider measure as it is administered.

    version: "A", or "B" with the items of each block in reverse order.  secondary: whether to ask items 7 to 15 too.
    Raises SettingError on any other value.
    """

    version: str = "A"
    secondary: bool = True

    def __post_init__(self) -> None:
        """Refuse at once what `decisions` could not serve."""
        order(self.version)
        if not isinstance(self.secondary, bool):
            raise SettingError(f"slider: secondary is true or false, not {self.secondary!r}")

    @property
    def name(self) -> str:
        """The measure's name in tables: slider."""
        return "slider"

    def decisions(self) -> tuple[Decision, ...]:
        """One decision per item in the order shown; acts are option numbers 1–9, `item` is the printed number."""
        return _decisions(self.version, self.secondary)

    def score(self, choices: Sequence[Choice]) -> Score:
        """The score of one administration; `choices` in the order of `decisions()`.

        A failed primary item leaves angle, category, transitive and length None; a failed secondary item, the index.
        Where primary choices carry probabilities, the angle and the length are expectations (`expected`), a choice
        without being certain; the category is that of the expected angle, and transitive and index are None.
        Raises ChoiceError when the number of choices is wrong, one lies off its menu, or has a probability too many or
        too few.
        """
        asked = self.decisions()
        if len(choices) != len(asked):
            raise ChoiceError(
                f"slider: {len(choices)} choices for {len(asked)} items; give one each, failures among them"
            )
        given = {
            decision.item: (choice.taken(decision).act, choice.probabilities)
            for decision, choice in zip(asked, choices, strict=True)
            if choice.failure is None
        }
        failed = len(asked) - len(given)
        primary = [given[item] for item in PRIMARY if item in given]
        secondary = [given[item][0] for item in SECONDARY if item in given]
        if any(probabilities for _, probabilities in primary):
            return _expected_score(primary, failed, len(asked))
        options = [option for option, _ in primary]
        theta = float(angle(options)) if len(options) == len(PRIMARY) else None
        ia = float(secondary_index(secondary)) if len(secondary) == len(SECONDARY) else math.nan
        return Score(
            angle=theta,
            category=None if theta is None else classify(theta),
            transitive=None if theta is None else bool(transitive(options)),
            length=None if theta is None else float(vector_length(options)),
            index=None if math.isnan(ia) else ia,
            failed=failed,
            asked=len(asked),
        )


def _expected_score(primary: Sequence[tuple[int | str, tuple[float, ...] | None]], failed: int, asked: int) -> Score:
    """The score of primary items answered by probabilities; each is (option number drawn, probabilities or None)."""
    if any(probabilities is not None and len(probabilities) != 9 for _, probabilities in primary):
        raise ChoiceError("slider: probabilities need one number for each of the 9 options")
    theta = spread = length = None
    if len(primary) == len(PRIMARY):
        certain = np.eye(9)
        given = [certain[int(option) - 1] if each is None else each for option, each in primary]
        theta, spread, length = expected(given)
    return Score(
        angle=theta,
        category=None if theta is None else classify(theta),
        transitive=None,
        length=length,
        index=None,
        failed=failed,
        asked=asked,
        obtained="probabilities",
        spread=spread,
    )
