"""Trust game, or investment game: what is sent is multiplied, and the other decides what comes back.

Both players hold an endowment e. The trustor sends s ∈ [0, e], which reaches the trustee as m·s; the trustee returns
r ∈ [0, m·s]. They end with e − s + r and e + m·s − r (Berg, Dickhaut & McCabe 1995, Games and Economic Behavior 10,
122–142, with m = 3). A trustee who wants points returns nothing, so a trustor who does sends nothing.

Cooperation of sending is the share of the endowment sent; of returning, the share of what was received. What sending
is said to bring rests on the share that the trustee in question returned last at this table, and on half before any.
Where nothing is sent, nothing is asked of the trustee.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import flag, stepped, whole
from games.roles import Roles
from games.rounds import Lived, Settled, State, act_of
from games.types import Allocation, Decision, Option


def payoffs(sent: ArrayLike, returned: ArrayLike, endowment: float, multiplier: float) -> NDArray[np.float64]:
    """Points of the trustor and the trustee: e − s + r and e + m·s − r.

    sent, returned: points, of shapes that broadcast. Returns that shape with a last axis of two.
    """
    given, back = np.broadcast_arrays(np.asarray(sent, dtype=np.float64), np.asarray(returned, dtype=np.float64))
    return np.stack([endowment - given + back, endowment + multiplier * given - back], axis=-1)


@dataclass(frozen=True, slots=True)
class Trust(Roles):
    """The trust game.

    endowment: e of each player, whole points.  multiplier: m, a whole number.  step: of what is sent and returned.
    rounds: length.  rotate: whether the seats take turns as trustor; otherwise seat 0 sends in all rounds.

    Raises SettingError for a setting out of range.
    """

    ROLES: ClassVar[tuple[str, ...]] = ("trustor", "trustee")

    name: str = field(default="trust", init=False)
    players: int = field(default=2, init=False)
    endowment: int = 10
    multiplier: int = 3
    step: int = 1
    rounds: int = 2
    rotate: bool = True

    def __post_init__(self) -> None:
        whole(self.name, "endowment", self.endowment, 1)
        whole(self.name, "multiplier", self.multiplier, 1)
        stepped(self.name, "the endowment", self.endowment, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        flag(self.name, "rotate", self.rotate)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """What the trustor sends, then what the trustee returns of it."""
        facts = {"endowment": self.endowment, "multiplier": self.multiplier, "step": self.step}
        if not state.taken:
            share = self._returned_last(state)
            sent = np.arange(0, self.endowment + 1, self.step)
            points = payoffs(sent, share * self.multiplier * sent, self.endowment, self.multiplier).tolist()
            options = tuple(
                Option(s, Allocation(own, other), s / self.endowment)
                for s, (own, other) in zip(sent.tolist(), points, strict=True)
            )
            return (self.asked_of(state, "trustor", "send", options, facts),)
        given = self._sent(state)
        received = given * self.multiplier
        back = np.arange(0, received + 1, self.step)
        points = payoffs(given, back, self.endowment, self.multiplier).tolist()
        options = tuple(
            Option(r, Allocation(own, other), r / received)
            for r, (other, own) in zip(back.tolist(), points, strict=True)
        )
        facts |= {"sent": given, "received": received}
        return (self.asked_of(state, "trustee", "return", options, facts),)

    def settle(self, state: State) -> Settled | None:
        """Both players' points, once the trustee has returned something or had nothing to return."""
        sent = self._sent(state)
        if sent and len(state.taken) == 1:
            return None
        returned = int(act_of(state.taken[1], self.seat("trustee", state.round))) if sent else 0
        first, second = payoffs(sent, returned, self.endowment, self.multiplier).tolist()
        received = sent * self.multiplier
        sending, returning = sent / self.endowment, returned / received if sent else None
        lived = {
            "trustor": Lived(
                "send",
                sending,
                () if returning is None else (returning,),
                first,
                {"sent": sent, "received": received, "others_returned": returned},
            ),
            "trustee": Lived(
                "return",
                returning,
                (sending,),
                second,
                {"others_sent": sent, "received": received, "returned": returned},
            ),
        }
        return Settled(self.by_seat(lived, state.round))

    def _sent(self, state: State) -> int:
        return int(act_of(state.taken[0], self.seat("trustor", state.round)))

    def _returned_last(self, state: State) -> float:
        trustee = self.seat("trustee", state.round)
        shares = [one.own for one in state.lived[trustee] if one.stage == "return" and one.own is not None]
        return shares[-1] if shares else 0.5
