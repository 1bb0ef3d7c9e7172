"""Moments of answers by cell and by unit, free of noise, and their resampling: what variance components are sums of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.statistics import Resampling
from games.errors import SettingError
from games.randomness import stream

type Floats = NDArray[np.float64]

MEAN, WITHIN, OWN = "mean", "within", "own"
"""Names of moments: mean squares of cell means, the variance within cells, that of participants."""
LONE = 0.1
"""The largest share of cells with a single unit: their noise is taken to be that of the others."""
_TINY = 1e-9
_AND = "\x1f"


@dataclass(frozen=True)
class Answers:
    """One value an administration, and what it was obtained under; all arrays of shape (n,).

    factors: by name, the level of each value; the order of the names is that of the table.
    units: what is independent of what; values of one unit may share anything.
    participants: who answered; several participants may belong to one unit, none to two.
    Raises SettingError for a cell of the crossed factors without a unit, or more than LONE cells with a single one.
    """

    values: Floats
    factors: Mapping[str, NDArray[np.str_]]
    units: NDArray[np.intp]
    participants: NDArray[np.intp]

    def __post_init__(self) -> None:
        many = self.units_by_cell
        if many.min() < 1 or (many < 2).mean() > LONE:
            where = np.unravel_index(int(many.argmin()), self.shape)
            told = ", ".join(
                f"{name}={levels[place]}" for (name, levels), place in zip(self.levels.items(), where, strict=True)
            )
            raise SettingError(
                f"variance: {(many < 2).sum()} of {many.size} combinations of levels have fewer than two respondents "
                f"with a value, such as {told}; leave a level out (--without factor=level), name fewer --factors, "
                "or take more participants or seeds"
            )

    @property
    def units_by_cell(self) -> NDArray[np.intp]:
        """How many units have a value in each cell, shape (cells,)."""
        pairs = np.unique(np.stack([_cells_of(self)[1], self.units]), axis=1)
        return np.bincount(pairs[0], minlength=int(np.prod(self.shape)))

    @property
    def levels(self) -> dict[str, list[str]]:
        """The levels of each factor."""
        return {name: [str(one) for one in np.unique(levels)] for name, levels in self.factors.items()}

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of levels of each factor."""
        return tuple(len(levels) for levels in self.levels.values())


def mean_of(*factors: str) -> str:
    """The name of the mean square of cell means that are averaged over all factors but these."""
    return _AND.join((MEAN, *sorted(factors)))


def _cells_of(answers: Answers) -> tuple[tuple[int, ...], NDArray[np.intp]]:
    shape = answers.shape
    if not shape:
        return shape, np.zeros(len(answers.values), dtype=np.intp)
    codes = [np.unique(levels, return_inverse=True)[1] for levels in answers.factors.values()]
    return shape, np.ravel_multi_index(codes, shape)


