"""Third-party punishment game: one who has nothing at stake may pay to take points from an unfair dictator.

A dictator gives g of an endowment to a recipient who has nothing. A third player, who sees the gift and holds points
of its own, may pay p of them to take 3·p from the dictator. They end with e − g − 3p, g and h − p (Fehr & Fischbacher
2004, Evolution and Human Behavior 25, 63–87, whose numbers are the defaults: e = 100, h = 50, gifts of 0 to 50 in
steps of 10). Who wants points never pays, so a dictator who does gives nothing.

Cooperation of a gift is the share of half the endowment given; of paying it has no reading. What a gift is said to
bring rests on what the third player in question paid last at this table, and on nothing before any.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, above, flag, stepped, whole
from games.roles import Roles
from games.rounds import Lived, Settled, State, act_of
from games.types import Allocation, Decision, Option


def payoffs(gifts: ArrayLike, paid: ArrayLike, endowment: float, held: float, effect: float) -> NDArray[np.float64]:
    """Points of the dictator, the recipient and the third player: e − g − effect·p, g and h − p.

    gifts, paid: points, of shapes that broadcast. Returns that shape with a last axis of three.
    """
    gift, pays = np.broadcast_arrays(np.asarray(gifts, dtype=np.float64), np.asarray(paid, dtype=np.float64))
    return np.stack([endowment - gift - effect * pays, gift, held - pays], axis=-1)


@dataclass(frozen=True, slots=True)
class ThirdPartyPunishment(Roles):
    """The third-party punishment game.

    endowment: e, even points of the dictator.  held: h, whole points of the third player.  effect: points taken for
    each point paid.  step: of gifts, which go up to half of the endowment.  rounds: length.
    rotate: whether the parts move one seat on in every round.

    Raises SettingError for a setting out of range.
    """

    ROLES: ClassVar[tuple[str, ...]] = ("dictator", "recipient", "third")

    name: str = field(default="third_party_punishment", init=False)
    players: int = field(default=3, init=False)
    endowment: int = 100
    held: int = 50
    effect: float = 3
    step: int = 10
    rounds: int = 3
    rotate: bool = True

    def __post_init__(self) -> None:
        whole(self.name, "endowment", self.endowment, 2)
        if self.endowment % 2:
            raise SettingError(f"{self.name}: endowment={self.endowment} must be even; gifts go up to half of it")
        whole(self.name, "held", self.held, 1)
        above(self.name, "effect", self.effect, 0)
        stepped(self.name, "half the endowment", self.endowment // 2, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        flag(self.name, "rotate", self.rotate)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """The dictator's gift, then what the third player pays."""
        facts = {"endowment": self.endowment, "held": self.held, "effect": self.effect, "step": self.step}
        if not state.taken:
            gifts = np.arange(0, self.endowment // 2 + 1, self.step)
            points = payoffs(gifts, self._paid_last(state), self.endowment, self.held, self.effect).tolist()
            options = tuple(
                Option(gift, Allocation(own, second + third), self._share(gift))
                for gift, (own, second, third) in zip(gifts.tolist(), points, strict=True)
            )
            return (self.asked_of(state, "dictator", "give", options, facts),)
        gift = self._gift(state)
        pays = np.arange(0, self.held + 1)
        points = payoffs(gift, pays, self.endowment, self.held, self.effect).tolist()
        options = tuple(
            Option(paid, Allocation(own, first + second))
            for paid, (first, second, own) in zip(pays.tolist(), points, strict=True)
        )
        return (self.asked_of(state, "third", "punish", options, {**facts, "gift": gift}),)

    def settle(self, state: State) -> Settled | None:
        """Everybody's points, once the third player has chosen."""
        if len(state.taken) == 1:
            return None
        gift, paid = self._gift(state), int(act_of(state.taken[1], self.seat("third", state.round)))
        first, second, third = payoffs(gift, paid, self.endowment, self.held, self.effect).tolist()
        taken = self.effect * paid
        others = {"others_gift": gift, "others_paid": paid, "others_taken": taken}
        share = self._share(gift)
        lived = {
            "dictator": Lived("give", share, (), first, {"gift": gift, "others_paid": paid, "others_taken": taken}),
            "recipient": Lived("receive", None, (share,), second, others),
            "third": Lived("punish", None, (share,), third, {"others_gift": gift, "paid": paid, "taken": taken}),
        }
        return Settled(self.by_seat(lived, state.round))

    def _gift(self, state: State) -> int:
        return int(act_of(state.taken[0], self.seat("dictator", state.round)))

    def _share(self, gift: int) -> float:
        return 2 * gift / self.endowment

    def _paid_last(self, state: State) -> int:
        third = self.seat("third", state.round)
        paid = [one.facts["paid"] for one in state.lived[third] if one.stage == "punish"]
        return int(str(paid[-1])) if paid else 0
