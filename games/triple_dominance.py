"""The triple-dominance measure (Van Lange, Otten, De Bruin & Joireman 1997, "Development of prosocial, individualistic,
and competitive orientations", Journal of Personality and Social Psychology 73, 733–746).

Each of nine items offers three divisions, one for each type: the prosocial one brings both the most together and the
same to each, the individualistic one oneself the most, the competitive one the greatest lead. At least six choices of
one type make a respondent that type, otherwise they are unclassified. It classifies only: there is no angle. An
altruistic category cannot result: the division with the most for the other is the prosocial one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from games.errors import SettingError, whole
from games.ring import chances, obtained
from games.svo import Orientation
from games.types import Allocation, Choice, Decision, Option, Score

ITEMS = 9
TYPES = (Orientation.PROSOCIAL, Orientation.INDIVIDUALISTIC, Orientation.COMPETITIVE)
UNCLASSIFIED = "unclassified"
"""The category of a respondent who chose no type often enough: a reading, unlike None."""


@cache
def _decisions() -> tuple[Decision, ...]:
    """The decisions of one administration, from the table that is part of this package."""
    table = Path(__file__).with_name("data") / "triple_dominance_items.csv"
    options: dict[int, list[Option]] = {}
    for line in table.read_text(encoding="utf-8").splitlines()[2:]:  # the source; column names
        item, _, own, other, orientation = line.split(",")
        kind = Orientation(orientation)
        options.setdefault(int(item), []).append(Option(kind.value, Allocation(float(own), float(other))))
    return tuple(Decision("triple_dominance", 0, tuple(among), item=item) for item, among in options.items())


def _reaching(needed: int, probabilities: NDArray[np.float64]) -> float:
    """How likely at least `needed` of independent events are, given the probability of each, shape (events,)."""
    counts = np.ones(1)
    for chance in probabilities:
        counts = np.convolve(counts, (1 - chance, chance))
    return float(counts[max(needed, 0) :].sum())


@dataclass(frozen=True, slots=True)
class TripleDominance:
    """The triple-dominance measure as it is administered.

    needed: how many of the nine choices must be of one type, 5 to 9; below 5, two types could both have enough.
    Raises SettingError on any other value.
    """

    needed: int = 6

    def __post_init__(self) -> None:
        """Refuse at once what would not classify."""
        whole(self.name, "needed", self.needed, ITEMS // 2 + 1)
        if self.needed > ITEMS:
            raise SettingError(
                f"{self.name}: needed={self.needed} is more than the {ITEMS} items; write {ITEMS} at most"
            )

    @property
    def name(self) -> str:
        """The measure's name in tables: triple_dominance."""
        return "triple_dominance"

    def decisions(self) -> tuple[Decision, ...]:
        """One decision per item in the printed order; an act is the type that its division belongs to."""
        return _decisions()

    def score(self, choices: Sequence[Choice]) -> Score:
        """The score of one administration; `choices` in the order of `decisions()`.

        category: the type with `needed` choices or more, else "unclassified". Failed items count for no type; with them
        there is a category if one type has enough all the same, "unclassified" if none could have had, otherwise None.
        consistency: the share of the most frequent type among the nine; None if any item failed.
        Where choices carry probabilities, a type has enough if that is more likely than not (the number of its choices
        has an exact distribution, items being independent), and consistency is an expected share. The expected number
        is not held against `needed`: six choices each all but certain would fall short of six.
        Raises ChoiceError when the number of choices is wrong, one lies off its menu, or has a probability too many or
        too few.
        """
        asked = self.decisions()
        given = chances(asked, choices)
        # One row for each item answered: how likely each type is.
        likely = np.array(
            [
                [weights[[option.act for option in decision.options].index(kind.value)] for kind in TYPES]
                for decision, weights in zip(asked, given, strict=True)
                if weights is not None
            ]
        ).reshape(-1, len(TYPES))
        failed = ITEMS - len(likely)
        return Score(
            angle=None,
            category=self._category(likely, failed),
            transitive=None,
            length=None,
            index=None,
            failed=failed,
            asked=ITEMS,
            obtained=obtained(choices),
            consistency=None if failed else float(likely.sum(axis=0).max()) / ITEMS,
        )

    def _category(self, likely: NDArray[np.float64], failed: int) -> str | None:
        for kind, column in zip(TYPES, likely.T, strict=True):
            if _reaching(self.needed, column) > 0.5:
                return kind.value
        possible = any(_reaching(self.needed - failed, column) > 0.5 for column in likely.T)
        return None if possible else UNCLASSIFIED
