"""Social preferences estimated from any choices, of measures and of play alike.

Three models of what an option is worth, compared by likelihood; each is a conditional logit (`games.choice_models`):

- ring: cos φ · own + sin φ · other (Griesinger & Livingston 1973, "Toward a model of interpersonal motivation in
  experimental games", Behavioral Science 18, 173–188), times a precision λ. `other` is the sum over all others.
- inequality aversion: own − α · max(other − own, 0) − β · max(own − other, 0) (Fehr & Schmidt 1999, "A theory of
  fairness, competition, and cooperation", Quarterly Journal of Economics 114, 817–868, two players), times a precision.
  With more than one other, `other` is their mean here: from a sum no more can be told.
- chance: all options alike.

Estimates are of maximum likelihood. What choices cannot tell has no number: it is None, and `Status` says why.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

from games.choice_models import Fit, Floats, Likelihood, Logit, Observed, climb, fit, logit
from games.errors import SettingError

_SPREAD = 1e-6
"""Degrees: angles nearer than this are taken as one; rounding of floating point is far below it."""
_BESIDE = 1e-3
"""Degrees beyond the explaining angles at which the profile of separated choices is taken."""
_GRID = np.radians(np.arange(0, 360, 7.5))
"""Angles among which the search for the best on a circle starts, radians."""


class Status(StrEnum):
    """What an estimate stands on; only the first is an estimate to be used as it is."""

    ESTIMATED = "estimated"
    """The likelihood has one maximum, and the choices differ from chance."""
    CHANCE = "chance"
    """There is a maximum, but a likelihood-ratio test does not tell the choices from random ones: no angle is shown."""
    SEPARATED = "separated"
    """Some weights explain every choice, and precision has no bound: the angle is only known to be in `explains`."""
    LINE = "line"
    """All options of each decision lie along one direction: only the utility gained along it (`along`) can be told."""
    UNIDENTIFIED = "unidentified"
    """The options do not vary enough to tell the parameters apart, such as when nobody can be behind; or stakes differ
    by so many orders of magnitude that floating point cannot."""
    UNSCALED = "unscaled"
    """Own points do not count for themselves, so envy and guilt, which are counted in them, have no value."""
    TOO_FEW = "too few"
    """No more choices between options that differ than the model has parameters: it would fit nearly any answers."""


@dataclass(frozen=True, slots=True)
class Arc:
    """Angles from `low` anticlockwise to `high`, degrees; low on (−180, 180], high at most a full circle above it."""

    low: float
    high: float

    def __contains__(self, angle: float) -> bool:
        return (angle - self.low) % 360 <= self.high - self.low or angle in (self.low, self.high)

    @property
    def width(self) -> float:
        """How many degrees it spans; 360 for the whole circle, 0 for a single angle."""
        return self.high - self.low


CIRCLE = Arc(-180.0, 180.0)
"""Every angle."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The ring model's estimate.

    angle: φ in degrees on (−180, 180].  precision: λ ≥ 0, per point.  angle_se, precision_se: by the delta method.
    angle_interval, precision_interval: by profile likelihood. The circle is whole if and only if λ's reaches 0; λ's
        has no upper end (inf) with separated choices. None where not asked for, or no angle can be told. Of random
        choices λ's interval leaves 0 out in 15 of 100 cases (two weights are free, not one), so look at `status` first.
    explains: with separated choices, the angles at which every choice is a best one.
    line, along: with status "line" the line's direction in degrees on (−90, 90], and λ cos(φ − line) per point, None if
        that grows without bound.
    likelihood: None with too few choices.  n: number of choices.
    """

    status: Status
    n: int
    angle: float | None = None
    precision: float | None = None
    angle_se: float | None = None
    precision_se: float | None = None
    angle_interval: Arc | None = None
    precision_interval: tuple[float, float] | None = None
    explains: Arc | None = None
    line: float | None = None
    along: float | None = None
    likelihood: Likelihood | None = None


@dataclass(frozen=True, slots=True)
class InequalityAversion:
    """The inequality aversion model's estimate.

    envy: α, own points given up per point of being behind.  guilt: β, the same per point of being ahead; both may be
    negative.  precision: λ > 0, per point.  envy_se, guilt_se, precision_se: by the delta method.
    likelihood: of all three weights, whatever their signs; None with too few choices.  n: number of choices.
    """

    status: Status
    n: int
    envy: float | None = None
    guilt: float | None = None
    precision: float | None = None
    envy_se: float | None = None
    guilt_se: float | None = None
    precision_se: float | None = None
    likelihood: Likelihood | None = None


# --- the ring model ------------------------------------------------------------------------------------------------


def estimate_ring(observed: Sequence[Observed], confidence: float = 0.95, intervals: bool = True) -> Ring:
    """The ring angle and precision of whoever made these choices.

    confidence: of the intervals, and of the test against chance (two parameters).  intervals: whether to find them.
    Raises SettingError when the confidence is not between 0 and 1.
    """
    _check(confidence)
    choices = logit(observed, lambda own, other, others: (own, other))
    n = len(observed)
    if choices.informative <= 2:
        return Ring(Status.TOO_FEW, n)
    best = fit(choices)
    likelihood = _likelihood(choices, best, n)
    if best.rank == 1:
        return _on_a_line(choices, best, likelihood)
    explains = _explaining(choices)
    if not (explains or best.finite):
        return Ring(Status.UNIDENTIFIED, n, likelihood=likelihood)
    if explains:
        arc, precision = _intervals(choices, best, explains, confidence) if intervals else (None, None)
        return Ring(
            Status.SEPARATED,
            n,
            explains=explains,
            angle_interval=arc,
            precision_interval=precision,
            likelihood=likelihood,
        )
    arc, precision = _intervals(choices, best, None, confidence) if intervals else (None, None)
    status = Status.CHANCE if 2 * likelihood.ratio <= chdtri(2, 1 - confidence) else Status.ESTIMATED
    length = float(np.hypot(*best.weights))
    if length * choices.scale < 1e-9:
        return Ring(status, n, None, 0.0, None, None, arc, precision, likelihood=likelihood)
    x, y = best.weights / length
    slopes = np.array([[-y / length, x / length], [x, y]])
    angle_se, precision_se = _errors(choices, best, slopes)
    angle, angle_se = _degrees(best.weights), math.degrees(angle_se)
    return Ring(status, n, angle, length, angle_se, precision_se, arc, precision, likelihood=likelihood)


def _on_a_line(choices: Logit, best: Fit, likelihood: Likelihood) -> Ring:
    """What is told when all options of each decision differ along one direction only."""
    steps = choices.features.reshape(-1, 2)
    longest = steps[np.hypot(*steps.T).argmax()]
    if longest[0] < 0 or (longest[0] == 0 and longest[1] < 0):
        longest = -longest
    along = float(best.weights @ longest / np.hypot(*longest)) if best.finite else None
    return Ring(Status.LINE, likelihood.n, line=_degrees(longest), along=along, likelihood=likelihood)


def _explaining(choices: Logit) -> Arc | None:
    """The angles at which every chosen option is a best one, None if there are none.

    At such an angle no other option lies ahead of the chosen one: the differences to it leave half a circle free, and
    these angles are a right angle inside the free part's ends.
    """
    differences = choices.differences()
    angles = np.unique(np.degrees(np.arctan2(differences[:, 1], differences[:, 0])))
    gaps = np.diff(angles, append=angles[0] + 360)
    widest = int(gaps.argmax())
    if gaps[widest] < 180 - _SPREAD:
        return None
    low = _wrapped(float(angles[widest]) + 90)
    return Arc(low, low + max(float(gaps[widest]) - 180, 0.0))


def _intervals(choices: Logit, best: Fit, explains: Arc | None, confidence: float) -> tuple[Arc, tuple[float, float]]:
    """Profile-likelihood intervals of angle and precision: where twice the loss in log-likelihood is not significant.

    All weights with that loss form a convex region. Seen from 0 it lies within the half circle around the gradient at
    0 if 0 is outside, which brackets the ends; if 0 is inside, the region is all around.
    """
    bound = float(chdtri(1, 1 - confidence))
    at_zero, gradient, _ = choices.slopes(np.zeros(2))
    length = float(np.hypot(*best.weights)) * choices.scale
    start = explains or Arc(_degrees(best.weights), _degrees(best.weights))
    direction = start.low + start.width / 2

    def loss(likelihood: float) -> float:
        # The root is nearly linear in the parameter, which makes finding the ends fast.
        return math.sqrt(max(2 * (best.log_likelihood - likelihood), 0.0)) - math.sqrt(bound)

    @cache
    def off(angle: float) -> float:
        near = length * max(math.cos(math.radians(angle - direction)), 0.0) if best.finite else 0.0
        return loss(_best_at_angle(choices, angle, at_zero, near))

    @cache
    def around(radius: float) -> float:
        return loss(_best_at_precision(choices, radius, direction)) if radius else loss(at_zero)

    reaches_zero = loss(at_zero) <= 0
    if reaches_zero:
        arc, low = CIRCLE, 0.0
    else:
        middle = _degrees(gradient)
        first = middle + _wrapped(start.low - middle)
        # With separation the profile may jump where the explaining angles end, so it is taken just beyond.
        beside = 0.0 if best.finite else _BESIDE
        lower = _root(off, first - beside, middle - 90, otherwise=first)
        upper = _root(off, first + start.width + beside, middle + 90, otherwise=first + start.width)
        arc = Arc(_wrapped(lower), _wrapped(lower) + upper - lower)
        near = length if best.finite else _beyond(lambda radius: -around(radius), 1.0)
        low = _root(around, near, 0.0) / choices.scale
    if not best.finite:
        return arc, (low, math.inf)
    far = _beyond(around, max(length, 1e-3))
    return arc, (low, _root(around, length, far) / choices.scale)


def _best_at_angle(choices: Logit, angle: float, at_zero: float, near: float) -> float:
    """The largest log-likelihood at an angle in degrees, over precisions ≥ 0.

    at_zero: that of precision 0.  near: a precision to start from, in units of the logit's scale.
    """
    radians = math.radians(angle)
    ray = choices.along(np.array([[math.cos(radians)], [math.sin(radians)]]))
    weights, likelihood, _, _ = climb(ray, near)
    return likelihood if weights[0] > 0 else at_zero


def _best_at_precision(choices: Logit, radius: float, direction: float) -> float:
    """The largest log-likelihood that any angle gives at a precision in units of the logit's scale.

    On a circle there may be two peaks, so Newton's method starts at the best of a grid of angles. The estimate's
    direction in degrees is among them: far out the peak can be narrower than the grid.
    """
    angles = np.append(_GRID, math.radians(direction))
    values = choices.log_likelihoods(radius * np.stack([np.cos(angles), np.sin(angles)]))
    likelihood, angle, step = -math.inf, float(angles[values.argmax()]), 0.0
    for _ in range(60):
        outward = np.array([math.cos(angle + step), math.sin(angle + step)])
        found, gradient, information = choices.slopes(radius * outward)
        if found < likelihood:
            step /= 2
            continue
        angle, likelihood = angle + step, found
        sideways = np.array([-outward[1], outward[0]])
        slope = radius * float(gradient @ sideways)
        straight = radius**2 * float(sideways @ information @ sideways)
        bent = straight + radius * float(gradient @ outward)
        step = slope / (bent if bent > 0 else straight + abs(slope) + 1e-200)
        if abs(slope * step) < 1e-10:
            break
    return likelihood


# --- the inequality aversion model -----------------------------------------------------------------------------------


def estimate_inequality_aversion(observed: Sequence[Observed], confidence: float = 0.95) -> InequalityAversion:
    """Envy and guilt of whoever made these choices.

    confidence: of the test against chance (three parameters).
    Raises SettingError when the confidence is not between 0 and 1.
    """
    _check(confidence)
    choices = logit(observed, _inequality)
    n = len(observed)
    if choices.informative <= 3:
        return InequalityAversion(Status.TOO_FEW, n)
    best = fit(choices)
    likelihood = _likelihood(choices, best, n)
    own, behind, ahead = (float(weight) for weight in best.weights)
    if best.rank < 3:
        return InequalityAversion(Status.UNIDENTIFIED, n, likelihood=likelihood)
    if not best.finite:
        return InequalityAversion(Status.SEPARATED, n, likelihood=likelihood)
    if own <= 0:
        return InequalityAversion(Status.UNSCALED, n, likelihood=likelihood)
    slopes = np.array([[-behind / own**2, 1 / own, 0], [-ahead / own**2, 0, 1 / own], [1, 0, 0]])
    errors = _errors(choices, best, slopes)
    status = Status.CHANCE if 2 * likelihood.ratio <= chdtri(3, 1 - confidence) else Status.ESTIMATED
    return InequalityAversion(status, n, behind / own, ahead / own, own, errors[0], errors[1], errors[2], likelihood)


def _inequality(own: Floats, other: Floats, others: Floats) -> tuple[Floats, Floats, Floats]:
    """Own points, and less what one is behind and ahead of the others' mean: their weights are λ, λα and λβ."""
    mean = other / others
    return own, -np.maximum(mean - own, 0), -np.maximum(own - mean, 0)


