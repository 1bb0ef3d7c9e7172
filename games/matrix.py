"""Matrix games for two: any bimatrix, with the 2 × 2 games of the field as its members in the catalogue.

The row player (seat 0) receives row[i][j] and the column player (seat 1) column[i][j] when the row player takes act i
and the column player act j (von Neumann & Morgenstern 1944; the taxonomy of 2 × 2 games: Rapoport & Guyer 1966,
General Systems 11, 203–214). A symmetric 2 × 2 game is often given by T (temptation), R (reward), P (punishment) and
S (sucker's payoff): row = ((R, S), (T, P)) and column = ((R, T), (S, P)). With T > R > P > S it is the prisoner's
dilemma, with R > T ≥ P > S the stag hunt, with T > R > S > P chicken (hawk–dove, snowdrift), with R > T and S > P
harmony.

Cooperation of an act is what the file of the game says, on [0, 1].
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.errors import SettingError, share, whole
from games.rounds import Act
from games.simultaneous import Simultaneous
from games.types import Json

type Table = tuple[tuple[float, ...], ...]


def payoffs(acts: ArrayLike, row: ArrayLike, column: ArrayLike) -> NDArray[np.float64]:
    """Points of both players.

    acts: places of the acts of the row and the column player, shape (…, 2).  row, column: points, shape (acts of the
    row player, acts of the column player). Returns the shape of `acts`.
    """
    chosen = np.asarray(acts, dtype=np.int64)
    first, second = chosen[..., 0], chosen[..., 1]
    points: NDArray[np.float64] = np.stack(
        [np.asarray(row, dtype=np.float64)[first, second], np.asarray(column, dtype=np.float64)[first, second]], axis=-1
    )
    return points


@dataclass(frozen=True, slots=True)
class Matrix(Simultaneous):
    """A game for two in normal form.

    name: the game's name in tables.  acts: names of the acts, the same for both.  row, column: points of each player,
    a row for each act of the row player (seat 0).  cooperative: how cooperative each act is, on [0, 1]; None where no
    act is the cooperative one.
    rounds: length.

    Raises SettingError for tables that do not fit the acts, or a setting out of range.
    """

    SYMMETRIC: ClassVar[bool] = False

    name: str
    acts: tuple[str, ...]
    row: Table
    column: Table
    cooperative: tuple[float, ...] | None = None
    rounds: int = 10
    players: int = field(default=2, init=False)

    def __post_init__(self) -> None:
        # YAML holds lists; a frozen value holds tuples.
        object.__setattr__(self, "acts", tuple(str(act) for act in self.acts))
        if self.cooperative is not None:
            object.__setattr__(self, "cooperative", tuple(self.cooperative))
        if len(set(self.acts)) < len(self.acts) or len(self.acts) < 2:
            raise SettingError(f"{self.name}: acts={list(self.acts)} must name two acts or more, each once")
        if len(self.acts) > 26:
            raise SettingError(
                f"{self.name}: {len(self.acts)} acts are more than there are letters; name 26 at the most"
            )
        for side in ("row", "column"):
            object.__setattr__(self, side, self._table(side, getattr(self, side)))
        levels = self.cooperative
        if levels is not None and len(levels) != len(self.acts):
            raise SettingError(f"{self.name}: cooperative needs a number for each of {', '.join(self.acts)}, or null")
        for act, level in zip(self.acts, levels or (), strict=levels is not None):
            share(self.name, f"cooperation of {act}", level)
        whole(self.name, "rounds", self.rounds, 1)

    @classmethod
    def symmetric(
        cls,
        name: str,
        acts: tuple[str, str],
        temptation: float,
        reward: float,
        punishment: float,
        sucker: float,
        rounds: int = 10,
    ) -> Self:
        """The symmetric 2 × 2 game of T, R, P and S; the first act is the cooperative one."""
        row = ((reward, sucker), (temptation, punishment))
        column = ((reward, temptation), (sucker, punishment))
        return cls(name, tuple(acts), row, column, (1.0, 0.0), rounds)

    def _table(self, side: str, given: object) -> Table:
        try:
            table = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            table = np.empty(0)
        many = len(self.acts)
        if table.shape != (many, many) or not np.isfinite(table).all():
            raise SettingError(
                f"{self.name}: {side}={given} must be a table of {many} × {many} numbers, one row an act"
            )
        return tuple(tuple(float(table[row, column]) for column in range(many)) for row in range(many))

    @property
    def menu(self) -> tuple[Act, ...]:
        """The acts by name."""
        return self.acts

    def points(self, acts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Both players' points; acts: places of the acts, shape (…, 2)."""
        return payoffs(acts, self.row, self.column)

    def cooperation(self, act: Act) -> float | None:
        """As the game's file says."""
        return None if self.cooperative is None else float(self.cooperative[self.acts.index(str(act))])

    def constant_sum(self) -> float | None:
        """The sum of both players' points, where it is the same whatever they do."""
        sums = {
            own + other
            for mine, theirs in zip(self.row, self.column, strict=True)
            for own, other in zip(mine, theirs, strict=True)
        }
        return sums.pop() if len(sums) == 1 else None

    def told(self, seat: int) -> dict[str, Json]:
        """What each pair of acts brings, as that seat sees it: own act, the other's act, own and the other's points."""
        outcomes = []
        for own, mine in enumerate(self.acts):
            for other, theirs in enumerate(self.acts):
                points = (self.row[own][other], self.column[own][other])
                if seat == 1:
                    points = (self.column[other][own], self.row[other][own])
                outcomes.append((mine, theirs, *points))
        return {"outcomes": tuple(outcomes)}
