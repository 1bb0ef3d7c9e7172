"""Redraw a run from its files alone:  python -m experiments.report <run folder>."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.cross_measures import agents, cross_measures, write_agents
from experiments.estimates import LARGEST, read_estimates, write_estimates
from experiments.exits import refused
from experiments.leaderboard import leaderboard, write_leaderboard
from experiments.schema import FORMATS
from experiments.statistics import Resampling
from experiments.store import write_json
from experiments.summary import summarise
from experiments.tables import read_tables
from games.errors import CommonwealError


def redraw(folder: Path, formats: Sequence[str] = FORMATS) -> tuple[dict[str, Any], list[Path]]:
    """Write a run's summary and figures again from its tables, with the intervals that the run was set to.

    formats: of the figures, none for no figures. Returns the summary and the paths of the run's files. Raises
    SettingError if the folder holds no run.
    """
    tables = read_tables(folder)
    resampling = Resampling(**tables.about["statistics"])
    written = []
    many = tables.decisions["participant"].nunique()
    if tables.about.get("estimates") and many <= LARGEST:
        write_estimates(tables, resampling.confidence)
    table = agents(tables, read_estimates(folder))
    if len(table):
        written.append(write_agents(table, folder))
    board = leaderboard(tables, resampling)
    if board is not None:
        written.append(write_leaderboard(board, folder))
    summary = summarise(tables, resampling) | {
        "leaderboard": board,
        "cross_measures": cross_measures(table, resampling),
        "estimates_left_out": bool(tables.about.get("estimates")) and many > LARGEST,
    }
    written.append(write_json(folder, "summary", summary))
    if formats:
        from experiments.plots import draw_all

        written += draw_all(tables, summary, resampling, formats)
    return summary, [*sorted(folder.glob("*.parquet")), folder / "manifest.json", *written]


def main(arguments: list[str]) -> int:
    """The command line. Returns the exit code."""
    from experiments.terminal import show

    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m experiments.report <run folder>", file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    folder = Path(arguments[0])
    try:
        summary, written = redraw(folder)
        show(summary, folder, written)
    except CommonwealError as error:
        return refused(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
