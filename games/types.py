"""The words that every part of Commonweal shares: allocation, option, decision, choice, outcome, game, measure, agent.

A decision is all that passes from a game or a measure to an agent, and a choice is all that comes back. The
allocation carried by each option is what makes one agent serve every game and every measure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from games.errors import ChoiceError

_LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

type Json = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Points that an act brings.

    own: points to the one who decides.
    other: points to all others together (their sum); with one other, simply that person's points.
    """

    own: float
    other: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.own) and math.isfinite(self.other)):
            raise ValueError(f"an allocation needs finite points, not own={self.own}, other={self.other}")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a player may do.

    act: what the rules call it (a number of points, or a name); unique within a decision.
    allocation: the points it brings, with the others' acts held at the decision's belief.
    cooperation: how cooperative it is on [0, 1], by the game's own definition; None where that has no meaning.
    """

    act: int | str
    allocation: Allocation
    cooperation: float | None = None

    def __post_init__(self) -> None:
        if self.cooperation is not None and not 0 <= self.cooperation <= 1:
            raise ValueError(f"cooperation lies on [0, 1], not {self.cooperation}")


@dataclass(frozen=True, slots=True)
class Experience:
    """One past stage of a game as a player lived it.

    own, others: the cooperation in [0, 1] of the player's own act and of each other's act that the player saw; None, or
        left out, where somebody did not act or the act has no such reading.
    payoff: points earned.  facts: what the player may be reminded of, by the names which the wording uses.
    """

    game: str
    stage: str
    round: int
    own: float | None
    others: tuple[float, ...]
    payoff: float
    facts: Mapping[str, Json] = field(default_factory=dict)


class Answer(StrEnum):
    """How an option is named in an answer."""

    LETTER = "letter"
    """Each option shown has a letter: A, B, C …"""
    NUMBER = "number"
    """Each option shown has a number: 1, 2, 3 …"""
    AMOUNT = "amount"
    """The act itself is a whole number of points, and the answer is that number."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a menu is laid out before a player; it never changes what an option brings.

    order: of the options, "original", "reversed" or "shuffled".  labels: "letters" or "numbers".
    first: whose points are named first, "own" or "other".  currency: what points are called, in the plural.
    """

    order: str = "original"
    labels: str = "letters"
    first: str = "own"
    currency: str = "points"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one player is asked.

    game: name of the game or measure.  stage, round, item: which question of it (rounds and items from 1; item 0 where
        a round has a single question).
    player: seat at the table, from 0.  others: how many others the `other` points are summed over.
    options: in the order of the rules.  shown: the order of presentation, as indices into `options`.
    answer: whether an answer names a letter, a number or an amount.
    layout: how the options are laid out, of which `shown` and `answer` are the result.
    facts: what the player may know, by the names which the wording uses; nothing else may reach the player.
    past: earlier rounds as this player lived them, oldest first.

    Raises ValueError when built with fewer than two options, with an act twice, with an order that is no permutation,
    or with amounts that are not whole numbers.
    """

    game: str
    player: int
    options: tuple[Option, ...]
    facts: Mapping[str, Json] = field(default_factory=dict)
    stage: str = "choose"
    round: int = 1
    item: int = 0
    others: int = 1
    answer: Answer = Answer.LETTER
    shown: tuple[int, ...] = ()
    past: tuple[Experience, ...] = ()
    layout: Layout = Layout()

    def __post_init__(self) -> None:
        if len(self.options) < 2:
            raise ValueError(f"{self.game}: a decision needs at least two options, not {len(self.options)}")
        if len({option.act for option in self.options}) != len(self.options):
            raise ValueError(f"{self.game}: two options have the same act")
        if not self.shown:
            object.__setattr__(self, "shown", tuple(range(len(self.options))))
        elif sorted(self.shown) != list(range(len(self.options))):
            raise ValueError(f"{self.game}: shown={self.shown} is no order of {len(self.options)} options")
        if self.answer is Answer.AMOUNT and not all(isinstance(option.act, int) for option in self.options):
            raise ValueError(f"{self.game}: options answered by an amount need whole numbers as acts")
        if self.answer is Answer.LETTER and len(self.options) > 26:
            raise ValueError(f"{self.game}: {len(self.options)} options are more than there are letters")

    @property
    def key(self) -> tuple[int, int]:
        """(player, item): what tells this decision from the others that are pending with it."""
        return self.player, self.item

    @property
    def labels(self) -> tuple[str, ...]:
        """How each shown option is named in an answer, in the order of presentation."""
        if self.answer is Answer.AMOUNT:
            return tuple(str(self.options[index].act) for index in self.shown)
        if self.answer is Answer.NUMBER:
            return tuple(str(place) for place in range(1, len(self.shown) + 1))
        return _LETTERS[: len(self.shown)]

    def labelled(self) -> tuple[tuple[str, Option], ...]:
        """The options as shown: (label, option) in the order of presentation."""
        return tuple((label, self.options[index]) for label, index in zip(self.labels, self.shown, strict=True))

    def index_of(self, label: str) -> int:
        """The index into `options` of the option shown under a label; KeyError if there is none."""
        for position, known in enumerate(self.labels):
            if known == label:
                return self.shown[position]
        raise KeyError(label)