# --- comparison ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """One model in a comparison.

    model: "chance", "ring" or "inequality aversion".  status: of its estimate; None for chance, which has none.
    likelihood: None where there are too few choices for the model.  best: whether it has the least AIC.
    """

    model: str
    status: Status | None
    likelihood: Likelihood | None
    best: bool


def compare(observed: Sequence[Observed], confidence: float = 0.95) -> tuple[Compared, ...]:
    """The models beside each other: chance, ring, inequality aversion.

    A model without a finite estimate takes part with the likelihood that it is known to have: of separated choices the
    value that it tends to (0 if every choice is explained), of unidentified ones the maximum, with as many parameters
    as the choices can tell. Where models have equal AIC the first of the order is best. None is best if the choices are
    too few for any model but chance. Where all decisions have as many others, the ring is inequality aversion with
    envy = −guilt, so the two differ by one parameter.
    Raises SettingError when the confidence is not between 0 and 1.
    """
    ring = estimate_ring(observed, confidence, intervals=False)
    aversion = estimate_inequality_aversion(observed, confidence)
    alone = None if ring.likelihood is None else Likelihood(ring.n, 0, ring.likelihood.chance, ring.likelihood.chance)
    found = [
        ("chance", None, alone),
        ("ring", ring.status, ring.likelihood),
        ("inequality aversion", aversion.status, aversion.likelihood),
    ]
    # Rounding must not decide between models that fit equally well.
    criteria = [math.inf if likelihood is None else round(likelihood.aic, 6) for _, _, likelihood in found]
    least = criteria.index(min(criteria)) if alone else None
    return tuple(Compared(*each, best=place == least) for place, each in enumerate(found))


# --- what the models share -------------------------------------------------------------------------------------------


def _check(confidence: float) -> None:
    """Raise SettingError unless the confidence lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise SettingError(f"estimation: confidence={confidence} must lie between 0 and 1, such as 0.95")


