"""Simulated respondents for planning a study: SYNTHETIC, drawn many studies at a time.

Those of `SliderRespondents` answer the slider as the simulated chat model does (`agents.synthetic`): a ring angle of
their own, and options with the logit choice rule of McFadden (1974). `NormalRespondents` have the variances of a pilot.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc

from games.errors import SettingError, above, share
from games.rationality import value_rationality
from games.slider import ITEMS, PRIMARY, angle
from games.svo import RING_ANGLES, Orientation, utility

type Floats = NDArray[np.float64]

QUANTITIES = ("angle", "value_rationality")
"""What the simulated slider gives: degrees, and value rationality on [0, 1]."""
_REACH = 135
"""How far, in degrees of the ring, the second cell is looked for."""
_HELD = 20_000_000
"""How many comparisons are held at once."""


class Respondents(Protocol):
    """Who is simulated."""

    @property
    def between(self) -> float:
        """The variance of a respondent's true value, mean of the two cells."""
        ...

    @property
    def within(self) -> float:
        """The variance of one administration around it, mean of the two cells."""
        ...

    def draw(self, rng: np.random.Generator, studies: int, participants: int, repetitions: int) -> Floats:
        """Values of two cells, shape (2, studies, participants, repetitions); NaN where a reply failed."""
        ...


def probabilities(ring: ArrayLike, precision: float) -> Floats:
    """Of options 1 to 9 on the six primary items, for ring angles in degrees: shape (…) → (…, 6, 9)."""
    points = ITEMS[: len(PRIMARY)].astype(np.float64)
    logits = precision * utility(points[..., 0], points[..., 1], np.asarray(ring, dtype=np.float64)[..., None, None])
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return found


def options(chances: Floats, uniform: Floats) -> NDArray[np.int64]:
    """The options drawn with these probabilities, shape (…, 9), by numbers on [0, 1) of shape (…)."""
    found: NDArray[np.int64] = 1 + (uniform[..., None] >= chances.cumsum(axis=-1)[..., :-1]).sum(axis=-1)
    return found


@dataclass(frozen=True)
class SliderRespondents:
    """Two cells that answer the slider, whose means differ by `difference`.

    orientation: of the first cell, whose ring angle is its centre; the centre of the second lies where the mean of the
    quantity is that much away, on the nearer side that reaches it.  spread: standard deviation of ring angles between
    participants, degrees.  precision: λ per point.  unreadable: share of items without an answer; an administration
    with one has no value.
    Raises SettingError for a setting out of range, and a difference that no centre reaches.
    """

    difference: float
    quantity: str = "angle"
    orientation: str = "prosocial"
    spread: float = 8.0
    precision: float = 0.4
    unreadable: float = 0.01

    def __post_init__(self) -> None:
        Orientation.named(self.orientation)
        for name, value in (("difference", self.difference), ("spread", self.spread), ("precision", self.precision)):
            above("power", name, value, -1e-12)
        share("power", "unreadable", self.unreadable)
        if self.unreadable >= 1:
            raise SettingError("power: unreadable=1 leaves no answer at all; take less")

    @cached_property
    def centres(self) -> tuple[float, float]:
        """The mean ring angles of the two cells, degrees."""
        centre = RING_ANGLES[Orientation.named(self.orientation)]
        if self.difference == 0:
            return centre, centre
        offsets = np.arange(_REACH + 1, dtype=np.float64)
        start = float(self._population(np.array([centre]))[0][0])
        best, reached = None, 0.0
        for sign in (-1.0, 1.0):
            means = self._population(centre + sign * offsets)[0]
            away = np.abs(means - start)
            reached = max(reached, float(away.max()))
            beyond = np.flatnonzero(away >= self.difference)
            if beyond.size and (best is None or beyond[0] < best[0]):
                last = int(beyond[0])
                exact = np.interp(self.difference, away[last - 1 : last + 1], offsets[last - 1 : last + 1])
                best = last, centre + sign * float(exact)
        if best is None:
            raise SettingError(
                f"power: difference={self.difference:g} is more than the {self.quantity.replace('_', ' ')} of "
                f"simulated {self.orientation} respondents can change; the most is {reached:.3g}"
            )
        return centre, best[1]

    @property
    def between(self) -> float:
        """Mean over the cells of the variance of participants' true values."""
        return float(self._population(np.array(self.centres))[1].mean())

    @property
    def within(self) -> float:
        """Mean over the cells of the variance of one administration around it."""
        return float(self._population(np.array(self.centres))[2].mean())

    def draw(self, rng: np.random.Generator, studies: int, participants: int, repetitions: int) -> Floats:
        """Values of two cells, shape (2, studies, participants, repetitions); NaN where a reply failed."""
        some = max(1, _HELD // (participants * repetitions * len(PRIMARY) * 8))
        blocks = []
        for start in range(0, studies, some):
            shape = (2, min(some, studies - start), participants)
            centres = np.array(self.centres)[:, None, None]
            chances = probabilities(centres + self.spread * rng.normal(size=shape), self.precision)
            items = (*shape, repetitions, len(PRIMARY))
            found = self._value(options(chances[..., None, :, :], rng.random(items)))
            found[(rng.random(items) < self.unreadable).any(axis=-1)] = np.nan
            blocks.append(found)
        return np.concatenate(blocks, axis=1)

    def _value(self, chosen: NDArray[np.int64]) -> Floats:
        angles = angle(chosen)
        return value_rationality(angles, self.orientation) if self.quantity == "value_rationality" else angles

    def _population(self, centres: Floats) -> tuple[Floats, Floats, Floats]:
        """By centre: the mean value of participants around it, its variance between and within participants."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        means, variances = (
            np.interp(centres[:, None] + self.spread * nodes, self._grid[0], one) for one in self._grid[1:]
        )
        weights = weights / weights.sum()
        mean = means @ weights
        return mean, (means - mean[:, None]) ** 2 @ weights, variances @ weights

    @cached_property
    def _grid(self) -> tuple[Floats, Floats, Floats]:
        """Ring angles, and the mean and the variance of one administration there, over evenly spread answers."""
        centre, far = RING_ANGLES[Orientation.named(self.orientation)], _REACH + 10 * self.spread
        rings = np.linspace(centre - far, centre + far, 2 * int(far) + 1)
        uniform = qmc.Sobol(len(PRIMARY), scramble=True, rng=np.random.default_rng(0)).random_base2(10)
        values = np.array([self._value(options(one, uniform)) for one in probabilities(rings, self.precision)])
        return rings, values.mean(axis=1), values.var(axis=1)


@dataclass(frozen=True)
class NormalRespondents:
    """Two cells with normal values, of variances as a pilot had them, whose means differ by `difference`.

    between, within: variance of a unit's true value, and of one administration around it.
    unreadable: share of administrations without a value.
    """

    difference: float
    between: float
    within: float
    unreadable: float = 0.0

    def draw(self, rng: np.random.Generator, studies: int, participants: int, repetitions: int) -> Floats:
        """Values of two cells, shape (2, studies, participants, repetitions); NaN where a reply failed."""
        shape = (2, studies, participants, repetitions)
        own = np.sqrt(self.between) * rng.normal(size=(*shape[:3], 1))
        found: Floats = own + np.sqrt(self.within) * rng.normal(size=shape)
        found[1] += self.difference
        found[rng.random(shape) < self.unreadable] = np.nan
        return found
