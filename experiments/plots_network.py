"""Figure of who met whom: snapshots of the population, by orientation and by the last act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from experiments.drawing import COLOURS, MARKERS, WIDE, Cell, cells_of, folded, headed
from experiments.tables import Tables
from games.randomness import stream

MOST = 200
"""Participants in one picture; of larger populations a sample of groups is drawn."""
_SMALL = 12
"""Groups up to this size, which stay together, are drawn as circles of their own."""

Places = dict[int, tuple[float, float]]


def network_snapshots(tables: Tables) -> Figure:
    """Participants as nodes and who met as edges in the first, the middle and the last round, in one layout.

    Fill by given orientation, and by the cooperation of the act in that round. Where everybody meets the same others
    in all three rounds, orientations are shown once.
    """
    rounds = tables.rounds
    numbers = sorted(int(number) for number in rounds["round"].unique())
    chosen = list(dict.fromkeys((numbers[0], numbers[(len(numbers) - 1) // 2], numbers[-1])))
    shown, told = sample(rounds, tables.lasting)
    rounds = rounds[rounds["participant"].isin(shown)]
    graphs = {number: meetings(rounds[rounds["round"] == number]) for number in chosen}
    cells = {cell.name: cell for cell in cells_of(tables.play)}
    first = rounds.drop_duplicates("participant")
    whose = {int(who): cells[str(cell)] for who, cell in zip(first["participant"], first["cell"], strict=True)}
    where = layout(rounds, whose)
    same = len({met.pairs for met in graphs.values()}) == 1
    once = same or tables.lasting
    figure, orientation_axes, act_axes = _panels(len(chosen), once=once)
    size = float(np.clip(1500 / len(shown), 12, 60))
    for axes, number in zip(orientation_axes, chosen, strict=False):
        _network(axes, graphs[number], where, {who: cell.colour for who, cell in whose.items()}, whose, size, set())
        _caption(axes, "given orientation" if once else f"given orientation, round {number}")
    scale = ScalarMappable(Normalize(0, 1), "cividis")
    for axes, number in zip(act_axes, chosen, strict=True):
        here = rounds[rounds["round"] == number]
        acts = dict(zip(here["participant"].astype(int), here["cooperation"].astype(float), strict=True))
        fills: dict[int, Any] = {who: scale.cmap(value) for who, value in acts.items() if np.isfinite(value)}
        failed = {who for who, value in acts.items() if not np.isfinite(value)}
        _network(axes, graphs[number], where, fills, whose, size, failed)
        _caption(axes, f"act, round {number}")
    named = folded(str(tables.about["cooperation"]), 40)
    beside = [*orientation_axes, *act_axes] if once else act_axes
    figure.colorbar(scale, ax=beside, label=named, aspect=30, pad=0.01, shrink=0.6)
    how = "edges: in one group, all rounds alike" if same else "edges: in one group in that round"
    game = str(tables.play["game"].iloc[0]).replace("_", " ")
    told = f"Who met whom, {game}, n = {len(shown)} participants{told}\n{how}; single acts, so without intervals"
    headed(figure, told)
    kinds = [name for name in COLOURS if any(cell.orientation == name for cell in whose.values())]
    synthetic = {cell.orientation for cell in whose.values() if cell.synthetic}
    figure.legend(handles=_handles(kinds, synthetic), loc="outside lower center", ncols=6, columnspacing=1.0)
    return figure


def sample(rounds: pd.DataFrame, lasting: bool) -> tuple[set[int], str]:
    """Who is drawn, and in words what they are a sample of: everybody, or groups drawn at random from the first round.

    rounds: of a play. At most `MOST` participants.
    """
    first = rounds[rounds["round"] == rounds["round"].min()]
    everybody = {int(who) for who in rounds["participant"].unique()}
    if len(everybody) <= MOST:
        return everybody, ""
    members = first.groupby("group")["participant"].apply(lambda column: [int(who) for who in column])
    order = stream(0, "figure of the network").permutation(len(members))
    shown: set[int] = set()
    groups = 0
    for number in order:
        if len(shown) + len(members.iloc[number]) > MOST:
            break
        shown |= set(members.iloc[number])
        groups += 1
    kind = "groups" if lasting else "groups of the first round"
    return shown, f" of {len(everybody)}: {groups} of {len(members)} {kind}, drawn at random"


@dataclass(frozen=True)
class Meetings:
    """Who was there in a round, and the pairs that met, the smaller number first."""

    present: frozenset[int]
    pairs: frozenset[tuple[int, int]]


def meetings(played: pd.DataFrame) -> Meetings:
    """Who met in a round: any two of a group. played: its rows of `rounds`."""
    groups = [sorted(int(who) for who in members) for _, members in played.groupby("group")["participant"]]
    pairs = (pair for members in groups for pair in combinations(members, 2))
    return Meetings(frozenset(who for members in groups for who in members), frozenset(pairs))


def layout(rounds: pd.DataFrame, whose: Mapping[int, Cell]) -> Places:
    """Where each participant stands in all snapshots, x and y about 0 to 1.

    Small groups that never mix stand in rows, each in a circle; a population that mixes stands in one circle by
    orientation, so that edges between orientations can be told from those within.
    """
    people = sorted(whose, key=lambda who: (_rank(whose[who]), who))
    parts = _apart([meetings(played) for _, played in rounds.groupby("round")], people)
    if max(map(len, parts)) > _SMALL:
        return dict(zip(people, _circle(0.5, 0.5, 0.5, len(people)), strict=True))
    columns = int(np.ceil(np.sqrt(len(parts))))
    where: Places = {}
    for number, part in enumerate(sorted(parts, key=min)):
        across, down = number % columns, number // columns
        centre = ((across + 0.5) / columns, 1 - (down + 0.5) / columns)
        where |= dict(zip(part, _circle(*centre, 0.34 / columns, len(part)), strict=True))
    return where


def _apart(met: Sequence[Meetings], people: Sequence[int]) -> list[list[int]]:
    """The people in parts between which nobody ever meets, each in the order given."""
    number = {who: place for place, who in enumerate(people)}
    pairs = [(number[one], number[other]) for each in met for one, other in each.pairs]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    joined = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(people), len(people)))
    _, part = connected_components(joined, directed=False)
    return [[who for who in people if part[number[who]] == one] for one in range(int(part.max()) + 1)]


def _rank(cell: Cell) -> int:
    return list(COLOURS).index(cell.orientation)


def _circle(x: float, y: float, radius: float, count: int) -> list[tuple[float, float]]:
    angles = np.pi / 2 + 2 * np.pi * np.arange(count) / max(1, count)
    return [(x + radius * float(np.cos(one)), y + radius * float(np.sin(one))) for one in angles]


def _panels(snapshots: int, *, once: bool) -> tuple[Figure, list[Axes], list[Axes]]:
    """The figure, the axes of orientations, and those of acts.

    once: whether orientations have one panel, beside those of acts, and not one for each snapshot above them.
    """
    columns = -(-(snapshots + 1) // 2) if once else snapshots
    figure = Figure(figsize=(WIDE, 2 * 6.2 / columns + 1.1))
    grid = list(figure.subplots(2, columns, squeeze=False).flat)
    if not once:
        return figure, grid[:columns], grid[columns:]
    for axes in grid[snapshots + 1 :]:
        axes.set_visible(False)
    return figure, grid[:1], grid[1 : snapshots + 1]


def _caption(axes: Axes, text: str) -> None:
    axes.text(0.5, -0.01, text, transform=axes.transAxes, ha="center", va="top", fontsize=7.5)


def _network(
    axes: Axes,
    met: Meetings,
    where: Places,
    fills: Mapping[int, Any],
    whose: Mapping[int, Cell],
    size: float,
    failed: set[int],
) -> None:
    """One snapshot. fills: of those who acted.  failed: who gave no readable reply; who is not in the graph is away."""
    lines = [(where[one], where[other]) for one, other in met.pairs]
    axes.add_collection(LineCollection(lines, colors="#999999", linewidths=0.5, zorder=1))
    for orientation, marker in MARKERS.items():
        mine = [who for who, cell in whose.items() if cell.orientation == orientation]
        present = [who for who in mine if who in met.present and who in fills]
        absent = [who for who in mine if who not in met.present]
        lost = [who for who in mine if who in met.present and who in failed]
        edge: dict[str, Any] = {"marker": marker, "s": size, "linewidths": 0.5, "zorder": 2}
        if present:
            axes.scatter(*_xy(present, where), c=[fills[who] for who in present], edgecolors="black", **edge)
        if absent:
            axes.scatter(*_xy(absent, where), facecolors="none", edgecolors="#cccccc", **edge)
        if lost:
            axes.scatter(*_xy(lost, where), facecolors="white", edgecolors="black", **edge)
            axes.scatter(*_xy(lost, where), marker="x", c="black", s=size / 2, linewidths=0.8, zorder=3)
    axes.set(xlim=(-0.06, 1.06), ylim=(-0.06, 1.06), aspect="equal")
    axes.set_axis_off()


def _xy(people: list[int], where: Places) -> tuple[list[float], list[float]]:
    return [where[who][0] for who in people], [where[who][1] for who in people]


def _handles(orientations: list[str], synthetic: set[str]) -> list[Any]:
    handles = [
        Line2D([], [], marker=MARKERS[name], ls="none", color=COLOURS[name], label=name + " (S)" * (name in synthetic))
        for name in orientations
    ]
    style: dict[str, Any] = {"ls": "none", "color": "black"}
    failed = Line2D([], [], marker="x", label="no readable reply", **style)
    away = Line2D([], [], marker="o", ls="none", markerfacecolor="none", color="#cccccc", label="not in this round")
    return [*handles, failed, away]
