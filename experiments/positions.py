"""Position bias: how often a model takes the option shown first, second … whatever stands there.

Only lists of options have positions: an amount is named from a range, which nobody lays out.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import Resampling
from experiments.store import read_pieces
from experiments.tables import Tables, counted

_COLUMNS = ("participant", "model", "game", "options", "order", "labels", "position", "probabilities")

type _Orders = dict[tuple[str, str, int], Counter[str]]
"""How many decisions had their options in each order, by model, game and number of options."""


@dataclass
class _Tally:
    """Sums over decisions by participant: `sums` of shape (participants, positions), `counts` of (participants,)."""

    sums: NDArray[np.float64]
    counts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.sums), dtype=np.int64)

    def add(self, who: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add decisions: who took them, shape (n,), and what each position got, shape (n, positions)."""
        np.add.at(self.sums, who, values)
        self.counts += np.bincount(who, minlength=len(self.counts))


def positions(tables: Tables, resampling: Resampling) -> list[dict[str, Any]]:
    """The mean probability of each position, by model, game and number of options.

    obtained: "probabilities" where the model gave them, otherwise "choices": shares of the options taken.
    expected: of each position, for a model without a bias.  order: of the options, "mixed" where it was not always the
    same.  confounded: whether some content stands at some places more often than at others, so that a liking for either
    looks the same.  positions: each with its interval over participants.
    """
    orders: _Orders = {}
    tallies = _tallied(read_pieces(tables.folder, "decisions", _COLUMNS), tables.decisions["participant"], orders)
    found = []
    for model, game, size in dict.fromkeys(key[:3] for key in tallies):
        obtained = "probabilities" if (model, game, size, "probabilities") in tallies else "choices"
        one = tallies[model, game, size, obtained]
        there = one.counts > 0
        found.append(
            {
                "model": model,
                "game": game,
                "options": size,
                "obtained": obtained,
                "order": _order(orders[model, game, size]),
                "confounded": _confounded(orders[model, game, size], size),
                "expected": 1 / size,
                "decisions": int(one.counts.sum()),
                "positions": [
                    {"position": place + 1}
                    | asdict(resampling.pooled(one.sums[there, place], one.counts[there], "participants"))
                    for place in range(size)
                ],
            }
        )
    return found


def telling(entry: Mapping[str, Any]) -> bool:
    """Whether an entry says enough of positions to be shown: all content stood at all places, or probabilities."""
    return entry["obtained"] == "probabilities" or not entry["confounded"]


def menu_sizes(options: pd.Series, labels: pd.Series) -> pd.Series:
    """How many options each menu lists, from its JSON; 0 where its labels are amounts, which stand in no list."""
    # Counted, not read as JSON: in a shuffled run every menu is another, and there may be a million.
    return options.str.count(r'\["').where(labels != "amounts", 0).astype(int)


def _order(counts: Counter[str]) -> str | None:
    """The one order in which a menu was always laid out, or "mixed"; None where the table does not say."""
    return "mixed" if len(counts) > 1 else next(iter(counts), None)


def _confounded(counts: Counter[str], size: int) -> bool:
    """Whether some content stands at some places more often than at others.

    Not in shuffled orders. The original and the reversed one together, equally often, are all orders of two options; of
    more, they only exchange a place with its mirror image.
    """
    if set(counts) == {"shuffled"}:
        return False
    return size != 2 or counts["original"] != counts["reversed"]


def _tallied(
    pieces: Iterable[Any], participants: pd.Series, orders: _Orders
) -> dict[tuple[str, str, int, str], _Tally]:
    """The sums by model, game, number of options and how they were obtained; counts the orders shown into `orders`."""
    many = int(participants.max()) + 1 if len(participants) else 0
    found: dict[tuple[str, str, int, str], _Tally] = {}

    def add(key: tuple[str, str, int, str], who: pd.Series, values: NDArray[np.float64]) -> None:
        tally = found.setdefault(key, _Tally(np.zeros((many, key[2]))))
        tally.add(who.to_numpy(dtype=np.int64), values)

    for piece in pieces:
        rows = piece.to_pandas()
        rows["size"] = menu_sizes(rows["options"], rows["labels"])
        rows = rows[(rows["model"] != "none") & (rows["size"] > 0)]
        for (model, game, size), one in rows.groupby(["model", "game", "size"], sort=False, observed=True):
            menu = (str(model), str(game), int(size))
            # Failed replies count too: the order was put all the same.
            orders.setdefault(menu, Counter()).update(counted(one["order"]))
            chosen = one[one["position"].notna()]
            if len(chosen):
                taken = np.eye(menu[2])[chosen["position"].to_numpy(dtype=np.int64) - 1]
                add((*menu, "choices"), chosen["participant"], taken)
            given = one[one["probabilities"].notna()]
            if len(given):
                lists = json.loads(f"[{','.join(given['probabilities'])}]")
                add((*menu, "probabilities"), given["participant"], np.array(lists, dtype=np.float64))
    return found
