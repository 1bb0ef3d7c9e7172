"""The society: a population in a measure and in a game, round by round."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import batched
from typing import Any

import mesa

from games.conditions import Conditions
from games.errors import SettingError
from games.presentation import Presentation
from games.randomness import draw
from games.types import Choice, Decision, Experience, Game, Measure, Occasion, Outcome
from sim.gathering import Part, in_order, until_error
from sim.loop import run
from sim.matching import Matching, groups_still_there
from sim.participant import Member, Participant
from sim.records import Asked, Played, Record, Scored
from sim.unanswered import Bounds, Taken, bounds, policy

# Administrations under way at once; bounds memory, while the gateway bounds calls.
_WINDOW = 256


class Society(mesa.Model[Participant, Any]):
    """A population of participants, the groups they meet in, and the rounds they play; `step` is one round.

    members: the population.  game, matching: what is played and who meets whom.  seed: of the run.
    conditions: what players see, how long play goes on, and whether acts go astray.
    on_failure: what to do about a reply that failed in play, by its name in `sim.unanswered`.
    keep: called with all records of a round or administration, in an order that does not depend on when replies came.
    asked: called once for every decision answered, with its choice, as it happens.

    Raises SettingError for an unknown `on_failure`, and in `step` when the members do not divide into groups of the
    game's size.
    """

    def __init__(
        self,
        members: Sequence[Member],
        game: Game[Any],
        matching: Matching,
        *,
        seed: int,
        presentation: Presentation | None = None,
        conditions: Conditions | None = None,
        on_failure: str = "void",
        keep: Callable[[Iterable[Record]], None] = lambda records: None,
        asked: Callable[[Choice], None] = lambda choice: None,
    ) -> None:
        super().__init__(rng=seed)
        # Mesa announces every step on its own logger; the progress bar says the same.
        logging.getLogger("mesa").setLevel(logging.WARNING)
        self.seed_of_run = seed
        self.game = game
        self.matching = matching
        self.presentation = presentation or Presentation()
        self.conditions = conditions or Conditions()
        self._policy = policy(on_failure)
        self._keep = keep
        self._asked = asked
        self._states: dict[tuple[int, ...], Any] = {}
        self.round = 0
        self.participants = [Participant(self, number, member) for number, member in enumerate(members)]
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "round": lambda society: society.round,
                **{
                    f"{quantity}_{orientation}": partial(_mean, quantity=quantity, orientation=orientation)
                    for orientation in dict.fromkeys(member.orientation for member in members)
                    for quantity in ("cooperation", "payoff")
                },
            }
        )

    def step(self) -> None:
        """One round of play in every group."""
        if self.round >= self.game.rounds:
            self.running = False
            raise SettingError(f"the play of {self.game.name} is over after {self.game.rounds} rounds")
        self.round += 1
        left = {one.number for one in self.participants if one.left}
        size, population = self.game.players, len(self.participants)
        groups = groups_still_there(self.matching, left, population, size, self.seed_of_run, self.round)
        for one in self.participants:
            one.payoff = one.cooperation = None
        run(in_order([self._play(number, group) for number, group in groups.items()], self._keep))
        self.datacollector.collect(self)
        self.running = self.round < self.game.rounds
        if not self.running:
            for one in self._there():
                one.member.agent.forget("play", 1)

    def administer(
        self,
        measure: Measure,
        phase: str,
        repetitions: int = 1,
        *,
        memory: bool = False,
        first: int = 1,
        cells: Collection[str] | None = None,
    ) -> None:
        """Put a measure to every participant who has not left.

        phase: "before" or "after".  repetitions: administrations with draws of their own.  memory: whether the
        participant is reminded of what it lived in play.  first: the number to begin with, where the repetitions below
        it are done.  cells: whom to ask; None for everybody.
        """
        asked = [one for one in self._there() if cells is None or one.member.cell in cells]
        jobs = ((one, number) for number in range(first, repetitions + 1) for one in asked)
        for window in batched(jobs, _WINDOW):
            parts = [self._administer(measure, phase, who, number, memory) for who, number in window]
            run(in_order(parts, self._keep))

    def _there(self) -> list[Participant]:
        return [one for one in self.participants if not one.left]

    async def _play(self, number: int, group: tuple[int, ...]) -> Part:
        """One group's round, all its stages; it needs nothing from other groups."""
        seats = [self.participants[index] for index in group]
        state = self._states.get(group) if self.matching.lasting else None
        if state is None:
            seed = draw(self.seed_of_run, "game", number, 1 if self.matching.lasting else self.round)
            state = self.game.start(seed, first=self.round)
        before = state
        records: list[Asked] = []
        outcomes: list[Outcome] = []
        stages: list[Taken] = []
        failed: set[int] = set()
        pending = self.game.decisions(state)
        if not pending:
            return Part([])  # the game ended before its last round, as a collapsed commons does
        while pending and pending[0].round == self.round and not failed:
            told = self._known(state, pending)
            put = [self._put(seats[decision.player], decision) for decision in told]
            answers, error = await until_error([self._answer(*one) for one in put])
            if error is not None:
                return Part([*records, *self._unsettled(put, answers, number)], error)
            choices = {decision.key: choice for (_, decision, _), choice in zip(put, answers, strict=True) if choice}
            done = {
                decision.key: self.conditions.carried_out(decision, choices[decision.key], occasion.draw)
                for _, decision, occasion in put
            }
            stages.append(Taken(choices, done))
            failed = {seat for (seat, _), choice in choices.items() if choice.failure is not None}
            stage: tuple[Outcome, ...] = ()
            if failed:
                state = self.game.void(state)
            else:
                state, stage = self.game.resolve(state, done)
            outcomes += stage
            earned = {one.player: one.payoff for one in stage}
            for record in self._unsettled(put, answers, number):
                own = earned.get(record.decision.player)
                rest = sum(earned.values()) - own if own is not None else None
                act = done[record.decision.key].option
                astray = act if act != record.choice.option else None
                records.append(replace(record, payoff=own, others_payoff=rest, carried_out=astray))
            pending = self.game.decisions(state)
        if self.matching.lasting:
            self._states[group] = state
        if failed:
            # A stage settled before the failure counts no more than the round it belongs to.
            records = [replace(one, payoff=None, others_payoff=None, carried_out=None) for one in records]
            outcomes = []
        limits = bounds(self.game, before, stages) if self._policy.bounds else None
        return Part([*records, *self._settle(number, seats, records, outcomes, failed, limits)])

    def _known(self, state: Any, pending: Sequence[Decision]) -> list[Decision]:
        """What is pending, with options that say no more of past acts than players may know."""
        blind = getattr(self.game, "blind", None)
        if self.conditions.history == "group" or blind is None:
            return list(pending)
        without = self.game.decisions(blind(state))
        return [replace(one, options=other.options) for one, other in zip(pending, without, strict=True)]

    def _put(self, who: Participant, decision: Decision) -> tuple[Participant, Decision, Occasion]:
        """The decision as this participant sees it: laid out, and with its own past where groups do not last."""
        # Among strangers the table knows this round alone; what came before, each has lived elsewhere.
        past = decision.past if self.matching.lasting else (*who.lived, *decision.past)
        facts = self.conditions.told(decision.facts, lasting=self.matching.lasting, seat=decision.player)
        decision = replace(decision, facts=facts, past=self.conditions.seen(past, decision.player))
        return self._shown(who, decision, "play", 1)

    def _shown(
        self, who: Participant, decision: Decision, phase: str, repetition: int
    ) -> tuple[Participant, Decision, Occasion]:
        names = (decision.game, decision.stage, decision.round, decision.item)
        number = draw(self.seed_of_run, "draws", who.number, phase, repetition, *names)
        laid_out = self.presentation.present(decision, number, who.number + repetition - 1)
        return who, laid_out, Occasion(phase, repetition, number)

    async def _answer(self, who: Participant, decision: Decision, occasion: Occasion) -> Choice:
        choice = await who.member.agent.decide(decision, occasion)
        self._asked(choice)
        return choice

    def _unsettled(
        self,
        put: Sequence[tuple[Participant, Decision, Occasion]],
        answers: Sequence[Choice | None],
        group: int | None,
    ) -> list[Asked]:
        """The records of what was answered, before anything is paid."""
        bounded = self._policy.bounds and group is not None
        return [
            Asked(who.number, who.member, decision, occasion, choice, group, None, None, bounded)
            for (who, decision, occasion), choice in zip(put, answers, strict=True)
            if choice is not None
        ]

    def _settle(
        self,
        number: int,
        seats: Sequence[Participant],
        asked: Sequence[Asked],
        outcomes: Sequence[Outcome],
        failed: Collection[int],
        limits: Sequence[Bounds] | None,
    ) -> list[Played]:
        """What the round brought everybody; who leaves by the policy is gone with it."""
        rows = []
        acts = {one.participant: one.cooperation for one in reversed(asked)}
        for seat, who in enumerate(seats):
            own = [one for one in outcomes if one.player == seat]
            who.lived += [one.experience for one in own]
            who.seat = seat
            who.payoff = sum(one.payoff for one in own) if own else None
            who.cooperation = acts.get(who.number)
            if self._policy.leaves and seat in failed:
                who.left = True
                who.member.agent.forget("play", 1)
            rows.append(
                Played(
                    who.number,
                    who.member,
                    self.game.name,
                    self.round,
                    number,
                    bool(failed),
                    who.payoff,
                    who.cooperation,
                    who.left,
                    limits[seat] if limits else None,
                    own[-1].experience.own if own else None,
                    own[-1].experience.facts if own else None,
                )
            )
        return rows

    async def _administer(self, measure: Measure, phase: str, who: Participant, repetition: int, memory: bool) -> Part:
        lived = self._remembered(who) if memory else None
        put: list[tuple[Participant, Decision, Occasion]] = []
        for item in measure.decisions():
            if lived is not None:
                experiences, facts = lived
                item = replace(item, past=experiences, facts={**item.facts, "remembered": facts})
            put.append(self._shown(who, item, phase, repetition))
        answers, error = await until_error([self._answer(*one) for one in put])
        records: list[Record] = [record.paid() for record in self._unsettled(put, answers, None)]
        if error is not None:
            return Part(records, error)
        number = draw(self.seed_of_run, "draws", who.number, phase, repetition, measure.name)
        administration = Occasion(phase, repetition, number)
        score = measure.score([choice for choice in answers if choice is not None])
        who.member.agent.forget(phase, repetition)
        layout = put[0][1].layout
        return Part([*records, Scored(who.number, who.member, measure.name, administration, score, layout)])

    def _remembered(self, who: Participant) -> tuple[tuple[Experience, ...], dict[str, Any]] | None:
        """What a participant lived, and the facts of the games it lived it in, which give the numbers their meaning."""
        if not who.lived:
            return None
        asked = self.game.decisions(self.game.start(0))
        # Seats may know different facts, as the two of a matrix game do.
        own = next((one for one in asked if one.player == who.seat), asked[0])
        facts = self.conditions.told(own.facts, lasting=self.matching.lasting, seat=who.seat)
        return self.conditions.seen(who.lived, who.seat), {self.game.name: facts}


def _mean(society: "Society", quantity: str, orientation: str) -> float | None:
    """The mean of a quantity over an orientation's participants in the last round; None where nobody has it."""
    values = [getattr(one, quantity) for one in society.participants if one.orientation == orientation]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
