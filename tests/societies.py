"""What the tests of societies share: two games of several stages, agents that do as told, and what a society kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from games.randomness import stream
from games.types import Allocation, Answer, Choice, Decision, Experience, Failure, Occasion, Option, Outcome, answered
from sim.matching import FixedPartners
from sim.participant import Member
from sim.society import Society
from tests.conformance import Stub

# --- two games of several stages, written against the protocol alone -------------------------------------------------


@dataclass(frozen=True)
class Divided:
    """State of the ultimatum game: the round, the offer on the table if there is one, and each seat's past."""

    round: int = 1
    offer: int | None = None
    past: tuple[tuple[Experience, Experience], ...] = ()


@dataclass(frozen=True)
class Ultimatum:
    """Seat 0 offers some of 10 points; seat 1, who is told the offer, takes it or leaves both with nothing."""

    rounds: int = 2
    name = "ultimatum"
    players = 2

    def start(self, seed, first=1):
        return Divided(first)

    def decisions(self, state):
        if state.round > self.rounds:
            return ()
        about = {"game": self.name, "round": state.round}
        if state.offer is None:
            offers = tuple(Option(gift, Allocation(10 - gift, gift), gift / 10) for gift in range(0, 11, 5))
            past = tuple(pair[0] for pair in state.past)
            return (Decision(player=0, options=offers, stage="offer", answer=Answer.AMOUNT, past=past, **about),)
        replies = (Option("accept", Allocation(state.offer, 10 - state.offer)), Option("reject", Allocation(0, 0)))
        past = tuple(pair[1] for pair in state.past)
        return (Decision(player=1, options=replies, stage="reply", facts={"offer": state.offer}, past=past, **about),)

    def resolve(self, state, choices):
        ((_, option),) = answered(self.decisions(state), choices).items()
        if state.offer is None:
            return replace(state, offer=option.act), ()
        points = (10 - state.offer, state.offer) if option.act == "accept" else (0, 0)
        told = {"offer": state.offer, "accepted": option.act == "accept"}
        share = state.offer / 10
        lived = (
            Experience(self.name, "offer", state.round, share, (), points[0], told),
            Experience(self.name, "reply", state.round, None, (share,), points[1], told),
        )
        outcomes = tuple(Outcome(seat, state.round, one.stage, one.payoff, one) for seat, one in enumerate(lived))
        return Divided(state.round + 1, None, (*state.past, lived)), outcomes

    def void(self, state):
        return replace(state, round=state.round + 1, offer=None)


@dataclass(frozen=True)
class Punishable:
    """State of the game with punishment: the pending round and stage, the last round's acts, and each seat's past."""

    round: int = 1
    contributions: tuple[int, ...] | None = None
    last: tuple[int, ...] = (5, 5, 5)
    past: tuple[tuple[Experience, ...], ...] = ((), (), ())


@dataclass(frozen=True)
class Punishment:
    """Three contribute 0 or 10, doubled and shared; then each may take 3 points from each other at the price of 1."""

    rounds: int = 2
    name = "punishment"
    players = 3

    def start(self, seed, first=1):
        return Punishable(first)

    def decisions(self, state):
        if state.round > self.rounds:
            return ()
        return tuple(
            Decision(
                self.name,
                seat,
                options,
                stage="contribute" if state.contributions is None else "punish",
                round=state.round,
                item=item,
                others=2 if state.contributions is None else 1,
                past=state.past[seat],
            )
            for seat in range(3)
            for item, options in self._questions(state, seat)
        )

    def _questions(self, state, seat):
        if state.contributions is None:
            others = sum(state.last) - state.last[seat]
            brings = [(10 - own + 2 * (own + others) / 3, 20 - others + 4 * (own + others) / 3) for own in (0, 10)]
            return [(0, (Option("keep", Allocation(*brings[0]), 0.0), Option("give", Allocation(*brings[1]), 1.0)))]
        menu = (Option("leave", Allocation(0, 0)), Option("punish", Allocation(-1, -3)))
        return [(1, menu), (2, menu)]

    def resolve(self, state, choices):
        taken = answered(self.decisions(state), choices)
        if state.contributions is None:
            given = tuple(10 if taken[seat, 0].act == "give" else 0 for seat in range(3))
            points = [10 - own + 2 * sum(given) / 3 for own in given]
            shares = [own / 10 for own in given]
            acts = [(shares[seat], tuple(shares[:seat] + shares[seat + 1 :])) for seat in range(3)]
            return self._settled(replace(state, contributions=given), "contribute", points, acts)
        points = [0, 0, 0]
        for (seat, item), option in taken.items():
            if option.act == "punish":
                points[seat] -= 1
                points[(seat + item) % 3] -= 3
        following = replace(state, round=state.round + 1, contributions=None, last=state.contributions)
        return self._settled(following, "punish", points, [(None, ())] * 3, number=state.round)

    def _settled(self, state, stage, points, acts, number=None):
        number = number or state.round
        lived = [Experience(self.name, stage, number, *acts[seat], points[seat]) for seat in range(3)]
        past = tuple((*before, one) for before, one in zip(state.past, lived, strict=True))
        return replace(state, past=past), tuple(Outcome(s, number, stage, points[s], lived[s]) for s in range(3))

    def void(self, state):
        past = tuple(tuple(one for one in lived if one.round < state.round) for lived in state.past)
        return replace(state, round=state.round + 1, contributions=None, past=past)


# --- agents and records ----------------------------------------------------------------------------------------------


@dataclass
class Told(Stub):
    """An agent that decides by a function, possibly after a while, and remembers what it was put and told to forget."""

    rule: Callable[[Decision], int | Failure]
    pause: Callable[[], float] | None = None
    heard: list[tuple[Decision, Occasion]] = field(default_factory=list)
    forgotten: list[tuple[str, int]] = field(default_factory=list)

    async def decide(self, decision, occasion):
        self.heard.append((decision, occasion))
        if self.pause:
            await asyncio.sleep(self.pause())
        said = self.rule(decision)
        return Choice(failure=said) if isinstance(said, Failure) else Choice(said)

    def forget(self, phase, repetition):
        self.forgotten.append((phase, repetition))


class Drawing(Told):
    """Chooses by its draw alone, and fails now and then."""

    def __init__(self, pause=None):
        super().__init__(lambda decision: 0, pause)

    async def decide(self, decision, occasion):
        await super().decide(decision, occasion)
        number = int(stream(occasion.draw, "test").integers(len(decision.options) * 12))
        return Choice(failure=Failure.EMPTY) if number == 0 else Choice(number % len(decision.options))


def always(option):
    return Told(lambda decision: option)


def members(*agents, orientation="prosocial"):
    return [Member("cell", orientation, agent) for agent in agents]


@dataclass
class Kept:
    """A society together with all it handed out."""

    society: Society
    batches: list[list[object]]
    answered: list[Choice]

    def of(self, kind):
        return [one for batch in self.batches for one in batch if isinstance(one, kind)]

    def play(self):
        while self.society.round < self.society.game.rounds:
            self.society.step()
        return self


def society(population, game, matching=None, seed=1, **settings):
    batches, choices = [], []
    made = Society(
        population,
        game,
        matching or FixedPartners(),
        seed=seed,
        keep=lambda records: batches.append(list(records)),
        asked=choices.append,
        **settings,
    )
    return Kept(made, batches, choices)


def shape(record):
    """A record without the member, whose agent is another object in every society."""
    return replace(record, member=None)