class Failure(StrEnum):
    """Why a reply is no answer. A failure is never replaced by an act or a number."""

    EMPTY = "empty"
    """Nothing but white space came back."""
    REFUSED = "refused"
    """The reply declines to answer, or a content filter stopped it."""
    TRUNCATED = "truncated"
    """The reply was cut off at its length limit before an answer."""
    AMBIGUOUS = "ambiguous"
    """More than one option is named as the answer."""
    OFF_MENU = "off_menu"
    """An answer is given, but it names no option on offer."""
    UNREADABLE = "unreadable"
    """No answer can be found in the reply."""
    PREPARATION = "preparation"
    """An exchange that the induction needs before the question failed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model sent back for one decision, and what it took.

    text: the reply as received.  tokens_in, tokens_out: as counted by the endpoint, None where it does not say; they
    include the induction's preparatory exchanges of this decision, which `preparation` holds as (asked, answered), and
    earlier attempts, which `earlier` holds as (failure, reply), oldest first.
    calls: replies that this decision took, whenever they were received.  latency: seconds of the answering call.
    model: identity as the endpoint reports it.  keys: of the replies in the reply store, in the order asked.
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    calls: int = 1
    latency: float | None = None
    model: str | None = None
    preparation: tuple[tuple[str, str], ...] = ()
    earlier: tuple[tuple[Failure, str], ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What came back: an option (index into the decision's options) or a stated failure; never both, never neither.

    probabilities: of each option, in the order of the rules, summing to 1, where the model was asked for them; `option`
        is then drawn from them.
    readable: the probability that the model put on the menu's labels altogether, before it was scaled to 1.
    """

    option: int | None = None
    failure: Failure | None = None
    reply: Reply | None = None
    probabilities: tuple[float, ...] | None = None
    readable: float | None = None

    def __post_init__(self) -> None:
        if (self.option is None) == (self.failure is None):
            raise ValueError("a choice is either an option or a failure")
        if self.probabilities is not None and not math.isclose(sum(self.probabilities), 1, abs_tol=1e-6):
            raise ValueError(f"probabilities sum to 1, not {sum(self.probabilities)}")

    def taken(self, decision: Decision) -> Option:
        """The chosen option. Raises ChoiceError if the choice is a failure or lies off the menu."""
        if self.option is None:
            raise ChoiceError(
                f"{decision.game} round {decision.round}: player {decision.player} gave no answer "
                f"({self.failure}); the society must void the round instead of resolving it"
            )
        if not 0 <= self.option < len(decision.options):
            raise ChoiceError(
                f"{decision.game} round {decision.round}: player {decision.player} chose option {self.option}, "
                f"but there are only 0 … {len(decision.options) - 1}"
            )
        return decision.options[self.option]


