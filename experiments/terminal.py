"""What a run says on the terminal at its end: tables, counts, and where the files are."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments import comparisons, cross_measures, play_words, presentations, stopping
from experiments.account_words import accounts
from experiments.bounds import bounds_told, told
from experiments.estimates import LARGEST
from experiments.leaderboard_words import leaderboard_table
from experiments.positions import telling
from experiments.summary import marks, units_told
from games.rationality import MEASURE


def measure_table(summary: Mapping[str, Any]) -> Table:
    """What the measure found: a row for each cell and administration, before and after play."""
    if _measure(summary) != MEASURE:
        return other_measure_table(summary)
    note = _noted(_bounds(summary, ("before", "after"), ("value_rationality_corrected", "in_category")))
    made = _table(summary, "measure", _notes(summary, note))
    made.add_column("cell", no_wrap=True)
    made.add_column("when,\nangles", no_wrap=True)
    for name in ("angle °", "value rationality", "chance", "corrected", "in category", "failed"):
        made.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    for name, phase, found in _administered(summary):
        made.add_row(
            name,
            f"{phase}\n{found['administrations'] - found['without_angle']}/{found['administrations']}",
            _stacked(found["angle"], ".1f"),
            _stacked(found["value_rationality"], ".2f"),
            _plain(found["chance_level"], ".2f"),
            _stacked(found["value_rationality_corrected"], ".2f"),
            "–" if found["in_category"] is None else _stacked(found["in_category"], ".0%"),
            _plain(found["failed_share"], ".1%"),
        )
    return made


def other_measure_table(summary: Mapping[str, Any]) -> Table:
    """The same of a measure on which value rationality is not defined."""
    note = _noted(_bounds(summary, ("before", "after"), ("in_category",)))
    made = _table(summary, "measure", _notes(summary, note), _measure(summary))
    for name in ("cell", "when"):
        made.add_column(name, no_wrap=True)
    for name in ("classed", "angle °", "consistency", "in category", "failed"):
        made.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    made.add_column("categories")
    for name, phase, found in _administered(summary):
        made.add_row(
            name,
            phase,
            f"{found['administrations'] - found['without_category']}/{found['administrations']}",
            _stacked(found["angle"], ".1f"),
            _stacked(found["consistency"], ".2f"),
            "–" if found["in_category"] is None else _stacked(found["in_category"], ".0%"),
            _plain(found["failed_share"], ".1%"),
            ", ".join(f"{category} {count}" for category, count in found["categories"].items()),
        )
    return made


def _notes(summary: Mapping[str, Any], note: str) -> str:
    return "\n".join(filter(None, (_expectations(summary), note, stopping.caption(summary.get("stopping")))))


def _administered(summary: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each cell's name, or "" where it was named a line above, with the phase and what was found in it."""
    for cell in summary["cells"]:
        phases = [phase for phase in ("before", "after") if phase in cell]
        for number, phase in enumerate(phases):
            yield "" if number else _name(cell), phase, cell[phase]


def _measure(summary: Mapping[str, Any]) -> str:
    """The name of the run's first measure."""
    named = [cell[phase]["measure"] for cell in summary["cells"] for phase in ("before", "after") if phase in cell]
    return str(named[0])


def play_table(summary: Mapping[str, Any]) -> Table:
    """What happened in play: a row for each cell."""
    bounded = summary["on_failure"] == "bound" or _bounds(summary, ("play",), ("cooperation",))
    made = _table(summary, "play", _noted(bounded))
    played = [cell for cell in summary["cells"] if "play" in cell]
    # Whether anybody left is worth a column only where somebody did.
    left = ["left"] if any(cell["play"].get("left") for cell in played) else []
    made.add_column("cell", no_wrap=True)
    for name in ("n", *left, "cooperation", "points\nper round", "attainment", "void", "failed"):
        made.add_column(name, justify="right", no_wrap=True)
    for cell in played:
        found = cell["play"]
        made.add_row(
            _name(cell),
            str(cell["participants"]),
            *(str(found["left"]) for _ in left),
            _stacked(found["cooperation"], ".2f"),
            _stacked(found["payoff"], ".1f"),
            _stacked(found["attainment"], ".2f"),
            _plain(found["void_share"], ".1%"),
            _plain(found["failed_share"], ".1%"),
        )
    return made


