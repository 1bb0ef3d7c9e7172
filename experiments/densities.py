"""Kernel density of angles: where most of them lie, drawn as ridges and half-violins.

A Gaussian kernel of Silverman's width, 0.9 min(s, IQR / 1.34) n^(-1/5) (Silverman 1986, "Density Estimation for
Statistics and Data Analysis", equation 3.31), and no narrower than what can be seen. At the ends of the range that
angles can have, the density is reflected (section 2.10), so that none of it lies where no angle can.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

NARROWEST = 1.5
"""Degrees: equal answers have no spread of their own, and would be a line without width."""
FEWEST = 3
"""Fewer angles than this have no density."""


def width(values: ArrayLike) -> float:
    """The standard deviation of the kernel in degrees, at least `NARROWEST`. values: shape (n,), n at least 2."""
    numbers = np.asarray(values, dtype=np.float64)
    lower, upper = np.quantile(numbers, [0.25, 0.75])
    # Where half of the values are equal, the interquartile range says nothing of the spread of the others.
    spreads = [spread for spread in (float(numbers.std(ddof=1)), float(upper - lower) / 1.34) if spread > 0]
    return max(NARROWEST, 0.9 * min(spreads, default=0.0) / math.pow(len(numbers), 0.2))


def density(values: ArrayLike, grid: ArrayLike, low: float, high: float) -> NDArray[np.float64] | None:
    """The density of values per degree over a grid; its integral from low to high is 1.

    values: degrees, shape (n,), NaN counts as missing.  grid: degrees, shape (m,), which is the shape returned.
    low, high: degrees, the range that values can have; the density is 0 outside. None for fewer than `FEWEST` values.
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < FEWEST:
        return None
    points, wide = np.asarray(grid, dtype=np.float64), width(numbers)
    mirrored = np.concatenate([numbers, 2 * low - numbers, 2 * high - numbers])
    heights = np.exp(-0.5 * ((points[:, None] - mirrored[None, :]) / wide) ** 2).sum(axis=1)
    found: NDArray[np.float64] = heights / (len(numbers) * wide * np.sqrt(2 * np.pi))
    return np.where((points >= low) & (points <= high), found, 0.0)