def _averaged(rows: ArrayLike, cols: ArrayLike, values: Floats, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Means of values by row and column, 0 where there are none, and how many there are."""
    place = np.ravel_multi_index((np.asarray(rows), np.asarray(cols)), shape)
    count = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    total = np.bincount(place, weights=values, minlength=shape[0] * shape[1]).reshape(shape)
    return total / np.maximum(count, 1), count


@dataclass(frozen=True)
class Moments:
    """What all components are linear in. Only distances from cell means enter noise, so levels far apart add none."""

    shape: tuple[int, ...]
    names: tuple[str, ...]
    by_unit: Floats  # (units, cells): mean of the unit's answers in the cell, 0 where it has none
    known: Floats  # (units, cells): whether it has one
    around: Floats  # (units, cells): mean of its answers' squared distances from the cell's observed mean
    noise: Floats  # (cells, cells): unbiased covariance of the noise in the cells' observed means
    own: Floats  # (participants,): unbiased covariance of two different answers of the participant
    unit_of: NDArray[np.intp]  # (participants,): of those who have two answers
    weight_of: Floats  # (participants,): every setting of participants weighs the same

    @property
    def separable(self) -> bool:
        """Whether anybody answered twice, so that what is a person's own can be told from chance."""
        return len(self.own) > 0

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.known)

    @property
    def means(self) -> Floats:
        """The observed cell means, every unit alike, shape (cells,)."""
        means: Floats = self.by_unit.sum(axis=0) / self.known.sum(axis=0)
        return means

    @classmethod
    def of(cls, answers: Answers) -> "Moments":
        """The moments of some answers."""
        shape, cell = _cells_of(answers)
        unit = np.unique(answers.units, return_inverse=True)[1]
        size = int(unit.max()) + 1, int(np.prod(shape))
        by_unit, count = _averaged(unit, cell, answers.values, size)
        known = (count > 0).astype(np.float64)
        means = by_unit.sum(axis=0) / known.sum(axis=0)
        away = answers.values - means[cell]
        around, _ = _averaged(unit, cell, away**2, size)
        short = _short(known)
        noise = _noise((by_unit - means) * known, known, short)
        own, unit_of, weight_of = _own(answers, away, cell, unit, short, noise)
        return cls(shape, tuple(answers.factors), by_unit, known, around, noise, own, unit_of, weight_of)

    def of_means(self, keys: Iterable[str], weights: Floats, noise: int) -> dict[str, Floats]:
        """Mean squares of averaged cell means, under weights of the units: (some, units) → (some,) each.

        noise: how often the noise in products of cell means is taken off: once, or twice where resampling added it.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            means = (weights @ self.by_unit) / (weights @ self.known)
        # Where failed replies left few units in a cell, a resample may have none of them.
        means = np.where(np.isfinite(means), means, self.means)
        found = {}
        for key in keys:
            some = [self.names.index(name) for name in key.split(_AND)[1:]]
            found[key] = self._square(means, some) - noise * self._square_of(self.noise, some)
        return found

    def within(self) -> tuple[float, Floats, Floats]:
        """The mean variance within cells; each unit's part of it, and the weight of that part."""
        many = self.known.sum(axis=0)
        weight = self.known / many / len(many)
        estimate = float((weight * self.around).sum() + np.diagonal(self.noise).mean())
        # Distances from a mean of n are too short by (n − 1) / n; a unit that stands alone has none.
        longer = np.divide(many, many - 1, out=np.zeros_like(many), where=many > 1)
        weight = weight * (many > 1)
        return estimate, (weight * longer * self.around).sum(axis=1), weight.sum(axis=1)

    def of_participants(self) -> tuple[float, Floats, Floats]:
        """The same for the covariance of two answers of one participant."""
        parts, weight = (
            np.bincount(self.unit_of, weights=one, minlength=self.units)
            for one in (self.weight_of * self.own, self.weight_of)
        )
        return float(parts.sum()), parts, weight

    def _square(self, means: Floats, some: Sequence[int]) -> Floats:
        """The mean square of cell means averaged over all factors but some: (rows, cells) → (rows,)."""
        table = means.reshape(len(means), *self.shape)
        left: Floats = table.mean(axis=tuple(1 + one for one in range(len(self.shape)) if one not in some))
        square: Floats = (left.reshape(len(means), -1) ** 2).mean(axis=1)
        return square

    def _square_of(self, products: Floats, some: Sequence[int]) -> float:
        """The same from the products of the cells' means."""
        count = len(self.shape)
        gone = [one for one in range(count) if one not in some]
        table = products.reshape(*self.shape, *self.shape).mean(axis=tuple(gone + [count + one for one in gone]))
        size = int(np.prod(table.shape[: len(some)]))
        return float(np.trace(table.reshape(size, size))) / size


def _short(known: Floats) -> Floats:
    """How much too short products of distances from two cells' means are, (cells, cells); 0 where they say nothing."""
    many = known.sum(axis=0)
    short: Floats = 1 - 1 / many[:, None] - 1 / many + known.T @ known / np.outer(many, many)
    return np.where(short > _TINY, short, 0.0)


def _noise(away: Floats, known: Floats, short: Floats) -> Floats:
    """The covariance of the noise in each two cells' means, from units' distances to them: (cells, cells)."""
    many = known.sum(axis=0)
    shared = known.T @ known
    useful = (shared > 0) & (short > 0)
    apiece = np.divide(away.T @ away, shared * short, out=np.zeros_like(shared), where=useful)
    for same in (np.eye(len(many), dtype=bool), ~np.eye(len(many), dtype=bool)):
        # Where a cell has one unit, nothing but other cells tells how its answers vary.
        silent = same & (shared > 0) & ~useful
        if silent.any() and (same & useful).any():
            apiece[silent] = apiece[same & useful].mean()
    found: Floats = apiece * shared / np.outer(many, many)
    return found


