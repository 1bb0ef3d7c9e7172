"""How a decision's options are laid out before a player: order, labels, whose points come first, and the currency.

None of it changes what an option brings, so a choice that depends on it is no preference between outcomes. A setting
with several words is a factor that is counterbalanced over participants and administrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

from games.errors import SettingError, unknown
from games.randomness import stream
from games.types import Answer, Decision, Layout

ORDERS = ("original", "reversed", "shuffled")
LABELS = ("letters", "numbers")
FIRSTS = ("own", "other")
LONGEST = 20
"""Letters in the word for points."""

type Levels = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Presentation:
    """How menus are laid out in a run; each setting is a word, or a list of words to be counterbalanced.

    order: "original", "reversed" or "shuffled" (anew for every decision).  labels: "letters" or "numbers".
    first: whose points an option names first, "own" or "other".  currency: any word for points, in the plural.

    Raises SettingError for another word, an empty list, or a list that names a word twice.
    """

    order: Levels = "original"
    labels: Levels = "letters"
    first: Levels = "own"
    currency: Levels = "points"

    def __post_init__(self) -> None:
        for name, known in (("order", ORDERS), ("labels", LABELS), ("first", FIRSTS)):
            for word in self.levels(name):
                if word not in known:
                    raise unknown(f"presentation.{name}", word, known)
        for word in self.levels("currency"):
            if not isinstance(word, str) or not word.isalpha() or len(word) > LONGEST:
                raise SettingError(
                    f"presentation.currency={word!r} must be one word for points in the plural, such as coins: "
                    f"1 to {LONGEST} letters and nothing else"
                )
        for one in fields(self):
            levels = self.levels(one.name)
            if not levels or len(set(levels)) < len(levels):
                raise SettingError(f"presentation.{one.name}={list(levels)} must name at least one word, none twice")
            if levels != (getattr(self, one.name),):
                object.__setattr__(self, one.name, levels)

    def levels(self, setting: str) -> tuple[str, ...]:
        """The words that a setting goes through: one, or those of its list in the order given."""
        given = getattr(self, setting)
        return (given,) if isinstance(given, str) or not isinstance(given, Sequence) else tuple(given)

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """All combinations of the levels, in the order in which they are gone through."""
        return tuple(Layout(*words) for words in product(*(self.levels(one.name) for one in fields(self))))

    def layout(self, number: int) -> Layout:
        """One of the combinations in turn: a block of as many consecutive numbers has each of them once."""
        turn, words = number, dict[str, str]()
        # Written as digits of mixed base, so that no list of combinations is made for every decision.
        for one in reversed(fields(self)):
            levels = self.levels(one.name)
            turn, place = divmod(turn, len(levels))
            words[one.name] = levels[place]
        return Layout(**words)

    def present(self, decision: Decision, draw: int, number: int = 0) -> Decision:
        """The decision as it is laid out.

        draw: fixes a shuffle.  number: which combination, participant + repetition − 1: consecutive participants go
        through all of them, and so do the administrations to one. Amounts, a range, keep their order, and are labels
        themselves. Raises SettingError where letters do not suffice for the options.
        """
        layout = self.layout(number)
        if decision.answer is Answer.AMOUNT:
            layout = replace(layout, order=decision.layout.order, labels=decision.layout.labels)
            return decision if layout == decision.layout else replace(decision, layout=layout)
        answer = Answer.NUMBER if layout.labels == "numbers" else Answer.LETTER
        if answer is Answer.LETTER and len(decision.options) > 26:
            raise SettingError(
                f"{decision.game}: {len(decision.options)} options are more than there are letters; "
                "set presentation.labels=numbers"
            )
        shown = decision.shown
        if layout.order == "reversed":
            shown = shown[::-1]
        elif layout.order == "shuffled":
            shown = tuple(int(index) for index in stream(draw, "option order").permutation(len(shown)))
        if (layout, answer, shown) == (decision.layout, decision.answer, decision.shown):
            return decision
        return replace(decision, layout=layout, answer=answer, shown=shown)
