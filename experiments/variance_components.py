"""How the variance of a measure divides over factors with few, given levels: without bias, for any number of answers.

The question is about the levels at hand ("these six wordings"), not about a universe that they were drawn from, so the
components are those of a finite population (Cornfield & Tukey 1956, Annals of Mathematical Statistics 27, 907–949;
Gelman 2005, Annals of Statistics 33, 1–53). Every level of every factor weighs the same. The variance of one answer,
drawn from all cells alike, is then the sum of the functional analysis of variance of the cells' true means (Sobol 1993)
and of the variance within cells. Divisors are numbers of levels, so that the parts add to the whole.

Mean squares of observed cell means contain noise. Here no answer is ever multiplied by itself or by another of the same
unit: the product of two cells' true means is estimated by the mean product over pairs of *different* units (Hoeffding
1948, Annals of Mathematical Statistics 19, 293–325), which is unbiased whatever the variances, and however many answers
a cell has. With equal numbers it is the method of moments of the analysis of variance (Searle, Casella & McCulloch
1992, *Variance Components*, chapter 4). An estimate may fall below 0 where the component is small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.statistics import Interval, Resampling
from experiments.variance_moments import MEAN, OWN, WITHIN, Answers, Moments, estimated, mean_of
from games.errors import SettingError

PARTICIPANT, REPLY, BOTH = "participant", "reply", "participant and reply"
OTHER = "other interactions"
RESPONDENTS = "respondents"
_TINY = 1e-9


@dataclass(frozen=True)
class Component:
    """A part of the variance.

    name: of the factor, the interaction (a × b), or who answered.  factors: those that it is of; none for respondents.
    variance: in squared units of the value, unbiased, so it may be below 0.  share: of the total, with an interval;
    cut to [0, 1].  constant: whether it is exactly 0 in every resample, which says nothing of chance and leaves no
    interval.
    """

    name: str
    factors: tuple[str, ...]
    variance: float
    share: Interval
    constant: bool = False

    @property
    def sd(self) -> float:
        """Its standard deviation in units of the value; 0 where the estimate of the variance is below 0."""
        return float(np.sqrt(max(self.variance, 0.0)))


@dataclass(frozen=True)
class Decomposition:
    """The parts, which add to the total; and their sums by the groups asked for, respondents last, which do so too."""

    components: tuple[Component, ...]
    groups: tuple[Component, ...]
    total: float


def decompose(
    answers: Answers,
    resampling: Resampling,
    value: str = "orientation",
    groups: Mapping[str, Sequence[str]] | None = None,
    unit: str = "participants",
) -> Decomposition:
    """The components of the variance, with intervals.

    value: the factor whose interaction with each other factor stands by itself; the remaining interactions are one.
    groups: by name, factors; a group is the sum of the components of any of them, their interactions with the value
    among them, that belong to no group named before it.  unit: the word for the units.

    Intervals are bootstraps over whole units. For cell means they are drawn within strata of the same cells, n − 1 of n
    with weights n / (n − 1) (Rao & Wu 1988, Journal of the American Statistical Association 83, 231–241); a resample of
    noisy means has the noise twice, so it is taken off twice. For variances within cells, each unit's squared distances
    from its cells' means are drawn from those of all units, as many as there are degrees of freedom: two or three
    units of one cell would say nothing of how its variance varies. None below five units, as everywhere.
    """
    moments = Moments.of(answers)
    names = tuple(answers.factors)
    plans = _plans(names, value, moments.separable)
    merged = _group_plans(plans, groups) if groups else []
    keys = {mean_of(), mean_of(*names)} | {key for *_, parts in plans + merged for key in parts if key.startswith(MEAN)}
    found, drawn = estimated(answers, moments, keys, resampling)
    whole = {mean_of(*names): 1, mean_of(): -1, WITHIN: 1}
    total = sum(sign * found[key] for key, sign in whole.items())
    if not total > 0:
        raise SettingError("variance: all values are the same, so there is no variance to divide")
    totals = sum((sign * drawn[key] for key, sign in whole.items()), np.zeros(resampling.resamples))

    def component(name: str, factors: tuple[str, ...], parts: Mapping[str, int]) -> Component:
        variance = sum(sign * found[key] for key, sign in parts.items())
        resampled = sum((sign * drawn[key] for key, sign in parts.items()), np.zeros(resampling.resamples))
        finite = resampled[np.isfinite(resampled)]
        constant = bool((np.abs([variance, *finite]) <= _TINY * total).all())
        limits = (None, None) if constant else resampling.limits(resampled / totals, moments.units)
        estimate, low, high = (None if x is None else float(np.clip(x, 0, 1)) for x in (variance / total, *limits))
        return Component(name, factors, variance, Interval(estimate, low, high, moments.units, unit), constant)

    return Decomposition(tuple(component(*plan) for plan in plans), tuple(component(*plan) for plan in merged), total)


type _Plan = tuple[str, tuple[str, ...], dict[str, int]]


def _plans(names: tuple[str, ...], value: str, separable: bool) -> list[_Plan]:
    """Name, factors and signed moments of each component: of the factors by inclusion and exclusion."""
    made: list[_Plan] = [(name, (name,), {mean_of(name): 1, mean_of(): -1}) for name in names]
    if value in names:
        for name in (one for one in names if one != value):
            parts = {mean_of(value, name): 1, mean_of(value): -1, mean_of(name): -1, mean_of(): 1}
            made.append((f"{value} × {name}", (value, name), parts))
    if len(names) > 2 or (len(names) == 2 and value not in names):
        rest = {mean_of(*names): 1, mean_of(): -1}
        for _, _, parts in made:
            for key, sign in parts.items():
                rest[key] = rest.get(key, 0) - sign
        made.append((OTHER, names, rest))
    if not separable:
        return [*made, (BOTH, (), {WITHIN: 1})]
    return [*made, (PARTICIPANT, (), {OWN: 1}), (REPLY, (), {WITHIN: 1, OWN: -1})]


def _group_plans(plans: Sequence[_Plan], groups: Mapping[str, Sequence[str]]) -> list[_Plan]:
    """Sums of components by group, in the groups' order; what belongs to none stays by itself, respondents together."""
    made: list[_Plan] = []
    left = [plan for plan in plans if plan[1] and plan[0] != OTHER]
    for name, factors in groups.items():
        mine = [plan for plan in left if set(plan[1]) & set(factors)]
        left = [plan for plan in left if plan not in mine]
        if mine:
            parts: dict[str, int] = {}
            for key, sign in (item for plan in mine for item in plan[2].items()):
                parts[key] = parts.get(key, 0) + sign
            made.append((name, tuple(factors), parts))
    return [*made, *left, *(plan for plan in plans if plan[0] == OTHER), (RESPONDENTS, (), {WITHIN: 1})]
