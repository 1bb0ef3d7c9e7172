"""Ultimatum game: one player offers a division, the other takes it or leaves both with nothing.

The proposer offers o from a sum s; if the responder accepts, they receive s − o and o, otherwise nothing (Güth,
Schmittberger & Schwarze 1982, Journal of Economic Behavior & Organization 3, 367–388). A responder who wants points
accepts every offer above 0, so the proposer offers as little as there is.

Cooperation of an offer is the share of the sum offered; a reply has no such reading. What an offer is said to bring is
what it proposes, as if it were accepted.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import flag, stepped, whole
from games.roles import Roles
from games.rounds import Lived, Settled, State, act_of
from games.types import Allocation, Answer, Decision, Option


def payoffs(offers: ArrayLike, accepted: ArrayLike, total: float) -> NDArray[np.float64]:
    """Points of the proposer and the responder: s − o and o where the offer is accepted, otherwise 0.

    offers: points; accepted: whether each is; of shapes that broadcast. Returns that shape with a last axis of two.
    """
    offer = np.asarray(offers, dtype=np.float64)
    points: NDArray[np.float64] = (
        np.stack([total - offer, offer], axis=-1) * np.asarray(accepted, dtype=bool)[..., None]
    )
    return points


@dataclass(frozen=True, slots=True)
class Ultimatum(Roles):
    """The ultimatum game.

    total: s, whole points.  step: offers are 0, step, 2·step … up to the sum.  rounds: length.
    rotate: whether the seats take turns as proposer; otherwise seat 0 proposes in all rounds.

    Raises SettingError for a setting out of range.
    """

    ROLES: ClassVar[tuple[str, ...]] = ("proposer", "responder")

    name: str = field(default="ultimatum", init=False)
    players: int = field(default=2, init=False)
    total: int = 10
    step: int = 1
    rounds: int = 2
    rotate: bool = True

    def __post_init__(self) -> None:
        whole(self.name, "total", self.total, 1)
        stepped(self.name, "the sum", self.total, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        flag(self.name, "rotate", self.rotate)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """The proposer's offer, then the responder's reply to it."""
        facts = {"total": self.total, "step": self.step}
        if not state.taken:
            offers = range(0, self.total + 1, self.step)
            options = tuple(Option(o, Allocation(self.total - o, o), o / self.total) for o in offers)
            return (self.asked_of(state, "proposer", "offer", options, facts),)
        offer = self._offer(state)
        replies = (Option("accept", Allocation(offer, self.total - offer)), Option("reject", Allocation(0, 0)))
        return (self.asked_of(state, "responder", "reply", replies, {**facts, "offer": offer}, Answer.LETTER),)

    def settle(self, state: State) -> Settled | None:
        """Both players' points, once the responder has replied."""
        if len(state.taken) == 1:
            return None
        offer = self._offer(state)
        accepted = act_of(state.taken[1], self.seat("responder", state.round)) == "accept"
        first, second = payoffs(offer, accepted, self.total).tolist()
        share = offer / self.total
        lived = {
            "proposer": Lived(
                "offer", share, (), first, {"offer": offer, "others_accepted": accepted, "total": self.total}
            ),
            "responder": Lived(
                "reply", None, (share,), second, {"others_offer": offer, "accepted": accepted, "total": self.total}
            ),
        }
        return Settled(self.by_seat(lived, state.round))

    def _offer(self, state: State) -> int:
        return int(act_of(state.taken[0], self.seat("proposer", state.round)))
