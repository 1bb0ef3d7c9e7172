"""Matching rules: who meets whom in a round.

FixedPartners keeps groups together over the whole play; RandomStrangers forms new ones in every round (the partner and
stranger designs of Andreoni 1988, Journal of Public Economics 37, 291–304).
"""

from collections.abc import Set
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
        """The groups of a round, each a tuple of participants by seat. Raises SettingError if they do not divide.

        participants: how many there are to place, numbered from 0. seed: of the run.
        """
        ...


def groups_still_there(
    rule: Matching, left: Set[int], participants: int, size: int, seed: int, round_number: int
) -> dict[int, tuple[int, ...]]:
    """The groups of a round by their number, without those who left the society.

    A lasting group that lost a member is dissolved. Otherwise those still there are matched anew, and who is over after
    the last full group, drawn at random, sits this round out; so there may be no group at all.
    Raises SettingError if the participants did not divide into groups from the start.
    """
    if rule.lasting or not left:
        groups = enumerate(rule.groups(participants, size, seed, round_number))
        return {number: group for number, group in groups if left.isdisjoint(group)}
    there = [one for one in range(participants) if one not in left]
    order = stream(seed, "sitting out", round_number).permutation(len(there))
    out = {there[place] for place in order[: len(there) % size]}
    placed = [one for one in there if one not in out]
    found = rule.groups(len(placed), size, seed, round_number) if placed else ()
    return {number: tuple(placed[place] for place in group) for number, group in enumerate(found)}


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
