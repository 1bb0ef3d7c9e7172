"""What a run, or all jobs of a sweep together, may spend on calls."""

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from pathlib import Path

from agents.received import Received
from games.errors import BudgetError, above, whole


@dataclass(frozen=True, slots=True)
class Prices:
    """What a model costs, in the user's currency per million tokens; None where nothing was said."""

    tokens_in: float | None = None
    tokens_out: float | None = None

    def __post_init__(self) -> None:
        for name in ("tokens_in", "tokens_out"):
            value = getattr(self, name)
            if value is not None and (value != 0 or isinstance(value, bool)):
                above("model", f"price.{name}", value, 0)

    @property
    def known(self) -> bool:
        """Whether both prices were given."""
        return self.tokens_in is not None and self.tokens_out is not None

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """The cost of tokens; 0 where prices are not known, which `known` tells."""
        return (tokens_in * (self.tokens_in or 0) + tokens_out * (self.tokens_out or 0)) / 1e6


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls answered, tokens read and written, and their cost."""

    calls: float = 0
    tokens: float = 0
    cost: float = 0

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        """The sum, or with sign −1 the difference."""
        return Spent(self.calls + sign * other.calls, self.tokens + sign * other.tokens, self.cost + sign * other.cost)


@dataclass
class Budget:
    """The most that may be spent; None for no limit.

    calls: replies received.  tokens: read and written together.  cost: in the currency of the models' prices.
    shared: a file in which the jobs of a sweep keep their accounts; None for a run by itself.
    payer: the run, by the digest of its settings; jobs with the same settings are one run.

    Before a call its likely cost is booked, and corrected when the reply is there; so tokens and cost can go beyond
    the limit by no more than the calls under way were misjudged. Raises SettingError for a limit below 0.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    shared: Path | None = None
    payer: str = ""
    spent: Spent = field(default_factory=Spent)

    def __post_init__(self) -> None:
        if self.calls is not None:
            whole("budget", "calls", self.calls, 0)
        if self.tokens is not None:
            whole("budget", "tokens", self.tokens, 0)
        if self.cost is not None and (self.cost != 0 or isinstance(self.cost, bool)):
            above("budget", "cost", self.cost, 0)

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return (self.calls, self.tokens, self.cost) != (None, None, None)

    def book(self, likely: Spent) -> None:
        """Book a call before it is made. Raises BudgetError if it would go beyond a limit."""
        if self.limited:
            self._account(likely, self._refuse)

    def settle(self, likely: Spent, real: Spent) -> None:
        """Put what a call really took in the place of what was booked for it."""
        if self.limited:
            self._account(real.plus(likely, -1), None)

    def enter(self, earlier: Spent) -> None:
        """Count what this run has taken before it was started again.

        In a shared account it takes the place of what stood there for the run: a process that was killed had calls
        booked that never came to anything.
        """
        self._account(earlier, None, anew=True)

    def _refuse(self, spent: Spent) -> None:
        for name in ("calls", "tokens", "cost"):
            limit, needed = getattr(self, name), getattr(spent, name)
            if limit is not None and needed > limit + 1e-9:
                whose = "the sweep" if self.shared else "the run"
                raise BudgetError(
                    f"budget.{name}={limit} leaves {whose} no room for another call; what was obtained is kept: "
                    f"start the same command with a larger budget.{name} to go on"
                )

    def _account(self, more: Spent, check: Callable[[Spent], None] | None, *, anew: bool = False) -> None:
        if self.shared is None:
            after = more if anew else self.spent.plus(more)
            if check is not None:
                check(after)
            self.spent = after
            return
        self.shared.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.shared, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0) as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            written = file.read()
            accounts = {name: Spent(*one) for name, one in json.loads(written).items()} if written else {}
            own = Spent() if anew else accounts.get(self.payer, Spent())
            accounts[self.payer] = own.plus(more)
            after = Spent()
            for one in accounts.values():
                after = after.plus(one)
            if check is not None:
                check(after)
            line = json.dumps({name: astuple(one) for name, one in accounts.items()})
            file.seek(0)
            # Never shorter than before, so that one writing replaces the other whole.
            file.write(line.ljust(max(len(written) - 1, 0)).encode() + b"\n")
            self.spent = after


def spent(reply: Received, prices: Prices, characters: int) -> Spent:
    """What a reply took. Where the endpoint counts no tokens, four characters stand for one."""
    tokens_in = characters / 4 if reply.tokens_in is None else reply.tokens_in
    tokens_out = len(reply.text) / 4 if reply.tokens_out is None else reply.tokens_out
    return Spent(1, tokens_in + tokens_out, prices.cost(tokens_in, tokens_out))
