"""Conditional logit: what choices say about the weights of what each option brings.

An option with features x is chosen with probability exp(w · x) / Σ exp(w · x') over the options of its decision
(McFadden 1974, "Conditional logit analysis of qualitative choice behavior", in Zarembka, ed., Frontiers in
Econometrics, 105–142). The log-likelihood is concave in the weights w, so a maximum is the maximum; there is none
where some weights explain every choice and more of the same explains them better ("separation": Albert & Anderson 1984,
"On the existence of maximum likelihood estimates in logistic regression models", Biometrika 71, 1–10).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from games.types import Choice, Decision

type Floats = NDArray[np.float64]
type Features = Callable[[Floats, Floats, Floats], tuple[Floats, ...]]

_SMALL = 1e-12
"""Below this share of the largest variance over options a combination of features does not vary."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One choice, as estimation takes it.

    own, other: points that each option brings; `other` is the sum over all others.  chosen: index of the option taken.
    others: how many others the sum is over.
    Raises ValueError with fewer than two options, lengths that differ, points that are not finite, a choice that is off
    the menu, or no others.
    """

    own: tuple[float, ...]
    other: tuple[float, ...]
    chosen: int
    others: int = 1

    def __post_init__(self) -> None:
        if len(self.own) != len(self.other) or len(self.own) < 2:
            raise ValueError(f"{len(self.own)} own and {len(self.other)} other points; give both for 2 or more options")
        if not all(map(math.isfinite, self.own + self.other)):
            raise ValueError(f"points must be finite, not own={self.own}, other={self.other}")
        if not 0 <= self.chosen < len(self.own):
            raise ValueError(f"chosen={self.chosen} is none of the options 0 … {len(self.own) - 1}")
        if self.others < 1:
            raise ValueError(f"others={self.others}; an allocation has at least one other")


def observe(decision: Decision, choice: Choice) -> Observed:
    """The choice with what each option of the decision brings. Raises ChoiceError for a failure: leave it out."""
    choice.taken(decision)
    points = [option.allocation for option in decision.options]
    own, other = tuple(each.own for each in points), tuple(each.other for each in points)
    return Observed(own, other, choice.option or 0, decision.others)


@dataclass(frozen=True, slots=True)
class Logit:
    """Choices as arrays, equal decisions put together: M different decisions, up to J options, F features.

    features: shape (M, J, F), seen from each decision's first option and in units of `scale`; 0 where there is no
        option.  absent: shape (M, J), −inf where there is no option, else 0.
    counts: shape (M, J), how often each option was chosen.  scale: the largest range of a feature within a decision.
    total: shape (F,), the sum of the chosen features.  times: shape (M,), how often each decision was met.
    """

    features: Floats
    absent: Floats
    counts: Floats
    scale: float
    total: Floats
    times: Floats

    @property
    def chance(self) -> float:
        """The log-likelihood of choosing at random: −Σ log k over choices among k options."""
        return -float(self.times @ np.log((self.absent == 0).sum(axis=1)))

    @property
    def informative(self) -> int:
        """How many choices were between options that differ."""
        return int(self.times[(self.features != 0).any(axis=(1, 2))].sum())

    def differences(self) -> Floats:
        """Options less the one chosen instead of them, where the two differ: shape (pairs, F)."""
        decision, chosen = np.nonzero(self.counts)
        apart: Floats = self.features[decision] - self.features[decision, chosen][:, None]
        differ = (np.abs(apart) > _SMALL).any(axis=2) & (self.absent[decision] == 0)
        pairs: Floats = apart[differ]
        return pairs

    def along(self, directions: Floats) -> "Logit":
        """The model whose weights are combinations of some directions, shape (F, fewer)."""
        return replace(self, features=self.features @ directions, total=self.total @ directions)

    def log_likelihoods(self, weights: Floats) -> Floats:
        """The log-likelihood of each of many weights: shape (F, many) → (many,)."""
        worth = self.features @ weights + self.absent[:, :, None]
        most = worth.max(axis=1)
        likelihoods: Floats = self.total @ weights
        likelihoods -= self.times @ (most + np.log(np.exp(worth - most[:, None]).sum(axis=1)))
        return likelihoods

    def slopes(self, weights: Floats) -> tuple[float, Floats, Floats]:
        """The log-likelihood, its gradient (F,) and the information (F, F), which is less its second derivative."""
        worth = self.features @ weights + self.absent
        most = worth.max(axis=1)
        shares = np.exp(worth - most[:, None])
        sums = shares.sum(axis=1)
        shares /= sums[:, None]
        means = (shares[:, None, :] @ self.features)[:, 0]
        # Seen from the mean before squaring: the difference of two squares loses all digits near separation.
        spread = self.features - means[:, None]
        weighted = (shares * self.times[:, None])[:, :, None] * spread
        columns = len(weights)
        information = weighted.reshape(-1, columns).T @ spread.reshape(-1, columns)
        likelihood = float(self.total @ weights - self.times @ (most + np.log(sums)))
        return likelihood, self.total - self.times @ means, information


def logit(observed: Sequence[Observed], features: Features) -> Logit:
    """The choices as arrays; `features` maps own points, other points and the number of others to the features."""
    rows: dict[tuple[tuple[float, ...], tuple[float, ...], int], list[int]] = {}
    for one in observed:
        rows.setdefault((one.own, one.other, one.others), [0] * len(one.own))[one.chosen] += 1
    sizes = [len(counts) for counts in rows.values()]
    shape = len(rows), max(sizes, default=2)
    own, other, counts, absent = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for row, ((to_own, to_other, _), chosen) in enumerate(rows.items()):
        size = sizes[row]
        own[row, :size], other[row, :size], counts[row, :size], absent[row, size:] = to_own, to_other, chosen, -np.inf
    others = np.array([key[2] for key in rows], dtype=np.float64)[:, None]
    found = np.stack(features(own, other, others), axis=-1)
    found = np.where((absent == 0)[:, :, None], found - found[:, :1], 0.0)
    scale = float(np.ptp(found, axis=1).max(initial=0.0)) or 1.0
    found /= scale
    found[np.abs(found) < _SMALL] = 0.0  # a difference that is rounding alone
    total = (counts[:, :, None] * found).sum(axis=(0, 1))
    return Logit(found, absent, counts, scale, total, counts.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How well a model fits.

    n: number of choices.  parameters: how many the choices can tell, at most those of the model.
    log_likelihood: the maximum; of separated choices the value that it tends to.
    chance: the log-likelihood of choosing at random, −Σ log k.
    """

    n: int
    parameters: int
    log_likelihood: float
    chance: float

    @property
    def aic(self) -> float:
        """Akaike's criterion, less is better."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """The Bayesian criterion with n the number of choices, less is better."""
        return self.parameters * math.log(self.n) - 2 * self.log_likelihood

    @property
    def ratio(self) -> float:
        """The log-likelihood ratio against chance, 0 or more; twice it is the test's statistic."""
        return max(self.log_likelihood - self.chance, 0.0)

    @property
    def pseudo_r2(self) -> float:
        """McFadden's 1 − ln L / ln L₀: 0 as good as chance, 1 every choice certain."""
        return 1 - self.log_likelihood / self.chance


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum of a log-likelihood.

    weights: (F,), per point; where `rank` is below F the shortest of all that are as good.  rank: how many combinations
    of weights the decisions can tell.  finite: whether there is a maximum; else the choices are separated, and the
    weights are only far out.  log_likelihood: the maximum, or where there is none, what it tends to.
    information: (F, F), of the weights in units of the logit's scale.
    """

    weights: Floats
    log_likelihood: float
    information: Floats
    rank: int
    finite: bool


def fit(choices: Logit) -> Fit:
    """Maximise by Newton's method, within the combinations of weights that the decisions can tell."""
    columns = choices.features.shape[2]
    variances, directions = np.linalg.eigh(choices.slopes(np.zeros(columns))[2])
    told = directions[:, variances > _SMALL * max(float(variances[-1]), _SMALL)]
    if told.shape[1] == 0:
        return Fit(np.zeros(columns), choices.chance, np.zeros((columns, columns)), 0, True)
    reduced = choices if told.shape[1] == columns else choices.along(told)
    weights, likelihood, information, finite = climb(reduced)
    if reduced is not choices:
        weights, information = told @ weights, told @ information @ told.T
    return Fit(weights / choices.scale, likelihood, information, told.shape[1], finite)