def _own(
    answers: Answers, away: Floats, cell: NDArray[np.intp], unit: NDArray[np.intp], short: Floats, noise: Floats
) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Products of two answers of the same participant: in different cells if anybody has such, else in one."""
    _, first, who = np.unique(answers.participants, return_index=True, return_inverse=True)
    table, count = _averaged(who, cell, away, (len(first), len(short)))
    known = (count > 0).astype(np.float64)
    if (known.sum(axis=1) > 1).any():
        longer = np.divide(1.0, short, out=np.zeros_like(short), where=short > 0)
        np.fill_diagonal(longer, 0.0)
        ways = ((known @ (longer > 0)) * known).sum(axis=1)
        able = ways > 0
        own = ((table @ longer) * table).sum(axis=1)[able] / ways[able]
    else:
        squares, _ = _averaged(who, cell, away**2, table.shape)
        many, place = count.max(axis=1), cell[first]
        able = many > 1
        sums, both = (table * count).sum(axis=1), (squares * count).sum(axis=1)
        own = ((sums**2 - both) / np.maximum(many * (many - 1), 1) + np.diagonal(noise)[place])[able]
    _, code, size = np.unique(_settings(answers, who, first)[able], return_inverse=True, return_counts=True)
    return own, unit[first][able], 1 / size[code] / max(1, len(size))


def _settings(answers: Answers, who: NDArray[np.intp], first: NDArray[np.intp]) -> NDArray[np.str_]:
    """By participant, the levels of the factors that are constant for every participant."""
    constant = [levels[first] for levels in answers.factors.values() if (levels[first][who] == levels).all()]
    return np.array(["\x1f".join(map(str, one)) for one in zip(*constant, strict=True)] or [""] * len(first))


def estimated(
    answers: Answers, moments: Moments, keys: Iterable[str], resampling: Resampling
) -> tuple[dict[str, float], dict[str, Floats]]:
    """What components are sums of: the moments of those names by name, and WITHIN and OWN: estimates, resampled values.

    Cell means are resampled within strata, n − 1 of n units with weights n / (n − 1); variances within cells from all
    units, as many as there are degrees of freedom. Resampled values have the estimate as their mean.
    """
    stratum = _strata(moments, answers)
    rng = stream(resampling.seed, "variance components")
    once = moments.of_means(keys, np.ones((1, moments.units)), 1)
    found = {key: float(value[0]) for key, value in once.items()}
    blocks = [moments.of_means(keys, weights, 2) for weights in _weights(moments, stratum, resampling, rng)]
    drawn = {key: np.concatenate([one[key] for one in blocks]) for key in found}
    spread = {WITHIN: moments.within()} | ({OWN: moments.of_participants()} if moments.separable else {})
    even = np.full(moments.units, 1 / moments.units)
    free = round(moments.units * (1 - float((1 / moments.known.sum(axis=0)).mean())))
    counts = rng.multinomial(max(free, 1), even, size=resampling.resamples).astype(np.float64)
    for key, (estimate, parts, weight) in spread.items():
        found[key] = estimate
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn[key] = (counts @ parts) / (counts @ weight) + estimate - parts.sum() / weight.sum()
    return found, drawn


def _weights(
    moments: Moments, stratum: NDArray[np.intp], resampling: Resampling, rng: np.random.Generator
) -> Iterator[Floats]:
    """Blocks of resampling weights of the units, shape (some, units)."""
    weights = np.empty((resampling.resamples, moments.units))
    for one in np.unique(stratum):
        members = np.flatnonzero(stratum == one)
        many = len(members)
        even = np.full(many, 1 / many)
        weights[:, members] = rng.multinomial(many - 1, even, size=resampling.resamples) * (many / (many - 1))
    step = max(1, 4_000_000 // max(moments.units, moments.by_unit.shape[1]))
    yield from (weights[start : start + step] for start in range(0, len(weights), step))


def _strata(moments: Moments, answers: Answers) -> NDArray[np.intp]:
    """Units that answered in the same cells; if some stand alone, in the same settings; if some still do, all."""
    by_cells = np.unique(moments.known, axis=0, return_inverse=True)[1].ravel()
    if np.bincount(by_cells).min() > 1:
        return by_cells
    _, first, who = np.unique(answers.participants, return_index=True, return_inverse=True)
    settings = _settings(answers, who, first)
    unit = np.unique(answers.units, return_inverse=True)[1][first]
    told: dict[int, set[str]] = {}
    for one, setting in zip(unit.tolist(), settings.tolist(), strict=True):
        told.setdefault(one, set()).add(setting)
    by_setting = np.unique([" ".join(sorted(told[one])) for one in range(moments.units)], return_inverse=True)[1]
    return by_setting if np.bincount(by_setting).min() > 1 else np.zeros(moments.units, dtype=np.intp)
