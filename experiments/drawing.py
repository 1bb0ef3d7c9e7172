"""What the figures of a run share: colours, marks and files.

One colour per orientation throughout (Okabe & Ito 2008, told apart by people with any colour vision), a line style for
each further cell of the same orientation, and a mark on every figure whose data no language model gave or whose run
did not come to its end.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import pandas as pd
from matplotlib.figure import Figure

COLOURS = {
    "altruistic": "#009E73",
    "prosocial": "#0072B2",
    "individualistic": "#E69F00",
    "competitive": "#D55E00",
    "none": "#666666",
}
MARKERS = {"altruistic": "o", "prosocial": "s", "individualistic": "^", "competitive": "D", "none": "v"}
LINES = ("-", "--", ":", "-.")
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "svg.hashsalt": "commonweal",
    "savefig.dpi": 160,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class Cell:
    """One cell of the population as figures show it. number: which of the cells of its orientation, from 0."""

    name: str
    orientation: str
    synthetic: bool
    number: int

    @property
    def colour(self) -> str:
        """Its orientation's colour."""
        return COLOURS[self.orientation]

    @property
    def label(self) -> str:
        """Its name, with (S) where no language model answered."""
        return f"{self.name}{' (S)' if self.synthetic else ''}"


def cells_of(table: pd.DataFrame) -> list[Cell]:
    """The cells of a table, by orientation in the order of the colours."""
    people = table[["participant", "cell", "orientation", "synthetic"]].drop_duplicates("participant")
    found: list[Cell] = []
    for orientation in COLOURS:
        mine = people[people["orientation"] == orientation].sort_values("participant", kind="stable")
        for number, (name, one) in enumerate(mine.groupby("cell", sort=False, observed=True)):
            found.append(Cell(str(name), orientation, bool(one["synthetic"].iloc[0]), number))
    return found


def save(figure: Figure, folder: Path, name: str, marks: Sequence[str]) -> Path:
    """Save a figure as PNG and SVG with its marks, each a word, a colon and its reason. Returns the path of the PNG."""
    if marks:
        words = [mark.partition(":")[0] for mark in marks]
        size = 44 if max(map(len, words)) < 12 else 30
        for line, word in enumerate(words):
            height = 0.5 - 0.18 * (line - (len(words) - 1) / 2)
            how: dict[str, Any] = {"ha": "center", "va": "center", "rotation": 25, "alpha": 0.13}
            figure.text(0.5, height, word, size=size, color="#cc0000", **how)
        told = [line for mark in marks for line in textwrap.wrap(mark, 110)]
        # An endpoint's error may hold signs that matplotlib would read as a formula.
        figure.suptitle("\n".join(told), fontsize=8, color="#cc0000", parse_math=False)
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    return path
