"""The progress of a run while it goes on: counts, rate, failures, and what it waits for."""

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from games.types import Choice

_SHOWN = 5.0
"""Seconds for which a note stays below the bar, and that lie between two of them where there is none."""


class _Rate(ProgressColumn):
    """Decisions a second, and how many failed."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed or 0.0
        return Text(f"{speed:,.0f}/s · {task.fields['failed']} failed")


class _Noted(Progress):
    """A progress bar with a line below it that says what is waited for."""

    note = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.note:
            yield Text(self.note, style="yellow", no_wrap=True, overflow="ellipsis")


class Bar:
    """A progress bar over the decisions of each phase, on standard error; where that is no terminal, a line a phase.

    each: what every line begins with, for one of several runs that share a terminal. These show no bar, but for what is
    waited for: how far they are is told for all of them together.
    """

    def __init__(self, *, shown: bool, each: str = "") -> None:
        console = Console(stderr=True)
        self._each = each
        self._plain = shown and (bool(each) or not console.is_terminal)
        self._failed = 0
        self._answered = 0
        self._noted = 0.0
        self._progress = _Noted(
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=not shown or self._plain,
        )
        self._task: Any = None
        self._name = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_phase()
        self._progress.stop()

    def phase(self, name: str, decisions: int) -> None:
        """Begin a phase of so many decisions."""
        self._close_phase()
        words = {"before": "measure", "play": "play", "after": "measure again"}
        self._name, self._failed, self._answered = words.get(name, name), 0, 0
        self._task = self._progress.add_task(self._name, total=decisions, failed=0)

    def asked(self, choice: Choice) -> None:
        """Count one decision answered."""
        self._failed += choice.failure is not None
        self._answered += 1
        if not self._progress.disable:
            if time.monotonic() - self._noted > _SHOWN:
                self._progress.note = ""
            self._progress.update(self._task, advance=1, failed=self._failed)

    def told(self, line: str) -> None:
        """Show what the run waits for: below the bar, or else as a line every few seconds."""
        now = time.monotonic()
        if not self._progress.disable:
            self._noted = now
            self._progress.note = line
        elif self._plain and now - self._noted >= _SHOWN:
            self._noted = now
            self._say(line)

    def _close_phase(self) -> None:
        if self._plain and self._name and not self._each:
            self._say(f"{self._name}: {self._answered} decisions, {self._failed} failed")
        self._name = ""

    def _say(self, line: str) -> None:
        # In one piece, so that the lines of several processes do not run into each other.
        sys.stderr.write(f"{self._each}{line}\n")
        sys.stderr.flush()
