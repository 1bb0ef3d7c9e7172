"""The progress of a run while it goes on: counts, rate, failures, and what it waits for."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from games.types import Choice

_SHOWN = 5.0
"""Seconds for which a note stays in the bar, and that lie between two of them where there is none."""


class _Rate(ProgressColumn):
    """Decisions a second, how many failed, and what is waited for."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed or 0.0
        told = f" · {task.fields['note']}" if task.fields["note"] else ""
        return Text(f"{speed:,.0f}/s · {task.fields['failed']} failed{told}")


class Bar:
    """A progress bar over the decisions of each phase, on standard error; where that is no terminal, a line a phase."""

    def __init__(self, *, shown: bool) -> None:
        console = Console(stderr=True)
        self._plain = shown and not console.is_terminal
        self._failed = 0
        self._answered = 0
        self._noted = 0.0
        self._progress = Progress(
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
        self._task = self._progress.add_task(self._name, total=decisions, failed=0, note="")

    def asked(self, choice: Choice) -> None:
        """Count one decision answered."""
        self._failed += choice.failure is not None
        self._answered += 1
        if not self._progress.disable:
            if time.monotonic() - self._noted > _SHOWN:
                self._progress.update(self._task, note="")
            self._progress.update(self._task, advance=1, failed=self._failed)

    def told(self, line: str) -> None:
        """Show what the run waits for: in the bar, or else as a line every few seconds."""
        now = time.monotonic()
        if not self._progress.disable and self._task is not None:
            self._noted = now
            self._progress.update(self._task, note=line)
        elif self._plain and now - self._noted >= _SHOWN:
            self._noted = now
            print(line, file=sys.stderr)

    def _close_phase(self) -> None:
        if self._plain and self._name:
            print(f"{self._name}: {self._answered} decisions, {self._failed} failed", file=sys.stderr)
        self._name = ""
