"""The course of one run: measure, play, measure again, with every record handed on as it comes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.gateway import Gateway, Terms
from agents.induction import Induction
from agents.wording import Framing
from experiments.sequential import Stop, Values
from experiments.statistics import Resampling
from games.conditions import Conditions
from games.errors import SettingError, whole
from games.presentation import Presentation
from games.rationality import MEASURE
from games.types import Choice, Decision, Game, Measure, Outcome
from sim.loop import run as run_on_loop
from sim.matching import Matching
from sim.participant import Member
from sim.records import Record
from sim.society import Society

PHASES = ("before", "play", "after")


@dataclass(frozen=True)
class Experiment:
    """Everything a run does, as typed objects.

    measures: what is administered before and after play; of the first are value rationality and figures.
    phases: of PHASES, in the order done.  repetitions: administrations of the measure to each participant, before and
    after alike.  memory: whether the second measure reminds of play.  models: settings of each chat model by its label.
    terms: where replies come from and what may be spent.  on_failure: policy of the society for failed replies.
    conditions: what players see, how long play goes on, and whether acts go astray.
    on_unreadable: whether such replies are asked for again.
    estimates: whether preferences are estimated from every participant's choices.  figures: their formats.
    cooperation: what it is in this game, for the axis of a figure.
    stop: when repetitions of the first measure end, each cell by itself; `repetitions` then holds for further measures.

    Raises SettingError for phases or repetitions that cannot be done, or members that do not divide into groups.
    """

    name: str
    seed: int
    phases: tuple[str, ...]
    repetitions: int
    memory: bool
    members: Sequence[Member]
    game: Game[Any]
    measures: tuple[Measure, ...]
    matching: Matching
    presentation: Presentation
    conditions: Conditions
    framing: Framing
    gateways: Sequence[Gateway]
    inductions: Sequence[Induction]
    models: Mapping[str, Any]
    terms: Terms
    on_failure: str
    on_unreadable: str
    cooperation: str
    resampling: Resampling
    estimates: bool = True
    figures: tuple[str, ...] = ()
    stop: Stop | None = None

    def __post_init__(self) -> None:
        if not self.phases or any(phase not in PHASES for phase in self.phases):
            raise SettingError(f"phases={list(self.phases)}: name some of {', '.join(PHASES)}")
        if sorted(self.phases, key=PHASES.index) != list(self.phases) or len(set(self.phases)) < len(self.phases):
            raise SettingError(f"phases={list(self.phases)}: each at most once, in the order {', '.join(PHASES)}")
        whole("run", "repetitions", self.repetitions, 1)
        if not self.members:
            raise SettingError("population: nobody takes part; give population.cells, each with a count or a share")
        if self.stop is not None:
            self._can_stop(self.stop)
        if "play" in self.phases:
            self._divides()
            if not self.matching.lasting and getattr(self.game, "CARRIES", False):
                raise SettingError(
                    f"matching: in {self.game.name} something passes from round to round, so groups must stay "
                    "together; take matching=fixed_partners"
                )
            if not self.matching.lasting and self.conditions.partners == "named":
                raise SettingError(
                    "conditions: partners=named needs groups that stay together; take matching=fixed_partners"
                )

    def _can_stop(self, stop: Stop) -> None:
        if not {"before", "after"} & set(self.phases):
            raise SettingError(
                f"stop: phases={list(self.phases)} repeat no measure; add before or after, or take stop.half_width=null"
            )
        if self.measure.name != MEASURE:
            raise SettingError(
                f"stop: the interval needs the ends of a scale, which are known of the {MEASURE}, and the measure is "
                f"{self.measure.name}; take measure={MEASURE}, or stop.half_width=null with repetitions=…"
            )
        if len(self.presentation.layouts) > 1:
            raise SettingError(
                f"stop: with {len(self.presentation.layouts)} counterbalanced layouts repetitions are not alike; take "
                "one word for each key of presentation (order=shuffled among them), and a sweep over the others"
            )
        without = [one.cell for one in self.members if one.orientation == "none"]
        if without and stop.quantity == "value_rationality":
            raise SettingError(
                f"stop: cell {without[0]} has no orientation, so no value rationality; take stop.quantity=angle, "
                "with half_width in degrees"
            )

    def _divides(self) -> None:
        size, there, cell = self.game.players, len(self.members), self.members[0].cell
        try:
            self.matching.groups(there, size, self.seed, 1)
        except SettingError as error:
            first = sum(member.cell == cell for member in self.members)
            more = first + -there % size
            raise SettingError(f"{error}, for example by population.cells.{cell}.count={more}") from None

    @property
    def synthetic(self) -> bool:
        """Whether any participant is a simulated respondent or a rule."""
        return any(member.agent.synthetic for member in self.members)

    def sizes(self) -> dict[str, int]:
        """The number of participants of each cell."""
        return dict(Counter(member.cell for member in self.members))

    def asked_in(self, phase: str) -> int:
        """How many decisions a phase puts at the most."""
        if phase != "play":
            return len(self.members) * sum(most * len(items) for items, most in self.administered())
        return len(self.members) // self.game.players * len(self.rehearsal()[0])

    @property
    def measure(self) -> Measure:
        """The first of the measures."""
        return self.measures[0]

    def administered(self) -> list[tuple[Sequence[Decision], int]]:
        """The items of each measure, and how often they are put to a participant in a phase at the most."""
        most = [self.stop.max_repetitions if self.stop else self.repetitions, *[self.repetitions] * len(self.measures)]
        return [(measure.decisions(), many) for measure, many in zip(self.measures, most, strict=False)]

    def items(self) -> list[Decision]:
        """All items of one administration of every measure."""
        return [item for measure in self.measures for item in measure.decisions()]

    def rehearsal(self) -> tuple[list[Decision], list[Outcome]]:
        """All decisions of one group's play, and the outcomes that its players lived.

        Everybody takes the first option, or the last where more is asked then: after an empty gift nothing may follow.
        """
        first, last = self._rehearsed(0), self._rehearsed(-1)
        return last if len(last[0]) > len(first[0]) else first

    def _rehearsed(self, place: int) -> tuple[list[Decision], list[Outcome]]:
        state, decisions, lived = self.game.start(self.seed), list[Decision](), list[Outcome]()
        while pending := self.game.decisions(state):
            decisions += pending
            choices = {one.key: Choice(range(len(one.options))[place]) for one in pending}
            state, outcomes = self.game.resolve(state, choices)
            lived += outcomes
        return decisions, lived

    def questions(self, phase: str, seat: int = 0) -> list[Decision]:
        """What is asked in a phase as it would be read: one administration, or one table's play as it is rehearsed.

        seat: whose rounds the second measure reminds of.
        """
        if phase == "before":
            return self.items()
        played, outcomes = self.rehearsal()
        play = [
            replace(
                one,
                facts=self.conditions.told(one.facts, lasting=self.matching.lasting, seat=one.player),
                past=self.conditions.seen(one.past, one.player),
            )
            for one in played
        ]
        if phase == "play":
            return play
        items = self.items()
        past = self.conditions.seen((one.experience for one in outcomes if one.player == seat), seat)
        if not (self.memory and "play" in self.phases and past):
            return items
        remembered = {self.game.name: next((one for one in play if one.player == seat), play[0]).facts}
        return [replace(one, past=past, facts={**one.facts, "remembered": remembered}) for one in items]

    def accounting(self) -> list[dict[str, Any]]:
        """What calls took, a row for each model and cell."""
        return [
            {
                "model": gateway.name,
                "cell": cell,
                "synthetic": gateway.synthetic,
                "made": account.made,
                "stored": account.stored,
                "shared": account.shared,
                "requests": account.requests,
                "faults": dict(account.faults),
                "tokens_in": account.tokens_in,
                "tokens_out": account.tokens_out,
                "uncounted": account.uncounted,
                "waited_s": account.waited,
                "cost": account.cost if gateway.prices.known else None,
            }
            for gateway in self.gateways
            for cell, account in gateway.accounts.items()
        ]

    def prompts(self) -> dict[str, str]:
        """The exact words of this run, by what they are."""
        found = self.framing.texts([*(measure.name for measure in self.measures), self.game.name])
        for induction in self.inductions:
            found |= induction.texts()
        return found

    def society(
        self,
        keep: Callable[[Iterable[Record]], None] = lambda records: None,
        asked: Callable[[Choice], None] = lambda choice: None,
    ) -> Society:
        """The society of this experiment, before anything has happened in it."""
        return Society(
            self.members,
            self.game,
            self.matching,
            seed=self.seed,
            presentation=self.presentation,
            conditions=self.conditions,
            on_failure=self.on_failure,
            keep=keep,
            asked=asked,
        )

    def run(
        self,
        keep: Callable[[Iterable[Record]], None],
        phase: Callable[[str, int], None] = lambda name, decisions: None,
        asked: Callable[[Choice], None] = lambda choice: None,
        told: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Go through the phases.

        keep: gets all records, in an order fixed by the seed.  phase: called as one begins, with how many decisions it
        puts.  asked: called for every decision answered.  told: called with what a model's endpoint makes us wait for.
        Raises EndpointError if a model's endpoint fails, BudgetError when the budget is reached, StoreError if replies
        cannot be kept, or a replay lacks one.
        """
        values = dict[str, Values]()

        def noting(records: Iterable[Record]) -> None:
            records = list(records)
            for record in records:
                for one in values.values():
                    one.take(record)
            keep(records)

        society = self.society(noting if self.stop else keep, asked)
        for gateway in self.gateways:
            gateway.told = told
        try:
            for name in self.phases:
                phase(name, self.asked_in(name))
                if name == "play":
                    while society.round < self.game.rounds:
                        society.step()
                else:
                    if self.stop:
                        values[name] = Values(self.stop.quantity, name)
                        self._until_narrow(self.stop, society, name, values[name], told)
                    for measure in self.measures[1:] if self.stop else self.measures:
                        society.administer(measure, name, self.repetitions, memory=self.memory)
        finally:
            for gateway in self.gateways:
                run_on_loop(gateway.close())

    def _until_narrow(
        self, stop: Stop, society: Society, phase: str, values: Values, told: Callable[[str], None]
    ) -> None:
        """Repeat the first measure in each cell until its interval is narrow enough.

        Looks come after repetitions that are fixed beforehand, and see whole repetitions, so which questions are put
        does not depend on the order in which replies come.
        """
        if line := stop.out_of_reach(self.sizes()):
            told(line)
        going, done = list(self.sizes()), 0
        for until in stop.looks():
            society.administer(self.measure, phase, until, memory=self.memory, first=done + 1, cells=going)
            # In a cell whose participants have all left, nobody is there to be asked again.
            going = [cell for cell in going if len(values.of(cell)) and not stop.narrow(values.of(cell))]
            done = until
            if not going:
                return
