"""How a decision's options are laid out before a player: their order. The order never changes what an option brings."""

from dataclasses import dataclass, replace

from games.errors import unknown
from games.randomness import stream
from games.types import Answer, Decision

ORDERS = ("original", "reversed", "shuffled")


@dataclass(frozen=True, slots=True)
class Presentation:
    """order: "original", "reversed" or "shuffled" (anew for every decision). Raises SettingError for another word."""

    order: str = "original"

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise unknown("presentation.order", self.order, ORDERS)

    def present(self, decision: Decision, draw: int) -> Decision:
        """The decision with its options in this order; `draw` fixes a shuffle. Amounts, a range, stay as they are."""
        if self.order == "original" or decision.answer is Answer.AMOUNT:
            return decision
        if self.order == "reversed":
            return replace(decision, shown=decision.shown[::-1])
        permuted = stream(draw, "option order").permutation(len(decision.options))
        return replace(decision, shown=tuple(int(index) for index in permuted))
