"""What the figures of a run share: colours, marks, sizes and files.

One colour per orientation throughout (Okabe & Ito 2008, told apart by people with any colour vision), a line style for
each further cell of the same orientation, and a mark on every figure whose data no language model gave or whose run
did not come to its end. Fonts and sizes are those of `commonweal.mplstyle`.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from experiments.schema import FORMATS

COLOURS = {
    "altruistic": "#009E73",
    "prosocial": "#0072B2",
    "individualistic": "#E69F00",
    "competitive": "#D55E00",
    "none": "#666666",
}
MARKERS = {"altruistic": "o", "prosocial": "s", "individualistic": "^", "competitive": "D", "none": "v"}
LINES = ("-", "--", ":", "-.")
STYLE: dict[Any, Any] = mpl.rc_params_from_file(
    Path(__file__).with_name("commonweal.mplstyle"), use_default_template=False
)
NARROW, WIDE = 3.5, 7.2
"""Inches: the width of a figure over one column and over two."""
TOGETHER = 8
"""More cells than this in one picture would hide one another."""
_SAVED: Mapping[str, Mapping[str, Any]] = {
    ".png": {},
    ".svg": {"metadata": {"Date": None}},
    ".pdf": {"metadata": {"CreationDate": None}},
}
"""How each format is saved, without dates: drawn again from the same data, a file is the same."""

_MARK = "#cc0000"
_SMALL = 7.5
_HEAD = "headline"
_MARGIN = 0.05
"""Inches around titles and marks."""
_LETTER = 0.53
"""Mean width of a letter, as a part of the font's size."""


@dataclass(frozen=True)
class Cell:
    """One cell of the population as figures show it. number: which of the cells of its orientation, from 0.

    scripted: whether it follows a rule and is a yardstick beside those who are studied.
    """

    name: str
    orientation: str
    synthetic: bool
    number: int
    scripted: bool = False

    @property
    def colour(self) -> str:
        """Its orientation's colour."""
        return COLOURS[self.orientation]

    @property
    def label(self) -> str:
        """Its name, with what it is if it is a scripted rule, and (S) where no language model answered."""
        return f"{'scripted: ' * self.scripted}{self.name}{' (S)' * self.synthetic}"


def cells_of(table: pd.DataFrame) -> list[Cell]:
    """The cells of a table, by orientation in the order of the colours."""
    columns = ["participant", "cell", "orientation", "synthetic"] + ["model"] * ("model" in table)
    people = table[columns].drop_duplicates("participant")
    found: list[Cell] = []
    for orientation in COLOURS:
        mine = people[people["orientation"] == orientation].sort_values("participant", kind="stable")
        for number, (name, one) in enumerate(mine.groupby("cell", sort=False, observed=True)):
            first = one.iloc[0]
            scripted = bool(first.get("model") == "none")
            found.append(Cell(str(name), orientation, bool(first["synthetic"]), number, scripted))
    return found


def gathered(table: pd.DataFrame) -> pd.DataFrame:
    """The table itself where its cells can be told apart; otherwise with the cells of each orientation taken as one.

    Simulated and scripted cells stay apart from others. Scripted rules keep their names while these are few.
    """
    cells = cells_of(table)
    if len(cells) <= TOGETHER:
        return table
    mixed = len({cell.synthetic for cell in cells if not cell.scripted}) > 1
    alike: dict[str, list[Cell]] = {}
    for cell in cells:
        simulated = ", simulated" * (mixed and cell.synthetic)
        kind = "rules" if cell.scripted else cell.orientation + simulated
        alike.setdefault(kind, []).append(cell)
    names = {}
    for kind, mine in alike.items():
        for cell in mine:
            alone = len(mine) == 1 or (kind == "rules" and len(mine) <= TOGETHER)
            names[cell.name] = cell.name if alone else f"{kind}: {len(mine)} cells"
    return table.assign(cell=table["cell"].astype(str).map(names))


