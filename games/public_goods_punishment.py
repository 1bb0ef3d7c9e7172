"""Public goods game with costly punishment: after contributing, everybody may take points from everybody else.

First the linear public goods game. Then each player, who sees what each other contributed, may assign up to 10 points
to each of them; a point costs who assigns it 1 and who receives it 3: πᵢ = e − cᵢ + (m/n) Σⱼ cⱼ − Σⱼ pᵢⱼ − 3 Σⱼ pⱼᵢ
(Fehr & Gächter 2000, American Economic Review 90, 980–994, and 2002, Nature 415, 137–140; parameters and linear
technology: Herrmann, Thöni & Gächter 2008, Science 319, 1362–1367). Points may fall below 0. Who wants points never
punishes, so the equilibrium is that without punishment; people punish, and contributions rise.

Cooperation of a contribution is the share of the endowment; punishment has no such reading. What a contribution is
said to bring leaves punishment out; punishing somebody is said to bring what both have from the first part, less cost
and effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.conditions import TARGET
from games.enumeration import ideal_acts
from games.errors import above, stepped, whole
from games.public_goods import PublicGoods
from games.public_goods import payoffs as contributed
from games.rounds import Lived, Rounds, Settled, State, act_of
from games.types import Allocation, Decision, Json, Option
from games.yardsticks import Yardsticks


def payoffs(
    contributions: ArrayLike,
    assigned: ArrayLike,
    endowment: float,
    multiplier: float,
    cost: float,
    effect: float,
) -> NDArray[np.float64]:
    """Points of each player: those of the linear game, less cost · points assigned, less effect · points received.

    contributions: points, shape (…, n).  assigned: punishment points, shape (…, n, n), from whom in the last axis but
    one and to whom in the last. Returns shape (…, n).
    """
    points = np.asarray(assigned, dtype=np.float64)
    settled: NDArray[np.float64] = (
        contributed(contributions, endowment, multiplier) - cost * points.sum(axis=-1) - effect * points.sum(axis=-2)
    )
    return settled


@dataclass(frozen=True, slots=True)
class PunishmentPublicGoods(Rounds):
    """The public goods game with punishment.

    players, endowment, multiplier, step, rounds: as in the linear game.  most: the most punishment points for one
    other.  cost: points that a punishment point costs who assigns it.  effect: points that it takes.

    Raises SettingError for a setting out of range.
    """

    name: str = field(default="public_goods_punishment", init=False)
    players: int = 4
    endowment: int = 20
    multiplier: float = 1.6
    step: int = 1
    most: int = 10
    cost: float = 1
    effect: float = 3
    rounds: int = 10

    def __post_init__(self) -> None:
        whole(self.name, "players", self.players, 2)
        whole(self.name, "endowment", self.endowment, 1)
        above(self.name, "multiplier", self.multiplier, 0)
        stepped(self.name, "the endowment", self.endowment, self.step)
        whole(self.name, "rounds", self.rounds, 1)
        whole(self.name, "most", self.most, 1)
        above(self.name, "cost", self.cost, 0)
        above(self.name, "effect", self.effect, 0)

    @property
    def linear(self) -> PublicGoods:
        """The game of the first stage."""
        return PublicGoods(self.players, self.endowment, self.multiplier, self.step, self.rounds)

    def ask(self, state: State) -> tuple[Decision, ...]:
        """Everybody's contribution; then everybody's points for each other player, who is told by its contribution."""
        facts = self._told()
        if not state.taken:
            last = self._contributions(state.last[0]) if state.last else None
            return tuple(
                self.asked(state, seat, "contribute", self.linear.options(last, seat), facts)
                for seat in range(self.players)
            )
        given = self._contributions(state.taken[0])
        earned = contributed(given, self.endowment, self.multiplier).tolist()
        return tuple(
            self.asked(
                state,
                seat,
                "punish",
                self._fines(earned[seat], earned[target]),
                {
                    **facts,
                    "own_contribution": given[seat],
                    "others_contributions": tuple(given[one] for one in self.others(seat)),
                    "earned": earned[seat],
                    "contribution": given[target],
                    TARGET: target,
                },
                item=item,
                others=1,
            )
            for seat in range(self.players)
            for item, target in enumerate(self.others(seat), start=1)
        )

    def settle(self, state: State) -> Settled | None:
        """Everybody's points, once punishment is assigned."""
        if len(state.taken) == 1:
            return None
        given = self._contributions(state.taken[0])
        assigned = np.zeros((self.players, self.players))
        for seat in range(self.players):
            for item, target in enumerate(self.others(seat), start=1):
                assigned[seat, target] = int(act_of(state.taken[1], seat, item))
        points = payoffs(given, assigned, self.endowment, self.multiplier, self.cost, self.effect).tolist()
        lived = []
        for seat in range(self.players):
            others = self.others(seat)
            facts: dict[str, Json] = {
                "act": given[seat],
                "others_acts": tuple(given[one] for one in others),
                "assigned": int(assigned[seat].sum()),
                "received": int(assigned[:, seat].sum()),
            }
            shares = tuple(given[one] / self.endowment for one in others)
            lived.append(Lived("contribute", given[seat] / self.endowment, shares, points[seat], facts))
        return Settled(tuple(lived))

    def yardsticks(self) -> Yardsticks:
        """Those of the linear game, as punishing never pays; the least points are those of who is punished by all.

        Who is punished most has contributed what the linear game's least points take, and punishes everybody itself.
        """
        linear, fines = self.linear.yardsticks(), (self.cost + self.effect) * self.most * (self.players - 1)
        concept = f"{linear.concept}, in which nobody punishes (subgame-perfect)"
        return replace(linear, concept=concept, least=linear.least - fines, ideal=ideal_acts(self))

    def _fines(self, own: float, other: float) -> tuple[Option, ...]:
        return tuple(
            Option(points, Allocation(own - self.cost * points, other - self.effect * points))
            for points in range(self.most + 1)
        )

    def _told(self) -> Mapping[str, Json]:
        return {
            **self.linear.told(0),
            "players": self.players,
            "most": self.most,
            "cost": self.cost,
            "effect": self.effect,
        }

    def _contributions(self, stage: tuple[tuple[int, int, int | str], ...]) -> tuple[int, ...]:
        return tuple(int(act_of(stage, seat)) for seat in range(self.players))
