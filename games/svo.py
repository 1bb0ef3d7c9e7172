"""Social value orientation: the four orientations, their place on the ring, and the category of an angle.

A person's social value orientation is how much the points of others weigh beside one's own. On the ring of Griesinger
& Livingston (1973, "Toward a model of interpersonal motivation in experimental games", Behavioral Science 18, 173–188)
and Liebrand (1984, "The effect of social motives, communication and group size on behaviour in an N-person multi-stage
mixed-motive game", European Journal of Social Psychology 14, 239–264) that weighing is one angle.

Two angles must not be mixed up: the *ring angle* of a preference (`RING_ANGLES`) and the *slider angle* of a
measurement (`games.slider`), which lies on [-16.26, 61.39] whatever the preference. `classify` has the categories of
the slider, `ring_class` those of the whole circle.
"""

from bisect import bisect_right
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import unknown


class Orientation(StrEnum):
    """What a person pursues in sharing points with others."""

    ALTRUISTIC = "altruistic"
    """The most for the others."""
    PROSOCIAL = "prosocial"
    """The most for all together, or the least inequality."""
    INDIVIDUALISTIC = "individualistic"
    """The most for oneself."""
    COMPETITIVE = "competitive"
    """The largest lead over the others."""

    @classmethod
    def named(cls, text: str) -> Self:
        """The orientation of that name, in upper or lower case. Raises SettingError with the names that exist."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise unknown("orientation", text, cls) from None


WEIGHTS: Mapping[Orientation, tuple[int, int]] = MappingProxyType(
    {
        Orientation.ALTRUISTIC: (0, 1),
        Orientation.PROSOCIAL: (1, 1),
        Orientation.INDIVIDUALISTIC: (1, 0),
        Orientation.COMPETITIVE: (1, -1),
    }
)
"""The weights of own and other points, in whole numbers: the direction of (cos φ, sin φ), and equal sums stay equal."""

RING_ANGLES: Mapping[Orientation, float] = MappingProxyType(
    {
        Orientation.ALTRUISTIC: 90.0,
        Orientation.PROSOCIAL: 45.0,
        Orientation.INDIVIDUALISTIC: 0.0,
        Orientation.COMPETITIVE: -45.0,
    }
)
"""The ring angle of each orientation, degrees. Preferences, not slider targets: no answers reach 90° or −45°."""

BOUNDARIES: tuple[float, float, float] = (-12.04, 22.45, 57.15)
"""Where the slider's categories meet, degrees: the midpoints between the angles of neighbouring ideal respondents
(Murphy, Ackermann & Handgraaf 2011, Judgment and Decision Making 6(8), 771–781). An angle on a boundary belongs to the
category above it, as in Ackermann's scorer of 2011."""

_NAMES = np.array(["", "competitive", "individualistic", "prosocial", "altruistic"])


@overload
def classify(angle: float) -> str: ...
@overload
def classify(angle: NDArray[np.floating]) -> NDArray[np.str_]: ...
def classify(angle: ArrayLike) -> str | NDArray[np.str_]:
    """The name of the orientation that a slider angle is classed as.

    angle: degrees, of any shape. Returns names in an array of that shape (dtype "<U15"), and a plain str for a single
    angle. NaN stands for an angle that could not be read and gives "", which is no category.
    """
    angles = np.asarray(angle, dtype=np.float64)
    # Count the thresholds passed. Every comparison with NaN is false, so NaN passes none and stays at "".
    passed = (angles == angles).view(np.int8)  # a comparison of two 0-d arrays gives a scalar, which has `view` too
    for boundary in BOUNDARIES:
        passed = passed + (angles >= boundary)
    names = _NAMES.take(passed)
    return str(names) if angles.ndim == 0 else names


RING_CLASSES = (
    "masochistic",
    "sadomasochistic",
    "aggressive",
    "competitive",
    "individualistic",
    "prosocial",
    "altruistic",
    "martyr",
)
"""The classes of the whole circle, from −180° on in steps of 45°: the direction of each is that of a pure motive.

The motives are those of Griesinger & Livingston (1973) and Liebrand (1984): masochism wants the least for oneself,
sadomasochism the least for both, aggression the least for the other, martyrdom the least for oneself and the most for
the other. What they call cooperation is "prosocial" here, so that categories can be compared across measures."""

_RING_LIMITS = tuple(-157.5 + 45 * number for number in range(8))


def ring_class(angle: float) -> str:
    """The class of a direction on the ring: that of the nearest pure motive, at most 22.5° away.

    angle: degrees on [−180, 180]. Aggressive −112.5 … −67.5, competitive … −22.5, individualistic … 22.5, prosocial …
    67.5, altruistic … 112.5 (limits as in Park 2000), and the rest of the circle by the same rule. The side to which a
    limit belongs is our choice: to the class above it, as in `classify`.
    Raises ValueError for anything else, NaN included: no direction has no class.
    """
    if not -180 <= angle <= 180:
        raise ValueError(f"{angle} is no direction in degrees on [-180, 180], so it has no class on the ring")
    return RING_CLASSES[bisect_right(_RING_LIMITS, angle) % len(RING_CLASSES)]


def utility(own: ArrayLike, other: ArrayLike, angle: ArrayLike) -> NDArray[np.float64]:
    """What an allocation is worth to a linear agent: cos φ · own + sin φ · other (Griesinger & Livingston 1973).

    own, other: points.  angle: the agent's ring angle φ in degrees. The three broadcast together.
    """
    radians = np.radians(np.asarray(angle, dtype=np.float64))
    worth: NDArray[np.float64] = np.cos(radians) * np.asarray(own) + np.sin(radians) * np.asarray(other)
    return worth
