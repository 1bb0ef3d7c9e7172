"""What a run says on the terminal: a progress bar with counts and rate, and tables at the end."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from experiments.summary import synthetic_mark, units_told
from games.types import Choice


class _Rate(ProgressColumn):
    """Decisions a second, and how many failed."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed or 0.0
        return Text(f"{speed:,.0f}/s · {task.fields['failed']} failed")


class Bar:
    """A progress bar over the decisions of each phase, on standard error; where that is no terminal, a line a phase."""

    def __init__(self, *, shown: bool) -> None:
        console = Console(stderr=True)
        self._plain = shown and not console.is_terminal
        self._failed = 0
        self._answered = 0
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
        self._task = self._progress.add_task(self._name, total=decisions, failed=0)

    def asked(self, choice: Choice) -> None:
        """Count one decision answered."""
        self._failed += choice.failure is not None
        self._answered += 1
        if not self._progress.disable:
            self._progress.update(self._task, advance=1, failed=self._failed)

    def _close_phase(self) -> None:
        if self._plain and self._name:
            print(f"{self._name}: {self._answered} decisions, {self._failed} failed", file=sys.stderr)
        self._name = ""


def measure_table(summary: Mapping[str, Any]) -> Table:
    """What the measure found: a row for each cell and administration, before and after play."""
    made = _table(summary, "measure")
    for name in ("cell", "when"):
        made.add_column(name, no_wrap=True)
    for name in ("angles", "angle °", "value rationality", "chance", "corrected", "in category", "failed"):
        made.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    for cell in summary["cells"]:
        for phase in ("before", "after"):
            if phase not in cell:
                continue
            found = cell[phase]
            made.add_row(
                _name(cell) if phase == "before" or "before" not in cell else "",
                phase,
                f"{found['administrations'] - found['without_angle']}/{found['administrations']}",
                _stacked(found["angle"], ".1f"),
                _stacked(found["value_rationality"], ".2f"),
                _plain(found["chance_level"], ".2f"),
                _plain(found["value_rationality_corrected"]["estimate"], ".2f"),
                _plain(found["in_category_share"], ".0%"),
                _plain(found["failed_share"], ".1%"),
            )
    return made


def play_table(summary: Mapping[str, Any]) -> Table:
    """What happened in play: a row for each cell."""
    made = _table(summary, "play")
    made.add_column("cell", no_wrap=True)
    for name in ("n", "cooperation", "payoff", "attainment", "void", "failed"):
        made.add_column(name, justify="right", no_wrap=True)
    for cell in summary["cells"]:
        if "play" not in cell:
            continue
        found = cell["play"]
        made.add_row(
            _name(cell),
            str(cell["participants"]),
            _stacked(found["cooperation"], ".2f"),
            _stacked(found["payoff"], ".1f"),
            _stacked(found["attainment"], ".2f"),
            _plain(found["void_share"], ".1%"),
            _plain(found["failed_share"], ".1%"),
        )
    return made


def _table(summary: Mapping[str, Any], what: str) -> Table:
    title = f"{summary['experiment']} · {what} · {summary['run']}"
    if summary["synthetic"]:
        title += f"\n{synthetic_mark(summary)}"
    units = _units(summary, what)
    caption = f"brackets: {summary['confidence']:.0%} bootstrap interval over {units}"
    made = Table(title=title, caption=caption, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    made.title_justify = made.caption_justify = "left"
    return made


def _name(cell: Mapping[str, Any]) -> str:
    return f"{cell['cell']}{' (S)' if cell['synthetic'] else ''}"


def show(summary: Mapping[str, Any], folder: Path, written: list[Path]) -> None:
    """Print the tables, the correlation of cooperation with the angle, and where the files are."""
    console = Console()
    tables = []
    if any("before" in cell or "after" in cell for cell in summary["cells"]):
        tables.append(measure_table(summary))
    if any("play" in cell for cell in summary["cells"]):
        tables.append(play_table(summary))
    # A narrower terminal folds lines; cutting columns off would lose numbers and marks.
    wide = Console(width=1000)
    console = Console(width=max(console.width, *(wide.measure(table).maximum for table in tables), 80))
    for table in tables:
        console.print(table)
    related = summary["angle_and_cooperation"]
    if related["estimate"] is not None:
        console.print(
            f"cooperation against measured angle: r = {_interval(related, '.2f')} "
            f"({related['participants'] - related['left_out']} of {related['participants']} participants, "
            f"{related['units']} {related['unit']} resampled; people: r = .30, Balliet, Parks & Joireman 2009)"
        )
    failures = summary["failures"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in failures["by_reason"].items())
    console.print(f"{failures['decisions']} decisions, {failures['failed']} failed{f' ({reasons})' if reasons else ''}")
    for model in summary["models"]:
        mark = " SYNTHETIC" if model["synthetic"] else ""
        console.print(
            f"model {model['model']}{mark}: {model['calls']} calls, "
            f"{model['tokens_in']} tokens in, {model['tokens_out']} out"
        )
    if summary["status"] != "finished":
        console.print(f"[bold]this run is {summary['status']}[/bold]")
    print(f"results: {folder}")
    for path in written:
        print(f"  {path.relative_to(folder)}")


def _units(summary: Mapping[str, Any], what: str) -> str:
    """What the intervals of a table resample."""
    phases = ("play",) if what == "play" else ("before", "after")
    parts = [cell[phase] for cell in summary["cells"] for phase in phases if phase in cell]
    found = [part["cooperation" if what == "play" else "angle"] for part in parts]
    return units_told([(one["units"], one["unit"]) for one in found if one["low"] is not None])


def _stacked(found: Mapping[str, Any] | None, form: str) -> str:
    """An estimate with its interval on a line below, which keeps the table narrow."""
    return _interval(found, form).replace(" [", "\n[")


def _interval(found: Mapping[str, Any] | None, form: str) -> str:
    if not found or found["estimate"] is None:
        return "–"
    if found["low"] is None:
        return f"{found['estimate']:{form}}"
    return f"{found['estimate']:{form}} [{found['low']:{form}}, {found['high']:{form}}]"


def _plain(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
