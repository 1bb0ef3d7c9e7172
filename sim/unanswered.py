"""What a society does in play about a reply that failed. No policy assumes an act for it.

void: the group's round has no outcome.
drop: nor has it here, and the participant whose reply failed leaves the society.
bound: nor has it here, and the records say between which values the round would have ended. For this the round is
    played on paper; nobody is told of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from games.errors import unknown
from games.types import Choice, Decision, Game

type Range = tuple[float, float]
"""The least and the greatest value."""


@dataclass(frozen=True, slots=True)
class Policy:
    """leaves: whether a participant whose reply failed leaves.  bounds: whether the records carry bounds."""

    leaves: bool = False
    bounds: bool = False


POLICIES = {"void": Policy(), "drop": Policy(leaves=True), "bound": Policy(bounds=True)}


def policy(on_failure: str) -> Policy:
    """The policy of that name. Raises SettingError for any other."""
    if on_failure not in POLICIES:
        raise unknown("on_failure", on_failure, POLICIES)
    return POLICIES[on_failure]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which values one player's round ended or would have ended.

    payoff: points.  cooperation: of the player's first act in the round; None where it has no act or no such reading.
    """

    payoff: Range
    cooperation: Range | None


type Choices = Mapping[tuple[int, int], Choice]
"""By `Decision.key`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One stage: what was chosen, failures among it, and what was carried out where noise may have replaced acts."""

    chosen: Choices
    done: Choices


def bounds(game: Game[Any], state: Any, stages: Sequence[Taken]) -> tuple[Bounds, ...]:
    """The bounds of one round, by seat.

    state: before the round.  stages: each stage that was asked. Points follow from what was carried out, cooperation is
    that of what was chosen; what stands in place of a missing answer does not go astray.

    The round is played on paper twice: with the most cooperative act in place of each failed reply and of whatever a
    later stage would have asked, and with the least. Where the replies of several players failed, these two do not
    bound what one of them earns, who does best by giving nothing while the others give all; so the round is also played
    with each of them at one end and all others at the other.
    In a game of one stage whose points rise or fall all the way with each act's cooperation, and with every co-player's
    alike, no acts in place of the failed replies lead outside the bounds. Elsewhere they are those of these plays.
    """
    everyone = frozenset(range(game.players))
    failed = {player for one in stages for (player, _), choice in one.chosen.items() if choice.failure is not None}
    cooperating = {everyone}
    if failed:
        cooperating |= {frozenset[int]()}
    if len(failed) > 1:
        cooperating |= {frozenset({one}) for one in failed} | {everyone - {one} for one in failed}
    plays = [_on_paper(game, state, stages, those) for those in cooperating]
    found = []
    for seat in range(game.players):
        points = [earned[seat] for earned, _ in plays]
        acts = [act for _, first in plays if (act := first.get(seat)) is not None]
        found.append(Bounds((min(points), max(points)), (min(acts), max(acts)) if acts else None))
    return tuple(found)


def _on_paper(
    game: Game[Any], state: Any, stages: Sequence[Taken], cooperating: frozenset[int]
) -> tuple[Mapping[int, float], Mapping[int, float | None]]:
    """Points, and the cooperation of the first act, by seat.

    cooperating: whose missing answers are as cooperative as can be; all others' are as little.
    """
    earned: defaultdict[int, float] = defaultdict(float)
    first: dict[int, float | None] = {}
    asked = iter(stages)
    pending = game.decisions(state)
    number = pending[0].round
    while pending and pending[0].round == number:
        answers = next(asked, Taken({}, {}))
        done = {}
        for one in pending:
            choice = answers.chosen.get(one.key)
            if choice is None or choice.failure is not None:
                choice = done[one.key] = extreme(one, one.player in cooperating)
            else:
                done[one.key] = answers.done[one.key]
            first.setdefault(one.player, choice.taken(one).cooperation)
        state, outcomes = game.resolve(state, done)
        for outcome in outcomes:
            earned[outcome.player] += outcome.payoff
        pending = game.decisions(state)
    return earned, first


def extreme(decision: Decision, most: bool) -> Choice:
    """The most or the least cooperative act; of equals, the first in the order of the rules.

    Where an option has no reading as cooperation, the points to the others tell instead.
    """
    readings = [option.cooperation for option in decision.options]
    known = [one for one in readings if one is not None]
    if len(known) < len(readings):
        known = [option.allocation.other for option in decision.options]
    return Choice(known.index(max(known) if most else min(known)))