def settings(cells: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By the name of each cell its model and induction, as far as the cells that have one differ in it.

    cells: of the summary. Where nothing differs, the name of the induction.
    """
    asked = [one for one in cells if one["model"] != "none"] or list(cells)
    differ = [key for key in ("model", "induction") if len({one[key] for one in asked}) > 1] or ["induction"]
    return {one["cell"]: " · ".join(str(one[key]) for key in differ) for one in cells}


def dark(colour: str) -> str:
    """A colour's shade in which small letters can be read on white."""
    red, green, blue = (int(int(colour[place : place + 2], 16) * 0.72) for place in (1, 3, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"


def folded(name: str, width: int) -> str:
    """A name on several lines, broken after a sign between its words; a longer word than a line is cut in two."""
    lines = [""]
    for word in re.findall(r"[^_/\- ]+[_/\- ]*|[_/\- ]+", name):
        for part in [word[start : start + width] for start in range(0, len(word), width)]:
            if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
                lines.append("")
            lines[-1] += part
    return "\n".join(line.rstrip(" ") for line in lines)


def titled(axes: Axes, text: str, *, beside: float = 0.6) -> None:
    """Write a title over axes, every line wrapped to the figure's width.

    beside: inches from the figure's left edge to the axes.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    size = float(mpl.rcParams["axes.titlesize"])
    axes.set_title(_wrapped(text, figure.get_figwidth() - beside, size), loc="left")


def headed(figure: Figure, text: str) -> None:
    """Write a title over a figure of several columns; one over its first axes would push these apart."""
    size = float(mpl.rcParams["axes.titlesize"])
    told = _wrapped(text, figure.get_figwidth() - 0.2, size)
    title = figure.text(0.012, 1, told, ha="left", va="top", fontsize=size)
    title.set_gid(_HEAD)
    _lower(figure, 0.0)


def _lower(figure: Figure, taken: float) -> None:
    """Keep the figure's title and its axes below the uppermost inches."""
    high = figure.get_figheight()
    for title in [text for text in figure.texts if text.get_gid() == _HEAD]:
        title.set_y(1 - (_MARGIN + taken) / high)
        taken += _tall(title.get_text(), float(title.get_fontsize()))
    if isinstance(engine := figure.get_layout_engine(), ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 1 - taken / high))


def _tall(text: str, size: float) -> float:
    """Inches that a text takes with the space below it."""
    return (text.count("\n") + 1) * 1.25 * size / 72 + 2 * _MARGIN


def _wrapped(text: str, inches: float, size: float) -> str:
    letters = int(inches * 72 / (_LETTER * size))
    return "\n".join(part for line in text.split("\n") for part in textwrap.wrap(line, letters))


def save(figure: Figure, folder: Path, name: str, marks: Sequence[str], formats: Sequence[str] = FORMATS) -> Path:
    """Save a figure with its marks, each a word, a colon and its reason. Returns the path of the first file.

    formats: of "png", "svg" and "pdf", at least one.
    """
    if marks:
        _mark(figure, marks)
    # The layout is worked out once, not anew for each file; where names are long it takes a second time to settle.
    if (engine := figure.get_layout_engine()) is not None:
        for _ in range(2):
            engine.execute(figure)
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{name}.{one}" for one in formats]
    # Where a figure has an engine, be it the one named "none", each file takes a second drawing for the layout alone.
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
        for path in paths:
            figure.savefig(path, **_SAVED[path.suffix])
    return paths[0]


def _mark(figure: Figure, marks: Sequence[str]) -> None:
    """Write the marks' words across a figure, and each with its reason above everything else."""
    wide, high = figure.get_size_inches()
    words = [mark.partition(":")[0] for mark in marks]
    size = min(44.0, 50 * wide / max(map(len, words)), 72 * high / 5)
    for line, word in enumerate(words):
        height = 0.5 - 0.18 * (line - (len(words) - 1) / 2)
        how: dict[str, Any] = {"ha": "center", "va": "center", "rotation": 25, "alpha": 0.13}
        figure.text(0.5, height, word, size=size, color=_MARK, **how)
    told = "\n".join(_wrapped(mark, wide - 0.2, _SMALL) for mark in marks)
    figure.text(0.5, 1 - _MARGIN / high, told, ha="center", va="top", fontsize=_SMALL, color=_MARK)
    _lower(figure, _tall(told, _SMALL))
