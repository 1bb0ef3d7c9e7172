"""Matching rules: who meets whom in a round.

FixedPartners keeps groups together over the whole play; RandomStrangers forms new ones in every round (the partner and
stranger designs of Andreoni 1988, Journal of Public Economics 37, 291–304).
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from games.errors import SettingError
from games.randomness import stream


class Matching(Protocol):
    """Who meets whom."""

    @property
    def lasting(self) -> bool:
        """Whether a group stays together, and so plays one game over all its rounds."""
        ...

    def groups(self, participants: int, size: int, seed: int, round_number: int) -> tuple[tuple[int, ...], ...]:
        """The groups of a round, each a tuple of participants by seat. Raises SettingError if they do not divide."""
        ...


def _shuffled(participants: int, size: int, seed: int, round_number: int) -> tuple[tuple[int, ...], ...]:
    if participants == 0 or participants % size:
        below, above = participants // size * size, (participants // size + 1) * size
        fitting = f"{below} or {above}" if below else f"{above}"
        raise SettingError(
            f"population: {participants} participants do not divide into groups of {size}; take {fitting} participants"
        )
    order = [int(one) for one in stream(seed, "matching", round_number).permutation(participants)]
    return tuple(tuple(order[first : first + size]) for first in range(0, participants, size))


@dataclass(frozen=True)
class FixedPartners:
    """Groups formed once at random, and the same in every round."""

    lasting: ClassVar[bool] = True

    def groups(self, participants: int, size: int, seed: int, round_number: int) -> tuple[tuple[int, ...], ...]:
        """The groups of the whole play. Raises SettingError if the participants do not divide into them."""
        del round_number
        return _shuffled(participants, size, seed, 1)


@dataclass(frozen=True)
class RandomStrangers:
    """Groups formed anew at random in every round."""

    lasting: ClassVar[bool] = False

    def groups(self, participants: int, size: int, seed: int, round_number: int) -> tuple[tuple[int, ...], ...]:
        """The groups of one round. Raises SettingError if the participants do not divide into them."""
        return _shuffled(participants, size, seed, round_number)
