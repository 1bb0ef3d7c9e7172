"""Further strategies of the repeated prisoner's dilemma, for any game whose acts have a level of cooperation.

Between two players with two acts each is the strategy of its name in the literature, move for move that of the library
Axelrod 4.13.1 (Knight et al. 2016, Journal of Open Research Software 4, e35); `tests/test_axelrod.py` compares them.
With several others, a round is their mean; a strategy reads the rounds that it sees, its own acts as carried out.
"""

from dataclasses import dataclass
from typing import ClassVar

from agents.scripted import Rule, lived_here, mean_seen, nearest
from games.types import Choice, Decision, Occasion


def _means(decision: Decision) -> list[float]:
    """The others' mean cooperation in each round of this game that was seen, oldest first."""
    return [mean_seen(one) for one in lived_here(decision)]


@dataclass(frozen=True)
class AlwaysCooperate(Rule):
    """Always cooperates fully.

    Also called Cooperator (Axelrod 1984, The Evolution of Cooperation) or ALLC (Press & Dyson 2012, PNAS 109,
    10409–10413).
    """

    kind: ClassVar[str] = "always_cooperate"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The most cooperative option."""
        del occasion
        return nearest(decision, 1.0)


@dataclass(frozen=True)
class AlwaysDefect(Rule):
    """Never cooperates.

    Also called Defector (Axelrod 1984, The Evolution of Cooperation) or ALLD (Press & Dyson 2012, PNAS 109,
    10409–10413).
    """

    kind: ClassVar[str] = "always_defect"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The least cooperative option."""
        del occasion
        return nearest(decision, 0.0)


@dataclass(frozen=True)
class SuspiciousTitForTat(Rule):
    """Begins with no cooperation, then does what the others did on average in the last round.

    Also called Mistrust (Beaufils, Delahaye & Mathieu 1997, Our meeting with gradual, Artificial Life V, 202–209;
    Hilbe, Nowak & Traulsen 2013, PLoS ONE 8, e77886).
    """

    kind: ClassVar[str] = "suspicious_tit_for_tat"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The others' last mean cooperation, given back."""
        del occasion
        return nearest(decision, [0.0, *_means(decision)][-1])


@dataclass(frozen=True)
class TitForTwoTats(Rule):
    """Cooperates fully in two rounds, then matches the better of the others' last two rounds.

    Of two players, it defects only after two defections in a row. Also called TF2T; John Maynard Smith sent it to
    Axelrod's second tournament (Axelrod 1980, Journal of Conflict Resolution 24, 379–403).
    """

    kind: ClassVar[str] = "tit_for_two_tats"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The greater of the others' last two means; a round before the first counts as full cooperation."""
        del occasion
        return nearest(decision, max([1.0, *_means(decision)][-2:]))


@dataclass(frozen=True)
class TwoTitsForTat(Rule):
    """Begins with full cooperation, then matches the worse of the others' last two rounds.

    Of two players, it answers each defection with two. Also called 2TFT (Axelrod 1984, The Evolution of Cooperation).
    """

    kind: ClassVar[str] = "two_tits_for_tat"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The smaller of the others' last two means; a round before the first counts as full cooperation."""
        del occasion
        return nearest(decision, min([1.0, *_means(decision)][-2:]))


@dataclass(frozen=True)
class Bully(Rule):
    """Begins with no cooperation, then does the opposite of what the others did on average in the last round.

    Also called reverse tit for tat (Nachbar 1992, Journal of Economic Behavior & Organization 19, 307–326).
    """

    kind: ClassVar[str] = "bully"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """One minus the others' last mean cooperation."""
        del occasion
        return nearest(decision, 1.0 - [1.0, *_means(decision)][-1])


@dataclass(frozen=True)
class Alternator(Rule):
    """Begins with full cooperation, then does the opposite of its own last act.

    Also called periodic player CD (Axelrod 1984, The Evolution of Cooperation; Mittal & Deb 2009, IEEE Transactions on
    Evolutionary Computation 13, 554–565). An act that went astray turns it round. Where it sees no act of its own, it
    goes by the number of the round and cooperates in odd ones.
    """

    kind: ClassVar[str] = "alternator"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """One minus its own last cooperation."""
        del occasion
        own = [one.own for one in decision.past if one.own is not None and one.game == decision.game]
        return nearest(decision, 1.0 - own[-1] if own else float(decision.round % 2))


@dataclass(frozen=True)
class GoByMajority(Rule):
    """Cooperates fully if the others cooperated by at least half on average over all rounds, else not at all.

    Of two players, it cooperates unless the other defected more often than not. Begins with full cooperation. Also
    called soft majority (Mittal & Deb 2009, IEEE Transactions on Evolutionary Computation 13, 554–565); Gail Grisell
    sent it to Axelrod's second tournament (Axelrod 1980, Journal of Conflict Resolution 24, 379–403).
    """

    kind: ClassVar[str] = "go_by_majority"

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """Full cooperation or none, by the mean over rounds of the others' mean cooperation."""
        del occasion
        means = _means(decision)
        # Rounding error must not decide where it is exactly half.
        return nearest(decision, 1.0 if not means or round(sum(means) / len(means), 9) >= 0.5 else 0.0)