def climb(choices: Logit, start: float = 0.0) -> tuple[Floats, float, Floats, bool]:
    """By Newton's method on a logit of full rank: weights in units of its scale, log-likelihood, information, finite.

    Towards a maximum the steps shrink. With separation each step changes the worth of options by about 1 for ever,
    while the log-likelihood gains next to nothing: they are told apart when there is nothing left to gain.
    start: of every weight; far out it may be found to be the end, so it must be 0 where there may be separation.
    """
    weights = np.full(choices.features.shape[2], start)
    likelihood, gradient, information = choices.slopes(weights)
    # Of what choices are certain about, the gradient has rounding only, and the information may have no inverse.
    count = float(choices.times.sum())
    ridge = 1e-15 * count
    for _ in range(200):
        information.flat[:: len(weights) + 1] += ridge
        step = gradient / information[0] if len(weights) == 1 else np.linalg.solve(information, gradient)
        if (gain := float(gradient @ step)) < 1e-9:
            reach = float(np.abs(choices.features @ step).max())
            if gain < 1e-13 or reach > 1:
                return weights, likelihood, information, reach < 1e-3
        slack = 1e-14 * count * (1 + float(np.abs(weights).sum()))  # rounding
        while (trial := choices.slopes(weights + step))[0] < likelihood - slack:
            step /= 2
        weights, (likelihood, gradient, information) = weights + step, trial
    return weights, likelihood, information, False
