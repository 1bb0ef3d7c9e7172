"""Collective-risk social dilemma: a target must be reached together, or all may lose what they kept.

Each of n players holds an account of e points and in each of T rounds pays 0, 2 or 4 of them into a common account
that is not paid back. If the payments of all rounds together reach the target, everybody keeps what is left on its
account; otherwise everybody loses all of it with the probability p (Milinski, Sommerfeld, Krambeck, Reed & Marotzke
2008, PNAS 105, 2291–2294, whose numbers are the defaults: n = 6, e = 40, T = 10, target 120, p = 0.9). Points are
paid at the end: a round before the last brings 0, and
where a reply fails in the last round the play ends without a settlement.

Cooperation of an act is the share of the highest payment on offer, so that a fair share of the target is 0.5. What an
act is said to bring are the points expected at the end if everybody goes on like this: oneself with this act, the
others with their last, and before any with the middle one.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.enumeration import ideal_acts
from games.errors import SettingError, share, whole
from games.randomness import stream
from games.rounds import Lived, Rounds, Settled, State, act_of
from games.types import Allocation, Decision, Json, Option
from games.yardsticks import Standard, Yardsticks


def payoffs(paid: ArrayLike, endowment: float, target: float, risk: float) -> NDArray[np.float64]:
    """Points expected at the end: e − paid where all payments together reach the target, else (1 − p) of that.

    paid: each player's payments over all rounds, shape (…, n) over the group. Returns the same shape.
    """
    spent = np.asarray(paid, dtype=np.float64)
    saved = spent.sum(axis=-1, keepdims=True) >= target
    points: NDArray[np.float64] = (endowment - spent) * np.where(saved, 1.0, 1.0 - risk)
    return points


@dataclass(frozen=True, slots=True)
class CollectiveRisk(Rounds):
    """The collective-risk dilemma.

    players: group size n.  endowment: e, whole points of each player for the whole play.  target: points in all.
    risk: p, on [0, 1].  payments: what can be paid in a round, whole points.  rounds: T.

    Raises SettingError for a setting out of range, or payments that the endowment cannot bear in all rounds.
    """

    CARRIES: ClassVar[bool] = True

    name: str = field(default="collective_risk", init=False)
    players: int = 6
    endowment: int = 40
    target: int = 120
    risk: float = 0.9
    payments: tuple[int, ...] = (0, 2, 4)
    rounds: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "payments", tuple(self.payments))
        whole(self.name, "players", self.players, 2)
        whole(self.name, "endowment", self.endowment, 1)
        whole(self.name, "target", self.target, 1)
        share(self.name, "risk", self.risk)
        whole(self.name, "rounds", self.rounds, 1)
        for payment in self.payments:
            whole(self.name, "payments", payment, 0)
        if len(self.payments) < 2 or list(self.payments) != sorted(set(self.payments)):
            raise SettingError(f"{self.name}: payments={list(self.payments)} must be two or more, each above the last")
        if self.payments[-1] * self.rounds > self.endowment:
            raise SettingError(
                f"{self.name}: {self.rounds} payments of {self.payments[-1]} are more than the endowment of "
                f"{self.endowment}; raise the endowment or lower payments or rounds"
            )

    def opening(self) -> tuple[float, ...]:
        """What each player has paid so far: nothing."""
        return (0.0,) * self.players

    def ask(self, state: State) -> tuple[Decision, ...]:
        """Everybody's payment of the pending round."""
        last = tuple(int(act_of(state.last[0], seat)) for seat in range(self.players)) if state.last else None
        facts: dict[str, Json] = {
            "players": self.players,
            "others": self.players - 1,
            "endowment": self.endowment,
            "target": self.target,
            "risk": self.risk,
            "payments": self.payments,
            "paid_by_all": int(sum(state.held)),
        }
        return tuple(
            self.asked(
                state,
                seat,
                "pay",
                _options(self, state.held, last, self.rounds - state.round + 1, seat),
                {**facts, "account": int(self.endowment - state.held[seat])},
            )
            for seat in range(self.players)
        )

    def yardsticks(self) -> Yardsticks:
        """By going through what a player can pay in all: equilibria in which everybody pays the same amount in all."""
        totals = _sums(self.payments, self.rounds)
        paid = np.array(totals, dtype=np.float64)
        profile = np.repeat(paid[None, :, None], len(paid), axis=0).repeat(self.players, axis=2)
        profile[:, :, 0] = paid[:, None]
        own = payoffs(profile, self.endowment, self.target, self.risk)[..., 0]
        most = self.payments[-1] * self.rounds

        def standard(place: int) -> Standard:
            points = (float(own[place, place]),) * self.players
            return Standard(f"all {totals[place]} over all rounds", points, totals[place] / most)

        alike = np.diagonal(own)
        found = tuple(standard(int(place)) for place in np.flatnonzero(alike >= own.max(axis=0) - 1e-9))
        # Only the payments of all together matter to all together, so who pays them may be spread evenly.
        together = _sums(self.payments, self.rounds * self.players)
        enough = [float(paid) for paid in together if paid >= self.target]
        sums = [float(together[0]), *enough[:1]]
        shares = np.array(sums)[:, None] / self.players * np.ones(self.players)
        spread = payoffs(shares, self.endowment, self.target, self.risk)
        best = max(range(len(sums)), key=lambda place: spread[place].sum())
        optimum = Standard(
            f"{sums[best]:g} paid by all together",
            tuple(spread[best].tolist()),
            sums[best] / self.players / most,
        )
        concept = "symmetric Nash equilibria in what everybody pays in all rounds together"
        # Where missing the target is sure to take all, somebody must pay what the others cannot.
        needed = [paid for paid in totals if self.risk < 1 or paid + (self.players - 1) * most >= self.target]
        greatest = float(self.endowment - needed[0]) if needed else 0.0
        least = 0.0 if self.risk > 0 and together[0] < self.target else float(self.endowment - most)
        return Yardsticks("play", concept, found, optimum, least, greatest, ideal_acts(self), expected=True)

    def settle(self, state: State) -> Settled:
        """What everybody has paid by now; after the last round, what is left, unless it is lost."""
        acts = [int(act_of(state.taken[0], seat)) for seat in range(self.players)]
        held = tuple(before + act for before, act in zip(state.held, acts, strict=True))
        ended, reached = state.round == self.rounds, sum(held) >= self.target
        lost = ended and not reached and bool(stream(state.seed, "catastrophe").random() < self.risk)
        levels = [act / self.payments[-1] for act in acts]
        lived = []
        for seat in range(self.players):
            others = self.others(seat)
            points = 0.0 if lost or not ended else self.endowment - held[seat]
            facts: dict[str, Json] = {
                "act": acts[seat],
                "others_acts": tuple(acts[other] for other in others),
                "group_paid": int(sum(held)),
                "ended": ended,
                "reached": reached,
                "lost": lost,
            }
            lived.append(Lived("pay", levels[seat], tuple(levels[other] for other in others), points, facts))
        return Settled(tuple(lived), held)


def _sums(payments: tuple[int, ...], times: int) -> list[int]:
    """All that so many payments can come to, ascending."""
    found = {0}
    for _ in range(times):
        found = {before + payment for before in found for payment in payments}
    return sorted(found)


@lru_cache(maxsize=4096)
def _options(
    game: CollectiveRisk, held: tuple[float, ...], last: tuple[int, ...] | None, left: int, seat: int
) -> tuple[Option, ...]:
    """The options of a seat. last: everybody's last payments.  left: rounds, the pending one included."""
    middle = (game.payments[0] + game.payments[-1]) / 2
    going = np.array(last if last is not None else (middle,) * game.players, dtype=np.float64)
    rates = np.repeat(going[None], len(game.payments), axis=0)
    rates[:, seat] = game.payments
    points = payoffs(np.array(held) + left * rates, game.endowment, game.target, game.risk)
    own, other = points[:, seat].tolist(), (points.sum(axis=1) - points[:, seat]).tolist()
    return tuple(
        Option(act, Allocation(mine, theirs), act / game.payments[-1])
        for act, mine, theirs in zip(game.payments, own, other, strict=True)
    )