def _likelihood(choices: Logit, best: Fit, n: int) -> Likelihood:
    """How well a fit does."""
    return Likelihood(n, best.rank, best.log_likelihood, choices.chance)


def _errors(choices: Logit, best: Fit, slopes: Floats) -> list[float]:
    """Standard errors of what depends on the weights with these slopes, (some, F), by the delta method."""
    covariance = np.linalg.inv(best.information) / choices.scale**2
    return [math.sqrt(float(slope @ covariance @ slope)) for slope in slopes]


def _degrees(weights: Floats) -> float:
    """The angle of weights on (−180, 180]."""
    return _wrapped(math.degrees(math.atan2(weights[1], weights[0])))


def _wrapped(angle: float) -> float:
    """The same angle on (−180, 180]."""
    return 180 - (180 - angle) % 360


def _root(loss: Callable[[float], float], inside: float, outside: float, otherwise: float | None = None) -> float:
    """Where a loss crosses 0 between a point inside and one outside; if the first is not inside, `otherwise` or it."""
    if loss(inside) >= 0:
        return inside if otherwise is None else otherwise
    return float(brentq(loss, inside, outside, xtol=1e-5, rtol=1e-5))


def _beyond(loss: Callable[[float], float], start: float) -> float:
    """A precision at which a loss is positive, doubling from a start."""
    while loss(start) <= 0:
        start *= 2
    return start