@dataclass(frozen=True, slots=True)
class Occasion:
    """On which occasion a decision is put to an agent.

    phase: "before", "play" or "after".  repetition: which administration, from 1.
    draw: the number that tells independent repetitions of the same question apart.
    """

    phase: str
    repetition: int
    draw: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a resolved stage brought one player: points, and the round as the player may remember it."""

    player: int
    round: int
    stage: str
    payoff: float
    experience: Experience


class Game[S](Protocol):
    """Rules by which simultaneous choices become payoffs, over rounds and stages.

    The state S is an immutable value that JSON can hold; all chance in a game comes from the seed that `start` puts
    into it, so a play is determined by its seed and its choices.
    """

    @property
    def name(self) -> str:
        """The game's name in tables."""
        ...

    @property
    def players(self) -> int:
        """How many players sit at the table."""
        ...

    @property
    def rounds(self) -> int:
        """How many rounds a play has."""
        ...

    def start(self, seed: int, first: int = 1) -> S:
        """The state before round `first`; the rounds before it were not played at this table."""
        ...

    def decisions(self, state: S) -> tuple[Decision, ...]:
        """All decisions pending now, each with a key of its own; empty when the play is over."""
        ...

    def resolve(self, state: S, choices: Mapping[tuple[int, int], Choice]) -> tuple[S, tuple[Outcome, ...]]:
        """The next state, and the outcomes if payoffs are now settled; choices are keyed by `Decision.key`.

        Raises ChoiceError when a pending decision has no choice, a choice answers none, or a choice is a failure.
        """
        ...

    def void(self, state: S) -> S:
        """The state after the current round has passed without an outcome because a reply failed."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """A measure's reading of one administration; None stands for "could not be read", never for zero.

    angle: in degrees, by the measure's own scoring.  category: the name of its class, by the measure's own classes.
    transitive: whether the preferences are acyclic.  length: vector length in points.  index: the secondary index IA of
    the slider (0 inequality averse, 1 joint gain).  consistency: on [0, 1], by the measure's own check; None for a
    measure whose checks are those above.
    failed, asked: how many of the administration's items failed, and how many there were.
    obtained: "choices", or "probabilities" where the angle and the length are expectations over the probabilities of
        the options; transitive and index have no such reading and are None.
    spread: standard deviation in degrees that the angle of a single administration would have under these
        probabilities; None where it was obtained from choices.
    """

    angle: float | None
    category: str | None
    transitive: bool | None
    length: float | None
    index: float | None
    failed: int
    asked: int
    obtained: str = "choices"
    spread: float | None = None
    consistency: float | None = None


class Measure(Protocol):
    """Decisions without partners' acts, and the score that they give together."""

    @property
    def name(self) -> str:
        """The measure's name in tables."""
        ...

    def decisions(self) -> tuple[Decision, ...]:
        """All items of one administration."""
        ...

    def score(self, choices: Sequence[Choice]) -> Score:
        """The score of one administration; `choices` in the order of `decisions()`, failures among them.

        Raises ChoiceError when the number of choices is wrong or one lies off its menu.
        """
        ...


class Agent(Protocol):
    """Who decides: a chat model under an induction, or a scripted rule."""

    @property
    def kind(self) -> str:
        """The kind of agent in tables, such as "llm" or "tit_for_tat"."""
        ...

    @property
    def model(self) -> str:
        """The chat model's name in tables; "none" for a scripted rule."""
        ...

    @property
    def induction(self) -> str:
        """How its value was worded; "none" for a scripted rule, and for the control that is given none."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether the choices come from a simulated respondent or a rule rather than a language model."""
        ...

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """The agent's choice; a reply that cannot be read is a Choice with its failure."""
        ...

    def forget(self, phase: str, repetition: int) -> None:
        """Nothing more will be asked on this occasion: let go of what was kept for it."""
        ...


def answered(pending: Sequence[Decision], choices: Mapping[tuple[int, int], Choice]) -> dict[tuple[int, int], Option]:
    """The option taken in each pending decision, by its key.

    Raises ChoiceError unless the choices answer exactly what is pending, each with an option on its menu.
    """
    asked = {decision.key: decision for decision in pending}
    if missing := sorted(asked.keys() - choices.keys()):
        raise ChoiceError(f"no choice for the pending decision(s) (player, item) {missing}")
    if superfluous := sorted(choices.keys() - asked.keys()):
        raise ChoiceError(f"a choice for (player, item) {superfluous}, which are not pending")
    return {key: choices[key].taken(decision) for key, decision in asked.items()}