def drift_table(summary: Mapping[str, Any]) -> Table:
    """What play changed: the mean change of each cell's angle and corrected value rationality, within participants."""
    units = [(one["units"], one["unit"]) for _, one in _changes(summary) if one["low"] is not None]
    note = "p: sign flips; Holm: corrected over cells"
    if any(row["interacting"] for row in summary["drift"]):
        note += f"\n{comparisons.STRANGERS}"
    made = _table(summary, "drift", note, "change after play", units)
    made.add_column("cell", no_wrap=True)
    for name in ("pairs", "angle °", "p", "Holm", "corrected value rationality", "p", "Holm"):
        made.add_column(name.replace(" ", "\n", 1), justify="right", no_wrap=True)
    for row in summary["drift"]:
        found = [row["angle"], row["value_rationality_corrected"]]
        pairs = next((f"{one['pairs']}/{one['pairs'] + one['left_out']}" for one in found if one is not None), "–")
        figures = [_change(one, form) for one, form in zip(found, ("+.1f", "+.2f"), strict=True)]
        made.add_row(_name(row), pairs, *figures[0], *figures[1])
    return made


def _changes(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    quantities = ("angle", "value_rationality_corrected")
    return [(row["cell"], row[name]) for row in summary["drift"] for name in quantities if row[name] is not None]


def _change(found: Mapping[str, Any] | None, form: str) -> tuple[str, str, str]:
    if found is None:
        return ("–", "–", "–")
    return _stacked(found, form), _p(found["p"]), _p(found["p_holm"])


def _p(value: float | None) -> str:
    return "–" if value is None else "<.001" if value < 0.001 else f"{value:.3f}".lstrip("0")


def yardstick_table(summary: Mapping[str, Any]) -> Table:
    """What was seen in play beside what theory says of the game and what people did in it."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, caption=play_words.caption(summary))
    made.title = escape(
        "\n".join([f"{summary['experiment']} · yardsticks of {summary['play']['game']}", *marks(summary)])
    )
    made.title_justify = made.caption_justify = "left"
    for name in ("", "acts"):
        made.add_column(name)
    for name in ("cooperation", "points"):
        made.add_column(name, justify="right", no_wrap=True)
    for row in play_words.rows(summary):
        made.add_row(*map(escape, row))
    return made


def show(summary: Mapping[str, Any], folder: Path, written: list[Path]) -> None:
    """Print the tables, the correlation of cooperation with the angle, and where the files are."""
    console = Console()
    tables = []
    if any("before" in cell or "after" in cell for cell in summary["cells"]):
        tables.append(measure_table(summary))
        tables += [other_measure_table({**summary, "cells": one["cells"]}) for one in summary["further_measures"]]
    if _changes(summary):
        tables.append(drift_table(summary))
    if summary.get("leaderboard") is not None:
        tables.append(leaderboard_table(summary))
    if any("play" in cell for cell in summary["cells"]):
        tables.append(play_table(summary))
    if summary["play"] is not None:
        tables.append(yardstick_table(summary))
    # A narrower terminal folds lines; cutting columns off would lose numbers and marks.
    wide = Console(width=1000)
    console = Console(width=max(console.width, *(wide.measure(table).maximum for table in tables), 80))
    for table in tables:
        console.print(table)
    for line in _lines(summary):
        console.print(line, markup=False)
    if summary["status"] != "finished":
        console.print(f"[bold]this run is {summary['status']}[/bold]")
    print(f"results: {folder}")
    for path in written:
        print(f"  {path.relative_to(folder)}")


def _lines(summary: Mapping[str, Any]) -> list[str]:
    """What stands below the tables."""
    said = []
    related = summary["angle_and_cooperation"]
    if related["estimate"] is not None or related.get("bounds"):
        said.append(
            f"cooperation against measured angle: r = {_interval(related, '.2f')} "
            f"({related['participants'] - related['left_out']} of {related['participants']} participants, "
            f"{related['units']} {related['unit']} resampled; people: r = .30, Balliet, Parks & Joireman 2009)"
        )
    said += _differences(summary)
    said += stopping.lines(summary.get("stopping"))
    failures = summary["failures"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in failures["by_reason"].items())
    said.append(f"{failures['decisions']} decisions, {failures['failed']} failed{f' ({reasons})' if reasons else ''}")
    if metrics := play_words.metrics_line(summary):
        said.append(metrics)
    if summary.get("estimates_left_out"):
        said.append(f"preferences are not estimated for more than {LARGEST:,} participants")
    said += cross_measures.lines(summary.get("cross_measures"))
    said += presentations.lines(summary["presentations"], summary["confidence"])
    return [*said, *_first_options(summary), *accounts(summary)]


def _differences(summary: Mapping[str, Any]) -> list[str]:
    """Differences between cells. A leaderboard has letters of its own, and leaves out those of the measure."""
    rows, cells = summary["comparisons"], summary["cells"]
    board = summary.get("leaderboard") is not None
    shown = [row for row in rows if not (board and row["quantity"] in comparisons.MEASURED)]
    said = comparisons.lines(shown, cells, summary["confidence"])
    if len(shown) < len(rows):
        said.append("differences of angle and value rationality between cells: in summary.json, comparisons")
    return [*said, *comparisons.left_out(rows, cells, summary["cells_not_compared"])]


def _first_options(summary: Mapping[str, Any]) -> list[str]:
    """Position bias in a line for each model, where positions say something."""
    by_model: dict[str, list[str]] = {}
    for entry in summary["positions"]:
        if not telling(entry):
            continue
        said = (
            f"{_interval(entry['positions'][0], '.2f')} "
            f"(1/{entry['options']} = {entry['expected']:.2f} expected without position bias"
        )
        if entry["confounded"]:
            said += f"; order {entry['order'] or 'unknown'}: content and position are confounded"
        by_model.setdefault(entry["model"], []).append(f"{said}) in {entry['game'].replace('_', ' ')}")
    return [f"model {model}: first option shown: {', '.join(said)}" for model, said in by_model.items()]


def _expectations(summary: Mapping[str, Any]) -> str:
    """What a reader must know of angles that were not computed from choices; "" where there are none."""
    measured = [
        (cell["cell"], cell[phase]) for cell in summary["cells"] for phase in ("before", "after") if phase in cell
    ]
    expected = [(name, found) for name, found in measured if "probabilities" in (found["obtained"] or "")]
    spreads = [found["spread"] for _, found in expected if found["spread"] is not None]
    if not expected:
        return ""
    whose = "" if len(expected) == len(measured) else f" of {', '.join(dict.fromkeys(name for name, _ in expected))}"
    said = f"angles{whose} are expectations over the models' choice probabilities"
    if not spreads:
        return said
    least, most = f"{min(spreads):.1f}°", f"{max(spreads):.1f}°"
    return f"{said};\nspread of one administration: {least if least == most else f'{least} to {most}'}"


def _bounds(summary: Mapping[str, Any], phases: Sequence[str], names: Sequence[str]) -> bool:
    """Whether any of these figures has bounds beside its estimate."""
    found = [cell[phase][name] for cell in summary["cells"] for phase in phases if phase in cell for name in names]
    return any(one is not None and bounds_told(one, ".2f") for one in found)


def _noted(bounded: bool) -> str:
    return "a–b: failed replies at their least and at their greatest" if bounded else ""


def _table(
    summary: Mapping[str, Any],
    what: str,
    note: str,
    named: str = "",
    resampled: Sequence[tuple[int, str]] | None = None,
) -> Table:
    """named: what the table is of, where its title says more than the quantity.  resampled: the units of intervals."""
    title = "\n".join([f"{summary['experiment']} · {named or what} · {summary['run']}", *marks(summary)])
    units = _units(summary, what) if resampled is None else resampled
    over = f"brackets: {summary['confidence']:.0%} interval over " if units else ""
    caption = f"{over}{units_told(units)}{note and f'\n{note}'}"
    made = Table(title=escape(title), caption=caption, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    made.title_justify = made.caption_justify = "left"
    return made


def _name(cell: Mapping[str, Any]) -> str:
    return f"{cell['cell']}{' (S)' if cell['synthetic'] else ''}"


def _units(summary: Mapping[str, Any], what: str) -> list[tuple[int, str]]:
    """What each interval of a table resamples: how many of what; none without an interval."""
    phases = ("play",) if what == "play" else ("before", "after")
    parts = [cell[phase] for cell in summary["cells"] for phase in phases if phase in cell]
    named = ("cooperation", "payoff", "attainment") if what == "play" else ("angle", "consistency")
    found = [part[name] for part in parts for name in named]
    return [(one["units"], one["unit"]) for one in found if one["low"] is not None]


def _stacked(found: Mapping[str, Any], form: str) -> str:
    """An estimate with its interval on a line below, and its bounds below that: it keeps the table narrow."""
    lines = [_interval(found, form).replace(" [", "\n["), bounds_told(found, form)]
    return "\n".join(filter(None, lines))


def _interval(found: Mapping[str, Any], form: str) -> str:
    """A figure with its interval."""
    return told(found, form) + ("" if found["low"] is None else f" [{found['low']:{form}}, {found['high']:{form}}]")


def _plain(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
