"""Named random streams: one seed for a run, and a name for every use of chance.

A stream is found by its name alone, so adding a consumer shifts no other, and the order of use does not matter.
"""

import hashlib

import numpy as np


def draw(seed: int, *names: str | int) -> int:
    """A number in [0, 2⁶³) fixed by the seed and the names; different names give unrelated numbers."""
    # The unit separator keeps ("a", "bc") and ("ab", "c") apart; the type mark keeps 1 and "1" apart.
    text = "\x1f".join(f"{type(name).__name__[0]}{name}" for name in (seed, *names))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for the named use."""
    return np.random.default_rng(draw(seed, *names))
